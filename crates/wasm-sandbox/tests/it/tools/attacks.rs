//! What hostile programs do with tools, and beside each what an honest one does.

use std::sync::{
    Arc, Condvar, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::json;
use wasm_sandbox::{
    ByteUnits, Ending, Language, ResourceKind, ResourceLimits, SandboxResult, Tool, ToolError, ToolOutcome,
};

use super::{builder, execute, outcomes, search};
use crate::languages;

/// A program's own way through the door, past everything that the driver has in front of it.
const RAW: &str = "import _host, json
def door(kind, carried=b''):
    frame = bytearray(kind.ljust(8, b'\\0') + carried)
    _host.call(frame)
    return int.from_bytes(frame[:4], 'little', signed=True), int.from_bytes(frame[4:8], 'little')
def take(call, size):
    frame = bytearray(max(size, 8))
    frame[:8] = b't\\0\\0\\0' + call.to_bytes(4, 'little')
    _host.call(frame)
    return json.loads(frame[:size])
def request(name, **arguments):
    return json.dumps({'name': name, 'arguments': arguments}).encode()
";

fn raw(code: &str) -> SandboxResult {
    execute(builder(Language::Python, &format!("{RAW}{code}")))
}

fn echo() -> Tool {
    Tool::with_schema("echo", "", json!({"type": "object"}), Ok)
}

#[test]
fn an_unknown_tool_is_denied_whatever_stands_before_the_door() {
    let result =
        raw("print(take(*door(b'c', request('sh\\nell'))))\nprint(take(*door(b'c', request('search', query='q'))))");
    assert_eq!(
        result.stdout.text(),
        "{'error': {'message': 'there is no tool `sh\\\\nell`: search', 'name': 'ToolNotFound'}}\n{'ok': [{'title': 'q 0'}]}\n",
        "{}",
        result.stderr.text()
    );
    assert_eq!(outcomes(&result), [("sh\\nell", ToolOutcome::Unknown), ("search", ToolOutcome::Ok)]);
    let denial = &result.denials[0];
    assert_eq!((denial.operation.as_str(), denial.target.as_str()), ("call", "sh\\nell"));
    assert_eq!((denial.capability.as_str(), result.denials.len()), ("tools", 1));
}

#[test]
fn a_guest_that_lies_about_its_door_gets_past_nothing() {
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = Arc::clone(&seen);
    let code = format!(
        "{RAW}from host import tools, ToolRefused\nimport sys, host\nclass Mine:\n    def __getattr__(self, name): return lambda **_: 'mine'\nhost.tools = sys.modules['host.tools'] = Mine()\nprint(host.tools.search(query='forged'))\ntools.ToolRefused = None\nprint(take(*door(b'c', request('search', query='secret')))['error']['name'])\nprint(take(*door(b'c', request('search', query='open')))['ok'])\n_host.call = lambda frame: b''\n"
    );
    let gated = builder(Language::Python, &code).tool_gate(move |call| {
        let query = call.arguments["query"].as_str().unwrap().to_owned();
        noted.lock().unwrap().push(query.clone());
        if query == "secret" { Err(ToolError::new("not that one")) } else { Ok(()) }
    });
    let result = execute(gated);
    assert!(result.stdout.text().starts_with("mine\nToolRefused\n[{'title': 'open 0'}]\n"), "{}", result.stdout.text());
    assert_eq!(*seen.lock().unwrap(), ["secret", "open"], "the gate sees every call that is made, and no other");
    assert_eq!(outcomes(&result), [("search", ToolOutcome::Refused), ("search", ToolOutcome::Ok)]);
}

#[test]
fn a_gate_refuses_by_name_and_arguments() {
    let python = "from host import tools, ToolRefused\nfor query in ('secret', 'open', 'secret'):\n    try:\n        print(tools.search(query=query))\n    except ToolRefused as error:\n        print(error)";
    let javascript = "for (const query of ['secret', 'open', 'secret']) {\n  try { console.log(JSON.stringify(await tools.search({query}))) } catch (e) { console.log(e.message) }\n}";
    for (language, code, told) in [(Language::Python, python, true), (Language::JavaScript, javascript, false)] {
        let result = execute(builder(language, code).tool_gate(move |call| {
            assert_eq!(call.name, "search");
            match call.arguments["query"].as_str() {
                Some("secret") if told => Err(ToolError::told("no secrets")),
                Some("secret") => Err(ToolError::new("no secrets")),
                _ => Ok(()),
            }
        }));
        let said = result.stdout.text();
        let lines: Vec<&str> = said.lines().collect();
        let refusal = "the call of `search` was refused";
        assert_eq!(lines[0], if told { format!("{refusal}: no secrets") } else { refusal.to_owned() });
        assert!(lines[1].contains("open 0"), "{said}");
        let outcomes: Vec<_> = result.tool_calls.iter().map(|call| call.outcome).collect();
        assert_eq!(outcomes, [ToolOutcome::Refused, ToolOutcome::Ok, ToolOutcome::Refused]);
        assert_eq!(result.tool_calls[0].message.as_deref(), Some("no secrets"));
        let denial = &result.denials[0];
        assert_eq!(denial.to_string(), "call `search` needs the capability `tools`: no secrets");
        assert_eq!((denial.count, result.denials.len()), (2, 1));
    }
}

#[test]
fn argument_bombs() {
    // Deep: an exception, and nothing of it reaches the tool.
    let deep = format!(
        "{RAW}body = b'{{\"name\": \"echo\", \"arguments\": {{\"a\": ' + b'[' * 100000 + b']' * 100000 + b'}}}}'\nprint(take(*door(b'c', body))['error']['name'])\nbody = b'{{\"name\": \"echo\", \"arguments\": {{\"a\": ' + b'[' * 100 + b']' * 100 + b'}}}}'\nprint('ok' in take(*door(b'c', body)))"
    );
    let result = execute(languages::source(Language::Python, &deep).tool(echo()));
    assert_eq!(result.stdout.text(), "ToolArguments\nTrue\n", "{}", result.stderr.text());
    assert_eq!(result.tool_calls[0].outcome, ToolOutcome::Invalid);
    // Long: the limit that it is.
    for (language, code) in [
        (
            Language::Python,
            "from host import tools\nprint(len(tools.echo(a='x' * 1000)['a']), flush=True)\ntools.echo(a='x' * 100_000_000)",
        ),
        (
            Language::JavaScript,
            "console.log((await tools.echo({a: 'x'.repeat(1000)})).a.length);\nawait tools.echo({a: 'x'.repeat(100e6)});",
        ),
    ] {
        let result = execute(languages::source(language, code).tool(echo()).memory_limit(2.gb()));
        assert_eq!(result.stdout.text(), "1000\n", "{}", result.stderr.text());
        let Ending::Limit(hit) = result.ending else { panic!("{:?}", result.ending) };
        assert_eq!(hit.kind, ResourceKind::Input);
        assert_eq!(outcomes(&result), [("echo", ToolOutcome::Ok)], "the long call was not made");
    }
    // Light as text, heavy as a value.
    let heavy = format!(
        "{RAW}door(b'c', b'{{\"name\": \"echo\", \"arguments\": {{\"a\": [' + b'{{\"\":0}},' * 400000 + b'0]}}}}')"
    );
    let result = execute(
        languages::source(Language::Python, &heavy)
            .tool(echo())
            .policy(|policy| policy.limits(ResourceLimits { input: 4.mb(), ..Default::default() })),
    );
    let Ending::Limit(hit) = result.ending else { panic!("{:?}", result.ending) };
    assert_eq!(hit.kind, ResourceKind::Input);
}

#[test]
fn a_result_that_is_too_large_is_an_exception() {
    let fill = Tool::with_schema(
        "fill",
        "",
        json!({"type": "object", "properties": {"len": {"type": "integer"}}}),
        |arguments| {
            let len = arguments["len"].as_u64().ok_or_else(|| ToolError::new("no length"))?;
            Ok(json!("x".repeat(len as usize)))
        },
    );
    let python = "from host import tools, ToolError\ntry:\n    tools.fill(20_000_000)\nexcept ToolError as error:\n    print(error)\nprint(len(tools.fill(10_000_000)))";
    let javascript = "try { await tools.fill(20e6) } catch (e) { console.log(e.message) }\nconsole.log((await tools.fill(10e6)).length)";
    for (language, code) in [(Language::Python, python), (Language::JavaScript, javascript)] {
        let result = execute(languages::source(language, code).tool(fill.clone()).memory_limit(512.mb()));
        let said =
            "the result of `fill` is too large: 20000009 bytes, and 16777216 at most (`limits.input`)\n10000000\n";
        assert_eq!(result.stdout.text(), said, "{}", result.stderr.text());
        assert_eq!(outcomes(&result), [("fill", ToolOutcome::TooLarge), ("fill", ToolOutcome::Ok)]);
    }
}

#[test]
fn floods_of_calls_end_at_their_limit_and_records_are_bounded() {
    for (language, code) in [
        (Language::Python, "from host import tools\nfor _ in range(100_000): tools.search(query='q')"),
        (Language::JavaScript, "for (let i = 0; i < 100_000; i++) await tools.search({query: 'q'})"),
    ] {
        let limited = builder(language, code)
            .policy(|policy| policy.limits(ResourceLimits { host_calls: 20_000, ..Default::default() }));
        let result = execute(limited);
        let Ending::Limit(hit) = result.ending else { panic!("{:?} {}", result.ending, result.stderr.text()) };
        assert_eq!((hit.kind, hit.limit), (ResourceKind::HostCalls, 20_000));
        assert_eq!(result.tool_calls.len(), 1_000);
        assert!(result.tool_calls_dropped > 100, "{}", result.tool_calls_dropped);
        let few = code.replace("100_000", "50");
        let result = execute(builder(language, &few));
        assert_eq!((result.tool_calls.len(), result.tool_calls_dropped), (50, 0), "{}", result.stderr.text());
    }
}

#[test]
fn calls_that_nobody_takes_are_bounded() {
    let flood = "calls = [door(b's', request('search', query='q'))[0] for _ in range(12_000)]\nprint(calls.count(0), len(set(calls)) - 1)\n";
    let result = raw(flood);
    assert_eq!(result.stdout.text(), "2000 10000\n", "{}", result.stderr.text());
    assert_eq!(result.tool_calls.len() as u64 + result.tool_calls_dropped, 12_000);
    let few = "calls = [door(b's', request('search', query=str(at))) for at in range(3)]\nended = dict(door(b'w', b'\\xff' * 8) for _ in calls)\nfor call, _ in calls: print(take(call, ended[call]))\nprint(door(b'w', b'\\xff' * 8))";
    let result = raw(few);
    let said = "{'ok': [{'title': '0 0'}]}\n{'ok': [{'title': '1 0'}]}\n{'ok': [{'title': '2 0'}]}\n(-1, 0)\n";
    assert_eq!(result.stdout.text(), said, "{}", result.stderr.text());
    // Bytes of arguments that wait are bounded, too.
    let never = Tool::with_schema_async("never", "", json!({"type": "object"}), |_| std::future::pending());
    let long = format!(
        "{RAW}long = request('never', text='x' * 1_000_000)\nprint([door(b's', long)[0] for _ in range(60)].count(0))"
    );
    let result = execute(languages::source(Language::Python, &long).tool(never));
    assert_eq!(result.stdout.text(), "44\n", "{}", result.stderr.text());
    let counted = |outcome| result.tool_calls.iter().filter(|call| call.outcome == outcome).count();
    assert_eq!((counted(ToolOutcome::TooMany), counted(ToolOutcome::Abandoned)), (44, 16));
}

/// What tools there are is an answer like any other, also where there are none.
#[test]
fn lists_that_nobody_takes_are_bounded() {
    let flood = format!(
        "{RAW}calls = [door(b'l') for _ in range(12_000)]\nnumbers = [call for call, _ in calls]\nprint(numbers.count(0), len(set(numbers)) - 1)\ntake(*calls[0])\nprint(door(b'l')[0] > 0, door(b'l')[0])"
    );
    for builder in [languages::source(Language::Python, &flood), builder(Language::Python, &flood)] {
        let result = execute(builder);
        assert_eq!(result.stdout.text(), "2000 10000\nTrue 0\n", "{}", result.stderr.text());
    }
    // Their bytes, too, those that wait and all of them.
    let long = Tool::with_schema("long", "x".repeat(1_000_000), json!({"type": "object"}), Ok);
    let lists = |count: usize| {
        let code = format!("{RAW}print([door(b'l')[0] for _ in range({count})].count(0))");
        let limits = ResourceLimits { host_call_bytes: 40.mb(), ..Default::default() };
        execute(languages::source(Language::Python, &code).tool(long.clone()).policy(|policy| policy.limits(limits)))
    };
    assert_eq!(lists(17).stdout.text(), "0\n");
    assert_eq!(lists(30).stdout.text(), "13\n");
    let Ending::Limit(hit) = lists(60).ending else { panic!("the bytes of lists are not counted") };
    assert_eq!(hit.kind, ResourceKind::HostCallBytes);
}

/// A call that is given up keeps its turn for as long as its thread is taken: threads are everybody's.
#[test]
fn starting_and_cancelling_takes_no_more_threads_than_calls_may_run() {
    for gated in [false, true] {
        let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let released = Arc::new((Mutex::new(false), Condvar::new()));
        let (seen, release) = (Arc::clone(&most), Arc::clone(&released));
        let hold = move || {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            drop(released.1.wait_while(released.0.lock().unwrap(), |released| !*released).unwrap());
            now.fetch_sub(1, Ordering::SeqCst);
        };
        let object = json!({"type": "object"});
        let builder = languages::builder(Language::Python).tool(search());
        let builder = if gated {
            let tool = Tool::with_schema_async("hold", "", object, |arguments| async { Ok(arguments) });
            builder.tool(tool).tool_gate(move |call| {
                if call.name == "hold" {
                    hold();
                }
                Ok(())
            })
        } else {
            builder.tool(Tool::with_schema("hold", "", object, move |arguments| {
                hold();
                Ok(arguments)
            }))
        };
        let sandbox = builder.build_blocking().unwrap();
        let mut session = sandbox.session(Language::Python).unwrap();
        // A wait for an answer that does not come gives the thread the time to begin.
        let attack = "for _ in range(30):\n    call, _ = door(b's', request('hold'))\n    waited = door(b'w', (10).to_bytes(8, 'little'))\n    door(b'x\\0\\0\\0' + call.to_bytes(4, 'little'))\nprint(waited)";
        for _ in 0..2 {
            let turn = session.run(&format!("{RAW}{attack}")).unwrap();
            assert_eq!(turn.stdout.text(), "(0, 0)\n", "{}", turn.stderr.text());
        }
        let most = seen.load(Ordering::SeqCst);
        assert!((2..=16).contains(&most), "{most} at a time");
        // When the threads are back, calls go on.
        *release.0.lock().unwrap() = true;
        release.1.notify_all();
        let both = "print(*(take(*door(b'c', request('hold')))['ok'] for _ in range(20)), sep='')\nprint(take(*door(b'c', request('search', query='q'))))";
        let turn = session.run(both).unwrap();
        let said = format!("{}\n{{'ok': [{{'title': 'q 0'}}]}}\n", "{}".repeat(20));
        assert_eq!(turn.stdout.text(), said, "{}", turn.stderr.text());
        assert!(seen.load(Ordering::SeqCst) <= 16);
    }
}

#[test]
fn answers_of_others_cannot_be_taken_and_frames_are_read_with_care() {
    let code = "mine, size = door(b's', request('search', query='q'))
door(b'w', b'\\xff' * 8)
wrong = 0
for call in (*range(50), 2**31 - 1, 2**31, 2**32 - 1):
    if call == mine: continue
    try: take(call, 64)
    except OSError: wrong += 1
for frame in (b'', b'c', b'?' * 64, b'w' * 9, b't' * 7, b'x'):
    try: _host.call(bytearray(frame))
    except OSError: wrong += 1
print(wrong, door(b'x\\0\\0\\0' + (99).to_bytes(4, 'little')))
size = 24
print(take(mine, size))
try: take(mine, size)
except OSError: print('once')
short = door(b'c', request('search', query='q'))
frame = bytearray(b't\\0\\0\\0' + short[0].to_bytes(4, 'little'))
try: _host.call(frame)
except OSError: print('no room')
print(len(take(*short)['ok']))";
    let result = raw(code);
    let said = result.stdout.text();
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[0].starts_with("58 "), "{said}{}", result.stderr.text());
    assert_eq!(lines[1..], ["{'ok': [{'title': 'q 0'}]}", "once", "no room", "1"], "{said}");
    assert_eq!(outcomes(&result), [("search", ToolOutcome::Ok); 2]);
}

#[test]
fn a_secret_in_an_error_does_not_reach_the_guest() {
    let tools = || {
        [
            Tool::new("fails", "", |()| -> Result<(), ToolError> {
                std::fs::read("/secret-of-the-host")?;
                Ok(())
            }),
            Tool::new("panics", "", |()| -> Result<(), ToolError> { panic!("/secret-of-the-host") }),
            Tool::new_async("panics_later", "", |()| async move {
                tokio::task::yield_now().await;
                if true {
                    panic!("/secret-of-the-host");
                }
                Ok(())
            }),
            Tool::new("tells", "", |()| -> Result<(), ToolError> { Err(ToolError::told("a hint")) }),
        ]
    };
    let python = "import traceback\nfrom host import tools\nfor tool in (tools.fails, tools.panics, tools.panics_later, tools.tells):\n    try: tool()\n    except Exception as error: print(error, error.args, vars(error))\n    else: print('none')\nprint(tools.search(query='q'))";
    let javascript = "for (const name of ['fails', 'panics', 'panics_later', 'tells']) {\n  try { await tools[name]() } catch (e) { console.log(e.message, e) }\n}\nconsole.log(await tools.search({query: 'q'}))";
    for (language, code) in [(Language::Python, python), (Language::JavaScript, javascript)] {
        let result = execute(tools().into_iter().fold(builder(language, code), |builder, tool| builder.tool(tool)));
        let said = format!("{}{}", result.stdout.text(), result.stderr.text());
        assert!(!said.contains("secret") && !said.contains("No such file"), "{said}");
        assert!(said.contains("the tool `tells` failed: a hint") && said.contains("q 0"), "{said}");
        use ToolOutcome::{Failed, Panicked};
        assert_eq!(
            outcomes(&result),
            [
                ("fails", Failed),
                ("panics", Panicked),
                ("panics_later", Panicked),
                ("tells", Failed),
                ("search", ToolOutcome::Ok)
            ]
        );
        let messages: Vec<_> = result.tool_calls.iter().filter_map(|call| call.message.as_deref()).collect();
        assert!(messages[0].contains("No such file") && messages[1..3] == ["/secret-of-the-host"; 2], "{messages:?}");
    }
}

#[test]
fn wrong_arguments_do_not_reach_the_tool() {
    let strict = Tool::with_schema(
        "strict",
        "",
        json!({"type": "object", "required": ["kind", "count"], "additionalProperties": false, "properties": {
            "kind": {"enum": ["a", "b"]}, "count": {"type": "integer", "minimum": 0, "maximum": 10},
            "rows": {"type": "array", "maxItems": 2, "items": {"$ref": "#/$defs/row"}}},
            "$defs": {"row": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string", "maxLength": 3}}}}}),
        Ok,
    );
    let code = "from host import tools, ToolArguments
good = [dict(kind='a', count=0), dict(kind='b', count=10, rows=[{'id': 'abc'}, {'id': ''}])]
bad = [dict(), dict(kind='c', count=1), dict(kind='a', count=11), dict(kind='a', count=1.5), dict(kind='a', count='1'),
    dict(kind='a', count=True), dict(kind='a', count=1, more=1), dict(kind='a', count=1, rows=[{}] * 3),
    dict(kind='a', count=1, rows=[{'id': 'abcd'}]), dict(kind='a', count=1, rows=[{'id': 'a'}, {}])]
for arguments in good: assert tools.strict(**arguments) == arguments
assert tools.strict('a', 3) == {'kind': 'a', 'count': 3} == tools.strict('a', count=3)
for arguments in bad:
    try: tools.strict(**arguments)
    except ToolArguments as error: print(error)
    else: print('taken', arguments)
for call in (lambda: tools.strict('a', 1, 2), lambda: tools.strict('a', kind='a', count=1)):
    try: call()
    except ToolArguments as error: print(error)";
    let result = execute(languages::source(Language::Python, code).tool(strict).tool(search()));
    let said = result.stdout.text();
    let lines: Vec<&str> =
        said.lines().filter_map(|line| line.strip_prefix("the arguments of `strict` do not fit: ")).collect();
    assert_eq!(
        lines,
        [
            "the whole lacks `kind`",
            "/kind is none of the values that there are",
            "/count is more than 10",
            "/count is no integer",
            "/count is no integer",
            "/count is no integer",
            "the whole has no `more`",
            "/rows is more than 2 items",
            "/rows/0/id is more than 3 characters",
            "/rows/1 lacks `id`",
            "3 arguments without a name, and 2 at most",
            "`kind` is given twice",
        ],
        "{said}{}",
        result.stderr.text()
    );
}
