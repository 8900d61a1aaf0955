//! Density of points as a smooth field: each person is spread by a Gaussian (Helbing, Johansson and Al-Abideen, Physical
//! Review E 75, 046109, 2007).

use std::f64::consts::PI;

use super::{Present, area::Area};

/// Nodes and weights of the Gauss-Legendre rule with five points on [-1, 1].
const NODES: [(f64, f64); 5] = [
    (0.0, 0.568_888_888_888_888_9),
    (-0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
    (0.538_469_310_105_683_1, 0.478_628_670_499_366_47),
    (-0.906_179_845_938_664, 0.236_926_885_056_189_08),
    (0.906_179_845_938_664, 0.236_926_885_056_189_08),
];

/// The kernel `exp(-d^2 / R^2) / (pi R^2)`.
///
/// Its standard deviation along an axis is `R / sqrt(2)`, and it averages over about `2 pi R^2`. `PedPy` states its width as
/// a full width at half maximum, which is `2 sqrt(ln 2) R = 1.6651 R`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kernel {
    /// R in metres; above 0. Helbing takes 1.
    pub radius_m: f64,
}

impl Kernel {
    /// People/m2 that one person adds at a distance in metres.
    pub fn people_per_m2(self, distance_m: f64) -> f64 {
        let squared = self.radius_m * self.radius_m;
        (-distance_m * distance_m / squared).exp() / (PI * squared)
    }

    /// Density in people/m2 at a point in metres.
    ///
    /// Near a wall it is too low: half of the kernel lies where nobody can be. See [`Self::density_within`].
    pub fn density_at(self, point_m: [f64; 2], present: &[Present]) -> f64 {
        let distance_m =
            |person: &Present| (person.position_m[0] - point_m[0]).hypot(person.position_m[1] - point_m[1]);
        present.iter().map(|person| self.people_per_m2(distance_m(person))).sum()
    }

    /// Density in people/m2 at a point in metres, over the part of the kernel that lies where people can be (`PedPy` does
    /// not correct for walls). `None` where hardly any of it does.
    pub fn density_within(self, point_m: [f64; 2], present: &[Present], walkable: &Area) -> Option<f64> {
        let share = self.share_within(point_m, walkable);
        (share > 0.05).then(|| self.density_at(point_m, present) / share)
    }

    /// Share (0..1) of the kernel around a point that lies in an area.
    ///
    /// The kernel is the divergence of `(1 - exp(-r^2 / R^2)) / (2 pi r^2) (x, y)`, so the share is an integral along the
    /// area's border, over the angle seen from the point. It is taken by Gauss-Legendre on parts of at most half of R.
    pub fn share_within(self, point_m: [f64; 2], area: &Area) -> f64 {
        let mut share = 0.0;
        for [from, to] in area.edges() {
            let along = [to[0] - from[0], to[1] - from[1]];
            let start = [from[0] - point_m[0], from[1] - point_m[1]];
            let parts = (along[0].hypot(along[1]) / (0.5 * self.radius_m)).ceil().max(1.0);
            // Twice the area that the edge spans with the point; the same all along it.
            let swept = start[0] * along[1] - start[1] * along[0];
            for part in 0..parts as usize {
                for (node, weight) in NODES {
                    let at = (part as f64 + 0.5 + 0.5 * node) / parts;
                    let (x, y) = (start[0] + at * along[0], start[1] + at * along[1]);
                    let squared = x * x + y * y;
                    // Near the point the field tends to (x, y) / (2 pi R^2).
                    let by_squared = squared / (self.radius_m * self.radius_m);
                    let field = if by_squared < 1e-12 {
                        1.0 / (self.radius_m * self.radius_m)
                    } else {
                        -(-by_squared).exp_m1() / squared
                    };
                    share += 0.5 * weight / parts * field * swept / (2.0 * PI);
                }
            }
        }
        share.clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A lattice with one person on every `side_m`, over -12..12 m.
    fn lattice(side_m: f64, keep: impl Fn([f64; 2]) -> bool) -> Vec<Present> {
        let half = (12.0 / side_m) as i32;
        let at = |i: i32| f64::from(i) * side_m;
        (-half..=half)
            .flat_map(|i| (-half..=half).map(move |j| [at(i), at(j)]))
            .filter(|position| keep(*position))
            .enumerate()
            .map(|(track, position_m)| Present { track, position_m })
            .collect()
    }

    #[test]
    fn the_kernel_agrees_with_its_closed_form() {
        let kernel = Kernel { radius_m: 1.0 };
        assert!((kernel.people_per_m2(0.0) - std::f64::consts::FRAC_1_PI).abs() < 1e-15);
        assert!((kernel.people_per_m2(1.0) - 0.117_099_663_048_638_34).abs() < 1e-15);
    }

    #[test]
    fn a_lattice_has_its_density() {
        let who = lattice(0.5, |_| true);
        assert!((Kernel { radius_m: 1.0 }.density_at([0.0, 0.0], &who) - 4.0).abs() < 1e-9);
        assert!(
            (Kernel { radius_m: 0.5 }.density_at([0.0, 0.0], &who) - 4.000_827_613_783_869).abs() < 1e-12
        );
    }

    #[test]
    fn shares_of_half_planes_and_corners_are_halves_and_quarters() {
        let square = Area::new(&[[0.0, 0.0], [20.0, 0.0], [20.0, 20.0], [0.0, 20.0]], &[]).unwrap();
        let kernel = Kernel { radius_m: 1.0 };
        for (point, share) in
            [([10.0, 10.0], 1.0), ([0.0, 10.0], 0.5), ([0.0, 0.0], 0.25), ([-9.0, 10.0], 0.0)]
        {
            assert!((kernel.share_within(point, &square) - share).abs() < 1e-6, "{point:?}");
        }
        // 0.3 m from a wall: half of one plus the error function of 0.3, which is 0.328626759459127.
        assert!((kernel.share_within([0.3, 10.0], &square) - 0.664_313_379_729_563_5).abs() < 1e-6);
    }

    #[test]
    fn a_wall_does_not_thin_the_crowd_before_it() {
        let wall = Area::new(&[[0.0, -12.0], [12.0, -12.0], [12.0, 12.0], [0.0, 12.0]], &[]).unwrap();
        // Half a spacing away from the wall the lattice goes on as if mirrored.
        let who: Vec<Present> = lattice(0.5, |_| true)
            .into_iter()
            .map(|p| Present { position_m: [p.position_m[0] + 0.25, p.position_m[1]], ..p })
            .filter(|p| p.position_m[0] > 0.0)
            .collect();
        let kernel = Kernel { radius_m: 1.0 };
        assert!(kernel.density_at([0.0, 0.0], &who) < 2.1);
        assert!((kernel.density_within([0.0, 0.0], &who, &wall).unwrap() - 4.0).abs() < 1e-3);
        assert_eq!(kernel.density_within([-5.0, 0.0], &who, &wall), None);
    }
}
