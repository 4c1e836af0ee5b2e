//! The guides say what the code does.

use std::collections::BTreeSet;

use serde_json::Value;
use wasm_sandbox_policy::{
    ByteUnits, ClockPolicy, ConfigProblem, Denial, ErrorCode, InstanceConfig, InstanceConfigBuilder, NetworkGrants,
    RandomPolicy, ResourceKind, ResourceLimits, SandboxError, SandboxResult, TimeUnits, Trap, TrapKind,
};

const DEFAULTS: &str = include_str!("../../../../docs/guide/defaults.md");
const POLICY: &str = include_str!("../../../../docs/guide/policy.md");
const ERRORS: &str = include_str!("../../../../docs/guide/errors.md");

/// The rows of the table whose header begins with `first`, cell by cell, without the code marks of whole cells.
fn table<'a>(document: &'a str, first: &str) -> Vec<Vec<&'a str>> {
    let header = format!("| {first} |");
    let rows = document.lines().skip_while(|line| !line.starts_with(&header)).skip(2);
    let cells = |line: &'a str| line.trim_matches('|').split('|').map(str::trim).collect();
    rows.take_while(|line| line.starts_with('|')).map(cells).collect()
}

/// The names in a cell: `a`, `b`.
fn names(cell: &str) -> Vec<&str> {
    cell.split(", ").map(|name| name.trim_matches('`')).filter(|name| !name.is_empty()).collect()
}

fn at<'a>(json: &'a Value, key: &str) -> &'a Value {
    key.split('.').fold(json, |value, part| &value[part])
}

#[test]
fn the_table_of_defaults_is_true() {
    let json = serde_json::to_value(InstanceConfig::default()).unwrap();
    let mut seen = BTreeSet::new();
    for row in table(DEFAULTS, "Key") {
        let [key, stated, _, _, _] = row[..] else { panic!("{row:?}") };
        let key = key.trim_matches('`');
        let said = match &setting(&json, key) {
            Value::String(text) => text.clone(),
            Value::Array(items) if items.is_empty() => "none".to_owned(),
            Value::Object(fields) if fields.is_empty() => "none".to_owned(),
            Value::Object(fields) => {
                fields.iter().map(|(name, value)| format!("{name} = {value}")).collect::<Vec<_>>().join(", ")
            }
            other => other.to_string(),
        };
        assert_eq!(said, stated.trim_matches('`'), "{key}");
        assert!(seen.insert(key.to_owned()), "{key} is there twice");
    }
    let mut settings: BTreeSet<String> = leaves("", &json).into_iter().collect();
    settings.extend(leaves(GRANTS, &serde_json::to_value(NetworkGrants::default()).unwrap()));
    assert_eq!(seen, settings, "the table has every setting, and nothing else");
}

const GRANTS: &str = "capabilities.network.allow";

/// The value of a setting; where nothing is granted of the network, what would be beside the first rule.
fn setting(json: &Value, key: &str) -> Value {
    let grants = serde_json::to_value(NetworkGrants::default()).unwrap();
    match key.strip_prefix(GRANTS) {
        Some(name) if at(json, key).is_null() => grants[name.trim_start_matches('.')].clone(),
        None if key == "capabilities.network" && at(json, key).is_object() => "deny".into(),
        _ => at(json, key).clone(),
    }
}

/// The paths of all settings. A clock is one setting, though it is a table.
fn leaves(place: &str, value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) if !fields.is_empty() && !place.ends_with("clock") => fields
            .iter()
            .flat_map(|(name, value)| leaves(format!("{place}.{name}").trim_start_matches('.'), value))
            .collect(),
        _ => vec![place.to_owned()],
    }
}

/// Each method of the builder changes the setting in whose row it is, and no other.
#[test]
fn the_builder_has_what_the_table_says() {
    type Method = fn(InstanceConfigBuilder) -> InstanceConfigBuilder;
    let methods: [(&str, Method); 17] = [
        ("filesystem_read", |b| b.filesystem_read("/a", "/b")),
        ("filesystem_write", |b| b.filesystem_write("/a", "/b")),
        ("filesystem_overlay", |b| b.filesystem_overlay("/a", "/b")),
        ("filesystem_memory", |b| b.filesystem_memory("/b")),
        ("filesystem_zip", |b| b.filesystem_zip("/a", "/b")),
        ("network_deny_all", |b| b.network_deny_all()),
        ("network_allow", |b| b.network_allow("example.com:443")),
        ("network_secret", |b| b.network_allow("a.com:443").network_secret("a.com:443", "A", "1")),
        ("env", |b| b.env("A", "1")),
        ("clock", |b| b.clock(ClockPolicy::Real)),
        ("random", |b| b.random(RandomPolicy::Seeded(1))),
        ("memory_limit", |b| b.memory_limit(1.mb())),
        ("cpu_time", |b| b.cpu_time(1.seconds())),
        ("timeout", |b| b.timeout(1.seconds())),
        ("fuel", |b| b.fuel(1)),
        ("output_limit", |b| b.output_limit(1.mb())),
        ("disk_limit", |b| b.disk_limit(1.mb())),
    ];
    let default = serde_json::to_value(InstanceConfig::default()).unwrap();
    let rows = table(DEFAULTS, "Key");
    let mut documented = BTreeSet::new();
    for row in &rows {
        for name in names(row[3]).into_iter().filter(|name| *name != "limits") {
            let (_, method) = methods.iter().find(|(method, _)| *method == name).expect(name);
            let config = method(InstanceConfig::builder()).build().unwrap();
            let json = serde_json::to_value(config).unwrap();
            let changed: Vec<&str> = rows
                .iter()
                .map(|row| row[0].trim_matches('`'))
                .filter(|key| setting(&json, key) != setting(&default, key))
                // A secret needs a host that is granted.
                .filter(|key| name != "network_secret" || !key.ends_with(".rules"))
                .collect();
            // The network is denied already.
            let expected: &[&str] = if name == "network_deny_all" { &[] } else { &[row[0].trim_matches('`')] };
            assert_eq!(changed, expected, "{name}");
            documented.insert(name);
        }
        let of_limits = row[0].contains("`limits.");
        assert!(!names(row[3]).contains(&"limits") || of_limits, "{row:?}");
        assert!(!of_limits || names(row[3]).len() == 1, "every limit can be set: {row:?}");
    }
    assert_eq!(documented, methods.iter().map(|(name, _)| *name).collect());
}

#[test]
fn limits_are_finite() {
    let limits = ResourceLimits::default();
    assert!(limits.timeout <= 60.seconds() && limits.memory <= 1.gb());
    assert!(InstanceConfig::default().validate().is_empty());
}

/// The blocks of a document in one language, in order.
fn blocks<'a>(document: &'a str, language: &str) -> Vec<&'a str> {
    let open = format!("```{language}\n");
    document.split(&open).skip(1).map(|rest| rest.split("\n```").next().unwrap()).collect()
}

#[test]
fn the_guide_to_policies_holds_policies() {
    let toml: Vec<InstanceConfig> =
        blocks(POLICY, "toml").into_iter().map(|text| InstanceConfig::from_toml(text).expect(text)).collect();
    let json: Vec<InstanceConfig> =
        blocks(POLICY, "json").into_iter().map(|text| InstanceConfig::from_json(text).expect(text)).collect();
    assert_eq!((toml.len(), json.len()), (9, 1));
    assert_eq!(json[0], toml[0], "the same in JSON");
    assert_eq!(toml[8], InstanceConfig::default(), "the limits shown are the defaults");
    let grants = toml[7].capabilities.network.grants().unwrap();
    let default =
        NetworkGrants { rules: grants.rules.clone(), roots: grants.roots.clone(), ..NetworkGrants::default() };
    assert_eq!(NetworkGrants { secrets: Vec::new(), ..grants.clone() }, default, "the amounts shown are the defaults");
    let all_limits = toml::from_str::<toml::Table>(blocks(POLICY, "toml")[8]).unwrap();
    let default = serde_json::to_value(ResourceLimits::default()).unwrap();
    assert_eq!(all_limits["limits"].as_table().unwrap().len(), default.as_object().unwrap().len(), "all of them");
}

#[test]
fn the_guide_to_policies_shows_mistakes_as_they_are_said() {
    let (mistaken, said) = (blocks(POLICY, "toml,mistaken"), blocks(POLICY, "text"));
    assert_eq!((mistaken.len(), said.len()), (1, 1));
    assert_eq!(InstanceConfig::from_toml(mistaken[0]).unwrap_err().to_string(), said[0]);
}

#[test]
fn the_table_of_errors_is_that_of_the_code() {
    let documented: Vec<String> = table(ERRORS, "Code").iter().map(|row| row[..5].join(" ").replace('`', "")).collect();
    let coded: Vec<String> = ErrorCode::TABLE
        .iter()
        .map(|row| format!("{} {} {} {} {}", row.name, row.exit, row.http, row.mcp, row.exception))
        .collect();
    assert_eq!(documented, coded);
    for row in ErrorCode::TABLE {
        assert_eq!(row.code.row().name, row.name, "one row a code");
    }
}

/// The codes are promised to users: they change nowhere unless here too.
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
}

#[test]
fn errors_have_the_codes_of_the_table() {
    let documented: BTreeSet<(&str, &str)> = table(ERRORS, "Code")
        .into_iter()
        .flat_map(|row| names(row[5]).into_iter().map(move |variant| (row[0].trim_matches('`'), variant)))
        .collect();
    let errors: Vec<SandboxError> = errors();
    let texts: Vec<String> = errors.iter().map(|error| format!("{error:?}")).collect();
    let actual: BTreeSet<(&str, &str)> = errors
        .iter()
        .zip(&texts)
        .map(|(error, text)| (error.code().row().name, text.split([' ', '(']).next().unwrap()))
        .collect();
    assert_eq!(documented, actual);
}

/// One error of every variant, and of those with a limit one of every code.
fn errors() -> Vec<SandboxError> {
    let text = String::new;
    let context = Denial { operation: text(), target: text(), capability: text(), reason: None, count: 1 };
    let trap = Trap { reason: TrapKind::Other, message: text(), backtrace: Vec::new() };
    let limit = |kind| SandboxError::ResourceExhausted { kind, used: 2, limit: 1 };
    vec![
        SandboxError::SecurityViolation { context },
        limit(ResourceKind::Memory),
        limit(ResourceKind::WallTime),
        limit(ResourceKind::CompileTime),
        SandboxError::WasmRuntime { trap, stderr: text() },
        SandboxError::Function { function: text(), value: Value::Null },
        SandboxError::Exception { function: text(), name: text(), message: text(), stack: text() },
        SandboxError::Exit { function: text(), exit_code: 1 },
        SandboxError::Configuration { problems: vec![ConfigProblem::new("limits", "wrong")] },
        SandboxError::Signature { detail: text(), signature: text() },
        SandboxError::Compilation { language: text(), diagnostics: text() },
        SandboxError::NotRunnable { what: text(), reason: text() },
        SandboxError::FileNotFound { path: text() },
        SandboxError::FunctionNotFound { function: text(), reason: None, available: Vec::new() },
        SandboxError::Toolchain { missing: text(), remedy: text() },
        SandboxError::Unenforceable { what: text(), reason: text() },
        SandboxError::Ended { reason: text() },
        SandboxError::Cancelled,
        SandboxError::internal("", ""),
    ]
}

#[test]
fn the_table_of_limits_is_that_of_the_code() {
    let mut documented = BTreeSet::new();
    for row in table(ERRORS, "Kind") {
        let [name, unit, code, setting, _] = row[..] else { panic!("{row:?}") };
        let name = name.trim_matches('`');
        let kind: ResourceKind = serde_json::from_value(Value::String(name.to_owned())).unwrap();
        assert_eq!(kind.unit().trim(), unit, "{name}");
        assert_eq!(ErrorCode::of_limit(kind).row().name, code.trim_matches('`'), "{name}");
        assert_eq!(kind.setting().unwrap_or_default(), setting.trim_matches('`'), "{name}");
        documented.insert(name.to_owned());
        // Whoever runs into it is told which setting it is.
        let hint = SandboxError::ResourceExhausted { kind, used: 2, limit: 1 }.suggestion().unwrap();
        assert!(kind.setting().is_none_or(|setting| hint.contains(&format!("`{setting}`"))), "{hint}");
    }
    let schema = serde_json::to_value(schemars::schema_for!(SandboxResult)).unwrap();
    let kinds = schema["$defs"]["ResourceKind"]["oneOf"].as_array().unwrap();
    let kinds: BTreeSet<String> = kinds.iter().map(|kind| kind["const"].as_str().unwrap().to_owned()).collect();
    assert_eq!(documented, kinds);
    let json = serde_json::to_value(ResourceLimits::default()).unwrap();
    let settings: BTreeSet<String> = json.as_object().unwrap().keys().map(|name| format!("limits.{name}")).collect();
    let named = table(ERRORS, "Kind")
        .iter()
        .map(|row| row[3].trim_matches('`').to_owned())
        .filter(|name| !name.is_empty())
        .collect();
    let of_network = ["connections", "total_connections", "bytes_sent", "bytes_received"];
    let of_network = of_network.map(|name| format!("{GRANTS}.{name}"));
    let settings: BTreeSet<String> = settings.into_iter().chain(of_network).collect();
    assert_eq!(settings, named, "every limit can be hit");
}
