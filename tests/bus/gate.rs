//! A site before a gate, and a film of the crowd there.
//!
//! The model is `models/tests/fixtures/brightness.onnx`, which calls the mean brightness of each cell "people in the
//! cell": a film that grows brighter is a crowd that grows denser.

use std::{
    fs,
    path::{Path, PathBuf},
};

use image::{Rgb, RgbImage};
use throng::stream::writer::VideoWriter;

pub(crate) const CARD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/models/tests/fixtures/brightness.toml");
const SIZE_PX: (u32, u32) = (256, 192);
const FRAMES_PER_S: f64 = 10.0;

/// A film of `secs` in which a crowd grows until two thirds of it and then stays.
pub(crate) fn film(path: &Path, secs: u32) {
    let (width, height) = SIZE_PX;
    let mut writer = VideoWriter::create(path, width, height, FRAMES_PER_S).unwrap();
    let frames = secs * 10;
    for frame in 0..frames {
        let grown = (f64::from(frame) / (f64::from(frames) / 1.5)).min(1.0);
        let brightness = 255.0 * (0.14 + 0.6 * grown);
        let picture = RgbImage::from_fn(width, height, |x, _| {
            let value = brightness * (0.5 + f64::from(x % 64) / 64.0);
            Rgb([value.min(255.0) as u8; 3])
        });
        writer.push(&picture, f64::from(frame) / FRAMES_PER_S).unwrap();
    }
    writer.finish().unwrap();
}

/// A site with one camera over the film, one zone before a gate, and the given `[bus]`.
pub(crate) fn site(folder: &Path, bus: &str) -> PathBuf {
    let path = folder.join("site.toml");
    let text = format!(
        r#"
[site]
id = "test"
drill = true

[model]
card = "{CARD}"
device = "cpu"

[bus]
{bus}

[[camera]]
id = "mast"
uri = "film.mkv"
count_fps = 10
# The film is plain and, in the end, at rest.
watch.off = ["frozen", "looped", "covered", "defocused", "moved", "veiled"]

[camera.calibration]
image_size_px = [640, 480]
points = [
  {{ image_px = [242.3, 30.3], ground_m = [18.0, -2.5] }},
  {{ image_px = [429.6, 35.5], ground_m = [18.0, 2.5] }},
  {{ image_px = [205.0, 158.6], ground_m = [24.0, -2.5] }},
  {{ image_px = [441.5, 166.8], ground_m = [24.0, 2.5] }},
  {{ image_px = [155.8, 349.2], ground_m = [29.4, -2.4] }},
  {{ image_px = [453.0, 362.8], ground_m = [29.4, 2.4] }},
]

[[zone]]
id = "gate"
polygon_m = [[25.6, -2.5], [29.8, -2.5], [29.8, 2.5], [25.6, 2.5]]
profile = "quick"
capacity_people = 1000

[[profile]]
id = "quick"
density_people_per_m2 = {{ blue = 1.0, yellow = 1.5, orange = 2.0, red = 2.5 }}
raise_dwell_secs = {{ blue = 0.3, yellow = 0.3, orange = 0.3, red = 0.3 }}
clear_dwell_secs = {{ blue = 1, yellow = 1, orange = 1, red = 1 }}
"#
    );
    fs::write(&path, text).unwrap();
    path
}
