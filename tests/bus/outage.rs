//! Outages: what comes late says so, a restart does not end an incident, and a dead process is not a calm one.

use std::{fs, process::Command, time::Duration};

use serde_json::Value;
use tempfile::TempDir;
use throng::{
    clock::wall_clock,
    publish::{BusState, Heard, Network, OutboxOptions, Watcher},
};

use super::{
    gate::{film, site as site_file},
    support::{PATIENCE, free_port, id, message, next, runtime, site, until, warning},
    warnings::{Program, said},
};

/// Within this long of a process being killed, a watcher sees that there is no data.
const NO_DATA_WITHIN: Duration = Duration::from_secs(3);

/// Where it hangs, or its machine has lost its power, nobody closes the connection: it is missed by the lease of 3 s. The rest
/// is for a busy machine; without the lease it would take zenoh's 10 s.
const MISSED_WITHIN: Duration = Duration::from_secs(6);

#[test]
fn what_expired_while_the_bus_was_away_arrives_in_order_and_marked() {
    let folder = TempDir::new().unwrap();
    let options =
        OutboxOptions { file: Some(folder.path().join("outbox.sqlite")), confirm_groups: vec![id("room")] };
    let endpoint = format!("tcp/127.0.0.1:{}", free_port());
    runtime().block_on(async {
        let connect = Network { connect: vec![endpoint.clone()], ..Network::default() };
        let bus = site("stadium", connect, options).await;
        let numbering = bus.left().numbering.clone();
        let now = wall_clock();
        for (seq, expires_at) in [(0, now - 1.0), (1, now - 0.5), (2, now + 3600.0)] {
            bus.handle().publish(warning(&numbering, "gate", seq, Some(expires_at)));
        }
        let room = Network { listen: vec![endpoint], ..Network::default() };
        let mut room = Watcher::open(&room, "throng/v1/*/warning/*", false)
            .await
            .unwrap()
            .confirming(id("room"), "desk");
        until(&bus.handle(), |state| matches!(state, BusState::Connected { .. })).await;
        let mut came = Vec::new();
        while came.len() < 3 {
            let arrival = tokio::time::timeout(PATIENCE, room.next()).await.unwrap().unwrap();
            let warning = message(&arrival).unwrap();
            came.push((warning["seq"].as_u64().unwrap(), warning["expired"].as_bool().unwrap_or(false)));
            room.confirm(&arrival).await.unwrap();
        }
        assert_eq!(came, [(0, true), (1, true), (2, false)]);
        bus.close().await;
    });
}

/// Waits until a node is told to be lost.
async fn until_lost(room: &mut Watcher, within: Duration) {
    let lost = async {
        loop {
            let arrival = room.next().await.unwrap();
            if arrival.heard == Heard::Lost && arrival.key.contains("/node/") {
                return;
            }
        }
    };
    tokio::time::timeout(within, lost)
        .await
        .unwrap_or_else(|_late| panic!("not told to be lost within {within:?}"));
}

#[test]
fn a_process_that_hangs_is_no_data_too() {
    let folder = TempDir::new().unwrap();
    film(&folder.path().join("film.mkv"), 60);
    let endpoint = format!("tcp/127.0.0.1:{}", free_port());
    let site = site_file(folder.path(), &format!("connect = [\"{endpoint}\"]"));
    let run_said = folder.path().join("run.txt");
    let runtime = runtime();
    let listen = Network { listen: vec![endpoint], ..Network::default() };
    let mut room = runtime.block_on(Watcher::open(&listen, "throng/v1/**", true)).unwrap();
    let run = Program::start(&["run", site.to_str().unwrap(), "--json"], &run_said);
    runtime.block_on(next(&mut room, "a density", |key, _| key.ends_with("/zone/gate/density")));
    let signal =
        |name: &str| Command::new("kill").args([name, &run.child.id().to_string()]).status().unwrap();
    assert!(signal("-STOP").success());
    runtime.block_on(until_lost(&mut room, MISSED_WITHIN));
    assert!(signal("-CONT").success());
    // It comes back by itself.
    runtime.block_on(next(&mut room, "a density again", |key, _| key.ends_with("/zone/gate/density")));
}

#[test]
fn an_incident_goes_on_over_a_kill_and_the_dead_process_is_no_data() {
    let folder = TempDir::new().unwrap();
    // Red before a second has passed, and red for the rest.
    film(&folder.path().join("film.mkv"), 60);
    let endpoint = format!("tcp/127.0.0.1:{}", free_port());
    let bus = format!("connect = [\"{endpoint}\"]\noutbox = \"outbox.sqlite\"\nconfirm_groups = [\"room\"]");
    let site = site_file(folder.path(), &bus);
    let text = fs::read_to_string(&site).unwrap();
    fs::write(
        &site,
        text.replace(
            "blue = 1.0, yellow = 1.5, orange = 2.0, red = 2.5",
            "blue = 0.1, yellow = 0.2, orange = 0.3, red = 0.4",
        ),
    )
    .unwrap();
    let run_said = folder.path().join("run.txt");

    let runtime = runtime();
    let room = Network { listen: vec![endpoint], ..Network::default() };
    let mut room =
        runtime.block_on(Watcher::open(&room, "throng/v1/**", true)).unwrap().confirming(id("room"), "desk");
    let is_warning =
        |key: &str, value: &Value| key.ends_with("/warning/gate") && value["incident"].is_string();

    let mut run = Program::start(&["run", site.to_str().unwrap(), "--json"], &run_said);
    let red = runtime.block_on(next(&mut room, "a red warning", |key, value| {
        is_warning(key, value) && value["level"] == 4
    }));
    run.child.kill().unwrap();
    runtime.block_on(until_lost(&mut room, NO_DATA_WITHIN));
    drop(run);

    let run = Program::start(&["run", site.to_str().unwrap(), "--json"], &run_said);
    let first = runtime.block_on(next(&mut room, "a warning after the restart", |key, value| {
        is_warning(key, value) && value["node"] != red["node"]
    }));
    assert_eq!(first["incident"], red["incident"], "{}", said(&run_said));
    assert!(first["seq"].as_u64() > red["seq"].as_u64(), "{first} after {red}");
    assert_eq!(first["numbering"], red["numbering"]);
    assert!(first["level"].is_null(), "before the first picture nobody knows the level: {first}");
    let restored = runtime.block_on(next(&mut room, "the level", |key, value| {
        is_warning(key, value) && value["level"].is_number()
    }));
    assert_eq!(restored["transition"], "restored", "{restored}");
    assert_eq!((&restored["level"], &restored["incident"]), (&red["level"], &red["incident"]));
    assert_eq!(restored["since"], red["since"]);
    let pid = run.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    run.rest(&run_said);
}
