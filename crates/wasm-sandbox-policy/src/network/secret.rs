//! Secrets that the host keeps and adds to a guest's requests.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{NetworkPolicy, rule::NetworkRule};
use crate::config::InstanceConfig;

/// A header that the host adds to every request to one host, so that a guest can use a key that it never sees. Whatever the guest
/// itself says under that name is taken out. It does not cover what the host does with it: one that repeats its
/// requests in its answers tells the guest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeaderSecret {
    /// The one host and port, such as `api.example.com:443`; one of the rules has to grant it.
    pub host: NetworkRule,
    /// The header's name, such as `Authorization`.
    pub header: String,
    /// The header's value, such as `Bearer ...`.
    pub value: SecretText,
    /// Whether it is also sent over a connection that is not encrypted. Default false.
    #[serde(default)]
    pub unencrypted: bool,
}

impl InstanceConfig {
    /// This policy with its secrets named and their values taken out, for where it is kept but they must not be.
    #[must_use]
    pub fn without_secrets(&self) -> Self {
        let mut config = self.clone();
        if let NetworkPolicy::Allow(grants) = &mut config.capabilities.network {
            grants.secrets.iter_mut().for_each(|secret| secret.value = SecretText(String::new()));
        }
        config
    }

    /// This policy, which is [without its secrets](Self::without_secrets), with those of the same names in `other`; none if one of
    /// them is not there.
    #[must_use]
    pub fn with_secrets_of(mut self, other: &Self) -> Option<Self> {
        let known = other.capabilities.network.grants().map_or(&[][..], |grants| &grants.secrets);
        if let NetworkPolicy::Allow(grants) = &mut self.capabilities.network {
            for secret in &mut grants.secrets {
                secret.value = known.iter().find(|known| known.is_named_like(secret))?.value.clone();
            }
        }
        Some(self)
    }
}

impl HeaderSecret {
    fn is_named_like(&self, other: &Self) -> bool {
        let Self { host, header, value: _, unencrypted } = self;
        (host, header, unencrypted) == (&other.host, &other.header, &other.unencrypted)
    }
}

/// A text that is written where a policy is and nowhere else: `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct SecretText(String);

impl SecretText {
    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<&str> for SecretText {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for SecretText {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}
