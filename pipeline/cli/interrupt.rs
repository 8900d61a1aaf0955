//! Ctrl-C and SIGTERM as a flag, for commands whose work is a loop: what is half written can still be finished.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};

use super::exit_status::ExitStatus;

/// How often waiting looks at the flag.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Set once the user or the system asked the program to stop.
#[derive(Clone, Debug)]
pub struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens from now on. The first signal sets the flag, the second ends the program at once.
    ///
    /// # Errors
    /// Where the system gives no thread or no signals.
    pub fn listen() -> anyhow::Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.context("cannot listen for signals")?;
        let (mut interrupted, mut terminated) = {
            let _inside = runtime.enter();
            let listen = |kind| signal(kind).context("cannot listen for signals");
            (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?)
        };
        let flag = Arc::new(AtomicBool::new(false));
        let set = Arc::clone(&flag);
        let listener = move || {
            let mut next = || {
                runtime.block_on(async {
                    tokio::select! { _ = interrupted.recv() => (), _ = terminated.recv() => () }
                });
            };
            next();
            set.store(true, Ordering::Relaxed);
            next();
            std::process::exit(ExitStatus::Failure.code().into());
        };
        thread::Builder::new().name("signals".to_owned()).spawn(listener).context("cannot start a thread")?;
        Ok(Self(flag))
    }

    /// Waits until it is time to stop: by a signal, or after `at_most`.
    pub fn wait(&self, at_most: Option<Duration>) {
        let began = Instant::now();
        while !self.is_set() && at_most.is_none_or(|at_most| began.elapsed() < at_most) {
            thread::sleep(LOOK_EVERY);
        }
    }

    /// Whether to stop.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
