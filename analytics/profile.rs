//! Threshold profiles: from how many people per square metre a zone warns, and for how long that must hold.

use crate::level::Level;

/// Numbers for the four warning levels, blue to red.
pub type PerLevel = [f64; 4];

/// Dwell before a level is raised, seconds, blue to red (analytics specification 5.1; our proposal).
pub const RAISE_DWELL_SECS: PerLevel = [30.0, 15.0, 10.0, 5.0];

/// Dwell before a level is cleared, seconds, blue to red (analytics specification 5.1; our proposal).
pub const CLEAR_DWELL_SECS: PerLevel = [120.0, 120.0, 180.0, 300.0];

/// `theta_down / theta_up`, blue to red: the dead band (analytics specification 5.1; our proposal).
pub const DOWN_RATIO: PerLevel = [0.85, 0.85, 0.88, 0.90];

/// Occupancy ratio `N / N_cap` of the levels: Badaling's capacity ladder, 60 / 80 / 100 % for yellow, orange and red
/// (tongjingw.cn); blue at one half is our proposal.
pub const OCCUPANCY_RATIO: PerLevel = [0.5, 0.6, 0.8, 1.0];

/// Thresholds and dwell times of a kind of place.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// Name, as in the site file.
    pub id: String,
    /// `theta_up` in people/m2, blue to red.
    pub theta_up_people_per_m2: PerLevel,
    /// Seconds for which a level must hold before it is raised, blue to red.
    pub raise_dwell_secs: PerLevel,
    /// Seconds for which a level must be left before it is cleared, blue to red.
    pub clear_dwell_secs: PerLevel,
}

impl Profile {
    /// A profile with the default dwell times.
    pub fn new(id: &str, theta_up_people_per_m2: PerLevel) -> Self {
        Self {
            id: id.to_owned(),
            theta_up_people_per_m2,
            raise_dwell_secs: RAISE_DWELL_SECS,
            clear_dwell_secs: CLEAR_DWELL_SECS,
        }
    }

    /// Mixed, moving crowds on flat streets: Seoul's CCTV ladder as operated (3 / 4 / 5 /m2), blue at the density
    /// where flow peaks (Still: 2-3 /m2) and that Helbing and Mukerji 2012, table 6, call level 0.
    pub fn street_flat() -> Self {
        Self::new("street_flat", [2.0, 3.0, 4.0, 5.0])
    }

    /// Less than 4 m wide, steeper than 5 % or stairs: Seoul adjusts such sites downwards; Suwon begins at 1.5 /m2.
    pub fn narrow_slope_stairs() -> Self {
        Self::new("narrow_slope_stairs", [1.5, 2.0, 3.0, 4.0])
    }

    /// Static, stewarded events: HSG195's 3.3 /m2, Stockton's "unstable" above 4, the Green Guide's 4.7 at most, and
    /// Still's 5.
    pub fn standing_event() -> Self {
        Self::new("standing_event", [3.0, 4.0, 4.7, 5.5])
    }

    /// The shipped profile of that name.
    pub fn shipped(id: &str) -> Option<Self> {
        [Self::street_flat(), Self::narrow_slope_stairs(), Self::standing_event()]
            .into_iter()
            .find(|p| p.id == id)
    }

    /// `theta_up` of a warning level, people/m2; infinite for normal's place below blue, which is never entered.
    pub fn theta_up(&self, level: Level) -> f64 {
        per_level(&self.theta_up_people_per_m2, level)
    }

    /// `theta_down` of a warning level, people/m2: where it may be left.
    pub fn theta_down(&self, level: Level) -> f64 {
        self.theta_up(level) * per_level(&DOWN_RATIO, level)
    }

    /// Seconds before a warning level is raised.
    pub fn raise_dwell(&self, level: Level) -> f64 {
        per_level(&self.raise_dwell_secs, level)
    }

    /// Seconds before a warning level is cleared.
    pub fn clear_dwell(&self, level: Level) -> f64 {
        per_level(&self.clear_dwell_secs, level)
    }
}

/// The value of a warning level; infinite for normal.
pub(crate) fn per_level(values: &PerLevel, level: Level) -> f64 {
    usize::from(level.number()).checked_sub(1).and_then(|i| values.get(i)).copied().unwrap_or(f64::INFINITY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_profile_climbs_and_has_a_dead_band() {
        for id in ["street_flat", "narrow_slope_stairs", "standing_event"] {
            let profile = Profile::shipped(id).unwrap();
            for level in Level::WARNING {
                assert!(profile.theta_down(level) < profile.theta_up(level));
                assert!(level == Level::Blue || profile.theta_up(level.below()) < profile.theta_up(level));
            }
        }
        assert_eq!(Profile::shipped("beach"), None);
    }
}
