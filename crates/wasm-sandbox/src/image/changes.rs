//! What a memory holds besides its image: what a snapshot keeps, a fork begins with and a suspended session takes along.
//!
//! Pages that were written are few and scattered, and copied. Where many lie side by side, as an array does, they go into a
//! file in memory that both sides map: it is copied once and shared from then on, until somebody writes.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, Write},
    ops::Range,
    os::unix::fs::FileExt,
    sync::Arc,
};

use wasm_sandbox_policy::SandboxError;

use super::{PAGE, seal, slot::Slot, unsealed};
use crate::{allowance::Share, value::WasmValue};

/// Pages side by side that are worth a mapping of their own.
const LARGE: usize = 64 * PAGE;

/// Mappings that one memory has, at most; then they are made one file again. The system bounds those of a process.
const MAX_MAPPED: usize = 16;

const ZEROS: [u8; PAGE] = [0; PAGE];

/// The difference between a memory and its image.
pub(crate) struct Changes {
    /// Bytes of the memory.
    len: usize,
    /// Values of the globals that can change, by their place among them.
    pub(crate) globals: Vec<WasmValue>,
    /// Where the copied pages belong, in the order in which they lie in `bytes`.
    copied: Vec<Range<usize>>,
    bytes: Vec<u8>,
    mapped: Vec<Mapped>,
    /// What `bytes` takes of the host's memory; none until they are complete.
    share: Option<Share>,
}

/// A part of a memory that a file holds.
#[derive(Clone)]
pub(super) struct Mapped {
    at: Range<usize>,
    file: Arc<SharedFile>,
    offset: u64,
}

/// A file in memory, and what it takes of the host's.
struct SharedFile {
    file: File,
    _share: Share,
}

impl Changes {
    /// What the first `len` bytes of a memory hold besides `image`. What goes into files is mapped by the memory, too.
    pub(super) fn of(
        slot: &mut Slot,
        image: &[u8],
        mapped: &mut Vec<Mapped>,
        len: usize,
        globals: Vec<WasmValue>,
    ) -> Result<Self, SandboxError> {
        let mut changes = Self::none(len, globals);
        freeze(slot, mapped)?;
        let written = slot.written(len);
        let (mut large, mut own) = (Vec::new(), Vec::new());
        for run in changed(slot, image, mapped, &written) {
            if run.len() >= LARGE { large.push(run) } else { changes.copy(run.clone(), slot.bytes(run)) }
        }
        changes.mapped.clone_from(mapped);
        if mapped.len() + large.len() > MAX_MAPPED {
            large.extend(changes.mapped.drain(..).map(|mapped| mapped.at));
            (large, own) = longest(united(large));
        }
        own.iter().for_each(|run| changes.copy(run.clone(), slot.bytes(run.clone())));
        let new = file_of(large, |run| slot.bytes(run))?;
        let mut changes = changes.counted()?;
        // Nothing has changed for the memory so far, so that it is as it was if it comes to nothing.
        own.into_iter().for_each(|run| slot.make_own(run));
        for new in new {
            slot.map(new.at.clone(), &new.file.file, new.offset).map_err(failed)?;
            changes.mapped.retain(|old| !(new.at.start <= old.at.start && old.at.end <= new.at.end));
            changes.mapped.push(new);
        }
        mapped.clone_from(&changes.mapped);
        Ok(changes)
    }

    /// Changes that came from elsewhere: pieces of a memory of `len` bytes, each at its place. None if they do not fit.
    pub(crate) fn from_pieces(
        len: usize,
        globals: Vec<WasmValue>,
        pieces: &[(usize, &[u8])],
    ) -> Result<Option<Self>, SandboxError> {
        let mut changes = Self::none(len, globals);
        let (mut end, mut large) = (0, Vec::new());
        for (at, bytes) in pieces {
            let aligned = at.is_multiple_of(PAGE) && bytes.len().is_multiple_of(PAGE);
            let fits = *at >= end && at.checked_add(bytes.len()).is_some_and(|end| end <= len);
            if !aligned || !fits {
                return Ok(None);
            }
            end = at + bytes.len();
            if bytes.len() < LARGE { changes.copy(*at..end, bytes) } else { large.push(*at..end) }
        }
        let bytes = |run: Range<usize>| {
            let piece = pieces.binary_search_by_key(&run.start, |(at, _)| *at).ok().and_then(|found| pieces.get(found));
            piece.map_or(&[][..], |(_, bytes)| *bytes)
        };
        let (large, own) = longest(large);
        own.into_iter().for_each(|run| changes.copy(run.clone(), bytes(run)));
        changes.mapped = file_of(large, bytes)?;
        changes.counted().map(Some)
    }

    fn none(len: usize, globals: Vec<WasmValue>) -> Self {
        Self { len, globals, copied: Vec::new(), bytes: Vec::new(), mapped: Vec::new(), share: None }
    }

    fn counted(mut self) -> Result<Self, SandboxError> {
        self.bytes.shrink_to_fit();
        self.share = Some(Share::take(self.bytes.len() as u64)?);
        Ok(self)
    }

    /// The pieces, sorted by their places and without overlaps.
    ///
    /// # Errors
    /// A file in memory cannot be read.
    pub(crate) fn pieces(&self) -> io::Result<Vec<(usize, Vec<u8>)>> {
        let mut pieces = BTreeMap::new();
        for mapped in &self.mapped {
            let mut bytes = vec![0; mapped.at.len()];
            mapped.file.file.read_exact_at(&mut bytes, mapped.offset)?;
            lay_over(&mut pieces, mapped.at.start, &bytes);
        }
        for (run, bytes) in self.runs() {
            lay_over(&mut pieces, run.start, bytes);
        }
        let mut runs: Vec<(usize, Vec<u8>)> = Vec::new();
        for (at, page) in pieces {
            match runs.last_mut() {
                Some((start, bytes)) if *start + bytes.len() == at => bytes.extend(page),
                _ => runs.push((at, page)),
            }
        }
        Ok(runs)
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn mapped(&self) -> &[Mapped] {
        &self.mapped
    }

    /// Brings a memory that holds the image to this state.
    pub(super) fn apply(&self, slot: &mut Slot) -> io::Result<()> {
        for mapped in &self.mapped {
            slot.map(mapped.at.clone(), &mapped.file.file, mapped.offset)?;
        }
        self.runs().for_each(|(run, bytes)| slot.write(run, bytes));
        Ok(())
    }

    fn copy(&mut self, run: Range<usize>, bytes: &[u8]) {
        self.copied.push(run);
        self.bytes.extend_from_slice(bytes);
    }

    fn runs(&self) -> impl Iterator<Item = (Range<usize>, &[u8])> {
        let mut rest = self.bytes.as_slice();
        self.copied.iter().map(move |run| {
            let (bytes, later) = rest.split_at_checked(run.len()).unwrap_or((rest, &[]));
            rest = later;
            (run.clone(), bytes)
        })
    }
}

/// Has the part of a memory that a file holds already be mapped by it as its copies will.
fn freeze(slot: &mut Slot, mapped: &mut Vec<Mapped>) -> Result<(), SandboxError> {
    let Some(at) = slot.in_file() else { return Ok(()) };
    let share = Share::take(at.len() as u64)?;
    let Some(file) = slot.freeze().map_err(failed)? else { return Ok(()) };
    // It needs no seal, which takes as long as all the rest: nobody else has the file, and nothing maps it to be written.
    mapped.push(Mapped { at, file: Arc::new(SharedFile { file, _share: share }), offset: 0 });
    Ok(())
}

/// Those of the written pages that differ from what lies below them, as runs.
fn changed(slot: &Slot, image: &[u8], mapped: &[Mapped], written: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for page in written.iter().flat_map(|run| run.clone().step_by(PAGE)) {
        let is_mapped = mapped.iter().any(|mapped| mapped.at.contains(&page));
        let below = image.get(page..page + PAGE).unwrap_or(&ZEROS);
        if !is_mapped && slot.bytes(page..page + PAGE) == below {
            continue;
        }
        match runs.last_mut() {
            Some(last) if last.end == page => last.end += PAGE,
            _ => runs.push(page..page + PAGE),
        }
    }
    runs
}

/// Runs in order, those that overlap or touch made one.
fn united(mut runs: Vec<Range<usize>>) -> Vec<Range<usize>> {
    runs.sort_by_key(|run| run.start);
    let mut united: Vec<Range<usize>> = Vec::new();
    for run in runs {
        match united.last_mut() {
            Some(last) if run.start <= last.end => last.end = last.end.max(run.end),
            _ => united.push(run),
        }
    }
    united
}

/// As many of the longest runs as a memory may map, and the others.
fn longest(mut runs: Vec<Range<usize>>) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    runs.sort_by_key(|run| std::cmp::Reverse(run.len()));
    let others = runs.split_off(MAX_MAPPED.min(runs.len()));
    (runs, others)
}

/// A sealed file in memory that holds these runs, one after the other.
fn file_of<'a>(
    runs: impl IntoIterator<Item = Range<usize>>,
    bytes: impl Fn(Range<usize>) -> &'a [u8],
) -> Result<Vec<Mapped>, SandboxError> {
    let runs: Vec<_> = runs.into_iter().collect();
    if runs.is_empty() {
        return Ok(Vec::new());
    }
    let share = Share::take(runs.iter().map(|run| run.len() as u64).sum())?;
    let mut file = unsealed().map_err(failed)?;
    let mut places = Vec::new();
    let mut offset = 0;
    for run in runs {
        file.write_all(bytes(run.clone())).map_err(failed)?;
        places.push((offset, run.clone()));
        offset += run.len() as u64;
    }
    let file = Arc::new(SharedFile { file: seal(file).map_err(failed)?, _share: share });
    Ok(places.into_iter().map(|(offset, at)| Mapped { at, file: Arc::clone(&file), offset }).collect())
}

fn failed(error: io::Error) -> SandboxError {
    SandboxError::internal("keeping what a memory holds", error)
}

/// Puts bytes over what is there already, page by page.
fn lay_over(pieces: &mut BTreeMap<usize, Vec<u8>>, at: usize, bytes: &[u8]) {
    for (page, bytes) in (at..).step_by(PAGE).zip(bytes.chunks(PAGE)) {
        pieces.insert(page, bytes.to_vec());
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use super::{
        super::{Beginning, Image, ImageMemory, sparse},
        *,
    };

    const LEN: usize = 16 << 20;

    fn image() -> Arc<Image> {
        Image::of_file(sparse(&vec![7; LEN]).unwrap(), LEN, [0; 32], Vec::new()).unwrap()
    }

    fn memory(image: &Arc<Image>, changes: Option<Changes>) -> ImageMemory {
        let beginning = Beginning { image: Arc::clone(image), changes: changes.map(Arc::new), forks: false };
        ImageMemory::new(Some(beginning), LEN, 1 << 32, PAGE).unwrap()
    }

    /// Forty stretches that are each worth a mapping, with a page between them.
    fn stretches() -> impl Iterator<Item = Range<usize>> {
        (0..40).map(|n| n * (LARGE + PAGE)..n * (LARGE + PAGE) + LARGE)
    }

    fn holds(memory: &mut ImageMemory, value: u8) -> bool {
        let slot = memory.slot().unwrap();
        let inside = |at: usize| stretches().any(|stretch| stretch.contains(&at));
        (0..LEN).step_by(PAGE).all(|at| slot.bytes(at..at + 1)[0] == if inside(at) { value } else { 7 })
    }

    fn fill(memory: &mut ImageMemory, value: u8) {
        let slot = memory.slot().unwrap();
        stretches().for_each(|stretch| slot.write(stretch.clone(), &vec![value; stretch.len()]));
    }

    #[test]
    fn a_memory_maps_no_more_than_it_may_however_it_was_written() {
        let image = image();
        let mut first = memory(&image, None);
        for value in 1..6 {
            fill(&mut first, value);
            let changes = first.changes(Vec::new()).unwrap();
            assert!(changes.mapped.len() <= MAX_MAPPED, "{}", changes.mapped.len());
            let pieces = changes.pieces().unwrap();
            let mut fork = memory(&image, Some(changes));
            assert!(holds(&mut fork, value) && holds(&mut first, value), "{value}");
            let pieces: Vec<_> = pieces.iter().map(|(at, bytes)| (*at, bytes.as_slice())).collect();
            let read = Changes::from_pieces(LEN, Vec::new(), &pieces).unwrap().unwrap();
            assert!(read.mapped.len() <= MAX_MAPPED, "{}", read.mapped.len());
            assert!(holds(&mut memory(&image, Some(read)), value), "{value}");
            // One that goes on where the last was, and is what the next is taken of.
            first = fork;
        }
    }

    #[test]
    fn h10_a_memory_that_maps_others_is_not_put_back() {
        let image = image();
        let mut first = memory(&image, None);
        fill(&mut first, 9);
        first.changes(Vec::new()).unwrap();
        drop(first);
        for _ in 0..3 {
            let mut next = memory(&image, None);
            assert!(next.slot().unwrap().bytes(0..LEN).iter().all(|byte| *byte == 7));
        }
    }

    #[test]
    fn h10_a_memory_whose_changes_could_not_be_taken_is_as_it_was() {
        let image = image();
        let mut first = memory(&image, None);
        fill(&mut first, 1);
        first.changes(Vec::new()).unwrap();
        fill(&mut first, 2);
        let everything = crate::allowance::Allowance::new(u64::MAX);
        let mut step = 1 << 50;
        while step > 1 << 16 {
            if everything.take(step).is_err() {
                step /= 2;
            }
        }
        let refused = first.changes(Vec::new()).map(|_| ()).unwrap_err();
        drop(everything);
        assert!(matches!(refused, SandboxError::ResourceExhausted { .. }), "{refused}");
        assert!(!first.is_broken() && holds(&mut first, 2));
        let changes = first.changes(Vec::new()).unwrap();
        assert!(holds(&mut memory(&image, Some(changes)), 2));
        drop(first);
        assert!(memory(&image, None).slot().unwrap().bytes(0..LEN).iter().all(|byte| *byte == 7));
    }
}
