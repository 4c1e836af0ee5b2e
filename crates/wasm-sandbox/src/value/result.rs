//! A guest's answer as any type that serde can read.

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeOwned, DeserializeSeed, EnumAccess, IntoDeserializer, VariantAccess, Visitor, value::StrDeserializer,
    },
    forward_to_deserialize_any,
};
use serde_json::Value;
use wasm_sandbox_policy::SandboxError;

use super::{
    WasmValue,
    arguments::not_finite_name,
    call::Outcome,
    component::{Lift, json},
    signature::{Signature, Type},
    types::sealed::Scalar,
};

impl Outcome {
    /// The answer as an `R`. A guest's `Err` is an error of the call, unless `R` is itself a `Result`, which then holds it.
    pub(crate) fn into_result<R: DeserializeOwned>(self, signature: &Signature) -> Result<R, SandboxError> {
        let misfit = |error: serde_json::Error| signature.misfit(format!("the result does not fit: {error}"));
        match self {
            Self::Number(number) => R::deserialize(Answer::<_, Value>(Ok(Number(number)))).map_err(misfit),
            Self::Value(value) => R::deserialize(Answer::<_, Value>(Ok(value))).map_err(misfit),
            Self::Error(value) => R::deserialize(Answer::<Value>(Err(value.clone())))
                .map_err(|_| SandboxError::Function { function: signature.name.clone(), value }),
            Self::Component(Ok(value)) => R::deserialize(Answer::<Lift, Lift>(Ok(Lift(value)))).map_err(misfit),
            Self::Component(Err(value)) => {
                R::deserialize(Answer::<Lift, Lift>(Err(Lift(value.clone())))).or_else(|_| {
                    let value = json(value).map_err(misfit)?;
                    Err(SandboxError::Function { function: signature.name.clone(), value })
                })
            }
        }
    }

    /// The answer as JSON, where a float that is not finite is its name; a guest's `Err` is an error of the call.
    pub(crate) fn into_json(self, signature: &Signature) -> Result<Value, SandboxError> {
        match self {
            Self::Number(number) => Ok(not_finite_name(number).map_or_else(|| number.into(), Value::from)),
            Self::Value(value) => Ok(value),
            Self::Error(value) => Err(SandboxError::Function { function: signature.name.clone(), value }),
            Self::Component(outcome) => {
                let misfit = |error: serde_json::Error| signature.misfit(format!("the result does not fit: {error}"));
                match outcome {
                    Ok(value) => json(value).map_err(misfit),
                    Err(value) => {
                        let value = json(value).map_err(misfit)?;
                        Err(SandboxError::Function { function: signature.name.clone(), value })
                    }
                }
            }
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

    /// Whoever takes anything gets what JSON would say, and the name of a float that it has no number for.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        match not_finite_name(self.0) {
            Some(name) => visitor.visit_str(name),
            None => visitor.visit_f64(self.0),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_f64(self.0)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_f64(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

/// What a function returned: a plain value reads as itself, and as `Ok` for whoever asks for a `Result`; an error reads only
/// as the `Err` of a `Result`.
struct Answer<T, E = Value>(Result<T, E>);

impl<T, E> Answer<T, E> {
    fn plain(self) -> Result<T, serde_json::Error> {
        self.0.map_err(|_| serde::de::Error::custom("the function failed"))
    }
}

/// One side of a `Result` with what it holds.
struct Side<T>(&'static str, T);

impl<'de, T: Deserializer<'de, Error = serde_json::Error>> EnumAccess<'de> for Side<T> {
    type Error = serde_json::Error;
    type Variant = Held<T>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Held<T>), Self::Error> {
        let name: StrDeserializer<'_, Self::Error> = self.0.into_deserializer();
        Ok((seed.deserialize(name)?, Held(self.1)))
    }
}

struct Held<T>(T);

impl<'de, T: Deserializer<'de, Error = serde_json::Error>> VariantAccess<'de> for Held<T> {
    type Error = serde_json::Error;

    fn unit_variant(self) -> Result<(), Self::Error> {
        Deserialize::deserialize(self.0)
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Self::Error> {
        seed.deserialize(self.0)
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Self::Error> {
        self.0.deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.0.deserialize_struct("", fields, visitor)
    }
}

macro_rules! plain {
    ($($method:ident($($name:ident: $type:ty),*);)*) => {$(
        fn $method<V: Visitor<'de>>(self, $($name: $type,)* visitor: V) -> Result<V::Value, Self::Error> {
            self.plain()?.$method($($name,)* visitor)
        }
    )*};
}

impl<'de, T, E> Deserializer<'de> for Answer<T, E>
where
    T: Deserializer<'de, Error = serde_json::Error>,
    E: Deserializer<'de, Error = serde_json::Error>,
{
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
        match self.0 {
            Ok(value) => visitor.visit_enum(Side("Ok", value)),
            Err(value) => visitor.visit_enum(Side("Err", value)),
        }
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
