//! A live interpreter over several turns.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use wasm_sandbox_policy::{Ending, InstanceConfig, SandboxError, SandboxResult};

use crate::{
    instance::{CancelHandle, Instance},
    lang::interpreter::{Answer, Runtime},
    value::Arguments,
};

/// A live interpreter: variables, imports and files in memory stay from turn to turn. Each turn has the policy's limits to
/// itself and an account of its own. An exception, or something that was refused, leaves the session usable; a trap, or a
/// limit that stops the guest, ends it.
pub struct Session {
    instance: Instance,
    config: InstanceConfig,
    runtime: Runtime,
    turns: u64,
    /// Whether a request has reached the guest.
    begun: bool,
}

impl Session {
    pub(crate) fn new(instance: Instance, config: InstanceConfig, runtime: Runtime) -> Self {
        Self { instance, config, runtime, turns: 0, begun: false }
    }

    /// Runs code. The value of a final expression is in the result, where JSON has a form for it, and its text on standard
    /// output, as the interactive interpreter prints it. An exception that nobody caught is the result's ending, and its
    /// story on standard error.
    ///
    /// # Errors
    /// The session has ended, or the sandbox failed.
    pub async fn run(&mut self, code: &str) -> Result<SandboxResult, SandboxError> {
        let name = format!("<turn {}>", self.turns + 1);
        let request = self.complete(json!({ "op": "eval", "name": name, "code": code }));
        let answer = self.instance.ask("turn", &request).await;
        self.begun |= answer.is_ok();
        let (ending, value) = match answer {
            Ok(Answer::Ok(value)) => {
                let (value, text) = self.runtime.value(value);
                let ending = text.and_then(|text| self.instance.echo(&text)).unwrap_or(Ending::Return);
                (ending, Some(value).filter(|value| !value.is_null()))
            }
            Ok(Answer::Exit(code)) => (Ending::Exit { code }, None),
            Ok(Answer::Error(exception)) => {
                self.instance.complain(self.runtime, &exception.story());
                (Ending::Exception { name: exception.name, message: exception.message }, None)
            }
            Ok(Answer::Invalid(why)) => return Err(SandboxError::internal("a turn", why)),
            Err((_, Some(ending))) => (ending, None),
            Err((error, None)) => return Err(error),
        };
        if matches!(ending, Ending::Exit { .. }) {
            self.instance.guest().end();
        }
        Ok(self.instance.report(ending, value))
    }

    /// Calls a function that an earlier turn has defined. `arguments` is a tuple of anything that serde writes.
    ///
    /// # Errors
    /// There is no such function, its arguments do not fit, it raised an exception, or the session has ended.
    pub async fn call<A: Serialize, R: DeserializeOwned>(
        &mut self,
        function: &str,
        arguments: A,
    ) -> Result<R, SandboxError> {
        let misfit = |detail: String| SandboxError::Signature { detail, signature: function.to_owned() };
        let arguments = Arguments::values(&arguments).map_err(misfit)?;
        let request = self.complete(json!({ "op": "call", "function": function, "arguments": arguments }));
        let answer = self.instance.ask(function, &request).await.map_err(|(error, _)| error)?;
        self.begun = true;
        if matches!(answer, Answer::Exit(_)) {
            self.instance.guest().end();
        }
        let value = answer.into_value(self.runtime, function)?;
        serde_json::from_value(value).map_err(|error| misfit(format!("the result does not fit: {error}")))
    }

    /// Whether the session has ended and refuses turns.
    pub fn ended(&self) -> bool {
        self.instance.ended()
    }

    /// A handle that cancels a turn from another thread, and with it the session.
    pub fn cancel_handle(&self) -> CancelHandle {
        self.instance.cancel_handle()
    }

    /// A request with what the first one of an instance says besides.
    fn complete(&mut self, mut request: Value) -> Value {
        if let (false, Some(request), Value::Object(surroundings)) =
            (self.begun, request.as_object_mut(), self.runtime.surroundings(&self.config))
        {
            request.extend(surroundings);
        }
        self.turns += 1;
        request
    }
}
