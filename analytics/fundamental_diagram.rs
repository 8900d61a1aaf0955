//! How fast people walk at a density, and how many then pass.

/// Speed of people who are alone, metres a second (Weidmann, Transporttechnik der Fussgänger, 1993).
pub const FREE_SPEED_M_PER_S: f64 = 1.34;

/// Density at which nobody moves in Weidmann's curve, people/m2. People have been seen to move at 10 people/m2 (Hajj 2006), so
/// this is the curve's end and no limit of nature.
pub const JAM_DENSITY_PEOPLE_PER_M2: f64 = 5.4;

/// How fast speed falls with density in Weidmann's curve, people/m2.
const DECAY_PEOPLE_PER_M2: f64 = 1.913;

/// Weidmann's speed in m/s at a density in people/m2: `1.34 (1 - exp(-1.913 (1/rho - 1/5.4)))`.
///
/// The free speed for nobody and for what is not a number, 0 from the jam density on. A reference curve only: laboratories have measured a third more
/// flow than it allows, and what a site does must be fitted there before a difference may alarm anybody.
pub fn weidmann_speed_m_per_s(density_people_per_m2: f64) -> f64 {
    if density_people_per_m2.is_nan() || density_people_per_m2 <= 0.0 {
        return FREE_SPEED_M_PER_S;
    }
    let gap = 1.0 / density_people_per_m2 - 1.0 / JAM_DENSITY_PEOPLE_PER_M2;
    (-FREE_SPEED_M_PER_S * (-DECAY_PEOPLE_PER_M2 * gap).exp_m1()).max(0.0)
}

/// Weidmann's specific flow in people/m/s at a density in people/m2: density times speed. At most 1.2249, at 1.7507 people/m2.
pub fn weidmann_flow_people_per_m_per_s(density_people_per_m2: f64) -> f64 {
    density_people_per_m2.max(0.0) * weidmann_speed_m_per_s(density_people_per_m2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_goes_through_its_published_points() {
        for (density, speed, flow) in [
            (0.25, 1.339_093, 0.334_773),
            (1.0, 1.058_063, 1.058_063),
            (2.0, 0.606_238, 1.212_477),
            (3.0, 0.330_695, 0.992_084),
            (4.0, 0.156_260, 0.625_040),
            (5.0, 0.037_443, 0.187_217),
        ] {
            assert!((weidmann_speed_m_per_s(density) - speed).abs() < 1e-6, "{density}");
            assert!((weidmann_flow_people_per_m_per_s(density) - flow).abs() < 2e-6, "{density}");
        }
    }

    #[test]
    fn the_most_people_pass_at_one_density() {
        let flow = weidmann_flow_people_per_m_per_s;
        assert!((flow(1.7507) - 1.224_918_200).abs() < 1e-8);
        assert!(flow(1.7407) < flow(1.7507) && flow(1.7607) < flow(1.7507));
    }

    #[test]
    fn alone_one_is_free_and_beyond_the_jam_nobody_moves() {
        assert!((weidmann_speed_m_per_s(0.0) - FREE_SPEED_M_PER_S).abs() < 1e-12);
        assert!(weidmann_speed_m_per_s(5.4).abs() < 1e-12 && weidmann_speed_m_per_s(9.0).abs() < 1e-12);
    }
}
