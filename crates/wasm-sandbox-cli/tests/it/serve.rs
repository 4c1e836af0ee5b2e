//! `serve` as a shell sees it.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, Stdio},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{Shell, text};

const APPLICATION: &str = r#"
def application(environ, start_response):
    print("working")
    if environ["PATH_INFO"] == "/wait":
        environ["wsgi.input"].read()
    try:
        open("/etc/passwd")
    except OSError:
        pass
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello, ", environ["QUERY_STRING"].encode(), b"\n"]
"#;

pub(crate) struct Server {
    child: Child,
    stderr: BufReader<std::process::ChildStderr>,
    address: String,
}

impl Server {
    fn start(shell: &Shell, words: &[&str]) -> Self {
        fs::write(shell.folder.path().join("hello.py"), APPLICATION).unwrap();
        Self::of(shell, "hello.py", words)
    }

    pub(crate) fn of(shell: &Shell, file: &str, words: &[&str]) -> Self {
        let words = [&["serve", file, "--listen", "127.0.0.1:0"], words].concat();
        let mut command = shell.command(&words);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let address = loop {
            let mut line = String::new();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "it ended before it served");
            if let Some((_, address)) = line.trim().split_once("on http://") {
                break address.to_owned();
            }
        };
        Self { child, stderr, address }
    }

    pub(crate) fn get(&self, path: &str) -> String {
        self.ask("GET", path, "")
    }

    pub(crate) fn ask(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        // Without chunks, whose number depends on the time between them.
        let fields = format!("Host: guest.test\r\nContent-Length: {}", body.len());
        write!(stream, "{method} {path} HTTP/1.0\r\n{fields}\r\n\r\n{body}").unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    }

    /// Asks it to end: its exit code, stdout and the rest of stderr.
    pub(crate) fn end(mut self) -> (Option<i32>, String, String) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).unwrap();
        let mut stderr = String::new();
        self.stderr.read_to_string(&mut stderr).unwrap();
        let output = self.child.wait_with_output().unwrap();
        (output.status.code(), text(&output.stdout).to_owned(), stderr)
    }
}

#[test]
fn an_application_is_served_until_it_is_told_to_end() {
    let server = Server::start(&Shell::new(), &[]);
    let reply = server.get("/?you");
    assert!(reply.starts_with("HTTP/1.0 200 OK") && reply.ends_with("hello, you\n"), "{reply}");
    let (code, log, stderr) = server.end();
    assert_eq!(code, Some(0), "{stderr}");
    let words: Vec<&str> = log.trim().split(' ').collect();
    assert_eq!(words[2..6], ["GET", "/?you", "200", "11"], "{log}");
    assert!(stderr.contains("working") && stderr.contains("/etc/passwd"), "{stderr}");
}

#[test]
fn the_guides_handlers_are_served_and_inspected() {
    let guide = include_str!("../../../../docs/guide/http.md");
    let shell = Shell::new();
    let write = |begin: &str, file: &str| {
        let (_, example) = guide.split_once(begin).unwrap();
        fs::write(shell.folder.path().join(file), example.split("```").next().unwrap()).unwrap();
    };
    for (begin, file, kind, shown) in [
        ("```python\n", "hello.py", "script", ", an HTTP handler\n"),
        ("```javascript\n", "hello.js", "script", ", an HTTP handler\n"),
        ("```javascript\n", "hello.ts", "script", ", an HTTP handler\n"),
        ("```c\n", "hello.c", "HTTP handler", ", "),
    ] {
        write(begin, file);
        let server = Server::of(&shell, file, &[]);
        for (path, said) in [("/?you", "\r\n\r\nhello, you\n"), ("/", "\r\n\r\nhello, world\n")] {
            let reply = server.get(path);
            assert!(reply.ends_with(said), "{file}: {reply}");
        }
        assert_eq!(server.end().0, Some(0));
        let output = shell.run(&["inspect", file]);
        assert!(text(&output.stdout).starts_with(&format!("{file}  {kind}{shown}")), "{output:?}");
        let shown: serde_json::Value = serde_json::from_slice(&shell.run(&["inspect", file, "--json"]).stdout).unwrap();
        assert_eq!((&shown["kind"], &shown["http_handler"]), (&kind.into(), &true.into()));
    }
    write("```c\n// shout.c\n", "shout.c");
    let server = Server::of(&shell, "shout.c", &[]);
    for (said, shouted) in [("trust nobody", "TRUST NOBODY"), ("", "")] {
        assert!(server.ask("POST", "/", said).ends_with(&format!("\r\n\r\n{shouted}")), "{said}");
    }
}

#[test]
fn what_is_no_handler_is_not_said_to_be_one() {
    let shell = Shell::new();
    for (file, code) in [
        ("fetches.mjs", "export async function summary(url) { return (await fetch(url)).status; }"),
        ("named.py", "def main():\n    app = 1\n    return app\n\nwrapper = main  # an application\n"),
    ] {
        fs::write(shell.folder.path().join(file), code).unwrap();
        let shown: serde_json::Value = serde_json::from_slice(&shell.run(&["inspect", file, "--json"]).stdout).unwrap();
        assert_eq!(shown["http_handler"], false, "{file}");
    }
    for (file, code) in [
        ("imported.py", "from elsewhere import make as app\n"),
        ("defined.py", "async def app(scope, receive, send):\n    pass\n"),
        ("assigned.py", "app: object = None\n"),
        ("common.cjs", "module.exports = { fetch: () => new Response('') };"),
    ] {
        fs::write(shell.folder.path().join(file), code).unwrap();
        let shown: serde_json::Value = serde_json::from_slice(&shell.run(&["inspect", file, "--json"]).stdout).unwrap();
        assert_eq!(shown["http_handler"], true, "{file}");
    }
}

#[test]
fn requests_are_answered_at_a_time() {
    let shell = Shell::new();
    let server = Server::start(&shell, &[]);
    // Each has an instance before any has an answer.
    let mut clients: Vec<TcpStream> = (0..8).map(|_| TcpStream::connect(&server.address).unwrap()).collect();
    for client in &mut clients {
        client.write_all(b"POST /wait HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\n1").unwrap();
    }
    // Who came first ends last.
    let mut replies = clients.iter_mut().rev().map(|client| {
        client.write_all(b"2").unwrap();
        let mut reply = String::new();
        client.read_to_string(&mut reply).unwrap();
        reply
    });
    assert!(replies.all(|reply| reply.starts_with("HTTP/1.1 200 OK")));
    assert_eq!(server.end().0, Some(0));
}

/// A handler that never answers, of so many memories.
fn endless(memories: usize) -> String {
    let memories = "(core instance (instantiate $m))".repeat(memories);
    format!(
        r#"(component
            (import "wasi:http/types@0.2.0" (instance $types
                (export "incoming-request" (type (sub resource))) (export "response-outparam" (type (sub resource)))))
            (alias export $types "incoming-request" (type $request))
            (alias export $types "response-outparam" (type $out))
            (core module $m (memory 1)) {memories}
            (core module $loop (func (export "handle") (param i32 i32) (loop br 0)))
            (core instance $guest (instantiate $loop))
            (func $handle (param "request" (own $request)) (param "response-out" (own $out))
                (canon lift (core func $guest "handle")))
            (instance (export "wasi:http/incoming-handler@0.2.0") (export "handle" (func $handle))))"#
    )
}

#[test]
fn a_component_of_many_memories_is_served_as_often_as_was_said() {
    let shell = Shell::new();
    fs::write(shell.folder.path().join("endless.wat"), endless(5)).unwrap();
    let server = Server::of(&shell, "endless.wat", &["--concurrency", "2", "--timeout", "1s"]);
    let replies = std::thread::scope(|scope| {
        let requests = [(); 4].map(|()| scope.spawn(|| server.get("/")));
        requests.map(|request| request.join().unwrap())
    });
    assert!(replies.iter().all(|reply| reply.starts_with("HTTP/1.0 504 ")), "{replies:?}");
    assert_eq!(server.end().0, Some(0));
}

#[test]
fn j17_a_second_signal_ends_it_at_once() {
    let shell = Shell::new();
    let server = Server::start(&shell, &["--drain", "100s", "--timeout", "100s"]);
    let mut client = TcpStream::connect(&server.address).unwrap();
    let head = b"POST /wait HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n";
    client.write_all(head).unwrap();
    // The request is under way before anything ends.
    let mut heard = [0; 12];
    client.read_exact(&mut heard).unwrap();
    assert_eq!(&heard, b"HTTP/1.1 100");
    kill_process(Pid::from_child(&server.child), Signal::TERM).unwrap();
    // It lets nobody in any more, and waits for the one who is there.
    while TcpStream::connect(&server.address).is_ok() {
        std::thread::yield_now();
    }
    let (code, ..) = server.end();
    assert_eq!(code, None, "a signal has ended it");
}

#[test]
fn the_log_is_json_where_that_is_wanted() {
    let server = Server::start(&Shell::new(), &["--json"]);
    server.get("/%0d%0a%1b?x");
    let (code, log, _) = server.end();
    assert_eq!((code, log.lines().count()), (Some(0), 1), "{log}");
    let entry: serde_json::Value = serde_json::from_str(&log).unwrap();
    assert!(entry["at"].as_str().unwrap().ends_with('Z') && entry["duration"].is_string(), "{entry}");
    assert_eq!((entry["status"].as_u64(), entry["path"].as_str()), (Some(200), Some("/%0d%0a%1b?x")));
    assert_eq!(entry["result"]["denials"][0]["target"], "/etc/passwd");
}

#[test]
fn a_project_is_served_by_its_manifest() {
    let shell = Shell::new();
    let manifest = "[guest]\nsource = \"hello.py\"\nkind = \"http\"\n";
    fs::write(shell.folder.path().join("wasm-sandbox.toml"), manifest).unwrap();
    let server = Server::start(&shell, &[]);
    assert!(server.get("/?you").contains("hello, you"));
    assert_eq!(server.end().0, Some(0));
    fs::write(shell.folder.path().join("wasm-sandbox.toml"), manifest.replace("http", "cli")).unwrap();
    let refused = shell.run(&["serve", "."]);
    assert_eq!(refused.status.code(), Some(126));
    assert!(text(&refused.stderr).contains("`wasm-sandbox run` runs"), "{}", text(&refused.stderr));
}

#[test]
fn what_the_log_and_the_messages_say_belongs_together() {
    let shell = Shell::new();
    let script = "export default { async fetch(request) {\n
        console.log('working');\n
        return new Response(String((await request.bytes()).length)); } };";
    fs::write(shell.folder.path().join("app.mjs"), script).unwrap();
    let mut server = Server::of(&shell, "app.mjs", &["--max-body", "1KB"]);
    let mut log = BufReader::new(server.child.stdout.take().unwrap()).lines();
    assert!(server.ask("POST", "/whole", "12345").ends_with("\r\n\r\n5"));
    let whole = log.next().unwrap().unwrap();
    assert!(server.ask("POST", "/said", &"x".repeat(2000)).starts_with("HTTP/1.0 413 "));
    let said = log.next().unwrap().unwrap();
    assert!(said.ends_with("ms (the request's body is longer than 1KB)"), "{said}");
    let (_, _, stderr) = server.end();
    let request = whole.split(" 200 ").next().unwrap();
    assert!(stderr.contains(&format!("note: {request}:\nprinted:\n  working\n")), "{stderr}");
}

#[test]
fn a_port_that_is_taken_is_a_mistake_of_the_flag() {
    let shell = Shell::new();
    let server = Server::start(&shell, &[]);
    let taken = shell.run(&["serve", "hello.py", "--listen", &server.address]);
    let said = text(&taken.stderr);
    assert!(taken.status.code() == Some(2) && said.contains("name another port, or 0 for any that is free"), "{said}");
    assert_eq!(server.end().0, Some(0));
}

#[test]
fn what_is_to_be_served_says_so_where_it_is_run() {
    let shell = Shell::new();
    let hint = "it printed nothing; if it answers HTTP requests, `wasm-sandbox serve ";
    for (file, code, is_said) in [
        ("app.mjs", "export default { fetch() { return new Response('') } };", true),
        ("app.py", "def app(environ, start_response):\n    pass\n", true),
        ("says.py", "app = print('something')\n", false),
        ("silent.py", "x = 1\n", false),
    ] {
        fs::write(shell.folder.path().join(file), code).unwrap();
        let ran = shell.run(&["run", file]);
        let said = text(&ran.stderr);
        assert_eq!((ran.status.code(), said.contains(hint)), (Some(0), is_said), "{file}: {said}");
        assert!(!text(&shell.run(&["-q", "run", file]).stderr).contains(hint));
    }
    fs::write(shell.folder.path().join("endless.wat"), endless(1)).unwrap();
    for words in [&["run", "endless.wat"][..], &["install", "endless.wat", "--name", "endless"]] {
        let ran = shell.run(words);
        let said = text(&ran.stderr);
        assert!(ran.status.code() == Some(126) && said.contains("serve it (`wasm-sandbox serve`)"), "{said}");
    }
}

#[test]
fn what_answers_nothing_is_an_error_that_says_what_would() {
    let output = Shell::new().run(&["serve", "module.wat"]);
    assert_eq!(output.status.code(), Some(126));
    assert!(text(&output.stderr).contains("wasi:http/incoming-handler"), "{}", text(&output.stderr));
}
