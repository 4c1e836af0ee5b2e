//! A first look at a module before anything expensive is done with it: is it one, does it use only what is allowed, and is
//! it of a size that can be compiled.

mod types;

use serde::{Deserialize, Serialize};
use wasm_sandbox_policy::Plain;
use wasmparser::{
    ComponentTypeRef, Encoding, ExternalKind, FuncValidatorAllocations, Parser, Payload, TypeRef, ValidPayload,
    Validator, WasmFeatures,
};

use self::types::Reckoning;
use crate::value::{Described, Docs};

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

/// Modules and components inside of a component that are accepted, and how deep they, and types of them, may lie in each other.
const MAX_PARTS: u32 = 1000;
const MAX_DEPTH: usize = 16;

/// Characters of what is wrong with a module, which may name what it names.
const MAX_REASON: usize = 500;

/// What a module is and wants.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Screened {
    /// Whether it has a `_start`.
    pub(crate) program: bool,
    pub(crate) imports: Vec<(String, String)>,
    /// Bytes of its first memory at the start.
    pub(crate) initial_memory: u64,
    /// Bytes of its functions' bodies.
    pub(crate) code: usize,
    /// What it exports, if it is a component.
    pub(crate) component: Option<Described>,
}

/// What guests may use of WebAssembly.
fn features() -> WasmFeatures {
    WasmFeatures::WASM2
        | WasmFeatures::TAIL_CALL
        | WasmFeatures::EXTENDED_CONST
        | WasmFeatures::RELAXED_SIMD
        | WasmFeatures::GC_TYPES
        | WasmFeatures::COMPONENT_MODEL
}

/// Looks a module or component over.
///
/// # Errors
/// What it is instead, what it uses that is refused, or what there is too much of.
pub(crate) fn screen(wasm: &[u8]) -> Result<Screened, String> {
    check_kind(wasm)?;
    let mut screening = Screening::default();
    let mut validator = Validator::new_with_features(features());
    let mut allocations = FuncValidatorAllocations::default();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.map_err(|error| invalid(&error))?;
        screening.check(&payload, wasm)?;
        screening.note(&payload).map_err(|error| invalid(&error))?;
        match validator.payload(&payload).map_err(|error| invalid(&error))? {
            ValidPayload::Func(function, body) => {
                let mut function = function.into_validator(std::mem::take(&mut allocations));
                function.validate(&body).map_err(|error| invalid(&error))?;
                allocations = function.into_allocations();
            }
            ValidPayload::End(types) if screening.reckoning.depth() == 0 && screening.is_component => {
                let docs = screening.docs.take().unwrap_or_default();
                let described =
                    Described::new(&types, &screening.types, &screening.exports, &screening.screened.imports, &docs);
                screening.screened.program = described.program.is_some();
                screening.screened.component = Some(described);
            }
            ValidPayload::Ok | ValidPayload::Parser(_) | ValidPayload::End(_) => {}
        }
    }
    Ok(screening.screened)
}

/// Whether these bytes are a component, as opposed to a module.
pub(crate) fn is_component(wasm: &[u8]) -> bool {
    Parser::is_component(wasm)
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
        Some(header) if Parser::is_core_wasm(header) || Parser::is_component(header) => Ok(()),
        Some(header) if header.starts_with(b"\0asm") => {
            Err("it is of a version of WebAssembly that is not known here".to_owned())
        }
        _ => Err("it is not a WebAssembly module".to_owned()),
    }
}

fn invalid(error: &wasmparser::BinaryReaderError) -> String {
    let text = error.message();
    // A reason comes on a line of its own.
    let shown = text.replace('\n', ": ");
    let shown = Plain::line(&shown).at_most(MAX_REASON);
    let refused = [
        ("shared memor", "shared memory"),
        ("threads must be enabled", "threads"),
        ("threads support", "threads"),
        ("shared-everything-threads", "threads"),
        ("component model threading feature", "threads"),
        ("memory64 must be enabled", "64-bit memories"),
        ("component model 64-bit feature", "64-bit memories"),
        ("the `cm64` feature", "64-bit memories"),
        ("multiple memories", "several memories"),
        ("multi-memory", "several memories"),
        ("custom page sizes", "pages of other sizes"),
        ("component model async", "streams, futures or asynchronous functions"),
        ("async builtins feature", "streams, futures or asynchronous functions"),
        ("error-context feature", "error contexts"),
        ("fixed-length lists feature", "lists of a fixed length"),
        ("component model map feature", "maps"),
        ("component model `value`s", "values as imports or exports"),
        ("`cm-implements` feature", "names of what an import implements"),
        ("`cm-canon-names` feature", "versions beside names"),
        ("exceptions proposal", "exceptions"),
        ("exceptions support", "exceptions"),
        ("legacy_exceptions feature", "exceptions"),
        ("exception handling feature", "exceptions"),
        ("gc feature", "garbage-collected types"),
        ("gc support", "garbage-collected types"),
        ("gc proposal", "garbage-collected types"),
        ("`gc` proposal", "garbage-collected types"),
        ("`cm-gc` feature", "garbage-collected types"),
        ("function references", "references to typed functions"),
        ("stack switching", "stack switching"),
        ("wide arithmetic", "wide arithmetic"),
    ];
    match refused.iter().find(|(sign, _)| text.contains(sign)) {
        Some((_, feature)) => format!("it uses {feature}, which is refused ({shown})"),
        None => format!("it is not valid: {shown} (at byte {})", error.offset()),
    }
}

/// A module or component that is being read.
#[derive(Default)]
struct Screening {
    screened: Screened,
    is_component: bool,
    /// How many modules and components there were.
    parts: u32,
    reckoning: Reckoning,
    /// Functions of all modules, and entries of all sections of components.
    functions: u32,
    entries: u32,
    /// The types that the outermost component names, what it exports, and what it says of that.
    types: Vec<String>,
    exports: Vec<String>,
    docs: Option<Docs>,
}

impl Screening {
    fn check(&mut self, payload: &Payload<'_>, wasm: &[u8]) -> Result<(), String> {
        match payload {
            Payload::Version { encoding, .. } => {
                self.is_component |= *encoding == Encoding::Component;
                self.parts += 1;
                at_most(self.parts, MAX_PARTS, "modules and components in it")?;
                self.reckoning.open(*encoding == Encoding::Component)
            }
            Payload::End(_) => {
                self.reckoning.close();
                Ok(())
            }
            Payload::FunctionSection(reader) => {
                self.functions = self.functions.saturating_add(reader.count());
                at_most(self.functions, MAX_FUNCTIONS, "functions")
            }
            Payload::DataSection(reader) => at_most(reader.count(), MAX_ENTRIES, "data segments"),
            Payload::ExportSection(reader) => at_most(reader.count(), MAX_ENTRIES, "exports"),
            Payload::ImportSection(reader) => at_most(reader.count(), MAX_ENTRIES, "imports"),
            Payload::GlobalSection(reader) => at_most(reader.count(), MAX_ENTRIES, "globals"),
            Payload::CodeSectionEntry(body) => {
                self.screened.code = self.screened.code.saturating_add(body.range().len());
                check_body(body)
            }
            payload => {
                let entries = match payload {
                    Payload::InstanceSection(reader) => reader.count(),
                    Payload::CoreTypeSection(reader) => reader.count(),
                    Payload::ComponentInstanceSection(reader) => reader.count(),
                    Payload::ComponentAliasSection(reader) => reader.count(),
                    Payload::ComponentTypeSection(reader) => reader.count(),
                    Payload::ComponentCanonicalSection(reader) => reader.count(),
                    Payload::ComponentImportSection(reader) => reader.count(),
                    Payload::ComponentExportSection(reader) => reader.count(),
                    _ => 0,
                };
                self.entries = self.entries.saturating_add(entries);
                at_most(self.entries, MAX_ENTRIES, "types, instances and aliases")?;
                self.reckoning.add(payload, wasm)
            }
        }
    }

    /// Remembers what a module, or the outermost component, says of itself.
    fn note(&mut self, payload: &Payload<'_>) -> wasmparser::Result<()> {
        if self.reckoning.depth() > 1 {
            return Ok(());
        }
        match payload {
            Payload::ComponentImportSection(reader) => {
                for import in reader.clone() {
                    let import = import?;
                    let name = import.name.name.to_owned();
                    // Types are named here and come from nowhere.
                    match import.ty {
                        ComponentTypeRef::Type(_) => self.types.push(name),
                        _ => self.screened.imports.push((name, String::new())),
                    }
                }
                Ok(())
            }
            Payload::ComponentExportSection(reader) => {
                for export in reader.clone() {
                    self.exports.push(export?.name.name.to_owned());
                }
                Ok(())
            }
            Payload::CustomSection(section) if self.is_component && section.name() == Docs::SECTION => {
                // One is read, however many there are.
                self.docs.get_or_insert_with(|| Docs::read(section.data()));
                Ok(())
            }
            payload => note(payload, &mut self.screened),
        }
    }
}

fn at_most(count: u32, most: u32, what: &str) -> Result<(), String> {
    if count > most { Err(format!("it has {count} {what}, and {most} are accepted")) } else { Ok(()) }
}

fn check_body(body: &wasmparser::FunctionBody<'_>) -> Result<(), String> {
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
