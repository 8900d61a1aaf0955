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
    assert_eq!(last_event(&stream), StreamEvent::Ended { early: None });
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
fn what_is_no_video_is_refused_in_plain_words() {
    let folder = folder();
    let missing =
        CameraStream::start("cam", &uri(&in_folder(&folder, "none.mp4")), options(5.0)).err().unwrap();
    assert!(missing.to_string().contains("the file does not exist"), "{missing}");
    assert!(missing.to_string().contains("none.mp4"), "{missing}");

    let empty = in_folder(&folder, "empty.mp4");
    std::fs::write(&empty, b"").unwrap();
    let error = CameraStream::start("cam", &uri(&empty), options(5.0)).err().unwrap().to_string();
    assert!(error.contains("the file is empty"), "{error}");

    let error = CameraStream::start("cam", &uri(folder.path()), options(5.0)).err().unwrap().to_string();
    assert!(error.contains("this is a folder"), "{error}");

    let text = in_folder(&folder, "text.mp4");
    std::fs::write(&text, "Not a video at all.\n".repeat(200)).unwrap();
    let stream = CameraStream::start("cam", &uri(&text), options(5.0)).unwrap();
    let StreamEvent::Failed(fault) = last_event(&stream) else { panic!("text was taken for a video") };
    assert!(fault.to_string().contains("text.mp4"), "{fault}");
    assert!(stream.frames().iter().next().is_none());

    let bytes: Vec<u8> = (0..20_000_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let noise = in_folder(&folder, "noise.bin");
    std::fs::write(&noise, bytes).unwrap();
    let stream = CameraStream::start("cam", &uri(&noise), options(5.0)).unwrap();
    let StreamEvent::Failed(fault) = last_event(&stream) else { panic!("noise was taken for a video") };
    assert!(fault.to_string().contains("no video that can be recognised"), "{fault}");
}

#[test]
fn a_file_with_sound_alone_is_refused() {
    let folder = folder();
    let path = in_folder(&folder, "sound.mkv");
    super::init().unwrap();
    let launch = format!(
        "audiotestsrc num-buffers=20 ! audioconvert ! vorbisenc ! matroskamux ! filesink location={}",
        path.display()
    );
    let pipeline = gstreamer::parse::launch(&launch).unwrap();
    use gstreamer::prelude::*;
    pipeline.set_state(gstreamer::State::Playing).unwrap();
    pipeline
        .bus()
        .unwrap()
        .timed_pop_filtered(gstreamer::ClockTime::NONE, &[gstreamer::MessageType::Eos])
        .unwrap();
    pipeline.set_state(gstreamer::State::Null).unwrap();
    let stream = CameraStream::start("cam", &uri(&path), options(5.0)).unwrap();
    let StreamEvent::Failed(fault) = last_event(&stream) else { panic!("sound was taken for a video") };
    assert!(fault.to_string().contains("sound.mkv"), "{fault}");
}

#[test]
fn a_cut_off_file_gives_its_frames_and_says_so() {
    let folder = folder();
    let whole = in_folder(&folder, "whole.avi");
    write_video(&whole, 80);
    let bytes = std::fs::read(&whole).unwrap();
    let cut = in_folder(&folder, "cut.avi");
    std::fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    let stream = CameraStream::start("cam", &uri(&cut), options(60.0)).unwrap();
    let frames = stream.frames().iter().count();
    assert!((1..80).contains(&frames), "{frames}");
    match last_event(&stream) {
        StreamEvent::Ended { early: Some(note) } => assert!(note.contains("cut off"), "{note}"),
        StreamEvent::Failed(fault) => assert!(fault.to_string().contains("cut off"), "{fault}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_video_that_cannot_be_written_says_why() {
    let folder = folder();
    let message = |path: &Path| {
        let mut writer = match VideoWriter::create(path, 64, 48, 10.0) {
            Ok(writer) => writer,
            Err(error) => return error.to_string(),
        };
        let picture: Vec<u8> = (0..64 * 48 * 3).map(|i| (i * 7919 % 251) as u8).collect();
        for i in 0..200 {
            if let Err(error) = writer.push(&picture, f64::from(i) / 10.0) {
                return error.to_string();
            }
        }
        writer.finish().unwrap_err().to_string()
    };
    let no_folder = message(&in_folder(&folder, "absent/a.mp4"));
    assert!(no_folder.contains("absent/a.mp4") && no_folder.contains("check that the folder"), "{no_folder}");
    assert!(message(&in_folder(&folder, "a.gif")).contains("name it .mp4, .mkv or .avi"));
    let full = in_folder(&folder, "full.mkv");
    std::os::unix::fs::symlink("/dev/full", &full).unwrap();
    assert!(message(&full).contains("the disk is full"), "{}", message(&full));
}

#[test]
fn decoding_alone_sees_every_frame() {
    let folder = folder();
    let path = in_folder(&folder, "a.mp4");
    write_video(&path, 25);
    assert_eq!(super::decode::decode_only(&uri(&path)).unwrap().frames, 25);
}
