//! Charts as SVG inside the page: no script, sharp on paper, and with the numbers in them.

use super::format::{add, clock, known, number};
use crate::pattern::{ComparedDay, TypicalPoint};

/// Size of a chart of a day, in the units of its view box.
const DAY: [f64; 2] = [640.0, 190.0];
/// Room for the numbers at its left and below it.
const MARGIN: [f64; 2] = [46.0, 22.0];
const MINUTES: f64 = 24.0 * 60.0;

/// A step of an axis that reads well: 1, 2 or 5 times a power of ten, about `count` of them up to `most`.
fn step(most: f64, count: f64) -> f64 {
    let rough = (most / count).max(1e-9);
    let power = 10_f64.powf(rough.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0].into_iter().find(|factor| factor * power >= rough).unwrap_or(10.0);
    factor * power
}

/// The axes of a day, and where a point of it lies.
struct Plot {
    most: f64,
}

impl Plot {
    fn x(minute: f64) -> f64 {
        MARGIN[0] + minute / MINUTES * (DAY[0] - MARGIN[0] - 8.0)
    }

    fn y(&self, value: f64) -> f64 {
        (DAY[1] - MARGIN[1]) - value / self.most * (DAY[1] - MARGIN[1] - 8.0)
    }

    fn axes(&self, svg: &mut String) {
        let step = step(self.most, 6.0);
        let lines = (self.most / step).floor() as usize;
        for line in 0..=lines {
            let value = line as f64 * step;
            let y = self.y(value);
            let (left, right) = (MARGIN[0], DAY[0] - 8.0);
            let shown = number(value, usize::from(step < 1.0));
            add(svg, format_args!("<path class=\"grid\" d=\"M{left} {y:.1}H{right}\"/>"));
            add(
                svg,
                format_args!("<text class=\"y\" x=\"{:.1}\" y=\"{:.1}\">{shown}</text>", left - 6.0, y + 4.0),
            );
        }
        for hour in (0..=24).step_by(3) {
            let (x, y) = (Self::x(f64::from(hour) * 60.0), DAY[1] - 6.0);
            add(svg, format_args!("<text class=\"x\" x=\"{x:.1}\" y=\"{y}\">{hour}</text>"));
        }
    }

    /// A line through points, broken wherever nothing is known for longer than a window.
    fn path(&self, class: &str, points: &[(usize, f64)], window_minutes: usize) -> String {
        let mut path = String::new();
        let mut before = None;
        for (minute, value) in points {
            let joined = before.is_some_and(|before| minute - before <= window_minutes);
            let (x, y) = (Self::x(*minute as f64), self.y(*value));
            add(&mut path, format_args!("{}{x:.1} {y:.1}", if joined { "L" } else { "M" }));
            before = Some(*minute);
        }
        format!("<path class=\"{class}\" d=\"{path}\"/>")
    }

    /// The band between the emptiest and the fullest tenth of days.
    fn band(&self, points: &[&TypicalPoint], window_minutes: usize) -> String {
        let mut bands = String::new();
        for run in points.chunk_by(|a, b| b.minute_of_day - a.minute_of_day <= window_minutes) {
            let up = run.iter().map(|point| (point.minute_of_day, point.people_hi));
            let down = run.iter().rev().map(|point| (point.minute_of_day, point.people_lo));
            let corners: Vec<String> = up
                .chain(down)
                .map(|(minute, value)| format!("{:.1} {:.1}", Self::x(minute as f64), self.y(value)))
                .collect();
            add(&mut bands, format_args!("<path class=\"band\" d=\"M{}Z\"/>", corners.join("L")));
        }
        bands
    }
}

/// A typical day with its band and, over it, the day that is compared with it. `label` is read out to who cannot see it.
pub(super) fn day(
    typical: &[TypicalPoint],
    compared: Option<&ComparedDay>,
    window_secs: i64,
    label: &str,
) -> String {
    let window_minutes = usize::try_from(window_secs / 60).unwrap_or(60);
    let of_day: Vec<(usize, f64)> = compared
        .iter()
        .flat_map(|day| &day.points)
        .filter_map(|point| Some((point.minute_of_day, point.people?)))
        .collect();
    let most = typical.iter().map(|point| point.people_hi).chain(of_day.iter().map(|(_, people)| *people));
    let plot = Plot { most: most.fold(1.0, f64::max) * 1.05 };
    let points: Vec<&TypicalPoint> = typical.iter().collect();
    let median: Vec<(usize, f64)> =
        typical.iter().map(|point| (point.minute_of_day, point.people_median)).collect();
    let mut svg = format!(
        "<svg class=\"day\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{label}\">",
        DAY[0], DAY[1]
    );
    svg += &plot.band(&points, window_minutes);
    plot.axes(&mut svg);
    svg += &plot.path("median", &median, window_minutes);
    svg += &plot.path("this-day", &of_day, window_minutes);
    svg + "</svg>"
}

/// People an hour in (up) and out (down) by hour of the day.
pub(super) fn in_and_out(people_in: &[Option<f64>], people_out: &[Option<f64>], label: &str) -> String {
    let most = people_in.iter().chain(people_out).flatten().fold(1.0_f64, |most, people| most.max(*people));
    let (width, half) = (DAY[0] - MARGIN[0] - 8.0, 74.0);
    let (each, middle) = (width / 24.0, half + 6.0);
    let mut svg = format!("<svg class=\"day\" viewBox=\"0 0 640 182\" role=\"img\" aria-label=\"{label}\">");
    for (sign, value) in [(-1.0, most), (1.0, most)] {
        let y = middle + sign * half;
        let (left, right) = (MARGIN[0], DAY[0] - 8.0);
        let shown = number(value, 0);
        add(&mut svg, format_args!("<path class=\"grid\" d=\"M{left} {y:.1}H{right}\"/>"));
        add(
            &mut svg,
            format_args!("<text class=\"y\" x=\"{:.1}\" y=\"{:.1}\">{shown}</text>", left - 6.0, y + 4.0),
        );
    }
    for hour in 0..24 {
        let x = MARGIN[0] + each * hour as f64;
        for (class, sign, list) in [("in", -1.0, people_in), ("out", 1.0, people_out)] {
            let Some(people) = list.get(hour).copied().flatten() else { continue };
            let height = people / most * half;
            let top = if sign < 0.0 { middle - height } else { middle };
            add(
                &mut svg,
                format_args!(
                    "<rect class=\"{class}\" x=\"{:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{height:.1}\"><title>{hour}:00 \
                     {}</title></rect>",
                    x + 2.0,
                    each - 4.0,
                    number(people, 0)
                ),
            );
        }
        if hour % 3 == 0 {
            add(
                &mut svg,
                format_args!("<text class=\"x\" x=\"{:.1}\" y=\"177\">{hour}</text>", x + each / 2.0),
            );
        }
    }
    add(
        &mut svg,
        format_args!("<path class=\"axis\" d=\"M{} {middle}H{}\"/></svg>", MARGIN[0], DAY[0] - 8.0),
    );
    svg
}

/// Shares of a whole side by side: class, share and what it is called.
pub(super) fn shares(parts: &[(&str, f64, String)], label: &str) -> String {
    let whole: f64 = parts.iter().map(|(_, part, _)| part).sum();
    let mut svg = format!(
        "<svg class=\"shares\" viewBox=\"0 0 1000 26\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{label}\">"
    );
    let mut x = 0.0;
    for (class, part, title) in parts {
        let width = if whole > 0.0 { part / whole * 1000.0 } else { 0.0 };
        if width > 0.0 {
            add(
                &mut svg,
                format_args!(
                    "<rect class=\"{class}\" x=\"{x:.1}\" y=\"0\" width=\"{width:.1}\" height=\"26\"><title>{title}</title></rect>"
                ),
            );
        }
        x += width;
    }
    svg + "</svg>"
}

/// A row of 24 cells of heat, each with its number; the unknown is hatched. `most` has the strongest colour.
pub(super) fn heat_row(page: &mut String, values: &[Option<f64>], most: f64, decimals: usize) {
    for (hour, value) in values.iter().enumerate() {
        match value {
            None => page.push_str("<td class=\"none\">–</td>"),
            Some(value) => {
                // Ten steps, so that the colours are in the style sheet and a print keeps them.
                let share = if most > 0.0 { (value / most).clamp(0.0, 1.0) } else { 0.0 };
                let (heat, shown) = ((share * 9.0).round() as u8, known(Some(*value), decimals));
                let from = clock(hour * 60);
                add(
                    page,
                    format_args!(
                        "<td class=\"h{heat}\" title=\"{from} {shown}\">{}</td>",
                        short(*value, decimals)
                    ),
                );
            }
        }
    }
}

/// A number in a small cell: thousands as `1.2k`.
fn short(value: f64, decimals: usize) -> String {
    match value {
        v if v >= 9950.0 => format!("{:.0}k", v / 1000.0),
        v if v >= 1000.0 => format!("{:.1}k", v / 1000.0),
        v => format!("{v:.decimals$}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_round_numbers() {
        assert!((step(1000.0, 4.0) - 500.0).abs() < 1e-9 && (step(37.0, 4.0) - 10.0).abs() < 1e-9);
        assert!((step(3.0, 4.0) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_line_is_broken_where_nothing_is_known() {
        let path = Plot { most: 10.0 }.path("x", &[(0, 1.0), (15, 2.0), (60, 3.0)], 15);
        assert_eq!((path.matches('M').count(), path.matches('L').count()), (2, 1), "{path}");
    }

    #[test]
    fn an_unknown_hour_is_no_zero() {
        let mut row = String::new();
        heat_row(&mut row, &[None, Some(0.0), Some(12_400.0)], 12_400.0, 0);
        assert!(row.contains("class=\"none\">–<") && row.contains("h0") && row.contains(">12k<"), "{row}");
    }
}
