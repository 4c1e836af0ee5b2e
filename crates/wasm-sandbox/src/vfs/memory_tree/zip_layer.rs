//! The files of a zip archive.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use wasm_sandbox_policy::SandboxError;
use zip::ZipArchive;

use super::lower::{Layer, LowerFile};
use crate::vfs::{Errno, FileKind, VfsResult};

/// Bytes that one file may inflate to.
const MAX_FILE: u64 = 512 << 20;

/// Entries that an archive may have.
const MAX_ENTRIES: usize = 200_000;

/// Bytes that a link's target may have.
const MAX_TARGET: u64 = 4096;

pub(super) struct ZipLayer {
    archive: Mutex<ZipArchive<File>>,
    /// By path; the empty path is the root.
    entries: BTreeMap<Vec<u8>, Entry>,
}

struct Entry {
    kind: FileKind,
    index: usize,
    size: u64,
}

impl ZipLayer {
    pub(super) fn open(path: &Path) -> Result<Self, SandboxError> {
        let shown = path.display().to_string();
        let file = File::open(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => SandboxError::FileNotFound { path: shown.clone() },
            _ => SandboxError::internal(format!("opening `{shown}`"), error),
        })?;
        let refuse = |reason: String| SandboxError::internal(format!("reading the archive `{shown}`"), reason);
        let mut archive = ZipArchive::new(file).map_err(|error| refuse(error.to_string()))?;
        if archive.len() > MAX_ENTRIES {
            return Err(refuse(format!("it has more than {MAX_ENTRIES} entries")));
        }
        let mut entries = BTreeMap::new();
        entries.insert(Vec::new(), Entry { kind: FileKind::Directory, index: 0, size: 0 });
        for index in 0..archive.len() {
            let entry = archive.by_index_raw(index).map_err(|error| refuse(error.to_string()))?;
            let name = checked(entry.name()).map_err(&refuse)?;
            let kind = if entry.is_dir() {
                FileKind::Directory
            } else if entry.is_symlink() {
                FileKind::Symlink
            } else {
                FileKind::File
            };
            for (at, _) in name.match_indices('/') {
                let parent = name.as_bytes().get(..at).unwrap_or_default().to_vec();
                let made = entries.entry(parent).or_insert(Entry { kind: FileKind::Directory, index: 0, size: 0 });
                if made.kind != FileKind::Directory {
                    return Err(refuse(format!("`{}` is inside of a file", name.escape_debug())));
                }
            }
            let replaced = entries.insert(name.clone().into_bytes(), Entry { kind, index, size: entry.size() });
            if replaced.is_some_and(|replaced| replaced.kind != FileKind::Directory || kind != FileKind::Directory) {
                return Err(refuse(format!("`{}` is there twice", name.escape_debug())));
            }
        }
        Ok(Self { archive: Mutex::new(archive), entries })
    }

    fn entry(&self, path: &[u8]) -> VfsResult<&Entry> {
        self.entries.get(path).ok_or(Errno::Noent)
    }

    /// The contents of an entry, never more than it declares or than `most`.
    fn contents(&self, entry: &Entry, most: u64) -> VfsResult<Vec<u8>> {
        if entry.size > most {
            return Err(Errno::Fbig);
        }
        let mut archive = self.archive.lock().unwrap_or_else(PoisonError::into_inner);
        let file = archive.by_index(entry.index).map_err(|_| Errno::Io)?;
        let mut contents = Vec::new();
        file.take(entry.size.saturating_add(1)).read_to_end(&mut contents).map_err(|_| Errno::Io)?;
        if contents.len() as u64 == entry.size { Ok(contents) } else { Err(Errno::Io) }
    }
}

/// A name that stays inside, without a slash at its end.
fn checked(name: &str) -> Result<String, String> {
    let wrong = name.starts_with('/')
        || name.contains(['\\', '\0'])
        || name.trim_end_matches('/').split('/').any(|part| matches!(part, "" | "." | ".."));
    if wrong {
        Err(format!("the name `{}` leads elsewhere", name.escape_debug()))
    } else {
        Ok(name.trim_end_matches('/').to_owned())
    }
}

impl Layer for ZipLayer {
    fn list(&self, path: &[u8]) -> VfsResult<Vec<(Vec<u8>, FileKind)>> {
        let prefix = if path.is_empty() { Vec::new() } else { [path, b"/"].concat() };
        let below = self.entries.range(prefix.clone()..).take_while(|(name, _)| name.starts_with(&prefix));
        let direct = below.filter_map(|(name, entry)| {
            let rest = name.get(prefix.len()..)?;
            (!rest.is_empty() && !rest.contains(&b'/')).then(|| (rest.to_vec(), entry.kind))
        });
        Ok(direct.collect())
    }

    fn stat(&self, path: &[u8]) -> VfsResult<(u64, (SystemTime, SystemTime, SystemTime))> {
        let epoch = SystemTime::UNIX_EPOCH;
        Ok((self.entry(path)?.size, (epoch, epoch, epoch)))
    }

    fn read_link(&self, path: &[u8]) -> VfsResult<Vec<u8>> {
        self.contents(self.entry(path)?, MAX_TARGET)
    }

    fn open(&self, path: &[u8]) -> VfsResult<Arc<dyn LowerFile>> {
        Ok(Arc::new(Inflated(self.contents(self.entry(path)?, MAX_FILE)?)))
    }
}

/// A file of the archive, inflated while it is open.
struct Inflated(Vec<u8>);

impl LowerFile for Inflated {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> VfsResult<usize> {
        let rest = usize::try_from(offset).ok().and_then(|offset| self.0.get(offset..)).unwrap_or_default();
        let len = rest.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(rest) {
            *to = *from;
        }
        Ok(len)
    }
}
