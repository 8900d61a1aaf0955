//! `throng calibrate --moved-from`: the points of a camera that was nudged, at where the same places lie in its picture now.

use anyhow::{Context, ensure};
use image::RgbImage;
use throng_analytics::camera::PointPair;
use throng_models::picture::RgbView;

use crate::{
    calibrating::Points,
    cli::output,
    vision::registration::{Registration, register},
};

/// The points at where the same places lie in `new`; those out of sight are left out.
///
/// # Errors
/// The pictures do not show the same place, or fewer than four points are still in sight.
pub(super) fn moved(points: &Points, old: &RgbImage, new: &RgbImage) -> anyhow::Result<Points> {
    ensure!(points.lens.is_none(), "through a measured lens points are not carried over: measure them anew");
    let size_px = points.image_size_px;
    let (old_view, new_view) = view(old).zip(view(new)).context("a picture has no pixels")?;
    let Registration { new_from_old, agreeing, found } = register(old_view, new_view)?;
    // Points may have been measured in a larger or smaller copy.
    let scale =
        [f64::from(old.width()) / f64::from(size_px[0]), f64::from(old.height()) / f64::from(size_px[1])];
    let is_seen = |[u, v]: [f64; 2]| {
        (0.0..=f64::from(size_px[0])).contains(&u) && (0.0..=f64::from(size_px[1])).contains(&v)
    };
    let place = |[u, v]: [f64; 2]| {
        let [u, v] = new_from_old.apply([u * scale[0], v * scale[1]])?;
        Some([u / scale[0], v / scale[1]]).filter(|at| is_seen(*at))
    };
    let middle = size_px.map(|side| 0.5 * f64::from(side));
    if let Some([u, v]) = place(middle) {
        let [du, dv] = [u - middle[0], v - middle[1]];
        output::note(format!(
            "the middle of the picture has moved by {du:.1} px to the right and {dv:.1} px down: {agreeing} of {found} places agree"
        ));
    }
    let carried = points.pairs.iter();
    let carried =
        carried.filter_map(|pair| Some(PointPair { in_image_px: place(pair.in_image_px)?, ..*pair }));
    let pairs: Vec<PointPair> = carried.collect();
    ensure!(pairs.len() >= 4, "only {} points are still in sight: measure others", pairs.len());
    Ok(Points { pairs, leave_out: Vec::new(), ..*points })
}

fn view(picture: &RgbImage) -> Option<RgbView<'_>> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    RgbView::new(picture.as_raw(), width, height, 3 * width)
}
