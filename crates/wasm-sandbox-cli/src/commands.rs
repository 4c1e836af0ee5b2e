//! One function for each command.

mod images;
mod init;
mod inspect;
mod install;
mod machine;
mod serve;

use std::process::ExitCode;

use clap::CommandFactory;
use wasm_sandbox::{
    CallReport, Denial, ErrorCode, ErrorReport, GuestKind, InstanceConfig, Language, SandboxError, SandboxResult,
    Source, WasmSandboxBuilder, blocking::WasmSandbox,
};

use crate::{
    options::{
        BuildOptions, CallOptions, Command, CommandLine, EvalLanguage, EvalOptions, ImageFlag, RunOptions, Verbosity,
    },
    output::{Failure, print, print_json},
    project::{Project, policy},
    report, signals, terminal,
};

pub(crate) fn dispatch(command: Command, verbosity: Verbosity) -> Result<ExitCode, Failure> {
    match command {
        Command::Run(options) => run(&options, verbosity),
        Command::Call(options) => call(&options, verbosity),
        Command::Eval(options) => eval(&options, verbosity),
        Command::Serve(options) => serve::serve(&options, verbosity),
        Command::Inspect(options) => inspect::inspect(&options, verbosity),
        Command::Build(options) => build(&options, verbosity),
        Command::Init(options) => init::init(&options, verbosity),
        Command::Install(options) => install::install(&options, verbosity),
        Command::Uninstall { name } => install::uninstall(&name, verbosity),
        Command::Image { command } => images::image(&command, verbosity),
        Command::Setup(options) => machine::setup(&options, verbosity),
        Command::Doctor => machine::doctor(),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut CommandLine::command(), "wasm-sandbox", &mut script);
            print(&String::from_utf8_lossy(&script))?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn run(options: &RunOptions, verbosity: Verbosity) -> Result<ExitCode, Failure> {
    let project = Project::named(options.file.as_deref(), &options.policy)?;
    project.is_used_as(GuestKind::Cli)?;
    let policy = project.policy(&options.policy, verbosity)?;
    let builder = WasmSandbox::builder().setup(machine::here(verbosity)).source(project.source());
    let builder = streams(builder, policy, options.json);
    let sandbox = options.image.apply(builder).build_blocking()?;
    let guest = sandbox.cancel_handle();
    let _stopping = signals::stopping(move || guest.cancel());
    let result = sandbox.execute(options.arguments.iter().cloned())?;
    // It came to its end without a word, and may have been waiting to be asked.
    let silent = result.success && result.usage.io.bytes_written == 0;
    let is_told = !options.json && verbosity >= Verbosity::Normal && project.guest().is_none();
    let code = Outcome { json: options.json, strict: options.strict, verbosity }.account(result)?;
    if silent && is_told && sandbox.module()?.may_answer_http() {
        let file = project.source().display();
        report::note(&format!(
            "it printed nothing; if it answers HTTP requests, `wasm-sandbox serve {file}` serves it"
        ));
    }
    Ok(code)
}

fn call(options: &CallOptions, verbosity: Verbosity) -> Result<ExitCode, Failure> {
    let project = Project::named(Some(&options.file), &options.policy)?;
    project.is_used_as(GuestKind::Library)?;
    let builder = WasmSandbox::builder()
        .setup(machine::here(verbosity))
        .source(project.source())
        .config(project.policy(&options.policy, verbosity)?);
    let mut sandbox = options.image.apply(builder).build_blocking()?;
    let guest = sandbox.cancel_handle();
    let _stopping = signals::stopping(move || guest.cancel());
    let report = sandbox.call_words(&options.function, &options.arguments)?;
    Outcome { json: options.json, strict: options.strict, verbosity }.call(report)
}

fn eval(options: &EvalOptions, verbosity: Verbosity) -> Result<ExitCode, Failure> {
    let policy = policy(&options.policy, InstanceConfig::default(), verbosity)?;
    let builder = WasmSandbox::builder().setup(machine::here(verbosity));
    let builder = options.image.apply(streams(builder, policy, options.json));
    let language = match options.language {
        EvalLanguage::Go => Language::Go,
        EvalLanguage::Python => Language::Python,
        EvalLanguage::Javascript => Language::JavaScript,
        EvalLanguage::Typescript => Language::TypeScript,
    };
    let code = match options.code.as_str() {
        "-" => std::io::read_to_string(std::io::stdin())
            .map_err(|error| SandboxError::internal("reading the code from stdin", error))?,
        code => code.to_owned(),
    };
    let builder =
        if language.is_interpreted() { builder } else { builder.source(Source::code(language, code.as_str())) };
    let sandbox = builder.build_blocking()?;
    let guest = sandbox.cancel_handle();
    let _stopping = signals::stopping(move || guest.cancel());
    let result = match language.is_interpreted() {
        true => sandbox.session(language)?.run(&code)?,
        false => sandbox.execute([""; 0])?,
    };
    Outcome { json: options.json, strict: options.strict, verbosity }.account(result)
}

/// A builder under a policy, with the streams of this process unless the output is kept for a result.
fn streams(builder: WasmSandboxBuilder, policy: InstanceConfig, kept: bool) -> WasmSandboxBuilder {
    match kept {
        true => builder.config(policy),
        false => builder.config(terminal::described_in(policy)).inherit_stdio(),
    }
}

impl ImageFlag {
    fn apply(&self, builder: WasmSandboxBuilder) -> WasmSandboxBuilder {
        match &self.image {
            Some(name) => builder.image(name),
            None => builder,
        }
    }
}

/// What becomes of a result: stdout, messages, an exit code.
struct Outcome {
    json: bool,
    strict: bool,
    verbosity: Verbosity,
}

impl Outcome {
    fn account(&self, mut result: SandboxResult) -> Result<ExitCode, Failure> {
        let denied = self.be_strict(&mut result);
        if self.json {
            print_json(&result)?;
        }
        let code = report::ending(&result.ending);
        self.after(&result, None);
        Ok(denied.unwrap_or(code))
    }

    fn call(&self, report: CallReport) -> Result<ExitCode, Failure> {
        let CallReport { mut result, mut error, .. } = report;
        let denied = self.be_strict(&mut result);
        if self.json {
            print_json(&result)?;
        } else {
            // What the function printed is not its result: it goes to stderr, so that stdout is JSON and nothing else.
            report::printed(&[result.stdout.bytes(), result.stderr.bytes()].concat());
            if let Some(SandboxError::WasmRuntime { stderr, .. }) = &mut error {
                stderr.clear();
            }
            if let (None, Some(value)) = (&error, &result.value) {
                print_json(value)?;
            }
        }
        let code = error.as_ref().map_or(ExitCode::SUCCESS, report::failure);
        let said = match &error {
            Some(SandboxError::SecurityViolation { context }) => Some(context),
            _ => None,
        };
        self.after(&result, said);
        Ok(denied.unwrap_or(code))
    }

    /// With `--strict`, what was denied is what went wrong, however the guest ended.
    fn be_strict(&self, result: &mut SandboxResult) -> Option<ExitCode> {
        let context = result.denials.first().filter(|_| self.strict)?.clone();
        result.success = false;
        result.error = Some(ErrorReport::from(&SandboxError::SecurityViolation { context }));
        Some(report::exit(ErrorCode::Denied))
    }

    /// What there is to say after everything else; `said` is a denial that was said already.
    fn after(&self, result: &SandboxResult, said: Option<&Denial>) {
        if self.verbosity >= Verbosity::Normal && signals::ending().is_none() {
            report::denials(result, said);
            report::limits(result);
        }
        if self.verbosity >= Verbosity::Verbose {
            report::usage(result);
        }
    }
}

fn build(options: &BuildOptions, verbosity: Verbosity) -> Result<ExitCode, Failure> {
    let project = Project::without_policy(options.file.as_deref())?;
    let builder = WasmSandbox::builder().setup(machine::here(verbosity)).source(project.source());
    let sandbox = builder.build_blocking()?;
    let module = sandbox.module()?;
    let wasm = module.wasm().ok_or_else(|| SandboxError::NotRunnable {
        what: module.name().to_owned(),
        reason: "it is a script, which runs as it is: there is nothing to build".to_owned(),
    })?;
    let output = options.output.display();
    std::fs::write(&options.output, wasm)
        .map_err(|error| SandboxError::internal(format!("writing `{output}`"), error))?;
    if verbosity >= Verbosity::Normal {
        let kind = inspect::kind(module);
        let article = if kind == inspect::HANDLER { "an" } else { "a" };
        report::note(&format!("wrote `{output}`, {article} {kind} of {} bytes", wasm.len()));
    }
    Ok(ExitCode::SUCCESS)
}
