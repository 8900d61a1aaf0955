//! Windows that were summed up elsewhere.

use crate::{
    clock::unix_secs,
    error::HistoryError,
    history::History,
    packed_day::pack_days,
    resolution::Resolution,
    rollup::{LineRollup, ZoneRollup},
    store::{Batch, SeriesKey, SeriesKind},
};

/// Windows in a transaction.
const AT_ONCE: usize = 20_000;
/// Days of each table in a transaction.
const PACKED_AT_ONCE: usize = 1000;

impl History {
    /// Writes windows of a zone, by their start in seconds since the Unix epoch, over what is there of them: to move a
    /// history, or to fill one that is to be measured. Longer windows are not summed up from them.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn import_zone(
        &self,
        site: &str,
        zone: &str,
        resolution: Resolution,
        windows: &[(i64, ZoneRollup)],
    ) -> Result<(), HistoryError> {
        self.import(site, SeriesKind::Zone, zone, windows, |series, windows| Batch {
            zones: windows
                .iter()
                .map(|(start, window)| (resolution, series, *start, window.clone()))
                .collect(),
            ..Batch::default()
        })
    }

    /// Writes windows of a line, as [`History::import_zone`] those of a zone.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn import_line(
        &self,
        site: &str,
        line: &str,
        resolution: Resolution,
        windows: &[(i64, LineRollup)],
    ) -> Result<(), HistoryError> {
        self.import(site, SeriesKind::Line, line, windows, |series, windows| Batch {
            lines: windows.iter().map(|(start, window)| (resolution, series, *start, *window)).collect(),
            ..Batch::default()
        })
    }

    /// Packs every day that is over, which the writer does bit by bit, and says how many: after much was imported.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn pack_days(&self) -> Result<usize, HistoryError> {
        self.read(|store| {
            let mut packed = 0;
            loop {
                match pack_days(store, unix_secs(self.now()), PACKED_AT_ONCE)? {
                    0 => return Ok(packed),
                    more => packed += more,
                }
            }
        })
    }

    fn import<R>(
        &self,
        site: &str,
        kind: SeriesKind,
        name: &str,
        windows: &[(i64, R)],
        batch: impl Fn(i64, &[(i64, R)]) -> Batch,
    ) -> Result<(), HistoryError> {
        let key = SeriesKey { site: site.to_owned(), kind, name: name.to_owned(), drill: false };
        self.read(|store| {
            let series = store.series(&key)?;
            for windows in windows.chunks(AT_ONCE) {
                store.begin()?;
                // A connection on which something failed is not used again, so that nothing has to be undone.
                store.put(&batch(series, windows))?;
                store.commit()?;
            }
            Ok(())
        })
    }
}
