//! throng-samples
