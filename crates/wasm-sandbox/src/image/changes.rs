//! What a memory holds besides its image: what a snapshot keeps, a fork begins with and a suspended session takes along.
//!
//! Pages that were written are few and scattered, and copied. Where many lie side by side, as an array does, they go into a
//! file in memory that both sides map: it is copied once and shared from then on, until somebody writes.

use std::{
    fs::File,
    io::{self, Write},
    ops::Range,
    sync::Arc,
};

use wasm_sandbox_policy::SandboxError;

use super::{
    PAGE, seal,
    slot::{Mapping, Slot},
    unsealed,
};
use crate::{allowance::Share, value::WasmValue};

/// Pages side by side that are worth a mapping of their own.
const LARGE: usize = 64 * PAGE;

/// What memories are multiples of.
const WASM_PAGE: usize = 64 << 10;

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
    /// The same bytes, to be read.
    contents: Mapping,
    _share: Share,
}

/// What a memory holds besides its image, as whole pieces: sorted by their places, without overlaps.
pub(crate) struct Pieces {
    all: Vec<(usize, Vec<u8>)>,
    share: Share,
}

impl Pieces {
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &[u8])> {
        self.all.iter().map(|(at, bytes)| (*at, bytes.as_slice()))
    }

    /// Bytes of all of them.
    pub(crate) fn bytes(&self) -> u64 {
        self.share.bytes()
    }
}

impl Mapped {
    fn bytes(&self) -> &[u8] {
        let start = usize::try_from(self.offset).unwrap_or(usize::MAX);
        self.file.contents.bytes().get(start..).and_then(|rest| rest.get(..self.at.len())).unwrap_or_default()
    }

    /// The page at this place of the memory, if it is one of these.
    fn page(&self, at: usize) -> Option<&[u8]> {
        let start = at.checked_sub(self.at.start)?;
        self.bytes().get(start..start + PAGE)
    }
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
        if !len.is_multiple_of(WASM_PAGE) {
            return Ok(None);
        }
        for (at, bytes) in pieces {
            let aligned = at.is_multiple_of(PAGE) && bytes.len().is_multiple_of(PAGE) && !bytes.is_empty();
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

    /// Everything in pieces, a copy of its own.
    ///
    /// # Errors
    /// The process has no memory left for it.
    pub(crate) fn pieces(&self) -> Result<Pieces, SandboxError> {
        let ranges = united(self.layers().map(|(range, _)| range).collect());
        let share = Share::take(ranges.iter().map(|range| range.len() as u64).sum())?;
        let mut all: Vec<_> = ranges.into_iter().map(|range| (range.start, vec![0; range.len()])).collect();
        for (range, bytes) in self.layers() {
            let before = all.partition_point(|(at, _)| *at <= range.start);
            let piece = before.checked_sub(1).and_then(|last| all.get_mut(last));
            let place = piece.and_then(|(at, piece)| piece.get_mut(range.start - *at..range.end - *at));
            place.into_iter().for_each(|place| place.copy_from_slice(bytes));
        }
        Ok(Pieces { all, share })
    }

    /// Parts of the memory and what they hold; where two overlap, the later one shows.
    fn layers(&self) -> impl Iterator<Item = (Range<usize>, &[u8])> {
        self.mapped.iter().map(|mapped| (mapped.at.clone(), mapped.bytes())).chain(self.runs())
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
    let Some((file, contents)) = slot.freeze().map_err(failed)? else { return Ok(()) };
    // It needs no seal, which takes as long as all the rest: nobody else has the file, and its bytes are only read.
    mapped.push(Mapped { at, file: Arc::new(SharedFile { file, contents, _share: share }), offset: 0 });
    Ok(())
}

/// Those of the written pages that differ from what lies below them, as runs.
fn changed(slot: &Slot, image: &[u8], mapped: &[Mapped], written: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for page in written.iter().flat_map(|run| run.clone().step_by(PAGE)) {
        let mapped = mapped.iter().rev().find_map(|mapped| mapped.page(page));
        let below = mapped.or_else(|| image.get(page..page + PAGE)).unwrap_or(&ZEROS);
        if slot.bytes(page..page + PAGE) == below {
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
    let file = seal(file).map_err(failed)?;
    let contents = Mapping::of_file(&file, usize::try_from(offset).unwrap_or(0)).map_err(failed)?;
    let file = Arc::new(SharedFile { file, contents, _share: share });
    Ok(places.into_iter().map(|(offset, at)| Mapped { at, file: Arc::clone(&file), offset }).collect())
}

fn failed(error: io::Error) -> SandboxError {
    SandboxError::internal("keeping what a memory holds", error)
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
            assert_eq!(pieces.bytes(), (40 * LARGE) as u64);
            let pieces: Vec<_> = pieces.iter().collect();
            let read = Changes::from_pieces(LEN, Vec::new(), &pieces).unwrap().unwrap();
            assert!(read.mapped.len() <= MAX_MAPPED, "{}", read.mapped.len());
            assert!(holds(&mut memory(&image, Some(read)), value), "{value}");
            // One that goes on where the last was, and is what the next is taken of.
            first = fork;
        }
    }

    /// The last stretch covers the end of the first and is covered by a page, and a piece begins where another ends.
    #[test]
    fn pieces_are_what_shows_of_the_layers() {
        let image = image();
        let mut first = memory(&image, None);
        let mut changes = None;
        for (at, len, value) in [(0, 2 * LARGE, 1), (LARGE, 2 * LARGE, 2), (2 * LARGE, PAGE, 3), (3 * LARGE, PAGE, 4)] {
            first.slot().unwrap().write(at..at + len, &vec![value; len]);
            changes = Some(first.changes(Vec::new()).unwrap());
        }
        let changes = changes.unwrap();
        assert_eq!((changes.mapped.len(), changes.copied.len()), (2, 2));
        let pieces = changes.pieces().unwrap();
        let [(at, bytes)] = pieces.iter().collect::<Vec<_>>()[..] else { unreachable!("one piece") };
        let expected = [vec![1; LARGE], vec![2; LARGE], vec![3; PAGE], vec![2; LARGE - PAGE], vec![4; PAGE]].concat();
        assert!(at == 0 && bytes == expected);
    }

    #[test]
    fn what_no_memory_can_have_been_is_refused() {
        let fits =
            |len: usize, pieces: &[(usize, &[u8])]| Changes::from_pieces(len, Vec::new(), pieces).unwrap().is_some();
        let (page, large) = (&[1; PAGE][..], &vec![2; LARGE][..]);
        assert!(fits(2 * LARGE, &[(0, page), (PAGE, page), (LARGE, large)]));
        for (lie, len, pieces) in [
            ("half a page of memory", 2 * LARGE + PAGE, vec![(0, page)]),
            ("beyond the end", 2 * LARGE, vec![(LARGE + PAGE, large)]),
            ("beyond all", 2 * LARGE, vec![(usize::MAX - PAGE + 1, page)]),
            ("half a page", 2 * LARGE, vec![(0, &page[1..])]),
            ("between pages", 2 * LARGE, vec![(1, page)]),
            ("one over the other", 2 * LARGE, vec![(0, large), (PAGE, page)]),
            ("the last first", 2 * LARGE, vec![(PAGE, page), (0, page)]),
            // It would be taken for the other, and memory be mapped that is not there.
            ("nothing, where another begins", 2 * LARGE, vec![(0, &[]), (0, large)]),
        ] {
            assert!(!fits(len, &pieces), "{lie}");
        }
    }

    #[test]
    fn a_page_that_is_written_with_what_it_holds_has_not_changed() {
        let image = image();
        let mut first = memory(&image, None);
        let mut write = |value: u8, range: Range<usize>| {
            first.slot().unwrap().write(range.clone(), &vec![value; range.len()]);
            first.changes(Vec::new()).unwrap()
        };
        let before = write(1, 0..2 * LARGE);
        write(1, 0..2 * LARGE);
        let after = write(2, LARGE..LARGE + PAGE);
        let files = |changes: &Changes| changes.mapped.iter().map(|one| Arc::as_ptr(&one.file)).collect::<Vec<_>>();
        assert_eq!(files(&after), files(&before));
        assert!(matches!(&*after.copied, [page] if *page == (LARGE..LARGE + PAGE)), "{:?}", after.copied);
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
    #[expect(clippy::disallowed_methods, reason = "a test's own process is told by its environment what to do")]
    fn h10_a_memory_whose_changes_could_not_be_taken_is_as_it_was() {
        const ALONE: &str = "WASM_SANDBOX_TEST_ALONE";
        if std::env::var_os(ALONE).is_none() {
            // It takes all memory there is, which other tests of this process need.
            let mut this = std::process::Command::new(std::env::current_exe().unwrap());
            let name = "image::changes::tests::h10_a_memory_whose_changes_could_not_be_taken_is_as_it_was";
            let output = this.args(["--exact", name]).env(ALONE, "1").output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success() && said.contains("1 passed"), "{output:?}");
            return;
        }
        let image = image();
        let mut first = memory(&image, None);
        fill(&mut first, 1);
        let kept = first.changes(Vec::new()).unwrap();
        fill(&mut first, 2);
        let everything = crate::allowance::Allowance::new(u64::MAX);
        let mut step = 1 << 50;
        while step > 1 << 16 {
            if everything.take(step).is_err() {
                step /= 2;
            }
        }
        let refused = first.changes(Vec::new()).map(|_| ()).unwrap_err();
        let in_pieces = kept.pieces().map(|_| ()).unwrap_err();
        drop(everything);
        assert!(matches!(in_pieces, SandboxError::ResourceExhausted { .. }), "{in_pieces}");
        assert!(matches!(refused, SandboxError::ResourceExhausted { .. }), "{refused}");
        assert!(!first.is_broken() && holds(&mut first, 2));
        let changes = first.changes(Vec::new()).unwrap();
        assert!(holds(&mut memory(&image, Some(changes)), 2));
        drop(first);
        assert!(memory(&image, None).slot().unwrap().bytes(0..LEN).iter().all(|byte| *byte == 7));
    }
}
