//! What networks, cameras and servers do, each with what is told and with the pictures coming back.

use std::time::{Duration, Instant};

use throng::{
    clock::wall_clock,
    stream::{
        camera::{Camera, Care},
        lifecycle::Patience,
    },
};
use throng_analytics::wire::StreamState;

use crate::{
    contention::Contention,
    proxy::{Proxy, Weather},
    server::{RAW, RtspServer, Sender, free_port, free_udp_port, h264},
    watched::{
        BACK_WITHIN_SECS, NO_DATA_WITHIN_SECS, camera, frame, options, uri, wait_for, wait_until_back,
        wait_until_live,
    },
};

#[test]
fn a_connection_that_stands_and_is_silent_is_told_dropped_and_made_anew() {
    if !RtspServer::is_there() {
        return;
    }
    let server = RtspServer::h264(0);
    let proxy = Proxy::start(server.port);
    let camera = camera(&proxy.uri());
    let before = wait_until_live(&camera);
    let contention = Contention::measure();
    let silent_at = wall_clock();
    proxy.set(Weather::Silent);
    let stale = wait_for(&camera, "stale", |status| status.state == StreamState::Stale);
    assert!(stale.cause.unwrap().contains("no new picture"));
    contention.assert_within("no data", silent_at, stale.since, NO_DATA_WITHIN_SECS);
    let lost = wait_for(&camera, "lost", |status| status.state == StreamState::Lost);
    assert!(lost.cause.unwrap().contains("no new picture came for"));
    assert!(lost.since > before.since);
    proxy.set(Weather::Fair);
    let fair_at = wall_clock();
    let back = wait_until_back(&camera, before.session);
    contention.assert_within("back", fair_at, back.since, BACK_WITHIN_SECS);
}

#[test]
fn a_source_that_was_never_there_is_waited_for() {
    if !RtspServer::is_there() {
        return;
    }
    let port = free_port();
    let camera = camera(&format!("rtsp://viewer:s3cret@127.0.0.1:{port}/cam"));
    let waiting = wait_for(&camera, "waiting", |status| {
        status.state == StreamState::Waiting && status.session >= 2 && status.cause.is_some()
    });
    let cause = waiting.cause.unwrap();
    assert!(cause.contains(&format!("127.0.0.1:{port}")) && !cause.contains("s3cret"), "{cause}");
    assert_eq!(waiting.video, None);
    let contention = Contention::measure();
    let _server = RtspServer::h264(port);
    let well_at = wall_clock();
    let back = wait_until_back(&camera, waiting.session);
    contention.assert_within("there", well_at, back.since, BACK_WITHIN_SECS);
}

#[test]
fn a_server_that_restarts_is_found_again_and_times_go_on() {
    if !RtspServer::is_there() {
        return;
    }
    let server = RtspServer::h264(0);
    let port = server.port;
    let camera = camera(&server.uri());
    wait_until_live(&camera);
    let before = frame(&camera);
    let contention = Contention::measure();
    let killed_at = wall_clock();
    drop(server);
    let lost = wait_for(&camera, "lost", |status| status.state == StreamState::Lost);
    contention.assert_within("no data", killed_at, lost.since, NO_DATA_WITHIN_SECS);
    let _server = RtspServer::h264(port);
    let well_at = wall_clock();
    let back = wait_until_back(&camera, before.session);
    contention.assert_within("back", well_at, back.since, BACK_WITHIN_SECS);
    let after = frame(&camera);
    assert!(after.session > before.session, "nothing may be subtracted across the gap");
    let gap_secs = after.captured_at.secs_since(before.captured_at);
    let age_secs = wall_clock().secs_since(after.captured_at);
    assert!(gap_secs > 0.0 && (-0.5..10.0).contains(&age_secs), "gap {gap_secs} s, age {age_secs} s");
}

#[test]
fn refused_credentials_hold_the_camera_back() {
    if !RtspServer::is_there() {
        return;
    }
    let launch = format!("{} ! rtph264pay name=pay0 pt=96", h264(25));
    let server = RtspServer::start_with(0, &launch, &["--password", "right"]);
    let with_password = |password: &str| format!("rtsp://viewer:{password}@127.0.0.1:{}/cam", server.port);
    let refused = camera(&with_password("wr0ng"));
    let status = wait_for(&refused, "held back", |status| status.state == StreamState::HeldBack);
    let cause = status.cause.unwrap();
    assert!(cause.contains("check user and password") && !cause.contains("wr0ng"), "{cause}");
    assert_eq!(status.session, 1, "it is not tried again at once");
    wait_until_live(&camera(&with_password("right")));
}

#[test]
fn connections_that_are_cut_and_refused_come_back() {
    if !RtspServer::is_there() {
        return;
    }
    let server = RtspServer::h264(0);
    let proxy = Proxy::start(server.port);
    let camera = camera(&proxy.uri());
    let before = wait_until_live(&camera);
    proxy.set(Weather::Refusing);
    proxy.reset();
    wait_for(&camera, "lost", |status| {
        status.state == StreamState::Lost && status.session > before.session + 1
    });
    let contention = Contention::measure();
    proxy.set(Weather::Fair);
    let fair_at = wall_clock();
    let back = wait_until_back(&camera, before.session);
    contention.assert_within("back", fair_at, back.since, BACK_WITHIN_SECS);
}

#[test]
fn a_network_that_is_too_narrow_corrupts_and_delays_is_survived() {
    if !RtspServer::is_there() {
        return;
    }
    let server = RtspServer::h264(0);
    let proxy = Proxy::start(server.port);
    let camera = camera(&proxy.uri());
    for weather in [
        Weather::Narrow { bytes_per_s: 2_000 },
        Weather::Corrupting { every: 700 },
        Weather::Late(Duration::from_secs(1)),
    ] {
        let before = wait_until_live(&camera);
        println!("{weather:?}");
        proxy.set(weather);
        proxy.reset();
        let told = wait_for(&camera, "another connection", |status| status.session > before.session);
        assert!(told.state != StreamState::Live && told.cause.is_some(), "{told:?}");
        let contention = Contention::measure();
        proxy.set(Weather::Fair);
        let fair_at = wall_clock();
        proxy.reset();
        let back = wait_until_back(&camera, before.session);
        contention.assert_within("back", fair_at, back.since, BACK_WITHIN_SECS);
    }
}

#[test]
fn lost_packets_leave_the_pictures_young() {
    let port = free_udp_port();
    let launch = format!(
        "{} ! mpegtsmux alignment=7 ! netsim drop-probability=0.05 ! udpsink host=127.0.0.1 port={port}",
        h264(10)
    );
    let _sender = Sender::start(&launch);
    let camera = camera(&format!("udp://127.0.0.1:{port}"));
    wait_until_live(&camera);
    let ages: Vec<f64> = (0..100)
        .map(|_| {
            let frame = frame(&camera);
            wall_clock().secs_since(frame.captured_at)
        })
        .collect();
    let oldest = ages.iter().copied().fold(f64::MIN, f64::max);
    println!("oldest of 100 pictures: {oldest:.2} s");
    assert!(oldest < 10.0, "{oldest}");
}

#[test]
fn a_sender_of_packets_that_stops_and_starts_is_lost_and_found() {
    let port = free_udp_port();
    let launch = format!("{} ! mpegtsmux alignment=7 ! udpsink host=127.0.0.1 port={port}", h264(10));
    let sender = Sender::start(&launch);
    let camera = camera(&format!("udp://127.0.0.1:{port}"));
    let before = wait_until_live(&camera);
    let contention = Contention::measure();
    let killed_at = wall_clock();
    drop(sender);
    let stale = wait_for(&camera, "stale", |status| status.state == StreamState::Stale);
    contention.assert_within("no data", killed_at, stale.since, NO_DATA_WITHIN_SECS);
    wait_for(&camera, "lost", |status| status.state == StreamState::Lost);
    let _sender = Sender::start(&launch);
    let well_at = wall_clock();
    let back = wait_until_back(&camera, before.session);
    contention.assert_within("back", well_at, back.since, BACK_WITHIN_SECS);
}

#[test]
fn a_reader_that_is_slow_gets_the_newest_picture_and_the_rest_is_counted() {
    if !RtspServer::is_there() {
        return;
    }
    let server = RtspServer::h264(0);
    let camera = camera(&server.uri());
    wait_until_live(&camera);
    let superseded = || camera.counters().dropped().get("superseded").copied().unwrap_or(0);
    let before = superseded();
    let began = Instant::now();
    while superseded() < before + 50 {
        assert!(began.elapsed() < crate::watched::DEADLINE, "{:?}", camera.status());
        std::thread::sleep(Duration::from_millis(10));
    }
    let age_secs = wall_clock().secs_since(frame(&camera).captured_at);
    assert!(age_secs < 10.0, "{age_secs}");
}

#[test]
fn a_stream_that_ends_and_one_that_stands_still_are_told() {
    let ends = camera(&format!("gst:{}", RAW.replace("is-live=true", "is-live=true num-buffers=30")));
    let status = wait_for(&ends, "lost", |status| status.state == StreamState::Lost);
    assert!(status.cause.unwrap().contains("ended the stream"));
    let broken = camera("gst:nosuchelement ! fakesink");
    let status = wait_for(&broken, "waiting", |status| status.cause.is_some());
    assert!(status.cause.unwrap().contains("does not understand"));
}

#[test]
fn pictures_that_change_their_size_go_on() {
    let launch = "gst:videotestsrc is-live=true num-buffers=40 ! video/x-raw,width=320,height=240,framerate=25/1 ! c. \
                  videotestsrc is-live=true ! video/x-raw,width=640,height=480,framerate=25/1 ! c. \
                  concat name=c adjust-base=true ! identity";
    let camera = camera(launch);
    wait_for(&camera, "the first size", |s| s.video.as_ref().is_some_and(|video| video.width_px == 320));
    let after =
        wait_for(&camera, "the second size", |s| s.video.as_ref().is_some_and(|video| video.width_px == 640));
    assert_eq!(after.session, 1, "a change of size is no reason to connect anew");
    wait_for(&camera, "live", |status| status.state == StreamState::Live);
    assert_eq!(frame(&camera).source_width_px, 640);
}

#[test]
fn pictures_that_are_not_trusted_degrade_the_stream_until_they_are() {
    let camera = camera(&format!("gst:{RAW}"));
    wait_until_live(&camera);
    camera.report_trouble(Some("the picture is black".to_owned()));
    let degraded = wait_for(&camera, "degraded", |status| status.state == StreamState::Degraded);
    assert_eq!(degraded.cause.as_deref(), Some("the picture is black"));
    camera.report_trouble(None);
    wait_until_live(&camera);
}

#[test]
fn one_cameras_trouble_does_not_slow_another() {
    let silent = Proxy::start(free_port());
    silent.set(Weather::Silent);
    let hanging: Vec<Camera> = (0..4).map(|_| camera(&silent.uri())).collect();
    let well = camera(&format!("gst:{RAW}"));
    wait_until_live(&well);
    let first = frame(&well).captured_at;
    while frame(&well).captured_at.secs_since(first) < 4.0 {}
    assert_eq!(well.status().session, 1);
    assert!(hanging.iter().all(|camera| camera.status().video.is_none()));
}

#[test]
fn footage_ends_or_begins_anew_as_a_session_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("film.mkv");
    let film = format!(
        "videotestsrc num-buffers=10 ! video/x-raw,width=160,height=120,framerate=25/1 ! jpegenc ! matroskamux ! \
         filesink location={}",
        path.display()
    );
    Sender::run(&film);
    let uri = uri(path.to_str().unwrap());
    let once = Camera::start("cam", &uri, options(), Care::of(&uri)).unwrap();
    let ended = wait_for(&once, "ended", |status| status.state == StreamState::Ended);
    assert_eq!(ended.cause, None);
    let care = Care { patience: Patience::FOOTAGE, loops: true };
    let looped = Camera::start("cam", &uri, options(), care).unwrap();
    wait_for(&looped, "the third time", |status| status.session >= 3);
}

#[test]
fn the_cameras_clock_is_read_from_its_sender_reports() {
    if !RtspServer::is_there() {
        return;
    }
    let server = RtspServer::h264(0);
    let camera = camera(&server.uri());
    let told = wait_for(&camera, "the camera's clock", |status| status.clock_behind_secs.is_some());
    // Both clocks are this machine's; what remains is the way here.
    assert!(told.clock_behind_secs.unwrap().abs() < 5.0, "{told:?}");
}
