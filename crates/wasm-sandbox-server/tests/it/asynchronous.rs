//! ASGI applications in Python.

use wasm_sandbox::{Ending, Tool};

use super::*;

const APPLICATION: &str = r#"
import asyncio, json
from host import tools

begun, ended = [], []

class Application:
    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            scope["state"]["made"] = "at startup"
            await send({"type": "lifespan.startup.complete"})
            assert (await receive())["type"] == "lifespan.shutdown"
            print("shut down")
            return await send({"type": "lifespan.shutdown.complete"})

        async def answer(data, status=200, headers=()):
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": data})

        async def body():
            data, more = b"", True
            while more:
                message = await receive()
                data, more = data + message["body"], message["more_body"]
            return data

        match scope["path"]:
            case "/scope/ä":
                told = {key: value.decode("latin-1") if isinstance(value, bytes) else value for key, value in scope.items()}
                told["headers"] = [[name.decode(), value.decode("latin-1")] for name, value in scope["headers"]]
                told["body"] = await receive() | {"body": ""}
                await answer(json.dumps(told).encode(), headers=[(b"set-cookie", b"a=1"), (b"Set-Cookie", b"b=2"), (b"connection", b"close")])
            case "/beside":
                await send({"type": "http.response.start", "status": 200})
                reading = asyncio.ensure_future(body())
                doubled = asyncio.ensure_future(tools.double(number=21))
                for tick in range(3):
                    await send({"type": "http.response.body", "body": b"%d" % tick, "more_body": True})
                    await asyncio.sleep(0.001)
                await send({"type": "http.response.body", "body": b"%d" % await doubled, "more_body": True})
                await send({"type": "http.response.body", "body": await reading})
            case "/disconnect":
                listening = asyncio.ensure_future(receive())
                assert (await listening)["more_body"] is False
                listening = asyncio.ensure_future(receive())
                await answer(b"answered")
                print((await listening)["type"])
            case "/twice":
                await send({"type": "http.response.start", "status": 200})
                await send({"type": "http.response.start", "status": 200})
            case "/early":
                await send({"type": "http.response.body", "body": b"x"})
            case "/half":
                await send({"type": "http.response.start", "status": 200})
                await send({"type": "http.response.body", "body": b"x", "more_body": True})
            case "/field":
                await answer(b"x", headers=[(b"x-a", b"b\r\nx-injected: c")])
            case "/status":
                await answer(b"x", status=100)
            case "/raise":
                raise ValueError("a secret")
            case "/never":
                await asyncio.get_running_loop().create_future()

application = Application()
"#;

fn served(text: &str) -> Served {
    let schema = serde_json::json!({ "type": "object", "properties": { "number": { "type": "integer" } } });
    let double = Tool::with_schema("double", "Twice a number.", schema, |arguments| {
        Ok((arguments["number"].as_i64().unwrap_or_default() * 2).into())
    });
    Served::start(script(WasmSandbox::builder().tool(double), Language::Python, text), |_| {})
}

#[test]
fn an_application_sees_the_request_and_lives_as_long() {
    let server = served(APPLICATION);
    let mut client = server.connect();
    client
        .say("GET /scope/%C3%A4?a=%20b HTTP/1.1\r\nHost: guest.test:81\r\nX-Many: a\r\nX-Many: b\r\nProxy: p\r\n\r\n");
    let reply = client.reply();
    assert!(reply.head.contains("set-cookie: a=1\r\nset-cookie: b=2") && !reply.head.contains("connection"));
    let told: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    let expected = serde_json::json!({
        "type": "http", "asgi": { "version": "3.0", "spec_version": "2.3" }, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": "/scope/ä", "raw_path": "/scope/%C3%A4", "query_string": "a=%20b", "root_path": "",
        "headers": [["host", "guest.test:81"], ["x-many", "a"], ["x-many", "b"], ["proxy", "p"]],
        "client": null, "server": ["guest.test", 81], "state": { "made": "at startup" },
        "body": { "type": "http.request", "body": "", "more_body": false },
    });
    assert_eq!(told, expected);
    assert_eq!(server.entry().result.unwrap().stdout.text(), "shut down\n");
}

#[test]
fn bodies_tools_and_time_go_on_beside_each_other() {
    let server = served(APPLICATION);
    let mut client = server.connect();
    client.say("POST /beside HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
    assert_eq!(client.head().0, 200);
    // The answer goes on while the body is still to come.
    let mut seen = String::new();
    while seen != "01242" {
        client.line();
        seen += client.line().trim();
    }
    client.say("4\r\n two\r\n0\r\n\r\n");
    assert_eq!(client.chunks(), (b"one two".to_vec(), true));
}

#[test]
fn an_application_is_told_when_all_is_over() {
    let server = served(APPLICATION);
    assert_eq!(server.get("/disconnect").text(), "answered");
    assert_eq!(server.entry().result.unwrap().stdout.text(), "http.disconnect\nshut down\n");
}

#[test]
fn what_goes_wrong_is_in_the_record_and_not_in_the_answer() {
    let server = served(APPLICATION);
    for (path, said) in [
        ("/twice", "sends 'http.response.start', which cannot come here"),
        ("/early", "sends 'http.response.body', which cannot come here"),
        ("/field", "the field `x-a` is none"),
        ("/status", "100 is no status of an answer"),
        ("/raise", "ValueError: a secret"),
        ("/never", "waits for something that can never happen"),
        ("/else", "ended without an answer"),
    ] {
        let reply = server.get(path);
        let stderr = server.entry().result.unwrap().stderr.text().into_owned();
        assert_eq!((reply.status, reply.text().contains("secret")), (500, false), "{path}");
        assert!(stderr.contains(said), "{path}: {stderr}");
        // The frames are the application's own.
        assert!(!stderr.contains("asyncio") && !stderr.contains("<turn"), "{path}: {stderr}");
        assert!(!reply.head.contains("x-injected"));
    }
    let half = server.get("/half");
    assert!(!half.whole || half.status == 0, "{half:?}");
}

#[test]
fn an_application_may_know_nothing_of_its_life_or_fail_to_begin_it() {
    let failing = r#"
async def app(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no database"})
"#;
    let server = served(failing);
    assert_eq!(server.get("/").status, 500);
    let result = server.entry().result.unwrap();
    assert!(result.stderr.text().contains("startup failed: no database"), "{}", result.stderr.text());
    let plain = r#"
async def app(scope, receive, send):
    if scope["type"] != "http":
        raise ValueError(scope["type"])
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body"})
"#;
    let server = served(plain);
    assert_eq!(server.get("/").status, 204);
    let result = server.entry().result.unwrap();
    assert_eq!((result.ending, result.stderr.text().as_ref()), (Ending::Return, ""));
}
