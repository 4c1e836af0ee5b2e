//! Core modules that answer by frames, as `docs/abi.md` says.

use wasm_sandbox::{Ending, ErrorCode, TrapKind};

use super::*;

/// The module of the document, with some of it put in the place of other parts.
fn module(parts: &[(&str, &str)]) -> WasmSandboxBuilder {
    let document = include_str!("../../../../docs/abi.md");
    let (_, text) = document.split_once("```wat\n;; answers.wat\n").unwrap();
    let mut text = text.split("```").next().unwrap().to_owned();
    for (part, other) in parts {
        assert!(text.contains(part), "{text}");
        text = text.replace(part, other);
    }
    WasmSandbox::builder().setup(setup()).source(text.as_bytes())
}

#[test]
fn a_module_answers_in_frames() {
    let server = Served::start(module(&[]), |_| {});
    let reply = server.get("/");
    assert_eq!((reply.status, reply.text().as_str(), reply.whole), (200, "hello\n", true));
    assert_eq!(server.entry().result.unwrap().ending, Ending::Return);
    assert!(module(&[]).build_blocking().unwrap().module().unwrap().is_http_handler());
}

/// What exports the name and is something else is no module that is run.
#[test]
fn what_cannot_answer_is_refused_before_it_is_asked() {
    for (part, other) in [
        ("(param i32 i32) (result i64)\n", "(result i64)\n"),
        ("(export \"wasm_sandbox_alloc\")", ""),
        ("(export \"memory\")", ""),
    ] {
        let Err(error) = module(&[(part, other)]).build_blocking() else { panic!("{part}") };
        assert_eq!(error.code(), ErrorCode::NotRunnable, "{part}: {error}");
        assert!(error.to_string().contains("wasm_sandbox_serve"), "{error}");
    }
    // Other exports answer nothing.
    let other = module(&[("wasm_sandbox_serve", "serve")]).build_blocking().unwrap();
    assert!(!other.module().unwrap().is_http_handler());
}

/// Lies in frames and answers end the guest that tells them, and no other.
#[test]
fn a_module_that_lies_has_no_answer() {
    // Frames that are none, frames outside of the memory, an answer that is none, one outside of the memory, and a failure.
    for (part, other, code) in [
        ("\"hs", "\"h?", ErrorCode::NotRunnable),
        ("(i32.const 43)", "(i32.const -1)", ErrorCode::NotRunnable),
        ("\\\"status\\\":200", "\\\"status\\\":999", ErrorCode::NotRunnable),
        ("\\\"ok\\\":null", "\\\"no\\\":null", ErrorCode::Signature),
        ("0xc00000000b", "0xffffffff0000000b", ErrorCode::Signature),
        ("{\\\"ok\\\":null}", "{\\\"err\\\":\\\"x\\\"}", ErrorCode::Function),
    ] {
        let server = Served::start(module(&[(part, other)]), |_| {});
        let reply = server.get("/");
        assert!(reply.status == 500 || reply.text() == "hello\n", "{part}: {reply:?}");
        let error = server.entry().error.unwrap();
        assert_eq!(error.code, code.to_string(), "{part}: {}", error.message);
    }
    let server = Served::start(module(&[("(i64.const 0xc00000000b)", "unreachable")]), |_| {});
    server.get("/");
    let Ending::Trap(trap) = server.entry().result.unwrap().ending else { panic!("no trap") };
    assert_eq!(trap.reason, TrapKind::Unreachable);
}

/// F1: a module reaches what its policy has, like everybody.
#[test]
fn f1_a_request_that_is_not_granted_is_refused_and_recorded() {
    // It asks for a server before it answers.
    let (data, call) = ("(data (i32.const 192)", "(drop (call $net (i32.const 0)");
    let asked = r#"(data (i32.const 256) "nh\50\00\00\00\00\00\18\00\00\00\ff\ff\ff\ffGET\nhttp\nexample.com\n/\n-")"#;
    let asks = format!("(drop (call $net (i32.const 256) (i32.const 512))) {call}");
    let server = Served::start(module(&[(data, &format!("{asked} {data}")), (call, &asks)]), |_| {});
    assert_eq!(server.get("/").text(), "hello\n");
    let denials = server.entry().result.unwrap().denials;
    assert_eq!((denials[0].capability.as_str(), denials[0].target.as_str()), ("network", "example.com:80"));
}
