//! What reaches the decoder: whether anything comes at all, in which format, and who decodes it.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU64, Ordering},
};

use gstreamer::{self as gst, prelude::*};

use super::{lock, shield::shielded};

/// What a connection takes in, as its elements appear one by one.
#[derive(Debug, Default)]
pub(super) struct Intake {
    data: AtomicU64,
    coding: Mutex<Option<Coding>>,
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
    /// Buffers that reached a depayloader, demuxer, parser or decoder; it only ever grows.
    pub(super) fn data(&self) -> u64 {
        self.data.load(Ordering::Relaxed)
    }

    /// How the picture is coded, once that is known.
    pub(super) fn coding(&self) -> Option<Coding> {
        lock(&self.coding).clone()
    }

    /// Looks at what goes into `element`, if it is of a kind that tells something.
    pub(super) fn watch(self: &Arc<Self>, element: &gst::Element) {
        let Some(factory) = element.factory() else { return };
        let class = factory.metadata(gst::ELEMENT_METADATA_KLASS).unwrap_or_default();
        let is = |word: &str| class.contains(word);
        let (decodes, takes_data) = (is("Decoder/Video"), is("Parser") || is("Demux") || is("Depayloader"));
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
        input.add_probe(kinds, move |_, probe| {
            let Some(element) = element.upgrade() else { return gst::PadProbeReturn::Ok };
            shielded(&element, (), || match &probe.data {
                Some(gst::PadProbeData::Event(event)) => intake.learn_coding(event, decoder.as_deref()),
                _ => {
                    intake.data.fetch_add(1, Ordering::Relaxed);
                }
            });
            gst::PadProbeReturn::Ok
        });
    }

    fn learn_coding(&self, event: &gst::EventRef, decoder: Option<&str>) {
        if let (gst::EventView::Caps(caps), Some(decoder)) = (event.view(), decoder)
            && let Some(structure) = caps.caps().structure(0)
        {
            *lock(&self.coding) =
                Some(Coding { format: structure.name().to_string(), decoder: decoder.to_owned() });
        }
    }
}
