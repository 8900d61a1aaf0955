//! Changes to a site file that leave the rest of it, comments too, as it is.

use std::{fs, path::Path};

use anyhow::Context;
use toml_edit::{DocumentMut, Item, Table};

use crate::config;

/// Reads a site file for editing.
pub(super) fn read(site: &Path) -> anyhow::Result<DocumentMut> {
    let shown = site.display();
    let text = fs::read_to_string(site).with_context(|| format!("cannot read {shown}"))?;
    text.parse().with_context(|| format!("cannot read {shown}"))
}

/// The table of a camera.
pub(super) fn camera<'a>(document: &'a DocumentMut, camera: &str) -> anyhow::Result<&'a Table> {
    let tables = document.get("camera").and_then(Item::as_array_of_tables);
    let mut tables = tables.into_iter().flat_map(toml_edit::ArrayOfTables::iter);
    let found = tables.find(|table| table.get("id").and_then(Item::as_str) == Some(camera));
    found.with_context(|| format!("there is no [[camera]] with id = \"{camera}\""))
}

/// The same, to be changed.
pub(super) fn camera_mut<'a>(document: &'a mut DocumentMut, camera: &str) -> anyhow::Result<&'a mut Table> {
    let tables = document.get_mut("camera").and_then(Item::as_array_of_tables_mut);
    let tables = tables.into_iter().flat_map(|cameras| cameras.iter_mut());
    let found = tables.into_iter().find(|table| table.get("id").and_then(Item::as_str) == Some(camera));
    found.with_context(|| format!("there is no [[camera]] with id = \"{camera}\""))
}

/// Replaces a site file by `document` if that is without errors; else the file stays.
pub(super) fn replace(site: &Path, document: &DocumentMut) -> anyhow::Result<()> {
    let folder = site.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = site.file_name().and_then(|name| name.to_str()).unwrap_or("site.toml");
    // Beside the old file, since paths in it are relative to its folder and a rename must not cross disks.
    let new = folder.join(format!(".{name}.new"));
    fs::write(&new, document.to_string()).with_context(|| format!("cannot write {}", new.display()))?;
    let replaced = config::load(&new)
        .map_err(anyhow::Error::new)
        .and_then(|_| fs::rename(&new, site).with_context(|| format!("cannot replace {}", site.display())));
    if replaced.is_err() {
        fs::remove_file(&new).ok();
    }
    replaced
}
