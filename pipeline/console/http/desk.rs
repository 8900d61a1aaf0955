//! Calibration and changes of the site file, and exercises: what a commander does to a site.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    response::Response,
};
use serde::Deserialize;
use serde_json::{Value, json};
use throng_analytics::time::Timestamp;

use super::{
    blocking,
    caller::{Commander, Viewer},
    error::ApiError,
    input::{self, Body, MaybeBody},
    pictures::jpeg,
};
use crate::{
    app::App,
    level_name,
    ports::{Drills, LineWay, Placed, Places, PointPair, SiteChange},
    room::{Alarm, AlarmKey},
    store::AlarmQuery,
};

/// Point pairs, zones or corners at most.
const POINTS_MAX: usize = 500;

pub(super) async fn still(
    State(app): State<Arc<App>>,
    caller: Commander,
    Path((site, camera)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    caller.sees_camera(&site, &camera)?;
    blocking(move || app.desk.still(&site, &camera)).await?.map(jpeg).map_err(ApiError::not_now)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Points {
    points: Vec<PointPair>,
}

pub(super) async fn fit(
    State(app): State<Arc<App>>,
    caller: Commander,
    Path((site, camera)): Path<(String, String)>,
    Body(Points { points }): Body<Points>,
) -> Result<Json<Value>, ApiError> {
    caller.sees_camera(&site, &camera)?;
    are_points(&points)?;
    let fit = blocking(move || app.desk.fit(&site, &camera, &points)).await?;
    Ok(Json(json!(fit.map_err(ApiError::not_now)?)))
}

/// Where places of a still lie on the ground, and places of the ground in the still.
pub(super) async fn project(
    State(app): State<Arc<App>>,
    caller: Commander,
    Path((site, camera)): Path<(String, String)>,
    Body(places): Body<Places>,
) -> Result<Json<Value>, ApiError> {
    caller.sees_camera(&site, &camera)?;
    are_places(&places.image_px)?;
    are_places(&places.ground_m)?;
    let projected = blocking(move || app.desk.project(&site, &camera, &places)).await?;
    Ok(Json(json!(projected.map_err(ApiError::not_now)?)))
}

pub(super) async fn profiles(
    State(app): State<Arc<App>>,
    caller: Commander,
    Path(site): Path<String>,
) -> Result<Json<Value>, ApiError> {
    caller.sees_site(&site)?;
    let profiles = blocking(move || app.desk.profiles(&site)).await?;
    Ok(Json(json!(profiles.map_err(ApiError::not_now)?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    change: SiteChange,
}

pub(super) async fn propose(
    State(app): State<Arc<App>>,
    caller: Commander,
    Path(site): Path<String>,
    Body(Change { change }): Body<Change>,
) -> Result<Json<Value>, ApiError> {
    caller.sees_site(&site)?;
    is_sound(&change)?;
    let camera = match &change {
        SiteChange::Calibration { camera, .. } => Some(camera),
        SiteChange::Position { kind: Placed::Camera, id, .. } => Some(id),
        _ => None,
    };
    if let Some(camera) = camera {
        caller.sees_camera(&site, camera)?;
    }
    let by = caller.session.user;
    let proposal = blocking(move || {
        let proposal = app.desk.propose(&site, &change, &by).map_err(ApiError::not_now)?;
        app.record(&by, "change_proposed", json!({ "site": site, "id": proposal.id, "change": change }))?;
        Ok::<_, ApiError>(proposal)
    });
    Ok(Json(json!(proposal.await??)))
}

pub(super) async fn apply(
    State(app): State<Arc<App>>,
    caller: Commander,
    Path((site, id)): Path<(String, String)>,
    MaybeBody(()): MaybeBody<()>,
) -> Result<Json<Value>, ApiError> {
    caller.sees_site(&site)?;
    let by = caller.session.user;
    blocking(move || {
        let done = app.desk.apply(&site, &id, &by);
        recorded(&app, &by, "change_applied", json!({ "site": site, "id": id }), done)
    })
    .await?
    .map(|()| Json(json!({})))
}

pub(super) async fn undo(
    State(app): State<Arc<App>>,
    caller: Commander,
    Path(site): Path<String>,
    MaybeBody(()): MaybeBody<()>,
) -> Result<Json<Value>, ApiError> {
    caller.sees_site(&site)?;
    let by = caller.session.user;
    blocking(move || {
        let done = app.desk.undo(&site, &by);
        recorded(&app, &by, "change_undone", json!({ "site": site }), done)
    })
    .await?
    .map(|()| Json(json!({})))
}

pub(super) async fn changes(
    State(app): State<Arc<App>>,
    caller: Commander,
    Path(site): Path<String>,
) -> Result<Json<Value>, ApiError> {
    caller.sees_site(&site)?;
    Ok(Json(json!(blocking(move || app.desk.changes(&site)).await?)))
}

fn are_points(points: &[PointPair]) -> Result<(), ApiError> {
    let are_finite =
        points.iter().flat_map(|pair| pair.image_px.iter().chain(&pair.ground_m)).all(|x| x.is_finite());
    if points.is_empty() || points.len() > POINTS_MAX || !are_finite {
        return Err(ApiError::bad_input(
            format!("points are 1 to {POINTS_MAX} pairs of finite numbers"),
            format!("点对须为 1 至 {POINTS_MAX} 组有限数值"),
        ));
    }
    Ok(())
}

/// Places that can be asked for: as many as points, each two finite numbers.
fn are_places(places: &[[f64; 2]]) -> Result<(), ApiError> {
    if places.len() > POINTS_MAX || !places.iter().flatten().all(|x| x.is_finite()) {
        return Err(ApiError::bad_input(
            format!("places are at most {POINTS_MAX} pairs of finite numbers"),
            format!("位置须为至多 {POINTS_MAX} 组有限数值"),
        ));
    }
    Ok(())
}

fn is_outline(outline: &[[f64; 2]]) -> Result<(), ApiError> {
    if outline.len() < 3 {
        return Err(ApiError::bad_input(
            format!("a zone has 3 to {POINTS_MAX} corners"),
            format!("区域须有 3 至 {POINTS_MAX} 个顶点"),
        ));
    }
    are_places(outline)
}

fn is_line(line: &LineWay) -> Result<(), ApiError> {
    is_named("line", &line.id, line.name.as_deref())?;
    if let Some(zone) = &line.zone {
        input::id("zone", zone)?;
    }
    if line.points_in_ground_m.len() < 2 {
        return Err(ApiError::bad_input(
            format!("a line has 2 to {POINTS_MAX} points"),
            format!("计数线须有 2 至 {POINTS_MAX} 个点"),
        ));
    }
    are_places(&line.points_in_ground_m)
}

/// Whether id and name can be those of a thing of the site file.
fn is_named(what: &str, id: &str, name: Option<&str>) -> Result<(), ApiError> {
    input::id(what, id)?;
    if let Some(name) = name {
        input::name("name", name)?;
    }
    Ok(())
}

/// What can be told without the site file; the desk checks the rest.
fn is_sound(change: &SiteChange) -> Result<(), ApiError> {
    match change {
        SiteChange::Calibration { points, .. } => are_points(points),
        SiteChange::Zones { zones } => {
            for zone in zones {
                is_named("zone", &zone.id, zone.name.as_deref())?;
                is_outline(&zone.outline_in_ground_m)?;
            }
            if zones.is_empty() || zones.len() > POINTS_MAX {
                return Err(ApiError::bad_input("no zone is given, or too many", "未给出区域或区域过多"));
            }
            Ok(())
        }
        SiteChange::NewZone(zone) => {
            is_named("zone", &zone.id, zone.name.as_deref())?;
            input::id("profile", &zone.profile)?;
            is_outline(&zone.outline_in_ground_m)
        }
        SiteChange::RemovedZone { zone, .. } => input::id("zone", zone).map(|_id| ()),
        SiteChange::NewLine(line) | SiteChange::Line(line) => is_line(line),
        SiteChange::RemovedLine { line } => input::id("line", line).map(|_id| ()),
        SiteChange::Position { id, position_in_ground_m, .. } => {
            input::id("id", id)?;
            are_places(position_in_ground_m.as_slice())
        }
        SiteChange::Thresholds { people_per_m2, .. } => {
            let levels: Vec<_> = people_per_m2.keys().map(|name| level_name::from_name(name)).collect();
            let is_warning =
                |level: &Option<_>| level.is_some_and(|level| level > throng_analytics::level::Level::Normal);
            let are_densities = people_per_m2.values().all(|density| (0.0..=20.0).contains(density));
            if levels.is_empty() || !levels.iter().all(is_warning) || !are_densities {
                return Err(ApiError::bad_input(
                    "thresholds are blue, yellow, orange or red, from 0 to 20 people/m2",
                    "阈值为 blue、yellow、orange 或 red，0 至 20 人/平方米",
                ));
            }
            Ok(())
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NewDrill {
    scenario: String,
}

pub(super) async fn drill_start(
    State(app): State<Arc<App>>,
    caller: Commander,
    Path(site): Path<String>,
    Body(new): Body<NewDrill>,
) -> Result<Json<Value>, ApiError> {
    caller.sees_site(&site)?;
    let scenario = input::id("scenario", &new.scenario)?;
    let by = caller.session.user;
    blocking(move || {
        let started = drills(&app)?.start(&site, &scenario, &by);
        recorded(&app, &by, "drill_started", json!({ "site": site, "scenario": scenario }), started)
    })
    .await?
    .map(|id| Json(json!({ "id": id })))
}

pub(super) async fn drill_stop(
    State(app): State<Arc<App>>,
    caller: Commander,
    Path(site): Path<String>,
    MaybeBody(()): MaybeBody<()>,
) -> Result<Json<Value>, ApiError> {
    caller.sees_site(&site)?;
    let by = caller.session.user;
    blocking(move || {
        let stopped = drills(&app)?.stop(&site, &by);
        recorded(&app, &by, "drill_stopped", json!({ "site": site }), stopped)
    })
    .await?
    .map(|()| Json(json!({})))
}

pub(super) async fn drill(
    State(app): State<Arc<App>>,
    caller: Viewer,
    Path(site): Path<String>,
) -> Result<Json<Value>, ApiError> {
    caller.sees_site(&site)?;
    blocking(move || {
        let mut report = drills(&app)?.report(&site).map_err(ApiError::not_now)?;
        report["people"] = json!(people(&app, &report["report"])?);
        Ok(Json(report))
    })
    .await?
}

/// What people did about each alarm of an exercise, seconds after its beginning.
fn people(app: &App, exercise: &Value) -> Result<Vec<Value>, ApiError> {
    let of = |key: &str| serde_json::from_value(exercise[key].clone()).ok();
    let (Some(site), Some(from)) = (of("site"), exercise["started_at"].as_str()) else {
        return Ok(Vec::new());
    };
    let from: Timestamp = serde_json::from_value(json!(from)).map_err(|error| ApiError::internal(&error))?;
    let query = AlarmQuery { site: Some(site), from: Some(from), limit: 500, ..AlarmQuery::default() };
    let alarms = app.store.alarms(&query)?;
    let alarm = |((_, incident), alarm): &(AlarmKey, Alarm)| {
        let mut times = json!({ "incident": incident, "zone": alarm.warning.zone });
        for what in
            ["raised", "acknowledged", "assigned", "on_the_way", "arrived", "measures_taken", "closed"]
        {
            let first = alarm.life.journal.iter().find(|entry| entry.what == what);
            times[format!("{what}_secs")] = json!(first.map(|entry| entry.at.secs_since(from)));
        }
        times
    };
    Ok(alarms.iter().rev().map(alarm).collect())
}

/// Writes down what somebody did to a site, and why it was refused if it was; answers with what came of it.
fn recorded<T>(
    app: &App,
    by: &str,
    event: &'static str,
    mut details: Value,
    done: Result<T, String>,
) -> Result<T, ApiError> {
    details["refused"] = json!(done.as_ref().err());
    app.record(by, event, details)?;
    done.map_err(ApiError::not_now)
}

fn drills(app: &App) -> Result<&dyn Drills, ApiError> {
    app.drills.as_deref().ok_or_else(|| ApiError::not_found("exercise: this console has none"))
}
