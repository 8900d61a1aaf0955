//! `throng signal --cap`: tells a site of the alerts of others, once or for as long as it runs.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Context as _;
use throng_analytics::{time::Timestamp, wire::Signal};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::Mutex,
    time::Instant,
};

use super::{SignalArgs, Teller, goes_by, lowered};
use crate::{
    cap_alerts::{
        alerts::Alerts,
        source::{Fetched, Source},
        table::Table,
    },
    cli::{exit_status::ExitStatus, output},
    clock::wall_clock,
};

/// What lasts is said again so often: a site that starts meanwhile has not heard it.
const AGAIN: Duration = Duration::from_secs(30);
/// How long a source that fails is left alone at most, where it is not to be asked more seldom anyway.
const BACK_OFF_MAX: Duration = Duration::from_mins(15);

/// Tells of alerts once, or until it is stopped.
pub(super) async fn run(args: &SignalArgs, source: &str) -> anyhow::Result<ExitStatus> {
    let table = args.cap_table.as_deref().map(Table::read).transpose()?.context("give --cap-table")?;
    let (mut teller, source) = (Teller::open(args).await?, Arc::new(Mutex::new(Source::new(source)?)));
    let mut said = Said::default();
    let Some(every) = args.every.map(crate::config::duration::Span::duration) else {
        said.take(fetch(&source).await?);
        let signals = said.now(teller.site.as_str(), &table, wall_clock());
        if signals.is_empty() {
            output::note("No alert is about the site now.");
            return Ok(ExitStatus::Success);
        }
        teller.until_taken(&signals).await?;
        signals.iter().for_each(told);
        return Ok(ExitStatus::Success);
    };
    let mut terminated = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupted = signal(SignalKind::interrupt()).context("cannot listen for Ctrl-C")?;
    let following = follow(&mut teller, &source, &table, every, &mut said);
    tokio::select! {
        failed = following => failed,
        _ = terminated.recv() => Ok(ExitStatus::Success),
        _ = interrupted.recv() => Ok(ExitStatus::Success),
    }
}

/// Looks for alerts again and again, and says what lasts. A source that fails takes nothing back.
async fn follow(
    teller: &mut Teller,
    source: &Arc<Mutex<Source>>,
    table: &Table,
    every: Duration,
    said: &mut Said,
) -> anyhow::Result<ExitStatus> {
    output::note(format!("Following {}.", source.lock().await.shown()));
    let mut pause = every;
    let (mut look_at, mut say_at) = (Instant::now(), Instant::now());
    loop {
        if Instant::now() >= look_at {
            match fetch(source).await {
                Ok(fetched) => {
                    pause = every;
                    said.take(fetched);
                    say_at = Instant::now();
                }
                Err(error) => {
                    pause = (pause * 2).min(every.max(BACK_OFF_MAX));
                    tracing::warn!("No alerts, again in {} s: {error:#}.", pause.as_secs());
                }
            }
            look_at = Instant::now() + pause;
        }
        if Instant::now() >= say_at {
            let signals = said.now(teller.site.as_str(), table, wall_clock());
            // What takes the place of another before what is over, so that there is no moment without either.
            let (over, lasting): (Vec<_>, Vec<_>) =
                signals.iter().partition(|signal| signal.until <= signal.issued_at);
            lasting.into_iter().chain(over).try_for_each(|signal| teller.put(signal))?;
            say_at = Instant::now() + AGAIN;
        }
        let wait = look_at.min(say_at).saturating_duration_since(Instant::now());
        if let Some(heard) = teller.heard(wait).await? {
            for signal in said.not_yet_taken.extract_if(.., |_, signal| goes_by(&heard, signal)) {
                told(&signal.1);
                lowered(&heard, std::slice::from_ref(&signal.1));
            }
        }
    }
}

/// Fetches beside the network's threads, which must not wait.
async fn fetch(source: &Arc<Mutex<Source>>) -> anyhow::Result<Fetched> {
    let source = Arc::clone(source);
    tokio::task::spawn_blocking(move || source.blocking_lock().fetch()).await?
}

fn told(signal: &Signal) {
    output::note(if signal.until <= signal.issued_at {
        format!("{}: over.", signal.id)
    } else {
        format!("{}: {} ({}), until {}.", signal.id, signal.text, signal.source, signal.until)
    });
}

/// Alerts, and what was said of them.
#[derive(Debug, Default)]
struct Said {
    alerts: Alerts,
    /// As it was last said, by id.
    signals: BTreeMap<String, Signal>,
    not_yet_taken: BTreeMap<String, Signal>,
}

impl Said {
    fn take(&mut self, fetched: Fetched) {
        for problem in &fetched.problems {
            tracing::warn!("An alert is left out: {problem}.");
        }
        let refused = self.alerts.take(fetched.alerts, wall_clock());
        if refused > 0 {
            tracing::warn!("{refused} alerts are left out: too many are known already.");
        }
    }

    /// What is to be said now: `issued_at` moves on where a signal says something new, so that it counts, and only there.
    fn now(&mut self, site: &str, table: &Table, now: Timestamp) -> Vec<Signal> {
        let mut signals = self.alerts.signals(site, table, now);
        for (id, signal) in &mut signals {
            let before = self.signals.get(id);
            let is_same = before
                .is_some_and(|before| *before == Signal { issued_at: before.issued_at, ..signal.clone() });
            signal.issued_at = before.filter(|_| is_same).map_or(now, |before| before.issued_at);
            if !is_same {
                self.not_yet_taken.insert(id.clone(), signal.clone());
            }
        }
        self.signals.clone_from(&signals);
        signals.into_values().collect()
    }
}
