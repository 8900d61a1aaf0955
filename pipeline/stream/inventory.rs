//! What this machine's GStreamer can do, and what a source gives: for `throng doctor`.

use std::time::{Duration, Instant};

use anyhow::Context;
use gstreamer::{self as gst, prelude::*};
use throng_analytics::time::Timestamp;

use super::{
    connect::Connect,
    options::{Pace, StreamEvent, StreamOptions},
    source::CameraStream,
    uri::SourceUri,
};

/// Elements that every site needs, and what for.
pub const NEEDED: [(&str, &str); 5] = [
    ("uridecodebin", "opens sources"),
    ("videoconvertscale", "scales pictures"),
    ("rtspsrc", "RTSP cameras"),
    ("rtph264depay", "H.264 from RTSP"),
    ("h264parse", "H.264"),
];

/// GStreamer's version.
///
/// # Errors
/// GStreamer cannot be started.
pub fn version() -> anyhow::Result<String> {
    super::init()?;
    let (major, minor, micro, _) = gst::version();
    Ok(format!("{major}.{minor}.{micro}"))
}

/// Which of [`NEEDED`] are missing.
pub fn missing() -> Vec<(&'static str, &'static str)> {
    NEEDED.into_iter().filter(|(name, _)| gst::ElementFactory::find(name).is_none()).collect()
}

/// The decoders of a format such as `video/x-h264`, the one that GStreamer takes first, first; each with whether it runs
/// in hardware.
pub fn decoders(format: &str) -> Vec<(String, bool)> {
    let caps = gst::Caps::new_empty_simple(format);
    let kind = gst::ElementFactoryType::DECODER | gst::ElementFactoryType::MEDIA_VIDEO;
    let factories = gst::ElementFactory::factories_with_type(kind, gst::Rank::MARGINAL);
    let mut decoders: Vec<(gst::Rank, String, bool)> = factories
        .into_iter()
        .filter(|factory| factory.can_sink_any_caps(&caps))
        .map(|factory| {
            let is_hardware = factory.has_type(gst::ElementFactoryType::HARDWARE);
            (factory.rank(), factory.name().to_string(), is_hardware)
        })
        .collect();
    decoders.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    decoders.into_iter().map(|(_, name, is_hardware)| (name, is_hardware)).collect()
}

/// What a source gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Probe {
    /// Size as decoded, pixels.
    pub size_px: [u32; 2],
    /// Frames a second, as its time stamps tell; `None` where only one came.
    pub fps: Option<f64>,
    /// Format as sent; `None` where it is not coded.
    pub format: Option<String>,
    /// The decoder, and whether it runs in hardware.
    pub decoder: Option<String>,
    /// Seconds between key frames; `None` where fewer than two came.
    pub key_frames_every_secs: Option<f64>,
    /// The camera's clock behind this machine's, seconds; `None` where the stream does not tell it.
    pub clock_behind_secs: Option<f64>,
    /// Seconds to the first picture.
    pub first_picture_secs: f64,
    /// One picture of it.
    pub still: image::RgbImage,
}

/// More than any camera delivers.
const EVERY_FRAME_FPS: f64 = 10_000.0;

/// How much longer an RTSP source is watched for what its clock says: its first report may take five seconds (RFC 3550, 6.2).
const CLOCK_WITHIN: Duration = Duration::from_secs(5);

/// Opens a source, as `connect` says, and watches it for `watch_for` after its first picture, which may take `patience`. A source
/// that tells its clock is watched until it has.
///
/// # Errors
/// Whatever keeps it from giving a picture, without credentials.
pub fn probe(
    uri: &SourceUri,
    connect: &Connect,
    patience: Duration,
    watch_for: Duration,
) -> anyhow::Result<Probe> {
    let began = Instant::now();
    let options = StreamOptions {
        count_fps: EVERY_FRAME_FPS,
        width_px: None,
        pace: Pace::AsFastAsPossible,
        origin: Timestamp::default(),
        session: 1,
        connect: connect.clone(),
    };
    let stream = CameraStream::start("doctor", uri, options)?;
    let (mut deadline, mut still, mut first_picture_secs) = (began + patience, None, 0.0);
    let mut times: Vec<Timestamp> = Vec::new();
    while let Ok(frame) = stream.frames().recv_deadline(deadline) {
        if still.is_none() {
            let picture = frame.rgb().context("its first picture cannot be read")?;
            still = Some((to_image(picture)?, [frame.source_width_px, frame.source_height_px]));
            first_picture_secs = began.elapsed().as_secs_f64();
            deadline = Instant::now() + watch_for;
        }
        times.push(frame.captured_at);
    }
    if uri.is_rtsp() && !watch_for.is_zero() {
        let deadline = Instant::now() + CLOCK_WITHIN;
        while stream.clock_behind_secs().is_none() && stream.frames().recv_deadline(deadline).is_ok() {}
    }
    let Some((still, size_px)) = still else {
        for event in stream.events().try_iter() {
            if let StreamEvent::Failed(fault) = event {
                return Err(fault.into());
            }
        }
        anyhow::bail!("no picture came within {} s ({uri})", patience.as_secs());
    };
    let length_secs = times.last().zip(times.first()).map_or(0.0, |(last, first)| last.secs_since(*first));
    let coding = stream.coding();
    Ok(Probe {
        size_px,
        fps: (length_secs > 0.0).then(|| (times.len() - 1) as f64 / length_secs),
        format: coding.as_ref().map(|coding| coding.format.clone()),
        decoder: coding.map(|coding| coding.decoder),
        key_frames_every_secs: stream.key_frames_every_secs(),
        clock_behind_secs: stream.clock_behind_secs(),
        first_picture_secs,
        still,
    })
}

fn to_image(picture: throng_models::picture::RgbView<'_>) -> anyhow::Result<image::RgbImage> {
    let (width, height) = (picture.width_px(), picture.height_px());
    let rgb: Vec<u8> = (0..height).flat_map(|y| &picture.row(y)[..3 * width]).copied().collect();
    image::RgbImage::from_raw(u32::try_from(width)?, u32::try_from(height)?, rgb).context("it has no pixels")
}
