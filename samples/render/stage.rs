//! Puts a scene together: background once, then people and things from far to near.

use super::canvas::{Canvas, NOBODY};
use super::light::Light;
use super::person::Person;
use super::prop::Prop;
use super::shadow::paint_shadow;
use super::view::View;

/// Everything of a scene that does not move, ready to paint people into.
#[derive(Clone, Debug)]
pub struct Stage {
    view: View,
    light: Light,
    backdrop: Canvas,
    props: Vec<(Prop, Option<Rectangle>)>,
}

/// Left, top, right, bottom in pixels.
type Rectangle = [f64; 4];

fn meet(a: &Rectangle, b: &Rectangle) -> bool {
    a[0] <= b[2] && b[0] <= a[2] && a[1] <= b[3] && b[1] <= a[3]
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
    /// A stage with `ground` as the camera sees it and things that stand about.
    pub fn new(view: View, light: Light, ground: Canvas, props: Vec<Prop>) -> Self {
        let eye = view.position();
        let distance = |at: [f64; 2]| (at[0] - eye[0]).hypot(at[1] - eye[1]);
        let mut props = props;
        props.sort_by(|a, b| distance(b.at).total_cmp(&distance(a.at)));
        let mut backdrop = ground;
        for prop in &props {
            prop.paint(&mut backdrop, &view, &light);
        }
        let props = props.into_iter().map(|prop| {
            let bounds = prop.bounds_in_image(&view);
            (prop, bounds)
        });
        Self { props: props.collect(), view, light, backdrop }
    }

    /// The camera.
    pub fn view(&self) -> &View {
        &self.view
    }

    /// The scene without anybody.
    pub fn backdrop(&self) -> &Canvas {
        &self.backdrop
    }

    /// Paints `people` with `extra` things (gates that move) into `canvas`; one entry a person, in their order.
    ///
    /// `canvas` must have the backdrop's size.
    pub fn paint(&self, people: &[Person], extra: &[Prop], canvas: &mut Canvas) -> Vec<PaintedHead> {
        canvas.copy_from(&self.backdrop);
        for person in people {
            paint_shadow(person, &self.view, &self.light, canvas);
        }
        let eye = self.view.position();
        // Upright bodies hide each other by their distance along the ground, whatever the camera's tilt.
        let distance = |at: [f64; 2]| (at[0] - eye[0]).powi(2) + (at[1] - eye[1]).powi(2);
        let mut items: Vec<(f64, Item<'_>)> = people
            .iter()
            .zip(1_u32..)
            .map(|(person, owner)| (distance(person.at), Item::Person(owner, person)))
            .chain(extra.iter().map(|prop| (distance(prop.at), Item::Prop(prop))))
            .collect();
        // Things are in the backdrop already: only those that may hide somebody are painted again.
        let extents: Vec<(f64, Rectangle)> =
            people.iter().filter_map(|p| Some((distance(p.at), p.bounds_in_image(&self.view)?))).collect();
        for (prop, bounds) in &self.props {
            let away = distance(prop.at);
            let Some(bounds) = bounds else { continue };
            if extents.iter().any(|(far, extent)| *far > away && meet(extent, bounds)) {
                items.push((away, Item::Prop(prop)));
            }
        }
        items.sort_by(|a, b| b.0.total_cmp(&a.0));

        let mut outline_px = vec![0.0_f32; people.len()];
        let mut solids = Vec::with_capacity(24);
        for (_, item) in &items {
            match item {
                Item::Prop(prop) => prop.paint(canvas, &self.view, &self.light),
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
}
