//! Threads on which a command that talks over the network does so.

use std::time::Duration;

use anyhow::Context as _;
use tokio::runtime::Runtime;

/// How long the network may take to end after the work is done.
const ENDS_WITHIN: Duration = Duration::from_secs(1);

/// Does the work to its end.
///
/// # Errors
/// The threads cannot be started, or the work's own.
pub fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = Runtime::new().context("cannot start the network threads")?;
    let outcome = runtime.block_on(work);
    // Whatever the network still does must not hold up the end of the program.
    runtime.shutdown_timeout(ENDS_WITHIN);
    outcome
}
