//! `throng calibrate --heads`: the size of heads in the picture to a rough calibration.

use anyhow::{Context, bail, ensure};
use image::RgbImage;
use serde::Serialize;
use throng_analytics::camera::{Calibration, HeadSeen, HeadSizes, HeadSizesError, STANDING_HEAD_HEIGHT_M};
use throng_models::picture::RgbView;
use toml_edit::{Array, InlineTable, Item, Table, Value, value};

use super::{CalibrateArgs, ExitStatus, draw_calibration, edit, output};
use crate::{
    config::plan::{CameraPlan, Plan},
    engine,
};

/// Fewest heads found by a detector that a camera is made of: one mistaken box in four does not move the median line of twelve.
const HEADS_MIN: usize = 12;

/// The line of `--json`.
#[derive(Serialize)]
struct Report<'a> {
    camera: &'a str,
    heads: usize,
    /// Width of a head at the top and bottom rows between which they were found: row and width, pixels.
    head_widths_px: [[f64; 2]; 2],
    camera_height_m: Option<f64>,
    depression_degrees: Option<f64>,
    /// Relative standard deviation of areas.
    area_sigma: f64,
    picture: String,
}

/// Runs the command.
///
/// # Errors
/// The model cannot be opened, too few people are in the pictures, or their heads tell no camera. The site file is then as it
/// was.
pub(super) fn run(
    args: &CalibrateArgs,
    plan: &Plan,
    camera: &CameraPlan,
    mut pictures: Vec<RgbImage>,
) -> anyhow::Result<ExitStatus> {
    let size_px = pictures.first().map_or([0, 0], |picture| [picture.width(), picture.height()]);
    ensure!(
        pictures.iter().all(|picture| [picture.width(), picture.height()] == size_px),
        "the pictures are not all of one size: they cannot be of one camera"
    );
    let mut counter = engine::open_counter(plan)?;
    let mut seen = Vec::new();
    for picture in &pictures {
        let view =
            RgbView::new(picture.as_raw(), size_px[0] as usize, size_px[1] as usize, 3 * size_px[0] as usize)
                .context("a picture is not readable")?;
        let heads = counter.measured_heads(view)?.into_iter();
        seen.extend(heads.map(|([_, row_px], width_px)| HeadSeen { row_px, width_px }));
    }
    if seen.len() < HEADS_MIN {
        bail!(
            "{} people are found in {} picture(s), and {HEADS_MIN} are needed: give more with --still, taken when people are about",
            seen.len(),
            pictures.len()
        );
    }
    let told = |error: HeadSizesError| anyhow::Error::new(error).context(format!("camera {}", args.camera));
    let sizes = HeadSizes::fit(&seen, size_px).map_err(told)?;
    let calibration =
        Calibration::from_head_sizes(&sizes, args.view_angle, STANDING_HEAD_HEIGHT_M).map_err(told)?;
    let rows = || seen.iter().map(|head| head.row_px);
    let ends_px = [rows().fold(f64::INFINITY, f64::min), rows().fold(0.0, f64::max)];
    // No head is narrower than a pixel: the line may end above the first one found.
    let head_widths_px = ends_px.map(|row_px| [row_px, sizes.width_px(row_px).max(1.0)]);
    let picture = &mut pictures[0];
    let grid_m = draw_calibration(picture, &calibration, &[], &[]).context("there is no grid to draw")?;
    picture.save(&args.picture).with_context(|| format!("cannot write {}", args.picture.display()))?;
    let report = Report {
        camera: &args.camera,
        heads: seen.len(),
        head_widths_px,
        camera_height_m: calibration.camera_height_m(),
        depression_degrees: calibration.depression_rad().map(f64::to_degrees),
        area_sigma: calibration.sigma_area_relative(std::iter::empty()),
        picture: args.picture.display().to_string(),
    };
    tell(&report, grid_m);
    if args.write {
        let moved = write(args, plan, camera, &calibration, &report, size_px)?;
        output::note(format!(
            "written to {} as [camera.uncalibrated]; {moved} zones and lines have new metres, where they were in the picture",
            args.site.display()
        ));
    }
    if args.json {
        output::json_line(&report)?;
    }
    Ok(ExitStatus::Success)
}

fn tell(report: &Report<'_>, grid_m: f64) {
    let [[far_row, far_px], [near_row, near_px]] = report.head_widths_px;
    output::note(format!(
        "{} heads: {far_px:.1} pixels wide at row {far_row:.0}, {near_px:.1} at row {near_row:.0}",
        report.heads
    ));
    if let (Some(height_m), Some(depression)) = (report.camera_height_m, report.depression_degrees) {
        output::note(format!(
            "so the camera stands about {height_m:.1} m high and looks about {depression:.0} degrees down"
        ));
    }
    output::note(format!("areas are known to {:.0} %", 100.0 * report.area_sigma));
    output::note(format!("grid of {grid_m} m drawn to {}", report.picture));
}

/// Puts the heads into the site file, and what is measured by this camera alone to where it was in the picture. Returns how
/// many zones and lines that were.
fn write(
    args: &CalibrateArgs,
    plan: &Plan,
    camera: &CameraPlan,
    calibration: &Calibration,
    report: &Report<'_>,
    size_px: [u32; 2],
) -> anyhow::Result<usize> {
    ensure!(
        !camera.calibration.is_calibrated(),
        "camera {} has measured points, which are better than heads: take them out of the site file first",
        args.camera
    );
    let mut document = edit::read(&args.site)?;
    let table = edit::camera_mut(&mut document, &args.camera)?;
    let fallback = table.entry("uncalibrated").or_insert_with(|| Item::Table(Table::new()));
    let fallback = fallback.as_table_like_mut().context("[camera.uncalibrated] is no table")?;
    fallback.remove("ground_width_m");
    fallback.insert("image_size_px", value(size_px.iter().map(|side| i64::from(*side)).collect::<Array>()));
    if let Some(degrees) = args.view_angle {
        fallback.insert("view_angle_deg", value(degrees));
    }
    let heads = report.head_widths_px.iter().map(|[row_px, width_px]| {
        let mut head = InlineTable::new();
        head.insert("row_px", rounded(*row_px));
        head.insert("width_px", rounded(*width_px));
        Value::InlineTable(head)
    });
    fallback.insert("heads", value(heads.collect::<Array>()));
    let is_alone = plan.cameras.len() == 1;
    let mut moved = 0;
    for (list, corners) in [("zone", "polygon_m"), ("line", "points_m")] {
        let tables = document.get_mut(list).and_then(Item::as_array_of_tables_mut);
        for table in tables.into_iter().flat_map(toml_edit::ArrayOfTables::iter_mut) {
            let cameras = table.get("cameras").and_then(Item::as_array);
            let by_this_alone = cameras.map_or(is_alone, |cameras| {
                cameras.len() == 1 && cameras.iter().all(|id| id.as_str() == Some(args.camera.as_str()))
            });
            if let (true, Some(points)) = (by_this_alone, table.get_mut(corners).and_then(Item::as_array_mut))
            {
                move_points(points, &camera.calibration, calibration).with_context(|| {
                    format!("a corner of {list} in {} lies beyond the horizon", args.site.display())
                })?;
                moved += 1;
            }
        }
    }
    edit::replace(&args.site, &document.to_string())?;
    Ok(moved)
}

/// Puts points to where the new calibration sees what the old one saw there; `None` beyond the horizon.
fn move_points(points: &mut Array, old: &Calibration, new: &Calibration) -> Option<()> {
    let to_new = [0, 1].map(|k| f64::from(new.image_size_px()[k]) / f64::from(old.image_size_px()[k]));
    for point in points.iter_mut() {
        let numbers = point.as_array()?;
        let number = |k: usize| {
            let value = numbers.get(k)?;
            value.as_float().or_else(|| value.as_integer().map(|integer| integer as f64))
        };
        let pixel = old.image_from_head_plane().apply([number(0)?, number(1)?])?;
        let place = new.head_plane_from_image().apply([0, 1].map(|k| pixel[k] * to_new[k]))?;
        let decor = point.decor().clone();
        *point = Value::Array(place.into_iter().map(rounded).collect());
        *point.decor_mut() = decor;
    }
    Some(())
}

fn rounded(number: f64) -> Value {
    Value::from((number * 100.0).round() / 100.0)
}
