//! Components that lie about what they are, and callers that mix things up.

use serde_json::{Value, json};
use wasm_sandbox::{
    Ending, ErrorCode, InstanceConfig, ResourceKind, SandboxError, Setup, Tool, TrapKind, WasmSandbox,
    WasmSandboxBuilder,
};

use crate::{closed, wat};

fn builder(text: &str) -> WasmSandboxBuilder {
    WasmSandbox::builder().setup(Setup::default()).source(wat(text))
}

/// A component with an interface of WASI's that has one function, or none.
fn exporting(interface: &str, function: &str) -> String {
    format!(
        r#"(component (core module $m (func (export "none")) (func (export "one") (result i32) (i32.const 0))
            (func (export "id") (param i32) (result i32) (local.get 0)))
        (core instance $i (instantiate $m)) {function} (export "{interface}" (instance $it)))"#
    )
}

#[test]
fn a_program_is_one_by_its_type_too() {
    let run = |kind: &str, core: &str| {
        let function =
            format!(r#"(func $f {kind} (canon lift (core func $i "{core}"))) (instance $it (export "run" (func $f)))"#);
        exporting("wasi:cli/run@0.2.0", &function)
    };
    let others = [
        run(r#"(param "x" u32) (result u32)"#, "id"),
        run("", "none"),
        run("(result u32)", "one"),
        exporting("wasi:cli/run@0.2.0", "(instance $it)"),
    ];
    for text in others {
        let sandbox = builder(&text).build_blocking().unwrap();
        let module = sandbox.module().unwrap();
        assert!(!module.is_program());
        let left_out = module.left_out().unwrap()[0].to_string();
        assert_eq!(left_out, "wasi:cli/run@0.2.0#run: it is not there, or of another type than WASI's");
        let error = sandbox.execute::<[String; 0]>([]).unwrap_err();
        assert_eq!(error.code(), ErrorCode::NotRunnable, "{error}");
    }
    let result = closed(&run("(result (result))", "one")).execute::<[String; 0]>([]).unwrap();
    assert_eq!(result.ending, Ending::Exit { code: 0 });
}

#[test]
fn a_handler_is_one_by_its_type_too() {
    let function = r#"(func $f (param "x" u32) (result u32) (canon lift (core func $i "id")))
        (instance $it (export "handle" (func $f)))"#;
    let sandbox = closed(&exporting("wasi:http/incoming-handler@0.2.0", function));
    assert!(!sandbox.module().unwrap().is_http_handler());
}

/// Two resources; `wear` takes hats in all kinds of things. Its destructor of hats ends as it is told.
fn wardrobe(dtor: &str) -> String {
    format!(
        r#"(component
  (core module $d (func (export "drop") (param i32) {dtor}))
  (core instance $d (instantiate $d))
  (type $cup' (resource (rep i32))) (export $cup "cup" (type $cup'))
  (type $hat' (resource (rep i32) (dtor (func $d "drop")))) (export $hat "hat" (type $hat'))
  (core func $new-cup (canon resource.new $cup'))
  (core func $new-hat (canon resource.new $hat'))
  (core module $code
    (import "" "cup" (func $cup (param i32) (result i32)))
    (import "" "hat" (func $hat (param i32) (result i32)))
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
    (func (export "make-cup") (result i32) (call $cup (i32.const 1)))
    (func (export "make-hat") (result i32) (call $hat (i32.const 2)))
    (func (export "some") (param i32 i32))
    (func (export "pair") (param i32 i32))
    (func (export "many") (param i32 i32)))
  (core instance $core (instantiate $code (with "" (instance
    (export "cup" (func $new-cup)) (export "hat" (func $new-hat))))))
  (func (export "make-cup") (result (own $cup)) (canon lift (core func $core "make-cup")))
  (func (export "make-hat") (result (own $hat)) (canon lift (core func $core "make-hat")))
  (func (export "some") (param "hat" (option (own $hat))) (canon lift (core func $core "some")))
  (func (export "pair") (param "pair" (tuple u32 (own $hat))) (canon lift (core func $core "pair")))
  (func (export "many") (param "hats" (list (own $hat)))
    (canon lift (core func $core "many") (memory $core "memory") (realloc (func $core "realloc")))))"#
    )
}

#[test]
fn d14_a_handle_of_another_type_within_a_value_is_refused_and_kept() {
    let mut sandbox = closed(&wardrobe(""));
    let cup: u64 = sandbox.call("make-cup", ()).unwrap();
    let arguments = |handle: u64| [("some", json!(handle)), ("pair", json!([7, handle])), ("many", json!([handle]))];
    for (function, argument) in arguments(cup) {
        match sandbox.call::<_, Value>(function, (argument,)) {
            Err(SandboxError::Signature { detail, .. }) => {
                assert!(detail.contains("something of another type"), "{detail}");
            }
            other => panic!("{function}: {other:?}"),
        }
    }
    for place in 0..3 {
        let hat: u64 = sandbox.call("make-hat", ()).unwrap();
        let (function, argument) = arguments(hat)[place].clone();
        sandbox.call::<_, Value>(function, (argument,)).unwrap();
    }
}

#[test]
fn d13_a_destructor_that_traps_ends_its_instance() {
    let dropped = |dtor: &str| {
        let sandbox = closed(&wardrobe(dtor));
        let mut instance = sandbox.create_instance(sandbox.module().unwrap(), InstanceConfig::default()).unwrap();
        let hat: u64 = instance.call("make-hat", ()).unwrap();
        (instance.drop_handle(hat), instance.call::<_, u64>("make-hat", ()).map(|_| ()))
    };
    let (trapped, after) = dropped("unreachable");
    match trapped {
        Err(SandboxError::WasmRuntime { trap, .. }) => assert_eq!(trap.reason, TrapKind::Unreachable),
        other => panic!("{other:?}"),
    }
    assert_eq!(after.unwrap_err().code(), ErrorCode::Ended);
    let (done, after) = dropped("");
    done.unwrap();
    after.unwrap();
}

/// Imports a function of each of two interfaces, by the same name.
const TWINS: &str = r#"(component
  (import "acme:one/numbers" (instance $one (export "give" (func (result u32)))))
  (import "acme:two/numbers" (instance $two (export "give" (func (result u32)))))
  (core func $one (canon lower (func $one "give")))
  (core func $two (canon lower (func $two "give")))
  (core module $code
    (import "" "one" (func $one (result i32)))
    (import "" "two" (func $two (result i32)))
    (func (export "both") (result i32) (i32.add (i32.mul (call $one) (i32.const 10)) (call $two))))
  (core instance $core (instantiate $code (with "" (instance
    (export "one" (func $one)) (export "two" (func $two))))))
  (func (export "both") (result u32) (canon lift (core func $core "both"))))"#;

fn giver(interfaces: &[(&str, u32)]) -> String {
    let parts: String = interfaces
        .iter()
        .map(|(interface, number)| {
            format!(
                r#"(core module $m{number} (func (export "f") (result i32) (i32.const {number})))
                (core instance $c{number} (instantiate $m{number}))
                (func $f{number} (result u32) (canon lift (core func $c{number} "f")))
                (instance $i{number} (export "give" (func $f{number})))
                (export "{interface}" (instance $i{number}))"#
            )
        })
        .collect();
    format!("(component {parts})")
}

#[test]
fn imports_of_one_name_are_not_served_by_each_others_functions() {
    let linked = |interfaces: &[(&str, u32)]| {
        let provider = builder(&giver(interfaces)).build_blocking().unwrap();
        builder(TWINS).link(provider).build_blocking()
    };
    match linked(&[("acme:one/numbers", 1), ("acme:two/numbers", 2)]).map(drop) {
        Err(SandboxError::Configuration { problems }) => {
            let message = &problems[0].message;
            assert!(
                message.contains("`acme:one/numbers#give` and `acme:two/numbers#give` are both called `give`"),
                "{message}"
            );
        }
        other => panic!("{other:?}"),
    }
    // One function for both is what was asked for, from a component or as a tool.
    assert_eq!(linked(&[("acme:one/numbers", 1)]).unwrap().call::<_, u32>("both", ()).unwrap(), 11);
    let tool = Tool::with_schema("give", "a number", json!({ "type": "object" }), |_| Ok(json!(3)));
    assert_eq!(builder(TWINS).tool(tool).build_blocking().unwrap().call::<_, u32>("both", ()).unwrap(), 33);
}

#[test]
fn imports_that_json_cannot_say_are_refused() {
    let text = |kind: &str| format!(r#"(component (import "look" (func (param "at" {kind}))))"#);
    let look = || Tool::with_schema("look", "looks", json!({ "type": "object" }), |_| Ok(Value::Null));
    let mut sandbox = builder(&text("(option (option u32))")).build_blocking().unwrap();
    let error = sandbox.call::<_, ()>("f", ()).unwrap_err().to_string();
    assert!(error.contains("an import cannot be provided: look: it passes options of options"), "{error}");
    builder(&text("(option u32)")).tool(look()).build_blocking().unwrap();
}

#[test]
fn d14_handles_that_a_caller_collects_are_bounded() {
    let mut sandbox = closed(&wardrobe(""));
    let refused = (0..20_000).find_map(|_| sandbox.call::<_, u64>("make-hat", ()).err()).unwrap();
    assert!(matches!(refused, SandboxError::ResourceExhausted { kind: ResourceKind::Handles, .. }), "{refused:?}");
    sandbox.call::<_, u64>("make-hat", ()).unwrap();
}

/// Gives a resource of the host's to its caller, and takes it back.
const TIMERS: &str = r#"(component
  (import "wasi:io/poll@0.2.0" (instance $poll (export "pollable" (type $p (sub resource)))
    (export "[method]pollable.ready" (func (param "self" (borrow $p)) (result bool)))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable (type $p'))
    (export "pollable" (type $p (eq $p')))
    (export "subscribe-duration" (func (param "when" u64) (result (own $p))))))
  (core func $subscribe (canon lower (func $clock "subscribe-duration")))
  (core func $ready (canon lower (func $poll "[method]pollable.ready")))
  (core func $drop (canon resource.drop $pollable))
  (core module $code
    (import "" "subscribe" (func $subscribe (param i64) (result i32)))
    (import "" "ready" (func $ready (param i32) (result i32)))
    (import "" "drop" (func $drop (param i32)))
    (func (export "make") (param i64) (result i32) (call $subscribe (local.get 0)))
    (func (export "ready") (param i32) (result i32) (local $is i32)
      (local.set $is (call $ready (local.get 0))) (call $drop (local.get 0)) (local.get $is))
    (func (export "keep") (param i32)))
  (core instance $core (instantiate $code (with "" (instance
    (export "subscribe" (func $subscribe)) (export "ready" (func $ready)) (export "drop" (func $drop))))))
  (func (export "make") (param "after" u64) (result (own $pollable)) (canon lift (core func $core "make")))
  (func (export "ready") (param "it" (borrow $pollable)) (result bool) (canon lift (core func $core "ready")))
  (func (export "keep") (param "it" (borrow $pollable)) (canon lift (core func $core "keep"))))"#;

#[test]
fn d14_a_resource_of_the_hosts_in_a_callers_hands_is_one_like_others() {
    let sandbox = closed(TIMERS);
    let make = || sandbox.create_instance(sandbox.module().unwrap(), InstanceConfig::default()).unwrap();
    let mut instance = make();
    let timer: u64 = instance.call("make", 0_u64).unwrap();
    for _ in 0..2 {
        assert!(instance.call::<_, bool>("ready", timer).unwrap());
    }
    let refused = make().call::<_, bool>("ready", timer).unwrap_err();
    assert_eq!(refused.code(), ErrorCode::Signature, "{refused}");
    instance.drop_handle(timer).unwrap();
    assert_eq!(instance.drop_handle(timer).unwrap_err().code(), ErrorCode::Signature);
    assert_eq!(instance.call::<_, bool>("ready", timer).unwrap_err().code(), ErrorCode::Signature);
    // What is lent is given back.
    let timer: u64 = instance.call("make", 0_u64).unwrap();
    match instance.call::<_, ()>("keep", timer) {
        Err(SandboxError::WasmRuntime { trap, .. }) => assert!(trap.message.contains("borrow handles"), "{trap:?}"),
        other => panic!("{other:?}"),
    }
    // As many as there may be, and no more.
    let mut instance = make();
    let refused = (0..20_000).find_map(|_| instance.call::<_, u64>("make", 0_u64).err()).unwrap();
    assert!(matches!(refused, SandboxError::ResourceExhausted { kind: ResourceKind::Handles, .. }), "{refused:?}");
}
