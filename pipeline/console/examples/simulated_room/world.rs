//! What happens: crowds that swell and shrink, an alarm that goes through all levels every few minutes.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use throng_analytics::{
    level::Level,
    signal::factor,
    site_feature::SiteFeature,
    time::Timestamp,
    wire::{Signal, SignalKind},
};
use throng_console::{Alive, FieldView, RoomEvent, SiteDescription};

use crate::{desk::SimulatedDesk, ports::Simulated};

/// How long an alarm takes from blue to red and back, seconds.
const CYCLE_SECS: f64 = 240.0;

/// An incident that goes on.
#[derive(Debug)]
struct Incident {
    id: String,
    level: Level,
    since: Timestamp,
    ack: Option<Value>,
}

/// The simulated world.
#[derive(Debug)]
pub(crate) struct World {
    began: Timestamp,
    steps: u64,
    incidents: BTreeMap<String, Incident>,
}

impl World {
    pub(crate) fn new(began: Timestamp) -> Self {
        Self { began, steps: 0, incidents: BTreeMap::new() }
    }

    /// Half a second of it.
    pub(crate) fn step(&mut self, now: Timestamp, ports: &Simulated, desk: &SimulatedDesk) -> Vec<RoomEvent> {
        let description = desk.site("square");
        let secs = now.secs_since(self.began);
        let mut events = desk.changed();
        events.extend(ports.speakers(now));
        for ack in ports.acks() {
            for incident in self.incidents.values_mut().filter(|incident| incident.id == ack.incident) {
                incident.ack = Some(
                    json!({ "operator": ack.operator, "at": ack.at, "shelved_until": ack.shelve_until }),
                );
            }
        }
        if self.steps == 0 {
            events.extend(beginnings());
        }
        if self.steps.is_multiple_of(2) {
            for (index, zone) in description.zones.iter().enumerate() {
                // The car park has no camera: UNKNOWN.
                if zone.id != "parking" {
                    events.extend(self.zone(&zone.id, index, zone.area_m2, zone.capacity_people, secs, now));
                }
            }
            for (index, line) in description.lines.iter().enumerate() {
                events.extend(line_flow(&line.id, index, secs, now));
            }
            for camera in &description.cameras {
                events.extend(camera_events(&camera.id, secs, now));
            }
            events.extend(self.signals(&description, ports.signals(now), now));
            events.push(RoomEvent::Field(Box::new(field(secs, now))));
        }
        self.steps += 1;
        events
    }

    /// What the square goes by: the rain of its beginning, and what somebody has entered.
    fn signals(&self, site: &SiteDescription, entered: Vec<Signal>, now: Timestamp) -> Option<RoomEvent> {
        let mut signals = vec![rain(self.began)];
        signals.extend(entered);
        let lowered = site.zones.iter().filter_map(|zone| {
            let is_steep = zone.features.iter().any(|feature| feature == "stairs");
            let features: &[SiteFeature] = if is_steep { &[SiteFeature::Stairs] } else { &[] };
            let of_zone = signals.iter().filter(|signal| signal.zones.is_empty() || signal.zones.contains(&zone.id));
            let strictest = of_zone.min_by(|a, b| factor(a, features).total_cmp(&factor(b, features)))?;
            let factor = factor(strictest, features);
            let thresholds = [1.5, 2.5, 3.5, 5.0].map(|theta: f64| theta * factor);
            (factor < 1.0).then(|| json!({
                "zone": zone.id, "signal": strictest.id, "factor": factor, "thresholds_people_per_m2": thresholds,
                "until": strictest.until,
            }))
        });
        let body = json!({ "tightened": lowered.collect::<Vec<_>>(), "signals": signals });
        let message = with(&envelope("signals", now, false), body);
        Some(RoomEvent::SiteSignals(serde_json::from_value(message).ok()?))
    }

    fn zone(
        &mut self,
        id: &str,
        index: usize,
        area_m2: f64,
        capacity: Option<f64>,
        secs: f64,
        now: Timestamp,
    ) -> Vec<RoomEvent> {
        let density = density(id, index, secs);
        let trend = (self::density(id, index, secs + 5.0) - density) * 12.0;
        // The metro's camera was lost two minutes ago: its last level stands, and nobody knows the one now.
        let is_lost = id == "metro";
        let level = Level::ALL
            .into_iter()
            .rev()
            .find(|level| density >= [0.0, 1.5, 2.5, 3.5, 5.0][usize::from(level.number())])
            .unwrap_or_default();
        let score = (density * 17.0).min(100.0);
        let mut events = self.incident(id, level, is_lost, density, area_m2, score, trend, now);
        let incident = self.incidents.get(id);
        let freshness = if is_lost { "lost" } else { "fresh" };
        let envelope = envelope("zone", now, is_lost);
        let known = |value: Value| if is_lost { Value::Null } else { value };
        let people = density * area_m2;
        let messages = [
            json!({
                "zone": id, "freshness": freshness, "area_m2": area_m2,
                "density_people_per_m2": known(json!(density)),
                "density_lo_people_per_m2": known(json!(density * 0.85)),
                "density_hi_people_per_m2": known(json!(density * 1.2)),
                "density_p95_people_per_m2": known(json!(density * 1.6)),
                "hot_spot_people_per_m2": known(json!(density * 1.9)),
                "people": known(json!(people)), "people_lo": known(json!(people * 0.85)),
                "people_hi": known(json!(people * 1.2)),
                "occupancy_ratio": known(json!(capacity.map(|capacity| people / capacity))),
                "trend_people_per_m2_per_min": known(json!(trend)),
                "capacity_within_5_min_probability": known(json!((density / 6.0).min(0.99))),
            }),
            json!({
                "zone": id, "freshness": freshness,
                "velocity_m_per_s": known(json!([(secs / 30.0).cos() * 0.8, (secs / 30.0).sin() * 0.5])),
                "speed_m_per_s": known(json!((1.3 - density * 0.2).max(0.1))),
                "flow_people_per_m_s": known(json!(density * (1.3 - density * 0.2).max(0.1))),
            }),
            json!({
                "zone": id, "freshness": freshness, "score": known(json!(score)),
                "level": known(json!(level.number())),
                "interval": known(json!({ "p5": score * 0.8, "p50": score, "p95": (score * 1.15).min(100.0) })),
                "contributions": if is_lost { json!([]) } else { json!([
                    { "factor": "density", "sub_score": density / 6.5, "weight": 0.3, "share": 0.6 },
                    { "factor": "growth", "sub_score": 0.4, "weight": 0.2, "share": 0.3 },
                    { "factor": "conflict", "sub_score": 0.1, "weight": 0.1, "share": 0.1 },
                ]) },
                "raw": [{ "name": "density", "value": density, "unit": "people/m2" }],
                "missing_inputs": ["oscillation"],
                "counterfactual": known(json!({ "level": 2, "density_people_per_m2": 3.1 })),
            }),
            json!({
                "zone": id, "freshness": freshness,
                "level": if is_lost { Value::Null } else { json!(level.number()) },
                "last_level": level.number(),
                "since": incident.map_or(self.began, |incident| incident.since),
                "incident": incident.map(|incident| incident.id.clone()),
            }),
        ]
        .map(|body| with(&envelope, body));
        let [density, flow, risk, state] = messages;
        events.extend(
            serde_json::from_value(density).ok().map(|message| RoomEvent::ZoneDensity(Box::new(message))),
        );
        events
            .extend(serde_json::from_value(flow).ok().map(|message| RoomEvent::ZoneFlow(Box::new(message))));
        events
            .extend(serde_json::from_value(risk).ok().map(|message| RoomEvent::ZoneRisk(Box::new(message))));
        events.extend(
            serde_json::from_value(state).ok().map(|message| RoomEvent::ZoneState(Box::new(message))),
        );
        events
    }

    #[expect(clippy::too_many_arguments, reason = "a message has as many fields")]
    fn incident(
        &mut self,
        zone: &str,
        level: Level,
        is_lost: bool,
        density: f64,
        area_m2: f64,
        score: f64,
        trend: f64,
        now: Timestamp,
    ) -> Vec<RoomEvent> {
        let before = self.incidents.get(zone).map(|incident| incident.level);
        let transition = match before {
            None if level >= Level::Blue => "raised",
            Some(before) if level > before => "escalated",
            Some(_) if level == Level::Normal => "cleared",
            Some(before) if level < before => "lowered",
            Some(_) if self.steps.is_multiple_of(10) => "refreshed",
            _ => return Vec::new(),
        };
        let incident = self.incidents.entry(zone.to_owned()).or_insert_with(|| Incident {
            id: format!("01940000-{zone}-{}", now.unix_nanos() / 1_000_000_000),
            level,
            since: now,
            ack: None,
        });
        if incident.level < level {
            incident.ack = None;
        }
        incident.level = level;
        let (transition, level_now) =
            if is_lost { ("lost", Value::Null) } else { (transition, json!(level.number())) };
        let body = json!({
            "incident": incident.id, "zone": zone, "level": level_now,
            "previous_level": before.map(Level::number), "transition": transition,
            "escalate": transition == "escalated", "kind": if is_lost { "sensor_lost" } else { "crowding" },
            "density_people_per_m2": if is_lost { json!({}) } else { json!({
                "mean": density, "lo": density * 0.85, "hi": density * 1.2, "p95": density * 1.6, "max": density * 1.9,
            }) },
            "people": density * area_m2, "risk": { "score": score, "factors": { "density": 0.6, "growth": 0.4 } },
            "trend_per_min": trend, "since": incident.since, "expires_at": now + 15.0, "outline_in_ground_m": [],
            "action": match level {
                _ if is_lost => "verify_by_eye",
                Level::Red => "relieve_pressure",
                Level::Orange => "limit_inflow",
                Level::Yellow => "prepare",
                _ => "monitor",
            },
            "text": {
                "en": format!("{zone}: {} at {density:.1} people/m2", level.name()),
                "zh": format!("{zone}：每平方米 {density:.1} 人"),
            },
            "ack": incident.ack,
        });
        if level == Level::Normal {
            self.incidents.remove(zone);
        }
        let message = serde_json::from_value(with(&envelope("warning", now, is_lost), body));
        message.ok().map(|message| RoomEvent::Warning(Box::new(message))).into_iter().collect()
    }
}

/// People per square metre of a zone at a moment.
fn density(id: &str, index: usize, secs: f64) -> f64 {
    let wave = |period: f64, phase: f64| ((secs / period + phase) * std::f64::consts::TAU).sin();
    match id {
        "stage" => 3.1 - 2.7 * ((secs / CYCLE_SECS) * std::f64::consts::TAU).cos(),
        "stairs" => 2.2 + 1.5 * wave(CYCLE_SECS * 0.8, 0.3),
        "metro" => 2.8,
        _ => (0.9 + 0.4 * wave(90.0, index as f64 * 0.2)).max(0.1),
    }
}

fn beginnings() -> Vec<RoomEvent> {
    let alive = |what| RoomEvent::Alive { site: "square".to_owned(), what };
    let mut events: Vec<RoomEvent> = ["cam-stage", "cam-square", "cam-stairs"]
        .map(|camera| alive(Alive::Camera(camera.to_owned())))
        .into();
    events.push(alive(Alive::Node("simulated".to_owned())));
    events.push(RoomEvent::Lost { site: "square".to_owned(), what: Alive::Camera("cam-metro".to_owned()) });
    events
}

fn rain(began: Timestamp) -> Signal {
    Signal {
        id: "rain".to_owned(),
        site: "square".to_owned(),
        zones: Vec::new(),
        kind: SignalKind::Weather,
        severity: Some("Moderate".to_owned()),
        from: began,
        until: began + 3.0 * 3600.0,
        people: None,
        thresholds_factor: None,
        source: "CAP (simulated)".to_owned(),
        text: "Heavy rain until the evening 大雨".to_owned(),
        issuer: "weather service".to_owned(),
        issued_at: began,
    }
}

fn camera_events(id: &str, secs: f64, now: Timestamp) -> Vec<RoomEvent> {
    let is_lost = id == "cam-metro";
    let state = with(
        &envelope("camera_state", now, is_lost),
        json!({
            "camera": id, "state": if is_lost { "lost" } else { "live" },
            "cause": if is_lost { json!("no packet for 10 s") } else { Value::Null },
            "since": now - if is_lost { 120.0 } else { 3600.0 },
            "video": { "width_px": 1920, "height_px": 1080, "format": "video/x-h264", "decoder": "avdec_h264 (software)" },
            "decoded_fps": if is_lost { 0.0 } else { 24.8 + (secs / 7.0).sin() * 0.3 },
            "frames_decoded": 100_000 + (secs * 25.0) as u64, "frames_counted": (secs * 5.0) as u64,
            "frames_dropped": { "newer_came": (secs * 0.2) as u64 }, "session": 1, "clock_behind_secs": 0.14,
            "counted_on": {
                "devices": ["cpu"], "asked": ["cuda:0"],
                "fallback": "cuda:0 cannot be used, counting on the CPU: no CUDA-capable device is detected",
            },
        }),
    );
    let count = with(
        &envelope("count", now, is_lost),
        json!({ "camera": id, "valid": !is_lost, "people": if is_lost { Value::Null } else { json!(300.0 + (secs / 20.0).sin() * 80.0) } }),
    );
    let mut events = Vec::new();
    events
        .extend(serde_json::from_value(state).ok().map(|message| RoomEvent::CameraState(Box::new(message))));
    if !is_lost {
        events.extend(serde_json::from_value(count).ok().map(|message| RoomEvent::Count(Box::new(message))));
    }
    events
}

fn line_flow(id: &str, index: usize, secs: f64, now: Timestamp) -> Option<RoomEvent> {
    let rate = 1.5 + (secs / 40.0 + index as f64).sin();
    let message = with(
        &envelope("line_flow", now, false),
        json!({
            "line": id, "freshness": "fresh", "length_m": 14.0, "in_people_per_s": rate, "out_people_per_s": 0.6,
            "net_people_per_s": rate - 0.6, "since": now - secs, "in_people": secs * 1.5, "out_people": secs * 0.6,
        }),
    );
    Some(RoomEvent::LineFlow(serde_json::from_value(message).ok()?))
}

fn field(secs: f64, now: Timestamp) -> FieldView {
    let (columns, rows, cell_m) = (70, 44, 2.0);
    let at = |column: usize, row: usize| {
        let (x, y) = (30.0 + column as f64 * cell_m, 36.0 + row as f64 * cell_m);
        let bump = |cx: f64, cy: f64, radius: f64, height: f64| {
            height * (-((x - cx).powi(2) + (y - cy).powi(2)) / (2.0 * radius * radius)).exp()
        };
        let is_seen = x < 104.0;
        let density = bump(60.0, 50.0, 10.0, density("stage", 0, secs) * 1.4)
            + bump(98.0, 58.0, 6.0, density("stairs", 2, secs) * 1.3)
            + bump(60.0, 78.0, 16.0, 1.2);
        is_seen.then_some(density as f32)
    };
    FieldView {
        site: "square".to_owned(),
        at: now,
        origin_in_ground_m: [30.0, 36.0],
        cell_m,
        columns,
        rows,
        density_people_per_m2: (0..rows)
            .flat_map(|row| (0..columns).map(move |column| at(column, row)))
            .collect(),
    }
}

fn envelope(schema: &str, now: Timestamp, is_lost: bool) -> Value {
    json!({
        "schema": format!("throng.{schema}.v1"), "site": "square", "seq": 0,
        "captured_at": if is_lost { now - 120.0 } else { now - 0.3 }, "published_at": now, "node": "simulated",
        "model": { "name": "simulated", "sha256": "" }, "config_sha256": "", "drill": false,
        "quality": { "coverage": if is_lost { Value::Null } else { json!(0.93) },
            "stale_secs": if is_lost { 120.0 } else { 0.3 }, "calibrated": true },
    })
}

/// The fields of both.
fn with(envelope: &Value, body: Value) -> Value {
    let mut all = envelope.clone();
    if let (Some(all), Value::Object(body)) = (all.as_object_mut(), body) {
        all.extend(body.into_iter().filter(|(_, value)| !value.is_null()));
    }
    all
}
