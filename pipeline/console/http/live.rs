//! The room as the pages see it: the whole once, then what changes as server-sent events.

use std::{
    convert::Infallible,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use axum::{
    body::Body,
    extract::State,
    http::header,
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use futures_util::stream;
use serde_json::json;
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::{Interval, MissedTickBehavior, interval},
};

use super::{caller::Viewer, error::ApiError};
use crate::{
    app::App,
    room::{Delta, object},
};

/// How often a page hears that the console lives.
const PING: Duration = Duration::from_secs(5);
/// Pages that listen at once: ten times what is measured. Beyond it memory would be anybody's to fill.
const VIEWERS_MAX: usize = 500;

/// Everything that is known now.
pub(super) async fn room(State(app): State<Arc<App>>, caller: Viewer) -> Response {
    let now = app.now();
    let (rev, parts) = app.room().everything(now);
    let times = app.options.timers;
    let limits = json!({
        "answer_minutes": [times.answer_minutes, times.on_the_way_minutes, times.arrived_minutes],
    });
    let version = env!("CARGO_PKG_VERSION");
    let tiles = json!(app.ground.as_ref().and_then(|ground| ground.tiles()));
    let tail = format!(",\"limits\":{limits},\"version\":\"{version}\",\"tiles\":{tiles}");
    let json = object(now, rev, &parts, &caller.session.rights, true, &tail);
    ([(header::CONTENT_TYPE, "application/json")], json).into_response()
}

/// What changes, as it changes. Ends with the session, and where the page cannot keep up: it then asks for the whole again.
pub(super) async fn live(State(app): State<Arc<App>>, caller: Viewer) -> Result<Response, ApiError> {
    if app.viewers.fetch_add(1, Ordering::SeqCst) >= VIEWERS_MAX {
        app.viewers.fetch_sub(1, Ordering::SeqCst);
        return Err(ApiError::too_often());
    }
    let mut pings = interval(PING);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let deltas = app.live.subscribe();
    let listening = Listening { app, caller, deltas, pings };
    let events = stream::unfold(listening, |mut listening| async move {
        let event = listening.next().await?;
        Some((Ok::<Bytes, Infallible>(event), listening))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // A proxy that collects events before passing them on would make them late.
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, Body::from_stream(events)).into_response())
}

/// One page that listens.
struct Listening {
    app: Arc<App>,
    caller: Viewer,
    deltas: Receiver<Arc<Delta>>,
    pings: Interval,
}

impl Listening {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            let delta = tokio::select! {
                delta = self.deltas.recv() => match delta {
                    Ok(delta) => Some(delta),
                    Err(RecvError::Lagged(_) | RecvError::Closed) => return None,
                },
                _ = self.pings.tick() => None,
            };
            // A session that was ended hears nothing any more.
            let now = self.app.now();
            self.app.sessions.get(&self.caller.secret, now)?;
            match delta {
                None => return Some(Bytes::from(format!("event: ping\ndata: {{\"at\":\"{now}\"}}\n\n"))),
                Some(delta) => {
                    if let Some(event) = delta.event(&self.caller.session.rights) {
                        return Some(event);
                    }
                }
            }
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.app.viewers.fetch_sub(1, Ordering::SeqCst);
    }
}
