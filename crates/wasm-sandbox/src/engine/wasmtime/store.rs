//! What a Wasmtime store carries for us, and what happens at every tick.

use std::{sync::Arc, time::Instant};

use wasm_sandbox_policy::{LimitHit, ResourceKind};
use wasmtime::{Memory, Store, StoreContextMut, UpdateDeadline};

use super::{
    limiter::Limiter,
    meter::{CpuMeter, Timeline},
    ticker,
    trap::Stopped,
    turn::Turn,
};
use crate::{
    engine::{InstanceStart, Mode},
    host::{Host, Stop},
    image,
};

/// The data of one store.
pub(super) struct StoreData {
    pub(super) host: Box<Host>,
    pub(super) limiter: Limiter,
    pub(super) cpu: Arc<CpuMeter>,
    pub(super) timeline: Timeline,
    pub(super) turn: Turn,
    pub(super) mode: Mode,
    /// The exported memory, once it was looked up.
    pub(super) memory: Option<Memory>,
    /// Whether a tick fell into the current call, or it had to wait.
    pub(super) ticked: bool,
    /// When the current run began; none until its first tick for a call through a typed handle.
    pub(super) started: Option<Instant>,
}

pub(super) fn new(engine: &wasmtime::Engine, start: InstanceStart, mode: Mode) -> Store<StoreData> {
    let InstanceStart { host, beginning } = start;
    let image = beginning.map_or(0, |beginning| beginning.len() as u64);
    let data = StoreData {
        limiter: Limiter::new(host.limits(), host.quota(), image),
        host,
        cpu: Arc::default(),
        timeline: Timeline::new(),
        turn: Turn::default(),
        mode,
        memory: None,
        ticked: false,
        started: None,
    };
    let mut store = Store::new(engine, data);
    store.limiter(|data| &mut data.limiter);
    store.epoch_deadline_callback(tick);
    store
}

/// Every tick while the guest runs: the run goes on, gives way, or ends.
fn tick(mut context: StoreContextMut<'_, StoreData>) -> wasmtime::Result<UpdateDeadline> {
    let _ticking = ticker::keep_awake();
    let data = context.data_mut();
    data.check().map_err(Stopped)?;
    if data.mode == Mode::Blocking || std::mem::take(&mut data.turn.resumed) {
        return Ok(UpdateDeadline::Continue(1));
    }
    // The deadline is at once, so that the guest is looked at again before it goes on: its time may be up by then.
    data.turn.resumed = true;
    let (control, deadline) = (data.host.control(), data.host.deadline());
    Ok(UpdateDeadline::YieldCustom(0, Box::pin(data.turn.give_way(control, deadline))))
}

impl StoreData {
    /// When the current run began. A run that nobody announced began within the last tick.
    pub(super) fn started(&mut self, now: Instant) -> Instant {
        self.ticked = true;
        match self.started {
            Some(started) => started,
            None => {
                let started = now.checked_sub(ticker::TICK).unwrap_or(now);
                self.started = Some(started);
                self.host.extend_deadline(started);
                started
            }
        }
    }

    fn check(&mut self) -> Result<(), Stop> {
        let now = Instant::now();
        let started = self.started(now);
        let cpu = self.cpu.at_tick();
        self.timeline.tick(started, now, cpu, self.limiter.memory());
        if self.host.is_cancelled() {
            return Err(Stop::Cancel);
        }
        let wall = now.saturating_duration_since(started);
        let over = |kind, used: std::time::Duration, limit: std::time::Duration| {
            let millis = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            Err(Stop::Limit(LimitHit { kind, used: millis(used), limit: millis(limit) }))
        };
        if let Some(depth) = image::stack_depth() {
            self.limiter.stack(depth as u64).map_err(Stop::Limit)?;
        }
        let limits = self.host.limits();
        if wall >= limits.timeout {
            return over(ResourceKind::WallTime, wall, limits.timeout);
        }
        if cpu >= limits.cpu_time {
            return over(ResourceKind::CpuTime, cpu, limits.cpu_time);
        }
        Ok(())
    }
}
