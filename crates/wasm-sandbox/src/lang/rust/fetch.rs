//! How this machine reaches the registry: what its user has told cargo about mirrors, proxies and certificates. It is for
//! fetching only; a build gets to know no more of it than where the crates came from.

use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use toml::{Table, Value};
use wasm_sandbox_policy::{ConfigProblem, SandboxError};

/// Variables that say how the network is reached.
const VARIABLES: [&str; 17] = [
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_TIMEOUT",
    "CARGO_HTTP_CAINFO",
    "CARGO_HTTP_CHECK_REVOKE",
    "CARGO_HTTP_MULTIPLEXING",
    "CARGO_HTTP_PROXY",
    "CARGO_HTTP_SSL_VERSION",
    "CARGO_HTTP_TIMEOUT",
    "CARGO_NET_RETRY",
];

/// Those of them that name files.
const FILE_VARIABLES: [&str; 3] = ["SSL_CERT_FILE", "SSL_CERT_DIR", "CARGO_HTTP_CAINFO"];

/// The same in cargo's configuration. Nothing here runs a program or holds a password.
const SETTINGS: [(&str, &[&str]); 2] = [
    ("http", &["proxy", "timeout", "check-revoke", "ssl-version", "low-speed-limit", "multiplexing"]),
    ("net", &["retry"]),
];

/// What is needed to look up names and check certificates, wherever distributions keep it.
const SYSTEM_FILES: [&str; 11] = [
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/ssl/certs",
    "/etc/ssl/cert.pem",
    "/etc/pki/tls/certs",
    "/etc/pki/ca-trust/extracted",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
];

/// How many sources may stand in for one another.
const MAX_REPLACEMENTS: usize = 8;

/// What the user has told cargo.
#[derive(Clone, Default)]
pub(crate) struct FetchSettings {
    environment: Vec<(String, OsString)>,
    /// The user's own cargo configuration, if there is one.
    config: Option<PathBuf>,
}

/// The same, as cargo is told it.
#[derive(Debug, Default)]
pub(super) struct Fetching {
    pub(super) environment: Vec<(String, OsString)>,
    /// Where crates come from: arguments for fetching and building.
    pub(super) source: Vec<OsString>,
    /// How they are got: arguments for fetching alone.
    pub(super) network: Vec<OsString>,
    /// Files that fetching reads.
    pub(super) read: Vec<PathBuf>,
    /// A folder of crates on this machine that stands in for the registry.
    pub(super) local: Option<PathBuf>,
}

impl FetchSettings {
    /// Takes what there is in the environment.
    pub(crate) fn capture(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let environment = VARIABLES.iter().filter_map(|name| Some(((*name).to_owned(), variable(name)?))).collect();
        let home = variable("CARGO_HOME")
            .map(PathBuf::from)
            .or_else(|| variable("HOME").map(|home| PathBuf::from(home).join(".cargo")));
        let config = home.and_then(|home| {
            ["config", "config.toml"].map(|name| home.join(name)).into_iter().find(|path| path.is_file())
        });
        Self { environment, config }
    }

    /// Reads the configuration.
    ///
    /// # Errors
    /// It cannot be read, or says something of the registry that cannot be kept to.
    pub(super) fn read(&self) -> Result<Fetching, SandboxError> {
        let files = self.environment.iter().filter(|(name, _)| FILE_VARIABLES.contains(&name.as_str()));
        let mut fetching = Fetching {
            environment: self.environment.clone(),
            read: files.map(|(_, path)| PathBuf::from(path)).chain(SYSTEM_FILES.map(PathBuf::from)).collect(),
            ..Fetching::default()
        };
        let Some(path) = &self.config else { return Ok(fetching) };
        let text = fs::read_to_string(path).map_err(|error| wrong(path, "", error.to_string()))?;
        let config: Table =
            text.parse().map_err(|error: toml::de::Error| wrong(path, "", error.message().to_owned()))?;
        // Cargo takes a path in its configuration from the folder that the configuration's own folder is in.
        let base = path.parent().and_then(Path::parent).unwrap_or(Path::new("/"));
        fetching.network(&config, base);
        fetching.source(&config, path, base)?;
        Ok(fetching)
    }
}

impl Fetching {
    fn network(&mut self, config: &Table, base: &Path) {
        for (table, keys) in SETTINGS {
            let values = config.get(table).and_then(Value::as_table);
            for (key, value) in values.into_iter().flatten().filter(|(key, _)| keys.contains(&key.as_str())) {
                push(&mut self.network, &format!("{table}.{key}"), value);
            }
        }
        if let Some(path) = config.get("http").and_then(|http| http.get("cainfo")).and_then(Value::as_str) {
            let path = base.join(path);
            push(&mut self.network, "http.cainfo", &Value::String(path.display().to_string()));
            self.read.push(path);
        }
    }

    /// Follows what stands in for the public registry to its end.
    fn source(&mut self, config: &Table, path: &Path, base: &Path) -> Result<(), SandboxError> {
        let sources = config.get("source").and_then(Value::as_table);
        let replacement = |name: &str| sources?.get(name)?.get("replace-with")?.as_str();
        let mut name = "crates-io";
        for _ in 0..MAX_REPLACEMENTS {
            match replacement(name) {
                Some(next) => name = next,
                None => break,
            }
        }
        if replacement(name).is_some() {
            return Err(wrong(path, "source", "sources stand in for one another without end".to_owned()));
        }
        if name == "crates-io" {
            return Ok(());
        }
        let field = format!("source.{name}");
        let text = |table: Option<&Value>, key: &str| table?.get(key)?.as_str().map(str::to_owned);
        let source = sources.and_then(|sources| sources.get(name));
        let named = config.get("registries").and_then(|registries| registries.get(name));
        let (kind, place) = if let Some(url) = text(source, "registry").or_else(|| text(named, "index")) {
            if has_password(&url) {
                let message = "its address holds a password, which builds would get to know".to_owned();
                return Err(wrong(path, &field, message));
            }
            ("registry", url)
        } else if let Some((kind, folder)) =
            ["directory", "local-registry"].into_iter().find_map(|kind| Some((kind, text(source, kind)?)))
        {
            let folder = base.join(folder);
            self.local = Some(folder.clone());
            (kind, folder.display().to_string())
        } else {
            let message =
                "what stands in for the registry is none of `registry`, `directory`, `local-registry`".to_owned();
            return Err(wrong(path, &field, message));
        };
        push(&mut self.source, "source.crates-io.replace-with", &Value::String("stand-in".to_owned()));
        push(&mut self.source, &format!("source.stand-in.{kind}"), &Value::String(place));
        Ok(())
    }
}

fn push(arguments: &mut Vec<OsString>, key: &str, value: &Value) {
    arguments.extend(["--config".into(), format!("{key}={value}").into()]);
}

/// Whether somebody is named before the host.
fn has_password(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split('/').next().is_some_and(|host| host.contains('@'))
}

fn wrong(path: &Path, field: &str, message: String) -> SandboxError {
    let field = format!("{}{}{field}", path.display(), if field.is_empty() { "" } else { ": " });
    SandboxError::Configuration { problems: vec![ConfigProblem::new(field, message)] }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn read(config: &str) -> Result<Fetching, SandboxError> {
        let home = tempfile::tempdir().unwrap();
        let cargo = home.path().join("cargo");
        fs::create_dir(&cargo).unwrap();
        fs::write(cargo.join("config.toml"), config).unwrap();
        let variable = |name: &str| match name {
            "CARGO_HOME" => Some(cargo.clone().into_os_string()),
            "SSL_CERT_FILE" => Some("/certificates".into()),
            "CARGO_REGISTRY_TOKEN" | "RUSTFLAGS" => Some("secret".into()),
            _ => None,
        };
        let fetching = FetchSettings::capture(variable).read()?;
        assert_eq!(fetching.environment, [("SSL_CERT_FILE".to_owned(), "/certificates".into())]);
        assert!(fetching.read.contains(&PathBuf::from("/certificates")));
        Ok(fetching)
    }

    fn words(arguments: &[OsString]) -> Vec<&str> {
        arguments.iter().filter_map(|word| word.to_str()).filter(|word| *word != "--config").collect()
    }

    #[test]
    fn a_mirror_and_a_proxy_are_kept_to_and_nothing_else_is_taken() {
        let fetching = read(
            "[source.crates-io]\nreplace-with = 'a'\n[source.a]\nreplace-with = 'b'\n[source.b]\nregistry = 'sparse+https://h/i/'\n\
             [http]\nproxy = 'p:1'\ncainfo = 'ca.pem'\nuser-agent = 'x'\n[net]\nretry = 3\ngit-fetch-with-cli = true\n\
             [build]\nrustc-wrapper = 'evil'\n[registry]\ntoken = 'secret'\n[target.wasm32-wasip1]\nlinker = 'evil'",
        )
        .unwrap();
        assert_eq!(
            words(&fetching.source),
            ["source.crates-io.replace-with=\"stand-in\"", "source.stand-in.registry=\"sparse+https://h/i/\""]
        );
        let network = words(&fetching.network);
        assert_eq!(network.len(), 3, "{network:?}");
        assert_eq!(network[..2], ["http.proxy=\"p:1\"", "net.retry=3"]);
        assert!(network[2].starts_with("http.cainfo=\"/") && network[2].ends_with("/ca.pem\""), "{network:?}");
        assert!(words(&read("").unwrap().source).is_empty());
        let named = read("[source.crates-io]\nreplace-with = 'a'\n[registries.a]\nindex = 'https://h/i'").unwrap();
        assert_eq!(words(&named.source)[1], "source.stand-in.registry=\"https://h/i\"");
        let local = read("[source.crates-io]\nreplace-with = 'a'\n[source.a]\ndirectory = 'vendor'").unwrap();
        assert!(local.local.unwrap().ends_with("vendor"));
    }

    #[test]
    fn what_cannot_be_kept_to_is_said() {
        let said = |config: &str| match read(config) {
            Err(SandboxError::Configuration { problems }) => problems[0].to_string(),
            other => panic!("{other:?}"),
        };
        let with = |source: &str| said(&format!("[source.crates-io]\nreplace-with = 'a'\n[source.a]\n{source}"));
        assert!(with("registry = 'sparse+https://me:word@h/'").contains("source.a: its address holds a password"));
        assert!(with("git = 'https://h/'").contains("none of `registry`"));
        assert!(with("replace-with = 'crates-io'").contains("without end"));
        assert!(said("[source").contains("config.toml: "));
    }
}
