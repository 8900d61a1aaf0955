//! A zone in full, and a site's density raster.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
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
