use serde_json::{Value, json};
use throng_analytics::time::Timestamp;
use zenoh::key_expr::keyexpr;

use super::*;

fn arrival(key: &str, heard: Heard) -> Arrival {
    Arrival {
        key: key.to_owned(),
        topic: Topic::parse(keyexpr::new(key).unwrap()),
        received_at: "2026-11-23T12:03:04.512Z".parse::<Timestamp>().unwrap(),
        heard,
    }
}

fn line_of(key: &str, payload: &str) -> String {
    let heard =
        Heard::Message { encoding: "application/json".to_owned(), payload: payload.as_bytes().to_vec() };
    line(&arrival(key, heard))
}

/// The envelope's fields with those of a message.
fn enveloped(message: &Value) -> String {
    let mut all = json!({
        "schema": "throng.test.v1", "site": "stadium", "seq": 7,
        "published_at": "2026-11-23T12:03:04Z", "node": "box-1",
        "model": { "name": "compact", "sha256": "00" }, "config_sha256": "00", "drill": false,
        "quality": { "calibrated": true },
    });
    let fields = all.as_object_mut().unwrap();
    fields.extend(message.as_object().unwrap().clone());
    all.to_string()
}

fn warning_payload() -> String {
    enveloped(&json!({
        "incident": "0190b6c2", "zone": "gate", "level": 3, "previous_level": 2,
        "transition": "escalated", "escalate": true, "kind": "crowding",
        "density_people_per_m2": { "mean": 4.2, "lo": 3.8, "hi": 4.66 }, "people": 130.4,
        "risk": { "score": 70.6, "factors": {} },
        "since": "2026-11-23T12:00:00Z", "expires_at": "2026-11-23T12:04:00Z",
        "outline_in_ground_m": [], "action": "limit_inflow",
        "text": { "zh": "限流", "en": "Limit the inflow." },
    }))
}

#[test]
fn a_warning_says_zone_level_and_numbers_with_their_interval() {
    assert_eq!(
        line_of("throng/v1/stadium/warning/gate", &warning_payload()),
        "12:03:04.512  stadium  zone gate  WARNING ORANGE (was YELLOW)  escalated, crowding  4.20 people/m2 (3.80 to \
         4.66)  130 people  risk 71/100  Limit the inflow."
    );
}

#[test]
fn a_warning_that_came_late_or_was_seen_says_so() {
    let mut warning: Value = serde_json::from_str(&warning_payload()).unwrap();
    warning["expired"] = json!(true);
    warning["ack"] = json!({ "operator": "duty", "at": "2026-11-23T12:03:00Z" });
    assert!(
        line_of("throng/v1/stadium/warning/gate", &warning.to_string())
            .ends_with("Limit the inflow.  Seen by duty.  EXPIRED: it came too late to act on.")
    );
}

#[test]
fn a_loudspeaker_says_what_it_does_and_whether_it_helped() {
    let envelope = json!({
        "schema": "throng.test.v1", "site": "stadium", "seq": 7, "published_at": "2026-11-23T12:03:04Z", "node": "pole-1",
        "config_sha256": "00", "drill": false, "speaker": "pole",
    });
    let told = |more: Value| {
        let mut all = envelope.clone();
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all.to_string()
    };
    let state =
        told(json!({ "armed": false, "muted": true, "refused": 0, "awaiting_confirmation": ["0199"] }));
    assert_eq!(
        line_of("throng/v1/stadium/speaker/pole/state", &state),
        "12:03:04.512  stadium  loudspeaker pole  NOT ARMED, MUTED by hand  waits for a word: 0199"
    );
    let receipt = told(json!({
        "command_id": "0199", "issuer": "Ann", "outcome": "refused", "reason": "it is not armed",
        "announcement": "do-not-crowd",
    }));
    assert!(
        line_of("throng/v1/stadium/speaker/pole/receipt", &receipt)
            .ends_with("loudspeaker pole  REFUSED  do-not-crowd  it is not armed  by Ann")
    );
    let effect = enveloped(&json!({
        "speaker": "pole", "command_id": "0199", "incident": "i-1", "zone": "gate", "began_at": "2026-11-23T12:03:04Z",
        "verdict": "no_change", "advice": "verify_by_eye",
        "density_people_per_m2": { "before": 4.21, "after": 4.18, "difference_lo": -0.1, "difference_hi": 0.1 },
    }));
    assert!(line_of("throng/v1/stadium/speaker/pole/effect", &effect).ends_with(
        "did it help? no change  zone gate  4.2 people/m2 before, 4.2 after  advice: verify by eye"
    ));
}

#[test]
fn a_line_says_who_comes_and_goes_and_since_when() {
    let flow = enveloped(&json!({
        "line": "door", "freshness": "fresh", "length_m": 4.0, "in_people_per_s": 1.5, "out_people_per_s": 0.25,
        "since": "2026-11-23T11:58:00Z", "in_people": 210.4, "in_people_lo": 180.0, "in_people_hi": 260.0,
        "out_people": 31.0,
    }));
    assert_eq!(
        line_of("throng/v1/stadium/line/door/flow", &flow),
        "12:03:04.512  stadium  line door  crossings  in 90/min  out 15/min  210 in (180 to 260)  31 out  since 11:58:00"
    );
    let unseen = enveloped(&json!({ "line": "door", "freshness": "lost", "length_m": 4.0 }));
    assert!(line_of("throng/v1/stadium/line/door/flow", &unseen).ends_with("crossings  NO DATA (lost)"));
}

#[test]
fn no_data_is_said_and_never_a_zero() {
    let density = enveloped(&json!({ "zone": "gate", "freshness": "lost", "area_m2": 40.0 }));
    assert!(
        line_of("throng/v1/stadium/zone/gate/density", &density)
            .ends_with("zone gate  density  NO DATA (lost)")
    );
    let state = enveloped(&json!({ "zone": "gate", "freshness": "lost" }));
    assert!(line_of("throng/v1/stadium/zone/gate/state", &state).ends_with("zone gate  level UNKNOWN"));
    let lost = line(&arrival("throng/v1/stadium/node/box-1", Heard::Lost));
    assert_eq!(lost, "12:03:04.512  stadium  NO DATA from node box-1");
    let lost = line(&arrival("throng/v1/stadium/camera/east/alive", Heard::Lost));
    assert_eq!(lost, "12:03:04.512  stadium  NO DATA from camera east");
}

#[test]
fn measurements_have_units() {
    let density = enveloped(&json!({
        "zone": "gate", "freshness": "fresh", "area_m2": 40.0, "density_people_per_m2": 1.234,
        "density_lo_people_per_m2": 1.1, "density_hi_people_per_m2": 1.4, "people": 41.2,
    }));
    assert!(
        line_of("throng/v1/stadium/zone/gate/density", &density)
            .ends_with("zone gate  density  1.23 people/m2 (1.10 to 1.40)  41 people  fresh")
    );
    assert!(line_of("throng/v1/stadium/zone/gate/people", "41.4").ends_with("zone gate  41 people"));
    let count = enveloped(&json!({ "camera": "east", "valid": false, "reason": "the lens is covered" }));
    assert!(
        line_of("throng/v1/stadium/camera/east/count", &count)
            .ends_with("camera east  not counted: the lens is covered")
    );
}

#[test]
fn a_camera_says_where_it_is_counted_and_why_not_where_it_should_be() {
    let state = |counted_on: Option<Value>| {
        let mut state = json!({
            "camera": "east", "state": "live", "since": "2026-11-23T12:00:00Z", "frames_decoded": 9, "frames_counted": 5,
            "frames_dropped": {}, "session": 1,
        });
        if let Some(counted_on) = counted_on {
            state["counted_on"] = counted_on;
        }
        line_of("throng/v1/stadium/camera/east/state", &enveloped(&state))
    };
    assert!(state(None).ends_with("camera east  live  9 decoded, 5 counted"), "a site of before");
    let both = json!({ "devices": ["cuda:0", "cuda:1"], "asked": ["cuda:0", "cuda:1"] });
    assert!(state(Some(both)).ends_with("9 decoded, 5 counted, on cuda:0, cuda:1"));
    let fallen = json!({ "devices": ["cpu"], "asked": ["cuda:0"], "fallback": "cuda:0 cannot be used" });
    assert!(state(Some(fallen)).ends_with("9 decoded, 5 counted, on cpu  cuda:0 cannot be used"));
}

#[test]
fn a_risk_says_what_it_is_made_of_and_what_would_lower_it() {
    let risk = enveloped(&json!({
        "zone": "gate", "freshness": "fresh", "score": 71.6, "level": 3, "missing_inputs": ["conflict"],
        "contributions": [
            { "factor": "growth", "sub_score": 0.4, "weight": 0.45, "share": 0.16 },
            { "factor": "density", "sub_score": 0.7, "weight": 0.95, "share": 0.78 },
            { "factor": "breakdown", "sub_score": 0.2, "weight": 0.25, "share": 0.06 },
        ],
        "counterfactual": { "level": 2, "density_people_per_m2": 4.43 },
    }));
    assert!(
        line_of("throng/v1/stadium/zone/gate/risk", &risk).ends_with(
            "zone gate  risk  72/100  ORANGE  density 78 %  growth 16 %  YELLOW below 4.4 people/m2"
        ),
        "{}",
        line_of("throng/v1/stadium/zone/gate/risk", &risk)
    );
}

#[test]
fn hostile_and_foreign_payloads_are_shown_without_control_characters() {
    let hostile = line_of("throng/v1/stadium/warning/gate", "\u{1b}[2J\u{7}gone\n");
    assert!(hostile.ends_with("throng/v1/stadium/warning/gate  [2Jgone"), "{hostile}");
    assert!(line_of("other/key", "hello").ends_with("other/key  hello"));
    let binary = Heard::Message { encoding: String::new(), payload: vec![0xff; 9] };
    assert!(line(&arrival("other/key", binary)).ends_with("9 bytes"));
}
