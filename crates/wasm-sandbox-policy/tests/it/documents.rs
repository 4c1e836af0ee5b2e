//! The guides say what the code does.

use std::{collections::BTreeSet, time::Duration};

use wasm_sandbox_policy::{ByteUnits, ErrorCode, InstanceConfig, ResourceKind, ResourceLimits};

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
fn limits_are_finite() {
    let limits = ResourceLimits::default();
    assert!(limits.timeout <= Duration::from_secs(60) && limits.memory <= 1.gb());
    assert!(InstanceConfig::default().validate().is_empty());
}
