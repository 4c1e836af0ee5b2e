//! Clients that go, and servers that end.

use wasm_sandbox::Ending;

use super::*;

#[test]
fn j12_a_client_that_goes_takes_its_guest_with_it() {
    Guest::ALL.into_iter().for_each(guest_goes_with_its_client);
}

fn guest_goes_with_its_client(guest: Guest) {
    let folder = tempfile::tempdir().unwrap();
    let built = |builder: WasmSandboxBuilder| builder.timeout(60.seconds()).filesystem_write(folder.path(), "/data");
    let server = Served::of(guest, built, |_| {});
    // Before an answer, and in the middle of one that is slow or too fast.
    for path in ["/loop?/data/begun", "/slow?5", "/flood"] {
        let mut client = server.connect();
        client.say(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        match path.starts_with("/loop") {
            true => while !folder.path().join("begun").exists() {},
            false => assert_eq!(client.head().0, 200),
        }
        drop(client);
        let entry = server.entry();
        let ending = entry.result.unwrap().ending;
        let gone = (ending == Ending::Cancel).then_some("the client has gone, or took nothing of the answer");
        assert_eq!(entry.reason.as_deref(), gone);
        // A guest that writes may also see that nobody reads, and return.
        let is_told = guest != Guest::Component && matches!(ending, Ending::Exception { .. });
        assert!(is_told || matches!(ending, Ending::Cancel | Ending::Return), "{guest:?} {path}: {ending:?}");
        assert!(!path.starts_with("/loop") || ending == Ending::Cancel);
        assert!(entry.duration < 30.seconds(), "{:?}", entry.duration);
    }
    assert_eq!(server.get("/hello").text(), "hello\n");
}

#[test]
fn a_guest_may_go_on_after_its_answer_until_its_time_is_up() {
    let server = Served::with(|builder| builder.timeout(2.seconds()), |_| {});
    let reply = server.get("/after");
    assert!(reply.whole && reply.text() == "answered\n");
    let entry = server.entry();
    assert_eq!(entry.status, Some(200));
    assert!(matches!(entry.result.unwrap().ending, Ending::Limit(_)));
}

#[test]
fn j17_what_is_under_way_comes_to_its_end_and_nobody_else_is_let_in() {
    Guest::ALL.into_iter().for_each(what_is_under_way_ends);
}

fn what_is_under_way_ends(guest: Guest) {
    let server = Served::of(guest, |builder| builder.timeout(60.seconds()), |_| {});
    let address = server.address;
    let mut client = server.connect();
    client.say("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
    assert_eq!(client.head().0, 200);
    assert_eq!((client.line(), client.line()), ("1\r\n".to_owned(), "a\r\n".to_owned()));
    let idle = server.connect();
    let ending = std::thread::spawn(move || server.finish());
    // Nobody listens any more.
    while TcpStream::connect(address).is_ok() {
        std::thread::yield_now();
    }
    client.say("1\r\nb\r\n0\r\n\r\n");
    assert_eq!(client.chunks(), (b"b".to_vec(), true));
    assert!(ending.join().unwrap());
    drop(idle);
}

#[test]
fn j17_what_does_not_end_is_cut_off() {
    for guest in Guest::ALL {
        let configure = |config: &mut ServerConfig| config.drain_time = 200.millis();
        let mut server = Served::of(guest, |builder| builder.timeout(60.seconds()), configure);
        let mut client = server.connect();
        client.say("GET /slow?5 HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(client.head().0, 200);
        let entries = std::mem::replace(&mut server.entries, mpsc::channel().1);
        assert!(!server.finish());
        assert!(!client.chunks().1, "{guest:?}");
        let entry = entries.recv_timeout(PATIENCE).unwrap();
        // Its account was waited for. A script may also see that nobody reads.
        if !matches!(entry.result.unwrap().ending, Ending::Exception { .. } | Ending::Return) {
            assert_eq!(entry.reason.as_deref(), Some("the server ended"), "{guest:?}");
        }
    }
}
