//! `install` and `uninstall`: a program in a sandbox as a command, with a policy that stays as it is.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write},
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    },
    path::{Path, PathBuf},
    process::ExitCode,
};

use wasm_sandbox::{
    ConfigProblem, ErrorCode, GuestKind, InstanceConfig, Module, MountAccess, MountConfig, Plain, ProjectGuest,
    SandboxError, Setup, blocking::WasmSandbox,
};

use super::machine;
use crate::{
    options::{InstallOptions, Verbosity},
    output::Failure,
    project::{Project, is_own},
    report,
};

/// What keeps the policy, in a tool's folder.
const POLICY: &str = "policy.toml";

/// What keeps the path of the wrapper, in a tool's folder.
const WRAPPER: &str = "wrapper";

pub(crate) fn install(options: &InstallOptions, verbosity: Verbosity) -> Result<ExitCode, Failure> {
    let project = Project::named(options.file.as_deref(), &options.policy)?;
    project.is_used_as(GuestKind::Cli)?;
    let tool = Tool::wanted(options.name.as_deref(), &project)?;
    let here = std::path::absolute(".").map_err(|error| SandboxError::internal("finding the current folder", error))?;
    let policy = project.policy(&options.policy, verbosity)?.counted_from(&here);
    // As they are now: what the guest may write must lead nowhere else later.
    let policy = policy.with_host_paths(crate::project::resolved);
    let setup = machine::here(verbosity);
    let builder = WasmSandbox::builder().setup(setup.clone()).source(project.source()).config(policy.clone());
    let sandbox = options.image.apply(builder).build_blocking()?;
    let guest = Guest::of(sandbox.module()?, &tool, project.source())?;
    let bin = bin_dir(options.bin_dir.as_deref())?;
    tool.is_out_of_reach(&policy, &bin, &setup)?;
    let wrapper = bin.join(&tool.name);
    if !options.force && !tool.owns(&wrapper) && fs::symlink_metadata(&wrapper).is_ok() {
        return Err(taken(&wrapper).into());
    }
    tool.keep(&guest, &policy, &wrapper)?;
    tool.write_wrapper(&wrapper, &guest, options.image.image.as_deref())?;
    if verbosity >= Verbosity::Normal {
        report::note(&format!("installed `{}`", wrapper.display()));
        if !is_on_path(&bin) {
            report::note(&format!("`{}` is not on your PATH, so the shell does not find it there", bin.display()));
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn uninstall(name: &str, verbosity: Verbosity) -> Result<ExitCode, Failure> {
    let tool = Tool::named(name)?;
    if !tool.folder.is_dir() {
        return Ok(report::error(&format!("no command `{name}` is installed"), ErrorCode::FileNotFound));
    }
    tool.remove_wrapper(None)?;
    fs::remove_dir_all(&tool.folder).map_err(|error| failed("removing", &tool.folder, error))?;
    if verbosity >= Verbosity::Normal {
        report::note(&format!("removed the command `{name}`"));
    }
    Ok(ExitCode::SUCCESS)
}

/// A command that is or will be installed.
struct Tool {
    name: String,
    /// Where its guest and its policy are kept.
    folder: PathBuf,
}

/// A guest as it is kept.
struct Guest {
    file: String,
    bytes: Vec<u8>,
}

impl Tool {
    /// A tool of the name that the user gives, or else of the project's own, which must not come before another command:
    /// who wrote the project does not say what `git` is.
    fn wanted(given: Option<&str>, project: &Project) -> Result<Self, SandboxError> {
        if let Some(name) = given {
            return Self::named(name);
        }
        let name = project.guest().and_then(|guest| guest.name.as_deref());
        let tool = Self::named(name.ok_or_else(no_name)?)?;
        let mut named = search_path().into_iter().map(|folder| folder.join(&tool.name));
        match named.find(|path| is_command(path) && !tool.owns(path)) {
            None => Ok(tool),
            Some(command) => {
                let message = format!(
                    "the project calls itself `{}`, which is a command on your PATH already: `{}`",
                    tool.name,
                    Plain::line(&command.display().to_string())
                );
                Err(problem("--name", message, "pass `--name` with the name that you want it to have"))
            }
        }
    }

    fn named(name: &str) -> Result<Self, SandboxError> {
        if !ProjectGuest::is_name(name) || name == "wasm-sandbox" {
            let message = format!("`{}` is no name for a tool", Plain::line(name));
            let remedy =
                "use up to 64 letters, digits, `-` and `_`, the first no `-`, and not the name of this program";
            return Err(problem("--name", message, remedy));
        }
        Ok(Self { name: name.to_owned(), folder: tools_dir()?.join(name) })
    }

    /// Refuses a policy under which the guest could change what runs it.
    fn is_out_of_reach(&self, policy: &InstanceConfig, bin: &Path, setup: &Setup) -> Result<(), SandboxError> {
        let program = program()?;
        // Code that was compiled is in the cache, and what compiles it.
        let cache = setup.cache_path().unwrap_or(&self.folder);
        let parts = [self.folder.as_path(), bin, program.parent().unwrap_or(&program), cache];
        for mount in &policy.capabilities.filesystem.mounts {
            let MountConfig::Host { host, access: MountAccess::Write, .. } = mount else { continue };
            let host = resolved(host);
            let reached =
                parts.iter().map(|part| resolved(part)).find(|part| part.starts_with(&host) || host.starts_with(part));
            if let Some(part) = reached {
                let message = format!(
                    "the guest may write `{}`, and could change what it runs as: `{}`",
                    Plain::line(&host.display().to_string()),
                    Plain::line(&part.display().to_string())
                );
                return Err(problem("capabilities.filesystem.mounts", message, "let it write a folder of its own"));
            }
        }
        Ok(())
    }

    /// Whether this is a wrapper of this very tool.
    fn owns(&self, wrapper: &Path) -> bool {
        let is_file = fs::symlink_metadata(wrapper).is_ok_and(|metadata| metadata.is_file());
        is_file && fs::read_to_string(wrapper).is_ok_and(|text| text.lines().nth(1) == Some(&self.mark()))
    }

    fn mark(&self) -> String {
        format!("# Made by wasm-sandbox; `wasm-sandbox uninstall {}` removes it.", self.name)
    }

    /// Keeps guest and policy, in place of what an earlier installation kept.
    fn keep(&self, guest: &Guest, policy: &InstanceConfig, wrapper: &Path) -> Result<(), SandboxError> {
        let parent = self.folder.parent().unwrap_or(&self.folder);
        make_private(parent)?;
        let trusted = fs::symlink_metadata(parent).map_err(|error| failed("reading", parent, error))?;
        if !is_own(&trusted) {
            return Err(SandboxError::Unenforceable {
                what: format!("that nobody else changes the tools in `{}`", parent.display()),
                reason: "it belongs to another user, or is writable by others".to_owned(),
            });
        }
        self.remove_wrapper(Some(wrapper))?;
        let next = parent.join(format!(".{}.{}", self.name, std::process::id()));
        make_private(&next)?;
        write(&next.join(&guest.file), &guest.bytes, 0o600)?;
        write(&next.join(POLICY), policy.to_toml()?.as_bytes(), 0o600)?;
        write(&next.join(WRAPPER), wrapper.as_os_str().as_bytes(), 0o600)?;
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(failed("removing", &self.folder, error));
            }
            _ => {}
        }
        fs::rename(&next, &self.folder).map_err(|error| failed("writing", &self.folder, error))
    }

    /// Removes the wrapper of an earlier installation, unless it is where the next one will be.
    fn remove_wrapper(&self, next: Option<&Path>) -> Result<(), SandboxError> {
        let Ok(earlier) = fs::read(self.folder.join(WRAPPER)) else { return Ok(()) };
        let earlier = PathBuf::from(OsString::from_vec(earlier));
        if next != Some(&earlier) && self.owns(&earlier) {
            fs::remove_file(&earlier).map_err(|error| failed("removing", &earlier, error))?;
        }
        Ok(())
    }

    /// Writes the wrapper whole or not at all.
    fn write_wrapper(&self, wrapper: &Path, guest: &Guest, image: Option<&str>) -> Result<(), SandboxError> {
        let (bin, program) = (wrapper.parent().unwrap_or(wrapper), program()?);
        fs::create_dir_all(bin).map_err(|error| failed("making", bin, error))?;
        let mut text = format!("#!/bin/sh\n{}\nexec ", self.mark()).into_bytes();
        let (guest, policy) = (self.folder.join(&guest.file), self.folder.join(POLICY));
        let mut words = vec![program.as_os_str(), "run".as_ref(), guest.as_os_str()];
        words.extend(["--policy".as_ref(), policy.as_os_str()]);
        words.extend(image.into_iter().flat_map(|image| [OsStr::new("--image"), image.as_ref()]));
        words.iter().for_each(|word| text.extend([quoted(word), b" ".to_vec()].concat()));
        text.extend(b"-- \"$@\"\n");
        let next = bin.join(format!(".{}.{}", self.name, std::process::id()));
        write(&next, &text, 0o755)?;
        fs::rename(&next, wrapper).map_err(|error| failed("writing", wrapper, error))
    }
}

impl Guest {
    /// The module, or the script as it is.
    fn of(module: &Module, tool: &Tool, source: &Path) -> Result<Self, SandboxError> {
        module.check_program()?;
        if let Some(wasm) = module.wasm() {
            return Ok(Self { file: format!("{}.wasm", tool.name), bytes: wasm.to_vec() });
        }
        let ending = source.extension().and_then(OsStr::to_str).unwrap_or_default();
        let bytes = fs::read(source).map_err(|error| failed("reading", source, error))?;
        Ok(Self { file: format!("{}.{ending}", tool.name), bytes })
    }
}

/// A word as the shell reads it, whatever is in it.
fn quoted(word: &OsStr) -> Vec<u8> {
    let escaped = word.as_bytes().iter().flat_map(|byte| match byte {
        b'\'' => b"'\\''".to_vec(),
        byte => vec![*byte],
    });
    std::iter::once(b'\'').chain(escaped).chain([b'\'']).collect()
}

fn make_private(folder: &Path) -> Result<(), SandboxError> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| failed("making", folder, error))
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), SandboxError> {
    let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
    file.and_then(|mut file| file.write_all(bytes)).map_err(|error| failed("writing", path, error))
}

/// Where a path leads; of one that is not there yet, as far as it is.
fn resolved(path: &Path) -> PathBuf {
    match (path.canonicalize(), path.parent(), path.file_name()) {
        (Ok(path), ..) => path,
        (Err(_), Some(parent), Some(name)) => resolved(parent).join(name),
        _ => path.to_owned(),
    }
}

fn program() -> Result<PathBuf, SandboxError> {
    std::env::current_exe().map_err(|error| SandboxError::internal("finding this program", error))
}

fn tools_dir() -> Result<PathBuf, SandboxError> {
    let data = variable("XDG_DATA_HOME").or_else(|| Some(variable("HOME")?.join(".local/share")));
    let data = data.ok_or_else(|| problem("HOME", "there is no folder to keep tools in".to_owned(), "set HOME"))?;
    Ok(data.join("wasm-sandbox/tools"))
}

fn bin_dir(named: Option<&Path>) -> Result<PathBuf, SandboxError> {
    let named = named.map(Path::to_owned).or_else(|| variable("XDG_BIN_HOME"));
    let bin = named.or_else(|| Some(variable("HOME")?.join(".local/bin")));
    let bin = bin.ok_or_else(|| problem("HOME", "there is no folder for commands".to_owned(), "give `--bin-dir`"))?;
    std::path::absolute(&bin).map_err(|error| failed("finding", &bin, error))
}

/// A variable that names a folder, whole.
#[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
}

fn is_on_path(bin: &Path) -> bool {
    search_path().iter().any(|folder| resolved(folder) == resolved(bin))
}

/// Whether the shell would run it.
fn is_command(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.is_file() && found.mode() & 0o111 != 0)
}

#[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read")]
fn search_path() -> Vec<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect()
}

fn no_name() -> SandboxError {
    problem("--name", "the tool has no name".to_owned(), "give one, here or as `name` in `wasm-sandbox.toml`")
}

fn taken(wrapper: &Path) -> SandboxError {
    let message = format!("`{}` is there, and no tool of this name", Plain::line(&wrapper.display().to_string()));
    problem("--name", message, "use another name, or `--force` to overwrite it")
}

fn problem(field: &str, message: String, remedy: &str) -> SandboxError {
    SandboxError::Configuration { problems: vec![ConfigProblem::new(field, message).suggest(remedy)] }
}

fn failed(act: &str, path: &Path, error: io::Error) -> SandboxError {
    SandboxError::internal(format!("{act} `{}`", path.display()), error)
}
