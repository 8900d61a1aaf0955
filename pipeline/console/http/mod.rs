//! The console over HTTP: who may ask what, and where it is answered.

mod accounts;
mod alarms;
mod caller;
mod desk;
mod error;
mod evidence;
mod ground;
mod handovers;
mod health;
mod history;
mod input;
mod live;
mod login;
mod metrics;
mod pages;
mod pictures;
mod shield;
mod signals;
mod sites;
mod speakers;

pub(crate) use pictures::Shared;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware::from_fn_with_state,
    routing::{get, post, put},
};

use crate::app::App;
use error::ApiError;

/// Largest body of a request, bytes: a hundred point pairs are ten thousand.
const BODY_BYTES_MAX: usize = 256 * 1024;

/// All routes.
pub(crate) fn router(app: Arc<App>) -> Router {
    let api = Router::new()
        .route("/login", post(login::login))
        .route("/logout", post(login::logout))
        .route("/me", get(login::me).put(login::put_me))
        .route("/me/password", post(login::put_password))
        .route("/room", get(live::room))
        .route("/live", get(live::live))
        .route("/users", get(accounts::list).post(accounts::add))
        .route("/users/{user}", put(accounts::change).delete(accounts::remove))
        .route("/officers", get(accounts::officers))
        .route("/audit", get(accounts::audit))
        .route("/audit/verify", get(accounts::verify))
        .route("/zones/{site}/{zone}", get(sites::zone))
        .route("/sites/{site}/field", get(sites::field))
        .route("/sites/{site}/plan", get(ground::drawing))
        .route("/sites/{site}/profiles", get(desk::profiles))
        .route("/sites/{site}/changes", get(desk::changes).post(desk::propose))
        .route("/sites/{site}/changes/undo", post(desk::undo))
        .route("/sites/{site}/changes/{id}/apply", post(desk::apply))
        .route("/calibrate/{site}/{camera}/still.jpg", get(desk::still))
        .route("/calibrate/{site}/{camera}/fit", post(desk::fit))
        .route("/calibrate/{site}/{camera}/project", post(desk::project))
        .route("/drills/{site}", get(desk::drill).post(desk::drill_start))
        .route("/drills/{site}/stop", post(desk::drill_stop))
        .route("/evidence/{site}", get(evidence::list))
        .route("/evidence/{site}/{name}", get(evidence::look))
        .route("/evidence/{site}/{name}/archive.tar", get(evidence::archive))
        .route("/alarms", get(alarms::list))
        .route("/alarms/{site}/{incident}", get(alarms::one))
        .route("/alarms/{site}/{incident}/{action}", post(alarms::act))
        .route("/alarm-performance", get(alarms::performance))
        .route("/handovers", get(handovers::list).post(handovers::begin))
        .route("/handovers/{id}/accept", post(handovers::accept))
        .route("/speakers/{site}/{speaker}/speak", post(speakers::speak))
        .route("/speakers/{site}/{speaker}/confirm", post(speakers::confirm))
        .route("/speakers/{site}/{speaker}/abort", post(speakers::abort))
        .route("/cameras/{site}/{camera}/picture.jpg", get(pictures::picture))
        .route("/cameras/{site}/{camera}/stream.mjpg", get(pictures::stream))
        .route("/tiles/{zoom}/{column}/{row}", get(ground::tile))
        .route("/signals", get(signals::list).post(signals::enter))
        .route("/signals/{site}/{id}/end", post(signals::end))
        .route("/history/signals/{site}", get(history::signals))
        .route("/history/zones/{site}/{zone}", get(history::zone))
        .route("/history/lines/{site}/{line}", get(history::line))
        .route("/report", get(history::report))
        .route("/deployment", get(history::deployment))
        .route("/calendar", get(history::calendar).post(history::enter).delete(history::remove))
        .route("/health", get(health::health))
        .fallback(|| async { ApiError::not_found("address") });
    Router::new()
        .nest("/api/v1", api)
        .route("/metrics", get(metrics::metrics))
        .fallback(get(pages::page))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(from_fn_with_state(Arc::clone(&app), shield::shield))
        .with_state(app)
}

/// Runs what waits for a disk or takes a core where it holds up nobody else.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| ApiError::internal(&error))
}
