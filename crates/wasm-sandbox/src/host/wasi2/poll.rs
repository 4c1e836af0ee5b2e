//! Waiting: for a clock, or until a stream can be read or written.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use crate::host::{
    Host, Step, Stop, Wait,
    clock::Sleep,
    control::{Event, Stream},
    handles::{Handle, Input, Output, Pollable},
    http::{Flow, Pipe, Way},
};

/// Pollables that one call may wait for.
const MAX_POLLABLES: usize = 4096;

/// How often it is looked at the others where several streams are waited for.
const SLICE: Duration = Duration::from_millis(20);

impl Host {
    /// Something that comes after so many nanoseconds.
    pub(crate) fn timer(&mut self, nanos: u64) -> Result<u32, Stop> {
        self.clock(Sleep::For(nanos))
    }

    /// Something that comes when the monotonic clock shows so many nanoseconds.
    pub(crate) fn alarm(&mut self, at: u64) -> Result<u32, Stop> {
        self.clock(Sleep::UntilMonotonic(at))
    }

    fn clock(&mut self, sleep: Sleep) -> Result<u32, Stop> {
        self.handles.insert(Handle::Pollable(Pollable::Clock { sleep, since: Instant::now() }))
    }

    /// That an input stream can be read.
    pub(crate) fn readable(&mut self, stream: u32) -> Result<u32, Stop> {
        let pollable = match self.handles.input(stream)? {
            Input::Stdin => Pollable::Stream(Stream::Stdin),
            Input::File { .. } => Pollable::Now,
            Input::Body(pipe) => Pollable::Body(Arc::clone(pipe), Way::Reads),
        };
        self.handles.insert(Handle::Pollable(pollable))
    }

    /// That an output stream can be written.
    pub(crate) fn writable(&mut self, stream: u32) -> Result<u32, Stop> {
        let pollable = match self.handles.output(stream)?.clone() {
            Output::Standard(stream) => Pollable::Stream(stream),
            Output::File { .. } => Pollable::Now,
            Output::Body(pipe) => Pollable::Body(pipe, Way::Writes),
        };
        self.handles.insert(Handle::Pollable(pollable))
    }

    /// The places in `pollables` of those that have come, at least one.
    pub(crate) fn poll(&mut self, pollables: &[u32]) -> Result<Step<Vec<u32>>, Stop> {
        if pollables.is_empty() || pollables.len() > MAX_POLLABLES {
            return Err(Stop::Trap(format!("a poll of {} pollables", pollables.len())));
        }
        let (mut ready, mut wait, mut bodies) = (Vec::new(), Wait::default(), Vec::new());
        let now = Instant::now();
        for (place, number) in (0..).zip(pollables) {
            match self.comes(*number, now)? {
                None => ready.push(place),
                Some(Awaited::Moment(at)) => wait.until = Some(wait.until.map_or(at, |until| until.min(at))),
                Some(Awaited::Stream(stream)) if wait.stream.is_none_or(|known| known == stream) => {
                    wait.stream = Some(stream);
                }
                Some(Awaited::Stream(_)) => {
                    wait.until = [wait.until, now.checked_add(SLICE)].into_iter().flatten().min()
                }
                Some(Awaited::Body(pipe, way)) => bodies.push((pipe, way)),
            }
        }
        wait.event = Flow::of(bodies).map(|flow| Box::new(flow) as Box<dyn Event>);
        Ok(if ready.is_empty() { Step::Wait(wait) } else { Step::Done(ready) })
    }

    /// Whether one has come.
    pub(crate) fn has_come(&mut self, pollable: u32) -> Result<bool, Stop> {
        Ok(self.comes(pollable, Instant::now())?.is_none())
    }

    /// What one waits for; nothing if it has come.
    fn comes(&mut self, pollable: u32, now: Instant) -> Result<Option<Awaited>, Stop> {
        Ok(match self.handles.pollable(pollable)? {
            Pollable::Now => None,
            Pollable::Stream(stream) => (!self.streams.ready(stream)).then_some(Awaited::Stream(stream)),
            Pollable::Clock { sleep, since } => match self.clocks.sleep_end(sleep, since, now) {
                Some(end) if end > now => Some(Awaited::Moment(end)),
                _ => None,
            },
            Pollable::Body(pipe, way) => (!way.is_ready(&pipe)).then(|| Awaited::Body(pipe, way)),
        })
    }
}

/// What has not come yet.
enum Awaited {
    Moment(Instant),
    Stream(Stream),
    Body(Arc<Pipe>, Way),
}
