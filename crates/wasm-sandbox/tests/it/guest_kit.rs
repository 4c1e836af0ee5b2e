//! Guests in Rust that were built by their own cargo, with the crate `wasm-sandbox-guest`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use serde_json::{Value, json};
use wasm_sandbox::{ErrorCode, Language, SandboxError, Setup, WasmSandbox, blocking};

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
