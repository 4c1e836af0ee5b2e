#![allow(clippy::unwrap_used)]

use std::{
    sync::{
        Barrier, LazyLock,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use serde_json::Value;
use tokio::runtime::Runtime;

use super::*;
use crate::tool::{Tool, ToolError, Toolbox, Tools};

fn executor() -> Option<&'static Runtime> {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
    Some(&RUNTIME)
}

/// A toolbox with a tool that never answers by itself.
fn never() -> Toolbox {
    let future = |()| futures::future::pending::<Result<Value, ToolError>>();
    let tools = vec![Tool::new_async("never", "Never answers.", future)];
    Toolbox::new(Tools { tools, gate: None }).unwrap()
}

fn job(toolbox: &Toolbox) -> Job {
    toolbox.read(br#"{"name": "never"}"#).1.unwrap()
}

/// A call that another thread gives up at any moment of its beginning does not run on: it would be counted until it ends,
/// which may be never.
#[test]
fn calls_that_are_given_up_as_they_begin_do_not_run_on() {
    const CALLS: u32 = 2_000;
    let (toolbox, inbox) = (never(), Arc::new(Inbox::new(1 << 20, executor, Instant::now(), Arc::default())));
    let (begin, begun) = (Barrier::new(2), AtomicBool::new(false));
    thread::scope(|scope| {
        scope.spawn(|| {
            for id in 1..=CALLS {
                begin.wait();
                while !begun.load(Ordering::Acquire) {
                    inbox.cancel(id);
                    thread::yield_now();
                }
                inbox.cancel(id);
                begin.wait();
            }
        });
        for id in 1..=CALLS {
            begun.store(false, Ordering::Release);
            begin.wait();
            assert_eq!(inbox.start("never", 0, job(&toolbox), None), id);
            begun.store(true, Ordering::Release);
            begin.wait();
        }
    });
    let nothing = |state: &State| state.calls.is_empty() && state.running == 0;
    assert!(nothing(&inbox.state()));
    let started = Instant::now();
    while inbox.state().given_up > 0 {
        assert!(started.elapsed() < Duration::from_secs(20), "{} run on", inbox.state().given_up);
        thread::yield_now();
    }
    // The twin: one that is not given up goes on.
    let id = inbox.start("never", 0, job(&toolbox), None);
    assert!(inbox.next_ended(Some(id)).is_none() && inbox.state().running == 1);
}
