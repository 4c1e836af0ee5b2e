//! Calls of tools, as a guest may write them.

use std::{
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use arbitrary::{Result, Unstructured};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use wasm_sandbox_policy::{ByteSize, InstanceConfig, ResourceLimits};

use crate::{
    host::{Attempt, Framed, Host, HostSetup, Sink, Stdin, ToolSetup, Waited, reply},
    tool::{Tool, ToolError, Toolbox, Tools},
    vfs::Quota,
};

/// The longest answer, and all arguments together.
const INPUT: u64 = 2048;

/// How long a guest is let wait.
const PATIENCE: Duration = Duration::from_micros(100);

const NAMES: [&str; 6] = ["echo", "fails", "blocks", "never", "refused", "no such tool"];

/// Requests of HTTP to a port that nobody listens on, and what is none.
const REQUESTS: [&str; 3] = [
    "GET\nhttp\n127.0.0.1\n/\n-\na:b",
    "POST\nhttps\nlocalhost\n/x?y\n*\na:b\nc:d",
    "GET\nhttp\n127.0.0.1\n/\n5\nHost:x",
];

/// Frames in any order, sound ones and others, and what is left when the guest is.
pub fn frames(data: &[u8]) {
    let mut guest = Guest { host: host(), calls: Vec::new(), connections: Vec::new() };
    let entered = guest.host.tools_under_way();
    let mut input = Unstructured::new(data);
    for _ in 0..64 {
        if input.is_empty() || guest.step(&mut input).is_err() {
            break;
        }
    }
    drop(entered);
    guest.host.check_tools();
    let nothing = matches!(guest.host.tool_ended(None, None), Ok(Waited::Nothing));
    assert!(nothing, "a call goes on without its guest");
    let report = guest.host.finish();
    assert!(report.tool_calls.len() <= 1000 && report.denials.len() <= 100);
    let shown = |name: &str| name.chars().count() <= 512 && !name.contains(char::is_control);
    assert!(report.tool_calls.iter().all(|call| shown(&call.name)), "{:?}", report.tool_calls);
}

struct Guest {
    host: Host,
    /// Those that it was told of.
    calls: Vec<u32>,
    connections: Vec<u32>,
}

impl Guest {
    fn step(&mut self, input: &mut Unstructured<'_>) -> Result<()> {
        let mut frame = self.frame(input)?;
        let taken = frame.first() == Some(&b't');
        let before = frame.clone();
        let done = match self.host.tool_frame(&mut frame, Attempt { began: Instant::now(), again: false }) {
            Ok(done) => done,
            // The guest has ended.
            Err(_) => return Err(arbitrary::Error::NotEnoughData),
        };
        self.host.check_tools();
        let code = match done {
            Framed::Done(code) => code,
            Framed::Wait { call, until } => {
                let (call, size) = self.wait(call, until);
                reply(&mut frame, call, size)
            }
            Framed::Again(wait) => {
                assert!(wait.event.is_some(), "the network has nothing to wait for");
                return Ok(());
            }
        };
        assert!(matches!(code, 0 | -2), "{code}");
        if before.first() == Some(&b'n') {
            self.keep_connection(&before, &frame, code);
            return Ok(());
        }
        assert!(code == 0 || frame == before, "a refused frame was written");
        if taken && code == 0 {
            let mut answers = serde_json::Deserializer::from_slice(&frame).into_iter::<Value>();
            let answer = answers.next().and_then(std::result::Result::ok).unwrap_or_default();
            assert!(answer.get("ok").is_some() || answer.get("error").is_some(), "no answer: {frame:?}");
        } else if let Some(call) = frame.first_chunk().map(|call| u32::from_le_bytes(*call)) {
            self.calls.push(call);
        }
        Ok(())
    }

    /// Waits as the engine does, but not for long.
    fn wait(&self, call: Option<u32>, until: Option<Instant>) -> (i32, u32) {
        let patience = Instant::now() + PATIENCE;
        let until = until.map_or(patience, |until| until.min(patience));
        loop {
            match self.host.tool_ended(call, Some(until)) {
                Ok(Waited::Ended(call)) => return (call.cast_signed(), self.host.tool_size(call)),
                Ok(Waited::Late) => return (0, 0),
                Ok(Waited::Nothing) => return (-1, 0),
                Err(wait) => drop(self.host.control().wait_blocking(&wait, until)),
            }
        }
    }

    fn frame(&self, input: &mut Unstructured<'_>) -> Result<Vec<u8>> {
        let kind = *input.choose(b"ccsssswwttttxl{?nnnn")?;
        if kind == b'n' {
            return self.network_frame(input);
        }
        let mut frame = vec![kind, 0, 0, 0];
        frame.extend(self.number(input)?.to_le_bytes());
        match kind {
            b'c' | b's' => frame.extend(request(input)?),
            b'w' => frame.extend(input.choose(&[-1, 0, 1, i64::MIN, i64::MAX])?.to_le_bytes()),
            _ => frame.resize(input.int_in_range(0..=3000)?, 0),
        }
        if input.ratio(1, 10)? {
            frame.truncate(input.int_in_range(0..=frame.len())?);
        }
        Ok(frame)
    }

    /// One for the network, of which a port is granted that nobody listens on.
    fn network_frame(&self, input: &mut Unstructured<'_>) -> Result<Vec<u8>> {
        let mut frame = vec![b'n', *input.choose(b"rccccotsvdxphhbeagqw?")?];
        frame.extend(input.choose(&[1_u16, 1, 1, 0, 443, u16::MAX])?.to_le_bytes());
        let known = input.choose_iter(self.connections.iter()).copied().unwrap_or_default();
        frame.extend(if input.ratio(1, 10)? { input.arbitrary()? } else { known }.to_le_bytes());
        let carried = match input.ratio(9, 10)? {
            true if frame.get(1) == Some(&b'h') => input.choose(&REQUESTS)?.as_bytes().to_vec(),
            true => input.choose(&["127.0.0.1", "localhost", "::1", "127.1", "a.example"])?.as_bytes().to_vec(),
            false => input.arbitrary()?,
        };
        let len = u32::try_from(carried.len()).unwrap_or(u32::MAX);
        frame.extend(if input.ratio(1, 10)? { input.arbitrary()? } else { len }.to_le_bytes());
        frame.extend(input.choose(&[0_i32, 0, 0, -1, i32::MIN, i32::MAX])?.to_le_bytes());
        frame.extend(carried);
        frame.resize(frame.len() + input.int_in_range(0..=100)?, 0);
        if input.ratio(1, 10)? {
            frame.truncate(input.int_in_range(0..=frame.len())?);
        }
        Ok(frame)
    }

    /// What a frame for the network has come to, which lies within the frame.
    fn keep_connection(&mut self, before: &[u8], frame: &[u8], code: i32) {
        assert!(code == 0 || frame == before, "a refused frame was written");
        let word = |at: usize| frame.get(at..).and_then(|bytes| bytes.first_chunk().copied()).map(u32::from_le_bytes);
        if code == 0 {
            assert!(word(4).is_some_and(|len| len as usize <= frame.len() - 16), "an answer is longer than its frame");
        }
        if code == 0 && matches!(before.get(1), Some(b'c' | b'h')) && word(0) == Some(0) {
            self.connections.extend(word(16));
        }
    }

    fn number(&self, input: &mut Unstructured<'_>) -> Result<u32> {
        if self.calls.is_empty() || input.ratio(1, 10)? {
            input.arbitrary()
        } else {
            input.choose(&self.calls).copied()
        }
    }
}

fn request(input: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    if input.ratio(1, 10)? {
        return input.arbitrary();
    }
    let name = match input.ratio(9, 10)? {
        true => (*input.choose(&NAMES)?).to_owned(),
        false => input.arbitrary()?,
    };
    let text = "x".repeat(input.int_in_range(0..=2000)?);
    let arguments = match input.int_in_range(0..=4)? {
        0 => json!({ "arguments": { "text": text } }),
        1 => json!({ "positional": [text] }),
        2 => json!({ "arguments": { "text": 1 } }),
        3 => json!({ "arguments": [] }),
        _ => json!({}),
    };
    let mut request = json!({ "name": name });
    if let (Value::Object(request), Value::Object(arguments)) = (&mut request, arguments) {
        request.extend(arguments);
    }
    Ok(request.to_string().into_bytes())
}

fn host() -> Host {
    let limits = ResourceLimits { input: ByteSize::bytes(INPUT), ..ResourceLimits::default() };
    let config = InstanceConfig::builder().limits(limits).network_allow("127.0.0.1:1").build();
    let config = config.expect("a valid policy");
    let host = Host::new(HostSetup {
        config: &config,
        limits: config.limits.clone(),
        script: None,
        arguments: Vec::new(),
        stdin: Stdin::Empty,
        stdout: Sink::Capture,
        stderr: Sink::Capture,
        mounts: Vec::new(),
        quota: Arc::new(Quota::new(&config.limits)),
        control: Arc::default(),
        tools: ToolSetup { toolbox: Arc::clone(&TOOLBOX), beside_guest: false, executor: || Some(&EXECUTOR) },
    });
    *host.expect("nothing is too large")
}

static EXECUTOR: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("an executor"));

static TOOLBOX: LazyLock<Arc<Toolbox>> = LazyLock::new(|| {
    let schema = || {
        let text = json!({ "type": "string" });
        json!({ "type": "object", "properties": { "text": text }, "additionalProperties": false })
    };
    let fails = |_| async { Err(ToolError::told("it fails, \u{1b}[2J")) };
    let tools = vec![
        Tool::with_schema_async("echo", "", schema(), |arguments| async { Ok(arguments) }),
        Tool::with_schema_async("fails", "", schema(), fails),
        Tool::with_schema("blocks", "", schema(), Ok),
        Tool::with_schema_async("never", "", schema(), |_| futures::future::pending()),
        Tool::with_schema_async("refused", "", schema(), |arguments| async { Ok(arguments) }),
    ];
    let gate = |call: &crate::tool::ToolCall<'_>| match call.name {
        "refused" => Err(ToolError::new("not this one")),
        _ => Ok(()),
    };
    Toolbox::new(Tools { tools, gate: Some(Arc::new(gate)) }).expect("tools with schemas").into()
});
