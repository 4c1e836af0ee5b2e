//! What this machine has for the sandbox: a directory for caches, compilers, and how much a compiler may use. It never
//! changes what a guest is granted.

use std::{path::PathBuf, time::Duration};

use wasm_sandbox_policy::ByteSize;

use crate::jail::fork::ChildLimits;

/// Where caches and compilers are. The default knows of none: nothing is cached and only modules run.
#[derive(Clone, Debug)]
pub struct Setup {
    pub(crate) cache_dir: Option<PathBuf>,
    pub(crate) cache_limit: ByteSize,
    pub(crate) compile_limits: ChildLimits,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            cache_dir: None,
            cache_limit: ByteSize::gib(2),
            compile_limits: ChildLimits {
                cpu_time: Duration::from_secs(10),
                wall_time: Duration::from_secs(20),
                memory: ByteSize::gib(1),
            },
        }
    }
}

impl Setup {
    /// Looks around on this machine: the one place in the library that reads environment variables.
    #[expect(clippy::disallowed_methods, reason = "finding caches and compilers is what this function is for")]
    pub fn discover() -> Self {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let home = variable("HOME");
        let cache = variable("XDG_CACHE_HOME").or_else(|| home.map(|home| home.join(".cache")));
        Self { cache_dir: cache.map(|cache| cache.join("wasm-sandbox")), ..Self::default() }
    }

    /// Keeps compiled code below this directory, which must belong to this user alone.
    #[must_use]
    pub fn cache_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.cache_dir = Some(directory.into());
        self
    }

    /// Keeps nothing on disk.
    #[must_use]
    pub fn no_cache(mut self) -> Self {
        self.cache_dir = None;
        self
    }
}
