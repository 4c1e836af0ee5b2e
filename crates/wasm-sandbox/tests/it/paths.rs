//! Paths as a guest gives them, against a directory of the host's.

use std::{collections::BTreeMap, fs, os::unix::fs::symlink, path::Path};

use wasm_sandbox::{SandboxResult, Setup, WasmSandbox};

use crate::wat;

const PERM: i32 = 63;

/// Makes one call with one or two paths, at 0 and at 512 of the memory, and exits with its errno.
fn attempt(mounted: &Path, call: &str, path: &str, to: &str) -> SandboxResult {
    let (len, to_len) = (path.len(), to.len());
    let first = format!("(i32.const 3) (i32.const 0) (i32.const {len})");
    let second = format!("(i32.const 3) (i32.const 512) (i32.const {to_len})");
    let (parameters, arguments) = match call {
        "path_rename" => ("i32 i32 i32 i32 i32 i32", format!("{first} {second}")),
        "path_link" => (
            "i32 i32 i32 i32 i32 i32 i32",
            format!("(i32.const 3) (i32.const 0) (i32.const 0) (i32.const {len}) {second}"),
        ),
        "path_symlink" => ("i32 i32 i32 i32 i32", format!("(i32.const 512) (i32.const {to_len}) {first}")),
        _ => ("i32 i32 i32", first),
    };
    let text = format!(
        r#"(module
        (import "wasi_snapshot_preview1" "{call}" (func $call (param {parameters}) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
        (memory (export "memory") 1) (data (i32.const 0) "{path}") (data (i32.const 512) "{to}")
        (func (export "_start") (call $exit (call $call {arguments}))))"#
    );
    let builder = WasmSandbox::builder().setup(Setup::default()).source(wat(&text)).filesystem_write(mounted, "/data");
    builder.build_blocking().unwrap().execute::<[String; 0]>([]).unwrap()
}

fn errno(result: &SandboxResult) -> i32 {
    match result.ending {
        wasm_sandbox::Ending::Exit { code } => code,
        ref other => panic!("{other:?}"),
    }
}

/// Every path below a folder, with what is in it.
fn picture(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries
        .flat_map(|entry| {
            let (name, path) = (entry.file_name().into_string().unwrap(), entry.path());
            match entry.file_type().unwrap() {
                kind if kind.is_dir() => {
                    let inner = picture(&path).into_iter().map(|(inner, bytes)| (format!("{name}/{inner}"), bytes));
                    inner.chain([(name.clone(), Vec::new())]).collect::<Vec<_>>()
                }
                kind if kind.is_symlink() => {
                    vec![(name, fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes())]
                }
                _ => vec![(name, fs::read(&path).unwrap())],
            }
        })
        .collect()
}

#[test]
fn e3_nothing_outside_is_made_renamed_linked_or_removed() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("in");
    fs::create_dir_all(inside.join("d")).unwrap();
    fs::create_dir(folder.path().join("empty")).unwrap();
    fs::write(folder.path().join("secret"), "secret").unwrap();
    fs::write(inside.join("f"), "f").unwrap();
    symlink("..", inside.join("up")).unwrap();
    symlink(folder.path(), inside.join("all")).unwrap();
    let before = picture(folder.path());
    for out in ["..", "d/../..", "up", "all", "./up/.", "d/../up"] {
        let [secret, empty, new, empty_slash] =
            ["secret", "empty", "new", "empty/"].map(|name| format!("{out}/{name}"));
        for (call, path, to) in [
            ("path_create_directory", &*new, ""),
            ("path_unlink_file", &secret, ""),
            ("path_remove_directory", &empty, ""),
            ("path_remove_directory", &empty_slash, ""),
            ("path_rename", &secret, "mine"),
            ("path_rename", "f", &new),
            ("path_rename", "d", &empty_slash),
            ("path_link", &secret, "mine"),
            ("path_link", "f", &new),
            ("path_symlink", &new, "f"),
        ] {
            let result = attempt(&inside, call, path, to);
            assert_eq!(errno(&result), PERM, "{call} {path} {to}");
            assert!(result.denials.iter().any(|denial| denial.capability == "filesystem.write"), "{call} {path} {to}");
            assert!(result.files.is_empty(), "{:?}", result.files);
        }
    }
    assert_eq!(picture(folder.path()), before);
    for (call, path, to) in [
        ("path_create_directory", "new", ""),
        ("path_remove_directory", "new/", ""),
        ("path_link", "f", "linked"),
        ("path_rename", "linked", "d/renamed"),
        ("path_unlink_file", "d/../d/renamed", ""),
        ("path_symlink", "link", "f"),
    ] {
        let result = attempt(&inside, call, path, to);
        assert_eq!((errno(&result), result.denials.len()), (0, 0), "{call} {path} {to}");
    }
    assert_eq!(fs::read_link(inside.join("link")).unwrap(), Path::new("f"));
}
