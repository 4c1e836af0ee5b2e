//! What hostile guests and clients try. The numbers are those of the threat list.

use wasm_sandbox::{Ending, ErrorCode, ResourceKind, TrapKind};

use super::*;

/// The server answers, a script from where it was loaded, which takes more of the time than what is tried.
fn serves(server: &Served) {
    assert_eq!(server.get("/hello").text(), "hello\n");
    while server.entry().path != "/hello" {}
}

fn limit(entry: &AccessEntry) -> ResourceKind {
    match &entry.result.as_ref().unwrap().ending {
        Ending::Limit(hit) => hit.kind,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a1_a_loop_ends_in_time_and_the_client_is_told() {
    for guest in Guest::ALL {
        let server = Served::of(guest, |builder| builder.timeout(guest.short_time()), |_| {});
        serves(&server);
        let reply = server.get("/loop");
        assert_eq!((reply.status, reply.text().as_str()), (504, "timeout\n"));
        assert_eq!(limit(&server.entry()), ResourceKind::WallTime);
        serves(&server);
    }
}

#[test]
fn c1_a_guest_that_takes_all_memory_ends() {
    for guest in Guest::ALL {
        let server = Served::of(guest, |builder| builder.memory_limit(guest.little_memory()), |_| {});
        let reply = server.get("/memory");
        assert_eq!(reply.status, 500);
        let result = server.entry().result.unwrap();
        assert!(result.limits_hit.iter().any(|hit| hit.kind == ResourceKind::Memory), "{guest:?}: {result:?}");
        serves(&server);
    }
}

#[test]
fn a_guest_without_an_answer_is_a_failure_that_tells_nothing_of_it() {
    for guest in Guest::ALL {
        let server = Served::of(guest, |builder| builder, |_| {});
        for path in ["/trap", "/nothing"].into_iter().chain((guest == Guest::Component).then_some("/refuse")) {
            let reply = server.get(path);
            assert_eq!(reply.status, 500, "{path}");
            let text = reply.text();
            assert!(!text.contains("no answer") && !text.contains(".rs") && text.len() < 40, "{text}");
        }
        let entry = server.entry();
        let traps = matches!(guest, Guest::Component | Guest::C);
        let code = if traps { ErrorCode::Trap } else { ErrorCode::Function };
        assert_eq!(entry.error.unwrap().code, code.to_string());
        serves(&server);
    }
}

#[test]
fn f7_a_guest_says_nothing_of_the_connection_and_breaks_no_line() {
    let server = Served::new();
    let reply = server.get("/fields");
    let lines: Vec<&str> = reply.text().leak().lines().collect();
    for line in &lines[..11] {
        let (name, outcome) = line.rsplit_once(' ').unwrap();
        let expected = match name {
            "\"x-fine\"" | "\"X-Fine\"" => "Ok(())",
            "\"connection\"" | "\"Transfer-Encoding\"" | "\"host\"" | "\"upgrade\"" => "Err(HeaderError::Forbidden)",
            _ => "Err(HeaderError::InvalidSyntax)",
        };
        assert_eq!(outcome, expected, "{name}");
    }
    assert_eq!(lines[11..], ["2", "Err(HeaderError::Immutable)", "Ok(())"]);
}

#[test]
fn f7_a_length_that_is_not_kept_breaks_the_answer_off() {
    Guest::ALL.into_iter().for_each(length_is_kept);
}

fn length_is_kept(guest: Guest) {
    let server = Served::of(guest, |builder| builder, |_| {});
    let told = |expected: &str| {
        let stderr = server.entry().result.unwrap().stderr.text().into_owned();
        assert!(guest != Guest::Component || stderr.starts_with(expected), "{stderr}");
    };
    let true_one = server.get("/said?5,5");
    assert_eq!((true_one.text().as_str(), true_one.whole), ("xxxxx", true));
    told("true Ok(())\n");
    let short = server.get("/said?10,5");
    // Where nothing had gone out yet, nothing does.
    assert!(!short.whole || short.status == 0, "{short:?}");
    told("true Err(ErrorCode::HttpResponseBodySize(Some(5)))\n");
    let long = server.get("/said?5,10");
    assert!(!long.whole || long.status == 0 || long.text() == "xxxxx", "{long:?}");
    told("false");
    // A length that no body follows at all, and lengths that are none.
    let nothing = server.get("/says?3");
    assert!(!nothing.whole || nothing.status == 0, "{nothing:?}");
    for none in ["+5", "-1", "5x", ""] {
        assert_eq!(server.get(&format!("/says?{none}")).status, 500, "{none}");
    }
    serves(&server);
}

#[test]
fn a_guest_that_gives_up_says_why() {
    let server = Served::new();
    for (why, status, code) in [
        ("late", 504, "connection-read-timeout"),
        ("elsewhere", 502, "destination-unavailable"),
        ("own", 500, "internal-error: no luck"),
        ("loop", 500, "loop-detected"),
    ] {
        let reply = server.get(&format!("/refuse?{why}"));
        assert_eq!((reply.status, reply.text().as_str()), (status, "function\n"), "{why}");
        let entry = server.entry();
        let error = entry.error.unwrap();
        assert_eq!((error.code.as_str(), entry.result.unwrap().ending), ("function", Ending::Return), "{why}");
        assert!(error.message.contains(code), "{}", error.message);
    }
    serves(&server);
}

#[test]
fn f7_requests_that_can_be_read_in_two_ways_are_refused() {
    let server = Served::new();
    for (head, statuses) in [
        ("GET /hello HTTP/1.1\r\n", &[400][..]),
        ("GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n", &[400]),
        ("GET /hello HTTP/1.1\r\nHost: a@b\r\n", &[400]),
        ("GET /hello HTTP/1.1\r\nHost: a b\r\n", &[400]),
        ("GET http://one.test/hello HTTP/1.1\r\nHost: two.test\r\n", &[400]),
        ("POST /sum HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nContent-Length: 4\r\n", &[400]),
        ("POST /sum HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n", &[400]),
        ("POST /sum HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n", &[400, 501]),
        ("GET /hello HTTP/1.1\r\nHost: a\r\nBad Name: x\r\n", &[400]),
        ("GET /hello HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n", &[400]),
        ("GET https://a/hello HTTP/1.1\r\nHost: a\r\n", &[400]),
        ("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n", &[400, 501]),
        ("GET /hello HTTP/9.9\r\nHost: a\r\n", &[400, 505]),
    ] {
        let mut client = server.connect();
        client.say(format!("{head}\r\n"));
        let (status, _) = client.head();
        assert!(statuses.contains(&status), "{head:?}: {status}");
    }
    // A length beside chunks does not count, and is not passed on.
    let mut client = server.connect();
    client.say(
        "POST /sum HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    );
    let reply = client.reply();
    assert!(reply.status == 400 || reply.text().starts_with("5 "), "{reply:?}");
    serves(&server);
}

#[test]
fn j3_heads_without_an_end_are_refused() {
    let server = Served::new();
    for field in ["X: y\r\n".repeat(100_000), format!("X: {}\r\n", "y".repeat(128 << 10))] {
        let mut client = server.connect();
        // The server closes before it has read all of it.
        let head = format!("GET /hello HTTP/1.1\r\nHost: a\r\n{field}\r\n");
        let _ = client.stream.write_all(head.as_bytes());
        let mut answer = String::new();
        let _ = client.reader.read_line(&mut answer);
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
    }
    // What the server could hold is held to the same, and the twin is answered.
    for (bytes, status) in [(66_000, 431), (65_000, 200)] {
        let mut client = server.connect();
        client.say(format!("GET /hello HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "y".repeat(bytes)));
        assert_eq!(client.head().0, status);
    }
    serves(&server);
}

#[test]
fn j3_bodies_are_bounded() {
    for guest in Guest::ALL {
        let server = Served::of(guest, |builder| builder, |config| config.body = 1000.bytes());
        assert!(server.connect().post("/sum", &[1; 1000]).text().starts_with("1000 1000 true"));
        assert_eq!(server.entry().reason, None);
        assert_eq!(server.connect().post("/sum", &[1; 1001]).status, 413);
        assert_eq!(server.entry().reason.as_deref(), Some("the request's body is longer than 1000B"));
        // One that does not say its length breaks off in the guest.
        let mut client = server.connect();
        client.say("POST /sum HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        client.say(format!("3e9\r\n{}\r\n0\r\n\r\n", "a".repeat(1001)));
        assert!(client.reply().text().ends_with("false\n"), "{guest:?}");
        assert_eq!(server.entry().reason.as_deref(), Some("the request's body is longer than 1000B"), "{guest:?}");
        serves(&server);
    }
}

#[test]
fn j3_a_body_that_never_comes_ends_with_the_guests_time() {
    for guest in Guest::ALL {
        let server = Served::of(guest, |builder| builder.timeout(guest.short_time()), |_| {});
        serves(&server);
        let mut client = server.connect();
        client.say("POST /sum HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nx");
        assert_eq!(client.head().0, 504);
        assert_eq!(limit(&server.entry()), ResourceKind::WallTime);
        serves(&server);
    }
}

#[test]
fn f12_an_answer_without_an_end_ends_with_the_guests_time() {
    for guest in Guest::ALL {
        let server = Served::of(guest, |builder| builder.timeout(guest.short_time()), |_| {});
        serves(&server);
        let reply = server.get("/slow?1");
        assert!(reply.status == 200 && !reply.whole && reply.text().starts_with("0\n1\n"), "{reply:?}");
        assert_eq!(limit(&server.entry()), ResourceKind::WallTime);
        serves(&server);
    }
}

#[test]
fn d1_a_flood_waits_for_its_reader_and_ends_at_its_limit() {
    // The server waits for a reader, too, for as long as it does: for all of them at once.
    std::thread::scope(|scope| {
        for guest in Guest::ALL {
            scope.spawn(move || flood_ends(guest));
        }
    });
}

fn flood_ends(guest: Guest) {
    let server = Served::of(guest, |builder| builder.timeout(guest.short_time()), |_| {});
    serves(&server);
    // Nobody reads: the guest waits, and ends with its time.
    let mut client = server.connect();
    client.say("GET /flood HTTP/1.1\r\nHost: a\r\n\r\n");
    let entry = server.entry();
    assert_eq!(limit(&entry), ResourceKind::WallTime);
    assert!(entry.result.unwrap().usage.io.bytes_written < 64 << 20);
    drop(client);
    serves(&server);
}

#[test]
fn d14_bodies_are_of_the_guests_memory() {
    let server = Served::with(|builder| builder.memory_limit(64.mb()), |_| {});
    assert_eq!(server.get("/bodies").status, 500);
    assert_eq!(limit(&server.entry()), ResourceKind::Memory);
    let roomy = Served::with(|builder| builder.memory_limit(1024.mb()), |_| {});
    assert_eq!(roomy.get("/bodies").status, 500);
    // 15,000 handles and more are too many, whatever the memory.
    assert_eq!(limit(&roomy.entry()), ResourceKind::Handles);
    serves(&server);
}

#[test]
fn d14_fields_are_of_the_guests_memory() {
    let server = Served::with(|builder| builder.memory_limit(64.mb()), |_| {});
    // Those of responses that are gone, held on to; and those that were taken out again.
    for path in ["/hold", "/hold?deleted"] {
        assert_eq!(server.get(path).status, 500, "{path}");
        assert_eq!(limit(&server.entry()), ResourceKind::Memory, "{path}");
    }
    assert_eq!(server.get("/many").status, 500);
    let Ending::Trap(trap) = server.entry().result.unwrap().ending else { panic!("no trap") };
    assert!(trap.message.contains("1000 entries"), "{}", trap.message);
    serves(&server);
}

#[test]
fn d14_what_is_there_once_is_given_once() {
    assert_eq!(Served::new().get("/twice").text(), "true true\n");
}

#[test]
fn f1_requests_of_guests_are_refused_and_recorded() {
    for guest in Guest::ALL {
        let server = Served::of(guest, |builder| builder, |_| {});
        let told = server.get("/outgoing?127.0.0.1:1").text();
        assert!(
            told.starts_with("Err(") && (guest != Guest::Component || told.contains("HttpRequestDenied")),
            "{told}"
        );
        let denials = server.entry().result.unwrap().denials;
        // Python asks for the address first.
        let asks_first = matches!(guest, Guest::Python | Guest::PythonAsync);
        let target = if asks_first { "127.0.0.1" } else { "127.0.0.1:1" };
        assert_eq!((denials[0].capability.as_str(), denials[0].target.as_str()), ("network", target));
    }
}

#[test]
fn j4_slow_clients_are_cut_off_and_hold_nobody_up() {
    let server = Served::with(|builder| builder, |config| config.head_time = 1.seconds());
    let mut slow: Vec<Client> = (0..500).map(|_| server.connect()).collect();
    slow.iter_mut().for_each(|client| client.say("GET /hel"));
    serves(&server);
    for client in &mut slow {
        let mut rest = Vec::new();
        // Closed, with or without a word.
        let _ = client.reader.read_to_end(&mut rest);
        assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 408"), "{}", String::from_utf8_lossy(&rest));
    }
    serves(&server);
}

#[test]
fn j4_connections_beyond_the_limit_wait_for_one_to_end() {
    let server = Served::with(|builder| builder, |config| config.connections = 1);
    let (mut first, mut second) = (server.connect(), server.connect());
    assert_eq!(first.get("/hello").text(), "hello\n");
    second.say("GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    for _ in 0..20 {
        assert_eq!(first.get("/hello").text(), "hello\n");
    }
    let here = first.stream.local_addr().unwrap();
    drop(first);
    assert_eq!(second.reply().text(), "hello\n");
    let there = second.stream.local_addr().unwrap();
    // A guest may end after its answer, and the next one's before it.
    let clients: Vec<_> = (0..22).map(|_| server.entry().client).collect();
    let of = |client| clients.iter().filter(|one| **one == client).count();
    assert_eq!((of(here), of(there)), (21, 1));
}

#[test]
fn j4_a_client_that_takes_nothing_of_its_answer_is_cut_off() {
    let server =
        Served::with(|builder| builder.timeout(60.seconds()), |config| config.stall_time = Duration::from_millis(300));
    let mut stalled = server.connect();
    stalled.say("GET /flood HTTP/1.1\r\nHost: a\r\n\r\n");
    let entry = server.entry();
    // The guest may also see that nobody reads, and return.
    let ending = entry.result.unwrap().ending;
    assert!(matches!(ending, Ending::Cancel | Ending::Return), "{ending:?}");
    assert!(entry.duration < 30.seconds(), "{:?}", entry.duration);
    assert_eq!(stalled.head().0, 200);
    assert!(!stalled.chunks().1, "it was told that the answer was whole");
    serves(&server);
}

#[test]
fn j6_more_requests_than_turns_wait_and_then_are_refused() {
    let server = Served::with(
        |builder| builder.timeout(60.seconds()),
        |config| {
            config.exchanges = 1;
            config.queue_time = 200.millis();
        },
    );
    let mut first = server.connect();
    first.say("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
    assert_eq!(first.head().0, 200);
    let refused = server.get("/hello");
    assert_eq!(refused.status, 503);
    assert!(refused.head.contains("retry-after: 1"), "{}", refused.head);
    let reason = server.entry().reason;
    assert_eq!(reason.as_deref(), Some("it had no turn within 200ms, of 1 at a time"));
    first.say("0\r\n\r\n");
    while server.entry().path != "/echo" {}
    serves(&server);
}

#[test]
fn a_trap_of_a_guest_has_its_reason_in_the_record() {
    let server = Served::new();
    server.get("/trap");
    let entry = server.entry();
    let Ending::Trap(trap) = entry.result.unwrap().ending else { panic!("no trap") };
    assert_eq!(trap.reason, TrapKind::Unreachable);
}

#[test]
fn a_guest_that_is_asked_for_a_head_ends_well() {
    for guest in Guest::ALL {
        let server = Served::of(guest, |builder| builder, |_| {});
        for request in ["HEAD /hello", "GET /status?204", "GET /status?304", "HEAD /said?5,5", "HEAD /said?7,0"] {
            let mut client = server.connect();
            client.say(format!("{request} HTTP/1.1\r\nHost: a\r\n\r\n"));
            client.head();
            assert_eq!(server.entry().result.unwrap().ending, Ending::Return, "{guest:?}: {request}");
        }
    }
}
