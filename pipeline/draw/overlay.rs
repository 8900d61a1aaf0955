//! What the annotated video shows: the camera picture, density heat, zones by level with their figures, a header
//! with camera, time and count, and a line for whatever limits the figures.

use image::{Rgb, RgbImage};
use throng_analytics::level::Level;

use super::canvas::{Rect, fill_rect};
use super::heat::{HeatLayer, draw_heat, draw_heat_legend};
use super::palette::{level_colour, level_ink, level_label};
use super::polygon::{Paint, PointPx, draw_line, draw_outline, fill_polygon};
use super::text::{TextStyle, Weight, draw_text, text_width_px};

/// A figure with the interval it most likely lies in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Best estimate.
    pub value: f64,
    /// Lower end of the interval.
    pub lo: f64,
    /// Upper end of the interval.
    pub hi: f64,
}

/// One zone as the camera sees it.
#[derive(Clone, Debug)]
pub struct ZoneOverlay {
    /// The zone's name.
    pub name: String,
    /// Its outline on the picture; may reach past it.
    pub polygon_in_image: Vec<PointPx>,
    /// Its level, or that it is not known.
    pub level: Option<Level>,
    /// People per square metre; `None` where not known.
    pub density_people_per_m2: Option<Estimate>,
    /// People in the zone; `None` where not known.
    pub people: Option<f64>,
    /// Stampede-risk score, 0 to 100; `None` where not known.
    pub risk: Option<f64>,
}

/// One line as the camera sees it.
#[derive(Clone, Debug)]
pub struct LineOverlay {
    /// The line's name.
    pub name: String,
    /// Its points on the picture; may reach past it.
    pub points_in_image: Vec<PointPx>,
    /// People a minute in and out; `None` where not known.
    pub people_per_min: Option<[f64; 2]>,
    /// People who have come in and gone out since it has been watched without a gap; `None` where not known.
    pub people: Option<[f64; 2]>,
}

/// All that is drawn over one picture.
#[derive(Clone, Debug)]
pub struct OverlayFrame<'a> {
    /// The camera's name.
    pub camera: &'a str,
    /// The capture time, written out in the site's time zone.
    pub captured_at: &'a str,
    /// People in the picture; `None` where the picture was not, or could not be, counted.
    pub people: Option<Estimate>,
    /// Density under the zones.
    pub heat: Option<HeatLayer<'a>>,
    /// Zones, drawn in this order.
    pub zones: &'a [ZoneOverlay],
    /// Lines, drawn over the zones.
    pub lines: &'a [LineOverlay],
    /// What limits these figures, such as a missing calibration or a stale camera.
    pub note: Option<&'a str>,
}

const INK: Rgb<u8> = Rgb([12, 14, 18]);
const PAPER: Rgb<u8> = Rgb([240, 242, 245]);
const DIM: Rgb<u8> = Rgb([176, 182, 192]);

/// Draws everything over `picture`, scaled to its width.
pub fn draw_overlay(picture: &mut RgbImage, frame: &OverlayFrame<'_>) {
    let line_px = line_height_px(picture);
    if let Some(heat) = &frame.heat {
        draw_heat(picture, heat);
    }
    for zone in frame.zones {
        draw_zone(picture, zone, line_px);
    }
    for line in frame.lines {
        let width_px = f64::from(line_px) / 5.0;
        draw_line(picture, &line.points_in_image, width_px + 2.0, INK, 0.6);
        draw_line(picture, &line.points_in_image, width_px, PAPER, 0.95);
    }
    let header_px = draw_header(picture, frame, line_px);
    let note_px = frame.note.map_or(0.0, |note| draw_note(picture, note, line_px));
    if let Some(heat) = &frame.heat {
        let corner =
            (picture.width() as f32 - line_px * 0.4, picture.height() as f32 - note_px - line_px * 0.4);
        draw_heat_legend(picture, heat, corner, line_px * 0.85);
    }
    let mut taken = Vec::new();
    for zone in frame.zones {
        draw_label(picture, zone, line_px, header_px, &mut taken);
    }
    for line in frame.lines {
        draw_line_label(picture, line, line_px, header_px, &mut taken);
    }
}

/// The line's name and who crosses it, in a box at its upper end.
fn draw_line_label(
    picture: &mut RgbImage,
    line: &LineOverlay,
    line_px: f32,
    header_px: f32,
    taken: &mut Vec<Rect>,
) {
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    let Some(anchor) = label_anchor(&line.points_in_image, width, height) else { return };
    let style = TextStyle { line_px: line_px * 0.92, weight: Weight::Regular, colour: PAPER };
    let text = match (line.people_per_min, line.people) {
        (Some([inwards, outwards]), Some([came, went])) => {
            format!("{}  in {inwards:.0} out {outwards:.0} /min  ({came:.0} in, {went:.0} out)", line.name)
        }
        _ => format!("{}  no valid data", line.name),
    };
    let pad = line_px * 0.35;
    let (box_width, box_height) = (text_width_px(&text, style) + 2.0 * pad, line_px + 2.0 * pad);
    let mut place = Rect {
        x: (anchor.0 - box_width / 2.0).clamp(0.0, (width - box_width).max(0.0)).round(),
        y: anchor.1.clamp(header_px, (height - box_height).max(header_px)).round(),
        width: box_width,
        height: box_height,
    };
    avoid(&mut place, taken, header_px, height);
    taken.push(place);
    fill_rect(picture, place, INK, 0.72);
    draw_text(picture, &text, place.x + pad, place.y + pad, style);
}

/// Lettering that reads alike on a small and on a large picture.
fn line_height_px(picture: &RgbImage) -> f32 {
    (picture.width() as f32 / 768.0 * 15.0).clamp(10.0, 48.0).round()
}

fn draw_zone(picture: &mut RgbImage, zone: &ZoneOverlay, line_px: f32) {
    let colour = level_colour(zone.level);
    let fill = match zone.level {
        None => Paint::Hatch { colour, alpha: 0.5, period_px: line_px },
        Some(Level::Normal) => Paint::Solid { colour, alpha: 0.12 },
        _ => Paint::Solid { colour, alpha: 0.26 },
    };
    fill_polygon(picture, &zone.polygon_in_image, fill);
    let width_px = f64::from(line_px) / 6.0;
    draw_outline(picture, &zone.polygon_in_image, width_px + 2.0, INK, 0.45);
    draw_outline(picture, &zone.polygon_in_image, width_px, colour, 0.95);
}

/// The bar along the top; returns its height.
fn draw_header(picture: &mut RgbImage, frame: &OverlayFrame<'_>, line_px: f32) -> f32 {
    let width = picture.width() as f32;
    let height = (line_px * 1.7).round();
    fill_rect(picture, Rect { x: 0.0, y: 0.0, width, height }, INK, 0.72);
    let (y, gap) = ((height - line_px) / 2.0, line_px);
    let bold = TextStyle { line_px, weight: Weight::Bold, colour: PAPER };
    let plain = TextStyle { line_px, weight: Weight::Regular, colour: DIM };

    let camera_px = draw_text(picture, frame.camera, gap * 0.7, y, bold);
    draw_text(picture, frame.captured_at, gap * 1.7 + camera_px, y, plain);

    let (count, interval) = match frame.people {
        Some(people) => {
            (format!("{:.0} people", people.value), format!("[{:.0}–{:.0}]", people.lo, people.hi))
        }
        None => ("count unknown".to_owned(), String::new()),
    };
    let interval_px = text_width_px(&interval, plain);
    let count_x = width - gap * 1.2 - interval_px - text_width_px(&count, bold);
    draw_text(picture, &count, count_x, y, bold);
    draw_text(picture, &interval, width - gap * 0.7 - interval_px, y, plain);
    height
}

/// The line along the bottom; returns its height.
fn draw_note(picture: &mut RgbImage, note: &str, line_px: f32) -> f32 {
    let height = (line_px * 1.5).round();
    let y = picture.height() as f32 - height;
    fill_rect(picture, Rect { x: 0.0, y, width: picture.width() as f32, height }, INK, 0.72);
    let style = TextStyle {
        line_px: line_px * 0.92,
        weight: Weight::Regular,
        colour: level_colour(Some(Level::Yellow)),
    };
    draw_text(picture, &format!("▲ {note}"), line_px * 0.7, y + (height - style.line_px) / 2.0, style);
    height
}

/// The zone's figures, as the second line of its label.
fn figures(zone: &ZoneOverlay) -> String {
    let mut parts = Vec::new();
    if let Some(density) = zone.density_people_per_m2 {
        parts.push(format!("{:.1} /m² [{:.1}–{:.1}]", density.value, density.lo, density.hi));
    }
    if let Some(people) = zone.people {
        parts.push(format!("{people:.0} people"));
    }
    if let Some(risk) = zone.risk {
        parts.push(format!("risk {risk:.0}"));
    }
    if parts.is_empty() { "no valid data".to_owned() } else { parts.join("  ") }
}

/// Name and level, and the figures below, in a box at the zone's upper edge, where it hides the fewest
/// people, moved to where nothing else is written.
fn draw_label(
    picture: &mut RgbImage,
    zone: &ZoneOverlay,
    line_px: f32,
    header_px: f32,
    taken: &mut Vec<Rect>,
) {
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    let Some(anchor) = label_anchor(&zone.polygon_in_image, width, height) else { return };
    let name = TextStyle { line_px, weight: Weight::Bold, colour: PAPER };
    let chip_style =
        TextStyle { line_px: line_px * 0.86, weight: Weight::Bold, colour: level_ink(zone.level) };
    let plain = TextStyle { line_px: line_px * 0.92, weight: Weight::Regular, colour: PAPER };
    let figures = figures(zone);

    let pad = line_px * 0.35;
    let (name_px, level_px) =
        (text_width_px(&zone.name, name), text_width_px(level_label(zone.level), chip_style));
    let chip_px = level_px + 2.0 * pad;
    let box_width = (name_px + 2.0 * pad + chip_px).max(text_width_px(&figures, plain)) + 2.0 * pad;
    let box_height = line_px * 2.0 + 2.5 * pad;
    let mut place = Rect {
        x: (anchor.0 - box_width / 2.0).clamp(0.0, (width - box_width).max(0.0)).round(),
        y: (anchor.1 - box_height).clamp(header_px, (height - box_height).max(header_px)).round(),
        width: box_width,
        height: box_height,
    };
    avoid(&mut place, taken, header_px, height);
    taken.push(place);

    fill_rect(picture, place, INK, 0.7);
    fill_rect(picture, Rect { width: line_px * 0.22, ..place }, level_colour(zone.level), 1.0);
    let left = place.x + 1.6 * pad;
    draw_text(picture, &zone.name, left, place.y + pad * 0.8, name);
    let chip =
        Rect { x: left + name_px + pad * 1.4, y: place.y + pad * 0.8, width: chip_px, height: line_px };
    fill_rect(picture, chip, level_colour(zone.level), 1.0);
    draw_text(
        picture,
        level_label(zone.level),
        chip.x + pad,
        chip.y + (line_px - chip_style.line_px) / 2.0,
        chip_style,
    );
    draw_text(picture, &figures, left, place.y + pad * 1.5 + line_px, plain);
}

/// Middle of the zone's upper edge, drawn to the picture's edge where it lies outside; `None` where the whole zone is
/// out of view.
fn label_anchor(polygon: &[PointPx], width: f32, height: f32) -> Option<(f32, f32)> {
    let corners = polygon.iter().filter(|p| p[0].is_finite() && p[1].is_finite());
    let ((mut left, mut right), (mut top, mut bottom)) = ((f32::MAX, f32::MIN), (f32::MAX, f32::MIN));
    for corner in corners {
        let (x, y) = (corner[0] as f32, corner[1] as f32);
        (left, right) = (left.min(x), right.max(x));
        (top, bottom) = (top.min(y), bottom.max(y));
    }
    let in_view = left <= right && right >= 0.0 && left <= width && bottom >= 0.0 && top <= height;
    in_view.then(|| (f32::midpoint(left.max(0.0), right.min(width)), top.max(0.0)))
}

/// Moves `place` down, and from the bottom to the top, until it covers none of `taken`; a crowded picture keeps the
/// overlap rather than lose a label.
fn avoid(place: &mut Rect, taken: &[Rect], top: f32, bottom: f32) {
    for _ in 0..=taken.len() {
        let Some(other) = taken.iter().find(|other| overlap(place, other)) else { return };
        place.y = other.y + other.height + 2.0;
        if place.y + place.height > bottom {
            place.y = top;
        }
    }
}

fn overlap(one: &Rect, other: &Rect) -> bool {
    one.x < other.x + other.width
        && other.x < one.x + one.width
        && one.y < other.y + other.height
        && other.y < one.y + one.height
}

#[cfg(test)]
mod tests;
