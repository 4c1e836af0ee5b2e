//! Calls whose types are known when the program is compiled, at the engine's own speed.

use wasmtime::{TypedFunc, WasmParams, WasmResults};

use super::{
    instance::{WasmtimeInstance, at_once},
    trap,
};
use crate::engine::Failure;

/// A function of one instance whose types were checked.
pub(crate) struct TypedFunction<P, R>(TypedFunc<P, R>);

impl<P: WasmParams, R: WasmResults> TypedFunction<P, R> {
    /// The export `name` of an instance, if it is a function of these types.
    pub(crate) fn find(instance: &mut WasmtimeInstance, name: &str) -> Option<Self> {
        // What went before is no part of the calls to come.
        instance.settle();
        instance.typed_function(name).map(Self)
    }

    /// Calls it on the calling thread.
    #[inline]
    pub(crate) fn call(&self, instance: &mut WasmtimeInstance, arguments: P) -> Result<R, Failure>
    where
        P: Sync,
        R: Sync,
    {
        instance.check_alive()?;
        instance.before_entry()?;
        let outcome = match instance.deep {
            true => self.call_deep(instance, arguments),
            false => self.0.call(&mut instance.store, arguments),
        };
        instance.after_unannounced_entry();
        outcome.map_err(|error| instance.fail(error))
    }

    /// Calls it on a stack of its own. Apart from the others, which it would make as slow as it is.
    #[inline(never)]
    fn call_deep(&self, instance: &mut WasmtimeInstance, arguments: P) -> wasmtime::Result<R>
    where
        P: Sync,
        R: Sync,
    {
        at_once(self.0.call_async(&mut instance.store, arguments))
    }

    /// Calls it and gives way to the executor at every tick.
    pub(crate) async fn call_async(&self, instance: &mut WasmtimeInstance, arguments: P) -> Result<R, Failure>
    where
        P: Sync,
        R: Sync,
    {
        instance.check_alive()?;
        instance.before_entry()?;
        let _entered = instance.enter();
        instance.ended = true;
        let outcome = self.0.call_async(&mut instance.store, arguments).await;
        instance.ended = false;
        instance.after_unannounced_entry();
        outcome.map_err(|error| instance.fail(error))
    }
}

impl WasmtimeInstance {
    /// After a call that was not announced: if a tick fell into it, its accounts are closed so that the next call starts
    /// with a deadline of its own.
    #[inline]
    pub(super) fn after_unannounced_entry(&mut self) {
        if self.store.data().ticked {
            self.settle();
        }
    }

    #[cold]
    pub(super) fn settle(&mut self) {
        let data = self.store.data_mut();
        data.cpu.reset();
        data.started = None;
        data.ticked = false;
    }

    #[cold]
    fn fail(&mut self, error: wasmtime::Error) -> Failure {
        self.ended = true;
        trap::failure(error, self.store.data())
    }
}
