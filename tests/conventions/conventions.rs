//! Conventions as their receivers see them: files checked by other programs, datagrams, a server that checks signatures.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, UdpSocket},
    path::Path,
    process::Command,
    sync::Arc,
};

use tempfile::TempDir;
use throng::{
    config::speaker_plan::Address,
    publish::conventions::{
        Conventions, OutletPlan, Secret, ZoneChange, advice::AdviceBook, cap::Cap, webhook::signature,
    },
};
use throng_analytics::{
    level::Level,
    wire::{Warning, WarningTransition},
};

use super::DEADLINE;

pub(crate) fn warning() -> Warning {
    let mut warning: Warning = serde_json::from_str(include_str!("warning.json")).unwrap();
    // Webhooks are tried until then.
    warning.expires_at = throng::clock::wall_clock() + 300.0;
    warning
}

fn address(scheme: &str, port: u16, path: &str) -> Address {
    Address {
        scheme: scheme.to_owned(),
        user: "34020000001320000001".to_owned(),
        password: "secret".to_owned(),
        host: "127.0.0.1".to_owned(),
        port,
        path: path.to_owned(),
        ca: None,
        identity: None,
    }
}

/// Whether a file is CAP 1.2 by OASIS' own schema, and what xmllint says.
fn checked_by_oasis(file: &Path) -> (bool, String) {
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conventions/oasis/CAP-v1.2.xsd");
    let checked = Command::new("xmllint").args(["--noout", "--schema", schema]).arg(file).output().unwrap();
    (checked.status.success(), String::from_utf8_lossy(&checked.stderr).into_owned())
}

#[test]
fn every_cap_message_of_an_incident_is_valid_by_the_schema_of_oasis() {
    let folder = TempDir::new().unwrap();
    let mut cap = Cap::new("crowd.example.org", AdviceBook::shipped().unwrap());
    let mut told = warning();
    let steps = [
        (WarningTransition::Raised, Some(Level::Blue)),
        (WarningTransition::Escalated, Some(Level::Yellow)),
        (WarningTransition::Escalated, Some(Level::Orange)),
        (WarningTransition::Escalated, Some(Level::Red)),
        (WarningTransition::Lost, None),
        (WarningTransition::Cleared, Some(Level::Normal)),
    ];
    for (number, (transition, level)) in steps.into_iter().enumerate() {
        told.envelope.seq = number as u64;
        told.envelope.drill = number % 2 == 1;
        (told.transition, told.level) = (transition, level);
        let file = folder.path().join(format!("{number}.xml"));
        fs::write(&file, cap.message(&told).xml).unwrap();
        let (is_valid, said) = checked_by_oasis(&file);
        assert!(is_valid, "{transition:?}: {said}");
    }
}

#[test]
fn the_schema_refuses_what_is_no_cap() {
    let folder = TempDir::new().unwrap();
    let mut cap = Cap::new("crowd.example.org", AdviceBook::shipped().unwrap());
    let xml = cap.message(&warning()).xml;
    let file = folder.path().join("broken.xml");
    for (from, to) in
        [("<status>Actual", "<status>Perhaps"), ("-00:00</sent>", "Z</sent>"), ("urgency>", "hurry>")]
    {
        fs::write(&file, xml.replace(from, to)).unwrap();
        let (is_valid, said) = checked_by_oasis(&file);
        assert!(!is_valid && said.contains("fails to validate"), "{to}: {said}");
    }
}

#[test]
fn maps_logs_and_files_get_the_same_warning() {
    let folder = TempDir::new().unwrap();
    let socket = || {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
        socket
    };
    let (map, log) = (socket(), socket());
    let to = |socket: &UdpSocket| address("udp", socket.local_addr().unwrap().port(), "/");
    let file = folder.path().join("zones.geojson");
    let plans = [
        OutletPlan::Cot { to: to(&map) },
        OutletPlan::Syslog { to: to(&log) },
        OutletPlan::GeoJson { file: file.clone() },
        OutletPlan::Cap {
            sender: "s".to_owned(),
            advice: Box::new(AdviceBook::shipped().unwrap()),
            folder: folder.path().join("cap"),
        },
    ];
    let conventions = Conventions::start(&plans, &[], &[]).unwrap();
    conventions.tell(&Arc::new(warning()));
    let text = |socket: &UdpSocket| {
        let mut datagram = [0; 8192];
        let length = socket.recv(&mut datagram).unwrap();
        String::from_utf8(datagram[..length].to_vec()).unwrap()
    };
    let event = text(&map);
    assert_eq!(
        roxmltree::Document::parse(&event).unwrap().root_element().attribute("uid"),
        Some("throng.stadium.gate")
    );
    assert!(text(&log).starts_with("<130>1 2026-11-25T12:00:00.000000Z stadium throng"));
    // Ends once everything was written.
    drop(conventions);
    assert!(fs::read_to_string(&file).unwrap().contains("FeatureCollection"));
    assert_eq!(fs::read_dir(folder.path().join("cap")).unwrap().count(), 1);
}

#[test]
fn the_file_of_a_map_loses_a_zone_with_the_zone() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("zones.geojson");
    let conventions = Conventions::start(&[OutletPlan::GeoJson { file: file.clone() }], &[], &[]).unwrap();
    let mut other = warning();
    other.zone = "square".to_owned();
    conventions.tell(&Arc::new(warning()));
    conventions.tell(&Arc::new(other));
    conventions.show("gate", ZoneChange::Gone);
    // Ends once everything was written.
    drop(conventions);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains("stadium/square") && !text.contains("stadium/gate"), "{text}");
}

#[test]
fn whoever_has_joined_the_group_of_tak_sees_the_zone() {
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    let (group, port) = (Ipv4Addr::new(239, 2, 3, 1), socket.local_addr().unwrap().port());
    let is_possible = socket.join_multicast_v4(&group, &Ipv4Addr::UNSPECIFIED).is_ok()
        && UdpSocket::bind("0.0.0.0:0").unwrap().send_to(b"hello", (group, port)).is_ok();
    if !is_possible {
        println!("skipped: this machine has no route for multicast");
        return;
    }
    socket.set_read_timeout(Some(DEADLINE)).unwrap();
    let to = Address { host: group.to_string(), ..address("udp", port, "/") };
    let conventions = Conventions::start(&[OutletPlan::Cot { to }], &[], &[]).unwrap();
    conventions.tell(&Arc::new(warning()));
    let mut datagram = [0; 8192];
    loop {
        let length = socket.recv(&mut datagram).unwrap();
        if let Ok(document) = roxmltree::Document::parse(std::str::from_utf8(&datagram[..length]).unwrap()) {
            assert_eq!(document.root_element().attribute("uid"), Some("throng.stadium.gate"));
            return;
        }
    }
}

#[test]
fn a_webhook_is_signed_and_tried_again_with_the_same_key() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = address("http", listener.local_addr().unwrap().port(), "/warning");
    let plan = OutletPlan::Webhook { to, secret: Secret("s3cret".to_owned()) };
    let conventions = Conventions::start(&[plan], &[], &[]).unwrap();
    conventions.tell(&Arc::new(warning()));
    let mut keys = Vec::new();
    for status in ["503 Busy", "200 OK"] {
        let (mut socket, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(socket.try_clone().unwrap());
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap() > 0 {}
        let field = |name: &str| {
            let found = head.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}:")));
            found.unwrap().split_once(':').unwrap().1.trim().to_owned()
        };
        let mut body = vec![0; field("content-length").parse().unwrap()];
        reader.read_exact(&mut body).unwrap();
        assert_eq!(field("x-throng-signature"), signature("s3cret", &field("x-throng-timestamp"), &body));
        assert_eq!(serde_json::from_slice::<Warning>(&body).unwrap().zone, "gate");
        keys.push(field("idempotency-key"));
        socket
            .write_all(
                format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").as_bytes(),
            )
            .unwrap();
    }
    assert_eq!(keys[0], keys[1]);
}
