//! Samples to a sound card, a file, or the network.

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use anyhow::Context;
use gstreamer::{self as gst, prelude::*};
use gstreamer_app::AppSrc;

use super::sound::{self, SAMPLE_RATE_HZ};

/// Samples in one buffer: 20 ms, the packet that paging amplifiers expect.
const CHUNK: usize = SAMPLE_RATE_HZ as usize / 50;
/// The same, nanoseconds.
const CHUNK_NANOS: u64 = 20_000_000;
/// How long the end of a file may take after a stop.
const FILE_END: gst::ClockTime = gst::ClockTime::from_mseconds(150);

/// How speech travels in RTP.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RtpCodec {
    /// G.711 mu-law, 8 kHz: what every paging amplifier takes.
    #[default]
    Pcmu,
    /// Opus, 48 kHz.
    Opus,
}

/// Where sound goes.
#[derive(Clone, Debug, PartialEq)]
pub enum SoundOutput {
    /// The sound card that the system prefers.
    Card,
    /// A WAV file, written in real time.
    File(PathBuf),
    /// RTP, to a multicast group or to one host.
    Rtp {
        /// Address and port.
        to: SocketAddr,
        /// Codec.
        codec: RtpCodec,
        /// Routers that a multicast packet may pass; 1 stays in the local network.
        ttl: u8,
        /// The network interface that multicast leaves by; the system's choice without.
        interface: Option<String>,
    },
}

/// Sound that is being played. Dropped, it falls silent.
#[derive(Debug)]
pub struct Player {
    pipeline: gst::Pipeline,
    bus: gst::Bus,
    is_file: bool,
}

impl Player {
    /// Begins to play samples (one channel, [`SAMPLE_RATE_HZ`]) in real time.
    ///
    /// # Errors
    /// No sound card, an unwritable file, or a missing plug-in. A machine without a sound card is an error: GStreamer
    /// would otherwise play into nowhere and call it done.
    pub fn start(output: &SoundOutput, samples: &Arc<[f32]>) -> anyhow::Result<Self> {
        super::init()?;
        let source = AppSrc::builder()
            .caps(&sound::caps())
            .format(gst::Format::Time)
            .max_buffers(0)
            .max_bytes(0)
            .build();
        let mut chain: Vec<gst::Element> =
            vec![source.clone().upcast(), super::element("audioconvert")?, super::element("audioresample")?];
        chain.extend(sinks(output)?);
        let pipeline = gst::Pipeline::new();
        pipeline.add_many(&chain)?;
        gst::Element::link_many(&chain)?;
        let bus = pipeline.bus().context("a GStreamer pipeline has no bus")?;
        let player = Self { pipeline, bus, is_file: matches!(output, SoundOutput::File(_)) };
        for (index, chunk) in samples.chunks(CHUNK).enumerate() {
            let bytes: Vec<u8> = chunk.iter().flat_map(|sample| sample.to_le_bytes()).collect();
            let mut buffer = gst::Buffer::from_mut_slice(bytes);
            if let Some(buffer) = buffer.get_mut() {
                buffer.set_pts(gst::ClockTime::from_nseconds(index as u64 * CHUNK_NANOS));
                buffer.set_duration(gst::ClockTime::from_nseconds(CHUNK_NANOS));
            }
            source.push_buffer(buffer).context("GStreamer takes no sound")?;
        }
        source.end_of_stream().context("GStreamer takes no end of the sound")?;
        if player.pipeline.set_state(gst::State::Playing).is_err() {
            player.has_ended()?;
            anyhow::bail!("GStreamer refused to play");
        }
        if *output == SoundOutput::Card && plays_into_nowhere(&player.pipeline) {
            anyhow::bail!("this machine has no sound card; connect one, or use another kind of output");
        }
        Ok(player)
    }

    /// Whether it has come to its end.
    ///
    /// # Errors
    /// What the sound card, the disk or the network said.
    pub fn has_ended(&self) -> anyhow::Result<bool> {
        let kinds = [gst::MessageType::Eos, gst::MessageType::Error];
        let Some(message) = self.bus.pop_filtered(&kinds) else { return Ok(false) };
        match message.view() {
            gst::MessageView::Error(error) => {
                anyhow::bail!("{}", error.error().message().trim_end_matches('.'))
            }
            _ => Ok(true),
        }
    }

    /// Falls silent at once.
    pub fn stop(self) {
        drop(self);
    }
}

impl Drop for Player {
    fn drop(&mut self) {
        if self.is_file {
            // The length stands in the head of a WAV file and is written at its end.
            self.pipeline.send_event(gst::event::Eos::new());
            self.bus.timed_pop_filtered(FILE_END, &[gst::MessageType::Eos, gst::MessageType::Error]);
        }
        if self.pipeline.set_state(gst::State::Null).is_err() {
            tracing::warn!("GStreamer did not close a sound output cleanly.");
        }
    }
}

/// What follows the samples.
fn sinks(output: &SoundOutput) -> anyhow::Result<Vec<gst::Element>> {
    let caps = |rate: u32| -> anyhow::Result<gst::Element> {
        let filter = super::element("capsfilter")?;
        let caps =
            gst::Caps::builder("audio/x-raw").field("rate", rate.cast_signed()).field("channels", 1_i32);
        filter.set_property("caps", caps.field("format", "S16LE").build());
        Ok(filter)
    };
    Ok(match output {
        SoundOutput::Card => vec![super::element("autoaudiosink")?],
        SoundOutput::File(path) => {
            let sink = super::element("filesink")?;
            sink.set_property(
                "location",
                path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))?,
            );
            vec![caps(SAMPLE_RATE_HZ)?, super::element("clocksync")?, super::element("wavenc")?, sink]
        }
        SoundOutput::Rtp { to, codec, ttl, interface } => {
            let sink = gst::ElementFactory::make("udpsink")
                .property("host", to.ip().to_string())
                .property("port", i32::from(to.port()))
                .property("ttl-mc", i32::from(*ttl))
                .build()
                .context("GStreamer has no element \"udpsink\"; run deploy/setup.sh")?;
            if let Some(interface) = interface {
                sink.set_property("multicast-iface", interface);
            }
            match codec {
                RtpCodec::Pcmu => {
                    let payloader = super::element("rtppcmupay")?;
                    payloader.set_property("min-ptime", CHUNK_NANOS.cast_signed());
                    payloader.set_property("max-ptime", CHUNK_NANOS.cast_signed());
                    vec![caps(8_000)?, super::element("mulawenc")?, payloader, sink]
                }
                RtpCodec::Opus => {
                    let encoder = super::element("opusenc")?;
                    encoder.set_property_from_str("audio-type", "voice");
                    vec![caps(SAMPLE_RATE_HZ)?, encoder, super::element("rtpopuspay")?, sink]
                }
            }
        }
    })
}

/// Whether the system's choice of a sound card came to none: GStreamer then takes a sink that throws sound away.
fn plays_into_nowhere(pipeline: &gst::Pipeline) -> bool {
    pipeline
        .iterate_recurse()
        .into_iter()
        .filter_map(Result::ok)
        .filter_map(|element| element.factory())
        .any(|factory| factory.name().starts_with("fake"))
}
