//! Amounts: of what a component holds, of what it asks for, and of what it is sent.

use std::io::Read;

use wasm_sandbox::{ByteUnits, ResourceLimits, TimeUnits};

use super::*;

/// Sends without an end.
fn flood() -> Server {
    Server::new(|mut stream, _| {
        head(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while stream.write_all(&[b'x'; 60_000]).is_ok() {}
    })
}

#[test]
fn d14_requests_and_what_belongs_to_them_are_counted() {
    let server = Server::hello();
    for (what, kinds) in [
        // Each takes room for its texts and its body.
        ("requests", [ResourceKind::Memory, ResourceKind::Memory]),
        ("options", [ResourceKind::Handles, ResourceKind::Handles]),
        ("pollables", [ResourceKind::Handles, ResourceKind::Handles]),
        ("coming", [ResourceKind::Memory, ResourceKind::Connections]),
    ] {
        let builder = client().network_allow(&server.rule()).memory_limit(64.mb()).timeout(60.seconds());
        let result = run(builder, &["hold", what, &url(&server)]);
        assert!(kinds.contains(&limit(&result)), "{what}: {:?}", result.ending);
    }
    // What is said of one is counted, whether it can be sent or not.
    for what in ["authorities", "paths", "methods", "schemes"] {
        let limits = ResourceLimits { host_call_bytes: 1.mb(), ..ResourceLimits::default() };
        let builder = client().network_allow(&server.rule()).policy(|policy| policy.limits(limits));
        assert_eq!(limit(&run(builder, &["hold", what, &url(&server)])), ResourceKind::HostCallBytes, "{what}");
    }
    // Answers that are held keep their places.
    let result = with(&server, &["hold", "answers", &url(&server)], |grants| grants.total_connections = 40);
    assert_eq!(limit(&result), ResourceKind::Connections);
    assert!(result.limit_hit(ResourceKind::Connections).is_some());
    assert_eq!(said(&server, &["get", &url(&server)]), "200 hello\n");
}

#[test]
fn d14_d15_a_request_can_be_let_go_of_in_any_state() {
    // Answers and goes on, until nobody listens.
    let server = flood();
    let result = with(&server, &["dropped", &url(&server)], |grants| {
        grants.connections = 1;
        grants.bytes_received = 4.mb();
    });
    assert_eq!(limit(&result), ResourceKind::BytesReceived, "the last one is read to its end");
    assert_eq!(result.stdout.to_string(), "Ok(true)\nSome(\"StreamError::Closed\")\n");
    assert_eq!(result.limit_hit(ResourceKind::OpenConnections), None, "{:?}", result.limits_hit);
    // The twin has an end.
    let server = Server::answering(ok(&"x".repeat(200_000)));
    let result = with(&server, &["dropped", &url(&server)], |grants| grants.connections = 1);
    assert!(printed(&result).ends_with("200 200000 bytes\n"), "{}", result.stdout);
}

#[test]
fn f9_requests_and_their_bytes_end_somewhere() {
    let server = Server::hello();
    let urls = vec![url(&server); 5];
    let get: Vec<&str> = ["get"].into_iter().chain(urls.iter().map(String::as_str)).collect();
    assert_eq!(limit(&with(&server, &get, |grants| grants.total_connections = 4)), ResourceKind::Connections);
    assert_eq!(printed(&with(&server, &get, |grants| grants.total_connections = 5)), "200 hello\n".repeat(5));
    // More at a time than may be open is an error of its own.
    let silent = Server::new(|mut stream, _| drop(std::io::copy(&mut stream, &mut std::io::sink())));
    let arguments = ["together", &url(&silent), "3"].map(str::to_owned);
    let few = with(&silent, &arguments.each_ref().map(String::as_str), |grants| {
        grants.connections = 2;
        grants.connection_time = 1.seconds();
    });
    let said = printed(&few);
    assert!(said.contains("ConnectionLimitReached") && said.matches("ConnectionReadTimeout").count() == 2, "{said}");
    assert_eq!(few.limit_hit(ResourceKind::OpenConnections).unwrap().limit, 2);
    // Bytes out.
    let sink = Server::new(|mut stream, _| {
        let mut left = vec![0; 64 << 10];
        while stream.read(&mut left).is_ok_and(|len| len > 0) {}
    });
    let result = with(&sink, &["early", &url(&sink), "900000"], |grants| grants.bytes_sent = 200.kb());
    assert_eq!((limit(&result), result.connections[0].bytes_sent), (ResourceKind::BytesSent, 200 << 10));
    // Bytes in, of which no more are taken than are read, and a little.
    let flood = flood();
    let arguments = ["slowly", &url(&flood)].map(str::to_owned);
    let result = with(&flood, &arguments.each_ref().map(String::as_str), |grants| grants.bytes_received = 3.mb());
    assert_eq!(limit(&result), ResourceKind::BytesReceived);
    let unread = with(&flood, &["unread", &url(&flood)], |grants| grants.bytes_received = 100.kb());
    assert_eq!(printed(&unread), "200 10\n");
}
