//! What calls carry, from outside: floats, text, results and the sections that describe them. `src/value/tests.rs` has the
//! guests that lie about their buffers.

use serde_json::{Value, json};
use wasm_sandbox::{ErrorCode, SandboxError, Setup, WasmSandbox};

use crate::{closed, wat};

const FLOATS: &str = r#"(module
    (func (export "same") (param f64) (result f64) (local.get 0))
    (func (export "short") (param f32) (result f32) (local.get 0))
    (func (export "whole") (param i32) (result i32) (local.get 0))
    (func (export "divide") (param f64 f64) (result f64) (f64.div (local.get 0) (local.get 1))))"#;

/// Answers with its arguments, which are at 4096.
fn echo(parameters: &str, result: &str) -> String {
    let section = format!(
        r#"{{"version":1,"functions":[{{"name":"echo","export":"echo","abi":"json","params":{parameters},"result":{result}}}]}}"#
    );
    format!(
        r#"(module
            (memory (export "memory") 64)
            (func (export "wasm_sandbox_alloc") (param i32) (result i32) (i32.const 4096))
            (func (export "wasm_sandbox_free") (param i32 i32))
            (data (i32.const 4090) "{{\22ok\22:")
            (func (export "echo") (param i32 i32) (result i64)
                (i32.store8 (i32.add (local.get 0) (local.get 1)) (i32.const 125))
                (i64.or (i64.const 0xffa00000000) (i64.extend_i32_u (i32.add (local.get 1) (i32.const 7)))))
            (@custom "wasm-sandbox.signatures" "{}"))"#,
        section.replace('"', "\\22")
    )
}

fn any(count: usize) -> String {
    let one = |index| format!(r#"{{"name":"p{index}","type":{{"any":"any"}}}}"#);
    format!("[{}]", (0..count).map(one).collect::<Vec<_>>().join(","))
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn floats_that_are_not_finite_travel_directly() {
    let mut sandbox = closed(FLOATS);
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, -0.0] {
        let back = sandbox.call::<_, f64>("same", number).unwrap();
        assert!(back == number || (back.is_nan() && number.is_nan()), "{number}: {back}");
        let back = sandbox.call::<_, f32>("short", (number as f32,)).unwrap();
        assert!(back == number as f32 || (back.is_nan() && number.is_nan()), "{number}: {back}");
    }
    assert!(sandbox.call::<_, f64>("divide", [0.0, 0.0]).unwrap().is_nan());
    match sandbox.call::<_, i32>("whole", f64::NAN) {
        Err(SandboxError::Signature { detail, .. }) => assert_eq!(detail, "argument `p0` is not a s32: NaN"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn floats_that_json_cannot_carry_have_names() {
    let mut sandbox = closed(FLOATS);
    for (number, name) in [(f64::NAN, "NaN"), (f64::INFINITY, "Infinity"), (f64::NEG_INFINITY, "-Infinity")] {
        assert_eq!(sandbox.call::<_, Value>("same", number).unwrap(), json!(name));
        let report = sandbox.call_words("same", &words(&[name])).unwrap();
        assert_eq!(report.result.value, Some(json!(name)));
    }
    assert_eq!(sandbox.call_words("same", &words(&["1.5"])).unwrap().result.value, Some(json!(1.5)));
    assert!(sandbox.call_words("whole", &words(&["NaN"])).is_err());
    assert!(sandbox.call_words("same", &words(&["inf"])).is_err());
    let mut json = closed(&echo(r#"[{"name":"numbers","type":{"list":"f64"}}]"#, r#"{"list":{"list":"f64"}}"#));
    match json.call::<_, Value>("echo", (vec![1.0, f64::NAN],)) {
        Err(SandboxError::Signature { detail, .. }) => {
            assert_eq!(detail, "`[0][1]` in the arguments: NaN, which JSON cannot carry");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(json.call::<_, Vec<Vec<f64>>>("echo", (vec![1.0, 2.5],)).unwrap(), [[1.0, 2.5]]);
}

#[test]
fn any_result_can_be_asked_for_as_a_result() {
    let mut sandbox = closed(FLOATS);
    assert_eq!(sandbox.call::<_, Result<f64, String>>("same", 2.5).unwrap(), Ok(2.5));
    assert_eq!(sandbox.call::<_, Result<Option<f32>, ()>>("short", 2.5).unwrap(), Ok(Some(2.5)));
    assert!(sandbox.call::<_, Result<f64, String>>("same", f64::NAN).unwrap().unwrap().is_nan());
    assert_eq!(sandbox.call::<_, Result<i64, String>>("whole", 7).unwrap(), Ok(7));
}

#[test]
fn whole_numbers_are_sent_as_integers() {
    let mut sandbox = closed(&echo(r#"[{"name":"n","type":"s32"},{"name":"x","type":"f64"}]"#, r#"{"any":"any"}"#));
    let sent = sandbox.call::<_, Value>("echo", (5.0, 5.0)).unwrap();
    assert_eq!(sent.to_string(), "[5,5.0]");
    let report = sandbox.call_words("echo", &words(&["-3.0", "1"])).unwrap();
    assert_eq!(report.result.value.unwrap().to_string(), "[-3,1]");
}

#[test]
fn arguments_that_are_results_are_checked() {
    let kind = r#"{"result":{"ok":"u8","err":null}}"#;
    let mut sandbox = closed(&echo(&format!(r#"[{{"name":"r","type":{kind}}}]"#), &format!(r#"{{"list":{kind}}}"#)));
    type Given = Result<u8, ()>;
    assert_eq!(sandbox.call::<_, Vec<Given>>("echo", (Given::Ok(7),)).unwrap(), [Ok(7)]);
    assert_eq!(sandbox.call::<_, Vec<Given>>("echo", (Given::Err(()),)).unwrap(), [Err(())]);
    for wrong in [json!({"Ok": 256}), json!({"Err": "no"}), json!({"Fine": 1}), json!(7)] {
        let error = sandbox.call::<_, Value>("echo", (&wrong,)).unwrap_err();
        assert_eq!(error.code(), ErrorCode::Signature, "{wrong}");
    }
}

#[test]
fn d9_any_text_goes_both_ways() {
    let mut sandbox = closed(&echo(&any(1), r#"{"any":"any"}"#));
    let all: String = ('\0'..='\u{10ffff}').step_by(97).collect();
    for text in ["", "\0", "a\0b", "\"\\/\u{8}\r\n\t\u{7f}", "\u{feff}\u{202e}\u{ffff}", "😀", &all] {
        assert_eq!(sandbox.call::<_, (String,)>("echo", text).unwrap().0, text);
    }
}

#[test]
fn d8_what_is_nested_too_deep_is_refused_both_ways() {
    let nested = |depth| (0..depth).fold(json!(1), |inner, _| json!([inner]));
    let mut sandbox = closed(&echo(&any(1), r#"{"any":"any"}"#));
    assert_eq!(sandbox.call::<_, Value>("echo", (nested(100),)).unwrap(), json!([nested(100)]));
    let error = sandbox.call::<_, Value>("echo", (nested(130),)).unwrap_err();
    assert!(error.to_string().contains("recursion limit"), "{error}");
    let kind = |depth| (0..depth).fold("\"u8\"".to_owned(), |inner, _| format!(r#"{{"list":{inner}}}"#));
    closed(&echo(&any(1), &kind(31)));
    for depth in [32, 100, 10_000] {
        let why = refusal(&echo(&any(1), &kind(depth)));
        assert!(why.contains("nested too deep") || why.contains("recursion limit"), "{depth}: {why}");
    }
}

fn refusal(module: &str) -> String {
    match WasmSandbox::builder().setup(Setup::default()).source(wat(module)).build_blocking() {
        Err(SandboxError::NotRunnable { reason, .. }) => reason,
        Err(error) => panic!("refused otherwise: {error}"),
        Ok(_) => panic!("accepted"),
    }
}

/// `exports` exports of one function with a thousand parameters.
fn wide(exports: usize) -> String {
    let exports: String = (0..exports).map(|n| format!("(export \"e{n}\" (func 0))")).collect();
    format!("(module (func (param {})) {exports})", "i32 ".repeat(1000))
}

#[test]
fn d7_exports_that_share_a_wide_type_are_not_described_without_end() {
    assert_eq!(refusal(&wide(900)), "its exports have more than 200000 parameters together");
    let twin = closed(&wide(200));
    assert_eq!(twin.module().unwrap().functions().unwrap().count(), 200);
}

const SECTION: &str = r#"(@custom "wasm-sandbox.signatures" "{\22version\22:1,\22functions\22:[]}")"#;

#[test]
fn a_second_section_of_signatures_is_refused() {
    closed(&format!("(module {SECTION})"));
    let why = refusal(&format!("(module {SECTION} {SECTION})"));
    assert_eq!(why, "the custom section cannot be used: it is there twice");
}

fn with_c_string(module: &str, params: &str, result: &str) -> String {
    let section = format!(
        r#"{{"version":1,"functions":[{{"name":"f","export":"f","abi":"cstring","params":{params}{result}}}]}}"#
    );
    format!(r#"(module {module} (@custom "wasm-sandbox.signatures" "{}"))"#, section.replace('"', "\\22"))
}

#[test]
fn an_abi_needs_its_exports() {
    let text = r#"[{"name":"text","type":"string"}]"#;
    let (memory, function) = ("(memory (export \"memory\") 1)", "(func (export \"f\") (param i32))");
    let malloc = "(func (export \"malloc\") (param i32) (result i32) (i32.const 64))";
    let free = "(func (export \"free\") (param i32))";
    let all = [memory, function, malloc, free].concat();
    closed(&with_c_string(&all, text, "")).call::<_, ()>("f", "text").unwrap();
    for (missing, instead, named) in [
        (malloc, "", "malloc(i32) -> i32"),
        (malloc, "(func (export \"malloc\") (param i64) (result i32) (i32.const 64))", "malloc(i32) -> i32"),
        (free, "", "free(i32)"),
        (free, "(func (export \"free\") (param i32) (result i32) (i32.const 0))", "free(i32)"),
        (memory, "(memory 1)", "memory"),
    ] {
        let why = refusal(&with_c_string(&all.replace(missing, instead), text, ""));
        assert!(why.ends_with(&format!("`f` needs the export `{named}`")), "{why}");
    }
    let motto = format!("{memory} (func (export \"f\") (result i32) (i32.const 0))");
    let mut twin = closed(&with_c_string(&motto, "[]", r#","result":"string""#));
    assert_eq!(twin.call::<_, Option<String>>("f", ()).unwrap(), None);
    let json = echo(&any(1), r#"{"any":"any"}"#);
    for (missing, named) in [("wasm_sandbox_alloc", "alloc(i32) -> i32"), ("wasm_sandbox_free", "free(i32, i32)")] {
        let why = refusal(&json.replace(missing, "other"));
        assert!(why.ends_with(&format!("needs the export `wasm_sandbox_{named}`")), "{why}");
    }
}

#[test]
fn names_of_a_guests_steer_no_terminal() {
    let module = r#"(module (func (export "a\1b[2Jb\e2\80\aec") (param i32)))"#;
    let mut sandbox = closed(module);
    let name = sandbox.module().unwrap().functions().unwrap().next().unwrap().name.clone();
    assert_eq!(name, "a\u{1b}[2Jb\u{202e}c");
    let shown = "a\\u{1b}[2Jb\\u{202e}c(p0: s32)";
    match sandbox.call::<_, ()>(&name, "x") {
        Err(SandboxError::Signature { signature, .. }) => assert_eq!(signature, shown),
        other => panic!("{other:?}"),
    }
    match sandbox.call::<_, ()>("missing", ()) {
        Err(SandboxError::FunctionNotFound { available, .. }) => assert_eq!(available, [shown]),
        other => panic!("{other:?}"),
    }
    sandbox.call::<_, ()>(&name, 1).unwrap();
    let evil = SECTION.replace("version", "\\1b[2J");
    assert!(!refusal(&format!("(module {evil})")).contains('\u{1b}'));
}

#[test]
fn d7_a_list_of_long_texts_counts_as_input() {
    let mut sandbox = closed(&echo(&any(1), r#"{"any":"any"}"#));
    let texts = |count: usize| (vec!["x".repeat(1 << 16); count],);
    let error = sandbox.call::<_, Value>("echo", texts(300)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Limit);
    assert!(error.to_string().starts_with("input limit hit"), "{error}");
    assert_eq!(sandbox.call::<_, (Vec<String>,)>("echo", texts(30)).unwrap().0.len(), 30);
}
