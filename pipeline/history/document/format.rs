//! Numbers, times and words as people read them.

use std::fmt::Write as _;

use throng_analytics::{level::Level, time::Timestamp};

use crate::{
    clock::unix_secs,
    local::Local,
    pattern::DayKind,
    report::Language::{self, En, Zh},
};

/// What stands where nothing is known.
pub(super) const UNKNOWN: &str = "–";

impl Language {
    /// The words of this language.
    pub(super) const fn say<'a>(self, en: &'a str, zh: &'a str) -> &'a str {
        match self {
            En => en,
            Zh => zh,
        }
    }

    /// As in HTML's `lang`.
    pub(super) const fn tag(self) -> &'static str {
        self.say("en", "zh-Hans")
    }

    pub(super) const fn weekday(self, monday_is_0: usize) -> &'static str {
        const EN: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        const ZH: [&str; 7] = ["周一", "周二", "周三", "周四", "周五", "周六", "周日"];
        match self {
            En => EN[monday_is_0 % 7],
            Zh => ZH[monday_is_0 % 7],
        }
    }

    pub(super) const fn level(self, level: Option<Level>) -> &'static str {
        match level {
            Some(Level::Normal) => self.say("normal", "正常"),
            Some(Level::Blue) => self.say("blue", "蓝色"),
            Some(Level::Yellow) => self.say("yellow", "黄色"),
            Some(Level::Orange) => self.say("orange", "橙色"),
            Some(Level::Red) => self.say("red", "红色"),
            None => self.say("unknown", "未知"),
        }
    }

    pub(super) const fn day_kind(self, kind: DayKind) -> &'static str {
        match kind {
            DayKind::Workday => self.say("workday", "工作日"),
            DayKind::Weekend => self.say("weekend", "周末"),
            DayKind::Holiday => self.say("holiday", "节假日"),
            DayKind::Market => self.say("market day", "集市日"),
            DayKind::Event => self.say("day with an event", "活动日"),
            DayKind::Closure => self.say("day with a closure", "封闭日"),
        }
    }
}

/// A number with so many decimals and commas between thousands.
pub(super) fn number(value: f64, decimals: usize) -> String {
    let plain = format!("{value:.decimals$}");
    let (sign, digits) = plain.strip_prefix('-').map_or(("", plain.as_str()), |digits| ("-", digits));
    let (whole, rest) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut text = sign.to_owned();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text + rest
}

/// A number that may be unknown.
pub(super) fn known(value: Option<f64>, decimals: usize) -> String {
    value.map_or_else(|| UNKNOWN.to_owned(), |value| number(value, decimals))
}

/// A part of a whole, in percent.
pub(super) fn percent(part: Option<f64>) -> String {
    part.map_or_else(|| UNKNOWN.to_owned(), |part| format!("{:.0} %", part * 100.0))
}

/// A length of time, in the two largest units that it has.
pub(super) fn duration(secs: f64, language: Language) -> String {
    let whole = secs.round().max(0.0) as u64;
    let (hours, minutes, secs) = (whole / 3600, whole / 60 % 60, whole % 60);
    match (hours, minutes) {
        (0, 0) => format!("{secs}{}", language.say(" s", "秒")),
        (0, _) => format!("{minutes}{} {secs}{}", language.say(" min", "分"), language.say(" s", "秒")),
        _ => format!(
            "{}{} {minutes}{}",
            number(hours as f64, 0),
            language.say(" h", "小时"),
            language.say(" min", "分")
        ),
    }
}

/// `HH:MM` of minutes since midnight.
pub(super) fn clock(minute_of_day: usize) -> String {
    format!("{:02}:{:02}", minute_of_day / 60, minute_of_day % 60)
}

/// `YYYY-MM-DD HH:MM` in a time zone.
pub(super) fn at(at: Timestamp, local: &Local) -> String {
    let time = local.time_of(unix_secs(at));
    format!("{} {}", time.date, clock(time.minute_of_day))
}

/// Text in HTML.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(character),
        }
    }
    safe
}

/// Adds text to a page. Writing into a `String` does not fail.
pub(super) fn add(page: &mut String, text: std::fmt::Arguments<'_>) {
    let _written = page.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_the_unknown_is_no_number() {
        assert_eq!(number(1_234_567.89, 1), "1,234,567.9");
        assert_eq!((number(999.0, 0), number(-1000.0, 0)), ("999".to_owned(), "-1,000".to_owned()));
        assert_eq!(known(None, 0), "–");
        assert_eq!(
            (duration(59.6, En), duration(3720.0, En)),
            ("1 min 0 s".to_owned(), "1 h 2 min".to_owned())
        );
        assert_eq!(duration(75.0, Zh), "1分 15秒");
    }
}
