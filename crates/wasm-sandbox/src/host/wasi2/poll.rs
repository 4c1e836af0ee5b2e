//! Waiting: for a clock, for the network, or until a stream can be read or written.

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
    net::{Interest, NetEvent},
};

/// Pollables that one call may wait for.
const MAX_POLLABLES: usize = 4096;

/// What a pollable waits for.
pub(super) enum Awaited {
    Until(Instant),
    Stream(Stream),
    Network(NetEvent),
    Body(Arc<Pipe>, Way),
    /// That a request goes on, which whoever waits looks after.
    Answer,
}

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
            Input::File { .. } | Input::Ended => Pollable::Now,
            Input::Body(pipe) => Pollable::Body(Arc::clone(pipe), Way::Reads),
            Input::Connection(connection) => Pollable::Connection(*connection, Interest::Receive),
        };
        self.handles.insert(Handle::Pollable(pollable))
    }

    /// That an output stream can be written.
    pub(crate) fn writable(&mut self, stream: u32) -> Result<u32, Stop> {
        let pollable = match self.handles.output(stream)?.clone() {
            Output::Standard(stream) => Pollable::Stream(stream),
            Output::File { .. } | Output::Ended => Pollable::Now,
            Output::Body(pipe) => Pollable::Body(pipe, Way::Writes),
            Output::Connection(connection) => Pollable::Connection(connection, Interest::Send),
        };
        self.handles.insert(Handle::Pollable(pollable))
    }

    /// The places in `pollables` of those that have come, at least one.
    pub(crate) fn poll(&mut self, pollables: &[u32]) -> Result<Step<Vec<u32>>, Stop> {
        if pollables.is_empty() || pollables.len() > MAX_POLLABLES {
            return Err(Stop::Trap(format!("a poll of {} pollables", pollables.len())));
        }
        self.drive_requests()?;
        let (mut ready, mut wait) = (Vec::new(), Wait::default());
        let (mut network, mut bodies) = (None::<NetEvent>, Vec::new());
        let now = Instant::now();
        for (place, number) in (0..).zip(pollables) {
            let at = match self.comes(*number, now)? {
                None => {
                    ready.push(place);
                    continue;
                }
                Some(Awaited::Until(at)) => Some(at),
                Some(Awaited::Stream(one)) => {
                    let several = *wait.stream.get_or_insert(one) != one;
                    if several { now.checked_add(SLICE) } else { None }
                }
                Some(Awaited::Network(one)) => {
                    network = Some(match network {
                        Some(other) => other.or(one),
                        None => one,
                    });
                    None
                }
                Some(Awaited::Body(pipe, way)) => {
                    bodies.push((pipe, way));
                    None
                }
                Some(Awaited::Answer) => None,
            };
            wait = wait.or(at);
        }
        let bodies = Flow::of(bodies).map(|flow| Box::new(flow) as Box<dyn Event>);
        let network = network.map(|event| Box::new(event) as Box<dyn Event>);
        let wait = [bodies, network].into_iter().flatten().fold(wait, Wait::or_event);
        Ok(if ready.is_empty() { Step::Wait(wait) } else { Step::Done(ready) })
    }

    /// Whether one has come.
    pub(crate) fn has_come(&mut self, pollable: u32) -> Result<bool, Stop> {
        self.drive_requests()?;
        Ok(self.comes(pollable, Instant::now())?.is_none())
    }

    /// What one waits for; nothing if it has come.
    fn comes(&mut self, pollable: u32, now: Instant) -> Result<Option<Awaited>, Stop> {
        Ok(match self.handles.pollable(pollable)? {
            Pollable::Now => None,
            Pollable::Stream(stream) => (!self.streams.ready(stream)).then_some(Awaited::Stream(stream)),
            Pollable::Clock { sleep, since } => match self.clocks.sleep_end(sleep, since, now) {
                Some(end) if end > now => Some(Awaited::Until(end)),
                _ => None,
            },
            Pollable::Body(pipe, way) => (!way.is_ready(&pipe)).then(|| Awaited::Body(pipe, way)),
            Pollable::Answer(request) => (!self.is_answered(request)).then_some(Awaited::Answer),
            Pollable::Connection(connection, interest) => self.awaited(connection, interest),
            Pollable::Socket(socket) => self.socket_awaited(socket)?,
        })
    }
}
