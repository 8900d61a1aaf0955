//! Spans that tell of something earlier. One of `tracing` begins when it is made and ends when it is dropped; it may state
//! other times in two fields, which are put in their place before it is sent.

use std::time::{Duration, SystemTime};

use opentelemetry::Value;
use opentelemetry_sdk::trace::SpanData;

/// Field of a span that began before it was made: when, in nanoseconds since the Unix epoch.
pub const BEGAN_UNIX_NANOS: &str = "began_unix_nanos";
/// The same of one that ended before it was dropped.
pub const ENDED_UNIX_NANOS: &str = "ended_unix_nanos";

/// Puts the times that a span states in the place of those it was made and dropped at.
pub(crate) fn state(span: &mut SpanData) {
    if let Some(began) = take(span, BEGAN_UNIX_NANOS) {
        span.start_time = began;
    }
    if let Some(ended) = take(span, ENDED_UNIX_NANOS) {
        span.end_time = ended;
    }
}

fn take(span: &mut SpanData, field: &str) -> Option<SystemTime> {
    let index = span.attributes.iter().position(|attribute| attribute.key.as_str() == field)?;
    let Value::I64(nanos) = span.attributes.swap_remove(index).value else { return None };
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_nanos(u64::try_from(nanos).ok()?))
}
