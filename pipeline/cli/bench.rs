//! `throng bench`: decode alone, model alone and the whole pipeline, in one run, on the same footage and cores.

mod bus;
mod cameras;
mod speaker;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Context;
use serde::Serialize;
use throng_models::counter::Counter;
use throng_models::head_scale::HeadScale;

use super::{args::BenchArgs, exit_status::ExitStatus, interrupt::Interrupt, load_site, output};
use crate::{
    clock::wall_clock,
    config::plan::{CameraPlan, Plan},
    count_scale::CountScale,
    engine::{self, RunOptions},
    latency::{LatencyProbe, Percentiles},
    process_usage,
    stream::{
        connect::Connect,
        decode::{Decoded, decode_only},
        options::{Pace, StreamOptions},
        source::CameraStream,
    },
    summary::Summary,
};

/// Pictures that the model is timed on, over and over: few, because they count in the memory that is reported.
const PICTURES: usize = 2;

/// How long the model is timed.
const MODEL_TIME: Duration = Duration::from_secs(8);

/// How long the pipeline runs in real time to measure its latency, seconds.
const REALTIME_SECS: f64 = 20.0;

/// Time constant of waiting for a stream's first picture.
const FIRST_PICTURE: Duration = Duration::from_secs(20);

/// The figures.
#[derive(Clone, Debug, Serialize)]
struct Figures {
    /// Frames decoded a second, nothing else running.
    decode_fps: f64,
    /// Pictures that the network alone takes a second, nothing else running.
    model_fps: f64,
    /// Frames counted a second by the whole pipeline, as fast as it can.
    pipeline_fps: f64,
    /// Frames decoded for each one counted.
    decoded_per_counted: f64,
    /// `pipeline_fps` over what decoding and model allow together on the same cores:
    /// `1 / (decoded_per_counted / decode_fps + 1 / model_fps)`.
    ratio: f64,
    /// Capture to subscriber in real time, milliseconds.
    capture_to_bus_ms: Percentiles,
    /// The same without the network's inference.
    capture_to_bus_beside_inference_ms: Percentiles,
    /// Processor seconds for each frame counted, all threads.
    cpu_s_per_frame: f64,
    /// Largest resident memory of the process so far, megabytes.
    peak_rss_mb: f64,
}

/// Measures and prints.
///
/// # Errors
/// The site file, the model or the footage; footage must be a file, since a live stream has its own speed.
pub fn run(args: &BenchArgs) -> anyhow::Result<ExitStatus> {
    if args.bus {
        return bus::run(args.json);
    }
    if args.speaker {
        return speaker::run(args.json);
    }
    if !args.cameras.is_empty() {
        cameras::run(args)?;
        return Ok(ExitStatus::Success);
    }
    let site = args.site.as_deref().context("name a site file, --bus, --speaker or --cameras")?;
    let mut plan = load_site(site)?;
    plan.cameras.truncate(1);
    let camera = plan.cameras.first().context("the site has no camera")?.clone();
    anyhow::ensure!(
        camera.uri.path().is_some(),
        "a benchmark needs footage in a file; camera {} is a stream ({})",
        camera.id,
        camera.uri
    );
    let interrupt = Interrupt::listen()?;

    output::note("Decoding alone ...");
    let decoded = decode_only(&camera.uri)?;
    output::note("The model alone ...");
    let mut counter = engine::open_counter(&plan)?;
    let scale = CountScale::of(&camera, &plan.zones, counter.info());
    let model_fps = model_fps(&mut counter, &camera, scale)?;
    output::note("The whole pipeline, as fast as it can ...");
    let cpu_before = process_usage::cpu_secs()?;
    let (fast, took_secs) = pipeline(&plan, counter, Pace::AsFastAsPossible, None, &interrupt)?;
    let cpu_secs = process_usage::cpu_secs()? - cpu_before;
    output::note("The whole pipeline, in real time ...");
    let counter = engine::open_counter(&plan)?;
    let probe = LatencyProbe::default();
    pipeline(&plan, counter, Pace::Realtime, Some(probe.clone()), &interrupt)?;

    let figures = figures(&decoded, model_fps, &fast, took_secs, cpu_secs, &probe)?;
    if args.json {
        output::json_line(&figures)?;
    } else {
        show(&figures);
    }
    Ok(ExitStatus::Success)
}

/// Pictures of the footage that the network alone takes a second, counted over and over.
fn model_fps(counter: &mut Counter, camera: &CameraPlan, scale: CountScale) -> anyhow::Result<f64> {
    let options = StreamOptions {
        count_fps: camera.count_fps,
        width_px: Some(scale.decoded_width_px()),
        pace: Pace::AsFastAsPossible,
        origin: wall_clock(),
        session: 1,
        connect: Connect::default(),
    };
    let stream = CameraStream::start(camera.id.as_str(), &camera.uri, options)?;
    let mut pictures = Vec::with_capacity(PICTURES);
    while let Ok(frame) = stream.frames().recv_timeout(FIRST_PICTURE) {
        pictures.push(frame);
        if pictures.len() == PICTURES {
            break;
        }
    }
    drop(stream);
    anyhow::ensure!(!pictures.is_empty(), "the footage gave no picture ({})", camera.uri);
    let mut heads = HeadScale::default();
    let (began, mut counted, mut network_secs) = (Instant::now(), 0_u32, 0.0);
    while began.elapsed() < MODEL_TIME {
        for frame in &pictures {
            let picture = frame.rgb().context("a frame cannot be read")?;
            let scale = heads.resolve(scale.of_picture(picture.width_px()), counter, picture)?;
            let count = counter.count_at(picture, scale)?;
            network_secs += count.inference_secs;
            counted += 1;
        }
    }
    Ok(f64::from(counted) / network_secs)
}

/// One run of the whole pipeline and the seconds between its first and its last counted frame.
fn pipeline(
    plan: &Plan,
    counter: Counter,
    pace: Pace,
    latency: Option<LatencyProbe>,
    interrupt: &Interrupt,
) -> anyhow::Result<(Summary, f64)> {
    let stop = interrupt.clone();
    let options = RunOptions {
        pace,
        for_secs: (pace == Pace::Realtime).then_some(REALTIME_SECS),
        latency,
        offers: None,
        must_stop: Arc::new(move || stop.is_set()),
    };
    let (mut first, mut last) = (None, Instant::now());
    let outcome = engine::run(plan, counter, &options, &mut |step| {
        if step.counted.is_some() {
            last = Instant::now();
            first.get_or_insert(last);
        }
        Ok(())
    })?;
    let secs = first.map_or(0.0, |first| last.duration_since(first).as_secs_f64());
    Ok((outcome.summary, secs))
}

fn figures(
    decoded: &Decoded,
    model_fps: f64,
    fast: &Summary,
    took_secs: f64,
    cpu_secs: f64,
    probe: &LatencyProbe,
) -> anyhow::Result<Figures> {
    let counted = fast.frames_counted as f64;
    anyhow::ensure!(counted > 1.0 && took_secs > 0.0, "the footage is too short for a benchmark");
    let decode_fps = decoded.frames as f64 / decoded.secs;
    // From the first frame to the last there is one frame less than was counted.
    let pipeline_fps = (counted - 1.0) / took_secs;
    let decoded_per_counted = fast.frames_decoded as f64 / counted;
    Ok(Figures {
        decode_fps,
        model_fps,
        pipeline_fps,
        decoded_per_counted,
        ratio: pipeline_fps * (decoded_per_counted / decode_fps + 1.0 / model_fps),
        capture_to_bus_ms: probe.capture_to_bus_ms(),
        capture_to_bus_beside_inference_ms: probe.beside_inference_ms(),
        cpu_s_per_frame: cpu_secs / counted,
        peak_rss_mb: process_usage::peak_rss_mb()?,
    })
}

fn show(figures: &Figures) {
    let percentiles = |p: &Percentiles| {
        let ms = |v: Option<f64>| v.map_or_else(|| "unknown".to_owned(), |v| format!("{v:.1}"));
        format!("p50 {} ms, p95 {} ms, p99 {} ms", ms(p.p50), ms(p.p95), ms(p.p99))
    };
    output::note(format!(
        "decoding alone      {:8.1} frames/s\n\
         model alone         {:8.1} frames/s\n\
         whole pipeline      {:8.1} frames/s counted ({:.1} decoded for each)\n\
         of what both allow  {:8.2}\n\
         capture to bus      {}\n\
         beside inference    {}\n\
         processor           {:8.4} s a frame\n\
         largest memory      {:8.1} MB",
        figures.decode_fps,
        figures.model_fps,
        figures.pipeline_fps,
        figures.decoded_per_counted,
        figures.ratio,
        percentiles(&figures.capture_to_bus_ms),
        percentiles(&figures.capture_to_bus_beside_inference_ms),
        figures.cpu_s_per_frame,
        figures.peak_rss_mb,
    ));
}
