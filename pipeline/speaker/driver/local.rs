//! The sound card, files and RTP: what GStreamer plays itself.

use std::fs;

use anyhow::{Context, Result};

use super::{Driver, Playback};
use crate::{
    clock::wall_clock,
    config::speaker_plan::OutputPlan,
    speaker::voice::Clip,
    stream::player::{Player, SoundOutput},
};

/// What GStreamer plays itself.
pub(super) struct Local {
    output: OutputPlan,
}

impl Local {
    pub(super) fn new(output: OutputPlan) -> Self {
        Self { output }
    }
}

impl Driver for Local {
    fn start(&mut self, clip: &Clip) -> Result<Box<dyn Playback>> {
        let output = match &self.output {
            OutputPlan::File { folder } => {
                fs::create_dir_all(folder)
                    .with_context(|| format!("cannot make the folder {}", folder.display()))?;
                let name = if clip.id.is_empty() { "free-text" } else { &clip.id };
                SoundOutput::File(
                    folder.join(format!("{}-{name}.wav", wall_clock().unix_nanos() / 1_000_000)),
                )
            }
            OutputPlan::Rtp { to, codec, ttl, interface } => {
                SoundOutput::Rtp { to: *to, codec: *codec, ttl: *ttl, interface: interface.clone() }
            }
            _ => SoundOutput::Card,
        };
        Ok(Box::new(LocalPlayback { player: Some(Player::start(&output, &clip.samples)?) }))
    }
}

struct LocalPlayback {
    player: Option<Player>,
}

impl Playback for LocalPlayback {
    fn has_ended(&mut self) -> Result<bool> {
        self.player.as_ref().map_or(Ok(true), Player::has_ended)
    }

    fn stop(&mut self) {
        self.player = None;
    }
}
