//! What a session holds, as the host reckons it, and what may be done to it.

use std::{collections::BTreeMap, fmt, sync::Arc};

use rand_chacha::{ChaCha8Rng, rand_core::RngCore};
use wasm_sandbox::Language;

/// Bytes in the places that a handle may seek, and files be cut to.
const FILE: usize = 200_000;

/// What stands for a random number that nobody foresees.
pub(super) const FRESH: &str = "fresh";

/// A number below `end`.
pub(super) fn below(random: &mut ChaCha8Rng, end: usize) -> usize {
    random.next_u32() as usize % end
}

fn one_of<T: Copy>(random: &mut ChaCha8Rng, choices: &[T]) -> T {
    choices[below(random, choices.len())]
}

/// One thing that a guest is told to do: a function of `guest.py` and `guest.js`, and its arguments.
#[derive(Clone)]
pub(super) struct Act(&'static str, Vec<usize>);

impl Act {
    /// Whether nothing after it in the same turn is done.
    pub(super) fn ends_turn(&self) -> bool {
        self.0 == "fail"
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arguments: Vec<_> = self.1.iter().map(usize::to_string).collect();
        write!(f, "{}({})", self.0, arguments.join(", "))
    }
}

/// What sessions with a seed draw, in order, and what all of them read.
#[derive(Default)]
pub(super) struct Streams {
    pub(super) drawn: Vec<String>,
    pub(super) shuffled: Vec<String>,
    pub(super) input: Vec<u8>,
}

/// The state of one session.
#[derive(Clone, Default)]
pub(super) struct Model {
    arrays: BTreeMap<usize, Arc<Vec<u8>>>,
    log: Vec<usize>,
    /// Contents by number, since a file that is open stays when its name goes.
    contents: BTreeMap<usize, Arc<Vec<u8>>>,
    names: BTreeMap<usize, usize>,
    handles: BTreeMap<usize, (usize, usize)>,
    made: usize,
    drawn: usize,
    shuffled: usize,
    heard: usize,
    /// Whether its memory has grown to the limit, which leaves none for files.
    pub(super) full: bool,
}

impl Model {
    /// Something that can be done in this state.
    pub(super) fn choose(&self, language: Language, random: &mut ChaCha8Rng) -> Act {
        loop {
            let act = match below(random, 10) {
                0..=4 => self.choose_memory(random),
                5..=6 if !self.full => self.choose_file(random),
                7 if language == Language::Python && !self.full => self.choose_handle(random),
                _ => self.choose_other(language, random),
            };
            if let Some(act) = act {
                return act;
            }
        }
    }

    fn choose_memory(&self, random: &mut ChaCha8Rng) -> Option<Act> {
        let value = below(random, 256);
        let new = below(random, 6);
        let size = one_of(random, &[10, 5_000, 70_000, 300_000, 300_000, 1_200_000, 2_500_000, 5_000_000]);
        let known: Vec<_> = self.arrays.keys().copied().collect();
        if known.is_empty() || below(random, 6) == 0 {
            return Some(Act("make", vec![new, size, value]));
        }
        let array = one_of(random, &known);
        let len = self.arrays[&array].len();
        let at = below(random, len);
        Some(match below(random, 10) {
            0..=3 => Act("fill", vec![array, at, 1 + below(random, len - at), value]),
            4..=6 => Act("scatter", vec![array, at, 1 + below(random, 100_000), value]),
            7 if len < 6_000_000 => Act("extend", vec![array, size.min(1_200_000), value]),
            8 => Act("copy", vec![array, new, at, 1 + below(random, len - at)]),
            9 => Act("drop", vec![array]),
            _ => Act("fill", vec![array, at, 1, value]),
        })
    }

    fn choose_file(&self, random: &mut ChaCha8Rng) -> Option<Act> {
        let (name, value) = (below(random, 4), below(random, 256));
        let size = one_of(random, &[0, 100, 5_000, 70_000, FILE]);
        let known: Vec<_> = self.names.keys().copied().collect();
        Some(match below(random, 6) {
            0 | 1 => Act("save", vec![name, size, value]),
            2 | 3 => Act("append", vec![name, size.min(70_000), value]),
            _ if known.is_empty() => return None,
            4 => Act("remove", vec![one_of(random, &known)]),
            _ => Act("rename", vec![one_of(random, &known), name]),
        })
    }

    fn choose_handle(&self, random: &mut ChaCha8Rng) -> Option<Act> {
        let handle = below(random, 3);
        if !self.handles.contains_key(&handle) {
            return Some(Act("begin", vec![handle, below(random, 4)]));
        }
        Some(match below(random, 8) {
            0..=2 => Act("write", vec![handle, 1 + below(random, 3_000), below(random, 256)]),
            3 | 4 => Act("read", vec![handle, 1 + below(random, 50)]),
            5 => Act("seek", vec![handle, below(random, FILE)]),
            6 => Act("cut", vec![handle, below(random, FILE)]),
            _ => Act("close", vec![handle]),
        })
    }

    fn choose_other(&self, language: Language, random: &mut ChaCha8Rng) -> Option<Act> {
        Some(match below(random, 40) {
            0..=11 => Act("note", vec![below(random, 1000)]),
            12..=14 => Act("forget", vec![below(random, self.log.len() + 1)]),
            15..=20 => Act("draw", vec![]),
            21..=25 => Act("shuffle", vec![]),
            26..=30 if language == Language::Python => Act("listen", vec![below(random, 40)]),
            31..=33 => Act("later", vec![]),
            34..=36 => Act("fail", vec![below(random, 1000)]),
            37 => Act("bomb", vec![]),
            38 if below(random, 8) == 0 => Act("gorge", vec![]),
            _ => return None,
        })
    }

    /// Does it, and says which line it prints.
    pub(super) fn apply(&mut self, act: &Act, streams: &Streams) -> Option<String> {
        let Act(name, arguments) = act;
        match (*name, &arguments[..]) {
            ("make", [array, size, value]) => self.set(*array, vec![*value as u8; *size]),
            ("fill", [array, at, size, value]) => self.array(*array)[*at..at + size].fill(*value as u8),
            ("scatter", [array, at, step, value]) => {
                self.array(*array)[*at..].iter_mut().step_by(*step).for_each(|byte| *byte = *value as u8);
            }
            ("extend", [array, size, value]) => {
                let array = self.array(*array);
                array.resize(array.len() + size, *value as u8);
            }
            ("copy", [array, to, at, size]) => self.set(*to, self.arrays[array][*at..at + size].to_vec()),
            ("drop", [array]) => drop(self.arrays.remove(array)),
            ("note" | "fail", [number]) => self.log.push(*number),
            ("forget", [count]) => drop(self.log.drain(..count)),
            ("draw", _) => return Some(foreseen(&streams.drawn, &mut self.drawn)),
            ("shuffle", _) => return Some(foreseen(&streams.shuffled, &mut self.shuffled)),
            ("listen", [size]) => {
                let rest = &streams.input[self.heard..];
                let heard = &rest[..rest.len().min(*size)];
                self.heard += heard.len();
                return Some(hex(heard));
            }
            ("later", _) => return Some("later".to_owned()),
            ("bomb", _) => return Some("too much".to_owned()),
            ("gorge", _) => {
                self.full = true;
                return Some("full".to_owned());
            }
            _ => return self.apply_to_files(name, arguments),
        }
        None
    }

    fn apply_to_files(&mut self, act: &str, arguments: &[usize]) -> Option<String> {
        match (act, arguments) {
            ("save", [name, size, value]) => *self.file(*name) = vec![*value as u8; *size],
            ("append", [name, size, value]) => {
                let file = self.file(*name);
                file.resize(file.len() + size, *value as u8);
            }
            ("remove", [name]) => drop(self.names.remove(name)),
            ("rename", [name, to]) => {
                let file = self.names.remove(name).unwrap();
                self.names.insert(*to, file);
            }
            ("begin", [handle, name]) => {
                self.file(*name);
                self.handles.insert(*handle, (self.names[name], 0));
            }
            ("write", [handle, size, value]) => {
                let (file, position) = self.open(*handle);
                file.resize(file.len().max(*position + size), 0);
                file[*position..*position + size].fill(*value as u8);
                *position += size;
            }
            ("read", [handle, size]) => {
                let (file, position) = self.open(*handle);
                let rest = file.get(*position..).unwrap_or_default();
                let read = hex(&rest[..rest.len().min(*size)]);
                *position += read.len() / 2;
                return Some(read);
            }
            ("seek", [handle, to]) => *self.open(*handle).1 = *to,
            ("cut", [handle, size]) => self.open(*handle).0.resize(*size, 0),
            ("close", [handle]) => drop(self.handles.remove(handle)),
            _ => panic!("nobody does {act}{arguments:?}"),
        }
        let used = |number: &usize| {
            self.names.values().any(|name| name == number) || self.handles.values().any(|(handle, _)| handle == number)
        };
        self.contents.retain(|number, _| used(number));
        None
    }

    fn set(&mut self, array: usize, bytes: Vec<u8>) {
        self.arrays.insert(array, Arc::new(bytes));
    }

    fn array(&mut self, array: usize) -> &mut Vec<u8> {
        Arc::make_mut(self.arrays.get_mut(&array).unwrap())
    }

    /// The file of this name, new where there is none.
    fn file(&mut self, name: usize) -> &mut Vec<u8> {
        let number = *self.names.entry(name).or_insert_with(|| {
            self.made += 1;
            self.made
        });
        Arc::make_mut(self.contents.entry(number).or_default())
    }

    fn open(&mut self, handle: usize) -> (&mut Vec<u8>, &mut usize) {
        let (number, position) = self.handles.get_mut(&handle).unwrap();
        (Arc::make_mut(self.contents.get_mut(number).unwrap()), position)
    }

    /// What the guest's `show` prints.
    pub(super) fn shown(&self) -> Vec<u8> {
        let mut shown = Vec::new();
        let mut part = |title: String, bytes: &[u8]| {
            shown.extend_from_slice(title.as_bytes());
            shown.push(b'\n');
            shown.extend_from_slice(bytes);
        };
        self.arrays.iter().for_each(|(array, bytes)| part(format!("array {array} {}", bytes.len()), bytes));
        let log: Vec<_> = self.log.iter().map(usize::to_string).collect();
        part(format!("log {}", log.join(",")), &[]);
        for (name, number) in &self.names {
            let bytes = &self.contents[number];
            part(format!("file {name} {}", bytes.len()), bytes);
        }
        for (handle, (number, position)) in &self.handles {
            let bytes = &self.contents[number];
            part(format!("handle {handle} {position} {}", bytes.len()), bytes);
        }
        shown
    }

    /// What brings a session's files to nothing.
    pub(super) fn without_files(&self) -> Vec<Act> {
        let close = self.handles.keys().map(|handle| Act("close", vec![*handle]));
        close.chain(self.names.keys().map(|name| Act("remove", vec![*name]))).collect()
    }
}

/// What comes next, where that is known.
fn foreseen(known: &[String], at: &mut usize) -> String {
    *at += 1;
    if known.is_empty() { FRESH.to_owned() } else { known[*at - 1].clone() }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
