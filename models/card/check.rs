//! Values that parse but make no sense.

use std::path::Path;

use super::{Card, OutputKind};
use crate::error::{ModelError, Result};

/// Larger inputs than this would take gigabytes; no camera or still needs them.
const LARGEST_SIDE_PX: usize = 16_384;

impl Card {
    pub(super) fn check(&self, path: &Path) -> Result<()> {
        let refuse = |key: &'static str, problem: String| {
            Err(ModelError::CardValue { path: path.to_owned(), key, problem })
        };
        for (key, value) in
            [("name", &self.name), ("input.name", &self.input.name), ("output.name", &self.output.name)]
        {
            if value.trim().is_empty() {
                return refuse(key, "is empty".to_owned());
            }
        }
        if self.file.as_os_str().is_empty() || self.file.is_absolute() {
            return refuse("file", "must be a path relative to the card".to_owned());
        }
        if self.sha256.len() != 64 || !self.sha256.bytes().all(|b| b.is_ascii_hexdigit()) {
            return refuse("sha256", format!("must be 64 hexadecimal digits, found `{}`", self.sha256));
        }
        let (multiple_px, max_side_px, stride_px) =
            (self.input.multiple_of_px, self.input.max_side_px, self.output.stride_px);
        if stride_px == 0 {
            return refuse("output.stride_px", "must be at least 1".to_owned());
        }
        if multiple_px == 0 || !multiple_px.is_multiple_of(stride_px) {
            return refuse(
                "input.multiple_of_px",
                format!("must be a positive multiple of output.stride_px = {stride_px}, found {multiple_px}"),
            );
        }
        if max_side_px < multiple_px || max_side_px > LARGEST_SIDE_PX {
            return refuse(
                "input.max_side_px",
                format!(
                    "must lie between multiple_of_px = {multiple_px} and {LARGEST_SIDE_PX}, found {max_side_px}"
                ),
            );
        }
        let [head_lo_px, head_hi_px] = self.input.head_size_range_px;
        if !(head_lo_px > 0.0 && head_hi_px > head_lo_px && head_hi_px.is_finite()) {
            return refuse(
                "input.head_size_range_px",
                format!("must be two rising positive numbers, found [{head_lo_px}, {head_hi_px}]"),
            );
        }
        if let Some((key, problem)) = self
            .box_problem()
            .or_else(|| self.point_problem())
            .or_else(|| self.head_sizes_problem())
            .or_else(|| self.stratum_problem())
            .or_else(|| self.execution.problem())
        {
            return refuse(key, problem);
        }
        Ok(())
    }

    fn box_problem(&self) -> Option<(&'static str, String)> {
        let boxes = match (self.output.kind, &self.output.boxes) {
            (OutputKind::Boxes, Some(boxes)) => boxes,
            (OutputKind::Boxes, None) => {
                return Some(("output.boxes", "is missing: kind = \"boxes\" needs it".to_owned()));
            }
            (_, Some(_)) => return Some(("output.boxes", "belongs to kind = \"boxes\" only".to_owned())),
            (_, None) => return None,
        };
        let multiple_px = self.input.multiple_of_px;
        if boxes.strides_px.is_empty()
            || boxes.strides_px.iter().any(|&s| s == 0 || !multiple_px.is_multiple_of(s))
        {
            return Some((
                "output.boxes.strides_px",
                format!("must be divisors of input.multiple_of_px = {multiple_px}"),
            ));
        }
        if boxes.person_class >= boxes.classes {
            let problem = format!("must be below classes = {}, found {}", boxes.classes, boxes.person_class);
            return Some(("output.boxes.person_class", problem));
        }
        for (key, value) in
            [("output.boxes.score_min", boxes.score_min), ("output.boxes.iou_max", boxes.iou_max)]
        {
            if !(value > 0.0 && value < 1.0) {
                return Some((key, format!("must lie between 0 and 1, found {value}")));
            }
        }
        None
    }

    fn point_problem(&self) -> Option<(&'static str, String)> {
        match (self.output.kind, &self.output.points) {
            (OutputKind::Points, Some(points)) if points.score_min > 0.0 && points.score_min < 1.0 => None,
            (OutputKind::Points, Some(points)) => Some((
                "output.points.score_min",
                format!("must lie between 0 and 1, found {}", points.score_min),
            )),
            (OutputKind::Points, None) => {
                Some(("output.points", "is missing: kind = \"points\" needs it".to_owned()))
            }
            (_, Some(_)) => Some(("output.points", "belongs to kind = \"points\" only".to_owned())),
            (_, None) => None,
        }
    }

    fn head_sizes_problem(&self) -> Option<(&'static str, String)> {
        let sizes = self.head_sizes.as_ref()?;
        if self.output.kind != OutputKind::Density {
            return Some(("head_sizes", "belongs to kind = \"density\" only".to_owned()));
        }
        if sizes.card.as_os_str().is_empty() || sizes.card.is_absolute() {
            return Some(("head_sizes.card", "must be a path relative to the card".to_owned()));
        }
        let [lo_px, hi_px] = sizes.range_px;
        (!(lo_px > 0.0 && hi_px >= 2.0 * lo_px && hi_px.is_finite())).then(|| {
            let problem = format!(
                "must be two positive numbers, the second twice the first or more, found [{lo_px}, {hi_px}]"
            );
            ("head_sizes.range_px", problem)
        })
    }

    fn stratum_problem(&self) -> Option<(&'static str, String)> {
        for stratum in &self.error {
            let (min, max) = (stratum.people_min, stratum.people_max);
            if !(min >= 0.0 && max > min) {
                let problem = format!("has a stratum from {min} to {max}: people_max must exceed people_min");
                return Some(("error", problem));
            }
            let (lo, hi) = (stratum.ratio_lo, stratum.ratio_hi);
            if !(lo >= 0.0 && hi >= lo && hi.is_finite()) {
                let problem =
                    format!("has ratios [{lo}, {hi}] from {min} people on: they must rise and be finite");
                return Some(("error", problem));
            }
        }
        None
    }
}
