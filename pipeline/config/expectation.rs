//! What the schema of a key says in words, and whether a plain value keeps to it.

use serde_json::Value;
use toml::de::DeValue;

/// What a key takes, in words: "a number above 0 and at most 60".
pub(super) fn expected(schema: &Value) -> String {
    if let Some(title) = schema["title"].as_str() {
        return title.to_owned();
    }
    if let Some(words) = choices(schema) {
        let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
        return format!("one of {}", quoted.join(", "));
    }
    match schema["type"].as_str() {
        Some("number") => format!("a number{}", bounds(schema)),
        Some("integer") => format!("a whole number{}", bounds(schema)),
        Some("boolean") => "true or false".to_owned(),
        Some("string") => "text in quotes".to_owned(),
        // Tables have a definition of their own, to which the list refers.
        Some("array") if schema["items"].get("$ref").is_some() => "a list of tables".to_owned(),
        Some("array") => format!("a list [ ... ], each {}", expected(&schema["items"])),
        _ => "a table".to_owned(),
    }
}

/// What to do about a value that does not keep to the schema: an example where there is one.
pub(super) fn advice(schema: &Value) -> String {
    match schema["examples"].get(0) {
        Some(example) => format!("set it to e.g. {example}"),
        None => "correct it".to_owned(),
    }
}

/// Whether the schema describes a table.
pub(super) fn is_table(schema: &Value) -> bool {
    schema["type"] == "object"
}

/// The words an enumeration allows; none for other schemas.
fn choices(schema: &Value) -> Option<Vec<&str>> {
    if let Some(words) = schema["enum"].as_array() {
        return Some(words.iter().filter_map(Value::as_str).collect());
    }
    // Variants with their own documentation come as a `oneOf` of constants.
    let variants = schema["oneOf"].as_array()?;
    Some(variants.iter().filter_map(|variant| variant["const"].as_str()).collect())
}

/// " above 0 and at most 60", or nothing.
fn bounds(schema: &Value) -> String {
    let mut parts = Vec::new();
    for (keyword, words) in [
        ("exclusiveMinimum", "above"),
        ("minimum", "at least"),
        ("exclusiveMaximum", "below"),
        ("maximum", "at most"),
    ] {
        if let Some(bound) = schema[keyword].as_f64() {
            parts.push(format!("{words} {bound}"));
        }
    }
    if parts.is_empty() { String::new() } else { format!(" {}", parts.join(" and ")) }
}

/// What is wrong with a plain value: "is -3", "is text, \"five\""; none where it keeps to the schema.
pub(super) fn problem_of(value: &DeValue<'_>, schema: &Value) -> Option<String> {
    if let Some(words) = choices(schema) {
        return match value.as_str() {
            Some(word) if words.contains(&word) => None,
            _ => Some(shown(value)),
        };
    }
    let keeps = match schema["type"].as_str() {
        Some("number") => number(value).is_some_and(|number| within(number, schema)),
        Some("integer") => value.is_integer() && number(value).is_some_and(|number| within(number, schema)),
        Some("boolean") => value.is_bool(),
        Some("string") => value.is_str(),
        _ => true,
    };
    if keeps { None } else { Some(shown(value)) }
}

/// A value as it is named in a message. Lists and tables are named by kind alone.
pub(super) fn shown(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("is the text {text:?}"),
        DeValue::Integer(integer) => format!("is {integer}"),
        DeValue::Float(float) => format!("is {float}"),
        DeValue::Boolean(truth) => format!("is {truth}"),
        DeValue::Datetime(datetime) => format!("is the date {datetime}"),
        DeValue::Array(_) => "is a list".to_owned(),
        DeValue::Table(_) => "is a table".to_owned(),
    }
}

/// The value as a number; none for anything else, and for numbers too large to hold.
fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Integer(integer) => {
            i64::from_str_radix(integer.as_str(), integer.radix()).ok().map(|integer| integer as f64)
        }
        DeValue::Float(float) => float.as_str().parse().ok(),
        _ => None,
    }
}

/// Whether a number is finite and within the bounds of the schema. A NaN is within none.
fn within(number: f64, schema: &Value) -> bool {
    let bound = |keyword: &str| schema[keyword].as_f64();
    number.is_finite()
        && bound("minimum").is_none_or(|minimum| number >= minimum)
        && bound("exclusiveMinimum").is_none_or(|minimum| number > minimum)
        && bound("maximum").is_none_or(|maximum| number <= maximum)
        && bound("exclusiveMaximum").is_none_or(|maximum| number < maximum)
}
