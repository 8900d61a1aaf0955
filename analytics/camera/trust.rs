//! Where a fit may be believed: around the points it was made from.

/// How far the calibrated points' hull is stretched, each corner away from its middle (analytics specification 4.1:
/// the hull and 20 %).
const STRETCH: f64 = 1.2;

/// The convex hull of the calibrated ground points, stretched by a fifth; a homography says little beyond it.
#[derive(Clone, Debug, PartialEq)]
pub struct TrustRegion {
    /// Corners counter-clockwise, metres.
    corners_m: Vec<[f64; 2]>,
}

impl TrustRegion {
    /// Around ground points in metres; points on one line trust nothing but that line.
    pub fn around(points_m: &[[f64; 2]]) -> Self {
        let hull = convex_hull(points_m);
        let n = hull.len().max(1) as f64;
        let middle = hull.iter().fold([0.0; 2], |m, p| [m[0] + p[0] / n, m[1] + p[1] / n]);
        let stretch = |p: &[f64; 2]| [0, 1].map(|axis| middle[axis] + STRETCH * (p[axis] - middle[axis]));
        Self { corners_m: hull.iter().map(stretch).collect() }
    }

    /// Corners counter-clockwise, metres.
    pub fn corners_m(&self) -> &[[f64; 2]] {
        &self.corners_m
    }

    /// Whether a ground point lies inside or on the edge.
    pub fn contains(&self, point_m: [f64; 2]) -> bool {
        let n = self.corners_m.len();
        n > 0 && (0..n).all(|i| turn(self.corners_m[i], self.corners_m[(i + 1) % n], point_m) >= 0.0)
    }
}

/// Twice the signed area of a triangle: positive where the way from a over b to c turns left.
fn turn(a: [f64; 2], b: [f64; 2], c: [f64; 2]) -> f64 {
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}

/// Corners counter-clockwise, none on a straight edge (Andrew's monotone chain).
fn convex_hull(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    let chain = |points: &mut dyn Iterator<Item = &[f64; 2]>| {
        let mut chain: Vec<[f64; 2]> = Vec::new();
        for point in points {
            while let [.., a, b] = chain[..]
                && turn(a, b, *point) <= 0.0
            {
                chain.pop();
            }
            chain.push(*point);
        }
        chain.pop();
        chain
    };
    let mut hull = chain(&mut sorted.iter());
    hull.extend(chain(&mut sorted.iter().rev()));
    hull
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_more_than_the_hull_is_trusted() {
        let region = TrustRegion::around(&[
            [0.0, 0.0],
            [10.0, 0.0],
            [5.0, 5.0],
            [10.0, 10.0],
            [0.0, 10.0],
            [5.0, 0.0],
        ]);
        assert_eq!(region.corners_m().len(), 4);
        assert!(region.contains([10.9, 5.0]) && region.contains([-0.9, -0.9]));
        assert!(!region.contains([11.1, 5.0]) && !region.contains([5.0, -1.1]));
    }
}
