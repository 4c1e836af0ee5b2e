//! Flags that make a policy.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use wasm_sandbox::{
    ByteSize, ConfigProblem, FuelLimit, InstanceConfig, InstanceConfigBuilder, SandboxError, parse_duration,
};

/// The one grant that also those have who only ask what a guest is.
#[derive(Args, Clone, Default)]
pub(crate) struct ReadFlag {
    /// Let the guest read a folder, at the same path or at GUEST
    #[arg(long, value_name = "PATH[:GUEST]")]
    allow_read: Vec<String>,
}

#[derive(Args, Clone, Default)]
#[command(next_help_heading = "Policy")]
pub(crate) struct PolicyFlags {
    #[command(flatten)]
    read: ReadFlag,

    /// Let the guest read and write a folder, at the same path or at GUEST
    #[arg(long, value_name = "PATH[:GUEST]")]
    allow_write: Vec<String>,

    /// Let the guest connect to a host: example.com:443, *.example.com, 192.0.2.0/24:8000-8080, [::1]:80;
    /// send it datagrams: udp://192.0.2.7:53. Names open public addresses only
    #[arg(long, value_name = "HOST[:PORT]")]
    allow_net: Vec<String>,

    /// Set an environment variable, or pass on this one of yours
    #[arg(long, value_name = "NAME[=VALUE]")]
    allow_env: Vec<String>,

    /// Memory, files in memory and an interpreter's own included, as 512MB or 2GB [default: 256MB]
    #[arg(long, value_name = "SIZE")]
    memory: Option<ByteSize>,

    /// Wall time, as 500ms, 10s or 2m [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    timeout: Option<Duration>,

    /// Processor time, as 500ms, 10s or 2m [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    cpu_time: Option<Duration>,

    /// Count instructions, and end the guest after this many, as 1000000000; `off` counts none.
    /// Interpreters are compiled once more for it, which takes Python a minute [default: off]
    #[arg(long, value_name = "N|off", value_parser = fuel)]
    fuel: Option<FuelLimit>,

    /// Stdout and stderr together, as 64KB or 1GB [default: 10MB]
    #[arg(long, value_name = "SIZE")]
    max_output: Option<ByteSize>,

    /// What may be added to writable folders, as 1MB or 10GB [default: 100MB]
    #[arg(long, value_name = "SIZE")]
    max_disk: Option<ByteSize>,

    /// Start from a policy file, TOML or (.json) JSON, in place of the one in `wasm-sandbox.toml`; flags add to it
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|error| error.to_string())
}

fn fuel(text: &str) -> Result<FuelLimit, String> {
    if text == "off" {
        return Ok(FuelLimit::Off);
    }
    text.parse()
        .map(FuelLimit::Units)
        .map_err(|_| "expected a number of instructions, such as `1000000000`, or `off`".to_owned())
}

impl ReadFlag {
    /// What it adds to a policy.
    ///
    /// # Errors
    /// Mistakes in the flag, or a policy that it does not go with.
    pub(crate) fn added_to(&self, base: InstanceConfig) -> Result<InstanceConfig, SandboxError> {
        self.added(InstanceConfigBuilder::from_config(base))?.build()
    }

    fn added(&self, mut builder: InstanceConfigBuilder) -> Result<InstanceConfigBuilder, SandboxError> {
        for grant in &self.allow_read {
            let (host, guest) = split(grant)?;
            builder = builder.filesystem_read(host, &guest);
        }
        Ok(builder)
    }
}

impl PolicyFlags {
    /// Whether a policy file takes the place of every other.
    pub(crate) fn has_file(&self) -> bool {
        self.policy.is_some()
    }

    /// The policy that the flags make of the file, or of `base` where there is none.
    pub(crate) fn added_to(&self, base: InstanceConfig) -> Result<InstanceConfig, SandboxError> {
        let mut base = match &self.policy {
            Some(path) => read(path)?,
            None => base,
        };
        base.limits.fuel = self.fuel.unwrap_or(base.limits.fuel);
        let mut builder = self.read.added(InstanceConfigBuilder::from_config(base))?;
        for grant in &self.allow_write {
            let (host, guest) = split(grant)?;
            builder = builder.filesystem_write(host, &guest);
        }
        for rule in &self.allow_net {
            builder = builder.network_allow(rule);
        }
        for grant in &self.allow_env {
            let (name, value) = variable(grant)?;
            builder = builder.env(name, value);
        }
        self.limits(builder).build()
    }

    fn limits(&self, mut builder: InstanceConfigBuilder) -> InstanceConfigBuilder {
        if let Some(memory) = self.memory {
            builder = builder.memory_limit(memory);
        }
        if let Some(timeout) = self.timeout {
            builder = builder.timeout(timeout);
        }
        if let Some(cpu_time) = self.cpu_time {
            builder = builder.cpu_time(cpu_time);
        }
        if let Some(output) = self.max_output {
            builder = builder.output_limit(output);
        }
        if let Some(disk) = self.max_disk {
            builder = builder.disk_limit(disk);
        }
        builder
    }
}

fn problem(field: &str, message: String, suggestion: &str) -> SandboxError {
    SandboxError::Configuration { problems: vec![ConfigProblem::new(field, message).suggest(suggestion)] }
}

/// `PATH[:GUEST]`. Without a guest path, the guest sees the directory under the name that was given; a relative one counts
/// from the root, which is where guests start.
fn split(grant: &str) -> Result<(&str, String), SandboxError> {
    if let Some((host, guest)) = grant.rsplit_once(':') {
        return Ok((host, guest.to_owned()));
    }
    if Path::new(grant).components().any(|part| part == std::path::Component::ParentDir) {
        let message = format!("`{grant}` goes up with `..`, so the guest needs another name for it");
        return Err(problem("--allow-read/--allow-write", message, &format!("write `{grant}:/name`")));
    }
    Ok((grant, format!("/{grant}")))
}

/// `NAME=VALUE`, or `NAME` for the value that it has here.
#[expect(
    clippy::disallowed_methods,
    reason = "the command line is where the environment is read, one named variable at a time"
)]
fn variable(grant: &str) -> Result<(String, String), SandboxError> {
    match grant.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => match std::env::var(grant) {
            Ok(value) => Ok((grant.to_owned(), value)),
            Err(_) => {
                let message = format!("`{grant}` is not set here, or not text");
                Err(problem("--allow-env", message, &format!("give a value: `{grant}=...`")))
            }
        },
    }
}

fn read(path: &Path) -> Result<InstanceConfig, SandboxError> {
    let shown = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => SandboxError::FileNotFound { path: shown.clone() },
        _ => problem("--policy", format!("`{shown}` cannot be read: {error}"), "give a TOML or JSON file"),
    })?;
    let config = match path.extension().and_then(OsStr::to_str) {
        Some("json") => InstanceConfig::from_json(&text),
        Some("yaml" | "yml") => {
            let message = format!("`{shown}` is YAML, and policies are TOML, or JSON in a file that ends in `.json`");
            return Err(problem("--policy", message, "write it in one of them"));
        }
        _ => InstanceConfig::from_toml(&text),
    };
    config.map_err(|error| in_file(error, &shown))
}

/// The same mistakes, each with the file that it is in.
pub(crate) fn in_file(error: SandboxError, file: &str) -> SandboxError {
    let SandboxError::Configuration { mut problems } = error else { return error };
    for problem in &mut problems {
        problem.field = if problem.field.is_empty() { file.to_owned() } else { format!("{file}: {}", problem.field) };
    }
    SandboxError::Configuration { problems }
}
