//! The host's side of TLS: whom it trusts, and the handshake.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock, OnceLock},
};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use wasm_sandbox_policy::{ConfigProblem, NetworkHost, SandboxError};

use super::{
    connection::Asked,
    error::{NetError, NetErrorKind},
};

/// Where systems keep the certificates that they trust: Debian and Alpine, Fedora and Red Hat, SUSE, older ones, BSD and macOS.
const SYSTEM_ROOTS: [&str; 6] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/tls/cert.pem",
    "/etc/ssl/cert.pem",
];

/// What the system trusts, read by the first handshake. No environment variable has a say.
static SYSTEM: LazyLock<Vec<CertificateDer<'static>>> =
    LazyLock::new(|| SYSTEM_ROOTS.iter().find_map(|path| read(Path::new(path)).ok()).unwrap_or_default());

/// The TLS of one sandbox.
pub(super) struct Tls {
    extra: Vec<CertificateDer<'static>>,
    config: OnceLock<Result<ClientConfig, NetError>>,
}

impl Tls {
    /// # Errors
    /// One of the files cannot be read, or has no certificate in it.
    pub(super) fn new(roots: &[PathBuf]) -> Result<Self, SandboxError> {
        let mut extra = Vec::new();
        let mut problems = Vec::new();
        for (index, path) in roots.iter().enumerate() {
            match read(path) {
                Ok(certificates) => extra.extend(certificates),
                Err(reason) => {
                    let message = format!("`{}` cannot be used: {reason}", path.display());
                    let problem = ConfigProblem::new(format!("capabilities.network.allow.roots[{index}]"), message);
                    problems.push(problem.suggest("name a file with certificates in PEM"));
                }
            }
        }
        if problems.is_empty() {
            Ok(Self { extra, config: OnceLock::new() })
        } else {
            Err(SandboxError::Configuration { problems })
        }
    }

    /// Encrypts a stream, once the other side has shown a certificate for the name or address that is asked for.
    pub(super) async fn secure(&self, stream: TcpStream, asked: &Asked) -> Result<TlsStream<TcpStream>, NetError> {
        let mut config = self.config.get_or_init(|| self.make()).clone()?;
        config.alpn_protocols.clone_from(&asked.protocols);
        let name = match &asked.server {
            NetworkHost::Address(address) => ServerName::from(*address),
            name => ServerName::try_from(name.to_string()).map_err(|error| tls(&error))?,
        };
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(|error| NetError::of(&error))
    }

    fn make(&self) -> Result<ClientConfig, NetError> {
        let mut roots = RootCertStore::empty();
        // Systems have some that are too old to be understood.
        let _ = roots.add_parsable_certificates(SYSTEM.iter().chain(&self.extra).cloned());
        if roots.is_empty() {
            let message = "this machine has no certificates that it trusts; install its package `ca-certificates`";
            return Err(NetError::new(NetErrorKind::Tls, message));
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        Ok(config.map_err(|error| tls(&error))?.with_root_certificates(roots).with_no_client_auth())
    }
}

fn tls(error: &impl ToString) -> NetError {
    NetError::new(NetErrorKind::Tls, error.to_string())
}

fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match certificates {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        Ok(_) => Err("there is no certificate in it".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
