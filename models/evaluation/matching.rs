//! Which found head is which true one.

/// Pairs of found and true heads, each used once, no further apart than `radius_px`: the closest pair first, then the
/// closest of those left. The number of pairs.
///
/// Greedy rather than optimal: with heads further apart than the radius both agree, and a set of thousands stays fast.
pub(super) fn pairs(found: &[[f64; 2]], truth: &[[f64; 2]], radius_px: f64) -> usize {
    let mut close: Vec<(f64, usize, usize)> = Vec::new();
    for (i, [x, y]) in found.iter().enumerate() {
        for (j, [true_x, true_y]) in truth.iter().enumerate() {
            let apart_px = (x - true_x).hypot(y - true_y);
            if apart_px <= radius_px {
                close.push((apart_px, i, j));
            }
        }
    }
    close.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut found_used, mut truth_used) = (vec![false; found.len()], vec![false; truth.len()]);
    let mut pairs = 0;
    for (_, i, j) in close {
        if !found_used[i] && !truth_used[j] {
            (found_used[i], truth_used[j]) = (true, true);
            pairs += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_head_is_used_once_and_the_closest_first() {
        let truth = [[0.0, 0.0], [10.0, 0.0]];
        assert_eq!(pairs(&[[1.0, 0.0], [2.0, 0.0]], &truth, 5.0), 1);
        assert_eq!(pairs(&[[6.0, 0.0], [9.0, 0.0]], &truth, 7.0), 2);
        assert_eq!(pairs(&[[5.1, 0.0]], &truth, 4.0), 0);
        assert_eq!(pairs(&[], &truth, 4.0), 0);
    }
}
