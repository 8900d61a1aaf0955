//! Zones that come into a site file and go out of it.

use anyhow::{Context, ensure};
use throng_analytics::zone::Ring;
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, value};

use super::{id_of, rounded, table};

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
    ensure!(
        table(document, "zone", zone.id).is_err(),
        "there is a [[zone]] with id = \"{}\" already",
        zone.id
    );
    let mut new = Table::new();
    new.decor_mut().set_prefix("\n");
    new.insert("id", value(zone.id));
    if let Some(name) = zone.name {
        new.insert("name", value(name));
    }
    new.insert("polygon_m", value(zone.corners_m.iter().copied().map(rounded).collect::<Array>()));
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
    let zones = document.entry("zone").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    let zones = zones
        .as_array_of_tables_mut()
        .context("the zones are not written as [[zone]]: write them so first")?;
    zones.push(new);
    Ok(())
}

/// Takes a zone out with the comment directly above it. What stands above that, behind an empty line, is of more than this
/// zone and stays.
///
/// # Errors
/// There is no such zone.
pub fn remove_zone(document: &mut DocumentMut, zone: &str) -> anyhow::Result<()> {
    let zones = document.get_mut("zone").and_then(Item::as_array_of_tables_mut);
    let found = zones.and_then(|zones| {
        let index = zones.iter().position(|table| id_of(table) == Some(zone))?;
        Some((zones, index))
    });
    let (zones, index) = found.with_context(|| format!("there is no [[zone]] with id = \"{zone}\""))?;
    let removed = zones.get(index).cloned().unwrap_or_default();
    zones.remove(index);
    let above = of_more_than_one(&above(&removed));
    if above.is_empty() {
        return Ok(());
    }
    // It goes before whatever follows in the file.
    let mut next = None;
    each_table(document, &mut |table| {
        let behind = table.position().filter(|at| removed.position().is_some_and(|gone| *at > gone));
        next = next.into_iter().chain(behind).min();
    });
    if next.is_none() {
        let trailing = format!("{above}{}", document.trailing().as_str().unwrap_or_default());
        document.set_trailing(trailing);
    }
    each_table(document, &mut |table| {
        if next.is_some() && table.position() == next {
            let prefix = format!("{above}{}", self::above(table));
            table.decor_mut().set_prefix(prefix);
        }
    });
    Ok(())
}

/// Empty lines and comments above a table.
fn above(table: &Table) -> String {
    table.decor().prefix().and_then(|prefix| prefix.as_str()).unwrap_or_default().to_owned()
}

/// The comments in a table's prefix that an empty line parts from it; empty without any.
fn of_more_than_one(prefix: &str) -> String {
    let lines: Vec<&str> = prefix.split_inclusive('\n').collect();
    let empty = lines.iter().rposition(|line| line.trim().is_empty()).unwrap_or(0);
    let kept = lines.get(..empty).unwrap_or_default().concat();
    if kept.contains('#') { kept } else { String::new() }
}

/// Does something with every table of a document, whatever it lies in.
fn each_table(table: &mut Table, act: &mut dyn FnMut(&mut Table)) {
    act(table);
    for (_, item) in table.iter_mut() {
        match item {
            Item::Table(table) => each_table(table, act),
            Item::ArrayOfTables(tables) => tables.iter_mut().for_each(|table| each_table(table, act)),
            _ => {}
        }
    }
}
