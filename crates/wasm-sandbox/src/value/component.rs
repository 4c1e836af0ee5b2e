//! Values of the component model, from and to anything that serde writes and reads, by the type that WIT gives them.

mod describe;
mod lift;
mod lower;
mod names;
#[cfg(test)]
mod tests;

pub(crate) use self::describe::Described;
pub(super) use self::{
    lift::{Lift, json},
    lower::{Spread, lower},
};

/// One value, whatever the engine.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ComponentValue {
    Bool(bool),
    S8(i8),
    U8(u8),
    S16(i16),
    U16(u16),
    S32(i32),
    U32(u32),
    S64(i64),
    U64(u64),
    F32(f32),
    F64(f64),
    Char(char),
    String(String),
    List(Vec<Self>),
    Record(Vec<(String, Self)>),
    Tuple(Vec<Self>),
    Variant(String, Option<Box<Self>>),
    Enum(String),
    Option(Option<Box<Self>>),
    Result(Result<Option<Box<Self>>, Option<Box<Self>>>),
    Flags(Vec<String>),
    /// What the instance keeps under this number; passing it on gives it away if it is owned.
    Handle {
        number: u64,
        owned: bool,
    },
}
