//! An MCP server: reads messages from standard input, a line each, and writes what it replies to standard output.

mod mcp;

use std::io::{self, BufRead};

fn main() -> io::Result<()> {
    for line in io::stdin().lock().split(b'\n') {
        let line = line?;
        let reply = if line.trim_ascii().is_empty() { None } else { mcp::answer(&line) };
        if let Some(reply) = reply {
            println!("{reply}");
        }
    }
    Ok(())
}
