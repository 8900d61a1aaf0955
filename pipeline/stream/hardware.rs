//! Decoders in hardware: preferred where they are there, and their pictures brought into memory that a CPU can read.

use std::sync::Once;

use gstreamer::{self as gst, prelude::*};

/// How names of hardware decoders begin: NVDEC and Jetson (`nv`), VA-API (`va`), video4linux (`v4l2`).
const FAMILIES: [&str; 3] = ["nv", "va", "v4l2"];

/// What brings pictures out of a device's memory, by the feature of their caps; the first that is installed is taken.
const DOWNLOADERS: [(&str, &[&str]); 4] = [
    ("memory:CUDAMemory", &["cudadownload"]),
    ("memory:VAMemory", &["vapostproc"]),
    ("memory:DMABuf", &["vapostproc"]),
    ("memory:NVMM", &["nvvideoconvert", "nvvidconv"]),
];

/// Ranks hardware decoders above software. A user's `GST_PLUGIN_FEATURE_RANK` has the last word.
pub(super) fn prefer() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if std::env::var_os("GST_PLUGIN_FEATURE_RANK").is_some() {
            return;
        }
        let decoders = gst::ElementFactory::factories_with_type(
            gst::ElementFactoryType::DECODER | gst::ElementFactoryType::MEDIA_VIDEO,
            gst::Rank::NONE,
        );
        for decoder in decoders {
            let class = decoder.metadata(gst::ELEMENT_METADATA_KLASS).unwrap_or_default();
            let is_ours = FAMILIES.iter().any(|family| decoder.name().starts_with(family));
            if class.contains("Hardware") && is_ours && decoder.rank() <= gst::Rank::PRIMARY {
                decoder.set_rank(gst::Rank::PRIMARY + 10);
            }
        }
    });
}

/// The element between a decoder with these caps and the rest, where its pictures lie in a device's memory.
pub(super) fn downloader(caps: &gst::CapsRef) -> Option<anyhow::Result<gst::Element>> {
    let features = caps.features(0)?;
    let (_, names) = DOWNLOADERS.iter().find(|(memory, _)| features.contains(*memory))?;
    let name = names.iter().find(|name| gst::ElementFactory::find(name).is_some()).or(names.first())?;
    Some(super::element(name))
}
