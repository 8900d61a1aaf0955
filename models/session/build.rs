//! How ONNX Runtime is told to run a model on a device.

use std::path::PathBuf;

use ort::{
    ep::{CUDA, ExecutionProviderDispatch, TensorRT, cuda::ConvAlgorithmSearch},
    logging::LogLevel,
    session::{Session, builder::GraphOptimizationLevel},
};

use crate::{
    card::{Card, Execution, KernelSearch, Precision},
    device::Device,
    runtime::Runtime,
};

/// A session for the `model` of `card` on `device`, and nowhere else. `threads` are those of one inference on the CPU; 0
/// leaves them to the card.
pub(super) fn session(
    runtime: &Runtime,
    card: &Card,
    model: &[u8],
    device: Device,
    threads: usize,
) -> ort::Result<Session> {
    let threads = if threads == 0 { card.execution.cpu.threads.unwrap_or(0) } else { threads };
    let provider = match device {
        Device::Auto | Device::Cpu => None,
        Device::Cuda(number) => Some(cuda(number, &card.execution)),
        Device::TensorRt(number) => Some(tensor_rt(number, card)),
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

/// CUDA as the card has it.
fn cuda(number: u16, execution: &Execution) -> ExecutionProviderDispatch {
    let search = match execution.cuda.kernel_search {
        KernelSearch::Heuristic => ConvAlgorithmSearch::Heuristic,
        KernelSearch::Exhaustive => ConvAlgorithmSearch::Exhaustive,
    };
    CUDA::default()
        .with_device_id(number.into())
        .with_conv_algorithm_search(search)
        .with_prefer_nhwc(execution.cuda.channels_last)
        .with_tf32(execution.precision == Precision::Half)
        .build()
}

/// `TensorRT` as the card has it. Building an engine takes minutes, so it is kept: by model, because it is made of the
/// model, and by driver, because an engine of another one may not load.
fn tensor_rt(number: u16, card: &Card) -> ExecutionProviderDispatch {
    let is_half = card.execution.precision == Precision::Half;
    let provider = TensorRT::default().with_device_id(number.into()).with_fp16(is_half);
    match engine_folder(&card.sha256) {
        Some(folder) => {
            let folder = folder.display().to_string();
            let provider = provider.with_engine_cache(true).with_engine_cache_path(&folder);
            provider.with_timing_cache(true).with_timing_cache_path(folder).build()
        }
        None => provider.build(),
    }
}

/// Where engines of a model are kept, made where it is absent; `None` where nothing can be kept.
fn engine_folder(sha256: &str) -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
    let driver = std::fs::read_to_string("/proc/driver/nvidia/version").unwrap_or_default();
    let folder = cache.join("throng/tensorrt").join(engine_folder_name(sha256, &driver)?);
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder)
}

/// Names model and driver, the latter by what `/proc/driver/nvidia/version` says of it.
fn engine_folder_name(sha256: &str, driver: &str) -> Option<String> {
    let mut words = driver.lines().next().unwrap_or_default().split_whitespace();
    let version = words.find(|word| word.starts_with(|c: char| c.is_ascii_digit())).unwrap_or("unknown");
    Some(format!("{}-{version}", sha256.get(..16)?.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_are_kept_by_model_and_driver() {
        let sha256 = "6DAE3a8f0e671d9bffa96a826390ec0a10f8d10b915563f045a4e769c61f5603";
        let name = |driver| engine_folder_name(sha256, driver).unwrap();
        let closed = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.129.03  Thu Oct 19 18:56:32 UTC 2023\nGCC 12";
        assert_eq!(name(closed), "6dae3a8f0e671d9b-535.129.03");
        let open = "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build";
        assert_eq!(name(open), "6dae3a8f0e671d9b-580.65.06");
        assert_eq!(name(""), "6dae3a8f0e671d9b-unknown");
        assert_eq!(engine_folder_name("short", closed), None);
    }
}
