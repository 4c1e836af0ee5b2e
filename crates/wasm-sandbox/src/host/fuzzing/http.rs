//! An HTTP exchange, answered by a guest that holds messages as components do, asks others, and speaks in frames as scripts do, in
//! any order.

use std::{sync::Arc, time::Instant};

use arbitrary::{Result, Unstructured};
use http::{Method, Request, Response};
use tokio::sync::oneshot;
use wasm_sandbox_policy::{ByteSize, InstanceConfig, ResourceLimits};

use crate::{
    host::{
        Attempt, Framed, Host, Step, Stop,
        http::{Answered, End, Exchange, MessageFault, Pipe, ResponseState},
        wasi2::Fault,
    },
    vfs::{Errno, Quota},
};

/// What the memory of a guest is: some bodies' worth.
const MEMORY: u64 = 1 << 20;

/// Functions and frames in any order, sound and others.
pub fn exchange(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let Ok((mut guest, mut answered)) = Guest::new(&mut input) else { return };
    for _ in 0..64 {
        if input.is_empty() || guest.step(&mut input).is_err() {
            break;
        }
    }
    let quota = guest.host.quota();
    assert!(quota.memory().used() <= MEMORY, "more than the memory there is");
    drop(guest);
    if let Ok(Ok(response)) = answered.try_recv() {
        check(&response);
        drop(response);
    }
    assert_eq!(quota.memory().used(), 0, "memory is taken by a guest that is gone");
}

/// What must hold of an answer once its guest is gone.
fn check(response: &Response<Arc<Pipe>>) {
    assert!(!response.status().is_informational(), "{}", response.status());
    let forbidden = ["connection", "transfer-encoding", "host", "upgrade"];
    assert!(forbidden.iter().all(|name| !response.headers().contains_key(*name)), "{:?}", response.headers());
    let body = response.body();
    assert!(body.has_end(), "a body without an end");
    let length = response.headers().get("content-length").and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    assert!(body.left().is_none_or(|left| length.is_none_or(|length| length == left || left == 0)), "another length");
}

struct Guest {
    host: Host,
    /// Numbers that it was told, of whatever they are.
    known: Vec<u32>,
    request: Arc<Pipe>,
}

impl Guest {
    fn new(input: &mut Unstructured<'_>) -> Result<(Self, oneshot::Receiver<Answered>)> {
        let mut host = host();
        let (answer, answered) = oneshot::channel();
        let of_script = input.arbitrary()?;
        let pipe = Pipe::new();
        let method = if input.arbitrary()? { Method::HEAD } else { Method::GET };
        let request = Request::builder().method(method).uri("http://guest.test/a?b").header("x-a", "b");
        let exchange = Exchange { request: request.body(Arc::clone(&pipe)).expect("a request"), answer };
        let known = match of_script {
            true => {
                host.accept_in_frames(exchange).expect("a request can be taken");
                Vec::new()
            }
            false => {
                let (request, answer) = host.accept(exchange).expect("a request can be taken");
                vec![request, answer]
            }
        };
        Ok((Self { host, known, request: pipe }, answered))
    }

    fn step(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        if input.ratio(1, 8)? {
            match input.ratio(1, 4)? {
                true => {
                    self.request.end(if input.arbitrary()? { End::Whole(None) } else { End::Broken(Errno::Connreset) })
                }
                false => self.request.send(&vec![b'x'; input.int_in_range(0..=5000)?]),
            }
            return Ok(());
        }
        let stopped = if input.ratio(1, 3)? { self.frame(input)? } else { self.function(input)? };
        match stopped {
            Some(Stop::Trap(_)) if input.ratio(3, 4)? => Ok(()),
            Some(_) => Err(arbitrary::Error::NotEnoughData),
            None => Ok(()),
        }
    }

    fn frame(&mut self, input: &mut Unstructured<'_>) -> Result<Option<Stop>> {
        let mut frame = vec![b'h', *input.choose(b"rrsswwf?")?, 0, 0, 0, 0, 0, 0];
        let carried = match frame.get(1) {
            Some(b's') if input.ratio(7, 8)? => {
                let (status, name) =
                    (input.int_in_range(0..=1200)?, *input.choose(&["x-a", "content-length", "host", "é", ""])?);
                let value = *input.choose(&["3", "0", "a\r\nb", "x"])?;
                serde_json::json!({ "status": status, "headers": [[name, value]] }).to_string().into_bytes()
            }
            Some(b'w') => vec![b'y'; input.int_in_range(0..=70_000)?],
            _ => input.arbitrary()?,
        };
        let len = u32::try_from(carried.len()).unwrap_or(u32::MAX);
        frame.extend(if input.ratio(1, 10)? { input.arbitrary()? } else { len }.to_le_bytes());
        frame.extend(input.int_in_range(-1..=0_i32)?.to_le_bytes());
        frame.extend(carried);
        frame.resize(frame.len() + input.int_in_range(0..=3000)?, 0);
        let len = frame.len();
        match self.host.tool_frame(&mut frame, Attempt { began: Instant::now(), again: false }) {
            Err(stop) => Ok(Some(stop)),
            Ok(Framed::Done(code)) => {
                assert!(matches!(code, 0 | -2) && frame.len() == len, "{code}");
                Ok(None)
            }
            Ok(Framed::Again(wait)) => {
                assert!(wait.event.is_some(), "nothing to wait for");
                Ok(None)
            }
            Ok(Framed::Wait { .. }) => panic!("a frame of HTTP waits for a tool"),
        }
    }

    fn function(&mut self, input: &mut Unstructured<'_>) -> Result<Option<Stop>> {
        let one = self.number(input)?;
        let another = self.number(input)?;
        let host = &mut self.host;
        let made: std::result::Result<Option<u32>, Stop> = match input.int_in_range(0..=25)? {
            0 => host.new_fields().map(Some),
            1 => host.copy_fields(one).map(Some),
            2 => host.fields(one).map(|fields| {
                drop(fields.append(["x-b", "content-length", "te", ""][(another % 4) as usize], b"5"));
                None
            }),
            3 => host.incoming_request_fields(one).map(Some),
            4 => host.incoming_request_body(one),
            5 => host.body_stream(one),
            6 => host.finish_reading(one).map(Some),
            7 => host.trailers(one).map(|_| None),
            8 => host.trailers_pollable(one).map(Some),
            9 => host.new_outgoing_response(one).map(Some),
            10 => host.set_status(one, input.arbitrary()?).map(|_| None),
            11 => host.outgoing_response_body(one),
            12 => host.body_sink(one),
            13 => ended(host.finish_writing(one, input.arbitrary::<bool>()?.then_some(another))),
            14 => ended(host.answer_request(one, input.ratio(7, 8)?.then_some(another).ok_or_else(String::new))),
            15 => {
                let (bytes, mut done) = (vec![b'z'; input.int_in_range(0..=70_000)?], 0);
                streamed(host.write(one, &bytes, &mut done))
            }
            17 => host.new_outgoing_request(one).map(Some),
            18 => host.outgoing_request(one).map(|outgoing| {
                outgoing.authority =
                    ["127.0.0.1:1", "a@127.0.0.1", "[::1]", "10.0.0.1"][(another % 4) as usize].parse().ok();
                None
            }),
            19 => host.outgoing_request_body(one),
            20 => host.new_options().map(Some),
            21 => asked(host.send_request(one, input.ratio(1, 8)?.then_some(another))),
            22 => host.outcome(one).map(|outcome| match outcome {
                ResponseState::Response(_) => panic!("an answer without a server"),
                ResponseState::Pending | ResponseState::Taken | ResponseState::Failed(_) => None,
            }),
            23 => host.response_pollable(one).map(Some),
            24 => host.has_come(one).map(|_| None),
            16 => streamed(host.read(one, input.arbitrary()?, input.arbitrary()?)),
            _ => host.drop_handle(one).map(|()| None),
        };
        match made {
            Ok(number) => {
                self.known.extend(number);
                Ok(None)
            }
            Err(stop) => Ok(Some(stop)),
        }
    }

    fn number(&self, input: &mut Unstructured<'_>) -> Result<u32> {
        if self.known.is_empty() || input.ratio(1, 16)? {
            input.arbitrary()
        } else {
            input.choose(&self.known).copied()
        }
    }
}

fn ended(done: std::result::Result<(), MessageFault>) -> std::result::Result<Option<u32>, Stop> {
    match done {
        Err(MessageFault::Stop(stop)) => Err(stop),
        _ => Ok(None),
    }
}

fn asked(done: std::result::Result<u32, MessageFault>) -> std::result::Result<Option<u32>, Stop> {
    match done {
        Ok(number) => Ok(Some(number)),
        Err(MessageFault::Stop(stop)) => Err(stop),
        Err(_) => Ok(None),
    }
}

fn streamed<T>(done: std::result::Result<Step<T>, Fault>) -> std::result::Result<Option<u32>, Stop> {
    match done {
        Err(Fault::Stop(stop)) => Err(stop),
        _ => Ok(None),
    }
}

/// One that may send requests to this machine, and has no thread to send them with.
fn host() -> Host {
    let limits = ResourceLimits { memory: ByteSize::bytes(MEMORY), ..ResourceLimits::default() };
    let config = InstanceConfig::builder().limits(limits).network_allow("127.0.0.1").build().expect("a valid policy");
    Host::bare(&config, Vec::new(), Arc::new(Quota::new(&config.limits)))
}
