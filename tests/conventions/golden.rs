//! Each convention by golden files: what a warning, its change to unknown in an exercise and its end look like on the wire, byte
//! by byte. What reads them besides is in the other files: OASIS' schema, ONVIF's, a platform, a device.
//!
//! Whoever changes one on purpose writes them anew with `THRONG_WRITE_GOLDEN=1 cargo test --release --workspace --test
//! speaker -- golden`, and looks at the difference.

use std::{fs, path::Path};

use throng::publish::conventions::{
    advice::AdviceBook, cap::Cap, cot, gb28181, geojson::Zones, onvif, syslog, webhook::Call,
};
use throng_analytics::{
    level::Level,
    wire::{Density, Text, Warning, WarningKind, WarningTransition},
};

/// A device of a platform, 20 digits.
const DEVICE: &str = "34020000001320000001";

/// Orange, then nobody knows, then it is over.
fn incident() -> [Warning; 3] {
    let raised: Warning = serde_json::from_str(include_str!("warning.json")).unwrap();
    let mut lost = Warning {
        level: None,
        previous_level: Some(Level::Orange),
        transition: WarningTransition::Lost,
        kind: WarningKind::SensorLost,
        density_people_per_m2: Density::default(),
        people: None,
        risk: None,
        text: Text {
            zh: "【演练】北门：未知。".to_owned(), en: "DRILL: North gate: UNKNOWN.".to_owned()
        },
        ..raised.clone()
    };
    lost.envelope.seq += 1;
    lost.envelope.drill = true;
    let mut cleared = Warning {
        level: Some(Level::Normal),
        previous_level: Some(Level::Orange),
        transition: WarningTransition::Cleared,
        density_people_per_m2: Density {
            mean: Some(1.0),
            lo: Some(0.8),
            hi: Some(1.2),
            ..Density::default()
        },
        people: Some(30.0),
        text: Text {
            zh: "北门：正常。预警解除。".to_owned(),
            en: "North gate: normal. The warning is over.".to_owned(),
        },
        ..raised.clone()
    };
    cleared.envelope.seq += 2;
    [raised, lost, cleared]
}

/// Every file's name and what it must hold.
fn written() -> Vec<(String, String)> {
    let mut cap = Cap::new("crowd.example.org", AdviceBook::shipped().unwrap());
    let mut zones = Zones::default();
    let mut files = Vec::new();
    for (step, warning) in ["raised", "lost", "cleared"].into_iter().zip(incident()) {
        let pretty = |value: &serde_json::Value| serde_json::to_string_pretty(value).unwrap();
        let events = onvif::json(&warning).into_iter().collect::<serde_json::Map<_, _>>();
        let call = Call::of(&warning).unwrap();
        for (name, text) in [
            ("cap.xml", cap.message(&warning).xml),
            ("cot.xml", cot::event(&warning).unwrap()),
            ("zones.geojson", pretty(&zones.collection(&warning))),
            ("onvif.json", pretty(&events.into())),
            ("gb28181.xml", gb28181::alarm(&warning, DEVICE, 7, 8)),
            ("syslog.txt", syslog::line(&warning)),
            ("webhook.json", format!("{}\n{}", call.idempotency_key, String::from_utf8(call.body).unwrap())),
        ] {
            files.push((format!("{step}.{name}"), text));
        }
    }
    files
}

#[test]
fn what_leaves_is_what_left_before() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conventions/golden");
    let writes = std::env::var_os("THRONG_WRITE_GOLDEN").is_some();
    let files = written();
    for (name, text) in &files {
        let file = folder.join(name);
        if writes {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&file, text).unwrap();
        }
        let golden = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert_eq!(text, &golden, "{name} has changed");
    }
    assert_eq!(fs::read_dir(folder).unwrap().count(), files.len(), "a file that nothing is compared with");
}
