//! Zones and their threshold profiles.

use throng_analytics::{
    camera::Calibration,
    fundamental_diagram::FundamentalDiagram,
    ground::{GroundGrid, zone_visibility},
    polygon::{InvalidPolygon, Polygon},
    profile::{CLEAR_DWELL_SECS, PerLevel, Profile, RAISE_DWELL_SECS},
    site_feature::SiteFeature,
    zone::{Ring, Zone},
};

use super::Checker;
use crate::config::{
    diagnostic::Remark,
    key_path::KeyPath,
    raw::{self, Camera, Densities, DwellSecs, Walking},
    suggest::nearest,
};

/// The shipped profiles.
pub(in crate::config) const SHIPPED: [&str; 3] = ["street_flat", "narrow_slope_stairs", "standing_event"];

/// Share of a zone that a camera must measure well: below it the zone's density is a guess.
const MEASURED_MIN: f64 = 0.5;

/// Largest area of the ground that the zones may extend over, m2: with cells of half a metre, four million of them.
const EXTENT_MAX_M2: f64 = 1e6;

/// A zone that covers less than one part in this many of its bounding box is a slip, not a place.
const SLIVER_RATIO: f64 = 1000.0;

/// Share from which nothing is said.
const MEASURED_WELL: f64 = 0.95;

fn feature(feature: raw::SiteFeature) -> SiteFeature {
    match feature {
        raw::SiteFeature::Slope => SiteFeature::Slope,
        raw::SiteFeature::Stairs => SiteFeature::Stairs,
        raw::SiteFeature::DeadEnd => SiteFeature::DeadEnd,
        raw::SiteFeature::Narrow => SiteFeature::Narrow,
    }
}

fn ring(ring: raw::Ring) -> Ring {
    match ring {
        raw::Ring::Core => Ring::Core,
        raw::Ring::District => Ring::District,
        raw::Ring::Periphery => Ring::Periphery,
    }
}

/// As the file says; `None` where a key is missing, which was reported.
fn fundamental_diagram(walking: Walking) -> Option<FundamentalDiagram> {
    Some(FundamentalDiagram {
        free_speed_m_per_s: walking.free_speed_m_per_s?,
        decay_people_per_m2: walking.decay_people_per_m2?,
        jam_density_people_per_m2: walking.jam_density_people_per_m2?,
        envelope: walking.envelope.unwrap_or(FundamentalDiagram::WEIDMANN.envelope),
    })
}

/// A camera that zones may refer to; without calibration where that is wrong and was reported.
pub(super) struct ZoneCamera<'a> {
    pub(super) id: &'a str,
    pub(super) calibration: Option<&'a Calibration>,
}

impl<'a> ZoneCamera<'a> {
    /// The cameras of a file, with the calibrations that could be made.
    pub(super) fn list(cameras: &'a [Camera], calibrations: &'a [Option<Calibration>]) -> Vec<Self> {
        let known = cameras.iter().zip(calibrations);
        known
            .filter_map(|(c, calibration)| {
                Some(Self { id: c.id.as_deref()?, calibration: calibration.as_ref() })
            })
            .collect()
    }
}

impl Checker<'_> {
    /// The profiles of the file; one that is wrong is reported and `None`.
    pub(super) fn profiles(&mut self, profiles: &[raw::Profile]) -> Vec<(String, Option<Profile>)> {
        let list = KeyPath::root().key("profile");
        self.unique(profiles.iter().map(|profile| profile.id.as_ref()), &list);
        let all = profiles.iter().enumerate();
        all.filter_map(|(i, profile)| Some((profile.id.clone()?, self.profile(profile, &list.index(i)))))
            .collect()
    }

    fn profile(&mut self, profile: &raw::Profile, at: &KeyPath) -> Option<Profile> {
        let id = profile.id.as_deref()?;
        if SHIPPED.contains(&id) {
            let remark = Remark::new(
                format!("is {id:?}, a profile that throng ships"),
                "a name of its own",
                "rename it: a shipped profile means the same at every site",
            );
            self.findings.error(&at.key("id"), remark);
        }
        let Densities { blue, yellow, orange, red } = profile.density_people_per_m2?;
        let theta_up: PerLevel = [blue?, yellow?, orange?, red?];
        if let Some(i) = theta_up.windows(2).position(|pair| pair[1] <= pair[0]) {
            let names = ["blue", "yellow", "orange", "red"];
            let remark = Remark::new(
                format!("is {} while {} is {}", theta_up[i + 1], names[i], theta_up[i]),
                format!("more than the density of {}", names[i]),
                "raise it: each level begins at a higher density than the one before",
            );
            self.findings.error(&at.key("density_people_per_m2").key(names[i + 1]), remark);
            return None;
        }
        Some(Profile {
            raise_dwell_secs: dwell(profile.raise_dwell_secs, RAISE_DWELL_SECS),
            clear_dwell_secs: dwell(profile.clear_dwell_secs, CLEAR_DWELL_SECS),
            ..Profile::new(id, theta_up)
        })
    }

    /// The zones; `None` where one of them is wrong.
    pub(super) fn zones(
        &mut self,
        zones: &[raw::Zone],
        profiles: &[(String, Option<Profile>)],
        cameras: &[ZoneCamera<'_>],
    ) -> Option<Vec<Zone>> {
        let list = KeyPath::root().key("zone");
        self.unique(zones.iter().map(|zone| zone.id.as_ref()), &list);
        let all = zones.iter().enumerate();
        let checked: Vec<Option<Zone>> =
            all.map(|(i, zone)| self.zone(zone, profiles, cameras, &list.index(i))).collect();
        let checked: Option<Vec<Zone>> = checked.into_iter().collect();
        if zones.is_empty() && !self.is_removed(&list) {
            let remark = Remark::new(
                "is not given: people are counted, and nothing is warned of",
                "one [[zone]] or more",
                "add a [[zone]]; samples/demo.toml shows how",
            );
            self.findings.warning(&list, remark);
        }
        checked.filter(|zones| self.lie_together(zones, &list))
    }

    fn zone(
        &mut self,
        zone: &raw::Zone,
        profiles: &[(String, Option<Profile>)],
        cameras: &[ZoneCamera<'_>],
        at: &KeyPath,
    ) -> Option<Zone> {
        let id = self.id(zone.id.as_ref(), &at.key("id"));
        let profile =
            zone.profile.as_deref().and_then(|name| self.profile_of(name, profiles, &at.key("profile")));
        let outline = zone.polygon_m.clone().and_then(|corners| self.outline(corners, &at.key("polygon_m")));
        let named = zone.cameras.clone().unwrap_or_default();
        let references_hold = self.camera_references(&named, cameras, &at.key("cameras"));
        if let (Some(outline), true) = (&outline, references_hold) {
            self.is_seen(outline, &named, cameras, &at.key("polygon_m"));
        }
        let id = id?;
        Some(Zone {
            id: id.as_str().to_owned(),
            name: zone.name.clone().unwrap_or_else(|| id.as_str().to_owned()),
            outline: outline?,
            profile: profile?,
            capacity_people: Some(f64::from(zone.capacity_people?)),
            diagram: match zone.walking {
                Some(walking) => fundamental_diagram(walking)?,
                None => FundamentalDiagram::WEIDMANN,
            },
            features: zone.features.iter().flatten().copied().map(feature).collect(),
            ring: zone.ring.map(ring),
            is_enclosed_by_lines: zone.enclosed_by_lines.unwrap_or(false),
            cameras: named,
        })
    }

    fn profile_of(
        &mut self,
        name: &str,
        profiles: &[(String, Option<Profile>)],
        at: &KeyPath,
    ) -> Option<Profile> {
        if let Some((_, own)) = profiles.iter().find(|(id, _)| id == name) {
            // A profile that is wrong was reported where it stands.
            return own.clone();
        }
        let shipped = Profile::shipped(name);
        if shipped.is_none() && self.ids_are_known("profile") {
            let known: Vec<&str> =
                SHIPPED.into_iter().chain(profiles.iter().map(|(id, _)| id.as_str())).collect();
            let advice = nearest(name, known.iter().copied()).map_or_else(
                || "name one of them, or add a [[profile]]".to_owned(),
                |near| format!("did you mean {near:?}?"),
            );
            let remark = Remark::new(
                format!("names no profile: {name:?}"),
                format!("one of {}", known.join(", ")),
                advice,
            );
            self.findings.error(at, remark);
        }
        shipped
    }

    fn outline(&mut self, corners: Vec<[f64; 2]>, at: &KeyPath) -> Option<Polygon> {
        match Polygon::new(corners) {
            Ok(outline) => self.has_sensible_extent(&outline, at).then_some(outline),
            Err(error) => {
                let at = match &error {
                    InvalidPolygon::NotFinite { index } => at.index(*index),
                    _ => at.clone(),
                };
                let expected = "corners in order around one area of at least 1 m2, sides not crossing";
                self.findings.error(&at, Remark::from_message(&error.to_string(), expected));
                None
            }
        }
    }

    /// Whether a zone is about as large as a place people stand in: the raster over the ground must hold it.
    fn has_sensible_extent(&mut self, outline: &Polygon, at: &KeyPath) -> bool {
        let (lo, hi) = outline.bounds_m();
        let [width_m, height_m] = [hi[0] - lo[0], hi[1] - lo[1]];
        let problem = if width_m * height_m > EXTENT_MAX_M2 {
            format!("the zone extends over {width_m:.0} x {height_m:.0} m")
        } else if width_m * height_m > SLIVER_RATIO * outline.area_m2() {
            format!("the zone is a sliver of {:.1} m2 in {width_m:.0} x {height_m:.0} m", outline.area_m2())
        } else {
            return true;
        };
        let expected = "an area that people stand in, within one square kilometre";
        self.findings.error(at, Remark::new(problem, expected, "check the corners; they are in metres"));
        false
    }

    /// Whether all zones together fit the raster over the ground.
    fn lie_together(&mut self, zones: &[Zone], list: &KeyPath) -> bool {
        let Some(grid) = GroundGrid::around(zones.iter().map(|zone| &zone.outline), 0.0, 1.0) else {
            return true;
        };
        let [width_m, height_m] = [grid.width_cells, grid.height_cells];
        let fits = width_m as f64 * height_m as f64 <= EXTENT_MAX_M2;
        if !fits {
            let remark = Remark::new(
                format!("the zones together extend over {width_m} x {height_m} m"),
                "zones within one square kilometre",
                "check the corners, in metres on one common plane; run distant places as sites of their own",
            );
            self.findings.error(list, remark);
        }
        fits
    }

    /// Whether every camera named is there; those that are not are reported.
    pub(super) fn camera_references(
        &mut self,
        named: &[String],
        cameras: &[ZoneCamera<'_>],
        at: &KeyPath,
    ) -> bool {
        if !self.ids_are_known("camera") {
            return false;
        }
        let mut all_known = true;
        for (i, name) in named.iter().enumerate() {
            if !cameras.iter().any(|camera| camera.id == name) {
                let known: Vec<&str> = cameras.iter().map(|camera| camera.id).collect();
                let advice = nearest(name, known.iter().copied())
                    .map_or_else(|| "name one of them".to_owned(), |near| format!("did you mean {near:?}?"));
                let expected = format!("one of the cameras {}", known.join(", "));
                self.findings
                    .error(&at.index(i), Remark::new(format!("names no camera: {name:?}"), expected, advice));
                all_known = false;
            }
        }
        all_known
    }

    /// Whether some camera can measure the zone. Nothing is said where a calibration is wrong: it was reported, and
    /// what it sees is not known.
    fn is_seen(&mut self, outline: &Polygon, named: &[String], cameras: &[ZoneCamera<'_>], at: &KeyPath) {
        let measuring =
            || cameras.iter().filter(|camera| named.is_empty() || named.iter().any(|name| name == camera.id));
        // What a camera that moves will see, nobody knows before it flies.
        if measuring().any(|camera| camera.calibration.is_none_or(Calibration::is_moving)) {
            return;
        }
        let best = measuring()
            .filter_map(|camera| Some((camera.id, zone_visibility(camera.calibration?, outline))))
            .max_by(|a, b| a.1.reliable.total_cmp(&b.1.reliable));
        let Some((camera, seen)) = best else { return };
        let percent = |share: f64| 100.0 * share;
        let measured = Remark::new(
            format!(
                "{:.0} % of the zone can be measured by camera {camera:?}; {:.0} % is outside its picture or beyond \
                 the horizon, {:.0} % too far away",
                percent(seen.reliable),
                percent(seen.unseen),
                percent(seen.too_coarse)
            ),
            format!("a zone that a camera sees to {:.0} % at least", percent(MEASURED_MIN)),
            "move the corners into the picture, or add a camera",
        );
        let believed = Remark::new(
            format!(
                "{:.0} % of the zone is farther from the points of camera {camera:?} than its calibration can be \
                 believed",
                percent(seen.extrapolated)
            ),
            "a zone among the calibration points, or at most a fifth of their extent beyond them",
            "measure calibration points around the zone, or move the zone",
        );
        if seen.reliable < MEASURED_MIN {
            self.findings.error(at, measured);
        } else if seen.extrapolated > 1.0 - MEASURED_MIN {
            self.findings.error(at, believed);
        } else {
            if seen.reliable < MEASURED_WELL {
                self.findings.warning(at, measured);
            }
            if seen.extrapolated > 1.0 - MEASURED_WELL {
                self.findings.warning(at, believed);
            }
        }
    }
}

/// Dwell times as written, with defaults for what is left out.
fn dwell(written: Option<DwellSecs>, default: PerLevel) -> PerLevel {
    let DwellSecs { blue, yellow, orange, red } = written.unwrap_or_default();
    let [b, y, o, r] = default;
    [blue.unwrap_or(b), yellow.unwrap_or(y), orange.unwrap_or(o), red.unwrap_or(r)]
}
