//! throng-models: what the network sees. ONNX Runtime lives only here.

pub mod picture;
