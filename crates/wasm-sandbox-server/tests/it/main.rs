//! Servers on loopback whose guests answer in the way that a path says, and clients that speak to them in their own words.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod answers;
mod asynchronous;
mod attacks;
mod c;
mod endings;
mod go;
mod javascript;
mod loading;
mod modules;
mod proxies;
mod scripts;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    sync::{LazyLock, mpsc},
    thread::JoinHandle,
    time::Duration,
};

use tokio::sync::oneshot;
use wasm_sandbox::{ByteSize, ByteUnits, Language, Setup, Source, TimeUnits, WasmSandbox, WasmSandboxBuilder};
use wasm_sandbox_server::{AccessEntry, HttpServer, ServerConfig};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

static COMPONENT: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let rustup = |arguments: &[&str]| Command::new("rustup").args(arguments).output().unwrap();
    let installed = rustup(&["target", "list", "--installed"]).stdout;
    if !String::from_utf8_lossy(&installed).lines().any(|target| target == "wasm32-wasip2") {
        assert!(rustup(&["target", "add", "wasm32-wasip2"]).status.success());
    }
    let guest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests/http");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("http-guests");
    let mut build = Command::new("cargo");
    build.args(["build", "--quiet", "--locked", "--release", "--target", "wasm32-wasip2", "--target-dir"]);
    // What the test itself was built with is not for the guest.
    build.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    assert!(build.arg(&target).current_dir(guest).status().unwrap().success());
    std::fs::read(target.join("wasm32-wasip2/release/http_guest.wasm")).unwrap()
});

const WSGI: &str = concat!(include_str!("guests/acts.py"), include_str!("guests/answers.py"));
const ASGI: &str = concat!(include_str!("guests/acts.py"), include_str!("guests/answers_asgi.py"));

/// What answers in the way that a path says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Guest {
    Component,
    Python,
    PythonAsync,
    JavaScript,
    Go,
    C,
}

impl Guest {
    const ALL: [Self; 6] = [Self::Component, Self::Python, Self::PythonAsync, Self::JavaScript, Self::Go, Self::C];

    fn added_to(self, builder: WasmSandboxBuilder) -> WasmSandboxBuilder {
        match self {
            Self::Component => builder.setup(setup()).source(Source::from(COMPONENT.as_slice())),
            Self::Python => script(builder, Language::Python, WSGI),
            Self::PythonAsync => script(builder, Language::Python, ASGI),
            Self::JavaScript => script(builder, Language::JavaScript, include_str!("guests/answers.js")),
            Self::Go => builder.setup(installed(Language::Go)).source(file("answers.go")),
            Self::C => builder.setup(installed(Language::C)).source(file("answers.c")),
        }
    }

    /// Time in which it can answer, and which is soon over.
    fn short_time(self) -> Duration {
        match self {
            Self::Component => 300.millis(),
            Self::Python | Self::PythonAsync => 5.seconds(),
            Self::JavaScript | Self::Go | Self::C => 2.seconds(),
        }
    }

    /// Memory in which it can answer.
    fn little_memory(self) -> ByteSize {
        match self {
            Self::Component | Self::C => 16.mb(),
            Self::Python | Self::PythonAsync => 256.mb(),
            Self::JavaScript | Self::Go => 64.mb(),
        }
    }
}

fn setup() -> Setup {
    Setup::default().cache_dir(Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache/wasm-sandbox"))
}

/// The source of a guest.
fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/guests").join(name)
}

/// A machine that has what Python, C or Go needs.
fn installed(language: Language) -> Setup {
    let setup = Setup::discover().cache_dir(Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache/wasm-sandbox"));
    match language {
        Language::Python => setup.install_python(),
        Language::C => setup.install_c(),
        _ => setup.install_go(),
    }
    .unwrap();
    setup
}

fn script(builder: WasmSandboxBuilder, language: Language, text: &str) -> WasmSandboxBuilder {
    let setup = match language {
        Language::Python => installed(language),
        _ => setup(),
    };
    builder.setup(setup).source(Source::code(language, text))
}

/// A server in a thread of its own.
struct Served {
    address: SocketAddr,
    end: Option<oneshot::Sender<()>>,
    entries: mpsc::Receiver<AccessEntry>,
    thread: Option<JoinHandle<bool>>,
}

impl Served {
    fn new() -> Self {
        Self::with(|builder| builder, |_| {})
    }

    fn with(
        build: impl FnOnce(WasmSandboxBuilder) -> WasmSandboxBuilder,
        configure: impl FnOnce(&mut ServerConfig),
    ) -> Self {
        Self::of(Guest::Component, build, configure)
    }

    fn of(
        guest: Guest,
        build: impl FnOnce(WasmSandboxBuilder) -> WasmSandboxBuilder,
        configure: impl FnOnce(&mut ServerConfig),
    ) -> Self {
        Self::start(build(guest.added_to(WasmSandbox::builder())), configure)
    }

    fn start(builder: WasmSandboxBuilder, configure: impl FnOnce(&mut ServerConfig)) -> Self {
        let mut config = ServerConfig::default();
        config.listen.set_port(0);
        configure(&mut config);
        let (end, ended) = oneshot::channel();
        let (told, entries) = mpsc::channel();
        let (bound, address) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
            runtime.block_on(async move {
                let handler = builder.build().await.unwrap().http_handler().unwrap();
                let sink = move |entry| drop(told.send(entry));
                let server = HttpServer::bind(handler, config, sink).await.unwrap();
                bound.send(server.address().unwrap()).unwrap();
                server.run(async { drop(ended.await) }).await
            })
        });
        let address = address.recv_timeout(PATIENCE).unwrap();
        Self { address, end: Some(end), entries, thread: Some(thread) }
    }

    fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Client { reader: BufReader::new(stream.try_clone().unwrap()), stream }
    }

    fn get(&self, path: &str) -> Reply {
        self.connect().get(path)
    }

    fn entry(&self) -> AccessEntry {
        self.entries.recv_timeout(PATIENCE).unwrap()
    }

    /// Tells it to end; whether everything that was under way came to its end.
    fn finish(mut self) -> bool {
        drop(self.end.take());
        self.thread.take().unwrap().join().unwrap()
    }
}

struct Client {
    stream: TcpStream,
    reader: BufReader<TcpStream>,
}

#[derive(Debug)]
struct Reply {
    status: u16,
    head: String,
    body: Vec<u8>,
    /// Whether the body came to the end that its framing said.
    whole: bool,
}

impl Reply {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

impl Client {
    fn say(&mut self, text: impl AsRef<[u8]>) {
        self.stream.write_all(text.as_ref()).unwrap();
    }

    fn get(&mut self, path: &str) -> Reply {
        self.say(format!("GET {path} HTTP/1.1\r\nHost: guest.test\r\n\r\n"));
        self.reply()
    }

    fn post(&mut self, path: &str, body: &[u8]) -> Reply {
        let head = format!("POST {path} HTTP/1.1\r\nHost: guest.test\r\nContent-Length: {}\r\n\r\n", body.len());
        self.say(head);
        self.say(body);
        self.reply()
    }

    fn line(&mut self) -> String {
        let mut line = Vec::new();
        self.reader.read_until(b'\n', &mut line).unwrap();
        String::from_utf8_lossy(&line).into_owned()
    }

    fn head(&mut self) -> (u16, String) {
        let mut head = String::new();
        loop {
            let line = self.line();
            if line.trim().is_empty() {
                let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
                return (status, head.to_lowercase());
            }
            head += &line;
        }
    }

    fn reply(&mut self) -> Reply {
        let (status, head) = self.head();
        let (body, whole) = if head.contains("transfer-encoding: chunked") {
            self.chunks()
        } else {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
            let mut body = Vec::new();
            let read = (&mut self.reader).take(length as u64).read_to_end(&mut body);
            let whole = read.is_ok() && body.len() == length;
            (body, whole)
        };
        Reply { status, head, body, whole }
    }

    /// A chunked body with its trailers, and whether it came to its end.
    fn chunks(&mut self) -> (Vec<u8>, bool) {
        let mut body = Vec::new();
        loop {
            let mut size = String::new();
            if self.reader.read_line(&mut size).is_err() {
                return (body, false);
            }
            let Ok(size) = usize::from_str_radix(size.trim(), 16) else { return (body, false) };
            if size == 0 {
                while !self.line().trim().is_empty() {}
                return (body, true);
            }
            let mut chunk = vec![0; size + 2];
            if self.reader.read_exact(&mut chunk).is_err() {
                return (body, false);
            }
            body.extend_from_slice(&chunk[..size]);
        }
    }
}
