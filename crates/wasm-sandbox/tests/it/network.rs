//! The network as programs in Python and JavaScript and components reach it, against servers of the tests' own on this machine.

mod attacks;
mod fetch;
mod http;
mod limits;
mod secrets;
mod sessions;
mod sockets;
mod tls;

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use wasm_sandbox::{Denial, Language, SandboxResult, Setup, WasmSandbox, WasmSandboxBuilder};

use crate::languages;

/// A server that hears requests and answers them.
pub(crate) struct Server {
    pub(crate) port: u16,
    connections: Arc<AtomicUsize>,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Each connection is given to `serve`, in a thread of its own.
    fn new(serve: impl Fn(TcpStream, &Mutex<Vec<String>>) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (connections, heard) = (Arc::<AtomicUsize>::default(), Arc::<Mutex<Vec<String>>>::default());
        let (count, hears) = (Arc::clone(&connections), Arc::clone(&heard));
        let serve = Arc::new(serve);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                let (serve, hears) = (Arc::clone(&serve), Arc::clone(&hears));
                thread::spawn(move || serve(stream, &hears));
            }
        });
        Self { port, connections, heard }
    }

    /// Each request gets this answer.
    fn answering(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::new(move |mut stream, heard| {
            let said = head(&mut stream);
            heard.lock().unwrap().push(said);
            // A guest that has ended does not listen.
            let _ = stream.write_all(&answer);
        })
    }

    pub(crate) fn hello() -> Self {
        Self::answering(ok("hello"))
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    pub(crate) fn rule(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

/// A request up to the empty line after its head.
fn head(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) > 0 {
        head.push(byte[0]);
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// A program that sees `PORT`, and what fails in it as a line: `PermissionError: ...`.
fn program(port: u16, code: &str) -> WasmSandboxBuilder {
    let code = format!(
        "import errno, socket, ssl, urllib.request, http.client\nPORT = {port}\ndef tried(act):\n    try: return act()\n    \
         except Exception as exc:\n        exc = getattr(exc, 'reason', exc) if isinstance(exc, urllib.error.URLError) else exc\n        \
         return f'{{type(exc).__name__}}: {{exc}}'\n{code}"
    );
    languages::source(Language::Python, &code)
}

fn execute(builder: WasmSandboxBuilder) -> SandboxResult {
    builder.build_blocking().unwrap().execute([""; 0]).unwrap()
}

fn printed(result: &SandboxResult) -> String {
    assert!(result.success, "{:?} {} {}", result.ending, result.stdout, result.stderr);
    result.stdout.to_string()
}

fn denied<'a>(result: &'a SandboxResult, operation: &str, target: &str) -> &'a Denial {
    let denial = result.denials.iter().find(|denial| denial.operation == operation && denial.target == target);
    let denial = denial.unwrap_or_else(|| panic!("{:?}", result.denials));
    assert_eq!(denial.capability, "network");
    denial
}

#[test]
fn f1_nothing_is_reached_unless_it_is_granted() {
    let server = Server::hello();
    let code = "print(tried(lambda: socket.create_connection(('127.0.0.1', PORT))))
print(tried(lambda: socket.getaddrinfo('example.com', 443)))
print(tried(lambda: socket.socket().connect(('127.0.0.1', PORT))))
print(tried(lambda: urllib.request.urlopen(f'http://127.0.0.1:{PORT}/').read().decode()))";
    let closed = execute(program(server.port, code));
    let said = printed(&closed);
    for line in said.lines() {
        assert!(line.starts_with("PermissionError: ") && line.contains("--allow-net"), "{said}");
    }
    assert_eq!((said.lines().count(), server.connections()), (4, 0));
    denied(&closed, "resolve", "example.com");
    denied(&closed, "connect", &server.rule());
    assert_eq!(closed.connections.len(), 1, "{:?}", closed.connections);
    assert_eq!(closed.connections[0].error.as_deref(), Some("the network is not granted"));

    let open = execute(program(server.port, code).network_allow(&server.rule()));
    let said = printed(&open);
    assert!(said.ends_with("hello\n") && said.matches("PermissionError").count() == 1, "{said}");
    assert_eq!(open.denials.len(), 1);
    let last = open.connections.last().unwrap();
    assert_eq!((last.host.as_str(), last.address.as_deref()), ("127.0.0.1", Some("127.0.0.1")));
    assert_eq!((last.port, last.tls, last.error.as_deref()), (server.port, false, None));
    assert!(last.bytes_sent > 20 && last.bytes_received == ok("hello").len() as u64, "{last:?}");
}

#[test]
fn pythons_own_modules_work() {
    let server = Server::hello();
    let code = "import select, selectors
c = http.client.HTTPConnection('localhost', PORT, timeout=5)
c.request('GET', '/one'); r = c.getresponse(); print(r.status, r.read())
with socket.create_connection(('localhost', PORT), timeout=5) as s:
    print(s.getpeername() == ('127.0.0.1', PORT), s.getsockname()[0], s.gettimeout(), s.family.name, s.type.name)
    print(select.select([s], [s], [], 0) == ([], [s], []))
    poll = select.poll(); poll.register(s, select.POLLIN); print(poll.poll(0))
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    f = s.makefile('rwb')
    f.write(b'GET /two HTTP/1.1\\r\\n\\r\\n'); f.flush(); s.shutdown(socket.SHUT_WR)
    with selectors.DefaultSelector() as selector:
        selector.register(s, selectors.EVENT_READ); print(len(selector.select(5)))
    buffer = bytearray(4); print(s.recv_into(buffer), buffer, f.read()[-5:], s.recv(1)); f.close()
print(tried(lambda: s.recv(1)), s.fileno())
print(tried(lambda: socket.create_connection(('localhost', PORT)).recv(10, socket.MSG_PEEK)))";
    let result = execute(program(server.port, code).network_allow(&server.rule()));
    assert_eq!(
        printed(&result),
        "200 b'hello'\nTrue 127.0.0.1 5.0 AF_INET SOCK_STREAM\nTrue\n[]\n1\n4 bytearray(b'HTTP') b'hello' b''\n\
         OSError: [Errno 8] the socket is closed -1\n\
         OSError: [Errno 58] bytes cannot be looked at without being taken in this sandbox\n"
    );
    assert!(server.heard()[1].starts_with("GET /two"), "{:?}", server.heard());
}

#[test]
fn what_does_not_answer_is_an_error_of_its_own() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let code = "print(tried(lambda: socket.create_connection(('127.0.0.1', PORT))))
print(socket.socket().connect_ex(('127.0.0.1', PORT)) == errno.ECONNREFUSED)";
    let result = execute(program(free, code).network_allow(&format!("127.0.0.1:{free}")));
    assert_eq!(printed(&result), format!("ConnectionRefusedError: [Errno {}] the connection was refused\nTrue\n", 14));
    assert_eq!(result.connections[0].error.as_deref(), Some("the connection was refused"));
    assert!(result.denials.is_empty());
}

#[tokio::test]
async fn asynchronous_sandboxes_reach_it_too() {
    let server = Server::hello();
    let code = "print(urllib.request.urlopen(f'http://localhost:{PORT}/').read().decode())";
    let sandbox = program(server.port, code).network_allow(&server.rule()).build().await.unwrap();
    assert_eq!(printed(&sandbox.execute([""; 0]).await.unwrap()), "hello\n");
}

#[test]
fn a_grant_to_a_guest_without_a_way_there_is_a_mistake() {
    let builder =
        WasmSandbox::builder().setup(Setup::default()).source(crate::wat("(module (func (export \"_start\")))"));
    let error = builder.network_allow("example.com:443").build_blocking().err().unwrap();
    assert!(error.to_string().starts_with("capabilities.network: "), "{error}");
}
