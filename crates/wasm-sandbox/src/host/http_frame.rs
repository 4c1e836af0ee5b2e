//! How scripts and modules answer HTTP requests: in frames of the kind `h`, which are those of `net_frame.rs` without a port and a number. A failure
//! is -1, with a message where the guest is to blame.

use std::sync::Arc;

use serde::Deserialize;

use super::{
    Host, Step, Stop, Wait,
    control::Event,
    handles::{Input, Output},
    http::{End, Exchange, FieldFault, Flow, MessageFault, Way},
    net_frame::Came,
    wasi2::Fault,
};

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
    /// Whether a body comes, which may still be empty.
    body: bool,
}

impl Host {
    /// Takes a request that is to be answered in frames, and tells of it what is not its body.
    pub(crate) fn accept_in_frames(&mut self, exchange: Exchange) -> Result<Asked, Stop> {
        // One that has broken off already is told of as it is read.
        let has_body = !matches!(exchange.request.body().ended(), Some(End::Whole(None)));
        let (request, answer) = self.accept(exchange)?;
        let head = self.incoming_request_head(request)?;
        let fields = self.incoming_request_fields(request)?;
        let fields = self.fields(fields)?.map().clone();
        let body = self.incoming_request_body(request)?.unwrap_or_default();
        let input = self.body_stream(body)?.unwrap_or_default();
        self.http.serving = Some(Serving { input, answer: Some(answer), output: None });
        let latin = |value: &http::HeaderValue| value.as_bytes().iter().copied().map(char::from).collect();
        Ok(Asked {
            method: head.method.as_str().to_owned(),
            scheme: head.uri.scheme_str().unwrap_or("http").to_owned(),
            authority: head.uri.authority().map_or("", |authority| authority.as_str()).to_owned(),
            path: head.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            headers: fields.iter().map(|(name, value)| (name.as_str().to_owned(), latin(value))).collect(),
            body: has_body,
        })
    }

    /// Does what a frame asks of the request that is being answered: `r` reads some of its body, `s` says status and fields, `w` writes
    /// some of the answer's body, `f` ends that. None for what is not known.
    pub(super) fn serve_asked(&mut self, asks: u8, carried: &mut [u8]) -> Result<Option<Came>, Stop> {
        let done = match asks {
            b'r' => self.serve_read(carried).map(|step| step.map(Came::Filled)),
            b's' => Ok(Step::Done(match self.serve_start(carried)? {
                Ok(()) => Came::To(0, Vec::new()),
                Err(why) => Came::To(FAILED, why.into_bytes()),
            })),
            b'w' => self
                .serve_write(carried)
                .map(|step| step.map(|len| Came::To(i32::try_from(len).unwrap_or(i32::MAX), Vec::new()))),
            b'f' => Ok(Step::Done(Came::To(if self.serve_finish()? { 0 } else { FAILED }, Vec::new()))),
            _ => return Ok(None),
        };
        Ok(Some(match done {
            Ok(Step::Done(came)) => came,
            Ok(Step::Wait(wait @ Wait { event: Some(_), .. })) => Came::Wait(wait),
            Err(Fault::Stop(stop)) => return Err(stop),
            Ok(Step::Wait(_)) | Err(Fault::Errno(_) | Fault::Length(_) | Fault::Closed) => Came::To(FAILED, Vec::new()),
        }))
    }

    /// That the request's body can be read, or the answer's written, as far as that is asked.
    pub(super) fn serve_event(&mut self, reads: bool, writes: bool) -> Result<Option<Box<dyn Event>>, Stop> {
        let Some(serving) = &self.http.serving else { return Ok(None) };
        let (input, output) = (serving.input, serving.output.map(|(_, sink)| sink));
        let mut bodies = Vec::new();
        if reads && let Input::Body(pipe) = self.handles.input(input)? {
            bodies.push((Arc::clone(pipe), Way::Reads));
        }
        if let Some(output) = output.filter(|_| writes)
            && let Output::Body(pipe) = self.handles.output(output)?
        {
            bodies.push((Arc::clone(pipe), Way::Writes));
        }
        Ok(Flow::of(bodies).map(|flow| Box::new(flow) as Box<dyn Event>))
    }

    /// Reads as much of the request's body as there is room for; nothing at its end.
    fn serve_read(&mut self, room: &mut [u8]) -> Result<Step<usize>, Fault> {
        let Some(input) = self.http.serving.as_ref().map(|serving| serving.input) else { return Err(Fault::Closed) };
        match self.read(input, room.len() as u64, true) {
            Ok(Step::Done(bytes)) => {
                room.iter_mut().zip(&bytes).for_each(|(room, byte)| *room = *byte);
                Ok(Step::Done(bytes.len()))
            }
            Ok(Step::Wait(wait)) => Ok(Step::Wait(wait)),
            Err(Fault::Closed) => Ok(Step::Done(0)),
            Err(fault) => Err(fault),
        }
    }

    /// Says status and fields, or why they cannot be said.
    fn serve_start(&mut self, said: &[u8]) -> Result<Result<(), String>, Stop> {
        let Some(answer) = self.http.serving.as_mut().and_then(|serving| serving.answer.take()) else {
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
        let response = self.new_outgoing_response(fields)?;
        if !self.set_status(response, said.status)? {
            return Ok(Err(format!("{} is no status of an answer", said.status)));
        }
        let body = self.outgoing_response_body(response)?.unwrap_or_default();
        let sink = self.body_sink(body)?.unwrap_or_default();
        match self.answer_request(answer, Ok(response)) {
            Ok(()) => {}
            Err(MessageFault::Stop(stop)) => return Err(stop),
            Err(_) => return Ok(Err("the fields are too long".to_owned())),
        }
        if let Some(serving) = &mut self.http.serving {
            serving.output = Some((body, sink));
        }
        Ok(Ok(()))
    }

    fn serve_write(&mut self, carried: &[u8]) -> Result<Step<usize>, Fault> {
        let sink = self.http.serving.as_ref().and_then(|serving| serving.output).map(|(_, sink)| sink);
        let sink = sink.ok_or(Fault::Closed)?;
        let mut done = 0;
        match self.write(sink, carried, &mut done)? {
            Step::Wait(wait) if done == 0 => Ok(Step::Wait(wait)),
            _ => Ok(Step::Done(done)),
        }
    }

    /// Whether the body is as long as was said.
    fn serve_finish(&mut self) -> Result<bool, Stop> {
        let output = self.http.serving.as_mut().and_then(|serving| serving.output.take());
        let Some((body, _)) = output else { return Ok(false) };
        match self.finish_writing(body, None) {
            Ok(()) => Ok(true),
            Err(MessageFault::Stop(stop)) => Err(stop),
            Err(_) => Ok(false),
        }
    }
}

/// A text whose characters are bytes; others as they are in UTF-8.
fn bytes(text: &str) -> Vec<u8> {
    match text.chars().map(|character| u8::try_from(u32::from(character))).collect() {
        Ok(bytes) => bytes,
        Err(_) => text.as_bytes().to_vec(),
    }
}
