//! How ONNX Runtime is told to run a model on a device.

use std::path::PathBuf;

use ort::{
    ep::{CUDA, ExecutionProviderDispatch, TensorRT},
    logging::LogLevel,
    session::{Session, builder::GraphOptimizationLevel},
};

use crate::{device::Device, runtime::Runtime};

/// A session for `model` on `device`, and nowhere else.
pub(super) fn session(
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
