//! Time, memory and allocations of one step of a site: a picture in, every zone judged.
//!
//! `cargo bench -p throng-analytics`. One camera on a plan of 80 m by 45 m, which is a grid of 160 x 90 cells of half a
//! metre, 20 zones that cover it and as many lines; then several such sites one after the other, as one core would serve them.
#![expect(unsafe_code, reason = "an allocator that counts is unsafe by its trait")]
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures time")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use throng_analytics::camera::Calibration;
use throng_analytics::density_map::DensityMap;
use throng_analytics::line::{Line, Polyline, Side};
use throng_analytics::motion_field::MotionField;
use throng_analytics::polygon::Polygon;
use throng_analytics::profile::Profile;
use throng_analytics::site::{CameraModel, CameraObservation, ImageCount, Site, SiteModel, SiteReport};
use throng_analytics::time::Timestamp;
use throng_analytics::zone::Zone;

/// Counts what the program allocates.
struct Counting;

static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);
static BYTES: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of this very function.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const COLUMNS: usize = 160;
const ROWS: usize = 90;
const PX_PER_CELL: f64 = 10.0;
const M_PER_PX: f64 = 0.05;
const FRAMES_PER_S: f64 = 10.0;
const FRAMES: usize = 600;

fn site() -> Site {
    let zone = |k: usize| {
        // 5 x 4 zones; the outermost end 2.5 m inside, so that the grid with its margin is the plan.
        let (width, height) = (15.0, 10.0);
        let (x, y) = (2.5 + (k % 5) as f64 * width, 2.5 + (k / 5) as f64 * height);
        Zone {
            id: format!("zone-{k}"),
            name: format!("Zone {k}"),
            outline: Polygon::new(vec![[x, y], [x + width, y], [x + width, y + height], [x, y + height]])
                .unwrap(),
            profile: Profile::street_flat(),
            capacity_people: Some(900.0),
            diagram: throng_analytics::fundamental_diagram::FundamentalDiagram::WEIDMANN,
            features: Vec::new(),
            ring: None,
            is_enclosed_by_lines: true,
            cameras: Vec::new(),
        }
    };
    let line = |k: usize| {
        let (x, y) = (2.5 + (k % 5) as f64 * 15.0, 2.5 + (k / 5) as f64 * 10.0);
        Line {
            id: format!("line-{k}"),
            name: format!("Line {k}"),
            way: Polyline::new(vec![[x, y], [x + 15.0, y]]).unwrap(),
            inside: Side::Left,
            zone: Some(format!("zone-{k}")),
            cameras: Vec::new(),
        }
    };
    let (width_px, height_px) = ((COLUMNS as f64 * PX_PER_CELL) as u32, (ROWS as f64 * PX_PER_CELL) as u32);
    let calibration = Calibration::plan([0.0, 0.0], M_PER_PX, width_px, height_px).unwrap();
    Site::new(SiteModel {
        id: "bench".to_owned(),
        cameras: vec![CameraModel { id: "camera".to_owned(), calibration }],
        zones: (0..20).map(zone).collect(),
        lines: (0..20).map(line).collect(),
    })
}

/// A crowd of about 4 people/m2 that trembles; made before the clock runs.
fn observations() -> Vec<CameraObservation> {
    let tremble = |i: usize, frame: usize| ((i * 7919 + frame * 104_729) % 1000) as f32 / 1000.0 - 0.5;
    (0..FRAMES)
        .map(|frame| {
            let cells = 0..COLUMNS * ROWS;
            let people = cells.clone().map(|i| 1.0 + 0.4 * tremble(i, frame)).collect();
            let velocities =
                cells.map(|i| [4.0 * tremble(i, frame + 1), 4.0 * tremble(i, frame + 2)]).collect();
            let density = DensityMap::new(COLUMNS, ROWS, PX_PER_CELL, PX_PER_CELL, people).unwrap();
            let total = density.people();
            let motion = MotionField::new(COLUMNS, ROWS, PX_PER_CELL, PX_PER_CELL, velocities).unwrap();
            CameraObservation {
                camera: "camera".to_owned(),
                captured_at: Timestamp::from_unix_nanos(1_700_000_000_000_000_000)
                    + frame as f64 / FRAMES_PER_S,
                count: Ok(ImageCount { density, people_lo: 0.9 * total, people_hi: 1.2 * total }),
                motion: Some(motion.with_sigma_px_per_s(1.0)),
            }
        })
        .collect()
}

fn main() {
    let observations = observations();
    let before = BYTES.load(Ordering::Relaxed);
    let mut first = site();
    let grid = first.grid().unwrap();
    println!("grid {} x {} cells, 20 zones and lines, {FRAMES} frames", grid.width_cells, grid.height_cells);
    // The first half fills windows and rooms; the second is the steady state.
    let mut report = SiteReport { now: observations[0].captured_at, zones: Vec::new(), lines: Vec::new() };
    let (filling, steady) = observations.split_at(FRAMES / 2);
    for observation in filling {
        first.observe(observation);
        first.step_into(observation.captured_at, &mut report);
    }
    println!("memory of a camera {:.1} MB", (BYTES.load(Ordering::Relaxed) - before) as f64 / 1e6);
    let mut times_ms: Vec<[f64; 2]> = Vec::with_capacity(steady.len());
    let mut allocations = [0, 0];
    for observation in steady {
        let (started, counted) = (Instant::now(), ALLOCATIONS.load(Ordering::Relaxed));
        first.observe(observation);
        let (observed, observed_count) = (started.elapsed(), ALLOCATIONS.load(Ordering::Relaxed));
        first.step_into(observation.captured_at, &mut report);
        let stepped = started.elapsed();
        allocations[0] += observed_count - counted;
        allocations[1] += ALLOCATIONS.load(Ordering::Relaxed) - observed_count;
        times_ms.push([observed, stepped].map(|t| t.as_secs_f64() * 1e3));
    }
    let quantile = |k: usize, part: f64| {
        let mut sorted: Vec<f64> = times_ms.iter().map(|t| t[k]).collect();
        sorted.sort_by(f64::total_cmp);
        sorted[((sorted.len() - 1) as f64 * part) as usize]
    };
    println!("measuring a picture: median {:.3} ms", quantile(0, 0.5));
    println!("whole step: median {:.3} ms, p95 {:.3} ms", quantile(1, 0.5), quantile(1, 0.95));
    let frames = steady.len();
    println!(
        "allocations a picture: measuring {}, reporting {}",
        allocations[0] / frames,
        allocations[1] / frames
    );
    assert_eq!(allocations, [0, 0], "neither measuring nor reporting may allocate in the steady state");
    for cameras in [1_usize, 8, 64] {
        let mut sites: Vec<Site> = (0..cameras).map(|_| site()).collect();
        let run = |sites: &mut Vec<Site>, frames: &[CameraObservation]| {
            for observation in frames {
                for site in sites.iter_mut() {
                    site.observe(observation);
                    site.step(observation.captured_at);
                }
            }
        };
        run(&mut sites, &observations[..40]);
        let started = Instant::now();
        run(&mut sites, &observations[40..80]);
        let each_ms = started.elapsed().as_secs_f64() * 1e3 / (40 * cameras) as f64;
        println!("{cameras} cameras: {each_ms:.3} ms a camera and step");
    }
}
