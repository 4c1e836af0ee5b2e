//! Components that try to get further than they were let.

use std::net::TcpListener;

use wasm_sandbox::HeaderSecret;

use super::*;
use crate::network::tls::Authority;

#[test]
fn f2_f3_f6_no_clothes_of_an_address_are_reached() {
    let server = Server::hello();
    let port = server.port.to_string();
    let hosts = [
        "0177.0.0.1",
        "0x7f.1",
        "2130706433",
        "017700000001",
        "0x7f000001",
        "127.1",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "127.0.0.2",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.2]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::1]",
        "[fe80::1]",
        "0.0.0.0",
        "0",
        "169.254.169.254",
        "[::ffff:a9fe:a9fe]",
        "10.0.0.1",
        "100.64.0.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
    ];
    let result = with(&server, &[&["authorities", &port], &hosts[..]].concat(), |grants| {
        grants.rules.push("*.example.com".parse().unwrap());
    });
    let said = printed(&result);
    assert!(said.lines().all(|line| line == DENIED || line == "no authority"), "{said}");
    assert_eq!((said.lines().count(), server.connections()), (hosts.len(), 0));
    assert!(said.matches(DENIED).count() >= 23, "{said}");
    denied(&result, "connect", &format!("169.254.169.254:{port}"));
    // What an authority cannot be: credentials, ports that are none.
    let users =
        [format!("127.0.0.1@x.example:{port}"), format!("x@127.0.0.1:{port}"), format!("127.0.0.1:{port}@a.com")];
    let ports = ["127.0.0.1:65536", "127.0.0.1:", "127.0.0.1:-1", "127.0.0.1:80x", "127.0.0.1:080080", "127.0.0.1:+80"]
        .map(str::to_owned);
    let others = ["localhost:what", "@:"].map(str::to_owned);
    for authority in users.iter().chain(&ports).chain(&others) {
        let result = with(&server, &["authorities", "", authority], |_| {});
        assert_eq!(printed(&result), "no authority\n", "{authority}");
        assert_eq!(
            denied(&result, "connect", authority).reason.as_deref(),
            Some("it is neither a name nor an address in its usual form")
        );
    }
    assert!(super::said(&server, &["authorities", "0", "127.0.0.1"]).contains(DENIED));
    assert_eq!(server.connections(), 0);
    // The twins: by its address, and the name that is always this machine's.
    let said = super::said(&server, &["authorities", &port, "127.0.0.1", "[::ffff:127.0.0.1]", "x.localhost"]);
    assert_eq!((said.as_str(), server.connections()), ("200 hello\n200 hello\n200 hello\n", 3));
}

#[test]
fn f5_a_redirect_is_the_guests_to_follow_or_not() {
    let inner = Server::hello();
    let outer = Server::answering(format!("HTTP/1.1 302 Go\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", url(&inner)));
    assert_eq!(said(&outer, &["get", &url(&outer), &url(&inner)]), format!("302 \n{DENIED}\n"));
    assert_eq!((outer.connections(), inner.connections()), (1, 0));
}

#[test]
fn f7_a_request_says_one_thing() {
    let server = echo();
    let said = said(&server, &["unusable", &url(&server)]);
    let lines: Vec<&str> = said.lines().collect();
    for (line, part) in [
        (0, "HttpRequestUriInvalid"),
        (1, "HttpProtocolError"),
        (2, "HttpRequestMethodInvalid"),
        (3, "HttpRequestUriInvalid"),
        (4, "HttpRequestBodySize(Some(0))"),
        (5, "HttpRequestBodySize(None)"),
        (6, "HttpRequestBodySize(None)"),
        (7, "200 POST / HTTP/1.1"),
    ] {
        assert!(lines[line].contains(part), "{part}: {said}");
    }
    let rest = &lines[lines.iter().position(|line| *line == "Err(())").unwrap()..];
    assert_eq!(rest[..6], ["Err(())"; 6], "{said}");
    assert!(
        rest[6].contains("HttpRequestHeaderSectionSize(None)") && rest[7].starts_with("200 GET / HTTP/1.1"),
        "{said}"
    );
    assert_eq!(server.connections(), 2);
}

#[test]
fn f7_headers_of_the_connection_are_the_hosts() {
    let server = echo();
    let names = ["Host", "connection", "TE", "Transfer-Encoding", "upgrade", "Proxy-Authorization", "keep-alive"];
    let headers = names.map(|name| format!("{name}:x"));
    let headers: Vec<&str> = headers.iter().map(String::as_str).chain(["x-fine:1", "bad name:x"]).collect();
    let said = said(&server, &[&["with", "POST", &url(&server)], &headers[..]].concat());
    for name in names {
        assert!(said.contains(&format!("{name}: HeaderError::Forbidden\n")), "{said}");
    }
    let head = said.split_once("200 POST").unwrap().1;
    assert!(said.contains("bad name: HeaderError::InvalidSyntax\n") && head.contains("x-fine: 1"), "{said}");
    assert_eq!((head.matches("Host:").count(), head.matches(": x").count()), (1, 0), "{said}");
}

#[test]
fn f7_a_body_is_as_long_as_the_guest_said() {
    let server = echo();
    let said = |length: &str, written: &str| said(&server, &["post", &url(&server), length, written]);
    let broke = "ErrorCode::HttpRequestBodySize(None)\n";
    let short = said("20000", "15000");
    assert!(
        short.starts_with("finishing: ErrorCode::HttpRequestBodySize(Some(15000))\n") && short.ends_with(broke),
        "{short}"
    );
    let long = said("15000", "20000");
    assert!(
        long.starts_with("writing: Some(ErrorCode::HttpRequestBodySize(Some(20000)))\n") && long.ends_with(broke),
        "{long}"
    );
    // The server has heard all that was said before the guest says more: it has to keep its answer to itself.
    let silent = Server::new(|mut stream, _| drop(std::io::copy(&mut stream, &mut std::io::sink())));
    let more = super::said(&silent, &["post", &url(&silent), "10000", "20000"]);
    assert!(
        more.contains("\nfinishing: ErrorCode::HttpRequestBodySize(Some(20000))\n") && more.ends_with(broke),
        "{more}"
    );
    assert!(said("20000", "20000").starts_with("200 "));
    // One that goes before it is finished is none, and the server does not take it for one.
    let server = Server::new(|mut stream, heard| {
        let said = head(&mut stream);
        let mut rest = String::new();
        let _ = std::io::Read::read_to_string(&mut stream, &mut rest);
        heard.lock().unwrap().push(said + &rest);
    });
    assert!(super::said(&server, &["unfinished", &url(&server)]).ends_with(broke));
    assert!(server.heard().iter().all(|said| !said.ends_with("0\r\n\r\n")), "{:?}", server.heard());
}

#[test]
fn d6_a_body_has_the_room_that_was_said() {
    let result = run(client(), &["overfull"]);
    let Ending::Trap(trap) = &result.ending else { panic!("{:?}", result.ending) };
    assert_eq!(trap.message, "a write of 1 bytes, where 0 are the most");
    // The twin: what there was room for.
    assert_eq!(result.stdout.text(), "65536 Ok(())\n0 Ok(())\n");
    // Nobody waits for room, and nothing of what there is none for is lost.
    let result = run(client().stdin(vec![b'x'; 100_000]), &["spliced"]);
    assert_eq!(result.stdout.text(), "65536, and 34464 are left\n", "{:?}", result.ending);
}

#[test]
fn f14_no_proxy_of_the_environment_is_used_by_a_component() {
    let (server, proxy) = (Server::hello(), Server::answering(ok("from the proxy")));
    let mut builder = client().network_allow(&server.rule()).network_allow(&proxy.rule());
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        builder = builder.env(name, url(&proxy));
    }
    assert_eq!((printed(&run(builder, &["get", &url(&server)])).as_str(), proxy.connections()), ("200 hello\n", 0));
}

#[test]
fn f17_a_key_goes_to_its_host_and_not_to_the_component() {
    let authority = Authority::new();
    let (server, other) = (authority.server("127.0.0.1"), echo());
    let secret = |server: &Server, unencrypted| HeaderSecret {
        host: server.rule().parse().unwrap(),
        header: "Authorization".to_owned(),
        value: "Bearer s3cret".into(),
        unencrypted,
    };
    let requested = |method: &str, to: &str, secrets: Vec<HeaderSecret>| {
        with(&server, &["with", method, to, "authorization:Bearer mine"], |grants| {
            grants.rules.push(other.rule().parse().unwrap());
            grants.roots = vec![authority.file.path().to_owned()];
            grants.secrets = secrets;
        })
    };
    let encrypted = format!("https://{}/x", server.rule());
    let result = requested("POST", &encrypted, vec![secret(&server, false)]);
    assert_eq!(printed(&result), "200 POST /x HTTP/1.1\n");
    let heard = &server.heard()[0];
    assert!(heard.contains("\r\nAuthorization: Bearer s3cret\r\n") && !heard.contains("mine"), "{heard}");
    let account = serde_json::to_string(&result).unwrap() + &format!("{result:?}");
    assert!(!account.contains("s3cret") && result.connections[0].tls, "{account}");
    // Another host has what the guest says, and so has its own host without encryption.
    for secrets in [vec![secret(&server, false)], vec![secret(&other, false)]] {
        let said = printed(&requested("POST", &url(&other), secrets));
        assert!(said.contains("authorization: Bearer mine") && !said.contains("s3cret"), "{said}");
    }
    // The twin, and what would come back.
    let said = printed(&requested("POST", &url(&other), vec![secret(&other, true)]));
    assert!(said.contains("Authorization: Bearer s3cret"), "{said}");
    // Nor has the host what the guest would say behind the body.
    let server = Server::new(|mut stream, heard| {
        let mut said = head(&mut stream);
        while !said.ends_with("0\r\n\r\n") && !said.contains("x-sum: 42\r\n\r\n") {
            said += &head(&mut stream);
        }
        heard.lock().unwrap().push(said);
        let _ = stream.write_all(ok("hi").as_bytes());
    });
    for unencrypted in [true, false] {
        let mut secret = secret(&server, unencrypted);
        secret.header = "X-Sum".to_owned();
        let result = with(&server, &["trailers", &url(&server)], |grants| grants.secrets = vec![secret]);
        assert_eq!(printed(&result), "Err(HeaderError::Forbidden)\nhi\nOk(None) true\n");
        // Where the secret does not go, it is the guest's own affair.
        assert_eq!(server.heard().last().unwrap().contains("x-sum: 42"), !unencrypted, "{:?}", server.heard());
    }
    let result = requested("TRACE", &url(&other), vec![secret(&other, true)]);
    assert_eq!(printed(&result), format!("{DENIED}\n"));
    denied(&result, "send", &other.rule());
}

#[test]
fn f18_what_goes_wrong_is_told_by_its_kind() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let result = run(client().network_allow("127.0.0.1"), &["get", &format!("http://127.0.0.1:{free}/")]);
    assert_eq!(printed(&result), "ErrorCode::ConnectionRefused\n");
    assert_eq!(result.connections[0].error.as_deref(), Some("the connection was refused"));
    let result = run(client().network_allow("nowhere.invalid"), &["get", "http://nowhere.invalid/"]);
    assert!(printed(&result).starts_with("ErrorCode::DnsError("), "{}", result.stdout);
    // Of another authority, for another name, and none.
    let (authority, other) = (Authority::new(), Authority::new());
    let told = |server: &Server| {
        let trusting = authority.grants(server);
        let network = NetworkPolicy::Allow(trusting);
        printed(&run(client().network(network), &["get", &format!("https://localhost:{}/", server.port)]))
    };
    assert_eq!(told(&other.server("localhost")), "ErrorCode::TlsCertificateError\n");
    assert_eq!(told(&authority.server("other.example")), "ErrorCode::TlsCertificateError\n");
    let plain = Server::new(|mut stream, _| {
        let _ = stream.write_all(ok("hello").as_bytes());
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    assert_eq!(told(&plain), "ErrorCode::TlsProtocolError\n");
    assert_eq!(told(&authority.server("localhost")), "200 GET / HTTP/1.1\n");
}
