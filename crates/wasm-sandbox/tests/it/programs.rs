//! Programs as language models write them, in `tests/programs`. Each runs in a fresh sandbox with nothing granted, and has to print what
//! is beside it in `NAME.out`, or else `ok`. What pure Python and JavaScript print was compared with CPython's and Node's own answers.
//!
//! Comments at a program's beginning say what it is given: `args`, `stdin` (with `\n`), the `exit` code if it is not 0, and
//! each `call FUNCTION ARGUMENTS -> RESULT` that is made instead of running it. A session's turns are parted by `%%`; what a turn prints follows
//! it as `> text`, the exception that ends it as `! name`. `BLESS=1` writes what was printed.

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    sync::Mutex,
    thread,
};

use serde_json::Value;
use wasm_sandbox::{
    ByteUnits, CallReport, Ending, Language, SandboxError, SandboxResult, TimeUnits, WasmSandboxBuilder,
    blocking::Session,
};

use crate::{languages, told};

/// What many programs import, and takes longest: imported once.
const SCIENCE: &str = "import numpy, pandas, scipy.stats, scipy.optimize, sklearn, matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot";

/// A program and what is beside it.
struct Program {
    path: PathBuf,
    name: String,
    text: String,
    language: Language,
    expected: String,
}

impl Program {
    fn read(path: &Path) -> Self {
        let language = match path.extension().and_then(|ending| ending.to_str()) {
            Some("py") => Language::Python,
            Some("ts") => Language::TypeScript,
            _ => Language::JavaScript,
        };
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let path = path.to_owned();
        let expected = fs::read_to_string(beside(&path)).unwrap_or("ok\n".to_owned());
        Self { name, text: fs::read_to_string(&path).unwrap(), path, language, expected }
    }

    fn mark(&self) -> &'static str {
        if self.language == Language::Python { "# " } else { "// " }
    }

    /// What the comments at the beginning say about `key`.
    fn said<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        let comments = self.text.lines().map_while(|line| line.strip_prefix(self.mark()));
        comments.filter_map(move |line| line.strip_prefix(key)?.strip_prefix(' '))
    }

    fn builder(&self) -> WasmSandboxBuilder {
        let stdin = self.said("stdin").next().unwrap_or_default().replace("\\n", "\n");
        let science = ["numpy", "pandas", "scipy", "sklearn", "matplotlib"];
        let heavy = self.language == Language::Python && science.iter().any(|name| self.text.contains(name));
        languages::builder(self.language)
            .prelude(if heavy { SCIENCE } else { "" })
            .stdin(stdin.as_bytes())
            .memory_limit(512.mb())
            .timeout(60.seconds())
    }

    /// What is wrong with it.
    fn check(&self) -> Result<(), String> {
        let mut sandbox =
            self.builder().source(self.path.clone()).build_blocking().map_err(|error| error.to_string())?;
        let mut calls = self.said("call").peekable();
        if calls.peek().is_some() {
            return calls.try_for_each(|call| called(call, |function, words| sandbox.call_words(function, words)));
        }
        let arguments = self.said("args").flat_map(str::split_whitespace);
        let result = sandbox.execute(arguments).map_err(|error| error.to_string())?;
        let code = self.said("exit").next().map_or(0, |code| code.parse().unwrap());
        self.compare(&result, Ending::Exit { code })
    }

    fn compare(&self, result: &SandboxResult, ending: Ending) -> Result<(), String> {
        let printed = result.stdout.text();
        if printed == self.expected && result.ending == ending {
            return Ok(());
        }
        if told("BLESS").is_some() {
            fs::write(beside(&self.path), printed.as_bytes()).unwrap();
        }
        let lines = printed.lines().zip(self.expected.lines()).find(|(printed, expected)| printed != expected);
        let error = result.stderr.text();
        let last = error.lines().rev().take(6).collect::<Vec<_>>();
        Err(format!("{:?}, first difference {lines:?}\n{printed}\n{last:#?}", result.ending))
    }
}

/// Where it is written what a program prints.
fn beside(path: &Path) -> PathBuf {
    path.with_file_name(format!("{}.out", path.file_name().unwrap().display()))
}

/// Makes a call that is written as `FUNCTION ARGUMENTS -> RESULT`.
fn called(call: &str, make: impl FnOnce(&str, &[String]) -> Result<CallReport, SandboxError>) -> Result<(), String> {
    let (call_text, expected) = call.split_once(" -> ").expect("a call has a result");
    let (function, arguments) = call_text.split_once(' ').expect("a call has arguments");
    let arguments: Vec<Value> = serde_json::from_str(arguments).expect("arguments are JSON");
    let words: Vec<String> = arguments.iter().map(Value::to_string).collect();
    let CallReport { result, error, .. } = make(function, &words).map_err(|error| error.to_string())?;
    let reached = match error {
        Some(SandboxError::Exception { name, .. }) => format!("! {name}"),
        Some(error) => format!("! {error}"),
        None => result.value.unwrap_or_default().to_string(),
    };
    let json = |text: &str| serde_json::from_str::<Value>(text).ok();
    let same = json(expected).is_some() && json(expected) == json(&reached);
    if reached == expected || same { Ok(()) } else { Err(format!("{call}: {reached}")) }
}

/// Runs every program of a folder, on two threads, and tells all that fail.
fn every(folder: &str, least: usize, check: impl Fn(&Program) -> Result<(), String> + Sync) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs").join(folder);
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let programs = paths.filter(|path| path.extension().is_some_and(|ending| ending != "out"));
    let programs: Vec<_> = programs.map(|path| Program::read(&path)).collect();
    assert!(programs.len() >= least, "{} programs", programs.len());
    let wrong = Mutex::new(String::new());
    let waiting = Mutex::new(programs.iter());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(program) = { waiting.lock().unwrap().next() } {
                    if let Err(why) = check(program) {
                        writeln!(wrong.lock().unwrap(), "--- {}\n{why}", program.name).unwrap();
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "of {} programs:\n{wrong}", programs.len());
}

#[test]
fn python() {
    every("python", 150, Program::check);
}

#[test]
fn javascript() {
    every("javascript", 70, Program::check);
}

#[test]
fn typescript() {
    every("typescript", 30, Program::check);
}

/// Turns of a session, one after the other.
#[test]
fn sessions() {
    every("sessions", 12, |program| {
        let sandbox = program.builder().build_blocking().unwrap();
        let mut session = sandbox.session(program.language).unwrap();
        let mark = program.mark().trim_end();
        let border = format!("{mark} %%\n");
        let turns = program.text.split(&border).filter(|turn| !turn.trim().is_empty());
        turns.enumerate().try_for_each(|(number, turn)| {
            turned(&mut session, turn, mark).map_err(|why| format!("turn {}: {why}", number + 1))
        })
    });
}

fn turned(session: &mut Session, turn: &str, mark: &str) -> Result<(), String> {
    let all = |sign: &str| -> Vec<String> {
        let sign = format!("{mark}{sign}");
        turn.lines().filter_map(|line| line.strip_prefix(&sign)).map(|line| line.trim_start().to_owned()).collect()
    };
    let result = session.run(turn).map_err(|error| error.to_string())?;
    let (expected, exception) = (all(">"), all("!").into_iter().next());
    let (stdout, stderr) = (result.stdout.text(), result.stderr.text());
    let printed = stdout.lines().map(|line| line.trim_start().to_owned()).collect::<Vec<_>>();
    let ended = match &result.ending {
        Ending::Exception { name, .. } => Some(name.clone()),
        _ => None,
    };
    if printed == expected && ended == exception && (exception.is_some() || result.success) {
        return Ok(());
    }
    Err(format!("{:?}\n{turn}\n--- printed\n{stdout}--- said\n{stderr}", result.ending))
}
