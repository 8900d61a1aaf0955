//! Where people stand in a training picture: dense packs, loose walkers, queues, groups, nobody.

use crate::render::view::View;
use crate::rng::Rng;

use super::viewpoint::{HEAD_HEIGHT_M, head_width_px};

/// Smallest head that is placed, pixels.
const SMALLEST_HEAD_PX: f64 = 4.5;
/// Largest head that is placed, pixels.
const LARGEST_HEAD_PX: f64 = 46.0;
/// Most people in one picture.
const MOST_PEOPLE: usize = 1400;

/// Someone's place and the direction they face.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub at: [f64; 2],
    pub front: [f64; 2],
    pub stride: f64,
}

/// The part of the ground where people may be.
#[derive(Clone, Copy, Debug)]
enum Region {
    Everywhere,
    Band { through: [f64; 2], along: [f64; 2], half_width_m: f64 },
    Disc { middle: [f64; 2], radius_m: f64 },
    Ring { middle: [f64; 2], inner_m: f64, outer_m: f64 },
    Half { through: [f64; 2], normal: [f64; 2] },
}

impl Region {
    fn random(rng: &mut Rng, middle: [f64; 2], reach_m: f64) -> Self {
        let turn = rng.range(0.0, std::f64::consts::TAU);
        let along = [turn.cos(), turn.sin()];
        let near = [middle[0] + rng.normal(0.0, reach_m * 0.25), middle[1] + rng.normal(0.0, reach_m * 0.25)];
        match rng.index(8) {
            0..=2 => Self::Everywhere,
            3 | 4 => Self::Band { through: near, along, half_width_m: rng.range(1.0, 0.2 + reach_m * 0.5) },
            5 => Self::Disc { middle: near, radius_m: rng.range(0.25, 0.7) * reach_m },
            6 => Self::Ring { middle: near, inner_m: 0.25 * reach_m, outer_m: rng.range(0.4, 0.9) * reach_m },
            _ => Self::Half { through: near, normal: along },
        }
    }

    fn contains(&self, at: [f64; 2]) -> bool {
        let from = |p: [f64; 2]| [at[0] - p[0], at[1] - p[1]];
        match self {
            Self::Everywhere => true,
            Self::Band { through, along, half_width_m } => {
                let d = from(*through);
                (d[1] * along[0] - d[0] * along[1]).abs() < *half_width_m
            }
            Self::Disc { middle, radius_m } => from(*middle)[0].hypot(from(*middle)[1]) < *radius_m,
            Self::Ring { middle, inner_m, outer_m } => {
                let r = from(*middle)[0].hypot(from(*middle)[1]);
                r > *inner_m && r < *outer_m
            }
            Self::Half { through, normal } => {
                let d = from(*through);
                d[0] * normal[0] + d[1] * normal[1] > 0.0
            }
        }
    }
}

/// The ground the camera sees well enough, as points spread evenly over it.
pub(super) struct Seen {
    /// Middle of the well-seen ground, metres.
    pub middle: [f64; 2],
    /// About how far it reaches from there, metres.
    pub reach_m: f64,
    lo: [f64; 2],
    hi: [f64; 2],
}

impl Seen {
    /// Looks which ground has heads of a usable size.
    pub(super) fn through(view: &View) -> Option<Self> {
        let (mut lo, mut hi) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        let mut found = 0;
        for i in 0..=16 {
            for j in 0..=16 {
                let pixel = [
                    f64::from(view.width_px) * f64::from(i) / 16.0,
                    f64::from(view.height_px) * f64::from(j) / 16.0,
                ];
                let Some(at) = view.level_from_image(pixel, HEAD_HEIGHT_M) else { continue };
                if !(SMALLEST_HEAD_PX..=LARGEST_HEAD_PX).contains(&head_width_px(view, at)) {
                    continue;
                }
                found += 1;
                for k in 0..2 {
                    lo[k] = lo[k].min(at[k]);
                    hi[k] = hi[k].max(at[k]);
                }
            }
        }
        (found >= 4).then(|| Self {
            middle: [f64::midpoint(lo[0], hi[0]), f64::midpoint(lo[1], hi[1])],
            reach_m: ((hi[0] - lo[0]).max(hi[1] - lo[1]) / 2.0).max(1.0),
            lo,
            hi,
        })
    }

    fn random_point(&self, rng: &mut Rng) -> [f64; 2] {
        // People just outside the picture still show parts of themselves in it.
        [rng.range(self.lo[0] - 1.0, self.hi[0] + 1.0), rng.range(self.lo[1] - 1.0, self.hi[1] + 1.0)]
    }
}

/// How people face.
#[derive(Clone, Copy, Debug)]
enum Facing {
    OneWay([f64; 2]),
    TwoWays([f64; 2]),
    Towards([f64; 2]),
    Anyhow,
}

impl Facing {
    fn at(&self, at: [f64; 2], rng: &mut Rng) -> [f64; 2] {
        let (main, spread) = match self {
            Self::OneWay(front) => (*front, 0.35),
            Self::TwoWays(front) => (if rng.chance(0.5) { *front } else { front.map(|c| -c) }, 0.25),
            Self::Towards(point) => ([point[0] - at[0], point[1] - at[1]], 0.45),
            Self::Anyhow => ([1.0, 0.0], 10.0),
        };
        let turn = main[1].atan2(main[0]) + rng.normal(0.0, spread);
        [turn.cos(), turn.sin()]
    }
}

/// People per square metre of any place: empty, loose, busy, packed.
pub(super) fn any_density(rng: &mut Rng) -> f64 {
    match rng.index(20) {
        0 | 1 => 0.0,
        2..=6 => rng.log_range(0.02, 0.3),
        7..=10 => rng.log_range(0.3, 1.5),
        11..=14 => rng.range(1.5, 4.0),
        _ => rng.range(4.0, 7.0),
    }
}

/// Places people by dart throwing: no two nearer than bodies allow at the wanted density.
pub(super) fn place_people(
    view: &View,
    seen: &Seen,
    density_people_per_m2: f64,
    rng: &mut Rng,
) -> Vec<Place> {
    if density_people_per_m2 <= 0.0 {
        return Vec::new();
    }
    let region = Region::random(rng, seen.middle, seen.reach_m);
    let turn = rng.range(0.0, std::f64::consts::TAU);
    let facing = match rng.index(5) {
        0 | 1 => Facing::OneWay([turn.cos(), turn.sin()]),
        2 => Facing::TwoWays([turn.cos(), turn.sin()]),
        3 => Facing::Towards(seen.random_point(rng)),
        _ => Facing::Anyhow,
    };
    let walking = density_people_per_m2 < 1.5 && rng.chance(0.8);
    let uneven = if rng.chance(0.5) { rng.range(0.0, 0.6) } else { 0.0 };
    let groups = density_people_per_m2 < 1.0 && rng.chance(0.5);

    // Random packing reaches about 0.55 of 1 / spacing^2 * 1.2; the factor is set so that 7 /m2 is just reached.
    let spacing_m = (0.62 / density_people_per_m2).sqrt().min(1.2);
    let area_m2 = (seen.hi[0] - seen.lo[0] + 2.0) * (seen.hi[1] - seen.lo[1] + 2.0);
    let wanted = (area_m2 * density_people_per_m2) as usize;
    let mut cells = std::collections::HashMap::<(i32, i32), Vec<usize>>::new();
    let cell = |at: [f64; 2]| ((at[0] / 1.3).floor() as i32, (at[1] / 1.3).floor() as i32);
    let mut places: Vec<Place> = Vec::new();
    let mut thrown = 0;
    let mut landed = 0;
    while thrown < 25 * wanted.max(4) && thrown < 400_000 && landed < wanted && places.len() < MOST_PEOPLE {
        thrown += 1;
        let mut at = seen.random_point(rng);
        if groups
            && let Some(friend) =
                (!places.is_empty() && rng.chance(0.6)).then(|| places[rng.index(places.len())])
        {
            let side = rng.range(0.0, std::f64::consts::TAU);
            at = [friend.at[0] + 0.62 * side.cos(), friend.at[1] + 0.62 * side.sin()];
        }
        let head_px = head_width_px(view, at);
        if !(SMALLEST_HEAD_PX * 0.8..=LARGEST_HEAD_PX * 1.1).contains(&head_px) {
            continue;
        }
        // Unwanted darts count as landed so that the density keeps its meaning.
        if !region.contains(at)
            || rng.chance(uneven * (0.5 + 0.5 * (at[0] * 0.7).sin() * (at[1] * 0.6).cos()))
        {
            landed += 1;
            continue;
        }
        let gap = if groups { 0.5 } else { spacing_m };
        let home = cell(at);
        let crowded = (-1..=1).any(|i| {
            (-1..=1).any(|j| {
                cells.get(&(home.0 + i, home.1 + j)).is_some_and(|near| {
                    near.iter().any(|k| {
                        let other = places[*k].at;
                        (other[0] - at[0]).hypot(other[1] - at[1]) < gap
                    })
                })
            })
        });
        if crowded {
            continue;
        }
        landed += 1;
        let Some(pixel) = view.image_from_world([at[0], at[1], 1.0]) else { continue };
        let margin = 4.0 * head_px;
        let near_picture = pixel[0] > -margin
            && pixel[1] > -margin
            && pixel[0] < f64::from(view.width_px) + margin
            && pixel[1] < f64::from(view.height_px) + margin;
        if !near_picture {
            continue;
        }
        cells.entry(home).or_default().push(places.len());
        let stride = if walking { rng.range(0.4, 1.0) } else { rng.range(0.0, 0.25) };
        places.push(Place { at, front: facing.at(at, rng), stride });
    }
    places
}
