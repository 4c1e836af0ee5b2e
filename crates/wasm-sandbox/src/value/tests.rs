//! The value layer against itself: random types and values from a seed, and guests that lie about their buffers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod guests;
pub(in crate::value) mod random;

use std::collections::BTreeMap;

use rand_chacha::rand_core::RngCore;
use serde::Serialize;
use serde_json::{Value, json};
use wasm_sandbox_policy::{Plain, SandboxError};

use self::random::{random_type, seeded, spoiled, value_of};
use super::{Abi, Arguments, Parameter, Signature, Type, call::Outcome, serialize::Form};

const ROUNDS: u64 = 2000;

fn signature(abi: Abi, params: Vec<Type>, result: Option<Type>) -> Signature {
    let name = |(index, kind)| Parameter { name: format!("p{index}"), kind };
    let params = params.into_iter().enumerate().map(name).collect();
    Signature { name: "f".to_owned(), export: "f".to_owned(), doc: None, abi, params, result }
}

fn detail(result: Result<Arguments, SandboxError>) -> String {
    match result {
        Err(SandboxError::Signature { detail, .. }) => detail,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_value_of_a_type_fits_it_and_survives_json() {
    for seed in 0..ROUNDS {
        let mut random = seeded(seed);
        let kind = random_type(&mut random, 4);
        let mut value = value_of(&kind, &mut random);
        let before = value.clone();
        kind.fit(&mut value).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
        assert_eq!(value, before, "seed {seed}");
        let mut read: Value = serde_json::from_str(&value.to_string()).unwrap();
        kind.fit(&mut read).unwrap_or_else(|why| panic!("seed {seed}: {why}"));
        assert_eq!(read, value, "seed {seed}");
        let written = serde_json::to_string(&kind).unwrap();
        assert_eq!(serde_json::from_str::<Type>(&written).unwrap(), kind, "seed {seed}");
    }
}

#[test]
fn a_value_that_is_wrong_anywhere_is_refused() {
    let mut refused = 0;
    for seed in 0..ROUNDS {
        let mut random = seeded(seed);
        let kind = random_type(&mut random, 4);
        let Some(mut value) = spoiled(&kind, &mut random) else { continue };
        assert!(kind.fit(&mut value).is_err(), "seed {seed}: {kind} took {value}");
        refused += 1;
    }
    assert!(refused > ROUNDS / 2, "only {refused} types could be given a wrong value");
}

#[test]
fn a_scalar_survives_the_way_through_wasm() {
    for seed in 0..ROUNDS {
        let mut random = seeded(seed);
        let kind = random_type(&mut random, 0);
        let value = value_of(&kind, &mut random);
        let Some(wasm) = kind.encode(&value) else {
            assert!(kind.wasm(false).is_none(), "{kind}");
            continue;
        };
        match kind.decode(wasm).unwrap() {
            Outcome::Value(back) => assert_eq!(back, value, "seed {seed}"),
            Outcome::Number(back) => assert_eq!(back, value.as_f64().unwrap(), "seed {seed}"),
            Outcome::Error(_) | Outcome::Component(_) => panic!("seed {seed}"),
        }
    }
}

#[test]
fn whole_numbers_become_integers() {
    for (kind, given, becomes) in [
        (Type::S32, json!(5.0), json!(5)),
        (Type::U64, json!(1e15), json!(1_000_000_000_000_000u64)),
        (Type::List(Box::new(Type::S8)), json!([1.0, -2.0, 3]), json!([1, -2, 3])),
        (Type::Option(Box::new(Type::S16)), json!(-7.0), json!(-7)),
    ] {
        let mut value = given;
        kind.fit(&mut value).unwrap();
        assert_eq!(value.to_string(), becomes.to_string());
    }
    for (kind, given) in
        [(Type::S32, json!(5.5)), (Type::U8, json!(-1.0)), (Type::S64, json!(1e300)), (Type::U8, json!(256))]
    {
        let mut value = given;
        assert!(kind.fit(&mut value).is_err(), "{kind} took {value}");
    }
}

#[test]
fn integers_keep_their_bounds_in_schemas() {
    assert_eq!(
        Type::S32.to_json_schema().to_string(),
        r#"{"maximum":2147483647,"minimum":-2147483648,"type":"integer"}"#
    );
    assert_eq!(Type::U64.to_json_schema()["maximum"], json!(u64::MAX));
    assert_eq!(Type::S64.to_json_schema()["minimum"], json!(i64::MIN));
    for seed in 0..ROUNDS {
        let mut random = seeded(seed);
        let text = random_type(&mut random, 4).to_json_schema().to_string();
        assert!(!text.contains("0.0"), "{text}");
    }
}

#[derive(Serialize)]
struct Point {
    x: f64,
    label: Option<&'static str>,
}

#[derive(Serialize)]
struct Meters(f64);

#[derive(Serialize)]
struct Nothing;

#[derive(Serialize)]
enum Shape {
    Empty,
    Circle(f64),
    Box(f64, f64),
    Polygon { points: Vec<(f64, f64)> },
}

fn same(value: impl Serialize) {
    let written = Form::of(&value).unwrap().into_json().unwrap();
    assert_eq!(written, serde_json::to_value(value).unwrap());
}

#[test]
fn arguments_are_written_as_serde_json_would() {
    same(Point { x: 1.5, label: Some("a") });
    same((Meters(2.0), Nothing, (), 'x', "text", true, None::<i32>, Some(1u8), [1i64; 3], i128::from(u64::MAX)));
    same([Shape::Empty, Shape::Circle(1.0), Shape::Box(1.0, 2.0), Shape::Polygon { points: vec![(0.0, 1.0)] }]);
    same(BTreeMap::from([(1, "one"), (2, "two")]));
    same(BTreeMap::from([('a', vec![Some(1.0f32)]), ('b', vec![None])]));
    same(BTreeMap::from([(true, 1)]));
    for seed in 0..ROUNDS {
        let mut random = seeded(seed);
        let kind = random_type(&mut random, 4);
        same(value_of(&kind, &mut random));
    }
}

#[test]
fn what_cannot_be_written_is_named_with_its_place() {
    let any = signature(Abi::Json, vec![Type::Any("any".to_owned()); 2], None);
    let refused = |value: &dyn Fn() -> Result<Arguments, SandboxError>| detail(value());
    let nan = Point { x: f64::NAN, label: None };
    assert_eq!(
        refused(&|| Arguments::from_serialize(&any, &(1, vec![&nan]))),
        "`[1][0].x` in the arguments: NaN, which JSON cannot carry"
    );
    assert_eq!(
        refused(&|| Arguments::from_serialize(&any, &(Shape::Polygon { points: vec![(0.0, f64::INFINITY)] }, 1))),
        "`[0].points[0][1]` in the arguments: inf, which JSON cannot carry"
    );
    assert_eq!(
        refused(&|| Arguments::from_serialize(&any, &(1, f64::NEG_INFINITY))),
        "argument `p1` is -inf, which JSON cannot carry"
    );
    assert_eq!(
        refused(&|| Arguments::from_serialize(&any, &(u128::MAX, 1))),
        "`[0]` in the arguments: an integer of more than 64 bits"
    );
    assert_eq!(
        refused(&|| Arguments::from_serialize(&any, &(BTreeMap::from([((1, 2), 3)]), 1))),
        "`[0]` in the arguments: a key that is not text"
    );
    let raw = serde_json::value::RawValue::from_string("1".to_owned()).unwrap();
    assert!(refused(&|| Arguments::from_serialize(&any, &(&raw, 1))).contains("JSON that was not read"));
}

#[test]
fn tuples_and_arrays_are_lists_of_arguments_and_vectors_are_one() {
    let two = signature(Abi::Direct, vec![Type::S32, Type::S32], None);
    let list = signature(Abi::Json, vec![Type::List(Box::new(Type::S32))], None);
    let pair = signature(Abi::Json, vec![Type::Tuple(vec![Type::S32, Type::S32])], None);
    let none = signature(Abi::Direct, Vec::new(), None);
    let given = Arguments::from_serialize(&two, &(1, 2)).unwrap();
    assert_eq!(Arguments::from_serialize(&two, &[1, 2]).unwrap(), given);
    assert_eq!(detail(Arguments::from_serialize(&two, &vec![1, 2])), "expected 2 arguments, got 1");
    let one = Arguments::from_serialize(&list, &vec![1, 2]).unwrap();
    assert_eq!(Arguments::from_serialize(&list, &([1, 2],)).unwrap(), one);
    assert_eq!(detail(Arguments::from_serialize(&list, &[1, 2])), "expected 1 argument, got 2");
    let one = Arguments::from_serialize(&pair, &((1, 2),)).unwrap();
    assert_eq!(Arguments::from_serialize(&pair, &Some((1, 2))).unwrap(), one);
    assert_eq!(Arguments::from_serialize(&none, &()).unwrap(), Arguments::from_serialize(&none, &Nothing).unwrap());
}

#[test]
fn results_are_checked_side_by_side() {
    let kind = Type::Result { ok: Some(Box::new(Type::U8)), err: None };
    for good in [json!({"Ok": 255}), json!({"Err": null})] {
        kind.fit(&mut good.clone()).unwrap();
    }
    for bad in [
        json!({"Ok": 256}),
        json!({"Err": 1}),
        json!({"ok": 1}),
        json!({}),
        json!({"Ok": 1, "Err": null}),
        json!(1),
        json!(null),
    ] {
        assert!(kind.fit(&mut bad.clone()).is_err(), "{bad}");
    }
}

#[test]
fn nothing_of_a_guests_steers_a_terminal() {
    let evil = "a\u{1b}[2J\r\n\u{202e}b\u{200b}\u{85}c";
    let plain = "a\\u{1b}[2J\\r\\n\\u{202e}b\\u{200b}\\u{85}c";
    assert_eq!(Plain::line(evil).to_string(), plain);
    let field = || vec![Parameter { name: evil.to_owned(), kind: Type::Any(evil.to_owned()) }];
    let mut signature = signature(Abi::Json, vec![Type::Record { name: evil.to_owned(), fields: field() }], None);
    signature.name = evil.to_owned();
    signature.params[0].name = evil.to_owned();
    assert_eq!(signature.to_string(), format!("{plain}({plain}: {plain})"));
    assert_eq!(Type::Any(evil.to_owned()).to_string(), plain);
    let misfit = Arguments::from_serialize(&signature, &(json!({}),)).unwrap_err();
    let clean = |error: &SandboxError| !error.to_string().contains(|c: char| c.is_control() || c == '\u{202e}');
    assert!(clean(&misfit), "{misfit}");
    let word = Arguments::from_words(&signature, &["\u{1b}[2J".to_owned()]).unwrap_err();
    assert!(clean(&word), "{word}");
}

#[test]
fn a_section_that_was_damaged_anywhere_is_read_or_refused() {
    let functions = vec![signature(Abi::Direct, vec![Type::S32], Some(Type::S32))];
    let wasm = wat::parse_str(r#"(module (func (export "f") (param i32) (result i32) (local.get 0)))"#).unwrap();
    let whole = super::Signatures::append_section(&wasm, functions, Vec::new()).unwrap();
    assert_eq!(super::Signatures::from_wasm(&whole).unwrap().find("f").unwrap().to_string(), "f(p0: s32) -> s32");
    let mut read = 0;
    for seed in 0..ROUNDS {
        let mut random = seeded(seed);
        let mut damaged = whole.clone();
        let place = wasm.len() + random.next_u32() as usize % (whole.len() - wasm.len());
        damaged[place] = random.next_u32() as u8;
        match super::Signatures::from_wasm(&damaged) {
            Ok(_) => read += 1,
            Err(SandboxError::NotRunnable { .. }) => {}
            Err(error) => panic!("seed {seed}: {error}"),
        }
    }
    assert!(read > 0 && read < ROUNDS, "{read}");
}
