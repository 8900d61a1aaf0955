//! Where is measured: from flags, or from a JSON file with named geometries.

use std::fs;

use anyhow::{Context, ensure};
use clap::Args;
use serde::Deserialize;
use throng_analytics::trajectory::archive::Unit;
use throng_analytics::trajectory::area::Area;
use throng_analytics::trajectory::measure::Geometry;

/// The geometry, in metres.
#[derive(Args, Clone, Debug)]
pub struct GeometryArgs {
    /// A geometry of a JSON file, by its name in it; flags are stronger.
    #[arg(long, value_name = "FILE.json#NAME")]
    pub geometry: Option<String>,
    /// Corners of the ground where people can be: 'x,y x,y x,y ...'.
    #[arg(long, value_name = "CORNERS", value_parser = parse_corners, allow_hyphen_values = true)]
    pub walkable: Option<Corners>,
    /// Corners of an obstacle in it; may be given several times.
    #[arg(long, value_name = "CORNERS", value_parser = parse_corners, allow_hyphen_values = true)]
    pub obstacle: Vec<Corners>,
    /// Corners of the measured area.
    #[arg(long, value_name = "CORNERS", value_parser = parse_corners, allow_hyphen_values = true)]
    pub area: Option<Corners>,
    /// Ends of the line whose crossings are counted: 'x,y x,y'.
    #[arg(long, value_name = "ENDS", value_parser = parse_corners, allow_hyphen_values = true)]
    pub line: Option<Corners>,
}

/// Points in metres.
#[derive(Clone, Debug, PartialEq)]
pub struct Corners(pub Vec<[f64; 2]>);

/// One geometry of a file.
#[derive(Default, Deserialize)]
struct Stated {
    walkable_area: Option<Vec<[f64; 2]>>,
    #[serde(default)]
    obstacles: Vec<Vec<[f64; 2]>>,
    measurement_area: Option<Vec<[f64; 2]>>,
    measurement_line: Option<Vec<[f64; 2]>>,
    fps: Option<f64>,
    unit: Option<String>,
}

/// The geometry, and what a file of geometries also states of the trajectories.
pub(super) struct Loaded {
    pub(super) geometry: Geometry,
    pub(super) fps: Option<f64>,
    pub(super) unit: Option<Unit>,
}

impl GeometryArgs {
    /// The geometry.
    ///
    /// # Errors
    /// What is missing or no area, and the flag that gives it.
    pub(super) fn load(&self) -> anyhow::Result<Loaded> {
        let stated = self.geometry.as_deref().map(stated).transpose()?.unwrap_or_default();
        let given =
            |flag: &Option<Corners>, stated: Option<Vec<[f64; 2]>>| flag.clone().map(|c| c.0).or(stated);
        let walkable = given(&self.walkable, stated.walkable_area)
            .context("the ground where people can be is missing: give --walkable or --geometry")?;
        let measured = given(&self.area, stated.measurement_area)
            .context("the measured area is missing: give --area or --geometry")?;
        let obstacles = if self.obstacle.is_empty() {
            stated.obstacles
        } else {
            self.obstacle.iter().map(|corners| corners.0.clone()).collect()
        };
        let line_m = given(&self.line, stated.measurement_line)
            .map(|ends| <[[f64; 2]; 2]>::try_from(ends).ok().context("a line needs two ends, 'x,y x,y'"))
            .transpose()?;
        ensure!(
            line_m.is_none_or(|[a, b]| (a[0] - b[0]).hypot(a[1] - b[1]) > 0.0),
            "the ends of the line are the same point"
        );
        let unit = stated.unit.map(|unit| {
            Unit::from_symbol(&unit)
                .with_context(|| format!("the geometry's unit is {unit:?}; expected m or cm"))
        });
        Ok(Loaded {
            geometry: Geometry {
                walkable: Area::new(&walkable, &obstacles).context("the walkable area")?,
                measured: Area::new(&measured, &[]).context("the measured area")?,
                line_m,
            },
            fps: stated.fps,
            unit: unit.transpose()?,
        })
    }
}

fn stated(reference: &str) -> anyhow::Result<Stated> {
    let (path, name) =
        reference.rsplit_once('#').with_context(|| format!("expected FILE.json#NAME, not {reference}"))?;
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?;
    let mut all: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&text).with_context(|| format!("{path} is no JSON object of geometries"))?;
    let one = all.remove(name).with_context(|| {
        let known: Vec<&str> = all.keys().map(String::as_str).collect();
        format!("{path} has no geometry {name:?}; it has {}", known.join(", "))
    })?;
    serde_json::from_value(one).with_context(|| format!("{path}#{name} is no geometry"))
}

fn parse_corners(text: &str) -> Result<Corners, String> {
    let corner = |word: &str| {
        let (x, y) = word.split_once(',')?;
        Some([x.parse().ok()?, y.parse().ok()?])
    };
    let corners: Option<Vec<[f64; 2]>> = text.split_ascii_whitespace().map(corner).collect();
    corners.map(Corners).ok_or_else(|| "expected points in metres, 'x,y x,y ...'".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corners_are_points_apart_by_spaces() {
        assert_eq!(parse_corners("-1,2.5  3,4"), Ok(Corners(vec![[-1.0, 2.5], [3.0, 4.0]])));
        assert!(parse_corners("1 2").is_err() && parse_corners("1,2,3").is_err());
    }
}
