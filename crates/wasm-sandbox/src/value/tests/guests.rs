//! Guests that give wrong buffers and answers: each is an error with a name, and the twin that tells the truth works.

use std::collections::BTreeMap;

use futures::FutureExt;
use rand_chacha::rand_core::RngCore;
use serde_json::{Value, json};
use wasm_sandbox_policy::{ResourceKind, SandboxError};

use super::{random::seeded, signature};
use crate::value::{Abi, Arguments, Guest, Outcome, Signature, Type, WasmValue, call};

const MEMORY: usize = 64 << 10;

/// A guest whose every export gives back one value that is known beforehand.
struct Scripted {
    memory: Vec<u8>,
    answers: BTreeMap<&'static str, Option<WasmValue>>,
    called: Vec<String>,
}

impl Guest for Scripted {
    async fn invoke(&mut self, export: &str, _: &[WasmValue]) -> Result<Option<WasmValue>, SandboxError> {
        self.called.push(export.to_owned());
        Ok(self.answers.get(export).copied().flatten())
    }

    fn memory(&mut self) -> &mut [u8] {
        &mut self.memory
    }
}

fn packed(pointer: u32, len: u32) -> Option<WasmValue> {
    Some(WasmValue::I64((u64::from(pointer) << 32 | u64::from(len)) as i64))
}

/// A guest that takes arguments at `arguments` and answers with `answer` at 4096.
fn guest(arguments: i32, answer: &[u8]) -> Scripted {
    let mut memory = vec![0; MEMORY];
    memory[4096..4096 + answer.len()].copy_from_slice(answer);
    let answers = BTreeMap::from([
        ("wasm_sandbox_alloc", Some(WasmValue::I32(arguments))),
        ("f", packed(4096, answer.len() as u32)),
    ]);
    Scripted { memory, answers, called: Vec::new() }
}

fn any() -> Signature {
    signature(Abi::Json, vec![Type::String], Some(Type::Any("any".to_owned())))
}

fn ask(guest: &mut Scripted, signature: &Signature) -> Result<Value, SandboxError> {
    let arguments = Arguments::from_serialize(signature, &"text").unwrap();
    let outcome = call(guest, signature, &arguments, 1 << 20).now_or_never().unwrap()?;
    outcome.into_json(signature)
}

fn refused(guest: &mut Scripted, signature: &Signature) -> String {
    match ask(guest, signature) {
        Err(SandboxError::Signature { detail, .. }) => detail,
        other => panic!("{other:?}"),
    }
}

#[test]
fn d10_a_buffer_for_arguments_must_lie_inside_the_memory() {
    for pointer in [MEMORY as i32 - 7, MEMORY as i32, -1, -7, i32::MIN, i32::MAX, 0xFFFF_FFF0u32 as i32] {
        let mut guest = guest(pointer, b"{\"ok\":1}");
        assert_eq!(refused(&mut guest, &any()), "the guest gave a buffer outside of its memory", "{pointer}");
        assert_eq!(guest.called, ["wasm_sandbox_alloc"], "the function is not entered");
    }
    for pointer in [1, 4096, MEMORY as i32 - 8] {
        let mut twin = guest(pointer, b"{\"ok\":1}");
        // The arguments go first; where they lie over the answer, the guest has only itself to blame.
        let outcome = ask(&mut twin, &any());
        assert_eq!(outcome.is_ok(), pointer != 4096, "{pointer}: {outcome:?}");
        assert_eq!(twin.memory[pointer as usize..pointer as usize + 8], *b"[\"text\"]");
    }
    let mut none = guest(0, b"{\"ok\":1}");
    assert_eq!(refused(&mut none, &any()), "the guest has no memory for the arguments");
}

#[test]
fn d10_an_answer_must_lie_inside_the_memory() {
    let end = MEMORY as u32;
    for (pointer, len) in [(end, 1), (end - 1, 2), (u32::MAX, 1), (0xFFFF_FFF0, 0x20), (1, end), (u32::MAX, end)] {
        let mut guest = guest(8, b"");
        guest.answers.insert("f", packed(pointer, len));
        assert_eq!(refused(&mut guest, &any()), "the guest gave a buffer outside of its memory", "{pointer} {len}");
        assert_eq!(guest.called, ["wasm_sandbox_alloc", "f"], "nothing is freed that was never there");
    }
    for len in [u32::MAX, 1 << 31, (1 << 20) + 1] {
        let mut guest = guest(8, b"");
        guest.answers.insert("f", packed(0, len));
        match ask(&mut guest, &any()) {
            Err(SandboxError::ResourceExhausted { kind: ResourceKind::Input, used, limit }) => {
                assert_eq!((used, limit), (len.into(), 1 << 20));
            }
            other => panic!("{other:?}"),
        }
    }
    let mut twin = guest(8, b"");
    twin.memory[MEMORY - 8..].copy_from_slice(b"{\"ok\":1}");
    twin.answers.insert("f", packed(end - 8, 8));
    assert_eq!(ask(&mut twin, &any()).unwrap(), json!(1));
    assert_eq!(twin.called, ["wasm_sandbox_alloc", "f", "wasm_sandbox_free"]);
}

#[test]
fn d10_one_buffer_may_serve_both_ways() {
    let mut guest = guest(4096, b"");
    // What the caller wrote is the answer: no envelope, so it is refused by what it says, not by where it lies.
    guest.answers.insert("f", packed(4096, 8));
    assert!(refused(&mut guest, &any()).starts_with("the guest's answer cannot be read"));
    let list = signature(Abi::Json, vec![Type::Any("any".to_owned())], Some(Type::Any("any".to_owned())));
    let arguments = Arguments::from_serialize(&list, &(json!({"ok": 7}),)).unwrap();
    // Without the brackets of the argument list, the argument is an envelope.
    guest.answers.insert("f", packed(4097, 8));
    let outcome = call(&mut guest, &list, &arguments, 100).now_or_never().unwrap().unwrap();
    assert_eq!(outcome, Outcome::Value(json!(7)));
}

#[test]
fn d7_d8_d9_an_answer_is_text_that_is_read_within_bounds() {
    let deep = |depth: usize| format!("{{\"ok\":{}1{}}}", "[".repeat(depth), "]".repeat(depth));
    for (answer, sign) in [
        (b"{\"ok\":\"\xff\xfe\"}".to_vec(), "invalid unicode"),
        (b"{\"ok\":\"\xed\xa0\x80\"}".to_vec(), "invalid unicode"),
        (br#"{"ok":"\ud800"}"#.to_vec(), "hex escape"),
        (br#"{"ok":"\udc00\ud800"}"#.to_vec(), "surrogate"),
        (b"{\"ok\":\"a\0b\"}".to_vec(), "control character"),
        (b"{\"ok\":1}\0".to_vec(), "trailing characters"),
        (b"{\"ok\":1,\"ok\":2}".to_vec(), "cannot be read"),
        (b"{\"ok\":1e400}".to_vec(), "out of range"),
        (b"{\"ok\":NaN}".to_vec(), "cannot be read"),
        (b"\"ok\"".to_vec(), "cannot be read"),
        (b"{}".to_vec(), "cannot be read"),
        (deep(200).into_bytes(), "recursion limit"),
        (deep(20_000).into_bytes(), "recursion limit"),
    ] {
        let why = refused(&mut guest(8, &answer), &any());
        assert!(why.contains(sign), "{}: {why}", String::from_utf8_lossy(&answer));
        assert!(!why.contains(char::is_control), "{why:?}");
    }
    assert!(ask(&mut guest(8, deep(100).as_bytes()), &any()).is_ok());
    let escapes = br#"{"ok":"\ud83d\ude00\u0000\"\\"}"#;
    assert_eq!(ask(&mut guest(8, escapes), &any()).unwrap(), json!("😀\0\"\\"));
    let mut refusing = guest(8, "{\"invalid\":\"\\u001b[2J\\u202e no\"}".as_bytes());
    assert_eq!(refused(&mut refusing, &any()), "the guest refused the arguments: \\u{1b}[2J\\u{202e} no");
}

/// An answer that is small, and large once it is read.
fn bomb(item: &str, len: usize) -> Scripted {
    let text = format!("{{\"ok\":[{}]}}", vec![item; len / (item.len() + 1)].join(","));
    let mut guest = guest(8, b"");
    guest.memory = vec![0; 4096 + text.len()];
    guest.memory[4096..].copy_from_slice(text.as_bytes());
    guest.answers.insert("f", packed(4096, text.len() as u32));
    guest
}

#[test]
fn d7_a_small_answer_is_no_large_value() {
    for item in ["{\"\":0}", "{\"\":{}}"] {
        match ask(&mut bomb(item, 1000 << 10), &any()) {
            Err(SandboxError::ResourceExhausted { kind: ResourceKind::Input, used, limit }) => {
                assert_eq!(limit, 16 << 20);
                assert!(used > limit, "{item}: {used}");
            }
            other => panic!("{item}: {:?}", other.map(|_| "read")),
        }
        assert!(ask(&mut bomb(item, 60 << 10), &any()).is_ok(), "a little of it is read");
    }
    for item in ["1234567", "\"{{{{{{{{[[[[,,,,\\\"{{\"", "{\"a\":\"0123456789012345678901234567890123456789\"}"] {
        assert!(ask(&mut bomb(item, 1000 << 10), &any()).is_ok(), "{item}");
    }
}

#[test]
fn json_results_are_held_to_the_signature() {
    let result = |ok: Type, err: Option<Type>| Type::Result { ok: Some(Box::new(ok)), err: err.map(Box::new) };
    let of = |kind: Option<Type>| signature(Abi::Json, vec![Type::String], kind);
    for (kind, answer, why) in [
        (Some(Type::S32), "{\"ok\":\"five\"}", "the result is not a s32: \"five\""),
        (Some(Type::F64), "{\"ok\":null}", "the result is not a f64: null"),
        (
            Some(Type::List(Box::new(Type::F64))),
            "{\"ok\":[1,null]}",
            "the result has an item 1 that is not a f64: null",
        ),
        (None, "{\"ok\":1}", "the result is not a unit: 1"),
        (Some(Type::S32), "{\"err\":1}", "the guest gave back an error, and its signature knows of none"),
        (Some(result(Type::S32, Some(Type::String))), "{\"err\":1}", "the result is not a string: 1"),
        (Some(result(Type::S32, None)), "{\"err\":1}", "the result is not a unit: 1"),
        (Some(result(Type::S32, None)), "{\"ok\":null}", "the result is not a s32: null"),
    ] {
        assert_eq!(refused(&mut guest(8, answer.as_bytes()), &of(kind)), why);
    }
    for (kind, answer, value) in [
        (Some(Type::S32), "{\"ok\":5.0}", json!(5)),
        (None, "{\"ok\":null}", Value::Null),
        (Some(result(Type::S32, None)), "{\"ok\":5}", json!(5)),
    ] {
        assert_eq!(ask(&mut guest(8, answer.as_bytes()), &of(kind)).unwrap().to_string(), value.to_string());
    }
    match ask(&mut guest(8, b"{\"err\":\"no\"}"), &of(Some(result(Type::S32, Some(Type::String))))) {
        Err(SandboxError::Function { value, .. }) => assert_eq!(value, json!("no")),
        other => panic!("{other:?}"),
    }
}

#[test]
fn random_answers_never_panic() {
    for seed in 0..2000 {
        let mut random = seeded(seed);
        let mut guest = guest(random.next_u32() as i32, b"");
        random.fill_bytes(&mut guest.memory);
        let near = |number: u32| if number & 1 == 0 { number } else { number % (2 * MEMORY as u32) };
        guest.answers.insert("f", packed(near(random.next_u32()), near(random.next_u32())));
        if random.next_u32() & 1 == 0 {
            guest.answers.insert("wasm_sandbox_alloc", Some(WasmValue::I32(8)));
        }
        assert!(ask(&mut guest, &any()).is_err(), "seed {seed}");
    }
}

/// A guest with `text` at its very end, returned as a C string from `back` bytes before that end.
fn c_guest(text: &[u8]) -> Scripted {
    let start = MEMORY - text.len();
    let mut guest = guest(8, b"");
    guest.memory[start..].copy_from_slice(text);
    guest.answers = BTreeMap::from([("malloc", Some(WasmValue::I32(8))), ("f", Some(WasmValue::I32(start as i32)))]);
    guest
}

#[test]
fn d9_d10_c_strings_end_inside_the_memory() {
    let kind = signature(Abi::Cstring, vec![Type::String], Some(Type::String));
    let mut good = c_guest("wörld\0".as_bytes());
    assert_eq!(ask(&mut good, &kind).unwrap(), json!("wörld"));
    assert_eq!(good.memory[8..13], *b"text\0");
    assert_eq!(good.called, ["malloc", "f", "free"]);
    assert_eq!(refused(&mut c_guest(b"endless"), &kind), "the guest's text has no end inside its memory");
    assert_eq!(refused(&mut c_guest(b"\xff\0"), &kind), "the guest's text is not UTF-8");
    for pointer in [MEMORY as i32, -1, 0xFFFF_FFF0u32 as i32] {
        let mut outside = c_guest(b"");
        outside.answers.insert("f", Some(WasmValue::I32(pointer)));
        assert_eq!(refused(&mut outside, &kind), "the guest's text has no end inside its memory", "{pointer}");
    }
    let mut null = c_guest(b"");
    null.answers.insert("f", Some(WasmValue::I32(0)));
    assert_eq!(ask(&mut null, &kind).unwrap(), Value::Null);
}

#[test]
fn arguments_are_freed_whatever_is_returned() {
    let kind = signature(Abi::Cstring, vec![Type::String], Some(Type::String));
    let mut wrong = c_guest(b"\xff\0");
    assert_eq!(refused(&mut wrong, &kind), "the guest's text is not UTF-8");
    assert_eq!(wrong.called, ["malloc", "f", "free"]);
    let mut wrong = guest(8, b"nonsense");
    assert!(refused(&mut wrong, &any()).contains("cannot be read"));
    assert_eq!(wrong.called, ["wasm_sandbox_alloc", "f", "wasm_sandbox_free"]);
}

#[test]
fn d7_a_guests_words_are_cut_short() {
    for answer in ["{\"invalid\":\"LONG\"}", "{\"LONG\":1}", "{\"ok\":\"LONG\"}"] {
        let answer = answer.replace("LONG", &"x".repeat(50_000));
        let why = refused(&mut guest(8, answer.as_bytes()), &signature(Abi::Json, vec![Type::String], Some(Type::S8)));
        assert!(why.len() < 2100 && why.contains("xxx") && why.contains("..."), "{}", why.len());
    }
}

#[test]
fn c_strings_are_looked_at_before_the_guest_is_entered() {
    let kind = signature(Abi::Cstring, vec![Type::String, Type::String], None);
    let go = |arguments: (String, String)| {
        let mut guest = c_guest(b"");
        let arguments = Arguments::from_serialize(&kind, &arguments).unwrap();
        let outcome = call(&mut guest, &kind, &arguments, 100).now_or_never().unwrap();
        (outcome.map_err(|error| error.to_string()), guest.called)
    };
    let (outcome, called) = go(("fine".to_owned(), "a\0b".to_owned()));
    assert!(outcome.unwrap_err().contains("argument `p1` holds a zero byte"));
    assert!(called.is_empty());
    let (outcome, called) = go(("a".repeat(60), "b".repeat(60)));
    assert_eq!(outcome.unwrap_err(), "input limit hit: 122 bytes of 100 bytes");
    assert!(called.is_empty());
    let (outcome, called) = go(("a".repeat(40), "b".repeat(40)));
    assert_eq!(outcome.unwrap(), Outcome::Value(Value::Null));
    assert_eq!(called, ["malloc", "malloc", "f", "free", "free"]);
}
