//! Python and JavaScript: `cargo bench --package wasm-sandbox-bench --bench interpreters`. The first run fetches and compiles
//! the interpreters.

use std::{
    future::poll_fn,
    pin::Pin,
    thread,
    time::{Duration, Instant},
};

use serde_json::json;
use wasm_sandbox::{
    ByteUnits, Language, Setup, Source, TimeUnits, Tool, WasmSandbox, blocking,
    http::Request,
    http_body::{Body, Frame},
};
use wasm_sandbox_bench::{alone, median, private_bytes};

#[expect(clippy::disallowed_methods, reason = "a benchmark is a command line")]
fn main() {
    let parts: [(&str, fn()); 7] = [
        ("python", python),
        ("javascript", javascript),
        ("forks", forks),
        ("endings", endings),
        ("tools", tools),
        ("requests", requests),
        ("idle", idle),
    ];
    // Those that are named behind `--`, otherwise all.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|wanted| wanted == name);
    parts.into_iter().filter(|(name, _)| is_wanted(name)).for_each(|(_, part)| part());
}

fn sandbox(language: Language, code: &str, prelude: &str) -> blocking::WasmSandbox {
    WasmSandbox::builder()
        .setup(Setup::discover())
        .source(Source::code(language, code))
        .prelude(prelude)
        .memory_limit(256.mb())
        .build_blocking()
        .expect("the interpreter")
}

/// Runs a program in a fresh sandbox, and has it print what it should.
fn fresh(sandbox: &blocking::WasmSandbox, expected: &str) {
    let result = sandbox.execute([""; 0]).expect("a result");
    assert_eq!(result.stdout.text(), expected, "{}", result.stderr.text());
}

fn python() {
    let plain = sandbox(Language::Python, "print(1+1)", "");
    alone("fresh Python, `print(1+1)`, gone", 500, Duration::from_micros(300), || fresh(&plain, "2\n"));
    throughput("fresh Python", &plain, "2\n", 2500.0);
    let numpy = sandbox(Language::Python, "import numpy\nprint(numpy.arange(10).sum())", "import numpy");
    alone("the same with numpy imported and used", 300, Duration::from_micros(600), || fresh(&numpy, "45\n"));
    let code = "import pandas\nprint(pandas.DataFrame({'a': [1, 2, 3]})['a'].sum())";
    let pandas = sandbox(Language::Python, code, "import pandas");
    alone("the same with pandas", 100, Duration::from_millis(2), || fresh(&pandas, "6\n"));
    let mut session = plain.session(Language::Python).expect("a session");
    alone("a later turn of a Python session", 2000, Duration::from_micros(100), || {
        assert_eq!(session.run("1 + 1").expect("a turn").stdout.text(), "2\n");
    });
    let fib = "def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)\nfib(27)";
    alone("fib(27) in Python", 1, Duration::from_millis(60), || {
        assert_eq!(session.run(fib).expect("a turn").stdout.text(), "196418\n");
    });
}

/// Requests that handlers answer, each in a fresh instance of a script that is loaded.
fn requests() {
    const WSGI: &str = "def app(environ, start_response):
    start_response('200 OK', [('content-type', 'text/plain')])
    return [b'hello']";
    const FETCH: &str = "export default { fetch(request) { return new Response('hello'); } };";
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    for (name, language, code, bound) in
        [("Python", Language::Python, WSGI, 2), ("JavaScript", Language::JavaScript, FETCH, 1)]
    {
        let source = Source::code(language, code);
        let made = WasmSandbox::builder().setup(Setup::discover()).source(source).memory_limit(256.mb()).build();
        let handler = runtime.block_on(made).and_then(|sandbox| sandbox.http_handler()).expect("a handler");
        alone(&format!("a request to a handler in {name}"), 200, Duration::from_millis(bound), || {
            runtime.block_on(async {
                let request = Request::get("http://example.com/").body(String::new()).expect("a request");
                let answer = handler.handle(request, |_| ()).await.expect("an answer");
                let mut body = answer.into_body();
                let mut text = Vec::new();
                while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
                    text.extend(frame.ok().map(Frame::into_data).and_then(Result::ok).unwrap_or_default());
                }
                assert_eq!(text, b"hello");
            });
        });
    }
}

fn javascript() {
    let sandbox = sandbox(Language::JavaScript, "console.log(1 + 1)", "");
    alone("fresh JavaScript, `console.log(1 + 1)`, gone", 1000, Duration::from_micros(60), || fresh(&sandbox, "2\n"));
    alone("fresh JavaScript, one evaluation, gone", 1000, Duration::from_micros(40), || {
        let mut session = sandbox.session(Language::JavaScript).expect("a session");
        assert_eq!(session.run("1 + 1").expect("a turn").stdout.text(), "2\n");
    });
    let mut session = sandbox.session(Language::JavaScript).expect("a session");
    alone("a later evaluation of a JavaScript session", 5000, Duration::from_micros(12), || {
        assert_eq!(session.run("1 + 1").expect("a turn").stdout.text(), "2\n");
    });
    let fib = "function fib(n) { return n < 2 ? n : fib(n - 1) + fib(n - 2) }; fib(27)";
    alone("fib(27) in JavaScript", 1, Duration::from_millis(40), || {
        assert_eq!(session.run(fib).expect("a turn").stdout.text(), "196418\n");
    });
}

/// Calls of a host tool that does nothing: a hundred in a turn, since a call is at most 50 us beyond the tool itself.
fn tools() {
    let echo = Tool::with_schema("echo", "", json!({ "type": "object" }), Ok);
    let echo_async =
        Tool::with_schema_async("echo_async", "", json!({ "type": "object" }), |value| async { Ok(value) });
    for (language, begin, call) in [
        (Language::Python, "from host import tools", "for at in range(100): NAME(at=at)"),
        (Language::JavaScript, "1", "for (let at = 0; at < 100; at++) await NAME({at})"),
    ] {
        let sandbox = WasmSandbox::builder().setup(Setup::discover()).tool(echo.clone()).tool(echo_async.clone());
        let sandbox = sandbox.build_blocking().expect("a sandbox");
        let mut session = sandbox.session(language).expect("a session");
        session.run(begin).expect("a turn");
        for name in ["echo", "echo_async"] {
            let code = call.replace("NAME", &format!("tools.{name}"));
            let what = format!("100 calls of the host tool `{name}` in {language:?}");
            alone(&what, 100, Duration::from_micros(5000), || {
                let turn = session.run(&code).expect("a turn");
                assert_eq!(turn.tool_calls.len(), 100, "{}", turn.stderr.text());
            });
        }
    }
}

/// Programs a second, on one core and on two, beside what two cores of this machine do for a native program.
fn throughput(what: &str, sandbox: &blocking::WasmSandbox, expected: &str, promise: f64) {
    let (one, two) = on_one_and_two(|| fresh(sandbox, expected));
    let (native_one, native_two) = on_one_and_two(|| {
        let mut numbers: Vec<u32> = (0..20_000_u32).map(|n| n.wrapping_mul(2_654_435_761)).collect();
        numbers.sort_unstable();
        assert!(std::hint::black_box(numbers).is_sorted());
    });
    println!(
        "{what:<55} {one:>9.0}/s on one core (promise {promise:.0}), {two:.0}/s on two: {:.2}x (promise 1.8; native {:.2}x)",
        two / one,
        native_two / native_one
    );
}

/// How often a second some work is done by one thread, and by two.
fn on_one_and_two(work: impl Fn() + Sync) -> (f64, f64) {
    let period = 2.seconds();
    let count = || {
        let (started, mut count) = (Instant::now(), 0_u32);
        while started.elapsed() < period {
            work();
            count += 1;
        }
        f64::from(count) / started.elapsed().as_secs_f64()
    };
    let one = count();
    let two = thread::scope(|scope| {
        let threads = [(); 2].map(|()| scope.spawn(count));
        threads.into_iter().map(|thread| thread.join().expect("a count")).sum()
    });
    (one, two)
}

/// Copies of a session: of one that holds little, and of one that holds an array of 50 MB.
fn forks() {
    let sandbox = sandbox(Language::Python, "", "");
    let mut session = sandbox.session(Language::Python).expect("a session");
    session.run("x = 1").expect("a turn");
    alone("fork of an idle Python session, and its end", 200, Duration::from_millis(2), || {
        session.fork().expect("a fork");
    });
    let before = private_bytes();
    let forks: Vec<_> = (0..100).map(|_| session.fork().expect("a fork")).collect();
    let each = (private_bytes().saturating_sub(before) / 100) >> 10;
    println!("{:<55} {each:>9} KB (promise under 2048)", "private memory of an idle fork");
    drop(forks);
    const LARGE: &str = "a = bytearray(range(250)) * 200_000";
    let firsts = (0..9).map(|_| {
        let mut session = sandbox.session(Language::Python).expect("a session");
        session.run(LARGE).expect("a turn");
        let started = Instant::now();
        let _fork = session.fork().expect("a fork");
        started.elapsed().as_secs_f64()
    });
    let first = Duration::from_secs_f64(median(firsts.collect()));
    println!("{:<55} {first:>9.2?}", "the first fork of a session with 50 MB");
    session.run(LARGE).expect("a turn");
    session.fork().expect("a fork");
    alone("a later fork of a session with 50 MB, and its end", 100, Duration::from_millis(2), || {
        session.fork().expect("a fork");
    });
    let size = session.snapshot().and_then(|snapshot| snapshot.to_bytes()).expect("bytes").len();
    let mut idle = sandbox.session(Language::Python).expect("a session");
    idle.run("x = 1").expect("a turn");
    let suspended = idle.suspend().expect("bytes");
    println!("{:<55} {:>9} KB, with 50 MB {} KB", "a suspended idle session", suspended.len() >> 10, size >> 10);
    alone("resuming it", 50, Duration::from_millis(20), || {
        sandbox.resume(&suspended).expect("a session");
    });
}

/// How late guests end that do not stop by themselves.
fn endings() {
    let cases = [
        (Language::Python, "an endless loop in Python", "while True: pass", 5),
        (Language::JavaScript, "an endless loop in JavaScript", "for (;;) {}", 5),
        (Language::Python, "a sleep", "import time; time.sleep(100)", 20),
        (Language::Python, "a power of large numbers", "7 ** (7 ** 9)", 20),
        (Language::Python, "a catastrophic regular expression", "import re; re.match('(a+)+b', 'a' * 40)", 20),
    ];
    for (language, what, code, promise) in cases {
        let deadline = Duration::from_millis(100);
        let sandbox =
            WasmSandbox::builder().setup(Setup::discover()).timeout(deadline).build_blocking().expect("a sandbox");
        let late = (0..15).map(|_| {
            let mut session = sandbox.session(language).expect("a session");
            let started = Instant::now();
            session.run(code).expect("a turn");
            started.elapsed().saturating_sub(deadline).as_secs_f64()
        });
        let late = Duration::from_secs_f64(median(late.collect()));
        println!("{:<55} {late:>9.2?} after its deadline (promise at most {promise} ms)", what);
    }
}

fn idle() {
    let sandbox = sandbox(Language::Python, "", "");
    let before = private_bytes();
    let mut sessions: Vec<_> = (0..200).map(|_| sandbox.session(Language::Python).expect("a session")).collect();
    for (number, session) in sessions.iter_mut().enumerate() {
        session.run(&format!("x = list(range({number}))")).expect("a turn");
    }
    let grown = private_bytes().saturating_sub(before) >> 20;
    println!("{:<55} {grown:>9} MB (promise under 1500)", "200 idle Python sessions after a turn");
}
