//! What people see when something did not work: what happened, and a hint.

use std::{
    process::ExitCode,
    sync::atomic::{AtomicBool, Ordering},
};

use anstyle::{AnsiColor, Style};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use wasm_sandbox::{ConfigValidator, Denial, Ending, ErrorCode, InstanceConfig, SandboxError, SandboxResult};

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

/// Prints an error and gives its exit code.
pub(crate) fn failure(error: &SandboxError) -> ExitCode {
    say!("{ERROR}error:{ERROR:#} {}", printable(&error.to_string()));
    if let Some(hint) = error.suggestion() {
        hint_line(&hint);
    }
    ExitCode::from(error.code().row().exit)
}

/// Prints how a program ended, unless it ended by itself, and gives the exit code.
pub(crate) fn ending(result: &SandboxResult) -> ExitCode {
    match &result.ending {
        Ending::Return => ExitCode::SUCCESS,
        Ending::Exit { code } => ExitCode::from(u8::try_from(*code & 0xff).unwrap_or(1)),
        Ending::Trap(trap) => {
            say!("{ERROR}error:{ERROR:#} the guest trapped: {}", printable(&trap.message));
            for frame in &trap.backtrace {
                say!("  in {}", printable(frame));
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
        say!("{NOTE}advice:{NOTE:#} {}", printable(&text));
    }
}

/// Says what was refused, and which flag would grant it.
pub(crate) fn denials(result: &SandboxResult) {
    for denial in &result.denials {
        say!("{NOTE}denied:{NOTE:#} {}", printable(&denial.to_string()));
    }
    if result.denials_dropped > 0 {
        say!("{NOTE}denied:{NOTE:#} and {} more", result.denials_dropped);
    }
    if let Some(flag) = result.denials.iter().find_map(flag) {
        hint_line(&flag);
    }
}

fn flag(denial: &Denial) -> Option<String> {
    let flag = match denial.capability.as_str() {
        "filesystem.read" => "--allow-read",
        "filesystem.write" => "--allow-write",
        _ => return None,
    };
    Some(format!("grant a directory with `{flag} PATH[:GUEST]` if the guest should have it"))
}

pub(crate) fn usage(result: &SandboxResult) {
    let usage = &result.usage;
    say!(
        "{NOTE}usage:{NOTE:#} {:.1} ms wall, {:.1} ms cpu, {} KB memory at most, {} host calls, {} bytes read, {} written",
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
    say!("{HINT}hint:{HINT:#} {}", printable(hint));
}

/// Text of a guest's without what would steer a terminal; line ends and tabs stay.
pub(crate) fn printable(text: &str) -> String {
    let steers = |c: char| {
        c.is_control() && !matches!(c, '\n' | '\t') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
