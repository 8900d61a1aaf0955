use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::{freshness::Freshness, level::Level, time::Timestamp};

fn envelope(schema: &str) -> Envelope {
    Envelope {
        schema: schema.to_owned(),
        site: "gate".to_owned(),
        seq: 7,
        numbering: None,
        captured_at: None,
        published_at: Timestamp::from_unix_nanos(0),
        node: "edge-1".to_owned(),
        model: ModelRef { name: "compact".to_owned(), sha256: "ab".to_owned() },
        config_sha256: "cd".to_owned(),
        drill: false,
        quality: Quality { coverage: None, stale_secs: None, calibrated: true, notes: vec![] },
    }
}

fn warning() -> Warning {
    Warning {
        envelope: envelope(Warning::SCHEMA),
        incident: "0189".to_owned(),
        zone: "front".to_owned(),
        level: None,
        previous_level: Some(Level::Yellow),
        transition: WarningTransition::Lost,
        escalate: true,
        kind: WarningKind::SensorLost,
        density_people_per_m2: Density::default(),
        people: None,
        occupancy_ratio: None,
        flow_people_per_m_s: None,
        risk: None,
        trend_per_min: None,
        time_to_critical_secs: None,
        since: Timestamp::from_unix_nanos(0),
        expires_at: Timestamp::from_unix_nanos(0) + 300.0,
        expired: false,
        geometry: None,
        outline_in_ground_m: vec![[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]],
        action: WarningAction::VerifyByEye,
        text: Text { zh: "无数据".to_owned(), en: "no data".to_owned() },
        ack: None,
    }
}

#[test]
fn what_is_not_known_is_absent_and_never_zero() {
    let written = serde_json::to_value(warning()).unwrap();
    for absent in ["level", "people", "risk", "trend_per_min", "captured_at", "geometry", "ack"] {
        assert!(written.get(absent).is_none(), "{absent} in {written}");
    }
    assert_eq!(written["density_people_per_m2"], json!({}));
    assert_eq!(written["quality"], json!({"calibrated": true}));
    assert_eq!(written["previous_level"], json!(2));
    assert_eq!(written["expires_at"], json!("1970-01-01T00:05:00.000000000Z"));
}

#[test]
fn a_warning_round_trips_and_unknown_fields_are_ignored() {
    let mut sent = warning();
    sent.level = Some(Level::Red);
    sent.geometry =
        Some(Geometry::Polygon { coordinates: vec![vec![[120.1, 30.2], [120.2, 30.2], [120.1, 30.2]]] });
    sent.risk = Some(RiskSummary {
        score: 91.0,
        factors: BTreeMap::from([(FactorKind::Density, 0.8), (FactorKind::Growth, 0.2)]),
    });
    let mut written = serde_json::to_value(&sent).unwrap();
    assert_eq!(written["geometry"]["type"], json!("Polygon"));
    assert_eq!(written["risk"]["factors"]["density"], json!(0.8));
    written["added_in_v1_1"] = json!(1);
    assert_eq!(serde_json::from_value::<Warning>(written).unwrap(), sent);
}

#[test]
fn an_unseen_zone_says_so_without_numbers() {
    let state = ZoneState {
        envelope: envelope(ZoneState::SCHEMA),
        zone: "front".to_owned(),
        freshness: Freshness::Lost,
        level: None,
        last_level: None,
        since: None,
        incident: None,
    };
    let written = serde_json::to_value(&state).unwrap();
    assert_eq!(written["freshness"], json!("lost"));
    assert!(written.get("level").is_none());
    assert_eq!(serde_json::from_value::<ZoneState>(written).unwrap(), state);
}

#[test]
fn every_schema_is_named_and_holds_what_its_message_must_have() {
    let schemas = schemas();
    assert_eq!(schemas.len(), 20);
    for (name, schema) in schemas {
        let document = schema.as_value();
        assert!(name.split('.').count() == 3 && name.split('.').next_back() == Some("v1"), "{name}");
        assert_eq!(document["$schema"], json!("https://json-schema.org/draft/2020-12/schema"), "{name}");
        let required = document["required"].as_array().unwrap();
        let expected = match name {
            Ack::SCHEMA => "incident",
            SiteConfig::SCHEMA => "text",
            WarningReceipt::SCHEMA => "up_to_seq",
            SignedSpeakerCommand::SCHEMA | SignedSignal::SCHEMA => "signature",
            _ => "published_at",
        };
        assert!(required.contains(&Value::from(expected)), "{name}: {required:?}");
    }
}
