//! Memories that map an image, and their way back to it.

#![expect(unsafe_code, reason = "mapping memory has no safe interface")]

use std::{
    fs::File,
    io,
    ops::Range,
    os::fd::AsRawFd,
    ptr::{self, NonNull},
};

use rustix::mm::{Advice, MapFlags, MprotectFlags, ProtFlags};

use super::PAGE;
use crate::jail::own::{PerProcess, forks};

/// Pages that one idle memory keeps to itself, at most; one that changed more of them gives all back to the system.
const MAX_KEPT_PAGES: usize = 4096;

/// Runs of pages that the kernel is asked for at a time. With room for more than 512 it says of a walk that it finished that
/// it ended where it had last emptied a buffer of its own (Linux 6.18).
const MAX_REGIONS: usize = 512;

/// Growth at once that a memory that will be copied keeps in a file.
const LARGE_GROWTH: usize = 1 << 20;

/// Address space that was mapped, and is unmapped with the value.
pub(crate) struct Mapping {
    base: NonNull<u8>,
    len: usize,
}

// SAFETY: the value owns its address space; it is no more tied to a thread than a `Vec` is.
unsafe impl Send for Mapping {}
// SAFETY: through a shared reference it is only read.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// A file's bytes, for reading.
    pub(super) fn of_file(file: &File, len: usize) -> io::Result<Self> {
        // SAFETY: a new mapping at an address of the kernel's choice touches nothing that exists.
        let base =
            unsafe { rustix::mm::mmap(ptr::null_mut(), len.max(1), ProtFlags::READ, MapFlags::PRIVATE, file, 0)? };
        Self::owned(base, len)
    }

    /// Address space with nothing in it.
    pub(super) fn reserve(len: usize) -> io::Result<Self> {
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: as above.
        let base = unsafe { rustix::mm::mmap_anonymous(ptr::null_mut(), len, ProtFlags::empty(), flags)? };
        Self::owned(base, len)
    }

    fn owned(base: *mut std::ffi::c_void, len: usize) -> io::Result<Self> {
        let base = NonNull::new(base.cast()).ok_or_else(|| io::Error::other("a mapping at address zero"))?;
        Ok(Self { base, len })
    }

    pub(super) fn base(&self) -> *mut u8 {
        self.base.as_ptr()
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn bytes(&self) -> &[u8] {
        // SAFETY: mappings of files are readable over their whole length, live as long as the value, and their files are
        // sealed or otherwise never changed.
        unsafe { std::slice::from_raw_parts(self.base.as_ptr(), self.len) }
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the address space is this value's own, and nothing refers to it any more. A failure leaves it mapped.
        let _ = unsafe { rustix::mm::munmap(self.base.as_ptr().cast(), self.len.max(1)) };
    }
}

/// A reservation of a memory's whole address space, whose first bytes are an image, mapped copy-on-write.
pub(super) struct Slot {
    space: Mapping,
    image: usize,
    guard: usize,
    /// Whether copies may be made of it, so that what it holds is best kept where they can share it.
    forks: bool,
    /// From the first large growth on, a file holds what is beyond, and is written through the memory.
    growth: Option<Growth>,
    /// Whether it maps other files than the image, so that it cannot be put back.
    foreign: bool,
    /// Whether a mapping failed, and what is there now is unknown.
    broken: bool,
}

/// The end of a memory, in a file, which a child of `fork` would have in common with its parent.
struct Growth {
    at: Range<usize>,
    file: File,
    forks: u32,
}

impl Slot {
    pub(super) fn new(file: &File, image: usize, reservation: usize, guard: usize) -> io::Result<Self> {
        let space = Mapping::reserve(reservation + guard)?;
        let slot = Self { space, image, guard, forks: false, growth: None, foreign: false, broken: false };
        if image > 0 {
            let (readable, fixed) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE | MapFlags::FIXED);
            // SAFETY: the image lies within the reservation, which is this slot's own and not in use yet.
            unsafe { rustix::mm::mmap(slot.base().cast(), image, readable, fixed, file, 0)? };
        }
        Ok(slot)
    }

    pub(super) fn base(&self) -> *mut u8 {
        self.space.base()
    }

    pub(super) fn fits(&self, reservation: usize, guard: usize) -> bool {
        self.space.len() == reservation + guard && self.guard == guard
    }

    /// Makes the bytes from `from` to `to` usable.
    pub(super) fn grow(&mut self, from: usize, to: usize) -> io::Result<()> {
        if to + self.guard > self.space.len() || from > to {
            return Err(io::Error::other("a memory larger than its reservation"));
        }
        // Without a file, which a process can have too many of, copies only begin more slowly.
        if (self.growth.is_some() || self.forks && to - from >= LARGE_GROWTH) && self.grow_file(from, to).is_ok() {
            return Ok(());
        }
        // SAFETY: the range lies within this slot's reservation, beyond what is in use.
        unsafe {
            let at = self.base().add(from).cast();
            rustix::mm::mprotect(at, to - from, MprotectFlags::READ | MprotectFlags::WRITE)?;
        }
        Ok(())
    }

    fn grow_file(&mut self, from: usize, to: usize) -> io::Result<()> {
        let mut growth = match self.growth.take() {
            Some(growth) => growth,
            None => Growth { at: from..from, file: super::unsealed()?, forks: forks() },
        };
        let grown = self.map_growth(&growth, from..to);
        if grown.is_ok() {
            growth.at.end = to;
        }
        self.growth = Some(growth).filter(|growth| !growth.at.is_empty());
        grown
    }

    fn map_growth(&self, growth: &Growth, range: Range<usize>) -> io::Result<()> {
        if growth.at.end != range.start {
            return Err(io::Error::other("what lies between is in no file"));
        }
        let offset = (range.start - growth.at.start) as u64;
        growth.file.set_len(offset + range.len() as u64)?;
        let (usable, fixed) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::SHARED | MapFlags::FIXED);
        // SAFETY: as in `grow`; the file is this slot's own.
        let mapped = unsafe {
            let at = self.base().add(range.start).cast();
            rustix::mm::mmap(at, range.len(), usable, fixed, &growth.file, offset)
        };
        if let Err(error) = mapped {
            // Nothing else of this process may come to lie where the guest could reach it.
            self.reserve(range).unwrap_or_else(|_| std::process::abort());
            return Err(error.into());
        }
        Ok(())
    }

    /// Has a part be address space with nothing in it again.
    fn reserve(&self, range: Range<usize>) -> io::Result<()> {
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE | MapFlags::FIXED;
        // SAFETY: the range lies within this slot's reservation, beyond what an instance uses.
        unsafe {
            let at = self.base().add(range.start).cast();
            rustix::mm::mmap_anonymous(at, range.len(), ProtFlags::empty(), flags)?;
        }
        Ok(())
    }

    /// From now on large growth is kept so that copies can share it.
    pub(super) fn will_fork(&mut self) {
        self.forks = true;
    }

    /// Whether a part of it is another process's, of which this one is a child.
    pub(super) fn is_of_parent(&self) -> bool {
        self.growth.as_ref().is_some_and(|growth| growth.forks != forks())
    }

    /// The part that a file holds.
    pub(super) fn in_file(&self) -> Option<Range<usize>> {
        self.growth.as_ref().map(|growth| growth.at.clone())
    }

    /// Has the memory map the file that holds a part of it copy-on-write from here on, and gives out the file and its bytes.
    pub(super) fn freeze(&mut self) -> io::Result<Option<(File, Mapping)>> {
        let Some(growth) = &self.growth else { return Ok(None) };
        let contents = self.aside(&growth.at).or_else(|_| Mapping::of_file(&growth.file, growth.at.len()))?;
        // Whatever could come to nothing has not.
        let Some(growth) = self.growth.take() else { return Ok(None) };
        self.map(growth.at, &growth.file, 0)?;
        Ok(Some((growth.file, contents)))
    }

    /// Takes the pages of a file away from here, to where they are read. The part maps the file as before, but has no pages of
    /// it at hand, so that it takes no time to be mapped anew: unmapping pages costs each of them a third of a microsecond,
    /// and their tables are moved whole. Linux before 5.13 does not do this with files.
    fn aside(&self, range: &Range<usize>) -> io::Result<Mapping> {
        let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_DONTUNMAP;
        let anywhere = ptr::null_mut::<libc::c_void>();
        // SAFETY: the range lies within this slot, and what it holds stays what it is; the new place is of the kernel's choice.
        // The C library's call, since the other one leaves out the last argument, which the kernel reads with these flags.
        let moved = unsafe {
            let at = self.base().add(range.start).cast();
            libc::mremap(at, range.len(), range.len(), flags, anywhere)
        };
        if moved == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Mapping::owned(moved, range.len()) }
    }

    /// Puts the memory back to the image, after an instance used its first `used` bytes, and says how many bytes it keeps
    /// to itself.
    pub(super) fn reset(&mut self, image: &[u8], used: usize) -> io::Result<u64> {
        self.forks = false;
        let used = match self.growth.take() {
            Some(growth) => {
                let start = growth.at.start;
                self.reserve(growth.at)?;
                start
            }
            None => used,
        };
        if used > self.image {
            // SAFETY: the range lies within this slot's reservation, and its instance is gone.
            unsafe {
                let beyond = self.base().add(self.image).cast();
                rustix::mm::madvise(beyond, used - self.image, Advice::LinuxDontNeed)?;
                rustix::mm::mprotect(beyond, used - self.image, MprotectFlags::empty())?;
            }
        }
        if let Some(kept) = self.put_back(image) {
            return Ok(kept);
        }
        // SAFETY: as above; what was changed is dropped, and the file's pages show again.
        unsafe { rustix::mm::madvise(self.base().cast(), self.image, Advice::LinuxDontNeed)? };
        Ok(0)
    }

    /// Writes the image over the pages that are this slot's own, and says how many bytes these are; none if they are more than
    /// are worth keeping, or the kernel cannot tell.
    fn put_back(&self, image: &[u8]) -> Option<u64> {
        let mut regions = [PageRegion::default(); MAX_REGIONS];
        let (mut at, mut kept) = (0, 0);
        while at < self.image {
            let room = MAX_KEPT_PAGES.checked_sub(kept / PAGE).filter(|room| *room > 0)?;
            let (found, end) = self.scan(at..self.image, room, &mut regions)?;
            found.iter().for_each(|region| self.copy(image, region));
            kept += found.iter().map(|region| self.offset(region.end) - self.offset(region.start)).sum::<usize>();
            at = end.max(at + PAGE);
        }
        Some(kept as u64)
    }

    /// Runs of pages of a range that are this slot's own, at most `max_pages` if that is not 0, and where the walk ended; none
    /// if the kernel cannot tell.
    fn scan<'a>(
        &self,
        range: Range<usize>,
        max_pages: usize,
        regions: &'a mut [PageRegion],
    ) -> Option<(&'a [PageRegion], usize)> {
        let start = self.base() as u64;
        let mut scan = PageScan {
            size: size_of::<PageScan>() as u64,
            start: start + range.start as u64,
            end: start + range.end as u64,
            regions: regions.as_mut_ptr() as u64,
            regions_len: regions.len() as u64,
            max_pages: max_pages as u64,
            category_inverted: PAGE_IS_FILE,
            category_mask: PAGE_IS_FILE,
            category_anyof_mask: PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
            return_mask: PAGE_IS_PRESENT,
            ..PageScan::default()
        };
        let pagemap = PAGEMAP.get().as_ref()?;
        // SAFETY: the argument is the structure that the call wants, and it writes only there and to `regions_len` regions.
        let found = unsafe { libc::ioctl(pagemap.as_raw_fd(), PAGEMAP_SCAN, &raw mut scan) };
        Some((regions.get(..usize::try_from(found).ok()?)?, self.offset(scan.walk_end)))
    }

    /// Runs of pages in the first `len` bytes that may have been written since the slot was made; all of them where the kernel
    /// cannot tell.
    pub(super) fn written(&self, len: usize) -> Vec<Range<usize>> {
        let mut regions = vec![PageRegion::default(); MAX_REGIONS];
        let (mut runs, mut at) = (Vec::new(), 0);
        while at < len {
            let Some((found, end)) = self.scan(at..len, 0, &mut regions) else {
                return std::iter::once(0..len).collect();
            };
            runs.extend(found.iter().map(|region| self.offset(region.start)..self.offset(region.end)));
            at = end.max(at + PAGE);
        }
        runs
    }

    /// Bytes in use. Nobody may write to them meanwhile: the instance that owns the memory is not running.
    pub(super) fn bytes(&self, range: Range<usize>) -> &[u8] {
        let range = range.start.min(self.space.len())..range.end.min(self.space.len());
        // SAFETY: the range lies within this slot, and its caller asks for what is in use, which is readable.
        unsafe { std::slice::from_raw_parts(self.base().add(range.start), range.len()) }
    }

    /// Writes to bytes in use.
    pub(super) fn write(&mut self, range: Range<usize>, bytes: &[u8]) {
        if range.end <= self.space.len() && range.len() == bytes.len() {
            // SAFETY: the range lies within this slot, in the part that is in use and writable, and `bytes` lies elsewhere.
            unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), self.base().add(range.start), bytes.len()) };
        }
    }

    /// Has a part in use begin as what a file holds, copy-on-write.
    pub(super) fn map(&mut self, range: Range<usize>, file: &File, offset: u64) -> io::Result<()> {
        if range.end + self.guard > self.space.len() || range.start >= range.end {
            return Err(io::Error::other("a mapping outside of its memory"));
        }
        (self.foreign, self.broken) = (true, true);
        let (readable, fixed) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE | MapFlags::FIXED);
        // SAFETY: the range lies within the reservation, which is this slot's own; the file holds what it is to hold.
        unsafe {
            let at = self.base().add(range.start).cast();
            rustix::mm::mmap(at, range.len(), readable, fixed, file, offset)?;
        }
        self.broken = false;
        Ok(())
    }

    /// Has a part in use be this memory's own, whatever it maps.
    pub(super) fn make_own(&mut self, range: Range<usize>) {
        let bytes = self.bytes(range.clone()).to_vec();
        self.write(range, &bytes);
    }

    pub(super) fn is_foreign(&self) -> bool {
        self.foreign
    }

    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }

    fn offset(&self, address: u64) -> usize {
        usize::try_from(address).unwrap_or(0).saturating_sub(self.base() as usize)
    }

    fn copy(&self, image: &[u8], region: &PageRegion) {
        let (start, end) = (self.offset(region.start), self.offset(region.end));
        if let Some(original) = image.get(start..end) {
            // SAFETY: the range lies within the image's part of this slot, which is writable and which nobody else uses, and
            // `original` lies in another mapping.
            unsafe { ptr::copy_nonoverlapping(original.as_ptr(), self.base().add(start), original.len()) };
        }
    }
}

/// `/proc/self/pagemap`, where the kernel tells which pages a process has changed: in a child of `fork` it still tells of the
/// parent.
static PAGEMAP: PerProcess<Option<File>> = PerProcess::new(|| File::open("/proc/self/pagemap").ok());

/// Linux's `struct page_region`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct PageRegion {
    start: u64,
    end: u64,
    categories: u64,
}

/// Linux's `struct pm_scan_arg` (6.7 and later).
#[repr(C)]
#[derive(Default)]
struct PageScan {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    walk_end: u64,
    regions: u64,
    regions_len: u64,
    max_pages: u64,
    category_inverted: u64,
    category_mask: u64,
    category_anyof_mask: u64,
    return_mask: u64,
}

/// `_IOWR('f', 16, struct pm_scan_arg)`.
const PAGEMAP_SCAN: libc::c_ulong = 0xc060_6610;

const PAGE_IS_FILE: u64 = 1 << 2;
const PAGE_IS_PRESENT: u64 = 1 << 3;
const PAGE_IS_SWAPPED: u64 = 1 << 4;

const _: () = assert!(size_of::<PageScan>() == 96 && PAGE == 4096);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]

    use wasm_sandbox_policy::ByteSize;

    use super::{super::sparse, *};
    use crate::jail::fork::{self, ChildLimits};

    const LEN: usize = 8 << 20;

    fn changed(slot: &mut Slot, every: usize) -> u64 {
        let pages = (0..LEN / PAGE).step_by(every);
        pages.map(|page| slot.write(page * PAGE..page * PAGE + 1, &[9])).count() as u64 * PAGE as u64
    }

    #[test]
    fn scattered_pages_are_put_back_and_kept_while_they_are_few() {
        let image = vec![7; LEN];
        let mut slot = Slot::new(&sparse(&image).unwrap(), LEN, 1 << 30, PAGE).unwrap();
        let kernel_tells = slot.scan(0..PAGE, 0, &mut [PageRegion::default()]).is_some();
        // Each a run of its own: a few, as many as the kernel tells of at a time, and more.
        for every in [1024, 4, 3, 2] {
            let private = changed(&mut slot, every);
            let kept = slot.reset(&image, LEN).unwrap();
            assert!(slot.bytes(0..LEN) == image, "every page of {every}");
            assert!(!kernel_tells || kept >= private, "{kept} of {private}");
        }
        assert!(!slot.written(LEN).is_empty(), "what is kept stays the slot's own");
    }

    #[test]
    fn more_pages_than_are_worth_keeping_are_given_back() {
        let image = vec![7; (MAX_KEPT_PAGES + 1) * PAGE];
        let mut slot = Slot::new(&sparse(&image).unwrap(), image.len(), 1 << 30, PAGE).unwrap();
        slot.write(0..image.len(), &vec![9; image.len()]);
        assert_eq!(slot.reset(&image, image.len()).unwrap(), 0);
        assert!(slot.bytes(0..image.len()) == image);
    }

    #[test]
    fn h10_what_a_file_held_is_gone_for_the_next() {
        let image = vec![7; PAGE];
        let mut slot = Slot::new(&sparse(&image).unwrap(), PAGE, 1 << 30, PAGE).unwrap();
        let (small, large) = (2 * PAGE, 2 * PAGE + 2 * LARGE_GROWTH);
        slot.will_fork();
        slot.grow(PAGE, small).unwrap();
        assert_eq!(slot.in_file(), None, "little is copied soon enough");
        slot.grow(small, small + LARGE_GROWTH).unwrap();
        slot.grow(small + LARGE_GROWTH, large).unwrap();
        assert_eq!(slot.in_file(), Some(small..large), "one file");
        slot.write(0..large, &vec![9; large]);
        slot.reset(&image, large).unwrap();
        assert!(!slot.is_foreign() && slot.in_file().is_none());
        slot.grow(PAGE, large).unwrap();
        assert!(slot.in_file().is_none(), "nobody said that it forks");
        assert!(slot.bytes(0..PAGE) == image && slot.bytes(PAGE..large).iter().all(|byte| *byte == 0));
    }

    #[test]
    fn a_file_is_frozen_without_a_walk_over_its_pages() {
        let mut slot = Slot::new(&sparse(&[7; PAGE]).unwrap(), PAGE, 1 << 30, PAGE).unwrap();
        slot.will_fork();
        let mut end = PAGE;
        for size in [1, 3, 2, 5].map(|parts| parts * LARGE_GROWTH) {
            slot.grow(end, end + size).unwrap();
            slot.write(end..end + size, &vec![(size / LARGE_GROWTH) as u8; size]);
            end += size;
        }
        let before = slot.bytes(PAGE..end).to_vec();
        let aside = slot.aside(&(PAGE..end)).unwrap();
        assert!(aside.bytes() == before && slot.bytes(PAGE..end) == before, "one file at two places");
        slot.write(PAGE..PAGE + 1, &[9]);
        assert_eq!(aside.bytes()[0], 9, "still the same one");
        let (_file, contents) = slot.freeze().unwrap().unwrap();
        slot.write(PAGE..end, &vec![8; end - PAGE]);
        assert!(
            contents.bytes()[0] == 9 && contents.bytes()[1..] == before[1..],
            "what is written now is the slot's own"
        );
        assert!(slot.freeze().unwrap().is_none());
    }

    #[test]
    fn a_child_does_not_have_its_parents_memory() {
        let mut slot = Slot::new(&sparse(&[7; PAGE]).unwrap(), PAGE, 1 << 30, PAGE).unwrap();
        slot.will_fork();
        // Forks are counted from here on, as they are while guests run.
        PAGEMAP.get();
        slot.grow(PAGE, PAGE + LARGE_GROWTH).unwrap();
        assert!(!slot.is_of_parent());
        let second = std::time::Duration::from_secs(1);
        let limits = ChildLimits { cpu_time: second, wall_time: second * 10, memory: ByteSize::gib(4) };
        let in_child = |slot: &Slot| fork::run(&limits, || Ok(vec![u8::from(slot.is_of_parent())])).unwrap();
        assert_eq!(in_child(&slot), [1]);
        slot.freeze().unwrap().unwrap();
        assert_eq!(in_child(&slot), [0], "from here on it is copy-on-write");
    }
}
