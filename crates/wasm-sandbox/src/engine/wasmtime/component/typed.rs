//! Calls of a component's functions whose types are known when the program is compiled.

use std::sync::Arc;

use wasmtime::component::{ComponentNamedList, Lift, Lower, TypedFunc};

use super::here;
use crate::engine::{
    Failure,
    wasmtime::{
        instance::{WasmtimeInstance, at_once},
        meter::Metered,
    },
};

/// What can be parameters.
pub trait ComponentLower: ComponentNamedList + Lower {}
impl<T: ComponentNamedList + Lower> ComponentLower for T {}

/// What can be results.
pub trait ComponentLift: ComponentNamedList + Lift {}
impl<T: ComponentNamedList + Lift> ComponentLift for T {}

/// A function of one instance whose types were checked.
pub(crate) struct TypedComponentFunction<P: ComponentNamedList, R: ComponentNamedList> {
    function: TypedFunc<P, R>,
    /// Whether it needs no stack of its own.
    plain: bool,
}

impl<P, R> TypedComponentFunction<P, R>
where
    P: ComponentLower + Send + Sync + 'static,
    R: ComponentLift + Send + Sync + 'static,
{
    /// The export `name` of an instance, if it is a function of these types.
    pub(crate) fn find(instance: &mut WasmtimeInstance, name: &str) -> Option<Self> {
        // What went before is no part of the calls to come.
        instance.settle();
        let plain = instance.component.as_ref()?.1.plain;
        let (function, dense) = instance.component_function(name).ok()?;
        let function = function.typed(&instance.store).ok()?;
        instance.bound_carried(dense);
        Some(Self { function, plain })
    }

    /// Calls it on the calling thread.
    #[inline]
    pub(crate) fn call(&self, instance: &mut WasmtimeInstance, arguments: P) -> Result<R, Failure> {
        instance.check_alive()?;
        instance.before_entry()?;
        let _entered = instance.enter();
        let outcome = match self.plain {
            true => self.function.call(&mut instance.store, arguments),
            false => self.call_deep(instance, arguments),
        };
        instance.after_unannounced_entry();
        outcome.map_err(|error| instance.component_failure(error))
    }

    /// Calls it on a stack of its own. Apart from the others, which it would make as slow as it is.
    #[inline(never)]
    fn call_deep(&self, instance: &mut WasmtimeInstance, arguments: P) -> wasmtime::Result<R> {
        let cpu = Arc::clone(&instance.store.data().cpu);
        here(&cpu, || at_once(self.function.call_async(&mut instance.store, arguments)))
    }

    /// Calls it and gives way to the executor at every tick.
    pub(crate) async fn call_async(&self, instance: &mut WasmtimeInstance, arguments: P) -> Result<R, Failure> {
        instance.check_alive()?;
        instance.before_entry()?;
        let _entered = instance.enter();
        let cpu = Arc::clone(&instance.store.data().cpu);
        instance.ended = true;
        let outcome = Metered::new(cpu, self.function.call_async(&mut instance.store, arguments)).await;
        instance.ended = false;
        instance.after_unannounced_entry();
        outcome.map_err(|error| instance.component_failure(error))
    }
}
