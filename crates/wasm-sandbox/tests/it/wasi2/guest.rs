//! One program for both versions of WASI: what it does is its first argument, and what came of it is what it prints.

use std::{
    env,
    ffi::{CString, c_char, c_int},
    fs::{self, File, FileTimes, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    os::fd::AsRawFd,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let rest = arguments.get(1..).unwrap_or_default();
    match arguments.first().map(String::as_str) {
        Some("surroundings") => surroundings(),
        Some("files") => files(&rest[0]),
        Some("changes") => changes(&rest[0]),
        Some("look") => rest.iter().for_each(|path| look(path)),
        Some("fill") => fill(&rest[0], rest[1].parse().unwrap()),
        Some("create") => create(&rest[0]),
        Some("sparse") => sparse(&rest[0]),
        Some("list") => list(&rest[0]),
        Some("open") => open(&rest[0]),
        Some("copy") => println!("{:?}", io::copy(&mut io::stdin(), &mut io::stdout()).map_err(|error| error.kind())),
        Some("read") => println!("{:?}", fs::read(&rest[0]).map(|bytes| sum(&bytes)).map_err(|error| error.kind())),
        Some("clocks") => clocks(),
        Some("random") => random(),
        Some("sleep") => sleep(rest[0].parse().unwrap()),
        Some("nap") => loop {
            std::thread::sleep(Duration::from_micros(1));
        },
        Some("flood") => loop {
            println!("{}", "x".repeat(1000));
        },
        Some("floods") => loop {
            println!("{}", "x".repeat(1000));
            eprintln!("{}", "y".repeat(1000));
        },
        Some("nothing") => loop {
            io::stdout().write_all(b"").unwrap();
            io::stdout().flush().unwrap();
            std::hint::black_box(Instant::now());
        },
        Some("exit") => std::process::exit(rest[0].parse().unwrap()),
        Some("panic") => panic!("as it was told"),
        other => raw::run(other, rest),
    }
}

fn surroundings() {
    println!("{:?}", env::args().skip(1).collect::<Vec<_>>());
    let mut variables: Vec<_> = env::vars().collect();
    variables.sort();
    println!("{variables:?}");
    let mut input = String::new();
    io::stdin().read_to_string(&mut input).unwrap();
    println!("{}: {input:?}", input.len());
    println!("{}", io::stdin().read(&mut [0; 10]).unwrap());
    eprintln!("to standard error");
}

unsafe extern "C" {
    fn pread(file: c_int, bytes: *mut u8, len: usize, offset: i64) -> isize;
    fn pwrite(file: c_int, bytes: *const u8, len: usize, offset: i64) -> isize;
    #[link_name = "symlink"]
    fn make_symlink(target: *const c_char, path: *const c_char) -> c_int;
}

fn counted(moved: isize) -> io::Result<usize> {
    usize::try_from(moved).map_err(|_| io::Error::last_os_error())
}

fn read_at(file: &File, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
    counted(unsafe { pread(file.as_raw_fd(), bytes.as_mut_ptr(), bytes.len(), offset as i64) })
}

fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    counted(unsafe { pwrite(file.as_raw_fd(), bytes.as_ptr(), bytes.len(), offset as i64) })
}

fn symlink(target: &str, folder: &str, name: &str) -> io::Result<()> {
    let [target, path] = [target.to_owned(), format!("{folder}/{name}")].map(|text| CString::new(text).unwrap());
    counted(unsafe { make_symlink(target.as_ptr(), path.as_ptr()) } as isize).map(|_| ())
}

/// Prints how an act ended.
fn told<T: std::fmt::Debug>(what: &str, outcome: io::Result<T>) {
    match outcome {
        Ok(value) => println!("{what}: {value:?}"),
        Err(error) => println!("{what}: {:?} {:?}", error.kind(), error.raw_os_error()),
    }
}

fn stat(path: &str) {
    told(
        &format!("stat {path}"),
        fs::symlink_metadata(path).map(|stat| {
            let kind = stat.file_type();
            (kind.is_file(), kind.is_dir(), kind.is_symlink(), if kind.is_file() { stat.len() } else { 0 })
        }),
    );
}

/// Everything that can be done to files, by who may.
fn files(folder: &str) {
    let at = |name: &str| format!("{folder}/{name}");
    told("write", fs::write(at("a"), "hello"));
    told("read", fs::read_to_string(at("a")));
    told(
        "append",
        OpenOptions::new().append(true).open(at("a")).and_then(|mut file| {
            file.write_all(b", world")?;
            file.write_all(b"!")
        }),
    );
    told("read", fs::read_to_string(at("a")));
    told(
        "in place",
        OpenOptions::new().read(true).write(true).open(at("a")).and_then(|mut file| {
            file.seek(SeekFrom::Start(1))?;
            file.write_all(b"ELL")?;
            file.seek(SeekFrom::End(-1))?;
            file.write_all(b"?!")?;
            file.seek(SeekFrom::Start(0))?;
            let mut text = String::new();
            file.read_to_string(&mut text)?;
            file.sync_all()?;
            file.sync_data()?;
            Ok((text, file.stream_position()?))
        }),
    );
    told(
        "at offsets",
        OpenOptions::new().read(true).write(true).open(at("a")).and_then(|file| {
            write_at(&file, b"OO", 7)?;
            let mut bytes = [0; 6];
            let read = read_at(&file, &mut bytes, 5)?;
            Ok((read, bytes))
        }),
    );
    told("far", File::open(at("a")).and_then(|file| read_at(&file, &mut [0; 4], 1 << 40)));
    told("set length", OpenOptions::new().write(true).open(at("a")).and_then(|file| file.set_len(5)));
    told("read", fs::read(at("a")));
    told("longer", OpenOptions::new().write(true).open(at("a")).and_then(|file| file.set_len(8)));
    told("read", fs::read(at("a")));
    told("truncate", File::create(at("a")).map(|_| ()));
    stat(&at("a"));
    told("exclusive", OpenOptions::new().write(true).create_new(true).open(at("a")).map(|_| ()));
    told("write only", File::create(at("a")).and_then(|mut file| file.read(&mut [0; 4])));
    told("read only", File::open(at("a")).and_then(|mut file| file.write(b"x")));
    let time = UNIX_EPOCH + Duration::new(1_234_567_890, 123_456_000);
    told(
        "times",
        OpenOptions::new().write(true).open(at("a")).and_then(|file| {
            file.set_times(FileTimes::new().set_accessed(time).set_modified(time + Duration::from_secs(1)))?;
            let stat = file.metadata()?;
            Ok((stat.accessed()?, stat.modified()?))
        }),
    );
    told("folders", fs::create_dir_all(at("d/e/f")));
    told("folder again", fs::create_dir(at("d")));
    told("in it", fs::write(at("d/e/b"), "b"));
    told("rename", fs::rename(at("d/e/b"), at("d/c")));
    told("rename folder", fs::rename(at("d/e"), at("g")));
    told("rename nothing", fs::rename(at("nothing"), at("h")));
    told("copy", fs::copy(at("d/c"), at("h")));
    told("link", fs::hard_link(at("h"), at("i")));
    told("symlink", symlink("d/c", folder, "s"));
    told("read link", fs::read_link(at("s")));
    told("through it", fs::read_to_string(at("s")));
    told("dangling", symlink("nowhere", folder, "t"));
    told("through it", fs::read_to_string(at("t")));
    for path in ["a", "d", "s", "nothing", "a/b", "d/../a", "g/", "a/"] {
        stat(&at(path));
    }
    list(folder);
    list(&at("nothing"));
    told("remove full folder", fs::remove_dir(at("d")));
    told("remove folder as file", fs::remove_file(at("d")));
    told("remove file as folder", fs::remove_dir(at("i")));
    told("remove", fs::remove_file(at("i")));
    told("remove all", fs::remove_dir_all(at("g")));
    told("remove link", fs::remove_file(at("t")));
    told("folder as file", fs::read(at("d")));
    told("name", fs::write(at(&"n".repeat(256)), ""));
    told("line", fs::write(at("one\ntwo"), "x"));
    told("zero", fs::write(at("a\0b"), "x"));
    told("path", fs::read(format!("{folder}/{}", "p/".repeat(3000))));
}

/// All ways to change something, each tried by itself.
fn changes(folder: &str) {
    let at = |name: &str| format!("{folder}/{name}");
    told("create", File::create(at("new")).map(|_| ()));
    told("write", OpenOptions::new().write(true).open(at("f")).and_then(|mut file| file.write_all(b"x")));
    told("append", OpenOptions::new().append(true).open(at("f")).and_then(|mut file| file.write_all(b"x")));
    told("truncate", OpenOptions::new().write(true).truncate(true).open(at("f")).map(|_| ()));
    told("times", File::open(at("f")).and_then(|file| file.set_modified(UNIX_EPOCH)));
    told("folder", fs::create_dir(at("folder")));
    told("link", fs::hard_link(at("f"), at("g")));
    told("rename", fs::rename(at("f"), at("h")));
    told("symlink", symlink("h", folder, "s"));
    told("remove", fs::remove_file(at("h")).or_else(|_| fs::remove_file(at("f"))));
    told("remove folder", fs::remove_dir(at("d")));
}

fn look(path: &str) {
    told(&format!("read {path:?}"), fs::read(path));
    told(&format!("stat {path:?}"), fs::metadata(path).map(|stat| stat.is_dir()));
    told(&format!("write {path:?}"), fs::write(path, "x"));
    told(&format!("remove {path:?}"), fs::remove_file(path));
    told(&format!("link {path:?}"), fs::hard_link(path, "/data/linked"));
    told(&format!("rename {path:?}"), fs::rename(path, "/data/renamed"));
    told(&format!("folder {path:?}"), fs::create_dir(path));
    told(&format!("list {path:?}"), fs::read_dir(path).map(|_| ()));
}

/// Writes pieces until that fails.
fn fill(path: &str, piece: usize) {
    let mut file = File::create(path).unwrap();
    let bytes = vec![7; piece];
    while file.write(&bytes).is_ok() {}
    println!("{} {}", file.write(&bytes).is_err(), file.metadata().unwrap().len());
}

/// Creates files until that fails.
fn create(folder: &str) {
    let error = (0..)
        .map(|number| (number, fs::write(format!("{folder}/{number}"), "")))
        .find_map(|(number, made)| made.err().map(|error| (number, error.kind())));
    println!("{error:?}");
}

fn sparse(path: &str) {
    let file = File::create(path).unwrap();
    told("long", file.set_len(10 << 40));
    told("far", write_at(&file, b"x", 10 << 40));
    told("farther", write_at(&file, b"x", u64::MAX - 1));
    println!("{}", file.metadata().unwrap().len());
}

fn list(folder: &str) {
    let entries = fs::read_dir(folder).and_then(|entries| {
        entries
            .map(|entry| {
                let entry = entry?;
                let kind = entry.file_type()?;
                let same = fs::symlink_metadata(entry.path())?.file_type() == kind;
                Ok((entry.file_name().into_string().unwrap(), kind.is_file(), kind.is_dir(), kind.is_symlink(), same))
            })
            .collect::<io::Result<Vec<_>>>()
    });
    told(
        &format!("list {folder}"),
        entries.map(|mut entries| {
            entries.sort();
            let many = entries.len() > 50;
            (entries.len(), if many { Vec::new() } else { entries })
        }),
    );
}

/// Opens files until that fails.
fn open(path: &str) {
    let mut files = Vec::new();
    while let Ok(file) = File::open(path) {
        files.push(file);
    }
    println!("{}", files.len());
    files.pop();
    println!("{}", File::open(path).is_ok());
}

fn sum(bytes: &[u8]) -> (usize, u64) {
    (bytes.len(), bytes.iter().map(|byte| u64::from(*byte)).sum())
}

fn clocks() {
    let (wall, steady) = (SystemTime::now(), Instant::now());
    println!("{:?} {:?} {:?}", wall.duration_since(UNIX_EPOCH).unwrap(), steady.elapsed(), wall.elapsed());
}

fn random() {
    use std::hash::{BuildHasher, RandomState};
    println!("{}", RandomState::new().hash_one(1));
}

fn sleep(millis: u64) {
    let start = Instant::now();
    std::thread::sleep(Duration::from_millis(millis));
    println!("{}", start.elapsed() >= Duration::from_millis(millis));
}

#[cfg(target_env = "p1")]
mod raw {
    pub fn run(what: Option<&str>, _: &[String]) {
        panic!("preview 1 has no {what:?}");
    }
}

/// Calls as no library makes them.
#[cfg(target_env = "p2")]
mod raw {
    use std::{alloc::Layout, hint::black_box, io::ErrorKind, net};

    macro_rules! imports {
        ($($module:literal { $($name:literal $function:ident($($parameter:ident: $type:ty),*) $(-> $result:ty)?;)* })*) => {
            $(#[link(wasm_import_module = $module)]
            unsafe extern "C" {
                $(#[link_name = $name] fn $function($($parameter: $type),*) $(-> $result)?;)*
            })*
        };
    }

    imports! {
        "wasi:random/random@0.2.6" {
            "get-random-bytes" get_random_bytes(len: u64, out: *mut [usize; 2]);
        }
        "wasi:random/insecure@0.2.6" {
            "get-insecure-random-bytes" get_insecure_random_bytes(len: u64, out: *mut [usize; 2]);
        }
        "wasi:random/insecure-seed@0.2.6" { "insecure-seed" insecure_seed(out: *mut [u64; 2]); }
        "wasi:clocks/monotonic-clock@0.2.6" {
            "subscribe-duration" subscribe_duration(nanos: u64) -> i32;
        }
        "wasi:io/poll@0.2.6" {
            "poll" poll(list: *const i32, len: usize, out: *mut [usize; 2]);
            "[method]pollable.ready" ready(pollable: i32) -> i32;
            "[resource-drop]pollable" drop_pollable(pollable: i32);
        }
        "wasi:io/streams@0.2.6" {
            "[method]input-stream.read" read(stream: i32, len: u64, out: *mut [usize; 4]);
            "[method]input-stream.blocking-read" blocking_read(stream: i32, len: u64, out: *mut [usize; 4]);
            "[method]input-stream.skip" skip(stream: i32, len: u64, out: *mut [u64; 2]);
            "[method]output-stream.blocking-write-and-flush" blocking_write(
                stream: i32, bytes: *const u8, len: usize, out: *mut [i32; 3]
            );
            "[resource-drop]input-stream" drop_input(stream: i32);
            "[method]output-stream.check-write" check_write(stream: i32, out: *mut [u64; 2]);
            "[method]output-stream.write" write(stream: i32, bytes: *const u8, len: usize, out: *mut [usize; 4]);
            "[method]output-stream.write-zeroes" write_zeroes(stream: i32, len: u64, out: *mut [usize; 4]);
            "[method]output-stream.splice" splice(stream: i32, from: i32, len: u64, out: *mut [u64; 2]);
        }
        "wasi:cli/stdin@0.2.6" { "get-stdin" get_stdin() -> i32; }
        "wasi:cli/stdout@0.2.6" { "get-stdout" get_stdout() -> i32; }
        "wasi:filesystem/preopens@0.2.6" { "get-directories" get_directories(out: *mut [usize; 2]); }
        "wasi:filesystem/types@0.2.6" {
            "[method]descriptor.open-at" open_at(
                directory: i32, path_flags: i32, path: *const u8, len: usize, open_flags: i32, flags: i32, out: *mut [i32; 2]
            );
            "[method]descriptor.read-via-stream" read_via_stream(file: i32, offset: u64, out: *mut [i32; 2]);
            "[method]descriptor.write-via-stream" write_via_stream(file: i32, offset: u64, out: *mut [i32; 2]);
            "filesystem-error-code" filesystem_error_code(error: i32, out: *mut [u8; 2]);
            "[method]descriptor.read" read_at(file: i32, len: u64, offset: u64, out: *mut [usize; 4]);
            "[method]descriptor.read-directory" read_directory(directory: i32, out: *mut [i32; 2]);
            "[method]descriptor.get-flags" get_flags(file: i32, out: *mut [u8; 2]);
            "[resource-drop]descriptor" drop_descriptor(file: i32);
        }
    }

    pub fn run(what: Option<&str>, arguments: &[String]) {
        unsafe {
            match what {
                Some("seed") => seed(),
                Some("random-bytes") => random_bytes(arguments[0].parse().unwrap()),
                Some("pollables") => loop {
                    black_box(subscribe_duration(0));
                },
                Some("pollables dropped") => (0..100_000).for_each(|_| drop_pollable(subscribe_duration(0))),
                Some("forged") => println!("{}", ready(arguments[0].parse().unwrap())),
                Some("dropped") => {
                    let pollable = subscribe_duration(0);
                    drop_pollable(pollable);
                    println!("{}", ready(pollable));
                }
                Some("dropped twice") => {
                    let pollable = subscribe_duration(0);
                    drop_pollable(pollable);
                    drop_pollable(pollable);
                }
                Some("not its type") => println!("{}", ready(get_stdout())),
                Some("still there") => println!("{}", ready(subscribe_duration(0))),
                Some("poll") => poll_many(arguments[0].parse().unwrap()),
                Some("write") => write_much(arguments[0].parse().unwrap()),
                Some("zeroes") => {
                    let mut out = [0; 4];
                    write_zeroes(get_stdout(), arguments[0].parse().unwrap(), &mut out);
                    println!("{}", out[0] as u8);
                }
                Some("room") => {
                    let mut out = [0; 2];
                    check_write(get_stdout(), &mut out);
                    println!("{}", out[1]);
                }
                Some("splice") => {
                    let mut out = [0; 2];
                    splice(get_stdout(), get_stdin(), u64::MAX, &mut out);
                    println!(" {}", out[1]);
                }
                Some("endless") => endless(),
                Some("streams") => streams(&arguments[0], arguments[1].parse().unwrap()),
                Some("no text") => {
                    let mut out = [0; 2];
                    open_at(directory(), 1, [0xffu8].as_ptr(), 1, 0, 1, &mut out);
                    println!("{out:?}");
                }
                Some("full") => full(&arguments[0]),
                Some("outlives") => outlives(&arguments[0]),
                Some("directories") => directories(),
                Some("flags") => flags(&arguments[0]),
                Some("directory flags") => {
                    let mut known = [0; 2];
                    get_flags(directory(), &mut known);
                    println!("{}", known[1]);
                }
                Some("network") => network(),
                other => panic!("nobody knows {other:?}"),
            }
        }
    }

    /// The seed, and whether it is the same a second time.
    unsafe fn seed() {
        let (mut one, mut other) = ([0; 2], [0; 2]);
        unsafe {
            insecure_seed(&mut one);
            insecure_seed(&mut other);
        }
        println!("{} {one:?}", one == other && one != [0; 2]);
    }

    unsafe fn random_bytes(len: u64) {
        let (mut out, mut other) = ([0; 2], [0; 2]);
        unsafe {
            get_random_bytes(len, &mut out);
            get_insecure_random_bytes(len, &mut other);
        }
        let bytes = |out: [usize; 2]| unsafe { std::slice::from_raw_parts(out[0] as *const u8, out[1]) };
        println!("{} {} {}", out[1], other[1], bytes(out) == bytes(other));
    }

    unsafe fn poll_many(count: usize) {
        unsafe {
            let list = vec![subscribe_duration(0); count];
            let mut out = [0; 2];
            poll(list.as_ptr(), list.len(), &mut out);
            println!("{}", out[1]);
        }
    }

    unsafe fn write_much(len: usize) {
        unsafe {
            let bytes = std::alloc::alloc_zeroed(Layout::from_size_align(len, 1).unwrap());
            let mut out = [0; 4];
            write(get_stdout(), bytes, len, &mut out);
            println!("{}", out[0] as u8);
        }
    }

    /// As much input as there is, in one call each.
    unsafe fn endless() {
        unsafe {
            let (stdin, mut out) = (get_stdin(), [0; 4]);
            blocking_read(stdin, u64::MAX, &mut out);
            println!("{} {}", out[0] as u8, out[2]);
            read(stdin, 0, &mut out);
            println!("{} {}", out[0] as u8, out[2]);
            let mut skipped = [0; 2];
            skip(stdin, 10, &mut skipped);
            println!("{} {}", skipped[0] as u8, skipped[1]);
            drop_input(stdin);
        }
    }

    unsafe fn directory() -> i32 {
        let mut out = [0; 2];
        unsafe {
            get_directories(&mut out);
            *(out[0] as *const i32)
        }
    }

    unsafe fn opened(directory: i32, path: &str) -> Result<i32, u8> {
        let mut out = [0; 2];
        unsafe { open_at(directory, 1, path.as_ptr(), path.len(), 0, 1, &mut out) };
        if out[0] as u8 == 0 { Ok(out[1]) } else { Err(out[1] as u8) }
    }

    unsafe fn stream_of(file: i32) -> i32 {
        let mut out = [0; 2];
        unsafe { read_via_stream(file, 0, &mut out) };
        assert_eq!(out[0] as u8, 0);
        out[1]
    }

    /// Streams without end, of files whose descriptors are gone, or of one that is not.
    unsafe fn streams(path: &str, gone: bool) {
        unsafe {
            let directory = directory();
            let mut count = 0;
            let mut file = opened(directory, path).unwrap();
            loop {
                stream_of(file);
                count += 1;
                if gone {
                    drop_descriptor(file);
                    match opened(directory, path) {
                        Ok(next) => file = next,
                        Err(error) => return println!("{count} {error}"),
                    }
                }
            }
        }
    }

    /// Writes until that fails, and says why it did.
    unsafe fn full(path: &str) {
        unsafe {
            let mut out = [0; 2];
            open_at(directory(), 1, path.as_ptr(), path.len(), 1, 2, &mut out);
            assert_eq!(out[0] as u8, 0);
            write_via_stream(out[1], 0, &mut out);
            assert_eq!(out[0] as u8, 0);
            let mut written = [0; 3];
            while written[0] as u8 == 0 {
                blocking_write(out[1], [7u8; 4096].as_ptr(), 4096, &mut written);
            }
            let mut code = [0; 2];
            filesystem_error_code(written[2], &mut code);
            println!(
                "{}",
                if (written[1] as u8, code) == (0, [1, 23]) { "insufficient space" } else { "another error" }
            );
        }
    }

    unsafe fn outlives(path: &str) {
        unsafe {
            let directory = directory();
            let file = opened(directory, path).unwrap();
            let mut out = [0; 4];
            read_at(file, u64::MAX, 0, &mut out);
            println!("{} {} {}", out[0] as u8, out[2], out[3] as u8);
            let stream = stream_of(file);
            drop_descriptor(file);
            blocking_read(stream, u64::MAX, &mut out);
            println!("{} {}", out[0] as u8, out[2]);
            blocking_read(stream, u64::MAX, &mut out);
            println!("{} {}", out[0] as u8, out[1] as u8);
            drop_input(stream);
            let mut listing = [0; 2];
            read_directory(directory, &mut listing);
            println!("{}", listing[0] as u8);
        }
    }

    /// Preopened directories again and again.
    unsafe fn directories() {
        let mut out = [0; 2];
        loop {
            unsafe { get_directories(&mut out) };
        }
    }

    /// Reads, writes and is in step with the disk, in all ways.
    unsafe fn flags(path: &str) {
        for flags in 0..32 {
            let (mut out, mut known) = ([0; 2], [0; 2]);
            unsafe {
                open_at(directory(), 1, path.as_ptr(), path.len(), 1, flags, &mut out);
                assert_eq!(out[0] as u8, 0);
                get_flags(out[1], &mut known);
                drop_descriptor(out[1]);
            }
            println!("{flags} {}", known[1]);
        }
    }

    fn network() {
        let kind = |error: std::io::Error| error.kind();
        println!("{:?}", net::TcpStream::connect("127.0.0.1:80").map(|_| ()).map_err(kind));
        println!("{:?}", net::TcpListener::bind("127.0.0.1:0").map(|_| ()).map_err(kind));
        println!("{:?}", net::UdpSocket::bind("0.0.0.0:0").map(|_| ()).map_err(kind));
        let resolved = net::ToSocketAddrs::to_socket_addrs("localhost:80").map(|_| ());
        println!("{}", resolved.is_err());
        assert_ne!(net::TcpStream::connect("127.0.0.1:80").map(|_| ()).map_err(kind), Err(ErrorKind::NotFound));
    }
}
