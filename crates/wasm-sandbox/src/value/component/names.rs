//! Names of WIT (`not-found`) as other languages write them (`NotFound`, `not_found`).

/// Which of these names is meant: the one that is the same, or the same with `_` for `-`, or else the only one that is the same but
/// for its case and the signs between its words.
pub(super) fn find<'a>(names: impl Iterator<Item = &'a str> + Clone, given: &str) -> Option<usize> {
    if let Some(exact) = names.clone().position(|name| name == given) {
        return Some(exact);
    }
    let signs = |name: &str| name.bytes().map(|sign| if sign == b'-' { b'_' } else { sign }).collect::<Vec<_>>();
    let wanted = signs(given);
    if let Some(snake) = names.clone().position(|name| name.len() == given.len() && signs(name) == wanted) {
        return Some(snake);
    }
    let mut alike = names.enumerate().filter(|(_, name)| same(name, given));
    let (first, _) = alike.next()?;
    alike.next().is_none().then_some(first)
}

/// Whether two names are the same but for their case and the signs between their words.
pub(super) fn same(one: &str, other: &str) -> bool {
    letters(one).eq(letters(other))
}

fn letters(name: &str) -> impl Iterator<Item = char> {
    name.chars().filter(|sign| !matches!(sign, '-' | '_')).flat_map(char::to_lowercase)
}
