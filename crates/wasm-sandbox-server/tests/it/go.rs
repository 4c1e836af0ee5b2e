//! Handlers in Go: `func ServeHTTP(w http.ResponseWriter, r *http.Request)`.

use wasm_sandbox::{Ending, NetworkGrants, NetworkPolicy, TimeUnits};

use super::*;
use crate::proxies::Upstream;

fn served() -> Served {
    Served::of(Guest::Go, |builder| builder.timeout(60.seconds()), |_| {})
}

fn asking(upstream: &Upstream) -> Served {
    let rules = vec![upstream.address.to_string().parse().unwrap()];
    let network = NetworkPolicy::Allow(NetworkGrants { rules, ..NetworkGrants::default() });
    Served::of(Guest::Go, |builder| builder.timeout(60.seconds()).network(network), |_| {})
}

#[test]
fn a_handler_is_no_program_and_no_function() {
    let mut sandbox = Guest::Go.added_to(WasmSandbox::builder()).build_blocking().unwrap();
    let module = sandbox.module().unwrap();
    assert!(module.is_http_handler() && !module.is_program() && module.functions().unwrap().next().is_none());
    assert_eq!(module.left_out().unwrap()[0].name, "ServeHTTP");
    for error in [sandbox.execute([""; 0]).unwrap_err(), sandbox.call::<_, ()>("ServeHTTP", ()).unwrap_err()] {
        assert!(error.to_string().contains("it answers HTTP requests"), "{error}");
    }
}

#[test]
fn a_handler_sees_the_request() {
    let server = served();
    let mut client = server.connect();
    client.say(
        "GET /told/a%20b?c=%20d HTTP/1.1\r\nHost: guest.test:81\r\nX-Many: a\r\nX-Many: b\r\nX-Latin: \u{e9}\r\n\
         Proxy-Authorization: secret\r\n\r\n",
    );
    let expected = "GET /told/a%20b?c=%20d a b guest.test:81 /told/a%20b?c=%20d 0 HTTP/1.1 <nil>\n\
                    X-Many: [\"a\" \"b\"]\nX-Latin: [\"é\"]\nProxy-Authorization: []\nHost: []\n";
    assert_eq!(client.reply().text(), expected);
    // What is no target of net/http's server is none here.
    client.say("GET /%zz HTTP/1.1\r\nHost: guest.test\r\n\r\n");
    assert_eq!(client.reply().status, 400);
}

#[test]
fn an_answer_has_the_fields_that_net_http_gives_it() {
    let server = served();
    let fields = server.get("/field").head;
    assert!(fields.contains("x-lines: a  b: c\r\n") && fields.contains("x-latin: \u{fffd}\r\n"), "{fields}");
    assert!(fields.contains("content-length: 6\r\n") && !fields.contains("content-type"), "{fields}");
    assert!(!fields.contains("connection"), "{fields}");
    assert!(server.get("/sniffed").head.contains("content-type: text/html; charset=utf-8\r\n"));
    assert!(server.get("/none").head.contains("404 not found"));
}

#[test]
fn goroutines_and_timers_go_on_while_a_body_is_waited_for() {
    let server = served();
    let mut client = server.connect();
    client.say("POST /beside HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbo");
    let (status, _) = client.head();
    let mut steps = String::new();
    // In one piece or in several.
    while !steps.contains('2') || !steps.ends_with("\n\r\n") {
        let size = client.line();
        let mut piece = vec![0; usize::from_str_radix(size.trim(), 16).unwrap() + 2];
        client.reader.read_exact(&mut piece).unwrap();
        steps += &String::from_utf8(piece).unwrap();
    }
    assert_eq!((status, steps.replace('\r', "").replace("\n\n", "\n").as_str()), (200, "0\n1\n2\n"));
    client.say("dy");
    assert_eq!(client.chunks(), (b"body\n".to_vec(), true));
}

#[test]
fn what_goes_wrong_in_a_handler_is_in_the_record_and_not_in_the_answer() {
    let server = served();
    let reply = server.get("/trap");
    assert_eq!((reply.status, reply.text().as_str()), (500, "function\n"));
    let result = server.entry().result.unwrap();
    let told = result.stderr.text();
    assert!(told.contains("http: panic serving \"/trap\": no answer") && told.contains("answers.go"), "{told}");
    let Ending::Exception { name, message } = result.ending else { panic!("{:?}", result.ending) };
    assert_eq!((name.as_str(), message.as_str()), ("Error", "no answer"));
    // Where the answer had begun, it breaks off.
    let late = server.get("/late");
    assert_eq!((late.status, late.text().as_str(), late.whole), (200, "some\n", false));
    server.entry();
    assert_eq!(server.get("/exit").status, 500);
    assert_eq!(server.entry().result.unwrap().ending, Ending::Exit { code: 3 });
    assert_eq!(server.get("/never").status, 500);
    let stuck = server.entry().result.unwrap();
    assert!(stuck.stderr.text().contains("all goroutines are asleep - deadlock!"), "{}", stuck.stderr.text());
}

#[test]
fn requests_to_others_go_through_the_host() {
    let upstream = proxies::echo();
    let server = asking(&upstream);
    let body: Vec<u8> = (0..500_000_u32).flat_map(u32::to_le_bytes).collect();
    for path in [upstream.path("/x?y"), format!("/forward/x?to={}", upstream.address)] {
        let reply = server.connect().post(&path, &body);
        assert_eq!((reply.status, reply.whole, reply.body == body), (201, true, true), "{path}");
        assert!(reply.head.contains("x-asked: post /") && reply.head.contains("content-length: 2000000"), "{path}");
        let entry = server.entry().result.unwrap();
        assert!(entry.connections[0].bytes_sent > 2_000_000, "{:?}", entry.connections);
    }
    // Another server is not granted.
    let other = server.get(&proxies::echo().path("/"));
    assert_eq!(other.status, 502, "{other:?}");
    assert_eq!(server.entry().result.unwrap().denials[0].capability, "network");
}

#[test]
fn what_cannot_be_asked_is_an_error_of_the_handler() {
    let upstream = proxies::echo();
    let server = asking(&upstream);
    // A transport of the handler's own has no connections, and a head has its bound.
    for (path, why) in [("/alone", "Connection refused"), ("/long", "the head of the request is too long")] {
        let told = server.get(&format!("{path}?{}", upstream.address)).text();
        assert!(told.contains(why), "{path}: {told}");
        assert_eq!(server.entry().result.unwrap().connections, []);
    }
}

#[test]
fn a_request_ends_with_its_context() {
    let upstream = Upstream::new(|mut stream| {
        // Until the other side has gone.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let told = asking(&upstream).get(&format!("/patience?{}", upstream.address)).text();
    assert!(told.ends_with("context deadline exceeded\n"), "{told}");
}
