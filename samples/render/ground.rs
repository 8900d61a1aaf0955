//! What people stand on: surfaces with their texture, and what lies behind the ground.

use super::canvas::{Canvas, Colour, lit, mixed};
use super::noise::{fractal, hash01, value};
use super::view::View;

/// A ground surface.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Surface {
    /// Dark, fine-grained, with patches.
    Asphalt,
    /// Square slabs of this side in metres.
    Slabs {
        /// Side of a slab, metres.
        side_m: f32,
    },
    /// Small set stones.
    Cobble,
    /// Lawn.
    Grass,
    /// Two-coloured tiles.
    Tiles {
        /// Side of a tile, metres.
        side_m: f32,
    },
    /// Poured, nearly even.
    Concrete,
    /// Loose and bright.
    Sand,
}

/// A strip of another surface across the ground (a path, a road), with kerbs.
#[derive(Clone, Copy, Debug)]
pub struct Strip {
    /// A point on its middle line.
    pub through: [f64; 2],
    /// Unit direction along it.
    pub along: [f64; 2],
    /// Half its width, metres.
    pub half_width_m: f64,
    /// What it is paved with.
    pub surface: Surface,
    /// Its colour.
    pub colour: Colour,
    /// Painted markings: a dashed middle line and edge lines.
    pub marked: bool,
}

/// All ground of a scene.
#[derive(Clone, Debug)]
pub struct Ground {
    /// Everywhere outside the strips.
    pub surface: Surface,
    /// Its colour.
    pub colour: Colour,
    /// Paths and roads, later ones on top.
    pub strips: Vec<Strip>,
    /// Distance at which a row of buildings ends the view, metres.
    pub facade_at_m: f64,
    /// Colour of those buildings.
    pub facade: Colour,
    /// Tells one ground's noise from another's.
    pub salt: u32,
}

const SKY: Colour = [196.0, 206.0, 216.0];

impl Ground {
    /// Paints the whole picture behind the people: two samples a pixel, which the lens blur then joins.
    pub fn paint(&self, view: &View, canvas: &mut Canvas) {
        for y in 0..canvas.height_px {
            for x in 0..canvas.width_px {
                let mut sum = [0.0_f32; 3];
                for (du, dv) in [(0.25, 0.35), (0.75, 0.65)] {
                    let colour = self.behind(view, [x as f64 + du, y as f64 + dv]);
                    for (total, c) in sum.iter_mut().zip(colour) {
                        *total += 0.5 * c;
                    }
                }
                canvas.colours[y * canvas.width_px + x] = sum;
            }
        }
    }

    fn behind(&self, view: &View, pixel: [f64; 2]) -> Colour {
        let eye = view.position();
        if let Some(at) = view.level_from_image(pixel, 0.0)
            && (at[0] - eye[0]).hypot(at[1] - eye[1]) < self.facade_at_m
        {
            return self.colour_at(at);
        }
        let ray = view.ray(pixel);
        let flat = ray[0].hypot(ray[1]).max(1e-9);
        let height = (eye[2] + ray[2] / flat * self.facade_at_m) as f32;
        let around = (ray[1].atan2(ray[0]) * self.facade_at_m) as f32;
        let building = (around / 17.0).floor();
        let roof = 9.0 + 14.0 * hash01(building as i32, 3, self.salt);
        if height > roof {
            return lit(SKY, 1.0 + 0.08 * fractal(around * 0.02, height * 0.05, self.salt));
        }
        let tone = 0.75 + 0.45 * hash01(building as i32, 7, self.salt);
        let (column, floor) = ((around / 2.6).rem_euclid(1.0), (height / 3.2).rem_euclid(1.0));
        let window = (0.28..0.74).contains(&column) && (0.3..0.8).contains(&floor) && height > 0.6;
        if window {
            let pane = hash01((around / 2.6).floor() as i32, (height / 3.2).floor() as i32, self.salt);
            [48.0 + 60.0 * pane, 56.0 + 62.0 * pane, 68.0 + 60.0 * pane]
        } else {
            lit(self.facade, tone * (0.92 + 0.16 * fractal(around, height, self.salt)))
        }
    }

    fn colour_at(&self, at: [f64; 2]) -> Colour {
        let mut colour = self.surface.colour_at(at, self.colour, self.salt);
        for strip in &self.strips {
            let rel = [at[0] - strip.through[0], at[1] - strip.through[1]];
            let across = rel[1] * strip.along[0] - rel[0] * strip.along[1];
            let along = rel[0] * strip.along[0] + rel[1] * strip.along[1];
            let inside = strip.half_width_m - across.abs();
            if inside > 0.0 {
                colour = strip.surface.colour_at([along, across], strip.colour, self.salt ^ 0x4D);
                if strip.marked {
                    let middle = across.abs() < 0.07 && along.rem_euclid(4.0) < 2.0;
                    let edge = (0.18..0.3).contains(&inside);
                    if middle || edge {
                        colour = mixed(colour, [222.0, 222.0, 214.0], 0.8);
                    }
                }
            } else if inside > -0.15 {
                let stone = hash01((along / 0.9).floor() as i32, i32::from(across > 0.0), self.salt);
                let joint = (along / 0.9).rem_euclid(1.0) < 0.03;
                colour = lit([168.0, 166.0, 160.0], if joint { 0.6 } else { 0.85 + 0.2 * stone });
            }
        }
        // Stains and litter, sparse and large-scale.
        let stain = fractal(at[0] as f32 * 0.35 + 40.0, at[1] as f32 * 0.35, self.salt ^ 9);
        let litter = hash01((at[0] * 9.0).floor() as i32, (at[1] * 9.0).floor() as i32, self.salt ^ 5);
        if litter > 0.9992 {
            return [212.0, 208.0, 196.0];
        }
        lit(colour, 0.84 + 0.3 * stain)
    }
}

impl Surface {
    fn colour_at(self, at: [f64; 2], base: Colour, salt: u32) -> Colour {
        let (x, y) = (at[0] as f32, at[1] as f32);
        let grain = |per_m: f32| value(x * per_m, y * per_m, salt ^ 1);
        match self {
            Self::Asphalt => {
                let patch = value(x * 0.3, y * 0.3, salt ^ 2);
                let crack = (fractal(x * 0.8, y * 0.8, salt ^ 3) - 0.5).abs() < 0.006;
                let tone = 0.84 + 0.2 * grain(30.0) + 0.1 * patch;
                lit(base, if crack { tone * 0.72 } else { tone })
            }
            Self::Slabs { side_m } => slab(x / side_m, y / side_m, 0.03, salt, base, 0.2),
            Self::Cobble => {
                let row = (y / 0.12).floor();
                slab(x / 0.14 + row * 0.5, y / 0.12, 0.11, salt, base, 0.45)
            }
            Self::Grass => {
                let blade = 0.7 + 0.35 * grain(26.0) + 0.25 * fractal(x * 1.3, y * 1.3, salt ^ 4);
                let dry = value(x * 0.4, y * 0.4, salt ^ 6);
                lit(mixed(base, [150.0, 140.0, 84.0], 0.45 * dry), blade)
            }
            Self::Tiles { side_m } => {
                let (i, j) = ((x / side_m).floor() as i32, (y / side_m).floor() as i32);
                let dark = (i + j).rem_euclid(2) == 0;
                slab(x / side_m, y / side_m, 0.02, salt, lit(base, if dark { 0.78 } else { 1.08 }), 0.06)
            }
            Self::Concrete => lit(base, 0.9 + 0.1 * grain(14.0) + 0.1 * fractal(x * 0.6, y * 0.6, salt ^ 8)),
            Self::Sand => lit(base, 0.82 + 0.18 * grain(18.0) + 0.2 * fractal(x * 1.1, y * 1.1, salt ^ 7)),
        }
    }
}

/// One slab of a regular pavement; `i` and `j` count slabs.
fn slab(i: f32, j: f32, joint: f32, salt: u32, base: Colour, spread: f32) -> Colour {
    let (fi, fj) = (i.rem_euclid(1.0), j.rem_euclid(1.0));
    let tone = 1.0 - spread / 2.0 + spread * hash01(i.floor() as i32, j.floor() as i32, salt);
    let wear = 0.94 + 0.12 * value(i * 9.0, j * 9.0, salt ^ 2);
    let edge = fi < joint || fj < joint;
    lit(base, if edge { 0.62 } else { tone * wear })
}
