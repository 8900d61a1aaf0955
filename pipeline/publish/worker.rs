//! The task that owns the session: opens it, publishes, repeats, watches who is connected, closes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow};
use throng_analytics::wire::Ack;
use tokio::{
    sync::{Notify, mpsc, watch},
    task::block_in_place,
    time::{MissedTickBehavior, interval, sleep},
};
use tracing::{debug, info, warn};
use zenoh::{Session, Wait as _, config::WhatAmI, liveliness::LivelinessToken};

use super::{
    BusState, Id, Topic,
    acks::receive_acks,
    bus::Shared,
    current::{serve_config, serve_current, serve_history, serve_schemas},
    marks::Marks,
    outbox::Queued,
    publishers::{Publishers, REPEAT_PERIOD},
    receipts::receive_receipts,
    session::open_session,
    signals::{RawSignal, receive_signals},
    zenoh_error::in_words,
};
use crate::{clock::wall_clock, traces};

/// First pause before the session is opened again, doubled up to [`REOPEN_MAX`].
const REOPEN_FIRST: Duration = Duration::from_millis(250);
/// Longest pause before the session is opened again.
const REOPEN_MAX: Duration = Duration::from_secs(4);
/// How often warnings that nobody has confirmed are said again.
const REDELIVER_PERIOD: Duration = Duration::from_secs(5);
/// Shortest time between two attempts to say what nobody listened to.
const BACKLOG_PERIOD: Duration = Duration::from_millis(100);
/// Warnings read from the disk at a time to be said again.
const REDELIVER_ROWS: usize = 512;
/// How long after a warning has expired it is still said to those who come late, without groups that confirm, seconds.
const RECORD_SECS_MAX: f64 = 3600.0;
/// How often the connections are counted without being told of a change.
const LOOK_PERIOD: Duration = Duration::from_secs(1);

/// Where the site hears what others say.
#[derive(Clone)]
pub(super) struct ToSite {
    pub(super) acks: mpsc::Sender<Ack>,
    pub(super) signals: mpsc::Sender<RawSignal>,
}

/// Serves the bus until it is closed.
pub(super) async fn serve(shared: Arc<Shared>, to_site: ToSite, mut closing: watch::Receiver<bool>) {
    let mut pause = REOPEN_FIRST;
    let worker = loop {
        let opened = match open_session(&shared.options.network).await {
            Ok(session) => Worker::start(Arc::clone(&shared), session, to_site.clone()),
            Err(error) => Err(error),
        };
        match opened {
            Ok(worker) => break worker,
            Err(error) => {
                debug!("Bus not open yet: {error:#}.");
                shared.set_state(BusState::Waiting {
                    endpoints: shared.options.network.shown_endpoints(),
                    reason: Some(format!("{error:#}")),
                });
            }
        }
        tokio::select! {
            () = sleep(pause) => pause = (pause * 2).min(REOPEN_MAX),
            _ = closing.wait_for(|closing| *closing) => {
                shared.set_state(BusState::Closed);
                return;
            }
        }
    };
    worker.run(closing).await;
}

/// An open session with all that is declared on it.
struct Worker {
    shared: Arc<Shared>,
    session: Session,
    publishers: Publishers,
    connections_changed: Arc<Notify>,
    camera_tokens: BTreeMap<Id, LivelinessToken>,
    _node_token: LivelinessToken,
    /// Place of the newest warning that has gone out, now and at the last round of saying again: what went out since
    /// then may still be confirmed by itself.
    gone_out: i64,
    gone_out_before: i64,
    /// Whether there are warnings on disk that nobody listened to when they were last said.
    has_backlog: bool,
    backlog_said_at: Instant,
}

/// To whom warnings are said again.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Audience {
    /// Whoever may be there: after a connection, before its other end has told what it listens to.
    Anybody,
    /// Those who are known to listen.
    Listeners,
}

impl Worker {
    /// Declares everything but the publishers, which follow with their first message.
    fn start(shared: Arc<Shared>, session: Session, to_site: ToSite) -> Result<Self> {
        let site = &shared.options.site;
        let node_token = token(&session, site, &Topic::Node(shared.options.node.clone()))?;
        serve_current(&session, site, &shared.current)?;
        serve_schemas(&session, site)?;
        serve_config(&session, site, &shared.config)?;
        if let Some(keeper) = &shared.keeper {
            serve_history(&session, site, keeper)?;
            receive_receipts(&session, site, keeper)?;
        }
        receive_acks(&session, site, to_site.acks, Arc::clone(&shared.acks_refused))?;
        receive_signals(&session, site, to_site.signals, Arc::clone(&shared.signals_refused))?;
        let connections_changed = Arc::new(Notify::new());
        let changed = Arc::clone(&connections_changed);
        session
            .info()
            .transport_events_listener()
            .callback(move |_event| changed.notify_one())
            .background()
            .wait()
            .map_err(|error| anyhow!("zenoh does not tell of its connections: {}", in_words(&error)))?;
        let mut publishers = Publishers::new(session.clone(), site.clone());
        publishers.watch_listeners(&Topic::Field, &shared.is_field_heard)?;
        let mut worker = Self {
            shared,
            session,
            publishers,
            connections_changed,
            camera_tokens: BTreeMap::new(),
            _node_token: node_token,
            gone_out: 0,
            gone_out_before: 0,
            has_backlog: false,
            backlog_said_at: Instant::now(),
        };
        worker.look_at_connections();
        Ok(worker)
    }

    /// Publishes until told to close, and flushes then.
    async fn run(mut self, mut closing: watch::Receiver<bool>) {
        let mut cameras = self.shared.cameras_alive.subscribe();
        cameras.mark_changed();
        let mut repeat = interval(REPEAT_PERIOD / 3);
        repeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut look = interval(LOOK_PERIOD);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut redeliver = interval(REDELIVER_PERIOD);
        redeliver.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let shared = Arc::clone(&self.shared);
        let connections_changed = Arc::clone(&self.connections_changed);
        loop {
            self.publish_waiting();
            tokio::select! {
                () = shared.outbox.arrived() => {}
                _ = repeat.tick() => self.repeat(false),
                _ = redeliver.tick() => {
                    self.redeliver(self.gone_out_before, Audience::Listeners);
                    self.gone_out_before = self.gone_out;
                }
                () = connections_changed.notified() => self.look_at_connections(),
                _ = look.tick() => {
                    self.look_at_connections();
                    if self.has_backlog {
                        self.redeliver(i64::MAX, Audience::Listeners);
                    }
                }
                Ok(()) = cameras.changed() => {
                    let alive = cameras.borrow_and_update().clone();
                    self.set_cameras(&alive);
                }
                _ = closing.wait_for(|closing| *closing) => break,
            }
        }
        self.publish_waiting();
        if let Err(error) = self.session.close().await {
            warn!("Bus did not close cleanly: {error}.");
        }
        self.shared.set_state(BusState::Closed);
    }

    /// Publishes everything that waits.
    fn publish_waiting(&mut self) {
        let mut handed_over = Vec::new();
        while let Some(Queued { mut message, place }) = self.shared.outbox.pop() {
            // Let go of when it is on the bus; what repeats it later goes without.
            let _span = traces::take(&mut message.span);
            let topic = message.topic.clone();
            if let Some(place) = place
                && self.has_backlog
                && self.backlog_said_at.elapsed() >= BACKLOG_PERIOD
                && self.publishers.is_heard(&topic)
            {
                // In order: what waits on disk is older.
                self.redeliver(place.position - 1, Audience::Listeners);
            }
            let first_seq = place.filter(|_| self.must_be_confirmed()).map(|place| place.first_seq);
            let marks = Marks { first_seq, ..Marks::default() };
            match self.publishers.publish(message, marks, wall_clock()) {
                Ok(published) => {
                    self.shared.current.set(topic, published.key, published.payload);
                    if let Some(place) = place {
                        self.gone_out = self.gone_out.max(place.position);
                        handed_over.extend(published.is_heard.then_some(place.position));
                    }
                }
                Err(error) => {
                    self.shared.outbox.count_drop(&topic);
                    if let Some(count) = self.shared.publish_failed.occurred(Instant::now()) {
                        tracing::error!(failed = count, "Message lost: {error:#}.");
                    }
                }
            }
        }
        self.note_handed_over(handed_over);
    }

    /// Whether a warning stays in the outbox until groups have confirmed it.
    fn must_be_confirmed(&self) -> bool {
        !self.shared.options.outbox.confirm_groups.is_empty()
    }

    /// Where nobody is asked to confirm, handing it to somebody who listens is enough.
    fn note_handed_over(&self, positions: Vec<i64>) {
        if let Some(keeper) = &self.shared.keeper
            && !positions.is_empty()
            && !self.must_be_confirmed()
        {
            keeper.delivered(positions);
        }
    }

    /// Says warnings again that have not been confirmed, in order, up to a place.
    fn redeliver(&mut self, up_to: i64, audience: Audience) {
        let Some(keeper) = self.shared.keeper.clone() else { return };
        if !matches!(*self.shared.state.borrow(), BusState::Connected { .. }) {
            return;
        }
        if audience == Audience::Listeners && !self.publishers.is_any_heard() {
            return;
        }
        let mut after = 0;
        (self.has_backlog, self.backlog_said_at) = (false, Instant::now());
        loop {
            let rows = block_in_place(|| keeper.unconfirmed(after, REDELIVER_ROWS));
            let Some(last) = rows.last() else { return };
            after = last.place.position;
            let mut handed_over = Vec::new();
            for row in rows {
                if row.place.position > up_to {
                    self.note_handed_over(handed_over);
                    return;
                }
                let now = wall_clock();
                // Whom nobody is asked to confirm for hears at most an hour of what he missed.
                if !self.must_be_confirmed() && row.message.is_expired(now - RECORD_SECS_MAX) {
                    handed_over.push(row.place.position);
                    continue;
                }
                let is_heard = self.publishers.is_heard(&row.message.topic);
                self.has_backlog |= !is_heard;
                if !is_heard && audience == Audience::Listeners {
                    continue;
                }
                match self.publishers.redeliver(&row.message, row.place.first_seq, now) {
                    Ok(()) => handed_over.extend(is_heard.then_some(row.place.position)),
                    Err(error) => {
                        self.has_backlog = true;
                        if let Some(count) = self.shared.publish_failed.occurred(Instant::now()) {
                            warn!(failed = count, "Warning not delivered again: {error:#}.");
                        }
                        return;
                    }
                }
            }
            self.note_handed_over(handed_over);
        }
    }

    /// Repeats what is due; everything with `now_due`.
    fn repeat(&mut self, now_due: bool) {
        if let Err(error) = self.publishers.repeat(now_due, wall_clock()) {
            warn!("Warning not repeated: {error:#}.");
        }
    }

    /// Counts the connections, tells of a change, and repeats the warnings to whoever has just come.
    fn look_at_connections(&mut self) {
        let (mut peers, mut routers) = (0, 0);
        for transport in self.session.info().transports().wait() {
            match transport.whatami() {
                WhatAmI::Router => routers += 1,
                WhatAmI::Peer | WhatAmI::Client => peers += 1,
            }
        }
        let endpoints = self.shared.options.network.shown_connect();
        let state = if peers + routers > 0 {
            BusState::Connected { peers, routers }
        } else if endpoints.is_empty() {
            BusState::Alone
        } else {
            BusState::Waiting { endpoints, reason: None }
        };
        let was_connected = matches!(*self.shared.state.borrow(), BusState::Connected { .. });
        let is_connected = matches!(state, BusState::Connected { .. });
        if self.shared.set_state(state) {
            info!("{}.", *self.shared.state.borrow());
        }
        if is_connected && !was_connected {
            // In order: first what waits on disk, which is older than anything in the queue.
            self.redeliver(i64::MAX, Audience::Anybody);
            self.repeat(true);
        }
    }

    /// Declares and undeclares the tokens of the cameras so that they are those of `alive`.
    fn set_cameras(&mut self, alive: &BTreeSet<Id>) {
        self.camera_tokens.retain(|camera, _| alive.contains(camera));
        for camera in alive {
            if self.camera_tokens.contains_key(camera) {
                continue;
            }
            match token(&self.session, &self.shared.options.site, &Topic::CameraAlive(camera.clone())) {
                Ok(token) => {
                    self.camera_tokens.insert(camera.clone(), token);
                }
                Err(error) => warn!("Camera {camera} is not shown as alive: {error:#}."),
            }
        }
    }
}

/// Declares a liveliness token.
fn token(session: &Session, site: &Id, topic: &Topic) -> Result<LivelinessToken> {
    let refused = |error: zenoh::Error| {
        anyhow!("zenoh does not take the liveliness token of {topic:?}: {}", in_words(&error))
    };
    let key = topic.key(site).map_err(refused)?;
    session.liveliness().declare_token(key).wait().map_err(refused)
}
