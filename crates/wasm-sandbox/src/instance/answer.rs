//! An instance that answers a request of HTTP.

use wasm_sandbox_policy::{Ending, InstanceConfig, RandomPolicy, SandboxError};

use super::{Instance, ending_of};
use crate::{
    engine::Failure,
    host::http::Exchange,
    http_handler::Loading,
    module::Handler,
    script::Script,
    value::{self, Arguments, Outcome, Signature},
};

impl Instance {
    /// Answers one request, for which the script that answers is loaded if it is this one's turn.
    pub(super) async fn answer_request(
        &mut self,
        config: &InstanceConfig,
        exchange: Exchange,
        loading: Option<Loading<'_>>,
    ) -> Result<Ending, SandboxError> {
        let module = self.module.clone();
        match module.http_handler()? {
            Handler::Function(function) => self.answer_by(function, exchange).await,
            Handler::Script(script) => self.answer_with(script, config, exchange, loading).await,
            Handler::Component(export) => {
                let answered = self.guest.answer(export, exchange).await;
                answered.map_or_else(ending_of, |()| Ok(Ending::Return))
            }
        }
    }

    async fn answer_by(&mut self, function: &Signature, exchange: Exchange) -> Result<Ending, SandboxError> {
        let request = match self.guest.host().accept_in_frames(exchange) {
            Ok(request) => request,
            Err(stop) => return ending_of(Failure::Stop(stop)),
        };
        let (module, limit) = (self.module.clone(), self.input_limit);
        let arguments = Arguments::from_serialize(function, &(request,))?;
        let mut adapter = self.adapter(module.name());
        match value::call(&mut adapter, function, &arguments, limit).await {
            Ok(Outcome::Error(message)) => {
                let message = message.as_str().unwrap_or_default().to_owned();
                Ok(Ending::Exception { name: "Error".to_owned(), message })
            }
            Ok(_) => Ok(Ending::Return),
            Err(error) => adapter.ending.take().ok_or(error),
        }
    }

    async fn answer_with(
        &mut self,
        script: &Script,
        config: &InstanceConfig,
        exchange: Exchange,
        loading: Option<Loading<'_>>,
    ) -> Result<Ending, SandboxError> {
        let (module, limit) = (self.module.clone(), self.input_limit);
        let draws = !matches!(config.capabilities.system.random, RandomPolicy::Seeded(_));
        // Without a script of its own, an instance goes on from where another one was.
        let goes_on = loading.is_none();
        if let Some(loading) = loading {
            let mut adapter = self.adapter(module.name());
            if let Err(error) = script.load(&mut adapter, module.name(), config).await {
                let ending = adapter.ending.take();
                return self.answer_failed(error, ending);
            }
            loading.done(self.state(draws));
        }
        let request = match self.guest.host().accept_in_frames(exchange) {
            Ok(request) => request,
            Err(stop) => return ending_of(Failure::Stop(stop)),
        };
        let reseeds = goes_on && draws;
        let mut adapter = self.adapter(module.name());
        match script.serve(&mut adapter, module.name(), &request, reseeds, limit).await {
            Ok(()) => Ok(Ending::Return),
            Err(error) => {
                let ending = adapter.ending.take();
                self.answer_failed(error, ending)
            }
        }
    }

    /// How a script ended that has failed to answer; its story is told.
    fn answer_failed(&mut self, error: SandboxError, ending: Option<Ending>) -> Result<Ending, SandboxError> {
        match error {
            SandboxError::Exit { exit_code, .. } => Ok(Ending::Exit { code: exit_code }),
            SandboxError::Exception { name, message, stack, .. } => {
                self.tell(&stack);
                Ok(Ending::Exception { name, message })
            }
            SandboxError::Compilation { diagnostics, .. } => {
                self.tell(&diagnostics);
                Ok(Ending::Exception { name: "SyntaxError".to_owned(), message: diagnostics })
            }
            error => ending.ok_or(error),
        }
    }
}
