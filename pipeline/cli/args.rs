//! What each command takes on the command line. `--help` is made of the comments here.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, ValueEnum};

use super::{console::Keeping, traces::TracesArgs};
use crate::config::duration::Span;

/// `throng run`: runs a site until it is stopped.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  throng run samples/demo.toml                 until Ctrl-C or SIGTERM
  throng run site.toml --for 1h30m --json      one JSON line for each result on stdout
  throng run site.toml --as-fast-as-possible   recorded files without waiting for their clock")]
pub struct RunArgs {
    /// Site file (TOML); `throng schema` describes it.
    pub site: PathBuf,
    /// Stop after this long, e.g. 60s, 5min or 1h30m.
    #[arg(long = "for", value_name = "DURATION")]
    pub duration: Option<Span>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a comment here would replace the command's own help")]
    pub pacing: Pacing,
    /// Write results as JSON Lines to stdout.
    #[arg(long)]
    pub json: bool,
    /// Serve the console's pages here too, e.g. 127.0.0.1:8300, with this site's pictures.
    #[arg(long, value_name = "ADDRESS")]
    pub console: Option<SocketAddr>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a comment here would replace the command's own help")]
    pub keeping: Keeping,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a comment here would replace the command's own help")]
    pub traces: TracesArgs,
}

/// Speed at which recorded files are played. Live streams have their own.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct Pacing {
    /// Play recorded files at their own speed, as a camera would deliver them.
    #[arg(long, conflicts_with = "as_fast_as_possible")]
    pub realtime: bool,
    /// Play recorded files as fast as they can be counted; no frame is dropped.
    #[arg(long)]
    pub as_fast_as_possible: bool,
}

impl Pacing {
    /// Whether files keep their own speed; `default` where the user did not say.
    pub fn is_realtime(self, default: bool) -> bool {
        if default { !self.as_fast_as_possible } else { self.realtime }
    }
}

/// `throng demo`: real pedestrians, then a simulated crowd that builds up at a gate.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  throng demo
  throng demo --headless --json | tail -1      the closing summary as one JSON line
  throng demo --output /tmp/pictures           where the annotated video and the timeline go")]
pub struct DemoArgs {
    /// Never open a window or draw a progress bar.
    #[arg(long)]
    pub headless: bool,
    /// Write results and the closing summary as JSON Lines to stdout.
    #[arg(long)]
    pub json: bool,
    /// Folder for the annotated videos and the timeline.
    #[arg(long, value_name = "DIR", default_value = "output")]
    pub output: PathBuf,
    /// Stop each part after this long, e.g. 20s.
    #[arg(long = "for", value_name = "DURATION")]
    pub duration: Option<Span>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "a comment here would replace the command's own help")]
    pub pacing: Pacing,
    /// Serve the console's pages here, e.g. 127.0.0.1:8300 (account demo, password demo), play at the films' own speed, and
    /// stay until Ctrl-C.
    #[arg(long, value_name = "ADDRESS")]
    pub console: Option<SocketAddr>,
    /// Only this part.
    #[arg(long, value_enum)]
    pub part: Option<DemoPart>,
    /// Port on loopback where the demonstration meets other programs: another than the usual 7447 keeps it apart from them.
    #[arg(long, value_name = "PORT")]
    pub meeting_port: Option<u16>,
}

/// A part of the demonstration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DemoPart {
    /// Real pedestrians in a street.
    Street,
    /// A simulated crowd before a gate that closes.
    Gate,
}

/// `throng bench`: decode alone, model alone and the whole pipeline on the same footage; or many cameras.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  throng bench samples/demo.toml
  throng bench samples/demo.toml --json | tail -1    the figures as one JSON line
  throng bench --cameras 1,4,16                      1080p cameras at 2 counted frames/s, beside bare decoding")]
pub struct BenchArgs {
    /// Site file (TOML); its first camera is the footage.
    #[arg(required_unless_present_any = ["bus", "speaker", "cameras"])]
    pub site: Option<PathBuf>,
    /// Measure outbox and bus on loopback instead, without cameras (about two minutes).
    #[arg(long, conflicts_with = "site")]
    pub bus: bool,
    /// Measure a loudspeaker's agent on loopback instead: from an order to sound, from an abort to silence (a minute).
    #[arg(long, conflicts_with_all = ["site", "bus"])]
    pub speaker: bool,
    /// Measures so many cameras of a film that is made on the spot, one number after the other.
    #[arg(long, value_name = "N,N,...", value_delimiter = ',', conflicts_with_all = ["site", "bus", "speaker"])]
    pub cameras: Vec<usize>,
    /// Seconds of that film, and of each measurement.
    #[arg(long, default_value_t = 10, requires = "cameras", value_parser = clap::value_parser!(u32).range(4..=600))]
    pub secs: u32,
    /// Pictures of that film from one key frame to the next.
    #[arg(long, default_value_t = 12, requires = "cameras", value_parser = clap::value_parser!(u32).range(1..=250))]
    pub key_every: u32,
    /// Write the figures as one JSON line to stdout.
    #[arg(long)]
    pub json: bool,
}
