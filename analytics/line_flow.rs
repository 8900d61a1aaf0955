//! How many people cross a line: in, out, and since when.
//!
//! By Edie's definition of flow (1963) over the strip along the line: `J = sum_i v_i n / h`, with the people `i` in the strip,
//! `n` across the line and `h` the strip's thickness. Whoever crosses at whatever speed is counted once; who turns back in
//! the strip is counted not at all in the sum of both directions. It needs no tracks, only people and velocities, and
//! lengths along `n` cancel: an error of the calibration's scale costs no crossing.

use std::collections::VecDeque;

use crate::{
    estimate::{Estimate, SIGMAS_OF_90_PERCENT},
    flow_field::CellMotion,
    line::StripCell,
    time::Timestamp,
    tracker::PHI,
};

/// Time over which a flow is a mean, seconds: some ten people at a door of capacity (our proposal).
pub const FLOW_WINDOW_SECS: f64 = 10.0;

/// Shortest time that makes a mean, seconds (our proposal).
const FLOW_WINDOW_MIN_SECS: f64 = 2.0;

/// A gap after which what crossed meanwhile is not known, seconds (our proposal).
const GAP_SECS: f64 = 5.0;

/// People in the strip over its thickness up to which it counts as empty, people/m: two in a hundred metres of line.
const EMPTY_PEOPLE_PER_M: f64 = 0.02;

/// Mean of the positive half of a normal deviate.
const HALF_NORMAL_MEAN: f64 = 0.398_942_28;

/// People a second over a line, in one picture.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Crossing {
    /// Inwards.
    pub in_people_per_s: f64,
    /// Outwards.
    pub out_people_per_s: f64,
}

impl Crossing {
    /// Of the people of a picture and their motion over the measured cells of a line's strip. `None` with people of whose
    /// motion hardly anything is known; where nobody is, nobody crosses.
    ///
    /// What the error of motion alone would make cross, as many in as out, is taken off both, so that a crowd that stands at
    /// a line crosses it no more than it does; the balance stays as it is.
    pub fn of(strip: &[StripCell], people_per_cell: &[f64], motion: Option<&CellMotion<'_>>) -> Option<Self> {
        let (mut inwards, mut outwards, mut by_error, mut people, mut known) = (0.0, 0.0, 0.0, 0.0, 0.0);
        let sigma = motion.and_then(|motion| motion.sigma_m_per_s).unwrap_or(0.0);
        for cell in strip {
            let here = people_per_cell.get(cell.index).copied().unwrap_or(0.0).max(0.0);
            let [nx, ny] = cell.across_per_m;
            let share = (nx * nx + ny * ny).sqrt();
            people += here * share;
            let Some(motion) = motion.filter(|motion| motion.is_known[cell.index]) else { continue };
            known += here * share;
            by_error += here * share * sigma * HALF_NORMAL_MEAN;
            let [vx, vy] = motion.velocity_m_per_s[cell.index].map(f64::from);
            let across = here * (vx * nx + vy * ny);
            if across >= 0.0 { inwards += across } else { outwards -= across }
        }
        if known < 0.5 * people {
            return (people < EMPTY_PEOPLE_PER_M).then(Self::default);
        }
        // Those of whose motion nothing is known cross like the others.
        let scale = if known > 0.0 { people / known } else { 1.0 };
        let by_error = by_error.min(inwards).min(outwards);
        Some(Self {
            in_people_per_s: scale * (inwards - by_error),
            out_people_per_s: scale * (outwards - by_error),
        })
    }

    fn net(self) -> f64 {
        self.in_people_per_s - self.out_people_per_s
    }
}

/// People who have crossed since a time, with what the counter's interval makes of them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Sums {
    /// In and out.
    people: [f64; 2],
    lo: [f64; 2],
    hi: [f64; 2],
}

impl Sums {
    fn less(self, before: Self) -> Self {
        let less = |a: [f64; 2], b: [f64; 2]| [a[0] - b[0], a[1] - b[1]];
        Self {
            people: less(self.people, before.people),
            lo: less(self.lo, before.lo),
            hi: less(self.hi, before.hi),
        }
    }

    /// With the scatter of those missed or invented (analytics specification 4.4), added in squares.
    fn estimate(self, direction: usize) -> Estimate {
        let people = self.people[direction];
        let scatter = SIGMAS_OF_90_PERCENT.powi(2) * PHI * people;
        let half = |end: f64| ((people - end).powi(2) + scatter).sqrt();
        Estimate {
            lo: (people - half(self.lo[direction])).max(0.0),
            value: people,
            hi: people + half(self.hi[direction]),
        }
    }
}

/// A line's flow over time: its N-t diagram, with the last seconds kept.
#[derive(Clone, Debug, Default)]
pub struct LineMeter {
    since: Option<Timestamp>,
    last: Option<(Timestamp, Crossing)>,
    sums: Sums,
    recent: VecDeque<(Timestamp, Sums)>,
}

/// What a line's meter says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LineFlow {
    /// Inwards, people a second: mean of the last [`FLOW_WINDOW_SECS`].
    pub in_people_per_s: Estimate,
    /// Outwards, likewise.
    pub out_people_per_s: Estimate,
    /// Since when the crossings are summed up without a gap.
    pub since: Timestamp,
    /// People who have come in since.
    pub in_people: Estimate,
    /// People who have gone out since.
    pub out_people: Estimate,
}

impl LineFlow {
    /// In less out, people a second.
    pub fn net_people_per_s(&self) -> f64 {
        self.in_people_per_s.value - self.out_people_per_s.value
    }
}

impl LineMeter {
    /// Takes in a picture. `count_ratio` is `lo / people` and `hi / people` of the counter's interval. Between two pictures
    /// the flow is taken as linear; over a gap of more than 5 s nobody knows, and the sum begins anew.
    pub fn observe(&mut self, at: Timestamp, crossing: Crossing, count_ratio: (f64, f64)) {
        let Some((before_at, before)) = self.last.replace((at, crossing)) else {
            self.begin(at);
            return;
        };
        let dt = at.secs_since(before_at);
        if !(0.0..=GAP_SECS).contains(&dt) {
            self.begin(at);
            return;
        }
        let crossed = [
            0.5 * dt * (before.in_people_per_s + crossing.in_people_per_s),
            0.5 * dt * (before.out_people_per_s + crossing.out_people_per_s),
        ];
        for (k, people) in crossed.into_iter().enumerate() {
            self.sums.people[k] += people;
            self.sums.lo[k] += people * count_ratio.0.min(1.0);
            self.sums.hi[k] += people * count_ratio.1.max(1.0);
        }
        self.recent.push_back((at, self.sums));
        // One from before the window is kept, so that the mean covers all of it.
        while self.recent.get(1).is_some_and(|(second, _)| at.secs_since(*second) >= FLOW_WINDOW_SECS) {
            self.recent.pop_front();
        }
    }

    fn begin(&mut self, at: Timestamp) {
        self.sums = Sums::default();
        self.since = Some(at);
        self.recent.clear();
        self.recent.push_back((at, self.sums));
    }

    /// Since when it sums up, and in less out since then: for balances.
    pub fn balance(&self) -> Option<(Timestamp, f64)> {
        self.since.map(|since| (since, self.sums.people[0] - self.sums.people[1]))
    }

    /// In less out in the newest picture, and in plus out, people a second.
    pub fn newest(&self) -> Option<(f64, f64)> {
        self.last.map(|(_, c)| (c.net(), c.in_people_per_s + c.out_people_per_s))
    }

    /// What it knows; `None` before two seconds have been seen.
    pub fn reading(&self) -> Option<LineFlow> {
        let (first, before) = self.recent.front()?;
        let (last, now) = self.recent.back()?;
        let secs = last.secs_since(*first);
        if secs < FLOW_WINDOW_MIN_SECS {
            return None;
        }
        let crossed = now.less(*before);
        Some(LineFlow {
            in_people_per_s: crossed.estimate(0).scaled(1.0 / secs),
            out_people_per_s: crossed.estimate(1).scaled(1.0 / secs),
            since: self.since?,
            in_people: self.sums.estimate(0),
            out_people: self.sums.estimate(1),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ground::GroundGrid,
        line::{Polyline, Side},
    };

    const GRID: GroundGrid =
        GroundGrid { origin_m: [0.0, 0.0], cell_m: 0.5, width_cells: 20, height_cells: 20 };

    fn at(secs: f64) -> Timestamp {
        Timestamp::from_unix_nanos(0) + secs
    }

    /// A line of 4 m in the middle of the grid, along x; in is up.
    fn strip() -> Vec<StripCell> {
        Polyline::new(vec![[3.0, 5.0], [7.0, 5.0]]).unwrap().strip(&GRID, Side::Left)
    }

    fn crossing(velocity: impl Fn(usize) -> [f32; 2], sigma_m_per_s: Option<f64>) -> Crossing {
        let velocity_m_per_s: Vec<[f32; 2]> = (0..GRID.len()).map(velocity).collect();
        let motion =
            CellMotion { velocity_m_per_s: &velocity_m_per_s, is_known: &[true; 400], sigma_m_per_s };
        // Two people a square metre.
        Crossing::of(&strip(), &[0.5; 400], Some(&motion)).unwrap()
    }

    #[test]
    fn a_stream_is_its_density_times_speed_times_width() {
        let up = crossing(|_| [0.3, 1.5], None);
        assert!((up.in_people_per_s - 12.0).abs() < 1e-6 && up.out_people_per_s.abs() < 1e-9);
        let along = crossing(|_| [2.0, 0.0], None);
        assert!(along.in_people_per_s.abs() < 1e-9 && along.out_people_per_s.abs() < 1e-9);
    }

    #[test]
    fn without_motion_only_an_empty_line_is_known() {
        assert_eq!(Crossing::of(&strip(), &[0.5; 400], None), None);
        assert_eq!(Crossing::of(&strip(), &[0.0; 400], None), Some(Crossing::default()));
    }

    #[test]
    fn opposed_streams_are_told_apart() {
        // Columns left of x = 5 go up, the others down at half the speed.
        let both = crossing(|i| if i % 20 < 10 { [0.0, 1.0] } else { [0.0, -0.5] }, None);
        assert!((both.in_people_per_s - 4.0).abs() < 1e-6 && (both.out_people_per_s - 2.0).abs() < 1e-6);
    }

    #[test]
    fn a_trembling_crowd_crosses_no_line() {
        let tremble = |i: usize| {
            let u = ((i * 7919) % 1009) as f64 / 1009.0 + 0.0003;
            let angle = (i * 104_729 % 628) as f64 / 100.0;
            let radius = 0.2 * (-2.0 * u.ln()).sqrt();
            [(radius * angle.cos()) as f32, (radius * angle.sin()) as f32]
        };
        let (rough, freed) = (crossing(tremble, None), crossing(tremble, Some(0.2)));
        assert!(rough.in_people_per_s + rough.out_people_per_s > 1.0, "{rough:?}");
        assert!(freed.in_people_per_s + freed.out_people_per_s < 0.4, "{freed:?}");
        assert!((rough.net() - freed.net()).abs() < 1e-9, "the balance is left alone");
    }

    #[test]
    fn crossings_add_up_and_a_gap_begins_them_anew() {
        let mut meter = LineMeter::default();
        let two = Crossing { in_people_per_s: 2.0, out_people_per_s: 0.5 };
        for i in 0..=200 {
            meter.observe(at(f64::from(i) / 10.0), two, (0.8, 1.3));
        }
        let flow = meter.reading().unwrap();
        assert!((flow.in_people.value - 40.0).abs() < 1e-9 && (flow.out_people.value - 10.0).abs() < 1e-9);
        assert!(
            (flow.in_people_per_s.value - 2.0).abs() < 1e-9 && (flow.net_people_per_s() - 1.5).abs() < 1e-9
        );
        let [below, above] = [40.0 - flow.in_people.lo, flow.in_people.hi - 40.0];
        assert!(above > 12.0 && below > 8.0 && above > below, "the interval is the counter's and scatter");
        meter.observe(at(40.0), two, (0.8, 1.3));
        assert_eq!(meter.reading(), None);
        assert_eq!(meter.balance(), Some((at(40.0), 0.0)));
    }
}
