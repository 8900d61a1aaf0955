//! From a density map in the image to people per square metre on the ground.

mod border;

use crate::{
    camera::Calibration,
    density_map::DensityMap,
    line::{Polyline, STRIP_M, Side},
    polygon::Polygon,
};

pub use border::ZoneBorders;

/// Coarsest ground resolution at which a density means something, metres a pixel (analytics specification 4.3).
pub const RESOLUTION_LIMIT_M_PER_PX: f64 = 0.25;

/// Fewest pixels across a head that can be counted (analytics specification 4.3).
pub const HEAD_MIN_PX: f64 = 4.0;

/// Size of a head, metres (analytics specification 4.5).
const HEAD_M: f64 = 0.24;

/// Most cells of a grid: beyond them cells grow, so that a site of any size fits into memory.
const CELLS_MAX: f64 = 1_048_576.0;

/// Smallest and largest coordinates of something, metres.
pub type Bounds = ([f64; 2], [f64; 2]);

/// A raster over the site's ground plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroundGrid {
    /// Lower left corner, metres.
    pub origin_m: [f64; 2],
    /// Side of a cell, metres.
    pub cell_m: f64,
    /// Cells along x.
    pub width_cells: usize,
    /// Cells along y.
    pub height_cells: usize,
}

impl GroundGrid {
    /// The smallest grid that holds all `outlines` with a margin; `None` without outlines. Cells are `cell_m` wide, or as
    /// much wider as a million of them need to cover the ground.
    pub fn around<'a>(
        outlines: impl Iterator<Item = &'a Polygon>,
        margin_m: f64,
        cell_m: f64,
    ) -> Option<Self> {
        Self::over(outlines.map(Polygon::bounds_m), margin_m, cell_m)
    }

    /// The same for anything of which the smallest and largest coordinates are known, metres.
    pub fn over(bounds_m: impl Iterator<Item = Bounds>, margin_m: f64, cell_m: f64) -> Option<Self> {
        let (lo, hi) = bounds_m.reduce(|(lo, hi), (l, h)| {
            ([lo[0].min(l[0]), lo[1].min(l[1])], [hi[0].max(h[0]), hi[1].max(h[1])])
        })?;
        let span_m = [0, 1].map(|axis| hi[axis] - lo[axis] + 2.0 * margin_m);
        let cell_m = cell_m.max((span_m[0] * span_m[1] / CELLS_MAX).sqrt());
        let cells = |axis: usize| (span_m[axis] / cell_m).ceil() as usize;
        Some(Self {
            origin_m: [lo[0] - margin_m, lo[1] - margin_m],
            cell_m,
            width_cells: cells(0),
            height_cells: cells(1),
        })
    }

    /// Number of cells.
    pub fn len(&self) -> usize {
        self.width_cells * self.height_cells
    }

    /// Whether there is no cell.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Area of a cell, m2.
    pub fn cell_area_m2(&self) -> f64 {
        self.cell_m * self.cell_m
    }

    /// Index of the cell that holds a point; `None` outside.
    pub fn index_at(&self, point_m: [f64; 2]) -> Option<usize> {
        let column = (point_m[0] - self.origin_m[0]) / self.cell_m;
        let row = (point_m[1] - self.origin_m[1]) / self.cell_m;
        let inside =
            column >= 0.0 && row >= 0.0 && column < self.width_cells as f64 && row < self.height_cells as f64;
        inside.then_some(row as usize * self.width_cells + column as usize)
    }

    /// Centre of a cell, metres.
    pub fn centre_m(&self, index: usize) -> [f64; 2] {
        self.point_m(index, [0.5, 0.5])
    }

    /// A point of a cell, from its lower left corner in parts of its side, metres.
    fn point_m(&self, index: usize, part: [f64; 2]) -> [f64; 2] {
        let (row, column) = (index / self.width_cells.max(1), index % self.width_cells.max(1));
        [
            self.origin_m[0] + (column as f64 + part[0]) * self.cell_m,
            self.origin_m[1] + (row as f64 + part[1]) * self.cell_m,
        ]
    }

    /// The cells that `outline` covers and the share of each.
    pub fn rasterise(&self, outline: &Polygon) -> Vec<(usize, f64)> {
        self.rasterise_by(outline.bounds_m(), |lo, hi| outline.area_between_m2(lo, hi))
    }

    /// The cells between two corners and the share of each that `area_between_m2` says of the cell's own two corners.
    pub fn rasterise_by(
        &self,
        (lo, hi): Bounds,
        area_between_m2: impl Fn([f64; 2], [f64; 2]) -> f64,
    ) -> Vec<(usize, f64)> {
        /// A share within this of none or all of a cell is that.
        const ROUNDING: f64 = 1e-9;
        let first = |axis: usize| ((lo[axis] - self.origin_m[axis]) / self.cell_m).floor().max(0.0) as usize;
        let beyond = |axis: usize, cells: usize| {
            (((hi[axis] - self.origin_m[axis]) / self.cell_m).ceil().max(0.0) as usize).min(cells)
        };
        let columns = first(0)..beyond(0, self.width_cells);
        (first(1)..beyond(1, self.height_cells))
            .flat_map(|row| columns.clone().map(move |column| row * self.width_cells + column))
            .filter_map(|index| {
                let area_m2 =
                    area_between_m2(self.point_m(index, [0.0, 0.0]), self.point_m(index, [1.0, 1.0]));
                let share = area_m2 / self.cell_area_m2();
                let share = if share > 1.0 - ROUNDING { 1.0 } else { share };
                (share > ROUNDING).then_some((index, share))
            })
            .collect()
    }
}

/// How a camera sees a cell of the ground.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// A head above it is in the picture, large enough.
    Reliable,
    /// In the picture, but too small or too flat to be counted.
    TooCoarse,
    /// Not in the picture.
    Unseen,
}

/// How `calibration` sees a place of the ground: through the head plane, since heads are what is counted.
pub fn sight(calibration: &Calibration, place_m: [f64; 2]) -> Sight {
    let [width, height] = calibration.image_size_px().map(f64::from);
    let Some([u, v]) = calibration.image_from_head_plane().apply(place_m) else { return Sight::Unseen };
    // A point behind the camera projects into the picture too; its way back is beyond the horizon.
    let Some(j) = calibration.head_plane_from_image().jacobian([u, v]) else { return Sight::Unseen };
    if !((0.0..width).contains(&u) && (0.0..height).contains(&v)) {
        return Sight::Unseen;
    }
    let (m2_per_px2, across_m_per_px) = resolution(j);
    // Without calibration the picture is taken as a plan, which says nothing of how large a head is in it.
    let heads_are_small = calibration.knows_head_sizes() && HEAD_M < HEAD_MIN_PX * across_m_per_px;
    if m2_per_px2.sqrt() > RESOLUTION_LIMIT_M_PER_PX || heads_are_small {
        Sight::TooCoarse
    } else {
        Sight::Reliable
    }
}

/// Width in pixels of the calibration image of the heads above `outline`, one for each of about a thousand places of it
/// that the camera sees, however small; none where the picture is taken as a plan, which says nothing of heads.
pub fn head_widths_px(calibration: &Calibration, outline: &Polygon) -> Vec<f64> {
    let cell_m = (outline.area_m2() / 1000.0).sqrt();
    let Some(grid) = GroundGrid::around(std::iter::once(outline), 0.0, cell_m) else { return Vec::new() };
    let seen = |(index, _): (usize, f64)| {
        let place_m = grid.centre_m(index);
        if !calibration.knows_head_sizes() || sight(calibration, place_m) == Sight::Unseen {
            return None;
        }
        head_width_px(calibration, calibration.image_from_head_plane().apply(place_m)?)
    };
    grid.rasterise(outline).into_iter().filter_map(seen).collect()
}

/// Width in pixels of the calibration image of a head seen there; `None` at and above the horizon, and without calibration.
pub fn head_width_px(calibration: &Calibration, at_in_image_px: [f64; 2]) -> Option<f64> {
    let jacobian = calibration.head_plane_from_image().jacobian(at_in_image_px)?;
    let (_, across_m_per_px) = resolution(jacobian);
    calibration.is_calibrated().then_some(HEAD_M / across_m_per_px)
}

/// Ground of a pixel in m2, and its extent in metres in the direction that is not foreshortened, which is the size of
/// a pixel at a head there: the determinant and the smaller singular value of the Jacobian.
fn resolution(j: [[f64; 2]; 2]) -> (f64, f64) {
    let area = (j[0][0] * j[1][1] - j[0][1] * j[1][0]).abs();
    let squares: f64 = j.iter().flatten().map(|v| v * v).sum();
    let smaller_squared = 0.5 * (squares - (squares * squares - 4.0 * area * area).max(0.0).sqrt());
    (area, smaller_squared.max(0.0).sqrt())
}

/// Shares of a zone by how a camera sees it; they sum to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Visibility {
    /// Counted.
    pub reliable: f64,
    /// In the picture, but too far away to be counted.
    pub too_coarse: f64,
    /// Outside the picture or behind the horizon.
    pub unseen: f64,
    /// However it is seen: farther from the calibrated points than the calibration can be believed. Not a part of the
    /// sum; 0 without calibration.
    pub extrapolated: f64,
    /// Counted, and near enough to the calibrated points. Not a part of the sum; 0 without calibration.
    pub trusted: f64,
}

/// How much of a zone a camera sees.
pub fn zone_visibility(calibration: &Calibration, outline: &Polygon) -> Visibility {
    // About a thousand samples, whatever the zone's size.
    let cell_m = (outline.area_m2() / 1000.0).sqrt();
    let grid = GroundGrid::around(std::iter::once(outline), 0.0, cell_m);
    visibility(calibration, grid, |grid| grid.rasterise(outline))
}

/// How much of the strip along a line a camera sees.
pub fn line_visibility(calibration: &Calibration, line: &Polyline) -> Visibility {
    let cell_m = (line.length_m() * STRIP_M / 1000.0).sqrt();
    let grid = GroundGrid::over(std::iter::once(line.bounds_m()), 0.0, cell_m);
    visibility(calibration, grid, |grid| {
        let cells = line.strip(grid, Side::Left).into_iter();
        cells.map(|cell| (cell.index, cell.across_per_m[0].hypot(cell.across_per_m[1]))).collect()
    })
}

fn visibility(
    calibration: &Calibration,
    grid: Option<GroundGrid>,
    cells: impl Fn(&GroundGrid) -> Vec<(usize, f64)>,
) -> Visibility {
    let (mut shares, mut far, mut trusted) = ([0.0; 3], 0.0, 0.0);
    if let Some(grid) = grid {
        for (index, share) in cells(&grid) {
            let place_m = grid.centre_m(index);
            let sight = sight(calibration, place_m);
            shares[sight as usize] += share;
            match calibration.trust_region().map(|region| region.contains(place_m)) {
                Some(false) => far += share,
                Some(true) if sight == Sight::Reliable => trusted += share,
                _ => {}
            }
        }
    }
    let total: f64 = shares.iter().sum();
    if total <= 0.0 {
        return Visibility { reliable: 0.0, too_coarse: 0.0, unseen: 1.0, extrapolated: 0.0, trusted: 0.0 };
    }
    let [reliable, too_coarse, unseen] = shares.map(|share| share / total);
    Visibility { reliable, too_coarse, unseen, extrapolated: far / total, trusted: trusted / total }
}

/// The people of one picture on the ground.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GroundField {
    /// People in each cell of the grid.
    pub people_per_cell: Vec<f64>,
    /// People of the picture that stand outside the grid or beyond the horizon.
    pub people_elsewhere: f64,
    /// For each zone, the people inside it in those measured cells through which its edge runs.
    pub people_at_borders: Vec<f64>,
}

impl GroundField {
    /// People in a zone, by its place among the borders that the field was projected with, and its measured cells with the
    /// share that lies in it.
    ///
    /// A cell on the edge holds those inside and those outside; its share alone would spread a crowd along a wall to both
    /// sides of it, and lose 7 % of an alley of 3.2 m that lies askew to the grid.
    pub fn people_in(&self, zone: usize, cells: &[(usize, f64)]) -> f64 {
        let within: f64 = cells
            .iter()
            .filter(|(_, share)| *share >= 1.0)
            .map(|(index, _)| self.people_per_cell[*index])
            .sum();
        within + self.people_at_borders.get(zone).copied().unwrap_or(0.0)
    }
}

/// The way from the cells of a density map to the cells of the ground, worked out once for a camera.
#[derive(Clone, Debug)]
pub struct GroundProjection {
    shape: Shape,
    grid_cells: usize,
    /// For each map cell, where its targets end in `targets`.
    ends: Vec<u32>,
    /// Ground cell and the share of the map cell that falls into it.
    targets: Vec<(u32, f32)>,
    zones: usize,
    /// Map cell, zone, and the share of the map cell that falls into the zone on cells of its edge.
    at_borders: Vec<(u32, u32, f32)>,
}

/// What a projection was made for: cells and their size.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Shape {
    width_cells: usize,
    height_cells: usize,
    px_per_cell_x: f64,
    px_per_cell_y: f64,
}

impl Shape {
    fn of(map: &DensityMap) -> Self {
        Self {
            width_cells: map.width_cells,
            height_cells: map.height_cells,
            px_per_cell_x: map.px_per_cell_x,
            px_per_cell_y: map.px_per_cell_y,
        }
    }
}

/// Fewest and most sample points along a side of a map cell: enough that a cell whose footprint covers several ground
/// cells is spread over all of them, bounded near the horizon, where footprints grow without limit.
const SAMPLES_PER_SIDE: (usize, usize) = (4, 12);

impl GroundProjection {
    /// For density maps shaped like `map`, in the calibration image's pixels; `measured` says of each cell of the grid whether
    /// it counts at the borders.
    pub fn new(
        grid: &GroundGrid,
        calibration: &Calibration,
        map: &DensityMap,
        borders: &ZoneBorders,
        measured: &[bool],
    ) -> Self {
        let shape = Shape::of(map);
        let mut at_borders: Vec<(u32, u32, f32)> = Vec::new();
        let mut ends = Vec::with_capacity(map.people_per_cell.len());
        let mut targets: Vec<(u32, f32)> = Vec::new();
        for row in 0..shape.height_cells {
            for column in 0..shape.width_cells {
                let (start, border_start) = (targets.len(), at_borders.len());
                let map_cell = ends.len() as u32;
                let corner = [column as f64 * shape.px_per_cell_x, row as f64 * shape.px_per_cell_y];
                let side = samples_per_side(grid, calibration, &shape, corner);
                let share = 1.0 / (side * side) as f32;
                for k in 0..side * side {
                    let part = [(k % side) as f64 + 0.5, (k / side) as f64 + 0.5].map(|v| v / side as f64);
                    let pixel = [
                        corner[0] + part[0] * shape.px_per_cell_x,
                        corner[1] + part[1] * shape.px_per_cell_y,
                    ];
                    let place = calibration.head_plane_from_image().apply(pixel);
                    let Some((place, index)) = place.and_then(|place| Some((place, grid.index_at(place)?)))
                    else {
                        continue;
                    };
                    for zone in borders.crossing(index).filter(|_| measured[index]) {
                        if !borders.holds(zone, place) {
                            continue;
                        }
                        match at_borders[border_start..].iter_mut().find(|(_, known, _)| *known == zone) {
                            Some((_, _, sum)) => *sum += share,
                            None => at_borders.push((map_cell, zone, share)),
                        }
                    }
                    let index = index as u32;
                    match targets[start..].iter_mut().find(|(known, _)| *known == index) {
                        Some((_, sum)) => *sum += share,
                        None => targets.push((index, share)),
                    }
                }
                ends.push(targets.len() as u32);
            }
        }
        Self { shape, grid_cells: grid.len(), ends, targets, zones: borders.zones(), at_borders }
    }

    /// Whether it was made for maps shaped like this one.
    pub fn fits(&self, map: &DensityMap) -> bool {
        self.shape == Shape::of(map)
    }

    /// Puts the people of `map` on the ground. Mass is kept: cells and `people_elsewhere` sum to the map's people.
    /// `field`'s buffer is reused.
    pub fn project(&self, map: &DensityMap, field: &mut GroundField) {
        field.people_per_cell.clear();
        field.people_per_cell.resize(self.grid_cells, 0.0);
        field.people_elsewhere = 0.0;
        let mut start = 0;
        for (people, end) in map.people_per_cell.iter().zip(&self.ends) {
            let end = *end as usize;
            let people = f64::from(*people);
            let mut placed = 0.0;
            for (index, share) in &self.targets[start..end] {
                field.people_per_cell[*index as usize] += people * f64::from(*share);
                placed += f64::from(*share);
            }
            field.people_elsewhere += people * (1.0 - placed);
            start = end;
        }
        field.people_at_borders.clear();
        field.people_at_borders.resize(self.zones, 0.0);
        for (map_cell, zone, share) in &self.at_borders {
            field.people_at_borders[*zone as usize] +=
                f64::from(map.people_per_cell[*map_cell as usize]) * f64::from(*share);
        }
    }
}

fn samples_per_side(grid: &GroundGrid, calibration: &Calibration, shape: &Shape, corner: [f64; 2]) -> usize {
    let centre = [corner[0] + shape.px_per_cell_x / 2.0, corner[1] + shape.px_per_cell_y / 2.0];
    let footprint_m = calibration.head_plane_from_image().jacobian(centre).map_or(f64::INFINITY, |j| {
        let along_u = j[0][0].hypot(j[1][0]) * shape.px_per_cell_x;
        let along_v = j[0][1].hypot(j[1][1]) * shape.px_per_cell_y;
        along_u.max(along_v)
    });
    let (fewest, most) = SAMPLES_PER_SIDE;
    // Twice as fine as the ground cells, so that none within the footprint is skipped.
    let wanted = (2.0 * footprint_m / grid.cell_m).ceil();
    if wanted.is_finite() { (wanted as usize).clamp(fewest, most) } else { most }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::camera::{Pinhole, PointPair};

    fn calibration(height_m: f64, depression_rad: f64) -> Calibration {
        let camera = Pinhole {
            position_m: [0.0, 0.0, height_m],
            yaw_rad: 0.3,
            depression_rad,
            focal_px: 600.0,
            image_width_px: 640,
            image_height_px: 480,
        };
        let ground_from_image = camera.plane_from_image(0.0).unwrap();
        let pairs: Vec<PointPair> =
            [[50.0, 470.0], [600.0, 460.0], [320.0, 300.0], [100.0, 280.0], [560.0, 300.0]]
                .into_iter()
                .map(|pixel| PointPair {
                    in_image_px: pixel,
                    in_ground_m: ground_from_image.apply(pixel).unwrap(),
                })
                .collect();
        Calibration::from_point_pairs(&pairs, 640, 480, 1.6).unwrap()
    }

    fn projected(
        grid: &GroundGrid,
        calibration: &Calibration,
        map: &DensityMap,
        zones: &[Polygon],
        field: &mut GroundField,
    ) {
        let borders = ZoneBorders::of(grid, zones.iter());
        let measured = vec![true; grid.len()];
        GroundProjection::new(grid, calibration, map, &borders, &measured).project(map, field);
    }

    fn square(centre: [f64; 2], side: f64) -> Polygon {
        let h = side / 2.0;
        Polygon::new(
            [[-h, -h], [h, -h], [h, h], [-h, h]]
                .iter()
                .map(|c| [centre[0] + c[0], centre[1] + c[1]])
                .collect(),
        )
        .unwrap()
    }

    proptest! {
        #[test]
        fn people_are_neither_made_nor_lost_on_the_way_to_the_ground(
            height_m in 4.0..40.0_f64,
            depression_rad in 0.35..1.4_f64,
            people in proptest::collection::vec(0.0..3.0_f32, 20 * 15),
        ) {
            let calibration = calibration(height_m, depression_rad);
            let map = DensityMap::new(20, 15, 32.0, 32.0, people).unwrap();
            let centre = calibration.head_plane_from_image().apply([320.0, 300.0]).unwrap();
            let grid = GroundGrid::around(std::iter::once(&square(centre, 10.0)), 1.0, 0.5).unwrap();
            let mut field = GroundField::default();
            projected(&grid, &calibration, &map, &[], &mut field);
            let total = field.people_per_cell.iter().sum::<f64>() + field.people_elsewhere;
            prop_assert!((total - map.people()).abs() < 1e-6 * map.people().max(1.0));
            prop_assert!(field.people_per_cell.iter().all(|p| p.is_finite() && *p >= 0.0));
        }
    }

    #[test]
    fn a_uniform_crowd_has_its_density_on_the_ground() {
        // Three people a square metre everywhere on the head plane, seen as people a pixel.
        let calibration = calibration(10.0, 0.8);
        let head = calibration.head_plane_from_image();
        let people: Vec<f32> = (0..80 * 60)
            .map(|i| {
                let (row, column) = (i / 80, i % 80);
                let pixel = [f64::from(column) * 8.0 + 4.0, f64::from(row) * 8.0 + 4.0];
                head.area_scale(pixel).map_or(0.0, |m2| (3.0 * m2 * 64.0) as f32)
            })
            .collect();
        let map = DensityMap::new(80, 60, 8.0, 8.0, people).unwrap();
        let centre = head.apply([320.0, 280.0]).unwrap();
        let zone = square(centre, 4.0);
        let grid = GroundGrid::around(std::iter::once(&zone), 1.0, 0.5).unwrap();
        let mut field = GroundField::default();
        projected(&grid, &calibration, &map, &[], &mut field);
        let cells = grid.rasterise(&zone);
        let people: f64 = cells.iter().map(|(i, share)| field.people_per_cell[*i] * share).sum();
        let area: f64 = cells.iter().map(|(_, share)| share * grid.cell_area_m2()).sum();
        assert!((area - 16.0).abs() < 1e-9, "{area}");
        assert!((people / area - 3.0).abs() < 0.03, "{}", people / area);
    }

    #[test]
    fn an_alley_askew_to_the_grid_holds_all_who_stand_between_its_walls() {
        // 3.2 m wide and 20 m long, 30 degrees askew, 4 people/m2 within and nobody beyond its walls, on a plan of 5 cm
        // pixels with a cell of the map for every two; a crowd as dense goes on beyond both of its ends.
        let (sin, cos) = 0.5_f64.asin().sin_cos();
        let askew = |p: [f64; 2]| [15.0 + p[0] * cos - p[1] * sin, 15.0 + p[0] * sin + p[1] * cos];
        let alley = |half_length: f64| {
            let corners =
                [[-half_length, -1.6], [half_length, -1.6], [half_length, 1.6], [-half_length, 1.6]];
            Polygon::new(corners.map(askew).to_vec()).unwrap()
        };
        let (zone, walls) = (alley(10.0), alley(14.0));
        let calibration = Calibration::plan([0.0, 0.0], 0.05, 600, 600).unwrap();
        let people: Vec<f32> = (0..300 * 300)
            .map(|i| {
                let (column, row) = (f64::from(i % 300), f64::from(i / 300));
                let (lo, hi) =
                    ([0.1 * column, 30.0 - 0.1 * (row + 1.0)], [0.1 * (column + 1.0), 30.0 - 0.1 * row]);
                (4.0 * walls.area_between_m2(lo, hi)) as f32
            })
            .collect();
        let map = DensityMap::new(300, 300, 2.0, 2.0, people).unwrap();
        let grid = GroundGrid::around(std::iter::once(&zone), 2.5, 0.5).unwrap();
        let mut field = GroundField::default();
        projected(&grid, &calibration, &map, std::slice::from_ref(&zone), &mut field);
        let cells = grid.rasterise(&zone);
        let by_shares: f64 = cells.iter().map(|(i, share)| field.people_per_cell[*i] * share).sum();
        let (found, truth) = (field.people_in(0, &cells), 4.0 * zone.area_m2());
        // The map's own cells, a fifth as wide, lose a fifth of it.
        assert!((found / truth - 1.0).abs() < 0.015, "{found} of {truth}");
        // What shares alone would make of it.
        assert!(by_shares / truth < 0.95, "{by_shares} of {truth}");
    }

    #[test]
    fn what_a_camera_cannot_see_is_known() {
        let calibration = calibration(6.0, 0.5);
        let in_view = calibration.head_plane_from_image().apply([320.0, 300.0]).unwrap();
        assert!(zone_visibility(&calibration, &square(in_view, 2.0)).reliable > 0.99);
        let behind = [-in_view[0], -in_view[1]];
        assert!((zone_visibility(&calibration, &square(behind, 2.0)).unseen - 1.0).abs() < 1e-12);
        let far = [400.0 * 0.3_f64.cos(), 400.0 * 0.3_f64.sin()];
        let seen = zone_visibility(&calibration, &square(far, 20.0));
        assert!(seen.reliable < 0.01 && seen.extrapolated > 0.99, "{seen:?}");
    }

    #[test]
    fn small_heads_are_not_counted_although_the_ground_is_fine_enough() {
        // From 50 m straight down with f = 600 px a pixel is 0.08 m: fine for the ground, 3 px for a head.
        let head_px = |height_m: f64| {
            let calibration = calibration(height_m, 1.4);
            let place = calibration.head_plane_from_image().apply([320.0, 300.0]).unwrap();
            sight(&calibration, place)
        };
        assert_eq!(head_px(50.0), Sight::TooCoarse);
        assert_eq!(head_px(30.0), Sight::Reliable);
    }

    #[test]
    fn a_site_of_any_size_fits_into_memory() {
        let huge = Polygon::new(vec![[-9e4, -9e4], [9e4, -9e4], [9e4, 9e4], [-9e4, 9e4]]).unwrap();
        let grid = GroundGrid::around(std::iter::once(&huge), 2.5, 0.5).unwrap();
        assert!(grid.len() < 1_100_000 && grid.cell_m > 100.0, "{grid:?}");
        let area_m2: f64 = grid.rasterise(&huge).iter().map(|(_, share)| share * grid.cell_area_m2()).sum();
        assert!((area_m2 / huge.area_m2() - 1.0).abs() < 1e-9);
    }
}
