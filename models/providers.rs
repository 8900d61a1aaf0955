//! Execution providers: what ONNX Runtime was built with to run models on, and what of that works on this machine.

use std::path::Path;

use ort::{
    ep::{CUDA, ExecutionProvider, ExecutionProviderDispatch, TensorRT},
    session::Session,
};

use crate::{
    error::{ModelError, Result},
    runtime::{self, Runtime},
};

/// A provider that a site can ask for by `device`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// As people call it.
    pub name: &'static str,
    /// Whether it can be used.
    pub state: ProviderState,
}

/// Whether a provider can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderState {
    /// The library was built without it.
    NotBuiltIn,
    /// It is built in, but does not start here.
    DoesNotLoad {
        /// What the library said.
        reason: String,
    },
    /// It starts.
    Loads,
}

/// The providers besides the CPU, which is always there. `library` as for a counter.
///
/// # Errors
/// [`ModelError::RuntimeAbsent`] and its kin where ONNX Runtime cannot be loaded.
pub fn providers(library: Option<&Path>) -> Result<Vec<Provider>> {
    let runtime = runtime::load(library)?;
    Ok(vec![
        Provider { name: "CUDA", state: state::<CUDA>(&runtime, CUDA::default().build())? },
        Provider { name: "TensorRT", state: state::<TensorRT>(&runtime, TensorRT::default().build())? },
    ])
}

fn state<P: ExecutionProvider>(
    runtime: &Runtime,
    provider: ExecutionProviderDispatch,
) -> Result<ProviderState> {
    let failed = |error: ort::Error| ModelError::RuntimeStart { reason: error.to_string() };
    if !P::is_available().map_err(failed)? {
        return Ok(ProviderState::NotBuiltIn);
    }
    let builder = Session::builder(&runtime.environment).map_err(failed)?;
    Ok(match builder.with_execution_providers([provider.error_on_failure()]) {
        Ok(_) => ProviderState::Loads,
        Err(error) => {
            let reason = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
            ProviderState::DoesNotLoad { reason }
        }
    })
}
