//! `cargo xtask guests`: builds the interpreters that run inside the sandbox. What they come to is checked in, so that
//! they work with no toolchain; `--check` shows that it is what the sources build.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};

/// Bytes of the guest's stack in memory.
const STACK_BYTES: u32 = 8 << 20;

/// Builds every guest. With `check`, compares with what is checked in instead of replacing it.
pub(crate) fn guests(root: &Path, check: bool) -> Result<()> {
    let work = root.join("target/guests");
    let zig = zig(root, &work)?;
    let built = javascript(root, &work, &zig)?;
    keep(&built, &root.join("crates/wasm-sandbox/guests/javascript.wasm"), check)
}

fn keep(built: &Path, kept: &Path, check: bool) -> Result<()> {
    let bytes = fs::read(built).with_context(|| built.display().to_string())?;
    if !check {
        fs::create_dir_all(kept.parent().context("a file is in a folder")?)?;
        fs::write(kept, &bytes)?;
        eprintln!("{}: {} bytes", kept.display(), bytes.len());
        return Ok(());
    }
    let compiler = compiler_version()?;
    let readme = fs::read_to_string(kept.with_file_name("README.md"))?;
    if !readme.contains(&compiler) {
        eprintln!("{}: not compared, since it was not built by {compiler}", kept.display());
        return Ok(());
    }
    if fs::read(kept).with_context(|| kept.display().to_string())? != bytes {
        bail!("{} is not what the sources build: run `cargo xtask guests`", kept.display());
    }
    Ok(())
}

fn compiler_version() -> Result<String> {
    let output = Command::new("rustc").arg("--version").output()?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn javascript(root: &Path, work: &Path, zig: &Path) -> Result<PathBuf> {
    eprintln!("==> guest: javascript");
    let source = root.join("guests/javascript");
    let native = source.join("native");
    let fill =
        |text: &str| text.replace("{zig}", &zig.to_string_lossy()).replace("{native}", &native.to_string_lossy());
    let compiler = script(work, "cc", &fill(&fs::read_to_string(native.join("cc.sh"))?))?;
    let archiver = script(work, "ar", &format!("#!/bin/sh\nexec '{}' ar \"$@\"\n", zig.display()))?;
    let target = work.join("javascript");
    let status = Command::new("cargo")
        .args(["build", "--release", "--locked", "--target", "wasm32-wasip1"])
        .current_dir(&source)
        .env("CARGO_TARGET_DIR", &target)
        .env("CARGO_ENCODED_RUSTFLAGS", rust_flags(root)?.join("\u{1f}"))
        .env("RQUICKJS_SYS_NO_WASI_SDK", "1")
        .env("CC_wasm32_wasip1", compiler)
        .env("AR_wasm32_wasip1", archiver)
        .env("ZIG_GLOBAL_CACHE_DIR", work.join("zig-cache"))
        .status()?;
    if !status.success() {
        bail!("the JavaScript guest did not build");
    }
    Ok(target.join("wasm32-wasip1/release/javascript.wasm"))
}

/// No path of this machine may be found in a guest.
fn rust_flags(root: &Path) -> Result<Vec<String>> {
    let home = variable("CARGO_HOME")
        .map_or_else(|| PathBuf::from(variable("HOME").unwrap_or_default()).join(".cargo"), PathBuf::from);
    let sysroot = Command::new("rustc").args(["--print", "sysroot"]).current_dir(root).output()?;
    let sysroot = String::from_utf8(sysroot.stdout)?;
    let mut flags = vec![
        format!("--remap-path-prefix={}=/cargo", home.display()),
        format!("--remap-path-prefix={}=/rust", sysroot.trim()),
        format!("--remap-path-prefix={}=/source", root.display()),
        format!("-Clink-arg=-zstack-size={STACK_BYTES}"),
    ];
    // The folder of a registry is named after its host. Later prefixes go before earlier ones.
    for registry in fs::read_dir(home.join("registry/src"))?.filter_map(Result::ok) {
        flags.push(format!("--remap-path-prefix={}=/crates", registry.path().display()));
    }
    Ok(flags)
}

#[expect(clippy::disallowed_methods, reason = "a development task is a command line")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn script(work: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let path = work.join(name);
    fs::write(&path, text)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    Ok(path)
}

/// The C compiler, fetched through pip as `toolchains.toml` pins it.
fn zig(root: &Path, work: &Path) -> Result<PathBuf> {
    let pins: toml::Table = fs::read_to_string(root.join("crates/wasm-sandbox/toolchains.toml"))?.parse()?;
    let pin = pins.get("ziglang").context("no compiler is pinned")?;
    let version = pin.get("version").and_then(toml::Value::as_str).context("no version is pinned")?;
    let folder = work.join(format!("ziglang-{version}"));
    let zig = folder.join("ziglang/zig");
    if zig.exists() {
        return Ok(zig);
    }
    eprintln!("==> fetching the C compiler, ziglang {version}");
    let hashes = pin.get("sha256").and_then(toml::Value::as_array).context("no hash is pinned")?;
    let hashes: Vec<_> =
        hashes.iter().filter_map(toml::Value::as_str).map(|hash| format!("--hash=sha256:{hash}")).collect();
    fs::create_dir_all(work)?;
    let wanted = work.join("requirements.txt");
    fs::write(&wanted, format!("ziglang=={version} {}\n", hashes.join(" ")))?;
    let fresh = work.join("ziglang-new");
    let status = Command::new("python3")
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--require-hashes",
            "--only-binary=:all:",
        ])
        .arg("--target")
        .arg(&fresh)
        .arg("-r")
        .arg(&wanted)
        .status()?;
    if !status.success() {
        bail!("pip did not install ziglang {version}");
    }
    fs::rename(&fresh, &folder)?;
    Ok(zig)
}
