//! How deep a text goes, before a parser goes as deep. The parser, and what comes after it, call themselves for what is nested,
//! and nobody can catch the end of this guest's stack; so what could come near it is refused, as the engine does by itself for
//! JavaScript.
//!
//! What is counted is no grammar: brackets that are open, and what stands between them since a statement or an item began, for
//! `a = b = c`, `a ? b : c ? d : e`, `A<B<C>>` and the like nest without brackets.

/// What may be open at once. 4.5 MiB of stack are left where a program that is itself as deep as can be imports a file. A level
/// of brackets takes 2.1 KB of them at most (functions and classes), what else nests 0.7 KB a token (type arguments).
const MAX_COST: usize = 6_000;
const COST_OF_BRACKETS: usize = 8;

/// Words after which a `/` begins a regular expression.
const BEFORE_PATTERNS: [&str; 10] = ["return", "typeof", "case", "in", "of", "do", "else", "void", "delete", "await"];

/// Characters that no statement begins with: what a `}` has ended before them was none.
const GOES_ON: &[u8] = b"=.?:&|*%^>";

/// Where a text is nested too deeply.
pub(super) fn too_deep(text: &str) -> Option<usize> {
    if text.len() * (COST_OF_BRACKETS + 1) <= MAX_COST {
        return None;
    }
    let mut scan = Scan { text, at: 0, levels: Vec::new(), outermost: Level::default(), cost: 0, value: false };
    while scan.at < text.len() {
        scan.token();
        if scan.cost > MAX_COST {
            return Some(scan.at);
        }
    }
    None
}

/// Between two brackets.
#[derive(Default)]
struct Level {
    /// Tokens since a statement or an item began.
    run: usize,
    /// `<` without a `>` among them: a comma may be between type arguments.
    angles: usize,
    /// Whether a statement may have ended, if no `else` goes on with it.
    ended: bool,
    /// Whether it is in a template, which goes on after it.
    template: bool,
}

struct Scan<'t> {
    text: &'t str,
    at: usize,
    outermost: Level,
    levels: Vec<Level>,
    cost: usize,
    /// Whether a value has just ended, so that a `/` divides it.
    value: bool,
}

impl Scan<'_> {
    /// Passes over one token, or what is between tokens.
    fn token(&mut self) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        match rest {
            [first, ..] if first.is_ascii_whitespace() => self.at += 1,
            [b'/', b'/', ..] => self.skip_to("\n"),
            [b'/', b'*', ..] => self.skip_to("*/"),
            [b'"' | b'\'', ..] => self.string(),
            [b'`', ..] => self.template(),
            [b'/', ..] if !self.value => self.pattern(),
            [first, ..] if is_word(*first) => self.word(),
            [first, ..] => self.punctuation(*first),
            [] => {}
        }
    }

    fn word(&mut self) {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let length = rest.bytes().take_while(|byte| is_word(*byte)).count();
        let word = rest.get(..length).unwrap_or_default();
        self.count(word == "else");
        self.value = !BEFORE_PATTERNS.contains(&word);
        self.at += length;
    }

    fn punctuation(&mut self, first: u8) {
        self.at += 1;
        match first {
            b'(' | b'[' | b'{' => self.open(false),
            b')' | b']' | b'}' => self.close(first),
            b';' => self.level().ended = true,
            b',' if self.level().angles == 0 => self.reset(),
            _ => {
                self.count(GOES_ON.contains(&first));
                let level = self.level();
                match first {
                    b'<' => level.angles += 1,
                    b'>' => level.angles = level.angles.saturating_sub(1),
                    _ => {}
                }
            }
        }
        self.value = matches!(first, b')' | b']');
    }

    /// One more token, which may go on with a statement that had ended.
    fn count(&mut self, goes_on: bool) {
        if std::mem::take(&mut self.level().ended) && !goes_on {
            self.reset();
        }
        self.level().run += 1;
        self.cost += 1;
    }

    fn reset(&mut self) {
        let level = self.level();
        level.angles = 0;
        let run = std::mem::take(&mut level.run);
        self.cost -= run;
    }

    fn open(&mut self, template: bool) {
        self.count(false);
        self.levels.push(Level { template, ..Level::default() });
        self.cost += COST_OF_BRACKETS;
    }

    fn close(&mut self, bracket: u8) {
        self.reset();
        let Some(closed) = self.levels.pop() else { return };
        self.cost -= COST_OF_BRACKETS;
        if closed.template {
            self.text_of_template();
        } else if bracket == b'}' {
            self.level().ended = true;
        }
    }

    fn level(&mut self) -> &mut Level {
        self.levels.last_mut().unwrap_or(&mut self.outermost)
    }

    /// A string ends at the end of its line at the latest.
    fn string(&mut self) {
        self.count(false);
        let bytes = self.text.as_bytes();
        let quote = bytes.get(self.at).copied();
        self.at += 1;
        while let Some(byte) = bytes.get(self.at) {
            self.at += if *byte == b'\\' { 2 } else { 1 };
            if Some(*byte) == quote || *byte == b'\n' {
                break;
            }
        }
        self.value = true;
    }

    fn template(&mut self) {
        self.count(false);
        self.at += 1;
        self.text_of_template();
    }

    /// The text of a template up to its end or its next value.
    fn text_of_template(&mut self) {
        let bytes = self.text.as_bytes();
        while let Some(byte) = bytes.get(self.at) {
            self.at += if *byte == b'\\' { 2 } else { 1 };
            if *byte == b'`' {
                break;
            }
            if *byte == b'$' && bytes.get(self.at) == Some(&b'{') {
                self.at += 1;
                self.open(true);
                self.value = false;
                return;
            }
        }
        self.value = true;
    }

    /// A regular expression, or else a division: the first of them ends in its line.
    fn pattern(&mut self) {
        self.count(false);
        let rest = self.text.as_bytes().get(self.at + 1..).unwrap_or_default();
        self.at += 1;
        let (mut escaped, mut class) = (false, false);
        for (index, byte) in rest.iter().enumerate() {
            match byte {
                b'\n' => break,
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'[' => class = true,
                b']' => class = false,
                b'/' if !class => {
                    self.at += index + 1;
                    self.value = true;
                    return;
                }
                _ => {}
            }
        }
        self.value = false;
    }

    fn skip_to(&mut self, end: &str) {
        let rest = self.text.get(self.at + 2..).unwrap_or_default();
        self.at = rest.find(end).map_or(self.text.len(), |found| self.at + 2 + found + end.len());
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || !byte.is_ascii()
}
