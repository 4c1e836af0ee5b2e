//! What people are told: whose words they are, what to do, and nothing twice.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    process::Stdio,
};

use crate::{Shell, text};

fn shell(name: &str, contents: &str) -> Shell {
    let shell = Shell::new();
    fs::write(shell.folder.path().join(name), contents).unwrap();
    shell
}

/// The exit code and stderr of a command whose slow steps are done.
fn said(shell: &Shell, words: &[&str]) -> (i32, String) {
    shell.run(words);
    let output = shell.run(words);
    (output.status.code().unwrap(), text(&output.stderr).to_owned())
}

fn shown(shell: &Shell, words: &[&str]) -> String {
    let output = shell.run(words);
    assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
    text(&output.stdout).to_owned()
}

/// Words that begin a line of the tool's own.
const OWN: [&str; 8] = ["error:", "hint:", "denied:", "note:", "printed:", "usage:", "advice:", "warning:"];

/// How many lines look like the tool's own.
fn own_lines(said: &str) -> usize {
    said.lines().filter(|line| OWN.iter().any(|own| line.starts_with(own))).count()
}

/// A11: what a guest says of itself is no word of ours, wherever it comes from.
#[test]
fn a11_a_guests_text_looks_like_no_message_of_ours() {
    const FORGED: &str = "x\\nhint: run with --allow-read /\\r\\ndenied: \\x1b[2Jnothing";
    let script = format!("class E(Exception): pass\ndef f(): raise E('{FORGED}')\ndef p(): print('{FORGED}')\n");
    let python = shell("e.py", &script);
    let module = format!("export function f() {{ throw new TypeError('{FORGED}') }}");
    let javascript = shell("e.mjs", &module);
    let rust =
        shell("e.rs", "pub fn f() -> i32 { compile_error!(\"x\\nhint: run with --allow-read /\\n\\u{1b}[2J\") }");
    let load = shell("l.py", &format!("raise ValueError('{FORGED}')\ndef f(): pass"));
    for (shell, words, lines) in [
        (&python, ["call", "e.py", "f"], 1),
        (&python, ["call", "e.py", "p"], 1),
        (&javascript, ["call", "e.mjs", "f"], 1),
        (&rust, ["call", "e.rs", "f"], 1),
        (&load, ["call", "l.py", "f"], 1),
    ] {
        let (_, said) = said(shell, &words);
        assert!(said.lines().any(|line| line.trim().starts_with("hint: run with --allow-read /")), "{words:?}: {said}");
        assert_eq!(own_lines(&said), lines, "{words:?}: {said}");
        assert!(said.chars().all(|c| c == '\n' || c == '\t' || !c.is_control()), "{words:?}: {said:?}");
    }
    let (_, honest) = said(&python, &["call", "e.py", "missing"]);
    assert_eq!(own_lines(&honest), 2, "an error and a hint of ours: {honest}");
}

#[test]
fn a_call_that_raises_shows_the_users_frames_and_its_message_once() {
    let shell = shell("e.py", "def inner():\n    raise ValueError('the reason')\n\ndef f():\n    inner()\n");
    let (code, said) = said(&shell, &["call", "e.py", "f"]);
    assert_eq!(code, 1);
    assert!(said.starts_with("error: `f` raised ValueError\n  Traceback"), "{said}");
    assert!(said.contains("line 5, in f\n") && said.contains("line 2, in inner\n"), "{said}");
    assert_eq!(said.matches("ValueError: the reason").count(), 1, "{said}");
}

/// What a script has printed and was refused before it failed is there where its functions are called, too.
#[test]
fn what_a_script_says_as_it_is_loaded_is_not_lost() {
    let python = "print('loading')\ntry: open('/etc/passwd')\nexcept OSError: raise ValueError('no')\ndef f(): pass\n";
    let javascript = "console.log('loading');\nexport const f = () => 1;\nawait Promise.reject(new Error('no'));\n";
    for (file, source) in [("l.py", python), ("l.mjs", javascript)] {
        let shell = shell(file, source);
        let (code, said) = said(&shell, &["call", file, "f"]);
        assert!(code == 1 && said.starts_with("printed:\n  loading\nerror: "), "{said}");
        assert_eq!(said.contains("denied: open `/etc/passwd`"), file == "l.py", "{said}");
        let output = shell.run(&["call", file, "f", "--json"]);
        let result: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            (&result["stdout"], &result["error"]["code"]),
            (&"loading\n".into(), &"function".into()),
            "{result}"
        );
    }
}

#[test]
fn packages_that_cannot_be_had_are_said_to_be_so() {
    let (code, told) = said(&Shell::new(), &["eval", "-l", "py", "import requests"]);
    assert!(code == 1 && told.contains("Packages that are not built in are not installed here."), "{told}");
    let lodash = shell("lodash.mjs", "import _ from 'lodash';");
    let (code, told) = (code, told + &said(&lodash, &["run", "lodash.mjs"]).1);
    assert!(code == 1 && told.contains("Packages are not found by their names: import a file by its path."), "{told}");
    let (code, told) = said(&Shell::new(), &["eval", "-l", "py", "import tkinter"]);
    assert!(code == 1 && told.contains("'tkinter'") && !told.contains("--allow-read"), "{told}");
}

#[test]
fn snippets_keep_their_frames() {
    let code = "def f():\n    return 1 / 0\n\nf()";
    let (exit, said) = said(&Shell::new(), &["eval", "-l", "py", code]);
    assert_eq!(exit, 1);
    assert!(said.contains("line 4, in <module>\n    f()") && said.contains("line 2, in f\n"), "{said}");
    assert_eq!(said.matches("ZeroDivisionError").count(), 1, "{said}");
}

#[test]
fn a_trap_tells_its_guests_last_words_once() {
    let aborting = crate::PROGRAM
        .replace("(func (export \"_start\")", "(func (export \"f\")")
        .replace("(call $exit (i32.const 7))", "unreachable");
    let (code, said) = said(&shell("abort.wat", &aborting), &["call", "abort.wat", "f"]);
    assert_eq!((code, said.matches("hi").count()), (1, 1), "{said}");
    assert!(said.starts_with("printed:\n  hi\nerror: the guest trapped: "), "{said}");
}

#[test]
fn every_flag_that_is_missing_is_named_once() {
    let hint = |code: &str| {
        let (exit, said) = said(&Shell::new(), &["eval", "-l", "py", code]);
        assert_eq!(exit, 0, "{said}");
        said.lines().filter(|line| line.starts_with("hint:")).map(str::to_owned).collect::<Vec<_>>()
    };
    let attempt = |path: &str, mode: &str| format!("\ntry: open('{path}', '{mode}')\nexcept OSError: pass");
    let (read, write) = ("`--allow-read PATH[:GUEST]`", "`--allow-write PATH[:GUEST]`");
    let expected = |flags: &str| vec![format!("hint: grant a directory with {flags} if the guest should have it")];
    assert_eq!(hint(&attempt("/etc/a", "r")), expected(read));
    assert_eq!(hint(&attempt("/etc/a", "w")), expected(write));
    let both = attempt("/a", "r") + &attempt("/b", "w") + &attempt("/c", "r") + &attempt("/d", "w");
    assert_eq!(hint(&both), expected(&format!("{read} and {write}")));
    let network = "\nimport socket\ntry: socket.create_connection(('example.com', 80))\nexcept OSError as e: assert '--allow-net example.com:80' in str(e)";
    assert_eq!(hint(network), ["hint: grant the host with `--allow-net HOST[:PORT]` if the guest should reach it"]);
    assert_eq!(hint("1"), Vec::<String>::new());
}

#[test]
fn a_refusal_that_ends_a_call_is_said_once() {
    let shell = shell("r.py", "def f(path):\n    return len(open(path).read())\n");
    let (code, said) = said(&shell, &["call", "r.py", "f", "/data/in.txt"]);
    assert_eq!(code, 121, "{said}");
    assert_eq!(said.matches("open `/data/in.txt` needs the capability `filesystem.read`").count(), 1, "{said}");
    assert_eq!(said.matches("hint:").count(), 1, "{said}");
    assert!(said.contains("line 2, in f"), "{said}");
    // The twin: it is granted, and works.
    fs::create_dir(shell.folder.path().join("data")).unwrap();
    fs::write(shell.folder.path().join("data/in.txt"), "five!").unwrap();
    assert_eq!(shown(&shell, &["call", "r.py", "f", "/data/in.txt", "--allow-read", "data"]), "5\n");
    fs::write(shell.folder.path().join("w.py"), "def f(path): open(path, 'w')").unwrap();
    let (code, said) = self::said(&shell, &["call", "w.py", "f", "/data/new", "--allow-read", "data"]);
    assert_eq!(code, 121, "{said}");
    assert!(said.contains("`filesystem.write`: it was granted for reading only"), "{said}");
    assert_eq!(said.matches("hint:").count(), 1, "{said}");
    // An exception about something else is itself.
    fs::write(
        shell.folder.path().join("r.py"),
        "def f():\n    try: open('/x')\n    except OSError: raise KeyError(1)\n",
    )
    .unwrap();
    assert_eq!(shell.run(&["call", "r.py", "f"]).status.code(), Some(1));
}

#[test]
fn a_grant_of_what_is_no_folder_says_what_to_grant() {
    let shell = shell("in.txt", "x");
    for (grant, parts) in [
        ("in.txt", ["`in.txt` is a file", "`--allow-read .:/data`: the guest then finds `/data/in.txt`"]),
        ("missing", ["there is no folder `missing`", "`mkdir -p missing`"]),
    ] {
        let (code, said) = said(&shell, &["run", "program.wat", "--allow-read", grant]);
        assert_eq!(code, 2, "{said}");
        assert!(parts.iter().all(|part| said.contains(part)), "{said}");
    }
    let (_, said) = said(&shell, &["run", "program.wat", "--allow-write", "in.txt"]);
    assert!(said.contains("`--allow-write .:/data`"), "{said}");
    let output = shell.run(&["run", "program.wat", "--allow-read", ".:/data"]);
    assert_eq!(output.status.code(), Some(7), "what was proposed works");
}

#[test]
fn a_limit_that_the_guest_hid_is_said() {
    for (language, code) in [
        ("py", "try: bytearray(500_000_000)\nexcept MemoryError: pass"),
        ("js", "try { new Uint8Array(500_000_000) } catch (error) {} 0"),
    ] {
        let words = ["eval", "-l", language, code];
        let (exit, hidden) = said(&Shell::new(), &words);
        assert_eq!(exit, 0, "{hidden}");
        assert!(hidden.contains("note: memory limit hit: ") && hidden.contains("(`--memory`)"), "{hidden}");
        let (exit, enough) = said(&Shell::new(), &[&words[..], &["--memory", "1GB"]].concat());
        assert_eq!((exit, enough.as_str()), (0, ""));
    }
}

#[test]
fn inspect_tells_what_is_left_out_and_what_nobody_knows() {
    let script = "def mean(values: list[float]) -> float:\n    \"\"\"The mean.\"\"\"\n\ndef any_of(*values): pass\ndef named(*, key): pass\ndef options(**more): pass\n";
    let shell = shell("s.py", script);
    let expected = "s.py  script\nfunctions\n  mean(values: list<f64>) -> f64\n      The mean.\nleft out\n  \
        any_of: it takes any number of arguments (`*values`)\n  named: it needs an argument by name (`key`)\n  \
        options: it takes any named arguments (`**more`)\nmay need\n  what a script needs is not known before it runs\n";
    shell.run(&["inspect", "s.py"]);
    assert_eq!(shown(&shell, &["inspect", "s.py"]), expected);
    let json: serde_json::Value = serde_json::from_str(&shown(&shell, &["inspect", "s.py", "--json"])).unwrap();
    assert_eq!((json["left_out"][0]["name"].as_str(), json["needs"].is_null()), (Some("any_of"), true));
    let (code, said) = said(&shell, &["call", "s.py", "any_of", "1"]);
    assert_eq!(code, 127);
    assert!(said.contains("no function `any_of` that can be called: it takes any number of arguments"), "{said}");
}

#[test]
fn inspect_tells_which_functions_of_rust_are_left_out() {
    let source = "pub fn add(a: i32, b: i32) -> i32 { a + b }\npub fn largest<T: Ord>(a: T, b: T) -> T { a.max(b) }\n\
        pub async fn later() {}\npub fn borrow(x: &mut i32) { *x += 1 }\nfn own() {}\n";
    let shown = shown(&shell("l.rs", source), &["inspect", "l.rs"]);
    let left_out = "left out\n  largest: it is generic\n  later: it is `async`\n  borrow: values of the type `&mut i32` do not travel\n";
    assert!(shown.contains("  add(a: s32, b: s32) -> s32\n") && shown.contains(left_out), "{shown}");
}

#[test]
fn words_that_are_no_json_are_strings_where_any_value_will_do() {
    let shell = shell("w.py", "def both(a, b): return [a, b]\ndef number(n: int): return n\n");
    shell.run(&["inspect", "w.py"]);
    assert_eq!(shown(&shell, &["call", "w.py", "both", "some/path", "12"]), "[\"some/path\",12]\n");
    assert_eq!(shown(&shell, &["call", "w.py", "both", "\"12\"", "true"]), "[\"12\",true]\n");
    for words in [["call", "w.py", "both", "[1, 2", "1"], ["call", "w.py", "both", "{a: 1}", "1"]] {
        let (code, said) = said(&shell, &words);
        assert_eq!(code, 2, "{said}");
        assert!(said.contains("is not JSON"), "{said}");
    }
    assert_eq!(shell.run(&["call", "w.py", "number", "word"]).status.code(), Some(2));
    let help = shown(&shell, &["call", "--help"]);
    assert!(
        help.split_whitespace().collect::<Vec<_>>().join(" ").contains("a word that is no JSON is a string"),
        "{help}"
    );
}

#[test]
fn a_build_says_what_it_wrote() {
    let shell = Shell::new();
    let (code, said) = said(&shell, &["build", "module.wat", "-o", "out.wasm"]);
    let bytes = fs::metadata(shell.folder.path().join("out.wasm")).unwrap().len();
    assert_eq!((code, said), (0, format!("note: wrote `out.wasm`, a library of {bytes} bytes\n")));
    let (_, quiet) = self::said(&shell, &["build", "module.wat", "-o", "out.wasm", "-q"]);
    assert_eq!(quiet, "");
    let output = shell.run(&["build", "module.wat", "-o", "missing/out.wasm"]);
    assert_eq!(output.status.code(), Some(125));
    assert!(text(&output.stderr).contains("writing `missing/out.wasm`"), "{}", text(&output.stderr));
}

#[test]
fn fuel_is_counted_shown_and_turned_off() {
    let shell = Shell::new();
    let add = ["call", "module.wat", "add", "1", "2", "-v"];
    let usage = |more: &[&str]| {
        let (code, said) = said(&shell, &[&add[..], more].concat());
        assert_eq!(code, 0, "{said}");
        said.lines().find(|line| line.starts_with("usage:")).unwrap().to_owned()
    };
    assert!(usage(&["--fuel", "1000"]).contains(" of fuel, "));
    assert!(!usage(&[]).contains("of fuel"));
    fs::write(shell.folder.path().join("fuel.toml"), "[limits]\nfuel = 1\n").unwrap();
    let (code, _) = said(&shell, &["call", "module.wat", "add", "1", "2", "--policy", "fuel.toml"]);
    assert_eq!(code, 122);
    assert!(!usage(&["--policy", "fuel.toml", "--fuel", "off"]).contains("of fuel"));
    let (code, said) = said(&shell, &["call", "module.wat", "add", "1", "2", "--fuel", "much"]);
    assert_eq!(code, 2);
    assert!(said.contains("or `off`"), "{said}");
}

/// What the guide says of JavaScript: a script lies at the root of what it sees.
#[test]
fn a_script_imports_what_lies_beside_it_where_its_folder_is_granted() {
    let shell = Shell::new();
    let app = shell.folder.path().join("app");
    fs::create_dir(&app).unwrap();
    fs::write(app.join("helper.js"), "export const double = (x) => 2 * x;").unwrap();
    let main =
        "import { double } from './helper.js';\nexport function twice(x) { return double(x) }\nconsole.log(double(2));";
    fs::write(app.join("main.js"), main).unwrap();
    shell.run(&["inspect", "app/main.js"]);
    let grant = ["--allow-read", "app:/"];
    assert_eq!(shown(&shell, &[&["run", "app/main.js"][..], &grant].concat()), "4\n");
    assert_eq!(shown(&shell, &[&["call", "app/main.js", "twice", "4"][..], &grant].concat()), "8\n");
    for words in [["run", "app/main.js"], ["inspect", "app/main.js"]] {
        let (code, said) = said(&shell, &words);
        assert_eq!(code, 1);
        assert!(said.contains("Cannot find module './helper.js'") && said.contains("`--allow-read DIR:/`"), "{said}");
    }
    assert!(shown(&shell, &[&["inspect", "app/main.js"][..], &grant].concat()).contains("  twice(x: any) -> any\n"));
}

/// Whoever comes while another process compiles says so and waits, and does not compile again.
#[test]
fn waiting_for_another_compile_is_said() {
    let shell = Shell::new();
    let start = || {
        let mut command = shell.command(&["eval", "-l", "js", "1 + 1"]);
        command.env("XDG_CACHE_HOME", shell.folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut stderr = BufReader::new(process.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        assert_eq!(line, "compiling JavaScript (once)\n");
        (process, stderr)
    };
    let mut worked = [start(), start()].map(|(process, mut stderr)| {
        let mut rest = String::new();
        stderr.read_to_string(&mut rest).unwrap();
        // It has closed its stderr and is not waited for yet, so that the kernel still knows its time.
        let worked = processor_time(process.id());
        let output = process.wait_with_output().unwrap();
        assert_eq!((text(&output.stdout), output.status.code()), ("2\n", Some(0)), "{rest}");
        worked
    });
    worked.sort();
    let [waited, compiled] = worked;
    assert!(waited * 3 < compiled, "{waited} and {compiled}");
}

/// Ticks of the clock that a process has worked for.
fn processor_time(process: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let fields: Vec<_> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// An interpreter is compiled once more to count fuel, and that is said.
#[test]
fn compiling_for_fuel_is_said() {
    let shell = Shell::new();
    let said = |words: &[&str]| {
        let output = shell.command(words).env("XDG_CACHE_HOME", shell.folder.path()).output().unwrap();
        assert_eq!(text(&output.stdout), "2\n", "{}", text(&output.stderr));
        text(&output.stderr).to_owned()
    };
    let plain = ["eval", "-l", "js", "1 + 1"];
    let fuel = [&plain[..], &["--fuel", "1000000000"]].concat();
    assert!(said(&plain).starts_with("compiling JavaScript (once)\n"));
    assert!(said(&fuel).starts_with("compiling JavaScript with fuel (once)\n"));
    assert_eq!(said(&fuel), "");
}
