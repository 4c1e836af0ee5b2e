//! Types and signatures as JSON Schema, for tool descriptions and documents.

use serde_json::{Map, Value, json};

use super::signature::{Case, Parameter, Signature, Type};

impl Signature {
    /// The parameters as a JSON Schema of one object, as tool descriptions want them.
    pub fn parameters_schema(&self) -> Value {
        object(None, &self.params)
    }
}

impl Type {
    /// The type as a JSON Schema.
    pub fn to_json_schema(&self) -> Value {
        match self {
            Self::Bool => json!({ "type": "boolean" }),
            Self::S8 => integer(i8::MIN, i8::MAX),
            Self::U8 => integer(u8::MIN, u8::MAX),
            Self::S16 => integer(i16::MIN, i16::MAX),
            Self::U16 => integer(u16::MIN, u16::MAX),
            Self::S32 => integer(i32::MIN, i32::MAX),
            Self::U32 => integer(u32::MIN, u32::MAX),
            Self::S64 => integer(i64::MIN, i64::MAX),
            Self::U64 => integer(u64::MIN, u64::MAX),
            Self::F32 | Self::F64 => json!({ "type": "number" }),
            Self::Char => json!({ "type": "string", "minLength": 1, "maxLength": 1 }),
            Self::String => json!({ "type": "string" }),
            Self::Unit => json!({ "type": "null" }),
            Self::List(inner) => json!({ "type": "array", "items": inner.to_json_schema() }),
            Self::Option(inner) => json!({ "anyOf": [inner.to_json_schema(), { "type": "null" }] }),
            Self::Result { ok, err } => json!({ "oneOf": [side("Ok", ok.as_deref()), side("Err", err.as_deref())] }),
            Self::Tuple(types) => {
                let items: Vec<Value> = types.iter().map(Type::to_json_schema).collect();
                json!({ "type": "array", "prefixItems": items, "minItems": types.len(), "maxItems": types.len() })
            }
            Self::Record { name, fields } => object(Some(name), fields),
            Self::Map(inner) => json!({ "type": "object", "additionalProperties": inner.to_json_schema() }),
            Self::Variant { name, cases } => {
                let cases: Vec<Value> = cases.iter().map(case).collect();
                json!({ "title": name, "oneOf": cases })
            }
            Self::Enum { name, cases } => json!({ "title": name, "enum": cases }),
            Self::Flags { name, flags } => {
                json!({ "title": name, "type": "array", "items": { "enum": flags }, "uniqueItems": true })
            }
            Self::Handle { .. } => json!({ "type": "integer", "minimum": 0, "description": self.to_string() }),
            Self::Any(text) => json!({ "description": text }),
        }
    }
}

fn integer(minimum: impl Into<Value>, maximum: impl Into<Value>) -> Value {
    json!({ "type": "integer", "minimum": minimum.into(), "maximum": maximum.into() })
}

fn case(case: &Case) -> Value {
    match &case.kind {
        Some(kind) => side(&case.name, Some(kind)),
        None => json!({ "const": case.name }),
    }
}

/// One side of a result: an object with this key and no other.
fn side(name: &str, kind: Option<&Type>) -> Value {
    let schema = kind.unwrap_or(&Type::Unit).to_json_schema();
    json!({ "type": "object", "properties": { name: schema }, "required": [name], "additionalProperties": false })
}

fn object(title: Option<&str>, fields: &[Parameter]) -> Value {
    let properties: Map<String, Value> =
        fields.iter().map(|field| (field.name.clone(), field.kind.to_json_schema())).collect();
    let optional = |field: &&Parameter| !matches!(field.kind, Type::Option(_));
    let required: Vec<&str> = fields.iter().filter(optional).map(|field| field.name.as_str()).collect();
    let mut schema = json!({ "type": "object", "properties": properties, "required": required });
    if let (Some(title), Some(object)) = (title, schema.as_object_mut()) {
        object.insert("title".to_owned(), title.into());
    }
    schema
}
