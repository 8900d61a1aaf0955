//! Density as a translucent layer over the camera picture.

use std::sync::LazyLock;

use image::{Rgb, RgbImage};
use throng_analytics::density_map::DensityMap;

use super::canvas::{Rect, fill_rect, row_mut};
use super::palette::{heat_alpha, heat_colour};
use super::text::{TextStyle, Weight, draw_text, text_width_px};

/// What one cell's value means, for the legend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeatUnit {
    /// People in the cell, as a counter gives it.
    PeoplePerCell,
    /// People on a square metre of the ground the cell shows.
    PeoplePerM2,
}

impl HeatUnit {
    fn label(self) -> &'static str {
        match self {
            Self::PeoplePerCell => "people / cell",
            Self::PeoplePerM2 => "people / m²",
        }
    }
}

/// A density map and how to show it.
#[derive(Clone, Copy, Debug)]
pub struct HeatLayer<'a> {
    /// Values `[height_cells, width_cells]` and where the cells lie in the picture.
    pub map: &'a DensityMap,
    /// What the values mean.
    pub unit: HeatUnit,
    /// The value drawn in the strongest colour; larger ones look the same.
    pub full_value: f32,
}

/// Steps of the colour scale.
const STEPS: usize = 256;

/// The layer's share of each channel, already weighted, and what is left of the picture, both in 1/256.
struct Step {
    layer: [u16; 3],
    picture: u16,
}

static SCALE: LazyLock<Vec<Step>> = LazyLock::new(|| {
    (0..STEPS)
        .map(|step| {
            let share = step as f32 / (STEPS - 1) as f32;
            let alpha = heat_alpha(share);
            let layer = heat_colour(share).0.map(|channel| (f32::from(channel) * alpha * 256.0) as u16);
            Step { layer, picture: 256 - (alpha * 256.0) as u16 }
        })
        .collect()
});

/// Lays the density over the picture, smoothed between cells. Cells past the picture are left out, and a layer
/// without a positive `full_value` draws nothing.
pub fn draw_heat(picture: &mut RgbImage, layer: &HeatLayer<'_>) {
    let map = layer.map;
    if !has_scale(layer) || map.width_cells == 0 || map.height_cells == 0 {
        return;
    }
    let steps_per_value = (STEPS - 1) as f32 / layer.full_value;
    let (width, height) = picture.dimensions();
    let columns: Vec<Between> =
        (0..width).map(|x| Between::of(x, map.px_per_cell_x, map.width_cells)).collect();
    let cells = smoothed(map);
    let mut steps_of_row = vec![0.0_f32; map.width_cells];
    for y in 0..height {
        let between = Between::of(y, map.px_per_cell_y, map.height_cells);
        let row_of = |cell: usize| &cells[cell * map.width_cells..(cell + 1) * map.width_cells];
        let mut peak = 0.0_f32;
        for (step, (upper, lower)) in
            steps_of_row.iter_mut().zip(row_of(between.first).iter().zip(row_of(between.second)))
        {
            *step = (upper + (lower - upper) * between.part) * steps_per_value;
            peak = peak.max(*step);
        }
        if peak < 1.0 {
            continue;
        }
        let row = row_mut(picture, y);
        for (pixel, column) in row.as_chunks_mut::<3>().0.iter_mut().zip(&columns) {
            let (left, right) = (steps_of_row[column.first], steps_of_row[column.second]);
            let step = (left + (right - left) * column.part) as usize;
            if step > 0 {
                lay_step(pixel, &SCALE[step.min(STEPS - 1)]);
            }
        }
    }
}

fn has_scale(layer: &HeatLayer<'_>) -> bool {
    // False for NaN too.
    layer.full_value > 0.0 && layer.full_value.is_finite()
}

fn lay_step(pixel: &mut [u8; 3], step: &Step) {
    for (channel, layer) in pixel.iter_mut().zip(step.layer) {
        // Both products are below 2^16, and so is their sum: the weights add up to 256.
        *channel = ((u16::from(*channel) * step.picture + layer) >> 8) as u8;
    }
}

/// The two neighbouring cells whose centres a pixel lies between, and how far it is towards the second.
struct Between {
    first: usize,
    second: usize,
    part: f32,
}

impl Between {
    fn of(pixel: u32, px_per_cell: f64, cells: usize) -> Self {
        let position = ((f64::from(pixel) + 0.5) / px_per_cell - 0.5).clamp(0.0, (cells - 1) as f64);
        let first = position as usize;
        Self { first, second: (first + 1).min(cells - 1), part: (position - first as f64) as f32 }
    }
}

/// Cell values blurred with (1 2 1)/4 along both axes: a head spreads over a few cells, not into one block.
fn smoothed(map: &DensityMap) -> Vec<f32> {
    let (width, height) = (map.width_cells, map.height_cells);
    let along = |values: &[f32], step: usize, index: usize, position: usize, length: usize| {
        let before = if position == 0 { values[index] } else { values[index - step] };
        let after = if position + 1 == length { values[index] } else { values[index + step] };
        (before + after).mul_add(0.25, values[index] * 0.5)
    };
    let source = &map.people_per_cell;
    let across: Vec<f32> = (0..width * height).map(|i| along(source, 1, i, i % width, width)).collect();
    (0..width * height).map(|i| along(&across, width, i, i / width, height)).collect()
}

/// Draws the colour scale with its ends and unit in a box whose bottom right corner is `(right, bottom)`; `line_px`
/// is the height of its lettering.
pub fn draw_heat_legend(
    picture: &mut RgbImage,
    layer: &HeatLayer<'_>,
    (right, bottom): (f32, f32),
    line_px: f32,
) {
    if !has_scale(layer) {
        return;
    }
    let style = TextStyle { line_px, weight: Weight::Regular, colour: Rgb([235; 3]) };
    let full = format!("≥ {} {}", short_number(layer.full_value), layer.unit.label());
    let bar_width = (line_px * 7.0).round();
    let (gap, bar_height) = (line_px * 0.4, line_px * 0.7);
    let zero_width = text_width_px("0", style);
    let width = zero_width + bar_width + text_width_px(&full, style) + 4.0 * gap;
    let height = line_px + gap;
    let (left, top) = (right - width, bottom - height);
    fill_rect(picture, Rect { x: left, y: top, width, height }, Rgb([12, 14, 18]), 0.66);
    let text_top = top + gap / 2.0;
    draw_text(picture, "0", left + gap, text_top, style);
    let bar_left = (left + 2.0 * gap + zero_width).round();
    for column in 0..bar_width as u32 {
        let colour = heat_colour(column as f32 / (bar_width - 1.0).max(1.0));
        let y = text_top + (line_px - bar_height) / 2.0;
        fill_rect(
            picture,
            Rect { x: bar_left + column as f32, y, width: 1.0, height: bar_height },
            colour,
            1.0,
        );
    }
    draw_text(picture, &full, bar_left + bar_width + gap, text_top, style);
}

/// Two significant digits at most, as a legend needs.
fn short_number(value: f32) -> String {
    if value >= 10.0 {
        format!("{value:.0}")
    } else if value >= 1.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(width: usize, height: usize, px: f64, values: Vec<f32>) -> DensityMap {
        DensityMap::new(width, height, px, px, values).unwrap()
    }

    #[test]
    fn heat_is_strongest_where_the_people_are_and_absent_elsewhere() {
        let mut values = vec![0.0; 96 * 72];
        values[36 * 96 + 48] = 1.0;
        let map = map(96, 72, 8.0, values);
        let mut picture = RgbImage::from_pixel(768, 576, Rgb([40; 3]));
        draw_heat(&mut picture, &HeatLayer { map: &map, unit: HeatUnit::PeoplePerCell, full_value: 0.25 });
        assert_eq!(picture.dimensions(), (768, 576));
        let peak = picture.get_pixel(48 * 8 + 4, 36 * 8 + 4);
        assert!(peak.0[0] > 150, "{peak:?}");
        assert_eq!(picture.get_pixel(100, 100).0, [40; 3]);
        let warmer = picture.pixels().filter(|p| p.0 != [40; 3]).count();
        assert!((100..2500).contains(&warmer), "{warmer} pixels");
    }

    #[test]
    fn maps_larger_or_smaller_than_the_picture_are_clipped() {
        for px in [0.5, 100.0, 1e6] {
            let map = map(3, 2, px, vec![1.0; 6]);
            let mut picture = RgbImage::new(50, 40);
            draw_heat(&mut picture, &HeatLayer { map: &map, unit: HeatUnit::PeoplePerM2, full_value: 1.0 });
            assert!(picture.pixels().all(|p| p.0[0] > 100));
        }
    }

    #[test]
    fn empty_maps_pictures_and_scales_draw_nothing() {
        let empty = map(0, 0, 8.0, vec![]);
        let one = map(1, 1, 8.0, vec![3.0]);
        let mut picture = RgbImage::new(10, 10);
        for (map, full_value) in [(&empty, 1.0), (&one, 0.0), (&one, -1.0), (&one, f32::NAN)] {
            let layer = HeatLayer { map, unit: HeatUnit::PeoplePerCell, full_value };
            draw_heat(&mut picture, &layer);
            assert!(picture.pixels().all(|p| p.0 == [0; 3]));
        }
        let layer = HeatLayer { map: &one, unit: HeatUnit::PeoplePerCell, full_value: 1.0 };
        draw_heat(&mut RgbImage::new(0, 0), &layer);
        draw_heat_legend(&mut RgbImage::new(0, 0), &layer, (0.0, 0.0), 12.0);
        draw_heat_legend(&mut picture, &layer, (9.0, 9.0), 12.0);
    }
}
