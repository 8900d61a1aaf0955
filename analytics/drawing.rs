//! Where a drawing of the ground, such as a floor plan, lies on it: moved, turned and scaled evenly.

use thiserror::Error;

use crate::camera::PointPair;

/// How far a point may lie off, as a share of the points' extent on the ground: a drawing is true to scale, and what is
/// farther off was clicked elsewhere or belongs to another drawing.
const OFF_MAX: f64 = 0.05;

/// Where a drawing lies on the ground.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DrawingOnGround {
    /// `x = m[0][0] u + m[0][1] v + m[0][2]` metres from pixels to the right and down, and the same with `m[1]` for y.
    pub ground_from_image: [[f64; 3]; 2],
}

/// Points that place no drawing.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum Misplaced {
    /// Too few places to tell scale and direction.
    #[error("the points share one place; give two that lie far apart")]
    OnePlace,
    /// A point that does not fit the others.
    #[error(
        "point {number} lies {off_m:.2} m off; a drawing is moved, turned and scaled evenly, so measure that point again"
    )]
    Off {
        /// Which, counted from 1.
        number: usize,
        /// How far, metres.
        off_m: f64,
    },
}

impl DrawingOnGround {
    /// The drawing whose points lie where they were measured, as nearly as can be (least squares).
    ///
    /// # Errors
    /// [`Misplaced`].
    pub fn fit(points: &[PointPair]) -> Result<Self, Misplaced> {
        let count = points.len() as f64;
        let mean = |value: fn(&PointPair) -> f64| points.iter().map(value).sum::<f64>() / count;
        let middle_px = [mean(|p| p.in_image_px[0]), mean(|p| p.in_image_px[1])];
        let middle_m = [mean(|p| p.in_ground_m[0]), mean(|p| p.in_ground_m[1])];
        // As complex numbers, the picture's v turned upwards: ground = a picture + b.
        let (mut along, mut across, mut squares) = (0.0, 0.0, 0.0);
        let mut extent_m: f64 = 0.0;
        for point in points {
            let [u, w] = [point.in_image_px[0] - middle_px[0], middle_px[1] - point.in_image_px[1]];
            let [x, y] = [point.in_ground_m[0] - middle_m[0], point.in_ground_m[1] - middle_m[1]];
            along += u * x + w * y;
            across += u * y - w * x;
            squares += u * u + w * w;
            extent_m = extent_m.max(2.0 * x.hypot(y));
        }
        let (cos, sin) = (along / squares, across / squares);
        if !(cos.hypot(sin).is_normal() && extent_m.is_normal()) {
            return Err(Misplaced::OnePlace);
        }
        let rows = [[cos, sin], [sin, -cos]];
        let shift =
            |axis: usize| middle_m[axis] - rows[axis][0] * middle_px[0] - rows[axis][1] * middle_px[1];
        let placed =
            Self { ground_from_image: [0, 1].map(|axis| [rows[axis][0], rows[axis][1], shift(axis)]) };
        let off = |point: &PointPair| {
            let [x, y] = placed.ground_m(point.in_image_px);
            (x - point.in_ground_m[0]).hypot(y - point.in_ground_m[1])
        };
        let offs = points.iter().map(off).enumerate();
        match offs.max_by(|a, b| a.1.total_cmp(&b.1)) {
            Some((index, off_m)) if off_m > OFF_MAX * extent_m => {
                Err(Misplaced::Off { number: index + 1, off_m })
            }
            _ => Ok(placed),
        }
    }

    /// The place on the ground of a pixel, metres.
    pub fn ground_m(&self, [u, v]: [f64; 2]) -> [f64; 2] {
        self.ground_from_image.map(|[a, b, c]| a * u + b * v + c)
    }

    /// Metres of one pixel.
    pub fn metres_per_px(&self) -> f64 {
        self.ground_from_image[0][0].hypot(self.ground_from_image[1][0])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pair(in_image_px: [f64; 2], in_ground_m: [f64; 2]) -> PointPair {
        PointPair { in_image_px, in_ground_m }
    }

    #[test]
    fn two_points_place_a_drawing() {
        // Ten pixels a metre, the upper left corner at 5 m east and 25 m north.
        let points = [pair([0.0, 0.0], [5.0, 25.0]), pair([400.0, 250.0], [45.0, 0.0])];
        let placed = DrawingOnGround::fit(&points).unwrap();
        let [x, y] = placed.ground_m([400.0, 0.0]);
        assert!((x - 45.0).abs() < 1e-9 && (y - 25.0).abs() < 1e-9, "{x} {y}");
        assert!((placed.metres_per_px() - 0.1).abs() < 1e-12);
    }

    #[test]
    fn points_that_cannot_be_are_named() {
        let here = pair([7.0, 7.0], [1.0, 1.0]);
        assert_eq!(DrawingOnGround::fit(&[here, here]), Err(Misplaced::OnePlace));
        assert_eq!(DrawingOnGround::fit(&[here, pair([7.0, 7.0], [4.0, 1.0])]), Err(Misplaced::OnePlace));
        assert_eq!(DrawingOnGround::fit(&[here, pair([9.0, 7.0], [1.0, 1.0])]), Err(Misplaced::OnePlace));
        assert_eq!(DrawingOnGround::fit(&[]), Err(Misplaced::OnePlace));
        let corners = |third: [f64; 2]| {
            [
                pair([0.0, 0.0], [0.0, 10.0]),
                pair([100.0, 0.0], [10.0, 10.0]),
                pair([100.0, 100.0], third),
                pair([0.0, 100.0], [0.0, 0.0]),
            ]
        };
        assert!(DrawingOnGround::fit(&corners([10.0, 0.0])).is_ok());
        let off = DrawingOnGround::fit(&corners([10.0, 4.0])).unwrap_err();
        assert!(matches!(off, Misplaced::Off { number: 3, off_m } if off_m > 1.0), "{off:?}");
        // A drawing seen in a mirror fits no ground.
        let mirrored =
            [pair([0.0, 0.0], [0.0, 0.0]), pair([100.0, 0.0], [10.0, 0.0]), pair([0.0, 100.0], [0.0, 10.0])];
        assert!(matches!(DrawingOnGround::fit(&mirrored), Err(Misplaced::Off { .. })));
    }

    proptest! {
        #[test]
        fn a_drawing_that_was_moved_turned_and_scaled_is_found_again(
            turn in -3.1..3.1_f64, metres_per_px in 0.01..2.0_f64, shift in prop::array::uniform2(-500.0..500.0_f64),
            probe in prop::array::uniform2(-3000.0..3000.0_f64),
        ) {
            let (sin, cos) = turn.sin_cos();
            let on_ground = |[u, v]: [f64; 2]| {
                let [u, w] = [metres_per_px * u, -metres_per_px * v];
                [u * cos - w * sin + shift[0], u * sin + w * cos + shift[1]]
            };
            let points = [[10.0, 20.0], [900.0, 40.0], [500.0, 700.0]].map(|px| pair(px, on_ground(px)));
            let placed = DrawingOnGround::fit(&points).unwrap();
            let (found, truth) = (placed.ground_m(probe), on_ground(probe));
            prop_assert!((found[0] - truth[0]).hypot(found[1] - truth[1]) < 1e-6);
        }
    }
}
