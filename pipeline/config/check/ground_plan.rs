//! The drawing under the map: a picture that can be shown, and points that place it.

use std::{fs::File, io::BufReader, path::Path};

use image::{ImageFormat, ImageReader};
use throng_analytics::{camera::PointPair, drawing::DrawingOnGround};

use super::Checker;
use crate::config::{
    diagnostic::Remark,
    key_path::KeyPath,
    plan::GroundPlanPlan,
    raw::{self, GroundPlan},
};

/// Largest file, bytes: every page that shows the map fetches it.
const BYTES_MAX: u64 = 32 * 1024 * 1024;
/// Most pixels: browsers hold four bytes of each.
const PIXELS_MAX: u64 = 50_000_000;

impl Checker<'_> {
    /// The drawing, looked at but not kept; `None` without one, and where it is wrong.
    pub(super) fn ground_plan(&mut self, plan: Option<&GroundPlan>) -> Option<GroundPlanPlan> {
        let plan = plan?;
        let at = KeyPath::root().key("site").key("plan");
        let on_ground = plan.points.as_ref().and_then(|points| {
            let pair = |point: &raw::PointPair| {
                Some(PointPair { in_image_px: point.image_px?, in_ground_m: point.ground_m? })
            };
            let pairs: Vec<PointPair> = points.iter().map(pair).collect::<Option<_>>()?;
            match DrawingOnGround::fit(&pairs) {
                Ok(on_ground) => Some(on_ground),
                Err(error) => {
                    let expected = "two or more places, far apart, in a drawing that is true to scale";
                    self.findings
                        .error(&at.key("points"), Remark::from_message(&error.to_string(), expected));
                    None
                }
            }
        });
        let name = plan.image.as_ref()?;
        let file = self.folder.join(name);
        match looked_at(&file) {
            Ok((media_type, size_px)) => {
                Some(GroundPlanPlan { file, media_type, size_px, on_ground: on_ground? })
            }
            Err(problem) => {
                let remark = Remark::new(
                    format!("names {name:?}: {problem}"),
                    "a PNG or JPEG of at most 32 MiB and 50 million pixels",
                    "name one, relative to the folder of this file",
                );
                self.findings.error(&at.key("image"), remark);
                None
            }
        }
    }
}

/// Media type and size of a picture that pages can show.
fn looked_at(file: &Path) -> Result<(&'static str, [u32; 2]), String> {
    let opened = File::open(file).map_err(|error| error.to_string())?;
    let bytes = opened.metadata().map_err(|error| error.to_string())?.len();
    if bytes > BYTES_MAX {
        return Err(format!("it has {} MiB", bytes / (1024 * 1024)));
    }
    let reader = ImageReader::new(BufReader::new(opened)).with_guessed_format();
    let reader = reader.map_err(|error| error.to_string())?;
    let media_type = match reader.format() {
        Some(ImageFormat::Png) => "image/png",
        Some(ImageFormat::Jpeg) => "image/jpeg",
        _ => return Err("it is neither PNG nor JPEG".to_owned()),
    };
    let (width, height) = reader.into_dimensions().map_err(|error| error.to_string())?;
    if u64::from(width) * u64::from(height) > PIXELS_MAX {
        return Err(format!("it has {width} x {height} pixels"));
    }
    Ok((media_type, [width, height]))
}
