//! The calls of one instance that are under way, and their answers until the guest takes them. Everything in it is bounded:
//! how many calls run, how many are begun, the bytes of their arguments, and with how many bytes of answers more are made.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use tokio::{
    runtime::Handle,
    sync::{Notify, futures::Notified},
    task::AbortHandle,
};
use wasm_sandbox_policy::{Plain, ToolOutcome, ToolRecord};

use super::{Executor, Waited, error_answer, micros, run};
use crate::{
    host::control::Event,
    tool::{Failure, Job, Outcome},
};

/// Calls that run at a time; more wait for their turn.
const MAX_RUNNING: usize = 16;

/// Calls that are begun and whose answers were not taken.
const MAX_CALLS: usize = 10_000;

/// Characters of a tool's name as a guest writes it that are kept.
const MAX_NAME: usize = 512;

/// Calls that are kept in the record of a run.
const MAX_RECORDS: usize = 1_000;

/// Where answers arrive.
pub(crate) struct Inbox {
    state: Mutex<State>,
    arrived: Arc<Notify>,
    /// The longest answer that there may be, and how many bytes of arguments may wait.
    limit: u64,
    executor: Executor,
}

struct State {
    began: Instant,
    last: u32,
    calls: BTreeMap<u32, Call>,
    /// Those that wait for their turn, and those that the guest was not told to have ended, in their order.
    waiting: VecDeque<u32>,
    ended: VecDeque<u32>,
    running: usize,
    /// Those that run on though they were given up: nobody can interrupt a function that blocks.
    given_up: usize,
    argument_bytes: u64,
    answer_bytes: u64,
    records: Vec<ToolRecord>,
    records_dropped: u64,
    /// What gates refused: by tool, the first reason and how often.
    refusals: BTreeMap<String, (String, u64)>,
    runtime: Option<Handle>,
}

/// From its beginning until its answer is taken.
struct Call {
    name: String,
    began: Instant,
    argument_bytes: u64,
    /// Where its record is, if it has one.
    record: Option<usize>,
    stage: Stage,
}

enum Stage {
    Waiting(Box<Job>),
    Running(Option<AbortHandle>),
    Ended(Vec<u8>),
}

impl Inbox {
    pub(super) fn new(limit: u64, executor: Executor, began: Instant, arrived: Arc<Notify>) -> Self {
        Self { state: Mutex::new(State::new(began)), arrived, limit, executor }
    }

    pub(super) fn begin(&self, now: Instant) {
        self.abandon();
        let mut state = self.state();
        let (last, given_up) = (state.last, state.given_up);
        *state = State { last, given_up, ..State::new(now) };
    }

    pub(super) fn take_records(&self) -> (Vec<ToolRecord>, u64) {
        let mut state = self.state();
        // Where the records of calls are that are still under way is not true any more.
        state.calls.values_mut().for_each(|call| call.record = None);
        (std::mem::take(&mut state.records), std::mem::take(&mut state.records_dropped))
    }

    pub(super) fn take_refusals(&self) -> BTreeMap<String, (String, u64)> {
        std::mem::take(&mut self.state().refusals)
    }

    /// Begins a call; its number, or 0 when too many are under way.
    pub(super) fn start(self: &Arc<Self>, name: &str, bytes: u64, job: Job, runtime: Option<Handle>) -> u32 {
        let mut state = self.state();
        if state.calls.len() >= MAX_CALLS || state.argument_bytes.saturating_add(bytes) > self.limit {
            state.note(name, bytes, ToolOutcome::TooMany);
            return 0;
        }
        let id = state.add(name, bytes, Stage::Waiting(Box::new(job)));
        state.argument_bytes += bytes;
        state.waiting.push_back(id);
        state.runtime = runtime;
        drop(state);
        self.go_on();
        id
    }

    /// A call that has come to nothing before it was made; its number, or 0 when too many are under way.
    pub(super) fn ended(&self, name: &str, bytes: u64, failure: Failure) -> u32 {
        let mut state = self.state();
        if state.calls.len() >= MAX_CALLS {
            state.note(name, bytes, failure.outcome);
            return 0;
        }
        let id = state.add(name, bytes, Stage::Running(None));
        state.answer(id, Err(failure), self.limit);
        id
    }

    /// An answer to something that is no call of a tool's; its number, or 0 when too many wait to be taken.
    pub(super) fn answered(&self, answer: Vec<u8>) -> u32 {
        let mut state = self.state();
        if state.calls.len() >= MAX_CALLS || state.answer_bytes > self.limit {
            return 0;
        }
        let id = state.number();
        state.answer_bytes += answer.len() as u64;
        let call = Call {
            name: String::new(),
            began: Instant::now(),
            argument_bytes: 0,
            record: None,
            stage: Stage::Ended(answer),
        };
        state.calls.insert(id, call);
        id
    }

    /// A call has its answer.
    pub(super) fn finish(self: &Arc<Self>, id: u32, outcome: Outcome) {
        let mut state = self.state();
        let known = state.end(id, outcome, self.limit);
        drop(state);
        if known {
            self.arrived.notify_waiters();
        }
        self.go_on();
    }

    /// A call went without an answer. No other takes its turn, unless it was given up: it may well go the same way.
    pub(super) fn lose(self: &Arc<Self>, id: u32, failure: Failure) {
        let known = self.state().end(id, Err(failure), self.limit);
        match known {
            true => self.arrived.notify_waiters(),
            false => self.go_on(),
        }
    }

    pub(super) fn next_ended(&self, call: Option<u32>) -> Option<Waited> {
        let mut state = self.state();
        match call {
            Some(id) => match state.calls.get(&id) {
                None => Some(Waited::Nothing),
                Some(Call { stage: Stage::Ended(_), .. }) => {
                    state.ended.retain(|ended| *ended != id);
                    Some(Waited::Ended(id))
                }
                Some(_) => None,
            },
            None => match state.ended.pop_front() {
                Some(id) => Some(Waited::Ended(id)),
                None if state.running == 0 && state.waiting.is_empty() => Some(Waited::Nothing),
                None => None,
            },
        }
    }

    pub(super) fn size(&self, id: u32) -> usize {
        match self.state().calls.get(&id) {
            Some(Call { stage: Stage::Ended(answer), .. }) => answer.len(),
            _ => 0,
        }
    }

    pub(super) fn take(self: &Arc<Self>, id: u32) -> Option<Vec<u8>> {
        let mut state = self.state();
        let call = state.calls.remove(&id)?;
        let Stage::Ended(answer) = call.stage else {
            state.calls.insert(id, call);
            return None;
        };
        state.answer_bytes = state.answer_bytes.saturating_sub(answer.len() as u64);
        state.ended.retain(|ended| *ended != id);
        drop(state);
        self.go_on();
        Some(answer)
    }

    /// Gives a call up, whatever has become of it.
    pub(super) fn cancel(self: &Arc<Self>, id: u32) {
        self.state().cancel(id);
        self.go_on();
    }

    /// Gives everything up that is under way.
    fn abandon(&self) {
        let mut state = self.state();
        // From the end, where those are that still wait for their turn: nothing is looked for.
        while let Some(id) = state.calls.keys().next_back().copied() {
            state.cancel(id);
        }
    }

    /// Makes the calls whose turn it is.
    fn go_on(self: &Arc<Self>) {
        loop {
            let mut state = self.state();
            if state.running + state.given_up >= MAX_RUNNING || state.answer_bytes > self.limit {
                return;
            }
            let Some(id) = state.waiting.pop_front() else { return };
            let runtime = state.runtime.clone();
            let Some(call) = state.calls.get_mut(&id) else { continue };
            let Stage::Waiting(job) = std::mem::replace(&mut call.stage, Stage::Running(None)) else { continue };
            state.running += 1;
            // The call may end at once, on this thread, so that nothing is held while it begins.
            drop(state);
            let abort = run::spawn(self, id, *job, runtime, self.executor);
            let given_up = self.state().began(id, abort);
            given_up.inspect(AbortHandle::abort);
        }
    }

    /// What must hold whenever nobody changes it.
    #[cfg(fuzzing)]
    #[allow(clippy::panic, reason = "a property that does not hold is a panic")]
    pub(super) fn check(&self) {
        let state = self.state();
        let (mut running, mut arguments, mut answers) = (0, 0, 0);
        for (id, call) in &state.calls {
            match &call.stage {
                Stage::Ended(answer) => answers += answer.len() as u64,
                Stage::Waiting(_) => assert!(state.waiting.contains(id), "{id} waits for nothing"),
                Stage::Running(_) => running += 1,
            }
            if !matches!(call.stage, Stage::Ended(_)) {
                arguments += call.argument_bytes;
            }
        }
        assert_eq!((running, arguments, answers), (state.running, state.argument_bytes, state.answer_bytes));
        assert!(arguments <= self.limit && state.calls.len() <= MAX_CALLS && state.records.len() <= MAX_RECORDS);
        assert!(state.running + state.given_up <= MAX_RUNNING, "{running} run, {} given up", state.given_up);
        let is_ended = |id: &u32| matches!(state.calls.get(id), Some(Call { stage: Stage::Ended(_), .. }));
        assert!(state.ended.iter().all(is_ended), "what has ended is not there");
        assert!(state.waiting.len() <= state.calls.len(), "what waits is not there");
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new(began: Instant) -> Self {
        Self {
            began,
            last: 0,
            calls: BTreeMap::new(),
            waiting: VecDeque::new(),
            ended: VecDeque::new(),
            running: 0,
            given_up: 0,
            argument_bytes: 0,
            answer_bytes: 0,
            records: Vec::new(),
            records_dropped: 0,
            refusals: BTreeMap::new(),
            runtime: None,
        }
    }

    /// A number that no call of the instance has had, as far as 31 bits go.
    fn number(&mut self) -> u32 {
        loop {
            self.last = self.last % i32::MAX.unsigned_abs() + 1;
            if !self.calls.contains_key(&self.last) {
                return self.last;
            }
        }
    }

    fn add(&mut self, name: &str, argument_bytes: u64, stage: Stage) -> u32 {
        let (id, record) = (self.number(), self.note(name, argument_bytes, ToolOutcome::Abandoned));
        let call = Call { name: shown(name), began: Instant::now(), argument_bytes, record, stage };
        self.calls.insert(id, call);
        id
    }

    /// Keeps a record of a call; where it is.
    fn note(&mut self, name: &str, argument_bytes: u64, outcome: ToolOutcome) -> Option<usize> {
        if self.records.len() >= MAX_RECORDS {
            self.records_dropped += 1;
            return None;
        }
        self.records.push(ToolRecord {
            name: shown(name),
            at_us: micros(self.began.elapsed()),
            duration_us: 0,
            argument_bytes,
            result_bytes: 0,
            outcome,
            message: None,
        });
        Some(self.records.len() - 1)
    }

    /// What was made for a call can be ended with `abort`; gives it back if the call was given up meanwhile.
    fn began(&mut self, id: u32, abort: Option<AbortHandle>) -> Option<AbortHandle> {
        match self.calls.get_mut(&id) {
            Some(Call { stage: Stage::Running(running), .. }) => *running = abort,
            Some(_) => {}
            None => return abort,
        }
        None
    }

    /// What was made for a call is over, once for each call that was made; false if the call was given up.
    fn end(&mut self, id: u32, outcome: Outcome, limit: u64) -> bool {
        let Some(call) = self.calls.get(&id).filter(|call| matches!(call.stage, Stage::Running(_))) else {
            self.given_up -= 1;
            return false;
        };
        self.running -= 1;
        self.argument_bytes -= call.argument_bytes;
        self.answer(id, outcome, limit);
        true
    }

    /// Gives a call its answer.
    fn answer(&mut self, id: u32, outcome: Outcome, limit: u64) {
        let Some(call) = self.calls.get_mut(&id) else { return };
        let outcome = outcome.and_then(|json| {
            let answer = [b"{\"ok\":".as_slice(), &json, b"}"].concat();
            if answer.len() as u64 > limit { Err(Failure::too_large(answer.len(), limit)) } else { Ok(answer) }
        });
        let (outcome, message, answer) = match outcome {
            Ok(answer) => (ToolOutcome::Ok, None, answer),
            Err(failure) => {
                let message = failure.message().to_owned();
                (failure.outcome, Some(message), error_answer(&call.name, &failure))
            }
        };
        if outcome == ToolOutcome::Refused {
            let reason = message.clone().unwrap_or_default();
            self.refusals.entry(call.name.clone()).or_insert((reason, 0)).1 += 1;
        }
        if let Some(record) = call.record.and_then(|record| self.records.get_mut(record)) {
            record.duration_us = micros(call.began.elapsed());
            record.result_bytes = answer.len() as u64;
            record.outcome = outcome;
            record.message = message;
        }
        self.answer_bytes += answer.len() as u64;
        self.ended.push_back(id);
        call.stage = Stage::Ended(answer);
    }

    /// Gives a call up.
    fn cancel(&mut self, id: u32) {
        let Some(call) = self.calls.remove(&id) else { return };
        match call.stage {
            Stage::Ended(answer) => {
                self.answer_bytes -= answer.len() as u64;
                self.ended.retain(|ended| *ended != id);
                return;
            }
            Stage::Waiting(_) => self.waiting.retain(|waiting| *waiting != id),
            Stage::Running(running) => {
                self.running -= 1;
                self.given_up += 1;
                running.inspect(AbortHandle::abort);
            }
        }
        self.argument_bytes -= call.argument_bytes;
        if let Some(record) = call.record.and_then(|record| self.records.get_mut(record)) {
            record.duration_us = micros(call.began.elapsed());
        }
    }
}

/// A tool's name as a guest wrote it.
fn shown(name: &str) -> String {
    Plain::line(name).at_most(MAX_NAME).to_string()
}

/// What a guest waits for: the answer of one call, or of any.
pub(super) struct Awaited {
    inbox: Arc<Inbox>,
    call: Option<u32>,
}

impl Awaited {
    pub(super) fn new(inbox: &Arc<Inbox>, call: Option<u32>) -> Self {
        Self { inbox: Arc::clone(inbox), call }
    }
}

impl Event for Awaited {
    fn ready(&self) -> bool {
        let state = self.inbox.state();
        match self.call {
            Some(call) => {
                !matches!(state.calls.get(&call), Some(Call { stage: Stage::Waiting(_) | Stage::Running(_), .. }))
            }
            None => !state.ended.is_empty() || (state.running == 0 && state.waiting.is_empty()),
        }
    }

    fn changed(&self) -> Notified<'_> {
        self.inbox.arrived.notified()
    }
}

impl fmt::Debug for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Awaited").field("call", &self.call).finish_non_exhaustive()
    }
}

/// Kept while the guest is entered. When it goes, whatever is under way is given up: futures are dropped, and what functions
/// return that block is forgotten.
pub(crate) struct UnderWay(Arc<Inbox>);

impl UnderWay {
    pub(super) fn new(inbox: &Arc<Inbox>) -> Self {
        Self(Arc::clone(inbox))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

#[cfg(test)]
mod tests;
