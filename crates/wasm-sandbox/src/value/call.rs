//! One call through the ABI, whatever the engine. Every pointer, length and text from the guest is checked.

use std::future::Future;

use serde::Deserialize;
use serde_json::Value;
use wasm_sandbox_policy::SandboxError;

use super::{
    ComponentValue, Parameter, WasmValue,
    arguments::{Argument, Arguments, check_input},
    buffer::{place, take_json},
    check::side,
    signature::{Abi, Signature, Type},
};

const ALLOC: &str = "wasm_sandbox_alloc";
const FREE: &str = "wasm_sandbox_free";

/// What the ABI needs of an instance.
pub(crate) trait Guest {
    /// Calls an export.
    fn invoke(
        &mut self,
        export: &str,
        arguments: &[WasmValue],
    ) -> impl Future<Output = Result<Option<WasmValue>, SandboxError>> + Send;

    /// The guest's memory as it is now.
    fn memory(&mut self) -> &mut [u8];

    /// What an interpreter has told the host last.
    fn take_answer(&mut self) -> Option<Vec<u8>> {
        None
    }
}

/// What a function gave back.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Outcome {
    /// A float, not always one that JSON can carry.
    Number(f64),
    /// Any other value.
    Value(Value),
    /// The function returned its `Err`.
    Error(Value),
    /// What a component gave back, an `Err` apart.
    Component(Result<ComponentValue, ComponentValue>),
}

impl Outcome {
    /// What a component's function gave back.
    pub(crate) fn of_component(signature: &Signature, value: Option<ComponentValue>) -> Self {
        let held = |held: Option<Box<ComponentValue>>| held.map_or(ComponentValue::Option(None), |held| *held);
        Self::Component(match (&signature.result, value) {
            (Some(Type::Result { .. }), Some(ComponentValue::Result(Ok(value)))) => Ok(held(value)),
            (Some(Type::Result { .. }), Some(ComponentValue::Result(Err(value)))) => Err(held(value)),
            (_, value) => Ok(value.unwrap_or(ComponentValue::Option(None))),
        })
    }
}

/// The answer of a function with the `json` ABI.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Envelope {
    Ok(Value),
    Err(Value),
    Invalid(String),
}

/// Calls the function that `signature` describes with arguments that fit it. `limit` bounds the bytes of arguments and result.
pub(crate) async fn call(
    guest: &mut (impl Guest + Send),
    signature: &Signature,
    arguments: &Arguments,
    limit: u64,
) -> Result<Outcome, SandboxError> {
    match signature.abi {
        Abi::Direct => {
            let values = encode(signature, arguments)?;
            let returned = guest.invoke(&signature.export, &values).await?;
            decode(signature, returned)
        }
        Abi::Json => json(guest, signature, arguments, limit).await,
        Abi::Cstring => cstring(guest, signature, arguments, limit).await,
        Abi::Script => Err(signature.misfit("a function of a script is called through its interpreter".to_owned())),
        Abi::Component => Err(signature.misfit("a function of a component has an ABI of its own".to_owned())),
    }
}

fn encode(signature: &Signature, arguments: &Arguments) -> Result<Vec<WasmValue>, SandboxError> {
    let encode = |(argument, parameter): (&Argument, &Parameter)| argument.encode(&parameter.kind);
    let values = arguments.with_parameters(signature).map(encode).collect::<Option<Vec<_>>>();
    values.ok_or_else(|| signature.misfit("an argument cannot travel as a wasm value".to_owned()))
}

fn decode(signature: &Signature, returned: Option<WasmValue>) -> Result<Outcome, SandboxError> {
    match (&signature.result, returned) {
        (Some(kind), Some(value)) => kind.decode(value).map_err(|why| signature.misfit(why)),
        _ => Ok(Outcome::Value(Value::Null)),
    }
}

async fn json(
    guest: &mut (impl Guest + Send),
    signature: &Signature,
    arguments: &Arguments,
    limit: u64,
) -> Result<Outcome, SandboxError> {
    let refuse = |why| signature.misfit(why);
    let buffer = place(guest, ALLOC, &arguments.to_json(signature, limit)?, &refuse).await?;
    let returned = guest.invoke(&signature.export, &buffer).await?;
    open(signature, take_json(guest, returned, FREE, limit, &refuse).await?)
}

/// What an answer says, checked: it is the guest's word.
fn open(signature: &Signature, envelope: Envelope) -> Result<Outcome, SandboxError> {
    let no_error = || signature.misfit("the guest gave back an error, and its signature knows of none".to_owned());
    match envelope {
        Envelope::Ok(value) => {
            let kind = match &signature.result {
                Some(Type::Result { ok, .. }) => side(ok.as_deref()),
                result => side(result.as_ref()),
            };
            checked(signature, kind, value).map(Outcome::Value)
        }
        Envelope::Err(value) => {
            let kind = match &signature.result {
                Some(Type::Result { err, .. }) => side(err.as_deref()),
                Some(any @ Type::Any(_)) => any,
                _ => return Err(no_error()),
            };
            checked(signature, kind, value).map(Outcome::Error)
        }
        Envelope::Invalid(message) => Err(signature.misfit(format!("the guest refused the arguments: {message}"))),
    }
}

fn checked(signature: &Signature, kind: &Type, mut value: Value) -> Result<Value, SandboxError> {
    match kind.fit(&mut value) {
        Ok(()) => Ok(value),
        Err(why) => Err(signature.misfit(format!("the result {why}"))),
    }
}

async fn cstring(
    guest: &mut (impl Guest + Send),
    signature: &Signature,
    arguments: &Arguments,
    limit: u64,
) -> Result<Outcome, SandboxError> {
    let texts = zero_ended(signature, arguments, limit)?;
    let (values, owned) = pass(guest, signature, arguments, texts).await?;
    let returned = guest.invoke(&signature.export, &values).await?;
    let outcome = match (&signature.result, returned) {
        (Some(Type::String), Some(WasmValue::I32(0))) => Ok(Outcome::Value(Value::Null)),
        (Some(Type::String), Some(WasmValue::I32(pointer))) => {
            read_zero_ended(guest, signature, pointer as u32, limit).map(|text| Outcome::Value(text.into()))
        }
        (_, returned) => decode(signature, returned),
    };
    for pointer in owned {
        guest.invoke("free", &[pointer]).await?;
    }
    outcome
}

/// Copies the strings into the guest: the arguments as wasm values, and those among them that are to be freed.
async fn pass(
    guest: &mut (impl Guest + Send),
    signature: &Signature,
    arguments: &Arguments,
    texts: Vec<Vec<u8>>,
) -> Result<(Vec<WasmValue>, Vec<WasmValue>), SandboxError> {
    let (mut values, mut owned, mut texts) = (Vec::new(), Vec::new(), texts.iter());
    for (argument, parameter) in arguments.with_parameters(signature) {
        let text = if parameter.kind == Type::String { texts.next() } else { None };
        let value = match text {
            Some(text) => {
                let [pointer, _] = place(guest, "malloc", text, &|why| signature.misfit(why)).await?;
                owned.push(pointer);
                Some(pointer)
            }
            None => argument.encode(&parameter.kind),
        };
        values.push(value.ok_or_else(|| signature.misfit(format!("argument `{}` cannot travel", parameter.name)))?);
    }
    Ok((values, owned))
}

/// The strings among the arguments, each with its zero, before the guest is asked for room for the first of them.
fn zero_ended(signature: &Signature, arguments: &Arguments, limit: u64) -> Result<Vec<Vec<u8>>, SandboxError> {
    let mut texts = Vec::new();
    let mut used = 0u64;
    for (argument, parameter) in arguments.with_parameters(signature) {
        let (Type::String, Some(text)) = (&parameter.kind, argument.text()) else { continue };
        if text.contains('\0') {
            let name = &parameter.name;
            return Err(signature.misfit(format!("argument `{name}` holds a zero byte, which would end it")));
        }
        used = used.saturating_add(text.len() as u64 + 1);
        check_input(used, limit)?;
        texts.push([text.as_bytes(), &[0]].concat());
    }
    Ok(texts)
}

fn read_zero_ended(
    guest: &mut impl Guest,
    signature: &Signature,
    pointer: u32,
    limit: u64,
) -> Result<String, SandboxError> {
    let bytes = guest.memory().get(pointer as usize..).unwrap_or_default();
    let end = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1).min(bytes.len());
    let window = bytes.get(..end).unwrap_or_default();
    match window.iter().position(|byte| *byte == 0) {
        Some(len) => {
            let text = std::str::from_utf8(window.get(..len).unwrap_or_default());
            text.map(str::to_owned).map_err(|_| signature.misfit("the guest's text is not UTF-8".to_owned()))
        }
        None if window.len() as u64 > limit => check_input(window.len() as u64, limit).map(|()| String::new()),
        None => Err(signature.misfit("the guest's text has no end inside its memory".to_owned())),
    }
}
