//! What somebody asks for as an edit of the site file's text.

use throng_analytics::level::Level;
use throng_console::{AlsoChanged, LineWay, NamedBy, Placed, SiteChange};
use toml_edit::DocumentMut;

use super::{SiteDesk, in_words};
use crate::config::edit;

/// A text with a change.
pub(super) struct Changed {
    /// The text.
    pub(super) text: String,
    /// The change in a line.
    pub(super) what: String,
    /// What else changes than was asked for.
    pub(super) also: Vec<AlsoChanged>,
}

impl SiteDesk {
    /// A site file's text with a change.
    pub(super) fn changed(&self, text: &str, change: &SiteChange) -> Result<Changed, String> {
        let mut document =
            text.parse::<DocumentMut>().map_err(|error| format!("cannot read the site file: {error}"))?;
        let running = self.exchange.running();
        let mut also = Vec::new();
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
            SiteChange::RemovedZone { zone, named_by } => {
                edit::remove_zone(&mut document, zone).map_err(in_words)?;
                also = self.free(&mut document, zone, *named_by)?;
                format!("zone {zone} taken out")
            }
            SiteChange::NewLine(line) => {
                edit::add_line(&mut document, &as_edit(line)).map_err(in_words)?;
                format!("line {} added", line.id)
            }
            SiteChange::Line(line) => {
                let opened = edit::set_line(&mut document, &as_edit(line)).map_err(in_words)?;
                also.extend(opened.map(|zone| AlsoChanged::ZoneOpened { zone }));
                format!("line {} drawn anew", line.id)
            }
            SiteChange::RemovedLine { line } => {
                let opened = edit::remove_line(&mut document, line).map_err(in_words)?;
                also.extend(opened.map(|zone| AlsoChanged::ZoneOpened { zone }));
                format!("line {line} taken out")
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
        if changed == text {
            return Err("this changes nothing".to_owned());
        }
        let what = std::iter::once(what).chain(also.iter().map(in_a_line)).collect::<Vec<_>>().join("; ");
        Ok(Changed { text: changed, what, also })
    }

    /// Takes what names a zone that was taken out away from it.
    fn free(
        &self,
        document: &mut DocumentMut,
        zone: &str,
        named_by: NamedBy,
    ) -> Result<Vec<AlsoChanged>, String> {
        if named_by == NamedBy::Stays {
            return Ok(Vec::new());
        }
        let mut also = Vec::new();
        for line in edit::lines_of(document, zone) {
            if named_by == NamedBy::GoesToo {
                edit::remove_line(document, &line).map_err(in_words)?;
                also.push(AlsoChanged::LineRemoved { line });
            } else {
                // The zone told which side is "in".
                let running = self.exchange.running();
                let known = running.lines.iter().find(|known| known.id == line);
                let inside = known.ok_or_else(|| format!("the site has no line {line}"))?.inside;
                edit::free_line(document, &line, inside).map_err(in_words)?;
                also.push(AlsoChanged::LineFreed { line });
            }
        }
        let freed = edit::free_speakers(document, zone).into_iter();
        also.extend(freed.map(|(speaker, zones_left)| AlsoChanged::SpeakerFreed { speaker, zones_left }));
        Ok(also)
    }
}

fn as_edit(line: &LineWay) -> edit::LineWay<'_> {
    edit::LineWay {
        id: &line.id,
        name: line.name.as_deref(),
        points_m: &line.points_in_ground_m,
        zone: line.zone.as_deref(),
        inside: line.inside,
    }
}

/// For the journal.
fn in_a_line(also: &AlsoChanged) -> String {
    match also {
        AlsoChanged::LineFreed { line } => format!("line {line} without it"),
        AlsoChanged::LineRemoved { line } => format!("line {line} taken out"),
        AlsoChanged::SpeakerFreed { speaker, zones_left: 0 } => {
            format!("speaker {speaker} without it, asked for no zone")
        }
        AlsoChanged::SpeakerFreed { speaker, .. } => format!("speaker {speaker} without it"),
        AlsoChanged::ZoneOpened { zone } => format!("zone {zone} no longer enclosed by lines"),
    }
}
