//! Where a model runs.

use std::{fmt, str::FromStr};

use crate::error::ModelError;

/// A device as asked for. Where it cannot be used, counting falls back to the CPU and says why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Device {
    /// The first CUDA device where there is one, else the CPU.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// A CUDA device by its number.
    Cuda(u16),
    /// A CUDA device by its number, through `TensorRT`.
    TensorRt(u16),
}

impl FromStr for Device {
    type Err = ModelError;

    fn from_str(name: &str) -> Result<Self, ModelError> {
        let numbered = |kind: fn(u16) -> Self, number: &str| number.parse().ok().map(kind);
        let device = match name.split_once(':') {
            None if name == "auto" => Some(Self::Auto),
            None if name == "cpu" => Some(Self::Cpu),
            Some(("cuda", number)) => numbered(Self::Cuda, number),
            Some(("tensorrt", number)) => numbered(Self::TensorRt, number),
            _ => None,
        };
        device.ok_or_else(|| ModelError::UnknownDevice { name: name.to_owned() })
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => write!(f, "auto"),
            Self::Cpu => write!(f, "cpu"),
            Self::Cuda(number) => write!(f, "cuda:{number}"),
            Self::TensorRt(number) => write!(f, "tensorrt:{number}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for name in ["auto", "cpu", "cuda:0", "cuda:3", "tensorrt:1"] {
            assert_eq!(name.parse::<Device>().unwrap().to_string(), name);
        }
    }

    #[test]
    fn a_nonsense_name_is_refused_with_the_choices() {
        for name in ["", "gpu", "cuda", "cuda:", "cuda:x", "cuda:-1", "cpu:0"] {
            let message = name.parse::<Device>().unwrap_err().to_string();
            assert!(message.contains(&format!("`{name}`")) && message.contains("cuda:N"), "{message}");
        }
    }
}
