//! People per square metre of a measured area, from positions.

use super::{Present, area::Area, voronoi::Cell};

/// Classic density in people/m2: those who are in `measured`, over its size. Jumps by one over the size. Someone on the
/// border is not in it, as in `PedPy`.
pub fn classic_people_per_m2(present: &[Present], measured: &Area) -> f64 {
    present.iter().filter(|person| measured.holds_within(person.position_m)).count() as f64
        / measured.area_m2()
}

/// Voronoi density in people/m2: each person is spread evenly over their cell, and what of them lies in `measured` is
/// counted, over its size. Varies least of the point densities. `cells` are those of [`super::voronoi::cells`].
pub fn voronoi_people_per_m2(cells: &[Option<Cell>], measured: &Area) -> f64 {
    let people: f64 = cells.iter().flatten().map(|cell| cell.shared_m2(measured) / cell.area_m2).sum();
    people / measured.area_m2()
}

/// Voronoi speed in m/s: the mean over the ground of `measured` of the speed of whoever's cell it is. `speeds_m_per_s` are
/// in the order of `cells`; ground of someone without a speed counts as standing, as in `PedPy`.
pub fn voronoi_speed_m_per_s(cells: &[Option<Cell>], speeds_m_per_s: &[Option<f64>], measured: &Area) -> f64 {
    let shared =
        |(cell, speed): (&Option<Cell>, &Option<f64>)| Some(cell.as_ref()?.shared_m2(measured) * (*speed)?);
    cells.iter().zip(speeds_m_per_s).filter_map(shared).sum::<f64>() / measured.area_m2()
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
        let cells = cells(&who, &walkable, None);
        assert!((voronoi_people_per_m2(&cells, &measured) - 4.0).abs() < 1e-12);
        assert!((classic_people_per_m2(&who, &measured) - 9.0 / 2.25).abs() < 1e-12);
    }

    #[test]
    fn speeds_weigh_by_ground_or_by_person() {
        let (who, walkable, measured) = lattice();
        let cells = cells(&who, &walkable, None);
        let speeds: Vec<_> =
            who.iter().map(|p| Some(if p.position_m[0] < 3.0 { 1.0 } else { 2.0 })).collect();
        // 0.7 m of the area's 1.5 m lie left of 3.0 m.
        assert!((voronoi_speed_m_per_s(&cells, &speeds, &measured) - (0.7 + 1.6) / 1.5).abs() < 1e-12);
        let mean = mean_speed_m_per_s(&who, &speeds, &measured).unwrap();
        assert!((mean - 5.0 / 3.0).abs() < 1e-12 || (mean - 4.0 / 3.0).abs() < 1e-12, "{mean}");
        assert_eq!(mean_speed_m_per_s(&[], &[], &measured), None);
    }
}
