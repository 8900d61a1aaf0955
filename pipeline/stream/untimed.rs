//! Sources whose pictures carry no time, such as Motion JPEG over HTTP: a picture was taken when it came.

use gstreamer::{self as gst, prelude::*};

/// Gives a picture without time the moment at which it reaches `element`. Before the stream's clock runs, which waits for a
/// first picture, that is the clock's beginning.
pub(super) fn stamp(
    buffer: &mut gst::Buffer,
    segment: &gst::FormattedSegment<gst::ClockTime>,
    element: &gst::Element,
) {
    if buffer.pts().is_none() {
        let running = element.current_running_time().unwrap_or(gst::ClockTime::ZERO);
        buffer.make_mut().set_pts(segment.position_from_running_time(running));
    }
}
