//! Places in a policy: `capabilities.filesystem.mounts[1].guest`.

use std::fmt;

use serde_json::Value;
use serde_path_to_error::Segment;

use crate::plain::Plain;

/// The mounts of a policy.
pub(super) const MOUNTS: &str = "capabilities.filesystem.mounts";

/// The rules for the network, and the secrets that belong to hosts of theirs.
pub(super) const RULES: &str = "capabilities.network.allow.rules";
pub(super) const SECRETS: &str = "capabilities.network.allow.secrets";

/// The lists that a policy has; none is in another.
const LISTS: [&str; 4] = [MOUNTS, RULES, SECRETS, "capabilities.network.allow.roots"];

/// The way from the root to a value.
#[derive(Clone, Default)]
pub(super) struct Place(Vec<Step>);

#[derive(Clone)]
enum Step {
    Key(String),
    Index(usize),
}

impl Place {
    /// The last key on the way.
    pub(super) fn key(&self) -> Option<&str> {
        match self.0.last() {
            Some(Step::Key(key)) => Some(key),
            Some(Step::Index(_)) | None => None,
        }
    }

    /// Takes out what is here, or at the deepest part of the way that is there, and gives back the way to that. None when
    /// that is the root.
    pub(super) fn take_out_of(&self, tree: &mut Value) -> Option<Self> {
        let mut here = &*tree;
        let mut taken = Self::default();
        for step in &self.0 {
            let Some(inner) = step.inside(here) else { break };
            here = inner;
            taken.0.push(step.clone());
        }
        let (last, way) = taken.0.split_last()?;
        match (last, way.iter().try_fold(tree, |here, step| step.inside_mut(here))?) {
            (Step::Key(key), Value::Object(fields)) => drop(fields.remove(key)),
            (Step::Index(index), Value::Array(items)) => drop(items.remove(*index)),
            _ => return None,
        }
        Some(taken)
    }

    /// The way to the list that this place is in, when that is none of the lists that there may be.
    pub(super) fn stray_list(&self) -> Option<Self> {
        let indices = self.0.iter().enumerate().filter(|(_, step)| matches!(step, Step::Index(_)));
        let mut lists = indices.filter_map(|(depth, _)| self.0.get(..depth)).map(|way| Self(way.to_vec()));
        lists.find(|list| !list.is_list())
    }

    /// The first list in `tree` that is none of those that there may be.
    pub(super) fn of_stray_list(tree: &Value) -> Option<Self> {
        Self::default().stray_list_below(tree)
    }

    fn stray_list_below(&self, here: &Value) -> Option<Self> {
        match here {
            Value::Object(fields) => {
                fields.iter().find_map(|(key, value)| self.then(Step::Key(key.clone())).stray_list_below(value))
            }
            Value::Array(items) if self.is_list() => {
                items.iter().enumerate().find_map(|(index, item)| self.then(Step::Index(index)).stray_list_below(item))
            }
            Value::Array(_) => Some(self.clone()),
            _ => None,
        }
    }

    fn is_list(&self) -> bool {
        LISTS.contains(&self.to_string().as_str())
    }

    /// Whether this is the whole.
    pub(super) fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether this is an item of a list as a whole.
    pub(super) fn is_item(&self) -> bool {
        matches!(self.0.last(), Some(Step::Index(_)))
    }

    /// The list that this is in, and the number of the item that it is or is in.
    pub(super) fn item_mut(&mut self) -> Option<(String, &mut usize)> {
        let depth = self.0.iter().position(|step| matches!(step, Step::Index(_)))?;
        let list = Self(self.0.get(..depth)?.to_vec()).to_string();
        match self.0.get_mut(depth) {
            Some(Step::Index(index)) => Some((list, index)),
            _ => None,
        }
    }

    fn then(&self, step: Step) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }
}

impl Step {
    fn inside<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        match self {
            Self::Key(key) => value.get(key),
            Self::Index(index) => value.get(index),
        }
    }

    fn inside_mut<'a>(&self, value: &'a mut Value) -> Option<&'a mut Value> {
        match self {
            Self::Key(key) => value.get_mut(key),
            Self::Index(index) => value.get_mut(index),
        }
    }
}

impl From<&serde_path_to_error::Path> for Place {
    fn from(path: &serde_path_to_error::Path) -> Self {
        let step = |segment: &Segment| match segment {
            Segment::Map { key } => Some(Step::Key(key.clone())),
            Segment::Enum { variant } => Some(Step::Key(variant.clone())),
            Segment::Seq { index } => Some(Step::Index(*index)),
            Segment::Unknown => None,
        };
        Self(path.iter().map_while(step).collect())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (depth, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if depth == 0 => write!(f, "{}", Plain::line(key))?,
                Step::Key(key) => write!(f, ".{}", Plain::line(key))?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
