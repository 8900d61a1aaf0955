//! Signals from outside as both databases keep them: whole, as the JSON that they came in.

use throng_analytics::wire::Signal;

use crate::error::HistoryError;

/// As it is kept.
pub(super) fn text(signal: &Signal) -> Result<String, HistoryError> {
    serde_json::to_string(signal)
        .map_err(|error| HistoryError::BadRequest(format!("the signal cannot be written: {error}")))
}

/// As they were kept. One that a later program wrote, and this one cannot read, is left out.
pub(super) fn of(rows: &[String]) -> Vec<Signal> {
    rows.iter().filter_map(|text| serde_json::from_str(text).ok()).collect()
}
