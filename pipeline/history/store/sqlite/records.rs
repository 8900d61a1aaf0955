//! Alarms, signals and the calendar in the file.

use rusqlite::{Connection, params};
use throng_analytics::{level::Level, time::Timestamp, wire::Signal};

use super::{BY_BYTES, Sqlite, rows};
use crate::{
    alarm::{AlarmQuery, AlarmRecord},
    calendar::CalendarEvent,
    error::HistoryError,
    store::{
        Records,
        records::{
            DELETE_EVENT, PUT_ALARM, PUT_EVENT, PUT_SIGNAL, alarm_of, event_of, limit, nanos, select_alarms,
            select_events, select_signals, signal_text, signals_of,
        },
    },
};

/// Writes an alarm over what is there of it.
pub(super) fn put_alarm(connection: &Connection, alarm: &AlarmRecord) -> rusqlite::Result<()> {
    connection
        .prepare_cached(PUT_ALARM)?
        .execute(params![
            alarm.site,
            alarm.incident,
            alarm.zone,
            alarm.level.map(Level::number),
            alarm.drill,
            alarm.raised_at.unix_nanos(),
            nanos(alarm.acknowledged_at),
            nanos(alarm.on_the_way_at),
            nanos(alarm.arrived_at),
            nanos(alarm.closed_at),
            alarm.reason,
            alarm.operator,
            alarm.called_at.unix_nanos()
        ])
        .map(drop)
}

impl Records for Sqlite {
    fn alarms(&mut self, query: &AlarmQuery) -> Result<Vec<AlarmRecord>, HistoryError> {
        let (from, to) = (nanos(query.from), nanos(query.to));
        self.ask("read alarms", |connection| {
            let asked = params![query.site, from, to, query.open, query.drills, limit(query)];
            rows(connection, &select_alarms(BY_BYTES), asked, |row| alarm_of(row))
        })
    }

    fn put_signal(&mut self, signal: &Signal) -> Result<(), HistoryError> {
        let text = signal_text(signal)?;
        let (began_at, ends_at) = (signal.from.unix_nanos(), signal.until.unix_nanos());
        self.ask("write a signal", |connection| {
            connection.execute(PUT_SIGNAL, params![signal.site, signal.id, began_at, ends_at, text])
        })
        .map(drop)
    }

    fn signals(&mut self, site: &str, from: Timestamp, to: Timestamp) -> Result<Vec<Signal>, HistoryError> {
        let texts = self.ask("read signals", |connection| {
            let asked = params![site, from.unix_nanos(), to.unix_nanos()];
            rows(connection, &select_signals(BY_BYTES), asked, |row| row.get(0))
        })?;
        Ok(signals_of(&texts))
    }

    fn put_event(&mut self, event: &CalendarEvent) -> Result<(), HistoryError> {
        let site = event.site.as_deref().unwrap_or_default();
        self.ask("write its calendar", |connection| {
            connection.execute(PUT_EVENT, params![event.date, event.name, event.kind.name(), site])
        })
        .map(drop)
    }

    fn delete_event(&mut self, date: &str, name: &str, site: Option<&str>) -> Result<bool, HistoryError> {
        let deleted = self.ask("write its calendar", |connection| {
            connection.execute(DELETE_EVENT, params![date, name, site.unwrap_or_default()])
        })?;
        Ok(deleted > 0)
    }

    fn events(
        &mut self,
        site: Option<&str>,
        from: &str,
        to: &str,
    ) -> Result<Vec<CalendarEvent>, HistoryError> {
        self.ask("read its calendar", |connection| {
            rows(connection, &select_events(BY_BYTES), params![from, to, site], |row| event_of(row))
        })
    }
}
