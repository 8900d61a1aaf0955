//! Holds contract v1: `v1/schema` are the schemas as published, `v1/golden` a message of every kind with every field.
//!
//! Within v1 a field may be added, and nothing else: no golden message that was ever committed may stop being read, lose
//! a field, or change one. After adding a field, write the schemas anew with `THRONG_WRITE_SCHEMAS=1 cargo test
//! --release -p throng-analytics contract` and add the field to the golden message by hand.

use std::{collections::BTreeSet, fs, path::PathBuf};

use serde_json::Value;

use super::{round_trip, schemas};

/// The file of a message: `throng.warning.v1` is `warning.json`.
fn file(folder: &str, name: &str) -> PathBuf {
    let short = name.split('.').nth(1).unwrap();
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("wire/v1").join(folder).join(short).with_extension("json")
}

fn read(folder: &str, name: &str) -> Value {
    let path = file(folder, name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What `committed` has and `now` has not, or has otherwise.
fn lost(committed: &Value, now: &Value, at: &str, differences: &mut Vec<String>) {
    match (committed, now) {
        (Value::Object(committed), Value::Object(now)) => {
            for (name, value) in committed {
                match now.get(name) {
                    Some(now) => lost(value, now, &format!("{at}.{name}"), differences),
                    None => differences.push(format!("{at}.{name} is gone")),
                }
            }
        }
        (Value::Array(committed), Value::Array(now)) if committed.len() == now.len() => {
            for (index, (committed, now)) in committed.iter().zip(now).enumerate() {
                lost(committed, now, &format!("{at}[{index}]"), differences);
            }
        }
        _ if committed == now => {}
        _ => differences.push(format!("{at} was {committed} and is {now}")),
    }
}

#[test]
fn the_committed_schemas_are_those_of_the_types() {
    for (name, schema) in schemas() {
        if std::env::var_os("THRONG_WRITE_SCHEMAS").is_some() {
            let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
            fs::write(file("schema", name), text).unwrap();
        }
        assert!(read("schema", name) == *schema.as_value(), "{name} differs from its committed schema");
    }
}

#[test]
fn every_golden_message_is_read_and_written_back_with_all_it_had() {
    for (name, _) in schemas() {
        let golden = read("golden", name);
        let written = round_trip(name, golden.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut differences = Vec::new();
        lost(&golden, &written, name, &mut differences);
        assert!(differences.is_empty(), "{differences:#?}");
    }
}

#[test]
fn every_golden_message_has_every_field() {
    for (name, schema) in schemas() {
        let golden = read("golden", name);
        let fields: BTreeSet<&String> = schema.as_value()["properties"].as_object().unwrap().keys().collect();
        let held: BTreeSet<&String> = golden.as_object().unwrap().keys().collect();
        assert_eq!(fields, held, "{name}: add what is new to the golden message");
    }
}
