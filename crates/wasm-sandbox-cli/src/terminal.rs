//! What a guest is told of the terminal that its output goes to: four variables, and nothing that tells of the user.

use std::io::IsTerminal;

use wasm_sandbox::InstanceConfig;

/// The longest name of a terminal that is passed on.
const MAX_NAME: usize = 40;

/// The policy of a guest with the streams of this process. On a terminal it has the size and kind of that, and whether colours are
/// wanted, in the variables that programs look for; what the policy sets itself stays.
pub(crate) fn described_in(mut config: InstanceConfig) -> InstanceConfig {
    if std::io::stdout().is_terminal() {
        let variables = &mut config.capabilities.system.environment.variables;
        for (name, value) in description() {
            variables.entry(name.to_owned()).or_insert(value);
        }
    }
    config
}

#[expect(clippy::disallowed_methods, reason = "the command line is where the environment is read, two variables of it")]
fn description() -> Vec<(&'static str, String)> {
    let mut variables = Vec::new();
    if let Ok(size) = rustix::termios::tcgetwinsize(rustix::stdio::stdout()) {
        let size = [("COLUMNS", size.ws_col), ("LINES", size.ws_row)];
        variables
            .extend(size.into_iter().filter(|(_, count)| *count > 0).map(|(name, count)| (name, count.to_string())));
    }
    variables.extend(std::env::var("TERM").ok().filter(|name| is_plain(name)).map(|name| ("TERM", name)));
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if unwanted || anstream::ColorChoice::global() == anstream::ColorChoice::Never {
        variables.push(("NO_COLOR", "1".to_owned()));
    }
    variables
}

/// Whether a text is the name of a kind of terminal, and can be nothing else.
fn is_plain(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '-');
    !name.is_empty() && name.len() <= MAX_NAME && name.chars().all(plain)
}
