//! Policies that are passed on: whoever passes one on may take away from it, never add.

use std::time::Duration;

use crate::{
    capability::{ClockPolicy, MountAccess, MountConfig, RandomPolicy},
    config::InstanceConfig,
    limits::{FuelLimit, ResourceLimits},
};

impl InstanceConfig {
    /// What both this configuration and `other` allow: of every limit the smaller, of mounts and variables those that are in
    /// both, of clocks the coarser. A host directory that one may write and the other sees through an overlay is seen through
    /// an overlay; one that one may only read is only read. What `other` allows beyond this configuration has no effect.
    ///
    /// Random numbers are no right: a seed in either wins over secure ones, and of two seeds this configuration's.
    #[must_use]
    pub fn narrowed_by(&self, other: &Self) -> Self {
        let mut narrowed = self.clone();
        narrowed.limits = self.limits.narrowed_by(&other.limits);
        let theirs = &other.capabilities.filesystem.mounts;
        let both = |mount: &MountConfig| theirs.iter().find_map(|their| meet(mount, their));
        narrowed.capabilities.filesystem.mounts = self.capabilities.filesystem.mounts.iter().filter_map(both).collect();
        let system = &mut narrowed.capabilities.system;
        let their_system = &other.capabilities.system;
        system.environment.variables.retain(|name, value| their_system.environment.variables.get(name) == Some(value));
        if step(their_system.clock) > step(system.clock) {
            system.clock = their_system.clock;
        }
        if system.random == RandomPolicy::Secure {
            system.random = their_system.random;
        }
        narrowed
    }

    /// Whether `narrower` allows nothing that this configuration does not.
    pub fn permits(&self, narrower: &Self) -> bool {
        let mounts = &self.capabilities.filesystem.mounts;
        let theirs = &narrower.capabilities.filesystem.mounts;
        let (system, their_system) = (&self.capabilities.system, &narrower.capabilities.system);
        let variables = &system.environment.variables;
        narrower.limits == narrower.limits.narrowed_by(&self.limits)
            && theirs.iter().all(|their| mounts.iter().any(|mount| meet(mount, their).as_ref() == Some(their)))
            && their_system.environment.variables.iter().all(|(name, value)| variables.get(name) == Some(value))
            && step(their_system.clock) >= step(system.clock)
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

/// What two mounts both allow; none unless they show the same thing at the same place.
fn meet(ours: &MountConfig, theirs: &MountConfig) -> Option<MountConfig> {
    use MountConfig::{Host, Overlay};
    if ours.guest() != theirs.guest() {
        return None;
    }
    match (ours, theirs) {
        (Host { host, access, guest }, Host { host: their_host, access: their_access, .. }) if host == their_host => {
            Some(Host { guest: guest.clone(), host: host.clone(), access: *access.min(their_access) })
        }
        (Host { host, access, .. }, Overlay { host: their_host, .. }) if host == their_host => {
            Some(if *access == MountAccess::Write { theirs.clone() } else { ours.clone() })
        }
        (Overlay { host, .. }, Host { host: their_host, access, .. }) if host == their_host => {
            Some(if *access == MountAccess::Write { ours.clone() } else { theirs.clone() })
        }
        _ => (ours == theirs).then(|| ours.clone()),
    }
}

/// How coarse a clock is; one that stands still is the coarsest.
fn step(clock: ClockPolicy) -> Duration {
    match clock {
        ClockPolicy::Real => Duration::ZERO,
        ClockPolicy::Coarse(step) => step,
        ClockPolicy::Frozen { .. } => Duration::MAX,
    }
}
