//! Hand-overs between shifts.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    blocking,
    caller::{Operator, Viewer},
    error::ApiError,
    input::{self, Body},
};
use crate::{app::App, role::Role, store::Handover};

/// Hand-overs in one answer: a fortnight of three shifts.
const LIMIT: usize = 50;

pub(super) async fn list(State(app): State<Arc<App>>, caller: Viewer) -> Result<Json<Value>, ApiError> {
    let mut handovers = blocking(move || app.store.handovers(LIMIT)).await??;
    for handover in &mut handovers {
        if let Some(alarms) = handover.alarms.as_array_mut() {
            alarms.retain(|alarm| {
                alarm["site"].as_str().is_some_and(|site| caller.session.rights.sees_site(site))
            });
        }
    }
    Ok(Json(json!(handovers)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewHandover {
    to: String,
    text: String,
}

/// One shift writes down what the next must know; the open alarms go with it.
pub(super) async fn begin(
    State(app): State<Arc<App>>,
    caller: Operator,
    Body(new): Body<NewHandover>,
) -> Result<Json<Value>, ApiError> {
    let (to, text) = (input::id("to", &new.to)?, input::text("text", &new.text)?);
    let rights = caller.session.rights;
    let alarms: Vec<Value> = app
        .room()
        .alarms
        .open()
        .filter(|((site, _), _)| rights.sees_site(site))
        .map(|((site, incident), alarm)| {
            json!({
                "site": site, "incident": incident, "zone": alarm.warning.zone,
                "level": alarm.life.level.map(throng_analytics::level::Level::name), "stage": alarm.life.stage,
            })
        })
        .collect();
    let handover = Handover {
        id: Uuid::now_v7().to_string(),
        at: app.now(),
        by: caller.session.user,
        to,
        text,
        alarms: json!(alarms),
        accepted_at: None,
    };
    blocking(move || {
        let next = app.store.account(&handover.to)?;
        if next.is_none_or(|next| next.role < Role::Operator) {
            return Err(ApiError::bad_input(
                "a shift is handed over to the account of an operator",
                "只能交班给操作员账号",
            ));
        }
        app.store.put_handover(&handover)?;
        app.record(
            &handover.by,
            "handover",
            json!({ "id": handover.id, "to": handover.to, "text": handover.text }),
        )?;
        Ok(Json(json!(handover)))
    })
    .await?
}

/// The next shift takes over.
pub(super) async fn accept(
    State(app): State<Arc<App>>,
    caller: Operator,
    Path(id): Path<String>,
) -> Result<Json<Value>, ApiError> {
    blocking(move || {
        let mut handover = app.store.handover(&id)?.ok_or_else(|| ApiError::not_found("hand-over"))?;
        if handover.to != caller.session.user && caller.session.role < Role::Commander {
            return Err(ApiError::role("commander, or the one it was handed to"));
        }
        if handover.accepted_at.is_some() {
            return Err(ApiError::not_now("this hand-over was accepted before"));
        }
        handover.accepted_at = Some(app.now());
        app.store.put_handover(&handover)?;
        app.record(
            &caller.session.user,
            "handover_accepted",
            json!({ "id": handover.id, "from": handover.by }),
        )?;
        Ok(Json(json!(handover)))
    })
    .await?
}
