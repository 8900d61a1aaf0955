//! GeoJSON (RFC 7946): every zone with its level as a feature; longitude first.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use throng_analytics::wire::Warning;

/// The zones as they were last told of.
#[derive(Debug, Default)]
pub struct Zones {
    features: BTreeMap<String, Value>,
}

impl Zones {
    /// Takes a warning in; the whole collection.
    pub fn collection(&mut self, warning: &Warning) -> Value {
        self.features.insert(warning.zone.clone(), feature(warning));
        json!({ "type": "FeatureCollection", "features": self.features.values().collect::<Vec<_>>() })
    }
}

/// A zone as a feature. A site without a place on the earth gives one without geometry; an unknown level is null.
fn feature(warning: &Warning) -> Value {
    json!({
        "type": "Feature",
        "id": format!("{}/{}", warning.envelope.site, warning.zone),
        "geometry": warning.geometry,
        "properties": {
            "zone": warning.zone,
            "level": warning.level,
            "density_people_per_m2": warning.density_people_per_m2.mean,
            "people": warning.people,
            "captured_at": warning.envelope.captured_at,
            "expires_at": warning.expires_at,
            "incident": warning.incident,
            "drill": warning.envelope.drill,
            "text": warning.text,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::conventions::testing::warning;

    #[test]
    fn the_newest_of_each_zone_is_in_the_collection() {
        let mut zones = Zones::default();
        zones.collection(&warning());
        let mut other = warning();
        other.zone = "square".to_owned();
        other.level = None;
        zones.collection(&other);
        let collection = zones.collection(&warning());
        let features = collection["features"].as_array().unwrap();
        assert_eq!(features.len(), 2);
        assert_eq!(features[0]["geometry"]["coordinates"][0][0], json!([121.5, 31.2]));
        assert_eq!(
            (&features[0]["properties"]["level"], &features[1]["properties"]["level"]),
            (&json!(3), &Value::Null)
        );
    }
}
