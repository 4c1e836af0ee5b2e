//! What a file holds: pieces that were written, over what the layer below has, over zeros.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    lower::{Layer, LowerFile},
    saved::{Piece, SavedContent},
};
use crate::vfs::{Errno, Quota, VfsResult};

/// Bytes of one piece. Pieces are shared with copies of the tree until they are written.
pub(super) const PIECE: u64 = 64 << 10;

/// What each piece costs besides its bytes, except for a file's first: a byte in every piece is not to be a way of having
/// the host's memory for nothing.
const PIECE_COST: u64 = 128;

/// Memory that a piece takes at least, besides what it costs.
const LEAST_ROOM: usize = 64;

/// Bytes that one read takes at most where the layer below may have to work for them.
const READ_AT_ONCE: u64 = 4 << 20;

/// A file's bytes.
#[derive(Default)]
pub(super) struct Content {
    size: u64,
    /// By number; one that is shorter than it could be ends in zeros. None is empty.
    pieces: BTreeMap<u64, Arc<Vec<u8>>>,
    below: Option<Below>,
}

/// A file of the layer below.
struct Below {
    path: Arc<[u8]>,
    /// How much of it still shows.
    shows: u64,
    file: Option<Arc<dyn LowerFile>>,
}

impl Content {
    pub(super) fn below(path: Arc<[u8]>) -> Self {
        Self { below: Some(Below { path, shows: 0, file: None }), ..Self::default() }
    }

    pub(super) fn save(&self) -> SavedContent {
        SavedContent {
            size: self.size,
            pieces: self.pieces.iter().map(|(number, piece)| (*number, Piece(Arc::clone(piece)))).collect(),
            below: self.below.as_ref().map(|below| (below.path.to_vec(), below.shows)),
        }
    }

    /// What was saved; a file below is opened with the first handle.
    pub(super) fn restored(saved: &SavedContent) -> Self {
        let below =
            saved.below.as_ref().map(|(path, shows)| Below { path: path.as_slice().into(), shows: *shows, file: None });
        let pieces = saved.pieces.iter().map(|(number, Piece(piece))| (*number, Arc::clone(piece))).collect();
        Self { size: saved.size, pieces, below }
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Bytes that it costs.
    pub(super) fn held(&self) -> u64 {
        let bytes: u64 = self.pieces.values().map(|piece| piece.len() as u64).sum();
        bytes + PIECE_COST * (self.pieces.len() as u64).saturating_sub(1)
    }

    /// Memory of the host that it takes.
    pub(super) fn memory(&self) -> u64 {
        self.pieces.values().map(|piece| memory(piece.len())).sum()
    }

    /// The file below turned out to have this size.
    pub(super) fn show(&mut self, size: u64) {
        if let Some(below) = &mut self.below {
            below.shows = size;
            self.size = size;
        }
    }

    /// Opens the file below, for as long as anybody has this one open.
    pub(super) fn attach(&mut self, layer: Option<&dyn Layer>) -> VfsResult<()> {
        if let (Some(below), Some(layer)) = (&mut self.below, layer)
            && below.file.is_none()
            && below.shows > 0
        {
            below.file = Some(layer.open(&below.path)?);
        }
        Ok(())
    }

    pub(super) fn detach(&mut self) {
        if let Some(below) = &mut self.below {
            below.file = None;
        }
    }

    pub(super) fn read_at(&self, buffer: &mut [u8], offset: u64) -> VfsResult<usize> {
        let most = if self.below.is_some() { READ_AT_ONCE } else { u64::MAX };
        let len = self.size.saturating_sub(offset).min(buffer.len() as u64).min(most);
        let buffer = buffer.get_mut(..usize::try_from(len).unwrap_or(usize::MAX)).unwrap_or_default();
        let mut done = 0;
        while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let at = offset + done as u64;
            let (number, skip) = (at / PIECE, at % PIECE);
            let step = usize::try_from(PIECE - skip).unwrap_or(usize::MAX).min(rest.len());
            let rest = rest.get_mut(..step).unwrap_or_default();
            let read = match self.pieces.get(&number) {
                Some(piece) => {
                    copy_or_zero(rest, piece.get(usize::try_from(skip).unwrap_or(usize::MAX)..).unwrap_or_default());
                    step
                }
                None => match self.read_below(rest, at) {
                    Ok(read) => read,
                    Err(errno) if done == 0 => return Err(errno),
                    Err(_) => break,
                },
            };
            done += read;
            if read < step {
                break;
            }
        }
        Ok(done)
    }

    /// Bytes of the layer below, as far as they show; zeros after that. Fewer than asked for only when the layer fails
    /// after giving some.
    fn read_below(&self, buffer: &mut [u8], offset: u64) -> VfsResult<usize> {
        let mut done = 0;
        if let Some(Below { shows, file: Some(file), .. }) = &self.below {
            let len = shows.saturating_sub(offset).min(buffer.len() as u64);
            let shown = buffer.get_mut(..usize::try_from(len).unwrap_or(usize::MAX)).unwrap_or_default();
            while let Some(rest) = shown.get_mut(done..).filter(|rest| !rest.is_empty()) {
                match file.read_at(rest, offset + done as u64) {
                    Ok(0) => break,
                    Ok(read) => done += read,
                    Err(errno) if done == 0 => return Err(errno),
                    Err(_) => return Ok(done),
                }
            }
        }
        buffer.get_mut(done..).unwrap_or_default().fill(0);
        Ok(buffer.len())
    }

    /// Writes as much as the quota lets, and gives back how much that was.
    pub(super) fn write_at(&mut self, bytes: &[u8], offset: u64, quota: &Quota) -> VfsResult<usize> {
        let len = quota.clip_to_file_size(offset, bytes.len() as u64)?;
        let mut rest = bytes.get(..usize::try_from(len).unwrap_or(usize::MAX)).unwrap_or(bytes);
        let mut at = offset;
        while !rest.is_empty() {
            let (number, skip) = (at / PIECE, usize::try_from(at % PIECE).unwrap_or(usize::MAX));
            let step = (usize::try_from(PIECE).unwrap_or(usize::MAX) - skip).min(rest.len());
            let (now, later) = rest.split_at(step);
            let written = match self.write_piece(number, skip, now, quota) {
                Ok(written) => written,
                Err(errno) if at == offset => return Err(errno),
                Err(_) => break,
            };
            at += written as u64;
            self.size = self.size.max(at);
            if written < step {
                break;
            }
            rest = later;
        }
        Ok(usize::try_from(at - offset).unwrap_or(usize::MAX))
    }

    /// Writes what the quota lets of what falls into one piece.
    fn write_piece(&mut self, number: u64, skip: usize, bytes: &[u8], quota: &Quota) -> VfsResult<usize> {
        self.own_piece(number, quota)?;
        let written = self.fill_piece(number, skip, bytes, quota);
        if written.is_err() && self.pieces.get(&number).is_some_and(|piece| piece.is_empty()) {
            self.pieces.remove(&number);
            quota.refund_memory(memory(0));
            quota.refund_bytes(if self.pieces.is_empty() { 0 } else { PIECE_COST });
        }
        written
    }

    /// Makes sure that a piece is there, with what shows of the layer below.
    fn own_piece(&mut self, number: u64, quota: &Quota) -> VfsResult<()> {
        if self.pieces.contains_key(&number) {
            return Ok(());
        }
        let start = number * PIECE;
        let shows = self.below.as_ref().map_or(0, |below| below.shows);
        let shown = shows.saturating_sub(start).min(PIECE);
        let cost = if self.pieces.is_empty() { shown } else { shown + PIECE_COST };
        let len = usize::try_from(shown).unwrap_or(0);
        quota.charge_all_bytes(cost)?;
        quota.charge_memory(memory(len)).inspect_err(|_| quota.refund_bytes(cost))?;
        let mut piece = Vec::with_capacity(room(len));
        piece.resize(len, 0);
        let copied = self
            .read_below(&mut piece, start)
            .and_then(|read| if read == piece.len() { Ok(()) } else { Err(Errno::Io) });
        if let Err(errno) = copied {
            quota.refund_bytes(cost);
            quota.refund_memory(memory(len));
            return Err(errno);
        }
        self.pieces.insert(number, Arc::new(piece));
        Ok(())
    }

    fn fill_piece(&mut self, number: u64, skip: usize, bytes: &[u8], quota: &Quota) -> VfsResult<usize> {
        let piece = self.pieces.get_mut(&number).ok_or(Errno::Io)?;
        let wanted = skip + bytes.len();
        let grows = wanted.saturating_sub(piece.len());
        let paid = if grows > 0 { quota.charge_bytes(grows as u64)? } else { 0 };
        let end = wanted - (grows - usize::try_from(paid).unwrap_or(grows));
        if end <= skip {
            quota.refund_bytes(paid);
            return Err(Errno::Nospc);
        }
        if end > piece.len() {
            let more = room(end) - room(piece.len());
            quota.charge_memory(more as u64).inspect_err(|_| quota.refund_bytes(paid))?;
            let piece = Arc::make_mut(piece);
            piece.reserve_exact(room(end) - piece.len());
            piece.resize(end, 0);
        }
        let piece = Arc::make_mut(piece);
        let len = end - skip;
        piece.get_mut(skip..end).zip(bytes.get(..len)).map(|(to, from)| to.copy_from_slice(from)).ok_or(Errno::Io)?;
        Ok(len)
    }

    pub(super) fn set_size(&mut self, size: u64, quota: &Quota) -> VfsResult<()> {
        if i64::try_from(size).is_err() {
            return Err(Errno::Inval);
        }
        if quota.clip_to_file_size(0, size)? < size {
            return Err(Errno::Fbig);
        }
        if size < self.size {
            self.cut(size, quota);
        }
        self.size = size;
        Ok(())
    }

    /// Throws away what is beyond `size`, so that it reads as zeros should the file grow again.
    fn cut(&mut self, size: u64, quota: &Quota) {
        let (number, keep) = (size / PIECE, usize::try_from(size % PIECE).unwrap_or(0));
        let beyond = self.pieces.split_off(&(if keep == 0 { number } else { number + 1 }));
        let mut bytes: u64 = beyond.values().map(|piece| piece.len() as u64).sum();
        let mut held: u64 = beyond.values().map(|piece| memory(piece.len())).sum();
        if let Some(piece) = self.pieces.get_mut(&number)
            && piece.len() > keep
        {
            bytes += (piece.len() - keep) as u64;
            held += (room(piece.len()) - room(keep)) as u64;
            let piece = Arc::make_mut(piece);
            piece.truncate(keep);
            // What is given back is not kept as spare room either.
            piece.shrink_to(room(keep));
        }
        let pieces = (beyond.len() as u64).saturating_sub(u64::from(self.pieces.is_empty()));
        quota.refund_bytes(bytes + PIECE_COST * pieces);
        quota.refund_memory(held);
        if let Some(below) = &mut self.below {
            below.shows = below.shows.min(size);
        }
    }
}

/// Bytes that a piece of `len` bytes has room for: it grows in few steps, and by no more than it is charged for.
fn room(len: usize) -> usize {
    len.next_power_of_two().max(LEAST_ROOM)
}

/// Memory that a piece of `len` bytes takes.
fn memory(len: usize) -> u64 {
    room(len) as u64 + PIECE_COST
}

fn copy_or_zero(to: &mut [u8], from: &[u8]) {
    let len = to.len().min(from.len());
    let (head, tail) = to.split_at_mut(len);
    head.copy_from_slice(from.get(..len).unwrap_or_default());
    tail.fill(0);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use wasm_sandbox_policy::{ByteUnits, ResourceKind, ResourceLimits};

    use super::*;

    fn quota(bytes: u64) -> Quota {
        Quota::new(&ResourceLimits { disk: bytes.bytes(), ..ResourceLimits::default() })
    }

    fn capacity(content: &Content) -> u64 {
        content.pieces.values().map(|piece| piece.capacity() as u64).sum()
    }

    #[test]
    fn e10_truncating_gives_the_memory_back_with_the_quota() {
        let (mut content, quota) = (Content::default(), quota(10 << 20));
        for number in 0..100 {
            let full = vec![1; 64 << 10];
            assert_eq!(content.write_at(&full, number * PIECE, &quota), Ok(full.len()));
            content.set_size(number * PIECE + 1, &quota).unwrap();
        }
        assert_eq!(quota.bytes_used(), content.held());
        assert_eq!(content.held(), 100 + 99 * PIECE_COST);
        assert_eq!((quota.memory().used(), content.memory()), (100 * (64 + PIECE_COST), 100 * (64 + PIECE_COST)));
        assert!(capacity(&content) <= 100 * 64, "{}", capacity(&content));
        let mut byte = [0];
        assert_eq!(content.read_at(&mut byte, 50 * PIECE), Ok(1));
        assert_eq!(byte, [1], "what was kept is still there");
        content.set_size(0, &quota).unwrap();
        assert_eq!((quota.bytes_used(), quota.memory().used(), content.pieces.len()), (0, 0, 0));
    }

    #[test]
    fn e10_memory_is_charged_for_what_is_held_and_refused_before_it_is() {
        let limits = |memory| ResourceLimits { memory, ..ResourceLimits::default() };
        let (mut content, small) = (Content::default(), Quota::new(&limits(100.kb())));
        let (mut written, piece) = (0, vec![1; 1000]);
        while let Ok(len) = content.write_at(&piece, written, &small) {
            written += len as u64;
            assert_eq!(small.memory().used(), content.memory());
            assert!(capacity(&content) <= content.memory());
        }
        assert_eq!(written, 98_000, "64 KiB, and nearly 32 KiB of which the double does not fit");
        assert_eq!((small.bytes_used(), small.memory().used()), (content.held(), content.memory()));
        assert!(small.hits().iter().any(|hit| hit.kind == ResourceKind::Memory && hit.limit == 100 << 10));
        let (mut content, large) = (Content::default(), Quota::new(&limits(200.kb())));
        assert_eq!(content.write_at(&vec![1; 100 << 10], 0, &large), Ok(100 << 10));
    }

    #[test]
    fn e10_scattered_bytes_are_paid_for_and_refused_ones_hold_nothing() {
        let (mut content, small) = (Content::default(), quota(10_000));
        let outcomes: Vec<_> = (0..1000).map(|number| content.write_at(b"x", number * PIECE, &small)).collect();
        let written = outcomes.iter().filter(|outcome| **outcome == Ok(1)).count();
        assert_eq!(written, 78, "each further piece costs {PIECE_COST} bytes and its own");
        assert!(outcomes[written..].iter().all(|outcome| *outcome == Err(Errno::Nospc)), "{outcomes:?}");
        assert_eq!(content.pieces.len(), written);
        assert_eq!(small.bytes_used(), content.held());
        let (mut content, large) = (Content::default(), quota(1 << 20));
        assert!((0..1000).all(|number| content.write_at(b"x", number * PIECE, &large) == Ok(1)));
    }

    #[test]
    fn a_write_that_only_fits_in_part_is_short() {
        let (mut content, quota) = (Content::default(), quota(1000));
        assert_eq!(content.write_at(&[1; 900], 0, &quota), Ok(900));
        assert_eq!(content.write_at(&[2; 900], 900, &quota), Ok(100));
        assert_eq!(content.write_at(&[2; 900], 1000, &quota), Err(Errno::Nospc));
        assert_eq!((content.size(), quota.bytes_used()), (1000, 1000));
        content.set_size(990, &quota).unwrap();
        assert_eq!(content.write_at(b"x", 1100, &quota), Err(Errno::Nospc), "the gap does not fit");
        assert_eq!((content.size(), quota.bytes_used()), (990, 990));
    }
}
