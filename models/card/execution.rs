//! How a model is best run: hints, by which a device may be faster, and no count may change by more than stated.

use serde::Deserialize;

use crate::device::Device;

/// Most pictures that a card may ask to be run together.
const BATCH_MAX: usize = 64;

/// Pictures that are run together on a GPU where a card does not say: several keep it better busy than one.
const GPU_BATCH_MAX: usize = 8;

/// Most threads that a card may ask for.
const THREADS_MAX: usize = 256;

/// How a model is best run, by device. Everything may be left out.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct Execution {
    /// How precisely devices must compute.
    pub precision: Precision,
    /// On a CPU.
    pub cpu: CpuExecution,
    /// On a GPU by CUDA.
    pub cuda: CudaExecution,
    /// On a GPU by `TensorRT`.
    pub tensorrt: TensorRtExecution,
}

/// How precisely devices must compute.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// As the model's weights say. A network whose sums are delicate asks for it.
    Single,
    /// Where a device is faster so, also less: CUDA multiplies with 10 bits of mantissa (TF32), `TensorRT` keeps numbers in
    /// 16 bits.
    #[default]
    Half,
}

/// How a model is best run on a CPU.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct CpuExecution {
    /// Threads of one inference, where nobody says; absent: one a core.
    pub threads: Option<usize>,
    /// Most pictures of several cameras in one run; absent: 1, since one keeps all cores busy.
    pub batch_max: Option<usize>,
}

/// How a model is best run on a GPU by CUDA.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct CudaExecution {
    /// Most pictures of several cameras in one run; absent: 8.
    pub batch_max: Option<usize>,
    /// How the kernel of each convolution is chosen.
    pub kernel_search: KernelSearch,
    /// Whether numbers of one place lie together, as tensor cores take them.
    pub channels_last: bool,
}

/// How cuDNN chooses the kernel of a convolution.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum KernelSearch {
    /// By rule, at once.
    #[default]
    Heuristic,
    /// By trying all, for every new size of input: seconds in which nothing is counted, and faster afterwards.
    Exhaustive,
}

/// How a model is best run on a GPU by `TensorRT`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct TensorRtExecution {
    /// Most pictures of several cameras in one run; absent: 8.
    pub batch_max: Option<usize>,
}

impl Execution {
    /// Most pictures of several cameras in one run on `device`.
    pub(crate) fn batch_max(&self, device: Device) -> usize {
        match device {
            Device::Auto | Device::Cpu => self.cpu.batch_max.unwrap_or(1),
            Device::Cuda(_) => self.cuda.batch_max.unwrap_or(GPU_BATCH_MAX),
            Device::TensorRt(_) => self.tensorrt.batch_max.unwrap_or(GPU_BATCH_MAX),
        }
    }

    /// The batch sizes that the card states, each with its key.
    pub(crate) fn batches(&self) -> impl Iterator<Item = (&'static str, usize)> + use<> {
        let stated = [
            ("execution.cpu.batch_max", self.cpu.batch_max),
            ("execution.cuda.batch_max", self.cuda.batch_max),
            ("execution.tensorrt.batch_max", self.tensorrt.batch_max),
        ];
        stated.into_iter().filter_map(|(key, batch_max)| Some((key, batch_max?)))
    }

    /// The first value that makes no sense.
    pub(super) fn problem(&self) -> Option<(&'static str, String)> {
        let threads = self.cpu.threads.map(|threads| ("execution.cpu.threads", threads, THREADS_MAX));
        let batches = self.batches().map(|(key, batch_max)| (key, batch_max, BATCH_MAX));
        let wrong = threads.into_iter().chain(batches).find(|(_, value, max)| !(1..=*max).contains(value));
        wrong.map(|(key, value, max)| (key, format!("must lie between 1 and {max}, found {value}")))
    }
}
