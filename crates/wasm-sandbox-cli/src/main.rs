//! The command line of wasm-sandbox. What it does is in the library; here are flags, the terminal and exit codes.

mod commands;
mod flags;
mod options;
mod report;

use std::process::ExitCode;

use clap::Parser;
use rustix::process::{Resource, Rlimit};

fn main() -> ExitCode {
    leave_no_core_file();
    let line = options::CommandLine::parse();
    line.color.write_global();
    let verbosity = line.verbosity();
    match commands::dispatch(line.command, verbosity) {
        Ok(code) => code,
        Err(error) => report::failure(&error),
    }
}

/// Should this process crash, what guests had in memory goes nowhere. One byte holds no dump, and unlike none at all it also
/// keeps the kernel from handing one to a program that collects them.
fn leave_no_core_file() {
    let limit = Rlimit { current: Some(1), maximum: Some(1) };
    // Fails only where the limit is lower already.
    let _ = rustix::process::setrlimit(Resource::Core, limit);
}
