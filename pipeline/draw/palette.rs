//! The colours: one a level, and a scale for density that reads in order of brightness.

use image::Rgb;
use throng_analytics::level::Level;

/// The level's name as people read it; a level that is not known is `UNKNOWN`.
pub fn level_label(level: Option<Level>) -> &'static str {
    match level {
        None => "UNKNOWN",
        Some(Level::Normal) => "NORMAL",
        Some(Level::Blue) => "BLUE",
        Some(Level::Yellow) => "YELLOW",
        Some(Level::Orange) => "ORANGE",
        Some(Level::Red) => "RED",
    }
}

/// The level's colour; grey where it is not known. The brightnesses differ too, so that neighbours stay apart
/// without colour vision; the name is always written beside, and what is not known is hatched besides.
pub fn level_colour(level: Option<Level>) -> Rgb<u8> {
    Rgb(match level {
        None => [142, 148, 158],
        Some(Level::Normal) => [46, 160, 88],
        Some(Level::Blue) => [41, 121, 235],
        Some(Level::Yellow) => [250, 208, 44],
        Some(Level::Orange) => [247, 127, 23],
        Some(Level::Red) => [214, 32, 44],
    })
}

/// Black or white, whichever reads better on [`level_colour`].
pub fn level_ink(level: Option<Level>) -> Rgb<u8> {
    if luminance(level_colour(level)) > 0.3 { Rgb([17, 20, 26]) } else { Rgb([255; 3]) }
}

/// Relative luminance, 0 to 1 (ITU-R BT.709 weights on linear light, gamma taken as 2.2).
fn luminance(colour: Rgb<u8>) -> f32 {
    let linear = colour.0.map(|channel| (f32::from(channel) / 255.0).powf(2.2));
    0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
}

/// Anchors of the density scale at equal steps, darkest first: matplotlib's `plasma` (van der Walt and Smith, CC0),
/// which is even to the eye and keeps its order for the common kinds of colour blindness and in print.
const HEAT: [Rgb<u8>; 8] = [
    Rgb([13, 8, 135]),
    Rgb([84, 2, 163]),
    Rgb([139, 10, 165]),
    Rgb([185, 50, 137]),
    Rgb([219, 92, 104]),
    Rgb([244, 136, 73]),
    Rgb([254, 188, 43]),
    Rgb([240, 249, 33]),
];

/// The colour of `share` of the scale's full value; below 0 and NaN count as 0, above 1 as 1.
pub fn heat_colour(share: f32) -> Rgb<u8> {
    let position = unit_share(share) * (HEAT.len() - 1) as f32;
    let below = (position as usize).min(HEAT.len() - 2);
    let part = position - below as f32;
    let (from, to) = (HEAT[below].0, HEAT[below + 1].0);
    Rgb([0, 1, 2]
        .map(|i| (f32::from(from[i]) + (f32::from(to[i]) - f32::from(from[i])) * part).round() as u8))
}

/// How much of the picture the heat layer covers at `share` of full: nothing where nobody is, never all.
pub fn heat_alpha(share: f32) -> f32 {
    // Rises steeply, so that one person is seen, and stops short of hiding the picture below.
    0.72 * (unit_share(share) * 2.5).min(1.0).powf(0.8)
}

fn unit_share(share: f32) -> f32 {
    // Written so that NaN becomes 0.
    if share > 0.0 { share.min(1.0) } else { 0.0 }
}

/// Colours of lines that stand for cameras: Okabe and Ito's set (2008), told apart with every kind of colour vision.
pub const LINES: [Rgb<u8>; 6] = [
    Rgb([0, 114, 178]),
    Rgb([213, 94, 0]),
    Rgb([0, 158, 115]),
    Rgb([204, 121, 167]),
    Rgb([86, 180, 233]),
    Rgb([110, 110, 110]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_density_scale_grows_brighter_all_the_way() {
        let mut last = -1.0;
        for step in 0..=100 {
            let now = luminance(heat_colour(step as f32 / 100.0));
            assert!(now > last, "at {step} %: {now} after {last}");
            last = now;
        }
    }

    #[test]
    fn heat_is_absent_at_zero_and_never_opaque() {
        assert!(heat_alpha(0.0).abs() < f32::EPSILON && heat_alpha(f32::NAN).abs() < f32::EPSILON);
        assert!(heat_alpha(1e9) < 0.8);
        assert_eq!(heat_colour(f32::NAN), HEAT[0]);
        assert_eq!(heat_colour(f32::INFINITY), HEAT[7]);
    }

    #[test]
    fn every_level_has_a_colour_and_a_brightness_of_its_own() {
        let levels: Vec<Option<Level>> = std::iter::once(None).chain(Level::ALL.map(Some)).collect();
        for (i, one) in levels.iter().enumerate() {
            for other in &levels[i + 1..] {
                assert_ne!(level_colour(*one), level_colour(*other));
                assert_ne!(level_label(*one), level_label(*other));
            }
        }
        for pair in Level::WARNING.windows(2) {
            let [one, other] = [pair[0], pair[1]].map(|level| luminance(level_colour(Some(level))));
            assert!((one - other).abs() > 0.1, "{pair:?}");
        }
    }
}
