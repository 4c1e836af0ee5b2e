//! Policies that are passed on: whoever passes one on may take away from it, never add.
//!
//! Every struct is taken apart into all of its fields and every enum into all of its variants, so that a new field or variant
//! does not compile until it is decided here.

use std::{path::Path, time::Duration};

use crate::{
    capability::{
        Capabilities, ClockPolicy, EnvironmentPolicy, FilesystemPolicy, MountAccess, MountConfig, ProcessPolicy,
        RandomPolicy, SystemPolicy, ThreadPolicy,
    },
    config::InstanceConfig,
    limits::{FuelLimit, ResourceLimits},
};

impl InstanceConfig {
    /// What both this configuration and `other` allow: of every limit the smaller, of mounts and variables those that are in
    /// both, of clocks the coarser, of network rules what both grant. A host directory that one may write and the other sees through an overlay is seen through
    /// an overlay; one that one may only read is only read. What `other` allows beyond this configuration has no effect.
    ///
    /// ```
    /// use wasm_sandbox_policy::{InstanceConfig, TimeUnits};
    ///
    /// let ours = InstanceConfig::builder().filesystem_read("/srv/data", "/data").timeout(5.seconds()).build()?;
    /// let asked = InstanceConfig::builder().filesystem_write("/srv/data", "/data").env("A", "1").build()?;
    /// let given = ours.narrowed_by(&asked);
    /// assert_eq!(given, ours, "neither writing nor the variable was ours to give");
    /// assert!(ours.permits(&given) && !ours.permits(&asked));
    /// # Ok::<(), wasm_sandbox_policy::SandboxError>(())
    /// ```
    ///
    /// Random numbers are no right: a seed in either wins over secure ones, and of two seeds this configuration's. Of two
    /// clocks that stand still, this configuration's is taken.
    #[must_use]
    pub fn narrowed_by(&self, other: &Self) -> Self {
        let Self { capabilities, limits } = self;
        Self { capabilities: capabilities.narrowed_by(&other.capabilities), limits: limits.narrowed_by(&other.limits) }
    }

    /// Whether `narrower` allows nothing that this configuration does not.
    pub fn permits(&self, narrower: &Self) -> bool {
        let Self { capabilities, limits } = self;
        limits.narrowed_by(&narrower.limits) == narrower.limits && capabilities.permits(&narrower.capabilities)
    }
}

impl Capabilities {
    fn narrowed_by(&self, other: &Self) -> Self {
        let Self { filesystem, network, system } = self;
        Self {
            filesystem: filesystem.narrowed_by(&other.filesystem),
            network: network.narrowed_by(&other.network),
            system: system.narrowed_by(&other.system),
        }
    }

    fn permits(&self, narrower: &Self) -> bool {
        let Self { filesystem, network, system } = self;
        filesystem.permits(&narrower.filesystem)
            && network.permits(&narrower.network)
            && system.permits(&narrower.system)
    }
}

impl FilesystemPolicy {
    fn narrowed_by(&self, other: &Self) -> Self {
        let Self { mounts } = self;
        let both = |mount: &MountConfig| other.mounts.iter().find_map(|their| meet(mount, their)).cloned();
        Self { mounts: mounts.iter().filter_map(both).collect() }
    }

    fn permits(&self, narrower: &Self) -> bool {
        let Self { mounts } = self;
        narrower.mounts.iter().all(|their| mounts.iter().any(|mount| meet(mount, their) == Some(their)))
    }
}

impl SystemPolicy {
    fn narrowed_by(&self, other: &Self) -> Self {
        let Self { environment, clock, random, threads, processes } = self;
        Self {
            environment: environment.narrowed_by(&other.environment),
            clock: if step(other.clock) > step(*clock) { other.clock } else { *clock },
            random: match *random {
                RandomPolicy::Secure => other.random,
                RandomPolicy::Seeded(seed) => RandomPolicy::Seeded(seed),
            },
            threads: narrower_threads(*threads, other.threads),
            processes: narrower_processes(*processes, other.processes),
        }
    }

    fn permits(&self, narrower: &Self) -> bool {
        // Random numbers of any kind are no right.
        let Self { environment, clock, random: _, threads, processes } = self;
        environment.permits(&narrower.environment)
            && step(narrower.clock) >= step(*clock)
            && narrower_threads(*threads, narrower.threads) == narrower.threads
            && narrower_processes(*processes, narrower.processes) == narrower.processes
    }
}

impl EnvironmentPolicy {
    fn narrowed_by(&self, other: &Self) -> Self {
        let Self { variables } = self;
        let both = variables.iter().filter(|(name, value)| other.variables.get(*name) == Some(value));
        Self { variables: both.map(|(name, value)| (name.clone(), value.clone())).collect() }
    }

    fn permits(&self, narrower: &Self) -> bool {
        let Self { variables } = self;
        narrower.variables.iter().all(|(name, value)| variables.get(name) == Some(value))
    }
}

impl ResourceLimits {
    fn narrowed_by(&self, other: &Self) -> Self {
        Self {
            memory: self.memory.min(other.memory),
            table_elements: self.table_elements.min(other.table_elements),
            instances: self.instances.min(other.instances),
            stack: self.stack.min(other.stack),
            cpu_time: self.cpu_time.min(other.cpu_time),
            timeout: self.timeout.min(other.timeout),
            fuel: match (self.fuel, other.fuel) {
                (FuelLimit::Units(ours), FuelLimit::Units(theirs)) => FuelLimit::Units(ours.min(theirs)),
                (FuelLimit::Off, fuel) | (fuel, FuelLimit::Off) => fuel,
            },
            output: self.output.min(other.output),
            disk: self.disk.min(other.disk),
            files: self.files.min(other.files),
            file_size: self.file_size.min(other.file_size),
            open_files: self.open_files.min(other.open_files),
            host_calls: self.host_calls.min(other.host_calls),
            host_call_bytes: self.host_call_bytes.min(other.host_call_bytes),
            input: self.input.min(other.input),
        }
    }
}

fn narrower_threads(ours: ThreadPolicy, theirs: ThreadPolicy) -> ThreadPolicy {
    match (ours, theirs) {
        (ThreadPolicy::Deny, ThreadPolicy::Deny) => ThreadPolicy::Deny,
    }
}

fn narrower_processes(ours: ProcessPolicy, theirs: ProcessPolicy) -> ProcessPolicy {
    match (ours, theirs) {
        (ProcessPolicy::Deny, ProcessPolicy::Deny) => ProcessPolicy::Deny,
    }
}

/// What a mount shows.
#[derive(PartialEq)]
enum Shown<'a> {
    Nothing,
    Directory(&'a Path),
    Archive(&'a Path),
}

/// What a guest may do to what a mount shows, from least to most.
#[derive(PartialEq, PartialOrd)]
enum Right {
    Read,
    ChangeInItsView,
    Write,
}

fn grant(mount: &MountConfig) -> (Shown<'_>, Right) {
    match mount {
        MountConfig::Host { guest: _, host, access: MountAccess::Read } => (Shown::Directory(host), Right::Read),
        MountConfig::Host { guest: _, host, access: MountAccess::Write } => (Shown::Directory(host), Right::Write),
        MountConfig::Overlay { guest: _, host } => (Shown::Directory(host), Right::ChangeInItsView),
        MountConfig::Zip { guest: _, archive } => (Shown::Archive(archive), Right::Read),
        MountConfig::Memory { guest: _ } => (Shown::Nothing, Right::ChangeInItsView),
    }
}

/// The one of two mounts that allows less; none unless they show the same thing at the same place.
fn meet<'a>(ours: &'a MountConfig, theirs: &'a MountConfig) -> Option<&'a MountConfig> {
    let ((shown, right), (their_shown, their_right)) = (grant(ours), grant(theirs));
    let same = ours.guest() == theirs.guest() && shown == their_shown;
    same.then_some(if right <= their_right { ours } else { theirs })
}

/// How coarse a clock is; one that stands still is the coarsest.
fn step(clock: ClockPolicy) -> Duration {
    match clock {
        ClockPolicy::Real => Duration::ZERO,
        ClockPolicy::Coarse(step) => step,
        ClockPolicy::Frozen { unix_ns: _ } => Duration::MAX,
    }
}
