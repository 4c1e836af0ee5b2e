//! What a guest learns of the machine around it: nothing but what it was given.

use std::fmt::Debug;

use wasm_sandbox::{
    ClockPolicy, Ending, ErrorCode, RandomPolicy, SandboxError, SandboxResult, Setup, WasmSandbox, WasmSandboxBuilder,
};

use crate::{closed, told, wat};

/// Prints its environment, its arguments, the time and sixteen random bytes.
const CURIOUS: &str = r#"(module
    (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ_sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_get" (func $environ (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "clock_time_get" (func $time (param i32 i64 i32) (result i32)))
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 2)
    (func $print (param $from i32) (param $len i32)
        (i32.store (i32.const 32) (local.get $from)) (i32.store (i32.const 36) (local.get $len))
        (drop (call $write (i32.const 1) (i32.const 32) (i32.const 1) (i32.const 40))))
    (func (export "_start")
        (drop (call $environ_sizes (i32.const 0) (i32.const 4)))
        (drop (call $environ (i32.const 1024) (i32.const 65536)))
        (call $print (i32.const 65536) (i32.load (i32.const 4)))
        (drop (call $args_sizes (i32.const 8) (i32.const 12)))
        (drop (call $args (i32.const 1024) (i32.const 65536)))
        (call $print (i32.const 65536) (i32.load (i32.const 12))))
    (func (export "wall") (result i64) (drop (call $time (i32.const 0) (i64.const 1) (i32.const 48))) (i64.load (i32.const 48)))
    (func $monotonic (export "monotonic") (result i64)
        (drop (call $time (i32.const 1) (i64.const 1) (i32.const 48))) (i64.load (i32.const 48)))
    ;; The smallest step of the clock among three.
    (func (export "step") (result i64) (local $left i32) (local $least i64) (local $last i64) (local $now i64)
        (local.set $left (i32.const 3)) (local.set $least (i64.const -1)) (local.set $last (call $monotonic))
        (loop
            (br_if 0 (i64.eq (local.tee $now (call $monotonic)) (local.get $last)))
            (if (i64.lt_u (i64.sub (local.get $now) (local.get $last)) (local.get $least))
                (then (local.set $least (i64.sub (local.get $now) (local.get $last)))))
            (local.set $last (local.get $now))
            (br_if 0 (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
        (local.get $least))
    (func (export "random") (result i64) (drop (call $random (i32.const 48) (i32.const 8))) (i64.load (i32.const 48))))"#;

fn curious() -> WasmSandboxBuilder {
    WasmSandbox::builder().setup(Setup::default()).source(wat(CURIOUS))
}

fn number(builder: WasmSandboxBuilder, function: &str) -> i64 {
    builder.build_blocking().unwrap().call(function, ()).unwrap()
}

#[test]
fn g1_a_guest_sees_no_environment_but_its_own() {
    assert!(told("PATH").is_some(), "the host has an environment");
    let printed = |builder: WasmSandboxBuilder, arguments: &[&str]| {
        let sandbox = builder.build_blocking().unwrap();
        let result = sandbox.execute(arguments.iter().copied()).unwrap();
        let name = sandbox.module().unwrap().name().to_owned();
        result.stdout.text().replace(&format!("{name}\0"), "NAME ").replace('\0', " ")
    };
    assert_eq!(printed(curious(), &[]), "NAME ");
    assert_eq!(printed(curious().env("GIVEN", "value"), &["one", "two"]), "GIVEN=value NAME one two ");
}

/// What would tell of this machine.
fn secrets(mounted: &std::path::Path) -> Vec<String> {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let executable = std::env::current_exe().unwrap();
    let home = told("HOME").unwrap();
    let paths = [here, mounted, executable.parent().unwrap(), home.as_ref()];
    let paths = paths.map(|path| path.display().to_string());
    assert!(paths.iter().all(|path| path.len() > 2), "{paths:?}");
    paths.into_iter().chain([".cargo/registry".to_owned(), "src/engine".to_owned()]).collect()
}

#[test]
fn g2_nothing_of_the_host_is_in_errors_and_results() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = secrets(folder.path());
    let silent = |what: &str, text: String| {
        let told = secrets.iter().find(|secret| text.contains(*secret));
        assert_eq!(told, None, "{what}: {text}");
    };
    let failure = |what: &str, error: SandboxError, code: ErrorCode| {
        assert_eq!(error.code(), code, "{what}: {error:?}");
        silent(what, format!("{error} {error:?} {:?}", error.suggestion()));
    };
    fn error<T>(result: Result<T, SandboxError>) -> SandboxError {
        result.err().expect("a failure")
    }
    let call = |text: &str| error(closed(text).call::<_, ()>("f", ()));
    failure("trap", call(r#"(module (func $inner unreachable) (func (export "f") (call $inner)))"#), ErrorCode::Trap);
    failure("stack", call(r#"(module (func $f (export "f") (call $f) (call $f)))"#), ErrorCode::Limit);
    failure("import", call(r#"(module (import "a" "b" (func)) (func (export "f")))"#), ErrorCode::NotRunnable);
    failure("signature", call(r#"(module (func (export "f") (param i32)))"#), ErrorCode::Signature);
    let load = |bytes: &[u8]| error(WasmSandbox::builder().setup(Setup::default()).source(bytes).build_blocking());
    failure("module", load(b"\0asm\x01\0\0\0\xff"), ErrorCode::NotRunnable);
    failure("text", load(b"(module (func"), ErrorCode::Compilation);
    let function = curious().host_function("env", "f", |_, (): ()| -> Result<(), _> { panic!("of the caller's own") });
    let text = r#"(module (import "env" "f" (func $f)) (func (export "f") (call $f)))"#;
    let panics = function.source(wat(text)).build_blocking().unwrap().call::<_, ()>("f", ());
    failure("panic", error(panics), ErrorCode::Trap);
    silent("result", refused_paths(folder.path()));
}

/// The whole result of a guest that opens what it may not, beside a directory of the host's that it was given.
fn refused_paths(mounted: &std::path::Path) -> String {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "path_open"
            (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 64) "../x") (data (i32.const 80) "new")
        (func $try (param $path i32) (param $len i32)
            (drop (call $open (i32.const 3) (i32.const 1) (local.get $path) (local.get $len) (i32.const 1)
                (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 8))))
        (func (export "_start") (call $try (i32.const 64) (i32.const 4)) (call $try (i32.const 80) (i32.const 3)) unreachable))"#;
    let builder = WasmSandbox::builder().setup(Setup::default()).source(wat(text)).filesystem_read(mounted, "/data");
    let result: SandboxResult = builder.build_blocking().unwrap().execute::<[String; 0]>([]).unwrap();
    assert!(matches!(result.ending, Ending::Trap(_)) && result.denials.len() == 2, "{result:?}");
    format!("{result:?} {}", serde_json::to_string(&result).unwrap())
}

#[test]
fn g3_g7_clocks_are_coarse_until_a_fine_one_is_granted() {
    let step = number(curious(), "step");
    assert!(step >= 1_000_000 && step % 1_000_000 == 0, "{step}");
    assert_eq!(number(curious(), "wall") % 1_000_000, 0);
    let coarser = ClockPolicy::Coarse(std::time::Duration::from_millis(20));
    let step = number(curious().policy(|policy| policy.clock(coarser)), "step");
    assert!(step >= 20_000_000 && step % 20_000_000 == 0, "{step}");
    let real = number(curious().policy(|policy| policy.clock(ClockPolicy::Real)), "step");
    assert!(real < 1_000_000, "{real}");
}

#[test]
fn g3_a_frozen_clock_stands_still_and_a_deterministic_run_repeats() {
    let frozen = || curious().policy(|policy| policy.clock(ClockPolicy::Frozen { unix_ns: 1_234_567_891 }));
    let mut sandbox = frozen().build_blocking().unwrap();
    for _ in 0..1000 {
        assert_eq!(sandbox.call::<_, i64>("wall", ()).unwrap(), 1_234_567_891);
        assert_eq!(sandbox.call::<_, i64>("monotonic", ()).unwrap(), 1, "zero would be a clock that does not work");
    }
    let run = |seed| {
        let builder = frozen().policy(|policy| policy.random(RandomPolicy::Seeded(seed)));
        let mut sandbox = builder.build_blocking().unwrap();
        let all = ["wall", "random", "monotonic", "random", "random"];
        all.map(|function| sandbox.call::<_, i64>(function, ()).unwrap())
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

#[test]
fn g4_random_numbers_differ_between_instances_and_calls() {
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..50 {
        let mut sandbox = curious().build_blocking().unwrap();
        for _ in 0..2 {
            assert!(seen.insert(sandbox.call::<_, i64>("random", ()).unwrap()), "a number came twice");
        }
    }
    let seeded = || number(curious().policy(|policy| policy.random(RandomPolicy::Seeded(1))), "random");
    assert_eq!(seeded(), seeded());
}

#[test]
fn g6_threads_and_shared_memory_are_refused_by_name() {
    fn reason<T: Debug>(result: Result<T, SandboxError>) -> String {
        match result {
            Err(error @ SandboxError::NotRunnable { .. }) => error.to_string(),
            other => panic!("{other:?}"),
        }
    }
    let spawn = r#"(module (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32))) (func (export "f")))"#;
    assert!(reason(closed(spawn).call::<_, ()>("f", ())).contains("`wasi.thread-spawn`"));
    let load =
        |text: &str| WasmSandbox::builder().setup(Setup::default()).source(wat(text)).build_blocking().map(|_| ());
    let wait = "(module (memory 1) (func (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const 0)))))";
    for text in ["(module (memory 1 1 shared))", r#"(module (import "env" "memory" (memory 1 1 shared)))"#, wait] {
        assert!(reason(load(text)).contains("threads"), "{text}");
    }
    load("(module (memory 1) (func (drop (i32.load (i32.const 0)))))").unwrap();
}

#[test]
fn g9_relaxed_instructions_are_deterministic() {
    let text = r#"(module
        (func (export "swizzle") (param $index i32) (result i32) (i8x16.extract_lane_u 0
            (i8x16.relaxed_swizzle (v128.const i32x4 0x04030201 0 0 0) (i8x16.splat (local.get $index)))))
        (func (export "truncate") (param $number f32) (result i32)
            (i32x4.extract_lane 0 (i32x4.relaxed_trunc_f32x4_s (f32x4.splat (local.get $number))))))"#;
    let mut sandbox = closed(text);
    // What the processor itself would answer differs: x86 takes the index modulo 16 and makes a NaN the least integer.
    for (index, element) in [(0, 1), (3, 4), (16, 0), (17, 0), (127, 0), (255, 0)] {
        assert_eq!(sandbox.call::<_, i32>("swizzle", index).unwrap(), element, "{index}");
    }
    for (number, integer) in [(1.5, 1), (f32::NAN, 0), (1e20, i32::MAX), (-1e20, i32::MIN)] {
        let mut truncate = sandbox.function::<(f32,), i32>("truncate").unwrap();
        assert_eq!(truncate.call((number,)).unwrap(), integer, "{number}");
    }
}

#[test]
fn f1_f16_nothing_of_the_network_is_there() {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "sock_send" (func $send (param i32 i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "sock_accept" (func $accept (param i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (func (export "send") (result i32)
            (call $send (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 8)))
        (func (export "accept") (result i32) (call $accept (i32.const 3) (i32.const 0) (i32.const 8))))"#;
    let mut sandbox = closed(text);
    for function in ["send", "accept"] {
        assert_eq!(sandbox.call::<_, i32>(function, ()).unwrap(), 57, "ENOTSOCK");
        let report = sandbox.take_report();
        let denied: Vec<&str> = report.denials.iter().map(|denial| denial.capability.as_str()).collect();
        assert_eq!(denied, ["network"]);
    }
    // What other systems offer for connecting and resolving does not exist.
    for import in ["sock_open", "sock_connect", "sock_bind", "sock_listen", "sock_addr_resolve"] {
        let text = format!(r#"(module (import "wasi_snapshot_preview1" "{import}" (func)) (func (export "f")))"#);
        let error = closed(&text).call::<_, ()>("f", ()).unwrap_err();
        assert_eq!(error.code(), ErrorCode::NotRunnable);
        assert!(error.to_string().contains(import), "{error}");
    }
}
