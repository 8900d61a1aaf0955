//! The newest picture of each camera, for the wall of a console.

use std::{
    collections::BTreeMap,
    io::Cursor,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use image::{ImageEncoder as _, codecs::jpeg::JpegEncoder};
use throng_analytics::site::SiteReport;
use throng_console::{Overlay, Picture, Pictures};

use crate::{
    config::plan::Plan,
    counting::CountedFrame,
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
}

impl PictureBook {
    fn shots(&self) -> MutexGuard<'_, BTreeMap<(String, String), Kept>> {
        self.shots.lock().unwrap_or_else(PoisonError::into_inner)
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
                shots.insert(key, Kept { shot: Arc::new(shot), kept_at: Instant::now(), looked_at });
            }
            Err(error) => tracing::debug!("No picture for the console: {error:#}."),
        }
    }
}

impl Pictures for PictureBook {
    fn latest(&self, site: &str, camera: &str, overlay: Overlay) -> Option<Picture> {
        let shot = {
            let mut shots = self.shots();
            let kept = shots.get_mut(&(site.to_owned(), camera.to_owned()))?;
            kept.looked_at = Some(Instant::now());
            Arc::clone(&kept.shot)
        };
        let picture = shot.drawn(Layers { heat: overlay.heat, zones: overlay.zones });
        let mut jpeg = Cursor::new(Vec::new());
        let encoded = JpegEncoder::new_with_quality(&mut jpeg, JPEG_QUALITY).write_image(
            picture.as_raw(),
            picture.width(),
            picture.height(),
            image::ExtendedColorType::Rgb8,
        );
        match encoded {
            Ok(()) => Some(Picture { jpeg: jpeg.into_inner().into(), captured_at: shot.captured_at }),
            Err(error) => {
                tracing::warn!("A picture of {camera} cannot be encoded: {error}.");
                None
            }
        }
    }
}
