//! What was, and where to stand tomorrow.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
};
use serde::Deserialize;
use serde_json::{Value, json};
use throng_analytics::time::Timestamp;
use throng_history::{
    CalendarEvent, DeploymentRequest, History, HistoryError, Ratios, ReportRequest, ZoneFacts,
};

use super::{
    blocking,
    caller::{Commander, Viewer},
    error::ApiError,
    input::{Ask, Body},
};
use crate::app::App;

/// Steps of a series at most: more than a screen has pixels.
const POINTS_MAX: usize = 2000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Span {
    from: Timestamp,
    to: Timestamp,
    #[serde(default)]
    points: Option<usize>,
}

impl Span {
    fn points(&self) -> usize {
        self.points.unwrap_or(400).clamp(2, POINTS_MAX)
    }
}

fn history(app: &App) -> Result<Arc<History>, ApiError> {
    app.history.clone().ok_or_else(|| ApiError::not_found("history: this console keeps none"))
}

/// What a question came to: a wrong question is the asker's, the rest is ours.
fn answered<T: serde::Serialize>(answer: Result<T, HistoryError>) -> Result<Json<Value>, ApiError> {
    match answer {
        Ok(answer) => Ok(Json(json!(answer))),
        Err(HistoryError::BadRequest(reason)) => {
            Err(ApiError::bad_input(reason.clone(), format!("请求有误：{reason}")))
        }
        Err(error) => Err(ApiError::internal(&error)),
    }
}

pub(super) async fn zone(
    State(app): State<Arc<App>>,
    caller: Viewer,
    Path((site, zone)): Path<(String, String)>,
    Ask(span): Ask<Span>,
) -> Result<Json<Value>, ApiError> {
    caller.sees_site(&site)?;
    let history = history(&app)?;
    let is_drill =
        app.room().site(&site).and_then(|site| site.description.as_ref()).is_some_and(|site| site.drill);
    answered(
        blocking(move || {
            let (from, to, points) = (span.from, span.to, span.points());
            if is_drill {
                history.zone_series_of_drills(&site, &zone, from, to, points)
            } else {
                history.zone_series(&site, &zone, from, to, points)
            }
        })
        .await?,
    )
}

pub(super) async fn line(
    State(app): State<Arc<App>>,
    caller: Viewer,
    Path((site, line)): Path<(String, String)>,
    Ask(span): Ask<Span>,
) -> Result<Json<Value>, ApiError> {
    caller.sees_site(&site)?;
    let history = history(&app)?;
    answered(blocking(move || history.line_series(&site, &line, span.from, span.to, span.points())).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReportQuery {
    site: String,
    from: Timestamp,
    to: Timestamp,
    #[serde(default)]
    zone: Option<String>,
    #[serde(default)]
    format: Option<String>,
}

pub(super) async fn report(
    State(app): State<Arc<App>>,
    caller: Viewer,
    Ask(query): Ask<ReportQuery>,
) -> Result<Json<Value>, ApiError> {
    caller.sees_site(&query.site)?;
    if query.format.as_deref().is_some_and(|format| format != "json") {
        return Err(ApiError::bad_input("the format is json", "格式为 json"));
    }
    let history = history(&app)?;
    let (time_zone, zones) = facts(&app, &query.site);
    let ReportQuery { site, from, to, zone, .. } = query;
    let request = ReportRequest { site, from, to, time_zone, zone, zones };
    answered(blocking(move || history.report(&request)).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeploymentQuery {
    site: String,
    date: String,
}

pub(super) async fn deployment(
    State(app): State<Arc<App>>,
    caller: Viewer,
    Ask(query): Ask<DeploymentQuery>,
) -> Result<Json<Value>, ApiError> {
    caller.sees_site(&query.site)?;
    let history = history(&app)?;
    let (time_zone, zones) = facts(&app, &query.site);
    let request = DeploymentRequest { site: query.site, date: query.date, time_zone, zones };
    answered(blocking(move || history.deployment(&request, &Ratios::default())).await?)
}

/// Time zone of a site, and what is known of its zones beside their history.
fn facts(app: &App, site: &str) -> (String, Vec<ZoneFacts>) {
    let room = app.room();
    let Some(site) = room.site(site).and_then(|site| site.description.as_ref()) else {
        return ("UTC".to_owned(), Vec::new());
    };
    let zones = site.zones.iter().map(|zone| ZoneFacts {
        id: zone.id.clone(),
        name: zone.name.clone(),
        area_m2: Some(zone.area_m2),
        capacity_people: zone.capacity_people,
        lines: site
            .lines
            .iter()
            .filter(|line| line.zone.as_ref() == Some(&zone.id))
            .map(|line| line.id.clone())
            .collect(),
        is_enclosed: false,
    });
    (site.time_zone.clone(), zones.collect())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CalendarQuery {
    from: String,
    to: String,
    #[serde(default)]
    site: Option<String>,
}

pub(super) async fn calendar(
    State(app): State<Arc<App>>,
    caller: Viewer,
    Ask(query): Ask<CalendarQuery>,
) -> Result<Json<Value>, ApiError> {
    if let Some(site) = &query.site {
        caller.sees_site(site)?;
    }
    let history = history(&app)?;
    let rights = caller.session.rights.clone();
    let answer = blocking(move || {
        let events = history.events(query.site.as_deref(), &query.from, &query.to)?;
        let may_see = |event: &CalendarEvent| event.site.as_deref().is_none_or(|site| rights.sees_site(site));
        Ok(events.into_iter().filter(may_see).collect::<Vec<_>>())
    });
    answered(answer.await?)
}

pub(super) async fn enter(
    State(app): State<Arc<App>>,
    caller: Commander,
    Body(event): Body<CalendarEvent>,
) -> Result<Json<Value>, ApiError> {
    if let Some(site) = &event.site {
        caller.sees_site(site)?;
    }
    let history = history(&app)?;
    answered(
        blocking(move || {
            history.put_event(&event)?;
            Ok(event)
        })
        .await?,
    )
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Removal {
    date: String,
    name: String,
    #[serde(default)]
    site: Option<String>,
}

pub(super) async fn remove(
    State(app): State<Arc<App>>,
    caller: Commander,
    Ask(removal): Ask<Removal>,
) -> Result<Json<Value>, ApiError> {
    if let Some(site) = &removal.site {
        caller.sees_site(site)?;
    }
    let history = history(&app)?;
    let removed = move || history.delete_event(&removal.date, &removal.name, removal.site.as_deref());
    answered(blocking(removed).await?)
}
