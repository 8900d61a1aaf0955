use super::*;

const WHITE: Rgb<u8> = Rgb([255; 3]);
const SOLID: Paint = Paint::Solid { colour: WHITE, alpha: 1.0 };

fn brightness(picture: &RgbImage) -> f64 {
    picture.pixels().map(|p| f64::from(p.0[0]) / 255.0).sum()
}

#[test]
fn a_fill_covers_the_polygons_area() {
    let mut picture = RgbImage::new(100, 80);
    fill_polygon(&mut picture, &[[10.25, 10.0], [60.75, 12.0], [50.0, 70.0]], SOLID);
    let area = 0.5 * ((60.75 - 10.25) * (70.0 - 10.0) - (50.0 - 10.25) * (12.0 - 10.0_f64)).abs();
    assert!((brightness(&picture) - area).abs() < 0.01 * area, "{} for {area}", brightness(&picture));
}

#[test]
fn the_turning_sense_of_a_polygon_does_not_matter() {
    let polygon = [[5.0, 5.0], [40.0, 9.0], [30.0, 35.0]];
    let reversed: Vec<PointPx> = polygon.iter().rev().copied().collect();
    let (mut one, mut other) = (RgbImage::new(50, 40), RgbImage::new(50, 40));
    fill_polygon(&mut one, &polygon, SOLID);
    fill_polygon(&mut other, &reversed, SOLID);
    assert_eq!(one, other);
}

#[test]
fn an_outline_has_its_width_and_is_laid_on_once() {
    let mut picture = RgbImage::new(100, 100);
    draw_line(&mut picture, &[[10.0, 50.0], [50.0, 50.0], [90.0, 50.0]], 4.0, WHITE, 0.5);
    let column: f64 = (0..100).map(|y| f64::from(picture.get_pixel(50, y).0[0])).sum();
    assert!((column / 127.0 - 4.0).abs() < 0.1, "{column}");
}

#[test]
fn hatching_differs_from_a_solid_fill_and_leaves_gaps() {
    let square = [[0.0, 0.0], [40.0, 0.0], [40.0, 40.0], [0.0, 40.0]];
    let mut hatched = RgbImage::new(40, 40);
    fill_polygon(&mut hatched, &square, Paint::Hatch { colour: WHITE, alpha: 1.0, period_px: 8.0 });
    assert!(hatched.pixels().any(|p| p.0 == [0; 3]));
    assert!(hatched.pixels().any(|p| p.0 == [255; 3]));
    assert!((brightness(&hatched) / 1600.0 - 0.5).abs() < 0.05);
}

#[test]
fn shapes_outside_the_picture_and_broken_points_are_harmless() {
    let mut picture = RgbImage::new(20, 20);
    fill_polygon(&mut picture, &[], SOLID);
    fill_polygon(&mut picture, &[[3.0, 3.0]], SOLID);
    fill_polygon(&mut picture, &[[f64::NAN, 3.0], [f64::INFINITY, 9.0], [1.0, 1.0]], SOLID);
    fill_polygon(&mut picture, &[[-90.0, -90.0], [-50.0, -90.0], [-50.0, 200.0]], SOLID);
    draw_outline(&mut picture, &[], 3.0, WHITE, 1.0);
    draw_outline(&mut picture, &[[5.0, 5.0]; 4], f64::NAN, WHITE, 0.0);
    assert!(picture.pixels().all(|p| p.0 == [0; 3]));
    fill_polygon(&mut picture, &[[-1e9, -1e9], [1e9, -1e9], [1e9, 1e9], [-1e9, 1e9]], SOLID);
    assert!(picture.pixels().all(|p| p.0 == [255; 3]));
    let square = [[0.0, 0.0], [9.0, 0.0], [9.0, 9.0]];
    fill_polygon(&mut RgbImage::new(0, 0), &square, SOLID);
    draw_outline(&mut RgbImage::new(0, 5), &square, 2.0, WHITE, 1.0);
}
