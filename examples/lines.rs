//! A program: counts the lines of the files that it is given.

use std::{env, fs};

fn main() {
    for path in env::args().skip(1) {
        match fs::read_to_string(&path) {
            Ok(text) => println!("{:>6} {path}", text.lines().count()),
            Err(error) => println!("{path}: {:?}", error.kind()),
        }
    }
}
