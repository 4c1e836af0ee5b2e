//! The layer below a tree in memory: only read. Links in it are the tree's business; no path given here has one.

use std::{os::fd::OwnedFd, path::Path, sync::Arc, time::SystemTime};

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags};
use wasm_sandbox_policy::SandboxError;

use crate::vfs::{
    Errno, FileKind, VfsResult,
    host_tree::errors::{errno, kind, stat},
};

/// Access, modification and change.
type Times = (SystemTime, SystemTime, SystemTime);

/// Files that can be listed and read. Paths are relative to its root, which is the empty path.
pub(super) trait Layer: Send + Sync {
    /// [`Errno::Nomem`] when there are more than `most`.
    fn list(&self, path: &[u8], most: usize) -> VfsResult<Vec<(Vec<u8>, FileKind)>>;
    fn stat(&self, path: &[u8]) -> VfsResult<(u64, Times)>;
    fn read_link(&self, path: &[u8]) -> VfsResult<Vec<u8>>;
    fn open(&self, path: &[u8]) -> VfsResult<Arc<dyn LowerFile>>;
}

/// A file of the layer, open.
pub(super) trait LowerFile: Send + Sync {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> VfsResult<usize>;
}

/// A directory of the host.
pub(super) struct HostLayer(OwnedFd);

impl HostLayer {
    pub(super) fn open(path: &Path) -> Result<Self, SandboxError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        rustix::fs::open(path, flags, Mode::empty()).map(Self).map_err(|error| {
            let path = path.display().to_string();
            match error {
                rustix::io::Errno::NOENT => SandboxError::FileNotFound { path },
                error => SandboxError::internal(format!("opening the directory `{path}`"), error),
            }
        })
    }

    /// Opens a path in which the kernel follows no link, whatever the host changes meanwhile.
    fn resolve(&self, path: &[u8], flags: OFlags) -> VfsResult<OwnedFd> {
        let path = if path.is_empty() { b"." } else { path };
        let beneath = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        let flags = flags | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        rustix::fs::openat2(&self.0, path, flags, Mode::empty(), beneath).map_err(|error| match error {
            rustix::io::Errno::XDEV | rustix::io::Errno::LOOP => Errno::Notcapable,
            error => errno(error),
        })
    }
}

impl Layer for HostLayer {
    fn list(&self, path: &[u8], most: usize) -> VfsResult<Vec<(Vec<u8>, FileKind)>> {
        let directory = self.resolve(path, OFlags::RDONLY | OFlags::DIRECTORY)?;
        let entries = rustix::fs::Dir::read_from(&directory).map_err(errno)?;
        let mut found = Vec::new();
        for entry in entries {
            let entry = entry.map_err(errno)?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                if found.len() == most {
                    return Err(Errno::Nomem);
                }
                found.push((name.to_vec(), kind(entry.file_type())));
            }
        }
        Ok(found)
    }

    fn stat(&self, path: &[u8]) -> VfsResult<(u64, Times)> {
        let found = rustix::fs::fstat(self.resolve(path, OFlags::PATH)?).map_err(errno)?;
        let found = stat(&found);
        let or_now = |time: Option<SystemTime>| time.unwrap_or_else(SystemTime::now);
        Ok((found.size, (or_now(found.accessed), or_now(found.modified), or_now(found.changed))))
    }

    fn read_link(&self, path: &[u8]) -> VfsResult<Vec<u8>> {
        let (parent, name) = match path.iter().rposition(|byte| *byte == b'/') {
            Some(at) => (path.get(..at).unwrap_or_default(), path.get(at + 1..).unwrap_or_default()),
            None => (&b""[..], path),
        };
        let parent = self.resolve(parent, OFlags::PATH | OFlags::DIRECTORY)?;
        rustix::fs::readlinkat(parent, name, Vec::new()).map(std::ffi::CString::into_bytes).map_err(errno)
    }

    fn open(&self, path: &[u8]) -> VfsResult<Arc<dyn LowerFile>> {
        let file = self.resolve(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?;
        let found = rustix::fs::fstat(&file).map_err(errno)?;
        if FileType::from_raw_mode(found.st_mode) != FileType::RegularFile {
            return Err(Errno::Acces);
        }
        Ok(Arc::new(HostLayerFile(file)))
    }
}

struct HostLayerFile(OwnedFd);

impl LowerFile for HostLayerFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> VfsResult<usize> {
        rustix::io::pread(&self.0, buffer, offset).map_err(errno)
    }
}
