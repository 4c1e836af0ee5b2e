//! Random types, values of them, and values that are wrong in one place.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};
use serde_json::{Map, Value, json};

use crate::value::{Case, Parameter, Type};

pub(in crate::value) fn seeded(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

pub(in crate::value) fn below(random: &mut impl RngCore, end: u32) -> u32 {
    random.next_u32() % end
}

/// A type nested at most `depth` deep.
pub(in crate::value) fn random_type(random: &mut impl RngCore, depth: u32) -> Type {
    if depth == 0 || below(random, 3) == 0 {
        let scalar = Type::SCALARS.get(below(random, Type::SCALARS.len() as u32 + 1) as usize);
        return scalar.cloned().unwrap_or_else(|| Type::Any("anything".to_owned()));
    }
    let inner = |random: &mut _| Box::new(random_type(random, depth - 1));
    let side = |random: &mut _| (below(random, 4) > 0).then(|| inner(random));
    let names = |random: &mut _, word: &str| (0..1 + below(random, 3)).map(|index| format!("{word}-{index}")).collect();
    match below(random, 9) {
        0 => Type::List(inner(random)),
        1 => Type::Option(inner(random)),
        2 => Type::Map(inner(random)),
        3 => Type::Result { ok: side(random), err: side(random) },
        4 => Type::Tuple((0..below(random, 4)).map(|_| *inner(random)).collect()),
        5 => Type::Enum { name: "kind".to_owned(), cases: names(random, "case") },
        6 => Type::Flags { name: "set".to_owned(), flags: names(random, "flag") },
        7 => {
            let case = |index| Case { name: format!("case-{index}"), kind: side(random).map(|kind| *kind) };
            Type::Variant { name: "choice".to_owned(), cases: (0..depth + 1).map(case).collect() }
        }
        _ => {
            let field = |index| Parameter { name: format!("field{index}"), kind: *inner(random) };
            Type::Record { name: "Record".to_owned(), fields: (0..depth).map(field).collect() }
        }
    }
}

/// A value of a type.
pub(in crate::value) fn value_of(kind: &Type, random: &mut impl RngCore) -> Value {
    let bits = random.next_u64();
    let many = |random: &mut _| 0..below(random, 4);
    match kind {
        Type::Bool => json!(bits & 1 == 0),
        Type::S8 => json!(bits as i8),
        Type::U8 => json!(bits as u8),
        Type::S16 => json!(bits as i16),
        Type::U16 => json!(bits as u16),
        Type::S32 => json!(bits as i32),
        Type::U32 => json!(bits as u32),
        Type::S64 => json!(bits as i64),
        Type::U64 => json!(bits),
        Type::F32 => json!(f64::from(bits as i32 as f32) / 64.0),
        // Few digits: serde_json reads longer ones only to within the last bit.
        Type::F64 => json!(f64::from(bits as i16) / 1024.0),
        Type::Char => json!(character(random)),
        Type::String => json!(many(random).map(|_| character(random)).collect::<String>()),
        Type::Unit => Value::Null,
        Type::Any(_) => json!([bits, { "a": null }]),
        Type::Option(_) if bits & 1 == 0 => Value::Null,
        Type::Option(inner) => value_of(inner, random),
        Type::List(inner) => many(random).map(|_| value_of(inner, random)).collect(),
        Type::Tuple(types) => types.iter().map(|kind| value_of(kind, random)).collect(),
        Type::Map(inner) => Value::Object(
            many(random).map(|_| (character(random).to_string(), value_of(inner, random))).collect::<Map<_, _>>(),
        ),
        Type::Record { fields, .. } => {
            Value::Object(fields.iter().map(|field| (field.name.clone(), value_of(&field.kind, random))).collect())
        }
        Type::Result { ok, err } => {
            let (name, side) = if bits & 1 == 0 { ("Ok", ok) } else { ("Err", err) };
            json!({ name: side.as_ref().map_or(Value::Null, |kind| value_of(kind, random)) })
        }
        Type::Enum { cases, .. } => json!(cases[bits as usize % cases.len()]),
        Type::Flags { flags, .. } => flags.iter().filter(|_| below(random, 2) == 0).map(String::as_str).collect(),
        Type::Variant { cases, .. } => match &cases[bits as usize % cases.len()] {
            Case { name, kind: Some(kind) } => json!({ name: value_of(kind, random) }),
            Case { name, kind: None } => json!(name),
        },
        Type::Handle { .. } => json!(bits),
    }
}

fn character(random: &mut impl RngCore) -> char {
    // Plain letters, controls, what JSON escapes, and all of Unicode.
    match below(random, 4) {
        0 => char::from(b'a' + below(random, 26) as u8),
        1 => ['\0', '"', '\\', '\u{7f}', '\u{2028}', '\u{fffd}'][below(random, 6) as usize],
        _ => char::from_u32(below(random, 0x11_0000)).unwrap_or('\u{e000}'),
    }
}

/// A value that is of the type but for one place; none for types that take everything.
pub(in crate::value) fn spoiled(kind: &Type, random: &mut impl RngCore) -> Option<Value> {
    match kind {
        Type::Any(_) => None,
        Type::Option(inner) => match spoiled(inner, random)? {
            Value::Null => None,
            value => Some(value),
        },
        Type::List(inner) => {
            let mut items: Vec<Value> = (0..below(random, 3)).map(|_| value_of(inner, random)).collect();
            let place = below(random, items.len() as u32 + 1) as usize;
            items.insert(place, spoiled(inner, random)?);
            Some(items.into())
        }
        Type::Map(inner) => Some(json!({ "good": value_of(inner, random), "spoiled": spoiled(inner, random)? })),
        Type::Tuple(types) => {
            let mut items = value_of(kind, random);
            let items = items.as_array_mut()?;
            let place = below(random, types.len() as u32 + 1) as usize;
            match types.get(place) {
                Some(kind) => items[place] = spoiled(kind, random)?,
                None => items.push(Value::Null),
            }
            Some(items.clone().into())
        }
        Type::Record { fields, .. } => {
            let mut object = value_of(kind, random);
            let field = &fields[below(random, fields.len() as u32) as usize];
            object.as_object_mut()?.insert(field.name.clone(), spoiled(&field.kind, random)?);
            Some(object)
        }
        Type::Result { ok, err } => {
            let (name, side) = if below(random, 2) == 0 { ("Ok", ok) } else { ("Err", err) };
            let side = side.as_deref().unwrap_or(&Type::Unit);
            Some(json!({ name: spoiled(side, random)? }))
        }
        Type::Variant { cases, .. } => Some(match &cases[below(random, cases.len() as u32) as usize] {
            Case { name, kind: Some(kind) } => json!({ name: spoiled(kind, random)? }),
            Case { name, kind: None } => json!({ name: 1 }),
        }),
        Type::Flags { flags, .. } => Some(json!([flags[0], "unknown"])),
        _ => wrong_scalars(kind).into_iter().nth(below(random, 3) as usize),
    }
}

/// Three values that are not of a scalar type.
fn wrong_scalars(kind: &Type) -> [Value; 3] {
    match kind {
        Type::Bool => [json!(0), json!("true"), Value::Null],
        Type::S8 => [json!(128), json!(-129), json!(0.5)],
        Type::U8 => [json!(256), json!(-1), json!("1")],
        Type::S16 => [json!(32768), json!(-32769), json!([1])],
        Type::U16 => [json!(65536), json!(-1.0), json!({})],
        Type::S32 => [json!(1u64 << 31), json!(-(1i64 << 31) - 1), json!(1e10)],
        Type::U32 => [json!(1u64 << 32), json!(-1), json!(true)],
        Type::S64 => [json!(1u64 << 63), json!(1e300), json!(0.1)],
        Type::U64 => [json!(-1), json!(1e19), json!("18446744073709551616")],
        Type::F32 | Type::F64 => [json!("1.0"), Value::Null, json!("nan")],
        Type::Char => [json!(""), json!("ab"), json!(97)],
        Type::String => [json!(1), Value::Null, json!(["a"])],
        _ => [json!(0), json!(false), json!({})],
    }
}
