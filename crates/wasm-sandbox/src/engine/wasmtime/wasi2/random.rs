//! `wasi:random`: all of it from the one source that the policy says.

use super::bindings::wasi::random::{insecure, insecure_seed, random};
use crate::engine::wasmtime::{store::StoreData, trap::Stopped};

impl StoreData {
    async fn random_bytes(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        let _lent = self.host.lend(len).map_err(Stopped)?;
        let mut bytes = Vec::new();
        self.settle(|host| host.draw(&mut bytes, len)).await?;
        Ok(bytes)
    }

    fn random_number(&mut self) -> wasmtime::Result<u64> {
        Ok(self.call()?.random_number().map_err(Stopped)?)
    }
}

impl random::Host for StoreData {
    async fn get_random_bytes(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        self.random_bytes(len).await
    }

    fn get_random_u64(&mut self) -> wasmtime::Result<u64> {
        self.random_number()
    }
}

impl insecure::Host for StoreData {
    async fn get_insecure_random_bytes(&mut self, len: u64) -> wasmtime::Result<Vec<u8>> {
        self.random_bytes(len).await
    }

    fn get_insecure_random_u64(&mut self) -> wasmtime::Result<u64> {
        self.random_number()
    }
}

impl insecure_seed::Host for StoreData {
    fn insecure_seed(&mut self) -> wasmtime::Result<(u64, u64)> {
        Ok(self.call()?.insecure_seed().map_err(Stopped)?)
    }
}
