//! Images that have a name: an interpreter that a prelude has run in.

use serde::{Deserialize, Serialize};
use wasm_sandbox_policy::{ConfigProblem, Plain, ResourceLimits, SandboxError};

use super::Setup;
use crate::{
    engine::cache::{Cache, CacheKey},
    lang::interpreter::{Interpreter, Runtime},
    source::Language,
};

/// Characters that a name may have.
const MAX_NAME: usize = 64;

/// Bytes that a prelude may have.
const MAX_PRELUDE: usize = 1 << 20;

/// Those that need no definition.
const READY_MADE: [(&str, Language, &str); 4] = [
    ("javascript", Language::JavaScript, ""),
    ("python", Language::Python, ""),
    ("python-data", Language::Python, "import numpy, pandas, matplotlib, matplotlib.pyplot"),
    ("python-numpy", Language::Python, "import numpy"),
];

/// An image by name: what runs in the interpreter once, so that every sandbox begins after it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NamedImage {
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: Language,
    /// What has run in it.
    pub prelude: String,
    /// Whether it comes with this crate.
    #[serde(skip)]
    pub ready_made: bool,
    /// Bytes of memory that a sandbox begins with; none while it is not built, which its first use does.
    #[serde(skip)]
    pub memory_bytes: Option<u64>,
}

impl Setup {
    /// All images, by name: those that come with this crate, and those that were defined on this machine.
    ///
    /// # Errors
    /// There is no cache directory, or it cannot be used.
    pub fn images(&self) -> Result<Vec<NamedImage>, SandboxError> {
        let defined = self.definitions()?.entries();
        let defined = defined.into_iter().filter_map(|bytes| serde_json::from_slice::<NamedImage>(&bytes).ok());
        let ready_made = READY_MADE.map(|(name, language, prelude)| NamedImage::new(name, language, prelude));
        let ready_made = ready_made.into_iter().map(|image| NamedImage { ready_made: true, ..image });
        let mut images: Vec<_> = defined.chain(ready_made).collect();
        images.sort_by(|a, b| a.name.cmp(&b.name));
        for image in &mut images {
            image.memory_bytes = Interpreter::stored_bytes(image.runtime()?, &image.prelude, self);
        }
        Ok(images)
    }

    /// The image of a name.
    ///
    /// # Errors
    /// [`SandboxError::Configuration`] when there is none of it.
    pub fn image(&self, name: &str) -> Result<NamedImage, SandboxError> {
        let images = self.images()?;
        let known: Vec<_> = images.iter().map(|image| format!("`{}`", image.name)).collect();
        let unknown =
            || problem(format!("there is no image `{}`", Plain::line(name)), format!("there are {}", known.join(", ")));
        images.iter().find(|image| image.name == name).cloned().ok_or_else(unknown)
    }

    /// Defines an image and builds it: runs the prelude in a fresh interpreter with no grants, within two minutes and 1 GiB. One
    /// of the same name is replaced.
    ///
    /// # Errors
    /// The name is one that comes with this crate or no name, the language is compiled, or the prelude fails.
    pub fn build_image(&self, name: &str, language: Language, prelude: &str) -> Result<NamedImage, SandboxError> {
        check_name(name)?;
        if prelude.len() > MAX_PRELUDE {
            let message = format!("the prelude has {} bytes", prelude.len());
            return Err(problem(message, format!("at most {MAX_PRELUDE} are taken")));
        }
        let definitions = self.definitions()?;
        let image = NamedImage::new(name, language, prelude);
        Interpreter::get(image.runtime()?, prelude, &ResourceLimits::default(), self)?;
        let definition =
            serde_json::to_vec(&image).map_err(|error| SandboxError::internal("defining an image", error))?;
        definitions
            .keep(&key(name), &definition)
            .map_err(|error| SandboxError::internal("defining an image", error))?;
        self.image(name)
    }

    /// Removes an image from this machine: the memory that is kept, and the definition of one that does not come with this
    /// crate. Sandboxes that use it go on.
    ///
    /// # Errors
    /// There is none of this name, or it cannot be removed.
    pub fn remove_image(&self, name: &str) -> Result<(), SandboxError> {
        let image = self.image(name)?;
        let failed = |error: std::io::Error| SandboxError::internal(format!("removing the image `{name}`"), error);
        Interpreter::forget(image.runtime()?, &image.prelude, self)?;
        if !image.ready_made {
            self.definitions()?.remove(&key(name)).map_err(failed)?;
        }
        Ok(())
    }

    fn definitions(&self) -> Result<Cache, SandboxError> {
        let folder = self.cache_dir.as_ref().ok_or_else(|| SandboxError::Toolchain {
            missing: "a cache directory for images".to_owned(),
            remedy: "set HOME or XDG_CACHE_HOME".to_owned(),
        })?;
        Cache::open(&folder.join("named-images"), self.cache_limit)
    }
}

impl NamedImage {
    fn new(name: &str, language: Language, prelude: &str) -> Self {
        let (name, prelude) = (name.to_owned(), prelude.to_owned());
        Self { name, language, prelude, ready_made: false, memory_bytes: None }
    }

    pub(crate) fn runtime(&self) -> Result<Runtime, SandboxError> {
        let compiled = || format!("{} is compiled and has no images", self.language.name());
        let runtime = self.language.runtime();
        runtime.ok_or_else(|| problem(compiled(), "write the prelude in Python or JavaScript".to_owned()))
    }
}

fn key(name: &str) -> CacheKey {
    CacheKey::new("named image", &[name.as_bytes()])
}

fn check_name(name: &str) -> Result<(), SandboxError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(plain) || name.starts_with(['-', '.']) {
        let message = format!("`{}` is no name for an image", Plain::line(name));
        let advice =
            format!("take at most {MAX_NAME} of `a-z`, `0-9`, `-`, `_` and `.`, beginning with a letter or digit");
        return Err(problem(message, advice));
    }
    if READY_MADE.iter().any(|(ready_made, ..)| *ready_made == name) {
        return Err(problem(format!("the image `{name}` comes with this program"), "take another name".to_owned()));
    }
    Ok(())
}

fn problem(message: String, advice: String) -> SandboxError {
    SandboxError::Configuration { problems: vec![ConfigProblem::new("image", message).suggest(advice)] }
}
