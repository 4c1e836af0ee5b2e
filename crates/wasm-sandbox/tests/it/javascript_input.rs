//! Standard input of programs in JavaScript: as it comes, while everything else goes on, and no more of it than there is room for.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdout, Command, Stdio},
};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use wasm_sandbox::{
    ByteUnits, Ending, Language, ResourceKind, ResourceLimits, SandboxResult, TimeUnits, Tool, blocking,
};

use crate::{languages, network::Server, told};

/// A program that is spoken with over a process's own streams.
struct Conversation {
    child: Child,
    said: BufReader<ChildStdout>,
}

const TIMED_OUT: i32 = 124;

impl Conversation {
    fn new(test: &str, code: &str) -> Self {
        Self::with(test, &json!({ "code": code, "timeout_ms": 60_000 }))
    }

    /// The process is this one once more, which then runs the program in place of the test.
    fn with(test: &str, what: &Value) -> Self {
        const NAME: &str = "WASM_SANDBOX_TEST_INPUT";
        if let Some(what) = told(NAME) {
            std::process::exit(run(&serde_json::from_str(&what).unwrap()));
        }
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", &format!("javascript_input::{test}"), "--nocapture"]).env(NAME, what.to_string());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap());
        let mut conversation = Self { child, said };
        // What the test's own process says first is none of the program's.
        while conversation.hear() != "begin" {}
        conversation
    }

    fn say(&mut self, bytes: impl AsRef<[u8]>) {
        self.child.stdin.as_mut().unwrap().write_all(bytes.as_ref()).unwrap();
    }

    fn hear(&mut self) -> String {
        let mut line = String::new();
        assert!(self.said.read_line(&mut line).unwrap() > 0, "nothing is said any more");
        line.trim_end_matches('\n').to_owned()
    }

    /// Says no more. What is said after that, and the exit code.
    fn close(mut self) -> (Vec<String>, Option<i32>) {
        drop(self.child.stdin.take());
        self.ends()
    }

    /// The same, but what is said could go on.
    fn ends(mut self) -> (Vec<String>, Option<i32>) {
        let _open = self.child.stdin.take();
        let rest = self.said.lines().map(Result::unwrap).collect();
        (rest, self.child.wait().unwrap().code())
    }
}

#[derive(Deserialize, JsonSchema)]
struct Double {
    number: i64,
}

fn run(what: &Value) -> i32 {
    let text = format!("console.log('\\nbegin');\n{}", what["code"].as_str().unwrap());
    let double = Tool::new_async("double", "Doubles.", |Double { number }: Double| async move { Ok(number * 2) });
    let mut builder = languages::source(Language::JavaScript, &text).inherit_stdio().tool(double);
    builder = builder.timeout(what["timeout_ms"].as_u64().unwrap().millis());
    if let Some(rule) = what["rule"].as_str() {
        builder = builder.network_allow(rule);
    }
    let result = if what["async"].as_bool().unwrap_or_default() {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(async { builder.build().await.unwrap().execute([""; 0]).await.unwrap() })
    } else {
        builder.build_blocking().unwrap().execute([""; 0]).unwrap()
    };
    match result.ending {
        Ending::Exit { code } => code,
        Ending::Limit(hit) if hit.kind == ResourceKind::WallTime => TIMED_OUT,
        other => panic!("{other:?}"),
    }
}

/// Ways to read, each of which answers a piece as soon as it is there.
const READERS: [&str; 6] = [
    "for await (const piece of process.stdin.setEncoding('utf8')) said(piece);\nsaid('end');",
    "process.stdin.setEncoding('utf8').on('data', said).on('end', () => said('end'));",
    "process.stdin.setEncoding('utf8');
process.stdin.on('readable', () => { for (let piece; (piece = process.stdin.read()) !== null;) said(piece); });
process.stdin.on('end', () => said('end'));",
    "import { StringDecoder } from 'node:string_decoder';
const decoder = new StringDecoder();
process.stdin.on('data', (piece) => said(decoder.write(piece))).on('end', () => said('end'));",
    "const { once } = require('events');
const next = () => once(process.stdin, 'data').then(([piece]) => { said(piece); return next(); });
process.stdin.setEncoding('utf8').on('end', () => said('end'));
next();",
    "import fs from 'fs';
import { StringDecoder } from 'string_decoder';
const [bytes, decoder] = [Buffer.alloc(100), new StringDecoder()];
for (let length; (length = fs.readSync(0, bytes, 10)) > 0;) said(decoder.write(bytes.subarray(10, 10 + length)));
said('end');",
];

#[test]
fn programs_read_piece_by_piece() {
    for reader in READERS {
        let code = format!("function said(what) {{ console.log(JSON.stringify(what)); }}\n{reader}");
        let mut program = Conversation::new("programs_read_piece_by_piece", &code);
        // A character that is not whole has to wait for the rest of it.
        for (piece, said) in [("one\n".as_bytes(), r#""one\n""#), (b"tw\xc3", r#""tw""#), (b"\xbc\n", r#""ü\n""#)] {
            program.say(piece);
            assert_eq!(program.hear(), said, "{reader}");
        }
        program.say(b"\xf0\x9f");
        let (rest, code) = program.close();
        // What never becomes whole is told at the end; who decodes by himself has to ask for it.
        let last: Vec<_> =
            rest.iter().map(String::as_str).filter(|line| !["\"\"", "\"\u{fffd}\""].contains(line)).collect();
        assert_eq!((last, code), (vec![r#""end""#], Some(0)), "{reader}: {rest:?}");
    }
}

/// Ways to read lines; what is asked for is answered by the next one.
const LINES: [&str; 5] = [
    "import { createInterface } from 'node:readline';
for await (const line of createInterface({ input: process.stdin })) said(line);\nsaid('end');",
    "require('readline').createInterface(process.stdin).on('line', said).on('close', () => said('end'));",
    "import { createInterface } from 'readline/promises';
const lines = createInterface({ input: process.stdin, output: process.stdout });
for (let count = 0; count < 4; count++) said(await lines.question(''));
lines.close();\nsaid('end');",
    "const readline = require('node:readline');
const lines = readline.createInterface({ input: process.stdin });
const ask = (count) => count < 4 ? lines.question('', (line) => { said(line); ask(count + 1); }) : (lines.close(), said('end'));
ask(0);",
    "import readline from 'node:readline/promises';
for (let count = 0; count < 4; count++) {
    const lines = readline.createInterface({ input: process.stdin });
    said(await lines.question(''));
    lines.close();
}
said('end');",
];

#[test]
fn programs_read_line_by_line() {
    for reader in LINES {
        let code = format!("function said(what) {{ console.log(JSON.stringify(what)); }}\n{reader}");
        let mut program = Conversation::new("programs_read_line_by_line", &code);
        for (piece, said) in [("one\r\n", r#""one""#), ("t", ""), ("wo\n\nth", r#""two""#), ("", r#""""#)] {
            program.say(piece);
            assert!(said.is_empty() || program.hear() == said, "{reader}");
        }
        program.say("ree");
        let (rest, code) = program.close();
        assert_eq!((rest, code), (vec![r#""three""#.to_owned(), r#""end""#.to_owned()], Some(0)), "{reader}");
    }
    let code = "require('readline').createInterface(process.stdin).on('line', (line) => console.log(`<${line}>`));";
    let mut program = Conversation::new("programs_read_line_by_line", code);
    // A carriage return ends a line. If a line feed comes after it, that ends no other.
    for (piece, said) in [("one\r", "<one>"), ("\ntwo\n", "<two>"), ("\r", "<>")] {
        program.say(piece);
        assert_eq!(program.hear(), said);
    }
    assert_eq!(program.close(), (vec![], Some(0)));
}

/// Nothing is said to it before it has said everything.
const MEANWHILE: &str = "
process.stdin.setEncoding('utf8').on('data', (piece) => console.log('heard', piece.trim()));
let ticks = 0;
const timer = setInterval(() => {
    console.log('tick');
    if (++ticks === 3) clearInterval(timer);
}, 1);
await new Promise((done) => setTimeout(done, 5));
console.log(await tools.double(21), await Promise.all([1, 2, 3].map((number) => tools.double(number))));
console.log(await (await fetch(BASE)).text());
";

#[test]
fn what_is_under_way_goes_on_while_input_is_waited_for() {
    let server = Server::hello();
    let code = format!("const BASE = 'http://127.0.0.1:{}';\n{MEANWHILE}", server.port);
    for is_async in [false, true] {
        let what = json!({ "code": code, "timeout_ms": 60_000, "rule": server.rule(), "async": is_async });
        let mut program = Conversation::with("what_is_under_way_goes_on_while_input_is_waited_for", &what);
        let mut said: Vec<_> = (0..5).map(|_| program.hear()).collect();
        said.sort();
        assert_eq!(said, ["42 [ 2, 4, 6 ]", "hello", "tick", "tick", "tick"]);
        program.say("still there?");
        assert_eq!(program.hear(), "heard still there?");
        assert_eq!(program.close(), (vec![], Some(0)));
    }
}

/// Programs that want no more input, or never did.
const CONTENT: [&str; 9] = [
    "console.log('said', process.stdin.fd);",
    "process.stdin.setEncoding('utf8').on('end', () => console.log('never'));\nsetTimeout(() => console.log('said'), 1);",
    "process.stdin.once('data', () => { process.stdin.pause(); setTimeout(() => console.log('said'), 1); });",
    "process.stdin.on('data', () => console.log('said')).pause();\nsetTimeout(() => process.stdin.resume(), 1);
process.stdin.on('data', () => process.stdin.pause());",
    "for await (const piece of process.stdin) break;\nconsole.log('said');",
    "process.stdin.resume();\nsetTimeout(() => { process.stdin.destroy(); console.log('said'); }, 1);",
    "const lines = require('readline').createInterface(process.stdin);
lines.question('', () => { lines.close(); console.log('said'); });",
    "import { createInterface } from 'readline';
for await (const line of createInterface(process.stdin)) break;\nconsole.log('said');",
    "import { createInterface } from 'readline/promises';
const lines = createInterface(process.stdin);
await lines.question('').then(() => lines.question('', { signal: AbortSignal.timeout(1) })).catch((error) => console.log('said', error.name));
lines.close();
await lines.question('').catch((error) => console.log(error.code));",
];

#[test]
fn programs_end_when_they_want_no_more_input() {
    for code in CONTENT {
        let mut program = Conversation::new("programs_end_when_they_want_no_more_input", code);
        // Some have ended by now.
        let _said = program.child.stdin.as_mut().unwrap().write_all(b"a line\n");
        let (said, ended) = program.ends();
        assert!(said.first().is_some_and(|said| said.starts_with("said")), "{code}: {said:?}");
        assert_eq!(ended, Some(0), "{code}");
    }
}

#[test]
fn d16_input_that_never_ends_ends_at_the_deadline() {
    for reader in READERS {
        let code = format!("const said = (what) => console.log(what);\n{reader}");
        let what = |timeout_ms: u64| json!({ "code": code, "timeout_ms": timeout_ms });
        let program = Conversation::with("d16_input_that_never_ends_ends_at_the_deadline", &what(300));
        assert_eq!(program.ends(), (vec![], Some(TIMED_OUT)), "{reader}");
        let twin = Conversation::with("d16_input_that_never_ends_ends_at_the_deadline", &what(60_000));
        assert_eq!(twin.close(), (vec!["end".to_owned()], Some(0)), "{reader}");
    }
}

/// What a program comes to that is given so much more than it has memory for.
fn flooded(input: Vec<u8>, code: &str) -> SandboxResult {
    let limits =
        ResourceLimits { memory: 48.mb(), input: 128.mb(), timeout: 60.seconds(), ..ResourceLimits::default() };
    let builder = languages::source(Language::JavaScript, code).stdin(input).policy(|policy| policy.limits(limits));
    builder.build_blocking().unwrap().execute([""; 0]).unwrap()
}

const FLOOD: usize = 64 << 20;

#[test]
fn d16_input_that_there_is_no_room_for_is_an_error() {
    let lines = "const lines = require('readline').createInterface(process.stdin);\n";
    for (code, caught) in [
        ("require('fs').readFileSync(0);", false),
        ("try { require('fs').readFileSync('/dev/stdin'); } catch (error) { console.log(error.code); }", true),
        ("let all = ''; process.stdin.on('data', (piece) => { all += piece; });", false),
        ("const all = []; for await (const piece of process.stdin) all.push(piece);", false),
        (&format!("{lines}lines.on('line', () => undefined);"), false),
        (&format!("{lines}(async () => {{ for await (const line of lines); }})();"), false),
    ] {
        let result = flooded(vec![b'x'; FLOOD], code);
        let (said, complained) = (result.stdout.text(), result.stderr.text());
        if caught {
            assert_eq!((result.ending, said.as_ref()), (Ending::Exit { code: 0 }, "ENOMEM\n"), "{complained}");
        } else {
            assert_eq!(result.ending, Ending::Exit { code: 1 }, "{code}: {complained}");
            assert!(
                complained.contains("ENOMEM: not enough memory") || complained.contains("out of memory"),
                "{complained}"
            );
        }
    }
    // The twins: what is read and let go of can be as much as comes.
    let mut input = vec![b'x'; FLOOD];
    input.iter_mut().skip(4_095).step_by(4_096).for_each(|byte| *byte = b'\n');
    for code in [
        "let sum = 0; for await (const piece of process.stdin) sum += piece.length;\nconsole.log(sum);",
        "let sum = 0; process.stdin.on('data', (piece) => { sum += piece.length; }).on('end', () => console.log(sum));",
        "import fs from 'fs';\nlet [sum, length, bytes] = [0, 0, Buffer.alloc(1 << 20)];
while ((length = fs.readSync(0, bytes)) > 0) sum += length;\nconsole.log(sum);",
        "import { createInterface } from 'readline';\nlet sum = 0;
createInterface(process.stdin).on('line', (line) => { sum += line.length + 1; }).on('close', () => console.log(sum));",
        // Whoever is slow is waited for.
        "import { createInterface } from 'readline';\nlet sum = 0;
for await (const line of createInterface(process.stdin)) { sum += line.length + 1; await new Promise(setImmediate); }\nconsole.log(sum);",
    ] {
        let result = flooded(input.clone(), code);
        assert_eq!(result.stdout.text(), format!("{FLOOD}\n"), "{code}: {:?} {}", result.ending, result.stderr.text());
    }
}

fn printed(input: impl Into<Vec<u8>>, code: &str) -> String {
    let builder = languages::source(Language::JavaScript, code).stdin(input.into());
    let result = builder.build_blocking().unwrap().execute([""; 0]).unwrap();
    assert_eq!(result.ending, Ending::Exit { code: 0 }, "{code}: {}", result.stderr.text());
    result.stdout.text().into_owned()
}

#[test]
fn text_is_whole_wherever_it_was_split() {
    let text = format!("a{}", "ü€𝄞\n".repeat(40_000));
    let read = "let text = '', pieces = 0;
for await (const piece of process.stdin.setEncoding('utf8')) { text += piece; pieces++; }
console.log(text === 'a' + 'ü€𝄞\\n'.repeat(40000), pieces > 1);";
    assert_eq!(printed(text.as_bytes(), read), "true true\n");
    let lines = "import { createInterface } from 'readline';\nlet count = 0;
for await (const line of createInterface(process.stdin)) if (line.endsWith('ü€𝄞')) count++;\nconsole.log(count);";
    assert_eq!(printed(text.as_bytes(), lines), "40000\n");
    // Bytes that are no text are told as what Rust takes them for, too, or as they are.
    let garbage: Vec<u8> = (0..=255).rev().chain(0..=255).collect();
    let read =
        "let text = ''; for await (const piece of process.stdin.setEncoding(process.env.KIND ?? 'utf8')) text += piece;
console.log(JSON.stringify(text));";
    let expected = serde_json::to_string(&String::from_utf8_lossy(&garbage)).unwrap();
    let said: String = serde_json::from_str(printed(&garbage[..], read).trim()).unwrap();
    assert_eq!(serde_json::to_string(&said).unwrap(), expected);
    let base64 = read.replace("process.env.KIND ?? 'utf8'", "'base64'");
    let long = vec![0xfb; 200_000];
    let said: String = serde_json::from_str(printed(&long[..], &base64).trim()).unwrap();
    assert!(said.starts_with("+/v7") && said.ends_with("+/s=") && said.len() == 266_668, "{}", said.len());
}

#[test]
fn as_much_is_read_as_is_asked_for() {
    let read = "process.stdin.setEncoding('utf8').on('readable', () => {
    for (let piece; (piece = process.stdin.read(4)) !== null;) console.log(piece);
}).on('end', () => console.log('end'));";
    assert_eq!(printed("one two thr", read), "one \ntwo \nthr\nend\n");
    let some = "const fs = require('fs');\nconst bytes = Buffer.alloc(6, '.');
console.log(fs.readSync(0, bytes, { offset: 1, length: 4 }), `${bytes}`, fs.readSync(0, bytes, 0, 2, null), `${bytes}`, fs.readFileSync(0, 'utf8'));
for (const values of [[3, bytes], [0, bytes, 3, 4], [0, bytes, 0, 1, 0], [0, 'text']]) {
    try { console.log(fs.readSync(...values)); } catch (error) { console.log(error.code); }
}
console.log(fs.readSync(0, bytes), `${bytes}`);";
    let said = "4 .one . 2 twne . o three\nEBADF\nERR_OUT_OF_RANGE\nESPIPE\nERR_INVALID_ARG_TYPE\n0 twne .\n";
    assert_eq!(printed("one two three", some).replace("EISDIR", "EBADF"), said);
}

fn session(input: &str) -> blocking::Session {
    let builder = languages::builder(Language::JavaScript).stdin(input.as_bytes());
    builder.build_blocking().unwrap().session(Language::JavaScript).unwrap()
}

#[test]
fn sessions_read_on_where_they_were() {
    let turn = |session: &mut blocking::Session, code: &str| {
        let result = session.run(code).unwrap();
        assert_eq!(result.ending, Ending::Return, "{code}: {}", result.stderr.text());
        result.value.unwrap_or_default()
    };
    let mut first = session("one\ntwo\nthree\nfour\n");
    turn(&mut first, "const lines = require('readline/promises').createInterface(process.stdin);");
    assert_eq!(turn(&mut first, "await lines.question('')"), "one");
    let mut second = first.fork().unwrap();
    assert_eq!(turn(&mut first, "await lines.question('')"), "two");
    assert_eq!(turn(&mut second, "await lines.question('')"), "two");
    // A turn that fails leaves the input where it was.
    let failed = second.run("lines.question(''); throw new Error('failed')").unwrap();
    assert!(matches!(failed.ending, Ending::Exception { .. }), "{:?}", failed.ending);
    assert_eq!(turn(&mut first, "lines.close(); require('fs').readFileSync(0, 'utf8').length"), 0);
    assert_eq!(
        turn(&mut first, "let rest = ''; for await (const piece of process.stdin) rest += piece; rest"),
        "three\nfour\n"
    );
    assert_eq!(turn(&mut first, "let more = ''; for await (const piece of process.stdin) more += piece; more"), "");
    let mut whole = session("40\n2\n");
    let sum = "require('fs').readFileSync(0, 'utf8').trim().split('\\n').map(Number).reduce((a, b) => a + b, 0)";
    assert_eq!((turn(&mut whole, sum), turn(&mut whole, sum)), (json!(42), json!(0)));
}
