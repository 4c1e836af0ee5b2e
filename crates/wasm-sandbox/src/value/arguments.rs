//! A caller's arguments: any serde value, checked against the signature before the call.

use serde::Serialize;
use serde_json::Value;
use wasm_sandbox_policy::{Plain, ResourceKind, SandboxError};

use super::{
    ComponentValue, Parameter, WasmValue,
    component::{Spread, lower},
    serialize::{Form, Misfit, not_in_json},
    signature::{Abi, Signature, Type},
};

/// The arguments of one call, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Arguments(Vec<Argument>);

/// One argument.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Argument {
    Json(Value),
    /// A NaN or an infinity, for a parameter that travels as a wasm value.
    NotFinite(f64),
    /// For a component, of the parameter's type.
    Component(ComponentValue),
}

impl Arguments {
    /// A tuple is the list of arguments, `()` is none, and anything else is the only one. The arguments fit the signature.
    pub(crate) fn from_serialize(signature: &Signature, arguments: &impl Serialize) -> Result<Self, SandboxError> {
        let misfit = |error: Misfit| signature.misfit(error.to_string());
        if signature.abi == Abi::Component {
            let spread = Spread::new(arguments, &signature.params).map_err(misfit)?;
            signature.check_count(spread.given)?;
            return Self(spread.values.into_iter().map(Argument::Component).collect()).fit(signature);
        }
        let list = match Form::of(arguments).map_err(misfit)? {
            Form::Tuple(forms) => forms.into_iter().map(Argument::new).collect::<Result<_, _>>().map_err(misfit)?,
            Form::Unit => Vec::new(),
            form => vec![Argument::new(form).map_err(misfit)?],
        };
        Self(list).fit(signature)
    }

    /// As JSON values, for a function whose signature is not known here.
    pub(crate) fn values(arguments: &impl Serialize) -> Result<Vec<Value>, String> {
        let list = match Form::of(arguments).map_err(|error| error.to_string())? {
            Form::Tuple(forms) => forms,
            Form::Unit => Vec::new(),
            form => vec![form],
        };
        list.into_iter().map(Form::into_json).collect::<Result<_, _>>().map_err(|error| error.to_string())
    }

    /// Words of a command line: JSON where it fits the parameter, otherwise the word itself for a string or a parameter without a type; `NaN`, `Infinity`
    /// and `-Infinity` for a float that travels as a wasm value. The arguments fit the signature.
    pub(crate) fn from_words(signature: &Signature, words: &[String]) -> Result<Self, SandboxError> {
        signature.check_count(words.len())?;
        let argument = |(word, parameter): (&String, &Parameter)| word_as_argument(signature, parameter, word);
        let list = words.iter().zip(&signature.params).map(argument).collect::<Result<_, _>>()?;
        Self(list).fit(signature)
    }

    /// Checks number and types, and brings values into the form that their types have.
    fn fit(mut self, signature: &Signature) -> Result<Self, SandboxError> {
        signature.check_count(self.0.len())?;
        self.0.resize(signature.params.len(), Argument::Json(Value::Null));
        for (argument, parameter) in self.0.iter_mut().zip(&signature.params) {
            argument
                .fit(signature, &parameter.kind)
                .map_err(|why| signature.misfit(format!("argument `{}` {why}", parameter.name)))?;
        }
        Ok(self)
    }

    /// The arguments with their parameters.
    pub(super) fn with_parameters<'a>(
        &'a self,
        signature: &'a Signature,
    ) -> impl Iterator<Item = (&'a Argument, &'a Parameter)> {
        self.0.iter().zip(&signature.params)
    }

    /// For a component.
    pub(crate) fn into_component(self, signature: &Signature) -> Result<Vec<ComponentValue>, SandboxError> {
        let value = |(argument, parameter): (Argument, &Parameter)| match argument {
            Argument::Component(value) => Ok(value),
            Argument::Json(value) => lower(&value, &parameter.kind),
            Argument::NotFinite(number) => lower(&number, &parameter.kind),
        };
        let values = self.0.into_iter().zip(&signature.params).map(value).collect::<Result<_, Misfit>>();
        values.map_err(|error| signature.misfit(error.to_string()))
    }

    /// All arguments as one JSON array of at most `limit` bytes.
    pub(crate) fn to_json(&self, signature: &Signature, limit: u64) -> Result<Vec<u8>, SandboxError> {
        let values: Vec<&Value> = self.0.iter().filter_map(Argument::json).collect();
        signature.check_count(values.len())?;
        let json = serde_json::to_vec(&values).map_err(|error| SandboxError::internal("encoding arguments", error))?;
        check_input(json.len() as u64, limit)?;
        Ok(json)
    }
}

impl Argument {
    fn new(form: Form) -> Result<Self, Misfit> {
        match form {
            Form::NotFinite(number) => Ok(Self::NotFinite(number)),
            form => form.into_json().map(Self::Json),
        }
    }

    fn fit(&mut self, signature: &Signature, kind: &Type) -> Result<(), String> {
        match self {
            // What does not fit is found where it becomes a value of the component's.
            Self::Json(_) if signature.abi == Abi::Component => Ok(()),
            Self::Json(value) => kind.fit(value),
            Self::NotFinite(number) if matches!(signature.abi, Abi::Json | Abi::Script) => {
                Err(format!("is {}", not_in_json(*number)))
            }
            Self::NotFinite(number) if kind.encode_float(*number).is_none() => {
                Err(format!("is not a {kind}: {number}"))
            }
            Self::NotFinite(_) | Self::Component(_) => Ok(()),
        }
    }

    fn json(&self) -> Option<&Value> {
        match self {
            Self::Json(value) => Some(value),
            Self::NotFinite(_) | Self::Component(_) => None,
        }
    }

    /// The text that a string parameter gets.
    pub(super) fn text(&self) -> Option<&str> {
        self.json().and_then(Value::as_str)
    }

    /// The wasm value that a parameter of this type gets; none for a type that needs a buffer.
    pub(super) fn encode(&self, kind: &Type) -> Option<WasmValue> {
        match self {
            Self::Json(value) => kind.encode(value),
            Self::NotFinite(number) => kind.encode_float(*number),
            Self::Component(_) => None,
        }
    }
}

fn word_as_argument(signature: &Signature, parameter: &Parameter, word: &str) -> Result<Argument, SandboxError> {
    let float = matches!(parameter.kind, Type::F32 | Type::F64) && !matches!(signature.abi, Abi::Json | Abi::Script);
    if let (true, Some(number)) = (float, not_finite(word)) {
        return Ok(Argument::NotFinite(number));
    }
    let text = parameter.kind.takes_text(word).then(|| Argument::Json(word.into()));
    match (serde_json::from_str::<Value>(word), text) {
        (Ok(mut value), Some(text)) => {
            Ok(if parameter.kind.fit(&mut value).is_ok() { Argument::Json(value) } else { text })
        }
        (Ok(value), None) => Ok(Argument::Json(value)),
        (Err(_), Some(text)) => Ok(text),
        (Err(error), None) => {
            Err(signature.misfit(format!("argument `{}`: `{word}` is not JSON ({error})", parameter.name)))
        }
    }
}

fn not_finite(word: &str) -> Option<f64> {
    [f64::NAN, f64::INFINITY, f64::NEG_INFINITY].into_iter().find(|number| not_finite_name(*number) == Some(word))
}

/// How a float that JSON cannot carry is written where JSON is all there is.
pub(super) fn not_finite_name(number: f64) -> Option<&'static str> {
    match number {
        f64::INFINITY => Some("Infinity"),
        f64::NEG_INFINITY => Some("-Infinity"),
        number if number.is_nan() => Some("NaN"),
        _ => None,
    }
}

pub(crate) fn check_input(used: u64, limit: u64) -> Result<(), SandboxError> {
    if used > limit {
        return Err(SandboxError::ResourceExhausted { kind: ResourceKind::Input, used, limit });
    }
    Ok(())
}

/// Characters of an explanation. Some of it may be the guest's own, which can be as long as an answer.
const MAX_DETAIL: usize = 2000;

impl Signature {
    pub(crate) fn misfit(&self, detail: String) -> SandboxError {
        let detail = Plain::line(&detail).at_most(MAX_DETAIL).to_string();
        SandboxError::Signature { detail, signature: self.to_string() }
    }

    /// Optional parameters at the end may be left out.
    fn check_count(&self, given: usize) -> Result<(), SandboxError> {
        let most = self.params.len();
        let optional = |parameter: &&Parameter| matches!(parameter.kind, Type::Option(_));
        let least = most - self.params.iter().rev().take_while(optional).count();
        if (least..=most).contains(&given) {
            return Ok(());
        }
        let plural = if most == 1 { "" } else { "s" };
        let expected = if least == most { most.to_string() } else { format!("{least} to {most}") };
        Err(self.misfit(format!("expected {expected} argument{plural}, got {given}")))
    }
}

impl Type {
    /// Whether a bare word on a command line can be meant: for text, and where any value will do.
    fn takes_text(&self, word: &str) -> bool {
        match self {
            Self::String | Self::Char | Self::Enum { .. } | Self::Variant { .. } => true,
            // What begins like JSON was meant to be JSON, and its mistake is to be said.
            Self::Any(_) => !word.starts_with(['[', '{', '"']),
            Self::Option(inner) => inner.takes_text(word),
            _ => false,
        }
    }
}
