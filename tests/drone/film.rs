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
    vision::motion::MotionMeter,
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

#[test]
#[ignore = "takes minutes; bash deploy/test.sh --long runs it"]
fn people_are_as_fast_as_they_are_and_the_ground_stands_still() {
    let folder = tempfile::tempdir().unwrap();
    let truth = fly(folder.path(), "dev/free_flow", "exact", 10);
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
    let mut meter = MotionMeter::new().unwrap();
    let calibration = Calibration::awaiting_telemetry(SIZE_PX[0], SIZE_PX[1]).unwrap();
    let model = CameraModel { id: "drone".to_owned(), calibration };
    let mut site = Site::new(SiteModel {
        id: "test".to_owned(),
        cameras: vec![model],
        zones: zones.clone(),
        lines: Vec::new(),
    });
    let (mut by_poses, mut left, mut pictures) = (0.0, 0.0, 0);
    // Of each zone: sums of velocities found and true, and how many.
    let mut sums = vec![([0.0; 2], [0.0; 2], 0.0); zones.len()];
    while let Ok(frame) = stream.frames().recv_timeout(Duration::from_mins(2)) {
        let index = (frame.stream_secs * 10.0).round() as usize;
        let Some(now) = truth.get(index) else { continue };
        let located = drone.locate(&frame);
        let placed = located.placed.clone().unwrap_or_else(|reason| panic!("{index}: {reason}"));
        let heads = now["heads"].as_array().unwrap().iter().map(|head| pair(&head["head_in_image"]));
        let density = map_of(heads);
        let measured =
            meter.measure_moving(&frame, SIZE_PX[0], located.ego.as_ref(), Some(&density)).unwrap();
        let (motion, residual) = measured.unzip();
        if let Some(residual) = residual {
            by_poses += residual.by_poses_px;
            left += residual.left_px;
            pictures += 1;
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
    assert!(pictures > 30, "{pictures} pairs of pictures");
    let (by_poses, left) = (by_poses / f64::from(pictures), left / f64::from(pictures));
    eprintln!("the ground moves by {by_poses:.3} px after poses, {left:.3} px in the end");
    let (messages, unreadable) = book.messages();
    assert!(messages >= 90 && unreadable == 0, "{messages} packets, {unreadable} unreadable");
    for (zone, (found, known, n)) in zones.iter().zip(sums) {
        let [found, known] = [found, known].map(|sum| sum.map(|v| v / n));
        eprintln!("{}: found {found:.3?} m/s, true {known:.3?} m/s over {n} pictures", zone.id);
        let off = (found[0] - known[0]).hypot(found[1] - known[1]);
        assert!(n > 20.0 && off < 0.1, "{}: {found:?} {known:?}", zone.id);
    }
    assert!(left < 0.1, "the ground still moves by {left} px");
}
