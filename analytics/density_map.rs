//! The vocabulary shared by the counters (`throng-models`) and the ground projection: people per cell of an image.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A count spread over an image: each cell holds the (fractional) people whose heads lie in it.
///
/// Shape `[height_cells, width_cells]`, row-major. Cell `(i, j)` covers the rectangle from
/// `(j * px_per_cell_x, i * px_per_cell_y)` to `((j + 1) * px_per_cell_x, (i + 1) * px_per_cell_y)` in pixels of the
/// source image; cells at the right and bottom edge may reach past the image where the counter padded it. Written down, it
/// is checked again when it is read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct DensityMap {
    /// Cells across.
    pub width_cells: usize,
    /// Cells down.
    pub height_cells: usize,
    /// Width of one cell in source-image pixels.
    pub px_per_cell_x: f64,
    /// Height of one cell in source-image pixels.
    pub px_per_cell_y: f64,
    /// People in each cell, row-major; finite and not negative.
    pub people_per_cell: Vec<f32>,
}

/// A map as it was written down, not yet checked.
#[derive(Deserialize)]
struct Written {
    width_cells: usize,
    height_cells: usize,
    px_per_cell_x: f64,
    px_per_cell_y: f64,
    people_per_cell: Vec<f32>,
}

impl TryFrom<Written> for DensityMap {
    type Error = InvalidDensityMap;

    fn try_from(written: Written) -> Result<Self, InvalidDensityMap> {
        let Written { width_cells, height_cells, px_per_cell_x, px_per_cell_y, people_per_cell } = written;
        Self::new(width_cells, height_cells, px_per_cell_x, px_per_cell_y, people_per_cell)
    }
}

/// Why numbers do not form a density map.
#[derive(Clone, Debug, PartialEq)]
pub enum InvalidDensityMap {
    /// The number of values is not `width_cells * height_cells`.
    Shape {
        /// `width_cells * height_cells`.
        expected: usize,
        /// Values given.
        found: usize,
    },
    /// A value is NaN, infinite or negative.
    Value {
        /// Index of the first such value.
        index: usize,
    },
    /// A cell has no size.
    CellSize,
}

impl fmt::Display for InvalidDensityMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape { expected, found } => {
                write!(f, "density map holds {found} values where its shape asks for {expected}")
            }
            Self::Value { index } => {
                write!(f, "density map value {index} is not a finite, non-negative number")
            }
            Self::CellSize => write!(f, "density map cells must have a positive, finite size in pixels"),
        }
    }
}

impl std::error::Error for InvalidDensityMap {}

impl DensityMap {
    /// Checks shape, cell size and values.
    ///
    /// # Errors
    /// [`InvalidDensityMap`] names the first thing that is wrong.
    pub fn new(
        width_cells: usize,
        height_cells: usize,
        px_per_cell_x: f64,
        px_per_cell_y: f64,
        people_per_cell: Vec<f32>,
    ) -> Result<Self, InvalidDensityMap> {
        let expected = width_cells.saturating_mul(height_cells);
        if people_per_cell.len() != expected {
            return Err(InvalidDensityMap::Shape { expected, found: people_per_cell.len() });
        }
        if !(px_per_cell_x > 0.0
            && px_per_cell_y > 0.0
            && px_per_cell_x.is_finite()
            && px_per_cell_y.is_finite())
        {
            return Err(InvalidDensityMap::CellSize);
        }
        if let Some(index) = people_per_cell.iter().position(|v| !(v.is_finite() && *v >= 0.0)) {
            return Err(InvalidDensityMap::Value { index });
        }
        Ok(Self { width_cells, height_cells, px_per_cell_x, px_per_cell_y, people_per_cell })
    }

    /// People in the whole image.
    pub fn people(&self) -> f64 {
        self.people_per_cell.iter().map(|v| f64::from(*v)).sum()
    }
}
