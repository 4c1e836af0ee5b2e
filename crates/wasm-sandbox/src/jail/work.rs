//! A private folder for what happens in the jail. What hostile processes leave in it is read with care, and removed whatever
//! it looks like.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File},
    io::{self, Read},
    os::{
        fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
        unix::{
            ffi::{OsStrExt, OsStringExt},
            fs::MetadataExt,
        },
    },
    path::{Path, PathBuf},
};

use rustix::{
    fs::{AtFlags, Dir, FileType, FlockOperation, Mode, OFlags, ResolveFlags, flock, openat, openat2},
    io::Errno,
};

/// What the name of every work folder begins with.
const PREFIX: &str = "wasm-sandbox-build-";

/// The folder; it is removed with the value.
#[derive(Debug)]
pub(crate) struct WorkFolder {
    path: PathBuf,
    #[expect(dead_code, reason = "while it is open, others see that the folder is in use")]
    claim: OwnedFd,
}

impl WorkFolder {
    /// Makes an empty one, which no other user may enter, and removes those that were abandoned.
    pub(crate) fn new(parent: &Path) -> io::Result<Self> {
        fs::create_dir_all(parent)?;
        for folder in of_this_user(parent)? {
            // What does not go away now is tried again by the next.
            let _ = remove_abandoned(&folder);
        }
        loop {
            let path = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?.keep();
            // Before it is claimed, another process may take it for abandoned.
            match claim(&path) {
                Ok(claim) if path.exists() => return Ok(Self { path, claim }),
                Err(error) if !matches!(Errno::from_io_error(&error), Some(Errno::NOENT | Errno::WOULDBLOCK)) => {
                    return Err(error);
                }
                _ => {}
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Reads a regular file of at most `limit` bytes. Nothing on the way to it may be a link: it could lead to what only
    /// this process may read.
    pub(crate) fn read(&self, relative: &Path, limit: u64) -> io::Result<Vec<u8>> {
        read(&self.path, relative, limit)
    }
}

/// The same for another folder whose files are not to be trusted.
pub(crate) fn read(folder: &Path, relative: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let folder = File::open(folder)?;
    let how = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = File::from(openat2(&folder, relative, flags, Mode::empty(), how)?);
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    if metadata.len() > limit {
        return Err(io::Error::other(format!("it is larger than {limit} bytes")));
    }
    let mut contents = Vec::new();
    file.take(limit).read_to_end(&mut contents)?;
    Ok(contents)
}

impl Drop for WorkFolder {
    fn drop(&mut self) {
        // Nothing can be done about a folder that does not go away, and nobody waits for an answer.
        let _ = remove(&self.path);
    }
}

/// Folders of this user's, and nothing that only looks like one.
fn of_this_user(parent: &Path) -> io::Result<Vec<PathBuf>> {
    let own = rustix::process::geteuid().as_raw();
    let ours = |entry: &fs::DirEntry| {
        let named = entry.file_name().as_bytes().starts_with(PREFIX.as_bytes());
        named && entry.metadata().is_ok_and(|metadata| metadata.is_dir() && metadata.uid() == own)
    };
    Ok(fs::read_dir(parent)?.filter_map(Result::ok).filter(ours).map(|entry| entry.path()).collect())
}

/// Takes a folder for oneself, until the descriptor is closed: at the latest when the process ends, however it ends.
fn claim(folder: &Path) -> io::Result<OwnedFd> {
    let descriptor = open_folder(rustix::fs::CWD, folder.as_os_str())?;
    flock(&descriptor, FlockOperation::NonBlockingLockExclusive)?;
    Ok(descriptor)
}

/// Removes a folder that nobody works in: it was left by a process that was killed.
fn remove_abandoned(folder: &Path) -> io::Result<()> {
    let _claim = claim(folder)?;
    remove(folder)
}

/// Removes a tree that may be deeper than descriptors or the stack reach, and have folders that were closed to their owner:
/// whatever lies deeper than one level is moved up before it is emptied.
fn remove(folder: &Path) -> io::Result<()> {
    let top = open_folder(rustix::fs::CWD, folder.as_os_str())?;
    let mut moved = 0_u64;
    loop {
        let (folders, files) = entries(top.as_fd())?;
        for file in &files {
            rustix::fs::unlinkat(&top, file.as_os_str(), AtFlags::empty())?;
        }
        if folders.is_empty() {
            break;
        }
        for name in folders {
            empty(top.as_fd(), &name, &mut moved)?;
        }
    }
    fs::remove_dir(folder)
}

/// Empties and removes a folder; the folders in it move up beside it.
fn empty(top: BorrowedFd<'_>, name: &OsStr, moved: &mut u64) -> io::Result<()> {
    let folder = open_folder(top, name)?;
    let (folders, files) = entries(folder.as_fd())?;
    for file in &files {
        rustix::fs::unlinkat(&folder, file.as_os_str(), AtFlags::empty())?;
    }
    for inner in &folders {
        // A folder that is closed to its owner does not move.
        drop(open_folder(folder.as_fd(), inner)?);
        loop {
            *moved += 1;
            let flags = rustix::fs::RenameFlags::NOREPLACE;
            match rustix::fs::renameat_with(&folder, inner.as_os_str(), top, format!("moved-{moved}"), flags) {
                Err(Errno::EXIST) => {}
                outcome => break outcome?,
            }
        }
    }
    Ok(rustix::fs::unlinkat(top, name, AtFlags::REMOVEDIR)?)
}

/// Opens a folder, which becomes its owner's to read and write if it was not. What is no folder by then is not touched.
fn open_folder(parent: BorrowedFd<'_>, name: &OsStr) -> io::Result<OwnedFd> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let folder = openat(parent, name, flags | OFlags::PATH, Mode::empty())?;
    // A path is the only name by which the mode of something that cannot be opened yet is changed.
    rustix::fs::chmod(format!("/proc/self/fd/{}", folder.as_raw_fd()), Mode::RWXU)?;
    Ok(openat(&folder, ".", flags | OFlags::RDONLY, Mode::empty())?)
}

/// The names of the folders and of everything else.
fn entries(folder: BorrowedFd<'_>) -> io::Result<(Vec<OsString>, Vec<OsString>)> {
    let (mut folders, mut files) = (Vec::new(), Vec::new());
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = OsStr::from_bytes(entry.file_name().to_bytes());
        if name == "." || name == ".." {
            continue;
        }
        let kind = match entry.file_type() {
            FileType::Unknown => {
                let status = rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)?;
                FileType::from_raw_mode(status.st_mode)
            }
            kind => kind,
        };
        let list = if kind == FileType::Directory { &mut folders } else { &mut files };
        list.push(OsString::from_vec(name.as_bytes().to_vec()));
    }
    Ok((folders, files))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;

    /// I11: a build script may leave folders behind that nobody may enter, and a tree deeper than any path is long.
    #[test]
    fn i11_whatever_was_left_is_removed() {
        let parent = tempfile::tempdir().unwrap();
        let outside = parent.path().join("outside");
        fs::write(&outside, "stays").unwrap();
        let work = WorkFolder::new(&parent.path().join("work")).unwrap();
        let path = work.path().to_owned();
        fs::create_dir_all(path.join("closed/inner")).unwrap();
        fs::create_dir(path.join("moved-1")).unwrap();
        std::os::unix::fs::symlink(&outside, path.join("closed/inner/link")).unwrap();
        std::os::unix::fs::symlink(parent.path(), path.join("closed/inner/folder-link")).unwrap();
        for closed in ["closed/inner", "closed"] {
            rustix::fs::chmod(path.join(closed), Mode::empty()).unwrap();
        }
        let mut here: OwnedFd = File::open(&path).unwrap().into();
        for _ in 0..3000 {
            rustix::fs::mkdirat(&here, "deeper", Mode::RWXU).unwrap();
            here = openat(&here, "deeper", OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap();
        }
        drop(work);
        assert!(!path.exists());
        assert_eq!(fs::read(&outside).unwrap(), b"stays");
    }

    /// I11: a process that was killed in the middle of its work leaves a folder, which the next one removes; those that
    /// somebody works in stay.
    #[test]
    fn i11_abandoned_folders_go() {
        let parent = tempfile::tempdir().unwrap();
        let abandoned = parent.path().join(format!("{PREFIX}abandoned"));
        fs::create_dir_all(abandoned.join("inner")).unwrap();
        rustix::fs::chmod(&abandoned, Mode::empty()).unwrap();
        // Nor is anything followed that only has the name.
        let other = parent.path().join("other");
        fs::create_dir_all(other.join("inner")).unwrap();
        rustix::fs::chmod(&other, Mode::RUSR | Mode::XUSR).unwrap();
        let link = parent.path().join(format!("{PREFIX}link"));
        std::os::unix::fs::symlink(&other, &link).unwrap();
        assert_eq!(remove_abandoned(&link).unwrap_err().raw_os_error(), Some(libc::ENOTDIR));
        let first = WorkFolder::new(parent.path()).unwrap();
        assert!(!abandoned.exists());
        let second = WorkFolder::new(parent.path()).unwrap();
        assert!(first.path().exists() && second.path().exists());
        assert_eq!(remove_abandoned(first.path()).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        assert!(other.join("inner").exists());
        assert_eq!(other.metadata().unwrap().mode() & 0o777, 0o500);
    }

    /// I11: the output of a compile is not read through a link, nor when it is something else or too large.
    #[test]
    fn i11_links_and_others_are_not_read() {
        let parent = tempfile::tempdir().unwrap();
        let work = WorkFolder::new(parent.path()).unwrap();
        fs::create_dir(work.path().join("out")).unwrap();
        fs::write(work.path().join("out/good"), "good").unwrap();
        std::os::unix::fs::symlink("good", work.path().join("out/link")).unwrap();
        std::os::unix::fs::symlink("out", work.path().join("folder-link")).unwrap();
        rustix::fs::mknodat(rustix::fs::CWD, work.path().join("out/pipe"), FileType::Fifo, Mode::RWXU, 0).unwrap();
        let error = |path: &str| work.read(Path::new(path), 4).unwrap_err();
        assert_eq!(work.read(Path::new("out/good"), 4).unwrap(), b"good");
        assert_eq!(error("out/link").raw_os_error(), Some(libc::ELOOP));
        assert_eq!(error("folder-link/good").raw_os_error(), Some(libc::ELOOP));
        assert_eq!(error("../good").raw_os_error(), Some(libc::EXDEV));
        assert_eq!(error("out/pipe").to_string(), "it is not a file");
        assert_eq!(work.read(Path::new("out/good"), 3).unwrap_err().to_string(), "it is larger than 3 bytes");
    }
}
