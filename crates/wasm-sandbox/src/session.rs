//! A live interpreter over several turns.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use wasm_sandbox_policy::{Ending, RandomPolicy, SandboxError, SandboxResult};

use crate::{
    instance::{CancelHandle, Instance},
    lang::interpreter::Answer,
    snapshot::{Parts, Snapshot, Turns},
    value::Arguments,
};

/// A live interpreter: variables, imports and files in memory stay from turn to turn. Each turn has the policy's limits to
/// itself and an account of its own. An exception, or something that was refused, leaves the session usable; a trap, or a
/// limit that stops the guest, ends it.
pub struct Session {
    instance: Instance,
    parts: Parts,
    turns: Turns,
    /// Whether it has to draw random numbers of its own with its next turn.
    reseeds: bool,
}

impl Session {
    pub(crate) fn new(instance: Instance, parts: Parts) -> Self {
        Self::restored(instance, parts, Turns { taken: 0, begun: false }, false)
    }

    /// One that goes on where another was.
    pub(crate) fn restored(instance: Instance, parts: Parts, turns: Turns, reseeds: bool) -> Self {
        Self { instance, parts, turns, reseeds: reseeds && turns.begun }
    }

    /// Runs code. The value of a final expression is in the result, where JSON has a form for it, and its text on standard
    /// output, as the interactive interpreter prints it. An exception that nobody caught is the result's ending, and its
    /// story on standard error.
    ///
    /// # Errors
    /// The session has ended, or the sandbox failed.
    pub async fn run(&mut self, code: &str) -> Result<SandboxResult, SandboxError> {
        let name = format!("<turn {}>", self.turns.taken + 1);
        let request = self.complete(json!({ "op": "eval", "name": name, "code": code }));
        let answer = self.instance.ask("turn", &request).await;
        self.reached(answer.is_ok());
        let (ending, value) = match answer {
            Ok(Answer::Ok(value)) => {
                let (value, text) = self.parts.runtime.value(value);
                let ending = text.and_then(|text| self.instance.echo(&text)).unwrap_or(Ending::Return);
                (ending, Some(value).filter(|value| !value.is_null()))
            }
            Ok(Answer::Exit(code)) => (Ending::Exit { code }, None),
            Ok(Answer::Error(exception)) => {
                self.instance.complain(self.parts.runtime, &exception);
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
        self.reached(true);
        if matches!(answer, Answer::Exit(_)) {
            self.instance.guest().end();
        }
        let value = answer.into_value(self.parts.runtime, function)?;
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

    /// The session as it is between two turns. It goes on; what it changes from here on is not in the snapshot.
    ///
    /// # Errors
    /// The session has ended, or there is no memory.
    pub fn snapshot(&mut self) -> Result<Snapshot, SandboxError> {
        self.state(false)
    }

    /// An independent copy, as [`snapshot`](Self::snapshot) and [`Snapshot::session`] make one.
    ///
    /// # Errors
    /// Those of [`snapshot`](Self::snapshot) and [`Snapshot::session`].
    pub async fn fork(&mut self) -> Result<Self, SandboxError> {
        self.snapshot()?.session().await
    }

    /// Ends the session here, as bytes that [`WasmSandbox::resume`](crate::WasmSandbox::resume) goes on with, in this process or
    /// another. As [`Snapshot::to_bytes`], but that a program's own random generators go on, too.
    ///
    /// # Errors
    /// Those of [`snapshot`](Self::snapshot) and [`Snapshot::to_bytes`]; the session is lost then. Take a snapshot first where
    /// it must not be.
    pub fn suspend(mut self) -> Result<Vec<u8>, SandboxError> {
        self.state(true)?.to_bytes()
    }

    fn state(&mut self, moved: bool) -> Result<Snapshot, SandboxError> {
        if self.ended() {
            return Err(SandboxError::Ended { reason: "by a trap, a limit or an exit".to_owned() });
        }
        let seeded = matches!(self.parts.config.capabilities.system.random, RandomPolicy::Seeded(_));
        // A copy that goes elsewhere before its first turn still has the random numbers of what it is a copy of.
        let draws = (!moved || self.reseeds) && !seeded;
        let state = self.instance.state(draws)?;
        Ok(Snapshot::new(self.parts.clone(), self.turns, state))
    }

    /// A request has reached the guest, or has not.
    fn reached(&mut self, reached: bool) {
        self.turns.begun |= reached;
        self.reseeds &= !reached;
    }

    /// A request with what the first one of an instance says besides.
    fn complete(&mut self, mut request: Value) -> Value {
        let surroundings = match (self.turns.begun, self.reseeds) {
            (false, _) => self.parts.runtime.surroundings(&self.parts.config),
            (true, true) => self.parts.runtime.reseeding(),
            (true, false) => json!({}),
        };
        if let (Some(request), Value::Object(surroundings)) = (request.as_object_mut(), surroundings) {
            request.extend(surroundings);
        }
        self.turns.taken += 1;
        request
    }
}
