//! Footage that comes again: somebody plays a recording in place of the camera.
//!
//! A picture's fingerprint is how it changed within a second, on a rough raster: what stands is not in it, and neither
//! compression nor noise reaches so low a resolution. In a loop the fingerprints of the last seconds correlate with
//! those of one earlier stretch, all at the same distance in time. People never do the same thing twice so exactly:
//! the highest correlation met on real footage is stated in the README.

use std::collections::VecDeque;

use throng_analytics::time::Timestamp;

use super::{
    lie::{Lie, Trouble},
    view::rough,
};
use crate::vision::grey::Grey;

/// Fingerprints a second at most.
const RATE: f64 = 5.0;

/// Fingerprints kept: five minutes, 4.6 MB.
const KEPT: usize = 1500;

/// Columns and rows of a fingerprint: a person in a street camera's picture covers some fields. Rougher ones take a
/// crowd that sways as one for a loop: at 24 x 18, one that is pushed every 10 s correlates with itself by 0.68, at 64 x
/// 48 by 0.44.
const RASTER: (usize, usize) = (64, 48);

/// A change within this many fingerprints, one second.
const STEP: usize = 5;

/// Time constant of the correlation, in fingerprints: ten seconds.
const MEMORY: f32 = 50.0;

/// Shortest loop, in fingerprints: below it, it is a rhythm that people and lights have too.
const SHORTEST: usize = 25;

/// Correlation from which the footage is a loop, and how long it must hold, in fingerprints.
const CORRELATED: f32 = 0.7;
const HOLDS: usize = 15;

/// Mean square of a fingerprint's field below which nothing moves that could be compared.
const MOTION: f32 = 0.4;

/// A field's change beyond this counts as this much, luma: a lamp must not outvote the rest.
const CLIP: f32 = 20.0;

/// Watches for loops.
#[derive(Clone, Debug, Default)]
pub(super) struct LoopWatch {
    /// Rough pictures of the last second, the newest last.
    recent: VecDeque<Vec<f32>>,
    /// Fingerprints, the newest last, with the energy of the stretch that ends there.
    prints: VecDeque<(Vec<i8>, f32)>,
    /// Products of the last stretch with those that ended `index + 1` fingerprints earlier.
    products: Vec<f32>,
    energy: f32,
    ticked_at: Option<Timestamp>,
    /// Fingerprints for which the best correlation was high enough, in a row.
    held: usize,
    began_at: Option<Timestamp>,
    highest: f32,
}

impl LoopWatch {
    /// A gap or another connection: stretches across it are no stretches.
    pub(super) fn interrupt(&mut self) {
        *self = Self::default();
    }

    /// The highest correlation met so far, for reports.
    pub(super) fn highest(&self) -> f64 {
        f64::from(self.highest)
    }

    /// Takes in a picture.
    pub(super) fn observe(&mut self, now: &Grey, at: Timestamp) -> Option<Trouble> {
        let is_due = self.ticked_at.is_none_or(|ticked| at.secs_since(ticked) > 0.9 / RATE);
        if !is_due {
            return self.trouble(None, at);
        }
        self.ticked_at = Some(at);
        self.recent.push_back(rough(now, RASTER));
        if self.recent.len() <= STEP {
            return None;
        }
        let before = self.recent.pop_front()?;
        let print = fingerprint(&before, self.recent.back()?);
        let lag = self.correlate(print);
        if lag.is_some() {
            self.held += 1;
            self.began_at.get_or_insert(at);
        } else if self.held > 0 {
            // Scenes without motion within a loop only pause it.
            self.held = self.held.saturating_sub(2);
            if self.held == 0 {
                self.began_at = None;
            }
        }
        self.trouble(lag, at)
    }

    fn trouble(&self, lag: Option<usize>, at: Timestamp) -> Option<Trouble> {
        if self.held < HOLDS {
            return None;
        }
        let again = lag.map_or_else(String::new, |lag| format!(" of {:.0} s", lag as f64 / RATE));
        let cause = format!("the footage is a loop{again}: the same people move the same way again");
        let began = self.began_at.map_or(at, |began| began + -f64::from(MEMORY) / RATE);
        Some(Trouble::new(Lie::Looped, cause, began))
    }

    /// Adds a fingerprint; the distance of the earlier stretch that it and those before it correlate with, if any.
    fn correlate(&mut self, print: Vec<i8>) -> Option<usize> {
        let kept = 1.0 - 1.0 / MEMORY;
        let print_energy = product(&print, &print);
        self.energy = kept * self.energy + print_energy;
        let mut best: Option<(usize, f32)> = None;
        let moving = MOTION * MEMORY * print.len() as f32;
        for (index, (earlier, earlier_energy)) in self.prints.iter().rev().enumerate() {
            let sum = product(&print, earlier);
            if index == self.products.len() {
                self.products.push(0.0);
            }
            let products = &mut self.products[index];
            *products = kept * *products + sum;
            if index + 1 >= SHORTEST && self.energy > moving && *earlier_energy > moving {
                let correlation = *products / (self.energy * earlier_energy).sqrt();
                if best.is_none_or(|(_, highest)| correlation > highest) {
                    best = Some((index + 1, correlation));
                }
            }
        }
        if self.prints.len() == KEPT {
            self.prints.pop_front();
        }
        self.prints.push_back((print, self.energy));
        let (lag, correlation) = best?;
        self.highest = self.highest.max(correlation);
        (correlation >= CORRELATED).then_some(lag)
    }
}

/// How the rough picture changed, in half steps of luma, without the change of all its light.
fn fingerprint(before: &[f32], now: &[f32]) -> Vec<i8> {
    let mut change: Vec<f32> = before.iter().zip(now).map(|(before, now)| now - before).collect();
    let middle = change.len() / 2;
    let common =
        change.get(middle).map_or(0.0, |_| *change.clone().select_nth_unstable_by(middle, f32::total_cmp).1);
    for value in &mut change {
        *value = 2.0 * (*value - common).clamp(-CLIP, CLIP);
    }
    change.into_iter().map(|value| value.round() as i8).collect()
}

fn product(a: &[i8], b: &[i8]) -> f32 {
    let sum: i32 = a.iter().zip(b).map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
    // In luma squared: both are in half steps.
    sum as f32 / 4.0
}
