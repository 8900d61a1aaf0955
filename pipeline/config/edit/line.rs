//! Lines that come into a site file, run elsewhere, and go out of it.

use throng_analytics::line::Side;
use toml_edit::{DocumentMut, Item, Table};

use super::{listed, state, table, table_mut};

/// A line as a site file states it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LineWay<'a> {
    /// Its id.
    pub id: &'a str,
    /// Name for people; none: the one it has, and for a new line the id.
    pub name: Option<&'a str>,
    /// Its points in order, metres on the ground.
    pub points_m: &'a [[f64; 2]],
    /// Id of the zone that it bounds; none: no zone.
    pub zone: Option<&'a str>,
    /// The side that is "in"; none: where the zone lies, without one to the left.
    pub inside: Option<Side>,
}

/// Adds a line behind the others.
///
/// # Errors
/// There is one with its id, or the file lists its lines otherwise than as `[[line]]`.
pub fn add_line(document: &mut DocumentMut, line: &LineWay<'_>) -> anyhow::Result<()> {
    let mut new = listed::named(line.id, line.name);
    lay(&mut new, line);
    listed::add(document, "line", new)
}

/// Draws a line anew. Answers with the zone that its lines enclose no longer, where it was said to be enclosed.
///
/// # Errors
/// There is no such line.
pub fn set_line(document: &mut DocumentMut, line: &LineWay<'_>) -> anyhow::Result<Option<String>> {
    let before = zone_of(document, line.id)?;
    let table = table_mut(document, "line", line.id)?;
    if let Some(name) = line.name {
        state(table, "name", Some(name.into()));
    }
    lay(table, line);
    Ok(before.filter(|before| line.zone != Some(before.as_str())).and_then(|before| open(document, before)))
}

/// Takes a line out. Answers with the zone that its lines enclose no longer, where it was said to be enclosed.
///
/// # Errors
/// There is no such line.
pub fn remove_line(document: &mut DocumentMut, line: &str) -> anyhow::Result<Option<String>> {
    let before = zone_of(document, line)?;
    listed::remove(document, "line", line)?;
    Ok(before.and_then(|before| open(document, before)))
}

/// Has a line count on without a zone, in the direction in which it counts.
///
/// # Errors
/// There is no such line.
pub fn free_line(document: &mut DocumentMut, line: &str, inside: Side) -> anyhow::Result<()> {
    let table = table_mut(document, "line", line)?;
    state(table, "zone", None);
    state(table, "inside", Some(inside.name().into()));
    Ok(())
}

/// States where a line runs, what it bounds, and which way is "in".
fn lay(table: &mut Table, line: &LineWay<'_>) {
    state(table, "points_m", Some(listed::points(line.points_m)));
    state(table, "zone", line.zone.map(Into::into));
    state(table, "inside", line.inside.map(|side| side.name().into()));
}

/// The zone that a line bounds.
fn zone_of(document: &DocumentMut, line: &str) -> anyhow::Result<Option<String>> {
    Ok(table(document, "line", line)?.get("zone").and_then(Item::as_str).map(str::to_owned))
}

/// Says no longer that lines cover every way in and out of a zone, where that was said: one of them bounds it no longer, and
/// a balance without it would be wrong.
fn open(document: &mut DocumentMut, zone: String) -> Option<String> {
    let table = table_mut(document, "zone", &zone).ok()?;
    let is_enclosed = table.get("enclosed_by_lines").and_then(Item::as_bool) == Some(true);
    if is_enclosed {
        state(table, "enclosed_by_lines", None);
    }
    is_enclosed.then_some(zone)
}
