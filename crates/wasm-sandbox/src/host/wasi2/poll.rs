//! Waiting: for a clock, or until a stream can be read or written.

use std::time::{Duration, Instant};

use crate::host::{
    Host, Step, Stop, Wait,
    clock::Sleep,
    control::Stream,
    handles::{Handle, Input, Output, Pollable},
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
        };
        self.handles.insert(Handle::Pollable(pollable))
    }

    /// That an output stream can be written.
    pub(crate) fn writable(&mut self, stream: u32) -> Result<u32, Stop> {
        let pollable = match *self.handles.output(stream)? {
            Output::Standard(stream) => Pollable::Stream(stream),
            Output::File { .. } => Pollable::Now,
        };
        self.handles.insert(Handle::Pollable(pollable))
    }

    /// The places in `pollables` of those that have come, at least one.
    pub(crate) fn poll(&mut self, pollables: &[u32]) -> Result<Step<Vec<u32>>, Stop> {
        if pollables.is_empty() || pollables.len() > MAX_POLLABLES {
            return Err(Stop::Trap(format!("a poll of {} pollables", pollables.len())));
        }
        let (mut ready, mut until, mut stream) = (Vec::new(), None::<Instant>, None);
        let now = Instant::now();
        for (place, number) in (0..).zip(pollables) {
            match self.comes(*number, now)? {
                None => ready.push(place),
                Some(Wait { until: at, stream: one, .. }) => {
                    let several = one.is_some() && stream.is_some() && one != stream;
                    let at = if several { now.checked_add(SLICE) } else { at };
                    until = [until, at].into_iter().flatten().min();
                    stream = stream.or(one);
                }
            }
        }
        Ok(if ready.is_empty() { Step::Wait(Wait { until, stream, event: None }) } else { Step::Done(ready) })
    }

    /// Whether one has come.
    pub(crate) fn has_come(&mut self, pollable: u32) -> Result<bool, Stop> {
        Ok(self.comes(pollable, Instant::now())?.is_none())
    }

    /// What one waits for; nothing if it has come.
    fn comes(&mut self, pollable: u32, now: Instant) -> Result<Option<Wait>, Stop> {
        Ok(match self.handles.pollable(pollable)? {
            Pollable::Now => None,
            Pollable::Stream(stream) => (!self.streams.ready(stream)).then(|| Wait::stream(stream)),
            Pollable::Clock { sleep, since } => match self.clocks.sleep_end(sleep, since, now) {
                Some(end) if end > now => Some(Wait { until: Some(end), ..Wait::default() }),
                _ => None,
            },
        })
    }
}
