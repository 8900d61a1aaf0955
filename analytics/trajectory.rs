//! Trajectories of people, and what pedestrian dynamics measures on them: density, speed, flow.
//!
//! Positions are metres on the ground, time is frames of a known rate. Definitions follow `PedPy` 1.5.1 where it has them,
//! so that results can be compared; where they differ on purpose, the function says so.

pub mod archive;
pub mod area;
mod convex;
pub mod crossing;
pub mod density;
pub mod kernel;
pub mod measure;
pub mod speed;
pub mod voronoi;

use std::collections::BTreeMap;

use thiserror::Error;

/// One person's way without gaps.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// The person. Someone who is lost and found again has several tracks with one id.
    pub id: u64,
    /// Frame of the first position.
    pub first_frame: i64,
    /// Positions in metres, one a frame.
    pub positions_m: Vec<[f64; 2]>,
}

impl Track {
    /// The position in `frame`; `None` where the person was not seen.
    pub fn at(&self, frame: i64) -> Option<[f64; 2]> {
        self.positions_m.get(usize::try_from(frame - self.first_frame).ok()?).copied()
    }

    /// Frame after the last position.
    pub fn end_frame(&self) -> i64 {
        self.first_frame.saturating_add_unsigned(self.positions_m.len() as u64)
    }
}

/// All people of an experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Trajectories {
    /// Frames a second.
    pub fps: f64,
    tracks: Vec<Track>,
}

/// Why rows are no trajectories.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum InvalidTrajectories {
    /// No row at all.
    #[error("there is no position")]
    Empty,
    /// The frame rate is not a positive number.
    #[error("the frame rate is {fps}; it must be above 0")]
    FrameRate {
        /// The rate given.
        fps: f64,
    },
    /// NaN or infinite.
    #[error("person {id} has a position in frame {frame} that is not a finite number")]
    NotFinite {
        /// The person.
        id: u64,
        /// The frame.
        frame: i64,
    },
    /// Two positions at once.
    #[error("person {id} has two positions in frame {frame}")]
    Twice {
        /// The person.
        id: u64,
        /// The frame.
        frame: i64,
    },
}

/// A person in a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Present {
    /// Index of the track in [`Trajectories::tracks`].
    pub track: usize,
    /// Where, in metres.
    pub position_m: [f64; 2],
}

impl Trajectories {
    /// From rows `(person, frame, position in metres)` in any order.
    ///
    /// # Errors
    /// [`InvalidTrajectories`] names the person and frame that are wrong.
    pub fn from_rows(fps: f64, mut rows: Vec<(u64, i64, [f64; 2])>) -> Result<Self, InvalidTrajectories> {
        if !(fps > 0.0 && fps.is_finite()) {
            return Err(InvalidTrajectories::FrameRate { fps });
        }
        rows.sort_by_key(|(id, frame, _)| (*id, *frame));
        let mut tracks: Vec<Track> = Vec::new();
        for (id, frame, position_m) in rows {
            if !position_m.iter().all(|value| value.is_finite()) {
                return Err(InvalidTrajectories::NotFinite { id, frame });
            }
            match tracks.last_mut().filter(|track| track.id == id) {
                Some(track) if track.end_frame() == frame => track.positions_m.push(position_m),
                Some(track) if track.end_frame() > frame => {
                    return Err(InvalidTrajectories::Twice { id, frame });
                }
                _ => tracks.push(Track { id, first_frame: frame, positions_m: vec![position_m] }),
            }
        }
        if tracks.is_empty() { Err(InvalidTrajectories::Empty) } else { Ok(Self { fps, tracks }) }
    }

    /// What lies between two frames, both included; `None` where nothing does.
    #[must_use]
    pub fn between(&self, first_frame: i64, last_frame: i64) -> Option<Self> {
        let cut = |track: &Track| {
            let (from, to) = (first_frame.max(track.first_frame), (last_frame + 1).min(track.end_frame()));
            let part = |frame: i64| usize::try_from(frame - track.first_frame).ok();
            let positions_m = track.positions_m.get(part(from)?..part(to)?)?.to_vec();
            (!positions_m.is_empty()).then_some(Track { id: track.id, first_frame: from, positions_m })
        };
        let tracks: Vec<Track> = self.tracks.iter().filter_map(cut).collect();
        (!tracks.is_empty()).then_some(Self { fps: self.fps, tracks })
    }

    /// The tracks, by person and time.
    pub fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// Who is present in each frame that has anybody, in the order of frames.
    pub fn frames(&self) -> Vec<(i64, Vec<Present>)> {
        let mut frames: BTreeMap<i64, Vec<Present>> = BTreeMap::new();
        for (track, way) in self.tracks.iter().enumerate() {
            for (frame, position_m) in (way.first_frame..).zip(&way.positions_m) {
                frames.entry(frame).or_default().push(Present { track, position_m: *position_m });
            }
        }
        frames.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn someone_lost_and_found_has_two_tracks() {
        let rows = vec![(1, 7, [2.0, 0.0]), (1, 3, [0.0, 0.0]), (1, 4, [1.0, 0.0]), (0, 4, [5.0, 5.0])];
        let trajectories = Trajectories::from_rows(10.0, rows).unwrap();
        let ways: Vec<_> =
            trajectories.tracks().iter().map(|t| (t.id, t.first_frame, t.positions_m.len())).collect();
        assert_eq!(ways, [(0, 4, 1), (1, 3, 2), (1, 7, 1)]);
        assert_eq!(trajectories.tracks()[1].at(4), Some([1.0, 0.0]));
        assert_eq!(trajectories.tracks()[1].at(5), None);
        let present: Vec<_> = trajectories.frames().iter().map(|(frame, who)| (*frame, who.len())).collect();
        assert_eq!(present, [(3, 1), (4, 2), (7, 1)]);
    }

    #[test]
    fn wrong_rows_are_named() {
        let of = |rows| Trajectories::from_rows(10.0, rows).unwrap_err().to_string();
        assert_eq!(of(vec![]), "there is no position");
        assert_eq!(of(vec![(4, 2, [0.0; 2]), (4, 2, [1.0; 2])]), "person 4 has two positions in frame 2");
        assert!(of(vec![(4, 2, [f64::NAN, 0.0])]).starts_with("person 4 has a position in frame 2"));
        assert!(Trajectories::from_rows(0.0, vec![(1, 1, [0.0; 2])]).is_err());
    }
}
