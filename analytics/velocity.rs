//! How people move: image motion carried to the ground.

use crate::{
    camera::Calibration,
    ground::{GroundField, GroundGrid},
    motion_field::MotionField,
};

/// Fewest people whose motion has a mean.
const PEOPLE_MIN: f64 = 0.5;

/// Motion of the people in a zone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ZoneMotion {
    /// Mean velocity `[x, y]`, m/s.
    pub velocity_m_per_s: [f64; 2],
    /// Mean speed, m/s; not the length of the mean velocity.
    pub speed_m_per_s: f64,
}

/// Velocity on the head plane at a place of the ground, m/s: the image velocity there times the Jacobian of the
/// projection. `None` where the camera does not see it.
pub fn velocity_at(calibration: &Calibration, motion: &MotionField, place_m: [f64; 2]) -> Option<[f64; 2]> {
    let pixel = calibration.image_from_head_plane().apply(place_m)?;
    let [du, dv] = motion.at(pixel)?;
    let j = calibration.head_plane_from_image().jacobian(pixel)?;
    Some([j[0][0] * du + j[0][1] * dv, j[1][0] * du + j[1][1] * dv])
}

/// Density-weighted motion over the cells of a zone (index and share of each), so that still ground does not dilute
/// it. `None` with fewer than half a person in sight.
pub fn zone_motion(
    calibration: &Calibration,
    motion: &MotionField,
    grid: &GroundGrid,
    field: &GroundField,
    cells: &[(usize, f64)],
) -> Option<ZoneMotion> {
    let (mut people, mut velocity, mut speed) = (0.0, [0.0; 2], 0.0);
    for (index, share) in cells {
        let here = field.people_per_cell[*index] * share;
        if here <= 0.0 {
            continue;
        }
        if let Some([vx, vy]) = velocity_at(calibration, motion, grid.centre_m(*index)) {
            people += here;
            velocity[0] += here * vx;
            velocity[1] += here * vy;
            speed += here * vx.hypot(vy);
        }
    }
    (people >= PEOPLE_MIN)
        .then(|| ZoneMotion { velocity_m_per_s: velocity.map(|v| v / people), speed_m_per_s: speed / people })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{camera::PointPair, polygon::Polygon};

    #[test]
    fn people_walk_while_the_ground_stands_still() {
        // Straight down, 0.05 m a pixel: 20 px/s to the right is 1 m/s along x.
        let pairs: Vec<PointPair> = [[0.0, 0.0], [640.0, 0.0], [0.0, 480.0], [640.0, 480.0], [320.0, 240.0]]
            .into_iter()
            .map(|[u, v]| PointPair { in_image_px: [u, v], in_ground_m: [0.05 * u, 0.05 * (480.0 - v)] })
            .collect();
        let calibration = Calibration::from_point_pairs(&pairs, 640, 480, 1.6).unwrap();
        let zone = Polygon::new(vec![[4.0, 4.0], [12.0, 4.0], [12.0, 12.0], [4.0, 12.0]]).unwrap();
        let grid = GroundGrid::around(std::iter::once(&zone), 0.0, 0.5).unwrap();
        // Two people in the left half, nobody in the right; only the left half of the picture moves.
        let mut people_per_cell = vec![0.0; grid.len()];
        for (index, people) in people_per_cell.iter_mut().enumerate() {
            *people = if grid.centre_m(index)[0] < 8.0 { 2.0 / 128.0 } else { 0.0 };
        }
        let field = GroundField { people_per_cell, people_elsewhere: 0.0 };
        let velocities = (0..40 * 30).map(|i| if i % 40 < 10 { [20.0, 0.0] } else { [0.0, 0.0] }).collect();
        let motion = MotionField::new(40, 30, 16.0, 16.0, velocities).unwrap();
        let found = zone_motion(&calibration, &motion, &grid, &field, &grid.rasterise(&zone)).unwrap();
        assert!((found.velocity_m_per_s[0] - 1.0).abs() < 1e-6 && found.velocity_m_per_s[1].abs() < 1e-6);
        assert!((found.speed_m_per_s - 1.0).abs() < 1e-6);
        let nobody = GroundField { people_per_cell: vec![0.0; grid.len()], people_elsewhere: 0.0 };
        assert_eq!(zone_motion(&calibration, &motion, &grid, &nobody, &grid.rasterise(&zone)), None);
    }
}
