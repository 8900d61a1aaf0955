//! The tables of the database, and how those of an earlier version become these.

use postgres::{Client, Transaction};

use crate::{
    packed_day::PACKED,
    resolution::Resolution,
    store::{SeriesKind, columns, days},
};

/// Version of the tables, in the table `throng_history`.
pub(super) const VERSION: i32 = 2;
/// Processes that open the database at once make its tables one after the other: a lock of ours, by this number.
const MAKING: i64 = 0x7468_726f_6e67;
/// Windows of so many seconds share a part of a hypertable, by the length of the windows.
const CHUNK_SECS: [i64; 4] = [86_400, 7 * 86_400, 30 * 86_400, 365 * 86_400];

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS throng_history (version INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS series (
        id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, site TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,
        drill BOOLEAN NOT NULL, UNIQUE (site, kind, name, drill)
    );
    CREATE TABLE IF NOT EXISTS alarm (
        site TEXT NOT NULL, incident TEXT NOT NULL, zone TEXT, level SMALLINT, drill BOOLEAN NOT NULL,
        raised_at BIGINT NOT NULL, acknowledged_at BIGINT, on_the_way_at BIGINT, arrived_at BIGINT, closed_at BIGINT,
        reason TEXT, operator TEXT, called_at BIGINT NOT NULL, PRIMARY KEY (site, incident)
    );
    CREATE INDEX IF NOT EXISTS alarm_by_time ON alarm (raised_at);
    CREATE TABLE IF NOT EXISTS calendar (
        date TEXT NOT NULL, name TEXT NOT NULL, kind TEXT NOT NULL, site TEXT NOT NULL, PRIMARY KEY (date, name, site)
    );
    CREATE TABLE IF NOT EXISTS signal (
        site TEXT NOT NULL, id TEXT NOT NULL, began_at BIGINT NOT NULL, ends_at BIGINT NOT NULL, signal TEXT NOT NULL,
        PRIMARY KEY (site, id)
    );";

/// Makes what is missing and answers with the version of what is there.
pub(super) fn make_tables(client: &mut Client) -> Result<i32, postgres::Error> {
    let mut transaction = client.transaction()?;
    transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&MAKING])?;
    transaction.batch_execute(TABLES)?;
    let version: i32 =
        transaction.query_one("SELECT coalesce(max(version), 0) FROM throng_history", &[])?.try_get(0)?;
    if version >= VERSION {
        transaction.commit()?;
        return Ok(version);
    }
    if version == 0 {
        make_windows(&mut transaction)?;
    }
    make_days(&mut transaction)?;
    transaction.execute("INSERT INTO throng_history (version) VALUES ($1)", &[&VERSION])?;
    transaction.commit()?;
    Ok(VERSION)
}

fn make_windows(transaction: &mut Transaction<'_>) -> Result<(), postgres::Error> {
    let has_timescale =
        !transaction.query("SELECT 1 FROM pg_extension WHERE extname = 'timescaledb'", &[])?.is_empty();
    for (resolution, chunk_secs) in Resolution::ALL.into_iter().zip(CHUNK_SECS) {
        for (kind, list) in [("zone", columns::ZONE.as_slice()), ("line", columns::LINE.as_slice())] {
            let table = columns::table(kind, resolution);
            transaction.batch_execute(&format!(
                "CREATE TABLE {table} (series BIGINT NOT NULL, start BIGINT NOT NULL, {}, PRIMARY KEY (series, start))",
                columns::definitions(list, "DOUBLE PRECISION", "BYTEA")
            ))?;
            if has_timescale {
                let make = format!(
                    "SELECT create_hypertable('{table}', 'start', chunk_time_interval => {chunk_secs}::bigint)"
                );
                transaction.execute(&make, &[])?;
            }
        }
    }
    Ok(())
}

/// Version 1 did not pack days. A program of before that still runs does no harm: the database itself takes them away.
fn make_days(transaction: &mut Transaction<'_>) -> Result<(), postgres::Error> {
    for resolution in PACKED {
        for kind in [SeriesKind::Zone, SeriesKind::Line] {
            let windows = columns::table(kind.name(), resolution);
            transaction.batch_execute(&format!(
                "{}
                CREATE FUNCTION {windows}_unpacks() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN {} RETURN NULL; END $$;
                CREATE TRIGGER {windows}_unpacks AFTER INSERT OR UPDATE ON {windows}
                FOR EACH ROW EXECUTE FUNCTION {windows}_unpacks();",
                days::make(kind, resolution, "BIGINT", "BYTEA"),
                days::unpack(kind, resolution)
            ))?;
        }
    }
    Ok(())
}
