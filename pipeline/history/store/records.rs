//! Alarms, signals from outside and the calendar, as either database keeps them.

use throng_analytics::{level::Level, time::Timestamp, wire::Signal};

use super::any_row::AnyRow;
use crate::{
    alarm::{AlarmQuery, AlarmRecord},
    calendar::{CalendarEvent, EventKind},
    error::HistoryError,
};

/// What a database does with what people and programs tell.
pub(crate) trait Records {
    /// Alarms, newest first.
    fn alarms(&mut self, query: &AlarmQuery) -> Result<Vec<AlarmRecord>, HistoryError>;
    /// Writes a signal from outside over what is there of it.
    fn put_signal(&mut self, signal: &Signal) -> Result<(), HistoryError>;
    /// Signals of a site that lasted at some time between two, by their beginnings.
    fn signals(&mut self, site: &str, from: Timestamp, to: Timestamp) -> Result<Vec<Signal>, HistoryError>;
    /// Writes a calendar entry over one of the same day, name and site.
    fn put_event(&mut self, event: &CalendarEvent) -> Result<(), HistoryError>;
    /// Deletes a calendar entry; says whether it was there.
    fn delete_event(&mut self, date: &str, name: &str, site: Option<&str>) -> Result<bool, HistoryError>;
    /// Calendar entries from a day to a day, both within, of a site and of everywhere; in order.
    fn events(
        &mut self,
        site: Option<&str>,
        from: &str,
        to: &str,
    ) -> Result<Vec<CalendarEvent>, HistoryError>;
}

/// The statement that writes an alarm over what is there of it.
pub(super) const PUT_ALARM: &str =
    "INSERT INTO alarm VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
     ON CONFLICT (site, incident) DO UPDATE SET (zone, level, drill, raised_at, acknowledged_at, on_the_way_at,
         arrived_at, closed_at, reason, operator, called_at) = (excluded.zone, excluded.level, excluded.drill,
         excluded.raised_at, excluded.acknowledged_at, excluded.on_the_way_at, excluded.arrived_at,
         excluded.closed_at, excluded.reason, excluded.operator, excluded.called_at)";
/// The statement that writes a signal over what is there of it.
pub(super) const PUT_SIGNAL: &str =
    "INSERT INTO signal (site, id, began_at, ends_at, signal) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (site, id)
     DO UPDATE SET began_at = excluded.began_at, ends_at = excluded.ends_at, signal = excluded.signal";
/// The statement that writes a calendar entry over what is there of it.
pub(super) const PUT_EVENT: &str = "INSERT INTO calendar (date, name, kind, site) VALUES ($1, $2, $3, $4)
     ON CONFLICT (date, name, site) DO UPDATE SET kind = excluded.kind";
/// The statement that deletes a calendar entry.
pub(super) const DELETE_EVENT: &str = "DELETE FROM calendar WHERE date = $1 AND name = $2 AND site = $3";

/// The statement that reads alarms, newest first.
pub(super) fn select_alarms(by_bytes: &str) -> String {
    format!(
        "SELECT * FROM alarm WHERE (CAST($1 AS text) IS NULL OR site = $1)
         AND (CAST($2 AS bigint) IS NULL OR raised_at >= $2) AND (CAST($3 AS bigint) IS NULL OR raised_at < $3)
         AND (CAST($4 AS bool) IS NULL OR (closed_at IS NULL) = $4) AND ($5 OR NOT drill)
         ORDER BY raised_at DESC, incident{by_bytes} LIMIT $6"
    )
}

/// Most alarms that a query asks for.
pub(super) fn limit(query: &AlarmQuery) -> i64 {
    if query.limit == 0 { i64::MAX } else { i64::try_from(query.limit).unwrap_or(i64::MAX) }
}

/// A time as it is kept.
pub(super) fn nanos(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::unix_nanos)
}

/// An alarm of a row with all columns.
pub(super) fn alarm_of<R: AnyRow>(row: &R) -> Result<AlarmRecord, R::Error> {
    let time = |at: usize| row.cell::<Option<i64>>(at).map(|nanos| nanos.map(Timestamp::from_unix_nanos));
    let level: Option<i16> = row.cell(3)?;
    let raised_at = Timestamp::from_unix_nanos(row.cell(5)?);
    Ok(AlarmRecord {
        site: row.cell(0)?,
        incident: row.cell(1)?,
        zone: row.cell(2)?,
        level: level.and_then(|level| Level::from_number(u8::try_from(level).ok()?)),
        drill: row.cell(4)?,
        raised_at,
        acknowledged_at: time(6)?,
        on_the_way_at: time(7)?,
        arrived_at: time(8)?,
        closed_at: time(9)?,
        reason: row.cell(10)?,
        operator: row.cell(11)?,
        // Alarms of version 1 of the tables do not tell.
        called_at: time(12)?.unwrap_or(raised_at),
    })
}

/// The statement that reads signals of a site that lasted at some time between two.
pub(super) fn select_signals(by_bytes: &str) -> String {
    format!(
        "SELECT signal FROM signal WHERE site = $1 AND ends_at > $2 AND began_at < $3 ORDER BY began_at, id{by_bytes}"
    )
}

/// A signal as it is kept: whole, as the JSON that it came in.
pub(super) fn signal_text(signal: &Signal) -> Result<String, HistoryError> {
    serde_json::to_string(signal)
        .map_err(|error| HistoryError::BadRequest(format!("the signal cannot be written: {error}")))
}

/// Signals as they were kept. One that a later program wrote, and this one cannot read, is left out.
pub(super) fn signals_of(rows: &[String]) -> Vec<Signal> {
    rows.iter().filter_map(|text| serde_json::from_str(text).ok()).collect()
}

/// The statement that reads the calendar from a day to a day, of a site and of everywhere, or of all sites.
pub(super) fn select_events(by_bytes: &str) -> String {
    format!(
        "SELECT date, name, kind, site FROM calendar WHERE date >= $1 AND date <= $2
         AND (CAST($3 AS text) IS NULL OR site = '' OR site = $3)
         ORDER BY date{by_bytes}, name{by_bytes}, site{by_bytes}"
    )
}

/// A calendar entry of such a row.
pub(super) fn event_of<R: AnyRow>(row: &R) -> Result<CalendarEvent, R::Error> {
    let (kind, site): (String, String) = (row.cell(2)?, row.cell(3)?);
    Ok(CalendarEvent {
        date: row.cell(0)?,
        name: row.cell(1)?,
        kind: EventKind::of_name(&kind).unwrap_or(EventKind::Event),
        site: (!site.is_empty()).then_some(site),
    })
}
