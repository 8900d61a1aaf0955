//! What a site needs: its cameras and its bus.

use std::{
    net::{TcpStream, ToSocketAddrs},
    thread,
    time::Duration,
};

use super::check::{Check, Outcome};
use crate::{
    config::plan::{CameraPlan, Plan},
    publish::Network,
    stream::inventory::{Probe, probe},
};

/// How long a camera may take to give a picture, and how long it is watched after it.
const PATIENCE: Duration = Duration::from_secs(10);
const WATCH_FOR: Duration = Duration::from_secs(3);

/// How long a router may take to answer.
const CONNECT_WITHIN: Duration = Duration::from_secs(2);

/// Largest difference of shape (width over height) at which a calibration still fits a picture, in parts of one.
const SHAPE_TOLERANCE: f64 = 0.02;

/// Distance of key frames from which a reconnected camera stays dark for long, seconds.
const KEY_FRAMES_SECS: f64 = 4.0;

/// How far a camera's clock may be off, seconds: beyond it, it is wrong, or its pictures are that late.
const CLOCK_OFF_SECS: f64 = 2.0;

/// Every camera at the same time, then the bus.
pub(super) fn checks(plan: &Plan) -> Vec<Check> {
    let mut checks: Vec<Check> = thread::scope(|scope| {
        let cameras: Vec<_> =
            plan.cameras.iter().map(|camera| (camera, scope.spawn(move || self::camera(camera)))).collect();
        cameras
            .into_iter()
            .map(|(camera, check)| {
                check.join().unwrap_or_else(|_| {
                    Check::failed(&name(camera), "looking at it failed", "report this with the log")
                })
            })
            .collect()
    });
    checks.extend(bus(&plan.bus));
    checks
}

fn name(camera: &CameraPlan) -> String {
    format!("camera {}", camera.id)
}

fn camera(camera: &CameraPlan) -> Check {
    let what = name(camera);
    match probe(&camera.uri, &camera.stream.connect, PATIENCE, WATCH_FOR) {
        Err(error) => {
            Check::failed(&what, format!("{error:#}"), "see that it is switched on, reachable and free")
        }
        Ok(probe) => judged(&what, camera, &probe),
    }
}

fn judged(what: &str, camera: &CameraPlan, probe: &Probe) -> Check {
    let [width, height] = probe.size_px;
    let mut found = format!("{width} x {height}");
    let mut add = |part: String| {
        found.push_str(", ");
        found.push_str(&part);
    };
    if let Some(format) = &probe.format {
        add(format.clone());
    }
    if let Some(fps) = probe.fps {
        add(format!("{fps:.1} frames/s"));
    }
    if let Some(secs) = probe.key_frames_every_secs {
        add(format!("a key frame every {secs:.1} s"));
    }
    if let Some(decoder) = &probe.decoder {
        add(decoder.clone());
    }
    if let Some(secs) = probe.clock_behind_secs {
        let side = if secs < 0.0 { "ahead" } else { "behind" };
        add(format!("its clock {:.1} s {side}", secs.abs()));
    }
    add(format!("first picture after {:.1} s", probe.first_picture_secs));
    let [image_width, image_height] = camera.calibration.image_size_px().map(f64::from);
    let shape = f64::from(width) / f64::from(height) / (image_width / image_height);
    if (shape - 1.0).abs() > SHAPE_TOLERANCE {
        let found = format!("{found}; its calibration is for {image_width} x {image_height}");
        return Check::failed(what, found, "calibrate it anew: throng calibrate");
    }
    if probe.fps.is_some_and(|fps| fps < 0.9 * camera.count_fps) {
        let found = format!("{found}; {} a second are to be counted", camera.count_fps);
        return Check::warning(what, found, "raise the camera's frame rate, or lower count_fps");
    }
    if probe.key_frames_every_secs.is_some_and(|secs| secs > KEY_FRAMES_SECS) {
        return Check::warning(
            what,
            found,
            "set the camera's key frame distance to 1 to 2 s: after a cut it stays dark for as long",
        );
    }
    if probe.clock_behind_secs.is_some_and(|secs| secs.abs() > CLOCK_OFF_SECS) {
        return Check::warning(
            what,
            found,
            "set the camera's clock by NTP, from the server that this machine asks too",
        );
    }
    Check::ok(what, found)
}

/// Whether each router answers. A peer that is down is waited for, so that is a warning.
fn bus(network: &Network) -> Vec<Check> {
    if network.connect.is_empty() {
        let found =
            if network.listen.is_empty() { "loopback only".to_owned() } else { network.listen.join(", ") };
        return vec![Check::ok("bus", found)];
    }
    let check = |endpoint: &String| {
        let what = "bus";
        let Some(address) = endpoint.split(['/', '?', '#']).nth(1).filter(|_| !endpoint.starts_with("udp"))
        else {
            return Check::ok(what, format!("{endpoint} (not looked at)"));
        };
        let reached = address
            .to_socket_addrs()
            .map_err(|error| error.to_string())
            .and_then(|mut addresses| addresses.next().ok_or_else(|| "no such host".to_owned()))
            .and_then(|address| {
                TcpStream::connect_timeout(&address, CONNECT_WITHIN).map_err(|e| e.to_string())
            });
        match reached {
            Ok(_) => Check::ok(what, format!("{endpoint} answers")),
            Err(why) => Check::warning(
                what,
                format!("{endpoint}: {why}"),
                "start the router; warnings wait until it answers",
            ),
        }
    };
    network.connect.iter().map(check).collect()
}

/// Whether anything keeps the site from running.
pub(super) fn is_ready(checks: &[Check]) -> bool {
    checks.iter().all(|check| check.outcome != Outcome::Failed)
}
