//! `throng demo`: the main job on real footage, then on a simulated crowd that builds up before a gate.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use throng_analytics::{level::Level, site::SiteReport, wire::Ack};
use throng_console::Language;
use throng_samples::scene::{FRAMES_PER_S, Scene};

use super::{
    args::DemoArgs, demo_speaker::DemoSpeaker, exit_status::ExitStatus, interrupt::Interrupt, live::Live,
    load_site, output, progress::Progress,
};
use crate::{
    clock::wall_clock,
    config::shipped,
    engine::{self, RunOptions},
    latency::LatencyProbe,
    publish::{BusHandle, Id, Network, Outgoing, Topic},
    recorder::Recorder,
    room::{AtSite, PictureBook, Room, RoomOptions},
    stream::{options::Pace, writer::VideoWriter},
    summary::Summary,
};

/// Which of the simulated crowds is shown; the network was trained on others.
const GATE_SEED: u64 = 1;

/// Site time that the demonstration's operator takes to acknowledge red, seconds.
const OPERATOR_TAKES_SECS: f64 = 6.0;

/// Runs both parts.
///
/// # Errors
/// A shipped file is missing, or whatever stops a run.
pub fn run(args: &DemoArgs) -> anyhow::Result<ExitStatus> {
    let interrupt = Interrupt::listen()?;
    let stop = interrupt.clone();
    let options = RunOptions {
        pace: if args.pacing.is_realtime(args.console.is_some()) {
            Pace::Realtime
        } else {
            Pace::AsFastAsPossible
        },
        for_secs: args.duration.map(|span| span.duration().as_secs_f64()),
        latency: Some(LatencyProbe::default()),
        offers: None,
        must_stop: Arc::new(move || stop.is_set()),
    };
    let street = site_file("samples/demo.toml")?;
    let gate = site_file("samples/gate.toml")?;
    let pictures = Arc::new(PictureBook::default());
    let room = args.console.map(|listen| open_room(listen, &args.output, &pictures)).transpose()?;
    let mut summary = part(args, &options, &pictures, &street, "street", "Real footage: a street camera")?;
    if !interrupt.is_set() {
        let film = gate.parent().unwrap_or(Path::new(".")).join("../output/gate.mkv");
        film_gate(&film, args.headless, &interrupt)?;
        if !interrupt.is_set() {
            let title = "Simulated: a gate closes on a crowd";
            summary.join(part(args, &options, &pictures, &gate, "gate", title)?);
        }
    }
    if let Some(latency) = &options.latency {
        summary.capture_to_bus_ms = latency.capture_to_bus_ms();
    }
    if args.json {
        output::json_line(&summary)?;
    } else {
        output::note(format!("\nSummary of both parts:\n{}", serde_json::to_string_pretty(&summary)?));
    }
    if let Some(room) = room {
        output::note(format!("The console stays at {} until Ctrl-C.", room.url()));
        interrupt.wait(None);
    }
    Ok(ExitStatus::Success)
}

/// The console of the demonstration, with an account that everybody knows: on loopback only.
fn open_room(listen: SocketAddr, output: &Path, pictures: &Arc<PictureBook>) -> anyhow::Result<Room> {
    anyhow::ensure!(
        listen.ip().is_loopback(),
        "the demonstration's console has a password that everybody knows: serve it on 127.0.0.1"
    );
    let options = RoomOptions {
        listen,
        data_dir: output.join("console"),
        history: None,
        network: Network::default(),
        speaker_key: None,
        language: Language::En,
        demo_account: true,
    };
    // Its site files are shipped ones: not to be changed.
    let room = Room::open(&options, pictures.clone(), AtSite::away())?;
    output::note(format!("Console: {} (account demo, password demo)", room.url()));
    Ok(room)
}

fn site_file(relative: &str) -> anyhow::Result<PathBuf> {
    shipped::file(relative).with_context(|| {
        format!("the demonstration's site file is missing; run it from the source tree or the installation: {relative}")
    })
}

/// One site of the demonstration.
fn part(
    args: &DemoArgs,
    options: &RunOptions,
    pictures: &PictureBook,
    site: &Path,
    name: &str,
    title: &str,
) -> anyhow::Result<Summary> {
    output::note(format!("\n== {title} ({})", site.display()));
    let plan = load_site(site)?;
    let counter = engine::open_counter(&plan)?;
    let mut live = Live::new(args.json, plan.time_zone.clone());
    let mut recorder = Recorder::new(&plan, &args.output, name, title)?;
    let mut operator = Operator::default();
    let speaker = DemoSpeaker::new(&plan.site_id, plan.drill, &args.output, wall_clock());
    let mut speaker = speaker.map_err(|error| output::note(format!("No loudspeaker: {error:#}."))).ok();
    let outcome = engine::run(&plan, counter, options, &mut |step| {
        live.show(step.report)?;
        recorder.observe(step.counted, step.report);
        if let Some(counted) = step.counted.filter(|_| args.console.is_some()) {
            pictures.observe(step.plan, counted, step.report);
        }
        if let Some(speaker) = &mut speaker {
            speaker.step(step.report)?;
        }
        operator.look(step.report, step.bus)
    })?;
    let recorded = recorder.finish()?;
    if let Some(video) = &recorded.video {
        output::note(format!("Annotated video: {}", video.display()));
    }
    output::note(format!("Timeline:        {}", recorded.timeline.display()));
    Ok(outcome.summary)
}

/// Films the simulated crowd, once.
fn film_gate(film: &Path, headless: bool, interrupt: &Interrupt) -> anyhow::Result<()> {
    if film.is_file() {
        output::note(format!("\nThe simulated crowd was filmed before: {}", film.display()));
        return Ok(());
    }
    if let Some(folder) = film.parent() {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder of the film: {}", folder.display()))?;
    }
    output::note("\n== Simulating and filming a crowd before a gate");
    // Half a film must never be taken for a whole one.
    let unfinished = film.with_extension("unfinished.mkv");
    let mut scene = Scene::gate(GATE_SEED);
    let [width_px, height_px] = scene.size_px();
    let mut progress = (!headless).then(|| Progress::start("filming", Some(u64::from(scene.frames()))));
    let mut writer = VideoWriter::create(&unfinished, width_px, height_px, f64::from(FRAMES_PER_S))?;
    for frame in scene.by_ref() {
        if interrupt.is_set() {
            return Ok(());
        }
        writer.push(&frame.rgb, frame.t_secs)?;
        if let Some(progress) = &mut progress {
            let people = frame.zones.first().map_or(0, |zone| zone.people);
            progress.step(&format!("{people} people before the gate"));
        }
    }
    writer.finish()?;
    if let Some(progress) = progress {
        progress.finish();
    }
    std::fs::rename(&unfinished, film).with_context(|| format!("cannot keep the film: {}", film.display()))
}

/// The demonstration's operator: acknowledges red over the bus, as a person at a console would.
#[derive(Default)]
struct Operator {
    acknowledged: Option<String>,
}

impl Operator {
    fn look(&mut self, report: &SiteReport, bus: &BusHandle) -> anyhow::Result<()> {
        for zone in &report.zones {
            let (Some(incident), Some(Level::Red), Some(since)) = (&zone.incident, zone.level, zone.since)
            else {
                continue;
            };
            let waited = report.now.secs_since(since) >= OPERATOR_TAKES_SECS;
            if incident.ack.is_some() || !waited || self.acknowledged.as_ref() == Some(&incident.id) {
                continue;
            }
            self.acknowledged = Some(incident.id.clone());
            let ack = Ack {
                incident: incident.id.clone(),
                operator: "demo operator".to_owned(),
                at: report.now,
                shelve_until: None,
            };
            bus.publish(Outgoing::message(Topic::Ack(Id::new(incident.id.as_str())?), &ack)?);
        }
        Ok(())
    }
}
