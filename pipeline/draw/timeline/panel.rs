//! One chart: a value through time with its interval, and thresholds behind it.

use anyhow::{Context as _, Result};
use image::{Rgb, RgbImage};
use plotters::coord::Shift;
use plotters::prelude::{
    BitMapBackend, ChartBuilder, Color as _, DrawingArea, IntoDrawingArea as _, IntoFont as _, LineSeries,
    Polygon, RGBColor, Rectangle,
};
use throng_analytics::level::Level;

use super::super::canvas::Rect;
use super::super::overlay::Estimate;
use super::super::palette::{level_colour, level_label};
use super::super::text::{TextStyle, Weight, chart_face, draw_text, text_width_px};
use super::axis::TimeAxis;
use super::spans::{TimeSpan, clock_text, known_runs};
use super::{DIM, INK};

/// Moments labelled on the time axis, about.
const TICKS: usize = 12;

/// One line with its interval.
pub(super) struct Trace {
    pub(super) colour: Rgb<u8>,
    /// Seconds and what was known then.
    pub(super) points: Vec<(f64, Option<Estimate>)>,
}

/// What a chart shows and how.
pub(super) struct Panel<'a> {
    pub(super) title: &'a str,
    pub(super) unit: &'a str,
    pub(super) traces: &'a [Trace],
    /// Where blue, yellow, orange and red begin.
    pub(super) thresholds: Option<[f64; 4]>,
    pub(super) span: TimeSpan,
    pub(super) gap_secs: f64,
    /// The value axis reaches this far up at least.
    pub(super) least_top: f64,
    /// Whether times are written below.
    pub(super) time_labels: bool,
    /// Whether room is left below for the level's band.
    pub(super) strip: bool,
    pub(super) scale: f32,
}

/// Where a chart's inner area lies, in picture pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlotArea {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

impl PlotArea {
    /// The pixel column of a moment, inside the chart.
    pub(super) fn x_of(self, span: TimeSpan, t_secs: f64) -> f64 {
        let share = ((t_secs - span.from_secs) / span.length_secs()).clamp(0.0, 1.0);
        self.left + share * (self.right - self.left)
    }
}

fn ink_of(colour: Rgb<u8>) -> RGBColor {
    RGBColor(colour.0[0], colour.0[1], colour.0[2])
}

impl Panel<'_> {
    /// Draws the chart into `area`; returns where its inner area lies.
    pub(super) fn draw(&self, picture: &mut RgbImage, area: Rect) -> Result<PlotArea> {
        let px = |length: f32| (length * self.scale).round();
        let plot = PlotArea {
            left: f64::from(area.x + px(72.0)),
            right: f64::from(area.x + area.width - px(112.0)),
            top: f64::from((area.y + px(34.0)).round()),
            bottom: f64::from((area.y + area.height - px(if self.strip { 22.0 } else { 10.0 })).round()),
        };
        let top_value = self.top_value();
        self.draw_chart(picture, plot, top_value)?;
        self.draw_texts(picture, plot, top_value);
        Ok(plot)
    }

    /// The upper end of the value axis: above every value and the reachable thresholds.
    fn top_value(&self) -> f64 {
        let points = self.traces.iter().flat_map(|trace| known_runs(&trace.points, self.gap_secs)).flatten();
        let highest = points.map(|(_, e)| e.value.max(e.hi)).fold(self.least_top, f64::max);
        let thresholds = self.thresholds.iter().flatten().copied().filter(|t| t.is_finite());
        thresholds.fold(highest, f64::max) * 1.08
    }

    fn draw_chart(&self, picture: &mut RgbImage, plot: PlotArea, top_value: f64) -> Result<()> {
        let size = picture.dimensions();
        let root = BitMapBackend::with_buffer(picture, size).into_drawing_area();
        // The values' labels lie to the left of the inner area, inside what is handed to the chart.
        let labels_px = (64.0 * self.scale) as i32;
        let (left, top) = (plot.left as i32 - labels_px, plot.top as i32);
        let size = (plot.right as i32 - left, plot.bottom as i32 - top);
        let area = root.clone().shrink((left, top), size);
        self.draw_series(&area, top_value, labels_px)
            .with_context(|| format!("cannot draw the chart of \"{}\"", self.title))?;
        root.present().context("cannot finish the chart")
    }

    fn draw_series(
        &self,
        area: &DrawingArea<BitMapBackend<'_>, Shift>,
        top_value: f64,
        labels_px: i32,
    ) -> Result<()> {
        let (from, to) = (self.span.from_secs, self.span.to_secs);
        let mut chart = ChartBuilder::on(area)
            .y_label_area_size(labels_px)
            .build_cartesian_2d(TimeAxis(self.span), 0.0..top_value)?;
        for (threshold, until, level) in self.bands(top_value) {
            let corners = [(from, threshold), (to, until)];
            let tint = ink_of(level_colour(Some(level)));
            chart.draw_series(std::iter::once(Rectangle::new(corners, tint.mix(0.10).filled())))?;
        }

        let label = (chart_face()?, 15.0 * f64::from(self.scale)).into_font().color(&ink_of(DIM));
        let line = RGBColor(225, 228, 233).stroke_width(self.scale as u32);
        chart
            .configure_mesh()
            .x_labels(TICKS)
            .y_labels(5)
            .max_light_lines(0)
            .bold_line_style(line)
            .axis_style(RGBColor(170, 177, 187).stroke_width(self.scale as u32))
            .y_label_formatter(&|v| format!("{v}"))
            .label_style(label)
            .draw()?;

        for (threshold, _, level) in self.bands(top_value) {
            let style = ink_of(level_colour(Some(level))).stroke_width((0.5 * self.scale).max(1.0) as u32);
            chart.draw_series(LineSeries::new([(from, threshold), (to, threshold)], style))?;
        }

        for trace in self.traces {
            let colour = ink_of(trace.colour);
            for run in known_runs(&trace.points, self.gap_secs) {
                let upper = run.iter().map(|(t, e)| (*t, e.hi.clamp(0.0, top_value)));
                let lower = run.iter().rev().map(|(t, e)| (*t, e.lo.clamp(0.0, top_value)));
                chart.draw_series(std::iter::once(Polygon::new(
                    upper.chain(lower).collect::<Vec<_>>(),
                    colour.mix(0.18).filled(),
                )))?;
                let mut values: Vec<(f64, f64)> =
                    run.iter().map(|(t, e)| (*t, e.value.clamp(0.0, top_value))).collect();
                if let [only] = values[..] {
                    // A lone sample shows as a short dash.
                    values = vec![(only.0 - self.span.length_secs() / 800.0, only.1), only];
                }
                let width = (2.0 * self.scale) as u32;
                chart.draw_series(LineSeries::new(values, colour.stroke_width(width)))?;
            }
        }
        Ok(())
    }

    /// Each warning level's stretch of the value axis.
    fn bands(&self, top_value: f64) -> Vec<(f64, f64, Level)> {
        let Some(thresholds) = self.thresholds else { return Vec::new() };
        let ends = thresholds.iter().skip(1).copied().chain([top_value]);
        let bands = thresholds.into_iter().zip(ends).zip(Level::WARNING);
        bands
            .map(|((from, to), level)| (from, to, level))
            .filter(|(from, to, _)| from.is_finite() && to.is_finite())
            .collect()
    }

    fn draw_texts(&self, picture: &mut RgbImage, plot: PlotArea, top_value: f64) {
        let heading = TextStyle { line_px: 18.0 * self.scale, weight: Weight::Bold, colour: INK };
        let plain = TextStyle { line_px: 15.0 * self.scale, weight: Weight::Regular, colour: DIM };
        let (left, y) = (plot.left as f32, plot.top as f32 - 25.0 * self.scale);
        let width = draw_text(picture, self.title, left, y, heading);
        draw_text(picture, self.unit, left + width + 12.0 * self.scale, y + 2.5 * self.scale, plain);
        for (threshold, _, level) in self.bands(top_value) {
            let at = plot.bottom - threshold / top_value * (plot.bottom - plot.top);
            let text = format!("{} {threshold}", level_label(Some(level)));
            let style = TextStyle { line_px: 13.0 * self.scale, ..plain };
            let x = plot.right as f32 + 8.0 * self.scale;
            draw_text(picture, &text, x, at as f32 - style.line_px / 2.0, style);
        }
        if self.time_labels {
            let y = plot.bottom as f32 + (if self.strip { 19.0 } else { 7.0 }) * self.scale;
            for t_secs in self.span.ticks(TICKS) {
                let text = clock_text(t_secs);
                let x = plot.x_of(self.span, t_secs) as f32 - text_width_px(&text, plain) / 2.0;
                draw_text(picture, &text, x, y, plain);
            }
        }
        if self.traces.iter().all(|trace| known_runs(&trace.points, self.gap_secs).is_empty()) {
            let text = "no data";
            let x = (plot.left + plot.right) as f32 / 2.0 - text_width_px(text, heading) / 2.0;
            let y = (plot.top + plot.bottom) as f32 / 2.0 - heading.line_px / 2.0;
            draw_text(picture, text, x, y, TextStyle { colour: DIM, ..heading });
        }
    }
}
