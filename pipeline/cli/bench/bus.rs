//! `throng bench --bus`: warnings and measurements through outbox and bus on loopback, without cameras.

use std::{
    collections::VecDeque,
    net::TcpListener,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use serde::Serialize;
use serde_json::json;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::{
    cli::{exit_status::ExitStatus, output},
    latency::Percentiles,
    process_usage,
    publish::{
        Arrival, Bus, BusOptions, BusState, Heard, Id, Network, OutboxOptions, Outgoing, Topic, Watcher,
    },
};

/// Warnings whose way is timed, one at a time.
const TIMED: u64 = 1000;
/// Warnings of the endurance run, and how many leave in a second.
const ENDURED: u64 = 10_000;
const ENDURED_PER_SEC: f64 = ENDURED as f64 / 60.0;
/// Zones, messages of each a second, and seconds of the load with measurements.
const ZONES: usize = 1000;
const ZONE_HZ: f64 = 5.0;
const ZONE_SECS: f64 = 10.0;
/// Size of a warning, bytes: one with an outline, texts and contributions.
const WARNING_BYTES: usize = 2500;
/// Longest wait for an arrival.
const PATIENCE: Duration = Duration::from_secs(20);

/// The figures.
#[derive(Debug, Serialize)]
struct Figures {
    /// From handing a warning over to its arrival at a subscriber in a session of its own, milliseconds; the outbox on
    /// disk, one synchronised write a warning.
    raised_to_subscriber_ms: Percentiles,
    /// The same with the outbox in memory.
    raised_to_subscriber_in_memory_ms: Percentiles,
    /// Warnings raised in the endurance run, at 10 000 a minute.
    endured_warnings: u64,
    /// Of those, warnings that arrived once and in order.
    endured_arrived: u64,
    /// Warnings still in the outbox at its end.
    endured_waiting: u64,
    /// Resident memory after a tenth of it and at its end, megabytes.
    endured_rss_mb: [f64; 2],
    /// Measurements a second of 1000 zones at 5 Hz.
    measured_per_sec: f64,
    /// Processor seconds a second of them, publisher and subscriber together.
    measured_cpu_cores: f64,
    /// Share of them that arrived.
    measured_arrived_ratio: f64,
}

/// Measures and prints.
///
/// # Errors
/// The bus cannot be opened on loopback, or a warning does not arrive.
pub(super) fn run(as_json: bool) -> anyhow::Result<ExitStatus> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the network threads")?;
    let folder = tempfile::tempdir().context("cannot make a folder for the outbox")?;
    let figures = runtime.block_on(measure(folder.path()))?;
    runtime.shutdown_timeout(Duration::from_secs(1));
    if as_json {
        output::json_line(&figures)?;
    } else {
        output::note(serde_json::to_string_pretty(&figures)?);
    }
    Ok(ExitStatus::Success)
}

async fn measure(folder: &Path) -> anyhow::Result<Figures> {
    output::note("Warnings one at a time, by way of the disk ...");
    let on_disk =
        OutboxOptions { file: Some(folder.join("timed.sqlite")), confirm_groups: vec![Id::new("room")?] };
    let raised_to_subscriber_ms = timed(on_disk).await?;
    output::note("The same in memory ...");
    let raised_to_subscriber_in_memory_ms = timed(OutboxOptions::default()).await?;
    output::note("Ten thousand in a minute ...");
    let file = folder.join("endured.sqlite");
    let (endured_arrived, endured_rss_mb) = endured(&file).await?;
    let endured_waiting = waiting(&file)?;
    output::note("A thousand zones ...");
    let (measured_per_sec, measured_cpu_cores, measured_arrived_ratio) = measured().await?;
    Ok(Figures {
        raised_to_subscriber_ms,
        raised_to_subscriber_in_memory_ms,
        endured_warnings: ENDURED,
        endured_arrived,
        endured_waiting,
        endured_rss_mb,
        measured_per_sec,
        measured_cpu_cores,
        measured_arrived_ratio,
    })
}

/// A site and a room that confirms, connected on loopback.
async fn pair(outbox: OutboxOptions, key_expression: &str) -> anyhow::Result<(Bus, Watcher)> {
    let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|socket| socket.local_addr())?.port();
    let endpoint = format!("tcp/127.0.0.1:{port}");
    let listen = Network { listen: vec![endpoint.clone()], ..Network::default() };
    let room = Watcher::open(&listen, key_expression, false).await?.confirming(Id::new("room")?, "bench");
    let options = BusOptions {
        network: Network { connect: vec![endpoint], ..Network::default() },
        site: Id::new("bench")?,
        node: Id::new("bench")?,
        outbox,
        config: b"{}".to_vec(),
    };
    let bus = Bus::open(options).await?;
    let mut states = bus.handle().states();
    let connected = states.wait_for(|state| matches!(state, BusState::Connected { .. }));
    timeout(PATIENCE, connected).await.context("the bus does not connect")??;
    Ok((bus, room))
}

fn warning(numbering: &str, seq: u64) -> anyhow::Result<Outgoing> {
    let payload = json!({
        "schema": "throng.warning.v1", "numbering": numbering, "seq": seq, "filling": "x".repeat(WARNING_BYTES),
    });
    let topic = Topic::Warning(Id::new("gate")?);
    Ok(Outgoing { seq: Some(seq), ..Outgoing::new(topic, payload.to_string().into_bytes()) })
}

/// The next warning and its number.
async fn next_warning(room: &mut Watcher) -> anyhow::Result<(u64, Arrival)> {
    loop {
        let arrival = timeout(PATIENCE, room.next()).await.context("a warning does not arrive")?;
        let Some(arrival) = arrival else { bail!("the session was closed") };
        let Heard::Message { payload, .. } = &arrival.heard else { continue };
        let value: serde_json::Value = serde_json::from_slice(payload)?;
        if let Some(seq) = value["seq"].as_u64() {
            return Ok((seq, arrival));
        }
    }
}

async fn timed(outbox: OutboxOptions) -> anyhow::Result<Percentiles> {
    let (bus, mut room) = pair(outbox, "throng/v1/*/warning/*").await?;
    let (handle, numbering) = (bus.handle(), bus.left().numbering.clone());
    let mut samples_ms = Vec::new();
    for seq in 0..TIMED {
        let message = warning(&numbering, seq)?;
        let began = Instant::now();
        tokio::task::block_in_place(|| handle.publish(message));
        let (arrived, arrival) = next_warning(&mut room).await?;
        let took_ms = began.elapsed().as_secs_f64() * 1e3;
        ensure!(arrived == seq, "warning {arrived} arrived in place of {seq}");
        // The first declares its publisher.
        samples_ms.extend((seq > 0).then_some(took_ms));
        room.confirm(&arrival).await?;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    bus.close().await;
    Ok(Percentiles::of(&samples_ms))
}

async fn endured(file: &Path) -> anyhow::Result<(u64, [f64; 2])> {
    let outbox = OutboxOptions { file: Some(file.to_owned()), confirm_groups: vec![Id::new("room")?] };
    let (bus, mut room) = pair(outbox, "throng/v1/*/warning/*").await?;
    let (handle, numbering) = (bus.handle(), bus.left().numbering.clone());
    let mut pace = interval(Duration::from_secs_f64(1.0 / ENDURED_PER_SEC));
    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (mut raised, mut arrived, mut rss_mb) = (0, 0, VecDeque::new());
    while arrived < ENDURED {
        tokio::select! {
            _ = pace.tick(), if raised < ENDURED => {
                let message = warning(&numbering, raised)?;
                tokio::task::block_in_place(|| handle.publish(message));
                raised += 1;
            }
            next = next_warning(&mut room) => {
                let (seq, arrival) = next?;
                ensure!(seq == arrived, "warning {seq} arrived in place of {arrived}");
                arrived += 1;
                room.confirm(&arrival).await?;
                if arrived == ENDURED / 10 || arrived == ENDURED {
                    rss_mb.push_back(process_usage::rss_mb()?);
                }
            }
        }
    }
    // The last confirmations are on their way.
    let until = Instant::now() + PATIENCE;
    while waiting(file)? > 0 && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    bus.close().await;
    Ok((arrived, [rss_mb[0], rss_mb[1]]))
}

/// Warnings in an outbox that nobody has confirmed.
fn waiting(file: &Path) -> anyhow::Result<u64> {
    let connection = rusqlite::Connection::open(file)?;
    let rows: i64 =
        connection.query_row("SELECT count(*) FROM warning WHERE delivered = 0", [], |row| row.get(0))?;
    Ok(rows.cast_unsigned())
}

async fn measured() -> anyhow::Result<(f64, f64, f64)> {
    let (bus, mut room) = pair(OutboxOptions::default(), "throng/v1/*/zone/*/density").await?;
    let handle = bus.handle();
    let zones: Vec<Id> =
        (0..ZONES).map(|zone| Id::new(format!("zone-{zone}"))).collect::<anyhow::Result<_>>()?;
    let payload =
        json!({ "schema": "throng.density.v1", "filling": "x".repeat(700) }).to_string().into_bytes();
    let rounds = (ZONE_HZ * ZONE_SECS) as usize;
    let mut arrived = 0_u64;
    let mut pace = interval(Duration::from_secs_f64(1.0 / ZONE_HZ));
    let mut round = 0;
    let (mut began, mut cpu_before) = (Instant::now(), process_usage::cpu_secs()?);
    loop {
        tokio::select! {
            _ = pace.tick() => {
                if round == 1 {
                    // The first round declares the publishers.
                    (began, cpu_before, arrived) = (Instant::now(), process_usage::cpu_secs()?, 0);
                }
                if round > rounds {
                    break;
                }
                round += 1;
                let message = |zone: &Id| Outgoing::new(Topic::ZoneDensity(zone.clone()), payload.clone());
                handle.publish_all(zones.iter().map(message).collect());
            }
            next = room.next() => arrived += u64::from(next.is_some()),
        }
    }
    let secs = began.elapsed().as_secs_f64();
    let cpu_secs = process_usage::cpu_secs()? - cpu_before;
    bus.close().await;
    let sent = (rounds * ZONES) as f64;
    Ok((sent / secs, cpu_secs / secs, arrived as f64 / sent))
}
