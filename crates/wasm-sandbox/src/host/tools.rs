//! Calls of the caller's tools: begun by the guest, made beside it, and taken back when they have an answer.

mod frame;
mod inbox;
mod run;

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use serde_json::json;
use wasm_sandbox_policy::{Denial, ToolOutcome, ToolRecord};

use self::inbox::{Awaited, Inbox};
pub(crate) use self::{
    frame::{Attempt, FAULT, Framed, reply},
    inbox::UnderWay,
    run::Executor,
};
use super::{Host, Stop, Wait, control::Event};
use crate::tool::{Failure, Toolbox};

/// What the sandbox of a guest has in tools, and where asynchronous ones run.
#[derive(Clone)]
pub(crate) struct ToolSetup {
    pub(crate) toolbox: Arc<Toolbox>,
    /// In the executor that the guest runs in, otherwise in one of our own.
    pub(crate) beside_guest: bool,
    pub(crate) executor: Executor,
}

/// The calls of one instance.
pub(super) struct ToolCalls {
    toolbox: Arc<Toolbox>,
    beside_guest: bool,
    limit: u64,
    executor: Executor,
    began: Instant,
    /// Made by the first call: most guests make none.
    inbox: OnceLock<Arc<Inbox>>,
}

/// How a wait for calls ended.
pub(crate) enum Waited {
    /// This call has an answer.
    Ended(u32),
    /// None has, in the time that was given.
    Late,
    /// None is under way.
    Nothing,
}

impl ToolCalls {
    pub(super) fn new(setup: ToolSetup, limit: u64, began: Instant) -> Self {
        let ToolSetup { toolbox, beside_guest, executor } = setup;
        Self { toolbox, beside_guest, limit, executor, began, inbox: OnceLock::new() }
    }

    pub(super) fn begin(&mut self, now: Instant) {
        self.began = now;
        if let Some(inbox) = self.inbox.get() {
            inbox.begin(now);
        }
    }

    pub(super) fn take_records(&mut self) -> (Vec<ToolRecord>, u64) {
        self.inbox.get().map(|inbox| inbox.take_records()).unwrap_or_default()
    }
}

impl Host {
    fn inbox(&self) -> &Arc<Inbox> {
        let ToolCalls { limit, executor, began, inbox, .. } = &self.tools;
        inbox.get_or_init(|| Arc::new(Inbox::new(*limit, *executor, *began, Arc::clone(self.changed()))))
    }

    /// Begins the call that `request` describes; its number, or 0 when too many are under way.
    pub(crate) fn tool_start(&mut self, request: &[u8]) -> Result<u32, Stop> {
        crate::value::check_json(request, self.limits.input.as_u64()).map_err(Stop::Limit)?;
        let used = request.len() as u64;
        self.count_call(used)?;
        let (name, job) = self.tools.toolbox.read(request);
        let job = match job {
            Ok(job) => job,
            Err(failure) => {
                if failure.outcome == ToolOutcome::Unknown {
                    self.deny_tool(&name, "there is no such tool", 1);
                }
                return Ok(self.inbox().ended(&name, used, failure));
            }
        };
        let runtime = match self.tools.beside_guest {
            true => tokio::runtime::Handle::try_current().ok(),
            false => None,
        };
        Ok(self.inbox().start(&name, used, job, runtime))
    }

    /// The next call that has an answer, or what to wait for. With a call given, that one, and no other.
    pub(crate) fn tool_ended(&self, call: Option<u32>, until: Option<Instant>) -> Result<Waited, Wait> {
        if let Some(ended) = self.inbox().next_ended(call) {
            return Ok(ended);
        }
        if until.is_some_and(|until| until <= Instant::now()) {
            return Ok(Waited::Late);
        }
        Err(Wait { until, stream: None, event: Some(Box::new(Awaited::new(self.inbox(), call))) })
    }

    /// That some call has an answer.
    pub(super) fn tool_event(&self) -> Box<dyn Event> {
        Box::new(Awaited::new(self.inbox(), None))
    }

    /// Bytes of an ended call's answer; 0 if there is no such call.
    pub(crate) fn tool_size(&self, call: u32) -> u32 {
        u32::try_from(self.inbox().size(call)).unwrap_or(u32::MAX)
    }

    /// An ended call's answer. The call is forgotten.
    pub(crate) fn tool_take(&mut self, call: u32) -> Result<Option<Vec<u8>>, Stop> {
        let answer = self.inbox().take(call);
        self.count_call(answer.as_ref().map_or(0, |answer| answer.len() as u64))?;
        Ok(answer)
    }

    /// Gives a call up.
    pub(crate) fn tool_cancel(&mut self, call: u32) -> Result<(), Stop> {
        self.count_call(0)?;
        self.inbox().cancel(call);
        Ok(())
    }

    /// What tools there are, as the answer of a call that has ended; its number, or 0 when too many wait to be taken.
    pub(crate) fn tool_list(&mut self) -> Result<u32, Stop> {
        let list = json!({ "ok": self.tools.toolbox.list() }).to_string();
        self.count_call(list.len() as u64)?;
        Ok(self.inbox().answered(list.into_bytes()))
    }

    #[cfg(fuzzing)]
    pub(super) fn check_tools(&self) {
        self.inbox().check();
    }

    /// Keeps the calls of a guest that is entered; when the guest is left, however that is, none goes on.
    pub(crate) fn tools_under_way(&self) -> Option<UnderWay> {
        (!self.tools.toolbox.is_empty()).then(|| UnderWay::new(self.inbox()))
    }

    /// Writes down what gates have refused since.
    pub(super) fn note_refused_tools(&mut self) {
        for (name, (reason, count)) in self.tools.inbox.get().map(|inbox| inbox.take_refusals()).unwrap_or_default() {
            self.deny_tool(&name, &reason, count);
        }
    }

    fn deny_tool(&mut self, name: &str, reason: &str, count: u64) {
        let (operation, capability) = ("call".to_owned(), "tools".to_owned());
        self.record.deny_often(Denial {
            operation,
            target: name.to_owned(),
            capability,
            reason: Some(reason.to_owned()),
            count,
        });
    }
}

/// The answer to a call that came to nothing, as the guest gets it.
fn error_answer(tool: &str, failure: &Failure) -> Vec<u8> {
    let message = failure.to_guest(tool);
    json!({ "error": { "name": failure.exception(), "message": message } }).to_string().into_bytes()
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
