//! The manifest of a project's folder: what its guest is, and what that may do.

use std::{
    collections::BTreeMap,
    path::{Component, Path, PathBuf},
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    capability::{Capabilities, MountAccess, MountConfig},
    config::InstanceConfig,
    error::ConfigProblem,
    limits::ResourceLimits,
    plain::Plain,
    version::Version,
};

/// The longest name of a guest.
const MAX_NAME: usize = 64;

const VARIABLES: &str = "capabilities.system.environment.variables";

/// What `wasm-sandbox.toml` says: a policy, and which guest it is for. Every path in it is relative to the folder that it
/// lies in and leads to something inside of that: what else a guest may reach is for whoever runs it to say.
///
/// ```
/// use std::path::Path;
/// use wasm_sandbox_policy::{GuestKind, Manifest};
///
/// let manifest = Manifest::from_toml(
///     r#"
///         [guest]
///         source = "main.py"
///         kind = "cli"
///         [env]
///         LANG = "C"
///         [[capabilities.filesystem.mounts]]
///         kind = "host"
///         guest = "/data"
///         host = "data"
///     "#,
/// )?;
/// assert_eq!(manifest.guest.kind, GuestKind::Cli);
/// let policy = manifest.policy_in(Path::new("/home/me/tool"));
/// assert_eq!(policy.capabilities.system.environment.variables["LANG"], "C");
/// assert!(policy.to_toml()?.contains("/home/me/tool/data"));
/// # Ok::<(), wasm_sandbox_policy::SandboxError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The guest.
    pub guest: ProjectGuest,
    /// Environment variables: the short form of those among the capabilities. None by default.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// What it may touch, as in a policy. Nothing by default.
    #[serde(default)]
    pub capabilities: Capabilities,
    /// How much it may use, as in a policy.
    #[serde(default)]
    pub limits: ResourceLimits,
}

/// The guest of a project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProjectGuest {
    /// Its source: a file of the folder, or a folder with a `Cargo.toml` or a `go.mod`, which may be `.`.
    pub source: PathBuf,
    /// What it is used as.
    pub kind: GuestKind,
    /// What people call it, and its name as an installed tool: up to 64 letters, digits, `-` and `_`, the first no `-`. None by
    /// default.
    #[serde(default)]
    pub name: Option<String>,
    /// Which version it is. None by default.
    #[serde(default)]
    pub version: Option<Version>,
    /// What it is for, in a sentence. None by default.
    #[serde(default)]
    pub description: Option<String>,
}

impl ProjectGuest {
    /// Whether this can be its name, which becomes that of a command and of a folder.
    pub fn is_name(name: &str) -> bool {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        !name.is_empty() && name.len() <= MAX_NAME && name.chars().all(plain) && !name.starts_with('-')
    }
}

/// What a guest is used as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum GuestKind {
    /// Functions to call.
    Library,
    /// A program to run.
    Cli,
    /// A handler of HTTP requests.
    Http,
}

impl GuestKind {
    /// Its name in a manifest.
    pub fn name(self) -> &'static str {
        match self {
            Self::Library => "library",
            Self::Cli => "cli",
            Self::Http => "http",
        }
    }
}

impl Manifest {
    /// What the file is called.
    pub const FILE_NAME: &str = "wasm-sandbox.toml";

    /// The policy, its paths counted from `folder`, in which the manifest lies. Whether links lead out of the folder is for the
    /// caller to find out.
    pub fn policy_in(&self, folder: &Path) -> InstanceConfig {
        self.policy().counted_from(folder)
    }

    /// Every mistake in this manifest; empty when it can be used.
    pub fn validate(&self) -> Vec<ConfigProblem> {
        let of_env = |field: &str| {
            let name = field.strip_prefix(VARIABLES)?.strip_prefix('.')?;
            self.env.keys().any(|key| Plain::line(key).to_string() == name).then(|| format!("env.{name}"))
        };
        let policy = self.policy().validate().into_iter();
        let mut problems: Vec<_> = policy
            .map(|problem| ConfigProblem { field: of_env(&problem.field).unwrap_or(problem.field), ..problem })
            .collect();
        problems.extend(self.variables_set_twice());
        problems.extend(self.paths().filter_map(|(field, path)| outside(field, path)));
        problems.extend(self.guest.name.as_deref().and_then(no_name));
        problems.extend(self.what_changes_the_manifest());
        problems
    }

    /// The paths that it names, each with its field.
    pub fn paths(&self) -> impl Iterator<Item = (String, &Path)> {
        let mounts = self.capabilities.filesystem.mounts.iter().enumerate().filter_map(|(index, mount)| {
            let (name, path) = mount.host_path()?;
            Some((format!("capabilities.filesystem.mounts[{index}].{name}"), path))
        });
        let roots = self.capabilities.network.grants().into_iter().flat_map(|grants| &grants.roots).enumerate();
        let roots = roots.map(|(index, path)| (format!("capabilities.network.allow.roots[{index}]"), path.as_path()));
        std::iter::once(("guest.source".to_owned(), self.guest.source.as_path())).chain(mounts).chain(roots)
    }

    /// The policy as it is written, with the variables of both forms.
    fn policy(&self) -> InstanceConfig {
        let mut policy = InstanceConfig { capabilities: self.capabilities.clone(), limits: self.limits.clone() };
        let variables = self.env.iter().map(|(name, value)| (name.clone(), value.clone()));
        policy.capabilities.system.environment.variables.extend(variables);
        policy
    }

    fn variables_set_twice(&self) -> impl Iterator<Item = ConfigProblem> {
        let variables = &self.capabilities.system.environment.variables;
        self.env.keys().filter(|name| variables.contains_key(*name)).map(|name| {
            ConfigProblem::new(format!("env.{}", Plain::line(name)), "the variable is set twice")
                .suggest(format!("leave it out here, or below `{VARIABLES}`"))
        })
    }

    /// A guest that may write the folder itself could grant itself whatever it likes, for its next run.
    fn what_changes_the_manifest(&self) -> impl Iterator<Item = ConfigProblem> {
        let mounts = self.capabilities.filesystem.mounts.iter().enumerate();
        let writable = mounts.filter_map(|(index, mount)| match mount {
            MountConfig::Host { host, access: MountAccess::Write, .. } => Some((index, host)),
            _ => None,
        });
        let whole = writable.filter(|(_, host)| host.components().all(|part| part == Component::CurDir));
        whole.map(|(index, _)| {
            let message = format!("the guest could write its own policy: `{}` is in this folder", Self::FILE_NAME);
            ConfigProblem::new(format!("capabilities.filesystem.mounts[{index}].host"), message)
                .suggest("grant a folder inside of it, or make it an overlay")
        })
    }
}

fn no_name(name: &str) -> Option<ConfigProblem> {
    let problem = || {
        ConfigProblem::new("guest.name", format!("`{}` is no name for a tool", Plain::line(name).at_most(300)))
            .suggest("use up to 64 letters, digits, `-` and `_`, the first no `-`")
    };
    (!ProjectGuest::is_name(name)).then(problem)
}

fn outside(field: String, path: &Path) -> Option<ConfigProblem> {
    let inside = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if inside && (field != "guest.source" || !path.as_os_str().is_empty()) {
        return None;
    }
    let shown = path.display().to_string();
    Some(match (field.as_str(), shown.as_str()) {
        ("guest.source", "") => ConfigProblem::new(field, "the path is empty").suggest("name a file of this folder"),
        ("guest.source", _) => {
            let message = format!("`{}` is not inside of the manifest's folder", Plain::line(&shown));
            ConfigProblem::new(field, message).suggest("name a file of this folder, without `..`")
        }
        _ => ConfigProblem::new(field, format!("`{}` is not inside of the manifest's folder", Plain::line(&shown)))
            .suggest("grant it by a flag as you run the guest, or by a policy of your own (`--policy FILE`)"),
    })
}
