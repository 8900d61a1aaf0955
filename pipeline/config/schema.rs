//! The JSON Schema of the site file: for editors, for the manual, and for the structural check.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::Value;

use super::raw::SiteFile;
use super::speaker_raw::SpeakerFile;

/// JSON Schema (draft 2020-12) of the site file, as `throng schema` prints it.
pub fn site_schema() -> Schema {
    schema_of::<SiteFile>("throng site file")
}

/// JSON Schema of a loudspeaker's file, as `throng schema --speaker` prints it.
pub fn speaker_schema() -> Schema {
    schema_of::<SpeakerFile>("throng loudspeaker file")
}

fn schema_of<F: JsonSchema>(title: &str) -> Schema {
    let settings = SchemaSettings::draft2020_12()
        .with_transform(RecursiveTransform(remove_null))
        .with_transform(RecursiveTransform(remove_default));
    let mut schema = settings.into_generator().into_root_schema_for::<F>();
    schema.insert("title".to_owned(), format!("{title} ({})", F::schema_name()).into());
    schema
}

/// TOML has no null: a key is there or it is not.
fn remove_null(schema: &mut Schema) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
        choices.retain(|choice| choice.get("type").is_none_or(|kind| kind != "null"));
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            schema.remove("anyOf");
            for (key, value) in only {
                schema.insert(key, value);
            }
        }
    }
}

/// The defaults that schemars knows are "absent" and "empty list"; the real ones stand in the descriptions.
fn remove_default(schema: &mut Schema) {
    schema.remove("default");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_schema_is_the_one_the_code_makes() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/site.schema.json");
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        let made = serde_json::to_string_pretty(&site_schema()).unwrap();
        // The two are too long to be printed.
        assert!(
            committed.trim_end() == made,
            "samples/site.schema.json differs from the code: run `throng schema > samples/site.schema.json`"
        );
    }

    #[test]
    fn no_key_of_the_site_file_may_be_null() {
        let text = serde_json::to_string(&site_schema()).unwrap();
        assert!(!text.contains("\"null\""), "{text}");
    }
}
