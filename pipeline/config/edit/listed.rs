//! What comes into one of a site file's lists, such as `[[zone]]` or `[[line]]`, and goes out of it.

use anyhow::{Context, ensure};
use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, Value, value};

use super::{id_of, rounded, table};

/// A table to be added, with an id and a name for people, where there is one.
pub(super) fn named(id: &str, name: Option<&str>) -> Table {
    let mut new = Table::new();
    new.decor_mut().set_prefix("\n");
    new.insert("id", value(id));
    if let Some(name) = name {
        new.insert("name", value(name));
    }
    new
}

/// Points on the ground, metres.
pub(super) fn points(points_m: &[[f64; 2]]) -> Value {
    points_m.iter().copied().map(rounded).collect::<Array>().into()
}

/// Adds a table behind the others of its list.
///
/// # Errors
/// There is one with its id, or the file writes the list otherwise than as `[[LIST]]`.
pub(super) fn add(document: &mut DocumentMut, list: &str, new: Table) -> anyhow::Result<()> {
    let id = id_of(&new).unwrap_or_default();
    ensure!(table(document, list, id).is_err(), "there is a [[{list}]] with id = \"{id}\" already");
    let tables = document.entry(list).or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    let tables = tables.as_array_of_tables_mut().with_context(|| {
        format!("the file has no [[{list}]] but writes {list} in another way: write it so first")
    })?;
    tables.push(new);
    Ok(())
}

/// Takes a table out with the comment directly above it. What stands above that, behind an empty line, is of more than this
/// one and stays.
///
/// # Errors
/// There is no such table.
pub(super) fn remove(document: &mut DocumentMut, list: &str, id: &str) -> anyhow::Result<()> {
    let tables = document.get_mut(list).and_then(Item::as_array_of_tables_mut);
    let found = tables.and_then(|tables| {
        let index = tables.iter().position(|table| id_of(table) == Some(id))?;
        Some((tables, index))
    });
    let (tables, index) = found.with_context(|| format!("there is no [[{list}]] with id = \"{id}\""))?;
    let removed = tables.get(index).cloned().unwrap_or_default();
    tables.remove(index);
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
