//! What reaches the decoder: whether anything comes at all, in which format, who decodes it, and what need not be decoded.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use gstreamer::{self as gst, prelude::*};
use gstreamer_video::StillFrameEvent;

use super::{
    backlog::Backlog,
    disposable::Headers,
    shield::shielded,
    skip::{Picture, Skipper, Verdict},
    untimed,
};
use crate::locked::locked;

/// How long it is told after the last time that decoding was behind: it comes and goes.
const BEHIND_FOR: Duration = Duration::from_secs(10);

/// What a connection takes in, as its elements appear one by one.
#[derive(Debug)]
pub(super) struct Intake {
    data: AtomicU64,
    skipped: AtomicU64,
    coding: Mutex<Option<Coding>>,
    /// Decides what need not be decoded; `None` decodes everything.
    skipper: Option<Mutex<Skipper>>,
    /// Decides what is left out where decoding cannot follow, of what comes at its own speed.
    backlog: Option<Mutex<Backlog>>,
    behind_at: Mutex<Option<Instant>>,
    /// Tells which pictures no other needs, where the codec says so.
    headers: Mutex<Option<Headers>>,
    segment: Mutex<gst::FormattedSegment<gst::ClockTime>>,
    key_frames: Mutex<KeyFrames>,
}

/// The time stamps of the first and the last key frame, and how many there were between them.
#[derive(Debug, Default)]
struct KeyFrames {
    first: Option<gst::ClockTime>,
    last: Option<gst::ClockTime>,
    distances: u64,
}

/// How the picture is coded, and by what it is decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Coding {
    /// Format as sent, such as `video/x-h264`.
    pub(super) format: String,
    /// GStreamer's decoder, and whether it runs in hardware or in software.
    pub(super) decoder: String,
}

impl Intake {
    /// Pictures that are not needed for `skip_to_fps` counted frames a second are not decoded; `None` decodes all. What comes at
    /// its own speed is counted `realtime_fps` times a second; a picture of it without time is of now.
    pub(super) fn new(skip_to_fps: Option<f64>, realtime_fps: Option<f64>) -> Self {
        Self {
            data: AtomicU64::new(0),
            skipped: AtomicU64::new(0),
            key_frames: Mutex::default(),
            coding: Mutex::new(None),
            skipper: skip_to_fps.map(|fps| Mutex::new(Skipper::new(fps))),
            backlog: realtime_fps.map(|fps| Mutex::new(Backlog::new(fps))),
            behind_at: Mutex::default(),
            headers: Mutex::default(),
            segment: Mutex::new(gst::FormattedSegment::new()),
        }
    }

    /// Whether pictures come at their own speed.
    pub(super) fn is_realtime(&self) -> bool {
        self.backlog.is_some()
    }

    /// Whether pictures come too late to the decoder, or did lately.
    pub(super) fn is_behind(&self) -> bool {
        locked(&self.behind_at).is_some_and(|at| at.elapsed() < BEHIND_FOR)
    }

    /// Coded pictures that were not decoded; it only ever grows.
    pub(super) fn skipped(&self) -> u64 {
        self.skipped.load(Ordering::Relaxed)
    }

    /// Longest time between two decoded pictures while pictures are skipped, seconds; 0 while none is.
    pub(super) fn longest_quiet_secs(&self) -> f64 {
        let while_behind = self.key_frames_every_secs().filter(|_| self.is_behind());
        let while_skipped = self.skipper.as_ref().map(|skipper| locked(skipper).longest_quiet_secs());
        while_skipped.unwrap_or(0.0).max(2.0 * while_behind.unwrap_or(0.0))
    }

    /// Buffers that reached a depayloader, demuxer, parser or decoder; it only ever grows.
    pub(super) fn data(&self) -> u64 {
        self.data.load(Ordering::Relaxed)
    }

    /// How the picture is coded, once that is known.
    pub(super) fn coding(&self) -> Option<Coding> {
        locked(&self.coding).clone()
    }

    /// Looks at what goes into `element`, if it is of a kind that tells something.
    pub(super) fn watch(self: &Arc<Self>, element: &gst::Element) {
        let Some(factory) = element.factory() else { return };
        let class = factory.metadata(gst::ELEMENT_METADATA_KLASS).unwrap_or_default();
        let is = |word: &str| class.contains(word);
        let (decodes, takes_data) =
            (is("Decoder/Video") || is("Decoder/Image"), is("Parser") || is("Demux") || is("Depayloader"));
        let Some(input) = element.static_pad("sink").filter(|_| decodes || takes_data) else { return };
        if element.is::<gst::Bin>() {
            return;
        }
        let decoder = decodes.then(|| {
            let where_ = if is("Hardware") { "hardware" } else { "software" };
            format!("{} ({where_})", factory.name())
        });
        let (intake, element) = (Arc::clone(self), element.downgrade());
        let kinds =
            gst::PadProbeType::BUFFER | gst::PadProbeType::BUFFER_LIST | gst::PadProbeType::EVENT_DOWNSTREAM;
        input.add_probe(kinds, move |pad, probe| {
            let Some(element) = element.upgrade() else { return gst::PadProbeReturn::Ok };
            shielded(&element, gst::PadProbeReturn::Ok, || match &mut probe.data {
                Some(gst::PadProbeData::Event(event)) => {
                    intake.learn(event, decoder.as_deref());
                    gst::PadProbeReturn::Ok
                }
                Some(gst::PadProbeData::Buffer(buffer)) if decoder.is_some() => {
                    if intake.is_realtime() {
                        untimed::stamp(buffer, &locked(&intake.segment), &element);
                    }
                    intake.learn_key_frame(buffer);
                    intake.take(pad, buffer, element.current_running_time())
                }
                _ => {
                    intake.data.fetch_add(1, Ordering::Relaxed);
                    gst::PadProbeReturn::Ok
                }
            })
        });
    }

    /// Seconds between key frames, on average; `None` where fewer than two came.
    pub(super) fn key_frames_every_secs(&self) -> Option<f64> {
        let keys = locked(&self.key_frames);
        let (first, last) = (keys.first?, keys.last?);
        (keys.distances > 0)
            .then(|| last.saturating_sub(first).nseconds() as f64 * 1e-9 / keys.distances as f64)
    }

    fn learn_key_frame(&self, buffer: &gst::BufferRef) {
        if buffer.flags().contains(gst::BufferFlags::DELTA_UNIT) {
            return;
        }
        let mut keys = locked(&self.key_frames);
        if keys.first.is_some() {
            keys.distances += 1;
        }
        keys.first = keys.first.or(buffer.pts());
        keys.last = buffer.pts().or(keys.last);
    }

    /// A coded picture on its way into the decoder, `elapsed` on the stream's clock, where that runs.
    fn take(
        &self,
        decoder_input: &gst::Pad,
        buffer: &gst::BufferRef,
        elapsed: Option<gst::ClockTime>,
    ) -> gst::PadProbeReturn {
        self.data.fetch_add(1, Ordering::Relaxed);
        let at = buffer.pts().and_then(|pts| locked(&self.segment).to_running_time(pts));
        let Some(at) = at else { return gst::PadProbeReturn::Ok };
        let Verdict::Skip { drain } = self.decide(buffer, secs(at), elapsed.map(secs)) else {
            return gst::PadProbeReturn::Ok;
        };
        self.skipped.fetch_add(1, Ordering::Relaxed);
        if drain {
            // What it holds back to put pictures in order would otherwise wait for the next key frame.
            decoder_input.send_event(StillFrameEvent::builder(true).build());
        }
        gst::PadProbeReturn::Handled
    }

    fn decide(&self, buffer: &gst::BufferRef, at_secs: f64, elapsed_secs: Option<f64>) -> Verdict {
        // Both look at every picture: which are key frames alone could not be learned from those that the other lets pass.
        let needless = match &self.skipper {
            Some(skipper) => locked(skipper).decide(self.kind_of(buffer), at_secs),
            None => Verdict::Decode,
        };
        let Some((backlog, elapsed_secs)) = self.backlog.as_ref().zip(elapsed_secs) else { return needless };
        let is_key = !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT);
        let mut backlog = locked(backlog);
        let late = backlog.decide(is_key, at_secs, elapsed_secs);
        if backlog.is_leaving_out() {
            *locked(&self.behind_at) = Some(Instant::now());
        }
        needless.and(late)
    }

    fn kind_of(&self, buffer: &gst::BufferRef) -> Picture {
        if !buffer.flags().contains(gst::BufferFlags::DELTA_UNIT) {
            return Picture::Key;
        }
        let mut headers = locked(&self.headers);
        let is_disposable = headers.as_mut().zip(buffer.map_readable().ok());
        if is_disposable.is_some_and(|(headers, bytes)| headers.is_disposable(&bytes)) {
            Picture::Disposable
        } else {
            Picture::Needed
        }
    }

    fn learn(&self, event: &gst::EventRef, decoder: Option<&str>) {
        let Some(decoder) = decoder else { return };
        match event.view() {
            gst::EventView::Caps(caps) => {
                *locked(&self.headers) = Headers::of(caps.caps());
                let format = caps.caps().structure(0).map(|structure| structure.name().to_string());
                *locked(&self.coding) = format.map(|format| Coding { format, decoder: decoder.to_owned() });
            }
            gst::EventView::Segment(event) => {
                if let Some(time) = event.segment().downcast_ref::<gst::ClockTime>() {
                    *locked(&self.segment) = time.clone();
                }
            }
            _ => {}
        }
    }
}

fn secs(time: gst::ClockTime) -> f64 {
    time.nseconds() as f64 * 1e-9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_frames_alone_are_decoded_also_where_the_first_pictures_came_late() {
        const DECODES_PER_S: f64 = 8.0;
        gst::init().unwrap();
        let intake = Intake::new(Some(2.0), Some(2.0));
        let (mut free_at, mut decoded) = (0.0_f64, Vec::new());
        for i in 0..25 * 60 {
            let captured_secs = f64::from(i) / 25.0;
            let comes_at = captured_secs.max(free_at);
            let mut picture = gst::Buffer::new();
            if i % 12 != 0 {
                picture.get_mut().unwrap().set_flags(gst::BufferFlags::DELTA_UNIT);
            }
            let verdict = intake.decide(&picture, captured_secs, Some(comes_at));
            free_at = comes_at;
            if verdict == Verdict::Decode {
                free_at += 1.0 / DECODES_PER_S;
                decoded.push((captured_secs, comes_at - captured_secs));
            }
        }
        let settled: Vec<_> = decoded.into_iter().filter(|(at, _)| *at >= 10.0).collect();
        assert!((94..=100).contains(&settled.len()), "{} pictures in 50 s", settled.len());
        assert!(settled.iter().all(|(_, age_secs)| *age_secs < 0.2), "{settled:?}");
        assert!(!locked(intake.backlog.as_ref().unwrap()).is_leaving_out());
    }
}
