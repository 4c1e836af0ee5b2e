//! What a function takes and gives back.

use std::fmt;

use serde::{Deserialize, Serialize};
use wasm_sandbox_policy::Plain;

use super::WasmType;

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

impl Signature {
    /// The export by which a module answers HTTP requests.
    pub(crate) const SERVE: &str = "wasm_sandbox_serve";

    /// What that is to be.
    pub(super) fn serve() -> Self {
        let request = Parameter { name: "request".to_owned(), kind: Type::Any("request".to_owned()) };
        Self {
            name: Self::SERVE.to_owned(),
            export: Self::SERVE.to_owned(),
            doc: None,
            abi: Abi::Json,
            params: vec![request],
            result: Some(Type::Result { ok: None, err: Some(Box::new(Type::String)) }),
        }
    }
}

/// A function that a source has and nobody can call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// The function.
    pub name: String,
    /// Why it cannot be called: "it is generic".
    pub reason: String,
}

impl LeftOut {
    pub(crate) fn new(name: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { name: name.into(), reason: reason.into() }
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", Plain::line(&self.name), Plain::line(&self.reason))
    }
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
    /// Through the interpreter that runs the function. No module's own section can say so.
    Script,
    /// As the component model has it. No module's own section can say so.
    Component,
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

/// One case of a variant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Its name.
    pub name: String,
    /// What it holds, if it holds anything.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Type>,
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
    /// One of several cases: a text for a case that holds nothing, `{"case": value}` for one that does.
    Variant {
        name: String,
        cases: Vec<Case>,
    },
    /// One of these texts.
    Enum {
        name: String,
        cases: Vec<String>,
    },
    /// A list of some of these texts.
    Flags {
        name: String,
        flags: Vec<String>,
    },
    /// Something that a component keeps, by a number that stands for it. Passing what is owned gives it away.
    Handle {
        resource: String,
        owned: bool,
    },
    /// JSON of a shape that is not described further; the text is for people.
    Any(String),
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

    /// Whether it is, or holds, a type of which this is true.
    fn any(&self, is: &dyn Fn(&Self) -> bool) -> bool {
        is(self)
            || match self {
                Self::List(inner) | Self::Option(inner) | Self::Map(inner) => inner.any(is),
                Self::Result { ok, err } => ok.iter().chain(err).any(|kind| kind.any(is)),
                Self::Tuple(types) => types.iter().any(|kind| kind.any(is)),
                Self::Record { fields, .. } => fields.iter().any(|field| field.kind.any(is)),
                Self::Variant { cases, .. } => {
                    cases.iter().filter_map(|case| case.kind.as_ref()).any(|kind| kind.any(is))
                }
                _ => false,
            }
    }

    pub(super) fn depth(&self) -> usize {
        let deepest = |types: &mut dyn Iterator<Item = &Type>| types.map(Type::depth).max().unwrap_or(0);
        1 + match self {
            Self::List(inner) | Self::Option(inner) | Self::Map(inner) => inner.depth(),
            Self::Result { ok, err } => deepest(&mut ok.iter().chain(err).map(AsRef::as_ref)),
            Self::Tuple(types) => deepest(&mut types.iter()),
            Self::Record { fields, .. } => deepest(&mut fields.iter().map(|field| &field.kind)),
            Self::Variant { cases, .. } => deepest(&mut cases.iter().filter_map(|case| case.kind.as_ref())),
            _ => 0,
        }
    }
}

impl Signature {
    pub(super) fn has_handles(&self) -> bool {
        self.any(&|kind| matches!(kind, Type::Handle { .. }))
    }

    /// Whether many sets of flags travel at a time, which the host holds as texts.
    pub(crate) fn has_flag_lists(&self) -> bool {
        let flags = |kind: &Type| matches!(kind, Type::Flags { .. });
        self.any(&|kind| matches!(kind, Type::List(inner) if inner.any(&flags)))
    }

    /// Whether there are options of options, which JSON does not tell apart.
    pub(super) fn has_nested_options(&self) -> bool {
        let option = |kind: &Type| matches!(kind, Type::Option(_));
        self.any(&|kind| matches!(kind, Type::Option(inner) if option(inner)))
    }

    fn any(&self, is: &dyn Fn(&Type) -> bool) -> bool {
        self.params.iter().map(|parameter| &parameter.kind).chain(&self.result).any(|kind| kind.any(is))
    }

    /// The types that the signature only names, written out as in WIT: `enum colour { red, green }`.
    pub fn definitions(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.params
            .iter()
            .map(|parameter| &parameter.kind)
            .chain(&self.result)
            .for_each(|kind| kind.define(&mut found));
        found
    }
}

impl Type {
    fn define(&self, found: &mut Vec<String>) {
        let line = |kind: &str, name: &str, parts: Vec<String>| {
            let parts: Vec<String> = parts.iter().map(|part| Plain::line(part).to_string()).collect();
            format!("{kind} {} {{ {} }}", Plain::line(name), parts.join(", "))
        };
        match self {
            Self::List(inner) | Self::Option(inner) | Self::Map(inner) => inner.define(found),
            Self::Result { ok, err } => ok.iter().chain(err).for_each(|kind| kind.define(found)),
            Self::Tuple(types) => types.iter().for_each(|kind| kind.define(found)),
            Self::Record { name, fields } => {
                let parts = fields.iter().map(|field| format!("{}: {}", field.name, field.kind)).collect();
                found.push(line("record", name, parts));
                fields.iter().for_each(|field| field.kind.define(found));
            }
            Self::Variant { name, cases } => {
                let part = |case: &Case| match &case.kind {
                    Some(kind) => format!("{}({kind})", case.name),
                    None => case.name.clone(),
                };
                found.push(line("variant", name, cases.iter().map(part).collect()));
                cases.iter().filter_map(|case| case.kind.as_ref()).for_each(|kind| kind.define(found));
            }
            Self::Enum { name, cases } => found.push(line("enum", name, cases.clone())),
            Self::Flags { name, flags } => found.push(line("flags", name, flags.clone())),
            _ => {}
        }
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", Plain::line(&self.name))?;
        for (index, parameter) in self.params.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{}: {}", Plain::line(&parameter.name), parameter.kind)?;
        }
        f.write_str(")")?;
        match &self.result {
            Some(result) => write!(f, " -> {result}"),
            None => Ok(()),
        }
    }
}

#[cfg(any(test, fuzzing))]
impl Type {
    /// Those of a single value.
    pub(super) const SCALARS: [Self; 14] = [
        Self::Bool,
        Self::S8,
        Self::U8,
        Self::S16,
        Self::U16,
        Self::S32,
        Self::U32,
        Self::S64,
        Self::U64,
        Self::F32,
        Self::F64,
        Self::Char,
        Self::String,
        Self::Unit,
    ];
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
            Self::Record { name, .. }
            | Self::Variant { name, .. }
            | Self::Enum { name, .. }
            | Self::Flags { name, .. } => write!(f, "{}", Plain::line(name)),
            Self::Handle { resource, owned: true } => write!(f, "own<{}>", Plain::line(resource)),
            Self::Handle { resource, owned: false } => write!(f, "borrow<{}>", Plain::line(resource)),
            Self::Map(inner) => write!(f, "map<string, {inner}>"),
            Self::Any(text) => write!(f, "{}", Plain::line(text)),
        }
    }
}
