//! What loudspeakers tell, and what is told of them.

use throng_analytics::wire::{SpeakerEffect, SpeakerReceipt, SpeakerState};

use super::{append, printable, word};

/// Whether it may speak, what it does, and what is wrong with it.
pub(super) fn state(state: &SpeakerState) -> String {
    let mut text = if state.armed { "armed" } else { "NOT ARMED" }.to_owned();
    if state.muted == Some(true) {
        text.push_str(", MUTED by hand");
    }
    if let Some(command) = &state.playing {
        append(&mut text, format_args!("  plays {}", printable(command)));
    }
    for command in &state.awaiting_confirmation {
        append(&mut text, format_args!("  waits for a word: {}", printable(command)));
    }
    if let Some(error) = &state.last_error {
        append(&mut text, format_args!("  {}", printable(error)));
    }
    text
}

/// What became of a command.
pub(super) fn receipt(receipt: &SpeakerReceipt) -> String {
    let mut text = word(&receipt.outcome).to_uppercase();
    if receipt.envelope.drill {
        text.push_str(" (DRILL)");
    }
    for part in [&receipt.announcement, &receipt.reason].into_iter().flatten() {
        append(&mut text, format_args!("  {}", printable(part)));
    }
    append(&mut text, format_args!("  by {}", printable(&receipt.issuer)));
    text
}

/// Whether an announcement helped.
pub(super) fn effect(effect: &SpeakerEffect) -> String {
    let mut text = format!("did it help? {}  zone {}", word(&effect.verdict), printable(&effect.zone));
    if let Some(density) = effect.density_people_per_m2 {
        let (before, after) = (density.before, density.after);
        append(&mut text, format_args!("  {before:.1} people/m2 before, {after:.1} after"));
    }
    append(&mut text, format_args!("  advice: {}", word(&effect.advice)));
    text
}
