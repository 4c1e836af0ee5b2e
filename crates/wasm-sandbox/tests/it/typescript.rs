//! TypeScript: programs, functions with their types, sessions, imports, and texts that are made to hurt a translator.

use std::fs;

use serde_json::{Value, json};
use wasm_sandbox::{
    ByteUnits, Ending, ErrorCode, Language, ResourceKind, SandboxError, SandboxResult, TimeUnits, WasmSandboxBuilder,
};

use crate::languages;

fn script(text: &str) -> WasmSandboxBuilder {
    languages::source(Language::TypeScript, text)
}

fn run(text: &str) -> SandboxResult {
    languages::run(Language::TypeScript, text)
}

fn printed(text: &str) -> String {
    languages::printed(Language::TypeScript, text)
}

#[test]
fn programs_are_told_by_their_endings() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.ts", "b.mts", "c.cts"] {
        let path = folder.path().join(name);
        fs::write(&path, "enum E { A = 3 }\nconst x: number = E.A;\nconsole.log(x as any, process.argv.slice(2));")
            .unwrap();
        let result = languages::builder(Language::TypeScript).source(path).build_blocking().unwrap().execute(["é"]);
        assert_eq!(result.unwrap().stdout.text(), "3 [ 'é' ]\n", "{name}");
    }
    assert_eq!(printed("export = 1;\nconst fs = require('fs');\nconsole.log(typeof fs.readFileSync);"), "function\n");
    assert_eq!(printed("#!/usr/bin/env ts\nconsole.log(await Promise.resolve<number>(1));"), "1\n");
}

const LIBRARY: &str = "
interface Named { name: string }
interface User extends Named { age?: number; tags: string[] }
type Id = string | number;
/** Adds two numbers. */
export function add(a: number, b: number = 2): number { return a + b; }
export function seen(value: string | null): string { return JSON.stringify([value, arguments.length]); }
export function left(value?: string | null): string { return String(value); }
export async function oldest(users: User[], at?: { year: number }): Promise<User | null> { return users[0] ?? null; }
export function pair(both: [number, boolean], by: Record<string, number>, id: Id): Id { return id; }
export function pick(kind: 'a' | 'b', loud = false): 'a' | 'b' { return kind; }
export const generic = <T,>(value: T): T => value;
export function over(value: string): string;
export function over(value: number): number;
export function over(value: string | number): string | number { return value; }
export function nothing(): void {}
function hidden(x: number) {}
";

#[test]
fn functions_have_the_types_that_are_written_there() {
    let sandbox = script(LIBRARY).build_blocking().unwrap();
    let shown: Vec<_> = sandbox.module().unwrap().functions().unwrap().map(ToString::to_string).collect();
    assert_eq!(
        shown,
        [
            "add(a: f64, b: option<f64>) -> f64",
            "generic(value: T) -> T",
            "left(value: option<string>) -> string",
            "nothing() -> unit",
            "oldest(users: list<User>, at: option<{ year: number }>) -> option<User>",
            "over(value: string | number) -> string | number",
            "pair(both: tuple<f64, bool>, by: map<string, f64>, id: Id) -> Id",
            "pick(kind: string, loud: option<bool>) -> string",
            "seen(value: option<string>) -> string",
        ]
    );
    assert_eq!(sandbox.module().unwrap().function("add").unwrap().doc.as_deref(), Some("Adds two numbers."));
}

#[test]
fn arguments_are_checked_against_their_types() {
    let mut sandbox = script(LIBRARY).build_blocking().unwrap();
    assert_eq!(sandbox.call::<_, f64>("add", (1, 5)).unwrap(), 6.0);
    assert_eq!(sandbox.call::<_, f64>("add", 1).unwrap(), 3.0);
    let users = json!([{"name": "Zoë", "tags": ["a"]}]);
    assert_eq!(sandbox.call::<_, Value>("oldest", (&users,)).unwrap(), users[0]);
    assert_eq!(sandbox.call::<_, Value>("pair", ((1, true), json!({"a": 1}), "x")).unwrap(), json!("x"));
    assert_eq!(sandbox.call::<_, Value>("nothing", ()).unwrap(), Value::Null);
    let mut refused = |function: &str, arguments: Value, why: &str| {
        let arguments: Vec<Value> = serde_json::from_value(arguments).unwrap();
        let error = match &arguments[..] {
            [one] => sandbox.call::<_, Value>(function, (one,)),
            [one, two] => sandbox.call::<_, Value>(function, (one, two)),
            _ => sandbox.call::<_, Value>(function, ()),
        };
        match error.unwrap_err() {
            SandboxError::Signature { detail, .. } => assert!(detail.contains(why), "{detail}"),
            other => panic!("{other}"),
        }
    };
    refused("add", json!(["1"]), "argument `a` is not a f64");
    refused("add", json!([]), "expected 1 to 2 arguments");
    refused("oldest", json!([[{"name": "a"}]]), "lacks the field `tags`");
    refused("oldest", json!([[{"name": 1, "tags": []}]]), "a field `name` that is not a string");
    refused("oldest", json!([[], {"year": "x"}]), "a field `year` that is not a f64");
    refused("pick", json!([1]), "argument `kind` is not a string");
    assert_eq!(sandbox.call::<_, f64>("add", 1).unwrap(), 3.0, "a refused call does not reach the guest");
}

#[test]
fn what_may_be_null_is_null_and_what_may_be_missing_is_undefined() {
    let mut sandbox = script(LIBRARY).build_blocking().unwrap();
    assert_eq!(sandbox.call::<_, String>("seen", (Value::Null,)).unwrap(), "[null,1]");
    assert_eq!(sandbox.call::<_, String>("seen", "a").unwrap(), "[\"a\",1]");
    assert_eq!(sandbox.call::<_, String>("left", ()).unwrap(), "undefined");
}

#[test]
fn sessions_take_typescript() {
    let mut session = languages::session(Language::TypeScript);
    assert_eq!(session.run("interface A { x: number }\nenum E { One = 1 }").unwrap().ending, Ending::Return);
    assert_eq!(session.run("const a: A = { x: E.One + 1 }").unwrap().value, None);
    assert_eq!(session.run("a.x as number").unwrap().value, Some(json!(2)));
    assert_eq!(session.run("{ a: a.x! }").unwrap().value, Some(json!({"a": 2})));
    assert_eq!(session.run("await Promise.resolve<A>(a)").unwrap().value, Some(json!({"x": 2})));
    let failed = session.run("type B = A;\n\n  (null as any).x").unwrap();
    assert!(failed.stderr.text().contains("at <turn 6>:3:"), "{}", failed.stderr.text());
    let wrong = session.run("let y: = 1").unwrap();
    assert!(matches!(&wrong.ending, Ending::Exception { name, .. } if name == "SyntaxError"), "{:?}", wrong.ending);
    session.run("function twice(x: number): number { return 2 * x }\nconst thrice = (x: number) => 3 * x").unwrap();
    assert_eq!(session.call::<_, i64>("twice", 4).unwrap(), 8);
    assert_eq!(session.call::<_, i64>("thrice", 4).unwrap(), 12);
    assert!(
        matches!(session.call::<_, i64>("a", 4).unwrap_err(), SandboxError::Exception { name, .. } if name == "TypeError")
    );
}

#[test]
fn a_prelude_is_in_the_language_of_the_session() {
    let builder = languages::builder(Language::TypeScript).prelude("const unit: string = 'cm' satisfies string;");
    let mut session = builder.build_blocking().unwrap().session(Language::TypeScript).unwrap();
    assert_eq!(session.run("`${3 as number} ${unit}`").unwrap().value, Some(json!("3 cm")));
    let wrong = languages::builder(Language::JavaScript).prelude("const unit: string = 'cm';");
    let error = wrong.build_blocking().unwrap().session(Language::JavaScript).err().expect("no JavaScript");
    match error {
        SandboxError::Compilation { diagnostics, .. } => {
            assert!(diagnostics.starts_with("SyntaxError: "), "{diagnostics}")
        }
        other => panic!("{other}"),
    }
}

#[test]
fn modules_are_imported_from_what_is_granted() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("shape.ts"),
        "export interface Shape { size: number }\nexport const area = (s: Shape): number => s.size ** 2;",
    )
    .unwrap();
    fs::write(folder.path().join("wrong.ts"), "export const a = 1;\nexport const b: number = = 2;").unwrap();
    let text = "import { area, Shape } from '/project/shape';\nconst s: Shape = { size: 3 };\nconsole.log(area(s));";
    let granted = |text| script(text).filesystem_read(folder.path(), "/project").build_blocking().unwrap();
    assert_eq!(granted(text).execute([""; 0]).unwrap().stdout.text(), "9\n");
    let denied = run(text);
    assert_eq!(denied.ending, Ending::Exit { code: 1 });
    assert!(denied.stderr.text().contains("Cannot find module '/project/shape'"), "{}", denied.stderr.text());
    let wrong = granted("import './shape'; import '/project/wrong.ts'").execute([""; 0]).unwrap();
    assert!(wrong.stderr.text().contains("Cannot find module './shape'"), "{}", wrong.stderr.text());
    let wrong = granted("import '/project/wrong.ts'").execute([""; 0]).unwrap();
    assert!(wrong.stderr.text().contains("at /project/wrong.ts:2:26"), "{}", wrong.stderr.text());
    let javascript = languages::source(
        Language::JavaScript,
        "import('/project/shape.ts').then((m) => console.log(m.area({size: 2})))",
    );
    let javascript = javascript.filesystem_read(folder.path(), "/project").build_blocking().unwrap();
    assert_eq!(javascript.execute([""; 0]).unwrap().stdout.text(), "4\n");
}

#[test]
fn a_text_that_is_none_does_not_compile() {
    for (text, told) in [
        ("const a: number = 1;\nconst b: = 2;", "SyntaxError: Unexpected token\n    at TypeScript source:2:10"),
        ("class A {}\n@A class B {}", "SyntaxError: decorators are not supported\n    at TypeScript source:2:1"),
        ("let a = 1;\nlet a: string;", "SyntaxError: Identifier `a` has already been declared"),
        ("const a = <div/>;", "SyntaxError: "),
        ("class A { accessor x = 1 }", "SyntaxError: "),
        ("x: number = 1 +", "SyntaxError: "),
    ] {
        match script(text).build_blocking().unwrap().module().unwrap().function("f").unwrap_err() {
            SandboxError::Compilation { language, diagnostics } => {
                assert_eq!(language, "TypeScript");
                assert!(diagnostics.starts_with(told), "{text}: {diagnostics}");
            }
            other => panic!("{text}: {other}"),
        }
        let result = run(text);
        assert_eq!(result.ending, Ending::Exit { code: 1 }, "{text}");
        assert!(result.stderr.text().starts_with(told), "{text}: {}", result.stderr.text());
    }
}

/// Texts that nest `depth` times, each in a way of its own.
fn nested(depth: usize) -> Vec<String> {
    let within = |open: &str, close: &str| format!("let x = {}1{};", open.repeat(depth), close.repeat(depth));
    let before = |part: &str| format!("let x: any = {}1;", part.repeat(depth));
    let of_type = |open: &str, close: &str| format!("type T = {}1{};", open.repeat(depth), close.repeat(depth));
    vec![
        within("(", ")"),
        within("[", "]"),
        within("{ a: ", "}"),
        within("`${", "}`"),
        within("class { a = ", "}"),
        within("function () { return ", "}"),
        within("<T,>(a: T = ", ") => a"),
        format!("{}{}", "{".repeat(depth), "}".repeat(depth)),
        format!("{}{}", "namespace N {".repeat(depth), "}".repeat(depth)),
        before("() => "),
        before("- "),
        before("<any>"),
        before("1 ? 2 : "),
        format!("let a: any; {}1;", "a = ".repeat(depth)),
        format!("let x = 1{};", " as any".repeat(depth)),
        format!("let a: any; a{};", "?.b!".repeat(depth)),
        format!("if (0) {{}} {}", "else if (0) {} ".repeat(depth)),
        of_type("A<", ">"),
        of_type("A<1, A<", ">, 1>"),
        of_type("[", "]"),
        of_type("{ a: ", "}"),
        of_type("(a: ", ") => 1"),
        of_type("A extends {} ? 1 : ", ""),
        of_type("keyof ", ""),
        of_type("", "[]"),
    ]
}

#[test]
fn b5_what_is_nested_too_deeply_is_refused_before_it_is_parsed() {
    let sandbox = languages::builder(Language::TypeScript).memory_limit(256.mb()).build_blocking().unwrap();
    for text in nested(100) {
        let ended = sandbox.session(Language::TypeScript).unwrap().run(&text).unwrap();
        let name = &text[..40];
        let runtime = matches!(&ended.ending, Ending::Exception { name, .. } if name == "TypeError");
        assert!(ended.ending == Ending::Return || runtime, "{name}: {:?} {}", ended.ending, ended.stderr.text());
    }
    let mut session = sandbox.session(Language::TypeScript).unwrap();
    for text in nested(20_000) {
        match session.run(&text).unwrap().ending {
            Ending::Exception { name, message } => {
                assert_eq!((name.as_str(), message.as_str()), ("SyntaxError", "the code is nested too deeply"))
            }
            other => panic!("{}: {other:?}", &text[..40]),
        }
    }
    assert_eq!(session.run("1 as number").unwrap().value, Some(json!(1)), "the session lives");
}

/// Between what is refused and what everything bears, the engine may find a text too deep; nothing traps.
#[test]
fn no_depth_ends_the_interpreter() {
    let sandbox = languages::builder(Language::TypeScript).memory_limit(512.mb()).build_blocking().unwrap();
    for depth in [300, 1100, 3300] {
        for text in nested(depth) {
            let ended = sandbox.session(Language::TypeScript).unwrap().run(&text).unwrap().ending;
            let fair = matches!(ended, Ending::Return | Ending::Exception { .. });
            assert!(fair, "{depth} of {}: {ended:?}", &text[..40]);
        }
    }
}

#[test]
fn a_program_that_is_deep_itself_may_import() {
    let folder = tempfile::tempdir().unwrap();
    for (number, text) in nested(300).into_iter().enumerate() {
        fs::write(folder.path().join(format!("m{number}.ts")), format!("{text}\nmodule.exports = 1;")).unwrap();
    }
    let count = nested(1).len();
    let text = format!(
        "let found = 0;
        function deeper(name: string, level: number): number {{
            try {{
                return deeper(name, level + 1);
            }} catch (error) {{
                if (error instanceof TypeError || level % 40 !== 0) throw error;
                return require(name);
            }}
        }}
        for (let i = 0; i < {count}; i++) {{
            try {{
                found += deeper(`/project/m${{i}}.ts`, 0);
            }} catch (error) {{
                // The engine itself bears less of some.
                if (`${{error}}`.includes('too deeply')) throw error;
                found++;
            }}
        }}
        console.log(found);"
    );
    let sandbox =
        script(&text).filesystem_read(folder.path(), "/project").memory_limit(512.mb()).build_blocking().unwrap();
    let result = sandbox.execute([""; 0]).unwrap();
    assert_eq!(result.stdout.text(), format!("{count}\n"), "{:?} {}", result.ending, result.stderr.text());
}

#[test]
fn large_files_are_translated_or_end_in_a_limit() {
    let one = "export function f$(a: { x: number, y?: string[] }, b = 1): number { return a.x * b; }\n";
    let large: String = (0..5_000).map(|number| one.replace('$', &number.to_string())).collect();
    let mut sandbox = script(&large).memory_limit(512.mb()).build_blocking().unwrap();
    assert_eq!(sandbox.call::<_, f64>("f4999", (json!({"x": 4}),)).unwrap(), 4.0);
    let small = script(&large).memory_limit(16.mb()).build_blocking().unwrap().execute([""; 0]).unwrap();
    match small.ending {
        Ending::Limit(hit) => assert_eq!(hit.kind, ResourceKind::Memory),
        other => panic!("{other:?} {}", small.stderr.text()),
    }
    let slow = script(&large).memory_limit(512.mb()).timeout(20.millis()).build_blocking().unwrap();
    match slow.execute([""; 0]).unwrap().ending {
        Ending::Limit(hit) => assert_eq!(hit.kind, ResourceKind::WallTime),
        other => panic!("{other:?}"),
    }
    assert_eq!(printed("console.log(1 as number)"), "1\n");
}

/// Types that stand for types that stand for types: what is described stays small.
#[test]
fn types_that_double_are_described_only_so_far() {
    let doubling = (0..200).map(|n| format!("interface T{n} {{ a: T{}; b: T{} }}\n", n + 1, n + 1)).collect::<String>();
    let text = format!(
        "{doubling}interface Loop {{ next?: Loop }}\nexport function f(x: T0): T0 {{ return x; }}\nexport function g(x: Loop) {{ return 1; }}"
    );
    let mut sandbox = script(&text).build_blocking().unwrap();
    assert_eq!(sandbox.module().unwrap().function("f").unwrap().to_string(), "f(x: T0) -> T0");
    assert_eq!(sandbox.call::<_, i64>("g", (json!({"next": {"next": {}}}),)).unwrap(), 1);
    assert_eq!(sandbox.call::<_, Value>("g", 1).unwrap_err().code(), ErrorCode::Signature);
}
