//! One scenario with one seed: the crowd walks, each sensor watches it, and each sensor's site notes its alarms.

use throng_analytics::danger::pressure::PressureMeter;
use throng_analytics::level::Level;
use throng_analytics::polygon::{InvalidPolygon, Polygon};
use throng_analytics::profile::Profile;
use throng_analytics::site::{CameraObservation, Site, SiteModel, ZoneReport};
use throng_analytics::time::Timestamp;
use throng_analytics::wire::AckRecord;
use throng_analytics::zone::Zone;

use super::alarm::AlarmLog;
use super::baseline::{Baseline, BaselineAlarms};
use super::tracks::{CAMERA_ID, TracksCamera};
use crate::crowd::scenario::{Kind, Scenario};
use crate::crowd::sensor::{SensorConfig, TrackFrame, Tracks};
use crate::crowd::simulation::Simulation;

/// The operator of a scenario acknowledges every warning after this time, seconds: red is never left without.
const ACKNOWLEDGED_AFTER_SECS: f64 = 10.0;

/// The score is set against harm within this time, seconds.
pub const SCORE_HORIZON_SECS: f64 = 120.0;

/// More level changes than this in a minute are chattering (analytics specification 5.1).
const CHATTER_PER_MIN: usize = 3;

/// Ground around a scenario's zones that the sensor covers, metres.
const MARGIN_M: f64 = 3.0;

/// Where the clock of a scenario begins.
const START: Timestamp = Timestamp::from_unix_nanos(1_700_000_000_000_000_000);

/// A sensor, with the name that its results go by.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// Name.
    pub name: String,
    /// Its errors.
    pub sensor: SensorConfig,
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

/// Plays a scenario before every setup's site; the crowd is the same for all.
///
/// # Errors
/// A zone's outline encloses nothing.
pub fn play(scenario: &Scenario, seed: u64, setups: &[Setup]) -> Result<Vec<Outcome>, InvalidPolygon> {
    let mut watchers = setups
        .iter()
        .map(|setup| Watcher::new(scenario, seed, setup))
        .collect::<Result<Vec<Watcher>, InvalidPolygon>>()?;
    let mut simulation = Simulation::new(scenario.clone(), seed);
    while let Some(next) =
        watchers.iter_mut().min_by(|a, b| a.tracks.due_secs().total_cmp(&b.tracks.due_secs()))
    {
        let t_secs = next.tracks.due_secs();
        // What would be done after people have come to harm is beyond the simulation.
        if t_secs >= scenario.duration_secs || simulation.truth().harm_secs().is_some() {
            break;
        }
        simulation.advance_to(t_secs);
        next.watch(&simulation);
    }
    let truth = simulation.truth();
    let (onset_secs, harm_secs) = (truth.onset_secs(), truth.harm_secs());
    Ok(watchers.into_iter().map(|watcher| watcher.finish(onset_secs, harm_secs)).collect())
}

/// A sensor, its site, and what has come of it so far.
struct Watcher {
    tracks: Tracks,
    camera: TracksCamera,
    site: Site,
    zones: Vec<WatchedZone>,
    outcome: Outcome,
    stepped_secs: f64,
    scored: Vec<(f64, f64)>,
    rivals: Vec<BaselineAlarms>,
}

struct WatchedZone {
    outline: Polygon,
    pressure: PressureMeter,
    level: Option<Level>,
    changes_secs: Vec<f64>,
    /// Incidents that the operator has yet to acknowledge.
    to_acknowledge: Option<(f64, String)>,
}

impl Watcher {
    fn new(scenario: &Scenario, seed: u64, setup: &Setup) -> Result<Self, InvalidPolygon> {
        let outlines = scenario
            .zones
            .iter()
            .map(|zone| Polygon::new(zone.outline.clone()))
            .collect::<Result<Vec<Polygon>, InvalidPolygon>>()?;
        let (mut lo, mut hi) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for (zone_lo, zone_hi) in outlines.iter().map(Polygon::bounds_m) {
            lo = [0, 1].map(|k| lo[k].min(zone_lo[k] - MARGIN_M));
            hi = [0, 1].map(|k| hi[k].max(zone_hi[k] + MARGIN_M));
        }
        let camera = TracksCamera::new(lo, hi, setup.sensor.sigma_x_m);
        let zones = scenario.zones.iter().zip(&outlines).map(|(zone, outline)| Zone {
            id: zone.id.clone(),
            name: zone.id.clone(),
            outline: outline.clone(),
            // The file was checked for it; a scenario built by hand gets the usual one.
            profile: Profile::shipped(&zone.profile).unwrap_or_else(Profile::street_flat),
            capacity_people: zone.capacity_people,
            cameras: Vec::new(),
        });
        let site = Site::new(SiteModel {
            id: scenario.id.clone(),
            cameras: camera.model().into_iter().collect(),
            zones: zones.collect(),
        });
        let watched = |outline: Polygon| {
            let cells = site.grid().map_or_else(Vec::new, |grid| grid.rasterise(&outline));
            let cell_m2 = site.grid().map_or(1.0, throng_analytics::ground::GroundGrid::cell_area_m2);
            WatchedZone {
                outline,
                pressure: PressureMeter::plain(&cells, cell_m2),
                level: None,
                changes_secs: Vec::new(),
                to_acknowledge: None,
            }
        };
        let middle_m = [0, 1].map(|k| 0.5 * (lo[k] + hi[k]));
        Ok(Self {
            tracks: Tracks::new(setup.sensor, middle_m, seed),
            zones: outlines.into_iter().map(watched).collect(),
            camera,
            site,
            outcome: Outcome {
                scenario: scenario.id.clone(),
                kind: scenario.kind,
                setup: setup.name.clone(),
                watched_secs: 0.0,
                onset_secs: None,
                harm_secs: None,
                density_max_people_per_m2: 0.0,
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
        })
    }

    fn watch(&mut self, simulation: &Simulation) {
        let t_secs = simulation.t_secs();
        let now = START + t_secs;
        if let Some(frame) = self.tracks.observe(simulation) {
            let observation: CameraObservation = self.camera.observe(&frame, now);
            self.site.observe(&observation);
            self.watch_with_rivals(&frame, now);
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

    /// Others see the same frame: the highest of all zones, so that one alarm is one alarm.
    fn watch_with_rivals(&mut self, frame: &TrackFrame, now: Timestamp) {
        let (mut density, mut pressure) = (0.0_f64, 0.0_f64);
        for zone in &mut self.zones {
            let inside =
                frame.heads.iter().filter(|head| zone.outline.contains(head.at_in_ground_m)).count() as f64;
            density = density.max(inside / zone.outline.area_m2());
            if let Some(flow) = self.site.flow(CAMERA_ID) {
                zone.pressure.observe(now, flow);
            }
            pressure = zone.pressure.reading().map_or(pressure, |p| pressure.max(p.p90_per_s2));
        }
        for rival in &mut self.rivals {
            let value = if rival.kind() == Baseline::UngatedPressure { pressure } else { density };
            rival.observe(frame.t_secs, value);
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
