//! Mistakes in what is granted of the network.

use super::{ConfigValidator, Problems};
use crate::{
    network::{HeaderSecret, HostPattern, NetworkGrants, NetworkProtocol, NetworkRule},
    units::ByteSize,
};

/// The most rules; each is looked at beside every other.
const MAX_RULES: usize = 1000;

/// The most connections at a time: each takes a descriptor of the host's.
const MAX_CONNECTIONS: u32 = 1024;

/// The most bytes of a secret header's name and value.
const MAX_HEADER: usize = 8 << 10;

/// Headers that say how a request is read, and not what it asks for.
const FRAMING: [&str; 8] =
    ["connection", "content-length", "expect", "host", "te", "trailer", "transfer-encoding", "upgrade"];

const FIELD: &str = "capabilities.network.allow";

impl ConfigValidator<'_> {
    pub(super) fn check_network(&self, problems: &mut Problems) {
        let Some(grants) = self.config.capabilities.network.grants() else { return };
        check_amounts(grants, problems);
        if grants.rules.len() > MAX_RULES {
            let message = format!("{} rules are too many", grants.rules.len());
            return problems.add(format!("{FIELD}.rules"), message, &format!("at most {MAX_RULES}"));
        }
        if grants.rules.is_empty() {
            let suggestion = "name a host, such as `example.com:443`, or write `network = \"deny\"`";
            problems.add(format!("{FIELD}.rules"), "without a rule nothing is granted", suggestion);
        }
        for (index, rule) in grants.rules.iter().enumerate() {
            check_rule(index, rule, grants, problems);
        }
        for (index, secret) in grants.secrets.iter().enumerate() {
            check_secret(index, secret, grants, problems);
        }
        for (index, path) in grants.roots.iter().enumerate() {
            let field = format!("{FIELD}.roots[{index}]");
            problems.file(field, path, "name a file of the host with certificates in PEM");
        }
    }
}

fn check_amounts(grants: &NetworkGrants, problems: &mut Problems) {
    let NetworkGrants { connections, total_connections, bytes_sent, bytes_received, .. } = grants;
    if !(1..=MAX_CONNECTIONS).contains(connections) {
        let message = format!("{connections} is out of range");
        problems.add(format!("{FIELD}.connections"), message, &format!("from 1 to {MAX_CONNECTIONS}"));
    }
    problems.some(&format!("{FIELD}.total_connections"), *total_connections);
    for (name, size) in [("bytes_sent", bytes_sent), ("bytes_received", bytes_received)] {
        problems.size(&format!("{FIELD}.{name}"), *size, ByteSize::bytes(1), ByteSize::bytes(u64::MAX));
    }
    problems.time(&format!("{FIELD}.connect_timeout"), grants.connect_timeout);
    problems.time(&format!("{FIELD}.connection_time"), grants.connection_time);
}

fn check_rule(index: usize, rule: &NetworkRule, grants: &NetworkGrants, problems: &mut Problems) {
    let field = format!("{FIELD}.rules[{index}]");
    if let HostPattern::Name(name) | HostPattern::Subdomains(name) = rule.host()
        && name.is_localhost()
    {
        let port = rule.port().map(|port| format!(":{port}")).unwrap_or_default();
        let scheme = if rule.protocol() == NetworkProtocol::Udp { "udp://" } else { "" };
        let message = format!("`{rule}` grants nothing, since names open public addresses only");
        return problems.add(field, message, &format!("write the address: `{scheme}127.0.0.1{port}`"));
    }
    let others = || grants.rules.iter().enumerate().filter(|(other, _)| *other != index);
    // Of two that are the same, the later one is too many.
    let wider = others().find(|(at, other)| other.covers(rule) && (!rule.covers(other) || *at < index));
    if let Some((_, other)) = wider {
        let message = format!("`{rule}` grants nothing that `{other}` does not");
        problems.add(field, message, "take one of the two out");
    }
}

/// What is wrong is said without the texts, of which any may be the secret in a wrong place; but for a host with its port.
fn check_secret(index: usize, secret: &HeaderSecret, grants: &NetworkGrants, problems: &mut Problems) {
    let HeaderSecret { host, header, value, unencrypted: _ } = secret;
    let field = |name: &str| format!("{FIELD}.secrets[{index}].{name}");
    if host.single_host().is_none() || host.port().is_none() || host.protocol() != NetworkProtocol::Tcp {
        problems.add(
            field("host"),
            "it is not one host and one port",
            "name the one that is to have it, such as `api.example.com:443`",
        );
    } else if !grants.rules.iter().any(|rule| rule.covers(host)) {
        let message = format!("no rule grants `{host}`");
        problems.add(field("host"), message, &format!("add it to the rules: `\"{host}\"`"));
    }
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if header.is_empty() || header.len() > MAX_HEADER || !header.chars().all(token) {
        problems.add(field("header"), "it is no name of a header", "such as `Authorization`");
    } else if FRAMING.iter().any(|name| name.eq_ignore_ascii_case(header)) {
        problems.add(field("header"), format!("`{header}` says how a request is read"), "use another header");
    }
    let value = value.reveal();
    let visible = |c: char| matches!(c, ' '..='~');
    if value.is_empty() || value.len() > MAX_HEADER || !value.chars().all(visible) || value.trim() != value {
        let message = "it is empty, too long, has a space at an end or something else than visible ASCII in it";
        problems.add(field("value"), message, "write what comes after the `:` of the header");
    }
    let same = |other: &HeaderSecret| other.host == *host && other.header.eq_ignore_ascii_case(header);
    if grants.secrets.iter().take(index).any(same) {
        problems.add(field("header"), "it is set for this host already", "take one of the two out");
    }
}
