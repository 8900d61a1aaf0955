//! Sources that are no video, or not whole, or not there: each is told in plain words, with what to do.

use std::net::TcpListener;

use gstreamer::prelude::*;

use super::*;

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
    assert!(fault.to_string().contains("no video that can be recognised"), "{fault}");
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
    crate::stream::init().unwrap();
    let launch = format!(
        "audiotestsrc num-buffers=20 ! audioconvert ! vorbisenc ! matroskamux ! filesink location={}",
        path.display()
    );
    let pipeline = gstreamer::parse::launch(&launch).unwrap();
    pipeline.set_state(gstreamer::State::Playing).unwrap();
    pipeline
        .bus()
        .unwrap()
        .timed_pop_filtered(gstreamer::ClockTime::NONE, &[gstreamer::MessageType::Eos])
        .unwrap();
    pipeline.set_state(gstreamer::State::Null).unwrap();
    let stream = CameraStream::start("cam", &uri(&path), options(5.0)).unwrap();
    let StreamEvent::Failed(fault) = last_event(&stream) else { panic!("sound was taken for a video") };
    assert!(fault.to_string().contains("it holds no video"), "{fault}");
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
fn a_cut_off_file_without_its_index_is_damaged() {
    let folder = folder();
    let whole = in_folder(&folder, "whole.mp4");
    write_video(&whole, 20);
    let bytes = std::fs::read(&whole).unwrap();
    let cut = in_folder(&folder, "cut.mp4");
    std::fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    let error = CameraStream::start("cam", &uri(&cut), options(60.0)).err().unwrap().to_string();
    assert!(error.contains("damaged or cut off") && error.contains("copy it again"), "{error}");
    assert!(error.contains("cut.mp4"), "{error}");
}

#[test]
fn a_codec_without_a_decoder_is_named_as_such() {
    let folder = folder();
    let path = in_folder(&folder, "a.avi");
    write_video(&path, 20);
    let mut bytes = std::fs::read(&path).unwrap();
    let codes: Vec<usize> = (0..512).filter(|i| matches!(&bytes[*i..*i + 4], b"H264" | b"MJPG")).collect();
    assert!(!codes.is_empty(), "the header names the codec");
    for at in codes {
        bytes[at..at + 4].copy_from_slice(b"ZZZZ");
    }
    std::fs::write(&path, bytes).unwrap();
    let stream = CameraStream::start("cam", &uri(&path), options(60.0)).unwrap();
    let StreamEvent::Failed(fault) = last_event(&stream) else { panic!("there is no such codec") };
    assert!(fault.to_string().contains("no decoder is installed"), "{fault}");
    assert!(fault.to_string().contains("deploy/setup.sh"), "{fault}");
}

#[test]
fn a_host_that_does_not_answer_is_told_without_the_password() {
    // A port that was free a moment ago: nobody listens there.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for scheme in ["rtsp", "http"] {
        let text = format!("{scheme}://viewer:s3cret@127.0.0.1:{port}/main?token=t0ken");
        let uri = SourceUri::parse(&text, Path::new(".")).unwrap();
        let stream = CameraStream::start("gate", &uri, options(5.0)).unwrap();
        let StreamEvent::Failed(fault) = last_event(&stream) else { panic!("nobody listens there") };
        let message = fault.to_string();
        assert!(message.contains("check"), "{message}");
        assert!(message.contains(&format!("127.0.0.1:{port}/main")), "{message}");
        for shown in [message, format!("{fault:?}")] {
            assert!(!shown.contains("s3cret") && !shown.contains("t0ken"), "{shown}");
        }
    }
}

#[test]
fn decoding_alone_fails_in_the_same_words() {
    let folder = folder();
    let text = in_folder(&folder, "text.mp4");
    std::fs::write(&text, "Not a video at all.\n".repeat(200)).unwrap();
    let error = crate::stream::decode::decode_only(&uri(&text)).unwrap_err().to_string();
    assert!(error.contains("no video that can be recognised"), "{error}");
}
