//! Things that are not people: trees, cars, benches, lamps, bins, walls, fences.

use super::canvas::{Canvas, Colour, NOBODY};
use super::face::{Face, Finish};
use super::light::Light;
use super::material::Material;
use super::solid::Solid;
use super::view::{View, bounds};
use crate::rng::Rng;
use crate::vector::{add, sub};

/// A thing that stands in the scene and may hide people behind it.
#[derive(Clone, Debug, Default)]
pub struct Prop {
    /// Where it stands; decides what is in front of what.
    pub at: [f64; 2],
    /// Flat sides, painted far ones first where the order matters.
    pub faces: Vec<Face>,
    /// Round parts, painted after the sides.
    pub solids: Vec<Solid>,
}

impl Prop {
    /// Paints the thing; what it covers belongs to nobody.
    pub(crate) fn paint(&self, canvas: &mut Canvas, view: &View, light: &Light) {
        for face in &self.faces {
            // A single face is a screen with two sides; others are the outsides of boxes.
            if self.faces.len() == 1 || face.faces(view) {
                face.paint(canvas, view, light);
            }
        }
        for solid in &self.solids {
            solid.paint(canvas, view, light, NOBODY);
        }
    }

    /// Left, top, right and bottom of the thing in the picture, pixels; `None` behind the camera.
    pub(crate) fn bounds_in_image(&self, view: &View) -> Option<[f64; 4]> {
        let corners = self.faces.iter().flat_map(|face| face.corners);
        let ends = self.solids.iter().flat_map(|solid| {
            solid.axes.into_iter().flat_map(|axis| [add(solid.centre, axis), sub(solid.centre, axis)])
        });
        bounds(view, corners.chain(ends))
    }

    /// A box standing on the ground; `size_m` is along `front`, across, up.
    pub fn cuboid(at: [f64; 2], front: [f64; 2], size_m: [f64; 3], colour: Colour, finish: Finish) -> Self {
        let faces = Face::cuboid([at[0], at[1], 0.0], front, size_m, colour, finish).to_vec();
        Self { at, faces, solids: Vec::new() }
    }

    /// A fence of see-through bars between two points.
    pub fn fence(from: [f64; 2], to: [f64; 2], height_m: f64, colour: Colour) -> Self {
        let [a, b] = [from, to].map(|p| [p[0], p[1], 0.0]);
        let corners = [a, b, [b[0], b[1], height_m], [a[0], a[1], height_m]];
        let at = [f64::midpoint(from[0], to[0]), f64::midpoint(from[1], to[1])];
        Self {
            at,
            faces: vec![Face { corners, colour, finish: Finish::Bars { per_m: 7.0 } }],
            solids: Vec::new(),
        }
    }

    /// A wall of this thickness from one point to another, in panels of about a metre so that people sort rightly
    /// before and behind it.
    pub fn wall(
        from: [f64; 2],
        to: [f64; 2],
        height_m: f64,
        thickness_m: f64,
        colour: Colour,
        finish: Finish,
    ) -> Vec<Self> {
        let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
        let length = dx.hypot(dy);
        let panels = (length / 0.9).ceil().max(1.0) as usize;
        let front = [dx / length.max(1e-9), dy / length.max(1e-9)];
        (0..panels)
            .map(|i| {
                let share = (i as f64 + 0.5) / panels as f64;
                let at = [from[0] + dx * share, from[1] + dy * share];
                Self::cuboid(at, front, [length / panels as f64, thickness_m, height_m], colour, finish)
            })
            .collect()
    }

    /// A broad-leaved tree.
    pub fn tree(at: [f64; 2], height_m: f64, rng: &mut Rng) -> Self {
        let green =
            [rng.range(38.0, 96.0) as f32, rng.range(72.0, 132.0) as f32, rng.range(24.0, 62.0) as f32];
        let crown = height_m * 0.62;
        let thick = 0.1 + height_m * 0.025;
        let bark = [84.0, 70.0, 58.0];
        let trunk = Face::cuboid([at[0], at[1], 0.0], [1.0, 0.0], [thick, thick, crown], bark, Finish::Paint);
        let mut solids = Vec::with_capacity(70);
        let spread = height_m * rng.range(0.2, 0.32);
        for leaf in 0..70_u32 {
            let (turn, out) = (rng.range(0.0, std::f64::consts::TAU), spread * rng.uniform().sqrt());
            let up = crown + height_m * rng.range(-0.16, 0.3);
            let half = height_m * rng.range(0.035, 0.085);
            let material = Material::foliage(green, [green[0] * 1.5, green[1] * 1.35, green[2] * 1.2], leaf);
            let centre = [at[0] + out * turn.cos(), at[1] + out * turn.sin(), up];
            solids.push(Solid::upright(centre, [1.0, 0.0], [half, half, half * 0.75], material));
        }
        solids.sort_by(|a, b| a.centre[2].total_cmp(&b.centre[2]));
        Self { at, faces: trunk.to_vec(), solids }
    }

    /// A parked car.
    pub fn car(at: [f64; 2], front: [f64; 2], rng: &mut Rng) -> Self {
        let paint = rng.pick([
            [190.0, 192.0, 196.0],
            [40.0, 42.0, 46.0],
            [226.0, 226.0, 222.0],
            [126.0, 30.0, 34.0],
            [44.0, 64.0, 110.0],
            [110.0, 114.0, 112.0],
        ]);
        let base = [at[0], at[1], 0.28];
        let cabin = [at[0] - 0.25 * front[0], at[1] - 0.25 * front[1], 0.86];
        let roof = [cabin[0], cabin[1], 1.34];
        let mut faces = Vec::with_capacity(42);
        for (along, across) in [(1.35, 0.8), (1.35, -0.8), (-1.35, 0.8), (-1.35, -0.8)] {
            let wheel = [
                at[0] + along * front[0] - across * front[1],
                at[1] + along * front[1] + across * front[0],
                0.0,
            ];
            faces.extend(Face::cuboid(wheel, front, [0.6, 0.2, 0.5], [26.0, 26.0, 28.0], Finish::Paint));
        }
        faces.extend(Face::cuboid(base, front, [4.3, 1.75, 0.6], paint, Finish::Paint));
        faces.extend(Face::cuboid(cabin, front, [2.3, 1.5, 0.5], [52.0, 60.0, 68.0], Finish::Glass));
        faces.extend(Face::cuboid(roof, front, [1.9, 1.4, 0.06], paint, Finish::Paint));
        Self { at, faces, solids: Vec::new() }
    }

    /// A bench.
    pub fn bench(at: [f64; 2], front: [f64; 2]) -> Self {
        let wood = [122.0, 88.0, 56.0];
        let mut faces =
            Face::cuboid([at[0], at[1], 0.0], front, [0.1, 1.4, 0.4], [70.0, 70.0, 72.0], Finish::Paint)
                .to_vec();
        faces.extend(Face::cuboid([at[0], at[1], 0.4], front, [0.45, 1.7, 0.06], wood, Finish::Paint));
        let back = [at[0] - 0.22 * front[0], at[1] - 0.22 * front[1], 0.46];
        faces.extend(Face::cuboid(back, front, [0.05, 1.7, 0.42], wood, Finish::Paint));
        Self { at, faces, solids: Vec::new() }
    }

    /// A street lamp.
    pub fn lamp(at: [f64; 2], height_m: f64) -> Self {
        let pole = Face::cuboid(
            [at[0], at[1], 0.0],
            [1.0, 0.0],
            [0.12, 0.12, height_m],
            [84.0, 88.0, 90.0],
            Finish::Paint,
        );
        let top = [at[0], at[1], height_m];
        let globe =
            Solid::upright(top, [1.0, 0.0], [0.22, 0.22, 0.16], Material::plain([226.0, 224.0, 212.0]));
        Self { at, faces: pole.to_vec(), solids: vec![globe] }
    }

    /// A litter bin or a bollard, by size.
    pub fn post(at: [f64; 2], half_width_m: f64, height_m: f64, colour: Colour) -> Self {
        let middle = [at[0], at[1], height_m / 2.0];
        let half = [half_width_m, half_width_m, height_m * 0.56];
        let lid = Solid::upright(
            [at[0], at[1], height_m],
            [1.0, 0.0],
            [half_width_m, half_width_m, 0.05],
            Material::plain(colour.map(|c| c * 1.3)),
        );
        Self {
            at,
            faces: Vec::new(),
            solids: vec![Solid::upright(middle, [1.0, 0.0], half, Material::plain(colour)), lid],
        }
    }
}
