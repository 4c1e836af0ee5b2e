//! From anything that serde writes to a value of the type that WIT gives it.

use std::cell::Cell;

use serde::{Serialize, Serializer, ser};

use super::{
    super::{
        Case, Parameter, Type,
        arguments::not_finite_name,
        serialize::{Misfit, check_struct},
    },
    ComponentValue, names,
};

/// A value of this type.
pub(in super::super) fn lower(value: &(impl Serialize + ?Sized), kind: &Type) -> Result<ComponentValue, Misfit> {
    value.serialize(Lower { expected: Expected::Value(kind) })
}

/// Arguments as they were given: a tuple is the list of them, `()` is none, anything else is the only one.
pub(in super::super) struct Spread {
    /// Those for which there is a parameter.
    pub(in super::super) values: Vec<ComponentValue>,
    /// How many were given.
    pub(in super::super) given: usize,
}

impl Spread {
    pub(in super::super) fn new(arguments: &impl Serialize, parameters: &[Parameter]) -> Result<Self, Misfit> {
        let spread = Cell::new(None);
        let value = arguments.serialize(Lower { expected: Expected::Arguments(parameters, &spread) })?;
        Ok(match (spread.get(), value) {
            (Some(given), ComponentValue::Tuple(values)) => Self { values, given },
            (_, value) => Self { values: vec![value], given: 1 },
        })
    }
}

/// What is to come.
enum Expected<'a> {
    Value(&'a Type),
    /// The arguments of a function; how many they were is noted where they come as a tuple.
    Arguments(&'a [Parameter], &'a Cell<Option<usize>>),
}

struct Lower<'a> {
    expected: Expected<'a>,
}

type Outcome = Result<ComponentValue, Misfit>;

/// What a value goes into: so many options, and a variant's case or a result's side.
struct Wrap {
    options: usize,
    case: Option<Chosen>,
}

enum Chosen {
    Case(String),
    Ok,
    Err,
}

impl Wrap {
    fn around(self, value: ComponentValue) -> ComponentValue {
        let value = match self.case {
            None => value,
            Some(Chosen::Case(name)) => ComponentValue::Variant(name, Some(value.into())),
            Some(Chosen::Ok) => ComponentValue::Result(Ok(Some(value.into()))),
            Some(Chosen::Err) => ComponentValue::Result(Err(Some(value.into()))),
        };
        (0..self.options).fold(value, |value, _| ComponentValue::Option(Some(value.into())))
    }
}

fn wrong<T>(kind: &Type, given: impl std::fmt::Display) -> Result<T, Misfit> {
    Err(ser::Error::custom(format_args!("expected {kind}, got {given}")))
}

impl<'a> Lower<'a> {
    /// The type of the value to come, without the options around it.
    fn kind(self) -> Result<(&'a Type, Wrap), Misfit> {
        let mut kind = match self.expected {
            Expected::Value(kind) => kind,
            Expected::Arguments(parameters, _) => match parameters.first() {
                Some(parameter) => &parameter.kind,
                None => return Err(ser::Error::custom("expected no arguments, got one")),
            },
        };
        let mut options = 0;
        while let Type::Option(inner) = kind {
            (kind, options) = (inner, options + 1);
        }
        Ok((kind, Wrap { options, case: None }))
    }

    fn integer(self, value: i128) -> Outcome {
        let (kind, wrap) = self.kind()?;
        integer(kind, value).map(|value| wrap.around(value))
    }

    fn float(self, value: f64) -> Outcome {
        let (kind, wrap) = self.kind()?;
        Ok(wrap.around(match kind {
            Type::F32 => ComponentValue::F32(value as f32),
            Type::F64 => ComponentValue::F64(value),
            // The cast is exact: below it, every float without a fraction is one integer.
            _ if value.fract() == 0.0 && value.abs() < 9e15 => integer(kind, value as i128)?,
            _ => return wrong(kind, value),
        }))
    }

    fn text(self, text: &str) -> Outcome {
        let (kind, wrap) = self.kind()?;
        let float =
            || [f64::NAN, f64::INFINITY, f64::NEG_INFINITY].into_iter().find(|it| not_finite_name(*it) == Some(text));
        let value = match kind {
            Type::String => ComponentValue::String(text.to_owned()),
            Type::Char => match (text.chars().next(), text.chars().nth(1)) {
                (Some(sign), None) => ComponentValue::Char(sign),
                _ => return wrong(kind, "a text that is not one character"),
            },
            Type::F32 => match float() {
                Some(number) => ComponentValue::F32(number as f32),
                None => return wrong(kind, "a text"),
            },
            Type::F64 => match float() {
                Some(number) => ComponentValue::F64(number),
                None => return wrong(kind, "a text"),
            },
            Type::Enum { cases, .. } => match names::find(cases.iter().map(String::as_str), text) {
                Some(index) => ComponentValue::Enum(cases.get(index).cloned().unwrap_or_default()),
                None => return wrong_case(kind, text, &mut cases.iter()),
            },
            Type::Variant { .. } | Type::Result { .. } => match choose(kind, text)? {
                (Chosen::Case(name), None) => ComponentValue::Variant(name, None),
                (Chosen::Ok, None) => ComponentValue::Result(Ok(None)),
                (Chosen::Err, None) => ComponentValue::Result(Err(None)),
                (_, Some(held)) => return wrong(kind, format_args!("`{text}` without the {held} that it holds")),
            },
            _ => return wrong(kind, "a text"),
        };
        Ok(wrap.around(value))
    }

    /// The type of what a case holds, and how the value is made of it.
    fn case(self, name: &str) -> Result<(Option<&'a Type>, Wrap), Misfit> {
        let (kind, wrap) = self.kind()?;
        let (chosen, held) = choose(kind, name)?;
        Ok((held, Wrap { case: Some(chosen), ..wrap }))
    }

    fn sequence(self, given: usize) -> Result<Sequence<'a>, Misfit> {
        let (kind, wrap) = self.kind()?;
        Sequence::new(kind, wrap, given)
    }

    fn tuple(self, given: usize) -> Result<Sequence<'a>, Misfit> {
        match self.expected {
            Expected::Arguments(parameters, spread) => {
                spread.set(Some(given));
                let wrap = Wrap { options: 0, case: None };
                Ok(Sequence {
                    items: Items::Arguments(parameters),
                    values: Vec::with_capacity(given.min(64)),
                    wrap,
                    at: 0,
                })
            }
            Expected::Value(_) => self.sequence(given),
        }
    }

    fn fields(self) -> Result<Fields<'a>, Misfit> {
        let (kind, wrap) = self.kind()?;
        Fields::new(kind, wrap)
    }
}

fn integer(kind: &Type, value: i128) -> Outcome {
    macro_rules! within {
        ($variant:ident) => {
            value.try_into().ok().map(ComponentValue::$variant)
        };
    }
    let lowered = match kind {
        Type::S8 => within!(S8),
        Type::U8 => within!(U8),
        Type::S16 => within!(S16),
        Type::U16 => within!(U16),
        Type::S32 => within!(S32),
        Type::U32 => within!(U32),
        Type::S64 => within!(S64),
        Type::U64 => within!(U64),
        Type::Handle { owned, .. } => {
            value.try_into().ok().map(|number| ComponentValue::Handle { number, owned: *owned })
        }
        Type::F32 => Some(ComponentValue::F32(value as f32)),
        Type::F64 => Some(ComponentValue::F64(value as f64)),
        _ => None,
    };
    lowered.map_or_else(|| wrong(kind, value), Ok)
}

/// The case or side of this name, and the type of what it holds.
fn choose<'a>(kind: &'a Type, name: &str) -> Result<(Chosen, Option<&'a Type>), Misfit> {
    match kind {
        Type::Variant { cases, .. } => {
            let found = names::find(cases.iter().map(|case| case.name.as_str()), name).and_then(|at| cases.get(at));
            match found {
                Some(Case { name, kind }) => Ok((Chosen::Case(name.clone()), kind.as_ref())),
                None => wrong_case(kind, name, &mut cases.iter().map(|case| &case.name)),
            }
        }
        Type::Result { ok, .. } if names::same(name, "ok") => Ok((Chosen::Ok, ok.as_deref())),
        Type::Result { err, .. } if names::same(name, "err") => Ok((Chosen::Err, err.as_deref())),
        _ => wrong(kind, format_args!("the variant `{name}`")),
    }
}

fn wrong_case<T>(kind: &Type, given: &str, cases: &mut dyn Iterator<Item = &String>) -> Result<T, Misfit> {
    let cases: Vec<&str> = cases.map(String::as_str).collect();
    wrong(kind, format_args!("`{given}`, which is none of {}", cases.join(", ")))
}

macro_rules! integers {
    ($($method:ident($type:ty);)*) => {
        $(fn $method(self, value: $type) -> Outcome { self.integer(value.into()) })*
    };
}

impl<'a> Serializer for Lower<'a> {
    type Ok = ComponentValue;
    type Error = Misfit;
    type SerializeSeq = Sequence<'a>;
    type SerializeTuple = Sequence<'a>;
    type SerializeTupleStruct = Sequence<'a>;
    type SerializeTupleVariant = Sequence<'a>;
    type SerializeMap = Fields<'a>;
    type SerializeStruct = Fields<'a>;
    type SerializeStructVariant = Fields<'a>;

    integers! {
        serialize_i8(i8); serialize_i16(i16); serialize_i32(i32); serialize_i64(i64); serialize_i128(i128);
        serialize_u8(u8); serialize_u16(u16); serialize_u32(u32); serialize_u64(u64);
    }

    fn serialize_u128(self, value: u128) -> Outcome {
        self.integer(i128::try_from(value).unwrap_or(i128::MAX))
    }

    fn serialize_bool(self, value: bool) -> Outcome {
        match self.kind()? {
            (Type::Bool, wrap) => Ok(wrap.around(ComponentValue::Bool(value))),
            (kind, _) => wrong(kind, value),
        }
    }

    fn serialize_f32(self, value: f32) -> Outcome {
        self.float(value.into())
    }

    fn serialize_f64(self, value: f64) -> Outcome {
        self.float(value)
    }

    fn serialize_char(self, value: char) -> Outcome {
        self.text(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, text: &str) -> Outcome {
        self.text(text)
    }

    fn serialize_bytes(self, bytes: &[u8]) -> Outcome {
        bytes.serialize(self)
    }

    fn serialize_none(self) -> Outcome {
        match self.expected {
            Expected::Arguments([Parameter { kind: Type::Option(_), .. }, ..], _)
            | Expected::Value(Type::Option(_)) => Ok(ComponentValue::Option(None)),
            _ => wrong(self.kind()?.0, "nothing"),
        }
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Outcome {
        match self.expected {
            Expected::Arguments([Parameter { kind: Type::Option(inner), .. }, ..], _)
            | Expected::Value(Type::Option(inner)) => {
                lower(value, inner).map(|value| ComponentValue::Option(Some(value.into())))
            }
            // A tuple that may be missing is one value, not a list of them.
            Expected::Arguments(..) => lower(value, self.kind()?.0),
            Expected::Value(_) => value.serialize(self),
        }
    }

    fn serialize_unit(self) -> Outcome {
        match self.expected {
            Expected::Arguments(_, spread) => {
                spread.set(Some(0));
                Ok(ComponentValue::Tuple(Vec::new()))
            }
            Expected::Value(Type::Tuple(types)) if types.is_empty() => Ok(ComponentValue::Tuple(Vec::new())),
            Expected::Value(_) => self.serialize_none(),
        }
    }

    fn serialize_unit_struct(self, _: &'static str) -> Outcome {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Outcome {
        self.text(variant)
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
        let mut fields = self.fields()?;
        fields.insert(variant, value)?;
        fields.finish()
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Sequence<'a>, Misfit> {
        self.sequence(len.unwrap_or_default())
    }

    fn serialize_tuple(self, len: usize) -> Result<Sequence<'a>, Misfit> {
        self.tuple(len)
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Sequence<'a>, Misfit> {
        self.tuple(len)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Sequence<'a>, Misfit> {
        match self.case(variant)? {
            (Some(held), wrap) => Sequence::new(held, wrap, len),
            (None, _) => Err(ser::Error::custom(format_args!("`{variant}` holds nothing"))),
        }
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Fields<'a>, Misfit> {
        self.fields()
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Fields<'a>, Misfit> {
        check_struct(name)?;
        self.fields()
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Fields<'a>, Misfit> {
        match self.case(variant)? {
            (Some(held), wrap) => Fields::new(held, wrap),
            (None, _) => Err(ser::Error::custom(format_args!("`{variant}` holds nothing"))),
        }
    }
}

/// A list or a tuple on its way.
struct Sequence<'a> {
    items: Items<'a>,
    values: Vec<ComponentValue>,
    wrap: Wrap,
    at: usize,
}

enum Items<'a> {
    List(&'a Type),
    Tuple(&'a [Type]),
    Arguments(&'a [Parameter]),
    Flags(&'a [String]),
}

impl<'a> Sequence<'a> {
    fn new(kind: &'a Type, wrap: Wrap, given: usize) -> Result<Self, Misfit> {
        let items = match kind {
            Type::List(inner) => Items::List(inner),
            Type::Tuple(types) => Items::Tuple(types),
            Type::Flags { flags, .. } => Items::Flags(flags),
            _ => return wrong(kind, "a list"),
        };
        Ok(Self { items, values: Vec::with_capacity(given.min(4096)), wrap, at: 0 })
    }

    fn push(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), Misfit> {
        let at = self.at;
        self.at += 1;
        let inside = |misfit: Misfit| misfit.inside(format_args!("[{at}]"));
        let lowered = match self.items {
            Items::List(kind) => Some(lower(value, kind).map_err(inside)),
            Items::Tuple(types) => types.get(at).map(|kind| lower(value, kind).map_err(inside)),
            Items::Arguments(parameters) => parameters.get(at).map(|Parameter { name, kind }| {
                lower(value, kind).map_err(|misfit| misfit.inside(format_args!("{name}")))
            }),
            Items::Flags(_) => Some(lower(value, &Type::String).map_err(inside)),
        };
        // What is too many is said at the end.
        self.values.extend(lowered.transpose()?);
        Ok(())
    }

    fn finish(self) -> Outcome {
        let value = match self.items {
            Items::List(_) => ComponentValue::List(self.values),
            Items::Arguments(_) => ComponentValue::Tuple(self.values),
            Items::Tuple(types) if types.len() == self.at => ComponentValue::Tuple(self.values),
            Items::Tuple(types) => {
                return Err(ser::Error::custom(format_args!("expected {} values, got {}", types.len(), self.at)));
            }
            Items::Flags(flags) => {
                let mut set = Vec::new();
                for value in self.values {
                    let ComponentValue::String(text) = value else { continue };
                    match names::find(flags.iter().map(String::as_str), &text).and_then(|at| flags.get(at)) {
                        Some(flag) => set.push(flag.clone()),
                        None => {
                            let message = format_args!("`{text}` is none of {}", flags.join(", "));
                            return Err(ser::Error::custom(message));
                        }
                    }
                }
                ComponentValue::Flags(set)
            }
        };
        Ok(self.wrap.around(value))
    }
}

/// A record, a case, flags or pairs on their way.
struct Fields<'a> {
    shape: Shape<'a>,
    /// The key of a map whose value is to come.
    key: ComponentValue,
    wrap: Wrap,
}

enum Shape<'a> {
    Record { fields: &'a [Parameter], values: Vec<Option<ComponentValue>> },
    Flags { flags: &'a [String], set: Vec<String> },
    Pairs { key: &'a Type, value: &'a Type, pairs: Vec<ComponentValue> },
    Case { kind: &'a Type, value: Option<ComponentValue> },
}

impl<'a> Fields<'a> {
    fn new(kind: &'a Type, wrap: Wrap) -> Result<Self, Misfit> {
        let shape = match kind {
            Type::Record { fields, .. } => Shape::Record { fields, values: fields.iter().map(|_| None).collect() },
            Type::Flags { flags, .. } => Shape::Flags { flags, set: Vec::new() },
            Type::Variant { .. } | Type::Result { .. } => Shape::Case { kind, value: None },
            Type::List(inner) => match &**inner {
                Type::Tuple(types) => match &**types {
                    [key, value] => Shape::Pairs { key, value, pairs: Vec::new() },
                    _ => return wrong(kind, "a map"),
                },
                _ => return wrong(kind, "a map"),
            },
            _ => return wrong(kind, "a map"),
        };
        Ok(Self { shape, key: ComponentValue::Bool(false), wrap })
    }

    fn insert(&mut self, name: &str, value: &(impl Serialize + ?Sized)) -> Result<(), Misfit> {
        let inside = |misfit: Misfit| misfit.inside(format_args!(".{name}"));
        match &mut self.shape {
            Shape::Record { fields, values } => {
                // What the record does not have is left out, as it is by serde.
                let Some(at) = names::find(fields.iter().map(|field| field.name.as_str()), name) else { return Ok(()) };
                if let (Some(field), Some(place)) = (fields.get(at), values.get_mut(at)) {
                    *place = Some(lower(value, &field.kind).map_err(inside)?);
                }
            }
            Shape::Flags { flags, set } => {
                let flag = names::find(flags.iter().map(String::as_str), name).and_then(|at| flags.get(at));
                match (flag, lower(value, &Type::Bool).map_err(inside)?) {
                    (Some(flag), ComponentValue::Bool(true)) => set.push(flag.clone()),
                    (Some(_), _) => {}
                    (None, _) => {
                        return Err(ser::Error::custom(format_args!("`{name}` is none of {}", flags.join(", "))));
                    }
                }
            }
            Shape::Pairs { key, value: kind, pairs } => {
                let pair = vec![lower(name, key)?, lower(value, kind).map_err(inside)?];
                pairs.push(ComponentValue::Tuple(pair));
            }
            Shape::Case { value: Some(_), kind } => return wrong(kind, "several cases at once"),
            Shape::Case { kind, value: place } => *place = Some(case(kind, name, value).map_err(inside)?),
        }
        Ok(())
    }

    fn finish(self) -> Outcome {
        let value = match self.shape {
            Shape::Record { fields, values } => {
                let complete = |(field, value): (&Parameter, Option<ComponentValue>)| match (value, &field.kind) {
                    (Some(value), _) => Ok((field.name.clone(), value)),
                    (None, Type::Option(_)) => Ok((field.name.clone(), ComponentValue::Option(None))),
                    (None, _) => Err(ser::Error::custom(format_args!("lacks the field `{}`", field.name))),
                };
                ComponentValue::Record(fields.iter().zip(values).map(complete).collect::<Result<_, Misfit>>()?)
            }
            Shape::Flags { set, .. } => ComponentValue::Flags(set),
            Shape::Pairs { pairs, .. } => ComponentValue::List(pairs),
            Shape::Case { value: Some(value), .. } => value,
            Shape::Case { kind, value: None } => return wrong(kind, "no case"),
        };
        Ok(self.wrap.around(value))
    }
}

/// A case with what it holds.
fn case(kind: &Type, name: &str, value: &(impl Serialize + ?Sized)) -> Outcome {
    let (chosen, held) = choose(kind, name)?;
    let Some(held) = held else {
        // `{"Ok": null}` is a result without a value.
        lower(value, &Type::Tuple(Vec::new())).or_else(|_| wrong(kind, format_args!("`{name}` with a value")))?;
        return Ok(match chosen {
            Chosen::Case(name) => ComponentValue::Variant(name, None),
            Chosen::Ok => ComponentValue::Result(Ok(None)),
            Chosen::Err => ComponentValue::Result(Err(None)),
        });
    };
    Ok(Wrap { options: 0, case: Some(chosen) }.around(lower(value, held)?))
}

macro_rules! compounds {
    ($($builder:ident: $trait:ident::$method:ident($($key:ident)?), $add:ident;)*) => {$(
        impl ser::$trait for $builder<'_> {
            type Ok = ComponentValue;
            type Error = Misfit;

            fn $method<T: Serialize + ?Sized>(&mut self, $($key: &'static str,)? value: &T) -> Result<(), Misfit> {
                self.$add($($key,)? value)
            }

            fn end(self) -> Outcome {
                self.finish()
            }
        }
    )*};
}

compounds! {
    Sequence: SerializeSeq::serialize_element(), push;
    Sequence: SerializeTuple::serialize_element(), push;
    Sequence: SerializeTupleStruct::serialize_field(), push;
    Sequence: SerializeTupleVariant::serialize_field(), push;
    Fields: SerializeStruct::serialize_field(key), insert;
    Fields: SerializeStructVariant::serialize_field(key), insert;
}

impl ser::SerializeMap for Fields<'_> {
    type Ok = ComponentValue;
    type Error = Misfit;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Misfit> {
        let kind = match self.shape {
            Shape::Pairs { key, .. } => key,
            _ => &Type::String,
        };
        self.key = lower(key, kind)?;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Misfit> {
        let key = std::mem::replace(&mut self.key, ComponentValue::Bool(false));
        match (&mut self.shape, key) {
            (Shape::Pairs { value: kind, pairs, .. }, key) => {
                let at = pairs.len();
                let value = lower(value, kind).map_err(|misfit| misfit.inside(format_args!("[{at}]")))?;
                pairs.push(ComponentValue::Tuple(vec![key, value]));
                Ok(())
            }
            (_, ComponentValue::String(name)) => self.insert(&name, value),
            _ => Err(ser::Error::custom("a key that is not text")),
        }
    }

    fn end(self) -> Outcome {
        self.finish()
    }
}
