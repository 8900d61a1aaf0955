//! Alarms, and how soon people answered them: one, three and five minutes.

use crate::{
    alarm::AlarmRecord,
    document::{
        format::{add, at, duration, escaped, number, percent},
        html::{Page, share},
    },
};

/// Alarms that the page lists; the tables have more.
const LISTED: usize = 40;

pub(in crate::document) fn add_to(page: &mut Page<'_>) {
    page.heading("Alarms and answers", "告警与应答");
    let alarms = &page.document.report.alarms;
    let answers = &alarms.answers;
    if answers.count == 0 {
        page.remark("There was no alarm in this period.", "该时段没有告警。");
        return;
    }
    page.html.push_str("<div class=\"tiles\">");
    let of = |part: usize, whole: usize| format!("{} / {}", number(part as f64, 0), number(whole as f64, 0));
    let median = |secs: Option<f64>, page: &Page<'_>| {
        secs.map_or_else(String::new, |secs| {
            format!("{} {}", page.say("median", "中位数"), duration(secs, page.language))
        })
    };
    for (part, whole, en, zh, more) in [
        (
            answers.acknowledged_within_1_min,
            answers.count,
            "answered within 1 minute",
            "1分钟内应答",
            median(answers.median_secs_to_acknowledge, page),
        ),
        (
            answers.on_the_way_within_3_min,
            answers.count_to_go,
            "on the way within 3 minutes, orange and red",
            "3分钟内出动（橙、红）",
            String::new(),
        ),
        (
            answers.arrived_within_5_min,
            answers.count_to_go,
            "there within 5 minutes, orange and red",
            "5分钟内到达（橙、红）",
            median(answers.median_secs_to_arrive, page),
        ),
    ] {
        let more = format!("{} {more}", of(part, whole));
        let title = page.say(en, zh).to_owned();
        page.tile("", &percent(share(part, whole)), &title, &more);
    }
    let class = if answers.never_acknowledged > 0 { "warn" } else { "" };
    let title = page.say("never answered", "从未应答").to_owned();
    page.tile(class, &number(answers.never_acknowledged as f64, 0), &title, "");
    page.html.push_str("</div>");
    let mut rows = String::new();
    for alarm in alarms.newest.iter().take(LISTED) {
        row(&mut rows, alarm, page);
    }
    let head = [
        page.say("Raised", "触发"),
        page.say("Zone", "区域"),
        page.say("Highest level", "最高级别"),
        page.say("Answered after", "应答用时"),
        page.say("There after", "到达用时"),
        page.say("By", "处置人"),
        page.say("Closed", "关闭原因"),
    ]
    .join("</th><th>");
    page.add(format_args!("<div class=\"scroll\"><table><tr><th>{head}</th></tr>{rows}</table></div>"));
    if answers.count > LISTED {
        page.remark("The newest forty; the tables have more.", "仅列最近四十条，其余见数据表。");
    }
}

fn row(rows: &mut String, alarm: &AlarmRecord, page: &Page<'_>) {
    let zone = alarm.zone.as_deref().unwrap_or("–");
    let name =
        page.document.report.zones.iter().find(|known| known.zone == zone).map_or(zone, |known| &known.name);
    let after = |at: Option<throng_analytics::time::Timestamp>| {
        at.map_or_else(|| "–".to_owned(), |at| duration(at.secs_since(alarm.called_at), page.language))
    };
    let class = alarm.level.map_or("unknown", throng_analytics::level::Level::name);
    let closed = match (&alarm.reason, alarm.closed_at) {
        (Some(reason), _) => reason.as_str(),
        (None, Some(_)) => "–",
        (None, None) => page.say("open", "未关闭"),
    };
    add(
        rows,
        format_args!(
            "<tr><td>{}</td><td>{}</td><td><span class=\"level {class}\">{}</span></td><td>{}</td><td>{}</td><td>{}</td>\
             <td>{}</td></tr>",
            at(alarm.raised_at, &page.local),
            escaped(name),
            page.language.level(alarm.level),
            after(alarm.acknowledged_at),
            after(alarm.arrived_at),
            escaped(alarm.operator.as_deref().unwrap_or("–")),
            escaped(closed)
        ),
    );
}
