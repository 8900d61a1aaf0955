//! What makes a place worse for a dense crowd than level open ground.

/// A feature of a place that raises the weight of whatever endangers a crowd there.
///
/// The factors are our proposal, after the order in which crowd-safety guides list such places; none is measured. They
/// multiply, up to [`FACTOR_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SiteFeature {
    /// A ramp or a sloping street: whoever falls is fallen upon from above.
    Slope,
    /// Stairs.
    Stairs,
    /// No way out at the far end: pressure finds no way but back.
    DeadEnd,
    /// Narrower than about four metres between walls: nobody can step aside.
    Narrow,
}

/// Largest product of factors (our proposal).
pub const FACTOR_MAX: f64 = 1.5;

impl SiteFeature {
    /// Its name in site files and messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Slope => "slope",
            Self::Stairs => "stairs",
            Self::DeadEnd => "dead_end",
            Self::Narrow => "narrow",
        }
    }

    /// What the weights of the risk score are multiplied by.
    pub fn factor(self) -> f64 {
        match self {
            Self::Slope | Self::Narrow => 1.1,
            Self::Stairs | Self::DeadEnd => 1.2,
        }
    }

    /// The factor of a place with several features; 1 without any. A feature named twice counts once.
    pub fn factor_of(features: &[Self]) -> f64 {
        let first = |(i, feature): (usize, &Self)| (!features[..i].contains(feature)).then_some(*feature);
        features.iter().enumerate().filter_map(first).map(Self::factor).product::<f64>().min(FACTOR_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_multiply_once_each_and_up_to_a_limit() {
        use SiteFeature::{DeadEnd, Narrow, Slope, Stairs};
        assert!((SiteFeature::factor_of(&[]) - 1.0).abs() < 1e-12);
        assert!((SiteFeature::factor_of(&[Stairs, Narrow, Stairs]) - 1.32).abs() < 1e-12);
        assert!((SiteFeature::factor_of(&[Stairs, Slope, DeadEnd, Narrow]) - FACTOR_MAX).abs() < 1e-12);
    }
}
