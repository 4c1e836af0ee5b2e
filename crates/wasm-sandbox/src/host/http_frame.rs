//! How scripts answer HTTP requests: in frames of the interpreter's one import, of the kind `h`.
//!
//! A frame has 8 bytes before what it carries: `h`, what it asks for, two bytes of nothing, and how long what it carries is. The
//! host writes into it how it went (0 or more, or -1) and the length of what it has written after the 8 bytes.

use http::StatusCode;
use serde::Deserialize;

use super::{
    Host, Step, Stop,
    http::{FieldFault, MessageFault},
    tools::{Attempt, FAULT, Framed, reply},
    wasi2::Fault,
};
use crate::host::http::Exchange;

const HEAD: usize = 8;

/// The most bytes of status and fields, as JSON.
const MAX_SAID: usize = 256 << 10;

const FAILED: i32 = -1;

/// An exchange that a script has a part in, by the numbers of what it holds.
pub(super) struct Serving {
    input: u32,
    answer: Option<u32>,
    /// The answer's body and its stream.
    output: Option<(u32, u32)>,
}

/// Status and fields as a script says them.
#[derive(Deserialize)]
struct Said {
    status: u16,
    headers: Vec<(String, String)>,
}

/// What a script is told of a request: the values of its fields as bytes, each a character.
#[derive(serde::Serialize)]
pub(crate) struct Asked {
    method: String,
    scheme: String,
    authority: String,
    path: String,
    headers: Vec<(String, String)>,
}

impl Host {
    /// Takes a request that a script is to answer, and tells of it what is not its body.
    pub(crate) fn accept_for_script(&mut self, exchange: Exchange) -> Result<Asked, Stop> {
        let (request, answer) = self.accept(exchange)?;
        let head = self.request_head(request)?;
        let fields = self.request_fields(request)?;
        let fields = self.fields(fields)?.map().clone();
        let body = self.request_body(request)?.unwrap_or_default();
        let input = self.body_stream(body)?.unwrap_or_default();
        self.serving = Some(Serving { input, answer: Some(answer), output: None });
        let latin = |value: &http::HeaderValue| value.as_bytes().iter().copied().map(char::from).collect();
        Ok(Asked {
            method: head.method.as_str().to_owned(),
            scheme: head.uri.scheme_str().unwrap_or("http").to_owned(),
            authority: head.uri.authority().map_or("", |authority| authority.as_str()).to_owned(),
            path: head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            headers: fields.iter().map(|(name, value)| (name.as_str().to_owned(), latin(value))).collect(),
        })
    }

    /// Does what a frame asks for, or says what has to be waited for first.
    pub(super) fn http_frame(&mut self, frame: &mut [u8], attempt: Attempt) -> Result<Framed, Stop> {
        if !attempt.again {
            self.count_call(0)?;
        }
        let length = frame.get(4..HEAD).and_then(|length| length.first_chunk().copied()).map(u32::from_le_bytes);
        let (Some(asks), Some(length)) = (frame.get(1).copied(), length) else { return Ok(Framed::Done(FAULT)) };
        let carried = frame.get(HEAD..).and_then(|carried| carried.get(..length as usize));
        let Some(carried) = carried else { return Ok(Framed::Done(FAULT)) };
        let done = match asks {
            b'r' => self.serve_read(frame),
            b's' => {
                let said = self.serve_start(carried)?;
                Ok(Step::Done(match said {
                    Ok(()) => write(frame, 0, &[]),
                    Err(why) => write(frame, FAILED, why.as_bytes()),
                }))
            }
            b'w' => match self.serve_write(carried) {
                Ok(Step::Done(len)) => Ok(Step::Done(write(frame, i32::try_from(len).unwrap_or(i32::MAX), &[]))),
                Ok(Step::Wait(wait)) => Ok(Step::Wait(wait)),
                Err(fault) => Err(fault),
            },
            b'f' => {
                let is_finished = self.serve_finish()?;
                Ok(Step::Done(write(frame, if is_finished { 0 } else { FAILED }, &[])))
            }
            _ => return Ok(Framed::Done(FAULT)),
        };
        match done {
            Ok(Step::Done(code)) => Ok(Framed::Done(code)),
            Ok(Step::Wait(wait)) => Ok(Framed::Again(wait)),
            Err(Fault::Stop(stop)) => Err(stop),
            Err(Fault::Errno(_) | Fault::Closed) => Ok(Framed::Done(write(frame, FAILED, &[]))),
        }
    }

    /// Reads as much of the request's body as the frame has room for; nothing at its end.
    fn serve_read(&mut self, frame: &mut [u8]) -> Result<Step<i32>, Fault> {
        let Some(input) = self.serving.as_ref().map(|serving| serving.input) else { return Err(Fault::Closed) };
        let room = frame.len().saturating_sub(HEAD) as u64;
        match self.read(input, room, true) {
            Ok(Step::Done(bytes)) => {
                Ok(Step::Done(write(frame, i32::try_from(bytes.len()).unwrap_or(i32::MAX), &bytes)))
            }
            Ok(Step::Wait(wait)) => Ok(Step::Wait(wait)),
            Err(Fault::Closed) => Ok(Step::Done(write(frame, 0, &[]))),
            Err(fault) => Err(fault),
        }
    }

    /// Says status and fields, or why they cannot be said.
    fn serve_start(&mut self, said: &[u8]) -> Result<Result<(), String>, Stop> {
        let Some(answer) = self.serving.as_mut().and_then(|serving| serving.answer.take()) else {
            return Ok(Err("there is no request, or it was answered already".to_owned()));
        };
        let said: Said = match said.get(..MAX_SAID.min(said.len())).map(serde_json::from_slice) {
            Some(Ok(said)) => said,
            _ => return Ok(Err("status and fields are too long, or no JSON".to_owned())),
        };
        let fields = self.new_fields()?;
        for (name, value) in &said.headers {
            // Applications speak of the connection all the same, and it is the host's.
            match self.fields(fields)?.append(name, &bytes(value)) {
                Ok(()) | Err(FieldFault::Forbidden) => {}
                Err(FieldFault::Stop(stop)) => return Err(stop),
                Err(_) => return Ok(Err(format!("the field `{}` is none", name.escape_default()))),
            }
        }
        let response = self.new_response(fields)?;
        if StatusCode::from_u16(said.status).is_err() || !self.set_status(response, said.status)? {
            return Ok(Err(format!("{} is no status of an answer", said.status)));
        }
        let body = self.response_body(response)?.unwrap_or_default();
        let sink = self.body_sink(body)?.unwrap_or_default();
        match self.answer_request(answer, Some(response)) {
            Ok(()) => {}
            Err(MessageFault::Stop(stop)) => return Err(stop),
            Err(_) => return Ok(Err("the fields are too long".to_owned())),
        }
        if let Some(serving) = &mut self.serving {
            serving.output = Some((body, sink));
        }
        Ok(Ok(()))
    }

    fn serve_write(&mut self, carried: &[u8]) -> Result<Step<usize>, Fault> {
        let sink = self.serving.as_ref().and_then(|serving| serving.output).map(|(_, sink)| sink);
        let sink = sink.ok_or(Fault::Closed)?;
        let mut done = 0;
        match self.write(sink, carried, &mut done)? {
            Step::Wait(wait) if done == 0 => Ok(Step::Wait(wait)),
            _ => Ok(Step::Done(done)),
        }
    }

    /// Whether the body is as long as was said.
    fn serve_finish(&mut self) -> Result<bool, Stop> {
        let output = self.serving.as_mut().and_then(|serving| serving.output.take());
        let Some((body, _)) = output else { return Ok(false) };
        match self.finish_writing(body, None) {
            Ok(()) => Ok(true),
            Err(MessageFault::Stop(stop)) => Err(stop),
            Err(_) => Ok(false),
        }
    }
}

/// Writes how it went, and what there is.
fn write(frame: &mut [u8], status: i32, answer: &[u8]) -> i32 {
    let room = frame.get_mut(HEAD..).unwrap_or_default();
    let len = room.len().min(answer.len());
    room.iter_mut().zip(answer).for_each(|(room, byte)| *room = *byte);
    reply(frame, status, u32::try_from(len).unwrap_or_default())
}

/// A text whose characters are bytes; others as they are in UTF-8.
fn bytes(text: &str) -> Vec<u8> {
    match text.chars().map(|character| u8::try_from(u32::from(character))).collect() {
        Ok(bytes) => bytes,
        Err(_) => text.as_bytes().to_vec(),
    }
}
