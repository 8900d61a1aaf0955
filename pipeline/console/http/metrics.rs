//! What Prometheus reads, with the names of the product's conventions.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    net::SocketAddr,
    sync::{Arc, atomic::Ordering},
};

use axum::{
    extract::{ConnectInfo, State},
    http::{HeaderMap, header},
    response::{IntoResponse as _, Response},
};
use throng_analytics::{level::Level, time::Timestamp};
use throng_history::Health;

use super::{blocking, caller::is_same, error::ApiError};
use crate::{
    app::App,
    room::{CameraRecord, Room, ZoneRecord},
};

/// From this machine, or with the token as `Authorization: Bearer`.
pub(super) async fn metrics(
    State(app): State<Arc<App>>,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let given =
        headers.get(header::AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    let is_known = match (&app.options.metrics_token, given) {
        (Some(token), Some(given)) => is_same(token.as_bytes(), given),
        // With a token set, being local is not enough: a proxy makes everybody local.
        (Some(_), None) => false,
        (None, _) => from.ip().is_loopback(),
    };
    if !is_known {
        return Err(ApiError::not_logged_in());
    }
    let now = app.now();
    let mut text = String::new();
    {
        let room = app.room();
        cameras(&mut text, &room, now);
        zones(&mut text, &room, now);
        counters(&mut text, &room, now);
        speakers_and_alarms(&mut text, &room, now);
    }
    if let Some(history) = app.history.clone()
        && let Ok(health) = blocking(move || history.health()).await?
    {
        of_history(&mut text, &health);
    }
    let viewers = app.viewers.load(Ordering::Relaxed) as f64;
    metric(&mut text, "throng_console_viewers", "gauge", "Pages that listen.", [(vec![], viewers)]);
    let dropped = app.events_dropped.load(Ordering::Relaxed) as f64;
    let help = "Events the room could not take.";
    metric(&mut text, "throng_console_events_dropped_total", "counter", help, [(vec![], dropped)]);
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response())
}

/// Names and values of a metric's labels.
type Labels<'a> = Vec<(&'a str, &'a str)>;

/// Writes one metric. What is not known is not there, never 0.
fn metric<'a>(
    text: &mut String,
    name: &str,
    kind: &str,
    help: &str,
    values: impl IntoIterator<Item = (Labels<'a>, f64)>,
) {
    // Writing into a String does not fail.
    let _written = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    for (labels, value) in values {
        let labels: Vec<String> =
            labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _written = writeln!(text, "{name}{labels} {value}");
    }
}

fn escaped(label: &str) -> String {
    label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn cameras(text: &mut String, room: &Room, now: Timestamp) {
    let each = |value: fn(&CameraRecord, Timestamp) -> Option<f64>| {
        room.cameras().filter_map(move |((site, id), camera)| {
            Some((vec![("site", site.as_str()), ("camera", id.as_str())], value(camera, now)?))
        })
    };
    let up = each(|camera, now| Some(f64::from(u8::from(camera.is_up(now)))));
    metric(text, "throng_stream_up", "gauge", "Whether pictures come from a camera.", up);
    let decoded = each(|camera, _| Some(camera.state.as_ref()?.frames_decoded as f64));
    metric(text, "throng_frames_decoded_total", "counter", "Frames decoded since start.", decoded);
    let dropped = room
        .cameras()
        .filter_map(|((site, id), camera)| Some((site, id, camera.state.as_ref()?)))
        .flat_map(|(site, id, state)| {
            state.frames_dropped.iter().map(move |(reason, frames)| {
                let labels =
                    vec![("site", site.as_str()), ("camera", id.as_str()), ("reason", reason.as_str())];
                (labels, *frames as f64)
            })
        });
    metric(text, "throng_frames_dropped_total", "counter", "Frames dropped since start, by cause.", dropped);
}

fn zones(text: &mut String, room: &Room, now: Timestamp) {
    let all = |value: fn(&ZoneRecord, Timestamp) -> Option<f64>| {
        room.zones().filter_map(move |((site, id), zone)| {
            Some((vec![("site", site.as_str()), ("zone", id.as_str())], value(zone, now)?))
        })
    };
    // Numbers of the past are not numbers of now.
    let people = all(|zone, now| zone.is_heard(now).then(|| zone.density.as_ref()?.people).flatten());
    metric(text, "throng_people", "gauge", "People in a zone.", people);
    let density =
        all(|zone, now| zone.is_heard(now).then(|| zone.density.as_ref()?.density_people_per_m2).flatten());
    let name = "throng_density_people_per_square_metre";
    metric(text, name, "gauge", "Mean density of a zone.", density);
    let risk =
        all(|zone, now| zone.is_heard(now).then(|| Some(zone.risk.as_ref()?.score? / 100.0)).flatten());
    metric(text, "throng_risk_ratio", "gauge", "Risk score of a zone over 100.", risk);
    let level = all(|zone, now| Some(f64::from(zone.level(now)?.number())));
    metric(text, "throng_warning_level", "gauge", "Level of a zone, 0 normal to 4 red.", level);
    let coverage = all(|zone, now| zone.is_heard(now).then(|| zone.envelope()?.quality.coverage).flatten());
    metric(text, "throng_coverage_ratio", "gauge", "Share of a zone that is measured.", coverage);
    let latency = all(|zone, now| {
        let envelope = zone.is_heard(now).then(|| zone.envelope())??;
        Some(envelope.published_at.secs_since(envelope.captured_at?))
    });
    let help = "From capture to publication of a zone's newest message.";
    metric(text, "throng_capture_to_publish_newest_seconds", "gauge", help, latency);
    let stale = all(ZoneRecord::stale_secs);
    metric(text, "throng_zone_stale_seconds", "gauge", "Age of a zone's newest valid picture.", stale);
    let unknown = all(|zone, now| Some(f64::from(u8::from(zone.level(now).is_none()))));
    metric(text, "throng_zone_unknown", "gauge", "Whether nobody knows how a zone is.", unknown);
}

fn counters(text: &mut String, room: &Room, now: Timestamp) {
    let models = room.models(|_| true);
    let models = models.iter().map(|(name, sha256)| (vec![("name", *name), ("sha256", *sha256)], 1.0));
    metric(text, "throng_model_info", "gauge", "The model that counts.", models);
    // Devices as a site file names several, and each series once: reasons are no labels.
    let mut fallbacks = BTreeMap::new();
    for (site, on) in room.counted_on(|_| true, now) {
        *fallbacks.entry((site, on.devices.join(", "), on.asked.join(", "))).or_insert(false) |=
            on.fallback.is_some();
    }
    let fallbacks = fallbacks.iter().map(|((site, device, asked), is_fallback)| {
        let labels = vec![("site", *site), ("device", device.as_str()), ("asked", asked.as_str())];
        (labels, f64::from(u8::from(*is_fallback)))
    });
    let help = "Whether a site counts on another device than it was asked to.";
    metric(text, "throng_counter_fallback", "gauge", help, fallbacks);
}

fn of_history(text: &mut String, health: &Health) {
    let bytes = health.disk_bytes as f64;
    metric(text, "throng_history_disk_bytes", "gauge", "Size of the history on disk.", [(vec![], bytes)]);
    let dropped = health.dropped as f64;
    let help = "Samples that the history could not take.";
    metric(text, "throng_history_samples_dropped_total", "counter", help, [(vec![], dropped)]);
    let is_failing = f64::from(u8::from(health.failure.is_some()));
    let help = "Whether the history cannot write, delete or pack what it last tried to.";
    metric(text, "throng_history_failing", "gauge", help, [(vec![], is_failing)]);
}

fn speakers_and_alarms(text: &mut String, room: &Room, now: Timestamp) {
    let speakers = room.speakers().map(|((site, id), speaker)| {
        let labels = vec![("site", site.as_str()), ("speaker", id.as_str())];
        (labels, f64::from(u8::from(speaker.is_up(now))))
    });
    metric(text, "throng_speaker_up", "gauge", "Whether a loudspeaker can be spoken to.", speakers);
    let open = |level| room.alarms.open().filter(|(_, alarm)| alarm.life.last_level == level).count() as f64;
    let alarms = Level::WARNING.iter().map(|level| (vec![("level", level.name())], open(*level)));
    metric(text, "throng_console_alarms_open", "gauge", "Alarms that are open, by level.", alarms);
}
