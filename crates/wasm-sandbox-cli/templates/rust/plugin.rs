//! Summaries of documents.

use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
pub struct Document {
    pub title: String,
    pub text: String,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct Summary {
    pub title: String,
    pub words: usize,
    pub longest: String,
}

/// Says how many words a document has, and which is the longest.
pub fn summarize(document: Document) -> Summary {
    let words = document.text.split_whitespace().count();
    eprintln!("info: {words} words");
    let longest = document.text.split_whitespace().max_by_key(|word| word.len()).unwrap_or_default().to_owned();
    Summary { title: document.title, words, longest }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(text: &str) -> (usize, String) {
        let Summary { words, longest, .. } = summarize(Document { title: "motto".to_owned(), text: text.to_owned() });
        (words, longest)
    }

    #[test]
    fn documents_are_summarized() {
        assert_eq!(summary("trust nobody"), (2, "nobody".to_owned()));
    }

    #[test]
    fn a_document_may_be_empty() {
        assert_eq!(summary(" \n"), (0, String::new()));
    }
}
