//! Modules that are made to be expensive to compile.

use std::{
    collections::BTreeSet,
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use wasm_encoder::{
    BlockType, CodeSection, Component, ComponentTypeSection, ExportKind, ExportSection, Function, FunctionSection,
    Module, ModuleSection, NestedComponentSection, TypeSection, ValType,
};
use wasm_sandbox::{ErrorCode, Progress, ResourceKind, SandboxError, Setup, WasmSandbox};

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
    // Of 17 MB of code, which have twelve times as long: a quarter of what they take on a fast machine.
    let bomb = long_bodies(200_000, 12);
    let compiled = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&compiled);
    let tell = move |progress: Progress<'_>| {
        counted.fetch_add(usize::from(matches!(progress, Progress::Begin(_))), Ordering::Relaxed);
    };
    let short = setup.clone().compile_time(Duration::from_millis(250)).on_progress(tell);
    assert_cut(call(&bomb, &short));
    assert_cut(call(&bomb, &short));
    assert_eq!(compiled.load(Ordering::Relaxed), 1, "the second time it was compiled again");
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

/// A component in a component in a component, so many deep.
fn nested(depth: usize) -> Component {
    let mut component = Component::new();
    component.section(&ModuleSection(&Module::new()));
    for _ in 0..depth {
        let mut outer = Component::new();
        outer.section(&NestedComponentSection(&component));
        component = outer;
    }
    component
}

#[test]
fn b8_components_deep_in_each_other_are_refused() {
    let reason = refusal(&nested(1000).finish());
    assert!(reason.contains("its components lie more than 16 deep in each other"), "{reason}");
    WasmSandbox::builder().setup(Setup::default()).source(nested(10).finish()).build_blocking().unwrap();
}

/// A component with one type, which holds one that holds one, so many deep: of instances, or of components.
fn types_in_types(depth: usize, kind: u8) -> Vec<u8> {
    let mut types = [kind, 1, 1].repeat(depth);
    types.extend([kind, 0]);
    types.insert(0, 1);
    let mut component = Component::new();
    component.section(&wasm_encoder::RawSection { id: 7, data: &types });
    component.finish()
}

#[test]
fn b8_types_deep_in_each_other_are_refused() {
    for kind in [0x41, 0x42] {
        let reason = refusal(&types_in_types(100_000, kind));
        assert!(reason.contains("its components lie more than 16 deep in each other"), "{reason}");
        WasmSandbox::builder().setup(Setup::default()).source(types_in_types(10, kind)).build_blocking().unwrap();
    }
}

/// An instance that has the one before it twice, with a resource in each, as a type or of a component.
fn doubled_instances(depth: u32, components: bool) -> String {
    let level = |level: u32| match (level, components) {
        (0, false) => "(type $l0 (instance (export \"r\" (type (sub resource)))))".to_owned(),
        (0, true) => "(component $l0 (type $r (resource (rep i32))) (export \"r\" (type $r)))".to_owned(),
        (_, false) => format!(
            "(type $l{level} (instance (export \"a\" (instance (type $l{0}))) (export \"b\" (instance (type $l{0})))))",
            level - 1
        ),
        (_, true) => format!(
            "(component $l{level} (alias outer 1 $l{} (component $inner))
                (instance $a (instantiate $inner)) (instance $b (instantiate $inner))
                (export \"a\" (instance $a)) (export \"b\" (instance $b)))",
            level - 1
        ),
    };
    let levels: String = (0..=depth).map(level).collect();
    let last = match components {
        false => format!("(import \"x\" (instance (type $l{depth})))"),
        true => format!("(instance (instantiate $l{depth}))"),
    };
    format!("(component {levels} {last})")
}

#[test]
fn b8_instances_whose_types_have_no_end_are_refused() {
    // Few instances of much are as bad as much of few.
    let fields: String = (0..5000).map(|index| format!("(field \"f{index}\" (own $r))")).collect();
    let large = |count: usize| {
        let instances = "(instance (instantiate $c))".repeat(count);
        format!(
            "(component (component $c (type $r' (resource (rep i32))) (export $r \"r\" (type $r'))
                (type $t (record {fields})) (export \"t\" (type $t))) {instances})"
        )
    };
    let load = |text: String| WasmSandbox::builder().setup(Setup::default()).source(text.as_bytes()).build_blocking();
    let bombs = [doubled_instances(17, false), doubled_instances(60, false), doubled_instances(60, true), large(900)];
    for bomb in bombs {
        match load(bomb).map(drop) {
            Err(SandboxError::NotRunnable { reason, .. }) => {
                assert!(reason.contains("types in its instances, and 1000000 are accepted"), "{reason}");
            }
            other => panic!("{other:?}"),
        }
    }
    for twin in [doubled_instances(5, false), doubled_instances(5, true), large(10)] {
        load(twin).unwrap();
    }
}

/// What the validator makes of a component is its own affair: it panics and takes memory in a child.
#[test]
fn b8_what_is_too_much_for_the_validator_ends_in_a_child() {
    let load = |text: String| WasmSandbox::builder().setup(Setup::default()).source(text.as_bytes()).build_blocking();
    let bags = |depth: u32| {
        let inner: String = (1..=depth)
            .map(|level| format!("(instance $i{level} (export \"a\" (instance $i{})))", level - 1))
            .collect();
        format!("(component (instance $i0) {inner})")
    };
    match load(bags(200)).map(drop) {
        Err(SandboxError::NotRunnable { reason, .. }) => assert_eq!(reason, "the compiler failed on it"),
        other => panic!("{other:?}"),
    }
    load(bags(10)).unwrap();
    // Each instance has a path to each resource of the one that it holds.
    let resources = |count: u32, holders: u32| {
        let exports: String = (0..count).map(|index| format!("(export \"r{index}\" (type (sub resource)))")).collect();
        let holding = "(instance (export \"a\" (instance $i)))".repeat(holders as usize);
        format!("(component (import \"i\" (instance $i {exports})) {holding})")
    };
    match load(resources(40_000, 900)).map(drop) {
        Err(SandboxError::ResourceExhausted { kind, .. }) => {
            assert!(matches!(kind, ResourceKind::CompileMemory | ResourceKind::CompileTime), "{kind:?}");
        }
        other => panic!("{other:?}"),
    }
    load(resources(10, 10)).map(drop).unwrap();
}

#[test]
fn b8_components_of_too_many_types_and_parts_are_refused() {
    let many = |count: u32| {
        let mut component = Component::new();
        let mut types = ComponentTypeSection::new();
        (0..count).for_each(|_| types.defined_type().list(wasm_encoder::PrimitiveValType::U8));
        component.section(&types);
        component.finish()
    };
    let reason = refusal(&many(1_000_000));
    assert!(reason.contains("it has 1000000 types, instances and aliases, and 100000 are accepted"), "{reason}");
    WasmSandbox::builder().setup(Setup::default()).source(many(50_000)).build_blocking().unwrap();
    let modules = |count: usize| {
        let imports: String = (0..5000).map(|index| format!("(import \"a\" \"{index}\" (global i32))")).collect();
        wat::parse_str(format!("(component {})", format!("(core type (module {imports}))").repeat(count))).unwrap()
    };
    let reason = refusal(&modules(30));
    assert!(reason.contains("declarations in its types, and 100000 are accepted"), "{reason}");
    WasmSandbox::builder().setup(Setup::default()).source(modules(3)).build_blocking().unwrap();
    let mut parts = Component::new();
    for _ in 0..1000 {
        parts.section(&ModuleSection(&Module::new()));
    }
    let reason = refusal(&parts.finish());
    assert!(reason.contains("it has 1001 modules and components in it, and 1000 are accepted"), "{reason}");
}

#[test]
fn b8_names_of_cases_are_not_written_out_without_end() {
    let cases: String = (0..10_000).map(|index| format!("\"c{index}\" ")).collect();
    let component = |uses: usize| {
        let text = format!(
            "(component (type $e' (enum {cases})) (export $e \"e\" (type $e'))
            (core module $m (memory (export \"m\") 1) (func (export \"f\") (param i32))
                (func (export \"r\") (param i32 i32 i32 i32) (result i32) unreachable))
            (core instance $i (instantiate $m)) (alias core export $i \"m\" (core memory $mem))
            (func (export \"f\") (param \"value\" (tuple {}))
                (canon lift (core func $i \"f\") (memory $mem) (realloc (func $i \"r\")))))",
            "$e ".repeat(uses)
        );
        WasmSandbox::builder().setup(Setup::default()).source(text.as_bytes()).build_blocking().unwrap()
    };
    let left_out = component(100).module().unwrap().left_out().unwrap()[0].to_string();
    assert_eq!(left_out, "f: the types of all functions together are too large");
}

/// A type that holds the one before it twice: 2 to the power of `depth` when it is written out.
#[test]
fn b8_types_that_grow_as_they_are_read_are_left_out_or_refused() {
    let doubled = |depth: u32| {
        let mut text =
            "(component (core module $m (func (export \"f\") (param i32))) (core instance $i (instantiate $m))
            (type $t0 (tuple u8 u8))"
                .to_owned();
        for level in 1..=depth {
            text += &format!("(type $t{level} (tuple $t{0} $t{0}))", level - 1);
        }
        text += &format!(
            "(type $list (list $t{depth})) (export $out \"list\" (type $list))
            (core module $r (memory (export \"m\") 1) (func (export \"f\") (param i32 i32))
                (func (export \"r\") (param i32 i32 i32 i32) (result i32) unreachable))
            (core instance $ri (instantiate $r)) (alias core export $ri \"m\" (core memory $mem))
            (func (export \"f\") (param \"value\" $out)
                (canon lift (core func $ri \"f\") (memory $mem) (realloc (func $ri \"r\")))))"
        );
        WasmSandbox::builder().setup(Setup::default()).source(text.as_bytes()).build_blocking()
    };
    match doubled(40) {
        Err(SandboxError::NotRunnable { reason, .. }) => assert!(reason.contains("type size"), "{reason}"),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("a type of 2^40 parts"),
    }
    let large = doubled(16).unwrap();
    let left_out = large.module().unwrap().left_out().unwrap()[0].to_string();
    assert_eq!(left_out, "f: the types of all functions together are too large");
    assert_eq!(doubled(5).unwrap().module().unwrap().functions().unwrap().count(), 1);
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
