//! Guests that try to get further than they were let.

use std::os::unix::net::UnixListener;

use super::{Server, denied, execute, ok, printed, program};

#[test]
fn f2_f3_no_encoding_of_this_machine_connects() {
    let server = Server::hello();
    let code = "
import itertools
forms = lambda n: [str(n), oct(n).replace('0o', '0'), hex(n), f'000{n:o}', f'0x000{n:x}']
hosts = ['.'.join(four) for four in itertools.product(*map(forms, (127, 0, 0, 1)))] + forms(0x7f000001) + ['127.1', '127.0.1', '0177.1', '0x7f.1']
hosts += ['①②⑦.⓪.⓪.①', '127。0。0。1', '１２７.0.0.1', '127.0.0.1.', ' 127.0.0.1', '[::1]', '::1', '::ffff:127.0.0.1', '::ffff:7f00:1', '::127.0.0.1']
hosts += ['64:ff9b::7f00:1', '2002:7f00:1::1', '::', '0.0.0.0', '0', 'fe80::1%1', 'localhost', 'localhost.', 'x.localhost', '127.0.0.1#@example.com', 'example.com@127.0.0.1']
hosts += ['127.0.0.2', '127.255.255.255']
results = {host: (tried(lambda: socket.create_connection((host, PORT), timeout=2)), tried(lambda: socket.socket().connect((host, PORT)))) for host in hosts}
wrong = {host: said for host, said in results.items() if not all(str(one).startswith(('PermissionError', 'UnicodeError', 'UnicodeEncodeError')) for one in said)}
print(len(results), wrong)";
    let builder = || program(server.port, code).network_allow("*.example.com").network_allow("8.8.8.8");
    let result = execute(builder());
    let said = printed(&result);
    assert!(said.ends_with(" {}\n") && said.len() > 5, "{said}");
    assert_eq!((server.connections(), result.success), (0, true));
    assert_eq!(result.denials.len(), 100, "as many as are kept");
    // The twin: by its address it is reached, in the forms that are one.
    let result = execute(builder().network_allow(&server.rule()));
    let said = printed(&result);
    for form in ["'127.0.0.1'", "'::ffff:127.0.0.1'", "'localhost'"] {
        assert!(said.contains(form), "{form}: {said}");
    }
    assert!(server.connections() >= 6 && !said.contains("'127.1'") && !said.contains("'0.0.0.0'"), "{said}");
}

#[test]
fn f5_a_redirect_leads_nowhere_that_is_not_granted() {
    let inner = Server::answering(ok("secret"));
    for (to, said) in [
        (format!("http://127.0.0.1:{}/", inner.port), "no rule is for this port of it"),
        (format!("http://localhost:{}/", inner.port), "no rule is for this port of it"),
        ("http://169.254.169.254/latest/meta-data/".to_owned(), "the address is link-local"),
        ("file:///etc/passwd".to_owned(), "is not allowed"),
        ("unix:///run/x.sock".to_owned(), "is not allowed"),
    ] {
        let outer = Server::answering(format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"));
        let code = "print(tried(lambda: urllib.request.urlopen(f'http://127.0.0.1:{PORT}/').read().decode()))";
        let result = execute(program(outer.port, code).network_allow(&outer.rule()));
        let printed = printed(&result);
        assert!(printed.contains(said), "{to}: {printed}");
        assert_eq!((outer.connections(), inner.connections()), (1, 0), "{to}");
    }
    // The twin: granted, it is followed.
    let outer = Server::answering(format!(
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{}/\r\nContent-Length: 0\r\n\r\n",
        inner.port
    ));
    let code = "print(urllib.request.urlopen(f'http://127.0.0.1:{PORT}/').read().decode())";
    let builder = program(outer.port, code).network_allow(&outer.rule()).network_allow(&inner.rule());
    assert_eq!(printed(&execute(builder)), "secret\n");
}

#[test]
fn f6_a_port_that_is_not_granted_is_refused() {
    let (granted, other) = (Server::hello(), Server::hello());
    let code = format!(
        "for port in ({}, 0, PORT): print(tried(lambda: urllib.request.urlopen(f'http://127.0.0.1:{{port}}/').status))
print(tried(lambda: socket.socket().connect(('127.0.0.1', 65536))), tried(lambda: socket.socket().connect(('127.0.0.1', -1))))",
        other.port
    );
    let result = execute(program(granted.port, &code).network_allow(&granted.rule()));
    let said = printed(&result);
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("PermissionError: ") && lines[0].contains("no rule is for this port of it"), "{said}");
    assert!(lines[1].starts_with("PermissionError: "), "{said}");
    assert_eq!(lines[2..], ["200", "OverflowError: port must be 0-65535. OverflowError: port must be 0-65535."]);
    assert_eq!((granted.connections(), other.connections()), (1, 0));
    denied(&result, "connect", &other.rule());
}

#[test]
fn f7_a_request_cannot_be_split_from_python() {
    let server = Server::hello();
    let code = "
def get(path='/', **headers):
    c = http.client.HTTPConnection('127.0.0.1', PORT); c.request('GET', path, headers=headers); return c.getresponse().status
print(tried(lambda: get('/ HTTP/1.1\\r\\nX: y')), tried(lambda: get(X='a\\r\\nY: b')), get('/x', X='a'))";
    let result = execute(program(server.port, code).network_allow(&server.rule()));
    let said = printed(&result);
    assert!(said.starts_with("InvalidURL: ") && said.contains("ValueError: ") && said.ends_with(" 200\n"), "{said}");
    assert_eq!(server.heard().len(), 1);
}

#[test]
fn f8_there_are_no_datagrams() {
    let server = Server::hello();
    let code = "print(tried(lambda: socket.socket(type=socket.SOCK_DGRAM)))
print(tried(lambda: socket.getaddrinfo('127.0.0.1', PORT, type=socket.SOCK_DGRAM)))
print(tried(lambda: socket.socket().sendto(b'x', ('127.0.0.1', PORT))))
print(type(socket.create_connection(('127.0.0.1', PORT))).__name__)";
    let result = execute(program(server.port, code).network_allow(&server.rule()));
    let said = printed(&result);
    assert_eq!(said.matches("there are only TCP connections in this sandbox").count(), 3, "{said}");
    assert!(said.ends_with("\nsocket\n"), "{said}");
}

#[test]
fn f14_proxies_of_the_environment_have_no_say() {
    const NAME: &str = "network::attacks::f14_proxies_of_the_environment_have_no_say";
    let Some(proxy) = crate::told("HTTP_PROXY") else {
        // The same in a process whose environment has proxies.
        let proxy = Server::answering(ok("from the proxy"));
        let address = format!("http://{}", proxy.rule());
        let mut this = std::process::Command::new(std::env::current_exe().unwrap());
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"] {
            this.env(name, &address);
        }
        let output = this.args(["--exact", NAME, "--nocapture"]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
        assert_eq!(proxy.connections(), 0);
        return;
    };
    let server = Server::hello();
    let code =
        "print(urllib.request.urlopen(f'http://127.0.0.1:{PORT}/').read().decode(), urllib.request.getproxies())";
    let granted = || program(server.port, code).network_allow(&server.rule());
    assert_eq!(printed(&execute(granted())), "hello {}\n");
    // One that the policy itself names has to be granted like any other host.
    let proxy = proxy.trim_start_matches("http://").to_owned();
    let refused = execute(granted().env("http_proxy", format!("http://{proxy}")));
    assert!(!refused.success, "{}", refused.stdout);
    denied(&refused, "connect", &proxy);
}

#[test]
fn f15_sockets_in_the_file_system_are_not_reached() {
    let folder = tempfile::tempdir().unwrap();
    let listener = UnixListener::bind(folder.path().join("s.sock")).unwrap();
    listener.set_nonblocking(true).unwrap();
    let server = Server::hello();
    let code = "print(hasattr(socket, 'AF_UNIX'), tried(lambda: open('/data/s.sock', 'r+b')))
for address in ('/data/s.sock', '\\0abstract', b'/data/s.sock', ('/data/s.sock', PORT), ('unix:/data/s.sock', PORT)):
    print(tried(lambda: socket.socket().connect(address)))
print(urllib.request.urlopen(f'http://127.0.0.1:{PORT}/').status)";
    let builder = program(server.port, code).network_allow(&server.rule()).filesystem_write(folder.path(), "/data");
    let result = execute(builder);
    let said = printed(&result);
    assert!(said.starts_with("False ") && said.ends_with("\n200\n"), "{said}");
    assert!(said.lines().take(6).all(|line| line.contains("Error: ")), "{said}");
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn f16_nothing_is_listened_on() {
    let server = Server::hello();
    let code = "s = socket.socket()
print(tried(lambda: s.bind(('127.0.0.1', 0))), tried(lambda: s.listen()), tried(lambda: s.accept()))
print(tried(lambda: socket.create_server(('', 0))))
s.connect(('127.0.0.1', PORT)); print('connected')";
    let result = execute(program(server.port, code).network_allow(&server.rule()).network_allow("127.0.0.1:1"));
    let said = printed(&result);
    assert_eq!(said.matches("nothing can be listened on").count(), 4, "{said}");
    assert!(said.ends_with("connected\n"), "{said}");
}

#[test]
fn f18_each_refusal_is_written_down_with_the_address() {
    let code = "for _ in range(3): tried(lambda: socket.create_connection(('10.0.0.1', 80)))
tried(lambda: socket.create_connection(('evil\\x1b[2J.example', 80)))
tried(lambda: socket.create_connection(('other.example.com', 80)))";
    let result = execute(program(1, code).network_allow("example.com"));
    let denial = denied(&result, "connect", "10.0.0.1:80");
    assert_eq!(denial.count, 3);
    assert!(denial.reason.as_deref().unwrap().contains("private"), "{denial}");
    denied(&result, "resolve", "evil\\u{1b}[2J.example");
    denied(&result, "resolve", "other.example.com");
    assert_eq!(result.connections.len(), 3);
    assert!(result.connections.iter().all(|one| one.address.as_deref() == Some("10.0.0.1") && one.error.is_some()));
}
