//! Memory and tables: summed over everything in one sandbox, and over all sandboxes of the process.

use std::sync::{
    LazyLock,
    atomic::{AtomicU64, Ordering},
};

use wasm_sandbox_policy::{LimitHit, ResourceKind, ResourceLimits};
use wasmtime::{Error, ResourceLimiter, Result};

use super::config;

/// Linear memory of all sandboxes in this process.
static PROCESS_BYTES: AtomicU64 = AtomicU64::new(0);

/// The most that all sandboxes together may hold: three quarters of the machine's memory, so that many guests, each within
/// its own limit, cannot bring the host down.
static PROCESS_LIMIT: LazyLock<u64> = LazyLock::new(|| {
    let info = rustix::system::sysinfo();
    let total = (info.totalram as u64).saturating_mul(u64::from(info.mem_unit));
    total / 4 * 3
});

/// Counts one sandbox's memory and tables; refuses what would exceed a limit and remembers that it did.
#[derive(Debug)]
pub(super) struct Limiter {
    max_memory: u64,
    max_table_elements: u64,
    max_instances: usize,
    memory: u64,
    /// What an image brings along, which instances share until they write to it; it does not count.
    image: u64,
    peak: u64,
    table_elements: u64,
    /// What the last growth added, to take it back when the engine then could not do it.
    last_growth: u64,
    last_table_growth: u64,
    hits: Vec<LimitHit>,
}

impl Limiter {
    pub(super) fn new(limits: &ResourceLimits, image: u64) -> Self {
        Self {
            max_memory: limits.memory.as_u64(),
            max_table_elements: limits.table_elements.min(config::MAX_TABLE_ELEMENTS as u64),
            max_instances: limits.instances as usize,
            memory: 0,
            image,
            peak: 0,
            table_elements: 0,
            last_growth: 0,
            last_table_growth: 0,
            hits: Vec::new(),
        }
    }

    pub(super) fn memory(&self) -> u64 {
        self.memory
    }

    pub(super) fn peak(&self) -> u64 {
        self.peak
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
        self.peak = self.memory;
        self.hits.clear();
    }

    fn refuse(&mut self, kind: ResourceKind, used: u64, limit: u64) -> Result<bool> {
        match self.hits.iter_mut().find(|hit| hit.kind == kind) {
            Some(hit) => hit.used = hit.used.max(used),
            None => self.hits.push(LimitHit { kind, used, limit }),
        }
        Ok(false)
    }
}

impl ResourceLimiter for Limiter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        self.last_growth = 0;
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let growth = (desired as u64).saturating_sub(self.image.max(current as u64));
        let wanted = self.memory.saturating_add(growth);
        if wanted > self.max_memory {
            return self.refuse(ResourceKind::Memory, wanted, self.max_memory);
        }
        let everywhere = PROCESS_BYTES.fetch_add(growth, Ordering::Relaxed).saturating_add(growth);
        if everywhere > *PROCESS_LIMIT {
            PROCESS_BYTES.fetch_sub(growth, Ordering::Relaxed);
            return self.refuse(ResourceKind::ProcessMemory, everywhere, *PROCESS_LIMIT);
        }
        self.memory = wanted;
        self.peak = self.peak.max(wanted);
        self.last_growth = growth;
        Ok(true)
    }

    fn memory_grow_failed(&mut self, _: Error) -> Result<()> {
        let growth = std::mem::take(&mut self.last_growth);
        self.memory = self.memory.saturating_sub(growth);
        PROCESS_BYTES.fetch_sub(growth, Ordering::Relaxed);
        Ok(())
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> Result<bool> {
        self.last_table_growth = 0;
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let growth = desired.saturating_sub(current) as u64;
        let wanted = self.table_elements.saturating_add(growth);
        if wanted > self.max_table_elements {
            return self.refuse(ResourceKind::TableElements, wanted, self.max_table_elements);
        }
        self.table_elements = wanted;
        self.last_table_growth = growth;
        Ok(true)
    }

    fn table_grow_failed(&mut self, _: Error) -> Result<()> {
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
        PROCESS_BYTES.fetch_sub(self.memory, Ordering::Relaxed);
    }
}
