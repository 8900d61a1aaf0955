//! What needs no site, by the real program: counting, measuring models, refitting counts, analysing trajectories,
//! simulating crowds and what warnings of them are worth, telling what a history says.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod analyse;
mod calibrate;
mod calibrate_count;
mod count;
mod doctor;
mod eval;
mod evaluate;
mod models;
mod report;

use std::path::Path;
use std::process::Output;

use image::{Rgb, RgbImage};
use serde_json::Value;
use throng::stream::writer::VideoWriter;

const CARD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/models/tests/fixtures/brightness.toml");
const SIDE_PX: u32 = 64;

/// People that the model sees in [`slope`]: 64 cells of mean brightness 120 / 255.
const PEOPLE: f64 = 64.0 * 120.0 / 255.0;

/// Brighter towards the right in steps of 4 pixels, moved by `shift` pixels.
fn slope(shift: u32) -> RgbImage {
    RgbImage::from_fn(SIDE_PX, SIDE_PX, |x, _| Rgb([(((x + shift) % SIDE_PX) / 4 * 16) as u8; 3]))
}

/// A clip of 20 frames at 10 frames/s.
fn clip(path: &Path) {
    let mut writer = VideoWriter::create(path, SIDE_PX, SIDE_PX, 10.0).unwrap();
    for frame in 0..20 {
        writer.push(&slope(frame), f64::from(frame) / 10.0).unwrap();
    }
    writer.finish().unwrap();
}

fn lines(output: &Output) -> Vec<Value> {
    String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
