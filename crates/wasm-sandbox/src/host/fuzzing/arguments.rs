//! Numbers and texts as a hostile guest would choose them: at the edges, where things are, and anything else.

use arbitrary::{Result, Unstructured};

/// Parts that paths are made of: what is there, what leads out, and what is odd.
const PARTS: &[&str] = &[
    "a",
    "b",
    "c",
    "..",
    ".",
    "",
    "data",
    "tmp",
    "zip",
    "over",
    "hello.txt",
    "sub",
    "deep.txt",
    "link",
    "out",
    "up",
    "loop",
    "d",
    "f.txt",
    "\u{1b}[31m",
    "caf\u{e9}",
    "a b",
    "con",
];

/// An address: of something small, close to the end, or anywhere.
pub(super) fn pointer(input: &mut Unstructured<'_>, size: usize) -> Result<u32> {
    let size = size as u32;
    Ok(match input.int_in_range(0..=9)? {
        0 => input.arbitrary()?,
        1 => u32::MAX - input.int_in_range(0..=64)?,
        2 => size.wrapping_sub(input.int_in_range(0..=128)?),
        3 => size.wrapping_add(input.int_in_range(0..=8)?),
        _ => input.int_in_range(0..=size.saturating_sub(1) / 32)? * 32,
    })
}

/// A length or a count.
pub(super) fn length(input: &mut Unstructured<'_>, size: usize) -> Result<u32> {
    let size = size as u32;
    Ok(match input.int_in_range(0..=9)? {
        0 => input.arbitrary()?,
        1 => *input.choose(&[0, 1, 1024, 1025, 4096, 4097, i32::MAX as u32, u32::MAX - 7, u32::MAX])?,
        2 => size.wrapping_sub(input.int_in_range(0..=64)?),
        3 | 4 => input.int_in_range(0..=size)?,
        _ => input.int_in_range(0..=64)?,
    })
}

pub(super) fn descriptor(input: &mut Unstructured<'_>) -> Result<u32> {
    Ok(match input.int_in_range(0..=15)? {
        0 => input.arbitrary()?,
        _ => input.int_in_range(0..=17)?,
    })
}

/// An offset, a size, a time or a set of rights.
pub(super) fn wide(input: &mut Unstructured<'_>) -> Result<u64> {
    const EDGES: [u64; 12] = [
        0,
        1,
        2,
        65_535,
        65_536,
        1 << 22 | 1 << 6 | 1 << 1,
        1 << 32,
        1 << 50,
        i64::MAX as u64,
        i64::MAX as u64 + 1,
        u64::MAX - 1,
        u64::MAX,
    ];
    Ok(match input.int_in_range(0..=3)? {
        0 => input.arbitrary()?,
        1 => *input.choose(&EDGES)?,
        _ => input.int_in_range(0..=40_000)?,
    })
}

/// Flags and other small numbers.
pub(super) fn small(input: &mut Unstructured<'_>) -> Result<u32> {
    if input.ratio(1, 10)? { input.arbitrary() } else { input.int_in_range(0..=16) }
}

/// The text of a path.
pub(super) fn path_text(input: &mut Unstructured<'_>) -> Result<String> {
    let count = input.int_in_range(1..=5)?;
    let mut parts = Vec::new();
    for _ in 0..count {
        parts.push(match input.int_in_range(0..=19)? {
            0 => "n".repeat(input.int_in_range(250..=260)?),
            1 => input.arbitrary::<String>()?,
            _ => (*input.choose(PARTS)?).to_owned(),
        });
    }
    let slash = if input.ratio(1, 8)? { "/" } else { "" };
    Ok(format!("{slash}{}", parts.join("/")))
}
