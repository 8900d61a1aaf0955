//! A lock whose holder cannot leave broken state behind.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is behind a lock, also where a thread that held it panicked: for what is changed in one step.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
