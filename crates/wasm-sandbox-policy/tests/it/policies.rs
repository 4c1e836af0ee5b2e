//! Policies to try things with: valid ones of every kind.

use std::time::Duration;

use proptest::{collection::btree_map, option, prelude::*};
use wasm_sandbox_policy::{
    ByteSize, ClockPolicy, ConfigProblem, FuelLimit, HeaderSecret, InstanceConfig, MountAccess, MountConfig,
    NetworkGrants, NetworkPolicy, NetworkRule, RandomPolicy, ResourceLimits,
};

/// Any valid policy. Directories and variables come from small sets, so that two policies often share some.
pub(crate) fn policy() -> impl Strategy<Value = InstanceConfig> {
    let mounts = (mount("/a"), mount("/b c/\u{e9}\n"), mount("/d"));
    let system = (variables(), clock(), random());
    (limits(), mounts, network(), system).prop_map(|(limits, (a, b, d), network, (variables, clock, random))| {
        let mut config = InstanceConfig { limits, ..InstanceConfig::default() };
        config.capabilities.network = network;
        config.capabilities.filesystem.mounts = [a, b, d].into_iter().flatten().collect();
        let system = &mut config.capabilities.system;
        (system.environment.variables, system.clock, system.random) = (variables, clock, random);
        config
    })
}

fn network() -> impl Strategy<Value = NetworkPolicy> {
    let hosts = ["a.com", "*.a.com", "x.a.com", "*.x.a.com", "10.0.0.0/8", "10.1.2.3", "[::/0]", "[fd00::/8]", "[::1]"];
    let ports = ["", ":80", ":443", ":1-500", ":100-900"];
    let text = (prop::sample::select(hosts.to_vec()), prop::sample::select(ports.to_vec()));
    let rules = prop::collection::vec(text.prop_map(|(host, port)| format!("{host}{port}")), 1..6);
    let amounts = (1_u32..=1024, 1_u64.., 1_u64.., 1_u64..=86_400, any::<[bool; 3]>());
    option::weighted(0.8, (rules, amounts)).prop_map(|grants| {
        let Some((rules, (connections, total_connections, bytes, seconds, [one, two, root]))) = grants else {
            return NetworkPolicy::Deny;
        };
        let mut grants = NetworkGrants { connections, total_connections, ..NetworkGrants::default() };
        (grants.bytes_sent, grants.connection_time) = (ByteSize::bytes(bytes), Duration::from_secs(seconds));
        let secret = |host: &str| HeaderSecret {
            host: host.parse().unwrap(),
            header: "Authorization".to_owned(),
            value: "Bearer 1".into(),
            unencrypted: false,
        };
        let mut rules: Vec<NetworkRule> = rules.iter().map(|rule| rule.parse().unwrap()).collect();
        if one {
            grants.secrets.push(secret("b.com:443"));
            rules.push("b.com".parse().unwrap());
        }
        if two {
            grants.secrets.push(secret("c.com:80"));
            rules.push("c.com:80".parse().unwrap());
        }
        if root {
            grants.roots.push("ca.pem".into());
        }
        // Those that grant something which no other does.
        for rule in rules {
            let before = grants.rules.clone();
            grants.rules.push(rule);
            let mut config = InstanceConfig::default();
            config.capabilities.network = NetworkPolicy::Allow(grants.clone());
            let superfluous = |problem: &ConfigProblem| problem.message.contains("grants nothing");
            if config.validate().iter().any(superfluous) {
                grants.rules = before;
            }
        }
        NetworkPolicy::Allow(grants)
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
