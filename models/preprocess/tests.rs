use std::{
    io::Write,
    process::{Command, Stdio},
};

use super::*;
use crate::tiling::Tiling;

fn input(colour: Colour, range: Range, padding: Padding) -> Input {
    Input {
        name: "picture".to_owned(),
        colour,
        range,
        multiple_of_px: 16,
        max_side_px: 256,
        head_size_range_px: [4.0, 64.0],
        padding,
    }
}

/// The one tile of a picture that goes in whole.
fn whole(size_px: (usize, usize), max_side_px: usize) -> (Fit, Tile) {
    let fit = Fit::within(size_px, max_side_px);
    let tile = Tiling::up_to(&fit, 16, max_side_px).tiles().next().unwrap();
    (fit, tile)
}

/// The input of a tile, made into `values` that may hold another.
fn fill(
    preprocessor: &mut Preprocessor,
    picture: RgbView<'_>,
    (fit, tile): &(Fit, Tile),
    values: &mut Vec<f32>,
) {
    values.resize(preprocessor.colour.channels() * tile.input_width_px * tile.input_height_px, 0.0);
    preprocessor.fill(picture, fit, tile, values);
}

/// A picture of scrambled bytes with unused bytes at each row's end.
fn picture_bytes(width: usize, height: usize) -> (Vec<u8>, usize) {
    let stride = 3 * width + 5;
    let data = (0..stride * height).map(|i| (i.wrapping_mul(2_654_435_761) >> 7) as u8).collect();
    (data, stride)
}

/// The input that `reference.py` makes of the picture whose bytes are `rgb`.
fn by_reference(rgb: &[u8], fit: &Fit, tile: &Tile, input: &Input) -> Vec<f32> {
    let sizes = [
        fit.picture_width_px,
        fit.picture_height_px,
        fit.scaled_width_px,
        fit.scaled_height_px,
        tile.input_width_px,
        tile.input_height_px,
    ];
    let colour = match input.colour {
        Colour::Rgb => "rgb",
        Colour::Bgr => "bgr",
        Colour::Grey => "grey",
    };
    let range = if input.range == Range::Unit { "1" } else { "255" };
    let padding = if input.padding == Padding::Grey { "grey" } else { "edge" };
    let mut process = Command::new("/usr/bin/python3")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/preprocess/reference.py"))
        .args(sizes.map(|size| size.to_string()))
        .args([colour, range, padding])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    process.stdin.take().unwrap().write_all(rgb).unwrap();
    let output = process.wait_with_output().unwrap();
    assert!(output.status.success(), "reference.py failed: {sizes:?}");
    let (values, rest) = output.stdout.as_chunks::<4>();
    assert!(rest.is_empty());
    values.iter().map(|value| f32::from_le_bytes(*value)).collect()
}

/// Compares with the reference for every colour, range and padding.
fn assert_equals_reference(width: usize, height: usize, fit: &Fit) {
    let (data, stride) = picture_bytes(width, height);
    let picture = RgbView::new(&data, width, height, stride).unwrap();
    let rgb: Vec<u8> = (0..height).flat_map(|y| picture.row(y).to_vec()).collect();
    let tile = Tiling::up_to(fit, 16, 256).tiles().next().unwrap();
    let mut values = Vec::new();
    for colour in [Colour::Rgb, Colour::Bgr, Colour::Grey] {
        for range in [Range::Bytes, Range::Unit] {
            for padding in [Padding::Edge, Padding::Grey] {
                let input = input(colour, range, padding);
                fill(&mut Preprocessor::new(&input), picture, &(*fit, tile), &mut values);
                let expected = by_reference(&rgb, fit, &tile, &input);
                assert_eq!(values.len(), expected.len());
                let worst = values.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
                assert!(worst < 1e-3, "{input:?}, {fit:?}: off by {worst}");
            }
        }
    }
}

#[test]
fn input_equals_the_python_reference_unscaled_shrunk_and_grown() {
    assert_equals_reference(53, 37, &Fit::within((53, 37), 256));
    assert_equals_reference(71, 58, &Fit::by_factor((71, 58), 0.37));
    assert_equals_reference(64, 48, &Fit::by_factor((64, 48), 0.5));
    assert_equals_reference(23, 31, &Fit::by_factor((23, 31), 1.9));
}

#[test]
fn a_second_picture_leaves_nothing_of_the_first() {
    let (data, stride) = picture_bytes(100, 80);
    let large = RgbView::new(&data, 100, 80, stride).unwrap();
    let small = RgbView::new(&data, 20, 20, stride).unwrap();
    let mut preprocessor = Preprocessor::new(&input(Colour::Rgb, Range::Unit, Padding::Grey));
    let (mut reused, mut fresh) = (Vec::new(), Vec::new());
    fill(&mut preprocessor, large, &whole((100, 80), 64), &mut reused);
    fill(&mut preprocessor, small, &whole((20, 20), 256), &mut reused);
    fill(&mut preprocessor, small, &whole((20, 20), 256), &mut fresh);
    assert_eq!(reused, fresh);
}

#[test]
fn a_tile_is_its_part_of_the_whole_scaled_picture() {
    let (data, stride) = picture_bytes(200, 90);
    let picture = RgbView::new(&data, 200, 90, stride).unwrap();
    let mut preprocessor = Preprocessor::new(&input(Colour::Rgb, Range::Bytes, Padding::Edge));
    for factor in [1.0, 0.7] {
        let fit = Fit::by_factor((200, 90), factor);
        let (mut whole, mut part) = (Vec::new(), Vec::new());
        let all = Tiling::up_to(&fit, 16, 256).tiles().next().unwrap();
        fill(&mut preprocessor, picture, &(fit, all), &mut whole);
        let tile = Tiling::up_to(&fit, 16, 64).tiles().last().unwrap();
        fill(&mut preprocessor, picture, &(fit, tile), &mut part);
        for (y, x) in (0..tile.height_px).flat_map(|y| (0..tile.width_px).map(move |x| (y, x))) {
            let found = part[y * tile.input_width_px + x];
            let expected = whole[(tile.y_px + y) * all.input_width_px + tile.x_px + x];
            assert!((found - expected).abs() < 1e-3, "factor {factor} ({y}, {x}): {found} is not {expected}");
        }
    }
}
