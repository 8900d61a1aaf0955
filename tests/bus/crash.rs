//! A process that warns is killed at any instant, again and again: what it raised is what arrives, once and in order.
//!
//! The process is this test program itself, started again for one test; it runs the product's own bus and outbox.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use throng::publish::{BusState, Network, OutboxOptions, Watcher};

use super::support::{PATIENCE, free_port, id, message, runtime, site, until, warning};

const ZONES: [&str; 3] = ["gate", "stand", "bridge"];
const OUTBOX: &str = "THRONG_CRASH_TEST_OUTBOX";
const ENDPOINT: &str = "THRONG_CRASH_TEST_ENDPOINT";
const IN_ALL: &str = "THRONG_CRASH_TEST_IN_ALL";

/// What the killed process does; as a test of its own it has nothing to do.
#[test]
#[ignore = "the process that the crash test starts and kills"]
fn raises_warnings_until_it_is_killed() {
    let (Ok(file), Ok(endpoint)) = (std::env::var(OUTBOX), std::env::var(ENDPOINT)) else { return };
    let in_all: Option<u64> = std::env::var(IN_ALL).ok().map(|number| number.parse().unwrap());
    runtime().block_on(async {
        let network = Network { connect: vec![endpoint], ..Network::default() };
        let outbox = OutboxOptions { file: Some(file.into()), confirm_groups: vec![id("room")] };
        let bus = site("stadium", network, outbox).await;
        assert_eq!(bus.handle().outbox_trouble(), None);
        let mut next = bus.left().next_seqs.clone();
        let mut stdout = std::io::stdout();
        let mut raised = 0;
        while in_all.is_none_or(|in_all| raised < in_all) {
            for zone in ZONES {
                let seq = next.entry(zone.to_owned()).or_insert(0);
                bus.handle().publish(warning(&bus.left().numbering, zone, *seq, None));
                writeln!(stdout, "raised {zone} {seq}").unwrap();
                *seq += 1;
            }
            raised += 1;
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        writeln!(stdout, "all raised").unwrap();
        // Until whoever started it has what it wants.
        std::io::stdin().lines().next();
        bus.close().await;
    });
}

/// The process, with where it says what it raised.
fn start(outbox: &str, endpoint: &str, in_all: Option<u64>) -> (Child, BufReader<std::process::ChildStdout>) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "crash::raises_warnings_until_it_is_killed", "--ignored", "--nocapture"])
        .env(OUTBOX, outbox)
        .env(ENDPOINT, endpoint)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    if let Some(in_all) = in_all {
        command.env(IN_ALL, in_all.to_string());
    }
    let mut child = command.spawn().unwrap();
    let stdout = BufReader::new(child.stdout.take().unwrap());
    (child, stdout)
}

/// What a line says was raised.
fn raised(line: &str) -> Option<(String, u64)> {
    // The harness may write before it on the same line.
    let (_, said) = line.split_once("raised ")?;
    let (zone, seq) = said.split_once(' ')?;
    Some((zone.to_owned(), seq.trim().parse().ok()?))
}

fn killed_at_random(times: usize) {
    let folder = tempfile::tempdir().unwrap();
    let outbox = folder.path().join("outbox.sqlite").to_str().unwrap().to_owned();
    let endpoint = format!("tcp/127.0.0.1:{}", free_port());
    let runtime = runtime();
    let router = Network { listen: vec![endpoint.clone()], ..Network::default() };
    let room = runtime.block_on(Watcher::open(&router, "throng/v1/*/warning/*", false)).unwrap();
    let is_over = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&is_over);
    let arrivals = runtime.spawn(async move {
        let mut room = room.confirming(id("room"), "desk");
        let mut arrived: BTreeMap<String, Vec<(u64, bool)>> = BTreeMap::new();
        while !told.load(Ordering::Relaxed) {
            let Ok(arrival) = tokio::time::timeout(Duration::from_millis(200), room.next()).await else {
                continue;
            };
            let arrival = arrival.unwrap();
            let warning = message(&arrival).unwrap();
            let zone = warning["zone"].as_str().unwrap().to_owned();
            let is_late = warning["expired"].as_bool().unwrap_or(false);
            arrived.entry(zone).or_default().push((warning["seq"].as_u64().unwrap(), is_late));
            room.confirm(&arrival).await.unwrap();
        }
        arrived
    });

    let mut said: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    let mut note = |line: &str| {
        if let Some((zone, seq)) = raised(line) {
            said.entry(zone).or_default().push(seq);
        }
    };
    // Instants of no pattern that are the same in every run.
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..times {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let lines_until_killed = (random >> 33) % 60;
        let (mut child, mut stdout) = start(&outbox, &endpoint, None);
        let mut line = String::new();
        let mut seen = 0;
        while seen <= lines_until_killed && stdout.read_line(&mut line).unwrap() > 0 {
            note(&line);
            seen += u64::from(raised(&line).is_some());
            line.clear();
        }
        std::thread::sleep(Duration::from_micros((random >> 20) % 5000));
        child.kill().unwrap();
        child.wait().unwrap();
        // What it had written before it died was said too; a line cut in the middle was not.
        while stdout.read_line(&mut line).unwrap_or(0) > 0 {
            if line.ends_with('\n') {
                note(&line);
            }
            line.clear();
        }
    }
    // The last one lives until everything has left its outbox.
    let (mut child, stdout) = start(&outbox, &endpoint, Some(5));
    for line in stdout.lines() {
        let line = line.unwrap();
        note(&line);
        if line.contains("all raised") {
            break;
        }
    }
    let last: BTreeMap<String, u64> =
        said.iter().map(|(zone, seqs)| (zone.clone(), *seqs.last().unwrap())).collect();
    let until = std::time::Instant::now() + PATIENCE;
    while waiting(&outbox) > 0 {
        assert!(std::time::Instant::now() < until, "{} warnings never left the outbox", waiting(&outbox));
        std::thread::sleep(Duration::from_millis(100));
    }
    is_over.store(true, Ordering::Relaxed);
    let arrived = runtime.block_on(arrivals).unwrap();
    drop(child.stdin.take());
    child.wait().unwrap();

    let total: usize = said.values().map(Vec::len).sum();
    assert!(total >= times, "{total} warnings were raised in {times} lives");
    for (zone, seqs) in &said {
        assert!(seqs.is_sorted(), "{zone}: numbers go on: {seqs:?}");
        let seen = &arrived[zone];
        let numbers: Vec<u64> = seen.iter().map(|(seq, _)| *seq).collect();
        let expected: Vec<u64> = (0..=last[zone]).collect();
        assert_eq!(numbers, expected, "{zone}: each once and in order");
        assert!(seen.iter().all(|(_, is_late)| !is_late), "{zone}: none overtaken");
    }
}

/// Warnings that nobody has confirmed yet, as an operator would ask.
fn waiting(outbox: &str) -> i64 {
    let file = rusqlite::Connection::open(outbox).unwrap();
    file.query_row("SELECT count(*) FROM warning WHERE delivered = 0", [], |row| row.get(0)).unwrap()
}

#[test]
fn what_was_raised_is_what_arrives_once_and_in_order_however_often_the_process_is_killed() {
    killed_at_random(15);
}

#[test]
#[ignore = "takes minutes; bash deploy/test.sh --long runs it"]
fn the_same_killed_at_two_hundred_instants() {
    killed_at_random(200);
}

#[test]
fn a_bus_that_is_away_while_the_process_is_killed_gets_everything_when_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = folder.path().join("outbox.sqlite").to_str().unwrap().to_owned();
    let endpoint = format!("tcp/127.0.0.1:{}", free_port());
    for _ in 0..2 {
        let (mut child, mut stdout) = start(&outbox, &endpoint, Some(20));
        let mut line = String::new();
        while !line.contains("all raised") {
            line.clear();
            assert!(stdout.read_line(&mut line).unwrap() > 0);
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    assert_eq!(waiting(&outbox), 2 * 20 * 3, "nobody was there");
    runtime().block_on(async {
        let router = Network { listen: vec![endpoint.clone()], ..Network::default() };
        let mut room = Watcher::open(&router, "throng/v1/*/warning/*", false)
            .await
            .unwrap()
            .confirming(id("room"), "desk");
        let network = Network { connect: vec![endpoint], ..Network::default() };
        let options = OutboxOptions { file: Some(outbox.clone().into()), confirm_groups: vec![id("room")] };
        let bus = site("stadium", network, options).await;
        until(&bus.handle(), |state| matches!(state, BusState::Connected { .. })).await;
        let mut next: BTreeMap<String, u64> = BTreeMap::new();
        while next.values().sum::<u64>() < 2 * 20 * 3 {
            let arrival = tokio::time::timeout(PATIENCE, room.next()).await.unwrap().unwrap();
            let warning = message(&arrival).unwrap();
            let expected = next.entry(warning["zone"].as_str().unwrap().to_owned()).or_default();
            assert_eq!(warning["seq"].as_u64(), Some(*expected));
            *expected += 1;
            room.confirm(&arrival).await.unwrap();
        }
        let until_confirmed = async {
            while waiting(&outbox) > 0 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, until_confirmed).await.expect("they leave the outbox");
        bus.close().await;
    });
}
