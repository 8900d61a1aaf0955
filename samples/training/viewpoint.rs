//! Random cameras: masts, roofs and drones, chosen so that heads come out at a wanted size.

use throng_analytics::camera::Pinhole;

use crate::render::view::View;
use crate::rng::Rng;

/// Width of a head, metres; turns a wanted head size in pixels into a focal length.
pub(super) const HEAD_WIDTH_M: f64 = 0.16;
/// Height of heads above the ground, metres.
pub(super) const HEAD_HEIGHT_M: f64 = 1.6;

/// A camera on a mast 7 to 14 m up that looks 25 to 60 degrees down at a crowd, with heads of 8 to 28 pixels.
pub(super) fn mast_view(rng: &mut Rng) -> View {
    let (width_px, height_px) = rng.pick([(960, 540), (960, 540), (1280, 720), (768, 432), (1024, 768)]);
    through(
        (width_px, height_px),
        rng.range(7.0, 14.0),
        f64::to_radians(rng.range(25.0, 60.0)),
        rng.log_range(8.0, 28.0),
        rng,
    )
}

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
    let head_px = rng.log_range(6.0, 30.0);
    through((width_px, height_px), height_m, depression_rad, head_px, rng)
}

/// A camera with heads of `head_px` in the middle of its picture, where a real lens gives that.
fn through(
    (width_px, height_px): (u32, u32),
    height_m: f64,
    depression_rad: f64,
    head_px: f64,
    rng: &mut Rng,
) -> View {
    let distance_m = (height_m - HEAD_HEIGHT_M) / depression_rad.sin();
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
