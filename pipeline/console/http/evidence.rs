//! What a site kept of its alarms: for commanders, since it may show people, and every download is in the trail.

use std::{io::Read, sync::Arc};

use axum::{
    Json,
    body::Body,
    extract::{Path, State},
    http::header,
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use futures_util::stream;
use serde_json::{Value, json};

use super::{blocking, caller::Commander, error::ApiError, input};
use crate::{app::App, ports::Evidence};

/// Bytes that are read at a time.
const PART_BYTES: usize = 256 * 1024;

fn evidence(app: &App) -> Result<Arc<dyn Evidence>, ApiError> {
    app.evidence.clone().ok_or_else(|| ApiError::not_found("evidence: this console is not beside a site"))
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Commander,
    Path(site): Path<String>,
) -> Result<Json<Value>, ApiError> {
    caller.sees_site(&site)?;
    let evidence = evidence(&app)?;
    let found = blocking(move || evidence.list(&site)).await?;
    Ok(Json(json!(found.map_err(ApiError::not_now)?)))
}

pub(super) async fn look(
    State(app): State<Arc<App>>,
    caller: Commander,
    Path((site, name)): Path<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    caller.sees_site(&site)?;
    let name = input::id("name", &name)?;
    let evidence = evidence(&app)?;
    blocking(move || evidence.look(&site, &name)).await?.map(Json).map_err(ApiError::not_now)
}

pub(super) async fn archive(
    State(app): State<Arc<App>>,
    caller: Commander,
    Path((site, name)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    caller.sees_site(&site)?;
    let name = input::id("name", &name)?;
    let evidence = evidence(&app)?;
    let by = caller.session.user;
    let (file, packed) = (format!("attachment; filename=\"{name}.tar\""), Arc::clone(&app));
    let (tar, length) = blocking(move || {
        let packed_up = evidence.archive(&site, &name).map_err(ApiError::not_now)?;
        packed.record(&by, "evidence_downloaded", json!({ "site": site, "name": name }))?;
        Ok::<_, ApiError>(packed_up)
    })
    .await??;
    let headers = [
        (header::CONTENT_TYPE, "application/x-tar".to_owned()),
        (header::CONTENT_DISPOSITION, file),
        (header::CONTENT_LENGTH, length.to_string()),
    ];
    Ok((headers, Body::from_stream(parts(tar))).into_response())
}

/// A reader's bytes, read where that holds up nobody else, each part when the one before has gone out.
fn parts(
    tar: Box<dyn Read + Send>,
) -> impl futures_util::Stream<Item = std::io::Result<Bytes>> + Send + 'static {
    stream::try_unfold(tar, |mut tar| async move {
        let read = tokio::task::spawn_blocking(move || {
            let mut part = Vec::with_capacity(PART_BYTES);
            let read = tar.by_ref().take(PART_BYTES as u64).read_to_end(&mut part);
            read.map(|_| (Bytes::from(part), tar))
        });
        let (part, tar) = read.await.map_err(std::io::Error::other)??;
        Ok((!part.is_empty()).then_some((part, tar)))
    })
}
