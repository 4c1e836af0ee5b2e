//! `doctor`: what this machine has.

use std::fs;

use crate::{Shell, text};

/// The exit code and the rows.
fn doctor(cache: &str, path: Option<&str>) -> (i32, String) {
    let shell = Shell::new();
    let mut command = shell.command(&["doctor"]);
    command.env("XDG_CACHE_HOME", shell.folder.path().join(cache));
    if let Some(path) = path {
        command.env("PATH", path).env("HOME", shell.folder.path());
    }
    fs::write(shell.folder.path().join("file"), "").unwrap();
    let output = command.output().unwrap();
    (output.status.code().unwrap(), text(&output.stdout).to_owned())
}

fn row<'a>(rows: &'a str, what: &str) -> &'a str {
    rows.lines().find(|row| row.get(8..).is_some_and(|rest| rest.starts_with(what))).expect(rows)
}

#[test]
fn a_language_that_is_missing_is_no_failure() {
    let (code, rows) = doctor("cache", Some("/nowhere"));
    assert_eq!(code, 0, "{rows}");
    for language in ["Rust", "C, C++ and Zig", "Go", "Python"] {
        assert!(row(&rows, language).starts_with("missing "), "{rows}");
        assert!(row(&rows, language).contains("optional: "), "{rows}");
    }
    assert!(row(&rows, "JavaScript").starts_with("ok "), "{rows}");
}

#[test]
fn a_cache_that_cannot_be_written_is_a_failure() {
    let (code, rows) = doctor("file/cache", None);
    assert_eq!(code, 125, "{rows}");
    assert!(row(&rows, "cache").starts_with("missing "), "{rows}");
    assert!(row(&rows, "cache").contains("Not a directory") && rows.contains("set XDG_CACHE_HOME"), "{rows}");
    let (code, rows) = doctor("cache", None);
    assert_eq!((code, row(&rows, "cache").starts_with("ok ")), (0, true), "{rows}");
}
