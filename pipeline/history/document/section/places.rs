//! When which place is how full: all zones by hour, then each zone by weekday, on a typical day, at its peaks.

use crate::{
    document::{
        chart,
        format::{add, clock, duration, escaped, known, number, percent},
        html::Page,
    },
    pattern::WeekTable,
    report::ZoneReport,
};

/// Peaks of a zone that the page shows.
const PEAKS: usize = 5;

pub(in crate::document) fn add_to(page: &mut Page<'_>) {
    page.heading("When and where", "时段与区域");
    let report = &page.document.report;
    if report.zones.is_empty() {
        page.remark(
            "This period has no data of any zone. That does not mean that nobody was there.",
            "该时段没有任何区域的数据，不等于没有人。",
        );
        return;
    }
    let people = page.say("People, mean by hour", "各时段平均人数").to_owned();
    let peak = page.say("peak", "峰值").to_owned();
    matrix(page, &people, &peak, |zone| &zone.people_by_hour, |zone| zone.people_max, 0);
    let density = page.say("Density, people/m²", "平均密度（人/平方米）").to_owned();
    let spot = page.say("spot", "局部").to_owned();
    matrix(page, &density, &spot, |zone| &zone.density_by_hour, |zone| zone.density_max, 1);
    for zone in &report.zones {
        one(page, zone);
    }
}

/// A table of zones by hours, and the highest of each zone.
fn matrix(
    page: &mut Page<'_>,
    title: &str,
    last: &str,
    values: fn(&ZoneReport) -> &[Option<f64>],
    highest: fn(&ZoneReport) -> Option<f64>,
    decimals: usize,
) {
    let zones = &page.document.report.zones;
    let most = zones.iter().flat_map(values).flatten().fold(0.0, |most: f64, value| most.max(*value));
    page.add(format_args!("<h3>{title}</h3><div class=\"scroll\"><table class=\"heat\">"));
    page.hours("", Some(last));
    for zone in zones {
        page.add(format_args!("<tr><th scope=\"row\">{}</th>", escaped(&zone.name)));
        chart::heat_row(&mut page.html, values(zone), most, decimals);
        page.add(format_args!("<td class=\"highest\">{}</td></tr>", known(highest(zone), decimals)));
    }
    page.html.push_str("</table></div>");
}

fn one(page: &mut Page<'_>, zone: &ZoneReport) {
    page.add(format_args!("<section class=\"zone\"><h3>{}</h3>", escaped(&zone.name)));
    figures(page, zone);
    levels(page, zone);
    page.html.push_str("</section>");
    let people = page.say("People by weekday and hour", "各星期、时段平均人数").to_owned();
    week(page, &people, &zone.people_by_weekday_and_hour, 0);
    days(page, zone);
    peaks(page, zone);
}

fn figures(page: &mut Page<'_>, zone: &ZoneReport) {
    let fact =
        |name: &str, value: String| format!("<td><span class=\"quiet\">{name}</span><br><b>{value}</b></td>");
    let metres = page.say("people/m²", "人/平方米").to_owned();
    let mut row = fact(page.say("people, mean", "平均人数"), known(zone.people_mean, 0));
    row += &fact(page.say("at most", "最多"), known(zone.people_max, 0));
    row += &fact(page.say("density, mean", "平均密度"), format!("{} {metres}", known(zone.density_mean, 2)));
    row += &fact(
        page.say("dense places, 95 %", "密集处（95%）"),
        format!("{} {metres}", known(zone.density_p95, 1)),
    );
    row += &fact(page.say("speed, mean", "平均速度"), format!("{} m/s", known(zone.speed_mean, 2)));
    let stay = zone.dwell.mean_minutes.map(|minutes| duration(minutes * 60.0, page.language));
    row += &fact(page.say("stay, mean", "平均停留"), stay.unwrap_or_else(|| "–".to_owned()));
    row += &fact(page.say("seen", "可见比例"), percent(zone.coverage));
    page.add(format_args!("<table class=\"facts\"><tr>{row}</tr></table>"));
    if zone.dwell.mean_minutes.is_none()
        && let Some(missing) = &zone.dwell.missing
    {
        let words = page.say("How long people stay is not told", "未给出停留时间").to_owned();
        page.add(format_args!("<p class=\"quiet\">{words}: {}.</p>", escaped(missing)));
    }
}

/// How long the zone was at which level, in one bar and in words.
fn levels(page: &mut Page<'_>, zone: &ZoneReport) {
    let [normal, blue, yellow, orange, red] = zone.level_secs;
    let names = ["normal", "blue", "yellow", "orange", "red", "unknown-part"];
    let levels = [normal, blue, yellow, orange, red, zone.unknown_secs];
    let all = throng_analytics::level::Level::ALL;
    let mut legend = String::new();
    let mut parts = Vec::new();
    for (place, (class, secs)) in names.into_iter().zip(levels).enumerate() {
        let words =
            format!("{} {}", page.language.level(all.get(place).copied()), duration(secs, page.language));
        if secs > 0.0 {
            let level = class.trim_end_matches("-part");
            add(&mut legend, format_args!("<span class=\"level {level}\">{words}</span>"));
        }
        parts.push((class, secs, words));
    }
    let label = page.say("Time at each level", "各级别时长").to_owned();
    page.add(format_args!(
        "<figure>{}<div class=\"legend\">{legend}</div></figure>",
        chart::shares(&parts, &label)
    ));
}

fn week(page: &mut Page<'_>, title: &str, table: &WeekTable, decimals: usize) {
    let most = table.iter().flatten().flatten().fold(0.0, |most: f64, value| most.max(*value));
    page.add(format_args!(
        "<figure><figcaption>{title}</figcaption><div class=\"scroll\"><table class=\"heat week\">"
    ));
    page.hours("", None);
    for (weekday, hours) in table.iter().enumerate() {
        page.add(format_args!("<tr><th scope=\"row\">{}</th>", page.language.weekday(weekday)));
        chart::heat_row(&mut page.html, hours, most, decimals);
        page.html.push_str("</tr>");
    }
    page.html.push_str("</table></div></figure>");
}

/// Each kind of day with its band; the last day of the period drawn over those of its kind.
fn days(page: &mut Page<'_>, zone: &ZoneReport) {
    let window_secs = page.document.report.window_secs;
    for day in &zone.typical_days {
        let compared = zone.last_day.as_ref().filter(|last| last.kind == day.kind);
        let kind = page.language.day_kind(day.kind);
        let days = day.points.iter().map(|point| point.days).max().unwrap_or_default();
        let title =
            format!("{}: {kind} ({days} {})", page.say("Typical day", "典型日"), page.say("days", "天"));
        let mut legend = format!(
            "<span><i class=\"dashed\"></i>{}</span><span><i class=\"banded\"></i>{}</span>",
            page.say("people, median", "人数中位数"),
            page.say("8 of 10 days lie within", "十天中八天在此范围")
        );
        if let Some(last) = compared {
            let above = last.above_band.map(|part| {
                format!(
                    ", {} {}",
                    percent(Some(part)),
                    page.say("of it fuller than 9 of 10 days", "的时间超过九成同类日")
                )
            });
            add(
                &mut legend,
                format_args!(
                    "<span><i class=\"solid\"></i>{}{}</span>",
                    escaped(&last.date),
                    above.unwrap_or_default()
                ),
            );
        }
        let svg = chart::day(&day.points, compared, window_secs, &escaped(&title));
        page.add(format_args!(
            "<figure><figcaption>{title}</figcaption>{svg}<div class=\"legend\">{legend}</div></figure>"
        ));
    }
    if zone.typical_days.is_empty() {
        page.remark(
            "Fewer than three days of any kind were seen: there is no typical day yet.",
            "任何一类日子都不足三天有数据：尚无典型日。",
        );
    }
}

fn peaks(page: &mut Page<'_>, zone: &ZoneReport) {
    if zone.peaks.is_empty() {
        return;
    }
    let mut rows = String::new();
    for peak in zone.peaks.iter().take(PEAKS) {
        add(
            &mut rows,
            format_args!(
                "<tr><td>{} {}</td><td>{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td></tr>",
                escaped(&peak.date),
                clock(peak.minute_of_day),
                page.language.day_kind(peak.kind),
                number(peak.people, 0),
                known(peak.density_max, 1)
            ),
        );
    }
    let head = format!(
        "<tr><th>{}</th><th>{}</th><th class=\"num\">{}</th><th class=\"num\">{}</th></tr>",
        page.say("Fullest times, one a day", "最拥挤时刻（每天一个）"),
        page.say("Kind of day", "日类型"),
        page.say("People", "人数"),
        page.say("Densest spot, people/m²", "最高局部密度（人/平方米）")
    );
    page.add(format_args!("<table>{head}{rows}</table>"));
}
