//! What an object file offers: the linker's symbols say what is there, debug information says what it takes and gives back.

use std::collections::{BTreeMap, BTreeSet};

use gimli::{
    AttributeValue, DebuggingInformationEntry, EndianSlice, EntriesTreeNode, LittleEndian, UnitOffset, UnitRef,
};
use wasmparser::{KnownCustom, Linking, Parser, Payload, SymbolFlags, SymbolInfo};

use crate::value::{Abi, LeftOut, Parameter, Signature, Signatures, Type};

type Bytes<'a> = EndianSlice<'a, LittleEndian>;
type Entry<'a> = DebuggingInformationEntry<Bytes<'a>>;

/// What `main` is called once it is compiled.
const MAIN: [&str; 4] = ["main", "__main_void", "__main_argc_argv", "__original_main"];

/// Functions that the call ABI itself needs are no functions for callers, whoever wrote them.
const ALLOCATOR: [&str; 4] = ["malloc", "free", "calloc", "realloc"];

/// How the names begin of what the host calls, and the name of what answers requests, by `wasm_sandbox_http.h`.
const OURS: &str = "wasm_sandbox_";
const HANDLER: &str = "wasm_sandbox_http_handle";

/// How many names a type may be known by on its way to what it is.
const MAX_NAMES: usize = 16;

/// An object file.
pub(super) struct Object {
    /// Whether it has a `main`.
    pub(super) program: bool,
    /// Functions that can be called from outside, with types that travel.
    pub(super) functions: Vec<Signature>,
    /// Those with others.
    pub(super) left_out: Vec<LeftOut>,
    /// What the source itself says of its functions, as `docs/abi.md` has it.
    pub(super) described: Vec<u8>,
}

impl Object {
    pub(super) fn read(object: &[u8]) -> Result<Self, String> {
        let sections = Sections::read(object).map_err(|error| format!("the object file cannot be read: {error}"))?;
        let program = MAIN.iter().any(|name| sections.defined.contains(name));
        let (functions, left_out) =
            functions(&sections).map_err(|error| format!("the debug information cannot be read: {error}"))?;
        Ok(Self { program, functions, left_out, described: sections.described })
    }

    /// Leaves out what the source describes itself, or exports under another name from the linked guest.
    pub(super) fn leave_to_the_source(&mut self, described: &[Signature], guest: &[u8]) -> Result<(), String> {
        let mut exported = BTreeSet::new();
        for payload in Parser::new(0).parse_all(guest) {
            let unreadable = |error| format!("the linked module cannot be read: {error}");
            let Payload::ExportSection(exports) = payload.map_err(unreadable)? else { continue };
            for export in exports {
                exported.insert(export.map_err(unreadable)?.name);
            }
        }
        let own: BTreeSet<&str> = described.iter().flat_map(|one| [one.export.as_str(), one.name.as_str()]).collect();
        self.functions.retain(|one| exported.contains(one.export.as_str()) && !own.contains(one.export.as_str()));
        self.left_out.retain(|one| !own.contains(one.name.as_str()));
        Ok(())
    }

    /// Symbols that the linked module has to export.
    pub(super) fn exports(&self) -> impl Iterator<Item = &str> {
        let strings = self.functions.iter().any(|function| function.abi == Abi::Cstring);
        let allocator: &[&str] = if strings { &["malloc", "free"] } else { &[] };
        self.functions.iter().map(|function| function.export.as_str()).chain(allocator.iter().copied())
    }
}

/// The parts of an object file that matter here.
struct Sections<'a> {
    /// Functions that are defined and can be seen from outside.
    defined: BTreeSet<&'a str>,
    debug: BTreeMap<&'a str, &'a [u8]>,
    described: Vec<u8>,
}

impl<'a> Sections<'a> {
    fn read(object: &'a [u8]) -> wasmparser::Result<Self> {
        let mut all = Self { defined: BTreeSet::new(), debug: BTreeMap::new(), described: Vec::new() };
        for payload in Parser::new(0).parse_all(object) {
            let Payload::CustomSection(section) = payload? else { continue };
            if let KnownCustom::Linking(linking) = section.as_known() {
                for subsection in linking {
                    if let Linking::SymbolTable(symbols) = subsection? {
                        all.symbols(symbols)?;
                    }
                }
            } else if section.name() == Signatures::SECTION {
                all.described.extend(section.data());
            } else if section.name().starts_with(".debug_") {
                all.debug.insert(section.name(), section.data());
            }
        }
        Ok(all)
    }

    fn symbols(&mut self, symbols: wasmparser::SymbolInfoMap<'a>) -> wasmparser::Result<()> {
        // What is weak comes from headers, as inline functions do.
        let elsewhere = SymbolFlags::UNDEFINED | SymbolFlags::BINDING_LOCAL | SymbolFlags::BINDING_WEAK;
        for symbol in symbols {
            if let SymbolInfo::Func { flags, name: Some(name), .. } = symbol?
                && !flags.intersects(elsewhere)
            {
                self.defined.insert(name);
            }
        }
        Ok(())
    }
}

/// A function that can be called, or why it cannot.
type Found = Result<Signature, LeftOut>;

fn functions(sections: &Sections<'_>) -> gimli::Result<(Vec<Signature>, Vec<LeftOut>)> {
    let dwarf = gimli::Dwarf::load(|id| {
        let data = sections.debug.get(id.name()).copied().unwrap_or_default();
        Ok::<_, gimli::Error>(EndianSlice::new(data, LittleEndian))
    })?;
    let mut found: BTreeMap<String, Found> = BTreeMap::new();
    let mut units = dwarf.units();
    while let Some(header) = units.next()? {
        let unit = dwarf.unit(header)?;
        let unit = Unit(unit.unit_ref(&dwarf));
        let mut tree = unit.0.entries_tree(None)?;
        let mut children = tree.root()?.children();
        while let Some(node) = children.next()? {
            if let Some(function) = unit.function(node, &sections.defined)? {
                let name = function.as_ref().map_or_else(|one| one.name.clone(), |one| one.name.clone());
                // Of functions with one name, which C++ allows, none can be meant by it.
                let shared = LeftOut::new(name.clone(), "it shares its name with another");
                found.entry(name).and_modify(|known| *known = Err(shared)).or_insert(function);
            }
        }
    }
    let (mut functions, mut left_out) = (Vec::new(), Vec::new());
    for function in found.into_values() {
        match function {
            Ok(signature) => functions.push(signature),
            Err(one) => left_out.push(one),
        }
    }
    Ok((functions, left_out))
}

/// Debug information of one source.
struct Unit<'a>(UnitRef<'a, Bytes<'a>>);

impl<'a> Unit<'a> {
    /// The function, if this is one that can be seen from outside.
    fn function(
        &self,
        node: EntriesTreeNode<'_, '_, Bytes<'a>>,
        defined: &BTreeSet<&str>,
    ) -> gimli::Result<Option<Found>> {
        let entry = node.entry();
        let Some(name) = self.text(entry, gimli::DW_AT_name) else { return Ok(None) };
        let export = self.text(entry, gimli::DW_AT_linkage_name).unwrap_or_else(|| name.clone());
        let own = entry.tag() == gimli::DW_TAG_subprogram
            && defined.contains(export.as_str())
            && !MAIN.contains(&export.as_str())
            && !ALLOCATOR.contains(&export.as_str())
            && (!export.starts_with(OURS) || export == HANDLER);
        if !own {
            return Ok(None);
        }
        let left_out = |reason: &str| Ok(Some(Err(LeftOut::new(name.clone(), reason))));
        if export == HANDLER {
            return left_out("it answers HTTP requests, which `wasm-sandbox serve` has it do");
        }
        let result = match type_of(entry) {
            None => None,
            Some(offset) => match self.travels(offset)? {
                Some(kind) => Some(kind),
                None => return left_out("its result is neither a number nor text"),
            },
        };
        let mut params = Vec::new();
        let mut children = node.children();
        while let Some(child) = children.next()? {
            let child = child.entry();
            match child.tag() {
                gimli::DW_TAG_formal_parameter => {
                    let parameter = self.text(child, gimli::DW_AT_name);
                    let parameter = parameter.unwrap_or_else(|| format!("p{}", params.len()));
                    let kind = type_of(child).map(|offset| self.travels(offset)).transpose()?.flatten();
                    let Some(kind) = kind else {
                        return left_out(&format!("its parameter `{parameter}` is neither a number nor text"));
                    };
                    params.push(Parameter { name: parameter, kind });
                }
                // `...`
                gimli::DW_TAG_unspecified_parameters => return left_out("it takes any number of arguments"),
                _ => {}
            }
        }
        let strings = params.iter().map(|parameter| &parameter.kind).chain(&result).any(|kind| *kind == Type::String);
        let abi = if strings { Abi::Cstring } else { Abi::Direct };
        Ok(Some(Ok(Signature { name, export, doc: None, abi, params, result })))
    }

    /// How a type travels; none for one that cannot.
    fn travels(&self, offset: UnitOffset) -> gimli::Result<Option<Type>> {
        let entry = self.strip(offset)?;
        Ok(match entry.tag() {
            gimli::DW_TAG_base_type => scalar(&entry),
            gimli::DW_TAG_enumeration_type => match type_of(&entry) {
                Some(offset) => scalar(&self.strip(offset)?),
                None => (size(&entry) == Some(4)).then_some(Type::S32),
            },
            gimli::DW_TAG_pointer_type => match type_of(&entry) {
                Some(offset) => self.is_char(offset)?.then_some(Type::String),
                None => None,
            },
            _ => None,
        })
    }

    /// A type without the names and qualifiers that it goes by.
    fn strip(&self, mut offset: UnitOffset) -> gimli::Result<Entry<'a>> {
        for _ in 0..MAX_NAMES {
            let entry = self.0.entry(offset)?;
            let named = matches!(
                entry.tag(),
                gimli::DW_TAG_typedef
                    | gimli::DW_TAG_const_type
                    | gimli::DW_TAG_volatile_type
                    | gimli::DW_TAG_restrict_type
            );
            match type_of(&entry) {
                Some(next) if named => offset = next,
                _ => return Ok(entry),
            }
        }
        self.0.entry(offset)
    }

    fn is_char(&self, offset: UnitOffset) -> gimli::Result<bool> {
        let entry = self.strip(offset)?;
        Ok(self.text(&entry, gimli::DW_AT_name).as_deref() == Some("char"))
    }

    fn text(&self, entry: &Entry<'a>, attribute: gimli::DwAt) -> Option<String> {
        let text = self.0.attr_string(entry.attr_value(attribute)?).ok()?;
        Some(text.to_string_lossy().into_owned())
    }
}

fn type_of(entry: &Entry<'_>) -> Option<UnitOffset> {
    match entry.attr_value(gimli::DW_AT_type)? {
        AttributeValue::UnitRef(offset) => Some(offset),
        _ => None,
    }
}

fn size(entry: &Entry<'_>) -> Option<u64> {
    entry.attr_value(gimli::DW_AT_byte_size)?.udata_value()
}

fn scalar(entry: &Entry<'_>) -> Option<Type> {
    let AttributeValue::Encoding(encoding) = entry.attr_value(gimli::DW_AT_encoding)? else { return None };
    let signed = matches!(encoding, gimli::DW_ATE_signed | gimli::DW_ATE_signed_char);
    let unsigned = matches!(encoding, gimli::DW_ATE_unsigned | gimli::DW_ATE_unsigned_char);
    match size(entry)? {
        1 if encoding == gimli::DW_ATE_boolean => Some(Type::Bool),
        1 if signed => Some(Type::S8),
        1 if unsigned => Some(Type::U8),
        2 if signed => Some(Type::S16),
        2 if unsigned => Some(Type::U16),
        4 if signed => Some(Type::S32),
        4 if unsigned => Some(Type::U32),
        8 if signed => Some(Type::S64),
        8 if unsigned => Some(Type::U64),
        4 if encoding == gimli::DW_ATE_float => Some(Type::F32),
        8 if encoding == gimli::DW_ATE_float => Some(Type::F64),
        _ => None,
    }
}
