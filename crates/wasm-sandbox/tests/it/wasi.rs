//! A guest that makes one WASI call at a time, with exactly the numbers and bytes that a test says.

use std::sync::{Arc, Mutex};

use wasm_sandbox::{Denial, LimitHit, SandboxError, SandboxResult, Setup, WasmSandbox, WasmSandboxBuilder, blocking};

use crate::wat;

/// The functions used, each with its parameters: `i` for 32 bits and `I` for 64.
const FUNCTIONS: &[(&str, &str)] = &[
    ("fd_allocate", "iII"),
    ("fd_close", "i"),
    ("fd_fdstat_get", "ii"),
    ("fd_fdstat_set_flags", "ii"),
    ("fd_filestat_set_size", "iI"),
    ("fd_filestat_set_times", "iIIi"),
    ("fd_pread", "iiiIi"),
    ("fd_prestat_get", "ii"),
    ("fd_pwrite", "iiiIi"),
    ("fd_read", "iiii"),
    ("fd_readdir", "iiiIi"),
    ("fd_renumber", "ii"),
    ("fd_seek", "iIii"),
    ("fd_write", "iiii"),
    ("path_create_directory", "iii"),
    ("path_filestat_get", "iiiii"),
    ("path_filestat_set_times", "iiiiIIi"),
    ("path_link", "iiiiiii"),
    ("path_open", "iiiiiIIii"),
    ("path_remove_directory", "iii"),
    ("path_rename", "iiiiii"),
    ("path_symlink", "iiiii"),
    ("path_unlink_file", "iii"),
];

/// Where things are in the guest's memory.
const OUT: i64 = 256;
const VECTOR: i64 = 512;
const FIRST: i64 = 1024;
const SECOND: i64 = 16 << 10;
const BUFFER: i64 = 64 << 10;
const PAGES: u32 = 100;

pub(crate) const CREATE: i64 = 1;
pub(crate) const DIRECTORY: i64 = 2;
pub(crate) const TRUNCATE: i64 = 8;
pub(crate) const READ: i64 = 1 << 1;
pub(crate) const WRITE: i64 = 1 << 6;

/// The number of an errno, as preview 1 counts them.
pub(crate) type Errno = i32;
pub(crate) const ACCES: Errno = 2;
pub(crate) const BADF: Errno = 8;
pub(crate) const FBIG: Errno = 22;
pub(crate) const ILSEQ: Errno = 25;
pub(crate) const INVAL: Errno = 28;
pub(crate) const ISDIR: Errno = 31;
pub(crate) const MFILE: Errno = 33;
pub(crate) const NAMETOOLONG: Errno = 37;
pub(crate) const NOENT: Errno = 44;
pub(crate) const NOTDIR: Errno = 54;
pub(crate) const PERM: Errno = 63;
pub(crate) const ROFS: Errno = 69;

pub(crate) struct Guest {
    pub(crate) sandbox: blocking::WasmSandbox,
    shared: Arc<Mutex<Vec<u8>>>,
    last: Option<SandboxResult>,
}

/// What a `filestat` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileStat {
    pub(crate) inode: u64,
    pub(crate) kind: u8,
    pub(crate) size: u64,
    pub(crate) accessed: u64,
    pub(crate) modified: u64,
}

/// One entry of a listing, and all bytes of its header that are padding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) next: u64,
    pub(crate) inode: u64,
    pub(crate) name: Vec<u8>,
    pub(crate) kind: u8,
    pub(crate) padding: [u8; 3],
}

impl Guest {
    pub(crate) fn new(build: impl FnOnce(WasmSandboxBuilder) -> WasmSandboxBuilder) -> Self {
        let shared = Arc::new(Mutex::new(Vec::new()));
        let (give, take) = (Arc::clone(&shared), Arc::clone(&shared));
        let builder = WasmSandbox::builder()
            .setup(Setup::default())
            .source(wat(&module()))
            .host_function("env", "give", move |call, (at,): (u32,)| call.write(at, &give.lock().unwrap()))
            .host_function("env", "take", move |call, (at, len): (u32, u32)| {
                *take.lock().unwrap() = call.bytes(at, len)?.to_vec();
                Ok(())
            });
        Self { sandbox: build(builder).build_blocking().unwrap(), shared, last: None }
    }

    /// Puts bytes into the guest's memory.
    pub(crate) fn give(&mut self, at: i64, bytes: &[u8]) {
        *self.shared.lock().unwrap() = bytes.to_vec();
        self.sandbox.call::<_, ()>("give", (at,)).unwrap();
    }

    /// Takes bytes from the guest's memory.
    pub(crate) fn take(&mut self, at: i64, len: usize) -> Vec<u8> {
        self.sandbox.call::<_, ()>("take", (at, len)).unwrap();
        std::mem::take(&mut self.shared.lock().unwrap())
    }

    fn take_number<const N: usize>(&mut self, at: i64) -> [u8; N] {
        self.take(at, N).try_into().unwrap()
    }

    /// Makes one call.
    pub(crate) fn call(&mut self, function: &str, arguments: &[i64]) -> Result<(), Errno> {
        match self.try_call(function, arguments).unwrap() {
            0 => Ok(()),
            errno => Err(errno),
        }
    }

    pub(crate) fn try_call(&mut self, function: &str, arguments: &[i64]) -> Result<Errno, SandboxError> {
        let bytes: Vec<u8> = arguments.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.give(0, &bytes);
        let outcome = self.sandbox.call::<_, i32>(function, ());
        self.last = Some(self.sandbox.take_report());
        outcome
    }

    /// What the last WASI call was refused.
    pub(crate) fn denials(&self) -> &[Denial] {
        &self.last.as_ref().unwrap().denials
    }

    pub(crate) fn limits_hit(&self) -> &[LimitHit] {
        &self.last.as_ref().unwrap().limits_hit
    }

    fn path(&mut self, at: i64, path: impl AsRef<[u8]>) -> [i64; 2] {
        self.give(at, path.as_ref());
        [at, path.as_ref().len() as i64]
    }

    pub(crate) fn open(&mut self, fd: i64, path: impl AsRef<[u8]>, flags: i64, rights: i64) -> Result<i64, Errno> {
        self.open_with(fd, path, flags, rights, 0)
    }

    /// With `fdflags`, too.
    pub(crate) fn open_with(
        &mut self,
        fd: i64,
        path: impl AsRef<[u8]>,
        flags: i64,
        rights: i64,
        fdflags: i64,
    ) -> Result<i64, Errno> {
        let [path, len] = self.path(FIRST, path);
        self.call("path_open", &[fd, 1, path, len, flags, rights, 0, fdflags, OUT])?;
        Ok(u32::from_le_bytes(self.take_number(OUT)).into())
    }

    /// The `fdflags` of what is open.
    pub(crate) fn flags(&mut self, fd: i64) -> Result<i64, Errno> {
        self.call("fd_fdstat_get", &[fd, OUT])?;
        Ok(u16::from_le_bytes(self.take_number(OUT + 2)).into())
    }

    pub(crate) fn close(&mut self, fd: i64) -> Result<(), Errno> {
        self.call("fd_close", &[fd])
    }

    pub(crate) fn write(&mut self, fd: i64, bytes: &[u8]) -> Result<usize, Errno> {
        self.write_vector(bytes);
        self.call("fd_write", &[fd, VECTOR, 1, OUT])?;
        Ok(u32::from_le_bytes(self.take_number(OUT)) as usize)
    }

    pub(crate) fn pwrite(&mut self, fd: i64, bytes: &[u8], offset: i64) -> Result<usize, Errno> {
        self.write_vector(bytes);
        self.call("fd_pwrite", &[fd, VECTOR, 1, offset, OUT])?;
        Ok(u32::from_le_bytes(self.take_number(OUT)) as usize)
    }

    pub(crate) fn read(&mut self, fd: i64, len: usize) -> Result<Vec<u8>, Errno> {
        self.vector(len);
        self.call("fd_read", &[fd, VECTOR, 1, OUT])?;
        let read = u32::from_le_bytes(self.take_number(OUT));
        Ok(self.take(BUFFER, read as usize))
    }

    pub(crate) fn pread(&mut self, fd: i64, len: usize, offset: i64) -> Result<Vec<u8>, Errno> {
        self.vector(len);
        self.call("fd_pread", &[fd, VECTOR, 1, offset, OUT])?;
        let read = u32::from_le_bytes(self.take_number(OUT));
        Ok(self.take(BUFFER, read as usize))
    }

    /// As `fd_pread`, where the call may end the guest.
    pub(crate) fn try_pread(&mut self, fd: i64, len: usize, offset: i64) -> Result<Errno, SandboxError> {
        self.vector(len);
        self.try_call("fd_pread", &[fd, VECTOR, 1, offset, OUT])
    }

    fn vector(&mut self, len: usize) {
        let [pointer, len] = [BUFFER, len as i64].map(|number| u32::try_from(number).unwrap().to_le_bytes());
        self.give(VECTOR, &[pointer, len].concat());
    }

    fn write_vector(&mut self, bytes: &[u8]) {
        self.give(BUFFER, bytes);
        self.vector(bytes.len());
    }

    /// The rights that a descriptor says it has.
    pub(crate) fn rights(&mut self, fd: i64) -> Result<u64, Errno> {
        self.call("fd_fdstat_get", &[fd, OUT])?;
        Ok(u64::from_le_bytes(self.take(OUT, 24)[8..16].try_into().unwrap()))
    }

    pub(crate) fn seek(&mut self, fd: i64, offset: i64, whence: i64) -> Result<u64, Errno> {
        self.call("fd_seek", &[fd, offset, whence, OUT])?;
        Ok(u64::from_le_bytes(self.take_number(OUT)))
    }

    pub(crate) fn read_dir(&mut self, fd: i64, cookie: u64, len: usize) -> Result<Vec<Entry>, Errno> {
        self.call("fd_readdir", &[fd, BUFFER, len as i64, cookie as i64, OUT])?;
        let used = u32::from_le_bytes(self.take_number(OUT)) as usize;
        let bytes = self.take(BUFFER, used);
        let mut rest = bytes.as_slice();
        let mut entries = Vec::new();
        while let Some((header, after)) = rest.split_at_checked(24) {
            let name_len = u32::from_le_bytes(header[16..20].try_into().unwrap()) as usize;
            let Some((name, after)) = after.split_at_checked(name_len) else { break };
            entries.push(Entry {
                next: u64::from_le_bytes(header[..8].try_into().unwrap()),
                inode: u64::from_le_bytes(header[8..16].try_into().unwrap()),
                name: name.to_vec(),
                kind: header[20],
                padding: header[21..].try_into().unwrap(),
            });
            rest = after;
        }
        Ok(entries)
    }

    /// All names of a directory but `.` and `..`, sorted.
    pub(crate) fn names(&mut self, fd: i64) -> Vec<String> {
        let (mut names, mut cookie) = (Vec::new(), 0);
        loop {
            let entries = self.read_dir(fd, cookie, 4096).unwrap();
            let Some(last) = entries.last() else { break };
            cookie = last.next;
            names.extend(entries.into_iter().map(|entry| String::from_utf8(entry.name).unwrap()));
        }
        names.retain(|name| name != "." && name != "..");
        names.sort();
        names
    }

    pub(crate) fn stat(&mut self, fd: i64, path: impl AsRef<[u8]>) -> Result<FileStat, Errno> {
        let [path, len] = self.path(FIRST, path);
        self.call("path_filestat_get", &[fd, 0, path, len, OUT])?;
        let bytes = self.take(OUT, 64);
        let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
        Ok(FileStat { inode: number(8), kind: bytes[16], size: number(32), accessed: number(40), modified: number(48) })
    }

    /// A call with one path after the descriptor.
    pub(crate) fn at(&mut self, function: &str, fd: i64, path: impl AsRef<[u8]>) -> Result<(), Errno> {
        let [path, len] = self.path(FIRST, path);
        self.call(function, &[fd, path, len])
    }

    pub(crate) fn set_times(&mut self, fd: i64, path: &str, accessed: i64, modified: i64) -> Result<(), Errno> {
        let [path, len] = self.path(FIRST, path);
        self.call("path_filestat_set_times", &[fd, 0, path, len, accessed, modified, 1 | 4])
    }

    pub(crate) fn rename(&mut self, fd: i64, path: impl AsRef<[u8]>, to: impl AsRef<[u8]>) -> Result<(), Errno> {
        let ([from, len], [to, to_len]) = (self.path(FIRST, path), self.path(SECOND, to));
        self.call("path_rename", &[fd, from, len, fd, to, to_len])
    }

    pub(crate) fn link(&mut self, fd: i64, path: &str, to: &str) -> Result<(), Errno> {
        let ([from, len], [to, to_len]) = (self.path(FIRST, path), self.path(SECOND, to));
        self.call("path_link", &[fd, 0, from, len, fd, to, to_len])
    }

    pub(crate) fn symlink(&mut self, target: &str, fd: i64, path: &str) -> Result<(), Errno> {
        let ([target, target_len], [path, len]) = (self.path(SECOND, target), self.path(FIRST, path));
        self.call("path_symlink", &[target, target_len, fd, path, len])
    }

    pub(crate) fn put(&mut self, fd: i64, path: impl AsRef<[u8]>, bytes: &[u8]) -> Result<(), Errno> {
        let file = self.open(fd, path, CREATE | TRUNCATE, WRITE)?;
        assert_eq!(self.write(file, bytes)?, bytes.len());
        self.close(file)
    }

    pub(crate) fn content(&mut self, fd: i64, path: impl AsRef<[u8]>) -> Result<Vec<u8>, Errno> {
        let file = self.open(fd, path, 0, READ)?;
        let bytes = self.read(file, 1 << 20)?;
        self.close(file)?;
        Ok(bytes)
    }
}

/// A module with every function, taking its arguments from address 0.
fn module() -> String {
    let mut imports = String::new();
    let mut exports = String::new();
    for (name, parameters) in FUNCTIONS {
        let (mut types, mut loads) = (String::new(), String::new());
        for (index, kind) in parameters.chars().enumerate() {
            let load = format!("(i64.load offset={} (i32.const 0))", index * 8);
            let (name, load) = if kind == 'i' { ("i32", format!("(i32.wrap_i64 {load})")) } else { ("i64", load) };
            types.push_str(&format!(" {name}"));
            loads.push_str(&load);
        }
        imports.push_str(&format!(
            r#"(import "wasi_snapshot_preview1" "{name}" (func ${name} (param{types}) (result i32)))"#
        ));
        exports.push_str(&format!(r#"(func (export "{name}") (result i32) (call ${name} {loads}))"#));
    }
    format!(
        r#"(module
        (import "env" "give" (func $give (param i32)))
        (import "env" "take" (func $take (param i32 i32)))
        {imports}
        (memory (export "memory") {PAGES})
        (func (export "give") (param i32) (call $give (local.get 0)))
        (func (export "take") (param i32 i32) (call $take (local.get 0) (local.get 1)))
        {exports})"#
    )
}
