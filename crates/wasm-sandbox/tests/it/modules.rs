//! What is accepted as a module, and what is refused by name.

use wasm_sandbox::{ErrorCode, SandboxError, Setup, Source, WasmSandbox};

use crate::{closed, wat};

fn refusal(source: impl Into<Source>) -> String {
    match WasmSandbox::builder().setup(Setup::default()).source(source).build_blocking() {
        Err(error @ SandboxError::NotRunnable { .. }) => error.to_string(),
        Err(error) => panic!("refused otherwise: {error:?}"),
        Ok(_) => panic!("accepted"),
    }
}

#[test]
fn c2_c4_c7_c9_features_that_are_off_are_refused_by_name() {
    let hundred = "(memory 1)".repeat(100);
    for (text, feature) in [
        (format!("(module {hundred})"), "several memories"),
        ("(module (memory i64 2097152))".to_owned(), "64-bit memories"),
        ("(module (type (struct)))".to_owned(), "garbage-collected types"),
        ("(module (memory 1 1 shared))".to_owned(), "shared memory"),
        ("(module (tag))".to_owned(), "exceptions"),
        ("(module (rec (type (struct))))".to_owned(), "garbage-collected types"),
        ("(module (type $t (func)) (func (param (ref $t))))".to_owned(), "references to typed functions"),
        ("(module (memory 1 (pagesize 1)))".to_owned(), "pages of other sizes"),
        (
            "(module (func (param i64 i64) (i64.mul_wide_s (local.get 0) (local.get 1)) drop drop))".to_owned(),
            "wide arithmetic",
        ),
        ("(component (type (list u8 4)))".to_owned(), "lists of a fixed length"),
        ("(component (type (map string u8)))".to_owned(), "maps"),
        ("(component (core func (canon thread.index)))".to_owned(), "threads"),
        ("(component (type (resource (rep i64))))".to_owned(), "64-bit memories"),
        ("(component (import \"v\" (value string)))".to_owned(), "values as imports or exports"),
    ] {
        let reason = refusal(wat(&text));
        assert!(reason.contains(&format!("it uses {feature}, which is refused")), "{text}: {reason}");
    }
    closed("(module (memory 1))");
}

#[test]
fn reasons_are_one_short_line_whatever_names_are_in_them() {
    let long = "x".repeat(50_000);
    for (text, begins) in [
        (r#"(component (import "a\0aOK" (func)))"#.to_owned(), "it is not valid: import name `a: OK`"),
        // What the name says is no feature.
        (r#"(component (import "Threads-a" (func)) (import "ThreadS" (func)))"#.to_owned(), "it is not valid"),
        (
            format!(r#"(component (core module $m (import "{long}" "f" (func))) (core instance (instantiate $m)))"#),
            "it is not valid",
        ),
    ] {
        let reason = refusal(wat(&text));
        assert!(reason.contains(begins) && !reason.contains('\n') && reason.len() < 700, "{reason}");
    }
    let mut sandbox = closed(&format!(r#"(component (import "{long}" (func)))"#));
    let error = sandbox.call::<_, ()>("f", ()).unwrap_err().to_string();
    assert!(error.contains("for which there is no tool") && error.len() < 1200, "{error}");
}

#[test]
fn h6_compiled_code_and_other_files_are_refused_by_content() {
    assert!(refusal(b"\x7fELF\x02\x01\x01rest".as_slice()).contains("compiled code"));
    assert!(refusal(b"\0asm\x0e\0\x01\0".as_slice()).contains("a version of WebAssembly that is not known here"));
    assert!(refusal(b"hello".as_slice()).contains("not a WebAssembly module"));
    assert!(refusal(b"".as_slice()).contains("not a WebAssembly module"));
    assert!(refusal(b"\0asm\x01\0\0\0\x01".as_slice()).contains("not valid"));
}

#[test]
fn an_unknown_import_is_named() {
    let mut sandbox = closed(r#"(module (import "env" "mystery" (func)) (func (export "f")))"#);
    let error = sandbox.call::<_, ()>("f", ()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::NotRunnable);
    assert!(error.to_string().contains("`env.mystery`"), "{error}");
}

#[test]
fn a_library_cannot_be_executed_and_a_missing_file_is_said() {
    let error = closed(r#"(module (func (export "f")))"#).execute::<[String; 0]>([]).unwrap_err();
    assert_eq!(error.code(), ErrorCode::NotRunnable);
    let Err(error) = WasmSandbox::builder().setup(Setup::default()).source("/no/such.wasm").build_blocking() else {
        panic!("loaded a file that is not there")
    };
    assert_eq!(error.code(), ErrorCode::FileNotFound);
}

/// `n` functions, each with `locals` locals that are all live at its end.
fn bomb(functions: usize, locals: usize) -> String {
    let declare = "(local i64)".repeat(locals);
    let fill: String =
        (0..locals).map(|n| format!("(local.set {n} (i64.load (i32.const {})))", n * 8 % 4096)).collect();
    let read: String = (0..locals).map(|n| format!("(i64.store (i32.const 0) (local.get {n}))")).collect();
    let body = format!("(func {declare} {fill} {read})");
    format!("(module (memory 1) {})", body.repeat(functions))
}

#[test]
fn b1_too_many_locals_are_refused_before_compiling() {
    assert!(refusal(wat(&bomb(1, 25_000))).contains("locals"));
    closed(&bomb(1, 200));
}

#[test]
fn b7_floods_of_entries_are_refused() {
    let exports: String = (0..100_001).map(|n| format!("(export \"e{n}\" (func 0))")).collect();
    assert!(refusal(wat(&format!("(module (func) {exports})"))).contains("exports"));
}

#[test]
fn a_function_of_the_callers_may_have_the_name_of_the_hosts_own() {
    let text = r#"(module (import "wasm_sandbox" "net" (func $net (param i32 i32) (result i32)))
        (func (export "f") (result i32) (call $net (i32.const 3) (i32.const 4))))"#;
    let builder = || WasmSandbox::builder().setup(Setup::default()).source(text.as_bytes());
    let own = builder().host_function("wasm_sandbox", "net", |_, (x, y): (i32, i32)| Ok(x * y));
    assert_eq!(own.build_blocking().unwrap().call::<_, i32>("f", ()).unwrap(), 12);
    // The host's own knows no such frame.
    assert_ne!(builder().build_blocking().unwrap().call::<_, i32>("f", ()).unwrap(), 12);
}
