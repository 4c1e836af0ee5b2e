//! Live trees for the mounts of a policy.

use std::{path::Path, sync::Arc};

use wasm_sandbox_policy::{ConfigProblem, GuestPath, MountAccess, MountConfig, SandboxError};

/// A tree and where the guest sees it.
pub(crate) type Mount = (GuestPath, Arc<dyn Dir>);

use crate::vfs::{Dir, HostTree, MemoryTree, Quota};

/// Opens every mount.
///
/// # Errors
/// The host has no such directory or archive, or cannot keep a guest inside it.
pub(crate) fn open(mounts: &[MountConfig], quota: &Arc<Quota>) -> Result<Vec<Mount>, SandboxError> {
    let mut opened = Vec::with_capacity(mounts.len());
    for mount in mounts {
        opened.push((mount.guest().clone(), tree(mount, quota).map_err(|error| explain(mount, error))?));
    }
    Ok(opened)
}

/// What to grant instead of what is not there, or is no folder.
fn explain(mount: &MountConfig, error: SandboxError) -> SandboxError {
    let (path, flag) = match mount {
        MountConfig::Host { host, access: MountAccess::Read, .. } => (host, "--allow-read "),
        MountConfig::Host { host, .. } => (host, "--allow-write "),
        MountConfig::Overlay { host, .. } => (host, ""),
        _ => return error,
    };
    let shown = path.display();
    let (message, suggestion) = if path.is_file() {
        let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new(".")).display();
        let name = path.file_name().unwrap_or_default().display();
        let place = mount.guest().as_str().rsplit_once('/').map(|(place, _)| place).filter(|place| !place.is_empty());
        let place = place.unwrap_or("/data");
        (
            format!("`{shown}` is a file, and grants are of folders"),
            format!("grant its folder, as with `{flag}{folder}:{place}`: the guest then finds `{place}/{name}`"),
        )
    } else if matches!(error, SandboxError::FileNotFound { .. }) {
        (
            format!("there is no folder `{shown}`"),
            format!("make it first, as with `mkdir -p {shown}`, or grant another"),
        )
    } else {
        return error;
    };
    let problem = ConfigProblem::new("capabilities.filesystem.mounts", message);
    SandboxError::Configuration { problems: vec![problem.suggest(suggestion)] }
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
