//! `throng sim`: a simulated crowd as a film, with everything that is true about it.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use serde::Serialize;
use throng_analytics::place::{Geodetic, SitePlace};
use throng_samples::crowd::scenario::{Scenario, Suite};
use throng_samples::scene::{CameraPose, FRAMES_PER_S, Scene, SceneFrame, Weather};

use super::exit_status::ExitStatus;
use super::interrupt::Interrupt;
use super::output;
use super::progress::Progress;
use crate::config::duration::Span;
use crate::stream::telemetry::klv::{Packet, tag};
use crate::stream::writer::{Codec, VideoWriter};

/// Where on Earth simulated places lie, as `samples/drone.toml` says too. Their ground is at sea level, and the sea on the
/// ellipsoid.
const PLACE: SitePlace = SitePlace {
    origin: Geodetic { latitude_deg: 31.2397, longitude_deg: 121.4998, height_m: 0.0 },
    y_axis_bearing_deg: 0.0,
};

/// When simulated flights are flown: 2026-01-01, microseconds since 1970.
const FLOWN_AT_US: u64 = 1_767_225_600_000_000;

/// How far the telemetry in a film is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TelemetryNoise {
    /// Not at all.
    Exact,
    /// As satellite navigation and gimbals are: 1 m, half a degree, 1 % of the field of view.
    Noisy,
}

/// Where a camera is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Viewpoint {
    /// On a mast that overlooks the zones.
    Mast,
    /// On a drone that circles over them, in some wind, and zooms.
    Drone,
}

/// `throng sim`: simulates and films a crowd.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  throng sim gate --video gate.mp4 --truth gate.jsonl
  throng sim held-out/overload --video overload.mp4 --weather rain --seed 3
  throng sim dev/free_flow --camera drone --codec h265 --video flight.mp4 --truth flight.jsonl
  throng sim dev/free_flow --camera drone --video flight.ts --telemetry exact
  throng sim my/scenario.toml --truth truth.jsonl

SCENARIO is a file, `gate` (the demonstration's drill), or a shipped scenario such as dev/stairs or held-out/stairs.
The truth holds, for each picture: where the camera is and what a drone's telemetry says of that (errors of 1 m, half a
degree and 1 % of the field of view), every head in pixels and metres and whether it shows, people and density of each
zone, the largest load on a body, and since when people have been squeezed and harmed.")]
pub struct SimArgs {
    /// Scenario file, or the name of a shipped scenario.
    pub scenario: String,
    /// Video to write: .mp4, .mkv, .avi or .ts. From a drone, .ts carries its telemetry too, as MISB ST 0601.
    #[arg(long, value_name = "FILE")]
    pub video: Option<PathBuf>,
    /// Truth to write, as JSON Lines: one line for each picture.
    #[arg(long, value_name = "FILE")]
    pub truth: Option<PathBuf>,
    /// Another seed is another crowd. Seeds from 1000000 on are those of training pictures.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Light and weather: day, dusk or rain.
    #[arg(long, default_value = "day")]
    pub weather: Weather,
    /// Where the camera is. The drill is always seen from its own mast.
    #[arg(long, value_enum, default_value = "mast")]
    pub camera: Viewpoint,
    /// How far the telemetry in a drone's .ts video is off.
    #[arg(long, value_enum, default_value = "noisy")]
    pub telemetry: TelemetryNoise,
    /// How the video is compressed.
    #[arg(long, value_enum, default_value = "h264")]
    pub codec: Codec,
    /// Stop after this long, e.g. 30s.
    #[arg(long = "for", value_name = "DURATION")]
    pub duration: Option<Span>,
    /// Write the summary as one JSON line to stdout.
    #[arg(long)]
    pub json: bool,
}

/// What happened.
#[derive(Debug, Default, Serialize)]
struct Summary {
    scenario: String,
    seed: u64,
    frames: u32,
    people_max: usize,
    density_max_people_per_m2: f64,
    contact_load_max_n_per_m: f64,
    onset_secs: Option<f64>,
    harm_secs: Option<f64>,
}

impl Summary {
    fn observe(&mut self, frame: &SceneFrame) {
        self.frames += 1;
        self.people_max = self.people_max.max(frame.heads.len());
        for zone in &frame.zones {
            self.density_max_people_per_m2 = self.density_max_people_per_m2.max(zone.density_people_per_m2);
        }
        self.contact_load_max_n_per_m = self.contact_load_max_n_per_m.max(frame.contact_load_max_n_per_m);
        (self.onset_secs, self.harm_secs) = (frame.onset_secs, frame.harm_secs);
    }
}

/// Simulates, films and writes.
///
/// # Errors
/// There is no such scenario, or a file cannot be written.
pub fn run(args: &SimArgs) -> anyhow::Result<ExitStatus> {
    let mut scene = match (args.scenario.as_str(), args.camera) {
        ("gate", Viewpoint::Mast) => Scene::gate(args.seed),
        ("gate", Viewpoint::Drone) => bail!("the drill has no drone; take dev/gate_closes"),
        (name, Viewpoint::Mast) => Scene::of(find(name)?, args.seed, args.weather),
        (name, Viewpoint::Drone) => Scene::from_drone(find(name)?, args.seed, args.weather),
    };
    let interrupt = Interrupt::listen()?;
    let limit_secs = args.duration.map_or(f64::INFINITY, |span| span.duration().as_secs_f64());
    let [width_px, height_px] = scene.size_px();
    let fps = f64::from(FRAMES_PER_S);
    let create = |path: &PathBuf| VideoWriter::create_as(args.codec, path, width_px, height_px, fps);
    let mut video = args.video.as_ref().map(create).transpose()?;
    let unwritable = |path: &Path| format!("cannot write {}", path.display());
    let mut truth = match &args.truth {
        Some(path) => Some((path, BufWriter::new(File::create(path).with_context(|| unwritable(path))?))),
        None => None,
    };
    let mut summary = Summary { scenario: args.scenario.clone(), seed: args.seed, ..Summary::default() };
    let mut progress = Progress::start("filming", Some(u64::from(scene.frames())));
    for frame in scene.by_ref().take_while(|frame| frame.t_secs < limit_secs) {
        if interrupt.is_set() {
            break;
        }
        summary.observe(&frame);
        if let Some(video) = &mut video {
            if video.takes_klv() {
                let pose = match args.telemetry {
                    TelemetryNoise::Exact => &frame.camera,
                    TelemetryNoise::Noisy => frame.telemetry.as_ref().unwrap_or(&frame.camera),
                };
                video.push_klv(packet(pose, frame.t_secs).encode(), frame.t_secs)?;
            }
            video.push(&frame.rgb, frame.t_secs)?;
        }
        if let Some((path, file)) = &mut truth {
            serde_json::to_writer(&mut *file, &frame).with_context(|| unwritable(path))?;
            file.write_all(b"\n").with_context(|| unwritable(path))?;
        }
        progress.step(&format!("{} people", frame.heads.len()));
    }
    progress.finish();
    if let Some(video) = video {
        video.finish()?;
    }
    if let Some((path, mut file)) = truth {
        file.flush().with_context(|| unwritable(path))?;
    }
    if args.json {
        output::json_line(&summary)?;
    } else {
        output::note(serde_json::to_string_pretty(&summary)?);
    }
    Ok(ExitStatus::Success)
}

/// A pose as a drone would send it: a level platform whose gimbal does all.
fn packet(pose: &CameraPose, t_secs: f64) -> Packet {
    let [east_m, north_m, height_m] = pose.position_m;
    let Geodetic { latitude_deg, longitude_deg, .. } = PLACE.geodetic_from_site_m([east_m, north_m, 0.0]);
    let time_us = Some(FLOWN_AT_US + (t_secs * 1e6) as u64);
    let mut packet = Packet::default();
    (packet.time_us, packet.sensor_name, packet.version) = (time_us, Some("EO".to_owned()), Some(19));
    packet
        .with(tag::PLATFORM_HEADING, 0.0)
        .with(tag::PLATFORM_PITCH_FULL, 0.0)
        .with(tag::PLATFORM_ROLL_FULL, 0.0)
        .with(tag::SENSOR_LATITUDE, latitude_deg)
        .with(tag::SENSOR_LONGITUDE, longitude_deg)
        .with(tag::SENSOR_ALTITUDE, height_m)
        .with(tag::SENSOR_HEIGHT_EXTENDED, height_m)
        .with(tag::HORIZONTAL_FOV, pose.horizontal_fov_deg)
        .with(tag::SENSOR_AZIMUTH, pose.heading_deg.rem_euclid(360.0))
        .with(tag::SENSOR_ELEVATION, -pose.depression_deg)
        .with(tag::SENSOR_ROLL, 0.0)
        .with(tag::CENTRE_HEIGHT, 0.0)
        .with(tag::CENTRE_ELEVATION, 0.0)
}

/// A scenario by file or by name.
fn find(name: &str) -> anyhow::Result<Scenario> {
    if Path::new(name).is_file() {
        return Ok(Scenario::load(Path::new(name))?);
    }
    let suites = [("dev", Suite::Dev), ("held-out", Suite::HeldOut)];
    let mut known = vec!["gate".to_owned()];
    for (folder, suite) in suites {
        for scenario in suite.scenarios()? {
            if name.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')) == Some(&scenario.id) {
                return Ok(scenario);
            }
            known.push(format!("{folder}/{}", scenario.id));
        }
    }
    bail!("there is no file and no scenario {name}; shipped are {}", known.join(", "))
}
