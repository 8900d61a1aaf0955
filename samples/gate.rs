//! The drill: people walk along a way to a gate that closes; they pile up before it until it opens again.
//!
//! Ground: x along the way in metres, the gate at x = 30; y across it, the way from -2.5 to 2.5.

pub(crate) mod look;

use throng_analytics::camera::{Pinhole, PointPair};

use crate::crowd::agent::Agent;
use crate::crowd::scenario::{Inflow, Kind, MeasuredZone, Route, Scenario};
use crate::crowd::wall::{Gate, Wall};

/// Where the gate stands, metres along the way.
pub const GATE_X_M: f64 = 30.0;
/// Half the width of the way, metres.
pub const HALF_WIDTH_M: f64 = 2.5;
/// The gate closes, seconds.
pub const CLOSES_AT_SECS: f64 = 22.0;
/// The gate opens again, seconds.
pub const OPENS_AT_SECS: f64 = 94.0;
/// Length of the drill, seconds.
pub const DURATION_SECS: f64 = 150.0;
/// Corners of the measured zone before the gate, metres: 4.2 m by 5 m, 21 m2.
pub const ZONE_IN_GROUND: [[f64; 2]; 4] = [[25.6, -2.5], [29.8, -2.5], [29.8, 2.5], [25.6, 2.5]];
/// Corners of the approach before it, metres: 4.4 m by 5 m, 22 m2.
pub const APPROACH_IN_GROUND: [[f64; 2]; 4] = [[21.0, -2.5], [25.4, -2.5], [25.4, 2.5], [21.0, 2.5]];

/// The place and the course of the drill.
pub fn scenario() -> Scenario {
    let side = |y: f64| Wall { from: [-2.0, y], to: [GATE_X_M + 0.1, y] };
    let zone = |id: &str, outline: [[f64; 2]; 4]| MeasuredZone {
        id: id.to_owned(),
        outline: outline.to_vec(),
        profile: "street_flat".to_owned(),
        capacity_people: None,
    };
    let gate_line = Wall { from: [GATE_X_M, -HALF_WIDTH_M], to: [GATE_X_M, HALF_WIDTH_M] };
    Scenario {
        id: "gate".to_owned(),
        title: "A drill: a gate closes and opens again".to_owned(),
        kind: Kind::Danger,
        walls: vec![side(-HALF_WIDTH_M), side(HALF_WIDTH_M)],
        gates: vec![Gate { wall: gate_line, closed_secs: vec![[CLOSES_AT_SECS, OPENS_AT_SECS]] }],
        routes: vec![Route {
            entry: Wall { from: [0.0, -HALF_WIDTH_M + 0.4], to: [0.0, HALF_WIDTH_M - 0.4] },
            exit: Wall {
                from: [GATE_X_M + 5.0, -HALF_WIDTH_M - 5.0],
                to: [GATE_X_M + 5.0, HALF_WIDTH_M + 5.0],
            },
            inflows: vec![
                Inflow { from_secs: -35.0, to_secs: 58.0, people_per_s: 2.2 },
                Inflow { from_secs: 102.0, to_secs: DURATION_SECS, people_per_s: 0.9 },
            ],
            // In a drill nobody pushes in earnest.
            urgency: 0.5,
            pairs_share: 0.0,
            stops: None,
        }],
        standing: vec![],
        slopes: vec![],
        drives: vec![],
        zones: vec![zone("gate", ZONE_IN_GROUND), zone("approach", APPROACH_IN_GROUND)],
        lead_in_secs: 35.0,
        duration_secs: DURATION_SECS,
    }
}

/// The camera of the drill: on a mast 8 m behind the gate, facing the crowd.
pub fn camera() -> Pinhole {
    Pinhole {
        position_m: [GATE_X_M + 8.2, 0.8, 10.0],
        yaw_rad: std::f64::consts::PI + 0.06,
        depression_rad: 40.5_f64.to_radians(),
        focal_px: 820.0,
        image_width_px: 640,
        image_height_px: 480,
    }
}

/// Ground points for calibrating the drill's camera as a user would: pixel and ground position in metres.
///
/// They lie on corners of the paving and on the foot of the walls, all inside the picture. A point the camera cannot
/// see would be left out.
pub fn calibration_points() -> Vec<PointPair> {
    const ON_GROUND: [[f64; 2]; 10] = [
        [18.0, -2.5],
        [18.0, 2.5],
        [21.0, 0.0],
        [24.0, -2.5],
        [24.0, 2.5],
        [27.0, 0.0],
        [29.4, -2.4],
        [29.4, 2.4],
        [24.0, -5.4],
        [22.8, 4.2],
    ];
    let camera = camera();
    ON_GROUND
        .iter()
        .filter_map(|at| {
            let seen = camera.project([at[0], at[1], 0.0])?;
            Some(PointPair { in_image_px: seen.in_image_px, in_ground_m: *at })
        })
        .collect()
}

/// People in the measured zone.
pub fn people_in_zone(agents: &[Agent]) -> usize {
    let [lo, _, hi, _] = ZONE_IN_GROUND;
    let inside = |a: &&Agent| a.at[0] >= lo[0] && a.at[0] <= hi[0] && a.at[1] >= lo[1] && a.at[1] <= hi[1];
    agents.iter().filter(inside).count()
}

/// Area of the measured zone, m2.
pub fn zone_area_m2() -> f64 {
    let [lo, _, hi, _] = ZONE_IN_GROUND;
    (hi[0] - lo[0]) * (hi[1] - lo[1])
}

#[cfg(test)]
mod tests;
