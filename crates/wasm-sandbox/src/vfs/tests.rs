//! The same acts on every kind of tree, and attacks on those that touch the host.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use wasm_sandbox_policy::{ByteUnits, MountAccess, ResourceKind, ResourceLimits};

use super::*;

fn quota() -> Arc<Quota> {
    Arc::new(Quota::new(&ResourceLimits::default()))
}

fn small_quota(bytes: u64, files: u64) -> Arc<Quota> {
    Arc::new(Quota::new(&ResourceLimits { disk: bytes.bytes(), files, ..ResourceLimits::default() }))
}

fn host(path: &Path, access: MountAccess) -> Arc<dyn Dir> {
    HostTree::open(path, access, quota()).unwrap()
}

/// Every kind of writable tree, empty, with a name for messages.
fn writable(folder: &Path) -> Vec<(&'static str, Arc<dyn Dir>)> {
    fs::create_dir(folder.join("below")).unwrap();
    fs::create_dir(folder.join("host")).unwrap();
    vec![
        ("host", host(&folder.join("host"), MountAccess::Write)),
        ("memory", MemoryTree::empty(quota())),
        ("overlay", MemoryTree::overlay(&folder.join("below"), quota()).unwrap()),
    ]
}

const READ: OpenHow = OpenHow {
    read: true,
    write: false,
    create: false,
    exclusive: false,
    truncate: false,
    directory: false,
    follow: true,
};
const WRITE: OpenHow = OpenHow { write: true, create: true, ..READ };

fn file(tree: &dyn Dir, path: &str, how: OpenHow) -> VfsResult<Box<dyn File>> {
    match tree.open(path, how)? {
        Opened::File { file, .. } => Ok(file),
        Opened::Directory(_) => Err(Errno::Isdir),
    }
}

fn put(tree: &dyn Dir, path: &str, bytes: &[u8]) {
    assert_eq!(file(tree, path, OpenHow { truncate: true, ..WRITE }).unwrap().write_at(bytes, 0), Ok(bytes.len()));
}

fn content(tree: &dyn Dir, path: &str) -> VfsResult<Vec<u8>> {
    let file = file(tree, path, READ)?;
    let mut bytes = vec![0; usize::try_from(file.stat()?.size).unwrap()];
    let mut filled = 0;
    while filled < bytes.len() {
        filled += file.read_at(&mut bytes[filled..], filled as u64)?;
    }
    Ok(bytes)
}

fn names(tree: &dyn Dir) -> Vec<String> {
    let mut names: Vec<String> =
        tree.entries(0, 10_000).unwrap().into_iter().map(|entry| String::from_utf8(entry.name).unwrap()).collect();
    assert_eq!(&names[..2], [".", ".."]);
    names.drain(..2);
    names.sort();
    names
}

#[test]
fn every_tree_keeps_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    for (kind, tree) in writable(folder.path()) {
        put(&*tree, "a", b"hello");
        assert_eq!(content(&*tree, "a").unwrap(), b"hello", "{kind}");
        let mut a = file(&*tree, "a", OpenHow { create: false, ..WRITE }).unwrap();
        assert_eq!(a.append(b"!"), Ok((1, 6)), "{kind}");
        a.set_size(3).unwrap();
        a.set_size(5).unwrap();
        assert_eq!(content(&*tree, "a").unwrap(), b"hel\0\0", "{kind}");
        assert_eq!(a.write_at(b"x", 200_000), Ok(1), "{kind}");
        assert_eq!(a.stat().unwrap().size, 200_001, "{kind}");
        assert_eq!(&content(&*tree, "a").unwrap()[199_999..], b"\0x", "{kind}");
        a.allocate(0, 300_000).unwrap();
        assert_eq!(a.stat().unwrap().size, 300_000, "{kind}");
        tree.unlink("a").unwrap();
        assert_eq!(tree.stat("a", true).unwrap_err(), Errno::Noent, "{kind}");
        assert_eq!(a.write_at(b"y", 0), Ok(1), "an unlinked file stays open: {kind}");
    }
}

#[test]
fn every_tree_has_the_same_errors() {
    let folder = tempfile::tempdir().unwrap();
    for (kind, tree) in writable(folder.path()) {
        let tree = &*tree;
        tree.create_directory("d").unwrap();
        tree.create_directory("d/e").unwrap();
        put(tree, "f", b"f");
        let open = |path: &str, how: OpenHow| tree.open(path, how).map(|_| ()).unwrap_err();
        assert_eq!(tree.create_directory("d").unwrap_err(), Errno::Exist, "{kind}");
        assert_eq!(tree.create_directory("x/y").unwrap_err(), Errno::Noent, "{kind}");
        assert_eq!(tree.create_directory("f/y").unwrap_err(), Errno::Notdir, "{kind}");
        assert_eq!(tree.remove_directory("d").unwrap_err(), Errno::Notempty, "{kind}");
        assert_eq!(tree.remove_directory("f").unwrap_err(), Errno::Notdir, "{kind}");
        assert_eq!(tree.unlink("d").unwrap_err(), Errno::Isdir, "{kind}");
        assert_eq!(tree.unlink("f/").unwrap_err(), Errno::Notdir, "{kind}");
        assert_eq!(tree.unlink("missing").unwrap_err(), Errno::Noent, "{kind}");
        assert_eq!(open("missing", READ), Errno::Noent, "{kind}");
        assert_eq!(open("d", WRITE), Errno::Isdir, "{kind}");
        assert_eq!(open("f", OpenHow { directory: true, ..READ }), Errno::Notdir, "{kind}");
        assert_eq!(open("f", OpenHow { exclusive: true, ..WRITE }), Errno::Exist, "{kind}");
        assert_eq!(open("f/", READ), Errno::Notdir, "{kind}");
        assert_eq!(open("f/g", READ), Errno::Notdir, "{kind}");
        assert_eq!(open(&"n".repeat(256), WRITE), Errno::Nametoolong, "{kind}");
        put(tree, &"n".repeat(255), b"");
        assert_eq!(tree.rename("d", tree, "d/e/d").unwrap_err(), Errno::Inval, "{kind}");
        assert_eq!(tree.rename("f", tree, "d").unwrap_err(), Errno::Isdir, "{kind}");
        assert_eq!(tree.rename("d", tree, "f").unwrap_err(), Errno::Notdir, "{kind}");
        assert_eq!(tree.link("f", false, tree, "d").unwrap_err(), Errno::Exist, "{kind}");
        assert_eq!(tree.read_link("f").unwrap_err(), Errno::Inval, "{kind}");
        tree.rename("f", tree, "d/e/g").unwrap();
        assert_eq!(content(tree, "d/./e/../e/g").unwrap(), b"f", "{kind}");
        tree.rename("d", tree, "moved").unwrap();
        assert_eq!(content(tree, "moved/e/g").unwrap(), b"f", "{kind}");
        tree.link("moved/e/g", false, tree, "hard").unwrap();
        assert_eq!(tree.stat("hard", true).unwrap().links, 2, "{kind}");
        tree.unlink("moved/e/g").unwrap();
        assert_eq!(content(tree, "hard").unwrap(), b"f", "{kind}");
        assert_eq!(names(tree), ["hard".to_owned(), "moved".to_owned(), "n".repeat(255)], "{kind}");
    }
}

#[test]
fn every_tree_follows_links_inside_and_none_outside() {
    let folder = tempfile::tempdir().unwrap();
    for (kind, tree) in writable(folder.path()) {
        let tree = &*tree;
        tree.create_directory("d").unwrap();
        put(tree, "d/f", b"inside");
        tree.symlink("d/f", "link").unwrap();
        tree.symlink("../d/../d", "d/again").unwrap();
        tree.symlink("../../etc/passwd", "out").unwrap();
        tree.symlink("loop", "loop").unwrap();
        assert_eq!(content(tree, "link").unwrap(), b"inside", "{kind}");
        assert_eq!(content(tree, "d/again/f").unwrap(), b"inside", "{kind}");
        assert_eq!(content(tree, "out").unwrap_err(), Errno::Notcapable, "{kind}");
        assert_eq!(content(tree, "loop").unwrap_err(), Errno::Loop, "{kind}");
        assert_eq!(file(tree, "link", OpenHow { follow: false, ..READ }).err(), Some(Errno::Loop), "{kind}");
        assert_eq!(tree.stat("link", false).unwrap().kind, FileKind::Symlink, "{kind}");
        assert_eq!(tree.read_link("out").unwrap(), b"../../etc/passwd", "{kind}");
        for path in ["..", "../x", "d/../..", "d/../../x", "/", "/etc/passwd", "out", "d/again/../.."] {
            assert_eq!(tree.stat(path, true).unwrap_err(), Errno::Notcapable, "{kind}: {path}");
        }
        let mut previous = "d/f".to_owned();
        for n in 0..41 {
            tree.symlink(&previous, &format!("chain{n}")).unwrap();
            previous = format!("chain{n}");
        }
        assert_eq!(content(tree, "chain38").unwrap(), b"inside", "{kind}");
        assert_eq!(content(tree, "chain40").unwrap_err(), Errno::Loop, "{kind}");
    }
}

#[test]
fn e6_a_read_only_tree_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("f"), "f").unwrap();
    fs::create_dir(folder.path().join("d")).unwrap();
    let tree = host(folder.path(), MountAccess::Read);
    let other = host(folder.path(), MountAccess::Write);
    let refused = [
        tree.open("new", WRITE).err(),
        tree.open("f", OpenHow { write: true, ..READ }).err(),
        tree.open("f", OpenHow { truncate: true, ..READ }).err(),
        tree.create_directory("new").err(),
        tree.remove_directory("d").err(),
        tree.unlink("f").err(),
        tree.symlink("f", "new").err(),
        tree.link("f", false, &*tree, "new").err(),
        tree.rename("f", &*tree, "g").err(),
        tree.set_times("f", true, SetTime::Now, SetTime::Now).err(),
        tree.set_times_self(SetTime::Now, SetTime::Now).err(),
    ];
    assert!(refused.iter().all(|errno| *errno == Some(Errno::Rofs)), "{refused:?}");
    assert_eq!(tree.link("f", false, &*other, "new").unwrap_err(), Errno::Xdev);
    assert_eq!(other.rename("f", &*tree, "new").unwrap_err(), Errno::Xdev);
    assert_eq!(content(&*tree, "f").unwrap(), b"f");
    put(&*other, "f", b"changed");
    assert_eq!(content(&*tree, "f").unwrap(), b"changed");
}

#[test]
fn e4_a_file_with_another_name_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let (inside, secret) = (folder.path().join("in"), folder.path().join("secret"));
    fs::create_dir(&inside).unwrap();
    fs::write(&secret, "secret").unwrap();
    fs::hard_link(&secret, inside.join("alias")).unwrap();
    let tree = host(&inside, MountAccess::Write);
    let write = OpenHow { write: true, ..READ };
    assert_eq!(tree.open("alias", write).err(), Some(Errno::Perm));
    assert_eq!(tree.open("alias", OpenHow { truncate: true, ..write }).err(), Some(Errno::Perm));
    // Neither another link nor taking one away makes it the guest's.
    tree.link("alias", false, &*tree, "second").unwrap();
    tree.unlink("alias").unwrap();
    assert_eq!(tree.open("second", write).err(), Some(Errno::Perm));
    assert_eq!(fs::read(&secret).unwrap(), b"secret");
    put(&*tree, "own", b"1");
    tree.link("own", false, &*tree, "own2").unwrap();
    put(&*tree, "own2", b"2");
    assert_eq!(content(&*tree, "own").unwrap(), b"2");
}

#[test]
fn e2_links_of_the_hosts_do_not_lead_out() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("in");
    fs::create_dir(&inside).unwrap();
    fs::write(folder.path().join("secret"), "secret").unwrap();
    fs::write(inside.join("f"), "f").unwrap();
    symlink(folder.path().join("secret"), inside.join("absolute")).unwrap();
    symlink("../secret", inside.join("relative")).unwrap();
    symlink("..", inside.join("up")).unwrap();
    symlink("f", inside.join("fine")).unwrap();
    for tree in [host(&inside, MountAccess::Write), MemoryTree::overlay(&inside, quota()).unwrap()] {
        for path in ["absolute", "relative", "up/secret", "up/", "up/in/f", "relative/"] {
            assert_eq!(content(&*tree, path).unwrap_err(), Errno::Notcapable, "{path}");
            assert_eq!(tree.open(path, WRITE).err(), Some(Errno::Notcapable), "{path}");
        }
        for path in ["up/new", "up/../new"] {
            assert_eq!(tree.create_directory(path).unwrap_err(), Errno::Notcapable);
            assert_eq!(tree.rename("f", &*tree, path).unwrap_err(), Errno::Notcapable);
            assert_eq!(tree.link("f", false, &*tree, path).unwrap_err(), Errno::Notcapable);
            assert_eq!(tree.symlink("x", path).unwrap_err(), Errno::Notcapable);
        }
        assert_eq!(content(&*tree, "fine").unwrap(), b"f");
    }
    assert_eq!(fs::read(folder.path().join("secret")).unwrap(), b"secret");
}

#[test]
fn e1_no_spelling_leads_out() {
    let folder = tempfile::tempdir().unwrap();
    let inside = folder.path().join("in");
    fs::create_dir_all(inside.join("a/b")).unwrap();
    fs::write(folder.path().join("secret"), "secret").unwrap();
    fs::write(inside.join("f"), "secret").unwrap();
    let trees = [host(&inside, MountAccess::Read), MemoryTree::overlay(&inside, quota()).unwrap()];
    let ups = [
        "..",
        "../",
        "..//",
        "../.",
        "a/../..",
        "a/b/../../..",
        "./..",
        "..\\",
        "%2e%2e",
        "..%2f",
        "....//",
        ".. ",
        "..;",
        "\u{ff0e}\u{ff0e}",
    ];
    let ends = ["secret", "/secret", "./secret", "in/../secret", "secret/", "//secret", "in/f"];
    for tree in &trees {
        for up in ups {
            for depth in 1..20 {
                for end in ends {
                    let path = format!("{}/{end}", vec![up; depth].join("/"));
                    assert!(content(&**tree, &path).is_err(), "{path}");
                }
            }
        }
        assert_eq!(content(&**tree, "a/b/../../f").unwrap(), b"secret");
    }
}

#[test]
fn e5_a_race_between_directory_and_link_leads_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let (inside, outside) = (folder.path().join("in"), folder.path().join("out"));
    for path in [inside.join("d"), inside.join("spare"), outside.clone()] {
        fs::create_dir_all(path).unwrap();
    }
    fs::write(outside.join("f"), "secret").unwrap();
    fs::write(inside.join("d/f"), "public").unwrap();
    symlink(&outside, inside.join("link")).unwrap();
    let done = AtomicBool::new(false);
    let tree = host(&inside, MountAccess::Read);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                fs::rename(inside.join("d"), inside.join("aside")).unwrap();
                fs::rename(inside.join("link"), inside.join("d")).unwrap();
                fs::rename(inside.join("d"), inside.join("link")).unwrap();
                fs::rename(inside.join("aside"), inside.join("d")).unwrap();
            }
        });
        let mut read = 0;
        for _ in 0..100_000 {
            match content(&*tree, "d/f") {
                Ok(bytes) => {
                    assert_eq!(bytes, b"public");
                    read += 1;
                }
                Err(errno) => assert!(matches!(errno, Errno::Notcapable | Errno::Noent | Errno::Again), "{errno:?}"),
            }
        }
        done.store(true, Ordering::Relaxed);
        assert!(read > 0);
    });
}

#[test]
fn e8_a_fifo_is_refused_and_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, rustix::fs::Mode::from(0o600), 0).unwrap();
    for tree in [host(folder.path(), MountAccess::Write), MemoryTree::overlay(folder.path(), quota()).unwrap()] {
        assert_eq!(tree.open("fifo", READ).err(), Some(Errno::Acces));
        assert!(matches!(tree.open("fifo", OpenHow { write: true, ..READ }).err(), Some(Errno::Acces | Errno::Nxio)));
        assert_eq!(tree.stat("fifo", true).unwrap().kind, FileKind::Other);
    }
}

#[test]
fn e10_quotas_hold_while_writing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let host = |quota: &Arc<Quota>| HostTree::open(path, MountAccess::Write, Arc::clone(quota)).unwrap();
    let memory = |quota: &Arc<Quota>| MemoryTree::empty(Arc::clone(quota));
    type Make<'a> = &'a dyn Fn(&Arc<Quota>) -> Arc<dyn Dir>;
    let makers: [(&str, Make<'_>); 2] = [("host", &host), ("memory", &memory)];
    for (kind, make) in makers {
        let quota = small_quota(1000, 5);
        let tree = make(&quota);
        let mut a = file(&*tree, "a", WRITE).unwrap();
        assert_eq!(a.write_at(&[1; 900], 0), Ok(900), "{kind}");
        let over = a.write_at(&[1; 900], 900);
        assert!(matches!(over, Ok(100) | Err(Errno::Nospc)), "{kind}: {over:?}");
        assert_eq!(a.write_at(&[1; 900], 2000), Err(Errno::Nospc), "{kind}");
        assert_eq!(a.write_at(&[2; 900], 0), Ok(900), "writing again costs nothing: {kind}");
        assert_eq!(quota.hits().iter().map(|hit| hit.kind).collect::<Vec<_>>(), [ResourceKind::Disk], "{kind}");
        assert_eq!(a.write_at(&[1], u64::MAX - 1), Err(Errno::Fbig), "{kind}");
        assert_eq!(a.set_size(1 << 50).unwrap_err(), Errno::Fbig, "{kind}");
        drop(a);
        tree.unlink("a").unwrap();
        assert_eq!((quota.bytes_used(), quota.files_used()), (0, 0), "{kind}");
        for n in 0..5 {
            put(&*tree, &format!("f{n}"), b"");
        }
        assert_eq!(tree.open("f5", WRITE).err(), Some(Errno::Nospc), "{kind}");
        assert_eq!(tree.create_directory("d").unwrap_err(), Errno::Nospc, "{kind}");
        assert_eq!(tree.symlink("x", "l").unwrap_err(), Errno::Nospc, "{kind}");
        tree.unlink("f0").unwrap();
        tree.create_directory("d").unwrap();
    }
}

#[test]
fn e18_files_of_a_guest_cannot_be_run() {
    let folder = tempfile::tempdir().unwrap();
    put(&*host(folder.path(), MountAccess::Write), "f", b"#!/bin/sh");
    let mode = fs::metadata(folder.path().join("f")).unwrap().permissions().mode();
    assert_eq!(mode & 0o7111, 0, "{mode:o}");
}

#[test]
fn an_overlay_changes_only_its_own_view() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("d/e")).unwrap();
    fs::write(folder.path().join("d/f"), vec![7; 200_000]).unwrap();
    fs::write(folder.path().join("g"), "g").unwrap();
    let quota = quota();
    let tree = MemoryTree::overlay(folder.path(), Arc::clone(&quota)).unwrap();
    let mut f = file(&*tree, "d/f", OpenHow { write: true, ..READ }).unwrap();
    assert_eq!(f.write_at(b"x", 70_000), Ok(1));
    assert!(quota.bytes_used() <= 65_536, "only the piece that was written is copied");
    let mut expected = vec![7; 200_000];
    expected[70_000] = b'x';
    assert_eq!(content(&*tree, "d/f").unwrap(), expected);
    f.set_size(10).unwrap();
    f.set_size(20).unwrap();
    assert_eq!(content(&*tree, "d/f").unwrap(), [vec![7; 10], vec![0; 10]].concat());
    tree.rename("d", &*tree, "moved").unwrap();
    assert_eq!(content(&*tree, "moved/f").unwrap().len(), 20);
    tree.unlink("g").unwrap();
    assert_eq!(names(&*tree), ["moved"]);
    assert_eq!(fs::read(folder.path().join("d/f")).unwrap(), vec![7; 200_000]);
    assert!(folder.path().join("g").exists());
}

#[test]
fn a_deep_tree_is_dropped_without_recursion() {
    let limits = ResourceLimits { files: 1_000_000, ..ResourceLimits::default() };
    let mut tree = MemoryTree::empty(Arc::new(Quota::new(&limits)));
    let root = Arc::clone(&tree);
    for _ in 0..100_000 {
        tree.create_directory("d").unwrap();
        tree = match tree.open("d", READ).unwrap() {
            Opened::Directory(directory) => directory,
            Opened::File { .. } => panic!("a file"),
        };
    }
    drop((tree, root));
}

#[test]
fn a_zip_archive_is_read_and_not_written() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.zip");
    let make = |entries: &[(&str, &str)]| {
        let mut zip = zip::ZipWriter::new(fs::File::create(&path).unwrap());
        for (name, text) in entries {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
    };
    make(&[("d/f.txt", "inside"), ("g", "g")]);
    let tree = MemoryTree::zip(&path, quota()).unwrap();
    assert_eq!(content(&*tree, "d/f.txt").unwrap(), b"inside");
    assert_eq!(names(&*tree), ["d", "g"]);
    assert_eq!(tree.stat("d/f.txt", true).unwrap().size, 6);
    assert_eq!(tree.open("new", WRITE).err(), Some(Errno::Rofs));
    assert_eq!(tree.unlink("g").unwrap_err(), Errno::Rofs);
    for name in ["../x", "/etc/x", "a/../../x", "a\\b", "d/./x"] {
        make(&[(name, "x")]);
        assert!(MemoryTree::zip(&path, quota()).is_err(), "{name}");
    }
    make(&[("a", "x"), ("a/b", "y")]);
    assert!(MemoryTree::zip(&path, quota()).is_err(), "a file that is a directory too");
}
