//! Every limit ends the guest with its own kind, in time, and its twin under a wider limit succeeds.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use wasm_sandbox::{
    ByteUnits, Ending, ErrorCode, InstanceConfig, ResourceKind, ResourceLimits, SandboxError, SandboxResult, Setup,
    TimeUnits, WasmSandbox, blocking,
};

use crate::wat;

/// How late the report of a limit may be.
const GRACE: Duration = Duration::from_millis(250);

fn with_limits(text: &str, change: impl FnOnce(&mut ResourceLimits)) -> blocking::WasmSandbox {
    let mut limits = ResourceLimits::default();
    change(&mut limits);
    let config = InstanceConfig::builder().limits(limits).build().expect("a valid policy");
    let builder = WasmSandbox::builder().setup(Setup::default()).config(config).source(wat(text));
    builder.build_blocking().expect("the module loads")
}

fn limit_of(result: Result<impl std::fmt::Debug, SandboxError>) -> (ResourceKind, u64, u64) {
    match result {
        Err(SandboxError::ResourceExhausted { kind, used, limit }) => (kind, used, limit),
        other => panic!("not a limit: {other:?}"),
    }
}

fn ended_by(result: &SandboxResult) -> ResourceKind {
    match result.ending {
        Ending::Limit(hit) => hit.kind,
        ref other => panic!("not a limit: {other:?}"),
    }
}

fn in_time<T>(limit: Duration, work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let outcome = work();
    let late = started.elapsed().saturating_sub(limit);
    assert!(late < GRACE, "reported {late:?} late");
    outcome
}

const SPIN: &str = r#"(module
    (func (export "spin") (loop (br 0)))
    (func (export "short") (local $n i32)
        (loop (local.set $n (i32.add (local.get $n) (i32.const 1))) (br_if 0 (i32.lt_u (local.get $n) (i32.const 100000)))))
    (func (export "_start") (loop (br 0))))"#;

#[test]
fn a1_a_loop_ends_at_the_timeout() {
    let mut sandbox = with_limits(SPIN, |limits| limits.timeout = 100.millis());
    let (kind, used, limit) = in_time(100.millis(), || limit_of(sandbox.call::<_, ()>("spin", ())));
    assert_eq!((kind, limit), (ResourceKind::WallTime, 100));
    assert!(used >= 100);
    sandbox.call::<_, ()>("short", ()).unwrap();
    let result = in_time(100.millis(), || sandbox.execute::<[String; 0]>([]).unwrap());
    assert_eq!(ended_by(&result), ResourceKind::WallTime);
    assert!(!result.success);
}

#[test]
fn a1_a_loop_ends_at_its_processor_time() {
    let mut sandbox = with_limits(SPIN, |limits| limits.cpu_time = 100.millis());
    let (kind, _, limit) = limit_of(sandbox.call::<_, ()>("spin", ()));
    assert_eq!((kind, limit), (ResourceKind::CpuTime, 100));
}

#[test]
fn a1_a_typed_handle_has_the_same_deadline() {
    let mut sandbox = with_limits(SPIN, |limits| limits.timeout = 100.millis());
    let mut spin = sandbox.function::<(), ()>("spin").unwrap();
    let (kind, _, _) = in_time(100.millis(), || limit_of(spin.call(())));
    assert_eq!(kind, ResourceKind::WallTime);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a1_the_asynchronous_twin_ends_too() {
    let config = InstanceConfig::builder().timeout(100.millis()).build().unwrap();
    let builder = WasmSandbox::builder().setup(Setup::default()).config(config).source(wat(SPIN));
    let mut sandbox = builder.build().await.unwrap();
    let started = Instant::now();
    let (kind, _, _) = limit_of(sandbox.call::<_, ()>("spin", ()).await);
    assert_eq!(kind, ResourceKind::WallTime);
    assert!(started.elapsed() < Duration::from_millis(100) + GRACE);
}

#[test]
fn a2_a_loop_in_the_start_function_ends() {
    let text = r#"(module (start $spin) (func $spin (loop (br 0))) (func (export "f")))"#;
    let mut sandbox = with_limits(text, |limits| limits.timeout = 100.millis());
    let (kind, _, _) = in_time(100.millis(), || limit_of(sandbox.call::<_, ()>("f", ())));
    assert_eq!(kind, ResourceKind::WallTime);
}

#[test]
fn a4_a_loop_of_host_calls_ends() {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
        (func (export "spin") (loop (drop (call $yield)) (br 0)))
        (func (export "one") (result i32) (call $yield)))"#;
    let mut sandbox = with_limits(text, |limits| limits.timeout = 100.millis());
    let (kind, _, _) = in_time(100.millis(), || limit_of(sandbox.call::<_, ()>("spin", ())));
    assert_eq!(kind, ResourceKind::WallTime);
    let mut sandbox = with_limits(text, |limits| limits.host_calls = 1000);
    assert_eq!(limit_of(sandbox.call::<_, ()>("spin", ())), (ResourceKind::HostCalls, 1001, 1000));
    assert_eq!(sandbox.call::<_, i32>("one", ()).unwrap(), 0);
}

/// Sleeps for as many nanoseconds as it is told.
const SLEEP: &str = r#"(module
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "sleep") (param i64) (result i32)
        (i32.store (i32.const 16) (i32.const 1))
        (i64.store (i32.const 24) (local.get 0))
        (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)))
    (func (export "none") (result i32) (call $poll (i32.const 0) (i32.const 64) (i32.const 0) (i32.const 128))))"#;

#[test]
fn a5_a_sleep_ends_at_the_deadline() {
    for nanos in [3_600_000_000_000, i64::MAX, -1] {
        let mut sandbox = with_limits(SLEEP, |limits| limits.timeout = 100.millis());
        let (kind, _, _) = in_time(100.millis(), || limit_of(sandbox.call::<_, i32>("sleep", nanos)));
        assert_eq!(kind, ResourceKind::WallTime);
        assert_eq!(sandbox.call::<_, i32>("sleep", 1_000_000).unwrap(), 0);
        assert_eq!(sandbox.call::<_, i32>("none", ()).unwrap(), 28, "EINVAL");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a5_an_asynchronous_sleep_ends_at_the_deadline_and_can_be_cancelled() {
    let build = |timeout| async move {
        let config = InstanceConfig::builder().timeout(timeout).build().unwrap();
        let builder = WasmSandbox::builder().setup(Setup::default()).config(config).source(wat(SLEEP));
        builder.build().await.unwrap()
    };
    let mut sandbox = build(100.millis()).await;
    let started = Instant::now();
    assert_eq!(limit_of(sandbox.call::<_, i32>("sleep", i64::MAX).await).0, ResourceKind::WallTime);
    assert!(started.elapsed() < Duration::from_millis(100) + GRACE);
    let mut sandbox = build(30.seconds()).await;
    let handle = sandbox.cancel_handle();
    let task = tokio::spawn(async move { sandbox.call::<_, i32>("sleep", i64::MAX).await });
    tokio::task::yield_now().await;
    handle.cancel();
    assert_eq!(task.await.unwrap().unwrap_err().code(), ErrorCode::Cancelled);
}

#[test]
fn a_spinning_guest_is_cancelled_from_another_thread() {
    let mut sandbox = with_limits(SPIN, |_| {});
    let handle = sandbox.cancel_handle();
    let (ready, begun) = std::sync::mpsc::channel::<()>();
    let canceller = std::thread::spawn(move || {
        begun.recv().unwrap();
        handle.cancel();
    });
    ready.send(()).unwrap();
    assert_eq!(sandbox.call::<_, ()>("spin", ()).unwrap_err().code(), ErrorCode::Cancelled);
    canceller.join().unwrap();
}

#[test]
fn a6_bulk_operations_are_bounded_by_memory() {
    let text = r#"(module (memory (export "memory") 16384)
        (func (export "fill") (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x40000000))))"#;
    let mut sandbox = with_limits(text, |_| {});
    assert_eq!(limit_of(sandbox.call::<_, ()>("fill", ())).0, ResourceKind::Memory);
    let mut sandbox = with_limits(text, |limits| limits.memory = 1.gb());
    sandbox.call::<_, ()>("fill", ()).unwrap();
}

#[test]
fn a8_tail_calls_end() {
    let text = r#"(module
        (func $ping (export "ping") (return_call $pong)) (func $pong (return_call $ping)))"#;
    let mut sandbox = with_limits(text, |limits| limits.timeout = 100.millis());
    assert_eq!(in_time(100.millis(), || limit_of(sandbox.call::<_, ()>("ping", ()))).0, ResourceKind::WallTime);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a10_a_thousand_spinning_guests_do_not_starve_the_next() {
    const GUEST: &str = r#"(module
        (import "env" "begun" (func $begun))
        (func (export "spin") (call $begun) (loop (br 0)))
        (func (export "hello") (result i32) (i32.const 8)))"#;
    let begun = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&begun);
    let builder = WasmSandbox::builder().setup(Setup::default()).source(wat(GUEST));
    let builder = builder.host_function("env", "begun", move |_, ()| {
        counted.fetch_add(1, Ordering::Relaxed);
        Ok(())
    });
    let sandbox = builder.build().await.unwrap();
    // Until they are cancelled: on a busy machine a thousand take a while to begin.
    let config = InstanceConfig::builder().memory_limit(1.mb()).timeout(600.seconds()).build().unwrap();
    let module = sandbox.module().unwrap().clone();
    let mut handles = Vec::new();
    let mut tasks = Vec::new();
    for _ in 0..1000 {
        let mut instance = sandbox.create_instance(&module, config.clone()).await.unwrap();
        handles.push(instance.cancel_handle());
        tasks.push(tokio::spawn(async move { instance.call::<_, ()>("spin", ()).await }));
    }
    while begun.load(Ordering::Relaxed) < 1000 {
        tokio::task::yield_now().await;
    }
    let started = Instant::now();
    let mut next = sandbox.create_instance(&module, config.clone()).await.unwrap();
    let hello = tokio::spawn(async move { next.call::<_, i32>("hello", ()).await });
    assert_eq!(hello.await.unwrap().unwrap(), 8);
    let took = started.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?}");
    handles.iter().for_each(wasm_sandbox::CancelHandle::cancel);
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap_err().code(), ErrorCode::Cancelled);
    }
}

#[test]
fn a11_fuel_is_exact_and_its_own_kind() {
    let fuel = |units: u64| with_limits(SPIN, |limits| limits.fuel = wasm_sandbox::FuelLimit::Units(units));
    assert_eq!(limit_of(fuel(1000).call::<_, ()>("spin", ())), (ResourceKind::Fuel, 1000, 1000));
    let used = || fuel(10_000_000).call_words("short", &[]).unwrap().result.usage.cpu.fuel.unwrap();
    let first = used();
    assert!(first > 100_000);
    assert_eq!(first, used());
    assert_eq!(limit_of(fuel(first / 2).call::<_, ()>("short", ())).0, ResourceKind::Fuel);
    fuel(first).call::<_, ()>("short", ()).unwrap();
}

#[test]
fn c1_memory_ends_at_the_limit() {
    let text = r#"(module (memory (export "memory") 1)
        (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
        (func (export "must") (param i32) (if (i32.eq (memory.grow (local.get 0)) (i32.const -1)) (then unreachable))))"#;
    let mut sandbox = with_limits(text, |limits| limits.memory = 1.mb());
    assert_eq!(sandbox.call::<_, i32>("grow", 15).unwrap(), 1);
    assert_eq!(sandbox.call::<_, i32>("grow", 1).unwrap(), -1);
    let report = sandbox.take_report();
    assert_eq!(report.limits_hit.first().map(|hit| (hit.kind, hit.limit)), Some((ResourceKind::Memory, 1 << 20)));
    assert_eq!(report.usage.memory.peak_bytes, 1 << 20);
    let (kind, used, limit) = limit_of(sandbox.call::<_, ()>("must", 1));
    assert_eq!((kind, used, limit), (ResourceKind::Memory, (1 << 20) + 65_536, 1 << 20));
    with_limits(text, |limits| limits.memory = 2.mb()).call::<_, ()>("must", 31).unwrap();
}

#[test]
fn c3_tables_are_counted_together() {
    let text = r#"(module
        (table $a 60000 funcref) (table $b 1 funcref)
        (func (export "grow") (param i32) (result i32) (table.grow $b (ref.null func) (local.get 0))))"#;
    let mut sandbox = with_limits(text, |_| {});
    assert_eq!(sandbox.call::<_, i32>("grow", 30_000).unwrap(), 1);
    assert_eq!(sandbox.call::<_, i32>("grow", 30_000).unwrap(), -1);
    let hit = sandbox.take_report().limit_hit(ResourceKind::TableElements).unwrap();
    assert_eq!((hit.used, hit.limit), (120_001, 100_000));
    let mut wide = with_limits(text, |limits| limits.table_elements = 200_000);
    assert_eq!(wide.call::<_, i32>("grow", 60_000).unwrap(), 1);
}

#[test]
fn c6_recursion_ends_with_the_stack() {
    let text = r#"(module (func $down (export "down") (param i32) (result i32)
        (if (result i32) (local.get 0)
            (then (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1))))) (else (i32.const 0)))))"#;
    let mut sandbox = with_limits(text, |_| {});
    assert_eq!(limit_of(sandbox.call::<_, i32>("down", 100_000_000)).0, ResourceKind::Stack);
    assert_eq!(sandbox.call::<_, i32>("down", 1000).unwrap(), 1000);
}

#[test]
fn c8_a_first_memory_over_the_limit_is_refused() {
    let text = r#"(module (memory (export "memory") 2000) (func (export "f")))"#;
    let (kind, used, _) = limit_of(with_limits(text, |limits| limits.memory = 64.mb()).call::<_, ()>("f", ()));
    assert_eq!((kind, used), (ResourceKind::Memory, 2000 * 65_536));
    with_limits(text, |limits| limits.memory = 200.mb()).call::<_, ()>("f", ()).unwrap();
}

#[test]
fn c10_a_million_refused_growths_change_nothing() {
    let text = r#"(module (memory (export "memory") 1) (func (export "f") (local $n i32)
        (loop (drop (memory.grow (i32.const 60000)))
            (local.set $n (i32.add (local.get $n) (i32.const 1))) (br_if 0 (i32.lt_u (local.get $n) (i32.const 1000000))))))"#;
    let mut sandbox = with_limits(text, |_| {});
    sandbox.call::<_, ()>("f", ()).unwrap();
    assert_eq!(sandbox.take_report().usage.memory.current_bytes, 65_536);
}

/// Writes `len` bytes to a descriptor as often as it is told.
const WRITE: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 2)
    (func (export "write") (param $fd i32) (param $len i32) (param $times i32) (result i32)
        (i32.store (i32.const 0) (i32.const 65536)) (i32.store (i32.const 4) (local.get $len))
        (block (loop
            (br_if 1 (i32.eqz (local.get $times)))
            (local.set $times (i32.sub (local.get $times) (i32.const 1)))
            (drop (call $write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8)))
            (br 0)))
        (i32.load (i32.const 8))))"#;

#[test]
fn d1_a_flood_of_output_ends_at_the_limit() {
    for fd in [1, 2] {
        let mut sandbox = with_limits(WRITE, |limits| limits.output = 1.mb());
        let report = sandbox.call_words("write", &[fd.to_string(), "65536".into(), "-1".into()]).unwrap();
        let hit = report.result.limit_hit(ResourceKind::Output).unwrap();
        assert_eq!((hit.used, hit.limit), ((1 << 20) + 65_536, 1 << 20));
        assert_eq!(report.result.stdout.bytes().len() + report.result.stderr.bytes().len(), 1 << 20);
        let report = sandbox.call_words("write", &[fd.to_string(), "65536".into(), "16".into()]).unwrap();
        assert_eq!(report.result.value, Some(65_536.into()));
    }
}

#[test]
fn d3_empty_writes_keep_nothing() {
    let mut sandbox = with_limits(WRITE, |_| {});
    let report = sandbox.call_words("write", &["1".into(), "0".into(), "3000000".into()]).unwrap();
    assert!(report.error.is_none());
    assert!(report.result.stdout.is_empty());
    assert_eq!(report.result.usage.io.host_calls, 3_000_000);
}

#[test]
fn c11_live_sandboxes_are_bounded() {
    let setup = Setup::default().max_sandboxes(2);
    let sandbox = WasmSandbox::builder().setup(setup).source(wat(SPIN)).build_blocking().unwrap();
    let module = sandbox.module().unwrap();
    let make = || sandbox.create_instance(module, InstanceConfig::default());
    let first = make().unwrap();
    let _second = make().unwrap();
    assert_eq!(limit_of(make().map(|_| ())), (ResourceKind::Sandboxes, 3, 2));
    drop(first);
    make().unwrap().call::<_, ()>("short", ()).unwrap();
}
