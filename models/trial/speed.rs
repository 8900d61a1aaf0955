//! How long counting takes: the whole call from a picture's bytes to people and map, and the network alone in it.
//!
//! Counters take turns, so that whatever else the machine does hits all of them alike.

use std::time::{Duration, Instant};

use serde::Serialize;

use super::pictures;
use crate::{counter::Counter, error::Result, fit::Scale, picture::RgbView};

/// Rounds that are not timed: the first ones allocate, fill caches and choose kernels.
const WARM_UP_ROUNDS: usize = 3;

/// Rounds that are timed even where the time is over.
const ROUNDS_MIN: usize = 3;

/// What is counted, and how often.
#[derive(Clone, Debug)]
pub struct Load {
    /// Width and height of each picture, pixels.
    pub size_px: [usize; 2],
    /// How many pictures are counted in one call; each number is measured for itself.
    pub batches: Vec<usize>,
    /// Most rounds; in each every counter counts every batch.
    pub rounds: usize,
    /// No round begins after this time, but for a few that there always are; rounds that warm up do not count.
    pub within: Duration,
}

/// How fast a counter is with batches of one size.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Speed {
    /// Pictures in one call.
    pub batch: usize,
    /// Calls that were timed.
    pub calls: usize,
    /// From the bytes of all pictures of a batch to people and maps.
    pub call: Latency,
    /// The network's part of it.
    pub network: Latency,
    /// Pictures a second, by the median call.
    pub frames_per_s: f64,
}

/// Times of many calls.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Latency {
    /// Median, milliseconds.
    pub median_ms: f64,
    /// The time that 99 of 100 calls stay under, milliseconds.
    pub p99_ms: f64,
}

/// How fast each of `counters` is, in their order, with each of the load's batches, in theirs.
///
/// # Errors
/// As [`Counter::count`].
pub fn speeds(counters: &mut [Counter], load: &Load) -> Result<Vec<Vec<Speed>>> {
    let picture = pictures::street(load.size_px);
    let [width_px, height_px] = load.size_px;
    let Some(view) = RgbView::new(&picture, width_px, height_px, 3 * width_px) else { return Ok(Vec::new()) };
    let mut times = vec![vec![Times::default(); load.batches.len()]; counters.len()];
    let mut began = Instant::now();
    for round in 0..WARM_UP_ROUNDS + load.rounds {
        if round == WARM_UP_ROUNDS {
            began = Instant::now();
        }
        if round >= WARM_UP_ROUNDS + ROUNDS_MIN && began.elapsed() > load.within {
            break;
        }
        for (counter, times) in counters.iter_mut().zip(&mut times) {
            for (batch, times) in load.batches.iter().zip(times) {
                let time = timed(counter, view, *batch)?;
                if round >= WARM_UP_ROUNDS {
                    times.add(time);
                }
            }
        }
    }
    let of_counter =
        |times: Vec<Times>| times.into_iter().zip(&load.batches).map(|(t, batch)| t.speed(*batch)).collect();
    Ok(times.into_iter().map(of_counter).collect())
}

/// Seconds of a call that counts `picture` `batch` times, and those of the network in it.
fn timed(counter: &mut Counter, picture: RgbView<'_>, batch: usize) -> Result<[f64; 2]> {
    let pictures = vec![(picture, Scale::AsCard); batch];
    let began = Instant::now();
    let counts = if batch == 1 {
        vec![counter.count_at(picture, Scale::AsCard)?]
    } else {
        counter.count_batch(&pictures)?
    };
    let call_secs = began.elapsed().as_secs_f64();
    Ok([call_secs, counts.iter().map(|count| count.inference_secs).sum()])
}

/// Times of many calls, seconds.
#[derive(Clone, Default)]
struct Times {
    call_secs: Vec<f64>,
    network_secs: Vec<f64>,
}

impl Times {
    fn add(&mut self, [call_secs, network_secs]: [f64; 2]) {
        self.call_secs.push(call_secs);
        self.network_secs.push(network_secs);
    }

    fn speed(self, batch: usize) -> Speed {
        let calls = self.call_secs.len();
        let (call, network) = (latency(self.call_secs), latency(self.network_secs));
        Speed { batch, calls, call, network, frames_per_s: 1e3 * batch as f64 / call.median_ms }
    }
}

fn latency(mut secs: Vec<f64>) -> Latency {
    secs.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let index = (share * secs.len() as f64) as usize;
        secs.get(index.min(secs.len().saturating_sub(1))).map_or(f64::NAN, |secs| 1e3 * secs)
    };
    Latency { median_ms: at(0.5), p99_ms: at(0.99) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_times_the_middle_and_one_in_a_hundred_are_told() {
        let secs: Vec<f64> = (1..=200).rev().map(f64::from).collect();
        let Latency { median_ms, p99_ms } = latency(secs);
        assert!((median_ms - 101e3).abs() < 1e-6 && (p99_ms - 199e3).abs() < 1e-6, "{median_ms} {p99_ms}");
        assert!(latency(Vec::new()).p99_ms.is_nan());
        assert!((latency(vec![2.0]).p99_ms - 2e3).abs() < 1e-9);
    }

    #[test]
    fn frames_a_second_follow_from_the_batch() {
        let mut times = Times::default();
        times.add([0.5, 0.4]);
        let speed = times.speed(8);
        assert!((speed.frames_per_s - 16.0).abs() < 1e-9 && (speed.network.median_ms - 400.0).abs() < 1e-9);
    }
}
