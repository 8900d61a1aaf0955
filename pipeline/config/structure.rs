//! The structural check: every key known, present, of the right type and within its range.
//!
//! It walks the TOML tree beside the JSON Schema of [`super::raw`], so the two cannot drift apart, and reports
//! everything it finds. What is broken is then taken out of the tree: the value of the nearest key around it. The
//! rest can still be read, so that a slip in one key hides no error in another.

use serde_json::Value;
use toml::de::{DeTable, DeValue};

use super::diagnostic::{Findings, Remark};
use super::expectation::{advice, expected, is_table, problem_of, shown};
use super::key_path::KeyPath;
use super::suggest::nearest;

/// The keys whose values were broken and taken away: what refers to them cannot be judged.
pub(super) type Removed = Vec<KeyPath>;

/// Checks a document against the schema of the site file and removes what is broken.
pub(super) fn check(document: &mut DeTable<'_>, schema: &Value, findings: &mut Findings) -> Removed {
    let mut walk = Walk { definitions: &schema["$defs"], findings, removed: Vec::new() };
    walk.table(document, schema, &KeyPath::root());
    walk.removed
}

/// Whether a value may stay in the tree.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Sound,
    Broken,
}

struct Walk<'a> {
    definitions: &'a Value,
    findings: &'a mut Findings,
    removed: Removed,
}

impl Walk<'_> {
    fn table(&mut self, table: &mut DeTable<'_>, schema: &Value, at: &KeyPath) {
        let properties = schema["properties"].as_object();
        let known = |name: &str| properties.and_then(|properties| properties.get(name));
        let names: Vec<String> = table.keys().map(|name| name.get_ref().to_string()).collect();
        for name in &names {
            let key = at.key(name);
            let verdict = if let (Some(property), Some(value)) = (known(name), table.get_mut(name.as_str())) {
                self.value(value.get_mut(), property, &key)
            } else {
                let names =
                    properties.into_iter().flat_map(|properties| properties.keys().map(String::as_str));
                self.unknown_key(&key, name, names);
                Verdict::Broken
            };
            if verdict == Verdict::Broken {
                table.remove(name.as_str());
                self.removed.push(key);
            }
        }
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let key = at.key(name);
            if !table.contains_key(name) && !self.removed.contains(&key) {
                let property = known(name).map_or(&Value::Null, |property| self.resolved(property));
                let remark = Remark::new("is missing", expected(property), missing_advice(name, property));
                self.findings.error(&key, remark);
                self.removed.push(key);
            }
        }
    }

    fn value(&mut self, value: &mut DeValue<'_>, schema: &Value, at: &KeyPath) -> Verdict {
        let schema = &self.resolved(schema).clone();
        match (schema["type"].as_str(), value) {
            (Some("object"), DeValue::Table(table)) => {
                self.table(table, schema, at);
                Verdict::Sound
            }
            (Some("array"), DeValue::Array(array)) => {
                if let Some(problem) = wrong_length(array.len(), schema) {
                    return self.broken(at, problem, schema);
                }
                let mut verdict = Verdict::Sound;
                for (index, element) in array.iter_mut().enumerate() {
                    if self.value(element.get_mut(), &schema["items"], &at.index(index)) == Verdict::Broken {
                        verdict = Verdict::Broken;
                    }
                }
                verdict
            }
            (Some("array"), DeValue::Table(_)) if is_table(self.resolved(&schema["items"])) => {
                let remark = Remark::new(
                    "is a single table",
                    "a list of tables",
                    format!("write its header with double brackets: [[{at}]]"),
                );
                self.findings.error(at, remark);
                Verdict::Broken
            }
            (Some("object" | "array"), value) => self.broken(at, shown(value), schema),
            (_, value) => match problem_of(value, schema) {
                Some(problem) => self.broken(at, problem, schema),
                None => Verdict::Sound,
            },
        }
    }

    /// The schema a reference points to; the words beside the reference belong to the key and are not lost.
    fn resolved<'s>(&'s self, schema: &'s Value) -> &'s Value {
        let target = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix("#/$defs/"));
        target.and_then(|name| self.definitions.get(name)).unwrap_or(schema)
    }

    fn broken(&mut self, at: &KeyPath, problem: String, schema: &Value) -> Verdict {
        self.findings.error(at, Remark::new(problem, expected(schema), advice(schema)));
        Verdict::Broken
    }

    fn unknown_key<'n>(&mut self, at: &KeyPath, name: &str, known: impl Iterator<Item = &'n str> + Clone) {
        let advice = match nearest(name, known.clone()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => "remove it; `throng schema` describes every key".to_owned(),
        };
        let names: Vec<String> = known.map(|name| format!("`{name}`")).collect();
        self.findings.error(at, Remark::new("is not a key of this table", names.join(", "), advice));
    }
}

/// What is wrong with the number of elements in a list; nothing where it is right.
fn wrong_length(length: usize, schema: &Value) -> Option<String> {
    let bound = |keyword: &str| schema[keyword].as_u64().and_then(|bound| usize::try_from(bound).ok());
    let too_few = bound("minItems").is_some_and(|minimum| length < minimum);
    let too_many = bound("maxItems").is_some_and(|maximum| length > maximum);
    match length {
        _ if !too_few && !too_many => None,
        0 => Some("is empty".to_owned()),
        1 => Some("has 1 element".to_owned()),
        _ => Some(format!("has {length} elements")),
    }
}

/// How to add a missing key.
fn missing_advice(name: &str, schema: &Value) -> String {
    match schema["examples"].get(0) {
        Some(example) => format!("add e.g. `{name} = {example}`"),
        None if is_table(schema) => format!("add the table [{name}]"),
        None => format!("add `{name}`; samples/demo.toml shows how"),
    }
}
