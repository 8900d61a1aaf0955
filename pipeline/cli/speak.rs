//! `throng speak`: a person's word to a loudspeaker.

use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use throng_analytics::{
    level::Level,
    wire::{SpeakerCommand, SpeakerOrder, SpeakerOutcome, SpeakerReceipt, SpeakerState},
};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::{exit_status::ExitStatus, network_threads, output, signer_args::SignerArgs};
use crate::{
    clock::wall_clock,
    config::duration::Span,
    publish::{Heard, Id, Outgoing, Topic, Watcher},
};

/// How long the loudspeaker may take to be seen.
const SEEN_WITHIN: Duration = Duration::from_secs(10);

/// `throng speak`: orders an announcement, agrees to one, or stops it.
#[derive(Args, Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
#[command(after_help = "Examples:
  throng speak gate-pole --site gate-north --list                       what it can say, and how it is
  throng speak gate-pole --site gate-north do-not-crowd --level orange --key duty.pem --key-id duty-officer-1 --issuer 'duty officer'
  throng speak gate-pole --site gate-north --confirm COMMAND ...        agree to what waits
  throng speak gate-pole --site gate-north --abort ...                  stop at once")]
pub struct SpeakArgs {
    /// The loudspeaker.
    pub speaker: String,
    /// The announcement.
    #[arg(conflicts_with_all = ["list", "abort", "arm", "disarm", "confirm", "text"])]
    pub announcement: Option<String>,
    /// Free text instead of an announcement, where the loudspeaker allows it.
    #[arg(long)]
    pub text: Option<String>,
    /// How serious it is; the loudspeaker decides by it who must agree.
    #[arg(long, value_enum, default_value = "orange")]
    pub level: LevelArg,
    /// The zone in danger.
    #[arg(long)]
    pub zone: Option<String>,
    /// The incident behind it.
    #[arg(long)]
    pub incident: Option<String>,
    /// How often it is said.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=10))]
    pub times: u8,
    /// An exercise: nothing is played aloud, or the word "drill" comes first.
    #[arg(long)]
    pub drill: bool,
    /// Show the announcements and the state of the loudspeaker.
    #[arg(long)]
    pub list: bool,
    /// Stop at once.
    #[arg(long)]
    pub abort: bool,
    /// From now on it may speak.
    #[arg(long, conflicts_with_all = ["abort", "disarm"])]
    pub arm: bool,
    /// From now on it may not.
    #[arg(long, conflicts_with = "abort")]
    pub disarm: bool,
    /// Agree to a command that waits.
    #[arg(long, value_name = "COMMAND", conflicts_with_all = ["abort", "arm", "disarm"])]
    pub confirm: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a comment here would replace the command's own help")]
    pub signer: SignerArgs,
    /// How long to wait for what becomes of it. Default: until it is over.
    #[arg(long = "for", value_name = "DURATION", default_value = "3min")]
    pub wait: Span,
    /// Receipts as JSON Lines.
    #[arg(long)]
    pub json: bool,
}

/// A level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the names are the levels'")]
pub enum LevelArg {
    Normal,
    Blue,
    Yellow,
    Orange,
    Red,
}

impl From<LevelArg> for Level {
    fn from(level: LevelArg) -> Self {
        match level {
            LevelArg::Normal => Self::Normal,
            LevelArg::Blue => Self::Blue,
            LevelArg::Yellow => Self::Yellow,
            LevelArg::Orange => Self::Orange,
            LevelArg::Red => Self::Red,
        }
    }
}

/// Gives the order and follows what becomes of it.
///
/// # Errors
/// The bus, the key, a loudspeaker that is not there, or one that refuses.
pub fn run(args: &SpeakArgs) -> anyhow::Result<ExitStatus> {
    network_threads::block_on(speak(args))
}

async fn speak(args: &SpeakArgs) -> anyhow::Result<ExitStatus> {
    let (site, speaker) = (args.signer.site()?, Id::new(args.speaker.as_str())?);
    let signed =
        order(args).map(|order| Ok::<_, anyhow::Error>((order, args.signer.signer()?))).transpose()?;
    let pattern = format!("throng/v1/{site}/speaker/{speaker}/*");
    let mut watcher = Watcher::open(&args.signer.network(), &pattern, false).await?;

    let state = seen(&mut watcher, &speaker).await?;
    let Some((order, mut signer)) = signed else {
        return list(&state, args.json);
    };
    let id = Uuid::now_v7().to_string();
    let command = SpeakerCommand {
        announcement: args.announcement.clone(),
        text: args.text.clone(),
        refers_to: args.confirm.clone(),
        level: Some(args.level.into()),
        incident: args.incident.clone(),
        zone: args.zone.clone(),
        priority: Level::Red.number() - Level::from(args.level).number(),
        repeat: args.times,
        drill: args.drill,
        ..SpeakerCommand::given(id, site.as_str(), speaker.as_str(), order, wall_clock())
    };
    let followed = args.confirm.clone().unwrap_or_else(|| command.command_id.clone());
    let signed = signer.sign(command)?;
    watcher.put(&site, Outgoing::message(Topic::SpeakerCommand(speaker.clone()), &signed)?)?;
    follow(&mut watcher, &followed, order, args).await
}

/// What the options ask for; `None` for the list.
fn order(args: &SpeakArgs) -> Option<SpeakerOrder> {
    if args.abort {
        Some(SpeakerOrder::Abort)
    } else if args.arm {
        Some(SpeakerOrder::Arm)
    } else if args.disarm {
        Some(SpeakerOrder::Disarm)
    } else if args.confirm.is_some() {
        Some(SpeakerOrder::Confirm)
    } else if !args.list && (args.announcement.is_some() || args.text.is_some()) {
        Some(SpeakerOrder::Play)
    } else {
        None
    }
}

/// The state of the loudspeaker, once it tells it: then it also hears orders.
async fn seen(watcher: &mut Watcher, speaker: &Id) -> anyhow::Result<SpeakerState> {
    let deadline = Instant::now() + SEEN_WITHIN;
    while let Ok(Some(arrival)) = timeout_at(deadline, watcher.next()).await {
        if let (Some((_, Topic::SpeakerState(_))), Heard::Message { payload, .. }) =
            (&arrival.topic, &arrival.heard)
        {
            return serde_json::from_slice(payload).context("the loudspeaker's state cannot be read");
        }
    }
    bail!("the loudspeaker {speaker} does not show within {} s; is its agent running?", SEEN_WITHIN.as_secs())
}

fn list(state: &SpeakerState, json: bool) -> anyhow::Result<ExitStatus> {
    if json {
        output::json_line(state)?;
        return Ok(ExitStatus::Success);
    }
    let yes_no = |truth: bool| if truth { "yes" } else { "no" };
    output::note(format!(
        "{}: armed {}, muted {}, playing {}, waits for a word {}",
        state.envelope.speaker,
        yes_no(state.armed),
        state.muted.map_or("no switch", yes_no),
        state.playing.as_deref().unwrap_or("nothing"),
        if state.awaiting_confirmation.is_empty() {
            "nothing".to_owned()
        } else {
            state.awaiting_confirmation.join(", ")
        },
    ));
    for announcement in &state.announcements {
        output::line(announcement)?;
    }
    Ok(ExitStatus::Success)
}

/// Shows the receipts of a command until it is over.
async fn follow(
    watcher: &mut Watcher,
    command: &str,
    order: SpeakerOrder,
    args: &SpeakArgs,
) -> anyhow::Result<ExitStatus> {
    let deadline = Instant::now() + args.wait.duration();
    while let Ok(Some(arrival)) = timeout_at(deadline, watcher.next()).await {
        let (Some((_, Topic::SpeakerReceipt(_))), Heard::Message { payload, .. }) =
            (&arrival.topic, &arrival.heard)
        else {
            continue;
        };
        let Ok(receipt) = serde_json::from_slice::<SpeakerReceipt>(payload) else { continue };
        if receipt.command_id != command {
            continue;
        }
        if args.json {
            output::json_line(&receipt)?;
        } else {
            let reason = receipt.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
            output::note(format!("{}  {:?}{reason}", receipt.command_id, receipt.outcome));
        }
        match receipt.outcome {
            SpeakerOutcome::Finished | SpeakerOutcome::Aborted | SpeakerOutcome::Preempted => {
                return Ok(ExitStatus::Success);
            }
            SpeakerOutcome::Refused | SpeakerOutcome::Failed => {
                bail!("{}", receipt.reason.unwrap_or_else(|| "the loudspeaker gave no reason".to_owned()))
            }
            SpeakerOutcome::Accepted if order != SpeakerOrder::Play && order != SpeakerOrder::Confirm => {
                return Ok(ExitStatus::Success);
            }
            _ => {}
        }
    }
    bail!("the loudspeaker has not said what became of it")
}
