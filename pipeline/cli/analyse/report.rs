//! What was measured, as a summary, tables and charts.

use std::fmt::{self, Display, Write as _};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Serialize;
use throng_analytics::fundamental_diagram::FundamentalDiagram;
use throng_analytics::trajectory::Trajectories;
use throng_analytics::trajectory::measure::{FrameMeasures, Geometry, Measures};

use crate::draw::dynamics::{self, Dynamics, Series};

/// A quantity over all frames.
#[derive(Clone, Copy, Debug, Serialize)]
struct Spread {
    n: usize,
    mean: f64,
    /// Of a sample: divided by n - 1.
    sd: f64,
    min: f64,
    p50: f64,
    p95: f64,
    max: f64,
}

impl Spread {
    fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = values.collect();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len();
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let mean = sorted.iter().sum::<f64>() / n as f64;
        let squares: f64 = sorted.iter().map(|value| (value - mean).powi(2)).sum();
        let quantile = |part: f64| {
            let at = part * (n - 1) as f64;
            let (low, share) = (at as usize, at.fract());
            let above = sorted.get(low + 1).copied().unwrap_or(max);
            sorted[low] + share * (above - sorted[low])
        };
        let sd = (squares / (n.max(2) - 1) as f64).sqrt();
        Some(Self { n, mean, sd, min, p50: quantile(0.5), p95: quantile(0.95), max })
    }
}

/// The summary of a file.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Report {
    pub(super) file: String,
    fps: f64,
    frames: usize,
    people: usize,
    /// Positions outside the walkable area, which have no Voronoi cell.
    positions_outside: usize,
    classic_density: Option<Spread>,
    voronoi_density: Option<Spread>,
    /// Frames with nobody in the area count as 0.
    mean_speed: Option<Spread>,
    voronoi_speed: Option<Spread>,
    individual_speed: Option<Spread>,
    /// Net people over the line.
    people_crossed: Option<i64>,
    flow_per_s: Option<f64>,
    /// Flow over the length of the line.
    specific_flow_per_m_per_s: Option<f64>,
    /// Speed by density, fitted to Voronoi densities and speeds of this file and those before it.
    fundamental_diagram: Option<Diagram>,
}

/// A fitted fundamental diagram, by the names that a zone of a site file has for it.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Diagram {
    free_speed_m_per_s: f64,
    decay_people_per_m2: f64,
    jam_density_people_per_m2: f64,
    envelope: f64,
}

impl Diagram {
    /// Through pairs of density and speed of frames with people who move.
    pub(super) fn fit(pairs: &[(f64, f64)]) -> Option<Self> {
        FundamentalDiagram::fit(pairs).map(|fitted| Self {
            free_speed_m_per_s: fitted.free_speed_m_per_s,
            decay_people_per_m2: fitted.decay_people_per_m2,
            jam_density_people_per_m2: fitted.jam_density_people_per_m2,
            envelope: fitted.envelope,
        })
    }
}

impl Display for Diagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "speed by density over all files, for a zone of a site file:\n  walking = {{ free_speed_m_per_s = {:.3}, \
             decay_people_per_m2 = {:.3}, jam_density_people_per_m2 = {:.2}, envelope = {:.2} }}",
            self.free_speed_m_per_s, self.decay_people_per_m2, self.jam_density_people_per_m2, self.envelope
        )
    }
}

impl Report {
    pub(super) fn new(
        path: &Path,
        trajectories: &Trajectories,
        geometry: &Geometry,
        measures: &Measures,
        fundamental_diagram: Option<Diagram>,
    ) -> Self {
        let over = |value: fn(&FrameMeasures) -> f64| Spread::of(measures.frames.iter().map(value));
        let mut people: Vec<u64> = trajectories.tracks().iter().map(|track| track.id).collect();
        people.dedup();
        let flow_per_s = measures.flow.and_then(|flow| flow.people_per_s);
        let width_m = geometry.line_m.map(|[a, b]| (a[0] - b[0]).hypot(a[1] - b[1]));
        Self {
            file: path.display().to_string(),
            fps: trajectories.fps,
            frames: measures.frames.len(),
            people: people.len(),
            positions_outside: measures.frames.iter().map(|frame| frame.people_outside).sum(),
            classic_density: over(|frame| frame.classic_density),
            voronoi_density: over(|frame| frame.voronoi_density),
            mean_speed: over(|frame| frame.mean_speed.unwrap_or(0.0)),
            voronoi_speed: over(|frame| frame.voronoi_speed),
            individual_speed: Spread::of(measures.individual_speeds.iter().copied()),
            people_crossed: measures.flow.map(|flow| flow.people),
            flow_per_s,
            specific_flow_per_m_per_s: flow_per_s.zip(width_m).map(|(flow, width_m)| flow / width_m),
            fundamental_diagram,
        }
    }

    /// What makes the figures doubtful.
    pub(super) fn warning(&self) -> Option<String> {
        (self.positions_outside > 0).then(|| {
            format!(
                "{}: {} positions lie outside the walkable area and have no Voronoi cell; widen --walkable, or correct the \
                 unit",
                self.file, self.positions_outside
            )
        })
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}: {} people in {} frames at {} frames/s",
            self.file, self.people, self.frames, self.fps
        )?;
        let rows = [
            ("classic density", "people/m2", self.classic_density),
            ("Voronoi density", "people/m2", self.voronoi_density),
            ("mean speed", "m/s", self.mean_speed),
            ("Voronoi speed", "m/s", self.voronoi_speed),
            ("individual speed", "m/s", self.individual_speed),
        ];
        for (name, unit, spread) in rows {
            if let Some(s) = spread {
                writeln!(
                    f,
                    "  {name:<17} {:>8.4} {unit} on average, sd {:.4}, median {:.4}, 95 % below {:.4}, at most {:.4}",
                    s.mean, s.sd, s.p50, s.p95, s.max
                )?;
            }
        }
        match (self.people_crossed, self.flow_per_s, self.specific_flow_per_m_per_s) {
            (Some(people), Some(flow), Some(specific)) => {
                write!(f, "  {people} people over the line, {flow:.4} people/s, {specific:.4} people/m/s")
            }
            (Some(people), ..) => write!(f, "  {people} people over the line"),
            _ => write!(f, "  no line, no flow"),
        }
    }
}

/// Writes `NAME.frames.csv` and `NAME.crossings.csv`; what is not known is empty.
pub(super) fn write_tables(
    measures: &Measures,
    fps: f64,
    folder: &Path,
    name: &dyn Fn(&str) -> PathBuf,
) -> anyhow::Result<()> {
    let mut frames = "frame,t_s,people,classic_density_people_per_m2,voronoi_density_people_per_m2,\
                      mean_speed_m_per_s,voronoi_speed_m_per_s\n"
        .to_owned();
    for frame in &measures.frames {
        let mean_speed = frame.mean_speed.map_or_else(String::new, |speed| speed.to_string());
        writeln!(
            frames,
            "{},{},{},{},{},{mean_speed},{}",
            frame.frame,
            frame.frame as f64 / fps,
            frame.people,
            frame.classic_density,
            frame.voronoi_density,
            frame.voronoi_speed
        )?;
    }
    let mut crossings = "frame,t_s,id,direction\n".to_owned();
    for crossing in &measures.crossings {
        let t_s = crossing.frame as f64 / fps;
        writeln!(crossings, "{},{t_s},{},{}", crossing.frame, crossing.id, crossing.direction)?;
    }
    for (ending, text) in [("frames.csv", frames), ("crossings.csv", crossings)] {
        let path = folder.join(name(ending));
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Writes the charts.
pub(super) fn write_charts(
    measures: &Measures,
    trajectories: &Trajectories,
    title: &str,
    path: &Path,
) -> anyhow::Result<()> {
    let through_time = |name, value: fn(&FrameMeasures) -> Option<f64>| Series {
        name,
        values: measures
            .frames
            .iter()
            .filter_map(|frame| Some((frame.frame as f64 / trajectories.fps, value(frame)?)))
            .collect(),
    };
    let direction = measures.flow.map_or(1, |flow| flow.direction);
    let crossed = measures.crossings.iter().scan(0, |people, crossing| {
        *people += crossing.direction * direction;
        Some((crossing.frame as f64 / trajectories.fps, f64::from(*people as i32)))
    });
    let dynamics = Dynamics {
        title: title.to_owned(),
        densities: vec![
            through_time("classic", |frame| Some(frame.classic_density)),
            through_time("Voronoi", |frame| Some(frame.voronoi_density)),
        ],
        speeds: vec![
            through_time("mean of those inside", |frame| frame.mean_speed),
            through_time("Voronoi", |frame| Some(frame.voronoi_speed)),
        ],
        crossed: vec![Series { name: "", values: crossed.collect() }],
        speed_by_density: measures
            .frames
            .iter()
            .map(|frame| (frame.voronoi_density, frame.voronoi_speed))
            .collect(),
    };
    dynamics::write_png(&dynamics, path)
}
