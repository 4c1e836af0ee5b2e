//! The fuzz target of the central directory's reader: what was written is read, and what was damaged is refused or bounded.

#![allow(missing_docs, clippy::expect_used, clippy::panic, reason = "a property that does not hold is a panic")]

use std::{fs::File, io::Write};

use arbitrary::{Result, Unstructured};

use super::directory::{Directory, Listed, data_start};
use crate::fuzzing::change;

/// Any archive's end: entries with any values, before and after any damage.
pub fn zip_directory(data: &[u8]) {
    let _ = zip_directory_of(&mut Unstructured::new(data));
}

fn zip_directory_of(input: &mut Unstructured<'_>) -> Result<()> {
    let entries: Vec<Entry> = (0..input.int_in_range(0..=6)?).map(|_| Entry::any(input)).collect::<Result<_>>()?;
    let archive = archive(input, &entries)?;
    let found = read(&archive).expect("what was written is read");
    assert_eq!(found.len(), entries.len());
    for (found, (base, entry)) in found.iter().zip(entries.iter().map(|entry| (archive.base, entry))) {
        assert_eq!(*found, Entry { header: entry.header + base, ..entry.clone() });
    }
    let damaged = Archive { bytes: change(input, &archive.bytes)?, ..archive };
    let found = read(&damaged).unwrap_or_default();
    // 46 bytes is the least that an entry has.
    assert!(found.len() * 46 <= damaged.bytes.len(), "entries that are not there");
    assert!(found.iter().map(|entry| entry.name.len()).sum::<usize>() <= damaged.bytes.len());
    Ok(())
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    name: Vec<u8>,
    is_link: bool,
    is_encrypted: bool,
    method: u16,
    crc: u32,
    packed_size: u64,
    size: u64,
    header: u64,
}

impl Entry {
    fn any(input: &mut Unstructured<'_>) -> Result<Self> {
        let name: Vec<u8> = input.arbitrary()?;
        // Further on no archive has a place.
        let header = input.arbitrary::<u64>()? >> 2;
        let (is_link, is_encrypted, method, crc, packed_size, size) = input.arbitrary()?;
        Ok(Self { name, is_link, is_encrypted, method, crc, packed_size, size, header })
    }

    fn listed(listed: &Listed<'_>) -> Self {
        let Listed { name, is_link, is_encrypted, method, crc, packed_size, size, header } = *listed;
        Self { name: name.to_vec(), is_link, is_encrypted, method, crc, packed_size, size, header }
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        let numbers = [self.size, self.packed_size, self.header];
        let elsewhere: Vec<u8> =
            numbers.into_iter().filter(|number| large(*number)).flat_map(u64::to_le_bytes).collect();
        let small = |number: u64| if large(number) { u32::MAX } else { number as u32 }.to_le_bytes();
        let (kind, len) = (1_u16.to_le_bytes(), (elsewhere.len() as u16).to_le_bytes());
        let extra = if elsewhere.is_empty() { Vec::new() } else { [&kind[..], &len, &elsewhere].concat() };
        let mode: u32 = if self.is_link { 0o120_777 << 16 } else { 0o100_644 << 16 };
        bytes.extend_from_slice(b"PK\x01\x02\x14\x03\x14\0");
        bytes.extend_from_slice(&[u8::from(self.is_encrypted), 0]);
        bytes.extend_from_slice(&self.method.to_le_bytes());
        bytes.extend_from_slice(&[0; 4]);
        bytes.extend_from_slice(&self.crc.to_le_bytes());
        bytes.extend([small(self.packed_size), small(self.size)].as_flattened());
        bytes.extend([self.name.len() as u16, extra.len() as u16, 0, 0, 0].map(u16::to_le_bytes).as_flattened());
        bytes.extend_from_slice(&mode.to_le_bytes());
        bytes.extend(small(self.header));
        bytes.extend([self.name.as_slice(), &extra].concat());
    }
}

/// Whether a number does not fit the place that it has in the directory itself.
fn large(number: u64) -> bool {
    number >= u64::from(u32::MAX)
}

struct Archive {
    bytes: Vec<u8>,
    /// Bytes before everything that the archive itself counts from.
    base: u64,
}

fn archive(input: &mut Unstructured<'_>, entries: &[Entry]) -> Result<Archive> {
    let mut bytes: Vec<u8> = input.arbitrary()?;
    let base = input.int_in_range(0..=bytes.len() as u64)?;
    let start = bytes.len() as u64;
    entries.iter().for_each(|entry| entry.write(&mut bytes));
    let (size, offset) = (bytes.len() as u64 - start, start - base);
    let count = entries.len() as u64;
    if input.arbitrary()? {
        let record = bytes.len() as u64;
        bytes.extend_from_slice(b"PK\x06\x06");
        bytes.extend_from_slice(&[0; 28]);
        bytes.extend([count, size, offset].map(u64::to_le_bytes).as_flattened());
        bytes.extend_from_slice(b"PK\x06\x07\0\0\0\0");
        bytes.extend_from_slice(&record.to_le_bytes());
        bytes.extend_from_slice(&[1, 0, 0, 0]);
        bytes.extend_from_slice(b"PK\x05\x06\0\0\0\0");
        bytes.extend_from_slice(&[0xff; 12]);
    } else {
        bytes.extend_from_slice(b"PK\x05\x06\0\0\0\0");
        bytes.extend([count as u16; 2].map(u16::to_le_bytes).as_flattened());
        bytes.extend([size as u32, offset as u32].map(u32::to_le_bytes).as_flattened());
    }
    // Nothing in the comment looks like an end.
    let comment: Vec<u8> = input.arbitrary::<Vec<u8>>()?.into_iter().filter(|byte| *byte != b'P').collect();
    bytes.extend_from_slice(&(comment.len() as u16).to_le_bytes());
    bytes.extend(comment);
    Ok(Archive { bytes, base })
}

fn read(archive: &Archive) -> std::result::Result<Vec<Entry>, String> {
    let mut file: File = tempfile::tempfile().expect("a temporary file");
    file.write_all(&archive.bytes).expect("a writable file");
    let mut found = Vec::new();
    Directory::read(&file)?.entries(|listed| {
        let start = data_start(&file, listed.header);
        assert!(start.is_none_or(|start| start > listed.header && start <= listed.header + 30 + 2 * 0xffff));
        found.push(Entry::listed(&listed));
        Ok(())
    })?;
    Ok(found)
}
