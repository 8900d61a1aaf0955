//! `throng demo`: the main job on real footage, then on a simulated crowd that builds up before a gate.

use std::{
    collections::BTreeMap,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use anyhow::Context;
use throng_analytics::{level::Level, site::SiteReport, wire::Ack};
use throng_console::Options;
use throng_samples::scene::{FRAMES_PER_S, Scene};

use super::{
    args::{DemoArgs, DemoPart},
    demo_speaker::{DemoKeys, by_film::FilmSpeaker, on_bus::BusSpeaker},
    exit_status::ExitStatus,
    interrupt::Interrupt,
    live::Live,
    load_site, output,
    progress::Progress,
};
use crate::{
    clock::wall_clock,
    config::{
        plan::{GroundPlanPlan, Plan},
        shipped,
    },
    engine::{self, RunOptions},
    latency::LatencyProbe,
    locked::locked,
    publish::{BusHandle, Id, Network, Outgoing, Topic},
    recorder::Recorder,
    room::{AtSite, Drawings, PictureBook, Room, RoomOptions},
    stream::{options::Pace, writer::VideoWriter},
    summary::Summary,
};

/// Which of the simulated crowds is shown; the network was trained on others.
const GATE_SEED: u64 = 1;

/// Site time that the demonstration's operator takes to acknowledge red, seconds.
const OPERATOR_TAKES_SECS: f64 = 6.0;
/// The same where somebody may sit at the console: they come first.
const OPERATOR_WAITS_SECS: f64 = 30.0;

/// Runs the parts that were asked for.
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
    let mut demo = Demo {
        args,
        options,
        keys: DemoKeys::new()?,
        pictures: Arc::default(),
        drawings: Arc::default(),
        summary: None,
    };
    let room = args.console.map(|listen| demo.open_room(listen)).transpose()?;
    if room.is_none() && !args.headless && !args.json {
        output::note("With pages to look at: --console 127.0.0.1:8300, then open http://127.0.0.1:8300/.");
    }
    if args.part != Some(DemoPart::Gate) {
        demo.part(&street, "street", "Real footage: a street camera")?;
    }
    if args.part != Some(DemoPart::Street) && !interrupt.is_set() {
        let film = gate.parent().unwrap_or(Path::new(".")).join("../output/gate.mkv");
        film_gate(&film, args.headless, &interrupt)?;
        if !interrupt.is_set() {
            demo.part(&gate, "gate", "Simulated: a gate closes on a crowd")?;
        }
    }
    let mut summary = demo.summary.unwrap_or_default();
    if let Some(latency) = &demo.options.latency {
        summary.capture_to_bus_ms = latency.capture_to_bus_ms();
    }
    if args.json {
        output::json_line(&summary)?;
    } else {
        output::note(format!("\nSummary:\n{}", serde_json::to_string_pretty(&summary)?));
    }
    if let Some(room) = room {
        output::note(format!("The console stays at {} until Ctrl-C.", room.url()));
        interrupt.wait(None);
    }
    Ok(ExitStatus::Success)
}

fn site_file(relative: &str) -> anyhow::Result<PathBuf> {
    shipped::file(relative).with_context(|| {
        format!("the demonstration's site file is missing; run it from the source tree or the installation: {relative}")
    })
}

/// What the parts share.
struct Demo<'a> {
    args: &'a DemoArgs,
    options: RunOptions,
    keys: DemoKeys,
    pictures: Arc<PictureBook>,
    /// Drawings under the maps of its sites, by their ids.
    drawings: Arc<Mutex<BTreeMap<String, GroundPlanPlan>>>,
    summary: Option<Summary>,
}

impl Demo<'_> {
    fn network(&self) -> Network {
        let network = Network::default();
        Network { meeting_port: self.args.meeting_port.unwrap_or(network.meeting_port), ..network }
    }

    fn console_folder(&self) -> PathBuf {
        self.args.output.join("console")
    }

    /// The console of the demonstration, with an account that everybody knows: on loopback only.
    fn open_room(&self, listen: SocketAddr) -> anyhow::Result<Room> {
        anyhow::ensure!(
            listen.ip().is_loopback(),
            "the demonstration's console has a password that everybody knows: serve it on 127.0.0.1"
        );
        let folder = self.console_folder();
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let speaker_key = Some(self.keys.room.kept_in(&folder)?);
        let mut pages = Options::new(listen, folder);
        pages.demo_account = true;
        let options = RoomOptions { pages, history: None, tiles: None, network: self.network(), speaker_key };
        // Its site files are shipped ones: not to be changed.
        let drawings = Arc::clone(&self.drawings);
        let drawings: Drawings = Arc::new(move |site| locked(&drawings).get(site).cloned());
        let beside = AtSite { drawings: Some(drawings), ..AtSite::away() };
        let room = Room::open(&options, self.pictures.clone(), beside)?;
        output::note(format!("Console: {} (account demo, password demo)", room.url()));
        Ok(room)
    }

    /// One site of the demonstration.
    fn part(&mut self, site: &Path, name: &str, title: &str) -> anyhow::Result<()> {
        output::note(format!("\n== {title} ({})", site.display()));
        let args = self.args;
        let mut plan = load_site(site)?;
        plan.bus = self.network();
        if let Some(drawing) = plan.ground_plan.clone() {
            locked(&self.drawings).insert(plan.site_id.to_string(), drawing);
        }
        let mut speaker = self.speaker(&mut plan);
        let counter = engine::open_counter(&plan)?;
        let mut live = Live::new(args.json, plan.time_zone.clone());
        let mut recorder = Recorder::new(&plan, &args.output, name, title)?;
        let takes_secs = if args.console.is_some() { OPERATOR_WAITS_SECS } else { OPERATOR_TAKES_SECS };
        let mut operator = Operator { takes_secs, acknowledged: None };
        let outcome = engine::run(&plan, counter, &self.options, &mut |step| {
            live.show(step.report)?;
            recorder.observe(step.counted, step.report);
            if let Some(counted) = step.counted.filter(|_| args.console.is_some()) {
                self.pictures.observe(step.plan, counted, step.report);
            }
            if let Some(Speaker::ByFilm(speaker)) = &mut speaker {
                speaker.step(step.report)?;
            }
            operator.look(step.report, step.bus)
        })?;
        if let Some(Speaker::OnBus(speaker)) = speaker {
            speaker.stop();
        }
        let recorded = recorder.finish()?;
        if let Some(video) = &recorded.video {
            output::note(format!("Annotated video: {}", video.display()));
        }
        output::note(format!("Timeline:        {}", recorded.timeline.display()));
        match &mut self.summary {
            Some(summary) => summary.join(outcome.summary),
            None => self.summary = Some(outcome.summary),
        }
        Ok(())
    }

    /// The loudspeaker of a site; none where it cannot speak, which is said.
    fn speaker(&self, plan: &mut Plan) -> Option<Speaker> {
        let folder = &self.args.output;
        let speaker = if self.args.console.is_some() && self.options.pace == Pace::Realtime {
            BusSpeaker::start(plan, &self.keys, folder, &self.console_folder()).map(Speaker::OnBus)
        } else {
            FilmSpeaker::new(&plan.site_id, plan.drill, &self.keys, folder, wall_clock())
                .map(|speaker| Speaker::ByFilm(Box::new(speaker)))
        };
        speaker.map_err(|error| output::note(format!("No loudspeaker: {error:#}."))).ok()
    }
}

/// A loudspeaker by one of two clocks.
enum Speaker {
    ByFilm(Box<FilmSpeaker>),
    /// Lives by itself until it is stopped.
    OnBus(BusSpeaker),
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
struct Operator {
    takes_secs: f64,
    acknowledged: Option<String>,
}

impl Operator {
    fn look(&mut self, report: &SiteReport, bus: &BusHandle) -> anyhow::Result<()> {
        for zone in &report.zones {
            let (Some(incident), Some(Level::Red), Some(since)) = (&zone.incident, zone.level, zone.since)
            else {
                continue;
            };
            let waited = report.now.secs_since(since) >= self.takes_secs;
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
