//! Functions of the caller's that a guest imports.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI32, Ordering},
    },
    time::{Duration, Instant},
};

use wasm_sandbox::{
    ErrorCode, HostError, ResourceKind, SandboxError, Setup, TimeUnits, WasmSandbox, WasmSandboxBuilder,
};

use crate::wat;

const GUEST: &str = r#"(module
    (import "env" "log" (func $log (param i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 16) "hello")
    (func (export "call") (param i32 i32) (result i32) (call $log (local.get 0) (local.get 1))))"#;

fn guest() -> WasmSandboxBuilder {
    WasmSandbox::builder().setup(Setup::default()).source(wat(GUEST))
}

#[test]
fn a_closure_reads_the_guests_memory_within_bounds() {
    let seen = Arc::new(std::sync::Mutex::new(String::new()));
    let writes = Arc::clone(&seen);
    let builder = guest().host_function("env", "log", move |call, (pointer, len): (u32, u32)| {
        let text = call.text(pointer, len)?.to_owned();
        call.write(pointer, b"HELLO")?;
        writes.lock().unwrap().push_str(&text);
        Ok(text.len() as i32)
    });
    let mut sandbox = builder.build_blocking().unwrap();
    assert_eq!(sandbox.call::<_, i32>("call", (16, 5)).unwrap(), 5);
    assert_eq!(sandbox.call::<_, i32>("call", (16, 5)).unwrap(), 5);
    assert_eq!(*seen.lock().unwrap(), "helloHELLO");
    for (pointer, len) in [(65_535, 2), (-1, 1), (0, -1), (i32::MIN, i32::MIN), (70_000, 0)] {
        match sandbox.call::<_, i32>("call", (pointer, len)) {
            Err(SandboxError::WasmRuntime { trap, .. }) => {
                assert!(trap.message.contains("not inside the guest's memory"), "{trap:?}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn d11_a_panic_ends_the_guest_and_not_the_process() {
    let builder = guest().host_function("env", "log", |_, (first, _): (i32, i32)| {
        assert!(first != 0, "told to");
        Ok(first)
    });
    let mut sandbox = builder.build_blocking().unwrap();
    assert_eq!(sandbox.call::<_, i32>("call", (0, 0)).unwrap_err().code(), ErrorCode::Trap);
    assert_eq!(sandbox.call::<_, i32>("call", (7, 0)).unwrap(), 7);
}

#[test]
fn an_error_reaches_the_caller() {
    let builder = guest().host_function("env", "log", |_, _: (i32, i32)| Err::<i32, _>(HostError::new("out of paper")));
    let error = builder.build_blocking().unwrap().call::<_, i32>("call", (0, 0)).unwrap_err();
    assert!(error.to_string().contains("out of paper"), "{error}");
}

#[test]
fn a_function_of_other_types_is_refused() {
    let builder = guest().host_function("env", "log", |_, _: (i64,)| Ok(()));
    let error = builder.build_blocking().unwrap().call::<_, i32>("call", (0, 0)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::NotRunnable);
}

#[test]
fn a9_an_asynchronous_function_that_hangs_ends_at_the_deadline() {
    let calls = Arc::new(AtomicI32::new(0));
    let counted = Arc::clone(&calls);
    let builder = guest().timeout(100.millis()).host_function_async("env", "log", move |_, (first, _): (i32, i32)| {
        counted.fetch_add(1, Ordering::Relaxed);
        async move {
            if first == 0 {
                std::future::pending::<()>().await;
            }
            Ok(first)
        }
    });
    let mut sandbox = builder.build_blocking().unwrap();
    let started = Instant::now();
    match sandbox.call::<_, i32>("call", (0, 0)) {
        Err(SandboxError::ResourceExhausted { kind, .. }) => assert_eq!(kind, ResourceKind::WallTime),
        other => panic!("{other:?}"),
    }
    assert!(started.elapsed() < Duration::from_millis(350));
    assert_eq!(sandbox.call::<_, i32>("call", (7, 0)).unwrap(), 7);
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn an_asynchronous_function_works_in_the_asynchronous_twin() {
    let builder = guest().host_function_async("env", "log", |_, (first, second): (i32, i32)| async move {
        tokio::task::yield_now().await;
        Ok(first + second)
    });
    let mut sandbox = builder.build().await.unwrap();
    assert_eq!(sandbox.call::<_, i32>("call", (3, 4)).await.unwrap(), 7);
}
