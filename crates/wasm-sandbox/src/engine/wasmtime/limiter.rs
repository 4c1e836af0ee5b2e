//! Memory and tables, summed over everything in one sandbox.

use std::sync::Arc;

use wasm_sandbox_policy::{LimitHit, ResourceKind, ResourceLimits};
use wasmtime::{Error, ResourceLimiter};

use super::config;
use crate::{engine::THREAD_STACK, vfs::Quota};

/// Counts one sandbox's memory and tables; refuses what would exceed a limit and remembers that it did.
#[derive(Debug)]
pub(super) struct Limiter {
    /// What the sandbox may take, its files in memory included.
    quota: Arc<Quota>,
    max_table_elements: u64,
    max_instances: usize,
    /// What linear memories have of the allowance.
    memory: u64,
    /// Bytes of the image that the first memory begins with, which may be more than the module says.
    image: u64,
    table_elements: u64,
    /// What a deep stack has of it: more than threads of the host's have for their guests.
    stack: u64,
    /// What the last growth added, to take it back when the engine then could not do it.
    last_growth: u64,
    last_table_growth: u64,
    hits: Vec<LimitHit>,
}

impl Limiter {
    pub(super) fn new(limits: &ResourceLimits, quota: Arc<Quota>, image: u64) -> Self {
        Self {
            quota,
            max_table_elements: limits.table_elements.min(config::MAX_TABLE_ELEMENTS as u64),
            max_instances: limits.instances as usize,
            memory: 0,
            image,
            table_elements: 0,
            stack: 0,
            last_growth: 0,
            last_table_growth: 0,
            hits: Vec::new(),
        }
    }

    /// Bytes that the sandbox has taken, its files in memory included.
    pub(super) fn memory(&self) -> u64 {
        self.quota.memory().used()
    }

    pub(super) fn peak(&self) -> u64 {
        self.quota.memory().peak()
    }

    pub(super) fn table_elements(&self) -> u64 {
        self.table_elements
    }

    /// What was refused, each kind once.
    pub(super) fn hits(&self) -> &[LimitHit] {
        &self.hits
    }

    /// Starts a run: the peak is the run's own, and so are the refusals.
    pub(super) fn begin(&mut self) {
        self.quota.memory().begin();
        self.hits.clear();
    }

    /// The guest's stack is so deep. What it has touched once stays taken until the instance ends.
    ///
    /// # Errors
    /// The memory that is left does not hold it.
    pub(super) fn stack(&mut self, depth: u64) -> Result<(), LimitHit> {
        let more = depth.saturating_sub(THREAD_STACK as u64).saturating_sub(self.stack);
        if more > 0 {
            self.quota.memory().take(more)?;
            self.stack += more;
        }
        Ok(())
    }

    fn refuse(&mut self, refused: LimitHit) -> wasmtime::Result<bool> {
        match self.hits.iter_mut().find(|hit| hit.kind == refused.kind) {
            Some(hit) => hit.used = hit.used.max(refused.used),
            None => self.hits.push(refused),
        }
        Ok(false)
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.last_growth = 0;
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let begins = current == 0 && desired > 0;
        let desired = (desired as u64).max(if begins { std::mem::take(&mut self.image) } else { 0 });
        let growth = desired.saturating_sub(current as u64);
        if let Err(refused) = self.quota.memory().take(growth) {
            return self.refuse(refused);
        }
        self.memory += growth;
        self.last_growth = growth;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _: Error) -> wasmtime::Result<()> {
        let growth = std::mem::take(&mut self.last_growth);
        self.memory = self.memory.saturating_sub(growth);
        self.quota.memory().give_back(growth);
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        self.last_table_growth = 0;
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let growth = desired.saturating_sub(current) as u64;
        let wanted = self.table_elements.saturating_add(growth);
        if wanted > self.max_table_elements {
            let (kind, limit) = (ResourceKind::TableElements, self.max_table_elements);
            return self.refuse(LimitHit { kind, used: wanted, limit });
        }
        self.table_elements = wanted;
        self.last_table_growth = growth;
        Ok(true)
    }

    fn table_grow_failed(&mut self, _: Error) -> wasmtime::Result<()> {
        self.table_elements = self.table_elements.saturating_sub(std::mem::take(&mut self.last_table_growth));
        Ok(())
    }

    fn instances(&self) -> usize {
        self.max_instances
    }

    fn memories(&self) -> usize {
        usize::MAX
    }

    fn tables(&self) -> usize {
        usize::MAX
    }
}

impl Drop for Limiter {
    fn drop(&mut self) {
        self.quota.memory().give_back(self.memory + self.stack);
    }
}
