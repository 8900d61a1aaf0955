//! When a picture was captured: stream time on our clock, and on the camera's where both agree.
//!
//! Stream time of a live source is the time at which a picture should have arrived; the clock is read once a
//! connection, so that later changes of the wall clock move nothing. A camera that tells its own time (RTCP sender reports)
//! says how much earlier a picture was taken: that is taken over, slowly, where it can be true, and shown in any case.

use throng_analytics::time::Timestamp;

/// Latest arrival after its stream time with which a source keeps to our clock, seconds. Sources with a clock of their
/// own, which began before we connected, are elsewhere altogether.
pub(super) const OUR_CLOCK_WITHIN_SECS: std::ops::Range<f64> = -0.5..10.0;

/// Change of arrival after stream time that is no delay any more, seconds: nothing arrives before it was captured, and
/// what is held up for longer has lost its time.
const JUMP_OUTSIDE_SECS: std::ops::Range<f64> = -2.0..30.0;

/// Delay of a picture by the camera and the network that can be true, seconds. A camera's clock that says anything else
/// is wrong.
const TRUE_DELAY_SECS: std::ops::Range<f64> = -0.1..5.0;

/// Seconds by which capture times are corrected in a second: motion is measured over times at most 5 % wrong meanwhile.
const SLEW_PER_SEC: f64 = 0.05;

/// The clock of one connection.
#[derive(Clone, Debug, Default)]
pub(super) struct CaptureClock {
    anchor: Option<Anchor>,
    correction_secs: f64,
    last_running_secs: f64,
    behind_secs: Option<f64>,
}

/// Where stream time lies on our clock.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    /// Time of day at stream time zero.
    origin: Timestamp,
    /// Arrival after stream time of the first picture, where the source's clock is not ours; else 0.
    lag_secs: f64,
}

/// When a picture was captured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Captured {
    /// By the wall clock.
    pub(super) at: Timestamp,
    /// How long ago that was, seconds.
    pub(super) age_secs: f64,
}

/// The stream's clock jumped by this many seconds: times before and after have nothing in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Jump(pub(super) f64);

impl CaptureClock {
    /// The camera's clock behind ours, seconds; it includes the way through the network.
    pub(super) fn behind_secs(&self) -> Option<f64> {
        self.behind_secs
    }

    /// The capture time of a picture of stream time `running_secs`, when `elapsed_secs` have passed on the stream's
    /// clock and `now` is the time of day. `sender_at_zero` is the camera's own time at stream time zero.
    pub(super) fn captured(
        &mut self,
        running_secs: f64,
        elapsed_secs: f64,
        now: Timestamp,
        sender_at_zero: Option<Timestamp>,
    ) -> Result<Captured, Jump> {
        let lag_secs = elapsed_secs - running_secs;
        let anchor = self.anchor.get_or_insert_with(|| {
            let lag_secs = if OUR_CLOCK_WITHIN_SECS.contains(&lag_secs) { 0.0 } else { lag_secs };
            Anchor { origin: now - elapsed_secs + lag_secs, lag_secs }
        });
        let mut late_secs = lag_secs - anchor.lag_secs;
        if !JUMP_OUTSIDE_SECS.contains(&late_secs) {
            return Err(Jump(-late_secs));
        }
        // The pictures before were held up, or its clock is faster than ours: this one was captured now at the latest.
        if late_secs < 0.0 {
            *anchor = Anchor { origin: anchor.origin + late_secs, lag_secs };
            late_secs = 0.0;
        }
        if let Some(sender_at_zero) = sender_at_zero {
            let behind_secs = anchor.origin.secs_since(sender_at_zero);
            self.behind_secs = Some(behind_secs);
            let wanted = if TRUE_DELAY_SECS.contains(&behind_secs) { behind_secs.max(0.0) } else { 0.0 };
            let most = SLEW_PER_SEC * (running_secs - self.last_running_secs).clamp(0.0, 1.0);
            self.correction_secs += (wanted - self.correction_secs).clamp(-most, most);
        }
        self.last_running_secs = running_secs;
        let at = anchor.origin + (running_secs - self.correction_secs);
        Ok(Captured { at, age_secs: (late_secs + self.correction_secs).max(0.0) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_unix_nanos(1_700_000_000_000_000_000);

    /// Capture times of pictures every 40 ms that arrive 0.1 s late, after the start.
    fn times(
        clock: &mut CaptureClock,
        first: f64,
        began: f64,
        count: u32,
        sender: Option<Timestamp>,
    ) -> Vec<f64> {
        (0..count)
            .map(|i| {
                let running = first + f64::from(i) * 0.04;
                let elapsed = began + f64::from(i) * 0.04 + 0.1;
                let captured = clock.captured(running, elapsed, START + elapsed, sender).unwrap();
                captured.at.secs_since(START)
            })
            .collect()
    }

    #[test]
    fn stream_time_lies_on_our_clock() {
        let ours = times(&mut CaptureClock::default(), 0.0, 0.0, 50, None);
        assert!(ours.iter().enumerate().all(|(i, at)| (at - i as f64 * 0.04).abs() < 1e-6), "{ours:?}");
        // Joined an hour after it began: its first picture is now.
        let theirs = times(&mut CaptureClock::default(), 3600.0, 0.0, 50, None);
        assert!(
            (theirs[0] - 0.1).abs() < 1e-6 && (theirs[49] - 0.1 - 49.0 * 0.04).abs() < 1e-6,
            "{theirs:?}"
        );
    }

    #[test]
    fn pictures_that_were_held_up_at_first_are_no_jump_of_the_clock() {
        for began_secs in [0.0, 3600.0] {
            let mut clock = CaptureClock::default();
            // Until 6 s after the first of them was sent they all come at once.
            let captured = (0..500_u32).map(|i| {
                let sent = f64::from(i) * 0.04;
                let elapsed = 0.5 + sent.max(6.0);
                let captured = clock.captured(sent + began_secs, elapsed, START + elapsed, None);
                captured.unwrap().at.secs_since(START)
            });
            let captured: Vec<f64> = captured.collect();
            assert!(captured.windows(2).all(|pair| pair[1] >= pair[0] - 1e-6), "{captured:?}");
            assert!((captured[499] - (499.0 * 0.04 + 0.5)).abs() < 0.51, "{}", captured[499]);
        }
    }

    #[test]
    fn a_cameras_clock_that_can_be_true_is_taken_over_slowly() {
        let mut clock = CaptureClock::default();
        let corrected = times(&mut clock, 0.0, 0.0, 500, Some(START - 0.3));
        assert!((clock.behind_secs().unwrap() - 0.3).abs() < 1e-6);
        assert!((corrected[499] - (499.0 * 0.04 - 0.3)).abs() < 1e-6, "{}", corrected[499]);
        assert!(corrected.windows(2).all(|pair| (0.037..0.043).contains(&(pair[1] - pair[0]))));
    }

    #[test]
    fn a_cameras_clock_that_is_wrong_is_shown_and_not_used() {
        for wrong in [-7200.0, 3.0, 7200.0] {
            let mut clock = CaptureClock::default();
            let kept = times(&mut clock, 0.0, 0.0, 100, Some(START + wrong));
            assert!((clock.behind_secs().unwrap() + wrong).abs() < 1e-6);
            assert!((kept[99] - 99.0 * 0.04).abs() < 1e-6, "{wrong}: {}", kept[99]);
        }
    }

    #[test]
    fn a_clock_that_jumps_ends_the_connection() {
        let mut clock = CaptureClock::default();
        times(&mut clock, 0.0, 0.0, 10, None);
        assert!(clock.captured(1.0, 9.0, START + 9.0, None).is_ok(), "held up by the network");
        for jump in [100.0, -100.0] {
            let Jump(secs) = clock.captured(10.0 + jump, 10.1, START + 10.1, None).unwrap_err();
            assert!((secs - jump).abs() < 1.0, "{secs}");
        }
    }
}
