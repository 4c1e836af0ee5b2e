//! Text that a guest, its source or its compiler chose, in a message for people.

use std::fmt::{self, Write};

/// A stranger's text as it can be shown: what would steer a terminal, or hide something from its reader, is an escape.
///
/// ```
/// use wasm_sandbox_policy::Plain;
///
/// assert_eq!(Plain::line("red \u{1b}[31m\n").to_string(), "red \\u{1b}[31m\\n");
/// assert_eq!(Plain::lines("one\ntwo\u{7}").to_string(), "one\ntwo\\u{7}");
/// assert_eq!(Plain::indented("one\nhint: two\n").to_string(), "one\n  hint: two");
/// assert_eq!(Plain::line("one two").at_most(6).to_string(), "one...");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Plain<'a> {
    text: &'a str,
    breaks: Breaks,
    most: usize,
}

/// What becomes of line breaks. Where they stay, tabs do.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Breaks {
    Escape,
    Keep,
    Indent,
}

impl<'a> Plain<'a> {
    /// A name or another part of a line: line breaks are escapes, too.
    pub fn line(text: &'a str) -> Self {
        Self { text, breaks: Breaks::Escape, most: usize::MAX }
    }

    /// Text with lines of its own, and tabs.
    pub fn lines(text: &'a str) -> Self {
        Self { breaks: Breaks::Keep, ..Self::line(text) }
    }

    /// Text with lines of its own among those of a program: all but its first are indented, so that none looks like one of
    /// the program's. White space at its end is left out.
    pub fn indented(text: &'a str) -> Self {
        Self { breaks: Breaks::Indent, ..Self::line(text.trim_end()) }
    }

    /// Cut off so that it has at most this many characters, with `...` at its end. By default nothing is.
    #[must_use]
    pub fn at_most(self, characters: usize) -> Self {
        Self { most: characters, ..self }
    }

    fn escapes(&self, c: char) -> bool {
        steers(c) && !(self.breaks != Breaks::Escape && matches!(c, '\n' | '\t'))
    }

    /// Characters that one becomes.
    fn width(&self, c: char) -> usize {
        if self.escapes(c) { c.escape_default().len() } else { 1 }
    }

    /// Whether there are more than `most`; of a long text no more is looked at.
    fn is_long(&self) -> bool {
        let mut widths = self.text.chars().map(|c| self.width(c));
        widths.try_fold(0_usize, |all, width| Some(all + width).filter(|all| *all <= self.most)).is_none()
    }
}

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const CUT: &str = "...";
        let mut room = if self.is_long() { self.most.saturating_sub(CUT.len()) } else { usize::MAX };
        for c in self.text.chars() {
            room = match room.checked_sub(self.width(c)) {
                Some(room) => room,
                None => return f.write_str(CUT),
            };
            match c {
                c if self.escapes(c) => write!(f, "{}", c.escape_default())?,
                '\n' if self.breaks == Breaks::Indent => f.write_str("\n  ")?,
                c => f.write_char(c)?,
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
        let lines = "first\nerror: \u{1b}[2J\n\n";
        assert_eq!(Plain::indented(lines).to_string(), "first\n  error: \\u{1b}[2J");
    }

    #[test]
    fn a_long_text_is_cut_off_between_characters_and_escapes() {
        let text = "\u{e9}\u{1b}\u{e9}";
        for (most, shown) in [(0, "..."), (4, "\u{e9}..."), (7, "\u{e9}...")] {
            assert_eq!(Plain::line(text).at_most(most).to_string(), shown, "{most}");
        }
        assert_eq!(Plain::line(text).at_most(8).to_string(), "\u{e9}\\u{1b}\u{e9}");
        assert_eq!(Plain::line("\u{e9}\u{1b}four").at_most(10).to_string(), "\u{e9}\\u{1b}...");
        // What was shown once is not changed by being shown again.
        let shown = Plain::line("\u{1b}\n\\").to_string();
        assert_eq!(Plain::line(&shown).to_string(), shown);
    }
}
