//! Whether a JSON value is of a type, and the wasm value that it travels as.

use serde_json::{Map, Value};
use wasm_sandbox_policy::Plain;

use super::{
    WasmValue,
    signature::{Parameter, Type},
};

/// Characters of a value that a message shows.
const MAX_SHOWN: usize = 60;

impl Type {
    /// Checks that a JSON value is of this type; the error completes a sentence: `is not a u8: 300`. A whole number in
    /// another notation (`5.0` for an integer) becomes the integer that it is.
    pub(super) fn fit(&self, value: &mut Value) -> Result<(), String> {
        let fits = match self {
            Self::Bool => value.is_boolean(),
            Self::S8 => whole(value, i8::MIN, i8::MAX),
            Self::U8 => whole(value, u8::MIN, u8::MAX),
            Self::S16 => whole(value, i16::MIN, i16::MAX),
            Self::U16 => whole(value, u16::MIN, u16::MAX),
            Self::S32 => whole(value, i32::MIN, i32::MAX),
            Self::U32 => whole(value, u32::MIN, u32::MAX),
            Self::S64 => whole(value, i64::MIN, i64::MAX),
            Self::U64 => whole(value, u64::MIN, u64::MAX),
            Self::F32 | Self::F64 => value.is_number(),
            Self::Char => value.as_str().is_some_and(is_char),
            Self::String => value.is_string(),
            Self::Unit => value.is_null(),
            Self::Any(_) => true,
            Self::Enum { cases, .. } => value.as_str().is_some_and(|given| cases.iter().any(|case| case == given)),
            Self::Handle { .. } => value.is_u64(),
            Self::Option(inner) => return if value.is_null() { Ok(()) } else { inner.fit(value) },
            _ => return self.fit_compound(value),
        };
        if fits { Ok(()) } else { Err(self.misfit(value)) }
    }

    fn fit_compound(&self, value: &mut Value) -> Result<(), String> {
        match (self, &mut *value) {
            (Self::List(inner), Value::Array(items)) => {
                items.iter_mut().enumerate().try_for_each(|(index, item)| inner.fit(item).map_err(in_item(index)))
            }
            (Self::Tuple(types), Value::Array(items)) if types.len() == items.len() => {
                let mut pairs = types.iter().zip(items).enumerate();
                pairs.try_for_each(|(index, (kind, item))| kind.fit(item).map_err(in_item(index)))
            }
            (Self::Record { fields, .. }, Value::Object(object)) => {
                fields.iter().try_for_each(|field| fit_field(field, object))
            }
            (Self::Map(inner), Value::Object(object)) => {
                object.iter_mut().try_for_each(|(key, value)| inner.fit(value).map_err(in_field(key)))
            }
            (Self::Flags { flags, .. }, Value::Array(items)) => {
                let known = |item: &Value| item.as_str().is_some_and(|item| flags.iter().any(|flag| flag == item));
                match items.iter().position(|item| !known(item)) {
                    Some(index) => Err(in_item(index)(format!("is none of {}", flags.join(", ")))),
                    None => Ok(()),
                }
            }
            (Self::Variant { cases, .. }, Value::String(name))
                if cases.iter().any(|case| case.name == *name && case.kind.is_none()) =>
            {
                Ok(())
            }
            (Self::Variant { cases, .. }, Value::Object(object)) if object.len() == 1 => {
                let held = |name: &str| cases.iter().find(|case| case.name == name).and_then(|case| case.kind.as_ref());
                match object.iter_mut().next().and_then(|(name, value)| Some((held(name)?, name, value))) {
                    Some((kind, name, value)) => kind.fit(value).map_err(in_field(name)),
                    None => Err(self.misfit(value)),
                }
            }
            (Self::Result { ok, err }, Value::Object(object)) if object.len() == 1 => {
                let mut sides = object.iter_mut();
                match sides.next().map(|(side, value)| (side.as_str(), value)) {
                    Some(("Ok", value)) => side(ok.as_deref()).fit(value).map_err(in_field("Ok")),
                    Some(("Err", value)) => side(err.as_deref()).fit(value).map_err(in_field("Err")),
                    _ => Err(self.misfit(value)),
                }
            }
            _ => Err(self.misfit(value)),
        }
    }

    fn misfit(&self, value: &Value) -> String {
        format!("is not a {self}: {}", Plain::line(&value.to_string()).at_most(MAX_SHOWN))
    }

    /// The wasm value of a JSON value that [`fit`](Self::fit) accepted; none for a type that needs a buffer.
    pub(super) fn encode(&self, value: &Value) -> Option<WasmValue> {
        match self {
            Self::Bool => value.as_bool().map(|value| WasmValue::I32(value.into())),
            Self::S8 | Self::U8 | Self::S16 | Self::U16 | Self::S32 | Self::U32 => {
                value.as_i64().map(|value| WasmValue::I32(value as i32))
            }
            Self::S64 => value.as_i64().map(WasmValue::I64),
            Self::U64 => value.as_u64().map(|value| WasmValue::I64(value as i64)),
            Self::F32 | Self::F64 => self.encode_float(value.as_f64()?),
            Self::Char => value.as_str()?.chars().next().map(|value| WasmValue::I32(u32::from(value) as i32)),
            _ => None,
        }
    }

    /// The wasm value of a float, finite or not; none for a type that is no float.
    pub(super) fn encode_float(&self, value: f64) -> Option<WasmValue> {
        match self {
            Self::F32 => Some(WasmValue::F32(value as f32)),
            Self::F64 => Some(WasmValue::F64(value)),
            _ => None,
        }
    }
}

/// The type of one side of a result; a side that is not described holds nothing.
pub(super) fn side(kind: Option<&Type>) -> &Type {
    kind.unwrap_or(&Type::Unit)
}

fn fit_field(field: &Parameter, object: &mut Map<String, Value>) -> Result<(), String> {
    match object.get_mut(&field.name) {
        Some(value) => field.kind.fit(value).map_err(in_field(&field.name)),
        None if matches!(field.kind, Type::Option(_)) => Ok(()),
        None => Err(format!("lacks the field `{}`", field.name)),
    }
}

fn in_field(name: &str) -> impl Fn(String) -> String {
    move |why| format!("has a field `{name}` that {why}")
}

fn in_item(index: usize) -> impl Fn(String) -> String {
    move |why| format!("has an item {index} that {why}")
}

fn is_char(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some() && chars.next().is_none()
}

/// Below it, every float without a fraction is one integer, exactly.
const MAX_WHOLE: f64 = 9e15;

/// Whether a value is an integer between two others; one that is written as a float is made one.
fn whole(value: &mut Value, low: impl Into<i128>, high: impl Into<i128>) -> bool {
    let Value::Number(given) = &*value else { return false };
    let number = if let Some(number) = given.as_i64() {
        i128::from(number)
    } else if let Some(number) = given.as_u64() {
        i128::from(number)
    } else if let Some(number) = given.as_f64().filter(|number| number.fract() == 0.0 && number.abs() < MAX_WHOLE) {
        *value = Value::from(number as i64);
        number as i128
    } else {
        return false;
    };
    (low.into()..=high.into()).contains(&number)
}
