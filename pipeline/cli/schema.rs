//! `throng schema`: the JSON Schemas of the site file and of the messages.

use std::collections::BTreeMap;

use clap::Args;
use schemars::Schema;
use throng_analytics::wire;

use super::exit_status::ExitStatus;
use super::output;
use crate::config::schema::{site_schema, speaker_schema};

/// `throng schema`: prints the JSON Schema (draft 2020-12) of the site file.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  throng schema > site.schema.json     for an editor that completes and checks TOML
  throng schema --messages             what is published on zenoh, and what acknowledges it")]
pub struct SchemaArgs {
    /// Print the schemas of the messages on the bus instead, as one object by schema name.
    #[arg(long)]
    pub messages: bool,
    /// Print that of a loudspeaker's file instead.
    #[arg(long, conflicts_with = "messages")]
    pub speaker: bool,
}

/// Prints the schemas.
///
/// # Errors
/// Where standard output cannot be written.
pub fn run(args: &SchemaArgs) -> anyhow::Result<ExitStatus> {
    let text = if args.messages {
        let schemas: BTreeMap<&str, Schema> = wire::schemas().into_iter().collect();
        serde_json::to_string_pretty(&schemas)?
    } else if args.speaker {
        serde_json::to_string_pretty(&speaker_schema())?
    } else {
        serde_json::to_string_pretty(&site_schema())?
    };
    output::line(text)?;
    Ok(ExitStatus::Success)
}
