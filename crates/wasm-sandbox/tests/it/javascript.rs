//! JavaScript: programs, functions, sessions, and what a hostile script gets to see.

use std::{fs, path::Path, time::Duration};

use serde_json::{Value, json};
use wasm_sandbox::{
    Ending, ErrorCode, Language, ResourceKind, SandboxError, SandboxResult, Setup, TimeUnits, WasmSandboxBuilder,
    blocking,
};

use crate::languages;

fn builder() -> WasmSandboxBuilder {
    languages::builder(Language::JavaScript)
}

fn script(text: &str) -> WasmSandboxBuilder {
    languages::source(Language::JavaScript, text)
}

fn run(text: &str) -> SandboxResult {
    languages::run(Language::JavaScript, text)
}

fn printed(text: &str) -> String {
    languages::printed(Language::JavaScript, text)
}

fn session() -> blocking::Session {
    languages::session(Language::JavaScript)
}

#[test]
fn programs_run_as_they_do_elsewhere() {
    let text = "import fs from 'fs';\nconsole.log(process.argv.slice(2));\nprocess.stdout.write(fs.readFileSync(0, 'utf8').toUpperCase());\nconsole.error('oops');\nprocess.exit(3);";
    let result = script(text).stdin(*b"input").build_blocking().unwrap().execute(["a", "b c"]).unwrap();
    assert_eq!(result.ending, Ending::Exit { code: 3 });
    assert_eq!(result.stdout.text(), "[ 'a', 'b c' ]\nINPUT");
    assert_eq!(result.stderr.text(), "oops\n");
    assert_eq!(printed("setTimeout(() => console.log('later'), 5); console.log('now')"), "now\nlater\n");
    assert_eq!(printed("console.log(await Promise.all([1, Promise.resolve(2)]))"), "[ 1, 2 ]\n");
}

#[test]
fn errors_show_the_script_and_its_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrong.js");
    fs::write(&path, "function inner(x) {\n    throw new TypeError(`no ${x}`);\n}\n\ninner(1);\n").unwrap();
    let result = builder().source(path).build_blocking().unwrap().execute([""; 0]).unwrap();
    assert_eq!(result.ending, Ending::Exit { code: 1 });
    let said = result.stderr.text();
    assert!(said.starts_with("TypeError: ") && said.contains("wrong.js:2"), "{said}");
    assert!(result.denials.is_empty(), "{:?}", result.denials);
    let result = run("let = ;");
    assert_eq!(result.ending, Ending::Exit { code: 1 });
    assert!(result.stderr.text().starts_with("SyntaxError: "), "{}", result.stderr.text());
}

const LIBRARY: &str = "
/** The arithmetic mean. */
export function mean(values) { return values.reduce((a, b) => a + b, 0) / values.length; }
export function greet(name, loud = false) { return `hello, ${name}${loud ? '!' : ''}`; }
export async function later(x) { await new Promise((done) => setTimeout(done, 5)); return { x }; }
export const fails = () => { throw new RangeError('no'); };
let calls = 0;
export const counted = () => ++calls;
";

#[test]
fn functions_take_and_give_values() {
    let mut sandbox = script(LIBRARY).build_blocking().unwrap();
    assert_eq!(sandbox.call::<_, f64>("mean", (vec![1.0, 2.0, 6.0],)).unwrap(), 3.0);
    assert_eq!(sandbox.call::<_, String>("greet", "Zoë").unwrap(), "hello, Zoë");
    assert_eq!(sandbox.call::<_, String>("greet", ("Zoë", true)).unwrap(), "hello, Zoë!");
    assert_eq!(sandbox.call::<_, Value>("later", (json!([1, {"a": null}]),)).unwrap(), json!({"x": [1, {"a": null}]}));
    assert_eq!(sandbox.call::<_, i64>("counted", ()).unwrap(), 1);
    assert_eq!(sandbox.call::<_, i64>("counted", ()).unwrap(), 2, "state stays from call to call");
    match sandbox.call::<_, Value>("fails", ()).unwrap_err() {
        SandboxError::Exception { name, message, .. } => {
            assert_eq!((name.as_str(), message.as_str()), ("RangeError", "no"))
        }
        other => panic!("{other}"),
    }
    assert_eq!(sandbox.call::<_, Value>("gone", ()).unwrap_err().code(), ErrorCode::FunctionNotFound);
    assert_eq!(sandbox.call::<_, Value>("mean", ()).unwrap_err().code(), ErrorCode::Signature);
    assert_eq!(sandbox.module().unwrap().function("mean").unwrap().doc.as_deref(), Some("The arithmetic mean."));
    let shown = sandbox.module().unwrap().function("greet").unwrap().to_string();
    assert_eq!(shown, "greet(name: any, loud: option<any>) -> any");
}

#[test]
fn sessions_keep_what_turns_define() {
    let mut session = session();
    assert_eq!(session.run("const x = 20; let y = 1").unwrap().value, None);
    let result = session.run("console.log('turn'); x + y").unwrap();
    assert_eq!((result.value, result.stdout.text().as_ref()), (Some(json!(21)), "turn\n21\n"));
    let failed = session.run("x.y.z").unwrap();
    assert!(matches!(&failed.ending, Ending::Exception { name, .. } if name == "TypeError"), "{:?}", failed.ending);
    assert!(failed.stderr.text().starts_with("TypeError: "), "{}", failed.stderr.text());
    let denied = session.run("require('fs').readFileSync('/etc/passwd')").unwrap();
    assert_eq!((denied.denials[0].target.as_str(), session.ended()), ("/etc/passwd", false));
    session.run("function add(a, b) { return a + b + x }").unwrap();
    assert_eq!(session.run("add(1, await Promise.resolve(2))").unwrap().value, Some(json!(23)));
    assert_eq!(session.run("process.exit(4)").unwrap().ending, Ending::Exit { code: 4 });
    assert_eq!(session.run("1").unwrap_err().code(), ErrorCode::Ended);
}

#[test]
fn nothing_of_the_host_is_there() {
    let result = run(
        "import fs from 'fs';\nconsole.log({...process.env}, process.cwd(), fs.readdirSync('/'));\nfs.readFileSync('/etc/passwd')",
    );
    assert_eq!(result.stdout.text(), "{} /tmp [ 'tmp' ]\n");
    assert_eq!(
        (result.denials[0].target.as_str(), result.denials[0].capability.as_str()),
        ("/etc/passwd", "filesystem.read")
    );
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("helper.js"), "export const double = (x) => 2 * x;").unwrap();
    let text = "import { double } from '/project/helper.js';\nconsole.log(double(4), process.env.KEY);";
    let granted = script(text).filesystem_read(folder.path(), "/project").env("KEY", "value").build_blocking().unwrap();
    assert_eq!(granted.execute([""; 0]).unwrap().stdout.text(), "8 value\n");
    assert_eq!(run(text).ending, Ending::Exit { code: 1 });
}

#[test]
fn g4_random_numbers_differ_between_instances() {
    let text = "console.log(Math.random(), crypto.randomUUID(), crypto.getRandomValues(new Uint32Array(2)).join())";
    let (first, second) = (printed(text), printed(text));
    for (one, other) in first.split_whitespace().zip(second.split_whitespace()) {
        assert_ne!(one, other);
    }
}

#[test]
fn loops_and_bombs_end() {
    let stopped = |text: &str| {
        let sandbox = script(text).timeout(300.millis()).build_blocking().unwrap();
        let started = std::time::Instant::now();
        let result = sandbox.execute([""; 0]).unwrap();
        assert!(started.elapsed() < Duration::from_secs(3), "{text}: {:?}", started.elapsed());
        match result.ending {
            Ending::Limit(hit) => hit.kind,
            other => panic!("{text}: {other:?} {}", result.stderr.text()),
        }
    };
    for text in
        ["while (true);", "/(a+)+$/.test('a'.repeat(40) + 'b')", "await new Promise((done) => setTimeout(done, 60000))"]
    {
        assert_eq!(stopped(text), ResourceKind::WallTime, "{text}");
    }
    for text in [
        "const f = () => f(); f()",
        "JSON.parse('['.repeat(100000))",
        "let x = []; for (let i = 0; i < 100000; i++) x = [x]; JSON.stringify(x)",
        "const all = []; while (true) all.push(new Uint8Array(1 << 20))",
        "new RegExp('('.repeat(100000))",
    ] {
        let result = run(text);
        assert_eq!(result.ending, Ending::Exit { code: 1 }, "{text}: {}", result.stderr.text());
    }
    assert_eq!(printed("console.log(1)"), "1\n");
}

#[test]
fn h10_nothing_is_left_for_the_next_instance() {
    for _ in 0..50 {
        assert_eq!(
            printed(
                "globalThis.left = 'secret-5f'; const a = new Array(20000).fill('secret-5f'); console.log(a.length)"
            ),
            "20000\n"
        );
        assert_eq!(printed("console.log(typeof left)"), "undefined\n");
    }
}

/// Images of a cache, without their names.
fn images(cache: &Path) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(cache.join("images")).unwrap().map(|entry| entry.unwrap().path());
    let images = entries.filter(|path| path.extension().is_some_and(|ending| ending == "large"));
    let mut images: Vec<Vec<u8>> = images.map(|path| fs::read(path).unwrap()).collect();
    images.retain(|bytes| !bytes.starts_with(b"\x7fELF"));
    images.sort();
    images
}

#[test]
fn h12_an_image_holds_nothing_random_and_nothing_of_the_host() {
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for folder in [&one, &other] {
        Setup::default().cache_dir(folder.path()).install_javascript().unwrap();
    }
    let (one_images, other_images) = (images(one.path()), images(other.path()));
    assert_eq!(one_images.len(), 2, "what the interpreter begins with, and what it is once started");
    assert!(one_images == other_images, "two starts at two times in two places are the same");
    let place = one.path().to_str().unwrap().as_bytes();
    assert!(!one_images.iter().any(|image| image.windows(place.len()).any(|window| window == place)));
}

/// Programs with what they print and come to beside them: what the interpreter's own sources promise.
#[test]
fn every_case_of_the_guest_prints_what_it_should() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guests/javascript/cases");
    let mut wrong = Vec::new();
    let mut count = 0;
    for entry in fs::read_dir(&cases).unwrap() {
        let path = entry.unwrap().path();
        // There are no tools yet.
        if path.extension().is_none_or(|ending| ending != "js" && ending != "ts") || path.ends_with("tools.js") {
            continue;
        }
        count += 1;
        let expected = fs::read_to_string(path.with_extension("out")).unwrap();
        let (printed, answer) = expected.split_once("--- answer\n").unwrap();
        let (printed, complained) = printed.split_once("--- stderr\n").unwrap_or((printed, ""));
        let sandbox = builder()
            .source(path.clone())
            .policy(|policy| policy.filesystem_memory("/work"))
            .filesystem_read(cases.join("lib"), "/lib")
            .env("GREETING", "hi")
            .stdin(*b"40\n2\n")
            .timeout(20.seconds())
            .build_blocking()
            .unwrap();
        let result = sandbox.execute(["one", "two words"]).unwrap();
        let ending = match serde_json::from_str::<Value>(answer).unwrap() {
            answer if answer.get("exit").is_some() => {
                Ending::Exit { code: i32::try_from(answer["exit"].as_i64().unwrap()).unwrap() }
            }
            answer if answer.get("error").is_some() => {
                let error = &answer["error"];
                let (name, message) = (error["name"].as_str().unwrap(), error["message"].as_str().unwrap());
                let told = format!("{name}: {message}\n{}", error["stack"].as_str().unwrap());
                if !result.stderr.text().contains(told.trim_end()) {
                    wrong.push(format!("{}: no `{told}` in {}", path.display(), result.stderr.text()));
                }
                Ending::Exit { code: 1 }
            }
            _ => Ending::Exit { code: 0 },
        };
        let hostile = path.file_name().unwrap().to_string_lossy().starts_with("hostile_");
        if hostile {
            // Which error comes first depends on how deep and how large the host lets it grow.
            let bounded = matches!(&result.ending, Ending::Limit(hit) if hit.kind == ResourceKind::Memory);
            let caught = result.stdout.text().ends_with("alive\n") && result.ending == ending;
            let told = result.ending == Ending::Exit { code: 1 } && !result.stderr.is_empty();
            if !bounded && !caught && !told {
                wrong.push(format!("{}: {:?} {}", path.display(), result.ending, result.stderr.text()));
            }
        } else if result.stdout.text() != printed
            || !result.stderr.text().contains(complained)
            || result.ending != ending
        {
            let (out, err) = (result.stdout.text(), result.stderr.text());
            wrong.push(format!(
                "{}\n--- expected\n{printed}{ending:?}\n--- printed\n{out}{:?}\n{err}",
                path.display(),
                result.ending
            ));
        }
    }
    assert!(count >= 60, "{count} cases");
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}
