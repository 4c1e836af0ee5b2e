//! What the host asks, and the answers: one JSON text each.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// One request. Which fields it needs, its `op` says.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request<'a> {
    pub op: Op,
    #[serde(borrow, default)]
    pub code: Cow<'a, str>,
    #[serde(borrow)]
    pub name: Option<Cow<'a, str>>,
    /// Of a program: strings; of a function: any values.
    #[serde(borrow)]
    pub arguments: Option<&'a RawValue>,
    /// Of a client, that is to be answered.
    #[serde(borrow)]
    pub request: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub function: Cow<'a, str>,
    /// Where relative paths begin, from now on.
    #[serde(borrow)]
    pub folder: Option<Cow<'a, str>>,
    /// What `code` is written in, where its name does not say so.
    #[serde(default)]
    pub language: Language,
}

/// What is to be done.
#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Op {
    Eval,
    Run,
    Load,
    Call,
    Describe,
    Serve,
}

/// What a text is written in.
#[derive(Deserialize, Clone, Copy, Default, PartialEq)]
pub(crate) enum Language {
    #[default]
    JavaScript,
    TypeScript,
}

/// What a turn came to.
pub(crate) enum Answer {
    /// A value: as JSON, and as people read it.
    Value {
        json: String,
        text: String,
        undefined: bool,
    },
    Exit(i32),
    /// An error, as JSON that `report` made.
    Error(String),
}

impl Answer {
    pub(crate) fn nothing() -> Self {
        Answer::Value { json: "null".to_owned(), text: "undefined".to_owned(), undefined: true }
    }

    /// An error that has no place in the user's code.
    pub(crate) fn failed(name: &str, message: &str) -> Self {
        let error = Plain { name, message, stack: "" };
        Answer::Error(serde_json::to_string(&error).unwrap_or_else(|_| r#"{"name":"Error","message":""}"#.to_owned()))
    }

    pub(crate) fn into_text(self) -> String {
        match self {
            Answer::Value { json, text, undefined } => {
                let mut answer = String::with_capacity(json.len() + text.len() + 48);
                answer.push_str(r#"{"ok":{"value":"#);
                answer.push_str(&json);
                answer.push_str(r#","text":"#);
                answer.push_str(&quoted(&text));
                answer.push_str(if undefined { r#","undefined":true}}"# } else { r#","undefined":false}}"# });
                answer
            }
            Answer::Exit(code) => format!(r#"{{"exit":{code}}}"#),
            Answer::Error(error) => format!(r#"{{"error":{error}}}"#),
        }
    }
}

#[derive(Serialize)]
struct Plain<'a> {
    name: &'a str,
    message: &'a str,
    stack: &'a str,
}

/// A text as JSON.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned())
}

/// JSON of the engine may name halves of characters, which no other reader takes: they become the replacement character.
pub(crate) fn without_lone_surrogates(json: String) -> String {
    if !json.contains("\\ud") {
        return json;
    }
    let mut clean = String::with_capacity(json.len());
    let mut rest = json.as_str();
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        clean.push_str(before);
        let lone = escape.get(2..4).is_some_and(|digits| escape.starts_with("\\ud") && digits >= "d8");
        let length = if escape.starts_with("\\u") { 6 } else { 2 };
        let (escape, after) = escape.split_at_checked(length).unwrap_or((escape, ""));
        clean.push_str(if lone { "\\ufffd" } else { escape });
        rest = after;
    }
    clean.push_str(rest);
    clean
}
