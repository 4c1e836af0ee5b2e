//! The ways in for the fuzz targets in `fuzz/`: no part of the interface, and not there but under `--cfg fuzzing`. Each
//! function takes any bytes, and panics when something that must hold does not.

#![allow(missing_docs, clippy::expect_used, clippy::panic, reason = "a property that does not hold is a panic")]

use std::{
    fs,
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use arbitrary::{Result, Unstructured};
use wasm_sandbox_policy::{ByteSize, ResourceLimits};

use crate::{
    engine::{
        cache::{Cache, CacheKey},
        screen,
    },
    image::{Changes, globals_from, globals_to},
    value::Signatures,
    vfs::{Dir, MemoryTree, OpenHow, Opened, Quota},
};
pub use crate::{host::fuzzing as host, value::fuzzing as value, vfs::fuzzing as vfs};

/// Any bytes as a module: refused, or fit for what comes after screening.
pub fn screen(wasm: &[u8]) {
    let Ok(screened) = screen::screen(wasm) else { return };
    let signatures = Signatures::from_wasm(wasm).expect("a module without a section of ours has signatures");
    let named = |name: &str| signatures.find(name).is_ok();
    assert!(!named("_start"), "a program's start is no function to call");
    assert!(screened.imports.iter().all(|(module, name)| module.len() + name.len() <= wasm.len()));
}

/// Entries of the cache that were changed on the disk: only the one that was written is read.
pub fn cache(data: &[u8]) {
    let _ = cache_of(&mut Unstructured::new(data));
}

/// A cache with one entry, made once.
struct Shelf {
    cache: Cache,
    key: CacheKey,
    entry: PathBuf,
    _folder: tempfile::TempDir,
}

fn shelf() -> &'static Shelf {
    static SHELF: OnceLock<Shelf> = OnceLock::new();
    SHELF.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let cache = Cache::open(folder.path(), ByteSize::mib(1)).expect("a private directory");
        let key = CacheKey::new("fuzzing", &[b"key"]);
        cache.write(&key, b"");
        let mut files = fs::read_dir(folder.path()).expect("the directory").filter_map(std::result::Result::ok);
        let entry = files.find(|file| file.file_name() != "key").expect("the entry").path();
        Shelf { cache, key, entry, _folder: folder }
    })
}

fn cache_of(input: &mut Unstructured<'_>) -> Result<()> {
    let Shelf { cache, key, entry, .. } = shelf();
    let contents: Vec<u8> = input.arbitrary()?;
    cache.write(key, &contents);
    let sound = fs::read(entry).expect("the entry");
    let changed = change(input, &sound)?;
    fs::write(entry, &changed).expect("a writable entry");
    let read = cache.read(key);
    assert_eq!(read.is_some(), changed == sound, "an entry that was changed is used, or a sound one is not");
    assert!(read.is_none_or(|read| read == contents));
    assert_eq!(entry.exists(), changed == sound, "an entry that is not sound stays");
    Ok(())
}

/// Bytes that somebody has damaged.
pub(crate) fn change(input: &mut Unstructured<'_>, sound: &[u8]) -> Result<Vec<u8>> {
    let mut bytes = sound.to_vec();
    match input.int_in_range(0..=4)? {
        0 => bytes.truncate(input.int_in_range(0..=sound.len())?),
        1 => bytes.extend(input.arbitrary::<Vec<u8>>()?),
        2 => bytes = input.arbitrary()?,
        3 => bytes.rotate_left(input.int_in_range(0..=sound.len())?),
        _ => {
            let at = input.choose_index(sound.len())?;
            let bits = input.arbitrary::<u8>()?;
            bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= bits);
        }
    }
    Ok(bytes)
}

/// Pieces of a memory as a snapshot has them: refused, or the memory that they say.
pub fn snapshot_memory(data: &[u8]) {
    let _ = snapshot_memory_of(&mut Unstructured::new(data));
}

fn snapshot_memory_of(input: &mut Unstructured<'_>) -> Result<()> {
    const PAGE: usize = 4096;
    // So many that some are copied and some are mapped.
    let len = if input.ratio(9, 10)? { input.int_in_range(0..=12)? << 16 } else { input.int_in_range(0..=200)? * PAGE };
    let globals: Vec<u8> = input.arbitrary()?;
    let globals = globals_from(&globals);
    assert!(globals.as_deref().is_none_or(|globals| globals_from(&globals_to(globals)).is_some()));
    let mut given = Vec::new();
    for _ in 0..input.int_in_range(0..=20)? {
        let at = if input.ratio(9, 10)? { input.int_in_range(0..=200)? * PAGE } else { input.arbitrary()? };
        let size =
            if input.ratio(9, 10)? { input.int_in_range(0..=100)? * PAGE } else { input.int_in_range(0..=9000)? };
        given.push((at, vec![input.arbitrary()?; size]));
    }
    if input.ratio(9, 10)? {
        given.sort();
    }
    let pieces: Vec<(usize, &[u8])> = given.iter().map(|(at, bytes)| (*at, bytes.as_slice())).collect();
    let changes = Changes::from_pieces(len, Vec::new(), &pieces).expect("there is memory for it");
    let (mut end, mut sound, mut expected) = (0, len % (64 << 10) == 0, vec![None; len]);
    for (at, bytes) in pieces {
        let inside = at >= end && at.checked_add(bytes.len()).is_some_and(|end| end <= len);
        sound &= inside && !bytes.is_empty() && at % PAGE == 0 && bytes.len() % PAGE == 0;
        end = at.saturating_add(bytes.len());
        expected.iter_mut().skip(at).zip(bytes).for_each(|(place, byte)| *place = Some(*byte));
    }
    assert_eq!(changes.is_some(), sound, "{len} bytes");
    let Some(changes) = changes else { return Ok(()) };
    let mut found = vec![None; len];
    for (at, bytes) in changes.pieces().expect("there is memory for it").iter() {
        found.iter_mut().skip(at).zip(bytes).for_each(|(place, byte)| *place = Some(*byte));
    }
    assert!(found == expected, "the memory is another");
    Ok(())
}

/// Any bytes as a zip archive: refused, or a tree whose every name and file can be looked at and none changed.
pub fn zip(archive: &[u8]) {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    fs::write(file.path(), archive).expect("a writable file");
    let quota = Arc::new(Quota::new(&ResourceLimits::default()));
    let Ok(tree) = MemoryTree::zip(file.path(), Arc::clone(&quota)) else { return };
    walk(&*tree, 0);
    let new = OpenHow { write: true, create: true, ..OpenHow::default() };
    assert!(tree.open("new", new).is_err(), "an archive was written");
    assert_eq!((quota.bytes_used(), quota.files_used()), (0, 0), "reading an archive costs the guest");
}

fn walk(tree: &dyn Dir, depth: usize) {
    // A name has at most 64 KiB, so a path of it has at most half as many parts.
    assert!(depth < 40_000);
    for entry in tree.entries(0, 10_000).unwrap_or_default() {
        let Ok(name) = std::str::from_utf8(&entry.name) else { continue };
        if matches!(name, "." | "..") {
            continue;
        }
        assert!(!name.contains(['/', '\0']), "`{name}` is no name");
        let _ = (tree.stat(name, true), tree.read_link(name));
        match tree.open(name, OpenHow { read: true, ..OpenHow::default() }) {
            Ok(Opened::Directory(inner)) if depth < 64 => walk(&*inner, depth + 1),
            Ok(Opened::File { file, .. }) => {
                let mut buffer = [0; 64];
                let size = file.stat().map_or(0, |stat| stat.size);
                let read = file.read_at(&mut buffer, 0).unwrap_or(0);
                assert!(read as u64 <= size, "`{name}` gave {read} bytes of {size}");
                assert_eq!(file.read_at(&mut buffer, size), Ok(0), "`{name}` has bytes after its end");
            }
            _ => {}
        }
    }
}
