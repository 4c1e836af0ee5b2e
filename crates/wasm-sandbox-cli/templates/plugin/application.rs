use std::{error::Error, fs, path::Path};

use serde::{Deserialize, Serialize};
use wasm_sandbox::{Manifest, Setup, WasmSandbox};

#[derive(Serialize)]
struct Document {
    title: &'static str,
    text: &'static str,
}

#[derive(Debug, Deserialize)]
pub struct Summary {
    pub title: String,
    pub words: u32,
    pub longest: String,
}

pub fn summary_of_a_motto(folder: &Path, setup: Setup) -> Result<Summary, Box<dyn Error>> {
    let manifest = Manifest::from_toml(&fs::read_to_string(folder.join(Manifest::FILE_NAME))?)?;
    let mut plugin = WasmSandbox::builder()
        .setup(setup)
        .source(folder.join(&manifest.guest.source))
        .config(manifest.policy_in(folder))
        .build_blocking()?;
    let summary = plugin.call("summarize", Document { title: "motto", text: "trust nobody" })?;
    print!("{}", plugin.take_report().stderr.text());
    Ok(summary)
}
