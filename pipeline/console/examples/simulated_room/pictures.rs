//! Pictures: a grey street with dots that walk, in JPEG.

use std::io::Cursor;

use bytes::Bytes;
use image::{ImageEncoder as _, Rgb, RgbImage, codecs::jpeg::JpegEncoder};
use throng_analytics::time::Timestamp;
use throng_console::{Clock, Overlay, Picture, Pictures};

pub(crate) const WIDTH: u32 = 480;
pub(crate) const HEIGHT: u32 = 270;
const LOST: &str = "cam-metro";

/// Cameras that draw.
#[derive(Debug)]
pub(crate) struct Cameras {
    clock: Clock,
    began: Timestamp,
}

impl Cameras {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { began: clock.now(), clock }
    }
}

impl Pictures for Cameras {
    fn latest(&self, site: &str, camera: &str, overlay: Overlay) -> Option<Picture> {
        if site != "square" {
            return None;
        }
        let now = self.clock.now();
        // The lost one shows the last that it saw.
        let captured_at = if camera == LOST { self.began.min(now - 120.0) } else { now - 0.2 };
        Some(Picture { jpeg: draw(camera, captured_at, overlay)?, captured_at })
    }
}

/// A picture of a moment.
pub(crate) fn draw(camera: &str, at: Timestamp, overlay: Overlay) -> Option<Bytes> {
    let seed: u32 = camera.bytes().map(u32::from).sum();
    let secs = at.unix_nanos() as f64 * 1e-9 % 1000.0;
    let mut picture = RgbImage::from_fn(WIDTH, HEIGHT, |x, y| {
        let shade = (70 + (x / 40 + y / 30 + seed) % 2 * 12 + y / 8) as u8;
        Rgb([shade, shade, shade + 6])
    });
    for person in 0..160_u32 {
        let random = |salt: u32| (person * 7919 + seed * 104_729 + salt * 1299) % 1000;
        let x = (f64::from(random(1)) * 0.48 + secs * (4.0 + f64::from(random(2)) * 0.01)) % f64::from(WIDTH);
        let y = f64::from(random(3)) * 0.2 + 60.0;
        let size = 2 + (y / 60.0) as u32;
        for dx in 0..size {
            for dy in 0..size * 2 {
                let (px, py) = (x as u32 + dx, y as u32 + dy);
                if px < WIDTH && py < HEIGHT {
                    picture.put_pixel(px, py, Rgb([190, (random(4) / 5) as u8, 80]));
                }
            }
        }
        if overlay.heat {
            heat(&mut picture, x, y);
        }
    }
    if overlay.zones {
        for x in 40..WIDTH - 40 {
            for y in [50, HEIGHT - 10] {
                picture.put_pixel(x, y, Rgb([255, 220, 0]));
            }
        }
    }
    let mut jpeg = Cursor::new(Vec::new());
    JpegEncoder::new_with_quality(&mut jpeg, 75)
        .write_image(&picture, WIDTH, HEIGHT, image::ExtendedColorType::Rgb8)
        .ok()?;
    Some(jpeg.into_inner().into())
}

fn heat(picture: &mut RgbImage, x: f64, y: f64) {
    for dx in -8_i64..8 {
        for dy in -8_i64..8 {
            let (px, py) = (x as i64 + dx, y as i64 + dy);
            if dx * dx + dy * dy < 64
                && (0..i64::from(WIDTH)).contains(&px)
                && (0..i64::from(HEIGHT)).contains(&py)
            {
                let pixel = picture.get_pixel_mut(px as u32, py as u32);
                pixel.0[0] = pixel.0[0].saturating_add(25);
            }
        }
    }
}
