//! Programs on a terminal, and signals: a guest feels like any other program.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::{Shell, text};

/// A guest on a terminal, and what is typed after what it says.
struct Terminal<'a> {
    words: &'a [&'a str],
    steps: &'a [(&'a str, &'a str)],
    environment: Value,
}

impl Terminal<'_> {
    /// What the terminal shows, and the exit code.
    fn run(&self, shell: &Shell) -> (String, i64) {
        let command = [&[env!("CARGO_BIN_EXE_wasm-sandbox")], self.words].concat();
        let steps: Vec<_> = self.steps.iter().map(|(wait, say)| json!([wait, say])).collect();
        let job = json!({
            "command": command, "steps": steps, "environment": self.environment, "rows": 33, "columns": 77
        });
        let typist = shell.command(&[]);
        let mut python = Command::new("python3");
        python.args(["-c", include_str!("terminal.py"), &job.to_string()]).current_dir(shell.folder.path());
        python.envs(typist.get_envs().filter_map(|(name, value)| Some((name, value?)))).env_remove("NO_COLOR");
        let output = python.stdin(Stdio::null()).output().unwrap();
        let shown: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
        assert_eq!(shown["left"], 0, "{shown}");
        (shown["output"].as_str().unwrap().to_owned(), shown["code"].as_i64().unwrap())
    }
}

fn shell(name: &str, program: &str) -> Shell {
    let shell = Shell::new();
    fs::write(shell.folder.path().join(name), program).unwrap();
    // What takes long is said the first time.
    shell.run(&["eval", "-l", if name.ends_with("py") { "py" } else { "js" }, "1"]);
    shell
}

const SURROUNDINGS: &str = "console.log(JSON.stringify(process.env));";

#[test]
fn g1_a_terminal_is_described_by_four_variables_and_no_more() {
    let shell = shell("env.js", SURROUNDINGS);
    let shown = |words: &[&str], environment: Value| -> Value {
        let (output, code) = Terminal { words, steps: &[], environment }.run(&shell);
        assert_eq!(code, 0, "{output}");
        serde_json::from_str(&output).expect(&output)
    };
    let run = &["-q", "run", "env.js"][..];
    let plain = json!({"COLUMNS": "77", "LINES": "33", "TERM": "xterm-256color"});
    assert_eq!(shown(run, json!({"TERM": "xterm-256color", "SECRET": "s"})), plain);
    for name in ["x\u{1b}[2J", "a b", "", &"x".repeat(41)] {
        assert_eq!(shown(run, json!({"TERM": name})), json!({"COLUMNS": "77", "LINES": "33"}), "{name:?}");
    }
    let colourless = json!({"COLUMNS": "77", "LINES": "33", "TERM": "vt100", "NO_COLOR": "1"});
    assert_eq!(shown(run, json!({"TERM": "vt100", "NO_COLOR": "please"})), colourless);
    assert_eq!(shown(&[run, &["--color", "never"]].concat(), json!({"TERM": "vt100"})), colourless);
    let set = [run, &["--allow-env", "COLUMNS=10"]].concat();
    assert_eq!(shown(&set, json!({"TERM": "vt100"})), json!({"COLUMNS": "10", "LINES": "33", "TERM": "vt100"}));
    let piped = shell.command(run).env("TERM", "xterm").env("COLUMNS", "80").output().unwrap();
    assert_eq!(text(&piped.stdout), "{}\n");
    let kept: Value = serde_json::from_str(
        &Terminal { words: &["run", "env.js", "--json"], steps: &[], environment: json!({"TERM": "vt100"}) }
            .run(&shell)
            .0,
    )
    .unwrap();
    assert_eq!(kept["stdout"], "{}\n", "a result does not depend on who looks");
}

#[test]
fn a_program_talks_with_a_terminal_line_by_line() {
    let program = "import sys\nname = input('who? ')\nprint('hello', name, sys.stdin.isatty(), sys.stdout.isatty())\n\
                   print('rest:', sys.stdin.read().strip())\nsys.exit(5)";
    let shell = shell("ask.py", program);
    let steps = &[("who? ", "Ann\n"), ("hello Ann True True", "more\n"), ("more", "\n\u{4}")];
    let (shown, code) = Terminal { words: &["run", "ask.py"], steps, environment: json!({}) }.run(&shell);
    assert_eq!(code, 5, "{shown}");
    assert!(shown.contains("who? Ann\nhello Ann True True\n") && shown.ends_with("rest: more\n"), "{shown:?}");
}

/// Lines come as they are typed, and the end is what is typed for it.
#[test]
fn a_script_talks_with_a_terminal_line_by_line() {
    let program = "const lines = require('readline').createInterface({ input: process.stdin, output: process.stdout });
lines.question('who? ', (name) => console.log('hello', name));
lines.on('line', (line) => console.log('heard', line)).on('close', () => process.exit(5));";
    let shell = shell("ask.js", program);
    let steps = &[("who? ", "Ann\n"), ("hello Ann", "more\n"), ("heard more", "\u{4}")];
    let (shown, code) = Terminal { words: &["run", "ask.js"], steps, environment: json!({}) }.run(&shell);
    assert_eq!((shown.as_str(), code), ("who? Ann\nhello Ann\nmore\nheard more\n", 5));
}

/// It writes a file, says so, and never comes to an end.
const ENDLESS: &str = "const fs = require('fs');
fs.writeFileSync('/out/file.txt', 'whole');
console.log('ready');
for (;;);";

#[test]
fn ctrl_c_ends_a_guest_without_noise() {
    let shell = shell("endless.js", ENDLESS);
    fs::create_dir(shell.folder.path().join("out")).unwrap();
    let words = &["run", "endless.js", "--allow-write", "out:/out"];
    let (shown, code) = Terminal { words, steps: &[("ready", "\u{3}")], environment: json!({}) }.run(&shell);
    assert_eq!((shown.as_str(), code), ("ready\n^C", 130));
    assert_eq!(fs::read_to_string(shell.folder.path().join("out/file.txt")).unwrap(), "whole");
}

/// A guest that is under way and has said something.
fn under_way(shell: &Shell, words: &[&str]) -> Child {
    let mut command = shell.command(words);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdout.as_mut().unwrap().read_exact(&mut [0; 6]).unwrap();
    child
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

#[test]
fn signals_end_guests_that_work_and_guests_that_wait() {
    let shell = shell("endless.js", "console.log('ready'); for (;;);");
    let waits = "print('ready', flush=True); input()";
    fs::write(shell.folder.path().join("waits.py"), waits).unwrap();
    assert!(shell.run(&["inspect", "waits.py"]).status.success());
    for (words, signal, code) in [
        (&["run", "endless.js"][..], Signal::INT, 130),
        (&["run", "endless.js"], Signal::TERM, 143),
        (&["run", "waits.py"], Signal::INT, 130),
        (&["run", "waits.py"], Signal::TERM, 143),
        (&["eval", "-l", "js", "console.log('ready'); for (;;);"], Signal::INT, 130),
    ] {
        let mut child = under_way(&shell, words);
        // While it is open there is something to wait for.
        let _input = child.stdin.take();
        send(&child, signal);
        let output = child.wait_with_output().unwrap();
        let ended = (output.status.code(), text(&output.stdout), text(&output.stderr));
        assert_eq!(ended, (Some(code), "", ""), "{words:?} {signal:?}");
    }
}

/// The account is given all the same.
#[test]
fn a_signal_leaves_the_json_whole() {
    let shell = shell("endless.js", ENDLESS);
    let out = shell.folder.path().join("out");
    fs::create_dir(&out).unwrap();
    let mut command = shell.command(&["run", "endless.js", "--json", "--allow-write", "out:/out"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // The guest is under way once its file is there.
    while !out.join("file.txt").exists() {
        std::thread::yield_now();
    }
    send(&child, Signal::INT);
    let output = child.wait_with_output().unwrap();
    let result: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &result["ending"]["type"]), (Some(130), &"cancel".into()), "{result}");
    assert_eq!((&result["files"]["created"], text(&output.stderr)), (&json!(["/out/file.txt"]), ""));
}

#[test]
fn a_signal_that_is_to_be_ignored_is() {
    let shell = shell("waits.js", "console.log('ready'); require('fs').readFileSync(0); console.log('done')");
    let ignored = |trap: &str| {
        let command = shell.command(&[]);
        let wrapped = format!("{trap} exec \"$0\" run waits.js");
        let (folder, environment) = (shell.folder.path(), command.get_envs());
        let mut sh = Command::new("sh");
        sh.args(["-c", &wrapped, env!("CARGO_BIN_EXE_wasm-sandbox")]).current_dir(folder);
        sh.envs(environment.filter_map(|(name, value)| Some((name, value?))));
        let mut child = sh.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        assert_eq!(said.next().unwrap().unwrap(), "ready");
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap().trim();
        let mask = u64::from_str_radix(mask, 16).unwrap();
        drop(child.stdin.take());
        assert_eq!(said.next().unwrap().unwrap(), "done");
        assert!(child.wait().unwrap().success());
        mask >> 1 & 1 == 1
    };
    assert_eq!((ignored("trap '' INT;"), ignored("")), (true, false));
}

/// A program that is compiled, whose standard library panics where it cannot print, and one that never looks.
#[test]
fn d4_head_ends_a_program_without_a_word() {
    let shell = Shell::new();
    fs::write(shell.folder.path().join("yes.rs"), "fn main() { loop { println!(\"y\"); } }").unwrap();
    fs::write(shell.folder.path().join("yes.py"), "while True: print('y')").unwrap();
    for name in ["yes.rs", "yes.py"] {
        assert!(shell.run(&["inspect", name]).status.success());
        let command = format!("\"$0\" run {name} --max-output 1GB | head -n 1");
        let mut sh = Command::new("sh");
        sh.args(["-c", &command, env!("CARGO_BIN_EXE_wasm-sandbox")]).current_dir(shell.folder.path());
        sh.envs(shell.command(&[]).get_envs().filter_map(|(name, value)| Some((name, value?))));
        let output = sh.output().unwrap();
        assert_eq!((text(&output.stdout), text(&output.stderr)), ("y\n", ""), "{name}");
    }
}
