//! The density head: people in each cell, cropped to the picture.

use throng_analytics::density_map::DensityMap;

use crate::fit::Fit;

/// The part of a network's density output that covers the picture, as a map in the picture's pixels.
///
/// `people` is `[input height / stride, input width / stride]`. Cells that lie wholly in the padding are dropped with
/// the people the network saw there; negative values, which an unconstrained network may give, count as nobody.
/// `Err` says why the output is no count.
pub(crate) fn from_output(people: &[f32], fit: &Fit, stride_px: usize) -> Result<DensityMap, String> {
    let output_width_cells = fit.input_width_px / stride_px;
    let width_cells = fit.scaled_width_px.div_ceil(stride_px);
    let height_cells = fit.scaled_height_px.div_ceil(stride_px);
    let mut people_per_cell = Vec::with_capacity(width_cells * height_cells);
    for row in people.chunks_exact(output_width_cells).take(height_cells) {
        people_per_cell.extend(row[..width_cells].iter().map(|value| {
            // `max` would turn NaN into 0 and hide it.
            if *value < 0.0 { 0.0 } else { *value }
        }));
    }
    if let Some(index) = people_per_cell.iter().position(|value| !value.is_finite()) {
        let (x, y) = (index % width_cells, index / width_cells);
        return Err(format!("the model gave {} people in cell ({x}, {y})", people_per_cell[index]));
    }
    map(fit, stride_px, width_cells, height_cells, people_per_cell)
}

/// One person in the cell under each of `heads_in_input`, points in pixels of the network's input.
pub(crate) fn from_heads(
    heads_in_input: impl Iterator<Item = [f32; 2]>,
    fit: &Fit,
    stride_px: usize,
) -> Result<DensityMap, String> {
    let width_cells = fit.scaled_width_px.div_ceil(stride_px);
    let height_cells = fit.scaled_height_px.div_ceil(stride_px);
    let mut people_per_cell = vec![0.0; width_cells * height_cells];
    for [x_px, y_px] in heads_in_input {
        // A head that sticks out of the picture counts at its edge; one in the padding is nobody.
        if x_px > fit.scaled_width_px as f32 || y_px > fit.scaled_height_px as f32 {
            continue;
        }
        let cell = |at_px: f32, cells: usize| ((at_px.max(0.0) as usize) / stride_px).min(cells - 1);
        people_per_cell[cell(y_px, height_cells) * width_cells + cell(x_px, width_cells)] += 1.0;
    }
    map(fit, stride_px, width_cells, height_cells, people_per_cell)
}

/// A map without cells, for a picture that could not be counted.
pub(crate) fn nothing() -> DensityMap {
    DensityMap {
        width_cells: 0,
        height_cells: 0,
        px_per_cell_x: 1.0,
        px_per_cell_y: 1.0,
        people_per_cell: Vec::new(),
    }
}

fn map(
    fit: &Fit,
    stride_px: usize,
    width_cells: usize,
    height_cells: usize,
    people_per_cell: Vec<f32>,
) -> Result<DensityMap, String> {
    let px_per_cell_x = stride_px as f64 * fit.picture_px_per_input_px_x();
    let px_per_cell_y = stride_px as f64 * fit.picture_px_per_input_px_y();
    DensityMap::new(width_cells, height_cells, px_per_cell_x, px_per_cell_y, people_per_cell)
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_in_the_padding_are_dropped_and_the_rest_is_kept() {
        // 20x9 px picture in a 32x16 input, stride 8: 3x2 of 4x2 cells touch the picture.
        let fit = Fit::to_multiple((20, 9), 16, 64);
        let map = from_output(&[1.0, 2.0, 3.0, 90.0, 4.0, 5.0, 6.0, 90.0], &fit, 8).unwrap();
        assert_eq!((map.width_cells, map.height_cells), (3, 2));
        assert_eq!(map.people_per_cell, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert!((map.people() - 21.0).abs() < 1e-9);
    }

    #[test]
    fn cells_grow_with_a_picture_that_was_shrunk() {
        let fit = Fit::to_multiple((128, 64), 16, 64);
        let map = from_output(&[0.5; 32], &fit, 8).unwrap();
        assert!((map.px_per_cell_x - 16.0).abs() < 1e-12 && (map.px_per_cell_y - 16.0).abs() < 1e-12);
    }

    #[test]
    fn negative_values_are_nobody_and_nan_is_no_count() {
        let fit = Fit::to_multiple((16, 16), 16, 64);
        assert!((from_output(&[-1.0, 1.0, 0.0, -0.5], &fit, 8).unwrap().people() - 1.0).abs() < 1e-9);
        let reason = from_output(&[0.0, 0.0, 0.0, f32::NAN], &fit, 8).unwrap_err();
        assert_eq!(reason, "the model gave NaN people in cell (1, 1)");
        assert!(from_output(&[f32::INFINITY, 0.0, 0.0, 0.0], &fit, 8).is_err());
    }

    #[test]
    fn heads_count_one_each_and_those_in_the_padding_none() {
        let fit = Fit::to_multiple((20, 9), 16, 64);
        let heads = [[1.0, 1.0], [2.0, -3.0], [19.9, 8.9], [30.0, 4.0]];
        let map = from_heads(heads.into_iter(), &fit, 8).unwrap();
        assert_eq!(map.people_per_cell, [2.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
    }
}
