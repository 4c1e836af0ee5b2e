//! Whoever passes a policy on may take away from it, never add.

use proptest::prelude::*;
use wasm_sandbox_policy::{ClockPolicy, InstanceConfig, MountConfig, NetworkPolicy, RandomPolicy};

use crate::policies::policy;

proptest! {
    #[test]
    fn narrowing_never_widens(one in policy(), other in policy()) {
        let both = one.narrowed_by(&other);
        prop_assert!(one.permits(&both) && other.permits(&both), "{one:?}\n{other:?}\n{both:?}");
        prop_assert_eq!(both.validate(), vec![]);
        prop_assert_eq!(both.narrowed_by(&other), both.clone());
        prop_assert_eq!(one.narrowed_by(&both), both.clone());
        prop_assert!(one.permits(&one));
        prop_assert_eq!(one.narrowed_by(&one), one);
    }

    #[test]
    fn it_does_not_matter_in_which_order_policies_are_passed_on(a in policy(), b in policy(), c in policy()) {
        prop_assert_eq!(sorted(a.narrowed_by(&b).narrowed_by(&c)), sorted(a.narrowed_by(&b.narrowed_by(&c))));
        prop_assert_eq!(rights(a.narrowed_by(&b)), rights(b.narrowed_by(&a)));
    }

    #[test]
    fn permission_is_what_narrowing_leaves_alone(one in policy(), other in policy()) {
        prop_assert_eq!(other.permits(&one), rights(one.narrowed_by(&other)) == rights(one.clone()));
        let (narrow, narrower) = (one.narrowed_by(&other), one.narrowed_by(&other).narrowed_by(&one));
        prop_assert!(one.permits(&narrow) && narrow.permits(&narrower) && one.permits(&narrower));
    }

    #[test]
    fn nothing_narrows_to_nothing(one in policy()) {
        let none = InstanceConfig::default();
        let left = one.narrowed_by(&none);
        prop_assert!(left.capabilities.filesystem.mounts.is_empty());
        prop_assert!(left.capabilities.system.environment.variables.is_empty());
        prop_assert_eq!(&left.capabilities.network, &NetworkPolicy::Deny);
        prop_assert_eq!(none.permits(&one), rights(left) == rights(one));
    }
}

/// A policy whose rules have one order.
fn sorted(mut config: InstanceConfig) -> InstanceConfig {
    if let NetworkPolicy::Allow(grants) = &mut config.capabilities.network {
        grants.rules.sort();
    }
    config
}

/// A policy without what is no right: which random numbers, which time stands still, and the order of mounts and rules.
fn rights(config: InstanceConfig) -> InstanceConfig {
    let mut config = sorted(config);
    let system = &mut config.capabilities.system;
    system.random = RandomPolicy::Secure;
    if let ClockPolicy::Frozen { unix_ns } = &mut system.clock {
        *unix_ns = 0;
    }
    config.capabilities.filesystem.mounts.sort_by_key(|mount| mount.guest().clone());
    config
}

/// What two grants at one place come to, and what the first says of the second.
#[test]
fn of_two_grants_the_lesser_is_left() {
    let grants = [
        InstanceConfig::builder().filesystem_read("/a", "/x"),
        InstanceConfig::builder().filesystem_overlay("/a", "/x"),
        InstanceConfig::builder().filesystem_write("/a", "/x"),
    ]
    .map(|builder| builder.build().unwrap());
    for (less, one) in grants.iter().enumerate() {
        for (more, other) in grants.iter().enumerate().skip(less) {
            assert_eq!((one.narrowed_by(other), other.narrowed_by(one)), (one.clone(), one.clone()));
            assert!(other.permits(one) && (less == more || !one.permits(other)));
        }
    }
    for different in [
        InstanceConfig::builder().filesystem_read("/b", "/x"),
        InstanceConfig::builder().filesystem_read("/a", "/y"),
        InstanceConfig::builder().filesystem_zip("/a", "/x"),
        InstanceConfig::builder().filesystem_memory("/x"),
    ] {
        let different = different.build().unwrap();
        for grant in &grants {
            assert_eq!(grant.narrowed_by(&different).capabilities.filesystem.mounts, Vec::<MountConfig>::new());
            assert!(!grant.permits(&different) && !different.permits(grant));
        }
    }
}
