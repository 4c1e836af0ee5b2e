//! Whether a tree can have been as it was saved: what was saved may have been sealed by somebody who lies.

use std::collections::{HashMap, HashSet};

use super::{Piece, SavedContent, SavedDirectory, SavedInode, SavedMemory, SavedNode};
use crate::vfs::{
    Errno, VfsResult,
    memory_tree::{InodeId, MAX_NAME, ROOT, content::PIECE, directory::AFTER_DOT_DOT, inodes::MAX_BELOW},
};

/// Numbers of inodes and names that count up from here never come to their end.
const MAX_NUMBER: u64 = 1 << 63;

impl SavedMemory {
    /// Whether a tree can have been so.
    pub(super) fn check(&self, layered: bool, max_file_size: u64) -> VfsResult<()> {
        let inodes: HashMap<_, _> = self.inodes.iter().map(|saved| (saved.inode, saved)).collect();
        ensure(inodes.len() == self.inodes.len() && self.next < MAX_NUMBER)?;
        ensure(self.inodes.iter().all(|saved| saved.inode < self.next))?;
        // Whoever did not pay for an inode has it from the layer below, of which only so many are taken over.
        let below = self.inodes.iter().filter(|saved| !saved.paid && saved.inode != ROOT).count();
        ensure(layered || below == 0)?;
        ensure(below.checked_add(self.room).is_some_and(|all| all <= MAX_BELOW))?;
        self.inodes.iter().try_for_each(|saved| saved.check(max_file_size))?;
        self.check_names(&inodes)
    }

    /// Whether every name leads to an inode, links are the names there are, and no directory has two: then all that are
    /// named are reached from the root, and none is in itself.
    fn check_names(&self, inodes: &HashMap<InodeId, &SavedInode>) -> VfsResult<()> {
        let mut names = HashMap::from([(ROOT, 1_u64)]);
        let mut left = vec![ROOT];
        while let Some(inode) = left.pop() {
            let Some(SavedInode { node: SavedNode::Directory(directory), .. }) = inodes.get(&inode) else {
                return Err(Errno::Inval);
            };
            for (_, child, _) in &directory.entries {
                let named = names.entry(*child).or_default();
                *named += 1;
                if let SavedNode::Directory(_) = inodes.get(child).ok_or(Errno::Inval)?.node {
                    ensure(*named == 1)?;
                    left.push(*child);
                }
            }
        }
        ensure(self.inodes.iter().all(|saved| saved.links == names.get(&saved.inode).copied().unwrap_or(0)))
    }
}

impl SavedContent {
    fn check(&self, max_file_size: u64) -> VfsResult<()> {
        let shows = self.below.as_ref().map_or(0, |(_, shows)| *shows);
        // A file of the layer below may be larger than one that the guest makes.
        ensure(shows <= self.size && self.size <= max_file_size.max(shows))?;
        ensure(self.pieces.is_sorted_by(|(before, _), (after, _)| before < after))?;
        self.pieces.iter().try_for_each(|(number, Piece(piece))| {
            let len = piece.len() as u64;
            let end = number.checked_mul(PIECE).and_then(|start| start.checked_add(len));
            ensure(len > 0 && len <= PIECE && end.is_some_and(|end| end <= self.size))
        })
    }
}

impl SavedDirectory {
    fn check(&self, removed: bool) -> VfsResult<()> {
        // It is empty before it is removed, and until the layer below has been looked at.
        ensure(self.entries.is_empty() || !removed && self.below.is_none())?;
        ensure(!removed || self.below.is_none())?;
        ensure(self.last >= AFTER_DOT_DOT && self.last < MAX_NUMBER)?;
        ensure(self.entries.is_sorted_by(|(before, ..), (after, ..)| before < after))?;
        let proper =
            |name: &[u8]| !matches!(name, b"" | b"." | b"..") && name.len() <= MAX_NAME && !name.contains(&b'/');
        ensure(self.entries.iter().all(|(name, ..)| proper(name)))?;
        let numbers: HashSet<_> = self.entries.iter().map(|(.., number)| *number).collect();
        ensure(numbers.len() == self.entries.len())?;
        ensure(numbers.iter().all(|number| *number > AFTER_DOT_DOT && *number <= self.last))
    }
}

impl SavedInode {
    fn check(&self, max_file_size: u64) -> VfsResult<()> {
        match &self.node {
            SavedNode::File(content) => {
                // Its size is asked for before it is written.
                ensure(self.unseen.is_none() || content.pieces.is_empty())?;
                content.check(max_file_size)
            }
            SavedNode::Directory(directory) => directory.check(self.links == 0),
            SavedNode::Symlink(_) | SavedNode::Other => Ok(()),
        }
    }
}

fn ensure(holds: bool) -> VfsResult<()> {
    if holds { Ok(()) } else { Err(Errno::Inval) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use std::sync::Arc;

    use wasm_sandbox_policy::{ByteUnits, ResourceLimits};

    use super::*;
    use crate::vfs::{
        Dir, MemoryTree, Opened, Quota, SavedTree, Usage,
        tests::{READ, WRITE},
    };

    type Lie = fn(&mut SavedMemory);

    /// The inodes of [`sound`].
    const OUTER: InodeId = 2;
    const INNER: InodeId = 3;
    const FILE: InodeId = 4;

    fn quota() -> Arc<Quota> {
        Arc::new(Quota::new(&ResourceLimits { file_size: 1.mb(), ..ResourceLimits::default() }))
    }

    fn write(tree: &dyn Dir, path: &str, bytes: &[u8]) -> Opened {
        let mut opened = tree.open(path, WRITE).unwrap();
        let Opened::File { file, .. } = &mut opened else { panic!("a directory") };
        assert_eq!(file.write_at(bytes, 0), Ok(bytes.len()));
        opened
    }

    fn saved(tree: &dyn Dir) -> SavedMemory {
        let SavedTree::Memory(mut saved) = tree.save_tree() else { panic!("not in memory") };
        saved.inodes.sort_by_key(|saved| saved.inode);
        saved
    }

    /// `outer/inner/file`, of two pieces, with a further name `again`.
    fn sound() -> SavedMemory {
        let tree = MemoryTree::empty(quota());
        tree.create_directory("outer").unwrap();
        tree.create_directory("outer/inner").unwrap();
        write(&*tree, "outer/inner/file", &[7; 100_000]);
        tree.link("outer/inner/file", false, &*tree, "again").unwrap();
        saved(&*tree)
    }

    fn restored(saved: &SavedMemory) -> VfsResult<Usage> {
        MemoryTree::empty(quota()).restore_tree(&SavedTree::Memory(saved.clone()))
    }

    fn inode(saved: &mut SavedMemory, inode: InodeId) -> &mut SavedInode {
        saved.inodes.iter_mut().find(|saved| saved.inode == inode).unwrap()
    }

    fn directory(saved: &mut SavedMemory, of: InodeId) -> &mut SavedDirectory {
        let SavedNode::Directory(directory) = &mut inode(saved, of).node else { panic!("not a directory") };
        directory
    }

    fn file(saved: &mut SavedMemory) -> &mut SavedContent {
        let SavedNode::File(content) = &mut inode(saved, FILE).node else { panic!("not a file") };
        content
    }

    #[test]
    fn what_guests_can_do_goes_on_with_what_was_paid_for_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("below")).unwrap();
        std::fs::write(folder.path().join("below/large"), vec![1; 3 << 20]).unwrap();
        std::fs::write(folder.path().join("below/other"), "other").unwrap();
        let open = |quota| MemoryTree::overlay(folder.path(), quota).unwrap();
        let paid = quota();
        let tree = open(Arc::clone(&paid));
        tree.create_directory("gone").unwrap();
        let removed = tree.open("gone", READ).unwrap();
        tree.remove_directory("gone").unwrap();
        let unlinked = write(&*tree, "temporary", b"t");
        tree.unlink("temporary").unwrap();
        write(&*tree, "below/large", b"copied");
        tree.link("below/other", false, &*tree, "second").unwrap();
        tree.symlink("second", "link").unwrap();
        let first = saved(&*tree);
        let (later, again) = (quota(), open(quota()));
        let usage = open(Arc::clone(&later)).restore_tree(&SavedTree::Memory(first.clone())).unwrap();
        assert_eq!(usage, Usage { bytes: paid.bytes_used(), files: paid.files_used() });
        again.restore_tree(&SavedTree::Memory(first.clone())).unwrap();
        let bytes = |saved: &SavedMemory| postcard::to_allocvec(saved).unwrap();
        assert_eq!(bytes(&saved(&*again)), bytes(&first));
        drop((removed, unlinked));
        assert_eq!(first.inodes.iter().filter(|saved| saved.links == 0).count(), 2, "both were open");
    }

    #[test]
    fn what_no_tree_can_have_been_is_refused() {
        assert_eq!(restored(&sound()), Ok(Usage { bytes: 100_128, files: 4 }));
        let lies: &[(&str, Lie)] = &[
            ("links beyond all", |saved| inode(saved, FILE).links = u64::MAX),
            ("one link too few", |saved| inode(saved, FILE).links = 1),
            ("a root with two", |saved| inode(saved, ROOT).links = 2),
            ("a root that is none", |saved| inode(saved, ROOT).node = SavedNode::Other),
            ("no root", |saved| saved.inodes.retain(|saved| saved.inode != ROOT)),
            ("the last number", |saved| saved.next = u64::MAX),
            ("a number that is taken", |saved| saved.next = FILE),
            ("one number twice", |saved| saved.inodes.extend(saved.inodes.last().cloned())),
            ("room without end", |saved| saved.room = usize::MAX),
            ("nobody paid", |saved| inode(saved, FILE).paid = false),
            ("a name of nothing", |saved| saved.inodes.retain(|saved| saved.inode != FILE)),
            ("a directory in itself", |saved| directory(saved, INNER).entries.push((b"up".to_vec(), OUTER, 9))),
            ("a ring apart", |saved| {
                directory(saved, ROOT).entries.retain(|(name, ..)| name != b"outer");
                let inner = directory(saved, INNER);
                (inner.last, inner.entries) = (9, [inner.entries.clone(), vec![(b"up".to_vec(), OUTER, 9)]].concat());
            }),
            ("two parents", |saved| {
                let root = directory(saved, ROOT);
                (root.last, inode(saved, INNER).links) = (9, 2);
                directory(saved, ROOT).entries.push((b"z".to_vec(), INNER, 9));
            }),
            ("the root in a directory", |saved| {
                let inner = directory(saved, INNER);
                inner.last = 9;
                inner.entries.push((b"up".to_vec(), ROOT, 9));
            }),
            ("a removed directory with names", |saved| {
                directory(saved, OUTER).entries.clear();
                inode(saved, INNER).links = 0;
            }),
            ("names without end", |saved| directory(saved, INNER).last = u64::MAX),
            ("a name twice", |saved| {
                let root = directory(saved, ROOT);
                (root.entries[1].0, inode(saved, OUTER).links) = (b"again".to_vec(), 1);
            }),
            ("a name that leads elsewhere", |saved| directory(saved, OUTER).entries[0].0 = b"../..".to_vec()),
            ("one cursor twice", |saved| directory(saved, ROOT).entries[1].2 = 4),
            ("larger than a file may be", |saved| file(saved).size = 2 << 20),
            ("smaller than what it holds", |saved| file(saved).size = 99_999),
            ("more below than there is", |saved| file(saved).below = Some((b"f".to_vec(), u64::MAX))),
            ("an empty piece", |saved| file(saved).pieces[1].1 = Piece(Arc::default())),
            ("a piece too large", |saved| {
                file(saved).pieces.truncate(1);
                file(saved).pieces[0].1 = Piece(Arc::new(vec![0; 70_000]));
            }),
            ("a piece beyond all", |saved| file(saved).pieces[1].0 = u64::MAX),
            ("a piece twice", |saved| file(saved).pieces[1].0 = 0),
        ];
        for (lie, tell) in lies {
            let mut saved = sound();
            tell(&mut saved);
            assert_eq!(restored(&saved), Err(Errno::Inval), "{lie}");
        }
    }
}
