//! What `benches/peers/run.py` shows beside others: the same acts, as numbers in JSON, in seconds and bytes.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

use serde_json::json;
use wasm_sandbox::{ByteUnits, Language, Setup, Source, Tool, WasmSandbox, blocking};
use wasm_sandbox_bench::median;

const PERIOD: Duration = Duration::from_secs(3);
const CALLS: u32 = 100;
const IDLE: u32 = 50;

fn main() {
    let python = sandbox(Language::Python, "print(1+1)", "");
    let numpy = sandbox(Language::Python, "import numpy\nprint(numpy.arange(10).sum())", "import numpy");
    let script = sandbox(Language::JavaScript, "", "");
    let fresh = || printed(&python, "2\n");
    let mut turns = python.session(Language::Python).expect("a session");
    turns
        .run("from host import tools\ndef fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)")
        .expect("a turn");
    let mut scripts = script.session(Language::JavaScript).expect("a session");
    let fib = "function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2) } fib(27)";
    let found = json!({
        "fresh": time(fresh),
        "rate_one": rate(&fresh),
        "rate_two": thread::scope(|scope| {
            let threads = [(); 2].map(|()| scope.spawn(|| rate(&fresh)));
            threads.into_iter().map(|thread| thread.join().expect("a count")).sum::<f64>()
        }),
        "numpy": time(|| printed(&numpy, "45\n")),
        "idle": idle(&python),
        "turn": time(|| turn(&mut turns, "1 + 1", "2\n")),
        "tool": time(|| turn(&mut turns, "for i in range(100): tools.echo(value=i)", "")) / f64::from(CALLS),
        "fib": time(|| turn(&mut turns, "fib(27)", "196418\n")),
        "js_fresh": time(|| turn(&mut script.session(Language::JavaScript).expect("a session"), "1 + 1", "2\n")),
        "js_turn": time(|| turn(&mut scripts, "1 + 1", "2\n")),
        "js_tool": time(|| turn(&mut scripts, "for (let i = 0; i < 100; i++) await tools.echo({ value: i }); undefined", "")) / f64::from(CALLS),
        "js_fib": time(|| turn(&mut scripts, fib, "196418\n")),
    });
    println!("{found}");
}

fn sandbox(language: Language, code: &str, prelude: &str) -> blocking::WasmSandbox {
    WasmSandbox::builder()
        .setup(Setup::discover())
        .source(Source::code(language, code))
        .prelude(prelude)
        .memory_limit(256.mb())
        .tool(Tool::with_schema("echo", "", json!({ "type": "object" }), Ok))
        .build_blocking()
        .expect("the interpreter")
}

fn printed(sandbox: &blocking::WasmSandbox, expected: &str) {
    let result = sandbox.execute([""; 0]).expect("a result");
    assert_eq!(result.stdout.text(), expected, "{}", result.stderr.text());
}

fn turn(session: &mut blocking::Session, code: &str, expected: &str) {
    let result = session.run(code).expect("a turn");
    assert_eq!(result.stdout.text(), expected, "{}", result.stderr.text());
}

/// The median of as many runs as the time allows, after one that warms up.
fn time(mut work: impl FnMut()) -> f64 {
    work();
    let (begun, mut times) = (Instant::now(), Vec::new());
    while times.len() < 5 || (begun.elapsed() < PERIOD && times.len() < 2000) {
        let started = Instant::now();
        work();
        times.push(started.elapsed().as_secs_f64());
    }
    median(times)
}

/// Runs a second.
fn rate(work: &impl Fn()) -> f64 {
    let (begun, mut count) = (Instant::now(), 0_u32);
    while begun.elapsed() < PERIOD {
        work();
        count += 1;
    }
    f64::from(count) / begun.elapsed().as_secs_f64()
}

/// What an idle session adds to the memory of the process.
fn idle(sandbox: &blocking::WasmSandbox) -> f64 {
    let before = memory();
    let sessions: Vec<_> = (0..IDLE)
        .map(|number| {
            let mut session = sandbox.session(Language::Python).expect("a session");
            turn(&mut session, &format!("x = list(range({number}))"), "");
            session
        })
        .collect();
    let added = memory() - before;
    drop(sessions);
    added / f64::from(IDLE)
}

/// Bytes of this process, what is shared divided among those who share it.
fn memory() -> f64 {
    let text = fs::read_to_string("/proc/self/smaps_rollup").expect("Linux");
    let line = text.lines().find(|line| line.starts_with("Pss:")).expect("the field");
    let kib = line.split_whitespace().nth(1).and_then(|kib| kib.parse::<f64>().ok()).expect("a number");
    kib * 1024.0
}
