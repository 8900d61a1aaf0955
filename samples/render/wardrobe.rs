//! What people look like: two disjoint wardrobes, one for training pictures and one for the demonstration.

use super::canvas::Colour;
use super::material::Material;
use crate::rng::Rng;

/// Which colours people may wear. The two share no cloth colour, so that a counter trained on one is tested on
/// clothes it has not seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wardrobe {
    /// For pictures a counter learns from.
    Training,
    /// For the demonstration and for tests.
    Demonstration,
}

/// One person's looks.
#[derive(Clone, Copy, Debug)]
pub struct Looks {
    /// Head with hair.
    pub head: Material,
    /// Bare skin.
    pub skin: Material,
    /// Long hair hanging behind the neck, if any.
    pub long_hair: Option<Material>,
    /// Hat or hood, if any, with how wide it is against the head.
    pub hat: Option<(Material, f64)>,
    /// Upper body.
    pub top: Material,
    /// Sleeves; bare arms where it is skin.
    pub sleeve: Material,
    /// Legs.
    pub bottom: Material,
    /// Feet.
    pub shoe: Material,
    /// A long coat or skirt down to the knee, if any.
    pub skirt: Option<Material>,
    /// A bag on the back, if any.
    pub backpack: Option<Material>,
}

const SKIN: [Colour; 6] = [
    [236.0, 200.0, 176.0],
    [222.0, 180.0, 150.0],
    [200.0, 154.0, 122.0],
    [168.0, 120.0, 88.0],
    [124.0, 84.0, 60.0],
    [88.0, 60.0, 46.0],
];
const HAIR: [Colour; 9] = [
    [24.0, 22.0, 22.0],
    [34.0, 28.0, 26.0],
    [28.0, 24.0, 22.0],
    [40.0, 32.0, 28.0],
    [62.0, 44.0, 32.0],
    [96.0, 68.0, 44.0],
    [158.0, 124.0, 78.0],
    [150.0, 146.0, 142.0],
    [104.0, 58.0, 36.0],
];
const TRAINING_BOTTOMS: [Colour; 6] = [
    [34.0, 36.0, 44.0],
    [52.0, 66.0, 98.0],
    [86.0, 82.0, 76.0],
    [146.0, 130.0, 106.0],
    [62.0, 54.0, 48.0],
    [188.0, 184.0, 176.0],
];
const DEMONSTRATION_TOPS: [Colour; 14] = [
    [24.0, 28.0, 38.0],
    [206.0, 212.0, 216.0],
    [152.0, 36.0, 44.0],
    [38.0, 74.0, 128.0],
    [94.0, 104.0, 112.0],
    [34.0, 92.0, 84.0],
    [212.0, 168.0, 62.0],
    [112.0, 62.0, 104.0],
    [188.0, 110.0, 72.0],
    [68.0, 52.0, 44.0],
    [122.0, 146.0, 172.0],
    [62.0, 86.0, 50.0],
    [232.0, 226.0, 206.0],
    [56.0, 58.0, 64.0],
];
const DEMONSTRATION_BOTTOMS: [Colour; 5] =
    [[26.0, 30.0, 36.0], [42.0, 56.0, 86.0], [104.0, 98.0, 88.0], [72.0, 84.0, 108.0], [162.0, 146.0, 122.0]];

impl Wardrobe {
    /// Dresses one person.
    pub fn dress(self, rng: &mut Rng) -> Looks {
        let skin_colour = rng.pick(SKIN);
        let hair_colour = hair(rng);
        let skin = Material::plain(skin_colour);
        let long_hair = Material::plain(hair_colour);
        let (top_colour, second) = (self.top(rng), self.top(rng));
        let top = match rng.index(12) {
            0 => Material::bands(top_colour, second, 3.0),
            1 => Material::checks(top_colour, second),
            2 => Material::yoke(top_colour, second),
            3 | 4 => Material::open_front(top_colour, second),
            _ => Material::plain(top_colour),
        };
        let bottom_colour = self.bottom(rng);
        let short_sleeves = rng.chance(0.35);
        let hat_colour = self.top(rng);
        Looks {
            head: Material::head(skin_colour, if rng.chance(0.04) { skin_colour } else { hair_colour }),
            skin,
            long_hair: rng.chance(0.3).then_some(long_hair),
            hat: rng.chance(0.2).then(|| (Material::plain(hat_colour), rng.pick([1.12, 1.18, 1.75]))),
            top,
            sleeve: if short_sleeves { skin } else { Material::plain(top_colour) },
            bottom: Material::plain(bottom_colour),
            shoe: Material::plain(rng.pick([[30.0, 28.0, 28.0], [206.0, 204.0, 200.0], [92.0, 64.0, 44.0]])),
            skirt: rng
                .chance(0.18)
                .then(|| Material::plain(if rng.chance(0.5) { top_colour } else { bottom_colour })),
            backpack: rng.chance(0.22).then(|| Material::plain(self.top(rng))),
        }
    }

    fn top(self, rng: &mut Rng) -> Colour {
        match self {
            Self::Demonstration => rng.pick(DEMONSTRATION_TOPS),
            // Any hue, mostly muted, many dark and some white: the colours a camera sees in a street.
            Self::Training => loop {
                let brightness = rng.range(22.0, 232.0);
                let saturation = rng.uniform().powi(2) * 0.75;
                let hue = rng.range(0.0, 6.0);
                let tint = |offset: f64| {
                    let k = (hue + offset).rem_euclid(6.0);
                    (brightness * (1.0 - saturation * k.min(4.0 - k).clamp(0.0, 1.0))) as f32
                };
                let colour = [tint(5.0), tint(3.0), tint(1.0)];
                if held_out(colour) {
                    return colour;
                }
            },
        }
    }

    fn bottom(self, rng: &mut Rng) -> Colour {
        match self {
            Self::Demonstration => rng.pick(DEMONSTRATION_BOTTOMS),
            Self::Training => loop {
                let base = rng.pick(TRAINING_BOTTOMS);
                let shift = rng.normal(0.0, 10.0) as f32;
                let colour = base.map(|c| (c + shift).clamp(12.0, 240.0));
                if held_out(colour) {
                    return colour;
                }
            },
        }
    }
}

/// A colour that is clearly another than every one of the demonstration's clothes.
fn held_out(colour: Colour) -> bool {
    const APART: f32 = 14.0;
    DEMONSTRATION_TOPS
        .iter()
        .chain(&DEMONSTRATION_BOTTOMS)
        .all(|worn| colour.iter().zip(worn).any(|(a, b)| (a - b).abs() > APART))
}

fn hair(rng: &mut Rng) -> Colour {
    let colour = rng.pick(HAIR);
    let shift = rng.normal(0.0, 8.0) as f32;
    colour.map(|c| (c + shift).clamp(10.0, 245.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn training_clothes_are_not_those_of_the_demonstration() {
        let mut rng = Rng::new(1000);
        for _ in 0..2000 {
            let (top, bottom) = (Wardrobe::Training.top(&mut rng), Wardrobe::Training.bottom(&mut rng));
            assert!(held_out(top) && held_out(bottom), "{top:?} {bottom:?}");
        }
    }
}
