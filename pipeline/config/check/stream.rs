//! How a camera's source is connected to and looked after.

use super::Checker;
use crate::config::{
    diagnostic::Remark,
    key_path::KeyPath,
    plan::StreamPlan,
    raw::{Stream, StreamTransport},
};
use crate::stream::{connect::Transport, uri::SourceUri};

impl Checker<'_> {
    /// What the site chooses, over what suits the source. Keys that the source has no use for are told.
    pub(super) fn stream(&mut self, raw: Option<&Stream>, uri: &SourceUri, at: &KeyPath) -> StreamPlan {
        let mut plan = StreamPlan::of(uri);
        let Some(raw) = raw else { return plan };
        let is_folder = uri.path().is_some_and(std::path::Path::is_dir);
        let is_rtsp = uri.is_rtsp();
        for (key, is_set, has_use, of) in [
            ("loop", raw.loops == Some(true), uri.is_footage(), "a file or a folder of stills"),
            ("stills_fps", raw.stills_fps.is_some(), is_folder, "a folder of stills"),
            ("transport", raw.transport.is_some(), is_rtsp, "an RTSP stream"),
            ("silent_after_secs", raw.silent_after_secs.is_some(), !uri.is_footage(), "a stream"),
        ] {
            if is_set && !has_use {
                let remark =
                    Remark::new("has no use here", format!("this key only with {of}"), "take it out");
                self.findings.error(&at.key(key), remark);
            }
        }
        let connect = &mut plan.connect;
        if let Some(transport) = raw.transport {
            connect.transport = match transport {
                StreamTransport::Tcp => Transport::Tcp,
                StreamTransport::Udp => Transport::Udp,
                StreamTransport::Multicast => Transport::Multicast,
                StreamTransport::Auto => Transport::Auto,
            };
        }
        connect.latency_ms = raw.latency_ms.unwrap_or(connect.latency_ms);
        connect.video_index = raw.video_index.unwrap_or(connect.video_index);
        connect.accepts_any_certificate = raw.accept_any_certificate.unwrap_or(false);
        connect.multicast_interface.clone_from(&raw.multicast_interface);
        connect.stills_fps = raw.stills_fps.unwrap_or(connect.stills_fps);
        connect.may_skip = raw.skip_frames.unwrap_or(true);
        plan.care.loops = raw.loops.unwrap_or(false);
        if !uri.is_footage() {
            let patience = &mut plan.care.patience;
            for (value, chosen) in [
                (&mut patience.stale_after_secs, raw.stale_after_secs),
                (&mut patience.silent_after_secs, raw.silent_after_secs),
                (&mut patience.data_within_secs, raw.data_within_secs),
                (&mut patience.first_picture_within_secs, raw.first_picture_within_secs),
                (&mut patience.retry_most_secs, raw.retry_most_secs),
                (&mut patience.refused_retry_secs, raw.refused_retry_secs),
            ] {
                *value = chosen.unwrap_or(*value);
            }
            if patience.stale_after_secs >= patience.silent_after_secs {
                let (stale, silent) = (patience.stale_after_secs, patience.silent_after_secs);
                let remark = Remark::new(
                    format!("is {silent}, and the stream is stale after {stale}"),
                    "more than `stale_after_secs`",
                    "raise it, or lower `stale_after_secs`",
                );
                self.findings.error(&at.key("silent_after_secs"), remark);
            }
        }
        plan
    }
}
