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
        self.all()
    }

    /// Takes out a zone that is watched no longer; the whole collection without it, or `None` where it was not in it.
    pub fn without(&mut self, zone: &str) -> Option<Value> {
        self.features.remove(zone)?;
        Some(self.all())
    }

    fn all(&self) -> Value {
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

    #[test]
    fn a_zone_that_is_watched_no_longer_is_in_it_no_longer() {
        let mut zones = Zones::default();
        zones.collection(&warning());
        let mut other = warning();
        other.zone = "square".to_owned();
        zones.collection(&other);
        assert_eq!(zones.without("never told of"), None);
        let left = zones.without(&warning().zone).unwrap();
        let features = left["features"].as_array().unwrap();
        assert_eq!((features.len(), &features[0]["properties"]["zone"]), (1, &json!("square")));
        assert_eq!(zones.without("square").unwrap()["features"], json!([]));
    }
}
