//! `import` and `export` in turns of JavaScript and TypeScript: where errors are, what can be reached, and texts that are made to
//! hurt the parser. What they mean is in `tests/programs/sessions`.

use std::{fs, os::unix::fs::symlink};

use serde_json::json;
use wasm_sandbox::{
    ByteUnits, Ending, Language, ResourceKind, SandboxResult, TimeUnits, WasmSandboxBuilder, blocking::Session,
};

use crate::languages;

const BOTH: [Language; 2] = [Language::JavaScript, Language::TypeScript];

fn session(builder: WasmSandboxBuilder, language: Language) -> Session {
    builder.build_blocking().unwrap().session(language).unwrap()
}

fn exception(result: &SandboxResult) -> (&str, &str) {
    match &result.ending {
        Ending::Exception { name, message } => (name, message),
        other => panic!("{other:?} {}", result.stderr.text()),
    }
}

#[test]
fn errors_have_the_places_of_the_turn() {
    for language in BOTH {
        let mut session = languages::session(language);
        let acts = [
            ("import {\n  join,\n  // sep,\n} from 'path'; null.x;\njoin()", ":4:"),
            ("import fs from 'fs'; import * as p from 'path'\n\n  fs.readFileSync('/gone')", ":3:"),
            ("export const a =\n  1;\nexport default (() => { throw new Error(a) })()", ":3:"),
            ("\nimport fs from 'fs';\nconst b = fs.;", ":3:14"),
            ("\nimport { from 'fs'", ":2:"),
        ];
        for (number, (text, place)) in acts.into_iter().enumerate() {
            let failed = session.run(text).unwrap();
            exception(&failed);
            let place = format!("<turn {}>{place}", number + 1);
            assert!(failed.stderr.text().contains(&place), "{text}: no {place} in {}", failed.stderr.text());
        }
    }
    let mut session = languages::session(Language::JavaScript);
    let failed = session.run("1;\nimport {\n  nothing } from 'fs'").unwrap();
    assert_eq!(exception(&failed), ("SyntaxError", "The module 'fs' has no export named 'nothing'"));
    assert!(failed.stderr.text().contains("at <turn 1>:3:"), "{}", failed.stderr.text());
    let said = |text: &str| languages::session(Language::JavaScript).run(text).unwrap().stderr.text().into_owned();
    let import = "import { join } from 'path';";
    assert_eq!(said(&format!("{import} null.x")), said(&format!("{:28} null.x", ";")), "columns stay");
}

#[test]
fn turns_import_files_of_granted_folders_only() {
    // Not below `/tmp`, which sandboxes have one of their own of.
    let other = tempfile::tempdir_in("/var/tmp").unwrap();
    let granted = tempfile::tempdir().unwrap();
    fs::write(granted.path().join("double.js"), "export const double = (x) => 2 * x;").unwrap();
    fs::write(granted.path().join("shape.ts"), "export const area = (size: number): number => size ** 2;").unwrap();
    fs::write(other.path().join("secret.js"), "export const double = 'secret-7d';").unwrap();
    symlink(other.path().join("secret.js"), granted.path().join("linked.js")).unwrap();
    let outside = other.path().join("secret.js").to_str().unwrap().to_owned();
    for language in BOTH {
        let builder = || languages::builder(language).filesystem_read(granted.path(), "/project");
        let mut inside = session(builder(), language);
        let works = inside
            .run("import { double } from './double.js';\nimport { area } from '/project/shape';\n[double(4), area(3)]");
        assert_eq!(works.unwrap().value, Some(json!([8, 9])));
        for name in
            [&outside, &format!("file://{outside}"), "../../etc/passwd", "/etc/passwd", "./linked.js", "./../linked.js"]
        {
            let failed = inside.run(&format!("import * as taken from {name:?}; taken")).unwrap();
            assert_eq!(exception(&failed).0, "Error", "{name}");
            assert!(!failed.stdout.text().contains("secret-7d"), "{name}");
            let denied = failed.denials.first().map(|denial| denial.capability.as_str());
            assert_eq!(denied, Some("filesystem.read"), "{name}: {failed:?}");
        }
        assert_eq!(inside.run("double(5)").unwrap().value, Some(json!(10)), "the session lives");
        let widened = builder().filesystem_read(other.path(), outside.rsplit_once('/').unwrap().0);
        let taken = session(widened, language).run(&format!("import {{ double as taken }} from {outside:?}; taken"));
        assert_eq!(taken.unwrap().value, Some(json!("secret-7d")), "what is granted is there");
        let failed = languages::session(language).run("import { double } from '/project/double.js'").unwrap();
        assert_eq!(failed.denials[0].capability, "filesystem.read");
    }
}

#[test]
fn what_a_module_does_is_bounded_as_a_turn_is() {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("endless.mjs", "export const a = 1; for (;;);"),
        ("never.mjs", "export const a = 1; await new Promise(() => {});"),
        ("deep.mjs", "export const a = (function f() { return f() })();"),
        ("timer.mjs", "export const timer = setInterval(() => {}, 20_000); export const a = 1;"),
        ("waits.mjs", "export const a = await new Promise((done) => setTimeout(done, 5, 1));"),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let open = || {
        let builder = languages::builder(Language::JavaScript).filesystem_read(folder.path(), "/project");
        session(builder.timeout(2.seconds()), Language::JavaScript)
    };
    let mut session = open();
    assert_eq!(exception(&session.run("import { a } from './never.mjs'").unwrap()).0, "Error");
    assert_eq!(exception(&session.run("import { a } from './deep.mjs'").unwrap()).0, "RangeError");
    assert_eq!(session.run("import { a } from './waits.mjs'; a").unwrap().value, Some(json!(1)));
    let cleared = session.run("import { a as b, timer } from './timer.mjs'; clearInterval(timer); b").unwrap();
    assert_eq!(cleared.value, Some(json!(1)), "a turn begins as soon as its imports are there: {:?}", cleared.ending);
    match session.run("import { a } from './endless.mjs'").unwrap().ending {
        Ending::Limit(hit) => assert_eq!(hit.kind, ResourceKind::WallTime),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_a_program_does_to_the_global_object_stays_its_own_affair() {
    let mut session = languages::session(Language::JavaScript);
    for text in [
        "Object.defineProperty(globalThis, 'join', { set() { throw new RangeError('own') }, get: () => 1, configurable: true })\nimport { join } from 'path'",
        "Object.prototype.then = function (done) { done({ sep: 'wrong' }) }",
        "import { sep } from 'path'; delete Object.prototype.then; sep",
        "Object.freeze(globalThis); import { dirname } from 'path'; dirname('/a/b')",
    ] {
        let ended = session.run(text).unwrap().ending;
        assert!(matches!(ended, Ending::Return | Ending::Exception { .. }), "{text}: {ended:?}");
    }
    assert_eq!(session.run("1 + 1").unwrap().value, Some(json!(2)));
}

/// Texts that nest `depth` times, each in a way of its own.
fn nested(depth: usize) -> Vec<String> {
    let around = |open: &str, close: &str| format!("let x = {}1{};", open.repeat(depth), close.repeat(depth));
    vec![
        around("(", ")"),
        around("[", "]"),
        around("{ a: ", "}"),
        around("`${", "}`"),
        around("class { a = ", "}"),
        around("function () { return ", "}"),
        around("- ", ""),
        around("() => ", ""),
        around("1 ? 2 : ", ""),
        around("a = ", ""),
        around("a ** ", ""),
        around("new ", ""),
        format!("{}{}", "{".repeat(depth), "}".repeat(depth)),
        format!("{};", "if (0) ; else ".repeat(depth)),
        format!("let a; a{};", "?.b".repeat(depth)),
        format!("{};", "a:".repeat(depth)),
    ]
}

#[test]
fn b5_what_is_nested_too_deeply_is_no_trap_where_it_imports() {
    let sandbox = languages::builder(Language::JavaScript).memory_limit(512.mb()).build_blocking().unwrap();
    for depth in [50, 300, 1100, 3300, 20_000] {
        let mut session = sandbox.session(Language::JavaScript).unwrap();
        for text in nested(depth) {
            let name = &text[..30];
            let ended = session.run(&format!("import 'path';\n{text}")).unwrap().ending;
            let fair = matches!(ended, Ending::Return | Ending::Exception { .. });
            assert!(fair, "{depth} of {name}: {ended:?}");
            assert!(
                depth > 50 || !matches!(&ended, Ending::Exception { message, .. } if message.contains("deep")),
                "{name}"
            );
        }
        assert_eq!(session.run("1 + 1").unwrap().value, Some(json!(2)), "the session lives");
    }
    let mut session = sandbox.session(Language::JavaScript).unwrap();
    let text = format!("import 'path';\nlet x = {}1{};", "[".repeat(20_000), "]".repeat(20_000));
    let refused = session.run(&text).unwrap();
    assert_eq!(exception(&refused), ("SyntaxError", "the code is nested too deeply"));
}

#[test]
fn large_turns_that_import_work_or_end_in_a_limit() {
    let mut large = "import { basename } from 'path';\n".to_owned();
    large.extend((0..5_000).map(|number| format!("export function f{number}(a, b = 1) {{ return a.x * b; }}\n")));
    large += "basename('/a/b') + f4999({ x: 4 })";
    let open = |builder: WasmSandboxBuilder| session(builder, Language::JavaScript);
    let builder = || languages::builder(Language::JavaScript);
    assert_eq!(open(builder()).run(&large).unwrap().value, Some(json!("b4")));
    match open(builder().memory_limit(12.mb())).run(&large).unwrap().ending {
        Ending::Limit(hit) => assert_eq!(hit.kind, ResourceKind::Memory),
        other => panic!("{other:?}"),
    }
    let many: String = (0..20_000).map(|number| format!("import {{ sep as s{number} }} from 'path';\n")).collect();
    match open(builder().timeout(50.millis())).run(&many).unwrap().ending {
        Ending::Limit(hit) => assert_eq!(hit.kind, ResourceKind::WallTime),
        other => panic!("{other:?}"),
    }
}
