//! Random cameras: masts, roofs and drones, chosen so that heads come out at a wanted size.

use throng_analytics::camera::Pinhole;

use crate::render::view::View;
use crate::rng::Rng;

/// Width of a head, metres; turns a wanted head size in pixels into a focal length.
pub(super) const HEAD_WIDTH_M: f64 = 0.16;
/// Height of heads above the ground, metres.
pub(super) const HEAD_HEIGHT_M: f64 = 1.6;

/// A camera 4 to 30 m up, looking 20 to 90 degrees down, with heads of 5 to 40 pixels in the middle of the picture.
pub(super) fn random_view(rng: &mut Rng) -> View {
    let (width_px, height_px) = rng.pick([
        (640, 480),
        (640, 480),
        (640, 360),
        (768, 576),
        (480, 640),
        (512, 512),
        (800, 600),
        (960, 540),
        (1024, 768),
        (480, 360),
    ]);
    let height_m = rng.log_range(4.0, 30.0);
    // Street cameras look 20 to 50 degrees down, drones often straight down.
    let depression_deg = match rng.index(10) {
        0..=5 => rng.range(20.0, 50.0),
        6..=8 => rng.range(40.0, 75.0),
        _ => rng.range(75.0, 90.0),
    };
    let depression_rad = f64::to_radians(depression_deg);
    let distance_m = (height_m - HEAD_HEIGHT_M) / depression_rad.sin();
    let head_px = rng.log_range(6.0, 30.0);
    let width = f64::from(width_px);
    // Between a tele (16 degrees across) and a wide (85 degrees across).
    let focal_px = (head_px * distance_m / HEAD_WIDTH_M).clamp(0.55 * width, 3.6 * width);
    View::through(&Pinhole {
        position_m: [0.0, 0.0, height_m],
        yaw_rad: rng.range(0.0, std::f64::consts::TAU),
        depression_rad,
        focal_px,
        image_width_px: width_px,
        image_height_px: height_px,
    })
}

/// Width of a head at a ground position, pixels; 0 behind the camera.
pub(super) fn head_width_px(view: &View, at: [f64; 2]) -> f64 {
    view.px_per_m([at[0], at[1], HEAD_HEIGHT_M]).map_or(0.0, |rows| {
        let across = crate::vector::length(rows[0]);
        across * HEAD_WIDTH_M
    })
}
