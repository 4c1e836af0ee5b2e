//! The same acts on every kind of tree.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod archive;
mod attacks;
mod differential;
mod memory;

use std::{fs, path::Path, sync::Arc};

use wasm_sandbox_policy::{ByteUnits, MountAccess, ResourceLimits};

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

pub(super) const READ: OpenHow = OpenHow {
    read: true,
    write: false,
    create: false,
    exclusive: false,
    truncate: false,
    directory: false,
    follow: true,
};
pub(super) const WRITE: OpenHow = OpenHow { write: true, create: true, ..READ };

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
    names.sort();
    assert_eq!(names.drain(..2).collect::<Vec<_>>(), [".", ".."]);
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
fn removing_what_is_listed_leaves_nothing_out() {
    let folder = tempfile::tempdir().unwrap();
    for (kind, tree) in writable(folder.path()) {
        for n in 0..1000 {
            put(&*tree, &format!("file number {n}"), b"");
        }
        let (mut cursor, mut listed) = (0, 0);
        loop {
            let entries = tree.entries(cursor, 7).unwrap();
            let Some(last) = entries.last() else { break };
            cursor = last.next;
            for entry in entries.iter().filter(|entry| entry.kind == FileKind::File) {
                tree.unlink(std::str::from_utf8(&entry.name).unwrap()).unwrap();
                listed += 1;
            }
        }
        assert_eq!(listed, 1000, "{kind}");
        assert!(names(&*tree).is_empty(), "{kind}");
    }
}

#[test]
fn a_listing_goes_on_from_any_cursor() {
    let folder = tempfile::tempdir().unwrap();
    for (kind, tree) in writable(folder.path()) {
        for n in 0..300 {
            put(&*tree, &format!("file number {n}"), b"");
        }
        let all = tree.entries(0, 10_000).unwrap();
        assert_eq!(all.len(), 302, "{kind}");
        for at in [0, 1, 2, 150, 300, 301] {
            let rest: Vec<_> =
                tree.entries(all[at].next, 10_000).unwrap().into_iter().map(|entry| entry.name).collect();
            assert!(rest.iter().eq(all[at + 1..].iter().map(|entry| &entry.name)), "{kind}: {at}");
        }
    }
}

#[test]
fn a_slash_after_a_link_does_not_act_on_its_target() {
    let folder = tempfile::tempdir().unwrap();
    for (kind, tree) in writable(folder.path()) {
        let tree = &*tree;
        tree.create_directory("d").unwrap();
        tree.symlink("d", "link").unwrap();
        tree.symlink("nowhere", "dangling").unwrap();
        assert_eq!(tree.remove_directory("link/").unwrap_err(), Errno::Notdir, "{kind}");
        assert_eq!(tree.rename("link/", tree, "moved").unwrap_err(), Errno::Notdir, "{kind}");
        assert_eq!(tree.rename("d", tree, "link/").unwrap_err(), Errno::Notdir, "{kind}");
        assert_eq!(tree.unlink("link/").unwrap_err(), Errno::Notdir, "{kind}");
        assert_eq!(tree.create_directory("dangling/").unwrap_err(), Errno::Exist, "{kind}");
        put(tree, "f", b"");
        for (taken, errno) in [
            ("d/", Errno::Exist),
            ("link/", Errno::Exist),
            ("dangling/", Errno::Exist),
            ("f", Errno::Exist),
            ("f/", Errno::Notdir),
            ("f///", Errno::Notdir),
            ("new/", Errno::Noent),
        ] {
            assert_eq!(tree.symlink("x", taken).unwrap_err(), errno, "{kind}: {taken}");
        }
        tree.unlink("f").unwrap();
        assert_eq!(names(tree), ["d", "dangling", "link"], "{kind}");
        assert_eq!(tree.stat("link/", false).unwrap().kind, FileKind::Directory, "{kind}");
        tree.remove_directory("d/").unwrap();
        tree.unlink("link").unwrap();
    }
}

#[test]
fn every_change_of_a_directory_shows_in_its_times() {
    let folder = tempfile::tempdir().unwrap();
    let old = SetTime::To(SystemTime::UNIX_EPOCH);
    for (kind, tree) in writable(folder.path()) {
        let tree = &*tree;
        put(tree, "f", b"");
        let acts: [(&str, &dyn Fn()); 5] = [
            ("make", &|| tree.create_directory("d").unwrap()),
            ("link", &|| tree.link("f", false, tree, "g").unwrap()),
            ("rename", &|| tree.rename("g", tree, "h").unwrap()),
            ("unlink", &|| tree.unlink("h").unwrap()),
            ("remove", &|| tree.remove_directory("d").unwrap()),
        ];
        for (name, act) in acts {
            tree.set_times_self(old, old).unwrap();
            act();
            let stat = tree.stat_self().unwrap();
            assert!(stat.modified > Some(SystemTime::UNIX_EPOCH), "{kind}: {name}");
            assert_eq!(stat.accessed, Some(SystemTime::UNIX_EPOCH), "{kind}: {name}");
        }
    }
}
