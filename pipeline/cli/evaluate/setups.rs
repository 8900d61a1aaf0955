//! The sensors that scenarios are watched with.

use throng_samples::crowd::sensor::SensorConfig;
use throng_samples::evaluation::play::Setup;

/// Name of the sensor that results are stated for.
pub(super) const USUAL: &str = "usual";

/// Seeds that are watched with the other sensors too.
const OTHERS_SEEDS: u64 = 2;

/// The usual sensor, then it with one property changed.
fn all() -> Vec<Setup> {
    let usual = SensorConfig::default();
    [
        (USUAL, usual),
        ("recall 75 %", SensorConfig { recall: 0.75, ..usual }),
        ("recall 60 %", SensorConfig { recall: 0.6, ..usual }),
        ("lengths 10 % long", SensorConfig { ground_scale: 1.1, ..usual }),
        ("lengths 10 % short", SensorConfig { ground_scale: 0.9, ..usual }),
        ("5 frames/s", SensorConfig { frames_per_s: 5.0, ..usual }),
        ("2 frames/s", SensorConfig { frames_per_s: 2.0, ..usual }),
        ("noise 16 cm", SensorConfig { sigma_x_m: 0.16, ..usual }),
        ("noise 30 cm", SensorConfig { sigma_x_m: 0.3, ..usual }),
        ("30 % of frames lost", SensorConfig { lost_frames: 0.3, ..usual }),
        ("60 % of frames lost", SensorConfig { lost_frames: 0.6, ..usual }),
    ]
    .map(|(name, sensor)| Setup { name: name.to_owned(), sensor })
    .into()
}

/// Those that a seed is watched with.
pub(super) fn of_seed(seed: u64, usual_only: bool) -> Vec<Setup> {
    let setups = all();
    let kept = if seed < OTHERS_SEEDS && !usual_only { setups.len() } else { 1 };
    setups.into_iter().take(kept).collect()
}
