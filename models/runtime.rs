//! Finding and loading ONNX Runtime's shared library, once a process, with a clear error instead of a panic.

use std::{
    env,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use ort::environment::Environment;

use crate::error::{ModelError, Result};

const LIBRARY: &str = "libonnxruntime.so";

/// The loaded library and its environment. ONNX Runtime allows one of each a process.
#[derive(Clone)]
pub(crate) struct Runtime {
    pub(crate) environment: Environment,
    pub(crate) library: PathBuf,
}

static LOADED: Mutex<Option<Runtime>> = Mutex::new(None);

/// The runtime of this process, loaded on the first call; later calls return the same whatever they ask for.
///
/// The library is, in this order: `explicit`; `$ORT_DYLIB_PATH`; `onnxruntime/libonnxruntime.so` in `$THRONG_HOME`,
/// then in `throng` in `$XDG_DATA_HOME` (`~/.local/share`); beside the executable; wherever the system's loader
/// finds it. The first two are taken at their word: where they are wrong, that is the error.
pub(crate) fn load(explicit: Option<&Path>) -> Result<Runtime> {
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(runtime) = loaded.as_ref() {
        return Ok(runtime.clone());
    }
    let runtime = start(explicit)?;
    *loaded = Some(runtime.clone());
    Ok(runtime)
}

fn start(explicit: Option<&Path>) -> Result<Runtime> {
    let library = find(explicit)?;
    let builder = ort::init_from(&library).map_err(|error| load_error(error, &library))?;
    let environment = builder
        .with_name("throng")
        .with_telemetry(false)
        .build()
        .map_err(|error| ModelError::RuntimeStart { reason: error.to_string() })?;
    Ok(Runtime { environment, library })
}

fn find(explicit: Option<&Path>) -> Result<PathBuf> {
    let by_environment = env::var_os("ORT_DYLIB_PATH").filter(|path| !path.is_empty()).map(PathBuf::from);
    if let Some(named) = explicit.map(Path::to_owned).or(by_environment) {
        // An absolute path keeps the loader from searching elsewhere for a file of that name.
        let absolute = std::path::absolute(&named).unwrap_or_else(|_| named.clone());
        return if absolute.exists() {
            Ok(absolute)
        } else {
            Err(ModelError::RuntimeAbsent { looked_at: vec![absolute.display().to_string()] })
        };
    }
    if let Some(place) = usual_places().find(|place| place.exists()) {
        return Ok(place);
    }
    // A bare name is left to the system's loader; the binding also needs to know the executable's place.
    let by_loader = env::current_exe().is_ok().then(|| PathBuf::from(LIBRARY));
    by_loader.ok_or_else(|| ModelError::RuntimeAbsent { looked_at: looked_at() })
}

fn looked_at() -> Vec<String> {
    usual_places()
        .map(|place| place.display().to_string())
        .chain([format!("the system's library path ({LIBRARY})")])
        .collect()
}

fn usual_places() -> impl Iterator<Item = PathBuf> {
    let folder = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let data = folder("XDG_DATA_HOME").or_else(|| folder("HOME").map(|home| home.join(".local/share")));
    let beside = env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_owned));
    [
        folder("THRONG_HOME").map(|home| home.join("onnxruntime").join(LIBRARY)),
        data.map(|data| data.join("throng/onnxruntime").join(LIBRARY)),
        beside.map(|folder| folder.join(LIBRARY)),
    ]
    .into_iter()
    .flatten()
}

fn load_error(error: ort::LoadDynamicError, library: &Path) -> ModelError {
    use ort::LoadDynamicError::{BadVersion, Dlopen, InvalidVersionString, MissingApi};
    match error {
        Dlopen { .. } if library.is_relative() => ModelError::RuntimeAbsent { looked_at: looked_at() },
        BadVersion { version_str, path } => {
            ModelError::RuntimeTooOld { found: version_str, needed_minor: ort::MINOR_VERSION, path }
        }
        Dlopen { error, path } => {
            let cause =
                std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            ModelError::RuntimeNotALibrary { reason: cause, path }
        }
        MissingApi { path } => {
            ModelError::RuntimeNotALibrary { reason: "it does not export OrtGetApiBase".to_owned(), path }
        }
        InvalidVersionString => ModelError::RuntimeNotALibrary {
            reason: "it gives no readable version".to_owned(),
            path: library.to_owned(),
        },
    }
}
