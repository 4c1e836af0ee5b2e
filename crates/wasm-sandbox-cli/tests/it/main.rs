//! The command line as a shell sees it: output, messages and exit codes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cargo;
mod documents;
mod guide;
mod images;
mod init;
mod install;
mod machine;
mod messages;
mod output;
mod projects;
mod serve;
mod streams;
mod terminal;

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

const MODULE: &str = r#"(module
    (memory (export "memory") 1)
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "spin") (loop (br 0)))
    (func (export "trap") unreachable)
    (func (export "grow") (if (i32.eq (memory.grow (i32.const 60000)) (i32.const -1)) (then unreachable))))"#;

/// Says something on stderr, then exits with 7.
const PROGRAM: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "\10\00\00\00\03\00\00\00") (data (i32.const 16) "hi\n")
    (func (export "_start")
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))) (call $exit (i32.const 7))))"#;

struct Shell {
    folder: tempfile::TempDir,
}

impl Shell {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("module.wat"), MODULE).unwrap();
        fs::write(folder.path().join("program.wat"), PROGRAM).unwrap();
        Self { folder }
    }

    fn command(&self, words: &[&str]) -> Command {
        let cache: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache");
        let mut command = Command::new(env!("CARGO_BIN_EXE_wasm-sandbox"));
        command.args(words).current_dir(self.folder.path()).env("XDG_CACHE_HOME", cache);
        command
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn exit_codes_are_those_of_the_table() {
    let shell = Shell::new();
    for (words, code, said) in [
        (&["call", "module.wat", "add", "5", "3"][..], 0, ""),
        (&["call", "module.wat", "trap"], 1, "the guest trapped"),
        (&["call", "module.wat", "add", "5"], 2, "expected 2 arguments, got 1"),
        (&["call", "module.wat", "add", "5", "3", "--memory", "much"], 2, "invalid value 'much'"),
        (&["call", "module.wat", "grow"], 122, "memory limit hit"),
        (&["call", "module.wat", "spin", "--timeout", "100ms"], 124, "wall time limit hit"),
        (&["call", "module.wat", "missing"], 127, "no function `missing`"),
        (&["call", "missing.wat", "add"], 127, "no file `missing.wat`"),
        (&["run", "module.wat"], 126, "it is a library"),
        (&["run", "program.wat"], 7, ""),
        (&["nonsense"], 2, "unrecognized subcommand"),
        (&["run", "program.wat", "word"], 2, "tip: to pass 'word' to the program, use '-- word'"),
        (&["run", "program.wat", "--word"], 2, "use '-- --word'"),
        (&["serve", "program.wat", "--listen", "8080"], 2, "such as `127.0.0.1:8080` or `[::1]:8080`"),
    ] {
        let output = shell.run(words);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {stderr}");
        assert!(stderr.contains(said), "{words:?}: {stderr}");
    }
}

#[test]
fn results_go_to_stdout_and_nothing_else_does() {
    let shell = Shell::new();
    assert_eq!(text(&shell.run(&["call", "module.wat", "add", "5", "-3"]).stdout), "2\n");
    assert_eq!(text(&shell.run(&["run", "program.wat"]).stdout), "hi\n");
    let output = shell.run(&["run", "program.wat", "--json"]);
    assert_eq!(output.status.code(), Some(7));
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(result["stdout"], "hi\n");
    assert_eq!(result["ending"]["code"], 7);
    let output = shell.run(&["inspect", "module.wat", "--json"]);
    let inspection: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(inspection["functions"][0]["name"], "add");
}

#[test]
fn what_a_guest_says_of_itself_steers_no_terminal() {
    let shell = Shell::new();
    let section = r#"{\22version\22:1,\22functions\22:[{\22name\22:\22f\22,\22export\22:\22f\22,\22doc\22:\22\5cu001b[2Jdoc\22,\22abi\22:\22direct\22,\22params\22:[]}]}"#;
    let module = format!(
        r#"(module (import "a\1b[2Jb" "c\07" (func)) (func (export "f"))
            (func (export "x\1b[2Jy")) (@custom "wasm-sandbox.signatures" "{section}"))"#
    );
    fs::write(shell.folder.path().join("evil.wat"), module).unwrap();
    let section = r#"\01{\22worlds\22:{\22w\22:{\22funcs\22:{\22next\22:\22\5cu001b[2Jdoc\5cu0007\5cnsecond\22}}}}"#;
    let component = format!(
        r#"(component (core module $code (func (export "f"))) (core instance $core (instantiate $code))
            (func (export "next") (canon lift (core func $core "f"))) (@custom "package-docs" "{section}"))"#
    );
    fs::write(shell.folder.path().join("component.wat"), component).unwrap();
    for words in [
        &["inspect", "evil.wat"][..],
        &["inspect", "component.wat"],
        &["inspect", "component.wat", "--json"],
        &["call", "evil.wat", "f"],
        &["call", "evil.wat", "missing"],
    ] {
        let output = shell.run(words);
        let shown = [output.stdout, output.stderr].concat();
        assert!(!text(&shown).contains(['\u{1b}', '\u{7}']), "{words:?}: {:?}", text(&shown));
        assert!(words[0] != "inspect" || text(&shown).contains("[2Jdoc"), "{:?}", text(&shown));
    }
}

#[test]
fn a_policy_file_is_used_and_its_mistakes_are_said() {
    let shell = Shell::new();
    fs::write(shell.folder.path().join("good.toml"), "[limits]\ntimeout = \"100ms\"\n").unwrap();
    let output = shell.run(&["call", "module.wat", "spin", "--policy", "good.toml"]);
    assert_eq!(output.status.code(), Some(124));
    fs::write(shell.folder.path().join("bad.toml"), "[limits]\ntimout = \"100ms\"\n").unwrap();
    let output = shell.run(&["call", "module.wat", "add", "1", "2", "--policy", "bad.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("timout"), "{}", text(&output.stderr));
    fs::write(shell.folder.path().join("good.yaml"), "limits:\n  timeout: 100ms\n").unwrap();
    let output = shell.run(&["call", "module.wat", "add", "1", "2", "--policy", "good.yaml"]);
    let said = text(&output.stderr);
    assert!(output.status.code() == Some(2) && said.contains("`good.yaml` is YAML, and policies are TOML"), "{said}");
}

#[test]
fn typescript_runs_is_called_and_is_refused() {
    let shell = Shell::new();
    let file = |name: &str, source: &str| fs::write(shell.folder.path().join(name), source).unwrap();
    file(
        "add.ts",
        "export function add(a: number, b = 2): number {\n    console.log('called' as string);\n    return a + b;\n}\nconsole.log(add(1));",
    );
    file("cyclic.mjs", "export const cyclic = () => { const a = {}; a.a = a; return a };");
    let out = |words: &[&str]| {
        let output = shell.run(words);
        (output.status.code().unwrap(), text(&output.stdout).to_owned(), text(&output.stderr).to_owned())
    };
    assert_eq!(out(&["-q", "eval", "-l", "ts", "enum E { A = 4 }; E.A as number"]), (0, "4\n".into(), String::new()));
    assert_eq!(out(&["-q", "run", "add.ts"]), (0, "called\n3\n".into(), String::new()));
    assert_eq!(out(&["-q", "call", "add.ts", "add", "3"]), (0, "5\n".into(), "printed:\n  called\n".into()));
    assert!(out(&["-q", "inspect", "add.ts"]).1.contains("add(a: f64, b: option<f64>) -> f64"));
    let (code, _, told) = out(&["-q", "call", "add.ts", "add", "true"]);
    assert!(code == 2 && told.contains("argument `a` is not a f64: true"), "{code} {told}");
    let (code, _, told) = out(&["-q", "eval", "-l", "typescript", "const a: = 1"]);
    assert!(code == 1 && told.starts_with("SyntaxError: "), "{code} {told}");
    let (code, printed, told) = out(&["-q", "call", "cyclic.mjs", "cyclic"]);
    assert!(
        code == 1 && printed.is_empty() && told.contains("the result has no JSON form: it contains itself"),
        "{told}"
    );
}

#[test]
fn go_runs_is_called_and_is_refused() {
    let shell = Shell::new();
    let source = "package main\n\n// Add adds.\nfunc Add(a, b int) int { println(\"called\"); return a + b }\nfunc main() { println(\"main\") }\n";
    fs::write(shell.folder.path().join("add.go"), source).unwrap();
    let out = |words: &[&str]| {
        let output = shell.run(&[&["-q"], words].concat());
        (output.status.code().unwrap(), text(&output.stdout).to_owned(), text(&output.stderr).to_owned())
    };
    assert_eq!(out(&["run", "add.go"]), (0, String::new(), "main\n".into()));
    assert_eq!(out(&["call", "add.go", "Add", "5", "3"]), (0, "8\n".into(), "printed:\n  called\n".into()));
    assert!(out(&["inspect", "add.go"]).1.contains("Add(a: s64, b: s64) -> s64\n      Add adds.\n"));
    assert_eq!(out(&["eval", "-l", "go", "1 << 10"]), (0, "1024\n".into(), String::new()));
    let (code, _, told) = out(&["eval", "-l", "go", "missing"]);
    assert!(code == 123 && told.contains("undefined: missing"), "{code} {told}");
}

#[test]
fn g10_a_crash_of_the_command_line_leaves_no_core_file() {
    let shell = Shell::new();
    let talkative = PROGRAM.replace("(call $exit (i32.const 7))", "(loop (br 0))");
    fs::write(shell.folder.path().join("spin.wat"), talkative).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_wasm-sandbox"));
    let running = command.args(["run", "spin.wat"]).current_dir(shell.folder.path()).stdout(Stdio::piped()).spawn();
    let mut running = running.unwrap();
    // Once the guest has printed something everything is set up.
    running.stdout.as_mut().unwrap().read_exact(&mut [0; 3]).unwrap();
    let limits = fs::read_to_string(format!("/proc/{}/limits", running.id())).unwrap();
    running.kill().unwrap();
    running.wait().unwrap();
    let core = |limits: &str| {
        let line = limits.lines().find_map(|line| line.strip_prefix("Max core file size")).unwrap();
        line.split_whitespace().nth(1).unwrap().to_owned()
    };
    let granted = core(&fs::read_to_string("/proc/self/limits").unwrap());
    assert_eq!(core(&limits), if granted == "0" { "0" } else { "1" });
}
