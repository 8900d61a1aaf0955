//! What is known of a site.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::description::SiteDescription;

/// What was heard of a site.
#[derive(Clone, Debug, Default)]
pub(crate) struct SiteRecord {
    pub(super) id: String,
    /// Absent: things of it were heard, but not what it is.
    pub(crate) description: Option<Box<SiteDescription>>,
    /// Zones that were taken out of its file: what still comes of them is of before.
    pub(super) retired: BTreeSet<String>,
    /// Its processes and whether they are there.
    pub(crate) nodes: BTreeMap<String, bool>,
}

impl SiteRecord {
    pub(super) fn view(&self) -> SiteView<'_> {
        let description = self.description.as_deref();
        SiteView {
            id: description.is_none().then_some(self.id.as_str()),
            description,
            nodes: self.nodes.iter().map(|(id, alive)| Node { id, alive: *alive }).collect(),
        }
    }
}

#[derive(Debug, Serialize)]
struct Node<'a> {
    id: &'a str,
    alive: bool,
}

/// A site in the pages' words.
#[derive(Debug, Serialize)]
pub(super) struct SiteView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(flatten)]
    description: Option<&'a SiteDescription>,
    nodes: Vec<Node<'a>>,
}
