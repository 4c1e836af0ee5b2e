//! `wasi:clocks`.

use wasmtime::component::Resource;

use super::bindings::wasi::{
    clocks::{
        monotonic_clock,
        wall_clock::{self, Datetime},
    },
    io::poll::Pollable,
};
use crate::engine::wasmtime::{store::StoreData, trap::Stopped};

const SECOND: u64 = 1_000_000_000;

pub(super) fn datetime(nanos: u64) -> Datetime {
    Datetime { seconds: nanos / SECOND, nanoseconds: u32::try_from(nanos % SECOND).unwrap_or(0) }
}

impl wall_clock::Host for StoreData {
    fn now(&mut self) -> wasmtime::Result<Datetime> {
        Ok(datetime(self.call()?.wall_ns()))
    }

    fn resolution(&mut self) -> wasmtime::Result<Datetime> {
        Ok(datetime(self.call()?.resolution_ns()))
    }
}

impl monotonic_clock::Host for StoreData {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.call()?.monotonic_ns())
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(self.call()?.resolution_ns())
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<Pollable>> {
        Ok(Resource::new_own(self.call()?.alarm(when).map_err(Stopped)?))
    }

    fn subscribe_duration(&mut self, nanos: u64) -> wasmtime::Result<Resource<Pollable>> {
        Ok(Resource::new_own(self.call()?.timer(nanos).map_err(Stopped)?))
    }
}
