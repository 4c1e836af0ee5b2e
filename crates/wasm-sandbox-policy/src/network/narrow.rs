//! Of two policies for the network, what both allow.

use super::{HeaderSecret, NetworkGrants, NetworkPolicy, NetworkRule};

impl NetworkPolicy {
    pub(crate) fn narrowed_by(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Deny, Self::Deny | Self::Allow(_)) | (Self::Allow(_), Self::Deny) => Self::Deny,
            (Self::Allow(ours), Self::Allow(theirs)) => {
                let both = ours.narrowed_by(theirs);
                // What grants nothing is said as such.
                if both.rules.is_empty() { Self::Deny } else { Self::Allow(both) }
            }
        }
    }

    pub(crate) fn permits(&self, narrower: &Self) -> bool {
        match (self, narrower) {
            (Self::Deny | Self::Allow(_), Self::Deny) => true,
            (Self::Deny, Self::Allow(_)) => false,
            (Self::Allow(ours), Self::Allow(theirs)) => ours.permits(theirs),
        }
    }
}

impl NetworkGrants {
    fn narrowed_by(&self, other: &Self) -> Self {
        let Self {
            rules,
            connections,
            total_connections,
            bytes_sent,
            bytes_received,
            connect_timeout,
            connection_time,
            secrets,
            roots,
        } = self;
        let rules = meet(rules, &other.rules);
        let is_granted = |secret: &&HeaderSecret| rules.iter().any(|rule| rule.covers(&secret.host));
        let secrets = secrets.iter().filter(|secret| other.secrets.contains(secret)).filter(is_granted);
        Self {
            connections: *connections.min(&other.connections),
            total_connections: *total_connections.min(&other.total_connections),
            bytes_sent: *bytes_sent.min(&other.bytes_sent),
            bytes_received: *bytes_received.min(&other.bytes_received),
            connect_timeout: *connect_timeout.min(&other.connect_timeout),
            connection_time: *connection_time.min(&other.connection_time),
            secrets: secrets.cloned().collect(),
            roots: roots.iter().filter(|root| other.roots.contains(root)).cloned().collect(),
            rules,
        }
    }

    fn permits(&self, narrower: &Self) -> bool {
        let both = self.narrowed_by(narrower);
        let known = narrower.rules.iter().all(|rule| self.rules.iter().any(|ours| ours.covers(rule)));
        known && NetworkGrants { rules: Vec::new(), ..both } == NetworkGrants { rules: Vec::new(), ..narrower.clone() }
    }
}

/// What is in both, each once, without what another of them covers.
fn meet(ours: &[NetworkRule], theirs: &[NetworkRule]) -> Vec<NetworkRule> {
    let mut both: Vec<NetworkRule> = Vec::new();
    for rule in ours.iter().flat_map(|rule| theirs.iter().filter_map(|their| rule.meet(their))) {
        if !both.iter().any(|known| known.covers(&rule)) {
            both.retain(|known| !rule.covers(known));
            both.push(rule);
        }
    }
    both
}
