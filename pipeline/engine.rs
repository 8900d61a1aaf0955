//! Starts a plan and runs it to its end: streams, counting thread, site loop and bus, in the order of the data's way.

use std::{iter, sync::Arc, time::Duration};

use anyhow::Context;
use crossbeam::channel::{Receiver, bounded, never};
use throng_analytics::wire::{CountedOn, ModelRef};
use throng_models::{
    counter::{Counter, Info, Options},
    device::Device,
};

use crate::{
    beside::Beside,
    cameras::CameraMaker,
    config::plan::{ModelPlan, Plan},
    counting::{self, Batching, ReadyCamera},
    evidence::{Facts, Keeper},
    exchange::Offer,
    latency::{LatencyProbe, Percentiles},
    messages::{Header, Messages},
    publish::{Bus, Id, signature::SignalVerifier},
    site::{Onlooker, Outside, SiteLoop},
    site_bus::{bus_options, site_going_on},
    stream::options::Pace,
    summary::Summary,
};

/// Counted frames that may wait for the site loop: one, so that the counter is never far ahead.
const COUNTED_WAITING: usize = 1;

/// How long the last counts may take to reach the subscriber that measures them.
const LAST_MESSAGES: Duration = Duration::from_millis(300);

/// How to run a plan.
#[derive(Clone)]
pub struct RunOptions {
    /// How fast footage is read.
    pub pace: Pace,
    /// Stop after this much site time, seconds.
    pub for_secs: Option<f64>,
    /// Measures capture to bus by a subscriber of its own, where given.
    pub latency: Option<LatencyProbe>,
    /// Other plans that the site takes up while it runs, where somebody may have some.
    pub offers: Option<Receiver<Offer>>,
    /// Says when to stop.
    pub must_stop: Arc<dyn Fn() -> bool + Send + Sync>,
}

/// What a run came to, with what only a benchmark asks for.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Totals.
    pub summary: Summary,
    /// Capture to subscriber without the network's inference, milliseconds.
    pub beside_inference_ms: Percentiles,
}

/// Opens the counter of a plan.
///
/// # Errors
/// Whatever is wrong with card, model, library or device.
pub fn open_counter(plan: &Plan) -> anyhow::Result<Counter> {
    let options = Options {
        device: plan.model.device,
        also_on: plan.model.also_on.clone(),
        threads: plan.model.threads.unwrap_or(0),
        ..Options::default()
    };
    let counter = Counter::open(&plan.model.card_path, &options)?;
    let info = counter.info();
    let counted_on = counted_on(&plan.model, info);
    if let Some(reason) = &counted_on.fallback {
        tracing::warn!("{}.", reason.trim_end_matches('.'));
    }
    tracing::info!("Counting with {} {} on {}.", info.name, info.version, counted_on.devices.join(" and "));
    Ok(counter)
}

/// Where a counter runs, beside where it is asked to run.
fn counted_on(asked: &ModelPlan, info: &Info) -> CountedOn {
    let names = |first: Device, others: &[Device]| {
        iter::once(&first).chain(others).map(ToString::to_string).collect()
    };
    CountedOn {
        devices: names(info.device, &info.also_on),
        asked: names(asked.device, &asked.also_on),
        // A site that leaves the choice open asks for none that could be missing.
        fallback: info.device_fallback.clone().filter(|_| asked.device != Device::Auto),
    }
}

/// How frames of several cameras are counted together: where the site does not say, as the model is best run.
fn batching(plan: &Plan, info: &Info) -> Batching {
    let frames_max = plan.model.batch_frames.unwrap_or(info.batch_max);
    Batching { frames_max, wait: Duration::from_secs_f64(plan.model.batch_wait_ms / 1e3) }
}

/// Runs a plan with an open counter; `onlooker` sees every step.
///
/// # Errors
/// No footage gives a picture, a thread cannot be started, the bus' options can never work, or the onlooker's error.
/// Cameras that are not there, and a bus that is down, are no errors: they are published, shown, and tried again.
pub fn run(
    plan: &Plan,
    counter: Counter,
    options: &RunOptions,
    onlooker: &mut Onlooker<'_>,
) -> anyhow::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("network")
        .enable_all()
        .build()
        .context("cannot start the network threads")?;
    let node = Id::new(format!("throng-{}", std::process::id()))?;
    let mut bus = runtime.block_on(Bus::open(bus_options(plan, &node, options.pace)?))?;
    if bus.handle().state().is_down() {
        tracing::warn!("{}. The site runs; warnings are kept until it answers.", bus.handle().state());
    }
    let latency = options.latency.clone().unwrap_or_default();
    let listener = options.latency.as_ref().and_then(|probe| {
        let listening = runtime.block_on(probe.listen(&plan.bus, plan.site_id.as_str()));
        listening.map_err(|error| tracing::info!("Latency is not measured: {error:#}.")).ok()
    });

    let info = counter.info();
    let counted_on = counted_on(&plan.model, info);
    let header = Header {
        site: plan.site_id.clone(),
        node: node.clone(),
        model: ModelRef { name: info.name.clone(), sha256: info.sha256.clone() },
        config_sha256: plan.config_sha256.clone(),
        drill: plan.drill,
        place: plan.place,
        notes: counted_on.fallback.iter().cloned().collect(),
        counted_on: Some(counted_on),
        numbering: bus.left().numbering.clone(),
    };
    let keep = |evidence| Keeper::start(evidence, Facts::of(plan, header.model.clone()));
    let evidence = plan.evidence.as_ref().map(keep).transpose()?;
    let batching = batching(plan, info);
    let pace = pace(plan, options.pace);
    let maker = {
        let _within = runtime.enter();
        CameraMaker::new(plan, info.clone(), pace)?
    };
    let (mut cameras, mut ready) = (Vec::new(), Vec::new());
    for camera in &plan.cameras {
        let (watched, counted) = maker.start(plan, camera, 0)?;
        cameras.push(watched);
        ready.push(ReadyCamera::new(counted)?);
    }
    let (sender, counted) = bounded(COUNTED_WAITING);
    // As many as one change can start anew; the counting thread takes them before its next frame.
    let (started_anew, exchanged) = bounded(plan.cameras.len());
    let counting = counting::start(counter, ready, exchanged, batching, sender)?;
    let site_loop = SiteLoop {
        plan: Arc::new(plan.clone()),
        site: site_going_on(plan, bus.left()),
        cameras,
        maker,
        started_anew,
        offers: options.offers.clone().unwrap_or_else(never),
        counted,
        acks: bus.take_acks(),
        outside: Outside::new(
            bus.take_signals(),
            SignalVerifier::new(plan.site_id.clone(), plan.signal_sources.clone()),
        ),
        bus: bus.handle(),
        node,
        messages: Messages::new(header, &plan.zones)?.going_on_from(&bus.left().next_seqs),
        beside: Beside::start(plan, &bus.left().last_told, &runtime)?,
        evidence,
        latency: latency.clone(),
        pace,
        for_secs: options.for_secs,
        must_stop: Arc::clone(&options.must_stop),
        onlooker,
    };
    let result = site_loop.run();
    if counting.join().is_err() {
        tracing::error!("The counting thread ended by a panic.");
    }
    if listener.is_some() {
        std::thread::sleep(LAST_MESSAGES);
    }
    runtime.block_on(bus.close());
    if let Some(listener) = listener {
        listener.abort();
    }
    runtime.shutdown_timeout(Duration::from_millis(500));
    let mut summary = result?;
    summary.capture_to_bus_ms = latency.capture_to_bus_ms();
    Ok(Outcome { summary, beside_inference_ms: latency.beside_inference_ms() })
}

/// A site with a live stream lives by the wall clock: such a stream cannot be read faster than it comes.
fn pace(plan: &Plan, asked: Pace) -> Pace {
    let all_footage = plan.cameras.iter().all(|camera| camera.uri.is_footage());
    if all_footage { asked } else { Pace::Realtime }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_that_was_asked_for_and_is_not_there_is_told_and_one_left_open_is_not() {
        let mut asked = ModelPlan {
            card_path: "card.toml".into(),
            device: Device::Cuda(0),
            also_on: vec![Device::Cuda(1)],
            threads: None,
            batch_frames: None,
            batch_wait_ms: 5.0,
        };
        let mut info = Info {
            name: "compact".to_owned(),
            version: "1".to_owned(),
            sha256: String::new(),
            device: Device::Cuda(0),
            also_on: vec![Device::Cuda(1)],
            device_fallback: None,
            batch_max: 1,
            is_input_pinned: true,
            library: "libonnxruntime.so".into(),
            multiple_of_px: 16,
            max_side_px: 1280,
            head_size_range_px: [6.0, 48.0],
        };
        let both = vec!["cuda:0".to_owned(), "cuda:1".to_owned()];
        let as_asked = CountedOn { devices: both.clone(), asked: both.clone(), fallback: None };
        assert_eq!(counted_on(&asked, &info), as_asked);

        info.also_on.clear();
        info.device_fallback = Some("cuda:1 cannot be used".to_owned());
        let one = CountedOn {
            devices: vec!["cuda:0".to_owned()],
            asked: both,
            fallback: Some("cuda:1 cannot be used".to_owned()),
        };
        assert_eq!(counted_on(&asked, &info), one);

        (asked.device, asked.also_on) = (Device::Auto, Vec::new());
        info.device = Device::Cpu;
        let open =
            CountedOn { devices: vec!["cpu".to_owned()], asked: vec!["auto".to_owned()], fallback: None };
        assert_eq!(counted_on(&asked, &info), open);
    }
}
