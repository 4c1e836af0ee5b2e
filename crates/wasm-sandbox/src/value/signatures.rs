//! The functions of one module: what its custom section says of them, or what wasm's own types say.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use wasm_encoder::{Module, RawSection};
use wasm_sandbox_policy::{Plain, SandboxError};
use wasmparser::{Parser, Payload};

use super::{
    exports::Exports,
    signature::{Abi, LeftOut, Signature},
};

/// Bytes of that section that are read at most.
const MAX_SECTION: usize = 1 << 20;

/// The functions of one module, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct Signatures {
    functions: BTreeMap<String, Signature>,
    left_out: Vec<LeftOut>,
    handler: Option<Signature>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Section {
    version: u32,
    functions: Vec<Signature>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<LeftOut>,
}

impl Signatures {
    /// The custom section that describes functions whose types are richer than wasm's.
    pub(crate) const SECTION: &str = "wasm-sandbox.signatures";

    /// Reads the signatures of a valid module: from the custom section where there is one, otherwise from wasm's own types.
    ///
    /// # Errors
    /// The section is not what `docs/abi.md` says, or does not fit the module's exports; or the exports have more
    /// parameters than are accepted.
    pub(crate) fn from_wasm(wasm: &[u8]) -> Result<Self, SandboxError> {
        let exports = Exports::read(wasm)?;
        let (described, left_out) = match exports.section {
            Some(section) => described(section, &exports)?,
            None => Default::default(),
        };
        let covered: BTreeSet<&str> = described.iter().map(|signature| signature.export.as_str()).collect();
        let plain = exports.plain(&covered)?;
        let handler = exports.handler()?;
        Ok(Self { handler, ..Self::of(plain.into_iter().chain(described), left_out) })
    }

    /// Those that an interpreter described.
    pub(crate) fn of(functions: impl IntoIterator<Item = Signature>, left_out: Vec<LeftOut>) -> Self {
        let by_name = |signature: Signature| (signature.name.clone(), signature);
        Self { functions: functions.into_iter().map(by_name).collect(), left_out, handler: None }
    }

    /// What answers HTTP requests in a module.
    pub(crate) fn handler(&self) -> Option<&Signature> {
        self.handler.as_ref()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Signature> {
        self.functions.values()
    }

    pub(crate) fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// The function `name`, or the one whose export this is.
    ///
    /// # Errors
    /// [`SandboxError::FunctionNotFound`] with those that there are.
    pub(crate) fn find(&self, name: &str) -> Result<&Signature, SandboxError> {
        let by_export = || self.functions.values().find(|one| one.abi == Abi::Component && one.export == name);
        self.functions.get(name).or_else(by_export).ok_or_else(|| SandboxError::FunctionNotFound {
            function: name.to_owned(),
            reason: self.left_out.iter().find(|one| one.name == name).map(|one| Plain::line(&one.reason).to_string()),
            available: self.functions.values().map(ToString::to_string).collect(),
        })
    }

    /// The functions that such sections describe, one after the other, whether or not there are any.
    ///
    /// # Errors
    /// They are not what `docs/abi.md` says.
    pub(crate) fn described_in(sections: &[u8]) -> Result<Vec<Signature>, SandboxError> {
        documents(sections).map(|(functions, _)| functions)
    }

    /// The module with these signatures in its custom section, after those that its source has put there.
    pub(crate) fn append_section(
        wasm: &[u8],
        functions: Vec<Signature>,
        left_out: Vec<LeftOut>,
    ) -> Result<Vec<u8>, SandboxError> {
        if functions.is_empty() && left_out.is_empty() {
            return Ok(wasm.to_vec());
        }
        let failed = |error| SandboxError::internal("writing signatures", error);
        let more = serde_json::to_vec(&Section { version: 1, functions, left_out }).map_err(failed)?;
        let (mut module, mut data) = without_section(wasm)?;
        data.extend(more);
        let section = wasm_encoder::CustomSection { name: Self::SECTION.into(), data: data.into() };
        wasm_encoder::ComponentSection::append_to_component(&section, &mut module);
        Ok(module)
    }
}

/// A module without such a section, and what was in it.
fn without_section(wasm: &[u8]) -> Result<(Vec<u8>, Vec<u8>), SandboxError> {
    let (mut module, mut data) = (Module::new(), Vec::new());
    for payload in Parser::new(0).parse_all(wasm) {
        let payload = payload.map_err(|error| SandboxError::internal("reading a linked module", error))?;
        match (&payload, payload.as_section()) {
            (Payload::CustomSection(section), _) if section.name() == Signatures::SECTION => {
                data.extend(section.data())
            }
            (_, Some((id, range))) => {
                let data = wasm.get(range).unwrap_or_default();
                module.section(&RawSection { id, data });
            }
            _ => {}
        }
    }
    Ok((module.finish(), data))
}

fn described(section: &[u8], exports: &Exports<'_>) -> Result<(Vec<Signature>, Vec<LeftOut>), SandboxError> {
    let (functions, left_out) = documents(section)?;
    let mut names = BTreeSet::new();
    for function in &functions {
        if !names.insert(function.name.as_str()) {
            return Err(unreadable(&format!("`{}` is there twice", function.name)));
        }
        exports.check(function)?;
    }
    Ok((functions, left_out))
}

fn documents(section: &[u8]) -> Result<(Vec<Signature>, Vec<LeftOut>), SandboxError> {
    if section.len() > MAX_SECTION {
        return Err(unreadable("it is longer than 1 MiB"));
    }
    let (mut functions, mut left_out) = (Vec::new(), Vec::new());
    // Linkers put the sections of several files one after the other.
    let parts = serde_json::Deserializer::from_slice(section).into_iter();
    for part in parts {
        let part: Section = part.map_err(|error| unreadable(&error.to_string()))?;
        if part.version != 1 {
            return Err(unreadable(&format!("its version is {}, not 1", part.version)));
        }
        functions.extend(part.functions);
        left_out.extend(part.left_out);
    }
    Ok((functions, left_out))
}

pub(super) fn unreadable(reason: &str) -> SandboxError {
    SandboxError::NotRunnable {
        what: Signatures::SECTION.to_owned(),
        reason: format!("the custom section cannot be used: {}", Plain::line(reason)),
    }
}
