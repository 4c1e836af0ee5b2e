//! One function for each command.

mod inspect;
mod machine;

use std::{io::Write, process::ExitCode};

use clap::CommandFactory;
use wasm_sandbox::{ErrorCode, InstanceConfig, Language, SandboxError, SandboxResult, blocking::WasmSandbox};

use crate::{
    flags::PolicyFlags,
    options::{BuildOptions, CallOptions, Command, CommandLine, EvalLanguage, EvalOptions, RunOptions, Verbosity},
    report,
};

pub(crate) fn dispatch(command: Command, verbosity: Verbosity) -> Result<ExitCode, SandboxError> {
    match command {
        Command::Run(options) => run(&options, verbosity),
        Command::Call(options) => call(&options, verbosity),
        Command::Eval(options) => eval(&options, verbosity),
        Command::Inspect(options) => inspect::inspect(&options, verbosity),
        Command::Build(options) => build(&options, verbosity),
        Command::Setup(options) => machine::setup(&options, verbosity),
        Command::Doctor => machine::doctor(),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut CommandLine::command(), "wasm-sandbox", &mut std::io::stdout());
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn run(options: &RunOptions, verbosity: Verbosity) -> Result<ExitCode, SandboxError> {
    let builder = WasmSandbox::builder()
        .setup(machine::here(verbosity))
        .source(options.file.as_path())
        .config(policy(&options.policy, verbosity)?);
    let builder = if options.json { builder } else { builder.inherit_stdio() };
    let result = builder.build_blocking()?.execute(options.arguments.iter().cloned())?;
    if options.json {
        print_json(&result)?;
    }
    let code = if options.json { exit_code(&result) } else { report::ending(&result) };
    after(&result, verbosity);
    if options.strict && !result.denials.is_empty() {
        return Ok(report::exit(ErrorCode::Denied));
    }
    Ok(code)
}

fn call(options: &CallOptions, verbosity: Verbosity) -> Result<ExitCode, SandboxError> {
    let builder = WasmSandbox::builder()
        .setup(machine::here(verbosity))
        .source(options.file.as_path())
        .config(policy(&options.policy, verbosity)?);
    let mut sandbox = builder.build_blocking()?;
    let report = sandbox.call_words(&options.function, &options.arguments)?;
    if options.json {
        print_json(&report.result)?;
    } else {
        // What the function printed is not its result: it goes to stderr, so that stdout is JSON and nothing else.
        let mut stderr = std::io::stderr().lock();
        let printed = [report.result.stdout.bytes(), report.result.stderr.bytes()].concat();
        stderr.write_all(&printed).map_err(|error| SandboxError::internal("writing to stderr", error))?;
    }
    match report.error {
        Some(error) => {
            after(&report.result, verbosity);
            Ok(report::failure(&error))
        }
        None => {
            if let (false, Some(value)) = (options.json, &report.result.value) {
                print_json(value)?;
            }
            after(&report.result, verbosity);
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn eval(options: &EvalOptions, verbosity: Verbosity) -> Result<ExitCode, SandboxError> {
    let builder = WasmSandbox::builder().setup(machine::here(verbosity)).config(policy(&options.policy, verbosity)?);
    let builder = if options.json { builder } else { builder.inherit_stdio() };
    let language = match options.language {
        EvalLanguage::Python => Language::Python,
        EvalLanguage::Javascript => Language::JavaScript,
    };
    let code = match options.code.as_str() {
        "-" => std::io::read_to_string(std::io::stdin())
            .map_err(|error| SandboxError::internal("reading the code from stdin", error))?,
        code => code.to_owned(),
    };
    let result = builder.build_blocking()?.session(language)?.run(&code)?;
    if options.json {
        print_json(&result)?;
    }
    let code = if options.json { exit_code(&result) } else { report::ending(&result) };
    after(&result, verbosity);
    Ok(code)
}

fn build(options: &BuildOptions, verbosity: Verbosity) -> Result<ExitCode, SandboxError> {
    let builder = WasmSandbox::builder().setup(machine::here(verbosity)).source(options.file.as_path());
    let sandbox = builder.build_blocking()?;
    let module = sandbox.module()?;
    let wasm = module.wasm().ok_or_else(|| SandboxError::NotRunnable {
        what: module.name().to_owned(),
        reason: "it is a script, which runs as it is: there is nothing to build".to_owned(),
    })?;
    std::fs::write(&options.output, wasm)
        .map_err(|error| SandboxError::internal(format!("writing `{}`", options.output.display()), error))?;
    Ok(ExitCode::SUCCESS)
}

fn after(result: &SandboxResult, verbosity: Verbosity) {
    if verbosity >= Verbosity::Normal {
        report::denials(result);
    }
    if verbosity >= Verbosity::Verbose {
        report::usage(result);
    }
}

fn policy(flags: &PolicyFlags, verbosity: Verbosity) -> Result<InstanceConfig, SandboxError> {
    let config = flags.config()?;
    if verbosity >= Verbosity::Verbose {
        report::advice(&config);
    }
    Ok(config)
}

fn exit_code(result: &SandboxResult) -> ExitCode {
    use wasm_sandbox::Ending;
    match &result.ending {
        Ending::Return => ExitCode::SUCCESS,
        Ending::Exit { code } => ExitCode::from(u8::try_from(*code & 0xff).unwrap_or(1)),
        Ending::Trap(_) => report::exit(ErrorCode::Trap),
        Ending::Exception { .. } => report::exit(ErrorCode::Function),
        Ending::Limit(hit) => report::exit(ErrorCode::of_limit(hit.kind)),
        _ => report::exit(ErrorCode::Cancelled),
    }
}

/// Prints a value as one line of JSON. A reader that has gone away is no error.
fn print_json(value: &impl serde::Serialize) -> Result<(), SandboxError> {
    let line = serde_json::to_string(value).map_err(|error| SandboxError::internal("writing JSON", error))?;
    match writeln!(std::io::stdout().lock(), "{line}") {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(SandboxError::internal("writing to stdout", error))
        }
        _ => Ok(()),
    }
}
