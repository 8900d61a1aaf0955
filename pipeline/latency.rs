//! From capture to bus, as a subscriber sees it.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::Instant,
};

use serde::Serialize;
use throng_analytics::wire::Count;
use tokio::task::JoinHandle;

use crate::{
    locked::locked,
    publish::{Heard, Network, Topic, Watcher},
};

/// Latencies waiting for their message at most; a bus that delivers nothing must not fill the memory.
const WAITING_MAX: usize = 4096;

/// Samples kept: the latest ones, so that a site that runs for months does not fill the memory.
const SAMPLES_MAX: usize = 65_536;

/// Percentiles in milliseconds; absent without a single sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Percentiles {
    /// Median.
    pub p50: Option<f64>,
    /// 95th percentile.
    pub p95: Option<f64>,
    /// 99th percentile.
    pub p99: Option<f64>,
}

impl Percentiles {
    /// Of samples in milliseconds, by the nearest-rank method.
    pub fn of<'a>(samples_ms: impl IntoIterator<Item = &'a f64>) -> Self {
        let mut sorted: Vec<f64> = samples_ms.into_iter().copied().collect();
        sorted.sort_by(f64::total_cmp);
        let rank = |p: f64| {
            let rank = (p * sorted.len() as f64).ceil() as usize;
            // Microseconds are all that a report can mean.
            sorted.get(rank.max(1) - 1).map(|ms| (ms * 1000.0).round() / 1000.0)
        };
        Self { p50: rank(0.50), p95: rank(0.95), p99: rank(0.99) }
    }
}

/// Measures by a subscriber of its own, in a session of its own.
#[derive(Clone, Debug, Default)]
pub struct LatencyProbe {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    /// When the frame behind a count was captured, by camera and number of the message.
    captured: HashMap<(String, u64), Captured>,
    total_ms: VecDeque<f64>,
    beside_inference_ms: VecDeque<f64>,
}

#[derive(Clone, Copy, Debug)]
struct Captured {
    at: Instant,
    inference_secs: f64,
}

impl LatencyProbe {
    /// Notes a count that is about to be published.
    pub fn published(&self, camera: &str, seq: u64, captured: Instant, inference_secs: f64) {
        let mut inner = locked(&self.inner);
        if inner.captured.len() < WAITING_MAX {
            inner.captured.insert((camera.to_owned(), seq), Captured { at: captured, inference_secs });
        }
    }

    /// Listens on the bus until the task is dropped.
    ///
    /// # Errors
    /// The subscriber's session cannot be opened.
    pub async fn listen(&self, network: &Network, site: &str) -> anyhow::Result<JoinHandle<()>> {
        let mut watcher =
            Watcher::open(&network.neighbour(), &format!("throng/v1/{site}/camera/*/count"), false).await?;
        let probe = self.clone();
        Ok(tokio::spawn(async move {
            while let Some(arrival) = watcher.next().await {
                let now = Instant::now();
                let (Some((_, Topic::CameraCount(_))), Heard::Message { payload, .. }) =
                    (&arrival.topic, &arrival.heard)
                else {
                    continue;
                };
                if let Ok(count) = serde_json::from_slice::<Count>(payload) {
                    probe.arrived(&count, now);
                }
            }
        }))
    }

    fn arrived(&self, count: &Count, now: Instant) {
        let mut inner = locked(&self.inner);
        if let Some(captured) = inner.captured.remove(&(count.camera.clone(), count.envelope.seq)) {
            let ms = now.saturating_duration_since(captured.at).as_secs_f64() * 1e3;
            keep(&mut inner.total_ms, ms);
            keep(&mut inner.beside_inference_ms, (ms - captured.inference_secs * 1e3).max(0.0));
        }
    }

    /// Capture to subscriber, in milliseconds.
    pub fn capture_to_bus_ms(&self) -> Percentiles {
        Percentiles::of(&locked(&self.inner).total_ms)
    }

    /// The same without the network's inference.
    pub fn beside_inference_ms(&self) -> Percentiles {
        Percentiles::of(&locked(&self.inner).beside_inference_ms)
    }
}

fn keep(samples: &mut VecDeque<f64>, sample: f64) {
    if samples.len() == SAMPLES_MAX {
        samples.pop_front();
    }
    samples.push_back(sample);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples_and_nothing_has_none() {
        let samples: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(
            Percentiles::of(&samples),
            Percentiles { p50: Some(50.0), p95: Some(95.0), p99: Some(99.0) }
        );
        assert_eq!(Percentiles::of(&[]), Percentiles::default());
    }
}
