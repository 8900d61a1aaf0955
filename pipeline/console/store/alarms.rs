//! Alarms on disk: the life of each and the newest warning of it.

use rusqlite::params;
use throng_analytics::time::Timestamp;

use super::{Store, StoreError, kept};
use crate::{
    alarm::{Life, Stage},
    room::{Alarm, AlarmKey},
};

/// Which alarms are asked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct AlarmQuery {
    pub(crate) site: Option<String>,
    pub(crate) incident: Option<String>,
    pub(crate) is_open: Option<bool>,
    /// Raised from then on.
    pub(crate) from: Option<Timestamp>,
    /// Raised before then.
    pub(crate) to: Option<Timestamp>,
    pub(crate) limit: usize,
}

impl Store {
    pub(crate) fn put_alarm(&self, (site, incident): &AlarmKey, alarm: &Alarm) -> Result<(), StoreError> {
        let life = &alarm.life;
        self.connection().execute(
            "INSERT INTO alarm (site, incident, is_open, raised_at, closed_at, life, warning)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (site, incident) DO UPDATE SET is_open = ?3, closed_at = ?5, life = ?6, warning = ?7",
            params![
                site,
                incident,
                life.stage != Stage::Closed,
                kept(life.raised_at),
                life.closed_at.map(kept),
                serde_json::to_string(life)?,
                serde_json::to_string(&alarm.warning)?,
            ],
        )?;
        Ok(())
    }

    /// Alarms, the newest first.
    pub(crate) fn alarms(&self, query: &AlarmQuery) -> Result<Vec<(AlarmKey, Alarm)>, StoreError> {
        let connection = self.connection();
        let mut statement = connection.prepare_cached(
            "SELECT site, incident, life, warning FROM alarm
             WHERE (?1 IS NULL OR site = ?1) AND (?2 IS NULL OR incident = ?2) AND (?3 IS NULL OR is_open = ?3)
                 AND raised_at >= ?4 AND raised_at < ?5
             ORDER BY raised_at DESC LIMIT ?6",
        )?;
        let rows = statement.query_map(
            params![
                query.site,
                query.incident,
                query.is_open,
                query.from.map_or(i64::MIN, kept),
                query.to.map_or(i64::MAX, kept),
                i64::try_from(query.limit).unwrap_or(i64::MAX),
            ],
            |row| {
                let texts: (String, String) = (row.get(2)?, row.get(3)?);
                Ok(((row.get(0)?, row.get(1)?), texts))
            },
        )?;
        let mut alarms = Vec::new();
        for row in rows {
            let (key, (life, warning)) = row?;
            let life: Life = serde_json::from_str(&life)?;
            alarms.push((key, Alarm::new(serde_json::from_str(&warning)?, life)));
        }
        Ok(alarms)
    }
}
