//! What a file holds: pieces that were written, over what the layer below has, over zeros.

use std::{collections::BTreeMap, sync::Arc, time::SystemTime};

use super::lower::{Layer, LowerFile};
use crate::vfs::{Errno, Quota, VfsResult};

/// Bytes of one piece. Pieces are shared with copies of the tree until they are written.
const PIECE: u64 = 64 << 10;

/// A file's bytes.
#[derive(Default)]
pub(super) struct Content {
    size: u64,
    /// By number; one that is shorter than it could be ends in zeros.
    pieces: BTreeMap<u64, Arc<Vec<u8>>>,
    below: Option<Below>,
}

/// A file of the layer below.
struct Below {
    path: Vec<u8>,
    /// How much of it still shows; none until it is looked at.
    shows: Option<u64>,
    file: Option<Arc<dyn LowerFile>>,
}

/// Access, modification and change.
type Times = (SystemTime, SystemTime, SystemTime);

impl Content {
    pub(super) fn below(path: Vec<u8>) -> Self {
        Self { below: Some(Below { path, shows: None, file: None }), ..Self::default() }
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Bytes that it costs.
    pub(super) fn held(&self) -> u64 {
        self.pieces.values().map(|piece| piece.len() as u64).sum()
    }

    /// Asks the layer below for size and times, the first time.
    pub(super) fn look(&mut self, layer: Option<&dyn Layer>) -> VfsResult<Option<Times>> {
        match (&mut self.below, layer) {
            (Some(below), Some(layer)) if below.shows.is_none() => {
                let (size, times) = layer.stat(&below.path)?;
                below.shows = Some(size);
                self.size = size;
                Ok(Some(times))
            }
            _ => Ok(None),
        }
    }

    /// Opens the file below, for as long as anybody has this one open.
    pub(super) fn attach(&mut self, layer: Option<&dyn Layer>) -> VfsResult<()> {
        if let (Some(below), Some(layer)) = (&mut self.below, layer)
            && below.file.is_none()
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
        let len = self.size.saturating_sub(offset).min(buffer.len() as u64);
        let buffer = buffer.get_mut(..usize::try_from(len).unwrap_or(usize::MAX)).unwrap_or_default();
        let mut at = offset;
        let mut rest = &mut *buffer;
        while !rest.is_empty() {
            let (number, skip) = (at / PIECE, at % PIECE);
            let step = usize::try_from(PIECE - skip).unwrap_or(usize::MAX).min(rest.len());
            let (now, later) = rest.split_at_mut(step);
            match self.pieces.get(&number) {
                Some(piece) => {
                    copy_or_zero(now, piece.get(usize::try_from(skip).unwrap_or(usize::MAX)..).unwrap_or_default())
                }
                None => self.read_below(now, at)?,
            }
            at += step as u64;
            rest = later;
        }
        Ok(buffer.len())
    }

    /// Bytes of the layer below, as far as they show; zeros after that.
    fn read_below(&self, buffer: &mut [u8], offset: u64) -> VfsResult<()> {
        buffer.fill(0);
        let Some(Below { shows: Some(shows), file: Some(file), .. }) = &self.below else { return Ok(()) };
        let len = shows.saturating_sub(offset).min(buffer.len() as u64);
        let mut rest = buffer.get_mut(..usize::try_from(len).unwrap_or(usize::MAX)).unwrap_or_default();
        let mut at = offset;
        while !rest.is_empty() {
            let read = file.read_at(rest, at)?;
            if read == 0 {
                break;
            }
            at += read as u64;
            rest = rest.get_mut(read..).unwrap_or_default();
        }
        Ok(())
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
            match self.write_piece(number, skip, now, quota) {
                Ok(()) => {}
                Err(errno) if at == offset => return Err(errno),
                Err(_) => break,
            }
            at += step as u64;
            self.size = self.size.max(at);
            rest = later;
        }
        Ok(usize::try_from(at - offset).unwrap_or(usize::MAX))
    }

    fn write_piece(&mut self, number: u64, skip: usize, bytes: &[u8], quota: &Quota) -> VfsResult<()> {
        if !self.pieces.contains_key(&number) {
            let start = number * PIECE;
            let shows = self.below.as_ref().and_then(|below| below.shows).unwrap_or(0);
            let len = shows.saturating_sub(start).min(PIECE);
            quota.charge_all_bytes(len)?;
            let mut piece = vec![0; usize::try_from(len).unwrap_or(0)];
            if let Err(errno) = self.read_below(&mut piece, start) {
                quota.refund_bytes(len);
                return Err(errno);
            }
            self.pieces.insert(number, Arc::new(piece));
        }
        let piece = Arc::make_mut(self.pieces.get_mut(&number).ok_or(Errno::Io)?);
        let end = skip + bytes.len();
        if end > piece.len() {
            quota.charge_all_bytes((end - piece.len()) as u64)?;
            piece.resize(end, 0);
        }
        piece.get_mut(skip..end).ok_or(Errno::Io)?.copy_from_slice(bytes);
        Ok(())
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
        let beyond = self.pieces.split_off(&(number + 1));
        quota.refund_bytes(beyond.values().map(|piece| piece.len() as u64).sum());
        if let Some(piece) = self.pieces.get_mut(&number)
            && piece.len() > keep
        {
            quota.refund_bytes((piece.len() - keep) as u64);
            Arc::make_mut(piece).truncate(keep);
        }
        if let Some(below) = &mut self.below {
            below.shows = below.shows.map(|shows| shows.min(size));
        }
    }
}

fn copy_or_zero(to: &mut [u8], from: &[u8]) {
    let len = to.len().min(from.len());
    let (head, tail) = to.split_at_mut(len);
    head.copy_from_slice(from.get(..len).unwrap_or_default());
    tail.fill(0);
}
