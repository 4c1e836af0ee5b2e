//! What is to be run, in whatever form it comes.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use crate::lang::{CARGO_MANIFEST, GO_MANIFEST, interpreter::Runtime};

/// A program or library: a file, bytes or text. Anything that names a path becomes one: `"calculator.rs".into()`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Source {
    /// A file; its kind is told by its ending and contents.
    Path(PathBuf),
    /// A binary module, or its text form.
    Module(Arc<[u8]>),
    /// Source text.
    Code {
        /// Its language.
        language: Language,
        /// The text.
        text: Arc<str>,
    },
}

/// A language that is compiled or interpreted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Language {
    /// One file of Rust.
    Rust,
    /// One file of C; the headers and sources beside it that it includes are taken along.
    C,
    /// One file of C++, likewise. There are no exceptions.
    Cpp,
    /// One file of Go. Text without a package clause is a snippet: declarations, statements or an expression, whose value is
    /// printed; packages of the standard library need no import in it.
    Go,
    /// One file of Zig, with the checks of its mode `ReleaseSafe`; each `export fn` over numbers can be called.
    Zig,
    /// One file of Python, which runs in CPython.
    Python,
    /// One file of JavaScript, a module of either kind, which runs in QuickJS.
    JavaScript,
    /// One file of TypeScript, likewise. Its types are not checked; those of functions are, when these are called.
    TypeScript,
}

impl Language {
    /// The language's name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::C => "C",
            Self::Cpp => "C++",
            Self::Go => "Go",
            Self::Zig => "Zig",
            Self::Python => "Python",
            Self::JavaScript => "JavaScript",
            Self::TypeScript => "TypeScript",
        }
    }
}

impl Language {
    /// Whether sources of it run as they are, in an interpreter.
    pub fn is_interpreted(self) -> bool {
        self.runtime().is_some()
    }

    pub(crate) fn runtime(self) -> Option<Runtime> {
        match self {
            Self::Rust | Self::C | Self::Cpp | Self::Go | Self::Zig => None,
            Self::Python => Some(Runtime::Python),
            Self::JavaScript => Some(Runtime::JavaScript),
            Self::TypeScript => Some(Runtime::TypeScript),
        }
    }
}

impl Source {
    /// Source text in a language.
    pub fn code(language: Language, text: impl Into<Arc<str>>) -> Self {
        Self::Code { language, text: text.into() }
    }

    /// A name for messages and for `argv[0]`: the file's own, without its folder; of a project, its folder's.
    pub fn name(&self) -> String {
        match self {
            Self::Path(path) => name_of(path),
            Self::Module(_) => "module".to_owned(),
            Self::Code { language, .. } => format!("{} source", language.name()),
        }
    }
}

fn name_of(path: &Path) -> String {
    let manifest = [CARGO_MANIFEST, GO_MANIFEST].iter().any(|manifest| path.ends_with(manifest));
    // Where the path itself does not say what the folder is called, such as `.`, the disk does.
    let whole = if manifest || path.file_name().is_none() { path.canonicalize().ok() } else { None };
    let path = whole.as_deref().unwrap_or(path);
    let path = if manifest { path.parent().unwrap_or(path) } else { path };
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

impl From<&str> for Source {
    fn from(path: &str) -> Self {
        Self::Path(path.into())
    }
}

impl From<String> for Source {
    fn from(path: String) -> Self {
        Self::Path(path.into())
    }
}

impl From<&Path> for Source {
    fn from(path: &Path) -> Self {
        Self::Path(path.to_owned())
    }
}

impl From<PathBuf> for Source {
    fn from(path: PathBuf) -> Self {
        Self::Path(path)
    }
}

impl From<Vec<u8>> for Source {
    fn from(module: Vec<u8>) -> Self {
        Self::Module(module.into())
    }
}

impl From<&[u8]> for Source {
    fn from(module: &[u8]) -> Self {
        Self::Module(module.into())
    }
}
