//! Modules: from the library, and from files that the sandbox can read.

use std::{cell::RefCell, collections::BTreeMap};

use rquickjs::{
    Ctx, Error, Exception, Function as Callable, Module, Result, Value,
    loader::{ImportAttributes, Loader, Resolver},
    module::Declared,
};

use crate::{
    library,
    natives::Natives,
    request::quoted,
    typescript::{self, Function, Positions, Problem, Translated},
};

/// What is tried where a name has no such file.
const ENDINGS: [&str; 10] =
    [".js", ".mjs", ".ts", ".mts", ".json", ".cjs", ".cts", "/index.js", "/index.mjs", "/index.ts"];

/// What makes a module of a text, wherever it stands in a line.
const MODERN: [&str; 10] = [
    "await", "import.meta", "import ", "import{", "import*", "import\"", "import'", "export ", "export{", "export*",
];

/// Modules of Node's that have nothing to work with.
const MISSING: [&str; 11] =
    ["child_process", "cluster", "dgram", "dns", "http", "http2", "https", "inspector", "net", "tls", "worker_threads"];

/// Endings of files that programs in TypeScript import as if they were translated already.
const TRANSLATED: [(&str, &str); 3] = [(".js", ".ts"), (".mjs", ".mts"), (".cjs", ".cts")];

thread_local! {
    /// Where the lines of texts that were translated come from, by the names that the engine knows them by.
    static POSITIONS: RefCell<BTreeMap<String, Positions>> = const { RefCell::new(BTreeMap::new()) };
    /// Where programs' relative paths begin: the host's word.
    static FOLDER: RefCell<String> = const { RefCell::new(String::new()) };
    /// The program's own, which goes before it.
    static CHANGED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Relative paths begin in this folder from now on, if the program has not changed it.
pub(crate) fn enter(folder: &str) {
    FOLDER.with_borrow_mut(|known| folder.clone_into(known));
}

/// The program changes it, to a folder that is there.
pub(crate) fn change_folder(folder: String) {
    CHANGED.set(Some(folder));
}

/// Where relative paths begin.
pub(crate) fn working_folder() -> String {
    let given = || FOLDER.with_borrow(|folder| if folder.is_empty() { "/".to_owned() } else { folder.clone() });
    CHANGED.with_borrow(Clone::clone).unwrap_or_else(given)
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
    let path = absolute(file_of(name));
    let text = if path.ends_with(".json") {
        format!("export default JSON.parse({});", quoted(&text))
    } else if is_common(&path, &text) {
        around_common(ctx, &path)?
    } else {
        text
    };
    let module = Module::declare(ctx.clone(), name, text)?;
    let meta = module.meta()?;
    meta.set("dirname", folder(&path))?;
    meta.set("filename", path.as_str())?;
    meta.set("url", format!("file://{path}"))?;
    Ok(module)
}

/// A module around a CommonJS module, which runs now: what it exports is known only then.
fn around_common(ctx: &Ctx<'_>, path: &str) -> Result<String> {
    let exports: Value<'_> = ctx.globals().get::<_, Callable<'_>>("require")?.call((path,))?;
    let mut text = format!("const exports = globalThis.require({});\nexport default exports;\n", quoted(path));
    let Some(exports) = exports.as_object() else { return Ok(text) };
    for (number, name) in exports.keys::<String>().enumerate() {
        let name = name?;
        if name != "default" {
            let name = quoted(&name);
            text += &format!("const e{number} = exports[{name}];\nexport {{ e{number} as {name} }};\n");
        }
    }
    Ok(text)
}

/// Whether a text is a CommonJS module: it neither imports nor exports, and either waits for nothing or uses what only those
/// have. As elsewhere, such a text is not strict unless it says so.
pub(crate) fn is_common(name: &str, text: &str) -> bool {
    if name.ends_with(".mjs") || name.ends_with(".mts") {
        return false;
    }
    if name.ends_with(".cjs") {
        return true;
    }
    let uses =
        ["require(", "module.exports", "exports.", "__dirname", "__filename"].iter().any(|mark| text.contains(mark));
    let modern = MODERN.iter().any(|mark| text.contains(mark));
    (uses || !modern) && !text.lines().any(is_module_line)
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
            join(&folder_of(base), name)
        }
        None if MISSING.contains(&name.strip_prefix("node:").unwrap_or(name)) => {
            let why = "is not there: this sandbox has no network, no processes and no threads";
            return Err(coded(ctx, &format!("Module '{name}' {why}"), "ERR_UNKNOWN_BUILTIN_MODULE"));
        }
        None => return Err(not_found(ctx, &format!("Cannot find package '{name}'"), base)),
    };
    let file = file_of(&path);
    let query = path.get(file.len()..).unwrap_or_default();
    if let Some(found) = find(file) {
        return Ok(format!("{found}{query}"));
    }
    // Looking is not told on; what is asked for and is not granted should be.
    drop(std::fs::File::open(file));
    Err(not_found(ctx, &format!("Cannot find module '{name}'"), base))
}

/// Where names that a file uses begin. A turn, `<turn 1>`, is no file: its names begin where its other paths do.
fn folder_of(base: &str) -> String {
    if base.starts_with('<') { working_folder() } else { folder(base).to_owned() }
}

/// The file of a module: `./a.js?2` is a module of its own with the text that `./a.js` has now.
fn file_of(name: &str) -> &str {
    name.split_once('?').map_or(name, |(file, _)| file)
}

/// The file that is meant by a path, which may leave out the ending.
fn find(path: &str) -> Option<String> {
    if is_file(path) {
        return Some(path.to_owned());
    }
    if ENDINGS.iter().any(|ending| path.ends_with(ending)) {
        return translated_from(path);
    }
    ENDINGS.iter().map(|ending| format!("{path}{ending}")).find(|path| is_file(path))
}

fn translated_from(path: &str) -> Option<String> {
    let mut translated = TRANSLATED.iter().filter_map(|(to, from)| Some(format!("{}{from}", path.strip_suffix(to)?)));
    translated.find(|path| is_file(path))
}

fn is_file(path: &str) -> bool {
    std::fs::metadata(path).is_ok_and(|found| found.is_file())
}

/// The text of a module's file, in JavaScript.
pub(crate) fn read(ctx: &Ctx<'_>, name: &str) -> Result<String> {
    let path = file_of(name);
    let text = match std::fs::read(path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => return Err(coded(ctx, &format!("cannot read module `{path}`: {error}"), "ERR_MODULE_NOT_FOUND")),
    };
    if !typescript::is_typescript(path) {
        return Ok(text);
    }
    translate(ctx, name, &text).map(|(code, _)| code)
}

/// A text of TypeScript in JavaScript, with the types of its functions. Errors in what comes of it will name the text's own
/// lines.
pub(crate) fn translate(ctx: &Ctx<'_>, name: &str, text: &str) -> Result<(String, BTreeMap<String, Function>)> {
    match typescript::translate(text) {
        Ok(Translated { code, positions, functions }) => {
            POSITIONS.with_borrow_mut(|known| known.insert(name.to_owned(), positions));
            Ok((code, functions))
        }
        Err(problem) => Err(syntax_error(ctx, name, &problem)),
    }
}

/// Where the user's text has what the engine found at this place.
pub(crate) fn original(name: &str, line: u32, column: u32) -> Option<(u32, u32)> {
    POSITIONS.with_borrow(|known| known.get(name).and_then(|positions| positions.original(line, column)))
}

/// Throws what is wrong with a text, where it is.
pub(crate) fn syntax_error(ctx: &Ctx<'_>, name: &str, problem: &Problem) -> Error {
    let thrown = Exception::throw_syntax(ctx, &problem.message);
    let error = ctx.catch();
    let stack = format!("    at {name}:{}:{}", problem.line, problem.column);
    match error.as_object().map(|error| error.set("stack", stack)) {
        Some(Ok(())) => ctx.throw(error),
        _ => thrown,
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
