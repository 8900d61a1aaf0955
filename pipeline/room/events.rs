//! From what arrives on the bus to what the console hears.

use serde::de::DeserializeOwned;
use throng_analytics::wire;
use throng_console::{Alive, FieldView, RoomEvent};

use crate::publish::{Arrival, Heard, Topic};

/// What an arrival tells the console; none where it is nothing for a console, or cannot be read.
pub(super) fn event(arrival: &Arrival) -> Option<RoomEvent> {
    let (site, topic) = arrival.topic.as_ref()?;
    match &arrival.heard {
        Heard::Alive => Some(RoomEvent::Alive { site: site.to_string(), what: alive(topic)? }),
        Heard::Lost => Some(RoomEvent::Lost { site: site.to_string(), what: alive(topic)? }),
        Heard::Message { payload, .. } => message(site.as_str(), topic, payload),
    }
}

fn alive(topic: &Topic) -> Option<Alive> {
    match topic {
        Topic::Node(id) => Some(Alive::Node(id.to_string())),
        Topic::CameraAlive(id) => Some(Alive::Camera(id.to_string())),
        Topic::SpeakerAlive(id) => Some(Alive::Speaker(id.to_string())),
        _ => None,
    }
}

fn message(site: &str, topic: &Topic, payload: &[u8]) -> Option<RoomEvent> {
    match topic {
        Topic::ZoneDensity(_) => read(payload).map(RoomEvent::ZoneDensity),
        Topic::ZoneFlow(_) => read(payload).map(RoomEvent::ZoneFlow),
        Topic::ZoneRisk(_) => read(payload).map(RoomEvent::ZoneRisk),
        Topic::ZoneState(_) => read(payload).map(RoomEvent::ZoneState),
        Topic::LineFlow(_) => read(payload).map(RoomEvent::LineFlow),
        Topic::CameraCount(_) => read(payload).map(RoomEvent::Count),
        Topic::CameraState(_) => read(payload).map(RoomEvent::CameraState),
        Topic::CameraFootprint(_) => read(payload).map(RoomEvent::Footprint),
        // What comes too late to act on is for the record, and the record has it.
        Topic::Warning(_) => {
            let warning: Box<wire::Warning> = read(payload)?;
            (!warning.expired).then_some(RoomEvent::Warning(warning))
        }
        Topic::Ack(_) => read(payload).map(|ack| RoomEvent::Ack { site: site.to_owned(), ack: *ack }),
        Topic::SpeakerState(_) => read(payload).map(RoomEvent::SpeakerState),
        Topic::SpeakerReceipt(_) => read(payload).map(RoomEvent::SpeakerReceipt),
        Topic::SpeakerEffect(_) => read(payload).map(RoomEvent::SpeakerEffect),
        Topic::Signals => read(payload).map(RoomEvent::SiteSignals),
        Topic::Field => field(*read::<wire::Field>(payload)?).map(|field| RoomEvent::Field(Box::new(field))),
        _ => None,
    }
}

fn read<M: DeserializeOwned>(payload: &[u8]) -> Option<Box<M>> {
    serde_json::from_slice(payload).map(Box::new).ok()
}

/// A raster whose cells are as many as it says.
fn field(field: wire::Field) -> Option<FieldView> {
    let (columns, rows) = (field.columns as usize, field.rows as usize);
    let is_whole = columns.checked_mul(rows) == Some(field.density_people_per_100_m2.len());
    is_whole.then(|| FieldView {
        at: field.envelope.captured_at.unwrap_or(field.envelope.published_at),
        site: field.envelope.site,
        origin_in_ground_m: field.origin_in_ground_m,
        cell_m: field.cell_m,
        columns,
        rows,
        density_people_per_m2: field
            .density_people_per_100_m2
            .into_iter()
            .map(|cell| cell.map(|hundredths| f32::from(hundredths) / 100.0))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use throng_analytics::time::Timestamp;

    use super::*;
    use crate::publish::Id;

    fn arrival(topic: Topic, payload: &str) -> Arrival {
        let heard = Heard::Message { encoding: String::new(), payload: payload.as_bytes().to_vec() };
        Arrival {
            key: String::new(),
            topic: Some((Id::new("site").unwrap(), topic)),
            received_at: Timestamp::from_unix_nanos(0),
            heard,
        }
    }

    #[test]
    fn what_cannot_be_read_or_lies_about_its_size_is_no_event() {
        let zone = || Id::new("gate").unwrap();
        assert!(event(&arrival(Topic::ZoneDensity(zone()), "{}")).is_none());
        assert!(event(&arrival(Topic::Warning(zone()), "not json")).is_none());
        let golden = include_str!("../../analytics/wire/v1/golden/field.json");
        let whole: wire::Field = serde_json::from_str(golden).unwrap();
        assert!(event(&arrival(Topic::Field, golden)).is_some());
        let short = wire::Field { columns: whole.columns + 1, ..whole };
        assert!(event(&arrival(Topic::Field, &serde_json::to_string(&short).unwrap())).is_none());
    }

    #[test]
    fn a_warning_that_came_too_late_raises_no_alarm() {
        let golden = include_str!("../../analytics/wire/v1/golden/warning.json");
        let mut warning: wire::Warning = serde_json::from_str(golden).unwrap();
        for (expired, is_heard) in [(false, true), (true, false)] {
            warning.expired = expired;
            let text = serde_json::to_string(&warning).unwrap();
            let topic = Topic::Warning(Id::new("gate").unwrap());
            assert_eq!(event(&arrival(topic, &text)).is_some(), is_heard);
        }
    }
}
