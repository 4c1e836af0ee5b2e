//! Answers requests in the way that their path says.

use std::sync::atomic::{AtomicU32, Ordering};

use wasip2::{
    exports::http::incoming_handler::Guest,
    http::{
        outgoing_handler,
        types::{
            ErrorCode, Fields, IncomingBody, IncomingRequest, OutgoingBody, OutgoingRequest, OutgoingResponse,
            ResponseOutparam, Scheme,
        },
    },
    io::streams::{InputStream, OutputStream, StreamError},
};

struct Handler;

wasip2::http::proxy::export!(Handler);

static ANSWERED: AtomicU32 = AtomicU32::new(0);

impl Guest for Handler {
    fn handle(request: IncomingRequest, out: ResponseOutparam) {
        let path = request.path_with_query().unwrap_or_default();
        let (path, query) = path.split_once('?').unwrap_or((&path, ""));
        match path {
            "/hello" => answer(out, "hello\n"),
            "/count" => answer(out, &format!("{}\n", ANSWERED.fetch_add(1, Ordering::Relaxed) + 1)),
            "/request" => answer(out, &told(&request)),
            "/echo" => echo(&request, out),
            "/sum" => sum(&request, out),
            "/status" => status(out, query.parse().unwrap_or(0)),
            "/trailers" => trailers(&request, out),
            "/fields" => answer(out, &fields()),
            "/said" => said(out, query),
            "/flood" => flood(out),
            "/slow" => slow(out, query.parse().unwrap_or(0)),
            "/files" => answer(out, &format!("{:?}\n", std::fs::read_to_string(query))),
            "/print" => {
                println!("printed {query}");
                eprintln!("complained {query}");
                answer(out, "printed\n");
            }
            "/proxy" => proxy(&request, out, query),
            "/outgoing" => answer(out, &outgoing(query)),
            "/twice" => answer(out, &twice(&request)),
            "/bodies" => bodies(out),
            "/refuse" => ResponseOutparam::set(out, Err(refusal(query))),
            "/nothing" => drop(out),
            "/after" => {
                answer(out, "answered\n");
                loop {
                    std::hint::black_box(());
                }
            }
            "/trap" => panic!("no answer"),
            "/loop" => {
                if !query.is_empty() {
                    std::fs::write(query, "begun").unwrap();
                }
                loop {
                    std::hint::black_box(());
                }
            }
            "/hold" => hold(query),
            "/many" => many(),
            "/says" => says(out, query),
            "/part" => part(&request, out),
            "/memory" => {
                let mut held = Vec::new();
                loop {
                    held.push(vec![1_u8; 1 << 20]);
                    std::hint::black_box(&held);
                }
            }
            _ => status(out, 404),
        }
    }
}

/// A response whose body is written through what is given back.
fn begin(out: ResponseOutparam, fields: &[(&str, &str)]) -> (OutgoingBody, OutputStream) {
    let entries: Vec<_> = fields.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
    let response = OutgoingResponse::new(Fields::from_list(&entries).unwrap());
    let body = response.body().unwrap();
    ResponseOutparam::set(out, Ok(response));
    let stream = body.write().unwrap();
    (body, stream)
}

fn answer(out: ResponseOutparam, text: &str) {
    let (body, stream) = begin(out, &[("content-type", "text/plain")]);
    write(&stream, text.as_bytes()).unwrap();
    drop(stream);
    OutgoingBody::finish(body, None).unwrap();
}

fn write(stream: &OutputStream, mut bytes: &[u8]) -> Result<(), StreamError> {
    while !bytes.is_empty() {
        stream.subscribe().block();
        let room = (stream.check_write()? as usize).min(bytes.len());
        stream.write(&bytes[..room])?;
        bytes = &bytes[room..];
    }
    stream.blocking_flush()
}

/// Why there is no answer.
fn refusal(query: &str) -> ErrorCode {
    match query {
        "late" => ErrorCode::ConnectionReadTimeout,
        "elsewhere" => ErrorCode::DestinationUnavailable,
        "own" => ErrorCode::InternalError(Some("no luck".to_owned())),
        _ => ErrorCode::LoopDetected,
    }
}

fn status(out: ResponseOutparam, status: u16) {
    let response = OutgoingResponse::new(Fields::new());
    if response.set_status_code(status).is_err() {
        response.set_status_code(400).unwrap();
    }
    ResponseOutparam::set(out, Ok(response));
}

fn told(request: &IncomingRequest) -> String {
    let mut lines = vec![format!(
        "{:?} {:?} {:?} {:?}",
        request.method(),
        request.scheme(),
        request.authority(),
        request.path_with_query()
    )];
    for (name, value) in request.headers().entries() {
        lines.push(format!("{name}: {}", String::from_utf8_lossy(&value)));
    }
    lines.join("\n") + "\n"
}

/// Pieces of a body as they come.
fn pieces(body: &IncomingBody, mut each: impl FnMut(Vec<u8>)) -> Result<(), StreamError> {
    let stream: InputStream = body.stream().unwrap();
    loop {
        match stream.blocking_read(64 << 10) {
            Ok(piece) => each(piece),
            Err(StreamError::Closed) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

fn echo(request: &IncomingRequest, out: ResponseOutparam) {
    let incoming = request.consume().unwrap();
    let (body, stream) = begin(out, &[]);
    pieces(&incoming, |piece| write(&stream, &piece).unwrap()).unwrap();
    drop(stream);
    OutgoingBody::finish(body, None).unwrap();
}

fn sum(request: &IncomingRequest, out: ResponseOutparam) {
    let incoming = request.consume().unwrap();
    let (mut bytes, mut sum) = (0, 0_u64);
    let read = pieces(&incoming, |piece| {
        bytes += piece.len();
        sum += piece.iter().map(|byte| u64::from(*byte)).sum::<u64>();
    });
    answer(out, &format!("{bytes} {sum} {}\n", read.is_ok()));
}

fn trailers(request: &IncomingRequest, out: ResponseOutparam) {
    let incoming = request.consume().unwrap();
    pieces(&incoming, drop).unwrap();
    let come = IncomingBody::finish(incoming);
    come.subscribe().block();
    let trailers = come.get().unwrap().unwrap().unwrap();
    let entries = trailers.map(|trailers| trailers.entries()).unwrap_or_default();
    let (body, stream) = begin(out, &[("trailer", "x-sum")]);
    write(&stream, format!("{} trailers\n", entries.len()).as_bytes()).unwrap();
    drop(stream);
    let behind = Fields::from_list(&[("x-sum".to_owned(), b"42".to_vec())]).unwrap();
    OutgoingBody::finish(body, Some(behind)).unwrap();
}

/// What becomes of fields that no guest may say.
fn fields() -> String {
    let fields = Fields::new();
    let mut lines = Vec::new();
    for (name, value) in [
        ("x-fine", "yes"),
        ("X-Fine", "again"),
        ("connection", "close"),
        ("Transfer-Encoding", "chunked"),
        ("host", "elsewhere"),
        ("upgrade", "h2c"),
        ("x-break", "a\r\nx-injected: 1"),
        ("x-nul", "a\0b"),
        ("bad name", "x"),
        ("", "x"),
        ("x\r\ny", "x"),
    ] {
        lines.push(format!("{name:?} {:?}", fields.append(name, value.as_bytes())));
    }
    lines.push(format!("{:?}", fields.get("x-fine").len()));
    let response = OutgoingResponse::new(fields);
    lines.push(format!("{:?}", response.headers().append("x-more", b"1")));
    lines.push(format!("{:?}", response.headers().clone().append("x-more", b"1")));
    lines.join("\n") + "\n"
}

/// Says one length and writes another: `SAID,WRITTEN`.
fn said(out: ResponseOutparam, query: &str) {
    let (said, written) = query.split_once(',').unwrap();
    let (body, stream) = begin(out, &[("content-length", said)]);
    let wrote = write(&stream, &vec![b'x'; written.parse().unwrap()]);
    drop(stream);
    let finished = OutgoingBody::finish(body, None);
    eprintln!("{} {finished:?}", wrote.is_ok());
}

fn flood(out: ResponseOutparam) {
    let (_body, stream) = begin(out, &[]);
    while write(&stream, &[b'x'; 4096]).is_ok() {}
}

/// A piece each so many milliseconds.
fn slow(out: ResponseOutparam, millis: u64) {
    let (_body, stream) = begin(out, &[]);
    for piece in 0.. {
        if write(&stream, format!("{piece}\n").as_bytes()).is_err() {
            return;
        }
        wasip2::clocks::monotonic_clock::subscribe_duration(millis * 1_000_000).block();
    }
}

fn outgoing(authority: &str) -> String {
    let request = OutgoingRequest::new(Fields::new());
    request.set_scheme(Some(&Scheme::Http)).unwrap();
    request.set_authority(Some(authority)).unwrap();
    request.set_path_with_query(Some("/")).unwrap();
    format!("{:?}\n", outgoing_handler::handle(request, None).map(drop))
}

/// Asks a server the same, and answers what it answers: `AUTHORITY/PATH`. What neither of both bodies can hold waits.
fn proxy(request: &IncomingRequest, out: ResponseOutparam, to: &str) {
    let (authority, path) = to.split_at(to.find('/').unwrap());
    let outgoing = OutgoingRequest::new(request.headers().clone());
    outgoing.set_method(&request.method()).unwrap();
    outgoing.set_scheme(Some(&Scheme::Http)).unwrap();
    outgoing.set_authority(Some(authority)).unwrap();
    outgoing.set_path_with_query(Some(path)).unwrap();
    let body = outgoing.body().unwrap();
    let answered = outgoing_handler::handle(outgoing, None).and_then(|coming| {
        carry(request.consume().unwrap(), body);
        coming.subscribe().block();
        coming.get().unwrap().unwrap()
    });
    match answered {
        Ok(answered) => {
            let response = OutgoingResponse::new(answered.headers().clone());
            response.set_status_code(answered.status()).unwrap();
            let body = response.body().unwrap();
            ResponseOutparam::set(out, Ok(response));
            carry(answered.consume().unwrap(), body);
        }
        Err(code) => {
            let response = OutgoingResponse::new(Fields::new());
            response.set_status_code(502).unwrap();
            let body = response.body().unwrap();
            ResponseOutparam::set(out, Ok(response));
            let stream = body.write().unwrap();
            write(&stream, format!("{code:?}\n").as_bytes()).unwrap();
            drop(stream);
            OutgoingBody::finish(body, None).unwrap();
        }
    }
}

/// Carries a body to another, with what comes behind it. What breaks off there breaks off here.
fn carry(from: IncomingBody, to: OutgoingBody) {
    let (input, output) = (from.stream().unwrap(), to.write().unwrap());
    let end = loop {
        if let Err(end) = output.blocking_splice(&input, 64 << 10) {
            break end;
        }
    };
    drop((input, output));
    let come = IncomingBody::finish(from);
    come.subscribe().block();
    if let (StreamError::Closed, Some(Ok(Ok(behind)))) = (end, come.get()) {
        let behind = behind.map(|behind| behind.clone());
        let _ = OutgoingBody::finish(to, behind);
    }
}

/// What can be had only once.
fn twice(request: &IncomingRequest) -> String {
    let body = request.consume().unwrap();
    let (again, stream) = (request.consume().is_err(), body.stream().unwrap());
    let line = format!("{again} {}\n", body.stream().is_err());
    drop(stream);
    line
}

/// Fields of responses that have gone, or what is left of fields that were taken out.
fn hold(query: &str) {
    let mut held = Vec::new();
    loop {
        let fields = Fields::new();
        fields.append("x-large", &vec![b'x'; 60_000]).unwrap();
        if query == "deleted" {
            fields.delete("x-large").unwrap();
            fields.append("x-large", &vec![b'x'; 60_000]).unwrap();
            held.push(fields);
        } else {
            let response = OutgoingResponse::new(fields);
            held.push(response.headers());
        }
    }
}

fn many() {
    let fields = Fields::new();
    loop {
        fields.append("x", b"").unwrap();
    }
}

/// Says a length, and has no body.
fn says(out: ResponseOutparam, length: &str) {
    let fields = Fields::from_list(&[("content-length".to_owned(), length.as_bytes().to_vec())]).unwrap();
    ResponseOutparam::set(out, Ok(OutgoingResponse::new(fields)));
}

/// Reads some of a body and waits for what comes behind it.
fn part(request: &IncomingRequest, out: ResponseOutparam) {
    let incoming = request.consume().unwrap();
    let stream = incoming.stream().unwrap();
    stream.blocking_read(10).unwrap();
    drop(stream);
    let come = IncomingBody::finish(incoming);
    come.subscribe().block();
    answer(out, &format!("{}\n", come.get().is_some()));
}

/// Many bodies, each full.
fn bodies(out: ResponseOutparam) {
    let mut held = Vec::new();
    loop {
        let response = OutgoingResponse::new(Fields::new());
        let body = response.body().unwrap();
        let stream = body.write().unwrap();
        let room = stream.check_write().unwrap();
        stream.write(&vec![0; room as usize]).unwrap();
        held.push((stream, body, response));
        if held.len() == 5000 {
            return answer(out, "5000 bodies\n");
        }
    }
}
