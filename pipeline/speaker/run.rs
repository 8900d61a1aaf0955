//! Runs an agent on the bus until it is told to stop.
//!
//! Three threads: this one owns the agent and looks every 20 ms; zenoh's bring orders; `speaker-out` publishes, so that a
//! network that is full holds up nobody.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use crossbeam::channel::{Receiver, RecvTimeoutError, Sender, bounded};
use jiff::tz::TimeZone;
use throng_analytics::{speaker::Moment, time::Timestamp};

use super::{
    agent::{Agent, is_muted},
    driver::driver,
};
use crate::{
    clock::wall_clock,
    config::speaker_plan::SpeakerPlan,
    publish::{Id, Outgoing, SpeakerHeard, SpeakerLink},
};

/// How often the agent looks: a tenth of the time in which an abort must act.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// How often the mute switch is read, and the system's watchdog told.
const CHECK_EVERY: Duration = Duration::from_millis(100);
/// Orders that may wait; a flood beyond that is refused.
const ORDERS_MAX: usize = 256;
/// Messages that may wait for the network.
const MESSAGES_MAX: usize = 1024;
/// Pause before the bus is tried again.
const REOPEN_EVERY: Duration = Duration::from_secs(1);

/// Runs until `must_stop`; `ready` is called once orders are heard.
///
/// # Errors
/// An announcement cannot be made, or the audit trail cannot be written.
pub fn run(plan: SpeakerPlan, must_stop: &dyn Fn() -> bool, ready: &dyn Fn()) -> Result<()> {
    let node = Id::new(format!("speaker-{}", std::process::id()))?;
    let time_zone = plan.time_zone.clone();
    let mute_file = plan.mute_file.clone();
    let mut agent = Agent::new(plan.clone(), node, driver(&plan.output), wall_clock())?;
    let (heard, orders) = bounded(ORDERS_MAX);
    let (out, messages) = bounded(MESSAGES_MAX);
    let (opened, is_open) = bounded(1);
    let refused = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&refused);
    std::thread::Builder::new()
        .name("speaker-out".to_owned())
        .spawn(move || serve(&plan, &heard, &count, &messages, &opened))
        .context("cannot start a thread")?;

    let mut checked_at: Option<Instant> = None;
    while !must_stop() {
        let order = match orders.recv_timeout(LOOK_EVERY) {
            Ok(order) => Some(order),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => anyhow::bail!("the bus' thread has ended"),
        };
        let now = moment(&time_zone);
        if let Some(order) = order {
            agent.hear(&order, now)?;
        }
        if checked_at.is_none_or(|at| at.elapsed() >= CHECK_EVERY) {
            checked_at = Some(Instant::now());
            if let Some(file) = &mute_file {
                agent.mute(is_muted(file), now)?;
            }
            let flood = refused.swap(0, Ordering::Relaxed);
            if flood > 0 {
                agent.refuse(flood, now.at, "messages that are too large, or too many");
            }
            // Outside systemd nobody listens.
            sd_notify::notify(&[sd_notify::NotifyState::Watchdog]).ok();
        }
        agent.tick(now)?;
        if is_open.try_recv().is_ok() {
            sd_notify::notify(&[sd_notify::NotifyState::Ready]).ok();
            ready();
        }
        for message in agent.take_messages() {
            // What the network does not take in time is in the trail.
            out.try_send(message).ok();
        }
    }
    agent.stop();
    Ok(())
}

/// Opens the bus, again and again where it must, and publishes.
fn serve(
    plan: &SpeakerPlan,
    heard: &Sender<SpeakerHeard>,
    refused: &Arc<AtomicU64>,
    messages: &Receiver<Outgoing>,
    opened: &Sender<()>,
) {
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!("The network cannot be started: {error}.");
            return;
        }
    };
    let link = loop {
        let open = SpeakerLink::open(&plan.bus, &plan.site_id, &plan.id, heard.clone(), Arc::clone(refused));
        match runtime.block_on(open) {
            Ok(link) => break link,
            Err(error) => tracing::warn!("The bus is down, and orders are not heard: {error:#}."),
        }
        std::thread::sleep(REOPEN_EVERY);
    };
    opened.try_send(()).ok();
    for message in messages {
        if let Err(error) = link.put(message) {
            tracing::warn!("Message lost: {error:#}.");
        }
    }
}

/// Now, with the local minute of the day.
fn moment(time_zone: &TimeZone) -> Moment {
    let at = wall_clock();
    Moment { at, minute_of_day: minute_of_day(at, time_zone) }
}

fn minute_of_day(at: Timestamp, time_zone: &TimeZone) -> u16 {
    jiff::Timestamp::from_nanosecond(i128::from(at.unix_nanos())).map_or(0, |at| {
        let local = at.to_zoned_datetime(time_zone.clone());
        u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minute_of_the_day_is_that_of_the_place() {
        let at: Timestamp = "2026-11-25T16:30:00Z".parse().unwrap();
        let shanghai = TimeZone::get("Asia/Shanghai").unwrap();
        assert_eq!(minute_of_day(at, &shanghai), 30);
        assert_eq!(minute_of_day(at, &TimeZone::UTC), 16 * 60 + 30);
    }
}
