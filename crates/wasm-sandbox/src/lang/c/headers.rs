//! The headers that a source includes by quoted names, from the folder that it lies in and those below, and other sources of that
//! folder itself, as tests include what they test. They are told by their endings: a source that somebody saved among other files
//! must not read those.

use std::{
    collections::{BTreeMap, VecDeque},
    fs::{self, File},
    io::{self, Read},
    path::{Component, Path},
};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};
use wasm_sandbox_policy::SandboxError;

use super::super::language_of;
use crate::source::Language;

const HEADERS: [&str; 10] = ["h", "hh", "hpp", "hxx", "h++", "inc", "inl", "ipp", "tpp", "def"];

/// Headers that are followed, and bytes of all of them.
const MAX_HEADERS: usize = 1000;
const MAX_BYTES: u64 = 16 << 20;

/// Headers by their names relative to the source. A name that is none of these is for the compiler to complain about.
pub(super) struct Headers(BTreeMap<String, Vec<u8>>);

impl Headers {
    pub(super) fn of(text: &str, folder: Option<&Path>) -> Result<Self, SandboxError> {
        let mut all = BTreeMap::new();
        let Some(folder) = folder else { return Ok(Self(all)) };
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let failed = |error: io::Error| SandboxError::internal("reading headers", error);
        let beneath =
            rustix::fs::openat(CWD, folder, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
        let beneath = beneath.map_err(|error| failed(error.into()))?;
        let mut wanted: VecDeque<String> = included(text, "").collect();
        let mut room = MAX_BYTES;
        while let Some(name) = wanted.pop_front() {
            if all.contains_key(&name) {
                continue;
            }
            let how = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
            let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
            let Ok(file) = rustix::fs::openat2(&beneath, &name, flags, Mode::empty(), how) else { continue };
            let file = File::from(file);
            if !file.metadata().map_err(failed)?.is_file() {
                continue;
            }
            let mut contents = Vec::new();
            file.take(room.saturating_add(1)).read_to_end(&mut contents).map_err(failed)?;
            if contents.len() as u64 > room || all.len() >= MAX_HEADERS {
                return Err(SandboxError::Compilation {
                    language: "C".to_owned(),
                    diagnostics: "more than 1,000 files or 16 MB of them are included".to_owned(),
                });
            }
            room -= contents.len() as u64;
            let parent = Path::new(&name).parent().and_then(Path::to_str).unwrap_or_default().to_owned();
            wanted.extend(included(&String::from_utf8_lossy(&contents), &parent));
            all.insert(name, contents);
        }
        Ok(Self(all))
    }

    /// Everything that the headers are, for a cache's key.
    pub(super) fn parts(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().flat_map(|(name, contents)| [name.as_bytes(), contents])
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(super) fn write(&self, folder: &Path) -> io::Result<()> {
        for (name, contents) in &self.0 {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap_or(folder))?;
            fs::write(path, contents)?;
        }
        Ok(())
    }
}

/// Names that a text includes in quotes, relative to the source's folder; those that lead out of it are left out, and those of sources
/// in other folders.
fn included(text: &str, parent: &str) -> impl Iterator<Item = String> {
    text.lines().filter_map(move |line| {
        let rest = line.trim_start().strip_prefix('#')?.trim_start().strip_prefix("include")?;
        let (name, _) = rest.trim_start().strip_prefix('"')?.split_once('"')?;
        let path = Path::new(name);
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let is_header = HEADERS.contains(&ending);
        let is_source = matches!(language_of(path), Some(Language::C | Language::Cpp));
        let plain = path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        let normal: Vec<&str> = name.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
        let whole = if parent.is_empty() { normal.join("/") } else { format!("{parent}/{}", normal.join("/")) };
        let is_taken = is_header || is_source && !whole.contains('/');
        (plain && is_taken && !normal.is_empty()).then_some(whole)
    })
}
