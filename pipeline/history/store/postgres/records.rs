//! Alarms, signals and the calendar in the database.

use postgres::Client;
use throng_analytics::{time::Timestamp, wire::Signal};

use super::{BY_BYTES, Postgres};
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
pub(super) fn put_alarm(client: &mut Client, alarm: &AlarmRecord) -> Result<(), postgres::Error> {
    client
        .execute(
            PUT_ALARM,
            &[
                &alarm.site,
                &alarm.incident,
                &alarm.zone,
                &alarm.level.map(|level| i16::from(level.number())),
                &alarm.drill,
                &alarm.raised_at.unix_nanos(),
                &nanos(alarm.acknowledged_at),
                &nanos(alarm.on_the_way_at),
                &nanos(alarm.arrived_at),
                &nanos(alarm.closed_at),
                &alarm.reason,
                &alarm.operator,
                &alarm.called_at.unix_nanos(),
            ],
        )
        .map(drop)
}

impl Records for Postgres {
    fn alarms(&mut self, query: &AlarmQuery) -> Result<Vec<AlarmRecord>, HistoryError> {
        let (from, to) = (nanos(query.from), nanos(query.to));
        self.ask("read alarms", |client| {
            let rows = client.query(
                &select_alarms(BY_BYTES),
                &[&query.site, &from, &to, &query.open, &query.drills, &limit(query)],
            )?;
            rows.iter().map(alarm_of).collect()
        })
    }

    fn put_signal(&mut self, signal: &Signal) -> Result<(), HistoryError> {
        let text = signal_text(signal)?;
        let (began_at, ends_at) = (signal.from.unix_nanos(), signal.until.unix_nanos());
        self.ask("write a signal", |client| {
            client.execute(PUT_SIGNAL, &[&signal.site, &signal.id, &began_at, &ends_at, &text])
        })
        .map(drop)
    }

    fn signals(&mut self, site: &str, from: Timestamp, to: Timestamp) -> Result<Vec<Signal>, HistoryError> {
        let texts = self.ask("read signals", |client| {
            let asked = (from.unix_nanos(), to.unix_nanos());
            let rows = client.query(&select_signals(BY_BYTES), &[&site, &asked.0, &asked.1])?;
            rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<String>, _>>()
        })?;
        Ok(signals_of(&texts))
    }

    fn put_event(&mut self, event: &CalendarEvent) -> Result<(), HistoryError> {
        let site = event.site.as_deref().unwrap_or_default();
        self.ask("write its calendar", |client| {
            client.execute(PUT_EVENT, &[&event.date, &event.name, &event.kind.name(), &site])
        })
        .map(drop)
    }

    fn delete_event(&mut self, date: &str, name: &str, site: Option<&str>) -> Result<bool, HistoryError> {
        let site = site.unwrap_or_default();
        let deleted =
            self.ask("write its calendar", |client| client.execute(DELETE_EVENT, &[&date, &name, &site]))?;
        Ok(deleted > 0)
    }

    fn events(
        &mut self,
        site: Option<&str>,
        from: &str,
        to: &str,
    ) -> Result<Vec<CalendarEvent>, HistoryError> {
        self.ask("read its calendar", |client| {
            let rows = client.query(&select_events(BY_BYTES), &[&from, &to, &site])?;
            rows.iter().map(event_of).collect()
        })
    }
}
