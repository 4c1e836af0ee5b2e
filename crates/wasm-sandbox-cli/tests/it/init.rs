//! Projects that `init` writes: each does what its README says.

use std::{fs, path::Path};

use crate::{
    Shell,
    documents::{blocks, commands, shell as typed},
    text,
};

/// Writes a project and types what its README shows. The tests of a project can fail, which they do once `broken` is done to it.
fn check(language: &str, kind: &str, broken: (&str, &str, &str)) {
    let shell = Shell::new();
    let output = shell.run(&["init", "--lang", language, "--kind", kind, "My words"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let project = shell.folder.path().join("My words");
    let readme = fs::read_to_string(project.join("README.md")).unwrap();
    assert!(readme.starts_with("# my-words\n") && !readme.contains('{'), "{readme}");
    let blocks = blocks(&readme);
    let shown: Vec<_> = blocks.iter().flat_map(commands).collect();
    assert_eq!(shown.len(), 2, "{readme}");
    for shown in &shown {
        // The first time says what takes long.
        typed(shown.command, &project);
        let (found, success) = typed(shown.command, &project);
        assert!(success, "{language} {kind}: `{}`: {found}", shown.command);
        if !shown.output.is_empty() {
            assert_eq!(found.lines().collect::<Vec<_>>(), shown.output, "{language} {kind}");
        }
    }
    let (file, right, wrong) = broken;
    replace(&project.join(file), right, wrong);
    let (found, success) = typed(shown[1].command, &project);
    assert!(!success, "{language} {kind}: {found}");
}

fn replace(file: &Path, right: &str, wrong: &str) {
    let source = fs::read_to_string(file).unwrap();
    assert!(source.contains(right), "{source}");
    fs::write(file, source.replace(right, wrong)).unwrap();
}

#[test]
fn python_projects_work_at_once() {
    check("python", "cli", ("words.py", "text.split()", "text"));
    check("python", "library", ("words.py", "text.split()", "text"));
}

#[test]
fn javascript_projects_work_at_once() {
    check("javascript", "cli", ("words.mjs", ".filter(Boolean)", ""));
    check("javascript", "library", ("words.mjs", ".filter(Boolean)", ""));
}

#[test]
fn typescript_projects_work_at_once() {
    check("typescript", "cli", ("words.ts", ".filter(Boolean)", ""));
    check("typescript", "library", ("words.ts", ".filter(Boolean)", ""));
}

#[test]
fn c_projects_work_at_once() {
    check("c", "cli", ("words.h", "here && !inside", "here"));
    check("c", "library", ("words.h", "here && !inside", "here"));
}

#[test]
fn rust_projects_work_at_once() {
    check("rust", "cli", ("src/main.rs", "split_whitespace", "chars"));
    check("rust", "library", ("src/lib.rs", "split_whitespace", "chars"));
}

#[test]
fn a_project_is_written_into_an_empty_folder_only() {
    let shell = Shell::new();
    let folder = shell.folder.path().join("words");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("main.py"), "precious").unwrap();
    let init = &["init", "words", "-l", "py"];
    let output = shell.run(init);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("DIR: there is something in `words`; name a new folder, or an empty one"));
    assert_eq!(fs::read_to_string(folder.join("main.py")).unwrap(), "precious");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    fs::remove_file(folder.join("main.py")).unwrap();
    assert!(shell.run(init).status.success());
    assert_eq!(text(&shell.run(&["-q", "run", "words", "--", "a", "b c"]).stdout), "3\n");
}

/// A mask that lets a group write everything makes no project that is not trusted.
#[test]
fn a_project_can_be_used_whatever_the_mask() {
    let shell = Shell::new();
    let (found, success) =
        typed("umask 0 && wasm-sandbox -q init 1ü/x -l js && wasm-sandbox -q run 1ü/x -- a", shell.folder.path());
    assert!(success && found == "1\n", "{found}");
}
