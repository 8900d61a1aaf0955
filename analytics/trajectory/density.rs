//! People per square metre of a measured area, from positions.

use super::{Present, area::Area, voronoi::Cell};

/// Classic density in people/m2: those who are in `measured`, over its size. Jumps by one over the size. Someone on the
/// border is not in it, as in `PedPy`.
pub fn classic_people_per_m2(present: &[Present], measured: &Area) -> f64 {
    present.iter().filter(|person| measured.holds_within(person.position_m)).count() as f64
        / measured.area_m2()
}

/// What a person's cell has in common with a measured area.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Overlap {
    /// Size of the cell, m2.
    pub cell_m2: f64,
    /// Size of what lies in the area, m2.
    pub shared_m2: f64,
}

/// The overlaps of [`super::voronoi::cells`] with `measured`, in their order; `None` for those without a cell.
pub fn overlaps(cells: &[Option<Cell>], measured: &Area) -> Vec<Option<Overlap>> {
    let of = |cell: &Cell| Overlap { cell_m2: cell.area_m2, shared_m2: cell.shared_m2(measured) };
    cells.iter().map(|cell| cell.as_ref().map(of)).collect()
}

/// Voronoi density in people/m2 of the area of `measured_m2` that the overlaps are with: each person is spread evenly over
/// their cell, and what of them lies in the area is counted, over its size. Varies least of the point densities.
pub fn voronoi_people_per_m2(overlaps: &[Option<Overlap>], measured_m2: f64) -> f64 {
    let people: f64 = overlaps.iter().flatten().map(|overlap| overlap.shared_m2 / overlap.cell_m2).sum();
    people / measured_m2
}

/// Voronoi speed in m/s: the mean over the ground of the area of the speed of whoever's cell it is. `speeds_m_per_s` are in
/// the order of `overlaps`; ground of someone without a speed counts as standing, as in `PedPy`.
pub fn voronoi_speed_m_per_s(
    overlaps: &[Option<Overlap>],
    speeds_m_per_s: &[Option<f64>],
    measured_m2: f64,
) -> f64 {
    let shared = |(overlap, speed): (&Option<Overlap>, &Option<f64>)| Some((*overlap)?.shared_m2 * (*speed)?);
    overlaps.iter().zip(speeds_m_per_s).filter_map(shared).sum::<f64>() / measured_m2
}

/// Mean speed in m/s of those who are in `measured`; `None` where nobody with a speed is.
pub fn mean_speed_m_per_s(
    present: &[Present],
    speeds_m_per_s: &[Option<f64>],
    measured: &Area,
) -> Option<f64> {
    let inside =
        present.iter().zip(speeds_m_per_s).filter(|(person, _)| measured.holds_within(person.position_m));
    let speeds: Vec<f64> = inside.filter_map(|(_, speed)| *speed).collect();
    (!speeds.is_empty()).then(|| speeds.iter().sum::<f64>() / speeds.len() as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::trajectory::voronoi::cells;

    /// People on a lattice of 0.5 m in a square of 6 m, and a square of 1.5 m in its middle.
    fn lattice() -> (Vec<Present>, Area, Area) {
        let place = |i: u32| f64::from(i) * 0.5 + 0.25;
        let who = (0..144_u32)
            .map(|i| Present { track: i as usize, position_m: [place(i % 12), place(i / 12)] })
            .collect();
        let square = |lo: f64, hi: f64| Area::new(&[[lo, lo], [hi, lo], [hi, hi], [lo, hi]], &[]).unwrap();
        (who, square(0.0, 6.0), square(2.3, 3.8))
    }

    #[test]
    fn a_lattice_has_one_voronoi_density_wherever_the_area_lies() {
        let (who, walkable, measured) = lattice();
        let overlaps = overlaps(&cells(&who, &walkable, None), &measured);
        assert!((voronoi_people_per_m2(&overlaps, measured.area_m2()) - 4.0).abs() < 1e-12);
        assert!((classic_people_per_m2(&who, &measured) - 9.0 / 2.25).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn neither_order_nor_place_matters(
            places in proptest::collection::vec((0.1..5.9_f64, 0.1..5.9_f64), 1..40),
            shift in (-500.0..500.0_f64, -500.0..500.0_f64),
        ) {
            let moved = |by: [f64; 2], reversed: bool| {
                let mut who: Vec<Present> = places
                    .iter()
                    .enumerate()
                    .map(|(track, at)| Present { track, position_m: [at.0 + by[0], at.1 + by[1]] })
                    .collect();
                if reversed {
                    who.reverse();
                }
                let square = |lo: f64, hi: f64| {
                    let corner = |x: f64, y: f64| [x + by[0], y + by[1]];
                    Area::new(&[corner(lo, lo), corner(hi, lo), corner(hi, hi), corner(lo, hi)], &[]).unwrap()
                };
                let measured = square(2.3, 3.8);
                let overlaps = overlaps(&cells(&who, &square(0.0, 6.0), None), &measured);
                let voronoi = voronoi_people_per_m2(&overlaps, measured.area_m2());
                (classic_people_per_m2(&who, &measured), voronoi)
            };
            let (classic, voronoi) = moved([0.0; 2], false);
            prop_assert!(classic.is_finite() && voronoi.is_finite() && voronoi >= 0.0);
            for (by, reversed) in [([0.0; 2], true), ([shift.0, shift.1], false)] {
                let (other_classic, other_voronoi) = moved(by, reversed);
                // Somebody within a rounding error of the border may be counted on either side of it.
                let near_border = places.iter().any(|at| {
                    [at.0, at.1].iter().any(|c| (c - 2.3).abs() < 1e-9 || (c - 3.8).abs() < 1e-9)
                });
                prop_assert!(near_border || (classic - other_classic).abs() < 1e-6);
                prop_assert!((voronoi - other_voronoi).abs() < 1e-6 * voronoi.max(1.0), "{voronoi} {other_voronoi}");
            }
        }
    }

    #[test]
    fn speeds_weigh_by_ground_or_by_person() {
        let (who, walkable, measured) = lattice();
        let overlaps = overlaps(&cells(&who, &walkable, None), &measured);
        let speeds: Vec<_> =
            who.iter().map(|p| Some(if p.position_m[0] < 3.0 { 1.0 } else { 2.0 })).collect();
        // 0.7 m of the area's 1.5 m lie left of 3.0 m.
        assert!(
            (voronoi_speed_m_per_s(&overlaps, &speeds, measured.area_m2()) - (0.7 + 1.6) / 1.5).abs() < 1e-12
        );
        let mean = mean_speed_m_per_s(&who, &speeds, &measured).unwrap();
        assert!((mean - 5.0 / 3.0).abs() < 1e-12 || (mean - 4.0 / 3.0).abs() < 1e-12, "{mean}");
        assert_eq!(mean_speed_m_per_s(&[], &[], &measured), None);
    }
}
