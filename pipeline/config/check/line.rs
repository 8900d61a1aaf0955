//! Lines: where they run, which zone they bound, and whether a camera sees them.

use throng_analytics::{
    ground::line_visibility,
    line::{InvalidLine, Line, Polyline, Side},
    site::LINE_COVERAGE_MIN,
    zone::Zone,
};

use super::{Checker, zone::ZoneCamera};
use crate::config::{diagnostic::Remark, key_path::KeyPath, raw, suggest::nearest};

/// Share of a line that a camera must see for nothing to be said.
const MEASURED_WELL: f64 = 0.95;

/// Farthest that a line may lie from every zone, metres: the raster over the ground must hold it.
const FAR_FROM_ZONES_M: f64 = 200.0;

impl Checker<'_> {
    /// The lines; `None` where one of them is wrong. `zones` are the checked ones, `None` where one of those is wrong.
    pub(super) fn lines(
        &mut self,
        lines: &[raw::Line],
        raw_zones: &[raw::Zone],
        zones: Option<&[Zone]>,
        cameras: &[ZoneCamera<'_>],
    ) -> Option<Vec<Line>> {
        let list = KeyPath::root().key("line");
        self.unique(lines.iter().map(|line| line.id.as_ref()), &list);
        let all = lines.iter().enumerate();
        let checked: Vec<Option<Line>> =
            all.map(|(i, line)| self.line(line, raw_zones, zones, cameras, &list.index(i))).collect();
        self.enclosures(lines, raw_zones);
        checked.into_iter().collect()
    }

    fn line(
        &mut self,
        line: &raw::Line,
        raw_zones: &[raw::Zone],
        zones: Option<&[Zone]>,
        cameras: &[ZoneCamera<'_>],
        at: &KeyPath,
    ) -> Option<Line> {
        let id = self.id(line.id.as_ref(), &at.key("id"));
        let way = line.points_m.clone().and_then(|points| self.way(points, &at.key("points_m")));
        let named = line.cameras.clone().unwrap_or_default();
        let references_hold = self.camera_references(&named, cameras, &at.key("cameras"));
        let zone_holds =
            line.zone.as_deref().is_none_or(|zone| self.zone_reference(zone, raw_zones, &at.key("zone")));
        let way = way?;
        if references_hold {
            self.line_is_seen(&way, &named, cameras, &at.key("points_m"));
        }
        let near_zones = zones.is_none_or(|zones| self.is_near_a_zone(&way, zones, &at.key("points_m")));
        let bounded = line.zone.as_deref().and_then(|zone| zones?.iter().find(|known| known.id == zone));
        let inside = match bounded {
            Some(zone) => self.inside(line.inside, &way, zone, at)?,
            None => line.inside.unwrap_or(Side::Left),
        };
        let id = id.filter(|_| references_hold && zone_holds && near_zones)?;
        Some(Line {
            id: id.as_str().to_owned(),
            name: line.name.clone().unwrap_or_else(|| id.as_str().to_owned()),
            way,
            inside,
            zone: line.zone.clone(),
            cameras: named,
        })
    }

    fn way(&mut self, points: Vec<[f64; 2]>, at: &KeyPath) -> Option<Polyline> {
        match Polyline::new(points) {
            Ok(way) => Some(way),
            Err(error) => {
                let at = match &error {
                    InvalidLine::TooFar { index } | InvalidLine::Repeated { second: index, .. } => {
                        at.index(*index)
                    }
                    InvalidLine::TooFewPoints { .. } | InvalidLine::TooShort { .. } => at.clone(),
                };
                let expected = "two or more different points in metres, along the line that people cross";
                self.findings.error(&at, Remark::from_message(&error.to_string(), expected));
                None
            }
        }
    }

    fn zone_reference(&mut self, name: &str, zones: &[raw::Zone], at: &KeyPath) -> bool {
        let known: Vec<&str> = zones.iter().filter_map(|zone| zone.id.as_deref()).collect();
        if known.contains(&name) || !self.ids_are_known("zone") {
            return known.contains(&name);
        }
        let advice = nearest(name, known.iter().copied()).map_or_else(
            || "name one of them, or leave it out".to_owned(),
            |near| format!("did you mean {near:?}?"),
        );
        let expected = format!("one of the zones {}", known.join(", "));
        self.findings.error(at, Remark::new(format!("names no zone: {name:?}"), expected, advice));
        false
    }

    /// The side on which the zone lies, as written or as seen just beside the line's middle.
    fn inside(&mut self, written: Option<Side>, way: &Polyline, zone: &Zone, at: &KeyPath) -> Option<Side> {
        match (written, way.side_of(&zone.outline)) {
            (Some(written), Some(seen)) if written != seen => {
                let remark = Remark::new(
                    format!(
                        "says that zone {:?} lies to the {}, and it lies to the {}",
                        zone.id,
                        written.name(),
                        seen.name()
                    ),
                    format!("{:?}, seen from the first point to the last", seen.name()),
                    "correct it, or leave it out: the zone's own outline tells",
                );
                self.findings.error(&at.key("inside"), remark);
                None
            }
            (None, None) => {
                let remark = Remark::new(
                    format!("is missing, and zone {:?} lies on both sides of the line or on none", zone.id),
                    "\"left\" or \"right\", seen from the first point to the last",
                    "state it, or move the line to the edge of the zone",
                );
                self.findings.error(&at.key("inside"), remark);
                None
            }
            (written, seen) => written.or(seen),
        }
    }

    /// A line far from every zone is a slip, and would make the raster over the ground as large.
    fn is_near_a_zone(&mut self, way: &Polyline, zones: &[Zone], at: &KeyPath) -> bool {
        let (lo, hi) = way.bounds_m();
        let far_m = zones
            .iter()
            .map(|zone| {
                let (zone_lo, zone_hi) = zone.outline.bounds_m();
                (0..2)
                    .map(|k| {
                        (lo[k] - zone_hi[k]).max(zone_lo[k] - hi[k]).max(hi[k] - lo[k] - FAR_FROM_ZONES_M)
                    })
                    .fold(0.0, f64::max)
            })
            .fold(f64::INFINITY, f64::min);
        let near = far_m <= FAR_FROM_ZONES_M || zones.is_empty();
        if !near {
            let remark = Remark::new(
                format!("runs {far_m:.0} m away from every zone"),
                format!("a line within {FAR_FROM_ZONES_M:.0} m of a zone"),
                "check the points; they are in metres on the site's common plane",
            );
            self.findings.error(at, remark);
        }
        near
    }

    /// Whether some camera can measure the line. Nothing is said where a calibration is wrong: it was reported.
    fn line_is_seen(&mut self, way: &Polyline, named: &[String], cameras: &[ZoneCamera<'_>], at: &KeyPath) {
        let measuring =
            || cameras.iter().filter(|camera| named.is_empty() || named.iter().any(|name| name == camera.id));
        if measuring().any(|camera| camera.calibration.is_none()) {
            return;
        }
        let best = measuring()
            .filter_map(|camera| Some((camera.id, line_visibility(camera.calibration?, way))))
            .max_by(|a, b| a.1.reliable.total_cmp(&b.1.reliable));
        let Some((camera, seen)) = best else { return };
        if seen.reliable >= MEASURED_WELL {
            return;
        }
        let remark = Remark::new(
            format!(
                "{:.0} % of the line can be measured by camera {camera:?}; {:.0} % is outside its picture or beyond the \
                 horizon, {:.0} % too far away",
                100.0 * seen.reliable,
                100.0 * seen.unseen,
                100.0 * seen.too_coarse
            ),
            format!("a line that a camera sees to {:.0} % at least", 100.0 * LINE_COVERAGE_MIN),
            "move the points into the picture, or add a camera",
        );
        if seen.reliable < LINE_COVERAGE_MIN {
            self.findings.error(at, remark);
        } else {
            self.findings.warning(at, remark);
        }
    }

    /// A zone that lines are said to enclose has some.
    fn enclosures(&mut self, lines: &[raw::Line], zones: &[raw::Zone]) {
        let list = KeyPath::root().key("zone");
        for (i, zone) in zones.iter().enumerate() {
            let bounds = |line: &raw::Line| line.zone.is_some() && line.zone == zone.id;
            if zone.enclosed_by_lines == Some(true) && zone.id.is_some() && !lines.iter().any(bounds) {
                let remark = Remark::new(
                    "is true, and no [[line]] names this zone",
                    "a [[line]] with `zone` for every way in and out",
                    "add the lines, or remove the key",
                );
                self.findings.error(&list.index(i).key("enclosed_by_lines"), remark);
            }
        }
    }
}
