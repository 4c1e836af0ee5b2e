//! The guides, tried with the binary.

use std::{collections::BTreeSet, fs, io::Write};

use crate::{Shell, text};

const DEFAULTS: &str = include_str!("../../../../docs/guide/defaults.md");
const POLICY: &str = include_str!("../../../../docs/guide/policy.md");

/// Prints `in.txt` of its first directory, then makes `out.txt` in it and exits with the errno of that.
const COPIER: &str = r#"(module
    (import "wasi_snapshot_preview1" "path_open"
        (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "in.txt") (data (i32.const 8) "out.txt")
    (data (i32.const 16) "\00\01\00\00\40\00\00\00") ;; 64 bytes at 256
    (func (export "_start") (local $errno i32)
        (if (i32.eqz (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 6) (i32.const 0)
                (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 32)))
            (then
                (drop (call $read (i32.load (i32.const 32)) (i32.const 16) (i32.const 1) (i32.const 20)))
                (drop (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 36)))))
        (local.set $errno (call $open (i32.const 3) (i32.const 0) (i32.const 8) (i32.const 7) (i32.const 1)
            (i64.const 64) (i64.const 0) (i32.const 0) (i32.const 32)))
        (call $exit (local.get $errno))))"#;

/// The first TOML block below a heading of the guide.
fn example(heading: &str) -> &'static str {
    let (_, below) = POLICY.split_once(&format!("### {heading}\n")).expect(heading);
    below.split("```toml\n").nth(1).unwrap().split("```").next().unwrap()
}

fn zip(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(content.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// Each kind of mount: what can be read through it, the errno of making a file in it, and whether the host then has it.
#[test]
fn each_kind_of_mount_does_what_the_guide_says() {
    const READ_ONLY: i32 = 69;
    for (heading, printed, errno, on_the_host) in [
        ("A directory to read", "from the host", READ_ONLY, false),
        ("A directory to write", "from the host", 0, true),
        ("A directory that only seems to change", "from the host", 0, false),
        ("An empty directory in memory", "", 0, false),
        ("A zip archive", "from the archive", READ_ONLY, false),
    ] {
        let shell = Shell::new();
        let file = |name: &str| shell.folder.path().join(name);
        fs::write(file("copier.wat"), COPIER).unwrap();
        fs::write(file("policy.toml"), example(heading)).unwrap();
        fs::write(file("data.zip"), zip(&[("in.txt", "from the archive")])).unwrap();
        fs::create_dir(file("data")).unwrap();
        fs::write(file("data/in.txt"), "from the host").unwrap();

        let output = shell.run(&["run", "copier.wat", "--policy", "policy.toml", "--json"]);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(errno), "{heading}: {stderr}");
        let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(result["stdout"], printed, "{heading}: {result}");
        assert_eq!(file("data/out.txt").exists(), on_the_host, "{heading}");
        let (created, denied): (&[&str], &[&str]) =
            if errno == 0 { (&["/data/out.txt"], &[]) } else { (&[], &["filesystem.write"]) };
        assert_eq!(result["files"]["created"], serde_json::json!(created), "{heading}");
        let denials = result["denials"].as_array().unwrap();
        let lacked: Vec<&str> = denials.iter().map(|denial| denial["capability"].as_str().unwrap()).collect();
        assert_eq!(lacked, denied, "{heading}: {stderr}");
    }
}

/// What the guide says of a file with mistakes is what the command line prints, with the file's name.
#[test]
fn mistakes_are_said_with_file_and_line() {
    let shell = Shell::new();
    let mistaken = POLICY.split("```toml,mistaken\n").nth(1).unwrap().split("```").next().unwrap();
    fs::write(shell.folder.path().join("policy.toml"), mistaken).unwrap();
    let output = shell.run(&["run", "program.wat", "--policy", "policy.toml"]);
    let said = POLICY.split("```text\n").nth(1).unwrap().split("\n```").next().unwrap();
    let expected: Vec<String> = said.lines().map(|line| format!("policy.toml: {line}")).collect();
    assert_eq!(text(&output.stderr), format!("error: {}\n", expected.join("\n  ")));
    assert_eq!(output.status.code(), Some(2));
}

/// The flags of the table are those that there are.
#[test]
fn the_table_of_defaults_has_every_flag() {
    let help = Shell::new().run(&["run", "--help"]);
    let (_, policy) = text(&help.stdout).split_once("Policy:\n").unwrap();
    let flags = |text: &'static str| -> BTreeSet<&str> {
        text.split(|c: char| !c.is_alphanumeric() && c != '-').filter(|word| word.starts_with("--")).collect()
    };
    let policy: BTreeSet<&str> =
        policy.lines().filter_map(|line| line.trim().split(' ').next()).filter(|word| word.starts_with("--")).collect();
    let mut documented = flags(DEFAULTS);
    documented.retain(|flag| flag.chars().any(|c| c.is_alphabetic()));
    assert_eq!(documented, policy, "`--policy` is named above the table");
}

#[test]
fn help_has_the_exit_codes_of_the_table() {
    let help = Shell::new().run(&["--help"]);
    let (_, codes) = text(&help.stdout).split_once("Exit codes:\n").unwrap();
    let shown: BTreeSet<u8> = codes.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect();
    let coded = wasm_sandbox::ErrorCode::TABLE.iter().map(|row| row.exit).chain([0, 130, 141]).collect();
    assert_eq!(shown, coded);
}

#[test]
fn granted_directories_keep_their_names_and_stay_apart() {
    let shell = Shell::new();
    let file = |name: &str| shell.folder.path().join(name);
    fs::write(file("copier.wat"), COPIER).unwrap();
    fs::create_dir(file("data")).unwrap();
    fs::write(file("data/in.txt"), "granted").unwrap();
    for grant in ["data", "./data", "data:/elsewhere"] {
        let output = shell.run(&["run", "copier.wat", "--allow-read", grant]);
        assert_eq!(text(&output.stdout), "granted", "{grant}: {}", text(&output.stderr));
    }
    for (words, said) in [
        (&["--allow-read", "data:in"][..], "`in` is not a guest path: it must be absolute"),
        (&["--allow-read", "../data"], "write `../data:/name`"),
        (&["--allow-read", "data:/a", "--allow-write", "data:/a/b"], "`/a/b` could be `/a-b`"),
        (&["--allow-read", "data:/a", "--allow-write", "data:/a"], "another mount is at `/a` already"),
    ] {
        let output = shell.run(&[&["run", "copier.wat"], words].concat());
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(text(&output.stderr).contains(said), "{words:?}: {}", text(&output.stderr));
    }
}

#[test]
fn advice_is_given_to_those_who_want_to_hear_it() {
    let shell = Shell::new();
    let run = |flag: &str| {
        let output = shell.run(&["run", "program.wat", flag, "--allow-env", "API_TOKEN=x"]);
        text(&output.stderr).lines().filter(|line| line.contains("advice:")).count()
    };
    assert_eq!((run("-v"), run("-q")), (1, 0));
}
