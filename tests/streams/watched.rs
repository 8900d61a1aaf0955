//! A camera as a test watches it.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use throng::{
    clock::wall_clock,
    stream::{
        camera::{Camera, Care, Status},
        connect::Connect,
        frame::Frame,
        options::{Pace, StreamOptions},
        uri::SourceUri,
    },
};
use throng_analytics::wire::StreamState;

/// How long anything may take on a busy machine before the test gives up on it.
pub(crate) const DEADLINE: Duration = Duration::from_secs(90);

/// Within which a camera that gives nothing is told, and one that is well again gives pictures, seconds.
pub(crate) const NO_DATA_WITHIN_SECS: f64 = 3.0;
pub(crate) const BACK_WITHIN_SECS: f64 = 5.0;

/// How often a test looks.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Every picture that comes, in real time.
pub(crate) fn options() -> StreamOptions {
    StreamOptions {
        count_fps: 60.0,
        width_px: None,
        pace: Pace::Realtime,
        origin: wall_clock(),
        session: 1,
        connect: Connect::default(),
    }
}

pub(crate) fn uri(text: &str) -> SourceUri {
    SourceUri::parse(text, Path::new(".")).unwrap()
}

pub(crate) fn camera(text: &str) -> Camera {
    camera_with(text, options())
}

pub(crate) fn camera_with(text: &str, options: StreamOptions) -> Camera {
    let uri = uri(text);
    Camera::start("cam", &uri, options, Care::of(&uri)).unwrap()
}

/// Waits until the camera's state is as `wanted`; frames that come meanwhile are let go.
pub(crate) fn wait_for(camera: &Camera, what: &str, wanted: impl Fn(&Status) -> bool) -> Status {
    let began = Instant::now();
    loop {
        while camera.frames().try_recv().is_ok() {}
        let status = camera.status();
        if wanted(&status) {
            println!("{what}: after {:.1} s", began.elapsed().as_secs_f64());
            return status;
        }
        assert!(began.elapsed() < DEADLINE, "{what} never came; it is {status:?}");
        std::thread::sleep(LOOK_EVERY);
    }
}

pub(crate) fn wait_until_live(camera: &Camera) -> Status {
    wait_for(camera, "live", |status| status.state == StreamState::Live)
}

/// Waits for a connection later than `session` that gives pictures.
pub(crate) fn wait_until_back(camera: &Camera, session: u64) -> Status {
    let back = |status: &Status| status.state == StreamState::Live && status.session > session;
    wait_for(camera, "live again", back)
}

/// The next frame.
pub(crate) fn frame(camera: &Camera) -> Frame {
    camera.frames().recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("no frame; it is {:?}", camera.status()))
}
