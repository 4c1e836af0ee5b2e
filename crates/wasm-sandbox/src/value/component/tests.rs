#![allow(clippy::unwrap_used, clippy::panic)]

use super::{
    super::{
        Type,
        tests::random::{random_type, seeded, spoiled, value_of},
    },
    json, lower,
};

const ROUNDS: u64 = 20_000;

/// Whether WIT has the type and JSON has one form for it.
fn is_of_wit(kind: &Type) -> bool {
    match kind {
        Type::Any(_) | Type::Unit | Type::Map(_) | Type::Handle { .. } => false,
        Type::List(inner) | Type::Option(inner) => is_of_wit(inner),
        Type::Tuple(types) => types.iter().all(is_of_wit),
        Type::Record { fields, .. } => fields.iter().all(|field| is_of_wit(&field.kind)),
        Type::Variant { cases, .. } => cases.iter().filter_map(|case| case.kind.as_ref()).all(is_of_wit),
        Type::Result { ok, err } => ok.iter().chain(err).all(|kind| is_of_wit(kind)),
        _ => true,
    }
}

#[test]
fn a_value_survives_the_way_through_a_component() {
    let (mut survived, mut refused) = (0, 0);
    for seed in 0..ROUNDS {
        let mut random = seeded(seed);
        let kind = random_type(&mut random, 3);
        if !is_of_wit(&kind) {
            continue;
        }
        let value = value_of(&kind, &mut random);
        let lowered = lower(&value, &kind).unwrap_or_else(|error| panic!("seed {seed}: {kind}: {value}: {error}"));
        assert_eq!(json(lowered).unwrap(), value, "seed {seed}: {kind}");
        survived += 1;
        if let Some(wrong) = spoiled(&kind, &mut random) {
            assert!(lower(&wrong, &kind).is_err(), "seed {seed}: {kind} takes {wrong}");
            refused += 1;
        }
    }
    assert!(survived > ROUNDS / 5 && refused > ROUNDS / 10, "{survived} and {refused}");
}
