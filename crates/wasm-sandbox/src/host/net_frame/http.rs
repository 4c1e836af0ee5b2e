//! Requests of HTTP in frames: `h` begins one, `b` sends some of its body, `e` ends that, `a` asks for the head of the answer, `g` for some
//! of its body, `q` gives the request up, and `w` waits until one of several can go on, or something beside them.

use super::{Came, Head, Host, Progress, came};
use crate::host::{
    Stop, Wait,
    control::{Event, Stream, either},
    net::{HttpHead, HttpRequest, NetError, RequestBody, RequestFault},
};

/// The most bytes of a request without its body, and of a number among those that are waited for.
pub(super) const MAX_REQUEST: usize = 128 << 10;
pub(super) const WAITED: usize = 4;

/// What is waited for besides requests.
const TOOLS: u16 = 1;
const READS: u16 = 2;
const WRITES: u16 = 4;
const INPUT: u16 = 8;

impl Host {
    /// None for what is not known.
    pub(super) fn http_asked(&mut self, head: &Head, carried: &mut [u8], is_late: bool) -> Result<Option<Came>, Stop> {
        let request = head.handle;
        Ok(Some(match head.asks {
            b'h' => match read(carried, head.port) {
                Some(request) => came(self.http_begin(&request)?, |request| request.to_le_bytes().to_vec()),
                None => came(Progress::Done(Err(unreadable())), |()| Vec::new()),
            },
            b'b' => match self.http_send(request, carried)? {
                Progress::Done(Ok(sent)) => Came::To(i32::try_from(sent).unwrap_or(i32::MAX), Vec::new()),
                other => came(other, |_| Vec::new()),
            },
            b'e' => came(self.http_end(request, &http::HeaderMap::new())?, |()| Vec::new()),
            b'a' => came(self.http_answer(request)?, |head| written(&head)),
            b'g' => match self.http_receive(request, carried)? {
                Progress::Done(Ok(0)) if !carried.is_empty() => {
                    self.http_close(request);
                    Came::Filled(0)
                }
                Progress::Done(Ok(received)) => Came::Filled(received),
                other => came(other, |_| Vec::new()),
            },
            b'q' => {
                self.http_close(request);
                Came::To(0, Vec::new())
            }
            b'w' => self.http_wait(carried, head.port, is_late)?,
            _ => return Ok(None),
        }))
    }

    /// Waits for requests, and for what else can go on: calls of tools, the body of the request that is answered, that of the answer, and
    /// standard input. The answer is whether that can be read.
    fn http_wait(&mut self, carried: &[u8], also: u16, is_late: bool) -> Result<Came, Stop> {
        let numbers = carried.chunks_exact(WAITED).filter_map(|number| number.first_chunk().copied());
        let mut requests: Vec<u32> = numbers.map(u32::from_le_bytes).collect();
        // Several things may be asked of one at a time.
        requests.sort_unstable();
        requests.dedup();
        let mut events = Vec::new();
        let mut has_moved = false;
        if !requests.is_empty() {
            match self.http_event(&requests) {
                Some(event) => events.push(Box::new(event) as Box<dyn Event>),
                None => has_moved = true,
            }
        }
        if also & TOOLS > 0 {
            events.push(self.tool_event());
        }
        events.extend(self.serve_event(also & READS > 0, also & WRITES > 0)?);
        let event = events.into_iter().reduce(either);
        let stream = (also & INPUT > 0).then_some(Stream::Stdin);
        let is_readable = stream.is_some_and(|stream| self.streams.ready(stream));
        has_moved |= is_readable || event.as_ref().map_or(stream.is_none(), |event| event.ready());
        if has_moved || is_late {
            return Ok(Came::To(if is_readable { INPUT.into() } else { 0 }, Vec::new()));
        }
        Ok(Came::Wait(Wait { until: None, stream, event }))
    }
}

/// Lines: the method, `http` or `https`, the host, the path with the query, the body (`-` for none, its length, or `*`), and headers as
/// `name:value`. No part of a request can have a line's end in it.
fn read(carried: &[u8], port: u16) -> Option<HttpRequest<'_>> {
    let mut lines = carried.split(|byte| *byte == b'\n');
    let mut text = || lines.next().and_then(|line| std::str::from_utf8(line).ok());
    let (method, scheme, host, target) = (text()?, text()?, text()?, text()?);
    let body = match text()? {
        "-" => RequestBody::None,
        "*" => RequestBody::Unknown,
        length => RequestBody::Exactly(length.parse().ok()?),
    };
    let encrypted = match scheme {
        "http" => false,
        "https" => true,
        _ => return None,
    };
    let headers = lines.map(header).collect::<Option<_>>()?;
    Some(HttpRequest { method, encrypted, host, port, target, headers, body })
}

fn header(line: &[u8]) -> Option<(&str, &[u8])> {
    let at = line.iter().position(|byte| *byte == b':')?;
    Some((std::str::from_utf8(line.get(..at)?).ok()?, line.get(at + 1..)?))
}

fn unreadable() -> NetError {
    NetError::request(RequestFault::Form, "the request cannot be read")
}

/// Lines: the status, what the server calls it, and headers as `name:value`.
fn written(head: &HttpHead) -> Vec<u8> {
    let mut lines = format!("{}\n{}", head.status, head.reason).into_bytes();
    for (name, value) in &head.headers {
        for part in [b"\n".as_slice(), name.as_bytes(), b":", value.as_slice()] {
            lines.extend(part);
        }
    }
    lines
}
