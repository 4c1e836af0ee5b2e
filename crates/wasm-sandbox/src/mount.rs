//! Live trees for the mounts of a policy.

use std::sync::Arc;

use wasm_sandbox_policy::{GuestPath, MountConfig, SandboxError};

/// A tree and where the guest sees it.
pub(crate) type Mount = (GuestPath, Arc<dyn Dir>);

use crate::vfs::{Dir, HostTree, MemoryTree, Quota};

/// Opens every mount.
///
/// # Errors
/// The host has no such directory or archive, or cannot keep a guest inside it.
pub(crate) fn open(mounts: &[MountConfig], quota: &Arc<Quota>) -> Result<Vec<Mount>, SandboxError> {
    mounts.iter().map(|mount| Ok((mount.guest().clone(), tree(mount, quota)?))).collect()
}

fn tree(mount: &MountConfig, quota: &Arc<Quota>) -> Result<Arc<dyn Dir>, SandboxError> {
    let quota = Arc::clone(quota);
    match mount {
        MountConfig::Host { host, access, .. } => HostTree::open(host, *access, quota),
        MountConfig::Memory { .. } => Ok(MemoryTree::empty(quota)),
        MountConfig::Overlay { host, .. } => MemoryTree::overlay(host, quota),
        MountConfig::Zip { archive, .. } => MemoryTree::zip(archive, quota),
        other => Err(SandboxError::Unenforceable {
            what: format!("the mount at `{}`", other.guest()),
            reason: "this version does not know its kind".to_owned(),
        }),
    }
}
