//! What a caller reads of a guest's files after a run.

use std::{fs, os::unix::fs::symlink};

use wasm_sandbox::{ByteUnits, ErrorCode, FileKind, Files, ResourceKind, SandboxError};

use crate::wasi::*;

const DATA: i64 = 3;

fn listed(files: &Files, directory: &str) -> Vec<(String, FileKind, u64)> {
    files.list(directory).unwrap().into_iter().map(|entry| (entry.name, entry.kind, entry.size)).collect()
}

fn limit_of<T: std::fmt::Debug>(outcome: Result<T, SandboxError>) -> (ResourceKind, u64) {
    match outcome {
        Err(SandboxError::ResourceExhausted { kind, used, limit }) if used > limit => (kind, limit),
        other => panic!("not a limit: {other:?}"),
    }
}

#[test]
fn a_tree_in_memory_is_read_after_the_run() {
    let mut guest = Guest::new(|builder| builder.policy(|policy| policy.filesystem_memory("/out/data")));
    assert!(guest.sandbox.files().list("/").unwrap().is_empty(), "nothing before the first call");
    guest.put(DATA, "f", b"written").unwrap();
    guest.at("path_create_directory", DATA, "d").unwrap();
    guest.put(DATA, "d/g", &[7; 100_000]).unwrap();
    guest.symlink("d/g", DATA, "link").unwrap();
    let files = guest.sandbox.files();
    assert_eq!(listed(&files, "/"), [("out".to_owned(), FileKind::Directory, 0)]);
    assert_eq!(listed(&files, "/out"), [("data".to_owned(), FileKind::Directory, 0)]);
    let expected = [("d", FileKind::Directory, 0), ("f", FileKind::File, 7), ("link", FileKind::Symlink, 0)]
        .map(|(a, b, c)| (a.to_owned(), b, c));
    assert_eq!(listed(&files, "/out/data"), expected);
    assert_eq!(files.read("/out/data/f", 1.mb()).unwrap(), b"written");
    assert_eq!(files.read("/out/data/./link", 1.mb()).unwrap(), [7; 100_000]);
    drop(guest);
    assert_eq!(files.read("/out/data/f", 7.bytes()).unwrap(), b"written", "they outlive the sandbox");
    assert_eq!(limit_of(files.read("/out/data/f", 6.bytes())), (ResourceKind::FileSize, 6));
    for path in
        ["/out/data/none", "/out/data/f/g", "/etc/passwd", "/out/data/../../etc", "out/data/f", "", "/out/data/a\0"]
    {
        assert_eq!(files.read(path, 1.mb()).unwrap_err().code(), ErrorCode::FileNotFound, "{path}");
        assert_eq!(files.list(path).unwrap_err().code(), ErrorCode::FileNotFound, "{path}");
    }
    assert!(files.read("/out/data/d", 1.mb()).unwrap_err().to_string().contains("is a directory"));
    assert_eq!(files.list("/out/data/f").unwrap_err().code(), ErrorCode::FileNotFound);
}

#[test]
fn an_overlay_is_read_with_its_changes_and_copied_out() {
    let folder = tempfile::tempdir().unwrap();
    let (below, out) = (folder.path().join("below"), folder.path().join("out"));
    fs::create_dir_all(below.join("d")).unwrap();
    fs::create_dir(&out).unwrap();
    for name in ["same", "changed", "removed", "d/deep"] {
        fs::write(below.join(name), "below").unwrap();
    }
    let mut guest = Guest::new(|builder| builder.policy(|policy| policy.filesystem_overlay(&below, "/data")));
    guest.put(DATA, "changed", b"by the guest").unwrap();
    guest.put(DATA, "d/new", b"by the guest").unwrap();
    guest.at("path_unlink_file", DATA, "removed").unwrap();
    let files = guest.sandbox.files();
    assert_eq!(files.read("/data/same", 1.mb()).unwrap(), b"below");
    assert_eq!(files.read("/data/changed", 1.mb()).unwrap(), b"by the guest");
    assert_eq!(files.read("/data/removed", 1.mb()).unwrap_err().code(), ErrorCode::FileNotFound);
    fs::write(out.join("changed"), "a longer text that was there before").unwrap();
    fs::write(out.join("other"), "stays").unwrap();
    assert_eq!(files.copy_to("/data", &out, 34.bytes()).unwrap(), 34);
    for (name, text) in [
        ("same", "below"),
        ("changed", "by the guest"),
        ("d/deep", "below"),
        ("d/new", "by the guest"),
        ("other", "stays"),
    ] {
        assert_eq!(fs::read_to_string(out.join(name)).unwrap(), text, "{name}");
    }
    assert_eq!(fs::read_to_string(below.join("changed")).unwrap(), "below");
    assert!(below.join("removed").exists() && !out.join("removed").exists());
    assert_eq!(limit_of(files.copy_to("/data", &out, 33.bytes())), (ResourceKind::Disk, 33));
    assert_eq!(files.copy_to("/none", &out, 1.mb()).unwrap_err().code(), ErrorCode::FileNotFound);
    assert_eq!(files.copy_to("/data", folder.path().join("none"), 1.mb()).unwrap_err().code(), ErrorCode::FileNotFound);
}

#[test]
fn e2_links_do_not_lead_the_caller_out() {
    let folder = tempfile::tempdir().unwrap();
    let (inside, out) = (folder.path().join("in"), folder.path().join("out"));
    fs::create_dir(&inside).unwrap();
    fs::create_dir(&out).unwrap();
    fs::write(folder.path().join("secret"), "secret").unwrap();
    symlink(folder.path().join("secret"), inside.join("absolute")).unwrap();
    let mut guest = Guest::new(|builder| builder.filesystem_write(&inside, "/data"));
    guest.symlink("../secret", DATA, "relative").unwrap();
    guest.symlink("f", DATA, "fine").unwrap();
    guest.put(DATA, "f", b"of the guest").unwrap();
    let files = guest.sandbox.files();
    for link in ["absolute", "relative"] {
        let error = files.read(&format!("/data/{link}"), 1.mb()).unwrap_err();
        assert!(error.to_string().contains("capabilities insufficient"), "{error}");
    }
    assert_eq!(files.read("/data/fine", 1.mb()).unwrap(), b"of the guest");
    files.copy_to("/data", &out, 1.mb()).unwrap();
    let copied: Vec<_> = fs::read_dir(&out).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(copied, ["f"], "links are left out");
    fs::remove_file(out.join("f")).unwrap();
    symlink("../secret", out.join("f")).unwrap();
    let error = files.copy_to("/data", &out, 1.mb()).unwrap_err();
    assert!(error.to_string().contains("symbolic links"), "{error}");
    assert_eq!(fs::read(folder.path().join("secret")).unwrap(), b"secret", "a link in the way is not followed");
}

#[test]
fn files_are_there_after_a_guest_was_ended() {
    let text = r#"(module
        (import "wasi_snapshot_preview1" "path_create_directory" (func $make (param i32 i32 i32) (result i32)))
        (memory (export "memory") 1)
        (data (i32.const 0) "made")
        (func (export "make")
            (drop (call $make (i32.const 3) (i32.const 0) (i32.const 4))) unreachable)
        (func (export "_start")
            (drop (call $make (i32.const 3) (i32.const 0) (i32.const 4))) unreachable))"#;
    let builder = wasm_sandbox::WasmSandbox::builder().setup(wasm_sandbox::Setup::default()).source(crate::wat(text));
    let mut sandbox = builder.policy(|policy| policy.filesystem_memory("/data")).build_blocking().unwrap();
    assert_eq!(sandbox.call::<_, ()>("make", ()).unwrap_err().code(), ErrorCode::Trap);
    assert_eq!(listed(&sandbox.files(), "/data")[0].0, "made");
    let (result, files) = sandbox.execute_with_files::<[String; 0]>([]).unwrap();
    assert!(!result.success);
    assert_eq!(result.files.created, ["/data/made"]);
    assert_eq!(listed(&files, "/data")[0].0, "made");
}
