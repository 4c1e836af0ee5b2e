//! Secrets that the host adds to requests: for the host they are for, and nobody else.

use wasm_sandbox::{HeaderSecret, NetworkGrants, NetworkPolicy, SandboxResult};

use super::{Server, denied, execute, printed, program, tls::Authority};

const SECRET: &str = "Bearer s3cret";

fn with_secret(mut grants: NetworkGrants, host: String, unencrypted: bool) -> NetworkPolicy {
    let (host, header) = (host.parse().unwrap(), "Authorization".to_owned());
    grants.secrets.push(HeaderSecret { host, header, value: SECRET.into(), unencrypted });
    NetworkPolicy::Allow(grants)
}

fn plain(server: &Server) -> NetworkGrants {
    NetworkGrants { rules: vec![server.rule().parse().unwrap()], ..NetworkGrants::default() }
}

/// The guest saw nothing of it, and the account has nothing of it.
fn kept(result: &SandboxResult) {
    let text = serde_json::to_string(result).unwrap() + &format!("{result:?}");
    assert!(!text.contains("s3cret"), "{text}");
}

#[test]
fn f17_a_request_over_tls_carries_a_key_that_the_guest_never_sees() {
    let authority = Authority::new();
    let server = authority.server("127.0.0.1");
    let code = "
request = urllib.request.Request(f'https://127.0.0.1:{PORT}/x', headers={'Authorization': 'Bearer mine', 'X-Other': '1'})
print(urllib.request.urlopen(request).read().decode())";
    let network = with_secret(authority.grants(&server), server.rule(), false);
    let result = execute(program(server.port, code).network(network));
    assert_eq!(printed(&result), "GET /x HTTP/1.1\n");
    let heard = &server.heard()[0];
    assert!(heard.contains("\r\nAuthorization: Bearer s3cret\r\n") && heard.contains("\r\nX-Other: 1\r\n"), "{heard}");
    assert!(!heard.contains("mine") && heard.contains("\r\nConnection: close\r\n"), "{heard}");
    kept(&result);
}

#[test]
fn f17_nobody_else_gets_it() {
    let (ours, other) = (Server::hello(), Server::hello());
    let mut grants = plain(&ours);
    grants.rules.push(other.rule().parse().unwrap());
    let code = format!(
        "print(urllib.request.urlopen(f'http://127.0.0.1:{}/').read().decode())
request = urllib.request.Request(f'http://127.0.0.1:{{PORT}}/', headers={{'Host': 'other.example'}})
print(tried(lambda: urllib.request.urlopen(request).read().decode()))
print(urllib.request.urlopen(f'http://127.0.0.1:{{PORT}}/').read().decode())",
        other.port
    );
    // Unencrypted, it goes out only where the policy says so, and only in requests to its host.
    for (unencrypted, sent) in [(true, 1), (false, 0)] {
        let (before, others) = (ours.heard().len(), other.heard().len());
        let network = with_secret(grants.clone(), ours.rule(), unencrypted);
        let result = execute(program(ours.port, &code).network(network));
        let said = printed(&result);
        assert!(said.starts_with("hello\n") && said.ends_with("\nhello\n"), "{said}");
        if unencrypted {
            assert!(said.contains("PermissionError: ") && said.contains("its Host is another"), "{said}");
            assert_eq!(denied(&result, "send", &ours.rule()).count, 1);
        } else {
            assert_eq!((said.as_str(), result.denials.len()), ("hello\nhello\nhello\n", 0));
        }
        let heard = ours.heard().split_off(before);
        assert_eq!(heard.iter().filter(|request| request.contains("s3cret")).count(), sent, "{heard:?}");
        let mut with_its_name = heard.iter().filter(|request| request.contains("other.example"));
        assert_eq!(with_its_name.next().is_none(), unencrypted, "{heard:?}");
        assert!(!other.heard()[others].contains("s3cret"));
        kept(&result);
    }
}

#[test]
fn f7_f17_what_is_no_plain_request_is_not_sent_to_a_host_with_a_secret() {
    let server = Server::hello();
    let code = "
def send(data):
    s = socket.create_connection(('127.0.0.1', PORT)); s.sendall(data); return s.recv(15)
host = f'Host: 127.0.0.1:{PORT}\\r\\n'.encode()
print(send(b'GET / HTTP/1.1\\r\\n' + host + b'\\r\\n'))
for bad in (b'TRACE / HTTP/1.1\\r\\n' + host + b'\\r\\n', b'GET http://x/ HTTP/1.1\\r\\n' + host + b'\\r\\n', b'GET / HTTP/1.1\\r\\n' + host + host + b'\\r\\n', b'PRI * HTTP/2.0\\r\\n\\r\\n', b'\\x16\\x03\\x01', b'GET / HTTP/1.1\\r\\n' + b'x' * 70000):
    print(tried(lambda: send(bad)))";
    let result = execute(program(server.port, code).network(with_secret(plain(&server), server.rule(), true)));
    let said = printed(&result);
    assert!(said.starts_with("b'HTTP/1.1 200 OK'\n"), "{said}");
    assert_eq!(said.matches("PermissionError: ").count(), 6, "{said}");
    assert_eq!(server.heard().iter().filter(|request| !request.is_empty()).count(), 1, "{:?}", server.heard());
    assert_eq!(denied(&result, "send", &server.rule()).count, 6);
    kept(&result);
}
