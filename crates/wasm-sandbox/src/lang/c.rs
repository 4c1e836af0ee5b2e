//! C and C++: one file, with the files beside it that it includes, becomes a program, a library or both. Compiler and
//! linker run in the jail; the standard libraries are built once, from the compiler's own package, and only read afterwards.

mod describe;
mod headers;

use std::{ffi::OsString, fs, path::Path};

use wasm_sandbox_policy::SandboxError;

use self::{describe::Object, headers::Headers};
use super::{
    file_name, through_cache,
    ziglang::{self, Sysroot, Zig},
};
use crate::{
    engine::cache::CacheKey,
    jail::work::WorkFolder,
    setup::{Diagnosis, Setup, fetch::Packaged},
    source::Language,
    value::Signatures,
};

/// What sources may include beside headers of their own.
const KIT: [(&str, &str); 3] = [
    ("wasm_sandbox.h", include_str!("../../../../guests/sdk/c/wasm_sandbox.h")),
    ("wasm_sandbox_http.h", include_str!("../../../../guests/sdk/c/wasm_sandbox_http.h")),
    ("wasm_sandbox_json.h", include_str!("../../../../guests/sdk/c/wasm_sandbox_json.h")),
];

/// Compiler flags, a part of the cache's key. Debug information says what functions take and give back; it is not kept. The
/// compiler of the package leaves assertions out where it optimises, as no other does.
const FLAGS: [&str; 9] = [
    "-c",
    "-O2",
    "-UNDEBUG",
    "-gdwarf-4",
    "-fno-color-diagnostics",
    "-ferror-limit=20",
    "-fdebug-compilation-dir=.",
    "-target",
    ziglang::TARGET,
];

/// Bytes of stack that a program of C or C++ has.
const STACK_BYTES: u32 = 512 << 10;

/// Compiles one file. `folder` is where headers are looked for.
pub(super) fn compile(
    language: Language,
    text: &str,
    name: &str,
    folder: Option<&Path>,
    setup: &Setup,
) -> Result<Vec<u8>, SandboxError> {
    let headers = Headers::of(text, folder)?;
    let version = Zig::pinned()?;
    let mut parts = vec![version.as_bytes(), language.name().as_bytes(), text.as_bytes()];
    parts.extend(KIT.map(|(_, header)| header.as_bytes()));
    parts.extend(FLAGS.map(str::as_bytes));
    parts.extend(headers.parts());
    let key = CacheKey::new("c guest 5", &parts);
    through_cache(setup, &key, || {
        let zig = Zig::fetch(setup)?;
        let sysroot = zig.sysroot(language, setup)?;
        let _telling = setup.tell(&format!("compiling {name}"));
        let kit = kit(setup)?;
        Build { language, zig: &zig, sysroot: &sysroot, kit: &kit, setup }.guest(text, name, &headers)
    })
}

/// One source on its way.
struct Build<'a> {
    language: Language,
    zig: &'a Zig,
    sysroot: &'a Sysroot,
    kit: &'a WorkFolder,
    setup: &'a Setup,
}

impl Build<'_> {
    fn guest(&self, text: &str, own: &str, headers: &Headers) -> Result<Vec<u8>, SandboxError> {
        let failed = |error: std::io::Error| SandboxError::internal("compiling", error);
        let work = self.setup.staging()?;
        let mut name = file_name(own, self.language);
        // One that it includes may have the name that it has here.
        while name != own && headers.has(&name) {
            name = format!("source-{name}");
        }
        headers.write(work.path()).map_err(failed)?;
        fs::write(work.path().join(&name), text).map_err(failed)?;
        self.run(work.path(), &name, self.compiler(&name)).map_err(|error| about_embed(error, text, &name))?;
        let object = work.read(Path::new("guest.o"), super::MAX_BYTES).map_err(failed)?;
        let mut object = Object::read(&object).map_err(|reason| self.compilation(reason))?;
        self.run(work.path(), &name, self.linker(&object))?;
        let guest = work.read(Path::new("guest.wasm"), super::MAX_BYTES).map_err(failed)?;
        let described = Signatures::described_in(&object.described)?;
        object.leave_to_the_source(&described, &guest).map_err(|reason| self.compilation(reason))?;
        Signatures::append_section(&guest, object.functions, object.left_out)
    }

    fn compiler(&self, name: &str) -> Vec<OsString> {
        let front = if self.language == Language::Cpp { "c++" } else { "cc" };
        let mut arguments: Vec<OsString> = [front].iter().chain(&FLAGS).map(OsString::from).collect();
        if self.language == Language::Cpp {
            arguments.extend(["-fno-exceptions", "-std=c++20"].map(OsString::from));
        }
        arguments.extend(["-isystem".into(), self.kit.path().into()]);
        arguments.extend([name.into(), "-o".into(), "guest.o".into()]);
        arguments
    }

    fn linker(&self, object: &Object) -> Vec<OsString> {
        let (entry, start) =
            if object.program { ("_start", "crt1-command.o") } else { ("_initialize", "crt1-reactor.o") };
        let stack = format!("stack-size={STACK_BYTES}");
        let mut arguments: Vec<OsString> = [
            "wasm-ld",
            "--export-memory",
            "--stack-first",
            "--strip-debug",
            "--color-diagnostics=never",
            "-z",
            &stack,
            "--entry",
            entry,
        ]
        .map(OsString::from)
        .to_vec();
        arguments.extend(object.exports().map(|export| format!("--export={export}").into()));
        arguments.extend(["-o".into(), "guest.wasm".into(), self.sysroot.file(start), "guest.o".into()]);
        arguments.extend(self.sysroot.libraries());
        arguments
    }

    fn run(&self, work: &Path, name: &str, arguments: Vec<OsString>) -> Result<(), SandboxError> {
        self.zig.run(self.setup, work, &[self.sysroot.folder(), self.kit.path()], arguments)?.map_err(|said| {
            // The linker knows what was made of the source.
            self.compilation(said.replace("guest.o: ", &format!("{name}: ")))
        })
    }

    fn compilation(&self, diagnostics: String) -> SandboxError {
        SandboxError::Compilation { language: self.language.name().to_owned(), diagnostics }
    }
}

/// A folder with nothing but our headers, beside which nothing can be read.
fn kit(setup: &Setup) -> Result<WorkFolder, SandboxError> {
    let folder = setup.staging()?;
    let mut headers = KIT.into_iter();
    let written = headers.try_for_each(|(name, header)| fs::write(folder.path().join(name), header));
    written.map_err(|error| SandboxError::internal("writing a header", error))?;
    Ok(folder)
}

/// The compiler gets lost where an embedded file is missing, and all are: it has the source and what that includes, and nothing else.
fn about_embed(error: SandboxError, text: &str, name: &str) -> SandboxError {
    const LOST: &str = ".d': FileNotFound";
    let embed = |line: &str| line.trim_start().strip_prefix('#')?.trim_start().strip_prefix("embed").map(str::to_owned);
    let found = text.lines().zip(1..).find_map(|(line, number)| Some((number, embed(line)?)));
    match (error, found) {
        (SandboxError::Compilation { language, diagnostics }, Some((line, file))) if diagnostics.contains(LOST) => {
            let own = diagnostics.lines().filter(|line| !line.contains(LOST)).collect::<Vec<_>>().join("\n");
            let what = format!("{name}:{line}: error: the file `{}` cannot be embedded", file.trim());
            let remedy = "only headers and sources that lie beside a source are there for it; write the bytes as an array into a header";
            SandboxError::Compilation { language, diagnostics: format!("{own}\n{what}\n  = help: {remedy}") }
        }
        (error, _) => error,
    }
}

/// Fetches the compiler and builds the standard libraries, where that has not been done.
pub(crate) fn install(setup: &Setup) -> Result<(), SandboxError> {
    let zig = Zig::fetch(setup)?;
    for language in [Language::C, Language::Cpp] {
        zig.sysroot(language, setup)?;
    }
    Ok(())
}

/// What there is for the languages of this compiler.
pub(crate) fn diagnose(setup: &Setup) -> Diagnosis {
    match Zig::find(setup) {
        Ok(Some(zig)) if zig.has_sysroot(Language::C) => {
            Diagnosis::found("C, C++ and Zig", format!("zig {}", zig.version()))
        }
        _ => Diagnosis::missing("C, C++ and Zig", Zig::REMEDY),
    }
}
