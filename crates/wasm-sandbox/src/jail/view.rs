//! What there is of the host's files in the jail: a tree of its own with only what was granted, at the same paths. Landlock
//! keeps a program from reading and writing what it may not; here it does not even learn that there is more.

#![expect(unsafe_code, reason = "mounts have no safe interface")]

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    ffi::{CStr, CString, OsString},
    io,
    os::unix::ffi::OsStrExt,
    path::{Component, Path, PathBuf},
};

use super::JailSpec;

/// As many links are followed in a path, as the kernel does.
const MAX_LINKS: usize = 40;

/// The tree, planned in the parent, so that the child makes system calls and nothing else.
pub(super) struct View {
    steps: Vec<Step>,
    /// How the program finds itself where there is no `/proc`.
    itself: Option<Step>,
    directory: CString,
    user: CString,
    group: CString,
}

enum Step {
    Folder(CString),
    File(CString),
    Link {
        target: CString,
        at: CString,
    },
    /// From the host's tree to the same place in the new one.
    Show {
        from: CString,
        to: CString,
        write: bool,
    },
}

/// A path of the host's that is shown.
#[derive(Clone, Copy)]
struct Shown {
    folder: bool,
    /// Whether anything about it can be changed. Landlock bounds what is written; modes, owners and times it does not know.
    write: bool,
}

impl View {
    /// Plans a tree with the paths that the program may read or write. One that is not there is left out.
    pub(super) fn plan(spec: &JailSpec) -> io::Result<Self> {
        let mut plan = Plan::default();
        spec.read.iter().try_for_each(|path| plan.add(path, false))?;
        spec.write.iter().try_for_each(|path| plan.add(path, path.is_dir()))?;
        let id = |own: u32| CString::new(format!("{INSIDE} {own} 1")).map_err(io::Error::from);
        let itself = Step::Link { target: text(&spec.program)?, at: c"/new/proc/self/exe".to_owned() };
        Ok(Self {
            steps: plan.steps()?,
            itself: (!spec.processes).then_some(itself),
            directory: text(&spec.directory)?,
            user: id(rustix::process::geteuid().as_raw())?,
            group: id(rustix::process::getegid().as_raw())?,
        })
    }

    /// Makes this process nobody in particular in its new user namespace. The number is not that of an administrator, so
    /// that what the namespace gives is gone once the program runs.
    pub(super) fn become_nobody(&self) -> io::Result<()> {
        write(c"/proc/self/setgroups", c"deny")?;
        write(c"/proc/self/uid_map", &self.user)?;
        write(c"/proc/self/gid_map", &self.group)
    }

    /// Builds the tree and goes to live in it. The process must be alone in its namespaces of mounts and processes.
    pub(super) fn enter(&self) -> io::Result<()> {
        mount(None, c"/", None, libc::MS_REC | libc::MS_PRIVATE, None)?;
        // Everywhere has this folder, and what is mounted on it is moved away at once.
        mount(Some(c"none"), c"/proc", Some(c"tmpfs"), libc::MS_NOSUID | libc::MS_NODEV, Some(c"mode=0755"))?;
        change_folder(c"/proc")?;
        folder(c"host")?;
        folder(c"new")?;
        mount(Some(c"new"), c"new", None, libc::MS_BIND, None)?;
        pivot(c".", c"host")?;
        change_folder(c"/")?;
        for step in &self.steps {
            step.take()?;
        }
        folder(c"/new/proc")?;
        match &self.itself {
            Some(link) => folder(c"/new/proc/self").and_then(|()| link.take())?,
            None => show_processes()?,
        }
        change_folder(c"/new")?;
        pivot(c".", c".")?;
        // SAFETY: the path is a C string; the host's tree is let go of, in this namespace alone.
        done(unsafe { libc::umount2(c".".as_ptr(), libc::MNT_DETACH) })?;
        let closed = libc::MS_REMOUNT | libc::MS_BIND | libc::MS_RDONLY | libc::MS_NOSUID | libc::MS_NODEV;
        mount(None, c"/", None, closed, None)?;
        change_folder(&self.directory)
    }
}

fn show_processes() -> io::Result<()> {
    let quiet = libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;
    mount(Some(c"none"), c"/new/proc", Some(c"proc"), quiet, None).or_else(|_| {
        // Where parts of it are hidden from this process, the kernel gives no new one.
        mount(Some(c"/host/proc"), c"/new/proc", None, libc::MS_BIND | libc::MS_REC, None)
    })
}

/// The user and group that the program believes to be.
const INSIDE: u32 = 1000;

/// When memory runs out the kernel kills this process and its children, not somebody else's.
pub(super) fn die_first() -> io::Result<()> {
    write(c"/proc/self/oom_score_adj", c"1000")
}

impl Step {
    fn take(&self) -> io::Result<()> {
        match self {
            Self::Folder(path) => folder(path),
            Self::File(path) => {
                // SAFETY: the path is a C string, and the descriptor is this function's to close.
                unsafe { done(libc::close(libc::open(path.as_ptr(), libc::O_CREAT | libc::O_CLOEXEC, 0o644))) }
            }
            // SAFETY: both are C strings.
            Self::Link { target, at } => done(unsafe { libc::symlink(target.as_ptr(), at.as_ptr()) }),
            Self::Show { from, to, write } => {
                mount(Some(from), to, None, libc::MS_BIND | libc::MS_REC, None)?;
                close_mount(to, *write)
            }
        }
    }
}

/// Takes from a mount and all below it what a compiler has no use for: programs that run as somebody else, and any change, if
/// there may be none.
fn close_mount(at: &CStr, write: bool) -> io::Result<()> {
    /// Linux's `struct mount_attr`.
    #[repr(C)]
    struct Attributes {
        set: u64,
        clear: u64,
        propagation: u64,
        namespace: u64,
    }
    const READ_ONLY: u64 = 1;
    const NO_SETUID: u64 = 2;
    let set = if write { NO_SETUID } else { READ_ONLY | NO_SETUID };
    let attributes = Attributes { set, clear: 0, propagation: 0, namespace: 0 };
    // SAFETY: the path is a C string, and the structure is the one that the call wants, with its size.
    done(unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            at.as_ptr(),
            libc::AT_RECURSIVE,
            &raw const attributes,
            size_of::<Attributes>(),
        ) as libc::c_int
    })
}

/// Granted paths, with the links that lead to them.
#[derive(Default)]
struct Plan {
    /// Where things really are.
    shown: BTreeMap<PathBuf, Shown>,
    links: BTreeMap<PathBuf, PathBuf>,
}

impl Plan {
    /// Follows a path to what it names.
    fn add(&mut self, path: &Path, write: bool) -> io::Result<()> {
        let mut left: VecDeque<OsString> = names(path);
        let mut here = PathBuf::from("/");
        let mut links = Vec::new();
        while let Some(name) = left.pop_front() {
            if name == ".." {
                here.pop();
                continue;
            }
            let next = here.join(&name);
            let metadata = match next.symlink_metadata() {
                Ok(metadata) => metadata,
                Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                    return Ok(());
                }
                Err(error) => return Err(error),
            };
            if !metadata.is_symlink() {
                here = next;
                continue;
            }
            if links.len() >= MAX_LINKS {
                return Ok(());
            }
            let target = next.read_link()?;
            if target.is_absolute() {
                here = PathBuf::from("/");
            }
            for name in names(&target).into_iter().rev() {
                left.push_front(name);
            }
            links.push((next, target));
        }
        let shown = Shown { folder: here.is_dir(), write };
        self.shown.entry(here).and_modify(|known| known.write |= write).or_insert(shown);
        self.links.extend(links);
        Ok(())
    }

    /// What to do, in an order in which it can be done. Nothing is made in a folder that is the host's own.
    fn steps(mut self) -> io::Result<Vec<Step>> {
        let folders: Vec<(PathBuf, bool)> = self
            .shown
            .iter()
            .filter(|(_, shown)| shown.folder)
            .map(|(path, shown)| (path.clone(), shown.write))
            .collect();
        let inside_of = |path: &Path, enough: &dyn Fn(bool) -> bool| {
            folders.iter().any(|(folder, write)| path != folder && path.starts_with(folder) && enough(*write))
        };
        // What can be written inside of what cannot is shown once more.
        self.shown.retain(|path, shown| !inside_of(path, &|write| write || !shown.write));
        self.links.retain(|path, _| !inside_of(path, &|_| true));
        let above = |path: &PathBuf| path.ancestors().skip(1).map(Path::to_owned).collect::<Vec<_>>();
        let mut made: BTreeSet<PathBuf> = self.shown.keys().chain(self.links.keys()).flat_map(above).collect();
        made.extend(self.shown.iter().filter(|(_, shown)| shown.folder).map(|(path, _)| path.clone()));
        made.remove(Path::new("/"));
        // The tree has this one anyway.
        made.remove(Path::new("/proc"));
        let mut steps = Vec::new();
        for path in made {
            steps.push(Step::Folder(inside("/new", &path)?));
        }
        for (at, target) in &self.links {
            steps.push(Step::Link { target: text(target)?, at: inside("/new", at)? });
        }
        for (path, shown) in &self.shown {
            if !shown.folder {
                steps.push(Step::File(inside("/new", path)?));
            }
            steps.push(Step::Show { from: inside("/host", path)?, to: inside("/new", path)?, write: shown.write });
        }
        Ok(steps)
    }
}

/// The names in a path, without the root and the dots that mean nothing.
fn names(path: &Path) -> VecDeque<OsString> {
    let name = |part: Component<'_>| {
        matches!(part, Component::Normal(_) | Component::ParentDir).then(|| part.as_os_str().to_owned())
    };
    path.components().filter_map(name).collect()
}

fn inside(root: &str, path: &Path) -> io::Result<CString> {
    text(&Path::new(root).join(path.strip_prefix("/").unwrap_or(path)))
}

fn text(path: &Path) -> io::Result<CString> {
    Ok(CString::new(path.as_os_str().as_bytes())?)
}

fn done(outcome: libc::c_int) -> io::Result<()> {
    if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

fn folder(path: &CStr) -> io::Result<()> {
    // SAFETY: the path is a C string.
    done(unsafe { libc::mkdir(path.as_ptr(), 0o755) })
}

fn change_folder(path: &CStr) -> io::Result<()> {
    // SAFETY: the path is a C string.
    done(unsafe { libc::chdir(path.as_ptr()) })
}

fn pivot(root: &CStr, old: &CStr) -> io::Result<()> {
    // SAFETY: both are C strings.
    done(if unsafe { libc::syscall(libc::SYS_pivot_root, root.as_ptr(), old.as_ptr()) } == 0 { 0 } else { -1 })
}

fn mount(
    from: Option<&CStr>,
    to: &CStr,
    kind: Option<&CStr>,
    flags: libc::c_ulong,
    options: Option<&CStr>,
) -> io::Result<()> {
    let pointer = |text: Option<&CStr>| text.map_or(std::ptr::null(), CStr::as_ptr);
    // SAFETY: every pointer is a C string's or null, which `mount` takes for what is not needed.
    done(unsafe { libc::mount(pointer(from), to.as_ptr(), pointer(kind), flags, pointer(options).cast()) })
}

fn write(path: &CStr, contents: &CStr) -> io::Result<()> {
    let bytes = contents.to_bytes();
    // SAFETY: the path is a C string, the bytes are alive, and the descriptor is this function's to close.
    unsafe {
        let file = libc::open(path.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC);
        if file < 0 {
            return Err(io::Error::last_os_error());
        }
        let written = libc::write(file, bytes.as_ptr().cast(), bytes.len());
        let error = io::Error::last_os_error();
        libc::close(file);
        if written == bytes.len().cast_signed() { Ok(()) } else { Err(error) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;

    fn shown(plan: Plan) -> Vec<String> {
        let text = |path: CString| path.into_string().unwrap();
        let line = |step: Step| match step {
            Step::Folder(path) => format!("folder {}", text(path)),
            Step::File(path) => format!("file {}", text(path)),
            Step::Link { target, at } => format!("link {} -> {}", text(at), text(target)),
            Step::Show { from, to, .. } => format!("show {} at {}", text(from), text(to)),
        };
        plan.steps().unwrap().into_iter().map(line).collect()
    }

    #[test]
    fn nothing_is_made_in_a_folder_of_the_hosts() {
        let folder = tempfile::tempdir().unwrap();
        let path = |relative: &str| folder.path().canonicalize().unwrap().join(relative);
        fs::create_dir_all(path("a/b")).unwrap();
        fs::write(path("a/b/file"), "").unwrap();
        fs::write(path("alone"), "").unwrap();
        symlink("../alone", path("a/link")).unwrap();
        symlink(path("a"), path("to-a")).unwrap();
        symlink("circle", path("circle")).unwrap();
        let mut plan = Plan::default();
        for granted in ["a/b", "a", "a/b/file", "to-a/link", "missing/x", "alone/x", "circle"] {
            plan.add(&path(granted), false).unwrap();
        }
        let at = |relative: &str| path(relative).display().to_string();
        let all = shown(plan);
        let own: Vec<&String> =
            all.iter().filter(|line| line.contains(&at("a")) || line.contains(&at("to-a"))).collect();
        assert_eq!(
            own,
            [
                &format!("folder /new{}", at("a")),
                &format!("link /new{} -> {}", at("to-a"), at("a")),
                &format!("show /host{0} at /new{0}", at("a")),
                &format!("file /new{}", at("alone")),
                &format!("show /host{0} at /new{0}", at("alone")),
            ]
        );
        assert!(!all.iter().any(|line| line.contains("missing") || line.contains("circle")), "{all:?}");
    }
}
