//! From a value of the component model to anything that serde reads.

use serde::{
    Deserialize, Deserializer,
    de::{
        DeserializeSeed, EnumAccess, Error as _, IntoDeserializer, VariantAccess, Visitor,
        value::{MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::{Error, Value};

use super::{super::arguments::not_finite_name, ComponentValue, names};

/// A value in JSON, where a float that is not finite is its name.
pub(in super::super) fn json(value: ComponentValue) -> Result<Value, Error> {
    Value::deserialize(Lift(value))
}

/// A value to be read.
pub(in super::super) struct Lift(pub(in super::super) ComponentValue);

impl<'de> IntoDeserializer<'de, Error> for Lift {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

fn sequence<'de, V: Visitor<'de>>(values: Vec<ComponentValue>, visitor: V) -> Result<V::Value, Error> {
    let mut items = SeqDeserializer::new(values.into_iter().map(Lift));
    let value = visitor.visit_seq(&mut items)?;
    items.end().map(|()| value)
}

fn map<'de, V: Visitor<'de>, K: IntoDeserializer<'de, Error>>(
    entries: impl Iterator<Item = (K, ComponentValue)>,
    visitor: V,
) -> Result<V::Value, Error> {
    visitor.visit_map(MapDeserializer::new(entries.map(|(key, value)| (key, Lift(value)))))
}

/// A case or side, and what it holds.
fn one<'de, V: Visitor<'de>>(name: &str, held: Option<Box<ComponentValue>>, visitor: V) -> Result<V::Value, Error> {
    map(std::iter::once((name, held.map_or(ComponentValue::Option(None), |held| *held))), visitor)
}

fn float<'de, V: Visitor<'de>>(number: f64, visitor: V) -> Result<V::Value, Error> {
    match not_finite_name(number) {
        Some(name) => visitor.visit_str(name),
        None => visitor.visit_f64(number),
    }
}

/// The name by which whoever reads knows one of these; its own if they do not know it.
fn known(theirs: &'static [&'static str], name: String) -> String {
    match names::find(theirs.iter().copied(), &name).and_then(|at| theirs.get(at)) {
        Some(known) => (*known).to_owned(),
        None => name,
    }
}

impl<'de> Deserializer<'de> for Lift {
    type Error = Error;

    /// Whoever takes anything gets what JSON would say.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            ComponentValue::Bool(value) => visitor.visit_bool(value),
            ComponentValue::S8(value) => visitor.visit_i8(value),
            ComponentValue::U8(value) => visitor.visit_u8(value),
            ComponentValue::S16(value) => visitor.visit_i16(value),
            ComponentValue::U16(value) => visitor.visit_u16(value),
            ComponentValue::S32(value) => visitor.visit_i32(value),
            ComponentValue::U32(value) => visitor.visit_u32(value),
            ComponentValue::S64(value) => visitor.visit_i64(value),
            ComponentValue::U64(value) | ComponentValue::Handle { number: value, .. } => visitor.visit_u64(value),
            ComponentValue::F32(value) => float(value.into(), visitor),
            ComponentValue::F64(value) => float(value, visitor),
            ComponentValue::Char(value) => visitor.visit_char(value),
            ComponentValue::String(value) | ComponentValue::Enum(value) | ComponentValue::Variant(value, None) => {
                visitor.visit_string(value)
            }
            ComponentValue::List(values) | ComponentValue::Tuple(values) => sequence(values, visitor),
            ComponentValue::Record(fields) => map(fields.into_iter(), visitor),
            ComponentValue::Variant(name, held) => one(&name, held, visitor),
            ComponentValue::Option(None) => visitor.visit_unit(),
            ComponentValue::Option(Some(value)) => Self(*value).deserialize_any(visitor),
            ComponentValue::Result(Ok(held)) => one("Ok", held, visitor),
            ComponentValue::Result(Err(held)) => one("Err", held, visitor),
            ComponentValue::Flags(set) => sequence(set.into_iter().map(ComponentValue::String).collect(), visitor),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            ComponentValue::F32(value) => visitor.visit_f64(value.into()),
            ComponentValue::F64(value) => visitor.visit_f64(value),
            value => Self(value).deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            ComponentValue::Option(None) => visitor.visit_none(),
            ComponentValue::Option(Some(value)) => visitor.visit_some(Self(*value)),
            value => visitor.visit_some(Self(value)),
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            ComponentValue::Tuple(values) if values.is_empty() => visitor.visit_unit(),
            value => Self(value).deserialize_any(visitor),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let ComponentValue::List(values) = self.0 else { return self.deserialize_any(visitor) };
        let byte = |value: &ComponentValue| match value {
            ComponentValue::U8(byte) => Some(*byte),
            _ => None,
        };
        match values.iter().map(byte).collect() {
            Some(bytes) => visitor.visit_byte_buf(bytes),
            None => sequence(values, visitor),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_byte_buf(visitor)
    }

    /// A list of pairs is how WIT writes a map.
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let ComponentValue::List(values) = self.0 else { return self.deserialize_any(visitor) };
        let pair = |value| match value {
            ComponentValue::Tuple(pair) => {
                <[ComponentValue; 2]>::try_from(pair).ok().map(|[key, value]| (Lift(key), value))
            }
            _ => None,
        };
        match values.into_iter().map(pair).collect::<Option<Vec<_>>>() {
            Some(pairs) => map(pairs.into_iter(), visitor),
            None => Err(Error::custom("the list holds something that is not a pair of a key and a value")),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        theirs: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            ComponentValue::Record(fields) => {
                map(fields.into_iter().map(|(name, value)| (known(theirs, name), value)), visitor)
            }
            ComponentValue::Flags(set) => {
                let set: Vec<String> = set.into_iter().map(|name| known(theirs, name)).collect();
                let on = |flag: &&'static str| ComponentValue::Bool(set.iter().any(|name| name == flag));
                map(theirs.iter().map(|flag| (*flag, on(flag))), visitor)
            }
            value => Self(value).deserialize_any(visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        theirs: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let (name, held) = match self.0 {
            ComponentValue::Enum(name) => (name, None),
            ComponentValue::Variant(name, held) => (name, held),
            ComponentValue::Result(Ok(held)) => ("Ok".to_owned(), held),
            ComponentValue::Result(Err(held)) => ("Err".to_owned(), held),
            ComponentValue::Option(Some(value)) => return Self(*value).deserialize_enum("", theirs, visitor),
            ComponentValue::String(name) => (name, None),
            _ => return Err(Error::custom("what the function gave back is no enum")),
        };
        visitor.visit_enum(Chosen { name: known(theirs, name), held: held.map(|held| *held) })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 char str string seq tuple tuple_struct identifier ignored_any
    }
}

/// A case and what it holds.
struct Chosen {
    name: String,
    held: Option<ComponentValue>,
}

impl<'de> EnumAccess<'de> for Chosen {
    type Error = Error;
    type Variant = Held;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Held), Error> {
        let name: serde::de::value::StringDeserializer<Error> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, Held(self.held)))
    }
}

struct Held(Option<ComponentValue>);

impl Held {
    fn value(self) -> Lift {
        Lift(self.0.unwrap_or(ComponentValue::Tuple(Vec::new())))
    }
}

impl<'de> VariantAccess<'de> for Held {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        match self.0 {
            None => Ok(()),
            Some(_) => Err(Error::custom("the case holds a value")),
        }
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Error> {
        seed.deserialize(self.value())
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Error> {
        self.value().deserialize_tuple(len, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, theirs: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        self.value().deserialize_struct("", theirs, visitor)
    }
}
