//! Functions of every kind that the attribute exports.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use wasm_sandbox_guest::{error, export, info};

/// A place on a plane.
#[derive(Serialize, Deserialize)]
struct Point {
    x: f64,
    y: f64,
}

/// Adds two numbers.
#[export]
fn add(a: i32, b: i32) -> i32 {
    a.wrapping_add(b)
}

#[export]
fn next(letter: char) -> char {
    char::from_u32(letter as u32 + 1).unwrap_or_default()
}

/// Text, lists, maps and
/// numbers.
#[export]
fn count(text: &str, words: &[String], most: Option<u32>) -> BTreeMap<String, u32> {
    let found =
        words.iter().map(|word| (word.clone(), u32::try_from(text.matches(word.as_str()).count()).unwrap_or(u32::MAX)));
    found.filter(|(_, count)| most.is_none_or(|most| *count <= most)).collect()
}

#[export]
fn moved(point: Point, (x, y): (f64, f64)) -> Point {
    Point { x: point.x + x, y: point.y + y }
}

#[export]
fn halved(number: i64) -> Result<i64, String> {
    if number % 2 == 0 { Ok(number / 2) } else { Err(format!("{number} is odd")) }
}

/// Says it on standard error.
#[export]
pub fn tell(text: String) {
    info!("{text}");
    error!("{} bytes", text.len());
}

mod inner {
    use super::export;

    #[export]
    fn motto() -> &'static str {
        "trust nobody"
    }
}
