//! The hand-over from a camera to the counter: room for one frame.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use crossbeam::channel::{Receiver, SendTimeoutError, Sender, TrySendError, bounded};

use super::counters::{DropCause, FrameCounters};

/// How often a waiting hand-over looks whether the run has ended.
const STOP_CHECK: Duration = Duration::from_millis(20);

/// What happens when the counter is slower than the camera.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WhenFull {
    /// The newest frame wins: live pictures must not grow old in a queue.
    ReplaceOldest,
    /// The source waits: recorded footage is counted whole.
    Wait,
}

/// The camera's end of the slot.
pub(super) struct SlotSender<T> {
    sender: Sender<T>,
    waiting: Receiver<T>,
    when_full: WhenFull,
    counters: Arc<FrameCounters>,
    stopping: Arc<AtomicBool>,
}

/// A slot with room for one item, and its two ends.
pub(super) fn slot<T>(
    when_full: WhenFull,
    counters: Arc<FrameCounters>,
    stopping: Arc<AtomicBool>,
) -> (SlotSender<T>, Receiver<T>) {
    let (sender, receiver) = bounded(1);
    (SlotSender { sender, waiting: receiver.clone(), when_full, counters, stopping }, receiver)
}

impl<T> SlotSender<T> {
    /// Hands `item` over; every item that does not arrive is counted with its cause.
    pub(super) fn put(&self, item: T) {
        match self.when_full {
            WhenFull::ReplaceOldest => self.replace(item),
            WhenFull::Wait => self.wait(item),
        }
    }

    fn replace(&self, item: T) {
        let mut item = item;
        // Only this side fills the slot, so after taking out the old frame there is room.
        while let Err(TrySendError::Full(refused)) = self.sender.try_send(item) {
            item = refused;
            if self.waiting.try_recv().is_ok() {
                self.counters.add_dropped(DropCause::Superseded);
            }
        }
    }

    fn wait(&self, item: T) {
        let mut item = item;
        while let Err(SendTimeoutError::Timeout(refused)) = self.sender.send_timeout(item, STOP_CHECK) {
            item = refused;
            if self.stopping.load(Ordering::Relaxed) {
                self.counters.add_dropped(DropCause::Stopped);
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(when_full: WhenFull) -> (SlotSender<u32>, Receiver<u32>, Arc<FrameCounters>, Arc<AtomicBool>) {
        let (counters, stopping) = (Arc::new(FrameCounters::default()), Arc::new(AtomicBool::new(false)));
        let (sender, receiver) = slot(when_full, Arc::clone(&counters), Arc::clone(&stopping));
        (sender, receiver, counters, stopping)
    }

    #[test]
    fn the_newest_frame_wins_and_the_others_are_counted() {
        let (sender, receiver, counters, _) = make(WhenFull::ReplaceOldest);
        (0..5).for_each(|i| sender.put(i));
        assert_eq!(receiver.try_recv(), Ok(4));
        assert_eq!(counters.dropped()["superseded"], 4);
    }

    #[test]
    fn a_waiting_source_loses_nothing_until_it_is_stopped() {
        let (sender, receiver, counters, stopping) = make(WhenFull::Wait);
        let reader = std::thread::Builder::new()
            .name("reader".into())
            .spawn(move || (receiver.iter().take(50).collect::<Vec<_>>(), receiver))
            .unwrap();
        (0..50).for_each(|i| sender.put(i));
        let (read, _receiver) = reader.join().unwrap();
        assert_eq!(read, (0..50).collect::<Vec<_>>());
        stopping.store(true, Ordering::Relaxed);
        sender.put(50);
        sender.put(51);
        assert_eq!(counters.dropped()["stopped"], 1);
    }
}
