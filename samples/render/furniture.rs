//! Street furniture that a counter takes for people: as high as a person, or round and dark on top of something thin.

use super::canvas::Colour;
use super::face::{Face, Finish};
use super::material::Material;
use super::prop::Prop;
use super::solid::Solid;
use crate::rng::Rng;

const DARK: Colour = [34.0, 34.0, 38.0];

impl Prop {
    /// A traffic cone: rings that narrow towards the top, the middle one white.
    pub fn cone(at: [f64; 2], height_m: f64) -> Self {
        let rings = 6;
        let solids = (0..rings)
            .map(|ring| {
                let share = f64::from(ring) / f64::from(rings);
                let half = height_m * (0.27 - 0.22 * share);
                let orange = [232.0, 104.0, 36.0];
                let colour = if ring == 2 || ring == 3 { [228.0, 228.0, 222.0] } else { orange };
                let centre = [at[0], at[1], height_m * (share + 0.08)];
                Solid::upright(centre, [1.0, 0.0], [half, half, height_m * 0.13], Material::plain(colour))
            })
            .collect();
        Self { at, faces: Vec::new(), solids }
    }

    /// Three legs and an instrument, as surveyors and camera crews leave them standing.
    pub fn tripod(at: [f64; 2], height_m: f64, rng: &mut Rng) -> Self {
        let turn = rng.range(0.0, std::f64::consts::TAU);
        let spread = height_m * rng.range(0.22, 0.36);
        let hip = [at[0], at[1], height_m * 0.84];
        let mut solids: Vec<_> = (0..3)
            .map(|leg| {
                let angle = turn + f64::from(leg) * std::f64::consts::TAU / 3.0;
                let foot = [at[0] + spread * angle.cos(), at[1] + spread * angle.sin(), 0.0];
                Solid::limb(foot, hip, 0.03, Material::plain(DARK))
            })
            .collect();
        solids.push(Solid::limb(hip, [at[0], at[1], height_m], 0.035, Material::plain(DARK)));
        let half = [rng.range(0.06, 0.14), rng.range(0.06, 0.16), rng.range(0.06, 0.13)];
        let top = [at[0], at[1], height_m + half[2] * 0.6];
        solids.push(Solid::upright(top, [turn.cos(), turn.sin()], half, Material::plain(DARK)));
        Self { at, faces: Vec::new(), solids }
    }

    /// A panel on a pole, round or square.
    pub fn sign(at: [f64; 2], front: [f64; 2], rng: &mut Rng) -> Self {
        let height_m = rng.range(1.5, 2.8);
        let pole_m = [0.07, 0.07, height_m];
        let mut faces =
            Face::cuboid([at[0], at[1], 0.0], front, pole_m, [120.0, 122.0, 124.0], Finish::Paint).to_vec();
        let colour = rng.pick([
            [44.0, 84.0, 160.0],
            [178.0, 36.0, 40.0],
            [232.0, 230.0, 224.0],
            [30.0, 130.0, 116.0],
            [236.0, 190.0, 44.0],
        ]);
        let half_m = rng.range(0.16, 0.36);
        let mut solids = Vec::new();
        if rng.chance(0.5) {
            let panel_m = [0.04, 2.0 * half_m, 2.0 * half_m];
            faces.extend(Face::cuboid(
                [at[0], at[1], height_m - half_m],
                front,
                panel_m,
                colour,
                Finish::Paint,
            ));
        } else {
            let half = [half_m, 0.03, half_m];
            solids.push(Solid::upright([at[0], at[1], height_m], front, half, Material::plain(colour)));
        }
        Self { at, faces, solids }
    }

    /// A lump on the ground: a stone, a rubbish bag, a shrub.
    pub fn lump(at: [f64; 2], rng: &mut Rng) -> Self {
        let tone = rng.range(30.0, 190.0) as f32;
        let colour = rng.pick([[tone; 3], [tone, tone * 0.9, tone * 0.78], [tone * 0.6, tone, tone * 0.5]]);
        let parts = 1 + rng.index(4);
        let solids = (0..parts)
            .map(|_| {
                let half = [rng.range(0.12, 0.4), rng.range(0.12, 0.4), rng.range(0.12, 0.5)];
                let centre = [at[0] + rng.normal(0.0, 0.15), at[1] + rng.normal(0.0, 0.15), half[2] * 0.8];
                Solid::upright(centre, [1.0, 0.0], half, Material::plain(colour))
            })
            .collect();
        Self { at, faces: Vec::new(), solids }
    }

    /// A parasol or a market umbrella: from above a large round head, from the side one on a thin body.
    pub fn parasol(at: [f64; 2], rng: &mut Rng) -> Self {
        let (height_m, half_m) = (rng.range(1.9, 2.7), rng.range(0.5, 1.5));
        let colour = rng.pick([[214.0, 60.0, 52.0], [236.0, 226.0, 200.0], [40.0, 90.0, 150.0], DARK]);
        let pole = Solid::limb([at[0], at[1], 0.0], [at[0], at[1], height_m], 0.04, Material::plain(DARK));
        let roof = [half_m, half_m, 0.22];
        let roof = Solid::upright([at[0], at[1], height_m], [1.0, 0.0], roof, Material::plain(colour));
        Self { at, faces: Vec::new(), solids: vec![pole, roof] }
    }

    /// A post with a round head: a bollard, a parking meter, a hydrant.
    pub fn knobbed_post(at: [f64; 2], rng: &mut Rng) -> Self {
        let (height_m, half_m) = (rng.range(0.6, 1.7), rng.range(0.04, 0.14));
        let tone = rng.range(24.0, 200.0) as f32;
        let colour = rng.pick([[tone; 3], [tone, tone * 0.3, tone * 0.25], [tone * 0.3, tone * 0.5, tone]]);
        let material = Material::plain(colour);
        let post = Solid::limb([at[0], at[1], 0.0], [at[0], at[1], height_m], half_m, material);
        let knob_m = half_m * rng.range(1.1, 2.4);
        let knob = Solid::upright(
            [at[0], at[1], height_m],
            [1.0, 0.0],
            [knob_m, knob_m, knob_m * rng.range(0.8, 1.6)],
            material,
        );
        Self { at, faces: Vec::new(), solids: vec![post, knob] }
    }
}
