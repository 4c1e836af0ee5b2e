//! Connections, bytes and time.

use std::{
    io::Write,
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::{Duration, Instant},
};

use wasm_sandbox::{ByteUnits, Ending, NetworkGrants, NetworkPolicy, ResourceKind, SandboxResult, TimeUnits};

use super::{Server, execute, head, printed, program};

fn with(server: &Server, code: &str, change: impl FnOnce(&mut NetworkGrants)) -> SandboxResult {
    let mut grants = NetworkGrants { rules: vec![server.rule().parse().unwrap()], ..NetworkGrants::default() };
    change(&mut grants);
    execute(program(server.port, code).network(NetworkPolicy::Allow(grants)))
}

fn ended_by(result: &SandboxResult) -> Option<ResourceKind> {
    match result.ending {
        Ending::Limit(hit) => Some(hit.kind),
        _ => None,
    }
}

/// A server that holds its connections open and says nothing.
fn silent() -> Server {
    let (keep, kept) = mpsc::channel();
    std::thread::spawn(move || kept.into_iter().collect::<Vec<TcpStream>>());
    Server::new(move |stream, _| keep.send(stream).unwrap())
}

#[test]
fn f9_connections_at_a_time_and_in_total_end_somewhere() {
    let server = silent();
    let code = "open = []
for _ in range(3): open.append(tried(lambda: socket.create_connection(('127.0.0.1', PORT))))
print([type(one).__name__ for one in open], open[2])
open[0].close()
print(type(socket.create_connection(('127.0.0.1', PORT))).__name__)";
    let result = with(&server, code, |grants| grants.connections = 2);
    let said = printed(&result);
    assert!(said.starts_with("['socket', 'socket', 'str'] OSError: "), "{said}");
    assert!(said.contains("too many connections are open") && said.ends_with("\nsocket\n"), "{said}");
    let hit = result.limit_hit(ResourceKind::OpenConnections).unwrap();
    assert_eq!((hit.used, hit.limit), (3, 2));
    let enough = with(&server, code, |grants| grants.connections = 3);
    assert!(printed(&enough).starts_with("['socket', 'socket', 'socket']") && enough.limits_hit.is_empty());

    let code = "for _ in range(5): socket.create_connection(('127.0.0.1', PORT)).close()\nprint('done')";
    let result = with(&server, code, |grants| grants.total_connections = 4);
    assert_eq!(ended_by(&result), Some(ResourceKind::Connections));
    assert_eq!(result.connections.len(), 4);
    assert_eq!(printed(&with(&server, code, |grants| grants.total_connections = 5)), "done\n");
}

#[test]
fn f9_bytes_in_both_directions_end_somewhere() {
    let sink = Server::new(|mut stream, _| {
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    });
    let code = "s = socket.create_connection(('127.0.0.1', PORT)); s.sendall(bytes(300_000)); s.close(); print('sent')";
    let result = with(&sink, code, |grants| grants.bytes_sent = 299_999.bytes());
    assert_eq!(ended_by(&result), Some(ResourceKind::BytesSent), "{}", result.stdout);
    assert_eq!(result.connections[0].bytes_sent, 299_999, "what is beyond it is not sent");
    let result = with(&sink, code, |grants| grants.bytes_sent = 300_000.bytes());
    assert_eq!((printed(&result).as_str(), result.connections[0].bytes_sent), ("sent\n", 300_000));
}

#[test]
fn f10_answers_without_an_end_and_servers_without_a_word() {
    let poured = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&poured);
    let flood = Server::new(move |mut stream, _| {
        while stream.write_all(&[b'x'; 65_536]).is_ok() {
            counted.fetch_add(65_536, Ordering::Relaxed);
        }
    });
    let code = "s = socket.create_connection(('127.0.0.1', PORT))
try:
    while True: s.recv(65536)
except BaseException as exc: print(exc)";
    let result = with(&flood, code, |grants| grants.bytes_received = 3.mb());
    assert_eq!(ended_by(&result), Some(ResourceKind::BytesReceived));
    // What is not read is not taken in: a guest that does not look holds little of the host's memory.
    let idle = "import time; s = socket.create_connection(('127.0.0.1', PORT)); time.sleep(0.3); print(len(s.recv(9)))";
    poured.store(0, Ordering::Relaxed);
    assert_eq!(printed(&with(&flood, idle, |grants| grants.bytes_received = 9.bytes())), "9\n");
    // What there is lies in the system's own buffers: a host that read all the time would have had ten times as much.
    assert!(poured.load(Ordering::Relaxed) < 32 << 20, "{poured:?} bytes were taken");

    let silent = silent();
    let code = "s = socket.create_connection(('127.0.0.1', PORT), timeout=0.1); print(tried(lambda: s.recv(1)))";
    assert_eq!(printed(&with(&silent, code, |_| {})), "TimeoutError: timed out\n");
    let code = "socket.create_connection(('127.0.0.1', PORT)).recv(1)";
    let began = Instant::now();
    let builder = program(silent.port, code).network_allow(&silent.rule()).timeout(500.millis());
    assert_eq!(ended_by(&execute(builder)), Some(ResourceKind::WallTime));
    assert!(began.elapsed() < Duration::from_secs(20));
    let code = "s = socket.create_connection(('127.0.0.1', PORT)); print(tried(lambda: s.recv(1)))";
    let result = with(&silent, code, |grants| grants.connection_time = 100.millis());
    assert!(printed(&result).contains("the connection took too long"), "{}", result.stdout);
}

#[test]
fn f10_a_slow_answer_comes_and_can_be_cancelled() {
    let slow = Server::new(|mut stream, _| {
        head(&mut stream);
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi" {
            std::thread::sleep(Duration::from_millis(2));
            if stream.write_all(&[*byte]).is_err() {
                return;
            }
        }
    });
    let code = "print(urllib.request.urlopen(f'http://127.0.0.1:{PORT}/').read().decode())";
    assert_eq!(printed(&with(&slow, code, |_| {})), "hi\n");

    let silent = silent();
    let code = "socket.create_connection(('127.0.0.1', PORT)).recv(1)";
    let sandbox = program(silent.port, code).network_allow(&silent.rule()).build_blocking().unwrap();
    let handle = sandbox.cancel_handle();
    let connected = silent.connections.clone();
    std::thread::spawn(move || {
        while connected.load(std::sync::atomic::Ordering::SeqCst) == 0 {
            std::thread::yield_now();
        }
        handle.cancel();
    });
    assert_eq!(sandbox.execute([""; 0]).unwrap().ending, Ending::Cancel);
}

#[test]
fn f11_timeouts_of_nothing_and_of_for_ever() {
    let silent = silent();
    let code = "s = socket.create_connection(('127.0.0.1', PORT))
for timeout in (0, 1e-9, -1, float('nan'), float('inf'), 1e300, 2**64):
    print(tried(lambda: s.settimeout(timeout)) or (s.gettimeout() < 1 and tried(lambda: s.recv(1))))
s.setblocking(False); print(tried(lambda: s.recv(1)))";
    let result = with(&silent, code, |_| {});
    let said = printed(&result);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], lines[7]);
    assert!(lines[0].starts_with("BlockingIOError: ") && lines[1] == "TimeoutError: timed out", "{said}");
    assert!(lines[2].starts_with("ValueError: ") && lines[3].starts_with("ValueError: "), "{said}");
    assert_eq!(lines[4..7], ["False"; 3], "{said}");
    // A wait for ever ends with the guest's time.
    let code = "s = socket.create_connection(('127.0.0.1', PORT)); s.settimeout(2**64); s.recv(1)";
    let builder = program(silent.port, code).network_allow(&silent.rule()).timeout(500.millis());
    assert_eq!(ended_by(&execute(builder)), Some(ResourceKind::WallTime));
}
