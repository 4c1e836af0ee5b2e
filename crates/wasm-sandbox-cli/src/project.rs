//! What a command is given: a file, or the folder of a project, and the `wasm-sandbox.toml` that goes with it.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use wasm_sandbox::{
    ConfigProblem, GuestKind, InstanceConfig, Manifest, MountAccess, MountConfig, NetworkPolicy, Plain, ProjectGuest,
    SandboxError,
};

use crate::{
    flags::{PolicyFlags, in_file},
    options::Verbosity,
    report,
};

/// The longest manifest that is read.
const MAX_BYTES: u64 = 1 << 20;

/// A source, and the manifest beside it if there is one.
pub(crate) struct Project {
    source: PathBuf,
    manifest: Option<Found>,
    /// Whether it was named by its folder, so that the manifest says what the guest is.
    whole: bool,
}

/// A manifest and where it lies.
struct Found {
    manifest: Manifest,
    folder: PathBuf,
    shown: String,
}

impl Project {
    /// What a path names: a file or a folder, or the current folder where there is none. The manifest is that of the folder
    /// itself, never one above it, and is not looked for beside a file whose policy the flags bring.
    ///
    /// # Errors
    /// A manifest with mistakes, or one that others than the user could have written; a folder that is no project.
    pub(crate) fn named(path: Option<&Path>, flags: &PolicyFlags) -> Result<Self, SandboxError> {
        Self::found(path, !flags.has_file())
    }

    /// The same for whom the policy beside a file is of no use: only what a folder says of itself is read.
    ///
    /// # Errors
    /// As [`Self::named`].
    pub(crate) fn without_policy(path: Option<&Path>) -> Result<Self, SandboxError> {
        Self::found(path, false)
    }

    fn found(path: Option<&Path>, beside_file: bool) -> Result<Self, SandboxError> {
        let path = path.unwrap_or(Path::new("."));
        let path = if path.ends_with(Manifest::FILE_NAME) { parent(path) } else { path };
        if !path.is_dir() {
            let manifest = if path.exists() && beside_file { Found::in_folder(parent(path))? } else { None };
            return Ok(Self { source: path.to_owned(), manifest, whole: false });
        }
        match Found::in_folder(path)? {
            Some(found) => {
                // `./.` is `.`.
                let source = found.folder.join(&found.manifest.guest.source).components().collect();
                Ok(Self { source, manifest: Some(found), whole: true })
            }
            None if path.join("Cargo.toml").exists() || path.join("go.mod").exists() => {
                Ok(Self { source: path.to_owned(), manifest: None, whole: true })
            }
            None => Err(SandboxError::NotRunnable {
                what: path.display().to_string(),
                reason: format!("it is a folder without a {}, a Cargo.toml or a go.mod", Manifest::FILE_NAME),
            }),
        }
    }

    pub(crate) fn source(&self) -> &Path {
        &self.source
    }

    /// What the manifest says of the guest, where it speaks of this one.
    pub(crate) fn guest(&self) -> Option<&ProjectGuest> {
        self.manifest.as_ref().filter(|_| self.whole).map(|found| &found.manifest.guest)
    }

    /// The policy: that of `--policy`, or else of the manifest, or else the closed default; and what the flags add.
    ///
    /// # Errors
    /// Mistakes in the flags, or in the file of `--policy`.
    pub(crate) fn policy(&self, flags: &PolicyFlags, verbosity: Verbosity) -> Result<InstanceConfig, SandboxError> {
        let manifest = self.manifest.as_ref().filter(|_| !flags.has_file());
        if let Some(found) = manifest.filter(|_| verbosity >= Verbosity::Verbose) {
            report::note(&format!("the policy is that of `{}`", found.shown));
        }
        policy(flags, manifest.map(Found::policy).unwrap_or_default(), verbosity)
    }

    /// What of the manifest's policy the guest has that is only looked at: nothing is written, and nobody is asked.
    pub(crate) fn looked_at(&self) -> InstanceConfig {
        let mut policy = self.manifest.as_ref().map(Found::policy).unwrap_or_default();
        policy.capabilities.network = NetworkPolicy::Deny;
        for mount in &mut policy.capabilities.filesystem.mounts {
            if let MountConfig::Host { access, .. } = mount {
                *access = MountAccess::Read;
            }
        }
        policy
    }

    /// Refuses what the manifest says the guest is not for.
    ///
    /// # Errors
    /// [`SandboxError::NotRunnable`] when its kind is another.
    pub(crate) fn is_used_as(&self, kind: GuestKind) -> Result<(), SandboxError> {
        let (Some(found), Some(guest)) = (&self.manifest, self.guest()) else { return Ok(()) };
        if guest.kind == kind {
            return Ok(());
        }
        let how = match guest.kind {
            GuestKind::Library => ", whose functions `wasm-sandbox call` calls",
            GuestKind::Cli => ", which `wasm-sandbox run` runs",
            GuestKind::Http => ", which `wasm-sandbox serve` serves",
            _ => "",
        };
        let reason = format!("its `{}` says that it is of the kind `{}`{how}", found.shown, guest.kind.name());
        Err(SandboxError::NotRunnable { what: self.source.display().to_string(), reason })
    }
}

/// What the flags make of a policy; whoever wants to hear advice on it does.
///
/// # Errors
/// Mistakes in the flags, or in the file of `--policy`.
pub(crate) fn policy(
    flags: &PolicyFlags,
    base: InstanceConfig,
    verbosity: Verbosity,
) -> Result<InstanceConfig, SandboxError> {
    let config = flags.added_to(base)?;
    if verbosity >= Verbosity::Verbose {
        report::advice(&config);
    }
    Ok(config)
}

impl Found {
    fn policy(&self) -> InstanceConfig {
        self.manifest.policy_in(&self.folder).with_host_paths(resolved)
    }

    fn in_folder(folder: &Path) -> Result<Option<Self>, SandboxError> {
        let path = folder.join(Manifest::FILE_NAME);
        let shown = path.strip_prefix(".").unwrap_or(&path).display().to_string();
        let Some(text) = read(folder, &path, &shown)? else { return Ok(None) };
        let manifest = Manifest::from_toml(&text).map_err(|error| in_file(error, &shown))?;
        let mut problems: Vec<_> =
            manifest.paths().filter_map(|(field, path)| leads_out(folder, field, path)).collect();
        problems.extend(is_written(folder, &manifest));
        if !problems.is_empty() {
            return Err(in_file(SandboxError::Configuration { problems }, &shown));
        }
        Ok(Some(Self { manifest, folder: folder.to_owned(), shown }))
    }
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new("."))
}

/// The text of a manifest that only this user, or the administrator, can have written.
fn read(folder: &Path, path: &Path, shown: &str) -> Result<Option<String>, SandboxError> {
    let failed = |error: io::Error| SandboxError::internal(format!("reading `{shown}`"), error);
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
        Ok(metadata) if !metadata.is_file() => return Err(problem(shown, "it is no file", "write one, or remove it")),
        Ok(_) => {}
    }
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if let Some((message, remedy)) = distrusted(&fs::metadata(folder).map_err(failed)?, &metadata) {
        let remedy = format!(
            "{remedy}, or name the file and a policy of your own: `--policy FILE`, where an empty one grants nothing; in \
             place of `{}`",
            Plain::line(shown)
        );
        return Err(problem(shown, &format!("{message}, so it is not trusted with a policy"), &remedy));
    }
    let mut text = String::new();
    match file.take(MAX_BYTES + 1).read_to_string(&mut text) {
        Ok(_) if text.len() as u64 > MAX_BYTES => {
            Err(problem(shown, "it is longer than 1 MB", "take out what it does not need"))
        }
        Ok(_) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Err(problem(shown, "it is not UTF-8 text", "write it anew"))
        }
        Err(error) => Err(failed(error)),
    }
}

/// Why a manifest may say what others than the user want, and what can be done about it.
fn distrusted(folder: &Metadata, manifest: &Metadata) -> Option<(&'static str, &'static str)> {
    Some(match (is_own(folder), is_own(manifest)) {
        _ if !is_owned(manifest) => ("it belongs to another user", "copy it, so that it is yours"),
        _ if !is_owned(folder) => ("its folder belongs to another user", "copy the folder, so that it is yours"),
        (_, false) => ("others than you can write it", "`chmod go-w` it"),
        (false, _) => ("others than you can write its folder", "`chmod go-w` the folder"),
        // It may lie where the guest can write.
        _ if manifest.nlink() != 1 => ("it has a second name (a hard link)", "remove the other name"),
        _ => return None,
    })
}

/// Whether nobody but this user and the administrator can change it.
pub(crate) fn is_own(metadata: &Metadata) -> bool {
    is_owned(metadata) && metadata.mode() & 0o022 == 0
}

fn is_owned(metadata: &Metadata) -> bool {
    let owner = metadata.uid();
    owner == 0 || owner == rustix::process::geteuid().as_raw()
}

/// A path of the manifest that links lead out of its folder.
fn leads_out(folder: &Path, field: String, path: &Path) -> Option<ConfigProblem> {
    // What is not there is said by whoever opens it.
    let (Ok(inside), Ok(target)) = (folder.canonicalize(), folder.join(path).canonicalize()) else { return None };
    (!target.starts_with(inside)).then(|| {
        let message = format!("`{}` is a link that leads out of the manifest's folder", path.display());
        let remedy = "grant it by a flag as you run the guest, or by a policy of your own (`--policy FILE`)";
        ConfigProblem::new(field, Plain::line(&message).to_string()).suggest(remedy)
    })
}

/// A path without links, as far as it is there: nobody can lead it elsewhere later who cannot move what it names.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// That the guest may write the very folder that the manifest lies in, by a link.
fn is_written(folder: &Path, manifest: &Manifest) -> Option<ConfigProblem> {
    let policy = manifest.policy_in(folder);
    let mounts = policy.capabilities.filesystem.mounts.iter();
    let mut written = mounts.filter_map(|mount| match mount {
        MountConfig::Host { host, access: MountAccess::Write, .. } => Some(host),
        _ => None,
    });
    let reached = written.find(|host| resolved(folder).starts_with(resolved(host)))?;
    let message =
        format!("`{}` is the manifest's own folder, and the guest could write the manifest", reached.display());
    let field = "policy.capabilities.filesystem.mounts";
    Some(ConfigProblem::new(field, Plain::line(&message).to_string()).suggest("let it write a folder of its own"))
}

fn problem(shown: &str, message: &str, remedy: &str) -> SandboxError {
    SandboxError::Configuration { problems: vec![ConfigProblem::new(shown, message).suggest(remedy)] }
}
