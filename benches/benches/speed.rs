//! Ours beside raw Wasmtime with the same settings: `cargo bench --package wasm-sandbox-bench`.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use wasm_sandbox::{ByteUnits, InstanceConfig, Setup, TimeUnits, WasmSandbox, blocking};
use wasm_sandbox_bench::{alone, median, pair, resident_bytes};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, Linker, Module, PoolingAllocationConfig, ResourceLimiter,
    Store, UpdateDeadline,
    component::{self, Component},
};
use wasmtime_wasi::{FsPerms, WasiCtxBuilder, p1, p1::WasiP1Ctx, p2::pipe::MemoryOutputPipe};

const ADD: &str = r#"(module (memory (export "memory") 2)
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "spin") (loop (br 0)))
    (data (i32.const 0) "hello world"))"#;

/// A component that gives back what it gets. Its memory fills with what it was given, and begins anew at its end.
const ECHO: &str = r#"(component
  (core module $code
    (memory (export "memory") 2)
    (global $free (mut i32) (i32.const 4096))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (if (i32.gt_u (global.get $free) (i32.const 65536)) (then (global.set $free (i32.const 4096))))
      (global.set $free (i32.add (global.get $free) (local.get 3)))
      (i32.sub (global.get $free) (local.get 3)))
    (func (export "number") (param i32) (result i32) (local.get 0))
    (func (export "pair") (param i32 i32) (result i32)
      (i32.store (i32.const 16) (local.get 0)) (i32.store (i32.const 20) (local.get 1)) (i32.const 16)))
  (core instance $core (instantiate $code))
  (alias core export $core "memory" (core memory $memory))
  (func (export "u32") (param "value" u32) (result u32) (canon lift (core func $core "number")))
  (func (export "bytes") (param "value" (list u8)) (result (list u8))
    (canon lift (core func $core "pair") (memory $memory) (realloc (func $core "realloc")))))"#;

/// A component that has another one, [`ECHO`], answer for it.
const ASKS: &str = r#"(component
  (import "u32" (func $echo (param "value" u32) (result u32)))
  (core func $lowered (canon lower (func $echo)))
  (core module $code
    (import "" "u32" (func $echo (param i32) (result i32)))
    (func (export "ask") (param i32) (result i32) (call $echo (local.get 0))))
  (core instance $core (instantiate $code (with "" (instance (export "u32" (func $lowered))))))
  (func (export "ask") (param "value" u32) (result u32) (canon lift (core func $core "ask"))))"#;

/// CPU-bound programs, and one that reads, writes and prints.
const GUEST: &str = include_str!("guest.rs");

/// The limiter that a host of raw Wasmtime needs too.
struct Raw;

impl ResourceLimiter for Raw {
    fn memory_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= 64 << 20)
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= 100_000)
    }
}

fn engine() -> Engine {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_core_instances(4000)
        .total_memories(4000)
        .total_tables(8000)
        .total_stacks(4000)
        .max_tables_per_module(16)
        .table_elements(1 << 20)
        .max_unused_warm_slots(64)
        .linear_memory_keep_resident(256 << 10)
        .table_keep_resident(16 << 10)
        .pagemap_scan(Enabled::Auto);
    let mut config = Config::new();
    config.epoch_interruption(true).max_wasm_stack(1 << 20).async_stack_size(2 << 20).wasm_component_model(true);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Engine::new(&config).expect("an engine")
}

fn store(engine: &Engine) -> Store<Raw> {
    let mut store = Store::new(engine, Raw);
    store.limiter(|raw| raw);
    store.set_epoch_deadline(1 << 40);
    store
}

fn ours(text: &str) -> blocking::WasmSandbox {
    WasmSandbox::builder().setup(Setup::default()).source(text.as_bytes()).build_blocking().expect("the module loads")
}

fn main() {
    let engine = engine();
    small(&engine);
    components(&engine);
    strings();
    deadlines();
    idle();
    programs(&engine);
}

/// New sandboxes and calls.
fn small(engine: &Engine) {
    let mut sandbox = ours(ADD);
    let module = sandbox.module().expect("a module").clone();
    let raw = Module::new(engine, wat::parse_str(ADD).expect("text")).expect("the module compiles");
    let linked = Linker::<Raw>::new(engine).instantiate_pre(&raw).expect("no imports");
    pair(
        "new sandbox and one call",
        2000,
        1.3,
        || {
            let mut instance = sandbox.create_instance(&module, InstanceConfig::default()).expect("an instance");
            let mut add = instance.function::<(i32, i32), i32>("add").expect("add");
            assert_eq!(add.call((5, 3)).expect("a sum"), 8);
        },
        || {
            let mut store = store(engine);
            let instance = linked.instantiate(&mut store).expect("an instance");
            let add = instance.get_typed_func::<(i32, i32), i32>(&mut store, "add").expect("add");
            assert_eq!(add.call(&mut store, (5, 3)).expect("a sum"), 8);
        },
    );
    let mut raw_store = store(engine);
    let instance = linked.instantiate(&mut raw_store).expect("an instance");
    let raw_add = instance.get_typed_func::<(i32, i32), i32>(&mut raw_store, "add").expect("add");
    let mut add = sandbox.function::<(i32, i32), i32>("add").expect("add");
    pair(
        "call through a typed handle",
        200_000,
        1.2,
        || assert_eq!(add.call(black_box((5, 3))).expect("a sum"), 8),
        || assert_eq!(raw_add.call(&mut raw_store, black_box((5, 3))).expect("a sum"), 8),
    );
    alone("call with serde values, numbers", 50_000, Duration::from_nanos(600), || {
        assert_eq!(sandbox.call::<_, i32>("add", black_box((5, 3))).expect("a sum"), 8);
    });
}

/// Calls of a component's functions.
fn components(engine: &Engine) {
    let mut sandbox = ours(ECHO);
    let raw = Component::new(engine, wat::parse_str(ECHO).expect("text")).expect("the component compiles");
    let mut raw_store = store(engine);
    let linked = component::Linker::<Raw>::new(engine).instantiate_pre(&raw).expect("no imports");
    let instance = linked.instantiate(&mut raw_store).expect("an instance");
    let raw_number = instance.get_typed_func::<(u32,), (u32,)>(&mut raw_store, "u32").expect("a function");
    let mut number = sandbox.component_function::<(u32,), (u32,)>("u32").expect("a function");
    pair(
        "component: typed call with a number",
        100_000,
        1.3,
        || assert_eq!(number.call(black_box((5,))).expect("a number").0, 5),
        || assert_eq!(raw_number.call(&mut raw_store, black_box((5,))).expect("a number").0, 5),
    );
    let bytes = vec![7_u8; 1024];
    let raw_bytes = instance.get_typed_func::<(Vec<u8>,), (Vec<u8>,)>(&mut raw_store, "bytes").expect("a function");
    let mut echo = sandbox.component_function::<(Vec<u8>,), (Vec<u8>,)>("bytes").expect("a function");
    pair(
        "component: typed call with 1 KiB in and out",
        20_000,
        1.3,
        || assert_eq!(echo.call((bytes.clone(),)).expect("bytes").0.len(), 1024),
        || assert_eq!(raw_bytes.call(&mut raw_store, (bytes.clone(),)).expect("bytes").0.len(), 1024),
    );
    let module = sandbox.module().expect("a module").clone();
    pair(
        "component: new sandbox and one call",
        2000,
        1.3,
        || {
            let mut instance = sandbox.create_instance(&module, InstanceConfig::default()).expect("an instance");
            let mut number = instance.component_function::<(u32,), (u32,)>("u32").expect("a function");
            assert_eq!(number.call((5,)).expect("a number").0, 5);
        },
        || {
            let mut store = store(engine);
            let instance = linked.instantiate(&mut store).expect("an instance");
            let number = instance.get_typed_func::<(u32,), (u32,)>(&mut store, "u32").expect("a function");
            assert_eq!(number.call(&mut store, (5,)).expect("a number").0, 5);
        },
    );
    alone("component: call with serde values, a number", 50_000, Duration::from_nanos(1500), || {
        assert_eq!(sandbox.call::<_, u32>("u32", black_box(5)).expect("a number"), 5);
    });
    let builder = WasmSandbox::builder().setup(Setup::default()).source(ASKS.as_bytes());
    let mut asks = builder.link(ours(ECHO)).build_blocking().expect("the component loads");
    alone("component: a call that another component answers", 2000, Duration::from_micros(50), || {
        assert_eq!(asks.call::<_, u32>("ask", black_box(5)).expect("a number"), 5);
    });
}

/// A string of 1 KiB in and out.
fn strings() {
    let setup = Setup::discover();
    let source =
        wasm_sandbox::Source::code(wasm_sandbox::Language::Rust, "pub fn echo(text: String) -> String { text }");
    let mut sandbox = WasmSandbox::builder().setup(setup).source(source).build_blocking().expect("Rust compiles");
    let text = "0123456789abcdef".repeat(64);
    alone("call with a string of 1 KiB in and out", 5000, Duration::from_micros(5), || {
        assert_eq!(sandbox.call::<_, String>("echo", black_box(&text)).expect("an echo").len(), 1024);
    });
}

/// How late a stopped loop is.
fn deadlines() {
    let config = InstanceConfig::builder().timeout(20.millis()).build().expect("a policy");
    let builder = WasmSandbox::builder().setup(Setup::default()).config(config).source(ADD.as_bytes());
    let mut sandbox = builder.build_blocking().expect("the module loads");
    let lateness = (0..51).map(|_| {
        let started = Instant::now();
        sandbox.call::<_, ()>("spin", ()).expect_err("a timeout");
        started.elapsed().as_secs_f64() - 0.020
    });
    let late = median(lateness.collect());
    println!("{:44} ours {:>10.2}ms  (at most 5ms)", "a stopped loop ends after its deadline", late * 1e3);
}

/// Host memory of a thousand idle instances.
fn idle() {
    let sandbox = ours(ADD);
    let module = sandbox.module().expect("a module").clone();
    let before = resident_bytes();
    let instances: Vec<_> = (0..1000)
        .map(|_| {
            let mut instance = sandbox.create_instance(&module, InstanceConfig::default()).expect("an instance");
            assert_eq!(instance.call::<_, i32>("add", (5, 3)).expect("a sum"), 8);
            instance
        })
        .collect();
    let grown = resident_bytes().saturating_sub(before) >> 20;
    println!("{:44} ours {grown:>10}MB  (at most 100MB)", "a thousand idle instances");
    drop(instances);
}

/// Whole programs: three that compute, one that reads and writes a file, one that prints.
fn programs(engine: &Engine) {
    let source = wasm_sandbox::Source::code(wasm_sandbox::Language::Rust, GUEST);
    let folder = tempfile::tempdir().expect("a folder");
    let config = InstanceConfig::builder()
        .filesystem_write(folder.path(), "/data")
        .disk_limit(1.gb())
        .build()
        .expect("a policy");
    let builder = WasmSandbox::builder().setup(Setup::discover()).config(config).source(source);
    let sandbox = builder.build_blocking().expect("the program compiles");
    let raw = Module::new(engine, sandbox.module().expect("a module").wasm().expect("it was compiled"))
        .expect("the program compiles");
    let mut linker = Linker::<WasiP1Ctx>::new(engine);
    p1::add_to_linker_sync(&mut linker, |context| context).expect("WASI links");
    let linked = linker.instantiate_pre(&raw).expect("imports");
    for (name, times, target) in
        [("sha256", 1, 1.05), ("sort", 1, 1.05), ("matrix", 1, 1.05), ("file", 1, 1.0), ("print", 1, 1.0)]
    {
        pair(
            &format!("program: {name}"),
            times,
            target,
            || {
                let result = sandbox.execute([name]).expect("a run");
                assert!(result.success, "{result:?}");
            },
            || {
                let mut context = WasiCtxBuilder::new();
                context.args(&["guest", name]).stdout(MemoryOutputPipe::new(10 << 20));
                context.preopened_dir(folder.path(), "/data", FsPerms::ReadWrite).expect("the folder");
                let mut store = Store::new(engine, context.build_p1());
                store.set_epoch_deadline(1);
                store.epoch_deadline_callback(|_| Ok(UpdateDeadline::Continue(1)));
                let instance = linked.instantiate(&mut store).expect("an instance");
                let start = instance.get_typed_func::<(), ()>(&mut store, "_start").expect("a program");
                start.call(&mut store, ()).expect("a run");
            },
        );
    }
}
