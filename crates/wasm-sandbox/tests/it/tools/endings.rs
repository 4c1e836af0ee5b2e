//! Tools that do not answer in time, and guests that go while they work.

use std::{
    sync::{Arc, Condvar, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use serde_json::json;
use wasm_sandbox::{
    ByteUnits, Ending, Language, ResourceKind, ResourceLimits, SandboxError, TimeUnits, Tool, ToolError, ToolOutcome,
    blocking,
};

use super::{execute, outcomes, search, slow};
use crate::languages;

/// A tool that never answers, as a future and as a function; the receiver hears of its beginning and of its end.
fn hangs(asynchronous: bool) -> (Tool, mpsc::Receiver<&'static str>) {
    struct Gone(mpsc::Sender<&'static str>);
    impl Drop for Gone {
        fn drop(&mut self) {
            // The test may be over.
            self.0.send("dropped").ok();
        }
    }
    let (tell, told) = mpsc::channel();
    let tool = if asynchronous {
        let tell = Mutex::new(tell);
        Tool::new_async("hangs", "", move |()| {
            let gone = Gone(tell.lock().unwrap().clone());
            async move {
                gone.0.send("begun").ok();
                std::future::pending::<()>().await;
                drop(gone);
                Ok(())
            }
        })
    } else {
        let tell = Mutex::new(tell);
        Tool::new("hangs", "", move |()| {
            let gone = Gone(tell.lock().unwrap().clone());
            gone.0.send("begun").ok();
            let never = (Mutex::new(()), Condvar::new());
            drop(never.1.wait_timeout(never.0.lock().unwrap(), Duration::from_secs(5)));
            Ok(())
        })
    };
    (tool, told)
}

const CALLS: [(Language, &str); 3] = [
    (Language::Python, "from host import tools\nprint('calls', flush=True)\ntools.hangs()"),
    (
        Language::Python,
        "import asyncio\nfrom host import tools\nasync def main():\n    print('calls', flush=True)\n    await asyncio.gather(tools.hangs(), asyncio.sleep(60))\nasyncio.run(main())",
    ),
    (Language::JavaScript, "console.log('calls');\nawait tools.hangs()"),
];

#[test]
fn a_tool_that_hangs_ends_with_its_guest_at_the_deadline() {
    const DEADLINE: Duration = Duration::from_millis(300);
    for (language, code) in CALLS {
        for asynchronous in [true, false] {
            let mut late = Vec::new();
            for _ in 0..5 {
                let (tool, told) = hangs(asynchronous);
                let sandbox = languages::source(language, code).tool(tool).timeout(DEADLINE).build_blocking().unwrap();
                let started = Instant::now();
                let result = sandbox.execute([""; 0]).unwrap();
                late.push(started.elapsed().saturating_sub(DEADLINE));
                let Ending::Limit(hit) = result.ending else { panic!("{:?} {}", result.ending, result.stderr.text()) };
                assert_eq!((hit.kind, result.stdout.text().as_ref()), (ResourceKind::WallTime, "calls\n"));
                assert_eq!(outcomes(&result), [("hangs", ToolOutcome::Abandoned)]);
                assert!(result.tool_calls[0].duration_us > 1000, "{:?}", result.tool_calls);
                assert_eq!(told.recv_timeout(Duration::from_secs(5)), Ok("begun"));
                if asynchronous {
                    assert_eq!(told.recv_timeout(Duration::from_secs(2)), Ok("dropped"), "the future is dropped");
                }
            }
            late.sort();
            assert!(late[0] < Duration::from_millis(20), "{language:?} {late:?}");
        }
        // The twin that answers.
        let answers = Tool::new("hangs", "", |()| Ok(()));
        let twin = languages::source(language, &code.replace("sleep(60)", "sleep(0)")).tool(answers);
        assert!(execute(twin).success);
    }
}

/// The same where the guest gives way to an executor of one thread.
#[tokio::test]
async fn a_tool_that_hangs_ends_with_its_asynchronous_guest() {
    for (language, code) in CALLS {
        for asynchronous in [true, false] {
            let (tool, told) = hangs(asynchronous);
            let builder = languages::source(language, code).tool(tool).timeout(300.millis());
            let sandbox = builder.build().await.unwrap();
            let result = sandbox.execute([""; 0]).await.unwrap();
            let Ending::Limit(hit) = result.ending else { panic!("{:?} {}", result.ending, result.stderr.text()) };
            assert_eq!(
                (hit.kind, outcomes(&result)),
                (ResourceKind::WallTime, vec![("hangs", ToolOutcome::Abandoned)])
            );
            let mut heard = told.try_recv();
            while asynchronous && heard != Ok("dropped") {
                tokio::task::yield_now().await;
                heard = told.try_recv();
            }
        }
    }
}

#[test]
fn a_cancel_reaches_a_guest_that_waits_for_a_tool() {
    for (language, code) in CALLS {
        let (tool, told) = hangs(true);
        let sandbox = languages::source(language, code).tool(tool).build_blocking().unwrap();
        let handle = sandbox.cancel_handle();
        let canceller = thread::spawn(move || {
            assert_eq!(told.recv(), Ok("begun"));
            let cancelled = Instant::now();
            handle.cancel();
            assert_eq!(told.recv(), Ok("dropped"));
            cancelled.elapsed()
        });
        assert_eq!(sandbox.execute([""; 0]).unwrap().ending, Ending::Cancel);
        assert!(canceller.join().unwrap() < Duration::from_secs(2));
    }
}

/// D15: a caller that drops a future takes the guest's tools with it.
#[tokio::test]
async fn d15_a_call_that_is_dropped_drops_its_tools() {
    let (tool, told) = hangs(true);
    languages::setup(Language::Python);
    let code = "from host import tools\ndef call(): tools.hangs()\ndef add(a: int, b: int) -> int: return a + b";
    let mut sandbox = languages::source(Language::Python, code).tool(tool).build().await.unwrap();
    let told = Arc::new(Mutex::new(told));
    let begun = Arc::clone(&told);
    let begun = tokio::task::spawn_blocking(move || begun.lock().unwrap().recv());
    tokio::select! {
        outcome = sandbox.call::<_, ()>("call", ()) => panic!("{outcome:?}"),
        begun = begun => assert_eq!(begun.unwrap(), Ok("begun")),
    }
    let dropped = tokio::task::spawn_blocking(move || told.lock().unwrap().recv_timeout(Duration::from_secs(5)));
    assert_eq!(dropped.await.unwrap(), Ok("dropped"));
    assert_eq!(sandbox.call::<_, i64>("add", (1, 2)).await.unwrap(), 3, "a fresh instance takes over");
}

#[test]
fn what_a_turn_leaves_behind_ends_with_it() {
    let (tool, _told) = hangs(true);
    let sandbox = languages::builder(Language::Python).tool(tool).tool(search()).build_blocking().unwrap();
    let mut session = sandbox.session(Language::Python).unwrap();
    let turn = session
        .run("import asyncio\nfrom host import tools\nasync def main():\n    tools.hangs()\n    await asyncio.sleep(0)\nasyncio.run(main())")
        .unwrap();
    assert_eq!(turn.ending, Ending::Return, "{}", turn.stderr.text());
    assert_eq!(outcomes(&turn), [("hangs", ToolOutcome::Abandoned)]);
    let turn = session.run("async def main(): return await tools.search(query='q')\nasyncio.run(main())").unwrap();
    assert_eq!(turn.value, Some(json!([{"title": "q 0"}])), "{}", turn.stderr.text());
    assert_eq!(outcomes(&turn), [("search", ToolOutcome::Ok)]);
    let (tool, _told) = hangs(true);
    let sandbox = languages::builder(Language::JavaScript).tool(tool).tool(search()).build_blocking().unwrap();
    let mut session = sandbox.session(Language::JavaScript).unwrap();
    let turn = session.run("tools.hangs(); throw new Error('no')").unwrap();
    assert!(matches!(turn.ending, Ending::Exception { .. }), "{:?}", turn.ending);
    assert_eq!(outcomes(&turn), [("hangs", ToolOutcome::Abandoned)]);
    assert_eq!(session.run("(await tools.search({query: 'q'})).length").unwrap().value, Some(json!(1)));
}

#[test]
fn a_call_can_be_given_up() {
    let (tool, told) = hangs(true);
    let code = "import asyncio\nfrom host import tools\nasync def main():\n    try:\n        await asyncio.wait_for(tools.hangs(), 0.1)\n    except TimeoutError:\n        print('late', await tools.slow(ms=1))\nasyncio.run(main())";
    let result = execute(languages::source(Language::Python, code).tool(tool).tool(slow().0));
    assert_eq!(result.stdout.text(), "late 1\n", "{}", result.stderr.text());
    assert_eq!(outcomes(&result), [("hangs", ToolOutcome::Abandoned), ("slow", ToolOutcome::Ok)]);
    assert_eq!((told.recv(), told.recv()), (Ok("begun"), Ok("dropped")));
}

/// D12: a call borrows its sandbox, so that its tools reach it only through a lock.
#[test]
fn d12_a_tool_that_enters_its_own_sandbox() {
    let own: Arc<Mutex<Option<blocking::WasmSandbox>>> = Arc::default();
    let (polite, stubborn) = (Arc::clone(&own), Arc::clone(&own));
    let again = |sandbox: &mut Option<blocking::WasmSandbox>| -> Result<i64, ToolError> {
        Ok(sandbox.as_mut().ok_or_else(|| ToolError::new("none"))?.call("add", (1, 2))?)
    };
    let tries =
        Tool::new("tries", "", move |()| again(&mut *polite.try_lock().map_err(|_| ToolError::told("it is running"))?));
    let waits = Tool::new("waits", "", move |()| again(&mut stubborn.lock().unwrap()));
    let code = "from host import tools, ToolError\ndef add(a: int, b: int) -> int: return a + b\ndef tries() -> str:\n    try: return str(tools.tries())\n    except ToolError as error: return str(error)\ndef waits() -> int: return tools.waits()";
    let builder = languages::source(Language::Python, code).tool(tries).tool(waits).timeout(500.millis());
    *own.lock().unwrap() = Some(builder.build_blocking().unwrap());
    {
        let mut held = own.lock().unwrap();
        let sandbox = held.as_mut().unwrap();
        assert_eq!(sandbox.call::<_, String>("tries", ()).unwrap(), "the tool `tries` failed: it is running");
        let error = sandbox.call::<_, i64>("waits", ()).unwrap_err();
        assert!(matches!(error, SandboxError::ResourceExhausted { kind: ResourceKind::WallTime, .. }), "{error}");
        assert_eq!(sandbox.call::<_, i64>("add", (1, 2)).unwrap(), 3);
    }
    drop(own.lock().unwrap().take());
    // The twin: another sandbox is entered.
    let inner =
        languages::source(Language::JavaScript, "export const add = (a, b) => a + b;").build_blocking().unwrap();
    let inner = Mutex::new(Some(inner));
    let enters = Tool::new("enters", "", move |()| again(&mut inner.lock().unwrap()));
    let result =
        execute(languages::source(Language::Python, "from host import tools\nprint(tools.enters())").tool(enters));
    assert_eq!(result.stdout.text(), "3\n", "{}", result.stderr.text());
}

#[test]
fn so_many_run_at_a_time_and_no_more() {
    let (tool, most) = slow();
    let code = "console.log((await Promise.all(Array.from({length: 100}, () => tools.slow({ms: 20})))).length)";
    let result = execute(languages::source(Language::JavaScript, code).tool(tool));
    assert_eq!(result.stdout.text(), "100\n", "{}", result.stderr.text());
    let most = most.load(std::sync::atomic::Ordering::SeqCst);
    assert!((2..=16).contains(&most), "{most}");
    assert!(result.tool_calls.iter().all(|call| call.outcome == ToolOutcome::Ok && call.duration_us >= 20_000));
}

#[test]
fn waiting_for_a_tool_takes_no_processor_time() {
    for (language, code) in [
        (Language::Python, "from host import tools\nprint(tools.slow(ms=900))"),
        (Language::JavaScript, "console.log(await tools.slow({ms: 900}))"),
    ] {
        let limits = ResourceLimits { cpu_time: 600.millis(), memory: 256.mb(), ..ResourceLimits::default() };
        let builder = languages::source(language, code).policy(|policy| policy.limits(limits)).tool(slow().0);
        let result = execute(builder);
        assert_eq!(result.stdout.text(), "900\n", "{:?} {}", result.ending, result.stderr.text());
        assert!(result.usage.cpu.time_us < 600_000 && result.usage.cpu.wall_us >= 900_000, "{:?}", result.usage.cpu);
    }
}

/// A blocking sandbox has an executor of its own, also where its caller runs in one.
#[tokio::test]
async fn blocking_sandboxes_have_tools_inside_of_an_executor() {
    let code = "console.log(await tools.slow({ms: 1}), (await tools.search('q')).length)";
    let result = execute(languages::source(Language::JavaScript, code).tool(slow().0).tool(search()));
    assert_eq!(result.stdout.text(), "1 1\n", "{}", result.stderr.text());
    let error = languages::source(Language::JavaScript, "export const call = () => tools.search()");
    let mut sandbox = error.tool(search()).build_blocking().unwrap();
    let error = sandbox.call::<_, i64>("call", ()).unwrap_err();
    assert!(matches!(&error, SandboxError::Exception { name, .. } if name == "ToolArguments"), "{error}");
}
