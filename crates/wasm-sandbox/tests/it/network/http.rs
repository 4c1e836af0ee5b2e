//! Components over `wasi:http/outgoing-handler`: the requests of `guests/http-client`, as programs and libraries of any language
//! make them.

mod answers;
mod attacks;
mod floods;

use std::{
    io::Write,
    path::Path,
    process::Command,
    sync::{Arc, Condvar, LazyLock, Mutex, mpsc},
};

use serde_json::{Value, json};
use wasm_sandbox::{
    Ending, Language, LimitHit, NetworkGrants, NetworkPolicy, ResourceKind, SandboxResult, Setup, Source, Tool,
    ToolError, WasmSandbox, WasmSandboxBuilder,
};

use super::{
    Server, denied,
    fetch::{echo, request},
    head, ok, printed,
};
use crate::languages;

static CLIENT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    languages::installed("wasm32-wasip2");
    let guest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests/http-client");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("http-guests");
    let mut build = Command::new("cargo");
    build.args(["build", "--quiet", "--locked", "--release", "--target", "wasm32-wasip2", "--target-dir"]);
    // What the test itself was built with is not for the guest.
    build.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    assert!(build.arg(&target).current_dir(guest).status().unwrap().success());
    std::fs::read(target.join("wasm32-wasip2/release/http-client.wasm")).unwrap()
});

fn client() -> WasmSandboxBuilder {
    languages::builder(Language::Rust).source(Source::from(&CLIENT[..]))
}

fn run(builder: WasmSandboxBuilder, arguments: &[&str]) -> SandboxResult {
    builder.build_blocking().unwrap().execute(arguments.iter().copied()).unwrap()
}

/// What it does with one server granted.
fn with(server: &Server, arguments: &[&str], change: impl FnOnce(&mut NetworkGrants)) -> SandboxResult {
    let mut grants = NetworkGrants { rules: vec![server.rule().parse().unwrap()], ..NetworkGrants::default() };
    change(&mut grants);
    run(client().network(NetworkPolicy::Allow(grants)), arguments)
}

fn said(server: &Server, arguments: &[&str]) -> String {
    printed(&with(server, arguments, |_| {}))
}

fn url(server: &Server) -> String {
    format!("http://{}/", server.rule())
}

fn limit(result: &SandboxResult) -> ResourceKind {
    match result.ending {
        Ending::Limit(LimitHit { kind, .. }) => kind,
        ref other => panic!("no limit ended it but {other:?}: {} {}", result.stdout, result.stderr),
    }
}

const DENIED: &str = "ErrorCode::HttpRequestDenied";

#[test]
fn f1_f18_nothing_is_requested_by_a_component_unless_it_is_granted() {
    let server = Server::hello();
    let urls = [&url(&server), "https://example.com/x?y"];
    let closed = run(client(), &["get", urls[0], urls[1], urls[0]]);
    assert_eq!((printed(&closed), server.connections()), (format!("{DENIED}\n").repeat(3), 0));
    let denial = denied(&closed, "connect", &server.rule());
    assert_eq!((denial.count, denial.reason.as_deref()), (2, Some("the network is not granted")));
    denied(&closed, "connect", "example.com:443");
    assert_eq!(closed.connections.len(), 3);
    // The twin: granted, it is reached, and written down with the address and what went over it.
    let open = with(&server, &["get", urls[0], urls[1]], |_| {});
    assert_eq!((printed(&open), server.connections()), (format!("200 hello\n{DENIED}\n"), 1));
    assert_eq!(open.denials.len(), 1);
    let record = &open.connections[0];
    assert_eq!(
        (record.address.as_deref(), record.port, record.error.as_deref()),
        (Some("127.0.0.1"), server.port, None)
    );
    assert!(record.bytes_sent > 20 && record.bytes_received == ok("hello").len() as u64, "{record:?}");
}

#[tokio::test]
async fn components_in_asynchronous_sandboxes_make_requests_too() {
    let server = Server::hello();
    let sandbox = client().network_allow(&server.rule()).build().await.unwrap();
    let result = sandbox.execute(["together", &url(&server), "3"]).await.unwrap();
    assert_eq!(printed(&result), "200 hello, 200 hello, 200 hello\n");
}

#[test]
fn what_a_request_says_goes_out() {
    let server = echo();
    let said = |arguments: &[&str]| said(&server, arguments).replace("\r\n", "\n");
    let target = format!("{}a?b=%20c", url(&server));
    let host = server.rule();
    let get = said(&["get", &target]);
    assert_eq!(get, format!("200 GET /a?b=%20c HTTP/1.1\nHost: {host}\nConnection: close\n\n\n"));
    let post = said(&["with", "POST", &target, "X-One:1", "x-one:2", "Accept:a", "Expect:100-continue", "Trailer:x"]);
    let expected = format!(
        "200 POST /a?b=%20c HTTP/1.1\nHost: {host}\nx-one: 1\nx-one: 2\naccept: a\nContent-Length: 0\nConnection: close\n\n\n"
    );
    assert_eq!(post, expected);
    assert!(said(&["with", "MADE-UP", &target]).starts_with("200 MADE-UP /a?"));
    // Of a body, the length is said if it is known, by the guest or by itself.
    assert!(said(&["post", &target, "4", "4"]).ends_with("\nContent-Length: 4\nConnection: close\n\nxxxx\n"));
    assert!(said(&["post", &target, "-", "0"]).ends_with("\nContent-Length: 0\nConnection: close\n\n\n"));
    let chunked = "\nTransfer-Encoding: chunked\nConnection: close\n\n4\nxxxx\n0\n\n\n";
    assert!(said(&["post", &target, "-", "4"]).ends_with(chunked));
    let sent = with(&server, &["post", &target, "-", "900000"], |_| {});
    // What does not fit is sent in chunks, as it is written.
    assert!(printed(&sent).ends_with(" bytes\n") && sent.connections[0].bytes_sent > 900_000, "{:?}", sent.connections);
}

#[test]
fn what_comes_behind_bodies_goes_both_ways() {
    let server = Server::new(|mut stream, heard| {
        let said = head(&mut stream);
        let mut rest = String::new();
        while !rest.ends_with("\r\n\r\n") {
            rest += &head(&mut stream);
        }
        heard.lock().unwrap().push(said + &rest);
        let answer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX-Two: b\r\nX-One: a\r\nConnection: x\r\n\r\n";
        let _ = stream.write_all(answer.as_bytes());
    });
    let said = said(&server, &["trailers", &url(&server)]);
    assert_eq!(said, "Err(HeaderError::Forbidden)\nhi\nOk(Some([\"x-one: a\", \"x-two: b\"])) true\n");
    assert!(server.heard()[0].ends_with("\r\n\r\n4\r\nbody\r\n0\r\nx-sum: 42\r\n\r\n"), "{:?}", server.heard());
}

#[test]
fn d14_what_is_there_once_is_given_once() {
    let server = Server::answering("HTTP/1.1 200 OK\r\nX-One: 1\r\nConnection: close\r\nKeep-Alive: x\r\n\r\nhi");
    assert_eq!(said(&server, &["once", &url(&server)]), "true true true Err(HeaderError::Immutable) [\"x-one\"]\n");
}

#[test]
fn a_request_goes_on_whatever_the_guest_waits_for() {
    let server = Server::hello();
    assert_eq!(said(&server, &["together", &url(&server), "12"]), ["200 hello"; 12].join(", ") + "\n");
    assert_eq!(said(&server, &["spin", &url(&server)]), "200 hello\n");
    // The second is answered once the first was heard.
    let heard = Arc::new((Mutex::new(false), Condvar::new()));
    let server = Server::new(move |mut stream, _| {
        let (first, changed) = &*heard;
        match request(&mut stream).starts_with("GET /first") {
            true => {
                *first.lock().unwrap() = true;
                changed.notify_all();
            }
            false => drop(changed.wait_while(first.lock().unwrap(), |first| !*first).unwrap()),
        }
        let _ = stream.write_all(ok("hello").as_bytes());
    });
    let urls = ["first", "second"].map(|path| url(&server) + path);
    assert_eq!(said(&server, &["beside", &urls[0], &urls[1]]), "200 hello\n200 hello\n");
}

/// The tool ends once the server has heard what the component had begun before it.
#[tokio::test]
async fn a_request_goes_on_while_a_tool_works() {
    let build = || {
        let (hears, heard) = mpsc::channel();
        let server = Server::new(move |mut stream, _| {
            hears.send(request(&mut stream)).unwrap();
            let _ = stream.write_all(ok("hello").as_bytes());
        });
        let heard = Mutex::new(heard);
        let work = Tool::with_schema("work", "waits for the server", json!({ "type": "object" }), move |_| {
            heard.lock().unwrap().recv().map(|_| Value::Null).map_err(|_| ToolError::told("nobody will be heard"))
        });
        let source = Source::from(include_str!("http/working.wat").as_bytes());
        let builder = WasmSandbox::builder().setup(Setup::default()).source(source).tool(work);
        (builder.network_allow(&server.rule()), server)
    };
    let (builder, server) = build();
    builder.build().await.unwrap().call::<_, ()>("go", (server.rule(),)).await.unwrap();
    let (builder, server) = build();
    let blocking = move || builder.build_blocking().unwrap().call::<_, ()>("go", (server.rule(),));
    tokio::task::spawn_blocking(blocking).await.unwrap().unwrap();
}

#[test]
fn answers_without_bodies_end() {
    let server = Server::answering("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    assert_eq!(said(&server, &["with", "HEAD", &url(&server)]), "200 \n");
    for status in [204, 304] {
        let server = Server::answering(format!("HTTP/1.1 {status} X\r\nContent-Length: 5\r\n\r\n"));
        assert_eq!(said(&server, &["get", &url(&server)]), format!("{status} \n"));
    }
}
