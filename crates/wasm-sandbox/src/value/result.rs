//! A guest's answer as any type that serde can read.

use serde::{
    Deserializer,
    de::{
        DeserializeOwned, IntoDeserializer, Visitor,
        value::{F64Deserializer, MapDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::Value;
use wasm_sandbox_policy::SandboxError;

use super::{
    WasmValue,
    call::Outcome,
    signature::{Signature, Type},
    types::sealed::Scalar,
};

impl Outcome {
    /// The answer as an `R`. A guest's `Err` is an error of the call, unless `R` is itself a `Result`, which then holds it.
    pub(crate) fn into_result<R: DeserializeOwned>(self, signature: &Signature) -> Result<R, SandboxError> {
        let misfit = |error: serde_json::Error| signature.misfit(format!("the result does not fit: {error}"));
        match self {
            Self::Number(number) => R::deserialize(Number(number)).map_err(misfit),
            Self::Value(value) => R::deserialize(Answer(Ok(value))).map_err(misfit),
            Self::Error(value) => R::deserialize(Answer(Err(value.clone())))
                .map_err(|_| SandboxError::Function { function: signature.name.clone(), value }),
        }
    }

    /// The answer as JSON; a guest's `Err` is an error of the call.
    pub(crate) fn into_json(self, signature: &Signature) -> Result<Value, SandboxError> {
        match self {
            Self::Number(number) => Ok(serde_json::Number::from_f64(number).map_or(Value::Null, Value::Number)),
            Self::Value(value) => Ok(value),
            Self::Error(value) => Err(SandboxError::Function { function: signature.name.clone(), value }),
        }
    }
}

impl Type {
    /// What a wasm value of this type says.
    pub(super) fn decode(&self, value: WasmValue) -> Result<Outcome, String> {
        let wrong = || format!("the guest gave back something that is not a {self}");
        let int = || i32::from_value(value).ok_or_else(wrong);
        let value = match self {
            Self::Bool => Value::Bool(int()? != 0),
            Self::S8 => i8::try_from(int()?).map_err(|_| wrong())?.into(),
            Self::U8 => u8::try_from(int()?).map_err(|_| wrong())?.into(),
            Self::S16 => i16::try_from(int()?).map_err(|_| wrong())?.into(),
            Self::U16 => u16::try_from(int()?).map_err(|_| wrong())?.into(),
            Self::S32 => int()?.into(),
            Self::U32 => u32::from_value(value).ok_or_else(wrong)?.into(),
            Self::S64 => i64::from_value(value).ok_or_else(wrong)?.into(),
            Self::U64 => u64::from_value(value).ok_or_else(wrong)?.into(),
            Self::F32 => return f32::from_value(value).map(|value| Outcome::Number(value.into())).ok_or_else(wrong),
            Self::F64 => return f64::from_value(value).map(Outcome::Number).ok_or_else(wrong),
            Self::Char => char::from_u32(int()? as u32).ok_or_else(wrong)?.to_string().into(),
            _ => return Err(wrong()),
        };
        Ok(Outcome::Value(value))
    }
}

/// A float, which JSON could not carry when it is not finite.
struct Number(f64);

impl<'de> Deserializer<'de> for Number {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        let number: F64Deserializer<Self::Error> = self.0.into_deserializer();
        number.deserialize_any(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

/// What a function returned: a plain value reads as itself, and as `Ok` for whoever asks for a `Result`; an error reads only
/// as the `Err` of a `Result`.
struct Answer(Result<Value, Value>);

impl Answer {
    fn plain(self) -> Result<Value, serde_json::Error> {
        self.0.map_err(|_| serde::de::Error::custom("the function failed"))
    }
}

macro_rules! plain {
    ($($method:ident($($name:ident: $type:ty),*);)*) => {$(
        fn $method<V: Visitor<'de>>(self, $($name: $type,)* visitor: V) -> Result<V::Value, Self::Error> {
            self.plain()?.$method($($name,)* visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Answer {
    type Error = serde_json::Error;

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        if name != "Result" || variants != ["Ok", "Err"] {
            return self.plain()?.deserialize_enum(name, variants, visitor);
        }
        let (variant, value) = match self.0 {
            Ok(value) => ("Ok", value),
            Err(value) => ("Err", value),
        };
        let map: MapDeserializer<'_, _, Self::Error> = MapDeserializer::new(std::iter::once((variant, value)));
        visitor.visit_enum(serde::de::value::MapAccessDeserializer::new(map))
    }

    plain! {
        deserialize_any(); deserialize_bool(); deserialize_i8(); deserialize_i16(); deserialize_i32(); deserialize_i64();
        deserialize_i128(); deserialize_u8(); deserialize_u16(); deserialize_u32(); deserialize_u64(); deserialize_u128();
        deserialize_f32(); deserialize_f64(); deserialize_char(); deserialize_str(); deserialize_string();
        deserialize_bytes(); deserialize_byte_buf(); deserialize_option(); deserialize_unit();
        deserialize_unit_struct(name: &'static str); deserialize_newtype_struct(name: &'static str); deserialize_seq();
        deserialize_tuple(len: usize); deserialize_tuple_struct(name: &'static str, len: usize); deserialize_map();
        deserialize_struct(name: &'static str, fields: &'static [&'static str]); deserialize_identifier();
        deserialize_ignored_any();
    }
}
