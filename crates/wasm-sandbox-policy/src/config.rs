//! The whole configuration of one sandbox, as data.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    capability::{Capabilities, ClockPolicy, MountAccess, MountConfig, RandomPolicy},
    error::{ConfigProblem, SandboxError},
    limits::{FuelLimit, ResourceLimits},
    network::{HeaderSecret, NetworkGrants, NetworkPolicy, NetworkRule},
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

    /// The same policy, every relative path of the host in it counted from `folder`.
    #[must_use]
    pub fn counted_from(self, folder: &Path) -> Self {
        self.with_host_paths(|path| folder.join(path))
    }

    /// With other paths of the host: of mounts, and of files with certificates.
    pub fn with_host_paths(mut self, change: impl Fn(&Path) -> PathBuf) -> Self {
        for mount in &mut self.capabilities.filesystem.mounts {
            if let Some(path) = mount.host_path_mut() {
                *path = change(path);
            }
        }
        if let NetworkPolicy::Allow(grants) = &mut self.capabilities.network {
            grants.roots.iter_mut().for_each(|root| *root = change(root));
        }
        self
    }
}

const RULES: &str = "capabilities.network.allow.rules";

/// Builds an [`InstanceConfig`]; everything is checked in [`build`](Self::build).
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct InstanceConfigBuilder {
    config: InstanceConfig,
    /// Mounts and rules that are none, and so are not in the configuration.
    problems: Vec<ConfigProblem>,
    mounts_missing: usize,
    rules_missing: usize,
}

impl InstanceConfigBuilder {
    /// A builder that starts from `config`.
    pub fn from_config(config: InstanceConfig) -> Self {
        Self { config, ..Self::default() }
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
        self.config.capabilities.network = NetworkPolicy::Deny;
        self
    }

    /// Lets the guest connect to what a rule names, such as `example.com:443`, `*.example.com`, `192.0.2.0/24:8000-8080` or
    /// `udp://192.0.2.7:53`; see [`NetworkRule`]. Names open public addresses only. Default: nothing.
    pub fn network_allow(mut self, rule: &str) -> Self {
        let number = self.grants().rules.len() + self.rules_missing;
        match rule.parse::<NetworkRule>() {
            Ok(rule) => self.grants().rules.push(rule),
            Err(error) => {
                self.rules_missing += 1;
                self.problem(format!("{RULES}[{number}]"), &error);
            }
        }
        self
    }

    /// Adds a header to every request to one host and port, such as `api.example.com:443`, over TLS; the guest never sees it. The
    /// host must be granted as well. Default: none.
    pub fn network_secret(mut self, host: &str, header: &str, value: &str) -> Self {
        let header = header.to_owned();
        match host.parse() {
            Ok(host) => {
                self.grants().secrets.push(HeaderSecret { host, header, value: value.into(), unencrypted: false });
            }
            Err(error) => {
                let error: crate::network::NetworkRuleError = error;
                self.problem("capabilities.network.allow.secrets".to_owned(), &error);
            }
        }
        self
    }

    /// All that is granted of the network at once: rules, amounts, times, secrets and roots.
    pub fn network(mut self, network: NetworkPolicy) -> Self {
        self.config.capabilities.network = network;
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
        // With a mount or rule missing, the others are not at the numbers that they were given, and what needs it has no fault.
        let follows = |problem: &ConfigProblem| {
            (self.mounts_missing > 0 && problem.field.contains(".mounts["))
                || (self.rules_missing > 0 && problem.field.starts_with("capabilities.network.allow"))
        };
        problems.extend(self.config.validate().into_iter().filter(|problem| !follows(problem)));
        if problems.is_empty() { Ok(self.config) } else { Err(SandboxError::Configuration { problems }) }
    }

    fn mount(mut self, guest: &str, mount: impl FnOnce(crate::GuestPath) -> MountConfig) -> Self {
        let mounts = &mut self.config.capabilities.filesystem.mounts;
        match guest.parse() {
            Ok(guest) => mounts.push(mount(guest)),
            Err(error) => {
                let number = mounts.len() + self.mounts_missing;
                self.mounts_missing += 1;
                let error: crate::GuestPathError = error;
                self.problem(format!("capabilities.filesystem.mounts[{number}].guest"), &error);
            }
        }
        self
    }

    fn grants(&mut self) -> &mut NetworkGrants {
        self.config.capabilities.network.grants_mut()
    }

    fn problem(&mut self, field: String, error: &impl fmt::Display) {
        self.problems.push(ConfigProblem::new(field, error.to_string()));
    }
}
