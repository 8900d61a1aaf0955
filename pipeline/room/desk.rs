//! The desk beside a site: calibrates its cameras and changes its file, which the site takes up while it runs.
//!
//! A change begins from the file that the site runs by, and from no other: what somebody writes into it meanwhile is
//! neither lost nor taken up unseen. The new file is checked whole, put in the place of the old one, and taken up; where the
//! site does not take it up the old one is put back.

mod changing;

use std::{
    collections::{BTreeMap, VecDeque},
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use throng_analytics::{camera::PointPair as Pair, digest::sha256_hex, level::Level};
use throng_console::{
    ChangeRecord, Desk, Fit, Picture, Places, PointPair, Projected, Proposal, SiteChange, ZoneTrust,
};
use toml_edit::DocumentMut;
use uuid::Uuid;

use self::changing::Changed;
use super::{
    away::Away,
    journal::{Entry, Journal},
    pictures::PictureBook,
    text_change::{TextChange, diff},
};
use crate::{
    calibrating::{Points, ZoneFit, point_fits, zone_fits},
    clock::wall_clock,
    config::{
        Rejected, check_text,
        diagnostic::Diagnostic,
        edit,
        plan::{CameraPlan, Plan},
    },
    draw::calibration_grid::{grid, in_image_px, lines_px},
    exchange::Exchange,
    locked::locked,
};

/// Proposals that wait for somebody's word; older ones are forgotten.
const PROPOSALS_MAX: usize = 32;

/// The desk of one site.
pub struct SiteDesk {
    site: String,
    path: PathBuf,
    exchange: Arc<Exchange>,
    pictures: Arc<PictureBook>,
    /// Held while the file is changed.
    journal: Mutex<Journal>,
    proposals: Mutex<VecDeque<Proposed>>,
}

/// A change that waits for somebody's word.
#[derive(Clone)]
struct Proposed {
    id: String,
    by: String,
    what: String,
    base_sha256: String,
    text: String,
}

impl SiteDesk {
    /// For a site whose plan is exchanged through `exchange`; changes are remembered in `data_dir`.
    ///
    /// # Errors
    /// The changes made before cannot be read.
    pub fn open(
        exchange: Arc<Exchange>,
        pictures: Arc<PictureBook>,
        data_dir: &Path,
    ) -> anyhow::Result<Self> {
        let plan = exchange.running();
        let site = plan.site_id.to_string();
        let journal = Journal::open(&data_dir.join(format!("changes-{site}.json")))?;
        Ok(Self {
            path: plan.source_path.clone(),
            site,
            exchange,
            pictures,
            journal: journal.into(),
            proposals: Mutex::default(),
        })
    }

    fn is_mine(&self, site: &str) -> bool {
        self.site == site
    }

    /// The site file's text, which must be the one that the site runs by.
    fn text(&self) -> Result<String, String> {
        let text = fs::read_to_string(&self.path);
        let text = text.map_err(|error| format!("cannot read {}: {error}", self.path.display()))?;
        if sha256_hex(text.as_bytes()) == self.exchange.running().config_sha256 {
            return Ok(text);
        }
        Err("the site file is not the one that the site runs by: somebody has changed it. Check it with `throng check`, start \
             the site anew, and make the change again"
            .to_owned())
    }

    /// A camera that stands still, of the running plan.
    fn camera<'a>(plan: &'a Plan, camera: &str) -> Result<&'a CameraPlan, String> {
        let found = plan.cameras.iter().find(|known| known.id.as_str() == camera);
        let found = found.ok_or_else(|| format!("the site has no camera {camera}"))?;
        if found.drone.is_some() {
            return Err(format!("camera {camera} is on a drone: its telemetry says where its pictures lie"));
        }
        Ok(found)
    }

    /// Points in the newest picture of a camera, whose lens was not measured.
    fn points(&self, document: &DocumentMut, camera: &str, points: &[PointPair]) -> Result<Points, String> {
        Self::camera(&self.exchange.running(), camera)?;
        let stated = edit::stated(document, camera).map_err(in_words)?;
        if stated.has_lens {
            return Err(format!(
                "camera {camera} has a measured lens: put its points into the site file by hand"
            ));
        }
        let size = self.pictures.size_px(&self.site, camera);
        Ok(Points {
            pairs: points
                .iter()
                .map(|pair| Pair { in_image_px: pair.image_px, in_ground_m: pair.ground_m })
                .collect(),
            image_size_px: size.ok_or_else(|| no_picture(camera))?,
            head_height_m: stated.head_height_m,
            lens: None,
            leave_out: Vec::new(),
        })
    }

    /// The plan of a text, and what could be better; with all findings where it is wrong.
    fn check(&self, text: &str) -> Result<(Plan, Vec<String>), String> {
        let shown = |diagnostics: Vec<Diagnostic>| -> Vec<String> {
            let path = self.path.file_name().map(PathBuf::from).unwrap_or_default();
            diagnostics
                .into_iter()
                .map(|found| Diagnostic { path: path.clone(), ..found }.to_string())
                .collect()
        };
        match check_text(&self.path, text) {
            Ok(loaded) => Ok((loaded.plan, shown(loaded.warnings))),
            Err(Rejected { diagnostics, .. }) => Err(format!(
                "the site file would be wrong, so it stays as it is. {}",
                shown(diagnostics).join(" ")
            )),
        }
    }

    /// Puts a text in the place of another and has the site take it up; on any failure the old one holds.
    fn put(&self, before: &str, after: &str) -> Result<(), String> {
        let (plan, _) = self.check(after)?;
        edit::write(&self.path, after).map_err(in_words)?;
        let taken = self.exchange.take_up(plan);
        if taken.is_err() {
            edit::write(&self.path, before).map_err(in_words)?;
        }
        taken
    }
}

fn in_words(error: impl Into<anyhow::Error>) -> String {
    format!("{:#}", error.into())
}

fn no_picture(camera: &str) -> String {
    format!("no picture of camera {camera} has come yet")
}

impl Desk for SiteDesk {
    fn still(&self, site: &str, camera: &str) -> Result<Picture, String> {
        if !self.is_mine(site) {
            return Away.still(site, camera);
        }
        Self::camera(&self.exchange.running(), camera)?;
        self.pictures.full_size(site, camera).ok_or_else(|| no_picture(camera))
    }

    fn fit(&self, site: &str, camera: &str, points: &[PointPair]) -> Result<Fit, String> {
        if !self.is_mine(site) {
            return Away.fit(site, camera, points);
        }
        let document = edit::read(&self.path).map_err(in_words)?;
        let points = self.points(&document, camera, points)?;
        let calibration = points.fit(camera).map_err(in_words)?;
        let residuals: Option<Vec<f64>> =
            point_fits(&calibration, &points.pairs).iter().map(|fit| fit.residual_m).collect();
        let residuals_m = residuals.ok_or("a point lies beyond the horizon")?;
        let squares: f64 = residuals_m.iter().map(|residual_m| residual_m * residual_m).sum();
        let trust =
            |fit: &ZoneFit<'_>| ZoneTrust { zone: fit.zone.id.clone(), trusted_share: fit.seen.trusted };
        Ok(Fit {
            image_size_px: points.image_size_px,
            rms_m: (squares / residuals_m.len() as f64).sqrt(),
            residuals_m,
            grid_px: grid(&calibration).map(|grid| lines_px(&calibration, &grid)).unwrap_or_default(),
            zones: zone_fits(&calibration, &self.exchange.running().zones, camera)
                .iter()
                .map(trust)
                .collect(),
        })
    }

    fn project(&self, site: &str, camera: &str, places: &Places) -> Result<Projected, String> {
        if !self.is_mine(site) {
            return Away.project(site, camera, places);
        }
        let running = self.exchange.running();
        let calibration = &Self::camera(&running, camera)?.calibration;
        let still_px = self.pictures.size_px(&self.site, camera).ok_or_else(|| no_picture(camera))?;
        let calibrated_px = calibration.image_size_px();
        let still_scale = [0, 1].map(|axis| f64::from(still_px[axis]) / f64::from(calibrated_px[axis]));
        let ground_of = |[u, v]: &[f64; 2]| {
            calibration.ground_from_image().apply([u / still_scale[0], v / still_scale[1]])
        };
        let image_of = |place: &[f64; 2]| {
            let [u, v] = in_image_px(calibration, *place)?;
            Some([u * still_scale[0], v * still_scale[1]])
        };
        Ok(Projected {
            ground_m: places.image_px.iter().map(ground_of).collect(),
            image_px: places.ground_m.iter().map(image_of).collect(),
        })
    }

    fn profiles(&self, site: &str) -> Result<BTreeMap<String, BTreeMap<&'static str, f64>>, String> {
        if !self.is_mine(site) {
            return Away.profiles(site);
        }
        let profiles = edit::profiles(&edit::read(&self.path).map_err(in_words)?);
        let by_level = |densities| Level::WARNING.map(Level::name).into_iter().zip(densities).collect();
        Ok(profiles.into_iter().map(|(id, densities)| (id, by_level(densities))).collect())
    }

    fn propose(&self, site: &str, change: &SiteChange, by: &str) -> Result<Proposal, String> {
        if !self.is_mine(site) {
            return Away.propose(site, change, by);
        }
        let before = self.text()?;
        let Changed { text, what, also } = self.changed(&before, change)?;
        let (plan, findings) = self.check(&text)?;
        let restarts: Vec<String> =
            self.exchange.to_start_anew(&plan).iter().map(ToString::to_string).collect();
        let proposed = Proposed {
            id: Uuid::now_v7().to_string(),
            by: by.to_owned(),
            what,
            base_sha256: sha256_hex(before.as_bytes()),
            text,
        };
        let proposal = Proposal {
            id: proposed.id.clone(),
            diff: diff(&self.path, &before, &proposed.text),
            needs: if restarts.is_empty() { "nothing" } else { "camera restart" }.to_owned(),
            restarts,
            findings,
            also,
        };
        let mut proposals = locked(&self.proposals);
        if proposals.len() == PROPOSALS_MAX {
            proposals.pop_front();
        }
        proposals.push_back(proposed);
        Ok(proposal)
    }

    fn apply(&self, site: &str, proposal_id: &str, by: &str) -> Result<(), String> {
        if !self.is_mine(site) {
            return Away.apply(site, proposal_id, by);
        }
        let mut journal = locked(&self.journal);
        let proposed = locked(&self.proposals).iter().find(|proposed| proposed.id == proposal_id).cloned();
        let proposed = proposed.ok_or("there is no such proposal any more: propose the change again")?;
        let before = self.text()?;
        if sha256_hex(before.as_bytes()) != proposed.base_sha256 {
            return Err(
                "the site file was changed since this was proposed: propose the change again".to_owned()
            );
        }
        let proposer =
            if proposed.by == by { String::new() } else { format!(" (proposed by {})", proposed.by) };
        let entry = Entry {
            id: proposed.id.clone(),
            at: wall_clock(),
            by: by.to_owned(),
            what: format!("{}{proposer}", proposed.what),
            diff: diff(&self.path, &before, &proposed.text),
            before_sha256: proposed.base_sha256,
            after_sha256: sha256_hex(proposed.text.as_bytes()),
            change: TextChange::between(&before, &proposed.text),
            undone_at: None,
            undone_by: None,
        };
        self.put(&before, &proposed.text)?;
        // A change that could not be taken back, and of which nobody would know, is none.
        if let Err(error) = journal.add(entry) {
            self.put(&proposed.text, &before)?;
            return Err(in_words(error));
        }
        locked(&self.proposals).retain(|proposed| proposed.id != proposal_id);
        Ok(())
    }

    fn undo(&self, site: &str, by: &str) -> Result<(), String> {
        if !self.is_mine(site) {
            return Away.undo(site, by);
        }
        let mut journal = locked(&self.journal);
        let newest = journal.newest().ok_or("there is no change to take back")?.clone();
        let now = self.text()?;
        let before = newest.change.taken_back(&now).filter(|before| {
            sha256_hex(now.as_bytes()) == newest.after_sha256
                && sha256_hex(before.as_bytes()) == newest.before_sha256
        });
        let before = before.ok_or(
            "the site file was changed by hand since: take the change back there, and check it with `throng check`",
        )?;
        self.put(&now, &before)?;
        if let Err(error) = journal.undone(&newest.id, wall_clock(), by) {
            self.put(&before, &now)?;
            return Err(in_words(error));
        }
        Ok(())
    }

    fn changes(&self, site: &str) -> Vec<ChangeRecord> {
        if !self.is_mine(site) {
            return Away.changes(site);
        }
        locked(&self.journal).records()
    }
}
