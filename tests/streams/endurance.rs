//! What must stay flat, however often and however long: threads, files, memory, latency. And heads of streams that no
//! sender would send.

use std::{fs, process::Command, time::Duration};

use throng::clock::wall_clock;
use throng_analytics::wire::StreamState;

use crate::{
    proxy::{Proxy, Weather},
    server::{HttpServer, RtspServer, Sender, free_udp_port, h264},
    watched::{camera, frame, wait_for, wait_until_back, wait_until_live},
};

/// Threads, open files and resident memory in megabytes of this process.
fn used() -> (usize, usize, f64) {
    let entries = |path: &str| fs::read_dir(path).unwrap().count();
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    let kib: f64 = rss.trim().trim_end_matches(" kB").parse().unwrap();
    (entries("/proc/self/task"), entries("/proc/self/fd"), kib / 1e3)
}

/// Set in the process of its own in which a test measures what it uses.
const ALONE: &str = "THRONG_TEST_ALONE";

/// Runs the test `name` in a process of its own, where no other uses threads and memory; `false` in that process.
fn runs_alone_elsewhere(name: &str) -> bool {
    if std::env::var_os(ALONE).is_some() {
        return false;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--include-ignored", "--nocapture"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    println!("{}", said.lines().filter(|line| line.contains("reconnects:")).collect::<String>());
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    true
}

/// Cuts a connection as soon as it gives pictures, over and over. The proxy is in this process too, and lets go of its
/// ends with each cut.
fn reconnects(times: u64, most_kb_each: f64) {
    if !RtspServer::is_there() {
        return;
    }
    let server = RtspServer::h264(0);
    let proxy = Proxy::start(server.port);
    let camera = camera(&proxy.uri());
    let mut session = wait_until_live(&camera).session;
    let warm_up = (times / 4).max(5);
    let mut before = None;
    for time in 0..times + warm_up {
        if time == warm_up {
            before = Some(used());
        }
        proxy.reset();
        session = wait_until_back(&camera, session).session;
    }
    let ((threads, files, rss), (threads_now, files_now, rss_now)) = (before.unwrap(), used());
    let slope_kb = (rss_now - rss) * 1e3 / times as f64;
    println!(
        "{times} reconnects: threads {threads} to {threads_now}, files {files} to {files_now}, memory {rss:.1} to \
         {rss_now:.1} MB, {slope_kb:.1} kB each"
    );
    // A cut may fall into the making of the next connection.
    assert!(threads_now < threads + 10 && files_now < files + 20, "{threads_now} threads, {files_now} files");
    assert!(slope_kb < most_kb_each, "{slope_kb} kB each");
}

#[test]
fn reconnects_leave_nothing_behind() {
    if !runs_alone_elsewhere("endurance::reconnects_leave_nothing_behind") {
        reconnects(8, 3000.0);
    }
}

#[test]
#[ignore = "takes minutes; bash deploy/test.sh --long runs it"]
fn a_thousand_reconnects_leave_nothing_behind() {
    if !runs_alone_elsewhere("endurance::a_thousand_reconnects_leave_nothing_behind") {
        reconnects(1000, 30.0);
    }
}

/// How old pictures of a source are that restarts every few seconds, after each restart.
fn restarts(times: u32) {
    let port = free_udp_port();
    let launch = format!("{} ! mpegtsmux alignment=7 ! udpsink host=127.0.0.1 port={port}", h264(10));
    let camera = camera(&format!("udp://127.0.0.1:{port}"));
    let mut session = 0;
    let mut ages = Vec::new();
    for _ in 0..times {
        let sender = Sender::start(&launch);
        session = wait_until_back(&camera, session).session;
        let first = frame(&camera).captured_at;
        let late =
            std::iter::repeat_with(|| frame(&camera).captured_at).find(|at| at.secs_since(first) > 2.0);
        ages.push(wall_clock().secs_since(late.unwrap()));
        drop(sender);
        wait_for(&camera, "lost", |status| status.state == StreamState::Lost);
    }
    println!("age of pictures after each restart: {ages:.2?} s");
    assert!(ages.iter().all(|age| (-0.5..10.0).contains(age)), "{ages:?}");
}

#[test]
fn a_source_that_restarts_again_and_again_stays_young() {
    restarts(2);
}

#[test]
#[ignore = "takes minutes; bash deploy/test.sh --long runs it"]
fn a_source_that_restarts_for_ten_minutes_stays_young() {
    restarts(85);
}

/// Streams whose beginning was changed at random, served one after the other.
fn mutated_heads(count: u32) {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole.ts");
    Sender::run(&format!(
        "videotestsrc num-buffers=20 ! video/x-raw,width=160,height=120,framerate=25/1 ! x264enc \
         speed-preset=ultrafast threads=1 key-int-max=10 ! mpegtsmux ! filesink location={}",
        whole.display()
    ));
    let whole = fs::read(whole).unwrap();
    // Numerical Recipes' linear congruential generator: the same heads in every run.
    let mut state = 1_u32;
    let mut random = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below
    };
    for index in 0..count {
        let mut bytes = whole.clone();
        for _ in 0..=random(40) {
            let at = random(1024.min(bytes.len()));
            bytes[at] = random(256) as u8;
        }
        fs::write(folder.path().join(format!("{index}.ts")), bytes).unwrap();
    }
    let server = HttpServer::start(folder.path().to_owned());
    for index in 0..count {
        let camera = camera(&format!("http://127.0.0.1:{}/{index}.ts", server.port));
        wait_for(&camera, "the end of a connection", |status| {
            matches!(status.state, StreamState::Lost | StreamState::Waiting) && status.session >= 1
        });
    }
}

#[test]
fn heads_of_streams_that_nobody_would_send_end_a_connection_and_nothing_else() {
    mutated_heads(12);
}

#[test]
#[ignore = "takes minutes; bash deploy/test.sh --long runs it"]
fn ten_thousand_heads_of_streams_that_nobody_would_send() {
    mutated_heads(10_000);
}

#[test]
#[ignore = "takes minutes; bash deploy/test.sh --long runs it"]
fn ten_minutes_of_a_bad_network_leave_the_pictures_young() {
    let port = free_udp_port();
    let _sender = Sender::start(&format!(
        "{} ! mpegtsmux alignment=7 ! netsim drop-probability=0.05 ! udpsink host=127.0.0.1 port={port}",
        h264(10)
    ));
    let camera = camera(&format!("udp://127.0.0.1:{port}"));
    wait_until_live(&camera);
    let began = frame(&camera).captured_at;
    let mut oldest = f64::MIN;
    loop {
        let frame = frame(&camera);
        oldest = oldest.max(wall_clock().secs_since(frame.captured_at));
        if frame.captured_at.secs_since(began) > 600.0 {
            break;
        }
    }
    println!("oldest picture: {oldest:.2} s");
    assert!(oldest < 10.0, "{oldest}");
}

#[test]
fn a_silent_connection_is_let_go_of_when_the_site_stops() {
    if !RtspServer::is_there() {
        return;
    }
    let server = RtspServer::h264(0);
    let proxy = Proxy::start(server.port);
    let camera = camera(&proxy.uri());
    wait_until_live(&camera);
    proxy.set(Weather::Silent);
    let (done, told) = std::sync::mpsc::channel();
    let stop = move || {
        drop(camera);
        done.send(()).unwrap();
    };
    std::thread::Builder::new().name("stop".to_owned()).spawn(stop).unwrap();
    told.recv_timeout(Duration::from_mins(1)).unwrap();
}
