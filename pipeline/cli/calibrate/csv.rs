//! Points that somebody measured, from tables in CSV.

use std::{fs, path::Path};

use anyhow::{Context, bail};
use throng_analytics::camera::PointPair;

use super::edges::Edge;

/// Point pairs: columns `u_px`, `v_px`, `x_m`, `y_m`.
///
/// # Errors
/// The file cannot be read, a column is missing, or a line holds no numbers.
pub(super) fn points(path: &Path) -> anyhow::Result<Vec<PointPair>> {
    let rows = rows(path, ["u_px", "v_px", "x_m", "y_m"])?;
    let pair = |row: &Row<4>| {
        let [u, v, x, y] = row.numbers([0, 1, 2, 3], path)?;
        Ok(PointPair { in_image_px: [u, v], in_ground_m: [x, y] })
    };
    rows.iter().map(pair).collect()
}

/// Points along edges: columns `edge` (its name), `u_px`, `v_px`. The edges come in the order in which they are named first.
///
/// # Errors
/// As [`points`].
pub(super) fn edges(path: &Path) -> anyhow::Result<Vec<Edge>> {
    let mut edges: Vec<Edge> = Vec::new();
    for row in rows(path, ["edge", "u_px", "v_px"])? {
        let point_px = row.numbers([1, 2], path)?;
        let [name, ..] = &row.fields;
        match edges.iter_mut().find(|edge| edge.name == *name) {
            Some(edge) => edge.points_px.push(point_px),
            None => edges.push(Edge { name: name.clone(), points_px: vec![point_px] }),
        }
    }
    Ok(edges)
}

/// A line of a table: the wanted columns in the wanted order.
struct Row<const N: usize> {
    number: usize,
    line: String,
    fields: [String; N],
}

impl<const N: usize> Row<N> {
    /// Some of its fields as numbers.
    fn numbers<const M: usize>(&self, which: [usize; M], path: &Path) -> anyhow::Result<[f64; M]> {
        let numbers = which.map(|field| self.fields[field].parse().ok().filter(|n: &f64| n.is_finite()));
        if numbers.iter().any(Option::is_none) {
            let (shown, number, line) = (path.display(), self.number, &self.line);
            bail!("{shown}:{number}: expected numbers in the columns of pixels and metres, found `{line}`");
        }
        Ok(numbers.map(Option::unwrap_or_default))
    }
}

fn rows<const N: usize>(path: &Path, columns: [&str; N]) -> anyhow::Result<Vec<Row<N>>> {
    let shown = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("cannot read the points {shown}"))?;
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let header: Vec<&str> =
        lines.next().map(|(_, line)| line.split(',').map(str::trim).collect()).unwrap_or_default();
    let places = columns.map(|name| header.iter().position(|column| *column == name));
    if places.iter().any(Option::is_none) {
        bail!("{shown}:1: expected the columns {}, found `{}`", columns.join(", "), header.join(","));
    }
    let row = |(number, line): (usize, &str)| {
        let all: Vec<&str> = line.split(',').map(str::trim).collect();
        let field =
            |place: Option<usize>| place.and_then(|place| all.get(place)).copied().unwrap_or_default();
        Row { number, line: line.to_owned(), fields: places.map(|place| field(place).to_owned()) }
    };
    Ok(lines.map(row).collect())
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use tempfile::TempDir;

    use super::*;

    fn file(text: &str) -> (TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("points.csv");
        fs::write(&path, text).unwrap();
        (folder, path)
    }

    #[test]
    fn points_are_read_by_column_and_a_wrong_line_is_named() {
        let (_folder, path) = file("x_m,y_m,u_px,v_px\n1,2,30,40\n\n");
        let pairs = points(&path).unwrap();
        assert_eq!(pairs, [PointPair { in_image_px: [30.0, 40.0], in_ground_m: [1.0, 2.0] }]);
        let message = |text: &str| {
            let (_folder, path) = file(text);
            points(&path).unwrap_err().to_string()
        };
        assert!(message("u,v\n").contains("points.csv:1: expected the columns u_px, v_px, x_m, y_m"));
        assert!(message("u_px,v_px,x_m,y_m\n1,2,3,far\n").contains("points.csv:2:"));
    }

    #[test]
    fn edges_are_gathered_by_their_names() {
        let (_folder, path) = file("edge,u_px,v_px\nkerb,1,2\nwall,5,6\nkerb,3,4\n");
        let edges = edges(&path).unwrap();
        let [kerb, wall] = &edges[..] else { panic!("{edges:?}") };
        assert_eq!((kerb.name.as_str(), &kerb.points_px[..]), ("kerb", &[[1.0, 2.0], [3.0, 4.0]][..]));
        assert_eq!(wall.points_px, [[5.0, 6.0]]);
    }
}
