//! Rendered flights: how fast the people in them are, once the camera's own motion is out.

use std::{path::Path, process::Command, sync::Arc, time::Duration};

use serde_json::Value;
use throng::{
    drone::{Drone, PATIENCE_WITH_FOOTAGE},
    stream::{
        camera::{Camera, Care},
        connect::Connect,
        options::{Pace, StreamOptions},
        telemetry::book::{PoseBook, PoseClock},
        uri::SourceUri,
    },
    vision::{ego_motion::EgoResidual, moving_motion::MovingMeter},
};
use throng_analytics::{
    camera::{Calibration, PoseErrors},
    site::{CameraModel, CameraObservation, ImageCount, Site, SiteModel},
    time::Timestamp,
};

use super::*;

/// Films a scenario from a drone; the film and its truth by picture.
pub(super) fn fly(folder: &Path, scenario: &str, telemetry: &str, secs: u32) -> Vec<Value> {
    let (video, truth) = (folder.join("flight.ts"), folder.join("flight.jsonl"));
    let done = Command::new(env!("CARGO_BIN_EXE_throng"))
        .args(["sim", scenario, "--camera", "drone", "--telemetry", telemetry, "--seed", "3"])
        .args(["--for", &format!("{secs}s"), "--json", "--video"])
        .arg(&video)
        .arg("--truth")
        .arg(&truth)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let text = std::fs::read_to_string(&truth).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn pair(value: &Value) -> [f64; 2] {
    [0, 1].map(|k| value[k].as_f64().unwrap())
}

/// Mean velocity of the people in a zone between two pictures.
fn true_velocity(before: &Value, now: &Value, zone: &Zone) -> Option<[f64; 2]> {
    let secs = now["t_secs"].as_f64()? - before["t_secs"].as_f64()?;
    let earlier: std::collections::BTreeMap<u64, [f64; 2]> = before["heads"]
        .as_array()?
        .iter()
        .map(|head| (head["id"].as_u64().unwrap(), pair(&head["head_in_ground"])))
        .collect();
    let (mut sum, mut people) = ([0.0; 2], 0.0);
    for head in now["heads"].as_array()? {
        let at = pair(&head["head_in_ground"]);
        let Some(was) = earlier.get(&head["id"].as_u64()?).filter(|_| zone.outline.contains(at)) else {
            continue;
        };
        people += 1.0;
        sum = [0, 1].map(|k| sum[k] + (at[k] - was[k]) / secs);
    }
    (people >= 5.0).then(|| sum.map(|v| v / people))
}

/// What a flight was measured to be like, on average over its pictures.
struct Flown {
    /// How far the ground still moves between two pictures, pixels: after the poses, in the end, and single points of it.
    ground_px: [f64; 3],
    /// Of each zone: velocities found and true, m/s, and in how many pictures.
    zones: Vec<(String, [f64; 2], [f64; 2], f64)>,
}

/// Films free flow from a drone for 10 s and measures it with heads that are known.
fn flown(telemetry: &str) -> Flown {
    let folder = tempfile::tempdir().unwrap();
    let truth = fly(folder.path(), "dev/free_flow", telemetry, 10);
    let scenario = scenario("free_flow");
    let zones = zones(&scenario);
    let book = Arc::new(PoseBook::new(PoseClock::Stream));
    let uri = SourceUri::from_path(&folder.path().join("flight.ts")).unwrap();
    let options = StreamOptions {
        count_fps: 5.0,
        width_px: None,
        pace: Pace::AsFastAsPossible,
        origin: Timestamp::from_unix_nanos(0),
        session: 1,
        connect: Connect::default(),
    };
    let stream =
        Camera::start_with_poses("drone", &uri, options, Care::of(&uri), Some(Arc::clone(&book))).unwrap();
    let mut drone = Drone::new(
        site(PoseErrors::NONE),
        Arc::clone(&book),
        zones.clone(),
        Some(0.0),
        PATIENCE_WITH_FOOTAGE,
    );
    let mut meter = MovingMeter::default();
    let calibration = Calibration::awaiting_telemetry(SIZE_PX[0], SIZE_PX[1]).unwrap();
    let model = CameraModel { id: "drone".to_owned(), calibration };
    let mut site = Site::new(SiteModel {
        id: "test".to_owned(),
        cameras: vec![model],
        zones: zones.clone(),
        lines: Vec::new(),
    });
    let (mut ground_px, mut pictures) = ([0.0; 3], 0.0);
    // Of each zone: sums of velocities found and true, and how many.
    let mut sums = vec![([0.0; 2], [0.0; 2], 0.0); zones.len()];
    while let Ok(frame) = stream.frames().recv_timeout(Duration::from_mins(2)) {
        let index = (frame.stream_secs * 10.0).round() as usize;
        let Some(now) = truth.get(index) else { continue };
        let located = drone.locate(&frame);
        let placed = located.placed.clone().unwrap_or_else(|reason| panic!("{index}: {reason}"));
        let heads = now["heads"].as_array().unwrap().iter().map(|head| pair(&head["head_in_image"]));
        let density = map_of(heads);
        let measured = meter.measure(&frame, SIZE_PX[0], located.ego.as_ref(), Some(&density)).unwrap();
        let (motion, residual) = measured.unzip();
        if let Some(EgoResidual { by_poses_px, left_px, points_px }) = residual {
            for (sum, px) in ground_px.iter_mut().zip([by_poses_px, left_px, points_px]) {
                *sum += px;
            }
            pictures += 1.0;
        }
        let people = density.people();
        site.move_camera("drone", &placed.view.unwrap());
        site.observe(&CameraObservation {
            camera: "drone".to_owned(),
            captured_at: frame.captured_at,
            count: Ok(ImageCount { density, people_lo: people, people_hi: people }),
            motion,
        });
        let report = site.step(frame.captured_at);
        for ((zone, report), (found, known, n)) in zones.iter().zip(&report.zones).zip(&mut sums) {
            let before = index.checked_sub(2).and_then(|before| truth.get(before));
            let exact = before.and_then(|before| true_velocity(before, now, zone));
            if let (Some(exact), Some(motion)) = (exact, report.motion) {
                *found = [0, 1].map(|k| found[k] + motion.velocity_m_per_s[k]);
                *known = [0, 1].map(|k| known[k] + exact[k]);
                *n += 1.0;
            }
        }
    }
    assert!(pictures > 30.0, "{pictures} pairs of pictures");
    let (messages, unreadable) = book.messages();
    assert!(messages >= 90 && unreadable == 0, "{messages} packets, {unreadable} unreadable");
    let mean = |sum: [f64; 2], n: f64| sum.map(|v| v / n);
    let zones = zones.iter().zip(sums);
    let flown = Flown {
        ground_px: ground_px.map(|sum| sum / pictures),
        zones: zones.map(|(zone, (a, b, n))| (zone.id.clone(), mean(a, n), mean(b, n), n)).collect(),
    };
    let [by_poses, left, points] = flown.ground_px;
    eprintln!(
        "{telemetry}: the ground moves by {by_poses:.3} px after poses, {left:.3} px in the end, its points by {points:.3} px"
    );
    for (zone, found, known, n) in &flown.zones {
        eprintln!("{zone}: found {found:.3?} m/s, true {known:.3?} m/s over {n} pictures");
    }
    flown
}

#[test]
#[ignore = "takes minutes; bash deploy/test.sh --long runs it"]
fn people_are_as_fast_as_they_are_and_the_ground_stands_still() {
    let Flown { ground_px: [_, left, _], zones } = flown("exact");
    for (zone, found, known, n) in zones {
        let off = (found[0] - known[0]).hypot(found[1] - known[1]);
        assert!(n > 20.0 && off < 0.1, "{zone}: {found:?} {known:?}");
    }
    assert!(left < 0.1, "the ground still moves by {left} px");
}

#[test]
#[ignore = "takes minutes; bash deploy/test.sh --long runs it"]
fn the_ground_stands_still_by_its_own_word_where_telemetry_errs() {
    let Flown { ground_px: [_, left, _], .. } = flown("noisy");
    assert!(left < 0.1, "the ground still moves by {left} px");
}
