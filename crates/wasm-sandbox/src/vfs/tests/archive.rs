//! Zip archives, good and hostile.

use super::*;

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
