//! A tracker's heads as what a camera of the site sees: a plan of the ground with people and their motion on it.

use std::collections::BTreeMap;

use throng_analytics::camera::Calibration;
use throng_analytics::density_map::DensityMap;
use throng_analytics::motion_field::MotionField;
use throng_analytics::polygon::Polygon;
use throng_analytics::site::{CameraModel, CameraObservation, ImageCount};
use throng_analytics::time::Timestamp;

use super::play::{START, Sensor};
use crate::crowd::sensor::{SensorConfig, TrackFrame, Tracks};
use crate::crowd::simulation::Simulation;

/// Scale of the plan, m/px: fine enough that a head is never too small to count.
const M_PER_PX: f64 = 0.05;
/// Pixels along a cell of the density map: a quarter of a metre.
const PX_PER_CELL: f64 = 5.0;
/// Pixels along a cell of the motion field: half a metre, as wide as a person.
const PX_PER_MOTION_CELL: f64 = 10.0;
/// Seconds over which a velocity is taken: at 0.08 m a second keeps its error at 0.11 m/s (analytics specification 2.2).
const SPEED_SECS: f64 = 1.0;
/// Fewest seconds that still give one.
const SPEED_SECS_MIN: f64 = 0.5;

/// What recall a tracker is taken to have at worst and at best, for the interval of its counts.
const RECALL: (f64, f64) = (0.8, 1.0);

/// Ground around the zones that a tracker covers, metres.
const MARGIN_M: f64 = 3.0;

/// The id of the camera.
const CAMERA_ID: &str = "tracks";

/// A tracker that watches a simulated crowd.
#[derive(Clone, Debug)]
pub struct TrackedCrowd {
    tracks: Tracks,
    camera: TracksCamera,
}

impl TrackedCrowd {
    /// A tracker with its errors around some zones.
    pub fn new<'a>(config: SensorConfig, zones: impl Iterator<Item = &'a Polygon>, seed: u64) -> Self {
        let (mut lo, mut hi) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
        for (zone_lo, zone_hi) in zones.map(Polygon::bounds_m) {
            lo = [0, 1].map(|k| lo[k].min(zone_lo[k] - MARGIN_M));
            hi = [0, 1].map(|k| hi[k].max(zone_hi[k] + MARGIN_M));
        }
        let middle_m = [0, 1].map(|k| 0.5 * (lo[k] + hi[k]));
        Self {
            tracks: Tracks::new(config, middle_m, seed),
            camera: TracksCamera::new(lo, hi, config.sigma_x_m),
        }
    }
}

impl Sensor for TrackedCrowd {
    fn model(&self) -> Option<CameraModel> {
        self.camera.model()
    }

    fn due_secs(&self) -> f64 {
        self.tracks.due_secs()
    }

    fn observe(&mut self, simulation: &Simulation) -> Option<CameraObservation> {
        let frame = self.tracks.observe(simulation)?;
        Some(self.camera.observe(&frame, START + frame.t_secs))
    }
}

/// Makes observations of a tracker's frames.
#[derive(Clone, Debug)]
pub struct TracksCamera {
    /// Lower left corner of the plan on the ground, metres.
    origin_m: [f64; 2],
    size_px: [u32; 2],
    sigma_x_m: f64,
    /// Where each head was in the last seconds.
    pasts: BTreeMap<u32, Vec<(f64, [f64; 2])>>,
}

impl TracksCamera {
    /// For the ground between two corners, metres, and positions with a standard deviation of `sigma_x_m`.
    pub fn new(lo_m: [f64; 2], hi_m: [f64; 2], sigma_x_m: f64) -> Self {
        let size_px = [0, 1].map(|axis| {
            let cells = ((hi_m[axis] - lo_m[axis]) / (M_PER_PX * PX_PER_MOTION_CELL)).ceil().max(1.0);
            (cells * PX_PER_MOTION_CELL) as u32
        });
        Self { origin_m: lo_m, size_px, sigma_x_m, pasts: BTreeMap::new() }
    }

    /// The camera as the site must know it; `None` where the ground is too small or too large for a plan.
    pub fn model(&self) -> Option<CameraModel> {
        let calibration = Calibration::plan(self.origin_m, M_PER_PX, self.size_px[0], self.size_px[1])?;
        Some(CameraModel { id: CAMERA_ID.to_owned(), calibration })
    }

    fn pixel(&self, at_m: [f64; 2]) -> [f64; 2] {
        let height_px = f64::from(self.size_px[1]);
        [(at_m[0] - self.origin_m[0]) / M_PER_PX, height_px - (at_m[1] - self.origin_m[1]) / M_PER_PX]
    }

    /// What the camera sees in a frame.
    pub fn observe(&mut self, frame: &TrackFrame, captured_at: Timestamp) -> CameraObservation {
        let cells = |px_per_cell: f64| self.size_px.map(|px| (f64::from(px) / px_per_cell) as usize);
        let [width, height] = cells(PX_PER_CELL);
        let [motion_width, motion_height] = cells(PX_PER_MOTION_CELL);
        let mut people = vec![0.0_f32; width * height];
        let mut moving = vec![([0.0_f64; 2], 0.0_f64); motion_width * motion_height];
        let mut base_secs = (0.0, 0.0);
        self.pasts.retain(|_, past| past.last().is_some_and(|(t, _)| frame.t_secs - t <= SPEED_SECS));
        for head in &frame.heads {
            let [u, v] = self.pixel(head.at_in_ground_m);
            let cell = |px_per_cell: f64, width: usize, height: usize| {
                let (column, row) = ((u / px_per_cell).floor(), (v / px_per_cell).floor());
                let inside = column >= 0.0 && row >= 0.0 && column < width as f64 && row < height as f64;
                inside.then_some(row as usize * width + column as usize)
            };
            if let Some(index) = cell(PX_PER_CELL, width, height) {
                people[index] += 1.0;
            }
            let past = self.pasts.entry(head.id).or_default();
            past.push((frame.t_secs, head.at_in_ground_m));
            past.retain(|(t, _)| frame.t_secs - t <= SPEED_SECS + 1e-6);
            let Some((then_secs, then)) = past.first().copied() else { continue };
            let secs = frame.t_secs - then_secs;
            if secs < SPEED_SECS_MIN {
                continue;
            }
            if let Some(index) = cell(PX_PER_MOTION_CELL, motion_width, motion_height) {
                let (sum, heads) = &mut moving[index];
                for axis in 0..2 {
                    sum[axis] += (head.at_in_ground_m[axis] - then[axis]) / secs;
                }
                *heads += 1.0;
                base_secs = (base_secs.0 + secs, base_secs.1 + 1.0);
            }
        }
        let found = frame.heads.len() as f64;
        let count = DensityMap::new(width, height, PX_PER_CELL, PX_PER_CELL, people)
            .map(|density| ImageCount { density, people_lo: found / RECALL.1, people_hi: found / RECALL.0 })
            .map_err(|error| error.to_string());
        // Up is towards smaller v.
        let velocities = moving.iter().map(|(sum, heads)| {
            let mean = sum.map(|s| if *heads > 0.0 { s / heads / M_PER_PX } else { 0.0 });
            [mean[0] as f32, -mean[1] as f32]
        });
        let sigma_m_per_s = std::f64::consts::SQRT_2 * self.sigma_x_m / (base_secs.0 / base_secs.1);
        let motion = (base_secs.1 > 0.0)
            .then(|| {
                let px = PX_PER_MOTION_CELL;
                MotionField::new(motion_width, motion_height, px, px, velocities.collect()).ok()
            })
            .flatten()
            .map(|field| field.with_sigma_px_per_s(sigma_m_per_s / M_PER_PX));
        CameraObservation { camera: CAMERA_ID.to_owned(), captured_at, count, motion }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crowd::sensor::TrackedHead;

    #[test]
    fn heads_are_counted_once_and_their_velocity_is_theirs() {
        let mut camera = TracksCamera::new([-10.0, -5.0], [10.0, 5.0], 0.08);
        assert!(camera.model().is_some());
        let mut last = None;
        for i in 0..12 {
            let t_secs = f64::from(i) * 0.1;
            let heads = (0..5)
                .map(|id| TrackedHead {
                    id,
                    at_in_ground_m: [-8.0 + f64::from(id) * 2.0 + 0.7 * t_secs, 1.0 - 0.3 * t_secs],
                })
                .collect();
            last =
                Some(camera.observe(&TrackFrame { t_secs, heads }, Timestamp::from_unix_nanos(0) + t_secs));
        }
        let seen = last.unwrap();
        assert!((seen.count.unwrap().density.people() - 5.0).abs() < 1e-9);
        let motion = seen.motion.unwrap();
        let [u, v] = motion.at(camera.pixel([-8.0 + 0.77, 0.67])).unwrap();
        assert!((u * M_PER_PX - 0.7).abs() < 1e-3 && (-v * M_PER_PX + 0.3).abs() < 1e-3, "{u} {v}");
        let sigma = motion.sigma_px_per_s().unwrap() * M_PER_PX;
        assert!((sigma - 0.113).abs() < 0.002, "{sigma}");
    }
}
