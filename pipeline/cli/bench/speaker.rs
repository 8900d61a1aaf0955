//! `throng bench --speaker`: from an order on the bus to the first packet of sound on the wire, and from an abort to silence.

use std::{
    collections::BTreeMap,
    net::{TcpListener, UdpSocket},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use jiff::tz::TimeZone;
use serde::Serialize;
use throng_analytics::{
    level::Level,
    speaker::{Consent, Draw, Policy},
    wire::{SpeakerCommand, SpeakerOrder},
};
use uuid::Uuid;

use crate::{
    cli::{exit_status::ExitStatus, output},
    clock::wall_clock,
    config::speaker_plan::{AnnouncementPlan, KeyPlan, OutputPlan, SpeakerPlan},
    latency::Percentiles,
    publish::{
        Id, Network, Outgoing, Topic, Watcher,
        signature::{CommandSigner, TrustedKey, generated_key},
    },
    speaker::{run, voice::plan_in},
    stream::player::RtpCodec,
};

/// Orders whose way is timed.
const TIMED: usize = 40;
/// Longest wait for the sound, and for the agent to be there.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long it speaks before it is stopped.
const SPEAKS: Duration = Duration::from_millis(400);
/// Without a packet for this long the loudspeaker is silent: a packet holds 20 ms.
const SILENT_AFTER: Duration = Duration::from_millis(300);
/// The announcement.
const ANNOUNCEMENT: &str = "do-not-crowd";

/// The figures.
#[derive(Debug, Serialize)]
struct Figures {
    /// From handing a signed order to the bus to the first packet of RTP, milliseconds.
    ordered_to_first_sound_ms: Percentiles,
    /// From handing an abort to the bus to the last packet of RTP, milliseconds.
    aborted_to_silence_ms: Percentiles,
}

/// Measures and prints.
///
/// # Errors
/// No voice is installed, the bus cannot be opened on loopback, or no sound comes.
pub(super) fn run(as_json: bool) -> anyhow::Result<ExitStatus> {
    let folder = tempfile::tempdir().context("cannot make a folder for the loudspeaker")?;
    let sound = UdpSocket::bind(("127.0.0.1", 0)).context("there is no UDP socket")?;
    let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|socket| socket.local_addr())?.port();
    let endpoint = format!("tcp/127.0.0.1:{port}");
    let (private, public) = generated_key()?;
    let plan = plan(folder.path(), &sound, &endpoint, &public)?;
    let (site, speaker) = (plan.site_id.clone(), plan.id.clone());
    let mut signer = CommandSigner::from_pem("officer", "officer", &private)?;

    let runtime = tokio::runtime::Runtime::new().context("cannot start the network threads")?;
    let listen = Network { listen: vec![endpoint], ..Network::default() };
    let pattern = format!("throng/v1/{site}/speaker/{speaker}/state");
    let mut bus = runtime.block_on(Watcher::open(&listen, &pattern, false))?;
    let has_ended = Arc::new(AtomicBool::new(false));
    let must_stop = Arc::clone(&has_ended);
    let agent = std::thread::Builder::new()
        .name("agent".to_owned())
        .spawn(move || run::run(plan, &|| must_stop.load(Ordering::Relaxed), &|| {}))
        .context("cannot start a thread")?;
    let told = runtime.block_on(async { tokio::time::timeout(PATIENCE, bus.next()).await });
    told.ok().flatten().context("the loudspeaker's agent does not show")?;

    output::note(format!("{TIMED} announcements ordered and stopped ..."));
    let mut give = |order: SpeakerOrder| -> anyhow::Result<Instant> {
        let command = SpeakerCommand {
            announcement: (order == SpeakerOrder::Play).then(|| ANNOUNCEMENT.to_owned()),
            level: Some(Level::Orange),
            priority: 1,
            ..SpeakerCommand::given(
                Uuid::now_v7().to_string(),
                site.as_str(),
                speaker.as_str(),
                order,
                wall_clock(),
            )
        };
        let message = Outgoing::message(Topic::SpeakerCommand(speaker.clone()), &signer.sign(command)?)?;
        let given = Instant::now();
        bus.put(&site, message)?;
        Ok(given)
    };
    let (mut to_sound_ms, mut to_silence_ms) = (Vec::new(), Vec::new());
    for _ in 0..TIMED {
        let ordered = give(SpeakerOrder::Play)?;
        let first = next_packet(&sound, PATIENCE)?.context("the loudspeaker says nothing")?;
        to_sound_ms.push((first - ordered).as_secs_f64() * 1e3);
        while first.elapsed() < SPEAKS && next_packet(&sound, SILENT_AFTER)?.is_some() {}
        let aborted = give(SpeakerOrder::Abort)?;
        let mut last = aborted;
        while let Some(packet) = next_packet(&sound, SILENT_AFTER)? {
            last = packet;
            if aborted.elapsed() > PATIENCE {
                bail!("the loudspeaker does not fall silent");
            }
        }
        to_silence_ms.push((last - aborted).as_secs_f64() * 1e3);
    }
    has_ended.store(true, Ordering::Relaxed);
    match agent.join() {
        Ok(outcome) => outcome?,
        Err(_panic) => bail!("the agent ended by a panic"),
    }
    runtime.shutdown_timeout(Duration::from_secs(1));
    let figures = Figures {
        ordered_to_first_sound_ms: Percentiles::of(&to_sound_ms),
        aborted_to_silence_ms: Percentiles::of(&to_silence_ms),
    };
    if as_json {
        output::json_line(&figures)?;
    } else {
        output::note(serde_json::to_string_pretty(&figures)?);
    }
    Ok(ExitStatus::Success)
}

/// When the next packet came; none within `wait`.
fn next_packet(socket: &UdpSocket, wait: Duration) -> anyhow::Result<Option<Instant>> {
    socket.set_read_timeout(Some(wait))?;
    match socket.recv(&mut [0; 2048]) {
        Ok(_) => Ok(Some(Instant::now())),
        Err(error)
            if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) =>
        {
            Ok(None)
        }
        Err(error) => Err(error).context("nothing can be received"),
    }
}

/// A loudspeaker that says at once what a person orders.
fn plan(folder: &Path, sound: &UdpSocket, endpoint: &str, public: &str) -> anyhow::Result<SpeakerPlan> {
    let announcement = AnnouncementPlan {
        zh: Some("请不要拥挤，避免发生踩踏事故。".to_owned()),
        ..AnnouncementPlan::default()
    };
    let policy = Policy {
        consent: BTreeMap::from([(Level::Orange, Consent::Automatic)]),
        announcements: BTreeMap::from([(ANNOUNCEMENT.to_owned(), Draw::Nowhere)]),
        cool_down_secs: 0.0,
        repeats_max: u32::MAX,
        ..Policy::default()
    };
    Ok(SpeakerPlan {
        site_id: Id::new("bench")?,
        id: Id::new("pole")?,
        time_zone: TimeZone::UTC,
        bus: Network { connect: vec![endpoint.to_owned()], ..Network::default() },
        armed_at_start: true,
        trail: folder.join("trail"),
        mute_file: None,
        output: OutputPlan::Rtp { to: sound.local_addr()?, codec: RtpCodec::Pcmu, ttl: 1, interface: None },
        microphone: None,
        policy,
        sound: plan_in(&folder.join("cache")),
        announcements: BTreeMap::from([(ANNOUNCEMENT.to_owned(), announcement)]),
        keys: BTreeMap::from([(
            "officer".to_owned(),
            KeyPlan { key: TrustedKey::from_pem("officer", public)?, is_person: true },
        )]),
        config_sha256: String::new(),
    })
}
