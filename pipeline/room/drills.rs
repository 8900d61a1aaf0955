//! Exercises at the site beside which the console runs.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use throng_analytics::{level::Level, site::SiteReport};
use throng_console::Drills;
use throng_samples::crowd::scenario::{Kind, Scenario, Suite};
use uuid::Uuid;

use crate::{
    clock::wall_clock,
    drill::{Course, Drill, exercise_plan},
    exchange::Exchange,
    locked::locked,
};

/// Real danger comes before every exercise from this level on.
const REAL_DANGER: Level = Level::Orange;

/// Begins and ends exercises at one site.
pub struct SiteDrills {
    site: String,
    exchange: Arc<Exchange>,
    scenarios: Vec<Scenario>,
    /// The newest exercise.
    newest: Mutex<Option<Drill>>,
    /// What came of the last one, where it was before this start.
    before: Option<Course>,
    /// Where that is kept.
    path: PathBuf,
    is_real_danger: AtomicBool,
}

impl SiteDrills {
    /// For the site whose plan is exchanged through `exchange`; what came of the last exercise is kept in `data_dir`.
    ///
    /// # Errors
    /// A shipped scenario cannot be read, which a test rules out.
    pub fn open(exchange: Arc<Exchange>, data_dir: &Path) -> Result<Self> {
        let site = exchange.running().site_id.to_string();
        let scenarios = Suite::Dev.scenarios().context("a shipped scenario cannot be read")?;
        let path = data_dir.join(format!("exercise-{site}.json"));
        let before = std::fs::read(&path).ok().and_then(|text| serde_json::from_slice(&text).ok());
        Ok(Self {
            site,
            exchange,
            scenarios: scenarios.into_iter().filter(|scenario| scenario.kind == Kind::Danger).collect(),
            newest: Mutex::default(),
            before,
            path,
            is_real_danger: AtomicBool::new(false),
        })
    }

    /// Looks at a step of the real site: real danger ends the exercise.
    pub fn look(&self, report: &SiteReport) {
        let endangered =
            report.zones.iter().find(|zone| zone.level.is_some_and(|level| level >= REAL_DANGER));
        self.is_real_danger.store(endangered.is_some(), Ordering::Relaxed);
        // The site never waits for an exercise that is just beginning: the next step looks again.
        if let Some(zone) = endangered
            && let Ok(newest) = self.newest.try_lock()
            && let Some(drill) = newest.as_ref()
        {
            drill.stop(&format!("real danger in zone {}", zone.zone));
        }
    }

    fn is_mine(&self, site: &str) -> Result<(), String> {
        let refusal =
            "exercises begin at the console beside the site (`throng run SITE.toml --console ADDRESS`)";
        if self.site == site { Ok(()) } else { Err(refusal.to_owned()) }
    }
}

/// Keeps what came of an exercise over the end of the console.
fn keep(path: &Path, course: &Course) {
    let written = serde_json::to_vec_pretty(course).map_err(anyhow::Error::from);
    if let Err(error) = written.and_then(|text| Ok(std::fs::write(path, text)?)) {
        tracing::warn!("What came of the exercise cannot be written to {}: {error:#}.", path.display());
    }
}

impl Drills for SiteDrills {
    fn start(&self, site: &str, scenario: &str, by: &str) -> Result<String, String> {
        self.is_mine(site)?;
        let mut newest = locked(&self.newest);
        if newest.as_ref().is_some_and(|drill| drill.course().ended_at.is_none()) {
            return Err("an exercise runs already".to_owned());
        }
        if self.is_real_danger.load(Ordering::Relaxed) {
            return Err("a zone is at orange or red for real: this is no time for an exercise".to_owned());
        }
        let found = self.scenarios.iter().find(|known| known.id == scenario);
        let found = found.ok_or_else(|| {
            let known: Vec<&str> = self.scenarios.iter().map(|known| known.id.as_str()).collect();
            format!("there is no scenario {scenario}; there are {}", known.join(", "))
        })?;
        let id = Uuid::now_v7().to_string();
        let in_words = |error: anyhow::Error| format!("{error:#}");
        let (plan, moved) = exercise_plan(&self.exchange.running(), found, &id).map_err(in_words)?;
        let of = [found.id.as_str(), found.title.as_str()];
        let course = Course::new(&id, plan.site_id.as_str(), of, by, &plan.zones, wall_clock());
        let path = self.path.clone();
        let drill = Drill::start(plan, moved, course, move |course| keep(&path, course)).map_err(in_words)?;
        *newest = Some(drill);
        Ok(id)
    }

    fn stop(&self, site: &str, by: &str) -> Result<(), String> {
        self.is_mine(site)?;
        let newest = locked(&self.newest);
        let running = newest.as_ref().filter(|drill| drill.course().ended_at.is_none());
        running.ok_or("no exercise runs")?.stop(&format!("ended by {by}"));
        Ok(())
    }

    fn report(&self, site: &str) -> Result<Value, String> {
        self.is_mine(site)?;
        let course = locked(&self.newest).as_ref().map(Drill::course);
        let course = course.or_else(|| self.before.clone());
        let running = course.as_ref().filter(|course| course.ended_at.is_none());
        let scenarios: Vec<Value> = self
            .scenarios
            .iter()
            .map(|scenario| json!({ "id": scenario.id, "name": scenario.title }))
            .collect();
        Ok(json!({
            "scenarios": scenarios,
            "running_since": running.map(|course| course.started_at),
            "report": course,
        }))
    }
}
