//! Every mistake in a configuration at once, with the field and what to write instead; and what a configuration can cost at
//! most. Nothing here looks at the machine: that a directory is there is found out when it is opened.

mod network;

use std::{path::Path, time::Duration};

use crate::{
    capability::{ClockPolicy, GuestPath, MountAccess, MountConfig},
    config::InstanceConfig,
    error::ConfigProblem,
    limits::FuelLimit,
    plain::Plain,
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

/// The most input: more than a 32-bit memory can take in.
const MAX_INPUT: ByteSize = ByteSize::gib(4);

/// The most files that one process of Linux can have open at all, as it is set up.
const MAX_OPEN_FILES: u32 = 1 << 20;

/// The most mounts; more belong into fewer directories. Each is looked at beside every other.
const MAX_MOUNTS: usize = 1000;

/// The longest that a run may take.
const MAX_TIME: Duration = Duration::from_secs(24 * 3600);

/// What the host holds for a connection at most: what was received and not read, and what is to be sent; each, and as the
/// encryption has it.
const CONNECTION: ByteSize = ByteSize::mib(1);

/// Standard streams and the root, which every guest has open.
const ALWAYS_OPEN: u32 = 4;

/// Looks a configuration over before it is used.
///
/// ```
/// use wasm_sandbox_policy::{ByteUnits, ConfigValidator, InstanceConfig};
///
/// let mut config = InstanceConfig::default();
/// config.limits.memory = 1.kb();
/// config.limits.open_files = 0;
/// let problems = ConfigValidator::new(&config).validate();
/// assert_eq!(problems.len(), 2);
/// assert_eq!(problems[0].to_string(), "limits.memory: 1KB is out of range; from 64KB to 4GB");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ConfigValidator<'a> {
    pub(crate) config: &'a InstanceConfig,
}

/// The most that one sandbox with a configuration can use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResourceEstimate {
    /// Memory of the host: the guest's memory with its files in memory, tables and stack, captured output and input, and what
    /// connections hold.
    pub memory: ByteSize,
    /// Bytes added to directories of the host.
    pub disk: ByteSize,
    /// Processor time.
    pub cpu_time: Duration,
    /// Wall time.
    pub wall_time: Duration,
    /// Descriptors of the host, for directories and files of the host that are open, and for connections.
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
        self.check_network(&mut problems);
        self.check_system(&mut problems);
        problems.0
    }

    /// What one sandbox can use at most. Code, and what the engine keeps for itself, is not counted.
    pub fn estimate_resource_usage(&self) -> ResourceEstimate {
        let limits = &self.config.limits;
        let mounts = &self.config.capabilities.filesystem.mounts;
        let on_disk = mounts.iter().any(|mount| matches!(mount, MountConfig::Host { access: MountAccess::Write, .. }));
        let disk = limits.disk.as_u64();
        let connections = self.config.capabilities.network.grants().map_or(0, |grants| grants.connections).into();
        let parts = [
            limits.memory.as_u64(),
            limits.table_elements.saturating_mul(8),
            limits.stack.as_u64(),
            limits.output.as_u64(),
            limits.input.as_u64(),
            CONNECTION.as_u64().saturating_mul(connections),
        ];
        ResourceEstimate {
            memory: ByteSize::bytes(parts.iter().fold(0, |sum, part| sum.saturating_add(*part))),
            disk: ByteSize::bytes(if on_disk { disk } else { 0 }),
            cpu_time: limits.cpu_time.min(limits.timeout),
            wall_time: limits.timeout,
            open_files: u64::from(limits.open_files).saturating_add(mounts.len() as u64).saturating_add(connections),
        }
    }

    fn check_limits(&self, problems: &mut Problems) {
        let limits = &self.config.limits;
        problems.size("limits.memory", limits.memory, PAGE, MAX_MEMORY);
        problems.size("limits.stack", limits.stack, PAGE, MAX_STACK);
        problems.size("limits.input", limits.input, ByteSize::bytes(1), MAX_INPUT);
        problems.time("limits.timeout", limits.timeout);
        problems.time("limits.cpu_time", limits.cpu_time);
        problems.some("limits.instances", limits.instances.into());
        problems.some("limits.host_calls", limits.host_calls);
        if limits.table_elements > MAX_TABLE_ELEMENTS {
            let message = format!("{} is more than the engine can hold", limits.table_elements);
            problems.add("limits.table_elements", message, &format!("at most {MAX_TABLE_ELEMENTS}"));
        }
        if limits.fuel == FuelLimit::Units(0) {
            problems.add("limits.fuel", "with no fuel nothing runs", "write `\"off\"` to count nothing");
        }
        let least = u32::try_from(self.config.capabilities.filesystem.mounts.len()).unwrap_or(u32::MAX);
        let least = least.saturating_add(ALWAYS_OPEN);
        if limits.open_files < least {
            let message = format!("{} are fewer than this guest has open from the start", limits.open_files);
            problems.add("limits.open_files", message, &format!("at least {least}"));
        }
        if limits.open_files > MAX_OPEN_FILES {
            let message = format!("{} are more than a process can have", limits.open_files);
            problems.add("limits.open_files", message, &format!("at most {MAX_OPEN_FILES}"));
        }
    }

    fn check_mounts(&self, problems: &mut Problems) {
        let mounts = &self.config.capabilities.filesystem.mounts;
        if mounts.len() > MAX_MOUNTS {
            let message = format!("{} mounts are too many", mounts.len());
            return problems.add("capabilities.filesystem.mounts", message, &format!("at most {MAX_MOUNTS}"));
        }
        for (index, mount) in mounts.iter().enumerate() {
            let field = |name: &str| format!("capabilities.filesystem.mounts[{index}].{name}");
            let mut earlier = mounts.iter().take(index).map(MountConfig::guest);
            if let Some((message, suggestion)) = earlier.find_map(|guest| overlap(guest, mount.guest())) {
                problems.add(field("guest"), message, &suggestion);
            }
            match mount.host_path() {
                Some((name, path)) => {
                    problems.path(field(name), path);
                    if let Some(outer) = mounts.iter().find_map(|outer| outer.may_move(path)) {
                        let (path, outer) = (path.display().to_string(), outer.display().to_string());
                        let (path, outer) = (Plain::line(&path), Plain::line(&outer));
                        let message = format!(
                            "`{path}` lies in `{outer}`, which the guest may write: it could put something else there"
                        );
                        problems.add(field(name), message, "grant folders that do not lie in each other");
                    }
                }
                None => self.check_memory_mount(field("kind"), problems),
            }
        }
    }

    /// A grant that does nothing is a mistake.
    fn check_memory_mount(&self, field: String, problems: &mut Problems) {
        let limits = &self.config.limits;
        if limits.disk == ByteSize::bytes(0) || limits.files == 0 {
            let message = "nothing can ever be in it, since `limits.disk` or `limits.files` is zero";
            problems.add(field, message, "raise the limit, or take the mount out");
        }
    }

    fn check_system(&self, problems: &mut Problems) {
        let system = &self.config.capabilities.system;
        let mut bytes = 0_u64;
        for (name, value) in &system.environment.variables {
            let field = format!("capabilities.system.environment.variables.{}", Plain::line(name));
            if name.is_empty() || name.contains(['=', '\0']) {
                problems.add(&field, "the name is empty or holds `=` or a zero byte", "use another name");
            }
            if value.contains('\0') {
                problems.add(&field, "the value holds a zero byte", "take it out");
            }
            // As the guest gets it: `NAME=value` and a zero byte.
            bytes = bytes.saturating_add(name.len() as u64 + value.len() as u64 + 2);
        }
        if bytes > self.config.limits.input.as_u64() {
            let message = format!("{bytes} bytes are more than `limits.input` lets in");
            problems.add("capabilities.system.environment.variables", message, "raise the limit, or shorten them");
        }
        if let ClockPolicy::Coarse(step) = system.clock
            && (step.is_zero() || step > Duration::from_secs(1))
        {
            let message = format!("a step of {} is none, or longer than a second", humantime::format_duration(step));
            problems.add("capabilities.system.clock", message, "use `{ coarse = \"1ms\" }`, or `real`");
        }
    }
}

/// What is wrong with two mounts at these places. A mount inside another hides nothing: what the outer one shows below the
/// place of the inner one could still be reached through the outer one, so there would be two truths about one path.
fn overlap(earlier: &GuestPath, later: &GuestPath) -> Option<(String, String)> {
    if earlier == later {
        let message = format!("another mount is at `{later}` already");
        return Some((message, "give each mount a path of its own".to_owned()));
    }
    let (outer, inner) = match (earlier.contains(later), later.contains(earlier)) {
        (true, _) => (earlier, later),
        (_, true) => (later, earlier),
        (false, false) => return None,
    };
    let message = format!("of the mounts at `{outer}` and `{inner}`, one is inside the other");
    let name = inner.as_str().rsplit('/').next().unwrap_or_default();
    let suggestion = match outer.as_str() {
        "/" => "mount what is at `/` at a path of its own, such as `/files`".to_owned(),
        _ => format!("mount them side by side: `{inner}` could be `{outer}-{name}`"),
    };
    Some((message, suggestion))
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
    fn add(&mut self, field: impl Into<String>, message: impl Into<String>, suggestion: &str) {
        self.0.push(ConfigProblem::new(field, message).suggest(suggestion));
    }

    fn size(&mut self, field: &str, size: ByteSize, least: ByteSize, most: ByteSize) {
        if size < least || size > most {
            self.add(field, format!("{size} is out of range"), &format!("from {least} to {most}"));
        }
    }

    fn time(&mut self, field: &str, time: Duration) {
        if time.is_zero() || time > MAX_TIME {
            let message = format!("{} is out of range", humantime::format_duration(time));
            self.add(field, message, "more than nothing, at most a day");
        }
    }

    fn some(&mut self, field: &str, count: u64) {
        if count == 0 {
            self.add(field, "with none nothing runs", "at least 1");
        }
    }

    fn path(&mut self, field: String, path: &Path) {
        self.file(field, path, "name a directory or an archive of the host");
    }

    fn file(&mut self, field: String, path: &Path, suggestion: &str) {
        let bytes = path.as_os_str().as_encoded_bytes();
        if bytes.is_empty() {
            self.add(field, "the path is empty", suggestion);
        } else if bytes.contains(&0) {
            self.add(field, "the path holds a zero byte", suggestion);
        }
    }
}
