//! The central directory of an archive, read with nothing taken on its word.
//!
//! Read here and not by a library, since an archive may be an attacker's: libraries size their tables by the count that
//! the archive claims, and keep the last of two entries with one name without a word.

use std::{fs::File, os::unix::fs::FileExt};

/// Bytes that a central directory may have.
const MAX_DIRECTORY: u64 = 32 << 20;

/// Bytes of the record that ends an archive, and of the longest comment after it.
const END: usize = 22;
const MAX_COMMENT: u64 = 0xffff;

/// What a field of 32 bits holds when the value is elsewhere.
const ELSEWHERE: u64 = 0xffff_ffff;

/// One entry as the directory has it.
pub(super) struct Listed<'a> {
    pub(super) name: &'a [u8],
    /// Whether the bytes are a link's target.
    pub(super) is_link: bool,
    pub(super) is_encrypted: bool,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) packed_size: u64,
    pub(super) size: u64,
    /// Where its own header is.
    pub(super) header: u64,
}

/// The directory's bytes, and what has to be added to the places that it names.
pub(super) struct Directory {
    bytes: Vec<u8>,
    entries: u64,
    base: u64,
}

/// Bytes that are read in order, little-endian; none when they end too early.
#[derive(Clone, Copy)]
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn bytes(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(head)
    }

    fn number(&mut self, len: usize) -> Option<u64> {
        Some(self.bytes(len)?.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn signed(&mut self, signature: &[u8]) -> Option<()> {
        (self.bytes(signature.len())? == signature).then_some(())
    }
}

impl Directory {
    /// # Errors
    /// It is no archive, or its directory is too large.
    pub(super) fn read(archive: &File) -> Result<Self, String> {
        let len = archive.metadata().map_err(|error| error.to_string())?.len();
        let tail = read(archive, len.saturating_sub(END as u64 + MAX_COMMENT), len)?;
        let end = (0..=tail.len().saturating_sub(END)).rev().find(|at| is_end(tail.get(*at..).unwrap_or_default()));
        let end = end.ok_or("it does not end as an archive does")?;
        let at = len - (tail.len() - end) as u64;
        let (entries, size, offset, at) =
            summary(archive, tail.get(end..).unwrap_or_default(), at).ok_or("its end is damaged")?;
        let start = at.checked_sub(size).ok_or("its directory is longer than the archive")?;
        let base = start.checked_sub(offset).ok_or("its directory is not where it says")?;
        Ok(Self { bytes: read(archive, start, at)?, entries, base })
    }

    /// Calls `each` with every entry.
    ///
    /// # Errors
    /// An entry is damaged, there are others than the archive says, or `each` does not like one.
    pub(super) fn entries(&self, mut each: impl FnMut(Listed<'_>) -> Result<(), String>) -> Result<(), String> {
        let mut fields = Fields(&self.bytes);
        let mut found = 0;
        while !fields.0.is_empty() {
            each(entry(&mut fields, self.base).ok_or("its directory is damaged")?)?;
            found += 1;
        }
        if found == self.entries { Ok(()) } else { Err("it has other entries than it says".to_owned()) }
    }
}

/// Where the bytes of the entry with its header at `header` begin.
pub(super) fn data_start(archive: &File, header: u64) -> Option<u64> {
    let bytes = read(archive, header, header.checked_add(30)?).ok()?;
    let mut fields = Fields(&bytes);
    fields.signed(b"PK\x03\x04")?;
    fields.bytes(22)?;
    let (name, extra) = (fields.number(2)?, fields.number(2)?);
    header.checked_add(30 + name + extra)
}

fn read(archive: &File, start: u64, end: u64) -> Result<Vec<u8>, String> {
    let len = end.saturating_sub(start);
    if len > MAX_DIRECTORY {
        return Err(format!("its directory has more than {MAX_DIRECTORY} bytes"));
    }
    let mut bytes = vec![0; usize::try_from(len).unwrap_or(0)];
    archive.read_exact_at(&mut bytes, start).map_err(|error| error.to_string())?;
    Ok(bytes)
}

/// Whether the record that ends an archive is here, its comment reaching exactly to the end.
fn is_end(bytes: &[u8]) -> bool {
    comment_len(Fields(bytes)).is_some_and(|len| len == (bytes.len() - END) as u64)
}

fn comment_len(mut end: Fields<'_>) -> Option<u64> {
    end.signed(b"PK\x05\x06")?;
    end.bytes(16)?;
    end.number(2)
}

/// Count of entries, length of the directory, its place as the archive says, and where it really ends.
fn summary(archive: &File, end: &[u8], at: u64) -> Option<(u64, u64, u64, u64)> {
    let mut fields = Fields(end.get(8..)?);
    let (here, entries, size, offset) = (fields.number(2)?, fields.number(2)?, fields.number(4)?, fields.number(4)?);
    if entries != 0xffff && size != ELSEWHERE && offset != ELSEWHERE {
        return (here == entries).then_some((entries, size, offset, at));
    }
    // The large numbers are in a record of their own, and where that is in another before this one.
    let locator = read(archive, at.checked_sub(20)?, at).ok()?;
    let mut fields = Fields(&locator);
    fields.signed(b"PK\x06\x07\0\0\0\0")?;
    let at = fields.number(8)?;
    let record = read(archive, at, at.checked_add(56)?).ok()?;
    let mut fields = Fields(&record);
    fields.signed(b"PK\x06\x06")?;
    fields.bytes(28)?;
    Some((fields.number(8)?, fields.number(8)?, fields.number(8)?, at))
}

fn entry<'a>(fields: &mut Fields<'a>, base: u64) -> Option<Listed<'a>> {
    fields.signed(b"PK\x01\x02")?;
    let _version = fields.number(1)?;
    let system = fields.number(1)?;
    fields.bytes(2)?;
    let (flags, method) = (fields.number(2)?, fields.number(2)?);
    fields.bytes(4)?;
    let (crc, packed_size, size) = (fields.number(4)?, fields.number(4)?, fields.number(4)?);
    let (name, extra, comment) = (fields.number(2)?, fields.number(2)?, fields.number(2)?);
    fields.bytes(4)?;
    let (attributes, header) = (fields.number(4)?, fields.number(4)?);
    let name = fields.bytes(usize::try_from(name).ok()?)?;
    let extra = fields.bytes(usize::try_from(extra).ok()?)?;
    fields.bytes(usize::try_from(comment).ok()?)?;
    let [size, packed_size, header] = large(Fields(extra), [size, packed_size, header])?;
    /// Unix, which keeps a file's mode in the upper half of the attributes.
    const UNIX: u64 = 3;
    Some(Listed {
        name,
        is_link: system == UNIX && attributes >> 16 & 0o170_000 == 0o120_000,
        is_encrypted: flags & 1 != 0,
        method: u16::try_from(method).ok()?,
        crc: u32::try_from(crc).ok()?,
        packed_size,
        size,
        header: base.checked_add(header)?,
    })
}

/// The numbers that do not fit 32 bits are in an extra field, in this order.
fn large(mut extra: Fields<'_>, mut numbers: [u64; 3]) -> Option<[u64; 3]> {
    const LARGE: u64 = 1;
    while numbers.contains(&ELSEWHERE) {
        let (kind, len) = (extra.number(2)?, extra.number(2)?);
        let mut field = Fields(extra.bytes(usize::try_from(len).ok()?)?);
        if kind == LARGE {
            for number in numbers.iter_mut().filter(|number| **number == ELSEWHERE) {
                *number = field.number(8)?;
            }
            break;
        }
    }
    Some(numbers)
}
