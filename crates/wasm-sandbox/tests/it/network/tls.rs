//! TLS by the host.

use std::{
    io::Write,
    net::TcpStream,
    sync::{Arc, Mutex},
};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{PrivateKeyDer, pem::PemObject},
};
use wasm_sandbox::{NetworkGrants, NetworkPolicy};

use super::{Server, execute, head, ok, printed, program};

/// An authority of a test's own, in a file.
pub(super) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    pub(super) file: tempfile::NamedTempFile,
}

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(issuer.pem().as_bytes()).unwrap();
        Self { issuer, file }
    }

    fn config(&self, name: &str) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &self.issuer).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
        let mut config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Arc::new(config)
    }

    /// A server with a certificate for `name` that answers requests with what they say in their first line.
    pub(super) fn server(&self, name: &str) -> Server {
        let config = self.config(name);
        Server::new(move |stream, heard| {
            let mut stream = tls(&config, stream);
            let said = head(&mut stream);
            let answer = ok(said.lines().next().unwrap_or_default());
            push(heard, said);
            // One that does not trust it has gone.
            let _ = stream.write_all(answer.as_bytes());
            stream.conn.send_close_notify();
            let _ = stream.flush();
        })
    }

    /// A server that gives this answer, and then says that it ends, or leaves without a word.
    pub(super) fn answering(&self, name: &str, answer: &'static str, says_so: bool) -> Server {
        let config = self.config(name);
        Server::new(move |stream, _| {
            let mut stream = tls(&config, stream);
            head(&mut stream);
            let _ = stream.write_all(answer.as_bytes());
            if says_so {
                stream.conn.send_close_notify();
            }
            let _ = stream.flush();
        })
    }

    pub(super) fn grants(&self, server: &Server) -> NetworkGrants {
        NetworkGrants {
            rules: vec![server.rule().parse().unwrap()],
            roots: vec![self.file.path().to_owned()],
            ..NetworkGrants::default()
        }
    }
}

fn tls(config: &Arc<ServerConfig>, stream: TcpStream) -> StreamOwned<ServerConnection, TcpStream> {
    StreamOwned::new(ServerConnection::new(Arc::clone(config)).unwrap(), stream)
}

fn push(heard: &Mutex<Vec<String>>, said: String) {
    heard.lock().unwrap().push(said);
}

const GET: &str = "print(tried(lambda: urllib.request.urlopen(f'https://localhost:{PORT}/x').read().decode()))";

#[test]
fn the_host_encrypts_and_checks_the_name() {
    let authority = Authority::new();
    let server = authority.server("localhost");
    let code = format!(
        "{GET}
context = ssl.create_default_context()
context.set_alpn_protocols(['h2', 'http/1.1'])
with socket.create_connection(('localhost', PORT)) as raw, context.wrap_socket(raw, server_hostname='localhost') as s:
    print(s.version(), s.cipher()[0], s.selected_alpn_protocol(), len(s.getpeercert(True)) > 100, raw.fileno())
    s.write(b'GET /y HTTP/1.1\\r\\n\\r\\n'); print(s.makefile('rb').read()[-15:])
s = context.wrap_socket(socket.socket(), server_hostname='localhost'); s.connect(('127.0.0.1', PORT)); print(s.version(), s._sslobj.selected_alpn_protocol())"
    );
    let result = execute(program(server.port, &code).network(NetworkPolicy::Allow(authority.grants(&server))));
    let said = printed(&result);
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!((lines[0], lines[2], lines[3]), ("GET /x HTTP/1.1", "b'GET /y HTTP/1.1'", "TLSv1.3 http/1.1"), "{said}");
    assert!(lines[1].starts_with("TLSv1.3 TLS13_") && lines[1].ends_with(" http/1.1 True -1"), "{said}");
    assert!(result.connections.iter().all(|one| one.tls && one.error.is_none()), "{:?}", result.connections);
}

#[test]
fn a_certificate_that_is_not_trusted_is_refused_and_checking_stays_on() {
    let (authority, other) = (Authority::new(), Authority::new());
    let refused = |authority: &Authority, server: &Server, code: &str| {
        let result = execute(program(server.port, code).network(NetworkPolicy::Allow(authority.grants(server))));
        assert!(server.heard().iter().all(String::is_empty), "{:?}", server.heard());
        printed(&result)
    };
    // Of another authority, and for another name.
    let said = refused(&authority, &other.server("localhost"), GET);
    assert!(said.starts_with("SSLCertVerificationError: ") && said.contains("invalid peer certificate"), "{said}");
    let said = refused(&authority, &authority.server("other.example"), GET);
    assert!(said.starts_with("SSLCertVerificationError: ") && said.contains("not valid for name"), "{said}");
    let code = "context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
print(tried(lambda: urllib.request.urlopen(f'https://localhost:{PORT}/', context=context)))
print(tried(lambda: urllib.request.urlopen(f'https://localhost:{PORT}/', context=ssl._create_unverified_context())))";
    let said = refused(&authority, &authority.server("localhost"), code);
    assert_eq!(
        said.matches("SSLError: [Errno 1] certificates are always checked in this sandbox").count(),
        2,
        "{said}"
    );
}

#[test]
fn roots_that_cannot_be_read_are_a_mistake() {
    let server = Server::hello();
    let mut grants = NetworkGrants { rules: vec![server.rule().parse().unwrap()], ..NetworkGrants::default() };
    let empty = tempfile::NamedTempFile::new().unwrap();
    grants.roots = vec!["/nowhere/ca.pem".into(), empty.path().to_owned()];
    let sandbox = program(server.port, "").network(NetworkPolicy::Allow(grants)).build_blocking().unwrap();
    let error = sandbox.execute([""; 0]).unwrap_err().to_string();
    assert!(error.contains("capabilities.network.allow.roots[0]: ") && error.contains("roots[1]: "), "{error}");
}

#[test]
fn f7_what_no_handshake_can_say_is_an_error_in_python() {
    let code = "context = ssl.create_default_context()
for protocols in ([''], ['x' * 256], ['a\\nb'], ['h2'] * 17): print(tried(lambda: context.set_alpn_protocols(protocols)))
print(context.set_alpn_protocols(['x' * 255] * 16))
print(tried(lambda: socket.create_connection(('a.' * 256 + 'a', PORT))))
print(tried(lambda: socket.create_connection(('a.' * 255 + 'a', PORT))))";
    let said = printed(&execute(program(1, code)));
    let lines: Vec<&str> = said.lines().collect();
    assert!(lines[..4].iter().all(|line| line.starts_with("SSLError: ") && line.contains("16 protocols")), "{said}");
    assert!(
        lines[4] == "None" && lines[5].starts_with("UnicodeError: ") && lines[6].starts_with("PermissionError: "),
        "{said}"
    );
}
