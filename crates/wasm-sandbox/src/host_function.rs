//! Functions of the caller's that a guest may import.

use std::{collections::BTreeMap, future::Future, sync::Arc};

use futures::future::BoxFuture;

use crate::value::{FunctionParams, FunctionResult, WasmType, WasmValue};

/// Why a host function failed. The guest ends with the trap `host_function`; the message reaches the caller, not the guest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HostError(String);

impl HostError {
    /// A failure with a message for the caller.
    pub fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl From<String> for HostError {
    fn from(message: String) -> Self {
        Self(message)
    }
}

impl From<&str> for HostError {
    fn from(message: &str) -> Self {
        Self(message.to_owned())
    }
}

/// One call of a host function: the way to the guest's memory. Every access is checked against the memory's size.
///
/// It is no way back into the guest: a call borrows its instance until it returns, so that a host function cannot enter the
/// guest that called it. It may call another one.
pub struct HostCall<'a> {
    memory: &'a mut [u8],
}

impl<'a> HostCall<'a> {
    pub(crate) fn new(memory: &'a mut [u8]) -> Self {
        Self { memory }
    }

    /// `len` bytes of the guest's memory at `pointer`.
    ///
    /// # Errors
    /// The range is not inside the guest's memory.
    pub fn bytes(&self, pointer: u32, len: u32) -> Result<&[u8], HostError> {
        let range = range(pointer, len)?;
        self.memory.get(range).ok_or_else(|| outside(pointer, len))
    }

    /// `len` bytes of the guest's memory at `pointer`, as text.
    ///
    /// # Errors
    /// The range is not inside the guest's memory, or not UTF-8.
    pub fn text(&self, pointer: u32, len: u32) -> Result<&str, HostError> {
        std::str::from_utf8(self.bytes(pointer, len)?).map_err(|_| HostError::new("the guest's text is not UTF-8"))
    }

    /// Writes into the guest's memory at `pointer`.
    ///
    /// # Errors
    /// The bytes do not fit inside the guest's memory; then nothing is written.
    pub fn write(&mut self, pointer: u32, bytes: &[u8]) -> Result<(), HostError> {
        let len = u32::try_from(bytes.len()).map_err(|_| HostError::new("more than 4 GiB to write"))?;
        let range = range(pointer, len)?;
        self.memory.get_mut(range).ok_or_else(|| outside(pointer, len))?.copy_from_slice(bytes);
        Ok(())
    }
}

fn range(pointer: u32, len: u32) -> Result<std::ops::Range<usize>, HostError> {
    let end = pointer.checked_add(len).ok_or_else(|| outside(pointer, len))?;
    Ok(pointer as usize..end as usize)
}

fn outside(pointer: u32, len: u32) -> HostError {
    HostError(format!("{len} bytes at {pointer} are not inside the guest's memory"))
}

type Outcome = Result<Option<WasmValue>, HostError>;
type SyncClosure = dyn Fn(&mut HostCall<'_>, &[WasmValue]) -> Outcome + Send + Sync;
type AsyncClosure = dyn Fn(&mut HostCall<'_>, &[WasmValue]) -> BoxFuture<'static, Outcome> + Send + Sync;

/// A function's code.
#[derive(Clone)]
pub(crate) enum HostClosure {
    Sync(Arc<SyncClosure>),
    Async(Arc<AsyncClosure>),
}

/// A function with the name under which it is imported.
#[derive(Clone)]
pub(crate) struct HostFunction {
    pub(crate) module: String,
    pub(crate) name: String,
    pub(crate) parameters: &'static [WasmType],
    pub(crate) results: &'static [WasmType],
    pub(crate) closure: HostClosure,
}

/// The host functions of a sandbox, by module and name; a later one replaces an earlier one of the same name.
#[derive(Clone, Default)]
pub(crate) struct HostFunctions(BTreeMap<(String, String), HostFunction>);

impl HostFunctions {
    pub(crate) fn add_sync<P, R, F>(&mut self, module: &str, name: &str, function: F)
    where
        P: FunctionParams,
        R: FunctionResult,
        F: Fn(&mut HostCall<'_>, P) -> Result<R, HostError> + Send + Sync + 'static,
    {
        let closure = move |call: &mut HostCall<'_>, arguments: &[WasmValue]| {
            let arguments = P::from_values(arguments).ok_or_else(|| HostError::new("arguments of the wrong type"))?;
            function(call, arguments).map(R::into_value)
        };
        self.add::<P, R>(module, name, HostClosure::Sync(Arc::new(closure)));
    }

    pub(crate) fn add_async<P, R, F, O>(&mut self, module: &str, name: &str, function: F)
    where
        P: FunctionParams,
        R: FunctionResult,
        F: Fn(&mut HostCall<'_>, P) -> O + Send + Sync + 'static,
        O: Future<Output = Result<R, HostError>> + Send + 'static,
    {
        let closure = move |call: &mut HostCall<'_>, arguments: &[WasmValue]| -> BoxFuture<'static, Outcome> {
            match P::from_values(arguments) {
                Some(arguments) => {
                    let future = function(call, arguments);
                    Box::pin(async move { future.await.map(R::into_value) })
                }
                None => Box::pin(async { Err(HostError::new("arguments of the wrong type")) }),
            }
        };
        self.add::<P, R>(module, name, HostClosure::Async(Arc::new(closure)));
    }

    fn add<P: FunctionParams, R: FunctionResult>(&mut self, module: &str, name: &str, closure: HostClosure) {
        let function = HostFunction {
            module: module.to_owned(),
            name: name.to_owned(),
            parameters: P::TYPES,
            results: R::TYPES,
            closure,
        };
        self.0.insert((module.to_owned(), name.to_owned()), function);
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &HostFunction> {
        self.0.values()
    }
}
