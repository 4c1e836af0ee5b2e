//! A caller's arguments: any serde value, checked against the signature before the call.

use serde::{Serialize, Serializer, ser};
use serde_json::Value;
use wasm_sandbox_policy::{ResourceKind, SandboxError};

use super::{
    WasmValue,
    signature::{Signature, Type},
};

/// The arguments of one call, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Arguments(Vec<Value>);

impl Arguments {
    /// A tuple is the list of arguments, `()` is none, and anything else is the only one.
    pub(crate) fn from_serialize(signature: &Signature, arguments: &impl Serialize) -> Result<Self, SandboxError> {
        arguments.serialize(ListSerializer).map_err(|error| signature.misfit(error.to_string()))
    }

    /// Words of a command line: JSON where it fits the parameter, otherwise the word itself for a string.
    pub(crate) fn from_words(signature: &Signature, words: &[String]) -> Result<Self, SandboxError> {
        signature.check_count(words.len())?;
        let value = |(word, parameter): (&String, &super::Parameter)| match serde_json::from_str::<Value>(word) {
            Ok(value) if parameter.kind.check(&value).is_ok() => Ok(value),
            _ if parameter.kind.takes_text() => Ok(Value::String(word.clone())),
            Ok(value) => Ok(value),
            Err(error) => {
                Err(signature.misfit(format!("argument `{}`: `{word}` is not JSON ({error})", parameter.name)))
            }
        };
        words.iter().zip(&signature.params).map(value).collect::<Result<_, _>>().map(Self)
    }

    /// Checks number and types.
    pub(crate) fn check(&self, signature: &Signature) -> Result<(), SandboxError> {
        signature.check_count(self.0.len())?;
        for (value, parameter) in self.0.iter().zip(&signature.params) {
            parameter
                .kind
                .check(value)
                .map_err(|why| signature.misfit(format!("argument `{}` {why}", parameter.name)))?;
        }
        Ok(())
    }

    pub(crate) fn values(&self) -> &[Value] {
        &self.0
    }

    /// All arguments as one JSON array of at most `limit` bytes.
    pub(crate) fn to_json(&self, limit: u64) -> Result<Vec<u8>, SandboxError> {
        let json = serde_json::to_vec(&self.0).map_err(|error| SandboxError::internal("encoding arguments", error))?;
        check_input(json.len(), limit)?;
        Ok(json)
    }
}

pub(super) fn check_input(len: usize, limit: u64) -> Result<(), SandboxError> {
    let used = len as u64;
    if used > limit {
        return Err(SandboxError::ResourceExhausted { kind: ResourceKind::Input, used, limit });
    }
    Ok(())
}

impl Signature {
    pub(super) fn misfit(&self, detail: String) -> SandboxError {
        SandboxError::Signature { detail, signature: self.to_string() }
    }

    fn check_count(&self, given: usize) -> Result<(), SandboxError> {
        let expected = self.params.len();
        if given == expected {
            return Ok(());
        }
        let plural = if expected == 1 { "" } else { "s" };
        Err(self.misfit(format!("expected {expected} argument{plural}, got {given}")))
    }
}

impl Type {
    /// Whether a bare word on a command line can be meant.
    fn takes_text(&self) -> bool {
        match self {
            Self::String | Self::Char => true,
            Self::Option(inner) => inner.takes_text(),
            _ => false,
        }
    }

    /// Whether a JSON value is of this type; the error completes a sentence: `is not a u8: 300`.
    pub(crate) fn check(&self, value: &Value) -> Result<(), String> {
        let no = || Err(format!("is not a {self}: {}", shorten(value)));
        let holds = |fits: bool| if fits { Ok(()) } else { no() };
        let between = |low: i64, high: i64| holds(integer(value).is_some_and(|number| (low..=high).contains(&number)));
        match self {
            Self::Bool => holds(value.is_boolean()),
            Self::S8 => between(i8::MIN.into(), i8::MAX.into()),
            Self::U8 => between(0, u8::MAX.into()),
            Self::S16 => between(i16::MIN.into(), i16::MAX.into()),
            Self::U16 => between(0, u16::MAX.into()),
            Self::S32 => between(i32::MIN.into(), i32::MAX.into()),
            Self::U32 => between(0, u32::MAX.into()),
            Self::S64 => holds(integer(value).is_some()),
            Self::U64 => holds(value.is_u64() || integer(value).is_some_and(|number| number >= 0)),
            Self::F32 | Self::F64 => holds(value.is_number()),
            Self::Char => holds(value.as_str().is_some_and(|text| text.chars().count() == 1)),
            Self::String => holds(value.is_string()),
            Self::Unit => holds(value.is_null()),
            Self::List(inner) => match value.as_array() {
                Some(items) => items.iter().try_for_each(|item| inner.check(item)),
                None => no(),
            },
            Self::Option(inner) => {
                if value.is_null() {
                    Ok(())
                } else {
                    inner.check(value)
                }
            }
            Self::Tuple(types) => match value.as_array() {
                Some(items) if items.len() == types.len() => {
                    types.iter().zip(items).try_for_each(|(kind, item)| kind.check(item))
                }
                _ => no(),
            },
            Self::Record { fields, .. } => match value.as_object() {
                Some(object) => fields.iter().try_for_each(|field| match object.get(&field.name) {
                    Some(value) => {
                        field.kind.check(value).map_err(|why| format!("has a field `{}` that {why}", field.name))
                    }
                    None if matches!(field.kind, Self::Option(_)) => Ok(()),
                    None => Err(format!("lacks the field `{}`", field.name)),
                }),
                None => no(),
            },
            Self::Map(inner) => match value.as_object() {
                Some(object) => object.values().try_for_each(|value| inner.check(value)),
                None => no(),
            },
            Self::Result { .. } | Self::Any(_) => Ok(()),
        }
    }

    /// The wasm value of a JSON value that [`check`](Self::check) accepted; none for a type that needs a buffer.
    pub(super) fn encode(&self, value: &Value) -> Option<WasmValue> {
        match self {
            Self::Bool => value.as_bool().map(|value| WasmValue::I32(value.into())),
            Self::S8 | Self::U8 | Self::S16 | Self::U16 | Self::S32 | Self::U32 => {
                integer(value).map(|value| WasmValue::I32(value as i32))
            }
            Self::S64 => integer(value).map(WasmValue::I64),
            Self::U64 => value
                .as_u64()
                .or_else(|| integer(value).map(|value| value as u64))
                .map(|value| WasmValue::I64(value as i64)),
            Self::F32 => value.as_f64().map(|value| WasmValue::F32(value as f32)),
            Self::F64 => value.as_f64().map(WasmValue::F64),
            Self::Char => value.as_str()?.chars().next().map(|value| WasmValue::I32(u32::from(value) as i32)),
            _ => None,
        }
    }
}

/// The integer that a JSON number is; `5.0` is one.
fn integer(value: &Value) -> Option<i64> {
    let whole = |number: f64| (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64);
    value.as_i64().or_else(|| if value.is_f64() { value.as_f64().and_then(whole) } else { None })
}

fn shorten(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// Takes a tuple apart; everything else is one argument.
struct ListSerializer;

/// Why a value cannot be an argument.
type Error = serde_json::Error;

fn one(value: &(impl Serialize + ?Sized)) -> Result<Arguments, Error> {
    serde_json::to_value(value).map(|value| Arguments(vec![value]))
}

macro_rules! single {
    ($($method:ident($type:ty);)*) => {
        $(fn $method(self, value: $type) -> Result<Arguments, Error> { one(&value) })*
    };
}

impl Serializer for ListSerializer {
    type Ok = Arguments;
    type Error = Error;
    type SerializeSeq = OneOf<<serde_json::value::Serializer as Serializer>::SerializeSeq>;
    type SerializeTuple = Collect;
    type SerializeTupleStruct = Collect;
    type SerializeTupleVariant = OneOf<<serde_json::value::Serializer as Serializer>::SerializeTupleVariant>;
    type SerializeMap = OneOf<<serde_json::value::Serializer as Serializer>::SerializeMap>;
    type SerializeStruct = OneOf<<serde_json::value::Serializer as Serializer>::SerializeStruct>;
    type SerializeStructVariant = OneOf<<serde_json::value::Serializer as Serializer>::SerializeStructVariant>;

    single! {
        serialize_bool(bool); serialize_i8(i8); serialize_i16(i16); serialize_i32(i32); serialize_i64(i64);
        serialize_u8(u8); serialize_u16(u16); serialize_u32(u32); serialize_u64(u64); serialize_f32(f32);
        serialize_f64(f64); serialize_char(char); serialize_str(&str); serialize_bytes(&[u8]);
    }

    fn serialize_none(self) -> Result<Arguments, Error> {
        Ok(Arguments(vec![Value::Null]))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Arguments, Error> {
        one(value)
    }

    fn serialize_unit(self) -> Result<Arguments, Error> {
        Ok(Arguments::default())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Arguments, Error> {
        Ok(Arguments::default())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<Arguments, Error> {
        one(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<Arguments, Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Arguments, Error> {
        let value = serde_json::value::Serializer.serialize_newtype_variant(name, index, variant, value)?;
        Ok(Arguments(vec![value]))
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self::SerializeSeq, Error> {
        serde_json::value::Serializer.serialize_seq(len).map(OneOf)
    }

    fn serialize_tuple(self, len: usize) -> Result<Collect, Error> {
        Ok(Collect(Vec::with_capacity(len.min(64))))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Collect, Error> {
        self.serialize_tuple(len)
    }

    fn serialize_tuple_variant(
        self,
        n: &'static str,
        i: u32,
        v: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        serde_json::value::Serializer.serialize_tuple_variant(n, i, v, len).map(OneOf)
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, Error> {
        serde_json::value::Serializer.serialize_map(len).map(OneOf)
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Self::SerializeStruct, Error> {
        serde_json::value::Serializer.serialize_struct(name, len).map(OneOf)
    }

    fn serialize_struct_variant(
        self,
        n: &'static str,
        i: u32,
        v: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        serde_json::value::Serializer.serialize_struct_variant(n, i, v, len).map(OneOf)
    }
}

/// The elements of a tuple, each an argument.
struct Collect(Vec<Value>);

impl ser::SerializeTuple for Collect {
    type Ok = Arguments;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.0.push(serde_json::to_value(value)?);
        Ok(())
    }

    fn end(self) -> Result<Arguments, Error> {
        Ok(Arguments(self.0))
    }
}

impl ser::SerializeTupleStruct for Collect {
    type Ok = Arguments;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        ser::SerializeTuple::serialize_element(self, value)
    }

    fn end(self) -> Result<Arguments, Error> {
        ser::SerializeTuple::end(self)
    }
}

/// A compound value that is one argument.
struct OneOf<S>(S);

macro_rules! compound {
    ($($trait:ident::$method:ident($($name:ident: $type:ty),*);)*) => {$(
        impl<S: ser::$trait<Ok = Value, Error = Error>> ser::$trait for OneOf<S> {
            type Ok = Arguments;
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, $($name: $type,)* value: &T) -> Result<(), Error> {
                self.0.$method($($name,)* value)
            }

            fn end(self) -> Result<Arguments, Error> {
                self.0.end().map(|value| Arguments(vec![value]))
            }
        }
    )*};
}

compound! {
    SerializeSeq::serialize_element();
    SerializeTupleVariant::serialize_field();
    SerializeStruct::serialize_field(key: &'static str);
    SerializeStructVariant::serialize_field(key: &'static str);
}

impl<S: ser::SerializeMap<Ok = Value, Error = Error>> ser::SerializeMap for OneOf<S> {
    type Ok = Arguments;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.0.serialize_key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.0.serialize_value(value)
    }

    fn end(self) -> Result<Arguments, Error> {
        self.0.end().map(|value| Arguments(vec![value]))
    }
}
