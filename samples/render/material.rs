//! What a solid is made of: a colour that may change over its surface.

use super::canvas::{Colour, lit, mixed};
use super::noise::{floor, hash01, value};

/// Colours over an ellipsoid, addressed by its unit-sphere coordinates (right, front, top).
#[derive(Clone, Copy, Debug)]
pub struct Material {
    base: Colour,
    second: Colour,
    pattern: Pattern,
}

#[derive(Clone, Copy, Debug)]
enum Pattern {
    Plain,
    Head,
    Bands { per_height: f32 },
    Checks,
    Yoke,
    OpenFront,
    Foliage { salt: u32 },
}

impl Material {
    /// One colour with the faint unevenness of cloth.
    pub fn plain(base: Colour) -> Self {
        Self { base, second: base, pattern: Pattern::Plain }
    }

    /// A head: hair above and behind, face in front.
    pub fn head(skin: Colour, hair: Colour) -> Self {
        Self { base: skin, second: hair, pattern: Pattern::Head }
    }

    /// Horizontal bands.
    pub fn bands(base: Colour, second: Colour, per_height: f32) -> Self {
        Self { base, second, pattern: Pattern::Bands { per_height } }
    }

    /// A checked shirt.
    pub fn checks(base: Colour, second: Colour) -> Self {
        Self { base, second, pattern: Pattern::Checks }
    }

    /// Another colour over the shoulders.
    pub fn yoke(base: Colour, second: Colour) -> Self {
        Self { base, second, pattern: Pattern::Yoke }
    }

    /// A jacket worn open over something of another colour.
    pub fn open_front(base: Colour, second: Colour) -> Self {
        Self { base, second, pattern: Pattern::OpenFront }
    }

    /// Leaves.
    pub fn foliage(base: Colour, second: Colour, salt: u32) -> Self {
        Self { base, second, pattern: Pattern::Foliage { salt } }
    }

    /// Colour at the unit-sphere point `q`, which shows at `pixel`.
    pub(crate) fn at(&self, q: [f32; 3], pixel: [usize; 2]) -> Colour {
        match self.pattern {
            Pattern::Plain => {
                // Folds, as a cheap wave: this runs for most pixels of a crowd.
                let across = q[0] * 2.3 + q[2] * 3.1 + q[1];
                let fold = across - floor(across) as f32;
                lit(self.base, 0.95 + 0.2 * (fold - 0.5) * (fold - 0.5).abs() * 2.0)
            }
            Pattern::Head => {
                // The hairline runs from above the forehead down behind the ears.
                let hairline = 0.46 - 1.05 * (0.35 - q[1]).max(0.0);
                if q[2] > hairline {
                    return lit(self.second, 0.82 + 0.36 * value(q[0] * 5.0, q[1] * 5.0 + 9.0, 5));
                }
                let eyes =
                    q[2] > -0.12 && q[2] < 0.12 && q[1] > 0.45 && q[0].abs() > 0.15 && q[0].abs() < 0.62;
                if eyes { mixed(self.base, self.second, 0.45) } else { self.base }
            }
            Pattern::Bands { per_height } => {
                if (q[2] * per_height).rem_euclid(1.0) < 0.5 {
                    self.base
                } else {
                    self.second
                }
            }
            Pattern::Checks => {
                let across = (q[0] * 3.0).rem_euclid(1.0) < 0.4;
                let down = (q[2] * 4.0).rem_euclid(1.0) < 0.4;
                mixed(
                    self.base,
                    self.second,
                    f32::from(u8::from(across)) * 0.5 + f32::from(u8::from(down)) * 0.5,
                )
            }
            Pattern::Yoke => {
                if q[2] > 0.15 {
                    self.second
                } else {
                    self.base
                }
            }
            Pattern::OpenFront => {
                if q[1] > 0.3 && q[0].abs() < 0.3 {
                    self.second
                } else {
                    self.base
                }
            }
            Pattern::Foliage { salt } => {
                let clump = value(q[0] * 3.0 + 5.0, q[2] * 3.0 + q[1] * 2.0, salt);
                let leaf =
                    hash01((pixel[0] as u32 / 2).cast_signed(), (pixel[1] as u32 / 2).cast_signed(), salt);
                lit(mixed(self.base, self.second, clump), 0.6 + 0.55 * leaf)
            }
        }
    }
}
