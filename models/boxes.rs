//! The box head: anchor-free boxes on a pyramid of grids, to one head point a person.

use crate::{card::BoxDecoding, density::Head, tiling::Tile};

/// Where a head's middle lies in a standing person's box, as a share of its height from the top: a person is seven to
/// eight heads tall.
const HEAD_FROM_TOP: f32 = 0.07;

/// Width of a head as a share of the width of its owner's box: shoulders and arms are three to four heads wide.
const HEAD_OF_BOX_WIDTH: f32 = 0.28;

/// Columns before the class scores: centre, size, objectness.
pub(crate) const COLUMNS_BEFORE_CLASSES: usize = 5;

/// A box around a person, pixels of the input.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PersonBox {
    left: f32,
    top: f32,
    right: f32,
    bottom: f32,
    score: f32,
}

/// Rows of output that an input of this size must give.
pub(crate) fn rows(decoding: &BoxDecoding, width_px: usize, height_px: usize) -> usize {
    decoding.strides_px.iter().map(|stride| (width_px / stride) * (height_px / stride)).sum()
}

/// Adds to `heads` those of the people in `output`, in pixels of the input: rows of `dx, dy, ln w, ln h, objectness,
/// classes...`, grid by grid, each row by row. `people` is memory to work in. `Err` says why the output is no detection.
pub(crate) fn add_heads_in_input(
    output: &[f32],
    decoding: &BoxDecoding,
    tile: &Tile,
    people: &mut Vec<PersonBox>,
    heads: &mut Vec<Head>,
) -> Result<(), String> {
    let mut rows = output.chunks_exact(COLUMNS_BEFORE_CLASSES + decoding.classes);
    people.clear();
    for stride_px in &decoding.strides_px {
        let (across, down) = (tile.input_width_px / stride_px, tile.input_height_px / stride_px);
        let cells = (0..down).flat_map(|y| (0..across).map(move |x| (x, y)));
        for ((x, y), row) in cells.zip(rows.by_ref()) {
            let score = row[4] * row[COLUMNS_BEFORE_CLASSES + decoding.person_class];
            if !score.is_finite() {
                return Err(format!("the model gave a score of {score}"));
            }
            if score < decoding.score_min {
                continue;
            }
            let stride = *stride_px as f32;
            let centre = [(row[0] + x as f32) * stride, (row[1] + y as f32) * stride];
            let half = [row[2].exp() * stride / 2.0, row[3].exp() * stride / 2.0];
            if !centre.iter().chain(&half).all(|v| v.is_finite()) {
                return Err("the model gave a box without finite corners".to_owned());
            }
            let (left, right) = (centre[0] - half[0], centre[0] + half[0]);
            let (top, bottom) = (centre[1] - half[1], centre[1] + half[1]);
            people.push(PersonBox { left, top, right, bottom, score });
        }
    }
    suppress_overlaps(people, decoding.iou_max);
    heads.extend(people.iter().map(|b| Head {
        at_px: [f32::midpoint(b.left, b.right), b.top + HEAD_FROM_TOP * (b.bottom - b.top)],
        width_px: Some(HEAD_OF_BOX_WIDTH * (b.right - b.left)),
    }));
    Ok(())
}

/// Greedy non-maximum suppression, strongest first.
fn suppress_overlaps(boxes: &mut Vec<PersonBox>, iou_max: f32) {
    boxes.sort_unstable_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept = 0;
    for index in 0..boxes.len() {
        if boxes[..kept].iter().all(|stronger| iou(stronger, &boxes[index]) <= iou_max) {
            boxes.swap(kept, index);
            kept += 1;
        }
    }
    boxes.truncate(kept);
}

fn iou(a: &PersonBox, b: &PersonBox) -> f32 {
    let across = (a.right.min(b.right) - a.left.max(b.left)).max(0.0);
    let down = (a.bottom.min(b.bottom) - a.top.max(b.top)).max(0.0);
    let area = |b: &PersonBox| (b.right - b.left) * (b.bottom - b.top);
    let shared = across * down;
    shared / (area(a) + area(b) - shared).max(f32::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoding() -> BoxDecoding {
        BoxDecoding { strides_px: vec![8, 16], classes: 2, person_class: 1, score_min: 0.3, iou_max: 0.45 }
    }

    /// Output for a 32x16 input, all zero but for `rows`.
    fn output(rows: &[(usize, [f32; 7])]) -> Vec<f32> {
        let mut output = vec![0.0; 7 * (4 * 2 + 2)];
        for (at, row) in rows {
            output[7 * at..7 * (at + 1)].copy_from_slice(row);
        }
        output
    }

    fn heads(output: &[f32]) -> Result<Vec<[f32; 2]>, String> {
        let tile = Tile { input_width_px: 32, input_height_px: 16, ..Tile::default() };
        let mut found = Vec::new();
        add_heads_in_input(output, &decoding(), &tile, &mut Vec::new(), &mut found)?;
        Ok(found.iter().map(|head| head.at_px).collect())
    }

    #[test]
    fn a_box_decodes_on_its_own_grid() {
        // Second row of the stride-8 grid, third column: centre (20, 12), 8 px wide, 8 px tall.
        let found = heads(&output(&[(6, [0.5, 0.5, 0.0, 0.0, 0.9, 0.0, 0.9])])).unwrap();
        assert_eq!(found, [[20.0, 8.0 + 0.07 * 8.0]]);
        // The stride-16 grid starts at row 8.
        let found = heads(&output(&[(9, [0.5, 0.5, 0.0, 0.0, 0.9, 0.0, 0.9])])).unwrap();
        assert_eq!(found, [[24.0, 0.07 * 16.0]]);
    }

    #[test]
    fn other_classes_and_weak_scores_are_nobody() {
        let rows = [(0, [0.5, 0.5, 0.0, 0.0, 0.9, 0.9, 0.0]), (3, [0.5, 0.5, 0.0, 0.0, 0.5, 0.0, 0.5])];
        assert!(heads(&output(&rows)).unwrap().is_empty());
    }

    #[test]
    fn of_two_boxes_on_one_person_the_stronger_stays() {
        let rows = [(0, [0.5, 0.5, 0.0, 0.0, 0.9, 0.0, 0.8]), (1, [-0.4, 0.5, 0.0, 0.0, 0.9, 0.0, 0.9])];
        assert_eq!(heads(&output(&rows)).unwrap(), [[4.8, 0.07 * 8.0]]);
    }

    #[test]
    fn infinite_boxes_and_nan_scores_are_no_detection() {
        let endless = heads(&output(&[(0, [0.5, 0.5, 900.0, 0.0, 0.9, 0.0, 0.9])])).unwrap_err();
        assert_eq!(endless, "the model gave a box without finite corners");
        assert!(heads(&output(&[(0, [0.5, 0.5, 0.0, 0.0, f32::NAN, 0.0, 0.9])])).is_err());
    }
}
