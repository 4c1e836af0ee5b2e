//! What people see when something did not work: what happened, and a hint.

use std::{
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
};

use anstyle::{AnsiColor, Style};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use wasm_sandbox::{
    ConfigValidator, Denial, Ending, ErrorCode, InstanceConfig, LimitHit, Plain, SandboxError, SandboxResult,
};

use crate::signals;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();
const NOTE: Style = AnsiColor::Yellow.on_default().bold();

/// How long messages wait for a full pipe. The guest may have filled it, and then nobody may be reading.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 250_000_000 };

/// Prints a line to stderr, unless that would hold up the process.
macro_rules! say {
    ($($line:tt)*) => {
        if stderr_takes_more() {
            anstream::eprintln!($($line)*);
        }
    };
}

/// Whether stderr takes a line. A stream that cannot be asked is tried; one that was full for so long is not waited for again.
fn stderr_takes_more() -> bool {
    static STUCK: AtomicBool = AtomicBool::new(false);
    let mut stderr = [PollFd::from_borrowed_fd(rustix::stdio::stderr(), PollFlags::OUT)];
    if !STUCK.load(Ordering::Relaxed) && matches!(poll(&mut stderr, Some(&PATIENCE)), Ok(0)) {
        STUCK.store(true, Ordering::Relaxed);
    }
    !STUCK.load(Ordering::Relaxed)
}

/// Prints an error and gives its exit code. Whoever stopped the guest by a signal knows, and is told nothing.
pub(crate) fn failure(error: &SandboxError) -> ExitCode {
    if let (SandboxError::Cancelled, Some(code)) = (error, signals::ending()) {
        return code;
    }
    let code = self::error(&story(error), error.code());
    match error {
        // The flags that grant it are named with all denials.
        SandboxError::SecurityViolation { .. } => {}
        error => error.suggestion().iter().for_each(|hint| hint_line(hint)),
    }
    code
}

/// Prints what went wrong and gives its exit code.
pub(crate) fn error(text: &str, code: ErrorCode) -> ExitCode {
    say!("{ERROR}error:{ERROR:#} {}", Plain::indented(text));
    exit(code)
}

/// What happened, with the frames of an exception instead of its message: they end with it.
fn story(error: &SandboxError) -> String {
    match error {
        SandboxError::Exception { function, name, stack, .. } if !stack.is_empty() => {
            format!("`{function}` raised {name}\n{stack}")
        }
        error => error.to_string(),
    }
}

/// Prints what is wrong with the words of the command line.
pub(crate) fn usage_error(error: &clap::Error) -> ExitCode {
    say!("{}", error.render().ansi().to_string().trim_end());
    exit(ErrorCode::Configuration)
}

/// Prints how a program ended, unless it ended by itself, and gives the exit code.
pub(crate) fn ending(ending: &Ending) -> ExitCode {
    match ending {
        Ending::Return => ExitCode::SUCCESS,
        Ending::Exit { code } => ExitCode::from(u8::try_from(*code & 0xff).unwrap_or(1)),
        Ending::Trap(trap) => {
            say!("{ERROR}error:{ERROR:#} the guest trapped: {}", Plain::indented(&trap.message));
            for frame in &trap.backtrace {
                say!("  in {}", Plain::indented(frame));
            }
            exit(ErrorCode::Trap)
        }
        // The guest has told it on standard error.
        Ending::Exception { .. } => exit(ErrorCode::Function),
        Ending::Limit(hit) => failure(&(*hit).into()),
        _ => failure(&SandboxError::Cancelled),
    }
}

/// Says what the policy grants beyond what most guests need.
pub(crate) fn advice(config: &InstanceConfig) {
    for advice in ConfigValidator::new(config).suggest_improvements() {
        let text = format!("{}: {}; {}", advice.field, advice.message, advice.suggestion);
        say!("{NOTE}advice:{NOTE:#} {}", Plain::indented(&text));
    }
}

/// Shows what a called function printed.
pub(crate) fn printed(bytes: &[u8]) {
    if !bytes.is_empty() {
        say!("{NOTE}printed:{NOTE:#}\n  {}", Plain::indented(&String::from_utf8_lossy(bytes)));
    }
}

/// Says what takes long.
pub(crate) fn progress(what: &str) {
    say!("{}", Plain::indented(what));
}

pub(crate) fn note(text: &str) {
    say!("{NOTE}note:{NOTE:#} {}", Plain::indented(text));
}

/// Says what was refused, and which flags would grant it; `said` was said before.
pub(crate) fn denials(result: &SandboxResult, said: Option<&Denial>) {
    for denial in result.denials.iter().filter(|denial| said.is_none_or(|said| said != *denial)) {
        say!("{NOTE}denied:{NOTE:#} {}", Plain::indented(&denial.to_string()));
    }
    if result.denials_dropped > 0 {
        say!("{NOTE}denied:{NOTE:#} and {} more", result.denials_dropped);
    }
    let lacked = |capability| result.denials.iter().any(|denial| denial.capability == capability);
    let flags = [("filesystem.read", "--allow-read"), ("filesystem.write", "--allow-write")];
    let flags = flags.into_iter().filter(|(capability, _)| lacked(*capability));
    let flags: Vec<String> = flags.map(|(_, flag)| format!("`{flag} PATH[:GUEST]`")).collect();
    if !flags.is_empty() {
        hint_line(&format!("grant a directory with {} if the guest should have it", flags.join(" and ")));
    }
    if lacked("network") {
        hint_line("grant the host with `--allow-net HOST[:PORT]` if the guest should reach it");
    }
}

/// Says which limits were hit besides the one that ended the guest: it may have dealt with them, or looked as if.
pub(crate) fn limits(result: &SandboxResult) {
    let ended = |hit: &LimitHit| matches!(&result.ending, Ending::Limit(ending) if ending.kind == hit.kind);
    for hit in result.limits_hit.iter().filter(|hit| !ended(hit)) {
        note(&format!("{hit}, and the guest was told"));
        SandboxError::from(*hit).suggestion().iter().for_each(|hint| hint_line(hint));
    }
}

pub(crate) fn usage(result: &SandboxResult) {
    let usage = &result.usage;
    let fuel = usage.cpu.fuel.map(|fuel| format!(", {fuel} of fuel")).unwrap_or_default();
    say!(
        "{NOTE}usage:{NOTE:#} {:.1} ms wall, {:.1} ms cpu{fuel}, {} KB memory at most, {} host calls, {} bytes read, {} written",
        usage.cpu.wall_us as f64 / 1e3,
        usage.cpu.time_us as f64 / 1e3,
        usage.memory.peak_bytes >> 10,
        usage.io.host_calls,
        usage.io.bytes_read,
        usage.io.bytes_written,
    );
}

pub(crate) fn exit(code: ErrorCode) -> ExitCode {
    ExitCode::from(code.row().exit)
}

fn hint_line(hint: &str) {
    say!("{HINT}hint:{HINT:#} {}", Plain::indented(hint));
}
