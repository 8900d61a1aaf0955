//! What was, and where to stand tomorrow.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json,
    extract::{Path, State},
    http::header,
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use throng_analytics::time::Timestamp;
use throng_history::{
    CalendarEvent, DeploymentRequest, History, HistoryError, Language, Ratios, ReportRequest, ZoneFacts,
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
fn told<T>(answer: Result<T, HistoryError>) -> Result<T, ApiError> {
    answer.map_err(|error| match error {
        HistoryError::BadRequest(reason) => {
            ApiError::bad_input(reason.clone(), format!("请求有误：{reason}"))
        }
        error => ApiError::internal(&error),
    })
}

fn answered<T: serde::Serialize>(answer: Result<T, HistoryError>) -> Result<Json<Value>, ApiError> {
    told(answer).map(|answer| Json(json!(answer)))
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

pub(super) async fn signals(
    State(app): State<Arc<App>>,
    caller: Viewer,
    Path(site): Path<String>,
    Ask(span): Ask<Span>,
) -> Result<Json<Value>, ApiError> {
    caller.sees_site(&site)?;
    let history = history(&app)?;
    answered(blocking(move || history.signals(&site, span.from, span.to)).await?)
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
    format: Format,
    #[serde(default)]
    language: Language,
    /// Day to advise officers for; JSON has a route of its own for that.
    #[serde(default)]
    day: Option<String>,
}

/// What a report is downloaded as.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Json,
    Html,
    Csv,
    Parquet,
}

impl Format {
    /// Media type and name of the file.
    const fn file(self) -> (&'static str, &'static str) {
        match self {
            Self::Json => ("application/json", "attachment; filename=\"report.json\""),
            Self::Html => ("text/html; charset=utf-8", "attachment; filename=\"report.html\""),
            Self::Csv => ("application/zip", "attachment; filename=\"report-csv.zip\""),
            Self::Parquet => ("application/zip", "attachment; filename=\"report-parquet.zip\""),
        }
    }
}

pub(super) async fn report(
    State(app): State<Arc<App>>,
    caller: Viewer,
    Ask(query): Ask<ReportQuery>,
) -> Result<Response, ApiError> {
    caller.sees_site(&query.site)?;
    let history = history(&app)?;
    let (time_zone, zones) = facts(&app, &query.site);
    let line_names = line_names(&app, &query.site);
    let ReportQuery { site, from, to, zone, format, language, day } = query;
    let request = ReportRequest { site, from, to, time_zone, zone, zones, line_names };
    if let Format::Json = format {
        return Ok(answered(blocking(move || history.report(&request)).await?)?.into_response());
    }
    let Some(day) = day else {
        return Err(ApiError::bad_input(
            "day is missing: the day to advise officers for, as YYYY-MM-DD",
            "缺少 day：警力建议的日期（YYYY-MM-DD）",
        ));
    };
    let document = blocking(move || {
        let document = history.document(&request, &day, &Ratios::default())?;
        match format {
            Format::Csv => document.csv_zip(),
            Format::Parquet => document.parquet_zip(),
            Format::Html | Format::Json => document.html(language).map(String::into_bytes),
        }
    });
    let file = told(document.await?)?;
    let (media_type, disposition) = format.file();
    Ok(([(header::CONTENT_TYPE, media_type), (header::CONTENT_DISPOSITION, disposition)], file)
        .into_response())
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
        is_enclosed: zone.is_enclosed_by_lines,
    });
    (site.time_zone.clone(), zones.collect())
}

/// Names of a site's lines by their ids.
fn line_names(app: &App, site: &str) -> BTreeMap<String, String> {
    let room = app.room();
    let description = room.site(site).and_then(|site| site.description.as_ref());
    let lines = description.iter().flat_map(|site| &site.lines);
    lines.map(|line| (line.id.clone(), line.name.clone())).collect()
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
