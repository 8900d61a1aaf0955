//! The pictures counted worst, on one sheet: nothing teaches a counter's limits faster.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use image::imageops;
use image::{Rgb, RgbImage};
use throng_models::counter::PictureCount;
use throng_models::evaluation::score::Score;

use crate::cli::count::annotated;
use crate::draw::text::{TextStyle, Weight, draw_text};

/// Pictures across and down.
const SHEET: [usize; 2] = [3, 4];
/// Largest size of a picture on the sheet, pixels.
const PICTURE_PX: [u32; 2] = [560, 400];
/// Room for the words under it, pixels.
const WORDS_PX: u32 = 44;
const BACKGROUND: Rgb<u8> = Rgb([24, 26, 30]);
const INK: Rgb<u8> = Rgb([235, 235, 235]);
const QUIET_INK: Rgb<u8> = Rgb([165, 170, 178]);

/// The worst pictures so far.
pub(super) struct Gallery {
    folder: PathBuf,
    worst: Vec<Exhibit>,
}

/// One picture on the sheet.
struct Exhibit {
    error: f64,
    name: String,
    words: String,
    picture: RgbImage,
}

impl Gallery {
    /// A gallery to be saved in `folder`, which is made where it is absent.
    pub(super) fn in_folder(folder: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder of the gallery: {}", folder.display()))?;
        Ok(Self { folder: folder.to_owned(), worst: Vec::new() })
    }

    /// Takes the picture in if it is one of the worst so far.
    pub(super) fn offer(&mut self, name: &str, picture: &RgbImage, count: &PictureCount, score: &Score) {
        let error = (score.people - score.people_true).abs();
        let places = SHEET[0] * SHEET[1];
        if self.worst.len() == places && self.worst.last().is_some_and(|best| best.error >= error) {
            return;
        }
        let mut drawn = picture.clone();
        annotated::draw(&mut drawn, name, "", count);
        let scale = f64::from(PICTURE_PX[0]) / f64::from(drawn.width());
        let scale = scale.min(f64::from(PICTURE_PX[1]) / f64::from(drawn.height()));
        let side = |px: u32| ((f64::from(px) * scale) as u32).max(1);
        let exhibit = Exhibit {
            error,
            name: name.to_owned(),
            words: format!(
                "{:.0} counted, {:.0} there ({:+.0})",
                score.people,
                score.people_true,
                score.people - score.people_true
            ),
            picture: imageops::thumbnail(&drawn, side(drawn.width()), side(drawn.height())),
        };
        let place = self.worst.partition_point(|other| other.error >= error);
        self.worst.insert(place, exhibit);
        self.worst.truncate(places);
    }

    /// Writes the sheet and says where.
    pub(super) fn save(&self) -> anyhow::Result<PathBuf> {
        let place_px = [PICTURE_PX[0] + 16, PICTURE_PX[1] + WORDS_PX + 16];
        let rows = self.worst.len().div_ceil(SHEET[0]).max(1) as u32;
        let mut sheet = RgbImage::from_pixel(place_px[0] * SHEET[0] as u32, place_px[1] * rows, BACKGROUND);
        for (place, exhibit) in self.worst.iter().enumerate() {
            let x = (place % SHEET[0]) as u32 * place_px[0] + 8;
            let y = (place / SHEET[0]) as u32 * place_px[1] + 8;
            imageops::replace(&mut sheet, &exhibit.picture, i64::from(x), i64::from(y));
            let below = (y + exhibit.picture.height() + 4) as f32;
            let bold = TextStyle { line_px: 18.0, weight: Weight::Bold, colour: INK };
            draw_text(&mut sheet, &exhibit.words, x as f32, below, bold);
            let quiet = TextStyle { line_px: 14.0, weight: Weight::Regular, colour: QUIET_INK };
            draw_text(&mut sheet, &exhibit.name, x as f32, below + 20.0, quiet);
        }
        let path = self.folder.join("worst.png");
        sheet.save(&path).with_context(|| format!("cannot write the gallery: {}", path.display()))?;
        Ok(path)
    }
}
