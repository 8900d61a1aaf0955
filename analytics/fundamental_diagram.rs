//! How fast people walk at a density, and how many then pass.

/// Density from which a pair of density and speed says how people keep their distance, people/m2.
const FITTED_FROM_PEOPLE_PER_M2: f64 = 0.1;
/// Fewest pairs for a fit, and least range of their densities, highest over lowest.
const PAIRS_MIN: usize = 20;
const RANGE_MIN: f64 = 2.0;
/// Where decay and jam density are looked for, people/m2.
const DECAY_RANGE: [f64; 2] = [0.2, 6.0];
const JAM_RANGE: [f64; 2] = [3.0, 14.0];
/// Share of the pairs that are slower than the envelope.
const BELOW_ENVELOPE: f64 = 0.05;

/// Speed by density in Weidmann's form, `v = v0 (1 - exp(-g (1/rho - 1/rho_jam)))`, and the least that is normal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FundamentalDiagram {
    /// Speed `v0` of people who are alone, m/s.
    pub free_speed_m_per_s: f64,
    /// How fast speed falls with density: `g`, people/m2.
    pub decay_people_per_m2: f64,
    /// Density `rho_jam` at which nobody moves, people/m2. People have been seen to move at 10 people/m2 (Hajj 2006), so
    /// this is the curve's end and no limit of nature.
    pub jam_density_people_per_m2: f64,
    /// Share of the curve's speed that 95 % of what is normal reaches: slower than that is slower than density explains.
    pub envelope: f64,
}

impl FundamentalDiagram {
    /// Weidmann's curve (Transporttechnik der Fussgänger, 1993). A reference only: laboratories have measured a third more
    /// flow than it allows, and what a site does must be fitted there ([`fit`](Self::fit)). Without measurements nothing is
    /// known of an envelope.
    pub const WEIDMANN: Self = Self {
        free_speed_m_per_s: 1.34,
        decay_people_per_m2: 1.913,
        jam_density_people_per_m2: 5.4,
        envelope: 1.0,
    };

    /// Speed in m/s at a density in people/m2: the free speed for nobody and for what is not a number, 0 from the jam density
    /// on.
    pub fn speed_m_per_s(&self, density_people_per_m2: f64) -> f64 {
        if density_people_per_m2.is_nan() || density_people_per_m2 <= 0.0 {
            return self.free_speed_m_per_s;
        }
        self.free_speed_m_per_s
            * shape(density_people_per_m2, self.decay_people_per_m2, self.jam_density_people_per_m2)
    }

    /// Specific flow in people/m/s at a density in people/m2: density times speed.
    pub fn flow_people_per_m_per_s(&self, density_people_per_m2: f64) -> f64 {
        density_people_per_m2.max(0.0) * self.speed_m_per_s(density_people_per_m2)
    }

    /// The curve of least squares through pairs of density, people/m2, and speed, m/s, measured where people walk undisturbed;
    /// its envelope is the ratio of speeds that 5 % of the pairs stay below. `None` with fewer than twenty usable pairs, or
    /// where their densities hardly differ.
    pub fn fit(pairs: &[(f64, f64)]) -> Option<Self> {
        let usable: Vec<(f64, f64)> = pairs
            .iter()
            .copied()
            .filter(|(density, speed)| {
                *density >= FITTED_FROM_PEOPLE_PER_M2
                    && density.is_finite()
                    && *speed >= 0.0
                    && speed.is_finite()
            })
            .collect();
        let densities = || usable.iter().map(|(density, _)| *density);
        let (lo, hi) = (densities().fold(f64::INFINITY, f64::min), densities().fold(0.0, f64::max));
        if usable.len() < PAIRS_MIN || hi < RANGE_MIN * lo {
            return None;
        }
        // Free speed is linear in the speeds; the two others are searched.
        let best = |decay: f64, jam: f64| {
            let (mut along, mut square) = (0.0, 0.0);
            for (density, speed) in &usable {
                let s = shape(*density, decay, jam);
                along += s * speed;
                square += s * s;
            }
            let free = if square > 0.0 { along / square } else { 0.0 };
            let residual =
                |(density, speed): &(f64, f64)| (speed - free * shape(*density, decay, jam)).powi(2);
            (usable.iter().map(residual).sum::<f64>(), free)
        };
        // No curve ends before the densest place where people were still seen to move.
        let jam_range = [JAM_RANGE[0].max(1.01 * hi), JAM_RANGE[1].max(2.0 * hi)];
        let decay_at = |jam: f64| least(DECAY_RANGE, |decay| best(decay, jam).0);
        let jam = least(jam_range, |jam| best(decay_at(jam), jam).0);
        let decay = decay_at(jam);
        let free_speed_m_per_s = best(decay, jam).1;
        let fitted = Self {
            free_speed_m_per_s,
            decay_people_per_m2: decay,
            jam_density_people_per_m2: jam,
            envelope: 1.0,
        };
        let mut ratios: Vec<f64> = usable
            .iter()
            .map(|(density, speed)| speed / fitted.speed_m_per_s(*density).max(f64::MIN_POSITIVE))
            .collect();
        ratios.sort_by(f64::total_cmp);
        let envelope = ratios[((ratios.len() - 1) as f64 * BELOW_ENVELOPE) as usize].clamp(0.0, 1.0);
        (free_speed_m_per_s > 0.0).then_some(Self { envelope, ..fitted })
    }
}

impl Default for FundamentalDiagram {
    fn default() -> Self {
        Self::WEIDMANN
    }
}

/// Share of the free speed at a density above 0.
fn shape(density: f64, decay: f64, jam: f64) -> f64 {
    (-(-decay * (1.0 / density - 1.0 / jam)).exp_m1()).max(0.0)
}

/// Where a function of one valley is least, by the golden section.
fn least([mut lo, mut hi]: [f64; 2], value: impl Fn(f64) -> f64) -> f64 {
    const STEPS: usize = 40;
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    let (mut a, mut b) = (hi - GOLDEN * (hi - lo), lo + GOLDEN * (hi - lo));
    let (mut at_a, mut at_b) = (value(a), value(b));
    for _ in 0..STEPS {
        if at_a < at_b {
            (hi, b, at_b) = (b, a, at_a);
            a = hi - GOLDEN * (hi - lo);
            at_a = value(a);
        } else {
            (lo, a, at_a) = (a, b, at_b);
            b = lo + GOLDEN * (hi - lo);
            at_b = value(b);
        }
    }
    0.5 * (lo + hi)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WEIDMANN: FundamentalDiagram = FundamentalDiagram::WEIDMANN;

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
            assert!((WEIDMANN.speed_m_per_s(density) - speed).abs() < 1e-6, "{density}");
            assert!((WEIDMANN.flow_people_per_m_per_s(density) - flow).abs() < 2e-6, "{density}");
        }
    }

    #[test]
    fn the_most_people_pass_at_one_density() {
        let flow = |density| WEIDMANN.flow_people_per_m_per_s(density);
        assert!((flow(1.7507) - 1.224_918_200).abs() < 1e-8);
        assert!(flow(1.7407) < flow(1.7507) && flow(1.7607) < flow(1.7507));
    }

    #[test]
    fn alone_one_is_free_and_beyond_the_jam_nobody_moves() {
        assert!((WEIDMANN.speed_m_per_s(0.0) - 1.34).abs() < 1e-12);
        assert!(WEIDMANN.speed_m_per_s(5.4).abs() < 1e-12 && WEIDMANN.speed_m_per_s(9.0).abs() < 1e-12);
    }

    #[test]
    fn the_nine_corridor_runs_are_faster_than_weidmann() {
        // Steady states of uo-*-180-* (analytics specification 3.2), each with a scatter of 5 % either way.
        let runs = [
            (0.49497, 1.33655),
            (0.54172, 1.39065),
            (0.67328, 1.34440),
            (1.13969, 1.21119),
            (1.55496, 1.00802),
            (1.68309, 0.96486),
            (2.04465, 0.66605),
            (2.44711, 0.44064),
            (3.06008, 0.34156),
        ];
        let pairs: Vec<(f64, f64)> =
            runs.iter().flat_map(|(rho, v)| [0.95, 1.0, 1.05].map(|s| (*rho, v * s))).collect();
        let fitted = FundamentalDiagram::fit(&pairs).unwrap();
        for (rho, v) in runs {
            assert!((fitted.speed_m_per_s(rho) - v).abs() < 0.1, "{rho}: {v} {fitted:?}");
        }
        assert!(fitted.flow_people_per_m_per_s(1.7) > 1.25 * WEIDMANN.flow_people_per_m_per_s(1.7));
        assert!((0.7..0.98).contains(&fitted.envelope), "{fitted:?}");
    }

    #[test]
    fn what_says_nothing_of_density_is_not_fitted() {
        assert_eq!(FundamentalDiagram::fit(&[(1.0, 1.0); 10]), None);
        assert_eq!(FundamentalDiagram::fit(&[(1.0, 1.0); 100]), None, "one density only");
        assert_eq!(FundamentalDiagram::fit(&[(f64::NAN, 1.0); 100]), None);
    }

    proptest! {
        #[test]
        fn a_curve_is_found_again(free in 0.8..1.8_f64, decay in 1.0..3.0_f64, jam in 5.0..9.0_f64) {
            let truth = FundamentalDiagram {
                free_speed_m_per_s: free, decay_people_per_m2: decay, jam_density_people_per_m2: jam, envelope: 1.0,
            };
            let pairs: Vec<(f64, f64)> = (1..60)
                .map(|k| 0.08 * f64::from(k))
                .map(|density| (density, truth.speed_m_per_s(density)))
                .collect();
            let fitted = FundamentalDiagram::fit(&pairs).unwrap();
            for (density, speed) in pairs {
                prop_assert!((fitted.speed_m_per_s(density) - speed).abs() < 0.01, "{fitted:?} {truth:?}");
            }
        }
    }
}
