//! The command line of wasm-sandbox. What it does is in the library; here are flags, the terminal and exit codes.

mod commands;
mod flags;
mod options;
mod report;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let line = options::CommandLine::parse();
    line.color.write_global();
    let verbosity = line.verbosity();
    match commands::dispatch(line.command, verbosity) {
        Ok(code) => code,
        Err(error) => report::failure(&error),
    }
}
