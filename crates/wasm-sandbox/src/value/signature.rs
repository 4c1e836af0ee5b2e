//! What functions a module has and what they take and give back.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wasm_sandbox_policy::SandboxError;
use wasmparser::{CompositeInnerType, ExternalKind, Parser, Payload, TypeRef, ValType};

use super::WasmType;

/// The custom section that describes functions whose types are richer than wasm's.
pub(crate) const SECTION: &str = "wasm-sandbox.signatures";

/// Bytes of that section that are read at most.
const MAX_SECTION: usize = 1 << 20;

/// Nesting of a type that is accepted at most.
const MAX_DEPTH: usize = 32;

/// One callable function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// What callers say.
    pub name: String,
    /// The wasm export behind it.
    pub export: String,
    /// The function's documentation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doc: Option<String>,
    /// How arguments and result travel.
    pub abi: Abi,
    /// The parameters, in order.
    pub params: Vec<Parameter>,
    /// The result, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Type>,
}

/// How arguments and result travel; `docs/abi.md` has the details.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Abi {
    /// Each as one wasm value.
    Direct,
    /// As JSON, one buffer each way.
    Json,
    /// As wasm values, strings as pointers to bytes that end with a zero.
    Cstring,
}

/// One parameter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: Type,
}

/// The type of a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "the scalar names are the component model's and speak for themselves")]
pub enum Type {
    Bool,
    S8,
    U8,
    S16,
    U16,
    S32,
    U32,
    S64,
    U64,
    F32,
    F64,
    Char,
    String,
    /// Nothing, `null` in JSON.
    Unit,
    /// Values of one type.
    List(Box<Type>),
    /// A value or `null`.
    Option(Box<Type>),
    /// `{"Ok": value}` or `{"Err": value}`.
    Result {
        ok: Option<Box<Type>>,
        err: Option<Box<Type>>,
    },
    /// Values of these types.
    Tuple(Vec<Type>),
    /// An object with these fields.
    Record {
        name: String,
        fields: Vec<Parameter>,
    },
    /// An object with any keys and values of one type.
    Map(Box<Type>),
    /// JSON of a shape that is not described further; the text is for people.
    Any(String),
}

/// The functions of one module, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signatures(BTreeMap<String, Signature>);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    version: u32,
    functions: Vec<Signature>,
}

impl Signatures {
    /// Reads the signatures of a valid module: from the custom section where there is one, otherwise from wasm's own types.
    ///
    /// # Errors
    /// The section is not what `docs/abi.md` says, or does not fit the module's exports.
    pub(crate) fn from_wasm(wasm: &[u8]) -> Result<Self, SandboxError> {
        let exports = Exports::read(wasm).map_err(|error| unreadable(&error.to_string()))?;
        let mut signatures = exports.plain();
        if let Some(section) = &exports.section {
            let described = described(section, &exports)?;
            let covered: BTreeSet<&str> = described.iter().map(|signature| signature.export.as_str()).collect();
            signatures.0.retain(|_, plain| !covered.contains(plain.export.as_str()));
            signatures.0.extend(described.iter().map(|signature| (signature.name.clone(), signature.clone())));
        }
        Ok(signatures)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Signature> {
        self.0.values()
    }

    /// The function `name`.
    ///
    /// # Errors
    /// [`SandboxError::FunctionNotFound`] with those that there are.
    pub(crate) fn find(&self, name: &str) -> Result<&Signature, SandboxError> {
        self.0.get(name).ok_or_else(|| SandboxError::FunctionNotFound {
            function: name.to_owned(),
            available: self.0.values().map(ToString::to_string).collect(),
        })
    }

    /// The module with these signatures in its custom section.
    pub(crate) fn append_section(wasm: &[u8], functions: Vec<Signature>) -> Result<Vec<u8>, SandboxError> {
        let data = serde_json::to_vec(&Section { version: 1, functions })
            .map_err(|error| SandboxError::internal("writing signatures", error))?;
        let mut module = wasm.to_vec();
        let section = wasm_encoder::CustomSection { name: SECTION.into(), data: data.into() };
        wasm_encoder::ComponentSection::append_to_component(&section, &mut module);
        Ok(module)
    }
}

fn described(section: &[u8], exports: &Exports) -> Result<Vec<Signature>, SandboxError> {
    if section.len() > MAX_SECTION {
        return Err(unreadable("it is longer than 1 MiB"));
    }
    let section: Section = serde_json::from_slice(section).map_err(|error| unreadable(&error.to_string()))?;
    if section.version != 1 {
        return Err(unreadable(&format!("its version is {}, not 1", section.version)));
    }
    let mut names = BTreeSet::new();
    for function in &section.functions {
        if !names.insert(function.name.as_str()) {
            return Err(unreadable(&format!("`{}` is there twice", function.name.escape_debug())));
        }
        exports.check(function)?;
    }
    Ok(section.functions)
}

fn unreadable(reason: &str) -> SandboxError {
    SandboxError::NotRunnable {
        what: SECTION.to_owned(),
        reason: format!("the custom section cannot be used: {reason}"),
    }
}

/// The exported functions of a module with their wasm types.
struct Exports {
    functions: BTreeMap<String, (Vec<ValType>, Vec<ValType>)>,
    section: Option<Vec<u8>>,
}

impl Exports {
    fn read(wasm: &[u8]) -> wasmparser::Result<Self> {
        let (mut types, mut functions, mut exported) = (Vec::new(), Vec::new(), Vec::new());
        let mut section = None;
        for payload in Parser::new(0).parse_all(wasm) {
            match payload? {
                Payload::TypeSection(reader) => {
                    for group in reader {
                        types.extend(group?.into_types().map(|sub| match sub.composite_type.inner {
                            CompositeInnerType::Func(func) => Some((func.params().to_vec(), func.results().to_vec())),
                            _ => None,
                        }));
                    }
                }
                Payload::ImportSection(reader) => {
                    for import in reader.into_imports() {
                        if let TypeRef::Func(index) = import?.ty {
                            functions.push(index);
                        }
                    }
                }
                Payload::FunctionSection(reader) => {
                    for index in reader {
                        functions.push(index?);
                    }
                }
                Payload::ExportSection(reader) => {
                    for export in reader {
                        let export = export?;
                        if export.kind == ExternalKind::Func {
                            exported.push((export.name.to_owned(), export.index));
                        }
                    }
                }
                Payload::CustomSection(reader) if reader.name() == SECTION => section = Some(reader.data().to_vec()),
                _ => {}
            }
        }
        let of = |index: u32| {
            let kind = functions.get(index as usize)?;
            types.get(*kind as usize)?.clone()
        };
        let functions = exported.into_iter().filter_map(|(name, index)| Some((name, of(index)?))).collect();
        Ok(Self { functions, section })
    }

    /// What wasm's own types say.
    fn plain(&self) -> Signatures {
        let signature = |(name, (params, results)): (&String, &(Vec<ValType>, Vec<ValType>))| {
            let internal = name.starts_with('_')
                || matches!(name.as_str(), "malloc" | "free")
                || name.starts_with("wasm_sandbox_");
            if internal || results.len() > 1 {
                return None;
            }
            let parameter = |(index, kind): (usize, &ValType)| {
                Some(Parameter { name: format!("p{index}"), kind: plain_type(*kind)? })
            };
            let params = params.iter().enumerate().map(parameter).collect::<Option<Vec<_>>>()?;
            let result = match results.first() {
                Some(kind) => Some(plain_type(*kind)?),
                None => None,
            };
            let signature =
                Signature { name: name.clone(), export: name.clone(), doc: None, abi: Abi::Direct, params, result };
            Some((name.clone(), signature))
        };
        Signatures(self.functions.iter().filter_map(signature).collect())
    }

    /// A section is the guest's word: what it says must fit the export's real type.
    fn check(&self, signature: &Signature) -> Result<(), SandboxError> {
        let name = signature.name.escape_debug();
        let Some((params, results)) = self.functions.get(&signature.export) else {
            return Err(unreadable(&format!("`{name}` has no export `{}`", signature.export.escape_debug())));
        };
        let types = signature.params.iter().map(|parameter| &parameter.kind).chain(&signature.result);
        if types.clone().any(|kind| kind.depth() > MAX_DEPTH) {
            return Err(unreadable(&format!("the types of `{name}` are nested too deep")));
        }
        let fits = match signature.abi {
            Abi::Json => *params == [ValType::I32, ValType::I32] && *results == [ValType::I64] && self.has_allocator(),
            Abi::Direct | Abi::Cstring => {
                let strings = signature.abi == Abi::Cstring;
                let same = |kind: &Type, wasm: &ValType| kind.wasm(strings).map(engine_type) == Some(*wasm);
                params.len() == signature.params.len()
                    && signature.params.iter().zip(params).all(|(parameter, wasm)| same(&parameter.kind, wasm))
                    && results.len() == usize::from(signature.result.is_some())
                    && signature.result.iter().zip(results).all(|(kind, wasm)| same(kind, wasm))
            }
        };
        if fits { Ok(()) } else { Err(unreadable(&format!("`{name}` is described otherwise than its export is"))) }
    }

    fn has_allocator(&self) -> bool {
        let is = |name: &str, params: &[ValType], results: &[ValType]| {
            self.functions.get(name).is_some_and(|(p, r)| p == params && r == results)
        };
        is("wasm_sandbox_alloc", &[ValType::I32], &[ValType::I32])
            && is("wasm_sandbox_free", &[ValType::I32, ValType::I32], &[])
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

impl Type {
    /// The wasm value that this type travels as, if it travels as one; strings do where they are pointers.
    pub(crate) fn wasm(&self, strings: bool) -> Option<WasmType> {
        match self {
            Self::Bool | Self::S8 | Self::U8 | Self::S16 | Self::U16 | Self::S32 | Self::U32 | Self::Char => {
                Some(WasmType::I32)
            }
            Self::S64 | Self::U64 => Some(WasmType::I64),
            Self::F32 => Some(WasmType::F32),
            Self::F64 => Some(WasmType::F64),
            Self::String if strings => Some(WasmType::I32),
            _ => None,
        }
    }

    fn depth(&self) -> usize {
        let deepest = |types: &mut dyn Iterator<Item = &Type>| types.map(Type::depth).max().unwrap_or(0);
        1 + match self {
            Self::List(inner) | Self::Option(inner) | Self::Map(inner) => inner.depth(),
            Self::Result { ok, err } => deepest(&mut ok.iter().chain(err).map(AsRef::as_ref)),
            Self::Tuple(types) => deepest(&mut types.iter()),
            Self::Record { fields, .. } => deepest(&mut fields.iter().map(|field| &field.kind)),
            _ => 0,
        }
    }

    /// The type as a JSON Schema.
    pub fn to_json_schema(&self) -> Value {
        let integer = |minimum: i128, maximum: i128| json!({ "type": "integer", "minimum": minimum as f64, "maximum": maximum as f64 });
        match self {
            Self::Bool => json!({ "type": "boolean" }),
            Self::S8 => integer(i8::MIN.into(), i8::MAX.into()),
            Self::U8 => integer(0, u8::MAX.into()),
            Self::S16 => integer(i16::MIN.into(), i16::MAX.into()),
            Self::U16 => integer(0, u16::MAX.into()),
            Self::S32 => integer(i32::MIN.into(), i32::MAX.into()),
            Self::U32 => integer(0, u32::MAX.into()),
            Self::S64 => json!({ "type": "integer" }),
            Self::U64 => json!({ "type": "integer", "minimum": 0 }),
            Self::F32 | Self::F64 => json!({ "type": "number" }),
            Self::Char => json!({ "type": "string", "minLength": 1, "maxLength": 1 }),
            Self::String => json!({ "type": "string" }),
            Self::Unit => json!({ "type": "null" }),
            Self::List(inner) => json!({ "type": "array", "items": inner.to_json_schema() }),
            Self::Option(inner) => json!({ "anyOf": [inner.to_json_schema(), { "type": "null" }] }),
            Self::Result { ok, err } => {
                let side = |kind: &Option<Box<Type>>| {
                    kind.as_ref().map_or(json!({ "type": "null" }), |kind| kind.to_json_schema())
                };
                let one = |name: &str, schema: Value| json!({ "type": "object", "properties": { name: schema }, "required": [name] });
                json!({ "oneOf": [one("Ok", side(ok)), one("Err", side(err))] })
            }
            Self::Tuple(types) => {
                let items: Vec<Value> = types.iter().map(Type::to_json_schema).collect();
                json!({ "type": "array", "prefixItems": items, "minItems": types.len(), "maxItems": types.len() })
            }
            Self::Record { name, fields } => object_schema(Some(name), fields),
            Self::Map(inner) => json!({ "type": "object", "additionalProperties": inner.to_json_schema() }),
            Self::Any(text) => json!({ "description": text }),
        }
    }
}

fn object_schema(title: Option<&str>, fields: &[Parameter]) -> Value {
    let properties: serde_json::Map<String, Value> =
        fields.iter().map(|field| (field.name.clone(), field.kind.to_json_schema())).collect();
    let optional = |field: &&Parameter| !matches!(field.kind, Type::Option(_));
    let required: Vec<&str> = fields.iter().filter(optional).map(|field| field.name.as_str()).collect();
    let mut schema = json!({ "type": "object", "properties": properties, "required": required });
    if let (Some(title), Some(object)) = (title, schema.as_object_mut()) {
        object.insert("title".to_owned(), title.into());
    }
    schema
}

impl Signature {
    /// The parameters as a JSON Schema of one object, as tool descriptions want them.
    pub fn parameters_schema(&self) -> Value {
        object_schema(None, &self.params)
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.name)?;
        for (index, parameter) in self.params.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{}: {}", parameter.name, parameter.kind)?;
        }
        f.write_str(")")?;
        match &self.result {
            Some(result) => write!(f, " -> {result}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = |kind: &Option<Box<Type>>| kind.as_ref().map_or("_".to_owned(), ToString::to_string);
        match self {
            Self::Bool => f.write_str("bool"),
            Self::S8 => f.write_str("s8"),
            Self::U8 => f.write_str("u8"),
            Self::S16 => f.write_str("s16"),
            Self::U16 => f.write_str("u16"),
            Self::S32 => f.write_str("s32"),
            Self::U32 => f.write_str("u32"),
            Self::S64 => f.write_str("s64"),
            Self::U64 => f.write_str("u64"),
            Self::F32 => f.write_str("f32"),
            Self::F64 => f.write_str("f64"),
            Self::Char => f.write_str("char"),
            Self::String => f.write_str("string"),
            Self::Unit => f.write_str("unit"),
            Self::List(inner) => write!(f, "list<{inner}>"),
            Self::Option(inner) => write!(f, "option<{inner}>"),
            Self::Result { ok, err } => write!(f, "result<{}, {}>", side(ok), side(err)),
            Self::Tuple(types) => {
                let types: Vec<String> = types.iter().map(ToString::to_string).collect();
                write!(f, "tuple<{}>", types.join(", "))
            }
            Self::Record { name, .. } => f.write_str(name),
            Self::Map(inner) => write!(f, "map<string, {inner}>"),
            Self::Any(text) => f.write_str(text),
        }
    }
}
