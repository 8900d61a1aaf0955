//! Alarms: what there is, and what somebody does about one.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use serde::Deserialize;
use serde_json::{Value, json};
use throng_analytics::{time::Timestamp, wire::Ack};
use tracing::warn;

use super::{
    blocking,
    caller::{Operator, Viewer},
    error::ApiError,
    input::{self, Ask, MaybeBody},
};
use crate::{
    alarm::{self, Action, Actor, Refusal, Stage},
    app::App,
    room::{Alarm, AlarmKey, Room, alarm_view},
    store::AlarmQuery,
};

/// Alarms in one answer.
const LIMIT: usize = 200;
/// And at most.
const LIMIT_MAX: usize = 2000;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "lowercase")]
enum Which {
    #[default]
    Open,
    Closed,
    All,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    site: Option<String>,
    #[serde(default)]
    state: Which,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    limit: Option<usize>,
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Viewer,
    Ask(query): Ask<Query>,
) -> Result<Json<Value>, ApiError> {
    if let Some(site) = &query.site {
        caller.sees_site(site)?;
    }
    let limit = query.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX);
    let stored = AlarmQuery {
        site: query.site,
        incident: None,
        is_open: match query.state {
            Which::Open => Some(true),
            Which::Closed => Some(false),
            Which::All => None,
        },
        from: query.from,
        to: query.to,
        // Those of sites that may not be seen are taken out below.
        limit: LIMIT_MAX,
    };
    let of_app = Arc::clone(&app);
    let alarms = blocking(move || of_app.store.alarms(&stored)).await??;
    let now = app.now();
    let room = app.room();
    let seen: Vec<Value> = alarms
        .iter()
        .filter(|(key, _)| caller.session.rights.sees_site(&key.0))
        .take(limit)
        .map(|(key, alarm)| shown(&room, key, alarm, now))
        .collect();
    Ok(Json(json!(seen)))
}

pub(super) async fn one(
    State(app): State<Arc<App>>,
    caller: Viewer,
    Path((site, incident)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    caller.sees_site(&site)?;
    let key = (site, incident);
    let query = AlarmQuery {
        site: Some(key.0.clone()),
        incident: Some(key.1.clone()),
        limit: 1,
        ..AlarmQuery::default()
    };
    let of_app = Arc::clone(&app);
    let stored = blocking(move || of_app.store.alarms(&query)).await??;
    let (_, alarm) = stored.first().ok_or_else(|| ApiError::not_found("alarm"))?;
    Ok(Json(shown(&app.room(), &key, alarm, app.now())))
}

/// An alarm as the room knows it, or as it was written down.
fn shown(room: &Room, key: &AlarmKey, stored: &Alarm, now: Timestamp) -> Value {
    let alarm = room.alarms.get(key).unwrap_or(stored);
    json!(alarm_view(key, alarm, room.is_fresh(&key.0, &alarm.warning.zone, now)))
}

/// What an action may need.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Particulars {
    to: Option<String>,
    text: Option<String>,
    reason: Option<String>,
    minutes: Option<f64>,
    into: Option<String>,
}

pub(super) async fn act(
    State(app): State<Arc<App>>,
    caller: Operator,
    Path((site, incident, verb)): Path<(String, String, String)>,
    MaybeBody(particulars): MaybeBody<Particulars>,
) -> Result<Json<Value>, ApiError> {
    caller.sees_site(&site)?;
    let by = Actor { name: caller.session.user.clone(), role: caller.session.role };
    blocking(move || {
        let key = (site, incident);
        let action = action(&app, &key, &verb, particulars)?;
        acted(&app, &key, &action, &by)
    })
    .await?
    .map(Json)
}

fn acted(app: &App, key: &AlarmKey, action: &Action, by: &Actor) -> Result<Value, ApiError> {
    let now = app.now();
    let (heard, was_answered, alarm) = {
        let mut room = app.room();
        let alarm = room.alarms.get(key).ok_or_else(|| ApiError::not_found("open alarm"))?;
        let was_answered = alarm.life.answered_by.is_some();
        let is_fresh = room.is_fresh(&key.0, &alarm.warning.zone, now);
        let acted = room.alarms.act(key, action, by, now, is_fresh);
        let heard = acted.ok_or_else(|| ApiError::not_found("open alarm"))??;
        room.mark(&heard);
        app.tell(&mut room, now);
        let alarm = room.alarms.get(key).map(|alarm| json!(alarm_view(key, alarm, is_fresh)));
        (heard, was_answered, alarm)
    };
    app.persist(&heard)?;
    let is_shelved = matches!(action, Action::Shelve { .. });
    let is_answered = !was_answered && !matches!(action, Action::Comment { .. } | Action::Merge { .. });
    if is_shelved || is_answered {
        tell_site(app, key, action, by, now);
    }
    alarm.ok_or_else(|| ApiError::not_found("open alarm"))
}

/// The site goes on reminding until it knows that somebody answered. Where it cannot be told the officer's work still
/// counts, and the journal says what happened.
fn tell_site(app: &App, key: &AlarmKey, action: &Action, by: &Actor, now: Timestamp) {
    let shelve_until = match action {
        Action::Shelve { minutes, .. } => Some(now + minutes * 60.0),
        _ => None,
    };
    let ack = Ack { incident: key.1.clone(), operator: by.name.clone(), at: now, shelve_until };
    let Err(reason) = app.commands.acknowledge(&key.0, &ack) else { return };
    warn!("Site {} was not told that {} acknowledged {}: {reason}.", key.0, by.name, key.1);
    let remark = Action::Comment { text: format!("the site was not told of the answer: {reason}") };
    let system = Actor { name: "system".to_owned(), role: by.role };
    let heard = {
        let mut room = app.room();
        let Some(Ok(heard)) = room.alarms.act(key, &remark, &system, now, false) else { return };
        room.mark(&heard);
        app.tell(&mut room, now);
        heard
    };
    app.persist_or_log(&heard);
}

fn action(app: &App, key: &AlarmKey, verb: &str, given: Particulars) -> Result<Action, ApiError> {
    let needed = |what: &str, value: Option<String>| input::text(what, &value.unwrap_or_default());
    let optional = |value: Option<String>| input::optional_text("text", &value.unwrap_or_default());
    Ok(match verb {
        "acknowledge" => Action::Acknowledge,
        "assign" => Action::Assign { to: input::name("to", &given.to.unwrap_or_default())? },
        "on-the-way" => Action::OnTheWay,
        "arrived" => Action::Arrived,
        "measures" => Action::Measures { text: needed("text", given.text)? },
        "close" => Action::Close {
            reason: input::name("reason", &given.reason.unwrap_or_default())?,
            text: optional(given.text)?,
        },
        "shelve" => Action::Shelve {
            minutes: given.minutes.filter(|minutes| minutes.is_finite()).ok_or(Refusal::ShelfLength)?,
            reason: needed("reason", given.reason)?,
        },
        "unshelve" => Action::Unshelve,
        "comment" => Action::Comment { text: needed("text", given.text)? },
        "merge" => {
            let into = input::text("into", &given.into.unwrap_or_default())?;
            if into == key.1 {
                return Err(Refusal::MergeIntoItself.into());
            }
            let room = app.room();
            let other = room.alarms.get(&(key.0.clone(), into.clone()));
            let other = other.filter(|other| other.life.stage != Stage::Closed);
            let into_peak = other.ok_or_else(|| ApiError::not_found("open alarm to merge into"))?.life.peak;
            Action::Merge { into, into_peak }
        }
        _ => return Err(ApiError::not_found("action")),
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Span {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

/// How the room answers: EEMUA 191's figures and the three answer times. Without times: the last day.
pub(super) async fn performance(
    State(app): State<Arc<App>>,
    caller: Viewer,
    Ask(span): Ask<Span>,
) -> Result<Json<Value>, ApiError> {
    let now = app.now();
    let to = span.to.unwrap_or(now);
    let from = span.from.unwrap_or(to - 86_400.0);
    if from >= to {
        return Err(ApiError::bad_input("from must be before to", "起始时间须早于结束时间"));
    }
    let query = AlarmQuery { from: Some(from), to: Some(to), limit: 100_000, ..AlarmQuery::default() };
    let alarms = blocking(move || app.store.alarms(&query)).await??;
    let seen: Vec<_> = alarms
        .iter()
        .filter(|(key, alarm)| caller.session.rights.sees_site(&key.0) && !alarm.warning.envelope.drill)
        .map(|(key, alarm)| (key.0.as_str(), alarm.warning.zone.as_str(), &alarm.life))
        .collect();
    Ok(Json(json!(alarm::performance(&seen, from, to, now))))
}
