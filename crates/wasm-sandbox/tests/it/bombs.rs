//! Modules that are made to be expensive to compile.

use std::time::{Duration, Instant};

use wasm_encoder::{CodeSection, ExportKind, ExportSection, Function, FunctionSection, Module, TypeSection};
use wasm_sandbox::{ErrorCode, ResourceKind, SandboxError, Setup, WasmSandbox};

/// A module of empty functions, the first of them exported.
fn functions(count: u32) -> Vec<u8> {
    let (mut types, mut functions, mut exports, mut code) =
        (TypeSection::new(), FunctionSection::new(), ExportSection::new(), CodeSection::new());
    types.ty().function([], []);
    exports.export("f", ExportKind::Func, 0);
    let mut empty = Function::new([]);
    empty.instructions().end();
    for _ in 0..count {
        functions.function(0);
        code.function(&empty);
    }
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&exports).section(&code);
    module.finish()
}

fn call(wasm: &[u8], setup: &Setup) -> Result<(), SandboxError> {
    WasmSandbox::builder().setup(setup.clone()).source(wasm).build_blocking()?.call("f", ())
}

#[test]
fn b2_b10_a_bomb_is_cut_once_and_remembered() {
    let directory = tempfile::tempdir().unwrap();
    let setup = Setup::default().cache_dir(directory.path());
    let bomb = functions(200_000);
    let cut = |result: Result<(), SandboxError>| match result {
        Err(SandboxError::ResourceExhausted { kind, used, limit }) => {
            assert!(matches!(kind, ResourceKind::CompileTime | ResourceKind::CompileMemory), "{kind:?}");
            assert!(used >= limit);
        }
        other => panic!("{other:?}"),
    };
    cut(call(&bomb, &setup));
    let started = Instant::now();
    cut(call(&bomb, &setup));
    assert!(started.elapsed() < Duration::from_secs(1), "the second time it was compiled again");
    call(&functions(1000), &setup).unwrap();
    let too_many = call(&functions(200_001), &setup).unwrap_err();
    assert_eq!(too_many.code(), ErrorCode::NotRunnable);
}

#[test]
fn b5_deep_blocks_are_compiled() {
    let deep =
        |depth: usize| format!("(module (func (export \"f\") {} {}))", "(block".repeat(depth), ")".repeat(depth));
    let mut sandbox =
        WasmSandbox::builder().setup(Setup::default()).source(deep(400).as_bytes()).build_blocking().unwrap();
    sandbox.call::<_, ()>("f", ()).unwrap();
}
