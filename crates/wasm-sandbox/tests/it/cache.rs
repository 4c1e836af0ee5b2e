//! Compiled code on disk: used when it is sound, rebuilt when it is not.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
};

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

/// Every entry by name. An entry is made of its module and the directory's key alone: one that was made again, because it
/// was not sound, differs from what was there.
fn entries(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(directory.join("code")).into_iter().flatten().filter_map(Result::ok);
    let named = files.map(|file| (file.file_name().into_string().unwrap(), file.path()));
    named.filter(|(name, _)| name.len() == 64).map(|(name, path)| (name, fs::read(path).unwrap())).collect()
}

fn constant(number: u32, directory: &Path) -> u32 {
    constant_with(number, "", directory)
}

fn constant_with(number: u32, data: &str, directory: &Path) -> u32 {
    let text = format!(r#"(module (func (export "f") (result i32) (i32.const {number})) (data "{data}"))"#);
    let setup = Setup::default().cache_dir(directory);
    let mut sandbox = WasmSandbox::builder().setup(setup).source(wat(&text)).build_blocking().unwrap();
    sandbox.call("f", ()).unwrap()
}

#[test]
fn h3_an_entry_of_ten_gigabytes_is_not_read() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(add(directory.path()).unwrap(), 8);
    let path = entry(directory.path());
    fs::File::options().write(true).open(&path).unwrap().set_len(10 << 30).unwrap();
    assert_eq!(add(directory.path()).unwrap(), 8);
    assert!(fs::metadata(&path).unwrap().len() < 10 << 20, "it is still there");
}

#[test]
fn h5_an_entry_replaced_after_loading_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    assert_eq!(add(directory.path()).unwrap(), 8);
    let setup = Setup::default().cache_dir(directory.path());
    let sandbox = WasmSandbox::builder().setup(setup).source(wat(MODULE)).build_blocking().unwrap();
    // The same inode: a module that was mapped from it would run whatever is there now, or die of what is not.
    for contents in [vec![0xcc; 1 << 20], Vec::new()] {
        fs::write(entry(directory.path()), contents).unwrap();
        let module = sandbox.module().unwrap();
        let mut instance = sandbox.create_instance(module, wasm_sandbox::InstanceConfig::default()).unwrap();
        assert_eq!(instance.call::<_, i32>("add", (5, 3)).unwrap(), 8);
    }
}

#[test]
fn h7_directories_of_their_own_keep_tenants_apart() {
    let [one, other] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    assert_eq!(constant(1, one.path()), 1);
    assert_eq!(entries(other.path()).len(), 0);
    assert_eq!(constant(1, other.path()), 1);
    // The seal is each directory's own: what the one made is nothing to the other.
    let [from, to] = [&one, &other].map(|directory| entry(directory.path()));
    assert_eq!(from.file_name(), to.file_name());
    fs::copy(from, &to).unwrap();
    let before = entries(other.path());
    assert_eq!(constant(1, other.path()), 1);
    assert!(before != entries(other.path()), "an entry of another directory was used");
}

/// So many bytes that writing them takes long enough to be killed in the middle.
fn large(number: u32, directory: &Path) -> u32 {
    constant_with(number, &"x".repeat(4 << 20), directory)
}

#[test]
fn h9_a_writer_that_is_killed_leaves_no_torn_entry() {
    const DIRECTORY: &str = "WASM_SANDBOX_TEST_WRITER";
    if let Some(directory) = crate::told(DIRECTORY) {
        (0..u32::MAX).for_each(|number| assert_eq!(large(number, Path::new(&directory)), number));
    }
    let directory = tempfile::tempdir().unwrap();
    let unfinished = || {
        let files = fs::read_dir(directory.path().join("code")).into_iter().flatten().filter_map(Result::ok);
        files.filter(|file| file.file_name().to_string_lossy().ends_with(".tmp")).count()
    };
    let mut writer = Command::new(std::env::current_exe().unwrap());
    writer.args(["--exact", "cache::h9_a_writer_that_is_killed_leaves_no_torn_entry"]).env(DIRECTORY, directory.path());
    writer.stdout(Stdio::null()).stderr(Stdio::null());
    for kills in 0.. {
        assert!(kills < 100, "no kill falls into a write");
        let before = unfinished();
        if before >= 5 {
            break;
        }
        let mut writer = writer.spawn().unwrap();
        while unfinished() == before {
            assert_eq!(writer.try_wait().unwrap(), None, "the writer ended by itself");
        }
        writer.kill().unwrap();
        writer.wait().unwrap();
    }
    let written = entries(directory.path());
    (0..=written.len() as u32).for_each(|number| assert_eq!(large(number, directory.path()), number));
    let now = entries(directory.path());
    assert!(written.iter().all(|(name, bytes)| now.get(name) == Some(bytes)), "an entry had to be made again");
    assert!(now.len() > written.len(), "the entry that was never finished is there now");
}
