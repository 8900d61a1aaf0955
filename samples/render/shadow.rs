//! Shadows of people on the ground: a soft patch at the feet and a longer one away from the sun.

use super::canvas::Canvas;
use super::light::Light;
use super::person::Person;
use super::view::View;

/// A dark patch at the feet and a longer one away from the sun.
pub(super) fn paint_shadow(person: &Person, view: &View, light: &Light, canvas: &mut Canvas) {
    darken(canvas, view, person.at, [0.34, 0.0], 0.26, 0.5);
    let sun = light.toward_sun;
    if light.shadow > 0.02 && sun[2] > 0.1 {
        let reach = (person.height_m / sun[2]).min(6.0);
        let half = [-sun[0] * reach / 2.0, -sun[1] * reach / 2.0];
        let middle = [person.at[0] + half[0], person.at[1] + half[1]];
        if half[0].hypot(half[1]) > 0.2 {
            darken(canvas, view, middle, half, 0.24, light.shadow);
        }
    }
}

/// Darkens a soft ellipse on the ground with one half-axis `along` and the other `half_across_m`.
fn darken(
    canvas: &mut Canvas,
    view: &View,
    at: [f64; 2],
    along: [f64; 2],
    half_across_m: f64,
    strength: f32,
) {
    let ground = [at[0], at[1], 0.0];
    let (Some(centre), Some(px_per_m)) = (view.image_from_world(ground), view.px_per_m(ground)) else {
        return;
    };
    let length = along[0].hypot(along[1]).max(1e-9);
    let across = [-along[1] / length * half_across_m, along[0] / length * half_across_m];
    let row = |j: [f64; 3]| {
        [(j[0] * along[0] + j[1] * along[1]) as f32, (j[0] * across[0] + j[1] * across[1]) as f32]
    };
    let (au, av) = (row(px_per_m[0]), row(px_per_m[1]));
    let dot2 = |a: [f32; 2], b: [f32; 2]| a[0] * b[0] + a[1] * b[1];
    let (suu, suv, svv) = (dot2(au, au) + 0.3, dot2(au, av), dot2(av, av) + 0.3);
    let det = suu * svv - suv * suv;
    // 1.3: the patch fades out beyond its nominal edge.
    let (half_u, half_v) = (1.3 * suu.sqrt(), 1.3 * svv.sqrt());
    let (cu, cv) = (centre[0] as f32, centre[1] as f32);
    if det.is_nan()
        || det <= 0.0
        || cu + half_u < 0.0
        || cv + half_v < 0.0
        || cu - half_u > canvas.width_px as f32
        || cv - half_v > canvas.height_px as f32
    {
        return;
    }
    let rows = (cv - half_v).max(0.0) as usize..((cv + half_v) as usize + 1).min(canvas.height_px);
    let columns = (cu - half_u).max(0.0) as usize..((cu + half_u) as usize + 1).min(canvas.width_px);
    for y in rows {
        let dv = y as f32 + 0.5 - cv;
        for x in columns.clone() {
            let du = x as f32 + 0.5 - cu;
            let square = (svv * du * du - 2.0 * suv * du * dv + suu * dv * dv) / det;
            if square < 1.69 {
                let fade = 1.0 - square / 1.69;
                let keep = 1.0 - strength * (fade * 1.6).min(1.0);
                let pixel = &mut canvas.colours[y * canvas.width_px + x];
                *pixel = pixel.map(|c| c * keep);
            }
        }
    }
}
