//! What can go wrong between a model card and a count, each with what to do next.

use std::path::PathBuf;

use thiserror::Error;

/// The result of everything in this crate that can fail.
pub type Result<T, E = ModelError> = std::result::Result<T, E>;

/// Why a counter cannot be opened or a picture cannot be counted.
#[derive(Debug, Error)]
pub enum ModelError {
    /// The card does not exist or cannot be read.
    #[error(
        "model card cannot be read: {source}. Give the path of a card such as models/cards/compact.toml: {}",
        path.display()
    )]
    CardUnreadable {
        /// Path of the card.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The card is not TOML or holds keys or values that no card may hold.
    #[error("model card does not parse: {reason}Correct the card: {}", path.display())]
    CardSyntax {
        /// Path of the card.
        path: PathBuf,
        /// The parser's words, with line and column; ends in a line break.
        reason: String,
    },
    /// The card parses but a value makes no sense.
    #[error("model card: {key} {problem}. Correct the card: {}", path.display())]
    CardValue {
        /// Path of the card.
        path: PathBuf,
        /// The key, for example `output.stride_px`.
        key: &'static str,
        /// What is wrong with it and what was expected.
        problem: String,
    },
    /// The model file that the card names does not exist or cannot be read.
    #[error(
        "model file of card `{card}` cannot be read: {source}. Put the file there, or name its folder \
         (`throng count --model-dir`): {}",
        path.display()
    )]
    FileUnreadable {
        /// Name of the model, from its card.
        card: String,
        /// Where the file was looked for.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The model file is not the one the card was written for.
    #[error(
        "model file has SHA-256 {found} where card `{card}` says {expected}. Fetch the file again, or use the card \
         that was written for it: {}",
        path.display()
    )]
    Sha256 {
        /// Name of the model, from its card.
        card: String,
        /// SHA-256 in the card, lower-case hexadecimal.
        expected: String,
        /// SHA-256 of the file, lower-case hexadecimal.
        found: String,
        /// The file.
        path: PathBuf,
    },
    /// ONNX Runtime cannot read the model file although its hash is as stated.
    #[error(
        "ONNX Runtime cannot read the model of card `{card}`: {reason}. The file is corrupt or needs another \
         version of ONNX Runtime; export it again: {}",
        path.display()
    )]
    Corrupt {
        /// Name of the model, from its card.
        card: String,
        /// ONNX Runtime's words.
        reason: String,
        /// The file.
        path: PathBuf,
    },
    /// The model is not what its card says.
    #[error(
        "model card does not describe its model: {contradiction}. Correct the card, or give it the file it was \
         written for: {}",
        path.display()
    )]
    CardLies {
        /// What the card says and what the model does.
        contradiction: String,
        /// Path of the card.
        path: PathBuf,
    },
    /// No ONNX Runtime library was found.
    #[error(
        "ONNX Runtime's shared library was not found. Run `bash deploy/setup.sh`, or set ORT_DYLIB_PATH to \
         libonnxruntime.so. Looked at: {}",
        list(looked_at)
    )]
    RuntimeAbsent {
        /// Every place that was tried, in order.
        looked_at: Vec<String>,
    },
    /// The library is older than this program can work with.
    #[error(
        "ONNX Runtime {found} is too old: 1.{needed_minor} or newer is needed. Run `bash deploy/setup.sh`, or set \
         ORT_DYLIB_PATH to a newer library: {}",
        path.display()
    )]
    RuntimeTooOld {
        /// Version the library gives itself.
        found: String,
        /// Lowest minor version of ONNX Runtime 1.x that works.
        needed_minor: u32,
        /// The library.
        path: PathBuf,
    },
    /// The file is no ONNX Runtime library.
    #[error(
        "not an ONNX Runtime library: {reason}. Run `bash deploy/setup.sh`, or set ORT_DYLIB_PATH to \
         libonnxruntime.so: {}",
        path.display()
    )]
    RuntimeNotALibrary {
        /// What the loader said.
        reason: String,
        /// The file.
        path: PathBuf,
    },
    /// The library was loaded but would not start.
    #[error("ONNX Runtime does not start: {reason}. Run `bash deploy/setup.sh` to fetch the tested version")]
    RuntimeStart {
        /// ONNX Runtime's words.
        reason: String,
    },
    /// A device name that means nothing.
    #[error(
        "device `{name}` is unknown: expected cpu, auto, cuda:N or tensorrt:N with N the number of the device"
    )]
    UnknownDevice {
        /// The name as given.
        name: String,
    },
    /// Running the model failed.
    #[error("model `{card}` failed on a picture of {width_px}x{height_px} px: {reason}")]
    Inference {
        /// Name of the model, from its card.
        card: String,
        /// Width of the network's input in pixels.
        width_px: usize,
        /// Height of the network's input in pixels.
        height_px: usize,
        /// ONNX Runtime's words.
        reason: String,
    },
}

fn list(places: &[String]) -> String {
    places.join(", ")
}
