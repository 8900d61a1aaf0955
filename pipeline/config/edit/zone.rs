//! Zones that come into a site file and go out of it, and what else of the file names them.

use throng_analytics::zone::Ring;
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Value, value};

use super::{id_of, listed, state, table_mut, tables};

/// A zone that comes into a site file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NewZone<'a> {
    /// Its id.
    pub id: &'a str,
    /// Name for people; none: the id.
    pub name: Option<&'a str>,
    /// Its corners in order, metres on the ground.
    pub corners_m: &'a [[f64; 2]],
    /// Id of its threshold profile.
    pub profile: &'a str,
    /// People for whom there is room.
    pub capacity_people: u32,
    /// Its ring, where stated.
    pub ring: Option<Ring>,
}

/// Adds a zone behind the others.
///
/// # Errors
/// There is one with its id, or the file lists its zones otherwise than as `[[zone]]`.
pub fn add_zone(document: &mut DocumentMut, zone: &NewZone<'_>) -> anyhow::Result<()> {
    let mut new = listed::named(zone.id, zone.name);
    new.insert("polygon_m", value(listed::points(zone.corners_m)));
    new.insert("profile", value(zone.profile));
    new.insert("capacity_people", value(i64::from(zone.capacity_people)));
    if let Some(ring) = zone.ring {
        let name = match ring {
            Ring::Core => "core",
            Ring::District => "district",
            Ring::Periphery => "periphery",
        };
        new.insert("ring", value(name));
    }
    listed::add(document, "zone", new)
}

/// Moves the corners of a zone, metres, and names it anew where a name is given.
///
/// # Errors
/// There is no such zone.
pub fn set_outline(
    document: &mut DocumentMut,
    zone: &str,
    name: Option<&str>,
    corners_m: &[[f64; 2]],
) -> anyhow::Result<()> {
    let table = table_mut(document, "zone", zone)?;
    state(table, "polygon_m", Some(listed::points(corners_m)));
    if let Some(name) = name {
        state(table, "name", Some(name.into()));
    }
    Ok(())
}

/// Takes a zone out, and leaves what names it.
///
/// # Errors
/// There is no such zone.
pub fn remove_zone(document: &mut DocumentMut, zone: &str) -> anyhow::Result<()> {
    listed::remove(document, "zone", zone)
}

/// Ids of the lines that bound a zone.
pub fn lines_of(document: &DocumentMut, zone: &str) -> Vec<String> {
    let bounding =
        tables(document, "line").filter(|line| line.get("zone").and_then(Item::as_str) == Some(zone));
    bounding.filter_map(id_of).map(str::to_owned).collect()
}

/// Takes a zone out of the lists of the loudspeakers that name it; their ids, and how many zones each still names. A list
/// that becomes empty stays: without it the loudspeaker would be asked for every zone.
pub fn free_speakers(document: &mut DocumentMut, zone: &str) -> Vec<(String, usize)> {
    let speakers = document.get_mut("speaker").and_then(Item::as_array_of_tables_mut);
    let mut freed = Vec::new();
    for speaker in speakers.into_iter().flat_map(ArrayOfTables::iter_mut) {
        let id = id_of(speaker).unwrap_or_default().to_owned();
        let Some(zones) = speaker.get_mut("zones").and_then(Item::as_array_mut) else { continue };
        let mut is_named = false;
        while take_out(zones, zone) {
            is_named = true;
        }
        if is_named {
            freed.push((id, zones.len()));
        }
    }
    freed
}

/// Takes a text out of a list with its comments, and leaves those of its neighbours. Whether it was in it.
fn take_out(list: &mut Array, text: &str) -> bool {
    let Some(index) = list.iter().position(|value| value.as_str() == Some(text)) else { return false };
    let before = prefix(&list.remove(index));
    // What stands behind a value on its line is kept with what follows.
    let joined = |after: &str| {
        let end = after.find('\n')?;
        Some(format!("{}{}", before.split('\n').next().unwrap_or_default(), after.get(end..)?))
    };
    if let Some(next) = list.get_mut(index) {
        let joined = joined(&prefix(next)).unwrap_or_else(|| before.clone());
        next.decor_mut().set_prefix(joined);
    } else if let Some(joined) = joined(list.trailing().as_str().unwrap_or_default()) {
        list.set_trailing(joined);
    }
    true
}

fn prefix(value: &Value) -> String {
    value.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default().to_owned()
}
