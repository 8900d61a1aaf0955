//! Fruin's levels of service: how comfortable a place is. For display alone; comfort is not safety, and nothing warns on
//! them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Square metres in a square foot.
const M2_PER_FT2: f64 = 0.092_903_04;

/// Least room for a person at levels A to E, square feet, walking (Fruin, Pedestrian Planning and Design, 1971).
const WALKWAY_FT2: [f64; 5] = [35.0, 25.0, 15.0, 10.0, 5.0];

/// The same where people stand and wait. The feet are Fruin's as commonly quoted, from memory; their conversion to people/m2
/// (0.83, 1.08, 1.54, 3.59, 5.38) was checked.
const QUEUEING_FT2: [f64; 5] = [13.0, 10.0, 7.0, 3.0, 2.0];

/// A level of service: A is free, F is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum LevelOfService {
    /// Everybody goes as they like.
    A,
    /// Now and then somebody gives way.
    B,
    /// Choice of speed is limited.
    C,
    /// Most are held up.
    D,
    /// Everybody is; shuffling at times.
    E,
    /// Standstill and touching.
    F,
}

impl LevelOfService {
    const ALL: [Self; 6] = [Self::A, Self::B, Self::C, Self::D, Self::E, Self::F];

    /// Of people who walk, by density in people/m2; `None` for what is not a number.
    pub fn of_walkway(density_people_per_m2: f64) -> Option<Self> {
        Self::of(density_people_per_m2, &WALKWAY_FT2)
    }

    /// Of people who stand and wait.
    pub fn of_queue(density_people_per_m2: f64) -> Option<Self> {
        Self::of(density_people_per_m2, &QUEUEING_FT2)
    }

    fn of(density_people_per_m2: f64, room_ft2: &[f64; 5]) -> Option<Self> {
        let passed = room_ft2.iter().filter(|ft2| density_people_per_m2 > 1.0 / (*ft2 * M2_PER_FT2)).count();
        (!density_people_per_m2.is_nan()).then(|| Self::ALL[passed])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_levels_end_where_fruin_has_them_end() {
        let ends = [0.3076, 0.4306, 0.7176, 1.0764, 2.1528];
        for (k, end) in ends.into_iter().enumerate() {
            assert_eq!(LevelOfService::of_walkway(end * 0.999), Some(LevelOfService::ALL[k]));
            assert_eq!(LevelOfService::of_walkway(end * 1.001), Some(LevelOfService::ALL[k + 1]));
        }
        for (density, level) in [(0.8, LevelOfService::A), (3.6, LevelOfService::E), (5.4, LevelOfService::F)]
        {
            assert_eq!(LevelOfService::of_queue(density), Some(level));
        }
        assert_eq!(LevelOfService::of_walkway(f64::NAN), None);
    }
}
