//! What a run was refused and what it changed, in bounded lists.

use std::collections::BTreeMap;

use wasm_sandbox_policy::{Denial, FileChanges, Plain};

use crate::vfs::Errno;

/// Distinct refusals that are kept.
const MAX_DENIALS: usize = 100;

/// Changed paths that are kept.
const MAX_CHANGES: usize = 10_000;

/// Characters of a refused target that are kept.
const MAX_TARGET: usize = 512;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Created,
    Modified,
    Deleted,
    /// Was there before, went, and came again: what is there now is another file.
    Replaced,
}

/// The account of one run.
#[derive(Debug, Default)]
pub(super) struct Record {
    denials: Vec<Denial>,
    denials_dropped: u64,
    changes: BTreeMap<String, Change>,
    changes_dropped: bool,
    /// The script that an interpreter runs, if one does: it has that as text, and looks for the file only to quote it.
    script: Option<String>,
}

impl Record {
    pub(super) fn new(script: Option<String>) -> Self {
        Self { script, ..Self::default() }
    }

    pub(super) fn begin(&mut self) {
        self.denials.clear();
        self.denials_dropped = 0;
        self.changes.clear();
        self.changes_dropped = false;
    }

    pub(super) fn first_denial(&self) -> Option<Denial> {
        self.denials.first().cloned()
    }

    pub(super) fn take_denials(&mut self) -> (Vec<Denial>, u64) {
        (std::mem::take(&mut self.denials), std::mem::take(&mut self.denials_dropped))
    }

    /// Notes a refusal, if the errno is one.
    pub(super) fn refused(&mut self, errno: Errno, operation: &str, path: &str, writes: bool) {
        let reason = match errno {
            Errno::Rofs => "it was granted for reading only",
            Errno::Notcapable => "nothing is granted there, or the path leads out of what is",
            Errno::Perm => "the file may have another name outside of what was granted",
            _ => return,
        };
        let capability = if writes || errno != Errno::Notcapable { "filesystem.write" } else { "filesystem.read" };
        self.deny(operation, path, capability, reason);
    }

    pub(super) fn deny(&mut self, operation: &str, target: &str, capability: &str, reason: &str) {
        if self.is_no_file(target) {
            return;
        }
        self.deny_often(Denial {
            operation: operation.to_owned(),
            target: target.to_owned(),
            capability: capability.to_owned(),
            reason: Some(reason.to_owned()),
            count: 1,
        });
    }

    /// Notes refusals of one kind.
    pub(super) fn deny_often(&mut self, mut denial: Denial) {
        denial.target = Plain::line(&denial.target).at_most(MAX_TARGET).to_string();
        let same = |known: &&mut Denial| {
            (&known.operation, &known.target, &known.capability)
                == (&denial.operation, &denial.target, &denial.capability)
        };
        if let Some(known) = self.denials.iter_mut().find(same) {
            known.count += denial.count;
        } else if self.denials.len() < MAX_DENIALS {
            self.denials.push(denial);
        } else {
            self.denials_dropped += denial.count;
        }
    }

    /// Whether an interpreter looks for what is no file: code that it has as text, under the script's name or one in angle
    /// brackets. Nobody tried to reach anything.
    fn is_no_file(&self, target: &str) -> bool {
        let name = target.trim_start_matches('/');
        self.script.as_ref().is_some_and(|script| name == script || (name.starts_with('<') && name.ends_with('>')))
    }

    pub(super) fn created(&mut self, path: &str) {
        let before = self.changes.get(path).copied();
        self.set(path, if before == Some(Change::Deleted) { Change::Replaced } else { Change::Created });
    }

    pub(super) fn modified(&mut self, path: &str) {
        if !self.changes.contains_key(path) {
            self.set(path, Change::Modified);
        }
    }

    pub(super) fn deleted(&mut self, path: &str) {
        match self.changes.get(path) {
            Some(Change::Created) => {
                self.changes.remove(path);
            }
            _ => self.set(path, Change::Deleted),
        }
    }

    /// A path and everything below it has another name now.
    pub(super) fn renamed(&mut self, from: &str, to: &str) {
        let inside = format!("{from}/");
        let moved: Vec<String> = self
            .changes
            .range(inside.clone()..)
            .take_while(|(path, _)| path.starts_with(&inside))
            .filter(|(_, change)| **change != Change::Deleted)
            .map(|(path, _)| path.clone())
            .collect();
        for path in moved {
            self.deleted(&path);
            self.created(&format!("{to}/{}", path.get(inside.len()..).unwrap_or_default()));
        }
        self.deleted(from);
        self.created(to);
    }

    pub(super) fn take_changes(&mut self) -> FileChanges {
        let mut files = FileChanges { truncated: std::mem::take(&mut self.changes_dropped), ..FileChanges::default() };
        for (path, change) in std::mem::take(&mut self.changes) {
            match change {
                Change::Created => files.created.push(path),
                Change::Modified | Change::Replaced => files.modified.push(path),
                Change::Deleted => files.deleted.push(path),
            }
        }
        files
    }

    fn set(&mut self, path: &str, change: Change) {
        if self.changes.len() < MAX_CHANGES || self.changes.contains_key(path) {
            self.changes.insert(path.to_owned(), change);
        } else {
            self.changes_dropped = true;
        }
    }
}
