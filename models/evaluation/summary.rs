//! Many scores in a few figures.

use serde::Serialize;

use super::score::{GAME_LEVELS, HeadMatches, Score};

/// Borders between the strata, in true people a picture.
const STRATA_PEOPLE: [f64; 7] = [0.0, 1.0, 10.0, 50.0, 200.0, 1000.0, f64::INFINITY];

/// Error over a set of pictures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// Pictures counted.
    pub images: usize,
    /// Mean absolute error, people a picture.
    pub mae: f64,
    /// Root of the mean squared error, people a picture.
    pub rmse: f64,
    /// Mean of counted minus true, people a picture.
    pub bias: f64,
    /// Grid average mean absolute error with 1, 4, 16 and 64 parts, people a picture (Guerrero-Gomez-Olmedo 2015).
    pub game: [f64; GAME_LEVELS],
    /// Share of pictures whose published 90 % interval holds the truth.
    pub coverage90: f64,
    /// Mean milliseconds that counting a picture took, from its pixels to people and map.
    pub ms_per_image: f64,
    /// Error by true people a picture; strata without pictures are left out.
    pub strata: Vec<Stratum>,
    /// Heads found and where they should be.
    pub heads: Localisation,
}

/// Error among pictures with `people_min <= true people < people_max`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stratum {
    /// Fewest true people.
    pub people_min: f64,
    /// Fewest true people past the stratum; absent in the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub people_max: Option<f64>,
    /// Pictures of it.
    pub images: usize,
    /// Mean absolute error, people a picture.
    pub mae: f64,
    /// Mean of counted minus true, people a picture.
    pub bias: f64,
    /// Mean of the absolute error over the true people; absent where nobody is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relative_error: Option<f64>,
    /// Share of pictures whose published 90 % interval holds the truth.
    pub coverage90: f64,
}

/// How well heads are found, over all pictures together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Localisation {
    /// How far apart a found and a true head may be to be the same, pixels.
    pub radius_px: f64,
    /// Share of found heads that are heads.
    pub precision: f64,
    /// Share of true heads that were found.
    pub recall: f64,
    /// Harmonic mean of both.
    pub f1: f64,
}

/// Sums `scores` up; `None` where there are none. `radius_px` is the one that heads were matched with.
pub fn summary(scores: &[Score], radius_px: f64) -> Option<Summary> {
    if scores.is_empty() {
        return None;
    }
    let all: Vec<&Score> = scores.iter().collect();
    let heads = scores.iter().fold(HeadMatches::default(), |sum, score| HeadMatches {
        found: sum.found + score.heads.found,
        truth: sum.truth + score.heads.truth,
        pairs: sum.pairs + score.heads.pairs,
    });
    Some(Summary {
        images: scores.len(),
        mae: mean(&all, |s| (s.people - s.people_true).abs()),
        rmse: mean(&all, |s| (s.people - s.people_true).powi(2)).sqrt(),
        bias: mean(&all, |s| s.people - s.people_true),
        game: std::array::from_fn(|level| mean(&all, |s| s.game[level])),
        coverage90: mean(&all, covered),
        ms_per_image: 1e3 * mean(&all, |s| s.secs),
        strata: STRATA_PEOPLE.windows(2).filter_map(|ends| stratum(scores, ends[0], ends[1])).collect(),
        heads: localisation(heads, radius_px),
    })
}

fn stratum(scores: &[Score], people_min: f64, people_max: f64) -> Option<Stratum> {
    let inside: Vec<&Score> =
        scores.iter().filter(|s| (people_min..people_max).contains(&s.people_true)).collect();
    (!inside.is_empty()).then(|| Stratum {
        people_min,
        people_max: people_max.is_finite().then_some(people_max),
        images: inside.len(),
        mae: mean(&inside, |s| (s.people - s.people_true).abs()),
        bias: mean(&inside, |s| s.people - s.people_true),
        relative_error: (people_min > 0.0)
            .then(|| mean(&inside, |s| (s.people - s.people_true).abs() / s.people_true)),
        coverage90: mean(&inside, covered),
    })
}

fn localisation(heads: HeadMatches, radius_px: f64) -> Localisation {
    let share = |of: usize| if of == 0 { 1.0 } else { heads.pairs as f64 / of as f64 };
    let (precision, recall) = (share(heads.found), share(heads.truth));
    let f1 = if precision + recall > 0.0 { 2.0 * precision * recall / (precision + recall) } else { 0.0 };
    Localisation { radius_px, precision, recall, f1 }
}

fn covered(score: &Score) -> f64 {
    f64::from(u8::from(score.is_covered))
}

fn mean(scores: &[&Score], value: impl Fn(&Score) -> f64) -> f64 {
    scores.iter().map(|score| value(score)).sum::<f64>() / scores.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scored(people_true: f64, people: f64, is_covered: bool) -> Score {
        let error = (people - people_true).abs();
        let heads = HeadMatches { found: people as usize, truth: people_true as usize, pairs: 0 };
        Score { people_true, people, is_covered, game: [error; GAME_LEVELS], heads, secs: 0.01 }
    }

    #[test]
    fn figures_follow_from_the_scores() {
        let scores = [scored(0.0, 2.0, true), scored(20.0, 16.0, true), scored(100.0, 110.0, false)];
        let summary = summary(&scores, 8.0).unwrap();
        assert_eq!(summary.images, 3);
        assert!((summary.mae - 16.0 / 3.0).abs() < 1e-9);
        assert!((summary.rmse - (120.0_f64 / 3.0).sqrt()).abs() < 1e-9);
        assert!((summary.bias - 8.0 / 3.0).abs() < 1e-9);
        assert!((summary.coverage90 - 2.0 / 3.0).abs() < 1e-9);
        assert!((summary.ms_per_image - 10.0).abs() < 1e-9);
        let strata: Vec<(f64, usize, Option<f64>)> =
            summary.strata.iter().map(|s| (s.people_min, s.images, s.relative_error)).collect();
        assert_eq!(strata, [(0.0, 1, None), (10.0, 1, Some(0.2)), (50.0, 1, Some(0.1))]);
    }

    #[test]
    fn localisation_weighs_misses_and_false_heads() {
        let heads = localisation(HeadMatches { found: 8, truth: 12, pairs: 6 }, 8.0);
        assert!((heads.precision - 0.75).abs() < 1e-9 && (heads.recall - 0.5).abs() < 1e-9);
        assert!((heads.f1 - 0.6).abs() < 1e-9);
        assert!((localisation(HeadMatches::default(), 8.0).f1 - 1.0).abs() < 1e-9);
    }

    #[test]
    fn no_pictures_have_no_error() {
        assert_eq!(summary(&[], 8.0), None);
    }
}
