//! Copies of sessions by the thousand: sessions that are written to, forked, kept, made bytes and dropped at random, in this
//! process and in others, each compared with what the host knows that it must hold.

mod model;

use std::{collections::HashSet, fs, path::Path, process::Command, thread};

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use wasm_sandbox::{
    ByteUnits, Ending, ErrorCode, Language, RandomPolicy,
    blocking::{Session, Snapshot, WasmSandbox},
};

use self::model::{Act, FRESH, Model, Streams, below};
use crate::{languages, told};

/// Sessions that live at a time, at most, and snapshots that are kept.
const SESSIONS: usize = 8;
const SNAPSHOTS: usize = 4;

const INPUT: usize = 100_000;

/// A family of sessions, and what each of them must hold.
struct World {
    language: Language,
    sandbox: WasmSandbox,
    random: ChaCha8Rng,
    streams: Streams,
    sessions: Vec<(Session, Model)>,
    snapshots: Vec<(Snapshot, Model)>,
    /// Numbers that were drawn where nobody foresees them.
    fresh: HashSet<String>,
    /// What the disk takes of a session that has no files.
    room: String,
    /// Copies that were made.
    copies: usize,
    /// What was done, for whoever looks for the cause of a difference.
    story: Vec<String>,
}

fn sandbox(language: Language, seeded: bool) -> WasmSandbox {
    let setup = languages::setup(language).snapshot_key([5; 32]);
    let input: Vec<u8> = (0..INPUT).map(|at| (at % 251) as u8).collect();
    let random = if seeded { RandomPolicy::Seeded(7) } else { RandomPolicy::default() };
    let builder = languages::builder(language).setup(setup).memory_limit(96.mb()).stdin(input);
    builder.policy(|config| config.random(random).disk_limit(5.mb()).output_limit(80.mb())).build_blocking().unwrap()
}

/// A session that knows what it may be told to do.
fn begin(sandbox: &WasmSandbox, language: Language) -> Session {
    let mut session = sandbox.session(language).unwrap();
    let functions = match language {
        Language::Python => include_str!("copies/guest.py"),
        _ => include_str!("copies/guest.js"),
    };
    print(&mut session, functions);
    session
}

/// What a turn prints.
fn print(session: &mut Session, code: &str) -> Vec<u8> {
    let result = session.run(code).unwrap();
    let told_to = matches!(&result.ending, Ending::Exception { message, .. } if message == "as told");
    assert!(result.ending == Ending::Return || told_to, "{:?}: {}", result.ending, result.stderr.text());
    result.stdout.bytes().to_vec()
}

fn lines(printed: &[u8]) -> Vec<String> {
    std::str::from_utf8(printed).unwrap().lines().map(str::to_owned).collect()
}

impl World {
    fn new(language: Language, seed: u64, seeded: bool) -> Self {
        let sandbox = sandbox(language, seeded);
        let mut session = begin(&sandbox, language);
        let room = lines(&print(&mut session, "room()")).concat();
        let repeated = |function: &str| {
            let mut all = begin(&sandbox, language);
            lines(&print(&mut all, &[function].repeat(4000).join("\n")))
        };
        let input = (0..INPUT).map(|at| (at % 251) as u8).collect();
        let streams = match seeded {
            true => Streams { drawn: repeated("draw()"), shuffled: repeated("shuffle()"), input },
            false => Streams { input, ..Streams::default() },
        };
        Self {
            language,
            sandbox,
            random: ChaCha8Rng::seed_from_u64(seed),
            streams,
            sessions: vec![(session, Model::default())],
            snapshots: Vec::new(),
            fresh: HashSet::new(),
            room,
            copies: 0,
            story: vec![format!("seed {seed}")],
        }
    }

    fn below(&mut self, end: usize) -> usize {
        below(&mut self.random, end)
    }

    /// One step of many.
    fn step(&mut self) {
        let at = self.below(self.sessions.len());
        match self.below(20) {
            0..=6 => self.turn(at),
            7..=11 => self.fork(at),
            12 | 13 => self.keep(at),
            14 | 15 => self.begin_again(),
            16 | 17 => self.move_on(at),
            18 => self.take_bytes(at),
            _ => self.end(at),
        }
        while self.sessions.len() > SESSIONS || self.sessions.is_empty() {
            match self.sessions.len() {
                0 => self.begin_again(),
                many => {
                    let at = self.below(many);
                    self.end(at);
                }
            }
        }
    }

    /// Has a session do a few things, and compares what it prints.
    fn turn(&mut self, at: usize) {
        let count = 1 + self.below(4);
        let model = &mut self.sessions[at].1;
        let (mut acts, mut expected) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let act = model.choose(self.language, &mut self.random);
            expected.extend(model.apply(&act, &self.streams));
            acts.push(act.to_string());
            if act.ends_turn() {
                break;
            }
        }
        self.tell(format!("{at}: {}", acts.join("; ")));
        let printed = lines(&print(&mut self.sessions[at].0, &acts.join("\n")));
        self.compare_lines(&printed, &expected);
        self.glance(at);
    }

    fn compare_lines(&mut self, printed: &[String], expected: &[String]) {
        let fits = |(printed, expected): (&String, &String)| match expected.as_str() {
            FRESH => self.fresh.insert(printed.clone()),
            _ => printed == expected,
        };
        let fits = printed.len() == expected.len() && printed.iter().zip(expected).all(fits);
        assert!(fits, "{printed:?} instead of {expected:?} after\n{}", self.story());
    }

    fn fork(&mut self, at: usize) {
        let (session, model) = &mut self.sessions[at];
        let copy = (session.fork().unwrap(), model.clone());
        self.add(copy, format!("fork of {at}"));
        if self.below(30) == 0 {
            let last = self.sessions.len() - 1;
            self.compare_room(at, last);
        }
    }

    fn keep(&mut self, at: usize) {
        let (session, model) = &mut self.sessions[at];
        self.snapshots.push((session.snapshot().unwrap(), model.clone()));
        self.tell(format!("snapshot of {at}"));
        if self.snapshots.len() > SNAPSHOTS {
            let gone = self.below(self.snapshots.len());
            self.snapshots.swap_remove(gone);
        }
    }

    /// Begins once more where a snapshot was taken, or anew.
    fn begin_again(&mut self) {
        if self.snapshots.is_empty() {
            self.sessions.push((begin(&self.sandbox, self.language), Model::default()));
            return self.tell("begun".to_owned());
        }
        let at = self.below(self.snapshots.len());
        let (snapshot, model) = &self.snapshots[at];
        let copy = (snapshot.session().unwrap(), model.clone());
        self.add(copy, format!("of snapshot {at}"));
    }

    /// Suspends a session and resumes it.
    fn move_on(&mut self, at: usize) {
        let (session, model) = self.sessions.swap_remove(at);
        let bytes = session.suspend().unwrap();
        let copy = (self.sandbox.resume(&bytes).unwrap(), model);
        self.add(copy, format!("{at} moved"));
    }

    /// Makes another session of a session's bytes.
    fn take_bytes(&mut self, at: usize) {
        let (session, model) = &mut self.sessions[at];
        let bytes = session.snapshot().unwrap().to_bytes().unwrap();
        let snapshot = self.sandbox.snapshot(&bytes).unwrap();
        let copy = (snapshot.session().unwrap(), model.clone());
        self.add(copy, format!("of {at} by bytes"));
    }

    fn add(&mut self, copy: (Session, Model), how: String) {
        self.copies += 1;
        self.sessions.push(copy);
        self.tell(format!("{}: {how}", self.sessions.len() - 1));
        self.glance(self.sessions.len() - 1);
    }

    /// Looks at a session, or leaves what it shares as it is.
    fn glance(&mut self, at: usize) {
        if self.below(3) == 0 {
            self.compare(at);
        }
    }

    fn compare(&mut self, at: usize) {
        let shown = print(&mut self.sessions[at].0, "show()");
        self.compare_shown(&shown, &self.sessions[at].1.shown());
    }

    fn compare_shown(&self, shown: &[u8], expected: &[u8]) {
        if shown != expected {
            let at = shown.iter().zip(expected).position(|(one, other)| one != other);
            let (len, expected) = (shown.len(), expected.len());
            panic!("byte {at:?} differs, {len} bytes instead of {expected}, after\n{}", self.story());
        }
    }

    /// A session and its copy have as much left of the disk.
    fn compare_room(&mut self, at: usize, other: usize) {
        let [one, two] = [at, other].map(|at| lines(&print(&mut self.sessions[at].0, "room()")));
        assert_eq!(one, two, "{}", self.story());
    }

    /// Compares a session with what it must hold, at last, and ends it.
    fn end(&mut self, at: usize) {
        self.tell(format!("{at} ends"));
        self.compare(at);
        let (mut session, mut model) = self.sessions.swap_remove(at);
        match self.below(4) {
            0 if !model.full => {
                let acts = model.without_files();
                let code: Vec<_> = acts.iter().map(Act::to_string).chain(["room()".to_owned()]).collect();
                assert_eq!(lines(&print(&mut session, &code.join("\n"))), [self.room.as_str()], "{}", self.story());
                acts.iter().for_each(|act| drop(model.apply(act, &self.streams)));
            }
            1 => {
                let code = if self.language == Language::Python { "sys.exit(3)" } else { "process.exit(3)" };
                assert_eq!(session.run(code).unwrap().ending, Ending::Exit { code: 3 });
                assert_eq!(session.snapshot().map(|_| ()).unwrap_err().code(), ErrorCode::Ended);
            }
            _ => {}
        }
    }

    fn tell(&mut self, what: String) {
        self.story.push(what);
    }

    fn story(&self) -> String {
        self.story[self.story.len().saturating_sub(60)..].join("\n")
    }

    /// Has other processes go on with copies of all sessions, and goes on with what comes back.
    fn go_elsewhere(&mut self, test: &str) {
        let folder = tempfile::tempdir().unwrap();
        let mut expected = Vec::new();
        for number in 0..self.sessions.len() {
            let (session, model) = &mut self.sessions[number];
            let suspended = session.fork().unwrap().suspend().unwrap();
            let mut model = model.clone();
            let (act, printed) = loop {
                let act = model.choose(self.language, &mut self.random);
                let mut next = model.clone();
                let printed = next.apply(&act, &self.streams);
                if !act.ends_turn() {
                    model = next;
                    break (act, printed);
                }
            };
            fs::write(folder.path().join(format!("{number}.suspended")), suspended).unwrap();
            fs::write(folder.path().join(format!("{number}.act")), act.to_string()).unwrap();
            self.tell(format!("a copy of {number} elsewhere: {act}"));
            expected.push((model, printed));
        }
        let this = std::env::current_exe().unwrap();
        let mut other = Command::new(this);
        other.args(["--exact", test, "--nocapture"]).env(FOLDER, folder.path());
        let output = other.output().unwrap();
        assert!(
            output.status.success(),
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        for (number, (model, printed)) in expected.into_iter().enumerate() {
            let read = |kind: &str| fs::read(folder.path().join(format!("{number}.{kind}"))).unwrap();
            self.compare_lines(&lines(&read("printed")), &Vec::from_iter(printed));
            self.compare_shown(&read("shown"), &model.shown());
            let session = self.sandbox.resume(&read("back")).unwrap();
            self.copies += 2;
            self.add((session, model), format!("{number} back from elsewhere"));
        }
        while self.sessions.len() > SESSIONS {
            self.end(0);
        }
    }
}

/// Tells a test, started once more, in which folder there are sessions to go on with.
const FOLDER: &str = "WASM_SANDBOX_TEST_COPIES";

/// Another seed than the tests' own, for whoever wants to try more.
const SEED: &str = "WASM_SANDBOX_TEST_SEED";

/// What the other process does.
fn go_on(language: Language, seeded: bool, folder: &Path) {
    let sandbox = sandbox(language, seeded);
    for number in 0.. {
        let file = |kind: &str| folder.join(format!("{number}.{kind}"));
        let Ok(suspended) = fs::read(file("suspended")) else { return };
        let mut session = sandbox.resume(&suspended).unwrap();
        let act = fs::read_to_string(file("act")).unwrap();
        fs::write(file("printed"), print(&mut session, &act)).unwrap();
        fs::write(file("shown"), print(&mut session.fork().unwrap(), "show()")).unwrap();
        fs::write(file("back"), session.suspend().unwrap()).unwrap();
    }
}

fn copies_hold(test: &str, language: Language, seed: u64, seeded: bool, copies: usize) {
    if let Some(folder) = told(FOLDER) {
        return go_on(language, seeded, Path::new(&folder));
    }
    let seed = told(SEED).and_then(|seed| seed.parse().ok()).unwrap_or(seed);
    let mut world = World::new(language, seed, seeded);
    for round in 1..=3 {
        while world.copies < copies * round / 3 {
            world.step();
        }
        world.go_elsewhere(test);
    }
    while !world.sessions.is_empty() {
        world.end(0);
    }
}

#[test]
fn python_copies_hold_what_they_must() {
    copies_hold("copies::python_copies_hold_what_they_must", Language::Python, 1, false, 500);
}

#[test]
fn seeded_python_copies_hold_what_they_must() {
    copies_hold("copies::seeded_python_copies_hold_what_they_must", Language::Python, 2, true, 500);
}

#[test]
fn javascript_copies_hold_what_they_must() {
    copies_hold("copies::javascript_copies_hold_what_they_must", Language::JavaScript, 3, false, 500);
}

#[test]
fn seeded_javascript_copies_hold_what_they_must() {
    copies_hold("copies::seeded_javascript_copies_hold_what_they_must", Language::JavaScript, 4, true, 500);
}

/// Sessions of one snapshot, which live in several threads at a time.
#[test]
fn copies_in_several_threads_hold_what_they_must() {
    let sandbox = sandbox(Language::Python, false);
    let mut session = begin(&sandbox, Language::Python);
    print(&mut session, "make(0, 8_000_000, 1)");
    let snapshot = session.snapshot().unwrap();
    let go_on = |thread: usize| {
        for round in 0..25 {
            let mut copy = snapshot.session().unwrap();
            let value = 2 + thread * 25 + round;
            print(&mut copy, &format!("scatter(0, {}, 4096, {value}); note({value})", round * 100));
            let mut fork = copy.fork().unwrap();
            print(&mut copy, "fill(0, 0, 8_000_000, 0)");
            let count = format!("say(log)\nsay(arrays[0].count({value}))\nsay(arrays[0].count(1))");
            let counted = print(&mut fork, &count);
            let changed = (8_000_000 - round * 100_usize).div_ceil(4096);
            assert_eq!(lines(&counted), [format!("[{value}]"), changed.to_string(), (8_000_000 - changed).to_string()]);
        }
    };
    thread::scope(|scope| (0..4).for_each(|thread| drop(scope.spawn(move || go_on(thread)))));
    assert_eq!(lines(&print(&mut session, "say(arrays[0].count(1))")), ["8000000"]);
}
