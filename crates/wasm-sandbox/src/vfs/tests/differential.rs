//! The same random acts on every kind of tree: the kernel's own answers, through a directory of the host, are what trees in
//! memory must give too.

use std::{collections::BTreeMap, time::Duration};

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{RngCore, SeedableRng},
};

use super::*;

const SEEDS: u64 = 1000;
const ACTS: usize = 150;

/// One act, the same for every tree. Handles are named by the order in which they were opened.
#[derive(Clone, Debug)]
enum Act {
    Open(usize, String, OpenHow),
    Stat(usize, String, bool),
    StatSelf(usize),
    SetTimes(usize, String, bool, u64),
    CreateDirectory(usize, String),
    RemoveDirectory(usize, String),
    Unlink(usize, String),
    ReadLink(usize, String),
    Symlink(usize, String, String),
    Link(usize, String, usize, String),
    Rename(usize, String, usize, String),
    List(usize),
    Write(usize, u64, usize),
    Append(usize, usize),
    Read(usize, u64, usize),
    SetSize(usize, u64),
    Allocate(usize, u64, u64),
    StatFile(usize),
    CloseFile(usize),
    CloseDirectory(usize),
}

/// What an act came to, as far as all trees must agree.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    Done,
    Opened { directory: bool, created: bool },
    Stat { kind: FileKind, size: u64, links: u64, modified: Option<u64> },
    Bytes(Vec<u8>),
    Count(usize),
    End(usize, u64),
    Names(BTreeMap<Vec<u8>, FileKind>),
    NoHandle,
}

struct Random(ChaCha8Rng);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0.next_u64() % end
    }

    fn index(&mut self, end: usize) -> usize {
        usize::try_from(self.below(end as u64)).unwrap()
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn path(&mut self) -> String {
        if self.one_in(40) {
            return ["", "/", "/a", ".", "..", "./"][self.index(6)].to_owned();
        }
        let depth = 1 + self.index(3);
        let parts: Vec<&str> = (0..depth)
            .map(|_| ["a", "b", "c", "d", "a", "b", ".", "..", ""][self.index(if depth > 1 { 9 } else { 4 })])
            .collect();
        let mut path = parts.join("/").trim_start_matches('/').to_owned();
        if self.one_in(10) {
            path.push('/');
        }
        path
    }

    fn how(&mut self) -> OpenHow {
        let write = self.one_in(2);
        OpenHow {
            read: !write || self.one_in(2),
            write,
            create: self.one_in(2),
            exclusive: self.one_in(6),
            truncate: self.one_in(4),
            directory: self.one_in(8),
            follow: !self.one_in(4),
        }
    }

    fn act(&mut self) -> Act {
        let (d, e) = (self.index(4), self.index(4));
        let (path, other, file) = (self.path(), self.path(), self.index(6));
        let (offset, len) = (self.offset(), self.index(5000));
        let yes = self.one_in(2);
        match self.below(26) {
            0..4 => {
                let mut how = self.how();
                if how.directory {
                    (how.create, how.write, how.truncate) = (false, false, false);
                }
                Act::Open(d, path, how)
            }
            4 => Act::Stat(d, path, yes),
            5 => Act::StatSelf(d),
            6 => Act::SetTimes(d, path, yes, 1_000_000 + self.below(1_000_000)),
            7..9 => Act::CreateDirectory(d, path),
            9 => Act::RemoveDirectory(d, path),
            10 => Act::Unlink(d, path),
            11 => Act::ReadLink(d, path),
            12 => Act::Symlink(d, if self.one_in(10) { "/a".to_owned() } else { other }, path),
            13 => Act::Link(d, path, e, other),
            14..17 => Act::Rename(d, path, e, other),
            17 => Act::List(d),
            18 => Act::Write(file, offset, len),
            19 => Act::Append(file, len),
            20 => Act::Read(file, offset, len),
            21 => Act::SetSize(file, offset),
            22 => Act::Allocate(file, offset, len as u64),
            23 => Act::StatFile(file),
            24 => Act::CloseFile(file),
            _ => Act::CloseDirectory(d),
        }
    }

    fn offset(&mut self) -> u64 {
        let near = self.below(3000);
        if self.one_in(4) { (64 << 10) - 1500 + near } else { near }
    }
}

/// One tree with its open handles.
struct Subject {
    kind: &'static str,
    root: Arc<dyn Dir>,
    directories: Vec<Arc<dyn Dir>>,
    files: Vec<Box<dyn File>>,
    quota: Arc<Quota>,
}

impl Subject {
    fn directory(&self, handle: usize) -> Arc<dyn Dir> {
        let root = std::iter::once(&self.root);
        let handles: Vec<_> = root.chain(&self.directories).collect();
        Arc::clone(handles[handle % handles.len()])
    }

    fn file(&mut self, handle: usize) -> Option<&mut Box<dyn File>> {
        let count = self.files.len();
        self.files.get_mut(handle % count.max(1))
    }

    /// The kernel asks to try again when anybody on the machine renamed something meanwhile; nothing was done then.
    fn act_undisturbed(&mut self, act: &Act) -> VfsResult<Outcome> {
        loop {
            match self.act(act) {
                Err(Errno::Again) => {}
                outcome => return outcome,
            }
        }
    }

    fn act(&mut self, act: &Act) -> VfsResult<Outcome> {
        let done = |()| Outcome::Done;
        match act {
            Act::Open(d, path, how) => self.open(*d, path, *how),
            Act::Stat(d, path, follow) => self.directory(*d).stat(path, *follow).map(outcome),
            Act::StatSelf(d) => self.directory(*d).stat_self().map(outcome),
            Act::SetTimes(d, path, follow, seconds) => {
                let to = SetTime::To(SystemTime::UNIX_EPOCH + Duration::from_secs(*seconds));
                self.directory(*d).set_times(path, *follow, SetTime::Keep, to).map(done)
            }
            Act::CreateDirectory(d, path) => self.directory(*d).create_directory(path).map(done),
            Act::RemoveDirectory(d, path) => self.directory(*d).remove_directory(path).map(done),
            Act::Unlink(d, path) => self.directory(*d).unlink(path).map(done),
            Act::ReadLink(d, path) => self.directory(*d).read_link(path).map(Outcome::Bytes),
            Act::Symlink(d, target, path) => self.directory(*d).symlink(target, path).map(done),
            Act::Link(d, path, e, to) => self.directory(*d).link(path, false, &*self.directory(*e), to).map(done),
            Act::Rename(d, path, e, to) => self.directory(*d).rename(path, &*self.directory(*e), to).map(done),
            Act::List(d) => list(&*self.directory(*d)).map(Outcome::Names),
            Act::CloseDirectory(d) => {
                if *d < self.directories.len() {
                    self.directories.remove(*d);
                }
                Ok(Outcome::Done)
            }
            act => self.act_on_file(act),
        }
    }

    fn act_on_file(&mut self, act: &Act) -> VfsResult<Outcome> {
        if let Act::CloseFile(handle) = act {
            if *handle < self.files.len() {
                self.files.remove(*handle);
            }
            return Ok(Outcome::Done);
        }
        let (Act::Write(handle, ..)
        | Act::Append(handle, _)
        | Act::Read(handle, ..)
        | Act::SetSize(handle, _)
        | Act::Allocate(handle, ..)
        | Act::StatFile(handle)) = act
        else {
            panic!("not an act on a file: {act:?}")
        };
        let Some(file) = self.file(*handle) else { return Ok(Outcome::NoHandle) };
        let bytes = |len: &usize| (0..*len).map(|n| (n % 251 + 1) as u8).collect::<Vec<_>>();
        match act {
            Act::Write(_, offset, len) => file.write_at(&bytes(len), *offset).map(Outcome::Count),
            Act::Append(_, len) => file.append(&bytes(len)).map(|(count, end)| Outcome::End(count, end)),
            Act::Read(_, offset, len) => {
                let mut buffer = vec![0; *len];
                let read = file.read_at(&mut buffer, *offset)?;
                buffer.truncate(read);
                Ok(Outcome::Bytes(buffer))
            }
            Act::SetSize(_, size) => file.set_size(*size).map(|()| Outcome::Done),
            Act::Allocate(_, offset, len) => file.allocate(*offset, *len).map(|()| Outcome::Done),
            _ => file.stat().map(outcome),
        }
    }

    fn open(&mut self, d: usize, path: &str, how: OpenHow) -> VfsResult<Outcome> {
        match self.directory(d).open(path, how)? {
            Opened::Directory(directory) => {
                if self.directories.len() < 3 {
                    self.directories.push(directory);
                }
                Ok(Outcome::Opened { directory: true, created: false })
            }
            Opened::File { file, created } => {
                // Trees leave it to the descriptor to know what it was opened for; only such handles are compared.
                if self.files.len() < 6 && how.write && how.read {
                    self.files.push(file);
                }
                Ok(Outcome::Opened { directory: false, created })
            }
        }
    }
}

fn outcome(stat: Stat) -> Outcome {
    let directory = stat.kind == FileKind::Directory;
    let seconds = stat.modified.unwrap().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    Outcome::Stat {
        kind: stat.kind,
        size: if directory { 0 } else { stat.size },
        links: if directory { 0 } else { stat.links },
        // Times that were set; the others are those of the acts.
        modified: (seconds < 2_000_000).then_some(seconds),
    }
}

fn list(directory: &dyn Dir) -> VfsResult<BTreeMap<Vec<u8>, FileKind>> {
    Ok(directory.entries(0, 1000)?.into_iter().map(|entry| (entry.name, entry.kind)).collect())
}

/// Everything that a tree holds.
fn contents(directory: &dyn Dir, path: &str, all: &mut BTreeMap<String, (FileKind, Vec<u8>)>) {
    for (name, kind) in list(directory).unwrap() {
        let name = String::from_utf8(name).unwrap();
        if name == "." || name == ".." {
            continue;
        }
        let bytes = match kind {
            FileKind::File => content(directory, &name).unwrap(),
            FileKind::Symlink => directory.read_link(&name).unwrap(),
            _ => Vec::new(),
        };
        let path = format!("{path}/{name}");
        if kind == FileKind::Directory {
            contents(&*subdirectory(directory, &name), &path, all);
        }
        all.insert(path, (kind, bytes));
    }
}

fn subdirectory(directory: &dyn Dir, name: &str) -> Arc<dyn Dir> {
    match directory.open(name, OpenHow { directory: true, follow: false, ..READ }).unwrap() {
        Opened::Directory(directory) => directory,
        Opened::File { .. } => panic!("`{name}` is a file"),
    }
}

fn remove_all(directory: &dyn Dir) {
    for (name, kind) in list(directory).unwrap() {
        let name = String::from_utf8(name).unwrap();
        match kind {
            _ if name == "." || name == ".." => {}
            FileKind::Directory => {
                remove_all(&*subdirectory(directory, &name));
                directory.remove_directory(&name).unwrap();
            }
            _ => directory.unlink(&name).unwrap(),
        }
    }
}

/// What is there at the beginning.
fn populate(tree: &dyn Dir) {
    tree.create_directory("a").unwrap();
    tree.create_directory("a/b").unwrap();
    put(tree, "a/c", b"the file a/c");
    put(tree, "b", &[9; 70_000]);
    tree.symlink("a/c", "c").unwrap();
    tree.symlink("..", "a/d").unwrap();
}

fn subjects(folder: &Path) -> Vec<Subject> {
    let make = |name: &str| {
        let path = folder.join(name);
        fs::create_dir(&path).unwrap();
        populate(&*host(&path, MountAccess::Write));
        path
    };
    let subject = |kind, quota: &Arc<Quota>, root| Subject {
        kind,
        root,
        directories: Vec::new(),
        files: Vec::new(),
        quota: Arc::clone(quota),
    };
    let [a, b, c] = std::array::from_fn(|_| quota());
    let memory = MemoryTree::empty(Arc::clone(&b));
    populate(&*memory);
    vec![
        subject("host", &a, HostTree::open(&make("host"), MountAccess::Write, Arc::clone(&a)).unwrap()),
        subject("memory", &b, memory),
        subject("overlay", &c, MemoryTree::overlay(&make("below"), Arc::clone(&c)).unwrap()),
    ]
}

fn compare(seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let mut subjects = subjects(folder.path());
    let mut random = Random(ChaCha8Rng::seed_from_u64(seed));
    let mut past = Vec::new();
    for _ in 0..ACTS {
        let act = random.act();
        let outcomes: Vec<_> =
            subjects.iter_mut().map(|subject| (subject.kind, subject.act_undisturbed(&act))).collect();
        past.push(act);
        let wrong = outcomes.iter().find(|(_, outcome)| *outcome != outcomes[0].1);
        assert!(wrong.is_none(), "seed {seed}, after {past:#?}: {outcomes:?}");
    }
    let held: Vec<_> = subjects
        .iter()
        .map(|subject| {
            let mut all = BTreeMap::new();
            contents(&*subject.root, "", &mut all);
            all
        })
        .collect();
    assert!(held.iter().all(|all| *all == held[0]), "seed {seed}");
    for subject in &mut subjects {
        subject.files.clear();
        subject.directories.clear();
        remove_all(&*subject.root);
        let used = (subject.quota.bytes_used(), subject.quota.files_used());
        assert_eq!(used, (0, 0), "seed {seed}: what {} was charged is given back", subject.kind);
    }
}

#[test]
fn trees_in_memory_answer_as_the_kernel_does() {
    for seed in 0..SEEDS {
        compare(seed);
    }
}
