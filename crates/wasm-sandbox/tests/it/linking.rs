//! Components whose imports are served by functions of other sandboxes, each under a policy of its own.

use wasm_sandbox::{
    Language, SandboxError, Setup, Source, TimeUnits, ToolOutcome, WasmSandbox, WasmSandboxBuilder, blocking,
};

use crate::languages;

/// Its quarter is half of a half, and `checked` tells both sides of what the other says.
const IMPORTER: &str = r#"(component
    (import "acme:sums/calculator@1.0.0" (instance $calculator
        (export "half-of" (func (param "number" u32) (result u32)))
        (export "check" (func (param "number" u32) (result (result u32 (error u32)))))))
    (core module $memory (memory (export "memory") 1))
    (core instance $memory (instantiate $memory))
    (core func $half-of (canon lower (func $calculator "half-of")))
    (core func $check (canon lower (func $calculator "check") (memory $memory "memory")))
    (core module $code
        (import "" "memory" (memory 1))
        (import "" "half-of" (func $half-of (param i32) (result i32)))
        (import "" "check" (func $check (param i32 i32)))
        (func (export "quarter") (param i32) (result i32) (call $half-of (call $half-of (local.get 0))))
        (func (export "checked") (param i32) (result i32)
            (call $check (local.get 0) (i32.const 0))
            (i32.add (i32.mul (i32.load8_u (i32.const 0)) (i32.const 1000)) (i32.load (i32.const 4)))))
    (core instance $core (instantiate $code (with "" (instance
        (export "memory" (memory $memory "memory"))
        (export "half-of" (func $half-of)) (export "check" (func $check))))))
    (func (export "quarter") (param "of" u32) (result u32) (canon lift (core func $core "quarter")))
    (func (export "checked") (param "of" u32) (result u32) (canon lift (core func $core "checked"))))"#;

/// Halves; loops on 1, traps on 3, and refuses what is over 10.
const EXPORTER: &str = r#"(component
    (core module $code
        (memory (export "memory") 1)
        (func (export "half") (param i32) (result i32)
            (if (i32.eq (local.get 0) (i32.const 1)) (then (loop (br 0))))
            (if (i32.eq (local.get 0) (i32.const 3)) (then unreachable))
            (i32.shr_u (local.get 0) (i32.const 1)))
        (func (export "check") (param i32) (result i32)
            (i32.store8 (i32.const 0) (i32.gt_u (local.get 0) (i32.const 10)))
            (i32.store (i32.const 4) (local.get 0))
            (i32.const 0)))
    (core instance $core (instantiate $code))
    (func $half (param "number" TYPE) (result TYPE) (canon lift (core func $core "half")))
    (func $check (param "number" u32) (result (result u32 (error u32)))
        (canon lift (core func $core "check") (memory $core "memory")))
    (instance $calculator (export "half-of" (func $half)) (export "check" (func $check)))
    (export "acme:sums/calculator@1.0.0" (instance $calculator)))"#;

fn builder(text: &str) -> WasmSandboxBuilder {
    WasmSandbox::builder().setup(Setup::default()).source(Source::from(text.as_bytes()))
}

fn exporter() -> WasmSandboxBuilder {
    builder(&EXPORTER.replace("TYPE", "u32"))
}

fn linked() -> blocking::WasmSandbox {
    let provider = exporter().timeout(200.millis()).build_blocking().unwrap();
    builder(IMPORTER).link(provider).build_blocking().unwrap()
}

#[test]
fn an_import_is_served_by_anothers_export() {
    let mut sandbox = linked();
    assert_eq!(sandbox.call::<_, u32>("quarter", 36).unwrap(), 9);
    // Both sides of a result.
    assert_eq!(sandbox.call::<_, u32>("checked", 7).unwrap(), 7);
    assert_eq!(sandbox.call::<_, u32>("checked", 42).unwrap(), 1042);
    let calls = sandbox.take_report().tool_calls;
    assert_eq!((calls.len(), calls[0].name.as_str(), calls[0].outcome), (1, "check", ToolOutcome::Ok));
}

#[test]
fn sandboxes_that_give_way_are_linked_too() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let provider = exporter().build().await.unwrap();
        let mut sandbox = builder(IMPORTER).link(provider).build().await.unwrap();
        assert_eq!(sandbox.call::<_, u32>("quarter", 36).await.unwrap(), 9);
    });
    // One that does not, for one that does.
    let provider = exporter().build_blocking().unwrap();
    let quarter = runtime.block_on(async {
        let mut sandbox = builder(IMPORTER).link(provider).build().await.unwrap();
        sandbox.call::<_, u32>("quarter", 36).await.unwrap()
    });
    assert_eq!(quarter, 9);
}

#[test]
fn d13_each_has_its_own_limits_and_traps() {
    let mut sandbox = linked();
    for number in [1, 3] {
        let error = sandbox.call::<_, u32>("quarter", number).unwrap_err();
        let SandboxError::WasmRuntime { trap, .. } = &error else { panic!("{error:?}") };
        assert!(trap.message.contains("`half_of` failed"), "{}", trap.message);
        let report = sandbox.take_report();
        assert_eq!(report.tool_calls[0].outcome, ToolOutcome::Failed);
        let message = report.tool_calls[0].message.clone().unwrap();
        assert!(message.contains(if number == 1 { "wall" } else { "trap" }), "{message}");
        // Both are there again for the next call.
        assert_eq!(sandbox.call::<_, u32>("quarter", 36).unwrap(), 9);
    }
}

#[test]
fn a3_the_callers_deadline_ends_both() {
    let provider = exporter().timeout(60.seconds()).build_blocking().unwrap();
    let cancel = provider.cancel_handle();
    let mut sandbox = builder(IMPORTER).timeout(200.millis()).link(provider).build_blocking().unwrap();
    let error = sandbox.call::<_, u32>("quarter", 1).unwrap_err();
    assert_eq!(error.code(), wasm_sandbox::ErrorCode::Timeout, "{error:?}");
    cancel.cancel();
}

#[test]
fn other_types_are_refused_before_anything_runs() {
    let provider = builder(&EXPORTER.replace("TYPE", "s32")).build_blocking().unwrap();
    let error = builder(IMPORTER).link(provider).build_blocking().map(drop).unwrap_err();
    let SandboxError::Configuration { problems } = &error else { panic!("{error:?}") };
    assert!(problems[0].message.contains("cannot serve the import"), "{}", problems[0].message);
}

#[test]
fn a_provider_that_serves_nothing_is_a_mistake() {
    let other = builder(r#"(module (func (export "other")))"#).build_blocking().unwrap();
    let serves_nothing = builder(IMPORTER).link(exporter().build_blocking().unwrap()).link(other);
    let no_component = WasmSandbox::builder().setup(Setup::default()).link(exporter().build_blocking().unwrap());
    for wrong in [serves_nothing, no_component] {
        let error = wrong.build_blocking().map(drop).unwrap_err();
        assert_eq!(error.code(), wasm_sandbox::ErrorCode::Configuration, "{error:?}");
    }
}

#[test]
fn what_is_missing_is_still_named() {
    let half_only = r#"export function half_of(number) { return number / 2 | 0 }"#;
    let provider = languages::source(Language::JavaScript, half_only).build_blocking().unwrap();
    let sandbox = builder(IMPORTER).link(provider).build_blocking();
    let error = sandbox.and_then(|mut sandbox| sandbox.call::<_, u32>("quarter", 8)).unwrap_err();
    assert!(error.to_string().contains("check"), "{error}");
}

#[test]
fn a_script_may_serve_an_import() {
    let script =
        "export function half_of(number) { return number / 2 | 0 }\nexport function check(number) { return number }";
    let provider = languages::source(Language::JavaScript, script).build_blocking().unwrap();
    let mut sandbox = builder(IMPORTER).link(provider).build_blocking().unwrap();
    assert_eq!(sandbox.call::<_, u32>("quarter", 36).unwrap(), 9);
    assert_eq!(sandbox.call::<_, u32>("checked", 7).unwrap(), 7);
}
