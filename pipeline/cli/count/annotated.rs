//! The density as a heat map over the picture, to a file.

use std::path::{Path, PathBuf};

use anyhow::Context;
use image::RgbImage;
use throng_models::counter::{PictureCount, Validity};
use throng_models::picture::RgbView;

use crate::draw::heat::{HeatLayer, HeatUnit};
use crate::draw::overlay::{Estimate, OverlayFrame, draw_overlay};
use crate::stream::writer::VideoWriter;

/// People in a cell that get the strongest colour: a head of middling size spreads over a few cells of 8 px.
const FULL_PEOPLE_PER_CELL: f32 = 0.25;

/// Draws count, interval and density of `count` over the picture they were counted in.
pub(crate) fn draw(picture: &mut RgbImage, name: &str, time: &str, count: &PictureCount) {
    let unit = HeatUnit::PeoplePerCell;
    let heat = HeatLayer { map: &count.density, unit, full_value: FULL_PEOPLE_PER_CELL };
    let estimate = Estimate { value: count.people, lo: count.people_lo, hi: count.people_hi };
    let (people, heat, note) = match &count.validity {
        Validity::Valid => (Some(estimate), Some(heat), None),
        Validity::NotValid { reason } => (None, None, Some(reason.as_str())),
    };
    draw_overlay(
        picture,
        &OverlayFrame { camera: name, captured_at: time, people, heat, zones: &[], lines: &[], note },
    );
}

/// Writes the annotated form of a still.
pub(super) fn save_still(
    out: &Path,
    mut picture: RgbImage,
    name: &str,
    count: &PictureCount,
) -> anyhow::Result<()> {
    draw(&mut picture, name, "", count);
    let shown = out.display();
    picture
        .save(out)
        .with_context(|| format!("cannot write the annotated picture; check folder and disk: {shown}"))
}

/// Writes the annotated form of a video, opened with its first frame.
pub(super) struct AnnotatedVideo {
    out: PathBuf,
    fps: f64,
    writer: Option<VideoWriter>,
    picture: RgbImage,
}

impl AnnotatedVideo {
    /// For the file `out`, stating `fps` frames a second.
    pub(super) fn new(out: &Path, fps: f64) -> Self {
        Self { out: out.to_owned(), fps, writer: None, picture: RgbImage::default() }
    }

    /// Adds a frame shown `t_s` seconds after the start.
    pub(super) fn push(
        &mut self,
        frame: RgbView<'_>,
        name: &str,
        t_s: f64,
        count: &PictureCount,
    ) -> anyhow::Result<()> {
        // Video encoders halve the colour planes: sides must be even.
        let (width, height) = (frame.width_px() & !1, frame.height_px() & !1);
        let size = (u32::try_from(width)?, u32::try_from(height)?);
        if self.picture.dimensions() != size {
            self.picture = RgbImage::new(size.0, size.1);
        }
        let bytes: &mut [u8] = &mut self.picture;
        for (y, row) in bytes.chunks_exact_mut((3 * width).max(1)).enumerate() {
            row.copy_from_slice(&frame.row(y)[..3 * width]);
        }
        draw(&mut self.picture, name, &format!("{t_s:.1} s"), count);
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => none.insert(VideoWriter::create(&self.out, size.0, size.1, self.fps)?),
        };
        writer.push(&self.picture, t_s)
    }

    /// Closes the file.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        self.writer.map_or(Ok(()), VideoWriter::finish)
    }
}
