//! WASI 0.2 beside preview 1: one program compiled for both, under the same policy, comes to the same; and what only 0.2 has is
//! attacked, each attack with a twin that is granted and works. The numbers are those of the threat list.

use std::{
    fs,
    io::{Read, Write},
    os::unix::fs::symlink,
    path::Path,
    process::{Child, Command, Stdio},
    sync::LazyLock,
    time::{Duration, Instant},
};

use wasm_sandbox::{
    ByteUnits, ClockPolicy, Ending, IoUsage, Language, LimitHit, RandomPolicy, ResourceKind, ResourceLimits,
    SandboxResult, Source, TimeUnits, WasmSandboxBuilder,
};

use crate::{languages, told};

static PREVIEW1: LazyLock<Vec<u8>> = LazyLock::new(|| languages::compiled("wasi2/guest.rs", "wasm32-wasip1"));
static COMPONENT: LazyLock<Vec<u8>> = LazyLock::new(|| languages::compiled("wasi2/guest.rs", "wasm32-wasip2"));

fn builder(program: &[u8]) -> WasmSandboxBuilder {
    languages::builder(Language::Rust).source(Source::from(program))
}

fn run(builder: WasmSandboxBuilder, arguments: &[&str]) -> SandboxResult {
    builder.build_blocking().unwrap().execute(arguments.iter().copied()).unwrap()
}

/// What a program of WASI 0.2 comes to.
fn component(build: impl Fn(WasmSandboxBuilder) -> WasmSandboxBuilder, arguments: &[&str]) -> SandboxResult {
    run(build(builder(&COMPONENT)), arguments)
}

/// What it prints that must end well.
fn printed(build: impl Fn(WasmSandboxBuilder) -> WasmSandboxBuilder, arguments: &[&str]) -> String {
    let result = component(build, arguments);
    assert_eq!(result.ending, Ending::Exit { code: 0 }, "{}", result.stderr.text());
    result.stdout.text().into_owned()
}

fn limited(builder: WasmSandboxBuilder, change: impl FnOnce(&mut ResourceLimits)) -> WasmSandboxBuilder {
    let mut limits = ResourceLimits::default();
    change(&mut limits);
    builder.policy(|policy| policy.limits(limits))
}

fn nothing(builder: WasmSandboxBuilder) -> WasmSandboxBuilder {
    builder
}

/// What is the same for both: all but how many calls it took, and times.
fn account(result: &SandboxResult) -> SandboxResult {
    let mut account = result.clone();
    account.duration = Duration::ZERO;
    let io = IoUsage { host_calls: 0, host_call_bytes: 0, ..account.usage.io };
    account.usage = Default::default();
    account.usage.io = io;
    account
}

fn json(result: &SandboxResult) -> serde_json::Value {
    serde_json::to_value(result).unwrap()
}

/// Runs the program as both, and asserts that they come to the same.
fn both(build: impl Fn(WasmSandboxBuilder) -> WasmSandboxBuilder, arguments: &[&str]) -> SandboxResult {
    let [old, new] = [&*PREVIEW1, &*COMPONENT].map(|program| account(&run(build(builder(program)), arguments)));
    assert_eq!(new.stdout.text(), old.stdout.text(), "{}{}", new.stderr.text(), old.stderr.text());
    assert_eq!(json(&new), json(&old));
    new
}

/// As [`both`], each with a tree of its own that `prepare` made, which must be the same in the end too.
fn both_over(
    prepare: impl Fn(&Path),
    build: impl Fn(WasmSandboxBuilder, &Path) -> WasmSandboxBuilder,
    arguments: &[&str],
) -> SandboxResult {
    let [(old, old_tree), (new, new_tree)] = [&*PREVIEW1, &*COMPONENT].map(|program| {
        let folder = tempfile::tempdir().unwrap();
        prepare(folder.path());
        let result = account(&run(build(builder(program), folder.path()), arguments));
        (result, tree(folder.path()))
    });
    assert_eq!(new.stdout.text(), old.stdout.text(), "{}{}", new.stderr.text(), old.stderr.text());
    assert_eq!(json(&new), json(&old));
    assert_eq!(new_tree, old_tree);
    new
}

/// The paths below a folder with what is there.
fn tree(folder: &Path) -> Vec<(String, Option<Vec<u8>>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            if path.is_dir() && !path.is_symlink() {
                folders.push(path.clone());
            }
            found.push((name, if path.is_file() { Some(fs::read(&path).unwrap()) } else { None }));
        }
    }
    found.sort();
    found
}

fn limit(result: &SandboxResult) -> (ResourceKind, u64) {
    match result.ending {
        Ending::Limit(LimitHit { kind, limit, .. }) => (kind, limit),
        ref other => panic!("no limit ended it but {other:?}: {}", result.stderr.text()),
    }
}

fn trap(result: &SandboxResult) -> String {
    match &result.ending {
        Ending::Trap(trap) => trap.message.clone(),
        other => panic!("it did not trap but {other:?}: {}", result.stdout.text()),
    }
}

#[test]
fn g1_d16_arguments_environment_and_input_are_the_same() {
    let given = |builder: WasmSandboxBuilder| builder.env("A", "1").env("B", "x=y").env("C", "").stdin(*b"in\nput");
    let result = both(given, &["surroundings", "one", "two words", "", "ü"]);
    let expected = "[\"surroundings\", \"one\", \"two words\", \"\", \"ü\"]\n[(\"A\", \"1\"), (\"B\", \"x=y\"), (\"C\", \"\")]\n6: \"in\\nput\"\n0\n";
    assert_eq!(result.stdout.text(), expected);
    assert_eq!(result.stderr.text(), "to standard error\n");
    // The twin: nothing is given, and nothing is there.
    assert_eq!(both(nothing, &["surroundings"]).stdout.text(), "[\"surroundings\"]\n[]\n0: \"\"\n0\n");
    let long = "x".repeat(3 << 20);
    let copied = both(|builder| builder.stdin(long.as_bytes()), &["copy"]);
    assert_eq!(copied.stdout.text(), format!("{long}Ok({})\n", long.len()));
}

#[test]
fn endings_are_the_same() {
    assert_eq!(both(nothing, &["exit", "0"]).ending, Ending::Exit { code: 0 });
    assert_eq!(both(nothing, &["exit", "1"]).ending, Ending::Exit { code: 1 });
    // WASI 0.2's libc tells success from failure only.
    assert_eq!(component(nothing, &["exit", "7"]).ending, Ending::Exit { code: 1 });
    for program in [&*PREVIEW1, &*COMPONENT] {
        let result = run(builder(program), &["panic"]);
        assert!(matches!(result.ending, Ending::Trap(_)), "{:?}", result.ending);
        assert!(result.stderr.text().contains("as it was told"), "{}", result.stderr.text());
    }
}

#[test]
fn files_are_the_same_wherever_they_are() {
    let result = both_over(|_| (), |builder, folder| builder.filesystem_write(folder, "/data"), &["files", "/data"]);
    assert_eq!(result.ending, Ending::Exit { code: 0 }, "{}", result.stderr.text());
    assert!(result.files.created.contains(&"/data/a".to_owned()), "{:?}", result.files);
    both(|builder| builder.policy(|policy| policy.filesystem_memory("/data")), &["files", "/data"]);
    both_over(
        |folder| fs::write(folder.join("a"), "below").unwrap(),
        |builder, folder| builder.policy(|policy| policy.filesystem_overlay(folder, "/data")),
        &["files", "/data"],
    );
}

#[test]
fn two_mounts_and_what_leads_to_them_are_the_same() {
    let two =
        |builder: WasmSandboxBuilder| builder.policy(|policy| policy.filesystem_memory("/a/b").filesystem_memory("/c"));
    for folder in ["/", "/a", "/a/b", "/c"] {
        both(two, &["list", folder]);
    }
    both(two, &["look", "/", "/a", "/a/x", "/b", "/c/..", "/a/b/../../c"]);
    both(nothing, &["look", "/", "/etc/passwd"]);
}

#[test]
fn e6_what_is_granted_for_reading_cannot_be_changed() {
    let prepare = |folder: &Path| {
        fs::write(folder.join("f"), "kept").unwrap();
        fs::create_dir(folder.join("d")).unwrap();
    };
    let reading = both_over(prepare, |builder, folder| builder.filesystem_read(folder, "/data"), &["changes", "/data"]);
    assert!(!reading.stdout.text().contains("()"), "{}", reading.stdout.text());
    assert!(reading.denials.iter().all(|denial| denial.capability == "filesystem.write"), "{:?}", reading.denials);
    let refused: Vec<&str> = reading.denials.iter().map(|denial| denial.operation.as_str()).collect();
    for act in ["open", "create directory", "link", "rename", "symlink", "unlink", "remove directory"] {
        assert!(refused.contains(&act), "{act}: {refused:?}");
    }
    assert_eq!(reading.files, Default::default());
    // The twin: the same acts, granted.
    let writing =
        both_over(prepare, |builder, folder| builder.filesystem_write(folder, "/data"), &["changes", "/data"]);
    assert_eq!(writing.stdout.text().matches(": ()").count(), 11, "{}", writing.stdout.text());
    assert_eq!(writing.denials, []);
}

#[test]
fn e1_e2_e3_e7_paths_lead_nowhere_else() {
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "secret").unwrap();
    let prepare = |folder: &Path| {
        fs::create_dir(folder.join("sub")).unwrap();
        fs::write(folder.join("sub/f"), "inside").unwrap();
        symlink(outside.path(), folder.join("out")).unwrap();
        symlink(outside.path().join("secret"), folder.join("secret")).unwrap();
        symlink("../..", folder.join("sub/up")).unwrap();
        symlink("loop", folder.join("loop")).unwrap();
    };
    let paths = [
        "/data/../etc/passwd",
        "/data/../../../../etc/passwd",
        "/data/sub/../../etc",
        "/data/out/secret",
        "/data/out/",
        "/data/secret",
        "/data/sub/up",
        "/data/sub/up/etc/passwd",
        "/data/loop",
        "/data/loop/",
        "/etc/passwd",
        "/proc/self/environ",
        "/dev/mem",
        "data/../../etc",
        "..",
        "/data/./sub//../../..//etc/passwd",
        "/data/..",
        "/data/sub/up/..",
        "C:\\x",
        "/data/%2e%2e/x",
    ];
    let arguments: Vec<&str> = ["look"].into_iter().chain(paths).collect();
    let granted = |builder: WasmSandboxBuilder, folder: &Path| builder.filesystem_write(folder, "/data");
    let result = both_over(prepare, granted, &arguments);
    assert!(!result.stdout.text().contains("115, 101, 99, 114, 101, 116"), "{}", result.stdout.text());
    for target in ["/etc/passwd", "/data/out/secret", "/data/secret", "/data/sub/up"] {
        assert!(result.denials.iter().any(|denial| denial.target == target), "{target}: {:?}", result.denials);
    }
    assert_eq!(fs::read_to_string(outside.path().join("secret")).unwrap(), "secret");
    // The twin: a path that stays inside.
    let inside = both_over(prepare, granted, &["read", "/data/sub/../sub/./f"]);
    assert_eq!((inside.stdout.text().as_ref(), inside.denials.len()), ("Ok((6, 636))\n", 0));
}

#[test]
fn e9_open_files_end_at_their_limit() {
    let few = |builder: WasmSandboxBuilder, folder: &Path| {
        limited(builder, |limits| limits.open_files = 20).filesystem_read(folder, "/data")
    };
    let prepare = |folder: &Path| fs::write(folder.join("f"), "hello").unwrap();
    let result = both_over(prepare, few, &["open", "/data/f"]);
    assert_eq!(result.ending, Ending::Exit { code: 0 });
    let hit = result.limit_hit(ResourceKind::OpenFiles).unwrap();
    assert_eq!((hit.used, hit.limit, result.stdout.text().ends_with("true\n")), (21, 20, true));
    // A stream keeps its file open, and counted, when the descriptor is gone.
    let folder = tempfile::tempdir().unwrap();
    prepare(folder.path());
    let gone = component(|builder| few(builder, folder.path()), &["streams", "f", "true"]);
    assert!(gone.limit_hit(ResourceKind::OpenFiles).is_some_and(|hit| hit.limit == 20), "{:?}", gone.limits_hit);
    assert_eq!(gone.stdout.text(), "15 22\n");
    // The twin: each closed before the next one.
    assert_eq!(printed(|builder| few(builder, folder.path()), &["outlives", "f"]), "0 5 0\n0 5\n1 1\n0\n");
    let asked = component(|builder| few(builder, folder.path()), &["directories"]);
    assert_eq!(limit(&asked), (ResourceKind::OpenFiles, 20));
}

#[test]
fn e10_e12_e14_quotas_hold() {
    let small = |builder: WasmSandboxBuilder, folder: &Path| {
        let small = |limits: &mut ResourceLimits| {
            (limits.disk, limits.files, limits.file_size) = (100.kb(), 30, 1.mb());
        };
        limited(builder, small).filesystem_write(folder, "/data")
    };
    let full = both_over(|_| (), small, &["fill", "/data/f", "7000"]);
    assert_eq!(full.stdout.text(), "true 102400\n");
    assert!(full.limit_hit(ResourceKind::Disk).is_some_and(|hit| hit.limit == 102_400), "{:?}", full.limits_hit);
    let many = both_over(|_| (), small, &["create", "/data"]);
    assert_eq!(many.stdout.text(), "Some((30, StorageFull))\n");
    assert!(many.limit_hit(ResourceKind::Files).is_some());
    let long = both_over(|_| (), small, &["sparse", "/data/f"]);
    assert!(long.stdout.text().starts_with("long: FileTooLarge"), "{}", long.stdout.text());
    // What stands in the way is named, though the guest's libc makes an input or output error of it.
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(printed(|builder| small(builder, folder.path()), &["full", "g"]), "insufficient space\n");
    // The twin: within them.
    let thousand = |folder: &Path| (0..1000).for_each(|number| fs::write(folder.join(number.to_string()), "").unwrap());
    let listed = both_over(thousand, small, &["list", "/data"]);
    assert_eq!(listed.stdout.text(), "list /data: (1000, [])\n");
}

#[test]
fn d1_d2_d3_floods_of_output_end_at_the_limit() {
    for what in ["flood", "floods"] {
        let flood = both(|builder| limited(builder, |limits| limits.output = 1.mb()), &[what]);
        assert_eq!(limit(&flood), (ResourceKind::Output, 1 << 20));
        assert_eq!(flood.stdout.bytes().len() + flood.stderr.bytes().len(), 1 << 20);
    }
    let nothing = component(|builder| limited(builder, |limits| limits.host_calls = 100_000), &["nothing"]);
    assert_eq!((limit(&nothing), nothing.stdout.bytes().len()), ((ResourceKind::HostCalls, 100_000), 0));
    // The twin: what fits.
    let fits = both(|builder| limited(builder, |limits| limits.output = 13.bytes()).stdin(*b"enough"), &["copy"]);
    assert_eq!(fits.stdout.text(), "enoughOk(6)\n");
}

#[test]
fn a5_a_sleep_ends_with_the_time() {
    for program in [&*PREVIEW1, &*COMPONENT] {
        for what in [&["sleep", "3600000"][..], &["nap"]] {
            let sandbox = builder(program).timeout(300.millis()).build_blocking().unwrap();
            let start = Instant::now();
            let result = sandbox.execute(what.iter().copied()).unwrap();
            assert_eq!(limit(&result), (ResourceKind::WallTime, 300));
            assert!(start.elapsed() < Duration::from_secs(2), "{what:?} took {:?}", start.elapsed());
        }
    }
    // The twin: a sleep that has its time.
    assert_eq!(both(nothing, &["sleep", "20"]).stdout.text(), "true\n");
}

#[tokio::test]
async fn a5_waits_give_way_and_end_with_the_time() {
    let sandbox = builder(&COMPONENT).timeout(Duration::from_millis(300)).build().await.unwrap();
    let beside = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Instant::now()
    };
    let start = Instant::now();
    let (result, seen) = tokio::join!(sandbox.execute(["sleep", "3600000"]), beside);
    assert_eq!(limit(&result.unwrap()), (ResourceKind::WallTime, 300));
    assert!(seen.duration_since(start) < Duration::from_millis(250), "nothing else ran meanwhile");
    // The twin, with files.
    let sandbox = builder(&COMPONENT).policy(|policy| policy.filesystem_memory("/data")).build().await.unwrap();
    let result = sandbox.execute(["files", "/data"]).await.unwrap();
    let blocking = component(|builder| builder.policy(|policy| policy.filesystem_memory("/data")), &["files", "/data"]);
    assert_eq!(json(&account(&result)), json(&account(&blocking)));
}

#[tokio::test]
async fn d15_a_caller_who_goes_away_leaves_nothing_running() {
    let sandbox = builder(&COMPONENT).build().await.unwrap();
    let sleeping = sandbox.execute(["sleep", "3600000"]);
    let start = Instant::now();
    assert!(tokio::time::timeout(Duration::from_millis(50), sleeping).await.is_err());
    assert!(start.elapsed() < Duration::from_secs(2));
    // The twin: the next one runs.
    assert_eq!(sandbox.execute(["sleep", "1"]).await.unwrap().stdout.text(), "true\n");
}

#[test]
fn g3_clocks_and_random_numbers_are_the_policys() {
    let frozen = |builder: WasmSandboxBuilder| {
        builder.policy(|policy| policy.clock(ClockPolicy::Frozen { unix_ns: 1_500_000_000_123_456_789 }))
    };
    assert_eq!(both(frozen, &["clocks"]).stdout.text(), "1500000000.123456789s 0ns Ok(0ns)\n");
    assert_eq!(both(frozen, &["sleep", "0"]).stdout.text(), "true\n");
    let seeded =
        |seed| move |builder: WasmSandboxBuilder| builder.policy(|policy| policy.random(RandomPolicy::Seeded(seed)));
    assert_eq!(printed(seeded(1), &["random"]), printed(seeded(1), &["random"]));
    assert_ne!(printed(seeded(1), &["random"]), printed(seeded(2), &["random"]));
    // The twin: nobody said what they are.
    assert_ne!(printed(nothing, &["random"]), printed(nothing, &["random"]));
    assert_ne!(printed(nothing, &["clocks"]), printed(nothing, &["clocks"]));
}

#[test]
fn d5_no_call_makes_more_than_the_guest_may_have() {
    let result = component(nothing, &["random-bytes", &u64::MAX.to_string()]);
    assert_eq!(limit(&result).0, ResourceKind::HostCallBytes);
    let result = component(|builder| builder.memory_limit(64.mb()), &["random-bytes", &(1u64 << 30).to_string()]);
    assert_eq!(limit(&result), (ResourceKind::Memory, 64 << 20));
    // The twin: what there is room for.
    let room = |builder: WasmSandboxBuilder| builder.memory_limit(64.mb());
    assert_eq!(printed(room, &["random-bytes", "3000000"]), "3000000 3000000 false\n");
    let long = vec![b'x'; 1 << 20];
    assert_eq!(printed(|builder| builder.stdin(long.as_slice()), &["endless"]), "0 131072\n0 0\n0 10\n");
    // Once its end was seen, nothing is read of it either.
    assert_eq!(printed(nothing, &["endless"]), "1 0\n1 0\n1 1\n");
}

#[test]
fn g5_the_insecure_seed_is_one_instance_s_own() {
    let [one, other] = [(); 2].map(|()| printed(nothing, &["seed"]));
    assert!(one.starts_with("true [") && other.starts_with("true ["), "{one}{other}");
    assert_ne!(one, other);
    // The twin: a caller who says what is random says that too.
    let seeded =
        |seed| move |builder: WasmSandboxBuilder| builder.policy(|policy| policy.random(RandomPolicy::Seeded(seed)));
    assert_eq!(printed(seeded(1), &["seed"]), printed(seeded(1), &["seed"]));
    assert_ne!(printed(seeded(1), &["seed"]), printed(seeded(2), &["seed"]));
}

#[test]
fn d6_writes_have_the_room_that_was_said() {
    let said = printed(nothing, &["room"]);
    assert_eq!(said, "131072\n");
    for what in ["write", "zeroes"] {
        let much = component(nothing, &[what, "131073"]);
        assert_eq!(trap(&much), "a write of 131073 bytes, where 131072 are the most");
        assert_eq!(much.stdout.bytes().len(), 0);
        // The twin: as much as there is room for.
        assert_eq!(printed(nothing, &[what, "131072"]), format!("{}0\n", "\0".repeat(131_072)));
    }
    assert_eq!(printed(|builder| builder.stdin(*b"spliced"), &["splice"]), "spliced 7\n");
}

#[test]
fn d14_handles_end_at_their_limit() {
    let flood = component(nothing, &["pollables"]);
    assert_eq!(limit(&flood), (ResourceKind::Handles, 10_000));
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("f"), "hello").unwrap();
    let streams = component(|builder| builder.filesystem_read(folder.path(), "/data"), &["streams", "f", "false"]);
    assert_eq!(limit(&streams), (ResourceKind::Handles, 10_000));
    // The twin: any number of them, one after the other.
    printed(nothing, &["pollables dropped"]);
}

#[test]
fn d14_handles_are_the_guests_own_and_of_their_type() {
    for forged in [&["forged", "0"][..], &["forged", "1000000"], &["dropped"], &["dropped twice"], &["not its type"]] {
        let result = component(nothing, forged);
        let message = trap(&result);
        assert!(message.contains("handle"), "{forged:?}: {message}");
    }
    // The twin: a handle that is there.
    assert_eq!(printed(nothing, &["still there"]), "1\n");
}

#[test]
fn a5_polls_are_of_something_and_not_of_too_much() {
    assert_eq!(trap(&component(nothing, &["poll", "0"])), "a poll of 0 pollables");
    assert_eq!(trap(&component(nothing, &["poll", "4097"])), "a poll of 4097 pollables");
    // The twin.
    assert_eq!(printed(nothing, &["poll", "4096"]), "4096\n");
}

#[test]
fn d9_a_path_that_is_no_text_is_no_path() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("f"), "hello").unwrap();
    let granted = |builder: WasmSandboxBuilder| builder.filesystem_read(folder.path(), "/data");
    let message = trap(&component(granted, &["no text"]));
    assert!(message.contains("utf-8"), "{message}");
    // The twin.
    assert_eq!(printed(granted, &["outlives", "f"]), "0 5 0\n0 5\n1 1\n0\n");
}

/// Runs the component over a process's own streams, in a process whose streams `with` has.
fn over_streams(test: &str, what: &str, with: impl FnOnce(&mut Child)) -> (Option<i32>, String) {
    const NAME: &str = "WASM_SANDBOX_TEST_STREAMS";
    if let Some(what) = told(NAME) {
        let sandbox = builder(&COMPONENT).inherit_stdio().timeout(300.millis()).build_blocking().unwrap();
        let code = match sandbox.execute([what]).unwrap().ending {
            Ending::Limit(hit) if hit.kind == ResourceKind::WallTime => TIMED_OUT,
            Ending::Exit { code } => code,
            _ => 1,
        };
        // At once: nothing more is printed to streams that nobody reads.
        std::process::exit(code);
    }
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env(NAME, what);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    with(&mut child);
    let (code, mut said) = (child.wait().unwrap().code(), String::new());
    for stream in [child.stdout.take().map(boxed), child.stderr.take().map(boxed)].into_iter().flatten() {
        { stream }.read_to_string(&mut said).unwrap();
    }
    (code, said)
}

fn boxed<R: Read + 'static>(stream: R) -> Box<dyn Read> {
    Box::new(stream)
}

const TIMED_OUT: i32 = 124;

/// How a program ends that prints when nobody reads that any more.
const READER_GONE: i32 = 141;

#[test]
fn d4_d16_streams_that_nobody_closes_or_reads_hold_nothing_up() {
    let test = "wasi2::d4_d16_streams_that_nobody_closes_or_reads_hold_nothing_up";
    let over = |what, with: fn(&mut Child)| over_streams(test, what, with);
    let mut kept = None;
    let never_closed = over_streams(test, "copy", |child| kept = child.stdin.take());
    assert_eq!(never_closed.0, Some(TIMED_OUT), "{}", never_closed.1);
    assert_eq!(over("flood", |_| ()).0, Some(TIMED_OUT));
    let goes = |child: &mut Child| child.stdout.take().unwrap().read_exact(&mut [0; 10_000]).unwrap();
    let (code, said) = over("flood", goes);
    assert!(code == Some(READER_GONE) && !said.contains("Broken pipe"), "{code:?} {said}");
    // The twin: streams that are read and come to their end.
    let (code, said) = over("copy", |child| child.stdin.take().unwrap().write_all(b"hello").unwrap());
    assert!(code == Some(0) && said.contains("helloOk(5)\n"), "{code:?} {said}");
}

#[test]
fn f1_f16_nothing_of_the_network_is_there() {
    let result = component(nothing, &["network"]);
    let refused = "Err(PermissionDenied)\n".repeat(3);
    assert_eq!(result.stdout.text(), format!("{refused}true\n"), "{}", result.stderr.text());
    let denied: Vec<_> =
        result.denials.iter().map(|denial| (denial.operation.as_str(), denial.target.as_str())).collect();
    let reached = [("connect", "127.0.0.1:80"), ("bind", "udp://0.0.0.0:0"), ("resolve", "localhost")];
    assert_eq!(denied, [&[("bind", "127.0.0.1:0")], &reached[..]].concat());
    assert!(result.denials.iter().all(|denial| denial.capability == "network"));
}

#[test]
fn a4_calls_are_counted() {
    let result = component(|builder| limited(builder, |limits| limits.host_calls = 10_000), &["pollables dropped"]);
    assert_eq!(limit(&result), (ResourceKind::HostCalls, 10_000));
    // The twin.
    printed(|builder| limited(builder, |limits| limits.host_calls = 1_000_000), &["pollables dropped"]);
}

#[test]
fn flags_of_files_are_what_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let said = printed(|builder| builder.filesystem_write(folder.path(), "/data"), &["flags", "file"]);
    // What is asked for with neither is read.
    let expected: String =
        (0..32).map(|flags| format!("{flags} {}\n", if flags & 3 == 0 { flags | 1 } else { flags })).collect();
    assert_eq!(said, expected);
    // A directory can be read, and changed if that was granted.
    let directory = |build: fn(WasmSandboxBuilder, &Path) -> WasmSandboxBuilder| {
        printed(|builder| build(builder, folder.path()), &["directory flags"])
    };
    assert_eq!(directory(|builder, folder| builder.filesystem_read(folder, "/data")), "1\n");
    assert_eq!(directory(|builder, folder| builder.filesystem_write(folder, "/data")), "33\n");
    assert_eq!(
        directory(|builder, folder| builder.policy(|policy| policy.filesystem_overlay(folder, "/data"))),
        "33\n"
    );
}
