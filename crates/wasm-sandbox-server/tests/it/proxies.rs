//! Guests that ask another server before they answer.

use std::{net::TcpListener, thread};

use wasm_sandbox::{ByteUnits, NetworkGrants, NetworkPolicy, TimeUnits};

use super::*;

/// A server that says what `answer` does to a connection.
pub(super) struct Upstream {
    pub(super) address: SocketAddr,
}

impl Upstream {
    pub(super) fn new(answer: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || listener.incoming().flatten().for_each(&answer));
        Self { address }
    }

    /// A server whose guest may ask this one.
    fn served(&self, change: impl FnOnce(&mut NetworkGrants)) -> Served {
        let rules = vec![self.address.to_string().parse().unwrap()];
        let mut grants = NetworkGrants { rules, ..NetworkGrants::default() };
        change(&mut grants);
        Served::with(|builder| builder.network(NetworkPolicy::Allow(grants)).timeout(60.seconds()), |_| {})
    }

    pub(super) fn path(&self, path: &str) -> String {
        format!("/proxy?{}{path}", self.address)
    }
}

/// Says back what it was sent, with what was said of it.
pub(super) fn echo() -> Upstream {
    Upstream::new(|mut stream| {
        let mut client =
            Client { reader: BufReader::new(stream.try_clone().unwrap()), stream: stream.try_clone().unwrap() };
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") && !client.line_into(&mut head) {}
        let lower = head.to_lowercase();
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
        let body = match length {
            Some(length) => {
                let mut body = vec![0; length.parse().unwrap()];
                client.reader.read_exact(&mut body).unwrap();
                body
            }
            None if lower.contains("transfer-encoding: chunked") => client.chunks().0,
            None => Vec::new(),
        };
        let first = head.lines().next().unwrap_or_default();
        let said = format!("HTTP/1.1 201 Made\r\nX-Asked: {first}\r\nContent-Length: {}\r\n\r\n", body.len());
        let _ = stream.write_all(&[said.as_bytes(), &body].concat());
    })
}

impl Client {
    /// Appends the next line; whether there is none.
    fn line_into(&mut self, text: &mut String) -> bool {
        self.reader.read_line(text).unwrap_or(0) == 0
    }
}

#[test]
fn a_guest_passes_requests_on_and_answers_what_it_is_answered() {
    let upstream = echo();
    let server = upstream.served(|_| {});
    let body: Vec<u8> = (0..500_000_u32).flat_map(u32::to_le_bytes).collect();
    let reply = server.connect().post(&upstream.path("/x?y"), &body);
    assert_eq!((reply.status, reply.whole, reply.body == body), (201, true, true));
    assert!(reply.head.contains("x-asked: post /x?y http/1.1") && reply.head.contains("content-length: 2000000"));
    let entry = server.entry().result.unwrap();
    assert!(
        entry.connections[0].bytes_sent > 2_000_000 && entry.connections[0].error.is_none(),
        "{:?}",
        entry.connections
    );
    // A body that does not say its length, and none.
    let mut client = server.connect();
    client
        .say(format!("PUT {} HTTP/1.1\r\nHost: guest.test\r\nTransfer-Encoding: chunked\r\n\r\n", upstream.path("/")));
    client.say("3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
    assert_eq!(client.reply().text(), "onetwo");
    assert_eq!((server.get(&upstream.path("/")).status, server.get(&upstream.path("/")).body.len()), (201, 0));
}

#[test]
fn f1_f18_a_handler_reaches_what_its_policy_has() {
    let (upstream, other) = (echo(), echo());
    let closed = Served::new();
    let reply = closed.get(&upstream.path("/"));
    assert_eq!((reply.status, reply.text().as_str()), (502, "ErrorCode::HttpRequestDenied\n"));
    let denial = closed.entry().result.unwrap().denials.remove(0);
    assert_eq!((denial.operation.as_str(), denial.target), ("connect", upstream.address.to_string()));
    let server = upstream.served(|_| {});
    assert_eq!(server.get(&other.path("/")).text(), "ErrorCode::HttpRequestDenied\n");
    // The twin.
    assert_eq!(server.get(&upstream.path("/")).status, 201);
}

#[test]
fn f7_an_answer_that_breaks_off_breaks_off_at_the_client() {
    let (heard, half) = mpsc::channel();
    let half = std::sync::Mutex::new(half);
    let upstream = Upstream::new(move |mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
        half.lock().unwrap().recv_timeout(PATIENCE).unwrap();
    });
    let server = upstream.served(|_| {});
    let mut client = server.connect();
    client.say(format!("GET {} HTTP/1.1\r\nHost: guest.test\r\n\r\n", upstream.path("/")));
    assert_eq!(client.head().0, 200);
    let mut begun = [0; 9];
    client.reader.read_exact(&mut begun).unwrap();
    assert_eq!(&begun, b"4\r\nhalf\r\n");
    heard.send(()).unwrap();
    assert_eq!(client.chunks(), (Vec::new(), false));
}

#[test]
fn d15_a_client_that_goes_takes_the_guests_requests_with_it() {
    let (gone, left) = mpsc::channel();
    let upstream = Upstream::new(move |mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nbegun");
        let gone = gone.clone();
        // Until the guest has gone.
        thread::spawn(move || {
            let _ = std::io::copy(&mut stream, &mut std::io::sink());
            gone.send(()).unwrap();
        });
    });
    let server = upstream.served(|_| {});
    let mut client = server.connect();
    client.say(format!("GET {} HTTP/1.1\r\nHost: guest.test\r\n\r\n", upstream.path("/")));
    assert_eq!(client.head().0, 200);
    assert!(left.try_recv().is_err());
    drop(client);
    left.recv_timeout(PATIENCE).unwrap();
}

#[test]
fn f9_what_a_handler_is_answered_ends_somewhere() {
    let upstream = Upstream::new(|mut stream| {
        thread::spawn(move || {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
            while stream.write_all(&[b'x'; 60_000]).is_ok() {}
        });
    });
    let server = upstream.served(|grants| grants.bytes_received = 1.mb());
    let reply = server.get(&upstream.path("/"));
    assert!(!reply.whole && reply.body.len() <= 1 << 20, "{}", reply.body.len());
    let result = server.entry().result.unwrap();
    assert!(format!("{:?}", result.ending).contains("BytesReceived"), "{:?}", result.ending);
}
