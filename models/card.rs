//! The model card: one TOML file that says everything a program must know to use a model, and everything a person
//! should know before trusting it. Shapes, hashes and errors are checked; the prose is for readers.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use throng_analytics::digest::sha256_hex;

use crate::{
    error::{ModelError, Result},
    head_scale::HeadSizes,
};

mod check;
mod execution;

pub use execution::{CpuExecution, CudaExecution, Execution, KernelSearch, Precision, TensorRtExecution};

/// A model card as written, checked for sense by [`Card::load`].
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// Short name, for example `compact`.
    pub name: String,
    /// Version of the model.
    pub version: String,
    /// Model file (ONNX), relative to the card.
    pub file: PathBuf,
    /// SHA-256 of the model file, hexadecimal.
    pub sha256: String,
    /// Licence of the model and of what it was trained on.
    pub licence: String,
    /// Where the model comes from.
    pub source: String,
    /// What the network takes in.
    pub input: Input,
    /// What the network gives out.
    pub output: Output,
    /// How heads are measured where no calibration tells how large they are; absent where they are not.
    pub head_sizes: Option<HeadSizes>,
    /// How it is best run.
    #[serde(default)]
    pub execution: Execution,
    /// What it was trained on.
    #[serde(default)]
    pub training_data: Vec<TrainingData>,
    /// Measured error by the number of people predicted; the source of count intervals.
    #[serde(default)]
    pub error: Vec<ErrorStratum>,
    /// Measured error on whole test sets.
    #[serde(default)]
    pub evaluation: Vec<Evaluation>,
    /// What the model is not good for.
    pub notes: Option<Notes>,
}

/// What the network takes in: `[1, channels, height, width]` of `f32`, in pixels.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Name of the input tensor.
    pub name: String,
    /// Order of the channels.
    pub colour: Colour,
    /// Range that 0 and 255 are mapped to.
    pub range: Range,
    /// Height and width of the input must be multiples of this many pixels.
    pub multiple_of_px: usize,
    /// Pictures with a longer side are scaled down to this many pixels first.
    pub max_side_px: usize,
    /// Smallest and largest head, in pixels across, at which the model counts well.
    pub head_size_range_px: [f64; 2],
    /// What fills the input to the right of and below the picture.
    #[serde(default)]
    pub padding: Padding,
}

/// Order of the channels of the input.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Colour {
    /// Red, green, blue.
    Rgb,
    /// Blue, green, red.
    Bgr,
    /// One channel of BT.601 luma, `0.299 R + 0.587 G + 0.114 B`.
    Grey,
}

impl Colour {
    /// Channels of the input tensor.
    pub fn channels(self) -> usize {
        match self {
            Self::Rgb | Self::Bgr => 3,
            Self::Grey => 1,
        }
    }
}

/// Range that the 8-bit values 0 and 255 are mapped to.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
pub enum Range {
    /// 0 stays 0 and 255 stays 255.
    #[serde(rename = "0..255")]
    Bytes,
    /// 0 stays 0 and 255 becomes 1.
    #[serde(rename = "0..1")]
    Unit,
}

/// What fills the input outside the picture.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Padding {
    /// The last column and row go on: no artificial edge for the network to see.
    #[default]
    Edge,
    /// Grey of value 114, as YOLO-style detectors are trained with.
    Grey,
}

/// What the network gives out.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// How the output reads.
    pub kind: OutputKind,
    /// Name of the output tensor.
    pub name: String,
    /// Input pixels a side of one cell of the density map.
    pub stride_px: usize,
    /// How boxes are decoded; needed where `kind` is `boxes`.
    pub boxes: Option<BoxDecoding>,
    /// How points are decoded; needed where `kind` is `points`.
    pub points: Option<PointDecoding>,
}

/// How the output reads.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OutputKind {
    /// `[1, 1, height / stride, width / stride]` or `[1, height / stride, width / stride]`: people in each cell.
    Density,
    /// `[1, anchors, 5 + classes]`: anchor-free boxes on a pyramid of grids, before decoding (YOLOX).
    Boxes,
    /// `[1, proposals, 3]`: a head each, `x, y` in pixels of the input and a score in 0..1 (`P2PNet`).
    Points,
}

/// Decoding of proposed head points.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PointDecoding {
    /// Points with a lower score are dropped, 0..1.
    pub score_min: f32,
}

impl fmt::Display for OutputKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Density => "density",
            Self::Boxes => "boxes",
            Self::Points => "points",
        })
    }
}

/// Decoding of anchor-free boxes: each row is `dx, dy, ln w, ln h, objectness, class scores...`, scores in 0..1.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoxDecoding {
    /// Strides of the pyramid's grids in pixels, in the order of the rows.
    pub strides_px: Vec<usize>,
    /// Classes the detector knows.
    pub classes: usize,
    /// Index of the class that is a person.
    pub person_class: usize,
    /// Boxes with a lower score (objectness times class) are dropped, 0..1.
    pub score_min: f32,
    /// Of two boxes that overlap by more than this (intersection over union), the weaker is dropped, 0..1.
    pub iou_max: f32,
}

/// A set of pictures the model was trained on.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainingData {
    /// Name of the set.
    pub name: String,
    /// Pictures of it.
    pub images: u64,
    /// Its licence.
    pub licence: String,
}

/// Measured error among pictures whose predicted count lies in `people_min <= people < people_max`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorStratum {
    /// Smallest predicted count of the stratum, people.
    pub people_min: f64,
    /// Smallest predicted count past the stratum, people.
    pub people_max: f64,
    /// Pictures measured.
    pub images: u64,
    /// Mean of `(predicted - true) / true`.
    pub bias_relative: f64,
    /// 5 % quantile of true people over predicted people, the latter taken as one where fewer.
    pub ratio_lo: f64,
    /// 95 % quantile of the same ratio.
    pub ratio_hi: f64,
}

/// Measured error on a whole set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// Name of the set.
    pub set: String,
    /// Pictures of it.
    pub images: u64,
    /// Mean absolute error, people a picture.
    pub mae: f64,
    /// Root of the mean squared error, people a picture.
    pub rmse: f64,
    /// The command that measured it.
    pub command: String,
}

/// Prose for readers.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notes {
    /// What the model is not good for.
    pub limits: String,
}

impl Card {
    /// Reads and checks the card at `path`; the model file is not touched.
    ///
    /// # Errors
    /// [`ModelError::CardUnreadable`], [`ModelError::CardSyntax`] or [`ModelError::CardValue`].
    pub fn load(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| ModelError::CardUnreadable { path: path.to_owned(), source })?;
        let card: Self = toml::from_str(&text)
            .map_err(|error| ModelError::CardSyntax { path: path.to_owned(), reason: error.to_string() })?;
        card.check(path)?;
        Ok(card)
    }

    /// Where the model file lies: beside the card at `card_path` where it is there, else in `model_dir` where given.
    pub fn model_path(&self, card_path: &Path, model_dir: Option<&Path>) -> PathBuf {
        let beside_card = card_path.parent().unwrap_or(Path::new(".")).join(&self.file);
        match (model_dir, self.file.file_name()) {
            (Some(folder), Some(file_name)) if !beside_card.is_file() => folder.join(file_name),
            _ => beside_card,
        }
    }

    /// The bytes of the model file, verified against the card's SHA-256.
    ///
    /// # Errors
    /// [`ModelError::FileUnreadable`] or [`ModelError::Sha256`] with both hashes.
    pub fn read_model(&self, model_path: &Path) -> Result<Vec<u8>> {
        let bytes = std::fs::read(model_path).map_err(|source| ModelError::FileUnreadable {
            card: self.name.clone(),
            path: model_path.to_owned(),
            source,
        })?;
        let found = sha256_hex(&bytes);
        let expected = self.sha256.to_ascii_lowercase();
        if found != expected {
            let (card, path) = (self.name.clone(), model_path.to_owned());
            return Err(ModelError::Sha256 { card, expected, found, path });
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests;
