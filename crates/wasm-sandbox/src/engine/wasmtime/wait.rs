//! Waiting on a guest's behalf: for a time, a descriptor or a host function's future, never past the deadline or a cancel.

use std::{
    future::Future,
    panic::AssertUnwindSafe,
    sync::{Arc, LazyLock},
    time::Instant,
};

use futures::FutureExt;
use wasm_sandbox_policy::{LimitHit, ResourceKind};

use super::{link::announce, store::StoreData, trap::Stopped};
use crate::{
    host::{Stop, Wait, WaitEnd},
    jail::own::PerProcess,
};

/// What an unfinished host call waits for.
pub(super) fn wait_blocking(data: &mut StoreData, wait: &Wait) -> wasmtime::Result<()> {
    announce(data);
    let (control, deadline) = (data.host.control(), data.host.deadline());
    // What a thread that waits takes of the processor is nothing.
    let cpu = Arc::clone(&data.cpu);
    cpu.end_stretch();
    let reached = control.wait_blocking(wait, deadline);
    cpu.begin_stretch(Instant::now());
    end(data, reached)
}

pub(super) async fn wait_async(data: &mut StoreData, wait: &Wait) -> wasmtime::Result<()> {
    announce(data);
    data.turn.end();
    let (control, deadline) = (data.host.control(), data.host.deadline());
    tokio::task::yield_now().await;
    let reached = control.wait(wait, deadline).await;
    end(data, reached)
}

/// A future's output, or that it panicked.
type Outcome<T> = wasmtime::Result<std::thread::Result<T>>;

/// Runs a host function's future on the calling thread.
pub(super) fn run_blocking<T>(data: &mut StoreData, future: impl Future<Output = T> + Send) -> Outcome<T> {
    announce(data);
    match executor() {
        Some(runtime) => runtime.block_on(run_async(data, future)),
        None => Err(wasmtime::format_err!("no thread could be started for asynchronous host functions")),
    }
}

/// Runs a host function's future; a deadline or cancel drops it.
pub(super) async fn run_async<T>(data: &mut StoreData, future: impl Future<Output = T> + Send) -> Outcome<T> {
    announce(data);
    data.turn.end();
    let (control, deadline) = (data.host.control(), data.host.deadline());
    let never = Wait::forever();
    tokio::select! {
        biased;
        output = AssertUnwindSafe(future).catch_unwind() => Ok(output),
        reached = control.wait(&never, deadline) => {
            end(data, reached)?;
            Err(Stopped(Stop::Trap("a wait without an end ended".to_owned())).into())
        }
    }
}

/// Threads of the executor. More than one, since a future of a caller's may block its thread.
const THREADS: usize = 4;

/// The executor for what a caller registered and does not run in one of the caller's: asynchronous host functions of blocking
/// sandboxes, tools that block. Started by the first of these. It lives as long as the process, so that nobody ever waits
/// for a function that does not return.
pub(crate) fn executor() -> Option<&'static tokio::runtime::Runtime> {
    static RUNTIME: PerProcess<LazyLock<Option<tokio::runtime::Runtime>>> = PerProcess::new(|| {
        LazyLock::new(|| {
            tokio::runtime::Builder::new_multi_thread()
                .worker_threads(THREADS)
                .thread_name("wasm-sandbox-host-functions")
                .enable_all()
                .build()
                .ok()
        })
    });
    RUNTIME.get().as_ref()
}

fn end(data: &StoreData, reached: WaitEnd) -> wasmtime::Result<()> {
    match reached {
        WaitEnd::Ready => Ok(()),
        WaitEnd::Cancelled => Err(Stopped(Stop::Cancel).into()),
        WaitEnd::Deadline => {
            let started = data.started.unwrap_or_else(Instant::now);
            let millis = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            let limit = millis(data.host.limits().timeout);
            let used = millis(started.elapsed()).max(limit);
            Err(Stopped(Stop::Limit(LimitHit { kind: ResourceKind::WallTime, used, limit })).into())
        }
    }
}
