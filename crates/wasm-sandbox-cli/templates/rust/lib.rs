/// How many words a text has.
pub fn count(text: &str) -> usize {
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
