//! A caller's arguments as JSON values, without what JSON would lose: which values are tuples, and floats that are not finite.

use std::fmt;

use serde::{Serialize, Serializer, ser};
use serde_json::{Map, Value};

/// A serde value as an argument sees it.
pub(super) enum Form {
    /// `()`, or a struct without fields.
    Unit,
    /// Anything that is the same in JSON.
    Value(Value),
    /// A tuple or an array of fixed length.
    Tuple(Vec<Form>),
    /// A NaN or an infinity, outside of any other value but tuples.
    NotFinite(f64),
}

/// Why a value cannot travel, and where in it.
#[derive(Debug)]
pub(super) struct Misfit {
    place: String,
    why: String,
}

impl Form {
    pub(super) fn of(value: &(impl Serialize + ?Sized)) -> Result<Self, Misfit> {
        value.serialize(FormSerializer)
    }

    /// The value in JSON.
    pub(super) fn into_json(self) -> Result<Value, Misfit> {
        match self {
            Self::Unit => Ok(Value::Null),
            Self::Value(value) => Ok(value),
            Self::Tuple(forms) => forms.into_iter().enumerate().map(item).collect::<Result<_, _>>().map(Value::Array),
            Self::NotFinite(number) => Err(ser::Error::custom(not_in_json(number))),
        }
    }

    /// The key of a map.
    fn into_key(self) -> Result<String, Misfit> {
        match self {
            Self::Value(Value::String(text)) => Ok(text),
            Self::Value(key @ (Value::Number(_) | Value::Bool(_))) => Ok(key.to_string()),
            _ => Err(ser::Error::custom("a key that is not text")),
        }
    }
}

/// How serde_json writes text that is JSON already; nobody but serde_json can read it.
pub(super) fn check_struct(name: &str) -> Result<(), Misfit> {
    if name.starts_with("$serde_json::private") {
        return Err(ser::Error::custom("JSON that was not read: give it as a `serde_json::Value`"));
    }
    Ok(())
}

/// What is wrong with a float that is not finite.
pub(super) fn not_in_json(number: f64) -> String {
    format!("{number}, which JSON cannot carry")
}

fn item((index, form): (usize, Form)) -> Result<Value, Misfit> {
    form.into_json().map_err(|misfit| misfit.inside(format_args!("[{index}]")))
}

fn json(value: &(impl Serialize + ?Sized)) -> Result<Value, Misfit> {
    Form::of(value)?.into_json()
}

impl Misfit {
    pub(super) fn inside(mut self, place: fmt::Arguments<'_>) -> Self {
        self.place = format!("{place}{}", self.place);
        self
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.as_str() {
            "" => f.write_str(&self.why),
            place => write!(f, "`{place}` in the arguments: {}", self.why),
        }
    }
}

impl std::error::Error for Misfit {}

impl ser::Error for Misfit {
    fn custom<T: fmt::Display>(why: T) -> Self {
        Self { place: String::new(), why: why.to_string() }
    }
}

type Outcome = Result<Form, Misfit>;

/// Makes a [`Form`] of anything that serde writes.
struct FormSerializer;

macro_rules! plain {
    ($($method:ident($type:ty);)*) => {
        $(fn $method(self, value: $type) -> Outcome { Ok(Form::Value(value.into())) })*
    };
}

fn float(number: f64) -> Outcome {
    Ok(match serde_json::Number::from_f64(number) {
        Some(number) => Form::Value(Value::Number(number)),
        None => Form::NotFinite(number),
    })
}

impl Serializer for FormSerializer {
    type Ok = Form;
    type Error = Misfit;
    type SerializeSeq = List;
    type SerializeTuple = Tuple;
    type SerializeTupleStruct = Tuple;
    type SerializeTupleVariant = List;
    type SerializeMap = Object;
    type SerializeStruct = Object;
    type SerializeStructVariant = Object;

    plain! {
        serialize_bool(bool); serialize_i8(i8); serialize_i16(i16); serialize_i32(i32); serialize_i64(i64);
        serialize_u8(u8); serialize_u16(u16); serialize_u32(u32); serialize_u64(u64); serialize_str(&str);
        serialize_bytes(&[u8]);
    }

    fn serialize_i128(self, value: i128) -> Outcome {
        match (i64::try_from(value), u64::try_from(value)) {
            (Ok(value), _) => self.serialize_i64(value),
            (_, Ok(value)) => self.serialize_u64(value),
            _ => Err(ser::Error::custom("an integer of more than 64 bits")),
        }
    }

    fn serialize_u128(self, value: u128) -> Outcome {
        match u64::try_from(value) {
            Ok(value) => self.serialize_u64(value),
            Err(_) => Err(ser::Error::custom("an integer of more than 64 bits")),
        }
    }

    fn serialize_f32(self, value: f32) -> Outcome {
        float(value.into())
    }

    fn serialize_f64(self, value: f64) -> Outcome {
        float(value)
    }

    fn serialize_char(self, value: char) -> Outcome {
        Ok(Form::Value(value.to_string().into()))
    }

    fn serialize_none(self) -> Outcome {
        Ok(Form::Value(Value::Null))
    }

    /// A tuple that may be missing is one value, not a list of them.
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Outcome {
        match value.serialize(self)? {
            form @ (Form::NotFinite(_) | Form::Value(_)) => Ok(form),
            form => form.into_json().map(Form::Value),
        }
    }

    fn serialize_unit(self) -> Outcome {
        Ok(Form::Unit)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Outcome {
        Ok(Form::Unit)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Outcome {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Outcome {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Outcome {
        let mut object = Object::new(None);
        ser::SerializeStruct::serialize_field(&mut object, variant, value)?;
        object.finish()
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<List, Misfit> {
        Ok(List::new(None, len.unwrap_or_default()))
    }

    fn serialize_tuple(self, len: usize) -> Result<Tuple, Misfit> {
        Ok(Tuple(Vec::with_capacity(len.min(64))))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Tuple, Misfit> {
        self.serialize_tuple(len)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<List, Misfit> {
        Ok(List::new(Some(variant), len))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Object, Misfit> {
        Ok(Object::new(None))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Object, Misfit> {
        check_struct(name)?;
        Ok(Object::new(None))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Object, Misfit> {
        Ok(Object::new(Some(variant)))
    }
}

/// A value as it is, or as an enum's variant.
fn wrapped(variant: Option<&'static str>, value: Value) -> Form {
    Form::Value(match variant {
        Some(variant) => Value::Object(Map::from_iter([(variant.to_owned(), value)])),
        None => value,
    })
}

struct Tuple(Vec<Form>);

impl Tuple {
    fn push(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Misfit> {
        let index = self.0.len();
        self.0.push(Form::of(value).map_err(|misfit| misfit.inside(format_args!("[{index}]")))?);
        Ok(())
    }
}

struct List {
    variant: Option<&'static str>,
    items: Vec<Value>,
}

impl List {
    fn new(variant: Option<&'static str>, len: usize) -> Self {
        Self { variant, items: Vec::with_capacity(len.min(4096)) }
    }

    fn push(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Misfit> {
        let index = self.items.len();
        self.items.push(json(value).map_err(|misfit| misfit.inside(format_args!("[{index}]")))?);
        Ok(())
    }
}

struct Object {
    variant: Option<&'static str>,
    key: String,
    map: Map<String, Value>,
}

impl Object {
    fn new(variant: Option<&'static str>) -> Self {
        Self { variant, key: String::new(), map: Map::new() }
    }

    fn insert(&mut self, key: String, value: &(impl Serialize + ?Sized)) -> Result<(), Misfit> {
        let value = json(value).map_err(|misfit| misfit.inside(format_args!(".{key}")))?;
        self.map.insert(key, value);
        Ok(())
    }

    fn finish(self) -> Outcome {
        Ok(wrapped(self.variant, Value::Object(self.map)))
    }
}

macro_rules! compounds {
    ($($builder:ident: $trait:ident::$method:ident($($key:ident)?), |$self:ident, $value:ident| $add:expr, $end:expr;)*) => {$(
        impl ser::$trait for $builder {
            type Ok = Form;
            type Error = Misfit;

            fn $method<T: Serialize + ?Sized>(&mut $self, $($key: &'static str,)? $value: &T) -> Result<(), Misfit> {
                $add
            }

            fn end($self) -> Outcome {
                $end
            }
        }
    )*};
}

compounds! {
    List: SerializeSeq::serialize_element(), |self, value| self.push(value), Ok(wrapped(self.variant, self.items.into()));
    List: SerializeTupleVariant::serialize_field(), |self, value| self.push(value), Ok(wrapped(self.variant, self.items.into()));
    Tuple: SerializeTuple::serialize_element(), |self, value| self.push(value), Ok(Form::Tuple(self.0));
    Tuple: SerializeTupleStruct::serialize_field(), |self, value| self.push(value), Ok(Form::Tuple(self.0));
    Object: SerializeStruct::serialize_field(key), |self, value| self.insert(key.to_owned(), value), self.finish();
    Object: SerializeStructVariant::serialize_field(key), |self, value| self.insert(key.to_owned(), value), self.finish();
}

impl ser::SerializeMap for Object {
    type Ok = Form;
    type Error = Misfit;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Misfit> {
        self.key = Form::of(key)?.into_key()?;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Misfit> {
        let key = std::mem::take(&mut self.key);
        self.insert(key, value)
    }

    fn end(self) -> Outcome {
        self.finish()
    }
}
