//! What the kernel says of the test's own process.

use std::fs;

/// A number of bytes of `/proc/self/status`: `VmRSS`, what is in memory, or `VmHWM`, the most that was.
pub(crate) fn status(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let size = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).unwrap();
    size.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() << 10
}

/// The most memory that the process had while `work` ran, beyond what it had before.
pub(crate) fn peak_of(work: impl FnOnce()) -> u64 {
    // Makes the kernel forget the peak of before.
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = status("VmRSS");
    work();
    status("VmHWM").saturating_sub(before)
}

/// Open files of the process.
pub(crate) fn descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

pub(crate) fn threads() -> usize {
    fs::read_dir("/proc/self/task").unwrap().count()
}
