//! Projects that say in their settings that they are compiled for `wasm32-wasip2`.

use std::{fs, os::unix::fs::symlink};

use wasm_sandbox::{Ending, ErrorCode, SandboxError};

use super::{Project, refusal};

const SETTINGS: &str = ".cargo/config.toml";
const WASIP2: &str = "[build]\ntarget = 'wasm32-wasip2'";

/// Exports `add: func(a: u32, b: u32) -> u32`, as macros do that read its WIT.
const ADDS: &str = r#"
    #[unsafe(export_name = "add")] extern "C" fn add(a: u32, b: u32) -> u32 { a.wrapping_add(b) }
    #[unsafe(link_section = "component-type:acme:sums")] #[used]
    static WORLD: [u8; 93] = *b"\0asm\x0d\0\x01\0\0\x19\x16wit-component-encoding\x04\0\x07,\x01A\x02\x01A\x02\x01@\x02\x01ay\x01by\0y\x04\0\x03add\x01\0\x04\0\x0eacme:sums/sums\x04\0\x0b\x0a\x01\0\x04sums\x03\0\0";
"#;

fn library(manifest: &str, source: &str) -> Project {
    let package = "[package]\nname = 'my-sums'\nversion = '0.1.0'\nedition = '2024'\n";
    let manifest = format!("{package}{manifest}");
    Project::new(&[("Cargo.toml", &manifest), ("src/lib.rs", source), (SETTINGS, WASIP2)])
}

/// Where settings are wrong, and what is said.
fn problem(project: &Project) -> (String, String) {
    match refusal(project.build()) {
        SandboxError::Configuration { problems } => (problems[0].field.clone(), problems[0].to_string()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_program_becomes_a_component() {
    let project = Project::plain(&[
        ("src/lib.rs", "pub fn answer() -> i32 { 42 }"),
        (
            "src/main.rs",
            "fn main() { println!(\"{} {} {}\", plain::answer(), env!(\"MADE\"), std::env::args().count()); std::process::exit(1) }",
        ),
        ("build.rs", "fn main() { println!(\"cargo::rustc-env=MADE={}\", std::env::var(\"TARGET\").unwrap()) }"),
    ]);
    // One and the same project but for its settings: neither is taken for the other.
    for (settings, target) in
        [(WASIP2, "wasm32-wasip2"), ("[build]\ntarget = ['wasm32-wasip1']", "wasm32-wasip1"), (WASIP2, "wasm32-wasip2")]
    {
        project.write(SETTINGS, settings);
        let sandbox = project.sandbox();
        let result = sandbox.execute(["a"]).unwrap();
        assert_eq!(result.stdout, format!("42 {target} 2\n").as_str());
        assert_eq!(result.ending, Ending::Exit { code: 1 });
        assert_eq!(sandbox.module().unwrap().is_component(), target.ends_with('2'));
    }
    // No shim is in a component: functions of the library are not exported.
    assert_eq!(project.sandbox().call::<_, i32>("answer", ()).unwrap_err().code(), ErrorCode::FunctionNotFound);
    fs::remove_dir_all(project.path().join(".cargo")).unwrap();
    assert_eq!(project.sandbox().call::<_, i32>("answer", ()).unwrap(), 42);
}

#[test]
fn a_library_exports_what_its_wit_names() {
    let project = library("[lib]\ncrate-type = ['cdylib', 'rlib']", &format!("{ADDS} pub fn other() {{}}"));
    let mut sandbox = project.sandbox();
    assert_eq!(sandbox.call::<_, u32>("add", (5, 3)).unwrap(), 8);
    let module = sandbox.module().unwrap();
    assert_eq!(module.function("add").unwrap().to_string(), "add(a: u32, b: u32) -> u32");
    assert!(module.is_component() && module.function("other").is_err());
    assert_eq!(sandbox.call::<_, u32>("add", (5, -3)).unwrap_err().code(), ErrorCode::Signature);
}

/// What becomes no component says what to do, and does it.
#[test]
fn a_library_that_exports_nothing_is_refused() {
    let source = "#[unsafe(no_mangle)] pub extern \"C\" fn sum(a: u32, b: u32) -> u32 { a + b }";
    for (manifest, said) in [
        ("", "its type is not `cdylib`; say `crate-type = [\"cdylib\"]`"),
        (
            "[lib]\ncrate-type = ['cdylib']",
            "it exports nothing that could be called or served; export what a WIT names",
        ),
    ] {
        let project = library(manifest, source);
        let (field, text) = problem(&project);
        assert_eq!(field, "Cargo.toml: lib");
        assert!(
            text.contains(said) && text.ends_with("or leave the target out, and each `pub fn` can be called"),
            "{text}"
        );
        fs::remove_file(project.path().join(SETTINGS)).unwrap();
        project.write("src/lib.rs", "pub fn sum(a: u32, b: u32) -> u32 { a + b }");
        assert_eq!(project.sandbox().call::<_, u32>("sum", (1, 2)).unwrap(), 3);
    }
}

/// I4: of the settings one key is read, from the project's own file, and nothing that leads elsewhere.
#[test]
fn i4_settings_that_cannot_be_kept_to_are_said() {
    let project = Project::plain(&[("src/main.rs", "fn main() {}")]);
    for (settings, field, said) in [
        (
            "build.target = 'wasm32-unknown-unknown'",
            ": build.target",
            "\"wasm32-unknown-unknown\" is not what a guest is compiled for; name `wasm32-wasip1`, or `wasm32-wasip2`",
        ),
        ("build.target = '../wasm32-wasip2'", ": build.target", "is not what"),
        ("build.target = ['wasm32-wasip1', 'wasm32-wasip2']", ": build.target", "is not what"),
        ("build.target = 2", ": build.target", "is not what"),
        ("[build", "", "unclosed table"),
        (&" ".repeat(2 << 20), "", "it is larger than"),
    ] {
        project.write(SETTINGS, settings);
        let (found, text) = problem(&project);
        assert_eq!(found, format!("{SETTINGS}{field}"));
        assert!(text.contains(said), "{text}");
    }
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("config.toml"), "secret").unwrap();
    for (link, target) in [(SETTINGS, elsewhere.path().join("config.toml")), (".cargo", elsewhere.path().to_owned())] {
        fs::remove_dir_all(project.path().join(".cargo")).unwrap();
        fs::create_dir(project.path().join(".cargo")).unwrap();
        if link == ".cargo" {
            fs::remove_dir(project.path().join(link)).unwrap();
        }
        symlink(target, project.path().join(link)).unwrap();
        let (_, text) = problem(&project);
        assert!(
            text.contains("it cannot be read: Too many levels of symbolic links") && !text.contains("secret"),
            "{text}"
        );
    }
    fs::remove_file(project.path().join(".cargo")).unwrap();
    project.write(SETTINGS, "[build]\njobs = 1");
    assert!(!project.sandbox().module().unwrap().is_component());
}
