//! A message on its way out.

use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use throng_analytics::time::Timestamp;

use super::{Form, Topic};

/// A message on its way out, already in its wire form.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing {
    /// What it is about.
    pub topic: Topic,
    /// The payload in the form that the topic's row names.
    pub payload: Vec<u8>,
    /// When it stops being true. A kept message is repeated until then, and for as long as the bus is open without.
    pub expires_at: Option<Timestamp>,
}

impl Outgoing {
    /// A JSON message.
    ///
    /// # Errors
    /// The topic is not one of JSON, or the message cannot be written as JSON.
    pub fn json(topic: Topic, message: &impl Serialize) -> Result<Self> {
        if !matches!(topic.delivery().form, Form::Json { .. }) {
            bail!("{topic:?} does not travel as JSON");
        }
        let payload =
            serde_json::to_vec(message).with_context(|| format!("cannot write {topic:?} as JSON"))?;
        Ok(Self { topic, payload, expires_at: None })
    }

    /// A plain number.
    ///
    /// # Errors
    /// The topic is not a plain number, or the value is not finite: unknown is said by silence, never by a number.
    pub fn number(topic: Topic, value: f64) -> Result<Self> {
        if topic.delivery().form != Form::Number {
            bail!("{topic:?} does not travel as a plain number");
        }
        if !value.is_finite() {
            bail!("{topic:?} must be a finite number and is {value}: publish nothing while it is unknown");
        }
        Ok(Self { topic, payload: value.to_string().into_bytes(), expires_at: None })
    }

    /// The same message, not repeated after `expires_at`.
    #[must_use]
    pub fn expiring(mut self, expires_at: Timestamp) -> Self {
        self.expires_at = Some(expires_at);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::Id;

    #[test]
    fn the_form_of_the_topic_is_kept_to() {
        let zone = Id::new("gate").unwrap();
        let message =
            Outgoing::json(Topic::Warning(zone.clone()), &serde_json::json!({ "level": 3 })).unwrap();
        assert_eq!(message.payload, br#"{"level":3}"#);
        let people = Outgoing::number(Topic::ZonePeople(zone.clone()), 12.5).unwrap();
        assert_eq!(people.payload, b"12.5");
        assert!(Outgoing::json(Topic::ZonePeople(zone.clone()), &1).is_err());
        assert!(Outgoing::number(Topic::Warning(zone.clone()), 1.0).is_err());
        let error = Outgoing::number(Topic::ZonePeople(zone), f64::NAN).unwrap_err().to_string();
        assert!(error.contains("publish nothing while it is unknown"), "{error}");
    }
}
