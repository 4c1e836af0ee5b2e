//! `inspect`: what a module has and what it would need.

use std::{collections::BTreeSet, process::ExitCode};

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use wasm_sandbox::{LeftOut, Module, Plain, ProjectGuest, Signature, blocking::WasmSandbox};

use crate::{
    options::{InspectOptions, Verbosity},
    output::{Failure, print, print_json},
    project::Project,
};

const TITLE: Style = AnsiColor::Green.on_default().bold();
const NAME: Style = AnsiColor::Cyan.on_default();

/// The kind of what answers HTTP requests.
pub(super) const HANDLER: &str = "HTTP handler";

/// What there is to say of a module.
#[derive(Serialize)]
struct Inspection<'a> {
    name: &'a str,
    kind: &'static str,
    /// Whether it answers HTTP requests.
    http_handler: bool,
    /// What the project's manifest says of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<&'a ProjectGuest>,
    /// Whether it is a component.
    component: bool,
    bytes: Option<usize>,
    initial_memory_bytes: u64,
    functions: Vec<&'a Signature>,
    left_out: &'a [LeftOut],
    /// None for a script, and so are its needs: it shows them as it runs.
    imports: Option<Vec<String>>,
    needs: Option<Vec<&'static str>>,
}

pub(crate) fn inspect(options: &InspectOptions, verbosity: Verbosity) -> Result<ExitCode, Failure> {
    let setup = super::machine::here(verbosity);
    let project = Project::without_policy(options.file.as_deref())?;
    // A script of several files is loaded to see what it exports.
    let policy = options.read.added_to(project.looked_at())?;
    let sandbox = WasmSandbox::builder().setup(setup).source(project.source()).config(policy).build_blocking()?;
    let module = sandbox.module()?;
    let inspection = Inspection {
        name: module.name(),
        kind: kind(module),
        http_handler: module.is_http_handler(),
        project: project.guest(),
        component: module.is_component(),
        bytes: module.wasm().map(<[u8]>::len),
        initial_memory_bytes: module.initial_memory_bytes(),
        functions: module.functions()?.collect(),
        left_out: module.left_out()?,
        imports: module.wasm().map(|_| imports(module)),
        needs: module.wasm().map(|_| needs(module)),
    };
    if options.json {
        print_json(&inspection)?;
    } else {
        print(&text(&inspection))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What a module is used as. A script may be used as anything.
pub(super) fn kind(module: &Module) -> &'static str {
    match module.wasm() {
        None => "script",
        Some(_) if module.is_http_handler() => HANDLER,
        Some(_) if module.is_program() => "program",
        Some(_) => "library",
    }
}

fn text(inspection: &Inspection<'_>) -> String {
    let mut text = format!("{TITLE}{}{TITLE:#}  {}", Plain::line(inspection.name), inspection.kind);
    if let Some(bytes) = inspection.bytes {
        let memory = inspection.initial_memory_bytes >> 10;
        text += &match inspection.component {
            true => format!(", a component, {bytes} bytes"),
            false => format!(", {bytes} bytes, {memory} KB of memory at the start"),
        };
    }
    text += if inspection.bytes.is_none() && inspection.http_handler { ", an HTTP handler\n" } else { "\n" };
    text += &inspection.project.map(introduced).unwrap_or_default();
    text += &section("functions", inspection.functions.iter().map(|function| described(function)));
    let types: BTreeSet<String> = inspection.functions.iter().flat_map(|function| function.definitions()).collect();
    if !types.is_empty() {
        text += &section("types", types);
    }
    if !inspection.left_out.is_empty() {
        text += &section("left out", inspection.left_out.iter().map(|one| Plain::line(&one.to_string()).to_string()));
    }
    if let Some(imports) = &inspection.imports {
        text += &section("imports", imports.iter().map(|import| Plain::line(import).to_string()));
    }
    match &inspection.needs {
        Some(needs) if needs.is_empty() => text += &section("may need", ["nothing".to_owned()]),
        Some(needs) => text += &section("may need", needs.iter().map(ToString::to_string)),
        None => text += &section("may need", ["what a script needs is not known before it runs".to_owned()]),
    }
    text
}

/// What a project says of itself.
fn introduced(guest: &ProjectGuest) -> String {
    let version = guest.version.as_ref().map(ToString::to_string);
    let said = [&guest.name, &version, &guest.description].into_iter().flatten();
    let said: Vec<String> = said.map(|said| Plain::line(said).to_string()).collect();
    section("project", [[vec![guest.kind.name().to_owned()], said].concat().join(", ")])
}

fn section(title: &str, lines: impl IntoIterator<Item = String>) -> String {
    let lines: String = lines.into_iter().map(|line| format!("  {line}\n")).collect();
    let lines = if lines.is_empty() { "  none\n" } else { &lines };
    format!("{TITLE}{title}{TITLE:#}\n{lines}")
}

/// A function's signature, and below it what it says of itself.
fn described(function: &Signature) -> String {
    let mut text = format!("{NAME}{function}{NAME:#}");
    for line in function.doc.iter().flat_map(|doc| doc.lines()) {
        text += &format!("\n      {}", Plain::line(line));
    }
    text
}

fn imports(module: &Module) -> Vec<String> {
    let shown = |(module, name): &(String, String)| match name.as_str() {
        "" => module.clone(),
        name => format!("{module}.{name}"),
    };
    // Go's compiler imports one several times.
    let mut told = BTreeSet::new();
    module.imports().iter().map(shown).filter(|import| told.insert(import.clone())).collect()
}

/// Capabilities that the imports could make use of. A module imports what its runtime may use, so this is what it could
/// ask for, not what it will.
fn needs(module: &Module) -> Vec<&'static str> {
    let asks = |one: &&(&[&str], &[&str], &'static str)| {
        let (names, interfaces, _) = one;
        module.imports().iter().any(|(module, name)| match name.as_str() {
            "" => interfaces.iter().any(|interface| module.starts_with(interface)),
            name => names.contains(&name) || names.contains(&&*format!("{module}.{name}")),
        })
    };
    GROUPS.iter().filter(asks).map(|(.., need)| *need).collect()
}

/// Functions of preview 1 and ours, interfaces of WASI 0.2, and the capability behind them.
const GROUPS: [(&[&str], &[&str], &str); 6] = [
    (
        &["path_open", "path_filestat_get", "fd_readdir", "path_readlink"],
        &["wasi:filesystem/"],
        "filesystem.read (--allow-read)",
    ),
    (
        &[
            "path_create_directory",
            "path_unlink_file",
            "path_rename",
            "path_remove_directory",
            "path_link",
            "path_symlink",
        ],
        &["wasi:filesystem/"],
        "filesystem.write (--allow-write)",
    ),
    (&["environ_get"], &["wasi:cli/environment"], "system.environment (--allow-env)"),
    (&["clock_time_get", "poll_oneoff"], &["wasi:clocks/"], "system.clock (granted, to the millisecond)"),
    (&["random_get"], &["wasi:random/"], "system.random (granted)"),
    (
        &["wasm_sandbox.net"],
        &["wasi:sockets/tcp@", "wasi:sockets/udp@", "wasi:http/outgoing-handler"],
        "network (--allow-net)",
    ),
];
