//! Lettering in the bundled face `DejaVu Sans`, so that pictures look the same on every machine, fonts installed or not.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, Glyph, PxScale, ScaleFont, point};
use image::{Rgb, RgbImage};

use super::canvas::{blend, row_mut};

/// The regular face: ASCII and a few symbols. Licence beside it, in `fonts/LICENSE`.
static REGULAR_TTF: &[u8] = include_bytes!("fonts/DejaVuSans.ttf");
/// The bold face.
static BOLD_TTF: &[u8] = include_bytes!("fonts/DejaVuSans-Bold.ttf");

// That both faces can be read is a test below; should one ever not be, pictures lack letters rather than the
// program its life.
static REGULAR: LazyLock<Option<FontRef<'static>>> =
    LazyLock::new(|| FontRef::try_from_slice(REGULAR_TTF).ok());
static BOLD: LazyLock<Option<FontRef<'static>>> = LazyLock::new(|| FontRef::try_from_slice(BOLD_TTF).ok());

/// The name under which the chart library knows the regular face.
const CHART_FACE: &str = "throng";

static CHARTS_KNOW_THE_FACE: LazyLock<bool> = LazyLock::new(|| {
    plotters::style::register_font(CHART_FACE, plotters::style::FontStyle::Normal, REGULAR_TTF).is_ok()
});

/// The name of the regular face for charts.
///
/// # Errors
/// Where the chart library cannot read it; then charts cannot be drawn.
pub(super) fn chart_face() -> anyhow::Result<&'static str> {
    anyhow::ensure!(*CHARTS_KNOW_THE_FACE, "the bundled lettering cannot be read");
    Ok(CHART_FACE)
}

/// Colour around letters that must be read on any ground.
const EDGE: Rgb<u8> = Rgb([12, 14, 18]);

/// How heavy the letters are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weight {
    /// Plain text.
    #[default]
    Regular,
    /// Headings, levels.
    Bold,
}

impl Weight {
    fn font(self) -> Option<&'static FontRef<'static>> {
        match self {
            Self::Regular => REGULAR.as_ref(),
            Self::Bold => BOLD.as_ref(),
        }
    }
}

/// Size, weight and colour of a text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TextStyle {
    /// Height of a line in pixels, from the tallest letter's top to the deepest one's bottom.
    pub line_px: f32,
    /// How heavy the letters are.
    pub weight: Weight,
    /// The letters' colour.
    pub colour: Rgb<u8>,
}

/// How far `text` reaches to the right, in pixels.
pub fn text_width_px(text: &str, style: TextStyle) -> f32 {
    layout(text, style).map_or(0.0, |(_, width_px)| width_px)
}

/// Draws one line of text whose line box has its top left corner at `(x, y)`; returns its width in pixels.
///
/// A character that the bundled faces lack is drawn as a question mark.
pub fn draw_text(picture: &mut RgbImage, text: &str, x: f32, y: f32, style: TextStyle) -> f32 {
    let (Some(font), Some((glyphs, width_px))) = (style.weight.font(), layout(text, style)) else {
        return 0.0;
    };
    let ascent_px = font.as_scaled(PxScale::from(style.line_px)).ascent();
    for mut glyph in glyphs {
        // Whole pixels down keep the letters' horizontal strokes sharp; across, fractions keep their spacing even.
        glyph.position += point(x, (y + ascent_px).round());
        let Some(outline) = font.outline_glyph(glyph) else { continue };
        let bounds = outline.px_bounds();
        let (left, top) = (bounds.min.x as i64, bounds.min.y as i64);
        outline.draw(|dx, dy, coverage| {
            let (at_x, at_y) = (left + i64::from(dx), top + i64::from(dy));
            let (Ok(at_x), Ok(at_y)) = (u32::try_from(at_x), u32::try_from(at_y)) else { return };
            if at_x < picture.width() {
                let start = at_x as usize * 3;
                if let Some(pixel) = row_mut(picture, at_y).get_mut(start..start + 3) {
                    blend(pixel, style.colour, coverage);
                }
            }
        });
    }
    width_px
}

/// The same with a dark edge around the letters, so that it can be read on any ground.
pub fn draw_readable(
    picture: &mut RgbImage,
    text: &str,
    [x, y]: [f64; 2],
    line_px: f32,
    colour: Rgb<u8>,
    weight: Weight,
) {
    let (x, y) = (x as f32, y as f32);
    let edge = (line_px / 12.0).max(1.0);
    for (dx, dy) in [(-edge, 0.0), (edge, 0.0), (0.0, -edge), (0.0, edge)] {
        draw_text(picture, text, x + dx, y + dy, TextStyle { line_px, weight, colour: EDGE });
    }
    draw_text(picture, text, x, y, TextStyle { line_px, weight, colour });
}

/// Glyphs on a baseline that starts at the origin, and the width of the whole.
fn layout(text: &str, style: TextStyle) -> Option<(Vec<Glyph>, f32)> {
    if !(style.line_px > 0.0 && style.line_px.is_finite()) {
        return None;
    }
    let scale = PxScale::from(style.line_px);
    let font = style.weight.font()?.as_scaled(scale);
    let mut glyphs = Vec::new();
    let mut width_px = 0.0;
    let mut previous = None;
    for character in text.chars() {
        let mut id = font.glyph_id(character);
        if id.0 == 0 {
            id = font.glyph_id('?');
        }
        if let Some(previous) = previous {
            width_px += font.kern(previous, id);
        }
        glyphs.push(id.with_scale_and_position(scale, point(width_px, 0.0)));
        width_px += font.h_advance(id);
        previous = Some(id);
    }
    Some((glyphs, width_px))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STYLE: TextStyle = TextStyle { line_px: 16.0, weight: Weight::Regular, colour: Rgb([255; 3]) };

    #[test]
    fn both_faces_can_be_read() {
        assert!(REGULAR.is_some() && BOLD.is_some());
    }

    #[test]
    fn width_grows_with_text_and_size() {
        let short = text_width_px("4.6 /m²", STYLE);
        let long = text_width_px("4.6 /m² [4.1–5.0]", STYLE);
        assert!((40.0..70.0).contains(&short), "{short}");
        assert!(long > 1.8 * short, "{long} against {short}");
        let double = text_width_px("4.6 /m²", TextStyle { line_px: 32.0, ..STYLE });
        assert!((double / short - 2.0).abs() < 0.02);
        assert!(text_width_px("", STYLE).abs() < f32::EPSILON);
    }

    #[test]
    fn letters_stay_inside_their_line_box() {
        let mut picture = RgbImage::new(200, 60);
        let width = draw_text(&mut picture, "gate Ågj|²▲", 10.0, 20.0, STYLE);
        for (x, y, pixel) in picture.enumerate_pixels().filter(|(_, _, p)| p.0 != [0; 3]) {
            assert!((9..=(12 + width as u32)).contains(&x) && (18..=38).contains(&y), "{x},{y}: {pixel:?}");
        }
        assert!(picture.pixels().any(|p| p.0[0] > 200));
    }

    #[test]
    fn a_character_outside_the_face_shows_as_a_question_mark() {
        assert!((text_width_px("漢", STYLE) - text_width_px("?", STYLE)).abs() < f32::EPSILON);
    }

    #[test]
    fn text_outside_the_picture_and_odd_sizes_are_harmless() {
        let mut picture = RgbImage::new(30, 10);
        draw_text(&mut picture, "beyond", 1e6, -1e6, STYLE);
        draw_text(&mut picture, "nowhere", f32::NAN, 0.0, STYLE);
        draw_text(&mut picture, "sizeless", 0.0, 0.0, TextStyle { line_px: 0.0, ..STYLE });
        draw_text(&mut picture, "sizeless", 0.0, 0.0, TextStyle { line_px: f32::NAN, ..STYLE });
        draw_text(&mut RgbImage::new(0, 0), "no picture", 0.0, 0.0, STYLE);
    }
}
