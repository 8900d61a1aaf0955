//! What the warnings were worth, as one PNG: lead times of the scenes of danger, false alarms of the benign ones.

use std::path::Path;

use anyhow::{Context as _, Result};
use image::{Rgb, RgbImage};
use throng_analytics::level::Level;
use throng_samples::evaluation::bootstrap::Interval;
use throng_samples::evaluation::summary::{Summary, Worth};

use super::canvas::{Rect, fill_rect};
use super::palette::level_colour;
use super::text::{TextStyle, Weight, draw_text};

const WIDTH_PX: u32 = 1400;
const PAPER: Rgb<u8> = Rgb([255; 3]);
const INK: Rgb<u8> = Rgb([31, 36, 46]);
const DIM: Rgb<u8> = Rgb([106, 114, 128]);
const RULE: Rgb<u8> = Rgb([226, 229, 234]);
/// Bars of a scenario, one for each level.
const BAR_PX: u32 = 11;
const ROW_PX: u32 = 4 * BAR_PX + 14;
/// Where bars begin, and how long the longest is.
const LEFT_PX: u32 = 240;
const REACH_PX: u32 = 1060;

/// A block of rows with one scale.
struct Block<'a> {
    heading: &'a str,
    unit: &'a str,
    rows: Vec<(&'a str, [Option<Figure>; 4])>,
}

/// A figure with the ends of its 90 % interval.
#[derive(Clone, Copy)]
struct Figure {
    value: f64,
    lo: f64,
    hi: f64,
}

/// Draws the chart and writes it.
///
/// # Errors
/// Where the file cannot be written; the message names it.
pub fn chart(summary: &Summary, subject: &str, path: &Path) -> Result<()> {
    let rows = |figures: &dyn Fn(&Worth) -> Option<[Option<Figure>; 4]>| {
        summary.by_scenario.iter().filter_map(|(id, worth)| Some((id.as_str(), figures(worth)?))).collect()
    };
    let blocks = [
        Block {
            heading: "Lead to harm, seconds (median and its 90 % interval; 0: no alarm came before)",
            unit: "s",
            rows: rows(&|worth| {
                let lead =
                    |lead: &Option<Interval>| lead.map(|l| Figure { value: l.median, lo: l.lo, hi: l.hi });
                (worth.harmed > 0).then(|| worth.lead_to_harm_s.in_order().map(lead))
            }),
        },
        Block {
            heading: "Alarms an hour of benign scenes (and the 90 % interval)",
            unit: "/h",
            rows: rows(&|worth| {
                let (rates, between) =
                    worth.false_alarms_per_hour.zip(worth.false_alarms_per_hour_interval)?;
                let (rates, between) = (rates.in_order(), between.in_order());
                let figure = |k: usize| Figure { value: *rates[k], lo: between[k].lo, hi: between[k].hi };
                Some([0, 1, 2, 3].map(|k| Some(figure(k))))
            }),
        },
    ];
    let height_px = 70 + blocks.iter().map(|block| 70 + ROW_PX * block.rows.len() as u32).sum::<u32>();
    let mut picture = RgbImage::from_pixel(WIDTH_PX, height_px, PAPER);
    let bold = TextStyle { line_px: 26.0, weight: Weight::Bold, colour: INK };
    draw_text(&mut picture, &format!("What the warnings are worth: {subject}"), 24.0, 16.0, bold);
    let mut top_px = 64;
    for block in &blocks {
        top_px = draw_block(&mut picture, block, top_px);
    }
    picture.save(path).with_context(|| format!("cannot write the chart {}", path.display()))
}

fn draw_block(picture: &mut RgbImage, block: &Block<'_>, top_px: u32) -> u32 {
    let heading = TextStyle { line_px: 20.0, weight: Weight::Bold, colour: INK };
    let small = TextStyle { line_px: 13.0, weight: Weight::Regular, colour: DIM };
    let name = TextStyle { line_px: 17.0, weight: Weight::Regular, colour: INK };
    draw_text(picture, block.heading, 24.0, top_px as f32 + 8.0, heading);
    let figures = block.rows.iter().flat_map(|(_, figures)| figures.iter().flatten());
    let longest = figures.map(|figure| figure.hi.max(figure.value)).fold(1.0, f64::max);
    let length_px = |figure: f64| (figure / longest * f64::from(REACH_PX)) as f32;
    let mut row_px = top_px + 44;
    for (id, figures) in &block.rows {
        let rule = Rect { x: 24.0, y: (row_px - 5) as f32, width: (WIDTH_PX - 48) as f32, height: 1.0 };
        fill_rect(picture, rule, RULE, 1.0);
        draw_text(picture, &id.replace('_', " "), 24.0, row_px as f32 + 10.0, name);
        for (k, (level, figure)) in Level::WARNING.iter().zip(figures).enumerate() {
            let Some(figure) = figure else { continue };
            let y = row_px + k as u32 * BAR_PX;
            let (width, height) = (length_px(figure.value).max(2.0), (BAR_PX - 2) as f32);
            let bar = Rect { x: LEFT_PX as f32, y: y as f32, width, height };
            fill_rect(picture, bar, level_colour(Some(*level)), 1.0);
            let whisker = Rect {
                x: LEFT_PX as f32 + length_px(figure.lo),
                y: y as f32 + height / 2.0 - 1.0,
                width: (length_px(figure.hi) - length_px(figure.lo)).max(1.0),
                height: 2.0,
            };
            fill_rect(picture, whisker, DIM, 1.0);
            let value = figure.value;
            let text = format!("{} {value:.*} {}", level.name(), usize::from(value < 10.0), block.unit);
            let beside_px = LEFT_PX as f32 + length_px(figure.hi.max(value)) + 8.0;
            draw_text(picture, &text, beside_px, y as f32 - 3.0, small);
        }
        row_px += ROW_PX;
    }
    row_px + 26
}
