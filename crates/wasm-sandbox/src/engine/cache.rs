//! Results of expensive work on disk, for this user only: each entry is bound to its key and sealed with a keyed MAC, so
//! that one that was changed, cut short, copied from elsewhere or made by another version is not used.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, Write},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::SystemTime,
};

use rustix::fs::{FlockOperation, flock};
use wasm_sandbox_policy::{ByteSize, SandboxError};

/// The first bytes of every entry; the number counts up when the form changes.
const MAGIC: &[u8; 8] = b"wsbox\0\0\x01";
const MAC: usize = 32;

/// How often a write looks whether the directory has grown too large.
const WRITES_PER_SWEEP: u64 = 16;

/// What an entry is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CacheKey([u8; 32]);

impl CacheKey {
    /// The key of everything in `parts`, for one purpose.
    pub(crate) fn new(purpose: &str, parts: &[&[u8]]) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key(purpose);
        for part in parts {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Self(*hasher.finalize().as_bytes())
    }

    fn name(&self) -> String {
        blake3::Hash::from_bytes(self.0).to_hex().to_string()
    }
}

/// A directory of entries.
pub(crate) struct Cache {
    directory: PathBuf,
    secret: [u8; 32],
    limit: u64,
}

/// A large file that was kept, open for reading.
pub(crate) struct Kept {
    pub(crate) file: File,
    /// Of its contents.
    pub(crate) hash: [u8; 32],
    pub(crate) note: Vec<u8>,
}

/// Held while one process builds an entry that others want too.
pub(crate) struct Turn(#[expect(dead_code, reason = "closing it gives up the lock")] Option<File>);

static WRITES: AtomicU64 = AtomicU64::new(0);

impl Cache {
    /// Opens or makes the directory.
    ///
    /// # Errors
    /// It belongs to somebody else, or others can write to it.
    pub(crate) fn open(directory: &Path, limit: ByteSize) -> Result<Self, SandboxError> {
        let failed = |error: io::Error| SandboxError::internal(format!("the cache `{}`", directory.display()), error);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
        let metadata = fs::symlink_metadata(directory).map_err(failed)?;
        let private =
            metadata.is_dir() && metadata.mode() & 0o022 == 0 && metadata.uid() == rustix::process::geteuid().as_raw();
        if !private {
            return Err(SandboxError::Unenforceable {
                what: format!("that nobody else writes to the cache `{}`", directory.display()),
                reason: "it is a link, belongs to another user, or is writable by others".to_owned(),
            });
        }
        let secret = secret(directory).map_err(failed)?;
        Ok(Self { directory: directory.to_owned(), secret, limit: limit.as_u64() })
    }

    /// The entry's contents, if it is there and sound. One that is not sound is removed.
    pub(crate) fn read(&self, key: &CacheKey) -> Option<Vec<u8>> {
        let path = self.directory.join(key.name());
        let mut contents = self.read_file(&path)?;
        if !self.sound(key, &contents) {
            // Whatever it was, it is of no use; if it cannot be removed it will be refused again.
            let _ = fs::remove_file(&path);
            return None;
        }
        // The time of last use decides what goes first when room is needed.
        let _ = File::options()
            .write(true)
            .custom_flags(libc::O_NOFOLLOW)
            .open(&path)
            .and_then(|file| file.set_modified(SystemTime::now()));
        contents.truncate(contents.len() - MAC);
        contents.drain(..MAGIC.len() + 32);
        Some(contents)
    }

    /// Keeps an entry. A cache that cannot be written is slower, not wrong: there is nothing to report.
    pub(crate) fn write(&self, key: &CacheKey, contents: &[u8]) {
        if self.keep(key, contents).is_ok() && WRITES.fetch_add(1, Ordering::Relaxed).is_multiple_of(WRITES_PER_SWEEP) {
            self.sweep();
        }
    }

    /// As [`write`](Self::write), for what is no cache of anything else.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub(crate) fn keep(&self, key: &CacheKey, contents: &[u8]) -> io::Result<()> {
        let entry = [MAGIC.as_slice(), &key.0, contents].concat();
        let mac = blake3::keyed_hash(&self.secret, &entry);
        write_atomically(&self.directory, &key.name(), &[&entry, mac.as_bytes()])
    }

    /// The contents of all sound entries.
    pub(crate) fn entries(&self) -> Vec<Vec<u8>> {
        let Ok(files) = fs::read_dir(&self.directory) else { return Vec::new() };
        let names = files.filter_map(|file| file.ok()?.file_name().into_string().ok());
        let keys = names.filter_map(|name| blake3::Hash::from_hex(&name).ok());
        keys.filter_map(|key| self.read(&CacheKey(*key.as_bytes()))).collect()
    }

    /// Removes an entry, and the large file with it if there is one. One that is not there is removed.
    ///
    /// # Errors
    /// The directory cannot be written.
    pub(crate) fn remove(&self, key: &CacheKey) -> io::Result<()> {
        [self.large(key), self.directory.join(key.name())].iter().try_for_each(|path| match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        })
    }

    /// Waits until no other process or thread builds this entry.
    pub(crate) fn turn(&self, key: &CacheKey) -> Turn {
        let path = self.directory.join(format!("{}.lock", key.name()));
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(libc::O_NOFOLLOW)
            .open(path);
        Turn(file.ok().filter(|file| flock(file, FlockOperation::LockExclusive).is_ok()))
    }

    /// Keeps what is too large to be read whole each time, with a note that is sealed: the file's place for
    /// [`open_file`](Self::open_file).
    ///
    /// # Errors
    /// The directory cannot be written, or `write` fails.
    pub(crate) fn keep_file(
        &self,
        key: &CacheKey,
        note: &[u8],
        write: impl FnOnce(&mut File) -> io::Result<()>,
    ) -> io::Result<Kept> {
        let mut temporary = temporary(&self.directory)?;
        write(temporary.as_file_mut())?;
        let path = self.large(key);
        let file = temporary.persist(&path).map_err(|error| error.error)?;
        file.set_permissions(fs::Permissions::from_mode(0o400))?;
        let (hash, stamp) = (hash_of(&file)?, Stamp::of(&file)?);
        self.write(key, &Seal { hash, stamp, note: note.to_vec() }.to_bytes());
        Ok(Kept { file: File::open(path)?, hash, note: note.to_vec() })
    }

    /// A key for what else of this user's is to be sealed, one for each purpose.
    pub(crate) fn derived_key(&self, purpose: &str) -> [u8; 32] {
        blake3::derive_key(purpose, &self.secret)
    }

    /// The file that was kept under a key, and its note, if it is what was kept. Its contents are hashed when it is not the
    /// very file that was looked at before, by its inode and times: whoever can forge those as this user can read this
    /// directory's secret, too.
    pub(crate) fn open_file(&self, key: &CacheKey) -> Option<Kept> {
        let seal = Seal::from_bytes(&self.read(key)?)?;
        let path = self.large(key);
        let file = OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(&path).ok()?;
        let stamp = Stamp::of(&file).ok()?;
        if stamp == seal.stamp {
            return Some(Kept { file, hash: seal.hash, note: seal.note });
        }
        if !stamp.own || hash_of(&file).ok()? != seal.hash {
            let _ = fs::remove_file(&path);
            let _ = fs::remove_file(self.directory.join(key.name()));
            return None;
        }
        self.write(key, &Seal { stamp, ..seal.clone() }.to_bytes());
        Some(Kept { file, hash: seal.hash, note: seal.note })
    }

    fn large(&self, key: &CacheKey) -> PathBuf {
        self.directory.join(format!("{}.{LARGE}", key.name()))
    }

    fn read_file(&self, path: &Path) -> Option<Vec<u8>> {
        let mut file =
            OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK).open(path).ok()?;
        let metadata = file.metadata().ok()?;
        let own = metadata.is_file() && metadata.nlink() == 1 && metadata.uid() == rustix::process::geteuid().as_raw();
        if !own || metadata.len() > self.limit {
            return None;
        }
        // The whole entry is copied before it is looked at: a file that changes under a check proves nothing.
        let mut contents = Vec::with_capacity(usize::try_from(metadata.len()).ok()?);
        (&mut file).take(metadata.len()).read_to_end(&mut contents).ok()?;
        Some(contents)
    }

    fn sound(&self, key: &CacheKey, contents: &[u8]) -> bool {
        let Some((entry, mac)) = contents.split_last_chunk::<MAC>() else { return false };
        let header = [MAGIC.as_slice(), &key.0].concat();
        entry.starts_with(&header) && blake3::keyed_hash(&self.secret, entry) == *mac
    }

    /// Removes what was unused longest until the rest is within the limit, and whatever a killed writer left.
    fn sweep(&self) {
        let Ok(entries) = fs::read_dir(&self.directory) else { return };
        let mut files: Vec<(SystemTime, u64, PathBuf)> = entries
            .filter_map(Result::ok)
            .filter(|entry| entry.file_name() != SECRET)
            .filter_map(|entry| entry.metadata().ok().map(|metadata| (metadata, entry.path())))
            .filter(|(metadata, _)| metadata.is_file())
            .filter_map(|(metadata, path)| Some((last_use(&path, &metadata)?, metadata.len(), path)))
            .collect();
        files.sort();
        let mut total: u64 = files.iter().map(|(_, size, _)| size).sum();
        for (modified, size, path) in files {
            let age = modified.elapsed().unwrap_or_default();
            let leftover =
                path.extension().is_some_and(|ending| ending != LARGE) && age > std::time::Duration::from_secs(3600);
            if total <= self.limit && !leftover {
                continue;
            }
            if fs::remove_file(path).is_ok() {
                total = total.saturating_sub(size);
            }
        }
    }
}

/// What is sealed about a large file.
#[derive(Clone)]
struct Seal {
    hash: [u8; 32],
    stamp: Stamp,
    note: Vec<u8>,
}

impl Seal {
    fn to_bytes(&self) -> Vec<u8> {
        let numbers = self.stamp.numbers().into_iter().flat_map(u64::to_le_bytes);
        self.hash.into_iter().chain(numbers).chain(self.note.iter().copied()).collect()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (hash, rest) = bytes.split_first_chunk::<32>()?;
        let (numbers, note) = rest.split_first_chunk::<{ 8 * 6 }>()?;
        let mut numbers = numbers.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes));
        let mut next = || numbers.next();
        let stamp = Stamp {
            device: next()?,
            inode: next()?,
            size: next()?,
            modified_ns: next()?,
            changed_ns: next()?,
            own: next()? == 1,
        };
        Some(Self { hash: *hash, stamp, note: note.to_vec() })
    }
}

/// Which file this is and when it last changed.
#[derive(Clone, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    modified_ns: u64,
    changed_ns: u64,
    /// Whether it is a plain file of this user's under one name.
    own: bool,
}

impl Stamp {
    fn of(file: &File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        let nanos = |seconds: i64, nanos: i64| {
            seconds.cast_unsigned().wrapping_mul(1_000_000_000).wrapping_add(nanos.cast_unsigned())
        };
        Ok(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified_ns: nanos(metadata.mtime(), metadata.mtime_nsec()),
            changed_ns: nanos(metadata.ctime(), metadata.ctime_nsec()),
            own: metadata.is_file() && metadata.nlink() == 1 && metadata.uid() == rustix::process::geteuid().as_raw(),
        })
    }

    fn numbers(&self) -> [u64; 6] {
        [self.device, self.inode, self.size, self.modified_ns, self.changed_ns, u64::from(self.own)]
    }
}

fn hash_of(file: &File) -> io::Result<[u8; 32]> {
    let mut hasher = blake3::Hasher::new();
    let mut file = file.try_clone()?;
    file.rewind()?;
    io::copy(&mut file, &mut hasher)?;
    Ok(*hasher.finalize().as_bytes())
}

/// When an entry was last used. A large file's own times are sealed; its seal's are the ones that move.
fn last_use(path: &Path, metadata: &fs::Metadata) -> Option<SystemTime> {
    if path.extension().is_some_and(|ending| ending == LARGE)
        && let Ok(seal) = fs::metadata(path.with_extension(""))
    {
        return seal.modified().ok();
    }
    metadata.modified().ok()
}

const SECRET: &str = "key";

/// The ending of large files.
const LARGE: &str = "large";

/// The directory's secret; made on first use. One of the wrong length is replaced, and with it every entry is void.
fn secret(directory: &Path) -> io::Result<[u8; 32]> {
    let path = directory.join(SECRET);
    for _ in 0..8 {
        let mut contents = Vec::new();
        match OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW).open(&path) {
            Ok(file) => file.take(64).read_to_end(&mut contents)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        if let Ok(secret) = <[u8; 32]>::try_from(contents.as_slice()) {
            return Ok(secret);
        }
        if !contents.is_empty() {
            fs::remove_file(&path)?;
        }
        let mut fresh = [0; 32];
        getrandom::fill(&mut fresh).map_err(|error| io::Error::other(error.to_string()))?;
        // The first writer wins; whoever loses reads what it wrote.
        match link_new(directory, SECRET, &fresh) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    Err(io::Error::other("its key file changes all the time"))
}

fn temporary(directory: &Path) -> io::Result<tempfile::NamedTempFile> {
    tempfile::Builder::new().prefix("write-").suffix(".tmp").tempfile_in(directory)
}

fn write_atomically(directory: &Path, name: &str, parts: &[&[u8]]) -> io::Result<()> {
    let mut file = temporary(directory)?;
    for part in parts {
        file.write_all(part)?;
    }
    file.persist(directory.join(name)).map(|_| ()).map_err(|error| error.error)
}

fn link_new(directory: &Path, name: &str, contents: &[u8]) -> io::Result<()> {
    let mut file = temporary(directory)?;
    file.write_all(contents)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(directory.join(name)).map(|_| ()).map_err(|error| error.error)
}
