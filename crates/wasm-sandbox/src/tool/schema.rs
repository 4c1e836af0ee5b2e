//! What a tool takes, and whether arguments fit: the part of JSON Schema (2020-12) that describes arguments. A schema that says
//! anything else is refused when the tool is registered, so that nothing it says is passed over.

use std::{cell::Cell, collections::BTreeMap, fmt};

use serde_json::{Map, Value};

/// Levels of schemas inside of schemas, references included, that are followed for one value.
const MAX_DEPTH: usize = 600;

/// Schemas that are tried for arguments of no length, and for each byte of theirs. A schema that refers to itself in several
/// ways can be tried more often than there are atoms.
const TRIES: u64 = 100_000;
const TRIES_PER_BYTE: u64 = 8;

/// What describes and does not constrain. `format` is among it by default.
const NOTES: [&str; 13] = [
    "$schema",
    "$id",
    "$comment",
    "$defs",
    "definitions",
    "title",
    "description",
    "default",
    "examples",
    "deprecated",
    "readOnly",
    "writeOnly",
    "format",
];

/// A JSON Schema of an object.
pub(super) struct Schema {
    rule: Rule,
    /// What references lead to.
    shared: BTreeMap<String, Rule>,
    /// Which properties arguments without a name stand for, in their order.
    order: Vec<String>,
}

/// One schema: everything in it must hold.
#[derive(Default)]
struct Rule {
    /// Nothing fits.
    never: bool,
    reference: Option<String>,
    kinds: Option<Vec<Kind>>,
    /// The only values that there are: `enum` or `const`.
    values: Option<Vec<Value>>,
    minimum: Option<f64>,
    maximum: Option<f64>,
    above: Option<f64>,
    below: Option<f64>,
    shortest: Option<u64>,
    longest: Option<u64>,
    fewest_items: Option<u64>,
    most_items: Option<u64>,
    properties: BTreeMap<String, Rule>,
    required: Vec<String>,
    additional: Option<Box<Rule>>,
    first_items: Vec<Rule>,
    items: Option<Box<Rule>>,
    all: Vec<Rule>,
    any: Vec<Rule>,
    one: Vec<Rule>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Null,
    Boolean,
    Integer,
    Number,
    String,
    Array,
    Object,
}

impl Schema {
    /// # Errors
    /// It is no schema of an object, or says something that is not checked here.
    pub(super) fn new(schema: &Value) -> Result<Self, String> {
        if schema.get("type").and_then(Value::as_str) != Some("object") {
            return Err("arguments have names, so that `type` has to be `object`".to_owned());
        }
        let mut shared = BTreeMap::new();
        for place in ["$defs", "definitions"] {
            for (name, schema) in schema.get(place).and_then(Value::as_object).into_iter().flatten() {
                shared.insert(format!("#/{place}/{name}"), Rule::new(schema)?);
            }
        }
        let this = Self { rule: Rule::new(schema)?, shared, order: order(schema) };
        let rules = this.shared.values().chain([&this.rule]);
        let mut references = rules.flat_map(Rule::references);
        if let Some(reference) = references.find(|reference| !this.shared.contains_key(*reference)) {
            return Err(format!("`$ref` to `{reference}`, which is not in its `$defs`"));
        }
        drop(references);
        Ok(this)
    }

    /// Arguments that were sent in `bytes` bytes as one object that fits.
    pub(super) fn fit(&self, arguments: Value, positional: Vec<Value>, bytes: usize) -> Result<Value, String> {
        let (mut named, listed) = match arguments {
            Value::Object(named) => (named, positional),
            Value::Null => (Map::new(), positional),
            Value::Array(listed) if positional.is_empty() => (Map::new(), listed),
            _ => return Err("they are neither named nor a list".to_owned()),
        };
        if listed.len() > self.order.len() {
            return Err(format!("{} arguments without a name, and {} at most", listed.len(), self.order.len()));
        }
        for (name, value) in self.order.iter().zip(listed) {
            if named.insert(name.clone(), value).is_some() {
                return Err(format!("`{name}` is given twice"));
            }
        }
        let arguments = Value::Object(named);
        let tries = TRIES.saturating_add((bytes as u64).saturating_mul(TRIES_PER_BYTE));
        Check { schema: self, tries: Cell::new(tries) }.check(&self.rule, &arguments, &At::WHOLE)?;
        Ok(arguments)
    }
}

/// One look at arguments.
struct Check<'a> {
    schema: &'a Schema,
    /// Schemas that may still be tried.
    tries: Cell<u64>,
}

/// A place in the arguments.
struct At<'a> {
    above: Option<(&'a At<'a>, Step<'a>)>,
    depth: usize,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Name(&'a str),
    Place(usize),
    /// The same value, another schema.
    Same,
}

impl At<'_> {
    const WHOLE: Self = Self { above: None, depth: 0 };

    fn then<'a>(&'a self, step: Step<'a>) -> At<'a> {
        At { above: Some((self, step)), depth: self.depth + 1 }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((above, step)) = self.above else { return Ok(()) };
        above.fmt(f)?;
        match step {
            Step::Name(name) => write!(f, "/{}", shown(name)),
            Step::Place(place) => write!(f, "/{place}"),
            Step::Same => Ok(()),
        }
    }
}

impl Check<'_> {
    /// The first thing that is wrong, without the value: it may be long.
    fn check(&self, rule: &Rule, value: &Value, at: &At<'_>) -> Result<(), String> {
        if at.depth > MAX_DEPTH {
            return Err(wrong(at, "is too deep"));
        }
        self.tries.set(self.tries.get().checked_sub(1).ok_or_else(|| wrong(at, "takes too long to check"))?);
        if rule.never {
            return Err(wrong(at, "is not taken"));
        }
        rule.check_alone(value, at)?;
        self.check_inside(rule, value, at)?;
        let fits = |rule: &Rule| self.check(rule, value, &at.then(Step::Same));
        if let Some(reference) = rule.reference.as_ref().and_then(|reference| self.schema.shared.get(reference)) {
            fits(reference)?;
        }
        rule.all.iter().try_for_each(fits)?;
        if let [only] = &*rule.any {
            fits(only)?;
        } else if !rule.any.is_empty() && !rule.any.iter().any(|rule| fits(rule).is_ok()) {
            return Err(wrong(at, "is none of what it may be"));
        }
        match rule.one.iter().filter(|rule| fits(rule).is_ok()).count() {
            0 if !rule.one.is_empty() => Err(wrong(at, "is none of what it may be")),
            0 | 1 => Ok(()),
            _ => Err(wrong(at, "is several of what it may be one of")),
        }
    }

    /// The values inside of a value.
    fn check_inside(&self, rule: &Rule, value: &Value, at: &At<'_>) -> Result<(), String> {
        match value {
            Value::Object(object) => {
                if let Some(missing) = rule.required.iter().find(|name| !object.contains_key(*name)) {
                    return Err(wrong(at, &format!("lacks `{missing}`")));
                }
                for (name, value) in object {
                    let rule = match (rule.properties.get(name), &rule.additional) {
                        (Some(rule), _) => rule,
                        (None, Some(rule)) if rule.never => {
                            return Err(wrong(at, &format!("has no `{}`", shown(name))));
                        }
                        (None, Some(rule)) => rule,
                        (None, None) => continue,
                    };
                    self.check(rule, value, &at.then(Step::Name(name)))?;
                }
            }
            Value::Array(items) => {
                let rules = rule.first_items.iter().map(Some).chain(std::iter::repeat(rule.items.as_deref()));
                for (place, (value, rule)) in items.iter().zip(rules).enumerate() {
                    if let Some(rule) = rule {
                        self.check(rule, value, &at.then(Step::Place(place)))?;
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl Rule {
    fn new(schema: &Value) -> Result<Self, String> {
        let schema = match schema {
            Value::Object(schema) => schema,
            Value::Bool(all) => return Ok(Self { never: !all, ..Self::default() }),
            _ => return Err("a schema is an object, `true` or `false`".to_owned()),
        };
        let mut rule = Self::default();
        for (keyword, value) in schema {
            let known = rule.add(keyword, value).ok_or_else(|| format!("`{keyword}` cannot be what it is"))?;
            if !known? && !NOTES.contains(&keyword.as_str()) {
                return Err(format!("`{keyword}` is not checked here"));
            }
        }
        Ok(rule)
    }

    /// Whether a keyword is one that is checked; nothing if its value is none for it.
    fn add(&mut self, keyword: &str, value: &Value) -> Option<Result<bool, String>> {
        let texts =
            || value.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
        let rules = || Some(value.as_array()?.iter().map(Self::new).collect::<Result<Vec<_>, _>>());
        macro_rules! some {
            ($field:ident, $value:expr) => {
                self.$field = Some($value)
            };
        }
        macro_rules! inner {
            ($rules:expr) => {
                match $rules {
                    Ok(rules) => rules,
                    Err(why) => return Some(Err(why)),
                }
            };
        }
        match keyword {
            "$ref" => some!(reference, value.as_str()?.to_owned()),
            "type" => some!(kinds, kinds(value)?),
            "enum" => some!(values, value.as_array()?.clone()),
            "const" => some!(values, vec![value.clone()]),
            "minimum" => some!(minimum, value.as_f64()?),
            "maximum" => some!(maximum, value.as_f64()?),
            "exclusiveMinimum" => some!(above, value.as_f64()?),
            "exclusiveMaximum" => some!(below, value.as_f64()?),
            "minLength" => some!(shortest, value.as_u64()?),
            "maxLength" => some!(longest, value.as_u64()?),
            "minItems" => some!(fewest_items, value.as_u64()?),
            "maxItems" => some!(most_items, value.as_u64()?),
            "required" => self.required = texts()?,
            "additionalProperties" => some!(additional, Box::new(inner!(Self::new(value)))),
            "items" => some!(items, Box::new(inner!(Self::new(value)))),
            "prefixItems" => self.first_items = inner!(rules()?),
            "allOf" => self.all = inner!(rules()?),
            "anyOf" => self.any = inner!(rules()?),
            "oneOf" => self.one = inner!(rules()?),
            "properties" => {
                for (name, schema) in value.as_object()? {
                    self.properties.insert(name.clone(), inner!(Self::new(schema)));
                }
            }
            _ => return Some(Ok(false)),
        }
        Some(Ok(true))
    }

    /// Everything in it that is itself a rule.
    fn inner(&self) -> impl Iterator<Item = &Self> {
        let lists = [&self.first_items, &self.all, &self.any, &self.one];
        let boxed = [&self.additional, &self.items].into_iter().flatten().map(|rule| &**rule);
        self.properties.values().chain(lists.into_iter().flatten()).chain(boxed)
    }

    fn references(&self) -> Vec<&String> {
        self.reference.iter().chain(self.inner().flat_map(Self::references)).collect()
    }

    /// What holds for a value whatever is inside of it.
    fn check_alone(&self, value: &Value, at: &At<'_>) -> Result<(), String> {
        if let Some(kinds) = &self.kinds
            && !kinds.iter().any(|kind| kind.fits(value))
        {
            let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
            return Err(wrong(at, &format!("is no {}", names.join(" or "))));
        }
        if let Some(values) = &self.values
            && !values.iter().any(|known| same(known, value))
        {
            return Err(wrong(at, "is none of the values that there are"));
        }
        let outside = |least: bool, what: &str, bound: &dyn std::fmt::Display| {
            Err(wrong(at, &format!("is {} than {bound}{what}", if least { "less" } else { "more" })))
        };
        if let Some(number) = value.as_f64() {
            match (self.minimum, self.maximum, self.above, self.below) {
                (Some(bound), ..) if number < bound => return outside(true, "", &bound),
                (_, Some(bound), ..) if number > bound => return outside(false, "", &bound),
                (_, _, Some(bound), _) if number <= bound => return Err(wrong(at, &format!("is not above {bound}"))),
                (.., Some(bound)) if number >= bound => return Err(wrong(at, &format!("is not below {bound}"))),
                _ => {}
            }
        }
        let (len, least, most, what) = match value {
            Value::String(text) => (text.chars().count() as u64, self.shortest, self.longest, " characters"),
            Value::Array(items) => (items.len() as u64, self.fewest_items, self.most_items, " items"),
            _ => return Ok(()),
        };
        match (least, most) {
            (Some(bound), _) if len < bound => outside(true, what, &bound),
            (_, Some(bound)) if len > bound => outside(false, what, &bound),
            _ => Ok(()),
        }
    }
}

impl Kind {
    const ALL: [Self; 7] =
        [Self::Null, Self::Boolean, Self::Integer, Self::Number, Self::String, Self::Array, Self::Object];

    fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Integer => "integer",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }

    fn fits(self, value: &Value) -> bool {
        match (self, value) {
            (Self::Null, Value::Null)
            | (Self::Boolean, Value::Bool(_))
            | (Self::Number, Value::Number(_))
            | (Self::String, Value::String(_))
            | (Self::Array, Value::Array(_))
            | (Self::Object, Value::Object(_)) => true,
            // `1.0` is an integer to JSON Schema, and to JavaScript.
            (Self::Integer, Value::Number(number)) => {
                number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|number| number.fract() == 0.0)
            }
            _ => false,
        }
    }
}

fn kinds(value: &Value) -> Option<Vec<Kind>> {
    let one = |name: &Value| Kind::ALL.into_iter().find(|kind| Some(kind.name()) == name.as_str());
    match value {
        Value::Array(names) => names.iter().map(one).collect(),
        name => one(name).map(|kind| vec![kind]),
    }
}

/// Equality of JSON Schema, to which `1` and `1.0` are one number.
fn same(known: &Value, value: &Value) -> bool {
    match (known, value) {
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        _ => known == value,
    }
}

/// Those that are required, in the order of the schema; if none is, the only one that there is.
fn order(schema: &Value) -> Vec<String> {
    let required = schema.get("required").and_then(Value::as_array);
    let required: Vec<String> = required.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    if !required.is_empty() {
        return required;
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.filter(|properties| properties.len() == 1).into_iter().flat_map(Map::keys).cloned().collect()
}

/// A guest's name for something, as much of it as can be shown.
fn shown(name: &str) -> String {
    name.chars().take(64).collect()
}

fn wrong(at: &At<'_>, why: &str) -> String {
    let at = at.to_string();
    format!("{} {why}", if at.is_empty() { "the whole" } else { &at })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema(properties: Value) -> Schema {
        Schema::new(&json!({ "type": "object", "properties": { "x": properties } })).unwrap()
    }

    #[test]
    fn values_fit_or_do_not() {
        for (kind, fits, other) in [
            (json!(true), json!([1]), None),
            (json!({"type": ["string", "null"]}), json!(null), Some(json!(1))),
            (json!({"type": "integer"}), json!(2.0), Some(json!(2.5))),
            (json!({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}), json!(0.5), Some(json!(1))),
            (json!({"minimum": 2, "maximum": 2}), json!(2), Some(json!(1))),
            (json!({"const": 1}), json!(1.0), Some(json!("1"))),
            (json!({"enum": ["a", null]}), json!("a"), Some(json!("b"))),
            (json!({"minLength": 1, "maxLength": 1}), json!("\u{1f600}"), Some(json!("ab"))),
            (json!({"minItems": 1}), json!([1]), Some(json!([]))),
            (
                json!({"prefixItems": [{"type": "null"}], "items": {"type": "string"}}),
                json!([null, "a"]),
                Some(json!([null, 1])),
            ),
            (json!({"anyOf": [{"type": "string"}, {"type": "null"}]}), json!("a"), Some(json!(1))),
            (json!({"oneOf": [{"minimum": 1}, {"maximum": 3}]}), json!(0), Some(json!(2))),
            (json!({"allOf": [{"minimum": 1}, {"maximum": 3}]}), json!(2), Some(json!(4))),
            (json!({"additionalProperties": {"type": "string"}}), json!({"a": "b"}), Some(json!({"a": 1}))),
            (json!({"type": "string", "format": "date", "title": "t"}), json!("whatever"), Some(json!(1))),
        ] {
            let schema = schema(kind.clone());
            let fit = |value: &Value| schema.fit(json!({ "x": value }), Vec::new(), 0);
            assert!(fit(&fits).is_ok(), "{kind} {fits}");
            assert!(other.is_none_or(|other| fit(&other).is_err()), "{kind}");
        }
    }

    #[test]
    fn what_would_not_be_held_is_refused() {
        for kind in [
            json!({"pattern": "a"}),
            json!({"if": {}}),
            json!({"type": "text"}),
            json!({"minimum": "1"}),
            json!({"items": {"not": {}}}),
            json!({"$ref": "https://example.com/schema"}),
            json!(1),
        ] {
            let whole = json!({ "type": "object", "properties": { "x": kind } });
            assert!(Schema::new(&whole).is_err(), "{whole}");
        }
    }

    /// A value that a schema could be tried on in 2^100 ways.
    #[test]
    fn a_schema_that_branches_on_itself_ends() {
        let branch = |name: &str| json!({"type": "object", "properties": {"child": {"$ref": "#/$defs/node"}}, "required": [name]});
        let whole = json!({ "type": "object", "properties": { "x": { "$ref": "#/$defs/node" } },
            "$defs": { "node": { "anyOf": [branch("a"), branch("b"), {"type": "null"}] }, "loop": { "$ref": "#/$defs/loop" } } });
        let schema = Schema::new(&whole).unwrap();
        let deep = (0..100).fold(json!(1), |inner, _| json!({ "a": 1, "b": 1, "child": inner }));
        assert!(schema.fit(json!({ "x": deep }), Vec::new(), 1000).unwrap_err().contains("is none of what it may be"));
        let good = (0..100).fold(json!(null), |inner, _| json!({ "a": 1, "child": inner }));
        assert!(schema.fit(json!({ "x": good }), Vec::new(), 1000).is_ok());
        let endless = json!({ "type": "object", "$ref": "#/$defs/loop", "$defs": whole["$defs"] });
        let endless = Schema::new(&endless).unwrap();
        assert_eq!(endless.fit(json!({}), Vec::new(), 0).unwrap_err(), "the whole is too deep");
    }
}
