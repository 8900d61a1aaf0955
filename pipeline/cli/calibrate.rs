//! `throng calibrate`: point pairs, or the heads in the picture, to a calibration that one can see, judge and keep.

mod heads;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use clap::Args;
use image::RgbImage;
use serde::Serialize;
use throng_analytics::{
    camera::{Calibration, Homography, PointPair, STANDING_HEAD_HEIGHT_M},
    ground::zone_visibility,
    zone::Zone,
};
use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, Value, value};

use super::{exit_status::ExitStatus, load_site, output, site_edit, still};
use crate::{
    config::plan::{CameraPlan, Plan},
    draw::calibration::{DrawnPoint, DrawnZone, draw_calibration},
    stream::inventory::probe,
};

/// How long the camera may take to give a still.
const PATIENCE: Duration = Duration::from_secs(15);

/// Share of a zone beyond the trusted ground from which the zone is out of trust.
const OUT_OF_TRUST_SHARE: f64 = 0.05;

/// `throng calibrate`: fits a camera's point pairs and draws the ground over its picture.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  throng calibrate site.toml gate                          the points of the site file on a picture of the camera
  throng calibrate site.toml gate --points points.csv      other points
  throng calibrate site.toml gate --points points.csv --write
  throng calibrate site.toml gate --heads --write          without points: by the size of heads in the picture

points.csv has the columns u_px, v_px, x_m and y_m: where a point of the ground (paint, kerb, drain) lies in the picture
and on the ground. Four points are the least, eight around the zones are better. The picture shows the fitted ground in
metres, how far each point lies from where the others put it (red), and the area in which the fit can be believed.

--heads is for a camera nobody can measure: a detector finds people in the picture (give several with --still, taken when people
are about), and metres follow from how wide their heads are. Areas are then known to a quarter or a third, everything
published says so, and levels stop at yellow.")]
pub struct CalibrateArgs {
    /// Site file (TOML).
    pub site: PathBuf,
    /// Id of the camera in it.
    pub camera: String,
    /// Point pairs: CSV with the columns `u_px`, `v_px`, `x_m`, `y_m`. Default: those of the site file.
    #[arg(long, value_name = "POINTS.csv")]
    pub points: Option<PathBuf>,
    /// Go by the size of the heads that a detector finds in the pictures.
    #[arg(long, conflicts_with = "points")]
    pub heads: bool,
    /// View across the picture in degrees, where it is known; for `--heads`.
    #[arg(long, value_name = "DEGREES", requires = "heads", value_parser = parse_view_angle)]
    pub view_angle: Option<f64>,
    /// A picture of the camera; for `--heads` as many as you like. Default: one is taken from it.
    #[arg(long, value_name = "FILE")]
    pub still: Vec<PathBuf>,
    /// The picture to write.
    #[arg(long, value_name = "OUT.png", default_value = "calibration.png")]
    pub picture: PathBuf,
    /// Put the points of `--points`, or what `--heads` found, into the site file.
    #[arg(long)]
    pub write: bool,
    /// Write the result as one JSON line to stdout.
    #[arg(long)]
    pub json: bool,
}

/// The line of `--json`.
#[derive(Serialize)]
struct Report<'a> {
    camera: &'a str,
    points: Vec<PointReport>,
    leave_one_out_rmse_m: Option<f64>,
    camera_height_m: Option<f64>,
    depression_degrees: Option<f64>,
    zones: Vec<ZoneReport<'a>>,
    grid_m: f64,
    picture: String,
}

/// How far a point lies off.
#[derive(Clone, Copy, Debug, Serialize)]
struct PointReport {
    /// From the fit of all points.
    residual_m: Option<f64>,
    /// From the fit of the others.
    by_others_m: Option<f64>,
}

/// How far a zone can be believed.
#[derive(Serialize)]
struct ZoneReport<'a> {
    zone: &'a str,
    /// Share seen well enough to count.
    measured_share: f64,
    /// Share beyond the trusted ground.
    out_of_trust_share: f64,
    /// Relative standard deviation of its area.
    area_sigma: f64,
}

/// Runs the command.
///
/// # Errors
/// Site, points or picture cannot be read, or the points give no calibration. The site file is then as it was.
pub fn run(args: &CalibrateArgs) -> anyhow::Result<ExitStatus> {
    let plan = load_site(&args.site)?;
    let camera = camera_of(&plan, args)?;
    let pictures = pictures(args, camera)?;
    if args.heads {
        return heads::run(args, &plan, camera, pictures);
    }
    ensure!(!args.write || args.points.is_some(), "there is nothing to write: give --points or --heads");
    let [mut picture] = <[RgbImage; 1]>::try_from(pictures)
        .map_err(|pictures| anyhow::anyhow!("{} pictures are given; one is drawn over", pictures.len()))?;
    let (pairs, size_px, head_height_m) = points(args, &picture)?;
    let calibration = if args.points.is_some() {
        Calibration::from_point_pairs(&pairs, size_px[0], size_px[1], head_height_m)
            .with_context(|| format!("the points of camera {} give no calibration", args.camera))?
    } else {
        camera.calibration.clone()
    };
    ensure!(calibration.is_calibrated(), "the points give no ground seen from above");
    let reports = point_reports(&calibration, &pairs);
    let zones: Vec<&Zone> = plan.zones.iter().filter(|zone| zone.is_measured_by(&args.camera)).collect();
    let zone_reports: Vec<ZoneReport<'_>> =
        zones.iter().map(|zone| zone_report(&calibration, zone)).collect();
    let grid_m = draw(&mut picture, &calibration, &pairs, &reports, &zones, &zone_reports)
        .context("there is no grid to draw")?;
    picture.save(&args.picture).with_context(|| format!("cannot write {}", args.picture.display()))?;
    let report = Report {
        camera: &args.camera,
        points: reports,
        leave_one_out_rmse_m: calibration.leave_one_out_rmse_m(),
        camera_height_m: calibration.camera_height_m(),
        depression_degrees: calibration.depression_rad().map(f64::to_degrees),
        zones: zone_reports,
        grid_m,
        picture: args.picture.display().to_string(),
    };
    tell(&report);
    if args.write {
        write(&args.site, &args.camera, &pairs, size_px, head_height_m)?;
        output::note(format!("written to {} as [camera.calibration]", args.site.display()));
    }
    if args.json {
        output::json_line(&report)?;
    }
    Ok(ExitStatus::Success)
}

/// The pictures given, or one that the camera gives now.
fn pictures(args: &CalibrateArgs, camera: &CameraPlan) -> anyhow::Result<Vec<RgbImage>> {
    if args.still.is_empty() {
        return Ok(vec![probe(&camera.uri, &camera.stream.connect, PATIENCE, Duration::ZERO)?.still]);
    }
    args.still.iter().map(|path| still::load(path)).collect()
}

fn parse_view_angle(text: &str) -> Result<f64, String> {
    let degrees = text.parse().ok().filter(|degrees| (5.0..=120.0).contains(degrees));
    degrees.ok_or_else(|| "expected 5 to 120 degrees".to_owned())
}

fn camera_of<'a>(plan: &'a Plan, args: &CalibrateArgs) -> anyhow::Result<&'a CameraPlan> {
    let Some(camera) = plan.cameras.iter().find(|camera| camera.id.as_str() == args.camera) else {
        let known: Vec<&str> = plan.cameras.iter().map(|camera| camera.id.as_str()).collect();
        bail!("there is no camera `{}` in {}; it has {}", args.camera, args.site.display(), known.join(", "));
    };
    Ok(camera)
}

/// The pairs, the size of the picture that they were measured in, and the height of heads.
fn points(args: &CalibrateArgs, picture: &RgbImage) -> anyhow::Result<(Vec<PointPair>, [u32; 2], f64)> {
    let document = site_edit::read(&args.site)?;
    let calibration = site_edit::camera(&document, &args.camera)?.get("calibration");
    let number = |item: &Item| item.as_float().or_else(|| item.as_integer().map(|integer| integer as f64));
    let head_height_m =
        calibration.and_then(|table| number(table.get("head_height_m")?)).unwrap_or(STANDING_HEAD_HEIGHT_M);
    if let Some(path) = &args.points {
        let has_lens = calibration.is_some_and(|table| table.get("lens").is_some());
        ensure!(
            !has_lens,
            "camera {} has a measured lens: put its points into the site file by hand",
            args.camera
        );
        return Ok((read_points(path)?, [picture.width(), picture.height()], head_height_m));
    }
    let stated = |table: &Item| -> Option<(Vec<PointPair>, [u32; 2])> {
        let two = |value: &Value| -> Option<[f64; 2]> {
            let array = value.as_array()?;
            let at = |i: usize| {
                let value = array.get(i)?;
                value.as_float().or_else(|| value.as_integer().map(|integer| integer as f64))
            };
            Some([at(0)?, at(1)?])
        };
        let pairs = table.get("points")?.as_array()?.iter().map(|pair| {
            let pair = pair.as_inline_table()?;
            Some(PointPair {
                in_image_px: two(pair.get("image_px")?)?,
                in_ground_m: two(pair.get("ground_m")?)?,
            })
        });
        let size = two(table.get("image_size_px")?.as_value()?)?.map(|side| side as u32);
        Some((pairs.collect::<Option<Vec<_>>>()?, size))
    };
    let (pairs, size_px) = calibration.and_then(stated).with_context(|| {
        format!("camera {} has no points in {}: give some with --points", args.camera, args.site.display())
    })?;
    Ok((pairs, size_px, head_height_m))
}

fn read_points(path: &Path) -> anyhow::Result<Vec<PointPair>> {
    let shown = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("cannot read the points {shown}"))?;
    let mut lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let header: Vec<&str> =
        lines.next().map(|(_, line)| line.split(',').map(str::trim).collect()).unwrap_or_default();
    let places = ["u_px", "v_px", "x_m", "y_m"].map(|name| header.iter().position(|column| *column == name));
    let [Some(u), Some(v), Some(x), Some(y)] = places else {
        bail!("{shown}:1: expected the columns u_px, v_px, x_m and y_m, found `{}`", header.join(","));
    };
    lines
        .map(|(number, line)| {
            let fields: Vec<&str> = line.split(',').map(str::trim).collect();
            let field =
                |column: usize| fields.get(column)?.parse().ok().filter(|value: &f64| value.is_finite());
            match (field(u), field(v), field(x), field(y)) {
                (Some(u), Some(v), Some(x), Some(y)) => {
                    Ok(PointPair { in_image_px: [u, v], in_ground_m: [x, y] })
                }
                _ => bail!("{shown}:{number}: u_px, v_px, x_m and y_m must be numbers, found `{line}`"),
            }
        })
        .collect()
}

fn point_reports(calibration: &Calibration, pairs: &[PointPair]) -> Vec<PointReport> {
    let undistorted = undistorted(calibration, pairs);
    let distance =
        |to: [f64; 2], pair: &PointPair| (to[0] - pair.in_ground_m[0]).hypot(to[1] - pair.in_ground_m[1]);
    pairs
        .iter()
        .enumerate()
        .map(|(index, pair)| PointReport {
            residual_m: calibration
                .ground_from_image()
                .apply(pair.in_image_px)
                .map(|place| distance(place, pair)),
            by_others_m: without(&undistorted, index)
                .and_then(|fit| fit.apply(undistorted[index].in_image_px))
                .map(|place| distance(place, pair)),
        })
        .collect()
}

/// The pairs in a picture without what the lens does to it.
fn undistorted(calibration: &Calibration, pairs: &[PointPair]) -> Vec<PointPair> {
    let undo = |pair: &PointPair| {
        let in_image_px = calibration.ground_from_image().undistorted(pair.in_image_px);
        PointPair { in_image_px: in_image_px.unwrap_or(pair.in_image_px), ..*pair }
    };
    pairs.iter().map(undo).collect()
}

/// The fit of all pairs but one; `None` where four are not left.
fn without(pairs: &[PointPair], index: usize) -> Option<Homography> {
    let others: Vec<PointPair> =
        pairs.iter().enumerate().filter(|(i, _)| *i != index).map(|(_, pair)| *pair).collect();
    Homography::fit(&others).ok()
}

fn zone_report<'a>(calibration: &Calibration, zone: &'a Zone) -> ZoneReport<'a> {
    let seen = zone_visibility(calibration, &zone.outline);
    ZoneReport {
        zone: &zone.id,
        measured_share: seen.reliable,
        out_of_trust_share: seen.extrapolated,
        area_sigma: calibration.sigma_area_relative(zone.outline.corners_m().iter().copied()),
    }
}

fn draw(
    picture: &mut RgbImage,
    calibration: &Calibration,
    pairs: &[PointPair],
    reports: &[PointReport],
    zones: &[&Zone],
    zone_reports: &[ZoneReport<'_>],
) -> Option<f64> {
    let drawn: Vec<DrawnPoint> = (1..)
        .zip(pairs)
        .zip(reports)
        .enumerate()
        .map(|(index, ((number, pair), report))| DrawnPoint {
            in_image_px: pair.in_image_px,
            by_others_px: without(pairs, index)
                .filter(|_| undistorted(calibration, pairs) == *pairs)
                .and_then(|fit| fit.inverse()?.apply(pair.in_ground_m)),
            label: match report.by_others_m {
                Some(off_m) => format!("{number}: {:.0} cm", 100.0 * off_m),
                None => format!("{number}"),
            },
        })
        .collect();
    let zones: Vec<DrawnZone> = zones
        .iter()
        .zip(zone_reports)
        .map(|(zone, report)| DrawnZone {
            name: zone.name.clone(),
            corners_m: zone.outline.corners_m().to_vec(),
            is_trusted: report.out_of_trust_share <= OUT_OF_TRUST_SHARE,
        })
        .collect();
    draw_calibration(picture, calibration, &drawn, &zones)
}

fn tell(report: &Report<'_>) {
    let metres = |value: Option<f64>| value.map_or_else(|| "   -".to_owned(), |value| format!("{value:.2}"));
    output::note("point  from the fit, m  from the others, m");
    for (number, point) in (1..).zip(&report.points) {
        output::note(format!(
            "{number:>5}  {:>15}  {:>18}",
            metres(point.residual_m),
            metres(point.by_others_m)
        ));
    }
    if let Some(rmse_m) = report.leave_one_out_rmse_m {
        output::note(format!("each point lies {rmse_m:.2} m from where the others put it"));
    }
    if let (Some(height_m), Some(depression)) = (report.camera_height_m, report.depression_degrees) {
        output::note(format!(
            "the camera stands {height_m:.1} m high and looks {depression:.0} degrees down"
        ));
    }
    for zone in &report.zones {
        let percent = |share: f64| 100.0 * share;
        let trust = if zone.out_of_trust_share > OUT_OF_TRUST_SHARE {
            format!(
                "OUT OF TRUST: {:.0} % lies beyond the points; measure some there",
                percent(zone.out_of_trust_share)
            )
        } else {
            "within the points".to_owned()
        };
        output::note(format!(
            "zone {}: {:.0} % measured, area known to {:.1} %, {trust}",
            zone.zone,
            percent(zone.measured_share),
            percent(zone.area_sigma)
        ));
    }
    output::note(format!("grid of {} m drawn to {}", report.grid_m, report.picture));
}

/// Puts the points into the site file, which is replaced only when the new one is without errors.
fn write(
    site: &Path,
    camera: &str,
    pairs: &[PointPair],
    size_px: [u32; 2],
    head_height_m: f64,
) -> anyhow::Result<()> {
    let mut document: DocumentMut = site_edit::read(site)?;
    let table = site_edit::camera_mut(&mut document, camera)?;
    let list = |numbers: [f64; 2]| numbers.iter().map(|n| (n * 1e3).round() / 1e3).collect::<Array>();
    let mut points = Array::new();
    for pair in pairs {
        let mut point = InlineTable::new();
        point.insert("image_px", Value::Array(list(pair.in_image_px)));
        point.insert("ground_m", Value::Array(list(pair.in_ground_m)));
        let mut point = Value::InlineTable(point);
        point.decor_mut().set_prefix("\n  ");
        points.push_formatted(point);
    }
    points.set_trailing("\n");
    points.set_trailing_comma(true);
    table.remove("uncalibrated");
    let calibration = table.entry("calibration").or_insert_with(|| Item::Table(Table::new()));
    let calibration = calibration.as_table_like_mut().context("[camera.calibration] is no table")?;
    let size: Array = size_px.iter().map(|side| i64::from(*side)).collect();
    calibration.insert("image_size_px", value(size));
    calibration.insert("head_height_m", value(head_height_m));
    // Which of the old points were left out means nothing for the new ones.
    calibration.remove("leave_out");
    calibration.insert("points", value(points));
    site_edit::replace(site, &document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_read_by_column_and_a_wrong_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("points.csv");
        let read = |text: &str| {
            fs::write(&path, text).unwrap();
            read_points(&path)
        };
        let pairs = read("x_m,y_m,u_px,v_px\n1,2,30,40\n\n").unwrap();
        assert_eq!(pairs, [PointPair { in_image_px: [30.0, 40.0], in_ground_m: [1.0, 2.0] }]);
        let message = |text: &str| read(text).unwrap_err().to_string();
        assert!(message("u,v\n").contains("points.csv:1: expected the columns u_px, v_px, x_m and y_m"));
        assert!(message("u_px,v_px,x_m,y_m\n1,2,3,far\n").contains("points.csv:2:"));
    }
}
