//! How late a picture is against the telemetry: the motion seen in the picture, laid over the motion that the telemetry
//! foretells, at the delay at which both agree best.

use std::collections::VecDeque;

use throng_analytics::camera::DroneCamera;

/// Motion is compared over this long, seconds.
const WINDOW_SECS: f64 = 60.0;

/// Fewest steps that are compared.
const STEPS_MIN: usize = 40;

/// Delays that are tried, -2 to 8 s: DJI's RTMP lags by seconds, and clocks may be off either way.
const DELAY_STEPS: std::ops::RangeInclusive<i32> = -10..=40;
const DELAY_STEP_SECS: f64 = 0.2;

/// How often it is worked out anew, seconds.
const EVERY_SECS: f64 = 10.0;

/// Correlation from which a delay is believed, and by how much it must beat the one a second beside it: a camera that hardly
/// moves, or moves evenly, tells nothing.
const SURE_CORRELATION: f64 = 0.6;
const SURE_AHEAD: f64 = 0.15;

/// A delay, and how well both motions agree there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MeasuredDelay {
    /// How much later a picture comes than the telemetry of its moment, seconds.
    pub secs: f64,
    /// Correlation of both motions at it, at most 1.
    pub correlation: f64,
    /// Whether it can be relied on.
    pub is_sure: bool,
}

/// Measures the delay of one camera.
#[derive(Clone, Debug, Default)]
pub struct DelayMeter {
    /// From when to when, and the shift of the picture, pixels.
    steps: VecDeque<(f64, f64, [f64; 2])>,
    updated_secs: Option<f64>,
    reading: Option<MeasuredDelay>,
}

impl DelayMeter {
    /// Takes in how the picture moved between two times on the telemetry's clock. A clock that goes back begins anew.
    pub fn observe(&mut self, from_secs: f64, to_secs: f64, shift_px: [f64; 2]) {
        if self.steps.back().is_some_and(|(_, newest, _)| to_secs <= *newest) {
            *self = Self::default();
        }
        self.steps.push_back((from_secs, to_secs, shift_px));
        while self.steps.front().is_some_and(|(from, ..)| to_secs - from > WINDOW_SECS) {
            self.steps.pop_front();
        }
    }

    /// Works the delay out where it is time to; `camera_at` tells the camera that telemetry states for a time.
    pub fn update(&mut self, now_secs: f64, camera_at: &dyn Fn(f64) -> Option<DroneCamera>) {
        let is_due = self.updated_secs.is_none_or(|at| !(0.0..EVERY_SECS).contains(&(now_secs - at)));
        if !is_due || self.steps.len() < STEPS_MIN {
            return;
        }
        self.updated_secs = Some(now_secs);
        let correlations: Vec<Option<f64>> =
            DELAY_STEPS.map(|k| self.correlation(f64::from(k) * DELAY_STEP_SECS, camera_at)).collect();
        let at = |index: usize| correlations.get(index).copied().flatten();
        let best = (0..correlations.len())
            .filter_map(|index| Some((index, at(index)?)))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        let Some((index, correlation)) = best else { return };
        // A parabola through the best and its neighbours lies between the steps.
        let between = match (index.checked_sub(1).and_then(at), at(index + 1)) {
            (Some(left), Some(right)) if left + right < 2.0 * correlation => {
                0.5 * (left - right) / (left - 2.0 * correlation + right)
            }
            _ => 0.0,
        };
        let second = (1.0 / DELAY_STEP_SECS).round() as usize;
        let beside = [index.checked_sub(second).and_then(at), at(index + second)];
        let beside = beside.into_iter().flatten().fold(f64::NEG_INFINITY, f64::max);
        self.reading = Some(MeasuredDelay {
            secs: (f64::from(*DELAY_STEPS.start()) + index as f64 + between) * DELAY_STEP_SECS,
            correlation,
            is_sure: correlation >= SURE_CORRELATION && correlation - beside >= SURE_AHEAD,
        });
    }

    /// The delay as last worked out.
    pub fn reading(&self) -> Option<MeasuredDelay> {
        self.reading
    }

    /// Correlation of seen and foretold shifts at a delay; `None` where too few are foretold.
    fn correlation(&self, delay_secs: f64, camera_at: &dyn Fn(f64) -> Option<DroneCamera>) -> Option<f64> {
        let foretold = |(from, to, seen): &(f64, f64, [f64; 2])| {
            let (earlier, now) = (camera_at(from - delay_secs)?, camera_at(to - delay_secs)?);
            let middle = now.image_size_px().map(|px| f64::from(px) / 2.0);
            let went = now.image_from_earlier(&earlier, 0.0)?.apply(middle)?;
            Some((*seen, [went[0] - middle[0], went[1] - middle[1]]))
        };
        let pairs: Vec<([f64; 2], [f64; 2])> = self.steps.iter().filter_map(foretold).collect();
        if pairs.len() < STEPS_MIN {
            return None;
        }
        let n = pairs.len() as f64;
        let (mut both, mut seen_squared, mut foretold_squared) = (0.0, 0.0, 0.0);
        for axis in 0..2 {
            let a = pairs.iter().map(|(seen, _)| seen[axis]).sum::<f64>() / n;
            let b = pairs.iter().map(|(_, foretold)| foretold[axis]).sum::<f64>() / n;
            for (seen, foretold) in &pairs {
                let (x, y) = (seen[axis] - a, foretold[axis] - b);
                both += x * y;
                seen_squared += x * x;
                foretold_squared += y * y;
            }
        }
        let product = seen_squared * foretold_squared;
        (product > 0.0).then(|| both / product.sqrt())
    }
}

#[cfg(test)]
mod tests {
    use throng_analytics::camera::{DronePose, Orientation};

    use super::*;

    /// A gimbal that wavers unevenly.
    fn camera_at(secs: f64) -> Option<DroneCamera> {
        let waver = (1.1 * secs).sin() + 0.7 * (2.3 * secs + 1.0).sin() + 0.5 * (0.37 * secs).cos();
        DronePose {
            position_m: [0.0, 0.0, 30.0],
            orientation: Orientation::of_angles([waver, -60.0 + 0.5 * waver, 0.0])?,
            horizontal_fov_deg: 60.0,
            image_size_px: [960, 540],
        }
        .camera()
        .ok()
    }

    /// What is measured where pictures come `delay_secs` late.
    fn measured(delay_secs: f64, seen_at: &dyn Fn(f64) -> Option<DroneCamera>) -> Option<MeasuredDelay> {
        let mut meter = DelayMeter::default();
        for k in 1..=300 {
            let (from, to) = (f64::from(k - 1) * 0.2, f64::from(k) * 0.2);
            let (earlier, now) = (seen_at(from - delay_secs).unwrap(), seen_at(to - delay_secs).unwrap());
            let went = now.image_from_earlier(&earlier, 0.0).unwrap().apply([480.0, 270.0]).unwrap();
            meter.observe(from, to, [went[0] - 480.0, went[1] - 270.0]);
        }
        meter.update(60.0, &camera_at);
        meter.reading()
    }

    #[test]
    fn a_delay_is_found_to_a_twentieth_of_a_second() {
        for delay_secs in [0.0, 0.33, 2.75, -1.2] {
            let found = measured(delay_secs, &camera_at).unwrap();
            assert!((found.secs - delay_secs).abs() < 0.05 && found.is_sure, "{delay_secs}: {found:?}");
        }
    }

    #[test]
    fn motion_that_has_nothing_to_do_with_the_telemetry_is_no_delay() {
        let other = |secs: f64| camera_at(1000.0 + 1.9 * secs);
        assert!(!measured(0.0, &other).unwrap().is_sure);
        assert_eq!(measured(0.0, &|_| camera_at(0.0)), None, "a picture that stands still tells nothing");
    }
}
