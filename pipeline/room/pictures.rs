//! The newest picture of each camera, for the wall of a console.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::{Duration, Instant},
};

use image::RgbImage;
use throng_analytics::{site::SiteReport, time::Timestamp};
use throng_console::{Overlay, Picture, Pictures};

use crate::{
    config::plan::Plan,
    counting::CountedFrame,
    jpeg::jpeg,
    locked::locked,
    shot::{Layers, Shot},
};

/// Quality of JPEG, 1 to 100.
const JPEG_QUALITY: u8 = 80;
/// A camera nobody looks at is copied no more often than this: whoever begins to look sees something at once.
const UNSEEN_EVERY: Duration = Duration::from_secs(2);
/// How long a look counts.
const LOOK_LASTS: Duration = Duration::from_secs(10);

/// The newest picture of each camera.
#[derive(Debug, Default)]
pub struct PictureBook {
    shots: Mutex<BTreeMap<(String, String), Kept>>,
}

#[derive(Debug)]
struct Kept {
    shot: Arc<Shot>,
    kept_at: Instant,
    looked_at: Option<Instant>,
    /// As JPEG, by what is drawn over it: whoever looks again before there is a newer one costs nothing.
    encoded: BTreeMap<Overlay, Picture>,
}

impl PictureBook {
    fn shots(&self) -> MutexGuard<'_, BTreeMap<(String, String), Kept>> {
        locked(&self.shots)
    }

    /// Takes in a counted frame; copies it only where somebody looks, or has not for a while.
    pub fn observe(&self, plan: &Plan, counted: &CountedFrame, report: &SiteReport) {
        let key = (plan.site_id.to_string(), counted.frame.camera.to_string());
        let is_due = self.shots().get(&key).is_none_or(|kept| {
            kept.looked_at.is_some_and(|at| at.elapsed() < LOOK_LASTS)
                || kept.kept_at.elapsed() > UNSEEN_EVERY
        });
        if !is_due {
            return;
        }
        match Shot::take(plan, counted, report) {
            Ok(shot) => {
                let mut shots = self.shots();
                let looked_at = shots.get(&key).and_then(|kept| kept.looked_at);
                let (shot, kept_at, encoded) = (Arc::new(shot), Instant::now(), BTreeMap::new());
                shots.insert(key, Kept { shot, kept_at, looked_at, encoded });
            }
            Err(error) => tracing::debug!("No picture for the console: {error:#}."),
        }
    }
}

impl PictureBook {
    /// The newest picture of a camera in the camera's own size, with nothing drawn over it.
    pub fn full_size(&self, site: &str, camera: &str) -> Option<Picture> {
        let shot = self.look(&(site.to_owned(), camera.to_owned()))?;
        encode(camera, &shot.full_size(), shot.captured_at)
    }

    /// Width and height of a camera's own pictures, pixels.
    pub fn size_px(&self, site: &str, camera: &str) -> Option<[u32; 2]> {
        Some(self.look(&(site.to_owned(), camera.to_owned()))?.source_size_px())
    }

    fn look(&self, key: &(String, String)) -> Option<Arc<Shot>> {
        let mut shots = self.shots();
        let kept = shots.get_mut(key)?;
        kept.looked_at = Some(Instant::now());
        Some(Arc::clone(&kept.shot))
    }
}

impl Pictures for PictureBook {
    fn latest(&self, site: &str, camera: &str, overlay: Overlay) -> Option<Picture> {
        let key = (site.to_owned(), camera.to_owned());
        let shot = self.look(&key)?;
        if let Some(picture) = self.shots().get(&key).and_then(|kept| kept.encoded.get(&overlay)) {
            return Some(picture.clone());
        }
        let drawn = shot.drawn(Layers { heat: overlay.heat, zones: overlay.zones });
        let picture = encode(camera, &drawn, shot.captured_at)?;
        // A newer one may have come meanwhile.
        if let Some(kept) = self.shots().get_mut(&key).filter(|kept| Arc::ptr_eq(&kept.shot, &shot)) {
            kept.encoded.insert(overlay, picture.clone());
        }
        Some(picture)
    }
}

fn encode(camera: &str, picture: &RgbImage, captured_at: Timestamp) -> Option<Picture> {
    match jpeg(picture, JPEG_QUALITY) {
        Ok(bytes) => Some(Picture { jpeg: bytes.into(), captured_at }),
        Err(error) => {
            tracing::warn!("A picture of {camera} cannot be encoded: {error}.");
            None
        }
    }
}
