//! Syslog (RFC 5424), over UDP (RFC 5426) or counted over TCP (RFC 6587).

use throng_analytics::{level::Level, wire::Warning};

/// Facility `local0`.
const FACILITY: u8 = 16;
/// Longest message: what every receiver must take is 480, what it should is 2048.
const BYTES_MAX: usize = 2048;

/// The line of a warning.
pub fn line(warning: &Warning) -> String {
    let envelope = &warning.envelope;
    let severity = match warning.level {
        None => 3,
        Some(Level::Red) => 1,
        Some(Level::Orange) => 2,
        Some(Level::Yellow) => 4,
        Some(Level::Blue) => 5,
        Some(Level::Normal) => 6,
    };
    let time = envelope.published_at.to_string();
    // 32473 is the enterprise number that RFC 5612 keeps for those who have none.
    let data = format!(
        "[throng@32473 zone=\"{}\" level=\"{}\" incident=\"{}\" drill=\"{}\"]",
        value(&warning.zone),
        warning.level.map_or("unknown", Level::name),
        value(&warning.incident),
        envelope.drill
    );
    let mut line = format!(
        "<{}>1 {}Z {} throng - {} {data} \u{feff}{}",
        8 * FACILITY + severity,
        time.get(..26).unwrap_or_default(),
        name(&envelope.site),
        name(&format!("{:?}", warning.transition)),
        warning.text.en.replace(['\n', '\r'], " ")
    );
    while line.len() > BYTES_MAX {
        line.pop();
    }
    line
}

/// With its length before it, for TCP.
pub fn counted(line: &str) -> Vec<u8> {
    format!("{} {line}", line.len()).into_bytes()
}

/// A header field: printable, without spaces.
fn name(text: &str) -> String {
    text.chars().filter(char::is_ascii_graphic).take(48).collect()
}

/// A value of structured data.
fn value(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace(']', "\\]")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::conventions::testing::warning;

    #[test]
    fn a_warning_is_one_line_of_the_standard() {
        let mut told = warning();
        told.zone = "ga\"te]".to_owned();
        let line = line(&told);
        assert_eq!(
            line,
            "<130>1 2026-11-25T12:00:00.000000Z stadium throng - Raised [throng@32473 zone=\"ga\\\"te\\]\" \
             level=\"orange\" incident=\"0190b6c2-7d0e-7cc1-9f5e-1d2c3b4a5f60\" drill=\"false\"] \
             \u{feff}North gate: ORANGE & <full>."
        );
        assert!(counted(&line).starts_with(format!("{} <130>1 ", line.len()).as_bytes()));
    }
}
