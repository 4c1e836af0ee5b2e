//! Calls of a component's functions whose types are known when the program is compiled.

use std::sync::Arc;

use wasmtime::component::{ComponentNamedList, Lift, Lower, TypedFunc};

use super::drive;
use crate::engine::{Failure, wasmtime::instance::WasmtimeInstance};

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

    #[inline]
    pub(crate) async fn call(&self, instance: &mut WasmtimeInstance, arguments: P) -> Result<R, Failure> {
        instance.check_alive()?;
        instance.before_entry()?;
        let _entered = instance.enter();
        let outcome = match self.plain {
            true => self.function.call(&mut instance.store, arguments),
            false => self.call_apart(instance, arguments).await,
        };
        instance.after_unannounced_entry();
        outcome.map_err(|error| instance.component_failure(error))
    }

    /// Calls it on a stack of its own.
    async fn call_apart(&self, instance: &mut WasmtimeInstance, arguments: P) -> wasmtime::Result<R> {
        let (mode, cpu) = (instance.mode, Arc::clone(&instance.store.data().cpu));
        instance.ended = true;
        let outcome = drive(mode, cpu, self.function.call_async(&mut instance.store, arguments)).await;
        instance.ended = false;
        outcome
    }
}
