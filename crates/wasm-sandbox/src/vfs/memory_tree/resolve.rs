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

impl State {
    /// Follows a path from a directory, which it may not leave.
    pub(super) fn resolve(&mut self, from: InodeId, path: &str, last_link: Last) -> VfsResult<Place> {
        if path.is_empty() {
            return Err(Errno::Noent);
        }
        if path.starts_with('/') {
            return Err(Errno::Notcapable);
        }
        let mut slash = path.ends_with('/');
        let mut parts: VecDeque<Vec<u8>> = split(path.as_bytes()).collect();
        let mut above = vec![from];
        let mut links = 0;
        let mut parent = None;
        while let Some(part) = parts.pop_front() {
            let here = *above.last().ok_or(Errno::Notcapable)?;
            parent = None;
            match part.as_slice() {
                b"." => {}
                b".." => {
                    above.pop();
                    if above.is_empty() {
                        return Err(Errno::Notcapable);
                    }
                }
                name if name.len() > MAX_NAME => return Err(Errno::Nametoolong),
                name => {
                    let last = parts.is_empty();
                    if last && slash && matches!(last_link, Last::Make { .. }) {
                        return Err(Errno::Isdir);
                    }
                    let Some(inode) = self.entries(here)?.find(name) else {
                        let inode = None;
                        return if last {
                            Ok(Place { parent: Some((here, part)), inode, slash })
                        } else {
                            Err(Errno::Noent)
                        };
                    };
                    let follows = match last_link {
                        _ if !last => true,
                        Last::Follow => true,
                        Last::Slash => slash,
                        Last::Name => false,
                        Last::Make { follow } => follow,
                    };
                    match &self.inode(inode)?.node {
                        Node::Symlink(target) if follows => {
                            links += 1;
                            if links > MAX_LINKS {
                                return Err(Errno::Loop);
                            }
                            if target.starts_with(b"/") {
                                return Err(Errno::Notcapable);
                            }
                            // A slash at the end of a link's target asks for a directory too.
                            slash |= last && target.ends_with(b"/");
                            for part in split(target).collect::<Vec<_>>().into_iter().rev() {
                                parts.push_front(part);
                            }
                        }
                        Node::Directory(_) => {
                            above.push(inode);
                            parent = Some((here, part));
                        }
                        _ if last => return Ok(Place { parent: Some((here, part)), inode: Some(inode), slash }),
                        _ => return Err(Errno::Notdir),
                    }
                }
            }
        }
        Ok(Place { parent, inode: above.last().copied(), slash })
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
