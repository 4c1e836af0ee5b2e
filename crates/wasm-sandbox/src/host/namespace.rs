//! The one namespace that a sandbox's mounts make, with directories above them that only lead there.

use std::sync::Arc;

use crate::{
    mount::Mount,
    vfs::{Dir, DirEntry, FileKind},
};

/// All mounts; none costs nothing to make and to share, as every new sandbox does.
#[derive(Clone, Default)]
pub(crate) struct Namespace(Option<Arc<[Mount]>>);

/// A path resolved as far as the mounts go.
pub(crate) struct Located {
    pub(crate) directory: Arc<dyn Dir>,
    /// Relative to `directory`.
    pub(crate) rest: String,
    /// As the guest sees it, for the record.
    pub(crate) full: String,
}

impl Namespace {
    pub(crate) fn new(mounts: Vec<Mount>) -> Self {
        Self((!mounts.is_empty()).then(|| mounts.into()))
    }

    pub(super) fn mounts(&self) -> &[Mount] {
        self.0.as_deref().unwrap_or_default()
    }

    /// The mount that `full` is in, and where there.
    pub(crate) fn locate(&self, full: &str, slash: bool) -> Option<Located> {
        let inside = |guest: &str| {
            let rest = if guest == "/" { full } else { full.strip_prefix(guest)? };
            (rest.is_empty() || rest.starts_with('/')).then(|| rest.trim_start_matches('/').to_owned())
        };
        let candidates = self.mounts().iter().filter_map(|(guest, tree)| Some((guest, tree, inside(guest.as_str())?)));
        let (_, tree, mut rest) = candidates.max_by_key(|(guest, _, _)| guest.as_str().len())?;
        if rest.is_empty() {
            rest.push('.');
        }
        if slash {
            rest.push('/');
        }
        Some(Located { directory: Arc::clone(tree), rest, full: full.to_owned() })
    }

    /// Whether `full` is a directory above a mount: one that exists only to lead there.
    pub(crate) fn above(&self, full: &str) -> bool {
        let leads = |guest: &str| guest.strip_prefix(full).is_some_and(|rest| rest.starts_with('/'));
        full == "/" || self.mounts().iter().any(|(guest, _)| leads(guest.as_str()))
    }

    /// The names that a directory above the mounts has.
    pub(crate) fn names_above(&self, path: &str) -> Vec<DirEntry> {
        let mut names: Vec<&str> = self
            .mounts()
            .iter()
            .filter_map(|(guest, _)| guest.as_str().strip_prefix(path)?.strip_prefix('/')?.split('/').next())
            .filter(|name| !name.is_empty())
            .collect();
        names.sort_unstable();
        names.dedup();
        let entry = |(next, name): (u64, &str)| DirEntry {
            name: name.as_bytes().to_vec(),
            kind: FileKind::Directory,
            inode: 0,
            next,
        };
        (1..).zip([".", ".."].into_iter().chain(names)).map(entry).collect()
    }
}

/// A path for the record, and for finding mounts: absolute, `.` and `..` taken away by their spelling.
pub(super) fn display(directory: &str, path: &str) -> String {
    let mut parts: Vec<&str> = if path.starts_with('/') { Vec::new() } else { directory.split('/').collect() };
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.retain(|part| !part.is_empty());
    format!("/{}", parts.join("/"))
}
