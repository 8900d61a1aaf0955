//! `throng bench --cameras 1,4,16`: many cameras of one film made on the spot, beside bare decoding of the same film.
//!
//! Cost is processor time for a second of one camera's stream, which says the same whether the machine keeps up or not.

use std::{
    collections::BTreeMap,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use crossbeam::channel::Select;
use serde::Serialize;
use throng_analytics::time::Timestamp;

use crate::{
    cli::{args::BenchArgs, output},
    clock::wall_clock,
    latency::Percentiles,
    process_usage,
    stream::{
        camera::{Camera, Care},
        connect::Connect,
        lifecycle::Patience,
        options::{Pace, StreamOptions},
        test_film,
        uri::SourceUri,
    },
};

/// Frames counted a second of each camera.
const COUNT_FPS: f64 = 2.0;

/// Width to which pictures are scaled, as for counting.
const WIDTH_PX: u32 = 640;

/// Time for all cameras to be live before anything is measured.
const WARM_UP: Duration = Duration::from_secs(3);

/// What a number of cameras costs.
#[derive(Clone, Debug, Serialize)]
struct Figures {
    cameras: usize,
    /// Processor seconds for a second of one stream: `gst-launch-1.0 ... ! fakesink`.
    bare_cpu_s_per_stream_s: f64,
    every_frame: Cost,
    skipping: Cost,
}

/// What one way of reading the cameras costs.
#[derive(Clone, Debug, Serialize)]
struct Cost {
    cpu_s_per_stream_s: f64,
    /// The same over bare decoding.
    of_bare: f64,
    /// Seconds of stream that passed for each second of the clock: below 1 the machine does not keep up.
    speed: f64,
    capture_to_counter_ms: Percentiles,
    frames_decoded: u64,
    frames_skipped: u64,
    frames_dropped: BTreeMap<String, u64>,
    /// Memory that the cameras added, for each, megabytes.
    memory_mb_per_camera: f64,
    /// Memory of the decoder's libraries, which all of them share and the first one brings in, megabytes.
    libraries_mb: f64,
}

/// Measures and prints.
///
/// # Errors
/// The film cannot be made, `gst-launch-1.0` is not installed, or a camera gives no picture.
pub(super) fn run(args: &BenchArgs) -> anyhow::Result<()> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder for the film")?;
    let film = folder.path().join("film.mkv");
    output::note(format!(
        "Making a film of {} s, 1080p at {} pictures/s, a key frame every {} ...",
        args.secs,
        test_film::FPS,
        args.key_every
    ));
    test_film::write(&film, args.secs, args.key_every)?;
    for cameras in &args.cameras {
        output::note(format!("{cameras} cameras ..."));
        let bare = bare(&film, *cameras, args.secs)?;
        let figures = Figures {
            cameras: *cameras,
            bare_cpu_s_per_stream_s: bare,
            every_frame: cost(&film, *cameras, args.secs, false, bare)?,
            skipping: cost(&film, *cameras, args.secs, true, bare)?,
        };
        if args.json { output::json_line(&figures)? } else { show(&figures) }
    }
    Ok(())
}

/// Processor seconds for a second of one stream when `gst-launch-1.0` decodes them all and does nothing else.
fn bare(film: &Path, cameras: usize, secs: u32) -> anyhow::Result<f64> {
    let location = format!("location={}", film.display());
    let before = process_usage::children_cpu_secs()?;
    let mut launch = Command::new("gst-launch-1.0");
    launch.arg("-q");
    for _ in 0..cameras {
        // As many threads as ours has for such a film.
        let chain = "! matroskademux ! h264parse ! avdec_h264 max-threads=1 ! fakesink sync=false";
        launch.arg("filesrc").arg(&location).args(chain.split(' '));
    }
    let status = launch.stdout(Stdio::null()).status().context("gst-launch-1.0 cannot be run")?;
    ensure!(status.success(), "gst-launch-1.0 could not decode the film");
    let cpu_secs = process_usage::children_cpu_secs()? - before;
    Ok(cpu_secs / (cameras as f64 * f64::from(secs)))
}

/// What our cameras cost on the same film, in real time, one after the other of its frames going to a counter that does
/// nothing.
fn cost(film: &Path, count: usize, secs: u32, may_skip: bool, bare: f64) -> anyhow::Result<Cost> {
    let uri = SourceUri::from_path(film)?;
    let memory_before = process_usage::rss_parts_mb()?;
    let options = StreamOptions {
        count_fps: COUNT_FPS,
        width_px: Some(WIDTH_PX),
        pace: Pace::Realtime,
        origin: wall_clock(),
        session: 1,
        connect: Connect { may_skip, ..Connect::default() },
    };
    let care = Care { patience: Patience::FOOTAGE, loops: true };
    let cameras = (0..count)
        .map(|index| Camera::start(&format!("{index}"), &uri, options.clone(), care))
        .collect::<anyhow::Result<Vec<Camera>>>()?;
    take_frames(&cameras, WARM_UP);
    let cpu_before = process_usage::cpu_secs()?;
    let began = Instant::now();
    let taken = take_frames(&cameras, Duration::from_secs(u64::from(secs)));
    let (cpu_secs, took_secs) = (process_usage::cpu_secs()? - cpu_before, began.elapsed().as_secs_f64());
    let memory = process_usage::rss_parts_mb()?;
    let stream_secs: f64 = taken.streamed.values().map(|(first, last)| last.secs_since(*first)).sum();
    ensure!(stream_secs > 0.0, "no camera gave two pictures");
    let mut frames_dropped = BTreeMap::new();
    for (cause, frames) in cameras.iter().flat_map(|camera| camera.counters().dropped()) {
        *frames_dropped.entry(cause).or_default() += frames;
    }
    let cpu_s_per_stream_s = cpu_secs / stream_secs;
    Ok(Cost {
        cpu_s_per_stream_s,
        of_bare: cpu_s_per_stream_s / bare,
        speed: stream_secs / (took_secs * count as f64),
        capture_to_counter_ms: Percentiles::of(&taken.latency_ms),
        frames_decoded: cameras.iter().map(|camera| camera.counters().decoded()).sum(),
        frames_skipped: cameras.iter().map(|camera| camera.counters().skipped()).sum(),
        frames_dropped,
        memory_mb_per_camera: (memory.own - memory_before.own) / count as f64,
        libraries_mb: memory.of_files - memory_before.of_files,
    })
}

/// What came while it was taken.
#[derive(Default)]
struct Taken {
    latency_ms: Vec<f64>,
    /// First and last capture time of each camera's sessions.
    streamed: BTreeMap<(usize, u64), (Timestamp, Timestamp)>,
}

/// Takes every camera's frames as they come.
fn take_frames(cameras: &[Camera], time: Duration) -> Taken {
    let until = Instant::now() + time;
    let mut taken = Taken::default();
    let mut select = Select::new();
    for camera in cameras {
        select.recv(camera.frames());
    }
    while let Ok(ready) = select.select_deadline(until) {
        let index = ready.index();
        let Ok(frame) = ready.recv(cameras[index].frames()) else { break };
        taken.latency_ms.push(frame.captured_instant.elapsed().as_secs_f64() * 1e3);
        let at = frame.captured_at;
        taken.streamed.entry((index, frame.session)).or_insert((at, at)).1 = at;
    }
    taken
}

fn show(figures: &Figures) {
    output::note(format!(
        "{} cameras\n  bare decoding   {:.3} s of processor for a second of stream",
        figures.cameras, figures.bare_cpu_s_per_stream_s
    ));
    for (name, cost) in [("every frame", &figures.every_frame), ("skipping", &figures.skipping)] {
        let ms = |v: Option<f64>| v.map_or_else(|| "unknown".to_owned(), |v| format!("{v:.1}"));
        output::note(format!(
            "  {name:<15} {:.3} s, {:.2} of bare; speed {:.2}; capture to counter p50 {} ms, p99 {} ms; {:.1} MB each and \
             {:.1} MB of libraries; {} decoded, {} skipped, dropped {:?}",
            cost.cpu_s_per_stream_s,
            cost.of_bare,
            cost.speed,
            ms(cost.capture_to_counter_ms.p50),
            ms(cost.capture_to_counter_ms.p99),
            cost.memory_mb_per_camera,
            cost.libraries_mb,
            cost.frames_decoded,
            cost.frames_skipped,
            cost.frames_dropped,
        ));
    }
}
