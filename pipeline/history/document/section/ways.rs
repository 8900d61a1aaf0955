//! Who came in and went out, by line and hour.

use crate::document::{
    chart,
    format::{escaped, known, percent},
    html::Page,
};

pub(in crate::document) fn add_to(page: &mut Page<'_>) {
    let lines = &page.document.report.lines;
    if lines.is_empty() {
        return;
    }
    page.heading("Entries and exits", "出入人数");
    let legend = format!(
        "<div class=\"legend\"><span><i class=\"came\"></i>{}</span><span><i class=\"went\"></i>{}\
         </span></div>",
        page.say("in, people an hour", "进入（人/小时）"),
        page.say("out, people an hour", "离开（人/小时）")
    );
    page.html.push_str(&legend);
    for line in lines {
        let (people_in, people_out) = (known(line.in_people, 0), known(line.out_people, 0));
        let words = format!(
            "{} {people_in}, {} {people_out}; {} {}",
            page.say("in", "进入"),
            page.say("out", "离开"),
            page.say("seen", "可见"),
            percent(Some(line.coverage))
        );
        let name = escaped(&line.name);
        let svg =
            chart::in_and_out(&line.in_people_per_hour_by_hour, &line.out_people_per_hour_by_hour, &name);
        page.add(format_args!("<figure><h3>{name}</h3><figcaption>{words}</figcaption>{svg}</figure>"));
    }
    page.remark(
        "Counted while a line was seen; what passed in the rest of the time is not in the sums.",
        "只统计可见时间内通过的人数；其余时间的不计入。",
    );
}
