//! Components over `wasi:sockets`: what they reach is what the policy has, as with programs in Python.

use std::{
    io::{Read, Write},
    net::{TcpListener, UdpSocket},
    sync::{LazyLock, atomic::Ordering},
    thread,
    time::Duration,
};

use wasm_sandbox::{
    ByteUnits, Ending, Language, LimitHit, NetworkGrants, NetworkPolicy, NetworkProtocol, ResourceKind, SandboxResult,
    Source, TimeUnits, WasmSandboxBuilder,
};

use super::{Server, denied, ok, printed};
use crate::languages;

static CLIENT: LazyLock<Vec<u8>> = LazyLock::new(|| languages::compiled("network/sockets/guest.rs", "wasm32-wasip2"));

fn client() -> WasmSandboxBuilder {
    languages::builder(Language::Rust).source(Source::from(&CLIENT[..]))
}

fn run(builder: WasmSandboxBuilder, arguments: &[&str]) -> SandboxResult {
    builder.build_blocking().unwrap().execute(arguments.iter().copied()).unwrap()
}

/// What it does with one server granted.
fn granted(server: &Server, arguments: &[&str]) -> SandboxResult {
    run(client().network_allow(&server.rule()), arguments)
}

fn with(server: &Server, arguments: &[&str], change: impl FnOnce(&mut NetworkGrants)) -> SandboxResult {
    let mut grants = NetworkGrants { rules: vec![server.rule().parse().unwrap()], ..NetworkGrants::default() };
    change(&mut grants);
    run(client().network(NetworkPolicy::Allow(grants)), arguments)
}

fn limit(result: &SandboxResult) -> ResourceKind {
    match result.ending {
        Ending::Limit(LimitHit { kind, .. }) => kind,
        ref other => panic!("no limit ended it but {other:?}: {} {}", result.stdout, result.stderr),
    }
}

/// Gives back what it hears, when that has come to its end.
fn echo() -> Server {
    Server::new(|mut stream, _| {
        let mut heard = Vec::new();
        let _ = stream.read_to_end(&mut heard);
        let _ = stream.write_all(&heard);
    })
}

/// Says nothing for as long as it is listened to.
fn silent() -> Server {
    Server::new(|mut stream, _| {
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    })
}

#[test]
fn f1_nothing_is_reached_by_a_component_unless_it_is_granted() {
    let server = Server::hello();
    let (place, port) = (server.rule(), server.port.to_string());
    let closed = run(client(), &["connect", &place]);
    assert_eq!((printed(&closed).as_str(), server.connections()), ("PermissionDenied\n", 0));
    denied(&closed, "connect", &place);
    assert_eq!(closed.connections[0].error.as_deref(), Some("the network is not granted"));
    let closed = run(client(), &["get", "localhost", &port]);
    assert_eq!(printed(&closed), "PermissionDenied\n");
    denied(&closed, "resolve", "localhost");

    // The twin.
    let open = granted(&server, &["get", "localhost", &port]);
    assert_eq!(printed(&open), format!("127.0.0.1 {place}\n\"hello\"\n"));
    assert_eq!((open.denials.len(), server.connections()), (0, 1), "{:?}", open.denials);
    let record = &open.connections[0];
    assert_eq!((record.host.as_str(), record.address.as_deref()), ("127.0.0.1", Some("127.0.0.1")));
    assert_eq!((record.bytes_sent, record.bytes_received), (18, ok("hello").len() as u64));
}

#[tokio::test]
async fn components_in_asynchronous_sandboxes_reach_it_too() {
    let server = Server::hello();
    let sandbox = client().network_allow(&server.rule()).build().await.unwrap();
    let result = sandbox.execute(["get", "127.0.0.1", &server.port.to_string()]).await.unwrap();
    assert!(printed(&result).ends_with("\"hello\"\n"), "{}", result.stdout);
}

#[test]
fn f2_f3_f6_no_clothes_of_an_address_connect() {
    let server = Server::hello();
    let result = granted(&server, &["families", &server.port.to_string()]);
    let said = printed(&result);
    let (wrong, refused) = ("invalid-argument", "access-denied");
    let families = [wrong, wrong, wrong, "not-supported"];
    // What is no host's address is wrong, and written down as what is not granted.
    let addresses = [wrong, refused, refused, wrong, wrong, wrong, refused, refused, wrong, "ok"];
    assert_eq!(said.lines().collect::<Vec<_>>(), [&families[..], &addresses].concat());
    assert_eq!((result.denials.len(), result.connections.len()), (10, 10));
    denied(&result, "connect", &format!("[::ffff:127.0.0.1]:{}", server.port));
    let server = Server::hello();
    let hosts = ["0.0.0.0", "0", "0x7f000001", "0177.0.0.1", "127.1", "127.0.0.1@x.example", "x.localhost.", "::"];
    let result = granted(&server, &[&["resolve"], &hosts[..]].concat());
    let said = printed(&result);
    // Every machine's own name is known without asking anybody, and leads nowhere but to what is granted.
    let wrong = ["InvalidInput"; 5];
    let expected = [&["[0.0.0.0]"], &wrong[..], &["[127.0.0.1]", "[::]"]].concat();
    assert_eq!(said.lines().collect::<Vec<_>>(), expected, "{said}");
    hosts[1..6].iter().for_each(|host| _ = denied(&result, "resolve", host));
    assert_eq!(server.connections(), 0);
}

#[test]
fn f3_a_rule_grants_no_address_that_is_no_hosts() {
    let server = Server::hello();
    let of_port = |address: &str| format!("{address}:{}", server.port);
    let places = ["0.0.0.0", "[::]", "224.0.0.1", "255.255.255.255", "[ff02::1]"].map(of_port);
    // A rule for such an address is none; these are for all that there are.
    let everybody = ["0.0.0.0/0", "[::/0]"].map(of_port);
    let all = everybody.iter().fold(client(), |builder, rule| builder.network_allow(rule));
    let result = run(all, &[&["connect"], &places.each_ref().map(String::as_str)[..]].concat());
    assert_eq!((printed(&result), server.connections()), ("InvalidInput\n".repeat(5), 0));
    for place in &places {
        let kind = if place.starts_with("0.") || place.starts_with("[:") { "unspecified" } else { "multicast" };
        let reason = denied(&result, "connect", place).reason.as_deref();
        assert_eq!(reason, Some(format!("the address is {kind}, and so no host's").as_str()));
    }
    // The twin: the network that they are in grants the addresses of hosts.
    let result = run(client().network_allow(&of_port("0.0.0.0/0")), &["connect", &server.rule()]);
    assert_eq!((printed(&result), server.connections()), (format!("{}\n", server.rule()), 1));
}

#[test]
fn f8_f16_nothing_is_listened_on_by_a_component() {
    let server = Server::hello();
    let result = granted(&server, &["listen", &server.rule()]);
    let refused = "PermissionDenied\n".repeat(3);
    assert_eq!(printed(&result), format!("{refused}{}\n", server.rule()));
    for target in ["127.0.0.1:0", "[::]:8080", "0.0.0.0:0"] {
        let denial = denied(&result, "bind", target);
        assert_eq!(denial.reason.as_deref(), Some("nothing can be listened on in a sandbox"));
    }
}

#[test]
fn f18_what_a_component_is_refused_is_named() {
    let server = Server::hello();
    let other = Server::hello();
    let result = granted(&server, &["connect", "10.0.0.1:80", "10.0.0.1:80", &other.rule(), "unknown.example:80"]);
    assert_eq!(printed(&result), "PermissionDenied\n".repeat(4));
    let denial = denied(&result, "connect", "10.0.0.1:80");
    assert!(denial.count == 2 && denial.reason.as_deref().unwrap().contains("private"), "{denial}");
    assert!(denied(&result, "connect", &other.rule()).reason.as_deref().unwrap().contains("no rule is for this port"));
    denied(&result, "resolve", "unknown.example");
    assert_eq!((result.connections.len(), other.connections()), (3, 0));
}

#[test]
fn f9_a_components_connections_and_bytes_end_somewhere() {
    let server = silent();
    let place = server.rule();
    let result = with(&server, &["keep", &place, "3"], |grants| grants.connections = 2);
    let said = printed(&result);
    assert!(said.starts_with("[Some(") && said.ends_with("]\n()\n"), "{said}");
    assert_eq!(result.limit_hit(ResourceKind::OpenConnections).unwrap().limit, 2);
    let twin = with(&server, &["keep", &place, "3"], |grants| grants.connections = 3);
    assert_eq!(printed(&twin), "[]\n()\n");

    let again = |total| with(&server, &["again", &place, "5"], move |grants| grants.total_connections = total);
    assert_eq!(limit(&again(4)), ResourceKind::Connections);
    assert_eq!(printed(&again(5)), "()\n".repeat(5));

    let send = |most: u64| with(&server, &["send", &place, "600000"], move |grants| grants.bytes_sent = most.bytes());
    let result = send(599_999);
    assert_eq!((limit(&result), result.connections[0].bytes_sent), (ResourceKind::BytesSent, 599_999));
    let result = send(600_000);
    assert_eq!((printed(&result).as_str(), result.connections[0].bytes_sent), ("()\n", 600_000));

    let speaking = Server::new(|mut stream, _| stream.write_all(&[b'x'; 300_000]).unwrap_or_default());
    let receive =
        |most: u64| with(&speaking, &["receive", &speaking.rule()], move |grants| grants.bytes_received = most.bytes());
    assert_eq!(limit(&receive(299_999)), ResourceKind::BytesReceived);
    assert_eq!(printed(&receive(300_000)), "300000\n");
}

#[test]
fn f10_f11_a_component_that_waits_ends_with_its_time() {
    let server = silent();
    let said = printed(&granted(&server, &["timeouts", &server.rule()]));
    assert_eq!(said, "WouldBlock\ntrue\nWouldBlock\n1\n");
    let builder = client().network_allow(&server.rule()).timeout(500.millis());
    assert_eq!(limit(&run(builder, &["receive", &server.rule()])), ResourceKind::WallTime);
    let result = with(&server, &["receive", &server.rule()], |grants| grants.connection_time = 100.millis());
    assert_eq!(result.connections[0].error.as_deref(), Some("the connection took too long"));
    // A cancel ends it, too.
    let sandbox = client().network_allow(&server.rule()).build_blocking().unwrap();
    let (handle, connected, before) = (sandbox.cancel_handle(), server.connections.clone(), server.connections());
    thread::spawn(move || {
        while connected.load(Ordering::SeqCst) == before {
            thread::yield_now();
        }
        handle.cancel();
    });
    assert_eq!(sandbox.execute(["receive", &server.rule()]).unwrap().ending, Ending::Cancel);
}

#[test]
fn each_direction_of_a_connection_ends_by_itself() {
    let server = echo();
    assert_eq!(printed(&granted(&server, &["half", &server.rule()])), "true\nsaid\n0\n");
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = run(client().network_allow(&free.to_string()), &["connect", &free.to_string()]);
    assert_eq!(printed(&refused), "ConnectionRefused\n");
    assert_eq!(printed(&granted(&server, &["options", &server.rule()])), "64\n()\n9\nInvalidInput\ntrue\n");
}

#[test]
fn nothing_is_not_read_of_what_has_ended() {
    let server = Server::new(|_, _| {});
    assert_eq!(printed(&granted(&server, &["ended", &server.port.to_string()])), "1 1\n1 1\n1 1\n");
}

#[test]
fn a_stream_that_has_failed_is_closed() {
    // What the server has not read when it goes breaks the connection off.
    let server = Server::new(|stream, _| drop(stream.peek(&mut [0])));
    assert_eq!(printed(&granted(&server, &["reset", &server.port.to_string()])), "0\n1 0\n1 1\n1 1\n");
}

#[test]
fn what_is_sent_last_arrives() {
    let (tell, told) = std::sync::mpsc::channel();
    let server = Server::new(move |mut stream, _| {
        let mut heard = Vec::new();
        stream.read_to_end(&mut heard).unwrap();
        tell.send(heard.len()).unwrap();
    });
    assert_eq!(printed(&granted(&server, &["send", &server.rule(), "1000000"])), "()\n");
    assert_eq!(told.recv_timeout(Duration::from_secs(60)).unwrap(), 1_000_000);
}

#[test]
fn calls_of_a_socket_have_an_order() {
    let server = silent();
    let said = printed(&granted(&server, &["order", &server.port.to_string()]));
    let expected = "Err(\"not-in-progress\")\nnot-in-progress\naccess-denied\ninvalid-state\ninvalid-argument\n\
        ok 1073741823\nok\nconcurrency-conflict\ntrue\nErr(\"not-in-progress\")\ninvalid-state\n";
    assert_eq!(said, expected);
}

#[test]
fn several_connections_are_waited_for_at_once() {
    let count = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::new(move |mut stream, _| {
        if count.fetch_add(1, Ordering::SeqCst) == 1 {
            let _ = stream.write_all(b"hello");
        }
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    // Which of the two the server comes to first is not said.
    let said = printed(&granted(&server, &["together", &server.port.to_string()]));
    assert!(["[1]\n0 0\n0 5\n", "[0]\n0 5\n0 0\n"].contains(&said.as_str()), "{said}");
}

#[test]
fn d14_sockets_are_the_guests_own_and_end_at_their_limit() {
    assert_eq!(limit(&run(client(), &["sockets"])), ResourceKind::Handles);
    printed(&run(client(), &["sockets dropped"]));
    for forged in [&["forged", "0"][..], &["forged", "1000000"], &["dropped twice"], &["not its type"]] {
        let server = silent();
        let result = granted(&server, forged);
        let Ending::Trap(trap) = &result.ending else { panic!("{forged:?}: {:?}", result.ending) };
        assert!(trap.message.contains("handle"), "{forged:?}: {}", trap.message);
    }
    // What a socket has given outlives it, and comes to its end.
    let server = silent();
    assert_eq!(printed(&granted(&server, &["outlives", &server.port.to_string()])), "1 1\n1 1\n1\n");
}

#[test]
fn f4_a_name_without_an_address_is_none() {
    let rule = "nowhere.invalid:80";
    let result = run(client().network_allow(rule), &["slowly", "nowhere.invalid"]);
    assert_eq!(printed(&result), "name-unresolvable\n");
    assert_eq!(result.denials, []);
    let server = silent();
    assert_eq!(printed(&granted(&server, &["slowly", "localhost"])), "an address\nnone\n");
    assert_eq!(printed(&granted(&server, &["slowly", "other.example"])), "access-denied\n");
    // An address is itself, in brackets too.
    for address in ["192.0.2.7", "2001:DB8::7", "[2001:db8::7]", "[::]"] {
        let result = granted(&server, &["slowly", address]);
        assert_eq!((printed(&result).as_str(), &result.denials[..]), ("an address\nnone\n", &[][..]), "{address}");
    }
    for none in ["", " ", "a.b<&>", "127.0.0.1:80", "[127.0.0.1]", "[::]:80", "[localhost]", "http://other.example/"] {
        let result = granted(&server, &["slowly", none]);
        assert_eq!(printed(&result), "invalid-argument\n", "{none:?}");
        denied(&result, "resolve", none);
    }
}

#[test]
fn f13_names_in_any_alphabet_are_those_of_their_rules() {
    let server = silent();
    let local = granted(&server, &["slowly", "b\u{fc}cher.LOCALHOST"]);
    assert_eq!(printed(&local), "an address\nnone\n");
    for rule in ["b\u{fc}cher.invalid:80", "xn--bcher-kva.invalid:80", "*.invalid:80"] {
        for name in ["B\u{dc}cher.invalid", "xn--bcher-kva.invalid.", "bu\u{308}cher\u{3002}invalid"] {
            let result = run(client().network_allow(rule), &["slowly", name]);
            assert_eq!(
                (printed(&result).as_str(), &result.denials[..]),
                ("name-unresolvable\n", &[][..]),
                "{rule} {name}"
            );
        }
    }
    // Letters that look alike are others, and what has no form for resolvers is no name.
    for (name, said) in [
        ("b\u{fc}\u{441}her.invalid", "access-denied\n"),
        ("b\u{fc}cher.example", "access-denied\n"),
        ("\u{2460}\u{2461}\u{2466}.0.0.1", "invalid-argument\n"),
        ("b\u{fc}cher .invalid", "invalid-argument\n"),
        ("\u{ad}", "invalid-argument\n"),
    ] {
        let result = run(client().network_allow("b\u{fc}cher.invalid:80"), &["slowly", name]);
        assert_eq!(printed(&result), said, "{name:?}");
        assert_eq!(result.denials.len(), 1, "{name:?}");
    }
}

#[test]
fn options_of_sockets_are_kept_and_given_back() {
    let server = silent();
    let times = |usual| format!("{usual} invalid-argument {usual} ok 1000000000 ok 42000000000 ok 32767000000000\n");
    let sizes = "262144 invalid-argument 262144 ok 1 ok 65536 ok 1073741823\n";
    let all = |backlog: &str| {
        let (idle, interval) = (times("7200000000000"), times("75000000000"));
        format!("{idle}{interval}9 invalid-argument 9 ok 42 ok 127\n0 ok 1 ok 0\n{sizes}{sizes}{backlog}\n")
    };
    let (new, connected) = (all("[\"invalid-argument\", \"ok\"]"), all("[\"invalid-argument\", \"invalid-state\"]"));
    assert_eq!(printed(&granted(&server, &["tcp options", &server.port.to_string()])), new + &connected);
    let socket = format!("64 invalid-argument 64 ok 1 ok 255\n{sizes}{sizes}");
    let result = run(client().network_allow("udp://127.0.0.1:9"), &["udp options"]);
    assert_eq!(printed(&result), socket.repeat(2));
}

#[test]
fn a_component_without_sockets_is_granted_no_network() {
    let text = "(component (core module $m (func (export \"f\"))) (core instance $i (instantiate $m)) \
        (func (export \"f\") (canon lift (core func $i \"f\"))))";
    let builder = wasm_sandbox::WasmSandbox::builder().setup(wasm_sandbox::Setup::default());
    let error = builder.source(crate::wat(text)).network_allow("example.com").build_blocking().err().unwrap();
    assert!(error.to_string().starts_with("capabilities.network: "), "{error}");
    let preview1 = languages::compiled("wasi2/guest.rs", "wasm32-wasip1");
    let builder = languages::builder(Language::Rust).source(Source::from(&preview1[..]));
    let error = builder.network_allow("example.com").build_blocking().err().unwrap();
    assert!(error.to_string().starts_with("capabilities.network: "), "{error}");
    // The twin.
    client().network_allow("example.com").build_blocking().unwrap();
}

/// Gives each datagram back to who sent it.
fn returning() -> (UdpSocket, String) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let place = socket.local_addr().unwrap().to_string();
    let serving = socket.try_clone().unwrap();
    thread::spawn(move || {
        let mut room = vec![0; 65_536];
        while let Ok((len, from)) = serving.recv_from(&mut room) {
            let _ = serving.send_to(&room[..len], from);
        }
    });
    (socket, place)
}

/// Hears nothing that it does not ask for.
fn deaf() -> (UdpSocket, String) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    let place = socket.local_addr().unwrap().to_string();
    (socket, place)
}

fn port(place: &str) -> &str {
    place.rsplit(':').next().unwrap()
}

#[test]
fn f1_f8_datagrams_go_where_they_are_granted_and_nowhere_else() {
    let ((_server, place), (other, elsewhere)) = (returning(), deaf());
    let (rule, target) = (format!("udp://{place}"), format!("udp://{elsewhere}"));
    let result = run(client().network_allow(&rule), &["datagrams", &place, &elsewhere]);
    let expected = format!(
        "true\n3\none {place}\nPermissionDenied\nPermissionDenied\n()\n0\n0\n65507\n65507\nOther\nWouldBlock\n"
    );
    let said = printed(&result);
    assert_eq!(said.replace("Uncategorized", "Other"), expected);
    assert_eq!(denied(&result, "send", &target).count, 2);
    let record = result.connections.iter().find(|record| record.error.is_none()).unwrap();
    assert_eq!((record.protocol, record.bytes_sent, record.bytes_received), (NetworkProtocol::Udp, 65_510, 65_510));
    assert!(record.duration_us > 0 && record.address.as_deref() == Some("127.0.0.1"), "{record:?}");
    assert_eq!(result.connections.iter().filter(|record| record.error.is_some()).count(), 2);
    assert_eq!(other.recv_from(&mut [0; 9]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);

    // A rule for connections grants no datagrams, and one for datagrams no connections; nothing grants neither.
    let tcp = Server::hello();
    let ask = |builder: WasmSandboxBuilder| run(builder, &["ask", "localhost", port(&place)]);
    let result = ask(client().network_allow(&place));
    assert_eq!(printed(&result), "PermissionDenied\n");
    denied(&result, "bind", "udp://0.0.0.0:0");
    let result = ask(client().network_allow(&place).network_allow("udp://192.0.2.1"));
    assert_eq!(printed(&result), "PermissionDenied\n");
    denied(&result, "send", &rule);
    let result = run(client().network_allow(&format!("udp://{}", tcp.rule())), &["connect", &tcp.rule()]);
    assert_eq!((printed(&result).as_str(), tcp.connections()), ("PermissionDenied\n", 0));
    let result = ask(client());
    assert_eq!(printed(&result), "PermissionDenied\n");
    denied(&result, "bind", "udp://0.0.0.0:0");
    // The twin.
    let result = ask(client().network_allow(&rule));
    assert_eq!(printed(&result), "(5, \"hello\", true)\n");
    assert_eq!(result.denials, []);
}

#[test]
fn f8_a_socket_that_leads_to_one_place_sends_nowhere_else() {
    let ((_server, place), (other, elsewhere)) = (returning(), deaf());
    let rule = format!("udp://{place}");
    let result = run(client().network_allow(&rule), &["elsewhere", port(&place), port(&elsewhere)]);
    let wrong = "Err(\"invalid-argument\")\n".repeat(3);
    let refused = "Some(\"access-denied\")\nSome(\"invalid-argument\")\n";
    let expected = format!("{refused}16\n{wrong}Err(\"access-denied\")\ntrue\n0 0\ninvalid-state\n");
    assert_eq!(printed(&result), expected);
    assert_eq!(denied(&result, "send", &format!("udp://{elsewhere}")).count, 2);
    denied(&result, "send", "udp://127.0.0.1:0");
    assert_eq!(other.recv_from(&mut [0; 9]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    let result = run(client().network_allow(&rule), &["unasked"]);
    let Ending::Trap(trap) = &result.ending else { panic!("{:?}", result.ending) };
    assert_eq!(trap.message, "1 datagrams, where 0 are the most");
    // The twin: where it is granted, one socket sends to both.
    let builder = client().network_allow(&rule).network_allow(&format!("udp://{elsewhere}"));
    let result = run(builder, &["datagrams", &place, &elsewhere]);
    assert!(printed(&result).contains(&format!("one {place}\n2\n()\n()\n0\n")), "{}", result.stdout);
    let mut room = [0; 9];
    assert_eq!(other.recv_from(&mut room).unwrap().0, 2);
}

#[test]
fn what_may_be_sent_is_sent() {
    let (_server, place) = deaf();
    let result = run(client().network_allow(&format!("udp://{place}")), &["fresh", port(&place)]);
    assert_eq!(printed(&result), "100\n");
}

#[test]
fn f16_nobody_reaches_a_component_whom_it_has_not_written_to() {
    let (server, stranger) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    let (place, strange) = (server.local_addr().unwrap().to_string(), stranger.local_addr().unwrap());
    thread::spawn(move || {
        let mut room = [0; 99];
        let (len, from) = server.recv_from(&mut room).unwrap();
        assert_eq!(std::str::from_utf8(&room[..len]).unwrap(), from.port().to_string());
        // What comes first is not what the guest has asked for.
        stranger.send_to(b"from a stranger", from).unwrap();
        server.send_to(b"expected", from).unwrap();
    });
    // Also one whom it might write to.
    let builder = client().network_allow(&format!("udp://{place}")).network_allow(&format!("udp://{strange}"));
    assert_eq!(printed(&run(builder, &["strangers", &place])), "expected true\n");
    let places = ["127.0.0.1:0", "0.0.0.0:5353", "[::]:5353"];
    let result = run(client().network_allow("udp://127.0.0.1"), &[&["bind"], &places[..], &["0.0.0.0:0"]].concat());
    assert_eq!(printed(&result), format!("{}()\n", "PermissionDenied\n".repeat(3)));
    places.iter().for_each(|place| _ = denied(&result, "bind", &format!("udp://{place}")));
}

#[test]
fn f9_a_components_datagrams_end_somewhere() {
    let (_server, place) = returning();
    let with = |arguments: &[&str], change: fn(&mut NetworkGrants)| {
        let rules = vec![format!("udp://{place}").parse().unwrap()];
        let mut grants = NetworkGrants { rules, ..NetworkGrants::default() };
        change(&mut grants);
        run(client().network(NetworkPolicy::Allow(grants)), arguments)
    };
    let result = with(&["flood", &place, "4", "1000"], |grants| grants.bytes_sent = 3_999.bytes());
    assert_eq!((limit(&result), result.connections[0].bytes_sent), (ResourceKind::BytesSent, 3_000));
    let result = with(&["flood", &place, "4", "1000"], |grants| grants.bytes_sent = 4_000.bytes());
    assert_eq!((printed(&result).as_str(), result.connections[0].bytes_sent), ("1000\n1000\n1000\n1000\n", 4_000));
    let ask = ["ask", "127.0.0.1", port(&place)];
    assert_eq!(limit(&with(&ask, |grants| grants.bytes_received = 4.bytes())), ResourceKind::BytesReceived);
    assert!(printed(&with(&ask, |grants| grants.bytes_received = 5.bytes())).starts_with("(5, "));

    let many = |count: &str| with(&["many", &place, count], |grants| grants.connections = 2);
    let result = many("3");
    assert!(printed(&result).starts_with("[Some(") && result.stdout.text().ends_with("]\n1\n"), "{}", result.stdout);
    assert_eq!(result.limit_hit(ResourceKind::OpenConnections).unwrap().limit, 2);
    assert_eq!(printed(&many("2")), "[]\n1\n");
    // A socket that is dropped has no place.
    let result = with(&["bound again", "200"], |grants| grants.connections = 1);
    assert_eq!(printed(&result), "()\n".repeat(200));
    assert_eq!(result.limit_hit(ResourceKind::OpenConnections), None);
    // One place is one, however much is sent there.
    let result = with(&["flood", &place, "9", "1"], |grants| grants.total_connections = 1);
    assert_eq!(printed(&result), "1\n".repeat(9));
    let (_other, elsewhere) = deaf();
    let builder = |total| {
        let rules = vec!["udp://127.0.0.1".parse().unwrap()];
        client().network(NetworkPolicy::Allow(NetworkGrants {
            rules,
            total_connections: total,
            ..NetworkGrants::default()
        }))
    };
    assert_eq!(limit(&run(builder(1), &["datagrams", &place, &elsewhere])), ResourceKind::Connections);
    printed(&run(builder(2), &["datagrams", &place, &elsewhere]));
}

#[test]
fn f10_datagrams_that_never_come_end_with_the_guests_time() {
    let (_other, place) = deaf();
    let ask = ["ask", "127.0.0.1", port(&place)];
    let rule = format!("udp://{place}");
    assert_eq!(limit(&run(client().network_allow(&rule).timeout(300.millis()), &ask)), ResourceKind::WallTime);
    let rules = vec![rule.parse().unwrap()];
    let grants = NetworkGrants { rules, connection_time: 100.millis(), ..NetworkGrants::default() };
    assert_eq!(printed(&run(client().network(NetworkPolicy::Allow(grants)), &ask)), "TimedOut\n");
}

#[test]
fn datagrams_are_granted_to_no_guest_that_cannot_send_them() {
    let python = languages::source(Language::Python, "1").network_allow("udp://192.0.2.7:53").build_blocking();
    let error = python.err().unwrap().to_string();
    assert!(error.contains("has no way to send datagrams, which `udp://192.0.2.7:53` grants"), "{error}");
    languages::source(Language::Python, "1").network_allow("192.0.2.7:53").build_blocking().unwrap();
}
