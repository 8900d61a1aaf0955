//! Three routers: a drone's ground station, its district and the city, with a radio of few bits between the first two.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use serde_json::json;
use tempfile::TempDir;
use throng::publish::{Arrival, BusState, Network, OutboxOptions, Outgoing, Topic, Watcher, open_session};
use throng_analytics::wire::{Ack, Message as _};

use super::support::{
    PATIENCE, certificates, deployed, free_port, id, message, role, role_network, runtime, site, until,
    warning,
};

/// The router of a level, listening on a port, and calling the one above where there is one.
async fn level(tls: &Path, port: u16, above: Option<u16>, names: &[(&str, &str)]) -> zenoh::Session {
    let listen = format!("tls/localhost:{port}");
    let connect = above.map(|above| format!("endpoints: [\"tls/localhost:{above}\"]")).unwrap_or_default();
    let mut replaced =
        vec![("tls/0.0.0.0:7447", listen.as_str()), ("/etc/throng/tls", tls.to_str().unwrap())];
    if above.is_some() {
        replaced.push(("endpoints: []", &connect));
    }
    replaced.extend_from_slice(names);
    open_session(&deployed(tls, "district-router.json5", "router.json5", &replaced)).await.unwrap()
}

fn json_message(topic: Topic, bytes: usize) -> Outgoing {
    let payload = json!({ "schema": "test", "filling": "x".repeat(bytes) }).to_string().into_bytes();
    Outgoing::new(topic, payload)
}

/// Whether it is a density; nothing but densities and warnings crosses the radio.
fn is_density(arrival: &Arrival) -> bool {
    let is_density = arrival.key == "throng/v1/drone-1/zone/gate/density";
    let may_cross = is_density || arrival.key == "throng/v1/drone-1/warning/gate";
    assert!(may_cross || message(arrival).is_none(), "{} crossed the radio", arrival.key);
    is_density
}

#[test]
fn the_city_sees_a_drone_over_its_radio_warned_in_full_and_measured_in_few_bits() {
    let folder = TempDir::new().unwrap();
    let tls = certificates(&folder, &["city", "district", "drone-1"]);
    let (city_port, district_port, drone_port) = (free_port(), free_port(), free_port());
    runtime().block_on(async {
        // At the city a district speaks for its sites.
        let city_names = [
            ("router.stadium", "router.district"),
            ("throng/v1/stadium/", "throng/v1/drone-1/"),
            ("router.city", "router.country"),
            ("viewer.district", "viewer.city"),
            ("operator.district", "operator.city"),
            ("speaker-controller.district", "speaker-controller.city"),
        ];
        let _city = level(&tls[0], city_port, None, &city_names).await;
        let district_names =
            [("router.stadium", "router.drone-1"), ("throng/v1/stadium/", "throng/v1/drone-1/")];
        let _district = level(&tls[1], district_port, Some(city_port), &district_names).await;
        let local = format!("tcp/127.0.0.1:{drone_port}");
        let radio = deployed(
            &tls[2],
            "drone-router.json5",
            "router.json5",
            &[
                ("tcp/127.0.0.1:7447", &local),
                ("tls/bus.district.example.org:7447", &format!("tls/localhost:{district_port}")),
                ("/etc/throng/tls", tls[2].to_str().unwrap()),
            ],
        );
        let _drone = open_session(&radio).await.unwrap();

        let mut rooms = [
            Watcher::open(&role_network(&tls[1], "viewer", district_port), "throng/v1/**", true)
                .await
                .unwrap(),
            Watcher::open(&role_network(&tls[0], "viewer", city_port), "throng/v1/**", true).await.unwrap(),
        ];
        let at_drone = Network { connect: vec![local], ..Network::default() };
        let mut bus = site("drone-1", at_drone, OutboxOptions::default()).await;
        let mut acks = bus.take_acks().unwrap();
        until(&bus.handle(), |state| matches!(state, BusState::Connected { .. })).await;
        let (handle, numbering) = (bus.handle(), bus.left().numbering.clone());
        handle.publish(warning(&numbering, "gate", 0, None));
        for room in &mut rooms {
            super::support::next(room, "the first warning", |key, _| key == "throng/v1/drone-1/warning/gate")
                .await;
        }

        // Many at once, and until both rooms have heard one: a subscription takes its time over two routers.
        let (mut sent, mut heard) = (0, [0, 0]);
        let deadline = Instant::now() + PATIENCE;
        while sent < 20 || heard.contains(&0) {
            assert!(Instant::now() < deadline, "{heard:?} of {sent} densities");
            handle.publish(json_message(Topic::ZoneDensity(id("gate")), 300));
            handle.publish(json_message(Topic::ZoneFlow(id("gate")), 300));
            handle.publish(json_message(Topic::Field, 100_000));
            handle.publish(json_message(Topic::CameraCount(id("east")), 20_000));
            sent += 1;
            for (room, heard) in rooms.iter_mut().zip(&mut heard) {
                while let Ok(arrival) = tokio::time::timeout(Duration::from_millis(10), room.next()).await {
                    *heard += u32::from(is_density(&arrival.unwrap()));
                }
            }
        }
        handle.publish(warning(&numbering, "gate", 1, None));
        for (room, heard) in rooms.iter_mut().zip(&mut heard) {
            loop {
                let arrival =
                    tokio::time::timeout(PATIENCE, room.next()).await.expect("the second warning").unwrap();
                if message(&arrival).is_some_and(|value| value["seq"] == 1) {
                    break;
                }
                *heard += u32::from(is_density(&arrival));
            }
            assert!(*heard < sent, "{heard} of {sent} densities");
        }

        // Down again: an acknowledgement of the city reaches the drone's site, a forged warning does not.
        let operator = role(&tls[0], "operator", city_port).await;
        let ack = json!({ "incident": "i-1", "operator": "city desk", "at": "2026-11-23T12:00:00Z" });
        assert!(serde_json::from_value::<Ack>(ack.clone()).is_ok(), "{}", Ack::SCHEMA);
        operator.put("throng/v1/drone-1/warning/gate", "forged").await.unwrap();
        let arrived = async {
            loop {
                operator.put("throng/v1/drone-1/ack/i-1", ack.to_string()).await.unwrap();
                if let Ok(Some(ack)) = tokio::time::timeout(Duration::from_millis(200), acks.recv()).await {
                    return ack;
                }
            }
        };
        let ack = tokio::time::timeout(PATIENCE, arrived).await.expect("the acknowledgement comes");
        assert_eq!(ack.operator, "city desk");
        while let Ok(Some(arrival)) = tokio::time::timeout(Duration::from_millis(200), rooms[0].next()).await
        {
            assert!(message(&arrival).is_some() || !arrival.key.contains("warning"), "{arrival:?}");
        }
        bus.close().await;
    });
}
