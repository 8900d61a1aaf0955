//! `throng console`: the pages for people who watch and answer, for every site on the bus.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::{ArgAction, Args, ValueEnum};
use throng_console::{Language, LivePictures, Options, Tls};

use super::{exit_status::ExitStatus, interrupt::Interrupt, output};
use crate::{
    config::{duration::Span, plan::SpeakerKeyPlan},
    publish::Network,
    room::{AtSite, PictureBook, Room, RoomOptions},
    supervision::Supervision,
};

/// How often systemd may be told that the console lives.
const BEAT_EVERY: Duration = Duration::from_secs(1);

/// `throng console`: a map, alarms and their life, loudspeakers, history.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  throng console                                          every site of this machine, at http://127.0.0.1:8300/
  throng console --listen 0.0.0.0:8300 --connect tcp/10.0.0.5:7447
  throng run site.toml --console 127.0.0.1:8300           beside a site, with its pictures

The first start makes the account \"administrator\" and shows its password once. Beyond loopback pages are served by TLS
with a certificate that is made at the first start, or with --console-certificate. Prometheus may read /metrics of another
machine by the token in THRONG_METRICS_TOKEN.")]
pub struct ConsoleArgs {
    /// Where the pages are served.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8300")]
    pub listen: SocketAddr,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a comment here would replace the command's own help")]
    pub keeping: Keeping,
    /// Endpoint of a router or peer, e.g. tcp/10.0.0.5:7447; may be repeated. Default: loopback.
    #[arg(long, value_name = "ENDPOINT", action = ArgAction::Append)]
    pub connect: Vec<String>,
    /// A zenoh configuration file (JSON5), for certificates; `--connect`, where given, replaces the endpoints in it.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Private key (PEM) that signs orders to loudspeakers.
    #[arg(long, value_name = "FILE", requires_all = ["key_id", "issuer"])]
    pub key: Option<PathBuf>,
    /// Name of the key, as the loudspeakers know it.
    #[arg(long)]
    pub key_id: Option<String>,
    /// Whose key it is, as the loudspeakers know it.
    #[arg(long)]
    pub issuer: Option<String>,
    /// Stop after this long, e.g. 60s.
    #[arg(long = "for", value_name = "DURATION")]
    pub duration: Option<Span>,
}

/// Where a console keeps what it must not forget, and how it greets.
#[derive(Args, Clone, Debug)]
pub struct Keeping {
    /// Folder for accounts, alarms and the audit trail. Default: the unit's state folder, else
    /// `~/.local/share/throng/console`.
    #[arg(long = "console-data", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Where the history is kept: a file, or `postgres://USER:PASSWORD@HOST/DATABASE`, `${NAME}` in it from the environment.
    /// Default: a file in that folder.
    #[arg(long, value_name = "FILE|URL")]
    pub history: Option<String>,
    /// A folder with tiles of a map, `ZOOM/COLUMN/ROW.png` (or jpg, webp), laid under sites that have an `[site.origin]`; whose
    /// map it is stands in its `credit.txt`. Nothing is fetched from elsewhere.
    #[arg(long, value_name = "DIR")]
    pub tiles: Option<PathBuf>,
    /// Language of the pages before somebody has chosen one.
    #[arg(long, value_enum, default_value = "en")]
    pub language: LanguageArg,
    /// Certificate (PEM, with those between it and its root) that the pages are served with. Default: beyond loopback, one
    /// that is made at the first start.
    #[arg(long = "console-certificate", value_name = "FILE", requires = "certificate_key")]
    pub certificate: Option<PathBuf>,
    /// Key of that certificate (PEM, PKCS 8).
    #[arg(long = "console-certificate-key", value_name = "FILE", requires = "certificate")]
    pub certificate_key: Option<PathBuf>,
    /// Where a program beside the console shows a camera by WebRTC or HLS, e.g. `https://room:8889/{camera}`: each picture
    /// of the wall gets a link to it.
    #[arg(long, value_name = "URL")]
    pub live_pictures: Option<LivePictures>,
}

/// Variable that holds the token by which Prometheus may read a console from another machine.
const METRICS_TOKEN: &str = "THRONG_METRICS_TOKEN";

/// A language of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the names are the languages'")]
pub enum LanguageArg {
    En,
    Zh,
}

impl Keeping {
    /// The options of a console at an address.
    pub fn options(
        &self,
        listen: SocketAddr,
        network: Network,
        speaker_key: Option<SpeakerKeyPlan>,
    ) -> RoomOptions {
        let mut pages = Options::new(listen, self.data_dir.clone().unwrap_or_else(default_folder));
        pages.language = match self.language {
            LanguageArg::En => Language::En,
            LanguageArg::Zh => Language::Zh,
        };
        if let (Some(cert), Some(key)) = (self.certificate.clone(), self.certificate_key.clone()) {
            pages.tls = Tls::Own { cert, key };
        }
        pages.live_pictures.clone_from(&self.live_pictures);
        pages.metrics_token = std::env::var(METRICS_TOKEN).ok().filter(|token| !token.is_empty());
        RoomOptions { pages, history: self.history.clone(), network, speaker_key, tiles: self.tiles.clone() }
    }
}

/// Where a console keeps its files unless told otherwise.
pub fn default_folder() -> PathBuf {
    // systemd may name several folders; the first is the unit's own.
    let state = std::env::var("STATE_DIRECTORY").ok();
    if let Some(folder) = state.as_deref().and_then(|folders| folders.split(':').next()) {
        return PathBuf::from(folder).join("console");
    }
    let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from);
    let data = data.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".local/share")));
    data.unwrap_or_else(|| PathBuf::from("/var/lib")).join("throng/console")
}

/// Says where a console is, and what its first account is called.
pub fn greet(room: &Room) {
    output::note(format!("Console: {}", room.url()));
    if let Some(password) = room.first_password() {
        output::note(format!(
            "Its first account is \"administrator\", password \"{password}\": shown this once."
        ));
    }
}

/// Serves the pages until stopped by a signal or the time.
///
/// # Errors
/// The address, the folder, the key or the history cannot be used.
pub fn run(args: &ConsoleArgs) -> anyhow::Result<ExitStatus> {
    let network =
        Network { connect: args.connect.clone(), config_file: args.config.clone(), ..Network::default() };
    if let Err(error) = network.check() {
        output::note(format!("throng: {error:#}"));
        return Ok(ExitStatus::BadInput);
    }
    let key = match (&args.key, &args.key_id, &args.issuer) {
        (Some(file), Some(id), Some(issuer)) => {
            Some(SpeakerKeyPlan { file: file.clone(), id: id.clone(), issuer: issuer.clone() })
        }
        _ => None,
    };
    let interrupt = Interrupt::listen()?;
    let options = args.keeping.options(args.listen, network, key);
    let room = Room::open(&options, Arc::new(PictureBook::default()), AtSite::away())?;
    greet(&room);
    let until = args.duration.map(|span| Instant::now() + span.duration());
    let mut supervision = Supervision::of_unit();
    while !interrupt.is_set() && until.is_none_or(|until| Instant::now() < until) {
        // Where the room hangs no sign of life follows, and systemd starts it anew.
        room.settle();
        supervision.beat();
        let left = until.map_or(BEAT_EVERY, |until| until.saturating_duration_since(Instant::now()));
        interrupt.wait(Some(left.min(BEAT_EVERY)));
    }
    Ok(ExitStatus::Success)
}
