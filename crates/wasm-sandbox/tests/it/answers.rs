//! What interpreters answer, and what a hostile program makes of it.

use std::{fs, time::Duration};

use serde_json::{Value, json};
use wasm_sandbox::{ByteUnits, ErrorCode, Language, ResourceKind, SandboxError};

use crate::{alone, languages, process::peak_of};

const PYTHON: &str = "def small():\n    return {'': 0}\n\ndef bomb():\n    return [{'': 0}] * 1_500_000\n";
const JAVASCRIPT: &str =
    "export const small = () => ({'': 0}); export const bomb = () => Array(1_500_000).fill({'': 0});";

/// Ten megabytes of text that would be two gigabytes of values.
#[test]
fn d4_an_answer_that_would_fill_the_host_is_a_limit() {
    alone("answers::d4_an_answer_that_would_fill_the_host_is_a_limit", || {
        for (language, text) in [(Language::Python, PYTHON), (Language::JavaScript, JAVASCRIPT)] {
            let mut sandbox = languages::source(language, text).memory_limit(1.gb()).build_blocking().unwrap();
            assert_eq!(sandbox.call::<_, Value>("small", ()).unwrap(), json!({ "": 0 }));
            let peak = peak_of(|| {
                let error = sandbox.call::<_, Value>("bomb", ()).unwrap_err();
                let limit = matches!(error, SandboxError::ResourceExhausted { kind: ResourceKind::Input, .. });
                assert!(limit, "{error:?}");
            });
            assert!(peak < 256 << 20, "{language:?}: {} MiB more", peak >> 20);
            assert_eq!(sandbox.call::<_, Value>("small", ()).unwrap(), json!({ "": 0 }), "the next call is served");
        }
    });
}

#[test]
fn what_a_script_raises_while_it_is_called_is_its_exception() {
    let python = "def wrong():\n    raise SyntaxError('mine')\n";
    let javascript = "export function wrong() { throw new SyntaxError('mine') }";
    for (language, text) in [(Language::Python, python), (Language::JavaScript, javascript)] {
        let mut sandbox = languages::source(language, text).build_blocking().unwrap();
        let error = sandbox.call::<_, Value>("wrong", ()).unwrap_err();
        assert!(
            matches!(&error, SandboxError::Exception { name, message, .. } if name == "SyntaxError" && message == "mine"),
            "{error:?}"
        );
        let error = languages::source(language, "let def (").build_blocking().unwrap().call::<_, Value>("f", ());
        assert_eq!(error.unwrap_err().code(), ErrorCode::Compilation);
    }
}

/// A module is described under the caller's grants and limits.
#[test]
fn functions_are_described_as_they_are_called() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("other.js"), "export const two = () => 2;").unwrap();
    let script = || {
        languages::source(
            Language::JavaScript,
            "import { two } from '/project/other.js'; export const four = () => two() * 2;",
        )
    };
    let granted = script().filesystem_read(folder.path(), "/project");
    assert_eq!(granted.build_blocking().unwrap().call::<_, i32>("four", ()).unwrap(), 4);
    let refused = script().build_blocking().unwrap().call::<_, i32>("four", ()).unwrap_err();
    assert!(matches!(&refused, SandboxError::Exception { message, .. } if message.contains("other.js")), "{refused:?}");

    let endless = languages::source(Language::JavaScript, "for (;;) {}; export const one = () => 1;");
    let begun = std::time::Instant::now();
    let error =
        endless.timeout(Duration::from_millis(200)).build_blocking().unwrap().call::<_, i32>("one", ()).unwrap_err();
    assert_eq!(error.code(), ErrorCode::Timeout);
    assert!(begun.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_result_that_is_no_text_is_an_exception() {
    let text = "def lone():\n    return '\\ud800'\n\ndef pair():\n    return '\\U0001f600'\n";
    let mut sandbox = languages::source(Language::Python, text).build_blocking().unwrap();
    let error = sandbox.call::<_, Value>("lone", ()).unwrap_err();
    assert!(matches!(&error, SandboxError::Exception { message, .. } if message.contains("no JSON")), "{error:?}");
    assert_eq!(sandbox.call::<_, String>("pair", ()).unwrap(), "😀");
}
