//! A module without its data: compiled once, it serves every image of itself.

use wasm_encoder::{
    DataCountSection, DataSection, DataSegment, DataSegmentMode, ExportKind, ExportSection, Module, RawSection,
};
use wasmparser::{DataKind, ExternalKind, GlobalType, Operator, Parser, Payload, TypeRef, ValType};

use crate::value::WasmValue;

/// Globals that can change are exported under this name and their place among them.
pub(crate) const GLOBAL: &str = "wasm_sandbox_global_";

/// Bytes of one wasm page.
const WASM_PAGE: u64 = 64 << 10;

/// Memory of a module at its start, at most.
const MAX_MEMORY: u64 = 1 << 30;

/// A module without its data, and what it begins with.
pub(crate) struct Stripped {
    pub(crate) wasm: Vec<u8>,
    pub(crate) memory: Vec<u8>,
    pub(crate) globals: Vec<WasmValue>,
}

/// Takes the data out of a module. Segments that wrote themselves into memory become empty ones, as they are after that;
/// custom sections go too.
pub(crate) fn strip(wasm: &[u8]) -> Result<Stripped, String> {
    let mut stripping = Stripping::default();
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.map_err(|error| error.to_string())?;
        stripping.section(wasm, payload)?;
    }
    Ok(Stripped { wasm: stripping.module.finish(), memory: stripping.memory, globals: stripping.globals })
}

#[derive(Default)]
struct Stripping {
    module: Module,
    memory: Vec<u8>,
    globals: Vec<WasmValue>,
    /// Places of the globals that can change.
    mutable: Vec<u32>,
}

impl Stripping {
    fn section(&mut self, wasm: &[u8], payload: Payload<'_>) -> Result<(), String> {
        let wrong = |error: wasmparser::BinaryReaderError| error.to_string();
        match payload {
            Payload::Version { .. } | Payload::End(_) | Payload::CustomSection(_) | Payload::CodeSectionEntry(_) => {}
            Payload::StartSection { .. } => return Err("a module with a start function has no image".to_owned()),
            Payload::ImportSection(imports) => {
                for import in imports.clone().into_imports() {
                    if !matches!(import.map_err(wrong)?.ty, TypeRef::Func(_)) {
                        return Err("it imports more than functions".to_owned());
                    }
                }
                self.raw(2, wasm, imports.range());
            }
            Payload::MemorySection(memories) => {
                for memory in memories.clone() {
                    let bytes = memory.map_err(wrong)?.initial.saturating_mul(WASM_PAGE);
                    if bytes > MAX_MEMORY || !self.memory.is_empty() {
                        return Err("its memory is too large, or it has several".to_owned());
                    }
                    self.memory = vec![0; usize::try_from(bytes).unwrap_or(0)];
                }
                self.raw(5, wasm, memories.range());
            }
            Payload::GlobalSection(globals) => {
                for (index, global) in (0..).zip(globals.clone()) {
                    let global = global.map_err(wrong)?;
                    self.global(index, global.ty, &global.init_expr)?;
                }
                self.raw(6, wasm, globals.range());
            }
            Payload::ExportSection(exports) => {
                let mut section = ExportSection::new();
                for export in exports {
                    let export = export.map_err(wrong)?;
                    section.export(export.name, kind(export.kind)?, export.index);
                }
                for (place, index) in self.mutable.iter().enumerate() {
                    section.export(&format!("{GLOBAL}{place}"), ExportKind::Global, *index);
                }
                self.module.section(&section);
            }
            Payload::DataSection(segments) => self.data(segments)?,
            Payload::DataCountSection { count, .. } => {
                self.module.section(&DataCountSection { count });
            }
            other => {
                let (id, range) = other.as_section().ok_or("it is no core module")?;
                self.raw(id, wasm, range);
            }
        }
        Ok(())
    }

    fn raw(&mut self, id: u8, wasm: &[u8], range: std::ops::Range<usize>) {
        self.module.section(&RawSection { id, data: wasm.get(range).unwrap_or_default() });
    }

    fn global(&mut self, index: u32, kind: GlobalType, init: &wasmparser::ConstExpr<'_>) -> Result<(), String> {
        if !kind.mutable {
            return Ok(());
        }
        let mut operators = init.get_operators_reader();
        let value = match (kind.content_type, operators.read().map_err(|error| error.to_string())?) {
            (ValType::I32, Operator::I32Const { value }) => WasmValue::I32(value),
            (ValType::I64, Operator::I64Const { value }) => WasmValue::I64(value),
            (ValType::F32, Operator::F32Const { value }) => WasmValue::F32(f32::from_bits(value.bits())),
            (ValType::F64, Operator::F64Const { value }) => WasmValue::F64(f64::from_bits(value.bits())),
            _ => return Err("a global that can change is no plain number".to_owned()),
        };
        self.globals.push(value);
        self.mutable.push(index);
        Ok(())
    }

    fn data(&mut self, segments: wasmparser::DataSectionReader<'_>) -> Result<(), String> {
        let mut section = DataSection::new();
        for segment in segments {
            let segment = segment.map_err(|error| error.to_string())?;
            let left: &[u8] = match segment.kind {
                DataKind::Passive => segment.data,
                DataKind::Active { offset_expr, .. } => {
                    let mut operators = offset_expr.get_operators_reader();
                    let Ok(Operator::I32Const { value }) = operators.read() else {
                        return Err("a data segment's place is no plain number".to_owned());
                    };
                    let start = value.cast_unsigned() as usize;
                    let room = self.memory.get_mut(start..start.saturating_add(segment.data.len()));
                    room.ok_or("a data segment lies outside of the memory")?.copy_from_slice(segment.data);
                    &[]
                }
            };
            section.segment(DataSegment { mode: DataSegmentMode::Passive, data: left.iter().copied() });
        }
        self.module.section(&section);
        Ok(())
    }
}

fn kind(kind: ExternalKind) -> Result<ExportKind, String> {
    match kind {
        ExternalKind::Func => Ok(ExportKind::Func),
        ExternalKind::Table => Ok(ExportKind::Table),
        ExternalKind::Memory => Ok(ExportKind::Memory),
        ExternalKind::Global => Ok(ExportKind::Global),
        ExternalKind::Tag => Ok(ExportKind::Tag),
        _ => Err("it exports what is not known".to_owned()),
    }
}
