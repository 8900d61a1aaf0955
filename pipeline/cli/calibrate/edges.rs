//! `throng calibrate --edges`: the lens of a camera by edges that are straight in the world.

use anyhow::Context;
use image::RgbImage;
use serde::Serialize;
use throng_analytics::camera::{PlumbLines, fit_plumb_lines};

use crate::{
    calibrating::Points,
    cli::output,
    draw::lens::{DrawnEdge, draw_lens},
};

/// Focal length with which edges are straightened before anything tells the right one, in widths of the picture: a view of 90
/// degrees. Which one it is changes `k1`, not where the straightened points lie.
const ANY_FOCAL_IN_WIDTHS: f64 = 0.5;

/// Points along one edge.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Edge {
    pub(super) name: String,
    pub(super) points_px: Vec<[f64; 2]>,
}

/// What the edges told.
#[derive(Clone, Debug, Serialize)]
pub(super) struct LensReport {
    /// Focal length that goes with `k1`, pixels.
    pub(super) focal_px: f64,
    view_angle_degrees: f64,
    /// First radial coefficient.
    pub(super) k1: f64,
    /// Standard deviation of `k1`.
    k1_sigma: f64,
    edges: Vec<EdgeReport>,
}

/// How straight an edge is, root mean square, pixels.
#[derive(Clone, Debug, Serialize)]
struct EdgeReport {
    edge: String,
    points: usize,
    off_before_px: f64,
    off_after_px: f64,
}

/// Finds the lens that makes `edges` straight and gives it to `points`, measured in the same pictures. The focal length follows from
/// `view_angle_deg` across the picture, or from the points.
///
/// # Errors
/// The edges, or the points, tell too little; the message says which and why.
pub(super) fn straighten(
    points: &mut Points,
    edges: &[Edge],
    view_angle_deg: Option<f64>,
) -> anyhow::Result<LensReport> {
    let [width, height] = points.image_size_px.map(f64::from);
    for Edge { name, points_px } in edges {
        let is_seen = |[u, v]: &[f64; 2]| (0.0..=width).contains(u) && (0.0..=height).contains(v);
        if let Some([u, v]) = points_px.iter().find(|point| !is_seen(point)) {
            anyhow::bail!(
                "edge `{name}` has the point [{u}, {v}], outside of the picture of {width} x {height} pixels in which \
                 the camera's points were measured: mark edges in the same picture"
            );
        }
    }
    let fit = |focal_px: f64| -> anyhow::Result<PlumbLines> {
        let lists: Vec<Vec<[f64; 2]>> = edges.iter().map(|edge| edge.points_px.clone()).collect();
        fit_plumb_lines(&lists, focal_px, [0.5 * width, 0.5 * height]).with_context(|| {
            let names = edges.iter().enumerate().map(|(index, edge)| format!("{index} is `{}`", edge.name));
            format!("the edges tell no lens ({})", names.collect::<Vec<_>>().join(", "))
        })
    };
    let focal_px = if let Some(degrees) = view_angle_deg {
        0.5 * width / (0.5 * degrees.to_radians()).tan()
    } else {
        let roughly = fit(ANY_FOCAL_IN_WIDTHS * width)?;
        points.focal_px(&roughly.lens).context(
            "the camera's points do not tell its focal length: give its view across the picture with --view-angle",
        )?
    };
    let found = fit(focal_px)?;
    points.lens = Some(found.lens);
    let edges = edges.iter().zip(&found.rms_px).map(|(edge, [before, after])| EdgeReport {
        edge: edge.name.clone(),
        points: edge.points_px.len(),
        off_before_px: *before,
        off_after_px: *after,
    });
    Ok(LensReport {
        focal_px,
        view_angle_degrees: 2.0 * (0.5 * width / focal_px).atan().to_degrees(),
        k1: found.k1,
        k1_sigma: found.k1_sigma,
        edges: edges.collect(),
    })
}

/// Draws the edges, and what straight lines look like through the lens.
pub(super) fn draw(picture: &mut RgbImage, points: &Points, edges: &[Edge], report: &LensReport) {
    let label = |edge: &EdgeReport| {
        format!("{}: {:.1} px, straightened {:.1} px", edge.edge, edge.off_before_px, edge.off_after_px)
    };
    let drawn: Vec<DrawnEdge> = edges
        .iter()
        .zip(&report.edges)
        .map(|(edge, report)| DrawnEdge { points_px: edge.points_px.clone(), label: label(report) })
        .collect();
    if let Some(lens) = &points.lens {
        draw_lens(picture, lens, points.image_size_px, &drawn);
    }
}

pub(super) fn tell(report: &LensReport) {
    output::note("edge             points  off a straight line, px  straightened, px");
    for edge in &report.edges {
        output::note(format!(
            "{:<15}  {:>6}  {:>23.2}  {:>16.2}",
            edge.edge, edge.points, edge.off_before_px, edge.off_after_px
        ));
    }
    output::note(format!(
        "so the lens has k1 = {:.4}, give or take {:.4}, at a focal length of {:.0} px (a view of {:.0} degrees)",
        report.k1,
        1.645 * report.k1_sigma,
        report.focal_px,
        report.view_angle_degrees
    ));
}
