//! How Python reaches the network: in frames of its one import, of the kind `n`.
//!
//! A frame has 16 bytes before what it carries: `n`, what it asks for, a port, a connection's number, how long what it carries
//! is, and how many milliseconds it has time, or -1. The host writes into it how it went (0 or more, or less for a failure), the
//! length of the answer, and after the 16 bytes the answer itself.

use std::time::{Duration, Instant};

use super::{
    Host, Stop, Wait,
    control::Event,
    net::{Interest, NetError, NetErrorKind, NetEvent, Opened, Progress, Secured},
    tools::{Attempt, FAULT, Framed, reply},
};

const HEAD: usize = 16;

/// What is said when the time is up.
const LATE: i32 = -12;

/// How long a connection that is closed is waited for. It goes by itself before.
const CLOSING: Duration = Duration::from_secs(5);

/// The words of a frame before what it carries.
struct Head {
    asks: u8,
    port: u16,
    handle: u32,
    len: usize,
    until: Option<Instant>,
}

/// What a frame has come to.
enum Came {
    /// How it went, and the answer.
    To(i32, Vec<u8>),
    /// The answer is in the frame already.
    Filled(usize),
    Wait(NetEvent),
}

impl Head {
    fn of(frame: &[u8], began: Instant) -> Option<Self> {
        let word = |at: usize| frame.get(at..at + 4)?.first_chunk().copied();
        let port = frame.get(2..4)?.first_chunk().copied().map(u16::from_le_bytes)?;
        let patience = u64::try_from(i32::from_le_bytes(word(12)?)).ok().map(Duration::from_millis);
        Some(Self {
            asks: *frame.get(1)?,
            port,
            handle: u32::from_le_bytes(word(4)?),
            len: usize::try_from(u32::from_le_bytes(word(8)?)).ok()?,
            until: patience.and_then(|patience| began.checked_add(patience)),
        })
    }
}

impl Host {
    /// Does what a frame of the network's asks for, or says what has to be waited for first.
    pub(super) fn net_frame(&mut self, frame: &mut [u8], attempt: Attempt) -> Result<Framed, Stop> {
        let Some(head) = Head::of(frame, attempt.began) else { return Ok(Framed::Done(FAULT)) };
        let Some(carried) = frame.get_mut(HEAD..).and_then(|carried| carried.get_mut(..head.len)) else {
            return Ok(Framed::Done(FAULT));
        };
        if !attempt.again {
            self.count_call(0)?;
        }
        let until = if head.asks == b'x' { attempt.began.checked_add(CLOSING) } else { head.until };
        let is_late = until.is_some_and(|until| until <= Instant::now());
        Ok(Framed::Done(match self.net_asked(&head, carried, is_late)? {
            None => FAULT,
            Some(Came::To(status, answer)) => {
                let room = frame.get_mut(HEAD..).unwrap_or_default();
                let len = room.len().min(answer.len());
                room.iter_mut().zip(answer).for_each(|(room, byte)| *room = byte);
                reply(frame, status, u32::try_from(len).unwrap_or_default())
            }
            Some(Came::Filled(len)) => {
                let len = u32::try_from(len).unwrap_or_default();
                reply(frame, len.cast_signed(), len)
            }
            Some(Came::Wait(_)) if is_late => reply(frame, LATE, 0),
            Some(Came::Wait(event)) => {
                return Ok(Framed::Again(Wait { until, stream: None, event: Some(Box::new(event)) }));
            }
        }))
    }

    /// None for what is not known.
    fn net_asked(&mut self, head: &Head, carried: &mut [u8], is_late: bool) -> Result<Option<Came>, Stop> {
        let handle = head.handle;
        let text = std::str::from_utf8(carried);
        Ok(Some(match (head.asks, text) {
            (b'r', Ok(name)) => came(self.net_resolve(name)?, |found| {
                let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
                lines.join("\n").into_bytes()
            }),
            (b'c', Ok(host)) => {
                let dialed = self.net_dial(host, head.port)?;
                came(Progress::Done(dialed), |handle| handle.to_le_bytes().to_vec())
            }
            (b'o', _) => came(self.net_opened(handle), |opened| places(&opened)),
            (b't', Ok(text)) => {
                let mut lines = text.split('\n');
                let server = lines.next().unwrap_or_default();
                let protocols: Vec<&str> = lines.collect();
                came(self.net_secure(handle, server, &protocols), |secured| told(&secured))
            }
            (b's', _) => match self.net_send(handle, carried)? {
                Progress::Done(Ok(sent)) => Came::To(i32::try_from(sent).unwrap_or(i32::MAX), Vec::new()),
                other => came(other, |_| Vec::new()),
            },
            (b'v', _) => match self.net_receive(handle, carried)? {
                Progress::Done(Ok(received)) => Came::Filled(received),
                other => came(other, |_| Vec::new()),
            },
            (b'd', _) => came(Progress::Done(self.net_shut(handle)), |()| Vec::new()),
            (b'x', _) => came(self.net_close(handle), |()| Vec::new()),
            (b'p', _) => self.net_poll(carried, is_late),
            _ => return Ok(None),
        }))
    }

    /// Which of some connections are ready: each is a number and a byte for receiving (1), sending (2) or both. The answer is
    /// such a byte for each.
    fn net_poll(&mut self, carried: &[u8], is_late: bool) -> Came {
        let mut interests = Vec::new();
        let mut answer = Vec::new();
        for asked in carried.chunks_exact(5) {
            let Some((handle, [wanted])) = asked.split_first_chunk() else { continue };
            let handle = u32::from_le_bytes(*handle);
            let (receive, send) = self.net_ready(handle);
            answer.push(wanted & (u8::from(receive) | u8::from(send) << 1));
            for (bit, interest) in [(1, Interest::Receive), (2, Interest::Send)] {
                if wanted & bit > 0 {
                    interests.push((handle, interest));
                }
            }
        }
        let ready = answer.iter().any(|ready| *ready > 0);
        match self.net_event(&interests) {
            Some(event) if !ready && !is_late && !event.ready() => Came::Wait(event),
            _ => Came::To(0, answer),
        }
    }
}

fn came<T>(progress: Progress<T>, answer: impl FnOnce(T) -> Vec<u8>) -> Came {
    match progress {
        Progress::Done(Ok(value)) => Came::To(0, answer(value)),
        Progress::Done(Err(error)) => Came::To(status(&error), error.message.into_bytes()),
        Progress::Wait(event) => Came::Wait(event),
    }
}

fn places(opened: &Opened) -> Vec<u8> {
    let Opened { local, peer } = opened;
    format!("{} {} {} {}", local.ip(), local.port(), peer.ip(), peer.port()).into_bytes()
}

fn told(secured: &Secured) -> Vec<u8> {
    let Secured { version, cipher, protocol, certificate } = secured;
    let protocol = protocol.as_deref().unwrap_or_default();
    [format!("{version}\n{cipher}\n{protocol}\n").as_bytes(), certificate].concat()
}

/// Kinds of failures as numbers; the driver of Python has the same.
fn status(error: &NetError) -> i32 {
    match error.kind {
        NetErrorKind::Denied => -1,
        NetErrorKind::Unresolved => -2,
        NetErrorKind::Refused => -3,
        NetErrorKind::Reset => -4,
        NetErrorKind::Unreachable => -5,
        NetErrorKind::TimedOut => -6,
        NetErrorKind::Tls => -7,
        NetErrorKind::TooMany => -8,
        NetErrorKind::NotOpen => -9,
        NetErrorKind::Shut => -10,
        NetErrorKind::Other => -11,
    }
}
