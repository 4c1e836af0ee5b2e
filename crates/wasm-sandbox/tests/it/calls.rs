//! Calls of functions: values, signatures, typed handles, both ways of waiting.

use serde_json::json;
use wasm_sandbox::{Ending, ErrorCode, SandboxError, Setup, WasmSandbox, blocking};

use crate::{closed, wat};

const NUMBERS: &str = r#"(module
    (global $count (mut i32) (i32.const 0))
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "wide") (param i64) (result i64) (local.get 0))
    (func (export "half") (param f64) (result f64) (f64.div (local.get 0) (f64.const 2)))
    (func (export "nan") (result f64) (f64.const nan))
    (func (export "count") (result i32)
        (global.set $count (i32.add (global.get $count) (i32.const 1))) (global.get $count))
    (func (export "nothing"))
    (func (export "trap") unreachable))"#;

/// A module that answers with the JSON that it holds; a bump allocator that never frees.
fn json_module(answer: &str, section: &str) -> Vec<u8> {
    let text = format!(
        r#"(module
            (memory (export "memory") 2)
            (global $next (mut i32) (i32.const 4096))
            (data (i32.const 64) "{}")
            (func (export "wasm_sandbox_alloc") (param i32) (result i32)
                (global.get $next) (global.set $next (i32.add (global.get $next) (local.get 0))))
            (func (export "wasm_sandbox_free") (param i32 i32))
            (func (export "answer") (param i32 i32) (result i64)
                (i64.or (i64.shl (i64.const 64) (i64.const 32)) (i64.const {})))
            (@custom "wasm-sandbox.signatures" "{}"))"#,
        answer.replace('"', "\\22"),
        answer.len(),
        section.replace('"', "\\22"),
    );
    wat_bytes(&text)
}

fn wat_bytes(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

const ANSWER: &str = r#"{"version":1,"functions":[{"name":"answer","export":"answer","abi":"json","params":[{"name":"words","type":{"list":"string"}}],"result":{"result":{"ok":"f64","err":"string"}}}]}"#;

fn answering(answer: &str) -> blocking::WasmSandbox {
    let builder = WasmSandbox::builder().setup(Setup::default()).source(json_module(answer, ANSWER));
    builder.build_blocking().expect("the module loads")
}

#[test]
fn numbers_travel_both_ways() {
    let mut sandbox = closed(NUMBERS);
    assert_eq!(sandbox.call::<_, i32>("add", (5, 3)).unwrap(), 8);
    assert_eq!(sandbox.call::<_, i64>("add", (-5, 3)).unwrap(), -2);
    assert_eq!(sandbox.call::<_, i64>("wide", i64::MIN).unwrap(), i64::MIN);
    assert_eq!(sandbox.call::<_, f64>("half", 5).unwrap(), 2.5);
    assert!(sandbox.call::<_, f64>("nan", ()).unwrap().is_nan());
    assert_eq!(sandbox.call::<_, Option<f64>>("half", (1,)).unwrap(), Some(0.5));
    sandbox.call::<_, ()>("nothing", ()).unwrap();
}

#[test]
fn a_misfit_names_the_true_signature() {
    let mut sandbox = closed(NUMBERS);
    for (result, detail) in [
        (sandbox.call::<_, i32>("add", (1,)), "expected 2 arguments, got 1"),
        (sandbox.call::<_, i32>("add", (1, "x")), "argument `p1` is not a s32: \"x\""),
        (sandbox.call::<_, i32>("add", (1, 1u64 << 40)), "argument `p1` is not a s32: 1099511627776"),
        (sandbox.call::<_, i32>("add", (1, 1.5)), "argument `p1` is not a s32: 1.5"),
    ] {
        match result {
            Err(SandboxError::Signature { detail: found, signature }) => {
                assert_eq!(found, detail);
                assert_eq!(signature, "add(p0: s32, p1: s32) -> s32");
            }
            other => panic!("{other:?}"),
        }
    }
    let error = sandbox.call::<_, i32>("ad", (1, 2)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::FunctionNotFound);
    assert_eq!(error.suggestion().as_deref(), Some("did you mean `add`?"));
    assert_eq!(sandbox.call::<_, i32>("add", (1, 2)).unwrap(), 3);
}

#[test]
fn state_stays_between_calls_and_not_between_sandboxes() {
    let mut sandbox = closed(NUMBERS);
    assert_eq!(sandbox.call::<_, i32>("count", ()).unwrap(), 1);
    assert_eq!(sandbox.call::<_, i32>("count", ()).unwrap(), 2);
    assert_eq!(closed(NUMBERS).call::<_, i32>("count", ()).unwrap(), 1);
}

#[test]
fn a12_an_instance_that_trapped_refuses_calls() {
    let sandbox = closed(NUMBERS);
    let module = sandbox.load_module(wat(NUMBERS)).unwrap();
    let mut instance = sandbox.create_instance(&module, Default::default()).unwrap();
    assert_eq!(instance.call::<_, ()>("trap", ()).unwrap_err().code(), ErrorCode::Trap);
    assert!(instance.ended());
    assert_eq!(instance.call::<_, i32>("add", (1, 2)).unwrap_err().code(), ErrorCode::Ended);
    let mut fresh = sandbox.create_instance(&module, Default::default()).unwrap();
    assert_eq!(fresh.call::<_, i32>("add", (1, 2)).unwrap(), 3);
}

#[test]
fn a_sandbox_replaces_an_instance_that_ended() {
    let mut sandbox = closed(NUMBERS);
    sandbox.call::<_, i32>("count", ()).unwrap();
    assert_eq!(sandbox.call::<_, ()>("trap", ()).unwrap_err().code(), ErrorCode::Trap);
    assert_eq!(sandbox.call::<_, i32>("count", ()).unwrap(), 1);
}

#[test]
fn typed_handles_check_types_and_end_with_their_instance() {
    let mut sandbox = closed(NUMBERS);
    let mut add = sandbox.function::<(i32, i32), i32>("add").unwrap();
    assert_eq!((0..1000).map(|n| add.call((n, 1)).unwrap()).sum::<i32>(), 500_500);
    let Err(error) = sandbox.function::<(i32,), i32>("add") else { panic!("a handle of other types") };
    assert_eq!(error.code(), ErrorCode::Signature);
    let mut trap = sandbox.function::<(), ()>("trap").unwrap();
    assert_eq!(trap.call(()).unwrap_err().code(), ErrorCode::Trap);
    assert_eq!(trap.call(()).unwrap_err().code(), ErrorCode::Ended);
}

#[test]
fn json_answers_become_values_and_errors() {
    let words = (vec!["a", "b"],);
    assert_eq!(answering(r#"{"ok":2.5}"#).call::<_, f64>("answer", &words).unwrap(), 2.5);
    assert_eq!(answering(r#"{"ok":2.5}"#).call::<_, Result<f64, String>>("answer", &words).unwrap(), Ok(2.5));
    let refused = answering(r#"{"err":"no"}"#).call::<_, Result<f64, String>>("answer", &words).unwrap();
    assert_eq!(refused, Err("no".to_owned()));
    match answering(r#"{"err":"no"}"#).call::<_, f64>("answer", &words) {
        Err(SandboxError::Function { function, value }) => {
            assert_eq!((function.as_str(), value), ("answer", json!("no")));
        }
        other => panic!("{other:?}"),
    }
    match answering(r#"{"err":"no"}"#).call::<_, serde_json::Value>("answer", &words) {
        Err(SandboxError::Function { .. }) => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_lying_answer_is_an_error_and_the_process_lives() {
    for answer in ["nonsense", "{\"ok\":1", "{\"other\":1}", "{\"invalid\":\"bad\"}", ""] {
        let error = answering(answer).call::<_, f64>("answer", (vec!["a"],)).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Signature, "{answer}: {error}");
    }
    let long = json_module("x", ANSWER);
    let text = String::from_utf8(long).unwrap().replace("(i64.const 1))", "(i64.const 0xffffffff))");
    let mut sandbox = closed(&text);
    let error = sandbox.call::<_, f64>("answer", (vec!["a"],)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Limit, "{error}");
}

#[test]
fn a_section_that_does_not_fit_the_exports_is_refused() {
    for section in [
        "{}",
        "[",
        r#"{"version":2,"functions":[]}"#,
        r#"{"version":1,"functions":[{"name":"x","export":"missing","abi":"json","params":[]}]}"#,
        r#"{"version":1,"functions":[{"name":"x","export":"answer","abi":"direct","params":[]}]}"#,
        r#"{"version":1,"functions":[{"name":"x","export":"answer","abi":"json","params":[{"name":"h","type":{"handle":{"resource":"r","owned":true}}}]}]}"#,
    ] {
        let source = json_module("{}", section);
        let Err(error) = WasmSandbox::builder().setup(Setup::default()).source(source).build_blocking() else {
            panic!("accepted {section}")
        };
        assert_eq!(error.code(), ErrorCode::NotRunnable, "{section}: {error}");
    }
}

#[test]
fn a_section_may_describe_cases() {
    let section = r#"{"version":1,"functions":[{"name":"answer","export":"answer","abi":"json","params":[{"name":"of","type":{"variant":{"name":"shape","cases":[{"name":"circle","type":"f64"},{"name":"square"}]}}}],"result":{"enum":{"name":"colour","cases":["red","blue"]}}}]}"#;
    let sandbox = |answer: &str| {
        let source = json_module(answer, section);
        WasmSandbox::builder().setup(Setup::default()).source(source).build_blocking().unwrap()
    };
    let mut red = sandbox(r#"{"ok":"red"}"#);
    for shape in [json!({ "circle": 1.5 }), json!("square")] {
        assert_eq!(red.call::<_, String>("answer", (shape,)).unwrap(), "red");
    }
    for shape in [json!({ "circle": "wide" }), json!("circle"), json!("oval"), json!({ "square": 1 })] {
        assert_eq!(red.call::<_, String>("answer", (shape,)).unwrap_err().code(), ErrorCode::Signature);
    }
    let pink = sandbox(r#"{"ok":"pink"}"#).call::<_, String>("answer", ("square",)).unwrap_err();
    assert_eq!(pink.code(), ErrorCode::Signature, "{pink}");
}

#[test]
fn words_of_a_command_line_are_arguments() {
    let mut sandbox = closed(NUMBERS);
    let report = sandbox.call_words("add", &["5".to_owned(), "3".to_owned()]).unwrap();
    assert!(report.error.is_none());
    assert_eq!(report.result.value, Some(json!(8)));
    assert_eq!(report.result.ending, Ending::Return);
    assert!(sandbox.call_words("add", &["5".to_owned(), "three".to_owned()]).is_err());
    let report = sandbox.call_words("trap", &[]).unwrap();
    assert!(!report.result.success);
    assert_eq!(report.error.map(|error| error.code()), Some(ErrorCode::Trap));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_asynchronous_twin_gives_the_same() {
    let builder = || WasmSandbox::builder().setup(Setup::default()).source(wat(NUMBERS));
    let mut sandbox = builder().build().await.unwrap();
    assert_eq!(sandbox.call::<_, i32>("add", (5, 3)).await.unwrap(), 8);
    assert_eq!(sandbox.call::<_, ()>("trap", ()).await.unwrap_err().code(), ErrorCode::Trap);
    let mut add = sandbox.function::<(i32, i32), i32>("add").await.unwrap();
    assert_eq!(add.call((5, 3)).await.unwrap(), 8);
}
