//! `inspect`: what a module has and what it would need.

use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use wasm_sandbox::{Module, SandboxError, Signature, blocking::WasmSandbox};

use crate::{
    options::{InspectOptions, Verbosity},
    report::printable,
};

const TITLE: Style = AnsiColor::Green.on_default().bold();
const NAME: Style = AnsiColor::Cyan.on_default();

/// What there is to say of a module.
#[derive(Serialize)]
struct Inspection<'a> {
    name: &'a str,
    kind: &'static str,
    bytes: Option<usize>,
    initial_memory_bytes: u64,
    functions: Vec<&'a Signature>,
    imports: Vec<String>,
    needs: Vec<&'static str>,
}

pub(crate) fn inspect(options: &InspectOptions, verbosity: Verbosity) -> Result<ExitCode, SandboxError> {
    let setup = super::machine::here(verbosity);
    let sandbox = WasmSandbox::builder().setup(setup).source(options.file.as_path()).build_blocking()?;
    let module = sandbox.module()?;
    let inspection = Inspection {
        name: module.name(),
        kind: match module.wasm() {
            None => "script",
            Some(_) if module.is_program() => "program",
            Some(_) => "library",
        },
        bytes: module.wasm().map(<[u8]>::len),
        initial_memory_bytes: module.initial_memory_bytes(),
        functions: module.functions()?.collect(),
        imports: module.imports().iter().map(|(module, name)| format!("{module}.{name}")).collect(),
        needs: needs(module),
    };
    if options.json {
        super::print_json(&inspection)?;
    } else {
        print(&inspection);
    }
    Ok(ExitCode::SUCCESS)
}

fn print(inspection: &Inspection<'_>) {
    anstream::print!("{TITLE}{}{TITLE:#}  {}", printable(inspection.name), inspection.kind);
    if let Some(bytes) = inspection.bytes {
        anstream::print!(", {bytes} bytes, {} KB of memory at the start", inspection.initial_memory_bytes >> 10);
    }
    anstream::println!();
    anstream::println!("{TITLE}functions{TITLE:#}");
    if inspection.functions.is_empty() {
        anstream::println!("  none");
    }
    for function in &inspection.functions {
        anstream::println!("  {NAME}{function}{NAME:#}");
        for line in function.doc.iter().flat_map(|doc| doc.lines()) {
            anstream::println!("      {}", printable(line));
        }
    }
    anstream::println!("{TITLE}imports{TITLE:#}");
    if inspection.imports.is_empty() {
        anstream::println!("  none");
    }
    for import in &inspection.imports {
        anstream::println!("  {}", printable(import));
    }
    anstream::println!("{TITLE}may need{TITLE:#}");
    if inspection.needs.is_empty() {
        anstream::println!("  nothing");
    }
    for need in &inspection.needs {
        anstream::println!("  {need}");
    }
}

/// Capabilities that the imports could make use of. A module imports what its runtime may use, so this is what it could
/// ask for, not what it will.
fn needs(module: &Module) -> Vec<&'static str> {
    let imports = |names: &[&str]| module.imports().iter().any(|(_, name)| names.contains(&name.as_str()));
    let groups: [(&[&str], &'static str); 5] = [
        (&["path_open", "path_filestat_get", "fd_readdir", "path_readlink"], "filesystem.read (--allow-read)"),
        (
            &[
                "path_create_directory",
                "path_unlink_file",
                "path_rename",
                "path_remove_directory",
                "path_link",
                "path_symlink",
            ],
            "filesystem.write (--allow-write)",
        ),
        (&["environ_get"], "system.environment (--allow-env)"),
        (&["clock_time_get", "poll_oneoff"], "system.clock (granted, to the millisecond)"),
        (&["random_get"], "system.random (granted)"),
    ];
    groups.into_iter().filter(|(names, _)| imports(names)).map(|(_, need)| need).collect()
}
