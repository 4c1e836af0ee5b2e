//! Units, results and schemas: what travels as text.

use wasm_sandbox_policy::{
    ByteSize, ByteUnits, Ending, ErrorReport, InstanceConfig, Manifest, Output, SandboxError, SandboxResult,
};

#[test]
fn units_read_as_they_are_written() {
    assert_eq!(64.mb().as_u64(), 67_108_864);
    for (text, size) in [("64MB", 64.mb()), ("64 MiB", 64.mb()), ("512k", 512.kb()), ("2GB", 2.gb()), ("7B", 7.bytes())]
    {
        assert_eq!(text.parse::<ByteSize>().unwrap(), size, "{text}");
        assert_eq!(size.to_string().parse::<ByteSize>().unwrap(), size);
    }
    for text in ["", "MB", "-1MB", "1XB", "1e400MB"] {
        assert!(text.parse::<ByteSize>().is_err(), "{text}");
    }
}

#[test]
fn results_survive_json() {
    let mut result = SandboxResult::empty();
    result.stdout = Output::from(vec![0xff, 0xfe]);
    result.stderr = Output::from(b"text".to_vec());
    result.ending = Ending::Exit { code: 3 };
    let text = serde_json::to_string(&result).unwrap();
    let back: SandboxResult = serde_json::from_str(&text).unwrap();
    assert_eq!((back.stdout.bytes(), back.stderr.bytes()), (&[0xff, 0xfe][..], &b"text"[..]));
    assert_eq!(back.ending, Ending::Exit { code: 3 });
    assert!(text.contains("\"stderr\":\"text\"") && text.contains("base64"), "{text}");
}

/// What programs read of an error has the code that never changes, and where an exception came from.
#[test]
fn errors_travel_as_text() {
    let exception = SandboxError::Exception {
        function: "f".to_owned(),
        name: "ValueError".to_owned(),
        message: "no".to_owned(),
        stack: "line 1, in f".to_owned(),
    };
    let report = serde_json::to_value(ErrorReport::from(&exception)).unwrap();
    let expected = serde_json::json!({
        "code": "function", "message": "`f` raised ValueError: no", "suggestion": null, "stack": "line 1, in f"
    });
    assert_eq!(report, expected);
    let missing =
        serde_json::to_value(ErrorReport::from(&SandboxError::FileNotFound { path: "x".to_owned() })).unwrap();
    assert_eq!(missing, serde_json::json!({ "code": "file_not_found", "message": "no file `x`", "suggestion": null }));
    for ending in [Ending::Return, Ending::Exit { code: 0 }] {
        assert!(ending.error("f").is_none() && ending.success());
    }
    for ending in [Ending::Exit { code: 7 }, Ending::Cancel, Ending::of_error(&exception)] {
        assert!(ending.error("f").is_some() && !ending.success());
    }
}

/// The schemas of what travels as text; `BLESS=1` rewrites them.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test's own switch")]
fn the_schemas_are_current() {
    let schemas = [
        ("policy.schema.json", serde_json::to_value(schemars::schema_for!(InstanceConfig)).unwrap()),
        ("manifest.schema.json", serde_json::to_value(schemars::schema_for!(Manifest)).unwrap()),
        ("result.schema.json", serde_json::to_value(schemars::schema_for!(SandboxResult)).unwrap()),
    ];
    for (name, schema) in schemas {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema").join(name);
        let text = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        assert!(std::fs::read_to_string(&path).unwrap() == text, "{name} is old: run the test with BLESS=1");
    }
}

#[test]
fn every_ending_survives_json() {
    use wasm_sandbox_policy::{Ending, LimitHit, ResourceKind, Trap, TrapKind};
    let trap = Trap { reason: TrapKind::Other, message: "m".to_owned(), backtrace: vec!["f".to_owned()] };
    for ending in [
        Ending::Return,
        Ending::Exit { code: 3 },
        Ending::Trap(trap),
        Ending::Limit(LimitHit { kind: ResourceKind::WallTime, used: 2, limit: 1 }),
        Ending::Exception { name: "E".to_owned(), message: "m".to_owned() },
        Ending::Cancel,
    ] {
        let text = serde_json::to_string(&ending).unwrap();
        assert_eq!(serde_json::from_str::<Ending>(&text).unwrap(), ending, "{text}");
        assert!(text.starts_with("{\"type\":"), "{text}");
    }
}
