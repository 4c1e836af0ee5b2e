//! Python: programs, functions, sessions, and what a hostile script gets to see.

use std::{fs, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wasm_sandbox::{
    ByteUnits, Ending, ErrorCode, Language, LimitHit, ResourceKind, SandboxError, SandboxResult, TimeUnits,
    WasmSandboxBuilder, blocking,
};

use crate::languages;

fn builder() -> WasmSandboxBuilder {
    languages::builder(Language::Python)
}

fn script(text: &str) -> WasmSandboxBuilder {
    languages::source(Language::Python, text)
}

fn run(text: &str) -> SandboxResult {
    languages::run(Language::Python, text)
}

fn printed(text: &str) -> String {
    languages::printed(Language::Python, text)
}

fn session() -> blocking::Session {
    languages::session(Language::Python)
}

#[test]
fn programs_run_as_they_do_elsewhere() {
    let sandbox = script(
        "import sys\nprint(sys.argv[1:], __name__, __file__)\nprint(sys.stdin.read().upper(), end='')\nprint('oops', file=sys.stderr)\nsys.exit(3)",
    );
    let result = sandbox.stdin(*b"input").build_blocking().unwrap().execute(["a", "b c"]).unwrap();
    assert_eq!(result.ending, Ending::Exit { code: 3 });
    assert_eq!(result.stdout.text(), "['a', 'b c'] __main__ Python source\nINPUT");
    assert_eq!(result.stderr.text(), "oops\n");
    assert_eq!(run("import atexit; atexit.register(print, 'bye')").stdout.text(), "bye\n");
    assert_eq!(run("raise SystemExit('no')").stderr.text(), "no\n");
    assert_eq!(run("import os; os._exit(9)").ending, Ending::Exit { code: 9 });
}

#[test]
fn tracebacks_show_the_script_and_nothing_of_the_sandbox() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrong.py");
    fs::write(&path, "def inner(x):\n    return x / 0\n\ninner(1)\n").unwrap();
    let result = builder().source(path).build_blocking().unwrap().execute([""; 0]).unwrap();
    assert_eq!(result.ending, Ending::Exit { code: 1 });
    let expected = "Traceback (most recent call last):\n  File \"wrong.py\", line 4, in <module>\n    inner(1)\n    ~~~~~^^^\n  File \"wrong.py\", line 2, in inner\n    return x / 0\n           ~~^~~\nZeroDivisionError: division by zero\n";
    assert_eq!(result.stderr.text(), expected);
    assert!(result.denials.is_empty(), "{:?}", result.denials);
    let result = run("def f(:\n  pass");
    assert_eq!(result.ending, Ending::Exit { code: 1 });
    assert!(result.stderr.text().ends_with("SyntaxError: invalid syntax\n"), "{}", result.stderr.text());
    assert!(result.denials.is_empty(), "{:?}", result.denials);
}

const STATISTICS: &str = r#"
"""Statistics."""
import asyncio
from dataclasses import dataclass

@dataclass
class Point:
    x: float
    y: float

def mean(values: list[float]) -> float:
    """The arithmetic mean."""
    return sum(values) / len(values)

def greet(name: str, loud: bool = False) -> str:
    return f"hello, {name}" + ("!" if loud else "")

def middle(a: Point, b: Point) -> Point:
    return Point((a.x + b.x) / 2, (a.y + b.y) / 2)

def count(words: list[str]) -> dict[str, int]:
    return {word: words.count(word) for word in words}

def find(names: list[str], name: str) -> int | None:
    return names.index(name) if name in names else None

async def later(x: int) -> int:
    await asyncio.sleep(0.01)
    return x + 1

def any_thing(x):
    return [x, type(x).__name__]

def fails(n: int) -> None:
    raise ValueError(f"no {n}")

def unfit() -> object:
    return object()

calls = 0
def counted() -> int:
    global calls
    calls += 1
    return calls

def _private(): ...
def starred(*args): ...
"#;

#[test]
fn functions_take_and_give_values() {
    #[derive(Serialize, Deserialize, Debug, PartialEq)]
    struct Point {
        x: f64,
        y: f64,
    }
    let mut sandbox = script(STATISTICS).build_blocking().unwrap();
    assert_eq!(sandbox.call::<_, f64>("mean", (vec![1.0, 2.0, 6.0],)).unwrap(), 3.0);
    assert_eq!(sandbox.call::<_, String>("greet", "Zoë").unwrap(), "hello, Zoë");
    assert_eq!(sandbox.call::<_, String>("greet", ("Zoë", true)).unwrap(), "hello, Zoë!");
    let middle = sandbox.call::<_, Point>("middle", (Point { x: 0.0, y: 0.0 }, Point { x: 1.0, y: 3.0 })).unwrap();
    assert_eq!(middle, Point { x: 0.5, y: 1.5 });
    assert_eq!(sandbox.call::<_, Value>("count", (vec!["a", "b", "a"],)).unwrap(), json!({"a": 2, "b": 1}));
    assert_eq!(sandbox.call::<_, Option<i64>>("find", (vec!["a", "b"], "b")).unwrap(), Some(1));
    assert_eq!(sandbox.call::<_, Option<i64>>("find", (vec!["a", "b"], "c")).unwrap(), None);
    assert_eq!(sandbox.call::<_, i64>("later", 4).unwrap(), 5);
    assert_eq!(
        sandbox.call::<_, Value>("any_thing", (json!({"a": [1, null]}),)).unwrap(),
        json!([{"a": [1, null]}, "dict"])
    );
    assert_eq!(sandbox.call::<_, i64>("counted", ()).unwrap(), 1);
    assert_eq!(sandbox.call::<_, i64>("counted", ()).unwrap(), 2, "state stays from call to call");
}

#[test]
fn what_does_not_fit_is_said_before_or_by_name() {
    let mut sandbox = script(STATISTICS).build_blocking().unwrap();
    let code = |error: SandboxError| error.code();
    assert_eq!(code(sandbox.call::<_, f64>("mean", "text").unwrap_err()), ErrorCode::Signature);
    assert_eq!(code(sandbox.call::<_, f64>("mean", ()).unwrap_err()), ErrorCode::Signature);
    assert_eq!(
        code(sandbox.call::<_, Value>("middle", (json!({"x": 1}), json!({"x": 1, "y": 2}))).unwrap_err()),
        ErrorCode::Signature
    );
    for missing in ["_private", "starred", "Point", "nowhere"] {
        assert_eq!(code(sandbox.call::<_, Value>(missing, ()).unwrap_err()), ErrorCode::FunctionNotFound, "{missing}");
    }
    match sandbox.call::<_, Value>("fails", 7).unwrap_err() {
        SandboxError::Exception { function, name, message, stack } => {
            assert_eq!((function.as_str(), name.as_str(), message.as_str()), ("fails", "ValueError", "no 7"));
            assert!(stack.contains("line 35, in fails") && !stack.contains("<turn"), "{stack}");
        }
        other => panic!("{other}"),
    }
    let error = sandbox.call::<_, Value>("unfit", ()).unwrap_err();
    assert!(error.to_string().contains("has no JSON form"), "{error}");
    let signatures: Vec<String> = sandbox.module().unwrap().functions().unwrap().map(ToString::to_string).collect();
    assert!(signatures.contains(&"greet(name: string, loud: option<bool>) -> string".to_owned()), "{signatures:?}");
    assert_eq!(sandbox.module().unwrap().function("mean").unwrap().doc.as_deref(), Some("The arithmetic mean."));
    match script("def f(:").build_blocking().unwrap().module().unwrap().functions().map(|_| ()).unwrap_err() {
        SandboxError::Compilation { language, diagnostics } => {
            assert_eq!(language, "Python");
            assert!(diagnostics.contains("line 1") && diagnostics.contains("SyntaxError"), "{diagnostics}");
        }
        other => panic!("{other}"),
    }
}

#[test]
fn the_scientific_libraries_work() {
    assert_eq!(printed("import numpy as np\nprint(np.arange(10).reshape(2, 5).sum(axis=1))"), "[10 35]\n");
    assert_eq!(printed("import pandas as pd\nprint(pd.DataFrame({'a': [1, 2, 3]})['a'].mean())"), "2.0\n");
    assert_eq!(
        printed("from scipy import optimize\nprint(round(optimize.brentq(lambda x: x * x - 2, 0, 2), 6))"),
        "1.414214\n"
    );
    let clusters = "from sklearn.cluster import KMeans\nimport numpy as np\nx = np.array([[0, 0], [0, 1], [9, 9], [9, 8]])\nlabels = KMeans(2, n_init=1, random_state=0).fit_predict(x)\nprint(labels[0] == labels[1], labels[0] != labels[2])";
    assert_eq!(printed(clusters), "True True\n");
}

#[test]
fn a_plot_comes_out_as_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let text = "import matplotlib\nmatplotlib.use('Agg')\nimport matplotlib.pyplot as plt\nplt.plot([1, 2, 4])\nplt.savefig('/out/plot.png')";
    let sandbox = script(text).filesystem_write(folder.path(), "/out").build_blocking().unwrap();
    let result = sandbox.execute([""; 0]).unwrap();
    assert_eq!(result.ending, Ending::Exit { code: 0 }, "{}", result.stderr.text());
    assert!(fs::read(folder.path().join("plot.png")).unwrap().starts_with(b"\x89PNG"));
    assert!(result.files.created.contains(&"/out/plot.png".to_owned()), "{:?}", result.files);
}

#[test]
fn a_project_folder_is_imported_from_where_it_is_granted() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("helper.py"), "def double(x): return 2 * x\n").unwrap();
    let text = "import helper\nprint(helper.double(4))";
    let granted = script(text).filesystem_read(folder.path(), "/project").build_blocking().unwrap();
    assert_eq!(granted.execute([""; 0]).unwrap().stdout.text(), "8\n");
    let denied = run(text);
    assert!(denied.stderr.text().contains("ModuleNotFoundError: No module named 'helper'"));
    assert_eq!(denied.stderr.text().matches("granted, as with `--allow-read DIR:/project`").count(), 1);
    let mut session = session();
    let said = session.run("import helper").unwrap().stderr.text().into_owned();
    assert_eq!(said.matches("`--allow-read DIR:/project`").count(), 1, "{said}");
    // It is not what is missing here.
    for elsewhere in ["import numpy.helper", "import re\nre.missing"] {
        assert!(!run(elsewhere).stderr.text().contains("--allow-read"), "{elsewhere}");
    }
    let missing = script("import other").filesystem_read(folder.path(), "/project").build_blocking().unwrap();
    assert!(!missing.execute([""; 0]).unwrap().stderr.text().contains("--allow-read"));
}

/// What libraries look for as they start is no denial; a script that goes there itself is denied.
#[test]
fn looking_around_is_no_denial_and_going_there_is() {
    let looking = "import pandas, matplotlib.pyplot, sqlite3, sklearn, mimetypes, zoneinfo, os, pathlib\nmimetypes.init()\nzoneinfo.ZoneInfo('Europe/Berlin')\n\
        print(os.path.exists('/etc/passwd'), pathlib.Path('/etc').is_dir(), os.path.realpath('/a/b'))\n\
        try: os.stat('/etc/passwd')\nexcept FileNotFoundError: print('not found')\n\
        try: os.readlink('/etc/passwd')\nexcept FileNotFoundError: print('not found')";
    let result = script(looking).memory_limit(512.mb()).build_blocking().unwrap().execute([""; 0]).unwrap();
    assert_eq!(result.stdout.text(), "False False /a/b\nnot found\nnot found\n", "{}", result.stderr.text());
    assert!(result.stderr.is_empty() && result.denials.is_empty(), "{} {:?}", result.stderr.text(), result.denials);
    for (act, operation, target) in [
        ("open('/usr/share/fonts/a.ttf')", "open", "/usr/share/fonts/a.ttf"),
        ("import matplotlib.pyplot\nos.listdir('/usr/share/fonts')", "open", "/usr/share/fonts"),
        ("list(os.walk('/usr/share/fonts'))", "open", "/usr/share/fonts"),
        ("open('/usr/share/zoneinfo/UTC', 'rb')", "open", "/usr/share/zoneinfo/UTC"),
        ("os.mkdir('/etc/mine')", "create directory", "/etc/mine"),
        ("os.remove('/etc/passwd')", "unlink", "/etc/passwd"),
    ] {
        let text = format!("import os\ntry:\n  {}\nexcept PermissionError: pass", act.replace('\n', "\n  "));
        let result = script(&text).memory_limit(256.mb()).build_blocking().unwrap().execute([""; 0]).unwrap();
        let denials: Vec<_> = result.denials.iter().map(|one| (&*one.operation, &*one.target)).collect();
        assert_eq!(denials, [(operation, target)], "{act}: {}", result.stderr.text());
    }
}

/// Looking through a link that leads out of a mount is refused and recorded; looking at what is in it works.
#[test]
fn looking_out_of_a_mount_is_a_denial() {
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink("/etc", folder.path().join("out")).unwrap();
    fs::write(folder.path().join("in"), "").unwrap();
    let text = "import os\nprint(os.path.exists('/data/in'), os.path.exists('/data/out/passwd'))";
    let granted = script(text).filesystem_read(folder.path(), "/data").build_blocking().unwrap();
    let result = granted.execute([""; 0]).unwrap();
    assert_eq!(result.stdout.text(), "True False\n");
    let denials: Vec<_> = result.denials.iter().map(|one| (&*one.operation, &*one.target)).collect();
    assert_eq!(denials, [("stat", "/data/out/passwd")]);
}

/// matplotlib finds the fonts of a folder that is granted where it looks.
#[test]
fn granted_fonts_are_found() {
    let text = "import os, shutil, matplotlib\nshutil.copy(os.path.join(matplotlib.get_data_path(), 'fonts/ttf/DejaVuSans.ttf'), '/usr/share/fonts/Own.ttf')\n\
        from matplotlib import font_manager\nprint(any(font.fname == '/usr/share/fonts/Own.ttf' for font in font_manager.fontManager.ttflist))";
    let fonts = script(text).memory_limit(256.mb()).policy(|policy| policy.filesystem_memory("/usr/share/fonts"));
    let result = fonts.build_blocking().unwrap().execute([""; 0]).unwrap();
    assert_eq!(result.stdout.text(), "True\n", "{}", result.stderr.text());
}

#[test]
fn nothing_of_the_host_is_there() {
    let result = run("import os\nprint(dict(os.environ), os.getcwd(), os.listdir('/'))\nopen('/etc/passwd')");
    assert_eq!(result.stdout.text(), "{'HOME': '/tmp'} /tmp ['tmp', 'usr']\n");
    assert!(result.stderr.text().contains("PermissionError"), "{}", result.stderr.text());
    assert_eq!(result.denials.len(), 1, "{:?}", result.denials);
    assert_eq!(
        (result.denials[0].target.as_str(), result.denials[0].capability.as_str()),
        ("/etc/passwd", "filesystem.read")
    );
    let granted = script("import os\nprint(os.environ['KEY'])").env("KEY", "value").build_blocking().unwrap();
    assert_eq!(granted.execute([""; 0]).unwrap().stdout.text(), "value\n");
    let written = run("open('/usr/local/lib/x', 'w')");
    assert_eq!(written.denials[0].capability, "filesystem.write");
    for refused in [
        "import subprocess; subprocess.run(['ls'])",
        "import urllib.request; urllib.request.urlopen('http://127.0.0.1')",
    ] {
        assert_eq!(run(refused).ending, Ending::Exit { code: 1 }, "{refused}");
    }
    assert_eq!(printed("open('/tmp/x', 'w').write('kept'); print(open('/tmp/x').read())"), "kept\n");
    assert_eq!(printed("import os; print(os.listdir('/tmp'))"), "[]\n", "another sandbox has another /tmp");
}

#[test]
fn nothing_is_mounted_over_the_library() {
    let folder = tempfile::tempdir().unwrap();
    for place in ["/", "/usr", "/usr/local/lib", "/usr/local/lib/more"] {
        let sandbox = script("print(1)").filesystem_read(folder.path(), place).build_blocking().unwrap();
        match sandbox.execute([""; 0]).unwrap_err() {
            SandboxError::Configuration { problems } => {
                assert!(problems[0].message.contains("keeps its library"), "{problems:?}")
            }
            other => panic!("{place}: {other}"),
        }
    }
    let twin = script("print(1)").filesystem_read(folder.path(), "/usr/share").build_blocking().unwrap();
    assert_eq!(twin.execute([""; 0]).unwrap().stdout.text(), "1\n");
}

#[test]
fn g4_random_numbers_differ_between_instances() {
    let text = "import random, uuid, secrets, tempfile\nprint(random.random(), uuid.uuid4(), secrets.token_hex(), tempfile.mktemp())";
    let (first, second) = (printed(text), printed(text));
    for (one, other) in first.split_whitespace().zip(second.split_whitespace()) {
        assert_ne!(one, other);
    }
    let numpy = "import numpy as np\nprint(np.random.rand(), np.random.default_rng().random())";
    let prelude = |text: &str| {
        script(text).prelude("import numpy as np, random").build_blocking().unwrap().execute([""; 0]).unwrap().stdout
    };
    assert_ne!(prelude(numpy).text(), prelude(numpy).text());
}

#[test]
fn a_prelude_is_there_at_once() {
    let prelude = "import numpy as np\ndef helper(x): return x + 1";
    let sandbox = builder().prelude(prelude).build_blocking().unwrap();
    let mut session = sandbox.session(Language::Python).unwrap();
    assert_eq!(session.run("helper(int(np.arange(4).sum()))").unwrap().value, Some(json!(7)));
    let wrong = builder().prelude("import nowhere").build_blocking().unwrap().session(Language::Python);
    match wrong.map(|_| ()).unwrap_err() {
        SandboxError::Compilation { diagnostics, .. } => assert!(diagnostics.contains("No module named 'nowhere'")),
        other => panic!("{other}"),
    }
}

#[test]
fn sessions_keep_what_turns_define() {
    let mut session = session();
    assert_eq!(session.run("import math\nx = 20").unwrap().value, None);
    let result = session.run("print('turn')\nx + math.floor(1.5)").unwrap();
    assert_eq!((result.value, result.stdout.text().as_ref()), (Some(json!(21)), "turn\n21\n"));
    let failed = session.run("x / 0").unwrap();
    let expected = Ending::Exception { name: "ZeroDivisionError".to_owned(), message: "division by zero".to_owned() };
    assert_eq!((failed.ending, failed.success), (expected, false));
    assert!(failed.stderr.text().contains("File \"<turn 3>\", line 1"), "{}", failed.stderr.text());
    let denied = session.run("open('/etc/passwd')").unwrap();
    assert_eq!((denied.denials.len(), session.ended()), (1, false));
    session.run("def add(a: int, b: int) -> int: return a + b + x").unwrap();
    assert_eq!(session.call::<_, i64>("add", (1, 2)).unwrap(), 23);
    assert_eq!(session.call::<_, i64>("add", ("1", 2)).unwrap_err().code(), ErrorCode::Signature);
    assert_eq!(session.call::<_, i64>("gone", ()).unwrap_err().code(), ErrorCode::Signature);
    assert_eq!(session.run("import sys; sys.exit(4)").unwrap().ending, Ending::Exit { code: 4 });
    assert_eq!(session.run("1").unwrap_err().code(), ErrorCode::Ended);
}

#[test]
fn a_session_begins_with_the_first_turn_that_reaches_it() {
    let sandbox = builder().env("KEY", "value").build_blocking().unwrap();
    let mut numbers = Vec::new();
    for _ in 0..2 {
        let mut session = sandbox.session(Language::Python).unwrap();
        let long = format!("'{}'", "x".repeat(17 << 20));
        assert_eq!(session.run(&long).unwrap_err().code(), ErrorCode::of_limit(ResourceKind::Input));
        let turn = session.run("import os, random\n[os.environ['KEY'], random.random()]").unwrap();
        assert_eq!(turn.value.as_ref().unwrap()[0], "value");
        numbers.push(turn.value.unwrap()[1].to_string());
    }
    assert_ne!(numbers[0], numbers[1]);
}

#[test]
fn a_session_that_was_stopped_has_ended() {
    let sandbox = builder().timeout(300.millis()).build_blocking().unwrap();
    let mut session = sandbox.session(Language::Python).unwrap();
    match session.run("while True: pass").unwrap().ending {
        Ending::Limit(LimitHit { kind: ResourceKind::WallTime, .. }) => {}
        other => panic!("{other:?}"),
    }
    assert!(session.ended());
    assert_eq!(session.run("1").unwrap_err().code(), ErrorCode::Ended);
    let mut other = sandbox.session(Language::Python).unwrap();
    assert_eq!(other.run("1").unwrap().value, Some(json!(1)));
}

/// Runs a script that must be stopped by a limit.
fn stopped(text: &str) -> ResourceKind {
    let sandbox = script(text).timeout(500.millis()).build_blocking().unwrap();
    let started = std::time::Instant::now();
    let result = sandbox.execute([""; 0]).unwrap();
    assert!(started.elapsed() < Duration::from_secs(3), "{text}: {:?}", started.elapsed());
    match result.ending {
        Ending::Limit(hit) => hit.kind,
        other => panic!("{text}: {other:?} {}", result.stderr.text()),
    }
}

#[test]
fn a7_loops_end_in_python_and_in_its_libraries() {
    for text in [
        "while True: pass",
        "7 ** (7 ** 9)",
        "import re; re.match('(a+)+$', 'a' * 40 + 'b')",
        "import time; time.sleep(60)",
        "import numpy as np\na = np.ones((600, 600))\nwhile True: a = a @ a / 600",
    ] {
        let kind = stopped(text);
        assert!(matches!(kind, ResourceKind::WallTime | ResourceKind::Memory), "{text}: {kind:?}");
    }
    assert_eq!(stopped("while True: print('flood' * 1000)"), ResourceKind::Output);
}

#[test]
fn deep_nesting_is_an_exception_and_never_the_end_of_the_process() {
    let text = r#"
import ast, json, re, sys
def nest():
    x = []
    for _ in range(100000): x = [x]
    return repr(x)
def recurse():
    sys.setrecursionlimit(10 ** 9)
    def f(n): return f(n + 1)
    f(0)
def attempt(f):
    try: f(); return "done"
    except (RecursionError, MemoryError) as error: return type(error).__name__
print(attempt(lambda: json.loads('[' * 100000)), attempt(lambda: ast.parse('-' * 20000 + '1')), attempt(nest), attempt(recurse))
print("alive")
"#;
    assert_eq!(printed(text), "RecursionError MemoryError RecursionError RecursionError\nalive\n");
}

#[test]
fn memory_bombs_are_memory_errors_first() {
    let caught =
        "try:\n    x = bytearray(10 ** 9)\nexcept MemoryError:\n    print('caught')\nprint(len(bytearray(10 ** 6)))";
    assert_eq!(printed(caught), "caught\n1000000\n");
    let result = run("x = []\nwhile True: x.append(bytearray(10 ** 6))");
    assert_eq!(result.ending, Ending::Exit { code: 1 });
    assert!(result.stderr.text().contains("MemoryError"), "{}", result.stderr.text());
    assert!(result.limits_hit.iter().any(|hit| hit.kind == ResourceKind::Memory), "{:?}", result.limits_hit);
}

#[test]
fn h10_nothing_is_left_for_the_next_instance() {
    let leave = "import builtins\nbuiltins.left = 'secret-5f'\nx = [bytes([0xaa]) * 4096 for _ in range(2000)]\nopen('/tmp/left', 'w').write('secret-5f')";
    let look = "import builtins, os, gc\nprint(hasattr(builtins, 'left'), os.listdir('/tmp'), any(isinstance(o, bytes) and len(o) == 4096 for o in gc.get_objects()))";
    for _ in 0..50 {
        assert_eq!(run(leave).ending, Ending::Exit { code: 0 });
        assert_eq!(printed(look), "False [] False\n");
    }
}

#[test]
fn h12_images_hold_no_path_of_the_host() {
    languages::setup(Language::Python);
    let cache = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache/wasm-sandbox");
    let mut looked_at = 0;
    for entry in fs::read_dir(cache.join("images")).unwrap() {
        let path = entry.unwrap().path();
        // The others are seals, locks and machine code.
        let Ok(image) = fs::read(&path) else { continue };
        if path.extension().is_none_or(|ending| ending != "large") || image.starts_with(b"\x7fELF") {
            continue;
        }
        looked_at += 1;
        let text = String::from_utf8_lossy(&image);
        assert!(!text.contains(env!("CARGO_TARGET_TMPDIR")), "{}", path.display());
    }
    assert!(looked_at >= 2, "{looked_at}");
}

#[tokio::test]
async fn sessions_run_side_by_side_on_an_executor() {
    let sandbox = builder().build().await.unwrap();
    let mut sessions = Vec::new();
    for number in 0..4 {
        let mut session = sandbox.session(Language::Python).await.unwrap();
        session.run(&format!("me = {number}")).await.unwrap();
        sessions.push(session);
    }
    for (number, session) in sessions.iter_mut().enumerate() {
        assert_eq!(session.run("me").await.unwrap().value, Some(json!(number)));
    }
}

/// Relative paths begin where the program may write, unless a folder was granted for them.
#[test]
fn relative_paths_begin_where_something_is_granted() {
    let text =
        "import os\nprint(os.getcwd())\ntry: print(open('data.txt').read())\nexcept FileNotFoundError: print('none')";
    assert_eq!(printed(text), "/tmp\nnone\n");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("data.txt"), "granted").unwrap();
    let sandbox = script(text).filesystem_read(folder.path(), "/project").build_blocking().unwrap();
    assert_eq!(sandbox.execute([""; 0]).unwrap().stdout.text(), "/project\ngranted\n");
    let script = "console.log(process.cwd(), require('fs').readFileSync('data.txt', 'utf8'))";
    for place in ["/project", "/"] {
        let sandbox = languages::source(Language::JavaScript, script).filesystem_read(folder.path(), place);
        let result = sandbox.build_blocking().unwrap().execute([""; 0]).unwrap();
        assert_eq!(result.stdout.text(), format!("{place} granted\n"), "{}", result.stderr.text());
    }
}

/// A lock that nobody can release is an exception or a timeout, and not a trap that ends the session.
#[test]
fn waiting_for_a_lock_does_not_end_the_session() {
    let mut session = session();
    let wait = "import threading, queue\nlock = threading.Lock()\nprint(lock.acquire(), lock.acquire(timeout=0.001))\nlock.acquire()";
    let result = session.run(wait).unwrap();
    assert_eq!(result.stdout.text(), "True False\n");
    assert!(matches!(&result.ending, Ending::Exception { name, .. } if name == "RuntimeError"), "{:?}", result.ending);
    for forever in ["queue.Queue().get()", "queue.SimpleQueue().get()", "threading.Event().wait()"] {
        let ending = session.run(forever).unwrap().ending;
        assert!(matches!(&ending, Ending::Exception { name, .. } if name == "RuntimeError"), "{forever}: {ending:?}");
    }
    assert_eq!(session.run("lock.release(); lock.locked()").unwrap().stdout.text(), "False\n");
}

/// Calls that pass through the interpreter's own code go as deep as Python's limit of recursion allows.
#[test]
fn calls_through_the_interpreters_own_code_go_deep() {
    let text = "import functools, sys\nsys.setrecursionlimit(5000)\n@functools.cache\ndef depth(n): return n and 1 + depth(n - 1)\nprint(depth(1500))\ntry: depth(10 ** 6)\nexcept RecursionError: print('too deep')";
    assert_eq!(printed(text), "1500\ntoo deep\n");
}
