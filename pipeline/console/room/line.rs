//! What is known of a line.

use serde::Serialize;
use throng_analytics::{freshness::Freshness, time::Timestamp, wire};

use super::{
    Key,
    zone::{SILENCE_SECS, freshness_name},
};

/// What was heard of a line.
#[derive(Clone, Debug, Default)]
pub(crate) struct LineRecord {
    pub(super) flow: Option<Box<wire::LineFlow>>,
    pub(super) heard_at: Option<Timestamp>,
    pub(super) is_lost: bool,
}

impl LineRecord {
    pub(super) fn heard(&mut self, flow: Box<wire::LineFlow>, now: Timestamp) {
        self.flow = Some(flow);
        self.heard_at = Some(now);
        self.is_lost = false;
    }

    /// Whether nobody but that process has told of it.
    pub(super) fn is_of_node(&self, node: &str) -> bool {
        self.flow.as_ref().is_none_or(|flow| flow.envelope.node == node)
    }

    /// Whether this is the moment at which it fell silent.
    pub(super) fn fell_silent(&mut self, now: Timestamp) -> bool {
        let is_silent = self.heard_at.is_some_and(|at| now.secs_since(at) > SILENCE_SECS);
        is_silent && !std::mem::replace(&mut self.is_lost, true)
    }

    pub(super) fn view<'a>(&'a self, (site, id): &'a Key, now: Timestamp) -> LineView<'a> {
        let is_silent = self.is_lost || self.heard_at.is_none_or(|at| now.secs_since(at) > SILENCE_SECS);
        let flow = self.flow.as_deref().filter(|_| !is_silent);
        LineView {
            site,
            id,
            freshness: freshness_name(flow.map_or(Freshness::Lost, |flow| flow.freshness)),
            in_people_per_s: flow.and_then(|flow| flow.in_people_per_s),
            out_people_per_s: flow.and_then(|flow| flow.out_people_per_s),
            net_people_per_s: flow.and_then(|flow| flow.net_people_per_s),
            in_people: flow.and_then(|flow| flow.in_people),
            out_people: flow.and_then(|flow| flow.out_people),
            since: flow.and_then(|flow| flow.since),
        }
    }
}

/// A line in the pages' words.
#[derive(Debug, Serialize)]
pub(super) struct LineView<'a> {
    site: &'a str,
    id: &'a str,
    freshness: &'static str,
    in_people_per_s: Option<f64>,
    out_people_per_s: Option<f64>,
    net_people_per_s: Option<f64>,
    in_people: Option<f64>,
    out_people: Option<f64>,
    since: Option<Timestamp>,
}
