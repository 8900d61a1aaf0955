//! `throng schema`: the JSON Schema of the site file.

use clap::Args;

use super::exit_status::ExitStatus;
use super::output;
use crate::config::schema::site_schema;

/// `throng schema`: prints the JSON Schema (draft 2020-12) of the site file.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  throng schema > site.schema.json     for an editor that completes and checks TOML")]
pub struct SchemaArgs {}

/// Prints the schema.
///
/// # Errors
/// Where standard output cannot be written.
pub fn run(SchemaArgs {}: &SchemaArgs) -> anyhow::Result<ExitStatus> {
    output::line(serde_json::to_string_pretty(&site_schema())?)?;
    Ok(ExitStatus::Success)
}
