//! Other people's models work by their card alone. Model files and pictures are research data that is not part of the
//! repository: without the folder in `THRONG_DATA` (`../shared/data`) these tests say so and pass.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use throng_models::{
    counter::{Counter, Options, Validity},
    device::Device,
    picture::RgbView,
};

fn data() -> Option<PathBuf> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let data = std::env::var_os("THRONG_DATA").map_or(Path::new(root).join("../shared/data"), PathBuf::from);
    if data.is_dir() {
        return Some(data);
    }
    eprintln!("skipped: there is no data in {} (set THRONG_DATA)", data.display());
    None
}

/// People predicted and people marked, summed over the first pictures of a set.
fn totals(card: &str, set: &str, pictures: usize) -> Option<(f64, f64)> {
    let data = data()?;
    let card = Path::new(env!("CARGO_MANIFEST_DIR")).join("cards/third_party").join(card);
    let model_dir = Some(data.join("models"));
    let options = Options { device: Device::Cpu, threads: 2, model_dir, ..Options::default() };
    let mut counter = Counter::open(&card, &options).unwrap();
    let set = data.join("counting").join(set);
    let (mut predicted, mut marked) = (0.0, 0.0);
    for line in fs::read_to_string(set.join("points.jsonl")).unwrap().lines().take(pictures) {
        let truth: serde_json::Value = serde_json::from_str(line).unwrap();
        let still = image::open(set.join(truth["image"].as_str().unwrap())).unwrap().to_rgb8();
        let (width_px, height_px) = (still.width() as usize, still.height() as usize);
        let count = counter.count(RgbView::new(&still, width_px, height_px, 3 * width_px).unwrap()).unwrap();
        assert_eq!(count.validity, Validity::Valid, "{}", truth["image"]);
        predicted += count.people;
        marked += truth["count"].as_f64().unwrap();
    }
    Some((predicted, marked))
}

#[test]
fn a_grey_density_counter_counts_a_street() {
    let Some((predicted, marked)) = totals("mcnn_shanghaitech_b.toml", "shanghaitech_b/train", 6) else {
        return;
    };
    assert!((predicted / marked - 1.0).abs() < 0.3, "{predicted} of {marked}");
}

#[test]
fn a_box_detector_counts_a_few_walkers() {
    let Some((predicted, marked)) = totals("yolox_nano.toml", "pennfudan", 13) else { return };
    assert!((predicted / marked - 1.0).abs() < 0.3, "{predicted} of {marked}");
}
