//! Compiled code on disk: used when it is sound, rebuilt when it is not.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use wasm_sandbox::{ErrorCode, Setup, WasmSandbox};

use crate::wat;

const MODULE: &str =
    r#"(module (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1))))"#;

fn add(directory: &Path) -> Result<i32, wasm_sandbox::SandboxError> {
    let setup = Setup::default().cache_dir(directory);
    WasmSandbox::builder().setup(setup).source(wat(MODULE)).build_blocking()?.call("add", (5, 3))
}

fn entry(directory: &Path) -> std::path::PathBuf {
    let files = fs::read_dir(directory.join("code")).unwrap().map(|file| file.unwrap().path());
    files.max_by_key(|path| fs::metadata(path).unwrap().len()).unwrap()
}

#[test]
fn h1_h3_a_damaged_entry_is_rebuilt() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(add(directory.path()).unwrap(), 8);
    let path = entry(directory.path());
    let sound = fs::read(&path).unwrap();
    let step = (sound.len() / 40).max(1);
    let damaged = (0..sound.len()).step_by(step).map(|at| {
        let mut bytes = sound.clone();
        bytes[at] ^= 1;
        bytes
    });
    let cut = [Vec::new(), sound[..10].to_vec(), sound[..sound.len() - 1].to_vec(), [sound.clone(), vec![0]].concat()];
    for bytes in damaged.chain(cut) {
        fs::write(&path, &bytes).unwrap();
        assert_eq!(add(directory.path()).unwrap(), 8);
        assert!(fs::read(&path).unwrap() != bytes, "the damaged entry is still there");
    }
}

#[test]
fn h2_an_entry_under_another_key_is_not_used() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(add(directory.path()).unwrap(), 8);
    let path = entry(directory.path());
    let setup = Setup::default().cache_dir(directory.path());
    let other = MODULE.replace("i32.add", "i32.sub");
    let sub = || {
        let builder = WasmSandbox::builder().setup(setup.clone()).source(wat(&other));
        builder.build_blocking().unwrap().call::<_, i32>("add", (5, 3)).unwrap()
    };
    assert_eq!(sub(), 2);
    let mut files = fs::read_dir(directory.path().join("code")).unwrap().map(|file| file.unwrap().path());
    let second = files.find(|file| fs::metadata(file).unwrap().len() > 1000 && *file != path).unwrap();
    fs::copy(&path, &second).unwrap();
    assert_eq!(sub(), 2);
}

#[test]
fn h4_a_directory_that_others_can_write_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let code = directory.path().join("code");
    fs::create_dir(&code).unwrap();
    fs::set_permissions(&code, fs::Permissions::from_mode(0o777)).unwrap();
    assert_eq!(add(directory.path()).unwrap_err().code(), ErrorCode::Unenforceable);
    fs::set_permissions(&code, fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(add(directory.path()).unwrap(), 8);
    let link = directory.path().join("link");
    fs::create_dir(&link).unwrap();
    std::os::unix::fs::symlink(&code, link.join("code")).unwrap();
    assert_eq!(add(&link).unwrap_err().code(), ErrorCode::Unenforceable);
}

#[test]
fn h4_a_link_in_place_of_an_entry_is_not_followed() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(add(directory.path()).unwrap(), 8);
    let path = entry(directory.path());
    let aside = directory.path().join("aside");
    fs::rename(&path, &aside).unwrap();
    std::os::unix::fs::symlink(&aside, &path).unwrap();
    assert_eq!(add(directory.path()).unwrap(), 8);
    assert!(!fs::symlink_metadata(&path).unwrap().is_symlink());
}

#[test]
fn h8_many_threads_build_one_entry_once() {
    let directory = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for thread in (0..8).map(|_| scope.spawn(|| add(directory.path()))).collect::<Vec<_>>() {
            assert_eq!(thread.join().unwrap().unwrap(), 8);
        }
    });
}
