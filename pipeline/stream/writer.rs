//! Pictures to a video file: the annotated video, and footage for tests.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::Context;
use gstreamer::{self as gst, prelude::*};
use gstreamer_app::AppSrc;
use gstreamer_video::{VideoFormat, VideoInfo};

/// How long the end of a file may take to be written.
const FINISH_TIMEOUT: gst::ClockTime = gst::ClockTime::from_seconds(20);

/// Frames that may wait for the encoder before a push waits too.
const QUEUED_FRAMES: u64 = 8;

/// How long a push waits for the encoder before the disk or the encoder counts as stuck.
const STALL_TIMEOUT: Duration = Duration::from_secs(10);

/// How often a waiting push looks for room: far shorter than the encoder needs for the frames that wait.
const ROOM_CHECK: gst::ClockTime = gst::ClockTime::from_mseconds(2);

/// How far apart key frames are, seconds: who joins a stream of it, or jumps in it, sees a picture as soon.
const KEY_FRAMES_EVERY_SECS: f64 = 1.0;

/// How pictures are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Codec {
    /// H.264, or Motion JPEG where no encoder is installed.
    #[default]
    H264,
    /// H.265.
    H265,
}

/// An encoder and the file it writes.
pub struct VideoWriter {
    pipeline: gst::Pipeline,
    source: AppSrc,
    bus: gst::Bus,
    path: PathBuf,
    frame_bytes: usize,
    /// Where KLV goes, in a transport stream.
    klv: Option<AppSrc>,
}

impl VideoWriter {
    /// Opens `path` for RGB pictures of one size; the container follows the name's end (`.mp4`, `.mkv`, `.avi`, `.ts`).
    ///
    /// H.264 where an encoder is installed, else Motion JPEG (in `.mkv` and `.avi`). `fps` is the stated rate; the
    /// time of each picture is given when it is pushed.
    ///
    /// # Errors
    /// An unknown container, a missing plug-in, a folder that cannot be written, or a size without pixels.
    pub fn create(path: &Path, width_px: u32, height_px: u32, fps: f64) -> anyhow::Result<Self> {
        Self::create_as(Codec::H264, path, width_px, height_px, fps)
    }

    /// The same with a codec of choice.
    ///
    /// # Errors
    /// As [`create`](Self::create), and no encoder for H.265.
    pub fn create_as(
        codec: Codec,
        path: &Path,
        width_px: u32,
        height_px: u32,
        fps: f64,
    ) -> anyhow::Result<Self> {
        super::init()?;
        let file = path.display();
        let muxer = match path.extension().and_then(|e| e.to_str()) {
            Some("mp4") => "mp4mux",
            Some("mkv") => "matroskamux",
            Some("avi") => "avimux",
            Some("ts") => "mpegtsmux",
            _ => anyhow::bail!("cannot write the video {file}: name it .mp4, .mkv, .avi or .ts"),
        };
        let info = VideoInfo::builder(VideoFormat::Rgb, width_px, height_px)
            .fps(gst::Fraction::approximate_f64(fps).context("the frame rate of a video must be a number")?)
            .build()
            .with_context(|| format!("cannot write a video of {width_px} x {height_px} pixels to {file}"))?;
        let source = AppSrc::builder()
            .caps(&info.to_caps()?)
            .format(gst::Format::Time)
            .max_buffers(0)
            .max_bytes(0)
            .build();
        let sink = super::element("filesink")?;
        sink.set_property("location", path.to_str().with_context(|| format!("{file} is not UTF-8"))?);
        // Half-resolution colour: what every player and hardware decoder takes.
        let colour = super::element("capsfilter")?;
        colour.set_property("caps", gst::Caps::builder("video/x-raw").field("format", "I420").build());
        let mut chain = vec![source.clone().upcast(), super::element("videoconvert")?, colour];
        chain.extend(encoder(codec, muxer, fps)?);
        let mux = super::element(muxer)?;
        chain.push(mux.clone());
        chain.push(sink);
        let pipeline = gst::Pipeline::new();
        pipeline.add_many(&chain)?;
        gst::Element::link_many(&chain)?;
        let klv = (muxer == "mpegtsmux").then(|| klv_source(&pipeline, &mux)).transpose()?;
        let bus = pipeline.bus().context("a GStreamer pipeline has no bus")?;
        let writer = Self { pipeline, source, bus, path: path.to_owned(), frame_bytes: info.size(), klv };
        if writer.pipeline.set_state(gst::State::Playing).is_err() {
            writer.check()?;
            anyhow::bail!("cannot write the video {file}: GStreamer refused to start");
        }
        Ok(writer)
    }

    /// Adds a picture of packed RGB rows, shown from `at_secs` after the video's start. Waits while the encoder is
    /// a few pictures behind.
    ///
    /// # Errors
    /// A picture of another size, what the file system or the encoder said of an earlier picture, or an encoder that
    /// has stopped taking pictures.
    pub fn push(&mut self, rgb: &[u8], at_secs: f64) -> anyhow::Result<()> {
        self.wait_for_room()?;
        let file = self.path.display();
        let rows = packed_rows(rgb, &self.source, self.frame_bytes)
            .with_context(|| format!("a picture for {file} has another size than the video"))?;
        let mut buffer = gst::Buffer::from_mut_slice(rows);
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_pts(gst::ClockTime::from_nseconds((at_secs.max(0.0) * 1e9) as u64));
        }
        if self.source.push_buffer(buffer).is_err() {
            self.check()?;
            anyhow::bail!("the video {file} takes no more pictures");
        }
        Ok(())
    }

    /// Adds a packet of KLV that belongs to the picture shown at `at_secs`, in a `.ts` video, where there must be one to
    /// every picture: the transport stream waits for both.
    ///
    /// # Errors
    /// Another container, or what the file system or the encoder said of an earlier picture.
    pub fn push_klv(&mut self, packet: Vec<u8>, at_secs: f64) -> anyhow::Result<()> {
        let file = self.path.display();
        let Some(klv) = &self.klv else {
            anyhow::bail!("cannot write telemetry into the video {file}: name it .ts");
        };
        let mut buffer = gst::Buffer::from_mut_slice(packet);
        if let Some(buffer) = buffer.get_mut() {
            buffer.set_pts(gst::ClockTime::from_nseconds((at_secs.max(0.0) * 1e9) as u64));
        }
        if klv.push_buffer(buffer).is_err() {
            self.check()?;
            anyhow::bail!("the video {file} takes no more telemetry");
        }
        Ok(())
    }

    /// Whether it takes KLV.
    pub fn takes_klv(&self) -> bool {
        self.klv.is_some()
    }

    /// Writes the end of the file and closes it.
    ///
    /// # Errors
    /// What the file system or the encoder said; the file may then be incomplete.
    pub fn finish(self) -> anyhow::Result<()> {
        let file = self.path.display();
        let ended = self.klv.as_ref().is_none_or(|klv| klv.end_of_stream().is_ok());
        if self.source.end_of_stream().is_err() || !ended {
            self.check()?;
        }
        let kinds = [gst::MessageType::Eos, gst::MessageType::Error];
        match self.bus.timed_pop_filtered(FINISH_TIMEOUT, &kinds) {
            None => anyhow::bail!("the video {file} could not be finished in time; it is incomplete"),
            Some(message) => match message.view() {
                gst::MessageView::Error(error) => Err(self.fault(error)),
                _ => Ok(()),
            },
        }
    }

    /// Waits for room before the encoder, or for its error: `appsrc`'s own waiting would never end after an error.
    fn wait_for_room(&self) -> anyhow::Result<()> {
        let began = Instant::now();
        self.check()?;
        while self.source.current_level_buffers() >= QUEUED_FRAMES {
            anyhow::ensure!(
                began.elapsed() < STALL_TIMEOUT,
                "cannot write the video {}: the disk or the encoder has not taken a picture for {} s; check the disk",
                self.path.display(),
                STALL_TIMEOUT.as_secs()
            );
            if let Some(message) = self.bus.timed_pop_filtered(ROOM_CHECK, &[gst::MessageType::Error])
                && let gst::MessageView::Error(error) = message.view()
            {
                return Err(self.fault(error));
            }
        }
        Ok(())
    }

    /// Turns an error on the bus into one of ours.
    fn check(&self) -> anyhow::Result<()> {
        match self.bus.pop_filtered(&[gst::MessageType::Error]) {
            Some(message) => match message.view() {
                gst::MessageView::Error(error) => Err(self.fault(error)),
                _ => Ok(()),
            },
            None => Ok(()),
        }
    }

    fn fault(&self, error: &gst::message::Error) -> anyhow::Error {
        let cause = error.error();
        let debug = error.debug().unwrap_or_default();
        let full = cause.matches(gst::ResourceError::NoSpaceLeft) || debug.contains("No space left");
        let (problem, advice) = if full {
            ("the disk is full".to_owned(), "free some space or choose another folder")
        } else {
            (
                cause.message().trim_end_matches('.').to_owned(),
                "check that the folder exists and may be written",
            )
        };
        anyhow::anyhow!("cannot write the video {}: {problem}; {advice}", self.path.display())
    }
}

impl Drop for VideoWriter {
    fn drop(&mut self) {
        if self.pipeline.set_state(gst::State::Null).is_err() {
            tracing::warn!("GStreamer did not close the video {} cleanly.", self.path.display());
        }
    }
}

/// A source of KLV, linked to a transport stream's multiplexer.
fn klv_source(pipeline: &gst::Pipeline, mux: &gst::Element) -> anyhow::Result<AppSrc> {
    let caps = gst::Caps::builder("meta/x-klv").field("parsed", true).build();
    let source = AppSrc::builder().caps(&caps).format(gst::Format::Time).max_buffers(0).max_bytes(0).build();
    pipeline.add(&source)?;
    source.link(mux).context("the multiplexer takes no telemetry; GStreamer's plug-ins are too old")?;
    Ok(source)
}

/// The best installed encoder that `muxer` can hold, with its parser.
fn encoder(codec: Codec, muxer: &str, fps: f64) -> anyhow::Result<Vec<gst::Element>> {
    let key_frames_apart = (KEY_FRAMES_EVERY_SECS * fps).clamp(1.0, 250.0).round();
    let exists = |name: &str| gst::ElementFactory::find(name).is_some();
    if codec == Codec::H265 {
        anyhow::ensure!(muxer != "avimux", "AVI holds no H.265: name the video .mp4 or .mkv");
        anyhow::ensure!(exists("x265enc"), "no H.265 encoder is installed; run deploy/setup.sh");
        let encoder = gst::ElementFactory::make("x265enc")
            // No look ahead: as little as possible waits in the encoder when the film ends.
            .property_from_str("speed-preset", "superfast")
            .property_from_str("tune", "zerolatency")
            .property("qp", 24_i32)
            .property("key-int-max", key_frames_apart as i32)
            .build()?;
        return Ok(vec![encoder, super::element("h265parse")?]);
    }
    if exists("x264enc") {
        let encoder = gst::ElementFactory::make("x264enc")
            .property_from_str("speed-preset", "veryfast")
            .property_from_str("pass", "qual")
            .property("quantizer", 21_u32)
            .property("key-int-max", key_frames_apart as u32)
            .property("threads", 1_u32)
            .build()?;
        return Ok(vec![encoder, super::element("h264parse")?]);
    }
    if exists("openh264enc") {
        return Ok(vec![super::element("openh264enc")?, super::element("h264parse")?]);
    }
    anyhow::ensure!(
        muxer != "mp4mux",
        "no H.264 encoder is installed; run deploy/setup.sh, or write .mkv instead of .mp4"
    );
    Ok(vec![super::element("jpegenc")?])
}

/// Copies packed RGB rows into the layout of GStreamer's RGB frames, whose rows start at multiples of four bytes.
fn packed_rows(rgb: &[u8], source: &AppSrc, frame_bytes: usize) -> Option<Vec<u8>> {
    let info = VideoInfo::from_caps(source.caps()?.as_ref()).ok()?;
    let (row, stride) = (3 * info.width() as usize, usize::try_from(*info.stride().first()?).ok()?);
    if rgb.len() != row * info.height() as usize {
        return None;
    }
    if row == stride {
        return Some(rgb.to_vec());
    }
    let mut rows = vec![0; frame_bytes];
    for (to, from) in rows.chunks_mut(stride).zip(rgb.chunks_exact(row)) {
        to[..row].copy_from_slice(from);
    }
    Some(rows)
}
