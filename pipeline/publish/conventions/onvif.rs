//! ONVIF Profile M: the people of a zone as the standard's occupancy counter, and its level under a topic of our own,
//! since the standard knows neither density nor risk. As an XML event and as the JSON that Profile M sends over MQTT.

use serde_json::{Value, json};
use throng_analytics::{level::Level, wire::Warning};

use super::xml::Xml;

/// The standard's topic.
const OCCUPANCY: &str = "tns1:RuleEngine/CountAggregation/OccupancyCounter";
/// Ours.
const RISK: &str = "tnsthrong:CrowdSafety/Risk";
/// The prefix of MQTT topics with JSON events.
pub const MQTT_PREFIX: &str = "onvif-mj";

/// A metadata stream document with an event for each topic; the counter only where people were counted.
pub fn xml(warning: &Warning) -> String {
    let mut xml = Xml::document();
    let namespaces = [
        ("xmlns:tt", "http://www.onvif.org/ver10/schema"),
        ("xmlns:wsnt", "http://docs.oasis-open.org/wsn/b-2"),
        ("xmlns:tns1", "http://www.onvif.org/ver10/topics"),
        ("xmlns:tnsthrong", "urn:throng:onvif:topics:1"),
    ];
    xml.within("tt:MetadataStream", &namespaces, |xml| {
        xml.within("tt:Event", &[], |xml| {
            for (topic, data) in events(warning) {
                notification(xml, warning, topic, &data);
            }
        });
    });
    xml.into_text()
}

fn notification(xml: &mut Xml, warning: &Warning, topic: &str, data: &[(&'static str, String)]) {
    let time = time(warning);
    xml.within("wsnt:NotificationMessage", &[], |xml| {
        let dialect = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet";
        xml.within("wsnt:Topic", &[("Dialect", dialect)], |xml| xml.text(topic));
        xml.within("wsnt:Message", &[], |xml| {
            xml.within("tt:Message", &[("UtcTime", &time), ("PropertyOperation", "Changed")], |xml| {
                xml.within("tt:Source", &[], |xml| {
                    xml.empty("tt:SimpleItem", &[("Name", "VideoSource"), ("Value", &warning.envelope.site)]);
                    xml.empty("tt:SimpleItem", &[("Name", "Rule"), ("Value", &warning.zone)]);
                });
                xml.within("tt:Data", &[], |xml| {
                    for (name, value) in data {
                        xml.empty("tt:SimpleItem", &[("Name", name), ("Value", value)]);
                    }
                });
            });
        });
    });
}

/// The JSON events, each with the MQTT topic below [`MQTT_PREFIX`].
pub fn json(warning: &Warning) -> Vec<(String, Value)> {
    events(warning)
        .into_iter()
        .map(|(topic, data)| {
            // Prefixes of namespaces are not part of MQTT topics.
            let path =
                topic.split('/').map(|part| part.rsplit(':').next().unwrap_or(part)).collect::<Vec<_>>();
            let data: serde_json::Map<String, Value> =
                data.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))).collect();
            let message = json!({
                "UtcTime": time(warning),
                "Source": { "VideoSource": warning.envelope.site, "Rule": warning.zone },
                "Data": data,
            });
            (format!("{MQTT_PREFIX}/{}/{}", path.join("/"), warning.zone), message)
        })
        .collect()
}

/// Topics and their data.
fn events(warning: &Warning) -> Vec<(&'static str, Vec<(&'static str, String)>)> {
    let mut events = Vec::with_capacity(2);
    if let Some(people) = warning.people {
        events.push((OCCUPANCY, vec![("Count", format!("{people:.0}"))]));
    }
    let mut risk = vec![
        ("Level", warning.level.map_or("unknown", Level::name).to_owned()),
        ("Drill", warning.envelope.drill.to_string()),
        ("Incident", warning.incident.clone()),
    ];
    if let Some(density) = warning.density_people_per_m2.mean {
        risk.push(("DensityPeoplePerSquareMetre", format!("{density:.2}")));
    }
    events.push((RISK, risk));
    events
}

fn time(warning: &Warning) -> String {
    format!("{}Z", warning.envelope.published_at.to_string().get(..23).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::conventions::testing::warning;

    #[test]
    fn people_are_the_standard_s_counter_and_the_level_is_ours() {
        let xml = xml(&warning());
        let document = roxmltree::Document::parse(&xml).unwrap();
        let topics: Vec<_> = document
            .descendants()
            .filter(|n| n.has_tag_name(("http://docs.oasis-open.org/wsn/b-2", "Topic")))
            .filter_map(|n| n.text())
            .collect();
        assert_eq!(topics, [OCCUPANCY, RISK]);
        let count = document.descendants().find(|n| n.attribute("Name") == Some("Count")).unwrap();
        assert_eq!(count.attribute("Value"), Some("126"));
        let mut told = warning();
        told.people = None;
        told.level = None;
        let events = json(&told);
        assert_eq!(events.len(), 1);
        assert_eq!(
            (events[0].0.as_str(), events[0].1["Data"]["Level"].as_str()),
            ("onvif-mj/CrowdSafety/Risk/gate", Some("unknown"))
        );
    }
}
