//! Whom a secret goes to when several hosts can show a certificate for its name.

use std::io::Write;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, pem::PemObject},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::mpsc,
};
use tokio_rustls::TlsAcceptor;
use wasm_sandbox_policy::HeaderSecret;

use super::*;
use crate::host::net::connection::Sending;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: good.example.com:PORT\r\n\r\n";

/// A certificate for every name below `example.com`, and whom to trust for it.
fn wildcard() -> (Arc<ServerConfig>, tempfile::NamedTempFile) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(issuer.pem().as_bytes()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["*.example.com".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();
    (Arc::new(config), file)
}

/// Says what each of its connections is asked.
fn serve(listener: TcpListener, config: Arc<ServerConfig>) -> mpsc::UnboundedReceiver<String> {
    let (says, heard) = mpsc::unbounded_channel();
    listener.set_nonblocking(true).unwrap();
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    tokio::spawn(async move {
        loop {
            let stream = listener.accept().await.unwrap().0;
            let mut stream = TlsAcceptor::from(Arc::clone(&config)).accept(stream).await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            says.send(String::from_utf8(head).unwrap()).unwrap();
            let _ = stream.shutdown().await;
        }
    });
    heard
}

/// Two listeners on one port of two addresses.
fn pair() -> (TcpListener, TcpListener, u16) {
    loop {
        let first = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = first.local_addr().unwrap().port();
        if let Ok(second) = TcpListener::bind(("127.0.0.2", port)) {
            return (first, second, port);
        }
    }
}

/// Connects to `host`, has it show that it is `good.example.com`, and sends it a request.
async fn ask(net: &mut Net, host: &str, port: u16) {
    let host = net.check("connect", host, Some(port)).unwrap();
    let open = net.open.as_mut().unwrap();
    let handle = open.dial(host, port, None, &mut net.hits).unwrap().unwrap();
    let peer = waited(|| open.connections[&handle].opened()).await.unwrap().peer;
    let server = net.check_server("good.example.com", port, Some(peer)).unwrap();
    let open = net.open.as_mut().unwrap();
    let connection = open.connections.get_mut(&handle).unwrap();
    drop(connection.secure(server, &[]));
    waited(|| connection.secured().unwrap()).await.unwrap();
    let request = String::from_utf8_lossy(REQUEST).replace("PORT", &port.to_string());
    assert!(matches!(connection.send(request.as_bytes(), &open.shared), Sending::Taken(_)));
}

#[tokio::test]
async fn f17_a_certificate_for_many_names_does_not_bring_another_host_the_secret() {
    let (good, other, port) = pair();
    let (config, root) = wildcard();
    let (mut good, mut other) = (serve(good, Arc::clone(&config)), serve(other, config));
    let hosts = ["good.example.com", "other.example.com", "127.0.0.1", "127.0.0.2"];
    let rules = hosts.iter().map(|host| format!("{host}:{port}").parse().unwrap()).collect();
    let (host, header) = (format!("good.example.com:{port}").parse().unwrap(), "Authorization".to_owned());
    let secrets = vec![HeaderSecret { host, header, value: "s3cret".into(), unencrypted: false }];
    let roots = vec![root.path().to_owned()];
    let policy = NetworkPolicy::Allow(NetworkGrants { rules, secrets, roots, ..NetworkGrants::default() });
    let resolver = Script::new(&[&["127.0.0.2"], &["127.0.0.1"]]);
    let mut net =
        Net::with_resolver(&policy, crate::engine::executor, Instant::now(), Arc::default, || resolver).unwrap();
    // By its own name, and by its address; before and after it is known where the secret's host is.
    ask(&mut net, "other.example.com", port).await;
    assert!(!other.recv().await.unwrap().contains("s3cret"));
    ask(&mut net, "good.example.com", port).await;
    assert!(good.recv().await.unwrap().contains("\r\nAuthorization: s3cret\r\n"));
    for host in ["other.example.com", "127.0.0.2"] {
        ask(&mut net, host, port).await;
        assert!(!other.recv().await.unwrap().contains("s3cret"), "{host}");
    }
    // The twin: its address is where its name leads.
    ask(&mut net, "127.0.0.1", port).await;
    assert!(good.recv().await.unwrap().contains("\r\nAuthorization: s3cret\r\n"));
}
