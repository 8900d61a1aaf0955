//! From painted light to the bytes a camera delivers: blur, exposure, tint, vignette, noise, rain.

use image::RgbImage;

use super::canvas::Canvas;
use crate::rng::Rng;

/// What the lens, the weather and the sensor do to the picture.
#[derive(Clone, Copy, Debug)]
pub struct Sensor {
    /// Gain of red, green and blue.
    pub gain: [f32; 3],
    /// Added to every channel (haze, black level), 0..255.
    pub offset: f32,
    /// 1 keeps colours, 0 is grey.
    pub saturation: f32,
    /// Share of each neighbour in a 3-tap blur, 0..0.33; applied along rows and columns.
    pub blur: f32,
    /// How often the blur runs.
    pub blur_passes: u8,
    /// Darkening in the corners, 0..1.
    pub vignette: f32,
    /// Standard deviation of the noise, grey levels.
    pub noise: f32,
    /// Rain streaks per 100 x 100 pixels.
    pub rain: f32,
}

impl Default for Sensor {
    fn default() -> Self {
        Self {
            gain: [1.0; 3],
            offset: 0.0,
            saturation: 1.0,
            blur: 0.12,
            blur_passes: 1,
            vignette: 0.1,
            noise: 3.0,
            rain: 0.0,
        }
    }
}

/// A reusable sensor: keeps its noise table and scratch memory from frame to frame.
#[derive(Clone, Debug)]
pub struct Exposure {
    sensor: Sensor,
    noise: Vec<f32>,
    row: Vec<f32>,
}

/// Grains kept: several rows' worth for the widest picture.
const NOISE_TABLE: usize = 1 << 16;

impl Exposure {
    /// Prepares the noise; `rng` decides its grains.
    pub fn new(sensor: Sensor, rng: &mut Rng) -> Self {
        let noise = (0..NOISE_TABLE).map(|_| rng.normal(0.0, f64::from(sensor.noise)) as f32).collect();
        Self { sensor, noise, row: Vec::new() }
    }

    /// Turns the painted light into a picture. The canvas is left blurred. An empty canvas, or one wider than 21,845
    /// pixels, gives an empty picture.
    pub fn develop(&mut self, canvas: &mut Canvas, rng: &mut Rng) -> RgbImage {
        if canvas.colours.is_empty() || 3 * canvas.width_px >= self.noise.len() {
            return RgbImage::default();
        }
        self.rain(canvas, rng);
        for _ in 0..self.sensor.blur_passes {
            self.blur(canvas);
        }
        let (width, height) = (canvas.width_px, canvas.height_px);
        let sensor = self.sensor;
        let mut bytes = vec![0_u8; 3 * width * height];
        let (half_w, half_h) = (width as f32 / 2.0, height as f32 / 2.0);
        let falls: Vec<f32> = (0..width).map(|x| ((x as f32 - half_w) / half_w).powi(2)).collect();
        let rows = bytes.chunks_exact_mut(3 * width).zip(canvas.colours.chunks_exact(width));
        for (y, (row, colours)) in rows.enumerate() {
            let dy = ((y as f32 - half_h) / half_h).powi(2);
            // A new start in the table for every row: no pattern repeats from frame to frame.
            let start = rng.index(self.noise.len() - 3 * width);
            let grains = self.noise[start..].chunks_exact(3);
            for (((pixel, colour), dx), grain) in row.chunks_exact_mut(3).zip(colours).zip(&falls).zip(grains)
            {
                let fall = 1.0 - sensor.vignette * 0.5 * (dx + dy);
                let grey = 0.30 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2];
                for k in 0..3 {
                    let light = (grey + (colour[k] - grey) * sensor.saturation) * sensor.gain[k] * fall;
                    // Shot noise grows with light.
                    let noise = grain[k] * (0.6 + light * (1.0 / 320.0));
                    pixel[k] = (light + sensor.offset + noise) as u8;
                }
            }
        }
        RgbImage::from_raw(width as u32, height as u32, bytes).unwrap_or_default()
    }

    /// A 3-tap blur along rows, then along columns; the picture's edge repeats itself.
    fn blur(&mut self, canvas: &mut Canvas) {
        let side = self.sensor.blur;
        if side <= 0.0 {
            return;
        }
        let middle = 1.0 - 2.0 * side;
        let (row_len, height) = (3 * canvas.width_px, canvas.height_px);
        let values = canvas.colours.as_flattened_mut();
        self.row.resize(row_len + 6, 0.0);
        for row in values.chunks_exact_mut(row_len) {
            self.row[..3].copy_from_slice(&row[..3]);
            self.row[3..row_len + 3].copy_from_slice(row);
            self.row[row_len + 3..].copy_from_slice(&row[row_len - 3..]);
            let taps = self.row.iter().zip(&self.row[3..]).zip(&self.row[6..]);
            for (value, ((left, here), right)) in row.iter_mut().zip(taps) {
                *value = side * (left + right) + middle * here;
            }
        }
        // `self.row` holds the row above as it was.
        self.row.clear();
        self.row.extend_from_slice(&values[..row_len]);
        for y in 0..height.saturating_sub(1) {
            let (done, below) = values.split_at_mut((y + 1) * row_len);
            let row = &mut done[y * row_len..];
            for ((value, above), below) in row.iter_mut().zip(&mut self.row).zip(below.iter()) {
                let here = *value;
                *value = side * (*above + below) + middle * here;
                *above = here;
            }
        }
    }

    fn rain(&self, canvas: &mut Canvas, rng: &mut Rng) {
        let streaks = self.sensor.rain * (canvas.width_px * canvas.height_px) as f32 / 10_000.0;
        for _ in 0..streaks as usize {
            let (x, y) = (rng.index(canvas.width_px), rng.index(canvas.height_px));
            let length = 6 + rng.index(14);
            let strength = rng.range(0.06, 0.3) as f32;
            for step in 0..length {
                let (px, py) = (x + step / 5, y + step);
                if px < canvas.width_px && py < canvas.height_px {
                    let pixel = &mut canvas.colours[py * canvas.width_px + px];
                    *pixel = pixel.map(|c| c + (205.0 - c) * strength);
                }
            }
        }
    }
}
