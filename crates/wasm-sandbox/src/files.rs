//! What a guest's mounts hold, for the caller: what a program left in a tree in memory or changed in an overlay.

use std::{path::Path, sync::Arc};

use serde::Serialize;
use wasm_sandbox_policy::{ByteSize, GuestPath, MountAccess, Plain, ResourceKind, ResourceLimits, SandboxError};

use crate::{
    host::Namespace,
    vfs::{Dir, DirEntry, Errno, File, FileKind, HostTree, OpenHow, Opened, Quota, VfsResult},
};

/// Bytes that are read or copied at a time.
const CHUNK: usize = 64 << 10;

/// Entries that are listed at a time.
const ENTRIES: usize = 1024;

/// The files in a guest's mounts, as the guest sees them: under the same paths, with an overlay's changes and over the same
/// walls, so that no link of the guest's leads the caller anywhere else. Keeps trees in memory for as long as it is kept.
///
/// ```
/// use wasm_sandbox::{ByteUnits, WasmSandbox};
/// # let program: &[u8] = br#"(module
/// #   (import "wasi_snapshot_preview1" "path_open"
/// #     (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
/// #   (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
/// #   (memory (export "memory") 1)
/// #   (data (i32.const 0) "note") (data (i32.const 16) "\20\00\00\00\05\00\00\00") (data (i32.const 32) "hello")
/// #   (func (export "_start")
/// #     (drop (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 4) (i32.const 1) (i64.const 64)
/// #       (i64.const 0) (i32.const 0) (i32.const 8)))
/// #     (drop (call $write (i32.load (i32.const 8)) (i32.const 16) (i32.const 1) (i32.const 12)))))"#;
/// let sandbox = WasmSandbox::builder()
/// #   .setup(wasm_sandbox::Setup::default())
///     .source(program) // writes `hello` to `/out/note`
///     .policy(|policy| policy.filesystem_memory("/out"))
///     .build_blocking()?;
/// let (result, files) = sandbox.execute_with_files::<[String; 0]>([])?;
/// assert_eq!(result.files.created, ["/out/note"]);
/// assert_eq!(files.read("/out/note", 1.mb())?, b"hello");
/// # Ok::<(), wasm_sandbox::SandboxError>(())
/// ```
#[derive(Clone, Default)]
pub struct Files(Namespace);

/// One entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FileEntry {
    /// Its name; what is not UTF-8 in it became U+FFFD, and it cannot be read under that name.
    pub name: String,
    /// What it is; a link is not followed.
    pub kind: FileKind,
    /// Bytes of a file, 0 of anything else.
    pub size: u64,
}

impl Files {
    pub(crate) fn new(namespace: Namespace) -> Self {
        Self(namespace)
    }

    /// The entries of a directory, sorted by name. Paths are absolute, as the guest sees them.
    ///
    /// # Errors
    /// [`SandboxError::FileNotFound`] when no such directory is mounted; a failure of the host's own files.
    pub fn list(&self, directory: &str) -> Result<Vec<FileEntry>, SandboxError> {
        let path = guest_path(directory)?;
        let mut entries = match self.directory(&path) {
            Ok(directory) => entries(&*directory).map_err(|errno| failed("listing", &path, errno))?,
            Err(_) if self.0.above(&path) => self.above(&path),
            Err(errno) => return Err(failed("listing", &path, errno)),
        };
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// [`SandboxError::FileNotFound`]; [`SandboxError::ResourceExhausted`] of the kind `file size` when there are more than
    /// `at_most`; a directory, a link that leads out of its mount, or a failure of the host's own files.
    pub fn read(&self, path: &str, at_most: ByteSize) -> Result<Vec<u8>, SandboxError> {
        let (path, limit) = (guest_path(path)?, at_most.as_u64());
        let mut bytes = Vec::new();
        let outcome = self.file(&path).and_then(|file| {
            copy(&*file, |chunk| {
                bytes.extend_from_slice(chunk);
                if bytes.len() as u64 > limit { Err(Errno::Fbig) } else { Ok(()) }
            })
        });
        let used = bytes.len() as u64;
        match outcome {
            Err(Errno::Fbig) => Err(SandboxError::ResourceExhausted { kind: ResourceKind::FileSize, used, limit }),
            outcome => outcome.map(|()| bytes).map_err(|errno| failed("reading", &path, errno)),
        }
    }

    /// Copies what is in a directory, and in those inside of it, into a directory of the host's, and says how many bytes
    /// that were. Files that are there already are overwritten, others stay. Links and what is neither file nor directory
    /// are left out, no link in the host's directory is followed, and no file is made that can be run.
    ///
    /// # Errors
    /// [`SandboxError::FileNotFound`] for either directory; [`SandboxError::ResourceExhausted`] of the kind `disk` when there
    /// are more bytes than `at_most`, those that fit having been copied; a failure of the host's own files.
    pub fn copy_to(&self, directory: &str, host: impl AsRef<Path>, at_most: ByteSize) -> Result<u64, SandboxError> {
        let path = guest_path(directory)?;
        let source = self.directory(&path).map_err(|errno| failed("copying", &path, errno))?;
        let limits = ResourceLimits { disk: at_most, file_size: at_most, files: u64::MAX, ..ResourceLimits::default() };
        let target = HostTree::open(host.as_ref(), MountAccess::Write, Arc::new(Quota::new(&limits)))?;
        let limit = at_most.as_u64();
        let mut copying = Copying { source, target, folders: vec![String::new()], bytes: 0, limit };
        while let Some(folder) = copying.folders.pop() {
            copying.folder(&folder).map_err(|(name, errno)| match errno {
                Errno::Fbig => {
                    let (kind, used) = (ResourceKind::Disk, limit.saturating_add(1));
                    SandboxError::ResourceExhausted { kind, used, limit }
                }
                errno => failed("copying", &format!("{path}/{name}"), errno),
            })?;
        }
        Ok(copying.bytes)
    }

    fn directory(&self, path: &str) -> VfsResult<Arc<dyn Dir>> {
        let place = self.0.locate(path, false).ok_or(Errno::Noent)?;
        open_directory(&*place.directory, &place.rest, true)
    }

    fn file(&self, path: &str) -> VfsResult<Box<dyn File>> {
        let place = self.0.locate(path, false).ok_or(Errno::Noent)?;
        open_file(&*place.directory, &place.rest, true)
    }

    fn above(&self, path: &str) -> Vec<FileEntry> {
        let names = self.0.names_above(if path == "/" { "" } else { path });
        names.into_iter().filter(is_own).map(|entry| described(entry, 0)).collect()
    }
}

/// A path as the guest sees it.
fn guest_path(path: &str) -> Result<String, SandboxError> {
    let parsed: Result<GuestPath, _> = path.parse();
    parsed
        .map(|path| path.as_str().to_owned())
        .map_err(|_| SandboxError::FileNotFound { path: Plain::line(path).to_string() })
}

fn failed(act: &str, path: &str, errno: Errno) -> SandboxError {
    let path = Plain::line(path).to_string();
    match errno {
        Errno::Noent | Errno::Notdir => SandboxError::FileNotFound { path },
        errno => SandboxError::internal(format!("{act} `{path}`"), errno.text()),
    }
}

fn open_directory(from: &dyn Dir, path: &str, follow: bool) -> VfsResult<Arc<dyn Dir>> {
    match from.open(path, OpenHow { read: true, directory: true, follow, ..OpenHow::default() })? {
        Opened::Directory(directory) => Ok(directory),
        Opened::File { .. } => Err(Errno::Notdir),
    }
}

fn open_file(from: &dyn Dir, path: &str, follow: bool) -> VfsResult<Box<dyn File>> {
    match from.open(path, OpenHow { read: true, follow, ..OpenHow::default() })? {
        Opened::File { file, .. } => Ok(file),
        Opened::Directory(_) => Err(Errno::Isdir),
    }
}

fn entries(directory: &dyn Dir) -> VfsResult<Vec<FileEntry>> {
    let (mut all, mut cursor) = (Vec::new(), 0);
    loop {
        let some = directory.entries(cursor, ENTRIES)?;
        let Some(last) = some.last() else { return Ok(all) };
        cursor = last.next;
        for entry in some.into_iter().filter(is_own) {
            let size = match std::str::from_utf8(&entry.name) {
                Ok(name) if entry.kind == FileKind::File => directory.stat(name, false)?.size,
                _ => 0,
            };
            all.push(described(entry, size));
        }
    }
}

fn is_own(entry: &DirEntry) -> bool {
    !matches!(entry.name.as_slice(), b"." | b"..")
}

fn described(entry: DirEntry, size: u64) -> FileEntry {
    FileEntry { name: String::from_utf8_lossy(&entry.name).into_owned(), kind: entry.kind, size }
}

/// Hands a file's bytes to `take`.
fn copy(file: &dyn File, mut take: impl FnMut(&[u8]) -> VfsResult<()>) -> VfsResult<()> {
    let (mut chunk, mut at) = (vec![0; CHUNK], 0);
    loop {
        match file.read_at(&mut chunk, at) {
            Ok(0) => return Ok(()),
            Ok(read) => {
                take(chunk.get(..read).unwrap_or_default())?;
                at += read as u64;
            }
            Err(Errno::Again) => {}
            Err(errno) => return Err(errno),
        }
    }
}

/// Files on their way from one tree to another.
struct Copying {
    source: Arc<dyn Dir>,
    target: Arc<dyn Dir>,
    /// Those that are still to be copied; the root is the empty path.
    folders: Vec<String>,
    bytes: u64,
    limit: u64,
}

impl Copying {
    /// Copies the files of one folder and makes its folders. The error names the entry; it is [`Errno::Fbig`] when there
    /// are more bytes than `limit`.
    fn folder(&mut self, folder: &str) -> Result<(), (String, Errno)> {
        let listed = open_directory(&*self.source, if folder.is_empty() { "." } else { folder }, false);
        let listed = listed.and_then(|directory| entries(&*directory)).map_err(|errno| (folder.to_owned(), errno))?;
        for entry in listed {
            let path = if folder.is_empty() { entry.name } else { format!("{folder}/{}", entry.name) };
            let outcome = match entry.kind {
                FileKind::Directory => self.make(&path).map(|()| self.folders.push(path.clone())),
                FileKind::File => self.file(&path),
                FileKind::Symlink | FileKind::Other => Ok(()),
            };
            outcome.map_err(|errno| (path, errno))?;
        }
        Ok(())
    }

    fn make(&self, path: &str) -> VfsResult<()> {
        match self.target.create_directory(path) {
            Err(Errno::Exist) if self.target.stat(path, false)?.kind == FileKind::Directory => Ok(()),
            outcome => outcome,
        }
    }

    fn file(&mut self, path: &str) -> VfsResult<()> {
        let from = open_file(&*self.source, path, false)?;
        let how = OpenHow { write: true, create: true, truncate: true, ..OpenHow::default() };
        let Opened::File { file: mut to, .. } = self.target.open(path, how)? else { return Err(Errno::Isdir) };
        copy(&*from, |chunk| {
            let room = usize::try_from(self.limit - self.bytes).unwrap_or(usize::MAX).min(chunk.len());
            let mut rest = chunk.get(..room).unwrap_or_default();
            while !rest.is_empty() {
                let (written, _) = to.append(rest)?;
                self.bytes += written as u64;
                rest = rest.get(written..).unwrap_or_default();
            }
            if room < chunk.len() { Err(Errno::Fbig) } else { Ok(()) }
        })
    }
}
