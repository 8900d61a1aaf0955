//! A zone in full, a site's density raster and its plan.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::header,
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};

use super::{caller::Viewer, error::ApiError};
use crate::app::App;

pub(super) async fn zone(
    State(app): State<Arc<App>>,
    caller: Viewer,
    Path((site, zone)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    caller.sees_site(&site)?;
    let room = app.room();
    room.zone_in_full(&site, &zone, app.now()).map(Json).ok_or_else(|| ApiError::not_found("zone"))
}

pub(super) async fn field(
    State(app): State<Arc<App>>,
    caller: Viewer,
    Path(site): Path<String>,
) -> Result<Json<Value>, ApiError> {
    caller.sees_site(&site)?;
    let field = app.room().field(&site).ok_or_else(|| ApiError::not_found("density raster"))?;
    Ok(Json(json!(*field)))
}

pub(super) async fn plan(
    State(app): State<Arc<App>>,
    caller: Viewer,
    Path(site): Path<String>,
) -> Result<Response, ApiError> {
    caller.sees_site(&site)?;
    let plan = {
        let room = app.room();
        let description = room.site(&site).and_then(|site| site.description.as_ref());
        description.and_then(|description| description.plan_image.clone())
    };
    let plan = plan.ok_or_else(|| ApiError::not_found("plan"))?;
    // Pictures alone: a page from a site file must not run here. SVG can hold scripts and is refused too.
    let media_type =
        ["image/png", "image/jpeg", "image/webp"].into_iter().find(|known| *known == plan.media_type);
    let media_type = media_type.ok_or_else(|| ApiError::not_found("plan that can be shown"))?;
    Ok(([(header::CONTENT_TYPE, media_type)], plan.bytes).into_response())
}
