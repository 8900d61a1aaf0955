//! An experiment at a glance: density and speed through time, people over the line, and speed by density, as one PNG.

use std::path::Path;

use anyhow::{Context as _, Result};
use image::{Rgb, RgbImage};
use plotters::coord::Shift;
use plotters::prelude::{
    BitMapBackend, ChartBuilder, Circle, Color as _, DrawingArea, IntoDrawingArea as _, IntoFont as _,
    LineSeries, RGBColor,
};

use super::palette::LINES;
use super::text::{TextStyle, Weight, chart_face, draw_text, text_width_px};

const WIDTH_PX: u32 = 1600;
const HEIGHT_PX: u32 = 1000;
const PAPER: Rgb<u8> = Rgb([255; 3]);
const INK: Rgb<u8> = Rgb([31, 36, 46]);
const DIM: Rgb<u8> = Rgb([106, 114, 128]);

/// A named line of `(x, y)` values in the order of x.
#[derive(Clone, Debug)]
pub struct Series {
    /// What it is.
    pub name: &'static str,
    /// Its values.
    pub values: Vec<(f64, f64)>,
}

/// What the picture shows.
#[derive(Clone, Debug)]
pub struct Dynamics {
    /// Heading, such as the file's name.
    pub title: String,
    /// People/m2 by seconds.
    pub densities: Vec<Series>,
    /// Metres a second by seconds.
    pub speeds: Vec<Series>,
    /// People over the line by seconds.
    pub crossed: Vec<Series>,
    /// Metres a second by people/m2, one dot a frame.
    pub speed_by_density: Vec<(f64, f64)>,
}

/// One of the four charts.
struct Chart<'a> {
    title: &'static str,
    across: &'static str,
    series: &'a [Series],
    dots: &'a [(f64, f64)],
}

/// Draws the charts and writes them as a PNG.
///
/// # Errors
/// Where the charts cannot be drawn or the file not be written; the message names the file.
pub fn write_png(dynamics: &Dynamics, path: &Path) -> Result<()> {
    let mut picture = RgbImage::from_pixel(WIDTH_PX, HEIGHT_PX, PAPER);
    draw_text(
        &mut picture,
        &dynamics.title,
        28.0,
        16.0,
        TextStyle { line_px: 28.0, weight: Weight::Bold, colour: INK },
    );
    let over_time = |title, series| Chart { title, across: "s", series, dots: &[] };
    let charts = [
        over_time("Density, people/m²", &dynamics.densities),
        over_time("Speed, m/s", &dynamics.speeds),
        over_time("People over the line", &dynamics.crossed),
        Chart {
            title: "Speed in m/s by density (Voronoi)",
            across: "people/m²",
            series: &[],
            dots: &dynamics.speed_by_density,
        },
    ];
    let (width, height) = (WIDTH_PX / 2, (HEIGHT_PX - 60) / 2);
    for (place, chart) in charts.iter().enumerate() {
        let corner = ((place as u32 % 2) * width, 60 + (place as u32 / 2) * height);
        chart
            .draw(&mut picture, corner, (width, height))
            .with_context(|| format!("cannot draw {:?}", chart.title))?;
    }
    picture.save_with_format(path, image::ImageFormat::Png).with_context(|| {
        format!("cannot write the charts to {}: check that the folder exists and has space", path.display())
    })
}

impl Chart<'_> {
    fn draw(&self, picture: &mut RgbImage, (x, y): (u32, u32), (width, height): (u32, u32)) -> Result<()> {
        let size = picture.dimensions();
        let root = BitMapBackend::with_buffer(picture, size).into_drawing_area();
        let area = root.clone().shrink((x.cast_signed(), y.cast_signed() + 34), (width, height - 34));
        self.draw_values(&area)?;
        root.present()?;
        drop(area);
        drop(root);
        let heading = TextStyle { line_px: 19.0, weight: Weight::Bold, colour: INK };
        let plain = TextStyle { line_px: 15.0, weight: Weight::Regular, colour: DIM };
        draw_text(picture, self.title, x as f32 + 64.0, y as f32 + 8.0, heading);
        let mut right = (x + width) as f32 - 24.0;
        for (series, colour) in self.series.iter().zip(LINES).rev() {
            right -= text_width_px(series.name, plain);
            draw_text(picture, series.name, right, y as f32 + 11.0, TextStyle { colour, ..plain });
            right -= 18.0;
        }
        let unit_x = (x + width) as f32 - 24.0 - text_width_px(self.across, plain);
        draw_text(picture, self.across, unit_x, (y + height) as f32 - 22.0, plain);
        Ok(())
    }

    fn draw_values(&self, area: &DrawingArea<BitMapBackend<'_>, Shift>) -> Result<()> {
        let values = || self.series.iter().flat_map(|series| &series.values).chain(self.dots);
        let range = |of: fn(&(f64, f64)) -> f64, from: f64| {
            let (lo, hi) =
                values().map(of).fold((from, f64::NEG_INFINITY), |(lo, hi), v| (lo.min(v), hi.max(v)));
            lo..hi.max(lo + 1e-3) + 0.04 * (hi - lo).max(1e-3)
        };
        // Time begins with the footage, all else at nothing.
        let from_x = if self.dots.is_empty() { f64::INFINITY } else { 0.0 };
        let across = if values().next().is_some() { range(|v| v.0, from_x) } else { 0.0..1.0 };
        let mut chart = ChartBuilder::on(area)
            .margin_right(24)
            .margin_bottom(22)
            .x_label_area_size(24)
            .y_label_area_size(60)
            .build_cartesian_2d(across, range(|v| v.1, 0.0))?;
        let label = (chart_face()?, 15.0).into_font().color(&RGBColor(DIM[0], DIM[1], DIM[2]));
        chart
            .configure_mesh()
            .max_light_lines(0)
            .bold_line_style(RGBColor(225, 228, 233))
            .axis_style(RGBColor(170, 177, 187))
            .label_style(label)
            .draw()?;
        for (series, colour) in self.series.iter().zip(LINES) {
            let colour = RGBColor(colour[0], colour[1], colour[2]);
            chart.draw_series(LineSeries::new(series.values.iter().copied(), colour.stroke_width(2)))?;
        }
        let dot = RGBColor(LINES[0][0], LINES[0][1], LINES[0][2]).mix(0.35);
        chart.draw_series(self.dots.iter().map(|at| Circle::new(*at, 3, dot.filled())))?;
        Ok(())
    }
}
