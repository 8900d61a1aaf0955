//! Signals from outside: what is known, and what somebody enters by hand, which goes to the site.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use serde::Deserialize;
use serde_json::{Value, json};
use throng_analytics::{
    signal::{AHEAD_SECS_MAX, FACTOR_MIN},
    time::Timestamp,
    wire::{Signal, SignalKind},
};
use uuid::Uuid;

use super::{
    blocking,
    caller::{Operator, Viewer},
    error::ApiError,
    input::{self, Body, MaybeBody},
};
use crate::{app::App, event::RoomEvent};

pub(super) async fn list(State(app): State<Arc<App>>, caller: Viewer) -> Json<Value> {
    let room = app.room();
    let seen: Vec<Value> = room
        .signal_views(app.now())
        .filter(|view| view["site"].as_str().is_none_or(|site| caller.session.rights.sees_site(site)))
        .collect();
    Json(json!(seen))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewSignal {
    site: String,
    #[serde(default)]
    zones: Vec<String>,
    kind: SignalKind,
    #[serde(default)]
    severity: Option<String>,
    #[serde(default)]
    from: Option<Timestamp>,
    until: Timestamp,
    #[serde(default)]
    people: Option<f64>,
    #[serde(default)]
    thresholds_factor: Option<f64>,
    text: String,
}

pub(super) async fn enter(
    State(app): State<Arc<App>>,
    caller: Operator,
    Body(new): Body<NewSignal>,
) -> Result<Json<Value>, ApiError> {
    caller.sees_site(&new.site)?;
    let now = app.now();
    let from = new.from.unwrap_or(now);
    let is_span = from < new.until && new.until > now && new.until.secs_since(now) <= AHEAD_SECS_MAX;
    if !is_span || new.people.is_some_and(|people| !(0.0..=1e6).contains(&people)) {
        return Err(ApiError::bad_input(
            "a signal lasts until a time within a week, and brings 0 to a million people",
            "信号须在一周内结束，人数为 0 至一百万",
        ));
    }
    if new.thresholds_factor.is_some_and(|factor| !(FACTOR_MIN..=1.0).contains(&factor)) {
        return Err(ApiError::bad_input(
            "a signal lowers thresholds, to half of what they are at most: a factor of 0.5 to 1",
            "信号只能降低阈值，且最多降至一半：系数为 0.5 至 1",
        ));
    }
    {
        let room = app.room();
        if room.site(&new.site).is_none() {
            return Err(ApiError::not_found("site"));
        }
        if new.zones.iter().any(|zone| room.zone(&new.site, zone).is_none()) {
            return Err(ApiError::not_found("zone"));
        }
    }
    let signal = Signal {
        id: Uuid::now_v7().to_string(),
        site: new.site,
        zones: new.zones,
        kind: new.kind,
        severity: new.severity.map(|severity| input::name("severity", &severity)).transpose()?,
        from,
        until: new.until,
        people: new.people,
        thresholds_factor: new.thresholds_factor,
        source: format!("entered by {}", caller.session.user),
        text: input::text("text", &new.text)?,
        issuer: String::new(),
        issued_at: now,
    };
    let by = caller.session.user;
    blocking(move || {
        app.record(&by, "signal", json!(signal))?;
        app.remember_signal(&signal);
        Ok(tell(&app, &signal, now))
    })
    .await?
}

/// Ends one that was entered here, before its time.
pub(super) async fn end(
    State(app): State<Arc<App>>,
    caller: Operator,
    Path((site, id)): Path<(String, String)>,
    MaybeBody(()): MaybeBody<()>,
) -> Result<Json<Value>, ApiError> {
    caller.sees_site(&site)?;
    let now = app.now();
    let known = app.room().signal(&site, &id).cloned().ok_or_else(|| ApiError::not_found("signal"))?;
    let signal = Signal { until: now, issued_at: now, ..known };
    let by = caller.session.user;
    blocking(move || {
        // What its site goes by ends when the site says so, and stays where the console may not speak for its source.
        app.commands.signal(&signal).map_err(ApiError::not_now)?;
        app.record(&by, "signal_ended", json!({ "site": signal.site, "id": signal.id }))?;
        Ok(Json(json!(signal)))
    })
    .await?
}

/// Shows a signal, and tells its site: whether that heard it stands in the answer.
fn tell(app: &App, signal: &Signal, now: Timestamp) -> Json<Value> {
    let told = app.commands.signal(signal);
    let mut room = app.room();
    room.hear(RoomEvent::Signal(Box::new(signal.clone())), now);
    app.tell(&mut room, now);
    Json(json!({ "signal": signal, "is_told": told.is_ok(), "why": told.err() }))
}
