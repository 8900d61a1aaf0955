//! What a site needs of the machine that it runs on.

use std::{
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
};

use throng_models::{
    counter::{Counter, Options},
    providers::{ProviderState, providers},
};

use super::check::Check;
use crate::{config::shipped, publish::MEETING_PORT, stream::inventory};

/// Formats that cameras send, and what people call them.
const FORMATS: [(&str, &str); 3] =
    [("video/x-h264", "H.264"), ("video/x-h265", "H.265"), ("image/jpeg", "Motion JPEG")];

/// Free space below which a machine that is to run for weeks is short, bytes.
const DISK_FREE_BYTES: u64 = 2_000_000_000;

/// Everything about the machine.
pub(super) fn checks() -> Vec<Check> {
    let mut checks = vec![gstreamer()];
    checks.extend(FORMATS.map(|(format, name)| decoder(format, name)));
    checks.extend([graphics(), clock(), port(), disk()]);
    checks
}

fn gstreamer() -> Check {
    let what = "GStreamer";
    match inventory::version() {
        Err(error) => Check::failed(what, format!("{error:#}"), "run deploy/setup.sh"),
        Ok(version) => {
            let missing: Vec<String> =
                inventory::missing().iter().map(|(name, for_)| format!("{name} ({for_})")).collect();
            if missing.is_empty() {
                Check::ok(what, format!("{version}, {} plug-in elements looked for", inventory::NEEDED.len()))
            } else {
                Check::failed(what, format!("{version} lacks {}", missing.join(", ")), "run deploy/setup.sh")
            }
        }
    }
}

fn decoder(format: &str, name: &str) -> Check {
    let what = format!("decoder of {name}");
    let decoders = inventory::decoders(format);
    match decoders.first() {
        None => Check::failed(&what, "there is none", "run deploy/setup.sh: gstreamer1.0-libav has one"),
        Some((first, is_hardware)) => {
            let kind = if *is_hardware { "hardware" } else { "software" };
            Check::ok(&what, format!("{first} ({kind}), of {} installed", decoders.len()))
        }
    }
}

fn graphics() -> Check {
    let what = "GPU";
    let query = ["--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"];
    match answer("nvidia-smi", &query) {
        Some(found) => Check::ok(what, found.lines().collect::<Vec<_>>().join("; ")),
        None if Path::new("/dev/dri/renderD128").exists() => {
            Check::ok(what, "no NVIDIA GPU; /dev/dri/renderD128 may decode, counting is on the CPU")
        }
        None => Check::ok(what, "none: decoding and counting are on the CPU"),
    }
}

/// Whether the clock is kept right: people compare its times with those of other machines.
fn clock() -> Check {
    let what = "clock";
    let advice = "install chrony or enable systemd-timesyncd";
    if let Some(tracking) = answer("chronyc", &["-n", "tracking"])
        && let Some(offset) = tracking.lines().find(|line| line.starts_with("System time"))
    {
        let offset = offset.split_once(':').map_or(offset, |(_, offset)| offset.trim());
        return Check::ok(what, format!("kept by chrony: {offset}"));
    }
    match answer("timedatectl", &["show", "--property=NTPSynchronized", "--value"]).as_deref() {
        Some("yes") => Check::ok(what, "synchronised (timedatectl)"),
        Some("no") => Check::warning(what, "not synchronised (timedatectl)", advice),
        _ => Check::warning(what, "nobody says whether it is synchronised", advice),
    }
}

fn port() -> Check {
    let what = "bus port";
    match TcpListener::bind(("127.0.0.1", MEETING_PORT)) {
        Ok(_) => Check::ok(what, format!("127.0.0.1:{MEETING_PORT} is free")),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            Check::ok(what, format!("127.0.0.1:{MEETING_PORT} is taken, by the bus or a router"))
        }
        Err(error) => Check::warning(
            what,
            format!("127.0.0.1:{MEETING_PORT}: {error}"),
            "name endpoints in [bus] of the site file",
        ),
    }
}

fn disk() -> Check {
    let what = "disk";
    let free = answer("df", &["--output=avail", "--block-size=1", "."]);
    let free = free.and_then(|text| text.lines().nth(1)?.trim().parse::<u64>().ok());
    match free {
        None => Check::warning(what, "free space is not known", "look with df"),
        Some(bytes) if bytes < DISK_FREE_BYTES => {
            Check::warning(what, format!("{:.1} GB free here", bytes as f64 * 1e-9), "free some space")
        }
        Some(bytes) => Check::ok(what, format!("{:.1} GB free here", bytes as f64 * 1e-9)),
    }
}

/// What models can run on here.
pub(super) fn execution_providers(options: &Options) -> Check {
    let what = "execution providers";
    match providers(options.library.as_deref()) {
        Err(error) => Check::failed(what, error.to_string(), "run deploy/setup.sh"),
        Ok(providers) => {
            let told = providers.iter().map(|provider| match &provider.state {
                ProviderState::Loads => format!("{} loads", provider.name),
                ProviderState::NotBuiltIn => format!("{} is not in this ONNX Runtime", provider.name),
                ProviderState::DoesNotLoad { reason } => {
                    format!("{} does not load ({reason})", provider.name)
                }
            });
            let told: Vec<String> = std::iter::once("CPU".to_owned()).chain(told).collect();
            Check::ok(what, told.join("; "))
        }
    }
}

/// The network and the library that runs it; `card` is a site's own.
pub(super) fn model(card: Option<&Path>, options: &Options) -> Check {
    let what = "model";
    let shipped = shipped::file("models/cards/compact.toml");
    let Some(card) = card.map(Path::to_owned).or(shipped) else {
        return Check::failed(
            what,
            "the shipped model card is not found",
            "run throng from its folder, or install it",
        );
    };
    match Counter::open(&card, options) {
        Err(error) => Check::failed(what, error.to_string(), "run deploy/setup.sh, and throng models check"),
        Ok(counter) => {
            let info = counter.info();
            let found = format!(
                "{} {} on {}, SHA-256 {} as on its card, by {}",
                info.name,
                info.version,
                info.device,
                &info.sha256[..info.sha256.len().min(12)],
                info.library.display()
            );
            match &info.device_fallback {
                Some(reason) if options.device != throng_models::device::Device::Auto => Check::warning(
                    what,
                    format!("{found}; {reason}"),
                    "install what the device needs, or set device = \"cpu\"",
                ),
                _ => Check::ok(what, found),
            }
        }
    }
}

/// What a program of the system answers; `None` where it is not there or fails.
fn answer(program: &str, arguments: &[&str]) -> Option<String> {
    let output =
        Command::new(program).args(arguments).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !text.is_empty()).then_some(text)
}
