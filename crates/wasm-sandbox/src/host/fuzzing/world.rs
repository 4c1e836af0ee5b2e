//! A host with every kind of tree, a small guest memory, and what must hold after each call.

use std::{
    fs,
    io::Write,
    os::unix::fs::symlink,
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use arbitrary::{Result, Unstructured};
use wasm_sandbox_policy::{ByteSize, ClockPolicy, InstanceConfig, RandomPolicy, ResourceLimits};

use super::arguments;
use crate::{
    host::{Host, HostResult, HostSetup, SavedHost, Sink, Stdin, Step, Stop, ToolSetup, for_each_wasi_function, wasi},
    mount,
    vfs::Quota,
};

/// Bytes of the guest's memory, and of the canary on either side of it.
const SIZE: usize = 16 << 10;
const CANARY: usize = 256;
const CANARY_BYTE: u8 = 0xc5;

/// Where a list of four buffers is from the start.
const BUFFERS: u32 = 15 << 10;

pub(super) const OPEN_FILES: u32 = 16;

/// Files that are open before a guest begins.
pub(super) const OPENED: u32 = 4;

const OUTPUT: u64 = 4 << 10;
pub(super) const SECRET: &str = "a file of the host's that nobody granted";
const HELLO: &str = "hello, guest";

/// One function of preview 1.
struct Function {
    name: &'static str,
    parameters: &'static [Parameter],
    call: fn(&mut Host, &mut [u8], &[u64]) -> HostResult,
}

/// One of its parameters.
struct Parameter {
    name: &'static str,
    wide: bool,
}

macro_rules! table {
    ($($kind:ident $name:ident($($parameter:ident: $type:ty),*);)*) => {
        &[$(Function {
            name: stringify!($name),
            parameters: &[$(Parameter { name: stringify!($parameter), wide: size_of::<$type>() == 8 }),*],
            call: |host, memory, arguments| {
                #[allow(unused, reason = "functions without parameters take none")]
                let mut arguments = arguments.iter().copied();
                wasi::$name(host, memory, $(arguments.next().unwrap_or(0) as $type),*)
            },
        }),*]
    };
}

const FUNCTIONS: &[Function] = for_each_wasi_function!(table);

/// How many bytes an output may have.
enum Room {
    Bytes(u64),
    /// As many as a parameter says, times this.
    Times(&'static str, u64),
}

/// The parameters that say where a function may write; nothing is known of those that are not here, and those with an empty
/// list write nothing.
fn outputs(name: &str) -> Option<&'static [(&'static str, Room)]> {
    use Room::{Bytes, Times};
    Some(match name {
        "path_open" => &[("opened", Bytes(4))],
        "path_filestat_get" | "fd_filestat_get" => &[("stat", Bytes(64))],
        "fd_fdstat_get" => &[("stat", Bytes(24))],
        "fd_prestat_get" => &[("prestat", Bytes(8))],
        "fd_prestat_dir_name" => &[("path", Times("len", 1))],
        "fd_seek" | "fd_tell" => &[("position", Bytes(8))],
        "clock_res_get" => &[("resolution", Bytes(8))],
        "clock_time_get" => &[("time", Bytes(8))],
        "fd_write" | "fd_pwrite" => &[("written", Bytes(4))],
        "random_get" => &[("buffer", Times("len", 1))],
        "args_sizes_get" | "environ_sizes_get" => &[("count", Bytes(4)), ("size", Bytes(4))],
        "path_readlink" => &[("buffer", Times("buffer_len", 1)), ("used", Bytes(4))],
        "fd_readdir" => &[("buffer", Times("len", 1)), ("used", Bytes(4))],
        "poll_oneoff" => &[("events", Times("count", 32)), ("happened", Bytes(4))],
        "args_get" | "environ_get" | "fd_read" | "fd_pread" => return None,
        _ => &[],
    })
}

/// Files of this machine that every world of this process shares, and that no guest may change.
struct Fixture {
    granted: PathBuf,
    archive: PathBuf,
    _folder: tempfile::TempDir,
}

fn fixture() -> &'static Fixture {
    static FIXTURE: OnceLock<Fixture> = OnceLock::new();
    FIXTURE.get_or_init(|| make_fixture().expect("a temporary directory"))
}

fn make_fixture() -> std::io::Result<Fixture> {
    let folder = tempfile::tempdir()?;
    let granted = folder.path().join("granted");
    fs::create_dir_all(granted.join("sub"))?;
    fs::write(folder.path().join("secret"), SECRET)?;
    fs::write(granted.join("hello.txt"), HELLO)?;
    fs::write(granted.join("sub/deep.txt"), "deep")?;
    symlink("hello.txt", granted.join("link"))?;
    symlink(folder.path().join("secret"), granted.join("out"))?;
    symlink("..", granted.join("up"))?;
    symlink("loop", granted.join("loop"))?;
    let archive = folder.path().join("archive.zip");
    let mut zip = zip::ZipWriter::new(fs::File::create(&archive)?);
    for (name, text) in [("hello.txt", HELLO), ("d/f.txt", "zipped")] {
        zip.start_file(name, zip::write::SimpleFileOptions::default())?;
        zip.write_all(text.as_bytes())?;
    }
    zip.finish()?;
    Ok(Fixture { granted, archive, _folder: folder })
}

fn config(input: &mut Unstructured<'_>) -> InstanceConfig {
    let fixture = fixture();
    let limits = ResourceLimits {
        open_files: OPEN_FILES,
        disk: ByteSize::kib(8),
        files: 6,
        file_size: ByteSize::kib(16),
        output: ByteSize::bytes(OUTPUT),
        host_call_bytes: ByteSize::mib(1),
        ..ResourceLimits::default()
    };
    let clock = match input.int_in_range(0..=2) {
        Ok(0) => ClockPolicy::Real,
        Ok(1) => ClockPolicy::Frozen { unix_ns: 1 },
        _ => ClockPolicy::default(),
    };
    let builder = InstanceConfig::builder()
        .limits(limits)
        .clock(clock)
        .random(RandomPolicy::Seeded(1))
        .env("NAME", "value")
        .filesystem_read(&fixture.granted, "/data")
        .filesystem_memory("/tmp")
        .filesystem_overlay(&fixture.granted, "/over")
        .filesystem_zip(&fixture.archive, "/zip/inner");
    builder.build().expect("a valid policy")
}

/// A host and the memory of the guest that attacks it.
pub(super) struct World {
    host: Host,
    quota: Arc<Quota>,
    limits: ResourceLimits,
    memory: Vec<u8>,
    functions: Vec<&'static Function>,
    /// Where paths were put, with their lengths.
    paths: Vec<(u32, u32)>,
}

impl World {
    pub(super) fn new(input: &mut Unstructured<'_>, wanted: impl Fn(&str) -> bool) -> Self {
        let mut world = Self::untouched(&config(input), wanted);
        world.open_some();
        world
    }

    /// One in which nothing is open but what always is.
    fn untouched(config: &InstanceConfig, wanted: impl Fn(&str) -> bool) -> Self {
        let quota = Arc::new(Quota::new(&config.limits));
        let mounts = mount::open(&config.capabilities.filesystem.mounts, &quota).expect("the fixture is there");
        let host = Host::new(HostSetup {
            config,
            limits: config.limits.clone(),
            script: None,
            arguments: vec!["program".to_owned(), "argument".to_owned()],
            stdin: Stdin::Bytes(Arc::from(&b"what the guest is told"[..])),
            stdout: Sink::Capture,
            stderr: Sink::Capture,
            mounts,
            quota: Arc::clone(&quota),
            control: Arc::default(),
            tools: ToolSetup { toolbox: Arc::default(), beside_guest: false, executor: || None },
        });
        let mut memory = vec![CANARY_BYTE; SIZE + 2 * CANARY];
        guest(&mut memory).fill(0);
        let functions = FUNCTIONS.iter().filter(|function| wanted(function.name)).collect();
        let host = host.expect("a small input");
        Self { host: *host, quota, limits: config.limits.clone(), memory, functions, paths: Vec::new() }
    }

    /// What is kept of it, in bytes: without files of the host's, which cannot go elsewhere.
    pub(super) fn saved(&self) -> Vec<u8> {
        let mut saved = self.host.save().expect("nothing is in the way of a snapshot");
        saved.close_on_host();
        postcard::to_allocvec(&saved).expect("all of it has a form")
    }

    /// A world with the policy that `input` begins with, brought to what bytes say; none if they are refused.
    pub(super) fn restored(input: &mut Unstructured<'_>, bytes: &[u8]) -> Option<Self> {
        let saved: SavedHost = postcard::from_bytes(bytes).ok()?;
        let mut world = Self::untouched(&config(input), |_| true);
        let limit = world.limits.memory.as_u64();
        let restored = world.host.restore(&saved);
        assert!(world.quota.memory().used() <= limit, "more memory than there may be");
        world.check_quota("restoring");
        restored.is_ok().then_some(world)
    }

    /// What the guest has open before it begins, so that a short sequence gets somewhere: a file in each tree.
    fn open_some(&mut self) {
        const READ: u64 = 1 << 1;
        const WRITE: u64 = 1 << 6;
        let files: [_; OPENED as usize] = [
            (3, "hello.txt", 0, READ),
            (4, "a", 1, READ | WRITE),
            (5, "hello.txt", 0, READ | WRITE),
            (6, "hello.txt", 0, READ),
        ];
        for (fd, path, create, rights) in files {
            self.put(0, path.as_bytes());
            let (len, memory) = (path.len() as u32, guest(&mut self.memory));
            let opened = wasi::path_open(&mut self.host, memory, fd, 1, 0, len, create, rights, 0, 0, 512);
            assert!(matches!(opened, Ok(Step::Done(Ok(())))), "{path} of descriptor {fd}: {opened:?}");
        }
        let buffers = [(0u32, 16u32), (1024, 4096), (2048, 700), (0, 8000)];
        let list: Vec<u8> =
            buffers.iter().flat_map(|(at, len)| [at.to_le_bytes(), len.to_le_bytes()].concat()).collect();
        self.put(BUFFERS, &list);
    }

    /// Prepares memory, or makes one call and checks what must hold.
    pub(super) fn step(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        match input.int_in_range(0..=9)? {
            0 | 1 => self.put_path(input),
            2 => self.put_buffers(input),
            3 => self.put_subscription(input),
            4 => {
                let bytes: [u8; 32] = input.arbitrary()?;
                self.put(arguments::pointer(input, SIZE)?, &bytes);
                Ok(())
            }
            _ => self.call(input),
        }
    }

    fn put(&mut self, at: u32, bytes: &[u8]) {
        let places = guest(&mut self.memory).iter_mut().skip(at as usize);
        places.zip(bytes).for_each(|(to, from)| *to = *from);
    }

    fn put_path(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let path = arguments::path_text(input)?;
        let at = input.int_in_range(0..=15)? * 512;
        self.put(at, path.as_bytes());
        self.paths.push((at, path.len() as u32));
        Ok(())
    }

    /// A list of buffers, as reading and writing want it.
    fn put_buffers(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let mut at = arguments::pointer(input, SIZE)?;
        for _ in 0..input.int_in_range(1..=4)? {
            let (pointer, len) = (arguments::pointer(input, SIZE)?, arguments::length(input, SIZE)?);
            self.put(at, &[pointer.to_le_bytes(), len.to_le_bytes()].concat());
            at = at.wrapping_add(8);
        }
        Ok(())
    }

    fn put_subscription(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let at = arguments::pointer(input, SIZE)?;
        let mut bytes = [0; 48];
        let (kind, subject) = (input.int_in_range(0..=3u8)?, arguments::descriptor(input)?);
        let (timeout, flags) = (arguments::wide(input)?, input.int_in_range(0..=2u8)?);
        for (at, field) in
            [(8, &[kind][..]), (16, &subject.to_le_bytes()), (24, &timeout.to_le_bytes()), (40, &[flags])]
        {
            bytes.iter_mut().skip(at).zip(field).for_each(|(to, from)| *to = *from);
        }
        self.put(at, &bytes);
        Ok(())
    }

    fn call(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let function = *input.choose(&self.functions)?;
        let arguments = self.arguments(function, input)?;
        let before = self.memory.clone();
        let outcome = (function.call)(&mut self.host, guest(&mut self.memory), &arguments);
        self.check(function, &arguments, &before, &outcome);
        match outcome {
            Ok(Step::Done(_) | Step::Wait(_)) => Ok(()),
            // The guest has ended.
            Err(_) => Err(arbitrary::Error::NotEnoughData),
        }
    }

    fn arguments(&self, function: &Function, input: &mut Unstructured<'_>) -> Result<Vec<u64>> {
        let (mut all, mut path_len) = (Vec::new(), None);
        for parameter in function.parameters {
            all.push(match parameter.name {
                _ if parameter.wide => arguments::wide(input)?,
                "fd" | "to_fd" | "from" => arguments::descriptor(input)?.into(),
                "to" if function.name == "fd_renumber" => arguments::descriptor(input)?.into(),
                "path" | "to" | "target" if !self.paths.is_empty() && input.ratio(9, 10)? => {
                    let (pointer, len) = *input.choose(&self.paths)?;
                    path_len = Some(len);
                    pointer.into()
                }
                "buffers" if input.arbitrary()? => BUFFERS.into(),
                "len" | "to_len" | "target_len" if path_len.is_some() => path_len.take().unwrap_or(0).into(),
                "count" if function.name.ends_with("sizes_get") => arguments::pointer(input, SIZE)?.into(),
                "len" | "buffer_len" | "to_len" | "target_len" | "count" => arguments::length(input, SIZE)?.into(),
                "flags" | "lookup" | "open" | "set" | "advice" | "whence" | "clock" | "code" | "signal" | "how" => {
                    arguments::small(input)?.into()
                }
                _ => arguments::pointer(input, SIZE)?.into(),
            });
        }
        Ok(all)
    }

    fn check(&mut self, function: &Function, arguments: &[u64], before: &[u8], outcome: &HostResult) {
        let name = function.name;
        if let Err(Stop::Trap(_) | Stop::Cancel) = outcome {
            panic!("{name} ended the guest: {outcome:?}");
        }
        let argument = |wanted: &str| {
            let found = function.parameters.iter().position(|parameter| parameter.name == wanted);
            found.and_then(|index| arguments.get(index)).copied().unwrap_or_else(|| panic!("{name} has no {wanted}"))
        };
        if let Some(outputs) = outputs(name) {
            let mut expected = before.to_vec();
            let now = guest(&mut self.memory);
            for (parameter, room) in outputs {
                let len = match room {
                    Room::Bytes(bytes) => *bytes,
                    Room::Times(count, bytes) => argument(count).saturating_mul(*bytes),
                };
                let (start, len) = (argument(parameter) as usize, usize::try_from(len).unwrap_or(usize::MAX));
                let written = now.iter().skip(start).take(len);
                guest(&mut expected).iter_mut().skip(start).zip(written).for_each(|(to, from)| *to = *from);
            }
            assert!(self.memory == expected, "{name}{arguments:?} wrote elsewhere than its outputs are");
        }
        let canaries = |memory: &[u8]| {
            memory.iter().take(CANARY).chain(memory.iter().rev().take(CANARY)).all(|byte| *byte == CANARY_BYTE)
        };
        assert!(canaries(&self.memory), "{name}{arguments:?} wrote outside of the memory");
        self.check_quota(name);
    }

    pub(super) fn host(&mut self) -> &mut Host {
        &mut self.host
    }

    pub(super) fn check_quota(&self, name: &str) {
        assert!(self.quota.bytes_used() <= self.limits.disk.as_u64(), "{name}: {} bytes", self.quota.bytes_used());
        assert!(self.quota.files_used() <= self.limits.files, "{name}: {} files", self.quota.files_used());
    }

    /// What must hold when the guest has ended.
    pub(super) fn check_end(mut self) {
        let mut memory = [0; 32];
        let open = (0..128)
            .filter(|fd| matches!(wasi::fd_fdstat_get(&mut self.host, &mut memory, *fd, 0), Ok(Step::Done(Ok(())))));
        let open: Vec<u32> = open.collect();
        assert!(open.len() <= OPEN_FILES as usize, "{open:?} are open");
        let report = self.host.finish();
        assert!((report.stdout.len() + report.stderr.len()) as u64 <= OUTPUT);
        assert!(report.denials.len() <= 100);
        let granted = &fixture().granted;
        assert_eq!(fs::read_to_string(granted.join("hello.txt")).ok().as_deref(), Some(HELLO));
        assert_eq!(fs::read_to_string(granted.join("out")).ok().as_deref(), Some(SECRET));
        assert_eq!(fs::read_dir(granted).map(Iterator::count).ok(), Some(6));
        let kept = String::from_utf8_lossy(&self.memory);
        assert!(!kept.contains(SECRET), "the guest has read what was not granted");
    }
}

/// The guest's own part of the memory.
fn guest(memory: &mut [u8]) -> &mut [u8] {
    memory.get_mut(CANARY..CANARY + SIZE).unwrap_or_default()
}
