//! Attacks on the trees that touch the host, by their numbers.

use std::{
    os::unix::fs::{PermissionsExt, symlink},
    sync::atomic::{AtomicBool, Ordering},
};

use wasm_sandbox_policy::ResourceKind;

use super::*;

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
        assert_eq!(tree.open("fifo", OpenHow { write: true, ..READ }).err(), Some(Errno::Acces));
        assert_eq!(tree.open("fifo", WRITE).err(), Some(Errno::Acces));
        assert_eq!(tree.open("fifo", OpenHow { exclusive: true, ..WRITE }).err(), Some(Errno::Exist));
        assert_eq!(tree.open("fifo", OpenHow { directory: true, ..READ }).err(), Some(Errno::Notdir));
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
