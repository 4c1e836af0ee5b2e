//! How interpreters and modules reach the network, and what they answer: Python in frames of its one import, of the kinds `n` and `h`, the
//! others in such frames alone.
//!
//! A frame has 16 bytes before what it carries: `n`, or `h` for the request that is answered, what it asks for, a port, a connection's number, how long what it carries
//! is, and how many milliseconds it has time, or -1. The host writes into it how it went (0 or more, or less for a failure), the
//! length of the answer, and after the 16 bytes the answer itself.

mod http;

use std::time::{Duration, Instant};

use super::{
    Host, Stop, Wait,
    control::Event,
    net::{Interest, MAX_PROTOCOLS, NetError, NetErrorKind, Opened, Progress, Secured},
    tools::{Attempt, FAULT, Framed, reply},
};

const HEAD: usize = 16;

/// What is said when the time is up.
const LATE: i32 = -12;

/// The most bytes of a host's name, and of a name with protocols. What a frame carries may be all of the guest's memory.
const MAX_HOST: usize = 512;
const MAX_SECURE: usize = MAX_HOST + MAX_PROTOCOLS * 256;

/// The most connections that are asked about at once, and the bytes of each.
const MAX_POLLED: usize = 1024;
const POLLED: usize = 5;

/// How long a connection that is closed is waited for. It goes by itself before.
const CLOSING: Duration = Duration::from_secs(5);

/// The words of a frame before what it carries.
struct Head {
    /// Whether it is about the request that is being answered.
    serves: bool,
    asks: u8,
    port: u16,
    handle: u32,
    len: usize,
    until: Option<Instant>,
}

/// What a frame has come to.
pub(super) enum Came {
    /// How it went, and the answer.
    To(i32, Vec<u8>),
    /// The answer is in the frame already.
    Filled(usize),
    Wait(Wait),
}

impl Head {
    fn of(frame: &[u8], began: Instant) -> Option<Self> {
        let word = |at: usize| frame.get(at..at + 4)?.first_chunk().copied();
        let port = frame.get(2..4)?.first_chunk().copied().map(u16::from_le_bytes)?;
        let patience = u64::try_from(i32::from_le_bytes(word(12)?)).ok().map(Duration::from_millis);
        Some(Self {
            serves: *frame.first()? == b'h',
            asks: *frame.get(1)?,
            port,
            handle: u32::from_le_bytes(word(4)?),
            len: usize::try_from(u32::from_le_bytes(word(8)?)).ok()?,
            until: patience.and_then(|patience| began.checked_add(patience)),
        })
    }

    /// Whether it carries no more than what it asks for can use, where the host looks at all of it.
    fn is_bounded(&self) -> bool {
        match self.asks {
            _ if self.serves => true,
            b'r' | b'c' => self.len <= MAX_HOST,
            b't' => self.len <= MAX_SECURE,
            b'p' => self.len <= MAX_POLLED * POLLED,
            b'w' => self.len <= MAX_POLLED * http::WAITED,
            b'h' => self.len <= http::MAX_REQUEST,
            _ => true,
        }
    }
}

impl Host {
    /// Does what a frame of the network's asks for, or says what has to be waited for first.
    pub(super) fn net_frame(&mut self, frame: &mut [u8], attempt: Attempt) -> Result<Framed, Stop> {
        let head = Head::of(frame, attempt.began).filter(Head::is_bounded);
        let Some(head) = head else { return Ok(Framed::Done(FAULT)) };
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
            Some(Came::Wait(wait)) => return Ok(Framed::Again(wait.or(until))),
        }))
    }

    /// None for what is not known.
    fn net_asked(&mut self, head: &Head, carried: &mut [u8], is_late: bool) -> Result<Option<Came>, Stop> {
        if head.serves {
            return self.serve_asked(head.asks, carried);
        }
        let handle = head.handle;
        Ok(Some(match head.asks {
            b'r' | b'c' | b't' => match std::str::from_utf8(carried) {
                Ok(text) => self.net_named(head, text)?,
                Err(_) => return Ok(None),
            },
            b'o' => came(self.net_opened(handle), |opened| places(&opened)),
            b's' => match self.net_send(handle, carried)? {
                Progress::Done(Ok(sent)) => Came::To(i32::try_from(sent).unwrap_or(i32::MAX), Vec::new()),
                other => came(other, |_| Vec::new()),
            },
            b'v' => match self.net_receive(handle, carried)? {
                Progress::Done(Ok(received)) => Came::Filled(received),
                other => came(other, |_| Vec::new()),
            },
            b'd' => came(Progress::Done(self.net_shut(handle)), |()| Vec::new()),
            b'x' => came(self.net_close(handle), |()| Vec::new()),
            b'p' => self.net_poll(carried, is_late),
            _ => return self.http_asked(head, carried, is_late),
        }))
    }

    /// What is asked for with the name of a host.
    fn net_named(&mut self, head: &Head, text: &str) -> Result<Came, Stop> {
        Ok(match head.asks {
            b'r' => came(self.net_resolve(text)?, |found| {
                let lines: Vec<String> = found.iter().map(ToString::to_string).collect();
                lines.join("\n").into_bytes()
            }),
            b'c' => {
                let dialed = self.net_dial(text, head.port)?;
                came(Progress::Done(dialed), |handle| handle.to_le_bytes().to_vec())
            }
            _ => {
                let mut lines = text.split('\n');
                let server = lines.next().unwrap_or_default();
                // One more than there may be is refused there.
                let protocols: Vec<&str> = lines.take(MAX_PROTOCOLS + 1).collect();
                came(self.net_secure(head.handle, server, &protocols), |secured| told(&secured))
            }
        })
    }

    /// Which of some connections are ready: each is a number and a byte for receiving (1), sending (2) or both. The answer is
    /// such a byte for each.
    fn net_poll(&mut self, carried: &[u8], is_late: bool) -> Came {
        let mut interests = Vec::new();
        let mut answer = Vec::new();
        for asked in carried.chunks_exact(POLLED) {
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
            Some(event) if !ready && !is_late && !event.ready() => {
                Came::Wait(Wait::forever().or_event(Box::new(event)))
            }
            _ => Came::To(0, answer),
        }
    }
}

fn came<T>(progress: Progress<T>, answer: impl FnOnce(T) -> Vec<u8>) -> Came {
    match progress {
        Progress::Done(Ok(value)) => Came::To(0, answer(value)),
        Progress::Done(Err(error)) => Came::To(status(&error), error.message.into_bytes()),
        Progress::Wait(event) => Came::Wait(Wait::forever().or_event(Box::new(event))),
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

/// Kinds of failures as numbers; the interpreters' libraries have the same.
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
        NetErrorKind::TooLong | NetErrorKind::Other => -11,
        NetErrorKind::Request(_) => -13,
        NetErrorKind::Head | NetErrorKind::Response => -14,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use std::sync::Arc;

    use wasm_sandbox_policy::InstanceConfig;

    use super::*;
    use crate::vfs::Quota;

    fn host() -> Host {
        let config = InstanceConfig::builder().build().unwrap();
        Host::bare(&config, Vec::new(), Arc::new(Quota::new(&config.limits)))
    }

    /// What the import returns for a frame that carries so many of a byte, and the status in it.
    fn asked(asks: u8, carried: u8, len: usize) -> (i32, i32) {
        let mut frame = vec![b'n', asks, 80, 0, 0, 0, 0, 0];
        frame.extend(u32::try_from(len).unwrap().to_le_bytes());
        frame.extend((-1_i32).to_le_bytes());
        frame.resize(HEAD + len.max(1024), carried);
        let attempt = Attempt { began: Instant::now(), again: false };
        let Ok(Framed::Done(code)) = host().net_frame(&mut frame, attempt) else { panic!("{asks}") };
        (code, i32::from_le_bytes(*frame.first_chunk().unwrap()))
    }

    #[test]
    fn f9_a_frame_carries_no_more_than_is_looked_at() {
        // What it is at most is done, or refused by what it says: nothing is granted here.
        for (asks, carried, most, status) in
            [(b'r', b'a', 512, -1), (b'c', b'a', 512, -1), (b't', b'\n', 4608, -9), (b'p', 1, 5120, 0)]
        {
            assert_eq!(asked(asks, carried, most), (0, status), "{asks}");
            for more in [most + 1, 16 << 20] {
                assert_eq!(asked(asks, carried, more).0, FAULT, "{asks}");
            }
        }
        // Of what is sent, as much is taken as there is room for.
        assert_eq!(asked(b's', 0xff, 16 << 20), (0, -9));
    }
}
