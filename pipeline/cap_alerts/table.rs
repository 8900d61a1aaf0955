//! Which alerts concern a site, and what they lower: a table that people write.
//!
//! Where an alert does not say enough to rule it out it counts: a signal only lowers thresholds, so that one too many alarms too
//! early, and one too few too late.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use throng_analytics::{signal::FACTOR_MIN, wire::SignalKind};

use super::alert::{Area, Info, Severity};
use crate::{config::duration::Span, publish::Id};

/// How long an alert holds that does not say it.
const LASTS: Duration = Duration::from_hours(1);
/// Length of a degree of latitude, metres, on a sphere of the Earth's mean radius.
const METRES_PER_DEGREE: f64 = 111_195.0;

/// The table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Where the site is.
    pub place: Place,
    /// Language of the texts that are taken where an alert has several, as `zh` or `en-GB` begins.
    pub language: Option<String>,
    /// What which alerts lower.
    #[serde(rename = "rule")]
    pub rules: Vec<Rule>,
}

/// Where a site is, for the areas of alerts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Latitude and longitude, degrees.
    pub at: [f64; 2],
    /// An area that comes as near as this is about the site, metres.
    pub within_m: f64,
    /// Codes of the place, of whatever scheme the alerts use.
    #[serde(default)]
    pub geocodes: Vec<String>,
}

/// A row of the table: all that is stated must fit.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Its name, a part of the signal's id.
    pub name: Id,
    /// The kind of the signal.
    pub kind: SignalKind,
    /// One of these is in the name of the event, case aside. Empty: any event.
    #[serde(default)]
    pub events: Vec<String>,
    /// One of these is a category of the event. Empty: any.
    #[serde(default)]
    pub categories: Vec<String>,
    /// It is at least as serious. An alert that does not say how serious it is counts.
    pub severity: Option<Severity>,
    /// Zones that the signal is about. Empty: the whole site.
    #[serde(default)]
    pub zones: Vec<String>,
    /// What thresholds are multiplied by. None: as the rules of the kind say.
    pub factor: Option<f64>,
    /// How long it lasts where the alert states no end.
    #[serde(default)]
    pub lasts: Option<Lasting>,
}

/// A duration in words.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Lasting(Duration);

impl TryFrom<String> for Lasting {
    type Error = anyhow::Error;

    fn try_from(text: String) -> Result<Self> {
        Ok(Self(text.parse::<Span>()?.duration()))
    }
}

impl Table {
    /// Reads a table.
    ///
    /// # Errors
    /// It cannot be read, or what is wrong in it.
    pub fn read(file: &Path) -> Result<Self> {
        let shown = file.display();
        let text = fs::read_to_string(file).with_context(|| format!("cannot read the table {shown}"))?;
        Self::parse(&text).with_context(|| format!("in the table {shown}"))
    }

    /// Reads a table from its text.
    ///
    /// # Errors
    /// What is wrong in it.
    pub fn parse(text: &str) -> Result<Self> {
        let table: Self = toml::from_str(text)?;
        let Place { at: [latitude, longitude], within_m, .. } = table.place;
        ensure!(
            latitude.abs() <= 90.0 && longitude.abs() <= 180.0,
            "place.at is [{latitude}, {longitude}]: latitude and longitude in degrees are expected"
        );
        ensure!(
            within_m > 0.0 && within_m <= 1e6,
            "place.within_m is {within_m}: metres above 0 and at most a million are expected"
        );
        ensure!(!table.rules.is_empty(), "there is no [[rule]]: no alert would ever count");
        for (index, rule) in table.rules.iter().enumerate() {
            let Rule { name, factor, .. } = rule;
            ensure!(name.as_str().len() <= 32, "the name of the rule {name} is longer than 32 bytes");
            ensure!(
                table.rules[..index].iter().all(|before| before.name != *name),
                "two rules have the name {name}"
            );
            ensure!(
                factor.is_none_or(|factor| (FACTOR_MIN..=1.0).contains(&factor)),
                "the factor of the rule {name} is {}: thresholds are only lowered, {FACTOR_MIN} to 1",
                factor.unwrap_or_default()
            );
        }
        Ok(table)
    }

    /// Whether an alert's words are in the language that is taken first.
    pub fn prefers(&self, info: &Info) -> bool {
        let wanted = self.language.as_deref().unwrap_or_default();
        info.language.as_deref().unwrap_or("en-US").to_lowercase().starts_with(&wanted.to_lowercase())
    }
}

impl Rule {
    /// Whether what an alert says falls under it.
    pub fn takes(&self, info: &Info) -> bool {
        let event = info.event.to_lowercase();
        (self.events.is_empty() || self.events.iter().any(|part| event.contains(&part.to_lowercase())))
            && (self.categories.is_empty() || self.categories.iter().any(|of| info.categories.contains(of)))
            && info.severity.is_none_or(|severity| self.severity.is_none_or(|least| severity >= least))
    }

    /// How long an alert holds that does not say it, seconds.
    pub fn lasts_secs(&self) -> f64 {
        self.lasts.map_or(LASTS, |Lasting(lasts)| lasts).as_secs_f64()
    }
}

impl Place {
    /// Whether an alert for these areas is about the site. Without any area that can be compared it is.
    pub fn is_in(&self, areas: &[Area]) -> bool {
        areas.is_empty() || areas.iter().any(|area| self.is_in_one(area))
    }

    fn is_in_one(&self, area: &Area) -> bool {
        let can_compare_codes = !area.geocodes.is_empty() && !self.geocodes.is_empty();
        let has_shape = !area.polygons.is_empty() || !area.circles.is_empty();
        if area.geocodes.iter().any(|code| self.geocodes.contains(code)) {
            return true;
        }
        if !has_shape {
            return !can_compare_codes;
        }
        area.circles.iter().any(|(centre, radius_km)| {
            let [x, y] = self.metres_to(*centre);
            x.hypot(y) <= radius_km * 1000.0 + self.within_m
        }) || area.polygons.iter().any(|corners| self.touches(corners))
    }

    /// Whether a polygon holds the site, by the even-odd rule, or comes as near as its surroundings reach.
    fn touches(&self, corners: &[[f64; 2]]) -> bool {
        let corners_m: Vec<[f64; 2]> = corners.iter().map(|corner| self.metres_to(*corner)).collect();
        let edges = || corners_m.iter().zip(corners_m.iter().cycle().skip(1));
        let holds = edges().fold(false, |holds, ([ax, ay], [bx, by])| {
            holds ^ (((*ay > 0.0) != (*by > 0.0)) && ax - ay / (by - ay) * (bx - ax) > 0.0)
        });
        holds || edges().any(|(a, b)| distance_to_edge_m(*a, *b) <= self.within_m)
    }

    /// East and north from the site to a place, metres, as if the Earth were flat: within a thousandth as far as the
    /// surroundings of a site reach.
    fn metres_to(&self, [latitude_deg, longitude_deg]: [f64; 2]) -> [f64; 2] {
        let east_deg = (longitude_deg - self.at[1] + 540.0).rem_euclid(360.0) - 180.0;
        let north_deg = latitude_deg - self.at[0];
        [east_deg * self.at[0].to_radians().cos() * METRES_PER_DEGREE, north_deg * METRES_PER_DEGREE]
    }
}

/// From `[0, 0]` to a stretch between two points, metres.
fn distance_to_edge_m([ax, ay]: [f64; 2], [bx, by]: [f64; 2]) -> f64 {
    let (dx, dy) = (bx - ax, by - ay);
    let length_squared = dx * dx + dy * dy;
    let along =
        if length_squared > 0.0 { (-(ax * dx + ay * dy) / length_squared).clamp(0.0, 1.0) } else { 0.0 };
    (ax + along * dx).hypot(ay + along * dy)
}

#[cfg(test)]
mod tests;
