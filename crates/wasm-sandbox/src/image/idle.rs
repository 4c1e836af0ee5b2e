//! Memories that wait for their image's next instance: few, counted, and given up when others need the room.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use super::slot::Slot;
use crate::allowance::Share;

/// Memories that are kept in this process, at most.
const MAX_IDLE: usize = 128;

/// Memories of one image that are kept, at most.
const MAX_IDLE_OF_IMAGE: usize = 16;

/// Bytes that all of them hold, at most.
const MAX_BYTES: u64 = 256 << 20;

/// The one that was used last is at the back.
static IDLE: Mutex<VecDeque<Idle>> = Mutex::new(VecDeque::new());

struct Idle {
    image: u64,
    slot: Slot,
    share: Share,
}

/// Takes out a memory of an image that was kept.
pub(super) fn take(image: u64) -> Option<Slot> {
    change(|idle| {
        let found = idle.iter().rposition(|one| one.image == image)?;
        idle.remove(found)
    })
    .map(|one| one.slot)
}

/// Keeps a memory that holds `bytes` to itself, if there is room for it; others that were used longer ago make way.
pub(super) fn keep(image: u64, slot: Slot, bytes: u64) {
    let Ok(share) = Share::spare(bytes) else { return };
    // Unmapped once the lock is free again.
    let _gone = change(|idle| {
        idle.push_back(Idle { image, slot, share });
        let mut gone = Vec::new();
        if idle.iter().filter(|one| one.image == image).count() > MAX_IDLE_OF_IMAGE {
            gone.extend(idle.iter().position(|one| one.image == image).and_then(|oldest| idle.remove(oldest)));
        }
        while idle.len() > MAX_IDLE || idle.iter().map(|one| one.share.bytes()).sum::<u64>() > MAX_BYTES {
            gone.extend(idle.pop_front());
        }
        gone
    });
}

/// Gives up what is kept of an image that is gone.
pub(super) fn forget(image: u64) {
    let _gone: VecDeque<_> = change(|idle| {
        let (gone, kept) = std::mem::take(idle).into_iter().partition(|one| one.image == image);
        *idle = kept;
        gone
    });
}

/// Gives up everything.
pub(crate) fn release() {
    let _gone = change(std::mem::take);
}

fn change<R>(work: impl FnOnce(&mut VecDeque<Idle>) -> R) -> R {
    work(&mut IDLE.lock().unwrap_or_else(PoisonError::into_inner))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::Arc;

    use wasm_sandbox_policy::ResourceKind;

    use super::{
        super::{Beginning, Image, ImageMemory, PAGE, sparse},
        *,
    };
    use crate::allowance::Allowance;

    const LEN: usize = 1 << 20;

    fn image() -> Arc<Image> {
        Image::of_file(sparse(&vec![7; LEN]).unwrap(), LEN, [0; 32], Vec::new()).unwrap()
    }

    fn memories(image: &Arc<Image>, count: usize) -> Vec<ImageMemory> {
        let beginning = Beginning { image: Arc::clone(image), changes: None, forks: false };
        let new = || ImageMemory::new(Some(beginning.clone()), LEN, 1 << 32, PAGE).unwrap();
        (0..count).map(|_| new()).collect()
    }

    fn kept(image: &Image) -> usize {
        change(|idle| idle.iter().filter(|one| one.image == image.number).count())
    }

    /// One test, since what is kept is the whole process's.
    #[test]
    fn c11_idle_memories_are_few_and_make_way() {
        let images: Vec<_> = (0..20).map(|_| image()).collect();
        for image in &images {
            drop(memories(image, MAX_IDLE_OF_IMAGE + 4));
        }
        let (all, last) = (images.iter().map(|image| kept(image)).sum::<usize>(), images.last().unwrap());
        assert!((MAX_IDLE_OF_IMAGE..=MAX_IDLE).contains(&all), "{all}");
        assert_eq!(kept(last), MAX_IDLE_OF_IMAGE, "those that were used last are kept");
        let taken = memories(last, 1);
        assert_eq!(kept(last), MAX_IDLE_OF_IMAGE - 1);
        drop(taken);
        let number = last.number;
        drop(images);
        assert!(change(|idle| idle.iter().all(|one| one.image != number)), "an image that is gone keeps nothing");
        let image = image();
        drop(memories(&image, 2));
        assert_eq!(kept(&image), 2);
        let everything = Allowance::new(u64::MAX);
        let refused = everything.take(u64::MAX / 2).unwrap_err();
        assert_eq!((refused.kind, everything.used(), everything.peak()), (ResourceKind::ProcessMemory, 0, 0));
        assert_eq!(kept(&image), 0, "before a guest is refused, what waits for others goes");
        drop(memories(&image, 2));
        assert_eq!(kept(&image), 2);
    }
}
