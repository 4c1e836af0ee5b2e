//! The Model Context Protocol, as far as a server with tools speaks it.

use serde_json::{Value, json};

/// The newest first.
const VERSIONS: [&str; 2] = ["2025-06-18", "2024-11-05"];

/// What a model may call: its name, what it is for, what it takes, and the function.
type Tool = (&'static str, &'static str, fn() -> Value, fn(&Value) -> Result<String, String>);

const TOOLS: [Tool; 1] = [("count_words", "Counts the words of a text.", takes_text, count_words)];

fn takes_text() -> Value {
    json!({ "type": "object", "properties": { "text": { "type": "string" } }, "required": ["text"] })
}

fn count_words(given: &Value) -> Result<String, String> {
    let text = given["text"].as_str().ok_or("`text` must be a string")?;
    Ok(text.split_whitespace().count().to_string())
}

/// A request that is answered with an error: its code, and what is said.
type Refusal = (i32, String);

/// The reply to a message; none to a notification.
pub fn answer(line: &[u8]) -> Option<Value> {
    let Ok(message) = serde_json::from_slice::<Value>(line) else {
        return Some(failure(&Value::Null, (-32700, "this is no JSON".to_owned())));
    };
    let (id, method) = (message.get("id"), message["method"].as_str());
    let Some(method) = method.filter(|_| is_request(&message)) else {
        return Some(failure(&Value::Null, (-32600, "this is no request".to_owned())));
    };
    let id = id?;
    Some(match result(method, message.get("params").unwrap_or(&json!({}))) {
        Ok(result) => json!({ "id": id, "jsonrpc": "2.0", "result": result }),
        Err(refusal) => failure(id, refusal),
    })
}

fn is_request(message: &Value) -> bool {
    message["jsonrpc"] == "2.0" && message.get("id").is_none_or(|id| id.is_number() || id.is_string())
}

fn failure(id: &Value, (code, message): Refusal) -> Value {
    json!({ "error": { "code": code, "message": message }, "id": id, "jsonrpc": "2.0" })
}

fn result(method: &str, params: &Value) -> Result<Value, Refusal> {
    if !params.is_object() {
        return Err((-32602, "the parameters are no object".to_owned()));
    }
    match method {
        "initialize" => {
            let asked = VERSIONS.into_iter().find(|version| params["protocolVersion"] == *version);
            Ok(json!({
                "capabilities": { "tools": {} },
                "protocolVersion": asked.unwrap_or(VERSIONS[0]),
                "serverInfo": { "name": "{name}", "version": env!("CARGO_PKG_VERSION") },
            }))
        }
        "ping" => Ok(json!({})),
        "tools/list" => Ok(json!({ "tools": TOOLS.map(|(name, description, takes, _)| {
            json!({ "name": name, "description": description, "inputSchema": takes() })
        }) })),
        "tools/call" => call(&params["name"], &params["arguments"]),
        _ => Err((-32601, format!("there is no method {method}"))),
    }
}

/// What a tool says, or why it failed: the model reads both.
fn call(wanted: &Value, given: &Value) -> Result<Value, Refusal> {
    let found = TOOLS.into_iter().find(|(tool, ..)| wanted == tool);
    let (.., run) = found.ok_or_else(|| (-32602, format!("there is no tool {wanted}")))?;
    let (said, failed) = run(given).map_or_else(|error| (error, true), |said| (said, false));
    Ok(json!({ "content": [{ "text": said, "type": "text" }], "isError": failed }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(method: &str, params: Value) -> Value {
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        answer(message.to_string().as_bytes()).unwrap()
    }

    #[test]
    fn it_speaks_the_version_of_its_client_if_it_can() {
        for (asked, spoken) in [("2024-11-05", "2024-11-05"), ("2999-01-01", "2025-06-18")] {
            let reply = ask("initialize", json!({ "protocolVersion": asked }));
            assert_eq!(reply["result"]["protocolVersion"], spoken);
        }
    }

    #[test]
    fn tools_are_listed_and_called() {
        assert_eq!(ask("tools/list", json!({}))["result"]["tools"][0]["name"], "count_words");
        for (text, failed, said) in [(json!("trust nobody"), false, "2"), (json!(5), true, "`text` must be a string")] {
            let reply = ask("tools/call", json!({ "name": "count_words", "arguments": { "text": text } }));
            assert_eq!(reply["result"], json!({ "content": [{ "text": said, "type": "text" }], "isError": failed }));
        }
    }

    #[test]
    fn what_is_unknown_is_refused() {
        assert_eq!(ask("tools/call", json!({ "name": "other" }))["error"]["code"], -32602);
        assert_eq!(ask("other", json!({}))["error"]["code"], -32601);
        assert_eq!(answer(b"[]").unwrap()["error"]["code"], -32600);
        assert_eq!(answer(b"{").unwrap()["error"]["code"], -32700);
    }

    #[test]
    fn notifications_are_not_answered() {
        assert!(answer(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).is_none());
    }
}
