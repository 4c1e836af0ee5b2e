//! The host's side of a sandbox at a moment between two runs: its trees in memory, what is open, its clock and its random
//! numbers. Streams are not part of it, but for how much of the input was read.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    Host,
    control::Stream,
    descriptors::{Descriptor, Descriptors, OpenDirectory, OpenFile, Place},
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
    append: bool,
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
            Descriptor::File(OpenFile { file, path, position, read, write, append, .. }) => {
                let (tree, handle) = file.save()?;
                let (path, position) = (path.clone(), *position);
                let (read, write, append) = (*read, *write, *append);
                SavedDescriptor::File(SavedFile {
                    mount: self.find(tree)?,
                    handle,
                    path,
                    position,
                    read,
                    write,
                    append,
                })
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
                let (read, write, append) = (saved.read, saved.write, saved.append);
                // What is written from here on is for this one's own record.
                Descriptor::File(OpenFile { file, path, position, read, write, append, noted: false })
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
