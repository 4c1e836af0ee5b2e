//! `setup` and `doctor`: what this machine has for the sandbox. And the set-up that the other commands use.

use std::{process::ExitCode, time::Duration};

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressStyle};
use wasm_sandbox::{ErrorCode, SandboxError, Setup};

use crate::{
    options::{SetupLanguage, SetupOptions, Verbosity},
    report,
};

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();

/// This machine's set-up; what takes long is shown on stderr, on a terminal as a spinner that goes away again.
pub(crate) fn here(verbosity: Verbosity) -> Setup {
    let setup = Setup::discover().max_sandboxes(1);
    if verbosity == Verbosity::Quiet {
        return setup;
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner:.cyan} {msg} {elapsed:.dim}") {
        bar.set_style(style);
    }
    setup.on_progress(move |what| {
        if what.is_empty() {
            bar.disable_steady_tick();
            bar.finish_and_clear();
        } else if bar.is_hidden() {
            anstream::eprintln!("{what}");
        } else {
            bar.reset();
            bar.set_message(what.to_owned());
            bar.enable_steady_tick(Duration::from_millis(100));
        }
    })
}

pub(crate) fn setup(options: &SetupOptions, verbosity: Verbosity) -> Result<ExitCode, SandboxError> {
    let setup = here(verbosity);
    let all = [SetupLanguage::Rust];
    let languages = if options.languages.is_empty() { &all[..] } else { &options.languages };
    for language in languages {
        match language {
            SetupLanguage::Rust => setup.install_rust()?,
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn doctor() -> Result<ExitCode, SandboxError> {
    let mut code = ExitCode::SUCCESS;
    for item in Setup::discover().diagnose() {
        match (&item.found, &item.remedy) {
            (Some(found), _) => anstream::println!("{GOOD}ok     {GOOD:#} {:<20} {found}", item.what),
            (None, remedy) => {
                code = report::exit(ErrorCode::Toolchain);
                anstream::println!("{BAD}missing{BAD:#} {:<20} {}", item.what, remedy.as_deref().unwrap_or_default());
            }
        }
    }
    Ok(code)
}
