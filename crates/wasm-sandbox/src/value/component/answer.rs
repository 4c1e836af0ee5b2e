//! What a tool answered, as the result of the function that a component imported.

use serde::Deserialize;
use serde_json::Value;

use super::{
    super::{Signature, Type, serialize::Misfit},
    ComponentValue, lower,
};

/// What the function gives the component.
pub(crate) enum Answered {
    Value(Option<ComponentValue>),
    /// It has no way to say that it failed.
    Failed(String),
}

/// An answer as the host's tools give it.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Envelope {
    Ok(Value),
    Error { message: String },
}

impl Signature {
    /// Reads a tool's answer. A tool that fails is the function's `Err`, if that is a text.
    ///
    /// # Errors
    /// The tool gave back what is not of the function's type.
    pub(crate) fn answered(&self, answer: &[u8]) -> Result<Answered, String> {
        let envelope = serde_json::from_slice(answer).map_err(|error| format!("`{}`: {error}", self.name))?;
        let wrong =
            |why: &dyn std::fmt::Display| format!("the tool for `{}` gave back something else: {why}", self.name);
        match (envelope, &self.result) {
            (Envelope::Ok(_), None) => Ok(Answered::Value(None)),
            (Envelope::Ok(value), Some(kind)) => {
                given(&value, kind).map(|value| Answered::Value(Some(value))).map_err(|misfit| wrong(&misfit))
            }
            (Envelope::Error { message }, Some(Type::Result { err: Some(err), .. })) if **err == Type::String => {
                Ok(Answered::Value(Some(ComponentValue::Result(Err(Some(ComponentValue::String(message).into()))))))
            }
            (Envelope::Error { message }, _) => Ok(Answered::Failed(message)),
        }
    }
}

/// A value of this type. For a result, the value of its `Ok`, or an object that says which side it is.
fn given(value: &Value, kind: &Type) -> Result<ComponentValue, Misfit> {
    let Type::Result { ok, .. } = kind else { return lower(value, kind) };
    let side = value.as_object().filter(|object| object.len() == 1).and_then(|object| object.keys().next());
    if side.is_some_and(|side| side == "Ok" || side == "Err") {
        return lower(value, kind);
    }
    match ok {
        Some(ok) => lower(value, ok).map(|value| ComponentValue::Result(Ok(Some(value.into())))),
        None if value.is_null() => Ok(ComponentValue::Result(Ok(None))),
        None => lower(value, kind),
    }
}
