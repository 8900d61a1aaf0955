//! Changes to a site file that leave the rest of it, comments too, as it is.

mod line;
mod listed;
mod zone;

pub use line::{LineWay, add_line, free_line, remove_line, set_line};
pub use zone::{NewZone, add_zone, free_speakers, lines_of, remove_zone, set_outline};

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::Write as _,
    path::Path,
};

use anyhow::Context;
use throng_analytics::{
    camera::{PointPair, STANDING_HEAD_HEIGHT_M},
    level::Level,
    profile::{PerLevel, Profile},
};
use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, Value, value};

use super::{Loaded, check::zone::SHIPPED, check_text};
use crate::calibrating::Points;

/// Reads a site file for editing.
pub fn read(site: &Path) -> anyhow::Result<DocumentMut> {
    let shown = site.display();
    let text = fs::read_to_string(site).with_context(|| format!("cannot read {shown}"))?;
    text.parse().with_context(|| format!("cannot read {shown}"))
}

/// The tables of `list`, such as `camera`.
fn tables<'a>(document: &'a DocumentMut, list: &str) -> impl Iterator<Item = &'a Table> {
    let tables = document.get(list).and_then(Item::as_array_of_tables);
    tables.into_iter().flat_map(ArrayOfTables::iter)
}

/// The one with an id.
fn table<'a>(document: &'a DocumentMut, list: &str, id: &str) -> anyhow::Result<&'a Table> {
    let found = tables(document, list).find(|table| id_of(table) == Some(id));
    found.with_context(|| format!("there is no [[{list}]] with id = \"{id}\""))
}

/// The same, to be changed.
fn table_mut<'a>(document: &'a mut DocumentMut, list: &str, id: &str) -> anyhow::Result<&'a mut Table> {
    let tables = document.get_mut(list).and_then(Item::as_array_of_tables_mut);
    let found = tables.into_iter().flat_map(ArrayOfTables::iter_mut).find(|table| id_of(table) == Some(id));
    found.with_context(|| format!("there is no [[{list}]] with id = \"{id}\""))
}

fn id_of(table: &Table) -> Option<&str> {
    table.get("id").and_then(Item::as_str)
}

/// The table of a camera, to be changed.
pub fn camera_mut<'a>(document: &'a mut DocumentMut, camera: &str) -> anyhow::Result<&'a mut Table> {
    table_mut(document, "camera", camera)
}

/// What a site file states of a camera's calibration.
#[derive(Clone, Debug, PartialEq)]
pub struct Stated {
    /// Its points and the size of the picture that they were measured in, pixels; `None` without any.
    pub points: Option<(Vec<PointPair>, [u32; 2])>,
    /// Height at which heads are seen, metres.
    pub head_height_m: f64,
    /// Whether its lens was measured.
    pub has_lens: bool,
}

/// What the file states of a camera's calibration.
pub fn stated(document: &DocumentMut, camera: &str) -> anyhow::Result<Stated> {
    let calibration = table(document, "camera", camera)?.get("calibration");
    let head_height_m = calibration.and_then(|table| number(table.get("head_height_m")?.as_value()?));
    Ok(Stated {
        points: calibration.and_then(points),
        head_height_m: head_height_m.unwrap_or(STANDING_HEAD_HEIGHT_M),
        has_lens: calibration.is_some_and(|table| table.get("lens").is_some()),
    })
}

fn points(calibration: &Item) -> Option<(Vec<PointPair>, [u32; 2])> {
    let pairs = calibration.get("points")?.as_array()?.iter().map(|pair| {
        let pair = pair.as_inline_table()?;
        Some(PointPair { in_image_px: two(pair.get("image_px")?)?, in_ground_m: two(pair.get("ground_m")?)? })
    });
    let size = two(calibration.get("image_size_px")?.as_value()?)?.map(|side| side as u32);
    Some((pairs.collect::<Option<Vec<_>>>()?, size))
}

fn number(value: &Value) -> Option<f64> {
    value.as_float().or_else(|| value.as_integer().map(|integer| integer as f64))
}

fn two(value: &Value) -> Option<[f64; 2]> {
    let array = value.as_array()?;
    Some([number(array.get(0)?)?, number(array.get(1)?)?])
}

/// Puts points in the place of a camera's calibration.
///
/// A lens that was measured stays.
///
/// # Errors
/// There is no such camera.
pub fn set_points(document: &mut DocumentMut, camera: &str, points: &Points) -> anyhow::Result<()> {
    let mut list = Array::new();
    for pair in &points.pairs {
        let mut point = InlineTable::new();
        point.insert("image_px", rounded(pair.in_image_px));
        point.insert("ground_m", rounded(pair.in_ground_m));
        let mut point = Value::InlineTable(point);
        point.decor_mut().set_prefix("\n  ");
        list.push_formatted(point);
    }
    list.set_trailing("\n");
    list.set_trailing_comma(true);
    let table = camera_mut(document, camera)?;
    table.remove("uncalibrated");
    let calibration = table.entry("calibration").or_insert_with(|| Item::Table(Table::new()));
    let calibration = calibration.as_table_like_mut().context("[camera.calibration] is no table")?;
    let size: Array = points.image_size_px.iter().map(|side| i64::from(*side)).collect();
    set(calibration.entry("image_size_px").or_insert(Item::None), size.into());
    // Which of the old points were left out means nothing for the new ones.
    calibration.remove("leave_out");
    set(calibration.entry("points").or_insert(Item::None), list.into());
    Ok(())
}

/// Gives a camera's calibration a lens of Brown and Conrady's model with its middle in that of the picture.
///
/// # Errors
/// There is no such camera, or it has no calibration.
pub fn set_lens(document: &mut DocumentMut, camera: &str, focal_px: f64, k1: f64) -> anyhow::Result<()> {
    let calibration = camera_mut(document, camera)?.get_mut("calibration").and_then(Item::as_table_like_mut);
    let calibration = calibration.with_context(|| format!("camera {camera} has no [camera.calibration]"))?;
    let mut lens = InlineTable::new();
    lens.insert("model", "brown_conrady".into());
    lens.insert("focal_px", rounded([focal_px; 2]));
    lens.insert("k1", Value::from((k1 * 1e5).round() / 1e5));
    set(calibration.entry("lens").or_insert(Item::None), Value::InlineTable(lens));
    Ok(())
}

/// Says where a camera (`list` is `camera`) or a loudspeaker (`speaker`) is, metres on the ground; `None`: says it no longer.
///
/// # Errors
/// There is no such thing.
pub fn set_position(
    document: &mut DocumentMut,
    list: &str,
    id: &str,
    position_m: Option<[f64; 2]>,
) -> anyhow::Result<()> {
    state(table_mut(document, list, id)?, "position_m", position_m.map(rounded));
    Ok(())
}

/// The profiles that a zone may have: those of the file and the shipped ones, each with the densities at which its levels
/// begin, blue to red, people/m2. One that is not whole is left out.
pub fn profiles(document: &DocumentMut) -> BTreeMap<String, PerLevel> {
    let own = tables(document, "profile").filter_map(|profile| {
        let densities = profile.get("density_people_per_m2")?.as_table_like()?;
        let density = |level: Level| number(densities.get(level.name())?.as_value()?);
        let [blue, yellow, orange, red] = Level::WARNING.map(density);
        Some((id_of(profile)?.to_owned(), [blue?, yellow?, orange?, red?]))
    });
    let shipped = SHIPPED
        .into_iter()
        .filter_map(|id| Some((id.to_owned(), Profile::shipped(id)?.theta_up_people_per_m2)));
    own.chain(shipped).collect()
}

/// Sets the densities at which levels of a zone begin, people/m2. `profile` is the one that the zone has: where other
/// zones have it too, or it is a shipped one, the zone gets a copy of its own.
///
/// # Errors
/// There is no such zone.
pub fn set_thresholds(
    document: &mut DocumentMut,
    zone: &str,
    profile: &Profile,
    people_per_m2: &BTreeMap<Level, f64>,
) -> anyhow::Result<()> {
    let has_it = |zone: &&Table| zone.get("profile").and_then(Item::as_str) == Some(&profile.id);
    let users = tables(document, "zone").filter(has_it).count();
    table(document, "zone", zone)?;
    let id = if Profile::shipped(&profile.id).is_some() || users > 1 {
        let id = own_profile(document, zone, profile);
        state(table_mut(document, "zone", zone)?, "profile", Some(id.as_str().into()));
        id
    } else {
        profile.id.clone()
    };
    let densities = table_mut(document, "profile", &id)?.get_mut("density_people_per_m2");
    let densities = densities.and_then(Item::as_table_like_mut);
    let densities = densities.with_context(|| format!("profile {id} has no density_people_per_m2"))?;
    for (level, density) in people_per_m2 {
        set(densities.entry(level.name()).or_insert(Item::None), Value::from(thousandth(*density)));
    }
    Ok(())
}

/// Adds a copy of a profile for one zone; its id.
fn own_profile(document: &mut DocumentMut, zone: &str, profile: &Profile) -> String {
    let is_taken = |id: &str| Profile::shipped(id).is_some() || table(document, "profile", id).is_ok();
    let others = (2..).map(|number| format!("{zone}-{number}"));
    let id = std::iter::once(zone.to_owned()).chain(others).find(|id| !is_taken(id)).unwrap_or_default();
    let mut own = Table::new();
    own.decor_mut().set_prefix("\n");
    own.insert("id", value(id.as_str()));
    let standard = Profile::new(&id, profile.theta_up_people_per_m2);
    own.insert("density_people_per_m2", value(per_level(profile.theta_up_people_per_m2)));
    for (key, secs, standard) in [
        ("raise_dwell_secs", profile.raise_dwell_secs, standard.raise_dwell_secs),
        ("clear_dwell_secs", profile.clear_dwell_secs, standard.clear_dwell_secs),
    ] {
        if secs.iter().zip(standard).any(|(secs, standard)| (secs - standard).abs() > 0.0) {
            own.insert(key, value(per_level(secs)));
        }
    }
    let profiles = document.entry("profile").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    if let Some(profiles) = profiles.as_array_of_tables_mut() {
        profiles.push(own);
    }
    id
}

fn per_level(numbers: PerLevel) -> InlineTable {
    Level::WARNING.iter().zip(numbers).map(|(level, number)| (level.name(), Value::from(number))).collect()
}

/// Sets a value and leaves the space and the comment around it.
fn set(item: &mut Item, mut new: Value) {
    if let Some(old) = item.as_value() {
        *new.decor_mut() = old.decor().clone();
    }
    *item = Item::Value(new);
}

/// States a value under a key, or no longer any.
fn state(table: &mut Table, key: &str, new: Option<Value>) {
    match new {
        Some(new) => set(table.entry(key).or_insert(Item::None), new),
        None => {
            table.remove(key);
        }
    }
}

fn rounded(numbers: [f64; 2]) -> Value {
    Value::Array(numbers.iter().map(|number| thousandth(*number)).collect())
}

fn thousandth(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}

/// Replaces a site file by a text that is without errors; else the file stays. Whoever reads it meanwhile finds the old
/// file or the new one, never a part.
pub fn replace(site: &Path, text: &str) -> anyhow::Result<Loaded> {
    let loaded = check_text(site, text)?;
    write(site, text)?;
    Ok(loaded)
}

/// Puts a text in the place of a file, at once and on the disk.
pub fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    // A link stays one, and so do the rights of the file behind it.
    let path = &path.canonicalize().with_context(|| format!("cannot find {}", path.display()))?;
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("site.toml");
    // A rename must not cross disks.
    let new = path.with_file_name(format!(".{name}.new"));
    let written = (|| {
        let mut file = File::create(&new)?;
        file.set_permissions(fs::metadata(path)?.permissions())?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, path)
    })();
    if written.is_err() {
        fs::remove_file(&new).ok();
    }
    written.with_context(|| format!("cannot replace {}", path.display()))
}

#[cfg(test)]
mod tests;
