//! A first look at a module before anything expensive is done with it: is it one, does it use only what is allowed, and is
//! it of a size that can be compiled.

use wasm_sandbox_policy::SandboxError;
use wasmparser::{
    Encoding, ExternalKind, FuncValidatorAllocations, Parser, Payload, TypeRef, ValidPayload, Validator, WasmFeatures,
};

/// Bytes of a module that are accepted.
const MAX_BYTES: usize = 128 << 20;

/// Functions of a module that are accepted.
const MAX_FUNCTIONS: u32 = 200_000;

/// Bytes of one function's body that are accepted.
const MAX_BODY: usize = 4 << 20;

/// Parameters and locals of one function that are accepted.
const MAX_LOCALS: u32 = 20_000;

/// Data segments, globals, exports and imports that are accepted, each.
const MAX_ENTRIES: u32 = 100_000;

/// What a module is and wants.
#[derive(Debug, Default)]
pub(crate) struct Screened {
    /// Whether it has a `_start`.
    pub(crate) program: bool,
    pub(crate) imports: Vec<(String, String)>,
    /// Bytes of its first memory at the start.
    pub(crate) initial_memory: u64,
}

/// What guests may use of WebAssembly.
fn features() -> WasmFeatures {
    WasmFeatures::WASM2
        | WasmFeatures::TAIL_CALL
        | WasmFeatures::EXTENDED_CONST
        | WasmFeatures::RELAXED_SIMD
        | WasmFeatures::GC_TYPES
}

/// Looks a module over.
///
/// # Errors
/// [`SandboxError::NotRunnable`] saying what it is instead, what it uses that is refused, or what there is too much of.
pub(crate) fn screen(wasm: &[u8], name: &str) -> Result<Screened, SandboxError> {
    let refuse = |reason: String| SandboxError::NotRunnable { what: name.to_owned(), reason };
    check_kind(wasm).map_err(refuse)?;
    let mut screened = Screened::default();
    let mut validator = Validator::new_with_features(features());
    let mut allocations = FuncValidatorAllocations::default();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.map_err(|error| refuse(invalid(&error)))?;
        check_size(&payload).map_err(refuse)?;
        note(&payload, &mut screened).map_err(|error| refuse(invalid(&error)))?;
        match validator.payload(&payload).map_err(|error| refuse(invalid(&error)))? {
            ValidPayload::Func(function, body) => {
                let mut function = function.into_validator(std::mem::take(&mut allocations));
                function.validate(&body).map_err(|error| refuse(invalid(&error)))?;
                allocations = function.into_allocations();
            }
            ValidPayload::Ok | ValidPayload::Parser(_) | ValidPayload::End(_) => {}
        }
    }
    Ok(screened)
}

/// Tells a module from the other things that people hand over.
fn check_kind(bytes: &[u8]) -> Result<(), String> {
    if bytes.len() > MAX_BYTES {
        return Err(format!("it is larger than {} MB", MAX_BYTES >> 20));
    }
    if bytes.starts_with(b"\x7fELF") {
        return Err(
            "it is a program or compiled code of a host machine, which is never loaded; give the WebAssembly module"
                .to_owned(),
        );
    }
    match bytes.get(..8) {
        Some(b"\0asm\x01\0\0\0") => Ok(()),
        Some(header) if header.starts_with(b"\0asm") => {
            Err("it is a component, and only core modules run in this version".to_owned())
        }
        _ => Err("it is not a WebAssembly module".to_owned()),
    }
}

fn invalid(error: &wasmparser::BinaryReaderError) -> String {
    let text = error.message();
    let refused = [
        ("shared memor", "shared memory"),
        ("threads", "threads"),
        ("memory64", "64-bit memories"),
        ("multiple memories", "several memories"),
        ("multi-memory", "several memories"),
        ("exceptions", "exceptions"),
        ("gc feature", "garbage-collected types"),
        ("gc support", "garbage-collected types"),
    ];
    match refused.iter().find(|(sign, _)| text.contains(sign)) {
        Some((_, feature)) => format!("it uses {feature}, which is refused ({text})"),
        None => format!("it is not valid: {text} (at byte {})", error.offset()),
    }
}

fn check_size(payload: &Payload<'_>) -> Result<(), String> {
    let at_most = |count: u32, most: u32, what: &str| {
        if count > most { Err(format!("it has {count} {what}, and {most} are accepted")) } else { Ok(()) }
    };
    match payload {
        Payload::Version { encoding: Encoding::Component, .. } => {
            Err("it is a component, and only core modules run in this version".to_owned())
        }
        Payload::FunctionSection(reader) => at_most(reader.count(), MAX_FUNCTIONS, "functions"),
        Payload::DataSection(reader) => at_most(reader.count(), MAX_ENTRIES, "data segments"),
        Payload::ExportSection(reader) => at_most(reader.count(), MAX_ENTRIES, "exports"),
        Payload::ImportSection(reader) => at_most(reader.count(), MAX_ENTRIES, "imports"),
        Payload::GlobalSection(reader) => at_most(reader.count(), MAX_ENTRIES, "globals"),
        Payload::CodeSectionEntry(body) => {
            let bytes = body.range().len();
            if bytes > MAX_BODY {
                return Err(format!("one of its functions has {bytes} bytes, and {MAX_BODY} are accepted"));
            }
            let locals = body.get_locals_reader().map_err(|error| invalid(&error))?;
            let mut count = 0u32;
            for group in locals {
                count = count.saturating_add(group.map_err(|error| invalid(&error))?.0);
            }
            at_most(count, MAX_LOCALS, "locals in one function")
        }
        _ => Ok(()),
    }
}

fn note(payload: &Payload<'_>, screened: &mut Screened) -> wasmparser::Result<()> {
    match payload {
        Payload::ImportSection(reader) => {
            for import in reader.clone().into_imports() {
                let import = import?;
                screened.imports.push((import.module.to_owned(), import.name.to_owned()));
                if let TypeRef::Memory(memory) = import.ty {
                    screened.initial_memory = memory.initial.saturating_mul(1 << 16);
                }
            }
        }
        Payload::MemorySection(reader) => {
            for memory in reader.clone() {
                screened.initial_memory = memory?.initial.saturating_mul(1 << 16);
            }
        }
        Payload::ExportSection(reader) => {
            for export in reader.clone() {
                let export = export?;
                screened.program |= export.kind == ExternalKind::Func && export.name == "_start";
            }
        }
        _ => {}
    }
    Ok(())
}
