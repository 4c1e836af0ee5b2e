//! A call whose future is dropped in the middle: the guest is gone, its state is freed, and the next one works.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::{Mutex, Notify};
use wasm_sandbox::{ErrorCode, InstanceConfig, Setup, WasmSandbox};

use crate::wat;

const GUEST: &str = r#"(module
    (import "env" "begun" (func $begun))
    (import "env" "wait" (func $wait))
    (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (func $spin (export "spin") (call $begun) (loop (br 0)))
    (func (export "_start") (call $spin))
    (func (export "wait") (call $wait))
    (func (export "sleep")
        (call $begun)
        (i32.store (i32.const 16) (i32.const 1)) (i64.store (i32.const 24) (i64.const 0x7fffffffffffffff))
        (drop (call $poll (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128))))
    (func (export "hello") (result i32) (i32.const 8)))"#;

const STARTS: &str = r#"(module
    (import "env" "begun" (func $begun))
    (start $spin)
    (func $spin (call $begun) (loop (br 0))))"#;

/// Counts itself while it lives.
struct Alive(Arc<AtomicUsize>);

impl Alive {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Sandboxes with the same settings share one engine, and with it the bound on those that live.
static ALONE: Mutex<()> = Mutex::const_new(());

struct Watched {
    sandbox: WasmSandbox,
    begun: Arc<Notify>,
    alive: Arc<AtomicUsize>,
}

/// A sandbox of which the process may have one alive, so that whatever is not freed is missed at once.
async fn watched(module: &str) -> Watched {
    let (begun, alive) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
    let (first, second, counted) = (Arc::clone(&begun), Arc::clone(&begun), Arc::clone(&alive));
    let builder = WasmSandbox::builder().setup(Setup::default().max_sandboxes(1)).source(wat(module));
    let builder = builder.host_function("env", "begun", move |_, ()| {
        first.notify_one();
        Ok(())
    });
    let builder = builder.host_function_async("env", "wait", move |_, ()| {
        let (begun, alive) = (Arc::clone(&second), Alive::new(&counted));
        async move {
            begun.notify_one();
            std::future::pending::<()>().await;
            drop(alive);
            Ok(())
        }
    });
    Watched { sandbox: builder.build().await.unwrap(), begun, alive }
}

#[tokio::test]
async fn d15_a_call_that_is_dropped_frees_its_guest() {
    let _alone = ALONE.lock().await;
    for function in ["spin", "wait", "sleep"] {
        let Watched { mut sandbox, begun, alive } = watched(GUEST).await;
        for _ in 0..3 {
            tokio::select! {
                biased;
                outcome = sandbox.call::<_, ()>(function, ()) => panic!("{function}: {outcome:?}"),
                () = begun.notified() => {}
            }
            assert_eq!(alive.load(Ordering::SeqCst), 0, "the host function's future is dropped");
            assert_eq!(sandbox.call::<_, i32>("hello", ()).await.unwrap(), 8, "{function}");
        }
    }
}

#[tokio::test]
async fn d15_an_instance_whose_call_was_dropped_has_ended() {
    let _alone = ALONE.lock().await;
    let Watched { sandbox, begun, .. } = watched(GUEST).await;
    let module = sandbox.module().unwrap().clone();
    for function in ["spin", "wait", "sleep"] {
        let mut instance = sandbox.create_instance(&module, InstanceConfig::default()).await.unwrap();
        tokio::select! {
            biased;
            outcome = instance.call::<_, ()>(function, ()) => panic!("{function}: {outcome:?}"),
            () = begun.notified() => {}
        }
        assert!(instance.ended());
        assert_eq!(instance.call::<_, i32>("hello", ()).await.unwrap_err().code(), ErrorCode::Ended);
        let refused = sandbox.create_instance(&module, InstanceConfig::default()).await.map(|_| ());
        assert_eq!(refused.unwrap_err().code(), ErrorCode::Limit, "one at a time");
        drop(instance);
    }
    let mut handle_of = sandbox.create_instance(&module, InstanceConfig::default()).await.unwrap();
    let mut spin = handle_of.function::<(), ()>("spin").unwrap();
    tokio::select! {
        biased;
        outcome = spin.call(()) => panic!("{outcome:?}"),
        () = begun.notified() => {}
    }
    assert_eq!(spin.call(()).await.unwrap_err().code(), ErrorCode::Ended);
}

#[tokio::test]
async fn d15_a_run_or_a_start_that_is_dropped_frees_its_guest() {
    let _alone = ALONE.lock().await;
    let Watched { mut sandbox, begun, .. } = watched(GUEST).await;
    for _ in 0..3 {
        tokio::select! {
            biased;
            outcome = sandbox.execute::<[String; 0]>([]) => panic!("{outcome:?}"),
            () = begun.notified() => {}
        }
    }
    assert_eq!(sandbox.call::<_, i32>("hello", ()).await.unwrap(), 8);
    drop(sandbox);
    let Watched { sandbox, begun, .. } = watched(STARTS).await;
    let module = sandbox.module().unwrap().clone();
    for _ in 0..3 {
        tokio::select! {
            biased;
            outcome = sandbox.create_instance(&module, InstanceConfig::default()) => panic!("{:?}", outcome.map(|_| ())),
            () = begun.notified() => {}
        }
    }
    let Watched { mut sandbox, .. } = watched(GUEST).await;
    assert_eq!(sandbox.call::<_, i32>("hello", ()).await.unwrap(), 8);
}
