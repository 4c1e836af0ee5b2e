//! Components made of components: values with memory of their own go between them.

use wasm_sandbox::{InstanceConfig, ResourceKind, SandboxError, Setup, WasmSandbox};

use crate::{closed, wat};

/// Asks for its text to be echoed, which is UTF-8 here and in this encoding there.
fn echo(encoding: &str) -> String {
    format!(
        r#"(component
  (component $echo
    (core module $code
      (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
      (func (export "echo") (param i32 i32) (result i32)
        (i32.store (i32.const 0) (local.get 0)) (i32.store (i32.const 4) (local.get 1)) (i32.const 0)))
    (core instance $core (instantiate $code))
    (func (export "echo") (param "text" string) (result string)
      (canon lift (core func $core "echo") (memory $core "memory") (realloc (func $core "realloc"))
        string-encoding={encoding})))
  (component $asker
    (import "echo" (func $echo (param "text" string) (result string)))
    (core module $memory
      (memory (export "memory") 1)
      (data (i32.const 16) "grüße")
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 2048)))
    (core instance $memory (instantiate $memory))
    (core func $lowered
      (canon lower (func $echo) (memory $memory "memory") (realloc (func $memory "realloc"))))
    (core module $code
      (import "" "echo" (func $echo (param i32 i32 i32)))
      (func (export "ask") (param i32 i32) (result i32)
        (call $echo (local.get 0) (local.get 1) (i32.const 64)) (i32.const 64)))
    (core instance $core (instantiate $code (with "" (instance (export "echo" (func $lowered))))))
    (func (export "ask") (param "at" u32) (param "bytes" u32) (result string)
      (canon lift (core func $core "ask") (memory $memory "memory"))))
  (instance $there (instantiate $echo))
  (instance $here (instantiate $asker (with "echo" (func $there "echo"))))
  (export "ask" (func $here "ask")))"#
    )
}

#[test]
fn texts_go_between_components_in_every_encoding() {
    for encoding in ["utf8", "utf16", "latin1+utf16"] {
        let mut sandbox = closed(&echo(encoding));
        assert_eq!(sandbox.call::<_, String>("ask", (16, 7)).unwrap(), "grüße", "{encoding}");
        assert_eq!(sandbox.call::<_, String>("ask", (16, 0)).unwrap(), "", "{encoding}");
    }
}

#[test]
fn d9_what_a_component_says_of_its_memory_to_another_is_checked() {
    for encoding in ["utf8", "utf16", "latin1+utf16"] {
        let mut sandbox = closed(&echo(encoding));
        for (at, bytes, why) in [
            (65_533, 7, "string content out-of-bounds"),
            (u32::MAX, 1, "string content out-of-bounds"),
            (16, u32::MAX, "string content out-of-bounds"),
            // In the middle of a letter.
            (19, 2, "utf"),
        ] {
            match sandbox.call::<_, String>("ask", (at, bytes)) {
                Err(SandboxError::WasmRuntime { trap, .. }) => {
                    assert!(trap.message.to_lowercase().contains(why), "{encoding} {at}: {}", trap.message);
                }
                other => panic!("{encoding} {at} {bytes}: {other:?}"),
            }
        }
        assert_eq!(sandbox.call::<_, String>("ask", (16, 7)).unwrap(), "grüße", "{encoding}");
    }
}

/// Passes a list of so many texts, all of them the same megabyte, to one that puts them all in the same place.
const FLOOD: &str = r#"(component
  (component $taker
    (core module $code
      (memory (export "memory") 64)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1048576))
      (func (export "take") (param i32 i32)))
    (core instance $core (instantiate $code))
    (func (export "take") (param "texts" (list string))
      (canon lift (core func $core "take") (memory $core "memory") (realloc (func $core "realloc"))
        string-encoding=utf16)))
  (component $giver
    (import "take" (func $take (param "texts" (list string))))
    (core module $memory (memory (export "memory") 64))
    (core instance $memory (instantiate $memory))
    (core func $lowered (canon lower (func $take) (memory $memory "memory")))
    (core module $code
      (import "" "memory" (memory 64))
      (import "" "take" (func $take (param i32 i32)))
      (func (export "give") (param $count i32) (local $at i32)
        (local.set $at (local.get $count))
        (loop $more
          (local.set $at (i32.sub (local.get $at) (i32.const 1)))
          (i32.store (i32.add (i32.const 1048576) (i32.shl (local.get $at) (i32.const 3))) (i32.const 0))
          (i32.store (i32.add (i32.const 1048580) (i32.shl (local.get $at) (i32.const 3))) (i32.const 1048576))
          (br_if $more (local.get $at)))
        (call $take (i32.const 1048576) (local.get $count))))
    (core instance $core (instantiate $code (with "" (instance
      (export "memory" (memory $memory "memory")) (export "take" (func $lowered))))))
    (func (export "give") (param "count" u32) (canon lift (core func $core "give"))))
  (instance $there (instantiate $taker))
  (instance $here (instantiate $giver (with "take" (func $there "take"))))
  (export "give" (func $here "give")))"#;

#[test]
fn a3_a_flood_of_texts_between_components_ends_with_its_time() {
    let policy = InstanceConfig::builder().timeout(std::time::Duration::from_millis(200)).build().unwrap();
    let builder = WasmSandbox::builder().setup(Setup::default()).config(policy).source(wat(FLOOD));
    let mut sandbox = builder.build_blocking().unwrap();
    match sandbox.call::<_, ()>("give", 300_000) {
        Err(SandboxError::ResourceExhausted { kind, .. }) => assert_eq!(kind, ResourceKind::WallTime),
        other => panic!("{other:?}"),
    }
    closed(FLOOD).call::<_, ()>("give", 2).unwrap();
}
