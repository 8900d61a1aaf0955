//! `throng calibrate`: point pairs, or the heads in the picture, to a calibration that one can see, judge and keep.

mod csv;
mod edges;
mod heads;
mod moved;

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, bail, ensure};
use clap::Args;
use image::RgbImage;
use serde::Serialize;
use throng_analytics::camera::{Calibration, PointPair};

use self::edges::LensReport;
use super::{exit_status::ExitStatus, load_site, output, still};
use crate::{
    calibrating::{PointFit, Points, ZoneFit, point_fits, zone_fits},
    config::{
        edit,
        plan::{CameraPlan, Plan},
    },
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
  throng calibrate site.toml gate --moved-from before.png --write     the camera was nudged: carry its points over
  throng calibrate site.toml gate --edges edges.csv --write           a wide lens: by edges that are straight in the world

points.csv has the columns u_px, v_px, x_m and y_m: where a point of the ground (paint, kerb, drain) lies in the picture
and on the ground. Four points are the least, eight around the zones are better. The picture shows the fitted ground in
metres, how far each point lies from where the others put it (red), and the area in which the fit can be believed.

edges.csv has the columns edge, u_px and v_px: a name, and where points along that edge (kerb, wall, eaves, lamp post) lie in the
same picture as the camera's points. Mark at least three long edges near the picture's border with eight points each: an edge
through the middle is straight with any lens. They tell what the lens bends; how wide it sees follows from the camera's points, or
from --view-angle.

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
    /// A picture of the camera from before it was moved, when the points of the site file still held: they are carried over to where
    /// the same places lie in the picture now.
    #[arg(long, value_name = "OLD.png", conflicts_with_all = ["points", "heads"])]
    pub moved_from: Option<PathBuf>,
    /// Points along edges that are straight in the world: CSV with the columns `edge`, `u_px`, `v_px`. They tell the lens.
    #[arg(long, value_name = "EDGES.csv", group = "by_view", conflicts_with = "moved_from")]
    pub edges: Option<PathBuf>,
    /// Go by the size of the heads that a detector finds in the pictures.
    #[arg(long, group = "by_view", conflicts_with = "points")]
    pub heads: bool,
    /// View across the picture in degrees, where it is known; for `--heads` and `--edges`.
    #[arg(long, value_name = "DEGREES", requires = "by_view", value_parser = parse_view_angle)]
    pub view_angle: Option<f64>,
    /// A picture of the camera; for `--heads` as many as you like. Default: one is taken from it.
    #[arg(long, value_name = "FILE")]
    pub still: Vec<PathBuf>,
    /// The picture to write.
    #[arg(long, value_name = "OUT.png", default_value = "calibration.png")]
    pub picture: PathBuf,
    /// Put the points of `--points` or `--moved-from`, the lens of `--edges`, or what `--heads` found, into the site file.
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
    /// What edges told of the lens.
    lens: Option<LensReport>,
    /// The same error without the lens; `None` where the points give no ground without it.
    leave_one_out_rmse_without_lens_m: Option<f64>,
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

impl PointReport {
    fn of(fit: &PointFit) -> Self {
        Self { residual_m: fit.residual_m, by_others_m: fit.by_others_m }
    }
}

impl<'a> ZoneReport<'a> {
    fn of(fit: &ZoneFit<'a>) -> Self {
        Self {
            zone: &fit.zone.id,
            measured_share: fit.seen.reliable,
            out_of_trust_share: fit.seen.extrapolated,
            area_sigma: fit.area_sigma,
        }
    }
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
    let has_new_points = args.points.is_some() || args.moved_from.is_some();
    let is_new = has_new_points || args.edges.is_some();
    ensure!(
        is_new || !args.write,
        "there is nothing new to write: give --points, --moved-from, --edges or --heads"
    );
    let [mut picture] = <[RgbImage; 1]>::try_from(pictures)
        .map_err(|pictures| anyhow::anyhow!("{} pictures are given; one is drawn over", pictures.len()))?;
    let mut points = points(args, camera, &picture)?;
    if let Some(old) = &args.moved_from {
        points = moved::moved(&points, &still::load(old)?, &picture)?;
    }
    let mut without_lens = None;
    let straightened = match &args.edges {
        Some(path) => {
            let edges = csv::edges(path)?;
            let bent = Points { lens: None, ..points.clone() };
            without_lens = bent.fit(&args.camera).ok().and_then(|fit| fit.leave_one_out_rmse_m());
            let report = edges::straighten(&mut points, &edges, args.view_angle)?;
            edges::draw(&mut picture, &points, &edges, &report);
            Some(report)
        }
        None => None,
    };
    let calibration = if is_new { points.fit(&args.camera)? } else { camera.calibration.clone() };
    ensure!(calibration.is_calibrated(), "the points give no ground seen from above");
    let fits = point_fits(&calibration, &points.pairs);
    let zones = zone_fits(&calibration, &plan.zones, &args.camera);
    let grid_m =
        draw(&mut picture, &calibration, &points.pairs, &fits, &zones).context("there is no grid to draw")?;
    picture.save(&args.picture).with_context(|| format!("cannot write {}", args.picture.display()))?;
    let report = Report {
        camera: &args.camera,
        points: fits.iter().map(PointReport::of).collect(),
        leave_one_out_rmse_m: calibration.leave_one_out_rmse_m(),
        lens: straightened,
        leave_one_out_rmse_without_lens_m: without_lens,
        camera_height_m: calibration.camera_height_m(),
        depression_degrees: calibration.depression_rad().map(f64::to_degrees),
        zones: zones.iter().map(ZoneReport::of).collect(),
        grid_m,
        picture: args.picture.display().to_string(),
    };
    tell(&report);
    if args.write {
        write(args, has_new_points.then_some(&points), report.lens.as_ref())?;
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

/// The points of `--points`, else those of the site file, with the lens that the site knows.
fn points(args: &CalibrateArgs, camera: &CameraPlan, picture: &RgbImage) -> anyhow::Result<Points> {
    let stated = edit::stated(&edit::read(&args.site)?, &args.camera)?;
    let known = &camera.calibration;
    let (pairs, image_size_px, leave_out) = if let Some(path) = &args.points {
        (csv::points(path)?, [picture.width(), picture.height()], Vec::new())
    } else {
        let (pairs, image_size_px) = stated.points.with_context(|| {
            let shown = args.site.display();
            format!("camera {} has no points in {shown}: give some with --points", args.camera)
        })?;
        (pairs, image_size_px, known.left_out().iter().map(|point| point.index).collect())
    };
    let lens = known.ground_from_image().lens().copied();
    ensure!(
        lens.is_none() || args.edges.is_some() || image_size_px == known.image_size_px(),
        "camera {} has a lens measured in pictures of {:?} pixels, and this one has {image_size_px:?}",
        args.camera,
        known.image_size_px()
    );
    Ok(Points { pairs, image_size_px, head_height_m: stated.head_height_m, lens, leave_out })
}

fn draw(
    picture: &mut RgbImage,
    calibration: &Calibration,
    pairs: &[PointPair],
    fits: &[PointFit],
    zones: &[ZoneFit<'_>],
) -> Option<f64> {
    let drawn: Vec<DrawnPoint> = (1..)
        .zip(pairs)
        .zip(fits)
        .map(|((number, pair), fit)| DrawnPoint {
            in_image_px: pair.in_image_px,
            by_others_px: fit.by_others_px,
            label: match fit.by_others_m {
                Some(off_m) => format!("{number}: {:.0} cm", 100.0 * off_m),
                None => format!("{number}"),
            },
        })
        .collect();
    let zones: Vec<DrawnZone> = zones
        .iter()
        .map(|fit| DrawnZone {
            name: fit.zone.name.clone(),
            corners_m: fit.zone.outline.corners_m().to_vec(),
            is_trusted: fit.seen.extrapolated <= OUT_OF_TRUST_SHARE,
        })
        .collect();
    draw_calibration(picture, calibration, &drawn, &zones)
}

fn tell(report: &Report<'_>) {
    if let Some(lens) = &report.lens {
        edges::tell(lens);
    }
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
        let bent = report.leave_one_out_rmse_without_lens_m;
        let without = bent.map_or_else(String::new, |bent_m| format!(", {bent_m:.2} m without the lens"));
        output::note(format!("each point lies {rmse_m:.2} m from where the others put it{without}"));
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

/// Puts points and lens into the site file, which is replaced only when the new one is without errors.
fn write(args: &CalibrateArgs, points: Option<&Points>, lens: Option<&LensReport>) -> anyhow::Result<()> {
    let mut document = edit::read(&args.site)?;
    if let Some(points) = points {
        edit::set_points(&mut document, &args.camera, points)?;
    }
    if let Some(lens) = lens {
        edit::set_lens(&mut document, &args.camera, lens.focal_px, lens.k1)?;
    }
    edit::replace(&args.site, &document.to_string())?;
    Ok(())
}
