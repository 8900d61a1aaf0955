//! From a real site and a scenario to the site of an exercise.

use anyhow::{Context as _, Result};
use throng_analytics::{digest::sha256_hex, polygon::Polygon, wire::exercise_of, zone::Zone};
use throng_samples::crowd::scenario::{MeasuredZone, Scenario};

use crate::{
    config::plan::Plan,
    publish::{Id, OutboxOptions},
};

/// The plan of an exercise with an id at a real site, and the scenario moved to where it takes place: its first zone into
/// the middle of the site's first. Its zones are called as the site's, in their order, and have their thresholds.
///
/// # Errors
/// The site has no zone, or a name so long that its exercise can have none.
pub fn exercise_plan(real: &Plan, scenario: &Scenario, id: &str) -> Result<(Plan, Scenario)> {
    let first = real.zones.first().context("the site has no zone in which anything could happen")?;
    let from = scenario.zones.first().context("the scenario watches no zone")?;
    let (from, to) = (middle_m(&Polygon::new(from.outline.clone())?), middle_m(&first.outline));
    let scenario = scenario.clone().moved([to[0] - from[0], to[1] - from[1]]);
    let zone = |(simulated, real): (&MeasuredZone, &Zone)| {
        Ok(Zone {
            outline: Polygon::new(simulated.outline.clone())?,
            // How many people the real zone holds says nothing of the simulated ground.
            capacity_people: simulated.capacity_people,
            is_enclosed_by_lines: false,
            cameras: Vec::new(),
            ..real.clone()
        })
    };
    let zones = scenario.zones.iter().zip(&real.zones).map(zone).collect::<Result<_>>()?;
    let text = format!(
        "# Exercise {id} at {}: {} ({}).\n# The thresholds are those of the site file {}.\n",
        real.site_id, scenario.title, scenario.id, real.config_sha256
    );
    let site_id =
        Id::new(exercise_of(real.site_id.as_str())).context("the site's name is too long for an exercise")?;
    let plan = Plan {
        site_id,
        drill: true,
        bus: real.bus.sibling(),
        outbox: OutboxOptions::default(),
        cameras: Vec::new(),
        zones,
        lines: Vec::new(),
        // Muted: it asks no loudspeaker, and tells nobody outside.
        speakers: Vec::new(),
        speaker_key: None,
        conventions: Vec::new(),
        config_sha256: sha256_hex(text.as_bytes()),
        config_text: text,
        ..real.clone()
    };
    Ok((plan, scenario))
}

/// The middle of what is around an outline, metres.
fn middle_m(outline: &Polygon) -> [f64; 2] {
    let (lo, hi) = outline.bounds_m();
    [0, 1].map(|axis| f64::midpoint(lo[axis], hi[axis]))
}
