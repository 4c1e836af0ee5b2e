//! Which line of a policy file a field is in.

use std::collections::BTreeMap;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::error::ConfigProblem;

/// The lines of the fields of one text, as far as they are known.
#[derive(Default)]
pub(super) struct Lines {
    /// Where in the text each line begins.
    starts: Vec<usize>,
    fields: BTreeMap<String, usize>,
}

impl Lines {
    /// The lines of all fields.
    pub(super) fn of_toml(text: &str, document: &DeTable<'_>) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(end, _)| end + 1)).collect();
        let mut lines = Self { starts, fields: BTreeMap::new() };
        lines.add_table("", document);
        lines
    }

    /// The one line that a reader of JSON tells.
    pub(super) fn of_first(problem: Option<&ConfigProblem>) -> Self {
        let field = problem.and_then(|problem| Some((problem.field.clone(), problem.line?)));
        Self { starts: Vec::new(), fields: field.into_iter().collect() }
    }

    /// The line, from 1, of a place in the text.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset)
    }

    pub(super) fn of_field(&self, field: &str) -> Option<usize> {
        self.fields.get(field).copied()
    }

    fn add_table(&mut self, place: &str, table: &DeTable<'_>) {
        for (key, value) in table {
            let name = key.get_ref().escape_debug();
            let field = if place.is_empty() { name.to_string() } else { format!("{place}.{name}") };
            self.add(field, key.span().start, value);
        }
    }

    fn add(&mut self, field: String, offset: usize, value: &Spanned<DeValue<'_>>) {
        match value.get_ref() {
            DeValue::Table(table) => self.add_table(&field, table),
            DeValue::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.add(format!("{field}[{index}]"), item.span().start, item);
                }
            }
            _ => {}
        }
        self.fields.insert(field, self.line(offset));
    }
}
