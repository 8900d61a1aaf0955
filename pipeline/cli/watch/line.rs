//! An arrival as one line for people.

mod speaker;

use std::fmt::Write as _;

use serde::de::DeserializeOwned;
use throng_analytics::{freshness::Freshness, level::Level, wire};

use crate::publish::{Arrival, Heard, Topic};

/// Share of the risk score from which a factor is named.
const TOLD_SHARE: f64 = 0.1;

/// The line of an arrival.
pub(super) fn line(arrival: &Arrival) -> String {
    format!("{}  {}", time_of_day(arrival), sentence(arrival))
}

/// When it arrived, UTC to the millisecond.
fn time_of_day(arrival: &Arrival) -> String {
    let text = arrival.received_at.to_string();
    text.get(11..23).unwrap_or(&text).to_owned()
}

/// Who says what.
fn sentence(arrival: &Arrival) -> String {
    let Some((site, topic)) = &arrival.topic else {
        return format!("{}  {}", arrival.key, said(&arrival.heard));
    };
    match (&arrival.heard, topic) {
        (Heard::Alive, Topic::Node(node)) => format!("{site}  node {node} is there"),
        (Heard::Alive, Topic::CameraAlive(camera)) => format!("{site}  camera {camera} is there"),
        (Heard::Lost, Topic::Node(node)) => format!("{site}  NO DATA from node {node}"),
        (Heard::Lost, Topic::CameraAlive(camera)) => format!("{site}  NO DATA from camera {camera}"),
        (Heard::Message { payload, .. }, topic) => {
            format!("{site}  {}", message(topic, payload).unwrap_or_else(|| plain(&arrival.key, payload)))
        }
        (Heard::Alive | Heard::Lost, _) => format!("{}  {}", arrival.key, said(&arrival.heard)),
    }
}

/// A message in words; `None` where it is not what its key promises.
fn message(topic: &Topic, payload: &[u8]) -> Option<String> {
    Some(match topic {
        Topic::Warning(zone) => format!("zone {zone}  {}", warning(&read(payload)?)),
        Topic::ZoneDensity(zone) => format!("zone {zone}  {}", density(&read(payload)?)),
        Topic::ZoneFlow(zone) => format!("zone {zone}  {}", flow(&read(payload)?)),
        Topic::LineFlow(line) => format!("line {line}  {}", crossings(&read(payload)?)),
        Topic::ZoneRisk(zone) => format!("zone {zone}  {}", risk(&read(payload)?)),
        Topic::ZoneState(zone) => {
            let state: wire::ZoneState = read(payload)?;
            format!("zone {zone}  level {}", level(state.level))
        }
        Topic::ZonePeople(zone) => {
            let people: f64 = std::str::from_utf8(payload).ok()?.trim().parse().ok()?;
            format!("zone {zone}  {people:.0} people")
        }
        Topic::CameraCount(camera) => format!("camera {camera}  {}", count(&read(payload)?)),
        Topic::CameraState(camera) => format!("camera {camera}  {}", camera_state(&read(payload)?)),
        Topic::CameraFootprint(camera) => format!("camera {camera}  {}", footprint(&read(payload)?)),
        Topic::Field => field(&read(payload)?),
        Topic::SpeakerState(id) => format!("loudspeaker {id}  {}", speaker::state(&read(payload)?)),
        Topic::SpeakerReceipt(id) => format!("loudspeaker {id}  {}", speaker::receipt(&read(payload)?)),
        Topic::SpeakerEffect(id) => format!("loudspeaker {id}  {}", speaker::effect(&read(payload)?)),
        Topic::Ack(incident) => {
            let ack: wire::Ack = read(payload)?;
            format!("incident {incident}  seen by {}", printable(&ack.operator))
        }
        _ => return None,
    })
}

fn read<T: DeserializeOwned>(payload: &[u8]) -> Option<T> {
    serde_json::from_slice(payload).ok()
}

/// The level in a word people know; without one there is no data, which is not normal.
fn level(level: Option<Level>) -> String {
    level.map_or_else(|| "UNKNOWN".to_owned(), |level| level.name().to_uppercase())
}

fn warning(warning: &wire::Warning) -> String {
    let mut text = format!("WARNING {}", level(warning.level));
    if warning.envelope.drill {
        text.push_str(" (DRILL)");
    }
    if warning.previous_level != warning.level {
        append(&mut text, format_args!(" (was {})", level(warning.previous_level)));
    }
    append(&mut text, format_args!("  {}", word(&warning.transition)));
    append(&mut text, format_args!(", {}", word(&warning.kind)));
    let density = &warning.density_people_per_m2;
    append_measured(&mut text, density.mean, density.lo, density.hi, 2, "people/m2");
    append_measured(&mut text, warning.people, None, None, 0, "people");
    if let Some(risk) = &warning.risk {
        append(&mut text, format_args!("  risk {:.0}/100", risk.score));
    }
    append(&mut text, format_args!("  {}", printable(&warning.text.en)));
    if let Some(ack) = &warning.ack {
        append(&mut text, format_args!("  Seen by {}.", printable(&ack.operator)));
    }
    if warning.expired {
        text.push_str("  EXPIRED: it came too late to act on.");
    }
    text
}

fn field(field: &wire::Field) -> String {
    let (columns, rows, cell_m) = (field.columns, field.rows, field.cell_m);
    let seen = field.density_people_per_100_m2.iter().flatten();
    let Some(highest) = seen.max() else {
        return format!("field  NO DATA in {columns} x {rows} cells of {cell_m} m");
    };
    let coverage = 100.0 * field.envelope.quality.coverage.unwrap_or_default();
    let highest = f64::from(*highest) / 100.0;
    format!(
        "field  {highest:.1} people/m2 at most, {coverage:.0} % of {columns} x {rows} cells of {cell_m} m seen"
    )
}

fn density(density: &wire::ZoneDensity) -> String {
    let mut text = "density".to_owned();
    if density.density_people_per_m2.is_none() {
        append(&mut text, format_args!("  NO DATA ({})", word(&density.freshness)));
        return text;
    }
    append_measured(
        &mut text,
        density.density_people_per_m2,
        density.density_lo_people_per_m2,
        density.density_hi_people_per_m2,
        2,
        "people/m2",
    );
    append_measured(&mut text, density.people, density.people_lo, density.people_hi, 0, "people");
    append(&mut text, format_args!("  {}", word(&density.freshness)));
    if !density.envelope.quality.calibrated {
        text.push_str(", uncalibrated");
    }
    text
}

fn flow(flow: &wire::ZoneFlow) -> String {
    let mut text = "flow".to_owned();
    append_measured(&mut text, flow.flow_people_per_m_s, None, None, 2, "people/m/s");
    append_measured(&mut text, flow.speed_m_per_s, None, None, 2, "m/s");
    if flow.flow_people_per_m_s.is_none() && flow.speed_m_per_s.is_none() {
        text.push_str("  not measured");
    }
    if let Some(filling) = flow.filling_people_per_s {
        append(&mut text, format_args!("  filling by {:+.0} people/min", 60.0 * filling));
    }
    if flow.is_breaking_down == Some(true) {
        text.push_str("  BREAKING DOWN");
    }
    text
}

fn crossings(line: &wire::LineFlow) -> String {
    let mut text = "crossings".to_owned();
    let (Some(inwards), Some(outwards)) = (line.in_people_per_s, line.out_people_per_s) else {
        // Pictures come, and who crosses is known after a few of them.
        if line.freshness <= Freshness::Degraded {
            text.push_str("  not counted yet");
        } else {
            append(&mut text, format_args!("  NO DATA ({})", word(&line.freshness)));
        }
        return text;
    };
    append(&mut text, format_args!("  in {:.0}/min", 60.0 * inwards));
    append(&mut text, format_args!("  out {:.0}/min", 60.0 * outwards));
    for (name, people, lo, hi) in [
        ("in", line.in_people, line.in_people_lo, line.in_people_hi),
        ("out", line.out_people, line.out_people_lo, line.out_people_hi),
    ] {
        append_measured(&mut text, people, lo, hi, 0, name);
    }
    if let Some(since) = line.since {
        let since = since.to_string();
        append(&mut text, format_args!("  since {}", since.get(11..19).unwrap_or(&since)));
    }
    text
}

fn risk(risk: &wire::ZoneRisk) -> String {
    match risk.score {
        None => "risk  NO DATA".to_owned(),
        Some(score) => {
            let mut text = format!("risk  {score:.0}/100  {}", level(risk.level));
            let mut shares: Vec<_> =
                risk.contributions.iter().filter_map(|c| Some((c.share?, c.factor))).collect();
            shares.sort_by(|a, b| b.0.total_cmp(&a.0));
            for (share, factor) in shares.iter().take_while(|(share, _)| *share >= TOLD_SHARE) {
                append(&mut text, format_args!("  {} {:.0} %", word(factor), 100.0 * share));
            }
            if let Some(would_be) = risk.counterfactual {
                let (then, density) = (level(Some(would_be.level)), would_be.density_people_per_m2);
                append(&mut text, format_args!("  {then} below {density:.1} people/m2"));
            }
            text
        }
    }
}

fn count(count: &wire::Count) -> String {
    if !count.valid {
        let reason = count.reason.as_deref().map_or_else(|| "no reason given".to_owned(), printable);
        return format!("not counted: {reason}");
    }
    let mut text = "count".to_owned();
    append_measured(&mut text, count.people, count.people_lo, count.people_hi, 1, "people");
    text
}

fn camera_state(state: &wire::CameraState) -> String {
    let mut text = word(&state.state);
    append_measured(&mut text, state.decoded_fps, None, None, 1, "frames/s");
    append(&mut text, format_args!("  {} decoded, {} counted", state.frames_decoded, state.frames_counted));
    for (cause, frames) in &state.frames_dropped {
        append(&mut text, format_args!(", {frames} dropped: {}", printable(cause)));
    }
    if let Some(counted_on) = &state.counted_on {
        append(&mut text, format_args!(", on {}", printable(&counted_on.devices.join(", "))));
    }
    if let Some(behind_secs) = state.clock_behind_secs {
        append(&mut text, format_args!(", clock {behind_secs:+.2} s behind"));
    }
    if let Some(telemetry) = &state.telemetry {
        append(&mut text, format_args!("  telemetry by {}", printable(&telemetry.source)));
        append_measured(&mut text, telemetry.age_secs, None, None, 1, "s old");
        append_measured(&mut text, telemetry.delay_secs, None, None, 1, "s picture delay");
    }
    let fallback = state.counted_on.as_ref().and_then(|counted_on| counted_on.fallback.as_ref());
    for trouble in state.cause.iter().chain(&state.bus).chain(fallback) {
        append(&mut text, format_args!("  {}", printable(trouble)));
    }
    text
}

fn footprint(footprint: &wire::Footprint) -> String {
    let known = &footprint.properties;
    let mut text = format!(
        "sees the ground from {:.1} m up, {:.0} degrees down",
        known.height_above_ground_m, known.depression_deg
    );
    if let Some(corners) = &known.corners_in_ground_m {
        let at =
            corners.iter().fold([0.0; 2], |sum, corner| [sum[0] + corner[0] / 4.0, sum[1] + corner[1] / 4.0]);
        append(&mut text, format_args!(", around {:.0}, {:.0} m", at[0], at[1]));
    }
    if let Some(reason) = &known.withheld {
        append(&mut text, format_args!("  DENSITY WITHHELD: {}", printable(reason)));
    }
    text
}

/// A value with its 90 % interval, where there is one.
fn append_measured(
    text: &mut String,
    value: Option<f64>,
    lo: Option<f64>,
    hi: Option<f64>,
    decimals: usize,
    unit: &str,
) {
    let Some(value) = value else { return };
    append(text, format_args!("  {value:.decimals$} {unit}"));
    if let (Some(lo), Some(hi)) = (lo, hi) {
        append(text, format_args!(" ({lo:.decimals$} to {hi:.decimals$})"));
    }
}

/// Writing to a `String` cannot fail.
fn append(text: &mut String, more: std::fmt::Arguments<'_>) {
    text.write_fmt(more).ok();
}

/// A code of the contract in words.
fn word(code: &impl serde::Serialize) -> String {
    match serde_json::to_value(code) {
        Ok(serde_json::Value::String(code)) => code.replace('_', " "),
        _ => String::new(),
    }
}

/// Text from the bus without what would move the cursor or colour the terminal.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// A payload that is not what its key promises, or a key of somebody else.
fn plain(key: &str, payload: &[u8]) -> String {
    /// Longest text shown, in characters.
    const SHOWN_MAX: usize = 200;
    match std::str::from_utf8(payload) {
        Ok(text) => format!("{key}  {}", printable(text).chars().take(SHOWN_MAX).collect::<String>()),
        Err(_not_text) => format!("{key}  {} bytes", payload.len()),
    }
}

/// What an arrival on a foreign key says.
fn said(heard: &Heard) -> String {
    match heard {
        Heard::Message { payload, .. } => plain("", payload).trim_start().to_owned(),
        Heard::Alive => "is there".to_owned(),
        Heard::Lost => "NO DATA: gone".to_owned(),
    }
}

#[cfg(test)]
mod tests;
