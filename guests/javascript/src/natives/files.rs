//! Files. Every function gives what it found, or the name of the error that a program of Node would see.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Write},
    mem::ManuallyDrop,
    os::fd::FromRawFd,
    time::UNIX_EPOCH,
};

use rquickjs::{ArrayBuffer, Ctx, Exception, Function, IntoJs, Object, Result, TypedArray, Value, convert::List};

use super::bytes;

/// The most bytes of a stream that are read at a time.
pub(crate) const MOST_PIECE: usize = 64 << 10;

pub(super) fn add<'js>(ctx: &Ctx<'js>, natives: &Object<'js>) -> Result<()> {
    natives.set("write", Function::new(ctx.clone(), write_text)?)?;
    natives.set(
        "writeBytes",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, stream: i32, array: TypedArray<'js, u8>| {
            write(&ctx, stream, bytes(&array))
        })?,
    )?;
    natives.set(
        "readStream",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, stream: i32| answer(&ctx, read_stream(stream)))?,
    )?;
    natives.set(
        "readPiece",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, stream: i32, most: usize| read_piece(&ctx, stream, most))?,
    )?;
    natives.set(
        "readFile",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, path: String| answer(&ctx, fs::read(path).map(Bytes)))?,
    )?;
    natives.set("writeFile", Function::new(ctx.clone(), write_file)?)?;
    natives.set("stat", Function::new(ctx.clone(), stat)?)?;
    natives.set(
        "readFolder",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, path: String| answer(&ctx, read_folder(&path)))?,
    )?;
    natives.set(
        "makeFolder",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, path: String| answer(&ctx, fs::create_dir(path)))?,
    )?;
    natives.set(
        "removeFile",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, path: String| answer(&ctx, fs::remove_file(path)))?,
    )?;
    natives.set(
        "removeFolder",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, path: String| answer(&ctx, fs::remove_dir(path)))?,
    )?;
    natives.set(
        "rename",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, from: String, to: String| answer(&ctx, fs::rename(from, to)))?,
    )?;
    natives.set(
        "readLink",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, path: String| {
            answer(&ctx, fs::read_link(path).map(|to| to.to_string_lossy().into_owned()))
        })?,
    )
}

/// Bytes of a file, for the engine to take over.
struct Bytes(Vec<u8>);

impl<'js> IntoJs<'js> for Bytes {
    fn into_js(self, ctx: &Ctx<'js>) -> Result<Value<'js>> {
        ArrayBuffer::new(ctx.clone(), self.0)?.into_js(ctx)
    }
}

/// `[value]`, or the text `CODE: message`.
fn answer<'js, T: IntoJs<'js>>(ctx: &Ctx<'js>, result: io::Result<T>) -> Result<Value<'js>> {
    match result {
        Ok(value) => vec![value.into_js(ctx)?].into_js(ctx),
        Err(error) => describe(&error).into_js(ctx),
    }
}

/// The error as Node's users know it. The numbers are those of WASI.
fn describe(error: &io::Error) -> String {
    let known = match error.raw_os_error() {
        Some(44) => "ENOENT: no such file or directory",
        Some(2) => "EACCES: permission denied",
        Some(63) => "EPERM: operation not permitted",
        Some(76) => "EACCES: permission denied",
        Some(69) => "EROFS: read-only file system",
        Some(20) => "EEXIST: file already exists",
        Some(31) => "EISDIR: illegal operation on a directory",
        Some(54) => "ENOTDIR: not a directory",
        Some(55) => "ENOTEMPTY: directory not empty",
        Some(51) => "ENOSPC: no space left on device",
        Some(19) => "EDQUOT: disk quota exceeded",
        Some(22) => "EFBIG: file too large",
        Some(28) => "EINVAL: invalid argument",
        Some(8) => "EBADF: bad file descriptor",
        Some(32) => "ELOOP: too many symbolic links encountered",
        Some(37) => "ENAMETOOLONG: name too long",
        Some(41 | 33) => "EMFILE: too many open files",
        Some(75) => "EXDEV: cross-device link not permitted",
        Some(64) => "EPIPE: broken pipe",
        Some(58) => "ENOTSUP: operation not supported on socket",
        Some(number) => return format!("EIO: input/output error {number}"),
        None if error.kind() == io::ErrorKind::OutOfMemory => "ENOMEM: not enough memory",
        // The C library knows of no folder that holds the path: none was granted.
        None if error.kind() == io::ErrorKind::InvalidInput => "EINVAL: invalid argument",
        None => "EACCES: permission denied",
    };
    known.to_owned()
}

fn write_text<'js>(ctx: Ctx<'js>, stream: i32, text: rquickjs::String<'js>) -> Result<()> {
    match text.to_string() {
        Ok(text) => write(&ctx, stream, text.as_bytes()),
        Err(error) => Err(error),
    }
}

/// Writes at once: what was printed before a deadline must not be lost in a buffer.
fn write(ctx: &Ctx<'_>, stream: i32, bytes: &[u8]) -> Result<()> {
    open_stream(stream)
        .write_all(bytes)
        .map_err(|error| Exception::throw_message(ctx, &format!("{}, write", describe(&error))))
}

fn read_stream(stream: i32) -> io::Result<Bytes> {
    let mut bytes = Vec::new();
    open_stream(stream).read_to_end(&mut bytes)?;
    Ok(Bytes(bytes))
}

/// At most so many bytes, once there are any; none at the end.
pub(crate) fn read_piece<'js>(ctx: &Ctx<'js>, stream: i32, most: usize) -> Result<Value<'js>> {
    let read = || {
        let most = most.min(MOST_PIECE);
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(most).map_err(|_| io::ErrorKind::OutOfMemory)?;
        bytes.resize(most, 0);
        let len = open_stream(stream).read(&mut bytes)?;
        bytes.truncate(len);
        bytes.shrink_to_fit();
        Ok(Bytes(bytes))
    };
    answer(ctx, read())
}

/// One of the streams that every program has; it stays open.
fn open_stream(stream: i32) -> ManuallyDrop<File> {
    // SAFETY: the descriptor is not closed here, and using one that is not open is an error.
    ManuallyDrop::new(unsafe { File::from_raw_fd(stream) })
}

fn write_file<'js>(
    ctx: Ctx<'js>,
    path: String,
    array: TypedArray<'js, u8>,
    append: bool,
    new: bool,
) -> Result<Value<'js>> {
    let mut options = OpenOptions::new();
    options.write(true).append(append).truncate(!append && !new).create(!new).create_new(new);
    answer(&ctx, options.open(path).and_then(|mut file| file.write_all(bytes(&array))))
}

/// Kind, size and times in milliseconds.
fn stat<'js>(ctx: Ctx<'js>, path: String, follow: bool) -> Result<Value<'js>> {
    let found = if follow { fs::metadata(path) } else { fs::symlink_metadata(path) };
    let ms = |time: io::Result<std::time::SystemTime>| {
        time.ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .map_or(0.0, |since| since.as_secs_f64() * 1000.0)
    };
    let found = found.map(|found| {
        let kind = if found.is_dir() {
            "directory"
        } else if found.is_symlink() {
            "link"
        } else {
            "file"
        };
        List((kind, found.len() as f64, ms(found.modified()), ms(found.accessed())))
    });
    answer(&ctx, found)
}

/// Names and kinds, sorted by name.
fn read_folder(path: &str) -> io::Result<Vec<Vec<String>>> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let kind = if kind.is_dir() {
            "directory"
        } else if kind.is_symlink() {
            "link"
        } else {
            "file"
        };
        entries.push(vec![entry.file_name().to_string_lossy().into_owned(), kind.to_owned()]);
    }
    entries.sort();
    Ok(entries)
}
