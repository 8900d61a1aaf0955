//! A crowd on the ground, seen by cameras that are known.

use proptest::prelude::*;

use super::*;
use crate::{
    camera::{Calibration, Pinhole, PointPair},
    density_map::DensityMap,
    polygon::Polygon,
};

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
        [[-h, -h], [h, -h], [h, h], [-h, h]].iter().map(|c| [centre[0] + c[0], centre[1] + c[1]]).collect(),
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
        let corners = [[-half_length, -1.6], [half_length, -1.6], [half_length, 1.6], [-half_length, 1.6]];
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
