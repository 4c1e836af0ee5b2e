//! More than anybody needs, through WASI: both streams at once, lists of buffers, randomness, arguments and input.

use std::time::{Duration, Instant};

use wasm_sandbox::{
    ByteUnits, Ending, ErrorCode, InstanceConfig, ResourceKind, ResourceLimits, SandboxError, SandboxResult, Setup,
    TimeUnits, WasmSandbox, WasmSandboxBuilder, blocking,
};

use crate::wat;

/// How late the report of a limit may be.
const GRACE: Duration = Duration::from_millis(250);

const EFAULT: i32 = 21;

fn builder(text: &str, limits: ResourceLimits) -> WasmSandboxBuilder {
    let config = InstanceConfig::builder().limits(limits).build().expect("a valid policy");
    WasmSandbox::builder().setup(Setup::default()).config(config).source(wat(text))
}

fn sandbox(text: &str) -> blocking::WasmSandbox {
    builder(text, ResourceLimits::default()).build_blocking().expect("the module loads")
}

fn limit_of(result: Result<impl std::fmt::Debug, SandboxError>) -> (ResourceKind, u64, u64) {
    match result {
        Err(SandboxError::ResourceExhausted { kind, used, limit }) => (kind, used, limit),
        other => panic!("not a limit: {other:?}"),
    }
}

/// Writes 4 KiB to each stream in turn, as often as it is told.
const BOTH: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 2)
    (data (i32.const 0) "\00\00\01\00\00\10\00\00")
    (func (export "both") (param $times i32)
        (loop
            (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
            (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))
            (local.set $times (i32.sub (local.get $times) (i32.const 1)))
            (br_if 0 (local.get $times)))))"#;

#[test]
fn d2_both_streams_share_one_limit() {
    let limits = ResourceLimits { output: 1.mb(), ..ResourceLimits::default() };
    let mut sandbox = builder(BOTH, limits).build_blocking().unwrap();
    let started = Instant::now();
    let result = sandbox.call_words("both", &["-1".to_owned()]).unwrap().result;
    assert!(started.elapsed() < GRACE, "{:?}", started.elapsed());
    let hit = result.limit_hit(ResourceKind::Output).unwrap();
    assert_eq!((hit.used, hit.limit), ((1 << 20) + 4096, 1 << 20));
    assert_eq!((result.stdout.bytes().len(), result.stderr.bytes().len()), (1 << 19, 1 << 19));
    let result = sandbox.call_words("both", &["128".to_owned()]).unwrap().result;
    assert!(result.success);
    assert_eq!((result.stdout.bytes().len(), result.stderr.bytes().len()), (1 << 19, 1 << 19));
}

#[test]
fn d2_callbacks_see_no_more_than_the_limit() {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };
    let seen = Arc::new(AtomicUsize::new(0));
    let (out, err) = (Arc::clone(&seen), Arc::clone(&seen));
    let limits = ResourceLimits { output: 1.mb(), ..ResourceLimits::default() };
    let count = |seen: Arc<AtomicUsize>| {
        move |bytes: &[u8]| {
            seen.fetch_add(bytes.len(), Ordering::Relaxed);
        }
    };
    let builder = builder(BOTH, limits).stdout_to(count(out)).stderr_to(count(err));
    let mut sandbox = builder.build_blocking().unwrap();
    assert_eq!(limit_of(sandbox.call::<_, ()>("both", -1)).0, ResourceKind::Output);
    assert_eq!(seen.load(Ordering::Relaxed), 1 << 20);
}

const RANDOM: &str = r#"(module
    (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "random") (param i32 i32) (result i32) (call $random (local.get 0) (local.get 1)))
    (func (export "word") (param i32) (result i64) (i64.load (local.get 0)))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#;

#[test]
fn d5_randomness_fills_what_is_there_and_nothing_else() {
    let mut random = sandbox(RANDOM);
    for (pointer, len) in [(0, -1), (-16, 64), (65_535, 2), (65_536, 1), (1, 65_536), (-1, -1)] {
        let mut random = sandbox(RANDOM);
        assert_eq!(random.call::<_, i32>("random", (pointer, len)).unwrap(), EFAULT, "{pointer} {len}");
        assert_eq!(random.call::<_, i64>("word", 0).unwrap(), 0, "nothing is written");
    }
    assert_eq!(random.call::<_, i32>("random", (0, 65_536)).unwrap(), 0);
    assert_ne!(random.call::<_, i64>("word", 65_528).unwrap(), 0);
    assert_eq!(random.call::<_, i32>("random", (65_536, 0)).unwrap(), 0, "nothing fits at the end");
    let limits = ResourceLimits { host_call_bytes: 1.mb(), ..ResourceLimits::default() };
    let mut bounded = builder(RANDOM, limits).build_blocking().unwrap();
    let (kind, used, limit) = limit_of(bounded.call::<_, i32>("random", (0, -1)));
    assert_eq!((kind, used, limit), (ResourceKind::HostCallBytes, u32::MAX.into(), 1 << 20));
}

#[test]
fn d5_a_gigabyte_of_randomness_ends_at_the_deadline() {
    let limits = ResourceLimits { memory: 2.gb(), timeout: 100.millis(), ..ResourceLimits::default() };
    let mut random = builder(RANDOM, limits).build_blocking().unwrap();
    assert_eq!(random.call::<_, i32>("grow", 32_767).unwrap(), 1);
    let started = Instant::now();
    assert_eq!(limit_of(random.call::<_, i32>("random", (0, i32::MIN))).0, ResourceKind::WallTime);
    assert!(started.elapsed() < Duration::from_millis(100) + GRACE, "{:?}", started.elapsed());
    assert_eq!(random.call::<_, i32>("random", (0, 65_536)).unwrap(), 0);
}

/// Reads and writes through lists of buffers that it is told, and looks at its memory.
const BUFFERS: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 2)
    (func (export "write") (param i32 i32 i32) (result i32)
        (call $write (i32.const 1) (local.get 0) (local.get 1) (local.get 2)))
    (func (export "read") (param i32 i32 i32) (result i32)
        (call $read (i32.const 0) (local.get 0) (local.get 1) (local.get 2)))
    (func (export "set") (param i32 i32) (i32.store (local.get 0) (local.get 1)))
    (func (export "get") (param i32) (result i32) (i32.load (local.get 0))))"#;

/// A fresh guest whose list at 0 has these buffers.
fn with_buffers(buffers: &[(i32, i32)]) -> blocking::WasmSandbox {
    let input = vec![b'x'; 1 << 20];
    let builder = builder(BUFFERS, ResourceLimits::default()).stdin(input);
    let mut sandbox = builder.build_blocking().unwrap();
    for (place, (pointer, len)) in (0i32..).step_by(8).zip(buffers) {
        sandbox.call::<_, ()>("set", (place, *pointer)).unwrap();
        sandbox.call::<_, ()>("set", (place + 4, *len)).unwrap();
    }
    sandbox
}

#[test]
fn d6_lists_and_buffers_outside_of_memory_are_faults() {
    for function in ["write", "read"] {
        for (list, count) in [(-16, 1), (-1, 1), (131_068, 1), (131_065, 1), (i32::MIN, -1), (-8, -1)] {
            let outcome = with_buffers(&[]).call::<_, i32>(function, (list, count, 64)).unwrap();
            assert_eq!(outcome, EFAULT, "{function} {list} {count}");
        }
        for buffer in [(-16, 16), (-16, 32), (131_072, 1), (131_071, 2), (0, -1), (1, i32::MIN), (-1, -1)] {
            let outcome = with_buffers(&[buffer]).call::<_, i32>(function, (0, 1, 64)).unwrap();
            assert_eq!(outcome, EFAULT, "{function} {buffer:?}");
        }
        for result in [-16, -1, 131_069, 131_072] {
            let outcome = with_buffers(&[(1024, 4)]).call::<_, i32>(function, (0, 1, result)).unwrap();
            assert_eq!(outcome, EFAULT, "{function} result at {result}");
        }
        let mut twin = with_buffers(&[(131_068, 4)]);
        assert_eq!(twin.call::<_, i32>(function, (0, 1, 64)).unwrap(), 0);
        assert_eq!(twin.call::<_, i32>("get", 64).unwrap(), 4, "{function}");
    }
}

#[test]
fn d6_floods_of_buffers_are_done_in_part() {
    for count in [1 << 28, -1, 16_384] {
        let mut empty = with_buffers(&[]);
        let started = Instant::now();
        assert_eq!(empty.call::<_, i32>("write", (0, count, 131_000)).unwrap(), 0);
        assert!(started.elapsed() < GRACE);
        assert_eq!(empty.call::<_, i32>("get", 131_000).unwrap(), 0, "all of them are empty");
    }
    let same = vec![(0, 131_072); 2000];
    let limits = ResourceLimits { output: 1.gb(), ..ResourceLimits::default() };
    let mut overlapping = builder(BUFFERS, limits).build_blocking().unwrap();
    for (place, (pointer, len)) in (0i32..).step_by(8).zip(same) {
        overlapping.call::<_, ()>("set", (place, pointer)).unwrap();
        overlapping.call::<_, ()>("set", (place + 4, len)).unwrap();
    }
    assert_eq!(overlapping.call::<_, i32>("write", (0, 2000, 131_000)).unwrap(), 0);
    assert_eq!(overlapping.call::<_, i32>("get", 131_000).unwrap(), 1024 * 131_072, "1024 of them");
}

/// Opens `/data/f` and reads it once, into as many buffers of the whole memory as a list can have.
const WHOLE: &str = r#"(module
    (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_tell" (func $tell (param i32 i32) (result i32)))
    (memory (export "memory") 1000)
    (data (i32.const 16384) "f")
    (func (export "read") (result i64) (local $n i32)
        (loop
            (i32.store (local.get $n) (i32.const 65536))
            (i32.store (i32.add (local.get $n) (i32.const 4)) (i32.const 65470464))
            (local.set $n (i32.add (local.get $n) (i32.const 8)))
            (br_if 0 (i32.lt_u (local.get $n) (i32.const 8192))))
        (if (call $open (i32.const 3) (i32.const 0) (i32.const 16384) (i32.const 1) (i32.const 0)
                (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 16388)) (then unreachable))
        (if (call $read (i32.load (i32.const 16388)) (i32.const 0) (i32.const 1024) (i32.const 16392)) (then unreachable))
        (if (call $tell (i32.load (i32.const 16388)) (i32.const 16400)) (then unreachable))
        (if (i64.ne (i64.load (i32.const 16400)) (i64.load32_u (i32.const 16392))) (then unreachable))
        (i64.load (i32.const 16400))))"#;

#[test]
fn d6_a_list_of_large_buffers_is_read_in_part() {
    let folder = tempfile::tempdir().unwrap();
    let file = std::fs::File::create(folder.path().join("f")).unwrap();
    let read = || {
        let builder = WasmSandbox::builder().setup(Setup::default()).filesystem_read(folder.path(), "/data");
        let mut sandbox = builder.source(wat(WHOLE)).build_blocking().unwrap();
        let started = Instant::now();
        let read = sandbox.call::<_, u64>("read", ()).unwrap();
        assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
        read
    };
    file.set_len(10_000_000).unwrap();
    assert_eq!(read(), 10_000_000);
    file.set_len(40 << 30).unwrap();
    assert_eq!(read(), 16 << 20);
}

#[test]
fn d6_a_buffer_may_lie_over_its_own_list() {
    let mut sandbox = with_buffers(&[(0, 16), (1024, 4)]);
    assert_eq!(sandbox.call::<_, i32>("read", (0, 2, 0)).unwrap(), 0, "the result lies there too");
    assert_eq!(sandbox.call::<_, i32>("get", 0).unwrap(), 16);
    assert_eq!(sandbox.call::<_, i32>("get", 4).unwrap(), i32::from_le_bytes(*b"xxxx"));
    assert_eq!(sandbox.call::<_, i32>("write", (4, 1, 64)).unwrap(), EFAULT, "the list now says nonsense");
}

/// Exits with how many bytes its arguments, its environment or its input have, in mebibytes.
const COUNTS: &str = r#"(module
    (import "wasi_snapshot_preview1" "args_sizes_get" (func $args (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ (param i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 2)
    (data (i32.const 0) "\00\00\01\00\00\00\01\00")
    (func (export "_start") (local $total i32)
        (drop (call $args (i32.const 16) (i32.const 20)))
        (drop (call $environ (i32.const 16) (i32.const 24)))
        (loop
            (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
            (local.set $total (i32.add (local.get $total) (i32.load (i32.const 8))))
            (br_if 0 (i32.load (i32.const 8))))
        (local.set $total (i32.add (local.get $total) (i32.add (i32.load (i32.const 20)) (i32.load (i32.const 24)))))
        (call $exit (i32.shr_u (local.get $total) (i32.const 20)))))"#;

#[test]
fn d16_a_hundred_megabytes_of_arguments_environment_or_input_need_a_grant() {
    const BYTES: usize = 100 << 20;
    let run = |input: wasm_sandbox::ByteSize, kind: &str| -> Result<SandboxResult, SandboxError> {
        let limits = ResourceLimits { input, ..ResourceLimits::default() };
        let big = || "x".repeat(BYTES);
        let builder = builder(COUNTS, limits);
        match kind {
            "environment" => builder.env("BIG", big()).build_blocking()?.execute::<[String; 0]>([]),
            "input" => builder.stdin(big().into_bytes()).build_blocking()?.execute::<[String; 0]>([]),
            _ => builder.build_blocking()?.execute([big()]),
        }
    };
    for kind in ["arguments", "input"] {
        let (hit, used, limit) = limit_of(run(16.mb(), kind));
        assert_eq!((hit, limit), (ResourceKind::Input, 16 << 20), "{kind}");
        assert!(used >= BYTES as u64);
    }
    match run(16.mb(), "environment") {
        Err(SandboxError::Configuration { problems }) => {
            assert_eq!(problems[0].field, "capabilities.system.environment.variables");
            assert!(problems[0].message.contains("`limits.input`"), "{problems:?}");
        }
        other => panic!("{other:?}"),
    }
    for kind in ["arguments", "environment", "input"] {
        assert_eq!(run(128.mb(), kind).unwrap().ending, Ending::Exit { code: 100 }, "{kind}");
    }
    let mut call = sandbox(r#"(module (func (export "f")))"#);
    assert_eq!(call.call::<_, ()>("f", "x".repeat(BYTES)).unwrap_err().code(), ErrorCode::Signature);
}
