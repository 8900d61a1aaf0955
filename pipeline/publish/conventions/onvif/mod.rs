//! ONVIF: the people of a zone as the standard's occupancy counter, and its level under a topic of our own, since the
//! standard knows neither density nor risk. As the JSON that Profile M sends over MQTT, and as notifications that a
//! video management system takes from us as from any camera ([`service`](self::Service)).

mod pull_point;
mod service;
mod soap;

use serde_json::{Value, json};
use throng_analytics::{level::Level, time::Timestamp, wire::Warning};

pub use self::service::Service;
use super::xml::Xml;

/// The standard's topic.
const OCCUPANCY: &str = "tns1:RuleEngine/CountAggregation/OccupancyCounter";
/// Ours.
const RISK: &str = "tnsthrong:CrowdSafety/Risk";
/// The namespaces that notifications and answers write by these prefixes.
const NAMESPACES: [(&str, &str); 11] = [
    ("xmlns:s", "http://www.w3.org/2003/05/soap-envelope"),
    ("xmlns:wsa", "http://www.w3.org/2005/08/addressing"),
    ("xmlns:xs", "http://www.w3.org/2001/XMLSchema"),
    ("xmlns:tt", "http://www.onvif.org/ver10/schema"),
    ("xmlns:tds", "http://www.onvif.org/ver10/device/wsdl"),
    ("xmlns:tev", "http://www.onvif.org/ver10/events/wsdl"),
    ("xmlns:wsnt", "http://docs.oasis-open.org/wsn/b-2"),
    ("xmlns:wstop", "http://docs.oasis-open.org/wsn/t-1"),
    ("xmlns:ter", "http://www.onvif.org/ver10/error"),
    ("xmlns:tns1", "http://www.onvif.org/ver10/topics"),
    ("xmlns:tnsthrong", "urn:throng:onvif:topics:1"),
];
/// The dialect in which topics are named.
const DIALECT: &str = "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet";
/// The prefix of MQTT topics with JSON events.
pub const MQTT_PREFIX: &str = "onvif-mj";

/// What a notification tells: that something changed, or how it is, to somebody who has just come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    Initialized,
    Changed,
}

/// The notifications of a warning, each with its topic, as elements that go into a document with [`NAMESPACES`]; the counter
/// only where people were counted.
fn notifications(warning: &Warning, operation: Operation) -> Vec<(&'static str, String)> {
    let element = |(topic, data): (&'static str, Vec<(&str, String)>)| {
        let mut xml = Xml::default();
        notification(&mut xml, warning, topic, &data, operation);
        (topic, xml.into_text())
    };
    events(warning).into_iter().map(element).collect()
}

fn notification(
    xml: &mut Xml,
    warning: &Warning,
    topic: &str,
    data: &[(&str, String)],
    operation: Operation,
) {
    let time = time(warning.envelope.published_at);
    let operation = match operation {
        Operation::Initialized => "Initialized",
        Operation::Changed => "Changed",
    };
    xml.within("wsnt:NotificationMessage", &[], |xml| {
        xml.within("wsnt:Topic", &[("Dialect", DIALECT)], |xml| xml.text(topic));
        xml.within("wsnt:Message", &[], |xml| {
            xml.within("tt:Message", &[("UtcTime", &time), ("PropertyOperation", operation)], |xml| {
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
            let data: serde_json::Map<String, Value> =
                data.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))).collect();
            let message = json!({
                "UtcTime": time(warning.envelope.published_at),
                "Source": { "VideoSource": warning.envelope.site, "Rule": warning.zone },
                "Data": data,
            });
            (format!("{MQTT_PREFIX}/{}/{}", without_prefixes(topic), warning.zone), message)
        })
        .collect()
}

/// A topic without the prefixes of its namespaces, which each document chooses for itself.
fn without_prefixes(topic: &str) -> String {
    let parts: Vec<&str> = topic.split('/').map(|part| part.rsplit(':').next().unwrap_or(part)).collect();
    parts.join("/")
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

/// An instant as XML Schema has it, to a millisecond.
fn time(at: Timestamp) -> String {
    format!("{}Z", at.to_string().get(..23).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::conventions::testing::warning;

    #[test]
    fn people_are_the_standard_s_counter_and_the_level_is_ours() {
        let told = warning();
        let topics: Vec<&str> =
            notifications(&told, Operation::Changed).iter().map(|(topic, _)| *topic).collect();
        assert_eq!(topics, [OCCUPANCY, RISK]);
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
