//! What a hostile script tries from inside of the interpreter. Each act ends in a named limit or in an exception of the
//! language, the process lives, and so does the next instance. Each kind has a twin that is small enough to work.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wasm_sandbox::{
    ByteUnits, Ending, Language, ResourceKind, SandboxError, SandboxResult, TimeUnits, WasmSandboxBuilder,
};

use crate::languages;

fn script(text: &str) -> WasmSandboxBuilder {
    languages::source(Language::JavaScript, text).memory_limit(64.mb()).timeout(20.seconds())
}

fn run(text: &str) -> SandboxResult {
    script(text).build_blocking().unwrap().execute([""; 0]).unwrap()
}

/// What it prints when all is well.
fn printed(text: &str) -> String {
    let result = run(text);
    assert_eq!(result.ending, Ending::Exit { code: 0 }, "{text}: {}", result.stderr.text());
    result.stdout.text().into_owned()
}

/// How an act ended: the limit's kind, or the name of the exception.
fn end(text: &str, result: &SandboxResult) -> String {
    match &result.ending {
        Ending::Limit(hit) => hit.kind.name().to_owned(),
        Ending::Exit { code: 1 } => result.stderr.text().split(':').next().unwrap_or_default().to_owned(),
        other => panic!("{text}: {other:?} {} {}", result.stdout.text(), result.stderr.text()),
    }
}

/// Every act ends in one of the ways that are named.
fn each_ends(ways: &[&str], acts: &[&str]) {
    let ended = acts.iter().map(|act| (end(act, &run(act)), act));
    let wrong: Vec<_> = ended.filter(|(way, _)| !ways.contains(&way.as_str())).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(printed("console.log(1 + 1)"), "2\n", "the next instance");
}

/// Every act is stopped at its deadline.
fn each_is_stopped(acts: &[&str]) {
    for act in acts {
        let started = Instant::now();
        let result = script(act).timeout(300.millis()).build_blocking().unwrap().execute([""; 0]).unwrap();
        assert_eq!(end(act, &result), "wall time", "{act}");
        assert!(started.elapsed() < Duration::from_secs(4), "{act}: {:?}", started.elapsed());
    }
    assert_eq!(printed("console.log(1 + 1)"), "2\n", "the next instance");
}

const MEMORY: &str = "memory";
const NO_MEMORY: &str = "InternalError";
const TOO_MUCH: &str = "RangeError";

#[test]
fn a7_regular_expressions_that_never_end_are_stopped() {
    each_is_stopped(&[
        "/(a+)+$/.test('a'.repeat(50) + 'b')",
        "/(a|a)*$/.test('a'.repeat(50) + 'b')",
        "'a'.repeat(60).match(/(.*)*\\1x/)",
        "'x'.repeat(100000).replace(/(x+x+)+y/g, '')",
        "/(?=(a+)+b)c/.test('a'.repeat(50))",
        "'a,'.repeat(100000).split(/(,|a)*b/)",
    ]);
    assert_eq!(printed("console.log(/(a+)+$/.test('a'.repeat(15)), 'a,b'.split(/(?:,)/))"), "true [ 'a', 'b' ]\n");
}

#[test]
fn regular_expressions_that_are_too_large_are_refused() {
    each_ends(
        &["SyntaxError", NO_MEMORY],
        &[
            "new RegExp('('.repeat(100000))",
            "new RegExp('(?:a|'.repeat(50000) + ')'.repeat(50000))",
            "new RegExp('(?='.repeat(10000) + ')'.repeat(10000))",
            "new RegExp('(a)'.repeat(300))",
            "new RegExp('[' + 'a-z'.repeat(1e7) + ']')",
        ],
    );
    assert_eq!(printed("console.log(new RegExp('(?:'.repeat(50) + 'a' + ')'.repeat(50)).test('a'))"), "true\n");
}

#[test]
fn json_that_never_ends_or_is_too_deep_ends() {
    each_ends(
        &[TOO_MUCH],
        &[
            "JSON.parse('['.repeat(100000))",
            "JSON.parse('{\"a\":'.repeat(100000) + '1' + '}'.repeat(100000))",
            "let x = []; for (let i = 0; i < 20000; i++) x = [x]; JSON.stringify(x)",
            "JSON.parse('[1]', function again(k, v) { return JSON.parse('[1]', again) })",
            "const a = { get b() { return JSON.stringify(a) } }; JSON.stringify(a)",
        ],
    );
    each_ends(&["TypeError"], &["const a = {}; a.a = a; JSON.stringify(a)"]);
    each_ends(&[NO_MEMORY], &["JSON.stringify(Array(1e9).fill(1))"]);
    each_is_stopped(&["JSON.stringify(new Proxy([], { get: (t, k) => k === 'length' ? 2 ** 53 : 1 }))"]);
    assert_eq!(
        printed("let x = []; for (let i = 0; i < 200; i++) x = [x]; console.log(JSON.stringify(x).length)"),
        "402\n"
    );
}

#[test]
fn c6_recursion_of_every_kind_is_an_error_that_can_be_caught() {
    let acts = [
        "const f = () => f(); f()",
        "const a = { get b() { return this.b } }; a.b",
        "const a = { set b(v) { this.b = v } }; a.b = 1",
        "const p = new Proxy({}, { get: (t, k, r) => r[k] }); p.x",
        "const p = new Proxy({}, { has: (t, k) => k in p }); 'x' in p",
        "const p = new Proxy({}, { ownKeys: () => Reflect.ownKeys(p) }); Object.keys(p)",
        "const p = new Proxy({}, { getPrototypeOf: () => Object.getPrototypeOf(p) }); p instanceof Object",
        "const p = new Proxy(function () {}, { apply: () => p() }); p()",
        "const p = new Proxy(class {}, { construct: () => new p() }); new p()",
        "let p = {}; for (let i = 0; i < 100000; i++) p = new Proxy(p, {}); p.x",
        "const a = { toString() { return `${this}` } }; `${a}`",
        "const a = { valueOf() { return +this } }; +a",
        "const a = { [Symbol.toPrimitive]() { return this + 1 } }; a + 1",
        "const s = () => [3, 1, 2].sort(s); s()",
        "const f = (a) => [1].map(() => f(a)); f()",
        "const f = () => 'a'.replace(/a/, f); f()",
        "const f = (s) => f`${s}`; f``",
        "const a = { *[Symbol.iterator]() { yield* this } }; [...a]",
        "class A { a = new A() }; new A()",
        "class A extends null { static [Symbol.hasInstance](x) { return x instanceof A } }; 1 instanceof A",
        "const f = () => Reflect.apply(f, null, []); f()",
        "const f = () => new Function('f', 'return f()')(f); f()",
        "const f = (n) => eval('f(n + 1)'); f(0)",
        "const e = new Error(); Object.defineProperty(e, 'message', { get() { return String(e) } }); String(e)",
        "let a = []; for (let i = 0; i < 20000; i++) a = [a]; a.flat(Infinity)",
        "let x = {}; for (let i = 0; i < 20000; i++) x = { x }; structuredClone(x)",
        "let x = {}; for (let i = 0; i < 20000; i++) x = { x }; require('util').inspect(x, { depth: Infinity })",
        "eval('('.repeat(100000))",
        "eval('- '.repeat(100000) + '1')",
        "eval('a => '.repeat(100000) + '1')",
        "eval('`${'.repeat(100000))",
        "eval('if (0);else '.repeat(100000))",
    ];
    each_ends(&[TOO_MUCH], &acts);
    each_ends(&[TOO_MUCH], &["const f = async () => await f(); await f()"]);
    for act in acts {
        let caught = format!("try {{ {act} }} catch (error) {{ console.log(error.name); }}");
        assert_eq!(printed(&caught), "RangeError\n", "{act}");
    }
    assert_eq!(printed("const f = (n) => n === 0 ? 0 : 1 + f(n - 1); console.log(f(500))"), "500\n");
}

#[test]
fn bombs_of_memory_are_errors_or_the_limit() {
    each_ends(
        &[NO_MEMORY, MEMORY],
        &[
            "const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1))",
            "const all = []; for (;;) all.push(new Float64Array(1 << 16).fill(1))",
            "new Array(2 ** 32 - 1).fill(0)",
            "Array.from({ length: 1e9 })",
            "[].concat(...Array(1e7).fill(Array(1e3).fill(1)))",
            "let s = 'x'; for (;;) s += s",
            "Array(1e6).fill('x'.repeat(1e4)).join('')",
            "const all = []; for (let i = 0; ; i++) all.push('x'.repeat(1e5) + i)",
            "'a'.repeat(1e6).split('').map((x) => x.repeat(1e3))",
            "encodeURIComponent('é'.repeat(1e8))",
            "const m = new Map(); for (let i = 0; ; i++) m.set(i, {})",
            "const o = {}; for (let i = 0; ; i++) o['k' + i] = i",
            "let o = null; for (;;) o = { o }",
            "[...(function* () { for (;;) yield 1 })()]",
            "let f = () => 1; for (;;) f = f.bind(null)",
            "for (;;) setImmediate(() => 1)",
            "for (;;) queueMicrotask(() => 1)",
            "await Promise.all(Array(1e8).fill(1))",
            "console.log('x'.repeat(2e7))",
        ],
    );
    // Where the last of the memory would be a promise's job, the engine leaves that out without a word: the loop goes on until its
    // time is up, and takes no more memory than before.
    let act = "for (;;) Promise.resolve().then(() => 1)";
    for memory in [64, 65] {
        let bomb = script(act).memory_limit(memory.mb()).timeout(2.seconds());
        let ended = end(act, &bomb.build_blocking().unwrap().execute([""; 0]).unwrap());
        assert!([NO_MEMORY, MEMORY, "wall time"].contains(&ended.as_str()), "{ended}");
    }
    each_ends(
        &[TOO_MUCH],
        &[
            "new Uint8Array(2 ** 40)",
            "new ArrayBuffer(2 ** 31)",
            "Buffer.alloc(2 ** 31)",
            "'x'.repeat(2 ** 30)",
            "'x'.padEnd(2 ** 30)",
            "10n ** 10n ** 10n",
            "1n << 10n ** 9n",
            "require('crypto').randomBytes(1e9)",
        ],
    );
    let small = "console.log(new Uint8Array(1 << 20).length, 'x'.repeat(1e6).length, 2n ** 64n, require('crypto').randomBytes(8).length)";
    assert_eq!(printed(small), "1048576 1000000 18446744073709551616n 8\n");
}

#[test]
fn what_never_settles_is_stopped_at_the_deadline() {
    each_is_stopped(&[
        "for (;;);",
        "while (true) try { throw 1 } catch {}",
        "function* g() { for (;;) yield 1 } for (const x of g());",
        "try { for (;;); } finally { for (;;); }",
        "[3, 2, 1].sort(() => { for (;;); })",
        "[].includes.call({ length: 2 ** 53 - 1 }, 1)",
        "const f = () => queueMicrotask(f); f()",
        "const f = () => process.nextTick(f); f()",
        "const f = async () => { for (;;) await 1 }; await f()",
        "async function* g() { for (;;) yield 1 } for await (const x of g());",
        "const a = { then(r) { r(a) } }; await a",
        "setInterval(() => 1, 0)",
        "setInterval(() => { for (;;); }, 1)",
        "const f = () => setImmediate(f); f()",
        "await new Promise((done) => setTimeout(done, 1e9))",
        "throw new Proxy(new Error('x'), { get() { for (;;); } })",
        "process.exit({ valueOf() { for (;;); } })",
    ]);
    assert_eq!(
        printed("let n = 0; const t = setInterval(() => { if (++n === 3) { clearInterval(t); console.log(n) } }, 1)"),
        "3\n"
    );
}

#[test]
fn what_nobody_catches_is_told() {
    for (act, told) in [
        ("Promise.reject(new RangeError('left alone'))", "RangeError: left alone"),
        ("(async () => { throw new TypeError('no') })()", "TypeError: no"),
        ("setTimeout(() => { throw new SyntaxError('late') }, 1)", "SyntaxError: late"),
        ("process.nextTick(() => { throw new RangeError('tick') })", "RangeError: tick"),
        ("queueMicrotask(() => { throw new RangeError('micro') })", "RangeError: micro"),
        ("new Promise((_, reject) => reject(null))", "Error: uncaught null"),
        ("throw { toString() { for (;;); } }", "Error: uncaught { toString: [Function: toString] }"),
        ("const e = new Error('x'); e.cause = e; throw e", "Error: x"),
    ] {
        let result = run(act);
        assert_eq!(result.ending, Ending::Exit { code: 1 }, "{act}");
        assert!(result.stderr.text().starts_with(told), "{act}: {}", result.stderr.text());
    }
    assert_eq!(printed("Promise.reject(new RangeError('seen')).catch((e) => console.log(e.message))"), "seen\n");
}

#[test]
fn d1_d2_floods_of_output_end_at_their_limit() {
    let act = |text: &str| {
        let sandbox = script(text).policy(|policy| policy.output_limit(100.kb())).build_blocking().unwrap();
        sandbox.execute([""; 0]).unwrap()
    };
    for text in [
        "for (;;) console.log('flood'.repeat(100))",
        "for (;;) console.error('flood'.repeat(100))",
        "for (;;) process.stdout.write('flood')",
        "console.log('x'.repeat(1e6))",
        "require('fs').writeFileSync(1, 'x'.repeat(1e6))",
        "try { for (;;) console.log('flood'.repeat(100)) } catch { for (;;) console.log('again') }",
    ] {
        match act(text).ending {
            Ending::Limit(hit) => assert_eq!(hit.kind, ResourceKind::Output, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
    assert_eq!(act("for (let i = 0; i < 100; i++) console.log('x'.repeat(100))").stdout.bytes().len(), 10_100);
}

#[test]
fn e10_floods_of_files_end_at_their_quota() {
    let end = |text: &str| {
        let small = script(text).policy(|policy| policy.disk_limit(1.mb()));
        small.build_blocking().unwrap().execute([""; 0]).unwrap()
    };
    for text in [
        "const fs = require('fs'); for (let i = 0; ; i++) fs.writeFileSync(`/tmp/${i}`, '')",
        "const fs = require('fs'); for (;;) fs.appendFileSync('/tmp/a', 'x'.repeat(10000))",
        "const fs = require('fs'); for (let i = 0; ; i++) fs.mkdirSync(`/tmp/${i}`)",
    ] {
        let result = end(text);
        assert_eq!(result.ending, Ending::Exit { code: 1 }, "{text}");
        assert!(result.stderr.text().starts_with("Error: ENOSPC: no space left on device"), "{}", result.stderr.text());
    }
    let fine = end(
        "const fs = require('fs'); fs.writeFileSync('/tmp/a', 'abc'); console.log(fs.readFileSync('/tmp/a', 'utf8'))",
    );
    assert_eq!(fine.stdout.text(), "abc\n");
}

/// A session lives through every exception, and its limits begin anew with every turn.
#[test]
fn a_session_lives_through_what_it_can_catch() {
    let sandbox = languages::builder(Language::JavaScript).memory_limit(64.mb()).build_blocking().unwrap();
    let mut session = sandbox.session(Language::JavaScript).unwrap();
    session.run("let kept = 41").unwrap();
    for (act, name) in [
        ("throw null", "Error"),
        ("(function f() { f() })()", "RangeError"),
        ("JSON.parse('['.repeat(100000))", "RangeError"),
        ("new RegExp('('.repeat(100000))", "SyntaxError"),
        ("(() => { const all = []; for (;;) all.push(new Uint8Array(1 << 20).fill(1)) })()", "InternalError"),
        ("(() => { const m = new Map(); for (let i = 0; ; i++) m.set(i, {}) })()", "InternalError"),
        ("Promise.reject(new TypeError('left'))", "TypeError"),
        ("for (let i = 0; i < 1000; i++) setTimeout(() => { throw new RangeError(i) }, 1)", "RangeError"),
        ("await new Promise(() => {})", "Error"),
    ] {
        match session.run(act).unwrap().ending {
            Ending::Exception { name: found, .. } => assert_eq!(found, name, "{act}"),
            other => panic!("{act}: {other:?}"),
        }
        assert_eq!(session.run("kept + 1").unwrap().value, Some(json!(42)), "{act}");
    }
}

#[test]
fn results_that_json_has_no_form_for_are_errors() {
    let text = "
        export const cyclic = () => { const a = { list: [] }; a.list.push(a); return a };
        export const nan = () => NaN;
        export const infinity = async () => -Infinity;
        export const symbol = () => Symbol('s');
        export const fn = () => () => 1;
        export const hostile = () => ({ toJSON() { throw new RangeError('own') } });
        export const endless = () => ({ get a() { for (;;); } });
        export const nothing = () => undefined;
        export const big = () => 2n ** 70n;
        export const inside = () => ({ n: NaN, u: undefined, f() {}, s: Symbol('s'), list: [undefined, () => 1, Infinity] });
        export const rich = () => ({ m: new Map([['a', new Set([1])]]), d: new Date(0), t: new Uint8Array(2), b: 1n, pairs: new Map([[1, 2]]) });
    ";
    let mut sandbox = script(text).build_blocking().unwrap();
    for (function, why) in [
        ("cyclic", "it contains itself"),
        ("nan", "it is NaN"),
        ("infinity", "it is -Infinity"),
        ("symbol", "it is a symbol"),
        ("fn", "it is a function"),
    ] {
        match sandbox.call::<_, Value>(function, ()).unwrap_err() {
            SandboxError::Exception { name, message, .. } => {
                assert_eq!((name, message), ("TypeError".to_owned(), format!("the result has no JSON form: {why}")))
            }
            other => panic!("{function}: {other}"),
        }
    }
    assert!(
        matches!(sandbox.call::<_, Value>("hostile", ()).unwrap_err(), SandboxError::Exception { message, .. } if message == "own")
    );
    for (function, value) in [
        ("nothing", Value::Null),
        ("big", json!("1180591620717411303424")),
        ("inside", json!({"n": null, "list": [null, null, null]})),
        ("rich", json!({"m": {"a": [1]}, "d": "1970-01-01T00:00:00.000Z", "t": [0, 0], "b": "1", "pairs": [[1, 2]]})),
    ] {
        assert_eq!(sandbox.call::<_, Value>(function, ()).unwrap(), value, "{function}");
    }
    match sandbox.call::<_, Value>("endless", ()).unwrap_err() {
        SandboxError::ResourceExhausted { kind, .. } => assert_eq!(kind, ResourceKind::WallTime),
        other => panic!("{other}"),
    }
    let mut session = languages::session(Language::JavaScript);
    let cyclic = session.run("const a = {}; a.a = a; a").unwrap();
    assert_eq!((cyclic.value, cyclic.stdout.text().as_ref()), (None, "<ref *1> { a: [Circular *1] }\n"));
}
