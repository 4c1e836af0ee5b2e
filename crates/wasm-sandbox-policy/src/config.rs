//! The whole configuration of one sandbox, as data.

use std::{path::PathBuf, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    capability::{Capabilities, ClockPolicy, MountAccess, MountConfig, RandomPolicy},
    error::{ConfigProblem, SandboxError},
    limits::{FuelLimit, ResourceLimits},
    units::ByteSize,
};

/// What a sandbox may touch and how much it may use. The default grants nothing and bounds everything.
///
/// ```
/// use wasm_sandbox_policy::{ByteUnits, InstanceConfig, TimeUnits};
///
/// let built = InstanceConfig::builder()
///     .filesystem_read("/srv/data", "/data")
///     .memory_limit(32.mb())
///     .timeout(5.seconds())
///     .build()?;
/// let read = InstanceConfig::from_toml(
///     r#"
///         [limits]
///         memory = "32MB"
///         timeout = "5s"
///         [[capabilities.filesystem.mounts]]
///         kind = "host"
///         guest = "/data"
///         host = "/srv/data"
///     "#,
/// )?;
/// assert_eq!(built, read);
/// # Ok::<(), wasm_sandbox_policy::SandboxError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct InstanceConfig {
    /// What it may touch.
    pub capabilities: Capabilities,
    /// How much it may use.
    pub limits: ResourceLimits,
}

impl InstanceConfig {
    /// A builder that starts from the closed default.
    pub fn builder() -> InstanceConfigBuilder {
        InstanceConfigBuilder::default()
    }
}

/// Builds an [`InstanceConfig`]; everything is checked in [`build`](Self::build).
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct InstanceConfigBuilder {
    config: InstanceConfig,
    /// Mounts that are none, and so are not in the configuration.
    problems: Vec<ConfigProblem>,
}

impl InstanceConfigBuilder {
    /// A builder that starts from `config`.
    pub fn from_config(config: InstanceConfig) -> Self {
        Self { config, problems: Vec::new() }
    }

    /// Wall time for one run or call, sleeps and host calls included. Default 30s. Compiling is not in it.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.config.limits.timeout = timeout;
        self
    }

    /// Processor time for one run or call. Default 30s. Compiling is not in it.
    pub fn cpu_time(mut self, cpu_time: Duration) -> Self {
        self.config.limits.cpu_time = cpu_time;
        self
    }

    /// Linear memory, summed over all memories, and files in memory. Default 256MB. The guest's stack and captured output have
    /// limits of their own.
    pub fn memory_limit(mut self, memory: ByteSize) -> Self {
        self.config.limits.memory = memory;
        self
    }

    /// Counted instructions. Default: not counted, since counting costs about a quarter of the speed.
    pub fn fuel(mut self, units: u64) -> Self {
        self.config.limits.fuel = FuelLimit::Units(units);
        self
    }

    /// Bytes of stdout and stderr together, captured or not. Default 10MB.
    pub fn output_limit(mut self, output: ByteSize) -> Self {
        self.config.limits.output = output;
        self
    }

    /// Bytes added to all writable mounts together, those in memory included. Default 100MB.
    pub fn disk_limit(mut self, disk: ByteSize) -> Self {
        self.config.limits.disk = disk;
        self
    }

    /// All limits at once.
    pub fn limits(mut self, limits: ResourceLimits) -> Self {
        self.config.limits = limits;
        self
    }

    /// A host directory that the guest may read, at the guest path `guest`, which is absolute and neither inside another
    /// mount's nor around one. A relative `host` counts from the process's current directory.
    pub fn filesystem_read(self, host: impl Into<PathBuf>, guest: &str) -> Self {
        let host = host.into();
        self.mount(guest, |guest| MountConfig::Host { guest, host, access: MountAccess::Read })
    }

    /// A host directory that the guest may read and write, at the guest path `guest`.
    pub fn filesystem_write(self, host: impl Into<PathBuf>, guest: &str) -> Self {
        let host = host.into();
        self.mount(guest, |guest| MountConfig::Host { guest, host, access: MountAccess::Write })
    }

    /// A host directory whose changes stay in memory, at the guest path `guest`.
    pub fn filesystem_overlay(self, host: impl Into<PathBuf>, guest: &str) -> Self {
        let host = host.into();
        self.mount(guest, |guest| MountConfig::Overlay { guest, host })
    }

    /// An empty tree in memory, at the guest path `guest`.
    pub fn filesystem_memory(self, guest: &str) -> Self {
        self.mount(guest, |guest| MountConfig::Memory { guest })
    }

    /// The files of a zip archive, read-only, at the guest path `guest`.
    pub fn filesystem_zip(self, archive: impl Into<PathBuf>, guest: &str) -> Self {
        let archive = archive.into();
        self.mount(guest, |guest| MountConfig::Zip { guest, archive })
    }

    /// No network at all, which is the default; said aloud.
    pub fn network_deny_all(mut self) -> Self {
        self.config.capabilities.network = crate::capability::NetworkPolicy::Deny;
        self
    }

    /// An environment variable; of two with one name the later counts. Default: none, whatever the host has.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.config.capabilities.system.environment.variables.insert(name.into(), value.into());
        self
    }

    /// The time that the guest sees. Default: the host's, rounded down to milliseconds.
    pub fn clock(mut self, clock: ClockPolicy) -> Self {
        self.config.capabilities.system.clock = clock;
        self
    }

    /// The random numbers that the guest gets. Default: secure ones.
    pub fn random(mut self, random: RandomPolicy) -> Self {
        self.config.capabilities.system.random = random;
        self
    }

    /// The configuration.
    ///
    /// # Errors
    /// [`SandboxError::Configuration`] with every mistake at once.
    pub fn build(self) -> Result<InstanceConfig, SandboxError> {
        let mut problems = self.problems;
        let mounts_are_complete = problems.is_empty();
        let found = self.config.validate().into_iter();
        // With a mount missing, the others are not at the numbers that they were given.
        problems.extend(found.filter(|problem| mounts_are_complete || !problem.field.contains(".mounts[")));
        if problems.is_empty() { Ok(self.config) } else { Err(SandboxError::Configuration { problems }) }
    }

    fn mount(mut self, guest: &str, mount: impl FnOnce(crate::GuestPath) -> MountConfig) -> Self {
        let mounts = &mut self.config.capabilities.filesystem.mounts;
        match guest.parse() {
            Ok(guest) => mounts.push(mount(guest)),
            Err(error) => {
                let number = mounts.len() + self.problems.len();
                let field = format!("capabilities.filesystem.mounts[{number}].guest");
                self.problems.push(ConfigProblem::new(field, crate::GuestPathError::to_string(&error)));
            }
        }
        self
    }
}
