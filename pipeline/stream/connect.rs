//! How a source is connected to: what a site may choose, and the elements that it is given to.

use std::sync::Mutex;

use gstreamer::{self as gst, prelude::*};

use super::shield::shielded;
use crate::locked::locked;

/// How RTSP carries the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// Within the RTSP connection: passes firewalls, and nothing is lost.
    #[default]
    Tcp,
    /// In packets of their own.
    Udp,
    /// In packets to a multicast group.
    Multicast,
    /// Packets, and TCP where none come.
    Auto,
}

impl Transport {
    fn protocols(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Multicast => "udp-mcast",
            Self::Auto => "tcp+udp-mcast+udp",
        }
    }
}

/// What may be chosen about a connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Connect {
    /// How RTSP carries the picture.
    pub transport: Transport,
    /// How long packets wait for those that were overtaken, milliseconds (RTSP, SRT).
    pub latency_ms: u32,
    /// Which picture of a source with several, from 0.
    pub video_index: u32,
    /// Whether a certificate that nobody vouches for is taken (RTSPS, RTMPS, HTTPS).
    pub accepts_any_certificate: bool,
    /// Network interface for multicast; `None` leaves it to the system.
    pub multicast_interface: Option<String>,
    /// Stills of a folder for a second of footage.
    pub stills_fps: f64,
    /// Whether pictures that would not be counted may be left undecoded, in real time.
    pub may_skip: bool,
}

impl Default for Connect {
    fn default() -> Self {
        Self {
            transport: Transport::default(),
            latency_ms: 200,
            video_index: 0,
            accepts_any_certificate: false,
            multicast_interface: None,
            stills_fps: 1.0,
            may_skip: true,
        }
    }
}

impl Connect {
    /// Gives a source element what was chosen.
    pub(super) fn set_up(&self, source: &gst::Element) {
        let name = source.factory().map(|factory| factory.name()).unwrap_or_default();
        let set = |property: &str, value: &str| {
            if source.has_property(property) {
                source.set_property_from_str(property, value);
            }
        };
        let latency = self.latency_ms.to_string();
        match name.as_str() {
            "rtspsrc" => {
                set("protocols", self.transport.protocols());
                set("latency", &latency);
                set("drop-on-latency", "true");
                set("do-retransmission", "false");
                set("add-reference-timestamp-meta", "true");
                if let Some(interface) = &self.multicast_interface {
                    set("multicast-iface", interface);
                }
                if self.accepts_any_certificate {
                    set("tls-validation-flags", "no-flags");
                }
                self.choose_stream(source);
            }
            "srtsrc" => {
                set("latency", &latency);
                // Reconnections are ours, so that they are numbered and told.
                set("auto-reconnect", "false");
            }
            "rtmp2src" if self.accepts_any_certificate => set("tls-validation-flags", "no-flags"),
            "udpsrc" => {
                // A burst of several key frames: the kernel's default holds a part of one.
                set("buffer-size", "4194304");
                if let Some(interface) = &self.multicast_interface {
                    set("multicast-iface", interface);
                }
            }
            "souphttpsrc" => {
                // Motion JPEG carries no time.
                set("do-timestamp", "true");
                set("retries", "0");
                if self.accepts_any_certificate {
                    set("ssl-strict", "false");
                }
            }
            _ => {}
        }
    }

    /// Takes one picture of an RTSP source, no sound, and whatever else it sends.
    fn choose_stream(&self, source: &gst::Element) {
        // It may ask again for the same streams, when it changes from packets to TCP.
        let (wanted, videos) = (self.video_index as usize, Mutex::new(Vec::<u32>::new()));
        source.connect("select-stream", false, move |arguments| {
            let element = arguments.first()?.get::<gst::Element>().ok()?;
            let takes = shielded(&element, true, || {
                let caps = arguments.get(2).and_then(|caps| caps.get::<gst::Caps>().ok());
                let media = caps.as_ref().and_then(|caps| caps.structure(0)?.get::<String>("media").ok());
                match media.as_deref() {
                    Some("video") => {
                        let number = arguments.get(1).and_then(|number| number.get().ok()).unwrap_or(0);
                        let mut videos = locked(&videos);
                        if !videos.contains(&number) {
                            videos.push(number);
                        }
                        videos.get(wanted) == Some(&number)
                    }
                    Some("audio") => false,
                    _ => true,
                }
            });
            Some(takes.to_value())
        });
    }
}
