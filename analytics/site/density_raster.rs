//! The density of the whole ground as one raster, for maps: made only where somebody asks for it.

use super::{Site, camera_view::CameraView};
use crate::{freshness::Freshness, ground::GroundGrid, time::Timestamp};

/// Most cells of a raster: beyond them cells grow, so that a message stays below about 100 kB.
const CELLS_MAX: usize = 20_000;

/// Least share of a cell of the raster that must be seen for it to have a density (our proposal).
const SEEN_SHARE_MIN: f64 = 0.5;

/// Density over the ground of a site: for display, never the ground of a warning.
#[derive(Clone, Debug, PartialEq)]
pub struct DensityRaster {
    /// Its cells.
    pub grid: GroundGrid,
    /// Local density (Gaussian, R = 1 m) averaged over each cell, people/m2, rows along y from the origin; `None` where no
    /// camera sees the ground now.
    pub density_people_per_m2: Vec<Option<f32>>,
    /// When the newest picture behind it was captured.
    pub captured_at: Option<Timestamp>,
    /// Share of the cells that have a density, 0 to 1.
    pub seen_share: f64,
    /// Whether every camera behind it is calibrated in metres.
    pub is_calibrated: bool,
    /// What a reader should know, in plain words.
    pub notes: Vec<String>,
}

impl Site {
    /// The density of the ground at `now`, in cells of at least `cell_m`; `None` without zones and lines.
    ///
    /// Cells that several cameras see have the mean of what they see. A camera whose newest picture is 5 s old or older has no
    /// part in it.
    pub fn density_raster(&self, now: Timestamp, cell_m: f64) -> Option<DensityRaster> {
        let fine = self.grid.as_ref()?;
        let recent = |view: &&CameraView| {
            Freshness::of(view.captured_at().map(|at| now.secs_since(at)), false).may_raise()
        };
        let views: Vec<&CameraView> = self.views.iter().filter(recent).collect();
        let side = cells_to_a_side(fine, cell_m);
        let grid = GroundGrid {
            origin_m: fine.origin_m,
            cell_m: fine.cell_m * side as f64,
            width_cells: fine.width_cells.div_ceil(side),
            height_cells: fine.height_cells.div_ceil(side),
        };
        // Of each cell: the sum of densities, how many were seen, how many there are.
        let mut sums = vec![(0.0_f64, 0_u32, 0_u32); grid.len()];
        for index in 0..fine.len() {
            let (row, column) = (index / fine.width_cells, index % fine.width_cells);
            let (sum, seen, all) = &mut sums[row / side * grid.width_cells + column / side];
            *all += 1;
            if let Some(density) = density_at(&views, index) {
                *sum += density;
                *seen += 1;
            }
        }
        let mean = |(sum, seen, all): (f64, u32, u32)| {
            (seen > 0 && f64::from(seen) >= SEEN_SHARE_MIN * f64::from(all))
                .then(|| (sum / f64::from(seen)) as f32)
        };
        let density_people_per_m2: Vec<Option<f32>> = sums.into_iter().map(mean).collect();
        let seen = density_people_per_m2.iter().flatten().count();
        Some(DensityRaster {
            seen_share: seen as f64 / density_people_per_m2.len().max(1) as f64,
            grid,
            density_people_per_m2,
            captured_at: views.iter().filter_map(|view| view.captured_at()).max(),
            is_calibrated: !views.is_empty() && views.iter().all(|view| view.calibration().is_calibrated()),
            notes: views
                .iter()
                .filter_map(|view| Some(format!("camera {}: {}", view.id(), view.doubts()?)))
                .collect(),
        })
    }
}

/// How many cells of the site's grid make one of the raster, along each side.
fn cells_to_a_side(fine: &GroundGrid, cell_m: f64) -> usize {
    let wished = (cell_m / fine.cell_m - 1e-6).ceil().max(1.0) as usize;
    let fits =
        |side: &usize| fine.width_cells.div_ceil(*side) * fine.height_cells.div_ceil(*side) <= CELLS_MAX;
    // A side as long as the grid makes a single cell of it.
    (wished..=wished.max(fine.width_cells.max(fine.height_cells))).find(fits).unwrap_or(wished)
}

/// The mean over the cameras that see a cell.
fn density_at(views: &[&CameraView], index: usize) -> Option<f64> {
    let (mut sum, mut seen) = (0.0, 0.0);
    for view in views {
        let is_measured = view.measured().get(index).copied().unwrap_or(false);
        let density = view.flow().filter(|_| is_measured).and_then(|flow| flow.density_people_per_m2(index));
        if let Some(density) = density.filter(|density| density.is_finite()) {
            sum += density;
            seen += 1.0;
        }
    }
    (seen > 0.0).then(|| sum / seen)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        camera::{Calibration, PointPair},
        density_map::DensityMap,
        line::Line,
        polygon::Polygon,
        profile::Profile,
        site::{CameraModel, CameraObservation, ImageCount, SiteModel},
        zone::Zone,
    };

    /// Straight down on 32 m by 24 m, of which the zone's right half lies outside of the picture.
    fn site() -> Site {
        let pairs: Vec<PointPair> = [[0.0, 0.0], [640.0, 0.0], [0.0, 480.0], [640.0, 480.0], [320.0, 240.0]]
            .into_iter()
            .map(|[u, v]| PointPair { in_image_px: [u, v], in_ground_m: [0.05 * u, 0.05 * (480.0 - v)] })
            .collect();
        let calibration = Calibration::from_point_pairs(&pairs, 640, 480, 1.6).unwrap();
        let zone = Zone {
            id: "hall".to_owned(),
            name: "hall".to_owned(),
            outline: Polygon::new(vec![[16.0, 4.0], [48.0, 4.0], [48.0, 20.0], [16.0, 20.0]]).unwrap(),
            profile: Profile::shipped("street_flat").unwrap(),
            capacity_people: None,
            diagram: crate::fundamental_diagram::FundamentalDiagram::WEIDMANN,
            features: Vec::new(),
            cameras: Vec::new(),
            ring: None,
            is_enclosed_by_lines: false,
        };
        Site::new(SiteModel {
            id: "test".to_owned(),
            cameras: vec![CameraModel { id: "east".to_owned(), calibration }],
            zones: vec![zone],
            lines: Vec::<Line>::new(),
        })
    }

    /// A crowd of 2 people/m2 everywhere.
    fn crowd(captured_at: Timestamp) -> CameraObservation {
        let density = DensityMap {
            width_cells: 80,
            height_cells: 60,
            px_per_cell_x: 8.0,
            px_per_cell_y: 8.0,
            people_per_cell: vec![(2.0 * 0.4 * 0.4) as f32; 80 * 60],
        };
        let people = density.people();
        CameraObservation {
            camera: "east".to_owned(),
            captured_at,
            count: Ok(ImageCount { density, people_lo: people, people_hi: people }),
            motion: None,
        }
    }

    #[test]
    fn what_is_seen_has_a_density_and_what_is_not_has_none() {
        let mut site = site();
        let now = Timestamp::from_unix_nanos(0);
        let nothing = site.density_raster(now, 0.5).unwrap();
        assert!(nothing.density_people_per_m2.iter().all(Option::is_none));
        assert_eq!((nothing.captured_at, nothing.is_calibrated), (None, false));
        site.observe(&crowd(now));
        let fine = site.density_raster(now, 0.5).unwrap();
        assert_eq!(fine.grid.len(), fine.density_people_per_m2.len());
        let at = |point_m| fine.density_people_per_m2[fine.grid.index_at(point_m).unwrap()];
        assert!((at([20.0, 12.0]).unwrap() - 2.0).abs() < 0.05, "{:?}", at([20.0, 12.0]));
        assert_eq!(at([40.0, 12.0]), None, "outside of the picture");
        assert!((0.3..0.6).contains(&fine.seen_share) && fine.is_calibrated);
        let late = site.density_raster(now + 5.0, 0.5).unwrap();
        assert!(late.density_people_per_m2.iter().all(Option::is_none), "too old to be now");
    }

    #[test]
    fn coarser_cells_keep_the_density_and_a_large_site_gets_them_by_itself() {
        let mut site = site();
        let now = Timestamp::from_unix_nanos(0);
        site.observe(&crowd(now));
        let coarse = site.density_raster(now, 1.9).unwrap();
        assert!((coarse.grid.cell_m - 2.0).abs() < 1e-9);
        let at = coarse.grid.index_at([20.0, 12.0]).unwrap();
        assert!((coarse.density_people_per_m2[at].unwrap() - 2.0).abs() < 0.05);
        let wide = GroundGrid { origin_m: [0.0; 2], cell_m: 0.5, width_cells: 1000, height_cells: 1000 };
        let side = cells_to_a_side(&wide, 0.5);
        assert!(1000_usize.div_ceil(side).pow(2) <= CELLS_MAX && side == 8, "{side}");
    }
}
