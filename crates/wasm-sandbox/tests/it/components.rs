//! Components: every type of WIT there and back, handles, limits, and what they do not get.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wasm_sandbox::{
    ByteUnits, InstanceConfig, ResourceKind, SandboxError, Setup, Tool, ToolError, TrapKind, WasmSandbox,
};

use crate::{closed, wat};

const ECHO: &str = include_str!("components/echo.wat");

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Person {
    first_name: String,
    age: u8,
    e_mail: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Circle(f64),
    UnitSquare,
    RoundedSquare(f64),
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Colour {
    Red,
    LightGreen,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Rights {
    read: bool,
    write: bool,
    run_it: bool,
}

fn misfit(outcome: Result<Value, SandboxError>) -> String {
    match outcome {
        Err(SandboxError::Signature { detail, .. }) => detail,
        other => panic!("not a misfit: {other:?}"),
    }
}

#[test]
fn every_type_travels_there_and_back() {
    let mut echo = closed(ECHO);
    macro_rules! same {
        ($($function:literal: $kind:ty = $($value:expr),+;)*) => {$($(
            let value: $kind = $value;
            assert_eq!(echo.call::<_, $kind>($function, (value.clone(),)).unwrap(), value, $function);
        )+)*};
    }
    same! {
        "bool": bool = true, false;
        "s8": i8 = i8::MIN, i8::MAX;
        "u8": u8 = 0, u8::MAX;
        "s16": i16 = i16::MIN, i16::MAX;
        "u16": u16 = 0, u16::MAX;
        "s32": i32 = i32::MIN, i32::MAX;
        "u32": u32 = 0, u32::MAX;
        "s64": i64 = i64::MIN, i64::MAX;
        "u64": u64 = 0, u64::MAX;
        "f32": f32 = 1.5, f32::MIN_POSITIVE, f32::INFINITY;
        "f64": f64 = -0.1, f64::MAX, f64::NEG_INFINITY;
        "char": char = 'a', '\u{0}', '\u{10ffff}';
        "string": String = String::new(), "grüße, \0 and 🦀".to_owned();
        "floats": Vec<f64> = vec![], vec![1.0, f64::INFINITY, -0.5];
        "bytes": Vec<u8> = vec![0, 255, 7], vec![9; 100_000];
        "maybe": Option<u32> = None, Some(u32::MAX);
        "outcome": Result<u32, String> = Ok(3), Err("no".to_owned());
        "mixed": (i8, f32, char) = (-3, 0.25, 'ß');
        "shape-again": Shape = Shape::Circle(2.5), Shape::UnitSquare, Shape::RoundedSquare(-1.0);
        "colour-again": Colour = Colour::Red, Colour::LightGreen;
        "rights-again": Rights = Rights { read: true, write: false, run_it: true };
        "person-again": Person = Person { first_name: "Ada".to_owned(), age: 36, e_mail: Some(1) };
        "people": Vec<Person> = vec![Person { first_name: "Al".to_owned(), age: 1, e_mail: None }; 3];
        "ages": BTreeMap<String, u8> = BTreeMap::from([("Ada".to_owned(), 36), ("Al".to_owned(), 1)]);
    }
    assert!(echo.call::<_, f64>("f64", f64::NAN).unwrap().is_nan());
    assert!(echo.call::<_, Vec<f64>>("floats", (vec![f64::NAN],)).unwrap()[0].is_nan());
    echo.call::<_, ()>("nothing", ()).unwrap();
}

#[test]
fn json_travels_there_and_back() {
    let mut echo = closed(ECHO);
    for (function, value) in [
        ("person-again", json!({ "first-name": "Ada", "age": 36, "e-mail": 7 })),
        ("shape-again", json!({ "circle": 2.5 })),
        ("shape-again", json!("unit-square")),
        ("colour-again", json!("light-green")),
        ("rights-again", json!(["read", "run-it"])),
        ("mixed", json!([-3, 0.25, "ß"])),
        ("maybe", Value::Null),
        ("floats", json!([1.5, "NaN", "-Infinity"])),
        ("ages", json!([["Ada", 36]])),
        ("string", json!("7")),
        ("u64", json!(u64::MAX)),
    ] {
        assert_eq!(echo.call::<_, Value>(function, (value.clone(),)).unwrap(), value, "{function}");
        let report = echo.call_words(function, &[value.to_string()]).unwrap();
        assert_eq!(report.result.value, Some(value), "{function}: {:?}", report.error);
    }
    // A function's own error is an error of the call, unless a `Result` is asked for.
    match echo.call::<_, u32>("outcome", (json!({ "Err": "no" }),)) {
        Err(SandboxError::Function { function, value }) => assert_eq!((&*function, value), ("outcome", json!("no"))),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_does_not_fit_says_where() {
    let mut echo = closed(ECHO);
    for (function, value, expected) in [
        ("u8", json!(256), "expected u8, got 256"),
        ("u8", json!(-1), "expected u8, got -1"),
        ("s32", json!("five"), "expected s32, got a text"),
        ("char", json!("ab"), "expected char, got a text that is not one character"),
        ("f64", json!("much"), "expected f64, got a text"),
        ("bool", json!(1), "expected bool, got 1"),
        ("colour-again", json!("pink"), "expected colour, got `pink`, which is none of red, light-green, blue"),
        ("rights-again", json!(["fly"]), "`fly` is none of read, write, run-it"),
        ("shape-again", json!("circle"), "expected shape, got `circle` without the f64 that it holds"),
        (
            "shape-again",
            json!({ "oval": 1 }),
            "`value.oval` in the arguments: expected shape, got `oval`, which is none of circle, unit-square, rounded-square",
        ),
        ("mixed", json!([1, 2]), "expected 3 values, got 2"),
        ("person-again", json!({ "first-name": "Ada" }), "lacks the field `age`"),
        (
            "people",
            json!([{ "first-name": "Ada", "age": 900 }]),
            "`value[0].age` in the arguments: expected u8, got 900",
        ),
        ("string", json!({}), "expected string, got a map"),
    ] {
        let detail = misfit(echo.call(function, vec![(value,)].pop().unwrap()));
        assert!(detail.ends_with(expected), "{function}: {detail}");
    }
    let none: [u8; 0] = [];
    assert_eq!(misfit(echo.call("u8", none)), "expected 1 argument, got 0");
    assert_eq!(misfit(echo.call("u8", (1, 2))), "expected 1 argument, got 2");
    // The instance lives on.
    assert_eq!(echo.call::<_, u8>("u8", 7).unwrap(), 7);
}

#[test]
fn signatures_show_what_wit_says() {
    let echo = closed(ECHO);
    let module = echo.module().unwrap();
    let shown: Vec<String> = module.functions().unwrap().map(ToString::to_string).collect();
    for line in [
        "person-again(value: person) -> person",
        "outcome(value: result<u32, string>) -> result<u32, string>",
        "ages(value: list<tuple<string, u8>>) -> list<tuple<string, u8>>",
        "nothing()",
    ] {
        assert!(shown.iter().any(|one| one == line), "{line} is none of {shown:#?}");
    }
    let schema = module.function("shape-again").unwrap().parameters_schema();
    assert_eq!(schema["properties"]["value"]["oneOf"][1], json!({ "const": "unit-square" }));
}

/// A counter as a resource, in an interface, whose destructor counts too.
const COUNTER: &str = r#"(component
  (core module $store
    (global $dropped (mut i32) (i32.const 0))
    (func (export "drop") (param i32) (global.set $dropped (i32.add (global.get $dropped) (local.get 0))))
    (func (export "dropped") (result i32) (global.get $dropped)))
  (core instance $stored (instantiate $store))
  (type $counter' (resource (rep i32) (dtor (func $stored "drop"))))
  (core func $new (canon resource.new $counter'))
  (core func $rep (canon resource.rep $counter'))
  (core func $forget (canon resource.drop $counter'))
  (core module $code
    (import "" "new" (func $new (param i32) (result i32)))
    (import "" "rep" (func $rep (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "create") (param i32) (result i32) (call $new (local.get 0)))
    (func (export "value") (param i32) (result i32) (local.get 0))
    (func (export "take") (param i32) (result i32) (call $rep (local.get 0)))
    (func (export "flood") (param i32)
      (loop $more (drop (call $new (i32.const 1)))
        (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
        (br_if $more (local.get 0)))))
  (core instance $made (instantiate $code (with "" (instance
    (export "new" (func $new)) (export "rep" (func $rep)) (export "drop" (func $forget))))))
  (component $interface
    (import "counter" (type $counter (sub resource)))
    (import "create" (func $create (param "start" s32) (result (own $counter))))
    (import "value" (func $value (param "self" (borrow $counter)) (result s32)))
    (import "take" (func $take (param "counter" (own $counter)) (result s32)))
    (import "flood" (func $flood (param "count" u32)))
    (import "dropped" (func $dropped (result s32)))
    (export $counter-out "counter" (type $counter))
    (export "[constructor]counter" (func $create) (func (param "start" s32) (result (own $counter-out))))
    (export "[method]counter.value" (func $value) (func (param "self" (borrow $counter-out)) (result s32)))
    (export "[static]counter.take" (func $take) (func (param "counter" (own $counter-out)) (result s32)))
    (export "flood" (func $flood))
    (export "dropped" (func $dropped)))
  (func $create (param "start" s32) (result (own $counter')) (canon lift (core func $made "create")))
  (func $value (param "self" (borrow $counter')) (result s32) (canon lift (core func $made "value")))
  (func $take (param "counter" (own $counter')) (result s32) (canon lift (core func $made "take")))
  (func $flood (param "count" u32) (canon lift (core func $made "flood")))
  (func $dropped (result s32) (canon lift (core func $stored "dropped")))
  (instance $interface (instantiate $interface
    (with "counter" (type $counter')) (with "create" (func $create)) (with "value" (func $value))
    (with "take" (func $take)) (with "flood" (func $flood)) (with "dropped" (func $dropped))))
  (export "acme:shop/counters@1.0.0" (instance $interface)))"#;

#[test]
fn d14_handles_are_one_instances_own() {
    let mut sandbox = closed(COUNTER);
    let counter: u64 = sandbox.call("counter.new", 41).unwrap();
    assert_eq!(sandbox.call::<_, i32>("counter.value", counter).unwrap(), 41);
    assert_eq!(sandbox.call::<_, i32>("acme:shop/counters@1.0.0#[method]counter.value", counter).unwrap(), 41);
    let unknown = |outcome: Result<i32, SandboxError>| match outcome {
        Err(SandboxError::Signature { detail, .. }) => assert!(detail.contains("there is no handle"), "{detail}"),
        other => panic!("{other:?}"),
    };
    // Forged, another instance's, and one that was given away.
    unknown(sandbox.call("counter.value", counter + 1000));
    unknown(closed(COUNTER).call("counter.value", counter));
    assert_eq!(sandbox.call::<_, i32>("counter.take", counter).unwrap(), 41);
    unknown(sandbox.call("counter.take", counter));
    assert_eq!(sandbox.call::<_, i32>("dropped", ()).unwrap(), 0);
}

#[test]
fn d14_a_handle_that_is_dropped_is_gone() {
    let module = closed(COUNTER).module().unwrap().clone();
    let sandbox = WasmSandbox::builder().setup(Setup::default()).build_blocking().unwrap();
    let mut instance = sandbox.create_instance(&module, InstanceConfig::default()).unwrap();
    let counter: u64 = instance.call("counter.new", 7).unwrap();
    instance.drop_handle(counter).unwrap();
    assert_eq!(instance.call::<_, i32>("dropped", ()).unwrap(), 7);
    let again = instance.drop_handle(counter).unwrap_err();
    assert!(again.to_string().contains("there is no handle"), "{again}");
    assert_eq!(instance.call::<_, i32>("dropped", ()).unwrap(), 7);
}

#[test]
fn d14_a_flood_of_handles_ends() {
    let mut sandbox = closed(COUNTER);
    sandbox.call::<_, ()>("flood", 9_000).unwrap();
    assert_eq!(limit(sandbox.call("flood", 1_000_000)), (ResourceKind::Handles, 10_000));
    // The next instance has all of them again.
    sandbox.call::<_, ()>("flood", 9_000).unwrap();
}

fn limit(outcome: Result<(), SandboxError>) -> (ResourceKind, u64) {
    match outcome {
        Err(SandboxError::ResourceExhausted { kind, limit, .. }) => (kind, limit),
        other => panic!("not a limit: {other:?}"),
    }
}

/// Gives back a list of as many texts as it is told, all of which are the same 64 KiB.
const BOMB: &str = r#"(component
  (core module $code
    (memory (export "memory") 32)
    (func (export "bomb") (param $count i32) (result i32)
      (local $at i32)
      (i32.store (i32.const 0) (i32.const 65536)) (i32.store (i32.const 4) (local.get $count))
      (local.set $at (i32.const 65536))
      (loop $more
        (i32.store (local.get $at) (i32.const 1572864)) (i32.store offset=4 (local.get $at) (i32.const 65536))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br_if $more (local.get $count)))
      (i32.const 0))
    (func (export "spin") (loop $more (br $more)))
    (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))
  (core instance $core (instantiate $code))
  (alias core export $core "memory" (core memory $memory))
  (func (export "bomb") (param "count" u32) (result (list string)) (canon lift (core func $core "bomb") (memory $memory)))
  (func (export "spin") (canon lift (core func $core "spin")))
  (func (export "grow") (param "pages" u32) (result s32) (canon lift (core func $core "grow"))))"#;

#[test]
fn d7_values_that_are_more_than_their_guest_ends() {
    let mut sandbox = closed(BOMB);
    assert_eq!(sandbox.call::<_, Vec<String>>("bomb", 100).unwrap().len(), 100);
    // More than a result may have; then more than the host ever holds.
    assert_eq!(limit(sandbox.call::<_, Vec<String>>("bomb", 1000).map(|_| ())), (ResourceKind::Input, 16 << 20));
    assert_eq!(limit(sandbox.call::<_, Vec<String>>("bomb", 100_000).map(|_| ())), (ResourceKind::Memory, 256 << 20));
    assert_eq!(sandbox.call::<_, Vec<String>>("bomb", 1).unwrap()[0].len(), 65536);
}

#[test]
fn a1_a_component_that_never_returns_ends() {
    let policy = InstanceConfig::builder().timeout(std::time::Duration::from_millis(50)).build().unwrap();
    let builder = WasmSandbox::builder().setup(Setup::default()).config(policy).source(wat(BOMB));
    let mut sandbox = builder.build_blocking().unwrap();
    assert_eq!(limit(sandbox.call("spin", ())), (ResourceKind::WallTime, 50));
    assert_eq!(sandbox.call::<_, i32>("grow", 0).unwrap(), 32);
}

#[test]
fn c2_memories_of_a_component_are_summed() {
    let policy = InstanceConfig::builder().memory_limit(4.mb()).build().unwrap();
    let builder = WasmSandbox::builder().setup(Setup::default()).config(policy).source(wat(BOMB));
    let mut sandbox = builder.build_blocking().unwrap();
    assert_eq!(sandbox.call::<_, i32>("grow", 16).unwrap(), 32);
    assert_eq!(sandbox.call::<_, i32>("grow", 64).unwrap(), -1);
}

/// A component whose callee runs for ever in the named places.
fn lingering(realloc: &str, after: &str, dtor: &str) -> String {
    format!(
        r#"(component
  (core module $dtor (func (export "drop") (param i32) {dtor}))
  (core instance $dropper (instantiate $dtor))
  (type $thing' (resource (rep i32) (dtor (func $dropper "drop"))))
  (export $thing "thing" (type $thing'))
  (core func $new (canon resource.new $thing'))
  (core module $code
    (import "" "new" (func $new (param i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) {realloc} (i32.const 64))
    (func (export "after") (param i32) {after})
    (func (export "length") (param i32 i32) (result i32) (i32.store (i32.const 0) (i32.const 64))
      (i32.store (i32.const 4) (local.get 1)) (i32.const 0))
    (func (export "make") (result i32) (call $new (i32.const 1))))
  (core instance $core (instantiate $code (with "" (instance (export "new" (func $new))))))
  (alias core export $core "memory" (core memory $memory))
  (func (export "same") (param "text" string) (result string)
    (canon lift (core func $core "length") (memory $memory) (realloc (func $core "realloc"))
      (post-return (func $core "after"))))
  (func (export "make") (result (own $thing)) (canon lift (core func $core "make"))))"#
    )
}

#[test]
fn a3_loops_beside_the_function_itself_end() {
    const FOR_EVER: &str = "(loop $more (br $more))";
    let policy = InstanceConfig::builder().timeout(std::time::Duration::from_millis(50)).build().unwrap();
    let instance = |text: &str| {
        let module = closed(text).module().unwrap().clone();
        let sandbox = WasmSandbox::builder().setup(Setup::default()).build_blocking().unwrap();
        sandbox.create_instance(&module, policy.clone()).unwrap()
    };
    for (realloc, after) in [(FOR_EVER, ""), ("", FOR_EVER)] {
        let mut guest = instance(&lingering(realloc, after, ""));
        assert_eq!(limit(guest.call::<_, String>("same", "text").map(|_| ())), (ResourceKind::WallTime, 50));
        assert!(guest.ended());
    }
    let mut guest = instance(&lingering("", "", FOR_EVER));
    let thing: u64 = guest.call("make", ()).unwrap();
    assert_eq!(limit(guest.drop_handle(thing)), (ResourceKind::WallTime, 50));
    // The twin that ends in all of these places.
    let mut guest = instance(&lingering("", "", ""));
    assert_eq!(guest.call::<_, String>("same", "text").unwrap(), "text");
    let thing: u64 = guest.call("make", ()).unwrap();
    guest.drop_handle(thing).unwrap();
    assert!(!guest.ended());
}

#[test]
fn c5_instances_of_one_component_are_bounded() {
    let many = |count: usize, code: &str| {
        let instances = "(core instance (instantiate $m))".repeat(count);
        let text = format!("(component (core module $m {code}) {instances})");
        let sandbox = WasmSandbox::builder().setup(Setup::default()).source(wat(&text)).build_blocking()?;
        sandbox.create_instance(sandbox.module()?, InstanceConfig::default()).map(|_| ())
    };
    match many(2000, "") {
        Err(SandboxError::NotRunnable { reason, .. }) => assert!(reason.contains("instances count"), "{reason}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(limit(many(900, "")), (ResourceKind::Instances, 100));
    match many(50, "(memory 1)") {
        Err(SandboxError::NotRunnable { reason, .. }) => {
            assert!(reason.contains("50 Wasm linear memories"), "{reason}")
        }
        other => panic!("{other:?}"),
    }
    match many(70, "(table 1 funcref)") {
        Err(SandboxError::NotRunnable { reason, .. }) => assert!(reason.contains("70 tables"), "{reason}"),
        other => panic!("{other:?}"),
    }
    many(90, "").unwrap();
    many(60, "(table 1 funcref)").unwrap();
    many(8, "(memory 1)").unwrap();
}

/// A component that calls another, which divides.
const NESTED: &str = r#"(component
  (component $divider
    (core module $code (func (export "divide") (param i32 i32) (result i32) (i32.div_u (local.get 0) (local.get 1))))
    (core instance $core (instantiate $code))
    (func (export "divide") (param "a" u32) (param "b" u32) (result u32) (canon lift (core func $core "divide"))))
  (component $sharer
    (import "divide" (func $divide (param "a" u32) (param "b" u32) (result u32)))
    (core func $lowered (canon lower (func $divide)))
    (core module $code
      (import "" "divide" (func $divide (param i32 i32) (result i32)))
      (func (export "share") (param i32 i32) (result i32) (call $divide (local.get 0) (local.get 1))))
    (core instance $core (instantiate $code (with "" (instance (export "divide" (func $lowered))))))
    (func (export "share") (param "sum" u32) (param "people" u32) (result u32) (canon lift (core func $core "share"))))
  (instance $divider (instantiate $divider))
  (instance $sharer (instantiate $sharer (with "divide" (func $divider "divide"))))
  (export "share" (func $sharer "share")))"#;

#[test]
fn d13_a_trap_crosses_components_as_what_it_is() {
    let mut sandbox = closed(NESTED);
    assert_eq!(sandbox.call::<_, u32>("share", (12, 4)).unwrap(), 3);
    match sandbox.call::<_, u32>("share", (12, 0)) {
        Err(SandboxError::WasmRuntime { trap, .. }) => assert_eq!(trap.reason, TrapKind::IntegerDivisionByZero),
        other => panic!("{other:?}"),
    }
    assert_eq!(sandbox.call::<_, u32>("share", (12, 6)).unwrap(), 2);
}

#[test]
fn d9_text_that_is_none_is_a_trap() {
    let broken = BOMB.replace("(i32.const 1572864)", "(i32.const 0)");
    match closed(&broken).call::<_, Vec<String>>("bomb", 200) {
        Err(SandboxError::WasmRuntime { trap, .. }) => assert!(trap.message.contains("utf-8"), "{trap:?}"),
        other => panic!("{:?}", other.map(|texts| texts.len())),
    }
    // Beyond its memory.
    let outside = BOMB.replace("(i32.const 1572864)", "(i32.const 2097152)");
    match closed(&outside).call::<_, Vec<String>>("bomb", 1) {
        Err(SandboxError::WasmRuntime { trap, .. }) => assert!(trap.message.contains("out of bounds"), "{trap:?}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn components_in_an_executor_give_way_and_end() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let builder = WasmSandbox::builder().setup(Setup::default()).source(wat(BOMB));
        let mut sandbox = builder.timeout(std::time::Duration::from_millis(200)).build().await.unwrap();
        assert_eq!(sandbox.call::<_, i32>("grow", 0).await.unwrap(), 32);
        let ticks = async {
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
        };
        let (outcome, ()) = tokio::join!(sandbox.call::<_, ()>("spin", ()), ticks);
        assert_eq!(limit(outcome), (ResourceKind::WallTime, 200));
    });
}

/// A component over a shop of the caller's.
const SHOP: &str = r#"(component
  (import "acme:shop/prices@1.0.0" (instance $prices
    (type $item' (record (field "item-name" string) (field "count" u32)))
    (export "item" (type $item (eq $item')))
    (export "look-up" (func (param "wanted" $item) (result (result f64 (error string)))))
    (export "note" (func (param "text" string)))))
  (core module $memory
    (memory (export "memory") 2)
    (global $free (mut i32) (i32.const 4096))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.set $free (i32.add (global.get $free) (i32.add (local.get 3) (i32.const 16))))
      (i32.and (i32.sub (global.get $free) (local.get 3)) (i32.const -8))))
  (core instance $room (instantiate $memory))
  (alias core export $room "memory" (core memory $mem))
  (alias core export $room "realloc" (core func $realloc))
  (core func $look-up (canon lower (func $prices "look-up") (memory $mem) (realloc $realloc)))
  (core func $note (canon lower (func $prices "note") (memory $mem)))
  (core module $code
    (import "" "look-up" (func $look-up (param i32 i32 i32 i32)))
    (import "" "note" (func $note (param i32 i32)))
    (import "" "memory" (memory 1))
    (func (export "price") (param i32 i32 i32) (result i32)
      (call $note (local.get 0) (local.get 1))
      (call $look-up (local.get 0) (local.get 1) (local.get 2) (i32.const 64))
      (i32.const 64)))
  (core instance $core (instantiate $code (with "" (instance
    (export "look-up" (func $look-up)) (export "note" (func $note)) (export "memory" (memory $mem))))))
  (func (export "price") (param "item" string) (param "count" u32) (result (result f64 (error string)))
    (canon lift (core func $core "price") (memory $mem) (realloc $realloc))))"#;

fn prices() -> Tool {
    let schema = json!({ "type": "object", "required": ["wanted"], "properties": { "wanted": { "type": "object" } } });
    Tool::with_schema("look_up", "the price of so many", schema, |arguments| {
        let (item, count) = (&arguments["wanted"]["item_name"], &arguments["wanted"]["count"]);
        match item.as_str() {
            Some("tea") => Ok(json!(count.as_f64().unwrap_or(0.0) * 2.5)),
            Some("gold") => Err(ToolError::new("the vault's key is 1234")),
            Some("void") => Ok(json!("much")),
            _ => Err(ToolError::told("sold out")),
        }
    })
}

fn notes(into: &Arc<Mutex<Vec<String>>>) -> Tool {
    let into = Arc::clone(into);
    let schema = json!({ "type": "object", "required": ["text"], "properties": { "text": { "type": "string" } } });
    Tool::with_schema("note", "writes down", schema, move |arguments| {
        into.lock().unwrap().push(arguments["text"].as_str().unwrap().to_owned());
        Ok(Value::Null)
    })
}

#[test]
fn tools_serve_what_a_component_imports() {
    let noted = Arc::default();
    let builder = WasmSandbox::builder().setup(Setup::default()).source(wat(SHOP)).tool(prices()).tool(notes(&noted));
    let mut sandbox = builder.build_blocking().unwrap();
    assert_eq!(sandbox.call::<_, f64>("price", ("tea", 4)).unwrap(), 10.0);
    let failed = sandbox.call::<_, Result<f64, String>>("price", ("milk", 1)).unwrap().unwrap_err();
    assert_eq!(failed, "the tool `look_up` failed: sold out");
    let failed = sandbox.call::<_, Result<f64, String>>("price", ("gold", 1)).unwrap().unwrap_err();
    assert_eq!(failed, "the tool `look_up` failed", "what the caller did not tell stays with it");
    assert_eq!(*noted.lock().unwrap(), ["tea", "milk", "gold"]);
    let report = sandbox.call_words("price", &["tea".to_owned(), "2".to_owned()]).unwrap();
    assert_eq!(report.result.value, Some(json!(5.0)));
    let calls: Vec<&str> = report.result.tool_calls.iter().map(|call| call.name.as_str()).collect();
    assert_eq!(calls, ["note", "look_up"]);
    match sandbox.call::<_, Result<f64, String>>("price", ("void", 1)) {
        Err(SandboxError::WasmRuntime { trap, .. }) => {
            assert!(trap.message.contains("gave back something else"), "{trap:?}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_component_without_its_tools_says_which() {
    let builder = || WasmSandbox::builder().setup(Setup::default()).source(wat(SHOP));
    let mut sandbox = builder().tool(prices()).build_blocking().unwrap();
    let error = sandbox.call::<_, f64>("price", ("tea", 1)).unwrap_err().to_string();
    assert!(error.contains("`acme:shop/prices@1.0.0#note`, for which there is no tool"), "{error}");
    assert!(error.contains("register one named `note` that takes what `note(text: string)` says"), "{error}");
    let unused = WasmSandbox::builder().setup(Setup::default()).source(wat(ECHO)).tool(prices()).build_blocking();
    let unused = unused.err().unwrap().to_string();
    assert!(unused.contains("imports no function that a tool could serve"), "{unused}");
}

#[test]
fn a9_a_tool_that_hangs_ends_with_its_component() {
    let (begun, ended) = std::sync::mpsc::channel::<()>();
    let ended = Mutex::new(ended);
    let schema = json!({ "type": "object" });
    let hang = Tool::with_schema("look_up", "never ends", schema, move |_| {
        let _ = ended.lock().unwrap().recv();
        Ok(json!(1.0))
    });
    let builder =
        WasmSandbox::builder().setup(Setup::default()).source(wat(SHOP)).tool(hang).tool(notes(&Arc::default()));
    let mut sandbox = builder.timeout(std::time::Duration::from_millis(100)).build_blocking().unwrap();
    assert_eq!(limit(sandbox.call::<_, f64>("price", ("tea", 1)).map(|_| ())), (ResourceKind::WallTime, 100));
    drop(begun);
}

#[test]
fn typed_handles_carry_what_rust_has() {
    let mut echo = closed(ECHO);
    let mut string = echo.component_function::<(String,), (String,)>("string").unwrap();
    assert_eq!(string.call(("grüße".to_owned(),)).unwrap().0, "grüße");
    let mut floats = echo.component_function::<(Vec<f64>,), (Vec<f64>,)>("floats").unwrap();
    assert_eq!(floats.call((vec![1.5; 1000],)).unwrap().0, vec![1.5; 1000]);
    type Outcome = Result<u32, String>;
    let mut outcome = echo.component_function::<(Outcome,), (Outcome,)>("outcome").unwrap();
    assert_eq!(outcome.call((Err("no".to_owned()),)).unwrap().0, Err("no".to_owned()));
    echo.component_function::<(), ()>("nothing").unwrap().call(()).unwrap();
    match echo.component_function::<(u64,), (u32,)>("u32").map(|_| ()) {
        Err(SandboxError::Signature { signature, .. }) => assert_eq!(signature, "u32(value: u32) -> u32"),
        other => panic!("{other:?}"),
    }
    let mut bombs = closed(BOMB);
    let mut bomb = bombs.component_function::<(u32,), (Vec<String>,)>("bomb").unwrap();
    assert_eq!(bomb.call((2,)).unwrap().0.len(), 2);
    assert_eq!(limit(bomb.call((100_000,)).map(|_| ())), (ResourceKind::Memory, 256 << 20));
    let policy = InstanceConfig::builder().timeout(std::time::Duration::from_millis(50)).build().unwrap();
    let builder = WasmSandbox::builder().setup(Setup::default()).config(policy).source(wat(BOMB));
    let mut sandbox = builder.build_blocking().unwrap();
    let mut spin = sandbox.component_function::<(), ()>("spin").unwrap();
    assert_eq!(limit(spin.call(())), (ResourceKind::WallTime, 50));
    assert!(matches!(spin.call(()), Err(SandboxError::Ended { .. })));
}

#[test]
fn c11_a_component_takes_a_place_for_each_of_its_memories() {
    let memories = |count: usize| {
        let instances = "(core instance (instantiate $m))".repeat(count);
        format!("(component (core module $m (memory 0)) {instances})")
    };
    let setup = Setup::default().max_sandboxes(5);
    let sandbox = WasmSandbox::builder().setup(setup.clone()).source(wat(&memories(2))).build_blocking().unwrap();
    let make = || sandbox.create_instance(sandbox.module().unwrap(), InstanceConfig::default());
    let (_first, second) = (make().unwrap(), make().unwrap());
    assert_eq!(limit(make().map(|_| ())), (ResourceKind::Sandboxes, 5));
    drop(second);
    make().unwrap();
}

#[test]
fn d7_sets_of_flags_weigh_what_they_do_on_the_host() {
    let names: Vec<String> = (0..32).map(|index| format!("\"f{index}\"")).collect();
    let text = format!(
        r#"(component
  (core module $code (memory (export "memory") 64)
    (func (export "sets") (param $count i32) (result i32)
      (memory.fill (i32.const 64) (i32.const 255) (i32.mul (local.get $count) (i32.const 4)))
      (i32.store (i32.const 0) (i32.const 64)) (i32.store (i32.const 4) (local.get $count)) (i32.const 0)))
  (core instance $core (instantiate $code)) (alias core export $core "memory" (core memory $memory))
  (type $set' (flags {})) (export $set "set" (type $set'))
  (func (export "numbers") (param "count" u32) (result (list u32)) (canon lift (core func $core "sets") (memory $memory)))
  (func (export "sets") (param "count" u32) (result (list $set)) (canon lift (core func $core "sets") (memory $memory))))"#,
        names.join(" ")
    );
    let mut sandbox = closed(&text);
    // What comes after a call that carried sets is bounded as it is by itself.
    sandbox.call::<_, Value>("sets", 1).unwrap();
    let mut numbers = sandbox.component_function::<(u32,), (Vec<u32>,)>("numbers").unwrap();
    assert_eq!(numbers.call((1_000_000,)).unwrap().0.len(), 1_000_000);
    assert_eq!(sandbox.call::<_, Vec<Vec<String>>>("sets", 100).unwrap()[99].len(), 32);
    let many = sandbox.call::<_, Value>("sets", 1_000_000).map(|_| ());
    assert_eq!(limit(many), (ResourceKind::Memory, 256 << 20));
    // Fewer than the host may hold, and more than a result may be.
    assert_eq!(limit(sandbox.call::<_, Value>("sets", 32_000).map(|_| ())), (ResourceKind::Input, 16 << 20));
}

#[test]
fn d16_arguments_are_no_longer_than_input_may_be() {
    let limits = wasm_sandbox::ResourceLimits { input: 64.kb(), ..Default::default() };
    let policy = InstanceConfig::builder().limits(limits).build().unwrap();
    let builder = WasmSandbox::builder().setup(Setup::default()).config(policy).source(wat(ECHO));
    let mut echo = builder.build_blocking().unwrap();
    assert_eq!(limit(echo.call("string", "x".repeat(100_000))), (ResourceKind::Input, 64 << 10));
    assert_eq!(limit(echo.call("bytes", (vec![0_u8; 100_000],))), (ResourceKind::Input, 64 << 10));
    assert_eq!(echo.call::<_, String>("string", "x".repeat(60_000)).unwrap().len(), 60_000);
}

#[test]
fn d14_a_handle_of_another_type_is_refused_and_kept() {
    const TWO: &str = r#"(component
  (type $cup' (resource (rep i32))) (export $cup "cup" (type $cup'))
  (type $hat' (resource (rep i32))) (export $hat "hat" (type $hat'))
  (core func $new-cup (canon resource.new $cup'))
  (core func $new-hat (canon resource.new $hat'))
  (core module $code
    (import "" "cup" (func $cup (param i32) (result i32)))
    (import "" "hat" (func $hat (param i32) (result i32)))
    (func (export "make-cup") (result i32) (call $cup (i32.const 1)))
    (func (export "make-hat") (result i32) (call $hat (i32.const 2)))
    (func (export "wear") (param i32)))
  (core instance $core (instantiate $code (with "" (instance
    (export "cup" (func $new-cup)) (export "hat" (func $new-hat))))))
  (func (export "make-cup") (result (own $cup)) (canon lift (core func $core "make-cup")))
  (func (export "make-hat") (result (own $hat)) (canon lift (core func $core "make-hat")))
  (func (export "wear") (param "hat" (own $hat)) (canon lift (core func $core "wear"))))"#;
    let mut sandbox = closed(TWO);
    let cup: u64 = sandbox.call("make-cup", ()).unwrap();
    let hat: u64 = sandbox.call("make-hat", ()).unwrap();
    match sandbox.call::<_, ()>("wear", cup) {
        Err(SandboxError::Signature { detail, .. }) => {
            assert!(detail.contains("something of another type"), "{detail}")
        }
        other => panic!("{other:?}"),
    }
    sandbox.call::<_, ()>("wear", hat).unwrap();
}

#[test]
fn names_of_types_come_from_imports_too() {
    let text = r#"(component
  (import "acme:paint/types" (instance $types
    (type $colour' (enum "red" "blue")) (export "colour" (type (eq $colour')))))
  (alias export $types "colour" (type $colour))
  (core module $code (func (export "f") (param i32) (result i32) (local.get 0)))
  (core instance $core (instantiate $code))
  (func (export "next") (param "of" $colour) (result $colour) (canon lift (core func $core "f"))))"#;
    let mut sandbox = closed(text);
    assert_eq!(sandbox.module().unwrap().function("next").unwrap().to_string(), "next(of: colour) -> colour");
    assert_eq!(sandbox.call::<_, String>("next", "blue").unwrap(), "blue");
}

#[test]
fn a10_those_that_are_left_in_the_middle_hold_nobody_up() {
    const SPINS: &str = r#"(component
  (core module $code
    (func $short (param i32) (local $n i32)
      (local.set $n (local.get 0))
      (loop $more (br_if $more (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
    (func $start (call $short (i32.const 30000000)))
    (start $start)
    (func (export "spin") (loop $more (br $more)))
    (func (export "short") (call $short (i32.const 100000000))))
  (core instance $core (instantiate $code))
  (func (export "spin") (canon lift (core func $core "spin")))
  (func (export "short") (canon lift (core func $core "short"))))"#;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let sandbox = WasmSandbox::builder().setup(Setup::default()).source(wat(SPINS)).build().await.unwrap();
        let module = sandbox.module().unwrap();
        let mut left = Vec::new();
        for _ in 0..2 * processors {
            // One that ran for some ticks as it started, and one whose call is given up.
            left.push(sandbox.create_instance(module, InstanceConfig::default()).await.unwrap());
            let mut dropped = sandbox.create_instance(module, InstanceConfig::default()).await.unwrap();
            let spin = dropped.call::<_, ()>("spin", ());
            assert!(tokio::time::timeout(std::time::Duration::from_millis(30), spin).await.is_err());
            left.push(dropped);
        }
        let policy = InstanceConfig::builder().timeout(std::time::Duration::from_secs(5)).build().unwrap();
        let mut next = sandbox.create_instance(module, policy).await.unwrap();
        next.call::<_, ()>("short", ()).await.unwrap();
        assert_eq!(left.len(), 4 * processors);
    });
}

#[test]
fn host_functions_are_no_grant_to_a_component() {
    let builder = WasmSandbox::builder().setup(Setup::default()).source(wat(ECHO));
    let mut sandbox =
        builder.host_function("host", "triple", |_, (number,): (i32,)| Ok(3 * number)).build_blocking().unwrap();
    let refused = sandbox.call::<_, u32>("u32", 1).unwrap_err().to_string();
    assert!(refused.contains("`triple` does nothing: components import no such functions"), "{refused}");
}

#[test]
fn a_type_that_is_named_from_outside_has_its_name_and_is_no_import() {
    let text = r#"(component (type $shape (record (field "x" f64))) (import "shape" (type $named (eq $shape)))
        (core module $m (func (export "f") (param f64) (result f64) local.get 0)) (core instance $i (instantiate $m))
        (func (export "f") (param "s" $named) (result f64) (canon lift (core func $i "f"))))"#;
    let mut sandbox = WasmSandbox::builder().setup(Setup::default()).source(wat(text)).build_blocking().unwrap();
    assert_eq!(sandbox.call::<_, f64>("f", (json!({ "x": 1.5 }),)).unwrap(), 1.5);
    assert_eq!(sandbox.module().unwrap().imports(), []);
    let shown: Vec<String> = sandbox.module().unwrap().functions().unwrap().map(ToString::to_string).collect();
    assert_eq!(shown, ["f(s: shape) -> f64"]);
}

#[test]
fn what_the_engine_cannot_do_well_is_refused_by_its_name() {
    let asynchronous = "it uses streams, futures or asynchronous functions";
    for (text, named) in [
        (r#"(component (type $s (stream u8)) (import "pour" (func (param "s" $s))))"#, asynchronous),
        (r#"(component (type $f (future u8)) (import "later" (func (result $f))))"#, asynchronous),
        (r#"(component (import "why" (func (param "e" error-context))))"#, "it uses error contexts, which is refused"),
    ] {
        let error = WasmSandbox::builder().setup(Setup::default()).source(wat(text)).build_blocking().err().unwrap();
        assert!(error.to_string().contains(named), "{error}");
    }
}
