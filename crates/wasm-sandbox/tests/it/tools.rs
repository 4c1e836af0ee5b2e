//! Tools of the caller's, as programs in Python and JavaScript use them.

mod attacks;
mod endings;
mod stubs;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wasm_sandbox::{
    Ending, ErrorCode, Language, SandboxResult, Tool, ToolError, ToolOutcome, WasmSandbox, WasmSandboxBuilder,
    schemars::{self, JsonSchema},
};

use crate::{languages, wat};

#[derive(Deserialize, JsonSchema)]
struct Search {
    /// What to look for.
    query: String,
    #[serde(default)]
    limit: Option<u32>,
}

#[derive(Serialize)]
struct Hit {
    title: String,
}

/// A tool that answers at once.
fn search() -> Tool {
    Tool::new("search", "Finds titles.", |search: Search| {
        let count = search.limit.unwrap_or(1);
        Ok((0..count).map(|at| Hit { title: format!("{} {at}", search.query) }).collect::<Vec<_>>())
    })
}

/// A tool whose calls overlap, and how many were under way at most.
fn slow() -> (Tool, Arc<AtomicUsize>) {
    #[derive(Deserialize, JsonSchema)]
    struct Wait {
        ms: u64,
    }
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = Arc::clone(&most);
    let tool = Tool::new_async("slow", "Answers later.", move |Wait { ms }: Wait| {
        let (now, most) = (Arc::clone(&now), Arc::clone(&most));
        async move {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(ms)).await;
            now.fetch_sub(1, Ordering::SeqCst);
            Ok(ms)
        }
    });
    (tool, seen)
}

fn builder(language: Language, code: &str) -> WasmSandboxBuilder {
    languages::source(language, code).tool(search())
}

fn execute(builder: WasmSandboxBuilder) -> SandboxResult {
    builder.build_blocking().unwrap().execute([""; 0]).unwrap()
}

fn outcomes(result: &SandboxResult) -> Vec<(&str, ToolOutcome)> {
    result.tool_calls.iter().map(|call| (call.name.as_str(), call.outcome)).collect()
}

#[test]
fn programs_call_tools_and_get_values() {
    let python = "from host import tools\nhits = tools.search(query='x', limit=2)\nprint([hit['title'] for hit in hits])\nprint(tools.search('y'), tools.search({'query': 'z'}))\nprint(dir(tools), tools.search.__doc__, tools.search.schema['required'])";
    let result = execute(builder(Language::Python, python));
    let printed = "['x 0', 'x 1']\n[{'title': 'y 0'}] [{'title': 'z 0'}]\n['search'] Finds titles. ['query']\n";
    assert_eq!(result.stdout.text(), printed, "{}", result.stderr.text());
    assert_eq!(outcomes(&result), [("search", ToolOutcome::Ok); 3]);
    let first = &result.tool_calls[0];
    assert_eq!(first.result_bytes, r#"{"ok":[{"title":"x 0"},{"title":"x 1"}]}"#.len() as u64);
    assert!(first.argument_bytes > 20 && first.duration_us > 0 && first.message.is_none(), "{first:?}");
    let javascript = "const hits = await tools.search({query: 'x', limit: 2});\nconsole.log(hits.map((hit) => hit.title));\nconsole.log(await tools.search('y'));";
    let result = execute(builder(Language::JavaScript, javascript));
    assert_eq!(result.stdout.text(), "[ 'x 0', 'x 1' ]\n[ { title: 'y 0' } ]\n", "{}", result.stderr.text());
    assert_eq!(outcomes(&result), [("search", ToolOutcome::Ok); 2]);
}

#[test]
fn calls_overlap() {
    let python = "import asyncio\nfrom host import tools\nasync def main():\n    print(sum(await asyncio.gather(*(tools.slow(ms=50) for _ in range(8)))))\nasyncio.run(main())";
    let javascript = "const all = await Promise.all(Array.from({length: 8}, () => tools.slow({ms: 50})));\nconsole.log(all.reduce((a, b) => a + b));";
    for (language, code) in [(Language::Python, python), (Language::JavaScript, javascript)] {
        let (tool, most) = slow();
        let result = execute(languages::source(language, code).tool(tool));
        assert_eq!(result.stdout.text(), "400\n", "{}", result.stderr.text());
        assert!(most.load(Ordering::SeqCst) > 1, "{language:?}: {most:?} at a time");
        assert_eq!(outcomes(&result), [("slow", ToolOutcome::Ok); 8]);
    }
}

#[test]
fn a_tool_nobody_can_call_is_an_error() {
    let library = r#"(module (func (export "one") (result i32) i32.const 1))"#;
    let closed = || WasmSandbox::builder().setup(wasm_sandbox::Setup::default());
    let error = closed().source(wat(library)).tool(search()).build_blocking().err().unwrap();
    assert_eq!(error.code(), ErrorCode::Configuration);
    assert!(error.to_string().contains("tools are for programs in Python and JavaScript"), "{error}");
    let module = closed().build_blocking().unwrap().load_module(wat(library)).unwrap();
    let other = closed().tool(search()).build_blocking().unwrap();
    let error = other.create_instance(&module, Default::default()).err().unwrap();
    assert_eq!(error.code(), ErrorCode::Configuration);
    assert_eq!(closed().source(wat(library)).build_blocking().unwrap().call::<_, i32>("one", ()).unwrap(), 1);
    let ill = [
        Tool::with_schema("se arch", "", json!({"type": "object"}), Ok),
        Tool::with_schema("list", "", json!({"type": "array"}), Ok),
        Tool::with_schema("far", "", json!({"type": "object", "$ref": "https://example.com/schema"}), Ok),
        Tool::with_schema("pattern", "", json!({"type": "object", "properties": {"a": {"pattern": "("}}}), Ok),
    ];
    for tool in ill {
        let error = closed().tool(tool).build_blocking().err().unwrap();
        assert_eq!(error.code(), ErrorCode::Configuration, "{error}");
    }
    assert!(closed().tool(search()).tool(search()).build_blocking().is_err(), "two of one name");
    assert!(closed().tool_gate(|_| Ok(())).build_blocking().is_err(), "a gate with nothing behind it");
}

#[test]
fn each_turn_has_its_own_records() {
    for (language, code) in [
        (Language::Python, "from host import tools\ntools.search(query='q')[0]['title']"),
        (Language::JavaScript, "(await tools.search({query: 'q'}))[0].title"),
    ] {
        let sandbox = languages::builder(language).tool(search()).build_blocking().unwrap();
        let mut session = sandbox.session(language).unwrap();
        for _ in 0..2 {
            let turn = session.run(code).unwrap();
            assert_eq!(turn.value, Some(json!("q 0")), "{}", turn.stderr.text());
            assert_eq!(outcomes(&turn), [("search", ToolOutcome::Ok)]);
        }
        assert!(session.run("1 + 1").unwrap().tool_calls.is_empty());
    }
}

#[tokio::test]
async fn tools_run_in_the_callers_executor() {
    for (language, code) in [
        (
            Language::Python,
            "import asyncio\nfrom host import tools\nasync def twice(ms: int) -> int:\n    return sum(await asyncio.gather(tools.slow(ms=ms), tools.slow(ms=ms)))\ndef once(ms: int) -> int:\n    return tools.slow(ms=ms)",
        ),
        (
            Language::JavaScript,
            "export async function twice(ms) { return (await Promise.all([tools.slow({ms}), tools.slow({ms})])).reduce((a, b) => a + b) }\nexport const once = (ms) => tools.slow({ms});",
        ),
    ] {
        let (tool, _) = slow();
        languages::setup(language);
        let mut sandbox = languages::source(language, code).tool(tool).build().await.unwrap();
        assert_eq!(sandbox.call::<_, u64>("twice", 5).await.unwrap(), 10);
        assert_eq!(outcomes(&sandbox.take_report()), [("slow", ToolOutcome::Ok); 2]);
        assert_eq!(sandbox.call::<_, u64>("once", 5).await.unwrap(), 5);
    }
}

#[test]
fn errors_become_exceptions() {
    let fails = || Tool::new("fails", "", |()| -> Result<(), ToolError> { Err(ToolError::told("no such index")) });
    let python = "from host import tools, ToolError, ToolNotFound, ToolArguments\nfor call in (lambda: tools.fails(), lambda: tools.serch(), lambda: tools.search(qury='x')):\n    try:\n        call()\n    except ToolError as error:\n        print(type(error).__name__, error)\ntools.fails()";
    let result = execute(builder(Language::Python, python).tool(fails()));
    let said = result.stdout.text();
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "ToolError the tool `fails` failed: no such index");
    assert_eq!(lines[1], "ToolNotFound there is no tool `serch`: fails, search");
    assert!(lines[2].starts_with("ToolArguments the arguments of `search` do not fit: "), "{said}");
    assert_eq!(result.ending, Ending::Exit { code: 1 });
    assert!(
        result.stderr.text().contains("ToolError: the tool `fails` failed: no such index"),
        "{}",
        result.stderr.text()
    );
    let javascript = "for (const call of [() => tools.fails(), () => tools.serch(), () => tools.search({qury: 'x'})]) {\n  try { await call() } catch (e) { console.log(e.name, e instanceof Error) }\n}";
    let result = execute(builder(Language::JavaScript, javascript).tool(fails()));
    assert_eq!(result.stdout.text(), "ToolError true\nToolNotFound true\nToolArguments true\n");
    use ToolOutcome::{Failed, Invalid, Unknown};
    assert_eq!(outcomes(&result), [("fails", Failed), ("serch", Unknown), ("search", Invalid)]);
    assert_eq!(result.denials[0].to_string(), "call `serch` needs the capability `tools`: there is no such tool");
}

#[test]
fn arguments_are_checked_and_values_are_whole() {
    let echo = Tool::with_schema("echo", "", json!({"type": "object"}), Ok);
    let value: Value = json!({"list": [1, 2.5, null, true], "text": "é\u{1f600}\n", "deep": {"a": {"b": []}}});
    let python = format!(
        "import json\nfrom host import tools\nvalue = json.loads({:?})\nassert tools.echo(value) == value == tools.echo(**value)\nprint('same')",
        value.to_string()
    );
    let result = execute(languages::source(Language::Python, &python).tool(echo.clone()));
    assert_eq!(result.stdout.text(), "same\n", "{}", result.stderr.text());
    let javascript = format!(
        "const value = {value};\nconsole.log(JSON.stringify(await tools.echo(value)) === JSON.stringify(value) || await tools.echo(value));"
    );
    let result = execute(languages::source(Language::JavaScript, &javascript).tool(echo));
    assert!(result.success, "{}", result.stderr.text());
}

/// Forks and resumed sessions have the tools of the sandbox that they are in.
#[test]
fn sessions_that_go_on_elsewhere_have_tools() {
    for (language, begin, code) in [
        (Language::Python, "from host import tools\nask = lambda: tools.search(query='q')[0]['title']", "ask()"),
        (Language::JavaScript, "const ask = async () => (await tools.search({query: 'q'}))[0].title; 0", "await ask()"),
    ] {
        let setup = languages::setup(language).snapshot_key([7; 32]);
        let sandbox = languages::builder(language).setup(setup.clone()).tool(search()).build_blocking().unwrap();
        let mut session = sandbox.session(language).unwrap();
        session.run(begin).unwrap();
        session.run(code).unwrap();
        let mut fork = session.fork().unwrap();
        let bytes = session.suspend().unwrap();
        let mut resumed = sandbox.resume(&bytes).unwrap();
        for session in [&mut fork, &mut resumed] {
            let turn = session.run(code).unwrap();
            assert_eq!(turn.value, Some(json!("q 0")), "{}", turn.stderr.text());
            assert_eq!(outcomes(&turn), [("search", ToolOutcome::Ok)]);
        }
        let other = Tool::new("search", "", |_: Search| Ok(vec![Hit { title: "another".to_owned() }]));
        let other = languages::builder(language).setup(setup).tool(other).build_blocking().unwrap();
        assert_eq!(other.resume(&bytes).unwrap().run(code).unwrap().value, Some(json!("another")));
    }
}

/// The guide's programs run.
#[test]
fn the_guide_is_true() {
    let guide = include_str!("../../../../docs/guide/tools.md");
    let blocks = |language: &str| -> Vec<&str> {
        guide.split(&format!("```{language}\n")).skip(1).filter_map(|block| block.split("```").next()).collect()
    };
    for (language, name) in [(Language::Python, "python"), (Language::JavaScript, "js")] {
        assert!(!blocks(name).is_empty());
        for block in blocks(name) {
            let result = execute(builder(language, block));
            assert!(result.success && result.tool_calls.len() > 1, "{}", result.stderr.text());
            assert!(result.tool_calls.iter().all(|call| call.outcome == ToolOutcome::Ok), "{:?}", result.tool_calls);
        }
    }
}
