//! A handle to one function whose types are known when the caller's program is compiled.

use std::marker::PhantomData;

use wasm_sandbox_policy::SandboxError;

use crate::{
    engine::{Mode, wasmtime::TypedFunction, wasmtime::WasmtimeInstance},
    instance::Instance,
    value::{Abi, FunctionParams, FunctionResult, Signature, WasmType},
};

/// One function of an instance, called at the engine's own speed. It borrows the instance, so nothing else can enter it
/// meanwhile.
pub struct Function<'a, P, R> {
    function: TypedFunction<P, R>,
    instance: &'a mut Instance,
    name: String,
    types: PhantomData<fn(P) -> R>,
}

impl<'a, P: FunctionParams, R: FunctionResult> Function<'a, P, R> {
    pub(crate) fn new(instance: &'a mut Instance, signature: &Signature) -> Result<Self, SandboxError> {
        let wasm = |kind: &crate::value::Type| kind.wasm(false);
        let params: Option<Vec<WasmType>> = signature.params.iter().map(|parameter| wasm(&parameter.kind)).collect();
        let results: Option<Vec<WasmType>> = signature.result.iter().map(wasm).collect();
        let fits =
            signature.abi == Abi::Direct && params.as_deref() == Some(P::TYPES) && results.as_deref() == Some(R::TYPES);
        let misfit = || SandboxError::Signature {
            detail: format!("a handle for {} parameters of these types does not fit", P::TYPES.len()),
            signature: signature.to_string(),
        };
        if !fits {
            return Err(misfit());
        }
        let function = TypedFunction::find(instance.guest().as_any(), &signature.export).ok_or_else(misfit)?;
        Ok(Self { function, instance, name: signature.name.clone(), types: PhantomData })
    }

    /// Calls the function.
    ///
    /// # Errors
    /// A trap or a limit, which end the instance.
    pub async fn call(&mut self, arguments: P) -> Result<R, SandboxError> {
        let outcome = match (self.instance.mode, engine(self.instance)?) {
            (Mode::Blocking, instance) => self.function.call(instance, arguments),
            (Mode::Async, instance) => self.function.call_async(instance, arguments).await,
        };
        outcome.map_err(|failure| self.instance.error(failure, &self.name))
    }

    /// Calls the function of an instance that blocks its thread.
    #[inline]
    pub(crate) fn call_blocking(&mut self, arguments: P) -> Result<R, SandboxError> {
        let outcome = self.function.call(engine(self.instance)?, arguments);
        outcome.map_err(|failure| self.instance.error(failure, &self.name))
    }
}

#[inline]
fn engine(instance: &mut Instance) -> Result<&mut WasmtimeInstance, SandboxError> {
    instance
        .guest()
        .as_any()
        .downcast_mut()
        .ok_or_else(|| SandboxError::internal("calling through a handle", "another engine's instance"))
}
