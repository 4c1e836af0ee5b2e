//! Applications in Python.

use wasm_sandbox::{Ending, ErrorCode};

use super::*;

const APPLICATION: &str = r#"
import json, sys

answered = 0

def application(environ, start_response):
    global answered
    path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
    if path == "/hello":
        answered += 1
        start_response("200 OK", [("Content-Type", "text/plain"), ("Connection", "close"), ("X-Count", str(answered))])
        return [b"hello, ", query.encode(), b"\n"]
    if path == "/environ":
        start_response("200 OK", [])
        told = {key: value for key, value in environ.items() if isinstance(value, str)}
        return [json.dumps(told, sort_keys=True).encode()]
    if path == "/sum":
        body = environ["wsgi.input"].read()
        start_response("200 OK", [("Content-Length", str(len(str(sum(body)))))])
        return [str(sum(body)).encode()]
    if path == "/lines":
        start_response("200 OK", [])
        return (line.upper() for line in environ["wsgi.input"])
    if path == "/write":
        write = start_response("200 OK", [])
        write(b"written ")
        return [b"and returned"]
    if path == "/large":
        start_response("200 OK", [])
        return [b"x" * 1_000_000]
    if path == "/raise":
        print("on the way", file=sys.stderr)
        raise ValueError("a secret")
    if path == "/late":
        start_response("200 OK", [])
        def pieces():
            yield b"some"
            raise ValueError("too late")
        return pieces()
    if path == "/again":
        try:
            raise ValueError
        except ValueError:
            start_response("200 OK", [])
            start_response("500 Oh", [], sys.exc_info())
            return [b"mended"]
    if path == "/bad":
        start_response(query.replace("%20", " "), [("X-A", "b")])
        return [b"?"]
    if path == "/field":
        start_response("200 OK", [("X-A", "b\r\nX-Injected: c")])
        return [b"?"]
    if path == "/short":
        start_response("200 OK", [("Content-Length", "10")])
        return [b"12345"]
    if path == "/text":
        start_response("200 OK", [])
        return ["text"]
    if path == "/none":
        return [b"no start"]
    if path == "/exit":
        sys.exit(3)
    start_response("404 Not Found", [])
    return []
"#;

fn served(build: impl FnOnce(WasmSandboxBuilder) -> WasmSandboxBuilder) -> Served {
    Served::start(build(script(WasmSandbox::builder(), Language::Python, APPLICATION)), |_| {})
}

#[test]
fn an_application_answers() {
    let server = served(|builder| builder);
    let reply = server.get("/hello?you");
    assert_eq!((reply.status, reply.text().as_str()), (200, "hello, you\n"));
    assert!(reply.head.contains("x-count: 1") && !reply.head.contains("connection"), "{}", reply.head);
    // What it counted is gone.
    assert!(server.get("/hello").head.contains("x-count: 1"));
    assert_eq!(server.get("/elsewhere").status, 404);
    assert_eq!(server.get("/write").text(), "written and returned");
    let large = server.get("/large");
    assert!(large.whole && large.body.len() == 1_000_000);
    let again = server.get("/again");
    assert_eq!((again.status, again.text().as_str()), (500, "mended"));
    assert_eq!(server.entry().result.unwrap().ending, Ending::Return);
}

#[test]
fn an_application_sees_the_request() {
    let server = served(|builder| builder);
    let mut client = server.connect();
    client.say(
        "GET /environ?a=%20b HTTP/1.1\r\nHost: guest.test:81\r\nContent-Type: text/x\r\nX-Many: a\r\nX-Many: b\r\n\
         Proxy-Authorization: secret\r\nProxy: http://elsewhere\r\nX_Many: c\r\n\r\n",
    );
    let told: serde_json::Value = serde_json::from_slice(&client.reply().body).unwrap();
    for (key, value) in [
        ("REQUEST_METHOD", "GET"),
        ("QUERY_STRING", "a=%20b"),
        ("SERVER_NAME", "guest.test"),
        ("SERVER_PORT", "81"),
        ("HTTP_HOST", "guest.test:81"),
        ("CONTENT_TYPE", "text/x"),
        ("HTTP_X_MANY", "a,b"),
        ("wsgi.url_scheme", "http"),
    ] {
        assert_eq!(told[key], value, "{key}");
    }
    assert!(told.get("HTTP_PROXY_AUTHORIZATION").is_none());
}

#[test]
fn an_application_reads_bodies() {
    let server = served(|builder| builder);
    assert_eq!(server.connect().post("/sum", &[1; 300_000]).text(), "300000");
    let mut client = server.connect();
    client.say("POST /lines HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n8\r\none\ntwo\n\r\n0\r\n\r\n");
    assert_eq!(client.reply().text(), "ONE\nTWO\n");
}

#[test]
fn what_goes_wrong_in_an_application_is_in_the_record_and_not_in_the_answer() {
    let server = served(|builder| builder);
    for (path, said) in [
        ("/raise", "in application\n    raise ValueError(\"a secret\")\nValueError: a secret"),
        ("/text", "a WSGI application gives bytes, not str"),
        ("/none", "the application has not called start_response"),
        ("/bad?OK", "is no status"),
        ("/bad?100%20Continue", "100 is no status of an answer"),
        ("/bad?999%20Many", "999 is no status of an answer"),
        ("/field", "the field `X-A` is none"),
    ] {
        let reply = server.get(path);
        let stderr = server.entry().result.unwrap().stderr.text().into_owned();
        assert_eq!((reply.status, reply.text().contains("secret")), (500, false), "{path}");
        assert!(stderr.contains(said), "{path}: {stderr}");
        assert!(!reply.head.contains("x-injected"));
    }
    let late = server.get("/late");
    assert!(!late.whole || late.status == 0, "{late:?}");
    let short = server.get("/short");
    assert!(!short.whole || short.status == 0, "{short:?}");
    while server.entries.try_recv().is_ok() {}
    assert_eq!(server.get("/exit").status, 500);
    let entry = loop {
        let entry = server.entry();
        if entry.path == "/exit" {
            break entry;
        }
    };
    assert_eq!(entry.result.unwrap().ending, Ending::Exit { code: 3 });
    assert_eq!(server.get("/hello").status, 200);
}

#[test]
fn what_answers_nothing_is_not_served() {
    for (language, text) in [(Language::Python, "print(1)"), (Language::JavaScript, "console.log(1)")] {
        let builder = script(WasmSandbox::builder(), language, text);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let refused = runtime.block_on(async { builder.build().await.unwrap().http_handler().map(drop).unwrap_err() });
        assert_eq!(refused.code(), ErrorCode::NotRunnable);
        assert!(refused.to_string().contains("WSGI or ASGI `application`"), "{refused}");
        assert!(refused.to_string().contains("export default { fetch }"), "{refused}");
    }
}
