//! WASI 0.2: what it does otherwise than preview 1, whose acts are in `files.rs` and `paths.rs`. Every function takes and gives
//! plain numbers and bytes, so that any engine can link it. Those with a [`Step`] are called again when their wait is over, and
//! who calls counts the call.

mod poll;
pub(crate) mod sockets;
mod stream;

use std::{collections::VecDeque, sync::Arc};

use super::{
    Host, Step, Stop, Wait,
    control::Stream,
    descriptors::{Descriptor, FileFlags, OpenFile, Place},
    handles::{Handle, Input, Listing, Output},
    http::Message,
};
use crate::vfs::{DirEntry, Errno, FileKind, Quota};

/// Bytes that one call moves at most; a program that asks for more is given less, and asks again.
pub(crate) const PIECE: usize = 128 << 10;

/// Entries that a listing keeps for the calls to come: a guest can have thousands of listings.
const FETCHED: usize = 16;

/// Random bytes that are made before it is looked whether the guest's time is up; a gigabyte takes seconds.
const RANDOM_PIECE: usize = 1 << 20;

/// Why something did not happen: what the guest is told, or that it ends.
#[derive(Debug)]
pub(crate) enum Fault {
    Errno(Errno),
    /// A body would be longer than was said.
    Length(WrongLength),
    /// The stream has come to its end.
    Closed,
    Stop(Stop),
}

/// A body of another length than was said.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WrongLength {
    pub(crate) is_request: bool,
    pub(crate) written: u64,
}

/// What a guest is told of a stream that has failed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum StreamFailure {
    Errno(Errno),
    Length(WrongLength),
}

impl From<Errno> for Fault {
    fn from(errno: Errno) -> Self {
        Self::Errno(errno)
    }
}

impl From<Stop> for Fault {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

/// What a descriptor is open for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Access {
    pub(crate) kind: FileKind,
    pub(crate) read: bool,
    pub(crate) write: bool,
    pub(crate) flags: FileFlags,
}

/// Memory of the host's that a guest has while a call lasts.
pub(crate) struct Lent {
    quota: Arc<Quota>,
    bytes: u64,
}

impl Lent {
    /// Takes more of the guest's memory.
    pub(super) fn grow(&mut self, bytes: u64) -> Result<(), Stop> {
        self.quota.memory().take(bytes).map_err(Stop::Limit)?;
        self.bytes = self.bytes.saturating_add(bytes);
        Ok(())
    }

    /// Gives some of it back.
    pub(super) fn shrink(&mut self, bytes: u64) {
        let bytes = bytes.min(self.bytes);
        self.bytes = self.bytes.saturating_sub(bytes);
        self.quota.memory().give_back(bytes);
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.quota.memory().give_back(self.bytes);
    }
}

impl Host {
    pub(crate) fn arguments(&self) -> &[String] {
        &self.arguments
    }

    /// Names and values.
    pub(crate) fn environment(&self) -> impl Iterator<Item = (&str, &str)> {
        self.environment.iter().filter_map(|variable| variable.split_once('='))
    }

    /// Nanoseconds since 1970.
    pub(crate) fn wall_ns(&self) -> u64 {
        self.clocks.wall_ns()
    }

    pub(crate) fn monotonic_ns(&self) -> u64 {
        self.clocks.monotonic_ns()
    }

    pub(crate) fn resolution_ns(&self) -> u64 {
        self.clocks.resolution_ns()
    }

    /// Room for so many random bytes, as long as it is kept.
    ///
    /// # Errors
    /// The memory or the bytes that the guest may have would be exceeded.
    pub(crate) fn lend(&mut self, len: u64) -> Result<Lent, Stop> {
        self.count_bytes(len)?;
        self.quota.memory().take(len).map_err(Stop::Limit)?;
        Ok(Lent { quota: Arc::clone(&self.quota), bytes: len })
    }

    /// Appends random bytes until there are `len`.
    pub(crate) fn draw(&mut self, bytes: &mut Vec<u8>, len: u64) -> Result<Step<()>, Stop> {
        let begun = bytes.len();
        let piece = usize::try_from(len).unwrap_or(usize::MAX).saturating_sub(begun).min(RANDOM_PIECE);
        bytes.reserve_exact(usize::try_from(len).unwrap_or(usize::MAX).saturating_sub(begun));
        bytes.resize(begun.saturating_add(piece), 0);
        let drawn = self.random.fill(bytes.get_mut(begun..).unwrap_or_default());
        drawn.map_err(|_| Stop::Trap("the system gives no random numbers".to_owned()))?;
        Ok(if (bytes.len() as u64) < len { Step::Wait(Wait::moment()) } else { Step::Done(()) })
    }

    pub(crate) fn random_number(&mut self) -> Result<u64, Stop> {
        let mut bytes = Vec::with_capacity(8);
        self.draw(&mut bytes, 8)?;
        Ok(bytes.first_chunk().copied().map_or(0, u64::from_le_bytes))
    }

    /// The same for as long as an instance lives.
    pub(crate) fn insecure_seed(&mut self) -> Result<(u64, u64), Stop> {
        if let Some(seed) = self.insecure_seed {
            return Ok(seed);
        }
        let seed = (self.random_number()?, self.random_number()?);
        self.insecure_seed = Some(seed);
        Ok(seed)
    }

    /// The preopened directories: the descriptors that are there from the beginning, for who asks a second time copies.
    ///
    /// # Errors
    /// The limit on open files, which a guest that holds so many meets here.
    pub(crate) fn directories(&mut self) -> Result<Vec<(u32, String)>, Stop> {
        let name = |path: &str| if path.is_empty() { "/".to_owned() } else { path.to_owned() };
        if !std::mem::replace(&mut self.handles.has_directories, true) {
            let preopened = (0..).zip(self.descriptors.all()).filter_map(|(fd, descriptor)| match descriptor {
                Some(Descriptor::Directory(directory)) if directory.preopen => Some((fd, name(&directory.path))),
                _ => None,
            });
            return Ok(preopened.collect());
        }
        let mut copies = Vec::new();
        for directory in self.descriptors.preopened() {
            let name = name(&directory.path);
            match self.descriptors.insert(Descriptor::Directory(directory)) {
                Ok(fd) => copies.push((fd, name)),
                Err(errno) => return Err(self.descriptors.take_hit().map_or_else(|| lost(errno), Stop::Limit)),
            }
        }
        Ok(copies)
    }

    /// Whether a stream is a terminal: a handle for it.
    pub(crate) fn terminal(&mut self, stream: Stream) -> Result<Option<u32>, Stop> {
        if !self.streams.is_terminal(stream) {
            return Ok(None);
        }
        self.handles.insert(Handle::Terminal).map(Some)
    }

    pub(crate) fn stdin(&mut self) -> Result<u32, Stop> {
        self.handles.insert(Handle::Input(Input::Stdin))
    }

    /// Standard output or error.
    pub(crate) fn output(&mut self, stream: Stream) -> Result<u32, Stop> {
        self.handles.insert(Handle::Output(Output::Standard(stream)))
    }

    pub(crate) fn access(&mut self, fd: u32) -> Result<Access, Errno> {
        match self.descriptors.find(fd)? {
            Descriptor::File(OpenFile { read, write, flags, .. }) => {
                Ok(Access { kind: FileKind::File, read: *read, write: *write, flags: *flags })
            }
            // Rights to write are the tree's, and asked for by each act.
            Descriptor::Directory(directory) => {
                let write = matches!(&directory.place, Place::Tree(tree) if tree.is_writable());
                Ok(Access { kind: FileKind::Directory, read: true, write, flags: FileFlags::default() })
            }
            Descriptor::Stdin | Descriptor::Output(_) => Err(Errno::Badf),
        }
    }

    /// The guest's handle of a descriptor is gone.
    pub(crate) fn let_go(&mut self, fd: u32) -> Result<(), Stop> {
        self.descriptors.let_go(fd).map_err(lost)
    }

    /// A stream of a file's bytes from there on.
    pub(crate) fn read_stream(&mut self, fd: u32, position: u64) -> Result<u32, Fault> {
        self.descriptors.file(fd)?.check_read(position)?;
        self.held(fd, Handle::Input(Input::File { fd, position }))
    }

    /// A stream that writes from there on, or to the file's end.
    pub(crate) fn write_stream(&mut self, fd: u32, position: Option<u64>) -> Result<u32, Fault> {
        if !self.descriptors.file(fd)?.write {
            return Err(Errno::Badf.into());
        }
        self.held(fd, Handle::Output(Output::File { fd, position }))
    }

    /// A listing of a directory.
    pub(crate) fn list(&mut self, fd: u32) -> Result<u32, Fault> {
        self.descriptors.directory(fd)?;
        self.held(fd, Handle::Listing(Listing { fd, cursor: 0, fetched: VecDeque::new() }))
    }

    /// The next entry of a listing, which has neither `.` nor `..`.
    pub(crate) fn next_entry(&mut self, listing: u32) -> Result<Option<DirEntry>, Fault> {
        loop {
            let known = self.handles.listing(listing)?;
            if let Some(entry) = known.fetched.pop_front() {
                if entry.name == b"." || entry.name == b".." {
                    continue;
                }
                self.count_bytes(entry.name.len() as u64)?;
                return Ok(Some(entry));
            }
            let (fd, cursor) = (known.fd, known.cursor);
            let mut entries = self.entries(fd, cursor)?;
            entries.truncate(FETCHED);
            let Some(last) = entries.last() else { return Ok(None) };
            let known = self.handles.listing(listing)?;
            known.cursor = last.next;
            known.fetched = entries.into();
        }
    }

    /// A handle for an error that a guest is told of.
    pub(crate) fn error(&mut self, failure: StreamFailure) -> Result<u32, Stop> {
        self.handles.insert(Handle::Error(failure))
    }

    /// What the error was.
    pub(crate) fn stream_failure(&mut self, error: u32) -> Result<StreamFailure, Stop> {
        self.handles.error(error)
    }

    /// The guest has dropped a handle.
    pub(crate) fn drop_handle(&mut self, number: u32) -> Result<(), Stop> {
        let fd = match self.handles.remove(number)? {
            Handle::Input(Input::File { fd, .. })
            | Handle::Output(Output::File { fd, .. })
            | Handle::Listing(Listing { fd, .. }) => fd,
            Handle::Message(Message::FutureResponse(Some(request))) => {
                self.give_up(request);
                return Ok(());
            }
            Handle::Message(Message::OutgoingRequest(request)) => {
                request.body.stop_reading();
                return Ok(());
            }
            // An answer that nobody reads holds no connection.
            released @ (Handle::Message(_) | Handle::Input(Input::Body(_))) => {
                drop(released);
                return self.drive_requests().map(drop);
            }
            _ => return Ok(()),
        };
        self.descriptors.release(fd).map_err(lost)
    }

    fn held(&mut self, fd: u32, handle: Handle) -> Result<u32, Fault> {
        let number = self.handles.insert(handle)?;
        self.descriptors.hold(fd);
        Ok(number)
    }
}

/// Descriptors that guests have handles of are open.
#[cold]
fn lost(errno: Errno) -> Stop {
    Stop::Trap(format!("a descriptor of the guest's: {}", errno.text()))
}
