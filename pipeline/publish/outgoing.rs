//! A message on its way out.

use anyhow::{Context as _, Result, bail};
use throng_analytics::{
    time::Timestamp,
    wire::{self, Message},
};
use tracing::Span;

use super::{Form, Id, Topic};
use crate::traces;

/// A message on its way out, already in its wire form.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// What it is about.
    pub topic: Topic,
    /// The payload in the form that the topic's row names.
    pub payload: Vec<u8>,
    /// When it stops being true. A kept message is repeated until then, and for as long as the bus is open without.
    pub expires_at: Option<Timestamp>,
    /// Number on its key, of a warning that is to wait on disk until it has arrived.
    pub seq: Option<u64>,
    /// What ends when it is on the bus: its own way there, or that of the step it is told at.
    pub span: Span,
}

/// The same where it says the same.
impl PartialEq for Outgoing {
    fn eq(&self, other: &Self) -> bool {
        let said = |message: &Self| (message.expires_at, message.seq);
        self.topic == other.topic && self.payload == other.payload && said(self) == said(other)
    }
}

impl Outgoing {
    /// A payload in the form that the topic's row names.
    pub const fn new(topic: Topic, payload: Vec<u8>) -> Self {
        Self { topic, payload, expires_at: None, seq: None, span: Span::none() }
    }

    /// A public message.
    ///
    /// # Errors
    /// The topic takes another kind of message, or this one cannot be written as JSON.
    pub fn message<M: Message>(topic: Topic, message: &M) -> Result<Self> {
        let form = topic.delivery().form;
        if form != (Form::Json { schema: M::SCHEMA }) {
            bail!("{topic:?} does not take {}: its form is {form:?}", M::SCHEMA);
        }
        let payload =
            serde_json::to_vec(message).with_context(|| format!("cannot write {topic:?} as JSON"))?;
        Ok(Self::new(topic, payload))
    }

    /// A warning, on the key of its zone, repeated until it expires.
    ///
    /// # Errors
    /// The zone's name may not stand in a key, or the warning cannot be written as JSON.
    pub fn warning(warning: &wire::Warning) -> Result<Self> {
        let zone = Id::new(warning.zone.as_str()).context("the zone of a warning")?;
        let (expires_at, seq) = (Some(warning.expires_at), Some(warning.envelope.seq));
        let span = traces::warning(warning);
        Ok(Self { expires_at, seq, span, ..Self::message(Topic::Warning(zone), warning)? })
    }

    /// The same as it is kept for later, which is no part of its way to the bus.
    pub(super) fn to_keep(&self) -> Self {
        Self { span: Span::none(), ..self.clone() }
    }

    /// Whether it has stopped being true by `now`.
    pub(super) fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|expires_at| expires_at <= now)
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
        Ok(Self::new(topic, value.to_string().into_bytes()))
    }
}

/// A warning's payload with `expired` set: it comes too late to act on. What is no JSON object is left as it is.
pub(super) fn marked_expired(payload: &[u8]) -> Vec<u8> {
    let Ok(serde_json::Value::Object(mut members)) = serde_json::from_slice(payload) else {
        return payload.to_vec();
    };
    members.insert("expired".to_owned(), true.into());
    serde_json::to_vec(&members).unwrap_or_else(|_cannot_fail| payload.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_the_topic_is_kept_to() {
        let zone = Id::new("gate").unwrap();
        let ack = wire::Ack {
            incident: "incident-1".to_owned(),
            operator: "duty officer".to_owned(),
            at: Timestamp::from_unix_nanos(0),
            shelve_until: None,
        };
        let message = Outgoing::message(Topic::Ack(Id::new("incident-1").unwrap()), &ack).unwrap();
        assert_eq!(serde_json::from_slice::<wire::Ack>(&message.payload).unwrap(), ack);
        let error = Outgoing::message(Topic::Warning(zone.clone()), &ack).unwrap_err().to_string();
        assert!(error.contains("does not take throng.ack.v1"), "{error}");
        let people = Outgoing::number(Topic::ZonePeople(zone.clone()), 12.5).unwrap();
        assert_eq!(people.payload, b"12.5");
        assert!(Outgoing::number(Topic::Warning(zone.clone()), 1.0).is_err());
        let error = Outgoing::number(Topic::ZonePeople(zone), f64::NAN).unwrap_err().to_string();
        assert!(error.contains("publish nothing while it is unknown"), "{error}");
    }
}
