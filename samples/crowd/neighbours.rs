//! Which people are near each other: cell lists of 0.9 m, kept as a list of pairs for a few steps.

use super::agent::Agent;

/// Side of a cell, metres.
const CELL_M: f64 = 0.9;
/// Pairs farther apart than this do not matter: the social force is below 1 N, plus what two people can close in
/// between rebuilds.
const NEAR_M: f64 = 0.88;

/// Pairs of near people.
#[derive(Clone, Debug, Default)]
pub(super) struct Neighbours {
    pairs: Vec<(usize, usize)>,
    first_in_cell: Vec<usize>,
    order: Vec<usize>,
}

impl Neighbours {
    /// The pairs found last.
    pub(super) fn pairs(&self) -> &[(usize, usize)] {
        &self.pairs
    }

    /// Finds all pairs anew.
    pub(super) fn rebuild(&mut self, agents: &[Agent]) {
        self.pairs.clear();
        let Some(first) = agents.first() else { return };
        let (mut lo, mut hi) = (first.at, first.at);
        for agent in agents {
            for k in 0..2 {
                lo[k] = lo[k].min(agent.at[k]);
                hi[k] = hi[k].max(agent.at[k]);
            }
        }
        let columns = ((hi[0] - lo[0]) / CELL_M) as usize + 1;
        let rows = ((hi[1] - lo[1]) / CELL_M) as usize + 1;
        let cell_of = |agent: &Agent| {
            let i = ((agent.at[0] - lo[0]) / CELL_M) as usize;
            let j = ((agent.at[1] - lo[1]) / CELL_M) as usize;
            (i.min(columns - 1), j.min(rows - 1))
        };
        // Counting sort of the people by cell.
        self.first_in_cell.clear();
        self.first_in_cell.resize(columns * rows + 1, 0);
        for agent in agents {
            let (i, j) = cell_of(agent);
            self.first_in_cell[j * columns + i + 1] += 1;
        }
        for cell in 1..self.first_in_cell.len() {
            self.first_in_cell[cell] += self.first_in_cell[cell - 1];
        }
        let mut next = self.first_in_cell.clone();
        self.order.clear();
        self.order.resize(agents.len(), 0);
        for (index, agent) in agents.iter().enumerate() {
            let (i, j) = cell_of(agent);
            let slot = &mut next[j * columns + i];
            self.order[*slot] = index;
            *slot += 1;
        }
        for (index, agent) in agents.iter().enumerate() {
            let (i, j) = cell_of(agent);
            for row in j.saturating_sub(1)..=(j + 1).min(rows - 1) {
                let from = self.first_in_cell[row * columns + i.saturating_sub(1)];
                let to = self.first_in_cell[row * columns + (i + 1).min(columns - 1) + 1];
                for other in &self.order[from..to] {
                    let at = agents[*other].at;
                    let near = (at[0] - agent.at[0]).hypot(at[1] - agent.at[1]) < NEAR_M;
                    if *other > index && near {
                        self.pairs.push((index, *other));
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crowd::agent::Aim;
    use crate::rng::Rng;

    #[test]
    fn the_pairs_are_those_of_a_search_of_everyone_with_everyone() {
        let mut rng = Rng::new(4);
        let agents: Vec<Agent> = (0..150)
            .map(|id| {
                Agent::enter(
                    id,
                    [rng.range(-7.0, 5.0), rng.range(0.0, 6.0)],
                    [1.0, 0.0],
                    Aim::Walk(0),
                    &mut rng,
                )
            })
            .collect();
        let mut neighbours = Neighbours::default();
        neighbours.rebuild(&agents);
        let mut found = neighbours.pairs().to_vec();
        found.sort_unstable();
        let mut expected = Vec::new();
        for i in 0..agents.len() {
            for j in i + 1..agents.len() {
                let (a, b) = (agents[i].at, agents[j].at);
                if (a[0] - b[0]).hypot(a[1] - b[1]) < NEAR_M {
                    expected.push((i, j));
                }
            }
        }
        assert_eq!(found, expected);
    }

    #[test]
    fn nobody_has_no_neighbours() {
        let mut neighbours = Neighbours::default();
        neighbours.rebuild(&[]);
        assert!(neighbours.pairs().is_empty());
    }
}
