//! A report of packed days says what one of windows says, whatever was written since they were packed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod postgres_server;

use std::collections::BTreeMap;

use postgres_server::{PASSWORD_IN_URL, Server};
use serde_json::Value;
use throng_analytics::time::Timestamp;
use throng_history::{
    CalendarEvent, DensityBins, EventKind, History, LineRollup, Mean, Options, ReportRequest, Resolution,
    Retention, ZoneFacts, ZoneRollup,
};

/// Monday, 5 October 2026, 7:30 UTC.
const BEGIN: i64 = 1_791_185_400;
const DAYS: i64 = 40;
const ZONES: [&str; 3] = ["gate", "square", "dark"];
/// Days of zones, by quarters of an hour and by hours.
const DAYS_OF_ZONES: i64 = 2 * 3 * DAYS;

/// Before any day is over, so that none is packed.
fn early(address: &str) -> History {
    const fn clock() -> Timestamp {
        Timestamp::from_unix_nanos(BEGIN * 1_000_000_000)
    }
    History::open_with(address, Options { clock, ..Options::default() }).unwrap()
}

/// When all days but the last are over; packs them.
fn late(address: &str) -> History {
    late_and_kept(address, Retention::default())
}

/// The same, where windows are kept for other times.
fn late_and_kept(address: &str, retention: Retention) -> History {
    const fn clock() -> Timestamp {
        Timestamp::from_unix_nanos((BEGIN + DAYS * 86_400) * 1_000_000_000)
    }
    let history = History::open_with(address, Options { clock, retention, ..Options::default() }).unwrap();
    history.pack_days().unwrap();
    history
}

/// Numbers from 0 to 1 that look random and are the same each time.
fn noise(seed: i64) -> f64 {
    let mixed = (seed as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    ((mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 11) as f64 / (1_u64 << 53) as f64
}

/// A window of which something is known most of the time, and not everything.
fn window(seed: i64, secs: f64) -> Option<ZoneRollup> {
    let of = |part: i64| noise(seed * 16 + part);
    let secs = if of(0) < 0.1 { secs * of(1) } else { secs };
    let mean = |value: f64, is_known: bool| Mean::of(is_known.then_some(value), Some(secs));
    let mut density_bins = DensityBins::default();
    density_bins.add(of(2) * 7.0, secs * 0.8);
    density_bins.add(of(3) * 7.0, secs * 0.2);
    let mut level_secs = [0.0; 5];
    level_secs[(of(4) * 5.0) as usize] = secs;
    (of(5) > 0.15).then(|| ZoneRollup {
        people: mean(of(6) * 900.0, of(7) > 0.1),
        people_max: (of(7) > 0.1).then_some(of(6) * 1000.0),
        density: mean(of(8) * 4.0, of(9) > 0.2),
        density_max: (of(9) > 0.3).then_some(of(8) * 8.0),
        density_bins,
        speed: mean(of(10), of(11) > 0.5),
        flow: mean(of(12), of(11) > 0.5),
        score_max: (of(11) > 0.5).then_some(of(12) * 100.0),
        level_secs,
        coverage: mean(of(13), of(14) > 0.1),
    })
}

fn fill(history: &History) {
    for resolution in [Resolution::QuarterHour, Resolution::Hour] {
        let secs = resolution.secs();
        let starts = || (resolution.start_of(BEGIN)..BEGIN + DAYS * 86_400).step_by(secs as usize);
        for (number, zone) in (0_i64..).zip(ZONES) {
            let seed = |start: i64| start / secs + number * 1_000_000 + secs;
            // Nobody looked at one of them for a week.
            let is_dark = |start: i64| zone == "dark" && (10..17).contains(&((start - BEGIN) / 86_400));
            let windows: Vec<_> = starts()
                .filter(|start| !is_dark(*start))
                .filter_map(|start| Some((start, window(seed(start), secs as f64)?)))
                .collect();
            history.import_zone("site", zone, resolution, &windows).unwrap();
        }
        let crossing = |start: i64| LineRollup {
            in_people: noise(start) * 300.0,
            in_secs: secs as f64,
            out_people: noise(start + 1) * 300.0,
            out_secs: secs as f64 * noise(start + 2),
        };
        let windows: Vec<_> = starts().map(|start| (start, crossing(start))).collect();
        history.import_line("site", "door", resolution, &windows).unwrap();
    }
    let (date, name) = ("2026-10-23".to_owned(), "market".to_owned());
    history.put_event(&CalendarEvent { date, name, kind: EventKind::Market, site: None }).unwrap();
}

/// Reports over spans that begin and end within days, by clocks that differ from UTC by hours, halves of one, and a change of it.
fn reports(history: &History) -> Vec<Value> {
    let hour = 3600;
    let spans = [(0, DAYS * 24), (3, 20), (30, 200), (24 * 2 + 16, 24 * 30 + 16), (17, 17 + 24 * 9)];
    let asked = spans.into_iter().flat_map(|span| {
        ["Europe/Berlin", "Asia/Kolkata", "Asia/Shanghai"].map(|time_zone| (span, time_zone))
    });
    let report = |((from, to), time_zone): ((i64, i64), &str)| {
        let at = |hours: i64| Timestamp::from_unix_nanos((BEGIN / hour + hours) * hour * 1_000_000_000);
        let gate = ZoneFacts {
            id: "gate".to_owned(),
            name: "Gate".to_owned(),
            lines: vec!["door".to_owned()],
            is_enclosed: true,
            ..ZoneFacts::default()
        };
        let request = ReportRequest {
            site: "site".to_owned(),
            from: at(from),
            to: at(to),
            time_zone: time_zone.to_owned(),
            zone: None,
            zones: vec![gate],
            line_names: BTreeMap::new(),
        };
        let report = serde_json::to_value(history.report(&request).unwrap()).unwrap();
        Value::Object(
            report.as_object().unwrap().clone().into_iter().filter(|(name, _)| name != "made_at").collect(),
        )
    };
    asked.map(report).collect()
}

/// Whether two say the same, numbers but for rounding.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => {
            let (a, b) = (a.as_f64().unwrap(), b.as_f64().unwrap());
            (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(name, a)| b.get(name).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}

/// A report of packed days is that of their windows, and what comes late is in it before and after its day is packed anew.
/// `packed` counts the days that are packed.
fn packed_days_say_what_windows_say(address: &str, mut packed: impl FnMut() -> i64) {
    let history = early(address);
    fill(&history);
    let of_windows = reports(&history);
    drop(history);
    assert_eq!(packed(), 0);
    let of_days = reports(&late(address));
    // But for six days in the dark.
    let all = DAYS_OF_ZONES - 2 * 6;
    assert_eq!(packed(), all);
    for (days, windows) in of_days.iter().zip(&of_windows) {
        assert!(same(days, windows));
        assert!(days["zones"][1]["people_mean"].as_f64().unwrap() > 0.0);
    }

    let history = early(address);
    let start = Resolution::Hour.start_of(BEGIN + 20 * 86_400);
    for (resolution, secs) in [(Resolution::Hour, 3600.0), (Resolution::QuarterHour, 900.0)] {
        let crowd = ZoneRollup {
            people: Mean::of(Some(40_000.0), Some(secs)),
            people_max: Some(50_000.0),
            ..ZoneRollup::default()
        };
        history.import_zone("site", "dark", resolution, &[(start, crowd)]).unwrap();
    }
    let of_windows = reports(&history);
    drop(history);
    assert!(of_windows[0].to_string().contains("50000.0"));
    assert_eq!(packed(), all - 2, "that day alone is not packed any more, by hours and by quarters");
    let of_days = reports(&late(address));
    assert_eq!(packed(), all);
    assert!(of_days.iter().zip(&of_windows).all(|(days, windows)| same(days, windows)));
}

/// A history whose tables were made before days were packed says the same, when it is opened and when its days are packed.
/// `undo` leaves the tables as they were made then.
fn a_history_of_before_says_the_same(address: &str, undo: impl FnOnce(), mut packed: impl FnMut() -> i64) {
    let history = early(address);
    fill(&history);
    let before = reports(&history);
    drop(history);
    undo();
    let taken_over = reports(&early(address));
    let of_days = reports(&late(address));
    assert_eq!(packed(), DAYS_OF_ZONES, "days in the dark, too");
    for ((days, taken_over), before) in of_days.iter().zip(&taken_over).zip(&before) {
        assert!(same(taken_over, before) && same(days, before));
    }
}

/// What is too old goes from packed days as from windows. `unpack` takes the packed days away.
fn packed_days_go_with_their_windows(address: &str, unpack: impl FnOnce()) {
    let history = early(address);
    fill(&history);
    drop(history);
    drop(late(address));
    // Half past seven in the morning, so that what is ten days old lies within a day.
    let retention = Retention { quarter_hour_days: Some(5), hour_days: Some(10), ..Retention::default() };
    let history = late_and_kept(address, retention);
    // The writer deletes at its start, before it answers.
    history.flush().unwrap();
    let of_days = reports(&history);
    unpack();
    let of_windows = reports(&history);
    assert!(of_days.iter().zip(&of_windows).all(|(days, windows)| same(days, windows)));
    assert!(of_days[0]["zones"][1]["people_mean"].as_f64().unwrap() > 0.0);
}

/// Takes the packed days away.
const UNPACK: &str = "UPDATE zone_15m_days SET packed = NULL; UPDATE zone_1h_days SET packed = NULL;
    UPDATE line_15m_days SET packed = NULL; UPDATE line_1h_days SET packed = NULL;";

/// Counts the days of zones that are packed.
const PACKED: &str = "SELECT count(packed) FROM (SELECT packed FROM zone_15m_days UNION ALL SELECT packed FROM zone_1h_days) AS d";

fn packed_in_file(file: &str) -> i64 {
    let connection = rusqlite::Connection::open(file).unwrap();
    connection.query_row(PACKED, [], |row| row.get(0)).unwrap()
}

fn packed_in_database(url: &str) -> i64 {
    let mut client = postgres::Client::connect(url, postgres::NoTls).unwrap();
    client.query_one(PACKED, &[]).unwrap().get(0)
}

/// The tables of windows of which days are packed.
const TABLES: [&str; 4] = ["zone_15m", "zone_1h", "line_15m", "line_1h"];

#[test]
fn packed_days_in_a_file_say_what_windows_say() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.sqlite").to_string_lossy().into_owned();
    packed_days_say_what_windows_say(&file, || packed_in_file(&file));
}

#[test]
fn packed_days_in_a_database_say_what_windows_say() {
    let Some(server) = Server::start() else { return };
    let url = server.url(PASSWORD_IN_URL);
    packed_days_say_what_windows_say(&url, || packed_in_database(&url));
}

#[test]
fn packed_days_in_a_file_go_with_their_windows() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.sqlite").to_string_lossy().into_owned();
    packed_days_go_with_their_windows(&file, || {
        rusqlite::Connection::open(&file).unwrap().execute_batch(UNPACK).unwrap();
    });
}

#[test]
fn packed_days_in_a_database_go_with_their_windows() {
    let Some(server) = Server::start() else { return };
    let url = server.url(PASSWORD_IN_URL);
    packed_days_go_with_their_windows(&url, || {
        postgres::Client::connect(&url, postgres::NoTls).unwrap().batch_execute(UNPACK).unwrap();
    });
}

#[test]
fn a_file_of_before_days_were_packed_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.sqlite").to_string_lossy().into_owned();
    let undo = || {
        let connection = rusqlite::Connection::open(&file).unwrap();
        for table in TABLES {
            let drop = format!(
                "DROP TRIGGER {table}_unpacks_by_INSERT; DROP TRIGGER {table}_unpacks_by_UPDATE; DROP TABLE {table}_days;"
            );
            connection.execute_batch(&drop).unwrap();
        }
        connection.execute_batch("PRAGMA user_version = 2").unwrap();
    };
    a_history_of_before_says_the_same(&file, undo, || packed_in_file(&file));
}

#[test]
fn a_database_of_before_days_were_packed_says_the_same() {
    let Some(server) = Server::start() else { return };
    let url = server.url(PASSWORD_IN_URL);
    let undo = || {
        let mut client = postgres::Client::connect(&url, postgres::NoTls).unwrap();
        for table in TABLES {
            let drop = format!("DROP FUNCTION {table}_unpacks CASCADE; DROP TABLE {table}_days;");
            client.batch_execute(&drop).unwrap();
        }
        client.batch_execute("UPDATE throng_history SET version = 1").unwrap();
    };
    a_history_of_before_says_the_same(&url, undo, || packed_in_database(&url));
}
