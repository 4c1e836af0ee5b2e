//! The engines: whatever turns a module into running instances, behind one set of traits.
//!
//! A backend knows WebAssembly and nothing of files, clocks or policies: those are in [`Host`], which every backend links
//! under the same names, meters in the same way and reports through the same [`Failure`]. Adding an engine means
//! implementing [`Backend`], [`LoadedModule`] and [`GuestInstance`].

pub(crate) mod cache;
#[cfg(feature = "wasmtime")]
pub(crate) mod compile;
#[cfg(feature = "wasmtime")]
pub(crate) mod loaded;
pub(crate) mod screen;
#[cfg(feature = "wasmtime")]
pub(crate) mod wasmtime;

use std::{
    fs::File,
    future::Ready,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use futures::future::{BoxFuture, Either};
use wasm_sandbox_policy::{LimitHit, ResourceLimits, ResourceSnapshot, SandboxError, Trap};

use crate::{
    host::{Host, Stop, http::Exchange},
    host_function::HostFunctions,
    image::{Beginning, Changes},
    value::{ComponentValue, Signature, WasmValue},
};

/// Whether an instance blocks its thread while it waits or gives way to an executor. Fixed when the instance is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The guest runs on the calling thread. Futures of such an instance are ready at the first poll.
    Blocking,
    /// The guest runs while its future is polled and gives way every millisecond; it needs a tokio runtime.
    Async,
}

/// Settings that change how code is compiled or where it may run; one engine each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct EngineProfile {
    /// Whether instructions are counted.
    pub(crate) fuel: bool,
    /// Bytes of stack for the guest's own calls.
    pub(crate) stack_bytes: usize,
    /// Live instances that address space is reserved for.
    pub(crate) instances: u32,
    /// Whether memories begin with images, and what a trusted runtime needs besides of WebAssembly (exceptions) is on.
    pub(crate) images: bool,
}

/// Stack that every thread of the host's is taken to have left for a guest.
pub(crate) const THREAD_STACK: usize = 1 << 20;

impl EngineProfile {
    /// Whether guests need a stack of their own even while they run on the calling thread.
    pub(crate) fn deep(self) -> bool {
        self.stack_bytes > THREAD_STACK
    }

    pub(crate) fn new(limits: &ResourceLimits, instances: u32) -> Self {
        Self {
            images: false,
            fuel: limits.fuel != wasm_sandbox_policy::FuelLimit::Off,
            stack_bytes: limits.stack.as_usize().next_multiple_of(64 << 10),
            instances,
        }
    }
}

/// An engine with one profile.
pub(crate) trait Backend: Send + Sync {
    /// Engine name, version and every setting that compiled code depends on, the processor's features included.
    fn fingerprint(&self) -> Vec<u8>;

    /// Compiles a screened module to the engine's own form. Pure computation on the calling thread, fit for a forked child.
    fn compile(&self, wasm: &[u8]) -> Result<Vec<u8>, String>;

    /// Loads what [`compile`](Self::compile) made on this machine and nobody has touched since.
    fn load(&self, artifact: &[u8]) -> Result<Arc<dyn LoadedModule>, SandboxError>;

    /// As [`load`](Self::load) from a file, which is mapped.
    fn load_file(&self, artifact: File) -> Result<Arc<dyn LoadedModule>, SandboxError>;
}

/// Compiled code, ready for instances.
pub(crate) trait LoadedModule: Send + Sync {
    /// Resolves the module's imports, once for many instances; of a component, these by the tools of each instance.
    ///
    /// # Errors
    /// [`SandboxError::NotRunnable`] naming an import that nobody provides.
    fn link(
        &self,
        functions: &HostFunctions,
        imports: &[Signature],
        mode: Mode,
    ) -> Result<Arc<dyn LinkedModule>, SandboxError>;
}

/// Compiled code whose imports are resolved.
pub(crate) trait LinkedModule: Send + Sync {
    /// A new instance: its start function and `_initialize` have run under the limits.
    fn instantiate<'a>(&'a self, start: InstanceStart) -> Prompt<'a, Box<dyn GuestInstance>, Failed>;
}

/// What a future comes to that is ready when it is first polled. It is made where it is polled: moving a large one takes time.
#[inline]
pub(crate) fn at_first_poll<F: Future>(make: impl FnOnce() -> F) -> Option<F::Output> {
    match pin!(make()).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => None,
    }
}

/// An outcome that is there already, as all are of blocking instances, or comes; only one that comes is an allocation.
pub(crate) type Prompt<'a, T, E> = Either<Ready<Result<T, E>>, BoxFuture<'a, Result<T, E>>>;

/// What a new instance begins with.
pub(crate) struct InstanceStart {
    pub(crate) host: Box<Host>,
    /// What its memory begins with; it is not initialized again then.
    pub(crate) beginning: Option<Beginning>,
}

/// A running module. After a [`Failure`] it is never entered again.
pub(crate) trait GuestInstance: Send + Sync {
    /// Starts a run or call: limits that hold for one run count from here.
    fn begin(&mut self, now: Instant) -> Result<(), SandboxError>;

    /// Calls an exported function.
    fn invoke<'a>(&'a mut self, export: &'a str, arguments: &'a [WasmValue]) -> Prompt<'a, Option<WasmValue>, Failure>;

    /// Calls a component's function, `interface#function` or the name of one that is in no interface.
    fn call<'a>(
        &'a mut self,
        export: &'a str,
        arguments: Vec<ComponentValue>,
    ) -> BoxFuture<'a, Result<Option<ComponentValue>, Failure>>;

    /// Has a component answer a request by this function.
    fn answer<'a>(&'a mut self, export: &'a str, exchange: Exchange) -> BoxFuture<'a, Result<(), Failure>>;

    /// Gives up what the component keeps under a number. Its destructor runs under the limits.
    fn drop_handle<'a>(&'a mut self, handle: u64) -> BoxFuture<'a, Result<(), Failure>>;

    /// The exported memory; empty if there is none.
    fn memory(&mut self) -> &mut [u8];

    /// The values of the globals that can change, for an image of the instance as it is now.
    fn globals(&mut self) -> Vec<WasmValue>;

    /// What the memory and the globals hold besides the image that they began with, if they did.
    fn changes(&mut self) -> Option<Result<Changes, SandboxError>>;

    fn host(&mut self) -> &mut Host;

    /// What the run that began last has used so far.
    fn usage(&mut self) -> EngineUsage;

    /// Whether the guest was stopped by force, or said to be spent.
    fn ended(&self) -> bool;

    /// Never enter it again: its program has exited.
    fn end(&mut self);

    /// For the typed handle, which speaks to the engine without a detour.
    fn as_any(&mut self) -> &mut dyn std::any::Any;
}

/// An instance that failed while it started, with what its host had seen.
pub(crate) struct Failed {
    pub(crate) failure: Failure,
    pub(crate) host: Option<Box<Host>>,
    pub(crate) usage: EngineUsage,
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        Self { failure, host: None, usage: EngineUsage::default() }
    }
}

/// Why a guest stopped by force.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The host stopped it: exit, limit or cancel.
    Stop(Stop),
    /// It trapped.
    Trap(Trap),
    /// It could not even begin.
    Error(SandboxError),
}

/// What the engine measures; the rest is the host's.
#[derive(Clone, Debug, Default)]
pub(crate) struct EngineUsage {
    pub(crate) cpu: Duration,
    pub(crate) wall: Duration,
    pub(crate) fuel: Option<u64>,
    pub(crate) memory_bytes: u64,
    pub(crate) memory_peak_bytes: u64,
    pub(crate) table_elements: u64,
    pub(crate) timeline: Vec<ResourceSnapshot>,
    /// Growth that was refused, if any was.
    pub(crate) limit_hits: Vec<LimitHit>,
}

#[cfg(feature = "wasmtime")]
pub(crate) use self::wasmtime::{backend, executor};
