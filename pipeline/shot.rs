//! A counted picture with all that can be drawn over it: for the annotated video, and for whoever looks at a wall of them.

use anyhow::Context as _;
use image::{
    RgbImage,
    imageops::{FilterType, resize},
};
use throng_analytics::{
    camera::{Calibration, MovingView},
    density_map::DensityMap,
    estimate::Estimate as Known,
    site::{LineReport, SiteReport, ZoneReport},
    time::Timestamp,
};

use crate::{
    cli::live::clock_time,
    config::plan::Plan,
    counting::CountedFrame,
    draw::{
        heat::{HeatLayer, HeatUnit},
        overlay::{Estimate, LineOverlay, OverlayFrame, ZoneOverlay, draw_overlay},
    },
};

/// People in a cell of the network's map that get the strongest colour: a middling head spreads over a few cells.
const FULL_PEOPLE_PER_CELL: f32 = 0.25;

/// What is drawn over a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layers {
    /// The density.
    pub heat: bool,
    /// Zones and lines with their figures.
    pub zones: bool,
}

/// A counted picture with all that can be drawn over it.
#[derive(Clone, Debug)]
pub struct Shot {
    /// When it was captured.
    pub captured_at: Timestamp,
    picture: RgbImage,
    /// Width and height of the picture before it was scaled for counting, pixels.
    source_size_px: [u32; 2],
    camera: String,
    time_of_day: String,
    people: Option<Estimate>,
    map: Option<DensityMap>,
    zones: Vec<ZoneOverlay>,
    lines: Vec<LineOverlay>,
    note: Option<String>,
}

impl Shot {
    /// Copies a counted frame, with what is known now.
    ///
    /// # Errors
    /// The frame is of no camera of the plan, or its pixels cannot be read.
    pub fn take(plan: &Plan, counted: &CountedFrame, report: &SiteReport) -> anyhow::Result<Self> {
        let camera = plan.cameras.iter().find(|camera| camera.id.as_str() == &*counted.frame.camera);
        let camera = camera.context("a frame comes from no camera of the site")?;
        let picture = counted.frame.to_image().context("a frame cannot be read")?;
        // A camera that moves has a calibration of its own for each picture; without one there is nothing to draw zones by.
        let calibration = counted.moving_view().map_or(&camera.calibration, MovingView::calibration);
        let px_per_calibration_px =
            f64::from(picture.width()) / f64::from(camera.calibration.image_size_px()[0]);

        let map = counted.observation.count.as_ref().ok().map(|count| DensityMap {
            px_per_cell_x: count.density.px_per_cell_x * px_per_calibration_px,
            px_per_cell_y: count.density.px_per_cell_y * px_per_calibration_px,
            ..count.density.clone()
        });
        let zones = report
            .zones
            .iter()
            .zip(&plan.zones)
            .filter_map(|(zone, model)| {
                let polygon_in_image =
                    outline_in_image(calibration, model.outline.corners_m(), px_per_calibration_px)?;
                Some(zone_overlay(&model.name, polygon_in_image, zone))
            })
            .collect();
        let lines = report
            .lines
            .iter()
            .zip(&plan.lines)
            .filter_map(|(line, model)| {
                let points_in_image =
                    outline_in_image(calibration, model.way.points_m(), px_per_calibration_px)?;
                Some(line_overlay(&model.name, points_in_image, line))
            })
            .collect();
        let reason = counted.observation.count.as_ref().err().map(|reason| format!("not counted: {reason}"));
        Ok(Self {
            captured_at: counted.frame.captured_at,
            picture,
            source_size_px: [counted.frame.source_width_px, counted.frame.source_height_px],
            camera: counted.frame.camera.to_string(),
            time_of_day: clock_time(counted.frame.captured_at, &plan.time_zone),
            people: counted.people.map(drawn),
            map,
            zones,
            lines,
            note: reason.or_else(|| report.zones.iter().find_map(|zone| zone.notes.first().cloned())),
        })
    }

    /// Width and height of the camera's own pictures, pixels.
    pub fn source_size_px(&self) -> [u32; 2] {
        self.source_size_px
    }

    /// The picture in the camera's own size, as it was captured: places in it are places in what the camera sends.
    pub fn full_size(&self) -> RgbImage {
        let [width, height] = self.source_size_px;
        if self.picture.dimensions() == (width, height) {
            return self.picture.clone();
        }
        resize(&self.picture, width, height, FilterType::Triangle)
    }

    /// The picture with layers drawn over it; without any, as it was captured.
    pub fn drawn(&self, layers: Layers) -> RgbImage {
        let mut picture = self.picture.clone();
        if layers.heat || layers.zones {
            let map = self.map.as_ref().filter(|_| layers.heat);
            let heat = map.map(|map| HeatLayer {
                map,
                unit: HeatUnit::PeoplePerCell,
                full_value: FULL_PEOPLE_PER_CELL,
            });
            let frame = OverlayFrame {
                camera: &self.camera,
                captured_at: &self.time_of_day,
                people: self.people,
                heat,
                zones: if layers.zones { &self.zones } else { &[] },
                lines: if layers.zones { &self.lines } else { &[] },
                note: self.note.as_deref(),
            };
            draw_overlay(&mut picture, &frame);
        }
        picture
    }
}

/// A figure as it is drawn.
pub fn drawn(known: Known) -> Estimate {
    Estimate { value: known.value, lo: known.lo, hi: known.hi }
}

fn outline_in_image(calibration: &Calibration, corners_m: &[[f64; 2]], scale: f64) -> Option<Vec<[f64; 2]>> {
    corners_m
        .iter()
        .map(|corner| calibration.image_from_ground().apply(*corner).map(|[u, v]| [u * scale, v * scale]))
        .collect()
}

fn line_overlay(name: &str, points_in_image: Vec<[f64; 2]>, line: &LineReport) -> LineOverlay {
    let flow = line.flow;
    LineOverlay {
        name: name.to_owned(),
        points_in_image,
        people_per_min: flow.map(|f| [60.0 * f.in_people_per_s.value, 60.0 * f.out_people_per_s.value]),
        people: flow.map(|f| [f.in_people.value, f.out_people.value]),
    }
}

fn zone_overlay(name: &str, polygon_in_image: Vec<[f64; 2]>, zone: &ZoneReport) -> ZoneOverlay {
    ZoneOverlay {
        name: name.to_owned(),
        polygon_in_image,
        level: zone.level,
        density_people_per_m2: zone.density_people_per_m2.map(drawn),
        people: zone.people.map(|people| people.value),
        risk: zone.risk.as_ref().map(|risk| risk.score),
    }
}
