//! Who crosses a line when, and the flow that follows from it.

use super::Trajectories;

/// A step over a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// The person.
    pub id: u64,
    /// The first frame on the other side.
    pub frame: i64,
    /// +1 from the right of the line, seen from its first to its second end, to its left; -1 back.
    pub direction: i64,
}

/// All crossings of the line between two points in metres, by frame.
///
/// A point on the line belongs to its left (half-open rule), so that a way over the line is counted exactly once wherever
/// its positions fall. `PedPy` 1.5.1 loses a crossing whose step ends within 10 micrometres past the line, and counts only
/// the first of each person; here every one counts, with its direction.
pub fn crossings(trajectories: &Trajectories, [from, to]: [[f64; 2]; 2]) -> Vec<Crossing> {
    let along = [to[0] - from[0], to[1] - from[1]];
    let left_by = |p: [f64; 2]| along[0] * (p[1] - from[1]) - along[1] * (p[0] - from[0]);
    let part_along = |p: [f64; 2]| {
        let squared = along[0] * along[0] + along[1] * along[1];
        (along[0] * (p[0] - from[0]) + along[1] * (p[1] - from[1])) / squared
    };
    let mut found: Vec<Crossing> = trajectories
        .tracks()
        .iter()
        .flat_map(|track| {
            let steps = track.positions_m.windows(2).zip(track.first_frame + 1..);
            steps.filter_map(move |(step, frame)| {
                let (before, after) = (left_by(step[0]), left_by(step[1]));
                let direction = match (before >= 0.0, after >= 0.0) {
                    (false, true) => 1,
                    (true, false) => -1,
                    _ => return None,
                };
                let share = before / (before - after);
                let at = [0, 1].map(|axis: usize| step[0][axis] + share * (step[1][axis] - step[0][axis]));
                (0.0..=1.0).contains(&part_along(at)).then_some(Crossing { id: track.id, frame, direction })
            })
        })
        .collect();
    found.sort_by_key(|crossing| (crossing.frame, crossing.id));
    found
}

/// Flow over a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flow {
    /// Crossings in the main direction less those back.
    pub people: i64,
    /// The main direction: +1 or -1.
    pub direction: i64,
    /// People a second: all but the first of them, over the time from the first to the last crossing in the main
    /// direction. `None` with fewer than two.
    pub people_per_s: Option<f64>,
}

/// The flow in the direction in which more people cross; of none, a flow of nobody.
pub fn flow(crossings: &[Crossing], fps: f64) -> Flow {
    let net: i64 = crossings.iter().map(|crossing| crossing.direction).sum();
    let direction = if net < 0 { -1 } else { 1 };
    let mut main = crossings.iter().filter(|crossing| crossing.direction == direction);
    let span = main.next().zip(main.next_back());
    let people_per_s = span
        .map(|(first, last)| (last.frame - first.frame) as f64 / fps)
        .filter(|secs| *secs > 0.0 && net.abs() > 1)
        .map(|secs| (net.abs() - 1) as f64 / secs);
    Flow { people: net.abs(), direction, people_per_s }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: [[f64; 2]; 2] = [[0.0, 0.0], [1.0, 0.0]];

    fn walk(ways: &[&[[f64; 2]]]) -> Trajectories {
        let rows = ways.iter().zip(0..).flat_map(|(way, id)| {
            way.iter().zip(0..).map(move |(position, frame)| (id, frame, *position)).collect::<Vec<_>>()
        });
        Trajectories::from_rows(2.0, rows.collect()).unwrap()
    }

    #[test]
    fn a_way_over_the_line_counts_once_wherever_its_positions_fall() {
        // On the line for two frames; ending a hair past it, which PedPy loses; straight over.
        let ways: [&[[f64; 2]]; 3] = [
            &[[0.5, -1.0], [0.5, 0.0], [0.5, 0.0], [0.5, 1.0]],
            &[[0.5, -1.0], [0.5, 1e-6], [0.5, 0.5], [0.5, 1.0]],
            &[[0.5, -1.0], [0.5, 1.0]],
        ];
        let found = crossings(&walk(&ways), LINE);
        assert_eq!(
            found.iter().map(|c| (c.id, c.frame, c.direction)).collect::<Vec<_>>(),
            [(0, 1, 1), (1, 1, 1), (2, 1, 1)]
        );
    }

    #[test]
    fn turning_on_the_line_is_no_net_flow_and_passing_beside_it_none() {
        let back = crossings(&walk(&[&[[0.5, -1.0], [0.5, 0.0], [0.5, -1.0]]]), LINE);
        assert_eq!(back.iter().map(|c| c.direction).collect::<Vec<_>>(), [1, -1]);
        assert_eq!(flow(&back, 2.0).people, 0);
        assert!(
            crossings(&walk(&[&[[1.5, -1.0], [1.5, 1.0]], &[[-0.1, -1.0], [-0.1, 1.0]]]), LINE).is_empty()
        );
    }

    #[test]
    fn two_a_second_are_two_a_second() {
        let one_after_the_other: Vec<Crossing> =
            (0..21).map(|i| Crossing { id: i, frame: 3 + i.cast_signed(), direction: -1 }).collect();
        let flow = flow(&one_after_the_other, 2.0);
        assert_eq!((flow.people, flow.direction, flow.people_per_s), (21, -1, Some(2.0)));
        assert_eq!(super::flow(&one_after_the_other[..1], 2.0).people_per_s, None);
    }
}
