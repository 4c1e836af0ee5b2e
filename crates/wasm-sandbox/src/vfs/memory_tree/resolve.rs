//! From a path to an inode, link by link.

use std::collections::VecDeque;

use super::{InodeId, MAX_NAME, Node, State};
use crate::vfs::{Errno, VfsResult};

/// Links that one path may lead through.
const MAX_LINKS: u32 = 40;

/// Where a path leads.
pub(super) struct Place {
    /// The directory that holds the last part, and that part; none for a path that ends at a directory without naming it.
    pub(super) parent: Option<(InodeId, Vec<u8>)>,
    /// What is there.
    pub(super) inode: Option<InodeId>,
    /// Whether the path insists on a directory by a slash at its end.
    pub(super) slash: bool,
}

/// What becomes of a link in the last part of a path; those before it are always followed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Last {
    /// It is followed.
    Follow,
    /// It is followed when a slash at the end asks for a directory.
    Slash,
    /// It is never followed: what is meant is the name itself, to make it, move it or take it away.
    Name,
    /// It may be followed, but no slash may ask for a directory: what is meant is a file that is made if it is not there.
    Make { follow: bool },
}

impl Last {
    pub(super) fn link(follow: bool) -> Self {
        if follow { Self::Follow } else { Self::Slash }
    }
}

impl Place {
    /// What is there; a directory, if the path insists.
    pub(super) fn existing(&self, state: &State) -> VfsResult<InodeId> {
        let inode = self.inode.ok_or(Errno::Noent)?;
        if self.slash && !state.inode(inode)?.node.is_directory() { Err(Errno::Notdir) } else { Ok(inode) }
    }
}

/// A path on its way.
struct Walk {
    parts: VecDeque<Vec<u8>>,
    /// From where it began, which it may not leave, to where it is.
    above: Vec<InodeId>,
    links: u32,
    slash: bool,
    last_link: Last,
}

/// What one name came to.
enum Step {
    /// A directory that the path goes on from.
    Into,
    /// A link whose target's parts come next.
    Link,
    /// The end of the path.
    End(Option<InodeId>),
}

impl Walk {
    fn new(from: InodeId, path: &str, last_link: Last) -> VfsResult<Self> {
        if path.is_empty() {
            return Err(Errno::Noent);
        }
        if path.starts_with('/') {
            return Err(Errno::Notcapable);
        }
        let parts = split(path.as_bytes()).collect();
        Ok(Self { parts, above: vec![from], links: 0, slash: path.ends_with('/'), last_link })
    }

    fn here(&self) -> VfsResult<InodeId> {
        self.above.last().copied().ok_or(Errno::Notcapable)
    }

    fn up(&mut self) -> VfsResult<()> {
        self.above.pop();
        self.here().map(|_| ())
    }

    fn is_last(&self) -> bool {
        self.parts.is_empty()
    }

    /// Whether a link that was met is followed.
    fn follows(&self) -> bool {
        match self.last_link {
            _ if !self.is_last() => true,
            Last::Follow => true,
            Last::Slash => self.slash,
            Last::Name => false,
            Last::Make { follow } => follow,
        }
    }

    fn follow(&mut self, target: &[u8]) -> VfsResult<Step> {
        self.links += 1;
        if self.links > MAX_LINKS {
            return Err(Errno::Loop);
        }
        if target.starts_with(b"/") {
            return Err(Errno::Notcapable);
        }
        // A slash at the end of a link's target asks for a directory too.
        self.slash |= self.is_last() && target.ends_with(b"/");
        for part in split(target).collect::<Vec<_>>().into_iter().rev() {
            self.parts.push_front(part);
        }
        Ok(Step::Link)
    }
}

impl State {
    /// Follows a path from a directory, which it may not leave.
    pub(super) fn resolve(&mut self, from: InodeId, path: &str, last_link: Last) -> VfsResult<Place> {
        let mut walk = Walk::new(from, path, last_link)?;
        let mut parent = None;
        while let Some(part) = walk.parts.pop_front() {
            parent = None;
            match part.as_slice() {
                b"." => {}
                b".." => walk.up()?,
                name => {
                    let here = walk.here()?;
                    match self.step(&mut walk, here, name)? {
                        Step::Into => parent = Some((here, part)),
                        Step::Link => {}
                        Step::End(inode) => return Ok(Place { parent: Some((here, part)), inode, slash: walk.slash }),
                    }
                }
            }
        }
        Ok(Place { parent, inode: walk.above.last().copied(), slash: walk.slash })
    }

    fn step(&mut self, walk: &mut Walk, here: InodeId, name: &[u8]) -> VfsResult<Step> {
        if name.len() > MAX_NAME {
            return Err(Errno::Nametoolong);
        }
        let last = walk.is_last();
        if last && walk.slash && matches!(walk.last_link, Last::Make { .. }) {
            return Err(Errno::Isdir);
        }
        let Some(inode) = self.entries(here)?.find(name) else {
            return if last { Ok(Step::End(None)) } else { Err(Errno::Noent) };
        };
        match &self.inode(inode)?.node {
            Node::Symlink(target) if walk.follows() => walk.follow(target),
            Node::Directory(_) => {
                walk.above.push(inode);
                Ok(Step::Into)
            }
            _ if last => Ok(Step::End(Some(inode))),
            _ => Err(Errno::Notdir),
        }
    }

    /// What a path names.
    pub(super) fn find(&mut self, from: InodeId, path: &str, follow: bool) -> VfsResult<InodeId> {
        self.resolve(from, path, Last::link(follow))?.existing(self)
    }

    /// Whether `inner` is `outer` or somewhere below it. Only what has been looked at can be below.
    pub(super) fn contains(&self, outer: InodeId, inner: InodeId) -> VfsResult<bool> {
        let mut left = vec![outer];
        while let Some(inode) = left.pop() {
            if inode == inner {
                return Ok(true);
            }
            if let Node::Directory(directory) = &self.inode(inode)?.node {
                let is_directory =
                    |child: &InodeId| self.inodes.get(child).is_some_and(|entry| entry.node.is_directory());
                left.extend(directory.inodes().filter(is_directory));
            }
        }
        Ok(false)
    }
}

/// The parts of a path; empty ones mean nothing.
fn split(path: &[u8]) -> impl Iterator<Item = Vec<u8>> + '_ {
    path.split(|byte| *byte == b'/').filter(|part| !part.is_empty()).map(<[u8]>::to_vec)
}
