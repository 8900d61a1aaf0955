//! Poses over time: between two messages of a drone lies a pose that neither of them says.

use std::collections::VecDeque;

use super::sample::{Heights, PoseSample};

/// Messages kept: half an hour at ten a second, and the whole of most recorded flights.
const SAMPLES_MAX: usize = 18_000;

/// What a message leaves out is taken from the one before, where that is not older, seconds: some drones send positions less
/// often than angles.
const FILLED_SECS: f64 = 1.0;

/// Messages farther apart have nothing between them, seconds.
const BRIDGED_SECS: f64 = 3.0;

/// A pose older than this while the gimbal moves degrades the picture, seconds (analytics specification 4.2).
const DEGRADED_SECS: f64 = 0.5;

/// A pose older than this is none, seconds: by then a drone may be anywhere.
const LOST_SECS: f64 = 2.0;

/// Slower than this a gimbal holds still, degrees a second.
const STILL_DEG_PER_S: f64 = 0.5;

/// A clock that goes back by more than this has begun anew, seconds.
const BEGUN_ANEW_SECS: f64 = 5.0;

/// Poses by time, on whatever clock they came with.
#[derive(Clone, Debug, Default)]
pub struct PoseTrack {
    samples: VecDeque<(f64, PoseSample)>,
}

/// A pose at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PoseAt {
    /// The pose.
    pub sample: PoseSample,
    /// How far in time the nearest message is, seconds.
    pub age_secs: f64,
    /// How fast the camera turns, degrees a second.
    pub turn_deg_per_s: f64,
    /// Whether it is old while the camera turns: it may look elsewhere by now.
    pub is_degraded: bool,
}

/// Why there is no pose at a time.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum NoPose {
    /// Nothing has come.
    #[error("no telemetry has come")]
    Nothing,
    /// All that has come is too long ago, or later.
    #[error("the nearest telemetry is {age_secs:.1} s away")]
    TooOld {
        /// How far, seconds.
        age_secs: f64,
    },
}

impl PoseTrack {
    /// Takes a message in. One that comes late finds its place; a clock that goes far back begins anew.
    pub fn push(&mut self, at_secs: f64, sample: PoseSample) {
        if !at_secs.is_finite() {
            return;
        }
        if self.samples.back().is_some_and(|(newest, _)| at_secs < newest - BEGUN_ANEW_SECS) {
            self.samples.clear();
        }
        let place = self.samples.partition_point(|(known, _)| *known <= at_secs);
        let before = place.checked_sub(1).and_then(|before| self.samples.get(before));
        let filled = match before {
            Some((before_secs, before)) if at_secs - before_secs <= FILLED_SECS => filled(sample, before),
            _ => sample,
        };
        self.samples.insert(place, (at_secs, filled));
        if self.samples.len() > SAMPLES_MAX {
            self.samples.pop_front();
        }
    }

    /// Forgets everything: another session has another clock.
    pub fn clear(&mut self) {
        self.samples.clear();
    }

    /// When the newest message was made.
    pub fn newest_secs(&self) -> Option<f64> {
        self.samples.back().map(|(at, _)| *at)
    }

    /// The pose at a time: between two messages, or that of the nearest.
    ///
    /// # Errors
    /// [`NoPose`] where none is near enough to speak for that time.
    pub fn at(&self, at_secs: f64) -> Result<PoseAt, NoPose> {
        let place = self.samples.partition_point(|(known, _)| *known <= at_secs);
        let before = place.checked_sub(1).and_then(|before| self.samples.get(before));
        let after = self.samples.get(place);
        let nearest = match (before, after) {
            (None, None) => return Err(NoPose::Nothing),
            (Some(before), Some(after)) if after.0 - before.0 <= BRIDGED_SECS => {
                let share = (at_secs - before.0) / (after.0 - before.0).max(f64::MIN_POSITIVE);
                let age_secs = (at_secs - before.0).min(after.0 - at_secs);
                let sample = between(&before.1, &after.1, share);
                return judged(sample, age_secs, turn_deg_per_s(before, after));
            }
            (Some(one), None) | (None, Some(one)) => one,
            (Some(before), Some(after)) if at_secs - before.0 <= after.0 - at_secs => before,
            (Some(_), Some(after)) => after,
        };
        let neighbour = match before {
            Some(_) => place.checked_sub(2).and_then(|second| self.samples.get(second)),
            None => self.samples.get(place + 1),
        };
        let turn_deg_per_s = neighbour.map_or(0.0, |neighbour| turn_deg_per_s(neighbour, nearest));
        judged(nearest.1, (at_secs - nearest.0).abs(), turn_deg_per_s)
    }
}

fn judged(sample: PoseSample, age_secs: f64, turn_deg_per_s: f64) -> Result<PoseAt, NoPose> {
    if age_secs > LOST_SECS {
        return Err(NoPose::TooOld { age_secs });
    }
    let is_degraded = age_secs > DEGRADED_SECS && turn_deg_per_s > STILL_DEG_PER_S;
    Ok(PoseAt { sample, age_secs, turn_deg_per_s, is_degraded })
}

fn turn_deg_per_s(a: &(f64, PoseSample), b: &(f64, PoseSample)) -> f64 {
    let angle_deg = a.1.orientation.zip(b.1.orientation).map_or(0.0, |(a, b)| a.angle_to_deg(b));
    let secs = (b.0 - a.0).abs();
    if secs > 0.0 { angle_deg / secs } else { 0.0 }
}

/// A message with what it leaves out taken from another.
fn filled(sample: PoseSample, other: &PoseSample) -> PoseSample {
    let Heights { above_sea_m, above_ellipsoid_m, above_take_off_m, above_ground_m } = sample.heights;
    PoseSample {
        latitude_longitude_deg: sample.latitude_longitude_deg.or(other.latitude_longitude_deg),
        heights: Heights {
            above_sea_m: above_sea_m.or(other.heights.above_sea_m),
            above_ellipsoid_m: above_ellipsoid_m.or(other.heights.above_ellipsoid_m),
            above_take_off_m: above_take_off_m.or(other.heights.above_take_off_m),
            above_ground_m: above_ground_m.or(other.heights.above_ground_m),
        },
        orientation: sample.orientation.or(other.orientation),
        horizontal_fov_deg: sample.horizontal_fov_deg.or(other.horizontal_fov_deg),
        zoom: sample.zoom.or(other.zoom),
        sigma_position_m: sample.sigma_position_m.or(other.sigma_position_m),
        slant_range_m: sample.slant_range_m.or(other.slant_range_m),
    }
}

/// A pose between two: positions on the straight line, directions on the shortest way. What only one of them knows is its.
fn between(a: &PoseSample, b: &PoseSample, share: f64) -> PoseSample {
    let mix = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => Some(a + share * (b - a)),
        (known, None) | (None, known) => known,
    };
    let pair = |a: Option<[f64; 2]>, b: Option<[f64; 2]>| match (a, b) {
        (Some(a), Some(b)) => Some([0, 1].map(|k| a[k] + share * (b[k] - a[k]))),
        (known, None) | (None, known) => known,
    };
    PoseSample {
        latitude_longitude_deg: pair(a.latitude_longitude_deg, b.latitude_longitude_deg),
        heights: Heights {
            above_sea_m: mix(a.heights.above_sea_m, b.heights.above_sea_m),
            above_ellipsoid_m: mix(a.heights.above_ellipsoid_m, b.heights.above_ellipsoid_m),
            above_take_off_m: mix(a.heights.above_take_off_m, b.heights.above_take_off_m),
            above_ground_m: mix(a.heights.above_ground_m, b.heights.above_ground_m),
        },
        orientation: match (a.orientation, b.orientation) {
            (Some(a), Some(b)) => Some(a.towards(b, share)),
            (known, None) | (None, known) => known,
        },
        horizontal_fov_deg: mix(a.horizontal_fov_deg, b.horizontal_fov_deg),
        zoom: mix(a.zoom, b.zoom),
        sigma_position_m: pair(a.sigma_position_m, b.sigma_position_m),
        slant_range_m: mix(a.slant_range_m, b.slant_range_m),
    }
}

#[cfg(test)]
mod tests {
    use throng_analytics::camera::Orientation;

    use super::*;

    fn sample(heading_deg: f64) -> PoseSample {
        PoseSample {
            latitude_longitude_deg: Some([31.0 + heading_deg * 1e-5, 121.0]),
            orientation: Orientation::of_angles([heading_deg, -90.0 + 30.0, 0.0]),
            ..PoseSample::default()
        }
    }

    #[test]
    fn between_two_messages_lies_a_pose() {
        let mut track = PoseTrack::default();
        // The second comes before the first.
        track.push(1.0, sample(10.0));
        track.push(0.5, sample(350.0 - 360.0));
        let at = track.at(0.75).unwrap();
        let [heading, ..] = at.sample.orientation.unwrap().angles_deg();
        assert!(heading.min(360.0 - heading) < 1e-6, "{heading}");
        assert!((at.sample.latitude_longitude_deg.unwrap()[0] - 31.0).abs() < 1e-9);
        assert!((at.age_secs - 0.25).abs() < 1e-9 && !at.is_degraded && at.turn_deg_per_s > 15.0);
    }

    #[test]
    fn an_old_pose_degrades_while_the_gimbal_moves_and_then_is_none() {
        let mut track = PoseTrack::default();
        assert_eq!(track.at(0.0), Err(NoPose::Nothing));
        track.push(0.0, sample(0.0));
        track.push(0.2, sample(4.0));
        assert!(!track.at(0.6).unwrap().is_degraded);
        assert!(track.at(0.8).unwrap().is_degraded);
        assert!(matches!(track.at(3.0), Err(NoPose::TooOld { .. })));
        track.push(0.4, sample(4.0));
        assert!(!track.at(1.2).unwrap().is_degraded, "it holds still");
        track.push(-100.0, sample(0.0));
        assert!(matches!(track.at(0.4), Err(NoPose::TooOld { .. })), "the clock began anew");
    }

    #[test]
    fn what_a_message_leaves_out_is_what_it_was_for_a_second() {
        let mut track = PoseTrack::default();
        track.push(0.0, sample(5.0));
        let fov_only = PoseSample { horizontal_fov_deg: Some(60.0), ..PoseSample::default() };
        track.push(0.5, fov_only);
        assert!(track.at(0.5).unwrap().sample.orientation.is_some());
        track.push(5.0, fov_only);
        assert_eq!(track.at(5.0).unwrap().sample.orientation, None);
    }
}
