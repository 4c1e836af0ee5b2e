//! Components made of components: values with memory of their own go between them.

use wasm_sandbox::SandboxError;

use crate::closed;

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
