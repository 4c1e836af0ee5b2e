//! Policies and manifests as text, TOML or JSON: what is wrong with one is said all at once, each mistake with its field, its line where
//! that is known, and what was probably meant.

mod explain;
mod lines;
mod place;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use toml::de::DeTable;

use self::{
    lines::{Lines, Starts},
    place::{MOUNTS, Place, RULES, SECRETS},
};
use crate::{
    config::InstanceConfig,
    error::{ConfigProblem, SandboxError},
    manifest::Manifest,
};

/// More mistakes than these help nobody, and each costs another look at the text.
const MAX_PROBLEMS: usize = 50;

/// What serde would say of a list where a table belongs.
const STRAY_LIST: &str = "invalid type: sequence, expected a map";

impl InstanceConfig {
    /// Reads a policy from TOML.
    ///
    /// # Errors
    /// [`SandboxError::Configuration`] with everything that is not a known field of the right type, and with every mistake
    /// that [`validate`](Self::validate) finds, each with its line.
    pub fn from_toml(text: &str) -> Result<Self, SandboxError> {
        from_toml(text)
    }

    /// Reads a policy from JSON.
    ///
    /// # Errors
    /// Those of [`from_toml`](Self::from_toml).
    pub fn from_json(text: &str) -> Result<Self, SandboxError> {
        let problem = |problem: ConfigProblem, error: &serde_json::Error| {
            let problem = ConfigProblem { line: Some(error.line()), ..problem };
            SandboxError::Configuration { problems: vec![problem] }
        };
        let tree = serde_json::from_str(text)
            .map_err(|error| problem(ConfigProblem::new("", explain::without_place(&error.to_string())), &error))?;
        let config = Document::new(tree, Lines::of_json(text)).read()?;
        // The tree has forgotten that a key came twice.
        let mut reader = serde_json::Deserializer::from_str(text);
        match serde_path_to_error::deserialize::<_, Self>(&mut reader) {
            Ok(_) => Ok(config),
            Err(error) => {
                let (place, error) = (error.path().into(), error.inner());
                let message = error.to_string();
                Err(problem(explain::mistake(&place, explain::without_place(&message)), error))
            }
        }
    }

    /// This policy as TOML, every field written out; [`from_toml`](Self::from_toml) reads it back.
    ///
    /// # Errors
    /// [`SandboxError::Configuration`] when a path of the host is not UTF-8, which text cannot carry.
    pub fn to_toml(&self) -> Result<String, SandboxError> {
        self.check_paths_are_text()?;
        toml::to_string_pretty(self).map_err(|error| SandboxError::internal("writing a policy", error))
    }

    /// This policy as JSON, every field written out; [`from_json`](Self::from_json) reads it back.
    ///
    /// # Errors
    /// Those of [`to_toml`](Self::to_toml).
    pub fn to_json(&self) -> Result<String, SandboxError> {
        self.check_paths_are_text()?;
        serde_json::to_string_pretty(self).map_err(|error| SandboxError::internal("writing a policy", error))
    }

    fn check_paths_are_text(&self) -> Result<(), SandboxError> {
        let mut problems = Vec::new();
        for (index, mount) in self.capabilities.filesystem.mounts.iter().enumerate() {
            if let Some((name, path)) = mount.host_path()
                && path.to_str().is_none()
            {
                let message = format!("`{}` is not UTF-8, and a policy in text can be nothing else", path.display());
                problems.push(ConfigProblem::new(format!("{MOUNTS}[{index}].{name}"), message));
            }
        }
        for (index, path) in self.capabilities.network.grants().iter().flat_map(|grants| &grants.roots).enumerate() {
            if path.to_str().is_none() {
                let message = format!("`{}` is not UTF-8, and a policy in text can be nothing else", path.display());
                problems.push(ConfigProblem::new(format!("capabilities.network.allow.roots[{index}]"), message));
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(SandboxError::Configuration { problems }) }
    }
}

/// What is written as text.
trait Written: DeserializeOwned {
    /// What is wrong with it though it could be read.
    fn mistakes(&self) -> Vec<ConfigProblem>;
}

impl Written for InstanceConfig {
    fn mistakes(&self) -> Vec<ConfigProblem> {
        self.validate()
    }
}

impl Written for Manifest {
    fn mistakes(&self) -> Vec<ConfigProblem> {
        self.validate()
    }
}

impl Manifest {
    /// Reads a manifest.
    ///
    /// # Errors
    /// Those of [`InstanceConfig::from_toml`].
    pub fn from_toml(text: &str) -> Result<Self, SandboxError> {
        from_toml(text)
    }
}

fn from_toml<T: Written>(text: &str) -> Result<T, SandboxError> {
    let (document, errors) = DeTable::parse_recoverable(text);
    let starts = Starts::of(text);
    let syntax = |error: &toml::de::Error| {
        let problem = ConfigProblem::new("", error.message());
        ConfigProblem { line: error.span().map(|span| starts.line(span.start)), ..problem }
    };
    let mut problems: Vec<ConfigProblem> = errors.iter().take(MAX_PROBLEMS).map(syntax).collect();
    if problems.is_empty() {
        let lines = Lines::of_toml(document.get_ref(), &starts);
        match Value::deserialize(toml::de::Deserializer::from(document)) {
            Ok(tree) => return Document::new(tree, lines).read(),
            Err(error) => problems.push(syntax(&error)),
        }
    }
    Err(SandboxError::Configuration { problems })
}

/// A policy or manifest that is being read. Serde stops at the first mistake; here each one is noted and taken out, and what
/// is left is read again.
struct Document {
    tree: Value,
    lines: Lines,
    problems: Vec<ConfigProblem>,
    /// Items that are taken out of lists, by their number in the text.
    dropped: BTreeMap<String, BTreeSet<usize>>,
}

impl Document {
    fn new(tree: Value, lines: Lines) -> Self {
        Self { tree, lines, problems: Vec::new(), dropped: BTreeMap::new() }
    }

    fn read<T: Written>(mut self) -> Result<T, SandboxError> {
        let config: Option<T> = self.readable_part();
        if let Some(config) = &config {
            self.validate(config);
        }
        match config {
            Some(config) if self.problems.is_empty() => Ok(config),
            _ => Err(SandboxError::Configuration { problems: self.problems }),
        }
    }

    /// What is left without what cannot be read; none when that is everything, or too much.
    fn readable_part<T: Written>(&mut self) -> Option<T> {
        while self.problems.len() < MAX_PROBLEMS {
            let (place, message) = match serde_path_to_error::deserialize(&self.tree) {
                // Serde takes a list for a struct's fields in their order, which no policy means.
                Ok(config) => match Place::of_stray_list(&self.tree) {
                    None => return Some(config),
                    Some(place) => (place, STRAY_LIST.to_owned()),
                },
                Err(error) => match Place::from(error.path()).stray_list() {
                    None => (error.path().into(), error.inner().to_string()),
                    Some(place) => (place, STRAY_LIST.to_owned()),
                },
            };
            // What the whole lacks now was taken out before, and said.
            if place.is_root() && !self.problems.is_empty() {
                return None;
            }
            let taken = place.take_out_of(&mut self.tree);
            let named = self.as_in_the_text(taken.as_ref().unwrap_or(&place));
            self.note(explain::mistake(&named, &message));
            taken?;
        }
        None
    }

    /// The place by the numbers that items have in the text; an item that is the place itself is from now on missing.
    fn as_in_the_text(&mut self, place: &Place) -> Place {
        let mut named = place.clone();
        if let Some((list, number)) = named.item_mut() {
            let dropped = self.dropped.entry(list).or_default();
            let mut left = (0..).filter(|number| !dropped.contains(number));
            *number = left.nth(*number).unwrap_or(*number);
            if place.is_item() {
                dropped.insert(*number);
            }
        }
        named
    }

    fn validate(&mut self, config: &impl Written) {
        for problem in config.mistakes() {
            if !self.follows_from_dropped(&problem.field) {
                self.note(problem);
            }
        }
    }

    /// Whether something is said of a field only because items are taken out: the others of their list are no longer at their
    /// numbers, and secrets belong to rules.
    fn follows_from_dropped(&self, field: &str) -> bool {
        let taken = |list: &str| self.dropped.get(list).is_some_and(|dropped| !dropped.is_empty());
        let of_its_list = self.dropped.keys().any(|list| taken(list) && field.starts_with(list.as_str()));
        of_its_list || (taken(RULES) && field.starts_with(SECRETS))
    }

    /// Keeps a problem, unless it only follows from one that is known.
    fn note(&mut self, problem: ConfigProblem) {
        let follows = |known: &ConfigProblem| {
            let rest = known.field.strip_prefix(&problem.field);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        if !self.problems.iter().any(follows) {
            let line = problem.line.or_else(|| self.lines.of_field(&problem.field));
            self.problems.push(ConfigProblem { line, ..problem });
        }
    }
}
