//! One scenario with one seed: the crowd walks, each sensor watches it, and each sensor's site notes its alarms.

use throng_analytics::danger::pressure::PressureMeter;
use throng_analytics::fundamental_diagram::FundamentalDiagram;
use throng_analytics::level::Level;
use throng_analytics::polygon::{InvalidPolygon, Polygon};
use throng_analytics::profile::Profile;
use throng_analytics::site::{CameraModel, CameraObservation, Site, SiteModel, ZoneReport};
use throng_analytics::time::Timestamp;
use throng_analytics::wire::AckRecord;
use throng_analytics::zone::Zone;

use super::alarm::AlarmLog;
use super::baseline::{Baseline, BaselineAlarms};
use super::tracks::TrackedCrowd;
use crate::crowd::scenario::{Kind, MeasuredZone, Scenario};
use crate::crowd::sensor::SensorConfig;
use crate::crowd::simulation::Simulation;

/// The operator of a scenario acknowledges every warning after this time, seconds: red is never left without.
const ACKNOWLEDGED_AFTER_SECS: f64 = 10.0;

/// The score is set against harm within this time, seconds.
pub const SCORE_HORIZON_SECS: f64 = 120.0;

/// Zones emptier than this say nothing of how well people are counted, people/m2.
pub const COUNTED_FROM_PEOPLE_PER_M2: f64 = 0.5;

/// More level changes than this in a minute are chattering (analytics specification 5.1).
const CHATTER_PER_MIN: usize = 3;

/// Where the clock of a scenario begins: its time 0.
pub const START: Timestamp = Timestamp::from_unix_nanos(1_700_000_000_000_000_000);

/// A tracker, with the name that its results go by.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// Name.
    pub name: String,
    /// Its errors.
    pub sensor: SensorConfig,
}

/// What a site watches a crowd with: a tracker, or a camera with its counter.
pub trait Sensor {
    /// The camera as the site must know it; `None` where the ground is too small or too large for one.
    fn model(&self) -> Option<CameraModel>;

    /// When it sees the next frame, seconds of the scenario; infinite after the last.
    fn due_secs(&self) -> f64;

    /// What it sees in the frame that is due; `None` for a frame that is lost.
    fn observe(&mut self, simulation: &Simulation) -> Option<CameraObservation>;
}

/// What came of one scenario, seed and sensor.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The scenario's id.
    pub scenario: String,
    /// Danger or benign.
    pub kind: Kind,
    /// The sensor's name.
    pub setup: String,
    /// Time watched, seconds: to the harm, or to the end.
    pub watched_secs: f64,
    /// True onset, seconds.
    pub onset_secs: Option<f64>,
    /// True harm, seconds.
    pub harm_secs: Option<f64>,
    /// Highest true density of a zone, people/m2.
    pub density_max_people_per_m2: f64,
    /// Sums of measured and of true density, people/m2, of every zone and frame with both known and a true one of
    /// at least [`COUNTED_FROM_PEOPLE_PER_M2`].
    pub density_sums: [f64; 2],
    /// Alarms at blue, yellow, orange, red or above, of any zone.
    pub alarms: [AlarmLog; 4],
    /// Minutes with chattering, over all zones.
    pub chattering_mins: usize,
    /// Seconds in which a zone's level was not known, over all zones.
    pub unknown_secs: f64,
    /// Zones.
    pub zones: usize,
    /// The highest score of any zone at every second, 0 to 1, and whether harm followed within
    /// [`SCORE_HORIZON_SECS`].
    pub scores: Vec<(f64, bool)>,
    /// The alarms of others, of any zone.
    pub baselines: Vec<(Baseline, Vec<(f64, AlarmLog)>)>,
}

impl Outcome {
    /// The event that a warning must precede, seconds: harm, else onset, of a scenario of danger.
    pub fn event_secs(&self) -> Option<f64> {
        (self.kind == Kind::Danger).then(|| self.harm_secs.or(self.onset_secs)).flatten()
    }
}

/// The zones of a scenario as a site has them.
///
/// # Errors
/// A zone's outline encloses nothing.
pub fn zones(scenario: &Scenario) -> Result<Vec<Zone>, InvalidPolygon> {
    let zone = |zone: &MeasuredZone| {
        Ok(Zone {
            id: zone.id.clone(),
            name: zone.id.clone(),
            outline: Polygon::new(zone.outline.clone())?,
            // The file was checked for it; a scenario built by hand gets the usual one.
            profile: Profile::shipped(&zone.profile).unwrap_or_else(Profile::street_flat),
            capacity_people: zone.capacity_people,
            diagram: FundamentalDiagram::WEIDMANN,
            features: Vec::new(),
            ring: None,
            is_enclosed_by_lines: false,
            cameras: Vec::new(),
        })
    };
    scenario.zones.iter().map(zone).collect()
}

/// Plays a scenario before trackers, each with a site of its own; the crowd is the same for all.
///
/// # Errors
/// A zone's outline encloses nothing.
pub fn play(scenario: &Scenario, seed: u64, setups: &[Setup]) -> Result<Vec<Outcome>, InvalidPolygon> {
    let zones = zones(scenario)?;
    let sensors = setups.iter().map(|setup| {
        let sensor = TrackedCrowd::new(setup.sensor, zones.iter().map(|zone| &zone.outline), seed);
        (setup.name.clone(), Box::new(sensor) as Box<dyn Sensor>)
    });
    play_before(scenario, seed, sensors.collect())
}

/// Plays a scenario before sensors with their names, each with a site of its own; the crowd is the same for all.
///
/// # Errors
/// A zone's outline encloses nothing.
pub fn play_before(
    scenario: &Scenario,
    seed: u64,
    sensors: Vec<(String, Box<dyn Sensor + '_>)>,
) -> Result<Vec<Outcome>, InvalidPolygon> {
    let zones = zones(scenario)?;
    let mut watchers: Vec<Watcher<'_>> = sensors
        .into_iter()
        .map(|(name, sensor)| Watcher::new(scenario, zones.clone(), name, sensor))
        .collect();
    let mut simulation = Simulation::new(scenario.clone(), seed);
    while let Some(next) =
        watchers.iter_mut().min_by(|a, b| a.sensor.due_secs().total_cmp(&b.sensor.due_secs()))
    {
        let t_secs = next.sensor.due_secs();
        // What would be done after people have come to harm is beyond the simulation.
        if t_secs >= scenario.duration_secs || simulation.truth().harm_secs().is_some() {
            break;
        }
        simulation.advance_to(t_secs);
        next.watch(&simulation, t_secs);
    }
    // A film ends with the last picture before the harm.
    while simulation.t_secs() < scenario.duration_secs && simulation.truth().harm_secs().is_none() {
        simulation.step();
    }
    let truth = simulation.truth();
    let (onset_secs, harm_secs) = (truth.onset_secs(), truth.harm_secs());
    Ok(watchers.into_iter().map(|watcher| watcher.finish(onset_secs, harm_secs)).collect())
}

/// A sensor, its site, and what has come of it so far.
struct Watcher<'a> {
    sensor: Box<dyn Sensor + 'a>,
    camera: String,
    site: Site,
    zones: Vec<WatchedZone>,
    outcome: Outcome,
    stepped_secs: f64,
    scored: Vec<(f64, f64)>,
    rivals: Vec<BaselineAlarms>,
}

struct WatchedZone {
    outline: Polygon,
    /// Cells of the site's grid and their shares.
    cells: Vec<(usize, f64)>,
    pressure: PressureMeter,
    level: Option<Level>,
    changes_secs: Vec<f64>,
    /// Incidents that the operator has yet to acknowledge.
    to_acknowledge: Option<(f64, String)>,
}

impl<'a> Watcher<'a> {
    fn new(scenario: &Scenario, zones: Vec<Zone>, setup: String, sensor: Box<dyn Sensor + 'a>) -> Self {
        let outlines: Vec<Polygon> = zones.iter().map(|zone| zone.outline.clone()).collect();
        let cameras: Vec<CameraModel> = sensor.model().into_iter().collect();
        let camera = cameras.first().map_or_else(String::new, |camera| camera.id.clone());
        let site = Site::new(SiteModel { id: scenario.id.clone(), cameras, zones, lines: Vec::new() });
        let watched = |outline: Polygon| {
            let cells = site.grid().map_or_else(Vec::new, |grid| grid.rasterise(&outline));
            let cell_m2 = site.grid().map_or(1.0, throng_analytics::ground::GroundGrid::cell_area_m2);
            WatchedZone {
                outline,
                pressure: PressureMeter::plain(&cells, cell_m2),
                cells,
                level: None,
                changes_secs: Vec::new(),
                to_acknowledge: None,
            }
        };
        Self {
            zones: outlines.into_iter().map(watched).collect(),
            sensor,
            camera,
            site,
            outcome: Outcome {
                scenario: scenario.id.clone(),
                kind: scenario.kind,
                setup,
                watched_secs: 0.0,
                onset_secs: None,
                harm_secs: None,
                density_max_people_per_m2: 0.0,
                density_sums: [0.0; 2],
                alarms: Default::default(),
                chattering_mins: 0,
                unknown_secs: 0.0,
                zones: scenario.zones.len(),
                scores: Vec::new(),
                baselines: Vec::new(),
            },
            stepped_secs: 0.0,
            scored: Vec::new(),
            rivals: Baseline::ALL.map(BaselineAlarms::new).into(),
        }
    }

    fn watch(&mut self, simulation: &Simulation, t_secs: f64) {
        let now = START + t_secs;
        if let Some(observation) = self.sensor.observe(simulation) {
            self.site.observe(&observation);
            if observation.count.is_ok() {
                self.watch_with_rivals(t_secs);
            }
        }
        let passed_secs = t_secs - self.stepped_secs;
        self.stepped_secs = t_secs;
        self.outcome.watched_secs = t_secs;
        let report = self.site.step(now);
        let mut highest = Level::Normal;
        let mut score = 0.0_f64;
        for (zone, report) in self.zones.iter_mut().zip(&report.zones) {
            zone.note(t_secs, report);
            let people = simulation.agents().iter().filter(|agent| zone.outline.contains(agent.at)).count();
            let density = people as f64 / zone.outline.area_m2();
            self.outcome.density_max_people_per_m2 = self.outcome.density_max_people_per_m2.max(density);
            if let (Some(measured), true) =
                (report.density_people_per_m2, density >= COUNTED_FROM_PEOPLE_PER_M2)
            {
                self.outcome.density_sums[0] += measured.value;
                self.outcome.density_sums[1] += density;
            }
            match report.level {
                Some(level) => highest = highest.max(level),
                None => self.outcome.unknown_secs += passed_secs,
            }
            score = report.risk.as_ref().map_or(score, |risk| score.max(risk.score / 100.0));
            if let Some((due_secs, incident)) = zone.to_acknowledge.take() {
                if t_secs >= due_secs {
                    let ack = AckRecord { operator: "evaluation".to_owned(), at: now, shelved_until: None };
                    self.site.acknowledge(&incident, &ack);
                } else {
                    zone.to_acknowledge = Some((due_secs, incident));
                }
            }
        }
        for (log, level) in self.outcome.alarms.iter_mut().zip(Level::WARNING) {
            log.observe(t_secs, highest >= level);
        }
        if self.scored.last().is_none_or(|(last, _)| t_secs - last >= 1.0) {
            self.scored.push((t_secs, score));
        }
    }

    /// Others see the same people in the same frame: the highest of all zones, so that one alarm is one alarm.
    fn watch_with_rivals(&mut self, t_secs: f64) {
        let (mut density, mut pressure) = (0.0_f64, 0.0_f64);
        let seen = self.site.field(&self.camera);
        for (number, zone) in self.zones.iter_mut().enumerate() {
            if let Some(field) = seen {
                density = density.max(field.people_in(number, &zone.cells) / zone.outline.area_m2());
            }
            if let Some(flow) = self.site.flow(&self.camera) {
                zone.pressure.observe(START + t_secs, flow);
            }
            pressure = zone.pressure.reading().map_or(pressure, |p| pressure.max(p.p90_per_s2));
        }
        for rival in &mut self.rivals {
            let value = if rival.kind() == Baseline::UngatedPressure { pressure } else { density };
            rival.observe(t_secs, value);
        }
    }

    fn finish(mut self, onset_secs: Option<f64>, harm_secs: Option<f64>) -> Outcome {
        let mut outcome = self.outcome;
        (outcome.onset_secs, outcome.harm_secs) = (onset_secs, harm_secs);
        let followed = |t: f64| harm_secs.is_some_and(|harm| harm - t <= SCORE_HORIZON_SECS);
        outcome.scores = self.scored.iter().map(|(t, score)| (*score, followed(*t))).collect();
        outcome.chattering_mins = self.zones.iter_mut().map(WatchedZone::chattering_mins).sum();
        outcome.baselines = self
            .rivals
            .iter()
            .map(|rival| (rival.kind(), rival.logs().map(|(at, log)| (at, log.clone())).collect()))
            .collect();
        outcome
    }
}

impl WatchedZone {
    fn note(&mut self, t_secs: f64, report: &ZoneReport) {
        if report.level != self.level {
            // The first level is no change.
            if self.level.is_some() {
                self.changes_secs.push(t_secs);
            }
            self.level = report.level;
            let waiting = report.incident.as_ref().filter(|incident| incident.ack.is_none());
            self.to_acknowledge =
                waiting.map(|incident| (t_secs + ACKNOWLEDGED_AFTER_SECS, incident.id.clone()));
        }
    }

    fn chattering_mins(&mut self) -> usize {
        let mut minutes: Vec<u64> = self.changes_secs.iter().map(|t| (t / 60.0) as u64).collect();
        minutes.dedup_by(|later, earlier| later == earlier);
        let in_minute = |m: &u64| self.changes_secs.iter().filter(|t| (**t / 60.0) as u64 == *m).count();
        minutes.iter().filter(|m| in_minute(m) > CHATTER_PER_MIN).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate;

    #[test]
    fn the_drill_raises_every_level_before_its_gate_opens_and_no_two_sensors_differ_without_reason() {
        let setup = |name: &str| Setup { name: name.to_owned(), sensor: SensorConfig::default() };
        let scenario = Scenario { duration_secs: 100.0, ..gate::scenario() };
        let outcomes = play(&scenario, 1, &[setup("a"), setup("b")]).unwrap();
        for outcome in &outcomes {
            assert_eq!(outcome.alarms.iter().map(AlarmLog::count).collect::<Vec<_>>(), [1, 1, 1, 1]);
            assert!(outcome.watched_secs > 99.0 && outcome.unknown_secs < 1.0);
            assert!((5.5..6.6).contains(&outcome.density_max_people_per_m2));
            assert_eq!(outcome.chattering_mins, 0);
            assert_eq!(outcome.scores.len(), 100);
        }
        assert_eq!(outcomes[0].scores, outcomes[1].scores);
        let leads = outcomes[0].alarms.clone().map(|log| log.lead_secs(100.0).unwrap());
        assert!(leads.is_sorted_by(|a, b| a >= b), "a higher level comes no earlier: {leads:?}");
    }

    #[test]
    fn nobody_coming_raises_nothing() {
        let mut empty = Scenario { duration_secs: 60.0, ..gate::scenario() };
        empty.routes.clear();
        let setup = Setup { name: "a".to_owned(), sensor: SensorConfig::default() };
        let outcome = play(&empty, 1, &[setup]).unwrap().remove(0);
        assert!(outcome.alarms.iter().all(|log| log.count() == 0));
        assert_eq!(outcome.event_secs(), None);
    }
}
