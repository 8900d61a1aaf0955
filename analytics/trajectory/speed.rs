//! Speeds of people along their tracks.

use super::Track;

/// Velocity in m/s in each frame of a track, over `step` frames to either side; near its ends over the one side that is
/// there (`PedPy`'s "single-sided" borders). `None` where neither side reaches `step` frames.
///
/// With noise of `s` metres on each position the noise of the speed is `sqrt(2) s fps / (2 step)`: take a `step` of half a
/// second or more for positions seen by a camera.
pub fn velocities_m_per_s(track: &Track, fps: f64, step: usize) -> Vec<Option<[f64; 2]>> {
    let positions = &track.positions_m;
    let step = step.max(1);
    (0..positions.len())
        .map(|frame| {
            let (from, to) = match (frame.checked_sub(step), frame + step < positions.len()) {
                (Some(before), true) => (before, frame + step),
                (None, true) => (frame, frame + step),
                (Some(before), false) => (before, frame),
                (None, false) => return None,
            };
            let secs = (to - from) as f64 / fps;
            Some([0, 1].map(|axis: usize| (positions[to][axis] - positions[from][axis]) / secs))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_walking_has_one_velocity_to_the_ends() {
        let positions_m = (0..50).map(|i| [1.25 * f64::from(i) / 10.0, -0.5 * f64::from(i) / 10.0]).collect();
        let track = Track { id: 1, first_frame: 5, positions_m };
        for velocity in velocities_m_per_s(&track, 10.0, 5) {
            let [x, y] = velocity.unwrap();
            assert!((x - 1.25).abs() < 1e-9 && (y + 0.5).abs() < 1e-9);
        }
    }

    #[test]
    fn a_track_shorter_than_the_step_has_no_speed() {
        let track = Track { id: 1, first_frame: 0, positions_m: vec![[0.0, 0.0]; 5] };
        assert_eq!(velocities_m_per_s(&track, 10.0, 5), vec![None; 5]);
        assert!(velocities_m_per_s(&track, 10.0, 4)[0].is_some());
    }
}
