//! Scaling of RGB rows: the mean over the covered area when shrinking, bilinear when growing. Rows are made one at a
//! time, so that a large still needs no scaled copy of itself.

use crate::picture::RgbView;

/// For every output position along one axis: the first source position and the weights from there on, summing to 1.
#[derive(Debug, Default)]
struct Taps {
    first: Vec<usize>,
    weights_end: Vec<usize>,
    weights: Vec<f32>,
}

impl Taps {
    fn plan(&mut self, from: usize, to: usize) {
        self.first.clear();
        self.weights_end.clear();
        self.weights.clear();
        let step = from as f64 / to as f64;
        for position in 0..to {
            let start = self.weights.len();
            // Source interval [low, high) whose every pixel counts by the length it is covered on; when growing, the
            // interval is one pixel long around the centre, which is linear interpolation.
            let centre = (position as f64 + 0.5) * step;
            let half = step.max(1.0) / 2.0;
            let (low, high) = ((centre - half).max(0.0), (centre + half).min(from as f64));
            let first = (low as usize).min(from - 1);
            let last = (high.ceil() as usize).clamp(first + 1, from);
            for source in first..last {
                let covered = (high.min(source as f64 + 1.0) - low.max(source as f64)).max(0.0);
                self.weights.push(covered as f32);
            }
            let sum: f32 = self.weights[start..].iter().sum();
            for weight in &mut self.weights[start..] {
                *weight /= sum;
            }
            self.first.push(first);
            self.weights_end.push(self.weights.len());
        }
    }

    /// First source position and weights of output position `at`.
    fn at(&self, at: usize) -> (usize, &[f32]) {
        let start = if at == 0 { 0 } else { self.weights_end[at - 1] };
        (self.first[at], &self.weights[start..self.weights_end[at]])
    }
}

/// Makes scaled rows of one picture after another, its buffers kept.
#[derive(Debug, Default)]
pub(crate) struct Resampler {
    sizes: [usize; 4],
    across: Taps,
    down: Taps,
    /// Two source rows scaled across, by the parity of the row, each with its number.
    across_rows: [(Option<usize>, Vec<f32>); 2],
    row: Vec<f32>,
}

impl Resampler {
    /// Prepares for scaling `picture` to `width_px` x `height_px`.
    pub(crate) fn start(&mut self, picture: RgbView<'_>, width_px: usize, height_px: usize) {
        let sizes = [picture.width_px(), picture.height_px(), width_px, height_px];
        if self.sizes != sizes {
            self.across.plan(sizes[0], width_px);
            self.down.plan(sizes[1], height_px);
            self.sizes = sizes;
        }
        for (number, row) in &mut self.across_rows {
            *number = None;
            row.resize(3 * width_px, 0.0);
        }
        self.row.resize(3 * width_px, 0.0);
    }

    /// Row `y` of the scaled picture, R G B R G B ..., 0..255.
    pub(crate) fn row(&mut self, picture: RgbView<'_>, y: usize) -> &[f32] {
        let (first, weights) = self.down.at(y);
        self.row.fill(0.0);
        for (source_y, weight) in (first..).zip(weights) {
            let (number, across_row) = &mut self.across_rows[source_y % 2];
            if *number != Some(source_y) {
                scale_across(&self.across, picture.row(source_y), across_row);
                *number = Some(source_y);
            }
            for (sum, value) in self.row.iter_mut().zip(across_row.iter()) {
                *sum += weight * value;
            }
        }
        &self.row
    }
}

fn scale_across(taps: &Taps, source: &[u8], scaled: &mut [f32]) {
    let (pixels, _) = source.as_chunks::<3>();
    for (x, out) in scaled.as_chunks_mut::<3>().0.iter_mut().enumerate() {
        let (first, weights) = taps.at(x);
        *out = [0.0; 3];
        for (pixel, weight) in pixels[first..].iter().zip(weights) {
            for (sum, value) in out.iter_mut().zip(pixel) {
                *sum += weight * f32::from(*value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scaled(data: &[u8], from: (usize, usize), to: (usize, usize)) -> Vec<f32> {
        let picture = RgbView::new(data, from.0, from.1, 3 * from.0).unwrap();
        let mut resampler = Resampler::default();
        resampler.start(picture, to.0, to.1);
        (0..to.1).flat_map(|y| resampler.row(picture, y).to_vec()).collect()
    }

    #[test]
    fn shrinking_by_two_takes_the_mean_of_four_pixels() {
        let data: Vec<u8> = (0..4 * 2).flat_map(|i| [10 * i as u8, 0, 255]).collect();
        let out = scaled(&data, (4, 2), (2, 1));
        assert_eq!(out, [25.0, 0.0, 255.0, 45.0, 0.0, 255.0]);
    }

    #[test]
    fn growing_interpolates_and_stays_within_the_values() {
        let data = [0, 0, 0, 100, 100, 100];
        let reds: Vec<f32> = scaled(&data, (2, 1), (4, 2)).chunks(3).map(|p| p[0]).collect();
        assert_eq!(reds, [0.0, 25.0, 75.0, 100.0, 0.0, 25.0, 75.0, 100.0]);
    }

    #[test]
    fn the_mean_survives_an_odd_ratio() {
        let data: Vec<u8> = (0..37 * 23 * 3).map(|i| (i * 7919 % 251) as u8).collect();
        let mean = |values: &[f32]| values.iter().sum::<f32>() / values.len() as f32;
        let before: Vec<f32> = data.iter().map(|v| f32::from(*v)).collect();
        let after = scaled(&data, (37, 23), (11, 9));
        assert!((mean(&before) - mean(&after)).abs() < 0.05);
    }
}
