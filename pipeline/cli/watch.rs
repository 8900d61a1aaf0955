//! `throng watch`: what is on the bus, one line each.

mod line;
mod record;

use std::{path::PathBuf, time::Duration};

use anyhow::Context as _;
use clap::{ArgAction, Args};
use tokio::{
    signal::unix::{SignalKind, signal},
    time::{Instant, interval, sleep_until},
};

use self::{line::line, record::Record};
use super::{exit_status::ExitStatus, network_threads, output};
use crate::{
    config::duration::Span,
    publish::{Arrival, Id, Network, Watcher, check_key_expression},
    supervision::Supervision,
};

/// How long nobody may be connected before that is said.
const SILENCE: Duration = Duration::from_secs(2);
/// How often systemd may be told that it lives.
const BEAT_EVERY: Duration = Duration::from_secs(1);
/// Without `--for`: longer than anybody watches, and within what every clock can hold.
const WITHOUT_END: Duration = Duration::from_hours(366 * 24);

/// `throng watch`: subscribes on zenoh and prints what arrives.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  throng watch                                       everything of every site
  throng watch 'throng/v1/*/warning/*' --json        warnings, one JSON line each
  throng watch --connect tcp/10.0.0.5:7447           through a router on another machine

Warnings raised before are shown first, as far as their site still keeps them. When a node or a camera falls silent,
the line says NO DATA: that is not the same as calm.")]
pub struct WatchArgs {
    /// Key expression to subscribe to.
    #[arg(value_name = "KEYEXPR", default_value = "throng/v1/**")]
    pub key_expression: String,
    /// Write each message as one JSON line with its key, encoding, time of arrival and payload.
    #[arg(long)]
    pub json: bool,
    /// Endpoint of a router or peer, e.g. tcp/10.0.0.5:7447; may be repeated. Default: loopback.
    #[arg(long, value_name = "ENDPOINT", action = ArgAction::Append)]
    pub connect: Vec<String>,
    /// A zenoh configuration file (JSON5), for certificates; `--connect`, where given, replaces the endpoints in it.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Confirm every warning for a group of subscribers once it is written: sites that list the group in
    /// `bus.confirm_groups` keep their warnings until then.
    #[arg(long, value_name = "GROUP")]
    pub confirm: Option<Id>,
    /// Stop after this long, e.g. 60s.
    #[arg(long = "for", value_name = "DURATION")]
    pub duration: Option<Span>,
    /// Stop after this many lines.
    #[arg(long, value_name = "N")]
    pub count: Option<u64>,
}

/// Watches until stopped by a signal, the time, the count, or a reader that has gone.
///
/// # Errors
/// The bus cannot be opened, or standard output cannot be written.
pub fn run(args: &WatchArgs) -> anyhow::Result<ExitStatus> {
    let network =
        Network { connect: args.connect.clone(), config_file: args.config.clone(), ..Network::default() };
    if let Err(error) = check_key_expression(&args.key_expression).and_then(|()| network.check()) {
        output::note(format!("throng: {error:#}"));
        return Ok(ExitStatus::BadInput);
    }
    network_threads::block_on(watch(args, &network))
}

async fn watch(args: &WatchArgs, network: &Network) -> anyhow::Result<ExitStatus> {
    let mut terminated = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupted = signal(SignalKind::interrupt()).context("cannot listen for Ctrl-C")?;
    let mut watcher = Watcher::open(network, &args.key_expression, !args.json).await?;
    if let Some(group) = &args.confirm {
        watcher = watcher.confirming(group.clone(), &format!("watch-{}", std::process::id()));
    }
    output::note(format!("Watching {} on {}.", args.key_expression, network.shown_endpoints().join(", ")));

    let mut supervision = Supervision::of_unit();
    let mut beats = interval(BEAT_EVERY);
    let stop_at = Instant::now() + args.duration.map_or(WITHOUT_END, Span::duration);
    let mut silence_at = Some(Instant::now() + SILENCE);
    let mut printed = 0;
    while args.count.is_none_or(|count| printed < count) {
        let silence = silence_at.unwrap_or(stop_at);
        tokio::select! {
            () = sleep_until(stop_at) => break,
            _ = terminated.recv() => break,
            _ = interrupted.recv() => break,
            _ = beats.tick() => supervision.beat(),
            () = sleep_until(silence), if silence_at.is_some() => {
                silence_at = None;
                if !watcher.is_connected() {
                    output::note("Nobody is there yet: waiting for a site to connect.");
                }
            }
            arrival = watcher.next() => match arrival {
                Some(arrival) => {
                    print(&arrival, args.json)?;
                    watcher.confirm(&arrival).await?;
                    printed += 1;
                }
                None => break,
            },
        }
    }
    let missed = watcher.missed();
    if missed > 0 {
        output::note(format!("{missed} messages were lost: they came faster than they could be written."));
    }
    if let Err(error) = watcher.close().await {
        tracing::debug!("{error:#}.");
    }
    Ok(ExitStatus::Success)
}

/// Writes an arrival as a line for people or as JSON.
fn print(arrival: &Arrival, json: bool) -> anyhow::Result<()> {
    if json { output::json_line(&Record::of(arrival)) } else { output::line(line(arrival)) }
}
