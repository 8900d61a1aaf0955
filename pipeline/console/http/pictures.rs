//! Live pictures, one or many.

use std::{collections::BTreeMap, convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Path, State},
    http::header,
    response::{IntoResponse as _, Response},
};
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use serde::Deserialize;
use throng_analytics::time::Timestamp;
use tokio::time::sleep;

use super::{blocking, caller::Viewer, error::ApiError, input::Ask};
use crate::{
    app::App,
    ports::{Overlay, Picture},
};

/// How often a stream looks for a newer picture.
const LOOK: Duration = Duration::from_millis(100);
/// A picture that does not change is sent again after this many looks, so that a connection that died is noticed.
const LOOKS_MAX: u32 = 50;
const BOUNDARY: &str = "throng-picture";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Over {
    heat: Option<String>,
    zones: Option<String>,
    /// Ignored: pages add it so that a browser asks anew.
    #[serde(rename = "t")]
    _at: Option<String>,
}

impl Over {
    fn overlay(&self) -> Overlay {
        let is_on =
            |value: &Option<String>| value.as_deref().is_some_and(|value| value != "0" && value != "false");
        Overlay { heat: is_on(&self.heat), zones: is_on(&self.zones) }
    }
}

pub(super) async fn picture(
    State(app): State<Arc<App>>,
    caller: Viewer,
    Path((site, camera)): Path<(String, String)>,
    Ask(over): Ask<Over>,
) -> Result<Response, ApiError> {
    is_there(&app, &caller, &site, &camera)?;
    let picture = latest(&app, site, camera, over.overlay()).await?;
    let picture = picture.ok_or_else(|| ApiError::not_found("picture yet"))?;
    Ok(jpeg(picture))
}

/// A picture as an answer.
pub(super) fn jpeg(picture: Picture) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "image/jpeg".to_owned()),
        (header::HeaderName::from_static("x-captured-at"), picture.captured_at.to_string()),
    ];
    (headers, picture.jpeg).into_response()
}

/// Pictures one after another (`multipart/x-mixed-replace`). The next one is looked for when the one before has gone out:
/// whoever reads slowly gets fewer pictures, never older ones.
pub(super) async fn stream(
    State(app): State<Arc<App>>,
    caller: Viewer,
    Path((site, camera)): Path<(String, String)>,
    Ask(over): Ask<Over>,
) -> Result<Response, ApiError> {
    is_there(&app, &caller, &site, &camera)?;
    let overlay = over.overlay();
    if latest(&app, site.clone(), camera.clone(), overlay).await?.is_none() {
        return Err(ApiError::not_found("picture yet"));
    }
    let looking = Looking { app, caller, site, camera, overlay, last: None };
    let parts = stream::unfold(looking, |mut looking| async move {
        let part = looking.next().await?;
        Some((Ok::<Bytes, Infallible>(part), looking))
    });
    let media_type = format!("multipart/x-mixed-replace; boundary={BOUNDARY}");
    Ok(([(header::CONTENT_TYPE, media_type)], Body::from_stream(parts)).into_response())
}

struct Looking {
    app: Arc<App>,
    caller: Viewer,
    site: String,
    camera: String,
    overlay: Overlay,
    last: Option<Timestamp>,
}

impl Looking {
    async fn next(&mut self) -> Option<Bytes> {
        for look in 1.. {
            if self.last.is_some() {
                sleep(LOOK).await;
            }
            // A session that was ended sees nothing any more.
            self.app.sessions.get(&self.caller.secret, self.app.now())?;
            let picture =
                latest(&self.app, self.site.clone(), self.camera.clone(), self.overlay).await.ok()?;
            match picture {
                Some(picture) if self.last != Some(picture.captured_at) || look >= LOOKS_MAX => {
                    self.last = Some(picture.captured_at);
                    return Some(part(&picture));
                }
                _ => {}
            }
        }
        None
    }
}

fn part(picture: &Picture) -> Bytes {
    let head = format!(
        "--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\nX-Captured-At: {}\r\n\r\n",
        picture.jpeg.len(),
        picture.captured_at
    );
    let mut part = BytesMut::with_capacity(head.len() + picture.jpeg.len() + 2);
    part.extend_from_slice(head.as_bytes());
    part.extend_from_slice(&picture.jpeg);
    part.extend_from_slice(b"\r\n");
    part.freeze()
}

/// How long an encoded picture serves others who look at the same, seconds: below what an eye tells apart.
const SHARED_SECS: f64 = 0.08;
/// Pictures kept for others at most: 64 cameras with and without overlays.
const SHARED_MAX: usize = 256;

/// Pictures that were encoded a moment ago, by camera and overlay, so that 50 viewers do not encode the same 50 times.
pub(crate) type Shared = BTreeMap<(String, String, Overlay), (Timestamp, Picture)>;

async fn latest(
    app: &Arc<App>,
    site: String,
    camera: String,
    overlay: Overlay,
) -> Result<Option<Picture>, ApiError> {
    let app = Arc::clone(app);
    blocking(move || {
        let now = app.now();
        let key = (site, camera, overlay);
        let kept =
            app.pictures_shared().get(&key).filter(|(at, _)| now.secs_since(*at) < SHARED_SECS).cloned();
        if let Some((_, picture)) = kept {
            return Some(picture);
        }
        let picture = app.pictures.latest(&key.0, &key.1, overlay)?;
        let mut shared = app.pictures_shared();
        if shared.len() >= SHARED_MAX {
            shared.clear();
        }
        shared.insert(key, (now, picture.clone()));
        Some(picture)
    })
    .await
}

fn is_there(app: &App, caller: &Viewer, site: &str, camera: &str) -> Result<(), ApiError> {
    caller.sees_camera(site, camera)?;
    if app.room().has_camera(site, camera) { Ok(()) } else { Err(ApiError::not_found("camera")) }
}
