//! Trees in memory, alone and over a directory of the host.

use std::{os::unix::fs::symlink, time::Duration};

use super::*;

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
fn a_directory_below_that_cannot_be_listed_is_not_empty() {
    let folder = tempfile::tempdir().unwrap();
    let (lower, aside) = (folder.path().join("d"), folder.path().join("aside"));
    fs::create_dir(&lower).unwrap();
    fs::write(lower.join("f"), "f").unwrap();
    let tree = MemoryTree::overlay(folder.path(), quota()).unwrap();
    assert_eq!(names(&*tree), ["d"]);
    fs::rename(&lower, &aside).unwrap();
    for _ in 0..2 {
        assert_eq!(tree.remove_directory("d").unwrap_err(), Errno::Noent);
        assert_eq!(content(&*tree, "d/f").unwrap_err(), Errno::Noent);
    }
    symlink(&aside, &lower).unwrap();
    assert_eq!(content(&*tree, "d/f").unwrap_err(), Errno::Notdir, "a link is not followed below");
    fs::remove_file(&lower).unwrap();
    fs::rename(&aside, &lower).unwrap();
    assert_eq!(content(&*tree, "d/f").unwrap(), b"f", "the next look tries again");
    assert_eq!(tree.remove_directory("d").unwrap_err(), Errno::Notempty);
    tree.unlink("d/f").unwrap();
    tree.remove_directory("d").unwrap();
}

#[test]
fn a_truncating_open_that_fails_leaves_the_file_whole() {
    let folder = tempfile::tempdir().unwrap();
    let lower = folder.path().join("f");
    fs::write(&lower, "whole").unwrap();
    let tree = MemoryTree::overlay(folder.path(), quota()).unwrap();
    assert_eq!(tree.stat("f", true).unwrap().size, 5);
    fs::remove_file(&lower).unwrap();
    assert_eq!(tree.open("f", OpenHow { truncate: true, ..WRITE }).err(), Some(Errno::Noent));
    fs::write(&lower, "whole").unwrap();
    assert_eq!(content(&*tree, "f").unwrap(), b"whole");
    put(&*tree, "f", b"");
    fs::remove_file(&lower).unwrap();
    assert_eq!(content(&*tree, "f").unwrap(), b"", "nothing of the layer below shows, so nothing of it is needed");
}

#[test]
fn what_is_below_has_its_own_times() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("d")).unwrap();
    fs::write(folder.path().join("f"), "").unwrap();
    symlink("f", folder.path().join("l")).unwrap();
    let lower = host(folder.path(), MountAccess::Write);
    let old = SetTime::To(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000));
    for path in ["d", "f", "l", "."] {
        lower.set_times(path, path == ".", old, old).unwrap();
    }
    let tree = MemoryTree::overlay(folder.path(), quota()).unwrap();
    let modified = |tree: &Arc<dyn Dir>, path| tree.stat(path, false).unwrap().modified;
    for path in ["d", "f", "l", "."] {
        assert_eq!(modified(&tree, path), modified(&lower, path), "{path}");
        assert_eq!(
            modified(&tree, path).unwrap().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs(),
            1_000_000_000
        );
    }
    put(&*tree, "d/new", b"");
    assert!(modified(&tree, "d") > modified(&lower, "d"));
}

#[test]
fn e10_the_targets_of_links_are_paid_for() {
    let quota = small_quota(10_000, 100);
    let tree = MemoryTree::empty(Arc::clone(&quota));
    let target = "t".repeat(4000);
    tree.symlink(&target, "a").unwrap();
    tree.symlink(&target, "b").unwrap();
    assert_eq!(tree.symlink(&target, "c").unwrap_err(), Errno::Nospc);
    assert_eq!((quota.bytes_used(), quota.files_used()), (8000, 2));
    tree.unlink("a").unwrap();
    tree.symlink(&target, "c").unwrap();
    tree.unlink("b").unwrap();
    tree.unlink("c").unwrap();
    assert_eq!((quota.bytes_used(), quota.files_used()), (0, 0));
}
