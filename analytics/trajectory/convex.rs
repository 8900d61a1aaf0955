//! Convex polygons: corners counter-clockwise, metres. Empty where nothing is left.

/// A convex polygon.
pub(super) type Convex = Vec<[f64; 2]>;

/// Area in m2.
pub(super) fn area_m2(polygon: &[[f64; 2]]) -> f64 {
    let Some(last) = polygon.last() else { return 0.0 };
    // Relative to a corner, so that polygons far from the origin lose no digits.
    let [x0, y0] = *last;
    let doubled: f64 = polygon
        .windows(2)
        .map(|pair| (pair[0][0] - x0) * (pair[1][1] - y0) - (pair[1][0] - x0) * (pair[0][1] - y0))
        .sum();
    0.5 * doubled
}

/// Cuts off what lies where `side` is negative; `side` is linear. `scratch` is only lent.
pub(super) fn keep(polygon: &mut Convex, scratch: &mut Convex, side: impl Fn([f64; 2]) -> f64) {
    scratch.clear();
    let Some(mut before) = polygon.last().copied() else { return };
    let mut side_before = side(before);
    for &corner in polygon.iter() {
        let side_here = side(corner);
        if (side_before < 0.0) != (side_here < 0.0) {
            let share = side_before / (side_before - side_here);
            let between = |axis: usize| before[axis] + share * (corner[axis] - before[axis]);
            scratch.push([between(0), between(1)]);
        }
        if side_here >= 0.0 {
            scratch.push(corner);
        }
        (before, side_before) = (corner, side_here);
    }
    std::mem::swap(polygon, scratch);
}

/// What two convex polygons have in common.
pub(super) fn intersection(a: &[[f64; 2]], b: &[[f64; 2]]) -> Convex {
    let mut common = a.to_vec();
    let mut scratch = Vec::with_capacity(a.len() + b.len());
    let Some(mut from) = b.last().copied() else { return Vec::new() };
    for &to in b {
        keep(&mut common, &mut scratch, |p| {
            (to[0] - from[0]) * (p[1] - from[1]) - (to[1] - from[1]) * (p[0] - from[0])
        });
        if common.is_empty() {
            break;
        }
        from = to;
    }
    common
}

/// Smallest and largest coordinates.
pub(super) fn bounds(polygon: &[[f64; 2]]) -> ([f64; 2], [f64; 2]) {
    polygon.iter().fold(([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]), |(lo, hi), c| {
        ([lo[0].min(c[0]), lo[1].min(c[1])], [hi[0].max(c[0]), hi[1].max(c[1])])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQUARE: [[f64; 2]; 4] = [[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]];

    #[test]
    fn two_squares_have_their_overlap_in_common() {
        let moved = SQUARE.map(|[x, y]| [x + 1.5, y - 0.5]);
        assert!((area_m2(&intersection(&SQUARE, &moved)) - 0.75).abs() < 1e-12);
        let apart = SQUARE.map(|[x, y]| [x + 3.0, y]);
        assert!(area_m2(&intersection(&SQUARE, &apart)).abs() < 1e-12);
        assert!(intersection(&SQUARE, &[]).is_empty() && area_m2(&[]).abs() < 1e-12);
    }

    #[test]
    fn a_cut_through_corners_leaves_a_triangle() {
        let mut polygon = SQUARE.to_vec();
        keep(&mut polygon, &mut Vec::new(), |[x, y]| y - x);
        assert!((area_m2(&polygon) - 2.0).abs() < 1e-12);
    }
}
