//! Puts a scene together: background once, then people and things from far to near.

use super::canvas::{Canvas, NOBODY};
use super::light::Light;
use super::person::Person;
use super::prop::Prop;
use super::view::View;

/// Everything of a scene that does not move, ready to paint people into.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The camera.
    pub view: View,
    /// The light.
    pub light: Light,
    /// Ground and sky as the camera sees them.
    pub backdrop: Canvas,
    /// Things that stand about.
    pub props: Vec<Prop>,
}

/// Where a person's head went in the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PaintedHead {
    /// Middle of the head in pixels; may lie outside the picture.
    pub head_in_image: [f32; 2],
    /// Share of the head's outline that shows, 0..1.
    pub visible_share: f32,
}

impl PaintedHead {
    /// Below this share a head counts as hidden: nobody could mark it in the picture.
    pub const VISIBLE_FROM: f32 = 0.12;

    /// Whether the head's middle lies in a picture of this size.
    pub fn is_inside(&self, width_px: usize, height_px: usize) -> bool {
        let [u, v] = self.head_in_image;
        u >= 0.0 && v >= 0.0 && u < width_px as f32 && v < height_px as f32
    }

    /// Whether the head's middle lies in a picture of this size and enough of the head shows.
    pub fn is_visible(&self, width_px: usize, height_px: usize) -> bool {
        self.is_inside(width_px, height_px) && self.visible_share >= Self::VISIBLE_FROM
    }
}

enum Item<'a> {
    Person(u32, &'a Person),
    Prop(&'a Prop),
}

impl Stage {
    /// Paints `people` with `extra` things (gates that move) into `canvas`; one entry a person, in their order.
    ///
    /// `canvas` must have the backdrop's size.
    pub fn paint(&self, people: &[Person], extra: &[Prop], canvas: &mut Canvas) -> Vec<PaintedHead> {
        canvas.copy_from(&self.backdrop);
        for person in people {
            self.paint_shadow(person, canvas);
        }
        let eye = self.view.position();
        // Upright bodies hide each other by their distance along the ground, whatever the camera's tilt.
        let distance = |at: [f64; 2]| (at[0] - eye[0]).powi(2) + (at[1] - eye[1]).powi(2);
        let mut items: Vec<(f64, Item<'_>)> = people
            .iter()
            .zip(1_u32..)
            .map(|(person, owner)| (distance(person.at), Item::Person(owner, person)))
            .chain(self.props.iter().chain(extra).map(|prop| (distance(prop.at), Item::Prop(prop))))
            .collect();
        items.sort_by(|a, b| b.0.total_cmp(&a.0));

        let mut outline_px = vec![0.0_f32; people.len()];
        let mut solids = Vec::with_capacity(24);
        for (_, item) in &items {
            match item {
                Item::Prop(prop) => self.paint_prop(prop, canvas),
                Item::Person(owner, person) => {
                    person.solids(&self.view, &mut solids);
                    for (_, is_head, solid) in &solids {
                        let mark = if *is_head { *owner } else { NOBODY };
                        let px = solid.paint(canvas, &self.view, &self.light, mark);
                        if *is_head {
                            let largest = &mut outline_px[*owner as usize - 1];
                            *largest = largest.max(px);
                        }
                    }
                }
            }
        }
        let mut shown_px = vec![0_u32; people.len()];
        for owner in canvas.head_owner.iter().filter(|owner| **owner != NOBODY) {
            shown_px[*owner as usize - 1] += 1;
        }
        people
            .iter()
            .enumerate()
            .map(|(i, person)| {
                let at = self.view.image_from_world(person.head_in_world()).unwrap_or([-1.0, -1.0]);
                PaintedHead {
                    head_in_image: [at[0] as f32, at[1] as f32],
                    visible_share: (shown_px[i] as f32 / outline_px[i].max(1.0)).min(1.0),
                }
            })
            .collect()
    }

    fn paint_prop(&self, prop: &Prop, canvas: &mut Canvas) {
        for face in &prop.faces {
            if prop.faces.len() == 1 || face.faces(&self.view) {
                face.paint(canvas, &self.view, &self.light);
            }
        }
        for solid in &prop.solids {
            solid.paint(canvas, &self.view, &self.light, NOBODY);
        }
    }

    /// A dark patch at the feet and a longer one away from the sun.
    fn paint_shadow(&self, person: &Person, canvas: &mut Canvas) {
        self.darken(canvas, person.at, [0.34, 0.0], 0.26, 0.5);
        let sun = self.light.toward_sun;
        if self.light.shadow > 0.02 && sun[2] > 0.1 {
            let reach = (person.height_m / sun[2]).min(6.0);
            let half = [-sun[0] * reach / 2.0, -sun[1] * reach / 2.0];
            let middle = [person.at[0] + half[0], person.at[1] + half[1]];
            if half[0].hypot(half[1]) > 0.2 {
                self.darken(canvas, middle, half, 0.24, self.light.shadow);
            }
        }
    }

    /// Darkens a soft ellipse on the ground with one half-axis `along` and the other `half_across_m`.
    fn darken(&self, canvas: &mut Canvas, at: [f64; 2], along: [f64; 2], half_across_m: f64, strength: f32) {
        let ground = [at[0], at[1], 0.0];
        let (Some(centre), Some(px_per_m)) = (self.view.image_from_world(ground), self.view.px_per_m(ground))
        else {
            return;
        };
        let length = along[0].hypot(along[1]).max(1e-9);
        let across = [-along[1] / length * half_across_m, along[0] / length * half_across_m];
        let row = |j: [f64; 3]| {
            [(j[0] * along[0] + j[1] * along[1]) as f32, (j[0] * across[0] + j[1] * across[1]) as f32]
        };
        let (au, av) = (row(px_per_m[0]), row(px_per_m[1]));
        let dot2 = |a: [f32; 2], b: [f32; 2]| a[0] * b[0] + a[1] * b[1];
        let (suu, suv, svv) = (dot2(au, au) + 0.3, dot2(au, av), dot2(av, av) + 0.3);
        let det = suu * svv - suv * suv;
        // 1.3: the patch fades out beyond its nominal edge.
        let (half_u, half_v) = (1.3 * suu.sqrt(), 1.3 * svv.sqrt());
        let (cu, cv) = (centre[0] as f32, centre[1] as f32);
        if !(det > 0.0)
            || cu + half_u < 0.0
            || cv + half_v < 0.0
            || cu - half_u > canvas.width_px as f32
            || cv - half_v > canvas.height_px as f32
        {
            return;
        }
        let rows = (cv - half_v).max(0.0) as usize..((cv + half_v) as usize + 1).min(canvas.height_px);
        let columns = (cu - half_u).max(0.0) as usize..((cu + half_u) as usize + 1).min(canvas.width_px);
        for y in rows {
            let dv = y as f32 + 0.5 - cv;
            for x in columns.clone() {
                let du = x as f32 + 0.5 - cu;
                let square = (svv * du * du - 2.0 * suv * du * dv + suu * dv * dv) / det;
                if square < 1.69 {
                    let fade = 1.0 - square / 1.69;
                    let keep = 1.0 - strength * (fade * 1.6).min(1.0);
                    let pixel = &mut canvas.colours[y * canvas.width_px + x];
                    *pixel = pixel.map(|c| c * keep);
                }
            }
        }
    }
}
