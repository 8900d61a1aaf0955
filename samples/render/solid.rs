//! Ellipsoids: the one shape bodies, tree crowns and wheels are made of.
//!
//! A small ellipsoid seen through a pinhole is an ellipse: with `A` the 2x3 matrix that takes unit-sphere
//! coordinates to pixels, the outline is `d' (A A')^-1 d = 1`, and the surface point under a pixel is the least-norm
//! solution plus a step along the null direction of `A` towards the camera. That gives exact shading and an
//! anti-aliased edge without supersampling.

use super::canvas::{Canvas, lit};
use super::light::Light;
use super::material::Material;
use super::view::View;
use crate::vector::{Vec3, cross, dot, scale, sub, unit};

/// An ellipsoid in the world.
#[derive(Clone, Copy, Debug)]
pub struct Solid {
    /// Centre, metres.
    pub centre: Vec3,
    /// Three orthogonal half-axes, metres: towards the right, the front and the top of the thing.
    pub axes: [Vec3; 3],
    /// What it is made of.
    pub material: Material,
    /// Light that reaches it through its neighbours, 0..1.
    pub openness: f32,
}

impl Solid {
    /// Upright, turned so that its front faces `front` (a unit vector on the ground).
    pub fn upright(centre: Vec3, front: [f64; 2], half_m: [f64; 3], material: Material) -> Self {
        let right = [front[1], -front[0], 0.0];
        let axes = [
            scale(right, half_m[0]),
            [front[0] * half_m[1], front[1] * half_m[1], 0.0],
            [0.0, 0.0, half_m[2]],
        ];
        Self { centre, axes, material, openness: 1.0 }
    }

    /// A limb from `a` to `b` with the given half-thickness.
    pub fn limb(a: Vec3, b: Vec3, half_thickness_m: f64, material: Material) -> Self {
        let along = sub(b, a);
        let direction = unit(along);
        let helper = if direction[0].abs() < 0.9 { [1.0, 0.0, 0.0] } else { [0.0, 1.0, 0.0] };
        let side = unit(cross(direction, helper));
        let other = cross(direction, side);
        // An ellipsoid tapers to nothing at its ends: a little more than half the length keeps limbs joined.
        let axes = [scale(side, half_thickness_m), scale(other, half_thickness_m), scale(along, 0.56)];
        let centre = [f64::midpoint(a[0], b[0]), f64::midpoint(a[1], b[1]), f64::midpoint(a[2], b[2])];
        Self { centre, axes, material, openness: 1.0 }
    }

    /// Paints the ellipsoid; pixels it covers belong to `owner`. Returns the number of pixels of its whole outline,
    /// hidden or not, inside the picture or not.
    pub(crate) fn paint(&self, canvas: &mut Canvas, view: &View, light: &Light, owner: u32) -> f32 {
        let (Some(centre), Some(px_per_m)) = (view.image_from_world(self.centre), view.px_per_m(self.centre))
        else {
            return 0.0;
        };
        let row =
            |j: Vec3| [dot(j, self.axes[0]) as f32, dot(j, self.axes[1]) as f32, dot(j, self.axes[2]) as f32];
        let (au, av) = (row(px_per_m[0]), row(px_per_m[1]));
        let dot3 = |a: [f32; 3], b: [f32; 3]| a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
        // The small constant keeps things thinner than a pixel from vanishing.
        let (suu, suv, svv) = (dot3(au, au) + 0.04, dot3(au, av), dot3(av, av) + 0.04);
        let det = suu * svv - suv * suv;
        let outline_px = std::f32::consts::PI * det.max(0.0).sqrt();
        let (half_u, half_v) = (suu.sqrt() + 1.0, svv.sqrt() + 1.0);
        let (cu, cv) = (centre[0] as f32, centre[1] as f32);
        let (width, height) = (canvas.width_px as f32, canvas.height_px as f32);
        if det.is_nan()
            || det <= 0.0
            || cu + half_u < 0.0
            || cv + half_v < 0.0
            || cu - half_u > width
            || cv - half_v > height
        {
            return outline_px;
        }
        let (iuu, iuv, ivv) = (svv / det, -suv / det, suu / det);

        let mut null =
            [au[1] * av[2] - au[2] * av[1], au[2] * av[0] - au[0] * av[2], au[0] * av[1] - au[1] * av[0]];
        let norm = dot3(null, null).sqrt().max(1e-12);
        let to_camera = sub(view.position(), self.centre);
        let facing = (0..3).map(|k| dot(self.axes[k], to_camera) as f32 * null[k]).sum::<f32>();
        let sign = if facing < 0.0 { -1.0 } else { 1.0 };
        null = null.map(|v| v * sign / norm);

        let inverse_square: [f32; 3] =
            std::array::from_fn(|k| (1.0 / dot(self.axes[k], self.axes[k]).max(1e-9)) as f32);
        let sun: [f32; 3] =
            std::array::from_fn(|k| dot(self.axes[k], light.toward_sun) as f32 * inverse_square[k]);
        let up: [f32; 3] = std::array::from_fn(|k| self.axes[k][2] as f32 * inverse_square[k]);

        // Within this part of the outline a pixel lies wholly inside, whatever the direction.
        let half_trace = f32::midpoint(suu, svv);
        let thinnest = (half_trace - (half_trace * half_trace - det).max(0.0).sqrt()).max(1e-6).sqrt();
        let whole_within = (1.0 - 0.6 / thinnest).max(0.0).powi(2);
        let first_row = (cv - half_v).max(0.0) as usize;
        let last_row = ((cv + half_v).max(0.0) as usize + 1).min(canvas.height_px);
        for y in first_row..last_row {
            let dv = y as f32 + 0.5 - cv;
            // The outline's chord in this row, and a pixel more on either side for the soft edge.
            let middle = cu - iuv * dv / iuu;
            let chord = ((1.0 - dv * dv / svv).max(0.0) / iuu).sqrt() + 1.0 + (iuv / iuu).abs();
            let first_col = (middle - chord).max(0.0) as usize;
            let last_col = ((middle + chord).max(0.0) as usize + 1).min(canvas.width_px);
            for x in first_col..last_col {
                let du = x as f32 + 0.5 - cu;
                let (wu, wv) = (iuu * du + iuv * dv, iuv * du + ivv * dv);
                let square = du * wu + dv * wv;
                let (mut cover, mut shrink) = (1.0, 1.0);
                if square > whole_within {
                    let radius = square.sqrt().max(1e-4);
                    let inside_px = (1.0 - radius) * radius / (wu * wu + wv * wv).sqrt().max(1e-9);
                    cover = (inside_px + 0.5).clamp(0.0, 1.0);
                    if cover <= 0.0 {
                        continue;
                    }
                    shrink = 1.0 / radius.max(1.0);
                }
                let depth = (1.0 - square).max(0.0).sqrt();
                let q: [f32; 3] =
                    std::array::from_fn(|k| (au[k] * wu + av[k] * wv) * shrink + null[k] * depth);
                let to_unit = 1.0
                    / (q[0] * q[0] * inverse_square[0]
                        + q[1] * q[1] * inverse_square[1]
                        + q[2] * q[2] * inverse_square[2])
                        .sqrt()
                        .max(1e-6);
                let brightness = light.on(dot3(q, sun) * to_unit, dot3(q, up) * to_unit);
                let colour = self.material.at(q, [x, y]);
                canvas.blend(y * canvas.width_px + x, lit(colour, brightness * self.openness), cover, owner);
            }
        }
        outline_px
    }
}
