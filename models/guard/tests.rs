use super::*;

const WIDTH_PX: usize = 160;
const HEIGHT_PX: usize = 120;

fn verdict(colour_at: impl Fn(usize, usize) -> [u8; 3]) -> Option<String> {
    let data: Vec<u8> = (0..HEIGHT_PX)
        .flat_map(|y| (0..WIDTH_PX).map(move |x| (x, y)))
        .flat_map(|(x, y)| colour_at(x, y))
        .collect();
    reason_not_to_count(RgbView::new(&data, WIDTH_PX, HEIGHT_PX, 3 * WIDTH_PX).unwrap())
}

/// A fixed scramble of the position: noise without a random number generator.
fn noise(x: usize, y: usize) -> u8 {
    let mut bits = (x as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        ^ (y as u64 + 1).wrapping_mul(0xD1B5_4A32_D192_ED03);
    bits = (bits ^ (bits >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (bits >> 40) as u8
}

#[test]
fn black_and_nearly_black_pictures_are_refused() {
    assert_eq!(verdict(|_, _| [0; 3]).unwrap(), "picture is black (mean luma 0 of 255)");
    assert!(verdict(|x, y| [16 + noise(x, y) % 6; 3]).unwrap().starts_with("picture is black"));
}

#[test]
fn a_dark_scene_with_a_lamp_is_counted() {
    assert_eq!(verdict(|x, y| if x < 16 && y < 16 { [200, 190, 150] } else { [10; 3] }), None);
}

#[test]
fn white_pictures_are_refused() {
    assert!(verdict(|_, _| [255; 3]).unwrap().starts_with("picture is white"));
}

#[test]
fn a_plain_surface_is_refused() {
    assert_eq!(
        verdict(|x, y| [120 + noise(x, y) % 3; 3]).unwrap().split(" (").next(),
        Some("picture has no contrast")
    );
}

#[test]
fn noise_is_refused() {
    assert!(verdict(|x, y| [noise(x, y); 3]).unwrap().starts_with("picture is noise"));
    let smoothed = |x, y| noise(x, y).midpoint(noise(x + 1, y));
    assert!(verdict(|x, y| [smoothed(x, y); 3]).unwrap().starts_with("picture is noise"));
}

#[test]
fn a_textured_scene_is_counted() {
    assert_eq!(verdict(|x, y| [(x / 2) as u8 + noise(x / 8, y / 8) / 2; 3]), None);
}

#[test]
fn a_scene_out_of_focus_is_refused() {
    // Squares of 8 pixels, then the same seen through a box of 2 x reach + 1 pixels in both directions.
    let seen = |reach: usize| {
        verdict(move |x, y| {
            let side = 2 * reach + 1;
            let sum: usize =
                (0..side * side).map(|i| usize::from(noise((x + i % side) / 8, (y + i / side) / 8))).sum();
            [(sum / (side * side)) as u8; 3]
        })
    };
    assert_eq!(seen(0), None);
    assert_eq!(seen(1), None);
    assert!(seen(9).unwrap().starts_with("picture is blurred"));
}

#[test]
fn a_scene_swept_in_one_direction_is_refused() {
    let swept = |x: usize, y: usize| {
        let sum: usize = (0..24).map(|i| usize::from(noise((x + i) / 8, y / 8))).sum();
        [(sum / 24) as u8; 3]
    };
    assert!(verdict(swept).unwrap().starts_with("picture is blurred"));
}

#[test]
fn a_single_pixel_has_no_contrast() {
    let picture = RgbView::new(&[90, 90, 90], 1, 1, 3).unwrap();
    assert!(reason_not_to_count(picture).unwrap().starts_with("picture has no contrast"));
}

#[test]
fn more_people_than_heads_fit_are_not_believed() {
    assert_eq!(reason_not_to_believe(100.0, 100.0 * 100.0, 10.0), None);
    let reason = reason_not_to_believe(101.0, 100.0 * 100.0, 10.0).unwrap();
    assert!(reason.starts_with("count is implausible: 101 people"), "{reason}");
}
