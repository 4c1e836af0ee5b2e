//! Requests that are made to mean something else, or to lead elsewhere.

use super::{Server, denied, echo, execute, grants, ok, printed, program, said};
use crate::network::tls::Authority;

#[test]
fn f2_f3_no_encoding_of_this_machine_is_fetched() {
    let server = Server::hello();
    let code = "
const hosts = ['127.0.0.1', '0177.0.0.1', '0x7f.1', '2130706433', '017700000001', '0x7f000001', '127.1', '①②⑦.⓪.⓪.①', '127。0。0。1', '127.0.0.1.', '%31%32%37.0.0.1'];
hosts.push('[::1]', '[::]', '[::ffff:127.0.0.1]', '[::127.0.0.1]', '[64:ff9b::7f00:1]', '[2002:7f00:1::1]', '[fe80::1]', '0.0.0.0', '0', 'localhost', 'x.localhost', '127.0.0.2');
const failed = [];
for (const host of hosts) failed.push(await tried(async () => (await fetch(`http://${host}:${PORT}/`)).status));
console.log(failed.every((one) => /cannot be reached|Failed to parse/.test(one)), JSON.stringify(failed.filter((one) => one === 200)), failed.length);";
    let result = execute(program(server.port, code).network_allow("*.example.com").network_allow("8.8.8.8"));
    assert_eq!(printed(&result), "true [] 23\n");
    assert_eq!(server.connections(), 0);
    // The twin: what a URL makes of them is the one form that is granted.
    let result = execute(program(server.port, code).network_allow(&server.rule()));
    assert!(printed(&result).contains("[200,200,200,200,200,200,200,200,200,"), "{}", result.stdout);
}

#[test]
fn f5_redirects_are_checked_at_each_hop() {
    let inner = Server::answering(ok("secret"));
    for (to, why) in [
        (format!("http://127.0.0.1:{}/", inner.port), "no rule is for this port of it"),
        (format!("//localhost:{}/", inner.port), "no rule is for this port of it"),
        ("http://169.254.169.254/latest/meta-data/".to_owned(), "cannot be reached"),
        ("file:///etc/passwd".to_owned(), "the scheme `file` is not supported"),
        ("http://user:word@127.0.0.1/".to_owned(), "credentials"),
        ("http://[".to_owned(), "what is no URL"),
    ] {
        let outer = Server::answering(format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n"));
        let printed = said(&outer, "console.log(await tried(() => text(BASE)));");
        assert!(printed.starts_with("TypeError: fetch failed: ") && printed.contains(why), "{to}: {printed}");
        assert_eq!((outer.connections(), inner.connections()), (1, 0), "{to}");
    }
    // The twin: granted, it is followed, without what was for the first host.
    let inner = echo();
    let outer = Server::answering(format!(
        "HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:{}/x\r\nContent-Length: 0\r\n\r\n",
        inner.port
    ));
    let code = "const r = await fetch(BASE, { method: 'PUT', body: 'kept', headers: { Authorization: 'mine', Cookie: 'c', 'X-One': '1' } });
console.log(r.redirected, new URL(r.url).pathname, await r.text());";
    let builder = program(outer.port, code).network_allow(&outer.rule()).network_allow(&inner.rule());
    let said = printed(&execute(builder));
    assert!(said.starts_with("true /x PUT /x HTTP/1.1\r\n") && said.ends_with("kept\n"), "{said}");
    assert!(said.contains("x-one: 1") && !said.contains("mine") && !said.contains("cookie"), "{said}");
}

#[test]
fn f5_at_most_five_redirects_are_followed() {
    // `/N` leads to the one before it.
    let server = Server::new(|mut stream, heard| {
        let said = super::request(&mut stream);
        let number: u32 = said.split(['/', ' ']).nth(2).unwrap().parse().unwrap();
        let answer = match number {
            0 => ok(said.lines().next().unwrap()),
            more => format!("HTTP/1.1 302 Go\r\nLocation: /{}\r\nContent-Length: 0\r\n\r\n", more - 1),
        };
        heard.lock().unwrap().push(said);
        let _ = std::io::Write::write_all(&mut stream, answer.as_bytes());
    });
    let code =
        "console.log(await text(`${BASE}/5`, { method: 'POST', body: 'x', headers: { Authorization: 'mine' } }));
console.log(await tried(() => text(`${BASE}/6`)));
console.log(await tried(() => text(`${BASE}/1`, { redirect: 'error' })));
const manual = await fetch(`${BASE}/1`, { redirect: 'manual' });
console.log(manual.status, manual.headers.get('location'), manual.redirected);
console.log(await tried(() => text(`${BASE}/1`, { redirect: 'other' })));";
    let said = said(&server, code);
    let expected = "GET /0 HTTP/1.1
TypeError: fetch failed: there were more than 5 redirects
TypeError: fetch failed: a redirect came, and was not to be followed
302 /0 false
TypeError: Request: 'other' is no way to deal with redirects.\n";
    assert_eq!(said, expected);
    assert_eq!(server.connections(), 6 + 6 + 1 + 1);
    // The host is the same, so that what is for it stays; what was sent with the first is not sent again.
    let heard = server.heard();
    assert!(heard[5].contains("authorization: mine") && !heard[5].contains("content-"), "{}", heard[5]);
}

#[test]
fn f6_ports_that_are_not_granted_or_not_there_are_refused() {
    let (granted, other) = (Server::hello(), Server::hello());
    let code = format!(
        "for (const port of [{}, 0, 65536, -1, PORT]) console.log(await tried(() => text(`http://127.0.0.1:${{port}}/`)));",
        other.port
    );
    let result = execute(program(granted.port, &code).network_allow(&granted.rule()));
    let said = printed(&result);
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].contains("no rule is for this port of it") && lines[1].contains("127.0.0.1:0"), "{said}");
    assert!(lines[2..4].iter().all(|line| line.starts_with("TypeError: Failed to parse URL")), "{said}");
    assert_eq!((lines[4], granted.connections(), other.connections()), ("hello", 1, 0));
    denied(&result, "connect", &other.rule());
}

#[test]
fn f7_a_request_says_one_thing() {
    let server = echo();
    let code = "
const made = { method: 'POST', body: 'four' };
const bad = [
    () => fetch(BASE, { headers: { 'X\\r\\nY': '1' } }), () => fetch(BASE, { headers: { X: 'a\\r\\nY: b' } }), () => fetch(BASE, { headers: { X: 'a\\0' } }),
    () => fetch(BASE, { headers: { X: 'ł' } }), () => fetch(BASE, { method: 'GET / HTTP/1.1\\r\\nX:' }), () => fetch(BASE, { method: 'CONNECT' }),
    () => fetch(BASE, { method: 'TRACE' }), () => fetch(BASE, { body: 'x' }), () => fetch(`http://user:word@127.0.0.1:${PORT}/`), () => fetch('/x'),
    ...Object.entries({ Host: 'other.example', Connection: 'upgrade', 'Content-Length': '3', 'Transfer-Encoding': 'chunked', Upgrade: 'websocket', TE: 'trailers',
        Trailer: 'X', 'Proxy-Authorization': 'x', Expect: '100-continue' }).map(([name, value]) => () => fetch(BASE, { ...made, headers: { [name]: value } })),
    () => fetch(BASE, { headers: Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`x-${index}`, '1'])) }),
    () => fetch(BASE, { headers: { X: 'x'.repeat(70_000) } }), () => fetch(`${BASE}/${'x'.repeat(70_000)}`),
];
for (const act of bad) console.log((await tried(act)).replace(/[\\r\\n]+/g, ' '));
console.log((await text(`${BASE}/a b\\r\\nX: y?\\u{1}é`)).split('\\r\\n')[0]);";
    let said = said(&server, code);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines.len(), 23, "{said}");
    assert!(lines[..22].iter().all(|line| line.starts_with("TypeError: ")), "{said}");
    for (index, part) in [
        (0, "header name"),
        (1, "header value"),
        (4, "HTTP method"),
        (8, "credentials"),
        (10, "`host` is not the guest's"),
        (12, "`content-length`"),
        (15, "`te`"),
        (20, "longer than"),
        (19, "more than 256 headers"),
    ] {
        assert!(lines[index].contains(part), "{index}: {said}");
    }
    assert_eq!((lines[22], server.connections()), ("GET /a%20bX:%20y?%01%C3%A9 HTTP/1.1", 1));
}

#[test]
fn f14_no_proxy_of_the_environment_is_used() {
    let (server, proxy) = (Server::hello(), Server::answering(ok("from the proxy")));
    let address = format!("http://{}", proxy.rule());
    let mut builder = program(server.port, "console.log(await text(BASE), process.env.http_proxy !== undefined);");
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
        builder = builder.env(name, &address);
    }
    let builder = builder.network_allow(&server.rule()).network_allow(&proxy.rule());
    assert_eq!((printed(&execute(builder)).as_str(), proxy.connections()), ("hello true\n", 0));
}

#[test]
fn f17_a_key_goes_to_its_host_and_not_to_the_guest_or_where_a_redirect_leads() {
    let authority = Authority::new();
    let (server, other) = (authority.server("127.0.0.1"), echo());
    let redirecting = Server::answering(format!(
        "HTTP/1.1 302 Go\r\nLocation: http://127.0.0.1:{}/\r\nContent-Length: 0\r\n\r\n",
        other.port
    ));
    let code = format!(
        "console.log(await text(`https://127.0.0.1:${{PORT}}/x`, {{ headers: {{ Authorization: 'Bearer mine' }} }}));
console.log(await text('http://127.0.0.1:{}/'));
console.log(await tried(() => text(`https://127.0.0.1:${{PORT}}/`, {{ method: 'patch' }})));",
        redirecting.port
    );
    let secret = |server: &Server, unencrypted| wasm_sandbox::HeaderSecret {
        host: server.rule().parse().unwrap(),
        header: "Authorization".to_owned(),
        value: "Bearer s3cret".into(),
        unencrypted,
    };
    let network = grants(&server, |grants| {
        grants.rules.extend([other.rule(), redirecting.rule()].map(|rule| rule.parse().unwrap()));
        grants.roots = vec![authority.file.path().to_owned()];
        grants.secrets = vec![secret(&server, false), secret(&redirecting, true)];
    });
    let result = execute(program(server.port, &code).network(network));
    let said = printed(&result);
    assert!(
        said.starts_with("GET /x HTTP/1.1\nGET / HTTP/1.1\r\n") && said.contains("it is no HTTP request"),
        "{said}"
    );
    assert!(!said.contains("s3cret") && !said.contains("authorization"), "{said}");
    let heard = &server.heard()[0];
    assert!(heard.contains("\r\nAuthorization: Bearer s3cret\r\n") && !heard.contains("mine"), "{heard}");
    assert!(redirecting.heard()[0].contains("s3cret"), "{:?}", redirecting.heard());
    let account = serde_json::to_string(&result).unwrap() + &format!("{result:?}");
    assert!(!account.contains("s3cret") && result.connections[0].tls, "{account}");
    denied(&result, "send", &server.rule());
}
