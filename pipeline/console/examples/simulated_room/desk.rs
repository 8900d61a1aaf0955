//! A site file that is not written: what is changed here holds until the room ends.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use throng_analytics::{
    level::Level,
    line::{Polyline, Side},
    polygon::Polygon,
    profile::Profile,
};
use throng_console::{
    AlsoChanged, CameraDescription, ChangeRecord, Clock, Desk, Fit, LineDescription, LineWay, NamedBy,
    Overlay, Picture, Placed, Places, PointPair, Projected, Proposal, RoomEvent, SiteChange, SiteDescription,
    ZoneDescription, ZoneTrust,
};

use crate::pictures::{HEIGHT, WIDTH, draw};

const PROFILES: [&str; 3] = ["street_flat", "narrow_slope_stairs", "standing_event"];

/// A change that was made, and the site before it.
#[derive(Debug)]
struct Made {
    record: ChangeRecord,
    before: SiteDescription,
}

#[derive(Debug, Default)]
struct State {
    sites: BTreeMap<String, SiteDescription>,
    proposals: Vec<(Proposal, SiteDescription)>,
    made: Vec<Made>,
    changed: VecDeque<RoomEvent>,
}

impl State {
    fn put(&mut self, site: SiteDescription) {
        self.changed.push_back(RoomEvent::Site(Box::new(site.clone())));
        self.sites.insert(site.id.clone(), site);
    }
}

/// The desk.
#[derive(Debug)]
pub(crate) struct SimulatedDesk {
    clock: Clock,
    state: Mutex<State>,
}

impl SimulatedDesk {
    pub(crate) fn new(clock: Clock, sites: impl IntoIterator<Item = SiteDescription>) -> Self {
        let sites = sites.into_iter().map(|site| (site.id.clone(), site)).collect();
        Self { clock, state: State { sites, ..State::default() }.into() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A site as it is now.
    pub(crate) fn site(&self, id: &str) -> SiteDescription {
        self.state().sites.get(id).cloned().unwrap_or_default()
    }

    /// Sites that were changed since the last call.
    pub(crate) fn changed(&self) -> Vec<RoomEvent> {
        self.state().changed.drain(..).collect()
    }

    fn footprint(&self, site: &str, camera: &str) -> Result<[[f64; 2]; 2], String> {
        let site = self.site(site);
        let found = site.cameras.iter().find(|known| known.id == camera);
        let corners = &found.ok_or("there is no such camera")?.footprint_in_ground_m;
        match (corners.first(), corners.get(2)) {
            (Some(low), Some(high)) => Ok([*low, *high]),
            _ => Err("the camera sees no ground".to_owned()),
        }
    }
}

/// The site after a change, and what else changed with it.
fn changed(
    mut site: SiteDescription,
    change: &SiteChange,
) -> Result<(SiteDescription, Vec<AlsoChanged>), String> {
    let mut also = Vec::new();
    match change {
        SiteChange::Calibration { .. } => {}
        SiteChange::Zones { zones } => {
            for outline in zones {
                let zone = site.zones.iter_mut().find(|zone| zone.id == outline.id);
                let zone = zone.ok_or("there is no such zone")?;
                zone.outline_in_ground_m.clone_from(&outline.outline_in_ground_m);
            }
        }
        SiteChange::NewZone(new) => {
            if site.zones.iter().any(|zone| zone.id == new.id) {
                return Err(format!("there is a [[zone]] with id = \"{}\" already", new.id));
            }
            site.zones.push(ZoneDescription {
                id: new.id.clone(),
                name: new.name.clone().unwrap_or_else(|| new.id.clone()),
                ring: new.ring,
                outline_in_ground_m: new.outline_in_ground_m.clone(),
                area_m2: 100.0,
                capacity_people: Some(f64::from(new.capacity_people)),
                thresholds_people_per_m2: thresholds(&new.profile).ok_or("there is no such profile")?,
                ..ZoneDescription::default()
            });
        }
        SiteChange::RemovedZone { zone, named_by } => {
            site.zones.retain(|known| known.id != *zone);
            also = free(&mut site, zone, *named_by)?;
        }
        SiteChange::NewLine(new) => {
            if site.lines.iter().any(|line| line.id == new.id) {
                return Err(format!("there is a [[line]] with id = \"{}\" already", new.id));
            }
            let new = drawn(&site, new)?;
            site.lines.push(new);
        }
        SiteChange::Line(line) => {
            let drawn = drawn(&site, line)?;
            let known = site.lines.iter_mut().find(|known| known.id == line.id);
            *known.ok_or("there is no such line")? = drawn;
        }
        SiteChange::RemovedLine { line } => site.lines.retain(|known| known.id != *line),
        SiteChange::Position { kind, id, position_in_ground_m } => {
            let place = match kind {
                Placed::Camera => {
                    let camera = site.cameras.iter_mut().find(|camera| camera.id == *id);
                    camera.map(|camera: &mut CameraDescription| &mut camera.position_in_ground_m)
                }
                Placed::Speaker => {
                    let speaker = site.speakers.iter_mut().find(|speaker| speaker.id == *id);
                    speaker.map(|speaker| &mut speaker.position_in_ground_m)
                }
            };
            *place.ok_or("there is no such thing")? = *position_in_ground_m;
        }
        SiteChange::Thresholds { zone, people_per_m2 } => {
            let by_level = ["blue", "yellow", "orange", "red"].map(|level| people_per_m2.get(level));
            if !by_level.windows(2).all(|pair| pair[0] < pair[1]) {
                return Err(format!(
                    "the site file would be wrong, so it stays as it is. site.toml: profile {zone}: \
                     density_people_per_m2 must increase from blue to red"
                ));
            }
        }
    }
    Ok((site, also))
}

/// Takes what names a zone that was taken out away from it.
fn free(site: &mut SiteDescription, zone: &str, named_by: NamedBy) -> Result<Vec<AlsoChanged>, String> {
    let mut also = Vec::new();
    let bounds = |line: &LineDescription| line.zone.as_deref() == Some(zone);
    for LineDescription { id, .. } in site.lines.iter().filter(|line| bounds(line)) {
        also.push(match named_by {
            NamedBy::Stays => {
                return Err(format!(
                    "the site file would be wrong, so it stays as it is. site.toml: line {id}: zone names no zone: {zone:?}"
                ));
            }
            NamedBy::IsFreed => AlsoChanged::LineFreed { line: id.clone() },
            NamedBy::GoesToo => AlsoChanged::LineRemoved { line: id.clone() },
        });
    }
    site.lines.retain(|line| named_by != NamedBy::GoesToo || !bounds(line));
    for line in &mut site.lines {
        line.zone.take_if(|bounded| bounded == zone);
    }
    for speaker in &mut site.speakers {
        let before = speaker.zones.len();
        speaker.zones.retain(|known| known != zone);
        if speaker.zones.len() < before {
            also.push(AlsoChanged::SpeakerFreed {
                speaker: speaker.id.clone(),
                zones_left: speaker.zones.len(),
            });
        }
    }
    Ok(also)
}

/// A line as it was drawn.
fn drawn(site: &SiteDescription, line: &LineWay) -> Result<LineDescription, String> {
    let way = Polyline::new(line.points_in_ground_m.clone()).map_err(|error| error.to_string())?;
    let bounded = line.zone.as_ref().and_then(|id| site.zones.iter().find(|zone| zone.id == *id));
    let outline = bounded.and_then(|zone| Polygon::new(zone.outline_in_ground_m.clone()).ok());
    let implied = outline.map_or(Some(Side::Left), |outline| way.side_of(&outline));
    let known = site.lines.iter().find(|known| known.id == line.id).map(|known| known.name.clone());
    Ok(LineDescription {
        id: line.id.clone(),
        name: line.name.clone().or(known).unwrap_or_else(|| line.id.clone()),
        points_in_ground_m: line.points_in_ground_m.clone(),
        zone: line.zone.clone(),
        inside: line.inside.or(implied),
    })
}

fn thresholds(profile: &str) -> Option<BTreeMap<Level, f64>> {
    Some(Level::WARNING.into_iter().zip(Profile::shipped(profile)?.theta_up_people_per_m2).collect())
}

impl Desk for SimulatedDesk {
    fn still(&self, _: &str, camera: &str) -> Result<Picture, String> {
        let captured_at = self.clock.now();
        let jpeg = draw(camera, captured_at, Overlay::default()).ok_or("the camera cannot draw")?;
        Ok(Picture { jpeg, captured_at })
    }

    fn fit(&self, _: &str, _: &str, points: &[PointPair]) -> Result<Fit, String> {
        if points.len() < 4 {
            return Err(format!("four points are needed, {} are given", points.len()));
        }
        let line = |x: f64| (0..10).map(|step| [x, 60.0 + f64::from(step) * 20.0]).collect();
        Ok(Fit {
            image_size_px: [WIDTH, HEIGHT],
            residuals_m: points.iter().enumerate().map(|(index, _)| 0.05 + index as f64 * 0.03).collect(),
            rms_m: 0.12,
            grid_px: (0..10).map(|step| line(40.0 + f64::from(step) * 40.0)).collect(),
            zones: vec![
                ZoneTrust { zone: "stage".to_owned(), trusted_share: 0.94 },
                ZoneTrust { zone: "square".to_owned(), trusted_share: 0.41 },
            ],
        })
    }

    /// As though the camera looked straight down on what it sees.
    fn project(&self, site: &str, camera: &str, places: &Places) -> Result<Projected, String> {
        let [[left, low], [right, high]] = self.footprint(site, camera)?;
        let (width_px, height_px) = (f64::from(WIDTH), f64::from(HEIGHT));
        let ground = |[u, v]: &[f64; 2]| {
            Some([left + u / width_px * (right - left), high - v / height_px * (high - low)])
        };
        let image = |[x, y]: &[f64; 2]| {
            Some([(x - left) / (right - left) * width_px, (high - y) / (high - low) * height_px])
        };
        Ok(Projected {
            ground_m: places.image_px.iter().map(ground).collect(),
            image_px: places.ground_m.iter().map(image).collect(),
        })
    }

    fn profiles(&self, _: &str) -> Result<BTreeMap<String, BTreeMap<&'static str, f64>>, String> {
        let by_name = |levels: BTreeMap<Level, f64>| {
            levels.into_iter().map(|(level, density)| (level.name(), density)).collect()
        };
        let known = PROFILES.iter().filter_map(|id| Some(((*id).to_owned(), by_name(thresholds(id)?))));
        Ok(known.collect())
    }

    fn propose(&self, site: &str, change: &SiteChange, _: &str) -> Result<Proposal, String> {
        let (after, also) = changed(self.site(site), change)?;
        let new = serde_json::to_string(change).map_err(|error| error.to_string())?;
        let restarts = match change {
            SiteChange::Calibration { camera, .. } => vec![camera.clone()],
            _ => Vec::new(),
        };
        let proposal = Proposal {
            id: self.clock.now().unix_nanos().to_string(),
            diff: format!("--- site.toml\n+++ site.toml\n@@ simulated @@\n-# before\n+{new}\n"),
            needs: if restarts.is_empty() { "nothing" } else { "camera restart" }.to_owned(),
            restarts,
            findings: Vec::new(),
            also,
        };
        self.state().proposals.push((proposal.clone(), after));
        Ok(proposal)
    }

    fn apply(&self, site: &str, proposal_id: &str, by: &str) -> Result<(), String> {
        let at = self.clock.now();
        let before = self.site(site);
        let mut state = self.state();
        let index = state.proposals.iter().position(|(proposal, _)| proposal.id == proposal_id);
        let (proposal, after) = state.proposals.remove(index.ok_or("there is no such proposal")?);
        let record = ChangeRecord {
            id: proposal.id,
            at,
            by: by.to_owned(),
            what: "simulated change".to_owned(),
            diff: proposal.diff,
            undone_at: None,
        };
        state.made.insert(0, Made { record, before });
        state.put(after);
        Ok(())
    }

    fn undo(&self, _: &str, _: &str) -> Result<(), String> {
        let at = self.clock.now();
        let mut state = self.state();
        let newest = state.made.iter_mut().find(|made| made.record.undone_at.is_none());
        let newest = newest.ok_or("there is nothing to undo")?;
        newest.record.undone_at = Some(at);
        let before = newest.before.clone();
        state.put(before);
        Ok(())
    }

    fn changes(&self, _: &str) -> Vec<ChangeRecord> {
        self.state().made.iter().map(|made| made.record.clone()).collect()
    }
}
