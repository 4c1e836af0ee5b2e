//! Zip archives, good and hostile.

use std::{io::Write, path::PathBuf};

use flate2::{Compression, Crc, write::DeflateEncoder};
use tempfile::TempDir;

use super::*;

/// An entry as an archive claims it to be.
#[derive(Clone)]
struct Claim {
    name: Vec<u8>,
    flags: u16,
    method: u16,
    packed: Vec<u8>,
    size: u32,
    crc: u32,
}

impl Claim {
    fn stored(name: &str, bytes: &[u8]) -> Self {
        let mut crc = Crc::new();
        crc.update(bytes);
        let size = u32::try_from(bytes.len()).unwrap();
        Self { name: name.into(), flags: 0, method: 0, packed: bytes.to_vec(), size, crc: crc.sum() }
    }

    fn deflated(name: &str, bytes: &[u8]) -> Self {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        Self { method: 8, packed: encoder.finish().unwrap(), ..Self::stored(name, bytes) }
    }

    /// What local and central headers have in common.
    fn header(&self) -> Vec<u8> {
        let mut bytes = [&[20, 0][..], &self.flags.to_le_bytes(), &self.method.to_le_bytes(), &[0; 4]].concat();
        for number in [self.crc, u32::try_from(self.packed.len()).unwrap(), self.size] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(u16::try_from(self.name.len()).unwrap().to_le_bytes());
        bytes.extend([0; 2]);
        bytes
    }
}

/// An archive of these entries that claims to have `count`.
fn archive(claims: &[Claim], count: u16) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for claim in claims {
        directory.extend([b"PK\x01\x02\x14\0".as_slice(), &claim.header(), &[0; 10]].concat());
        directory.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
        directory.extend(&claim.name);
        bytes.extend([b"PK\x03\x04".as_slice(), &claim.header(), &claim.name, &claim.packed].concat());
    }
    let start = bytes.len();
    bytes.extend(&directory);
    bytes.extend([b"PK\x05\x06\0\0\0\0".as_slice(), &count.to_le_bytes(), &count.to_le_bytes()].concat());
    for number in [directory.len(), start] {
        bytes.extend(u32::try_from(number).unwrap().to_le_bytes());
    }
    bytes.extend([0; 2]);
    bytes
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("a.zip")
    }

    fn open(&self, bytes: &[u8]) -> Result<Arc<dyn Dir>, String> {
        fs::write(self.path(), bytes).unwrap();
        MemoryTree::zip(&self.path(), quota()).map_err(|error| format!("{error:?}"))
    }

    fn tree(&self, claims: &[Claim]) -> Result<Arc<dyn Dir>, String> {
        self.open(&archive(claims, u16::try_from(claims.len()).unwrap()))
    }

    fn refused(&self, claims: &[Claim], reason: &str) {
        let error = self.tree(claims).err().expect("the archive is refused");
        assert!(error.contains(reason), "{error}");
    }
}

/// Reads until there is no more work to do first, and says how often there was.
fn patient(file: &dyn File, buffer: &mut [u8], offset: u64) -> (usize, VfsResult<usize>) {
    let mut waits = 0;
    loop {
        match file.read_at(buffer, offset) {
            Err(Errno::Again) => waits += 1,
            outcome => return (waits, outcome),
        }
    }
}

#[test]
fn a_zip_archive_is_read_and_not_written() {
    let folder = Folder::new();
    let mut zip = zip::ZipWriter::new(fs::File::create(folder.path()).unwrap());
    let options = zip::write::SimpleFileOptions::default();
    let long: Vec<u8> = (0..300_000u32).flat_map(u32::to_le_bytes).collect();
    for (name, bytes) in [("d/f.txt", b"inside".as_slice()), ("g", b"g"), ("long", &long)] {
        zip.start_file(name, options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.start_file("stored", options.compression_method(zip::CompressionMethod::Stored).large_file(true)).unwrap();
    zip.write_all(b"stored").unwrap();
    zip.add_directory("empty", options).unwrap();
    zip.add_symlink("link", "d/f.txt", options).unwrap();
    zip.set_comment("a comment");
    zip.finish().unwrap();
    let tree = MemoryTree::zip(&folder.path(), quota()).unwrap();
    assert_eq!(names(&*tree), ["d", "empty", "g", "link", "long", "stored"]);
    assert_eq!(content(&*tree, "d/f.txt").unwrap(), b"inside");
    assert_eq!(content(&*tree, "link").unwrap(), b"inside");
    assert_eq!(content(&*tree, "stored").unwrap(), b"stored");
    assert_eq!(content(&*tree, "long").unwrap(), long);
    assert_eq!(tree.stat("d/f.txt", true).unwrap().size, 6);
    assert_eq!(tree.stat("empty", true).unwrap().kind, FileKind::Directory);
    let file = file(&*tree, "long", READ).unwrap();
    for offset in [1_000_000, 4, 500_000, 0, 1_199_996] {
        let mut four = [0; 4];
        assert_eq!(file.read_at(&mut four, offset), Ok(4));
        assert_eq!(u64::from(u32::from_le_bytes(four)), offset / 4);
    }
    assert_eq!(tree.open("new", WRITE).err(), Some(Errno::Rofs));
    assert_eq!(tree.unlink("g").unwrap_err(), Errno::Rofs);
}

#[test]
fn e1_names_in_an_archive_do_not_lead_out() {
    let folder = Folder::new();
    for name in ["../x", "/etc/x", "a/../../x", "a\\b", "d/./x", "a//b", "", "/", "a\0b", &"n".repeat(256)] {
        folder.refused(&[Claim::stored(name, b"x")], "leads elsewhere or is too long");
    }
    let fine = folder.tree(&[Claim::stored("..x/x..", b"x"), Claim::stored(&"n".repeat(255), b"y")]).unwrap();
    assert_eq!(content(&*fine, "..x/x..").unwrap(), b"x");
}

#[test]
fn of_two_entries_with_one_name_neither_is_given() {
    let folder = Folder::new();
    let claim = |name: &str| Claim::stored(name, if name.ends_with('/') { b"" } else { b"x" });
    for [first, second] in [["a", "a"], ["d/", "d/"], ["a", "a/"], ["a/", "a"], ["a/b", "a"]] {
        folder.refused(&[claim(first), claim(second)], "is there twice");
    }
    folder.refused(&[claim("a"), claim("a/b")], "is inside of a file");
    assert_eq!(names(&*folder.tree(&[claim("a/b"), claim("a/"), claim("A")]).unwrap()), ["A", "a"]);
}

#[test]
fn parents_that_are_only_named_count() {
    let folder = Folder::new();
    folder.refused(&[Claim::stored(&"a/".repeat(32_000), b"")], "leads elsewhere or is too long");
    let deep = |n: usize| Claim::stored(&format!("{n}/{}f", "a/".repeat(500)), b"x");
    folder.refused(&(0..400).map(deep).collect::<Vec<_>>(), "is one entry more than 200000");
    let tree = folder.tree(&(0..100).map(deep).collect::<Vec<_>>()).unwrap();
    assert_eq!(content(&*tree, &format!("99/{}f", "a/".repeat(500))).unwrap(), b"x");
}

#[test]
fn an_archive_is_not_taken_at_its_word() {
    let folder = Folder::new();
    let claims = [Claim::stored("a", b"x"), Claim::stored("b", b"y")];
    for count in [0, 1, 3, 0xfffe] {
        assert!(folder.open(&archive(&claims, count)).err().unwrap().contains("other entries than it says"), "{count}");
    }
    let good = archive(&claims, 2);
    let end = good.len() - 22;
    for (at, reason) in [
        (end + 12, "its directory"),
        (end + 16, "its directory is not where it says"),
        (end, "does not end as an archive does"),
        (end - 94, "its directory is damaged"),
    ] {
        let mut damaged = good.clone();
        damaged[at] ^= 0x80;
        let error = folder.open(&damaged).err().unwrap();
        assert!(error.contains(reason), "{at}: {error}");
    }
    // 2^60 entries in a directory of one terabyte.
    let mut record = [b"PK\x06\x06".as_slice(), &[0; 28], &(1u64 << 60).to_le_bytes()].concat();
    record.extend([(1u64 << 40).to_le_bytes(), 0u64.to_le_bytes()].concat());
    let locator = [b"PK\x06\x07\0\0\0\0".as_slice(), &0u64.to_le_bytes(), &[1, 0, 0, 0]].concat();
    let end = [b"PK\x05\x06\0\0\0\0".as_slice(), &[0xff; 12], &[0; 2]].concat();
    let error = folder.open(&[record, locator, end].concat()).err().unwrap();
    assert!(error.contains("its directory is longer than the archive"), "{error}");
    let prepended = [b"#!/bin/sh\nexit\n".as_slice(), &good].concat();
    assert_eq!(content(&*folder.open(&prepended).unwrap(), "b").unwrap(), b"y");
}

#[test]
fn a_bomb_is_inflated_in_steps_and_none_of_it_kept() {
    let folder = Folder::new();
    let mut bytes = vec![0; 100 << 20];
    *bytes.last_mut().unwrap() = 7;
    let tree = folder.tree(&[Claim::deflated("bomb", &bytes)]).unwrap();
    let bomb = file(&*tree, "bomb", READ).unwrap();
    let mut last = [0; 10];
    let end = bytes.len() as u64 - 1;
    let (waits, read) = patient(&*bomb, &mut last, end);
    assert_eq!((read, last[0]), (Ok(1), 7));
    assert!(waits >= 20, "{waits} steps for 100 MiB");
    assert_eq!(patient(&*bomb, &mut last, 0), (0, Ok(10)), "going back starts again");
    let mut much = vec![1; 50 << 20];
    let (_, read) = patient(&*bomb, &mut much, 0);
    assert!(read.unwrap() <= 4 << 20, "one read is one step");
}

#[test]
fn blocks_that_inflate_to_nothing_are_read_in_steps() {
    let folder = Folder::new();
    let mut claim = Claim::deflated("f", b"something");
    let nothing = [0, 0, 0, 0xff, 0xff].repeat(4 << 20);
    claim.packed = [nothing, claim.packed].concat();
    let tree = folder.tree(&[claim]).unwrap();
    let file = file(&*tree, "f", READ).unwrap();
    let mut buffer = [0; 9];
    let (waits, read) = patient(&*file, &mut buffer, 0);
    assert_eq!((read, &buffer), (Ok(9), b"something"));
    assert!(waits >= 4, "{waits} steps for 20 MiB");
}

#[test]
fn bytes_that_are_not_what_the_archive_says_are_not_given() {
    let folder = Folder::new();
    let good = Claim::deflated("f", &[5; 1000]);
    assert_eq!(content(&*folder.tree(std::slice::from_ref(&good)).unwrap(), "f").unwrap(), [5; 1000]);
    let cases = [
        ("checksum", Claim { crc: !good.crc, ..good.clone() }, Errno::Io),
        ("shorter", Claim { size: 999, ..good.clone() }, Errno::Io),
        ("longer", Claim { size: 1001, ..good.clone() }, Errno::Io),
        ("cut", Claim { packed: good.packed[..good.packed.len() - 3].to_vec(), ..good.clone() }, Errno::Io),
        ("garbage", Claim { packed: vec![0xff; 100], ..good.clone() }, Errno::Io),
        ("method", Claim { method: 12, ..good.clone() }, Errno::Notsup),
        ("encrypted", Claim { flags: 1, ..good.clone() }, Errno::Notsup),
        ("stored", Claim { method: 0, ..good.clone() }, Errno::Notsup),
    ];
    for (case, claim, errno) in cases {
        let tree = folder.tree(&[claim]).unwrap();
        assert_eq!(content(&*tree, "f").err(), Some(errno), "{case}");
    }
}

#[test]
fn e11_names_in_an_archive_are_bytes() {
    let folder = Folder::new();
    let mut claim = Claim::stored("f", b"x");
    claim.name = b"\xff\x1b[31m\n".to_vec();
    let tree = folder.tree(&[claim.clone()]).unwrap();
    assert!(tree.entries(0, 10).unwrap().iter().any(|entry| entry.name == claim.name));
    claim.name = [b"../".as_slice(), &claim.name].concat();
    let error = folder.tree(&[claim]).err().unwrap();
    assert!(error.is_ascii() && !error.contains(['\x1b', '\n']), "{error:?}");
}
