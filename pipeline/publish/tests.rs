//! The bus between two sessions of one process, over loopback. Everything waits for events, nothing sleeps.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;
use zenoh::Wait as _;

use super::*;

/// Longest wait for something that is bound to come.
const PATIENCE: Duration = Duration::from_secs(20);

fn id(text: &str) -> Id {
    Id::new(text).unwrap()
}

/// A port of loopback that nobody uses now.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn options(network: Network) -> BusOptions {
    BusOptions {
        network,
        site: id("stadium"),
        node: id("box-1"),
        outbox: OutboxOptions::default(),
        config: Vec::new(),
    }
}

fn listening(port: u16) -> Network {
    Network { listen: vec![format!("tcp/127.0.0.1:{port}")], ..Network::default() }
}

fn connecting(port: u16) -> Network {
    Network { connect: vec![format!("tcp/127.0.0.1:{port}")], ..Network::default() }
}

/// A warning cut down to what these tests look at.
fn warning(zone: &str, level: u8) -> Outgoing {
    let payload = json!({ "schema": "throng.warning.v1", "level": level }).to_string().into_bytes();
    Outgoing::new(Topic::Warning(id(zone)), payload)
}

/// The next arrival that `wanted` takes.
async fn next<T>(watcher: &mut Watcher, mut wanted: impl FnMut(&Arrival) -> Option<T>) -> T {
    let found = async {
        loop {
            let arrival = watcher.next().await.expect("the session is open");
            if let Some(found) = wanted(&arrival) {
                return found;
            }
        }
    };
    timeout(PATIENCE, found).await.expect("it arrives")
}

fn level_of(arrival: &Arrival) -> Option<(String, u64)> {
    let Heard::Message { encoding, payload } = &arrival.heard else { return None };
    let level = serde_json::from_slice::<Value>(payload).ok()?["level"].as_u64()?;
    Some((encoding.clone(), level))
}

async fn until(bus: &BusHandle, wanted: impl FnMut(&BusState) -> bool) {
    timeout(PATIENCE, bus.states().wait_for(wanted))
        .await
        .expect("the state comes")
        .expect("the bus is open");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warning_arrives_with_its_schema_and_a_number_as_a_number() {
    let port = free_port();
    let bus = Bus::open(options(listening(port))).await.unwrap();
    let mut watcher = Watcher::open(&connecting(port), "throng/v1/**", true).await.unwrap();
    until(&bus.handle(), |state| matches!(state, BusState::Connected { .. })).await;

    bus.handle().publish(warning("gate", 3));
    let (encoding, level) = next(&mut watcher, level_of).await;
    assert_eq!((encoding.as_str(), level), ("application/json;throng.warning.v1", 3));

    bus.handle().publish(Outgoing::number(Topic::ZonePeople(id("gate")), 41.0).unwrap());
    let text = next(&mut watcher, |arrival| match &arrival.heard {
        Heard::Message { encoding, payload } if arrival.key.ends_with("/people") => {
            Some((encoding.clone(), String::from_utf8(payload.clone()).unwrap()))
        }
        _ => None,
    })
    .await;
    assert_eq!(text, ("text/plain".to_owned(), "41".to_owned()));
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_joiner_gets_the_history_of_warnings_the_current_state_and_the_schemas() {
    let port = free_port();
    let bus = Bus::open(options(listening(port))).await.unwrap();
    for level in [1, 2, 3] {
        bus.handle().publish(warning("gate", level));
    }
    let mut watcher = Watcher::open(&connecting(port), "throng/v1/*/warning/gate", false).await.unwrap();
    for level in [1, 2, 3] {
        assert_eq!(next(&mut watcher, level_of).await.1, level, "the oldest first, each once");
    }

    let session = open_session(&connecting(port)).await.unwrap();
    for (key, member, expected) in [
        ("throng/v1/stadium/warning/*", "level", json!(3)),
        ("throng/v1/stadium/schema/warning", "title", json!("Warning")),
    ] {
        let replies = session.get(key).timeout(PATIENCE).await.unwrap();
        let reply = timeout(PATIENCE, replies.recv_async()).await.unwrap().unwrap();
        let sample = reply.into_result().unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&sample.payload().to_bytes()).unwrap()[member], expected);
    }
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_subscriber_that_came_late_hears_the_newest_warning_again() {
    let port = free_port();
    let bus = Bus::open(options(listening(port))).await.unwrap();
    bus.handle().publish(warning("gate", 2));
    let session = open_session(&connecting(port)).await.unwrap();
    let subscriber = session.declare_subscriber("throng/v1/stadium/warning/gate").await.unwrap();
    let sample = timeout(PATIENCE, subscriber.recv_async()).await.expect("it is repeated").unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&sample.payload().to_bytes()).unwrap()["level"], 2);
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_falls_silent_is_lost_and_not_calm() {
    let port = free_port();
    let bus = Bus::open(options(listening(port))).await.unwrap();
    bus.handle().set_camera_alive(&id("east"), true);
    let mut watcher = Watcher::open(&connecting(port), "throng/v1/**", true).await.unwrap();
    let token = |wanted: Heard, topic: Topic| {
        move |arrival: &Arrival| {
            let is_it = arrival.heard == wanted && arrival.topic.as_ref().is_some_and(|(_, it)| *it == topic);
            is_it.then_some(())
        }
    };
    next(&mut watcher, token(Heard::Alive, Topic::CameraAlive(id("east")))).await;
    bus.handle().set_camera_alive(&id("east"), false);
    next(&mut watcher, token(Heard::Lost, Topic::CameraAlive(id("east")))).await;
    drop(bus);
    next(&mut watcher, token(Heard::Lost, Topic::Node(id("box-1")))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_acknowledgement_reaches_the_site_and_malformed_ones_are_counted() {
    let port = free_port();
    let mut bus = Bus::open(options(listening(port))).await.unwrap();
    let mut acks = bus.take_acks().unwrap();
    let session = open_session(&connecting(port)).await.unwrap();
    let key = Topic::Ack(id("incident-1")).key(&id("stadium")).unwrap();
    let congestion = Topic::Ack(id("incident-1")).delivery().congestion;
    let publisher = session.declare_publisher(key).congestion_control(congestion).await.unwrap();
    let matching = publisher.matching_listener().await.unwrap();
    if !publisher.matching_status().await.unwrap().matching() {
        timeout(PATIENCE, matching.recv_async()).await.unwrap().unwrap();
    }
    let malformed = [
        "not json".to_owned(),
        json!({ "schema": "throng.warning.v1" }).to_string(),
        json!({ "incident": "another", "operator": "duty", "at": "2026-11-23T12:00:00Z" }).to_string(),
        json!({ "incident": "incident-1", "operator": "duty", "at": "yesterday" }).to_string(),
        " ".repeat(100_000),
    ];
    for payload in &malformed {
        publisher.put(payload).wait().unwrap();
    }
    let proper = json!({ "incident": "incident-1", "operator": "duty", "at": "2026-11-23T12:00:00Z" });
    publisher.put(proper.to_string()).await.unwrap();
    let ack = timeout(PATIENCE, acks.recv()).await.unwrap().unwrap();
    assert_eq!((ack.incident.as_str(), ack.operator.as_str()), ("incident-1", "duty"));
    assert_eq!(bus.handle().acks_refused(), malformed.len() as u64);
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_the_bus_down_the_site_runs_says_so_and_delivers_when_it_is_back() {
    let port = free_port();
    let bus = Bus::open(options(connecting(port))).await.expect("a bus that is down is no error");
    let state = bus.handle().state();
    assert_eq!(state.to_string(), format!("bus: down, waiting for tcp/127.0.0.1:{port}"));
    for level in [1, 2] {
        bus.handle().publish(warning("gate", level));
    }
    let mut watcher = Watcher::open(&listening(port), "throng/v1/**", true).await.unwrap();
    until(&bus.handle(), |state| matches!(state, BusState::Connected { .. })).await;
    for level in [1, 2] {
        assert_eq!(next(&mut watcher, level_of).await.1, level, "in order, each once");
    }
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_whose_router_is_down_is_opened_when_it_is_there() {
    let port = free_port();
    let client = Network { mode: BusMode::Client, ..connecting(port) };
    let bus = Bus::open(options(client)).await.expect("a bus that is down is no error");
    assert!(
        bus.handle().state().to_string().contains("waiting for tcp/127.0.0.1"),
        "{}",
        bus.handle().state()
    );
    bus.handle().publish(warning("gate", 4));
    let mut watcher = Watcher::open(&listening(port), "throng/v1/**", true).await.unwrap();
    assert_eq!(next(&mut watcher, level_of).await.1, 4);
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_of_one_machine_find_each_other_with_nothing_configured() {
    let network = Network { meeting_port: free_port(), ..Network::default() };
    let mut first = Watcher::open(&network, "throng/v1/**", true).await.unwrap();
    let bus = Bus::open(options(network.clone())).await.unwrap();
    let mut third = Watcher::open(&network, "throng/v1/**", true).await.unwrap();
    until(&bus.handle(), |state| *state == BusState::Connected { peers: 2, routers: 0 }).await;
    bus.handle().publish(warning("gate", 1));
    assert_eq!(next(&mut first, level_of).await.1, 1);
    assert_eq!(next(&mut third, level_of).await.1, 1);

    // The host of the meeting goes; the others stay together, and the next to come becomes the host.
    first.close().await.unwrap();
    until(&bus.handle(), |state| *state == BusState::Connected { peers: 1, routers: 0 }).await;
    bus.handle().publish(warning("gate", 2));
    while next(&mut third, level_of).await.1 != 2 {}
    let mut fourth = Watcher::open(&network, "throng/v1/**", true).await.unwrap();
    while next(&mut fourth, level_of).await.1 != 2 {}
    bus.close().await;
}

/// A configuration file of the deployment folder.
fn deployed(file: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/zenoh").join(file)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_site_and_a_watcher_meet_at_the_deployed_router() {
    let port = free_port();
    let router = Network { config_file: Some(deployed("router.json5")), ..listening(port) };
    let router = open_session(&router).await.unwrap();
    let peer = Network { config_file: Some(deployed("peer.json5")), ..connecting(port) };
    let bus = Bus::open(options(peer)).await.unwrap();
    until(&bus.handle(), |state| matches!(state, BusState::Connected { routers: 1, .. })).await;
    let mut watcher = Watcher::open(&connecting(port), "throng/v1/**", true).await.unwrap();
    bus.handle().publish(warning("gate", 3));
    assert_eq!(next(&mut watcher, level_of).await.1, 3);
    let client = Network { mode: BusMode::Client, ..connecting(port) };
    let mut client = Watcher::open(&client, "throng/v1/**", true).await.unwrap();
    assert_eq!(next(&mut client, level_of).await.1, 3);

    // The router goes: the site says so, and carries on when another one answers in its place.
    router.close().await.unwrap();
    drop(watcher);
    until(&bus.handle(), BusState::is_down).await;
    bus.handle().publish(warning("gate", 4));
    let mut watcher = Watcher::open(&listening(port), "throng/v1/**", true).await.unwrap();
    while next(&mut watcher, level_of).await.1 != 4 {}
    bus.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_published_just_before_closing_still_leaves() {
    let port = free_port();
    let bus = Bus::open(options(listening(port))).await.unwrap();
    let mut watcher = Watcher::open(&connecting(port), "throng/v1/**", true).await.unwrap();
    let handle = bus.handle();
    handle.publish(warning("gate", 0));
    assert_eq!(next(&mut watcher, level_of).await.1, 0, "somebody listens");
    for level in 1..100 {
        handle.publish(warning("gate", level));
    }
    bus.close().await;
    assert_eq!(handle.state(), BusState::Closed);
    while next(&mut watcher, level_of).await.1 != 99 {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_key_expression_is_named_with_an_example() {
    for text in ["", "/throng", "throng//v1", "throng/v1/#", "throng/$"] {
        let error = Watcher::open(&Network::default(), text, false).await.unwrap_err().to_string();
        assert!(error.contains(&format!("\"{text}\" is no key expression")), "{error}");
        assert!(error.contains("such as \"throng/v1/*/warning/*\""), "{error}");
        assert!(!error.contains(".rs"), "{error}");
    }
}
