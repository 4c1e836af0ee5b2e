//! Zig sources: what is callable, what runs, and what a hostile source gets to see.

use std::{fs, time::Duration};

use wasm_sandbox::{Ending, Language, ResourceKind, SandboxError, Source, WasmSandbox};

use crate::languages;

fn diagnostics(text: &str) -> String {
    match languages::source(Language::Zig, text).build_blocking() {
        Err(SandboxError::Compilation { diagnostics, .. }) => diagnostics,
        Err(error) => panic!("another error: {error}"),
        Ok(_) => panic!("it compiled"),
    }
}

#[test]
fn a_program_runs_and_its_functions_can_be_called() {
    let text = r#"
const std = @import("std");
export fn add(a: i32, b: i32) i32 { return a + b; }
export fn half(x: f64) f64 { return x / 2; }
pub fn main() void {
    std.debug.print("{d} {d}\n", .{ add(2, 3), half(3) });
}
"#;
    let mut sandbox = languages::source(Language::Zig, text).build_blocking().unwrap();
    let result = sandbox.execute([""; 0]).unwrap();
    assert_eq!((result.ending, result.stderr.text().as_ref()), (Ending::Exit { code: 0 }, "5 1.5\n"));
    assert_eq!(sandbox.call::<_, i32>("add", (20, 22)).unwrap(), 42);
    assert_eq!(sandbox.call::<_, f64>("half", (5.0,)).unwrap(), 2.5);
}

#[test]
fn a_library_keeps_its_checks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checked.zig");
    fs::write(&path, "const table = [_]u8{ 1, 2, 3 };\nexport fn at(i: u32) u8 { return table[i]; }\n").unwrap();
    let mut sandbox =
        WasmSandbox::builder().setup(languages::setup(Language::Zig)).source(path).build_blocking().unwrap();
    assert_eq!(sandbox.call::<_, u32>("at", (2,)).unwrap(), 3);
    match sandbox.call::<_, u32>("at", (3,)) {
        Err(SandboxError::WasmRuntime { stderr, .. }) => assert!(stderr.contains("index out of bounds"), "{stderr}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(sandbox.call::<_, u32>("at", (0,)).unwrap(), 1);
}

#[test]
fn what_does_not_compile_is_told_with_its_place() {
    let said = diagnostics("export fn f() i32 { return \"a\"; }\n");
    assert!(said.contains("source.zig:1:28: error: expected type 'i32'"), "{said}");
}

#[test]
fn i5_a_source_reads_nothing_of_the_host() {
    const CANARY: &str = "canary-71c0de";
    let canary = tempfile::NamedTempFile::new().unwrap();
    fs::write(canary.path(), format!("pub const canary = \"{CANARY}\";")).unwrap();
    let path = canary.path().display();
    for text in [
        format!("const text = @embedFile(\"{path}\");\ncomptime {{ @compileError(text); }}"),
        format!(
            "const text = @embedFile(\"../../../../../../../../../..{path}\");\ncomptime {{ @compileError(text); }}"
        ),
        format!("const other = @import(\"{path}\");\ncomptime {{ @compileError(other.canary); }}"),
        "const text = @embedFile(\"/etc/passwd\");\ncomptime { @compileError(text); }".to_owned(),
    ] {
        let said = diagnostics(&text);
        assert!(!said.contains(CANARY) && !said.contains("root:x:") && !said.contains('\u{1b}'), "{said}");
    }
    // The twin: what it has itself may be told.
    let said = diagnostics("comptime { @compileError(\"canary-71c0de\"); }");
    assert!(said.contains(CANARY), "{said}");
}

#[test]
fn i9_a_compile_without_an_end_is_cut() {
    let text = "comptime {\n    @setEvalBranchQuota(4294967295);\n    var i: u64 = 0;\n    while (true) i +%= 1;\n}";
    let setup = languages::setup(Language::Zig).build_timeout(Duration::from_secs(3));
    match WasmSandbox::builder().setup(setup).source(Source::code(Language::Zig, text)).build_blocking() {
        Err(SandboxError::ResourceExhausted { kind: ResourceKind::CompileTime, limit: 3000, .. }) => {}
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it compiled"),
    }
}
