//! Scripts are loaded once, and each request goes on from there.

use std::collections::BTreeSet;

use wasm_sandbox::{Ending, RandomPolicy};

use super::*;

const JAVASCRIPT: &str = r#"
import { readFileSync, writeFileSync } from "node:fs";
writeFileSync("/tmp/loaded", "loaded");
console.log("loading");
const once = Math.random();
globalThis.seen = [];
export default {
    fetch(request) {
        seen.push(new URL(request.url).pathname);
        const files = ["/tmp/loaded", "/tmp/answered"].map((path) => {
            try {
                return readFileSync(path, "utf8");
            } catch {
                return null;
            }
        });
        writeFileSync("/tmp/answered", "answered");
        return Response.json({ once, own: Math.random(), unique: crypto.randomUUID(), seen, files });
    },
};
"#;

const PYTHON: &str = r#"
import json, random, uuid
open("/tmp/loaded", "w").write("loaded")
print("loading")
once = random.random()
seen = []

def read(path):
    try:
        return open(path).read()
    except FileNotFoundError:
        return None

def app(environ, start_response):
    seen.append(environ["PATH_INFO"])
    files = [read("/tmp/loaded"), read("/tmp/answered")]
    open("/tmp/answered", "w").write("answered")
    start_response("200 OK", [("Content-Type", "application/json")])
    told = {"once": once, "own": random.random(), "unique": str(uuid.uuid4()), "seen": seen, "files": files}
    return [json.dumps(told).encode()]
"#;

const SCRIPTS: [(Language, &str); 2] = [(Language::JavaScript, JAVASCRIPT), (Language::Python, PYTHON)];

#[test]
fn a_script_is_loaded_by_the_first_request_and_nothing_of_one_is_there_for_the_next() {
    for (language, text) in SCRIPTS {
        let server = Served::start(script(WasmSandbox::builder(), language, text), |_| {});
        let mut own = BTreeSet::new();
        for (path, printed) in [("/a", "loading\n"), ("/b", ""), ("/c", "")] {
            let told: serde_json::Value = serde_json::from_slice(&server.get(path).body).unwrap();
            let result = server.entry().result.unwrap();
            assert_eq!((result.stdout.text().as_ref(), result.ending), (printed, Ending::Return), "{language:?}{path}");
            assert_eq!(told["seen"], serde_json::json!([path]), "{language:?}");
            assert_eq!(told["files"], serde_json::json!(["loaded", null]), "{language:?}");
            own.extend([told["own"].to_string(), told["unique"].to_string()]);
            own.insert(format!("once {}", told["once"]));
        }
        // What each draws is its own, and what the script has drawn is everybody's.
        assert_eq!(own.len(), 7, "{language:?}: {own:?}");
    }
}

#[test]
fn requests_that_come_at_once_are_each_by_itself() {
    for (language, text) in SCRIPTS {
        let server = Served::start(script(WasmSandbox::builder(), language, text), |_| {});
        let mut clients: Vec<Client> = (0..6).map(|_| server.connect()).collect();
        for (number, client) in clients.iter_mut().enumerate() {
            client.say(format!("GET /{number} HTTP/1.1\r\nHost: a\r\n\r\n"));
        }
        let mut once = BTreeSet::new();
        for (number, client) in clients.iter_mut().enumerate() {
            let told: serde_json::Value = serde_json::from_slice(&client.reply().body).unwrap();
            once.insert(told["once"].to_string());
            assert_eq!(told["seen"], serde_json::json!([format!("/{number}")]), "{language:?}");
            assert_eq!(told["files"], serde_json::json!(["loaded", null]), "{language:?}");
        }
        assert_eq!(once.len(), 1, "{language:?}: one of them loads, and the others wait: {once:?}");
    }
}

#[test]
fn a_script_that_does_not_load_is_told_to_each_request() {
    for (language, text) in [
        (Language::JavaScript, "throw new Error('not today'); export default {};"),
        (Language::JavaScript, "export default { fetch( { not today };"),
        (Language::Python, "def app(): pass\nraise ValueError('not today')"),
    ] {
        let server = Served::start(script(WasmSandbox::builder(), language, text), |_| {});
        for _ in 0..2 {
            assert_eq!(server.get("/").status, 500);
            let result = server.entry().result.unwrap();
            assert!(matches!(result.ending, Ending::Exception { .. }), "{result:?}");
            assert!(result.stderr.text().contains("today"), "{}", result.stderr.text());
        }
    }
}

#[test]
fn a_seed_holds_for_each_request() {
    let seeded = || WasmSandbox::builder().policy(|policy| policy.random(RandomPolicy::Seeded(7)));
    for (language, text) in SCRIPTS {
        let server = Served::start(script(seeded(), language, text), |_| {});
        let own = |_| serde_json::from_slice::<serde_json::Value>(&server.get("/").body).unwrap()["own"].to_string();
        let drawn: BTreeSet<String> = (0..3).map(own).collect();
        assert_eq!(drawn.len(), 1, "{language:?}: {drawn:?}");
    }
}

#[test]
fn what_a_script_has_opened_is_open_for_each_request() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"
log = open("/data/log", "a")

def app(environ, start_response):
    log.write(environ["PATH_INFO"])
    log.flush()
    start_response("204 Said", [])
    return []
"#;
    let builder = script(WasmSandbox::builder(), Language::Python, text).filesystem_write(folder.path(), "/data");
    let server = Served::start(builder, |_| {});
    for path in ["/a", "/b", "/c"] {
        assert_eq!(server.get(path).status, 204);
        server.entry();
    }
    assert_eq!(std::fs::read_to_string(folder.path().join("log")).unwrap(), "/a/b/c");
}

#[test]
fn who_waits_for_a_script_to_load_may_go() {
    let folder = tempfile::tempdir().unwrap();
    let text = r#"
import { writeFileSync } from "node:fs";
writeFileSync("/data/begun", "");
for (;;) {}
export default { fetch() {} };
"#;
    let builder = script(WasmSandbox::builder(), Language::JavaScript, text).timeout(PATIENCE * 10);
    let server = Served::start(builder.filesystem_write(folder.path(), "/data"), |_| {});
    let mut loads = server.connect();
    loads.say("GET /loads HTTP/1.1\r\nHost: a\r\n\r\n");
    while !folder.path().join("begun").exists() {
        std::thread::yield_now();
    }
    let mut waits = server.connect();
    waits.say("POST /waits HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n");
    assert_eq!(waits.head().0, 100);
    waits.say("x");
    drop(waits);
    let entry = server.entry();
    assert_eq!((entry.path.as_str(), entry.error.unwrap().code), ("/waits", "cancelled".to_owned()));
    assert_eq!(entry.reason.as_deref(), Some("the client has gone, or took nothing of the answer"));
    drop(loads);
    assert_eq!(server.entry().result.unwrap().ending, Ending::Cancel);
}

#[test]
fn a_script_that_is_never_loaded_is_said_to_be_so() {
    let text = "setInterval(() => {}, 1000);\nexport default { fetch: () => new Response('') };";
    let builder = script(WasmSandbox::builder(), Language::JavaScript, text).timeout(2.seconds());
    let server = Served::start(builder, |_| {});
    assert_eq!(server.get("/").status, 504);
    let entry = server.entry();
    assert_eq!(entry.error.unwrap().code, "timeout");
    assert_eq!(entry.reason.as_deref(), Some("the script was not loaded yet"));
}

#[test]
fn of_what_is_printed_the_record_has_the_beginning() {
    let text = "console.log('x'.repeat(70_000)); export default { fetch: () => new Response('') };";
    let server = Served::start(script(WasmSandbox::builder(), Language::JavaScript, text), |_| {});
    for (kept, cut) in [(64 << 10, 70_001 - (64 << 10)), (0, 0)] {
        server.get("/");
        let entry = server.entry();
        assert_eq!((entry.result.unwrap().stdout.bytes().len(), entry.bytes_cut), (kept, cut));
    }
}
