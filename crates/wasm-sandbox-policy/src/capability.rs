//! What a guest may touch. Everything is closed until it is granted.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::{network::NetworkPolicy, plain::Plain, units::duration_text};

mod fields;

/// What a guest may touch. The default grants no file, no network, no environment variable, no thread and no process; it
/// grants a clock of one millisecond's resolution and secure randomness.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Capabilities {
    /// Files and directories.
    pub filesystem: FilesystemPolicy,
    /// The network.
    pub network: NetworkPolicy,
    /// Environment, clock, randomness, threads and processes.
    pub system: SystemPolicy,
}

/// The longer name of [`Capabilities`].
pub type AdvancedCapabilities = Capabilities;

/// The file trees that a guest sees.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct FilesystemPolicy {
    /// The trees, each at a guest path of its own, none inside another's. None by default.
    pub mounts: Vec<MountConfig>,
}

/// A file tree and the guest path where it is mounted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum MountConfig {
    /// A directory of the host.
    Host {
        /// Where the guest sees it.
        guest: GuestPath,
        /// The directory on the host.
        host: PathBuf,
        /// Reading only, or writing too. Default `read`.
        #[serde(default)]
        access: MountAccess,
    },
    /// An empty tree in memory, gone with the sandbox. What it holds counts against `limits.disk`.
    Memory {
        /// Where the guest sees it.
        guest: GuestPath,
    },
    /// A directory of the host that the guest may change in its own view only: changes stay in memory, count against
    /// `limits.disk` and are listed in the result.
    Overlay {
        /// Where the guest sees it.
        guest: GuestPath,
        /// The directory on the host, never written.
        host: PathBuf,
    },
    /// The files of a zip archive, read-only.
    Zip {
        /// Where the guest sees them.
        guest: GuestPath,
        /// The archive on the host.
        archive: PathBuf,
    },
}

impl MountConfig {
    /// Where the guest sees the tree.
    pub fn guest(&self) -> &GuestPath {
        match self {
            Self::Host { guest, .. }
            | Self::Memory { guest }
            | Self::Overlay { guest, .. }
            | Self::Zip { guest, .. } => guest,
        }
    }

    /// The field that names a path of the host, and the path.
    pub(crate) fn host_path(&self) -> Option<(&'static str, &Path)> {
        match self {
            Self::Host { host, .. } | Self::Overlay { host, .. } => Some(("host", host)),
            Self::Zip { archive, .. } => Some(("archive", archive)),
            Self::Memory { .. } => None,
        }
    }

    /// The writable folder of the host in which a path lies, if it does and is not the folder itself.
    pub(crate) fn may_move(&self, path: &Path) -> Option<&Path> {
        match self {
            Self::Host { host, access: MountAccess::Write, .. } if path.starts_with(host) && path != host => Some(host),
            _ => None,
        }
    }

    /// The path of the host, to change it.
    pub(crate) fn host_path_mut(&mut self) -> Option<&mut PathBuf> {
        match self {
            Self::Host { host, .. } | Self::Overlay { host, .. } => Some(host),
            Self::Zip { archive, .. } => Some(archive),
            Self::Memory { .. } => None,
        }
    }
}

/// Whether a host directory may be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MountAccess {
    // Exhaustive on purpose: a third kind of access would have to be decided everywhere.
    /// Reading and listing.
    #[default]
    Read,
    /// Reading, writing, creating, renaming and deleting.
    Write,
}

/// An absolute, normalised path as the guest sees it: `/data`. It has no `.`, no `..`, no empty part, no zero byte and,
/// except for the root, no slash at its end; text with a `.`, an empty part or a slash at its end is read without them.
///
/// ```
/// use wasm_sandbox_policy::GuestPath;
///
/// assert_eq!("/data/./in/".parse::<GuestPath>()?.as_str(), "/data/in");
/// assert!("data".parse::<GuestPath>().is_err() && "/data/..".parse::<GuestPath>().is_err());
/// # Ok::<(), wasm_sandbox_policy::GuestPathError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct GuestPath(String);

impl GuestPath {
    /// The path, beginning with a slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether `other` is below this path.
    pub(crate) fn contains(&self, other: &Self) -> bool {
        let below = other.0.strip_prefix(self.0.trim_end_matches('/'));
        self != other && below.is_some_and(|rest| rest.starts_with('/'))
    }
}

impl fmt::Display for GuestPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Text that is not a guest path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a guest path: it must {rule}")]
pub struct GuestPathError {
    text: String,
    rule: &'static str,
}

impl FromStr for GuestPath {
    type Err = GuestPathError;

    fn from_str(text: &str) -> Result<Self, GuestPathError> {
        let must = |rule| Err(GuestPathError { text: Plain::line(text).to_string(), rule });
        let parts: Vec<&str> = text.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        if !text.starts_with('/') {
            return must("be absolute, such as `/data`");
        }
        if text.contains('\0') {
            return must("hold no zero byte");
        }
        if parts.contains(&"..") {
            return must("not go up with `..`");
        }
        Ok(Self(format!("/{}", parts.join("/"))))
    }
}

impl<'de> Deserialize<'de> for GuestPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<str>::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for GuestPath {
    fn schema_name() -> Cow<'static, str> {
        "GuestPath".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "an absolute path as the guest sees it", "pattern": "^/", "examples": ["/data"] })
    }
}

/// Environment, clock, randomness, threads and processes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SystemPolicy {
    /// Environment variables.
    pub environment: EnvironmentPolicy,
    /// The time that a guest sees.
    pub clock: ClockPolicy,
    /// The random numbers that a guest gets.
    pub random: RandomPolicy,
    /// Threads.
    pub threads: ThreadPolicy,
    /// Processes of the host.
    pub processes: ProcessPolicy,
}

/// The environment variables that a guest sees.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct EnvironmentPolicy {
    /// Names and values. Empty by default; nothing is taken from the host's own environment.
    #[serde(deserialize_with = "fields::unique")]
    pub variables: BTreeMap<String, String>,
}

/// The time that a guest sees, on every clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum ClockPolicy {
    /// The host's time, to the nanosecond. A fine clock helps attacks that measure time.
    Real,
    /// The host's time, rounded down to a multiple of this. The default, with one millisecond.
    #[schemars(with = "String")]
    Coarse(#[serde(with = "duration_text")] Duration),
    /// A time that stands still: this many nanoseconds since 1970-01-01 on the wall clock, one on the monotonic one.
    /// A sleep returns at once.
    Frozen {
        /// Nanoseconds since 1970-01-01.
        unix_ns: u64,
    },
}

impl Default for ClockPolicy {
    fn default() -> Self {
        Self::Coarse(Duration::from_millis(1))
    }
}

/// The random numbers that a guest gets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RandomPolicy {
    /// From the operating system's generator. The default.
    #[default]
    Secure,
    /// The same numbers in every run with the same seed; fit for tests, not for keys.
    Seeded(u64),
}

/// Whether a guest may start threads. No engine here can bound them, so they cannot be granted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ThreadPolicy {
    /// No threads and no shared memory.
    #[default]
    Deny,
}

/// Whether a guest may start processes of the host. It never may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ProcessPolicy {
    /// No processes.
    #[default]
    Deny,
}
