//! Modules: from the library, from texts that the host gave, and from files that the sandbox can read.

use std::{cell::RefCell, collections::BTreeMap};

use rquickjs::{
    Ctx, Error, Exception, Module, Result,
    loader::{ImportAttributes, Loader, Resolver},
    module::Declared,
};

use crate::{library, natives::Natives, request::quoted};

/// What is tried where a name has no such file.
const ENDINGS: [&str; 8] = [".js", ".mjs", ".ts", ".json", ".cjs", "/index.js", "/index.mjs", "/index.ts"];

thread_local! {
    /// Texts that stand for files, by path.
    static TEXTS: RefCell<BTreeMap<String, String>> = const { RefCell::new(BTreeMap::new()) };
}

/// From here on these texts stand for the files of their names.
pub(crate) fn provide(texts: BTreeMap<String, String>) {
    TEXTS.with_borrow_mut(|known| known.extend(texts.into_iter().map(|(path, text)| (absolute(&path), text))));
}

/// Finds out what a name means in a file.
pub(crate) struct Names;

impl Resolver for Names {
    fn resolve<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        base: &str,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<String> {
        resolve(ctx, base, name)
    }
}

/// Reads modules.
pub(crate) struct Files;

impl Loader for Files {
    fn load<'js>(
        &mut self,
        ctx: &Ctx<'js>,
        name: &str,
        _: Option<ImportAttributes<'js>>,
    ) -> Result<Module<'js, Declared>> {
        if name == library::NATIVE {
            return Module::declare_def::<Natives, _>(ctx.clone(), name);
        }
        if let Some(text) = library::text(name) {
            return Module::declare(ctx.clone(), name, text);
        }
        let text = read(ctx, name)?;
        declare(ctx, name, text)
    }
}

/// Makes a module of a text, of whatever kind its name says.
pub(crate) fn declare<'js>(ctx: &Ctx<'js>, name: &str, text: String) -> Result<Module<'js, Declared>> {
    let text = if name.ends_with(".json") {
        format!("export default JSON.parse({});", quoted(&text))
    } else if is_common(name, &text) {
        format!("const exports = globalThis.require({});\nexport default exports;", quoted(&absolute(name)))
    } else {
        text
    };
    let module = Module::declare(ctx.clone(), name, text)?;
    let meta = module.meta()?;
    let path = absolute(name);
    meta.set("dirname", folder(&path))?;
    meta.set("filename", path.as_str())?;
    meta.set("url", format!("file://{path}"))?;
    Ok(module)
}

/// Whether a text is written as a CommonJS module: it uses what only those have, and neither imports nor exports.
pub(crate) fn is_common(name: &str, text: &str) -> bool {
    if name.ends_with(".mjs") || name.ends_with(".mts") {
        return false;
    }
    if name.ends_with(".cjs") {
        return true;
    }
    let uses =
        ["require(", "module.exports", "exports.", "__dirname", "__filename"].iter().any(|mark| text.contains(mark));
    uses && !text.lines().any(is_module_line)
}

fn is_module_line(line: &str) -> bool {
    let line = line.trim_start();
    let import = line.strip_prefix("import").is_some_and(|rest| rest.starts_with([' ', '{', '"', '\'', '*']));
    let export = line.strip_prefix("export").is_some_and(|rest| rest.starts_with([' ', '{', '*']));
    import || export
}

/// The full name of what `name` means in `base`.
pub(crate) fn resolve(ctx: &Ctx<'_>, base: &str, name: &str) -> Result<String> {
    if let Some(known) = library::public(name) {
        return Ok(known.to_owned());
    }
    if library::is_internal(base) && name.starts_with("internal:") {
        return Ok(name.to_owned());
    }
    let path = match name.strip_prefix("file://") {
        Some(path) => normal(path),
        None if name.starts_with('/') => normal(name),
        None if name.starts_with("./") || name.starts_with("../") || name == "." || name == ".." => {
            join(folder(base), name)
        }
        None => return Err(not_found(ctx, &format!("Cannot find package '{name}'"), base)),
    };
    find(&path).ok_or_else(|| not_found(ctx, &format!("Cannot find module '{name}'"), base))
}

/// The file that is meant by a path, which may leave out the ending.
fn find(path: &str) -> Option<String> {
    if is_file(path) {
        return Some(path.to_owned());
    }
    // TypeScript programs name the file that will be there once they are translated.
    if let Some(stem) = path.strip_suffix(".js").map(|stem| format!("{stem}.ts")).filter(|path| is_file(path)) {
        return Some(stem);
    }
    ENDINGS.iter().map(|ending| format!("{path}{ending}")).find(|path| is_file(path))
}

fn is_file(path: &str) -> bool {
    TEXTS.with_borrow(|texts| texts.contains_key(&absolute(path)))
        || std::fs::metadata(path).is_ok_and(|found| found.is_file())
}

/// The text of a module's file.
pub(crate) fn read(ctx: &Ctx<'_>, path: &str) -> Result<String> {
    if let Some(text) = TEXTS.with_borrow(|texts| texts.get(&absolute(path)).cloned()) {
        return Ok(text);
    }
    if path.ends_with(".ts") || path.ends_with(".mts") || path.ends_with(".cts") {
        let message = format!("cannot import `{path}`: it was not translated from TypeScript");
        return Err(coded(ctx, &message, "ERR_UNKNOWN_FILE_EXTENSION"));
    }
    match std::fs::read(path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) => Err(coded(ctx, &format!("cannot read module `{path}`: {error}"), "ERR_MODULE_NOT_FOUND")),
    }
}

fn not_found(ctx: &Ctx<'_>, what: &str, base: &str) -> Error {
    coded(ctx, &format!("{what} imported from {base}"), "ERR_MODULE_NOT_FOUND")
}

/// Throws an error with a code, as Node's are.
pub(crate) fn coded(ctx: &Ctx<'_>, message: &str, code: &str) -> Error {
    let made = Exception::from_message(ctx.clone(), message).and_then(|error| {
        error.as_object().set("code", code)?;
        Ok(error)
    });
    made.map_or_else(|error| error, Exception::throw)
}

/// The folder that a file is in.
pub(crate) fn folder(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) => "/",
        Some(at) => path.get(..at).unwrap_or_default(),
        None => "",
    }
}

/// A path from the root: names of programs may be relative to it.
pub(crate) fn absolute(path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { join("/", path) }
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { normal(name) } else { normal(&format!("{folder}/{name}")) }
}

/// Without `.`, `..` and doubled slashes.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if part != ".." {
            parts.push(part);
        } else if parts.last().is_none_or(|last| *last == "..") && !path.starts_with('/') {
            parts.push(part);
        } else {
            parts.pop();
        }
    }
    let joined = parts.join("/");
    if path.starts_with('/') { format!("/{joined}") } else { joined }
}
