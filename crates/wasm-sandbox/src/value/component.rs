//! Values of the component model, from and to anything that serde writes and reads, by the type that WIT gives them.

mod answer;
mod describe;
mod docs;
mod lift;
mod lower;
mod names;
#[cfg(test)]
mod tests;

pub(crate) use self::{answer::Answered, describe::Described, docs::Docs};
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

impl ComponentValue {
    /// In JSON, where a float that is not finite is its name.
    pub(crate) fn json(self) -> Result<serde_json::Value, serde_json::Error> {
        json(self)
    }

    /// With the names of fields as most languages write them: `first_name`.
    pub(crate) fn snake(self) -> Self {
        let all = |values: Vec<Self>| values.into_iter().map(Self::snake).collect();
        let held = |held: Option<Box<Self>>| held.map(|held| Box::new(held.snake()));
        match self {
            Self::Record(fields) => {
                Self::Record(fields.into_iter().map(|(name, value)| (Self::snake_name(&name), value.snake())).collect())
            }
            Self::List(values) => Self::List(all(values)),
            Self::Tuple(values) => Self::Tuple(all(values)),
            Self::Variant(name, value) => Self::Variant(name, held(value)),
            Self::Option(value) => Self::Option(held(value)),
            Self::Result(Ok(value)) => Self::Result(Ok(held(value))),
            Self::Result(Err(value)) => Self::Result(Err(held(value))),
            value => value,
        }
    }

    /// `first_name` for `first-name`.
    pub(crate) fn snake_name(name: &str) -> String {
        name.replace('-', "_")
    }
}
