//! Functions of the caller's that a guest imports.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicI32, Ordering},
    },
    time::{Duration, Instant},
};

use wasm_sandbox::{
    ErrorCode, HostError, ResourceKind, SandboxError, Setup, TimeUnits, TrapKind, WasmSandbox, WasmSandboxBuilder,
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

/// The host function gets what the guest was called with: the order of pointer and length is the test's own.
fn touching(
    touch: impl Fn(&mut wasm_sandbox::HostCall<'_>, u32, u32) -> Result<i32, HostError> + Send + Sync + 'static,
) -> wasm_sandbox::blocking::WasmSandbox {
    let function = move |call: &mut wasm_sandbox::HostCall<'_>, (first, second): (u32, u32)| touch(call, first, second);
    guest().host_function("env", "log", function).build_blocking().unwrap()
}

fn host_trap(result: Result<i32, SandboxError>) -> String {
    match result {
        Err(SandboxError::WasmRuntime { trap, .. }) => {
            assert_eq!(trap.reason, TrapKind::HostFunction);
            trap.message
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn d10_a_write_that_does_not_fit_changes_nothing() {
    let mut sandbox = touching(|call, pointer, len| {
        let before = call.bytes(65_000, 536)?.to_vec();
        let refused = call.write(pointer, &vec![7; len as usize]);
        let same = call.bytes(65_000, 536)? == before;
        refused.map(|()| i32::from(same))
    });
    for (pointer, len) in [(65_530, 7), (65_536, 1), (-1, 1), (-16, 64), (0, 65_537)] {
        let why = host_trap(sandbox.call("call", (pointer, len)));
        assert!(why.contains("not inside the guest's memory"), "{why}");
    }
    assert_eq!(sandbox.call::<_, i32>("call", (65_530, 6)).unwrap(), 0);
    assert_eq!(sandbox.call::<_, i32>("call", (65_536, 0)).unwrap(), 1, "nothing fits at the end");
}

#[test]
fn d10_one_buffer_serves_both_ways_and_may_overlap() {
    let mut sandbox = touching(|call, from, to| {
        let text = call.text(from, 5)?.to_owned();
        call.write(from, text.to_uppercase().as_bytes())?;
        call.write(to, text.as_bytes())?;
        Ok(i32::from(call.bytes(from, 2)?[1]))
    });
    assert_eq!(sandbox.call::<_, i32>("call", (16, 16)).unwrap(), i32::from(b'e'));
    assert_eq!(sandbox.call::<_, i32>("call", (16, 17)).unwrap(), i32::from(b'h'), "written one further, over itself");
}

#[test]
fn d9_text_of_a_guests_is_utf8_or_an_error() {
    let mut sandbox = touching(|call, byte, _| {
        call.write(100, &[b'a', byte as u8, 0, b'z'])?;
        call.text(100, 4).map(|text| text.len() as i32)
    });
    for byte in [0xff, 0xc3, 0x80, 0xed] {
        let why = host_trap(sandbox.call("call", (byte, 0)));
        assert_eq!(why, "the host function `env.log` failed: the guest's text is not UTF-8");
    }
    for byte in [0, 0x7f, i32::from(b'b')] {
        assert_eq!(sandbox.call::<_, i32>("call", (byte, 0)).unwrap(), 4, "zero bytes are text too");
    }
}

#[test]
fn d11_a_panic_is_named_wherever_it_happens() {
    let lock = Arc::new(Mutex::new(0));
    let locked = Arc::clone(&lock);
    let sync = guest().host_function("env", "log", move |_, (first, _): (i32, i32)| {
        let mut count = locked.lock().map_err(|_| HostError::new("poisoned"))?;
        *count += 1;
        drop(count);
        assert!(first != 0, "told to");
        Ok(first)
    });
    let early = guest().host_function_async("env", "log", |_, (first, _): (i32, i32)| {
        assert!(first != 0, "told to");
        async move { Ok(first) }
    });
    let late = guest().host_function_async("env", "log", |_, (first, _): (i32, i32)| async move {
        tokio::task::yield_now().await;
        assert!(first != 0, "told to");
        Ok(first)
    });
    for builder in [sync, early, late] {
        let mut sandbox = builder.build_blocking().unwrap();
        for _ in 0..3 {
            assert_eq!(host_trap(sandbox.call("call", (0, 0))), "the host function `env.log` panicked");
            assert_eq!(sandbox.call::<_, i32>("call", (7, 0)).unwrap(), 7);
        }
        let mut handle = sandbox.function::<(i32, i32), i32>("call").unwrap();
        assert_eq!(handle.call((8, 0)).unwrap(), 8);
        assert_eq!(host_trap(handle.call((0, 0))), "the host function `env.log` panicked");
        assert_eq!(handle.call((8, 0)).unwrap_err().code(), ErrorCode::Ended);
        drop(handle);
        assert_eq!(sandbox.call::<_, i32>("call", (9, 0)).unwrap(), 9);
    }
    assert_eq!(*lock.lock().unwrap(), 9);
}

#[tokio::test]
async fn d11_a_panic_is_named_in_the_asynchronous_twin() {
    let builder = guest().host_function_async("env", "log", |_, (first, _): (i32, i32)| async move {
        tokio::task::yield_now().await;
        assert!(first != 0, "told to");
        Ok(first)
    });
    let mut sandbox = builder.build().await.unwrap();
    assert_eq!(host_trap(sandbox.call("call", (0, 0)).await), "the host function `env.log` panicked");
    assert_eq!(sandbox.call::<_, i32>("call", (7, 0)).await.unwrap(), 7);
}

/// A call borrows its sandbox, so a host function can reach it only through a lock, and finds that closed.
#[test]
fn d12_a_guest_is_not_entered_while_it_runs_and_another_one_is() {
    let own: Arc<Mutex<Option<wasm_sandbox::blocking::WasmSandbox>>> = Arc::default();
    let inner =
        guest().host_function("env", "log", |_, (first, _): (i32, i32)| Ok(first * 2)).build_blocking().unwrap();
    let (reached, inner) = (Arc::clone(&own), Mutex::new(inner));
    let builder = guest().host_function("env", "log", move |_, (first, _): (i32, i32)| {
        if first == 0 {
            let mut own = reached.try_lock().map_err(|_| HostError::new("it is running"))?;
            let own = own.as_mut().ok_or_else(|| HostError::new("there is none"))?;
            return own.call::<_, i32>("call", (1, 0)).map_err(|error| HostError::new(error.to_string()));
        }
        let mut inner = inner.lock().map_err(|_| HostError::new("poisoned"))?;
        inner.call::<_, i32>("call", (first, 0)).map_err(|error| HostError::new(error.to_string()))
    });
    *own.lock().unwrap() = Some(builder.build_blocking().unwrap());
    let mut outer = own.lock().unwrap();
    let outer = outer.as_mut().unwrap();
    assert_eq!(host_trap(outer.call("call", (0, 0))), "the host function `env.log` failed: it is running");
    assert_eq!(outer.call::<_, i32>("call", (21, 0)).unwrap(), 42);
}
