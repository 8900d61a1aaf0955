//! A relay by Modbus TCP, against the server of pymodbus: what is written to it, and that it is set again after it was gone.

use std::{
    io::{BufRead as _, BufReader},
    net::TcpStream,
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc,
        mpsc::{Receiver, channel},
    },
};

use tempfile::TempDir;
use throng::{
    config::speaker_plan::Address,
    publish::conventions::{Conventions, OutletPlan, ZoneChange, modbus::Relay},
};
use throng_analytics::{level::Level, wire::Warning};

use super::{
    DEADLINE, Killed,
    conventions::warning,
    encrypted::{authority, identity},
    free_port, wait_for,
};

const UNIT: u8 = 9;

/// A device, and what is written to it.
struct Device {
    _process: Killed,
    written: Receiver<String>,
}

impl Device {
    fn start(port: u16) -> Self {
        Self::start_with(port, None)
    }

    /// By Modbus/TCP Security where there are certificates.
    fn start_with(port: u16, certificates: Option<&Path>) -> Self {
        // Debian's Python, which knows the libraries of Debian's packages.
        let mut process = Command::new("/usr/bin/python3")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conventions/modbus_server.py"))
            .arg(port.to_string())
            .args(certificates)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(process.stdout.take().unwrap());
        let process = Killed(process);
        let (tell, written) = channel();
        let read = move || {
            for line in stdout.lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    return;
                }
            }
        };
        std::thread::Builder::new().name("device".to_owned()).spawn(read).unwrap();
        wait_for("the device", || TcpStream::connect(("127.0.0.1", port)).ok());
        Self { _process: process, written }
    }

    /// Waits until this was written; what is only written again is let pass.
    fn takes(&self, line: &str) {
        let mut others = Vec::new();
        while others.last().is_none_or(|last| last != line) {
            match self.written.recv_timeout(DEADLINE) {
                Ok(other) => others.push(other),
                Err(error) => panic!("{line:?} was not written ({error}), but {others:?}"),
            }
        }
    }
}

fn address(port: u16) -> Address {
    Address {
        scheme: "tcp".to_owned(),
        user: String::new(),
        password: String::new(),
        host: "127.0.0.1".to_owned(),
        port,
        path: "/".to_owned(),
        ca: None,
        identity: None,
    }
}

fn zones() -> Vec<String> {
    ["gate", "plaza"].map(str::to_owned).to_vec()
}

fn told(zone: &str, level: Option<Level>, previous_level: Level) -> Arc<Warning> {
    let previous_level = Some(previous_level);
    Arc::new(Warning { zone: zone.to_owned(), level, previous_level, ..warning() })
}

#[test]
fn a_relay_shows_the_highest_level_and_what_is_unknown_and_is_set_again_after_it_was_gone() {
    let port = free_port();
    let device = Device::start(port);
    let plan =
        OutletPlan::Modbus { to: address(port), unit: UNIT, first_coil: 16, first_register: Some(100) };
    let conventions = Conventions::start(&[plan], &zones(), &[]).unwrap();
    // Of no zone has anything come yet: that is not safe.
    device.takes("coils 16 0 0 0 0 1");
    device.takes("registers 100 65535 2");
    conventions.show("gate", ZoneChange::Seen(Level::Normal));
    device.takes("registers 100 65535 1");
    conventions.show("plaza", ZoneChange::Seen(Level::Normal));
    device.takes("coils 16 0 0 0 0 0");
    device.takes("registers 100 0 0");
    conventions.tell(&told("gate", Some(Level::Orange), Level::Normal));
    device.takes("coils 16 0 0 1 0 0");
    device.takes("registers 100 3 0");
    // Another zone does not take back what the first has.
    conventions.tell(&told("plaza", Some(Level::Blue), Level::Normal));
    conventions.tell(&told("plaza", None, Level::Blue));
    device.takes("coils 16 0 0 1 0 1");
    device.takes("registers 100 3 1");
    // Lost at normal is not 0.
    conventions.tell(&told("gate", Some(Level::Normal), Level::Orange));
    conventions.tell(&told("plaza", Some(Level::Normal), Level::Blue));
    device.takes("registers 100 0 0");
    conventions.tell(&told("gate", None, Level::Normal));
    device.takes("coils 16 0 0 0 0 1");
    device.takes("registers 100 65535 1");

    // The device loses its power while red is told, and shows red once it is back.
    drop(device);
    conventions.tell(&told("gate", Some(Level::Red), Level::Normal));
    let device = Device::start(port);
    device.takes("coils 16 0 0 0 1 0");
    device.takes("registers 100 4 0");
}

#[test]
fn a_relay_goes_on_from_what_was_told_before_a_restart() {
    let port = free_port();
    let device = Device::start(port);
    let before =
        [told("gate", Some(Level::Red), Level::Orange), told("plaza", Some(Level::Normal), Level::Blue)];
    let before: Vec<Warning> = before.iter().map(|warning| (**warning).clone()).collect();
    let mut relay = Relay::new(address(port), UNIT, 0, Some(100), &zones(), &before);
    // The gate is red, though neither is known since.
    relay.set().unwrap();
    device.takes("coils 0 0 0 0 1 1");
    device.takes("registers 100 4 2");
    relay.tell(&told("plaza", Some(Level::Blue), Level::Normal)).unwrap();
    device.takes("registers 100 4 1");
}

#[test]
fn by_modbus_security_both_sides_show_who_they_are() {
    let folder = TempDir::new().unwrap();
    authority(folder.path());
    let port = free_port();
    let device = Device::start_with(port, Some(folder.path()));
    let nobody =
        Address { scheme: "tls".to_owned(), ca: Some(folder.path().join("ca.pem")), ..address(port) };
    let somebody = Address { identity: Some(identity(folder.path(), "analyser")), ..nobody.clone() };
    let red = told("gate", Some(Level::Red), Level::Normal);
    let relay = |to: Address| Relay::new(to, UNIT, 16, Some(100), &[], &[]);
    relay(nobody).tell(&red).unwrap_err();
    assert!(device.written.try_recv().is_err(), "whoever has no certificate sets nothing");
    relay(somebody).tell(&red).unwrap();
    device.takes("coils 16 0 0 0 1 0");
    device.takes("registers 100 4 0");
}

#[test]
fn what_a_device_refuses_and_one_that_is_gone_are_told() {
    let port = free_port();
    let device = Device::start(port);
    let mut relay = Relay::new(address(port), UNIT, 0, Some(300), &[], &[]);
    let error = format!("{:#}", relay.tell(&warning()).unwrap_err());
    assert!(
        error.contains("exception 2") && error.contains("check first_coil and first_register"),
        "{error}"
    );
    device.takes("coils 0 0 0 1 0 0");
    drop(device);
    let error = format!("{:#}", relay.set().unwrap_err());
    assert!(error.contains("no answer from") && error.contains("is tried again"), "{error}");
}
