//! Fuzz targets of the value layer: each takes any bytes, and panics when something that must hold does not.

#![allow(missing_docs, clippy::expect_used, clippy::panic, reason = "a property that does not hold is a panic")]

use std::{collections::BTreeMap, sync::OnceLock};

use arbitrary::{Result, Unstructured};
use futures::FutureExt;
use serde_json::Value;
use wasm_sandbox_policy::SandboxError;

use super::{
    Abi, Arguments, Guest, Outcome, Parameter, Signature, Signatures, Type, WasmType, WasmValue, arguments::Argument,
    call,
};

/// Bytes that arguments and results may have.
const LIMIT: u64 = 1024;

/// Any text as the custom section of a module that has something of everything.
pub fn signatures(section: &[u8]) {
    static MODULE: OnceLock<Vec<u8>> = OnceLock::new();
    let module = MODULE.get_or_init(|| {
        let text = r#"(module (memory (export "memory") 1)
            (func (export "wasm_sandbox_alloc") (param i32) (result i32) (i32.const 8))
            (func (export "wasm_sandbox_free") (param i32 i32))
            (func (export "json") (param i32 i32) (result i64) (i64.const 0))
            (func (export "add") (param i32 i64) (result f64) (f64.const 0))
            (func (export "text") (param i32) (result i32) (i32.const 0)))"#;
        wat::parse_str(text).expect("a module")
    });
    let mut wasm = module.clone();
    let custom = wasm_encoder::CustomSection { name: Signatures::SECTION.into(), data: section.into() };
    wasm_encoder::ComponentSection::append_to_component(&custom, &mut wasm);
    let Ok(read) = Signatures::from_wasm(&wasm) else { return };
    let all: Vec<Signature> = read.iter().cloned().collect();
    for signature in &all {
        let (_, _) = (signature.to_string(), signature.parameters_schema());
        let types = signature.params.iter().map(|parameter| &parameter.kind).chain(&signature.result);
        types.for_each(|kind| drop(kind.to_json_schema()));
    }
    let again = Signatures::append_section(module, all.clone(), read.left_out().to_vec())
        .and_then(|wasm| Signatures::from_wasm(&wasm));
    let again: Vec<Signature> = again.expect("what was read can be written").iter().cloned().collect();
    assert_eq!(all, again);
}

/// Words of a command line and JSON as arguments of any signature: what is accepted can travel.
pub fn arguments(data: &[u8]) {
    let _ = arguments_of(&mut Unstructured::new(data));
}

fn arguments_of(input: &mut Unstructured<'_>) -> Result<()> {
    let signature = signature_of(input)?;
    let words: Vec<String> = signature.params.iter().map(|_| word(input)).collect::<Result<_>>()?;
    let arguments = match Arguments::from_words(&signature, &words) {
        Ok(arguments) => arguments,
        Err(error) => {
            check_message(&error);
            return Ok(());
        }
    };
    for (argument, parameter) in arguments.with_parameters(&signature) {
        let kind = &parameter.kind;
        let encoded = argument.encode(kind);
        assert_eq!(encoded.map(wasm_type), kind.wasm(false), "{argument:?} is a {kind} and cannot travel");
        if let Some(Ok(Outcome::Value(decoded))) = encoded.map(|encoded| kind.decode(encoded)) {
            assert_eq!(*argument, Argument::Json(decoded), "as a {kind}");
        }
    }
    match arguments.to_json(&signature, LIMIT) {
        Ok(json) => {
            assert!(json.len() as u64 <= LIMIT);
            let back: Vec<Value> = serde_json::from_slice(&json).expect("arguments are JSON");
            assert_eq!(back.len(), signature.params.len());
        }
        Err(error) => check_message(&error),
    }
    Ok(())
}

/// Nothing that a guest or caller wrote reaches a terminal raw, or without end.
fn check_message(error: &SandboxError) {
    let text = error.to_string();
    assert!(text.len() < 32 << 10 && !text.contains('\u{1b}'), "{text:?}");
}

/// A call of a guest that answers with whatever numbers it likes and writes whatever it likes.
pub fn calls(data: &[u8]) {
    let _ = calls_of(&mut Unstructured::new(data));
}

fn calls_of(input: &mut Unstructured<'_>) -> Result<()> {
    let signature = signature_of(input)?;
    let words: Vec<String> = signature.params.iter().map(|_| word(input)).collect::<Result<_>>()?;
    let Ok(arguments) = Arguments::from_words(&signature, &words) else { return Ok(()) };
    let size = input.int_in_range(0..=4096)?;
    let mut guest = Hostile { memory: vec![b'x'; size], input };
    let outcome = call(&mut guest, &signature, &arguments, LIMIT).now_or_never().expect("it never waits");
    if let Ok(Outcome::Value(value) | Outcome::Error(value)) = &outcome {
        assert!(signature.abi == Abi::Direct || value.to_string().len() as u64 <= 8 * LIMIT, "a result of {value}");
    }
    if let Err(error) = &outcome {
        check_message(error);
    }
    if let Ok(outcome) = outcome {
        let _ = outcome.clone().into_json(&signature);
        let _ = outcome.clone().into_result::<Value>(&signature);
        let _ = outcome.clone().into_result::<Option<String>>(&signature);
        let _ = outcome.clone().into_result::<std::result::Result<Vec<u8>, String>>(&signature);
        let _ = outcome.clone().into_result::<(i8, f32)>(&signature);
        let _ = outcome.into_result::<BTreeMap<String, char>>(&signature);
    }
    Ok(())
}

/// A guest whose every answer comes from the fuzzer.
struct Hostile<'a, 'b> {
    memory: Vec<u8>,
    input: &'a mut Unstructured<'b>,
}

impl Hostile<'_, '_> {
    fn answer(&mut self) -> Result<Option<WasmValue>> {
        let texts: [&[u8]; 6] =
            [br#"{"ok":1}"#, br#"{"err":"no"}"#, br#"{"invalid":"x"}"#, b"text\0", b"\xff\0", b"[[[[{"];
        let text: &[u8] = match self.input.int_in_range(0..=2)? {
            0 => self.input.choose(&texts)?,
            _ => {
                let len = self.input.arbitrary_len::<u8>()?.min(256);
                self.input.bytes(len)?
            }
        };
        let at = self.input.int_in_range(0..=4096usize)?;
        self.memory.iter_mut().skip(at).zip(text).for_each(|(to, from)| *to = *from);
        let packed = (at as u64) << 32 | text.len() as u64;
        Ok(match self.input.int_in_range(0..=7)? {
            0 => None,
            1 => Some(WasmValue::I32(self.input.arbitrary()?)),
            2 => Some(WasmValue::I64(self.input.arbitrary()?)),
            3 => Some(WasmValue::F64(self.input.arbitrary()?)),
            4 => Some(WasmValue::F32(self.input.arbitrary()?)),
            5 => Some(WasmValue::I32(at as i32)),
            _ => Some(WasmValue::I64(packed as i64)),
        })
    }
}

impl Guest for Hostile<'_, '_> {
    async fn invoke(&mut self, _: &str, _: &[WasmValue]) -> std::result::Result<Option<WasmValue>, SandboxError> {
        self.answer().map_err(|_| SandboxError::Cancelled)
    }

    fn memory(&mut self) -> &mut [u8] {
        &mut self.memory
    }
}

/// A signature as a module that was accepted could have it.
fn signature_of(input: &mut Unstructured<'_>) -> Result<Signature> {
    let abi = *input.choose(&[Abi::Direct, Abi::Json, Abi::Cstring])?;
    let depth = if abi == Abi::Json { 3 } else { 0 };
    let mut kinds = Vec::new();
    for _ in 0..=input.int_in_range(0..=4)? {
        kinds.push(kind_of(input, depth)?);
    }
    if abi != Abi::Json {
        kinds.retain(|kind| kind.wasm(abi == Abi::Cstring).is_some());
    }
    let result = if input.arbitrary()? { kinds.pop() } else { None };
    let parameter = |(index, kind)| Parameter { name: format!("p{index}"), kind };
    let params = kinds.into_iter().enumerate().map(parameter).collect();
    Ok(Signature { name: "f".to_owned(), export: "f".to_owned(), doc: None, abi, params, result })
}

fn kind_of(input: &mut Unstructured<'_>, depth: usize) -> Result<Type> {
    if depth == 0 || input.arbitrary()? {
        return input.choose(&Type::SCALARS).cloned();
    }
    let inner = |input: &mut Unstructured<'_>| kind_of(input, depth - 1);
    Ok(match input.int_in_range(0..=5)? {
        0 => Type::List(inner(input)?.into()),
        1 => Type::Option(inner(input)?.into()),
        2 => Type::Tuple(vec![inner(input)?, inner(input)?]),
        3 => Type::Map(inner(input)?.into()),
        4 => Type::Result { ok: Some(inner(input)?.into()), err: None },
        _ => {
            let fields = vec![Parameter { name: "field".to_owned(), kind: inner(input)? }];
            Type::Record { name: "record".to_owned(), fields }
        }
    })
}

fn word(input: &mut Unstructured<'_>) -> Result<String> {
    const WORDS: [&str; 18] = [
        "0",
        "-1",
        "255",
        "256",
        "5.0",
        "1e400",
        "9007199254740993",
        "18446744073709551615",
        "-9223372036854775808",
        "true",
        "null",
        "\"a\"",
        "a",
        "[1,2]",
        "{\"field\":1}",
        "\u{1f600}",
        "1e15",
        "-0.0",
    ];
    if input.ratio(1, 2)? { Ok((*input.choose(&WORDS)?).to_owned()) } else { input.arbitrary() }
}

fn wasm_type(value: WasmValue) -> WasmType {
    match value {
        WasmValue::I32(_) => WasmType::I32,
        WasmValue::I64(_) => WasmType::I64,
        WasmValue::F32(_) => WasmType::F32,
        WasmValue::F64(_) => WasmType::F64,
    }
}
