//! Policies to try things with: valid ones of every kind.

use std::time::Duration;

use proptest::{collection::btree_map, option, prelude::*};
use wasm_sandbox_policy::{
    ByteSize, ClockPolicy, FuelLimit, InstanceConfig, MountAccess, MountConfig, RandomPolicy, ResourceLimits,
};

/// Any valid policy. Directories and variables come from small sets, so that two policies often share some.
pub(crate) fn policy() -> impl Strategy<Value = InstanceConfig> {
    let mounts = (mount("/a"), mount("/b c/\u{e9}\n"), mount("/d"));
    (limits(), mounts, variables(), clock(), random()).prop_map(|(limits, (a, b, d), variables, clock, random)| {
        let mut config = InstanceConfig { limits, ..InstanceConfig::default() };
        config.capabilities.filesystem.mounts = [a, b, d].into_iter().flatten().collect();
        let system = &mut config.capabilities.system;
        (system.environment.variables, system.clock, system.random) = (variables, clock, random);
        config
    })
}

fn mount(guest: &'static str) -> impl Strategy<Value = Option<MountConfig>> {
    let guest: wasm_sandbox_policy::GuestPath = guest.parse().unwrap();
    let host = prop::sample::select(vec!["/srv/one", "/srv/two \"quoted\"", "relative\\three"]);
    option::weighted(
        0.8,
        (0..5, host).prop_map(move |(kind, host)| {
            let (guest, host) = (guest.clone(), host.into());
            match kind {
                0 => MountConfig::Host { guest, host, access: MountAccess::Read },
                1 => MountConfig::Host { guest, host, access: MountAccess::Write },
                2 => MountConfig::Overlay { guest, host },
                3 => MountConfig::Zip { guest, archive: host },
                _ => MountConfig::Memory { guest },
            }
        }),
    )
}

fn variables() -> impl Strategy<Value = std::collections::BTreeMap<String, String>> {
    let value = prop_oneof![Just("1".to_owned()), "[^\0]{0,20}"];
    btree_map(prop_oneof!["[ABC]", "[^=\0]{1,8}"], value, 0..4)
}

fn clock() -> impl Strategy<Value = ClockPolicy> {
    prop_oneof![
        Just(ClockPolicy::Real),
        (1_u64..=1_000_000_000).prop_map(|nanos| ClockPolicy::Coarse(Duration::from_nanos(nanos))),
        any::<u64>().prop_map(|unix_ns| ClockPolicy::Frozen { unix_ns }),
    ]
}

fn random() -> impl Strategy<Value = RandomPolicy> {
    prop_oneof![Just(RandomPolicy::Secure), any::<u64>().prop_map(RandomPolicy::Seeded)]
}

fn limits() -> impl Strategy<Value = ResourceLimits> {
    let size = |least: u64, most: u64| (least..=most).prop_map(ByteSize::bytes);
    let time = || (1_u64..=86_400_000_000_000).prop_map(Duration::from_nanos);
    let fuel = prop_oneof![Just(FuelLimit::Off), (1_u64..).prop_map(FuelLimit::Units)];
    let engine = (size(1 << 16, 4 << 30), 0_u64..=1 << 20, 1_u32.., size(1 << 16, 64 << 20), time(), time(), fuel);
    let files = (size(0, u64::MAX), size(1, u64::MAX), 1_u64.., size(0, u64::MAX), 7_u32..=1 << 20);
    let calls = (1_u64.., size(0, u64::MAX), size(1000, 4 << 30));
    (engine, files, calls).prop_map(|(engine, files, calls)| {
        let (memory, table_elements, instances, stack, cpu_time, timeout, fuel) = engine;
        let (output, disk, files, file_size, open_files) = files;
        let (host_calls, host_call_bytes, input) = calls;
        ResourceLimits {
            memory,
            table_elements,
            instances,
            stack,
            cpu_time,
            timeout,
            fuel,
            output,
            disk,
            files,
            file_size,
            open_files,
            host_calls,
            host_call_bytes,
            input,
        }
    })
}
