//! Serde's messages in the words of a policy's author, with what was probably meant.

use serde_json::Value;

use super::place::{Place, SECRETS};
use crate::{
    config::InstanceConfig,
    error::{ConfigProblem, nearest},
    plain::Plain,
};

/// Characters of a message.
const MAX_MESSAGE: usize = 300;

/// Fields whose values have several forms, and the forms.
const FORMS: [(&str, &str); 3] = [
    ("capabilities.network", "write `\"deny\"` or `{ allow = { rules = [\"example.com:443\"] } }` (in JSON with `:`)"),
    (
        "capabilities.system.clock",
        "write `\"real\"`, `{ coarse = \"1ms\" }` or `{ frozen = { unix_ns = 0 } }` (in JSON with `:`)",
    ),
    ("capabilities.system.random", "write `\"secure\"` or `{ seeded = 1 }` (in JSON with `:`)"),
];

/// What a manifest has to say, and how.
const NEEDED: [(&str, &str); 3] = [
    ("guest", "write `[guest]`, and below it `source = \"main.py\"` and `kind = \"cli\"`"),
    ("guest.source", "write `source = \"main.py\"`, or what the file is called"),
    ("guest.kind", "write `kind = \"library\"`, `\"cli\"` or `\"http\"`"),
];

/// What serde says of the value at `place`, as a problem.
pub(super) fn mistake(place: &Place, message: &str) -> ConfigProblem {
    let field = place.to_string();
    if field.starts_with(SECRETS)
        && let Some(message) = without_what_was_found(message)
    {
        return ConfigProblem::new(field, message);
    }
    let forms = FORMS.iter().find(|(name, _)| has_forms(&field, name)).map(|(_, forms)| (*forms).to_owned());
    let (message, suggestion) = if message.starts_with("unknown field ") {
        let meant = place.key().map(|key| meant_field(key, &candidates(message)));
        ("there is no such setting".to_owned(), meant)
    } else if let Some(rest) = message.strip_prefix("unknown variant ") {
        let value = rest.rsplit_once(", expected ").map_or(rest, |(value, _)| value);
        (format!("{value} cannot be chosen"), Some(meant_value(value.trim_matches('`'), &candidates(message))))
    } else if let Some((found, expected)) = invalid(message) {
        (format!("expected {}, found {}", plain(expected), plain(found)), None)
    } else if let Some(name) = message.strip_prefix("duplicate field ") {
        (format!("{name} is set twice"), None)
    } else if let Some(name) = message.strip_prefix("missing field ") {
        let whole = format!("{field}.{}", name.trim_matches('`'));
        let how = NEEDED.iter().find(|(needed, _)| *needed == whole.trim_start_matches('.'));
        (format!("{name} is missing"), how.map(|(_, how)| (*how).to_owned()))
    } else if message.starts_with("invalid length ") {
        // Of all that a policy has, only a list can be too short or too long.
        ("expected a table, found a list".to_owned(), None)
    } else {
        (message.to_owned(), None)
    };
    // What a policy says is repeated in the message.
    let message = Plain::line(&message).at_most(MAX_MESSAGE).to_string();
    ConfigProblem { suggestion: forms.or(suggestion), ..ConfigProblem::new(field, message) }
}

/// What is wrong below the secrets, if it says what was found: that may be a secret in the place of something else.
fn without_what_was_found(message: &str) -> Option<String> {
    let says_less = ["unknown field ", "missing field ", "duplicate field ", "invalid length "];
    if says_less.iter().any(|start| message.starts_with(start)) {
        return None;
    }
    Some(match invalid(message) {
        Some((_, expected)) => format!("expected {}", plain(expected)),
        None => "expected a host and its port, such as `api.example.com:443`".to_owned(),
    })
}

/// Whether a field has several forms, or is in one of them. What is in a grant of the network has one form only.
fn has_forms(field: &str, name: &str) -> bool {
    field
        .strip_prefix(name)
        .is_some_and(|rest| rest.is_empty() || (rest.starts_with('.') && !rest.starts_with(".allow.")))
}

/// A message of `serde_json`'s without the line and column at its end.
pub(super) fn without_place(message: &str) -> &str {
    message.rsplit_once(" at line ").map_or(message, |(message, _)| message)
}

fn invalid(message: &str) -> Option<(&str, &str)> {
    let rest = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "))?;
    rest.rsplit_once(", expected ")
}

/// The names that a message of serde's says it expected.
fn candidates(message: &str) -> Vec<&str> {
    let expected = message.rsplit_once(", expected ").map_or("", |(_, expected)| expected);
    expected.split('`').skip(1).step_by(2).collect()
}

fn meant_field(key: &str, siblings: &[&str]) -> String {
    let elsewhere = settings();
    let name =
        |path: &&String| path.rsplit('.').next() == nearest(key, elsewhere.iter().filter_map(|p| p.rsplit('.').next()));
    match nearest(key, siblings.iter().copied()).or_else(|| elsewhere.iter().find(name).map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => one_of(siblings),
    }
}

fn meant_value(value: &str, choices: &[&str]) -> String {
    match nearest(value, choices.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => one_of(choices),
    }
}

fn one_of(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match names.split_last() {
        Some((last, [])) => format!("there is only {last}"),
        Some((last, others)) => format!("there are {} and {last}", others.join(", ")),
        None => "there are none".to_owned(),
    }
}

/// The paths of all settings.
fn settings() -> Vec<String> {
    fn add(place: &str, value: &Value, paths: &mut Vec<String>) {
        for (name, value) in value.as_object().into_iter().flatten() {
            let path = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
            add(&path, value, paths);
            paths.push(path);
        }
    }
    let mut paths = Vec::new();
    if let Ok(value) = serde_json::to_value(InstanceConfig::default()) {
        add("", &value, &mut paths);
    }
    paths
}

/// Serde's names of types, in words.
fn plain(name: &str) -> &str {
    match name {
        "map" | "a map" => "a table",
        "sequence" | "a sequence" => "a list",
        "null" => "nothing",
        "a string" => "text in quotes",
        "path string" => "a path in quotes",
        "string or map" => "text or a table",
        "map with a single key" => "a table with one key",
        "u32" => "a whole number, at most 4294967295",
        "u64" => "a whole number",
        "unit variant" => "a name alone",
        "newtype variant" | "struct variant" => "a name with a value",
        name if name.starts_with("struct ") => "a table",
        name => name,
    }
}
