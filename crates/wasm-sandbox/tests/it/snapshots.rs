//! Sessions that are kept, forked and taken elsewhere.

use std::{fs, time::Duration};

use serde_json::json;
use wasm_sandbox::{
    ByteUnits, Ending, ErrorCode, Language, LimitHit, RandomPolicy, ResourceKind, SandboxError, WasmSandboxBuilder,
    blocking::{Session, WasmSandbox},
};

use crate::{alone, languages, process};

const BOTH: [Language; 2] = [Language::Python, Language::JavaScript];

fn sandbox(language: Language) -> WasmSandbox {
    languages::builder(language).build_blocking().unwrap()
}

fn with(builder: WasmSandboxBuilder, language: Language) -> Session {
    builder.build_blocking().unwrap().session(language).unwrap()
}

/// What a turn that must succeed prints.
fn turn(session: &mut Session, code: &str) -> String {
    let result = session.run(code).unwrap();
    assert_eq!(result.ending, Ending::Return, "{}", result.stderr.text());
    result.stdout.text().trim_end().to_owned()
}

#[test]
fn a_fork_goes_on_alone() {
    for language in BOTH {
        let mut first = languages::session(language);
        turn(&mut first, "x = 1");
        let mut second = first.fork().unwrap();
        assert_eq!(turn(&mut second, "x"), "1");
        turn(&mut second, "x = 2");
        turn(&mut first, "x = 3");
        let mut third = second.fork().unwrap();
        assert_eq!(
            (turn(&mut first, "x"), turn(&mut second, "x"), turn(&mut third, "x")),
            ("3".into(), "2".into(), "2".into())
        );
        drop(first);
        assert_eq!(turn(&mut third, "x + 1"), "3");
    }
}

#[test]
fn a_fork_of_a_session_that_did_nothing_is_a_session() {
    for language in BOTH {
        let mut fork = languages::session(language).fork().unwrap();
        assert_eq!(turn(&mut fork, "1 + 1"), "2");
    }
}

#[test]
fn large_arrays_are_shared_and_still_everybodys_own() {
    let mut first = with(languages::builder(Language::Python).memory_limit(256.mb()), Language::Python);
    turn(&mut first, "a = bytearray(b'x' * 50_000_000); a[7] = 1");
    let mut forks: Vec<_> = (0..20).map(|_| first.fork().unwrap()).collect();
    for (n, fork) in forks.iter_mut().enumerate() {
        turn(fork, &format!("a[{n} * 2_000_000] = {n}; a[-1] = {n}"));
    }
    turn(&mut first, "a[8] = 200");
    for (n, fork) in forks.iter_mut().enumerate() {
        let mut again = fork.fork().unwrap();
        let seen = turn(&mut again, &format!("a[{n} * 2_000_000], a[-1], a[7], a[8], a.count(b'x')"));
        assert_eq!(seen, format!("({n}, {n}, 1, 120, 49999997)"));
    }
    assert_eq!(turn(&mut first, "a[7], a[8], a[-1]"), "(1, 200, 120)");
}

#[test]
fn memory_that_grows_between_copies_is_everybodys_own() {
    let sandbox = languages::builder(Language::Python).memory_limit(512.mb()).build_blocking().unwrap();
    let mut session = sandbox.session(Language::Python).unwrap();
    let seen = "[part.count(at + 1) for at, part in enumerate(parts)], parts[0][0], parts[0][4096]";
    turn(&mut session, "parts = []");
    let mut forks = Vec::new();
    for round in 1..=4 {
        turn(&mut session, &format!("parts.append(bytearray(bytes([{round}]) * 6_000_000)); parts[0][0] += 1"));
        let mut fork = session.fork().unwrap();
        turn(&mut fork, &format!("parts.append(bytearray(bytes([{}]) * 3_000_000)); parts[0][4096] = 0", round + 1));
        forks.push(fork);
    }
    assert_eq!(turn(&mut session, seen), "([5999999, 6000000, 6000000, 6000000], 5, 1)");
    for (fork, round) in forks.iter_mut().zip(1..) {
        let others = "6000000, ".repeat(round - 1);
        assert_eq!(turn(fork, seen), format!("([5999998, {others}3000000], {}, 0)", round + 1));
    }
    let mut last = forks.pop().unwrap();
    let mut copy = sandbox.resume(&last.snapshot().unwrap().to_bytes().unwrap()).unwrap();
    assert_eq!(turn(&mut copy, seen), turn(&mut last, seen));
}

#[test]
fn a_snapshot_can_be_begun_with_often() {
    for language in BOTH {
        let mut session = languages::session(language);
        turn(&mut session, "x = 'kept'");
        let snapshot = session.snapshot().unwrap();
        turn(&mut session, "x = 'changed'");
        drop(session);
        for _ in 0..50 {
            let mut again = snapshot.session().unwrap();
            assert_eq!(turn(&mut again, "x").trim_matches('\''), "kept");
            turn(&mut again, "x = 'own'");
        }
    }
}

#[test]
fn files_in_memory_and_what_is_open_go_along() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("below"), "below").unwrap();
    let builder = || {
        languages::builder(Language::Python)
            .policy(|config| config.filesystem_memory("/scratch").filesystem_overlay(folder.path(), "/over"))
    };
    let sandbox = builder().build_blocking().unwrap();
    let mut first = sandbox.session(Language::Python).unwrap();
    turn(
        &mut first,
        "import os\nf = open('/scratch/a', 'w+'); f.write('one'); f.flush()\nos.mkdir('/scratch/d')\nopen('/over/new', 'w').write('new')\nwith open('/over/below', 'a') as g: g.write('!')\nh = open('/scratch/gone', 'w+'); h.write('unlinked'); h.flush(); os.unlink('/scratch/gone')",
    );
    let check = |session: &mut Session, text: &str| {
        turn(session, &format!("f.write('{text}'); f.flush(); f.seek(0); assert f.read() == 'one{text}'"));
        turn(session, "h.seek(0); assert h.read() == 'unlinked'");
        assert_eq!(turn(session, "open('/over/new').read(), open('/over/below').read()"), "('new', 'below!')");
        assert_eq!(
            turn(session, "sorted(os.listdir('/scratch')), sorted(os.listdir('/over'))"),
            "(['a', 'd'], ['below', 'new'])"
        );
    };
    let mut fork = first.fork().unwrap();
    check(&mut fork, "fork");
    let suspended = first.fork().unwrap().suspend().unwrap();
    check(&mut first, "first");
    let mut resumed = sandbox.resume(&suspended).unwrap();
    check(&mut resumed, "resumed");
    turn(&mut resumed, "os.unlink('/over/below')");
    assert_eq!(turn(&mut fork, "open('/over/below').read()"), "'below!'");
    assert_eq!(fs::read_to_string(folder.path().join("below")).unwrap(), "below", "the host's is untouched");
}

#[test]
fn disk_limits_go_along() {
    let builder = languages::builder(Language::Python).policy(|config| config.disk_limit(1.mb()));
    let mut first = with(builder, Language::Python);
    turn(&mut first, "n = open('/tmp/a', 'wb', 0).write(b'x' * 700_000)");
    let mut fork = first.fork().unwrap();
    let result = fork.run("open('/tmp/b', 'wb', 0).write(b'x' * 700_000)").unwrap();
    assert!(result.stdout.text().trim().parse::<u64>().unwrap() < 400_000, "{}", result.stdout.text());
    assert_eq!(
        turn(&mut fork, "import os; os.unlink('/tmp/a'); open('/tmp/c', 'wb', 0).write(b'x' * 600_000)"),
        "600000"
    );
    assert_eq!(turn(&mut first, "import os; os.path.getsize('/tmp/a')"), "700000");
}

#[test]
fn a_suspended_session_goes_on_in_another_sandbox() {
    for language in BOTH {
        let mut session = languages::session(language);
        turn(&mut session, "x = [1, 2]");
        let suspended = session.suspend().unwrap();
        assert!(suspended.len() < 16 << 20, "{}", suspended.len());
        let mut resumed = sandbox(language).resume(&suspended).unwrap();
        assert_eq!(resumed.run("x").unwrap().value, Some(json!([1, 2])));
    }
}

#[test]
fn h1_h3_a_snapshot_that_was_changed_is_refused() {
    for language in BOTH {
        let sandbox = sandbox(language);
        let mut session = sandbox.session(language).unwrap();
        turn(&mut session, "x = 1");
        let bytes = session.snapshot().unwrap().to_bytes().unwrap();
        assert_eq!(turn(&mut sandbox.resume(&bytes).unwrap(), "x"), "1", "the twin");
        let refused = |bytes: &[u8]| {
            let error = sandbox.resume(bytes).map(|_| ()).unwrap_err();
            assert_eq!(error.code(), ErrorCode::NotRunnable, "{error}");
        };
        let step = bytes.len() / 97;
        for at in (0..bytes.len()).step_by(step).chain([bytes.len() - 1]) {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            refused(&changed);
        }
        for len in [0, 1, 31, 32, 40, bytes.len() - 1] {
            refused(&bytes[..len]);
        }
        refused(&[bytes.as_slice(), b"x"].concat());
    }
}

#[test]
fn keys_decide_who_may_go_on() {
    let language = Language::JavaScript;
    let keyed = |key: u8| {
        let setup = languages::setup(language).snapshot_key([key; 32]);
        languages::builder(language).setup(setup).build_blocking().unwrap()
    };
    let mut session = keyed(1).session(language).unwrap();
    turn(&mut session, "x = 1");
    let suspended = session.suspend().unwrap();
    let error = keyed(2).resume(&suspended).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("another key"), "{error}");
    assert!(sandbox(language).resume(&suspended).is_err());
    assert_eq!(turn(&mut keyed(1).resume(&suspended).unwrap(), "x"), "1");
}

#[test]
fn a_policy_goes_along_and_is_never_widened() {
    let language = Language::Python;
    let mut session = with(languages::builder(language).env("A", "1").timeout(Duration::from_secs(5)), language);
    turn(&mut session, "import os");
    let suspended = session.suspend().unwrap();
    let error = sandbox(language).resume(&suspended).map(|_| ()).unwrap_err();
    assert!(matches!(error, SandboxError::SecurityViolation { .. }), "{error}");
    let wider = languages::builder(language).env("A", "1").env("B", "2").build_blocking().unwrap();
    let mut resumed = wider.resume(&suspended).unwrap();
    assert_eq!(turn(&mut resumed, "os.environ.get('A'), os.environ.get('B')"), "('1', None)");
    let begun = std::time::Instant::now();
    let ending = resumed.run("while True: pass").unwrap().ending;
    assert!(matches!(ending, Ending::Limit(LimitHit { kind: ResourceKind::WallTime, .. })), "{ending:?}");
    assert!(begun.elapsed() < Duration::from_secs(7), "the limits are those that it was taken under");
}

#[test]
fn what_is_the_hosts_stays() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a"), "text of the host").unwrap();
    let sandbox =
        languages::builder(Language::Python).filesystem_read(folder.path(), "/data").build_blocking().unwrap();
    let mut session = sandbox.session(Language::Python).unwrap();
    turn(&mut session, "f = open('/data/a'); start = f.read(4)");
    let mut fork = session.fork().unwrap();
    assert_eq!(turn(&mut fork, "start, f.read()"), "('text', ' of the host')");
    let error = session.snapshot().unwrap().to_bytes().unwrap_err();
    assert!(error.to_string().contains("`/data/a`"), "{error}");
    turn(&mut session, "f.close()");
    let suspended = session.suspend().unwrap();
    assert_eq!(
        turn(&mut sandbox.resume(&suspended).unwrap(), "start, open('/data/a').read()"),
        "('text', 'text of the host')"
    );
}

/// Neither what is kept nor what goes on has descriptors of its own for files of the host's.
#[test]
fn e9_forks_share_what_they_have_open_on_the_host() {
    alone("snapshots::e9_forks_share_what_they_have_open_on_the_host", || {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), "text of the host").unwrap();
        let builder = languages::builder(Language::Python).filesystem_read(folder.path(), "/data");
        let mut session = with(builder, Language::Python);
        turn(&mut session, "files = []");
        let more = |session: &mut Session| {
            let before = process::descriptors();
            let snapshots: Vec<_> = (0..200).map(|_| session.snapshot().unwrap()).collect();
            let kept = process::descriptors() - before;
            let mut forks: Vec<_> = (0..20).map(|_| session.fork().unwrap()).collect();
            let live = process::descriptors() - before - kept;
            forks.push(snapshots[199].session().unwrap());
            let read = turn(forks.last_mut().unwrap(), "[file.read() for file in files]");
            (kept, live, read)
        };
        let (kept, live, _) = more(&mut session);
        assert!(kept < 20, "{kept} for 200 snapshots");
        turn(&mut session, "files = [open('/data/a') for _ in range(10)]\nstart = [file.read(4) for file in files]");
        let (kept_open, live_open, read) = more(&mut session);
        assert!(kept_open < 20, "{kept_open} for 200 snapshots with 10 open files");
        assert_eq!(live_open, live, "for 20 sessions");
        assert_eq!(read, format!("{:?}", [" of the host"; 10]).replace('"', "'"));
    });
}

#[test]
fn forks_read_on_where_the_input_was_left() {
    let sandbox = languages::builder(Language::Python).stdin(*b"one\ntwo\nthree\n").build_blocking().unwrap();
    let mut first = sandbox.session(Language::Python).unwrap();
    let read = "import os; b''.join(iter(lambda: os.read(0, 1), b'\\n')).decode()";
    assert_eq!(turn(&mut first, read), "'one'");
    let (mut second, suspended) = (first.fork().unwrap(), first.snapshot().unwrap().to_bytes().unwrap());
    assert_eq!((turn(&mut first, read), turn(&mut first, read)), ("'two'".into(), "'three'".into()));
    assert_eq!(turn(&mut second, read), "'two'");
    assert_eq!(turn(&mut sandbox.resume(&suspended).unwrap(), read), "'two'");
}

#[test]
fn g4_copies_draw_random_numbers_of_their_own() {
    let draws = [
        (Language::Python, "import random, os, uuid; random.random(), os.urandom(8), uuid.uuid4().hex"),
        (Language::JavaScript, "[Math.random(), crypto.randomUUID()].join()"),
    ];
    for (language, draw) in draws {
        let mut session = languages::session(language);
        turn(&mut session, draw);
        let snapshot = session.snapshot().unwrap();
        let mut seen: Vec<_> = (0..5).map(|_| turn(&mut snapshot.session().unwrap(), draw)).collect();
        seen.push(turn(&mut session, draw));
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 6, "{seen:?}");
        let seeded = || languages::builder(language).policy(|config| config.random(RandomPolicy::Seeded(7)));
        let mut session = with(seeded(), language);
        turn(&mut session, draw);
        let mut fork = session.fork().unwrap();
        assert_eq!(turn(&mut session, draw), turn(&mut fork, draw), "a seed decides everything");
    }
    let mut session = languages::session(Language::Python);
    turn(&mut session, "import random; random.seed(1); random.random()");
    let mut twin = session.fork().unwrap();
    turn(&mut twin, "random.seed(1); random.random()");
    let expected = turn(&mut twin, "random.random()");
    let suspended = session.suspend().unwrap();
    let mut resumed = sandbox(Language::Python).resume(&suspended).unwrap();
    assert_eq!(turn(&mut resumed, "random.random()"), expected, "a session that moves is the same");
}

#[test]
fn g4_a_copy_that_moves_before_its_first_turn_draws_numbers_of_its_own() {
    let draws = [(Language::Python, "import random; random.random()"), (Language::JavaScript, "Math.random()")];
    for (language, draw) in draws {
        let mut session = languages::session(language);
        turn(&mut session, draw);
        let moved = |copy: Session| sandbox(language).resume(&copy.suspend().unwrap()).unwrap();
        let mut copy = moved(session.fork().unwrap());
        let mut twice = moved(moved(session.fork().unwrap()));
        let mut seen = [&mut session, &mut copy, &mut twice].map(|session| turn(session, draw));
        seen.sort();
        assert!(seen[0] != seen[1] && seen[1] != seen[2], "{language:?}: {seen:?}");
    }
}

#[test]
fn clocks_go_on() {
    let cases = [
        (
            Language::Python,
            "import time; time.sleep(0.05); then = time.monotonic()",
            "then <= time.monotonic() < then + 5",
        ),
        (
            Language::JavaScript,
            "await new Promise((go) => setTimeout(go, 50)); let then = performance.now(), now",
            "now = performance.now(), then <= now && now < then + 5000",
        ),
    ];
    for (language, wait, goes_on) in cases {
        let mut session = languages::session(language);
        turn(&mut session, wait);
        let sandbox = sandbox(language);
        let went_on = |session: &mut Session| turn(session, goes_on).to_lowercase();
        assert_eq!(went_on(&mut session.fork().unwrap()), "true", "{language:?}");
        let suspended = session.suspend().unwrap();
        assert_eq!(went_on(&mut sandbox.resume(&suspended).unwrap()), "true", "{language:?}");
    }
}

#[test]
fn a_session_that_has_ended_has_no_snapshot() {
    let mut session = with(languages::builder(Language::Python).timeout(Duration::from_millis(300)), Language::Python);
    turn(&mut session, "x = 1");
    let mut snapshot = session.snapshot().unwrap();
    session.run("while True: pass").unwrap();
    assert_eq!(session.snapshot().map(|_| ()).unwrap_err().code(), ErrorCode::Ended);
    let mut again = snapshot.session().unwrap();
    assert_eq!(turn(&mut again, "x"), "1", "what was kept before goes on");
    snapshot = again.snapshot().unwrap();
    assert_eq!(turn(&mut snapshot.session().unwrap(), "x"), "1");
}

/// Long chains stay small: what is shared is made one file again when there are too many.
#[test]
fn forks_of_forks_hold() {
    let mut session = with(languages::builder(Language::Python).memory_limit(256.mb()), Language::Python);
    turn(&mut session, "parts = []");
    for n in 0..60 {
        turn(
            &mut session,
            &format!("parts.append(bytearray([{n}]) * 400_000); parts[{n} // 2][:300_000] = bytes(300_000)"),
        );
        session = session.fork().unwrap();
    }
    assert_eq!(turn(&mut session, "len(parts), [part[-1] for part in parts] == list(range(60))"), "(60, True)");
    assert_eq!(turn(&mut session, "[part[0] for part in parts] == [0] * 30 + list(range(30, 60))"), "True");
}

/// Another machine with the same interpreter has the same image, byte for byte: what is taken there fits.
#[test]
fn h12_images_are_the_same_wherever_they_are_made() {
    let (language, key) = (Language::JavaScript, [3; 32]);
    let cache = tempfile::tempdir().unwrap();
    let here = languages::builder(language).setup(languages::setup(language).snapshot_key(key)).prelude("let y = [4];");
    let setup = languages::setup(language).cache_dir(cache.path()).snapshot_key(key);
    let there = languages::builder(language).setup(setup).prelude("let y = [4];").build_blocking().unwrap();
    let mut session = with(here, language);
    turn(&mut session, "let x = 1");
    let suspended = session.suspend().unwrap();
    // Two processes would share this one's interpreter, but for their caches.
    assert_eq!(turn(&mut there.resume(&suspended).unwrap(), "[x, y[0]].join()"), "'1,4'");
}

/// A sandbox's cancel reaches everything that came of it; a session's reaches that session alone.
#[test]
fn cancels_reach_what_they_should() {
    let language = Language::JavaScript;
    let ended = |session: &mut Session| session.run("for (;;) {}").map(|result| result.ending);
    let sandbox = sandbox(language);
    let (mut one, mut two) = (sandbox.session(language).unwrap(), sandbox.session(language).unwrap());
    turn(&mut one, "x = 1");
    let mut fork = one.fork().unwrap();
    one.cancel_handle().cancel();
    assert_eq!(ended(&mut one).unwrap(), Ending::Cancel);
    assert_eq!((turn(&mut two, "1"), turn(&mut fork, "x")), ("1".into(), "1".into()));
    let suspended = fork.fork().unwrap().suspend().unwrap();
    let mut resumed = sandbox.resume(&suspended).unwrap();
    turn(&mut resumed, "1");
    sandbox.cancel_handle().cancel();
    for session in [&mut two, &mut fork, &mut resumed] {
        assert_eq!(ended(session).unwrap(), Ending::Cancel);
    }
}
