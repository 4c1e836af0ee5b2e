//! Commands that `install` makes.

use std::{
    fs,
    io::Write,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use crate::{Shell, text};

/// Says what it was called with, what it can see, and what it reads; then exits with 4.
const TOOL: &str = "const fs = require('fs');
console.log(JSON.stringify(process.argv.slice(2)), process.env.WHO);
for (const path of ['/data/in.txt', '/more/in.txt']) if (fs.existsSync(path)) console.log(fs.readFileSync(path, 'utf8'));
console.log(fs.readFileSync(0, 'utf8'));
process.exitCode = 4;";

/// A machine with a folder for commands and one for what they are, both with names that a shell would take apart.
struct Machine {
    shell: Shell,
}

impl Machine {
    fn new() -> Self {
        let shell = Shell::new();
        let file = |name: &str| shell.folder.path().join(name);
        fs::write(file("main.js"), TOOL).unwrap();
        fs::create_dir(file("data")).unwrap();
        fs::write(file("data/in.txt"), "granted").unwrap();
        Self { shell }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.shell.folder.path().join(name)
    }

    fn bin(&self) -> PathBuf {
        self.at("it's a $bin")
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = self.shell.command(words);
        command.env("XDG_DATA_HOME", self.at("it's \"data\"")).env("XDG_BIN_HOME", self.bin());
        command
    }

    fn run(&self, words: &[&str]) -> Output {
        self.command(words).output().unwrap()
    }

    /// Installs what must be installed.
    fn install(&self, words: &[&str]) {
        let output = self.run(&[&["install"], words].concat());
        assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
    }

    /// Runs a command of the folder for commands, elsewhere.
    fn tool(&self, name: &str, arguments: &[&str]) -> Output {
        let mut command = Command::new(self.bin().join(name));
        let mut child = command
            .args(arguments)
            .current_dir("/")
            .envs(self.command(&[]).get_envs().filter_map(|(name, value)| Some((name, value?))))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(b"input").unwrap();
        child.wait_with_output().unwrap()
    }
}

#[test]
fn an_installed_tool_is_a_command_with_a_policy_that_stays() {
    let machine = Machine::new();
    machine.install(&["main.js", "--name", "tool", "--allow-read", "data:/data", "--allow-env", "WHO=me"]);
    // What it was made from is not needed any more.
    fs::remove_file(machine.at("main.js")).unwrap();
    let awkward = ["a b", "it's", "$HOME", "--allow-read", "/etc:/more", "-q"];
    let output = machine.tool("tool", &awkward);
    let expected = format!("{} me\ngranted\ninput\n", serde_json::json!(awkward));
    assert_eq!((output.status.code(), text(&output.stdout), text(&output.stderr)), (Some(4), expected.as_str(), ""));
    assert!(machine.run(&["uninstall", "tool"]).status.success());
    assert!(!machine.bin().join("tool").exists() && !machine.at("it's \"data\"/wasm-sandbox/tools/tool").exists());
    let gone = machine.run(&["uninstall", "tool"]);
    assert_eq!((gone.status.code(), text(&gone.stderr)), (Some(127), "error: no command `tool` is installed\n"));
}

#[test]
fn a_project_is_installed_by_its_name_and_a_module_as_it_is_built() {
    let machine = Machine::new();
    let manifest = "[guest]\nsource = \"main.js\"\nkind = \"cli\"\nname = \"tool\"\n[env]\nWHO = \"you\"\n
        [[capabilities.filesystem.mounts]]\nkind = \"host\"\nguest = \"/data\"\nhost = \"data\"\n";
    fs::write(machine.at("wasm-sandbox.toml"), manifest).unwrap();
    machine.install(&[]);
    assert_eq!(text(&machine.tool("tool", &[]).stdout), "[] you\ngranted\ninput\n");
    machine.install(&["program.wat", "--name", "module", "--policy", "/dev/null"]);
    fs::remove_file(machine.at("program.wat")).unwrap();
    let output = machine.tool("module", &[]);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(7), "hi\n"));
}

/// E3: a project cannot have itself run in place of another command; whoever names it can.
#[test]
fn e3_a_project_does_not_take_the_name_of_a_command() {
    let machine = Machine::new();
    let there = machine.at("there");
    fs::create_dir(&there).unwrap();
    fs::write(there.join("precious"), "#!/bin/sh\n").unwrap();
    let manifest = "[guest]\nsource = \"main.js\"\nkind = \"cli\"\nname = \"precious\"\n";
    fs::write(machine.at("wasm-sandbox.toml"), manifest).unwrap();
    let install = |words: &[&str]| {
        let path = format!("{}:{}", there.display(), machine.bin().display());
        machine.command(&[&["install"], words].concat()).env("PATH", path).output().unwrap()
    };
    // What is no command yet is in nobody's way, and one of this tool's own is replaced.
    for _ in 0..2 {
        let output = install(&["."]);
        assert!(output.status.success(), "{}", text(&output.stderr));
    }
    fs::set_permissions(there.join("precious"), fs::Permissions::from_mode(0o755)).unwrap();
    for words in [&["."][..], &[".", "--force"]] {
        let output = install(words);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.contains("calls itself `precious`, which is a command") && said.contains("pass `--name`"),
            "{said}"
        );
    }
    let output = install(&[".", "--name", "precious"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(machine.tool("precious", &[]).status.code(), Some(4));
}

#[test]
fn what_is_installed_and_where_is_said() {
    let machine = Machine::new();
    let output = machine.run(&["install", "main.js", "--name", "tool"]);
    let said = text(&output.stderr);
    assert!(said.contains("/it's a $bin/tool`") && said.contains("is not on your PATH"), "{said}");
    let path = format!("/usr/bin:{}", machine.bin().display());
    let output = machine.command(&["install", "main.js", "--name", "tool"]).env("PATH", path).output().unwrap();
    assert!(output.status.success() && !text(&output.stderr).contains("PATH"), "{}", text(&output.stderr));
    for (words, code, said) in [
        (&["install", "main.js"][..], 2, "the tool has no name"),
        (&["install", "module.wat", "--name", "tool"], 126, "it is a library"),
        (&["install", "missing.js", "--name", "tool"], 127, "no file `missing.js`"),
    ] {
        let output = machine.run(words);
        assert_eq!(output.status.code(), Some(code), "{words:?}");
        assert!(text(&output.stderr).contains(said), "{words:?}: {}", text(&output.stderr));
    }
}

#[test]
fn e11_names_of_tools_are_plain() {
    let machine = Machine::new();
    let long = "x".repeat(65);
    for name in
        ["", "-x", "a/b", "../x", ".", "..", ".x", "a.b", "a b", "a\nb", "a\u{1b}[2J", "ü", "wasm-sandbox", &long]
    {
        for command in [&["install", "main.js"][..], &["uninstall"]] {
            let word = if command[0] == "install" { format!("--name={name}") } else { name.to_owned() };
            let words = if command[0] == "install" { vec![word.as_str()] } else { vec!["--", word.as_str()] };
            let output = machine.run(&[command, &words].concat());
            let said = text(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{name:?}: {said}");
            assert!(said.contains("is no name for a tool") && !said.contains('\u{1b}'), "{name:?}: {said:?}");
        }
    }
    machine.install(&["main.js", "--name", &long[1..]]);
    machine.install(&["main.js", "--name", "a-B_9"]);
}

#[test]
fn what_is_not_a_tool_of_ours_is_not_overwritten() {
    let machine = Machine::new();
    fs::create_dir(machine.bin()).unwrap();
    let (wrapper, precious) = (machine.bin().join("tool"), machine.at("precious"));
    let refused = |what: &str| {
        let output = machine.run(&["install", "main.js", "--name", "tool"]);
        assert_eq!(output.status.code(), Some(2), "{what}");
        assert!(text(&output.stderr).contains("`--force` to overwrite it"), "{what}: {}", text(&output.stderr));
    };
    fs::write(&precious, "#!/bin/sh\n# precious\n").unwrap();
    fs::copy(&precious, &wrapper).unwrap();
    refused("a file");
    fs::remove_file(&wrapper).unwrap();
    symlink(&precious, &wrapper).unwrap();
    refused("a link");
    machine.install(&["main.js", "--name", "tool", "--force"]);
    assert_eq!(fs::read_to_string(&precious).unwrap(), "#!/bin/sh\n# precious\n", "what a link leads to stays");
    assert_eq!(machine.tool("tool", &[]).status.code(), Some(4));
    // One of ours is replaced, and moves with its tool.
    machine.install(&["main.js", "--name", "tool", "--bin-dir", "other"]);
    assert!(!wrapper.exists() && machine.at("other/tool").exists());
    machine.install(&["main.js", "--name", "second"]);
    fs::copy(machine.bin().join("second"), &wrapper).unwrap();
    refused("the wrapper of another tool");
    // What somebody has put in its place is not removed with it.
    fs::copy(&precious, machine.at("other/tool")).unwrap();
    assert!(machine.run(&["uninstall", "tool"]).status.success());
    assert_eq!(fs::read_to_string(machine.at("other/tool")).unwrap(), "#!/bin/sh\n# precious\n");
}

#[test]
fn e3_a_tool_cannot_be_let_write_what_it_runs_as() {
    let machine = Machine::new();
    let program = Path::new(env!("CARGO_BIN_EXE_wasm-sandbox")).parent().unwrap();
    let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache/wasm-sandbox");
    symlink(machine.shell.folder.path(), machine.at("link")).unwrap();
    for folder in [
        ".",
        "it's a $bin",
        "it's \"data\"",
        "it's \"data\"/wasm-sandbox/tools/tool",
        "link",
        program.to_str().unwrap(),
        cache.to_str().unwrap(),
        cache.join("build").to_str().unwrap(),
    ] {
        let grant = format!("{folder}:/w");
        let output = machine.run(&["install", "main.js", "--name", "tool", "--allow-write", &grant]);
        assert_eq!(output.status.code(), Some(2), "{folder}");
        assert!(
            text(&output.stderr).contains("and could change what it runs as"),
            "{folder}: {}",
            text(&output.stderr)
        );
        fs::create_dir_all(machine.at(folder)).unwrap();
        machine.install(&["main.js", "--name", "tool", "--allow-read", &grant]);
    }
    fs::write(machine.at("writes.js"), "require('fs').writeFileSync('/w/new.txt', 'new')").unwrap();
    machine.install(&["writes.js", "--name", "writes", "--allow-write", "data:/w"]);
    assert!(machine.tool("writes", &[]).status.success());
    assert_eq!(fs::read_to_string(machine.at("data/new.txt")).unwrap(), "new");
}
