//! Where to stand on a day to come: the numbers, the rule, and why.

use crate::{
    calendar::parse_date,
    deployment::{HourAdvice, Text},
    document::{
        format::{add, clock, escaped},
        html::Page,
    },
    local::weekday_of,
    report::Language,
};

pub(in crate::document) fn add_to(page: &mut Page<'_>) {
    let advice = &page.document.deployment;
    let heading = |words: &str| format!("{words}: {}", escaped(&advice.date));
    page.heading(&heading("Where to stand"), &heading("警力部署建议"));
    let weekday = parse_date(&advice.date).map_or("", |date| page.language.weekday(weekday_of(date)));
    let kind = format!("{weekday}, {}", page.language.day_kind(advice.kind));
    let events: Vec<String> = advice.events.iter().map(|event| escaped(event)).collect();
    let events = if events.is_empty() { String::new() } else { format!(" ({})", events.join(", ")) };
    let basis = escaped(text(page.language, &advice.basis));
    page.add(format_args!("<p>{kind}{events}. {basis}</p>"));
    officers_by_hour(page);
    let formula = escaped(text(page.language, &advice.formula));
    page.add(format_args!("<p class=\"formula\">{formula}</p>"));
    for note in &advice.notes {
        page.add(format_args!("<p class=\"quiet\">{}</p>", escaped(text(page.language, note))));
    }
    reasons(page);
}

const fn text(language: Language, text: &Text) -> &str {
    match language {
        Language::En => text.en.as_str(),
        Language::Zh => text.zh.as_str(),
    }
}

/// Officers by zone and hour, and in all.
fn officers_by_hour(page: &mut Page<'_>) {
    let advice = &page.document.deployment;
    let all = advice.zones.iter().flat_map(|zone| &zone.hours).filter_map(|hour| hour.officers);
    let most = f64::from(all.max().unwrap_or(0));
    page.html.push_str("<div class=\"scroll\"><table class=\"heat\">");
    let first = page.say("Officers at", "时段警力").to_owned();
    page.hours(&first, None);
    for zone in &advice.zones {
        page.add(format_args!("<tr><th scope=\"row\">{}</th>", escaped(&zone.name)));
        for hour in &zone.hours {
            let why = escaped(text(page.language, &hour.reason));
            match hour.officers {
                None => page.add(format_args!("<td class=\"none\" title=\"{why}\">–</td>")),
                Some(officers) => {
                    let heat = if most > 0.0 { (f64::from(officers) / most * 9.0).round() as u8 } else { 0 };
                    let must = if hour.limit_inflow { " must" } else { "" };
                    page.add(format_args!("<td class=\"h{heat}{must}\" title=\"{why}\">{officers}</td>"));
                }
            }
        }
        page.html.push_str("</tr>");
    }
    let all = page.say("All known zones", "合计（已知区域）").to_owned();
    page.add(format_args!("<tr class=\"total\"><th scope=\"row\">{all}</th>"));
    for total in &advice.totals {
        // A sum that lacks a zone says so.
        let more = if total.zones_unknown.is_empty() { "" } else { "+" };
        match total.officers {
            Some(officers) => page.add(format_args!("<td>{officers}{more}</td>")),
            None => page.html.push_str("<td class=\"none\">–</td>"),
        }
    }
    page.html.push_str("</tr></table></div>");
    page.remark(
        "A red frame: keep people from coming in, whatever the number of officers. – and +: too little is known of a zone, \
         which does not mean that none are needed.",
        "红框：无论警力多少，均须限制进入。“–”和“+”：该区域数据不足，不等于不需要警力。",
    );
}

/// For each zone the hour that needs most, and why.
fn reasons(page: &mut Page<'_>) {
    let advice = &page.document.deployment;
    let (zone, hour, why) = (page.say("Zone", "区域"), page.say("Hour", "时段"), page.say("Why", "理由"));
    let officers = page.say("Officers", "警力");
    let mut rows = String::new();
    for zone in &advice.zones {
        let needs = |hour: &&HourAdvice| (hour.officers, 24 - hour.hour);
        let Some(most) = zone.hours.iter().filter(|hour| hour.officers.is_some()).max_by_key(needs) else {
            let why = zone.hours.first().map_or("", |hour| text(page.language, &hour.reason));
            let name = escaped(&zone.name);
            add(
                &mut rows,
                format_args!(
                    "<tr><td>{name}</td><td>–</td><td class=\"num\">–</td><td>{}</td></tr>",
                    escaped(why)
                ),
            );
            continue;
        };
        add(
            &mut rows,
            format_args!(
                "<tr><td>{}</td><td>{}</td><td class=\"num\">{}</td><td>{}</td></tr>",
                escaped(&zone.name),
                clock(most.hour * 60),
                most.officers.unwrap_or_default(),
                escaped(text(page.language, &most.reason))
            ),
        );
    }
    let title = page.say("The hour that needs most, and why", "警力需求最高的时段及理由").to_owned();
    let head =
        format!("<tr><th>{zone}</th><th>{hour}</th><th class=\"num\">{officers}</th><th>{why}</th></tr>");
    page.add(format_args!("<h3>{title}</h3><table>{head}{rows}</table>"));
}
