//! Prints how many words its arguments have, or its input.

use std::io;

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let text = if arguments.is_empty() { io::read_to_string(io::stdin())? } else { arguments.join(" ") };
    println!("{}", count(&text));
    Ok(())
}

/// How many words a text has.
fn count(text: &str) -> usize {
    text.split_whitespace().count()
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn words_are_counted() {
        assert_eq!(count("trust nobody"), 2);
    }

    #[test]
    fn no_text_has_no_words() {
        assert_eq!(count(" \n"), 0);
    }
}
