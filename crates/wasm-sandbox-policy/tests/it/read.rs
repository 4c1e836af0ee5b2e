//! Policies as text.

use std::path::PathBuf;

use proptest::prelude::*;
use wasm_sandbox_policy::{
    ByteUnits, ConfigProblem, ErrorCode, FuelLimit, InstanceConfig, MountConfig, SandboxError, TimeUnits,
};

use crate::policies::policy;

proptest! {
    #[test]
    fn policies_are_read_as_they_are_written(policy in policy()) {
        let (toml, json) = (policy.to_toml().unwrap(), policy.to_json().unwrap());
        prop_assert_eq!(InstanceConfig::from_toml(&toml).unwrap(), policy.clone(), "{}", toml);
        prop_assert_eq!(InstanceConfig::from_json(&json).unwrap(), policy, "{}", json);
    }

    #[test]
    fn no_text_is_too_much(text in "\\PC{0,200}", toml in r#"([\[\]{}=,."a-z0-9 \n]|limits|memory|mounts|kind|"1s"){0,60}"#) {
        for text in [text, toml] {
            for read in [InstanceConfig::from_toml(&text), InstanceConfig::from_json(&text)] {
                prop_assert!(read.is_ok() || !problems(read).is_empty());
            }
        }
    }
}

fn problems(read: Result<InstanceConfig, SandboxError>) -> Vec<ConfigProblem> {
    match read {
        Err(error @ SandboxError::Configuration { .. }) if error.code() != ErrorCode::Configuration => {
            panic!("{error}")
        }
        Err(SandboxError::Configuration { problems }) => problems,
        other => panic!("{other:?}"),
    }
}

fn said(read: Result<InstanceConfig, SandboxError>) -> Vec<String> {
    problems(read).iter().map(ToString::to_string).collect()
}

#[test]
fn a_path_that_is_no_text_cannot_be_written_as_text() {
    use std::os::unix::ffi::OsStringExt;
    let mut config = InstanceConfig::default();
    let host = PathBuf::from(std::ffi::OsString::from_vec(vec![b'/', 0xff]));
    let mount = MountConfig::Overlay { guest: "/a".parse().unwrap(), host };
    config.capabilities.filesystem.mounts.push(mount);
    assert_eq!(config.validate(), []);
    for written in [config.to_toml(), config.to_json()] {
        let Err(SandboxError::Configuration { problems }) = written else { panic!("{written:?}") };
        assert_eq!(problems[0].field, "capabilities.filesystem.mounts[0].host");
    }
}

#[test]
fn every_mistake_is_said_at_once() {
    let text = r#"
        [limits]
        memory = "1KB"
        timeout = "0s"
        stack = "1GB"
        open_files = 2
        fuel = 0
        table_elements = 10000000
        input = "5GB"
        instances = 0
        [capabilities.system]
        clock = { coarse = "5s" }
        [capabilities.system.environment.variables]
        "A=B" = "x"
        C = "\u0000"
        [[capabilities.filesystem.mounts]]
        kind = "memory"
        guest = "/tmp"
        [[capabilities.filesystem.mounts]]
        kind = "host"
        guest = "/tmp/"
        host = ""
        [[capabilities.filesystem.mounts]]
        kind = "zip"
        guest = "/tmp/archive"
        archive = "a\u0000b"
    "#;
    let problems = problems(InstanceConfig::from_toml(text));
    let places: Vec<(&str, Option<usize>)> =
        problems.iter().map(|problem| (problem.field.as_str(), problem.line)).collect();
    let expected = [
        ("limits.memory", Some(3)),
        ("limits.stack", Some(5)),
        ("limits.input", Some(9)),
        ("limits.timeout", Some(4)),
        ("limits.instances", Some(10)),
        ("limits.table_elements", Some(8)),
        ("limits.fuel", Some(7)),
        ("limits.open_files", Some(6)),
        ("capabilities.filesystem.mounts[1].guest", Some(21)),
        ("capabilities.filesystem.mounts[1].host", Some(22)),
        ("capabilities.filesystem.mounts[2].guest", Some(25)),
        ("capabilities.filesystem.mounts[2].archive", Some(26)),
        ("capabilities.system.environment.variables.A=B", Some(14)),
        ("capabilities.system.environment.variables.C", Some(15)),
        ("capabilities.system.clock", Some(12)),
    ];
    assert_eq!(places, expected);
    assert!(problems.iter().all(|problem| problem.suggestion.is_some()));
}

/// What cannot be read and what can be read but not used, in one answer.
#[test]
fn mistakes_of_reading_and_of_meaning_are_said_together() {
    let text = r#"
        memory = "1MB"
        [limits]
        timout = "1s"
        memory = 64
        fuel = "lots"
        stack = "1KB"
        cpu_time = "soon"
        instances = -1
        [capabilities]
        network = "denied"
        [capabilities.system]
        clock = "coarse"
        randon = "secure"
        [[capabilities.filesystem.mounts]]
        kind = "hosst"
        guest = "/a"
        host = "/srv"
        [[capabilities.filesystem.mounts]]
        kind = "host"
        gest = "/b"
        hots = "/srv"
        [[capabilities.filesystem.mounts]]
        kind = "memory"
        guest = "../c"
        [[capabilities.filesystem.mounts]]
        kind = "zip"
        guest = "/d"
        host = "/srv"
    "#;
    let mut said = said(InstanceConfig::from_toml(text));
    said.sort();
    let mut expected = [
        "memory (line 2): there is no such setting; did you mean `limits.memory`?",
        "limits.timout (line 4): there is no such setting; did you mean `timeout`?",
        "limits.memory (line 5): expected a number and a unit in quotes, such as `\"64MB\"`, found integer `64`",
        "limits.fuel (line 6): expected a number of instructions, or `\"off\"`, found string \"lots\"",
        "limits.stack (line 7): 1KB is out of range; from 64KB to 64MB",
        "limits.cpu_time (line 8): `soon` is not a duration; write a number and a unit, such as `30s` or `250ms`",
        "limits.instances (line 9): expected a whole number, at most 4294967295, found integer `-1`",
        "capabilities.network (line 11): `denied` cannot be chosen; write `\"deny\"` or \
         `{ allow = { rules = [\"example.com:443\"] } }` (in JSON with `:`)",
        "capabilities.system.clock (line 13): expected a name with a value, found a name alone; write `\"real\"`, \
         `{ coarse = \"1ms\" }` or `{ frozen = { unix_ns = 0 } }` (in JSON with `:`)",
        "capabilities.system.randon (line 14): there is no such setting; did you mean `random`?",
        "capabilities.filesystem.mounts[0].kind (line 16): `hosst` cannot be chosen; did you mean `host`?",
        "capabilities.filesystem.mounts[1].gest (line 21): there is no such setting; did you mean `guest`?",
        "capabilities.filesystem.mounts[1].hots (line 22): there is no such setting; did you mean `host`?",
        "capabilities.filesystem.mounts[2].guest (line 25): `../c` is not a guest path: it must be absolute, such as \
         `/data`",
        "capabilities.filesystem.mounts[3] (line 26): a mount of the kind `zip` has no `host`",
    ];
    expected.sort_unstable();
    assert_eq!(said, expected);
}

#[test]
fn what_is_not_known_is_an_error() {
    for (text, expected) in [
        ("[limits]\ntimout = \"1s\"", "limits.timout (line 2): there is no such setting; did you mean `timeout`?"),
        (
            "[capabilities]\nnetworks = \"deny\"",
            "capabilities.networks (line 2): there is no such setting; did you mean `network`?",
        ),
        (
            "[capabilities]\nnetwork = \"allow\"",
            "capabilities.network (line 2): expected a name with a value, found a name alone; write `\"deny\"` or \
             `{ allow = { rules = [\"example.com:443\"] } }` (in JSON with `:`)",
        ),
        (
            "[capabilities.system]\nthreads = \"allow\"",
            "capabilities.system.threads (line 2): `allow` cannot be chosen; there is only `deny`",
        ),
        (
            "[capabilities.system.environment]\nPATH = \"/bin\"",
            "capabilities.system.environment.PATH (line 2): there is no such setting; there is only `variables`",
        ),
        (
            "[capabilities.system.clock.frozen]\nunix_ns = 1\nzone = 2",
            "capabilities.system.clock.frozen.zone (line 3): there is no such setting; write `\"real\"`, `{ coarse = \"1ms\" }` or `{ frozen = { unix_ns = 0 } }` (in JSON with `:`)",
        ),
        (
            "[limits]\nmemory = \"lots\"",
            "limits.memory (line 2): `lots` is not a size; write a number and a unit, such as `64MB` or `512KB`",
        ),
        ("limits = 5", "limits (line 1): expected a table, found integer `5`"),
        ("limits = [\"1GB\"]", "limits (line 1): expected a table, found a list"),
        ("limits = [1]", "limits (line 1): expected a table, found a list"),
        (
            "[capabilities.filesystem]\nmounts = [[\"memory\", \"/tmp\"]]",
            "capabilities.filesystem.mounts[0] (line 2): expected a table, found a list",
        ),
        (
            "[capabilities.filesystem.mounts]\nkind = \"memory\"",
            "capabilities.filesystem.mounts (line 1): expected a list, found a table",
        ),
        (
            "[[capabilities.filesystem.mounts]]\nkind = \"memory\"\nguest = \"/a/../b\"",
            "capabilities.filesystem.mounts[0].guest (line 3): `/a/../b` is not a guest path: it must not go up with `..`",
        ),
        (
            "[[capabilities.filesystem.mounts]]\nkind = \"memory\"\nguest = \"\"",
            "capabilities.filesystem.mounts[0].guest (line 3): `` is not a guest path: it must be absolute, such as `/data`",
        ),
        (
            "[[capabilities.filesystem.mounts]]\nkind = \"memory\"\nguest = \"/a\\u0000\"",
            "capabilities.filesystem.mounts[0].guest (line 3): `/a\\u{0}` is not a guest path: it must hold no zero byte",
        ),
        (
            "[[capabilities.filesystem.mounts]]\nkind = \"memory\"\nguest = \"/a\"\nhost = \"/b\"",
            "capabilities.filesystem.mounts[0] (line 1): a mount of the kind `memory` has no `host`",
        ),
        (
            "[[capabilities.filesystem.mounts]]\nkind = \"host\"\nguest = \"/a\"",
            "capabilities.filesystem.mounts[0] (line 1): `host` is missing: the directory on the host",
        ),
        (
            "[[capabilities.filesystem.mounts]]\nguest = \"/a\"",
            "capabilities.filesystem.mounts[0] (line 1): `kind` is missing: `host`, `memory`, `overlay` or `zip`",
        ),
    ] {
        assert_eq!(said(InstanceConfig::from_toml(text)), [expected], "{text}");
    }
}

#[test]
fn text_that_is_no_policy_at_all_is_an_error_with_its_line() {
    let lines = |read| problems(read).iter().map(|problem| (problem.field.clone(), problem.line)).collect::<Vec<_>>();
    assert_eq!(lines(InstanceConfig::from_toml("[limits]\nnot toml")), [(String::new(), Some(2))]);
    assert_eq!(lines(InstanceConfig::from_toml("[limits]\nfiles = 1\nfiles = 2")), [(String::new(), Some(3))]);
    assert_eq!(lines(InstanceConfig::from_json("{\n\"limits\": {},\n}")), [(String::new(), Some(3))]);
    assert_eq!(lines(InstanceConfig::from_json("[]")), [(String::new(), None)]);
    assert_eq!(lines(InstanceConfig::from_json("{} {}")), [(String::new(), Some(1))]);
    let deep = "[".repeat(100_000);
    assert_eq!(lines(InstanceConfig::from_json(&deep)), [(String::new(), Some(1))]);
    assert!(!lines(InstanceConfig::from_toml(&format!("a = {deep}"))).is_empty());
}

#[test]
fn json_is_read_as_strictly() {
    let text = r#"{
        "limits": { "timout": "1s", "files": "many" },
        "capabilities": { "filesystem": { "mounts": [{ "kind": "memory", "guest": "a" }] } }
    }"#;
    assert_eq!(
        said(InstanceConfig::from_json(text)),
        [
            "capabilities.filesystem.mounts[0].guest (line 3): `a` is not a guest path: it must be absolute, such as \
             `/data`",
            "limits.files (line 2): expected a whole number, found string \"many\"",
            "limits.timout (line 2): there is no such setting; did you mean `timeout`?",
        ]
    );
    let apart =
        "{\"capabilities\":\n{\"filesystem\":\n{\"mounts\":\n[\n{\n\"kind\":\n\"zip\"\n},\n{}\n]}},\"limits\":\n5}";
    let lines: Vec<_> = problems(InstanceConfig::from_json(apart)).into_iter().map(|p| (p.field, p.line)).collect();
    let mount = |number| format!("capabilities.filesystem.mounts[{number}]");
    assert_eq!(lines, [(mount(0), Some(5)), (mount(1), Some(9)), ("limits".to_owned(), Some(10))]);
    for (twice, field) in [
        ("{\"limits\": {\"files\": 1,\n\"files\": 2}}", "limits"),
        (
            "{\"capabilities\": {\"system\": {\"environment\": {\"variables\": {\"A\": \"1\",\n\"A\": \"2\"}}}}}",
            "capabilities.system.environment.variables",
        ),
    ] {
        let problems = problems(InstanceConfig::from_json(twice));
        assert_eq!((problems.len(), problems[0].field.as_str(), problems[0].line), (1, field, Some(2)), "{problems:?}");
    }
}

#[test]
fn a_list_of_mistakes_has_an_end() {
    let many: String = (0..2000).map(|number| format!("setting_{number} = 1\n")).collect();
    assert_eq!(problems(InstanceConfig::from_toml(&many)).len(), 50);
    let mounts = |count| {
        let mount = "[[capabilities.filesystem.mounts]]\nkind = \"memory\"\nguest = \"/a\"\n";
        format!("limits.open_files = 2000\n{}", mount.repeat(count))
    };
    assert_eq!(
        said(InstanceConfig::from_toml(&mounts(1001))),
        ["capabilities.filesystem.mounts (line 2): 1001 mounts are too many; at most 1000"]
    );
    // Each of the others is at the path of the first.
    let problems = problems(InstanceConfig::from_toml(&mounts(1000)));
    assert!(problems.len() == 999 && problems.iter().all(|problem| problem.field.ends_with(".guest")));
}

#[test]
fn messages_repeat_neither_much_nor_what_steers_a_terminal() {
    let long = format!("[capabilities]\nnetwork = \"\\u001b[31m\\n{}\"", "x".repeat(100_000));
    let problems = problems(InstanceConfig::from_toml(&long));
    let message = &problems[0].message;
    assert!(message.len() < 320 && !message.contains(char::is_control), "{message}");
}

#[test]
fn units_and_fuel_are_read() {
    let text = "[limits]\nmemory = \"32 MB\"\ntimeout = \"1m 30s\"\nfuel = 1000000";
    let config = InstanceConfig::from_toml(text).unwrap();
    assert_eq!((config.limits.memory, config.limits.timeout), (32.mb(), 90.seconds()));
    assert_eq!(config.limits.fuel, FuelLimit::Units(1_000_000));
    assert_eq!(InstanceConfig::from_toml("[limits]\nfuel = \"off\"").unwrap().limits.fuel, FuelLimit::Off);
    assert_eq!(InstanceConfig::from_toml("").unwrap(), InstanceConfig::default());
    assert_eq!(InstanceConfig::from_json("{}").unwrap(), InstanceConfig::default());
}
