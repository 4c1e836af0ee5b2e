//! Advice on what is no mistake, and yet grants more than most guests need.

use std::{
    net::{IpAddr, Ipv4Addr},
    path::{Component, Path, PathBuf},
    time::Duration,
};

use crate::{
    capability::{ClockPolicy, MountAccess, MountConfig, RandomPolicy},
    network::HostPattern,
    plain::Plain,
    units::ByteSize,
    validate::ConfigValidator,
};

/// A piece of advice on a configuration that can be used as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Improvement {
    /// The field.
    pub field: String,
    /// What is to be said about it.
    pub message: String,
    /// What to write instead.
    pub suggestion: String,
}

/// Places of the host that hardly any guest should see, and what is there; all below them is meant too.
const DELICATE_PLACES: [(&str, &str); 10] = [
    ("/proc", "the memory, environment and open files of this machine's processes"),
    ("/sys", "this machine's devices and the switches of its kernel"),
    ("/dev", "this machine's devices"),
    ("/run", "the sockets of this machine's services, that of its containers among them"),
    ("/var/run", "the sockets of this machine's services, that of its containers among them"),
    ("/etc", "this machine's settings, accounts and keys"),
    ("/root", "a home directory: keys, logins, histories"),
    ("/boot", "the system that this machine starts"),
    ("/var/lib", "the data of this machine's services"),
    ("/var/log", "what this machine's services have said"),
];

/// Names of files and directories that hold keys or logins.
const DELICATE_NAMES: [&str; 10] =
    [".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".config", ".netrc", ".password-store", ".mozilla"];

/// Places of programs that the host itself runs.
const PROGRAMS: [&str; 7] = ["/bin", "/sbin", "/lib", "/lib64", "/usr", "/opt", "/var/spool/cron"];

/// Parts of a variable's name that tell a secret.
const SECRET_WORDS: [&str; 15] = [
    "KEY",
    "APIKEY",
    "TOKEN",
    "SECRET",
    "SECRETS",
    "PASSWORD",
    "PASSWD",
    "PASSPHRASE",
    "PASS",
    "CREDENTIAL",
    "CREDENTIALS",
    "PRIVATE",
    "AUTH",
    "COOKIE",
    "DSN",
];

/// Where clouds answer with credentials.
const CLOUD_METADATA: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254));

/// A clock finer than this tells a cached read from another.
const FINE_CLOCK: Duration = Duration::from_micros(100);

const LONG_TIME: Duration = Duration::from_secs(10 * 60);
const MUCH_MEMORY: ByteSize = ByteSize::gib(1);
const MUCH_OUTPUT: ByteSize = ByteSize::mib(256);
const MUCH_DISK: ByteSize = ByteSize::gib(10);

impl ConfigValidator<'_> {
    /// Advice on a configuration that can be used: what grants more than most guests need. It judges by names, so it knows
    /// neither what is behind a link nor what a directory holds.
    pub fn suggest_improvements(&self) -> Vec<Improvement> {
        let mut advice = Advice::default();
        for (index, mount) in self.config.capabilities.filesystem.mounts.iter().enumerate() {
            self.look_at_mount(index, mount, &mut advice);
        }
        self.look_at_network(&mut advice);
        self.look_at_system(&mut advice);
        self.look_at_limits(&mut advice);
        advice.0
    }

    fn look_at_mount(&self, index: usize, mount: &MountConfig, advice: &mut Advice) {
        let field = |name: &str| format!("capabilities.filesystem.mounts[{index}].{name}");
        let Some((name, path)) = mount.host_path() else { return };
        let path = lexical(path);
        let writable = is_writable(mount);
        if writable {
            let message = "the guest can change and delete what is there";
            advice.add(field("access"), message, "use an `overlay` if the changes need not last");
            for other in self.seen_through_others(index, &path) {
                let message = format!("what the guest writes there also changes what it sees at `{}`", other.guest());
                advice.add(field("access"), &message, "let the two show different directories");
            }
        }
        if let Some(what) = what_is_there(&path, writable) {
            let message = format!("the guest sees {what}");
            advice.add(field(name), &message, "grant only the directory that it needs");
        }
    }

    /// The other mounts whose directory or archive is this one, in it or around it.
    fn seen_through_others(&self, index: usize, path: &Path) -> impl Iterator<Item = &MountConfig> {
        let mounts = self.config.capabilities.filesystem.mounts.iter().enumerate();
        mounts
            .filter(move |(other, mount)| {
                let their = mount.host_path().map(|(_, their)| lexical(their));
                *other != index && their.is_some_and(|their| their.starts_with(path) || path.starts_with(&their))
            })
            .map(|(_, mount)| mount)
    }

    fn look_at_network(&self, advice: &mut Advice) {
        let Some(grants) = self.config.capabilities.network.grants() else { return };
        for (index, rule) in grants.rules.iter().enumerate() {
            let field = format!("capabilities.network.allow.rules[{index}]");
            if rule.host().has_address(CLOUD_METADATA) {
                let message = "in a cloud, this machine's credentials can be had there";
                advice.add(&field, message, "leave 169.254.169.254 out");
            }
            if let HostPattern::Network(network) = rule.host()
                && network.prefix() == 0
            {
                let message = "it covers every address, this machine's own and its networks' among them";
                advice.add(&field, message, "name the hosts that it needs");
            }
            if rule.has_every_port() {
                advice.add(&field, "it grants every port", "name the ones that it needs, as in `example.com:443`");
            }
        }
        for (index, secret) in grants.secrets.iter().enumerate().filter(|(_, secret)| secret.unencrypted) {
            let field = format!("capabilities.network.allow.secrets[{index}].unencrypted");
            let message = format!("whoever is on the way to `{}` can read it", secret.host);
            advice.add(field, &message, "take it out, so that it goes out over TLS only");
        }
    }

    fn look_at_system(&self, advice: &mut Advice) {
        let system = &self.config.capabilities.system;
        let fine = match system.clock {
            ClockPolicy::Real => true,
            ClockPolicy::Coarse(step) => step < FINE_CLOCK,
            ClockPolicy::Frozen { .. } => false,
        };
        if fine {
            let message = "a fine clock helps attacks that measure time";
            advice.add("capabilities.system.clock", message, "use `{ coarse = \"1ms\" }`");
        }
        if matches!(system.random, RandomPolicy::Seeded(_)) {
            let message = "every run gets the same numbers, keys among them";
            advice.add("capabilities.system.random", message, "use `secure` outside of tests");
        }
        let writable = self.config.capabilities.filesystem.mounts.iter().find(|mount| is_writable(mount));
        for (name, value) in &system.environment.variables {
            if looks_secret(name, value) {
                let message = match writable {
                    Some(mount) => format!("it looks like a secret, and the guest can keep it in `{}`", mount.guest()),
                    None => "it looks like a secret, and the guest can print it".to_owned(),
                };
                let field = format!("capabilities.system.environment.variables.{}", Plain::line(name));
                advice.add(field, &message, "keep it on the host, and let a host function do what needs it");
            }
        }
    }

    fn look_at_limits(&self, advice: &mut Advice) {
        let limits = &self.config.limits;
        for (field, time) in [("limits.timeout", limits.timeout), ("limits.cpu_time", limits.cpu_time)] {
            if time > LONG_TIME {
                let message = format!("a guest that hangs is kept for {}", humantime::format_duration(time));
                advice.add(field, &message, "a few minutes at most, and more only for what is known to take longer");
            }
        }
        let disk = if self.config.capabilities.filesystem.mounts.is_empty() { ByteSize::bytes(0) } else { limits.disk };
        for (field, size, much, message) in [
            ("limits.memory", limits.memory, MUCH_MEMORY, "a few such guests fill a machine"),
            ("limits.output", limits.output, MUCH_OUTPUT, "captured output is held in the host's memory"),
            ("limits.disk", disk, MUCH_DISK, "a few such guests fill a disk"),
        ] {
            if size > much {
                advice.add(field, message, &format!("at most {much}, unless the guest is known to need more"));
            }
        }
    }
}

#[derive(Default)]
struct Advice(Vec<Improvement>);

impl Advice {
    fn add(&mut self, field: impl Into<String>, message: &str, suggestion: &str) {
        let (message, suggestion) = (message.to_owned(), suggestion.to_owned());
        self.0.push(Improvement { field: field.into(), message, suggestion });
    }
}

fn is_writable(mount: &MountConfig) -> bool {
    matches!(mount, MountConfig::Host { access: MountAccess::Write, .. })
}

/// A path without `.` and `..`, by its spelling alone.
fn lexical(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if clean.file_name().is_some() => {
                clean.pop();
            }
            // Nothing is above the root.
            Component::ParentDir if clean.has_root() => {}
            part => clean.push(part),
        }
    }
    clean
}

fn what_is_there(path: &Path, writable: bool) -> Option<String> {
    if path == Path::new("/") {
        return Some("the whole file system".to_owned());
    }
    if let Some((_, what)) = DELICATE_PLACES.iter().find(|(place, _)| path.starts_with(place)) {
        return Some((*what).to_owned());
    }
    if is_home(path) {
        return Some("a home directory: keys, logins, histories".to_owned());
    }
    let names: Vec<&str> = path.components().filter_map(|part| part.as_os_str().to_str()).collect();
    if let Some(name) = names.iter().find(|name| DELICATE_NAMES.contains(name)) {
        return Some(format!("`{name}`, where keys and logins are kept"));
    }
    if path.extension().is_some_and(|extension| extension == "sock") {
        return Some("a socket, through which a service of this machine can be asked for anything".to_owned());
    }
    if writable && PROGRAMS.iter().any(|place| path.starts_with(place)) {
        return Some("programs that this machine runs, and can change them".to_owned());
    }
    (writable && names.contains(&".git"))
        .then(|| "hooks that `git` runs on this machine, and can change them".to_owned())
}

/// Whether this is a home directory, or where they all are.
fn is_home(path: &Path) -> bool {
    let below = ["/home", "/Users"].iter().find_map(|homes| path.strip_prefix(homes).ok());
    below.is_some_and(|below| below.components().count() <= 1)
}

fn looks_secret(name: &str, value: &str) -> bool {
    let name = name.to_uppercase();
    let word = name.split(|c: char| !c.is_alphanumeric()).any(|word| SECRET_WORDS.contains(&word));
    word || value.contains("-----BEGIN ") || has_login(value)
}

/// Whether a value is an address with a password in it: `scheme://user:password@host`.
fn has_login(value: &str) -> bool {
    let authority = value.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or_default());
    authority.and_then(|authority| authority.split_once('@')).is_some_and(|(login, _)| login.contains(':'))
}
