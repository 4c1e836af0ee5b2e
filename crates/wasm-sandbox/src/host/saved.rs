//! The host's side of a sandbox at a moment between two runs: its trees in memory, what is open, its clock and its random
//! numbers. Streams are not part of it, but for how much of the input was read.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    Host,
    control::Stream,
    descriptors::{Descriptor, Descriptors, FileFlags, OpenDirectory, OpenFile, Place},
    namespace::Namespace,
};
use crate::vfs::{Dir, Errno, SavedHandle, SavedTree, TreeId, Usage, VfsResult};

#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct SavedHost {
    /// In the order of the mounts.
    trees: Vec<SavedTree>,
    descriptors: Vec<Option<SavedDescriptor>>,
    stdin_position: usize,
    /// What the monotonic clock shows.
    monotonic: Duration,
    /// How many random numbers were drawn from a seed.
    drawn: Option<u128>,
    disk_bytes: u64,
    disk_files: u64,
}

#[derive(Clone, Serialize, Deserialize)]
enum SavedDescriptor {
    Stdin,
    Stdout,
    Stderr,
    File(SavedFile),
    Directory(SavedDirectory),
}

#[derive(Clone, Serialize, Deserialize)]
struct SavedFile {
    mount: usize,
    handle: SavedHandle,
    path: String,
    position: u64,
    read: bool,
    write: bool,
    flags: FileFlags,
}

#[derive(Clone, Serialize, Deserialize)]
struct SavedDirectory {
    place: SavedPlace,
    path: String,
    preopen: bool,
}

#[derive(Clone, Serialize, Deserialize)]
enum SavedPlace {
    /// Above the mounts.
    Above,
    /// What is mounted.
    Root(usize),
    /// Somewhere in what is mounted.
    Inside(usize, SavedHandle),
}

impl SavedHost {
    /// Bytes of the host's memory that its trees take.
    pub(crate) fn memory(&self) -> u64 {
        self.trees.iter().map(SavedTree::memory).sum()
    }

    /// A file or directory of the host's that is open: it cannot go elsewhere.
    pub(crate) fn open_on_host(&self) -> Option<&str> {
        self.descriptors.iter().flatten().find_map(|descriptor| match descriptor {
            SavedDescriptor::File(SavedFile { handle: SavedHandle::Host(_), path, .. })
            | SavedDescriptor::Directory(SavedDirectory {
                place: SavedPlace::Inside(_, SavedHandle::Host(_)),
                path,
                ..
            }) => Some(path.as_str()),
            _ => None,
        })
    }

    /// As it is when everything is closed that is the host's.
    #[cfg(fuzzing)]
    pub(super) fn close_on_host(&mut self) {
        while let Some(path) = self.open_on_host().map(str::to_owned) {
            let is_there = |descriptor: &SavedDescriptor| match descriptor {
                SavedDescriptor::File(file) => file.path == path,
                SavedDescriptor::Directory(directory) => directory.path == path,
                _ => false,
            };
            self.descriptors.iter_mut().filter(|one| one.as_ref().is_some_and(is_there)).for_each(|one| *one = None);
        }
    }
}

impl Host {
    /// Everything that a later host goes on with.
    pub(crate) fn save(&self) -> VfsResult<SavedHost> {
        let mounts = Mounts::of(self.descriptors.namespace());
        Ok(SavedHost {
            trees: mounts.0.iter().map(|tree| tree.save_tree()).collect(),
            descriptors: self.descriptors.save(|descriptor| mounts.save(descriptor))?,
            stdin_position: self.streams.stdin_position(),
            monotonic: self.clocks.monotonic(),
            drawn: self.random.drawn(),
            disk_bytes: self.quota.bytes_used(),
            disk_files: self.quota.files_used(),
        })
    }

    /// Goes on where another host was: one with the same mounts and policy. This one has done nothing yet.
    pub(crate) fn restore(&mut self, saved: &SavedHost) -> VfsResult<()> {
        let mounts = Mounts::of(self.descriptors.namespace());
        if mounts.0.len() != saved.trees.len() {
            return Err(Errno::Inval);
        }
        self.quota.restore(saved.disk_bytes, saved.disk_files)?;
        let mut held = Usage::default();
        for (tree, saved) in mounts.0.iter().zip(&saved.trees) {
            held = held.checked_add(tree.restore_tree(saved)?).ok_or(Errno::Inval)?;
        }
        if !(Usage { bytes: saved.disk_bytes, files: saved.disk_files }).covers(held) {
            return Err(Errno::Inval);
        }
        let restored =
            saved.descriptors.iter().map(|saved| saved.as_ref().map(|saved| mounts.restore(saved)).transpose());
        self.descriptors.restore(restored)?;
        mounts.0.iter().for_each(|tree| tree.settle());
        self.streams.skip_stdin(saved.stdin_position);
        self.clocks.advance(saved.monotonic);
        if let Some(drawn) = saved.drawn {
            self.random.skip(drawn);
        }
        Ok(())
    }
}

/// The roots of what is mounted.
struct Mounts(Vec<Arc<dyn Dir>>);

impl Mounts {
    fn of(namespace: &Namespace) -> Self {
        Self(namespace.mounts().iter().map(|(_, tree)| Arc::clone(tree)).collect())
    }

    fn find(&self, tree: TreeId) -> VfsResult<usize> {
        self.0.iter().position(|root| root.tree() == tree).ok_or(Errno::Badf)
    }

    fn root(&self, mount: usize) -> VfsResult<&Arc<dyn Dir>> {
        self.0.get(mount).ok_or(Errno::Inval)
    }

    fn save(&self, descriptor: &Descriptor) -> VfsResult<SavedDescriptor> {
        Ok(match descriptor {
            Descriptor::Stdin => SavedDescriptor::Stdin,
            Descriptor::Output(Stream::Stderr) => SavedDescriptor::Stderr,
            Descriptor::Output(_) => SavedDescriptor::Stdout,
            Descriptor::File(OpenFile { file, path, position, read, write, flags, .. }) => {
                let (tree, handle) = file.save()?;
                let (path, position) = (path.clone(), *position);
                let (read, write, flags) = (*read, *write, *flags);
                SavedDescriptor::File(SavedFile { mount: self.find(tree)?, handle, path, position, read, write, flags })
            }
            Descriptor::Directory(OpenDirectory { place, path, preopen }) => {
                let place = match place {
                    Place::Above => SavedPlace::Above,
                    Place::Tree(directory) => {
                        let mount = self.find(directory.tree())?;
                        let is_root = Arc::ptr_eq(directory, self.root(mount)?);
                        if is_root { SavedPlace::Root(mount) } else { SavedPlace::Inside(mount, directory.save()?) }
                    }
                };
                SavedDescriptor::Directory(SavedDirectory { place, path: path.clone(), preopen: *preopen })
            }
        })
    }

    fn restore(&self, saved: &SavedDescriptor) -> VfsResult<Descriptor> {
        Ok(match saved {
            SavedDescriptor::Stdin => Descriptor::Stdin,
            SavedDescriptor::Stdout => Descriptor::Output(Stream::Stdout),
            SavedDescriptor::Stderr => Descriptor::Output(Stream::Stderr),
            SavedDescriptor::File(saved) => {
                let file = self.root(saved.mount)?.restore_file(&saved.handle, saved.write)?;
                let (path, position) = (saved.path.clone(), saved.position);
                let (read, write, flags) = (saved.read, saved.write, FileFlags::new(saved.flags.bits().into())?);
                // What is written from here on is for this one's own record.
                Descriptor::File(OpenFile { file, path, position, read, write, flags, noted: false })
            }
            SavedDescriptor::Directory(SavedDirectory { place, path, preopen }) => {
                let place = match place {
                    SavedPlace::Above => Place::Above,
                    SavedPlace::Root(mount) => Place::Tree(Arc::clone(self.root(*mount)?)),
                    SavedPlace::Inside(mount, handle) => Place::Tree(self.root(*mount)?.restore_directory(handle)?),
                };
                Descriptor::Directory(OpenDirectory { place, path: path.clone(), preopen: *preopen })
            }
        })
    }
}

impl Descriptors {
    fn save(
        &self,
        save: impl Fn(&Descriptor) -> VfsResult<SavedDescriptor>,
    ) -> VfsResult<Vec<Option<SavedDescriptor>>> {
        self.all().iter().map(|descriptor| descriptor.as_ref().map(&save).transpose()).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use wasm_sandbox_policy::{ByteUnits, InstanceConfig, ResourceLimits};

    use super::*;
    use crate::vfs::{MemoryTree, OpenHow, Opened, Quota};

    const MOUNT: &str = "/kept";

    /// A host with one tree in memory, and that tree.
    fn host() -> (Host, Arc<dyn Dir>) {
        let limits = ResourceLimits { disk: 1.mb(), files: 10, open_files: 8, ..ResourceLimits::default() };
        let config = InstanceConfig::builder().limits(limits).filesystem_memory(MOUNT).build().unwrap();
        let quota = Arc::new(Quota::new(&config.limits));
        let tree = MemoryTree::empty(Arc::clone(&quota));
        let mounts = vec![(MOUNT.parse().unwrap(), Arc::clone(&tree))];
        (Host::bare(&config, mounts, quota), tree)
    }

    /// With a file of 1,000 bytes in the tree.
    fn sound() -> SavedHost {
        let (host, tree) = host();
        let how = OpenHow { write: true, create: true, ..OpenHow::default() };
        let Opened::File { mut file, .. } = tree.open("file", how).unwrap() else { panic!("a directory") };
        assert_eq!(file.write_at(&[1; 1000], 0), Ok(1000));
        drop(file);
        host.save().unwrap()
    }

    #[test]
    fn what_no_host_can_have_been_is_refused() {
        type Lie = fn(&mut SavedHost);
        let (mut twin, tree) = host();
        assert_eq!(twin.restore(&sound()), Ok(()));
        assert_eq!(tree.stat("file", false).unwrap().size, 1000);
        let lies: &[(&str, Errno, Lie)] = &[
            ("bytes that nobody paid for", Errno::Inval, |saved| saved.disk_bytes -= 1),
            ("a file that nobody paid for", Errno::Inval, |saved| saved.disk_files -= 1),
            ("bytes beyond the limit", Errno::Nospc, |saved| saved.disk_bytes = (1 << 20) + 1),
            ("bytes beyond all", Errno::Nospc, |saved| saved.disk_bytes = u64::MAX),
            ("files beyond the limit", Errno::Nospc, |saved| saved.disk_files = 11),
            ("files beyond all", Errno::Nospc, |saved| saved.disk_files = u64::MAX),
            ("too many descriptors", Errno::Mfile, |saved| saved.descriptors.resize(9, Some(SavedDescriptor::Stdin))),
            ("too many that are closed", Errno::Mfile, |saved| saved.descriptors.resize(9, None)),
            ("a tree too few", Errno::Inval, |saved| saved.trees.clear()),
            ("a tree too many", Errno::Inval, |saved| saved.trees.push(SavedTree::Host)),
            ("a tree that is the host's", Errno::Inval, |saved| saved.trees = vec![SavedTree::Host]),
            ("a mount that is none", Errno::Inval, |saved| {
                let place = SavedPlace::Root(1);
                let directory = SavedDirectory { place, path: MOUNT.to_owned(), preopen: true };
                saved.descriptors.push(Some(SavedDescriptor::Directory(directory)));
            }),
            ("an inode that is none", Errno::Noent, |saved| {
                let place = SavedPlace::Inside(0, SavedHandle::Memory(77));
                let directory = SavedDirectory { place, path: MOUNT.to_owned(), preopen: false };
                saved.descriptors.push(Some(SavedDescriptor::Directory(directory)));
            }),
        ];
        for (lie, errno, tell) in lies {
            let mut saved = sound();
            tell(&mut saved);
            assert_eq!(host().0.restore(&saved), Err(*errno), "{lie}");
        }
        // As many as there may be are no lie.
        let mut saved = sound();
        saved.descriptors.resize(8, Some(SavedDescriptor::Stdin));
        assert_eq!(host().0.restore(&saved), Ok(()));
    }
}
