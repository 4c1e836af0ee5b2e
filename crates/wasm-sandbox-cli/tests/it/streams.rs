//! Streams that nobody reads, closes or ever fills: the run ends on time.

use std::{
    fs,
    io::{Read, Write},
    process::{Child, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use crate::{Shell, text};

/// How long a guest may run.
const TIMEOUT: Duration = Duration::from_millis(300);

/// How late the process may end, its start and its own messages included.
const GRACE: Duration = Duration::from_secs(2);

/// Copies its input to its output, then exits with 3.
const CAT: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 2)
    (func (export "_start")
        (loop
            (i32.store (i32.const 0) (i32.const 65536)) (i32.store (i32.const 4) (i32.const 4096))
            (if (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 4)) (then unreachable))
            (if (i32.load (i32.const 4)) (then
                (if (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)) (then unreachable))
                (br 1))))
        (call $exit (i32.const 3))))"#;

/// Writes to a stream without end, and stops at the first error with the number of it as its exit code.
const FLOOD: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 2)
    (data (i32.const 0) "\00\00\01\00\00\10\00\00")
    (global $error (mut i32) (i32.const 0))
    (func (export "_start")
        (loop
            (global.set $error (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
            (br_if 0 (i32.eqz (global.get $error))))
        (call $exit (global.get $error))))"#;

/// What shells say of a process that ended since nobody reads its output any more.
const READER_GONE: i32 = 141;

fn spawn(program: &str, words: &[&str]) -> (Shell, Child, Instant) {
    let shell = Shell::new();
    fs::write(shell.folder.path().join("streams.wat"), program).unwrap();
    // Compiled now, so that the time below is the guest's.
    assert!(shell.run(&["inspect", "streams.wat"]).status.success());
    let words = [&["run", "streams.wat", "--max-output", "1GB"], words].concat();
    let mut command = shell.command(&words);
    let started = Instant::now();
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    (shell, child, started)
}

/// How a process ended that has a timeout and must keep it.
fn on_time(mut child: Child, started: Instant) -> (ExitStatus, String) {
    let status = child.wait().unwrap();
    let took = started.elapsed();
    assert!(took >= TIMEOUT && took < TIMEOUT + GRACE, "{took:?}");
    let mut said = Vec::new();
    child.stderr.take().unwrap().read_to_end(&mut said).unwrap();
    (status, text(&said).to_owned())
}

fn timed_out((status, said): (ExitStatus, String)) {
    assert_eq!(status.code(), Some(124), "{said}");
    assert!(said.contains("wall time limit hit"), "{said}");
}

#[test]
fn d4_a_reader_that_never_reads_holds_nothing_up() {
    let (_shell, mut child, started) = spawn(FLOOD, &["--timeout", "300ms"]);
    let unread = child.stdout.take();
    let _input = child.stdin.take();
    timed_out(on_time(child, started));
    drop(unread);
}

#[test]
fn d4_a_full_stderr_holds_not_even_the_message_up() {
    let to_stderr = FLOOD.replace("(call $write (i32.const 1)", "(call $write (i32.const 2)");
    let (_shell, mut child, started) = spawn(&to_stderr, &["--timeout", "300ms"]);
    let _input = child.stdin.take();
    let (status, said) = on_time(child, started);
    assert_eq!(status.code(), Some(124));
    assert!(!said.contains("wall time"), "there was room for it");
}

#[test]
fn d4_a_slow_reader_holds_nothing_up() {
    let (_shell, mut child, started) = spawn(FLOOD, &["--timeout", "300ms"]);
    let mut output = child.stdout.take().unwrap();
    let reader = std::thread::spawn(move || {
        let mut piece = [0; 64];
        let mut read = 0;
        while output.read_exact(&mut piece).is_ok() {
            read += piece.len();
            // Slow, not waiting for anything.
            std::thread::sleep(Duration::from_millis(1));
        }
        read
    });
    let _input = child.stdin.take();
    let ended = on_time(child, started);
    timed_out(ended);
    assert!(reader.join().unwrap() > 0);
}

#[test]
fn d4_a_reader_that_has_gone_ends_the_guest_without_a_word() {
    let (_shell, mut child, _) = spawn(FLOOD, &[]);
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(READER_GONE), ""));
}

/// Also one that looks for it: as with `| head`, all is well.
#[test]
fn d4_a_script_whose_reader_has_gone_ends_without_a_word() {
    let shell = Shell::new();
    for (name, program, error) in [
        ("flood.py", "while True: print('x' * 1000)", "raise OSError('other')"),
        ("flood.js", "for (;;) console.log('x'.repeat(1000))", "throw new Error('EPIPE is but a word')"),
    ] {
        fs::write(shell.folder.path().join(name), program).unwrap();
        let mut command = shell.command(&["-q", "run", name, "--max-output", "1GB"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), text(&output.stderr)), (Some(READER_GONE), ""), "{name}");
        fs::write(shell.folder.path().join(name), error).unwrap();
        let twin = shell.run(&["-q", "run", name]);
        assert!(twin.status.code() == Some(1) && text(&twin.stderr).contains("Error: "), "{name}: {twin:?}");
    }
}

#[test]
fn d16_input_that_never_ends_ends_at_the_deadline() {
    let (_shell, mut child, started) = spawn(CAT, &["--timeout", "300ms"]);
    let mut open = child.stdin.take().unwrap();
    open.write_all(b"something").unwrap();
    let mut output = child.stdout.take().unwrap();
    timed_out(on_time(child, started));
    let mut printed = String::new();
    output.read_to_string(&mut printed).unwrap();
    assert_eq!(printed, "something");
    drop(open);

    let (_shell, mut twin, _) = spawn(CAT, &[]);
    twin.stdin.take().unwrap().write_all(b"everything").unwrap();
    let output = twin.wait_with_output().unwrap();
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(3), "everything"));
}

#[test]
fn d16_a_hundred_megabytes_flow_through() {
    let (_shell, mut child, _) = spawn(CAT, &[]);
    let mut input = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        for _ in 0..100 {
            input.write_all(&[b'x'; 1 << 20]).unwrap();
        }
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(3), 100 << 20));
}
