//! `throng replay`: plays the inputs of a bundle of evidence again, and says whether the same alarm comes of them.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{exit_status::ExitStatus, output};
use crate::evidence::{
    bundle::Opened,
    manifest::{LevelChange, Manifest},
    replay, seal,
};

/// `throng replay`: checks a bundle and plays it again.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  throng replay evidence/2026-05-01T183012-gate-orange --key evidence-public.pem
  throng replay BUNDLE --json

A bundle is what a site with [evidence] keeps of an orange or red alarm. Its digests are always checked; its seal by the
public half of the site's key: openssl pkey -in evidence.pem -pubout -out evidence-public.pem

Exit code 0: the same alarm comes of the same inputs. 1: something differs, or the bundle was changed.")]
pub struct ReplayArgs {
    /// The bundle's folder.
    pub bundle: PathBuf,
    /// Public key (PEM) of whoever sealed it.
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Print one JSON object to stdout.
    #[arg(long)]
    pub json: bool,
}

/// Checks and plays it.
///
/// # Errors
/// The bundle is incomplete, changed, sealed by another key, or of a site file that this version does not take.
pub fn run(args: &ReplayArgs) -> anyhow::Result<ExitStatus> {
    let opened = Opened::open(&args.bundle)?;
    if let Some(key) = &args.key {
        seal::check(&opened.manifest_bytes, &opened.signature, key)?;
    }
    let manifest = &opened.manifest;
    let played = replay::play(opened.model()?, manifest, opened.events()?, &mut |_, _| Ok(()))?;
    let differs = replay::differences(manifest, &played);
    if args.json {
        output::json_line(&json!({
            "bundle": args.bundle,
            "site": manifest.site,
            "zone": manifest.zone,
            "incident": manifest.incident,
            "level": manifest.level.name(),
            "alarm_at": manifest.alarm_at,
            "seal_checked": args.key.is_some(),
            "same_alarm": differs.is_empty(),
            "differs": differs,
            "recorded": manifest.changes,
            "replayed": played.changes,
        }))?;
    } else {
        tell(args, manifest, &played.changes, &differs);
    }
    Ok(if differs.is_empty() { ExitStatus::Success } else { ExitStatus::Failure })
}

fn tell(args: &ReplayArgs, manifest: &Manifest, replayed: &[LevelChange], differs: &[String]) {
    output::note(format!(
        "{} of zone {} at site {}, {}, counted by {}",
        manifest.level.name(),
        manifest.zone,
        manifest.site,
        manifest.alarm_at,
        manifest.model.name,
    ));
    output::note(match &args.key {
        Some(key) => format!("digests hold; sealed by the key {:?} ({})", manifest.key_id, key.display()),
        None => format!(
            "digests hold; whether {:?} sealed it was not checked: give its public key by --key",
            manifest.key_id
        ),
    });
    if manifest.throng_version != env!("CARGO_PKG_VERSION") {
        output::note(format!(
            "made by throng {}, played by {}",
            manifest.throng_version,
            env!("CARGO_PKG_VERSION")
        ));
    }
    for change in replayed {
        let name =
            |level: Option<throng_analytics::level::Level>| level.map_or("unknown", |level| level.name());
        let density = change.density_people_per_m2.map_or(String::new(), |d| format!("  {d:.2} /m2"));
        output::note(format!("  {}  {} -> {}{density}", change.at, name(change.from), name(change.to)));
    }
    if differs.is_empty() {
        output::note("the same alarm comes of the same inputs");
    }
    for difference in differs {
        output::note(format!("differs: {difference}"));
    }
}
