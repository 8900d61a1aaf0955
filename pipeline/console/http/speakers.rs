//! Loudspeakers: speak, agree, end.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    blocking,
    caller::Operator,
    error::ApiError,
    input::{self, Body, MaybeBody},
};
use crate::{app::App, ports::SpeakOrder};

/// Repeats of an announcement at most; a loudspeaker has its own limit below it.
const REPEATS_MAX: u8 = 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Speak {
    announcement: String,
    #[serde(default = "once")]
    repeats: u8,
    #[serde(default)]
    incident: Option<String>,
}

const fn once() -> u8 {
    1
}

pub(super) async fn speak(
    State(app): State<Arc<App>>,
    caller: Operator,
    Path((site, speaker)): Path<(String, String)>,
    Body(speak): Body<Speak>,
) -> Result<Json<Value>, ApiError> {
    is_there(&app, &caller, &site, &speaker)?;
    if !(1..=REPEATS_MAX).contains(&speak.repeats) {
        return Err(ApiError::bad_input(
            format!("repeats is 1 to {REPEATS_MAX}"),
            format!("重复次数须为 1 至 {REPEATS_MAX}"),
        ));
    }
    let announcement = input::id("announcement", &speak.announcement)?;
    let incident = speak.incident.map(|incident| input::id("incident", &incident)).transpose()?;
    if !knows(&app, &site, &speaker, &announcement) {
        return Err(ApiError::not_found("announcement"));
    }
    let order = SpeakOrder { announcement, repeats: speak.repeats, incident, operator: caller.session.user };
    blocking(move || {
        // Written down before it sounds: nothing is ever said that nobody asked for.
        app.record(
            &order.operator,
            "speak",
            json!({
                "site": site, "speaker": speaker, "announcement": order.announcement, "repeats": order.repeats,
                "incident": order.incident,
            }),
        )?;
        match app.commands.speak(&site, &speaker, &order) {
            Ok(command_id) => Ok(Json(json!({ "command_id": command_id }))),
            Err(reason) => refused(&app, &order.operator, "speak", &site, &speaker, reason),
        }
    })
    .await?
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Confirm {
    command_id: String,
}

pub(super) async fn confirm(
    State(app): State<Arc<App>>,
    caller: Operator,
    Path((site, speaker)): Path<(String, String)>,
    Body(confirm): Body<Confirm>,
) -> Result<Json<Value>, ApiError> {
    is_there(&app, &caller, &site, &speaker)?;
    let command_id = input::id("command_id", &confirm.command_id)?;
    let operator = caller.session.user;
    blocking(move || {
        let details = json!({ "site": site, "speaker": speaker, "command_id": command_id });
        app.record(&operator, "confirm", details)?;
        match app.commands.confirm(&site, &speaker, &command_id, &operator) {
            Ok(()) => Ok(Json(json!({}))),
            Err(reason) => refused(&app, &operator, "confirm", &site, &speaker, reason),
        }
    })
    .await?
}

/// Silence always comes first: asked for before it is written down.
pub(super) async fn abort(
    State(app): State<Arc<App>>,
    caller: Operator,
    Path((site, speaker)): Path<(String, String)>,
    MaybeBody(()): MaybeBody<()>,
) -> Result<Json<Value>, ApiError> {
    is_there(&app, &caller, &site, &speaker)?;
    let operator = caller.session.user;
    blocking(move || {
        let aborted = app.commands.abort(&site, &speaker, &operator);
        app.record(&operator, "abort", json!({ "site": site, "speaker": speaker }))?;
        match aborted {
            Ok(()) => Ok(Json(json!({}))),
            Err(reason) => refused(&app, &operator, "abort", &site, &speaker, reason),
        }
    })
    .await?
}

fn refused(
    app: &App,
    by: &str,
    what: &'static str,
    site: &str,
    speaker: &str,
    reason: String,
) -> Result<Json<Value>, ApiError> {
    app.record(by, "refused", json!({ "what": what, "site": site, "speaker": speaker, "reason": reason }))?;
    Err(ApiError::not_now(reason))
}

fn is_there(app: &App, caller: &Operator, site: &str, speaker: &str) -> Result<(), ApiError> {
    caller.sees_site(site)?;
    app.room().speaker(site, speaker).map(|_| ()).ok_or_else(|| ApiError::not_found("loudspeaker"))
}

/// Whether a loudspeaker's library holds an announcement, by its site file or by its own word.
fn knows(app: &App, site: &str, speaker: &str, announcement: &str) -> bool {
    let room = app.room();
    let described = room
        .site(site)
        .and_then(|site| site.description.as_ref())
        .and_then(|site| site.speakers.iter().find(|described| described.id == speaker))
        .is_some_and(|speaker| speaker.announcements.iter().any(|known| known.id == announcement));
    described
        || room
            .speaker(site, speaker)
            .and_then(|speaker| speaker.state.as_ref())
            .is_some_and(|state| state.announcements.iter().any(|known| known == announcement))
}
