//! What ground still moves by once the poses' word is taken: what a plane does when the camera is a little elsewhere than they say.

/// Fewest points that it is fitted to.
pub(super) const POINTS_MIN: usize = 40;

/// Rounds of the robust fit, and the residual beyond which a point is no ground, in median absolute deviations.
const ROUNDS: usize = 8;
const OUTLIER_MADS: f64 = 3.0;

/// Least part of a number's own sum of squares, for each point, that the numbers before it do not tell already: less, and the points lie
/// on a line or in a corner.
const PIVOT_MIN: f64 = 1e-4;

/// Numbers of a homography near none: `du = a + b x + c y + g x x + h x y` and `dv = d + e x + f y + g x y + h y y`.
const NUMBERS: usize = 8;

/// A shift of a plane's picture.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Drift {
    /// `a` to `h`, pixels, of places in halves of the picture's width from its middle.
    numbers: [f64; NUMBERS],
    middle_px: [f64; 2],
}

impl Drift {
    pub(super) fn at(&self, at_px: [f64; 2]) -> [f64; 2] {
        self.rows(at_px).map(|row| row.iter().zip(self.numbers).map(|(factor, number)| factor * number).sum())
    }

    /// What each number is multiplied by at a place, for both axes.
    fn rows(&self, at_px: [f64; 2]) -> [[f64; NUMBERS]; 2] {
        // All sums are of one size then.
        let [x, y] = minus(at_px, self.middle_px).map(|px| px / self.middle_px[0].max(1.0));
        [[1.0, x, y, 0.0, 0.0, 0.0, x * x, x * y], [0.0, 0.0, 0.0, 1.0, x, y, x * y, y * y]]
    }

    /// Mean length of the shift over a picture of `size` pixels.
    pub(super) fn mean_px(&self, size: [f64; 2]) -> f64 {
        const SIDE: u32 = 8;
        let part = |k: u32| (f64::from(k) + 0.5) / f64::from(SIDE);
        let all = (0..SIDE * SIDE).map(|k| self.at([part(k % SIDE) * size[0], part(k / SIDE) * size[1]]));
        all.map(|[u, v]| u.hypot(v)).sum::<f64>() / f64::from(SIDE * SIDE)
    }

    /// By least squares over points at `at_px` that moved by `shifts_px`, in a picture of `size` pixels; those that move
    /// otherwise are left out round by round. None for fewer than `POINTS_MIN`.
    pub(super) fn fit(at_px: &[[f64; 2]], shifts_px: &[[f64; 2]], size: [f64; 2]) -> Self {
        let mut drift = Self { middle_px: size.map(|s| 0.5 * s), ..Self::default() };
        if at_px.len() < POINTS_MIN {
            return drift;
        }
        let all = || 0..at_px.len();
        let mut kept: Vec<usize> = all().collect();
        // The median is a better beginning than the mean of what a crowd may have got into.
        for axis in [0, 1] {
            drift.numbers[3 * axis] = median(shifts_px.iter().map(|shift| shift[axis]).collect());
        }
        for _ in 0..ROUNDS {
            let off = |index: usize| {
                let [u, v] = minus(shifts_px[index], drift.at(at_px[index]));
                u.hypot(v)
            };
            let limit = OUTLIER_MADS * median(kept.iter().map(|index| off(*index)).collect()).max(0.02);
            let near: Vec<usize> = all().filter(|index| off(*index) <= limit).collect();
            if near.len() < POINTS_MIN {
                break;
            }
            let Some(better) = drift.least_squares(at_px, shifts_px, &near) else { break };
            (drift, kept) = (better, near);
        }
        drift
    }

    /// By least squares over some points; `None` where they tell too little, as on a line.
    fn least_squares(&self, at_px: &[[f64; 2]], shifts_px: &[[f64; 2]], points: &[usize]) -> Option<Self> {
        let (mut sums, mut sides) = ([[0.0; NUMBERS]; NUMBERS], [0.0; NUMBERS]);
        for index in points {
            for (row, shift) in self.rows(at_px[*index]).iter().zip(shifts_px[*index]) {
                for i in 0..NUMBERS {
                    sides[i] += row[i] * shift;
                    for j in 0..NUMBERS {
                        sums[i][j] += row[i] * row[j];
                    }
                }
            }
        }
        let numbers = solved(sums, sides, PIVOT_MIN * points.len() as f64)?;
        Some(Self { numbers, ..*self })
    }
}

/// The solution of linear equations by elimination with pivots on the diagonal, which sums of squares have; `None` where one is
/// smaller than `pivot_min`.
fn solved(
    mut sums: [[f64; NUMBERS]; NUMBERS],
    mut sides: [f64; NUMBERS],
    pivot_min: f64,
) -> Option<[f64; NUMBERS]> {
    for k in 0..NUMBERS {
        if sums[k][k].is_nan() || sums[k][k] < pivot_min {
            return None;
        }
        for i in k + 1..NUMBERS {
            let share = sums[i][k] / sums[k][k];
            let above = sums[k];
            for (value, above) in sums[i].iter_mut().zip(above) {
                *value -= share * above;
            }
            sides[i] -= share * sides[k];
        }
    }
    for k in (0..NUMBERS).rev() {
        let known: f64 = (k + 1..NUMBERS).map(|j| sums[k][j] * sides[j]).sum();
        sides[k] = (sides[k] - known) / sums[k][k];
    }
    Some(sides)
}

fn minus(a: [f64; 2], b: [f64; 2]) -> [f64; 2] {
    [a[0] - b[0], a[1] - b[1]]
}

/// The middle of some numbers; 0 of none.
pub(super) fn median(mut numbers: Vec<f64>) -> f64 {
    let middle = numbers.len() / 2;
    if numbers.is_empty() { 0.0 } else { *numbers.select_nth_unstable_by(middle, f64::total_cmp).1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grounds_drift_is_found_among_those_who_walk() {
        let at_px: Vec<[f64; 2]> =
            (0..880).map(|k| [f64::from(k % 40) * 24.0 + 12.0, f64::from(k / 40) * 24.0 + 12.0]).collect();
        let truth = Drift { numbers: [1.5, 0.5, -1.0, -0.7, 0.2, 0.5, 0.3, -0.4], middle_px: [480.0, 264.0] };
        let moved = |(index, at): (usize, &[f64; 2])| {
            let [u, v] = truth.at(*at);
            // A third of the points are people whom the counter did not see.
            if index.is_multiple_of(3) { [u + 6.0, v - 2.0] } else { [u, v] }
        };
        let shifts_px: Vec<[f64; 2]> = at_px.iter().enumerate().map(moved).collect();
        let found = Drift::fit(&at_px, &shifts_px, [960.0, 528.0]);
        for middle in [[0.0, 0.0], [960.0, 0.0], [480.0, 264.0]] {
            let [u, v] = minus(found.at(middle), truth.at(middle));
            assert!(u.hypot(v) < 1e-6, "{u} {v}");
        }
        let [u, v] = truth.at([480.0, 264.0]);
        assert!((found.mean_px([960.0, 528.0]) - u.hypot(v)).abs() < 0.4);
    }

    #[test]
    fn ground_on_a_line_tells_nothing_across_it_and_little_ground_tells_nothing() {
        let at_px: Vec<[f64; 2]> = (0..100).map(|k| [f64::from(k), 5.0]).collect();
        let points: Vec<usize> = (0..100).collect();
        let none = Drift { middle_px: [50.0, 5.0], ..Drift::default() };
        assert!(none.least_squares(&at_px, &vec![[1.0, 0.0]; 100], &points).is_none());
        let little = Drift::fit(&at_px[..20], &[[1.0, 0.0]; 20], [100.0, 10.0]);
        assert!(little.at([3.0, 4.0]).into_iter().all(|px| px.abs() < 1e-12));
    }
}
