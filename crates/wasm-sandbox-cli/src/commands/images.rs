//! `image`: interpreters in which a prelude has run already.

use std::{fs, path::Path, process::ExitCode};

use wasm_sandbox::{ConfigProblem, Language, NamedImage, Plain, SandboxError};

use super::machine;
use crate::{
    options::{ImageCommand, Verbosity},
    output::{Failure, print, print_json},
    report,
};

pub(crate) fn image(command: &ImageCommand, verbosity: Verbosity) -> Result<ExitCode, Failure> {
    let setup = machine::here(verbosity);
    match command {
        ImageCommand::Build { name, prelude } => {
            let image = setup.build_image(name, language_of(prelude)?, &read(prelude)?)?;
            if verbosity >= Verbosity::Normal {
                report::note(&format!("built the image `{name}`, {}", size(&image)));
            }
        }
        ImageCommand::Ls { json: true } => print_json(&setup.images()?.iter().map(json).collect::<Vec<_>>())?,
        ImageCommand::Ls { json: false } => print(&setup.images()?.iter().map(line).collect::<String>())?,
        ImageCommand::Inspect { name, json: true } => print_json(&json(&setup.image(name)?))?,
        ImageCommand::Inspect { name, json: false } => {
            let image = setup.image(name)?;
            let prelude: String = image.prelude.lines().map(|line| format!("  {}\n", Plain::line(line))).collect();
            print(&format!("{}prelude:\n{}", line(&image), if prelude.is_empty() { "  (none)\n" } else { &prelude }))?;
        }
        ImageCommand::Rm { name } => setup.remove_image(name)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn json(image: &NamedImage) -> serde_json::Value {
    serde_json::json!({
        "name": image.name,
        "language": image.language,
        "prelude": image.prelude,
        "ready_made": image.ready_made,
        "memory_bytes": image.memory_bytes,
    })
}

fn line(image: &NamedImage) -> String {
    let origin = if image.ready_made { "comes with this program" } else { "defined here" };
    format!("{:<20} {:<12} {:<28} {origin}\n", image.name, image.language.name(), size(image))
}

fn size(image: &NamedImage) -> String {
    match image.memory_bytes {
        Some(bytes) => format!("{} MiB of memory", bytes >> 20),
        None => "built by its first use".to_owned(),
    }
}

fn language_of(prelude: &Path) -> Result<Language, SandboxError> {
    match prelude.extension().and_then(|ending| ending.to_str()) {
        Some("py") => Ok(Language::Python),
        Some("js" | "mjs" | "cjs") => Ok(Language::JavaScript),
        Some("ts" | "mts" | "cts") => Ok(Language::TypeScript),
        _ => {
            let message = format!("`{}` is no prelude in a language that is known", prelude.display());
            let problem =
                ConfigProblem::new("prelude", message).suggest("write it in a file that ends in .py, .js or .ts");
            Err(SandboxError::Configuration { problems: vec![problem] })
        }
    }
}

fn read(prelude: &Path) -> Result<String, SandboxError> {
    fs::read_to_string(prelude).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => SandboxError::FileNotFound { path: prelude.display().to_string() },
        _ => SandboxError::internal(format!("reading `{}`", prelude.display()), error),
    })
}
