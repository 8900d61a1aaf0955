//! `throng signal`: tells a site of something outside.

use std::time::Duration;

use anyhow::bail;
use clap::{Args, ValueEnum};
use throng_analytics::wire::{Signal, SignalKind};
use tokio::time::Instant;

use super::{exit_status::ExitStatus, network_threads, output, signer_args::SignerArgs};
use crate::{
    clock::wall_clock,
    config::duration::Span,
    publish::{Heard, Id, Outgoing, Topic, Watcher},
};

/// How long the site may take to say that it goes by it.
const TAKEN_WITHIN: Duration = Duration::from_secs(15);

/// `throng signal`: weather, closed roads, water, trains, events; lowers thresholds while it lasts.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  throng signal rain-7 --site stadium --kind weather --until 2h --text 'Heavy rain' --key weather.pem --key-id weather-1 --issuer 'weather service'
  throng signal concert --site stadium --kind event --zones square --factor 0.8 --until 5h --text 'Sold out' ...
  throng signal rain-7 --site stadium --kind weather --end --text 'It is dry' ...      ends it early

Say it again while it lasts: a site that starts meanwhile has not heard it.")]
pub struct SignalArgs {
    /// Id of the signal; the same id again replaces it.
    pub id: String,
    /// What kind of thing it tells.
    #[arg(long, value_enum)]
    pub kind: KindArg,
    /// Zones it is about. Default: the whole site.
    #[arg(long, value_name = "ZONE", value_delimiter = ',')]
    pub zones: Vec<String>,
    /// How long it lasts from now, e.g. 30min; at most a week.
    #[arg(long, value_name = "DURATION", required_unless_present = "end")]
    pub until: Option<Span>,
    /// It is over before its time.
    #[arg(long, conflicts_with = "until")]
    pub end: bool,
    /// What thresholds are multiplied by, 0.5 to 1. Default: as the rules of the kind say.
    #[arg(long, value_name = "FACTOR")]
    pub factor: Option<f64>,
    /// People it brings.
    #[arg(long)]
    pub people: Option<f64>,
    /// How serious its source calls it.
    #[arg(long)]
    pub severity: Option<String>,
    /// The reason, in words.
    #[arg(long)]
    pub text: String,
    /// Where from. Default: the issuer.
    #[arg(long)]
    pub source: Option<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a comment here would replace the command's own help")]
    pub signer: SignerArgs,
}

/// A kind of signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the kinds'")]
pub enum KindArg {
    Weather,
    RoadClosure,
    Flooding,
    TrainArrival,
    Event,
}

impl From<KindArg> for SignalKind {
    fn from(kind: KindArg) -> Self {
        match kind {
            KindArg::Weather => Self::Weather,
            KindArg::RoadClosure => Self::RoadClosure,
            KindArg::Flooding => Self::Flooding,
            KindArg::TrainArrival => Self::TrainArrival,
            KindArg::Event => Self::Event,
        }
    }
}

/// Tells the site and waits until it goes by it.
///
/// # Errors
/// The bus, the key, or a site that does not take it.
pub fn run(args: &SignalArgs) -> anyhow::Result<ExitStatus> {
    network_threads::block_on(tell(args))
}

async fn tell(args: &SignalArgs) -> anyhow::Result<ExitStatus> {
    let (site, id, signer) = (args.signer.site()?, Id::new(args.id.as_str())?, args.signer.signer()?);
    let now = wall_clock();
    let until = now + args.until.map_or(0.0, |span| span.duration().as_secs_f64());
    let signal = Signal {
        id: args.id.clone(),
        site: site.to_string(),
        zones: args.zones.clone(),
        kind: args.kind.into(),
        severity: args.severity.clone(),
        from: now,
        until,
        people: args.people,
        thresholds_factor: args.factor,
        source: args.source.clone().unwrap_or_else(|| signer.issuer().to_owned()),
        text: args.text.clone(),
        issuer: String::new(),
        issued_at: now,
    };
    let signed = signer.sign_signal(signal)?;
    let mut watcher =
        Watcher::open(&args.signer.network(), &format!("throng/v1/{site}/signals"), true).await?;
    let is_over = until <= now;
    let deadline = Instant::now() + TAKEN_WITHIN;
    let mut told_at: Option<Instant> = None;
    // Said again until the site has said what it goes by: a connection takes a moment.
    while Instant::now() < deadline {
        if told_at.is_none_or(|at| at.elapsed() >= Duration::from_secs(2)) {
            watcher.talker().put(&site, Outgoing::message(Topic::Signal(id.clone()), &signed)?)?;
            told_at = Some(Instant::now());
        }
        let Ok(arrival) = tokio::time::timeout(Duration::from_secs(1), watcher.next()).await else {
            continue;
        };
        let Some(arrival) = arrival else { break };
        let Heard::Message { payload, .. } = arrival.heard else { continue };
        let told: throng_analytics::wire::SiteSignals = serde_json::from_slice(&payload)?;
        let known = told.signals.iter().find(|known| known.id == args.id);
        if known.map_or(is_over, |known| known.issued_at == now) {
            for zone in told.tightened.iter().filter(|zone| zone.signal == args.id) {
                let [.., red] = zone.thresholds_people_per_m2;
                output::note(format!(
                    "{}: thresholds lowered to {:.0} %, red from {red:.1} people/m2.",
                    zone.zone,
                    100.0 * zone.factor
                ));
            }
            output::note(if is_over { "The site no longer goes by it." } else { "The site goes by it." });
            return Ok(ExitStatus::Success);
        }
    }
    bail!(
        "{site} does not say that it goes by it: its log says why, where it runs and has a [[signal_source]] of the key {:?}",
        signer.key_id()
    )
}
