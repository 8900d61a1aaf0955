//! `throng speaker`: the agent of a loudspeaker.

use std::path::PathBuf;

use clap::Args;

use super::{exit_status::ExitStatus, interrupt::Interrupt, output};
use crate::{
    config,
    speaker::{run, trail},
};

/// `throng speaker`: runs the agent beside the amplifier until it is stopped.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  throng speaker deploy/loudspeaker/speaker.toml             until Ctrl-C or SIGTERM
  throng speaker speaker.toml --check                        all errors of the file at once, without a sound
  throng speaker --verify-trail /var/lib/throng/trail        whether the audit trail is whole")]
pub struct SpeakerArgs {
    /// Loudspeaker file (TOML); `throng schema --speaker` describes it.
    #[arg(value_name = "SPEAKER.toml", required_unless_present = "verify_trail")]
    pub speaker: Option<PathBuf>,
    /// Only report what is wrong with the file.
    #[arg(long)]
    pub check: bool,
    /// Check the chain of an audit trail.
    #[arg(long, value_name = "FILE", conflicts_with = "speaker")]
    pub verify_trail: Option<PathBuf>,
}

/// Runs the agent.
///
/// # Errors
/// The file, the announcements or the audit trail; a bus that is down is none.
pub fn run(args: &SpeakerArgs) -> anyhow::Result<ExitStatus> {
    if let Some(file) = &args.verify_trail {
        let checked = trail::verify(file)?;
        output::note(format!(
            "{}: {} entries, whole; the last hash is {}.",
            file.display(),
            checked.entries,
            checked.hash
        ));
        return Ok(ExitStatus::Success);
    }
    let Some(file) = &args.speaker else { return Ok(ExitStatus::BadInput) };
    let loaded = config::load_speaker(file)?;
    for warning in &loaded.warnings {
        output::note(warning);
    }
    let plan = loaded.plan;
    if args.check {
        output::note(format!("{}: loudspeaker {} of {} is in order.", file.display(), plan.id, plan.site_id));
        return Ok(ExitStatus::Success);
    }
    let interrupt = Interrupt::listen()?;
    let armed = if plan.armed_at_start { "armed" } else { "not armed; arm it with `throng speak --arm`" };
    let words = format!("Loudspeaker {} of {} listens; {armed}.", plan.id, plan.site_id);
    run::run(plan, &|| interrupt.is_set(), &|| output::note(&words))?;
    Ok(ExitStatus::Success)
}
