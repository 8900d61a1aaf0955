//! Decoding that cannot follow: what waits before the decoder grows old, and every picture after it too.
//!
//! A picture that comes to the decoder later than usual tells of it. Until they come as usual again, key frames alone are
//! decoded, at most as many as are counted: the pictures are fewer, and young. What grows no younger by that was not
//! held up here but on its way, and is decoded as it comes.
//!
//! Time is seconds on the stream's clock; nothing here reads one.

use super::{capture_clock::OUR_CLOCK_WITHIN_SECS, rate::RateGate, skip::Verdict};

/// Later than usual by this, pictures are too old, seconds.
const BEHIND_SECS: f64 = 2.0;

/// Later than usual by no more than this, they are young again, seconds.
const CAUGHT_UP_SECS: f64 = 0.5;

/// After so long it must have helped to leave pictures out, seconds.
const HELPS_WITHIN_SECS: f64 = 5.0;

/// Least that is gained where the backlog is ours, seconds a second.
const LEAST_GAIN: f64 = 0.1;

/// How fast the usual may change, seconds a second: clocks differ by a tenth of this.
const DRIFT: f64 = 1e-3;

/// Tells for one connection which pictures are left out.
#[derive(Clone, Debug)]
pub(super) struct Backlog {
    gate: RateGate,
    usual_lag_secs: Option<f64>,
    last_elapsed_secs: f64,
    leaving_out: Option<LeavingOut>,
    owes_drain: bool,
}

/// Since when pictures are left out, and how late they were then.
#[derive(Clone, Copy, Debug)]
struct LeavingOut {
    since_secs: f64,
    lag_secs: f64,
}

impl Backlog {
    /// For a camera whose pictures are counted `count_fps` times a second.
    pub(super) fn new(count_fps: f64) -> Self {
        Self {
            gate: RateGate::new(count_fps),
            usual_lag_secs: None,
            last_elapsed_secs: f64::NEG_INFINITY,
            leaving_out: None,
            owes_drain: false,
        }
    }

    /// Whether pictures come too late, and are left out.
    pub(super) fn is_leaving_out(&self) -> bool {
        self.leaving_out.is_some()
    }

    /// What becomes of a coded picture of stream time `running_secs` that comes to the decoder when `elapsed_secs` have passed
    /// on the stream's clock.
    pub(super) fn decide(&mut self, is_key: bool, running_secs: f64, elapsed_secs: f64) -> Verdict {
        let lag_secs = elapsed_secs - running_secs;
        // A source that began before we connected has a clock of its own, and its first pictures may have been held up.
        let is_ours = OUR_CLOCK_WITHIN_SECS.contains(&lag_secs);
        let usual_secs = self.usual_lag_secs.get_or_insert(if is_ours { 0.0 } else { lag_secs });
        if !OUR_CLOCK_WITHIN_SECS.contains(usual_secs) {
            *usual_secs = usual_secs.min(lag_secs);
        }
        let drift_secs = DRIFT * (elapsed_secs - self.last_elapsed_secs).clamp(0.0, 1.0);
        *usual_secs += (lag_secs - *usual_secs).clamp(-drift_secs, drift_secs);
        self.last_elapsed_secs = elapsed_secs;
        let late_secs = lag_secs - *usual_secs;
        match self.leaving_out {
            None if late_secs > BEHIND_SECS => {
                self.leaving_out = Some(LeavingOut { since_secs: elapsed_secs, lag_secs });
                self.owes_drain = true;
            }
            // What others are predicted from was left out: only a key frame begins anew.
            Some(begun) if is_key => {
                let tried_secs = elapsed_secs - begun.since_secs;
                if late_secs <= CAUGHT_UP_SECS {
                    self.leaving_out = None;
                } else if tried_secs > HELPS_WITHIN_SECS
                    && begun.lag_secs - lag_secs < LEAST_GAIN * tried_secs
                {
                    *usual_secs = lag_secs;
                    self.leaving_out = None;
                }
            }
            _ => {}
        }
        if !self.is_leaving_out() {
            return Verdict::Decode;
        }
        if is_key && self.gate.passes(running_secs) {
            self.owes_drain = true;
            return Verdict::Decode;
        }
        Verdict::Skip { drain: std::mem::take(&mut self.owes_drain) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A stream of 25 pictures a second with a key frame a second, of which a decoder takes `decodes_per_s`, and passes
    /// over `passes_per_s` that are left out; it began `began_secs` before we connected. The age of the last picture that was decoded at the
    /// end of each second.
    fn ages(decodes_per_s: f64, held_up: impl Fn(f64) -> f64, began_secs: f64, secs: u32) -> Vec<f64> {
        let mut backlog = Backlog::new(2.0);
        let (mut free_at, mut ages) = (0.0_f64, Vec::new());
        for i in 0..25 * secs {
            let captured = f64::from(i) / 25.0;
            let comes_at = (captured + 0.1 + held_up(captured)).max(free_at);
            let verdict = backlog.decide(i % 25 == 0, captured + began_secs, comes_at);
            let is_left_out = verdict != Verdict::Decode;
            free_at = comes_at + if is_left_out { 0.001 } else { 1.0 / decodes_per_s };
            if !is_left_out && i % 25 == 0 {
                ages.push(free_at - captured);
            }
        }
        ages
    }

    #[test]
    fn a_decoder_that_cannot_follow_falls_no_further_behind() {
        let ages = ages(15.0, |_| 0.0, 0.0, 600);
        assert!(ages.iter().all(|age| *age < 3.5), "{:?}", &ages[..20]);
        assert!(ages.len() > 590, "key frames are decoded: {}", ages.len());
    }

    #[test]
    fn a_decoder_that_follows_decodes_everything() {
        for began_secs in [0.0, 3600.0] {
            let mut backlog = Backlog::new(2.0);
            // A clock of the source that is slower than ours by 50 millionths.
            let is_left_out = |i: u32| {
                let captured = f64::from(i) / 25.0;
                let running = captured * (1.0 - 5e-5) + began_secs;
                backlog.decide(i.is_multiple_of(25), running, captured + 0.3) != Verdict::Decode
            };
            assert!(!(0..25 * 86_400).any(is_left_out), "{began_secs}");
        }
    }

    #[test]
    fn what_is_held_up_on_its_way_is_decoded_as_it_comes() {
        let mut backlog = Backlog::new(2.0);
        let left_out = (0..25 * 60)
            .filter(|i| {
                let captured = f64::from(*i) / 25.0;
                let held_up = if captured < 20.0 { 0.1 } else { 4.1 };
                backlog.decide(i % 25 == 0, captured, captured + held_up) != Verdict::Decode
            })
            .count();
        assert!((100..200).contains(&left_out), "{left_out}");
    }

    #[test]
    fn after_a_moment_of_too_much_everything_is_decoded_again() {
        // For 5 s the decoder is not given a core.
        let ages = ages(
            50.0,
            |captured| if (30.0..35.0).contains(&captured) { 35.0 - captured } else { 0.0 },
            0.0,
            60,
        );
        assert!(ages[50..].iter().all(|age| *age < 0.2), "{ages:?}");
        assert_eq!(ages.len(), 60);
    }
}
