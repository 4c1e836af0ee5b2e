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
    },
}

impl View {
    /// Plans a tree with the paths that the program may read or write. One that is not there is left out.
    pub(super) fn plan(spec: &JailSpec) -> io::Result<Self> {
        let mut plan = Plan::default();
        for path in spec.read.iter().chain(&spec.write) {
            plan.add(path)?;
        }
        let id = |own: u32| CString::new(format!("{INSIDE} {own} 1")).map_err(io::Error::from);
        Ok(Self {
            steps: plan.steps()?,
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
        let quiet = libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;
        if mount(Some(c"none"), c"/new/proc", Some(c"proc"), quiet, None).is_err() {
            // Where parts of it are hidden from this process, the kernel gives no new one.
            mount(Some(c"/host/proc"), c"/new/proc", None, libc::MS_BIND | libc::MS_REC, None)?;
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
            Self::Show { from, to } => mount(Some(from), to, None, libc::MS_BIND | libc::MS_REC, None),
        }
    }
}

/// Granted paths, with the links that lead to them.
#[derive(Default)]
struct Plan {
    /// Where things really are, and whether they are folders.
    shown: BTreeMap<PathBuf, bool>,
    links: BTreeMap<PathBuf, PathBuf>,
}

impl Plan {
    /// Follows a path to what it names.
    fn add(&mut self, path: &Path) -> io::Result<()> {
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
        self.shown.insert(here.clone(), here.is_dir());
        self.links.extend(links);
        Ok(())
    }

    /// What to do, in an order in which it can be done. Nothing is made in a folder that is the host's own.
    fn steps(mut self) -> io::Result<Vec<Step>> {
        let folders: Vec<PathBuf> =
            self.shown.iter().filter(|(_, folder)| **folder).map(|(path, _)| path.clone()).collect();
        let in_another = |path: &Path| folders.iter().any(|folder| path != folder && path.starts_with(folder));
        self.shown.retain(|path, _| !in_another(path));
        self.links.retain(|path, _| !in_another(path));
        let above = |path: &PathBuf| path.ancestors().skip(1).map(Path::to_owned).collect::<Vec<_>>();
        let mut made: BTreeSet<PathBuf> = self.shown.keys().chain(self.links.keys()).flat_map(above).collect();
        made.extend(self.shown.iter().filter(|(_, folder)| **folder).map(|(path, _)| path.clone()));
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
        for (path, folder) in &self.shown {
            if !folder {
                steps.push(Step::File(inside("/new", path)?));
            }
            steps.push(Step::Show { from: inside("/host", path)?, to: inside("/new", path)? });
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
            Step::Show { from, to } => format!("show {} at {}", text(from), text(to)),
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
            plan.add(&path(granted)).unwrap();
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
