//! Modules that are made to be expensive to compile.

use std::{
    collections::BTreeSet,
    fs,
    time::{Duration, Instant},
};

use wasm_encoder::{
    BlockType, CodeSection, Component, ExportKind, ExportSection, Function, FunctionSection, Module, ModuleSection,
    NestedComponentSection, TypeSection, ValType,
};
use wasm_sandbox::{ErrorCode, ResourceKind, SandboxError, Setup, WasmSandbox};

use crate::alone;

/// A module of `count` functions of one parameter with this body, the first of them exported as `f`.
fn module(count: u32, body: &Function) -> Vec<u8> {
    let (mut types, mut functions, mut exports, mut code) =
        (TypeSection::new(), FunctionSection::new(), ExportSection::new(), CodeSection::new());
    types.ty().function([ValType::I32], []);
    exports.export("f", ExportKind::Func, 0);
    for _ in 0..count {
        functions.function(0);
        code.function(body);
    }
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&exports).section(&code);
    module.finish()
}

fn functions(count: u32) -> Vec<u8> {
    let mut empty = Function::new([]);
    empty.instructions().end();
    module(count, &empty)
}

/// `if p == 0 {} else if p == 1 {} else ...`, each within the one before or after it.
fn if_chain(links: i32, nested: bool) -> Vec<u8> {
    let mut body = Function::new([]);
    let mut code = body.instructions();
    for link in 0..links {
        code.local_get(0).i32_const(link).i32_eq().if_(BlockType::Empty).else_();
        if !nested {
            code.end();
        }
    }
    for _ in 0..if nested { links } else { 0 } {
        code.end();
    }
    code.end();
    module(1, &body)
}

/// Functions whose bodies have `additions` times seven bytes.
fn long_bodies(count: u32, additions: usize) -> Vec<u8> {
    let mut body = Function::new([]);
    let mut code = body.instructions();
    for _ in 0..additions {
        code.local_get(0).i32_const(1).i32_add().local_set(0);
    }
    code.end();
    module(count, &body)
}

fn long_body(additions: usize) -> Vec<u8> {
    long_bodies(1, additions)
}

/// `tables` jumps through tables of `targets` targets.
fn jump_tables(tables: usize, targets: usize) -> Vec<u8> {
    let mut body = Function::new([]);
    let mut code = body.instructions();
    let targets = vec![0; targets];
    for _ in 0..tables {
        code.block(BlockType::Empty).local_get(0).br_table(targets.iter().copied(), 0).end();
    }
    code.end();
    module(1, &body)
}

fn call(wasm: &[u8], setup: &Setup) -> Result<(), SandboxError> {
    WasmSandbox::builder().setup(setup.clone()).source(wasm).build_blocking()?.call("f", (0,))
}

fn assert_cut(result: Result<(), SandboxError>) {
    match result {
        Err(SandboxError::ResourceExhausted { kind, used, limit }) => {
            assert!(matches!(kind, ResourceKind::CompileTime | ResourceKind::CompileMemory), "{kind:?}");
            assert!(used >= limit);
        }
        other => panic!("{other:?}"),
    }
}

fn refusal(wasm: &[u8]) -> String {
    match call(wasm, &Setup::default()) {
        Err(error @ SandboxError::NotRunnable { .. }) => error.to_string(),
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn b2_b10_a_bomb_is_cut_once_and_remembered() {
    let directory = tempfile::tempdir().unwrap();
    let setup = Setup::default().cache_dir(directory.path());
    let bomb = long_bodies(200_000, 12);
    assert_cut(call(&bomb, &setup));
    let started = Instant::now();
    assert_cut(call(&bomb, &setup));
    assert!(started.elapsed() < Duration::from_secs(1), "the second time it was compiled again");
    call(&functions(1000), &setup).unwrap();
    let too_many = call(&functions(200_001), &setup).unwrap_err();
    assert_eq!(too_many.code(), ErrorCode::NotRunnable);
}

#[test]
fn b3_chains_of_ten_thousand_branches_are_compiled() {
    for nested in [true, false] {
        call(&if_chain(10_000, nested), &Setup::default()).unwrap();
    }
}

#[test]
fn b4_a_body_of_megabytes_is_refused_before_compiling() {
    let started = Instant::now();
    let reason = refusal(&long_body(1_090_000));
    assert!(reason.contains("one of its functions has 7630002 bytes"), "{reason}");
    assert!(started.elapsed() < Duration::from_secs(2));
    call(&long_body(10_000), &Setup::default()).unwrap();
}

#[test]
fn b5_deep_blocks_are_compiled() {
    let deep = |depth: usize| {
        let mut body = Function::new([]);
        let mut code = body.instructions();
        for _ in 0..depth {
            code.block(BlockType::Empty);
        }
        for _ in 0..=depth {
            code.end();
        }
        module(1, &body)
    };
    call(&deep(20_000), &Setup::default()).unwrap();
}

#[test]
fn b6_jumps_with_too_many_targets_are_refused_or_cut() {
    let reason = refusal(&jump_tables(20, 200_000));
    assert!(reason.contains("`br_table` has 200000 targets"), "{reason}");
    assert_cut(call(&jump_tables(20, 60_000), &Setup::default()));
    call(&jump_tables(20, 1000), &Setup::default()).unwrap();
}

#[test]
fn b8_components_of_any_depth_are_refused_by_name() {
    let inner = functions(1);
    let mut component = Component::new();
    component.section(&ModuleSection(&Module::new()));
    for _ in 0..1000 {
        let mut outer = Component::new();
        outer.section(&NestedComponentSection(&component));
        component = outer;
    }
    let reason = refusal(&component.finish());
    assert!(reason.contains("it is a component, and only core modules run"), "{reason}");
    call(&inner, &Setup::default()).unwrap();
}

#[test]
fn b9_a_bomb_sent_fifty_times_holds_nobody_up() {
    let bomb = jump_tables(20, 60_000);
    std::thread::scope(|scope| {
        let bombs: Vec<_> = (0..50).map(|_| scope.spawn(|| call(&bomb, &Setup::default()))).collect();
        for links in 0..10 {
            let started = Instant::now();
            call(&if_chain(links, true), &Setup::default()).unwrap();
            assert!(started.elapsed() < Duration::from_secs(2), "took {:?}", started.elapsed());
        }
        bombs.into_iter().for_each(|bomb| assert_cut(bomb.join().unwrap()));
    });
}

#[test]
fn b10_a_killed_compiler_leaves_nothing_behind() {
    alone("bombs::b10_a_killed_compiler_leaves_nothing_behind", || {
        let directory = tempfile::tempdir().unwrap();
        let setup = Setup::default().cache_dir(directory.path());
        let files = || -> BTreeSet<(String, bool)> {
            let entries = fs::read_dir(directory.path().join("code")).unwrap().map(Result::unwrap);
            let kind =
                |name: &str| if name.len() == 64 { "entry" } else { name.rsplit('.').next().unwrap() }.to_owned();
            entries
                .map(|file| (kind(file.file_name().to_str().unwrap()), file.metadata().unwrap().len() > 1024))
                .collect()
        };
        let named = |names: &[(&str, bool)]| names.iter().map(|(name, large)| ((*name).to_owned(), *large)).collect();
        assert_cut(call(&jump_tables(20, 60_000), &setup));
        // The one entry is the refusal.
        assert_eq!(files(), named(&[("key", false), ("lock", false), ("entry", false)]));
        call(&functions(1), &setup).unwrap();
        assert_eq!(files(), named(&[("key", false), ("lock", false), ("entry", false), ("entry", true)]));
        assert_eq!(children(), Vec::<String>::new());
    });
}

/// The processes whose parent is this one, dead or alive.
fn children() -> Vec<String> {
    let own = format!("PPid:\t{}\n", std::process::id());
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    processes
        .filter(|pid| fs::read_to_string(format!("/proc/{pid}/status")).is_ok_and(|text| text.contains(&own)))
        .collect()
}
