//! Which of the decoded frames are counted.

/// Passes the first frame at or after each tick of `count_fps`.
///
/// Ticks lie at whole multiples of the period in stream time, so the choice depends on the footage alone and not on
/// how fast it is read.
#[derive(Clone, Debug)]
pub(super) struct RateGate {
    count_fps: f64,
    last_tick: Option<i64>,
}

impl RateGate {
    pub(super) fn new(count_fps: f64) -> Self {
        Self { count_fps, last_tick: None }
    }

    /// Whether the frame at `running_secs` of stream time is counted.
    pub(super) fn passes(&mut self, running_secs: f64) -> bool {
        // A thousandth of a period absorbs the rounding of time stamps to whole nanoseconds or 90 kHz ticks.
        let tick = (running_secs * self.count_fps + 1e-3).floor() as i64;
        let passes = self.last_tick.is_none_or(|last| tick > last);
        if passes {
            self.last_tick = Some(tick);
        }
        passes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(source_fps: f64, count_fps: f64, frames: usize) -> usize {
        let mut gate = RateGate::new(count_fps);
        (0..frames).filter(|i| gate.passes(*i as f64 / source_fps)).count()
    }

    #[test]
    fn the_rate_is_met_whatever_the_source_delivers() {
        assert_eq!(passed(10.0, 5.0, 100), 50);
        assert_eq!(passed(25.0, 5.0, 250), 50);
        assert_eq!(passed(29.97, 5.0, 2997), 500);
        assert_eq!(passed(25.0, 10.0, 250), 100);
        assert_eq!(passed(10.0, 30.0, 100), 100);
    }
}
