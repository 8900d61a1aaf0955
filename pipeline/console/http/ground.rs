//! What lies under the map: a site's drawing for whoever may see the site, tiles of the Earth for whoever is logged in.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    http::header,
    response::{IntoResponse as _, Response},
};

use super::{blocking, caller::Viewer, error::ApiError};
use crate::{
    app::App,
    ground::{GroundPicture, TileAt},
};

/// What may be shown. A page must not come from here; SVG can hold scripts and is none of them.
const SHOWN: [&str; 3] = ["image/png", "image/jpeg", "image/webp"];
/// Tiles are nobody's secret and change with the folder alone: a browser keeps them for a day.
const KEEP_TILES: &str = "private, max-age=86400";

pub(super) async fn drawing(
    State(app): State<Arc<App>>,
    caller: Viewer,
    Path(site): Path<String>,
) -> Result<Response, ApiError> {
    caller.sees_site(&site)?;
    let ground = app.ground.clone().ok_or_else(|| ApiError::not_found("plan"))?;
    let picture = blocking(move || ground.drawing(&site)).await?;
    shown(picture.ok_or_else(|| ApiError::not_found("plan"))?)
}

pub(super) async fn tile(
    State(app): State<Arc<App>>,
    _: Viewer,
    Path((zoom, column, row)): Path<(u8, u32, u32)>,
) -> Result<Response, ApiError> {
    let at = TileAt { zoom, column, row };
    let ground = app.ground.clone().filter(|_| at.is_on_map()).ok_or_else(|| ApiError::not_found("tile"))?;
    let picture = blocking(move || ground.tile(at)).await?;
    let mut answer = shown(picture.ok_or_else(|| ApiError::not_found("tile"))?)?;
    answer.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static(KEEP_TILES));
    Ok(answer)
}

fn shown(picture: GroundPicture) -> Result<Response, ApiError> {
    let media_type = SHOWN.into_iter().find(|known| *known == picture.media_type);
    let media_type = media_type.ok_or_else(|| ApiError::not_found("picture that can be shown"))?;
    Ok(([(header::CONTENT_TYPE, media_type)], picture.bytes).into_response())
}
