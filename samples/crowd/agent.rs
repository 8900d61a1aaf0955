//! One simulated person.

use crate::rng::Rng;

/// Mass of a person, kg.
pub(super) const MASS_KG: f64 = 80.0;

/// A person in the simulation; positions and directions on the ground.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Agent {
    /// Given out in the order of entry, never again.
    pub id: u32,
    /// Position of the body's axis, metres.
    pub at: [f64; 2],
    /// Velocity, m/s.
    pub velocity_m_per_s: [f64; 2],
    /// Unit direction the person wants to go in.
    pub heading: [f64; 2],
    /// Body radius, metres.
    pub radius_m: f64,
    /// Speed the person walks at when nobody is in the way, m/s.
    pub desired_speed_m_per_s: f64,
    /// Sum of the radial contact forces over the circumference, N/m.
    pub contact_load_n_per_m: f64,
    /// Path walked since entry, metres.
    pub walked_m: f64,
    /// Sum of the radial contact forces, N.
    pub contact_n: f64,
    /// What the person is about.
    pub(super) aim: Aim,
    /// Deviation from the way, radians (an Ornstein-Uhlenbeck process).
    pub(super) sway_rad: f64,
    /// The person walked with.
    pub(super) partner: Option<u32>,
    /// Path at which the next stop begins, metres, and when the present one ends, seconds.
    pub(super) stop_at_m: f64,
    pub(super) stops_until_secs: f64,
}

/// What a person is about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Aim {
    /// Walking a route, by its number.
    Walk(usize),
    /// Standing at a place, metres, as part of a standing crowd, by its number.
    Stand { home: [f64; 2], crowd: usize },
}

impl Agent {
    /// A new person with the spread of sizes and speeds of analytics specification 6.1; walkers come at walking speed.
    pub(super) fn enter(id: u32, at: [f64; 2], heading: [f64; 2], aim: Aim, rng: &mut Rng) -> Self {
        let desired_speed_m_per_s = rng.normal(1.25, 0.2).clamp(0.7, 1.8);
        Self {
            id,
            at,
            velocity_m_per_s: match aim {
                Aim::Walk(_) => heading.map(|c| c * desired_speed_m_per_s),
                Aim::Stand { .. } => [0.0; 2],
            },
            heading,
            radius_m: rng.range(0.175, 0.215),
            desired_speed_m_per_s,
            contact_load_n_per_m: 0.0,
            walked_m: 0.0,
            contact_n: 0.0,
            aim,
            sway_rad: 0.0,
            partner: None,
            stop_at_m: f64::INFINITY,
            stops_until_secs: f64::NEG_INFINITY,
        }
    }

    /// Present speed, m/s.
    pub fn speed_m_per_s(&self) -> f64 {
        self.velocity_m_per_s[0].hypot(self.velocity_m_per_s[1])
    }
}
