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

/// What the input must hold at `(channel, y, x)`, said without regard to speed. No scaling.
fn expected_at(picture: RgbView<'_>, input: &Input, channel: usize, y: usize, x: usize) -> f32 {
    let gain = if input.range == Range::Unit { 1.0 / 255.0 } else { 1.0 };
    let outside = x >= picture.width_px() || y >= picture.height_px();
    if outside && input.padding == Padding::Grey {
        return 114.0 * gain;
    }
    let row = picture.row(y.min(picture.height_px() - 1));
    let at = 3 * x.min(picture.width_px() - 1);
    let [r, g, b] = [row[at], row[at + 1], row[at + 2]].map(f32::from);
    gain * match input.colour {
        Colour::Rgb => [r, g, b][channel],
        Colour::Bgr => [b, g, r][channel],
        Colour::Grey => 0.299 * r + 0.587 * g + 0.114 * b,
    }
}

#[test]
fn every_colour_range_and_padding_equals_the_plain_reference() {
    let (data, stride) = picture_bytes(53, 37);
    let picture = RgbView::new(&data, 53, 37, stride).unwrap();
    let whole = whole((53, 37), 256);
    let mut values = Vec::new();
    for colour in [Colour::Rgb, Colour::Bgr, Colour::Grey] {
        for range in [Range::Bytes, Range::Unit] {
            for padding in [Padding::Edge, Padding::Grey] {
                let input = input(colour, range, padding);
                fill(&mut Preprocessor::new(&input), picture, &whole, &mut values);
                assert_eq!(values.len(), colour.channels() * 64 * 48);
                for (at, value) in values.iter().enumerate() {
                    let (channel, y, x) = (at / (64 * 48), at / 64 % 48, at % 64);
                    let expected = expected_at(picture, &input, channel, y, x);
                    assert!((value - expected).abs() < 1e-3, "{input:?} ({channel}, {y}, {x}): {value}");
                }
            }
        }
    }
}

#[test]
fn a_large_picture_is_scaled_by_the_mean_over_area() {
    let (data, stride) = picture_bytes(640, 480);
    let picture = RgbView::new(&data, 640, 480, stride).unwrap();
    // 640x480 to 160x120 and a padded 160x128: each input pixel is the mean of 4x4.
    let whole = whole((640, 480), 160);
    let mut values = Vec::new();
    let mut preprocessor = Preprocessor::new(&input(Colour::Rgb, Range::Bytes, Padding::Edge));
    fill(&mut preprocessor, picture, &whole, &mut values);
    for (channel, y, x) in [(0, 0, 0), (1, 60, 79), (2, 119, 159), (0, 127, 40)] {
        let source_y = y.min(119) * 4;
        let expected: f32 = (0..16)
            .map(|i| f32::from(picture.row(source_y + i / 4)[3 * (4 * x + i % 4) + channel]))
            .sum::<f32>()
            / 16.0;
        let found = values[channel * 160 * 128 + y * 160 + x];
        assert!((found - expected).abs() < 1e-2, "({channel}, {y}, {x}): {found} is not {expected}");
    }
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
