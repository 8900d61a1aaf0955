//! Who may tell of what happens outside.

use std::collections::BTreeMap;

use super::Checker;
use crate::{
    config::{key_path::KeyPath, raw},
    publish::signature::SignalSource,
};

impl Checker<'_> {
    /// The sources by the names of their keys; none where one is wrong.
    pub(super) fn signal_sources(
        &mut self,
        written: &[raw::SignalSource],
    ) -> Option<BTreeMap<String, SignalSource>> {
        let list = KeyPath::root().key("signal_source");
        self.unique(written.iter().map(|source| source.id.as_ref()), &list);
        let mut sources = BTreeMap::new();
        for (index, source) in written.iter().enumerate() {
            let (Some(id), Some(issuer), Some(file)) = (&source.id, &source.issuer, &source.file) else {
                continue;
            };
            let key = self.public_key(issuer, file, &list.index(index).key("file"));
            sources.extend(key.map(|key| (id.clone(), SignalSource { key, kinds: source.kinds.clone() })));
        }
        (sources.len() == written.len()).then_some(sources)
    }
}
