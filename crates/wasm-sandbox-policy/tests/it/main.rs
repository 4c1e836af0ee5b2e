//! What the policy crate promises: defaults, mistakes, codes, texts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{collections::BTreeSet, time::Duration};

use wasm_sandbox_policy::{
    ByteSize, ByteUnits, ClockPolicy, ConfigValidator, Ending, ErrorCode, InstanceConfig, Output, RandomPolicy,
    ResourceKind, ResourceLimits, SandboxError, SandboxResult, TimeUnits,
};

#[test]
fn the_table_of_defaults_is_true() {
    let config = InstanceConfig::default();
    let json = serde_json::to_value(&config).unwrap();
    let table = include_str!("../../../../docs/guide/defaults.md");
    let mut seen = BTreeSet::new();
    for line in table.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let (key, stated) = (cells[1].trim_matches('`'), cells[2].trim_matches('`'));
        let value = key.split('.').fold(&json, |value, part| &value[part]);
        let said = match value {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Array(items) if items.is_empty() => "none".to_owned(),
            serde_json::Value::Object(fields) if fields.is_empty() => "none".to_owned(),
            serde_json::Value::Object(fields) => {
                fields.iter().map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join(", ")
            }
            other => other.to_string(),
        };
        assert_eq!(said, stated, "{key}");
        seen.insert(key.to_owned());
    }
    let limits = json["limits"].as_object().unwrap();
    assert!(limits.keys().all(|name| seen.contains(&format!("limits.{name}"))), "a limit is not in the table");
}

#[test]
fn every_mistake_is_said_at_once() {
    let text = r#"
        [limits]
        memory = "1KB"
        timeout = "0s"
        stack = "1GB"
        open_files = 2
        fuel = { units = 0 }
        table_elements = 10000000
        [capabilities.system]
        clock = { coarse = "5s" }
        [capabilities.system.environment.variables]
        "A=B" = "x"
        [[capabilities.filesystem.mounts]]
        kind = "memory"
        guest = "/tmp"
        [[capabilities.filesystem.mounts]]
        kind = "host"
        guest = "tmp/"
        host = ""
    "#;
    let Err(SandboxError::Configuration { problems }) = InstanceConfig::from_toml(text) else { panic!("accepted") };
    let fields: BTreeSet<&str> = problems.iter().map(|problem| problem.field.as_str()).collect();
    let expected = [
        "capabilities.filesystem.mounts[1].guest",
        "capabilities.filesystem.mounts[1].host",
        "capabilities.system.clock",
        "capabilities.system.environment.variables.A=B",
        "limits.fuel",
        "limits.memory",
        "limits.open_files",
        "limits.stack",
        "limits.table_elements",
        "limits.timeout",
    ];
    assert_eq!(fields, expected.into_iter().collect());
    assert!(problems.iter().all(|problem| problem.suggestion.is_some()));
}

#[test]
fn what_is_not_known_is_an_error() {
    for text in [
        "[limits]\ntimout = \"1s\"",
        "[capabilities]\nnetworks = \"deny\"",
        "[capabilities]\nnetwork = \"allow\"",
        "[capabilities.system]\nthreads = \"allow\"",
        "[limits]\nmemory = \"lots\"",
        "[limits]\nmemory = 64",
        "[[capabilities.filesystem.mounts]]\nkind = \"memory\"\nguest = \"/a/../b\"",
        "[[capabilities.filesystem.mounts]]\nkind = \"memory\"\nguest = \"/a\"\nhost = \"/b\"",
        "not toml",
    ] {
        assert_eq!(InstanceConfig::from_toml(text).unwrap_err().code(), ErrorCode::Configuration, "{text}");
    }
    let config = InstanceConfig::from_toml("[limits]\nmemory = \"32 MB\"\ntimeout = \"1m 30s\"").unwrap();
    assert_eq!((config.limits.memory, config.limits.timeout), (32.mb(), 90.seconds()));
    assert_eq!(InstanceConfig::from_json(&serde_json::to_string(&config).unwrap()).unwrap(), config);
}

#[test]
fn advice_is_given_where_there_is_cause() {
    let closed = InstanceConfig::default();
    assert!(ConfigValidator::new(&closed).suggest_improvements().is_empty());
    let open = InstanceConfig::builder()
        .filesystem_write("/", "/all")
        .env("API_TOKEN", "x")
        .clock(ClockPolicy::Real)
        .random(RandomPolicy::Seeded(1))
        .build()
        .unwrap();
    let fields: Vec<String> =
        ConfigValidator::new(&open).suggest_improvements().into_iter().map(|advice| advice.field).collect();
    assert_eq!(
        fields,
        [
            "capabilities.filesystem.mounts[0].access",
            "capabilities.filesystem.mounts[0].host",
            "capabilities.system.clock",
            "capabilities.system.random",
            "capabilities.system.environment.variables.API_TOKEN",
        ]
    );
}

#[test]
fn estimates_are_sums_of_limits() {
    let config = InstanceConfig::builder().filesystem_memory("/tmp").build().unwrap();
    let estimate = ConfigValidator::new(&config).estimate_resource_usage();
    let expected = (64 + 1 + 10 + 16 + 100) * (1 << 20) + 800_000;
    assert_eq!(estimate.memory, ByteSize::bytes(expected));
    assert_eq!((estimate.disk, estimate.wall_time), (ByteSize::bytes(0), Duration::from_secs(30)));
}

#[test]
fn every_code_has_one_row() {
    let rows: Vec<String> = ErrorCode::TABLE
        .iter()
        .map(|row| format!("{} {} {} {} {}", row.name, row.exit, row.http, row.mcp, row.exception))
        .collect();
    assert_eq!(
        rows,
        [
            "trap 1 422 -32001 TrapError",
            "function 1 422 -32002 FunctionError",
            "exit 1 422 -32003 ExitError",
            "configuration 2 400 -32602 ConfigurationError",
            "signature 2 400 -32602 SignatureError",
            "denied 121 403 -32004 DeniedError",
            "limit 122 422 -32005 LimitError",
            "compilation 123 422 -32006 CompilationError",
            "timeout 124 408 -32007 TimeoutError",
            "toolchain 125 503 -32008 ToolchainError",
            "unenforceable 125 501 -32009 UnenforceableError",
            "ended 125 409 -32010 EndedError",
            "cancelled 125 499 -32011 CancelledError",
            "internal 125 500 -32603 InternalError",
            "not_runnable 126 415 -32012 NotRunnableError",
            "file_not_found 127 404 -32013 NotFoundError",
            "function_not_found 127 404 -32601 NotFoundError",
        ]
    );
    for row in ErrorCode::TABLE {
        assert_eq!(row.code.row().name, row.name);
    }
    assert_eq!(ErrorCode::of_limit(ResourceKind::WallTime), ErrorCode::Timeout);
    assert_eq!(ErrorCode::of_limit(ResourceKind::Memory), ErrorCode::Limit);
}

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

#[test]
fn limits_are_finite() {
    let limits = ResourceLimits::default();
    assert!(limits.timeout <= Duration::from_secs(60) && limits.memory <= 1.gb());
    assert!(InstanceConfig::default().validate().is_empty());
}

/// The schemas of what travels as text; `BLESS=1` rewrites them.
#[test]
#[expect(clippy::disallowed_methods, reason = "a test's own switch")]
fn the_schemas_are_current() {
    let schemas = [
        ("policy.schema.json", serde_json::to_value(schemars::schema_for!(InstanceConfig)).unwrap()),
        ("result.schema.json", serde_json::to_value(schemars::schema_for!(SandboxResult)).unwrap()),
    ];
    for (name, schema) in schemas {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema").join(name);
        let text = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "{name} is old: run the test with BLESS=1");
    }
}

/// Configurations that differ in every field that narrowing looks at, in all combinations.
fn configurations() -> Vec<InstanceConfig> {
    use wasm_sandbox_policy::InstanceConfigBuilder;
    type Change = fn(InstanceConfigBuilder) -> InstanceConfigBuilder;
    let axes: [&[Change]; 5] = [
        &[
            |b| b,
            |b| b.filesystem_read("/a", "/x"),
            |b| b.filesystem_write("/a", "/x"),
            |b| b.filesystem_overlay("/a", "/x"),
        ],
        &[|b| b, |b| b.filesystem_memory("/y"), |b| b.filesystem_read("/c", "/y")],
        &[|b| b.env("A", "1"), |b| b.env("A", "2").env("B", "1")],
        &[|b| b, |b| b.clock(ClockPolicy::Real), |b| b.clock(ClockPolicy::Frozen { unix_ns: 7 })],
        &[|b| b, |b| b.memory_limit(1.mb()).fuel(100), |b| b.memory_limit(128.mb()).timeout(1.seconds()).fuel(50)],
    ];
    axes.iter()
        .fold(vec![InstanceConfig::builder()], |builders, axis| {
            builders.iter().flat_map(|builder| axis.iter().map(|change| change(builder.clone()))).collect()
        })
        .into_iter()
        .map(|builder| builder.build().unwrap())
        .collect()
}

#[test]
fn narrowing_never_widens() {
    let all = configurations();
    let none = InstanceConfig::default();
    for one in &all {
        assert_eq!(one.narrowed_by(one), *one);
        assert!(one.permits(one));
        for other in &all {
            let both = one.narrowed_by(other);
            assert!(one.permits(&both) && other.permits(&both), "{one:?}\n{other:?}\n{both:?}");
            assert_eq!(both.narrowed_by(other), both);
            if other.permits(one) {
                assert_eq!(both, *one, "a wider policy changes nothing");
            }
        }
        assert!(one.narrowed_by(&none).capabilities.filesystem.mounts.is_empty());
    }
    let write = InstanceConfig::builder().filesystem_write("/a", "/x").build().unwrap();
    let read = InstanceConfig::builder().filesystem_read("/a", "/x").build().unwrap();
    assert!(write.permits(&read) && !read.permits(&write) && !none.permits(&read));
}
