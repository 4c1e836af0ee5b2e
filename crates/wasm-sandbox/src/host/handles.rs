//! What guests of WASI 0.2 hold besides descriptors: streams, pollables, listings, errors and sockets, in one table that has an end.

use std::{collections::VecDeque, sync::Arc, time::Instant};

use wasm_sandbox_policy::{LimitHit, ResourceKind};

use super::{
    Stop,
    clock::Sleep,
    control::Stream,
    http::{Message, Pipe, Way},
    net::Interest,
    wasi2::{StreamFailure, sockets::Socket},
};
use crate::vfs::DirEntry;

/// Things that a component and its callers may hold in handles at a time.
pub(crate) const MAX_HANDLES: u32 = 10_000;

/// One thing that a guest holds.
pub(super) enum Handle {
    Input(Input),
    Output(Output),
    Pollable(Pollable),
    Listing(Listing),
    Error(StreamFailure),
    Message(Message),
    Terminal,
    Socket(Socket),
}

/// Where an input stream reads.
#[derive(Clone)]
pub(super) enum Input {
    Stdin,
    File {
        fd: u32,
        position: u64,
    },
    Body(Arc<Pipe>),
    /// What a connection receives.
    Connection(u32),
    /// Nowhere any more: the guest has been told of its end, or of an error.
    Ended,
}

/// Where an output stream writes.
#[derive(Clone)]
pub(super) enum Output {
    Standard(Stream),
    /// Without a position it is the file's end.
    File {
        fd: u32,
        position: Option<u64>,
    },
    Body(Arc<Pipe>),
    /// What a connection sends.
    Connection(u32),
    /// Nowhere any more: the guest has been told of an error.
    Ended,
}

/// What can be waited for.
#[derive(Clone)]
pub(super) enum Pollable {
    /// It has come.
    Now,
    Stream(Stream),
    Clock {
        sleep: Sleep,
        since: Instant,
    },
    Body(Arc<Pipe>, Way),
    /// The answer to a request under way.
    Answer(u32),
    /// A direction of a connection.
    Connection(u32, Interest),
    /// The handle of a socket: what it is about, if anything.
    Socket(u32),
}

/// How far a directory was listed.
pub(super) struct Listing {
    pub(super) fd: u32,
    pub(super) cursor: u64,
    pub(super) fetched: VecDeque<DirEntry>,
}

/// All handles of one sandbox.
#[derive(Default)]
pub(super) struct Handles {
    table: Vec<Option<Handle>>,
    free: Vec<u32>,
    /// Whether the guest has its preopened directories.
    pub(super) has_directories: bool,
}

impl Handles {
    /// # Errors
    /// The guest ends that holds too many.
    pub(super) fn insert(&mut self, handle: Handle) -> Result<u32, Stop> {
        if let Some(number) = self.free.pop() {
            if let Some(slot) = self.table.get_mut(number as usize) {
                *slot = Some(handle);
            }
            return Ok(number);
        }
        let number = u32::try_from(self.table.len()).unwrap_or(u32::MAX);
        if number >= MAX_HANDLES {
            let (used, limit) = (u64::from(number) + 1, MAX_HANDLES.into());
            return Err(Stop::Limit(LimitHit { kind: ResourceKind::Handles, used, limit }));
        }
        self.table.push(Some(handle));
        Ok(number)
    }

    pub(super) fn remove(&mut self, number: u32) -> Result<Handle, Stop> {
        let handle = self.table.get_mut(number as usize).and_then(Option::take).ok_or_else(foreign)?;
        self.free.push(number);
        Ok(handle)
    }

    pub(super) fn input(&mut self, number: u32) -> Result<&mut Input, Stop> {
        match self.find(number)? {
            Handle::Input(input) => Ok(input),
            _ => Err(foreign()),
        }
    }

    pub(super) fn output(&mut self, number: u32) -> Result<&mut Output, Stop> {
        match self.find(number)? {
            Handle::Output(output) => Ok(output),
            _ => Err(foreign()),
        }
    }

    pub(super) fn pollable(&mut self, number: u32) -> Result<Pollable, Stop> {
        match self.find(number)? {
            Handle::Pollable(pollable) => Ok(pollable.clone()),
            _ => Err(foreign()),
        }
    }

    pub(super) fn listing(&mut self, number: u32) -> Result<&mut Listing, Stop> {
        match self.find(number)? {
            Handle::Listing(listing) => Ok(listing),
            _ => Err(foreign()),
        }
    }

    pub(super) fn message(&mut self, number: u32) -> Result<&mut Message, Stop> {
        match self.find(number)? {
            Handle::Message(message) => Ok(message),
            _ => Err(foreign()),
        }
    }

    pub(super) fn error(&mut self, number: u32) -> Result<StreamFailure, Stop> {
        match self.find(number)? {
            Handle::Error(failure) => Ok(*failure),
            _ => Err(foreign()),
        }
    }

    pub(super) fn socket(&mut self, number: u32) -> Result<&mut Socket, Stop> {
        match self.find(number)? {
            Handle::Socket(socket) => Ok(socket),
            _ => Err(foreign()),
        }
    }

    fn find(&mut self, number: u32) -> Result<&mut Handle, Stop> {
        self.table.get_mut(number as usize).and_then(Option::as_mut).ok_or_else(foreign)
    }
}

/// Engines give a guest only its own handles, each with its type.
#[cold]
pub(crate) fn foreign() -> Stop {
    Stop::Trap("a handle of the guest's is not of its type".to_owned())
}
