//! Where poses are written by whoever hears of them and looked up by whoever counts a picture.

use std::{
    sync::{Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::{
    sample::PoseSample,
    track::{NoPose, PoseAt, PoseTrack},
};
use crate::locked::locked;

/// Whose clock the poses of a source carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoseClock {
    /// Seconds since the stream's beginning: poses inside of the stream, or recorded beside a film.
    Stream,
    /// Seconds since 1970: poses that come on a way of their own, at the time of their arrival.
    Wall,
}

/// The poses of one camera.
#[derive(Debug)]
pub struct PoseBook {
    clock: PoseClock,
    pages: Mutex<Pages>,
    written: Condvar,
}

#[derive(Debug, Default)]
struct Pages {
    track: PoseTrack,
    /// The connection that the poses belong to; 0 for those that belong to none.
    session: u64,
    messages: u64,
    unreadable: u64,
}

impl PoseBook {
    /// Empty.
    pub fn new(clock: PoseClock) -> Self {
        Self { clock, pages: Mutex::default(), written: Condvar::new() }
    }

    /// Whose clock its poses carry.
    pub fn clock(&self) -> PoseClock {
        self.clock
    }

    /// Writes a pose down. `session` numbers the connection it came by: those of another one are forgotten.
    pub fn write(&self, session: u64, at_secs: f64, sample: PoseSample) {
        let mut pages = self.pages();
        if pages.session != session {
            (pages.session, pages.track) = (session, PoseTrack::default());
        }
        pages.track.push(at_secs, sample);
        pages.messages += 1;
        drop(pages);
        self.written.notify_all();
    }

    /// Counts a message that could not be read.
    pub fn add_unreadable(&self, messages: u64) {
        self.pages().unreadable += messages;
    }

    /// Messages read and not readable so far.
    pub fn messages(&self) -> (u64, u64) {
        let pages = self.pages();
        (pages.messages, pages.unreadable)
    }

    /// The pose at a time on this book's clock. Waits for `patience` while poses up to that time may still come.
    ///
    /// # Errors
    /// [`NoPose`] where none is near.
    pub fn look_up(&self, at_secs: f64, patience: Duration) -> Result<PoseAt, NoPose> {
        let until = Instant::now() + patience;
        let mut pages = self.pages();
        while pages.track.newest_secs().is_none_or(|newest| newest < at_secs) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            pages = self.written.wait_timeout(pages, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        pages.track.at(at_secs)
    }

    fn pages(&self) -> std::sync::MutexGuard<'_, Pages> {
        locked(&self.pages)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn poses_of_another_connection_are_forgotten() {
        let book = PoseBook::new(PoseClock::Stream);
        book.write(1, 10.0, PoseSample::default());
        assert!(book.look_up(10.0, Duration::ZERO).is_ok());
        book.write(2, 11.0, PoseSample::default());
        assert!((book.look_up(9.5, Duration::ZERO).unwrap().age_secs - 1.5).abs() < 1e-9);
        assert_eq!(book.messages(), (2, 0));
    }

    #[test]
    fn a_pose_that_is_on_its_way_is_waited_for() {
        let book = Arc::new(PoseBook::new(PoseClock::Stream));
        let writer = Arc::clone(&book);
        let thread = std::thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || writer.write(1, 1.0, PoseSample::default()))
            .unwrap();
        assert!(book.look_up(1.0, Duration::from_mins(1)).unwrap().age_secs < 1e-9);
        thread.join().unwrap();
    }
}
