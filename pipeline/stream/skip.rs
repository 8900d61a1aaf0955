//! Which coded pictures need not be decoded, because none of them would be counted.
//!
//! A key frame needs no other picture. Where key frames come at least as often as frames are counted, decoding them
//! alone is enough: they are counted instead of their neighbours, with their own capture times. Motion is measured
//! between counted pictures, so it loses nothing.
//!
//! Where key frames come less often, pictures that no other is predicted from can still be left out, if the others come at
//! least twice as often as frames are counted. Where they do not, everything is decoded.

use super::rate::RateGate;

/// Regular key frames after which the others are left out.
const REGULAR_KEYS: u32 = 3;

/// How much longer than the time between counted frames the distance of key frames may be: one frame in twenty is lost.
const DISTANCE_TOLERANCE: f64 = 1.05;

/// Pictures in a row, none too far from the one before that others need, after which those that none needs are left out.
const REGULAR_PICTURES: u32 = 25;

/// What other pictures need of a coded one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Picture {
    /// It needs no other itself.
    Key,
    /// Others may be predicted from it.
    Needed,
    /// No other is predicted from it.
    Disposable,
}

/// What becomes of a coded picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It goes to the decoder.
    Decode,
    /// It does not.
    Skip {
        /// Whether the decoder must be told to give out what it holds: it may be waiting for pictures that are skipped.
        drain: bool,
    },
}

impl Verdict {
    /// What goes to the decoder by both.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Decode, verdict) | (verdict, Self::Decode) => verdict,
            (Self::Skip { drain }, Self::Skip { drain: or }) => Self::Skip { drain: drain || or },
        }
    }
}

/// Decides for one connection.
#[derive(Clone, Debug)]
pub(super) struct Skipper {
    gate: RateGate,
    longest_distance_secs: f64,
    last_key_secs: Option<f64>,
    regular_keys: u32,
    skips: bool,
    owes_drain: bool,
    last_needed_secs: Option<f64>,
    regular_pictures: u32,
}

impl Skipper {
    pub(super) fn new(count_fps: f64) -> Self {
        Self {
            gate: RateGate::new(count_fps),
            longest_distance_secs: DISTANCE_TOLERANCE / count_fps,
            last_key_secs: None,
            regular_keys: 0,
            skips: false,
            owes_drain: false,
            last_needed_secs: None,
            regular_pictures: 0,
        }
    }

    /// Longest time between two decoded pictures while only key frames are decoded, seconds; 0 otherwise.
    pub(super) fn longest_quiet_secs(&self) -> f64 {
        if self.skips { 2.0 * self.longest_distance_secs } else { 0.0 }
    }

    /// What becomes of the picture at `at_secs` of stream time.
    pub(super) fn decide(&mut self, picture: Picture, at_secs: f64) -> Verdict {
        let is_needless = self.is_needless(picture, at_secs);
        let since_key = self.last_key_secs.map(|last| at_secs - last);
        let is_regular = since_key.is_some_and(|secs| secs <= self.longest_distance_secs);
        if picture == Picture::Key {
            self.regular_keys = if is_regular { self.regular_keys.saturating_add(1) } else { 0 };
            self.last_key_secs = Some(at_secs);
            self.skips = self.regular_keys >= REGULAR_KEYS;
            let is_due = self.gate.passes(at_secs);
            if !self.skips || is_due {
                self.owes_drain = self.skips;
                return Verdict::Decode;
            }
        } else if !self.skips {
            return if is_needless { Verdict::Skip { drain: false } } else { Verdict::Decode };
        } else if !is_regular {
            // The next key frame is late. Without the pictures left out, none before it can be decoded.
            self.regular_keys = 0;
        }
        Verdict::Skip { drain: std::mem::take(&mut self.owes_drain) }
    }

    /// Whether no other picture needs this one, and those that are needed come often enough to be counted instead of it.
    fn is_needless(&mut self, picture: Picture, at_secs: f64) -> bool {
        let since_needed = self.last_needed_secs.map(|last| at_secs - last);
        let is_near = since_needed.is_some_and(|secs| secs <= 0.5 * self.longest_distance_secs);
        self.regular_pictures = if is_near { self.regular_pictures.saturating_add(1) } else { 0 };
        if picture == Picture::Disposable {
            return self.regular_pictures >= REGULAR_PICTURES;
        }
        // Pictures come in the order of decoding, which is not that of time. A clock that began anew is taken over.
        let is_back = since_needed.is_some_and(|secs| -self.longest_distance_secs < secs && secs < 0.0);
        if !is_back {
            self.last_needed_secs = Some(at_secs);
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(is_key: bool) -> Picture {
        if is_key { Picture::Key } else { Picture::Needed }
    }

    /// Times of the pictures decoded, of `secs` of 25 pictures a second with a key frame every `key_every`.
    fn decoded(count_fps: f64, key_every: usize, secs: usize) -> Vec<f64> {
        let mut skipper = Skipper::new(count_fps);
        (0..25 * secs)
            .filter(|i| skipper.decide(key(i % key_every == 0), *i as f64 / 25.0) == Verdict::Decode)
            .map(|i| i as f64 / 25.0)
            .collect()
    }

    #[test]
    fn key_frames_are_enough_where_they_come_as_often_as_is_counted() {
        let late: Vec<f64> = decoded(2.0, 12, 60).into_iter().filter(|at| *at > 3.0).collect();
        assert!((112..=116).contains(&late.len()), "{}", late.len());
        assert!(late.windows(2).all(|pair| pair[1] - pair[0] < 0.97));
        let motion_jpeg = decoded(2.0, 1, 60);
        assert!((118..=122).contains(&motion_jpeg.len()), "{}", motion_jpeg.len());
    }

    #[test]
    fn everything_is_decoded_where_key_frames_come_too_seldom() {
        assert_eq!(decoded(2.0, 50, 20).len(), 500);
        assert_eq!(decoded(5.0, 12, 20).len(), 500);
    }

    #[test]
    fn a_key_frame_that_does_not_come_ends_the_skipping_with_the_next() {
        let mut skipper = Skipper::new(2.0);
        let mut decided = |i: u32| {
            skipper.decide(key(i.is_multiple_of(if i < 120 { 12 } else { 100 })), f64::from(i) / 25.0)
        };
        let decisions: Vec<Verdict> = (0..400).map(&mut decided).collect();
        assert!(matches!(decisions[130], Verdict::Skip { .. }), "its key frame was decoded, it was not");
        assert!(matches!(decisions[199], Verdict::Skip { .. }), "nothing before a key frame can be decoded");
        assert!(decisions[200..].iter().all(|verdict| *verdict == Verdict::Decode));
    }

    #[test]
    fn the_decoder_gives_out_a_key_frame_at_once() {
        let mut skipper = Skipper::new(2.0);
        let drains = (0..500)
            .filter(|i| {
                skipper.decide(key(i % 12 == 0), f64::from(*i) / 25.0) == Verdict::Skip { drain: true }
            })
            .count();
        assert!((30..=40).contains(&drains), "{drains}");
    }

    /// Times of the pictures decoded of 40 s of 25 pictures a second, of which every `needed_every` is needed by others; they are
    /// decoded before those that they come after.
    fn decoded_of_layers(count_fps: f64, needed_every: u32) -> Vec<f64> {
        let mut skipper = Skipper::new(count_fps);
        let groups = (0..1000 / needed_every).flat_map(|group| {
            let last = (group + 1) * needed_every;
            std::iter::once((Picture::Needed, last))
                .chain((1..needed_every).map(move |back| (Picture::Disposable, last - needed_every + back)))
        });
        std::iter::once((Picture::Key, 0))
            .chain(groups)
            .map(|(picture, i)| (picture, f64::from(i) / 25.0))
            .filter(|(picture, at)| skipper.decide(*picture, *at) == Verdict::Decode)
            .map(|(_, at)| at)
            .collect()
    }

    #[test]
    fn pictures_that_none_needs_are_left_out_where_the_others_are_enough() {
        let late: Vec<f64> = decoded_of_layers(2.0, 3).into_iter().filter(|at| *at > 4.0).collect();
        assert!((290..=310).contains(&late.len()), "{}", late.len());
        assert!(late.windows(2).all(|pair| pair[1] - pair[0] < 0.13));
        // Others every 0.36 s do not make two of every counted frame.
        assert!(decoded_of_layers(2.0, 9).len() > 980);
        assert!(decoded_of_layers(10.0, 3).len() > 980);
    }
}
