//! A picture that moves as a whole: the camera shakes or turns, and what it sees is not where the calibration says.

use throng_analytics::time::Timestamp;

/// Least shift that counts, in reduced pixels between two pictures; the flow's own noise stays well below.
const LEAST_SHIFT_PX: f32 = 0.5;

/// Share of the picture that must move alike. People who walk the same way leave the ground between and above them
/// at rest, so a crowd does not reach it.
const LEAST_SHARE: f32 = 0.8;

/// How far the shift of a cell may lie from the median to be alike: this part of it, and this many reduced pixels.
const ALIKE: (f32, f32) = (0.25, 0.25);

/// A picture that has not moved as a whole for this long is steady again, seconds.
const STEADY_AFTER_SECS: f64 = 2.0;

/// The shift common to a picture's cells, in the unit of `shifts_px` (reduced pixels); `None` where they do not move
/// alike or do not move.
fn common_shift_px(shifts_px: &[[f32; 2]]) -> Option<[f32; 2]> {
    let median = |axis: usize| {
        let mut values: Vec<f32> = shifts_px.iter().map(|shift| shift[axis]).collect();
        let middle = values.len() / 2;
        (middle < values.len()).then(|| *values.select_nth_unstable_by(middle, f32::total_cmp).1)
    };
    let [u, v] = [median(0)?, median(1)?];
    let length = u.hypot(v);
    if length.is_nan() || length < LEAST_SHIFT_PX {
        return None;
    }
    let far = ALIKE.0 * length + ALIKE.1;
    let alike = shifts_px.iter().filter(|shift| (shift[0] - u).hypot(shift[1] - v) <= far).count();
    (alike as f32 >= LEAST_SHARE * shifts_px.len() as f32).then_some([u, v])
}

/// Tells once when a camera starts to shake, and once when it is steady again.
#[derive(Debug, Default)]
pub(super) struct ShakeWatch {
    /// When the picture last moved as a whole; `None` while it is steady.
    last_shift_at: Option<Timestamp>,
}

/// What has changed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum ShakeChange {
    /// The picture has begun to move as a whole, by this much in reduced pixels.
    Began([f32; 2]),
    /// It has come to rest.
    Ended,
}

impl ShakeWatch {
    /// Takes in the shifts of a picture's cells since the picture before, in reduced pixels.
    pub(super) fn observe(&mut self, shifts_px: &[[f32; 2]], captured_at: Timestamp) -> Option<ShakeChange> {
        match (common_shift_px(shifts_px), self.last_shift_at) {
            (Some(shift), before) => {
                self.last_shift_at = Some(captured_at);
                before.is_none().then_some(ShakeChange::Began(shift))
            }
            (None, Some(at)) if captured_at.secs_since(at) >= STEADY_AFTER_SECS => {
                self.last_shift_at = None;
                Some(ShakeChange::Ended)
            }
            (None, _) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_walking_through_is_no_shift_of_the_picture() {
        let still = [0.01, -0.02];
        let crowd: Vec<[f32; 2]> = (0..100).map(|i| if i % 10 < 6 { [4.0, 0.5] } else { still }).collect();
        assert_eq!(common_shift_px(&crowd), None);
        assert_eq!(common_shift_px(&[still; 100]), None);
        assert_eq!(common_shift_px(&[]), None);
        assert_eq!(common_shift_px(&[[f32::NAN; 2]; 9]), None);
    }

    #[test]
    fn a_turning_camera_is_told_once_until_it_is_steady_again() {
        let mut watch = ShakeWatch::default();
        let at = |secs: f64| Timestamp::default() + secs;
        let turned: Vec<[f32; 2]> = (0..100).map(|i| if i < 90 { [3.0, -1.0] } else { [0.0, 0.0] }).collect();
        let still = [[0.0, 0.1]; 100];
        assert_eq!(watch.observe(&still, at(0.0)), None);
        assert_eq!(watch.observe(&turned, at(0.1)), Some(ShakeChange::Began([3.0, -1.0])));
        assert_eq!(watch.observe(&turned, at(0.2)), None);
        assert_eq!(watch.observe(&still, at(1.0)), None);
        assert_eq!(watch.observe(&turned, at(1.5)), None);
        assert_eq!(watch.observe(&still, at(3.6)), Some(ShakeChange::Ended));
        assert_eq!(watch.observe(&still, at(3.7)), None);
    }
}
