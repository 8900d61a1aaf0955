//! A site file read elsewhere and later: only what the analytics know of a site, without its cameras, keys and bus.

use std::path::Path;

use throng_analytics::site::SiteModel;
use toml_edit::{DocumentMut, Item};

use super::{Rejected, diagnostic::Findings, plan_of, verdict};

/// Tables that the analytics know nothing of, and that name files and keys of another machine.
const BESIDE: [&str; 6] = ["model", "bus", "publish", "speaker", "speaker_key", "evidence"];
/// An address that is checked without anything being there.
const NOWHERE: &str = "udp://127.0.0.1:9";

/// The site of `text` as the analytics know it: sources, telemetry, model, bus and what goes out are left aside.
///
/// # Errors
/// [`Rejected`] with everything that is wrong with the rest.
pub fn read_for_replay(text: &str, path: &Path) -> Result<SiteModel, Rejected> {
    let text = text.parse::<DocumentMut>().map_or_else(|_said_below| text.to_owned(), without_surroundings);
    let mut findings = Findings::new(path);
    let plan = plan_of(&text, path, &|_| None, &mut findings);
    Ok(verdict(path, plan, findings)?.plan.site_model())
}

fn without_surroundings(mut site: DocumentMut) -> String {
    for table in BESIDE {
        site.remove(table);
    }
    if let Some(site) = site.get_mut("site").and_then(Item::as_table_like_mut) {
        site.remove("plan");
    }
    let cameras = site.get_mut("camera").and_then(Item::as_array_of_tables_mut);
    for camera in cameras.into_iter().flat_map(toml_edit::ArrayOfTables::iter_mut) {
        camera.insert("uri", toml_edit::value(NOWHERE));
        camera.remove("stream");
        if let Some(drone) = camera.get_mut("drone").and_then(Item::as_table_like_mut) {
            drone.insert("telemetry", toml_edit::value("klv"));
        }
    }
    site.to_string()
}
