//! Text that a guest, its source or its compiler chose, in a message for people.

use std::fmt::{self, Write};

/// A stranger's text as it can be shown: what would steer a terminal, or hide something from its reader, is an escape.
///
/// ```
/// use wasm_sandbox_policy::Plain;
///
/// assert_eq!(Plain::line("red \u{1b}[31m\n").to_string(), "red \\u{1b}[31m\\n");
/// assert_eq!(Plain::lines("one\ntwo\u{7}").to_string(), "one\ntwo\\u{7}");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Plain<'a> {
    text: &'a str,
    lines: bool,
}

impl<'a> Plain<'a> {
    /// A name or another part of a line: line breaks are escapes, too.
    pub fn line(text: &'a str) -> Self {
        Self { text, lines: false }
    }

    /// Text with lines of its own, and tabs.
    pub fn lines(text: &'a str) -> Self {
        Self { text, lines: true }
    }
}

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.text.chars() {
            if steers(c) && !(self.lines && matches!(c, '\n' | '\t')) {
                write!(f, "{}", c.escape_default())?;
            } else {
                f.write_char(c)?;
            }
        }
        Ok(())
    }
}

/// Control characters, and those that change the direction of text or cannot be seen.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_seen_stays_as_it_is() {
        let evil = "a\u{1b}[2J\r\n\u{202e}b\u{200b}\u{85}\tc";
        assert_eq!(Plain::line(evil).to_string(), "a\\u{1b}[2J\\r\\n\\u{202e}b\\u{200b}\\u{85}\\tc");
        assert_eq!(Plain::lines(evil).to_string(), "a\\u{1b}[2J\\r\n\\u{202e}b\\u{200b}\\u{85}\tc");
        let good = "naïve ‘text’ with \"quotes\" and ü";
        assert_eq!(Plain::line(good).to_string(), good);
    }
}
