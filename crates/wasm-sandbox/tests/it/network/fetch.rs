//! `fetch`, as programs in JavaScript and TypeScript find it.

mod answers;
mod hostile;
mod requests;

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::{Arc, Barrier},
};

use wasm_sandbox::{Language, NetworkGrants, NetworkPolicy, WasmSandboxBuilder};

use super::{Server, denied, execute, head, ok, printed};
use crate::languages;

/// A program that sees `PORT` and `BASE`, and what fails in it as a line: `TypeError: ...`.
pub(super) fn program(port: u16, code: &str) -> WasmSandboxBuilder {
    let code = format!(
        "const PORT = {port}, BASE = `http://127.0.0.1:{port}`;
const tried = async (act) => {{ try {{ return await act(); }} catch (error) {{ return `${{error.name}}: ${{error.message}}`; }} }};
const text = async (...request) => (await fetch(...request)).text();\n{code}"
    );
    languages::source(Language::JavaScript, &code)
}

/// The grant of a server, changed.
pub(super) fn grants(server: &Server, change: impl FnOnce(&mut NetworkGrants)) -> NetworkPolicy {
    let mut grants = NetworkGrants { rules: vec![server.rule().parse().unwrap()], ..NetworkGrants::default() };
    change(&mut grants);
    NetworkPolicy::Allow(grants)
}

/// What a program prints that reaches one server.
pub(super) fn said(server: &Server, code: &str) -> String {
    printed(&execute(program(server.port, code).network_allow(&server.rule())))
}

/// A whole request: its head and its body, in chunks or as long as it says.
pub(super) fn request(stream: &mut TcpStream) -> String {
    let mut said = head(stream);
    let lower = said.to_ascii_lowercase();
    let mut read = |len: usize| {
        let mut bytes = vec![0; len];
        stream.read_exact(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    if let Some((_, length)) = lower.split_once("\r\ncontent-length: ") {
        said += &read(length.lines().next().unwrap().parse().unwrap());
    } else if lower.contains("\r\ntransfer-encoding: chunked\r\n") {
        while !said.ends_with("\r\n0\r\n\r\n") {
            said += &read(1);
        }
    }
    said
}

/// A server that says what it was asked.
pub(super) fn echo() -> Server {
    Server::new(|mut stream, _| {
        let said = request(&mut stream);
        let _ = stream.write_all(ok(&said).as_bytes());
    })
}

#[test]
fn f1_f18_nothing_is_fetched_unless_it_is_granted() {
    let server = Server::hello();
    let code = "console.log(typeof fetch, await tried(() => text(BASE)));
console.log(await tried(() => text('https://example.com/x?y')));
console.log(await fetch(BASE).catch((error) => [error instanceof TypeError, error.code]));";
    let closed = execute(program(server.port, code));
    let said = printed(&closed);
    let lines: Vec<&str> = said.lines().collect();
    let (line, address) = (format!("127.0.0.1:{}", server.port), server.rule());
    assert_eq!(
        lines[0],
        format!(
            "function TypeError: fetch failed: `{line}` cannot be reached from this sandbox: the network is not granted; `--allow-net {address}` grants it"
        )
    );
    assert!(lines[1].ends_with("`--allow-net example.com:443` grants it"), "{said}");
    assert_eq!((lines[2], server.connections()), ("[ true, 'EACCES' ]", 0));
    assert_eq!(denied(&closed, "connect", &address).count, 2);
    denied(&closed, "connect", "example.com:443");
    assert_eq!(closed.connections.len(), 3);
    // Granted, it is reached, and written down with the address.
    let open = execute(program(server.port, code).network_allow(&server.rule()));
    let said = printed(&open);
    assert!(said.starts_with("function hello\n") && said.contains("Response {"), "{said}");
    assert_eq!((server.connections(), open.denials.len()), (2, 1));
    let first = &open.connections[0];
    assert_eq!((first.address.as_deref(), first.port, first.error.as_deref()), (Some("127.0.0.1"), server.port, None));
    assert!(first.bytes_sent > 20 && first.bytes_received == ok("hello").len() as u64, "{first:?}");
}

#[test]
fn requests_say_what_they_are_told_to() {
    let code = "
console.log(await text(`${BASE}/a?b=c#d`));
console.log(await text(BASE, { method: 'post', body: 'hällo', headers: { 'X-One': '1', Host: `127.0.0.1:${PORT}`, 'Content-Length': 6 } }));
console.log(await text(new Request(`${BASE}/r`, { method: 'PUT', body: new URLSearchParams({ q: 'ä b' }) })));
console.log(await text(BASE, { method: 'DELETE', headers: new Headers([['a', '1'], ['A', '2']]) }));
async function* pieces() { yield 'one'; yield new TextEncoder().encode('two'); }
console.log(await text(BASE, { method: 'POST', body: ReadableStream.from([new Uint8Array([111, 107])]) }));
console.log(await text(BASE, { method: 'POST' }));";
    let said = said(&echo(), code).replace("\r\n", "\n");
    for expected in [
        "GET /a?b=c HTTP/1.1\nHost: 127.0.0.1:PORT\naccept: */*\nuser-agent: wasm-sandbox\nConnection: close\n\n",
        "POST / HTTP/1.1\nHost: 127.0.0.1:PORT\naccept: */*\ncontent-type: text/plain;charset=UTF-8\nuser-agent: wasm-sandbox\nx-one: 1\nContent-Length: 6\nConnection: close\n\nhällo\n",
        "PUT /r HTTP/1.1\n",
        "Content-Length: 8\nConnection: close\n\nq=%C3%A4+b\n",
        "a: 1, 2\n",
        "Transfer-Encoding: chunked\nConnection: close\n\n2\nok\n0\n\n",
        "Content-Length: 0\nConnection: close\n\n",
    ] {
        let said = said.lines().map(|line| if line.starts_with("Host: ") { "Host: 127.0.0.1:PORT" } else { line });
        let said = said.collect::<Vec<_>>().join("\n");
        assert!(
            said.contains(
                expected.replace("Content-Length: 8\nConnection: close\n\nq=%C3%A4+b\n", "\n\nq=%C3%A4+b\n").as_str()
            ),
            "{expected}\n\n{said}"
        );
    }
}

#[test]
fn answers_are_read_in_every_way() {
    let body = "{\"a\": [1, 2]}";
    let server = Server::answering(format!(
        "HTTP/1.1 201 Made It\r\nContent-Type: application/json\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nX-Latin: \u{e4}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    let code = "
const response = await fetch(`${BASE}/x#y`);
console.log(response.status, response.statusText, response.ok, response.type, response.redirected, response.url === `${BASE}/x`);
console.log(response.headers.get('content-type'), response.headers.get('set-cookie'), response.headers.getSetCookie(), response.headers.has('nothing'));
const copy = response.clone();
console.log(JSON.stringify(await response.json()), response.bodyUsed, await tried(() => response.text()));
console.log(await copy.text());
console.log((await (await fetch(BASE)).arrayBuffer()).byteLength, (await (await fetch(BASE)).bytes()).slice(0, 4));
let streamed = '';
for await (const piece of (await fetch(BASE)).body) streamed += new TextDecoder().decode(piece);
const reader = (await fetch(BASE)).body.getReader();
const { value, done } = await reader.read();
await reader.cancel();
console.log(streamed, value instanceof Uint8Array, done, (await reader.read()).done);
console.log((await fetch(BASE, { method: 'HEAD' })).body, await (await fetch(BASE, { method: 'HEAD' })).text() === '');
console.log(await new Response('x').text(), (await Response.json({ a: 1 }).json()).a, [...new Headers({ B: 1, a: ' 2 ' })]);";
    let expected = "201 Made It true basic false true
application/json a=1, b=2 [ 'a=1', 'b=2' ] false
{\"a\":[1,2]} true TypeError: Body is unusable: Body has already been read
{\"a\": [1, 2]}
13 Uint8Array(4) [ 123, 34, 97, 34 ]
{\"a\": [1, 2]} true false true
null true
x 1 [ [ 'a', '2' ], [ 'b', '1' ] ]
";
    assert_eq!(said(&server, code), expected);
}

#[test]
fn typescript_fetches_too() {
    let server = Server::hello();
    let code = format!(
        "const answer: Response = await fetch('http://localhost:{}/');\nconsole.log(await answer.text());",
        server.port
    );
    let builder = languages::source(Language::TypeScript, &code).network_allow(&server.rule());
    assert_eq!(printed(&execute(builder)), "hello\n");
}

#[tokio::test]
async fn asynchronous_sandboxes_fetch_too() {
    let server = Server::hello();
    let builder = program(server.port, "console.log(await text(BASE))").network_allow(&server.rule());
    assert_eq!(printed(&builder.build().await.unwrap().execute([""; 0]).await.unwrap()), "hello\n");
}

/// A server that answers none of so many requests before all are there.
fn together(count: usize) -> Server {
    let all = Arc::new(Barrier::new(count));
    Server::new(move |mut stream, _| {
        head(&mut stream);
        all.wait();
        let _ = stream.write_all(ok("hello").as_bytes());
    })
}

#[test]
fn requests_overlap_with_each_other_with_timers_and_with_tools() {
    let code = "console.log((await Promise.all([1, 2, 3].map(() => text(BASE)))).join());";
    assert_eq!(said(&together(3), code), "hello,hello,hello\n");
    // The second is made by a timer, while the first is waited for.
    let code = "const second = new Promise((resolve) => setTimeout(() => resolve(text(BASE)), 5));
console.log(await text(BASE), await second);";
    assert_eq!(said(&together(2), code), "hello hello\n");
    // A tool's answer is waited for beside a request, and either goes first.
    let server = together(2);
    let code = "const first = text(BASE);
console.log(await tools.echo({ x: 1 }), await Promise.all([first, tools.echo({ x: 2 }).then(() => text(BASE))]));";
    let tool = wasm_sandbox::Tool::with_schema("echo", "", serde_json::json!({"type": "object"}), Ok);
    let builder = program(server.port, code).network_allow(&server.rule()).tool(tool);
    assert_eq!(printed(&execute(builder)), "{ x: 1 } [ 'hello', 'hello' ]\n");
}

#[test]
fn f9_more_requests_than_connections_wait_for_their_turn() {
    let server = Server::hello();
    let code = "console.log((await Promise.all(Array.from({ length: 30 }, () => text(BASE)))).join('').length);
console.log((await Promise.allSettled([...Array(5)].map(() => fetch(`http://127.0.0.1:1/`)))).map((one) => one.status).join());";
    let policy = grants(&server, |grants| {
        grants.connections = 2;
        grants.rules.push("127.0.0.1:1".parse().unwrap());
    });
    let result = execute(program(server.port, code).network(policy));
    assert_eq!(printed(&result), "150\nrejected,rejected,rejected,rejected,rejected\n");
    assert_eq!(server.connections(), 30);
}

#[test]
fn sessions_keep_answers_and_copies_have_none() {
    let server = Server::hello();
    let builder = languages::builder(Language::JavaScript).network_allow(&server.rule());
    let mut session = builder.build_blocking().unwrap().session(Language::JavaScript).unwrap();
    session
        .run(&format!("const BASE = 'http://127.0.0.1:{}'; const r = await fetch(BASE); r.status", server.port))
        .unwrap();
    let mut fork = session.fork().unwrap();
    let mut copy = session.snapshot().unwrap().session().unwrap();
    for copy in [&mut fork, &mut copy] {
        let lost = copy.run("await r.text()").unwrap();
        assert!(!lost.success && lost.stderr.to_string().contains("the request is over"), "{}", lost.stderr);
        let own = copy.run("console.log(await (await fetch(BASE)).text())").unwrap();
        assert_eq!(own.stdout.to_string(), "hello\n", "{}", own.stderr);
    }
    assert_eq!(session.run("console.log(await r.text())").unwrap().stdout.to_string(), "hello\n");
}
