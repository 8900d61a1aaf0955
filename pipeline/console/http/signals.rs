//! Signals from outside: what is known, and what somebody enters by hand.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Deserialize;
use serde_json::{Value, json};
use throng_analytics::time::Timestamp;
use uuid::Uuid;

use super::{
    blocking,
    caller::{Operator, Viewer},
    error::ApiError,
    input::{self, Body},
};
use crate::{
    app::App,
    event::{RoomEvent, Signal, SignalKind},
};

/// Longest time a signal may be ahead, or last, seconds: a week.
const SPAN_SECS_MAX: f64 = 7.0 * 86_400.0;

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
    let is_span = from < new.until && new.until > now && new.until.secs_since(now) <= SPAN_SECS_MAX;
    if !is_span || new.people.is_some_and(|people| !(0.0..=1e6).contains(&people)) {
        return Err(ApiError::bad_input(
            "a signal lasts until a time within a week, and brings 0 to a million people",
            "信号须在一周内结束，人数为 0 至一百万",
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
        site: Some(new.site),
        zones: new.zones,
        kind: new.kind,
        severity: new.severity.map(|severity| input::name("severity", &severity)).transpose()?,
        from,
        until: new.until,
        people: new.people,
        source: format!("entered by {}", caller.session.user),
        text: input::text("text", &new.text)?,
    };
    let by = caller.session.user;
    blocking(move || {
        app.record(&by, "signal", json!(signal))?;
        let mut room = app.room();
        room.hear(RoomEvent::Signal(Box::new(signal.clone())), now);
        app.tell(&mut room, now);
        Ok(Json(json!(signal)))
    })
    .await?
}
