//! Attacks on the filesystem as a guest makes them, call by call, each with a twin that is granted and works. The numbers
//! are those of the threat list.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, symlink},
        net::UnixListener,
    },
    path::Path,
    time::{Duration, Instant, SystemTime},
};

use wasm_sandbox::{ResourceKind, ResourceLimits, SandboxError, TimeUnits};

use crate::wasi::*;

/// The first mount.
const DATA: i64 = 3;
/// The root, which only leads to the mounts, after one mount.
const ROOT: i64 = 4;

fn reading(folder: &Path) -> Guest {
    Guest::new(|builder| builder.filesystem_read(folder, "/data"))
}

fn writing(folder: &Path) -> Guest {
    Guest::new(|builder| builder.filesystem_write(folder, "/data"))
}

fn overlay(folder: &Path) -> Guest {
    Guest::new(|builder| builder.policy(|policy| policy.filesystem_overlay(folder, "/data")))
}

fn memory() -> Guest {
    Guest::new(|builder| builder.policy(|policy| policy.filesystem_memory("/data")))
}

/// A guest over each kind of writable tree, all holding nothing.
fn everywhere(folder: &Path) -> Vec<(&'static str, Guest)> {
    let (host, below) = (folder.join("host"), folder.join("below"));
    fs::create_dir(&host).unwrap();
    fs::create_dir(&below).unwrap();
    vec![("host", writing(&host)), ("memory", memory()), ("overlay", overlay(&below))]
}

/// The refusal of the last call: what was tried, on what, and what was missing.
fn denial(guest: &Guest) -> (&str, &str, &str) {
    let [denial] = guest.denials() else { panic!("not one refusal: {:?}", guest.denials()) };
    (&denial.operation, &denial.target, &denial.capability)
}

/// One act that changes a directory.
type Change = (&'static str, fn(&mut Guest) -> Result<(), i32>);

const CHANGES: &[Change] = &[
    ("open", |guest| guest.open(DATA, "new", CREATE, WRITE).map(|_| ())),
    ("open", |guest| guest.open(DATA, "f", 0, WRITE).map(|_| ())),
    ("open", |guest| guest.open(DATA, "f", TRUNCATE, READ).map(|_| ())),
    ("set times", |guest| guest.set_times(DATA, "f", 0, 0)),
    ("create directory", |guest| guest.at("path_create_directory", DATA, "made")),
    ("remove directory", |guest| guest.at("path_remove_directory", DATA, "d")),
    ("link", |guest| guest.link(DATA, "f", "linked")),
    ("symlink", |guest| guest.symlink("f", DATA, "symlinked")),
    ("rename", |guest| guest.rename(DATA, "f", "renamed")),
    ("unlink", |guest| guest.at("path_unlink_file", DATA, "renamed")),
];

#[test]
fn e6_what_is_granted_for_reading_is_not_changed() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("d")).unwrap();
    for name in ["f", "renamed"] {
        fs::write(folder.path().join(name), name).unwrap();
    }
    let mut guest = reading(folder.path());
    for (operation, change) in CHANGES {
        assert_eq!(change(&mut guest), Err(ROFS), "{operation}");
        assert_eq!((denial(&guest).0, denial(&guest).2), (*operation, "filesystem.write"));
    }
    assert_eq!(guest.names(DATA), ["d", "f", "renamed"]);
    assert_eq!(fs::read(folder.path().join("f")).unwrap(), b"f");
    let mut guest = writing(folder.path());
    for (operation, change) in CHANGES {
        assert_eq!(change(&mut guest), Ok(()), "{operation}");
        assert!(guest.denials().is_empty());
    }
}

#[test]
fn an_act_on_two_paths_is_refused_once_for_the_one_at_fault() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("f"), "f").unwrap();
    let mut guest = writing(folder.path());
    for (from, to, at_fault) in [("f", "../g", "/g"), ("../g", "f", "/g"), ("f", "/g", "/g")] {
        assert_eq!(guest.rename(DATA, from, to), Err(PERM), "{from} {to}");
        assert_eq!(denial(&guest), ("rename", at_fault, "filesystem.write"));
        assert_eq!(guest.link(DATA, from, to), Err(PERM), "{from} {to}");
        assert_eq!(denial(&guest), ("link", at_fault, "filesystem.write"));
    }
    guest.link(DATA, "f", "g").unwrap();
    guest.rename(DATA, "g", "h").unwrap();
    assert!(guest.denials().is_empty());
}

const OF_THE_HOST: &[&str] = &[
    "/proc/self/environ",
    "/proc/self/mem",
    "/proc/self/fd/0",
    "/proc/self/cwd/Cargo.toml",
    "/proc/self/root/etc/passwd",
    "/dev/mem",
    "/dev/tty",
    "/dev/zero",
    "/sys/kernel/uevent_helper",
];

#[test]
fn e7_what_the_kernel_shows_is_not_reached() {
    let folder = tempfile::tempdir().unwrap();
    for (n, target) in OF_THE_HOST.iter().enumerate() {
        symlink(target, folder.path().join(format!("link{n}"))).unwrap();
        let (parent, _) = target.rsplit_once('/').unwrap();
        symlink(parent, folder.path().join(format!("parent{n}"))).unwrap();
    }
    fs::write(folder.path().join("f"), "f").unwrap();
    symlink("f", folder.path().join("fine")).unwrap();
    let mut guest = writing(folder.path());
    for (n, target) in OF_THE_HOST.iter().enumerate() {
        assert_eq!(guest.open(ROOT, &target[1..], 0, READ), Err(ACCES), "{target}");
        assert_eq!(denial(&guest), ("open", *target, "filesystem.read"));
        let name = target.rsplit('/').next().unwrap();
        let climbing = format!("{}{}", "../".repeat(20), &target[1..]);
        for path in [(*target).to_owned(), format!("link{n}"), format!("parent{n}/{name}"), climbing] {
            assert_eq!(guest.open(DATA, &path, 0, READ), Err(PERM), "{path}");
            assert_eq!((denial(&guest).0, denial(&guest).2), ("open", "filesystem.read"), "{path}");
        }
        assert_eq!(guest.symlink(target, DATA, "own"), Err(PERM));
        assert_eq!(denial(&guest), ("symlink", "/data/own", "filesystem.write"));
    }
    assert_eq!(guest.content(DATA, "fine").unwrap(), b"f");
    assert!(guest.denials().is_empty());
}

#[test]
fn e7_a_granted_directory_of_the_kernels_has_no_ways_out() {
    let mut guest = Guest::new(|builder| builder.filesystem_read("/proc", "/proc"));
    let status = guest.content(DATA, "self/status").unwrap();
    assert!(status.starts_with(b"Name:"), "what was granted is read");
    for path in ["self/cwd/Cargo.toml", "self/root/etc/passwd", "self/fd/0", "self/exe"] {
        assert!(matches!(guest.open(DATA, path, 0, READ), Err(PERM | 32)), "{path}: magic links lead nowhere");
    }
    let mut guest = Guest::new(|builder| builder.filesystem_read("/dev", "/dev"));
    for path in ["zero", "null", "tty"] {
        assert_eq!(guest.open(DATA, path, 0, READ), Err(ACCES), "a device is not a file: {path}");
    }
}

#[test]
fn e8_what_is_not_a_file_holds_nobody_up() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, rustix::fs::Mode::from(0o600), 0).unwrap();
    let _socket = UnixListener::bind(folder.path().join("socket")).unwrap();
    fs::write(folder.path().join("f"), "f").unwrap();
    for mut guest in [writing(folder.path()), overlay(folder.path())] {
        let started = Instant::now();
        for path in ["fifo", "socket"] {
            for rights in [READ, WRITE, READ | WRITE] {
                assert_eq!(guest.open(DATA, path, 0, rights), Err(ACCES), "{path}");
            }
            assert_eq!(guest.stat(DATA, path).unwrap().kind, 0, "seen, and of no kind that can be opened");
        }
        assert!(started.elapsed() < Duration::from_secs(5));
        assert_eq!(guest.content(DATA, "f").unwrap(), b"f");
    }
}

#[test]
fn e9_open_files_have_a_limit_of_each_sandboxs_own() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("f"), "f").unwrap();
    let guest = || {
        let limits = ResourceLimits { open_files: 20, ..ResourceLimits::default() };
        Guest::new(|builder| builder.policy(|policy| policy.limits(limits)).filesystem_read(folder.path(), "/data"))
    };
    let (mut greedy, mut other) = (guest(), guest());
    let mut opened = Vec::new();
    let errno = loop {
        match greedy.open(DATA, "f", 0, READ) {
            Ok(fd) => opened.push(fd),
            Err(errno) => break errno,
        }
    };
    assert_eq!((errno, opened.len()), (MFILE, 15), "three streams and two preopens are among the twenty");
    let hit = greedy.limits_hit()[0];
    assert_eq!((hit.kind, hit.used, hit.limit), (ResourceKind::OpenFiles, 21, 20));
    assert_eq!(greedy.open(DATA, ".", DIRECTORY, READ), Err(MFILE));
    assert_eq!(other.content(DATA, "f").unwrap(), b"f");
    greedy.close(opened[3]).unwrap();
    assert_eq!(greedy.open(DATA, "f", 0, READ), Ok(opened[3]), "the lowest number that is free");
}

#[test]
fn e11_names_are_bytes_and_each_is_another() {
    let folder = tempfile::tempdir().unwrap();
    let mut names = vec!["CON", "NUL", "aux.txt", "a:b", "dot.", "space ", " ", "..x", "...", "a\\b", "%2e%2e", "~"];
    names.extend([
        "a",
        "A",
        "\u{e9}",
        "e\u{301}",
        "line\nbreak",
        "\u{1b}[31mred",
        "\u{202e}txt.exe",
        "\u{ff0e}\u{ff0e}",
    ]);
    names.sort();
    for (kind, mut guest) in everywhere(folder.path()) {
        for name in &names {
            guest.put(DATA, name, name.as_bytes()).unwrap();
        }
        for name in &names {
            assert_eq!(guest.content(DATA, name).unwrap(), name.as_bytes(), "{kind}: {name:?}");
        }
        assert_eq!(guest.names(DATA), names, "{kind}");
        for name in &names {
            guest.at("path_unlink_file", DATA, name).unwrap();
        }
        assert!(guest.names(DATA).is_empty(), "{kind}");
    }
}

#[test]
fn e11_names_have_their_limits() {
    let folder = tempfile::tempdir().unwrap();
    for (kind, mut guest) in everywhere(folder.path()) {
        guest.put(DATA, "n".repeat(255), b"long").unwrap();
        assert_eq!(guest.put(DATA, "n".repeat(256), b""), Err(NAMETOOLONG), "{kind}");
        assert_eq!(guest.put(DATA, "\u{e9}".repeat(128), b""), Err(NAMETOOLONG), "bytes count, not characters: {kind}");
        guest.put(DATA, format!("{}f", "./".repeat(2047)), b"deep").unwrap();
        assert_eq!(guest.content(DATA, "f").unwrap(), b"deep", "{kind}");
        assert_eq!(guest.put(DATA, format!("{}f", "./".repeat(2048)), b""), Err(NAMETOOLONG), "{kind}");
        assert_eq!(guest.put(DATA, "n".repeat(1 << 14), b""), Err(NAMETOOLONG), "{kind}");
        for path in [b"\xff".as_slice(), b"a\xc3", b"\xed\xa0\x80", b"a\0b", b"\0"] {
            assert_eq!(guest.open(DATA, path, CREATE, WRITE), Err(ILSEQ), "{kind}: {path:?}");
        }
        assert_eq!(guest.open(DATA, "", CREATE, WRITE), Err(NOENT), "{kind}");
    }
}

#[test]
fn e11_a_refused_name_is_written_so_that_it_does_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut guest = reading(folder.path());
    assert_eq!(guest.open(DATA, "../\u{1b}[2J\n\u{202e}x", 0, READ), Err(PERM));
    let target = denial(&guest).1;
    assert!(!target.contains(char::is_control), "{target:?}");
    assert!(guest.open(DATA, format!("../{}", "x".repeat(4000)), 0, READ).is_err());
    assert!(denial(&guest).1.len() <= 512);
}

#[test]
fn e12_offsets_have_no_edges_to_fall_from() {
    let folder = tempfile::tempdir().unwrap();
    for (kind, mut guest) in everywhere(folder.path()) {
        let fd = guest.open(DATA, "f", CREATE, READ | WRITE).unwrap();
        guest.write(fd, b"0123456789").unwrap();
        for offset in [-1, i64::MIN, i64::MAX, i64::MAX - 1] {
            assert_eq!(guest.pwrite(fd, b"x", offset), Err(FBIG), "{kind}: {offset}");
        }
        for offset in [-1, i64::MIN] {
            assert_eq!(guest.pread(fd, 1, offset), Err(INVAL), "{kind}: {offset}");
            assert_eq!(guest.seek(fd, offset, 0), Err(INVAL), "{kind}: {offset}");
            assert_eq!(guest.call("fd_filestat_set_size", &[fd, offset]), Err(INVAL), "{kind}: {offset}");
        }
        assert_eq!(guest.pread(fd, 1, i64::MAX), Ok(Vec::new()), "{kind}");
        assert_eq!(guest.seek(fd, i64::MIN, 1), Err(INVAL), "{kind}");
        assert_eq!(guest.seek(fd, -11, 2), Err(INVAL), "{kind}");
        assert_eq!(guest.seek(fd, 0, 3), Err(INVAL), "{kind}");
        assert_eq!(guest.call("fd_allocate", &[fd, -1, 2]), Err(FBIG), "{kind}");
        assert_eq!(guest.call("fd_allocate", &[fd, 0, i64::MAX]), Err(FBIG), "{kind}");
        assert_eq!(guest.seek(fd, i64::MAX, 0), Ok(i64::MAX as u64), "{kind}");
        assert_eq!(guest.read(fd, 1), Ok(Vec::new()), "{kind}");
        assert_eq!(guest.write(fd, b"x"), Err(FBIG), "{kind}");
        assert_eq!(guest.seek(fd, 1, 1), Err(INVAL), "{kind}");
        assert_eq!(guest.seek(fd, -10, 2), Ok(0), "{kind}");
        assert_eq!(guest.read(fd, 100).unwrap(), b"0123456789", "what was there is there: {kind}");
        assert_eq!(guest.pwrite(fd, b"x", 100_000), Ok(1), "{kind}");
        assert_eq!(guest.seek(fd, 0, 2), Ok(100_001), "{kind}");
    }
}

#[test]
fn e13_times_before_1970_and_after_2262_are_only_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let old = fs::File::create(folder.path().join("old")).unwrap();
    old.set_modified(SystemTime::UNIX_EPOCH - Duration::from_secs(1_000_000)).unwrap();
    let far = fs::File::create(folder.path().join("far")).unwrap();
    far.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 34)).unwrap();
    for mut guest in [writing(folder.path()), overlay(folder.path())] {
        assert_eq!(guest.stat(DATA, "old").unwrap().modified, 0, "as early as the guest can be told");
        assert!(guest.stat(DATA, "far").unwrap().modified > 1 << 63, "after 2262");
        guest.put(DATA, "f", b"f").unwrap();
        for nanos in [0, 1_000_000_000, i64::MAX, i64::MIN, -1] {
            guest.set_times(DATA, "f", nanos, nanos).unwrap();
            let stat = guest.stat(DATA, "f").unwrap();
            // A filesystem keeps a time as well as it can; ours keeps it as it is.
            assert!(stat.modified == nanos as u64 || nanos < 0, "{nanos}: {stat:?}");
            assert_eq!(guest.content(DATA, "f").unwrap(), b"f");
        }
        assert_eq!(guest.call("fd_filestat_set_times", &[DATA, 0, 0, 1 | 2]), Err(INVAL));
    }
}

/// A right to what there is no call for.
const SET_SIZE_BY_PATH: u64 = 1 << 19;

#[test]
fn e14_a_hundred_thousand_entries_are_listed_once_each() {
    const MANY: usize = 100_000;
    let folder = tempfile::tempdir().unwrap();
    for n in 0..MANY {
        fs::File::create(folder.path().join(format!("file number {n}"))).unwrap();
    }
    for (kind, mut guest) in [("host", reading(folder.path())), ("overlay", overlay(folder.path()))] {
        let (mut cookie, mut seen) = (0, std::collections::HashSet::new());
        guest.give(64 << 10, &[0xaa; 4096]);
        let own = guest.stat(DATA, ".").unwrap().inode;
        loop {
            let entries = guest.read_dir(DATA, cookie, 4096).unwrap();
            let Some(last) = entries.last() else { break };
            cookie = last.next;
            for entry in entries {
                assert_eq!(entry.padding, [0; 3], "{kind}");
                assert!(entry.name != b"." || entry.inode == own, "{kind}: {own} {entry:?}");
                assert!(seen.insert(entry.name), "{kind}");
            }
        }
        assert_eq!(seen.len(), MANY + 2, "{kind}");
        for len in [0, 1, 23, 24] {
            assert!(guest.read_dir(DATA, 0, len).unwrap().is_empty(), "{kind}: cut off at {len}");
        }
        for cookie in [u64::MAX, 1 << 63, (1 << 63) - 1] {
            assert_eq!(guest.read_dir(DATA, cookie, 4096), Ok(Vec::new()), "{kind}: {cookie}");
        }
        assert_eq!(guest.rights(DATA).unwrap() & SET_SIZE_BY_PATH, 0, "{kind}");
    }
}

#[test]
fn e15_numbers_of_files_are_moved_and_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let limits = ResourceLimits { open_files: 10, ..ResourceLimits::default() };
    let mut guest =
        Guest::new(|builder| builder.policy(|policy| policy.limits(limits)).filesystem_write(folder.path(), "/data"));
    let a = guest.open(DATA, "a", CREATE, WRITE).unwrap();
    let b = guest.open(DATA, "b", CREATE, WRITE).unwrap();
    for _ in 0..2000 {
        guest.call("fd_renumber", &[a, b]).unwrap();
        assert_eq!(guest.write(a, b"x"), Err(BADF));
        assert_eq!(guest.call("fd_renumber", &[b, a]), Err(BADF), "a number that is not in use is not taken");
        assert_eq!(guest.open(DATA, "b", CREATE, WRITE), Ok(a));
        guest.call("fd_renumber", &[a, a]).unwrap();
    }
    for fd in [99, u32::MAX.into(), i64::from(i32::MAX)] {
        for (from, to) in [(fd, a), (a, fd), (fd, fd)] {
            assert_eq!(guest.call("fd_renumber", &[from, to]), Err(BADF), "{from} {to}");
        }
        assert_eq!(guest.close(fd), Err(BADF));
    }
    let room = (0..20).take_while(|_| guest.open(DATA, "a", 0, READ).is_ok()).count();
    assert_eq!(room, 3, "nothing was lost count of");
}

#[test]
fn e15_a_file_in_the_place_of_a_stream_is_only_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut guest = writing(folder.path());
    let file = guest.open(DATA, "f", CREATE, WRITE).unwrap();
    guest.call("fd_renumber", &[file, 1]).unwrap();
    guest.write(1, b"not on stdout").unwrap();
    assert_eq!(fs::read(folder.path().join("f")).unwrap(), b"not on stdout");
    guest.close(0).unwrap();
    assert_eq!(guest.read(0, 1), Err(BADF));
    assert_eq!(guest.open(DATA, "f", 0, READ), Ok(0), "the lowest number that is free");
    assert_eq!(guest.read(0, 3).unwrap(), b"not");
    guest.call("fd_renumber", &[2, DATA]).unwrap();
    assert_eq!(guest.open(DATA, "f", 0, READ), Err(54), "a stream is no directory");
    guest.close(DATA).unwrap();
    assert_eq!(guest.call("fd_prestat_get", &[DATA, 256]), Err(BADF));
}

#[test]
fn e16_a_directory_that_is_replaced_stays_what_was_granted() {
    let folder = tempfile::tempdir().unwrap();
    let (granted, moved, secret) =
        (folder.path().join("in"), folder.path().join("moved"), folder.path().join("secret"));
    fs::create_dir_all(granted.join("d")).unwrap();
    fs::create_dir(&secret).unwrap();
    for path in [granted.join("f"), granted.join("d/f"), secret.join("f")] {
        fs::write(&path, path.parent().unwrap().file_name().unwrap().as_encoded_bytes()).unwrap();
    }
    let mut guests = [writing(&granted), reading(&granted), overlay(&granted)];
    for guest in &mut guests {
        assert_eq!(guest.content(DATA, "f").unwrap(), b"in");
    }
    fs::rename(&granted, &moved).unwrap();
    symlink(&secret, &granted).unwrap();
    for guest in &mut guests {
        assert_eq!(guest.content(DATA, "f").unwrap(), b"in", "the directory, not what is at its place now");
        assert_eq!(guest.content(DATA, "d/f").unwrap(), b"d");
        assert_eq!(guest.content(ROOT, "data/f").unwrap(), b"in");
    }
    fs::rename(moved.join("d"), folder.path().join("aside")).unwrap();
    symlink(&secret, moved.join("d")).unwrap();
    assert_eq!(guests[0].content(DATA, "d/f"), Err(PERM));
    assert_eq!(denial(&guests[0]), ("open", "/data/d/f", "filesystem.read"));
    guests[0].put(DATA, "new", b"new").unwrap();
    assert_eq!(fs::read(moved.join("new")).unwrap(), b"new");
    fs::remove_dir_all(&moved).unwrap();
    for guest in &mut guests[..2] {
        assert_eq!(guest.content(DATA, "f"), Err(NOENT));
    }
    assert_eq!(guests[0].put(DATA, "new", b""), Err(NOENT));
    assert_eq!(fs::read_dir(&secret).unwrap().count(), 1);
}

#[test]
fn e17_two_sandboxes_do_not_see_each_other() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("shared"), "below").unwrap();
    let over = || overlay(folder.path());
    for make in [&over as &dyn Fn() -> Guest, &memory] {
        let (mut one, mut two) = (make(), make());
        let before = two.names(DATA);
        one.put(DATA, "own", b"of one").unwrap();
        one.put(DATA, "shared", b"changed by one").unwrap();
        two.put(DATA, "other", b"of two").unwrap();
        assert_eq!(two.content(DATA, "own"), Err(NOENT));
        assert_eq!(two.content(DATA, "shared").ok(), before.first().map(|_| b"below".to_vec()));
        assert_eq!(two.at("path_unlink_file", DATA, "own"), Err(NOENT));
        for path in ["../own", "..", "%2e%2e/own", "../data/own"] {
            assert!(two.content(DATA, path).is_err(), "{path}");
        }
        one.at("path_unlink_file", DATA, "shared").unwrap();
        assert_eq!(one.names(DATA), ["own"]);
        let mut expected = [before, vec!["other".to_owned()]].concat();
        expected.sort();
        assert_eq!(two.names(DATA), expected);
        assert_eq!(one.content(DATA, "own").unwrap(), b"of one");
    }
    assert_eq!(fs::read(folder.path().join("shared")).unwrap(), b"below");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn e18_what_a_guest_makes_cannot_be_run_by_the_host() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("tool"), "#!/bin/sh").unwrap();
    fs::set_permissions(folder.path().join("tool"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut guest = writing(folder.path());
    guest.put(DATA, "f", b"#!/bin/sh\nexit").unwrap();
    guest.at("path_create_directory", DATA, "d").unwrap();
    guest.put(DATA, "d/f", b"\x7fELF").unwrap();
    guest.rename(DATA, "f", "g").unwrap();
    let mode = |path: &str| fs::metadata(folder.path().join(path)).unwrap().mode();
    for path in ["g", "d/f"] {
        assert_eq!(mode(path) & 0o7111, 0, "{path}");
    }
    assert_eq!(mode("d") & 0o7000, 0);
    assert_eq!(mode("tool") & 0o7777, 0o755, "what was there keeps its mode");
    drop(memory());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3, "nothing else is left behind");
}

#[test]
fn e10_inflating_ends_at_the_deadline() {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("a.zip");
    let mut zip = zip::ZipWriter::new(fs::File::create(&archive).unwrap());
    let options = zip::write::SimpleFileOptions::default().compression_level(Some(1));
    zip.start_file("bomb", options).unwrap();
    std::io::copy(&mut std::io::Read::take(std::io::repeat(7), 2 << 30), &mut zip).unwrap();
    zip.finish().unwrap();
    let guest = |timeout| {
        Guest::new(|builder| builder.policy(|policy| policy.timeout(timeout).filesystem_zip(&archive, "/data")))
    };
    let mut hasty = guest(50.millis());
    let fd = hasty.open(DATA, "bomb", 0, READ).unwrap();
    let started = Instant::now();
    match hasty.try_pread(fd, 1, (2 << 30) - 1) {
        Err(SandboxError::ResourceExhausted { kind: ResourceKind::WallTime, limit: 50, .. }) => {}
        other => panic!("{other:?}"),
    }
    assert!(started.elapsed() < Duration::from_millis(300), "{:?}", started.elapsed());
    let mut patient = guest(60.seconds());
    let fd = patient.open(DATA, "bomb", 0, READ).unwrap();
    assert_eq!(patient.pread(fd, 3, 100 << 20).unwrap(), [7; 3]);
}

#[test]
fn flags_of_files_are_what_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    const APPEND: i64 = 1;
    for (name, mut guest) in everywhere(folder.path()) {
        for flags in 0..32 {
            let file = guest.open_with(DATA, "f", CREATE, READ | WRITE, flags).unwrap();
            assert_eq!(guest.flags(file), Ok(flags), "{name}");
            assert_eq!(guest.write(file, b"hello"), Ok(5), "{name} {flags}");
            // Each can be changed while it is open.
            assert_eq!(guest.call("fd_fdstat_set_flags", &[file, 31 - flags]), Ok(()), "{name}");
            assert_eq!((guest.flags(file), guest.pwrite(file, b"j", 0)), (Ok(31 - flags), Ok(1)), "{name}");
            assert_eq!(guest.call("fd_fdstat_set_flags", &[file, 32]), Err(INVAL), "{name}");
            guest.close(file).unwrap();
        }
        assert_eq!(guest.open_with(DATA, "f", 0, READ, 32), Err(INVAL), "{name}");
        // Half of them appended.
        let file = guest.open_with(DATA, "f", 0, READ | WRITE, APPEND).unwrap();
        assert_eq!(guest.read(file, 200).unwrap().len(), 5 + 16 * 5, "{name}");
        for nothing in [0, 1, DATA] {
            let refused = if nothing == DATA { ISDIR } else { BADF };
            assert_eq!(guest.call("fd_fdstat_set_flags", &[nothing, 0]), Err(refused), "{name} {nothing}");
        }
    }
}

#[test]
fn a_directory_is_not_opened_for_writing() {
    let folder = tempfile::tempdir().unwrap();
    for (name, mut guest) in everywhere(folder.path()) {
        let file = guest.open(DATA, "f", CREATE, READ | WRITE).unwrap();
        for directory in [DATA, ROOT] {
            for (flags, rights, errno) in [
                (DIRECTORY, READ | WRITE, ISDIR),
                (DIRECTORY, WRITE, ISDIR),
                (DIRECTORY | TRUNCATE, READ, ISDIR),
                (DIRECTORY | CREATE, READ, INVAL),
                (DIRECTORY | CREATE, READ | WRITE, INVAL),
                (CREATE, READ, ISDIR),
                (0, WRITE, ISDIR),
            ] {
                assert_eq!(
                    guest.open(directory, ".", flags, rights),
                    Err(errno),
                    "{name} {directory} {flags} {rights}"
                );
            }
            // The twin.
            let opened = guest.open(directory, ".", DIRECTORY, READ).unwrap();
            guest.close(opened).unwrap();
        }
        assert_eq!(guest.open(DATA, "f", DIRECTORY, WRITE), Err(NOTDIR), "{name}");
        guest.close(file).unwrap();
    }
}
