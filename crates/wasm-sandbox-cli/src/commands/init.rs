//! `init`: a small project that works at once.

mod templates;

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
    process::ExitCode,
};

use wasm_sandbox::{ConfigProblem, Manifest, SandboxError};

use self::templates::Template;
use crate::{
    options::{InitOptions, Verbosity},
    output::Failure,
    report,
};

/// The longest name of a project.
const MAX_NAME: usize = 64;

pub(crate) fn init(options: &InitOptions, verbosity: Verbosity) -> Result<ExitCode, Failure> {
    let template = templates::of(options.language, options.kind);
    let folder = options.folder.as_path();
    make(folder)?;
    let name = name_of(folder);
    for (file, text) in template.files {
        write(folder, file, &filled(text, &name, &template))?;
    }
    let mount = template.imports_from.map_or("", |_| include_str!("../../templates/mount.toml"));
    let manifest = [include_str!("../../templates/manifest.toml"), mount].concat();
    write(folder, Manifest::FILE_NAME, &filled(&manifest, &name, &template))?;
    write(folder, "README.md", &filled(template.readme, &name, &template))?;
    if verbosity >= Verbosity::Normal {
        report::note(&format!("wrote `{}`; in there, try `{}`", folder.display(), template.example));
    }
    Ok(ExitCode::SUCCESS)
}

/// The folder, with nothing in it. Whatever the user's mask lets others do by default, they may not write it: a manifest
/// would not be trusted there.
fn make(folder: &Path) -> Result<(), SandboxError> {
    let made = DirBuilder::new().recursive(true).mode(0o755).create(folder);
    let first = made.and_then(|()| fs::read_dir(folder)?.next().transpose());
    match first.map_err(|error| failed("making", folder, error))? {
        None => Ok(()),
        Some(_) => {
            let problem = ConfigProblem::new("DIR", format!("there is something in `{}`", folder.display()));
            Err(SandboxError::Configuration { problems: vec![problem.suggest("name a new folder, or an empty one")] })
        }
    }
}

fn write(folder: &Path, file: &str, text: &str) -> Result<(), SandboxError> {
    let path = folder.join(file);
    let parent = path.parent().unwrap_or(folder);
    let made = DirBuilder::new().recursive(true).mode(0o755).create(parent);
    let file = made.and_then(|()| OpenOptions::new().write(true).create_new(true).mode(0o644).open(&path));
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| failed("writing", &path, error))
}

fn filled(text: &str, name: &str, template: &Template) -> String {
    let words = [
        ("{name}", name),
        ("{source}", template.source),
        ("{kind}", template.kind.name()),
        ("{place}", template.imports_from.unwrap_or_default()),
        ("{description}", template.description),
        ("{times}", template.times),
        ("{try}", &template.example),
        ("{test}", &template.test),
        ("{application}", &template.application),
    ];
    words.iter().fold(text.to_owned(), |text, (word, meaning)| text.replace(word, meaning))
}

/// The folder's name, as far as it can be that of a command and of a package.
fn name_of(folder: &Path) -> String {
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let name = whole.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
    let name: String = name.chars().map(plain).take(MAX_NAME).collect();
    let name = name.trim_start_matches(|c: char| !c.is_ascii_alphabetic()).trim_end_matches('-');
    if name.is_empty() { "words".to_owned() } else { name.to_owned() }
}

fn failed(act: &str, path: &Path, error: io::Error) -> SandboxError {
    SandboxError::internal(format!("{act} `{}`", path.display()), error)
}
