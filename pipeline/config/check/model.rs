//! The model: its card, its file and the processor it runs on.

use std::path::{Path, PathBuf};

use throng_models::card::Card;
use throng_models::device::Device;
use throng_models::error::ModelError;

use super::Checker;
use crate::config::diagnostic::Remark;
use crate::config::key_path::KeyPath;
use crate::config::plan::ModelPlan;
use crate::config::raw::Model;
use crate::config::shipped;

/// The card used where the site names none, below the folder throng is installed in.
pub(crate) const DEFAULT_CARD: &str = "models/cards/compact.toml";

/// How long a frame waits for those of other cameras, milliseconds: little beside the 40 ms between frames.
const DEFAULT_BATCH_WAIT_MS: f64 = 5.0;

impl Checker<'_> {
    /// The model; none where its card, file or device is wrong.
    pub(super) fn model(&mut self, model: Option<&Model>) -> Option<ModelPlan> {
        let at = KeyPath::root().key("model");
        let devices = match model.and_then(|model| model.device.as_deref()) {
            None => Some((Device::default(), Vec::new())),
            Some(names) => self.devices(names, &at.key("device")),
        };
        let card_at = at.key("card");
        let card_path = match model.and_then(|model| model.card.as_deref()) {
            Some(card) => Some(self.folder.join(card)),
            None if self.is_removed(&card_at) => None,
            None => self.shipped_card(&card_at),
        };
        let card_path = card_path.filter(|path| self.card_is_sound(path, &card_at));
        let threads = model.and_then(|model| model.threads).map(usize::from);
        let (device, also_on) = devices?;
        Some(ModelPlan {
            card_path: card_path?,
            device,
            also_on,
            threads,
            batch_frames: model.and_then(|model| model.batch_frames).map(usize::from),
            batch_wait_ms: model.and_then(|model| model.batch_wait_ms).unwrap_or(DEFAULT_BATCH_WAIT_MS),
        })
    }

    /// The first device named, and the others.
    fn devices(&mut self, names: &str, at: &KeyPath) -> Option<(Device, Vec<Device>)> {
        let mut devices = Vec::new();
        for name in names.split(',').map(str::trim) {
            let Ok(device) = name.parse::<Device>() else {
                let expected = "\"auto\", \"cpu\", \"cuda:N\" or \"tensorrt:N\" with N the number of the device, or \
                                several of the last two with commas between";
                let advice = "write \"auto\": it takes the first GPU where there is one, else the CPU";
                self.findings.error(at, Remark::new(format!("is {names:?}"), expected, advice));
                return None;
            };
            devices.push(device);
        }
        let others = devices.split_off(1);
        Some((devices.pop()?, others))
    }

    fn shipped_card(&mut self, at: &KeyPath) -> Option<PathBuf> {
        let found = shipped::file(DEFAULT_CARD);
        if found.is_none() {
            let remark = Remark::new(
                format!(
                    "is not given, and {DEFAULT_CARD} is neither beside the program nor in the current folder"
                ),
                "a model card",
                "give the path of a card, or run throng from its own folder",
            );
            self.findings.error(at, remark);
        }
        found
    }

    /// Whether the card can be read and its model file is the one it names.
    fn card_is_sound(&mut self, path: &Path, at: &KeyPath) -> bool {
        let card = Card::load(path);
        let problem = card.and_then(|card| card.read_model(&card.model_path(path, None))).err();
        if let Some(error) = &problem {
            let (expected, advice) = match error {
                ModelError::CardUnreadable { .. } => {
                    ("the file name of a model card", "paths are relative to the folder of the site file")
                }
                ModelError::CardSyntax { .. } | ModelError::CardValue { .. } => {
                    ("a model card such as models/cards/compact.toml", "correct the card")
                }
                ModelError::FileUnreadable { .. } => {
                    ("the model file that the card names", "put the file beside its card")
                }
                _ => ("the model file that the card describes", "fetch the model again, or use its own card"),
            };
            self.findings.error(at, Remark::new(error.to_string(), expected, advice));
        }
        problem.is_none()
    }
}
