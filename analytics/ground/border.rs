//! The cells of the ground through which the edges of zones run: who stands in them stands in a zone or beside it.

use super::GroundGrid;
use crate::polygon::Polygon;

/// The zones of a site and the cells that their edges cross.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ZoneBorders {
    outlines: Vec<Polygon>,
    /// For each cell of the grid, where its zones end in `crossing`.
    ends: Vec<u32>,
    crossing: Vec<u32>,
}

impl ZoneBorders {
    /// Of zones in an order by which they are called from then on.
    pub fn of<'a>(grid: &GroundGrid, outlines: impl Iterator<Item = &'a Polygon>) -> Self {
        let outlines: Vec<Polygon> = outlines.cloned().collect();
        let mut pairs: Vec<(usize, u32)> = Vec::new();
        for (zone, outline) in (0_u32..).zip(&outlines) {
            let partly = grid.rasterise(outline).into_iter().filter(|(_, share)| *share < 1.0);
            pairs.extend(partly.map(|(index, _)| (index, zone)));
        }
        pairs.sort_unstable();
        let mut ends = vec![0_u32; grid.len()];
        for (index, _) in &pairs {
            ends[*index] += 1;
        }
        let mut sum = 0;
        for end in &mut ends {
            sum += *end;
            *end = sum;
        }
        Self { outlines, ends, crossing: pairs.into_iter().map(|(_, zone)| zone).collect() }
    }

    /// Number of zones.
    pub fn zones(&self) -> usize {
        self.outlines.len()
    }

    /// The zones whose edge runs through a cell.
    pub fn crossing(&self, index: usize) -> impl Iterator<Item = u32> + '_ {
        let end = |index: Option<usize>| index.and_then(|i| self.ends.get(i)).map_or(0, |end| *end as usize);
        let end_here = end(Some(index));
        let start = end(index.checked_sub(1)).min(end_here);
        self.crossing[start..end_here].iter().copied()
    }

    /// Whether a zone holds a place.
    pub fn holds(&self, zone: u32, place_m: [f64; 2]) -> bool {
        self.outlines.get(zone as usize).is_some_and(|outline| outline.contains(place_m))
    }
}
