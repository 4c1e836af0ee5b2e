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
    ] {
        let reason = refusal(wat(&text));
        assert!(reason.contains(&format!("it uses {feature}, which is refused")), "{text}: {reason}");
    }
    closed("(module (memory 1))");
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
