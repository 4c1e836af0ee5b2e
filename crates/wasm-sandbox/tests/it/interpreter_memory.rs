//! Memory of interpreters: all of it counts, bombs are exceptions first, and nothing of them stays in the host.

use std::time::{Duration, Instant};

use wasm_sandbox::{
    ByteSize, ByteUnits, Ending, ErrorCode, InstanceConfig, Language, ResourceKind, ResourceLimits, SandboxResult,
    Setup, TimeUnits, WasmSandbox, WasmSandboxBuilder, blocking,
};

use crate::{
    alone,
    languages::{self, source},
    process::peak_of,
    wat,
};

fn run(builder: WasmSandboxBuilder) -> SandboxResult {
    builder.build_blocking().unwrap().execute([""; 0]).unwrap()
}

/// What a script that must succeed prints.
fn printed(builder: WasmSandboxBuilder) -> String {
    let result = run(builder);
    assert_eq!(result.ending, Ending::Exit { code: 0 }, "{}", result.stderr.text());
    result.stdout.text().into_owned()
}

fn session(language: Language, memory: ByteSize) -> blocking::Session {
    languages::builder(language).memory_limit(memory).build_blocking().unwrap().session(language).unwrap()
}

/// What the host needs for a guest besides the memory that is counted, and shares with others.
const BESIDE: u64 = 32 << 20;

/// Fills `/tmp`, then memory, and says how much of each there was in megabytes.
const FILL: &str = "
files, blocks = 0, []
try:
    while files < 100:
        with open(f'/tmp/{files}', 'wb') as file: file.write(b'x' * 10 ** 6)
        files += 1
except OSError: pass
try:
    while len(blocks) < 100: blocks.append(b'y' * 10 ** 6)
except MemoryError: pass
print(files, len(blocks))
";

#[test]
fn c1_files_in_memory_and_memory_share_one_limit() {
    alone("interpreter_memory::c1_files_in_memory_and_memory_share_one_limit", || {
        let limits = ResourceLimits { memory: 128.mb(), disk: 1.gb(), ..ResourceLimits::default() };
        let fill = |limits: ResourceLimits| {
            let result =
                run(source(Language::Python, FILL).config(InstanceConfig::builder().limits(limits).build().unwrap()));
            let text = result.stdout.text().into_owned();
            let (files, blocks) =
                text.trim().split_once(' ').unwrap_or_else(|| panic!("{text}{}", result.stderr.text()));
            (files.parse::<u64>().unwrap(), blocks.parse::<u64>().unwrap(), result)
        };
        printed(source(Language::Python, "print(1)"));
        let peak = peak_of(|| {
            let (files, blocks, result) = fill(limits.clone());
            assert!((40..100).contains(&files) && files + blocks < 95, "{files} and {blocks}");
            assert!(result.limit_hit(ResourceKind::Memory).is_some(), "{:?}", result.limits_hit);
            assert!(result.usage.memory.peak_bytes <= 128 << 20);
        });
        assert!(peak < (128 << 20) + BESIDE, "{peak}");
        let (files, blocks, result) = fill(ResourceLimits { memory: 300.mb(), ..limits });
        assert_eq!((files, blocks, result.limits_hit.len()), (100, 100, 0));
    });
}

#[test]
fn c1_what_an_interpreter_begins_with_counts() {
    for (language, small, large) in [(Language::Python, 32.mb(), 64.mb()), (Language::JavaScript, 2.mb(), 16.mb())] {
        let text = if language == Language::Python { "print(1)" } else { "console.log(1)" };
        let result = run(source(language, text).memory_limit(small));
        match result.ending {
            Ending::Limit(hit) => {
                assert_eq!((hit.kind, hit.limit), (ResourceKind::Memory, small.as_u64()));
                assert!(hit.used > hit.limit);
            }
            other => panic!("{other:?}"),
        }
        let result = run(source(language, text).memory_limit(large));
        assert_eq!(result.stdout.text(), "1\n");
        assert!(result.usage.memory.peak_bytes > small.as_u64(), "{:?}", result.usage.memory);
    }
}

/// Prints what each bomb comes to, and that the program is still there.
const PYTHON_BOMBS: &str = "
import numpy
def attempt(bomb):
    try: bomb(); return 'done'
    except MemoryError: return 'MemoryError'
def touch(count):
    x = numpy.zeros(count)
    x[:] = 1
bombs = [
    lambda: bytearray(10 ** 9), lambda: [0] * 10 ** 9, lambda: 'x' * 10 ** 9, lambda: b'x' * (2 ** 31 - 100),
    lambda: bytearray(2 * 10 ** 9), lambda: list(range(10 ** 9)),
    lambda: {n: n for n in range(10 ** 9)}, lambda: ''.join(str(n) for n in range(10 ** 9)),
    lambda: touch(10 ** 8), lambda: numpy.ones((10 ** 4, 10 ** 4)), lambda: [bytearray(10 ** 6) for _ in range(10 ** 6)],
]
print({attempt(bomb) for bomb in bombs}, attempt(lambda: touch(10 ** 6)))
";

#[test]
fn c1_memory_bombs_in_python_are_exceptions_and_others_go_on() {
    alone("interpreter_memory::c1_memory_bombs_in_python_are_exceptions_and_others_go_on", || {
        printed(source(Language::Python, "import numpy"));
        bombs_are_caught(&Bombs {
            language: Language::Python,
            keep: "kept = 20",
            all: PYTHON_BOMBS,
            limit: 128.mb(),
            caught: "{'MemoryError'} done\n",
            large: "print(len(bytearray(10 ** 9)))",
            enough: (1100.mb(), "1000000000\n"),
        });
    });
}

/// As for Python. When there is no room even for the error, it is `null`.
const JAVASCRIPT_BOMBS: &str = "
const attempt = (bomb) => {
    try { bomb(); return 'done' } catch (error) { return error === null || /memory|length|size|long/.test(error.message) ? 'error' : String(error) }
};
const grow = (add) => { for (let n = 0; ; n++) add(n) };
const bombs = [
    () => new Uint8Array(1e9), () => new Uint8Array(1e10), () => new ArrayBuffer(2 ** 32), () => 'x'.repeat(1e9), () => 'x'.repeat(2 ** 29),
    () => new Array(1e9).fill(0), () => Array.from({ length: 1e9 }),
    () => { const map = new Map(); grow((n) => map.set(n, n)) }, () => { const set = new Set(); grow((n) => set.add(n)) },
    () => { const all = []; grow(() => all.push({})) }, () => { const all = []; grow(() => all.push(new Uint8Array(1 << 20))) },
    () => { let text = 'x'; grow(() => { text += text + 'y' }) }, () => { let last = []; grow(() => { last = [last] }) },
];
console.log([...new Set(bombs.map(attempt))].join(), attempt(() => new Uint8Array(1e7).fill(1)));
";

#[test]
fn c1_memory_bombs_in_javascript_are_errors_and_others_go_on() {
    alone("interpreter_memory::c1_memory_bombs_in_javascript_are_errors_and_others_go_on", || {
        bombs_are_caught(&Bombs {
            language: Language::JavaScript,
            keep: "let kept = 20",
            all: JAVASCRIPT_BOMBS,
            limit: 64.mb(),
            caught: "error done\n",
            large: "console.log(new Uint8Array(5e8).length)",
            enough: (600.mb(), "500000000\n"),
        });
    });
}

struct Bombs {
    language: Language,
    /// What another session keeps meanwhile.
    keep: &'static str,
    all: &'static str,
    limit: ByteSize,
    /// What the bombs print.
    caught: &'static str,
    /// What does not fit into the memory of the default, and how much is enough for it to print this.
    large: &'static str,
    enough: (ByteSize, &'static str),
}

fn bombs_are_caught(bombs: &Bombs) {
    let mut other = session(bombs.language, 64.mb());
    other.run(bombs.keep).unwrap();
    let peak = peak_of(|| {
        let result = run(source(bombs.language, bombs.all).memory_limit(bombs.limit));
        assert_eq!(result.stdout.text(), bombs.caught, "{:?} {}", result.ending, result.stderr.text());
        assert!(result.limit_hit(ResourceKind::Memory).is_some());
    });
    assert!(peak < bombs.limit.as_u64() + BESIDE, "{peak}");
    assert_eq!(other.run("kept + 1").unwrap().value, Some(21.into()));
    assert_eq!(run(source(bombs.language, bombs.large)).ending, Ending::Exit { code: 1 });
    let (enough, text) = bombs.enough;
    assert_eq!(printed(source(bombs.language, bombs.large).memory_limit(enough)), text);
}

#[test]
fn c1_a_bomb_that_does_not_stop_ends_at_its_deadline() {
    for (language, text) in [
        (
            Language::Python,
            "all = []\nwhile True:\n    try:\n        while True: all.append(bytearray(10 ** 6))\n    except MemoryError: pass",
        ),
        (
            Language::JavaScript,
            "const all = []; while (true) { try { while (true) all.push(new Uint8Array(1e6)) } catch {} }",
        ),
    ] {
        let result = run(source(language, text).memory_limit(64.mb()).timeout(500.millis()));
        assert!(
            matches!(result.ending, Ending::Limit(hit) if hit.kind == ResourceKind::WallTime),
            "{:?}",
            result.ending
        );
        assert!(result.limit_hit(ResourceKind::Memory).is_some(), "{:?}", result.limits_hit);
    }
}

#[test]
fn c11_interpreters_and_files_in_memory_count_with_everything_in_the_process() {
    alone("interpreter_memory::c11_interpreters_and_files_in_memory_count_with_everything_in_the_process", || {
        // What others hold, in one call of a module: reserving is not using.
        let text = r#"(module (memory 0) (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))"#;
        let limits = ResourceLimits { memory: 4.gb(), ..ResourceLimits::default() };
        let builder = WasmSandbox::builder().setup(Setup::default()).source(wat(text));
        let others = builder.policy(|policy| policy.limits(limits)).build_blocking().unwrap();
        let config = InstanceConfig::builder().memory_limit(4.gb()).build().unwrap();
        let make = || others.create_instance(others.module().unwrap(), config.clone()).unwrap();
        let mut writer = session(Language::Python, 256.mb());
        let write = "n = globals().get('n', 0) + 1\ntry:\n    with open(f'/tmp/{n}', 'wb') as file: print(file.write(b'x' * 10 ** 6))\nexcept OSError as error: print(error)";
        assert_eq!(writer.run(write).unwrap().stdout.text(), "1000000\n");
        let mut all = Vec::new();
        for pages in [65_535, 4096, 256, 16, 1] {
            loop {
                let mut one = make();
                if one.call::<_, i32>("grow", pages).unwrap() < 0 {
                    break;
                }
                all.push(one);
            }
        }
        let result = writer.run(write).unwrap();
        assert_eq!(result.stdout.text(), "[Errno 51] No space left on device\n");
        assert!(result.limit_hit(ResourceKind::ProcessMemory).is_some(), "{:?}", result.limits_hit);
        let sandbox = source(Language::Python, "print(1)").build_blocking().unwrap();
        match sandbox.execute([""; 0]).unwrap().ending {
            Ending::Limit(hit) => assert_eq!(hit.kind, ResourceKind::ProcessMemory),
            other => panic!("{other:?}"),
        }
        drop(all);
        assert_eq!(writer.run(write).unwrap().stdout.text(), "1000000\n");
        assert_eq!(sandbox.execute([""; 0]).unwrap().stdout.text(), "1\n");
    });
}

#[test]
fn c11_an_interpreter_takes_no_places_from_other_guests() {
    alone("interpreter_memory::c11_an_interpreter_takes_no_places_from_other_guests", || {
        assert_eq!(printed(source(Language::JavaScript, "console.log(1)")), "1\n");
        let text = r#"(module (func (export "one") (result i32) (i32.const 1)))"#;
        let setup = Setup::default().max_sandboxes(400);
        let sandbox = WasmSandbox::builder().setup(setup).source(wat(text)).build_blocking().unwrap();
        let make = || sandbox.create_instance(sandbox.module().unwrap(), InstanceConfig::default());
        let all: Vec<_> = (0..400).map(|_| make().unwrap()).collect();
        assert_eq!(make().map(|_| ()).unwrap_err().code(), ErrorCode::of_limit(ResourceKind::Sandboxes));
        drop(all);
    });
}

/// Runs something that does not end by itself, and says by how much its end was too late.
fn late(language: Language, text: &str) -> Option<Duration> {
    let limit = 300.millis();
    let sandbox = source(language, text).timeout(limit).build_blocking().unwrap();
    let started = Instant::now();
    let result = sandbox.execute([""; 0]).unwrap();
    let late = started.elapsed().saturating_sub(limit);
    match result.ending {
        Ending::Limit(hit) => assert_eq!(hit.kind, ResourceKind::WallTime, "{text}"),
        other => panic!("{text}: {other:?} {}", result.stderr.text()),
    }
    Some(late).filter(|late| *late > Duration::from_millis(250))
}

#[test]
fn a7_native_work_ends_at_its_deadline() {
    // The program, and how it is asked for less.
    let python = [
        ("import numpy as np\na = np.ones(({n}, {n}))\nfor _ in range({n}): a = a @ a / {n}", "1500", "10"),
        ("import numpy as np\na = np.zeros({n})\nfor _ in range({n}): a.fill(1.0)", "20000000", "10"),
        ("7 ** (7 ** {n})", "9", "2"),
        ("import re\nre.match('(a+)+$', 'a' * {n} + 'b')", "40", "4"),
        ("import time\ntime.sleep({n})", "60", "0.01"),
        ("import asyncio\nasyncio.run(asyncio.sleep({n}))", "60", "0.01"),
        ("def key(x):\n    for _ in range({n}): pass\n    return x\nsorted([2, 1], key=key)", "10 ** 12", "10"),
        (
            "class Last:\n    def __del__(self):\n        for _ in range({n}): pass\nlast = Last()\ndel last",
            "10 ** 12",
            "10",
        ),
        (
            "import asyncio\nasync def spin():\n    for _ in range({n}): await asyncio.sleep(0)\nasyncio.run(spin())",
            "10 ** 12",
            "10",
        ),
        ("x = b'x' * 10 ** 6\nfor _ in range({n}): bytearray(x * 50)", "10 ** 12", "1"),
        ("for _ in range({n}): ''.join(str(n) for n in range({n}))", "10 ** 6", "10"),
        ("import hashlib\nx = b'x' * 10 ** 7\nfor _ in range({n}): hashlib.sha256(x)", "10 ** 12", "1"),
    ];
    let javascript = [
        ("const a = new Uint8Array(1e8); for (let n = 0; n < {n}; n++) a.fill(1)", "1e12", "1"),
        ("for (let n = 0; n < {n}; n++) 'x'.repeat(1e7).indexOf('y')", "1e12", "1"),
        ("/(a+)+$/.test('a'.repeat({n}) + 'b')", "40", "4"),
        ("for (let n = 0; n < {n}; n++) Array.from({ length: 1e5 }, Math.random).sort()", "1e12", "1"),
        ("await new Promise((done) => setTimeout(done, {n}))", "60000", "10"),
    ];
    let cases = python.map(|case| (Language::Python, case)).into_iter();
    for (language, (text, much, little)) in cases.chain(javascript.map(|case| (Language::JavaScript, case))) {
        // On a busy machine one attempt may wait for a processor; what is late by itself is late each time.
        let attempts: Vec<_> = (0..3).map_while(|_| late(language, &text.replace("{n}", much))).collect();
        assert!(attempts.len() < 3, "{text}: {attempts:?} late");
        printed(source(language, &text.replace("{n}", little)));
    }
}

#[test]
fn c6_depth_of_every_kind_is_an_exception_and_the_next_turn_works() {
    let mut session = session(Language::Python, 256.mb());
    session.run("import ast, json, sys\nsys.setrecursionlimit(10 ** 9)\ndef recurse(n): return recurse(n + 1) if n < deepest else n").unwrap();
    for (setting, deep, shallow) in [
        ("json.loads('[' * {n} + ']' * {n})", "100000", "100"),
        ("ast.parse('-' * {n} + '1')", "20000", "100"),
        ("x = []\nfor _ in range({n}): x = [x]\nlen(repr(x))", "100000", "100"),
        ("deepest = {n}\nrecurse(0)", "10 ** 9", "100000"),
        (
            "class Deep:\n    def __getattr__(self, name): return getattr(self, name) if len(name) > {n} else 1\nDeep().xxx",
            "1",
            "3",
        ),
    ] {
        let result = session.run(&setting.replace("{n}", deep)).unwrap();
        match &result.ending {
            Ending::Exception { name, .. } => {
                assert!(["RecursionError", "MemoryError"].contains(&name.as_str()), "{setting}: {name}")
            }
            other => panic!("{setting}: {other:?}"),
        }
        let twin = session.run(&setting.replace("{n}", shallow)).unwrap();
        assert_eq!(twin.ending, Ending::Return, "{setting}: {}", twin.stderr.text());
    }
}

#[test]
fn c11_a_deep_stack_is_memory_too() {
    // What is looked at is how deep it is while it is at the bottom.
    let deep = |levels| {
        let busy = "let sum = 0; for (let i = 0; i < 1e6; i++) sum += i; return sum";
        let text =
            format!("const deep = (n) => {{ if (n) return deep(n - 1); {busy} }}; console.log(deep({levels}) > 1)");
        source(Language::JavaScript, &text)
    };
    let result = run(deep(5000));
    assert_eq!((result.ending, &*result.stdout.text()), (Ending::Exit { code: 0 }, "true\n"));
    let (peak, shallow) = (result.usage.memory.peak_bytes, run(deep(1)).usage.memory.peak_bytes);
    assert!(peak - shallow > 1 << 20, "{peak} {shallow}");
    let result = run(deep(5000).memory_limit((peak - (1 << 19)).bytes()));
    assert!(matches!(result.ending, Ending::Limit(hit) if hit.kind == ResourceKind::Memory), "{:?}", result.ending);
}

/// What is nested is freed from the outside in, on the stack of the interpreter's own calls.
#[test]
fn c6_what_is_nested_too_deep_to_be_freed_ends_with_the_stack() {
    let nest = |levels: u32| format!("x = []\nfor _ in range({levels}): x = [x]\nx = None\nprint('freed')");
    let result = run(source(Language::Python, &nest(1_000_000)));
    assert!(matches!(result.ending, Ending::Limit(hit) if hit.kind == ResourceKind::Stack), "{:?}", result.ending);
    assert_eq!(printed(source(Language::Python, &nest(200_000))), "freed\n");
}

#[test]
fn c1_the_default_is_enough_for_ordinary_programs() {
    let numbers = "x = list(range(2000000)); print(sum(sorted(x, reverse=True)), len([str(n) for n in x]))";
    assert_eq!(printed(source(Language::Python, numbers)), "1999999000000 2000000\n");
    let small = source(Language::Python, numbers).memory_limit(64.mb());
    assert_eq!(run(small).ending, Ending::Exit { code: 1 });
    assert_eq!(
        printed(source(Language::Python, "import numpy\nprint(numpy.arange(3).sum())").memory_limit(64.mb())),
        "3\n"
    );
}

/// A guest of the library's without an interpreter, for comparison: the same rule holds.
#[test]
fn c1_files_in_memory_count_for_every_guest() {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "path_open"
            (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 16)
        (data (i32.const 0) "f") (data (i32.const 16) "\00\00\00\00\00\00\08\00")
        (func (export "write") (result i32)
            (drop (call $open (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 1) (i64.const 64)
                (i64.const 0) (i32.const 0) (i32.const 8)))
            (call $write (i32.load (i32.const 8)) (i32.const 16) (i32.const 1) (i32.const 24))))"#;
    let write = |memory: ByteSize| {
        let builder = WasmSandbox::builder().setup(Setup::default()).source(wat(text)).memory_limit(memory);
        let mut sandbox = builder.policy(|policy| policy.filesystem_memory("/out")).build_blocking().unwrap();
        let report = sandbox.call_words("write", &[]).unwrap();
        (report.result.value.unwrap(), report.result.usage.memory.current_bytes, report.result.limits_hit)
    };
    let (errno, used, hits) = write(2.mb());
    assert_eq!((errno, hits.len()), (0.into(), 0));
    assert!(used > (1 << 20) + (1 << 19), "{used}");
    let (_, used, hits) = write(1200.kb());
    assert_eq!(hits.first().map(|hit| (hit.kind, hit.limit)), Some((ResourceKind::Memory, 1200 << 10)), "it is short");
    assert!(used <= 1200 << 10, "{used}");
}
