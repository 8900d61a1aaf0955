//! The vocabulary shared by the optical flow and the velocities on the ground: motion in each cell of an image.

use serde::{Deserialize, Serialize};

/// Velocities over an image, averaged in cells.
///
/// Shape `[height_cells, width_cells]`, row-major, laid over the source image as in
/// [`DensityMap`](crate::density_map::DensityMap). Written down, it is checked again when it is read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Written")]
pub struct MotionField {
    width_cells: usize,
    height_cells: usize,
    px_per_cell_x: f64,
    px_per_cell_y: f64,
    velocity_px_per_s: Vec<[f32; 2]>,
    sigma_px_per_s: Option<f64>,
    /// Cells whose motion nobody knows; empty where all are known.
    is_unknown: Vec<bool>,
}

/// A field as it was written down, not yet checked.
#[derive(Deserialize)]
struct Written {
    width_cells: usize,
    height_cells: usize,
    px_per_cell_x: f64,
    px_per_cell_y: f64,
    velocity_px_per_s: Vec<[f32; 2]>,
    sigma_px_per_s: Option<f64>,
    is_unknown: Vec<bool>,
}

impl TryFrom<Written> for MotionField {
    type Error = InvalidMotionField;

    fn try_from(written: Written) -> Result<Self, InvalidMotionField> {
        let Written { width_cells, height_cells, px_per_cell_x, px_per_cell_y, velocity_px_per_s, .. } =
            written;
        let field = Self::new(width_cells, height_cells, px_per_cell_x, px_per_cell_y, velocity_px_per_s)?;
        let field = field.without_cells(written.is_unknown);
        Ok(Self { sigma_px_per_s: written.sigma_px_per_s.filter(|s| s.is_finite() && *s >= 0.0), ..field })
    }
}

/// Why numbers do not form a motion field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMotionField {
    /// The number of values is not `width_cells * height_cells`, or a cell has no size.
    #[error(
        "a motion field of {width_cells} x {height_cells} cells of positive size cannot hold {found} values"
    )]
    Shape {
        /// Cells across.
        width_cells: usize,
        /// Cells down.
        height_cells: usize,
        /// Values given.
        found: usize,
    },
    /// A value is NaN or infinite.
    #[error("motion field value {index} is not finite")]
    Value {
        /// Index of the first such value.
        index: usize,
    },
}

impl MotionField {
    /// Checks shape, cell size and values; velocities are `[u, v]` in pixels of the source image a second.
    ///
    /// # Errors
    /// [`InvalidMotionField`] names the first thing that is wrong.
    pub fn new(
        width_cells: usize,
        height_cells: usize,
        px_per_cell_x: f64,
        px_per_cell_y: f64,
        velocity_px_per_s: Vec<[f32; 2]>,
    ) -> Result<Self, InvalidMotionField> {
        let found = velocity_px_per_s.len();
        if width_cells.checked_mul(height_cells) != Some(found)
            || !(px_per_cell_x > 0.0 && px_per_cell_y > 0.0)
        {
            return Err(InvalidMotionField::Shape { width_cells, height_cells, found });
        }
        match velocity_px_per_s.iter().position(|v| !v.iter().all(|c| c.is_finite())) {
            Some(index) => Err(InvalidMotionField::Value { index }),
            None => Ok(Self {
                width_cells,
                height_cells,
                px_per_cell_x,
                px_per_cell_y,
                velocity_px_per_s,
                sigma_px_per_s: None,
                is_unknown: Vec::new(),
            }),
        }
    }

    /// The same with a known error: the standard deviation of one person's velocity along either axis, pixels a
    /// second. Without it, the error is measured where nobody is.
    #[must_use]
    pub fn with_sigma_px_per_s(self, sigma_px_per_s: f64) -> Self {
        Self { sigma_px_per_s: Some(sigma_px_per_s).filter(|s| s.is_finite() && *s >= 0.0), ..self }
    }

    /// The same with cells that say nothing, such as what a moving camera has only now come to see. A list of another length
    /// than the field has cells is ignored.
    #[must_use]
    pub fn without_cells(self, is_unknown: Vec<bool>) -> Self {
        let fits = is_unknown.len() == self.velocity_px_per_s.len();
        Self { is_unknown: if fits { is_unknown } else { Vec::new() }, ..self }
    }

    /// Memory that its cells take, bytes.
    pub fn bytes(&self) -> usize {
        self.velocity_px_per_s.len() * size_of::<[f32; 2]>() + self.is_unknown.len()
    }

    /// The error as stated by whoever measured the motion.
    pub fn sigma_px_per_s(&self) -> Option<f64> {
        self.sigma_px_per_s
    }

    /// The velocity of the cell that holds a pixel of the source image, in pixels a second; `None` outside and
    /// where it is not known.
    pub fn at(&self, point_in_image_px: [f64; 2]) -> Option<[f64; 2]> {
        let column = point_in_image_px[0] / self.px_per_cell_x;
        let row = point_in_image_px[1] / self.px_per_cell_y;
        let inside =
            column >= 0.0 && row >= 0.0 && column < self.width_cells as f64 && row < self.height_cells as f64;
        let index = inside.then_some(row as usize * self.width_cells + column as usize)?;
        let is_known = !self.is_unknown.get(index).copied().unwrap_or(false);
        is_known.then(|| self.velocity_px_per_s[index].map(f64::from))
    }
}
