//! Guests that are linked with what their authors are given: the crate `wasm-sandbox-guest`, built by their own cargo, the header
//! `wasm_sandbox.h` (`guest_json.rs` has the others) and the package `wasmsandbox` in Go.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use serde_json::{Value, json};
use wasm_sandbox::{ErrorCode, Language, SandboxError, Setup, Source, WasmSandbox, WasmSandboxBuilder, blocking};

use crate::{languages, wat};

/// The example of that crate, built as its authors would build their own.
static GUEST: LazyLock<PathBuf> = LazyLock::new(|| {
    languages::setup(Language::Rust);
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("guest-kit");
    let built = Command::new("cargo")
        .args(["build", "--locked", "--package", "wasm-sandbox-guest", "--example", "guest"])
        .args(["--target", "wasm32-wasip1", "--target-dir"])
        .arg(&target)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    target.join("wasm32-wasip1/debug/examples/guest.wasm")
});

fn guest() -> blocking::WasmSandbox {
    WasmSandbox::builder().setup(Setup::default()).source(GUEST.as_path()).build_blocking().unwrap()
}

#[test]
fn exported_functions_are_called_with_their_types() {
    let mut guest = guest();
    assert_eq!(guest.call::<_, i32>("add", (5, -3)).unwrap(), 2);
    assert_eq!(guest.call::<_, char>("next", 'ü').unwrap(), 'ý');
    let count = guest.call::<_, BTreeMap<String, u32>>("count", ("a b a b a", ["a", "b"], Some(2)));
    assert_eq!(count.unwrap(), [("b".to_owned(), 2)].into());
    let moved = guest.call::<_, Value>("moved", (json!({"x": 1, "y": 2}), (0.5, 0.5))).unwrap();
    assert_eq!(moved, json!({"x": 1.5, "y": 2.5}));
    assert_eq!(guest.call::<_, i64>("halved", 8).unwrap(), 4);
    assert_eq!(guest.call::<_, String>("motto", ()).unwrap(), "trust nobody");
    guest.call::<_, ()>("tell", "a word").unwrap();
    assert_eq!(guest.take_report().stderr.text(), "info: a word\nerror: 6 bytes\n");
    match guest.call::<_, i64>("halved", 7) {
        Err(SandboxError::Function { value, .. }) => assert_eq!(value, "7 is odd"),
        other => panic!("{other:?}"),
    }
    for (function, arguments) in [("add", json!([1])), ("count", json!([1, [], null])), ("moved", json!([{}, [1, 2]]))]
    {
        let Value::Array(arguments) = arguments else { panic!() };
        let refused = guest.call::<_, Value>(function, arguments).unwrap_err();
        assert_eq!(refused.code(), ErrorCode::Signature, "{function}: {refused}");
    }
}

#[test]
fn exported_functions_are_described() {
    let guest = guest();
    let module = guest.module().unwrap();
    let described: Vec<String> = module.functions().unwrap().map(ToString::to_string).collect();
    let expected = [
        "add(a: s32, b: s32) -> s32",
        "count(text: string, words: list<string>, most: option<u32>) -> map<string, u32>",
        "halved(number: s64) -> result<s64, string>",
        "motto() -> string",
        "moved(point: Point, p1: tuple<f64, f64>) -> Point",
        "next(letter: char) -> char",
        "tell(text: string)",
    ];
    assert_eq!(described, expected);
    assert_eq!(module.function("count").unwrap().doc.as_deref(), Some("Text, lists, maps and\nnumbers."));
}

/// What a linker makes of the descriptions in several files.
#[test]
fn descriptions_may_follow_one_another() {
    let part = |name: &str| {
        let text = json!({"version": 1, "functions": [{"name": name, "export": name, "abi": "direct", "params": [], "result": "bool"}]});
        text.to_string().replace('"', "\\22")
    };
    let module = |section: &str| {
        let text = format!(
            "(module (func (export \"a\") (result i32) (i32.const 1)) (func (export \"b\") (result i32) (i32.const 0))
                (@custom \"wasm-sandbox.signatures\" \"{section}\"))"
        );
        WasmSandbox::builder().setup(Setup::default()).source(wat(&text)).build_blocking()
    };
    let mut both = module(&format!("{}{}", part("a"), part("b"))).unwrap();
    assert!(both.call::<_, bool>("a", ()).unwrap() && !both.call::<_, bool>("b", ()).unwrap());
    for (section, said) in [
        (format!("{}{}", part("a"), part("a")), "`a` is there twice"),
        (format!("{}{}", part("a"), part("b").replace(":1}", ":2}")), "its version is 2, not 1"),
        (format!("{}x", part("a")), "expected value"),
        (part("a").trim_end_matches('}').to_owned(), "EOF while parsing"),
    ] {
        let refused = module(&section).map(|_| ()).unwrap_err();
        assert!(refused.code() == ErrorCode::NotRunnable && refused.to_string().contains(said), "{refused}");
    }
}

/// Everything that the header has.
const IN_C: &str = r#"
#include <wasm_sandbox.h>
#ifdef __cplusplus
extern "C" {
#endif
WASM_SANDBOX_IMPORT(env, triple) int triple(int number);
WASM_SANDBOX_EXPORT(thrice) int thrice(int number) { return triple(number); }
WASM_SANDBOX_DESCRIBE({"name": "sum", "export": "sum", "doc": "Adds \"numbers\", C:\\ and all.", "abi": "json",
    "params": [{"name": "numbers", "type": {"list": "s32"}}], "result": {"result": {"ok": "s64", "err": "string"}}})
WASM_SANDBOX_EXPORT(sum) uint64_t sum(char *arguments, uint32_t len) {
    long long total = 0, count = 0;
    for (char *at = arguments, *end; *at; at = end > at ? end : at + 1) {
        long number = strtol(at, &end, 10);
        count += end > at;
        total += number;
    }
    free(arguments);
    wasm_sandbox_info("%d bytes", (int)len);
    if (!count) {
        wasm_sandbox_error("%s", "no numbers");
        return wasm_sandbox_err("\"nothing to add\"");
    }
    char text[32];
    snprintf(text, sizeof text, "%lld", total);
    return wasm_sandbox_ok(text);
}
WASM_SANDBOX_DESCRIBE({"name": "refuse", "export": "refuse", "abi": "json", "params": []})
WASM_SANDBOX_EXPORT(refuse) uint64_t refuse(char *arguments, uint32_t len) {
    free(arguments);
    wasm_sandbox_warn("%d bytes", (int)len);
    return wasm_sandbox_invalid("\"I take nothing\"");
}
#ifdef __cplusplus
}
#endif
"#;

fn c(text: &str) -> WasmSandboxBuilder {
    WasmSandbox::builder().setup(languages::setup(Language::C)).source(Source::code(Language::C, text))
}

/// What somebody makes of a source with a compiler of their own, which is begun with these words, and the headers.
pub(crate) fn compiled_elsewhere(text: &str, words: &[&str]) -> Vec<u8> {
    languages::setup(Language::C);
    let packages = fs::read_dir(languages::cache_dir().join("packages")).unwrap();
    let mut packages = packages.map(|entry| entry.unwrap().path());
    let package = packages.find(|path| path.file_name().unwrap().to_string_lossy().starts_with("ziglang-")).unwrap();
    let (folder, system) = (tempfile::tempdir().unwrap(), package.join("sysroot-c"));
    fs::write(folder.path().join("guest.c"), text).unwrap();
    let run = |words: &[&str], files: &[&str]| {
        let mut command = Command::new(package.join("ziglang/zig"));
        command.args(words).args(files.iter().map(|file| system.join(file))).current_dir(folder.path());
        let output = command.env("ZIG_GLOBAL_CACHE_DIR", folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let header = concat!(env!("CARGO_MANIFEST_DIR"), "/../../guests/sdk/c");
    let warnings = ["-Wall", "-Wextra", "-Werror"];
    let compile = ["-c", "-O2", "-target", "wasm32-wasi", "-I", header, "guest.c", "-o", "guest.o"];
    run(&[words, &compile, &warnings].concat(), &[]);
    let link = ["wasm-ld", "--entry", "_initialize", "-o", "guest.wasm", "guest.o"];
    run(&link, &["crt1-reactor.o", "libc.a", "libzigc.a", "libcompiler_rt.a"]);
    fs::read(folder.path().join("guest.wasm")).unwrap()
}

#[test]
fn guests_in_c_have_a_header() {
    let cpp = WasmSandbox::builder().setup(languages::setup(Language::Cpp));
    for builder in [
        c(IN_C),
        c(&IN_C.replace("<wasm_sandbox.h>", "\"wasm_sandbox.h\"")),
        cpp.source(Source::code(Language::Cpp, IN_C)),
        WasmSandbox::builder().setup(Setup::default()).source(compiled_elsewhere(IN_C, &["cc", "-std=c17"])),
    ] {
        let mut guest =
            builder.host_function("env", "triple", |_, (number,): (i32,)| Ok(number * 3)).build_blocking().unwrap();
        assert_eq!(guest.call::<_, i32>("thrice", 4).unwrap(), 12);
        assert_eq!(guest.call::<_, i64>("sum", vec![1, -5, 2_000_000_000, 2_000_000_000]).unwrap(), 3_999_999_996);
        assert_eq!(guest.take_report().stderr.text(), "info: 30 bytes\n");
        match guest.call::<_, i64>("sum", Vec::<i32>::new()) {
            Err(SandboxError::Function { value, .. }) => assert_eq!(value, "nothing to add"),
            other => panic!("{other:?}"),
        }
        assert_eq!(guest.take_report().stderr.text(), "info: 4 bytes\nerror: no numbers\n");
        let refused = guest.call::<_, ()>("refuse", ()).unwrap_err();
        assert!(refused.to_string().contains("I take nothing"), "{refused}");
        let module = guest.module().unwrap();
        assert_eq!(module.function("sum").unwrap().to_string(), "sum(numbers: list<s32>) -> result<s64, string>");
        assert_eq!(module.function("sum").unwrap().doc.as_deref(), Some("Adds \"numbers\", C:\\ and all."));
        assert_eq!(module.functions().unwrap().count(), 3);
    }
}

/// What a source says of its functions is checked like every guest's word; a header of its own comes before ours.
#[test]
fn what_a_source_in_c_says_of_itself_is_checked() {
    for (text, said) in [
        ("WASM_SANDBOX_DESCRIBE({\"name\": )", "the custom section cannot be used"),
        (
            "WASM_SANDBOX_DESCRIBE({\"name\": \"f\", \"export\": \"f\", \"abi\": \"json\", \"params\": []})\nint f(void) { return 1; }",
            "`f`",
        ),
    ] {
        let refused = c(&format!("#include <wasm_sandbox.h>\n{text}\n")).build_blocking().map(|_| ()).unwrap_err();
        assert!(refused.code() == ErrorCode::NotRunnable && refused.to_string().contains(said), "{refused}");
    }
    // A function that goes by another name outside has that one only.
    let mut renamed = c("#include <wasm_sandbox.h>\nWASM_SANDBOX_EXPORT(outer) int inner(int x) { return x; }")
        .build_blocking()
        .unwrap();
    assert_eq!(renamed.call::<_, i32>("outer", 3).unwrap(), 3);
    assert_eq!(renamed.call::<_, i32>("inner", 3).unwrap_err().code(), ErrorCode::FunctionNotFound);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("wasm_sandbox.h"), "#define OWN 7\n").unwrap();
    let source = folder.path().join("guest.c");
    fs::write(&source, "#include \"wasm_sandbox.h\"\nint f(void) { return OWN; }").unwrap();
    let own = WasmSandbox::builder().setup(languages::setup(Language::C)).source(source.as_path()).build_blocking();
    assert_eq!(own.unwrap().call::<_, i32>("f", ()).unwrap(), 7);
}

/// A module in Go of these files.
fn go(files: &[(&str, &str)]) -> Result<blocking::WasmSandbox, SandboxError> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    WasmSandbox::builder().setup(languages::setup(Language::Go)).source(folder.path()).build_blocking()
}

#[test]
fn guests_in_go_have_a_package() {
    let text = "package a\n\nimport \"wasmsandbox\"\n
        // Tell tells.\nfunc Tell(text string) {\nwasmsandbox.Info(\"%s\", text)\nwasmsandbox.Warn(\"%d\", 1)\nwasmsandbox.Error(\"100%%\")\n}\n";
    let setup = languages::setup(Language::Go);
    let alone = WasmSandbox::builder().setup(setup).source(Source::code(Language::Go, text)).build_blocking();
    let module = go(&[("go.mod", "module example.com/a\n\ngo 1.21"), ("a.go", text)]);
    // A package that is there with others that were brought, and is imported by a part of the module.
    let vendored = go(&[
        ("go.mod", "module a\n\ngo 1.21\n\nrequire example.org/far v1.2.3"),
        ("vendor/modules.txt", "# example.org/far v1.2.3\n## explicit\nexample.org/far"),
        ("vendor/example.org/far/far.go", "package far\n\nconst Text = \"\"\n"),
        ("told/told.go", &text.replace("package a", "package told")),
        (
            "a.go",
            "package a\n\nimport (\n\"a/told\"\n\"example.org/far\"\n)\n\nfunc Tell(text string) { told.Tell(text + far.Text) }\n",
        ),
    ]);
    for guest in [alone, module, vendored] {
        let mut guest = guest.unwrap();
        guest.call::<_, ()>("Tell", "a word").unwrap();
        assert_eq!(guest.take_report().stderr.text(), "info: a word\nwarning: 1\nerror: 100%\n");
    }
    // Whoever says where to find a package of this name has that one.
    let own = go(&[
        ("go.mod", "module a\n\ngo 1.21\n\nrequire wasmsandbox v1.0.0\n\nreplace wasmsandbox => ./own\n"),
        ("own/go.mod", "module wasmsandbox\n"),
        ("own/own.go", "package wasmsandbox\n\nconst Own = 7\n"),
        ("a.go", "package a\n\nimport \"wasmsandbox\"\n\nfunc F() int { return wasmsandbox.Own }\n"),
    ]);
    assert_eq!(own.unwrap().call::<_, i64>("F", ()).unwrap(), 7);
}
