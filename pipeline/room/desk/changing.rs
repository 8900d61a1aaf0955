//! What somebody asks for as an edit of the site file's text.

use throng_analytics::level::Level;
use throng_console::{Placed, SiteChange};
use toml_edit::DocumentMut;

use super::{SiteDesk, in_words};
use crate::config::edit;

impl SiteDesk {
    /// The text with a change, and the change in a line.
    pub(super) fn changed(&self, text: &str, change: &SiteChange) -> Result<(String, String), String> {
        let mut document =
            text.parse::<DocumentMut>().map_err(|error| format!("cannot read the site file: {error}"))?;
        let running = self.exchange.running();
        let what = match change {
            SiteChange::Calibration { camera, points } => {
                let points = self.points(&document, camera, points)?;
                edit::set_points(&mut document, camera, &points).map_err(in_words)?;
                format!("calibration of {camera} by {} points", points.pairs.len())
            }
            SiteChange::Zones { zones } => {
                for zone in zones {
                    edit::set_outline(
                        &mut document,
                        &zone.id,
                        zone.name.as_deref(),
                        &zone.outline_in_ground_m,
                    )
                    .map_err(in_words)?;
                }
                let names: Vec<&str> = zones.iter().map(|zone| zone.id.as_str()).collect();
                format!("outline of {}", names.join(", "))
            }
            SiteChange::NewZone(zone) => {
                let new = edit::NewZone {
                    id: &zone.id,
                    name: zone.name.as_deref(),
                    corners_m: &zone.outline_in_ground_m,
                    profile: &zone.profile,
                    capacity_people: zone.capacity_people,
                    ring: zone.ring,
                };
                edit::add_zone(&mut document, &new).map_err(in_words)?;
                format!("zone {} added", zone.id)
            }
            SiteChange::RemovedZone { zone } => {
                edit::remove_zone(&mut document, zone).map_err(in_words)?;
                format!("zone {zone} taken out")
            }
            SiteChange::Position { kind, id, position_in_ground_m } => {
                if *kind == Placed::Camera {
                    Self::camera(&running, id)?;
                }
                let name = kind.name();
                edit::set_position(&mut document, name, id, *position_in_ground_m).map_err(in_words)?;
                match position_in_ground_m {
                    Some([x, y]) => format!("position of {name} {id}: {x:.1}, {y:.1} m"),
                    None => format!("position of {name} {id} taken out"),
                }
            }
            SiteChange::Thresholds { zone, people_per_m2 } => {
                let model = running.zones.iter().find(|known| known.id == *zone);
                let model = model.ok_or_else(|| format!("the site has no zone {zone}"))?;
                let level = |name: &str| Level::WARNING.into_iter().find(|level| level.name() == name);
                let named = people_per_m2.iter().map(|(name, density)| Some((level(name)?, *density)));
                let densities =
                    named.collect::<Option<_>>().ok_or("a level is not blue, yellow, orange or red")?;
                edit::set_thresholds(&mut document, zone, &model.profile, &densities).map_err(in_words)?;
                let named: Vec<String> = densities
                    .iter()
                    .map(|(level, density)| format!("{} from {density}", level.name()))
                    .collect();
                format!("thresholds of {zone}: {} people/m2", named.join(", "))
            }
        };
        let changed = document.to_string();
        if changed == text { Err("this changes nothing".to_owned()) } else { Ok((changed, what)) }
    }
}
