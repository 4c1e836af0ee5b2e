//! What runs once in an interpreter, so that every sandbox begins after it.

use std::sync::Arc;

use wasm_sandbox_policy::{ConfigProblem, SandboxError};

use crate::{lang::interpreter::Runtime, setup::images::NamedImage};

/// Code for an interpreter, or nothing.
#[derive(Clone, Default)]
pub(crate) struct Prelude {
    code: Arc<str>,
    /// Which interpreter it is for, where that is known.
    runtime: Option<Runtime>,
}

impl Prelude {
    pub(crate) fn new(code: String) -> Self {
        Self { code: code.into(), runtime: None }
    }

    pub(crate) fn of_image(image: &NamedImage) -> Result<Self, SandboxError> {
        Ok(Self { code: image.prelude.as_str().into(), runtime: Some(image.runtime()?) })
    }

    /// The code for an interpreter.
    ///
    /// # Errors
    /// It is for another one.
    pub(crate) fn code(&self, runtime: Runtime) -> Result<Arc<str>, SandboxError> {
        match self.runtime {
            Some(own) if own != runtime => {
                Err(misfit(format!("the image is for {}, not {}", own.name(), runtime.name())))
            }
            _ => Ok(Arc::clone(&self.code)),
        }
    }

    /// That there is none, for what no interpreter runs.
    pub(crate) fn check_unused(&self) -> Result<(), SandboxError> {
        if self.code.is_empty() && self.runtime.is_none() {
            return Ok(());
        }
        Err(misfit("an image or a prelude is for Python and JavaScript, and this source is compiled".to_owned()))
    }
}

fn misfit(message: String) -> SandboxError {
    SandboxError::Configuration { problems: vec![ConfigProblem::new("image", message)] }
}
