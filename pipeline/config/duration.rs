//! Durations as people write them: `60s`, `5min`, `1h30m`, `250ms`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Error, anyhow};

/// What a duration looks like, for every message that refuses one.
const SHAPE: &str = "a duration such as 250ms, 60s, 5min or 1h30m";

/// Longest duration taken: a year. Longer is a slip, and every smaller sum fits all clocks.
const MAX_SECS: f64 = 366.0 * 86_400.0;

/// A length of time above zero and at most a year, parsed from text such as `1h30m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(Duration);

impl Span {
    /// The duration.
    pub const fn duration(self) -> Duration {
        self.0
    }
}

impl FromStr for Span {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = |problem: String| anyhow!("{problem}; expected {SHAPE}");
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(invalid("the duration is empty".to_owned()));
        }
        let mut secs = 0.0;
        while !rest.is_empty() {
            let number_end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
            let (number, after) = rest.split_at(number_end);
            let unit_end = after.find(|c: char| !c.is_alphabetic()).unwrap_or(after.len());
            let (unit, remainder) = after.split_at(unit_end);
            let number: f64 = number
                .parse()
                .map_err(|_no_number| invalid(format!("{text:?} has no number before {after:?}")))?;
            let unit_secs = match unit {
                "ms" => 0.001,
                "s" | "sec" | "secs" => 1.0,
                "m" | "min" | "mins" => 60.0,
                "h" | "hour" | "hours" => 3600.0,
                "d" | "day" | "days" => 86_400.0,
                "" => return Err(invalid(format!("{text:?} has no unit after {number}"))),
                other => return Err(invalid(format!("{other:?} in {text:?} is no unit of time"))),
            };
            secs += number * unit_secs;
            rest = remainder.trim_start();
        }
        if !(secs > 0.0 && secs <= MAX_SECS) {
            return Err(invalid(format!("{text:?} is not above zero and at most a year")));
        }
        Ok(Self(Duration::from_secs_f64(secs)))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        for (text, millis) in [
            ("60s", 60_000),
            ("5min", 300_000),
            ("1h30m", 5_400_000),
            ("1h 30m 5s", 5_405_000),
            ("250ms", 250),
            ("1.5s", 1500),
            ("2d", 172_800_000),
        ] {
            assert_eq!(text.parse::<Span>().unwrap().duration(), Duration::from_millis(millis), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused_with_an_example() {
        for (text, problem) in [
            ("", "is empty"),
            ("60", "has no unit after 60"),
            ("s", "has no number before"),
            ("-5s", "has no number before"),
            ("5 parsecs", "has no unit"),
            ("5parsecs", "\"parsecs\" in"),
            ("0s", "is not above zero"),
            ("1..5s", "has no number before"),
            ("400d", "at most a year"),
            ("inf", "has no number before"),
        ] {
            let message = text.parse::<Span>().unwrap_err().to_string();
            assert!(message.contains(problem), "{text}: {message}");
            assert!(message.contains("250ms, 60s, 5min or 1h30m"), "{message}");
        }
    }
}
