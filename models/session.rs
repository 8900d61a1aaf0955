//! One ONNX Runtime session: a verified model on a device, its input and output held against the card.

use std::path::{Path, PathBuf};

use ort::{
    ep::{CUDA, ExecutionProviderDispatch, TensorRT},
    logging::LogLevel,
    session::{Session, builder::GraphOptimizationLevel},
    value::{TensorElementType, TensorRef, ValueType},
};

use crate::{
    boxes,
    card::{Card, OutputKind},
    device::Device,
    error::{ModelError, Result},
    points,
    runtime::Runtime,
};

/// Side of the picture that a model is tried with before the first real one.
const WARM_UP_PX: usize = 64;

/// A model ready to run.
#[derive(Debug)]
pub(crate) struct OnnxSession {
    session: Session,
    card_name: String,
    output_name: String,
    channels: usize,
    /// Width and height of the input where the model fixes them.
    pub(crate) fixed_size_px: Option<(usize, usize)>,
    /// Whether the model takes several pictures at once.
    pub(crate) takes_batches: bool,
    /// Where the model really runs.
    pub(crate) device: Device,
    /// Why that is not the device asked for.
    pub(crate) fallback_reason: Option<String>,
}

/// A tensor handed to [`OnnxSession::run`], `[pictures, channels, height, width]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InputTensor<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) pictures: usize,
    pub(crate) width_px: usize,
    pub(crate) height_px: usize,
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
            let session = build(runtime, (model, &card.sha256), device, threads).map_err(|error| {
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
        let fixed_size_px = check_input(&session, card).map_err(lie)?;
        let takes_batches = takes_batches(&session, card);
        check_output(&session, card).map_err(lie)?;
        let mut checked = Self {
            session,
            card_name: card.name.clone(),
            output_name: card.output.name.clone(),
            channels: card.input.colour.channels(),
            fixed_size_px,
            takes_batches,
            device,
            fallback_reason: None,
        };
        // One step wider than tall, so that a model with swapped axes shows.
        let tall_px = WARM_UP_PX.next_multiple_of(card.input.multiple_of_px);
        let (width_px, height_px) = fixed_size_px.unwrap_or((tall_px + card.input.multiple_of_px, tall_px));
        let values = vec![0.0; checked.channels * width_px * height_px];
        let input = InputTensor { values: &values, pictures: 1, width_px, height_px };
        let shape = checked.run(input, |shape, _| shape.to_vec())?;
        check_output_shape(&shape, card, width_px, height_px).map_err(lie)?;
        Ok(checked)
    }

    /// Runs the model on one input and hands the output's shape and values, those of one picture after the other, to
    /// `read`. The input is not copied, and the output lies in the runtime's own arena, which it reuses.
    ///
    /// # Errors
    /// [`ModelError::Inference`].
    pub(crate) fn run<T>(
        &mut self,
        input: InputTensor<'_>,
        read: impl FnOnce(&[i64], &[f32]) -> T,
    ) -> Result<T> {
        let InputTensor { values, pictures, width_px, height_px } = input;
        let card = &self.card_name;
        let failed =
            |reason: String| ModelError::Inference { card: card.clone(), width_px, height_px, reason };
        let shape = [pictures, self.channels, height_px, width_px];
        let tensor =
            TensorRef::from_array_view((shape, values)).map_err(|e| failed(one_line(e.message())))?;
        let outputs = self.session.run(ort::inputs![tensor]).map_err(|e| failed(one_line(e.message())))?;
        let output = outputs
            .get(&self.output_name)
            .ok_or_else(|| failed(format!("it gave no output `{}`", self.output_name)))?;
        let (shape, people) =
            output.try_extract_tensor::<f32>().map_err(|e| failed(one_line(e.message())))?;
        Ok(read(shape, people))
    }
}

fn build(
    runtime: &Runtime,
    (model, sha256): (&[u8], &str),
    device: Device,
    threads: usize,
) -> ort::Result<Session> {
    let provider: Option<ExecutionProviderDispatch> = match device {
        Device::Auto | Device::Cpu => None,
        Device::Cuda(number) => Some(CUDA::default().with_device_id(number.into()).build()),
        Device::TensorRt(number) => Some(tensor_rt(number, sha256)),
    };
    let builder = Session::builder(&runtime.environment)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_intra_threads(threads)?
        // Idle inference threads must leave their cores to the decoder.
        .with_intra_op_spinning(false)?
        .with_flush_to_zero()?
        // Every error also comes back as a value; printed by the library it would be told twice.
        .with_log_level(LogLevel::Fatal)?;
    let mut builder = match provider {
        Some(provider) => builder.with_execution_providers([provider.error_on_failure()])?,
        None => builder,
    };
    builder.commit_from_memory(model)
}

/// `TensorRT` in half precision. Building an engine takes minutes, so it is kept: by model, because it is made of the
/// model, and by driver, because an engine of another one may not load.
fn tensor_rt(number: u16, sha256: &str) -> ExecutionProviderDispatch {
    let provider = TensorRT::default().with_device_id(number.into()).with_fp16(true);
    match engine_cache(sha256) {
        Some(folder) => {
            let folder = folder.display().to_string();
            let provider = provider.with_engine_cache(true).with_engine_cache_path(&folder);
            provider.with_timing_cache(true).with_timing_cache_path(folder).build()
        }
        None => provider.build(),
    }
}

/// Where engines of a model are kept, made where it is absent; `None` where nothing can be kept.
fn engine_cache(sha256: &str) -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
    let driver = std::fs::read_to_string("/proc/driver/nvidia/version").unwrap_or_default();
    let driver: String = driver
        .lines()
        .next()
        .and_then(|line| line.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit())))
        .unwrap_or("unknown")
        .to_owned();
    let folder = cache.join("throng/tensorrt").join(format!("{}-{driver}", sha256.get(..16)?));
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder)
}

/// Whether the first side of input and output, the number of pictures, is free.
fn takes_batches(session: &Session, card: &Card) -> bool {
    let is_free = |outlet: Option<&ort::value::Outlet>| match outlet.map(ort::value::Outlet::dtype) {
        Some(ValueType::Tensor { shape, .. }) => shape.first() == Some(&-1),
        _ => false,
    };
    let output = session.outputs().iter().find(|output| output.name() == card.output.name);
    is_free(session.inputs().first()) && is_free(output)
}

/// Holds the model's declared input against the card; the size where the model fixes it.
fn check_input(session: &Session, card: &Card) -> Result<Option<(usize, usize)>, String> {
    let [input] = session.inputs() else {
        return Err(format!("the card describes one input, the model has {}", session.inputs().len()));
    };
    if input.name() != card.input.name {
        return Err(format!("input.name is `{}`, the model's input is `{}`", card.input.name, input.name()));
    }
    let ValueType::Tensor { ty: TensorElementType::Float32, shape, .. } = input.dtype() else {
        return Err(format!("the input must be a tensor of f32, the model takes {}", input.dtype()));
    };
    let channels = card.input.colour.channels();
    let &[_, model_channels, height, width] = &shape[..] else {
        return Err(format!("the input must be [1, {channels}, height, width], the model takes {shape}"));
    };
    if model_channels != -1 && usize::try_from(model_channels) != Ok(channels) {
        let colour = format!("{:?}", card.input.colour).to_lowercase();
        return Err(format!(
            "input.colour `{colour}` has {channels} channel(s), the model takes {model_channels}"
        ));
    }
    let (Ok(width_px), Ok(height_px)) = (usize::try_from(width), usize::try_from(height)) else {
        return Ok(None);
    };
    let multiple_px = card.input.multiple_of_px;
    if width_px == 0 || !width_px.is_multiple_of(multiple_px) || !height_px.is_multiple_of(multiple_px) {
        return Err(format!(
            "input.multiple_of_px is {multiple_px}, the model takes only {width_px}x{height_px} px"
        ));
    }
    Ok(Some((width_px, height_px)))
}

fn check_output(session: &Session, card: &Card) -> Result<(), String> {
    let Some(output) = session.outputs().iter().find(|output| output.name() == card.output.name) else {
        let names: Vec<&str> = session.outputs().iter().map(ort::value::Outlet::name).collect();
        return Err(format!(
            "output.name is `{}`, the model gives `{}`",
            card.output.name,
            names.join("`, `")
        ));
    };
    match output.dtype() {
        ValueType::Tensor { ty: TensorElementType::Float32, .. } => Ok(()),
        other => Err(format!("the output must be a tensor of f32, the model gives {other}")),
    }
}

/// Holds the shape of an output against what the card makes of an input of this size.
fn check_output_shape(shape: &[i64], card: &Card, width_px: usize, height_px: usize) -> Result<(), String> {
    let fits = |expected: &[usize]| {
        shape.len() == expected.len()
            && shape.iter().zip(expected).all(|(a, b)| usize::try_from(*a) == Ok(*b))
    };
    let stride_px = card.output.stride_px;
    let (across, down) = (width_px / stride_px, height_px / stride_px);
    match (card.output.kind, &card.output.boxes) {
        (OutputKind::Boxes, Some(decoding)) => {
            let (rows, columns) = (
                boxes::rows(decoding, width_px, height_px),
                boxes::COLUMNS_BEFORE_CLASSES + decoding.classes,
            );
            if fits(&[1, rows, columns]) {
                return Ok(());
            }
            Err(format!(
                "output.boxes makes [1, {rows}, {columns}] of a picture of {width_px}x{height_px} px, the model \
                 gives {shape:?}"
            ))
        }
        (OutputKind::Points, _) => match shape {
            [1, _, columns] if usize::try_from(*columns) == Ok(points::COLUMNS) => Ok(()),
            _ => Err(format!(
                "output.kind `points` needs [1, any, {}], the model gives {shape:?}",
                points::COLUMNS
            )),
        },
        _ if fits(&[1, 1, down, across]) || fits(&[1, down, across]) => Ok(()),
        _ => Err(format!(
            "output.stride_px = {stride_px} makes [1, 1, {down}, {across}] of a picture of {width_px}x{height_px} \
             px, the model gives {shape:?}"
        )),
    }
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}
