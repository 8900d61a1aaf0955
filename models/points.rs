//! The point head: one row a proposed head, `x, y` in pixels of the input and a score (`P2PNet` and its kin).

use crate::{card::PointDecoding, density::Head};

/// Columns of a row: x, y, score.
pub(crate) const COLUMNS: usize = 3;

/// Adds to `heads` those of the proposals in `output` that reach the card's score. `Err` says why the output is no
/// detection.
pub(crate) fn add_heads_in_input(
    output: &[f32],
    decoding: &PointDecoding,
    heads: &mut Vec<Head>,
) -> Result<(), String> {
    let (rows, _) = output.as_chunks::<COLUMNS>();
    if let Some(row) = rows.iter().find(|row| row.iter().any(|value| !value.is_finite())) {
        return Err(format!("the model gave a point of {row:?}"));
    }
    let reaching = rows.iter().filter(|row| row[2] >= decoding.score_min);
    heads.extend(reaching.map(|row| Head { at_px: [row[0], row[1]], width_px: None }));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_that_reach_the_score_are_heads() {
        let decoding = PointDecoding { score_min: 0.5 };
        let output = [10.0, 20.0, 0.9, 30.0, 40.0, 0.4, 50.0, 60.0, 0.5];
        let mut heads = Vec::new();
        add_heads_in_input(&output, &decoding, &mut heads).unwrap();
        let at_px: Vec<_> = heads.iter().map(|head| head.at_px).collect();
        assert_eq!(at_px, [[10.0, 20.0], [50.0, 60.0]]);
        let reason = add_heads_in_input(&[1.0, f32::NAN, 0.1], &decoding, &mut heads).unwrap_err();
        assert_eq!(reason, "the model gave a point of [1.0, NaN, 0.1]");
    }
}
