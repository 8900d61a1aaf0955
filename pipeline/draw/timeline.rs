//! A run at a glance: people per camera, density per zone with its interval and thresholds, the level through time
//! and the warnings, as one PNG.
//!
//! What is not known is not drawn: a line stops where data stop, and the level's band turns grey and hatched.

mod axis;
mod panel;
mod spans;

use std::path::Path;

use anyhow::{Context as _, Result};
use image::{Rgb, RgbImage, imageops};
use throng_analytics::level::Level;

use super::canvas::{Rect, fill_rect};
use super::overlay::Estimate;
use super::palette::{LINES, level_colour, level_ink, level_label};
use super::polygon::{Paint, PointPx, draw_line, fill_polygon};
use super::text::{TextStyle, Weight, draw_text, text_width_px};
use panel::{Panel, PlotArea, Trace};
use spans::{TimeSpan, level_spans};

/// What was known at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CountSample {
    /// Seconds since the timeline's start.
    pub t_secs: f64,
    /// People in the camera's picture; `None` where the picture could not be counted.
    pub people: Option<Estimate>,
}

/// A camera's counts.
#[derive(Clone, Debug, Default)]
pub struct CameraTrack {
    /// The camera's name.
    pub camera: String,
    /// In order of time.
    pub samples: Vec<CountSample>,
}

/// What was known of a zone at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ZoneSample {
    /// Seconds since the timeline's start.
    pub t_secs: f64,
    /// People per square metre; `None` where not known.
    pub density_people_per_m2: Option<Estimate>,
    /// The level from this moment on.
    pub level: Option<Level>,
}

/// A zone's densities and levels.
#[derive(Clone, Debug, Default)]
pub struct ZoneTrack {
    /// The zone's name.
    pub zone: String,
    /// People per square metre at which blue, yellow, orange and red begin, where the zone has them.
    pub thresholds_people_per_m2: Option<[f64; 4]>,
    /// In order of time.
    pub samples: Vec<ZoneSample>,
}

/// A warning as it was raised.
#[derive(Clone, Debug)]
pub struct WarningMark {
    /// Seconds since the timeline's start.
    pub t_secs: f64,
    /// The zone it is about.
    pub zone: String,
    /// Its level.
    pub level: Level,
}

/// All that the picture shows.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    /// Heading, such as the site's name.
    pub title: String,
    /// Beside the heading, such as when the run began.
    pub subtitle: String,
    /// One line each, in one chart.
    pub cameras: Vec<CameraTrack>,
    /// One chart each.
    pub zones: Vec<ZoneTrack>,
    /// Marked in the chart of their zone.
    pub warnings: Vec<WarningMark>,
    /// A silence longer than this, in seconds, is a gap and not bridged by a line.
    pub gap_secs: f64,
}

/// Size of the finished picture in pixels.
pub const WIDTH_PX: u32 = 1600;
/// Size of the finished picture in pixels.
pub const HEIGHT_PX: u32 = 900;
/// Everything is drawn this much larger and scaled down, which smooths all lines and letters alike.
const OVERSAMPLING: u32 = 2;
/// More zones than this would leave none of them readable.
const ZONES_SHOWN: usize = 5;

pub(super) const PAPER: Rgb<u8> = Rgb([255; 3]);
pub(super) const INK: Rgb<u8> = Rgb([31, 36, 46]);
pub(super) const DIM: Rgb<u8> = Rgb([106, 114, 128]);

/// Draws the timeline and writes it as a PNG.
///
/// # Errors
/// Where the chart cannot be drawn or the file not be written; the message names the file.
pub fn write_png(timeline: &Timeline, path: &Path) -> Result<()> {
    let picture = render(timeline)?;
    picture.save_with_format(path, image::ImageFormat::Png).with_context(|| {
        format!("cannot write the timeline to {}: check that the folder exists and has space", path.display())
    })
}

/// Draws the timeline, [`WIDTH_PX`] by [`HEIGHT_PX`].
///
/// # Errors
/// Where the drawing library fails, which the data given cannot cause.
pub fn render(timeline: &Timeline) -> Result<RgbImage> {
    let mut picture = RgbImage::from_pixel(WIDTH_PX * OVERSAMPLING, HEIGHT_PX * OVERSAMPLING, PAPER);
    let scale = OVERSAMPLING as f32;
    draw_heading(&mut picture, timeline, scale);
    let zones = zones_shown(timeline);
    let span = TimeSpan::of(timeline);
    let panels = 1 + zones.len();
    // The counts get a little more room than a zone does.
    let shares: Vec<f32> = (0..panels).map(|i| if i == 0 { 1.2 } else { 1.0 }).collect();
    let (top, bottom) = (84.0 * scale, (HEIGHT_PX as f32 - 46.0) * scale);
    let unit = (bottom - top) / shares.iter().sum::<f32>();

    let mut y = top;
    for (index, share) in shares.iter().enumerate() {
        let area = Rect { x: 0.0, y, width: picture.width() as f32, height: unit * share };
        let last = index + 1 == panels;
        if index == 0 {
            draw_counts(&mut picture, timeline, span, area, last)?;
        } else if let Some(zone) = zones.get(index - 1) {
            draw_zone(&mut picture, timeline, zone, span, area, last)?;
        }
        y += unit * share;
    }
    let hidden = timeline.zones.len() - zones.len();
    if hidden > 0 {
        let style = TextStyle { line_px: 15.0 * scale, weight: Weight::Regular, colour: DIM };
        let text = format!("{hidden} calmer zones are not shown");
        let x = picture.width() as f32 - text_width_px(&text, style) - 24.0 * scale;
        draw_text(&mut picture, &text, x, (HEIGHT_PX as f32 - 24.0) * scale, style);
    }
    Ok(imageops::thumbnail(&picture, WIDTH_PX, HEIGHT_PX))
}

/// The zones that came to the highest level and density, in their given order.
fn zones_shown(timeline: &Timeline) -> Vec<&ZoneTrack> {
    let severity = |zone: &ZoneTrack| {
        let level = zone.samples.iter().map(|s| s.level).max().unwrap_or_default();
        let density = zone.samples.iter().filter_map(|s| s.density_people_per_m2).map(|d| d.value);
        (level, density.fold(0.0, f64::max))
    };
    let mut order: Vec<usize> = (0..timeline.zones.len()).collect();
    order.sort_by(|a, b| {
        let (a, b) = (severity(&timeline.zones[*a]), severity(&timeline.zones[*b]));
        b.0.cmp(&a.0).then(b.1.total_cmp(&a.1))
    });
    order.truncate(ZONES_SHOWN);
    order.sort_unstable();
    order.into_iter().map(|i| &timeline.zones[i]).collect()
}

/// Title, subtitle and what the colours mean.
fn draw_heading(picture: &mut RgbImage, timeline: &Timeline, scale: f32) {
    let title = TextStyle { line_px: 30.0 * scale, weight: Weight::Bold, colour: INK };
    let subtitle = TextStyle { line_px: 17.0 * scale, weight: Weight::Regular, colour: DIM };
    let left = 28.0 * scale;
    let width = draw_text(picture, &timeline.title, left, 20.0 * scale, title);
    draw_text(picture, &timeline.subtitle, left + width + 18.0 * scale, 31.0 * scale, subtitle);

    let chip = TextStyle { line_px: 14.0 * scale, weight: Weight::Bold, colour: INK };
    let mut x = picture.width() as f32 - 24.0 * scale;
    let levels = [
        None,
        Some(Level::Red),
        Some(Level::Orange),
        Some(Level::Yellow),
        Some(Level::Blue),
        Some(Level::Normal),
    ];
    for level in levels {
        let width = text_width_px(level_label(level), chip) + 16.0 * scale;
        x -= width;
        let place = Rect { x, y: 26.0 * scale, width, height: 22.0 * scale };
        let ink = if level.is_none() { INK } else { level_ink(level) };
        draw_band(picture, place, level, scale);
        draw_text(
            picture,
            level_label(level),
            x + 8.0 * scale,
            place.y + 4.0 * scale,
            TextStyle { colour: ink, ..chip },
        );
        x -= 6.0 * scale;
    }
}

/// A stretch of a level: its colour, or hatched grey where nothing was known.
fn draw_band(picture: &mut RgbImage, place: Rect, level: Option<Level>, scale: f32) {
    if level.is_some() {
        fill_rect(picture, place, level_colour(level), 1.0);
        return;
    }
    fill_rect(picture, place, Rgb([226, 229, 233]), 1.0);
    let (left, right) = (f64::from(place.x), f64::from(place.x + place.width));
    let (top, bottom) = (f64::from(place.y), f64::from(place.y + place.height));
    let corners: [PointPx; 4] = [[left, top], [right, top], [right, bottom], [left, bottom]];
    let hatch = Paint::Hatch { colour: level_colour(level), alpha: 0.75, period_px: 10.0 * scale };
    fill_polygon(picture, &corners, hatch);
}

fn draw_counts(
    picture: &mut RgbImage,
    timeline: &Timeline,
    span: TimeSpan,
    area: Rect,
    last: bool,
) -> Result<()> {
    let traces: Vec<Trace> = timeline
        .cameras
        .iter()
        .enumerate()
        .map(|(i, camera)| Trace {
            colour: LINES[i % LINES.len()],
            points: camera.samples.iter().map(|s| (s.t_secs, s.people)).collect(),
        })
        .collect();
    let panel = Panel {
        title: "People in the picture",
        unit: "",
        traces: &traces,
        thresholds: None,
        span,
        gap_secs: timeline.gap_secs,
        least_top: 5.0,
        time_labels: last,
        strip: false,
        scale: OVERSAMPLING as f32,
    };
    let plot = panel.draw(picture, area)?;
    draw_legend(picture, timeline, &traces, plot);
    Ok(())
}

/// Which line is which camera, along the chart's upper edge.
fn draw_legend(picture: &mut RgbImage, timeline: &Timeline, traces: &[Trace], plot: PlotArea) {
    let scale = OVERSAMPLING as f32;
    let style = TextStyle { line_px: 16.0 * scale, weight: Weight::Regular, colour: INK };
    let mut x = plot.right as f32;
    let y = plot.top as f32 - 24.0 * scale;
    for (camera, trace) in timeline.cameras.iter().zip(traces).rev() {
        x -= text_width_px(&camera.camera, style);
        draw_text(picture, &camera.camera, x, y, style);
        let middle = f64::from(y + style.line_px / 2.0);
        let line = [[f64::from(x - 34.0 * scale), middle], [f64::from(x - 10.0 * scale), middle]];
        draw_line(picture, &line, f64::from(3.0 * scale), trace.colour, 1.0);
        x -= 54.0 * scale;
    }
}

fn draw_zone(
    picture: &mut RgbImage,
    timeline: &Timeline,
    zone: &ZoneTrack,
    span: TimeSpan,
    area: Rect,
    last: bool,
) -> Result<()> {
    let scale = OVERSAMPLING as f32;
    let points = zone.samples.iter().map(|s| (s.t_secs, s.density_people_per_m2)).collect();
    let panel = Panel {
        title: &zone.zone,
        unit: "people / m²",
        traces: &[Trace { colour: INK, points }],
        thresholds: zone.thresholds_people_per_m2,
        span,
        gap_secs: timeline.gap_secs,
        least_top: 1.0,
        time_labels: last,
        strip: true,
        scale,
    };
    let plot = panel.draw(picture, area)?;
    let strip_top = plot.bottom as f32 + 3.0 * scale;
    for (from, to, level) in level_spans(&zone.samples, span, timeline.gap_secs) {
        let (left, right) = (plot.x_of(span, from) as f32, plot.x_of(span, to) as f32);
        let place = Rect { x: left, y: strip_top, width: right - left, height: 12.0 * scale };
        draw_band(picture, place, level, scale);
    }
    let marks = timeline.warnings.iter().filter(|w| w.zone == zone.zone && span.holds(w.t_secs));
    for warning in marks {
        draw_mark(picture, plot, plot.x_of(span, warning.t_secs), warning.level, scale);
    }
    Ok(())
}

/// A warning: a line down the chart under a flag in the level's colour.
fn draw_mark(picture: &mut RgbImage, plot: PlotArea, x: f64, level: Level, scale: f32) {
    let (top, bottom, scale) = (plot.top, plot.bottom, f64::from(scale));
    draw_line(picture, &[[x, top], [x, bottom]], 1.6 * scale, level_colour(Some(level)), 0.9);
    let (half, height) = (7.0 * scale, 12.0 * scale);
    let flag = [[x - half, top - height], [x + half, top - height], [x, top]];
    draw_line(picture, &[flag[0], flag[1], flag[2], flag[0]], 2.0 * scale, INK, 0.8);
    fill_polygon(picture, &flag, Paint::Solid { colour: level_colour(Some(level)), alpha: 1.0 });
}

#[cfg(test)]
mod tests;
