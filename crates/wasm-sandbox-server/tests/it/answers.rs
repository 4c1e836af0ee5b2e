//! What works: requests reach the guest, and its answers the client.

use std::fmt::Write as _;

use wasm_sandbox::{Ending, TimeUnits};

use super::*;

#[test]
fn a_guest_answers() {
    for guest in Guest::ALL {
        let server = Served::of(guest, |builder| builder, |_| {});
        let reply = server.get("/hello");
        assert_eq!((reply.status, reply.text().as_str(), reply.whole), (200, "hello\n", true));
        assert!(reply.head.contains("content-type: text/plain"), "{}", reply.head);
        let entry = server.entry();
        assert_eq!((entry.status, entry.bytes_sent, entry.path.as_str()), (Some(200), 6, "/hello"));
        assert_eq!(entry.result.unwrap().ending, Ending::Return);
        assert_eq!(server.get("/no-such-path").status, 404);
        assert_eq!(server.get("/status?299").status, 299);
        assert_eq!(server.get("/status?599").status, 599);
        if guest == Guest::Component {
            // What is no status of an answer cannot be set.
            for none in [0, 99, 100, 199, 600, 999, 1000] {
                assert_eq!(server.get(&format!("/status?{none}")).status, 400, "{none}");
            }
        }
    }
}

#[test]
fn each_request_has_an_instance_of_its_own() {
    for guest in Guest::ALL {
        let server = Served::of(guest, |builder| builder, |_| {});
        let mut client = server.connect();
        for _ in 0..5 {
            assert_eq!(client.get("/count").text(), "1\n", "{guest:?}");
        }
    }
}

#[test]
fn a_guest_sees_the_request_without_what_is_between_client_and_server() {
    let server = Served::new();
    let mut client = server.connect();
    client.say(
        "GET /request?a=b%20c HTTP/1.1\r\nHost: guest.test:81\r\nX-One: 1\r\nX-Many: a\r\nX-Many: b\r\n\
         Connection: keep-alive\r\nTE: trailers\r\nProxy-Authorization: secret\r\nKeep-Alive: 5\r\n\r\n",
    );
    let text = client.reply().text();
    let expected = "Method::Get Some(Scheme::Http) Some(\"guest.test:81\") Some(\"/request?a=b%20c\")\nx-one: 1\nx-many: a\nx-many: b\n";
    assert_eq!(text, expected);
}

#[test]
fn bodies_stream_both_ways() {
    Guest::ALL.into_iter().for_each(body_streams_both_ways);
}

fn body_streams_both_ways(guest: Guest) {
    let server = Served::of(guest, |builder| builder, |_| {});
    let mut client = server.connect();
    client.say("POST /echo HTTP/1.1\r\nHost: guest.test\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.say("5\r\nfirst\r\n");
    let (status, head) = client.head();
    assert_eq!(status, 200);
    assert!(head.contains("transfer-encoding: chunked"), "{head}");
    // What was sent comes back before the rest is sent.
    assert_eq!((client.line(), client.line()), ("5\r\n".to_owned(), "first\r\n".to_owned()));
    client.say("6\r\nsecond\r\n0\r\n\r\n");
    assert_eq!(client.chunks(), (b"second".to_vec(), true));
}

#[test]
fn large_bodies_arrive_whole() {
    Guest::ALL.into_iter().for_each(large_body_arrives_whole);
}

fn large_body_arrives_whole(guest: Guest) {
    let server = Served::of(guest, |builder| builder.timeout(60.seconds()), |_| {});
    let body: Vec<u8> = (0..3_000_000_u32).map(|number| number as u8).collect();
    let sum: u64 = body.iter().map(|byte| u64::from(*byte)).sum();
    assert_eq!(server.connect().post("/sum", &body).text(), format!("{} {sum} true\n", body.len()));
    let mut client = server.connect();
    let stream = client.stream.try_clone().unwrap();
    let sender = std::thread::spawn({
        let body = body.clone();
        move || {
            let mut client = Client { reader: BufReader::new(stream.try_clone().unwrap()), stream };
            client.say(format!("POST /echo HTTP/1.1\r\nHost: guest.test\r\nContent-Length: {}\r\n\r\n", body.len()));
            client.say(&body);
        }
    });
    let reply = client.reply();
    sender.join().unwrap();
    assert!(reply.whole && reply.body == body);
}

#[test]
fn trailers_go_both_ways() {
    let server = Served::new();
    let mut client = server.connect();
    client.say(
        "POST /trailers HTTP/1.1\r\nHost: guest.test\r\nTE: trailers\r\nTrailer: x-one\r\n\
         Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nx-one: 1\r\n\r\n",
    );
    let (status, _) = client.head();
    let mut text = String::new();
    while !text.ends_with("\r\n\r\n") {
        text += &client.line();
    }
    assert_eq!(status, 200);
    assert!(text.contains("1 trailers\n") && text.contains("x-sum: 42"), "{text}");
}

#[test]
fn a_guest_need_not_read_a_body_to_its_end() {
    for guest in Guest::ALL {
        let server = Served::of(guest, |builder| builder.timeout(60.seconds()), |_| {});
        assert_eq!(server.connect().post("/part", &[1; 300_000]).text(), "true\n", "{guest:?}");
    }
}

#[test]
fn an_answer_without_a_body_has_none() {
    for guest in Guest::ALL {
        let server = Served::of(guest, |builder| builder, |_| {});
        let mut client = server.connect();
        let reply = client.get("/status?204");
        assert_eq!((reply.status, reply.body.len()), (204, 0));
        client.say("HEAD /hello HTTP/1.1\r\nHost: guest.test\r\n\r\n");
        let (status, _) = client.head();
        assert_eq!(status, 200);
        // The next answer begins where that of the head ended.
        assert_eq!(client.get("/hello").text(), "hello\n", "{guest:?}");
    }
}

#[test]
fn what_a_guest_prints_is_in_its_record() {
    for guest in Guest::ALL {
        let server = Served::of(guest, |builder| builder, |_| {});
        assert_eq!(server.get("/print?words").text(), "printed\n");
        let result = server.entry().result.unwrap();
        let printed = (result.stdout.text(), result.stderr.text());
        assert_eq!((printed.0.as_ref(), printed.1.as_ref()), ("printed words\n", "complained words\n"), "{guest:?}");
    }
}

#[test]
fn a_policy_holds_for_each_request() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("note.txt"), "read").unwrap();
    for guest in Guest::ALL {
        let closed = Served::of(guest, |builder| builder, |_| {});
        assert!(closed.get("/files?/data/note.txt").text().starts_with("Err"), "{guest:?}");
        let open = Served::of(guest, |builder| builder.filesystem_read(folder.path(), "/data"), |_| {});
        assert_eq!(open.get("/files?/data/note.txt").text(), "Ok(\"read\")\n", "{guest:?}");
    }
}

#[test]
fn requests_overlap() {
    Guest::ALL.into_iter().for_each(requests_of_one_guest_overlap);
}

fn requests_of_one_guest_overlap(guest: Guest) {
    let server = Served::of(guest, |builder| builder.timeout(60.seconds()), |config| config.exchanges = 8);
    let mut clients: Vec<Client> = (0..8).map(|_| server.connect()).collect();
    for client in &mut clients {
        client.say("POST /echo HTTP/1.1\r\nHost: guest.test\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
    }
    // All of them have begun before any has ended.
    for client in &mut clients {
        assert_eq!(client.head().0, 200);
        assert_eq!((client.line(), client.line()), ("1\r\n".to_owned(), "a\r\n".to_owned()));
    }
    for client in &mut clients {
        client.say("0\r\n\r\n");
        assert_eq!(client.chunks(), (Vec::new(), true));
    }
}

#[test]
fn a_record_is_json() {
    let server = Served::new();
    server.get("/print?x");
    let record = serde_json::to_value(server.entry()).unwrap();
    let (at, duration) = (record["at"].as_str().unwrap(), record["duration"].as_str().unwrap());
    assert!(at.starts_with("20") && at.ends_with('Z') && wasm_sandbox::parse_duration(duration).is_ok(), "{record}");
    let mut text = String::new();
    write!(text, "{record}").unwrap();
    assert!(text.contains(r#""path":"/print?x""#) && text.contains(r#""status":200"#), "{text}");
}

#[test]
fn the_guide_says_the_defaults() {
    let guide = include_str!("../../../../docs/guide/http.md");
    let row = |name: &str| guide.lines().find(|line| line.starts_with(&format!("| {name} |"))).unwrap();
    let says = |name: &str, value: &str| {
        assert_eq!(row(name).split('|').nth(2).unwrap().trim().replace(',', ""), value, "{name}");
    };
    let config = ServerConfig::default();
    let seconds = |time: Duration| format!("{} s", time.as_secs_f64());
    says("connections at a time", &config.connections.to_string());
    says("requests that are answered at a time", &config.exchanges.to_string());
    assert!(row("requests that are answered at a time").contains(&format!("wait {},", seconds(config.queue_time))));
    says("time to send a head, and idle time of a connection", &seconds(config.head_time));
    says("body of a request", &format!("{} MB", config.body.as_u64() / 1_000_000));
    says("time that a client takes nothing of an answer", &seconds(config.stall_time));
    says("time to end, after Ctrl-C or SIGTERM", &seconds(config.drain_time));
}
