//! Streams as the rest of the pipeline sees them, from videos that the tests write themselves.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use throng_analytics::time::Timestamp;

use super::{
    frame::Frame,
    options::{Pace, StreamEvent, StreamOptions},
    source::CameraStream,
    uri::SourceUri,
    writer::VideoWriter,
};

const EVENT_TIMEOUT: Duration = Duration::from_secs(30);

fn options(count_fps: f64) -> StreamOptions {
    StreamOptions {
        count_fps,
        width_px: None,
        pace: Pace::AsFastAsPossible,
        origin: Timestamp::from_unix_nanos(1_000_000_000_000),
        session: 1,
        connect: super::connect::Connect::default(),
    }
}

/// A video of `frames` pictures at 10 a second whose brightness grows from picture to picture.
fn write_video(path: &Path, frames: u32) {
    let (width, height) = (96_u32, 66_u32);
    let mut writer = VideoWriter::create(path, width, height, 10.0).unwrap();
    for i in 0..frames {
        let picture = vec![40 + (4 * i).min(200) as u8; (width * height * 3) as usize];
        writer.push(&picture, f64::from(i) / 10.0).unwrap();
    }
    writer.finish().unwrap();
}

fn uri(path: &Path) -> SourceUri {
    SourceUri::from_path(path).unwrap()
}

fn last_event(stream: &CameraStream) -> StreamEvent {
    loop {
        match stream.events().recv_timeout(EVENT_TIMEOUT).unwrap() {
            StreamEvent::Live(_) => {}
            end => return end,
        }
    }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn in_folder(folder: &tempfile::TempDir, name: &str) -> PathBuf {
    folder.path().join(name)
}

#[test]
fn every_frame_comes_with_its_stream_time() {
    let folder = folder();
    let path = in_folder(&folder, "a.mp4");
    write_video(&path, 30);
    let stream = CameraStream::start("cam", &uri(&path), options(60.0)).unwrap();
    let frames: Vec<Frame> = stream.frames().iter().collect();
    assert_eq!(frames.len(), 30);
    for (i, frame) in frames.iter().enumerate() {
        assert_eq!(frame.seq, i as u64);
        let since_origin = frame.captured_at.secs_since(Timestamp::from_unix_nanos(1_000_000_000_000));
        assert!((since_origin - i as f64 / 10.0).abs() < 1e-3, "{i}: {since_origin}");
        assert_eq!((frame.source_width_px, frame.source_height_px), (96, 66));
        let picture = frame.rgb().unwrap();
        assert_eq!((picture.width_px(), picture.height_px()), (96, 66));
    }
    let brightness = |i: usize| i64::from(frames[i].rgb().unwrap().row(30)[90]);
    assert!(brightness(25) > brightness(5) + 40, "the pictures are in order and show what was written");
    // Whoever sees that no more frames come finds the reason without waiting.
    let events: Vec<StreamEvent> = stream.events().try_iter().collect();
    assert_eq!(events.last(), Some(&StreamEvent::Ended { early: None }));
}

#[test]
fn frames_that_are_not_counted_are_dropped_with_their_cause() {
    let folder = folder();
    let path = in_folder(&folder, "a.mp4");
    write_video(&path, 30);
    let stream = CameraStream::start("cam", &uri(&path), options(5.0)).unwrap();
    let numbers: Vec<u64> = stream.frames().iter().map(|frame| frame.seq).collect();
    assert_eq!(numbers, (0..30).step_by(2).collect::<Vec<_>>());
    assert_eq!(stream.counters().decoded(), 30);
    assert_eq!(stream.counters().dropped()["rate"], 15);
}

#[test]
fn pictures_are_scaled_to_the_asked_width_and_keep_their_shape() {
    let folder = folder();
    let path = in_folder(&folder, "a.mp4");
    write_video(&path, 3);
    let half = StreamOptions { width_px: Some(48), ..options(60.0) };
    let stream = CameraStream::start("cam", &uri(&path), half).unwrap();
    let frame = stream.frames().recv_timeout(EVENT_TIMEOUT).unwrap();
    let picture = frame.rgb().unwrap();
    assert_eq!((picture.width_px(), picture.height_px()), (48, 33));
    assert_eq!((frame.source_width_px, frame.source_height_px), (96, 66));
}

#[test]
fn a_stream_stops_while_nobody_takes_its_frames() {
    let folder = folder();
    let path = in_folder(&folder, "a.mp4");
    write_video(&path, 30);
    let stream = CameraStream::start("cam", &uri(&path), options(60.0)).unwrap();
    stream.events().recv_timeout(EVENT_TIMEOUT).unwrap();
    drop(stream);
}

#[test]
fn decoding_alone_sees_every_frame() {
    let folder = folder();
    let path = in_folder(&folder, "a.mp4");
    write_video(&path, 25);
    assert_eq!(super::decode::decode_only(&uri(&path)).unwrap().frames, 25);
}

#[test]
fn footage_in_real_time_keeps_its_stream_time_and_loses_only_what_is_counted() {
    let folder = folder();
    let path = in_folder(&folder, "a.mkv");
    write_video(&path, 6);
    let real_time = StreamOptions { pace: Pace::Realtime, ..options(60.0) };
    let stream = CameraStream::start("cam", &uri(&path), real_time).unwrap();
    let frames: Vec<Frame> = stream.frames().iter().collect();
    let dropped: u64 = stream.counters().dropped().values().sum();
    assert_eq!(frames.len() as u64 + dropped, stream.counters().decoded());
    assert_eq!(stream.counters().decoded(), 6);
    for pair in frames.windows(2) {
        let step_secs = pair[1].captured_at.secs_since(pair[0].captured_at);
        let expected_secs = (pair[1].seq - pair[0].seq) as f64 / 10.0;
        assert!((step_secs - expected_secs).abs() < 1e-3, "{step_secs}, not {expected_secs}");
        assert!(pair[1].captured_instant > pair[0].captured_instant);
    }
    assert!(frames.iter().all(|frame| frame.captured_instant <= std::time::Instant::now()));
}

#[test]
fn real_footage_is_decoded_whole() {
    let path = Path::new("/usr/share/doc/opencv-doc/examples/data/vtest.avi");
    if !path.exists() {
        println!("Skipped: vtest.avi is not installed; deploy/setup.sh installs it with opencv-doc.");
        return;
    }
    let stream = CameraStream::start("street", &uri(path), options(60.0)).unwrap();
    let origin = Timestamp::from_unix_nanos(1_000_000_000_000);
    let mut frames = 0;
    for frame in stream.frames() {
        let expected_secs = f64::from(frames) / 10.0;
        assert!((frame.captured_at.secs_since(origin) - expected_secs).abs() < 1e-6, "frame {frames}");
        let picture = frame.rgb().unwrap();
        assert_eq!((picture.width_px(), picture.height_px()), (768, 576));
        frames += 1;
    }
    assert_eq!(frames, 795);
    assert_eq!(last_event(&stream), StreamEvent::Ended { early: None });
}

mod faults;
mod writing;
