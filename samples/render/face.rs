//! Flat quadrilaterals: walls, gate leaves, cars, benches.

use super::canvas::{Canvas, Colour, NOBODY, lit};
use super::light::Light;
use super::noise::{fractal, hash01};
use super::view::View;
use crate::vector::{Vec3, add, cross, dot, length, scale, sub, unit};

/// How a flat surface looks.
#[derive(Clone, Copy, Debug)]
pub enum Finish {
    /// Paint or render, a little weathered.
    Paint,
    /// Courses of brick.
    Brick,
    /// Upright bars with gaps to see through, this many a metre.
    Bars {
        /// Bars in a metre of width.
        per_m: f32,
    },
    /// Glass that mirrors the sky.
    Glass,
}

/// A planar quadrilateral, its corners in order around it.
#[derive(Clone, Copy, Debug)]
pub struct Face {
    /// Corners in metres; the first edge is "along", the last edge "up".
    pub corners: [Vec3; 4],
    /// Its colour.
    pub colour: Colour,
    /// Its finish.
    pub finish: Finish,
}

/// What the texture needs to know of a face, once for all its pixels.
struct Plane {
    along: Vec3,
    up: Vec3,
    normal: Vec3,
    eye_from_origin: Vec3,
    /// Of the face's first corner over the eye, along the normal.
    above: f64,
    /// World coordinate of the first corner along the face.
    shift: f64,
    height: f32,
}

impl Plane {
    fn of(face: &Face, view: &View) -> Self {
        let [origin, b, _, d] = face.corners;
        let (along, normal) = (unit(sub(b, origin)), face.normal());
        let eye_from_origin = sub(view.position(), origin);
        Self {
            along,
            up: unit(sub(d, origin)),
            normal,
            eye_from_origin,
            above: -dot(eye_from_origin, normal),
            shift: dot(origin, along),
            height: length(sub(d, origin)) as f32,
        }
    }
}

impl Face {
    /// The six sides of a box of size `(along front, across, up)` standing with the middle of its floor at `foot`.
    pub fn cuboid(
        foot: Vec3,
        front: [f64; 2],
        size_m: [f64; 3],
        colour: Colour,
        finish: Finish,
    ) -> [Self; 6] {
        let along = scale([front[0], front[1], 0.0], size_m[0] / 2.0);
        let across = scale([-front[1], front[0], 0.0], size_m[1] / 2.0);
        let up = [0.0, 0.0, size_m[2]];
        let corner =
            |a: f64, c: f64, u: f64| add(foot, add(scale(along, a), add(scale(across, c), scale(up, u))));
        let face = |corners: [Vec3; 4]| Self { corners, colour, finish };
        let side = |a: f64, b: f64, c: f64, d: f64| {
            face([corner(a, b, 0.0), corner(c, d, 0.0), corner(c, d, 1.0), corner(a, b, 1.0)])
        };
        let lid = |u: f64| {
            face([corner(-1.0, -1.0, u), corner(1.0, -1.0, u), corner(1.0, 1.0, u), corner(-1.0, 1.0, u)])
        };
        [
            lid(0.0),
            side(-1.0, -1.0, 1.0, -1.0),
            side(1.0, -1.0, 1.0, 1.0),
            side(1.0, 1.0, -1.0, 1.0),
            side(-1.0, 1.0, -1.0, -1.0),
            lid(1.0),
        ]
    }

    /// Unit normal of the side on which the corners run anticlockwise.
    fn normal(&self) -> Vec3 {
        let [a, b, _, d] = self.corners;
        unit(cross(sub(b, a), sub(d, a)))
    }

    /// Whether the camera sees the outer side.
    pub(crate) fn faces(&self, view: &View) -> bool {
        dot(self.normal(), sub(view.position(), self.corners[0])) > 0.0
    }

    /// Paints both sides alike; what it covers belongs to nobody.
    pub(crate) fn paint(&self, canvas: &mut Canvas, view: &View, light: &Light) {
        let mut outline = [[0.0_f32; 2]; 4];
        for (at, corner) in outline.iter_mut().zip(self.corners) {
            let Some(pixel) = view.image_from_world(corner) else { return };
            *at = [pixel[0] as f32, pixel[1] as f32];
        }
        let area = (0..4)
            .map(|k| {
                let (a, b) = (outline[k], outline[(k + 1) % 4]);
                a[0] * b[1] - a[1] * b[0]
            })
            .sum::<f32>();
        if area.abs() < 0.05 {
            return;
        }
        let turn = area.signum();
        let edges: [[f32; 3]; 4] = std::array::from_fn(|k| {
            let (a, b) = (outline[k], outline[(k + 1) % 4]);
            let (du, dv) = (b[0] - a[0], b[1] - a[1]);
            let span = du.hypot(dv).max(1e-6) * turn;
            [-dv / span, du / span, (dv * a[0] - du * a[1]) / span]
        });
        let range = |axis: usize, limit: usize| {
            let lo = outline.iter().map(|p| p[axis]).fold(f32::INFINITY, f32::min) - 1.0;
            let hi = outline.iter().map(|p| p[axis]).fold(f32::NEG_INFINITY, f32::max) + 1.0;
            (lo.max(0.0) as usize).min(limit)..(hi.max(0.0) as usize + 1).min(limit)
        };
        let mut normal = self.normal();
        if dot(normal, sub(view.position(), self.corners[0])) < 0.0 {
            normal = scale(normal, -1.0);
        }
        let brightness = light.on(dot(normal, light.toward_sun) as f32, normal[2] as f32);
        let plane = Plane::of(self, view);
        let (columns, rows) = (range(0, canvas.width_px), range(1, canvas.height_px));
        for y in rows {
            for x in columns.clone() {
                let (u, v) = (x as f32 + 0.5, y as f32 + 0.5);
                let inside_px =
                    edges.iter().map(|e| e[0] * u + e[1] * v + e[2]).fold(f32::INFINITY, f32::min);
                let mut cover = (inside_px + 0.5).clamp(0.0, 1.0);
                if cover <= 0.0 {
                    continue;
                }
                let colour = self.texture(&plane, view.ray([f64::from(u), f64::from(v)]), &mut cover);
                canvas.blend(y * canvas.width_px + x, lit(colour, brightness), cover, NOBODY);
            }
        }
    }

    /// Colour under a pixel; bars reduce `cover` where one sees through.
    fn texture(&self, plane: &Plane, ray: Vec3, cover: &mut f32) -> Colour {
        let slant = dot(ray, plane.normal);
        if slant.abs() < 1e-9 {
            return self.colour;
        }
        let on_face = add(plane.eye_from_origin, scale(ray, plane.above / slant));
        // World coordinates keep the pattern unbroken from one wall panel to the next.
        let (s, t) = ((dot(on_face, plane.along) + plane.shift) as f32, dot(on_face, plane.up) as f32);
        match self.finish {
            Finish::Paint => lit(self.colour, 0.86 + 0.22 * fractal(s * 1.7, t * 1.7, 71)),
            Finish::Glass => lit(self.colour, 0.7 + 0.6 * fractal(s * 0.8, t * 0.8 + 4.0, 72)),
            Finish::Brick => {
                let course = (t / 0.075).floor();
                let shift = if course.rem_euclid(2.0) < 0.5 { 0.0 } else { 0.11 };
                let (brick, in_course) = (((s + shift) / 0.22).floor(), (t / 0.075).rem_euclid(1.0));
                let in_brick = ((s + shift) / 0.22).rem_euclid(1.0);
                let mortar = in_course < 0.14 || in_brick < 0.06;
                let tone = 0.8 + 0.35 * hash01(brick as i32, course as i32, 73);
                if mortar { lit([176.0, 170.0, 160.0], 0.95) } else { lit(self.colour, tone) }
            }
            Finish::Bars { per_m } => {
                let across = (s * per_m).rem_euclid(1.0);
                let rail = t < 0.12 || plane.height - t < 0.1;
                if !rail && across > 0.34 {
                    *cover *= 0.06;
                }
                lit(self.colour, 0.8 + 0.5 * (1.0 - (across / 0.17 - 1.0).abs()).max(0.0))
            }
        }
    }
}
