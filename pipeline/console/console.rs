//! Starts the console, hands it events, ends it.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    thread::{Builder, JoinHandle},
    time::{Duration, Instant},
};

use axum_server::{Handle, tls_rustls::RustlsConfig};
use hyper_util::rt::TokioTimer;
use serde_json::json;
use throng_history::History;
use tokio::sync::{Semaphore, broadcast};
use tracing::{error, info, warn};

use crate::{
    app::App,
    event::RoomEvent,
    http,
    limits::Limits,
    options::{Options, Tls},
    ports::Ports,
    role::Role,
    room::Room,
    secret::{self, SecretError},
    session::Sessions,
    store::{Account, AlarmQuery, Preferences, Store, StoreError},
    tls::{self, TlsError},
};

/// How often the pages are told what changed. Seven times a second keeps what is seen within a quarter of a second of the
/// bus; alarms and loudspeakers do not wait for it.
const TICK: Duration = Duration::from_millis(150);
/// Events that wait for the room: some ten seconds of 200 zones and 64 cameras.
const EVENTS_MAX: usize = 8192;
/// Changes that wait for a slow page. Beyond it the page asks for the whole room again.
const DELTAS_MAX: usize = 64;
/// How long requests that run are waited for at the end.
const GRACE: Duration = Duration::from_secs(2);
/// A client that takes longer to say what it wants is let go.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// Why the console does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The file of accounts, alarms and the audit trail.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Random numbers or hashes.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The certificate.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The address.
    #[error("cannot listen on {address}: {source}; is another console running there?")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// Without TLS anybody between would read passwords.
    #[error("{0} is not loopback: give a certificate and its key, or let one be generated")]
    PlainBeyondLoopback(SocketAddr),
    /// Threads.
    #[error("cannot start the console's threads: {0}")]
    Threads(io::Error),
    /// The pages' folder.
    #[error("there are no pages in {}: it has no index.html", .0.display())]
    Pages(PathBuf),
}

enum Message {
    Event(Box<RoomEvent>),
    /// Answer once everything before it is in and told.
    Settle(SyncSender<()>),
    Stop,
}

/// A running console.
pub struct Console {
    app: Arc<App>,
    address: SocketAddr,
    first_password: Option<String>,
    messages: SyncSender<Message>,
    server: Handle<SocketAddr>,
    threads: Vec<JoinHandle<()>>,
}

impl Console {
    /// Starts a console: its pages are served when this returns. The history may be absent; its pages say so.
    ///
    /// # Errors
    /// The data folder, the certificate or the address cannot be used; each says what to do.
    pub fn start(options: Options, ports: Ports, history: Option<Arc<History>>) -> Result<Self, StartError> {
        let Ports { commands, pictures, desk, drills, evidence, ground } = ports;
        if options.tls == Tls::Off && !options.listen.ip().is_loopback() {
            return Err(StartError::PlainBeyondLoopback(options.listen));
        }
        if let Some(folder) = options.web_dir.as_ref().filter(|folder| !folder.join("index.html").exists()) {
            return Err(StartError::Pages(folder.clone()));
        }
        let store = Store::open(&options.data_dir)?;
        let first_password = first_account(&store, &options)?;
        let mut room = Room::new(options.timers);
        restore(&store, &options, &mut room)?;
        let tls = tls::config(&options)?;
        let listen = |source| StartError::Listen { address: options.listen, source };
        let listener = TcpListener::bind(options.listen).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;

        let app = Arc::new(App {
            limits: Limits::new(options.rates),
            started_at: options.clock.now(),
            options,
            room: room.into(),
            store,
            sessions: Sessions::default(),
            live: broadcast::Sender::new(DELTAS_MAX),
            commands,
            pictures,
            desk,
            drills,
            evidence,
            ground,
            history,
            shared_pictures: http::Shared::new().into(),
            hashing: Semaphore::new(2),
            decoy_hash: secret::hash(&secret::token()?)?,
            events_dropped: AtomicU64::new(0),
            viewers: AtomicUsize::new(0),
        });
        // An earlier process may have ended before its history had written them down.
        app.room().alarms.all().for_each(|(key, alarm)| app.remember(key, alarm));
        let (messages, inbox) = sync_channel(EVENTS_MAX);
        let server = Handle::new();
        let of_room = {
            let app = Arc::clone(&app);
            Builder::new().name("throng-room".to_owned()).spawn(move || run_room(&app, &inbox))
        };
        let of_pages = {
            let (app, server) = (Arc::clone(&app), server.clone());
            Builder::new().name("throng-console".to_owned()).spawn(move || serve(app, listener, tls, server))
        };
        let threads = vec![of_room.map_err(StartError::Threads)?, of_pages.map_err(StartError::Threads)?];
        let console = Self { app, address, first_password, messages, server, threads };
        info!("The console is at {}.", console.url());
        Ok(console)
    }

    /// Where browsers find it.
    pub fn url(&self) -> String {
        let scheme = if self.app.options.tls == Tls::Off { "http" } else { "https" };
        format!("{scheme}://{}/", self.address)
    }

    /// The password of `administrator`, where this start has made that account: to be shown once.
    pub fn first_password(&self) -> Option<&str> {
        self.first_password.as_deref()
    }

    /// Takes an event in. Never waits: where the room cannot keep up the event is dropped and counted.
    pub fn hear(&self, event: RoomEvent) {
        if let Err(TrySendError::Full(_)) = self.messages.try_send(Message::Event(Box::new(event))) {
            let dropped = self.app.events_dropped.fetch_add(1, Ordering::Relaxed);
            if dropped.is_power_of_two() || dropped == 0 {
                warn!("The console cannot keep up: {} events were dropped.", dropped + 1);
            }
        }
    }

    /// Waits until everything heard so far is in the room and told to the pages, by the clock as it is now.
    pub fn settle(&self) {
        let (done, settled) = sync_channel(1);
        if self.messages.send(Message::Settle(done)).is_ok() {
            // An error means that the console has ended: nothing is left to settle.
            let _ended = settled.recv();
        }
    }

    /// Ends the console: pages are let go, everything heard is written down.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.server.graceful_shutdown(Some(GRACE));
        if self.messages.send(Message::Stop).is_err() {
            warn!("The console's room had ended before.");
        }
        for thread in self.threads.drain(..) {
            let name = thread.thread().name().unwrap_or_default().to_owned();
            if thread.join().is_err() {
                error!("The thread {name} ended with a panic.");
            }
        }
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        if !self.threads.is_empty() {
            self.end();
        }
    }
}

impl std::fmt::Debug for Console {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Console").field("address", &self.address).finish_non_exhaustive()
    }
}

/// The first start makes an account that can make others. Answers with its password.
fn first_account(store: &Store, options: &Options) -> Result<Option<String>, StartError> {
    let account = |user: &str, password: &str| -> Result<Account, StartError> {
        Ok(Account {
            user: user.to_owned(),
            name: user.to_owned(),
            role: Role::Administrator,
            password_hash: secret::hash(password)?,
            sites: None,
            cameras: None,
            preferences: Preferences::default(),
        })
    };
    let is_first = store.accounts()?.is_empty();
    if options.demo_account && options.listen.ip().is_loopback() {
        store.put_account(&account("demo", "demo")?)?;
        return Ok(None);
    }
    // An account everybody knows the password of stays in no folder that is used for more than a demonstration.
    if store.delete_account("demo")? {
        warn!("The demonstration's account was removed.");
    }
    if !is_first && !store.accounts()?.is_empty() {
        return Ok(None);
    }
    let password = secret::password()?;
    store.put_account(&account("administrator", &password)?)?;
    let made = (options.clock.now(), "system".to_owned(), "account", json!({ "made": "administrator" }));
    store.append([made])?;
    Ok(Some(password))
}

/// Alarms that were open, and those closed within a day, whose incidents may still go on.
fn restore(store: &Store, options: &Options, room: &mut Room) -> Result<(), StartError> {
    let open = AlarmQuery { is_open: Some(true), limit: 5000, ..AlarmQuery::default() };
    let closed = AlarmQuery {
        is_open: Some(false),
        from: Some(options.clock.now() - 86_400.0),
        limit: 1000,
        ..AlarmQuery::default()
    };
    for query in [closed, open] {
        for (key, alarm) in store.alarms(&query)? {
            room.alarms.restore(key, alarm);
        }
    }
    Ok(())
}

/// The room's thread: takes events in, lets time pass, tells the pages.
fn run_room(app: &App, inbox: &Receiver<Message>) {
    let mut next = Instant::now() + TICK;
    loop {
        let first = match inbox.recv_timeout(next.saturating_duration_since(Instant::now())) {
            Ok(message) => Some(message),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let is_due = Instant::now() >= next;
        if is_due {
            next = Instant::now() + TICK;
        }
        let now = app.now();
        let mut settled = Vec::new();
        let mut has_ended = false;
        let heard = {
            let mut room = app.room();
            let mut heard = crate::room::Heard::default();
            // As many as wait, but not for ever: pages want the lock too.
            for message in first.into_iter().chain(inbox.try_iter().take(1023)) {
                match message {
                    Message::Event(event) => heard.join(room.hear(*event, now)),
                    Message::Settle(done) => settled.push(done),
                    Message::Stop => has_ended = true,
                }
            }
            if is_due || !settled.is_empty() {
                heard.join(room.tick(now));
            }
            if is_due || heard.is_urgent || !settled.is_empty() {
                app.tell(&mut room, now);
            }
            heard
        };
        app.persist_or_log(&heard);
        for done in settled {
            // Whoever asked has gone: nobody waits.
            let _gone = done.send(());
        }
        if has_ended {
            return;
        }
    }
}

/// The pages' thread: its own runtime, so that the console can live in any program.
fn serve(app: Arc<App>, listener: TcpListener, tls: Option<RustlsConfig>, handle: Handle<SocketAddr>) {
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("throng-console-io")
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(failure) => {
            error!("The console's pages cannot be served: {failure}.");
            return;
        }
    };
    let service = http::router(app).into_make_service_with_connect_info::<SocketAddr>();
    let served = runtime.block_on(async move {
        match tls {
            None => {
                let mut server = axum_server::from_tcp(listener)?.handle(handle);
                server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
                server.first_request_timeout(HEADER_TIMEOUT).serve(service).await
            }
            Some(tls) => {
                let mut server = axum_server::from_tcp_rustls(listener, tls)?.handle(handle);
                server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
                server.first_request_timeout(HEADER_TIMEOUT).serve(service).await
            }
        }
    });
    if let Err(failure) = served {
        error!("The console's pages are not served any more: {failure}.");
    }
    runtime.shutdown_timeout(GRACE);
}
