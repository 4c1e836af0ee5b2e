//! A handle to one function whose types are known when the caller's program is compiled.

use std::marker::PhantomData;

use wasm_sandbox_policy::SandboxError;

use crate::{
    engine::{
        Failure, GuestInstance, Mode,
        wasmtime::{TypedComponentFunction, TypedFunction, WasmtimeInstance},
    },
    instance::error_of,
    value::{Abi, ComponentParams, ComponentResults, FunctionParams, FunctionResult, Signature},
};

/// One function of an instance, called at the engine's own speed. It borrows the instance, so nothing else can enter it
/// meanwhile.
pub struct Function<'a, P, R> {
    function: TypedFunction<P, R>,
    instance: &'a mut WasmtimeInstance,
    mode: Mode,
    signature: &'a Signature,
    types: PhantomData<fn(P) -> R>,
}

impl<'a, P: FunctionParams, R: FunctionResult> Function<'a, P, R> {
    pub(crate) fn new(
        guest: &'a mut dyn GuestInstance,
        mode: Mode,
        signature: &'a Signature,
    ) -> Result<Self, SandboxError> {
        let wasm = |kind: &crate::value::Type| kind.wasm(false);
        let fits = signature.abi == Abi::Direct
            && signature.params.iter().map(|parameter| wasm(&parameter.kind)).eq(P::TYPES.iter().copied().map(Some))
            && signature.result.iter().map(wasm).eq(R::TYPES.iter().copied().map(Some));
        let misfit = || SandboxError::Signature {
            detail: format!("a handle for {} parameters of these types does not fit", P::TYPES.len()),
            signature: signature.to_string(),
        };
        if !fits {
            return Err(misfit());
        }
        let engine = guest.as_any().downcast_mut::<WasmtimeInstance>().ok_or_else(misfit)?;
        let function = TypedFunction::find(engine, &signature.export).ok_or_else(misfit)?;
        Ok(Self { function, instance: engine, mode, signature, types: PhantomData })
    }

    /// Calls the function.
    ///
    /// # Errors
    /// A trap or a limit, which end the instance.
    pub async fn call(&mut self, arguments: P) -> Result<R, SandboxError> {
        let outcome = match self.mode {
            Mode::Blocking => self.function.call(self.instance, arguments),
            Mode::Async => self.function.call_async(self.instance, arguments).await,
        };
        outcome.map_err(|failure| self.error(failure))
    }

    /// Calls the function of an instance that blocks its thread.
    #[inline]
    pub(crate) fn call_blocking(&mut self, arguments: P) -> Result<R, SandboxError> {
        match self.function.call(self.instance, arguments) {
            Ok(result) => Ok(result),
            Err(failure) => Err(self.error(failure)),
        }
    }

    #[cold]
    fn error(&mut self, failure: Failure) -> SandboxError {
        error_of(failure, &self.signature.name, self.instance.host().stderr())
    }
}

/// One function of a component's instance, called with values of Rust that need no description. It borrows the instance, so nothing
/// else can enter it meanwhile.
pub struct ComponentFunction<'a, P: ComponentParams, R: ComponentResults> {
    function: TypedComponentFunction<P, R>,
    instance: &'a mut WasmtimeInstance,
    mode: Mode,
    signature: &'a Signature,
}

impl<'a, P: ComponentParams, R: ComponentResults> ComponentFunction<'a, P, R> {
    pub(crate) fn new(
        guest: &'a mut dyn GuestInstance,
        mode: Mode,
        signature: &'a Signature,
    ) -> Result<Self, SandboxError> {
        let misfit = || SandboxError::Signature {
            detail: "a handle with these types does not fit".to_owned(),
            signature: signature.to_string(),
        };
        let instance = guest.as_any().downcast_mut::<WasmtimeInstance>().ok_or_else(misfit)?;
        let function = TypedComponentFunction::find(instance, &signature.export).ok_or_else(misfit)?;
        Ok(Self { function, instance, mode, signature })
    }

    /// Calls the function.
    ///
    /// # Errors
    /// A trap or a limit, which end the instance.
    pub async fn call(&mut self, arguments: P) -> Result<R, SandboxError> {
        let outcome = match self.mode {
            Mode::Blocking => self.function.call(self.instance, arguments),
            Mode::Async => self.function.call_async(self.instance, arguments).await,
        };
        outcome.map_err(|failure| self.error(failure))
    }

    /// Calls the function of an instance that blocks its thread.
    #[inline]
    pub(crate) fn call_blocking(&mut self, arguments: P) -> Result<R, SandboxError> {
        match self.function.call(self.instance, arguments) {
            Ok(results) => Ok(results),
            Err(failure) => Err(self.error(failure)),
        }
    }

    #[cold]
    fn error(&mut self, failure: Failure) -> SandboxError {
        error_of(failure, &self.signature.name, self.instance.host().stderr())
    }
}
