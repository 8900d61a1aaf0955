//! Common Alerting Protocol 1.2 (OASIS): a warning as an alert, its changes as updates, its end as a cancel.
//!
//! The chain is kept for each incident: an update and a cancel name the message before them. Scope is always
//! `Restricted`: what goes to the public is decided by people.

use std::collections::BTreeMap;

use throng_analytics::{
    level::Level,
    time::Timestamp,
    wire::{Geometry, Text, Warning, WarningTransition},
};

use super::{advice::AdviceBook, lat_lon, xml::Xml};

/// Incidents whose last message is remembered.
const INCIDENTS_MAX: usize = 4096;
/// Below this many seconds to the red threshold an orange warning is immediate.
const IMMEDIATE_BELOW_SECS: f64 = 60.0;

/// Writes CAP messages.
#[derive(Debug)]
pub struct Cap {
    sender: String,
    advice: AdviceBook,
    last: BTreeMap<String, String>,
}

/// A message and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapMessage {
    /// The identifier.
    pub identifier: String,
    /// The document.
    pub xml: String,
}

impl Cap {
    /// As `sender`: a name without spaces, commas, `<` and `&`, such as a host name.
    pub fn new(sender: &str, advice: AdviceBook) -> Self {
        Self { sender: plain(sender), advice, last: BTreeMap::new() }
    }

    /// The message of a warning.
    pub fn message(&mut self, warning: &Warning) -> CapMessage {
        let envelope = &warning.envelope;
        let identifier = plain(&format!("throng-{}-{}-{}", envelope.site, warning.incident, envelope.seq));
        let sent = time(envelope.published_at);
        let is_over = warning.transition == WarningTransition::Cleared;
        let before = self.last.get(&warning.incident).cloned();
        let kind = match (&before, is_over) {
            (_, true) => "Cancel",
            (None, false) => "Alert",
            (Some(_), false) => "Update",
        };
        let mut xml = Xml::document();
        xml.within("alert", &[("xmlns", "urn:oasis:names:tc:emergency:cap:1.2")], |xml| {
            xml.element("identifier", &identifier);
            xml.element("sender", &self.sender);
            xml.element("sent", &sent);
            xml.element("status", if envelope.drill { "Exercise" } else { "Actual" });
            xml.element("msgType", kind);
            xml.element("scope", "Restricted");
            xml.element("restriction", "For command rooms and staff; the public is told by people only.");
            if envelope.drill {
                xml.element("note", "演练 DRILL");
            }
            if let Some(before) = &before {
                xml.element("references", before);
            }
            xml.element("incidents", &plain(&warning.incident));
            for language in ["zh-CN", "en"] {
                self.info(xml, warning, language);
            }
        });
        if is_over {
            self.last.remove(&warning.incident);
        } else {
            if self.last.len() >= INCIDENTS_MAX {
                // UUIDv7 sorts by time: the first is the oldest.
                self.last.pop_first();
            }
            self.last.insert(warning.incident.clone(), format!("{},{identifier},{sent}", self.sender));
        }
        CapMessage { identifier, xml: xml.into_text() }
    }

    fn info(&self, xml: &mut Xml, warning: &Warning, language: &str) {
        let advice = self.advice.of(warning.level);
        let in_language = |text: &Text| if language == "en" { text.en.clone() } else { text.zh.clone() };
        let Grade { urgency, severity, certainty, responses } = grade(warning);
        xml.within("info", &[], |xml| {
            xml.element("language", language);
            xml.element("category", "Safety");
            xml.element("event", &in_language(&advice.event));
            for response in responses {
                xml.element("responseType", response);
            }
            xml.element("urgency", urgency);
            xml.element("severity", severity);
            xml.element("certainty", certainty);
            xml.within("eventCode", &[], |xml| {
                xml.element("valueName", "GA/T 2000.254-2019");
                xml.element("value", "11");
            });
            xml.element("onset", &time(warning.since));
            xml.element("expires", &time(warning.expires_at));
            xml.element("senderName", &self.sender);
            xml.element("headline", &in_language(&warning.text));
            xml.element("description", &in_language(&advice.command_room));
            xml.element("instruction", &in_language(&advice.grid_staff));
            for (name, value) in parameters(warning) {
                xml.within("parameter", &[], |xml| {
                    xml.element("valueName", name);
                    xml.element("value", &value);
                });
            }
            xml.within("area", &[], |xml| {
                xml.element("areaDesc", &warning.zone);
                if let Some(polygon) = polygon(warning) {
                    xml.element("polygon", &polygon);
                }
            });
        });
    }
}

/// The standard's words for how bad it is.
struct Grade {
    urgency: &'static str,
    severity: &'static str,
    certainty: &'static str,
    responses: &'static [&'static str],
}

fn grade(warning: &Warning) -> Grade {
    let soon = warning.time_to_critical_secs.is_some_and(|secs| secs < IMMEDIATE_BELOW_SECS);
    let (urgency, severity, certainty, responses): (_, _, _, &'static [&'static str]) = match warning.level {
        None => ("Unknown", "Unknown", "Unknown", &["Assess"]),
        Some(Level::Normal) => ("Past", "Minor", "Observed", &["AllClear"]),
        Some(Level::Blue) => ("Future", "Minor", "Possible", &["Monitor"]),
        Some(Level::Yellow) => ("Expected", "Moderate", "Likely", &["Prepare"]),
        Some(Level::Orange) if soon => ("Immediate", "Severe", "Observed", &["Execute", "Avoid"]),
        Some(Level::Orange) => ("Expected", "Severe", "Observed", &["Execute", "Avoid"]),
        Some(Level::Red) => ("Immediate", "Extreme", "Observed", &["Execute", "Evacuate"]),
    };
    Grade { urgency, severity, certainty, responses }
}

/// The numbers; what is not known is left out.
fn parameters(warning: &Warning) -> Vec<(&'static str, String)> {
    let number = |value: Option<f64>| value.map(|value| format!("{value:.2}"));
    let density = warning.density_people_per_m2;
    [
        ("level", Some(warning.level.map_or("unknown", Level::name).to_owned())),
        ("zone", Some(warning.zone.clone())),
        ("density_people_per_m2", number(density.mean)),
        ("density_lo_people_per_m2", number(density.lo)),
        ("density_hi_people_per_m2", number(density.hi)),
        ("people", number(warning.people)),
        ("occupancy_ratio", number(warning.occupancy_ratio)),
        ("risk_score", number(warning.risk.as_ref().map(|risk| risk.score))),
        ("time_to_critical_secs", number(warning.time_to_critical_secs)),
        ("model_sha256", Some(warning.envelope.model.sha256.clone())),
        ("config_sha256", Some(warning.envelope.config_sha256.clone())),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect()
}

/// `lat,lon lat,lon ...`, closed.
fn polygon(warning: &Warning) -> Option<String> {
    let Geometry::Polygon { coordinates } = warning.geometry.as_ref()?;
    let corners = coordinates.first()?.iter().map(|place| {
        let [latitude, longitude] = lat_lon(*place);
        format!("{latitude:.7},{longitude:.7}")
    });
    Some(corners.collect::<Vec<_>>().join(" "))
}

/// `2026-11-25T12:00:00-00:00`: the standard takes neither `Z` nor a fraction.
fn time(at: Timestamp) -> String {
    format!("{}-00:00", at.to_string().get(..19).unwrap_or_default())
}

/// Without the characters that the standard forbids in names.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_whitespace() || [',', '<', '&'].contains(&c) { '-' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::conventions::testing::warning;

    /// The text of an element of a document.
    fn text(xml: &str, name: &str) -> Option<String> {
        let document = roxmltree::Document::parse(xml).unwrap();
        let found = document.descendants().find(|node| node.has_tag_name(name));
        found.and_then(|node| node.text().map(str::to_owned))
    }

    #[test]
    fn an_incident_is_a_chain_of_alert_update_and_cancel() {
        let mut cap = Cap::new("crowd.example.org", AdviceBook::shipped().unwrap());
        let mut told = warning();
        let alert = cap.message(&told);
        assert_eq!(
            (text(&alert.xml, "msgType").as_deref(), text(&alert.xml, "references")),
            (Some("Alert"), None)
        );
        assert_eq!(text(&alert.xml, "sent").as_deref(), Some("2026-11-25T12:00:00-00:00"));
        told.envelope.seq += 1;
        told.transition = WarningTransition::Escalated;
        told.level = Some(Level::Red);
        let update = cap.message(&told);
        assert_eq!(text(&update.xml, "msgType").as_deref(), Some("Update"));
        let expected = format!("crowd.example.org,{},2026-11-25T12:00:00-00:00", alert.identifier);
        assert_eq!(text(&update.xml, "references"), Some(expected));
        assert_eq!(text(&update.xml, "severity").as_deref(), Some("Extreme"));
        told.envelope.seq += 1;
        told.transition = WarningTransition::Cleared;
        told.level = Some(Level::Normal);
        let cancel = cap.message(&told);
        assert_eq!(text(&cancel.xml, "msgType").as_deref(), Some("Cancel"));
        assert!(text(&cancel.xml, "references").unwrap().contains(&update.identifier));
    }

    #[test]
    fn lost_data_is_an_update_of_unknown_certainty_and_a_drill_is_an_exercise() {
        let mut cap = Cap::new("a b", AdviceBook::shipped().unwrap());
        let mut told = warning();
        cap.message(&told);
        told.level = None;
        told.transition = WarningTransition::Lost;
        told.envelope.drill = true;
        let lost = cap.message(&told);
        assert_eq!(text(&lost.xml, "msgType").as_deref(), Some("Update"));
        assert_eq!(text(&lost.xml, "certainty").as_deref(), Some("Unknown"));
        assert_eq!(text(&lost.xml, "status").as_deref(), Some("Exercise"));
        assert_eq!(text(&lost.xml, "sender").as_deref(), Some("a-b"));
    }

    #[test]
    fn the_polygon_has_latitude_first_and_is_closed() {
        let xml = Cap::new("s", AdviceBook::shipped().unwrap()).message(&warning()).xml;
        assert_eq!(
            text(&xml, "polygon").as_deref(),
            Some(
                "31.2000000,121.5000000 31.2000000,121.6000000 31.3000000,121.6000000 31.2000000,121.5000000"
            )
        );
    }
}
