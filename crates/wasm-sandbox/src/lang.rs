//! From a source in any form to a guest: a binary module.

pub(crate) mod c;
pub(crate) mod go;
pub(crate) mod interpreter;
pub(crate) mod javascript;
pub(crate) mod python;
pub(crate) mod rust;
mod stage;
mod zig;
mod ziglang;

use std::path::Path;

use wasm_sandbox_policy::SandboxError;

use self::interpreter::Runtime;
use crate::{
    engine::cache::{Cache, CacheKey},
    setup::Setup,
    source::{Language, Source},
};

/// Bytes of a source or module that are read.
pub(crate) const MAX_BYTES: u64 = 128 << 20;

/// Characters of a compiler's messages that are passed on.
const MAX_DIAGNOSTICS: usize = 16 << 10;

/// Builds what is in a folder.
type CompileProject = fn(&Path, &str, &Setup) -> Result<Vec<u8>, SandboxError>;

/// Projects by their manifests.
const PROJECTS: [(&str, CompileProject); 2] =
    [(CARGO_MANIFEST, rust::project::compile), (GO_MANIFEST, go::compile_module)];

pub(crate) const CARGO_MANIFEST: &str = "Cargo.toml";
pub(crate) const GO_MANIFEST: &str = "go.mod";

/// What a source becomes.
pub(crate) enum Built {
    /// A binary module.
    Module(Vec<u8>),
    /// Text that an interpreter runs.
    Script { runtime: Runtime, text: String },
}

/// The guest that a source is or compiles to.
///
/// # Errors
/// No such file, nothing that can be run, or a source that does not compile.
pub(crate) fn build(source: &Source, setup: &Setup) -> Result<Built, SandboxError> {
    match source {
        Source::Module(bytes) => module(bytes, &source.name()).map(Built::Module),
        Source::Path(path) => {
            for (manifest, compile) in PROJECTS {
                if let Some(folder) = project(path, manifest) {
                    return compile(folder, &source.name(), setup).map(Built::Module);
                }
            }
            let bytes = read(path)?;
            match language_of(path) {
                Some(language) => compile(language, &text(bytes, path)?, &source.name(), path.parent(), setup),
                None => module(&bytes, &path.display().to_string()).map(Built::Module),
            }
        }
        Source::Code { language, text } => compile(*language, text, &source.name(), None, setup),
    }
}

/// The folder of a project, where a path names one with such a manifest, or the manifest.
fn project<'a>(path: &'a Path, manifest: &str) -> Option<&'a Path> {
    if path.is_dir() {
        return path.join(manifest).exists().then_some(path);
    }
    let parent = path.parent().filter(|_| path.ends_with(manifest) && path.is_file())?;
    Some(if parent == Path::new("") { Path::new(".") } else { parent })
}

fn language_of(path: &Path) -> Option<Language> {
    match path.extension()?.to_str()? {
        "rs" => Some(Language::Rust),
        "c" => Some(Language::C),
        "go" => Some(Language::Go),
        "zig" => Some(Language::Zig),
        "py" => Some(Language::Python),
        "js" | "mjs" | "cjs" => Some(Language::JavaScript),
        "ts" | "mts" | "cts" => Some(Language::TypeScript),
        "cc" | "cpp" | "cxx" | "c++" => Some(Language::Cpp),
        _ => None,
    }
}

/// Compiles a source; `folder` is the one that it lies in.
fn compile(
    language: Language,
    text: &str,
    name: &str,
    folder: Option<&Path>,
    setup: &Setup,
) -> Result<Built, SandboxError> {
    match language {
        Language::Rust => rust::compile(text, name, setup).map(Built::Module),
        Language::C | Language::Cpp => c::compile(language, text, name, folder, setup).map(Built::Module),
        Language::Go => go::compile(text, name, setup).map(Built::Module),
        Language::Zig => zig::compile(text, name, setup).map(Built::Module),
        Language::Python => Ok(Built::Script { runtime: Runtime::Python, text: text.to_owned() }),
        Language::JavaScript => Ok(Built::Script { runtime: Runtime::JavaScript, text: text.to_owned() }),
        Language::TypeScript => Ok(Built::Script { runtime: Runtime::TypeScript, text: text.to_owned() }),
    }
}

/// What was built before from the same, or else is built now; one build at a time of each.
fn through_cache(
    setup: &Setup,
    key: &CacheKey,
    build: impl FnOnce() -> Result<Vec<u8>, SandboxError>,
) -> Result<Vec<u8>, SandboxError> {
    let Some(cache_dir) = &setup.cache_dir else { return build() };
    let cache = Cache::open(&cache_dir.join("build"), setup.cache_limit)?;
    if let Some(guest) = cache.read(key) {
        return Ok(guest);
    }
    let _turn = cache.turn(key);
    if let Some(guest) = cache.read(key) {
        return Ok(guest);
    }
    let guest = build()?;
    cache.write(key, &guest);
    Ok(guest)
}

/// A file name for a source that diagnostics can show.
fn file_name(name: &str, language: Language) -> String {
    let ending = match language {
        Language::Rust => "rs",
        Language::C => "c",
        Language::Cpp => "cpp",
        Language::Go => "go",
        Language::Zig => "zig",
        Language::Python => "py",
        Language::JavaScript => "js",
        Language::TypeScript => "ts",
    };
    let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')).collect();
    let plain = plain.trim_start_matches(['-', '.']);
    let known = language_of(Path::new(plain)) == Some(language);
    if known { plain.to_owned() } else { format!("source.{ending}") }
}

fn text(bytes: Vec<u8>, path: &Path) -> Result<String, SandboxError> {
    String::from_utf8(bytes).map_err(|_| SandboxError::Compilation {
        language: language_of(path).map_or("source", Language::name).to_owned(),
        diagnostics: "the file is not UTF-8 text".to_owned(),
    })
}

fn read(path: &Path) -> Result<Vec<u8>, SandboxError> {
    let shown = path.display().to_string();
    let metadata = std::fs::metadata(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => SandboxError::FileNotFound { path: shown.clone() },
        _ => SandboxError::internal(format!("reading `{shown}`"), error),
    })?;
    let refuse = |reason: &str| Err(SandboxError::NotRunnable { what: shown.clone(), reason: reason.to_owned() });
    if metadata.is_dir() {
        return refuse("it is a folder without a Cargo.toml or a go.mod");
    }
    if !metadata.is_file() {
        return refuse("it is not a file");
    }
    if metadata.len() > MAX_BYTES {
        return refuse("it is larger than 128 MB");
    }
    std::fs::read(path).map_err(|error| SandboxError::internal(format!("reading `{shown}`"), error))
}

/// A binary module from its binary or text form.
fn module(bytes: &[u8], name: &str) -> Result<Vec<u8>, SandboxError> {
    if bytes.starts_with(b"\0asm") || bytes.starts_with(b"\x7fELF") {
        return Ok(bytes.to_vec());
    }
    let refuse = |reason: &str| SandboxError::NotRunnable { what: name.to_owned(), reason: reason.to_owned() };
    let text = std::str::from_utf8(bytes).map_err(|_| refuse("it is not a WebAssembly module"))?;
    if !text.contains("(module") && !text.contains("(component") {
        return Err(refuse(
            "it is not a WebAssembly module, nor a source in a language that is known (.rs, .c, .cpp, .go, .zig, .py, .js, .mjs, .ts, .wat)",
        ));
    }
    let wrong = |error: wat::Error| SandboxError::Compilation {
        language: "WAT".to_owned(),
        diagnostics: error.to_string().replace("<anon>", name),
    };
    wat::parse_str(text).map_err(wrong)
}

/// A compiler's messages without paths of the host, colours, or an end that never comes.
fn diagnostics(stderr: &[u8], hidden: &[&Path]) -> String {
    let mut text = String::from_utf8_lossy(stderr).into_owned();
    for path in hidden {
        let path = path.display().to_string();
        // What is started in the root folder names paths from there.
        for shown in [path.as_str(), path.trim_start_matches('/')] {
            text = text.replace(&format!("{shown}/"), "").replace(shown, "");
        }
    }
    let text: String = text.split_inclusive('\n').filter(|line| !is_frame(line)).collect();
    let clean: String = text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    match clean.char_indices().nth(MAX_DIAGNOSTICS) {
        Some((end, _)) => format!("{}\n... and more", clean.get(..end).unwrap_or_default()),
        None => clean.trim_end().to_owned(),
    }
}

/// Whether a line is one of those that a compiler prints as it crashes: a library of the host's, and an address in it. Lines
/// of a source never begin like that in a diagnostic.
fn is_frame(line: &str) -> bool {
    let address = line.trim_end().strip_suffix(']').and_then(|line| line.rsplit_once("[0x"));
    let indented = line.starts_with(|c: char| c.is_whitespace() || c.is_ascii_digit());
    !indented && address.is_some_and(|(_, digits)| digits.chars().all(|c| c.is_ascii_hexdigit()))
}
