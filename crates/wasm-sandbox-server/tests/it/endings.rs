//! Clients that go, and servers that end.

use wasm_sandbox::{Ending, TimeUnits};

use super::*;

#[test]
fn j12_a_client_that_goes_takes_its_guest_with_it() {
    let server = Served::with(
        |builder| builder.timeout(60.seconds()),
        |config| {
            config.exchanges = 1;
            config.queue_time = 1.millis();
        },
    );
    // Before an answer, and in the middle of one that is slow or too fast.
    for request in [
        "GET /loop HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /slow?5 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /flood HTTP/1.1\r\nHost: a\r\n\r\n",
    ] {
        let mut client = server.connect();
        client.say(request);
        // Its guest has the only turn, once others get none.
        while server.get("/hello").status != 503 {}
        drop(client);
        let entry = loop {
            let entry = server.entry();
            if entry.path != "/hello" {
                break entry;
            }
        };
        let ending = entry.result.unwrap().ending;
        // A guest that writes may also see that nobody reads, and return.
        assert!(matches!(ending, Ending::Cancel | Ending::Return), "{request}: {ending:?}");
        assert!(!request.contains("loop") || ending == Ending::Cancel);
        assert!(entry.duration < 30.seconds(), "{:?}", entry.duration);
    }
    while server.get("/hello").status != 200 {}
}

#[test]
fn a_guest_may_go_on_after_its_answer_until_its_time_is_up() {
    let server = Served::with(|builder| builder.timeout(300.millis()), |_| {});
    let reply = server.get("/after");
    assert!(reply.whole && reply.text() == "answered\n");
    let entry = server.entry();
    assert_eq!(entry.status, Some(200));
    assert!(matches!(entry.result.unwrap().ending, Ending::Limit(_)));
}

#[test]
fn j17_what_is_under_way_comes_to_its_end_and_nobody_else_is_let_in() {
    let server = Served::with(|builder| builder.timeout(60.seconds()), |_| {});
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
    let server = Served::with(|builder| builder.timeout(60.seconds()), |config| config.drain_time = 200.millis());
    let mut client = server.connect();
    client.say("GET /slow?5 HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(client.head().0, 200);
    assert!(!server.finish());
    assert!(!client.chunks().1);
}
