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

struct Server {
    child: Child,
    stderr: BufReader<std::process::ChildStderr>,
    address: String,
}

impl Server {
    fn start(shell: &Shell, words: &[&str]) -> Self {
        fs::write(shell.folder.path().join("hello.py"), APPLICATION).unwrap();
        let words = [&["serve", "hello.py", "--listen", "127.0.0.1:0"], words].concat();
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

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: guest.test\r\nConnection: close\r\n\r\n").unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    }

    /// Asks it to end: its exit code, stdout and the rest of stderr.
    fn end(mut self) -> (Option<i32>, String, String) {
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
    assert!(reply.starts_with("HTTP/1.1 200 OK") && reply.contains("hello, you"), "{reply}");
    let (code, log, stderr) = server.end();
    assert_eq!(code, Some(0), "{stderr}");
    let words: Vec<&str> = log.trim().split(' ').collect();
    assert_eq!(words[2..6], ["GET", "/?you", "200", "11"], "{log}");
    assert!(stderr.contains("working") && stderr.contains("/etc/passwd"), "{stderr}");
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
    let mut replies = clients.iter_mut().map(|client| {
        client.write_all(b"2").unwrap();
        let mut reply = String::new();
        client.read_to_string(&mut reply).unwrap();
        reply
    });
    assert!(replies.all(|reply| reply.starts_with("HTTP/1.1 200 OK")));
    assert_eq!(server.end().0, Some(0));
}

#[test]
fn the_log_is_json_where_that_is_wanted() {
    let server = Server::start(&Shell::new(), &["--json"]);
    server.get("/%0d%0a%1b?x");
    let (code, log, _) = server.end();
    assert_eq!((code, log.lines().count()), (Some(0), 1), "{log}");
    let entry: serde_json::Value = serde_json::from_str(&log).unwrap();
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
fn what_answers_nothing_is_an_error_that_says_what_would() {
    let output = Shell::new().run(&["serve", "module.wat"]);
    assert_eq!(output.status.code(), Some(126));
    assert!(text(&output.stderr).contains("wasi:http/incoming-handler"), "{}", text(&output.stderr));
}
