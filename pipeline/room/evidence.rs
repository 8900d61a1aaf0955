//! The evidence beside a site, for its console: what there is, whether it is whole and sealed, and each bundle as one file.

use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use throng_console::Evidence;

use crate::{
    config::plan::EvidencePlan,
    evidence::{
        archive::archive,
        bundle::{Opened, manifest},
        seal::Seal,
    },
    exchange::Exchange,
};

/// Bundles that are listed, the newest first.
const LISTED_MAX: usize = 500;

/// The evidence of one site.
pub struct SiteEvidence {
    exchange: Arc<Exchange>,
}

impl SiteEvidence {
    /// Of the site whose plan is exchanged through `exchange`.
    pub const fn new(exchange: Arc<Exchange>) -> Self {
        Self { exchange }
    }

    /// Where the site keeps it.
    fn plan(&self, site: &str) -> Result<EvidencePlan, String> {
        let running = self.exchange.running();
        if running.site_id.as_str() != site {
            return Err("this console is not beside that site: its evidence is on its own machine".to_owned());
        }
        running
            .evidence
            .clone()
            .ok_or_else(|| "the site keeps no evidence: its file has no [evidence]".to_owned())
    }

    /// The folder of a bundle. The name is one of those listed, and so cannot lead elsewhere.
    fn folder(&self, site: &str, name: &str) -> Result<(EvidencePlan, PathBuf), String> {
        let plan = self.plan(site)?;
        let folder =
            names(&plan.folder).into_iter().find(|known| known == name).map(|name| plan.folder.join(name));
        folder.map(|folder| (plan, folder)).ok_or_else(|| format!("there is no evidence {name:?}"))
    }
}

/// Names of the bundles in a folder, the newest first: they begin with their times.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter(|entry| entry.path().is_dir())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.'))
        .collect();
    names.sort_unstable_by(|a, b| b.cmp(a));
    names
}

/// What is in a bundle, and whether it is whole and sealed by the key of the site.
fn looked_at(plan: &EvidencePlan, folder: &Path) -> Result<Value> {
    let opened = Opened::open(folder)?;
    let seal = Seal::from_pem_file(&plan.key_id, &plan.key)?;
    let size = |name: &String| fs::metadata(folder.join(name)).map(|file| file.len()).ok();
    let files = opened.manifest.files.iter();
    let files = files.map(|(name, sha256)| json!({ "name": name, "bytes": size(name), "sha256": sha256 }));
    Ok(json!({
        "is_sealed": seal.holds(&opened.manifest_bytes, &opened.signature),
        "key_id": opened.manifest.key_id,
        "from": opened.manifest.from,
        "until": opened.manifest.until,
        "made_at": opened.manifest.made_at,
        "throng_version": opened.manifest.throng_version,
        "model": opened.manifest.model,
        "config_sha256": opened.manifest.config_sha256,
        "changes": opened.manifest.changes,
        "clips": opened.manifest.clips,
        "replay_differs": opened.manifest.replay_differs,
        "files": files.collect::<Vec<_>>(),
    }))
}

impl Evidence for SiteEvidence {
    fn list(&self, site: &str) -> Result<Vec<Value>, String> {
        let folder = self.plan(site)?.folder;
        let told = |name: String| match manifest(&folder.join(&name)) {
            Ok(manifest) => json!({
                "name": name, "zone": manifest.zone, "level": manifest.level.name(), "alarm_at": manifest.alarm_at,
                "incident": manifest.incident, "drill": manifest.drill,
            }),
            // What cannot be read is shown all the same: somebody may have changed it.
            Err(error) => json!({ "name": name, "problem": format!("{error:#}") }),
        };
        Ok(names(&folder).into_iter().take(LISTED_MAX).map(told).collect())
    }

    fn look(&self, site: &str, name: &str) -> Result<Value, String> {
        let (plan, folder) = self.folder(site, name)?;
        looked_at(&plan, &folder).map_err(|error| format!("{error:#}"))
    }

    fn archive(&self, site: &str, name: &str) -> Result<(Box<dyn Read + Send>, u64), String> {
        let (_, folder) = self.folder(site, name)?;
        archive(&folder)
            .with_context(|| format!("{name} cannot be packed"))
            .map_err(|error| format!("{error:#}"))
    }
}
