//! The page: one file, nothing fetched, no script.

use throng_analytics::time::Timestamp;

use super::{
    Document,
    format::{add, at, clock, duration, escaped, known, number, percent},
    section,
};
use crate::{
    clock::unix_secs,
    error::HistoryError,
    local::Local,
    report::{Language, ZoneReport},
};

/// What every part of the page needs.
pub(super) struct Page<'a> {
    pub(super) document: &'a Document,
    pub(super) local: Local,
    pub(super) language: Language,
    pub(super) html: String,
}

impl Document {
    /// The report as one HTML page, with style and charts in it.
    ///
    /// # Errors
    /// Its time zone is none.
    pub fn html(&self, language: Language) -> Result<String, HistoryError> {
        let mut page = Page { document: self, local: self.local()?, language, html: String::new() };
        page.head();
        page.at_a_glance();
        section::deployment::add_to(&mut page);
        section::places::add_to(&mut page);
        section::ways::add_to(&mut page);
        section::alarms::add_to(&mut page);
        page.foot();
        Ok(page.html)
    }
}

impl Page<'_> {
    pub(super) fn say<'t>(&self, en: &'t str, zh: &'t str) -> &'t str {
        self.language.say(en, zh)
    }

    pub(super) fn add(&mut self, text: std::fmt::Arguments<'_>) {
        add(&mut self.html, text);
    }

    /// A heading that contents can lead to.
    pub(super) fn heading(&mut self, en: &str, zh: &str) {
        let words = self.say(en, zh).to_owned();
        self.add(format_args!("<h2>{words}</h2>"));
    }

    pub(super) fn remark(&mut self, en: &str, zh: &str) {
        let words = self.say(en, zh).to_owned();
        self.add(format_args!("<p class=\"quiet\">{words}</p>"));
    }

    /// The row of hours above a table of heat.
    pub(super) fn hours(&mut self, first: &str, last: Option<&str>) {
        self.add(format_args!("<tr><th>{first}</th>"));
        for hour in 0..24 {
            self.add(format_args!("<th scope=\"col\">{hour}</th>"));
        }
        if let Some(last) = last {
            self.add(format_args!("<th class=\"highest\">{last}</th>"));
        }
        self.html.push_str("</tr>");
    }

    fn head(&mut self) {
        let report = &self.document.report;
        let site = escaped(&report.site);
        let (from, to) = self.period();
        let title = self.say("Crowds", "人流报告").to_owned();
        let (tag, style) = (self.language.tag(), include_str!("style.css"));
        self.add(format_args!(
            "<!doctype html><html lang=\"{tag}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
             content=\"width=device-width,initial-scale=1\"><title>{title} {site} {from} – {to}</title>\
             <style>{style}</style></head><body><main><header><h1>{title}: {site}</h1>\
             <p class=\"period\">{from} – {to} ({})</p>",
            escaped(&report.time_zone)
        ));
        let days: Vec<String> = report
            .events
            .iter()
            .map(|event| format!("{} {}", escaped(&event.date), escaped(&event.name)))
            .collect();
        if !days.is_empty() {
            let words = self.say("In the calendar", "日历").to_owned();
            self.add(format_args!("<p>{words}: {}.</p>", days.join(self.say(", ", "、"))));
        }
        self.html.push_str("</header>");
    }

    /// The first and the last day where the period is of whole days, else the first and the last minute.
    fn period(&self) -> (String, String) {
        let report = &self.document.report;
        let minutes = |at: Timestamp| self.local.time_of(unix_secs(at)).minute_of_day;
        if minutes(report.from) == 0 && minutes(report.to) == 0 {
            let date = |at: Timestamp| self.local.time_of(unix_secs(at)).date.to_string();
            return (date(report.from), date(report.to - 1.0));
        }
        (at(report.from, &self.local), at(report.to, &self.local))
    }

    /// What a commander must know who reads nothing else.
    fn at_a_glance(&mut self) {
        let (report, advice) = (&self.document.report, &self.document.deployment);
        let busiest = |of: fn(&ZoneReport) -> Option<f64>| {
            let zones = report.zones.iter().filter_map(|zone| Some((zone, of(zone)?)));
            zones.max_by(|(_, a), (_, b)| a.total_cmp(b))
        };
        self.html.push_str("<div class=\"tiles\">");
        if let Some((zone, _)) = busiest(|zone| Some(zone.peaks.first()?.people))
            && let Some(peak) = zone.peaks.first()
        {
            let when = format!("{} {}", peak.date, clock(peak.minute_of_day));
            let title =
                format!("{}: {}", self.say("Most people at one place", "单区最多人数"), escaped(&zone.name));
            self.tile("", &number(peak.people, 0), &title, &when);
        }
        if let Some((zone, most)) = busiest(|zone| zone.density_max) {
            let title = format!("{}: {}", self.say("Densest spot", "最高局部密度"), escaped(&zone.name));
            self.tile("", &number(most, 1), &title, self.say("people/m²", "人/平方米"));
        }
        let high: f64 = report.zones.iter().map(|zone| zone.level_secs[3] + zone.level_secs[4]).sum();
        let alarms = report.alarms.by_level[3] + report.alarms.by_level[4];
        let title = self.say("At orange or red, all zones together", "橙色和红色累计时长（各区合计）");
        let more = format!("{}: {alarms}", self.say("such alarms", "此类告警次数"));
        self.tile(if high > 0.0 { "warn" } else { "" }, &duration(high, self.language), title, &more);
        let answers = &report.alarms.answers;
        let within = share(answers.acknowledged_within_1_min, answers.count);
        let more = format!("{}: {}", self.say("alarms", "告警次数"), answers.count);
        self.tile("", &percent(within), self.say("answered within 1 minute", "1分钟内应答"), &more);
        let unknown: f64 = report.zones.iter().map(|zone| zone.unknown_secs).sum();
        let period = report.to.secs_since(report.from) * report.zones.len() as f64;
        let part = (period > 0.0).then(|| unknown / period);
        let more = self.say("not seen is not the same as empty", "未看到不等于没有人");
        self.tile("doubt", &percent(part), self.say("of the time is not known", "的时间情况未知"), more);
        let most = advice.totals.iter().filter_map(|total| Some((total.officers?, total.hour)));
        let (officers, when) = most.max_by_key(|(officers, hour)| (*officers, 24 - *hour)).map_or_else(
            || (known(None, 0), self.say("too little is known", "数据不足").to_owned()),
            |(officers, hour)| (number(f64::from(officers), 0), clock(hour * 60)),
        );
        let title = format!("{} {}", self.say("officers advised at most on", "建议警力峰值："), advice.date);
        self.tile("", &officers, &title, &when);
        self.html.push_str("</div>");
    }

    pub(super) fn tile(&mut self, class: &str, value: &str, title: &str, more: &str) {
        self.add(format_args!(
            "<div class=\"tile {class}\"><b>{value}</b><span>{title}</span><span>{more}</span></div>"
        ));
    }

    fn foot(&mut self) {
        let report = &self.document.report;
        let made = at(report.made_at, &self.local);
        let minutes = report.window_secs / 60;
        let text = match self.language {
            Language::En => format!(
                "Made {made} from windows of {minutes} minutes. A typical day is the median, its band from the emptiest to the \
                 fullest tenth of days of the same kind; times seen on fewer than three days are left out. Density of a zone is \
                 its mean, the densest spot the highest local density. Hatched and – mean not known, never zero. Drills are \
                 not in it. Counts come from pictures and have errors: see the intervals on the console."
            ),
            Language::Zh => format!(
                "生成于{made}，数据窗口为{minutes}分钟。典型日取中位数，阴影带为同类日中最少至最多的十分位之间；少于三天有数据的时刻不显示。\
                 区域密度为平均值，最高局部密度为局部最大值。斜纹和“–”表示未知，绝不表示零。演练不计入。人数由图像估计，存在误差，置信区间见控制台。"
            ),
        };
        self.add(format_args!("<footer class=\"quiet\"><p>{text}</p></footer></main></body></html>\n"));
    }
}

/// A part of a number of things; none of none.
pub(super) fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
