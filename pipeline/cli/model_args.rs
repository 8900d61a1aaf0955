//! The model that a command is to count with.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use throng_models::counter::{Counter, Options};
use throng_models::device::Device;
use throng_models::fit::Scale;

use super::output;
use crate::config::{DEFAULT_CARD, shipped};

/// Which model, and where it runs.
#[derive(Args, Clone, Debug, Default)]
pub struct ModelArgs {
    /// Model card (TOML). Default: the card shipped with throng.
    #[arg(long, value_name = "CARD")]
    pub model: Option<PathBuf>,
    /// Folder that holds the model file, where it does not lie beside its card.
    #[arg(long, value_name = "DIR")]
    pub model_dir: Option<PathBuf>,
    /// Scale pictures by this factor first, e.g. 0.5; what is then too large for the network goes in as tiles.
    /// Default: by the heads that are found in them, and not larger than the model card allows.
    #[arg(long, value_name = "FACTOR", value_parser = parse_factor)]
    pub scale: Option<f64>,
    /// Where the model runs: auto, cpu, cuda:N or tensorrt:N.
    #[arg(long, value_name = "DEVICE", default_value = "auto")]
    pub device: Device,
}

impl ModelArgs {
    /// The card as given, or the one shipped with throng.
    ///
    /// # Errors
    /// None is given and the shipped one is not found.
    pub fn card(&self) -> anyhow::Result<PathBuf> {
        match &self.model {
            Some(card) => Ok(card.clone()),
            None => shipped::file(DEFAULT_CARD).with_context(|| {
                format!("{DEFAULT_CARD} is neither beside the program nor in the current folder; name a card with --model")
            }),
        }
    }

    /// Opens the counter and says which it is and where it runs.
    ///
    /// # Errors
    /// Card, model file or ONNX Runtime are not usable.
    pub fn open(&self) -> anyhow::Result<Counter> {
        let options = Options {
            device: self.device,
            model_dir: self.model_dir.clone(),
            scale: self.scale.map_or(Scale::ByHeads, Scale::Factor),
            ..Options::default()
        };
        let counter = Counter::open(&self.card()?, &options)?;
        let info = counter.info();
        output::note(format!("counting with {} {} on {}", info.name, info.version, info.device));
        if let (Some(reason), false) = (&info.device_fallback, self.device == Device::Auto) {
            output::note(reason);
        }
        Ok(counter)
    }
}

fn parse_factor(text: &str) -> Result<f64, String> {
    let factor = text.parse().ok().filter(|factor| (0.05..=8.0).contains(factor));
    factor.ok_or_else(|| "expected a factor from 0.05 to 8".to_owned())
}
