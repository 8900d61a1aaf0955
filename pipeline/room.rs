//! The console beside a site, or of many: hears the bus, tells the console's pages, records the history, and carries out
//! what officers ask for.
//!
//! It knows a site by the bus alone, also where both run in one process, so that one machine and a city are the same to
//! it. Only pictures do not travel on the bus: they are there where the site runs ([`PictureBook`]).

mod away;
mod describe;
mod desk;
mod drills;
mod events;
mod evidence;
mod ground;
mod journal;
mod listen;
mod orders;
mod pictures;
mod record;
mod text_change;

pub use self::{desk::SiteDesk, drills::SiteDrills, evidence::SiteEvidence, pictures::PictureBook};

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use throng_console::{Console, Desk, Drills, Evidence, Options, Pictures, Ports};
use throng_history::History;
use tokio::runtime::Runtime;

use self::{away::Away, ground::RoomGround};
use crate::{
    config::{
        plan::{GroundPlanPlan, SpeakerKeyPlan},
        with_secrets,
    },
    publish::{Network, signature::CommandSigner},
};

/// How long the network may take to let go at the end.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// How a console is opened.
#[derive(Clone, Debug)]
pub struct RoomOptions {
    /// How its pages are served, and where it keeps accounts, alarms and the audit trail.
    pub pages: Options,
    /// Where the history is kept: a path or a URL, `${NAME}` in it from the environment; none: with the accounts.
    pub history: Option<String>,
    /// The bus.
    pub network: Network,
    /// The key that signs orders to loudspeakers; none: it can stop none and ask none.
    pub speaker_key: Option<SpeakerKeyPlan>,
    /// A folder with tiles of a map of the Earth.
    pub tiles: Option<PathBuf>,
}

/// What can only be done beside a site.
pub struct AtSite {
    /// Changes its file.
    pub desk: Arc<dyn Desk>,
    /// Holds exercises.
    pub drills: Option<Arc<dyn Drills>>,
    /// Shows its evidence.
    pub evidence: Option<Arc<dyn Evidence>>,
    /// Knows the drawings under the maps of the sites that run here.
    pub drawings: Option<Drawings>,
}

/// The drawing of the ground of a site, by its id.
pub type Drawings = Arc<dyn Fn(&str) -> Option<GroundPlanPlan> + Send + Sync>;

impl AtSite {
    /// A console that is elsewhere than the site's file.
    pub fn away() -> Self {
        Self { desk: Arc::new(Away), drills: None, evidence: None, drawings: None }
    }
}

/// A console that runs. Dropped, it ends.
pub struct Room {
    console: Arc<Console>,
    history: Arc<History>,
    runtime: Option<Runtime>,
}

impl Room {
    /// Opens a console and listens to the bus.
    ///
    /// # Errors
    /// A folder, a key, a history or an address that cannot be used. A bus that is down is none: it is tried again.
    pub fn open(options: &RoomOptions, pictures: Arc<dyn Pictures>, site: AtSite) -> Result<Self> {
        let folder = &options.pages.data_dir;
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the console's folder {}", folder.display()))?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("room")
            .enable_all()
            .build()
            .context("cannot start the console's network threads")?;
        let history = options
            .history
            .clone()
            .unwrap_or_else(|| folder.join("history.sqlite").to_string_lossy().into_owned());
        let history = Arc::new(History::open(&with_secrets(&history)?)?);
        let key = options.speaker_key.as_ref();
        let signer = key
            .map(|key| CommandSigner::from_pem_file(&key.issuer, &key.id, &key.file))
            .transpose()
            .context("the console cannot sign orders to loudspeakers")?;
        let (orders, outbound) = orders::orders(signer);
        let ground = Arc::new(RoomGround::open(site.drawings, options.tiles.as_deref())?);
        let ports = Ports {
            commands: orders.clone(),
            pictures,
            desk: site.desk,
            drills: site.drills,
            evidence: site.evidence,
            ground: Some(ground.clone()),
        };
        let console = Console::start(options.pages.clone(), ports, Some(Arc::clone(&history)))?;
        let console = Arc::new(console);
        let heard = listen::Listening {
            network: options.network.clone(),
            console: Arc::clone(&console),
            ground,
            recorder: record::Recording::new(Arc::clone(&history)),
            orders,
        };
        runtime.spawn(listen::listen(heard));
        runtime.spawn(orders::carry(options.network.clone(), outbound));
        Ok(Self { console, history, runtime: Some(runtime) })
    }

    /// Waits until what was heard so far is told to the pages. Where the room hangs it does not come back.
    pub fn settle(&self) {
        self.console.settle();
    }

    /// Where browsers find it.
    pub fn url(&self) -> String {
        self.console.url()
    }

    /// The password of `administrator`, where this start has made that account.
    pub fn first_password(&self) -> Option<&str> {
        self.console.first_password()
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(CLOSE_WITHIN);
        }
        self.history.close();
    }
}
