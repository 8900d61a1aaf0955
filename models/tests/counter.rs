//! From card to count with real ONNX Runtime and networks of a few operators:
//! `brightness.onnx` calls the mean of each 8x8 px block, over all channels and scaled to 0..1, "people in the cell";
//! `half.onnx` and `int8.onnx` do the same by a convolution with weights of 16 and of 8 bits;
//! `not_a_number.onnx` divides that by zero; `points.onnx` proposes three fixed heads;
//! `boxes.onnx` finds somebody, in a box 12 px wide, in each 8x8 px block that is bright enough.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::{fs, path::PathBuf};

use tempfile::TempDir;
use throng_models::{
    counter::{Counter, Options, PictureCount, Validity},
    device::Device,
    error::Result,
    fit::Scale,
    head_scale::HeadScale,
    picture::RgbView,
    trial::parity::parity,
};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
const BRIGHTNESS: (&str, &str) =
    ("brightness.onnx", "2e58a660c3511f6b4fe862f5dd0d6005e693b209472df96672285aeb76d15fff");
const NOT_A_NUMBER: (&str, &str) =
    ("not_a_number.onnx", "35710eff4de159ee5bc79174e7b0e89e13ee0cfae0b7ee040f9b3ef64ecdd097");

const HALF: (&str, &str) = ("half.onnx", "b1053aa01a60d61b8dc9383bca67e43b112cf6bbe85a9ba940f147fffa1a94c2");
const INT8: (&str, &str) = ("int8.onnx", "469bc0deff4523ae99f17499a33d5673d45fef785cb653e9620d87337a0a8e16");

const POINTS: (&str, &str) =
    ("points.onnx", "9d8fb4c9fc616d2ca05966efd7d40d2e75ebcb5239ff9e22344d518e4138034f");
const BOXES: (&str, &str) =
    ("boxes.onnx", "000ebc580249549fb88662f2fc920593c13a588baca799da343299376b899d7d");

fn card_text((file, sha256): (&str, &str)) -> String {
    include_str!("fixtures/brightness.toml").replace(BRIGHTNESS.0, file).replace(BRIGHTNESS.1, sha256)
}

/// A card in a folder of its own, beside copies of the networks.
struct Model {
    folder: TempDir,
}

impl Model {
    fn new(card: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (file, _) in [BRIGHTNESS, HALF, INT8, NOT_A_NUMBER, POINTS, BOXES] {
            fs::copy(format!("{FIXTURES}/{file}"), folder.path().join(file)).unwrap();
        }
        fs::write(folder.path().join("tiny.toml"), card).unwrap();
        Self { folder }
    }

    fn card(&self) -> PathBuf {
        self.folder.path().join("tiny.toml")
    }

    fn open(&self) -> Result<Counter> {
        Counter::open(&self.card(), &Options { device: Device::Cpu, threads: 1, ..Options::default() })
    }
}

/// A picture that is brighter towards the right, with its mean brightness in 0..1.
fn slope(width: usize, height: usize) -> (Vec<u8>, f64) {
    let row: Vec<u8> = (0..width).flat_map(|x| [(x / 4 * 4 * 256 / width) as u8; 3]).collect();
    let mean = row.iter().map(|v| f64::from(*v)).sum::<f64>() / row.len() as f64 / 255.0;
    (row.repeat(height), mean)
}

fn count(counter: &mut Counter, data: &[u8], width: usize, height: usize) -> PictureCount {
    counter.count(RgbView::new(data, width, height, 3 * width).unwrap()).unwrap()
}

fn close(found: f64, expected: f64) -> bool {
    (found - expected).abs() < 1e-3 * expected.abs().max(1.0)
}

#[test]
fn people_interval_and_map_follow_from_the_network() {
    let mut counter = Model::new(&card_text(BRIGHTNESS)).open().unwrap();
    let (data, mean) = slope(64, 48);
    let found = count(&mut counter, &data, 64, 48);
    assert_eq!(found.validity, Validity::Valid);
    assert!(close(found.people, mean * 48.0), "{} is not {}", found.people, mean * 48.0);
    assert!(close(found.people_lo, found.people * 0.75) && close(found.people_hi, found.people * 1.5));
    let map = found.density;
    assert_eq!((map.width_cells, map.height_cells, map.px_per_cell_x, map.px_per_cell_y), (8, 6, 8.0, 8.0));
    assert!(close(map.people(), found.people));
    assert!(map.people_per_cell[7] > map.people_per_cell[0]);
}

#[test]
fn weights_of_16_and_of_8_bits_count_as_those_of_32() {
    let (data, mean) = slope(64, 48);
    for model in [HALF, INT8] {
        let mut counter = Model::new(&card_text(model)).open().unwrap();
        let found = count(&mut counter, &data, 64, 48);
        assert!(
            (found.people - mean * 48.0).abs() < 0.2,
            "{}: {} is not {}",
            model.0,
            found.people,
            mean * 48.0
        );
        assert!(found.people > 10.0 && found.validity == Validity::Valid);
    }
}

#[test]
fn heads_are_decoded_from_a_density_and_read_from_a_point_model() {
    let mut counter = Model::new(&card_text(BRIGHTNESS)).open().unwrap();
    let (data, mean) = slope(64, 48);
    let found = count(&mut counter, &data, 64, 48);
    assert!(found.detected_heads_px.is_none());
    assert!((found.heads_px().len() as f64 - mean * 48.0).abs() < 2.0, "{:?}", found.heads_px());

    // Proposals at (12, 20) and (40, 30) with the mean brightness as their score, and one that never scores.
    let points = card_text(POINTS)
        .replace("kind = \"density\"", "kind = \"points\"\npoints = { score_min = 0.3 }")
        .replace("name = \"density\"", "name = \"heads\"");
    let mut counter = Model::new(&points).open().unwrap();
    let found = count(&mut counter, &data, 64, 48);
    assert!(close(found.people, 2.0));
    assert_eq!(found.heads_px(), [[12.0, 20.0], [40.0, 30.0]]);
    assert!(
        close(f64::from(found.density.people_per_cell[2 * 8 + 1]), 1.0),
        "one head in the cell of (12, 20)"
    );
}

/// Counts by brightness, and measures heads by the boxes of `boxes.onnx`.
fn counter_that_measures_heads(range_px: &str) -> Result<Counter> {
    counter_that_measures_heads_and_knows(range_px, "[1, 64]")
}

fn counter_that_measures_heads_and_knows(range_px: &str, known_px: &str) -> Result<Counter> {
    let sizes = format!("[head_sizes]\ncard = \"people.toml\"\nrange_px = {range_px}\n\n[[error]]");
    let card = card_text(BRIGHTNESS).replacen("[[error]]", &sizes, 1).replace("[1, 64]", known_px);
    let model = Model::new(&card);
    let boxes = "kind = \"boxes\"\nboxes = { strides_px = [8], classes = 1, person_class = 0, score_min = 0.5, iou_max = 0.5 }";
    let people = card_text(BOXES)
        .replace("kind = \"density\"", boxes)
        .replace("name = \"density\"", "name = \"boxes\"");
    fs::write(model.folder.path().join("people.toml"), people).unwrap();
    model.open()
}

/// A picture of 160x160 px, chequered darkly, with `people` bright blocks.
fn bright_blocks(people: usize) -> Vec<u8> {
    let dark = |pixel: usize| 30 + 60 * ((pixel / 16 + pixel / (160 * 16)) % 2) as u8;
    let mut data: Vec<u8> = (0..160 * 160).flat_map(|pixel| [dark(pixel); 3]).collect();
    for block in 0..people {
        let (x, y) = (8 + 32 * (block % 4), 16 + 64 * (block / 4));
        for row in y..y + 8 {
            data[3 * (160 * row + x)..3 * (160 * row + x + 8)].fill(250);
        }
    }
    data
}

#[test]
fn small_heads_double_the_picture_and_later_ones_keep_what_was_seen() {
    // A box 12 px wide is a head of 3.4 px.
    let cells = |counter: &mut Counter, heads: &mut HeadScale, people: usize| {
        let data = bright_blocks(people);
        let picture = RgbView::new(&data, 160, 160, 3 * 160).unwrap();
        let scale = heads.resolve(Scale::ByHeads, counter, picture).unwrap();
        counter.count_at(picture, scale).unwrap().density.width_cells
    };
    let mut counter = counter_that_measures_heads("[7.0, 25.0]").unwrap();
    let mut heads = HeadScale::default();
    assert_eq!(cells(&mut counter, &mut heads, 0), 20, "nobody is there to go by");
    assert_eq!(cells(&mut counter, &mut heads, 6), 40);
    assert_eq!(cells(&mut counter, &mut heads, 0), 40, "nobody is seen now, but their size is known");

    // A single picture is counted by its own heads.
    let data = bright_blocks(6);
    let picture = RgbView::new(&data, 160, 160, 3 * 160).unwrap();
    assert_eq!(counter.count_at(picture, Scale::ByHeads).unwrap().density.width_cells, 40);
    let mut counter = counter_that_measures_heads("[1.0, 3.0]").unwrap();
    assert_eq!(counter.count_at(picture, Scale::ByHeads).unwrap().density.width_cells, 10);
    let mut counter = counter_that_measures_heads("[3.0, 9.0]").unwrap();
    assert_eq!(counter.count_at(picture, Scale::ByHeads).unwrap().density.width_cells, 20);
}

#[test]
fn heads_of_a_size_that_the_model_does_not_know_widen_the_interval() {
    let data = bright_blocks(6);
    let picture = RgbView::new(&data, 160, 160, 3 * 160).unwrap();
    // Heads of 3.4 px, doubled: the model knows 1 to 64 px, or says that it knows none below 8.
    for (known, ratio_lo) in [("[1, 64]", 0.75), ("[8, 64]", 0.5)] {
        let mut counter = counter_that_measures_heads_and_knows("[7.0, 25.0]", known).unwrap();
        let count = counter.count_at(picture, Scale::ByHeads).unwrap();
        assert!(
            close(count.people_lo, ratio_lo * count.people),
            "{known}: {}",
            count.people_lo / count.people
        );
    }
}

#[test]
fn what_measures_heads_must_be_a_detector() {
    let message = counter_that_measures_heads("[7.0, 9.0]").unwrap_err().to_string();
    assert!(message.contains("head_sizes.range_px must be two positive numbers"), "{message}");
    let itself = "[head_sizes]\ncard = \"tiny.toml\"\nrange_px = [7, 25]\n\n[[error]]";
    let model = Model::new(&card_text(BRIGHTNESS).replacen("[[error]]", itself, 1));
    let message = model.open().unwrap_err().to_string();
    assert!(message.contains("head_sizes.card must name a detector with boxes"), "{message}");
}

#[test]
fn padding_adds_nobody_and_a_large_picture_keeps_its_people() {
    let mut counter = Model::new(&card_text(BRIGHTNESS)).open().unwrap();
    // 72x40 px is padded to 80x48: 10x6 cells in, 9x5 out.
    let (data, mean) = slope(72, 40);
    let found = count(&mut counter, &data, 72, 40);
    assert_eq!((found.density.width_cells, found.density.height_cells), (9, 5));
    assert!(close(found.people, mean * 45.0));
    // 1024x512 px is limited to 256x128; its cells are 32 px of the picture.
    let (data, mean) = slope(1024, 512);
    let found = count(&mut counter, &data, 1024, 512);
    assert_eq!((found.density.width_cells, found.density.height_cells), (32, 16));
    assert!(close(found.density.px_per_cell_x, 32.0) && close(found.density.px_per_cell_y, 32.0));
    assert!(close(found.people, mean * 512.0));
}

#[test]
fn a_large_picture_in_tiles_counts_as_one() {
    let mut counter = Model::new(&card_text(BRIGHTNESS)).open().unwrap();
    // 1024x512 px at half its size is 512x256: tiles of at most 256 px. At full size it is four times the cells.
    let (data, mean) = slope(1024, 512);
    let picture = RgbView::new(&data, 1024, 512, 3 * 1024).unwrap();
    for (factor, cells) in [(0.5, (64, 32)), (1.0, (128, 64))] {
        let found = counter.count_at(picture, Scale::Factor(factor)).unwrap();
        assert_eq!((found.density.width_cells, found.density.height_cells), cells);
        assert!(close(found.people, mean * f64::from(cells.0 as u32 * cells.1 as u32)), "{}", found.people);
        // Brighter to the right, without a step at a seam.
        let row = &found.density.people_per_cell[..cells.0];
        assert!(row.windows(2).all(|pair| pair[1] >= pair[0] - 1e-6), "{row:?}");
    }
}

#[test]
fn pictures_counted_together_count_as_each_alone() {
    let model = Model::new(&card_text(BRIGHTNESS));
    let mut counter = model.open().unwrap();
    let (small, _) = slope(64, 48);
    let (wide, _) = slope(100, 60);
    let black = vec![0; 3 * 64 * 48];
    let view = |data, width, height| RgbView::new(data, width, height, 3 * width).unwrap();
    let pictures = [
        view(&small, 64, 48),
        view(&black, 64, 48),
        view(&wide, 100, 60),
        view(&small[3..], 63, 47),
        view(&small, 64, 48),
    ];
    for preparing_threads in [1, 3] {
        let options = Options { device: Device::Cpu, threads: 1, preparing_threads, ..Options::default() };
        let mut several = Counter::open(&model.card(), &options).unwrap();
        let together = several.count_batch(&pictures.map(|picture| (picture, Scale::AsCard))).unwrap();
        assert_eq!(together.len(), pictures.len());
        for (picture, count) in pictures.iter().zip(&together) {
            let alone = counter.count(*picture).unwrap();
            assert_eq!((&count.validity, &count.density), (&alone.validity, &alone.density));
        }
    }
}

#[test]
fn a_counter_counts_as_itself_and_not_as_another() {
    let mut counter = Model::new(&card_text(BRIGHTNESS)).open().unwrap();
    let mut twin = Model::new(&card_text(BRIGHTNESS)).open().unwrap();
    let same = parity(&mut counter, &mut twin, [100, 60]).unwrap();
    // Five pictures, each alone and in a batch.
    assert_eq!((same.pictures, &same.refused[..]), (10, &[][..]));
    assert!(same.people_max > 10.0 && same.cell_max > 0.1, "{same:?}");
    assert_eq!((same.people_difference, same.cell_difference), (0.0, 0.0));

    let points = card_text(POINTS)
        .replace("kind = \"density\"", "kind = \"points\"\npoints = { score_min = 0.3 }")
        .replace("name = \"density\"", "name = \"heads\"");
    let other = parity(&mut Model::new(&points).open().unwrap(), &mut counter, [100, 60]).unwrap();
    assert!(
        other.pictures == 10 && other.people_difference > 1.0 && other.cell_difference > 0.1,
        "{other:?}"
    );
    let brighter = card_text(BRIGHTNESS).replace("0..1", "0..255");
    let refused = parity(&mut Model::new(&brighter).open().unwrap(), &mut counter, [100, 60]).unwrap();
    assert!(refused.pictures == 0 && refused.refused[0].starts_with("count is implausible"), "{refused:?}");
}

#[test]
fn black_pictures_and_broken_networks_give_no_number() {
    let mut counter = Model::new(&card_text(BRIGHTNESS)).open().unwrap();
    let black = count(&mut counter, &[0; 64 * 64 * 3], 64, 64).off_head_size_range();
    assert!(
        black.people_lo.is_nan()
            && black.people.is_nan()
            && black.people_hi.is_nan()
            && black.density.people_per_cell.is_empty()
    );
    let reason = "picture is black (mean luma 0 of 255)".to_owned();
    assert_eq!(black.validity, Validity::NotValid { reason });

    let mut broken = Model::new(&card_text(NOT_A_NUMBER)).open().unwrap();
    let (data, _) = slope(64, 48);
    let reason = "the model gave NaN people in cell (0, 0)".to_owned();
    assert_eq!(count(&mut broken, &data, 64, 48).validity, Validity::NotValid { reason });
}

#[test]
fn a_card_that_lies_is_refused_with_the_contradiction() {
    for (from, to, expected) in [
        ("name = \"picture\"", "name = \"image\"", "input.name is `image`, the model's input is `picture`"),
        ("\"rgb\"", "\"grey\"", "input.colour `grey` has 1 channel(s), the model takes 3"),
        ("name = \"density\"", "name = \"heat\"", "output.name is `heat`, the model gives `density`"),
        (
            "stride_px = 8",
            "stride_px = 4",
            "output.stride_px = 4 makes [1, 1, 16, 20] of a picture of 80x64 px, the model gives [1, 1, 8, 10]",
        ),
        (
            "kind = \"density\"",
            "kind = \"boxes\"\nboxes = { strides_px = [8], classes = 1, person_class = 0, score_min = 0.3, iou_max = 0.5 }",
            "output.boxes makes [1, 80, 6] of a picture of 80x64 px, the model gives [1, 1, 8, 10]",
        ),
    ] {
        let message =
            Model::new(&card_text(BRIGHTNESS).replacen(from, to, 1)).open().unwrap_err().to_string();
        assert!(
            message.starts_with(&format!("model card does not describe its model: {expected}")),
            "{message}"
        );
        assert!(message.ends_with("tiny.toml"), "{message}");
    }
}

#[test]
fn hints_of_a_card_reach_whoever_runs_it_and_a_lie_is_refused() {
    let with = |card: &str, hints: &str| {
        card.replacen("[[error]]", &format!("[execution]\n{hints}\n\n[[error]]"), 1)
    };
    let alone = Model::new(&card_text(BRIGHTNESS)).open().unwrap();
    assert_eq!(alone.info().batch_max, 1, "a CPU is kept busy by one picture");
    let hints = "precision = \"single\"\ncpu = { threads = 1, batch_max = 4 }";
    assert_eq!(Model::new(&with(&card_text(BRIGHTNESS), hints)).open().unwrap().info().batch_max, 4);

    let points = card_text(POINTS)
        .replace("kind = \"density\"", "kind = \"points\"\npoints = { score_min = 0.3 }")
        .replace("name = \"density\"", "name = \"heads\"");
    let lie = Model::new(&with(&points, "cuda = { batch_max = 4 }")).open().unwrap_err().to_string();
    assert!(lie.contains("execution.cuda.batch_max is 4, the model takes one picture at a time"), "{lie}");
}

#[test]
fn a_corrupt_model_file_is_told_from_a_changed_one() {
    let model = Model::new(&card_text(BRIGHTNESS));
    fs::write(model.folder.path().join("brightness.onnx"), "abc").unwrap();
    let changed = model.open().unwrap_err().to_string();
    assert!(changed.contains("ba7816bf") && changed.contains(BRIGHTNESS.1), "{changed}");
    // The same three bytes under a card with their own hash.
    let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    fs::write(model.card(), card_text((BRIGHTNESS.0, sha256))).unwrap();
    let corrupt = model.open().unwrap_err().to_string();
    assert!(corrupt.starts_with("ONNX Runtime cannot read the model of card `brightness`"), "{corrupt}");
    assert!(corrupt.ends_with("brightness.onnx"), "{corrupt}");
}

#[test]
fn an_accelerator_that_is_not_there_falls_back_to_the_cpu_and_says_so() {
    let model = Model::new(&card_text(BRIGHTNESS));
    // No machine has this many CUDA devices.
    let options = Options { device: Device::Cuda(4095), threads: 1, ..Options::default() };
    let mut counter = Counter::open(&model.card(), &options).unwrap();
    assert_eq!(counter.info().device, Device::Cpu);
    let reason = counter.info().device_fallback.clone().unwrap();
    assert!(reason.starts_with("cuda:4095 cannot be used, counting on the CPU: "), "{reason}");
    let (data, mean) = slope(64, 48);
    assert!(close(count(&mut counter, &data, 64, 48).people, mean * 48.0));

    // Of several, those that are there are used.
    let options =
        Options { device: Device::Cuda(4095), also_on: vec![Device::Cpu, Device::Cuda(4094)], ..options };
    let info = Counter::open(&model.card(), &options).unwrap().info().clone();
    assert_eq!((info.device, info.also_on), (Device::Cpu, vec![]));
    let reason = info.device_fallback.unwrap();
    assert!(
        reason.contains("cuda:4095 cannot be used") && reason.contains("; cuda:4094 cannot be used"),
        "{reason}"
    );
}

#[test]
fn the_model_file_may_lie_in_another_folder() {
    let card = Model::new(&card_text(BRIGHTNESS));
    fs::remove_file(card.folder.path().join("brightness.onnx")).unwrap();
    assert!(card.open().unwrap_err().to_string().contains("--model-dir"));
    let model_dir = Some(PathBuf::from(FIXTURES));
    let options = Options { device: Device::Cpu, threads: 1, model_dir, ..Options::default() };
    assert_eq!(Counter::open(&card.card(), &options).unwrap().info().sha256, BRIGHTNESS.1);
}
