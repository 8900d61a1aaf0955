//! Lies made on purpose, to see whether the watchers notice: for tests, and for whoever wants to know what their own
//! camera's watchers are worth.

use std::{collections::VecDeque, io::Cursor};

use image::{RgbImage, codecs::jpeg::JpegDecoder, imageops::fast_blur};

use crate::jpeg::jpeg;

/// Length of a made loop, seconds.
const LOOP_SECS: f64 = 12.0;

/// A lie that can be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MadeLie {
    /// The picture stops.
    Frozen,
    /// It stops, and is compressed anew with every tenth frame, as with key frames.
    FrozenReencoded,
    /// The last seconds are played again and again, compressed anew.
    Looped,
    /// No light.
    Black,
    /// Too much of it.
    White,
    /// Random pixels.
    Noise,
    /// A hand over four fifths of the picture.
    Covered,
    /// Out of focus.
    Defocused,
    /// Turned by 3 % of the picture's width.
    Nudged,
    /// Streaks of rain close to the lens.
    Rain,
    /// The sun.
    Glare,
}

impl MadeLie {
    /// Every one.
    pub const ALL: [Self; 11] = [
        Self::Frozen,
        Self::FrozenReencoded,
        Self::Looped,
        Self::Black,
        Self::White,
        Self::Noise,
        Self::Covered,
        Self::Defocused,
        Self::Nudged,
        Self::Rain,
        Self::Glare,
    ];

    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Frozen => "frozen",
            Self::FrozenReencoded => "frozen, with key frames",
            Self::Looped => "looped",
            Self::Black => "black",
            Self::White => "white",
            Self::Noise => "only noise",
            Self::Covered => "covered",
            Self::Defocused => "defocused",
            Self::Nudged => "nudged",
            Self::Rain => "rain",
            Self::Glare => "glare",
        }
    }
}

/// Makes one lie of true pictures.
#[derive(Debug)]
pub struct Liar {
    lie: MadeLie,
    /// The last seconds that were true.
    truth: VecDeque<(f64, RgbImage)>,
    random: u64,
    told: usize,
}

impl Liar {
    /// A liar that has told nothing.
    pub fn new(lie: MadeLie) -> Self {
        Self { lie, truth: VecDeque::new(), random: 0x9e37_79b9_7f4a_7c15, told: 0 }
    }

    /// Sees a true picture at `secs`, which the lie may be made of.
    pub fn see(&mut self, picture: &RgbImage, secs: f64) {
        let length_secs = if self.lie == MadeLie::Looped { LOOP_SECS } else { 0.0 };
        while self.truth.front().is_some_and(|(at, _)| secs - at >= length_secs) {
            self.truth.pop_front();
        }
        self.truth.push_back((secs, picture.clone()));
    }

    /// The lie in place of a true picture. A picture that cannot be made is the true one.
    pub fn tell(&mut self, truth: RgbImage) -> RgbImage {
        self.told += 1;
        let (width, height) = truth.dimensions();
        let kept =
            |index: usize| self.truth.get(index % self.truth.len().max(1)).map(|(_, kept)| kept.clone());
        let quality = 70 + (self.told / 10 % 3) as u8 * 4;
        match self.lie {
            MadeLie::Frozen => kept(self.truth.len().saturating_sub(1)).unwrap_or(truth),
            MadeLie::FrozenReencoded => kept(self.truth.len().saturating_sub(1))
                .and_then(|kept| compressed(&kept, quality))
                .unwrap_or(truth),
            MadeLie::Looped => {
                kept(self.told - 1).and_then(|kept| compressed(&kept, quality)).unwrap_or(truth)
            }
            MadeLie::Black => self.plain(width, height, 16),
            MadeLie::White => self.plain(width, height, 250),
            MadeLie::Noise => {
                RgbImage::from_fn(width, height, |_, _| image::Rgb([0; 3].map(|_: u8| self.random() as u8)))
            }
            MadeLie::Covered => {
                let hand = height / 5;
                RgbImage::from_fn(width, height, |x, y| {
                    let noise = (self.random() % 5) as u8;
                    if y < hand {
                        *truth.get_pixel(x, y)
                    } else {
                        image::Rgb([58 + noise, 44 + noise, 40 + noise])
                    }
                })
            }
            MadeLie::Defocused => fast_blur(&truth, width as f32 / 400.0),
            MadeLie::Nudged => {
                let shift = (0.03 * f64::from(width)) as u32;
                RgbImage::from_fn(width, height, |x, y| *truth.get_pixel((x + shift).min(width - 1), y))
            }
            MadeLie::Rain => self.rain(truth),
            MadeLie::Glare => {
                let (x0, y0) = (0.6 * f64::from(width), 0.4 * f64::from(height));
                RgbImage::from_fn(width, height, |x, y| {
                    let far = (f64::from(x) - x0).hypot(f64::from(y) - y0) / f64::from(width);
                    let light = 420.0 * (-(far / 0.45).powi(2)).exp();
                    image::Rgb(truth.get_pixel(x, y).0.map(|c| (f64::from(c) + light).min(255.0) as u8))
                })
            }
        }
    }

    fn random(&mut self) -> u64 {
        // xorshift64 (Marsaglia 2003).
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random >> 16
    }

    fn plain(&mut self, width: u32, height: u32, luma: u8) -> RgbImage {
        RgbImage::from_fn(width, height, |_, _| image::Rgb([luma + (self.random() % 3) as u8; 3]))
    }

    /// Bright streaks over a third of the picture, elsewhere in every frame.
    fn rain(&mut self, mut picture: RgbImage) -> RgbImage {
        let (width, height) = picture.dimensions();
        let length = (height / 12).max(2);
        for _ in 0..width * height / (3 * length) {
            let x = (self.random() % u64::from(width)) as u32;
            let y = (self.random() % u64::from(height)) as u32;
            for step in 0..length.min(height - y) {
                let at = (x + step / 6).min(width - 1);
                let pixel = picture.get_pixel_mut(at, y + step);
                pixel.0 = pixel.0.map(|c| u8::midpoint(c, 200));
            }
        }
        picture
    }
}

/// A picture as it is after compression.
fn compressed(picture: &RgbImage, quality: u8) -> Option<RgbImage> {
    let decoder = JpegDecoder::new(Cursor::new(jpeg(picture, quality).ok()?)).ok()?;
    Some(image::DynamicImage::from_decoder(decoder).ok()?.into_rgb8())
}
