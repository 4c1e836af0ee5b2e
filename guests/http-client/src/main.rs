//! Makes requests in the way that its first argument says, and prints what came of them.

use wasip2::{
    cli::stdin::get_stdin,
    clocks::monotonic_clock::subscribe_duration,
    http::{
        outgoing_handler::handle,
        types::{
            ErrorCode, Fields, FutureIncomingResponse, IncomingBody, IncomingResponse, Method, OutgoingBody,
            OutgoingRequest, RequestOptions, Scheme, http_error_code,
        },
    },
    io::{
        poll::poll,
        streams::{InputStream, OutputStream, StreamError},
    },
};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match *arguments {
        ["get", ref urls @ ..] => urls.iter().for_each(|url| println!("{}", told(get(url)))),
        ["with", method, url, ref headers @ ..] => println!("{}", told(with(method, url, headers))),
        ["authorities", port, ref hosts @ ..] => hosts.iter().for_each(|host| authority(host, port)),
        ["post", url, said, written] => println!("{}", told(post(url, said, written.parse().unwrap()))),
        ["overfull"] => overfull(),
        ["spliced"] => spliced(),
        ["unfinished", url] => println!("{}", told(unfinished(url))),
        ["early", url, written] => println!("{}", told(early(url, written.parse().unwrap()))),
        ["trailers", url] => trailers(url),
        ["times", url, ref times @ ..] => println!("{}", told(timed(url, times))),
        ["together", url, number] => together(url, number.parse().unwrap()),
        ["beside", first, second] => beside(first, second),
        ["talk", url] => talk(url),
        ["let_go", url] => let_go(url),
        ["spin", url] => spin(url),
        ["dropped", url] => dropped(url),
        ["hold", what, url] => hold(what, url),
        ["slowly", url] => slowly(url),
        ["unread", url] => unread(url),
        ["once", url] => once(url),
        ["unusable", url] => unusable(url),
        ref other => panic!("{other:?}"),
    }
}

type Answered = Result<IncomingResponse, ErrorCode>;

fn request(method: &Method, url: &str, fields: Fields) -> OutgoingRequest {
    let (scheme, rest) = url.split_once("://").unwrap();
    let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
    let request = OutgoingRequest::new(fields);
    request.set_method(method).unwrap();
    request.set_scheme(Some(&if scheme == "https" { Scheme::Https } else { Scheme::Http })).unwrap();
    request.set_authority(Some(authority)).unwrap();
    request.set_path_with_query(Some(path)).unwrap();
    request
}

fn await_(coming: &FutureIncomingResponse) -> Answered {
    coming.subscribe().block();
    coming.get().unwrap().unwrap()
}

fn get(url: &str) -> Answered {
    await_(&handle(request(&Method::Get, url, Fields::new()), None)?)
}

fn with(method: &str, url: &str, headers: &[&str]) -> Answered {
    let fields = Fields::new();
    for header in headers {
        let (name, value) = header.split_once(':').unwrap();
        if let Err(error) = fields.append(name, value.as_bytes()) {
            println!("{name}: {error:?}");
        }
    }
    let method = match method {
        "HEAD" => Method::Head,
        "POST" => Method::Post,
        other => Method::Other(other.to_owned()),
    };
    await_(&handle(request(&method, url, fields), None)?)
}

fn authority(host: &str, port: &str) {
    let request = OutgoingRequest::new(Fields::new());
    request.set_scheme(Some(&Scheme::Http)).unwrap();
    let said = if port.is_empty() { host.to_owned() } else { format!("{host}:{port}") };
    if request.set_authority(Some(&said)).is_err() {
        return println!("no authority");
    }
    println!("{}", told(handle(request, None).and_then(|coming| await_(&coming))));
}

fn told(answered: Answered) -> String {
    match answered {
        Ok(answer) => format!("{} {}", answer.status(), body(&answer.consume().unwrap())),
        Err(code) => format!("{code:?}"),
    }
}

/// A body as text, and why it broke off if it did; of a long one, its length.
fn body(body: &IncomingBody) -> String {
    let stream = body.stream().unwrap();
    let (bytes, end) = rest(&stream);
    let text =
        if bytes.len() > 1000 { format!("{} bytes", bytes.len()) } else { String::from_utf8_lossy(&bytes).into() };
    end.map_or(text.clone(), |code| format!("{text} {code:?}"))
}

fn rest(stream: &InputStream) -> (Vec<u8>, Option<Option<ErrorCode>>) {
    let mut bytes = Vec::new();
    loop {
        match stream.blocking_read(64 << 10) {
            Ok(piece) => bytes.extend(piece),
            Err(StreamError::Closed) => return (bytes, None),
            Err(StreamError::LastOperationFailed(error)) => return (bytes, Some(http_error_code(&error))),
        }
    }
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

/// A request with a body, which may say its length.
fn begun(url: &str, said: &str) -> Result<(FutureIncomingResponse, OutgoingBody), ErrorCode> {
    let fields = Fields::new();
    if said != "-" {
        fields.append("content-length", said.as_bytes()).unwrap();
    }
    let request = request(&Method::Post, url, fields);
    let body = request.body().unwrap();
    Ok((handle(request, None)?, body))
}

fn post(url: &str, said: &str, written: usize) -> Answered {
    let (coming, body) = begun(url, said)?;
    let stream = body.write().unwrap();
    let mut wrote = Ok(());
    for at in (0..written).step_by(10_000) {
        wrote = wrote.and_then(|()| write(&stream, &vec![b'x'; 10_000.min(written - at)]));
    }
    if let Err(StreamError::LastOperationFailed(error)) = wrote {
        println!("writing: {:?}", http_error_code(&error));
    }
    drop(stream);
    if let Err(code) = OutgoingBody::finish(body, None) {
        println!("finishing: {code:?}");
    }
    await_(&coming)
}

/// Writes more than there is room for before the request has gone, so that nobody makes any.
fn overfull() {
    let request = OutgoingRequest::new(Fields::new());
    let body = request.body().unwrap();
    let stream = body.write().unwrap();
    for _ in 0..2 {
        let room = stream.check_write().unwrap();
        println!("{room} {:?}", stream.write(&vec![b'x'; room as usize]));
    }
    let _ = stream.write(b"x");
}

/// Moves standard input into a body that nobody makes room in, as far as there is some.
fn spliced() {
    let request = OutgoingRequest::new(Fields::new());
    let body = request.body().unwrap();
    let (from, to) = (get_stdin(), body.write().unwrap());
    let mut moved = 0;
    while let some @ 1.. = to.splice(&from, 1 << 20).unwrap() {
        moved += some;
    }
    println!("{moved}, and {} are left", from.blocking_read(1 << 20).unwrap().len());
}

/// The body goes before it is finished.
fn unfinished(url: &str) -> Answered {
    let (coming, body) = begun(url, "-")?;
    let stream = body.write().unwrap();
    write(&stream, b"half").unwrap();
    drop(stream);
    drop(body);
    await_(&coming)
}

/// Writes until nobody listens, and then looks for the answer.
fn early(url: &str, written: usize) -> Answered {
    let (coming, body) = begun(url, "-")?;
    let stream = body.write().unwrap();
    println!("{:?}", write(&stream, &vec![b'x'; written]).is_ok());
    await_(&coming)
}

fn trailers(url: &str) {
    let (coming, outgoing) = begun(url, "-").unwrap();
    let stream = outgoing.write().unwrap();
    write(&stream, b"body").unwrap();
    drop(stream);
    let behind = Fields::from_list(&[("x-sum".to_owned(), b"42".to_vec())]).unwrap();
    println!("{:?}", behind.append("transfer-encoding", b"chunked"));
    OutgoingBody::finish(outgoing, Some(behind)).unwrap();
    let incoming = await_(&coming).unwrap().consume().unwrap();
    println!("{}", body(&incoming));
    let come = IncomingBody::finish(incoming);
    come.subscribe().block();
    let behind = come.get().unwrap().unwrap();
    let entries = |fields: Fields| {
        let mut entries = fields.entries();
        entries.sort();
        entries
            .into_iter()
            .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(&value)))
            .collect::<Vec<_>>()
    };
    println!("{:?} {}", behind.map(|fields| fields.map(entries)), come.get().unwrap().is_err());
}

/// Connect, first byte, between bytes, in nanoseconds; `-` is none.
fn timed(url: &str, times: &[&str]) -> Answered {
    let times: Vec<Option<u64>> = times.iter().map(|time| time.parse().ok()).collect();
    let options = RequestOptions::new();
    options.set_connect_timeout(times[0]).unwrap();
    options.set_first_byte_timeout(times[1]).unwrap();
    options.set_between_bytes_timeout(times[2]).unwrap();
    await_(&handle(request(&Method::Get, url, Fields::new()), Some(options))?)
}

/// All at once, each answered when it is.
fn together(url: &str, number: usize) {
    let coming: Vec<_> =
        (0..number).map(|_| handle(request(&Method::Get, url, Fields::new()), None).unwrap()).collect();
    let pollables: Vec<_> = coming.iter().map(FutureIncomingResponse::subscribe).collect();
    let mut left: Vec<usize> = (0..number).collect();
    let mut said = Vec::new();
    while !left.is_empty() {
        let waited: Vec<_> = left.iter().map(|at| &pollables[*at]).collect();
        let mut ready = poll(&waited);
        ready.sort_unstable_by(|one, other| other.cmp(one));
        for at in ready {
            said.push(told(coming[left.remove(at as usize)].get().unwrap().unwrap()));
        }
    }
    said.sort();
    println!("{}", said.join(", "));
}

/// The first goes on while only the second is waited for, and one that nobody waits for by itself.
fn beside(first: &str, second: &str) {
    let first = handle(request(&Method::Get, first, Fields::new()), None).unwrap();
    let second = handle(request(&Method::Get, second, Fields::new()), None).unwrap();
    println!("{}", told(await_(&second)));
    println!("{}", told(await_(&first)));
}

/// Never waits, and asks again and again.
fn spin(url: &str) {
    let coming = handle(request(&Method::Get, url, Fields::new()), None).unwrap();
    let answer = loop {
        if let Some(answer) = coming.get() {
            break answer.unwrap().unwrap();
        }
    };
    let body = answer.consume().unwrap();
    let stream = body.stream().unwrap();
    let mut bytes = Vec::new();
    loop {
        match stream.read(1000) {
            Ok(piece) => bytes.extend(piece),
            Err(_) => break,
        }
    }
    println!("{} {}", answer.status(), String::from_utf8_lossy(&bytes));
    // What it does not read ends, too.
    let behind = IncomingBody::finish(get(url).unwrap().consume().unwrap());
    while behind.get().is_none() {}
}

/// Says something only when it is answered, and waits for what is said to that before it ends.
fn talk(url: &str) {
    let (coming, outgoing) = begun(url, "-").unwrap();
    let answer = await_(&coming).unwrap().consume().unwrap();
    let (asks, hears) = (outgoing.write().unwrap(), answer.stream().unwrap());
    write(&asks, b"hello").unwrap();
    println!("{}", String::from_utf8_lossy(&hears.blocking_read(100).unwrap()));
    drop(asks);
    OutgoingBody::finish(outgoing, None).unwrap();
    println!("{}", String::from_utf8_lossy(&rest(&hears).0));
}

/// Drops an answer that has no end, and has nothing more to do with the host.
fn let_go(url: &str) {
    drop(get(url).unwrap());
    loop {
        std::hint::black_box(());
    }
}

/// Lets go of a request in each state that it can be in; each time, there is a place for the next.
fn dropped(url: &str) {
    let begin = || handle(request(&Method::Get, url, Fields::new()), None).unwrap();
    drop(request(&Method::Get, url, Fields::new()));
    drop(begin());
    let coming = begin();
    let _ = coming.get();
    drop(coming);
    let coming = begin();
    coming.subscribe().block();
    drop(coming);
    drop(get(url));
    let answer = get(url).unwrap();
    drop(answer.consume().unwrap());
    let body = get(url).unwrap().consume().unwrap();
    let stream = body.stream().unwrap();
    stream.blocking_read(1).unwrap();
    drop(stream);
    let come = IncomingBody::finish(body);
    come.subscribe().block();
    println!("{:?}", come.get().unwrap().unwrap().map(|fields| fields.is_none()));
    let outgoing = begun(url, "-").unwrap();
    drop(outgoing);
    let (coming, body) = begun(url, "-").unwrap();
    let stream = body.write().unwrap();
    drop(coming);
    println!(
        "{:?}",
        (0..100).map(|_| write(&stream, &[0; 60_000])).find_map(Result::err).map(|error| error.to_string())
    );
    println!("{}", told(get(url)));
}

/// Holds ever more.
fn hold(what: &str, url: &str) {
    let (mut requests, mut coming, mut options, mut answers, mut pollables) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let new = || request(&Method::Get, url, Fields::new());
    let one = handle(new(), None);
    loop {
        match what {
            "requests" => requests.push(new()),
            "options" => options.push(RequestOptions::new()),
            "authorities" => _ = new().set_authority(Some(&"a".repeat(8000))),
            "paths" => _ = new().set_path_with_query(Some(&"/".repeat(9000))),
            "methods" => _ = new().set_method(&Method::Other("A".repeat(9000))),
            "schemes" => _ = new().set_scheme(Some(&Scheme::Other("a".repeat(9000)))),
            "coming" => coming.push(handle(new(), None)),
            "answers" => answers.push(get(url)),
            "pollables" => pollables.push(one.as_ref().unwrap().subscribe()),
            other => panic!("{other}"),
        }
    }
}

/// Reads a byte at a time, and sleeps in between as long as it takes to let others run.
fn slowly(url: &str) {
    let body = get(url).unwrap().consume().unwrap();
    let stream = body.stream().unwrap();
    let mut read = 0;
    while let Ok(piece) = stream.blocking_read(10_000) {
        read += piece.len();
        subscribe_duration(1).block();
    }
    println!("{read}");
}

/// Never reads the answer's body, and does something else.
fn unread(url: &str) {
    let answer = get(url).unwrap();
    let body = answer.consume().unwrap();
    let stream = body.stream().unwrap();
    stream.subscribe().block();
    subscribe_duration(50_000_000).block();
    println!("{} {}", answer.status(), stream.read(10).unwrap().len());
}

/// What can be had only once.
fn once(url: &str) {
    let coming = handle(request(&Method::Get, url, Fields::new()), None).unwrap();
    let answer = await_(&coming).unwrap();
    let again = coming.get().unwrap().is_err();
    let headers = answer.headers();
    let fixed = headers.append("x-more", b"1");
    let mut names: Vec<String> = headers.entries().into_iter().map(|(name, _)| name).collect();
    names.sort();
    let body = answer.consume().unwrap();
    let twice = answer.consume().is_err();
    let stream = body.stream().unwrap();
    println!("{again} {twice} {} {fixed:?} {names:?}", body.stream().is_err());
    drop(stream);
}

/// Requests that say what none can say.
fn unusable(url: &str) {
    let failed = |change: &dyn Fn(&OutgoingRequest)| {
        let request = request(&Method::Get, url, Fields::new());
        change(&request);
        println!("{}", told(handle(request, None).and_then(|coming| await_(&coming))));
    };
    failed(&|request| request.set_authority(None).unwrap());
    failed(&|request| request.set_scheme(Some(&Scheme::Other("ftp".to_owned()))).unwrap());
    failed(&|request| request.set_method(&Method::Connect).unwrap());
    failed(&|request| request.set_path_with_query(Some("*")).unwrap());
    let said = |lengths: &[&str]| {
        let fields = Fields::new();
        lengths.iter().for_each(|length| fields.append("content-length", length.as_bytes()).unwrap());
        println!("{}", told(handle(request(&Method::Post, url, fields), None).and_then(|coming| await_(&coming))));
    };
    said(&["5"]);
    said(&["0", "0"]);
    said(&["+0"]);
    said(&["0"]);
    let set = request(&Method::Get, url, Fields::new());
    for path in ["/a b", "/a\r\nX: y", "/\0"] {
        println!("{:?}", set.set_path_with_query(Some(path)));
    }
    println!("{:?}", set.set_method(&Method::Other("GET / HTTP/1.1\r\nX:".to_owned())));
    println!("{:?}", set.set_authority(Some("a.com\r\nX: y")));
    println!("{:?}", set.set_authority(Some(&"a".repeat(9000))));
    // No more of a head than a server takes.
    let fields = Fields::new();
    fields.append("x", &vec![b'x'; 65_000]).unwrap();
    println!("{}", told(handle(request(&Method::Get, url, fields), None).and_then(|coming| await_(&coming))));
    println!("{}", told(get(url)));
}
