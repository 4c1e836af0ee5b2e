//! Every mistake in a configuration at once, with the field and what to write instead; advice on what is no mistake; and
//! what a configuration can cost at most.

use std::time::Duration;

use crate::{
    capability::{ClockPolicy, MountAccess, MountConfig, RandomPolicy},
    config::InstanceConfig,
    error::ConfigProblem,
    limits::FuelLimit,
    units::ByteSize,
};

/// The least memory that a guest can do anything with: one page.
const PAGE: ByteSize = ByteSize::kib(64);

/// The most that 32-bit memories can have.
const MAX_MEMORY: ByteSize = ByteSize::gib(4);

/// The most table elements that the engine can hold.
const MAX_TABLE_ELEMENTS: u64 = 1 << 20;

/// The most stack that a guest can be given.
const MAX_STACK: ByteSize = ByteSize::mib(64);

/// The longest that a run may take.
const MAX_TIME: Duration = Duration::from_secs(24 * 3600);

/// Standard streams and the root, which every guest has open.
const ALWAYS_OPEN: usize = 4;

/// Looks a configuration over before it is used.
#[derive(Clone, Copy, Debug)]
pub struct ConfigValidator<'a> {
    config: &'a InstanceConfig,
}

/// A piece of advice on a configuration that can be used as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Improvement {
    /// The field.
    pub field: String,
    /// What is to be said about it.
    pub message: String,
    /// What to write instead.
    pub suggestion: String,
}

/// The most that one sandbox with a configuration can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResourceEstimate {
    /// Memory of the host: the guest's memory, tables and stack, captured output, input, and files kept in memory.
    pub memory: ByteSize,
    /// Bytes added to directories of the host.
    pub disk: ByteSize,
    /// Processor time.
    pub cpu_time: Duration,
    /// Wall time.
    pub wall_time: Duration,
    /// Descriptors of the host, for directories and files of the host that are open.
    pub open_files: u64,
}

impl<'a> ConfigValidator<'a> {
    /// A validator of `config`.
    pub fn new(config: &'a InstanceConfig) -> Self {
        Self { config }
    }

    /// Every mistake; empty when the configuration can be used.
    pub fn validate(&self) -> Vec<ConfigProblem> {
        let mut problems = Problems::default();
        self.check_limits(&mut problems);
        self.check_mounts(&mut problems);
        self.check_system(&mut problems);
        problems.0
    }

    /// Advice on a configuration that can be used: what grants more than most guests need.
    pub fn suggest_improvements(&self) -> Vec<Improvement> {
        let mut all = Vec::new();
        let mut advise = |field: String, message: &str, suggestion: &str| {
            all.push(Improvement { field, message: message.to_owned(), suggestion: suggestion.to_owned() });
        };
        for (index, mount) in self.config.capabilities.filesystem.mounts.iter().enumerate() {
            if let MountConfig::Host { host, access, .. } = mount {
                let field = |name: &str| format!("capabilities.filesystem.mounts[{index}].{name}");
                if *access == MountAccess::Write {
                    let message = "the guest can change and delete what is there";
                    advise(field("access"), message, "use an `overlay` if the changes need not last");
                }
                if host.parent().is_none() {
                    advise(field("host"), "the guest sees the whole file system", "grant the directory that it needs");
                }
            }
        }
        let system = &self.config.capabilities.system;
        if system.clock == ClockPolicy::Real {
            let message = "a fine clock helps attacks that measure time";
            advise("capabilities.system.clock".to_owned(), message, "use `{ coarse = \"1ms\" }`");
        }
        if matches!(system.random, RandomPolicy::Seeded(_)) {
            let message = "every run gets the same numbers, keys among them";
            advise("capabilities.system.random".to_owned(), message, "use `secure` outside of tests");
        }
        for name in system.environment.variables.keys() {
            let secret = ["KEY", "TOKEN", "SECRET", "PASSWORD", "CREDENTIAL"];
            if secret.iter().any(|sign| name.to_uppercase().contains(sign)) {
                let field = format!("capabilities.system.environment.variables.{name}");
                advise(field, "it looks like a secret, and the guest can print it", "keep it out of the guest");
            }
        }
        all
    }

    /// What one sandbox can use at most. Code, and what the engine keeps for itself, is not counted.
    pub fn estimate_resource_usage(&self) -> ResourceEstimate {
        let limits = &self.config.limits;
        let mounts = &self.config.capabilities.filesystem.mounts;
        let in_memory =
            mounts.iter().any(|mount| matches!(mount, MountConfig::Memory { .. } | MountConfig::Overlay { .. }));
        let on_disk = mounts.iter().any(|mount| matches!(mount, MountConfig::Host { access: MountAccess::Write, .. }));
        let disk = limits.disk.as_u64();
        let parts = [
            limits.memory.as_u64(),
            limits.table_elements.saturating_mul(8),
            limits.stack.as_u64(),
            limits.output.as_u64(),
            limits.input.as_u64(),
            if in_memory { disk } else { 0 },
        ];
        ResourceEstimate {
            memory: ByteSize::bytes(parts.iter().fold(0, |sum, part| sum.saturating_add(*part))),
            disk: ByteSize::bytes(if on_disk { disk } else { 0 }),
            cpu_time: limits.cpu_time.min(limits.timeout),
            wall_time: limits.timeout,
            open_files: u64::from(limits.open_files).saturating_add(mounts.len() as u64),
        }
    }

    fn check_limits(&self, problems: &mut Problems) {
        let limits = &self.config.limits;
        problems.size("limits.memory", limits.memory, PAGE, MAX_MEMORY);
        problems.size("limits.stack", limits.stack, PAGE, MAX_STACK);
        problems.time("limits.timeout", limits.timeout);
        problems.time("limits.cpu_time", limits.cpu_time);
        problems.count("limits.instances", limits.instances.into(), u64::MAX);
        problems.count("limits.host_calls", limits.host_calls, u64::MAX);
        if limits.table_elements > MAX_TABLE_ELEMENTS {
            let message = format!("{} is more than the engine can hold", limits.table_elements);
            problems.add("limits.table_elements", message, &format!("at most {MAX_TABLE_ELEMENTS}"));
        }
        if limits.fuel == FuelLimit::Units(0) {
            problems.add("limits.fuel", "with no fuel nothing runs".to_owned(), "leave it out to count nothing");
        }
        let least = ALWAYS_OPEN + self.config.capabilities.filesystem.mounts.len();
        if (limits.open_files as usize) < least {
            let message = format!("{} are fewer than every guest has open from the start", limits.open_files);
            problems.add("limits.open_files", message, &format!("at least {least}"));
        }
    }

    fn check_mounts(&self, problems: &mut Problems) {
        let mounts = &self.config.capabilities.filesystem.mounts;
        for (index, mount) in mounts.iter().enumerate() {
            let field = |name: &str| format!("capabilities.filesystem.mounts[{index}].{name}");
            if mounts.iter().take(index).any(|earlier| earlier.guest() == mount.guest()) {
                let message = format!("another mount is at `{}` already", mount.guest());
                problems.add(&field("guest"), message, "give each mount a path of its own");
            }
            let (name, path) = match mount {
                MountConfig::Host { host, .. } | MountConfig::Overlay { host, .. } => ("host", host),
                MountConfig::Zip { archive, .. } => ("archive", archive),
                MountConfig::Memory { .. } => continue,
            };
            if path.as_os_str().is_empty() {
                problems.add(
                    &field(name),
                    "the path is empty".to_owned(),
                    "name a directory or an archive of the host",
                );
            }
        }
    }

    fn check_system(&self, problems: &mut Problems) {
        let system = &self.config.capabilities.system;
        for (name, value) in &system.environment.variables {
            let field = format!("capabilities.system.environment.variables.{}", name.escape_debug());
            if name.is_empty() || name.contains(['=', '\0']) {
                problems.add(&field, "the name is empty or holds `=` or a zero byte".to_owned(), "use another name");
            }
            if value.contains('\0') {
                problems.add(&field, "the value holds a zero byte".to_owned(), "take it out");
            }
        }
        if let ClockPolicy::Coarse(step) = system.clock
            && (step.is_zero() || step > Duration::from_secs(1))
        {
            let message = format!("a step of {} is none, or longer than a second", humantime::format_duration(step));
            problems.add("capabilities.system.clock", message, "use `{ coarse = \"1ms\" }`, or `real`");
        }
    }
}

impl InstanceConfig {
    /// Every mistake in this configuration; empty when it can be used.
    pub fn validate(&self) -> Vec<ConfigProblem> {
        ConfigValidator::new(self).validate()
    }
}

#[derive(Default)]
struct Problems(Vec<ConfigProblem>);

impl Problems {
    fn add(&mut self, field: &str, message: String, suggestion: &str) {
        self.0.push(ConfigProblem { field: field.to_owned(), message, suggestion: Some(suggestion.to_owned()) });
    }

    fn size(&mut self, field: &str, size: ByteSize, least: ByteSize, most: ByteSize) {
        if size < least || size > most {
            self.add(field, format!("{size} is out of range"), &format!("from {least} to {most}"));
        }
    }

    fn time(&mut self, field: &str, time: Duration) {
        if time.is_zero() || time > MAX_TIME {
            self.add(
                field,
                format!("{} is out of range", humantime::format_duration(time)),
                "more than nothing, at most a day",
            );
        }
    }

    fn count(&mut self, field: &str, count: u64, most: u64) {
        if count == 0 || count > most {
            self.add(field, format!("{count} is out of range"), "at least 1");
        }
    }
}
