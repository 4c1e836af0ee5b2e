//! Standard output: one JSON object with `--json` whatever happens, and no success where nothing can be written.

use std::{
    fs::{self, File},
    io::Write,
    process::Stdio,
};

use serde_json::Value;

use crate::{Shell, text};

/// A function that raises, one that ends the program, one that is refused something, and one that works.
const SCRIPT: &str = "
def fails(): raise ValueError('no')
def leaves():
    import sys
    sys.exit(3)
def reads(path): return open(path).read()
def works(): return 1
print('loaded')
";

fn shell() -> Shell {
    let shell = Shell::new();
    let write = |name: &str, contents: &str| fs::write(shell.folder.path().join(name), contents).unwrap();
    write("script.py", SCRIPT);
    write("wrong.py", "def f(:");
    write("wrong.wat", "(module (func (nonsense)))");
    write("raises.py", "raise RuntimeError('early')");
    write("spin.js", "while (true) {}");
    shell
}

/// The exit code, and what is the one line of stdout.
fn json(shell: &Shell, words: &[&str]) -> (i32, Value) {
    let output = shell.run(words);
    let stdout = text(&output.stdout);
    assert_eq!(stdout.lines().count(), 1, "{words:?}: {stdout}{}", text(&output.stderr));
    (output.status.code().unwrap(), serde_json::from_str(stdout).expect(stdout))
}

#[test]
fn json_has_an_error_exactly_where_there_is_no_success() {
    let shell = shell();
    for (words, exit, code) in [
        (&["call", "script.py", "fails"][..], 1, "function"),
        (&["call", "script.py", "leaves"], 1, "exit"),
        (&["call", "script.py", "reads", "/etc/passwd"], 121, "denied"),
        (&["call", "script.py", "works", "1"], 2, "signature"),
        (&["call", "script.py", "missing"], 127, "function_not_found"),
        (&["call", "missing.py", "works"], 127, "file_not_found"),
        (&["call", "wrong.py", "works"], 123, "compilation"),
        (&["call", "wrong.wat", "works"], 123, "compilation"),
        (&["call", "raises.py", "works"], 1, "function"),
        (&["call", "script.py", "works", "--memory", "much"], 2, "configuration"),
        (&["call", "script.py"], 2, "configuration"),
        (&["call", "script.py", "works", "--allow-read", "missing"], 2, "configuration"),
        (&["call", "module.wat", "trap"], 1, "trap"),
        (&["call", "module.wat", "spin", "--timeout", "100ms"], 124, "timeout"),
        (&["run", "missing.py"], 127, "file_not_found"),
        (&["run", "module.wat"], 126, "not_runnable"),
        (&["run", "program.wat"], 7, "exit"),
        (&["run", "spin.js", "--timeout", "100ms"], 124, "timeout"),
        (&["eval", "-l", "py", "1 / 0"], 1, "function"),
        (&["eval", "-l", "js", "null.x"], 1, "function"),
        (&["eval", "-l", "py", "open('/etc/passwd')", "--strict"], 121, "denied"),
        (&["inspect", "missing.wat"], 127, "file_not_found"),
    ] {
        let (status, result) = json(&shell, &[words, &["--json"]].concat());
        assert_eq!(
            (status, &result["success"], &result["error"]["code"]),
            (exit, &false.into(), &code.into()),
            "{words:?}"
        );
        let error = result["error"].as_object().unwrap();
        assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()), "{words:?}: {error:?}");
        assert!(error.contains_key("suggestion"), "{words:?}: {error:?}");
    }
    for words in [&["call", "script.py", "works"][..], &["run", "script.py"], &["eval", "-l", "python", "1"]] {
        let (status, result) = json(&shell, &[words, &["--json"]].concat());
        assert_eq!((status, &result["success"], result.get("error")), (0, &true.into(), None), "{words:?}");
    }
}

#[test]
fn json_tells_how_a_call_ended_and_where_an_exception_came_from() {
    let (_, result) = json(&shell(), &["call", "script.py", "fails", "--json"]);
    assert_eq!(result["ending"], serde_json::json!({"type": "exception", "name": "ValueError", "message": "no"}));
    assert!(result["error"]["stack"].as_str().unwrap().contains("line 2, in fails"), "{result}");
    assert_eq!(json(&shell(), &["call", "script.py", "leaves", "--json"]).1["ending"]["code"], 3);
}

/// Everything that prints to stdout.
const PRINTING: [&[&str]; 11] = [
    &["call", "module.wat", "add", "1", "2"],
    &["call", "module.wat", "add", "1", "2", "--json"],
    &["run", "script.py"],
    &["eval", "-l", "python", "1"],
    &["eval", "-l", "python", "print(1)"],
    &["eval", "-l", "js", "1"],
    &["eval", "-l", "js", "console.log(1)"],
    &["inspect", "module.wat"],
    &["doctor"],
    &["completions", "bash"],
    &["--help"],
];

#[test]
fn a_full_disk_is_no_success() {
    let shell = shell();
    for words in PRINTING {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = shell.command(words).stdout(full).output().unwrap();
        let said = text(&output.stderr).to_lowercase();
        assert!(!output.status.success() && !said.contains("panicked"), "{words:?}: {said}");
        assert!(said.contains("no space left on device") || said.contains("i/o error"), "{words:?}: {said}");
        assert!(shell.run(words).status.success(), "{words:?}");
    }
}

#[test]
fn a_reader_that_has_gone_is_no_success_and_told_nothing() {
    let shell = shell();
    for words in PRINTING {
        // Whatever takes long is said the first time.
        shell.run(words);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = shell.command(words).stdout(writer).output().unwrap();
        assert!(!output.status.success(), "{words:?}");
        assert_eq!(text(&output.stderr), "", "{words:?}");
    }
}

/// A snippet's output is lost at its very end, when what was kept back is written.
#[test]
fn code_from_stdin_is_held_to_its_output_too() {
    let shell = shell();
    let run = |stdout: Stdio| {
        let mut command = shell.command(&["eval", "-l", "py", "-"]);
        let mut child = command.stdin(Stdio::piped()).stdout(stdout).stderr(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(b"print('x' * 10)").unwrap();
        child.wait().unwrap().code()
    };
    assert_eq!(run(File::options().write(true).open("/dev/full").unwrap().into()), Some(1));
    assert_eq!(run(Stdio::null()), Some(0));
}
