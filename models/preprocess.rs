//! From packed RGB to the network's input, in one pass over the picture.

use crate::{
    card::{Colour, Input, Padding, Range},
    fit::Fit,
    picture::RgbView,
    resample::Resampler,
    tiling::Tile,
};

/// BT.601 luma, what "grey" means to OpenCV and Pillow and so to the counters trained with them.
pub(crate) const LUMA_OF_RGB: [f32; 3] = [0.299, 0.587, 0.114];

/// Value of the grey that detectors of the YOLO family are padded with, 0..255.
const GREY_PADDING: f32 = 114.0;

/// Turns pictures into input as a card describes it; keeps its buffers from one picture to the next.
#[derive(Debug)]
pub(crate) struct Preprocessor {
    colour: Colour,
    gain: f32,
    padding: Padding,
    resampler: Resampler,
}

impl Preprocessor {
    pub(crate) fn new(input: &Input) -> Self {
        let gain = match input.range {
            Range::Bytes => 1.0,
            Range::Unit => 1.0 / 255.0,
        };
        Self { colour: input.colour, gain, padding: input.padding, resampler: Resampler::default() }
    }

    /// Fills `values`, `[channels, input height, input width]`, with the `tile` of `picture`, scaled by `fit`.
    pub(crate) fn fill(&mut self, picture: RgbView<'_>, fit: &Fit, tile: &Tile, values: &mut [f32]) {
        let (width, height) = (tile.input_width_px, tile.input_height_px);
        let unscaled = fit.is_unscaled();
        if !unscaled {
            self.resampler.start(picture, fit.scaled_width_px, fit.scaled_height_px);
        }
        let (colour, gain) = (self.colour, self.gain);
        let columns = 3 * tile.x_px..3 * (tile.x_px + tile.width_px);
        for y in 0..tile.height_px {
            let mut planes = Planes::new(values, colour, width * height, y * width, tile.width_px);
            if unscaled {
                planes.write(picture.row(tile.y_px + y)[columns.clone()].as_chunks().0, gain);
            } else {
                planes.write(self.resampler.row(picture, tile.y_px + y)[columns.clone()].as_chunks().0, gain);
            }
        }
        for plane in values.chunks_exact_mut(width * height) {
            match self.padding {
                Padding::Edge => pad_by_edge(plane, tile),
                Padding::Grey => pad_by_value(plane, tile, GREY_PADDING * gain),
            }
        }
    }
}

/// One row of each channel's plane.
enum Planes<'a> {
    Grey(&'a mut [f32]),
    Rgb([&'a mut [f32]; 3]),
}

impl<'a> Planes<'a> {
    fn new(values: &'a mut [f32], colour: Colour, plane: usize, start: usize, width: usize) -> Self {
        if colour == Colour::Grey {
            return Self::Grey(&mut values[start..start + width]);
        }
        let (first, rest) = values.split_at_mut(plane);
        let (second, third) = rest.split_at_mut(plane);
        let [first, second, third] = [first, second, third].map(|values| &mut values[start..start + width]);
        Self::Rgb(if colour == Colour::Bgr { [third, second, first] } else { [first, second, third] })
    }

    fn write<T: Copy + Into<f32>>(&mut self, pixels: &[[T; 3]], gain: f32) {
        match self {
            Self::Grey(grey) => {
                let [from_r, from_g, from_b] = LUMA_OF_RGB.map(|part| part * gain);
                for ([r, g, b], grey) in pixels.iter().zip(grey.iter_mut()) {
                    *grey = from_r * (*r).into() + from_g * (*g).into() + from_b * (*b).into();
                }
            }
            Self::Rgb([reds, greens, blues]) => {
                let planes = reds.iter_mut().zip(greens.iter_mut()).zip(blues.iter_mut());
                for ([r, g, b], ((red, green), blue)) in pixels.iter().zip(planes) {
                    *red = gain * (*r).into();
                    *green = gain * (*g).into();
                    *blue = gain * (*b).into();
                }
            }
        }
    }
}

fn pad_by_edge(plane: &mut [f32], tile: &Tile) {
    let width = tile.input_width_px;
    let (picture_rows, rows_below) = plane.split_at_mut(tile.height_px * width);
    for row in picture_rows.chunks_exact_mut(width) {
        let (picture, right) = row.split_at_mut(tile.width_px);
        if let Some(edge) = picture.last() {
            right.fill(*edge);
        }
    }
    let last_row_at = picture_rows.len() - width;
    for row in rows_below.chunks_exact_mut(width) {
        row.copy_from_slice(&picture_rows[last_row_at..]);
    }
}

fn pad_by_value(plane: &mut [f32], tile: &Tile, value: f32) {
    let (picture_rows, rows_below) = plane.split_at_mut(tile.height_px * tile.input_width_px);
    for row in picture_rows.chunks_exact_mut(tile.input_width_px) {
        row[tile.width_px..].fill(value);
    }
    rows_below.fill(value);
}

#[cfg(test)]
mod tests;
