//! A person as a handful of solids: head, hair, torso, limbs in mid-stride.

use super::solid::Solid;
use super::view::{View, bounds};
use super::wardrobe::Looks;
use crate::vector::{Vec3, add, dot, sub};

/// One person as the painter sees them.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    /// Where they stand, metres.
    pub at: [f64; 2],
    /// Unit direction they face.
    pub front: [f64; 2],
    /// Body height, metres.
    pub height_m: f64,
    /// Width of the body against the average.
    pub build: f64,
    /// Where in the step they are, radians.
    pub gait_rad: f64,
    /// Length of the step: 0 standing to 1 walking briskly.
    pub stride: f64,
    /// Neighbours' shade: 1 in the open, less in a press.
    pub openness: f32,
    /// Clothes, hair and skin.
    pub looks: Looks,
}

/// Height of the middle of the head against the height of the body.
const HEAD_CENTRE: f64 = 0.935;
/// Body height the proportions below are given for, metres.
const DRAWN_AT_M: f64 = 1.70;

impl Person {
    /// Middle of the head in the world.
    pub fn head_in_world(&self) -> Vec3 {
        [self.at[0], self.at[1], self.height_m * HEAD_CENTRE]
    }

    /// Half the head's width, metres.
    pub fn half_head_width_m(&self) -> f64 {
        0.080 * self.height_m / DRAWN_AT_M
    }

    /// Left, top, right and bottom of the body in the picture, pixels; `None` behind the camera.
    pub(super) fn bounds_in_image(&self, view: &View) -> Option<[f64; 4]> {
        let [x, y] = self.at;
        // Half the reach of a stride and of a hat's brim.
        let corners = [(-0.45, -0.45), (-0.45, 0.45), (0.45, -0.45), (0.45, 0.45)];
        let points = corners
            .into_iter()
            .flat_map(|(dx, dy)| [[x + dx, y + dy, 0.0], [x + dx, y + dy, self.height_m + 0.05]]);
        bounds(view, points)
    }

    /// The body's solids, far ones first, with whether each belongs to the head.
    pub(crate) fn solids(&self, view: &View, into: &mut Vec<(f64, bool, Solid)>) {
        into.clear();
        let k = self.height_m / DRAWN_AT_M;
        let b = self.build;
        let looks = &self.looks;
        let sway = 0.012 * self.stride * self.gait_rad.cos();
        // Local coordinates: right, front, up, for a body of 1.70 m.
        let place = |right: f64, front: f64, up: f64| -> Vec3 {
            [
                self.at[0] + k * (self.front[1] * (right + sway) + self.front[0] * front),
                self.at[1] + k * (-self.front[0] * (right + sway) + self.front[1] * front),
                k * up,
            ]
        };
        let mut put = |near_bias: f64, head: bool, mut solid: Solid| {
            let height = (solid.centre[2] / self.height_m).clamp(0.0, 1.0) as f32;
            solid.openness = self.openness + (1.0 - self.openness) * height * height;
            let depth = dot(sub(solid.centre, view.position()), view.ray_forward());
            into.push((depth - near_bias, head, solid));
        };
        let upright = |centre: Vec3, half: [f64; 3], material| {
            Solid::upright(centre, self.front, half.map(|h| h * k), material)
        };

        for side in [-1.0, 1.0] {
            let swing = side * self.gait_rad.sin() * self.stride;
            let lift = (side * self.gait_rad.cos()).max(0.0) * self.stride;
            let hip = place(0.095 * side * b, 0.0, 0.88);
            let knee = place(0.10 * side * b, 0.20 * swing + 0.07 * lift, 0.47 + 0.03 * lift);
            let ankle = place(0.10 * side, 0.36 * swing - 0.10 * lift, 0.09 + 0.10 * lift);
            put(0.0, false, Solid::limb(hip, knee, 0.088 * k * b, looks.bottom));
            put(0.0, false, Solid::limb(knee, ankle, 0.064 * k * b, looks.bottom));
            let toe = add(ankle, [self.front[0] * 0.06, self.front[1] * 0.06, -0.04]);
            put(0.0, false, upright(toe, [0.05, 0.13, 0.05], looks.shoe));

            let shoulder = place(0.215 * side * b, 0.0, 1.39);
            let elbow = place(0.265 * side * b, -0.12 * swing - 0.02, 1.11);
            let hand = place(0.25 * side * b, -0.27 * swing + 0.06, 0.87);
            put(0.0, false, Solid::limb(shoulder, elbow, 0.056 * k * b, looks.top));
            put(0.0, false, Solid::limb(elbow, hand, 0.045 * k, looks.sleeve));
            put(0.0, false, upright(hand, [0.035, 0.045, 0.05], looks.skin));
        }
        put(0.0, false, upright(place(0.0, 0.0, 0.93), [0.165 * b, 0.125 * b, 0.15], looks.bottom));
        if let Some(cloth) = looks.skirt {
            put(0.05, false, upright(place(0.0, 0.0, 0.76), [0.20 * b, 0.17 * b, 0.33], cloth));
        }
        put(0.0, false, upright(place(0.0, 0.0, 1.17), [0.185 * b, 0.125 * b, 0.29], looks.top));
        put(0.02, false, upright(place(0.0, 0.0, 1.36), [0.225 * b, 0.115 * b, 0.105], looks.top));
        if let Some(cloth) = looks.backpack {
            put(0.0, false, upright(place(0.0, -0.19, 1.18), [0.145, 0.09, 0.22], cloth));
        }
        put(0.0, true, upright(place(0.0, 0.0, 1.46), [0.055, 0.06, 0.08], looks.skin));
        put(0.04, true, upright(place(0.0, 0.015, 1.59), [0.080, 0.100, 0.122], looks.head));
        if let Some(hair) = looks.long_hair {
            put(0.0, true, upright(place(0.0, -0.055, 1.53), [0.085, 0.060, 0.150], hair));
        }
        if let Some((cloth, width)) = looks.hat {
            let brim = width > 1.5;
            put(0.08, true, upright(place(0.0, 0.0, 1.665), [0.088, 0.106, 0.072], cloth));
            if brim {
                put(0.06, true, upright(place(0.0, 0.0, 1.645), [0.088 * width, 0.1 * width, 0.018], cloth));
            }
        }
        into.sort_by(|a, b| b.0.total_cmp(&a.0));
    }
}
