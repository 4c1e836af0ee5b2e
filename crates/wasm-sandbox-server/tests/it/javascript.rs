//! Handlers in JavaScript and TypeScript: `export default { fetch }`.

use wasm_sandbox::{Ending, ErrorCode, Tool};

use super::*;

fn served(text: &str) -> Served {
    served_with(text, |builder| builder)
}

fn served_with(text: &str, build: impl FnOnce(WasmSandboxBuilder) -> WasmSandboxBuilder) -> Served {
    Served::start(build(script(WasmSandbox::builder(), Language::JavaScript, text)), |_| {})
}

const TOLD: &str = r#"
export default {
    async fetch(request, environment, context) {
        const { method, url, headers, signal, body } = request;
        const told = { method, url, headers: [...headers], aborted: signal.aborted, hasBody: body !== null, environment: { ...environment } };
        told.context = typeof context.waitUntil;
        if (url.endsWith("/json")) told.json = await request.json();
        if (url.endsWith("/text")) told.text = await request.clone().text() + await request.text();
        if (url.endsWith("/bytes")) told.bytes = [...await request.bytes()];
        if (url.endsWith("/buffer")) told.length = (await request.arrayBuffer()).byteLength;
        return Response.json(told);
    },
};
"#;

fn json(reply: &Reply) -> serde_json::Value {
    assert!(reply.head.contains("content-type: application/json"), "{reply:?}");
    serde_json::from_slice(&reply.body).unwrap()
}

#[test]
fn a_handler_sees_the_request() {
    let server = served_with(TOLD, |builder| builder.env("NAME", "value"));
    let mut client = server.connect();
    client.say(
        "GET /a%20b?c=%20d HTTP/1.1\r\nHost: guest.test:81\r\nX-Many: a\r\nX-Many: b\r\nX-Latin: \u{e9}\r\n\
         Proxy-Authorization: secret\r\nConnection: keep-alive\r\nExpect: 100-continue\r\n\r\n",
    );
    let told = json(&client.reply());
    assert_eq!((&told["method"], &told["url"]), (&"GET".into(), &"http://guest.test:81/a%20b?c=%20d".into()));
    let headers = serde_json::json!([["host", "guest.test:81"], ["x-latin", "\u{c3}\u{a9}"], ["x-many", "a, b"]]);
    assert_eq!(told["headers"], headers);
    let others = [&told["hasBody"], &told["aborted"], &told["environment"], &told["context"]];
    assert_eq!(others, [&false.into(), &false.into(), &serde_json::json!({ "NAME": "value" }), &"function".into()]);
}

#[test]
fn a_handler_reads_a_body_in_each_way() {
    let server = served(TOLD);
    for (path, body, key, value) in [
        ("/json", r#"{"a":[1]}"#, "json", serde_json::json!({ "a": [1] })),
        ("/text", "é", "text", "éé".into()),
        ("/bytes", "ab", "bytes", serde_json::json!([97, 98])),
        ("/buffer", "abc", "length", 3.into()),
        ("/none", "", "hasBody", false.into()),
        ("/unread", "abc", "hasBody", true.into()),
    ] {
        assert_eq!(json(&server.connect().post(path, body.as_bytes()))[key], value, "{path}");
    }
    let mut client = server.connect();
    client.say("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(json(&client.reply())["method"], "TRACE");
    // Of a body of another method that says nothing of its length there is none.
    client.say("DELETE / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(json(&client.reply())["hasBody"], false);
    client.say("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(json(&client.reply())["url"], "http://a/*");
    client.say("GET //b/c HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(json(&client.reply())["url"], "http://a//b/c");
}

#[test]
fn f7_a_host_that_no_url_has_reaches_no_handler() {
    let server = served(TOLD);
    for host in ["a%zz", "a:99999", "1.2.3.4.5"] {
        let mut client = server.connect();
        client.say(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
        assert_eq!(client.reply().status, 400, "{host}");
    }
    let mut client = server.connect();
    client.say("GET / HTTP/1.1\r\nHost: A_b.test\r\n\r\n");
    assert_eq!(json(&client.reply())["url"], "http://a_b.test/");
}

#[test]
fn a_handler_answers_as_it_likes() {
    let server = served(
        r#"
        const cookies = new Headers([["set-cookie", "a=1; Path=/"], ["set-cookie", "b=2"], ["x-latin", "\xe9"], ["connection", "close"]]);
        async function* pieces() {
            yield "text, ";
            yield new Uint8Array([98, 121, 116, 101, 115]);
        }
        const later = [];
        export default {
            fetch(request, _, context) {
                switch (new URL(request.url).pathname) {
                    case "/json": return Response.json({ a: 1 }, { status: 201 });
                    case "/redirect": return Response.redirect("http://elsewhere.test/x", 303);
                    case "/cookies": return new Response("sweet", { headers: cookies, statusText: "Fine" });
                    case "/pieces": return new Response(pieces());
                    case "/bytes": return new Response(new Uint8Array([0, 255]));
                    case "/later":
                        context.waitUntil(new Promise((done) => setTimeout(done, 5)).then(() => console.log("done")));
                        setTimeout(() => console.log("never"), 1e6);
                        return new Response("soon");
                    default: return new Response(null, { status: 304, headers: { etag: '"1"' } });
                }
            },
        };
    "#,
    );
    let created = server.get("/json");
    assert_eq!((created.status, created.text().as_str()), (201, r#"{"a":1}"#));
    let elsewhere = server.get("/redirect");
    assert!(elsewhere.status == 303 && elsewhere.head.contains("location: http://elsewhere.test/x"), "{elsewhere:?}");
    let sweet = server.get("/cookies");
    assert!(sweet.head.contains("set-cookie: a=1; path=/\r\nset-cookie: b=2\r\n"), "{}", sweet.head);
    assert!(sweet.head.starts_with("http/1.1 200 ok") && sweet.head.contains("content-length: 5"), "{}", sweet.head);
    assert!(sweet.head.contains("x-latin: \u{fffd}\r\n") && !sweet.head.contains("connection"), "{}", sweet.head);
    let pieces = server.get("/pieces");
    assert_eq!(pieces.text(), "text, bytes");
    assert_eq!(server.get("/bytes").body, [0, 255]);
    let unchanged = server.get("/elsewhere");
    assert!(unchanged.status == 304 && unchanged.head.contains("etag: \"1\""), "{unchanged:?}");
    (0..6).for_each(|_| drop(server.entry()));
    assert_eq!(server.get("/later").text(), "soon");
    let result = server.entry().result.unwrap();
    assert_eq!((result.stdout.text().as_ref(), result.ending), ("done\n", Ending::Return));
}

#[test]
fn what_goes_wrong_in_a_handler_is_in_the_record_and_not_in_the_answer() {
    let server = served(
        r#"
        async function* late() {
            yield "some";
            throw new Error("too late");
        }
        export default {
            async fetch(request) {
                switch (new URL(request.url).pathname) {
                    case "/throw": throw new RangeError("a secret");
                    case "/text": return "text";
                    case "/null": return null;
                    case "/never": return new Promise(() => {});
                    case "/rejected": Promise.reject(new Error("nobody looks")); await 1; return new Response("x");
                    case "/twice": await request.text(); return new Response(await request.text());
                    case "/used": { const answer = new Response("x"); await answer.text(); return answer; }
                    case "/header": return new Response("x", { headers: { "x-a": "b\r\nx-injected: c" } });
                    case "/long": return new Response("x", { headers: { "x-a": "b".repeat(300_000) } });
                    case "/error": return Response.error();
                    case "/late": return new Response(late());
                    case "/exit": process.exit(3);
                }
                return new Response("hello");
            },
        };
    "#,
    );
    for (path, said) in [
        ("/throw", "RangeError: a secret\n    at fetch"),
        ("/text", "`fetch` has to give a Response, and gave string"),
        ("/null", "`fetch` has to give a Response, and gave null"),
        ("/never", "never settled"),
        ("/used", "Body has already been read"),
        ("/header", "invalid header value"),
        ("/long", "too long"),
        ("/error", "0 is no status of an answer"),
    ] {
        let reply = server.get(path);
        let entry = server.entry();
        assert_eq!((reply.status, reply.text()), (500, format!("{}\n", ErrorCode::Function)), "{path}");
        assert!(!reply.head.contains("x-injected"));
        let stderr = entry.result.unwrap().stderr.text().into_owned();
        assert!(stderr.contains(said), "{path}: {stderr}");
    }
    // By then the answer has gone.
    assert_eq!(server.get("/rejected").text(), "x");
    let result = server.entry().result.unwrap();
    assert!(matches!(result.ending, Ending::Exception { .. }) && result.stderr.text().contains("nobody looks"));
    assert_eq!(server.connect().post("/twice", b"x").status, 500);
    assert!(server.entry().result.unwrap().stderr.text().contains("Body has already been read"));
    let late = server.get("/late");
    // What came before has gone out.
    assert_eq!((late.status, late.text().as_str(), late.whole), (200, "some", false), "{late:?}");
    assert!(server.entry().result.unwrap().stderr.text().contains("too late"));
    assert_eq!(server.get("/exit").status, 500);
    assert_eq!(server.entry().result.unwrap().ending, Ending::Exit { code: 3 });
    assert_eq!(server.get("/").text(), "hello");
}

#[test]
fn a_module_without_a_handler_says_so() {
    for text in
        ["export default function add(a, b) { return a + b; }", "export const fetch = 1;", "module.exports = null;"]
    {
        let server = served(text);
        assert_eq!(server.get("/").status, 500);
        let entry = server.entry();
        assert_eq!(entry.error.unwrap().code, ErrorCode::Function.to_string());
        assert!(entry.result.unwrap().stderr.text().contains("there is no handler"), "{text}");
    }
}

#[test]
fn handlers_are_exported_in_several_ways() {
    for text in [
        "class App { name = 'app'; fetch() { return new Response(this.name); } }\nexport default new App();",
        "export async function fetch(request) { return new Response('app'); }",
        "module.exports = { fetch: () => new Response('app') };",
        "const name = await Promise.resolve('app');\nexport default { fetch: async () => new Response(name) };",
    ] {
        assert_eq!(served(text).get("/").text(), "app", "{text}");
    }
}

#[test]
fn a_handler_may_be_in_typescript() {
    let text = r#"
        interface Told { readonly path: string }
        enum Status { Fine = 201 }
        export default {
            async fetch(request: Request): Promise<Response> {
                const told: Told = { path: new URL(request.url).pathname };
                if (told.path === "/throw") throw new Error("here" satisfies string);
                return Response.json(told, { status: Status.Fine });
            },
        } satisfies { fetch(request: Request): Promise<Response> };
    "#;
    let server = Served::start(script(WasmSandbox::builder(), Language::TypeScript, text), |_| {});
    let reply = server.get("/a");
    assert_eq!((reply.status, reply.text().as_str()), (201, r#"{"path":"/a"}"#));
    server.entry();
    assert_eq!(server.get("/throw").status, 500);
    let stderr = server.entry().result.unwrap().stderr.text().into_owned();
    assert!(stderr.contains("Error: here\n    at fetch") && stderr.contains(":7:"), "{stderr}");
}

/// Passes requests on, whose bodies stream through it both ways.
fn proxy(upstream: SocketAddr) -> String {
    format!(
        r#"
        export default {{
            async fetch(request) {{
                const {{ pathname, search }} = new URL(request.url);
                return fetch(new Request(`http://{upstream}${{pathname}}${{search}}`, request));
            }},
        }};
    "#
    )
}

#[test]
fn a_handler_passes_streams_on() {
    let upstream = Served::with(|builder| builder.timeout(60.seconds()), |_| {});
    let granted =
        |builder: WasmSandboxBuilder| builder.timeout(60.seconds()).network_allow(&upstream.address.to_string());
    let server = served_with(&proxy(upstream.address), granted);
    let mut client = server.connect();
    client.say("POST /echo HTTP/1.1\r\nHost: guest.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n");
    assert_eq!(client.head().0, 200);
    // What was sent comes back before the rest is sent.
    assert_eq!((client.line(), client.line()), ("5\r\n".to_owned(), "first\r\n".to_owned()));
    client.say("6\r\nsecond\r\n0\r\n\r\n");
    assert_eq!(client.chunks(), (b"second".to_vec(), true));
    let sum = server.connect().post("/sum", &[1; 300_000]);
    assert_eq!(sum.text(), "300000 300000 true\n");
    assert_eq!((server.get("/status?299").status, server.get("/hello").text().as_str()), (299, "hello\n"));
    assert_eq!(server.get("/count").text(), "1\n");
    let empty = server.connect().post("/sum", b"");
    assert_eq!(empty.text(), "0 0 true\n");
}

#[test]
fn f1_a_handler_reaches_only_what_is_granted() {
    let upstream = Served::new();
    let server = served(&proxy(upstream.address));
    assert_eq!(server.get("/hello").status, 500);
    let result = server.entry().result.unwrap();
    assert_eq!(result.denials[0].target, upstream.address.to_string());
    assert!(result.stderr.text().contains("--allow-net"), "{}", result.stderr.text());
    let granted = served_with(&proxy(upstream.address), |builder| builder.network_allow(&upstream.address.to_string()));
    assert_eq!(granted.get("/hello").text(), "hello\n");
}

#[test]
fn requests_tools_and_bodies_go_on_beside_each_other() {
    let upstream = Served::with(|builder| builder.timeout(60.seconds()), |_| {});
    let text = r#"
        const ask = async (path, body) => (await fetch(`http://UPSTREAM${path}`, { method: "POST", body })).text();
        export default {
            async fetch(request) {
                const reader = request.body.getReader();
                const text = (async () => {
                    let text = "";
                    for (;;) {
                        const { value, done } = await reader.read();
                        if (done) return text;
                        text += new TextDecoder().decode(value);
                    }
                })();
                const asked = await Promise.all([ask("/sum", "a"), ask("/sum", "b"), tools.double({ number: 21 })]);
                return new Response((async function* () {
                    yield JSON.stringify(asked);
                    yield await text;
                })());
            },
        };
    "#
    .replace("UPSTREAM", &upstream.address.to_string());
    let server = served_with(&text, |builder| {
        let schema = serde_json::json!({ "type": "object", "properties": { "number": { "type": "integer" } } });
        let double = Tool::with_schema("double", "Twice a number.", schema, |arguments| {
            Ok((arguments["number"].as_i64().unwrap_or_default() * 2).into())
        });
        builder.tool(double).timeout(60.seconds()).network_allow(&upstream.address.to_string())
    });
    let mut client = server.connect();
    client.say("POST / HTTP/1.1\r\nHost: guest.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
    // The answer begins while the body is still to come.
    assert_eq!(client.head().0, 200);
    client.line();
    assert_eq!(client.line(), "[\"1 97 true\\n\",\"1 98 true\\n\",42]\r\n");
    client.say("4\r\n two\r\n0\r\n\r\n");
    assert_eq!(client.chunks(), (b"one two".to_vec(), true));
}
