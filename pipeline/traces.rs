//! Where the time of a frame, a warning and an order to a loudspeaker goes, as spans for a collector of traces.
//!
//! ```text
//! frame ─┬─ decode    from capture until the picture is decoded and scaled; of a stream the network's share, too
//!        ├─ count     the network that counts, with the other frames of its batch
//!        ├─ motion    whether the picture can be believed, and how it moves
//!        ├─ step      ground, zones, warnings, and the messages of them
//!        └─ publish   until the last of these messages is on the bus
//! warning ── outbox   until it is on disk; from raised to the bus, linked to the frame it was raised at
//! order               until the loudspeaker sounds or will not, linked to the warning
//! ```
//!
//! What is between two parts is waiting. A frame that was superseded before it was counted leaves no trace; it is in the
//! counters. A span is handed from thread to thread with what it is about, and ends where its last holder lets go of it.
//!
//! The log does not ask for [`TARGET`], and without a collector nobody does: a span then costs a look at a flag.

use std::{fmt::Debug, mem, time::Instant};

use throng_analytics::{
    level::Level,
    wire::{SpeakerCommand, SpeakerOutcome, Warning},
};
use tracing::{Span, field::Empty, info_span};

use crate::{clock::wall_clock, stream::frame::Frame};

/// Target of all spans. It begins with no crate's name, so that no usual filter of the log takes it in.
pub const TARGET: &str = "traces";

/// The way of a frame that is taken to be counted, from its capture on. Its decoding is told at once. That both began before they
/// are told is in their fields, which the exporter knows.
pub fn frame(frame: &Frame) -> Span {
    // Of one look at both clocks, so that the order of these instants stays what it was.
    let (now, wall) = (Instant::now(), wall_clock());
    let unix_nanos = |at: Instant| (wall - now.saturating_duration_since(at).as_secs_f64()).unix_nanos();
    let (captured, decoded) = (unix_nanos(frame.captured_instant), unix_nanos(frame.decoded_instant));
    let span = info_span!(
        target: TARGET,
        parent: None,
        "frame",
        throng.camera = &*frame.camera,
        throng.session = frame.session.cast_signed(),
        throng.frame = frame.seq.cast_signed(),
        throng.captured_at = %frame.captured_at,
        throng.people = Empty,
        began_unix_nanos = captured,
    );
    info_span!(
        target: TARGET,
        parent: &span,
        "decode",
        began_unix_nanos = captured,
        ended_unix_nanos = decoded,
    );
    span
}

/// The network that counts a frame.
pub fn count(frame: &Span, model: &str) -> Span {
    info_span!(target: TARGET, parent: frame, "count", throng.model = model)
}

/// A frame was counted; without a number where it cannot be.
pub fn counted(frame: &Span, people: Option<f64>) {
    if let Some(people) = people {
        frame.record("throng.people", people);
    }
}

/// Whether a frame can be believed, and how it moves.
pub fn motion(frame: &Span) -> Span {
    info_span!(target: TARGET, parent: frame, "motion")
}

/// What a site makes of the current frame; a step without one leaves no trace.
pub fn step() -> Span {
    let frame = Span::current();
    if frame.is_disabled() { frame } else { info_span!(target: TARGET, parent: &frame, "step") }
}

/// The messages of that step on their way to the bus.
pub fn publish() -> Span {
    let frame = Span::current();
    if frame.is_disabled() { frame } else { info_span!(target: TARGET, parent: &frame, "publish") }
}

/// A warning from raised to the bus, linked to the current frame.
pub fn warning(warning: &Warning) -> Span {
    let span = info_span!(
        target: TARGET,
        parent: None,
        "warning",
        throng.incident = warning.incident,
        throng.zone = warning.zone,
        throng.level = warning.level.map_or("unknown", Level::name),
        throng.transition = word(warning.transition),
        throng.drill = warning.envelope.drill,
    );
    if !span.is_disabled() {
        span.follows_from(Span::current());
    }
    span
}

/// A warning until it is on disk.
pub fn outbox(warning: &Span) -> Span {
    if warning.is_disabled() { Span::none() } else { info_span!(target: TARGET, parent: warning, "outbox") }
}

/// An order to a loudspeaker, linked to the warning that it follows.
pub fn order(command: &SpeakerCommand, warning: Option<&Span>) -> Span {
    let span = info_span!(
        target: TARGET,
        parent: None,
        "order",
        throng.command = command.command_id,
        throng.speaker = command.speaker,
        throng.announcement = command.announcement,
        throng.incident = command.incident,
        throng.zone = command.zone,
        throng.level = command.level.map(Level::name),
        throng.outcome = Empty,
    );
    if let (false, Some(warning)) = (span.is_disabled(), warning) {
        span.follows_from(warning);
    }
    span
}

/// What became of an order.
pub fn answered(order: &Span, outcome: SpeakerOutcome) {
    order.record("throng.outcome", word(outcome));
}

/// A value in one word, as it is written on the bus.
fn word(value: impl Debug) -> String {
    format!("{value:?}").to_lowercase()
}

/// Takes a span out of what it travels with.
pub fn take(span: &mut Span) -> Span {
    mem::replace(span, Span::none())
}
