//! What the WIT of components says of their functions.

use serde_json::{Value, json};
use wasm_sandbox::{Setup, WasmSandbox, blocking};

/// A component whose functions are exported by themselves, in an interface of a package, and in one of its world's own; with
/// what is said of them.
fn component(section: &[u8], interfaces: usize) -> blocking::WasmSandbox {
    let section: String = section.iter().map(|byte| format!("\\{byte:02x}")).collect();
    let more: String =
        (0..interfaces).map(|patch| format!("(export \"acme:shop/cart@2.0.{patch}\" (instance $cart))")).collect();
    let text = format!(
        r#"(component
            (core module $code (func (export "f") (param i32) (result i32) (local.get 0)))
            (core instance $core (instantiate $code))
            (func $f (param "of" u32) (result u32) (canon lift (core func $core "f")))
            (instance $cart (export "add" (func $f)))
            (instance $own (export "count" (func $f)))
            (export "acme:shop/cart@1.0.0" (instance $cart))
            (export "own" (instance $own))
            (export "next" (func $f))
            {more}
            (@custom "package-docs" "{section}"))"#
    );
    WasmSandbox::builder().setup(Setup::default()).source(text.as_bytes()).build_blocking().unwrap()
}

fn section(version: u8, said: &Value) -> Vec<u8> {
    [vec![version], said.to_string().into_bytes()].concat()
}

fn doc(component: &blocking::WasmSandbox, function: &str) -> Option<String> {
    component.module().unwrap().function(function).unwrap().doc.clone()
}

#[test]
fn functions_of_a_component_are_documented() {
    let said = |add: Value| {
        json!({
            "docs": "a shop",
            "worlds": { "shop": {
                "func_exports": { "next": { "docs": "The next one.\n\nAnd no other.", "stability": "Unknown" } },
                "funcs": { "next": "that of an import" },
                "interface_exports": { "own": { "docs": "its own", "funcs": { "count": { "docs": "How many." } } } },
            } },
            "interfaces": { "cart": { "docs": "a cart", "types": {}, "funcs": { "add": add } } },
        })
    };
    for (version, add) in [(1, json!({ "docs": "Adds." })), (0, json!("Adds."))] {
        let component = component(&section(version, &said(add)), 0);
        assert_eq!(doc(&component, "next").as_deref(), Some("The next one.\n\nAnd no other."));
        assert_eq!(doc(&component, "add").as_deref(), Some("Adds."));
        assert_eq!(doc(&component, "count").as_deref(), Some("How many."));
    }
}

/// What is said costs no more than it should, and what cannot be read says nothing; the component is as good as without.
#[test]
fn what_is_said_of_a_component_is_bounded() {
    let cart = |text: &str| section(1, &json!({ "interfaces": { "cart": { "funcs": { "add": { "docs": text } } } } }));
    let deep = [b"\x01".to_vec(), b"[".repeat(100_000)].concat();
    for unreadable in [&b""[..], b"\x01", b"\x01{", b"\x01[]", b"\x07{}", &deep, &section(1, &json!({ "worlds": 5 }))] {
        let mut component = component(unreadable, 0);
        assert_eq!(doc(&component, "add"), None);
        assert_eq!(component.call::<_, u32>("add", 7).unwrap(), 7);
    }
    assert_eq!(doc(&component(&cart(&"x".repeat(1 << 20)), 0), "add"), None);
    // What hundreds of functions share is given to as many of them as there is room for.
    let text = "x".repeat(10_000);
    let component = component(&cart(&text), 900);
    let docs: Vec<&str> =
        component.module().unwrap().functions().unwrap().filter_map(|one| one.doc.as_deref()).collect();
    assert_eq!((docs.len(), docs[0]), ((1 << 20) / text.len(), text.as_str()));
}
