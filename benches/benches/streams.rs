//! The guest of `wasi.rs`: moves 64 MiB in pieces of a size.

use std::{
    fs::File,
    io::{Read, Write},
};

const TOTAL: usize = 64 << 20;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let piece: usize = arguments[2].parse().unwrap();
    match arguments[1].as_str() {
        "write" => fill(&mut File::create("/data/file").unwrap(), piece),
        "read" => drain(&mut File::open("/data/file").unwrap(), piece),
        "print" => fill(&mut Unbuffered(std::io::stdout().lock()), piece),
        "take" => drain(&mut std::io::stdin().lock(), piece),
        other => panic!("nobody knows {other}"),
    }
}

fn fill(to: &mut impl Write, piece: usize) {
    let piece = vec![7; piece];
    (0..TOTAL / piece.len()).for_each(|_| to.write_all(&piece).unwrap());
}

fn drain(from: &mut impl Read, piece: usize) {
    let mut room = vec![0; piece];
    let mut total = 0;
    loop {
        match from.read(&mut room).unwrap() {
            0 => break,
            len => total += len,
        }
    }
    assert_eq!(total, TOTAL);
}

/// Standard output, where each piece goes out by itself.
struct Unbuffered<W>(W);

impl<W: Write> Write for Unbuffered<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.write_all(bytes)?;
        self.0.flush()?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}
