//! Projects that `init` writes: each does what its README says.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    path::{Path, PathBuf},
    process::Stdio,
};

use serde_json::{Value, json};
use wasm_sandbox::Setup;

use crate::{
    Shell,
    documents::{blocks, cache, commands, shell as typed},
    serve::Server,
    text,
};

/// What the README of a plugin shows.
#[allow(unreachable_pub)]
mod application {
    include!("../../templates/plugin/application.rs");
}

/// Writes a project, and gives its folder.
fn init(shell: &Shell, language: &str, kind: &str) -> PathBuf {
    let output = shell.run(&["init", "--lang", language, "--kind", kind, "My words"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    shell.folder.path().join("My words")
}

/// Writes a project and types what its README shows. The tests of a project can fail, which they do once `broken` is done to it.
fn check(language: &str, kind: &str, broken: (&str, &str, &str)) {
    let shell = Shell::new();
    let project = init(&shell, language, kind);
    let readme = fs::read_to_string(project.join("README.md")).unwrap();
    assert!(readme.starts_with("# my-words\n") && !has_blanks(&readme), "{readme}");
    let blocks = blocks(&readme);
    let shown: Vec<_> = blocks.iter().filter(|block| block.kind == "console").flat_map(commands).collect();
    assert_eq!(shown.len(), if kind == "http" { 1 } else { 2 }, "{readme}");
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
    let (found, success) = typed(shown.last().unwrap().command, &project);
    assert!(!success, "{language} {kind}: {found}");
}

/// Whether something is left in it that should have been filled in.
fn has_blanks(text: &str) -> bool {
    let word = |part: &str| part.split_once('}').is_some_and(|(word, _)| word.chars().all(|c| c.is_ascii_lowercase()));
    text.split('{').skip(1).any(|part| word(part) && !part.starts_with('}'))
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
fn go_projects_work_at_once() {
    check("go", "cli", ("words.go", "strings.Fields(text)", "text"));
    check("go", "library", ("words.go", "strings.Fields(text)", "text"));
}

#[test]
fn projects_that_answer_requests_work_at_once() {
    for (language, broken) in [
        ("python", ("words.py", "text.split()", "text")),
        ("javascript", ("words.mjs", ".filter(Boolean)", "")),
        ("typescript", ("words.ts", ".filter(Boolean)", "")),
        ("rust", ("src/words.rs", "split_whitespace", "chars")),
        ("go", ("words.go", "strings.Fields(text)", "text")),
        ("c", ("words.h", "here && !inside", "here")),
    ] {
        let shell = Shell::new();
        init(&shell, language, "http");
        let server = Server::of(&shell, "My words", &[]);
        for reply in [server.get("/?trust+no%62ody"), server.ask("POST", "/", "trust nobody")] {
            assert!(reply.starts_with("HTTP/1.0 200 OK") && reply.ends_with("\r\n\r\n2\n"), "{language}: {reply}");
        }
        assert_eq!(server.end().0, Some(0));
        // To serve a guest is what adds the target that its tests are compiled for.
        check(language, "http", broken);
    }
}

#[test]
fn plugins_work_at_once() {
    check("python", "plugin", ("plugin.py", "document.text.split()", "document.text"));
    check("javascript", "plugin", ("plugin.mjs", ".filter(Boolean)", ""));
    check("typescript", "plugin", ("plugin.ts", ".filter(Boolean)", ""));
    check("rust", "plugin", ("src/lib.rs", "split_whitespace().count", "chars().count"));
    check("c", "plugin", ("plugin.c", "summary.words++", "summary.words += 2"));
    check("go", "plugin", ("plugin.go", "strings.Fields(document.Text)", "strings.Split(document.Text, \"\")"));
}

#[test]
fn an_application_loads_a_plugin() {
    for language in ["python", "javascript", "typescript", "rust", "c"] {
        let shell = Shell::new();
        let plugin = init(&shell, language, "plugin");
        let readme = fs::read_to_string(plugin.join("README.md")).unwrap();
        assert!(readme.contains(include_str!("../../templates/plugin/application.rs")), "{readme}");
        let setup = Setup::discover().cache_dir(cache().join("wasm-sandbox"));
        let summary = application::summary_of_a_motto(&plugin, setup).unwrap();
        assert_eq!((summary.title.as_str(), summary.words, summary.longest.as_str()), ("motto", 2, "nobody"));
    }
}

#[test]
fn mcp_servers_work_at_once() {
    check("python", "mcp", ("words.py", "text.split()", "text"));
    check("javascript", "mcp", ("words.mjs", ".filter(Boolean)", ""));
    check("typescript", "mcp", ("words.ts", ".filter(Boolean)", ""));
    check("rust", "mcp", ("src/mcp.rs", "split_whitespace", "chars"));
    check("c", "mcp", ("words.h", "here && !inside", "here"));
    check("go", "mcp", ("words.go", "strings.Fields(text)", "text"));
}

/// A client starts a server, says hello, and uses it until it is done.
#[test]
fn a_client_talks_to_an_mcp_server() {
    for language in ["python", "javascript", "typescript", "rust", "go", "c"] {
        let shell = Shell::new();
        init(&shell, language, "mcp");
        let mut client = Client::start(&shell, "My words");
        let info = json!({ "name": "test", "version": "1" });
        let hello = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": info });
        let said = client.ask(json!("hello"), "initialize", hello);
        assert_eq!(said["result"]["protocolVersion"], "2025-06-18", "{language}");
        assert!(said["result"]["capabilities"]["tools"].is_object(), "{language}: {said}");
        assert_eq!(said["result"]["serverInfo"]["name"], "my-words", "{language}");
        // Nothing answers this: what comes next is the answer to what is asked next.
        client.say(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        assert_eq!(client.ask(json!(7), "ping", json!({}))["result"], json!({}), "{language}");
        let tools = client.ask(json!(8), "tools/list", json!({}));
        assert_eq!(tools["result"]["tools"][0]["inputSchema"]["required"], json!(["text"]), "{language}: {tools}");
        let call = |text: Value| json!({ "name": "count_words", "arguments": { "text": text } });
        for (text, failed, said) in [(json!("ü\n\u{2028}b"), false, "2"), (json!({}), true, "`text` must be a string")]
        {
            let expected = json!({ "content": [{ "type": "text", "text": said }], "isError": failed });
            assert_eq!(client.ask(json!(9), "tools/call", call(text))["result"], expected, "{language}");
        }
        for (method, params, code) in [
            ("tools/call", json!({ "name": "other" }), -32602),
            ("tools/call", json!([]), -32602),
            ("resources/list", json!({}), -32601),
        ] {
            assert_eq!(client.ask(json!("x"), method, params)["error"]["code"], code, "{language}: {method}");
        }
        let deep = "[".repeat(1_000);
        for (line, code) in [
            ("no", -32700),
            ("{\"jsonrpc\":\"2.0\",\"id\":1", -32700),
            (&deep, -32700),
            ("[]", -32600),
            (r#"{"jsonrpc":"2.0","id":1}"#, -32600),
            (r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, -32600),
        ] {
            client.say(line);
            let reply = client.hear();
            assert_eq!((&reply["id"], &reply["error"]["code"]), (&Value::Null, &json!(code)), "{language}: {reply}");
        }
        assert_eq!(client.end(), (Some(0), String::new()), "{language}");
    }
}

/// A client of a server that it has started.
struct Client {
    server: std::process::Child,
    replies: BufReader<std::process::ChildStdout>,
}

impl Client {
    fn start(shell: &Shell, folder: &str) -> Self {
        let mut command = shell.command(&["-q", "run", "--timeout", "100s", folder]);
        let mut server = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let replies = BufReader::new(server.stdout.take().unwrap());
        Self { server, replies }
    }

    fn say(&mut self, line: &str) {
        writeln!(self.server.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    fn hear(&mut self) -> Value {
        let mut line = String::new();
        self.replies.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn ask(&mut self, id: Value, method: &str, params: Value) -> Value {
        let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.say(&message.to_string());
        let reply = self.hear();
        assert_eq!((&reply["jsonrpc"], &reply["id"]), (&json!("2.0"), &id), "{reply}");
        reply
    }

    /// Says no more: the exit code, and what is said after all.
    fn end(mut self) -> (Option<i32>, String) {
        drop(self.server.stdin.take());
        let mut rest = String::new();
        self.replies.read_to_string(&mut rest).unwrap();
        (self.server.wait().unwrap().code(), rest)
    }
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
