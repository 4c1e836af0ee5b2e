//! Cargo projects from the command line, with what the user has told cargo.

use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

fn write(path: &Path, contents: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, contents).unwrap();
}

/// I4: the user's stand-in for the registry is kept to, in fetching and in building; what else the user has told cargo, and
/// how the network is reached, no build gets to know.
#[test]
fn i4_the_users_registry_is_used_and_their_secrets_are_not_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = |relative: &str| folder.path().join(relative);
    write(
        &path("home/config.toml"),
        "[source.crates-io]\nreplace-with = 'own'\n[source.own]\ndirectory = 'vendor'\n[build]\nrustc-wrapper = '/nowhere'\n\
         [http]\nproxy = 'http://secret-1@127.0.0.1:1'\n[env]\nPLANTED = 'secret-2'",
    );
    write(&path("home/credentials.toml"), "[registry]\ntoken = 'secret-3'");
    write(&path("vendor/only-here/Cargo.toml"), "[package]\nname = 'only-here'\nversion = '1.0.0'\nedition = '2024'");
    write(&path("vendor/only-here/src/lib.rs"), "pub const ANSWER: i32 = 42;");
    let checksum = "0".repeat(64);
    write(&path("vendor/only-here/.cargo-checksum.json"), &format!("{{\"files\": {{}}, \"package\": \"{checksum}\"}}"));
    write(
        &path("project/Cargo.toml"),
        "[package]\nname = 'p'\nversion = '0.1.0'\nedition = '2024'\n[dependencies]\nonly-here = '1'",
    );
    let script =
        "fn main() { for (name, value) in std::env::vars() { assert!(!value.contains(\"secret\"), \"{name}\") } }";
    write(&path("project/build.rs"), script);
    write(&path("project/src/main.rs"), "fn main() { println!(\"{}\", only_here::ANSWER) }");
    let output = Command::new(env!("CARGO_BIN_EXE_wasm-sandbox"))
        .args(["run", "."])
        .current_dir(path("project"))
        .env("XDG_CACHE_HOME", path("cache"))
        .env("CARGO_HOME", path("home"))
        .env("HTTPS_PROXY", "http://secret-4@127.0.0.1:1")
        .env("CARGO_REGISTRY_TOKEN", "secret-5")
        .env("CARGO_BUILD_RUSTC_WRAPPER", "/nowhere")
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "42\n", "{stderr}");
    for step in ["fetching the crates of project", "building project"] {
        assert!(stderr.contains(step), "{stderr}");
    }
}

/// The processes that have this text among their arguments.
fn processes_with(text: &str) -> Vec<PathBuf> {
    let has = |path: &PathBuf| {
        let arguments = fs::read(path.join("cmdline")).unwrap_or_default();
        arguments.windows(text.len()).any(|part| part == text.as_bytes())
    };
    fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path()).filter(has).collect()
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "{what} does not happen");
        std::thread::yield_now();
    }
}

/// I3: who kills the command line kills its compilers.
#[test]
fn i3_nothing_outlives_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = |relative: &str| folder.path().canonicalize().unwrap().join(relative);
    write(&path("project/Cargo.toml"), "[package]\nname = 'p'\nversion = '0.1.0'\nedition = '2024'");
    write(&path("project/build.rs"), "fn main() { loop { std::thread::park() } }");
    write(&path("project/src/main.rs"), "fn main() {}");
    let mut command = Command::new(env!("CARGO_BIN_EXE_wasm-sandbox"))
        .args(["run", "project"])
        .current_dir(folder.path())
        .env("XDG_CACHE_HOME", path("cache"))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(command.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("building project")));
    // Cargo is given the folder, and the build script is started by its place in it.
    let work = path("cache/wasm-sandbox/work").display().to_string();
    until("the build script", || processes_with(&work).len() > 1);
    for process in processes_with(&work) {
        assert_eq!(fs::read_to_string(process.join("oom_score_adj")).unwrap(), "1000\n", "the first to go");
    }
    command.kill().unwrap();
    command.wait().unwrap();
    until("the end of the compilers", || processes_with(&work).is_empty());
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a shorter search path is made from the real one")]
fn a_missing_linker_is_said_when_it_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let path = |relative: &str| folder.path().join(relative);
    fs::create_dir(path("programs")).unwrap();
    let places = std::env::var_os("PATH").unwrap();
    for program in ["cargo", "rustc"] {
        let real = std::env::split_paths(&places).map(|place| place.join(program)).find(|path| path.is_file());
        std::os::unix::fs::symlink(real.unwrap(), path("programs").join(program)).unwrap();
    }
    write(&path("project/Cargo.toml"), "[package]\nname = 'p'\nversion = '0.1.0'\nedition = '2024'");
    write(&path("project/src/main.rs"), "fn main() {}");
    let run = || {
        let output = Command::new(env!("CARGO_BIN_EXE_wasm-sandbox"))
            .args(["run", "project"])
            .current_dir(folder.path())
            .env("XDG_CACHE_HOME", path("cache"))
            .env("PATH", path("programs"))
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(run().0, Some(0));
    write(&path("project/build.rs"), "fn main() {}");
    let (code, said) = run();
    assert_eq!(code, Some(125), "{said}");
    assert!(said.contains("a C compiler (`cc`)") && said.contains("hint: get it with `apt-get install gcc`"), "{said}");
}
