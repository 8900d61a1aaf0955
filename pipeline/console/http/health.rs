//! How the console and what it hears of are doing.

use std::sync::{Arc, atomic::Ordering};

use axum::{Json, extract::State};
use serde_json::{Value, json};
use throng_analytics::time::Timestamp;

use super::{blocking, caller::Viewer, error::ApiError};
use crate::{app::App, room::Room};

pub(super) async fn health(State(app): State<Arc<App>>, caller: Viewer) -> Result<Json<Value>, ApiError> {
    let now = app.now();
    let of_disk = Arc::clone(&app);
    let free = blocking(move || rustix::fs::statvfs(&of_disk.options.data_dir)).await?;
    let free_bytes = free.ok().map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    let rights = &caller.session.rights;
    let room = app.room();
    let cameras: Vec<Value> = room
        .cameras()
        .filter(|((site, camera), _)| rights.sees_camera(site, camera))
        .map(|((site, id), camera)| {
            let state = camera.state.as_deref();
            json!({
                "site": site, "id": id, "up": camera.is_up(now), "state": state.map(|state| state.state),
                "cause": state.and_then(|state| state.cause.as_ref()),
                "decoded_fps": state.and_then(|state| state.decoded_fps),
                "clock_behind_secs": state.and_then(|state| state.clock_behind_secs),
            })
        })
        .collect();
    let mut bus: Vec<&str> = room
        .cameras()
        .filter(|((site, _), _)| rights.sees_site(site))
        .filter_map(|(_, camera)| camera.state.as_ref()?.bus.as_deref())
        .collect();
    bus.sort_unstable();
    bus.dedup();
    let models = room.models(|site| rights.sees_site(site));
    let counted_on: Vec<Value> = room
        .counted_on(|site| rights.sees_site(site), now)
        .into_iter()
        .map(|(site, on)| {
            json!({ "site": site, "devices": on.devices, "asked": on.asked, "fallback": on.fallback })
        })
        .collect();
    let nodes: Vec<Value> = room
        .sites()
        .filter(|(site, _)| rights.sees_site(site))
        .flat_map(|(site, record)| {
            record.nodes.iter().map(move |(node, alive)| json!({ "site": site, "id": node, "alive": alive }))
        })
        .collect();
    Ok(Json(json!({
        "console": {
            "version": env!("CARGO_PKG_VERSION"), "started_at": app.started_at, "at": now,
            "viewers": app.viewers.load(Ordering::Relaxed), "users": app.sessions.users(now).len(),
            "events_dropped": app.events_dropped.load(Ordering::Relaxed), "things_refused": room.refused(),
        },
        "disk": { "free_bytes": free_bytes },
        "bus": { "problems": bus, "nodes": nodes },
        "models": models.iter().map(|(name, sha256)| json!({ "name": name, "sha256": sha256 })).collect::<Vec<_>>(),
        "counted_on": counted_on,
        "clock": { "worst_behind_secs": worst_clock(&room, now) },
        "cameras": cameras,
    })))
}

/// How far the sender of the newest zone message seems off, seconds: publication against arrival, the largest.
fn worst_clock(room: &Room, now: Timestamp) -> Option<f64> {
    room.zones()
        .filter(|(_, zone)| zone.level(now).is_some())
        .filter_map(|(_, zone)| zone.clock_off_secs())
        .max_by(|a, b| a.abs().total_cmp(&b.abs()))
}
