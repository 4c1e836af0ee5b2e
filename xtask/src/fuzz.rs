//! `cargo xtask fuzz`: every target in `fuzz/` for a while, as many at a time as there are processors.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
    thread,
};

use anyhow::{Context, Result, bail, ensure};

/// What libFuzzer needs of the compiler: counters on every edge and the operands of every comparison. All of it is on stable.
const COVERAGE: &str = "-Dwarnings --cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Seconds for one target where none are named.
const SECONDS: u64 = 10;

/// Runs the targets named in `arguments`, or all of them, for `--seconds N` each.
pub(crate) fn run(root: &Path, arguments: &[String]) -> Result<()> {
    let (seconds, named) = parse(arguments)?;
    let folder = root.join("fuzz");
    let known = targets(&folder)?;
    if let Some(unknown) = named.iter().find(|name| !known.contains(name)) {
        bail!("there is no fuzz target `{unknown}`, only {}", known.join(", "));
    }
    let binaries = build(&folder)?;
    let waiting = Mutex::new(if named.is_empty() { known } else { named });
    let failed = Mutex::new(Vec::new());
    let worker = || {
        while let Some(target) = next(&waiting) {
            if let Err(error) = fuzz(&folder, &binaries, &target, seconds) {
                failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(format!("{target}: {error:#}"));
            }
        }
    };
    let processors = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| (0..processors).for_each(|_| drop(scope.spawn(worker))));
    let failed = failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    ensure!(failed.is_empty(), "fuzzing found something\n{}", failed.join("\n"));
    Ok(())
}

fn next(waiting: &Mutex<Vec<String>>) -> Option<String> {
    waiting.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop()
}

fn parse(arguments: &[String]) -> Result<(u64, Vec<String>)> {
    let (mut seconds, mut named) = (SECONDS, Vec::new());
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--seconds" => seconds = arguments.next().context("`--seconds` needs a number")?.parse()?,
            option if option.starts_with('-') => bail!("usage: cargo xtask fuzz [--seconds N] [TARGET...]"),
            target => named.push(target.to_owned()),
        }
    }
    Ok((seconds, named))
}

/// The targets: one file each.
fn targets(folder: &Path) -> Result<Vec<String>> {
    let files = fs::read_dir(folder.join("fuzz_targets"))?.collect::<std::io::Result<Vec<_>>>()?;
    let mut names: Vec<String> =
        files.iter().filter_map(|file| Some(file.path().file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    ensure!(!names.is_empty(), "there are no fuzz targets");
    Ok(names)
}

/// Builds all targets with coverage and gives back the folder they are in.
fn build(folder: &Path) -> Result<PathBuf> {
    let version = Command::new("rustc").arg("-vV").output()?;
    let text = String::from_utf8(version.stdout)?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: ")).context("rustc names no host")?;
    let target = folder.join("target");
    eprintln!("==> fuzz targets: cargo build (needs a C++ compiler for libFuzzer)");
    // Naming the target keeps build scripts and macros free of coverage.
    let status = Command::new("cargo")
        .args(["build", "--release", "--target", host])
        .env("RUSTFLAGS", COVERAGE)
        .env("CARGO_TARGET_DIR", &target)
        .current_dir(folder)
        .status()?;
    ensure!(status.success(), "building the fuzz targets failed");
    Ok(target.join(host).join("release"))
}

fn fuzz(folder: &Path, binaries: &Path, target: &str, seconds: u64) -> Result<()> {
    let [corpus, artifacts] = ["corpus", "artifacts"].map(|name| folder.join(name).join(target));
    // In memory where there is such a place: a guest may ask for its files to be on the disk, which takes milliseconds.
    let memory = Some(Path::new("/dev/shm")).filter(|memory| memory.is_dir());
    let temporary = memory.unwrap_or(&folder.join("target")).join(format!("fuzz-{target}-{}", std::process::id()));
    for directory in [&corpus, &artifacts, &temporary] {
        fs::create_dir_all(directory)?;
    }
    let seeds = Some(folder.join("seeds").join(target)).filter(|seeds| seeds.is_dir());
    let output = Command::new(binaries.join(target))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .args(["-timeout=10", "-rss_limit_mb=2048", "-max_len=4096", "-len_control=20", "-print_final_stats=1"])
        .arg(&corpus)
        .args(seeds)
        .env("TMPDIR", &temporary)
        .output()?;
    fs::remove_dir_all(&temporary)?;
    let log = String::from_utf8_lossy(&output.stderr);
    let inputs = log.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    let inputs: u64 = inputs.and_then(|inputs| inputs.trim().parse().ok()).unwrap_or(0);
    eprintln!("    {target}: {inputs} inputs");
    let tail: Vec<&str> = log.lines().rev().take(60).collect();
    let tail: Vec<&str> = tail.into_iter().rev().collect();
    ensure!(output.status.success(), "{}\n{}", output.status, tail.join("\n"));
    ensure!(inputs > 0, "it ran no input at all\n{}", tail.join("\n"));
    Ok(())
}
