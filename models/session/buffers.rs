//! The memory that a model's input and output lie in, kept from run to run.
//!
//! Cameras send pictures of the same size over and over, so what was allocated for one is there for the next. On a GPU it is
//! page-locked: the device then reads and writes it by itself, at several times the speed of other memory.

use std::fmt;

use ort::{
    memory::{AllocationDevice, Allocator, AllocatorType, MemoryInfo, MemoryType},
    session::{HasSelectedOutputs, OutputSelector, RunOptions, Session},
    value::{Shape, Tensor},
};

use crate::device::Device;

/// Memory that may lie unused, bytes: eight pictures of 1920x1080 in one input are 200 MB.
const KEPT_BYTES_MAX: usize = 256 << 20;

/// Buffers for every shape of input that was seen lately, the latest first.
#[derive(Debug)]
pub(super) struct Buffers {
    allocator: Allocator,
    /// Whether the device reads the memory by itself.
    pub(super) is_pinned: bool,
    kept: Vec<Buffer>,
}

/// What one shape of input needs.
pub(super) struct Buffer {
    /// `[pictures, channels, height, width]`.
    pub(super) shape: [usize; 4],
    pub(super) input: Tensor<f32>,
    /// Names the output, and holds the memory for it once its shape is known.
    pub(super) options: RunOptions<HasSelectedOutputs>,
    is_output_bound: bool,
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({:?})", self.shape)
    }
}

impl Buffers {
    /// For a session on `device`.
    pub(super) fn new(session: &Session, device: Device) -> Self {
        let pinned = match device {
            Device::Auto | Device::Cpu => None,
            Device::Cuda(number) | Device::TensorRt(number) => MemoryInfo::new(
                AllocationDevice::CUDA_PINNED,
                number.into(),
                AllocatorType::Device,
                MemoryType::CPUOutput,
            )
            .and_then(|memory| Allocator::new(session, memory))
            .ok()
            .filter(|allocator| allocator.memory_info().is_cpu_accessible()),
        };
        Self { is_pinned: pinned.is_some(), allocator: pinned.unwrap_or_default(), kept: Vec::new() }
    }

    /// The buffer for inputs of `shape` whose output is called `output`; made where there is none.
    pub(super) fn of(&mut self, shape: [usize; 4], output: &str) -> ort::Result<&mut Buffer> {
        let found = self.kept.iter().position(|buffer| buffer.shape == shape);
        let index = if let Some(index) = found {
            index
        } else {
            self.make_room(shape);
            self.kept.push(Buffer {
                shape,
                input: Tensor::new(&self.allocator, shape)?,
                options: RunOptions::new()?.with_outputs(OutputSelector::no_default().with(output)),
                is_output_bound: false,
            });
            self.kept.len() - 1
        };
        self.kept[..=index].rotate_right(1);
        Ok(&mut self.kept[0])
    }

    /// The buffer that was asked for last.
    pub(super) fn latest(&mut self) -> Option<&mut Buffer> {
        self.kept.first_mut()
    }

    /// Has `output`, of `shape`, be written to the same memory in the runs to come of the latest buffer.
    pub(super) fn bind_output(&mut self, output: &str, shape: &Shape) -> ort::Result<()> {
        let Some(buffer) = self.kept.first_mut().filter(|buffer| !buffer.is_output_bound) else {
            return Ok(());
        };
        let memory = Tensor::<f32>::new(&self.allocator, shape.clone())?;
        let selected = OutputSelector::no_default().with(output).preallocate(output, memory);
        buffer.options = RunOptions::new()?.with_outputs(selected);
        buffer.is_output_bound = true;
        Ok(())
    }

    /// Lets go of what was not used for longest, until there is room for `shape`.
    fn make_room(&mut self, shape: [usize; 4]) {
        let bytes = |shape: &[usize; 4]| shape.iter().product::<usize>() * size_of::<f32>();
        let mut total = bytes(&shape);
        let mut fits = |buffer: &&Buffer| {
            total += bytes(&buffer.shape);
            total <= KEPT_BYTES_MAX
        };
        let kept = self.kept.iter().take_while(|buffer| fits(buffer)).count();
        self.kept.truncate(kept);
    }
}
