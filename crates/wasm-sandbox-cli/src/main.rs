//! The command line of wasm-sandbox. What it does is in the library; here are flags, the terminal and exit codes.

mod commands;
mod flags;
mod options;
mod output;
mod project;
mod report;
mod signals;
mod terminal;

use std::process::ExitCode;

use clap::{
    Parser,
    error::{ContextKind, ContextValue, ErrorKind},
};
use rustix::process::{Resource, Rlimit};
use wasm_sandbox::{ErrorCode, ErrorReport, SandboxError};

use self::{
    options::CommandLine,
    output::{Failure, NoResult, print_json},
};

fn main() -> ExitCode {
    leave_no_core_file();
    let line = match CommandLine::try_parse() {
        Ok(line) => line,
        Err(error) => return no_command(&advised(error)),
    };
    line.color.write_global();
    if let Err(error) = signals::watch() {
        return report::failure(&SandboxError::internal("watching for signals", error));
    }
    let (verbosity, json) = (line.verbosity(), line.command.json());
    commands::dispatch(line.command, verbosity).unwrap_or_else(|failure| failed(&failure, json))
}

fn failed(failure: &Failure, json: bool) -> ExitCode {
    let Failure::Error(error) = failure else { return report::exit(ErrorCode::Internal) };
    if json {
        // Where nothing can be written to stdout the message below is all there is.
        let _ = print_json(&NoResult::from(ErrorReport::from(error)));
    }
    report::failure(error)
}

/// A word that may be meant for the program, with how to pass it on. Of flags that is said already.
fn advised(mut error: clap::Error) -> clap::Error {
    let word = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(word)) if !word.starts_with('-') => word.clone(),
        _ => return error,
    };
    if error.kind() == ErrorKind::UnknownArgument && error.to_string().contains("[-- <ARGUMENTS>...]") {
        let tip = format!("to pass '{word}' to the program, use '-- {word}'");
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    error
}

/// Help, the version, or what is wrong with the words.
fn no_command(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let printed = output::print(&error.render().ansi().to_string());
        return printed.map_or_else(|failure| failed(&failure, false), |()| ExitCode::SUCCESS);
    }
    if json_is_wanted() {
        // As below.
        let _ = print_json(&NoResult::from(wrong_usage(error)));
    }
    report::usage_error(error)
}

fn wrong_usage(error: &clap::Error) -> ErrorReport {
    let text = error.to_string();
    let message = text.split("\n\n").next().unwrap_or_default();
    ErrorReport {
        code: ErrorCode::Configuration.to_string(),
        message: message.trim_start_matches("error: ").to_owned(),
        suggestion: Some("try `--help`".to_owned()),
        stack: None,
    }
}

/// Whether words that could not be read ask for JSON.
#[expect(clippy::disallowed_methods, reason = "the command line is where the words are read")]
fn json_is_wanted() -> bool {
    std::env::args_os().take_while(|word| word != "--").any(|word| word == "--json")
}

/// Should this process crash, what guests had in memory goes nowhere. One byte holds no dump, and unlike none at all it also
/// keeps the kernel from handing one to a program that collects them.
fn leave_no_core_file() {
    let limit = Rlimit { current: Some(1), maximum: Some(1) };
    // Fails only where the limit is lower already.
    let _ = rustix::process::setrlimit(Resource::Core, limit);
}
