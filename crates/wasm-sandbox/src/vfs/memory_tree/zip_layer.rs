//! The files of a zip archive. The archive may be anybody's: what it costs to open one is bounded, and a file is inflated
//! as far as it is read, in steps, with nothing of it kept.

mod directory;
#[cfg(fuzzing)]
pub mod fuzzing;
mod stream;

use std::{collections::BTreeMap, fs::File, io, path::Path, sync::Arc, time::SystemTime};

use wasm_sandbox_policy::SandboxError;

use self::{
    directory::{Directory, Listed, data_start},
    stream::{Inflated, Packed, Stored},
};
use super::{
    MAX_NAME,
    lower::{Layer, LowerFile},
};
use crate::vfs::{Errno, FileKind, VfsResult};

/// Files and directories that an archive may have, those that are only named as parents included.
const MAX_ENTRIES: usize = 200_000;

/// Bytes that an entry's whole path may have.
const MAX_PATH: usize = 1024;

/// Bytes that a link's target may have.
const MAX_TARGET: u64 = 4096;

pub(super) struct ZipLayer {
    archive: Arc<File>,
    /// The root first; the others are found through it.
    entries: Vec<Entry>,
}

struct Entry {
    kind: FileKind,
    size: u64,
    /// Of a directory, where its entries are.
    children: BTreeMap<Vec<u8>, usize>,
    /// Of a file or link, where its bytes are.
    bytes: Option<Bytes>,
    /// Whether the archive has it, not only something inside of it.
    explicit: bool,
}

/// What the directory says about the bytes of an entry.
#[derive(Clone, Copy)]
struct Bytes {
    header: u64,
    packed_size: u64,
    crc: u32,
    method: Method,
}

#[derive(Clone, Copy)]
enum Method {
    Stored,
    Deflated,
    /// Encrypted, or in a way that few archives use.
    Unknown,
}

impl Entry {
    fn directory() -> Self {
        Self { kind: FileKind::Directory, size: 0, children: BTreeMap::new(), bytes: None, explicit: false }
    }
}

impl ZipLayer {
    pub(super) fn open(path: &Path) -> Result<Self, SandboxError> {
        let shown = path.display().to_string();
        let file = File::open(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => SandboxError::FileNotFound { path: shown.clone() },
            _ => SandboxError::internal(format!("opening `{shown}`"), error),
        })?;
        Self::read(file).map_err(|reason| SandboxError::internal(format!("reading the archive `{shown}`"), reason))
    }

    fn read(archive: File) -> Result<Self, String> {
        let directory = Directory::read(&archive)?;
        let mut layer = Self { archive: Arc::new(archive), entries: vec![Entry::directory()] };
        directory.entries(|listed| layer.add(&listed))?;
        Ok(layer)
    }

    fn add(&mut self, listed: &Listed<'_>) -> Result<(), String> {
        let shown = || listed.name.escape_ascii().take(MAX_NAME).map(char::from).collect::<String>();
        let mut here = 0;
        for part in parts(listed.name).ok_or_else(|| format!("`{}` leads elsewhere or is too long", shown()))? {
            here = self.child(here, part).map_err(|reason| format!("`{}` {reason}", shown()))?;
        }
        let entry = self.entries.get_mut(here).ok_or("an entry is lost")?;
        let kind = match (listed.name.ends_with(b"/"), listed.is_link) {
            (true, _) => FileKind::Directory,
            (false, true) => FileKind::Symlink,
            (false, false) => FileKind::File,
        };
        let is_directory = kind == FileKind::Directory;
        if entry.explicit || !entry.children.is_empty() && !is_directory {
            return Err(format!("`{}` is there twice", shown()));
        }
        (entry.kind, entry.explicit) = (kind, true);
        if !is_directory {
            (entry.size, entry.bytes) = (listed.size, Some(Bytes::of(listed)));
        }
        Ok(())
    }

    /// An entry of a directory, made if it is not there.
    fn child(&mut self, parent: usize, name: &[u8]) -> Result<usize, String> {
        let new = self.entries.len();
        let directory = self.entries.get_mut(parent).ok_or("is lost")?;
        if directory.kind != FileKind::Directory {
            return Err("is inside of a file".to_owned());
        }
        if let Some(child) = directory.children.get(name) {
            return Ok(*child);
        }
        if new > MAX_ENTRIES {
            return Err(format!("is one entry more than {MAX_ENTRIES}"));
        }
        directory.children.insert(name.to_vec(), new);
        self.entries.push(Entry::directory());
        Ok(new)
    }

    fn entry(&self, path: &[u8]) -> VfsResult<&Entry> {
        let mut here = self.entries.first();
        for part in path.split(|byte| *byte == b'/').filter(|part| !part.is_empty()) {
            here = here.and_then(|here| self.entries.get(*here.children.get(part)?));
        }
        here.ok_or(Errno::Noent)
    }
}

impl Bytes {
    fn of(listed: &Listed<'_>) -> Self {
        let method = match listed.method {
            _ if listed.is_encrypted => Method::Unknown,
            0 if listed.packed_size == listed.size => Method::Stored,
            8 => Method::Deflated,
            _ => Method::Unknown,
        };
        Self { header: listed.header, packed_size: listed.packed_size, crc: listed.crc, method }
    }
}

/// The parts of a name, if it stays inside.
fn parts(name: &[u8]) -> Option<impl Iterator<Item = &[u8]>> {
    let trimmed = name.strip_suffix(b"/").unwrap_or(name);
    let parts = trimmed.split(|byte| *byte == b'/');
    let wrong = |part: &[u8]| matches!(part, b"" | b"." | b"..") || part.len() > MAX_NAME;
    let wrong =
        trimmed.len() > MAX_PATH || trimmed.contains(&b'\\') || trimmed.contains(&0) || parts.clone().any(wrong);
    (!wrong).then_some(parts)
}

impl Layer for ZipLayer {
    fn list(&self, path: &[u8], most: usize) -> VfsResult<Vec<(Vec<u8>, FileKind)>> {
        let children = &self.entry(path)?.children;
        if children.len() > most {
            return Err(Errno::Nomem);
        }
        let children = children.iter();
        Ok(children.filter_map(|(name, child)| Some((name.clone(), self.entries.get(*child)?.kind))).collect())
    }

    fn stat(&self, path: &[u8]) -> VfsResult<(u64, (SystemTime, SystemTime, SystemTime))> {
        let epoch = SystemTime::UNIX_EPOCH;
        Ok((self.entry(path)?.size, (epoch, epoch, epoch)))
    }

    fn read_link(&self, path: &[u8]) -> VfsResult<Vec<u8>> {
        let size = self.entry(path)?.size;
        if size > MAX_TARGET {
            return Err(Errno::Nametoolong);
        }
        let (file, mut target) = (self.open(path)?, vec![0; usize::try_from(size).unwrap_or(0)]);
        let mut read = 0;
        while let Some(rest) = target.get_mut(read..).filter(|rest| !rest.is_empty()) {
            read += file.read_at(rest, read as u64)?;
        }
        Ok(target)
    }

    fn open(&self, path: &[u8]) -> VfsResult<Arc<dyn LowerFile>> {
        let entry = self.entry(path)?;
        let bytes = entry.bytes.ok_or(Errno::Isdir)?;
        let packed = Packed {
            archive: Arc::clone(&self.archive),
            start: data_start(&self.archive, bytes.header).ok_or(Errno::Io)?,
            len: bytes.packed_size,
            size: entry.size,
            crc: bytes.crc,
        };
        match bytes.method {
            Method::Stored => Ok(Arc::new(Stored(packed))),
            Method::Deflated => Ok(Arc::new(Inflated::new(packed))),
            Method::Unknown => Err(Errno::Notsup),
        }
    }
}
