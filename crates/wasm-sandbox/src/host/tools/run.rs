//! Making a call: a function that blocks on a thread of its own, a future in an executor.

use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use futures::FutureExt;
use tokio::{
    runtime::{Handle, Runtime},
    task::AbortHandle,
};
use wasm_sandbox_policy::ToolOutcome;

use super::inbox::Inbox;
use crate::tool::{Failure, Job, Outcome, ToolCode, ToolError};

/// The executor of the library's own, if its threads could be started.
pub(crate) type Executor = fn() -> Option<&'static Runtime>;

/// Makes a call. Its answer goes to the inbox, however it ends.
pub(super) fn spawn(
    inbox: &Arc<Inbox>,
    id: u32,
    job: Job,
    runtime: Option<Handle>,
    executor: Executor,
) -> Option<AbortHandle> {
    let answer = Answer { inbox: Some(Arc::clone(inbox)), id };
    let Some(own) = executor() else {
        answer.give(Err(failed("no thread could be started for it")));
        return None;
    };
    let task = match job.code().clone() {
        ToolCode::Blocking(function) => own
            .spawn_blocking(move || {
                answer.give(guarded(|| {
                    job.pass()?;
                    function(job.into_arguments())
                }));
            })
            .abort_handle(),
        ToolCode::Asynchronous(function) => runtime
            .as_ref()
            .unwrap_or(own.handle())
            .spawn(async move {
                let Some((passed, answer)) = passed(job, answer, own).await else { return };
                let outcome = match passed {
                    // It is made in there, too: that may panic.
                    Ok(job) => {
                        caught(AssertUnwindSafe(async { function(job.into_arguments()).await }).catch_unwind().await)
                    }
                    Err(failure) => Err(failure),
                };
                answer.give(outcome);
            })
            .abort_handle(),
    };
    Some(task)
}

/// Asks the gate on a thread that may block. The answer is there meanwhile: the thread runs on when the call is given up, and
/// is to be counted until it ends. None if it could not be asked, which then was the answer.
async fn passed(job: Job, answer: Answer, own: &Runtime) -> Option<(Result<Job, Failure>, Answer)> {
    if !job.has_gate() {
        return Some((Ok(job), answer));
    }
    own.spawn_blocking(move || (guarded(|| job.pass()).map(|()| job), answer)).await.ok()
}

fn guarded<T>(call: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
    caught(catch_unwind(AssertUnwindSafe(call)))
}

fn caught<T>(outcome: std::thread::Result<Result<T, Failure>>) -> Result<T, Failure> {
    outcome.unwrap_or_else(|panic| Err(Failure::new(ToolOutcome::Panicked, ToolError::new(said(&*panic)))))
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it panicked".to_owned())
}

fn failed(why: &str) -> Failure {
    Failure::new(ToolOutcome::Failed, ToolError::new(why))
}

/// Where the answer of one call goes. A call that is dropped answers, too: nobody is to wait for it.
struct Answer {
    inbox: Option<Arc<Inbox>>,
    id: u32,
}

impl Answer {
    fn give(mut self, outcome: Outcome) {
        if let Some(inbox) = self.inbox.take() {
            inbox.finish(self.id, outcome);
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if let Some(inbox) = self.inbox.take() {
            inbox.lose(self.id, failed("its executor has ended"));
        }
    }
}
