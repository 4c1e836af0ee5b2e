//! A session at a moment: kept, begun again as often as wanted, taken elsewhere.

use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};
use wasm_sandbox_policy::{InstanceConfig, SandboxError, SecurityContext};

use crate::{
    allowance::Share,
    engine::Mode,
    host::{Control, SavedHost},
    host_function::HostFunctions,
    image::{Changes, globals_from, globals_to},
    instance::{Blueprint, Streams},
    lang::interpreter::Runtime,
    module::Module,
    sandbox::SandboxConfig,
    session::Session,
    setup::Setup,
    tool::Toolbox,
};

/// The first bytes of a snapshot; the number counts up when the form changes.
const MAGIC: &[u8; 8] = b"wsboxsn\x02";
const MAC: usize = 32;

/// A session at a moment between two turns: its memory, its files in memory, what it has open, its clock and its limits.
/// Cheap to clone; what sessions hold in common is shared until one of them writes.
#[derive(Clone)]
pub struct Snapshot(Arc<Inner>);

/// What a session is made of, but for what lives.
#[derive(Clone)]
pub(crate) struct Parts {
    pub(crate) module: Module,
    pub(crate) runtime: Runtime,
    pub(crate) config: InstanceConfig,
    pub(crate) functions: Arc<HostFunctions>,
    pub(crate) tools: Arc<Toolbox>,
    pub(crate) streams: Streams,
    pub(crate) setup: Setup,
    pub(crate) prelude: Arc<str>,
    pub(crate) mode: Mode,
    /// The sandbox's.
    pub(crate) control: Arc<Control>,
}

/// What a sandbox gives to sessions that come from elsewhere.
pub(crate) struct Surroundings {
    pub(crate) config: SandboxConfig,
    pub(crate) functions: Arc<HostFunctions>,
    pub(crate) tools: Arc<Toolbox>,
    pub(crate) streams: Streams,
    pub(crate) mode: Mode,
    pub(crate) control: Arc<Control>,
}

/// Those that a session has had.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Turns {
    pub(crate) taken: u64,
    /// Whether a request has reached the guest.
    pub(crate) begun: bool,
}

/// What an instance begins with that goes on where another was.
pub(crate) struct State {
    pub(crate) changes: Arc<Changes>,
    pub(crate) host: SavedHost,
    /// What files in memory take of the host's, as long as this is kept.
    pub(crate) _share: Share,
    /// Whether what goes on from here draws random numbers of its own.
    pub(crate) draws: bool,
}

struct Inner {
    parts: Parts,
    turns: Turns,
    state: State,
}

/// A snapshot in bytes, after its first ones and before its seal.
#[derive(Serialize, Deserialize)]
struct Written<'a> {
    runtime: String,
    image: [u8; 32],
    prelude: String,
    config: String,
    turns: Turns,
    draws: bool,
    memory: u64,
    globals: Vec<u8>,
    #[serde(borrow)]
    pieces: Vec<(u64, Bytes<'a>)>,
    host: SavedHost,
}

/// Bytes that are written as they are.
#[derive(Deserialize)]
struct Bytes<'a>(&'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0)
    }
}

impl Snapshot {
    pub(crate) fn new(parts: Parts, turns: Turns, state: State) -> Self {
        Self(Arc::new(Inner { parts, turns, state }))
    }

    /// A session that goes on from here, independent of every other. Unless the policy has a seed, it draws random numbers of
    /// its own: a generator that a program has seeded by itself is seeded afresh, as after a `fork` of a process.
    ///
    /// # Errors
    /// There is no memory, or no room for another sandbox.
    pub async fn session(&self) -> Result<Session, SandboxError> {
        let Inner { parts, turns, state } = &*self.0;
        let control = parts.control.child();
        let instance = Blueprint {
            module: &parts.module,
            config: &parts.config,
            functions: &parts.functions,
            tools: Arc::clone(&parts.tools),
            mode: parts.mode,
            arguments: Vec::new(),
            streams: parts.streams.clone(),
            control,
            forks: true,
            state: Some(state),
        };
        let instance = instance.untouched().await?;
        Ok(Session::restored(instance, parts.clone(), *turns, state.draws))
    }

    /// The snapshot as bytes that [`WasmSandbox::snapshot`](crate::WasmSandbox::snapshot) reads, in this process or another,
    /// on this machine or one with the same version of this crate and of the interpreter. They are sealed with the key of
    /// [`Setup::snapshot_key`](crate::Setup::snapshot_key) and not encrypted: who reads them reads the session's memory. Secrets of
    /// the policy are not in them.
    ///
    /// # Errors
    /// [`SandboxError::NotRunnable`] when a file of the host's is open in the session: it cannot go elsewhere.
    pub fn to_bytes(&self) -> Result<Vec<u8>, SandboxError> {
        let Inner { parts, turns, state } = &*self.0;
        if let Some(path) = state.host.open_on_host() {
            return Err(refused(format!("the session has `{path}` open, which is the host's; close it first")));
        }
        let pieces = state.changes.pieces()?;
        let size = pieces.bytes() + state.host.memory();
        // Until the caller has them.
        let _share = Share::take(size)?;
        let written = Written {
            runtime: parts.runtime.name().to_owned(),
            image: parts.image()?,
            prelude: parts.prelude.to_string(),
            config: serde_json::to_string(&parts.config.without_secrets())
                .map_err(|error| SandboxError::internal("writing a policy", error))?,
            turns: *turns,
            draws: state.draws,
            memory: state.changes.len() as u64,
            globals: globals_to(&state.changes.globals),
            pieces: pieces.iter().map(|(at, bytes)| (at as u64, Bytes(bytes))).collect(),
            host: state.host.clone(),
        };
        // The whole is little more.
        let mut start = Vec::with_capacity(usize::try_from(size).unwrap_or(0) + (64 << 10));
        start.extend(MAGIC);
        let bytes = postcard::to_extend(&written, start);
        let mut bytes = bytes.map_err(|error| SandboxError::internal("writing a snapshot", error))?;
        bytes.extend(seal(&parts.setup, &bytes)?);
        Ok(bytes)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) made, for a sandbox that goes on with it.
    pub(crate) fn from_bytes(bytes: &[u8], sandbox: Surroundings) -> Result<Self, SandboxError> {
        let Surroundings {
            config: SandboxConfig { instance: allowed, setup },
            functions,
            tools,
            streams,
            mode,
            control,
        } = sandbox;
        let (body, mac) = bytes.split_last_chunk::<MAC>().ok_or_else(|| refused("it is too short"))?;
        let sealed = seal(&setup, body)?;
        if blake3::Hash::from_bytes(sealed) != blake3::Hash::from_bytes(*mac) {
            return Err(refused("it was changed, or sealed with another key"));
        }
        let body = body.strip_prefix(MAGIC).ok_or_else(|| refused("it is of another version"))?;
        let written: Written<'_> = postcard::from_bytes(body).map_err(|_| refused("it is of another version"))?;
        let runtime = Runtime::named(&written.runtime).ok_or_else(|| refused("its interpreter is not known here"))?;
        let config: InstanceConfig =
            serde_json::from_str(&written.config).map_err(|_| refused("its policy cannot be read"))?;
        // What the host kept from the guest is not in it: it comes from the policy of the sandbox.
        let config = config.with_secrets_of(&allowed).ok_or_else(wider)?;
        if !allowed.permits(&config) {
            return Err(wider());
        }
        let problems = config.validate();
        if !problems.is_empty() {
            return Err(SandboxError::Configuration { problems });
        }
        let prelude: Arc<str> = written.prelude.into();
        let settings = SandboxConfig { instance: config.clone(), setup: setup.clone() };
        let module = Module::interpreter(runtime, Arc::clone(&prelude), &settings);
        let parts = Parts { module, runtime, config, functions, tools, streams, setup, prelude, mode, control };
        if parts.image()? != written.image {
            return Err(refused("it began with another version of its interpreter"));
        }
        let changes = changes(&written.pieces, written.memory, &written.globals)?;
        let share = Share::take(written.host.memory())?;
        let state = State { changes: Arc::new(changes), host: written.host, _share: share, draws: written.draws };
        Ok(Self::new(parts, written.turns, state))
    }
}

impl Parts {
    /// What tells the image that the session began with from all others.
    fn image(&self) -> Result<[u8; 32], SandboxError> {
        match self.module.script() {
            Some(script) => Ok(script.interpreter(&self.config.limits)?.image().hash),
            None => Err(SandboxError::internal("a snapshot", "there is no interpreter")),
        }
    }
}

fn changes(pieces: &[(u64, Bytes<'_>)], memory: u64, globals: &[u8]) -> Result<Changes, SandboxError> {
    let damaged = || refused("its memory does not fit");
    let pieces: Option<Vec<(usize, &[u8])>> =
        pieces.iter().map(|(at, bytes)| Some((usize::try_from(*at).ok()?, bytes.0))).collect();
    let globals = globals_from(globals).ok_or_else(damaged)?;
    let memory = usize::try_from(memory).map_err(|_| damaged())?;
    Changes::from_pieces(memory, globals, &pieces.ok_or_else(damaged)?)?.ok_or_else(damaged)
}

fn seal(setup: &Setup, bytes: &[u8]) -> Result<[u8; MAC], SandboxError> {
    Ok(*blake3::keyed_hash(&setup.seal_key()?, bytes).as_bytes())
}

fn refused(reason: impl Into<String>) -> SandboxError {
    SandboxError::NotRunnable { what: "snapshot".to_owned(), reason: reason.into() }
}

fn wider() -> SandboxError {
    SandboxError::SecurityViolation {
        context: SecurityContext {
            operation: "resume".to_owned(),
            target: "snapshot".to_owned(),
            capability: "policy".to_owned(),
            reason: Some("the snapshot's policy allows more than the sandbox's".to_owned()),
            count: 1,
        },
    }
}
