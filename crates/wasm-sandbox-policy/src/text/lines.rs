//! Which line of a policy file a field is in.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    fmt,
    io::Read,
};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::plain::Plain;

/// The lines of the fields of one text.
#[derive(Default)]
pub(super) struct Lines(BTreeMap<String, usize>);

impl Lines {
    pub(super) fn of_field(&self, field: &str) -> Option<usize> {
        self.0.get(field).copied()
    }

    pub(super) fn of_toml(document: &DeTable<'_>, starts: &Starts) -> Self {
        let mut lines = Self::default();
        lines.add_table("", document, starts);
        lines
    }

    /// The lines of a text that is JSON.
    pub(super) fn of_json(text: &str) -> Self {
        let (line, lines) = (Cell::new(1), RefCell::default());
        let reader = Counted { rest: text.as_bytes(), line: &line };
        let walk = Walk { place: String::new(), line: &line, lines: &lines };
        match walk.deserialize(&mut serde_json::Deserializer::from_reader(reader)) {
            Ok(()) => lines.into_inner(),
            Err(_) => Self::default(),
        }
    }

    fn add_table(&mut self, place: &str, table: &DeTable<'_>, starts: &Starts) {
        for (key, value) in table {
            self.add(join(place, key.get_ref()), key.span().start, value, starts);
        }
    }

    fn add(&mut self, field: String, offset: usize, value: &Spanned<DeValue<'_>>, starts: &Starts) {
        match value.get_ref() {
            DeValue::Table(table) => self.add_table(&field, table, starts),
            DeValue::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.add(format!("{field}[{index}]"), item.span().start, item, starts);
                }
            }
            _ => {}
        }
        self.0.insert(field, starts.line(offset));
    }
}

fn join(place: &str, key: &str) -> String {
    let key = Plain::line(key);
    if place.is_empty() { key.to_string() } else { format!("{place}.{key}") }
}

/// Where in a text each line begins.
pub(super) struct Starts(Vec<usize>);

impl Starts {
    pub(super) fn of(text: &str) -> Self {
        Self(std::iter::once(0).chain(text.match_indices('\n').map(|(end, _)| end + 1)).collect())
    }

    /// The line, from 1, of a place in the text.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset)
    }
}

/// Text that says how many lines of it have been begun. A reader of JSON looks at most one byte ahead.
struct Counted<'a> {
    rest: &'a [u8],
    line: &'a Cell<usize>,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let (Some((byte, rest)), Some(slot)) = (self.rest.split_first(), buffer.first_mut()) else { return Ok(0) };
        if *byte == b'\n' {
            self.line.set(self.line.get() + 1);
        }
        (*slot, self.rest) = (*byte, rest);
        Ok(1)
    }
}

/// Goes through JSON and notes in which line everything begins.
struct Walk<'a> {
    place: String,
    line: &'a Cell<usize>,
    lines: &'a RefCell<Lines>,
}

impl Walk<'_> {
    fn note(&self, place: String) {
        self.lines.borrow_mut().0.entry(place).or_insert(self.line.get());
    }

    fn below(&self, place: String) -> Self {
        Self { place, ..*self }
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        self.note(self.place.clone());
        while let Some(key) = fields.next_key::<String>()? {
            let place = join(&self.place, &key);
            self.note(place.clone());
            fields.next_value_seed(self.below(place))?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut index = 0_usize;
        while items.next_element_seed(self.below(format!("{}[{index}]", self.place)))?.is_some() {
            index += 1;
        }
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}
