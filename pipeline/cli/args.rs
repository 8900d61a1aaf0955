//! What each command takes on the command line. `--help` is made of the comments here.

use std::path::PathBuf;

use clap::{ArgAction, Args};

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
}

/// `throng watch`: subscribes on zenoh and prints what arrives.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  throng watch                                       everything of every site
  throng watch 'throng/v1/*/warning/*' --json        warnings, one JSON line each
  throng watch --connect tcp/10.0.0.5:7447           through a router on another machine")]
pub struct WatchArgs {
    /// Key expression to subscribe to.
    #[arg(value_name = "KEYEXPR", default_value = "throng/v1/**")]
    pub key_expression: String,
    /// Write each message as one JSON line with its key.
    #[arg(long)]
    pub json: bool,
    /// Endpoint of a router or peer, e.g. tcp/127.0.0.1:7447; may be repeated.
    #[arg(long, value_name = "ENDPOINT", action = ArgAction::Append)]
    pub connect: Vec<String>,
    /// Stop after this long, e.g. 60s.
    #[arg(long = "for", value_name = "DURATION")]
    pub duration: Option<Span>,
}

/// `throng count`: counts people in stills and video without a site.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  throng count photo.jpg
  throng count pictures/ --json                      one JSON line a picture
  throng count street.mp4 --annotate street-heat.mp4 the density drawn over the video")]
pub struct CountArgs {
    /// Pictures, videos, folders of pictures, or stream URIs.
    #[arg(required = true, value_name = "FILE|DIR|URL")]
    pub sources: Vec<String>,
    /// Model card (TOML). Default: the card shipped with throng.
    #[arg(long, value_name = "CARD")]
    pub model: Option<PathBuf>,
    /// Write one JSON line for each picture or frame.
    #[arg(long)]
    pub json: bool,
    /// Draw the density as a heat map over the picture: .png for a still, .mp4 or .mkv for a video.
    #[arg(long, value_name = "OUT")]
    pub annotate: Option<PathBuf>,
}

/// `throng bench`: decode alone, model alone and the whole pipeline on the same footage.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  throng bench samples/demo.toml
  throng bench samples/demo.toml --json | tail -1    the figures as one JSON line")]
pub struct BenchArgs {
    /// Site file (TOML); its first camera is the footage.
    pub site: PathBuf,
    /// Write the figures as one JSON line to stdout.
    #[arg(long)]
    pub json: bool,
}
