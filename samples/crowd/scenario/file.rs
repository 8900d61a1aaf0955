//! Scenarios as files: TOML, metres and seconds.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use throng_analytics::polygon::Polygon;
use throng_analytics::profile::Profile;

use super::{Drive, Inflow, Kind, MeasuredZone, Route, Scenario, Slope, Standing, Stops};
use crate::crowd::wall::{Gate, Wall};

/// Why a file is not a scenario.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// It cannot be read.
    #[error("cannot read {path}: {source}")]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system says.
        source: std::io::Error,
    },
    /// It is not TOML, or not of this form.
    #[error("{name}: {source}")]
    Form {
        /// The scenario.
        name: String,
        /// What is wrong, with line and column.
        source: Box<toml::de::Error>,
    },
    /// A value makes no sense.
    #[error("{name}: {at}: {problem}")]
    Value {
        /// The scenario.
        name: String,
        /// Where in the file.
        at: String,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// The folder holds no scenario.
    #[error("{path}: there is no .toml file in this folder")]
    Empty {
        /// The folder.
        path: PathBuf,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: String,
    kind: Kind,
    lead_in_secs: f64,
    duration_secs: f64,
    #[serde(default)]
    walls: Vec<Vec<[f64; 2]>>,
    #[serde(default)]
    gates: Vec<FileGate>,
    #[serde(default)]
    routes: Vec<FileRoute>,
    #[serde(default)]
    standing: Vec<FileStanding>,
    #[serde(default)]
    slopes: Vec<FileSlope>,
    #[serde(default)]
    drives: Vec<FileDrive>,
    zones: Vec<MeasuredZone>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileGate {
    line: [[f64; 2]; 2],
    closed_secs: Vec<[f64; 2]>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRoute {
    entry: [[f64; 2]; 2],
    exit: [[f64; 2]; 2],
    #[serde(default)]
    inflows: Vec<Inflow>,
    #[serde(default = "everyone_pushes")]
    urgency: f64,
    #[serde(default)]
    pairs_share: f64,
    stops: Option<Stops>,
}

fn everyone_pushes() -> f64 {
    1.0
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileStanding {
    outline: Vec<[f64; 2]>,
    people: usize,
    leaves_at_secs: Option<f64>,
    #[serde(default)]
    route: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileSlope {
    outline: Vec<[f64; 2]>,
    speed_factor: f64,
    #[serde(default)]
    downhill_m_per_s2: [f64; 2],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileDrive {
    outline: Vec<[f64; 2]>,
    period_secs: f64,
    during_secs: [f64; 2],
    acceleration_m_per_s2: f64,
}

impl Scenario {
    /// Reads a scenario file; its name without the ending becomes the id.
    ///
    /// # Errors
    /// [`ScenarioError`] names the file, the place in it and what is wrong.
    pub fn load(path: &Path) -> Result<Self, ScenarioError> {
        let unreadable = |source| ScenarioError::Unreadable { path: path.to_owned(), source };
        let text = fs::read_to_string(path).map_err(unreadable)?;
        let id = path.file_stem().map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
        Self::parse(&id, &path.display().to_string(), &text)
    }

    /// Reads every scenario of a folder, in the order of their names.
    ///
    /// # Errors
    /// As [`Scenario::load`]; also where there is none.
    pub fn load_folder(path: &Path) -> Result<Vec<Self>, ScenarioError> {
        let unreadable = |source| ScenarioError::Unreadable { path: path.to_owned(), source };
        let mut files = Vec::new();
        for entry in fs::read_dir(path).map_err(unreadable)? {
            let file = entry.map_err(unreadable)?.path();
            if file.extension().is_some_and(|ending| ending == "toml") {
                files.push(file);
            }
        }
        if files.is_empty() {
            return Err(ScenarioError::Empty { path: path.to_owned() });
        }
        files.sort();
        files.iter().map(|file| Self::load(file)).collect()
    }

    /// Reads a scenario from a text; `name` is what errors call it.
    ///
    /// # Errors
    /// [`ScenarioError`] names the place in the text and what is wrong.
    pub fn parse(id: &str, name: &str, text: &str) -> Result<Self, ScenarioError> {
        let file: File = toml::from_str(text)
            .map_err(|source| ScenarioError::Form { name: name.to_owned(), source: Box::new(source) })?;
        let wrong = |at: String, problem: &str| ScenarioError::Value {
            name: name.to_owned(),
            at,
            problem: problem.to_owned(),
        };
        check(&file).map_err(|(at, problem)| wrong(at, &problem))?;
        let segment = |[from, to]: [[f64; 2]; 2]| Wall { from, to };
        Ok(Self {
            id: id.to_owned(),
            title: file.title,
            kind: file.kind,
            walls: file
                .walls
                .iter()
                .flat_map(|line| line.windows(2).map(|ends| Wall { from: ends[0], to: ends[1] }))
                .collect(),
            gates: file
                .gates
                .into_iter()
                .map(|gate| Gate { wall: segment(gate.line), closed_secs: gate.closed_secs })
                .collect(),
            routes: file
                .routes
                .into_iter()
                .map(|route| Route {
                    entry: segment(route.entry),
                    exit: segment(route.exit),
                    inflows: route.inflows,
                    urgency: route.urgency,
                    pairs_share: route.pairs_share,
                    stops: route.stops,
                })
                .collect(),
            standing: file
                .standing
                .into_iter()
                .map(|crowd| Standing {
                    outline: crowd.outline,
                    people: crowd.people,
                    leaves: crowd.leaves_at_secs.map(|at| (crowd.route, at)),
                })
                .collect(),
            slopes: file
                .slopes
                .into_iter()
                .map(|s| Slope {
                    outline: s.outline,
                    speed_factor: s.speed_factor,
                    downhill_m_per_s2: s.downhill_m_per_s2,
                })
                .collect(),
            drives: file
                .drives
                .into_iter()
                .map(|d| Drive {
                    outline: d.outline,
                    period_secs: d.period_secs,
                    during_secs: d.during_secs,
                    acceleration_m_per_s2: d.acceleration_m_per_s2,
                })
                .collect(),
            zones: file.zones,
            lead_in_secs: file.lead_in_secs,
            duration_secs: file.duration_secs,
        })
    }
}

/// The first place of a file whose value makes no sense, and why.
fn check(file: &File) -> Result<(), (String, String)> {
    let ensure = |good: bool, at: String, problem: &str| good.then_some(()).ok_or((at, problem.to_owned()));
    ensure(file.duration_secs > 0.0, "duration_secs".into(), "must be above 0")?;
    ensure(file.lead_in_secs >= 0.0, "lead_in_secs".into(), "must not be below 0")?;
    ensure(!file.zones.is_empty(), "zones".into(), "at least one zone must be watched")?;
    for (i, line) in file.walls.iter().enumerate() {
        ensure(line.len() >= 2, format!("walls[{i}]"), "a wall needs two points or more")?;
    }
    for (i, gate) in file.gates.iter().enumerate() {
        let good = gate.closed_secs.iter().all(|[from, to]| from < to);
        ensure(good, format!("gates[{i}].closed_secs"), "each pair is a beginning and a later end")?;
    }
    for (i, route) in file.routes.iter().enumerate() {
        let share = 0.0..=1.0;
        ensure(share.contains(&route.urgency), format!("routes[{i}].urgency"), "must be from 0 to 1")?;
        ensure(
            share.contains(&route.pairs_share),
            format!("routes[{i}].pairs_share"),
            "must be from 0 to 1",
        )?;
        for (k, inflow) in route.inflows.iter().enumerate() {
            let good = inflow.people_per_s >= 0.0 && inflow.from_secs < inflow.to_secs;
            let problem = "needs people_per_s of 0 or more and from_secs before to_secs";
            ensure(good, format!("routes[{i}].inflows[{k}]"), problem)?;
        }
        let good = route.stops.is_none_or(|stops| stops.every_m > 0.0 && stops.for_secs >= 0.0);
        ensure(good, format!("routes[{i}].stops"), "every_m must be above 0 and for_secs not below")?;
    }
    for (i, crowd) in file.standing.iter().enumerate() {
        let known = crowd.leaves_at_secs.is_none() || crowd.route < file.routes.len();
        ensure(known, format!("standing[{i}].route"), "there is no route of that number, counted from 0")?;
    }
    for (i, drive) in file.drives.iter().enumerate() {
        let good = drive.period_secs.abs() > 0.0;
        ensure(good, format!("drives[{i}].period_secs"), "must not be 0; its sign is the handedness")?;
    }
    let outlines = (file.zones.iter().map(|z| &z.outline).enumerate().map(|(i, o)| ("zones", i, o)))
        .chain(file.standing.iter().map(|s| &s.outline).enumerate().map(|(i, o)| ("standing", i, o)))
        .chain(file.slopes.iter().map(|s| &s.outline).enumerate().map(|(i, o)| ("slopes", i, o)))
        .chain(file.drives.iter().map(|d| &d.outline).enumerate().map(|(i, o)| ("drives", i, o)));
    for (list, i, outline) in outlines {
        Polygon::new(outline.clone()).map_err(|e| (format!("{list}[{i}].outline"), e.to_string()))?;
    }
    for (i, zone) in file.zones.iter().enumerate() {
        let known = Profile::shipped(&zone.profile).is_some();
        let problem = "is street_flat, narrow_slope_stairs or standing_event";
        ensure(known, format!("zones[{i}].profile"), problem)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        title = "A way"
        kind = "benign"
        lead_in_secs = 0
        duration_secs = 60
        walls = [[[0, 0], [20, 0], [20, 4]]]
        [[routes]]
        entry = [[0, 0.5], [0, 3.5]]
        exit = [[19, 0.5], [19, 3.5]]
        inflows = [{ from_secs = 0, to_secs = 60, people_per_s = 1 }]
        [[zones]]
        id = "way"
        outline = [[5, 0], [10, 0], [10, 4], [5, 4]]
        profile = "street_flat"
    "#;

    #[test]
    fn a_file_becomes_a_scenario() {
        let scenario = Scenario::parse("way", "way.toml", GOOD).unwrap();
        assert_eq!(scenario.walls.len(), 2, "a line of three points is two walls");
        assert!((scenario.routes[0].urgency - 1.0).abs() < 1e-12);
        assert_eq!(scenario.bounds_m(1.0), [[-1.0, -1.0], [21.0, 5.0]]);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (good, bad, expected) in [
            ("kind = \"benign\"", "kind = \"nice\"", "nice"),
            ("duration_secs = 60", "duration_secs = 0", "way.toml: duration_secs: must be above 0"),
            ("[5, 0], [10, 0], [10, 4], [5, 4]", "[5, 0], [10, 0]", "zones[0].outline"),
            ("street_flat", "beach", "zones[0].profile"),
            ("people_per_s = 1", "people_per_s = -1", "routes[0].inflows[0]"),
            ("title = ", "titel = ", "titel"),
        ] {
            let error = Scenario::parse("way", "way.toml", &GOOD.replace(good, bad)).unwrap_err().to_string();
            assert!(error.starts_with("way.toml: ") && error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_folder_without_scenarios_is_an_error() {
        let error = Scenario::load_folder(Path::new("/nowhere/at/all")).unwrap_err().to_string();
        assert!(error.contains("/nowhere/at/all"), "{error}");
    }
}
