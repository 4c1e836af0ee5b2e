//! Cargo projects: what is built from them, and what a hostile one gets to see and do.

mod components;

use std::{
    fs,
    net::TcpListener,
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::json;
use wasm_sandbox::{Ending, ErrorCode, Language, Progress, ResourceKind, SandboxError, Setup, WasmSandbox, blocking};

use crate::languages;

/// A folder with these files.
struct Project(tempfile::TempDir);

impl Project {
    fn new(files: &[(&str, &str)]) -> Self {
        let project = Self(tempfile::tempdir().unwrap());
        for (path, contents) in files {
            project.write(path, contents);
        }
        project
    }

    /// A package with nothing but a name, and these files.
    fn plain(files: &[(&str, &str)]) -> Self {
        let project = Self::new(&[("Cargo.toml", "[package]\nname = 'plain'\nversion = '0.1.0'\nedition = '2024'\n")]);
        for (path, contents) in files {
            project.write(path, contents);
        }
        project
    }

    fn write(&self, path: &str, contents: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents).unwrap();
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn build(&self) -> Result<blocking::WasmSandbox, SandboxError> {
        WasmSandbox::builder().setup(languages::setup(Language::Rust)).source(self.path()).build_blocking()
    }

    fn sandbox(&self) -> blocking::WasmSandbox {
        self.build().unwrap_or_else(|error| panic!("{error}"))
    }

    fn diagnostics(&self) -> String {
        match self.build() {
            Err(SandboxError::Compilation { diagnostics, .. }) => diagnostics,
            Err(error) => panic!("another error: {error}"),
            Ok(_) => panic!("it was built"),
        }
    }
}

fn refusal(outcome: Result<blocking::WasmSandbox, SandboxError>) -> SandboxError {
    outcome.err().expect("it was built")
}

#[test]
fn a_program_with_modules_runs() {
    let project = Project::plain(&[
        (
            "src/main.rs",
            "mod words; fn main() { println!(\"{} {}\", words::HELLO, include_str!(\"../data.txt\")); std::process::exit(3) }",
        ),
        ("src/words.rs", "pub const HELLO: &str = \"hello\";"),
        ("data.txt", "data"),
    ]);
    let result = project.sandbox().execute(["a"]).unwrap();
    assert_eq!(result.stdout, "hello data\n");
    assert_eq!(result.ending, Ending::Exit { code: 3 });
}

#[test]
fn a_library_with_a_crate_is_callable() {
    let project = Project::new(&[
        (
            "Cargo.toml",
            "[package]\nname = 'my-shapes'\nversion = '0.1.0'\nedition = '2021'\n[dependencies]\nserde = { version = '1', features = ['derive'] }\nitoa = '1'\ninner = { path = 'inner' }",
        ),
        (
            "src/lib.rs",
            "#![forbid( unsafe_code )]\nuse serde::{Serialize, Deserialize};\n#[derive(Serialize, Deserialize)] pub struct Point { pub x: i32, pub y: i32 }
             /// Its area.
             pub fn area(corner: Point) -> i64 { inner::product(corner.x.into(), corner.y.into()) }
             pub fn add(a: i32, b: i32) -> i32 { a + b }
             #[cfg(test)] pub fn sometimes() {}
             pub fn digits(n: u64) -> String { itoa::Buffer::new().format(n).to_owned() }",
        ),
        ("inner/Cargo.toml", "[package]\nname = 'inner'\nversion = '0.1.0'\nedition = '2021'"),
        ("inner/src/lib.rs", "pub fn product(a: i64, b: i64) -> i64 { a * b }"),
    ]);
    let mut sandbox = project.sandbox();
    assert_eq!(sandbox.call::<_, i32>("add", (5, 3)).unwrap(), 8);
    assert_eq!(sandbox.call::<_, i64>("area", (json!({"x": 6, "y": 7}),)).unwrap(), 42);
    assert_eq!(sandbox.call::<_, String>("digits", 77).unwrap(), "77");
    assert_eq!(sandbox.call::<_, ()>("sometimes", ()).unwrap_err().code(), ErrorCode::FunctionNotFound);
    let signature = sandbox.module().unwrap().function("area").unwrap().clone();
    assert_eq!(signature.doc.as_deref(), Some("Its area."));
    // The manifest names the project as well as its folder does.
    let by_manifest = WasmSandbox::builder()
        .setup(languages::setup(Language::Rust))
        .source(project.path().join("Cargo.toml"))
        .build_blocking();
    assert_eq!(by_manifest.unwrap().call::<_, i32>("add", (1, 1)).unwrap(), 2);
    assert!(!project.path().join("Cargo.lock").exists() && !project.path().join("target").exists());
}

/// A package with both: the library's functions are called, and the program that uses them runs.
#[test]
fn a_program_and_its_library_are_one() {
    let manifest = "[package]\nname = 'my-tool'\nversion = '0.1.0'\nedition = '2021'\n[dependencies]\nserde = { version = '1', default-features = false }\n[profile.release]\nlto = true";
    let library = "pub fn add(a: i32, b: i32) -> i32 { a + b }
         /// In words.
         pub fn words(all: Vec<String>) -> String { all.join(\" \") }
         pub fn refuse(why: String) -> Result<(), String> { Err(why) }";
    let program =
        "#![forbid( unsafe_code )]\nfn main() { println!(\"{} {}\", my_tool::add(40, 2), env!(\"CARGO_PKG_NAME\")) }";
    let project = Project::new(&[
        ("Cargo.toml", manifest),
        ("src/lib.rs", library),
        ("src/main.rs", &format!("{program} // end")),
    ]);
    let mut sandbox = project.sandbox();
    assert_eq!(sandbox.execute(Vec::<String>::new()).unwrap().stdout, "42 my-tool\n");
    assert_eq!(sandbox.call::<_, i32>("add", (5, 3)).unwrap(), 8);
    assert_eq!(sandbox.call::<_, String>("words", (vec!["one", "two"],)).unwrap(), "one two");
    assert_eq!(sandbox.call::<_, ()>("refuse", "no").unwrap_err().code(), ErrorCode::Function);
    assert_eq!(sandbox.module().unwrap().function("words").unwrap().doc.as_deref(), Some("In words."));
    // A function that cannot be exported is no reason for the program not to run.
    project.write("src/lib.rs", &format!("{library} pub struct Own; pub fn own(it: Own) -> Own {{ it }}"));
    let mut alone = project.sandbox();
    assert_eq!(alone.execute(Vec::<String>::new()).unwrap().stdout, "42 my-tool\n");
    let error = alone.call::<_, i32>("add", (5, 3)).unwrap_err();
    assert_eq!(error.code(), ErrorCode::FunctionNotFound);
    assert!(error.to_string().contains("do not compile beside the program"), "{error}");
    // What is wrong is said of the project as it is.
    project.write("src/main.rs", "fn main() { my_tool::missing() }");
    let said = project.diagnostics();
    assert!(said.contains("src/main.rs:1:22") && said.contains("my_tool") && !said.contains("sandbox"), "{said}");
}

/// Messages are about the project as its author knows it.
#[test]
fn messages_are_about_the_project_alone() {
    let of = |files: &[(&str, &str)]| {
        let said = Project::plain(files).diagnostics();
        for own in [env!("CARGO_TARGET_TMPDIR").trim_start_matches('/'), "build-", "guest", "decode", "index."] {
            assert!(!said.contains(own), "{own}: {said}");
        }
        said
    };
    let dependency = "[package]\nname = 'plain'\nversion = '0.1.0'\nedition = '2024'\n[dependencies]\nitoa = '1'\ninner.path = 'inner'";
    let inner = ("inner/Cargo.toml", "[package]\nname = 'inner'\nversion = '0.1.0'\nedition = '2024'");
    let main = ("src/main.rs", "fn main() { inner::f(); itoa::Buffer::new(5); }");
    let wrong = of(&[("Cargo.toml", dependency), main, inner, ("inner/src/lib.rs", "pub fn f() -> i32 { \"\" }")]);
    assert!(wrong.contains("--> inner/src/lib.rs:1:21"), "{wrong}");
    let misused = of(&[("Cargo.toml", dependency), main, inner, ("inner/src/lib.rs", "pub fn f() {}")]);
    assert!(misused.contains("--> src/main.rs:1:25") && misused.contains("--> crates/itoa-1."), "{misused}");
    assert!(of(&[("Cargo.toml", "[package]\nname = 5")]).contains("--> project/Cargo.toml:2:8"));
    assert!(of(&[("src/lib.rs", "pub fn f( -> i32 { 1 }")]).contains("--> src/lib.rs:1:"));
    let own = of(&[("src/lib.rs", "pub struct Own; pub fn f(it: Own) {}")]);
    assert!(own.contains("`Own: serde::") && own.contains("derive serde's traits"), "{own}");
}

/// A build is kept by content, of whatever folder; and without a cache there is a build all the same.
#[test]
fn a_project_is_built_once() {
    let cache = tempfile::tempdir().unwrap();
    let main = |text: &str| Project::plain(&[("src/main.rs", &format!("fn main() {{ print!(\"{text}\") }}"))]);
    let run = |project: &Project, setup: Setup| {
        let told = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&told);
        let setup = setup.on_progress(move |progress| {
            if let Progress::Begin(what) = progress {
                keep.lock().unwrap().push(what.split(' ').next().unwrap().to_owned());
            }
        });
        let sandbox = WasmSandbox::builder().setup(setup).source(project.path()).build_blocking().unwrap();
        let stdout = sandbox.execute(Vec::<String>::new()).unwrap().stdout.to_string();
        let told = told.lock().unwrap().clone();
        (stdout, told.iter().any(|word| word == "building"))
    };
    let kept = || languages::setup(Language::Rust).cache_dir(cache.path());
    assert_eq!(run(&main("one"), kept()), ("one".to_owned(), true));
    assert_eq!(run(&main("one"), kept()), ("one".to_owned(), false));
    assert_eq!(run(&main("two"), kept()), ("two".to_owned(), true));
    assert_eq!(run(&main("one"), languages::setup(Language::Rust).no_cache()), ("one".to_owned(), true));
    let without_jail = languages::setup(Language::Rust).no_cache().dangerous().compile_without_jail();
    assert_eq!(run(&main("one"), without_jail), ("one".to_owned(), true));
    let missing = Project::plain(&[("src/main.rs", "fn main() {}")]);
    missing.write("Cargo.toml", "[package]\nname = 'p'\nversion = '0.1.0'\n[dependencies]\nitoa = '999'");
    assert!(missing.diagnostics().starts_with("its crates cannot be fetched\n"));
}

/// What a hostile project would like to have: a file and a port of the host's.
struct Canary {
    file: tempfile::NamedTempFile,
    port: TcpListener,
}

const CANARY: &str = "canary-93ab51";

impl Canary {
    fn new() -> Self {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), CANARY).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap();
        port.set_nonblocking(true).unwrap();
        Self { file, port }
    }

    /// Rust that tries everything and says what came of it.
    fn probe(&self) -> String {
        PROBE
            .replace("FILE", &self.file.path().display().to_string())
            .replace("PORT", &self.port.local_addr().unwrap().port().to_string())
    }

    fn untouched(&self) {
        assert_eq!(self.port.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "somebody called");
        assert_eq!(fs::read_to_string(self.file.path()).unwrap(), CANARY);
    }
}

const PROBE: &str = r#"
fn probe() -> String {
    use std::{env, fs, io, net, os::unix::net::UnixStream, process::Command};
    fn kind<T>(outcome: io::Result<T>) -> String {
        match outcome { Ok(_) => "ALLOWED".to_owned(), Err(error) => format!("{:?}", error.kind()) }
    }
    unsafe extern "C" { fn getrlimit(resource: i32, limits: *mut [u64; 2]) -> i32; fn kill(pid: i32, signal: i32) -> i32; }
    let mut core = [9; 2];
    unsafe { getrlimit(4, &mut core) };
    let names: Vec<String> = env::vars().map(|(name, _)| name).collect();
    [
        format!("read={}", kind(fs::read("FILE"))),
        format!("write={}", kind(fs::write("FILE", "x"))),
        format!("list={}", kind(fs::read_dir("/"))),
        format!("passwd={}", kind(fs::read("/etc/passwd"))),
        format!("process={}", kind(fs::read("/proc/self/environ"))),
        format!("tcp={}", kind(net::TcpStream::connect("127.0.0.1:PORT"))),
        format!("udp={}", kind(net::UdpSocket::bind("127.0.0.1:0"))),
        format!("unix={}", kind(UnixStream::connect("/run/nothing"))),
        format!("run={}", kind(Command::new("/bin/sh").status())),
        format!("kill={}", unsafe { kill(PARENT, 0) }),
        format!("core={core:?}"),
        format!("names={}", names.join(",")),
    ].join(";")
}
"#;

/// What the probe says when it got nothing.
fn assert_nothing_was_had(said: &str) {
    let answer = |name: &str| {
        let found = said.split(';').find_map(|pair| pair.trim().strip_prefix(&format!("{name}=")));
        found.unwrap_or_else(|| panic!("{name} in {said}")).to_owned()
    };
    // Folders above the build's own are there, and empty but for what leads to it: nothing can be made in them.
    for name in ["read", "write", "list", "passwd", "process", "tcp", "udp", "unix", "run"] {
        let refusals: &[&str] = match name {
            "write" => &["PermissionDenied", "NotFound", "ReadOnlyFilesystem"],
            _ => &["PermissionDenied", "NotFound"],
        };
        assert!(refusals.contains(&answer(name).as_str()), "{name}: {said}");
    }
    assert_eq!(answer("kill"), "-1");
    assert_eq!(answer("core"), "[1, 1]");
    let names = answer("names");
    for name in names.split(',') {
        let own = ["CARGO", "RUST", "OUT_DIR", "TARGET", "HOST", "NUM_JOBS", "OPT_LEVEL", "PROFILE", "DEBUG"];
        let ours = ["TMPDIR", "PATH", "LD_LIBRARY_PATH"];
        assert!(own.iter().chain(&ours).any(|prefix| name.starts_with(prefix)), "{name} in {names}");
    }
}

fn with_process(probe: &str) -> String {
    probe.replace("PARENT", &std::process::id().to_string())
}

#[test]
fn i3_a_build_script_gets_nothing() {
    let canary = Canary::new();
    let script = with_process(&canary.probe())
        + "fn main() { println!(\"cargo::rustc-env=FOUND={}\", probe()); println!(\"cargo::rustc-env=DATA={}\", std::fs::read_to_string(\"data.txt\").unwrap()); }";
    let project = Project::plain(&[
        ("build.rs", &script),
        ("src/main.rs", "fn main() { println!(\"{}\", env!(\"FOUND\")); eprint!(\"{}\", env!(\"DATA\")) }"),
        ("data.txt", "a file of the project"),
    ]);
    let result = project.sandbox().execute(Vec::<String>::new()).unwrap();
    assert_nothing_was_had(&result.stdout.to_string());
    assert_eq!(result.stderr, "a file of the project");
    canary.untouched();
}

#[test]
fn i3_a_macro_gets_nothing() {
    let canary = Canary::new();
    let library = with_process(&canary.probe())
        + "#[proc_macro] pub fn found(_: proc_macro::TokenStream) -> proc_macro::TokenStream { format!(\"{:?}\", probe()).parse().unwrap() }
           #[proc_macro] pub fn answer(_: proc_macro::TokenStream) -> proc_macro::TokenStream { \"42\".parse().unwrap() }";
    let project = Project::new(&[
        (
            "Cargo.toml",
            "[package]\nname = 'uses'\nversion = '0.1.0'\nedition = '2024'\n[dependencies]\nmacros.path = 'macros'",
        ),
        (
            "src/lib.rs",
            "pub fn found() -> String { macros::found!().to_owned() } pub fn answer() -> i32 { macros::answer!() }",
        ),
        (
            "macros/Cargo.toml",
            "[package]\nname = 'macros'\nversion = '0.1.0'\nedition = '2024'\n[lib]\nproc-macro = true",
        ),
        ("macros/src/lib.rs", &format!("extern crate proc_macro;\n{library}")),
    ]);
    let mut sandbox = project.sandbox();
    assert_nothing_was_had(&sandbox.call::<_, String>("found", ()).unwrap());
    assert_eq!(sandbox.call::<_, i32>("answer", ()).unwrap(), 42);
    canary.untouched();
}

/// The twin of the two above: what build scripts are for works.
#[test]
fn i3_a_build_script_generates_code() {
    let project = Project::plain(&[
        (
            "build.rs",
            "fn main() { std::fs::write(std::path::Path::new(&std::env::var(\"OUT_DIR\").unwrap()).join(\"made.rs\"), \"pub fn made() -> i32 { 7 }\").unwrap(); println!(\"cargo::rustc-cfg=made\"); }",
        ),
        (
            "src/lib.rs",
            "include!(concat!(env!(\"OUT_DIR\"), \"/made.rs\")); #[cfg(not(made))] compile_error!(\"no\"); pub fn twice() -> i32 { 2 * made() }",
        ),
    ]);
    assert_eq!(project.sandbox().call::<_, i32>("twice", ()).unwrap(), 14);
}

/// What may only be read cannot be changed in any other way either; what the build makes can.
#[test]
fn i3_a_build_script_changes_no_mode_of_the_host() {
    let project = Project::plain(&[
        (
            "build.rs",
            r#"use std::{env, fs, os::unix::fs::PermissionsExt, path::Path};
            fn main() {
                let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
                let own = Path::new(&env::var("OUT_DIR").unwrap()).join("own");
                fs::write(&own, "").unwrap();
                mode(&own, 0o700).unwrap();
                let tools = Path::new(&env::var("CARGO").unwrap()).parent().unwrap().to_owned();
                let all = [tools.join("rustc"), tools, "/dev/null".into(), "/lib64/ld-linux-x86-64.so.2".into()];
                let changed: Vec<_> = all.iter().filter(|path| path.exists() && mode(path, 0o755).is_ok()).collect();
                println!("cargo::rustc-env=CHANGED={changed:?}");
                println!("cargo::rustc-env=TOOLS={}", all[0].exists());
            }"#,
        ),
        ("src/main.rs", "fn main() { print!(\"{} {}\", env!(\"CHANGED\"), env!(\"TOOLS\")) }"),
    ]);
    assert_eq!(project.sandbox().execute(Vec::<String>::new()).unwrap().stdout, "[] true");
}

/// A process that a build script leaves behind ends with the build.
#[test]
fn i3_nothing_outlives_a_build() {
    let project = Project::plain(&[("src/main.rs", "fn main() { print!(env!(\"STAYS\")) }")]);
    let word = project.path().file_name().unwrap().to_str().unwrap().to_owned();
    let script = "use std::{env, process::{Command, Stdio}};
        fn main() {
            if env::args().nth(1).as_deref() == Some(\"WORD\") { loop { std::thread::park() } }
            Command::new(env::args_os().next().unwrap()).arg(\"WORD\")
                .stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            println!(\"cargo::rustc-env=STAYS=yes\");
        }";
    project.write("build.rs", &script.replace("WORD", &word));
    assert_eq!(project.sandbox().execute(Vec::<String>::new()).unwrap().stdout, "yes");
    for entry in fs::read_dir("/proc").unwrap() {
        let line = fs::read(entry.unwrap().path().join("cmdline")).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&line).contains(&format!("\0{word}")), "it is still there");
    }
}

#[test]
fn i4_what_leads_elsewhere_is_refused_before_anything_is_fetched() {
    let canary = Canary::new();
    let port = canary.port.local_addr().unwrap().port();
    let head = "[package]\nname = 'p'\nversion = '0.1.0'\nedition = '2024'\n";
    for (more, lock, field) in [
        (format!("[dependencies]\nx.git = 'http://127.0.0.1:{port}/x'"), None, "Cargo.toml: dependencies.x"),
        (
            format!("[patch.crates-io]\nserde.git = 'http://127.0.0.1:{port}/x'"),
            None,
            "Cargo.toml: patch.crates-io.serde",
        ),
        (
            format!("[dependencies]\nx = {{ version = '1', registry-index = 'sparse+http://127.0.0.1:{port}/' }}"),
            None,
            "Cargo.toml: dependencies.x",
        ),
        ("[dependencies]\nx.path = '../x'".to_owned(), None, "Cargo.toml: dependencies.x"),
        (
            "[dependencies]\nx = '1'".to_owned(),
            Some(format!("[[package]]\nname = 'x'\nversion = '1.0.0'\nsource = 'registry+http://127.0.0.1:{port}/'")),
            "Cargo.lock: x",
        ),
    ] {
        let project = Project::new(&[("Cargo.toml", &format!("{head}{more}")), ("src/main.rs", "fn main() {}")]);
        if let Some(lock) = lock {
            project.write("Cargo.lock", &lock);
        }
        match refusal(project.build()) {
            SandboxError::Configuration { problems } => assert_eq!(problems[0].field, field),
            other => panic!("{more}: {other:?}"),
        }
    }
    canary.untouched();
}

/// The project's own settings for cargo name programs to run; they are not obeyed.
#[test]
fn i4_settings_of_the_project_are_not_obeyed() {
    let config = "[build]\ntarget = 'TARGET'\nrustc = '/nowhere'\nrustc-wrapper = '/nowhere'\nrustflags = ['--cfg', 'obeyed']\n\
                  [env]\nOBEYED = 'yes'\n[target.TARGET]\nlinker = '/nowhere'\nrunner = '/nowhere'\nrustflags = '--cfg=obeyed'\n\
                  [profile.release]\ndebug-assertions = true\n[source.crates-io]\nreplace-with = 'x'";
    let main = "fn main() { print!(\"{} {} {} {:?}\", cfg!(target_env = \"p2\"), cfg!(obeyed), cfg!(debug_assertions), option_env!(\"OBEYED\")) }";
    for (target, told) in [("wasm32-wasip1", "false"), ("wasm32-wasip2", "true")] {
        let config = config.replace("TARGET", target);
        let project = Project::plain(&[
            ("src/main.rs", main),
            (".cargo/config.toml", &config),
            ("src/.cargo/config", &config),
            ("rust-toolchain.toml", "[toolchain]\npath = '/nowhere'"),
        ]);
        let printed = project.sandbox().execute([""; 0]).unwrap().stdout.to_string();
        assert_eq!(printed, format!("{told} false false None"));
    }
}

/// A build does not change, nor even see, what other builds are made of.
#[test]
fn i4_fetched_crates_are_shared_and_not_changed() {
    let with = |dependency: &str, script: &str| {
        let manifest =
            format!("[package]\nname = 'p'\nversion = '0.1.0'\nedition = '2024'\n[dependencies]\n{dependency}\n");
        Project::new(&[
            ("Cargo.toml", &manifest),
            ("build.rs", script),
            ("src/main.rs", "fn main() { print!(env!(\"FOUND\")) }"),
        ])
    };
    let idle = "fn main() { println!(\"cargo::rustc-env=FOUND=\") }";
    with("itoa = '1'", idle).sandbox();
    let registry = languages::cache_dir().join("cargo/registry");
    let fetched = |name: &str| {
        let source = fs::read_dir(registry.join("src")).unwrap().next().unwrap().unwrap().path();
        let mut crates = fs::read_dir(source).unwrap().map(|entry| entry.unwrap().path());
        crates.find(|path| path.file_name().unwrap().to_string_lossy().starts_with(name)).unwrap()
    };
    let itoa = fetched("itoa-").join("src/lib.rs");
    let before = fs::read(&itoa).unwrap();
    with("memchr = '2'", idle).sandbox();
    let memchr = fetched("memchr-2.").join("src/lib.rs");
    let script = format!(
        "use std::fs; fn kind<T>(outcome: std::io::Result<T>) -> String {{ match outcome {{ Ok(_) => \"ALLOWED\".to_owned(), Err(error) => format!(\"{{:?}}\", error.kind()) }} }}
         fn main() {{ println!(\"cargo::rustc-env=FOUND={{}} {{}} {{}} {{}} {{}}\",
            kind(fs::read({memchr:?})), kind(fs::write({memchr:?}, \"x\")), kind(fs::remove_file({memchr:?})), kind(fs::read({itoa:?})), kind(fs::write({index:?}, \"x\"))) }}",
        index = registry.join("index/new"),
    );
    let said = with("memchr = '2'", &script).sandbox().execute(Vec::<String>::new()).unwrap().stdout.to_string();
    let words: Vec<&str> = said.split(' ').collect();
    assert_eq!(words[0], "ALLOWED", "its own crate is there to be read");
    for word in &words[1..] {
        assert!(["PermissionDenied", "NotFound", "ReadOnlyFilesystem"].contains(word), "{said}");
    }
    assert_eq!(fs::read(itoa).unwrap(), before);
}

#[test]
fn i4_link_arguments_do_not_lead_out() {
    let canary = Canary::new();
    let argument = |argument: &str| {
        let script = format!("fn main() {{ println!(\"cargo::rustc-link-arg={argument}\") }}");
        Project::plain(&[("build.rs", &script), ("src/main.rs", "fn main() { print!(\"linked\") }")])
    };
    let said = argument(&canary.file.path().display().to_string()).diagnostics();
    assert!(said.contains("cannot open") && !said.contains(CANARY), "{said}");
    assert_eq!(argument("--export=main").sandbox().execute(Vec::<String>::new()).unwrap().stdout, "linked");
    let native = Project::new(&[
        ("Cargo.toml", "[package]\nname = 'p'\nversion = '0.1.0'\nlinks = 'ssl'\n"),
        ("src/main.rs", ""),
    ]);
    assert_eq!(refusal(native.build()).code(), ErrorCode::Configuration);
}

/// I9 and I11: what never ends is ended, all of it, before anybody cleans up after it.
#[test]
fn i9_what_never_ends_is_ended() {
    let cache = tempfile::tempdir().unwrap();
    let writes = "fn main() { for n in 0u64.. { std::fs::write(format!(\"{}/{n}\", std::env::var(\"OUT_DIR\").unwrap()), \"\").unwrap() } }";
    let constant =
        "#![allow(long_running_const_eval)] const X: u32 = { let mut n = 1; while n > 0 { n = n % 7 + 1 } n };
                    fn main() { print!(\"{X}\") }";
    for files in [&[("build.rs", writes), ("src/main.rs", "fn main() {}")][..], &[("src/main.rs", constant)]] {
        let project = Project::plain(files);
        let setup = languages::setup(Language::Rust).cache_dir(cache.path()).build_timeout(Duration::from_secs(4));
        let started = Instant::now();
        match refusal(WasmSandbox::builder().setup(setup).source(project.path()).build_blocking()) {
            SandboxError::ResourceExhausted { kind, limit, .. } => {
                assert_eq!((kind, limit), (ResourceKind::CompileTime, 4000));
            }
            other => panic!("{other:?}"),
        }
        assert!(started.elapsed() < Duration::from_secs(30));
        assert_eq!(fs::read_dir(cache.path().join("work")).unwrap().count(), 0);
    }
}

#[test]
fn i9_nesting_that_ends_a_parser_ends_no_host() {
    let depth = 200_000;
    let text = format!("pub fn f() -> u8 {{ {}1{} }}", "(".repeat(depth), ")".repeat(depth));
    let said = Project::plain(&[("src/lib.rs", &text)]).diagnostics();
    assert_eq!(said, "src/lib.rs: it is nested too deeply, or too large");
    let manifest = Project::new(&[("Cargo.toml", &format!("a = {}{}", "[".repeat(depth), "]".repeat(depth)))]);
    assert!(manifest.diagnostics().starts_with("Cargo.toml: "));
}

#[test]
fn i10_floods_are_cut_and_cleaned() {
    let project = Project::plain(&[
        (
            "build.rs",
            "fn main() { let line = \"\\u{1b}[31mflood\".repeat(1000); for _ in 0..5000 { eprintln!(\"{line}\") } panic!(\"{}\", std::env::var(\"OUT_DIR\").unwrap()) }",
        ),
        ("src/main.rs", "fn main() {}"),
    ]);
    let said = project.diagnostics();
    assert!(said.contains("flood") && said.len() < 64 << 10, "{}", said.len());
    assert!(!said.contains('\u{1b}') && !said.contains(&languages::cache_dir().display().to_string()), "{said}");
}

/// Where the module should be there is a link to where others are.
#[test]
fn i11_a_link_in_the_place_of_the_output_is_not_followed() {
    let project = Project::plain(&[
        (
            "build.rs",
            "use std::{env, fs, path::Path};
             fn main() {
                 let out = env::var(\"OUT_DIR\").unwrap();
                 let target = Path::new(&out).ancestors().find(|path| path.ends_with(\"target\")).unwrap();
                 let (release, moved) = (target.join(\"wasm32-wasip1/release\"), target.join(\"moved\"));
                 fs::rename(&release, &moved).unwrap();
                 std::os::unix::fs::symlink(&moved, &release).unwrap();
             }",
        ),
        ("src/main.rs", "fn main() {}"),
    ]);
    let said = project.diagnostics();
    assert!(said.starts_with("the build left no `plain.wasm`: Too many levels of symbolic links"), "{said}");
}

#[test]
fn i11_no_folder_is_left() {
    let cache = tempfile::tempdir().unwrap();
    let setup = languages::setup(Language::Rust).cache_dir(cache.path());
    let closes = "use std::{env, fs, os::unix::fs::PermissionsExt, path::Path};
        fn main() {
            let closed = Path::new(&env::var(\"OUT_DIR\").unwrap()).join(\"closed\");
            fs::create_dir_all(closed.join(\"inner\")).unwrap();
            fs::set_permissions(&closed, fs::Permissions::from_mode(0)).unwrap();
            if env::var(\"CARGO_PKG_NAME\").unwrap() == \"fails\" { panic!() }
        }";
    for (name, good) in [("works", true), ("fails", false)] {
        let manifest = format!("[package]\nname = '{name}'\nversion = '0.1.0'\nedition = '2024'");
        let project = Project::new(&[("Cargo.toml", &manifest), ("build.rs", closes), ("src/main.rs", "fn main() {}")]);
        let outcome = WasmSandbox::builder().setup(setup.clone()).source(project.path()).build_blocking();
        assert_eq!(outcome.is_ok(), good, "{:?}", outcome.err());
        assert_eq!(fs::read_dir(cache.path().join("work")).unwrap().count(), 0);
    }
}

/// A macro that aborts takes the compiler with it, as a bug in the compiler would.
#[test]
fn i12_a_compiler_that_crashes_is_an_error() {
    let project = Project::new(&[
        (
            "Cargo.toml",
            "[package]\nname = 'uses'\nversion = '0.1.0'\nedition = '2024'\n[dependencies]\nmacros.path = 'macros'",
        ),
        ("src/main.rs", "fn main() { macros::crash!() }"),
        (
            "macros/Cargo.toml",
            "[package]\nname = 'macros'\nversion = '0.1.0'\nedition = '2024'\n[lib]\nproc-macro = true",
        ),
        (
            "macros/src/lib.rs",
            "#[proc_macro] pub fn crash(_: proc_macro::TokenStream) -> proc_macro::TokenStream { unsafe { *(8 as *mut u8) = 1 }; std::process::abort() }",
        ),
    ]);
    let said = project.diagnostics();
    assert!(said.contains("signal: 11"), "{said}");
    for word in said.split_whitespace() {
        assert!(!word.trim_start_matches(['`', '\'', '(']).starts_with('/'), "{word} in {said}");
    }
    assert!(!project.path().join("core").exists());
}

#[test]
fn what_to_run_must_be_plain() {
    let two =
        Project::plain(&[("src/bin/one.rs", "fn main() {}"), ("src/bin/two.rs", "fn main() { print!(\"two\") }")]);
    match refusal(two.build()) {
        SandboxError::Configuration { problems } => {
            assert_eq!(problems[0].field, "Cargo.toml: package.default-run");
            assert!(problems[0].message.contains("`one`, `two`"), "{}", problems[0]);
        }
        other => panic!("{other:?}"),
    }
    two.write("Cargo.toml", "[package]\nname = 'p'\nversion = '0.1.0'\nedition = '2024'\ndefault-run = 'two'");
    assert_eq!(two.sandbox().execute(Vec::<String>::new()).unwrap().stdout, "two");
    let macros = Project::plain(&[("src/lib.rs", "")]);
    macros.write("Cargo.toml", "[package]\nname = 'p'\nversion = '0.1.0'\nedition = '2024'\n[lib]\nproc-macro = true");
    assert_eq!(refusal(macros.build()).code(), ErrorCode::NotRunnable);
    let empty = tempfile::tempdir().unwrap();
    let nothing = WasmSandbox::builder().setup(languages::setup(Language::Rust)).source(empty.path()).build_blocking();
    assert_eq!(refusal(nothing).code(), ErrorCode::NotRunnable);
}

/// Workspaces, patches, and a library that exports functions of its own accord.
#[test]
fn projects_of_every_shape_are_built() {
    let workspace = Project::new(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = ['a', 'b']\nresolver = '3'\n[workspace.package]\nversion = '1.2.3'\n[workspace.dependencies]\nb.path = 'b'",
        ),
        (
            "a/Cargo.toml",
            "[package]\nname = 'a'\nversion.workspace = true\nedition = '2024'\n[dependencies]\nb.workspace = true",
        ),
        ("a/src/main.rs", "fn main() { print!(\"{} {}\", env!(\"CARGO_PKG_VERSION\"), b::answer()) }"),
        ("b/Cargo.toml", "[package]\nname = 'b'\nversion = '0.1.0'\nedition = '2024'"),
        ("b/src/lib.rs", "pub fn answer() -> i32 { 42 }"),
    ]);
    assert_eq!(workspace.sandbox().execute(Vec::<String>::new()).unwrap().stdout, "1.2.3 42");
    let patched = Project::new(&[
        (
            "Cargo.toml",
            "[package]\nname = 'p'\nversion = '0.1.0'\nedition = '2024'\n[lib]\ncrate-type = ['cdylib']\n[dependencies]\nitoa = '1'\n[patch.crates-io]\nitoa.path = 'mine'\n[profile.release]\noverflow-checks = true",
        ),
        (
            "src/lib.rs",
            "pub fn add(a: i32, b: i32) -> i32 { a + b } pub fn mine() -> i32 { itoa::MINE } #[unsafe(no_mangle)] pub extern \"C\" fn plain(a: i32) -> i32 { a + 1 }",
        ),
        ("mine/Cargo.toml", "[package]\nname = 'itoa'\nversion = '1.0.99'\nedition = '2024'"),
        ("mine/src/lib.rs", "pub const MINE: i32 = 5;"),
    ]);
    let mut sandbox = patched.sandbox();
    assert_eq!(sandbox.call::<_, i32>("mine", ()).unwrap(), 5);
    assert_eq!(sandbox.call::<_, i32>("plain", 1).unwrap(), 2);
    assert_eq!(
        sandbox.call::<_, i32>("add", (i32::MAX, 1)).unwrap_err().code(),
        ErrorCode::Trap,
        "the profile is kept"
    );
    let member = WasmSandbox::builder()
        .setup(languages::setup(Language::Rust))
        .source(workspace.path().join("a"))
        .build_blocking();
    match refusal(member) {
        SandboxError::Configuration { problems } => {
            assert!(
                problems
                    .iter()
                    .all(|problem| problem.suggestion.as_deref() == Some("name the folder of the workspace"))
            );
        }
        other => panic!("{other:?}"),
    }
}
