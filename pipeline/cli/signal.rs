//! `throng signal`: tells a site of something outside.

mod cap;

use std::{path::PathBuf, time::Duration};

use anyhow::{Context as _, bail};
use clap::{Args, ValueEnum};
use throng_analytics::wire::{Signal, SignalKind, SiteSignals};
use tokio::time::Instant;

use super::{exit_status::ExitStatus, network_threads, output, signer_args::SignerArgs};
use crate::{
    clock::wall_clock,
    config::duration::Span,
    publish::{Heard, Id, Outgoing, Topic, Watcher, signature::CommandSigner},
};

/// How long the site may take to say that it goes by it.
const TAKEN_WITHIN: Duration = Duration::from_secs(15);

/// `throng signal`: weather, closed roads, water, trains, events; lowers thresholds while it lasts.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  throng signal rain-7 --site stadium --kind weather --until 2h --text 'Heavy rain' --key weather.pem --key-id weather-1 --issuer 'weather service'
  throng signal concert --site stadium --kind event --zones square --factor 0.8 --until 5h --text 'Sold out' ...
  throng signal rain-7 --site stadium --kind weather --end --text 'It is dry' ...      ends it early
  throng signal --cap https://alerts.example/feed.atom --cap-table alerts.toml --every 60s --site stadium ...

Say it again while it lasts: a site that starts meanwhile has not heard it.")]
pub struct SignalArgs {
    /// Id of the signal; the same id again replaces it.
    #[arg(required_unless_present = "cap")]
    pub id: Option<String>,
    /// Alerts by CAP 1.2, alone or in a feed of Atom or RSS: a file, or an address.
    #[arg(long, value_name = "FILE|URL", requires = "cap_table", conflicts_with_all = [
        "id", "kind", "zones", "until", "end", "factor", "people", "severity", "text", "source",
    ])]
    pub cap: Option<String>,
    /// Which alerts concern the site, and what they lower (TOML).
    #[arg(long, value_name = "FILE", requires = "cap")]
    pub cap_table: Option<PathBuf>,
    /// Looks for alerts so often, until it is stopped. Default: once.
    #[arg(long, value_name = "DURATION", requires = "cap")]
    pub every: Option<Span>,
    /// What kind of thing it tells.
    #[arg(long, value_enum, required_unless_present = "cap")]
    pub kind: Option<KindArg>,
    /// Zones it is about. Default: the whole site.
    #[arg(long, value_name = "ZONE", value_delimiter = ',')]
    pub zones: Vec<String>,
    /// How long it lasts from now, e.g. 30min; at most a week.
    #[arg(long, value_name = "DURATION", required_unless_present_any = ["end", "cap"])]
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
    #[arg(long, required_unless_present = "cap")]
    pub text: Option<String>,
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

/// Tells the site and waits until it goes by it, or tells it of alerts.
///
/// # Errors
/// The bus, the key, the alerts, or a site that does not take it.
pub fn run(args: &SignalArgs) -> anyhow::Result<ExitStatus> {
    network_threads::block_on(async {
        match &args.cap {
            Some(source) => cap::run(args, source).await,
            None => tell(args).await,
        }
    })
}

async fn tell(args: &SignalArgs) -> anyhow::Result<ExitStatus> {
    let (id, kind, text) = (args.id.clone().unwrap_or_default(), args.kind, args.text.clone());
    let (kind, text) = kind.zip(text).context("give --kind and --text")?;
    let mut teller = Teller::open(args).await?;
    let now = wall_clock();
    let signal = Signal {
        id,
        site: teller.site.to_string(),
        zones: args.zones.clone(),
        kind: kind.into(),
        severity: args.severity.clone(),
        from: now,
        until: now + args.until.map_or(0.0, |span| span.duration().as_secs_f64()),
        people: args.people,
        thresholds_factor: args.factor,
        source: args.source.clone().unwrap_or_else(|| teller.signer.issuer().to_owned()),
        text,
        issuer: String::new(),
        issued_at: now,
    };
    teller.until_taken(std::slice::from_ref(&signal)).await?;
    output::note(if signal.until <= now { "The site no longer goes by it." } else { "The site goes by it." });
    Ok(ExitStatus::Success)
}

/// Tells a site, and hears what it goes by.
struct Teller {
    site: Id,
    signer: CommandSigner,
    watcher: Watcher,
}

impl Teller {
    async fn open(args: &SignalArgs) -> anyhow::Result<Self> {
        let (site, signer) = (args.signer.site()?, args.signer.signer()?);
        let watcher =
            Watcher::open(&args.signer.network(), &format!("throng/v1/{site}/signals"), true).await?;
        Ok(Self { site, signer, watcher })
    }

    /// Says a signal once.
    fn put(&self, signal: &Signal) -> anyhow::Result<()> {
        let signed = self.signer.sign_signal(signal.clone())?;
        let topic = Topic::Signal(Id::new(signal.id.as_str())?);
        self.watcher.talker().put(&self.site, Outgoing::message(topic, &signed)?)
    }

    /// What the site goes by, where it says so within a time.
    async fn heard(&mut self, within: Duration) -> anyhow::Result<Option<SiteSignals>> {
        let Ok(arrival) = tokio::time::timeout(within, self.watcher.next()).await else { return Ok(None) };
        let arrival = arrival.context("the bus has ended")?;
        let Heard::Message { payload, .. } = arrival.heard else { return Ok(None) };
        Ok(Some(serde_json::from_slice(&payload)?))
    }

    /// Says signals until the site goes by all of them, and tells of the thresholds that they lower.
    async fn until_taken(&mut self, signals: &[Signal]) -> anyhow::Result<()> {
        let deadline = Instant::now() + TAKEN_WITHIN;
        let mut told_at: Option<Instant> = None;
        // Said again until the site has said what it goes by: a connection takes a moment.
        while Instant::now() < deadline {
            if told_at.is_none_or(|at| at.elapsed() >= Duration::from_secs(2)) {
                signals.iter().try_for_each(|signal| self.put(signal))?;
                told_at = Some(Instant::now());
            }
            let Some(told) = self.heard(Duration::from_secs(1)).await? else { continue };
            if signals.iter().all(|signal| goes_by(&told, signal)) {
                lowered(&told, signals);
                return Ok(());
            }
        }
        bail!(
            "{} does not say that it goes by it: its log says why, where it runs and has a [[signal_source]] of the key {:?}",
            self.site,
            self.signer.key_id()
        )
    }
}

/// Whether a site goes by a signal, or no longer does where it is over.
fn goes_by(told: &SiteSignals, signal: &Signal) -> bool {
    let known = told.signals.iter().find(|known| known.id == signal.id);
    known.map_or(signal.until <= signal.issued_at, |known| known.issued_at == signal.issued_at)
}

/// Says whose thresholds are lowered by some of these.
fn lowered(told: &SiteSignals, signals: &[Signal]) {
    for zone in told.tightened.iter().filter(|zone| signals.iter().any(|signal| signal.id == zone.signal)) {
        let [.., red] = zone.thresholds_people_per_m2;
        output::note(format!(
            "{}: thresholds lowered to {:.0} %, red from {red:.1} people/m2.",
            zone.zone,
            100.0 * zone.factor
        ));
    }
}
