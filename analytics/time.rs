//! Instants as data. Nothing in this crate reads a clock: the caller passes the time in.

use std::{
    fmt,
    ops::{Add, Sub},
    str::FromStr,
};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// How far the clock of whoever signs may be ahead of ours, seconds: NTP keeps clocks far closer, and what is signed further
/// ahead could be kept back and used later.
pub const CLOCK_AHEAD_SECS_MAX: f64 = 2.0;
const NANOS_PER_SEC: i128 = 1_000_000_000;
const SECS_PER_DAY: i128 = 86_400;

/// An instant in nanoseconds since the Unix epoch (UTC).
///
/// The same type serves live cameras (wall clock) and recorded footage (the footage's own clock), so that replay,
/// tests and live operation run the same code. It is written as RFC 3339 with nanoseconds and `Z`
/// (`2024-05-01T12:00:00.000000000Z`) and read with any fraction and any offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From nanoseconds since the Unix epoch.
    pub const fn from_unix_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the Unix epoch.
    pub const fn unix_nanos(self) -> i64 {
        self.0
    }

    /// Seconds from `earlier` to `self`; negative where `earlier` is in fact later.
    pub fn secs_since(self, earlier: Self) -> f64 {
        self.0.saturating_sub(earlier.0) as f64 * 1e-9
    }
}

/// Later by a number of seconds (may be negative); saturates at the ends of the range, and a NaN adds nothing.
impl Add<f64> for Timestamp {
    type Output = Self;

    fn add(self, secs: f64) -> Self {
        Self(self.0.saturating_add(nanos_of(secs)))
    }
}

fn nanos_of(secs: f64) -> i64 {
    (secs * 1e9).round() as i64
}

/// Earlier by a number of seconds.
impl Sub<f64> for Timestamp {
    type Output = Self;

    fn sub(self, secs: f64) -> Self {
        self + -secs
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = i128::from(self.0);
        let secs = nanos.div_euclid(NANOS_PER_SEC);
        let (year, month, day) = civil_from_days(secs.div_euclid(SECS_PER_DAY));
        let of_day = secs.rem_euclid(SECS_PER_DAY);
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:09}Z",
            of_day / 3600,
            of_day / 60 % 60,
            of_day % 60,
            nanos.rem_euclid(NANOS_PER_SEC)
        )
    }
}

/// Why a text is not an instant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an RFC 3339 time such as 2024-05-01T12:00:00.000000000Z: {reason}")]
pub struct InvalidTimestamp {
    /// What was given.
    pub text: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text.as_bytes()).map_err(|reason| InvalidTimestamp { text: text.to_owned(), reason })
    }
}

/// Reads `YYYY-MM-DDThh:mm:ss[.fraction](Z|+hh:mm|-hh:mm)`.
fn parse(text: &[u8]) -> Result<Timestamp, &'static str> {
    let [y0, y1, y2, y3, b'-', mo0, mo1, b'-', d0, d1, b'T' | b't' | b' ', rest @ ..] = text else {
        return Err("the date is not YYYY-MM-DD, or no T follows it");
    };
    let [h0, h1, b':', mi0, mi1, b':', s0, s1, rest @ ..] = rest else {
        return Err("the time of day is not hh:mm:ss");
    };
    let year = number(&[*y0, *y1, *y2, *y3])?;
    let (month, day) = (number(&[*mo0, *mo1])?, number(&[*d0, *d1])?);
    let (hour, minute, second) = (number(&[*h0, *h1])?, number(&[*mi0, *mi1])?, number(&[*s0, *s1])?);
    if !(1..=12).contains(&month) || day < 1 || day > days_in_month(year, month) {
        return Err("there is no such day");
    }
    // 60 is a leap second; it is read as the first second of the next minute.
    if hour > 23 || minute > 59 || second > 60 {
        return Err("there is no such time of day");
    }
    let (nanos, rest) = fraction(rest)?;
    let offset_secs = offset(rest)?;
    let secs =
        days_from_civil(year, month, day) * SECS_PER_DAY + hour * 3600 + minute * 60 + second - offset_secs;
    i64::try_from(secs * NANOS_PER_SEC + nanos)
        .ok()
        .map(Timestamp)
        .ok_or("it lies outside the years 1677 to 2262")
}

fn number(digits: &[u8]) -> Result<i128, &'static str> {
    digits.iter().try_fold(0, |value, digit| {
        if digit.is_ascii_digit() {
            Ok(value * 10 + i128::from(digit - b'0'))
        } else {
            Err("a digit is expected")
        }
    })
}

/// Nanoseconds of `.ddd...`, cut after nine digits, and what follows.
fn fraction(text: &[u8]) -> Result<(i128, &[u8]), &'static str> {
    let [b'.', rest @ ..] = text else { return Ok((0, text)) };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 {
        return Err("no digit follows the decimal point");
    }
    let kept = digits.min(9);
    let nanos = (kept..9).fold(number(&rest[..kept])?, |value, _| value * 10);
    Ok((nanos, &rest[digits..]))
}

/// Seconds east of Greenwich.
fn offset(text: &[u8]) -> Result<i128, &'static str> {
    match text {
        [b'Z' | b'z'] => Ok(0),
        [sign @ (b'+' | b'-'), h0, h1, b':', m0, m1] => {
            let (hours, minutes) = (number(&[*h0, *h1])?, number(&[*m0, *m1])?);
            if hours > 23 || minutes > 59 {
                return Err("there is no such offset");
            }
            let secs = hours * 3600 + minutes * 60;
            Ok(if *sign == b'-' { -secs } else { secs })
        }
        _ => Err("it must end in Z or an offset such as +08:00"),
    }
}

/// Days since 1970-01-01 of a date in the Gregorian calendar (H. Hinnant, "chrono-compatible low-level date
/// algorithms").
fn days_from_civil(year: i128, month: i128, day: i128) -> i128 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Year, month and day of a number of days since 1970-01-01 (same source).
fn civil_from_days(days: i128) -> (i128, i128, i128) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i128::from(month <= 2), month, day)
}

fn days_in_month(year: i128, month: i128) -> i128 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Timestamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "date-time",
            "description": "RFC 3339 with nanoseconds, UTC.",
            "examples": ["2024-05-01T12:00:00.000000000Z"],
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn known_instants_are_written_as_rfc_3339_with_nanoseconds() {
        let written = |nanos| Timestamp::from_unix_nanos(nanos).to_string();
        assert_eq!(written(0), "1970-01-01T00:00:00.000000000Z");
        assert_eq!(written(1_709_210_096_000_000_007), "2024-02-29T12:34:56.000000007Z");
        assert_eq!(written(-1), "1969-12-31T23:59:59.999999999Z");
        assert_eq!(written(i64::MAX), "2262-04-11T23:47:16.854775807Z");
        assert_eq!(written(i64::MIN), "1677-09-21T00:12:43.145224192Z");
    }

    #[test]
    fn offsets_and_fractions_are_read() {
        let read = |text: &str| text.parse::<Timestamp>().unwrap().unix_nanos();
        assert_eq!(read("1970-01-01T08:00:00+08:00"), 0);
        assert_eq!(read("1969-12-31T19:00:00.5-05:00"), 500_000_000);
        assert_eq!(read("1970-01-01T00:00:00.1234567899Z"), 123_456_789);
    }

    #[test]
    fn nonsense_is_refused_with_its_reason() {
        let reason = |text: &str| text.parse::<Timestamp>().unwrap_err().to_string();
        assert!(reason("2024-02-30T00:00:00Z").ends_with("there is no such day"));
        assert!(reason("2024-01-01T25:00:00Z").ends_with("there is no such time of day"));
        assert!(reason("2024-01-01T00:00:00").ends_with("offset such as +08:00"));
        assert!(reason("9999-01-01T00:00:00Z").ends_with("1677 to 2262"));
        assert!(reason("").contains("YYYY-MM-DD"));
        assert!(reason("2024-01-01T00:00:00.Z").ends_with("decimal point"));
        assert!(reason("20x4-01-01T00:00:00Z").ends_with("a digit is expected"));
    }

    #[test]
    fn a_json_string_round_trips() {
        let at = Timestamp::from_unix_nanos(1_709_210_096_123_456_789);
        let json = serde_json::to_string(&at).unwrap();
        assert_eq!(json, "\"2024-02-29T12:34:56.123456789Z\"");
        assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), at);
    }

    proptest! {
        #[test]
        fn every_instant_round_trips(nanos: i64) {
            let at = Timestamp::from_unix_nanos(nanos);
            prop_assert_eq!(at.to_string().parse::<Timestamp>().unwrap(), at);
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in ".{0,40}") {
            let _ignored = text.parse::<Timestamp>().is_ok();
        }
    }
}
