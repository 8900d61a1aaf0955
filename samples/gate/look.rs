//! What the drill looks like: paving, walls, the gate's leaves, a few things at the side.

use super::{GATE_X_M, HALF_WIDTH_M, camera};
use crate::render::canvas::Canvas;
use crate::render::face::Finish;
use crate::render::ground::{Ground, Strip, Surface};
use crate::render::light::Light;
use crate::render::prop::Prop;
use crate::render::sensor::Sensor;
use crate::render::stage::Stage;
use crate::render::view::View;
use crate::rng::Rng;

/// Height of the walls at the side of the way, metres.
const WALL_M: f64 = 1.15;

/// Everything that stands still.
pub(crate) fn stage(rng: &mut Rng) -> Stage {
    let view = View::through(&camera());
    let ground = Ground {
        surface: Surface::Asphalt,
        colour: [108.0, 108.0, 112.0],
        strips: vec![Strip {
            through: [0.0, 0.0],
            along: [1.0, 0.0],
            half_width_m: HALF_WIDTH_M,
            surface: Surface::Slabs { side_m: 0.6 },
            colour: [172.0, 166.0, 154.0],
            marked: false,
        }],
        facade_at_m: 60.0,
        facade: [150.0, 140.0, 128.0],
        salt: 41,
    };
    let mut backdrop = Canvas::new(view.width_px as usize, view.height_px as usize);
    ground.paint(&view, &mut backdrop);
    let mut props = Vec::new();
    for side in [-1.0, 1.0] {
        let y = side * (HALF_WIDTH_M + 0.14);
        props.extend(Prop::wall([-2.0, y], [GATE_X_M, y], WALL_M, 0.22, [152.0, 92.0, 74.0], Finish::Brick));
        let stone = [128.0, 126.0, 122.0];
        props.push(Prop::cuboid([GATE_X_M + 0.3, y], [1.0, 0.0], [0.4, 0.4, 1.6], stone, Finish::Paint));
    }
    props.push(Prop::tree([22.5, 5.4], 4.2, rng));
    props.push(Prop::bench([27.4, -4.6], [0.0, 1.0]));
    props.push(Prop::post([25.2, 4.0], 0.22, 0.9, [58.0, 84.0, 66.0]));
    props.push(Prop::lamp([18.0, -3.6], 4.6));
    Stage::new(view, Light::new(1.1, 0.95, 0.5, 0.34), backdrop, props)
}

/// The two leaves of the gate, `shut_share` of the way across.
pub(crate) fn leaves(shut_share: f64) -> Vec<Prop> {
    const PANELS: usize = 3;
    let steel = [78.0, 92.0, 104.0];
    let mut props = Vec::new();
    for side in [-1.0, 1.0] {
        let reach = HALF_WIDTH_M * shut_share;
        for panel in 0..PANELS {
            let y = |k: usize| side * (HALF_WIDTH_M - reach * k as f64 / PANELS as f64);
            if reach > 0.05 {
                props.push(Prop::fence(
                    [GATE_X_M + 0.3, y(panel)],
                    [GATE_X_M + 0.3, y(panel + 1)],
                    1.25,
                    steel,
                ));
            }
        }
    }
    props
}

/// A fair street camera on a bright day.
pub(crate) fn sensor() -> Sensor {
    Sensor {
        gain: [1.03, 1.0, 0.97],
        offset: 4.0,
        saturation: 0.9,
        vignette: 0.18,
        noise: 3.0,
        ..Sensor::default()
    }
}
