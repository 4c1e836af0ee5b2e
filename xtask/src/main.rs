//! Development tasks: `cargo xtask ci`, `cargo xtask test`, `cargo xtask fuzz`, `cargo xtask guests`, `cargo xtask tidy`.

mod fuzz;
mod guests;
mod threats;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

/// Packages that are tested: all but the benchmarks, whose peers would be built with other features.
const TESTED: [&str; 5] = ["wasm-sandbox-policy", "wasm-sandbox", "wasm-sandbox-server", "wasm-sandbox-cli", "xtask"];

/// Lines of a source file at which it must be split.
const MAX_LINES: usize = 800;

#[expect(clippy::disallowed_methods, reason = "a development task is a command line")]
fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (task, rest) = arguments.split_first().map_or(("", &[][..]), |(task, rest)| (task.as_str(), rest));
    match task {
        "ci" => ci(),
        "test" => test(),
        "fuzz" => fuzz::run(&root()?, rest),
        "tidy" => tidy(),
        "guests" => guests::guests(&root()?, rest.iter().any(|argument| argument == "--check")),
        _ => bail!("usage: cargo xtask ci | test | fuzz [--seconds N] [TARGET...] | guests [--check] | tidy"),
    }
}

/// Everything that must hold before a change lands.
fn ci() -> Result<()> {
    step("format", &["fmt", "--all", "--check"], &[])?;
    step("format of the fuzz targets", &["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"], &[])?;
    tidy()?;
    guests::guests(&root()?, true)?;
    // With the benchmarks, so that their engine, which has more features, is the only one that is checked.
    let benchmarks = ["--package", "wasm-sandbox-bench", "--", "-D", "warnings"];
    step("clippy", &with_packages(&["clippy", "--all-targets"], &benchmarks), &[])?;
    step(
        "without an engine",
        &["clippy", "--package", "wasm-sandbox", "--no-default-features", "--", "-D", "warnings"],
        &[],
    )?;
    test()?;
    step("docs", &with_packages(&["doc", "--no-deps"], &[]), &[("RUSTDOCFLAGS", "-D warnings")])?;
    fuzz::run(&root()?, &[])
}

/// All tests, with whatever they need fetched first.
fn test() -> Result<()> {
    step("tests", &with_packages(&["test"], &[]), &[])
}

fn with_packages<'a>(before: &[&'a str], after: &[&'a str]) -> Vec<&'a str> {
    let packages = TESTED.into_iter().flat_map(|package| ["--package", package]);
    before.iter().copied().chain(packages).chain(after.iter().copied()).collect()
}

fn step(name: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Result<()> {
    eprintln!("==> {name}: cargo {}", arguments.join(" "));
    let status =
        Command::new("cargo").args(arguments).envs(environment.iter().copied()).current_dir(root()?).status()?;
    if status.success() { Ok(()) } else { bail!("{name} failed") }
}

/// Rules of the house that no other tool checks.
fn tidy() -> Result<()> {
    let root = root()?;
    let (mut wrong, mut threats) = (Vec::new(), BTreeSet::new());
    for folder in ["crates", "benches", "xtask", "fuzz", "examples", "guests"] {
        for entry in walkdir::WalkDir::new(root.join(folder)).into_iter().filter_map(Result::ok) {
            let path = entry.path();
            if path.extension().is_some_and(|extension| extension == "rs")
                && !path.components().any(|part| part.as_os_str() == "target")
            {
                let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
                wrong.extend(untidy(path, &text));
                if folder == "crates" {
                    threats.extend(threats::tested(&text));
                }
            }
        }
    }
    wrong.extend(threats::check(&root, &threats)?);
    if wrong.is_empty() { Ok(()) } else { bail!("untidy:\n{}", wrong.join("\n")) }
}

fn untidy(path: &Path, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let lines = text.lines().count();
    if lines > MAX_LINES {
        wrong.push(format!("{}: {lines} lines, at most {MAX_LINES}", path.display()));
    }
    if path.file_name().is_some_and(|name| name == "mod.rs") {
        wrong.push(format!("{}: write `foo.rs` beside `foo/`", path.display()));
    }
    // What guests link is inside of the sandbox, whatever it does.
    let guests = ["wasm-sandbox-guest", "wasm-sandbox-guest-macros"];
    let may_be_unsafe = ["jail", "image", "image.rs", "wasmtime.rs", "xtask", guests[0], guests[1]];
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    if text.contains(concat!("(unsafe", "_code")) && !parts.iter().any(|part| may_be_unsafe.contains(&part.as_str())) {
        wrong.push(format!("{}: `unsafe` has its places, and this is none of them", path.display()));
    }
    wrong
}

fn root() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().map(Path::to_owned).context("the workspace is above this crate")
}
