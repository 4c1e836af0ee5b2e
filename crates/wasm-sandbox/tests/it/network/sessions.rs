//! Connections of sessions: they stay open between turns, and are closed in every copy.

use wasm_sandbox::{Language, NetworkPolicy};

use super::Server;
use crate::languages;

#[test]
fn a_connection_lasts_over_turns_and_not_in_copies() {
    let server = Server::hello();
    let builder = languages::builder(Language::Python).network_allow(&server.rule());
    let sandbox = builder.build_blocking().unwrap();
    let mut session = sandbox.session(Language::Python).unwrap();
    let begun = format!("import socket; s = socket.create_connection(('127.0.0.1', {}))", server.port);
    let first = session.run(&begun).unwrap();
    assert_eq!((first.connections.len(), first.connections[0].bytes_sent), (1, 0));
    let mut fork = session.fork().unwrap();
    let snapshot = session.snapshot().unwrap();
    let mut copy = snapshot.session().unwrap();
    for copy in [&mut fork, &mut copy] {
        let lost = copy.run("s.sendall(b'x')").unwrap();
        assert!(!lost.success && lost.stderr.to_string().contains("the connection is closed"), "{}", lost.stderr);
        assert!(lost.connections.is_empty());
        // It can make one of its own.
        let own = copy.run(&format!("{begun}; s.sendall(b'\\r\\n\\r\\n'); print(s.recv(4))")).unwrap();
        assert_eq!((own.stdout.to_string().as_str(), own.connections.len()), ("b'HTTP'\n", 1), "{own:?}");
    }
    let on = session.run("s.sendall(b'\\r\\n\\r\\n'); print(s.recv(4))").unwrap();
    assert_eq!(on.stdout.to_string(), "b'HTTP'\n", "{}", on.stderr);
    assert_eq!((on.connections.len(), on.connections[0].bytes_sent, on.connections[0].bytes_received), (1, 4, 4));
}

#[test]
fn h12_a_snapshot_holds_no_secret_and_goes_on_only_where_it_is_known() {
    let server = Server::hello();
    let host = server.rule();
    let sandbox = |value: &str| {
        let builder = languages::builder(Language::Python).network_allow(&host);
        builder.network_secret(&host, "Authorization", value).build_blocking().unwrap()
    };
    let mut session = sandbox("Bearer s3cret").session(Language::Python).unwrap();
    session.run("x = 1").unwrap();
    let bytes = session.snapshot().unwrap().to_bytes().unwrap();
    assert!(!bytes.windows(6).any(|window| window == b"s3cret"));
    let mut on = sandbox("Bearer other").snapshot(&bytes).unwrap().session().unwrap();
    assert_eq!(on.run("print(x)").unwrap().stdout.to_string(), "1\n");
    let without = languages::builder(Language::Python).network_allow(&host).build_blocking().unwrap();
    assert!(without.snapshot(&bytes).is_err());
    let closed = languages::builder(Language::Python).network(NetworkPolicy::Deny).build_blocking().unwrap();
    assert!(closed.snapshot(&bytes).is_err());
}
