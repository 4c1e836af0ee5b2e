//! What a module exports, with the types that wasm gives its functions, and whether a signature says the same.

use std::collections::{BTreeMap, BTreeSet};

use wasm_sandbox_policy::SandboxError;
use wasmparser::{CompositeInnerType, ExternalKind, FuncType, Parser, Payload, TypeRef, ValType};

use super::{
    WasmType,
    signature::{Abi, Parameter, Signature, Type},
    signatures::{Signatures, unreadable},
};

/// Nesting of a type that is accepted at most.
const MAX_DEPTH: usize = 32;

/// Parameters that all exported functions together may have. Each function's signature lists its own, however many functions
/// share one wasm type, so that a megabyte of module could otherwise ask for gigabytes.
const MAX_PARAMETERS: usize = 200_000;

/// The exports of a module. Types are kept once, by their index in the module.
#[derive(Default)]
pub(super) struct Exports<'a> {
    types: Vec<Option<FuncType>>,
    /// The type of every function, imported ones first.
    functions: Vec<u32>,
    exported: BTreeMap<&'a str, u32>,
    memory: bool,
    pub(super) section: Option<&'a [u8]>,
}

impl<'a> Exports<'a> {
    /// Reads a module that was screened before.
    ///
    /// # Errors
    /// The module has several sections of signatures.
    pub(super) fn read(wasm: &'a [u8]) -> Result<Self, SandboxError> {
        let mut exports = Self::default();
        for payload in Parser::new(0).parse_all(wasm) {
            let payload = payload.map_err(|error| unreadable(&error.to_string()))?;
            if let Payload::CustomSection(reader) = &payload
                && reader.name() == Signatures::SECTION
                && exports.section.replace(reader.data()).is_some()
            {
                return Err(unreadable("it is there twice"));
            }
            exports.note(payload).map_err(|error| unreadable(&error.to_string()))?;
        }
        Ok(exports)
    }

    fn note(&mut self, payload: Payload<'a>) -> wasmparser::Result<()> {
        match payload {
            Payload::TypeSection(reader) => {
                for group in reader {
                    self.types.extend(group?.into_types().map(|sub| match sub.composite_type.inner {
                        CompositeInnerType::Func(func) => Some(func),
                        _ => None,
                    }));
                }
            }
            Payload::ImportSection(reader) => {
                for import in reader.into_imports() {
                    if let TypeRef::Func(index) = import?.ty {
                        self.functions.push(index);
                    }
                }
            }
            Payload::FunctionSection(reader) => {
                for index in reader {
                    self.functions.push(index?);
                }
            }
            Payload::ExportSection(reader) => {
                for export in reader {
                    let export = export?;
                    match export.kind {
                        ExternalKind::Func => drop(self.exported.insert(export.name, export.index)),
                        ExternalKind::Memory => self.memory |= export.name == "memory",
                        _ => {}
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// What answers HTTP requests, where something does.
    ///
    /// # Errors
    /// It is not what `docs/abi.md` says.
    pub(super) fn handler(&self) -> Result<Option<Signature>, SandboxError> {
        if !self.exported.contains_key(Signature::SERVE) {
            return Ok(None);
        }
        let handler = Signature::serve();
        self.check(&handler).map(|()| Some(handler))
    }

    /// The type of an exported function.
    fn function(&self, name: &str) -> Option<&FuncType> {
        let function = *self.exported.get(name)? as usize;
        self.types.get(*self.functions.get(function)? as usize)?.as_ref()
    }

    /// What wasm's own types say of the functions that are for callers and not `covered` by a better description.
    ///
    /// # Errors
    /// They have more than [`MAX_PARAMETERS`] together.
    pub(super) fn plain(&self, covered: &BTreeSet<&str>) -> Result<Vec<Signature>, SandboxError> {
        let (mut signatures, mut parameters) = (Vec::new(), 0usize);
        for name in self.exported.keys().filter(|name| !internal(name) && !covered.contains(*name)) {
            let Some(kind) = self.function(name) else { continue };
            parameters = parameters.saturating_add(kind.params().len());
            if parameters > MAX_PARAMETERS {
                return Err(SandboxError::NotRunnable {
                    what: "module".to_owned(),
                    reason: format!("its exports have more than {MAX_PARAMETERS} parameters together"),
                });
            }
            signatures.extend(plain(name, kind));
        }
        Ok(signatures)
    }

    /// A section is the guest's word: what it says must fit the export's real type.
    pub(super) fn check(&self, signature: &Signature) -> Result<(), SandboxError> {
        let name = &signature.name;
        let refuse = |reason: String| Err(unreadable(&reason));
        let Some(kind) = self.function(&signature.export) else {
            return refuse(format!("`{name}` has no export `{}`", signature.export));
        };
        let mut types = signature.params.iter().map(|parameter| &parameter.kind).chain(&signature.result);
        if types.any(|kind| kind.depth() > MAX_DEPTH) {
            return refuse(format!("the types of `{name}` are nested too deep"));
        }
        if signature.has_handles() {
            return refuse(format!("`{name}` has handles, which only components have"));
        }
        if !fits(signature, kind) {
            return refuse(format!("`{name}` is described otherwise than its export is"));
        }
        match self.missing(signature) {
            Some(missing) => refuse(format!("`{name}` needs the export `{missing}`")),
            None => Ok(()),
        }
    }

    /// What the ABI of a function needs beside it and is not there.
    fn missing(&self, signature: &Signature) -> Option<&'static str> {
        let passes_text = signature.params.iter().any(|parameter| parameter.kind == Type::String);
        let needed = match signature.abi {
            Abi::Direct | Abi::Script | Abi::Component => return None,
            Abi::Json => &[
                ("wasm_sandbox_alloc(i32) -> i32", &[ValType::I32][..], &[ValType::I32][..]),
                ("wasm_sandbox_free(i32, i32)", &[ValType::I32, ValType::I32], &[]),
            ],
            Abi::Cstring if passes_text => {
                &[("malloc(i32) -> i32", &[ValType::I32][..], &[ValType::I32][..]), ("free(i32)", &[ValType::I32], &[])]
            }
            Abi::Cstring if signature.result == Some(Type::String) => &[][..],
            Abi::Cstring => return None,
        };
        let there = |shown: &str, params: &[ValType], results: &[ValType]| {
            let name = shown.split('(').next().unwrap_or_default();
            self.function(name).is_some_and(|kind| kind.params() == params && kind.results() == results)
        };
        let function = needed.iter().find(|(shown, params, results)| !there(shown, params, results));
        function.map(|(shown, ..)| *shown).or((!self.memory).then_some("memory"))
    }
}

/// Exports that are for the runtime, not for callers.
fn internal(name: &str) -> bool {
    name.starts_with('_') || matches!(name, "malloc" | "free") || name.starts_with("wasm_sandbox_")
}

fn plain(name: &str, kind: &FuncType) -> Option<Signature> {
    if kind.results().len() > 1 {
        return None;
    }
    let parameter =
        |(index, kind): (usize, &ValType)| Some(Parameter { name: format!("p{index}"), kind: plain_type(*kind)? });
    let params = kind.params().iter().enumerate().map(parameter).collect::<Option<Vec<_>>>()?;
    let result = match kind.results().first() {
        Some(kind) => Some(plain_type(*kind)?),
        None => None,
    };
    Some(Signature { name: name.to_owned(), export: name.to_owned(), doc: None, abi: Abi::Direct, params, result })
}

fn fits(signature: &Signature, kind: &FuncType) -> bool {
    let (params, results) = (kind.params(), kind.results());
    let strings = signature.abi == Abi::Cstring;
    let same = |kind: &Type, wasm: &ValType| kind.wasm(strings).map(engine_type) == Some(*wasm);
    match signature.abi {
        Abi::Script | Abi::Component => false,
        Abi::Json => *params == [ValType::I32, ValType::I32] && *results == [ValType::I64],
        Abi::Direct | Abi::Cstring => {
            params.len() == signature.params.len()
                && signature.params.iter().zip(params).all(|(parameter, wasm)| same(&parameter.kind, wasm))
                && results.len() == usize::from(signature.result.is_some())
                && signature.result.iter().zip(results).all(|(kind, wasm)| same(kind, wasm))
        }
    }
}

fn plain_type(kind: ValType) -> Option<Type> {
    match kind {
        ValType::I32 => Some(Type::S32),
        ValType::I64 => Some(Type::S64),
        ValType::F32 => Some(Type::F32),
        ValType::F64 => Some(Type::F64),
        _ => None,
    }
}

fn engine_type(kind: WasmType) -> ValType {
    match kind {
        WasmType::I32 => ValType::I32,
        WasmType::I64 => ValType::I64,
        WasmType::F32 => ValType::F32,
        WasmType::F64 => ValType::F64,
    }
}
