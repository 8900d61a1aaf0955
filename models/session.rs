//! One ONNX Runtime session: a verified model on a device, its input and output held against the card.

use std::{path::Path, time::Instant};

use ort::session::Session;

use crate::{
    card::{Card, OutputKind},
    device::Device,
    error::{ModelError, Result},
    runtime::Runtime,
};

mod buffers;
mod build;
mod check;

use buffers::Buffers;

/// Side of the picture that a model is tried with before the first real one.
const WARM_UP_PX: usize = 64;

/// A model ready to run.
#[derive(Debug)]
pub(crate) struct OnnxSession {
    session: Session,
    buffers: Buffers,
    card_name: String,
    output_name: String,
    channels: usize,
    /// Whether inputs of one size always have outputs of one size.
    is_output_size_known: bool,
    /// Width and height of the input where the model fixes them.
    pub(crate) fixed_size_px: Option<(usize, usize)>,
    /// Whether the model takes several pictures at once.
    pub(crate) takes_batches: bool,
    /// Where the model really runs.
    pub(crate) device: Device,
    /// Why that is not the device asked for.
    pub(crate) fallback_reason: Option<String>,
}

/// Size of an input: `[pictures, channels, height, width]` with the card's channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InputSize {
    pub(crate) pictures: usize,
    pub(crate) width_px: usize,
    pub(crate) height_px: usize,
}

/// What a model gave out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output<'a> {
    pub(crate) shape: &'a [i64],
    /// Those of one picture after the other.
    pub(crate) values: &'a [f32],
    /// Seconds that the run took.
    pub(crate) secs: f64,
}

impl OnnxSession {
    /// Opens `model` on `device`, or on the CPU where that fails, and runs it once.
    ///
    /// # Errors
    /// [`ModelError::Corrupt`] and [`ModelError::CardLies`].
    pub(crate) fn open(
        runtime: &Runtime,
        (card, card_path): (&Card, &Path),
        (model, model_path): (&[u8], &Path),
        device: Device,
        threads: usize,
    ) -> Result<Self> {
        let on = |device: Device| {
            let session = build::session(runtime, card, model, device, threads).map_err(|error| {
                ModelError::Corrupt {
                    card: card.name.clone(),
                    reason: one_line(error.message()),
                    path: model_path.to_owned(),
                }
            })?;
            Self::checked(session, card, card_path, device)
        };
        let accelerator = if device == Device::Auto { Device::Cuda(0) } else { device };
        if accelerator == Device::Cpu {
            return on(Device::Cpu);
        }
        on(accelerator).or_else(|error| {
            let reason = match error {
                ModelError::Corrupt { reason, .. } | ModelError::Inference { reason, .. } => reason,
                // The card is as wrong on any device.
                other => return Err(other),
            };
            let mut session = on(Device::Cpu)?;
            session.fallback_reason =
                Some(format!("{accelerator} cannot be used, counting on the CPU: {reason}"));
            Ok(session)
        })
    }

    fn checked(session: Session, card: &Card, card_path: &Path, device: Device) -> Result<Self> {
        let lie = |contradiction| ModelError::CardLies { contradiction, path: card_path.to_owned() };
        let fixed_size_px = check::input(&session, card).map_err(lie)?;
        let takes_batches = check::takes_batches(&session, card);
        check::output(&session, card).map_err(lie)?;
        check::batches(takes_batches, card).map_err(lie)?;
        let mut checked = Self {
            buffers: Buffers::new(&session, device),
            session,
            card_name: card.name.clone(),
            output_name: card.output.name.clone(),
            channels: card.input.colour.channels(),
            is_output_size_known: card.output.kind != OutputKind::Points,
            fixed_size_px,
            takes_batches,
            device,
            fallback_reason: None,
        };
        // One step wider than tall, so that a model with swapped axes shows.
        let tall_px = WARM_UP_PX.next_multiple_of(card.input.multiple_of_px);
        let (width_px, height_px) = fixed_size_px.unwrap_or((tall_px + card.input.multiple_of_px, tall_px));
        let size = InputSize { pictures: 1, width_px, height_px };
        checked.input(size)?.fill(0.0);
        let shape = checked.run(|output| output.shape.to_vec())?;
        check::output_shape(&shape, card, width_px, height_px).map_err(lie)?;
        Ok(checked)
    }

    /// Whether pictures lie in memory that the device reads by itself.
    pub(crate) fn is_input_pinned(&self) -> bool {
        self.buffers.is_pinned
    }

    /// The memory of an input of `size`, to be filled before [`Self::run`]; it holds what it held last.
    ///
    /// It is kept, and so is that of the output: with a size that was seen before, nothing is allocated. The output of a model
    /// that points at heads is the exception, since its length may follow from the picture.
    ///
    /// # Errors
    /// [`ModelError::Inference`] where there is no memory for it.
    pub(crate) fn input(&mut self, size: InputSize) -> Result<&mut [f32]> {
        let InputSize { pictures, width_px, height_px } = size;
        let shape = [pictures, self.channels, height_px, width_px];
        let buffer = self.buffers.of(shape, &self.output_name);
        let values = buffer.and_then(|buffer| Ok(buffer.input.try_extract_tensor_mut::<f32>()?.1));
        values.map_err(|error| failed(&self.card_name, shape, error.message()))
    }

    /// Runs the model on the input that was asked for last, and hands what comes out to `read`.
    ///
    /// # Errors
    /// [`ModelError::Inference`].
    pub(crate) fn run<T>(&mut self, read: impl FnOnce(Output<'_>) -> T) -> Result<T> {
        let (card, name) = (&self.card_name, &*self.output_name);
        let Some(buffer) = self.buffers.latest() else {
            return Err(failed(card, [0; 4], "it was given no input"));
        };
        let input_shape = buffer.shape;
        let failed = |reason: &str| failed(card, input_shape, reason);
        let began = Instant::now();
        let outputs = self
            .session
            .run_with_options(ort::inputs![&buffer.input], &buffer.options)
            .map_err(|e| failed(e.message()))?;
        let secs = began.elapsed().as_secs_f64();
        let output = outputs.get(name).ok_or_else(|| failed(&format!("it gave no output `{name}`")))?;
        let (shape, values) = output.try_extract_tensor::<f32>().map_err(|e| failed(e.message()))?;
        let found = read(Output { shape, values, secs });
        if self.is_output_size_known {
            let shape = shape.clone();
            drop(outputs);
            self.buffers.bind_output(name, &shape).map_err(|e| failed(e.message()))?;
        }
        Ok(found)
    }
}

fn failed(card: &str, [_, _, height_px, width_px]: [usize; 4], reason: &str) -> ModelError {
    ModelError::Inference { card: card.to_owned(), width_px, height_px, reason: one_line(reason) }
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}
