//! A project's own files, copied to where its build may not see anything else.

use std::{
    fs::{self, File},
    io::{self, Read},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use rustix::fs::{Dir, FileType, Mode, OFlags, openat, readlinkat};
use wasm_sandbox_policy::SandboxError;

/// Bounds on a project. What is over them is refused, not cut off.
const MAX_FILES: usize = 20_000;
const MAX_BYTES: u64 = 256 << 20;
const MAX_DEPTH: usize = 64;

/// A copied project.
pub(super) struct Staged {
    /// Where its files are.
    pub(super) root: PathBuf,
    /// Its manifests, relative to the root; its own is among them.
    pub(super) manifests: Vec<PathBuf>,
    /// Says which files it has and what is in them.
    pub(super) digest: [u8; 32],
}

impl Staged {
    /// Copies the project in `source` to the folder `root`, which is made.
    pub(super) fn copy(source: &Path, root: PathBuf) -> Result<Self, SandboxError> {
        let mut copy =
            Copy { files: 0, bytes: 0, links: Vec::new(), manifests: Vec::new(), hasher: blake3::Hasher::new() };
        let folder = File::open(source).map_err(|error| failed(Path::new("."), error))?;
        fs::create_dir(&root).map_err(|error| SandboxError::internal("staging a project", error))?;
        copy.folder(&folder, Path::new(""), &root, 0)?;
        let real_root = root.canonicalize().map_err(|error| SandboxError::internal("staging a project", error))?;
        for link in &copy.links {
            let inside = real_root.join(link).canonicalize().is_ok_and(|target| target.starts_with(&real_root));
            if !inside {
                return Err(refused(link, "it is a link that leads out of the project, or nowhere"));
            }
        }
        Ok(Self { root: real_root, manifests: copy.manifests, digest: *copy.hasher.finalize().as_bytes() })
    }
}

struct Copy {
    files: usize,
    bytes: u64,
    links: Vec<PathBuf>,
    manifests: Vec<PathBuf>,
    hasher: blake3::Hasher,
}

impl Copy {
    fn folder(&mut self, from: &File, relative: &Path, root: &Path, depth: usize) -> Result<(), SandboxError> {
        if depth > MAX_DEPTH {
            return Err(refused(relative, &format!("its folders are more than {MAX_DEPTH} deep")));
        }
        let names = names(from).map_err(|error| failed(relative, error))?;
        let has_manifest = names.iter().any(|(name, _)| name == Path::new("Cargo.toml"));
        for (name, kind) in names {
            if left_out(&name, has_manifest) {
                continue;
            }
            let relative = relative.join(&name);
            self.files += 1;
            if self.files > MAX_FILES {
                return Err(refused(&relative, &format!("the project has more than {MAX_FILES} files")));
            }
            match kind {
                FileType::Directory => {
                    self.note(b'd', &relative, b"");
                    fs::create_dir(root.join(&relative)).map_err(|error| failed(&relative, error))?;
                    let folder = open(from, &name, OFlags::DIRECTORY).map_err(|error| failed(&relative, error))?;
                    self.folder(&folder, &relative, root, depth + 1)?;
                }
                FileType::Symlink => self.link(from, &name, relative, root)?,
                FileType::RegularFile => self.file(from, &name, relative, root)?,
                _ => return Err(refused(&relative, "it is neither a file nor a folder nor a link")),
            }
        }
        Ok(())
    }

    fn file(&mut self, from: &File, name: &Path, relative: PathBuf, root: &Path) -> Result<(), SandboxError> {
        let wrong = |error| failed(&relative, error);
        let file = open(from, name, OFlags::NONBLOCK).map_err(wrong)?;
        let metadata = file.metadata().map_err(wrong)?;
        if !metadata.is_file() {
            return Err(refused(&relative, "it changed while it was copied"));
        }
        let mut contents = Vec::new();
        let left = MAX_BYTES - self.bytes;
        if metadata.len() <= left {
            file.take(left + 1).read_to_end(&mut contents).map_err(wrong)?;
        }
        let size = metadata.len().max(contents.len() as u64);
        if size > left {
            return Err(refused(&relative, &format!("the project is larger than {} MB", MAX_BYTES >> 20)));
        }
        self.bytes += size;
        self.note(b'f', &relative, &contents);
        fs::write(root.join(&relative), contents).map_err(wrong)?;
        if name == Path::new("Cargo.toml") {
            self.manifests.push(relative);
        }
        Ok(())
    }

    fn link(&mut self, from: &File, name: &Path, relative: PathBuf, root: &Path) -> Result<(), SandboxError> {
        let target = readlinkat(from, name, Vec::new()).map_err(|error| failed(&relative, error.into()))?;
        let target = Path::new(std::ffi::OsStr::from_bytes(target.to_bytes())).to_owned();
        if target.is_absolute() {
            return Err(refused(&relative, "it is a link that leads out of the project, or nowhere"));
        }
        self.note(b'l', &relative, target.as_os_str().as_bytes());
        std::os::unix::fs::symlink(target, root.join(&relative)).map_err(|error| failed(&relative, error))?;
        self.links.push(relative);
        Ok(())
    }

    /// Takes one entry into the digest.
    fn note(&mut self, kind: u8, path: &Path, contents: &[u8]) {
        self.hasher.update(&[kind]);
        for part in [path.as_os_str().as_bytes(), contents] {
            self.hasher.update(&(part.len() as u64).to_le_bytes());
            self.hasher.update(part);
        }
    }
}

/// What a build does not need, or must not obey: the settings of the project's own cargo and rustup, which name programs to
/// run, and the results of earlier builds, which somebody else made.
fn left_out(name: &Path, beside_manifest: bool) -> bool {
    match name.to_str() {
        Some(".cargo" | ".git" | "rust-toolchain" | "rust-toolchain.toml") => true,
        Some("target") => beside_manifest,
        _ => false,
    }
}

fn open(folder: &File, name: &Path, flags: OFlags) -> io::Result<File> {
    let flags = flags | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(openat(folder, name, flags, Mode::empty())?.into())
}

/// The entries of a folder in an order that does not depend on the disk.
fn names(folder: &File) -> io::Result<Vec<(PathBuf, FileType)>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = PathBuf::from(std::ffi::OsStr::from_bytes(entry.file_name().to_bytes()));
        if name == Path::new(".") || name == Path::new("..") {
            continue;
        }
        if names.len() > MAX_FILES {
            break;
        }
        let status = rustix::fs::statat(folder, &name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW)?;
        names.push((name, FileType::from_raw_mode(status.st_mode)));
    }
    names.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(names)
}

fn failed(path: &Path, error: io::Error) -> SandboxError {
    SandboxError::NotRunnable { what: path.display().to_string(), reason: format!("it cannot be copied: {error}") }
}

fn refused(path: &Path, reason: &str) -> SandboxError {
    SandboxError::NotRunnable { what: path.display().to_string(), reason: reason.to_owned() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// A folder with a project in it, and one beside it that is not the project's.
    struct Project(tempfile::TempDir);

    impl Project {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            fs::create_dir_all(folder.path().join("project/src")).unwrap();
            fs::write(folder.path().join("project/Cargo.toml"), "manifest").unwrap();
            fs::write(folder.path().join("project/src/lib.rs"), "source").unwrap();
            fs::write(folder.path().join("outside"), "canary").unwrap();
            Self(folder)
        }

        fn path(&self, relative: &str) -> PathBuf {
            self.0.path().join("project").join(relative)
        }

        fn stage(&self) -> Result<(tempfile::TempDir, Staged), SandboxError> {
            let to = tempfile::tempdir().unwrap();
            let staged = Staged::copy(&self.path(""), to.path().join("copy"))?;
            Ok((to, staged))
        }

        fn refusal(&self) -> String {
            match self.stage() {
                Err(SandboxError::NotRunnable { what, reason }) => format!("{what}: {reason}"),
                Err(error) => panic!("{error:?}"),
                Ok(_) => panic!("it was staged"),
            }
        }
    }

    /// I4: settings that name programs to run stay behind, wherever they are.
    #[test]
    fn i4_settings_and_earlier_builds_are_left_out() {
        let project = Project::new();
        let plain = project.stage().unwrap().1.digest;
        for folder in [".cargo", ".git", "target", "src/.cargo"] {
            fs::create_dir(project.path(folder)).unwrap();
            fs::write(project.path(folder).join("config.toml"), "runner").unwrap();
        }
        fs::write(project.path("rust-toolchain.toml"), "other").unwrap();
        let (_keep, staged) = project.stage().unwrap();
        assert_eq!(staged.digest, plain);
        assert_eq!(staged.manifests, [Path::new("Cargo.toml")]);
        assert!(!staged.root.join(".cargo").exists() && !staged.root.join("src/.cargo").exists());
        // A module may well be called that.
        fs::create_dir(project.path("src/target")).unwrap();
        fs::write(project.path("src/target/mod.rs"), "module").unwrap();
        let (_keep, staged) = project.stage().unwrap();
        assert_eq!(fs::read(staged.root.join("src/target/mod.rs")).unwrap(), b"module");
        assert_ne!(staged.digest, plain);
    }

    /// I11: links that lead out are refused, those that stay inside are links in the copy too.
    #[test]
    fn i11_links_stay_inside() {
        let project = Project::new();
        symlink("src/lib.rs", project.path("inside")).unwrap();
        let (_keep, staged) = project.stage().unwrap();
        assert_eq!(fs::read(staged.root.join("inside")).unwrap(), b"source");
        for target in ["../outside", "/etc/passwd", "nowhere", "src/../../project/src/lib.rs", "itself"] {
            fs::remove_file(project.path("itself")).ok();
            symlink(target, project.path("itself")).unwrap();
            assert_eq!(project.refusal(), "itself: it is a link that leads out of the project, or nowhere", "{target}");
        }
    }

    #[test]
    fn i11_pipes_and_floods_are_refused() {
        let project = Project::new();
        let pipe = project.path("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, FileType::Fifo, Mode::RWXU, 0).unwrap();
        assert_eq!(project.refusal(), "pipe: it is neither a file nor a folder nor a link");
        fs::remove_file(pipe).unwrap();
        // A file with a hole in it needs no disk.
        File::create(project.path("large")).unwrap().set_len(MAX_BYTES).unwrap();
        assert_eq!(project.refusal(), "large: the project is larger than 256 MB");
        fs::remove_file(project.path("large")).unwrap();
        fs::create_dir_all(project.path(&"d/".repeat(MAX_DEPTH + 1))).unwrap();
        assert!(project.refusal().ends_with("its folders are more than 64 deep"));
    }
}
