//! A year of many zones: how large the history is, and how long what a screen asks for takes.
//!
//! `cargo bench -p throng-history [-- ZONES [DAYS [FILE|URL]]]`: 200 zones and 365 days in a temporary file without. The
//! windows are made up, as many of each length as are kept by then, and as varied as real ones, so that they are as large.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::time::{Duration, Instant, SystemTime};

use throng_analytics::{level::Level, time::Timestamp};
use throng_history::{
    AlarmQuery, AlarmRecord, DensityBins, DeploymentRequest, History, LineRollup, Mean, Options, Ratios,
    ReportRequest, Resolution, ZoneRollup,
};

const SITE: &str = "square";
const DAY: i64 = 86_400;
/// Lines for each hundred zones.
const LINES_PERCENT: usize = 50;
/// Alarms a day.
const ALARMS: i64 = 5;

/// Numbers that look random and are the same each time.
struct Noise(u64);

impl Noise {
    /// From 0 to 1.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// A window of a zone: fuller by day, with noise, and with as many bins of density as such a window has.
fn zone(noise: &mut Noise, start: i64, resolution: Resolution) -> ZoneRollup {
    let secs = resolution.secs() as f64;
    let hour = start.rem_euclid(DAY) as f64 / 3600.0;
    let people =
        (400.0 + 380.0 * ((hour - 9.0) / 24.0 * std::f64::consts::TAU).sin()) * (0.7 + 0.6 * noise.next());
    let density = people / 180.0;
    let mean = |value: f64| Mean { sum: value * secs, secs };
    let mut bins = DensityBins::default();
    let parts = [2, 4, 8, 14][resolution as usize];
    for _ in 0..parts {
        bins.add(density * (0.6 + 0.9 * noise.next()), secs / f64::from(parts));
    }
    let mut level_secs = [0.0; 5];
    level_secs[(density / 1.2).min(4.0) as usize] = secs;
    ZoneRollup {
        people: mean(people),
        people_max: Some(people * 1.1),
        density: mean(density),
        density_max: Some(density * 1.9),
        density_bins: bins,
        speed: mean(0.4 + noise.next()),
        flow: mean(noise.next()),
        score_max: Some(noise.next() * 100.0),
        level_secs,
        coverage: mean(0.8 + 0.2 * noise.next()),
    }
}

fn line(noise: &mut Noise, resolution: Resolution) -> LineRollup {
    let secs = resolution.secs() as f64;
    LineRollup {
        in_people: noise.next() * secs,
        in_secs: secs,
        out_people: noise.next() * secs,
        out_secs: secs,
    }
}

/// Starts of the windows of a length that are kept after so many days.
fn starts(resolution: Resolution, days: i64, now: i64) -> impl Iterator<Item = i64> {
    let kept = Options::default().retention.days(resolution).map_or(days, |kept| days.min(kept.into()));
    let first = resolution.start_of(now - kept * DAY + 7200);
    (first..resolution.start_of(now)).step_by(resolution.secs() as usize)
}

fn fill(history: &History, zones: usize, days: i64, now: i64) {
    let mut noise = Noise(1);
    for resolution in Resolution::ALL {
        for number in 0..zones {
            let windows: Vec<_> = starts(resolution, days, now)
                .map(|start| (start, zone(&mut noise, start, resolution)))
                .collect();
            history.import_zone(SITE, &format!("zone-{number:03}"), resolution, &windows).unwrap();
        }
        for number in 0..zones * LINES_PERCENT / 100 {
            let windows: Vec<_> =
                starts(resolution, days, now).map(|start| (start, line(&mut noise, resolution))).collect();
            history.import_line(SITE, &format!("line-{number:03}"), resolution, &windows).unwrap();
        }
    }
    for number in 0..days * ALARMS {
        let raised_at = at(now - number * DAY / ALARMS);
        let alarm = AlarmRecord {
            site: SITE.to_owned(),
            incident: format!("i-{number}"),
            zone: Some("zone-000".to_owned()),
            level: Some(Level::Orange),
            drill: false,
            raised_at,
            called_at: raised_at,
            acknowledged_at: Some(raised_at + 40.0),
            on_the_way_at: Some(raised_at + 100.0),
            arrived_at: Some(raised_at + 250.0),
            closed_at: Some(raised_at + 900.0),
            reason: Some("resolved".to_owned()),
            operator: Some("li".to_owned()),
        };
        history.record_alarm(&alarm).unwrap();
        if number % 1000 == 0 {
            history.flush().unwrap();
        }
    }
    history.flush().unwrap();
}

const fn at(unix_secs: i64) -> Timestamp {
    Timestamp::from_unix_nanos(unix_secs * 1_000_000_000)
}

/// The slowest and the median of several times that something is asked, the first on a fresh connection.
fn measure(what: &str, mut ask: impl FnMut()) {
    let mut times: Vec<Duration> = (0..7)
        .map(|_| {
            let begun = Instant::now();
            ask();
            begun.elapsed()
        })
        .collect();
    let first = times[0];
    times.sort();
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    println!("{what:58} {:8.1} ms (first {:.1}, worst {:.1})", ms(times[3]), ms(first), ms(times[6]));
}

fn main() {
    let arguments: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let zones: usize = arguments.first().map_or(200, |text| text.parse().unwrap());
    let days: i64 = arguments.get(1).map_or(365, |text| text.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let temporary = folder.path().join("history.sqlite").to_string_lossy().into_owned();
    let address = arguments.get(2).unwrap_or(&temporary);
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let now = i64::try_from(since_epoch.as_secs()).unwrap();

    let history = History::open(address).unwrap();
    if history.series(None).unwrap().is_empty() {
        let begun = Instant::now();
        fill(&history, zones, days, now);
        println!("{zones} zones, {days} days: made in {:.0} s", begun.elapsed().as_secs_f64());
    }
    let begun = Instant::now();
    let packed = history.pack_days().unwrap();
    println!("{packed} days packed in {:.0} s", begun.elapsed().as_secs_f64());
    let health = history.health().unwrap();
    println!("{} on disk: {:.2} GB", health.database, health.disk_bytes as f64 / 1e9);

    let series = |days: i64| {
        let ask = || history.zone_series(SITE, "zone-007", at(now - days * DAY), at(now), 400).unwrap();
        assert!(ask().columns.people.iter().flatten().count() > 20);
        measure(&format!("a zone over {days} days in 400 points"), || drop(ask()));
    };
    [1, 7, 30, 365].into_iter().filter(|asked| *asked <= days).for_each(series);
    measure("a line over 30 days in 400 points", || {
        history.line_series(SITE, "line-000", at(now - 30 * DAY), at(now), 400).unwrap();
    });
    let report = |days: i64, zone: Option<&str>| ReportRequest {
        site: SITE.to_owned(),
        from: at(now - days * DAY),
        to: at(now),
        time_zone: "Asia/Shanghai".to_owned(),
        zone: zone.map(str::to_owned),
        zones: Vec::new(),
        line_names: std::collections::BTreeMap::new(),
    };
    for (days, zone) in [(7, None), (28, None), (365, Some("zone-007")), (365, None)] {
        let request = report(days, zone);
        let whose = zone.map_or_else(|| format!("all {zones} zones"), str::to_owned);
        measure(&format!("the report of {whose} over {days} days"), || {
            assert!(!history.report(&request).unwrap().zones.is_empty());
        });
    }
    let date = at(now + DAY).to_string()[..10].to_owned();
    let request = DeploymentRequest {
        site: SITE.to_owned(),
        date,
        time_zone: "Asia/Shanghai".to_owned(),
        zones: Vec::new(),
    };
    measure(&format!("officers of {zones} zones for tomorrow"), || {
        assert!(history.deployment(&request, &Ratios::default()).unwrap().totals[18].officers.is_some());
    });
    let query = AlarmQuery { from: Some(at(now - 30 * DAY)), limit: 500, ..AlarmQuery::default() };
    measure("alarms of 30 days", || drop(history.alarms(&query).unwrap()));
    measure("health", || drop(history.health().unwrap()));
}
