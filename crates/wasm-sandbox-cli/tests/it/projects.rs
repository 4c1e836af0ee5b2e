//! Folders with a `wasm-sandbox.toml`.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    process::Output,
};

use crate::{Shell, text};

const TOOL: &str = "[guest]\nsource = \"main.js\"\nkind = \"cli\"\n";
const LIBRARY: &str = "[guest]\nsource = \"add.mjs\"\nkind = \"library\"\nname = \"adder\"\nversion = \"1.2.0-beta\"\ndescription = \"Adds.\"\n";

/// Tells its environment, its arguments and a file.
const MAIN: &str = "const fs = require('fs');
console.log(process.env.GREETING, process.argv.slice(2).join());
for (const path of ['/data/in.txt', '/flag/in.txt']) if (fs.existsSync(path)) console.log(fs.readFileSync(path, 'utf8'));";

const GRANTS: &str = "[env]\nGREETING = \"hello\"\n
[[capabilities.filesystem.mounts]]\nkind = \"host\"\nguest = \"/data\"\nhost = \"data\"\n";

/// A folder `tool`, with a manifest that says this.
fn tool(manifest: &str) -> Shell {
    let shell = Shell::new();
    let folder = shell.folder.path().join("tool");
    fs::create_dir_all(folder.join("data")).unwrap();
    fs::write(folder.join("data/in.txt"), "from the project").unwrap();
    fs::write(folder.join("main.js"), MAIN).unwrap();
    fs::write(folder.join("add.mjs"), "export const add = (a, b) => a + b;").unwrap();
    fs::write(folder.join("spin.js"), "for (;;);").unwrap();
    fs::write(folder.join("wasm-sandbox.toml"), manifest).unwrap();
    shell
}

fn ended(output: &Output) -> (i32, &str, &str) {
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn inside(shell: &Shell, words: &[&str]) -> Output {
    shell.command(words).current_dir(shell.folder.path().join("tool")).output().unwrap()
}

#[test]
fn a_project_is_run_by_its_folder_or_from_inside() {
    let shell = tool(&format!("{TOOL}{GRANTS}"));
    let expected = (0, "hello a,b\nfrom the project\n", "");
    for words in [&["-q", "run", "tool"][..], &["-q", "run", "tool/main.js"], &["-q", "run", "tool/wasm-sandbox.toml"]]
    {
        assert_eq!(ended(&shell.run(&[words, &["--", "a", "b"]].concat())), expected, "{words:?}");
    }
    for words in [&["-q", "run"][..], &["-q", "run", "."], &["-q", "run", "main.js"], &["-q", "run", "../tool"]] {
        assert_eq!(ended(&inside(&shell, &[words, &["--", "a", "b"]].concat())), expected, "{words:?}");
    }
}

#[test]
fn a_project_is_called_inspected_and_built() {
    let shell = tool(LIBRARY);
    assert_eq!(ended(&inside(&shell, &["-q", "call", ".", "add", "1", "2"])), (0, "3\n", ""));
    let inspected = inside(&shell, &["-q", "inspect"]);
    assert!(text(&inspected.stdout).contains("library, adder, 1.2.0-beta, Adds."), "{}", text(&inspected.stdout));
    let inspected: serde_json::Value = serde_json::from_slice(&inside(&shell, &["inspect", "--json"]).stdout).unwrap();
    assert_eq!((&inspected["project"]["kind"], &inspected["name"]), (&"library".into(), &"add.mjs".into()));
    assert_eq!(inspected["project"]["version"], "1.2.0-beta");

    fs::write(shell.folder.path().join("tool/module.wat"), crate::MODULE).unwrap();
    let manifest = LIBRARY.replace("add.mjs", "module.wat");
    fs::write(shell.folder.path().join("tool/wasm-sandbox.toml"), manifest).unwrap();
    assert_eq!(inside(&shell, &["build", "-o", "out.wasm"]).status.code(), Some(0));
    assert_eq!(text(&shell.run(&["-q", "call", "tool/out.wasm", "add", "1", "2"]).stdout), "3\n");
}

/// It is loaded to see what it exports, with what it may read: nothing that it does then comes to anybody.
#[test]
fn a_script_of_several_files_is_inspected_and_changes_nothing() {
    let manifest = "[guest]\nsource = \"many.mjs\"\nkind = \"library\"\n
        [capabilities.network.allow]\nrules = [\"127.0.0.1\"]\n
        [[capabilities.filesystem.mounts]]\nkind = \"host\"\nguest = \"/data\"\nhost = \"data\"\naccess = \"write\"\n";
    let shell = tool(manifest);
    let folder = shell.folder.path().join("tool");
    fs::write(folder.join("data/helper.mjs"), "export const twice = (x) => 2 * x;").unwrap();
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    let effects = format!(
        "import {{ writeFileSync }} from 'fs';\nexport {{ twice }} from '/data/helper.mjs';\n
        try {{ writeFileSync('/data/new', 'x') }} catch {{}}\ntry {{ await fetch('http://{}/') }} catch {{}}\n",
        server.local_addr().unwrap()
    );
    fs::write(folder.join("many.mjs"), effects).unwrap();
    let inspected = shell.run(&["-q", "inspect", "tool"]);
    assert!(text(&inspected.stdout).contains("  twice(x: any) -> any\n"), "{inspected:?}");
    assert!(!folder.join("data/new").exists());
    assert!(server.accept().is_err());
    // The twin: called, it does all of it.
    let answering = std::thread::spawn(move || {
        server.set_nonblocking(false).unwrap();
        drop(server.accept().unwrap());
    });
    assert_eq!(ended(&shell.run(&["-q", "call", "tool", "twice", "4"])), (0, "8\n", ""));
    assert!(folder.join("data/new").exists());
    answering.join().unwrap();
}

#[test]
fn flags_add_to_the_manifest_and_a_policy_file_replaces_it() {
    let shell = tool(&format!("{TOOL}{GRANTS}"));
    fs::create_dir(shell.folder.path().join("more")).unwrap();
    fs::write(shell.folder.path().join("more/in.txt"), "from the flag").unwrap();
    fs::write(
        shell.folder.path().join("policy.toml"),
        "[capabilities.system.environment.variables]\nGREETING = \"bye\"",
    )
    .unwrap();
    let both = shell.run(&["-q", "run", "tool", "--allow-read", "more:/flag"]);
    assert_eq!(ended(&both), (0, "hello \nfrom the project\nfrom the flag\n", ""));
    for file in ["tool", "tool/main.js"] {
        let replaced = shell.run(&["-q", "run", file, "--policy", "policy.toml"]);
        assert_eq!(ended(&replaced), (0, "bye \n", ""), "{file}");
    }
    let said =
        |words: &[&str]| text(&shell.run(words).stderr).contains("the policy is that of `tool/wasm-sandbox.toml`");
    assert!(said(&["-v", "run", "tool"]) && !said(&["run", "tool"]));
    assert!(!said(&["-v", "run", "tool", "--policy", "policy.toml"]));
}

#[test]
fn limits_hold_for_every_file_of_the_folder_and_for_none_below() {
    let shell = tool(&format!("{TOOL}[limits]\ntimeout = \"100ms\"\n"));
    assert_eq!(shell.run(&["-q", "run", "tool/spin.js"]).status.code(), Some(124));
    let below = shell.folder.path().join("tool/below");
    fs::create_dir(&below).unwrap();
    fs::write(below.join("main.js"), "console.log(process.env.GREETING)").unwrap();
    fs::write(shell.folder.path().join("tool/wasm-sandbox.toml"), format!("{TOOL}{GRANTS}")).unwrap();
    assert_eq!(ended(&inside(&shell, &["-q", "run", "below/main.js"])), (0, "undefined\n", ""));
}

#[test]
fn mistakes_name_file_line_and_remedy() {
    for (manifest, said) in [
        (
            "[guest]\nsource = \"main.js\"\nkind = \"clii\"",
            "wasm-sandbox.toml: guest.kind (line 3): `clii` cannot be chosen; did you mean `cli`?",
        ),
        (
            &format!("{TOOL}[limits]\nmemory = 5"),
            "wasm-sandbox.toml: limits.memory (line 5): expected a number and a unit",
        ),
        (
            &format!("{TOOL}name = \"../x\"\n"),
            "wasm-sandbox.toml: guest.name (line 4): `../x` is no name for a tool; use up to 64 letters",
        ),
        (
            &TOOL.replace("main.js", "/etc/passwd"),
            "wasm-sandbox.toml: guest.source (line 2): `/etc/passwd` is not inside",
        ),
    ] {
        let shell = tool(manifest);
        let output = inside(&shell, &["run"]);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains(said), "{}", text(&output.stderr));
    }
    let missing = inside(&tool(&TOOL.replace("main.js", "gone.js")), &["run"]);
    assert!(missing.status.code() == Some(127) && text(&missing.stderr).contains("no file `./gone.js`"), "{missing:?}");
    let empty = Shell::new().run(&["run"]);
    assert_eq!(empty.status.code(), Some(126));
    assert!(
        text(&empty.stderr).contains("a folder without a wasm-sandbox.toml, a Cargo.toml or a go.mod"),
        "{empty:?}"
    );
}

#[test]
fn a_guest_is_used_as_what_it_is_for() {
    for (manifest, words, said) in [
        (LIBRARY, &["run", "tool"][..], "of the kind `library`, whose functions `wasm-sandbox call` calls"),
        (TOOL, &["call", "tool", "add", "1", "2"], "of the kind `cli`, which `wasm-sandbox run` runs"),
        (&TOOL.replace("cli", "http"), &["run", "tool"], "of the kind `http`"),
    ] {
        let output = tool(manifest).run(words);
        assert_eq!(output.status.code(), Some(126), "{words:?}");
        assert!(text(&output.stderr).contains(said), "{words:?}: {}", text(&output.stderr));
    }
    let whole = inside(&tool(&TOOL.replace("cli", "http").replace("main.js", ".")), &["run"]);
    assert!(text(&whole.stderr).contains("`.` cannot be run"), "{whole:?}");
    // Other files of the folder are what they are.
    assert_eq!(text(&tool(TOOL).run(&["-q", "call", "tool/add.mjs", "add", "1", "2"]).stdout), "3\n");
}

#[test]
fn a_manifest_that_others_can_write_is_not_trusted() {
    let shell = tool(&format!("{TOOL}{GRANTS}"));
    let set = |path: &str, mode| {
        fs::set_permissions(shell.folder.path().join(path), fs::Permissions::from_mode(mode)).unwrap();
    };
    let (of_folder, of_file) = ("others than you can write its folder", "others than you can write it,");
    for (path, wrong, right, why) in [
        ("tool", 0o777, 0o755, of_folder),
        ("tool", 0o775, 0o755, of_folder),
        ("tool/wasm-sandbox.toml", 0o666, 0o644, of_file),
    ] {
        set(path, wrong);
        for file in ["tool", "tool/main.js"] {
            let output = shell.run(&["run", file]);
            assert_eq!(output.status.code(), Some(2), "{path} {file}");
            let said = text(&output.stderr);
            assert!(said.contains("it is not trusted with a policy") && said.contains(why), "{said}");
        }
        // What it says to do about it.
        assert_eq!(ended(&shell.run(&["-q", "run", "tool/main.js", "--policy", "/dev/null"])), (0, "undefined \n", ""));
        set(path, right);
        assert_eq!(shell.run(&["run", "tool"]).status.code(), Some(0), "{path}");
    }
    // Who asks for no policy is not held up by it.
    fs::write(shell.folder.path().join("tool/module.wat"), crate::MODULE).unwrap();
    set("tool/wasm-sandbox.toml", 0o666);
    for words in [&["inspect", "tool/main.js"][..], &["build", "tool/module.wat", "-o", "out.wasm"]] {
        assert_eq!(shell.run(words).status.code(), Some(0), "{words:?}");
    }
    assert_eq!(shell.run(&["inspect", "tool"]).status.code(), Some(2));
    set("tool/wasm-sandbox.toml", 0o644);
    fs::rename(shell.folder.path().join("tool/wasm-sandbox.toml"), shell.folder.path().join("elsewhere.toml")).unwrap();
    symlink("../elsewhere.toml", shell.folder.path().join("tool/wasm-sandbox.toml")).unwrap();
    let linked = shell.run(&["run", "tool"]);
    assert!(linked.status.code() == Some(2) && text(&linked.stderr).contains("it is no file"), "{linked:?}");
}

#[test]
fn e2_no_link_leads_a_manifest_out_of_its_folder() {
    let shell = tool(&format!("{TOOL}{GRANTS}"));
    let data = shell.folder.path().join("tool/data");
    fs::rename(&data, shell.folder.path().join("tool/other")).unwrap();
    symlink("other", &data).unwrap();
    assert_eq!(
        ended(&shell.run(&["-q", "run", "tool"])),
        (0, "hello \nfrom the project\n", ""),
        "inside of it they may lead"
    );
    fs::remove_file(&data).unwrap();
    fs::rename(shell.folder.path().join("tool/other"), shell.folder.path().join("outside")).unwrap();
    symlink("../outside", &data).unwrap();
    let output = shell.run(&["run", "tool"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("`data` is a link that leads out of the manifest's folder"), "{output:?}");
    let granted = shell.run(&["-q", "run", "tool/main.js", "--policy", "/dev/null", "--allow-read", "outside:/data"]);
    assert_eq!(ended(&granted), (0, "undefined \nfrom the project\n", ""));
}

#[test]
fn e2_no_link_lets_a_guest_write_its_manifest_or_lead_a_mount_elsewhere() {
    let written = GRANTS.replace("host = \"data\"", "host = \"data\"\naccess = \"write\"");
    let shell = tool(&format!("{TOOL}{written}"));
    let folder = shell.folder.path().join("tool");
    assert_eq!(shell.run(&["run", "tool"]).status.code(), Some(0));
    // The folder itself, by a link; and a second name of the manifest in what may be written.
    fs::rename(folder.join("data"), folder.join("other")).unwrap();
    symlink(".", folder.join("data")).unwrap();
    let output = shell.run(&["run", "tool"]);
    assert!(output.status.code() == Some(2) && text(&output.stderr).contains("could write the manifest"), "{output:?}");
    fs::remove_file(folder.join("data")).unwrap();
    fs::rename(folder.join("other"), folder.join("data")).unwrap();
    fs::hard_link(folder.join("wasm-sandbox.toml"), folder.join("data/name")).unwrap();
    let output = shell.run(&["run", "tool"]);
    assert!(output.status.code() == Some(2) && text(&output.stderr).contains("a second name"), "{output:?}");
    fs::remove_file(folder.join("data/name")).unwrap();
    // A folder in one that the guest may write, also by a link.
    fs::create_dir(folder.join("data/in")).unwrap();
    symlink("data/in", folder.join("inner")).unwrap();
    for host in ["data/in", "inner"] {
        let inner =
            format!("\n[[capabilities.filesystem.mounts]]\nkind = \"host\"\nguest = \"/in\"\nhost = \"{host}\"\n");
        fs::write(folder.join("wasm-sandbox.toml"), format!("{TOOL}{written}{inner}")).unwrap();
        let output = shell.run(&["run", "tool"]);
        let said = text(&output.stderr);
        assert!(output.status.code() == Some(2) && said.contains("could put something else there"), "{host}: {said}");
    }
}
