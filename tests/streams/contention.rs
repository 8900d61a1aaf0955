//! How much slower this machine is for whoever shares it: times that are promised are held to on a machine of one's own.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use throng_analytics::time::Timestamp;

/// How long the meter works in each round, and how long it rests: an eleventh of one core.
const WORKS_FOR: Duration = Duration::from_millis(5);
const RESTS_FOR: Duration = Duration::from_millis(50);

/// Measures as long as it lives, by working a little now and then and asking the kernel how long it had to wait for a core.
pub(crate) struct Contention {
    /// Seconds on a core and seconds waited for one.
    spent: Arc<Mutex<(f64, f64)>>,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Contention {
    pub(crate) fn measure() -> Self {
        let (spent, stopping) = (Arc::new(Mutex::new((0.0, 0.0))), Arc::new(AtomicBool::new(false)));
        let (tell, stop) = (Arc::clone(&spent), Arc::clone(&stopping));
        let work = move || {
            while !stop.load(Ordering::Relaxed) {
                let until = Instant::now() + WORKS_FOR;
                while Instant::now() < until {}
                *tell.lock().unwrap() = on_core_and_waiting();
                std::thread::sleep(RESTS_FOR);
            }
        };
        let thread = std::thread::Builder::new().name("contention".to_owned()).spawn(work).unwrap();
        Self { spent, stopping, thread: Some(thread) }
    }

    /// Time that work takes over the time that it would take alone, at least 1.
    pub(crate) fn factor(&self) -> f64 {
        let (on_core, waiting) = *self.spent.lock().unwrap();
        if on_core > 0.0 { 1.0 + waiting / on_core } else { 1.0 }
    }

    /// Asserts that `to` came at most `secs` after `from`, as on a machine of one's own, and says how long it was.
    pub(crate) fn assert_within(&self, what: &str, from: Timestamp, to: Timestamp, secs: f64) {
        let (took_secs, factor) = (to.secs_since(from), self.factor());
        println!("{what}: {took_secs:.2} s of {secs} s, on a machine {factor:.2} times as slow as alone");
        assert!(took_secs <= secs * factor, "{what}: {took_secs:.2} s, more than {secs} s times {factor:.2}");
    }
}

impl Drop for Contention {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().ok();
    }
}

/// Seconds that this thread was on a core and waited for one, since it began.
fn on_core_and_waiting() -> (f64, f64) {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let mut nanos = text.split_whitespace().map(|number| number.parse::<f64>().unwrap_or(0.0) * 1e-9);
    (nanos.next().unwrap_or(0.0), nanos.next().unwrap_or(0.0))
}
