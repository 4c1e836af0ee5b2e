//! Floods, servers that trickle, and times.

use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::{Condvar, Mutex, mpsc},
};

use wasm_sandbox::{ByteUnits, Ending, ResourceKind, SandboxResult, TimeUnits};

use super::{Server, execute, grants, head, printed, program, said};

fn ended_by(result: &SandboxResult) -> Option<ResourceKind> {
    match result.ending {
        Ending::Limit(hit) => Some(hit.kind),
        _ => None,
    }
}

/// A server that says a beginning and holds its connections open.
fn begins(beginning: &'static str) -> Server {
    let (keep, kept) = mpsc::channel();
    std::thread::spawn(move || kept.into_iter().collect::<Vec<TcpStream>>());
    Server::new(move |mut stream, _| {
        head(&mut stream);
        stream.write_all(beginning.as_bytes()).unwrap();
        keep.send(stream).unwrap();
    })
}

#[test]
fn f9_what_is_fetched_in_total_ends_somewhere() {
    let server = Server::hello();
    let code = "for (let n = 0; n < 5; n++) await text(BASE);\nconsole.log('done');";
    let result = execute(program(server.port, code).network(grants(&server, |grants| grants.total_connections = 4)));
    assert_eq!(ended_by(&result), Some(ResourceKind::Connections), "{}", result.stderr);
    let enough = grants(&server, |grants| grants.total_connections = 5);
    assert_eq!(printed(&execute(program(server.port, code).network(enough))), "done\n");
    // Answers that nobody reads keep their places, until nobody can.
    let code = "const kept = []; for (let n = 0; n < 3; n++) kept.push(await fetch(BASE));";
    let two = grants(&server, |grants| grants.connections = 2);
    let result = execute(program(server.port, code).network(two.clone()));
    assert!(!result.success && result.limit_hit(ResourceKind::OpenConnections).is_some(), "{:?}", result.limits_hit);
    let code = "for (let n = 0; n < 9; n++) await fetch(BASE);\nconsole.log('done');";
    assert_eq!(printed(&execute(program(server.port, code).network(two))), "done\n");
}

#[test]
fn f9_bytes_of_requests_end_somewhere() {
    let sink = Server::new(|mut stream, _| {
        let mut left = vec![0; 64 << 10];
        while stream.read(&mut left).is_ok_and(|len| len > 0) {}
    });
    let code = "await tried(() => fetch(BASE, { method: 'POST', body: new Uint8Array(300_000), signal: AbortSignal.timeout(60_000) }));";
    let result = execute(program(sink.port, code).network(grants(&sink, |grants| grants.bytes_sent = 200.kb())));
    assert_eq!(ended_by(&result), Some(ResourceKind::BytesSent), "{}", result.stderr);
    assert_eq!(result.connections[0].bytes_sent, 200 << 10, "what is beyond it is not sent");
}

#[test]
fn f17_what_is_not_encrypted_is_no_answer_where_it_has_to_be() {
    let forged = Server::new(|mut stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged");
        let _ = stream.read_to_end(&mut Vec::new());
    });
    // It has time to come before the guest asks for it.
    let code = "const base = BASE.replace('http:', 'https:');
        const answer = fetch(base).then((answer) => answer.text(), (error) => error.code);
        await new Promise((wake) => setTimeout(wake, 200));
        console.log(await answer);";
    let result = execute(program(forged.port, code).network(grants(&forged, |_| {})));
    assert_eq!(printed(&result), "ERR_TLS\n", "{}", result.stderr);
}

#[test]
fn f9_what_waits_for_a_place_counts_once_and_spins_no_processor() {
    let server = Server::hello();
    let code = "await Promise.all(Array.from({ length: 30 }, () => text(BASE))); console.log('done');";
    let few = grants(&server, |grants| (grants.connections, grants.total_connections) = (2, 30));
    let result = execute(program(server.port, code).network(few));
    assert_eq!(printed(&result), "done\n", "{:?}", result.ending);
    let hits = result.limits_hit.iter().filter(|hit| hit.kind == ResourceKind::OpenConnections).count();
    assert!(hits <= 1, "{:?}", result.limits_hit);
    // A body that nobody reads and an answer that does not come are waited for without a call.
    let silent = begins("");
    let code =
        "const sent = fetch(BASE, { method: 'POST', body: new Uint8Array(100), signal: AbortSignal.timeout(300) });
        console.log(await sent.catch((error) => error.name));";
    let result = execute(program(silent.port, code).network(grants(&silent, |_| {})));
    assert_eq!(printed(&result), "TimeoutError\n");
    assert!(result.usage.io.host_calls < 1000, "{}", result.usage.io.host_calls);
}

#[test]
fn f10_answers_without_an_end() {
    for beginning in [
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: ",
        "\r\n\r\nHTTP/1.1 200 OK\r\nX: ",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
    ] {
        let flood = Server::new(move |mut stream, _| {
            head(&mut stream);
            stream.write_all(beginning.as_bytes()).unwrap();
            while stream.write_all(&[b'x'; 65_536]).is_ok() {}
        });
        let code = "console.log(await tried(async () => { for await (const piece of (await fetch(BASE)).body); }));";
        let result =
            execute(program(flood.port, code).network(grants(&flood, |grants| grants.bytes_received = 3.mb())));
        match beginning.contains("X: ") {
            true => assert!(printed(&result).contains("its head is too long"), "{}", result.stdout),
            false => assert_eq!(ended_by(&result), Some(ResourceKind::BytesReceived), "{}", result.stderr),
        }
        // What is not read is not taken in.
        if !beginning.contains("X: ") {
            let code = "const r = await fetch(BASE); await new Promise((wake) => setTimeout(wake, 100)); await r.body.cancel(); console.log('left');";
            let result =
                execute(program(flood.port, code).network(grants(&flood, |grants| grants.bytes_received = 64.kb())));
            assert_eq!(printed(&result), "left\n");
        }
    }
}

#[test]
fn f10_a_server_that_trickles_is_heard_to_its_end() {
    // Each byte goes out only when the guest has begun another request: no clock has a say.
    let asked = std::sync::Arc::new((Mutex::new(0), Condvar::new()));
    let seen = std::sync::Arc::clone(&asked);
    let server = Server::new(move |mut stream, _| {
        let said = head(&mut stream);
        if !said.starts_with("GET /slow") {
            *seen.0.lock().unwrap() += 1;
            seen.1.notify_all();
            let _ = stream.write_all(b"HTTP/1.1 204 No\r\n\r\n");
            return;
        }
        for (index, byte) in
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nhi\r\n0\r\nX: 1\r\n\r\n".iter().enumerate()
        {
            drop(seen.1.wait_while(seen.0.lock().unwrap(), |asked| *asked < index).unwrap());
            stream.write_all(&[*byte]).unwrap();
        }
    });
    let code = "let done = false; const slow = text(`${BASE}/slow`).finally(() => (done = true));
while (!done) await fetch(BASE);
console.log(await slow);";
    assert_eq!(said(&server, code), "hi\n");
}

#[test]
fn f10_an_answer_that_does_not_wait_for_the_request_is_read() {
    let server = begins("HTTP/1.1 413 Too Much\r\nContent-Length: 2\r\n\r\nno");
    let code = "const r = await fetch(BASE, { method: 'POST', body: new Uint8Array(16 << 20) }); console.log(r.status, await r.text());";
    assert_eq!(said(&server, code), "413 no\n");
}

#[test]
fn f10_f11_who_waits_can_stop() {
    let silent = begins("");
    let code = "
for (const ms of [0, 1, 30]) console.log(await tried(() => fetch(BASE, { signal: AbortSignal.timeout(ms) })));
console.log(await tried(() => fetch(BASE, { signal: AbortSignal.abort() })), await tried(() => fetch(BASE, { signal: 1 })));
const controller = new AbortController(); setTimeout(() => controller.abort(new Error('enough')), 5);
console.log(await tried(() => fetch(BASE, { signal: controller.signal })));";
    let said_ = said(&silent, code);
    let late = "TimeoutError: The operation was aborted due to timeout\n";
    let rest = "AbortError: This operation was aborted TypeError: Request: the signal has to be an AbortSignal.\nError: enough\n";
    assert_eq!(said_, late.repeat(3) + rest);
    // In the middle of the answer, too.
    let half = begins("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    let code = "const controller = new AbortController(); const r = await fetch(BASE, { signal: controller.signal });
const reader = r.body.getReader(); console.log((await reader.read()).value.length);
setTimeout(() => controller.abort(), 5); console.log(await tried(() => reader.read()), await tried(() => reader.read()));";
    assert_eq!(said(&half, code), "4\nAbortError: This operation was aborted AbortError: This operation was aborted\n");
    // For ever is until the guest's time is up, however it is said.
    let code = "await fetch(BASE, { signal: AbortSignal.timeout(Number(2n ** 64n - 1n)) });";
    let builder = program(silent.port, code).network_allow(&silent.rule()).timeout(1.seconds());
    let result = execute(builder);
    assert_eq!(ended_by(&result), Some(ResourceKind::WallTime), "{} {}", result.stdout, result.stderr);
    let quick = grants(&silent, |grants| grants.connection_time = 100.millis());
    let result = execute(program(silent.port, "console.log(await tried(() => fetch(BASE)));").network(quick));
    assert!(printed(&result).contains("the connection took too long"), "{}", result.stdout);
}
