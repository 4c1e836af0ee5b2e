//! Manifests of projects.

use std::path::Path;

use wasm_sandbox_policy::{GuestKind, InstanceConfig, Manifest, MountAccess, SandboxError};

const GUEST: &str = "[guest]\nsource = \"main.py\"\nkind = \"cli\"\n";

/// What is said of a manifest; nothing of one that is right.
fn said(text: &str) -> Vec<String> {
    match Manifest::from_toml(text) {
        Ok(_) => Vec::new(),
        Err(SandboxError::Configuration { problems }) => problems.iter().map(ToString::to_string).collect(),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn the_least_manifest_is_closed() {
    let manifest = Manifest::from_toml(GUEST).unwrap();
    assert_eq!((manifest.guest.source.as_path(), manifest.guest.kind), (Path::new("main.py"), GuestKind::Cli));
    assert_eq!(manifest.policy_in(Path::new("/p")), InstanceConfig::default());
}

#[test]
fn paths_count_from_the_folder_of_the_manifest() {
    let text = "[env]\nLANG = \"C\"\n[limits]\nmemory = \"64MB\"\n
        [[capabilities.filesystem.mounts]]\nkind = \"host\"\nguest = \"/out\"\nhost = \"out\"\naccess = \"write\"\n
        [[capabilities.filesystem.mounts]]\nkind = \"zip\"\nguest = \"/z\"\narchive = \"./z.zip\"\n
        [capabilities.network.allow]\nrules = [\"example.com:443\"]\nroots = [\"ca.pem\"]";
    let policy = Manifest::from_toml(&format!("{GUEST}{text}")).unwrap().policy_in(Path::new("/p"));
    let expected = InstanceConfig::builder()
        .env("LANG", "C")
        .memory_limit("64MB".parse().unwrap())
        .filesystem_write("/p/out", "/out")
        .filesystem_zip("/p/./z.zip", "/z")
        .network_allow("example.com:443");
    let mut expected = expected.build().unwrap();
    let wasm_sandbox_policy::NetworkPolicy::Allow(grants) = &mut expected.capabilities.network else { panic!() };
    grants.roots.push("/p/ca.pem".into());
    assert_eq!(policy, expected);
}

#[test]
fn what_is_wrong_is_said_with_line_and_remedy() {
    for (text, expected) in [
        ("", "guest is missing; write `[guest]`"),
        ("[guest]\nkind = \"cli\"", "guest (line 1): `source` is missing; write `source = \"main.py\"`"),
        ("[guest]\nsource = \"main.py\"", "guest (line 1): `kind` is missing; write `kind = \"library\"`"),
        (
            "[guest]\nsource = \"a\"\nkind = \"clii\"",
            "guest.kind (line 3): `clii` cannot be chosen; did you mean `cli`?",
        ),
        ("[guest]\nsource = \"\"\nkind = \"cli\"", "guest.source (line 2): the path is empty"),
        (
            &format!("{GUEST}version = 1.0"),
            "guest.version (line 4): expected a version in quotes, such as `\"1.2.3\"`, found floating point `1.0`",
        ),
        (&format!("{GUEST}version = \"1.0\""), "guest.version (line 4): `1.0` is no version such as `1.2.3`"),
        (&format!("{GUEST}version = \"1.0.0\\u001b[2J\""), "guest.version (line 4): `1.0.0\\u{1b}[2J` is no version"),
        ("[guest]\nsource = \"../a.py\"\nkind = \"cli\"", "guest.source (line 2): `../a.py` is not inside"),
        ("[gest]\nsource = \"a\"", "gest (line 1): there is no such setting; did you mean `guest`?"),
    ] {
        let said = said(text);
        assert!(said.len() == 1 && said[0].replace('`', "").contains(&expected.replace('`', "")), "{text}: {said:?}");
    }
    for (more, expected) in [
        ("[limits]\ntimout = \"1s\"", "limits.timout (line 5): there is no such setting; did you mean `timeout`?"),
        ("[env]\n\"A=\" = \"1\"", "env.A= (line 5): the name is empty or holds `=`"),
        (
            "[env]\nA = \"1\"\n[capabilities.system.environment.variables]\nA = \"2\"",
            "env.A (line 5): the variable is set twice",
        ),
        ("[env]\nA = 1", "env.A (line 5): expected text in quotes, found integer `1`"),
    ] {
        let said = said(&format!("{GUEST}{more}"));
        assert!(said.len() == 1 && said[0].starts_with(expected), "{more}: {said:?}");
    }
}

fn mount(host: &str, access: &str) -> String {
    let host = format!("host = \"{host}\"\naccess = \"{access}\"\n");
    format!("{GUEST}[[capabilities.filesystem.mounts]]\nkind = \"host\"\nguest = \"/data\"\n{host}")
}

/// A manifest that comes with a download opens nothing beside the download.
#[test]
fn a_manifest_grants_nothing_outside_of_its_folder() {
    for host in ["/", "/etc", "..", "data/../..", "./../other"] {
        let said = said(&mount(host, "read"));
        let expected = format!("capabilities.filesystem.mounts[0].host (line 7): `{host}` is not inside");
        assert!(said.len() == 1 && said[0].starts_with(&expected) && said[0].contains("--policy"), "{said:?}");
    }
    for host in [".", "data", "./data", "data/in"] {
        assert!(said(&mount(host, "read")).is_empty(), "{host}");
    }
}

#[test]
fn a_guest_cannot_be_let_write_its_own_manifest() {
    for host in [".", "./", "./."] {
        let said = said(&mount(host, "write"));
        assert!(said.len() == 1 && said[0].contains("could write its own policy"), "{said:?}");
        assert!(self::said(&mount(host, "read")).is_empty());
    }
    let policy = Manifest::from_toml(&mount("out", "write")).unwrap().policy_in(Path::new("/p"));
    assert!(
        policy.to_toml().unwrap().contains("access = \"write\""),
        "{MountAccess:?}",
        MountAccess = MountAccess::Write
    );
}
