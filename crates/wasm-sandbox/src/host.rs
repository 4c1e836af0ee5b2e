//! Everything that a guest can reach, whatever the engine: WASI preview 1 over the mounted trees, clocks, randomness and
//! streams, each act checked against the policy, metered, and recorded when it is refused.
//!
//! A function here never blocks. One that would have to says what it waits for ([`Step::Wait`]); the engine waits, under
//! deadline and cancel, and makes the same call again.

mod clock;
mod control;
mod descriptors;
mod files;
#[cfg(fuzzing)]
pub mod fuzzing;
mod handles;
pub(crate) mod http;
mod http_frame;
mod memory;
mod namespace;
pub(crate) mod net;
mod net_frame;
mod paths;
mod random;
mod record;
mod saved;
mod stdio;
mod tools;
pub(crate) mod wasi;
pub(crate) mod wasi2;

use std::{
    sync::{Arc, OnceLock},
    time::Instant,
};

use tokio::sync::Notify;
use wasm_sandbox_policy::{
    ConnectionRecord, Denial, FileChanges, GuestPath, InstanceConfig, IoUsage, LimitHit, ResourceKind, ResourceLimits,
    SandboxError, ToolRecord,
};

use self::{
    clock::Clocks, descriptors::Descriptors, handles::Handles, http::Http, net::Net, random::Random, record::Record,
    stdio::Streams, tools::ToolCalls,
};
pub(crate) use self::{
    control::{Control, Stream, Wait, WaitEnd},
    descriptors::FileFlags,
    handles::MAX_HANDLES,
    namespace::Namespace,
    saved::SavedHost,
    stdio::{Sink, Stdin},
    tools::{Attempt, FAULT, Framed, ToolSetup, UnderWay, Waited, reply},
    wasi::for_each_wasi_function,
};
use crate::vfs::{Dir, Quota, VfsResult};

/// The module that guests import WASI preview 1 from.
pub(crate) const WASI_MODULE: &str = "wasi_snapshot_preview1";

/// What a host call came to: an errno for the guest, something to wait for, or the guest's end.
pub(crate) type HostResult = Result<Step, Stop>;

/// How far a host call got.
#[derive(Debug)]
pub(crate) enum Step<T = VfsResult<()>> {
    Done(T),
    Wait(Wait),
}

impl<T> Step<T> {
    fn map<U>(self, made: impl FnOnce(T) -> U) -> Step<U> {
        match self {
            Self::Done(value) => Step::Done(made(value)),
            Self::Wait(wait) => Step::Wait(wait),
        }
    }
}

/// Why the host ends a guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    Exit(i32),
    Limit(LimitHit),
    Trap(String),
    Cancel,
}

/// What a host is made of.
pub(crate) struct HostSetup<'a> {
    pub(crate) config: &'a InstanceConfig,
    /// Those of the configuration, but that an interpreter's stack is its own.
    pub(crate) limits: ResourceLimits,
    pub(crate) arguments: Vec<String>,
    pub(crate) stdin: Stdin,
    pub(crate) stdout: Sink,
    pub(crate) stderr: Sink,
    pub(crate) mounts: Vec<(GuestPath, Arc<dyn Dir>)>,
    /// The name of the script that the guest, an interpreter, runs. An interpreter is given the root only and finds the
    /// mounts below it: what its image knows of descriptors must hold whatever is mounted.
    pub(crate) script: Option<String>,
    pub(crate) quota: Arc<Quota>,
    pub(crate) control: Arc<Control>,
    pub(crate) tools: ToolSetup,
}

/// The live state of one sandbox's host side.
pub(crate) struct Host {
    arguments: Vec<String>,
    environment: Vec<String>,
    descriptors: Descriptors,
    /// What a guest of WASI 0.2 holds besides.
    handles: Handles,
    http: Http,
    /// Tells the guest of what changes beside it: bodies, connections, calls of tools. Made when there is something.
    changed: OnceLock<Arc<Notify>>,
    streams: Streams,
    clocks: Clocks,
    random: Random,
    /// What a component is given to seed what need not be secure, once it has asked.
    insecure_seed: Option<(u64, u64)>,
    record: Record,
    tools: ToolCalls,
    net: Net,
    limits: ResourceLimits,
    usage: IoUsage,
    quota: Arc<Quota>,
    control: Arc<Control>,
    deadline: Instant,
    /// What an interpreter has told the host last.
    answer: Option<Vec<u8>>,
    /// When the sleep that is under way began; set by the first attempt of a `poll_oneoff` that has to wait.
    sleeping_since: Option<Instant>,
    /// How much of the buffer of the `random_get` that is under way is filled.
    random_filled: u32,
}

/// What one run did on the host.
#[derive(Debug, Default)]
pub(crate) struct HostReport {
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) io: IoUsage,
    pub(crate) files: FileChanges,
    pub(crate) denials: Vec<Denial>,
    pub(crate) denials_dropped: u64,
    pub(crate) tool_calls: Vec<ToolRecord>,
    pub(crate) tool_calls_dropped: u64,
    pub(crate) connections: Vec<ConnectionRecord>,
    pub(crate) connections_dropped: u64,
    pub(crate) limits_hit: Vec<LimitHit>,
}

impl Host {
    /// # Errors
    /// [`SandboxError::ResourceExhausted`] when arguments, environment and input are longer than `limits.input`.
    pub(crate) fn new(setup: HostSetup<'_>) -> Result<Box<Self>, SandboxError> {
        let system = &setup.config.capabilities.system;
        let limits = setup.limits;
        let environment: Vec<String> =
            system.environment.variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let text = |words: &[String]| words.iter().map(|word| word.len() as u64 + 1).sum::<u64>();
        let used = text(&setup.arguments) + text(&environment) + setup.stdin.len();
        let limit = limits.input.as_u64();
        if used > limit {
            return Err(LimitHit { kind: ResourceKind::Input, used, limit }.into());
        }
        let (now, changed) = (Instant::now(), OnceLock::<Arc<Notify>>::new());
        // It is large, and goes through many hands.
        Ok(Box::new(Self {
            arguments: setup.arguments,
            environment,
            descriptors: Descriptors::new(Namespace::new(setup.mounts), setup.script.is_some(), limits.open_files),
            handles: Handles::default(),
            http: Http::default(),
            streams: Streams::new(setup.stdin, setup.stdout, setup.stderr, limits.output.as_u64()),
            clocks: Clocks::new(system.clock, now),
            random: Random::new(system.random),
            insecure_seed: None,
            record: Record::new(setup.script),
            net: Net::new(&setup.config.capabilities.network, setup.tools.executor, now, || {
                Arc::clone(changed.get_or_init(Arc::default))
            })?,
            tools: ToolCalls::new(setup.tools, limit, now),
            changed,
            usage: IoUsage::default(),
            quota: setup.quota,
            control: setup.control,
            deadline: now + limits.timeout,
            limits,
            answer: None,
            sleeping_since: None,
            random_filled: 0,
        }))
    }

    pub(crate) fn limits(&self) -> &ResourceLimits {
        &self.limits
    }

    fn changed(&self) -> &Arc<Notify> {
        self.changed.get_or_init(Arc::default)
    }

    /// When this was made, for the run that begins with it.
    pub(crate) fn made(&self) -> Instant {
        self.clocks.origin()
    }

    /// Starts a run or call.
    pub(crate) fn begin(&mut self, now: Instant) {
        self.deadline = now + self.limits.timeout;
        self.usage = IoUsage::default();
        self.streams.begin();
        self.record.begin();
        self.tools.begin(now);
        self.net.begin(now);
        self.sleeping_since = None;
        self.random_filled = 0;
    }

    /// A call that nobody announced began at `started`.
    pub(crate) fn extend_deadline(&mut self, started: Instant) {
        self.deadline = started + self.limits.timeout;
    }

    /// Takes what the run that began last did.
    pub(crate) fn finish(&mut self) -> HostReport {
        let (stdout, stderr) = self.streams.take();
        let mut io = std::mem::take(&mut self.usage);
        io.disk_bytes = self.quota.bytes_used();
        io.files_created = self.quota.files_used();
        let mut limits_hit = self.quota.hits();
        limits_hit.extend(self.descriptors.take_hit());
        limits_hit.extend(self.net.take_hits());
        self.note_refused();
        let (denials, denials_dropped) = self.record.take_denials();
        let (tool_calls, tool_calls_dropped) = self.tools.take_records();
        let (connections, connections_dropped) = self.net.take_records();
        HostReport {
            stdout,
            stderr,
            io,
            files: self.record.take_changes(),
            denials,
            denials_dropped,
            tool_calls,
            tool_calls_dropped,
            connections,
            connections_dropped,
            limits_hit,
        }
    }

    /// What the run has printed to a captured standard error so far.
    pub(crate) fn stderr(&self) -> &[u8] {
        self.streams.stderr()
    }

    /// The first refusal of the run.
    pub(crate) fn first_denial(&mut self) -> Option<Denial> {
        self.note_refused();
        self.record.first_denial()
    }

    /// Writes down what was refused beside the guest.
    fn note_refused(&mut self) {
        self.note_refused_tools();
        self.net.take_denials().into_iter().for_each(|denial| self.record.deny_often(denial));
    }

    /// The mounted trees, which outlive the host for whoever keeps this.
    pub(crate) fn namespace(&self) -> Namespace {
        self.descriptors.namespace().clone()
    }

    /// What the sandbox may still take of the host's memory.
    pub(crate) fn quota(&self) -> Arc<Quota> {
        Arc::clone(&self.quota)
    }

    pub(crate) fn control(&self) -> Arc<Control> {
        Arc::clone(&self.control)
    }

    pub(crate) fn deadline(&self) -> Instant {
        self.deadline
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.control.is_cancelled()
    }

    /// Prints for the guest. What does not go out at once, because nobody reads, is lost; what nobody can ever take is an
    /// error.
    pub(crate) fn print(&mut self, stream: Stream, text: &str) -> Result<VfsResult<()>, Stop> {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            match self.streams.write(stream, rest)? {
                Ok(Step::Done(len)) if len > 0 => rest = rest.get(len..).unwrap_or_default(),
                Ok(_) => break,
                Err(errno) => return Ok(Err(errno)),
            }
        }
        Ok(Ok(()))
    }

    /// Random numbers for an interpreter, as the policy has them.
    ///
    /// # Errors
    /// The system gives none.
    pub(crate) fn random_numbers(&mut self) -> Result<[u64; 2], SandboxError> {
        let mut bytes = [[0; 8]; 2];
        let drawn = self.random.fill(bytes.as_flattened_mut());
        drawn.map_err(|errno| SandboxError::internal("drawing random numbers", errno.text()))?;
        Ok(bytes.map(u64::from_le_bytes))
    }

    /// Takes an interpreter's answer to a request.
    pub(crate) fn take_answer(&mut self) -> Option<Vec<u8>> {
        self.answer.take()
    }

    /// Keeps an interpreter's answer to a request, if it is not longer than results may be.
    pub(crate) fn answer(&mut self, bytes: &[u8]) -> Result<(), Stop> {
        let (used, limit) = (bytes.len() as u64, self.limits.input.as_u64());
        if used > limit {
            return Err(Stop::Limit(LimitHit { kind: ResourceKind::Input, used, limit }));
        }
        self.count_call(used)?;
        self.answer = Some(bytes.to_vec());
        Ok(())
    }

    /// Refuses what preview 1 has of the network.
    pub(crate) fn refuse_network(&mut self, operation: &str, target: &str) {
        self.record.deny(operation, target, "network", "nothing of the network is granted");
    }

    /// Refuses to be called from outside.
    pub(crate) fn refuse_listening(&mut self, operation: &str, target: &str) {
        self.record.deny(operation, target, "network", "nothing can be listened on in a sandbox");
    }

    /// Counts a call to the host.
    pub(crate) fn count_call(&mut self, bytes: u64) -> Result<(), Stop> {
        self.usage.host_calls += 1;
        if self.usage.host_calls > self.limits.host_calls {
            let (used, limit) = (self.usage.host_calls, self.limits.host_calls);
            return Err(Stop::Limit(LimitHit { kind: ResourceKind::HostCalls, used, limit }));
        }
        self.count_bytes(bytes)
    }

    /// Counts bytes that a call to the host carries.
    pub(crate) fn count_bytes(&mut self, bytes: u64) -> Result<(), Stop> {
        self.usage.host_call_bytes = self.usage.host_call_bytes.saturating_add(bytes);
        let (used, limit) = (self.usage.host_call_bytes, self.limits.host_call_bytes.as_u64());
        if used > limit {
            return Err(Stop::Limit(LimitHit { kind: ResourceKind::HostCallBytes, used, limit }));
        }
        Ok(())
    }
}

#[cfg(any(test, fuzzing))]
#[allow(clippy::unwrap_used)]
impl Host {
    /// One without arguments, input, tools and threads.
    fn bare(config: &InstanceConfig, mounts: Vec<(GuestPath, Arc<dyn Dir>)>, quota: Arc<Quota>) -> Self {
        let setup = HostSetup {
            config,
            limits: config.limits.clone(),
            arguments: Vec::new(),
            stdin: Stdin::Empty,
            stdout: Sink::Capture,
            stderr: Sink::Capture,
            mounts,
            script: None,
            quota,
            control: Arc::default(),
            tools: ToolSetup { toolbox: Arc::default(), beside_guest: false, executor: || None },
        };
        *Self::new(setup).unwrap()
    }
}
