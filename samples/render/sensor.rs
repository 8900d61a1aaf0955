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
    row: Vec<[f32; 3]>,
}

const NOISE_TABLE: usize = 1 << 16;

impl Exposure {
    /// Prepares the noise; `rng` decides its grains.
    pub fn new(sensor: Sensor, rng: &mut Rng) -> Self {
        let noise = (0..NOISE_TABLE).map(|_| rng.normal(0.0, f64::from(sensor.noise)) as f32).collect();
        Self { sensor, noise, row: Vec::new() }
    }

    /// Turns the painted light into a picture. The canvas is left blurred.
    pub fn develop(&mut self, canvas: &mut Canvas, rng: &mut Rng) -> RgbImage {
        self.rain(canvas, rng);
        for _ in 0..self.sensor.blur_passes {
            self.blur(canvas);
        }
        let (width, height) = (canvas.width_px, canvas.height_px);
        let sensor = self.sensor;
        let mut bytes = Vec::with_capacity(3 * width * height);
        let (half_w, half_h) = (width as f32 / 2.0, height as f32 / 2.0);
        for y in 0..height {
            let dy = (y as f32 - half_h) / half_h;
            // A new start in the table for every row: no pattern repeats from frame to frame.
            let mut grain = rng.next_u64() as usize;
            for x in 0..width {
                let dx = (x as f32 - half_w) / half_w;
                let fall = 1.0 - sensor.vignette * 0.5 * (dx * dx + dy * dy);
                let colour = canvas.colours[y * width + x];
                let grey = 0.30 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2];
                for (channel, gain) in colour.into_iter().zip(sensor.gain) {
                    let light = (grey + (channel - grey) * sensor.saturation) * gain * fall;
                    grain = (grain + 1) % NOISE_TABLE;
                    // Shot noise grows with light.
                    let noise = self.noise[grain] * (0.6 + light * (1.0 / 320.0));
                    bytes.push((light + sensor.offset + noise).clamp(0.0, 255.0) as u8);
                }
            }
        }
        RgbImage::from_raw(width as u32, height as u32, bytes).unwrap_or_default()
    }

    fn blur(&mut self, canvas: &mut Canvas) {
        let side = self.sensor.blur;
        if side <= 0.0 {
            return;
        }
        let middle = 1.0 - 2.0 * side;
        let (width, height) = (canvas.width_px, canvas.height_px);
        let three = |a: [f32; 3], b: [f32; 3], c: [f32; 3]| -> [f32; 3] {
            std::array::from_fn(|k| side * (a[k] + c[k]) + middle * b[k])
        };
        for row in canvas.colours.chunks_exact_mut(width) {
            let mut left = row[0];
            for x in 0..width {
                let here = row[x];
                row[x] = three(left, here, row[(x + 1).min(width - 1)]);
                left = here;
            }
        }
        self.row.clear();
        self.row.extend_from_slice(&canvas.colours[..width]);
        for y in 0..height {
            let below = (y + 1).min(height - 1) * width;
            for x in 0..width {
                let here = canvas.colours[y * width + x];
                canvas.colours[y * width + x] = three(self.row[x], here, canvas.colours[below + x]);
                self.row[x] = here;
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
